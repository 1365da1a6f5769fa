"""Rooms in 3D, drawn: one object, a floor and walls, and six independent factors that are known.

The factors, their values and their order are those of the public set 3dshapes (Burgess and Kim,
2018), the pictures are ours: nothing has to be fetched, and nothing is stored unless `write` is
called. A row of *factors* holds whole numbers (which value of each factor), a row of *labels* the
values themselves. Shape letters: N pictures, S side of a picture.
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import torch
from matplotlib.colors import hsv_to_rgb
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.shapes3d_drawing import layers

__all__ = [
    "COUNTS",
    "NAMES",
    "SHAPES",
    "TOTAL",
    "VALUES",
    "factors_at",
    "index_of",
    "labels_of",
    "render",
    "sample_factors",
    "write",
]

SHAPES = ("cube", "cylinder", "sphere", "capsule")
VALUES: dict[str, np.ndarray] = {
    "floor_hue": np.linspace(0, 0.9, 10),
    "wall_hue": np.linspace(0, 0.9, 10),
    "object_hue": np.linspace(0, 0.9, 10),
    "scale": np.linspace(0.75, 1.25, 8),
    "shape": np.arange(4.0),
    "orientation": np.linspace(-30, 30, 15),
}
NAMES: tuple[str, ...] = tuple(VALUES)
COUNTS: tuple[int, ...] = tuple(len(values) for values in VALUES.values())
TOTAL = int(np.prod(COUNTS))  # 480,000
SMALLEST, LARGEST = 8, 512  # sides that can be drawn
BLOCK = 512  # pictures mixed at a time, and written at a time

# saturation and brightness of floor, wall and object, whose hues go once round the circle
_TONES = ((0.88, 0.97), (0.80, 0.98), (0.92, 1.0))
_PALETTES = [
    hsv_to_rgb([(hue, *tone) for hue in VALUES[name]]).astype(np.float32)
    for name, tone in zip(NAMES, _TONES)
]


def sample_factors(
    generator: np.random.Generator | torch.Generator,
    count: int,
    fixed: Mapping[str, int] | None = None,
) -> np.ndarray:
    """Factors of `count` rooms, every value equally likely, independently of the others.

    Args:
        generator: NumPy's or torch's; everything that is random comes from it.
        fixed: names of factors and the values (counted from 0) that they are to have.

    Returns:
        Whole numbers of shape (N, 6), in the order of NAMES.

    Raises:
        CourseError: `fixed` names no factor, or no value of it.
    """
    fixed = dict(fixed or {})
    if isinstance(generator, torch.Generator):
        draw = torch.rand(count, len(NAMES), generator=generator, device=generator.device)
        draws = draw.double().cpu().numpy()
    else:
        draws = generator.random((count, len(NAMES)))
    factors = np.minimum((draws * COUNTS).astype(np.int64), np.array(COUNTS) - 1)
    for name, value in fixed.items():
        if name not in VALUES:
            raise CourseError(f"{name!r} is no factor of the rooms: they are {', '.join(NAMES)}.")
        factors[:, NAMES.index(name)] = value
    return _checked(factors)


def factors_at(index: np.ndarray | int) -> np.ndarray:
    """Factors (..., 6) of the pictures that stand at these places of the full set."""
    index = np.asarray(index)
    if index.size and not 0 <= index.min() <= index.max() < TOTAL:
        raise CourseError(f"The rooms are numbered from 0 to {TOTAL - 1:,}; {_range(index)} given.")
    return np.stack(np.unravel_index(index, COUNTS), -1)


def index_of(factors: np.ndarray) -> np.ndarray:
    """Places in the full set: the orientation changes fastest, the floor's hue slowest."""
    return np.ravel_multi_index(tuple(np.moveaxis(_checked(factors), -1, 0)), COUNTS)


def labels_of(factors: np.ndarray) -> np.ndarray:
    """The values themselves, float64 of the same shape: hues, scale, shape, degrees."""
    factors = _checked(factors)
    return np.stack([VALUES[name][factors[..., i]] for i, name in enumerate(NAMES)], -1)


