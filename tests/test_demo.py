"""The demo end to end, at the tier of the tests: releases, two graded classes, the captioner."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from autograder import assignments
from autograder.demo import run_demo, verify_marks
from autograder.grading import Result
from autograder.simulated_class import simulated_class
from starter_code.errors import CourseError


def test_the_demo_grades_both_classes_as_they_deserve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_TIER", "tiny")
    index = run_demo(tmp_path)  # raises where a made-up student gets other marks than deserved
    page = index.read_text("utf-8")
    assert "captions.html" in page and (tmp_path / "captions.html").stat().st_size > 100_000
    for name in assignments.names():
        folder = tmp_path / "grades" / name
        stored = [json.loads(p.read_text("utf-8")) for p in (folder / "results").glob("*.json")]
        results = [Result.from_json(tree) for tree in stored]
        assert len(results) == len(simulated_class(name)) >= 20  # one more for each TODO
        rows = list(csv.DictReader((folder / "grades.csv").open(encoding="utf-8")))
        assert {row["student"]: float(row["points"]) for row in rows} == {
            result.student: result.earned for result in results
        }
        feedback = "".join(p.read_text("utf-8") for p in (folder / "feedback").glob("*"))
        assert "Traceback" not in feedback and "draw." not in feedback

        finished = next(result for result in results if result.student == "ada_finished")
        finished.verdicts[0].status = "failed"
        with pytest.raises(CourseError, match="got wrong marks"):
            verify_marks(name, simulated_class(name), results)
