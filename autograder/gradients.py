"""What probes ask of a gradient: its values, and that it arrives at all."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def gradients(output: Tensor, inputs: dict[str, Tensor]) -> dict[str, Any]:
    """The gradient of `output` for each of the named inputs; zeros where none arrives."""
    total, values = torch.as_tensor(output).sum(), list(inputs.values())
    found: Any = [None] * len(values)
    if total.requires_grad:
        found = torch.autograd.grad(total, values, allow_unused=True)
    missing = sum(gradient is None for gradient in found)
    filled = [torch.zeros_like(v) if g is None else g for v, g in zip(values, found)]
    return {"a gradient reaches every input (no .item(), .detach() or .data)": not missing} | dict(
        zip(inputs, filled)
    )
