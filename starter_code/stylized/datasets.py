"""Styled captions as a torch data set: what a picture shows, what is said of it, and how.

folder = prepare("scenes", tier("small"), styles=("positive", "negative"))   # made once, then found
train = StyledDataset(folder, "train")
for batch in batches(train, 64, torch.Generator().manual_seed(0)):
    batch.visual, batch.captions, batch.styles, batch.style_words, batch.fact_words

A prepared folder holds

    STYLED_CAPTIONS.json    [picture, split, style, words, marks] per caption
    FACTUAL_CAPTIONS.json   picture -> its factual captions; {} where the data set has none
    WORDMAP.json            word -> number, of the train split's styled captions
    STYLE_WORDS.json        V_s     FACT_WORDS.json   V_f     (DSIC, section 3.3)
    FEATURES.hdf5           ℰ(x) of each picture; none for a folder prepared without pictures
    STYLED_FILES.json       how all this was made; written last: without it the folder is unfinished
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from starter_code import catalogue
from starter_code.captioning import datasets as captioning
from starter_code.captioning.datasets import decode
from starter_code.captioning.karpathy import PAD, SPLITS
from starter_code.captioning.pictures import stream_blocks
from starter_code.captioning.resumable import write_json
from starter_code.errors import CourseError
from starter_code.locks import only_run
from starter_code.stylized import features as seen
from starter_code.stylized.records import (
    StyledCaption,
    check_styles,
    read_factual,
    read_flickrstyle10k,
    read_senticap,
    tell_scenes,
    with_factual,
    with_pictures,
)
from starter_code.stylized.vocabulary import (
    Vocabulary,
    encode,
    numbered,
    split_vocabulary,
    spread,
    word_map_of,
)
from starter_code.tiers import Tier
from starter_code.tiers import tier as tier_named

__all__ = [
    "PictureBatch",
    "StyledBatch",
    "StyledDataset",
    "batches",
    "collate",
    "prepare",
    "require_vocabulary",
]

FORMAT = 1
MANIFEST = "STYLED_FILES.json"
PHOTO_SIZE, RESNET_SIZE = 128, 224  # pixels per side of a photo, at the CPU tiers and at full
STYLES_OF = {  # the styles of each data set, in the order of their labels
    "scenes": ("positive", "negative"),
    "senticap": ("positive", "negative"),
    "flickrstyle10k": ("humorous", "romantic"),
}


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
        folder: what `prepare` made.
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


# ------------------------------------------------------------------------------------------ prepare


def prepare(
    dataset: str,
    tier: Tier | str | None = None,
    root: str | Path = "data",
    *,
    styles: Sequence[str] | None = None,
    seed: int = 0,
    split: str = "public",
    pictures: str = "all",
    device: str = "auto",
    workers: int | None = None,
) -> Path:
    """Make, or find, the styled captions of a data set at a tier; return their folder.

    Args:
        dataset: "scenes", drawn here and now, or "senticap" or "flickrstyle10k" below `root`. The
            factual captions are taken from coco2014 and flickr8k below `root` if they lie there.
        styles: which styles, in the order of their labels; by default those of `STYLES_OF`. The
            scenes have four: positive, negative, humorous, romantic.
        seed: of the scenes, and of a split that is drawn.
        split: of SentiCap, "public" or "paper"; see `read_senticap`.
        pictures: "all"; "there" for only the captions whose photo lies on the disk; "none" for
            captions without pictures.

    Raises:
        CourseError: an unknown data set, style or option, or missing files (says which).
    """
    size = tier if isinstance(tier, Tier) else tier_named(tier)
    styles = tuple(styles or STYLES_OF.get(dataset, ()))
    arguments = {
        "format": FORMAT, "dataset": dataset, "tier": size.name, "styles": styles,
        "seed": seed, "split": split, "pictures": pictures,
    }  # fmt: skip
    _check_arguments(dataset, styles, pictures)
    folder = _folder(Path(root), arguments)
    if (folder / MANIFEST).exists():
        return folder
    with only_run(folder):
        if not (folder / MANIFEST).exists():
            told, images = _gather(dataset, size, Path(root), arguments, workers)
            check_styles(told, styles)
            _write_words(folder, told, styles, size.min_word_freq if dataset == "scenes" else 2)
            side = _picture_size(dataset, size) if pictures != "none" else 0
            if side:
                _write_features(folder, told, images, side, size, arguments, device, workers)
            _write_manifest(folder, told, images, side, size, arguments)
    return folder


def _check_arguments(dataset: str, styles: Sequence[str], pictures: str) -> None:
    if dataset not in STYLES_OF:
        raise CourseError(
            f"There are no styled captions {dataset!r}: choose one of {', '.join(STYLES_OF)}."
        )
    if pictures not in ("all", "there", "none"):
        raise CourseError(f"pictures is {pictures!r}: take 'all', 'there' or 'none'.")
    known = STYLES_OF["senticap"] + STYLES_OF["flickrstyle10k"]
    known = known if dataset == "scenes" else STYLES_OF[dataset]
    unknown = [style for style in styles if style not in known]
    if unknown or len(set(styles)) != len(styles) or len(styles) < 2:
        raise CourseError(
            f"{dataset} cannot be told in {', '.join(styles) or 'no style'}: take two or more "
            f"different styles of {', '.join(known)}."
        )


def _folder(root: Path, arguments: Mapping[str, Any]) -> Path:
    """A folder of its own for every combination of arguments."""
    options = {k: v for k, v in arguments.items() if k not in ("dataset", "tier", "seed", "styles")}
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:6]
    name = "_".join(["styled", arguments["tier"], f"seed{arguments['seed']}", *arguments["styles"]])
    return root / arguments["dataset"] / f"{name}_{digest}"


def _gather(
    dataset: str, tier: Tier, root: Path, arguments: Mapping[str, Any], workers: int | None
) -> tuple[list[StyledCaption], Path]:
    """The captions and the folder of their pictures."""
    seed, pictures = arguments["seed"], arguments["pictures"]
    if dataset == "scenes":
        images = root / "scenes" / f"{tier.name}_seed{seed}" / "images"
        if pictures != "none":
            captioning.prepare("scenes", tier, root, seed=seed, workers=workers)
        styles = arguments["styles"]
        return tell_scenes(tier.pictures, seed, styles=styles), images
    if pictures == "all" and (missing := catalogue.check(dataset, root)):
        raise CourseError(
            f"{dataset} is not complete below {root}: missing {'; '.join(missing)}. "
            f"Where to get it: {catalogue.find(dataset).source}."
        )
    images = catalogue.find(dataset).image_folder(root)
    if dataset == "senticap":
        told = read_senticap(root / dataset, split=arguments["split"], seed=seed)
    else:
        told = read_flickrstyle10k(root / dataset, seed=seed)
    told = with_pictures(told, images) if pictures == "there" else told
    factual = _factual_file(dataset, root)
    return (with_factual(told, read_factual(factual)) if factual else told), images


def _factual_file(dataset: str, root: Path) -> Path | None:
    """The captions of the photos' own data set, if they are on the disk."""
    places = {
        "senticap": ["coco2014/dataset_coco.json"],
        "flickrstyle10k": ["flickr8k/dataset_flickr8k.json", "flickr8k/Flickr8k.token.txt"],
    }
    return next((root / p for p in places[dataset] if (root / p).is_file()), None)


