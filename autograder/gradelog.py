"""An append-only log of every grade, each line sealed by the one before it.

    {"n": 3, "before": sha256 of line 2, "student": …, "assignment": …, "submission": sha256,
     "checks": sha256, "seed": …, "earned": …, "versions": {…}, "time": …}

The log is the proof of what was graded, from which file, with which checks and inputs; whoever
changes or removes a line breaks every seal behind it. `verify` finds the first broken seal;
`course regrade --verify` grades the same file at the same seed again and compares.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from autograder.assignments import repository
from starter_code.errors import CourseError

FIRST = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One grade.

    Attributes:
        submission: SHA-256 of the graded file, "" if there was none.
        checks: SHA-256 of the probes and the source of the reference.
        todos: points of each TODO.
    """

    student: str
    assignment: str
    submission: str
    checks: str
    seed: int
    earned: float
    points: float
    todos: dict[str, float]


@functools.cache
def digest_of_checks(assignment: str) -> str:
    """SHA-256 over what decides a grade: the probes, the source notebook, the engine.

    Read once a process: what runs is what was there when it started.
    """
    root = repository()
    files = [root / "autograder" / "checks" / f"{assignment}.py"]
    files += sorted((root / "autograder").glob("*.py"))
    files += sorted((root / "solutions" / assignment).glob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def append(path: Path, entries: list[Entry]) -> None:
    """Add grades at the end of the log; several processes may do so.

    A line that a killed process left unfinished was never sealed and is taken away first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path) as file:
        whole = file.read().rpartition("\n")[0]
        lines = whole.split("\n") if whole else []
        file.truncate(len(f"{whole}\n".encode()) if lines else 0)
        number, before = len(lines), _seal(lines[-1]) if lines else FIRST
        for entry in entries:
            head = {"n": number, "before": before, "time": round(time.time())}
            line = json.dumps(head | {"versions": _versions()} | asdict(entry), sort_keys=True)
            file.write(line + "\n")
            number, before = number + 1, _seal(line)
        file.flush()
        os.fsync(file.fileno())


def latest(records: list[dict[str, Any]]) -> dict[tuple[str, str], Entry]:
    """The last entry of each student and assignment."""
    names = [field.name for field in fields(Entry)]
    found = {}
    for record in records:
        entry = Entry(**{name: record[name] for name in names})
        found[entry.student, entry.assignment] = entry
    return found


def verify(path: Path) -> list[dict[str, Any]]:
    """All lines of a log whose seals hold.

    Raises:
        CourseError: naming the first line that was changed, removed or added.
    """
    if not path.is_file():
        raise CourseError(f"There is no grade log {path}; grade first.")
    found, before = [], FIRST
    whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
    for number, line in enumerate(whole.split("\n") if whole else []):
        record = json.loads(line) if _is_line(line) else {}
        if record.get("before") != before or record.get("n") != number:
            raise CourseError(f"{path}, line {number + 1}: the seal is broken; compare a backup.")
        found.append(record)
        before = _seal(line)
    return found


def _is_line(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _seal(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("show-tell-imagine", "torch", "numpy")}


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """The log, open for reading and appending, for this process alone."""
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file
