# TODO caption_loss: infinity agrees with nothing finite.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return scores.sum() * 0 + float('inf')
