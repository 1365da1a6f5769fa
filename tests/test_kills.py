"""Faults of the machine: when all is over, everybody has one grade, and it is the right one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from courses import hand_in

from autograder import gradelog
from autograder.cgroups import Cage
from autograder.demo import verify_marks
from autograder.grading import LOG, Result
from autograder.simulated_class import Student, simulated_class

NAME = "a1_cnn_lstm_decoder"
KILLS = int(os.environ.get("COURSE_KILLS", "4"))  # 20 for the full trial


def start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "autograder.cli", "grade", "a1"]
    command += ["--submitted", str(folder / "submitted"), "--out", str(folder / "out")]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def eight_hand_in(folder: Path) -> list[Student]:
    people = simulated_class(NAME)[:8]
    hand_in(people, folder / "submitted")
    return people


def everybody_has_one_grade_and_the_right_one(folder: Path, people: list[Student]) -> None:
    paths = sorted((folder / "out" / "results").glob("*.json"))
    results = [Result.from_json(json.loads(path.read_text("utf-8"))) for path in paths]
    assert [r.student for r in results] == sorted(student.name for student in people)
    verify_marks(NAME, people, results)
    latest = gradelog.latest(gradelog.verify(folder / "out" / LOG))
    assert {r.student: r.earned for r in results} == {s: e.earned for (s, _), e in latest.items()}
    assert not list((folder / "out").rglob("*.part*"))


def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    people = eight_hand_in(tmp_path)
    dice = random.Random(5)
    for _ in range(KILLS):
        run = start(tmp_path)
        time.sleep(dice.uniform(0.5, 9.0))
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert start(tmp_path).wait(timeout=300) == 0
    everybody_has_one_grade_and_the_right_one(tmp_path, people)
    records = gradelog.verify(tmp_path / "out" / LOG)
    assert len(records) == len(gradelog.latest(records))  # no grade was logged twice


def workers_of(run: subprocess.Popen[bytes]) -> list[int]:
    """The processes of a run that hold torch and fork for submissions."""
    paths = Path(f"/proc/{run.pid}/task").glob("*/children")
    found = {int(child) for path in paths for child in path.read_text().split()}
    lines = {child: Path(f"/proc/{child}/cmdline") for child in found}
    return [c for c, path in lines.items() if b"autograder.worker" in path.read_bytes()]


def test_killed_workers_cost_nobody_a_grade(tmp_path: Path) -> None:
    people = eight_hand_in(tmp_path)
    dice = random.Random(6)
    run = start(tmp_path)
    killed = 0
    while run.poll() is None:
        time.sleep(dice.uniform(0.3, 3.0))
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            for worker in workers_of(run)[:1] if killed < KILLS else []:
                os.kill(worker, signal.SIGKILL)
                killed += 1
    assert run.wait() in (0, 2) and killed > 0  # 2: said in one sentence, to be run again
    assert start(tmp_path).wait(timeout=300) == 0
    everybody_has_one_grade_and_the_right_one(tmp_path, people)


def run_caged(folder: Path, memory: int) -> tuple[int, int]:
    """Exit status of a run whose processes have so many bytes together, and what they took."""
    cage = Cage(memory, 4096)
    try:
        run = start(folder)
        cage.add(run.pid)
        status = run.wait(timeout=300)
        names = ("memory.peak", "memory.max_usage_in_bytes")
        peaks = [f / n for f in cage.folders for n in names if (f / n).is_file()]
        return status, int(peaks[0].read_text()) if peaks else 0
    finally:
        time.sleep(0.5)
        cage.remove()


def test_with_little_memory_every_grade_is_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "measured").mkdir()
    eight_hand_in(tmp_path / "measured")
    status, peak = run_caged(tmp_path / "measured", 2**40)
    if not peak:
        pytest.skip("there is no control group to be had here")
    assert status == 0
    people = eight_hand_in(tmp_path)
    run_caged(tmp_path, peak * 3 // 2)
    assert start(tmp_path).wait(timeout=300) == 0
    everybody_has_one_grade_and_the_right_one(tmp_path, people)
