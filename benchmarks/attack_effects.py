"""What an attack does outside its submission: files, calls, processes, secrets.

For `benchmarks/attacks.py`. Every effect is named in short words, which are the table's.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from attack_corpus import listener

MARKS = ("/tmp/pickled", "/tmp/still-here", "/tmp/fill0", "/mark", "/etc/mark", "/usr/lib/mark")


def fingerprint(folders: list[Path]) -> dict[str, str]:
    """Each path below the folders, with its kind and content (of small regular files)."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        with contextlib.suppress(OSError):
            state = path.lstat()
            small = path.is_file() and not path.is_symlink() and state.st_size < 1 << 24
            content = hashlib.sha256(path.read_bytes()).hexdigest() if small else ""
            found[str(path)] = f"{state.st_mode} {content}"
    return found


class Watch:
    """Sees what happens outside a submission while it is graded."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders, self.before = folders, fingerprint(folders)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"\0{listener()}")
        self.listener.listen()
        self.listener.setblocking(False)

    def effects(self) -> list[str]:
        """What was seen, in short words."""
        seen = []
        if fingerprint(self.folders) != self.before:
            seen.append("instructor's files changed")
        if any(Path(mark).exists() for mark in MARKS):
            seen.append("file left behind")
        with self.listener, contextlib.suppress(BlockingIOError):
            self.listener.accept()
            seen.append("called out")
        return seen


@contextlib.contextmanager
def orphans() -> Iterator[list[str]]:
    """Fills a list with what is left of processes that were started inside."""
    left: list[str] = []
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield left
    time.sleep(1)
    after = {process.pid for process in psutil.Process().children(recursive=True)}
    left += ["process left behind"] if after - before else []


def told_back(attack: str, errors: list[str]) -> list[str]:
    """Whether what went out to read came back with something: it raises what it has found."""
    found = attack.startswith("reads_") and any("LEAKED " in text for text in errors)
    return ["secret read"] if found else []
