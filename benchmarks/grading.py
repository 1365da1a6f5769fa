"""A class graded by `course grade`, with and without nbgrader's gradebook, and by stock nbgrader.

    python benchmarks/grading.py [--assignment a2] [--students 100] [--stock 5] [--jobs 1]

All tools grade the same simulated students on the same checks. Stock nbgrader runs notebooks in
kernels, so its notebooks end with the build stage: no training is in anybody's time. Its share is
measured on a few students (`--stock`), ours on all.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

from autograder.assignments import repository, resolve
from autograder.gradebook import enter
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class

SLOW = ("loop", "hang", "exit", "crash")  # their time is the limits', not the tools'


def hand_in(assignment: str, folder: Path, count: int) -> None:
    """`count` submissions of students who run to their end, over and over."""
    name = f"{assignment}.ipynb"
    people = [s for s in simulated_class(assignment) if name in s.files]
    people = [s for s in people if not any(word in s.name for word in SLOW)][:12]
    for number, student in zip(range(count), itertools.cycle(people)):
        place = folder / f"student{number:04}" / assignment
        place.mkdir(parents=True)
        (place / name).write_text(student.files[name], encoding="utf-8")


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


def without_training(path: Path) -> None:
    """Cut a notebook behind its last check cell."""
    notebook = nbformat.read(path, as_version=4)
    ids = [str(cell.get("id", "")) for cell in notebook.cells]
    last = max((i for i, name in enumerate(ids) if name.startswith("check-")), default=len(ids))
    reports = [c for c in notebook.cells if str(c.get("id", "")).startswith("report-")]
    notebook.cells = notebook.cells[: last + 1] + reports
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def stock(assignment: str, scratch: Path, count: int) -> float:
    """Seconds a submission of nbgrader with its own kernel execution."""
    config = (repository() / "nbgrader_config.py").read_text(encoding="utf-8")
    course = new_course(assignment, scratch / "stock", config.split("# Submissions are read by")[0])
    hand_in(assignment, course / "submitted", count)
    for path in (course / "submitted").rglob("*.ipynb"):
        without_training(path)
        frozen = repository() / "assignments" / assignment / f"{assignment}.checks.json"
        shutil.copy(frozen, path.parent)
    started = time.perf_counter()
    nbgrader(course, "autograde", assignment)
    return (time.perf_counter() - started) / count


def main() -> None:
    """Print seconds a submission and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assignment", default="a2")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--stock", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    assignment = resolve(arguments.assignment)
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        hand_in(assignment, scratch / "submitted", arguments.students)
        started = time.perf_counter()
        results = grade_class(
            assignment, scratch / "submitted", scratch / "out", jobs=arguments.jobs, seed=1
        )
        plain = (time.perf_counter() - started) / arguments.students
        config = (repository() / "nbgrader_config.py").read_text(encoding="utf-8")
        course = new_course(assignment, scratch / "ours", config)
        started = time.perf_counter()
        enter(results, scratch / "out", course)
        booked = plain + (time.perf_counter() - started) / arguments.students
        theirs = stock(assignment, scratch, arguments.stock)
    kernel = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    print(f"course grade            {plain:6.2f} s a submission, {arguments.jobs} worker(s)")
    print(f"  with the gradebook    {booked:6.2f} s a submission")
    print(f"stock nbgrader          {theirs:6.2f} s a submission")
    print(f"stock / ours            {theirs / plain:6.1f} x")
    print(f"  with the gradebook    {theirs / booked:6.1f} x")
    print(f"largest child process   {kernel:.0f} MiB")


if __name__ == "__main__":
    main()
