"""The loop around `train_step`: minibatches, validation, checkpoints (DSIC, Algorithm 1).

`fit(model, train_step, train, val, options)` trains a module whose `forward(batch, noise)` gives a
`Latent`, and which has `discriminator_losses(latent, batch)`, `losses(latent, batch)`, `filters`
and `latent_dim`. In `options.folder` lie `last.pt`, `best.pt` (the weights of the epoch with the
smallest weighted loss on the validation split) and `history.json`; a training that was killed goes
on with `resume=True` as if nothing had happened.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from starter_code.captioning.history import History
from starter_code.disentangling.examples import Examples
from starter_code.epochs import Means, run_epochs
from starter_code.training import pick_device

__all__ = ["PAPER_CAPTIONS", "PAPER_IMAGES", "Options", "fit", "noise_for"]

# λ of (12), from section 4.4. The source has a term for each but the reconstruction, which is 1.
PAPER_IMAGES = {
    "reconstruction": 1.0,
    "kl": 0.01,
    "classify_style": 10.0,
    "hide_style": 0.05,
    "classify_facts": 5.0,
    "hide_facts": 0.05,
}
PAPER_CAPTIONS = {
    "reconstruction": 1.0,
    "kl": 0.03,
    "classify_style": 10.0,
    "hide_style": 1.0,
    "classify_facts": 3.0,
    "hide_facts": 0.03,
}

TrainStep = Callable[..., Mapping[str, float]]
_FREE = {"epochs", "device", "folder", "resume", "progress"}  # may differ when going on


@dataclass(frozen=True)
class Options:
    """How to train; the defaults are those of DSIC, section 4.4, where it gives them."""

    weights: Mapping[str, float]  # λ of each loss, by the names that `losses` uses
    epochs: int = 12
    batch_size: int = 64
    learning_rate: float = 1e-3  # of RMSprop (discriminators) and of Adam (all else)
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/disentangling"
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


def noise_for(model: nn.Module, rows: int, generator: torch.Generator) -> Tensor:
    """ε of (4) for `rows` examples: standard normal (rows, Z), drawn on the CPU."""
    return torch.randn(rows, model.latent_dim, generator=generator)


def fit(
    model: nn.Module, train_step: TrainStep, train: Examples, val: Examples, options: Options
) -> History:
    """Train `model`; afterwards it holds the weights of the best epoch.

    Args:
        train_step: (model, batch, noise, discriminator_optimizer, vae_optimizer, weights) -> the
            value of each loss, by name.
        train, val: `Captions` or `Pictures` of the two splits.

    Returns:
        A history with train_<loss> and val_<loss> for every loss; `val_loss` is their weighted sum.

    Raises:
        CourseError: a loss that is not a number, or a checkpoint of another training.
    """
    device = pick_device(options.device)
    model.to(device)
    discriminators = model.filters.discriminators()
    theirs = {id(parameter) for parameter in discriminators}
    others = [parameter for parameter in model.parameters() if id(parameter) not in theirs]
    rmsprop = torch.optim.RMSprop(discriminators, lr=options.learning_rate)
    adam = torch.optim.Adam(others, lr=options.learning_rate)
    generator = torch.Generator().manual_seed(options.seed)

    def step(rows: Tensor) -> Mapping[str, float]:
        noise = noise_for(model, len(rows), generator).to(device)
        batch = train.take(rows).to(device)
        return train_step(model, batch, noise, rmsprop, adam, options.weights)

    return run_epochs(
        model,
        [rmsprop, adam],
        epochs=options.epochs,
        batches=lambda: train.shuffled(options.batch_size, generator),
        step=step,
        validate=lambda: _validate(model, val, options, device),
        generator=generator,
        folder=options.folder,
        fixed=options.fixed,
        resume=options.resume,
        progress=options.progress,
    )


def _validate(
    model: nn.Module, val: Examples, options: Options, device: torch.device
) -> dict[str, float]:
    """The losses on the validation split, always with the same noise, and their weighted sum."""
    means, generator = Means(), torch.Generator().manual_seed(options.seed + 1)
    for rows in torch.arange(len(val)).split(256):
        batch = val.take(rows).to(device)
        noise = noise_for(model, len(rows), generator).to(device)
        means.add(model.losses(model(batch, noise), batch), len(rows))
    values = means.named("val_")
    return values | {"val_loss": sum(w * values[f"val_{n}"] for n, w in options.weights.items())}