def _write_words(
    folder: Path, told: Sequence[StyledCaption], styles: Sequence[str], min_word_freq: int
) -> None:
    train = [caption for caption in told if caption.split == "train"]
    factual = {caption.picture: caption.factual for caption in train}
    style_words, fact_words = split_vocabulary(
        {style: [c.tokens for c in train if c.style == style] for style in styles},
        [words for captions in factual.values() for words in captions],
        min_word_freq=max(2, min_word_freq),
    )
    word_map = word_map_of((caption.tokens for caption in train), min_word_freq)
    everywhere = {caption.picture: caption.factual for caption in told if caption.factual}
    rows = [[c.picture, c.split, c.style, c.tokens, c.marks] for c in told]
    for name, content in (
        ("WORDMAP", word_map),
        ("STYLE_WORDS", style_words.words),
        ("FACT_WORDS", fact_words.words),
        ("FACTUAL_CAPTIONS", everywhere),
        ("STYLED_CAPTIONS", rows),
    ):
        _write_compact(folder / f"{name}.json", content)


def _write_compact(path: Path, content: Any) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _picture_size(dataset: str, tier: Tier) -> int:
    if dataset == "scenes":
        return tier.picture_size
    return PHOTO_SIZE if tier.encoder == "small" else RESNET_SIZE


def _write_manifest(
    folder: Path,
    told: Sequence[StyledCaption],
    images: Path,
    picture_size: int,
    tier: Tier,
    arguments: Mapping[str, Any],
) -> None:
    longest = max(len(caption.tokens) for caption in told)
    write_json(
        folder / MANIFEST,
        {
            "arguments": arguments,
            "max_length": min(tier.max_length, longest),
            "picture_size": picture_size,  # 0: no pictures
            "image_folder": os.path.relpath(images, folder),
        },
    )


def _write_features(
    folder: Path,
    told: Sequence[StyledCaption],
    images: Path,
    size: int,
    tier: Tier,
    arguments: Mapping[str, Any],
    device: str,
    workers: int | None,
) -> None:
    names = sorted({caption.picture for caption in told})
    if arguments["dataset"] == "scenes":
        encoder = seen.scene_encoder(tier, images.parent / "input", arguments["seed"], device)
    else:
        train = sorted({c.picture for c in told if c.split == "train"})
        encoder = seen.photo_encoder(tier, [images / n for n in train], size, arguments["seed"])
    seen.write_features(
        folder / "FEATURES.hdf5", names, images, encoder, size,
        made_with=dict(arguments), device=device, workers=workers,
    )  # fmt: skip
