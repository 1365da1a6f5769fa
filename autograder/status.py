"""`course status`: how far a student is, from what checks have stored and from the notebooks."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignments import known, repository
from autograder.notebook_files import Raw, role, text_of
from autograder.release_text import is_stub, shipped
from autograder.workbook import locate, read, same_text
from starter_code.errors import CourseError

PASSED, FAILED, WRITTEN, BEGUN, NOT_BEGUN, MISSING = (
    "passed",
    "failed",
    "written, not checked",
    "begun",
    "not begun",
    "cell missing",
)
UNANSWERED = "YOUR ANSWER HERE"  # nbgrader's words in an untouched report cell
COLOURS = {PASSED: "green", FAILED: "red", MISSING: "red", WRITTEN: "yellow", BEGUN: "yellow"}


@dataclass
class Todo:
    """One TODO: what it is worth, what is earned, and how its cell looks."""

    name: str
    points: float
    earned: float = 0.0
    state: str = NOT_BEGUN
    minutes: int = 0


@dataclass
class Status:
    """An assignment.

    Attributes:
        notebook: the student's file, None if there is none here.
        answered, questions: report cells that were written, of how many.
        trouble: why something could not be read, in a sentence.
    """

    assignment: str
    notebook: Path | None = None
    todos: list[Todo] = field(default_factory=list)
    answered: int = 0
    questions: int = 0
    trouble: str = ""

    @property
    def earned(self) -> float:
        return sum(todo.earned for todo in self.todos)

    @property
    def points(self) -> float:
        return sum(todo.points for todo in self.todos)

    @property
    def passed(self) -> int:
        return sum(todo.state == PASSED for todo in self.todos)

    @property
    def next(self) -> str:
        """The first TODO that has not passed."""
        return next((todo.name for todo in self.todos if todo.state != PASSED), "")


def status(assignment: str) -> Status:
    """Look at one assignment; what is damaged is said and does not stop it."""
    found = Status(assignment)
    cells: list[Raw] = []
    try:
        found.notebook = locate(assignment)
        cells = read(found.notebook).cells
    except CourseError as error:
        found.trouble = str(error)
    given = _given(assignment, found.notebook)
    worth = _points(given or cells)
    stored, problem = _stored(assignment, found.notebook)
    found.trouble = found.trouble or problem
    texts = {role(cell)[1]: text_of(cell) for cell in given if role(cell)[0] == "todo"}
    stubs = {name: text for name, text in texts.items() if is_stub(text)}  # not what is filled in
    names = {name for kind, name in map(role, given or cells) if kind == "todo"}
    for cell in given or cells:
        kind, name = role(cell)
        if kind == "todo" and name not in [todo.name for todo in found.todos]:
            own_texts = [text_of(c) for c in cells if role(c, names) == (kind, name)]
            minutes = cell["metadata"].get("course", {}).get("minutes", 0)
            todo = Todo(name, worth.get(name, 0.0), minutes=int(minutes))
            _judge(todo, own_texts, stubs.get(name, ""), stored.get(name, {}), bool(cells))
            found.todos.append(todo)
    own = {name: text_of(cell) for cell in cells for name in [_question(cell)] if name}
    questions = [name for name in map(_question, given or cells) if name]
    found.questions = len(questions)
    found.answered = sum(_answered(own.get(name, "")) for name in questions)
    return found


def all_statuses() -> list[Status]:
    """Every assignment of this repository or release."""
    return [status(name) for name in known()]


def _question(cell: Raw) -> str:
    kind, name = role(cell)
    return name if kind == "report" else ""


def _answered(text: str) -> bool:
    return text.strip() not in ("", UNANSWERED)


def _given(assignment: str, notebook: Path | None) -> list[Raw]:
    place = shipped(assignment, notebook.parent if notebook else None)
    if place is None:
        place = repository() / "assignments" / assignment / f"{assignment}.ipynb"
    try:
        return read(place).cells
    except CourseError:
        return []


def _points(cells: list[Raw]) -> dict[str, float]:
    """TODO -> points, from the metadata of its check cell."""
    worth: dict[str, float] = {}
    for cell in cells:
        kind, name = role(cell)
        if kind == "check":
            points = cell["metadata"].get("nbgrader", {}).get("points", 0)
            worth[name] = worth.get(name, 0.0) + float(points)
    return worth


def _judge(todo: Todo, texts: list[str], stub: str, stored: dict[str, Any], there: bool) -> None:
    """Say how far a TODO is: what a check stored counts unless the cell is a stub again."""
    state = stored.get("status")
    tried = [text for text in texts if text.strip() and not same_text(text, stub)]
    stub_again = there and (not tried or is_stub(tried[-1]))
    if state in (PASSED, FAILED) and not stub_again:
        todo.state = str(state)
        todo.earned = min(float(stored.get("earned", 0)), todo.points)
    elif there and not texts:
        todo.state = MISSING
    elif tried and not is_stub(tried[-1]):
        todo.state = WRITTEN
    elif tried and stub and not same_text(tried[-1], stub):
        todo.state = BEGUN


def _stored(assignment: str, notebook: Path | None) -> tuple[dict[str, dict[str, Any]], str]:
    """What checks have stored, beside the notebook or here, and what of it cannot be read."""
    folders = [*([notebook.parent] if notebook else []), Path.cwd()]
    for folder in dict.fromkeys(place.resolve() for place in folders):
        path = folder / "runs" / "progress" / f"{assignment}.json"
        try:
            tree = json.loads(path.read_text(encoding="utf-8"))
            return {str(k): v for k, v in tree.items() if _sound(v)}, ""
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError):
            return {}, f"{path} cannot be read; run the checks again, and it is made anew."
    return {}, ""


def _sound(state: Any) -> bool:
    return isinstance(state, dict) and isinstance(state.get("earned", 0), int | float)


# --- to look at --------------------------------------------------------------------------------


def bar(share: float, width: int = 20) -> str:
    """A bar of blocks."""
    full = round(width * max(0.0, min(1.0, share)))
    return "█" * full + "░" * (width - full)


def page(statuses: list[Status]) -> str:
    """All assignments as a page of their own."""
    parts = []
    for found in statuses:
        rows = "".join(
            f"<tr><td>{html.escape(todo.name)}</td><td>{todo.earned:g} of {todo.points:g}</td>"
            f"<td style='color:{COLOURS.get(todo.state, 'grey')}'>{todo.state}</td></tr>"
            for todo in found.todos
        )
        trouble = f"<p>{html.escape(found.trouble)}</p>" if found.trouble else ""
        parts.append(
            f"<h2>{html.escape(found.assignment)}: {found.earned:g} of {found.points:g} points</h2>"
            f"<progress max='{found.points or 1:g}' value='{found.earned:g}'></progress>"
            f"<p>Report: {found.answered} of {found.questions} questions answered</p>{trouble}"
            f"<table><tr><th>TODO</th><th>points</th><th>state</th></tr>{rows}</table>"
        )
    style = (
        "body{font:16px/1.5 system-ui;max-width:45rem;margin:2rem auto;padding:0 1rem;"
        "color-scheme:light dark}td,th{padding:0 1rem 0 0;text-align:left}progress{width:100%}"
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'><title>How far I am</title>"
        f"<style>{style}</style><h1>How far I am</h1>{''.join(parts)}</html>"
    )
