"""The second half of assignment 6: the reader that comes with the course, and what is found.

python benchmarks/directions.py --give reader     the network that reads the six factors
python benchmarks/directions.py --found 0 1 2     learner and baselines with the given flow, by seed

The flow's layers, navigator and losses are those of the reference solution.
"""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import torch

from starter_code.flows import factors

READER_STEPS, HELD_OUT = 1500, 2000


def lab() -> Any:
    """The names of the solution notebook."""
    from autograder.assignments import load_source
    from autograder.cells import run_segments

    names: dict[str, Any] = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return SimpleNamespace(**names)


def give_reader() -> None:
    """Train the reader, keep it, and say how often what is kept is right."""
    factors.save_reader(
        factors.GIVEN, factors.train_reader(READER_STEPS), {"steps": READER_STEPS, "seed": 0}
    )
    kept = factors.load_reader()
    pictures, truth = factors.rooms(HELD_OUT, torch.Generator().manual_seed(5))
    for name, share in factors.accuracies(kept, pictures, truth).items():
        print(f"{name:12} {share:.4f} of {HELD_OUT} held-out rooms")
    print(f"{factors.GIVEN}: {factors.GIVEN.stat().st_size / 2**20:.2f} MiB")


def main() -> None:
    """Parse the arguments and do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--give", choices=["reader"])
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.give:
        give_reader()


if __name__ == "__main__":
    main()
