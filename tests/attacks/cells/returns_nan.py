# TODO caption_loss: not a number agrees with nothing.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return scores.sum() * float('nan')
