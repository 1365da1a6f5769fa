"""How stock nbgrader and otter-grader are set up for a comparison, and a room to run them in.

Both run a submission in a Jupyter kernel and ask the released notebook's own checks, which raise
`CheckFailed` unless they pass; points are the assignment's.

- *Stock nbgrader*: our configuration without the part that replaces its kernel by our judge, the
  30 seconds a cell that are its default, `nbgrader autograde`.
- *otter*: an `autograder.zip` made by `otter generate` from one exception-based test file per TODO,
  whose only test case calls `check("<todo>")` of the notebook, and `otter run`, which asks them
  after the last cell. `otter grade` puts a Docker container around the same run; it needs a Docker
  daemon and is not measured.

otter-grader has requirements of its own, so it lives in an environment of its own, which borrows
all packages of this project's:

    .venv/bin/python -m venv runs/otter
    PACKAGES=$(.venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")
    echo $PACKAGES > $(echo runs/otter/lib/python3.*/site-packages)/course.pth
    runs/otter/bin/pip install otter-grader==7.0.0

and then `--otter runs/otter/bin/python`.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

from autograder import wall
from autograder.assignments import repository
from autograder.cgroups import Cage
from autograder.probes import load_checks
from starter_code.errors import CourseError

MEMORY = 6 * 2**30  # of all that runs in a room, files included; attacks try to get more
PROCESSES = 512
TEST_FILE = """from otter.test_files import test_case

OK_FORMAT = False
name = "{todo}"
points = {points}


@test_case()
def passes(check):
    check("{todo}")
"""


def worth(assignment: str) -> dict[str, float]:
    """Points of each TODO."""
    points: dict[str, float] = {}
    for check in load_checks(assignment):
        points[check.todo] = points.get(check.todo, 0.0) + check.points
    return points


def frozen_values(assignment: str) -> Path:
    """What the released notebook's checks compare with."""
    return repository() / "assignments" / assignment / f"{assignment}.checks.json"


def cut(tree: dict[str, Any]) -> dict[str, Any]:
    """A notebook without what stands behind its last check: no training is in anybody's time."""
    ids = [str(cell.get("id", "")) for cell in tree["cells"]]
    last = max((i for i, name in enumerate(ids) if name.startswith("check-")), default=len(ids))
    reports = [cell for cell, name in zip(tree["cells"], ids) if name.startswith("report-")]
    return {**tree, "cells": tree["cells"][: last + 1] + reports}


def without_training(path: Path) -> None:
    """Cut a notebook behind its last check cell."""
    notebook = nbformat.read(path, as_version=4)
    path.write_text(json.dumps(cut(notebook)), encoding="utf-8")


def nbgrader(course: Path, *arguments: str) -> None:
    """Run a command of nbgrader; complain loudly if it fails."""
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=course, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])


def new_course(assignment: str, folder: Path, config: str) -> Path:
    """A course folder with the assignment generated."""
    folder.mkdir()
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    shutil.copytree(repository() / "solutions" / assignment, folder / "solutions" / assignment)
    nbgrader(folder, "generate_assignment", assignment, "--force")
    return folder


def stock_config() -> str:
    """nbgrader's configuration without our judge, and with its own time limit of a cell."""
    config = (repository() / "nbgrader_config.py").read_text(encoding="utf-8")
    return config.split("# Submissions are read by")[0] + "\nc.Execute.timeout = 30\n"


def otter_zip(assignment: str, folder: Path, otter: Path) -> Path:
    """otter's `autograder.zip` with a test file for each TODO."""
    (folder / "tests").mkdir(parents=True)
    for todo, points in worth(assignment).items():
        text = TEST_FILE.format(todo=todo, points=points)
        (folder / "tests" / f"{todo}.py").write_text(text, encoding="utf-8")
    shutil.copy(frozen_values(assignment), folder)
    command = ["generate", "-t", "tests", "--no-environment", "-o", "autograder.zip"]
    command.append(frozen_values(assignment).name)
    program = [str(otter), "-c", "from otter.cli import cli; cli()", *command]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return folder / "autograder.zip"


def folders_of(python: Path) -> list[Path]:
    """Folders that an interpreter needs: its own, its base's, and where its packages lie."""
    code = "import sys; print(sys.prefix, sys.base_prefix, *sys.path, sep='\\n')"
    told = subprocess.run([str(python), "-I", "-c", code], capture_output=True, text=True)
    return [Path(line) for line in told.stdout.splitlines() if Path(line).is_dir()]


def visible(*pythons: Path, extra: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """What programs of the system and these interpreters need to run; links as links."""
    system = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/passwd", "/etc/group"]
    wanted = [*map(Path, system), *extra]
    for python in pythons:
        wanted += folders_of(python)
    kept: list[Path] = []
    for path in sorted((path for path in wanted if path.exists()), key=lambda p: len(p.parts)):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return tuple(kept)


def in_a_room(work: Callable[[], Any], seen: tuple[Path, ...], seconds: float) -> Any:
    """What `work` returns (plain data) behind a wall; None if it is killed or does not return.

    Its /tmp is large but in memory, and all its memory is bounded by a control group.

    Raises:
        CourseError: no wall or no control group can be had (nothing was run), or `work` failed.
    """
    cage = Cage(MEMORY, PROCESSES)
    if not cage.kind:
        raise CourseError("No control group can be made here, and memory bombs need one.")
    reader, writer = os.pipe()

    def target() -> None:
        os.close(reader)
        with os.fdopen(writer, "wb") as stream:
            try:
                answer = {"value": work()}
            except Exception as error:  # the harness's own fault, not the tool's
                answer = {"problem": f"{type(error).__name__}: {error}"}
            stream.write(json.dumps(answer).encode())

    with tempfile.TemporaryDirectory(prefix="course-rival-") as name:
        slot = 100 + os.getpid() % 900
        room = wall.Room(Path(name), seen, slot, memory=64 * 2**30, writable=12 * 2**30)
        child = wall.spawn(room, target, cage.add)
        os.close(writer)
        try:
            body = _read(reader, seconds)
        finally:
            os.close(reader)
            wall.stop(child)
            cage.remove()
    answer = json.loads(body) if body else {"value": None}
    if "problem" in answer:
        raise CourseError(f"The benchmark failed inside its room: {answer['problem']}")
    return answer["value"]


def _read(descriptor: int, seconds: float, most: int = 2**20) -> bytes:
    """All that is written until the end; nothing if it is late or too much."""
    body, deadline = b"", time.monotonic() + seconds
    while len(body) <= most:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return b""
        if not (part := os.read(descriptor, 65536)):
            return body
        body += part
    return b""
