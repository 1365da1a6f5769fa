"""Pictures per second of create_input_files, against the single-process loop one would write.

    python benchmarks/input_files.py [--pictures 800] [--workers 2]

The photos are made here: smooth noise of 640 x 480, stored as JPEG, about the size of COCO's.
"""

import argparse
import contextlib
import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from starter_code.captioning.create_input_files import create_input_files
from starter_code.captioning.pictures import available_cores


def make_photos(folder: Path, number: int) -> Path:
    """`number` JPEG files and a Karpathy JSON with five captions each."""
    rng, entries = np.random.default_rng(0), []
    sentence = {"tokens": ["a", "cloud", "of", "many", "colours", "above", "the", "sea"]}
    for i in range(number):
        cells = Image.fromarray(rng.integers(0, 255, (15, 20, 3), np.uint8))
        photo = np.asarray(cells.resize((640, 480), Image.Resampling.BICUBIC), int)
        photo = np.clip(photo + rng.integers(-12, 12, photo.shape), 0, 255).astype(np.uint8)
        Image.fromarray(photo).save(folder / f"{i}.jpg", quality=90)
        split = {0: "val", 1: "test"}.get(i % 20, "train")
        entries.append({"filename": f"{i}.jpg", "split": split, "sentences": [sentence] * 5})
    path = folder / "dataset.json"
    path.write_text(json.dumps({"images": entries}))
    return path


def plain_loop(source: Path, output: Path, size: int) -> None:
    """Open, convert, resize and store one picture after the other."""
    entries = json.loads(source.read_text())["images"]
    with h5py.File(output, "w") as store:
        images = store.create_dataset("images", (len(entries), 3, size, size), np.uint8)
        for i, entry in enumerate(entries):
            photo = Image.open(source.parent / entry["filename"]).convert("RGB")
            photo = photo.resize((size, size), Image.Resampling.BICUBIC)
            images[i] = np.asarray(photo).transpose(2, 0, 1)


def seconds(work: Callable[..., object], *arguments: object, **options: object) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()):
        work(*arguments, **options)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=available_cores())
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = make_photos(folder, options.pictures)
        for size in (256, 64):
            loop = seconds(plain_loop, source, folder / f"loop{size}.hdf5", size)
            report(f"{size} px, plain loop", options.pictures, loop, loop)
            for workers in sorted({1, options.workers}):
                output = folder / f"{size}_{workers}"
                ours = seconds(
                    create_input_files, source, folder, output, size=size, workers=workers
                )
                what = f"{size} px, create_input_files, {workers} process(es)"
                report(what, options.pictures, ours, loop)


def report(what: str, pictures: int, took: float, loop: float) -> None:
    print(f"{what:42}{pictures / took:7.0f} pictures/s {loop / took:6.2f} x the loop", flush=True)


if __name__ == "__main__":
    main()
