"""Batches of captions for training: each picture once, beside all of its captions.

Encoding a picture once for its five captions saves four fifths of the encoder's work, in the
forward and in the backward pass.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from starter_code.errors import CourseError

__all__ = ["Batch", "batches", "encode", "in_order", "shuffled"]


class Batch(NamedTuple):
    """Pictures and their captions."""

    images: Tensor  # uint8 (N, 3, S, S)
    picture: Tensor  # (B,) long: which of the N pictures a caption describes
    captions: Tensor  # (B, T) long, T = the longest length here
    lengths: Tensor  # (B,) long

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(part.to(device, non_blocking=True) for part in self))


def shuffled(
    dataset: Any, batch_size: int, generator: torch.Generator, drawn: int | None = None
) -> list[Tensor]:
    """A new order of the pictures, each with captions drawn from its own, in batches.

    What is left over is dropped: it differs from epoch to epoch, and a batch of one caption would
    break batch normalisation. Raises CourseError for a data set without pictures.

    Args:
        batch_size: captions in a batch, about.
        drawn: how many of a picture's captions; all if None.

    Returns: a list of caption numbers, long (pictures in the batch, captions of each).
    """
    if dataset.num_images == 0:
        raise CourseError("There is no picture to train on: the split is empty.")
    each = dataset.captions_per_image
    drawn = min(drawn or each, each)
    per_batch = max(1, batch_size // drawn)
    order = torch.randperm(dataset.num_images, generator=generator)
    which = torch.rand(len(order), each, generator=generator).argsort(1)[:, :drawn]
    captions = order[:, None] * each + which
    full = len(order) // per_batch * per_batch
    return list((captions[:full] if full else captions).split(per_batch))


def in_order(dataset: Any, pictures: int, per_batch: int = 20) -> list[Tensor]:
    """The first `pictures` pictures with all their captions, as `shuffled` returns them."""
    each = dataset.captions_per_image
    return list(torch.arange(pictures * each).view(pictures, each).split(per_batch))


def batches(
    dataset: Any, plan: list[Tensor], workers: int = 0, pin_memory: bool = False
) -> Iterator[Batch]:
    """The batches of a plan (see `shuffled`), loaded by `workers` processes."""
    loader = DataLoader(
        _Planned(dataset, plan),
        batch_size=None,
        num_workers=workers,
        pin_memory=pin_memory,
        # A loader draws a seed when it starts; from the global generator that would make a
        # resumed training differ from an uninterrupted one.
        generator=torch.Generator().manual_seed(0),
    )
    return (Batch(*parts) for parts in loader)


class _Planned(Dataset):
    """Item i is the whole batch i of a plan."""

    def __init__(self, dataset: Any, plan: list[Tensor]) -> None:
        self.dataset, self.plan = dataset, plan

    def __len__(self) -> int:
        return len(self.plan)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        captions, data = self.plan[index], self.dataset  # (N, captions of each)
        pictures = captions[:, 0] // data.captions_per_image
        images = torch.stack([torch.as_tensor(data.image(int(i))) for i in pictures])
        picture = torch.arange(len(pictures)).repeat_interleave(captions.shape[1])
        rows = captions.flatten()
        lengths = data.lengths[rows]
        return images, picture, data.captions[rows, : int(lengths.max())].long(), lengths


def encode(encoder: nn.Module, batch: Batch) -> Tensor:
    """The features of each caption's picture, (B, P, D)."""
    return encoder(batch.images)[batch.picture]
