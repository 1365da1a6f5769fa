"""`course grade` killed at random moments: run again, everybody has one grade, the right one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from autograder import gradelog
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


def hand_in(folder: Path) -> list[Student]:
    people = simulated_class(NAME)[:8]
    for student in people:
        (folder / "submitted" / student.name).mkdir(parents=True)
        for name, text in student.files.items():
            (folder / "submitted" / student.name / name).write_text(text, encoding="utf-8")
    return people


def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    people = hand_in(tmp_path)
    dice = random.Random(5)
    for _ in range(KILLS):
        run = start(tmp_path)
        time.sleep(dice.uniform(0.5, 9.0))
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert start(tmp_path).wait(timeout=300) == 0
    paths = sorted((tmp_path / "out" / "results").glob("*.json"))
    results = [Result.from_json(json.loads(path.read_text("utf-8"))) for path in paths]
    assert [r.student for r in results] == sorted(student.name for student in people)
    verify_marks(NAME, people, results)
    records = gradelog.verify(tmp_path / "out" / LOG)
    latest = gradelog.latest(records)
    assert {s for s, _ in latest} == {student.name for student in people}
    assert len(records) == len(latest)  # no grade was logged twice
    assert {r.student: r.earned for r in results} == {s: e.earned for (s, _), e in latest.items()}
    assert not list((tmp_path / "out").rglob("*.part*"))
