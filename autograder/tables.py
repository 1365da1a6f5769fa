"""Tables that spreadsheets open."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grading import Result


def harmless(cell: object) -> object:
    """A text that begins like a spreadsheet formula gets an apostrophe in front."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return cell


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, every cell made harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([harmless(c) for c in row] for row in rows)
    return text.getvalue()


def grades_csv(results: Sequence[Result]) -> str:
    """A row per student: points in all, of each TODO, and what is remarkable about the file."""
    todos = list(dict.fromkeys(v.todo for result in results for v in result.verdicts))
    rows: list[list[object]] = [["student", "assignment", "points", "of", *todos, "remarks"]]
    for result in results:
        earned: Counter[str] = Counter()
        for verdict in result.verdicts:
            earned[verdict.todo] += verdict.earned  # type: ignore[assignment]
        remarks = "; ".join([result.problem, *result.notes]).strip("; ")
        points = [earned[todo] for todo in todos]
        rows.append(
            [result.student, result.assignment, result.earned, result.points, *points, remarks]
        )
    return csv_text(rows)
