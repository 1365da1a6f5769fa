"""A class's codes compared: each student's numbers for the same rooms, scored outside any sandbox.

A predictions file is data: the JSON object {"codes": N lists of L numbers}, for the N rooms of
`starter_code.flows.codes.board_rooms`, as the *improve* stage writes it. Nothing of it is run; it
is taken like a notebook (regular, bounded, no links).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.files import write_atomically
from autograder.leaderboard import MOST_BYTES, linked
from autograder.notebook_files import take
from autograder.pages import page, table
from autograder.studies import solution
from autograder.tables import csv_text
from starter_code.errors import CourseError
from starter_code.metrics import latents

MOST_ENTRIES = 128
LEARNT = 0.75  # share of the rooms that DCI's trees learn from


@dataclass(frozen=True)
class Row:
    """One student's scores, or why there are none."""

    student: str
    mig: float = 0.0
    disentanglement: float = 0.0
    completeness: float = 0.0
    informativeness: float = 0.0
    entries: int = 0
    problem: str = ""


def board(assignment: str, folder: Path) -> list[Row]:
    """Scores of all students with a predictions file below `folder`, the best MIG first.

    Args:
        folder: a folder per student; the file is `predictions.json` in it or below `runs`.

    Raises:
        CourseError: nobody has handed in codes.
    """
    from starter_code.flows.codes import board_rooms

    factors = board_rooms()[1].numpy()
    rows = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        names = [f"runs/{assignment[:2]}/predictions.json", "predictions.json"]
        paths = [base / name for base in (place / assignment, place) for name in names]
        found = [path for path in paths if path.exists()]
        if found and linked(folder, found[0]):
            rows.append(Row(place.name, problem="A symbolic link leads to predictions.json."))
        elif found:
            rows.append(_row(place.name, found[0], factors))
    if not rows:
        raise CourseError(f"Nobody below {folder} has handed in a predictions.json.")
    return sorted(rows, key=lambda row: (-row.mig, -row.disentanglement, row.student))


def _row(student: str, path: Path, factors: np.ndarray) -> Row:
    try:
        codes = _codes(path, len(factors))
        learnt = int(LEARNT * len(factors))
        trees = latents.dci(
            codes[:learnt], factors[:learnt], codes[learnt:], factors[learnt:],
            np.random.default_rng(0),
        )  # fmt: skip
        gap = float(_mig()(torch.from_numpy(codes), torch.from_numpy(factors)))
    except CourseError as error:
        return Row(student, problem=str(error))
    return Row(
        student, gap, trees.disentanglement, trees.completeness, trees.informativeness,
        codes.shape[1],
    )  # fmt: skip


@cache
def _mig() -> Any:
    """The reference solution's MIG."""
    return solution("a6", {}).mig


def _codes(path: Path, rooms: int) -> np.ndarray:
    """The codes of a file, (rooms, L).

    Raises:
        CourseError: the file is not what the notebook writes.
    """
    data = take(path)
    if len(data) > MOST_BYTES:
        raise CourseError(f"{path.name} is larger than {MOST_BYTES >> 20} MB.")
    try:
        tree = json.loads(data)
        codes = np.array(tree["codes"], dtype=float)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise CourseError(f"{path.name} holds no table of numbers under the name codes.") from None
    if codes.ndim != 2 or len(codes) != rooms or not 1 <= codes.shape[1] <= MOST_ENTRIES:
        raise CourseError(
            f"{path.name} holds numbers of the shape {codes.shape}; {rooms} codes of at most "
            f"{MOST_ENTRIES} entries are compared."
        )
    if not np.isfinite(codes).all() or np.abs(codes).max() > 1e9:
        raise CourseError(f"{path.name} holds numbers that are infinite, not one, or beyond 1e9.")
    return codes


def write_board(rows: list[Row], to: Path) -> list[Path]:
    """Write the board as a page and a table into the folder `to`."""
    head = ["rank", "student", "MIG", "DCI", "completeness", "informativeness", "entries", "remark"]
    cells: list[list[object]] = []
    for rank, row in enumerate(rows, 1):
        scores = [row.mig, row.disentanglement, row.completeness, row.informativeness]
        told = [rank, row.student, *(f"{score:.3f}" for score in scores), row.entries]
        cells.append([*(["", row.student, *[""] * 5] if row.problem else told), row.problem])
    write_atomically(to / "leaderboard.csv", csv_text([head, *cells]))
    write_atomically(to / "leaderboard.html", page("Leaderboard", table(head, cells)))
    return [to / "leaderboard.html", to / "leaderboard.csv"]
