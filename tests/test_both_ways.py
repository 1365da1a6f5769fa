"""A class graded by `course grade` and by `nbgrader autograde`: the same points, cell by cell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from autograder.gradebook import enter
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class

NAME = "a2_attention_decoder"
ROOT = Path(__file__).resolve().parents[1]


def nbgrader(course: Path, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
    )


def cells(course: Path, student: str) -> dict[str, float | None]:
    """The automatic points in the gradebook."""
    with Gradebook(f"sqlite:///{course}/gradebook.db", "show-tell-imagine") as gradebook:
        notebook = gradebook.find_submission_notebook(NAME, NAME, student)
        return {g.name: g.auto_score for g in notebook.grades if g.name.startswith("check-")}


def test_both_ways_agree_on_every_cell_of_the_class(tmp_path: Path) -> None:
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(ROOT / "solutions" / NAME, tmp_path / "solutions" / NAME)
    nbgrader(tmp_path, "generate_assignment", NAME)
    people = simulated_class(NAME)
    for student in people:
        folder = tmp_path / "submitted" / student.name / NAME
        folder.mkdir(parents=True)
        for name, text in student.files.items():
            (folder / name).write_text(text, encoding="utf-8")
    results = grade_class(NAME, tmp_path / "submitted", tmp_path / "out", jobs=1)
    expected = {}
    for result in results:
        points = expected.setdefault(result.student, {})
        for verdict in result.verdicts:
            cell = f"check-{verdict.todo}"
            points[cell] = points.get(cell, 0.0) + verdict.earned
    enter(results, tmp_path / "out", tmp_path)
    entered = {student.name: cells(tmp_path, student.name) for student in people}
    nbgrader(tmp_path, "autograde", NAME, "--force")
    autograded = {student.name: cells(tmp_path, student.name) for student in people}
    assert entered == expected
    assert autograded == expected
