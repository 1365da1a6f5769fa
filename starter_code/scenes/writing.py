"""A data set on disk: the pictures, Karpathy's JSON beside them, and the ground truth.

folder/
  recipe.json     how the set was made; a second run with another recipe is refused
  images/         scene_000000.png, ...
  factors.json    per picture: factors, boxes, keypoints, styled captions
  dataset.json    captions and splits, in the form that COCO and Flickr8k come in; written last

A scene depends on (seed, index) alone, and every file appears under its name only when it is
complete, so an interrupted run is run again and draws only the pictures that are missing.
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.locks import only_run
from starter_code.scenes.captions import captions
from starter_code.scenes.drawing import box_of, check_size, draw_scene, keypoints, masks
from starter_code.scenes.sampling import Scene, factors, scene_at
from starter_code.scenes.styles import STYLES, styled_caption
from starter_code.scenes.words import tokenize

WORLD_VERSION = 1  # raise it when the same seed gives other pictures or captions
FEWEST_PICTURES, MOST_PICTURES = 3, 1_000_000
_CAPTION_STREAM = 1  # keeps the lots for words apart from those for the scene


def write_scenes(
    folder: str | os.PathLike[str],
    pictures: int,
    size: int = 64,
    seed: int = 0,
    *,
    objects: tuple[int, int] = (1, 3),
    captions_per_picture: int = 5,
    progress: bool = True,
) -> Path:
    """Write a data set of `pictures` scenes in Karpathy's layout, or finish one that was begun.

    Args:
        folder: where to; made if it is not there.
        pictures: how many; val and test get a tenth each, or 500 each from 2,000 pictures on.
        size: pixels a side, 32 to 256.
        seed: which world; pictures of two seeds have nothing in common.
        objects: fewest and most objects in a picture.
        captions_per_picture: plain captions of each picture.
        progress: whether to show a bar.

    Returns:
        The path of dataset.json.

    Raises:
        CourseError: bad arguments, another data set in the folder, no space, no right to write.
    """
    recipe = _recipe(pictures, size, seed, objects, captions_per_picture)
    folder = Path(folder)
    with _clear_errors(folder), only_run(folder):
        _begin(folder, recipe)
        missing = _missing(folder, pictures)
        for index in tqdm(missing, "drawing scenes", unit="picture", disable=not progress):
            scene = scene_at(seed, index, objects)
            _write_picture(folder / "images" / filename(index), draw_scene(scene, size))
        if not (folder / "dataset.json").exists():
            _write_truth(folder, recipe, progress)
    return folder / "dataset.json"


def filename(index: int) -> str:
    """The file name of picture `index`."""
    return f"scene_{index:06d}.png"


def split_of(index: int, pictures: int) -> str:
    """The split of a picture: first train, then val, then test; scenes are independent anyway."""
    held_out = 500 if pictures >= 2000 else max(1, pictures // 10)
    if index < pictures - 2 * held_out:
        return "train"
    return "val" if index < pictures - held_out else "test"


def _recipe(
    pictures: int, size: int, seed: int, objects: tuple[int, int], captions_per_picture: int
) -> dict[str, Any]:
    check_size(size)
    _whole("pictures", pictures, FEWEST_PICTURES, MOST_PICTURES)
    _whole("seed", seed, 0, 2**63)
    _whole("captions_per_picture", captions_per_picture, 1, 100)
    scene_at(seed, 0, objects)
    return {
        "world_version": WORLD_VERSION,
        "pictures": pictures,
        "size": size,
        "seed": seed,
        "objects": list(objects),
        "captions_per_picture": captions_per_picture,
    }


def _whole(name: str, value: Any, lowest: int, highest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise CourseError(
            f"{name} is {value!r}, but has to be a whole number from {lowest:,} to {highest:,}."
        )


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise CourseError(
                f"There is no space left on the disk for {folder}; free some and run the same "
                "command again: finished pictures are kept."
            ) from error
        raise CourseError(
            f"Cannot write the scenes to {folder} ({error.strerror or error}); "
            "choose a folder that you may write to."
        ) from error


def _begin(folder: Path, recipe: dict[str, Any]) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    note = folder / "recipe.json"
    if not note.exists():
        if (folder / "dataset.json").exists():
            raise CourseError(f"{folder} holds another data set; choose an empty folder.")
        _write_whole(note, json.dumps(recipe, indent=1).encode())
    elif _read_recipe(note) != recipe:
        raise CourseError(
            f"{folder} holds scenes made another way ({note.name} says how); "
            "choose another folder or delete this one."
        )


def _read_recipe(note: Path) -> Any:
    try:
        return json.loads(note.read_text())
    except ValueError:
        return None


def _missing(folder: Path, pictures: int) -> list[int]:
    there = {entry.name for entry in os.scandir(folder / "images")}
    return [index for index in range(pictures) if filename(index) not in there]


def _write_picture(path: Path, picture: np.ndarray) -> None:
    part = path.with_suffix(".part")
    try:
        Image.fromarray(picture).save(part, format="PNG", compress_level=2)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write_truth(folder: Path, recipe: dict[str, Any], progress: bool) -> None:
    """factors.json and dataset.json, both streamed: memory does not grow with the data set."""
    numbers = range(recipe["pictures"])
    bar = tqdm(numbers, "writing truth", unit="picture", disable=not progress)
    scenes = (scene_at(recipe["seed"], index, tuple(recipe["objects"])) for index in numbers)
    truth = (_truth(scene, recipe) for scene, _ in zip(scenes, bar, strict=True))
    _write_list(folder / "factors.json", b"[\n", truth, b"\n]\n")
    scenes = (scene_at(recipe["seed"], index, tuple(recipe["objects"])) for index in numbers)
    entries = (_karpathy_entry(scene, recipe) for scene in scenes)
    _write_list(folder / "dataset.json", b'{"dataset": "scenes", "images": [\n', entries, b"\n]}\n")


def _truth(scene: Scene, recipe: dict[str, Any]) -> dict[str, Any]:
    size = recipe["size"]
    rng = np.random.default_rng([recipe["seed"], scene.index, _CAPTION_STREAM, 1])
    return {
        "filename": filename(scene.index),
        "imgid": scene.index,
        "factors": factors(scene),
        "boxes": [box_of(mask) for mask in masks(scene, size)],
        "keypoints": keypoints(scene, size),
        "styled": {style: styled_caption(scene, style, rng) for style in STYLES},
    }


def _karpathy_entry(scene: Scene, recipe: dict[str, Any]) -> dict[str, Any]:
    rng = np.random.default_rng([recipe["seed"], scene.index, _CAPTION_STREAM, 0])
    number = recipe["captions_per_picture"]
    first = scene.index * number
    return {
        "filename": filename(scene.index),
        "imgid": scene.index,
        "split": split_of(scene.index, recipe["pictures"]),
        "sentids": list(range(first, first + number)),
        "sentences": [
            {"tokens": tokenize(raw), "raw": raw, "imgid": scene.index, "sentid": first + place}
            for place, raw in enumerate(captions(scene, rng, number))
        ],
    }


def _write_list(path: Path, head: bytes, entries: Iterable[dict[str, Any]], tail: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(head)
        for place, entry in enumerate(entries):
            file.write((b",\n" if place else b"") + json.dumps(entry).encode())
        file.write(tail)
    os.replace(part, path)


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(content)
    os.replace(part, path)


def read_truth(folder: str | Path, filenames: Sequence[str]) -> list[dict[str, Any]]:
    """What is true of the pictures `filenames`, in this order: factors, boxes and the rest.

    `folder` is the data set's, or its folder of input files; [] for a data set that is not drawn.
    """
    for place in (Path(folder), Path(folder).parent):
        path = place / "factors.json"
        if path.is_file():
            known = {row["filename"]: row for row in json.loads(path.read_text("utf-8"))}
            return [known[name] for name in filenames]
    return []
