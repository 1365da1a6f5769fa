"""What all reproductions have in common: a study, its rows, and the lab that does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from tqdm import tqdm

from autograder.assignments import load_source, resolve
from autograder.cells import run_segments

Task = TypeVar("Task")


@dataclass(frozen=True)
class Study:
    """One data set at one tier: what is measured, and where it is kept."""

    dataset: str
    tier: str
    seeds: tuple[int, ...]
    root: Path
    out: Path

    @property
    def place(self) -> Path:
        """The folder of this data set and tier."""
        return self.out / f"{self.dataset}_{self.tier}"


def each(
    do: Callable[[Task], None],
    tasks: Sequence[Task],
    jobs: int,
    what: str,
    after: Callable[[], Any] = lambda: None,
) -> None:
    """Do tasks, `jobs` at once in processes of their own, and something after each."""
    if not tasks:
        return
    with tqdm(total=len(tasks), desc=what, unit="row") as bar:
        if jobs == 1:
            for task in tasks:
                do(task)
                after()
                bar.update()
            return
        with ProcessPoolExecutor(jobs) as pool:
            for done in as_completed([pool.submit(do, task) for task in tasks]):
                done.result()
                after()
                bar.update()


def solution(assignment: str, given: Mapping[str, Any]) -> Any:
    """The names of a solution notebook, as if its cells had run with what is `given`."""
    names = dict(given)
    run_segments(load_source(resolve(assignment)).segments(), names)
    names |= given  # literals of the notebook stand back
    return SimpleNamespace(**names)
