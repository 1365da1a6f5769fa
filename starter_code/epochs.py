"""The loop around a training step: epochs, validation, checkpoints, and going on after a kill.

`run_epochs` knows nothing of what is trained. In its folder lie `last.pt` (everything needed to go
on), `best.pt` (the weights of the epoch with the smallest `val_loss`) and `history.json`.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.history import History
from starter_code.errors import CourseError
from starter_code.training import (
    load_checkpoint,
    load_weights,
    random_state,
    restore_random_state,
    save_checkpoint,
)

__all__ = ["Means", "run_epochs"]


class Means:
    """Running means of named values."""

    def __init__(self) -> None:
        self._totals: dict[str, float] = {}
        self._count = 0

    def add(self, values: Mapping[str, float], rows: int) -> None:
        """Add the means over `rows` examples."""
        for name, value in values.items():
            self._totals[name] = self._totals.get(name, 0.0) + float(value) * rows
        self._count += rows

    def named(self, prefix: str) -> dict[str, float]:
        """The means over all examples, their names with a prefix."""
        return {f"{prefix}{name}": total / self._count for name, total in self._totals.items()}


def run_epochs(
    model: nn.Module,
    optimisers: list[torch.optim.Optimizer],
    *,
    epochs: int,
    batches: Callable[[], list[Tensor]],
    step: Callable[[Tensor], Mapping[str, float]],
    validate: Callable[[], Mapping[str, float]],
    generator: torch.Generator,
    folder: str | Path,
    fixed: str,
    resume: bool = False,
    progress: bool = True,
) -> History:
    """Train `model`; afterwards it holds the weights of the best epoch.

    Args:
        batches: the rows of each minibatch of an epoch, in their order.
        step: trains on the rows of one minibatch, and gives the value of each loss by name.
        validate: gives at least "val_loss".
        generator: everything that is drawn, so that it can be kept and put back.
        fixed: what may not change between the parts of one training, as text.
        resume: go on with the training in `folder`, if there is one.

    Returns:
        A history with train_<name> for every loss of `step` and all that `validate` gives.

    Raises:
        CourseError: a loss that is not a number, or a checkpoint of another training.
    """
    loop = _Loop(model, optimisers, generator, Path(folder), fixed, epochs if progress else 0)
    if resume:
        loop.resume()
    while len(loop.history.records) < epochs:
        loop.epoch(batches(), step, validate)
    best = Path(folder) / "best.pt"
    load_weights(model, load_checkpoint(best)["model"], best)
    return loop.history


class _Loop:
    """One training: what is trained, what was drawn and what was measured."""

    def __init__(
        self,
        model: nn.Module,
        optimisers: list[torch.optim.Optimizer],
        generator: torch.Generator,
        folder: Path,
        fixed: str,
        told: int,
    ) -> None:
        self.model, self.optimisers, self.generator = model, optimisers, generator
        self.folder, self.fixed = folder, fixed
        self.told = told  # of how many epochs to tell; 0: silent
        self.history = History(choose_by="loss")

    def epoch(
        self,
        batches: list[Tensor],
        step: Callable[[Tensor], Mapping[str, float]],
        validate: Callable[[], Mapping[str, float]],
    ) -> None:
        started, number, means = time.perf_counter(), len(self.history.records) + 1, Means()
        self.model.train()
        for rows in tqdm(batches, f"epoch {number}", leave=False, disable=not self.told):
            losses = step(rows)
            self._refuse_nan(losses, number)
            means.add(losses, len(rows))
        seconds = {"epoch": number, "seconds": time.perf_counter() - started}
        self.model.eval()
        with torch.no_grad():
            self._keep(seconds | means.named("train_") | dict(validate()))

    @staticmethod
    def _refuse_nan(losses: Mapping[str, float], epoch: int) -> None:
        for name, value in losses.items():
            if value != value:
                raise CourseError(
                    f"The loss {name!r} became NaN in epoch {epoch}: lower the learning rate, or "
                    "look for a logarithm or a division of zero in it."
                )

    def _keep(self, record: dict[str, float]) -> None:
        improved = self._add(record)
        if improved:
            save_checkpoint(self.folder / "best.pt", {"model": self.model.state_dict()})
        state = {
            "model": self.model.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
            "history": self.history.as_dict(),
            "fixed": self.fixed,
            "random": random_state(self.generator),
        }
        save_checkpoint(self.folder / "last.pt", state)
        self.history.save(self.folder / "history.json")

    def _add(self, record: dict[str, float]) -> bool:
        """Remember an epoch and tell of it; of a long training about ten lines are enough."""
        improved, number = self.history.add(record), len(self.history.records)
        if self.told and (number in (1, self.told) or number % max(1, self.told // 10) == 0):
            tqdm.write(_line(record, improved))
        return improved

    def resume(self) -> None:
        """Take up the training of the folder, if there is one."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return
        state: dict[str, Any] = load_checkpoint(path)
        if state.get("fixed") != self.fixed:
            raise CourseError(
                f"{path} is the checkpoint of a training with other options: set them back to go "
                "on, take another folder, or give resume=False."
            )
        load_weights(self.model, state["model"], path)
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        for record in state["history"]["records"]:
            self._add(record)
        restore_random_state(state["random"], self.generator)


def _line(record: Mapping[str, float], improved: bool) -> str:
    """One epoch in one line."""
    values = {name[len("val_") :]: x for name, x in record.items() if name.startswith("val_")}
    total = values.pop("loss")
    parts = "".join(f"   {name} {value:.2f}" for name, value in values.items())
    return (
        f"epoch {record['epoch']:2.0f}   validation: loss {total:.2f}{' *' if improved else '  '}"
        f"{parts}   {record['seconds']:.0f} s"
    )
