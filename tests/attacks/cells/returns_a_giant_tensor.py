# TODO caption_loss: a giant tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.zeros(1).expand(10**6, 10**6)
