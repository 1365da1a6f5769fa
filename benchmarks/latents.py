"""Scores of codes against the package disent: the same codes, the same numbers of examples.

    python benchmarks/latents.py [--examples 10000]    values and seconds of both, with ratios
    python benchmarks/latents.py --golden              writes tests/latent_scores.json

disent (0.8.0) is a PyTorch version of disentanglement_lib. It is no dependency of this project and
lives in an environment of its own, which borrows all other packages:

    .venv/bin/python -m venv runs/disent
    PACKAGES=$(.venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
    echo $PACKAGES > $(echo runs/disent/lib/python3.*/site-packages)/course.pth
    runs/disent/bin/pip install --no-deps disent==0.8.0
    runs/disent/bin/pip install -c constraints.txt lightning
    OMP_NUM_THREADS=1 PYTHONPATH=. runs/disent/bin/python benchmarks/latents.py

Here MIG is the solution of assignment 6. disent has no β-VAE score. Seconds are CPU seconds;
OMP_NUM_THREADS=1 gives each a single core.

Measured with --examples 3000 (1,500 to test) on the six factors of the rooms, codes random and like
trained ones: MIG the same to 1e-4, 24 and 40 times as fast; DCI 20 times as fast, its numbers at
most 0.006 and 0.014 apart; FactorVAE score 3 times as fast, at most 0.008 apart.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from autograder.assignments import load_source
from autograder.cells import run_segments
from starter_code.metrics import latents

GOLDEN = Path(__file__).resolve().parents[1] / "tests" / "latent_scores.json"
COUNTS = (6, 5, 4, 8)  # hue (a circle), scale, shape, angle; few values, for trees are slow
ROOMS = (10, 10, 10, 8, 4, 15)  # those of shapes3d
SEEDS = {"random": 0, "trained": 1}
Codes = Callable[[np.ndarray], np.ndarray]


def random_codes(factors: np.ndarray, seed: int, counts: tuple[int, ...] = COUNTS) -> np.ndarray:
    """Ten entries, each a random mixture of all factors, and noise."""
    rng = np.random.default_rng(seed)
    mixture = np.random.default_rng(100).normal(size=(len(counts), 10))
    return factors / counts @ mixture + 0.3 * rng.normal(size=(len(factors), 10))


def trained_codes(factors: np.ndarray, seed: int, counts: tuple[int, ...] = COUNTS) -> np.ndarray:
    """What trained encoders are like: a hue as cosine and sine, mixtures, noise, dead entries."""
    rng, share = np.random.default_rng(seed), factors / counts
    turn = 2 * np.pi * share[:, 0]
    entries = [np.cos(turn), np.sin(turn), share[:, 1], share[:, 2] == share[:, 2].max()]
    entries += [share[:, 2], share[:, 3], share[:, 3] + 0.5 * share[:, 1]]
    entries += [share[:, i] for i in range(4, len(counts))]
    entries += [np.zeros(len(factors))] * max(10 - len(entries), 1)
    return np.stack(entries, 1) + 0.08 * rng.normal(size=(len(factors), len(entries)))


MAKERS = {"random": random_codes, "trained": trained_codes}


def examples(
    kind: str, count: int, seed: int, counts: tuple[int, ...] = COUNTS
) -> tuple[np.ndarray, np.ndarray]:
    """Codes (N, L) and factors (N, F) of one kind; the same seed gives the same ones."""
    factors = np.random.default_rng(seed).integers(counts, size=(count, len(counts)))
    return MAKERS[kind](factors, seed + 50, counts), factors


def ours(kind: str, counts: tuple[int, ...], sizes: tuple[int, int]) -> dict[str, Any]:
    """The scores of this project, and the seconds that each took."""
    codes, factors = examples(kind, sizes[0], SEEDS[kind], counts)
    tests = examples(kind, sizes[1], SEEDS[kind] + 10, counts)
    rng, mig = np.random.default_rng, solution_mig()
    source = latents.Drawn(lambda rows: MAKERS[kind](rows, 3, counts), counts)
    voted = dict(train=sizes[0], test=sizes[1])
    return timed(
        mig=lambda: {"MIG": mig(codes, factors)},
        dci=lambda: named(latents.dci(codes, factors, *tests, rng(0))),
        factor_vae=lambda: {"FactorVAE": latents.factor_vae_score(source, rng(0), **voted)},
    )


def solution_mig() -> Callable[[np.ndarray, np.ndarray], float]:
    """The MIG of assignment 6, which students write, for arrays."""
    names: dict[str, Any] = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return lambda codes, factors: names["mig"](torch.tensor(codes), torch.tensor(factors))


def named(scores: latents.Dci) -> dict[str, float]:
    """The three numbers of DCI by name."""
    names = ("disentanglement", "completeness", "informativeness")
    return {name: getattr(scores, name) for name in names}


def theirs(kind: str, counts: tuple[int, ...], sizes: tuple[int, int]) -> dict[str, Any]:
    """The same of disent."""
    warnings.simplefilter("ignore")
    from disent.metrics import _dci, _factor_vae, _mig

    codes, factors = examples(kind, sizes[0], SEEDS[kind], counts)
    test_codes, test_factors = examples(kind, sizes[1], SEEDS[kind] + 10, counts)
    data = _pictures(counts)

    def dci() -> dict[str, float]:
        np.random.seed(0)
        found = _dci._compute_dci(codes.T, factors.T, test_codes.T, test_factors.T)
        keys = ("disentanglement", "completeness", "informativeness_test")
        return {key.removesuffix("_test"): float(found[f"dci.{key}"]) for key in keys}

    def factor_vae() -> dict[str, float]:
        np.random.seed(0)
        seeds = iter(range(10**9))

        def encode(rows: np.ndarray) -> np.ndarray:
            return MAKERS[kind](np.atleast_2d(rows), next(seeds), counts)

        found = _factor_vae.metric_factor_vae.unwrap(
            data, encode, num_train=sizes[0], num_eval=sizes[1]
        )
        return {"FactorVAE": float(found["factor_vae.eval_accuracy"])}

    return timed(
        mig=lambda: {"MIG": float(_mig._compute_mig(codes.T, factors.T)["mig.discrete_score"])},
        dci=dci,
        factor_vae=factor_vae,
    )


def _pictures(counts: tuple[int, ...]) -> Any:
    """A data set for disent, whose pictures are the factors themselves."""

    def sample(count: int, **_: Any) -> np.ndarray:
        return np.random.randint(counts, size=(count, len(counts)))

    return SimpleNamespace(
        gt_data=SimpleNamespace(num_factors=len(counts), sample_factors=sample),
        dataset_batch_from_factors=lambda factors, mode: factors,
        dataset_sample_batch=sample,
    )


def timed(**scores: Callable[[], dict[str, float]]) -> dict[str, Any]:
    """Every score's values, and its CPU seconds."""
    values, seconds = dict[str, float](), dict[str, float]()
    for name, score in scores.items():
        start = time.process_time()
        values |= score()
        seconds[name] = time.process_time() - start
    return {"values": values, "seconds": seconds}


