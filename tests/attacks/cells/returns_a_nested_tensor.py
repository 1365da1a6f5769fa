# TODO caption_loss: a nested tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])
