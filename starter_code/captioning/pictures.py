"""Picture files to arrays, in several processes, in order and in bounded memory.

Apart from `create_input_files` because the worker processes run only this file: Pillow and NumPy,
no torch and no HDF5. They are plain programs that read file names and write pixels, not forks (a
fork inherits locks of torch and HDF5 and may hang) and no children of `multiprocessing` (which
would run the caller's script again in each of them).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from starter_code.errors import CourseError

BLOCK = 16  # pictures a worker hands over at a time: 3 MB at 256 px
_WORTH_A_PROCESS = 500  # a worker needs about a quarter of a second to start
_PIPE = 1 << 20  # bytes; with the usual 64 kB a block would cost 48 changes of process
_AHEAD = 2  # blocks that a worker is asked for before its first is fetched


def load_picture(path: str | Path, size: int) -> np.ndarray:
    """Read any picture file as colours: uint8 (3, size, size), channels red, green, blue.

    Grey and palette pictures become RGB, transparent parts white, and the camera's rotation is
    applied. The sides are scaled each by its own factor, as the lab handout does (256 x 256).

    Raises:
        CourseError: the file is missing, cut off, or no picture.
    """
    try:
        with Image.open(path) as image:
            # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, never below the size wanted.
            image.draft("RGB", (size, size))
            colours = _as_rgb(ImageOps.exif_transpose(image))
            if colours.size != (size, size):
                colours = colours.resize((size, size), Image.Resampling.BICUBIC)
    except FileNotFoundError:
        raise CourseError(
            f"Picture {path} is missing: put it there, or remove its entry from the "
            "caption file, and run again."
        ) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CourseError(
            f"Picture {path} cannot be read ({error}): fetch the file again, or "
            "remove its entry from the caption file, and run again."
        ) from None
    return np.ascontiguousarray(np.asarray(colours).transpose(2, 0, 1))


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        # Pillow would clip 16-bit grey to white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def load_block(paths: Sequence[str], size: int) -> np.ndarray:
    """Read several picture files: uint8 (len(paths), 3, size, size)."""
    return np.stack([load_picture(path, size) for path in paths])


def stream_blocks(
    paths: Sequence[str], size: int, workers: int | None = None
) -> Iterator[np.ndarray]:
    """Yield the pictures of `paths` in order, in arrays of at most `BLOCK`: uint8 (n, 3, S, S).

    A worker holds at most two blocks, however many pictures there are. There are at most `workers`
    processes (by default as many as cores), and only as many as the work is worth.

    Raises:
        CourseError: a picture cannot be read, or a worker process died.
    """
    blocks = [paths[first : first + BLOCK] for first in range(0, len(paths), BLOCK)]
    workers = min(workers or available_cores(), 1 + len(paths) // _WORTH_A_PROCESS)
    if workers == 1:
        return (load_block(block, size) for block in blocks)
    return _stream_parallel(blocks, size, workers)


def available_cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _stream_parallel(
    blocks: Sequence[Sequence[str]], size: int, workers: int
) -> Iterator[np.ndarray]:
    """Block i is read by worker i modulo `workers`, so that the order needs no book-keeping."""
    with ExitStack() as stack:
        team = [stack.enter_context(_Worker(size)) for _ in range(min(workers, len(blocks)))]
        ahead = len(team) * _AHEAD
        for worker, block in zip(cycle(team), blocks[:ahead]):
            worker.ask(block)
        for i, block in enumerate(blocks):
            worker = team[i % len(team)]
            pixels = worker.answer(len(block))
            if i + ahead < len(blocks):
                worker.ask(blocks[i + ahead])
            yield pixels


class _Worker:
    """A process that reads pictures: a line of file names goes in, a line and pixels come out.

    It ends with its input, so also when its parent is killed. The line is null, or what is wrong.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> "_Worker":
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "starter_code.captioning.pictures", str(self.size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        return self

    def ask(self, paths: Sequence[str]) -> None:
        try:
            self.process.stdin.write(json.dumps(paths).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self._died() from None

    def answer(self, pictures: int) -> np.ndarray:
        refusal = self.process.stdout.readline()
        if refusal not in (b"", b"null\n"):
            raise CourseError(json.loads(refusal))
        pixels = np.empty((pictures, 3, self.size, self.size), np.uint8)
        if not refusal or self.process.stdout.readinto(pixels) < pixels.nbytes:
            raise self._died()
        return pixels

    def _died(self) -> CourseError:
        return CourseError(
            f"A process that reads pictures ended with code {self.process.wait()} (out of memory?):"
            " run again with workers=1; the pictures done so far are kept."
        )

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def _serve(size: int) -> None:
    """The worker's side. Ctrl-C is its parent's affair."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        try:
            pixels = load_block(json.loads(line), size)
        except CourseError as error:
            answers.write(json.dumps(str(error)).encode() + b"\n")
        else:
            answers.write(b"null\n")
            answers.write(pixels)
        answers.flush()


if __name__ == "__main__":
    try:
        _serve(int(sys.argv[1]))
    except BrokenPipeError:
        os._exit(1)  # the parent was killed: nobody is left to be told
