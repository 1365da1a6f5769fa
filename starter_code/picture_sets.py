"""Pictures without captions, by name: rooms drawn here, and public sets in their public layouts.

`load("rooms", size=32, count=5000, generator=...)` gives pictures and, where they are known, their
factors. The public sets are files that people fetch themselves (`course data list` says where) and
put below data/NAME. Large files are read piece by piece, so that a few thousand pictures can be
drawn from a million. Shape letters: N pictures, S side, C channels (1 or 3), F factors.
"""

import gzip
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import h5py
import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from starter_code import catalogue, shapes3d
from starter_code.errors import CourseError

__all__ = ["NAMES", "PictureSet", "load", "train_and_val", "with_factors"]

PIECE = 2048  # pictures that are read at a time
MPI3D = {
    "object_colour": 6,
    "object_shape": 6,
    "object_size": 2,
    "camera_height": 3,
    "background_colour": 3,
    "horizontal_axis": 40,
    "vertical_axis": 40,
}
DSPRITES = {"colour": 1, "shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
CARS3D = {"elevation": 4, "azimuth": 24}
DRAWN = 10_000  # rooms, where no count is given
DRAWN_AS = "shapes3d"  # what a notebook calls the rooms that are drawn


@dataclass(frozen=True)
class PictureSet:
    """Pictures uint8 (N, S, S, C), and what is known of them.

    Attributes:
        factors: whole numbers (N, F): which value of each factor; F is 0 where nothing is known.
        names, counts: of the factors, and how many values each has in the whole set.
    """

    name: str
    pictures: np.ndarray
    factors: np.ndarray
    names: tuple[str, ...]
    counts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.pictures)


@dataclass(frozen=True)
class _Source:
    """A set before its pictures are read: their number, their factors, and how to read some."""

    total: int
    factors: Callable[[np.ndarray], np.ndarray]  # (N,) places -> (N, F)
    counts: dict[str, int]
    read: Callable[[np.ndarray], np.ndarray]  # (N,) ascending places -> (N, H, W[, C])


def load(
    name: str,
    root: str | Path = "data",
    size: int | None = None,
    count: int | None = None,
    generator: np.random.Generator | torch.Generator | None = None,
    split: str = "train",
) -> PictureSet:
    """Read a set, or some of its pictures drawn at random.

    Args:
        name: one of NAMES, or "shapes3d" for rooms. root: the folder in which the sets lie, each in
            a folder of its name.
        size: side S of the pictures, which are resized; as they are if not given.
        count: how many at most, drawn without replacement; all if not given (rooms: 10,000).
        generator: which pictures are drawn; seed 0 if not given.
        split: "train" or "test", of mnist; the other sets have no parts.

    Raises:
        CourseError: a file that is missing (says where to get it) or of another layout, or a split
            that the set does not have.
    """
    name = "rooms" if name == DRAWN_AS else name
    if name not in _READERS:
        others = ", ".join(other for other in NAMES if other != "rooms")
        raise CourseError(
            f"There is no picture set {name!r}: choose {DRAWN_AS}, which is drawn, or one of "
            f"{others}."
        )
    if split not in ("train", "test") or (split == "test" and name != "mnist"):
        raise CourseError(f"{name} has no part {split!r}: only mnist has train and test.")
    generator = generator or np.random.default_rng(0)
    if name == "rooms":
        return _rooms(generator, count or DRAWN, size or 64)
    folder = Path(root) / name
    try:
        source = _READERS[name](folder, split)
        places = _places(source.total, count, generator)
        pictures = source.read(places)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CourseError(
            f"{name} below {folder} cannot be read ({error}): is it the public file, whole? "
            f"`course data check {name}` says what is expected."
        ) from None
    pictures = _resized(pictures if pictures.ndim == 4 else pictures[..., None], size)
    factors = source.factors(places)
    return PictureSet(name, pictures, factors, tuple(source.counts), tuple(source.counts.values()))


