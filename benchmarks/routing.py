"""How fast capsules are routed: the answer of assignment 4 against the same equations broadcast.

    python benchmarks/routing.py [--batch 32] [--threads 1] [--repeats 15]

1152 input capsules and 10 output capsules of 16 numbers, as in Sabour et al. 2017 (section 4);
three iterations, forward and backward. Both are timed in turns within one run; the shortest and the
middle time of each are printed, and the ratio of the shortest. Before that: the largest difference
of outputs, couplings and gradients, and whether the gradient of votes of zeros is finite.

Exit code 1 if the ratio is below 1.5, a difference above 1e-5, or a gradient not finite.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.assignments import load_source
from autograder.cells import run_segments

INPUTS, OUTPUTS, SIZE = 1152, 10, 16
RATIO, DIFFERENCE = 1.5, 1e-5

Route = Callable[..., tuple[Tensor, Tensor]]


def broadcast(votes: Tensor, squash: Callable, iterations: int = 3) -> tuple[Tensor, Tensor]:
    """Equations (15) to (18) of DSIC with products of shape (B, I, J, D), summed afterwards."""
    logits = torch.zeros_like(votes[..., 0])
    for iteration in range(iterations):
        couplings = logits.softmax(2)
        weighted = (couplings.unsqueeze(3) * votes).sum(1)
        outputs = weighted / couplings.sum(1).unsqueeze(2)
        if iteration < iterations - 1:
            logits = logits + (outputs.unsqueeze(1) * votes).sum(3)
    return squash(outputs), couplings


def solution() -> dict[str, Any]:
    """The names that the solved notebook defines."""
    names: dict[str, Any] = {}
    run_segments(load_source("a4_capsule_aggregation").segments(), names)
    return names


def forward_and_backward(route: Route, squash: Callable, votes: Tensor, weights: Tensor) -> Tensor:
    """The gradient that reaches the votes."""
    votes = votes.detach().requires_grad_()
    outputs, _ = route(votes, squash)
    return torch.autograd.grad((outputs * weights).sum(), votes)[0]


def in_turns(runs: list[Callable[[], object]], repeats: int) -> list[list[float]]:
    """Seconds of each run, `repeats` times, one after the other after one to warm up."""
    times: list[list[float]] = [[] for _ in runs]
    for repeat in range(repeats + 1):
        for run, own in zip(runs, times):
            started = time.perf_counter()
            run()
            if repeat:
                own.append(time.perf_counter() - started)
    return times


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    names = solution()
    route, squash = names["route"], names["squash"]
    votes = torch.randn(arguments.batch, INPUTS, OUTPUTS, SIZE)
    weights = torch.randn(arguments.batch, OUTPUTS, SIZE)

    pairs = list(zip(route(votes, squash), broadcast(votes, squash)))
    runs = [(route, squash, votes, weights), (broadcast, squash, votes, weights)]
    pairs.append(tuple(forward_and_backward(*run) for run in runs))
    difference = max(float((a - b).abs().max()) for a, b in pairs)
    finite = bool(forward_and_backward(route, squash, 0 * votes, weights).isfinite().all())

    calls = [lambda run=run: forward_and_backward(*run) for run in runs]
    own, plain = in_turns(calls, arguments.repeats)
    for name, times in (("route", own), ("broadcast", plain)):
        print(
            f"{name:10s} {1000 * min(times):7.1f} ms shortest "
            f"{1000 * statistics.median(times):7.1f} ms middle   forward and backward"
        )
    ratio = min(plain) / min(own)
    print(f"ratio {ratio:.2f} (at least {RATIO}), of the middles "
          f"{statistics.median(plain) / statistics.median(own):.2f}")  # fmt: skip
    print(f"largest difference {difference:.1e} (at most {DIFFERENCE:.0e})")
    print(f"gradient of votes of zeros finite: {finite}")
    return int(ratio < RATIO or difference > DIFFERENCE or not finite)


if __name__ == "__main__":
    sys.exit(main())
