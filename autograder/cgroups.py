"""A control group around the processes of one worker, where the machine lets us make one.

Limits of single processes (`autograder.wall`) do not add up: many small processes may still fill
the memory. A control group bounds them together. Version 2 and version 1 are understood; where
neither can be written, there is no cage and `Cage.kind` is "".
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_LIMITS = {  # controller: (file of version 2, file of version 1)
    "memory": ("memory.max", "memory.limit_in_bytes"),
    "pids": ("pids.max", "pids.max"),
}


class Cage:
    """Bounds memory (bytes) and number of processes of all that is added to it.

    Attributes:
        kind: "cgroup v2", "cgroup v1", or "" where none could be made.
        folders: the groups' own folders.
    """

    def __init__(self, memory: int, processes: int) -> None:
        limits = {"memory": memory, "pids": processes}
        self.kind = ""
        self.folders: list[Path] = []
        own = _own_groups()
        for version, kind in ((0, "cgroup v2"), (1, "cgroup v1")):
            try:
                self.folders = _make(own, version, limits)
            except OSError:
                continue
            if self.folders:
                self.kind = kind
                return

    def add(self, pid: int) -> None:
        """Put a process in; all that it starts afterwards is inside as well."""
        for folder in self.folders:
            _write(folder / "cgroup.procs", pid)

    def remove(self) -> None:
        """Take the groups away; all their processes must have ended."""
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        self.folders = []


def _own_groups() -> dict[str, str]:
    """Controller -> the group that this process is in; version 2 has the controller ""."""
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return {}
    rows = (line.split(":", 2) for line in lines)
    return {name: path for _, names, path in rows for name in names.split(",")}


def _make(own: dict[str, str], version: int, limits: dict[str, int]) -> list[Path]:
    """New groups with their limits, all or none.

    Raises:
        OSError: one of them may not be made or has not the controller.
    """
    made: list[Path] = []
    try:
        for controller, limit in limits.items():
            name = "" if version == 0 else controller
            place = ROOT / name / own.get(name, "").lstrip("/")
            if name not in own or not (place / "cgroup.procs").is_file():
                return []
            _remove_left_over(place)
            folder = place / f"course-{os.getpid()}"
            folder.mkdir(exist_ok=True)
            if folder not in made:
                made.append(folder)
            _write(folder / _LIMITS[controller][version], limit)
    except OSError:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return made


def _write(file: Path, number: int) -> None:
    """Write into a file of the kernel's; where it is missing, so is the controller."""
    with open(file, "r+", encoding="ascii") as stream:
        stream.write(str(number))


def _remove_left_over(place: Path) -> None:
    """Groups of workers that were killed: their number belongs to no process any more."""
    for folder in place.glob("course-*"):
        if not Path(f"/proc/{folder.name.removeprefix('course-')}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
