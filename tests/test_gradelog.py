"""The grade log: whatever is changed in it is found, and what it says can be done again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autograder import gradelog
from autograder.gradelog import Entry
from autograder.grading import LOG, grade_class
from autograder.simulated_class import simulated_class
from autograder.verifying import verify_log
from starter_code.errors import CourseError

NAME = "a1_cnn_lstm_decoder"


def entry(student: str, earned: float = 3.0) -> Entry:
    return Entry(student, NAME, "f" * 64, "c" * 64, 7, earned, 5.0, {"bleu": earned})


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "grades.log"
    gradelog.append(path, [entry("ada"), entry("bob")])
    gradelog.append(path, [entry("ada", 5.0)])
    return path


def test_the_last_word_on_a_student_counts(log: Path) -> None:
    latest = gradelog.latest(gradelog.verify(log))
    assert latest["ada", NAME].earned == 5.0 and latest["bob", NAME].earned == 3.0


@pytest.mark.parametrize("line", [0, 1])
def test_a_changed_grade_breaks_a_seal(log: Path, line: int) -> None:
    lines = log.read_text("utf-8").splitlines()
    record = json.loads(lines[line])
    lines[line] = json.dumps(record | {"earned": 5.0, "student": "eve"}, sort_keys=True)
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(CourseError, match=f"line {line + 2}"):
        gradelog.verify(log)


@pytest.mark.parametrize("kept", [[0, 2], [1, 2], [1, 0, 2]])
def test_a_removed_or_moved_line_breaks_a_seal(log: Path, kept: list[int]) -> None:
    lines = log.read_text("utf-8").splitlines()
    log.write_text("".join(lines[i] + "\n" for i in kept), encoding="utf-8")
    with pytest.raises(CourseError, match="seal is broken"):
        gradelog.verify(log)


def test_a_line_torn_by_a_kill_is_taken_away(log: Path) -> None:
    whole = log.read_text("utf-8")
    log.write_text(whole + '{"n": 3, "before": "12', encoding="utf-8")
    assert len(gradelog.verify(log)) == 3
    gradelog.append(log, [entry("cem")])
    records = gradelog.verify(log)
    assert [r["student"] for r in records] == ["ada", "bob", "ada", "cem"]


def test_every_grade_can_be_made_again_and_a_forged_one_cannot(tmp_path: Path) -> None:
    folder, out = tmp_path / "submitted", tmp_path / "out"
    for student in simulated_class(NAME)[:2]:
        (folder / student.name).mkdir(parents=True)
        for name, text in student.files.items():
            (folder / student.name / name).write_text(text, encoding="utf-8")
    first = grade_class(NAME, folder, out, jobs=1)
    grade_class(NAME, folder, out, jobs=1)
    assert len(gradelog.verify(out / LOG)) == 2  # the second run found nothing new to say
    assert verify_log(NAME, folder, out) == []
    same = {**entry("").__dict__, "checks": gradelog.digest_of_checks(NAME)}
    one, two = (Entry(**{**same, **logged(result)}) for result in first)
    gradelog.append(out / LOG, [Entry(**{**one.__dict__, "earned": 1.0})])
    assert [text.split(":")[0] for text in verify_log(NAME, folder, out)] == [one.student]
    (folder / two.student / f"{NAME}.ipynb").write_text("{}", encoding="utf-8")
    assert any("another file" in text for text in verify_log(NAME, folder, out))


def logged(result: object) -> dict[str, object]:
    names = ("student", "assignment", "submission", "seed", "earned", "points")
    return {name: getattr(result, name) for name in names}
