"""A class's pictures compared: what each student's generator drew of the same captions, scored
outside any sandbox.

A predictions file is data: a JSON object, number of a test caption -> the picture's bytes (3 x S x
S levels from 0 to 255) in base64, as the *improve* stage of assignment 5 writes it. Nothing of it
is run; it is taken like a notebook (regular, bounded, no links).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.files import write_atomically
from autograder.leaderboard import MOST_BYTES, linked
from autograder.notebook_files import take
from autograder.pages import page, table
from autograder.tables import csv_text
from starter_code.errors import CourseError
from starter_code.text_to_image import scores
from starter_code.text_to_image.claims import PROPERTIES
from starter_code.text_to_image.datasets import CaptionedPictures, as_pictures
from starter_code.text_to_image.joint import given_encoders
from starter_code.text_to_image.oracle import Oracle, given_oracle
from starter_code.tiers import tier

ASKED = 200  # the first caption of so many test pictures


@dataclass(frozen=True)
class Row:
    """One student's scores, or why there are none.

    Attributes:
        match: property -> share of the pictures that show what is said.
        precision: R-precision.
    """

    student: str
    match: dict[str, float] = field(default_factory=dict)
    precision: float = 0.0
    problem: str = ""

    @property
    def score(self) -> float:
        """The mean caption match, by which the board is ordered."""
        return sum(self.match.values()) / len(self.match) if self.match else 0.0


class Task:
    """What was to be drawn, and who looks at it."""

    def __init__(self, data: Path, size: str) -> None:
        self.test = CaptionedPictures(data, "test")
        self.told = self.test.firsts[:ASKED]
        self.oracle: Oracle = given_oracle(tier(size))
        texts, self.pictures = given_encoders(tier(size))
        self.texts = self.test.encode(texts).texts[self.told]
        self.claimed = {name: said[self.told] for name, said in self.test.claimed.items()}
        self.fits = self.test.fits(self.test.picture_of[self.told], self.told)

    def row(self, student: str, drawn: Tensor) -> Row:
        """The scores of pictures (N, 3, S, S) in [-1, 1]."""
        match = scores.caption_match(self.oracle, drawn, self.claimed)
        lots = torch.Generator().manual_seed(0)
        many = min(100, len(self.told))
        found = scores.r_precision(self.pictures, drawn, self.texts, self.fits, lots, many)
        return Row(student, match, found)


def board(assignment: str, folder: Path, data: Path, size: str = "small") -> list[Row]:
    """Scores of all students with a predictions file below `folder`, the best match first.

    Args:
        folder: a folder per student; the file is `predictions.json` in it or below `runs`.
        data: pictures with captions (`text_to_image.preparing.prepare`), whose test captions were
            to be drawn.
        size: the tier whose oracle and encoders look at the pictures.

    Raises:
        CourseError: nobody has handed in pictures.
    """
    task, rows = Task(data, size), []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        names = [f"runs/{assignment[:2]}/predictions.json", "predictions.json"]
        paths = [base / name for base in (place / assignment, place) for name in names]
        found = [path for path in paths if path.exists()]
        if found and linked(folder, found[0]):
            rows.append(Row(place.name, problem="A symbolic link leads to predictions.json."))
        elif found:
            rows.append(_row(place.name, found[0], task))
    if not rows:
        raise CourseError(f"Nobody below {folder} has handed in a predictions.json.")
    return sorted(rows, key=lambda row: (-row.score, -row.precision, row.student))


def _row(student: str, path: Path, task: Task) -> Row:
    try:
        return task.row(student, _pictures(path, task.told, task.test.pictures.shape[-1]))
    except CourseError as error:
        return Row(student, problem=str(error))


def _pictures(path: Path, told: Tensor, side: int) -> Tensor:
    """The picture of each caption, (N, 3, S, S) in [-1, 1].

    Raises:
        CourseError: the file is not what the notebook writes.
    """
    data = take(path)
    if len(data) > MOST_BYTES:
        raise CourseError(f"{path.name} is larger than {MOST_BYTES >> 20} MB.")
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        raise CourseError(f"{path.name} is not valid JSON.") from None
    if not isinstance(tree, dict):
        raise CourseError(f"{path.name} is not an object of caption numbers and pictures.")
    found = [_levels(tree.get(str(number)), 3 * side * side) for number in told.tolist()]
    levels = [part for part in found if part is not None]
    if len(levels) < len(found):
        missing = len(found) - len(levels)
        raise CourseError(
            f"{path.name} has no picture of 3 x {side} x {side} levels for {missing} of "
            f"{len(found)} captions."
        )
    return as_pictures(torch.from_numpy(np.stack(levels)).reshape(-1, 3, side, side))


def _levels(text: Any, count: int) -> np.ndarray | None:
    """The bytes that a text stands for, if there are so many."""
    if not isinstance(text, str):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return np.frombuffer(data, dtype=np.uint8) if len(data) == count else None


def write_board(rows: list[Row], to: Path) -> list[Path]:
    """Write the board as a page and a table into the folder `to`."""
    head = ["rank", "student", "caption match", *PROPERTIES, "R-precision", "remark"]
    cells: list[list[object]] = []
    for rank, row in enumerate(rows, 1):
        numbers = [row.score, *(row.match.get(name, 0.0) for name in PROPERTIES), row.precision]
        told = [rank, row.student, *(f"{number:.3f}" for number in numbers)]
        blank = ["", row.student, *[""] * len(numbers)]
        cells.append([*(blank if row.problem else told), row.problem])
    write_atomically(to / "leaderboard.csv", csv_text([head, *cells]))
    write_atomically(to / "leaderboard.html", page("Leaderboard", table(head, cells)))
    return [to / "leaderboard.html", to / "leaderboard.csv"]
