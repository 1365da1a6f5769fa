"""The second half of assignment 6: the reader that comes with the course, and what is found.

python benchmarks/directions.py --give reader     the network that reads the six factors
python benchmarks/directions.py --found 0 1 2     learner and baselines with the given flow, by seed

The flow's layers, navigator and losses are those of the reference solution. Pictures go to
runs/a6/benchmark; --methods chooses some of LD, DisCo, Dis-GU, CF, GS, DS, random.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from starter_code.flows import codes, factors, figures, methods
from starter_code.flows.given import given_flow

READER_STEPS, HELD_OUT = 1500, 2000
RUNS = Path("runs/a6/benchmark")
WITH_DIRECTIONS = ("LD", "Dis-GU", "DisCo", "CF", "GS", "DS", "random")


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


def show_found(seeds: list[int], chosen: list[str]) -> None:
    """What each method's directions find, with every seed; pictures of the first seed."""
    here, sizes = lab(), methods.SIZES["small"]
    flow = given_flow(here.ActNorm, here.InvertibleConv1x1, here.AffineCoupling)
    pictures, _ = factors.rooms(sizes.starts, torch.Generator().manual_seed(1))
    looked, _ = factors.rooms(sizes.looked, torch.Generator().manual_seed(3))
    work = methods.Lab(
        here.Navigator, here.direction_loss, here.contrastive_loss, flow, pictures, sizes
    )
    reader, z = factors.load_reader(), codes.starts_of(flow, looked)
    first: dict[str, factors.Found] = {}
    for name in chosen:
        counts = []
        for seed in seeds:
            began = time.process_time()
            folder = RUNS / "found" / f"{name}_{seed}"
            told = {"progress": False} if name in methods.LEARNT else {}
            method = methods.learn_method(name, work, folder=folder, seed=seed, **told)
            seconds = time.process_time() - began
            seen = factors.find(reader, flow, method.directions, z, sizes.step)
            counts.append(len(seen.best))
            print(f"{name:7} seed {seed}: {seconds:5.0f} CPU s, finds {seen.best}", flush=True)
            if seed == seeds[0]:
                first[name] = seen
                _draw(name, flow, z, method, seen, sizes.step)
        print(f"{name:7} {statistics.mean(counts):.1f} of 6 factors", flush=True)
    figures.found_map(first).savefig(RUNS / "found.png")


def _draw(
    name: str, flow: Any, z: torch.Tensor, method: methods.Method, seen: Any, step: float
) -> None:
    """Traversals of the directions that find something; else of the three that move most."""
    order = seen.moves.max(1).values.argsort(descending=True)[:3].tolist()
    rows = list(seen.best.values()) or order
    steps = [step * share for share in (-1.5, -1, -0.5, 0, 0.5, 1, 1.5)]
    named = [seen.named(row) for row in rows]
    figure = figures.traversals(flow, z[4], method.directions[rows], named, steps)
    figure.savefig(RUNS / f"traversals_{name}.png")


def main() -> None:
    """Parse the arguments and do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--give", choices=["reader"])
    parser.add_argument("--found", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--methods", nargs="+", default=list(WITH_DIRECTIONS))
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.give:
        give_reader()
    if chosen.found:
        show_found(chosen.found, chosen.methods)


if __name__ == "__main__":
    main()
