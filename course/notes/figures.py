"""Draw the figures of the notes.

    python course/notes/figures.py            all of them, within a minute on one core
    python course/notes/figures.py u2 u4_axis those whose names begin so

Everything is drawn from fixed seeds, so that a figure changes only with the code. Broken runs come
from the assignments' own banks of known mistakes: the solution is edited as `mistakes.py` says and
run on a problem small enough for seconds. A course that keeps its solutions elsewhere keeps the
figures, which lie beside this file, and cannot draw them again.
"""

import sys
import time
from pathlib import Path

import torch

from drawings import unit1, unit2, unit3, unit4, unit5, unit6
from drawings.common import FIGURES, save
from starter_code.errors import CourseError

UNITS = (unit1, unit2, unit3, unit4, unit5, unit6)
FOLDER = Path(__file__).parent / "figures"


def draw(wanted: list[str], folder: Path) -> list[Path]:
    """Draw the figures whose names begin with one of `wanted` (all without any).

    Raises:
        CourseError: a name that no figure begins with.
    """
    for name in wanted:
        if not any(figure.startswith(name) for figure in FIGURES):
            raise CourseError(f"No figure begins with {name!r}; there are {', '.join(FIGURES)}.")
    torch.set_num_threads(1)  # sums come out the same however many cores there are
    paths = []
    for name, paint in FIGURES.items():
        if not wanted or name.startswith(tuple(wanted)):
            began = time.process_time()
            path = folder / f"{name}.png"
            save(paint(), path)
            taken = time.process_time() - began
            print(f"{path.name:32} {path.stat().st_size / 1000:4.0f} kB {taken:5.1f} s")
            paths.append(path)
    return paths


if __name__ == "__main__":
    try:
        draw(sys.argv[1:], FOLDER)
    except CourseError as error:
        sys.exit(str(error))
