"""The attack corpus as `benchmarks/attacks.py` hands it in, and what a grader may make of it.

Each file of `tests/attacks` is one `Attack`: its head says what it tries and what it deserves. A
grader's answer to it is one `Outcome`.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import rivals

from autograder.assignments import repository

NAME = "a1_cnn_lstm_decoder"
CORPUS = repository() / "tests" / "attacks"
HONEST = "honest"  # handed in like an attack
NEIGHBOUR = "zz_honest"  # has a grade already, which must stay as it is
SECRET = "CANARY-of-the-instructor"


@dataclass(frozen=True)
class Attack:
    """A file of the corpus: an answer to one TODO, or a program that writes a submission."""

    path: Path

    @property
    def name(self) -> str:
        """The name under which it is handed in."""
        return self.path.stem

    @functools.cached_property
    def text(self) -> str:
        """The file."""
        return self.path.read_text(encoding="utf-8") if self.path.is_file() else ""

    @property
    def is_cell(self) -> bool:
        """Whether it is an answer to one TODO."""
        return self.path.parent.name == "cells"

    @property
    def todo(self) -> str:
        """The TODO that it answers, "" for a whole submission."""
        return self.text.split(":", 1)[0].removeprefix("# TODO ") if self.is_cell else ""

    @property
    def aim(self) -> str:
        """What it tries, in the words of its head."""
        if not self.text:
            return "the solution, handed in as it should be."
        head = self.text.split("\n", 1)[0]
        return head.split(": ", 1)[1] if self.is_cell else head.strip('"')

    @property
    def deserves(self) -> dict[str, float]:
        """TODO -> points that it should get."""
        word = self.text.split("expect: ", 1)[1].split("\n", 1)[0] if self.text else "all"
        worth = rivals.worth(NAME)
        lost = {"lost": [self.todo], "nothing": list(worth)}.get(word, [])
        if word.startswith("all but "):
            lost = [word.removeprefix("all but ")]
        return {todo: 0.0 if todo in lost else points for todo, points in worth.items()}

    @property
    def digest(self) -> str:
        """Changes with the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def hand_in(self, folder: Path, right: str, root: Path, port: int = 9) -> None:
        """Write the submission; `root` is a repository that it may look for, `port` listens."""
        folder.mkdir(parents=True)
        tree = json.loads(right)
        if self.text and not self.is_cell:
            spec = importlib.util.spec_from_file_location(self.name, self.path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.hand_in(folder, tree)
        if self.text:
            text = self.text.replace("PORT_OF_THE_TEST", str(port))
            text = text.replace("course-attack-listener", listener())
            cell = next(cell for cell in tree["cells"] if cell.get("id") == self.todo)
            cell["source"] = text.replace("REPOSITORY", str(root))
        (folder / f"{NAME}.ipynb").write_text(json.dumps(tree), encoding="utf-8")


@dataclass
class Outcome:
    """What a tool made of a submission.

    Attributes:
        digest: of the attack that was run.
        ended: whether the tool did.
        points: TODO -> points, None if there is no grade.
        effects: what changed outside the submission, in short words.
        tail: the end of what the tool said, for whoever wants to know why.
    """

    digest: str
    ended: bool = True
    points: dict[str, float] | None = None
    effects: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tail: str = ""


def listener() -> str:
    """Name of the abstract socket that attacks may find; another run's is another."""
    return f"course-attack-{os.getpid()}"


def corpus() -> list[Attack]:
    """An honest submission and all attacks, by name."""
    files = [*(CORPUS / "cells").glob("*.py"), *(CORPUS / "folders").glob("*.py")]
    return [Attack(Path(HONEST)), *map(Attack, sorted(files, key=lambda path: path.stem))]
