"""A class graded by `course grade` and by `nbgrader autograde`: the same points, cell by cell."""

from __future__ import annotations

from pathlib import Path

from courses import nbgrader, new_course, open_gradebook

from autograder.gradebook import enter
from autograder.grading import grade_class
from autograder.simulated_class import write_class

NAME = "a2_attention_decoder"


def cells(course: Path, student: str) -> dict[str, float | None]:
    """The automatic points in the gradebook."""
    with open_gradebook(course) as gradebook:
        notebook = gradebook.find_submission_notebook(NAME, NAME, student)
        return {g.name: g.auto_score for g in notebook.grades if g.name.startswith("check-")}


def test_both_ways_agree_on_every_cell_of_the_class(tmp_path: Path) -> None:
    new_course(tmp_path, NAME)
    people = write_class(NAME, tmp_path / "submitted")
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
