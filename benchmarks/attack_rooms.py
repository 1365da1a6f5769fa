"""Attacks against stock nbgrader and `otter run`, each in a room of its own.

    outside: `furnish` a bundle once, `rival` for each submission  ──►  `Outcome`
    inside:  a copy of the bundle, the tool, a look around         ──►  plain data

For `benchmarks/attacks.py`; how the tools are set up is in `benchmarks/rivals.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rivals
from attack_corpus import CORPUS, NAME, NEIGHBOUR, SECRET, Attack, Outcome
from attack_effects import Watch, told_back

from autograder.assignments import repository
from autograder.simulated_class import simulated_class

SECONDS = 90  # of one submission; a tool that needs longer "never ends"
PARTS = ("autograder", "starter_code", "solutions", "assignments")
OTTER = """
import json, sys
from otter.run import main
results = main(sys.argv[1], autograder="autograder.zip", output_dir="/tmp/out", no_logo=True)
outputs = [o for cell in results.notebook.cells for o in cell.get("outputs", [])]
errors = [o["evalue"] for o in outputs if o["output_type"] == "error"]
json.dump(errors, open("/tmp/out/errors.json", "w"))
"""


# ---- inside a room: process 1 there, which no signal of another process there can end


def stock_inside(attack: Attack, python: str) -> dict[str, Any]:
    """`nbgrader autograde` of one submission; what came of it."""
    course = Path("/tmp/course")
    before = _marks_of(NEIGHBOUR)
    command = [python, "-m", "nbgrader", "autograde", NAME, "--student", attack.name]
    theirs = [course / kind / NEIGHBOUR for kind in ("submitted", "autograded")]
    outcome = _run(attack, command, theirs)
    marks = _marks_of(attack.name)
    graded = any(value is not None for value in marks.values())
    outcome.points = {todo: value or 0.0 for todo, value in marks.items()} if graded else None
    if _marks_of(NEIGHBOUR) != before:
        outcome.effects.append("another student's grade changed")
    for path in (course / "autograded" / attack.name).rglob("*.ipynb"):
        if path.stat().st_size < 50 << 20:
            cells = json.loads(path.read_text("utf-8"))["cells"]
            outputs = [output for cell in cells for output in cell.get("outputs", [])]
            outcome.effects += told_back(attack.name, [str(o.get("evalue")) for o in outputs])
    return asdict(outcome)


def otter_inside(attack: Attack, python: str) -> dict[str, Any]:
    """`otter run` of one submission; what came of it."""
    course, out = Path("/tmp/course"), Path("/tmp/out")
    out.mkdir()
    folder = course / "submitted" / attack.name / NAME

    def command() -> list[str]:
        found = sorted(folder.glob("*.ipynb")) or [folder / f"{NAME}.ipynb"]
        return [python, "-c", OTTER, str(found[0])]

    outcome = _run(attack, command, [course / "submitted" / NEIGHBOUR])
    with contextlib.suppress(OSError, ValueError, KeyError):
        tests = json.loads((out / "results.json").read_text("utf-8"))["tests"]
        scores = {t["name"].split()[0]: float(t["score"]) for t in tests if "score" in t}
        outcome.points = scores or None
    with contextlib.suppress(OSError, ValueError):
        errors = json.loads((out / "errors.json").read_text("utf-8"))
        outcome.effects += told_back(attack.name, errors)
    return asdict(outcome)


def _run(attack: Attack, command: Any, folders: list[Path]) -> Outcome:
    """Set the course up, hand the attack in, run the tool, look around."""
    root = Path("/tmp/repository")
    right = (Path("/tmp/course") / "right.json").read_text(encoding="utf-8")
    folder = Path("/tmp/course/submitted") / attack.name / NAME
    attack.hand_in(folder, right, root)
    _add_frozen(folder)
    watch = Watch([root, *folders])
    outcome, started = Outcome(attack.digest), time.monotonic()
    with open("/tmp/log", "wb") as log:
        arguments = command() if callable(command) else command
        environment = _environment(arguments[0])
        process = subprocess.Popen(
            arguments, cwd="/tmp/course", env=environment, stdin=-3, stdout=log, stderr=log
        )
        try:
            code = process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            outcome.ended = False
    outcome.seconds = round(time.monotonic() - started, 1)
    outcome.effects = watch.effects()
    if outcome.ended and code < 0:
        outcome.effects.append("grader killed")
    if outcome.ended and _somebody_is_left():
        outcome.effects.append("process left behind")
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    outcome.tail = Path("/tmp/log").read_bytes()[-1500:].decode("utf-8", "replace")
    return outcome


def _add_frozen(folder: Path) -> None:
    """The release's frozen values lie beside each submission, as its checks want them."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.copy(Path("/tmp/repository/assignments") / NAME / f"{NAME}.checks.json", folder)


