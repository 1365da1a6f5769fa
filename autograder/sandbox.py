"""Hand programs to worker processes and validate what comes back.

A worker is a separate Python process that never sees the reference; see `autograder.worker`.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import IO, cast

from autograder.assignments import repository
from autograder.cells import Segment
from autograder.extracting import release_cells
from autograder.probes import load_checks
from autograder.running import Outcome
from autograder.values import NotPlain
from autograder.worker import read_frame, write_frame


def _rows(segments: list[Segment]) -> list[list[str]]:
    return [[s.label, s.source, s.todo, s.fallback] for s in segments]


class Worker:
    """One process that runs student code, restarted if it dies."""

    def __init__(self, assignment: str) -> None:
        self.assignment = assignment
        self._scratch = tempfile.TemporaryDirectory(prefix="course-worker-")
        self._process: subprocess.Popen[bytes] | None = None

    def _start(self) -> subprocess.Popen[bytes]:
        path = os.pathsep.join([str(repository()), os.environ.get("PYTHONPATH", "")])
        environment = {
            **os.environ,
            "PYTHONPATH": path.rstrip(os.pathsep),
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "CUDA_VISIBLE_DEVICES": "",
            "MPLCONFIGDIR": self._scratch.name,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "autograder.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=environment,
        )
        cells = release_cells(self.assignment)
        given = [Segment("given cell", cell.source) for cell in cells if not cell.todo]
        write_frame(cast(IO[bytes], process.stdin), json.dumps({"warm": _rows(given)}).encode())
        read_frame(cast(IO[bytes], process.stdout))
        return process

    def run(self, segments: list[Segment], seed: int) -> dict[str, Outcome]:
        """Outcomes of all checks; a worker that dies twice counts as "ended" for each of them."""
        request = {"assignment": self.assignment, "seed": seed, "segments": _rows(segments)}
        for _ in range(2):
            if self._process is None or self._process.poll() is not None:
                self._process = self._start()
            try:
                write_frame(cast(IO[bytes], self._process.stdin), json.dumps(request).encode())
                answer = read_frame(cast(IO[bytes], self._process.stdout))
            except BrokenPipeError:
                answer = None
            if answer is not None:
                return self._validated(json.loads(answer))
            self.close()
        return {check.key: Outcome("ended") for check in load_checks(self.assignment)}

    def _validated(self, raw: dict[str, str]) -> dict[str, Outcome]:
        return {
            check.key: _outcome(raw.get(check.key, "")) for check in load_checks(self.assignment)
        }

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    stream.close()
            self._process = None


def _outcome(text: str) -> Outcome:
    try:
        return Outcome.from_json(json.loads(text))
    except (ValueError, NotPlain, TypeError, RecursionError):
        return Outcome("not_plain", error="not an answer of this check")


class Workers:
    """A pool of workers, used as a context manager."""

    def __init__(self, assignment: str, count: int) -> None:
        self._idle: queue.Queue[Worker] = queue.Queue()
        self._all = [Worker(assignment) for _ in range(count)]
        for worker in self._all:
            self._idle.put(worker)

    def run(self, segments: list[Segment], seed: int) -> dict[str, Outcome]:
        """Run a program on the next idle worker."""
        worker = self._idle.get()
        try:
            return worker.run(segments, seed)
        finally:
            self._idle.put(worker)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._all:
            worker.close()
