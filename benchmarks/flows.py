"""The flows of assignment 6: what comes with the course, real pictures, and a race.

python benchmarks/flows.py --give flow [--resume]      the Glow of rooms that comes with the course
python benchmarks/flows.py --mnist data/mnist          bits per dimension of handwritten digits
python benchmarks/flows.py --coil data/coil20          the same of COIL-20's objects, 32 x 32

All layers are those of the reference solution. Trainings lie in runs/a6/benchmark; --resume goes on
with what was interrupted.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from starter_code.flows.given import ROOMS, load_flow, save_flow
from starter_code.flows.glow import Glow, GlowSizes
from starter_code.flows.sizes import GIVEN_SIZES, GIVEN_TRAINING, Training
from starter_code.flows.solver import Options, fit, held_out
from starter_code.shapes3d import render, sample_factors

RUNS = Path("runs/a6/benchmark")
GIVEN_ROOMS, HELD_OUT = 40_000, 1000


def lab() -> Any:
    """The names of the solution notebook."""
    from autograder.assignments import load_source
    from autograder.cells import run_segments

    names: dict[str, Any] = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return SimpleNamespace(**names)


def build(here: Any, sizes: GlowSizes, seed: int = 0) -> Glow:
    """A Glow of the solution's layers."""
    layers = (here.ActNorm, here.InvertibleConv1x1, here.AffineCoupling)
    return Glow(*layers, sizes, torch.Generator().manual_seed(seed))


def rooms(count: int, size: int, seed: int) -> Tensor:
    """Random rooms, uint8 (N, 3, S, S)."""
    factors = sample_factors(np.random.default_rng(seed), count)
    return torch.from_numpy(render(factors, size)).permute(0, 3, 1, 2).contiguous()


def options(training: Training, folder: Path, resume: bool, **more: Any) -> Options:
    """How a flow trains, at this place."""
    return Options(**asdict(training), folder=str(folder), resume=resume, **more)


def show(glow: Glow, path: Path, temperature: float = 0.7) -> None:
    """Write 64 drawn pictures as one PNG."""
    from torchvision.utils import save_image

    pictures = glow.sample(64, temperature, torch.Generator().manual_seed(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_image(pictures, path, nrow=8)


def give_flow(here: Any, resume: bool, hurry: bool) -> None:
    """Train the Glow of rooms and write it; with `hurry` only write the best epoch so far."""
    folder, val = RUNS / "rooms", rooms(HELD_OUT, GIVEN_SIZES.size, 1)
    glow = build(here, GIVEN_SIZES)
    if hurry:
        glow.load_state_dict(torch.load(folder / "best.pt", weights_only=True)["model"])
        glow.eval()
    else:
        train = rooms(GIVEN_ROOMS, GIVEN_SIZES.size, 0)
        how = options(GIVEN_TRAINING, folder, resume, mixed=True)
        fit(glow, here.bits_per_dim, train, val, how)
    trained = held_out(glow, here.bits_per_dim, val)
    about = {"pictures": GIVEN_ROOMS, "training": asdict(GIVEN_TRAINING), "bits": trained}
    save_flow(ROOMS, glow, about)
    layers = (here.ActNorm, here.InvertibleConv1x1, here.AffineCoupling)
    kept = load_flow(ROOMS, *layers)[0]
    x = (val[:64] + torch.rand(64, *val.shape[1:])) / 256
    with torch.no_grad():
        error = float((kept.decode(kept.encode(x)) - x).abs().max())
    print(
        f"{ROOMS}: {ROOMS.stat().st_size / 2**20:.1f} MiB; held out {trained:.4f} bits per "
        f"dimension, from the file {held_out(kept, here.bits_per_dim, val):.4f}; there and back "
        f"{error:.1e}"
    )
    show(kept, RUNS / "rooms.png")


def main() -> None:
    """Parse the arguments and do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--give", choices=["flow"])
    parser.add_argument("--hurry", action="store_true", help="write the best epoch so far")
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args()
    here = lab()
    if chosen.give:
        give_flow(here, chosen.resume, chosen.hurry)


if __name__ == "__main__":
    main()
