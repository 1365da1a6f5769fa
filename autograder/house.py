"""Where a worker's submissions run: behind walls, or in plain forks for code that is trusted."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

from autograder import tampering, wall
from autograder.cgroups import Cage


@dataclass
class House:
    """Where submissions run: behind walls, or (`room` is None) in plain forks."""

    room: wall.Room | None
    cage: Cage | None
    space: int  # bytes of address space that a process may have
    untouched: tampering.Snapshot  # the libraries as they are before any submission

    def start(self, target: Callable[[], None], room: wall.Room | None = None) -> int:
        """Run `target` in a child, behind the usual wall or that of `room`; return its pid.

        Raises:
            WallError: the wall cannot be built; nothing was run.
        """
        if self.room is not None:
            add = self.cage.add if self.cage is not None else lambda pid: None
            return wall.spawn(room or self.room, target, add)
        child = os.fork()
        if child == 0:
            try:
                os.setsid()
                target()
            finally:
                os._exit(0)
        return child

    def stop(self, child: int) -> None:
        """End the child and, behind a wall, all that it started."""
        if self.room is not None:
            wall.stop(child)
        else:
            kill(child)

    @property
    def layers(self) -> list[str]:
        """What stands between a submission and the machine, in words."""
        if self.room is None:
            return ["processes", "time limits", "memory limits"]
        cage = [self.cage.kind] if self.cage is not None and self.cage.kind else []
        return ["namespaces", "own root", "no network", "no rights", "seccomp", "limits", *cage]


def kill(child: int) -> None:
    """End a child that is its own process group, and wait for it."""
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            end(child, signal.SIGKILL)
    os.waitpid(child, 0)