def compare(counts: tuple[int, ...], sizes: tuple[int, int]) -> None:
    """Print both sides by side."""
    print(f"{sizes[0]:,} examples to learn from, {sizes[1]:,} to test; factors {counts}")
    for kind in MAKERS:
        here, there = ours(kind, counts, sizes), theirs(kind, counts, sizes)
        print(f"\n{kind} codes{'':16}here     disent   difference")
        for name, value in here["values"].items():
            other = there["values"][name]
            print(f"  {name:22}{value:9.4f}{other:10.4f}{value - other:10.4f}")
        print(f"  seconds{'':19}here     disent   ratio")
        for name, seconds in here["seconds"].items():
            other = there["seconds"][name]
            print(f"  {name:22}{seconds:9.3f}{other:10.3f}{other / seconds:9.1f}x", flush=True)


def write_golden(sizes: tuple[int, int]) -> None:
    """Keep what disent says, so that the tests need not have it."""
    scores = {kind: theirs(kind, COUNTS, sizes)["values"] for kind in MAKERS}
    made = {"by": "python benchmarks/latents.py --golden, with disent 0.8.0", "examples": sizes}
    GOLDEN.write_text(json.dumps(made | {"scores": scores}, indent=1) + "\n", encoding="utf-8")
    print(f"{GOLDEN} written")


def main() -> None:
    """Parse the arguments and do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--golden", action="store_true")
    chosen = parser.parse_args()
    if chosen.golden:
        write_golden((3_000, 1_500))
    else:
        compare(ROOMS, (chosen.examples, chosen.examples // 2))


if __name__ == "__main__":
    main()
