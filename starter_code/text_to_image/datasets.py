"""Pictures with captions as a data set: one caption per picture, and which texts are true of which.

folder = prepare(tier("small"))
train = CaptionedPictures(folder, "train").encode(text_encoder)
told = train.told(rows, generator)        # a caption for each of the pictures `rows`
train.images(rows), train.texts[told]     # (B, 3, S, S) in [-1, 1], and (B, E)
train.fits(rows, told)                    # (B, B): text j is true of picture i

Letters: B batch, N pictures, M captions, F facts, K claims of a caption, E text embedding.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from starter_code.errors import CourseError
from starter_code.text_to_image.claims import PROPERTIES
from starter_code.text_to_image.preparing import MANIFEST

__all__ = ["CaptionedPictures", "as_pictures", "embed"]

SPLITS = ("train", "val", "test")


class CaptionedPictures:
    """One split of a folder that `preparing.prepare` made.

    Attributes:
        pictures: uint8 (N, 3, S, S).
        captions: M texts. picture_of: of which picture each is, long (M,).
        texts: their embeddings, float (M, E), after `encode`.
        properties: name -> what is true of the pictures, bool (N, values), for the names and values
            of `claims.PROPERTIES`. claimed: name -> what the captions say, bool (M, values); a row
            without a True says nothing of it. Both are empty for photos.

    Raises:
        CourseError: no such folder or split, a split without pictures, or captions without text.
    """

    def __init__(self, folder: str | Path, split: str) -> None:
        self.folder, self.split = Path(folder), split
        if split not in SPLITS:
            raise CourseError(f"There is no split {split!r}: choose one of {', '.join(SPLITS)}.")
        told, pictures, facts, claims = _read(self.folder)
        mine = np.array([name == split for name in told["splits"]])
        if not mine.any():
            raise CourseError(f"The split {split} of {self.folder} has no picture in it.")
        self.pictures = torch.from_numpy(pictures[mine])
        counts = [len(texts) for texts in told["captions"]]
        of_split = np.repeat(mine, counts)
        self.captions = [
            text for texts, here in zip(told["captions"], mine) if here for text in texts
        ]
        self._number([n for n, here in zip(counts, mine) if here])
        self._facts = torch.from_numpy(facts[mine])  # (N, F + 1), the last column always True
        self._claims = torch.from_numpy(claims[of_split]).long()  # (M, K), F where there is none
        self.properties, self.claimed = self._properties(told["facts"])
        self._texts: Tensor | None = None

    def _number(self, counts: Sequence[int]) -> None:
        """Which captions are of which picture."""
        bare = [i for i, count in enumerate(counts) if count == 0]
        if bare or not all(text.strip() for text in self.captions):
            raise CourseError(
                f"{self.folder} has {'pictures without a caption' if bare else 'captions without'}"
                f"{'' if bare else ' text'} in the split {self.split}: mend them and prepare again."
            )
        self.counts = torch.tensor(counts)  # (N,)
        self.firsts = self.counts.cumsum(0) - self.counts  # (N,)
        self.picture_of = torch.arange(len(counts)).repeat_interleave(self.counts)  # (M,)

    def _properties(self, names: Sequence[Sequence[str]]) -> tuple[dict[str, Tensor], ...]:
        spoken = torch.zeros(len(self.captions), self._facts.shape[1], dtype=torch.bool)
        spoken.scatter_(1, self._claims, True)
        columns = {
            name: [i for i, fact in enumerate(names) if fact[0] == name] for name in PROPERTIES
        }
        columns = {name: where for name, where in columns.items() if where}
        true = {name: self._facts[:, where] for name, where in columns.items()}
        return true, {name: spoken[:, where] for name, where in columns.items()}

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def texts(self) -> Tensor:
        """The embeddings of the captions, float (M, E)."""
        if self._texts is None:
            raise CourseError(
                f"The captions of the split {self.split} are not embedded yet: call encode first."
            )
        return self._texts

    def encode(self, encoder: nn.Module, progress: bool = False) -> "CaptionedPictures":
        """Embed all captions with a text encoder; returns the data set itself."""
        self._texts = embed(encoder, self.captions, progress)
        return self

    def images(self, rows: Tensor) -> Tensor:
        """The pictures `rows`, float32 (B, 3, S, S) in [-1, 1]."""
        return as_pictures(self.pictures[rows])

    def told(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """The number of one caption for each of the pictures `rows`, drawn by lot: long (B,)."""
        lots = torch.rand(len(rows), generator=generator)
        return self.firsts[rows] + (lots * self.counts[rows]).long()

    def agree(self, rows: Tensor) -> Tensor:
        """Which of B pictures agree in place and time of day, bool (B, B); where unknown, none."""
        names = {"place", "time of day"} & self.properties.keys()
        same = torch.full((len(rows), len(rows)), bool(names))
        for name in names:
            true = self.properties[name][rows]
            same &= (true[:, None] == true[None]).all(2)
        return same

    def fits(self, rows: Tensor, told: Tensor) -> Tensor:
        """Which texts are true of which pictures.

        Args:
            rows: B pictures. told: B' captions.

        Returns:
            bool (B, B'): [i, j] says that all claims of caption j are facts of picture i.
        """
        return self._facts[rows][:, self._claims[told]].all(2)

    def fitting(self, other: "CaptionedPictures", caption: int) -> Tensor:
        """The pictures of which a caption of another split is true: long, as many as there are."""
        return self._facts[:, other._claims[caption]].all(1).nonzero()[:, 0]


def as_pictures(pixels: Tensor) -> Tensor:
    """uint8 0 to 255 as float32 in [-1, 1]."""
    return pixels.float() / 127.5 - 1


@torch.no_grad()
def embed(encoder: nn.Module, captions: Sequence[str], progress: bool = False) -> Tensor:
    """Embeddings of M captions by a text encoder, on the CPU: (M, E). Equal texts are read once."""
    from starter_code.text_to_image.encoders import in_parts

    different = sorted(set(captions), key=lambda text: (len(text), text))
    number = {text: place for place, text in enumerate(different)}
    read: Callable[[Any], Tensor] = encoder
    found = in_parts(encoder, read, different, 512, "reading captions" if progress else "")
    return found[torch.tensor([number[text] for text in captions])]


def _read(folder: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray, np.ndarray]:
    """Captions, pictures, facts with one more column, which is true, and claims that end there."""
    if not (folder / MANIFEST).is_file():
        raise CourseError(
            f"There are no finished pictures with captions in {folder}: prepare them."
        )
    try:
        told = json.loads((folder / "CAPTIONS.json").read_text("utf-8"))
        pictures = np.load(folder / "PICTURES.npy")
        with np.load(folder / "TRUTH.npz") as truth:
            packed, claims = truth["facts"], truth["claims"]
    except (OSError, ValueError, KeyError) as error:
        raise CourseError(
            f"{folder} cannot be read ({error}): delete it and prepare the data again."
        ) from None
    width = len(told["facts"])
    facts = np.unpackbits(packed, axis=1, count=width).astype(bool)
    facts = np.concatenate([facts, np.ones((len(facts), 1), bool)], axis=1)
    return told, pictures, facts, np.where(claims < 0, width, claims)
