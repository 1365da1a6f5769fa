"""Photos with the captions that Reed et al. 2016 had written for them, in their public layouts.

cub/          CUB_200_2011/images/001.Black_footed_Albatross/….jpg    (or images/ itself)
              text_c10/001.Black_footed_Albatross/….txt               ten captions, one a line
              CUB_200_2011/images.txt, CUB_200_2011/bounding_boxes.txt     where the birds are
oxford102/    jpg/image_00001.jpg
              text_c10/class_00001/image_06734.txt
both          trainclasses.txt  valclasses.txt  testclasses.txt       a class folder's name a line

Nothing is fetched: the photos have terms of their own. CUB-200-2011 comes from the California
Institute of Technology, Oxford-102 from the Visual Geometry Group in Oxford, captions and class
lists from the page of "Learning deep representations of fine-grained visual descriptions".

Where the two lists of CUB are there, photos are cut to squares around the birds, as is usual (the
birds of most photos are small); without them, and in Oxford-102, the middle of a photo is taken.

What is true of a photo is not written anywhere. A text counts as true of it if it was written for a
photo of the same class. Classes for testing are never trained on, as in the source.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.text_to_image.preparing import Gathered

__all__ = ["Photo", "list_photos", "read_photos"]

# Where the photos may lie below the data set's folder, the first that is there.
PHOTOS = {"cub": ("CUB_200_2011/images", "images"), "oxford102": ("jpg", "images")}
AROUND = 1.5  # side of the square, in longer sides of the bird's box
SPLITS = {"train": "trainclasses.txt", "val": "valclasses.txt", "test": "testclasses.txt"}

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Photo:
    """One photo: where it lies, its class and split, and what is said of it."""

    path: Path
    label: str
    split: str
    captions: tuple[str, ...]


def list_photos(dataset: str, folder: Path) -> list[Photo]:
    """All photos that have captions and whose class is in one of the lists.

    Args:
        dataset: "cub" or "oxford102". folder: in which it lies, see above.

    Raises:
        CourseError: files that are missing or empty; says which.
    """
    texts = _there(folder, ("text_c10",), "captions")
    photos = _there(folder, PHOTOS[dataset], "photos")
    split_of = {
        label: split
        for split, name in SPLITS.items()
        for label in _lines(_there(folder, (name,), "a class list"))
    }
    found = []
    for label in sorted(split_of):
        for text in sorted((texts / label).glob("*.txt")):
            beside = photos / label if (photos / label).is_dir() else photos
            path, captions = beside / f"{text.stem}.jpg", tuple(_lines(text))
            if not captions:
                raise CourseError(f"{text} has no caption in it: fetch the captions again.")
            if not path.is_file():
                raise CourseError(f"{text} has captions of a photo that is not there, {path}.")
            found.append(Photo(path, label, split_of[label], captions))
    for split in SPLITS:
        if not any(photo.split == split for photo in found):
            raise CourseError(
                f"The split {split} of {dataset} is empty: no class of {SPLITS[split]} has a file "
                f"in {texts}."
            )
    return found


def read_photos(dataset: str, folder: Path, side: int, progress: bool = True) -> Gathered:
    """All photos, cut to squares of `side` pixels, with captions and classes."""
    photos = list_photos(dataset, folder)
    labels = sorted({photo.label for photo in photos})
    number = {label: place for place, label in enumerate(labels)}
    boxes = _boxes(folder) if dataset == "cub" else {}
    pixels = np.empty((len(photos), 3, side, side), np.uint8)
    facts = np.zeros((len(photos), len(labels)), bool)
    for row, photo in enumerate(tqdm(photos, "reading photos", disable=not progress)):
        box = boxes.get(f"{photo.path.parent.name}/{photo.path.name}")
        pixels[row] = _square(photo.path, side, box)
        facts[row, number[photo.label]] = True
    return Gathered(
        pixels,
        [photo.split for photo in photos],
        [list(photo.captions) for photo in photos],
        facts,
        [[[number[photo.label]]] * len(photo.captions) for photo in photos],
        [("class", label) for label in labels],
    )


def _there(folder: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise CourseError(
        f"{folder} has no {' or '.join(names)} ({what}): put the files there as "
        "starter_code/text_to_image/public.py lists them."
    )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _boxes(folder: Path) -> dict[str, Box]:
    """(left, top, width, height) of the bird in each photo of CUB, if the lists are there."""
    names, boxes = (folder / "CUB_200_2011" / f"{n}.txt" for n in ("images", "bounding_boxes"))
    if not (names.is_file() and boxes.is_file()):
        return {}
    where = dict(line.split(maxsplit=1) for line in _lines(names) if " " in line)
    found: dict[str, Box] = {}
    for line in _lines(boxes):
        try:
            number, *box = line.split()
            left, top, width, height = map(float, box)
            found[where[number]] = left, top, width, height
        except (KeyError, ValueError):
            raise CourseError(
                f"{boxes} has a line that is no box of a photo in images.txt, {line!r}: fetch "
                "CUB-200-2011 again."
            ) from None
    return found


def _square(path: Path, side: int, box: Box | None = None) -> np.ndarray:
    """A photo's middle, or a square around a box, as uint8 (3, side, side)."""
    try:
        with Image.open(path) as image:
            photo = image.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise CourseError(f"{path} is damaged ({error}): fetch it again or take it away.") from None
    if box:
        left, top, width, height = box
        half = AROUND * max(width, height) / 2
        x, y = left + width / 2, top + height / 2
        around = (
            max(0, round(x - half)), max(0, round(y - half)),
            min(photo.width, round(x + half)), min(photo.height, round(y + half)),
        )  # fmt: skip
        if around[0] >= around[2] or around[1] >= around[3]:
            raise CourseError(f"{path} has a box {box} outside of it: fetch CUB-200-2011 again.")
        photo = photo.crop(around)
    fitted = ImageOps.fit(photo, (side, side), Image.Resampling.BICUBIC)
    return np.asarray(fitted).transpose(2, 0, 1)
