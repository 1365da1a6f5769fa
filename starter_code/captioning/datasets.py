"""The input files as a torch data set, and every data set of the course by its name.

folder = prepare("scenes", tier("small"))          # made once, then found
train = CaptionDataset(folder, "train")
image, caption, length = train[0]                  # uint8 (3, S, S), long (T,), long ()
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from starter_code import catalogue
from starter_code.captioning.create_input_files import MANIFEST, WORD_MAP, create_input_files
from starter_code.captioning.karpathy import END, PAD, SPLITS, START
from starter_code.errors import CourseError
from starter_code.scenes import write_scenes
from starter_code.tiers import Tier
from starter_code.tiers import tier as tier_named

_IN_MEMORY_BELOW = 4 << 30  # bytes of pictures that are read at once when nobody says otherwise


class CaptionDataset(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """One item per caption: its picture, its numbers padded to T, and its length (words + 2).

    T is the longest caption of the whole folder, so that all splits have captions of one width.
    Besides the items there are the pictures: `image(i)`, `references(i)`, `filenames[i]` for
    i < `num_images`; caption j belongs to picture j // `captions_per_image`.

    Args:
        folder: what `create_input_files` wrote.
        split: train, val or test.
        in_memory: read all pictures now; by default if they take less than 4 GB. Otherwise they
            stay on the disk and every access reads one.

    Raises:
        CourseError: no such folder or split, or input files left unfinished by an interrupted run.
    """

    def __init__(self, folder: str | Path, split: str, *, in_memory: bool | None = None) -> None:
        self.folder, self.split = Path(folder), split
        manifest = _read_manifest(self.folder)
        if split not in SPLITS:
            raise CourseError(f"There is no split {split!r}: choose one of {', '.join(SPLITS)}.")
        self.word_map: dict[str, int] = self._read(WORD_MAP)
        self.words = sorted(self.word_map, key=lambda word: self.word_map[word])
        self.captions_per_image: int = manifest["arguments"]["captions_per_image"]
        self.lengths = torch.tensor(self._read(f"{split.upper()}_LENGTHS.json"))
        self.captions = _pad(
            self._read(f"{split.upper()}_CAPTIONS.json"), manifest["longest"], self.word_map[PAD]
        )
        self._entries: list[list[Any]] = self._read(f"{split.upper()}_REFERENCES.json")
        self.images: Tensor | None = None
        self._on_disk: np.ndarray | None = None
        stored = self._map_images()
        if in_memory or (in_memory is None and stored.nbytes < _IN_MEMORY_BELOW):
            self.images = torch.from_numpy(np.array(stored))

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise CourseError(
                f"{self.folder / name} cannot be read ({error}): delete {self.folder} "
                "and run create_input_files again."
            ) from None

    def _map_images(self) -> np.ndarray:
        """The pictures on the disk: uint8 (N, 3, S, S), a window on the HDF5 file.

        The pixels are one contiguous piece of the file, so the system maps them into memory; unlike
        an open HDF5 file this can be shared by the worker processes of a DataLoader.
        """
        if self._on_disk is None:
            path = self.folder / f"{self.split.upper()}_IMAGES.hdf5"
            try:
                with h5py.File(path, "r") as store:
                    images = store["images"]
                    self._on_disk = np.memmap(
                        path, np.uint8, "r", images.id.get_offset(), images.shape
                    )
            except (OSError, KeyError, ValueError) as error:
                raise CourseError(
                    f"{path} cannot be read ({error}): delete {self.folder} and run "
                    "create_input_files again."
                ) from None
        return self._on_disk

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_on_disk": None}

    def __len__(self) -> int:
        return len(self.captions)

    def __getitem__(self, j: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.image(j // self.captions_per_image), self.captions[j].long(), self.lengths[j]

    @property
    def num_images(self) -> int:
        """Number of pictures in this split."""
        return len(self._entries)

    @property
    def image_ids(self) -> list[int | str]:
        """The pictures' ids in the Karpathy file."""
        return [entry[0] for entry in self._entries]

    @property
    def filenames(self) -> list[str]:
        """The pictures' file names below the image folder."""
        return [entry[1] for entry in self._entries]

    def image(self, i: int) -> Tensor:
        """Picture i: uint8 (3, S, S)."""
        if self.images is not None:
            return self.images[i]
        return torch.from_numpy(np.array(self._map_images()[i]))

    def references(self, i: int) -> list[list[str]]:
        """All captions of picture i as people wrote them: uncut, and with their rare words."""
        return [caption.split(" ") for caption in self._entries[i][2]]

    def decode(self, ids: Sequence[int] | Tensor) -> list[str]:
        """The words of a caption given by its numbers, without <start>, <end> and <pad>."""
        return decode(ids, self.words)


