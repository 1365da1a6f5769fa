"""What a training did, epoch by epoch: kept as JSON beside the checkpoints, drawn by `plots`."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starter_code.errors import CourseError
from starter_code.training import write_atomically

__all__ = ["History"]


@dataclass
class History:
    """One record per epoch, with the keys below, and which of them was best.

    Keys: epoch (from 1), train_loss and val_loss (nats per word), train_top5 and val_top5
    (shares of words among the five most likely), val_bleu4 (0 to 1), learning_rate, seconds.
    """

    records: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0  # 0: none yet
    choose_by: str = "bleu"  # "bleu": highest validation BLEU-4; "loss": lowest validation loss

    def add(self, record: dict[str, float]) -> bool:
        """Append an epoch's record; True if it is the best so far."""
        self.records.append(record)
        improved = self.best_epoch == 0 or self._merit(record) > self._merit(self.best)
        if improved:
            self.best_epoch = len(self.records)
        return improved

    def _merit(self, record: dict[str, float]) -> tuple[float, ...]:
        if self.choose_by == "loss":
            return (-record["val_loss"],)
        # Early epochs often have no 4-gram right at all: then the loss decides.
        return (record["val_bleu4"], -record["val_loss"])

    @property
    def best(self) -> dict[str, float]:
        """The record of the best epoch."""
        return self.records[self.best_epoch - 1]

    @property
    def since_best(self) -> int:
        """Epochs since the best one."""
        return len(self.records) - self.best_epoch

    def column(self, key: str) -> list[float]:
        """One quantity over the epochs."""
        return [record[key] for record in self.records]

    def as_dict(self) -> dict[str, Any]:
        return {
            "records": self.records,
            "best_epoch": self.best_epoch,
            "choose_by": self.choose_by,
        }

    def save(self, path: str | Path) -> Path:
        """Write as JSON."""
        text = json.dumps(self.as_dict(), indent=1) + "\n"
        return write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))

    @classmethod
    def load(cls, path: str | Path) -> "History":
        """Read what `save` wrote. Raises CourseError if the file is missing or another one."""
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CourseError(
                f"{path} is not the history of a training: train first, or correct the path."
            ) from error
