"""A class's captions compared: each student's predictions, scored outside any sandbox.

A prediction file is data: a JSON object, file name of a test picture -> caption, as the *improve*
stage writes it. Nothing of it is run. It is taken like a notebook (regular, bounded, no links), and
what is not a short text for a test picture is no caption.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.building import write_atomically
from autograder.extracting import take
from autograder.pages import page, table
from autograder.tables import csv_text
from autograder.values import clean
from starter_code import scenes
from starter_code.captioning.datasets import CaptionDataset
from starter_code.captioning.utils import references
from starter_code.errors import CourseError
from starter_code.metrics import captions as metrics

MOST_WORDS = 60
MOST_BYTES = 5 * 2**20


@dataclass(frozen=True)
class Row:
    """One student's scores, or why there are none."""

    student: str
    bleu4: float = 0.0
    cider: float = 0.0
    faithful: float | None = None
    distinct: int = 0
    problem: str = ""


def board(assignment: str, folder: Path, data: Path) -> list[Row]:
    """Scores of all students with a predictions file below `folder`, best CIDEr first.

    Args:
        folder: a folder per student; the file is `predictions.json` in it or below `runs`.
        data: folder of input files (`prepare`), whose test split was captioned.

    Raises:
        CourseError: nobody has handed in predictions.
    """
    test = CaptionDataset(data, "test")
    truth, world = references(test), scenes.read_truth(data, test.filenames)
    rows = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = [place / assignment, place]
        names = [f"runs/{assignment[:2]}/predictions.json", "predictions.json"]
        found = [p / n for p in paths for n in names if (p / n).exists()]
        if found and _linked(folder, found[0]):
            rows.append(Row(place.name, problem="A symbolic link leads to predictions.json."))
        elif found:
            rows.append(_row(place.name, found[0], test, truth, world))
    if not rows:
        raise CourseError(f"Nobody below {folder} has handed in a predictions.json.")
    return sorted(rows, key=lambda row: (-row.cider, row.student))


def _linked(folder: Path, path: Path) -> bool:
    """Whether a symbolic link stands on the way from the folder to the file."""
    way = [path, *path.parents]
    return any(part.is_symlink() for part in way[: way.index(folder)])


def _row(student: str, path: Path, test: CaptionDataset, truth: Any, world: list[Any]) -> Row:
    try:
        captions = _captions(path, test.filenames)
    except CourseError as error:
        return Row(student, problem=str(error))
    said: dict[Hashable, str] = dict(enumerate(captions))
    scores = metrics.score_captions(truth, said, ("bleu", "cider"))
    factors = [scene["factors"] for scene in world]
    faithful = metrics.faithfulness(captions, factors) if world else None
    return Row(student, scores["BLEU-4"], scores["CIDEr"], faithful, metrics.distinct(captions))


def _captions(path: Path, filenames: list[str]) -> list[str]:
    """A caption for each test picture.

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
        raise CourseError(f"{path.name} is not an object of file names and captions.")
    missing = [name for name in filenames if not isinstance(tree.get(name), str)]
    if missing:
        raise CourseError(f"{path.name} has no caption for {len(missing)} test pictures.")
    return [" ".join(clean(tree[name])[:2000].split()[:MOST_WORDS]) for name in filenames]


def write_board(rows: list[Row], to: Path) -> list[Path]:
    """Write the board as a page and a table into the folder `to`."""
    head = ["rank", "student", "CIDEr", "BLEU-4", "faithful", "distinct", "remark"]
    cells: list[list[object]] = []
    for rank, row in enumerate(rows, 1):
        faithful = "" if row.faithful is None else f"{row.faithful:.3f}"
        scores = [f"{row.cider:.3f}", f"{row.bleu4:.3f}", faithful, row.distinct]
        place = [rank, row.student, *scores] if not row.problem else ["", row.student, *[""] * 4]
        cells.append([*place, row.problem])
    write_atomically(to / "leaderboard.csv", csv_text([head, *cells]))
    write_atomically(to / "leaderboard.html", page("Leaderboard", table(head, cells)))
    return [to / "leaderboard.html", to / "leaderboard.csv"]
