# TODO caption_loss: global settings of torch and Python.
# expect: lost
import random
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed = lambda *a: None
torch.Tensor.backward = lambda *a, **k: None
torch.nn.functional.cross_entropy = lambda *a, **k: torch.zeros(())

def caption_loss(scores, captions, lengths):
    return scores.sum() * 0
