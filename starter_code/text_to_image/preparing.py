"""Pictures with their captions in a folder that `datasets` reads; it is made once, then found.

folder = prepare(tier("small"))

PICTURES.npy      uint8 (N, 3, S, S), all splits
CAPTIONS.json     the captions, picture by picture; which split and which class a picture is of
TRUTH.npz         facts (N, F) of the pictures and claims (M, K) of the captions, see `datasets`
TEXT_FILES.json   how all this was made; without it the folder is unfinished
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from starter_code.captioning.resumable import full_disk_told, write_json
from starter_code.errors import CourseError
from starter_code.locks import only_run
from starter_code.scenes.captions import captions
from starter_code.scenes.drawing import draw_scene
from starter_code.scenes.sampling import Scene, scene_at
from starter_code.scenes.writing import split_of
from starter_code.text_to_image.claims import FACTS, Fact, claimed_facts, true_facts
from starter_code.text_to_image.sizes import sizes
from starter_code.tiers import Tier
from starter_code.tiers import tier as tier_named
from starter_code.training import write_atomically

__all__ = ["Gathered", "prepare", "tell_scenes"]

FORMAT = 2
MANIFEST = "TEXT_FILES.json"
OBJECTS = {"scenes": 1, "scenes2": 2}  # how many objects a scene has
DATASETS = (*OBJECTS, "cub", "oxford102")
CAPTIONS_PER_PICTURE = 5
_CAPTION_STREAM, _VIEW_STREAM = 1, 2  # the first: captions as `scenes.write_scenes` writes them
NEARER = 2  # how many times larger than in its scene a single object is seen
SHAKE = 1 / 16  # how far, at most, a view's centre is off its object, in sides of the view


@dataclass(frozen=True)
class Gathered:
    """Pictures, and what is said and true of them."""

    pictures: np.ndarray  # uint8 (N, 3, S, S)
    splits: list[str]  # of each picture
    captions: list[list[str]]  # of each picture
    facts: np.ndarray  # bool (N, F): what is true of each picture
    claims: list[list[list[int]]]  # columns of `facts` that each caption claims
    names: Sequence[Fact]  # of the columns


def prepare(
    tier: Tier | str | None = None,
    root: str | Path = "data",
    *,
    dataset: str = "scenes",
    seed: int = 0,
    pictures: int = 0,
    progress: bool = True,
) -> Path:
    """Make, or find, pictures with captions at a tier; return their folder.

    Args:
        dataset: "scenes" with one object, seen from nearby as birds are in CUB cut to its boxes, or
            "scenes2", whole scenes with two objects as the harder level: drawn here and now; "cub"
            or "oxford102" for the photos that lie in `root`/cub or `root`/oxford102 in their
            public layout, see `public`.
        seed: which world; scenes of two seeds have nothing in common.
        pictures: how many scenes; 0 for the tier's number.

    Raises:
        CourseError: an unknown data set, or missing files (says which).
    """
    size = tier if isinstance(tier, Tier) else tier_named(tier)
    if dataset not in DATASETS:
        raise CourseError(
            f"There is no text-to-image data set {dataset!r}: choose one of {', '.join(DATASETS)}."
        )
    pictures = pictures or sizes(size).pictures
    folder = Path(root) / dataset / f"text{FORMAT}_{size.name}"
    if dataset in OBJECTS:
        name = f"text{FORMAT}_{size.name}_{OBJECTS[dataset]}_seed{seed}_{pictures}"
        folder = Path(root) / "scenes" / name
    if (folder / MANIFEST).exists():
        return folder
    with only_run(folder), full_disk_told(folder):
        if not (folder / MANIFEST).exists():
            side = sizes(size).picture_size
            if dataset in OBJECTS:
                found = tell_scenes(pictures, side, seed, OBJECTS[dataset], progress)
            else:
                from starter_code.text_to_image.public import read_photos

                found = read_photos(dataset, Path(root) / dataset, side, progress)
            _write(folder, found)
            about = {"format": FORMAT, "dataset": dataset, "seed": seed}
            write_json(folder / MANIFEST, about | {"pictures": len(found.pictures), "size": side})
    return folder


def tell_scenes(
    pictures: int, side: int, seed: int = 0, objects: int = 1, progress: bool = True
) -> Gathered:
    """Draw scenes, and tell each in five captions."""
    number = {fact: place for place, fact in enumerate(FACTS)}
    drawn = np.empty((pictures, 3, side, side), np.uint8)
    facts = np.zeros((pictures, len(FACTS)), bool)
    said: list[list[str]] = []
    claims: list[list[list[int]]] = []
    for index in tqdm(range(pictures), "drawing scenes", unit="picture", disable=not progress):
        scene = scene_at(seed, index, (objects, objects))
        drawn[index] = _seen(scene, side, seed).transpose(2, 0, 1)
        facts[index, [number[fact] for fact in true_facts(scene)]] = True
        rng = np.random.default_rng([seed, index, _CAPTION_STREAM, 0])
        said.append(captions(scene, rng, CAPTIONS_PER_PICTURE))
        claims.append([sorted(number[f] for f in claimed_facts(text)) for text in said[-1]])
    splits = [split_of(index, pictures) for index in range(pictures)]
    return Gathered(drawn, splits, said, facts, claims, FACTS)


def _seen(scene: Scene, side: int, seed: int) -> np.ndarray:
    """The picture (S, S, 3) of a scene: all of it, or the part around a single object."""
    if len(scene.objects) > 1:
        return draw_scene(scene, side)
    shaken = np.random.default_rng([seed, scene.index, _VIEW_STREAM]).uniform(-SHAKE, SHAKE, 2)
    left, top, right, bottom = scene.objects[0].extent
    centre = NEARER * np.array([(top + bottom) / 2, (left + right) / 2]) + shaken  # in views
    row, column = np.rint(np.clip(centre - 0.5, 0, NEARER - 1) * side).astype(int)
    return draw_scene(scene, NEARER * side)[row : row + side, column : column + side]


def _write(folder: Path, found: Gathered) -> None:
    """All files but the manifest, each whole."""
    flat = [claims for of_picture in found.claims for claims in of_picture]
    table = np.full((len(flat), max(map(len, flat))), -1, np.int32)
    for row, claims in enumerate(flat):
        table[row, : len(claims)] = claims
    told: dict[str, Any] = {"splits": found.splits, "captions": found.captions}
    told["facts"] = [list(name) for name in found.names]
    text = json.dumps(told, ensure_ascii=False)

    def pictures(place: Path) -> None:
        with place.open("wb") as file:
            np.save(file, found.pictures)

    def truth(place: Path) -> None:
        with place.open("wb") as file:
            np.savez(file, facts=np.packbits(found.facts, axis=1), claims=table)

    write_atomically(folder / "PICTURES.npy", pictures)
    write_atomically(folder / "TRUTH.npz", truth)
    write_atomically(folder / "CAPTIONS.json", lambda p: p.write_text(text, encoding="utf-8"))
