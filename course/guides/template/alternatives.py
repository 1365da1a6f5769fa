"""Right answers of assignment N that are written differently. All must pass."""

import torch

from autograder.authoring import alternative


@alternative("tempered_softmax", "by hand")
def tempered_softmax(scores, temperature):
    z = scores / temperature
    z = torch.exp(z - z.max(dim=1, keepdim=True).values)
    return z / z.sum(dim=1, keepdim=True)
