"""A small noisy data set in Karpathy's format, for tests of the data pipeline."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from starter_code.captioning.create_input_files import create_input_files as create

SPLITS = ["train", "train", "restval", "val", "test", "train", "train", "val", "test"]
COLOURS = ["red", "green", "blue", "orange", "purple", "white", "yellow", "pink", "grey"]


def small_set(folder: Path, splits: list[str] = SPLITS) -> dict:
    """Noisy 20 x 14 JPEGs below folder/images and their captions; returns the Karpathy object."""
    noise = np.random.default_rng(0)
    entries = []
    for i, split in enumerate(splits):
        place = "val2014" if split == "restval" else "train2014"
        path = folder / "images" / place / f"{i}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise.integers(0, 255, (14, 20, 3), np.uint8)).save(path)
        # "zebra" is said of test pictures only, "kite" of all.
        words = ["a", COLOURS[i % len(COLOURS)], "zebra" if split == "test" else "boat", "kite"]
        captions = [words[: 2 + j] for j in range(3)]
        entries.append(
            {
                "filename": path.name,
                "filepath": place,
                "imgid": 100 + i,
                "split": split,
                "sentences": [{"tokens": tokens, "raw": " ".join(tokens)} for tokens in captions],
            }
        )
    return {"dataset": "small", "images": entries}


def write(folder: Path, content: object) -> Path:
    path = folder / "dataset.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def make(folder: Path, content: object = None, output: str = "input", **options: object) -> Path:
    """Input files of the small set, 16 px, every word kept."""
    source = write(folder, small_set(folder) if content is None else content)
    options = {"captions_per_image": 3, "min_word_freq": 1, "size": 16, "workers": 1} | options
    return create(source, folder / "images", folder / output, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.suffix != ".lock"}
