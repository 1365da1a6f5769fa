"""Every attack of the corpus against `course grade` and against `nbgrader autograde`.

`tests/attacks/cells` holds answers to one TODO, `tests/attacks/folders` whole submissions; each
says in its head what it tries and what it deserves. One class hands all of them in, with an honest
student among them; both ways to grade must give everybody what they deserve, and nothing outside
the wall may have changed, been read or been called.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from autograder import wall
from autograder.gradebook import enter
from autograder.grading import Result, grade_class
from autograder.probes import load_checks
from autograder.simulated_class import simulated_class

NAME = "a1_cnn_lstm_decoder"
HERE = Path(__file__).parent / "attacks"
ROOT = Path(__file__).resolve().parents[1]
CANARY = "CANARY-of-the-instructor"
HONEST = "zz_honest"

pytestmark = pytest.mark.skipif(bool(wall.missing()), reason=wall.missing() or "a wall stands")


@dataclass
class Listener:
    """Sockets on loopback that nobody behind the wall may reach."""

    sockets: list[socket.socket] = field(default_factory=list)
    port: int = 0

    def open(self) -> None:
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = tcp.getsockname()[1]
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\0course-attack-listener")
        abstract.listen()
        self.sockets = [tcp, abstract]

    def calls(self) -> int:
        count = 0
        for listener in self.sockets:
            listener.setblocking(False)
            try:
                while True:
                    listener.accept()[0].close()
                    count += 1
            except BlockingIOError:
                pass
            listener.close()
        return count


def deserved(expectation: str, todo: str) -> dict[str, bool]:
    """TODO -> whether its points are deserved."""
    todos = dict.fromkeys(check.todo for check in load_checks(NAME))
    lost = {"lost": {todo}, "kept": set(), "all": set(), "nothing": set(todos)}
    names = (
        {expectation.removeprefix("all but ")} if "all but" in expectation else lost[expectation]
    )
    return {name: name not in names for name in todos}


def hand_in_everything(submitted: Path, port: int) -> dict[str, dict[str, bool]]:
    """Write a submission per attack; return what each deserves."""
    right = simulated_class(NAME)[0].files[f"{NAME}.ipynb"]
    expected = {}
    for path in sorted((HERE / "cells").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        text = text.replace("PORT_OF_THE_TEST", str(port)).replace("REPOSITORY", str(ROOT))
        todo = text.split(":", 1)[0].removeprefix("# TODO ")
        expectation = text.split("# expect: ", 1)[1].split("\n", 1)[0]
        tree = json.loads(right)
        next(c for c in tree["cells"] if c.get("id") == todo)["source"] = text
        folder = submitted / path.stem / NAME
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(json.dumps(tree), encoding="utf-8")
        expected[path.stem] = deserved(expectation, todo)
    for path in sorted((HERE / "folders").glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        folder = submitted / path.stem / NAME
        folder.mkdir(parents=True)
        module.hand_in(folder, json.loads(right))
        expectation = module.__doc__.split("expect: ", 1)[1].split("\n", 1)[0]
        expected[path.stem] = deserved(expectation, "")
    folder = submitted / HONEST / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_text(right, encoding="utf-8")
    return expected | {HONEST: deserved("all", "")}


def fingerprint(*folders: Path) -> str:
    """All names, kinds and contents below the folders (small regular files only)."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if "__pycache__" in path.parts:
                continue
            digest.update(f"{path} {path.lstat().st_mode}".encode())
            if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 24:
                digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass
class Day:
    """What a day of grading left behind."""

    expected: dict[str, dict[str, bool]]
    points: dict[str, dict[str, float]]
    nbgrader: dict[str, float]  # by `nbgrader autograde`
    entered: dict[str, float]  # by `course grade --gradebook`
    reasons: dict[str, list[str]]
    acts: dict[str, list[str]]  # what the tamper report says
    files: str  # all that grading wrote
    pages: str  # what of it a browser would show as markup
    calls: int
    unchanged: bool


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """Hand in all attacks and grade them both ways, once."""
    course = tmp_path_factory.mktemp("course")
    listener = Listener()
    listener.open()
    expected = hand_in_everything(course / "submitted", listener.port)
    watched = [ROOT / name for name in ("autograder", "starter_code", "solutions", "assignments")]
    before = fingerprint(*watched, course / "submitted")
    here, os.environ["INSTRUCTORS_SECRET"] = os.getcwd(), CANARY
    os.chdir(course)
    try:
        results = grade_class(NAME, course / "submitted", course / "out", seed=31)
    finally:
        os.chdir(here)
    points = {
        r.student: {
            todo: sum(v.earned for v in r.verdicts if v.todo == todo) for todo in expected[HONEST]
        }
        for r in results
    }
    reasons = {r.student: [v.reason for v in r.verdicts] for r in results}
    acts = {r.student: r.acts for r in results}
    nbgrader = autograded(course)
    entered = entered_at_once(results, course / "out", course / "at once")
    del os.environ["INSTRUCTORS_SECRET"]
    paths = [*(course / "out").rglob("*.*"), *(course / "autograded").rglob("*.ipynb")]
    paths = [path for path in paths if path.is_file()]
    files = "".join(path.read_text("utf-8", "replace") for path in paths)
    pages = "".join(
        shown(path) if path.suffix == ".ipynb" else path.read_text("utf-8", "replace")
        for path in paths
        if path.suffix in (".html", ".md", ".ipynb")
    )
    unchanged = before == fingerprint(*watched, course / "submitted")
    yield Day(
        expected,
        points,
        nbgrader,
        entered,
        reasons,
        acts,
        files,
        pages,
        listener.calls(),
        unchanged,
    )


