"""The loop around `train_step`: minibatches, validation, checkpoints (DSIC, Algorithm 1).

`fit(model, train_step, train, val, options)` trains a module whose `forward(batch, noise)` gives a
`Latent`, and which has `discriminator_losses(latent, batch)`, `losses(latent, batch)`, `filters`
and `latent_dim`. In `options.folder` lie `last.pt`, `best.pt` (the weights of the epoch with the
smallest weighted loss on the validation split) and `history.json`; a training that was killed goes
on with `resume=True` as if nothing had happened.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.history import History
from starter_code.disentangling.examples import Examples
from starter_code.errors import CourseError
from starter_code.training import (
    load_checkpoint,
    load_weights,
    pick_device,
    random_state,
    restore_random_state,
    save_checkpoint,
)

__all__ = ["Options", "fit", "noise_for"]

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


@dataclass
class _Sums:
    """Running means of the named losses."""

    totals: dict[str, float] = field(default_factory=dict)
    count: int = 0

    def add(self, losses: Mapping[str, float], rows: int) -> None:
        for name, value in losses.items():
            self.totals[name] = self.totals.get(name, 0.0) + value * rows
        self.count += rows

    def means(self, split: str) -> dict[str, float]:
        return {f"{split}_{name}": total / self.count for name, total in self.totals.items()}


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
    training = _Training(model, train_step, options)
    training.resume()
    while len(training.history.records) < options.epochs:
        training.epoch(train, val)
    best = load_checkpoint(training.folder / "best.pt")
    load_weights(model, best["model"], training.folder / "best.pt")
    return training.history


class _Training:
    """One training: the model, its two optimisers, what it drew and what it measured."""

    def __init__(self, model: nn.Module, train_step: TrainStep, options: Options) -> None:
        self.device = pick_device(options.device)
        self.model, self.train_step, self.options = model.to(self.device), train_step, options
        discriminators = model.filters.discriminators()
        theirs = {id(parameter) for parameter in discriminators}
        others = [p for p in model.parameters() if id(p) not in theirs]
        self.rmsprop = torch.optim.RMSprop(discriminators, lr=options.learning_rate)
        self.adam = torch.optim.Adam(others, lr=options.learning_rate)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.history = History(choose_by="loss")
        self.folder = Path(options.folder)

    def epoch(self, train: Examples, val: Examples) -> None:
        """All examples once in a new order; then validation and a checkpoint."""
        started, number, sums = time.perf_counter(), len(self.history.records) + 1, _Sums()
        size = min(self.options.batch_size, len(train))
        order = torch.randperm(len(train), generator=self.generator).split(size)
        batches = [rows for rows in order if len(rows) == size]
        self.model.train()
        for rows in tqdm(
            batches, desc=f"epoch {number}", leave=False, disable=not self.options.progress
        ):
            batch = train.take(rows).to(self.device)
            noise = noise_for(self.model, len(rows), self.generator).to(self.device)
            optimisers = self.rmsprop, self.adam
            losses = self.train_step(self.model, batch, noise, *optimisers, self.options.weights)
            self._refuse_nan(losses, number)
            sums.add(losses, len(rows))
        seconds = {"epoch": number, "seconds": time.perf_counter() - started}
        self._keep(seconds | sums.means("train") | self._validate(val))

    def _refuse_nan(self, losses: Mapping[str, float], epoch: int) -> None:
        for name, value in losses.items():
            if value != value:
                raise CourseError(
                    f"The loss {name!r} became NaN in epoch {epoch}: lower the learning rate, or "
                    "look for a logarithm or a division of zero in it."
                )

    @torch.no_grad()
    def _validate(self, val: Examples) -> dict[str, float]:
        """The losses on the validation split, always with the same noise."""
        self.model.eval()
        sums, generator = _Sums(), torch.Generator().manual_seed(self.options.seed + 1)
        for rows in torch.arange(len(val)).split(256):
            batch = val.take(rows).to(self.device)
            noise = noise_for(self.model, len(rows), generator).to(self.device)
            losses = self.model.losses(self.model(batch, noise), batch)
            sums.add({name: float(loss) for name, loss in losses.items()}, len(rows))
        means, weights = sums.means("val"), self.options.weights
        return means | {"val_loss": sum(w * means[f"val_{name}"] for name, w in weights.items())}

    def _keep(self, record: dict[str, float]) -> None:
        improved = self.history.add(record)
        if self.options.progress:
            tqdm.write(_line(record, improved))
        if improved:
            save_checkpoint(self.folder / "best.pt", {"model": self.model.state_dict()})
        state = {
            "model": self.model.state_dict(),
            "rmsprop": self.rmsprop.state_dict(),
            "adam": self.adam.state_dict(),
            "history": self.history.as_dict(),
            "options": self.options.fixed,
            "random": random_state(self.generator),
        }
        save_checkpoint(self.folder / "last.pt", state)
        self.history.save(self.folder / "history.json")

    def resume(self) -> None:
        """Take up the training of the folder, if that is asked for and there is one."""
        path = self.folder / "last.pt"
        if not self.options.resume or not path.is_file():
            return
        state: dict[str, Any] = load_checkpoint(path)
        if state.get("options") != self.options.fixed:
            raise CourseError(
                f"{path} is the checkpoint of a training with other options: set them back to go "
                "on, take another folder, or give resume=False."
            )
        load_weights(self.model, state["model"], path)
        self.rmsprop.load_state_dict(state["rmsprop"])
        self.adam.load_state_dict(state["adam"])
        self.history = History(**state["history"])
        restore_random_state(state["random"], self.generator)


def _line(record: Mapping[str, float], improved: bool) -> str:
    """One epoch in one line."""
    shown = ("reconstruction", "kl", "classify_style", "classify_facts")
    parts = "   ".join(f"{name} {record[f'val_{name}']:.2f}" for name in shown)
    return (
        f"epoch {record['epoch']:2.0f}   validation: {parts}   loss {record['val_loss']:.2f}"
        f"{' *' if improved else '  '}   {record['seconds']:.0f} s"
    )
