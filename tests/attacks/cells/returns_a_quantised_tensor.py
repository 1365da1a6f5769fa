# TODO caption_loss: a quantised tensor.
# expect: lost
import torch


def caption_loss(scores, captions, lengths):
    return torch.quantize_per_tensor(torch.zeros(3), 1.0, 0, torch.qint8)
