"""Who hands in again gets the points of what was handed in last, whatever it does to the grader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from courses import nbgrader, new_course, open_gradebook

from autograder.gradebook import enter
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class

NAME = "a1_cnn_lstm_decoder"
WAYS = ["course grade", "nbgrader autograde"]
EXIT = "# TODO encode_caption\nimport os\nos._exit(0)\ndef encode_caption(*a): os._exit(0)"


def hand_in(course: Path, texts: dict[str, str]) -> None:
    for student, text in texts.items():
        folder = course / "submitted" / student / NAME
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{NAME}.ipynb").write_text(text, encoding="utf-8")


def scores(course: Path) -> dict[str, float]:
    with open_gradebook(course) as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(NAME)}


def second_tries(right: str) -> dict[str, str]:
    """What is handed in after a right notebook, and would keep its points elsewhere."""
    without_checks, exits = json.loads(right), json.loads(right)
    without_checks["cells"] = [
        c for c in without_checks["cells"] if not str(c.get("id")).startswith(("check", "encode"))
    ]
    next(c for c in exits["cells"] if c.get("id") == "encode_caption")["source"] = EXIT
    return {
        "without_its_cells": json.dumps(without_checks),
        "exits": json.dumps(exits),
        "corrupt": "{",
        "empty": "",
    }


def grade(way: str, course: Path) -> dict[str, float]:
    if way == "course grade":
        results = grade_class(NAME, course / "submitted", course / "out", jobs=1)
        enter(results, course / "out", course)
    else:
        nbgrader(course, "autograde", NAME, "--force")
    return scores(course)


@pytest.mark.parametrize("way", WAYS)
def test_no_old_point_is_kept(way: str, tmp_path: Path) -> None:
    new_course(tmp_path, NAME)
    right = simulated_class(NAME)[0].files[f"{NAME}.ipynb"]
    later = second_tries(right)
    hand_in(tmp_path, dict.fromkeys(later, right))
    assert set(grade(way, tmp_path).values()) == {80}
    hand_in(tmp_path, later)
    expected = {"without_its_cells": 75, "exits": 75, "corrupt": 0, "empty": 0}
    assert grade(way, tmp_path) == expected


@pytest.mark.parametrize("way", WAYS)
def test_a_grading_that_breaks_off_leaves_no_old_point(way: str, tmp_path: Path) -> None:
    new_course(tmp_path, NAME)
    hand_in(tmp_path, {"again": simulated_class(NAME)[0].files[f"{NAME}.ipynb"]})
    assert grade(way, tmp_path) == {"again": 80}
    with open_gradebook(tmp_path) as gradebook:  # nbgrader looks for the cell in vain, and stops
        gradebook.add_grade_cell("in-no-notebook", NAME, NAME, max_score=5, cell_type="code")
    with pytest.raises((AssertionError, ValueError), match="'in-no-notebook' is not in list"):
        grade(way, tmp_path)
    assert scores(tmp_path) == {"again": 0}
    with open_gradebook(tmp_path) as gradebook:
        assert gradebook.find_submission(NAME, "again").needs_manual_grade
