"""A class's captions compared: each student's predictions, scored outside any sandbox.

A prediction file is data: a JSON object, file name of a test picture -> caption, as the *improve*
stage writes it; in the labs with styles file name -> style -> caption. Nothing of it is run. It is
taken like a notebook (regular, bounded, no links), and what is not a short text for a test picture
is no caption.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
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
from starter_code.metrics.style import NgramStyles
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.preparing import MANIFEST

MOST_WORDS = 60
MOST_BYTES = 5 * 2**20


@dataclass(frozen=True)
class Row:
    """One student's scores, or why there are none."""

    student: str
    bleu4: float = 0.0
    cider: float = 0.0
    right: float | None = None
    distinct: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Task:
    """What was to be captioned.

    Attributes:
        keys: the way to each caption in the file: (picture,) or (picture, style).
        truth: human captions, by the number of the key.
        measure: captions -> `Row.right`: how many claims are true, or how many styles.
    """

    keys: list[tuple[str, ...]]
    truth: dict[Hashable, list[str]]
    measure: Callable[[list[str]], float | None]


def board(assignment: str, folder: Path, data: Path) -> list[Row]:
    """Scores of all students with a predictions file below `folder`, best CIDEr first.

    Args:
        folder: a folder per student; the file is `predictions.json` in it or below `runs`.
        data: folder of input files (`prepare`, of captions or of styled captions), whose test split
            was captioned.

    Raises:
        CourseError: nobody has handed in predictions.
    """
    task = _styled_task(data) if (data / MANIFEST).exists() else _task(data)
    rows = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = [place / assignment, place]
        names = [f"runs/{assignment[:2]}/predictions.json", "predictions.json"]
        found = [p / n for p in paths for n in names if (p / n).exists()]
        if found and linked(folder, found[0]):
            rows.append(Row(place.name, problem="A symbolic link leads to predictions.json."))
        elif found:
            rows.append(_row(place.name, found[0], task))
    if not rows:
        raise CourseError(f"Nobody below {folder} has handed in a predictions.json.")
    return sorted(rows, key=lambda row: (-row.cider, row.student))


def _task(data: Path) -> Task:
    """Captions of pictures; right is what is true of the scene."""
    test = CaptionDataset(data, "test")
    factors = [scene["factors"] for scene in scenes.read_truth(data, test.filenames)]
    return Task(
        [(name,) for name in test.filenames],
        {i: told for i, told in references(test).items()},
        lambda captions: metrics.faithfulness(captions, factors) if factors else None,
    )


def _styled_task(data: Path) -> Task:
    """Captions in every style of the data set; right is the style that the n-grams hear."""
    train, test = StyledDataset(data, "train"), StyledDataset(data, "test")
    reader = NgramStyles([caption.tokens for caption in train.told], train.labels.tolist())
    wanted: list[tuple[str, str, int]] = []
    truth: dict[Hashable, list[str]] = {}
    for i, picture in enumerate(test.pictures):
        for label, style in enumerate(test.styles):
            told = [" ".join(words) for words in test.references(i, style)]
            if told:
                truth[len(wanted)] = told
                wanted.append((picture, style, label))
    labels = [label for _, _, label in wanted]
    return Task(
        [(picture, style) for picture, style, _ in wanted],
        truth,
        lambda captions: reader.accuracy([caption.split() for caption in captions], labels),
    )


def linked(folder: Path, path: Path) -> bool:
    """Whether a symbolic link stands on the way from the folder to the file."""
    way = [path, *path.parents]
    return any(part.is_symlink() for part in way[: way.index(folder)])


def _row(student: str, path: Path, task: Task) -> Row:
    try:
        captions = _captions(path, task.keys)
    except CourseError as error:
        return Row(student, problem=str(error))
    said: dict[Hashable, str] = dict(enumerate(captions))
    scores = metrics.score_captions(task.truth, said, ("bleu", "cider"))
    right = task.measure(captions)
    return Row(student, scores["BLEU-4"], scores["CIDEr"], right, metrics.distinct(captions))


def _captions(path: Path, keys: list[tuple[str, ...]]) -> list[str]:
    """The caption that stands at each key.

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
    found = [_follow(tree, key) for key in keys]
    missing = sum(not isinstance(caption, str) for caption in found)
    if missing:
        raise CourseError(f"{path.name} has no caption for {missing} of {len(keys)} places.")
    return [" ".join(clean(caption)[:2000].split()[:MOST_WORDS]) for caption in found]


def _follow(tree: Any, key: tuple[str, ...]) -> Any:
    for name in key:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree


def write_board(rows: list[Row], to: Path) -> list[Path]:
    """Write the board as a page and a table into the folder `to`."""
    head = ["rank", "student", "CIDEr", "BLEU-4", "right", "distinct", "remark"]
    cells: list[list[object]] = []
    for rank, row in enumerate(rows, 1):
        right = "" if row.right is None else f"{row.right:.3f}"
        scores = [f"{row.cider:.3f}", f"{row.bleu4:.3f}", right, row.distinct]
        place = [rank, row.student, *scores] if not row.problem else ["", row.student, *[""] * 4]
        cells.append([*place, row.problem])
    write_atomically(to / "leaderboard.csv", csv_text([head, *cells]))
    write_atomically(to / "leaderboard.html", page("Leaderboard", table(head, cells)))
    return [to / "leaderboard.html", to / "leaderboard.csv"]