def render(factors: np.ndarray, size: int = 64) -> np.ndarray:
    """Draw rooms.

    Args:
        factors: whole numbers (N, 6), or (6,) for a single one. size: pixels S of a side.

    Returns:
        uint8 pictures of shape (N, S, S, 3): the same factors give the same picture.

    Raises:
        CourseError: a factor out of its range, or a side that cannot be drawn.
    """
    if not SMALLEST <= size <= LARGEST:
        raise CourseError(f"Rooms have sides of {SMALLEST} to {LARGEST} pixels; {size} was asked.")
    factors = np.atleast_2d(_checked(factors))
    pictures = np.empty((len(factors), size, size, 3), np.uint8)
    for start in range(0, len(factors), BLOCK):
        chosen = slice(start, start + BLOCK)
        pictures[chosen] = _mix(factors[chosen], size)
    return pictures


def _mix(factors: np.ndarray, size: int) -> np.ndarray:
    """Pictures of a block of rooms: the shares of `layers` times the three hues."""
    hues = [palette[factors[:, i]] for i, palette in enumerate(_PALETTES)]
    pictures = np.empty((len(factors), size, size, 3), np.uint8)
    for n, (scale, shape, orientation) in enumerate(factors[:, 3:].tolist()):
        parts = _layers(scale, shape, orientation, size)
        for channel in range(3):
            value = parts[3].copy()
            for hue, share in zip(hues, parts[:3]):
                value += hue[n, channel] * share
            pictures[n, :, :, channel] = np.minimum(value, 1) * 255 + 0.5
    return pictures


@lru_cache(maxsize=2 * COUNTS[3] * COUNTS[4] * COUNTS[5])
def _layers(scale: int, shape: int, orientation: int, size: int) -> np.ndarray:
    """All rooms that differ in their hues only share these; there are 480 of a size."""
    degrees = float(VALUES["orientation"][orientation])
    return layers(float(VALUES["scale"][scale]), shape, degrees, size)


def write(
    path: str | Path, indices: np.ndarray | None = None, size: int = 64, progress: bool = True
) -> Path:
    """Write rooms into a file with the layout of 3dshapes.h5: `images` uint8, `labels` float64.

    An interrupted file is gone on with where it stopped. The full set takes a few minutes.

    Args:
        indices: places in the full set; all 480,000, in order, if none are given.
    """
    path, places = Path(path), np.arange(TOTAL) if indices is None else np.asarray(indices)
    factors = factors_at(places)
    unfinished = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(unfinished, "a") as file:
        done = _prepare(file, factors, size)
        with tqdm(total=len(places), initial=done, desc=path.name, disable=not progress) as bar:
            for start in range(done, len(places), BLOCK):
                rows = factors[start : start + BLOCK]
                file["images"][start : start + len(rows)] = render(rows, size)
                file.attrs["done"] = start + len(rows)
                file.flush()
                bar.update(len(rows))
        del file.attrs["done"]
    os.replace(unfinished, path)
    return path


def _prepare(file: h5py.File, factors: np.ndarray, size: int) -> int:
    """Make the file's two arrays, unless they are those of this call; how many are drawn."""
    shape, labels = (len(factors), size, size, 3), labels_of(factors)
    same = (
        "done" in file.attrs
        and file["images"].shape == shape
        and np.array_equal(file["labels"][:], labels)
    )
    if same:
        return int(file.attrs["done"])
    file.clear()
    chunks = (min(32, len(factors)), *shape[1:])
    file.create_dataset("images", shape, np.uint8, chunks=chunks, compression="gzip")
    file["labels"] = labels
    file.attrs["done"] = 0
    return 0


def _checked(factors: np.ndarray) -> np.ndarray:
    """The factors as whole numbers, if they are factors of rooms."""
    factors = np.asarray(factors)
    if not factors.ndim or factors.shape[-1] != len(NAMES):
        raise CourseError(
            f"A room has {len(NAMES)} factors ({', '.join(NAMES)}); the array that was given has "
            f"the shape {factors.shape}."
        )
    if not (whole := factors.astype(np.int64) == factors).all():
        odd = factors[~whole][0]
        raise CourseError(
            f"Factors are whole numbers, which value of each factor; {odd} was given."
        )
    for i, (name, count) in enumerate(zip(NAMES, COUNTS)):
        column = factors[..., i]
        if column.size and not (0 <= column.min() <= column.max() < count):
            raise CourseError(
                f"{name} has the values 0 to {count - 1}; {_range(column)} was given."
            )
    return factors.astype(np.int64)


def _range(values: np.ndarray) -> str:
    low, high = values.min(), values.max()
    return f"{low}" if low == high else f"{low} to {high}"
