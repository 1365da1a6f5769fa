"""What Algorithm 1 draws its minibatches from: captions for D-Captions, pictures for D-Images."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from starter_code.errors import CourseError
from starter_code.stylized.datasets import StyledDataset

__all__ = ["Batch", "Captions", "Examples", "Pictures", "by_length"]

POOL = 16  # batches whose captions are sorted by length together


class Batch(NamedTuple):
    """A minibatch of either kind; B examples, K style slices."""

    inputs: tuple[Tensor, ...]  # what the VAE takes: (visual (B, D),) or (captions, lengths)
    labels: Tensor  # the style that each slice stands for, long (B, K)
    style_words: Tensor  # t^s of (7), float (B, V_s)
    fact_words: Tensor  # t^f of (6) and (8), float (B, V_f)

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        inputs, *rest = self
        return Batch(tuple(part.to(device) for part in inputs), *(part.to(device) for part in rest))


class Examples(Protocol):
    """A number of examples, batches of chosen ones, and all of them once in a new order."""

    def __len__(self) -> int: ...

    def take(self, rows: Tensor) -> Batch: ...

    def shuffled(self, batch_size: int, generator: torch.Generator) -> list[Tensor]: ...


class Captions:
    """Captions, each with the style it is written in: one style slice (DSIC, section 3.3.2)."""

    def __init__(self, dataset: StyledDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def take(self, rows: Tensor) -> Batch:
        """The captions `rows`, long (B,)."""
        told = self.dataset.take(rows)
        inputs = (told.captions, told.lengths)
        return Batch(inputs, told.styles[:, None], told.style_words, told.fact_words)

    def shuffled(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Rows of whole batches in a new order; captions of similar length come together."""
        return by_length(self.dataset.lengths, batch_size, generator)


class Pictures:
    """Pictures, told in S styles: a slice for each, and each slice has its own label (3.3.1).

    t^s is the mean of the bags of the styles in which the picture is told.

    Raises:
        CourseError: a folder that was prepared without pictures.
    """

    def __init__(self, dataset: StyledDataset) -> None:
        if not dataset.feature_dim:
            raise CourseError(
                f"{dataset.folder} was prepared without pictures, and D-Images learns from them: "
                "prepare it with pictures='all'."
            )
        self.dataset = dataset
        self.labels = torch.arange(len(dataset.styles))

    def __len__(self) -> int:
        return len(self.dataset.pictures)

    def take(self, rows: Tensor) -> Batch:
        """The pictures `rows`, long (B,)."""
        seen = self.dataset.take_pictures(rows)
        told = seen.told.float()[:, :, None]  # (B, S, 1)
        style_words = (seen.style_words * told).sum(1) / told.sum(1).clamp(min=1)
        labels = self.labels.expand(len(rows), -1)
        return Batch((seen.visual,), labels, style_words, seen.fact_words)

    def shuffled(self, batch_size: int, generator: torch.Generator) -> list[Tensor]:
        """Rows of whole batches in a new order."""
        return _whole(torch.randperm(len(self), generator=generator), batch_size)


def by_length(lengths: Tensor, batch_size: int, generator: torch.Generator) -> list[Tensor]:
    """Rows of whole batches in a new order, of captions of similar length.

    A batch is as long as its longest caption, so batches of mixed lengths are half pads.

    Args:
        lengths: of all captions, (N,).
    """
    order = torch.randperm(len(lengths), generator=generator)
    pools = order.split(batch_size * POOL)
    batches = _whole(torch.cat([pool[lengths[pool].argsort()] for pool in pools]), batch_size)
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def _whole(order: Tensor, batch_size: int) -> list[Tensor]:
    """Batches of that size; what is left over is dropped, unless it is all there is."""
    size = min(batch_size, len(order))
    return [rows for rows in order.split(size) if len(rows) == size]
