"""Whether code makes its tensors where its inputs are, found without a second device.

A tensor that is made without a device lies on the CPU. If it then meets one of the inputs, the same
code fails on a GPU. `same_device` watches for such meetings: probes run student code inside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_MAKERS = (
    torch.arange,
    torch.empty,
    torch.eye,
    torch.full,
    torch.linspace,
    torch.logspace,
    torch.ones,
    torch.rand,
    torch.randint,
    torch.randn,
    torch.randperm,
    torch.tensor,
    torch.tril_indices,
    torch.triu_indices,
    torch.zeros,
)
# Indices may lie on the CPU, copies go from device to device, `to` and its like move.
_MOVERS = (Tensor.to, Tensor.type_as, Tensor.cuda)
_ALLOWED = (*_MOVERS, Tensor.__getitem__, Tensor.__setitem__, Tensor.copy_)


def _tensors(values: Any) -> Iterator[Tensor]:
    """All tensors among arguments, also those in lists."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


class SameDevice(TorchFunctionMode):
    """`with SameDevice() as place: …`; `place.kept` says whether no such tensor met another."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = True
        self._at_home: dict[
            int, Tensor
        ] = {}  # made without a device; kept, so that ids stay theirs

    def made_here(self, tensor: Tensor) -> bool:
        """Whether this very tensor was made without a device."""
        return id(tensor) in self._at_home

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        given = list(_tensors([*args, *kwargs.values()]))
        made = [tensor for tensor in given if id(tensor) in self._at_home]
        mixed = 0 < len(made) < len(given)
        if mixed and any(tensor.ndim for tensor in made) and func not in _ALLOWED:
            self.kept = False
        found = func(*args, **kwargs)
        placed = _names_a_device(args, kwargs)
        if func in _MOVERS and (mixed or placed):
            self._at_home.pop(id(found), None)  # a tensor that is there already comes back itself
        elif not placed and ((made and not mixed) or (func in _MAKERS and not given)):
            self._at_home |= {id(tensor): tensor for tensor in _tensors([found])}
        return found


def _names_a_device(args: Any, kwargs: Any) -> bool:
    named = any(isinstance(value, (torch.device, str)) for value in args)
    return named or kwargs.get("device") is not None
