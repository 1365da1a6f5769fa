"""`pytest autograder --assignment a2 --submission my.ipynb`: the checks as pytest items.

The same judge as everywhere: student code runs in a worker, pytest only reports. Points are
markers; `--junit-xml` works as always, and `--results results.json` writes Gradescope's format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder.assignments import repository, resolve
from autograder.judging import Verdict
from autograder.local import judge_file
from autograder.notebook import words
from starter_code.errors import CourseError


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a grading run."""
    group = parser.getgroup("course")
    group.addoption("--assignment", help="such as a2")
    group.addoption("--submission", help="a notebook or an exported models.py")
    group.addoption("--seed", type=int, default=None, help="of the inputs; public by default")
    group.addoption("--results", help="write Gradescope's results.json here")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers that items carry."""
    config.addinivalue_line("markers", "points(n): what a check is worth")
    config.addinivalue_line("markers", "todo(name): the TODO that a check belongs to")


class Failed(Exception):
    """A check that did not pass."""


class CheckItem(pytest.Item):
    """One check of the submission."""

    def __init__(self, *, verdict: Verdict, **options: Any) -> None:
        super().__init__(**options)
        self.verdict = verdict
        self.add_marker(pytest.mark.points(verdict.points))
        self.add_marker(pytest.mark.todo(verdict.todo))
        self.user_properties.append(("points", verdict.points))

    def runtest(self) -> None:
        """Report the verdict."""
        if not self.verdict.passed:
            first = f"{self.verdict.status}: {self.verdict.sentence}"
            raise Failed("\n".join([first, *words(self.verdict, False)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """The words of the verdict, without a traceback."""
        return str(excinfo.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the check comes from, for the report's heading."""
        return self.path, 0, f"{self.verdict.todo}: {self.verdict.name}"


class SubmissionFile(pytest.File):
    """The submission as a collection of checks."""

    def collect(self) -> Iterator[CheckItem]:
        """Run the submission in a worker and yield an item per check."""
        try:
            assignment = resolve(self.config.getoption("--assignment"))
            seed = self.config.getoption("--seed")
            result = judge_file(Path(self.config.getoption("--submission")), assignment, seed)
        except CourseError as error:
            raise pytest.UsageError(str(error)) from None
        if target := self.config.getoption("--results"):
            Path(target).write_text(json.dumps(gradescope(result.verdicts), indent=1), "utf-8")
        for verdict in result.verdicts:
            name = f"{verdict.todo}::{verdict.name}"
            yield CheckItem.from_parent(self, name=name, verdict=verdict)


def gradescope(verdicts: list[Verdict]) -> dict[str, Any]:
    """Gradescope's results.json."""
    tests = [
        {
            "name": f"{v.todo}: {v.name}",
            "score": v.earned,
            "max_score": v.points,
            "status": "passed" if v.passed else "failed",
            "output": "\n".join([v.sentence, *words(v, False)]),
            "visibility": "visible",
        }
        for v in verdicts
    ]
    return {"score": sum(v.earned for v in verdicts), "tests": tests}


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SubmissionFile | None:
    """Collect the checks once, at this package's own file; never a file of the submission."""
    here = file_path == Path(__file__).with_name("__init__.py")
    if not here or not parent.config.getoption("--submission"):
        return None
    if not parent.config.getoption("--assignment"):
        raise pytest.UsageError("Say which assignment it is: --assignment a2.")
    return SubmissionFile.from_parent(parent, path=file_path)


collect_ignore_glob = [str(repository() / "submitted" / "*")]
