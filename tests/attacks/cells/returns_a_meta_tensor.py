# TODO caption_loss: a meta tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.zeros(3, device='meta')
