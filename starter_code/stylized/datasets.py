"""Styled captions as a torch data set: what a picture shows, what is said of it, and how.

folder = prepare("scenes", tier("small"), styles=("positive", "negative"))
train = StyledDataset(folder, "train")
for batch in batches(train, 64, torch.Generator().manual_seed(0)):
    batch.visual, batch.captions, batch.styles, batch.style_words, batch.fact_words

`preparing` makes the folder and says what it holds.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from starter_code.captioning.datasets import decode
from starter_code.captioning.karpathy import PAD, SPLITS
from starter_code.captioning.pictures import stream_blocks
from starter_code.errors import CourseError
from starter_code.stylized import features as seen
from starter_code.stylized.preparing import MANIFEST
from starter_code.stylized.records import StyledCaption
from starter_code.stylized.vocabulary import Vocabulary, encode, numbered, spread

__all__ = [
    "PictureBatch",
    "StyledBatch",
    "StyledDataset",
    "batches",
    "collate",
    "require_vocabulary",
]


class StyledBatch(NamedTuple):
    """Captions in their styles; also one caption, then without the first dimension."""

    visual: Tensor  # ℰ(x), float (B, D); (B, 0) for a folder without pictures
    captions: Tensor  # long (B, T), T the longest here
    lengths: Tensor  # long (B,), words + 2
    styles: Tensor  # long (B,), the number of the style in `StyledDataset.styles`
    style_words: Tensor  # t^s of (7), float (B, V_s): style words of the caption
    fact_words: Tensor  # t^f of (6) and (8), float (B, V_f): fact words, see `StyledDataset`
    pictures: Tensor  # long (B,), the number of the picture in `StyledDataset.pictures`

    def to(self, device: torch.device | str) -> "StyledBatch":
        """The same batch on a device."""
        return StyledBatch(*(part.to(device) for part in self))


class PictureBatch(NamedTuple):
    """Pictures with what is said of them in all S styles: what D-Images is trained on."""

    visual: Tensor  # float (B, D)
    told: Tensor  # bool (B, S): whether there is a caption of the picture in that style
    style_words: Tensor  # float (B, S, V_s): style words of all its captions in that style
    fact_words: Tensor  # float (B, V_f)
    pictures: Tensor  # long (B,)

    def to(self, device: torch.device | str) -> "PictureBatch":
        """The same batch on a device."""
        return PictureBatch(*(part.to(device) for part in self))


class StyledDataset(Dataset[StyledBatch]):
    """One item per styled caption; `take` and `take_pictures` give whole batches at once.

    Args:
        folder: what `preparing.prepare` made.
        split: train, val or test.
        facts: where t^f comes from. "picture", as the source has it: the picture's factual
            captions, so that it is the same for all styles. "caption": the fact words of the styled
            caption itself, all there is where a data set has no factual captions. By default the
            first where it can be had.

    Attributes:
        styles: names of the styles; a label is a place here.
        words, word_map: the words by number and their numbers.
        style_words, fact_words: V_s and V_f, as `Vocabulary`.
        pictures: file names. told: the records of the captions, in order.

    Raises:
        CourseError: no such folder or split, facts that the folder does not have, features of
            other pictures.
    """

    def __init__(self, folder: str | Path, split: str, *, facts: str | None = None) -> None:
        self.folder, self.split = Path(folder), split
        manifest = _read_manifest(self.folder)
        if split not in SPLITS:
            raise CourseError(f"There is no split {split!r}: choose one of {', '.join(SPLITS)}.")
        self.styles = tuple(manifest["arguments"]["styles"])
        self.word_map: dict[str, int] = self._read("WORDMAP.json")
        self.words = sorted(self.word_map, key=lambda word: self.word_map[word])
        self.style_words = Vocabulary(self._read("STYLE_WORDS.json"))
        self.fact_words = Vocabulary(self._read("FACT_WORDS.json"))
        self.told = self._records()
        self.pictures = sorted({caption.picture for caption in self.told})
        self.facts = self._choose_facts(facts)
        self._number(manifest["max_length"])
        self._size: int = manifest["picture_size"]
        self._image_folder = self.folder / manifest["image_folder"]
        self.features = torch.zeros(len(self.pictures), 0)  # (N, D)
        if self._size:
            self.features = seen.read_features(self.folder / "FEATURES.hdf5", self.pictures)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise CourseError(
                f"{self.folder / name} cannot be read ({error}): delete {self.folder} and prepare "
                "the data again."
            ) from None

    def _records(self) -> list[StyledCaption]:
        factual = {
            name: tuple(map(tuple, told))
            for name, told in self._read("FACTUAL_CAPTIONS.json").items()
        }
        return [
            StyledCaption(
                picture,
                split,
                style,
                tuple(words),
                factual.get(picture, ()),
                marks and tuple(marks),
            )
            for picture, split, style, words, marks in self._read("STYLED_CAPTIONS.json")
            if split == self.split
        ]

    def _choose_facts(self, facts: str | None) -> str:
        has_factual = all(caption.factual for caption in self.told)
        chosen = facts or ("picture" if has_factual else "caption")
        if chosen not in ("picture", "caption") or (chosen == "picture" and not has_factual):
            raise CourseError(
                f"{self.folder} has no facts {chosen!r}: take "
                f"{'picture or caption' if has_factual else 'caption, it has no factual captions'}."
            )
        return chosen

    def _number(self, max_length: int) -> None:
        """Words as numbers, once; a batch only has to pick rows."""
        place = {name: i for i, name in enumerate(self.pictures)}
        label = {style: i for i, style in enumerate(self.styles)}
        ids = [torch.tensor(encode(c.tokens, self.word_map, max_length)) for c in self.told]
        self.lengths = torch.tensor([len(row) for row in ids])  # (captions,)
        self.captions = _padded(ids, self.word_map[PAD])  # (captions, T)
        self.labels = torch.tensor([label[caption.style] for caption in self.told])
        self.picture_of = torch.tensor([place[caption.picture] for caption in self.told])
        self._style_ids = [_ids(caption.tokens, self.style_words) for caption in self.told]
        self._fact_ids = [_ids(self._fact_text(caption), self.fact_words) for caption in self.told]
        self._captions_of: list[list[int]] = [[] for _ in self.pictures]
        for j, i in enumerate(self.picture_of.tolist()):
            self._captions_of[i].append(j)

    def _fact_text(self, caption: StyledCaption) -> list[str]:
        if self.facts == "caption":
            return list(caption.tokens)
        return [word for words in caption.factual for word in words]

    def __len__(self) -> int:
        return len(self.told)

    def __getitem__(self, j: int) -> StyledBatch:
        """Caption j: a `StyledBatch` without the first dimension."""
        return StyledBatch(*(part[0] for part in self.take(torch.tensor([j]))))

    @property
    def feature_dim(self) -> int:
        """D, entries of ℰ(x); 0 for a folder without pictures."""
        return self.features.shape[1]

    @property
    def key(self) -> str:
        """What a checkpoint keeps, so that it is never used with other words; see below."""
        parts = [self.styles, self.words, self.style_words.words, self.fact_words.words]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def take(self, rows: Tensor) -> StyledBatch:
        """The captions `rows`, long (B,), cut after the longest of them."""
        lengths, pictures = self.lengths[rows], self.picture_of[rows]
        chosen = rows.tolist()
        return StyledBatch(
            self.features[pictures],
            self.captions[rows, : int(lengths.max())],
            lengths,
            self.labels[rows],
            self._bags([self._style_ids[j] for j in chosen], self.style_words),
            self._bags([self._fact_ids[j] for j in chosen], self.fact_words),
            pictures,
        )

    def take_pictures(self, rows: Tensor) -> PictureBatch:
        """The pictures `rows`, long (B,), with the bags of all their captions."""
        told = torch.zeros(len(rows), len(self.styles), dtype=torch.bool)
        styles = torch.zeros(len(rows), len(self.styles), len(self.style_words))
        facts = []
        for b, i in enumerate(rows.tolist()):
            mine = self._captions_of[i]
            for s in range(len(self.styles)):
                in_style = [self._style_ids[j] for j in mine if self.labels[j] == s]
                if in_style:
                    told[b, s] = True
                    styles[b, s] = spread(torch.cat(in_style), len(self.style_words))
            # All captions of a picture share its factual captions; otherwise each has its own.
            mine = mine[:1] if self.facts == "picture" else mine
            facts.append(torch.cat([self._fact_ids[j] for j in mine]))
        bags = self._bags(facts, self.fact_words)
        return PictureBatch(self.features[rows], told, styles, bags, rows)

    def _bags(self, ids: list[Tensor], vocabulary: Vocabulary) -> Tensor:
        return torch.stack([spread(row, len(vocabulary)) for row in ids])

    def images(self, workers: int | None = None) -> Tensor:
        """The pictures themselves, in the order of `pictures`: uint8 (N, 3, S, S).

        Raises:
            CourseError: a folder prepared without pictures, or one is missing or damaged.
        """
        if not self._size:
            raise CourseError(
                f"{self.folder} was prepared without pictures: prepare it with pictures='all'."
            )
        paths = [str(self._image_folder / name) for name in self.pictures]
        blocks = stream_blocks(paths, self._size, workers)
        return torch.cat([torch.from_numpy(block) for block in blocks])

    def references(self, i: int, style: str) -> list[list[str]]:
        """All captions of picture i in a style, uncut, and with their rare words."""
        captions = (self.told[j] for j in self._captions_of[i])
        return [list(caption.tokens) for caption in captions if caption.style == style]

    def factual_ids(self, row: int) -> list[Tensor]:
        """The factual captions of the picture of caption `row`, as numbers; rare words are <unk>.

        Raises:
            CourseError: the data set has none.
        """
        if not self.told[row].factual:
            raise CourseError(
                f"{self.folder} has no factual captions, and this needs them: put those of the "
                "photos' own data set below the data folder and prepare again."
            )
        most = int(self.lengths.max()) - 2
        return [torch.tensor(encode(c, self.word_map, most)) for c in self.told[row].factual]

    def decode(self, ids: Sequence[int] | Tensor) -> list[str]:
        """The words of a caption given by its numbers, without <start>, <end> and <pad>."""
        return decode(ids, self.words)


def collate(examples: Sequence[StyledBatch]) -> StyledBatch:
    """Items of a `StyledDataset` as one batch; captions are padded with 0, which is <pad>."""
    columns = list(zip(*examples, strict=True))
    captions = _padded([e.captions[: int(e.lengths)] for e in examples], 0)
    return StyledBatch(
        torch.stack(columns[0]), captions, *(torch.stack(column) for column in columns[2:])
    )


def batches(
    dataset: StyledDataset, batch_size: int, generator: torch.Generator | None = None
) -> Iterator[StyledBatch]:
    """All captions once, in batches: in a new order from `generator`, or as they are without one.

    A shuffled epoch drops what is left over; in order, the last batch is smaller.
    """
    if generator is None:
        yield from (dataset.take(rows) for rows in torch.arange(len(dataset)).split(batch_size))
        return
    order = torch.randperm(len(dataset), generator=generator)
    for rows in order.split(batch_size):
        if len(rows) == batch_size or len(dataset) < batch_size:
            yield dataset.take(rows)


def require_vocabulary(dataset: StyledDataset, key: str, source: str | Path) -> None:
    """Refuse what was trained with other words.

    Args:
        key: `StyledDataset.key` as `source`, a checkpoint, has kept it.

    Raises:
        CourseError: the vocabulary of `source` is not that of the data set.
    """
    if key != dataset.key:
        raise CourseError(
            f"{source} has a vocabulary from another data set than {dataset.folder}: prepare the "
            "data that it was trained on, or train again."
        )


def _padded(rows: Sequence[Tensor], pad: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=pad)


def _ids(tokens: Sequence[str], vocabulary: Vocabulary) -> Tensor:
    return torch.tensor(numbered(tokens, vocabulary), dtype=torch.long)


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        raise CourseError(
            f"There are no finished styled captions in {folder}: make them with prepare."
        ) from None
