# TODO caption_loss: a complex tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.zeros(3, dtype=torch.complex64)
