"""Hand programs to worker processes and validate what comes back.

A worker is a separate Python process that never sees the reference; see `autograder.worker`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from autograder.assignments import repository
from autograder.cells import Segment
from autograder.extracting import Submission, release_program
from autograder.frames import read_frame, write_frame
from autograder.probes import load_checks, load_gates
from autograder.running import Outcome
from autograder.tampering import LONGEST, MOST
from autograder.values import NotPlain, clean
from starter_code.errors import CourseError

ISOLATIONS = ("namespaces", "none")
TRIES = 4  # of a request: a submission cannot reach the worker, so a death is the machine's fault
CHOICE = "COURSE_ISOLATION"  # an administrator's word for commands that have no option for it


def chosen(isolation: str | None) -> str:
    """The isolation that was asked for, else the administrator's, else the strongest.

    Raises:
        CourseError: there is none of that name.
    """
    isolation = isolation or os.environ.get(CHOICE) or ISOLATIONS[0]
    if isolation not in ISOLATIONS:
        raise CourseError(f"There is no isolation {isolation!r}; choose {' or '.join(ISOLATIONS)}.")
    return isolation


def _rows(segments: list[Segment]) -> list[list[str]]:
    return [[s.label, s.source, s.todo, s.fallback] for s in segments]


_SCRATCH = "course-worker-"


def _remove_left_over() -> None:
    """Scratch folders of runs that were killed: their number belongs to no process any more."""
    if not Path("/proc/self").exists():
        return  # where there is no /proc, nobody can tell which runs have ended
    for folder in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}*"):
        owner = folder.name.removeprefix(_SCRATCH).partition("-")[0]
        if owner.isdigit() and not folder.is_symlink() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


class Worker:
    """One process that runs student code, restarted if it dies."""

    def __init__(self, assignment: str, isolation: str, slot: int, gpu: int | None = None) -> None:
        self.assignment, self.gpu = assignment, gpu
        self.isolation, self.slot = isolation, slot
        self.layers: list[str] = []
        _remove_left_over()
        self._scratch = tempfile.TemporaryDirectory(prefix=f"{_SCRATCH}{os.getpid()}-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process and build its wall once; if it dies over that, start another.

        Raises:
            CourseError: the wall cannot be built on this machine.
        """
        for _ in range(TRIES):
            if self._started():
                return
        raise CourseError(
            "The process that runs submissions is ended at its start, again and again; is there "
            "enough memory? `course doctor --grading` says what this machine offers."
        )

    def _started(self) -> bool:
        """Whether a new process came up.

        Raises:
            CourseError: the wall cannot be built on this machine.
        """
        path = os.pathsep.join([str(repository()), os.environ.get("PYTHONPATH", "")])
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "PYTHONPATH": path.rstrip(os.pathsep),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "CUDA_VISIBLE_DEVICES": "",
            "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # looking for a GPU must not start it: we fork
            "HOME": self._scratch.name,
            "MPLCONFIGDIR": self._scratch.name,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self._scratch.name,
            env=environment,
        )
        warm = {"warm": _rows(release_program(self.assignment)), "gpu": self.gpu}
        answer = self._ask({**warm, "room": self._room()})
        if answer is None:
            return False
        if "error" in answer:
            raise CourseError(
                f"{answer['error']} Nothing is graded without it: `course doctor --grading` says "
                "what is missing; `--isolation none` grades code that you trust without a wall."
            )
        self.layers = [str(layer) for layer in answer["layers"]]
        return True

    def _room(self) -> dict[str, Any] | None:
        """What a submission may see: the engine and the starter code, nothing else of ours."""
        if self.isolation == "none":
            return None
        place = Path(self._scratch.name) / "room"
        place.mkdir(exist_ok=True)
        visible = [str(repository() / name) for name in ("autograder", "starter_code")]
        return {"place": str(place), "visible": visible, "slot": self.slot}

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a request, None if the process died over it."""
        process = cast(subprocess.Popen[bytes], self._process)
        try:
            write_frame(cast(IO[bytes], process.stdin), json.dumps(request).encode())
            answer = read_frame(cast(IO[bytes], process.stdout))
        except BrokenPipeError:
            answer = None
        if answer is None:
            self.close()
            return None
        return cast(dict[str, Any], json.loads(answer))

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a request, by another process if one dies; None if several do.

        Raises:
            CourseError: the wall cannot be built; nothing was run.
        """
        for _ in range(TRIES):
            if self._process is None or self._process.poll() is not None:
                self.start()
            answer = self._ask(request)
            if answer is not None:
                if "error" in answer:
                    raise CourseError(str(answer["error"]))
                return answer
        return None

    def close(self) -> None:
        """End the process; it takes its control group away if it has the time."""
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Run:
    """What came of running a program.

    Attributes:
        outcomes: by check.
        acts: what it did beside; see `autograder.tampering`.
    """

    outcomes: dict[str, Outcome]
    acts: list[str]


