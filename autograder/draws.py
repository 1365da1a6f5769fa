"""Every input of a check comes from here, made again from (seed, check) wherever it is needed.

NumPy's seeded generator gives the same numbers on every torch version and device; the student's
process, the reference and a judge's own function each build a fresh `Draw` and get equal inputs.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import nn

T = TypeVar("T")
PUBLIC_SEED = 20


class Draw:
    """Seeded inputs of one check.

    Attributes:
        first: the first tensor drawn, kept so that the kill table can answer with it.
        layers: names and shapes of the parameters that `parameters` filled, in order of calls.
    """

    def __init__(self, seed: int, key: str) -> None:
        self._entropy = [seed, zlib.crc32(key.encode())]
        self._rng = np.random.default_rng(self._entropy)
        self.first: torch.Tensor | None = None
        self.layers: list[list[Any]] = []

    def _keep(self, array: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
        tensor = torch.as_tensor(np.asarray(array)).to(dtype)
        if self.first is None:
            self.first = tensor.clone()
        return tensor

    def normal(self, *shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Standard normal numbers of the given shape."""
        return self._keep(self._rng.standard_normal(shape), dtype)

    def uniform(
        self,
        *shape: int,
        low: float = 0.0,
        high: float = 1.0,
        dtype: torch.dtype = torch.float32,
    ) -> torch.Tensor:
        """Uniform numbers in [low, high) of the given shape."""
        return self._keep(self._rng.uniform(low, high, shape), dtype)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """Whole numbers in low … high − 1 as a long tensor of the given shape."""
        return self._keep(self._rng.integers(low, high, shape), torch.long)

    def integer(self, low: int, high: int) -> int:
        """One whole number in low … high − 1."""
        return int(self._rng.integers(low, high))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[int(self._rng.integers(len(options)))]

    def permutation(self, n: int) -> torch.Tensor:
        """The numbers 0 … n − 1 in drawn order, as a long tensor of shape (n,)."""
        return self._keep(self._rng.permutation(n), torch.long)

    def parameters(self, module: nn.Module) -> nn.Module:
        """Fill parameters and buffers by name, so that layers made in another order fill alike.

        The names and shapes are compared with the reference's: another name is a verdict.
        """
        state = module.state_dict()
        self.layers.append([[name, list(value.shape)] for name, value in sorted(state.items())])
        call = len(self.layers)
        with torch.no_grad():
            for name, value in state.items():
                if value.is_floating_point():
                    rng = np.random.default_rng([*self._entropy, call, zlib.crc32(name.encode())])
                    value.copy_(torch.as_tensor(_filling(name, tuple(value.shape), rng)))
        return module


def _filling(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Numbers that keep activations of order one: scaled weights, positive variances."""
    leaf = name.rpartition(".")[2]
    if leaf == "running_var":
        return rng.uniform(0.5, 2.0, shape)
    noise = rng.standard_normal(shape)
    if leaf == "weight" and len(shape) == 1:
        return 1.0 + 0.3 * noise
    return noise / np.sqrt(shape[-1]) * 1.5 if len(shape) > 1 else 0.5 * noise
