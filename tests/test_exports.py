"""Marks that leave: what platforms read, and what lateness costs."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder import exports
from autograder.exports import LatePolicy, Mark, marks
from autograder.grading import Result
from autograder.judging import Verdict
from starter_code.errors import CourseError

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POLICY = LatePolicy(NOON, 0.1, most_days=3, extensions={"eve": timedelta(hours=48)})


def result(student: str, earned: float = 8.0) -> Result:
    verdict = Verdict("bleu", "corpus", 10, earned, "failed", "Counts.", "Off by one.")
    return Result(student, "a1_cnn_lstm_decoder", 1, "f" * 64, [], "", [verdict])


@pytest.mark.parametrize(
    ("student", "hours", "left"),
    [
        ("ada", -5, 8.0),
        ("ada", 0.1, 8.0),  # within the grace
        ("ada", 1, 7.2),
        ("ada", 25, 6.4),
        ("ada", 71, 5.6),
        ("ada", 73, 0.0),  # later than three days
        ("eve", 47, 8.0),
        ("eve", 49, 7.2),
    ],
)
def test_each_begun_day_costs_a_tenth(student: str, hours: float, left: float) -> None:
    assert POLICY.points(student, 8.0, NOON + timedelta(hours=hours)) == left


@given(st.floats(0, 100), st.floats(-100, 1000), st.floats(0, 1))
def test_lateness_never_adds_and_never_goes_below_zero(
    earned: float, hours: float, per_day: float
) -> None:
    policy = LatePolicy(NOON, per_day)
    left = policy.points("ada", earned, NOON + timedelta(hours=hours))
    assert 0 <= left <= earned + 1e-6
    assert policy.points("ada", earned, None) == pytest.approx(earned, abs=1e-6)


def test_a_policy_is_read_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    path = tmp_path / "late.json"
    tree = {"deadline": "2026-03-02T12:00:00+00:00", "per_day": 0.1, "most_days": 3}
    path.write_text(json.dumps(tree | {"extensions": {"eve": 48}}), encoding="utf-8")
    assert LatePolicy.read(path) == POLICY
    for wrong in ({"deadline": "2026-03-02"}, {"per_day": "x"}, tree | {"perday": 1}):
        path.write_text(json.dumps(wrong), encoding="utf-8")
        with pytest.raises(CourseError, match="not a late policy"):
            LatePolicy.read(path)


def rows() -> list[Mark]:
    times = {"ada": NOON + timedelta(hours=30), "=cmd()": NOON}
    return marks([result("ada"), result("=cmd()")], POLICY, times)


@pytest.mark.parametrize("form", exports.TABLES)
def test_tables_hold_the_final_points_and_no_formula(form: str) -> None:
    table = list(csv.reader(io.StringIO(exports.TABLES[form](rows()))))
    cells = [cell for row in table for cell in row]
    assert "6.4" in cells and "8.0" in cells
    assert "'=cmd()" in cells and not any(cell.startswith("=") for cell in cells)
    assert len({len(row) for row in table}) == 1


def test_gradescope_gets_a_file_per_student(tmp_path: Path) -> None:
    paths = exports.write("gradescope", rows()[:1], tmp_path / "out")
    tree = json.loads(paths[0].read_text("utf-8"))
    assert tree["score"] == 6.4 and tree["tests"][0]["max_score"] == 10
    assert "2 days late" in tree["output"] and "Off by one." in tree["tests"][0]["output"]


def test_times_come_from_nbgraders_files(tmp_path: Path) -> None:
    for name, text in {"ada": "2026-03-02 12:00:00.5 UTC", "bob": "tomorrow", "cem": ""}.items():
        folder = tmp_path / name / "a1_cnn_lstm_decoder"
        folder.mkdir(parents=True)
        (folder / "timestamp.txt").write_text(text, encoding="utf-8")
    times = exports.times_of(tmp_path, "a1_cnn_lstm_decoder")
    assert list(times) == ["ada"] and times["ada"].utcoffset() == timedelta(0)


def test_an_unknown_form_is_said(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="choose one of csv"):
        exports.write("excel", rows(), tmp_path / "x")
    with pytest.raises(CourseError, match="run `course grade` first"):
        exports.stored_results(tmp_path)
