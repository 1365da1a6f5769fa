"""Any Karpathy JSON and its pictures, turned once into files that training reads fast.

The first step of both captioning assignments. It writes into one folder

    WORDMAP.json                {"<pad>": 0, the train split's words, "<unk>", "<start>", "<end>"}
    *_IMAGES.hdf5               data set "images", uint8 (N, 3, S, S); * is TRAIN, VAL or TEST
    *_CAPTIONS.json             <start> words <end> as integers, `captions_per_image` a picture
    *_LENGTHS.json              their lengths: words + 2
    *_REFERENCES.json           per picture its id, file name and all captions, uncut, for metrics
    INPUT_FILES.json            the manifest, written last: without it the folder is unfinished

and can be killed at any moment: the same call goes on where it stopped. Memory does not grow with
the number of pictures. From a shell: `python -m starter_code.captioning.create_input_files --help`.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from tqdm import tqdm

from starter_code.captioning.karpathy import (
    END,
    PAD,
    SPLITS,
    START,
    UNKNOWN,
    Picture,
    read_karpathy,
)
from starter_code.captioning.pictures import stream_blocks
from starter_code.captioning.resumable import (
    JsonList,
    Progress,
    full_disk_told,
    write_json,
)
from starter_code.errors import CourseError
from starter_code.locks import only_run

FORMAT = 1
MANIFEST = "INPUT_FILES.json"
_PROGRESS = "INPUT_FILES.json.part"
WORD_MAP = "WORDMAP.json"
_SAVE_EVERY = 256  # pictures between two marks from which a killed run goes on


@dataclass
class Survey:
    """What the first reading of the captions finds out: all that must be known before writing."""

    files: dict[str, list[str]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    words: Counter[str] = field(default_factory=Counter)
    longest: int = 0


def create_input_files(
    karpathy_json: str | Path,
    image_folder: str | Path,
    output_folder: str | Path,
    *,
    captions_per_image: int = 5,
    min_word_freq: int = 5,
    max_length: int = 50,
    size: int = 256,
    seed: int = 0,
    workers: int | None = None,
) -> Path:
    """Write word map, captions, lengths and pictures of a data set; return the folder.

    Words seen fewer than `min_word_freq` times in the train split become <unk>; words of the other
    splits are not looked at. A picture with more captions than `captions_per_image` gives a random
    choice of them, one with fewer repeats some (drawn from `seed` and the picture's position).
    Captions are cut after `max_length` words. `size` is the side of the square pictures in pixels.
    At most `workers` processes read pictures (by default as many as cores).
    A finished folder made with the same arguments is returned at once.

    Raises:
        CourseError: bad captions or pictures, an empty split, a folder made with other arguments,
            no space on the disk. What was done is kept: run the same call again.
    """
    source, images, folder = Path(karpathy_json), Path(image_folder), Path(output_folder)
    arguments = {
        "format": FORMAT,
        "captions": _digest(source),
        "image_folder": str(images.resolve()),
        "captions_per_image": captions_per_image,
        "min_word_freq": min_word_freq,
        "max_length": max_length,
        "size": size,
        "seed": seed,
    }
    if _is_finished(folder, arguments):
        return folder
    with full_disk_told(folder), only_run(folder):
        if _is_finished(folder, arguments):
            return folder
        survey = _survey(source, max_length)
        files = _locate(survey.files, images)
        progress = Progress.open(folder / _PROGRESS, arguments)
        _check_space(folder, files, progress, size)
        if not progress.texts:
            word_map = make_word_map(survey.words, min_word_freq)
            _write_texts(source, folder, word_map, captions_per_image, max_length, seed)
            progress.save(texts=True)
        for split in SPLITS:
            _write_images(folder, split, files[split], size, progress, workers)
        _write_manifest(folder, arguments, survey, min_word_freq)
    return folder


def make_word_map(counts: Mapping[str, int], min_word_freq: int) -> dict[str, int]:
    """Number the frequent words, the most frequent first and equals by alphabet; <pad> is 0."""
    kept = [word for word, count in counts.items() if count >= min_word_freq]
    kept.sort(key=lambda word: (-counts[word], word))
    return {word: number for number, word in enumerate([PAD, *kept, UNKNOWN, START, END])}


def _digest(source: Path) -> str:
    if not source.is_file():
        raise CourseError(f"There is no caption file {source}: give the path of a Karpathy JSON.")
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_finished(folder: Path, arguments: dict[str, Any]) -> bool:
    if not (folder / MANIFEST).exists():
        return False
    before = json.loads((folder / MANIFEST).read_text())["arguments"]
    changed = [key for key in arguments if arguments[key] != before.get(key)]
    if changed:
        raise CourseError(
            f"{folder} holds input files made with another {', '.join(changed)}: "
            "choose another folder, or delete that one."
        )
    return True


def _survey(source: Path, max_length: int) -> Survey:
    survey = Survey()
    for picture in tqdm(read_karpathy(source), desc="reading captions", unit=" pictures"):
        survey.files[picture.split].append(picture.filename)
        longest = max(len(words) for words in picture.captions)
        survey.longest = max(survey.longest, min(longest, max_length))
        if picture.split == "train":
            for words in picture.captions:
                survey.words.update(words)
    for split, found in survey.files.items():
        if not found:
            raise CourseError(
                f"The split {split!r} of {source} is empty: every one of "
                f"{', '.join(SPLITS)} needs pictures."
            )
    return survey


def _locate(files: dict[str, list[str]], images: Path) -> dict[str, list[str]]:
    """Full paths; missing files are told before hours of work, not after."""
    located = {split: [_find(images, name) for name in names] for split, names in files.items()}
    missing = [path for paths in located.values() for path in paths if not os.path.exists(path)]
    if missing:
        raise CourseError(
            f"Picture {missing[0]} is missing"
            + (f" ({len(missing)} are in all)" if len(missing) > 1 else "")
            + ": put it there, or remove its entry from the caption file."
        )
    return located


def _find(images: Path, name: str) -> str:
    """The path of a picture; COCO's `train2014/` may or may not be a folder of its own."""
    path = os.path.join(images, name)
    if "/" in name and not os.path.exists(path):
        flat = os.path.join(images, os.path.basename(name))
        return flat if os.path.exists(flat) else path
    return path


def _write_manifest(
    folder: Path, arguments: dict[str, Any], survey: Survey, min_word_freq: int
) -> None:
    write_json(
        folder / MANIFEST,
        {
            "arguments": arguments,
            "pictures": {split: len(names) for split, names in survey.files.items()},
            "longest": survey.longest + 2,
            "words": len(make_word_map(survey.words, min_word_freq)),
        },
    )
    (folder / _PROGRESS).unlink(missing_ok=True)


def _check_space(folder: Path, files: dict[str, list[str]], progress: Progress, size: int) -> None:
    to_do = sum(len(paths) - progress.pictures.get(split, 0) for split, paths in files.items())
    needed, free = to_do * 3 * size * size, shutil.disk_usage(folder).free
    if needed > free:
        raise CourseError(
            f"No space on the disk of {folder}: {needed / 1e9:.1f} GB are needed and "
            f"{free / 1e9:.1f} GB are free; free some, or choose a smaller size."
        )


# ---------------------------------------------------------------------------------------- captions


def _write_texts(
    source: Path,
    folder: Path,
    word_map: dict[str, int],
    captions_per_image: int,
    max_length: int,
    seed: int,
) -> None:
    write_json(folder / WORD_MAP, word_map)
    kinds = ("CAPTIONS", "LENGTHS", "REFERENCES")
    with ExitStack() as stack:
        lists = {
            (split, kind): stack.enter_context(JsonList(folder / f"{split.upper()}_{kind}.json"))
            for split in SPLITS
            for kind in kinds
        }
        told = tqdm(read_karpathy(source), desc="numbering captions", unit=" pictures")
        for number, picture in enumerate(told):
            chosen = _choose(picture, captions_per_image, (seed, number))
            numbered = [_number(words[:max_length], word_map) for words in chosen]
            lists[picture.split, "REFERENCES"].append(
                [
                    picture.image_id,
                    picture.filename,
                    [" ".join(words) for words in picture.captions],
                ]
            )
            for ids in numbered:
                lists[picture.split, "CAPTIONS"].append(ids)
                lists[picture.split, "LENGTHS"].append(len(ids))


def _choose(picture: Picture, wanted: int, seed: tuple[int, int]) -> list[tuple[str, ...]]:
    """`wanted` captions: all of them before any is repeated, a random part where there are more."""
    captions = list(picture.captions)
    if len(captions) == wanted:
        return captions
    rng, repeats = np.random.default_rng(seed), -(-wanted // len(captions))
    return [captions[i] for _ in range(repeats) for i in rng.permutation(len(captions))][:wanted]


def _number(words: tuple[str, ...], word_map: dict[str, int]) -> list[int]:
    return [word_map.get(word, word_map[UNKNOWN]) for word in (START, *words, END)]


# ---------------------------------------------------------------------------------------- pictures


def _write_images(
    folder: Path, split: str, paths: list[str], size: int, progress: Progress, workers: int | None
) -> None:
    final = folder / f"{split.upper()}_IMAGES.hdf5"
    part = final.with_name(final.name + ".part")
    shape = (len(paths), 3, size, size)
    done = progress.pictures.get(split, 0)
    if final.exists() and done == len(paths):
        return
    if not _can_go_on(part, shape):
        _allocate(part, shape)
        done = 0
    with h5py.File(part, "r+") as store:
        for block in _told(split, len(paths), done, stream_blocks(paths[done:], size, workers)):
            before, done = done, done + len(block)
            store["images"][before:done] = block
            if done // _SAVE_EVERY > before // _SAVE_EVERY or done == len(paths):
                store.flush()
                progress.save(**{split: done})
    os.replace(part, final)


def _told(split: str, total: int, done: int, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The blocks, with a progress bar that counts pictures."""
    with tqdm(total=total, initial=done, desc=f"{split} pictures", unit=" pictures") as bar:
        for block in blocks:
            yield block
            bar.update(len(block))


def _can_go_on(part: Path, shape: tuple[int, ...]) -> bool:
    try:
        with h5py.File(part, "r") as store:
            return store["images"].shape == shape
    except (OSError, KeyError):
        return False


def _allocate(part: Path, shape: tuple[int, ...]) -> None:
    """Make the file with room for all pictures: from then on only pixels are written to it."""
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    plan.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    plan.set_obj_track_times(False)  # the same input gives the same bytes
    with h5py.File(part, "w") as store:
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(store.id, b"images", h5py.h5t.STD_U8LE, space, plan)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, 2 for a mistake that the user can mend."""
    parser = argparse.ArgumentParser(
        prog="create_input_files", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("karpathy_json", type=Path)
    parser.add_argument("image_folder", type=Path)
    parser.add_argument("output_folder", type=Path)
    for name, default in [
        ("captions-per-image", 5),
        ("min-word-freq", 5),
        ("max-length", 50),
        ("size", 256),
        ("seed", 0),
        ("workers", None),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"default: {default}")
    try:
        print(create_input_files(**vars(parser.parse_args(arguments))))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
