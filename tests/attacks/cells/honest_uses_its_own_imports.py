# TODO caption_loss: imports of its own.
# expect: kept
import collections
import functools
from typing import Any

import numpy as np
import torch as t

COUNTS = collections.Counter()

def caption_loss(scores, captions, lengths):
    COUNTS[str(scores.shape)] += 1
    assert t is torch and np.ones(2).sum() == 2
    targets = captions[:, 1:]
    real = torch.arange(targets.shape[1]) < (lengths - 1)[:, None]
    return F.cross_entropy(scores[real], targets[real])
