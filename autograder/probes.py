"""`@check` declares what is measured on a TODO; a probe returns values and decides nothing.

The probes of an assignment stand in `autograder/checks/<assignment>.py`. Each runs on the student's
names in the student's process and on the reference's names in the judge's, with the same inputs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from autograder.draws import Draw
from starter_code.errors import CourseError

Probe = Callable[[Any, Any], Any]
JudgeFunction = Callable[[Any, Draw], "str | None"]


class NotDefined(Exception):
    """The student's namespace lacks a name; the cell that defines it has not been run."""


class Names:
    """What the probe sees of a namespace: `student.AdditiveAttention`."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        try:
            return self._namespace[name]
        except KeyError:
            raise NotDefined(name) from None


@dataclass(frozen=True)
class Check:
    """One graded property of a TODO.

    Attributes:
        todo: name of the TODO cell.
        name: the probe's own name, unique within the assignment.
        points: what passing it is worth.
        sentence: the property in one sentence, shown when it fails.
        judge: for questions with many right answers, a function of the returned values and a fresh
            `Draw` of the same seed that returns None or what is wrong.
        instead_of: dotted names of library callables that this TODO derives and may not call.
        seconds: wall-clock limit.
    """

    todo: str
    name: str
    points: float
    sentence: str
    probe: Probe
    judge: JudgeFunction | None
    instead_of: tuple[str, ...]
    seconds: float

    @property
    def key(self) -> str:
        """`todo/name`: keys the check's inputs, frozen values and results."""
        return f"{self.todo}/{self.name}"


_CHECKS: dict[str, list[Check]] = {}
_GATES: dict[str, list[Check]] = {}


def check(
    todo: str,
    points: float,
    *,
    judge: JudgeFunction | None = None,
    instead_of: tuple[str, ...] = (),
    seconds: float = 10.0,
) -> Callable[[Probe], Probe]:
    """Declare a probe of `todo`; its docstring is the sentence that a student reads."""

    def declare(probe: Probe) -> Probe:
        if not probe.__doc__:
            raise CourseError(f"Check {probe.__name__} of {todo} has no docstring; say what holds.")
        sentence = " ".join(probe.__doc__.split())
        bank = _CHECKS.setdefault(probe.__module__, [])
        bank.append(
            Check(todo, probe.__name__, points, sentence, probe, judge, instead_of, seconds)
        )
        return probe

    return declare


def training_gate(seconds: float, judge: JudgeFunction) -> Callable[[Callable[..., Any]], Probe]:
    """Declare a training gate: does what the student has built learn? Worth no points.

    Its probe is called with the student's names, a `Draw` and a device, "cuda" where the machine
    that runs it has a GPU, else "cpu" (then it trains at the tiny tier). Gates run only when they
    are asked for (`course grade --gates`), each in a process of its own.
    """

    def declare(probe: Callable[..., Any]) -> Probe:
        sentence = " ".join((probe.__doc__ or "").split())
        bank = _GATES.setdefault(probe.__module__, [])
        bank.append(Check("training", probe.__name__, 0, sentence, probe, judge, (), seconds))
        return probe

    return declare


def load_gates(assignment: str) -> list[Check]:
    """Return the training gates of an assignment.

    Raises:
        CourseError: if there is no such assignment.
    """
    load_checks(assignment)
    return _GATES.get(f"autograder.checks.{assignment}", [])


def at_most(calls: int, step: Callable[..., Any]) -> Callable[..., Any]:
    """`step`, with an error that speaks of a loop without an end after so many calls."""
    made = 0

    def counted(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made > calls:
            raise RuntimeError(
                f"step was called more than {calls} times: is there a loop without an end?"
            )
        return step(*arguments)

    return counted


def load_checks(assignment: str) -> list[Check]:
    """Return the checks of an assignment in the order of its file.

    Raises:
        CourseError: if there is no such assignment, or two checks share a name.
    """
    module = f"autograder.checks.{assignment}"
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise CourseError(
            f"There are no checks for {assignment!r}; write them in autograder/checks."
        ) from None
    checks = _CHECKS.get(module, [])
    names = [check.key for check in checks]
    for name in names:
        if names.count(name) > 1:
            raise CourseError(f"{module} declares the check {name} twice; rename one of them.")
    return checks
