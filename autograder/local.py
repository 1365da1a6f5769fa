"""Check one file in a process of its own: `course check` and `pytest autograder`."""

from __future__ import annotations

import json
from pathlib import Path

from autograder.bank import Bank, measure
from autograder.extracting import take
from autograder.grading import Result, grade_submission
from autograder.judging import Verdict
from autograder.notebook import frozen_path, verdict_page
from autograder.sandbox import Workers
from starter_code.errors import CourseError


def public_bank(assignment: str) -> Bank:
    """The frozen bank of the visible checks."""
    tree = json.loads(frozen_path(assignment).read_text(encoding="utf-8"))
    return Bank.from_json(tree["bank"])


def judge_file(path: Path, assignment: str, seed: int | None = None) -> Result:
    """Grade one file: at the public seed from frozen values, at another from the reference.

    Raises:
        CourseError: if the file is missing or is not a notebook.
    """
    if not path.is_file():
        raise CourseError(f"There is no file {path}; give the path of your notebook.")
    data = take(path)
    bank = public_bank(assignment) if seed is None else measure(assignment, seed)
    with Workers(assignment, 1, isolation="none") as workers:  # one's own code on one's own machine
        submission = workers.read(path.name, data)
        if submission.problem:
            raise CourseError(submission.problem)
        return grade_submission(path.stem, submission, bank, workers)


def check_file(path: Path, assignment: str) -> list[Verdict]:
    """Print the verdict table of every TODO and return the verdicts."""
    result = judge_file(path, assignment)
    for note in result.notes:
        print(note)
    for todo in dict.fromkeys(verdict.todo for verdict in result.verdicts):
        own = [verdict for verdict in result.verdicts if verdict.todo == todo]
        print(verdict_page(todo, own, with_cause=False))
    print(f"{result.earned:g} of {result.points:g} points at the public inputs.")
    return result.verdicts
