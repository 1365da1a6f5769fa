"""A class graded by `course grade`, with and without nbgrader's gradebook, and by other tools.

    python benchmarks/grading.py [--assignment a2] [--students 100] [--stock 5] [--jobs 1]
                                 [--otter PYTHON]

All tools grade the same simulated students on the same checks. Stock nbgrader and `otter run` (see
`benchmarks/rivals.py`, also for what `--otter` needs) run notebooks in kernels, so their notebooks
end with the build stage: no training is in anybody's time. Their share is measured on a few
students (`--stock`), ours on all; where our time goes is measured by clocks that this benchmark
puts around the grader's functions. Memory is measured in runs of its own, a few students each.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import rivals

from autograder import grading
from autograder.assignments import repository, resolve
from autograder.gradebook import enter
from autograder.probes import load_checks
from autograder.sandbox import Crew, Worker, Workers
from autograder.simulated_class import simulated_class

SLOW = ("loop", "hang", "exit", "crash")  # their time is the limits', not the tools'
EMPTY_RUNS = 5
PARTS = {  # what is timed: (where it is looked up, its name) -> the part that it belongs to
    (Worker, "start"): "starting workers",
    (grading, "measure"): "measuring the reference",
    (grading, "take"): "reading",
    (Crew, "read"): "reading",
    (Crew, "run"): "running",
    (grading, "judge_outcomes"): "judging",
    (grading, "rebuilt"): "writing",
    (grading, "with_verdicts"): "writing",
    (grading, "write_atomically"): "writing",
    (grading, "write_feedback"): "writing",
    (grading, "log_grades"): "writing",
}


def hand_in(assignment: str, folder: Path, count: int) -> None:
    """`count` submissions of students who run to their end, over and over."""
    name = f"{assignment}.ipynb"
    people = [s for s in simulated_class(assignment) if name in s.files]
    people = [s for s in people if not any(word in s.name for word in SLOW)][:12]
    for number, student in zip(range(count), itertools.cycle(people)):
        place = folder / f"student{number:04}" / assignment
        place.mkdir(parents=True)
        (place / name).write_text(student.files[name], encoding="utf-8")


def hand_in_without_training(assignment: str, folder: Path, count: int) -> list[Path]:
    """The same for the other tools; return the notebooks."""
    hand_in(assignment, folder, count)
    notebooks = sorted(folder.rglob("*.ipynb"))
    for path in notebooks:
        rivals.without_training(path)
        shutil.copy(rivals.frozen_values(assignment), path.parent)
    return notebooks


def seconds_of(action: Callable[[], Any]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def memory_of(action: Callable[[], Any], with_this_process: bool) -> float:
    """Largest MiB of all processes together while it runs; shared pages are counted once."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        own = psutil.Process()
        while not done.wait(0.1):
            processes = own.children(recursive=True) + ([own] if with_this_process else [])
            peak = max(peak, sum(map(_bytes_of, processes)) / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        action()
    finally:
        done.set()
        watcher.join()
    return peak


def _bytes_of(process: psutil.Process) -> int:
    """A process's share of the memory; all that it uses where the share may not be read."""
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        try:
            return int(process.memory_full_info().pss)
        except psutil.AccessDenied:
            return int(process.memory_info().rss)
    return 0


@contextlib.contextmanager
def clocks() -> Iterator[Counter[str]]:
    """Seconds by part, of all that is called inside; what calls another clock keeps the rest."""
    spent: Counter[str] = Counter()
    open_parts: list[float] = []

    def timed(function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            open_parts.append(0.0)
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.perf_counter() - started
                spent[part] += whole - open_parts.pop()  # type: ignore[assignment]
                if open_parts:
                    open_parts[-1] += whole

        return call

    with contextlib.ExitStack() as stack:
        for (place, name), part in PARTS.items():
            clock = timed(getattr(place, name), part)
            stack.enter_context(mock.patch.object(place, name, clock))
        yield spent


def empty_run(assignment: str) -> float:
    """Seconds of a submission without a line of code: its wall, built and taken down."""
    todos = [check.todo for check in load_checks(assignment)][:1]
    with Workers(assignment, 1, "namespaces") as workers:

        def run() -> None:
            for _ in range(EMPTY_RUNS):
                workers.run([], 1, todos, together=True)

        run()
        return seconds_of(run) / EMPTY_RUNS


def parts(assignment: str, scratch: Path, count: int) -> dict[str, float]:
    """Part -> seconds a submission, with one worker and one thread."""
    with clocks() as spent:
        whole = seconds_of(
            lambda: grading.grade_class(
                assignment, scratch / "submitted", scratch / "parts", jobs=1, seed=1
            )
        )
    shares = {part: seconds / count for part, seconds in spent.items()}
    walls = min(empty_run(assignment), shares["running"])
    shares["walls"] = walls
    shares["running the checks"] = shares.pop("running") - walls
    return shares | {"all else": whole / count - sum(shares.values())}


def stock(assignment: str, scratch: Path, count: int) -> Callable[[], None]:
    """nbgrader with its own kernel execution, ready to grade `count` submissions."""
    course = rivals.new_course(assignment, scratch / "stock", rivals.stock_config())
    hand_in_without_training(assignment, course / "submitted", count)
    return lambda: rivals.nbgrader(course, "autograde", assignment, "--force")


def otter(assignment: str, scratch: Path, count: int, python: Path) -> Callable[[], None]:
    """`otter run`, ready to grade `count` submissions, one call each."""
    ready = rivals.otter_zip(assignment, scratch / "otter", python)
    notebooks = hand_in_without_training(assignment, scratch / "otter" / "submitted", count)
    environment = {**os.environ, "COURSE_TIER": "tiny", "PYTHONPATH": str(repository())}

    def run() -> None:
        for path in notebooks:
            command = [str(python), "-m", "otter", "run", "-a", str(ready), "-o", str(path.parent)]
            command.append(str(path))
            done = subprocess.run(
                command, env=environment, cwd=scratch, capture_output=True, text=True
            )
            if done.returncode:
                sys.exit(done.stderr[-2000:])

    return run


def main() -> None:
    """Print seconds a submission and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assignment", default="a2")
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--stock", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--otter", type=Path, help="python of an environment with otter-grader")
    arguments = parser.parse_args()
    assignment = resolve(arguments.assignment)
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        compare(assignment, Path(name), arguments)


def compare(assignment: str, scratch: Path, arguments: argparse.Namespace) -> None:
    """Measure and print."""
    count, few = arguments.students, arguments.stock
    hand_in(assignment, scratch / "submitted", count)
    results: list[grading.Result] = []

    def ours() -> None:
        submitted, out = scratch / "submitted", scratch / "out"
        results[:] = grading.grade_class(assignment, submitted, out, jobs=arguments.jobs, seed=1)

    plain = seconds_of(ours) / count
    config = (repository() / "nbgrader_config.py").read_text(encoding="utf-8")
    course = rivals.new_course(assignment, scratch / "ours", config)
    booked = seconds_of(lambda: enter(results, scratch / "out", course)) / count
    print(f"course grade            {plain:6.2f} s a submission, {arguments.jobs} worker(s)")
    print(f"  with the gradebook    {plain + booked:6.2f} s a submission")
    others = {"stock nbgrader": stock(assignment, scratch, few)}
    if arguments.otter:
        others["otter run"] = otter(assignment, scratch, few, arguments.otter.absolute())
    for tool, action in others.items():
        theirs = seconds_of(action) / few
        print(f"{tool:<24}{theirs:6.2f} s a submission")
        print(f"  {theirs / plain:.1f} x ours, {theirs / (plain + booked):.1f} x with the book")
    print("\nWhere our time goes, one worker, milliseconds a submission")
    shares = parts(assignment, scratch, count) | {"gradebook": booked}
    for part, seconds in sorted(shares.items(), key=lambda item: -item[1]):
        print(f"  {part:<26}{1000 * seconds:8.1f}")
    shutil.rmtree(scratch / "submitted")
    hand_in(assignment, scratch / "submitted", few)
    shutil.rmtree(scratch / "out")
    print("\nLargest memory of all processes together, MiB")
    print(f"  {'course grade':<26}{memory_of(ours, True):8.0f}")
    for tool, action in others.items():
        print(f"  {tool:<26}{memory_of(action, False):8.0f}")


if __name__ == "__main__":
    main()
