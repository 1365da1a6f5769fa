"""The kill table: proof that an assignment's checks accept right code and reject wrong code.

solution      passes every check, at the public and at fresh seeds
stub          is "not attempted" on every check
mistake       fails, and is the one that is named
alternative   passes
lazy answer   zeros, ones, NaN, noise, an input, the public seed's answer: fails every check

python -m autograder.kill_table a2 [--seeds 3]
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from autograder.assignments import load_source, resolve, stub
from autograder.authoring import load_alternatives
from autograder.bank import Bank, KnownMistake, measure, run_variant
from autograder.cells import run_segments
from autograder.comparing import distance
from autograder.draws import PUBLIC_SEED, Draw
from autograder.judging import NOT_ATTEMPTED, Verdict, judge_todo
from autograder.probes import Check, Names, load_checks
from autograder.running import Outcome
from autograder.values import Plain, plain
from starter_code.errors import CourseError

FRESH_SEEDS = (3_141_592, 2_718_281, 1_618_033)


@dataclass(frozen=True)
class Row:
    """One answer to one TODO at one seed, and whether the checks treated it rightly.

    Attributes:
        kind: solution · stub · mistake · alternative · lazy.
        problem: what the checks did wrong, "" if nothing.
        ambiguous: other mistakes that look the same on every check.
    """

    todo: str
    kind: str
    name: str
    seed: int
    problem: str = ""
    ambiguous: tuple[str, ...] = ()


def kill_table(assignment: str, seeds: tuple[int, ...] = FRESH_SEEDS) -> list[Row]:
    """Return a row for every answer, TODO and seed; if the checks hold, no row has a `problem`."""
    public = measure(assignment, PUBLIC_SEED)
    rows = list(_rows(public, public))
    for seed in seeds:
        rows.extend(_rows(measure(assignment, seed), public))
    return rows


def _rows(bank: Bank, public: Bank) -> Iterator[Row]:
    checks = load_checks(bank.assignment)
    source = load_source(bank.assignment)
    alternatives = load_alternatives(source.path.with_name("alternatives.py"))
    solution: dict[str, Any] = {}
    run_segments(source.segments(), solution)
    for cell in source.tagged("todo"):
        todo = cell.tags["todo"]
        own = [check for check in checks if check.todo == todo]
        if not own:
            continue
        yield _solution_row(todo, own, bank)
        yield _stub_row(todo, own, bank, stub(cell.source))
        for known in bank.mistakes.get(todo, []):
            yield _mistake_row(todo, own, bank, known)
        for other in alternatives:
            if other.todo == todo:
                verdicts = _verdicts(own, bank, {todo: other.source})
                yield Row(todo, "alternative", other.name, bank.seed, _not_passed(verdicts))
        yield from _lazy_rows(todo, own, bank, public, solution)


def _verdicts(own: list[Check], bank: Bank, replaced: dict[str, str]) -> list[Verdict]:
    outcomes = run_variant(bank.assignment, replaced, own, bank.seed)
    return judge_todo(own, outcomes, bank, strict=True)


def _not_passed(verdicts: list[Verdict]) -> str:
    failed = [f"{v.name} {v.status}: {v.reason}" for v in verdicts if not v.passed]
    return "; ".join(failed)


def _solution_row(todo: str, own: list[Check], bank: Bank) -> Row:
    return Row(todo, "solution", "", bank.seed, _not_passed(_verdicts(own, bank, {})))


def _stub_row(todo: str, own: list[Check], bank: Bank, source: str) -> Row:
    verdicts = _verdicts(own, bank, {todo: source})
    wrong = [f"{v.name} is {v.status}" for v in verdicts if v.status != NOT_ATTEMPTED]
    return Row(todo, "stub", "", bank.seed, "; ".join(wrong))


def _mistake_row(todo: str, own: list[Check], bank: Bank, known: KnownMistake) -> Row:
    verdicts = judge_todo(own, known.outcomes, bank, strict=True)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return Row(todo, "mistake", known.name, bank.seed, "passes every check")
    named = {name for verdict in failed for name in verdict.mistakes}
    gap = max(_gap(check, bank.expected[check.key], known.outcomes[check.key]) for check in own)
    problem = "" if known.name in named else "fails, but is not named"
    if gap < 10:
        problem = f"differs from the solution by {gap:.1f} tolerances only"
    others = tuple(sorted(named - {known.name}))
    return Row(todo, "mistake", known.name, bank.seed, problem, others)


def _gap(check: Check, expected: Outcome, outcome: Outcome) -> float:
    """Distance in tolerances; where a judge decides, a rejected answer is far enough."""
    if expected.kind != outcome.kind or check.judge is not None:
        return float("inf")
    return distance(expected.value, outcome.value)


LAZY: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "zeros": lambda a, rng: np.zeros_like(a),
    "ones": lambda a, rng: np.ones_like(a),
    "NaN": lambda a, rng: np.full(a.shape, np.nan, a.dtype if a.dtype.kind == "f" else float),
    "noise": lambda a, rng: _noise(a, rng),
}


def _leaf(
    make: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    rng: np.random.Generator,
    leaf: np.ndarray,
) -> np.ndarray:
    return make(leaf, rng)


def _noise(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if array.dtype.kind == "f":
        return rng.standard_normal(array.shape).astype(array.dtype)
    low, high = (int(array.min()), int(array.max()) + 2) if array.size else (0, 1)
    return rng.integers(low, high, array.shape).astype(array.dtype)


def _lazy_rows(
    todo: str, own: list[Check], bank: Bank, public: Bank, solution: dict[str, Any]
) -> Iterator[Row]:
    for check in own:
        expected = bank.expected[check.key]
        for name, answer in _lazy_answers(check, expected.value, bank, public, solution):
            outcomes = {**bank.expected, check.key: Outcome("returned", answer, expected.layers)}
            verdict = judge_todo([check], outcomes, bank, strict=True)[0]
            problem = "passes" if verdict.passed else ""
            yield Row(todo, "lazy", f"{check.name}: {name}", bank.seed, problem)


def _lazy_answers(
    check: Check, value: Plain, bank: Bank, public: Bank, solution: dict[str, Any]
) -> Iterator[tuple[str, Plain]]:
    rng = np.random.default_rng(bank.seed + 1)
    for name, make in LAZY.items():
        yield name, _map_leaves(value, functools.partial(_leaf, make, rng))
    draw = Draw(bank.seed, check.key)
    check.probe(Names(solution), draw)
    first = None if draw.first is None else plain(draw.first)
    if first is not None:
        yield "first input", first
        yield "identity", _map_leaves(value, lambda leaf: first if leaf.ndim else leaf * 0)
    if bank.seed != public.seed:
        yield "public answer", public.expected[check.key].value


def _map_leaves(value: Plain, make: Callable[[np.ndarray], np.ndarray]) -> Plain:
    if isinstance(value, list):
        return [_map_leaves(item, make) for item in value]
    if isinstance(value, dict):
        return {key: _map_leaves(item, make) for key, item in value.items()}
    if isinstance(value, (bool, int, float, np.ndarray)):
        changed = np.asarray(make(np.asarray(value)))
        return changed if isinstance(value, np.ndarray) else changed.item()
    return "" if isinstance(value, str) else value


def summary(rows: list[Row]) -> list[dict[str, Any]]:
    """One line per TODO: how many answers of each kind were treated rightly, over all seeds."""
    lines = []
    for todo in dict.fromkeys(row.todo for row in rows):
        line: dict[str, Any] = {"todo": todo}
        for kind in ("solution", "stub", "mistake", "alternative", "lazy"):
            found = [row for row in rows if row.todo == todo and row.kind == kind]
            line[kind] = f"{sum(not row.problem for row in found)}/{len(found)}"
        lines.append(line)
    return lines


def text(assignment: str, rows: list[Row]) -> str:
    """The table as Markdown, problems below it."""
    kinds = ["solution", "stub", "mistake", "alternative", "lazy"]
    head = f"| {assignment} | " + " | ".join(kinds) + " |"
    lines = [head, "|---" * (len(kinds) + 1) + "|"]
    for line in summary(rows):
        lines.append(f"| {line['todo']} | " + " | ".join(line[kind] for kind in kinds) + " |")
    for row in rows:
        if row.problem:
            lines.append(f"- {row.todo}, {row.kind} {row.name}, seed {row.seed}: {row.problem}")
    twins = {(r.todo, r.name, r.ambiguous) for r in rows if r.ambiguous}
    lines += [f"- {todo}: {name} looks like {', '.join(o)}" for todo, name, o in sorted(twins)]
    return "\n".join(lines)


def main() -> int:
    """Print the table; exit code 1 if a check treats some answer wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("assignment")
    parser.add_argument("--seeds", type=int, default=len(FRESH_SEEDS))
    arguments = parser.parse_args()
    started = time.perf_counter()
    torch.set_num_threads(1)
    try:
        assignment = resolve(arguments.assignment)
        rows = kill_table(assignment, FRESH_SEEDS[: arguments.seeds])
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    print(text(assignment, rows))
    print(f"{len(rows)} answers in {time.perf_counter() - started:.1f} s")
    return int(any(row.problem for row in rows))


if __name__ == "__main__":
    sys.exit(main())
