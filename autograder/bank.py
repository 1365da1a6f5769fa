"""What right and known-wrong answers give on the inputs of one seed.

The judge measures a bank from the solution; a release carries the public seed's bank as frozen
values, with the words of each mistake but no line of its code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autograder.assignments import load_source
from autograder.authoring import Mistake, Solution, load_mistakes
from autograder.cells import run_segments
from autograder.probes import Check, load_checks
from autograder.running import Outcome, run_check


@dataclass(frozen=True)
class KnownMistake:
    """A mistake's words and what it gives on each check of its TODO."""

    name: str
    seen: str
    cause: str
    outcomes: dict[str, Outcome]


@dataclass
class Bank:
    """Expected outcomes and known mistakes of an assignment at one seed."""

    assignment: str
    seed: int
    expected: dict[str, Outcome] = field(default_factory=dict)
    mistakes: dict[str, list[KnownMistake]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object (see `autograder.values` for the values)."""
        known = {
            todo: [
                {
                    "name": m.name,
                    "seen": m.seen,
                    "cause": m.cause,
                    "outcomes": {key: o.to_json() for key, o in m.outcomes.items()},
                }
                for m in mistakes
            ]
            for todo, mistakes in self.mistakes.items()
        }
        expected = {key: outcome.to_json() for key, outcome in self.expected.items()}
        return {
            "assignment": self.assignment,
            "seed": self.seed,
            "expected": expected,
            "mistakes": known,
        }

    @staticmethod
    def from_json(tree: dict[str, Any]) -> Bank:
        """Rebuild what `to_json` wrote."""

        def outcomes(part: dict[str, Any]) -> dict[str, Outcome]:
            return {key: Outcome.from_json(item) for key, item in part.items()}

        mistakes = {
            todo: [
                KnownMistake(m["name"], m["seen"], m["cause"], outcomes(m["outcomes"]))
                for m in known
            ]
            for todo, known in tree["mistakes"].items()
        }
        return Bank(tree["assignment"], tree["seed"], outcomes(tree["expected"]), mistakes)


def measure(assignment: str, seed: int) -> Bank:
    """Run the solution and every mistake at `seed` (in this process: never with student code)."""
    source = load_source(assignment)
    checks = load_checks(assignment)
    bank = Bank(assignment, seed, run_variant(assignment, {}, checks, seed))
    cells = {cell.tags["todo"]: cell.source for cell in source.tagged("todo")}
    for todo, cell in cells.items():
        own = [check for check in checks if check.todo == todo]
        bank.mistakes[todo] = [
            _known(mistake, Solution(todo, cell), own, assignment, seed)
            for mistake in mistakes_of(assignment)
            if mistake.todo == todo
        ]
    return bank


def mistakes_of(assignment: str) -> list[Mistake]:
    """The declared mistakes of an assignment."""
    return load_mistakes(load_source(assignment).path.with_name("mistakes.py"))


def _known(
    mistake: Mistake, solution: Solution, checks: list[Check], assignment: str, seed: int
) -> KnownMistake:
    edited = mistake.edit(solution).source
    outcomes = run_variant(assignment, {mistake.todo: edited}, checks, seed)
    return KnownMistake(mistake.name, mistake.seen, mistake.cause, outcomes)


def run_variant(
    assignment: str, replaced: dict[str, str], checks: list[Check], seed: int
) -> dict[str, Outcome]:
    """Run the solution with some TODO cells replaced, and the given checks on it."""
    namespace: dict[str, Any] = {}
    failed = run_segments(load_source(assignment).segments(replaced), namespace)
    return {c.key: failed.get(c.todo) or run_check(c, namespace, seed) for c in checks}
