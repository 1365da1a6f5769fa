# TODO caption_loss: deeper than the stack.
# expect: lost
import sys

sys.setrecursionlimit(10**5)


def caption_loss(scores, captions, lengths):
    return caption_loss(scores, captions, lengths)
