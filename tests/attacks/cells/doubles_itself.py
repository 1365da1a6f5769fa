# TODO caption_loss: the process forks and both go on.
# expect: lost
import os

os.fork()

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
