"""The real nbgrader, called by its command line without an activated environment."""

from __future__ import annotations

import csv
import html
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from autograder.assignments import load_source, names
from autograder.bank import Bank, mistakes_of
from autograder.comparing import difference
from autograder.gradebook import enter
from autograder.grading import grade_class
from autograder.probes import load_checks
from autograder.simulated_class import Student, simulated_class
from starter_code.errors import CourseError

ASSIGNMENTS = names()
# What depends on nbgrader and not on the assignment is tried on one of them.
one_is_enough = pytest.mark.parametrize("graded", ["a2_attention_decoder"], indirect=True)


def bare_environment() -> dict[str, str]:
    """No activated environment: the tools must find each other by themselves."""
    kept = ("HOME", "TMPDIR", "COURSE_ISOLATION")
    keep = {key: os.environ[key] for key in kept if key in os.environ}
    return {**keep, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nbgrader", *arguments]
    return subprocess.run(
        command, cwd=course, env=bare_environment(), capture_output=True, text=True, timeout=600
    )


def reason(assignment: str) -> str:
    """The beginning of what the wrong submission must be told: its mistake."""
    wrong = next(student for student in simulated_class(assignment) if student.mistake)
    seen = next(m.seen for m in mistakes_of(assignment) if m.name == wrong.mistake)
    return seen[:25]


def submit(course: Path, assignment: str, student: Student, name: str) -> None:
    folder = course / "submitted" / name / assignment
    folder.mkdir(parents=True)
    for file, text in student.files.items():
        (folder / file).write_text(text, encoding="utf-8")
    shutil.copy(course / "assignments" / assignment / f"{assignment}.checks.json", folder)


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def graded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """A course folder in which one right and one wrong submission went through stock nbgrader."""
    assignment = request.param
    root = Path(__file__).resolve().parents[1]
    course = tmp_path_factory.mktemp("course")
    shutil.copy(root / "nbgrader_config.py", course)
    shutil.copytree(root / "solutions" / assignment, course / "solutions" / assignment)
    done = nbgrader(course, "generate_assignment", assignment, "--force")
    assert done.returncode == 0, done.stderr
    people = simulated_class(assignment)
    submit(course, assignment, people[0], "ada")
    wrong = next(student for student in people if student.mistake)
    submit(course, assignment, wrong, "wil")
    for step in ("autograde", "generate_feedback"):
        done = nbgrader(course, step, assignment)
        assert done.returncode == 0, done.stderr
    done = nbgrader(course, "export")
    assert done.returncode == 0, done.stderr
    return course, assignment


def test_the_stock_release_is_the_one_in_the_repository(graded: tuple[Path, str]) -> None:
    course, assignment = graded
    root = Path(__file__).resolve().parents[1]
    name = Path("assignments") / assignment / f"{assignment}.ipynb"
    ours, theirs = (nbformat.read(folder / name, as_version=4) for folder in (root, course))
    assert [(c.id, c.source) for c in ours.cells] == [(c.id, c.source) for c in theirs.cells]
    assert not list((course / "assignments").rglob("*.py"))


def test_right_gets_all_and_wrong_loses_what_its_failed_checks_are_worth(
    graded: tuple[Path, str],
) -> None:
    course, assignment = graded
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open())}
    assert float(rows["ada"]["score"]) == 80
    wrong = next(student for student in simulated_class(assignment) if student.mistake)
    (lost,) = wrong.lost
    points = {
        cell["metadata"]["nbgrader"]["grade_id"]: cell["metadata"]["nbgrader"]["points"]
        for cell in json.loads(
            (course / "assignments" / assignment / f"{assignment}.ipynb").read_text("utf-8")
        )["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade")
    }
    frozen = course / "assignments" / assignment / f"{assignment}.checks.json"
    bank = Bank.from_json(json.loads(frozen.read_text("utf-8"))["bank"])
    known = next(m for m in bank.mistakes[lost] if m.name == wrong.mistake)
    failed = [
        check.points
        for check in load_checks(assignment)
        if check.todo == lost
        and (
            known.outcomes[check.key].kind != "returned"
            or difference(bank.expected[check.key].value, known.outcomes[check.key].value)
        )
    ]
    assert 0 < sum(failed) <= points[f"check-{lost}"]
    assert float(rows["wil"]["score"]) == 80 - sum(failed)
    assert set(points) >= {f"check-{todo}" for todo in load_source(assignment).todos}


def test_feedback_shows_the_words_and_no_solution(graded: tuple[Path, str]) -> None:
    course, assignment = graded
    page = (course / "feedback" / "wil" / assignment / f"{assignment}.html").read_text("utf-8")
    assert reason(assignment) in html.unescape(page) and "BEGIN SOLUTION" not in page


@one_is_enough
def test_a_locked_gradebook_is_said_and_nothing_is_lost(
    graded: tuple[Path, str], tmp_path: Path
) -> None:
    course, assignment = graded
    results = grade_class(assignment, course / "submitted", tmp_path / "out", jobs=1)
    with sqlite3.connect(course / "gradebook.db", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CourseError, match="cannot be written"):
            enter(results, tmp_path / "out", course)
        other.execute("ROLLBACK")
    enter(results, tmp_path / "out", course)
    nbgrader(course, "export")
    rows = {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open())}
    assert {name: float(row["score"]) for name, row in rows.items()} == {
        result.student: result.earned for result in results
    }


@one_is_enough
def test_validate_accepts_right_and_refuses_wrong(graded: tuple[Path, str]) -> None:
    course, assignment = graded
    notebook = f"submitted/ada/{assignment}/{assignment}.ipynb"
    done = nbgrader(course, "validate", notebook)
    assert "Success! Your notebook passes all the tests." in done.stdout, done.stdout + done.stderr


@one_is_enough
def test_formgrader_shows_marks_and_reasons(graded: tuple[Path, str]) -> None:
    course, assignment = graded
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "notebook", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--ip=127.0.0.1", "--IdentityProvider.token=t"]
    server = subprocess.Popen(
        command,
        cwd=course,
        env=bare_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{port}/formgrader"
        page = fetch(f"{base}/gradebook/{assignment}?token=t")
        assert "nbgrader formgrade" in page
        submissions = json.loads(fetch(f"{base}/api/submissions/{assignment}?token=t"))
        assert {s["student"]: s["score"] for s in submissions}["ada"] == 80
        found = fetch(f"{base}/api/submitted_notebooks/{assignment}/{assignment}?token=t")
        (own,) = [n["id"] for n in json.loads(found) if n["student"] == "wil"]
        shown = fetch(f"{base}/submissions/{own}/?token=t")
        assert reason(assignment) in html.unescape(shown) and "passed" in shown
    finally:
        server.terminate()
        server.wait(timeout=30)


def fetch(url: str) -> str:
    """Get a page from the server, waiting up to a minute for it to start."""
    for _ in range(120):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.read().decode()
        except (ConnectionError, urllib.error.URLError):
            time.sleep(0.5)
    raise AssertionError(f"no answer from {url}")
