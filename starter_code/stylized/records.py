"""Styled captions of real data sets and of the picture world, all as one kind of record.

The readers take the files as their authors publish them:

FlickrStyle10K (Gan et al., CVPR 2017), FlickrStyle_v0.9.zip
    humor/funny_train.txt, humor/train.p       a caption a line (Latin-1), names of the pictures
    romantic/romantic_train.txt, romantic/train.p    likewise; the photos are those of Flickr8k
SentiCap (Mathews, Xie and He, AAAI 2016), senticap_dataset.json
    pictures with split and sentences; a sentence has tokens, sentiment (1 positive, 0 negative) and
    word_sentiment, 1 for the words of an adjective-noun pair that carries it

Neither holds factual captions; `read_factual` takes them from the captions of Flickr8k or COCO.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from starter_code.captioning.karpathy import SPLITS, read_karpathy, tokenise
from starter_code.errors import CourseError
from starter_code.scenes import captions, scene_at, tokenize
from starter_code.scenes.writing import filename, split_of
from starter_code.stylized.telling import in_all_styles

__all__ = [
    "StyledCaption",
    "check_styles",
    "read_factual",
    "read_flickrstyle10k",
    "read_senticap",
    "tell_scenes",
    "with_factual",
    "with_pictures",
]

_PHOTO = re.compile(rb"\d+_[0-9a-f]+\.jpg")
_FLICKRSTYLE = {
    "humorous": ("humor/funny_train.txt", ("humor/train.p", "humor_filenames.txt")),
    "romantic": ("romantic/romantic_train.txt", ("romantic/train.p", "romantic_filenames.txt")),
}
Words = tuple[str, ...]


@dataclass(frozen=True)
class StyledCaption:
    """One caption in one style.

    picture    file name below the image folder
    split      train, val or test; all captions of a picture are in one
    style      its name
    tokens     its words
    factual    the picture's factual captions, where there are any (y_f of DSIC, Algorithm 1). They
               are for bags of words and for scores and never an input: a styled caption is often
               one of them with a few words put in, so a network that saw it would only copy.
    marks      which of the words carry the style, where that is known
    """

    picture: str
    split: str
    style: str
    tokens: Words
    factual: tuple[Words, ...] = ()
    marks: tuple[bool, ...] | None = None


# ----------------------------------------------------------------------------------- FlickrStyle10K


def read_flickrstyle10k(folder: str | Path, *, seed: int = 0) -> list[StyledCaption]:
    """FlickrStyle10K as published: 7,000 pictures, a humorous and a romantic caption of each.

    The authors' test captions are not public. DSIC, section 4.1, therefore takes 6,000 of the
    pictures to train, 100 of them to validate, and tests on the other 1,000: 5,900, 100 and 1,000
    here (a seventh and a seventieth of any other number), drawn from `seed`, which the source does
    not give. The lists of names are Python pickles: names are found in their bytes, and nothing is
    unpickled.

    Raises:
        CourseError: a missing file, a line without words, names and lines that do not match.
    """
    folder, told = Path(folder), []
    for style, (text, lists) in _FLICKRSTYLE.items():
        lines = _find(folder, text)
        names = _names(_find(folder, *lists))
        for name, tokens in zip(names, _lines(lines, len(names)), strict=True):
            told.append(StyledCaption(name, "", style, tokens))
    names = sorted({caption.picture for caption in told})
    held_out = {"test": round(len(names) / 7), "val": round(len(names) / 70)}
    split = _draw(names, held_out, seed)
    return [replace(caption, split=split[caption.picture]) for caption in told]


def _find(folder: Path, *names: str) -> Path:
    """The first of these files, as in the zip, or bare."""
    paths = [
        folder / place
        for name in names
        for place in (name, f"FlickrStyle_v0.9/{name}", Path(name).name)
        if place != "train.p"  # bare, nobody knows whose list it is
    ]
    for path in paths:
        if path.is_file():
            return path
    raise CourseError(
        f"There is no file {paths[0]}: fetch FlickrStyle10K and unpack it into {folder}."
    )


def _names(path: Path) -> list[str]:
    names = [name.decode() for name in _PHOTO.findall(path.read_bytes())]
    twice = [name for name, n in Counter(names).items() if n > 1]
    if not names or twice:
        what = f"names {twice[0]} twice" if twice else "names no picture"
        raise CourseError(f"{path} {what}: it is not FlickrStyle10K's list, fetch it again.")
    return names


def _lines(path: Path, wanted: int) -> list[Words]:
    # Not splitlines(): in Latin-1 it would also break a line at the byte of an ellipsis.
    lines = path.read_bytes().decode("latin-1").rstrip("\r\n").split("\n")
    if len(lines) != wanted:
        raise CourseError(
            f"{path} has {len(lines)} captions for {wanted} picture names, so they do not belong "
            "together: fetch FlickrStyle10K again."
        )
    told = [tuple(tokenise(line)) for line in lines]
    if () in told:
        raise CourseError(
            f"{path}, line {told.index(()) + 1} has no words: fetch FlickrStyle10K again."
        )
    return told


def _draw(names: Sequence[str], sizes: Mapping[str, int], seed: int) -> dict[str, str]:
    """A split of pictures: the named sizes drawn by lot, the rest train."""
    split, start = dict.fromkeys(names, "train"), 0
    order = np.random.default_rng(seed).permutation(len(names))
    for part, size in sizes.items():
        split |= {names[i]: part for i in order[start : start + size]}
        start += size
    return split


# ----------------------------------------------------------------------------------------- SentiCap


def read_senticap(path: str | Path, *, split: str = "public", seed: int = 0) -> list[StyledCaption]:
    """SentiCap as published: 2,225 pictures with 4,892 positive and 3,977 negative captions.

    split="public" is the file's own: 1,217 train, 265 val and 878 test entries. An entry is not
    always a picture: 135 test pictures have two entries, one for each sentiment, so 743 pictures
    are tested. split="paper" gives DSIC's sizes (section 4.1), 1,753, 236 and 236. They are the
    2,225 pictures counted once, so the source cannot have used the public split. It says that every
    val and test picture has three captions of each sentiment: they are drawn among those, from
    `seed`, which the source does not give.

    Args:
        path: senticap_dataset.json, or the folder that holds it.

    Raises:
        CourseError: a missing or malformed file, a caption without a sentiment, an unknown split.
    """
    path = Path(path) / "senticap_dataset.json" if Path(path).is_dir() else Path(path)
    if split not in ("public", "paper"):
        raise CourseError(f"SentiCap has no split {split!r}: take 'public' or 'paper'.")
    told: list[StyledCaption] = []
    for number, entry in enumerate(_senticap_entries(path)):
        told += _of_entry(entry, f"{path}, entry {number}")
    return told if split == "public" else _paper_split(told, path, seed)


def _senticap_entries(path: Path) -> list[Any]:
    if not path.is_file():
        raise CourseError(f"There is no file {path}: fetch SentiCap first.")
    try:
        entries = json.loads(path.read_text("utf-8"))["images"]
    except (ValueError, KeyError, TypeError):
        entries = None
    if not isinstance(entries, list) or not entries:
        raise CourseError(
            f'{path} has no list "images": it is not SentiCap\'s file, fetch it again.'
        )
    return entries


def _of_entry(entry: Any, where: str) -> list[StyledCaption]:
    try:
        name, split, sentences = entry["filename"], entry["split"], entry["sentences"]
        told = [_of_sentence(name, split, sentence, where) for sentence in sentences]
    except (KeyError, TypeError) as error:
        raise CourseError(
            f"{where} is not as in SentiCap's file ({type(error).__name__}: {error}): "
            "fetch it again."
        ) from None
    if split not in SPLITS or not told:
        what = "has no captions" if not told else f"has the unknown split {split!r}"
        raise CourseError(f"{where} ({name}) {what}: fetch SentiCap's file again.")
    return told


def _of_sentence(name: str, split: str, sentence: Any, where: str) -> StyledCaption:
    tokens = tuple(sentence["tokens"])
    marks = tuple(bool(mark) for mark in sentence["word_sentiment"])
    if sentence.get("sentiment") not in (0, 1):
        raise CourseError(
            f"{where} ({name}) has a caption without a style, its sentiment is "
            f"{sentence.get('sentiment')!r}: write 1 for positive or 0 for negative, or remove it."
        )
    if not tokens or len(tokens) != len(marks):
        raise CourseError(
            f"{where} ({name}) has {len(tokens)} tokens and {len(marks)} entries of "
            "word_sentiment in a caption: fetch SentiCap's file again."
        )
    style = ("negative", "positive")[sentence["sentiment"]]
    return StyledCaption(name, split, style, tokens, marks=marks)


def _paper_split(told: list[StyledCaption], path: Path, seed: int) -> list[StyledCaption]:
    number = Counter((caption.picture, caption.style) for caption in told)
    names = sorted({caption.picture for caption in told})
    full = [n for n in names if number[n, "positive"] >= 3 <= number[n, "negative"]]
    size = round(len(names) * 236 / 2225)
    if len(full) < 2 * size:
        raise CourseError(
            f"{path} has {len(full)} pictures with three captions of each sentiment, and the "
            f"paper's split needs {2 * size}: take split='public'."
        )
    split = dict.fromkeys(names, "train") | _held_out(full, size, seed)
    return [replace(caption, split=split[caption.picture]) for caption in told]


def _held_out(full: list[str], size: int, seed: int) -> dict[str, str]:
    drawn = _draw(full, {"test": size, "val": size}, seed)
    return {name: part for name, part in drawn.items() if part != "train"}


# ------------------------------------------------------------------------------------------- scenes


def tell_scenes(
    pictures: int,
    seed: int = 0,
    *,
    styles: Sequence[str],
    captions_per_style: int = 2,
    factual_captions: int = 5,
    objects: tuple[int, int] = (1, 3),
) -> list[StyledCaption]:
    """The picture world `seed` of `write_scenes`, told `captions_per_style` times in each style.

    Telling k of a picture says the same facts in all styles; see `telling`. The factual captions
    are those of the data set on disk.
    """
    told = []
    for index in range(pictures):
        scene = scene_at(seed, index, objects)
        plain = captions(scene, np.random.default_rng([seed, index, 1, 0]), factual_captions)
        facts = tuple(tuple(tokenize(caption)) for caption in plain)
        for k in range(captions_per_style):
            for style, said in in_all_styles(scene, [seed, index, 2, k], tuple(styles)).items():
                place = filename(index), split_of(index, pictures)
                told.append(StyledCaption(*place, style, said.tokens, facts, said.marks))
    return told


# --------------------------------------------------------------------------------- what all can use


def read_factual(path: str | Path) -> dict[str, tuple[Words, ...]]:
    """Factual captions by the picture's bare file name.

    Args:
        path: a Karpathy JSON (dataset_flickr8k.json, dataset_coco.json), or Flickr8k.token.txt
            with a picture, "#", a number, a tab and a caption a line.

    Raises:
        CourseError: a missing or malformed file.
    """
    path, found = Path(path), defaultdict(list)
    if path.suffix == ".json":
        for picture in read_karpathy(path):
            found[Path(picture.filename).name] += picture.captions
        return {name: tuple(told) for name, told in found.items()}
    if not path.is_file():
        raise CourseError(f"There is no caption file {path}: fetch the captions of Flickr8k.")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        name, tab, text = line.partition("\t")
        if not tab or "#" not in name:
            raise CourseError(
                f"{path}, line {number}: expected picture#number, a tab and a caption; "
                "fetch the file again."
            )
        # One name of the original has a stray ".1" behind ".jpg".
        found[re.sub(r"(\.jpg).*", r"\1", name)].append(tuple(tokenise(text)))
    return {name: tuple(told) for name, told in found.items()}


def with_factual(
    told: Iterable[StyledCaption], factual: Mapping[str, tuple[Words, ...]]
) -> list[StyledCaption]:
    """The captions with their pictures' factual captions.

    Raises:
        CourseError: a picture has none: the captions are of other pictures.
    """
    told = list(told)
    lacking = sorted({c.picture for c in told if not factual.get(c.picture)})
    if lacking:
        raise CourseError(
            f"{len(lacking)} of {len({c.picture for c in told})} pictures have no factual caption, "
            f"such as {lacking[0]}: give the captions of the data set that the photos come from."
        )
    return [replace(caption, factual=factual[caption.picture]) for caption in told]


def with_pictures(told: Iterable[StyledCaption], image_folder: str | Path) -> list[StyledCaption]:
    """The captions whose picture lies in the folder: for who has only some of the photos.

    Raises:
        CourseError: none does.
    """
    there = {path.name for path in Path(image_folder).glob("*")}
    kept = [caption for caption in told if caption.picture in there]
    if not kept:
        raise CourseError(
            f"Images and captions do not align: none of the captions' pictures lies in "
            f"{image_folder}; give the folder of this data set's photos."
        )
    return kept


def check_styles(told: Iterable[StyledCaption], styles: Sequence[str]) -> None:
    """Refuse captions of which a split lacks one of the styles.

    Raises:
        CourseError: names the first style and split.
    """
    there = {(caption.split, caption.style) for caption in told}
    for split in SPLITS:
        for style in styles:
            if (split, style) not in there:
                raise CourseError(
                    f"The split {split!r} has no {style} caption: every one of "
                    f"{', '.join(SPLITS)} needs captions in each of {', '.join(styles)}."
                )
