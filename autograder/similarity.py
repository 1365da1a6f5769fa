"""Whose answers resemble whose: a list of places to look at, for the instructor alone.

submissions  ->  texts of TODO cells and own cells  ->  passages  ->  pairs

`autograder.passages` says what a passage is. The order of definitions does not matter; passages of
the release, and those that many of the class have, count for nothing. The comparison is
copydetect's, and every run of the command gives the same report. No submission is executed, and
none is opened by anything but `take`; the page and the table are written by
`autograder.similarity_page`.
"""

from __future__ import annotations

import ast
import itertools
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autograder.assignments import load_source
from autograder.authoring import load_alternatives
from autograder.cells import Segment, python_source
from autograder.extracting import Submission, release_program
from autograder.grading import find_submissions, taken
from autograder.passages import PASSAGE, Text, joined, load_copydetect, text_of, without
from autograder.sandbox import Workers
from starter_code.errors import CourseError

LEAST = 40  # matched tokens, about four lines; with fewer, nothing is listed
COMMON = 1 / 3  # a passage that more of the class have is not counted
FEW = 3  # and so many may have it in any class
OWN_CELLS = "own cells"
NOTEBOOK = "whole notebook"
SOLUTION = "the published solution"


@dataclass(frozen=True)
class Match:
    """What two answers share, counted without what the release or many of the class have.

    Attributes:
        unit: a TODO, "own cells" or "whole notebook".
        shares: the matched part of the first text and of the second, 0 to 1.
        tokens: matched tokens, of the smaller side.
        published: the part of the matched passages that the published solution has, too.
    """

    unit: str
    shares: tuple[float, float]
    tokens: int
    published: float

    @property
    def weight(self) -> float:
        """Rank in the report: long matches that make up most of an answer come first."""
        return self.tokens * max(self.shares)


@dataclass(frozen=True)
class Pair:
    """Two students, or a student and a published text, with all matches above the threshold."""

    student: str
    other: str
    with_published: bool
    matches: list[Match]

    @property
    def explained(self) -> bool:
        """Whether two students share little but what both share with the published solution."""
        return not self.with_published and all(match.published >= 0.8 for match in self.matches)


@dataclass(frozen=True)
class Habit:
    """What the class has in common in one TODO.

    Attributes:
        answered: students who changed the stub.
        tokens: length of the published answer beyond the stub.
        common: mean part of an answer that is common in the class and therefore not counted.
        alike: the largest group of students whose answers agree token for token.
        alike_tokens: length of that answer beyond the stub.
        like_solution: whether it is the published one.
    """

    todo: str
    answered: int
    tokens: int
    common: float
    alike: list[str]
    alike_tokens: int
    like_solution: bool


@dataclass
class Report:
    """Everything that the page and the table show.

    Attributes:
        students: all who are in the folder; `unread` says of whom nothing could be compared.
        texts, published: by name and unit.
        dropped: by unit the passages that count for nothing.
    """

    assignment: str
    threshold: float
    students: int
    pairs: list[Pair] = field(default_factory=list)
    habits: list[Habit] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    texts: dict[str, dict[str, Text]] = field(default_factory=dict)
    published: dict[str, dict[str, Text]] = field(default_factory=dict)
    dropped: dict[str, set[int]] = field(default_factory=dict)


def compare_class(
    assignment: str, folder: Path, threshold: float = 0.5, isolation: str | None = None
) -> Report:
    """Compare every two students of a folder, and each with the published solution.

    Raises:
        CourseError: no submissions, a threshold that is no share, or copydetect is missing.
    """
    if not 0 < threshold <= 1:
        raise CourseError(f"The threshold is a share between 0 and 1, not {threshold:g}.")
    load_copydetect()
    sources, unread = read_class(assignment, folder, isolation)
    report = Report(assignment, threshold, len(sources) + len(unread), unread=unread)
    bar = tqdm(sources.items(), desc="finding passages", delay=2)
    for student, answers in bar:
        try:
            report.texts[student] = units(answers)
        except Exception as error:  # a text that breaks the lexer is no reason to stop the report
            report.unread[student] = f"The answers cannot be compared ({type(error).__name__})."
    report.published = published_texts(assignment)
    matches: dict[tuple[str, str, bool], list[Match]] = {}
    given = skeleton(assignment)
    todos = load_source(assignment).todos
    for unit in tqdm([*todos, OWN_CELLS, NOTEBOOK], desc="comparing", delay=2):
        _compare_unit(report, unit, given, matches)
    pairs = [Pair(*names, found) for names, found in matches.items()]
    report.pairs = sorted(pairs, key=lambda pair: -max(match.weight for match in pair.matches))
    return report


# --- what is compared ------------------------------------------------------------------------


