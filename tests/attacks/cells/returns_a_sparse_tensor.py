# TODO caption_loss: a sparse tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.zeros(3, 3).to_sparse()