def decode(ids: Sequence[int] | Tensor, words: Sequence[str]) -> list[str]:
    """The words behind the numbers `ids` (T,), up to <end>; <start> and <pad> are left out.

    `words` are those of the word map in the order of their numbers: `CaptionDataset.words`.
    """
    caption = [words[int(number)] for number in ids]
    if END in caption:
        caption = caption[: caption.index(END)]
    return [word for word in caption if word not in (START, PAD)]


def prepare(
    dataset: str,
    tier: Tier | str | None = None,
    root: str | Path = "data",
    *,
    seed: int = 0,
    workers: int | None = None,
) -> Path:
    """Make, or find, the input files of a data set at a tier; return their folder.

    `dataset` is "scenes", which is drawn here and now, or a real data set of the catalogue, which
    must lie below `root`. Everything is written below `root` and kept for the next call.

    Raises:
        CourseError: an unknown data set, or one of which files are missing (says which, and where
            they come from).
    """
    size = tier if isinstance(tier, Tier) else tier_named(tier)
    if dataset == "scenes":
        return _prepare_scenes(size, Path(root), seed, workers)
    return _prepare_real(dataset, size, Path(root), seed, workers)


def _prepare_scenes(tier: Tier, root: Path, seed: int, workers: int | None) -> Path:
    folder = root / "scenes" / f"{tier.name}_seed{seed}"
    if not (folder / "input" / MANIFEST).exists():
        write_scenes(folder, pictures=tier.pictures, size=tier.picture_size, seed=seed)
        create_input_files(
            folder / "dataset.json",
            folder / "images",
            folder / "input",
            captions_per_image=tier.captions_per_picture,
            min_word_freq=tier.min_word_freq,
            max_length=tier.max_length,
            size=tier.picture_size,
            seed=seed,
            workers=workers,
        )
    return folder / "input"


def _prepare_real(dataset: str, tier: Tier, root: Path, seed: int, workers: int | None) -> Path:
    entry = catalogue.find(dataset)
    missing = catalogue.check(dataset, root)
    if missing:
        raise CourseError(
            f"{dataset} is not complete below {root}: missing {'; '.join(missing)}. "
            f"Where to get it: {entry.source}."
        )
    # ResNet-101 was trained on large pictures: with it the handout's 256 px.
    size = tier.picture_size if tier.encoder == "small" else 256
    return create_input_files(
        entry.karpathy_json(root),
        entry.image_folder(root),
        root / dataset / f"input_{size}px",
        captions_per_image=entry.captions_per_image,
        min_word_freq=entry.min_word_freq,
        max_length=tier.max_length,
        size=size,
        seed=seed,
        workers=workers,
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        pass
    if any(folder.glob("*.part")):
        raise CourseError(
            f"The input files in {folder} are unfinished, their making was "
            "interrupted: run the same create_input_files again, it goes on where it "
            "stopped."
        )
    raise CourseError(
        f"There are no input files in {folder}: make them with create_input_files or prepare."
    )


def _pad(captions: list[list[int]], width: int, pad: int) -> Tensor:
    """Captions of any length as one int32 tensor (captions, T); half the memory of int64."""
    padded = np.full((len(captions), width), pad, np.int32)
    for row, caption in zip(padded, captions, strict=True):
        row[: len(caption)] = caption
    return torch.from_numpy(padded)
