"""Grading a folder: taken up after an interruption, no forged point, clear words for bad input."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import cli, gradelog, grading
from autograder.bank import Bank, measure
from autograder.extracting import Submission, take
from autograder.grading import grade_class
from autograder.sandbox import Workers
from autograder.simulated_class import simulated_class
from autograder.tables import harmless
from starter_code.errors import CourseError

FIRST = "a1_cnn_lstm_decoder"


def test_an_interrupted_run_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "submitted"
    for student in simulated_class(FIRST)[:2]:
        for name, text in student.files.items():
            (folder / student.name).mkdir(parents=True)
            (folder / student.name / name).write_text(text, encoding="utf-8")
    first = grade_class(FIRST, folder, tmp_path / "out", jobs=1)
    (tmp_path / "out" / "grades.csv").unlink()

    def never(*_: object) -> None:
        raise AssertionError("graded again")

    monkeypatch.setattr(grading, "grade_submission", never)
    again = grade_class(FIRST, folder, tmp_path / "out", jobs=1)
    assert [r.to_json() for r in first] == [r.to_json() for r in again]
    assert json.loads((tmp_path / "out/run.json").read_text())["seed"] == first[0].seed
    monkeypatch.setattr(gradelog, "digest_of_checks", lambda assignment: "other checks")
    with pytest.raises(AssertionError, match="graded again"):  # they decide anew
        grade_class(FIRST, folder, tmp_path / "out", jobs=1)


def test_a_submission_that_breaks_the_grader_stops_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "bad"):
        (tmp_path / "submitted" / name).mkdir(parents=True)
        text = simulated_class(FIRST)[0].files[f"{FIRST}.ipynb"]
        (tmp_path / "submitted" / name / f"{FIRST}.ipynb").write_text(text, encoding="utf-8")
    grade = grading.grade_submission

    def breaks(student: str, submission: Submission, *rest: object) -> grading.Result:
        if student == "bad" and not submission.problem:
            raise ZeroDivisionError("in the grader")
        return grade(student, submission, *rest)  # type: ignore[arg-type]

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(grading, "grade_submission", breaks)
        ada, bad = grade_class(FIRST, tmp_path / "submitted", out, jobs=1)
    assert ada.earned == ada.points and bad.earned == 0 and "ZeroDivisionError" in bad.problem
    assert grading.notebook_of(out, "bad").is_file()
    ada, bad = grade_class(FIRST, tmp_path / "submitted", out, jobs=1)
    assert bad.earned == bad.points and not bad.problem


ATTACKS = {
    "patches_the_comparison": "import torch\ntorch.allclose = lambda *a, **k: True\n",
    "patches_the_engine": "import autograder.comparing as c\nc.difference = lambda *a: None\n",
    "reads_the_solution": "import autograder.bank as b\nb.measure('a1_cnn_lstm_decoder', 1)\n",
    "leaves_by_exit": "import os\nos._exit(0)\n",
    "fixes_the_inputs": "import autograder.draws as d\nd.Draw.normal = lambda *a, **k: 0\n",
}


@pytest.fixture(scope="module")
def grader() -> Iterator[tuple[Bank, Workers]]:
    with Workers(FIRST, 1) as workers:
        yield measure(FIRST, 77), workers


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_earns_nothing_and_costs_nobody_else(
    attack: str, tmp_path: Path, grader: tuple[Bank, Workers]
) -> None:
    student = simulated_class(FIRST)[0]
    text = student.files[f"{FIRST}.ipynb"]
    tree = json.loads(text)
    cell = next(c for c in tree["cells"] if c["id"] == "caption_loss")
    cell["source"] = (
        "# TODO caption_loss: forged\n"
        + ATTACKS[attack]
        + "def caption_loss(*a):\n    return 0.0\n"
    )
    path = tmp_path / f"{FIRST}.ipynb"
    path.write_text(json.dumps(tree), encoding="utf-8")
    bank, workers = grader
    submission = workers.read(path.name, take(path))
    result = grading.grade_submission("x", submission, bank, workers)
    assert all(verdict.passed == (verdict.todo != "caption_loss") for verdict in result.verdicts)


def test_an_untouched_cell_is_not_attempted_whatever_the_others_do(
    tmp_path: Path, grader: tuple[Bank, Workers]
) -> None:
    people = {student.name: student for student in simulated_class(FIRST)}
    tree = json.loads(people["ben_untouched"].files[f"{FIRST}.ipynb"])
    cell = next(c for c in tree["cells"] if c["id"] == "encode_caption")
    cell["source"] = (
        "# TODO encode_caption\nimport os\ndef encode_caption(*a, **k):\n    os._exit(0)\n"
    )
    path = tmp_path / f"{FIRST}.ipynb"
    path.write_text(json.dumps(tree), encoding="utf-8")
    bank, workers = grader
    result = grading.grade_submission("x", workers.read(path.name, take(path)), bank, workers)
    statuses = {(v.todo == "encode_caption", v.status) for v in result.verdicts}
    assert statuses == {(True, "ended the process"), (False, "not attempted")}


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    student = simulated_class(FIRST)[0]
    (tmp_path / "submitted" / student.name).mkdir(parents=True)
    for name, text in student.files.items():
        (tmp_path / "submitted" / student.name / name).write_text(text, encoding="utf-8")
    command = ["course", "grade", "a1", "--submitted", "submitted", "--out", "out"]
    monkeypatch.setattr(sys, "argv", command)

    def full(path: Path, text: str) -> None:
        if path.name == "grades.csv" or path.suffix == ".md":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    with monkeypatch.context() as patch:
        patch.setattr(grading, "write_atomically", full)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "No space is left" in said and "run the same command again" in said
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0 and (tmp_path / "out" / "summary.md").is_file()


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="holds no submissions"):
        grade_class(FIRST, tmp_path, tmp_path / "out")
    with pytest.raises(CourseError, match="There is no folder"):
        grade_class(FIRST, tmp_path / "nowhere", tmp_path / "out")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@A1", "\t=1"])
def test_a_spreadsheet_formula_becomes_text(cell: str) -> None:
    assert harmless(cell) == "'" + cell
    assert harmless("plain") == "plain" and harmless(-3.0) == -3.0
