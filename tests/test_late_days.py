"""Late days and extensions stay nbgrader's, whichever way a class is graded."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from courses import nbgrader, new_course, open_gradebook

from autograder import gradelog
from autograder.gradebook import enter
from autograder.grading import LOG, default_output, grade_class
from autograder.simulated_class import simulated_class

NAME = "a1_cnn_lstm_decoder"
DUE = datetime(2026, 5, 1, 12, 0)
HANDED_IN = {"early": -60, "late": 60, "granted": 60}  # minutes after the due date


def scores(course: Path) -> dict[str, float]:
    with open_gradebook(course) as gradebook:
        found = gradebook.assignment_submissions(NAME)
        return {s.student.id: s.score - s.late_submission_penalty for s in found}


def test_a_late_submission_loses_its_points_and_an_extension_keeps_them(tmp_path: Path) -> None:
    new_course(tmp_path, NAME, 'c.LateSubmissionPlugin.penalty_method = "zero"')
    right = simulated_class(NAME)[0].files[f"{NAME}.ipynb"]
    for name, minutes in HANDED_IN.items():
        folder = tmp_path / "submitted" / name / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(right, encoding="utf-8")
        stamp = (DUE + timedelta(minutes=minutes)).strftime("%Y-%m-%d %H:%M:%S UTC")
        (folder / "timestamp.txt").write_text(stamp, encoding="utf-8")
    with open_gradebook(tmp_path) as gradebook:
        gradebook.update_or_create_assignment(NAME, duedate=DUE)
        gradebook.update_or_create_student("granted")
        gradebook.update_or_create_submission(NAME, "granted")
        gradebook.grant_extension(NAME, "granted", hours=2)
    expected = {"early": 80, "late": 0, "granted": 80}
    results = grade_class(NAME, tmp_path / "submitted", tmp_path / "out", jobs=1)
    enter(results, tmp_path / "out", tmp_path)
    assert scores(tmp_path) == expected
    nbgrader(tmp_path, "autograde", NAME, "--force")
    assert scores(tmp_path) == expected
    log = gradelog.latest(gradelog.verify(tmp_path / default_output(NAME) / LOG))
    assert {(e.student, e.earned, e.submission) for e in log.values()} == {
        (r.student, r.earned, r.submission) for r in results
    }