def _environment(python: str) -> dict[str, str]:
    """Variables of the tool: an instructor's shell, and what lets it work without a network."""
    return {
        "PATH": f"{Path(python).parent}:/usr/bin:/bin",
        "PYTHONPATH": "/tmp/site:/tmp/repository",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/tmp",
        "MPLBACKEND": "Agg",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "COURSE_TIER": "tiny",
        "INSTRUCTORS_SECRET": SECRET,
    }


def _somebody_is_left() -> bool:
    """Whether a process that left its kernel's session lives, a while after the tool ended."""
    sessions: list[str] = []
    with contextlib.suppress(FileNotFoundError):
        sessions = Path("/tmp/kernel-sessions").read_text("ascii", "replace").split()
    for _ in range(20):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if all(str(session) in sessions for session in _sessions()):
            return False
        time.sleep(0.1)
    return True


def _sessions() -> set[int]:
    """Sessions of all other processes of the room, which has no /proc to list them."""
    found = set()
    for number in range(2, 32768):
        with contextlib.suppress(ProcessLookupError):
            found.add(os.getsid(number))
    return found


def _marks_of(student: str) -> dict[str, float | None]:
    """TODO -> automatic points in nbgrader's gradebook; empty if the student is not in it."""
    query = """
        SELECT base_cell.name, grade.auto_score FROM grade
        JOIN base_cell ON grade.cell_id = base_cell.id
        JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
        JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
        WHERE submitted_assignment.student_id = ?"""
    try:
        with contextlib.closing(sqlite3.connect("/tmp/course/gradebook.db")) as book:
            rows = book.execute(query, [student]).fetchall()
    except sqlite3.Error:
        return {}
    prefix = "check-"
    return {name.removeprefix(prefix): score for name, score in rows if name.startswith(prefix)}


# ---- outside


def furnish(bundle: Path, otter: Path | None) -> None:
    """What a room starts from: a course with a graded neighbour, a repository, otter's zip."""
    right = json.loads(simulated_class(NAME)[0].files[f"{NAME}.ipynb"])
    course = rivals.new_course(NAME, bundle / "course", rivals.stock_config())
    text = json.dumps(rivals.cut(right))
    (course / "right.json").write_text(text, encoding="utf-8")
    folder = course / "submitted" / NEIGHBOUR / NAME
    Attack(Path(NEIGHBOUR)).hand_in(folder, text, Path())
    shutil.copy(rivals.frozen_values(NAME), folder)
    rivals.nbgrader(course, "autograde", NAME)
    for part in PARTS:
        shutil.copytree(repository() / part, bundle / "repository" / part)
    shutil.copytree(Path(__file__).with_name("rival_site"), bundle / "site")
    if otter is not None:
        shutil.copy(rivals.otter_zip(NAME, bundle / "otter", otter), course / "autograder.zip")
    for path in (bundle, *bundle.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def rival(tool: str, attack: Attack, bundle: Path, python: Path) -> Outcome:
    """One submission by one of the other tools, in a room of its own."""

    def work() -> dict[str, Any]:
        for name in ("course", "repository", "site"):
            shutil.copytree(bundle / name, Path("/tmp") / name)
        inside = {"stock": stock_inside, "otter": otter_inside}[tool]
        return inside(attack, str(python))

    extra = (bundle, *([CORPUS] if CORPUS.is_dir() else []))
    seen = rivals.visible(python, Path(sys.executable), extra=extra)
    answer = rivals.in_a_room(work, seen, SECONDS + 60)
    killed = Outcome(attack.digest, effects=["machine's memory used up"], tail="no answer")
    outcome = Outcome(**answer) if answer else killed
    if outcome.points is not None:
        outcome.points = {todo: outcome.points.get(todo, 0.0) for todo in rivals.worth(NAME)}
    return outcome
