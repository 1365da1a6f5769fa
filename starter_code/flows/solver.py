"""The training of a Glow: bits per dimension over random minibatches, in parts if need be.

history = fit(glow, bits_per_dim, train, val, Options(epochs=20, steps_per_epoch=200))

`train` and `val` are uint8 pictures (N, C, H, W). An "epoch" is a number of steps on minibatches
drawn at random; after each of them the held-out bits per dimension are measured. In
`options.folder` lie `last.pt`, `best.pt` and `history.json`; a training that was killed goes on
with `resume=True` as if nothing had happened.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from starter_code.captioning.history import History
from starter_code.epochs import run_epochs
from starter_code.errors import CourseError
from starter_code.flows.glow import CouplingNetwork, Glow, dequantise
from starter_code.training import cosine, pick_device

__all__ = ["Options", "fit", "held_out"]

BitsPerDim = Callable[[Tensor, int, int], Tensor]
_FREE = {"epochs", "device", "folder", "resume", "progress"}  # may differ when going on


@dataclass(frozen=True)
class Options:
    """How to train. The learning rate rises over `warm_up` steps and falls to 0 at the last."""

    epochs: int = 20
    steps_per_epoch: int = 200
    batch_size: int = 32
    learning_rate: float = 1e-3  # of Adam
    warm_up: int = 200  # steps
    clip: float = 100.0  # longest gradient: usual ones are shorter, outbursts are cut
    mixed: bool = False  # the couplings' convolutions in bfloat16
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/flows"
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


def fit(
    glow: Glow, bits_per_dim: BitsPerDim, train: Tensor, val: Tensor, options: Options
) -> History:
    """Train `glow`; afterwards it holds the weights of the best epoch.

    Args:
        bits_per_dim: (log p (B,), numbers in a picture, levels) -> bits per dimension (B,).
        train, val: uint8 pictures (N, C, H, W).

    Returns:
        A history with train_bits and val_bits (val_loss is the same).

    Raises:
        CourseError: no pictures, a loss that is not a number, a checkpoint of another training.
    """
    _check(train, val)
    device = pick_device(options.device)
    glow.to(device)
    adam = torch.optim.Adam(glow.parameters(), lr=options.learning_rate)
    # The number of steps done is kept with the optimiser, so that a checkpoint holds it too.
    adam.param_groups[0]["done"] = 0
    generator = torch.Generator().manual_seed(options.seed)
    steps = options.epochs * options.steps_per_epoch

    def batches() -> list[Tensor]:
        shape = (options.steps_per_epoch, options.batch_size)
        return list(torch.randint(len(train), shape, generator=generator))

    def step(rows: Tensor) -> Mapping[str, float]:
        group = adam.param_groups[0]
        group["lr"] = options.learning_rate * cosine(group["done"], steps, options.warm_up)
        group["done"] += 1
        bits = _bits(glow, bits_per_dim, train[rows], generator).mean()
        adam.zero_grad()
        bits.backward()
        nn.utils.clip_grad_norm_(glow.parameters(), options.clip)
        adam.step()
        return {"bits": float(bits.detach())}

    def validate() -> Mapping[str, float]:
        bits = held_out(glow, bits_per_dim, val, options.seed + 1)
        return {"val_bits": bits, "val_loss": bits}

    _use_mixed(glow, options.mixed)
    try:
        return run_epochs(
            glow,
            [adam],
            epochs=options.epochs,
            batches=batches,
            step=step,
            validate=validate,
            generator=generator,
            folder=options.folder,
            fixed=options.fixed,
            resume=options.resume,
            progress=options.progress,
        )
    finally:
        _use_mixed(glow, False)


@torch.no_grad()
def held_out(
    glow: Glow, bits_per_dim: BitsPerDim, pictures: Tensor, seed: int = 1, batch_size: int = 250
) -> float:
    """Mean bits per dimension of uint8 pictures (N, C, H, W), always with the same noise."""
    training, generator = glow.training, torch.Generator().manual_seed(seed)
    glow.eval()
    parts = [_bits(glow, bits_per_dim, x, generator) for x in pictures.split(batch_size)]
    glow.train(training)
    return float(torch.cat(parts).mean())


def _bits(
    glow: Glow, bits_per_dim: BitsPerDim, pictures: Tensor, generator: torch.Generator
) -> Tensor:
    """Bits per dimension of each picture with drawn noise: (B,)."""
    noise, levels = torch.rand(pictures.shape, generator=generator), glow.sizes.levels
    x = dequantise(pictures, noise, levels).to(next(glow.parameters()).device)
    return bits_per_dim(glow(x)[0], glow.sizes.dimensions, levels)


def _use_mixed(glow: Glow, mixed: bool) -> None:
    """Switch the couplings' networks to bfloat16, or back."""
    for module in glow.modules():
        if isinstance(module, CouplingNetwork):
            module.mixed = mixed


def _check(*sets: Tensor) -> None:
    """Refuse what cannot be trained on."""
    for pictures in sets:
        if pictures.dtype != torch.uint8 or pictures.dim() != 4 or not len(pictures):
            raise CourseError(
                "A flow is trained on uint8 pictures of the shape (N, C, H, W), not on "
                f"{pictures.dtype} of {tuple(pictures.shape)}."
            )