def autograded(course: Path) -> dict[str, float]:
    """Student -> automatic points in nbgrader's gradebook after `nbgrader autograde`."""
    nbgrader(course, ["generate_assignment", NAME, "--force"], ["autograde", NAME], ["export"])
    return exported(course)


def entered_at_once(results: list[Result], out: Path, course: Path) -> dict[str, float]:
    """The same from another gradebook, which `course grade --gradebook` has filled."""
    course.mkdir()
    nbgrader(course, ["generate_assignment", NAME, "--force"])
    enter(results, out, course)
    nbgrader(course, ["export"])
    return exported(course)


def nbgrader(course: Path, *steps: list[str]) -> None:
    """Run commands of nbgrader in a course folder, as an instructor's shell would."""
    if not (course / "solutions").exists():
        shutil.copy(ROOT / "nbgrader_config.py", course)
        shutil.copytree(ROOT / "solutions" / NAME, course / "solutions" / NAME)
    names = ("HOME", "TMPDIR", "INSTRUCTORS_SECRET")
    keep = {name: os.environ[name] for name in names if name in os.environ}
    environment = {**keep, "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    for step in steps:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *step],
            cwd=course,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0, done.stderr[-3000:]


def exported(course: Path) -> dict[str, float]:
    """Student -> points in the table that `nbgrader export` wrote."""
    rows = csv.DictReader((course / "grades.csv").open(encoding="utf-8"))
    return {row["student_id"]: float(row["score"]) for row in rows}


def shown(notebook: Path) -> str:
    """What a page made of the notebook takes over as markup: text cells and outputs."""
    tree = json.loads(notebook.read_text("utf-8"))
    cells = [c for c in tree["cells"] if c["cell_type"] != "code"]
    texts = ["".join(cell["source"]) for cell in cells] + [json.dumps(tree["metadata"])]
    for cell in tree["cells"]:
        for output in cell.get("outputs", []):
            texts += ["".join(output.get("data", {}).get("text/html", ""))]
    return "".join(texts)


def test_nobody_gets_undeserved_points_and_nobody_loses_deserved_ones(day: Day) -> None:
    worth: dict[str, float] = {}
    for check in load_checks(NAME):
        worth[check.todo] = worth.get(check.todo, 0.0) + check.points
    wrong = []
    print(f"{'submission':34} deserves  course grade  nbgrader autograde  --gradebook")  # pytest -s
    for student, todos in sorted(day.expected.items()):
        marks = {todo: worth[todo] if right else 0.0 for todo, right in todos.items()}
        row = sum(day.points[student].values()), day.nbgrader[student], day.entered[student]
        print(f"{student:34} {sum(marks.values()):8g}  {row[0]:12g}  {row[1]:18g}  {row[2]:11g}")
        if day.points[student] != marks:
            odd = {t: day.points[student][t] for t in marks if day.points[student][t] != marks[t]}
            wrong.append(f"{student}: course grade gives {odd}")
        if day.nbgrader[student] != sum(marks.values()):
            wrong.append(f"{student}: nbgrader autograde gives {day.nbgrader[student]}")
        if day.entered[student] != sum(marks.values()):
            wrong.append(f"{student}: course grade --gradebook gives {day.entered[student]}")
    print(f"{len(day.expected)} submissions, {len(wrong)} wrong marks")
    assert not wrong, "\n".join(wrong)


def test_nothing_outside_was_changed_read_or_called(day: Day) -> None:
    assert day.unchanged
    assert day.calls == 0
    assert CANARY not in day.files
    leaks = [(s, r) for s, reasons in day.reasons.items() for r in reasons if "LEAKED" in r]
    assert not leaks  # what an attack says when it could read what it should not
    for place in ("/tmp/pickled", "/tmp/still-here", "/mark", "/etc/mark", "/usr/lib/mark"):
        assert not Path(place).exists(), place


def test_no_page_carries_markup_of_a_submission(day: Day) -> None:
    assert "<script>alert" not in day.pages
    assert "<svg onload" not in day.pages and "javascript:alert" not in day.pages
    assert "<img src" not in day.pages and "![y]" not in day.pages
    assert "My answer." in day.pages


SEEN = {  # attack -> what the instructor is told of it
    "calls_home": "makes a socket",
    "leaves_a_child_behind": "starts a pro",
    "patches_torch_comparison": "replaces torch.",
    "writes_outside": "writes /",
    "fork_bomb": "starts a process",
}


def test_what_an_attack_does_is_told_and_an_honest_student_is_not(day: Day) -> None:
    for attack, words in SEEN.items():
        assert any(words in act for act in day.acts[attack]), (attack, day.acts[attack])
    honest = [name for name in day.acts if "honest" in name]
    assert len(honest) > 5 and not any(day.acts[name] for name in honest), day.acts
