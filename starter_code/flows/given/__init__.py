"""Trained networks that come with the course, and how a flow is kept in a file of its own.

rooms_small_flow.safetensors   Glow of rooms (starter_code.shapes3d), 32 x 32 pixels, 32 levels
rooms_reader.safetensors       reads a room's factors from its picture, see `flows.factors`

The first is made by `python benchmarks/flows.py --give flow`, the second by
`python benchmarks/directions.py --give reader`. A flow's weights of convolutions are kept in half
precision: it can be undone whatever its weights are, and its bits per dimension stay the same to
four digits. Matrices of 1 x 1 convolutions in half precision would cost more than that.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from starter_code.errors import CourseError
from starter_code.flows.glow import Glow, GlowSizes, LayerMaker
from starter_code.tensors import read_tensors, write_tensors
from starter_code.training import load_weights

__all__ = ["GIVEN", "ROOMS", "given_flow", "load_flow", "save_flow"]

GIVEN = Path(__file__).parent
ROOMS = GIVEN / "rooms_small_flow.safetensors"


def save_flow(path: str | Path, glow: Glow, about: Mapping[str, Any]) -> Path:
    """Write a flow with its sizes; weights of convolutions (out, in, 3, 3) in half precision."""
    tensors = {
        name: value.half() if value.is_floating_point() and value.dim() == 4 else value
        for name, value in glow.state_dict().items()
    }
    return write_tensors(path, tensors, dict(about) | {"sizes": asdict(glow.sizes)})


def load_flow(
    path: str | Path,
    act_norm: LayerMaker,
    invertible_conv: LayerMaker,
    affine_coupling: LayerMaker,
) -> tuple[Glow, dict[str, Any]]:
    """A flow of these layers with the weights of a file, and what the file says about itself.

    Raises:
        CourseError: no such file, no flow, or layers whose parameters have other names or shapes.
    """
    tensors, about = read_tensors(path)
    if "sizes" not in about:
        raise CourseError(f"{path} holds no flow: take a file that `save_flow` wrote.")
    layers = (act_norm, invertible_conv, affine_coupling)
    glow = Glow(*layers, GlowSizes(**about["sizes"]), torch.Generator().manual_seed(0))
    whole = {n: v.float() if v.dtype == torch.float16 else v for n, v in tensors.items()}
    load_weights(glow, whole, path)
    return glow.eval(), about


def given_flow(
    act_norm: LayerMaker, invertible_conv: LayerMaker, affine_coupling: LayerMaker
) -> Glow:
    """The Glow of rooms that comes with the course."""
    return load_flow(ROOMS, act_norm, invertible_conv, affine_coupling)[0]