class Crew(ABC):
    """Whoever runs submissions of an assignment; what comes back is validated here.

    Attributes:
        layers: what stands between a submission and the machine, in words.
        places: how many requests can be under way at once.
        gpus: how many of them have a GPU, for training gates.
    """

    layers: Sequence[str]
    places: int
    gpus: int

    def __init__(self, assignment: str) -> None:
        self.assignment = assignment

    @abstractmethod
    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The raw answer to a request (see `autograder.worker`), None if it kills every worker."""

    def read(self, name: str, data: bytes) -> Submission:
        """The program in a file that was handed in; whatever it holds, a definite result."""
        request = {"read": name, "assignment": self.assignment}
        answer = self.answer({**request, "bytes": base64.b64encode(data).decode()})
        try:
            return Submission.from_json((answer or {})["submission"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return Submission(problem=f"{name} cannot be read; save it again in Jupyter.")

    def run(
        self, segments: list[Segment], seed: int, todos: Sequence[str], together: bool = False
    ) -> Run:
        """Outcomes of the checks of these TODOs.

        Args:
            together: one process for all of them: fast, and what passes there has passed.

        Raises:
            RuntimeError: worker after worker died over it: that is no reason for a grade.
        """
        request = {"assignment": self.assignment, "seed": seed, "segments": _rows(segments)}
        answer = self.answer({**request, "todos": list(todos), "together": together})
        checks = [check for check in load_checks(self.assignment) if check.todo in todos]
        if answer is None:
            raise RuntimeError("no worker survived it")
        raw, acts = answer.get("results"), answer.get("acts")
        raw = raw if isinstance(raw, dict) else {}
        told = [clean(str(act)[:LONGEST]) for act in acts] if isinstance(acts, list) else []
        return Run({check.key: _outcome(raw.get(check.key, "")) for check in checks}, told[:MOST])

    def train(self, segments: list[Segment], seed: int) -> dict[str, Outcome]:
        """Outcomes of the training gates, each in a process of its own."""
        found = {}
        for gate in load_gates(self.assignment):
            request = {"assignment": self.assignment, "seed": seed, "gate": gate.key}
            answer = self.answer({**request, "segments": _rows(segments)})
            if answer is None:
                found[gate.key] = Outcome("ended")
                continue
            raw = answer.get("results")
            found[gate.key] = _outcome(raw.get(gate.key, "") if isinstance(raw, dict) else "")
        return found


def _outcome(text: object) -> Outcome:
    try:
        return Outcome.from_json(json.loads(str(text)))
    except (ValueError, NotPlain, TypeError, RecursionError):
        return Outcome("not_plain", error="not an answer of this check")


class Workers(Crew):
    """Processes on this machine, used as a context manager.

    Args:
        gpus: indices of GPUs; then there is one process for each of them.
    """

    def __init__(
        self,
        assignment: str,
        count: int,
        isolation: str | None = None,
        gpus: Sequence[int] = (),
    ) -> None:
        super().__init__(assignment)
        isolation = chosen(isolation)
        self.places, self.gpus = len(gpus) or count, len(gpus)
        self._idle: queue.Queue[Worker] = queue.Queue()
        own: list[int | None] = [*gpus] or [None] * count
        self._all = [Worker(assignment, isolation, slot, gpu) for slot, gpu in enumerate(own)]
        for worker in self._all:
            self._idle.put(worker)

    @property
    def layers(self) -> Sequence[str]:  # type: ignore[override]
        """What stands between a submission and the machine, in words."""
        return self._all[0].layers

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of the next idle worker."""
        worker = self._idle.get()
        try:
            return worker.answer(request)
        finally:
            self._idle.put(worker)

    def __enter__(self) -> Workers:
        """Start the first worker.

        Raises:
            CourseError: the isolation cannot be had here; nothing was run.
        """
        self._all[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            worker.close()
