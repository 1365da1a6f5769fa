"""A training gate for caption decoders: a network that cannot learn a few captions has a mistake.

Pictures are drawn features and captions drawn words: nothing but learning by heart brings the loss
down, and a decoder that only reads the caption it is fed stays near the loss of guessing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from autograder.draws import Draw

CELLS, FEATURES, WORDS, LENGTH = 9, 16, 40, 8
TINY, SMALL = (24, 120), (256, 600)  # pictures, steps: on a CPU, on a GPU
LEFT = 0.2  # of the loss of guessing may be left


def by_heart(build: Callable[[int, int], nn.Module], draw: Draw, device: str) -> dict[str, Any]:
    """Train on drawn captions; return the mean loss of a word in nats before and after.

    Args:
        build: (features, words) -> a decoder with forward(encoder_out (B, P, D),
            captions (B, T), lengths (B,)) -> scores (B, T - 1, V), perhaps with more behind.
    """
    pictures, steps = SMALL if device == "cuda" else TINY
    seen = draw.normal(pictures, CELLS, FEATURES).to(device)
    captions = draw.integers(3, WORDS, pictures, LENGTH).to(device)
    captions[:, 0] = 1
    lengths = torch.full((pictures,), LENGTH, device=device)
    decoder = build(FEATURES, WORDS).to(device).train()
    optimizer = torch.optim.Adam(decoder.parameters(), lr=1e-2)
    losses = []
    for _ in range(steps):
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            told = decoder(seen, captions, lengths)
        scores = told[0] if isinstance(told, tuple) else told
        loss = nn.functional.cross_entropy(scores.float().flatten(0, 1), captions[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    return {
        "device": device,
        "GPUs in sight": torch.cuda.device_count(),
        "before": losses[0],
        "after": losses[-1],
    }


def learns(value: Any, draw: Draw) -> str | None:
    """Whether the loss began at guessing and fell; what is wrong otherwise."""
    before, after, guess = float(value["before"]), float(value["after"]), math.log(WORDS - 3)
    if not (math.isfinite(before) and math.isfinite(after)):
        return "The loss is no number: something divides by zero or overflows."
    if before < 0.7 * guess:
        return f"The loss begins at {before:.2f}, below that of guessing: the answer is read off."
    if after > LEFT * guess:
        return (
            f"The loss goes from {before:.2f} to {after:.2f} and should fall below "
            f"{LEFT * guess:.2f}: some part does not get its gradient, or sees the wrong words."
        )
    return None