def read_class(
    assignment: str, folder: Path, isolation: str | None
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Each student's answers by unit, and for those who cannot be read a sentence why.

    Files are parsed in the bounded child of a worker, as for grading.
    """
    paths = find_submissions(folder, assignment)
    jobs = min(os.cpu_count() or 1, len(paths))
    with Workers(assignment, jobs, isolation) as workers, ThreadPoolExecutor(jobs) as pool:
        read = pool.map(lambda path: _read(path, assignment, workers), paths.values())
        bar = tqdm(zip(paths, read), total=len(paths), desc="reading", delay=2)
        submissions = dict(bar)
    unread = {name: s.problem for name, s in submissions.items() if s.problem}
    todos = load_source(assignment).todos
    good = {name: s for name, s in submissions.items() if not s.problem}
    return {name: answers_of(s.segments, todos) for name, s in good.items()}, unread


def _read(path: Path | None, assignment: str, workers: Workers) -> Submission:
    data, submission = taken(path, assignment)
    if path is None or submission.problem:
        return submission
    return workers.read(path.name, data)


def answers_of(segments: list[Segment], todos: list[str]) -> dict[str, str]:
    """The texts that a student wrote: changed TODO cells by name, and all own cells together."""
    changed = {s.todo: s.source for s in segments if s.todo and s.source != s.fallback}
    answers = {todo: changed[todo] for todo in todos if todo in changed}
    own = "\n\n\n".join(s.source for s in segments if s.label == "own cell" and not s.todo)
    return answers | ({OWN_CELLS: own} if own.strip() else {})


def published_answers(assignment: str) -> dict[str, dict[str, str]]:
    """The solution's TODO cells, and each alternative under a name of its own."""
    source = load_source(assignment)
    found = {SOLUTION: {cell.tags["todo"]: cell.source for cell in source.tagged("todo")}}
    for other in load_alternatives(source.path.with_name("alternatives.py")):
        name = f"the published alternative “{other.name}”"
        found.setdefault(name, {})[other.todo] = other.source
    return found


def published_texts(assignment: str) -> dict[str, dict[str, Text]]:
    """The same as texts by unit; an alternative answers one TODO and is no whole notebook."""
    found = {name: units(answers) for name, answers in published_answers(assignment).items()}
    for name in set(found) - {SOLUTION}:
        del found[name][NOTEBOOK]
    return found


def units(answers: dict[str, str]) -> dict[str, Text]:
    """Texts by unit; the last one is the whole notebook, in the order of the release."""
    parts = {name: text_of(source) for name, source in answers.items()}
    return {**parts, NOTEBOOK: joined(list(parts.values()))} if parts else {}


def skeleton(assignment: str) -> set[int]:
    """Passages of the release, stubs included, also as they are without annotations."""
    sources = [segment.source for segment in release_program(assignment)]
    sources += [_unannotated(source) for source in sources]
    return {passage for source in sources for passage in text_of(source, None).passages.hashes}


def _unannotated(source: str) -> str:
    tree = ast.parse(python_source(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


# --- pairs -----------------------------------------------------------------------------------


def common_passages(texts: Iterable[Text]) -> set[int]:
    """Passages that more than a third of the texts have, and more than three of them."""
    texts = list(texts)
    counts = Counter(passage for text in texts for passage in text.passages.hashes)
    most = max(FEW, COMMON * len(texts))
    return {int(passage) for passage, count in counts.items() if count > most}


def _compare_unit(
    report: Report, unit: str, given: set[int], matches: dict[tuple[str, str, bool], list[Match]]
) -> None:
    """Add the matches of one unit to `matches`, and what the class has in common to the report."""
    texts = {name: own[unit] for name, own in report.texts.items() if unit in own}
    published = {name: own[unit] for name, own in report.published.items() if unit in own}
    dropped = given | common_passages(texts.values())
    report.dropped[unit] = dropped
    own = _reduced(texts, dropped)
    others = _reduced(published, dropped)
    known: set[int] = set().union(*(other.hashes for other in others.values()))
    among = ((*pair, False) for pair in itertools.combinations(own.items(), 2))
    beside = ((*pair, True) for pair in itertools.product(own.items(), others.items()))
    for (name, one), (other, two), with_published in itertools.chain(among, beside):
        found = _match(unit, one, two, known, report.threshold)
        if found:
            matches.setdefault((name, other, with_published), []).append(found)
    if unit not in (OWN_CELLS, NOTEBOOK):
        report.habits.append(_habit(unit, texts, published[SOLUTION], given, own))


def _reduced(texts: dict[str, Text], dropped: set[int]) -> dict[str, Any]:
    left = {name: without(text, dropped) for name, text in texts.items()}
    return {name: passages for name, passages in left.items() if passages is not None}


def _match(unit: str, one: Any, two: Any, known: set[int], threshold: float) -> Match | None:
    shared = one.hashes & two.hashes
    if len(shared) * PASSAGE < LEAST:
        return None
    _, shares, slices = load_copydetect().compare_files(one, two)
    count = min(int((ends - starts).sum()) for starts, ends in slices)
    if count < LEAST or max(shares) < threshold:
        return None
    published = len(shared & known) / len(shared)
    return Match(unit, (float(shares[0]), float(shares[1])), count, published)


def spans(one: Text, two: Text, dropped: set[int]) -> list[list[tuple[int, int]]]:
    """Where the letters of the matched passages stand in the first text and in the second."""
    left = [without(text, dropped) for text in (one, two)]
    if None in left:
        return [[], []]
    _, _, slices = load_copydetect().compare_files(*left)
    return [
        [(text.places[int(a)][0], text.places[int(b) - 1][1]) for a, b in zip(*found)]
        for text, found in zip((one, two), slices)
    ]


def _habit(
    todo: str, texts: dict[str, Text], solution: Text, given: set[int], left: dict[str, Any]
) -> Habit:
    groups: dict[str, list[str]] = {}
    parts = []
    for name, text in texts.items():
        groups.setdefault(text.code, []).append(name)
        rest = left[name].token_coverage if name in left else 0
        if whole := _length(text, given):
            parts.append(1 - rest / whole)
    code, alike = max(groups.items(), key=lambda group: len(group[1]), default=("", []))
    length = _length(texts[alike[0]], given) if alike else 0
    common = sum(parts) / len(parts) if parts else 0.0
    beyond = _length(solution, given)
    return Habit(todo, len(texts), beyond, common, alike, length, code == solution.code)


def _length(text: Text, given: set[int]) -> int:
    """How many tokens stand in passages that are not given."""
    left = without(text, given)
    return left.token_coverage if left is not None else 0
