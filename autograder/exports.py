"""Marks in the forms that learning platforms read, and what lateness does to them.

    course marks a1 --form canvas|moodle|gradescope|csv --to FILE_OR_FOLDER

Lateness is a pure function of deadline, time of handing in, extension and policy. It is applied
when marks leave, never stored, so that a corrected deadline or extension corrects every mark.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from autograder.building import write_atomically
from autograder.feedback import student_markdown
from autograder.grading import Result
from autograder.tables import csv_text
from starter_code.errors import CourseError


@dataclass(frozen=True)
class LatePolicy:
    """What lateness costs.

    Attributes:
        deadline: None if there is none.
        per_day: share of the points that each begun day costs, 0.1 for a tenth.
        grace: this much is no lateness.
        most_days: later than this gives nothing; None: never.
        extensions: student -> how much longer.
    """

    deadline: datetime | None = None
    per_day: float = 0.0
    grace: timedelta = timedelta(minutes=10)
    most_days: int | None = None
    extensions: Mapping[str, timedelta] = field(default_factory=dict)

    def days_late(self, student: str, handed_in: datetime | None) -> int:
        """Begun days after deadline, extension and grace; 0 without a deadline or a time."""
        if self.deadline is None or handed_in is None:
            return 0
        late = handed_in - (self.deadline + self.extensions.get(student, timedelta()))
        return 0 if late <= self.grace else math.ceil(late / timedelta(days=1))

    def points(self, student: str, earned: float, handed_in: datetime | None) -> float:
        """What is left of the points, never below zero."""
        days = self.days_late(student, handed_in)
        if self.most_days is not None and days > self.most_days:
            return 0.0
        return round(earned * max(0.0, 1.0 - self.per_day * days), 6)

    @staticmethod
    def read(path: Path) -> LatePolicy:
        """A policy from JSON: deadline (ISO 8601 with zone), per_day, grace_minutes, most_days,
        extensions (student -> hours).

        Raises:
            CourseError: naming what in the file cannot be used.
        """
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            unknown = set(tree) - {
                "deadline",
                "per_day",
                "grace_minutes",
                "most_days",
                "extensions",
            }
            if unknown:
                raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
            deadline = datetime.fromisoformat(tree["deadline"])
            if deadline.tzinfo is None:
                raise ValueError("the deadline has no time zone, such as +02:00")
            hours = {name: float(value) for name, value in tree.get("extensions", {}).items()}
            return LatePolicy(
                deadline,
                float(tree.get("per_day", 0.0)),
                timedelta(minutes=float(tree.get("grace_minutes", 10))),
                tree.get("most_days"),
                {name: timedelta(hours=value) for name, value in hours.items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CourseError(f"{path} is not a late policy ({error}); see the guide.") from None


@dataclass(frozen=True)
class Mark:
    """One student's mark as it leaves.

    Attributes:
        earned: points of the checks. final: the same after lateness.
    """

    result: Result
    days_late: int
    final: float

    @property
    def earned(self) -> float:
        return self.result.earned


def marks(
    results: list[Result],
    policy: LatePolicy | None = None,
    times: Mapping[str, datetime] | None = None,
) -> list[Mark]:
    """Results with lateness applied; `times` says when each student handed in."""
    policy, times = policy or LatePolicy(), times or {}
    found = []
    for result in results:
        when = times.get(result.student)
        days = policy.days_late(result.student, when)
        found.append(Mark(result, days, policy.points(result.student, result.earned, when)))
    return found


def as_csv(rows: list[Mark]) -> str:
    """One row a student: points, points after lateness, days late."""
    head = ["student", "assignment", "points", "of", "days late", "final"]
    body = [[m.result.student, m.result.assignment, m.earned, m.result.points] for m in rows]
    late = [[m.days_late, m.final] for m in rows]
    return csv_text([head, *(row + more for row, more in zip(body, late))])


def as_canvas(rows: list[Mark]) -> str:
    """Canvas' gradebook import: the column is the assignment, the row below it the points."""
    if not rows:
        return ""
    name = rows[0].result.assignment
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    possible = ["    Points Possible", "", "", "", "", rows[0].result.points]
    body = [["", "", "", m.result.student, "", m.final] for m in rows]
    return csv_text([head, possible, *body])


def as_moodle(rows: list[Mark]) -> str:
    """Moodle's CSV import, matched by user name: grade and feedback."""
    head = ["username", rows[0].result.assignment if rows else "", "feedback"]
    body = [[m.result.student, m.final, _summary(m)] for m in rows]
    return csv_text([head, *body])


def as_gradescope(mark: Mark) -> dict[str, Any]:
    """One student's `results.json` for Gradescope's autograder."""
    tests = [
        {
            "name": f"{verdict.todo}: {verdict.sentence}",
            "score": verdict.earned,
            "max_score": verdict.points,
            "status": "passed" if verdict.passed else "failed",
            "output": " ".join([verdict.reason, *verdict.seen]).strip(),
            "output_format": "text",
        }
        for verdict in mark.result.verdicts
    ]
    return {
        "score": mark.final,
        "output": _summary(mark),
        "output_format": "text",
        "visibility": "visible",
        "tests": tests,
    }


def _summary(mark: Mark) -> str:
    late = f" {mark.days_late} days late: {mark.final:g} points." if mark.days_late else ""
    remarks = " ".join([mark.result.problem, *mark.result.notes]).strip()
    return f"{mark.earned:g} of {mark.result.points:g} points by checks.{late} {remarks}".strip()


TABLES: dict[str, Callable[[list[Mark]], str]] = {
    "csv": as_csv,
    "canvas": as_canvas,
    "moodle": as_moodle,
}
FORMS = (*TABLES, "gradescope", "markdown")


def write(form: str, rows: list[Mark], to: Path) -> list[Path]:
    """Write marks in a form: one table, or a file per student in the folder `to`.

    Raises:
        CourseError: an unknown form.
    """
    if form in TABLES:
        write_atomically(to, TABLES[form](rows))
        return [to]
    if form == "gradescope":
        texts = {f"{m.result.student}.json": json.dumps(as_gradescope(m), indent=1) for m in rows}
    elif form == "markdown":
        texts = {f"{m.result.student}.md": student_markdown(m.result) for m in rows}
    else:
        raise CourseError(f"There is no form {form!r}; choose one of {', '.join(FORMS)}.")
    for name, text in texts.items():
        write_atomically(to / name, text)
    return [to / name for name in texts]


def stored_results(out: Path) -> list[Result]:
    """The results that `course grade` wrote below `out`.

    Raises:
        CourseError: there are none.
    """
    paths = sorted((out / "results").glob("*.json"))
    if not paths:
        raise CourseError(f"There are no results in {out}; run `course grade` first.")
    return [Result.from_json(json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def times_of(folder: Path, assignment: str) -> dict[str, datetime]:
    """When each student handed in: nbgrader's `timestamp.txt`, where there is one."""
    from autograder.extracting import take

    found: dict[str, datetime] = {}
    for place in folder.iterdir() if folder.is_dir() else ():
        for path in (place / assignment / "timestamp.txt", place / "timestamp.txt"):
            try:
                words = take(path)[:100].decode("ascii").strip()
                when = datetime.fromisoformat(words.replace(" UTC", "+00:00"))
            except (CourseError, ValueError):
                continue
            found.setdefault(place.name, when)
    return {name: when for name, when in found.items() if when.tzinfo is not None}