def train_and_val(
    name: str, size: int, count: int, generator: torch.Generator, root: str | Path = "data"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures to learn from and pictures held out, uint8 (N, C, S, S), channels first.

    Args:
        size: side S. count: pictures to learn from, at most; beside 20 of them stands one that is
            held out, of mnist from its test part.
    """
    if name == "mnist":
        sizes = {"train": count, "test": count // 20 + 1}
        parts = [load(name, root, size, sizes[s], generator, s).pictures for s in sizes]
    else:
        drawn = load(name, root, size, count + count // 20 + 1, generator).pictures
        order = torch.randperm(len(drawn), generator=generator, device=generator.device).cpu()
        last = len(drawn) // 21 + 1
        parts = [drawn[order[last:].numpy()], drawn[order[:last].numpy()]]
    train, val = (torch.from_numpy(part).permute(0, 3, 1, 2).contiguous() for part in parts)
    return train, val


def with_factors(
    name: str, size: int, count: int, generator: torch.Generator, root: str | Path = "data"
) -> tuple[torch.Tensor, torch.Tensor]:
    """At most `count` pictures, uint8 (N, C, S, S), and those of their factors that vary, (N, F).

    F is 0 where nothing is known.
    """
    found = load(name, root, size, count, generator)
    pictures = torch.from_numpy(found.pictures).permute(0, 3, 1, 2).contiguous()
    factors = torch.from_numpy(found.factors)
    return pictures, factors[:, (factors != factors[:1]).any(0)]


def _rooms(generator: np.random.Generator | torch.Generator, count: int, size: int) -> PictureSet:
    factors = shapes3d.sample_factors(generator, count)
    pictures = shapes3d.render(factors, size)
    return PictureSet("rooms", pictures, factors, shapes3d.NAMES, shapes3d.COUNTS)


def _places(
    total: int, count: int | None, generator: np.random.Generator | torch.Generator
) -> np.ndarray:
    """Which pictures: all, or `count` different ones in ascending order."""
    if count is None or count >= total:
        return np.arange(total)
    if isinstance(generator, torch.Generator):
        drawn = torch.randperm(total, generator=generator, device=generator.device)
        return np.sort(drawn[:count].cpu().numpy())
    return np.sort(generator.choice(total, count, replace=False))


def _resized(pictures: np.ndarray, size: int | None) -> np.ndarray:
    """Squares of `size` pixels, averaged where they become smaller."""
    if size is None or pictures.shape[1:3] == (size, size):
        return pictures
    small = np.empty((len(pictures), size, size, pictures.shape[-1]), np.uint8)
    for place, picture in zip(small, pictures):
        image = Image.fromarray(picture if picture.shape[-1] == 3 else picture[..., 0])
        way = Image.Resampling.BOX if size < image.height else Image.Resampling.BICUBIC
        place[:] = np.asarray(image.resize((size, size), way)).reshape(place.shape)
    return small


# --- one reader for each layout ---


def _there(name: str, folder: Path, *paths: str) -> Path:
    """The first of some paths that exists.

    Raises:
        CourseError: none does; where to get the set, its licence, and where to put it.
    """
    for path in paths:
        if (found := folder / path).exists():
            return found
    entry = catalogue.find(name)
    raise CourseError(
        f"{name} is not below {folder} ({paths[0]} is missing): get it from {entry.source} "
        f"(licence: {entry.licence}) and put it there, or choose {DRAWN_AS}, which is drawn."
    )


def _shapes3d(folder: Path, split: str) -> _Source:
    path = _there("3dshapes", folder, "3dshapes.h5")
    with h5py.File(path) as file:
        labels = file["labels"][:]
        total = len(file["images"])
    if labels.shape != (total, len(shapes3d.NAMES)):
        raise ValueError(f"labels of shape {labels.shape}")

    def read(places: np.ndarray) -> np.ndarray:
        with h5py.File(path) as file:
            images = file["images"]
            found = np.empty((len(places), *images.shape[1:]), np.uint8)
            for start in tqdm(range(0, total, PIECE), "3dshapes", disable=total < 20 * PIECE):
                chosen = np.flatnonzero((places >= start) & (places < start + PIECE))
                if len(chosen):
                    found[chosen] = images[start : start + PIECE][places[chosen] - start]
        return found

    values = list(shapes3d.VALUES.values())
    counts = dict(zip(shapes3d.NAMES, shapes3d.COUNTS))
    return _Source(total, lambda places: _nearest(labels[places], values), counts, read)


def _dsprites(folder: Path, split: str) -> _Source:
    path = _there("dsprites", folder, "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz")
    with np.load(path, allow_pickle=False) as file:
        labels = file["latents_values"]
    places = np.linspace(0, 1, 32)
    turns = np.linspace(0, 2 * np.pi, 40)
    values = [np.ones(1), np.arange(1, 4), np.linspace(0.5, 1, 6), turns, places, places]

    def read(places: np.ndarray) -> np.ndarray:
        return _from_zip(path, "imgs", places) * np.uint8(255)

    return _Source(len(labels), lambda where: _nearest(labels[where], values), DSPRITES, read)


def _mpi3d(folder: Path, split: str) -> _Source:
    path = _there("mpi3d", folder, "mpi3d_toy.npz", "mpi3d_realistic.npz", "mpi3d_real.npz")
    sizes = tuple(MPI3D.values())
    with zipfile.ZipFile(path) as file, file.open("images.npy") as stream:
        total = _header(stream)[0]
    if total > np.prod(sizes):
        raise ValueError(f"{total:,} pictures, not {np.prod(sizes):,}")

    def factors(places: np.ndarray) -> np.ndarray:
        return np.stack(np.unravel_index(places, sizes), 1)

    return _Source(total, factors, MPI3D, lambda places: _from_zip(path, "images", places))


def _cars3d(folder: Path, split: str) -> _Source:
    from scipy.io import loadmat  # slow to import

    meshes = sorted(_there("cars3d", folder, "cars", "data/cars").glob("*mesh*.mat"))
    if not meshes:
        _there("cars3d", folder, "cars/car_001_mesh.mat")
    counts = CARS3D | {"car": len(meshes)}
    views = (CARS3D["azimuth"], CARS3D["elevation"])
    each = views[0] * views[1]

    def factors(places: np.ndarray) -> np.ndarray:
        azimuth, elevation = np.unravel_index(places % each, views)
        return np.stack([elevation, azimuth, places // each], 1)

    def read(places: np.ndarray) -> np.ndarray:
        found = np.empty((len(places), 128, 128, 3), np.uint8)
        for car in tqdm(np.unique(places // each), "cars3d", disable=len(places) < PIECE):
            mesh = loadmat(meshes[car])["im"]  # (128, 128, 3, azimuth, elevation)
            if mesh.shape != (128, 128, 3, *views):
                raise ValueError(f"{meshes[car].name} has the shape {mesh.shape}")
            seen = mesh.transpose(3, 4, 0, 1, 2).reshape(each, 128, 128, 3)
            mine = places // each == car
            found[mine] = seen[places[mine] % each]
        return found

    return _Source(each * len(meshes), factors, counts, read)


def _mnist(folder: Path, split: str) -> _Source:
    stem = "train" if split == "train" else "t10k"
    arrays = []
    for what in ("images-idx3", "labels-idx1"):
        name = f"{stem}-{what}-ubyte"
        tried = [f"{place}{name}{end}" for place in ("MNIST/raw/", "") for end in ("", ".gz")]
        if any((folder / path).exists() for path in tried):
            arrays.append(_idx(_there("mnist", folder, *tried)))
            continue
        with np.load(_there("mnist", folder, "mnist.npz", *tried), allow_pickle=False) as file:
            keys = (f"x_{split}", f"{split}_images"), (f"y_{split}", f"{split}_labels")
            arrays.append(file[next(key for key in keys[len(arrays)] if key in file.files)])
    pictures, digits = arrays
    if len(pictures) != len(digits):
        raise ValueError(f"{len(pictures)} pictures and {len(digits)} digits")

    def factors(places: np.ndarray) -> np.ndarray:
        return digits[places, None].astype(np.int64)

    return _Source(len(digits), factors, {"digit": 10}, lambda places: pictures[places])


def _coil20(folder: Path, split: str) -> _Source:
    counts = {"object": 20, "pose": 72}
    if (packed := folder / "coil20.npz").exists():
        with np.load(packed, allow_pickle=False) as file:
            pictures, known = file["images"], np.stack([file["object"], file["pose"]], 1)
        known = known.astype(np.int64)
        return _Source(len(pictures), lambda at: known[at], counts, lambda at: pictures[at])
    place = _there("coil20", folder, "coil-20-proc", "obj1__0.png")
    place = place if place.is_dir() else place.parent
    files = {
        (number, pose): path
        for number in range(20)
        for pose in range(72)
        if (path := place / f"obj{number + 1}__{pose}.png").exists()
    }
    known, paths = np.array(list(files), np.int64).reshape(-1, 2), list(files.values())
    return _Source(
        len(paths), lambda at: known[at], counts, lambda at: _pictures(paths, at, "L", None)
    )


def _anime(folder: Path, split: str) -> _Source:
    ends = {".jpg", ".jpeg", ".png"}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ends)
    if not paths:
        _there("anime", folder, "images")
        raise ValueError("no .jpg or .png is there")
    unknown = np.zeros((len(paths), 0), np.int64)
    return _Source(
        len(paths), lambda at: unknown[at], {}, lambda at: _pictures(paths, at, "RGB", 64)
    )


_READERS: dict[str, Callable[[Path, str], _Source]] = {
    "rooms": _shapes3d,  # never called: rooms are drawn
    "3dshapes": _shapes3d,
    "cars3d": _cars3d,
    "mpi3d": _mpi3d,
    "dsprites": _dsprites,
    "mnist": _mnist,
    "coil20": _coil20,
    "anime": _anime,
}
NAMES: tuple[str, ...] = tuple(_READERS)


# --- formats ---


def _nearest(labels: np.ndarray, values: Sequence[np.ndarray]) -> np.ndarray:
    """Which of its factor's values each label is: (N, F)."""
    columns = []
    for column, known in zip(labels.T, values):
        columns.append(np.abs(column[:, None] - known).argmin(1))
    return np.stack(columns, 1)


def _header(stream: IO[bytes]) -> tuple[int, ...]:
    """The shape of an array of bytes in .npy format; leaves the stream at its first number."""
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else None
    shape, fortran, kind = (read or np.lib.format.read_array_header_2_0)(stream)
    if kind != np.uint8 or fortran:
        raise ValueError(f"numbers of type {kind}, not uint8 in rows")
    return shape


def _from_zip(path: Path, key: str, places: np.ndarray) -> np.ndarray:
    """Some rows of an array in an .npz file, which is read once and never held whole."""
    with zipfile.ZipFile(path) as file, file.open(f"{key}.npy") as stream:
        total, *shape = _header(stream)
        found, each = np.empty((len(places), *shape), np.uint8), int(np.prod(shape))
        last = int(places.max(initial=-1)) + 1
        for start in tqdm(range(0, last, PIECE), path.name, disable=last < 20 * PIECE):
            rows = min(PIECE, total - start)
            piece = np.frombuffer(stream.read(rows * each), np.uint8).reshape(rows, *shape)
            chosen = np.flatnonzero((places >= start) & (places < start + rows))
            found[chosen] = piece[places[chosen] - start]
    return found


def _idx(path: Path) -> np.ndarray:
    """A file of bytes in MNIST's format: two zeros, type 8, number of axes, their lengths."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} does not begin as an idx file of bytes does")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", axes, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _pictures(paths: list[Path], places: np.ndarray, mode: str, side: int | None) -> np.ndarray:
    """Picture files as one array; with a side given, the middle square of each, made that small."""
    found = []
    for place in tqdm(places, paths[0].parent.name, disable=len(places) < PIECE):
        with Image.open(paths[place]) as file:
            image = file.convert(mode)
        if side is not None and image.size != (side, side):
            short, (width, height) = min(image.size), image.size
            left, top = (width - short) // 2, (height - short) // 2
            image = image.crop((left, top, left + short, top + short))
            image = image.resize((side, side), Image.Resampling.LANCZOS)
        found.append(np.asarray(image))
    return np.stack(found)
