"""Find the TODO cells in what a student handed in, whatever happened to the notebook.

Renamed files, duplicated, split, reordered and deleted cells are handled with a plain note. Given
cells come from the release; cells of the student's own contribute definitions only. Nothing of a
submission is executed here.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignments import repository
from autograder.cells import Segment, python_source
from autograder.notebook_files import TODO_LINE, report_of, text_of, todo_of
from autograder.notebook_files import take as take
from autograder.values import clean
from starter_code.errors import CourseError

MAX_CELLS = 2000
MAX_ANSWER = 100_000  # letters of a hand-graded answer


@dataclass
class Submission:
    """A program to grade.

    Attributes:
        segments: the release's cells with the student's TODO cells and helpers in place.
        notes: what was repaired, in sentences for the student.
        problem: why nothing could be read, "" otherwise.
        answers: texts of hand-graded cells, by the cell's id in the release.
    """

    segments: list[Segment] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problem: str = ""
    answers: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def from_json(tree: Any) -> Submission:
        """Validate and rebuild what came from another process as JSON.

        Raises:
            ValueError, KeyError, TypeError, AttributeError: it is anything else.
        """
        rows = [
            Segment(*(clean(row[name]) for name in ("label", "source", "todo", "fallback")))
            for row in tree.get("segments", [])
        ]
        notes = [clean(note) for note in tree.get("notes", [])][:50]
        answers = {clean(name): clean(text) for name, text in tree.get("answers", {}).items()}
        return Submission(rows, notes, clean(tree["problem"]), answers)


@dataclass
class _Cell:
    """A code cell: its id, the TODO it claims to be, and its text."""

    identity: str
    todo: str
    source: str


def find_file(folder: Path, assignment: str) -> Path | None:
    """The file to grade in a submission folder: the notebook, however named, or models.py."""
    named = folder / f"{assignment}.ipynb"
    notebooks = [path for path in sorted(folder.glob("*.ipynb")) if _regular(path)]
    scripts = [path for path in (folder / "models.py",) if _regular(path)]
    if _regular(named):
        return named
    return next(iter(notebooks + scripts), None)


def _regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def read_submission(name: str, data: bytes, assignment: str) -> Submission:
    """Read a file called `name`; one that cannot be read gives a `problem`, never an exception."""
    released = release_cells(assignment)
    try:
        cells, answers = _read(name, data, {cell.todo for cell in released if cell.todo})
    except CourseError as error:
        return Submission(_program(released, {}, {}), [], str(error))
    notes = []
    if name.endswith(".ipynb") and name != f"{assignment}.ipynb":
        notes.append(f"The file is called {name}; {assignment}.ipynb was expected.")
    submission = _assemble(released, cells, notes)
    submission.answers = answers
    return submission


def release_cells(assignment: str) -> list[_Cell]:
    """The code cells of the released notebook.

    Raises:
        CourseError: if the assignment has not been built.
    """
    name = f"{assignment}.ipynb"
    places = ("autograder/release", f"assignments/{assignment}", "")
    for place in (repository() / folder / name for folder in places):
        if place.is_file():
            return _notebook_cells(json.loads(place.read_text(encoding="utf-8")), None)
    raise CourseError(f"{name} is missing; run `course build {assignment}`.")


def release_program(assignment: str) -> list[Segment]:
    """The released notebook as a program: all TODOs untouched."""
    return _program(release_cells(assignment), {}, {})


# --- reading ---------------------------------------------------------------------------------


def _read(name: str, data: bytes, todos: set[str]) -> tuple[list[_Cell], dict[str, str]]:
    """Code cells, and the texts of hand-graded cells.

    Raises:
        CourseError: the file is not a notebook.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CourseError(f"{name} cannot be read as text ({error}); save it again.") from None
    if name.endswith(".py"):
        return _script_cells(text, todos), {}
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise CourseError(
            f"{name} is not a notebook (not valid JSON); save it again in Jupyter."
        ) from None
    if not (isinstance(tree, dict) and isinstance(tree.get("cells"), list)):
        raise CourseError(f"{name} is not a notebook (no cells); hand in the .ipynb file.")
    return _notebook_cells(tree, todos), _answers(tree)


def _answers(tree: dict[str, Any]) -> dict[str, str]:
    """Texts of cells that are graded by hand; of copies the last one counts."""
    found = {}
    for cell in tree["cells"][:MAX_CELLS]:
        if isinstance(cell, dict) and (name := report_of(cell)):
            found[name] = text_of(cell)[:MAX_ANSWER]
    return found


def _notebook_cells(tree: dict[str, Any], todos: set[str] | None) -> list[_Cell]:
    cells = []
    for cell in tree["cells"][:MAX_CELLS]:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            text = text_of(cell)
            cells.append(_Cell(str(cell.get("id", "")), todo_of(cell, text, todos), text))
    return cells


def _script_cells(text: str, todos: set[str]) -> list[_Cell]:
    """Cells of an exported models.py: its `# %%` cells, each TODO beginning with its line."""
    pieces = re.split(r"^# %%.*$", text, flags=re.M)
    cells = []
    for piece in pieces:
        source = piece.strip("\n")
        line = TODO_LINE.match(source)
        todo = line[1] if line and line[1] in todos else ""
        cells.append(_Cell("", todo, source))
    return cells


# --- putting together ------------------------------------------------------------------------


def _assemble(released: list[_Cell], cells: list[_Cell], notes: list[str]) -> Submission:
    cells = _join_split(cells, notes)
    stubs = {cell.todo: cell.source for cell in released if cell.todo}
    given = {_key(cell.source) for cell in released if not cell.todo}
    given_ids = {cell.identity for cell in released if not cell.todo and cell.identity}
    answers: dict[str, list[str]] = {}
    helpers: dict[str, list[str]] = {}
    last = ""
    for cell in cells:
        if cell.todo in stubs:
            answers.setdefault(cell.todo, []).append(cell.source)
            last = cell.todo
        elif cell.identity in given_ids or _key(cell.source) in given:
            last = _anchor(cell, released) or last
        elif cell.source.strip():
            helpers.setdefault(last, []).append(cell.source)
    chosen = {
        todo: _choose(todo, answers.get(todo, []), stub, notes) for todo, stub in stubs.items()
    }
    return Submission(_program(released, chosen, helpers), notes)


def _anchor(cell: _Cell, released: list[_Cell]) -> str:
    for known in released:
        if cell.identity == known.identity or _key(cell.source) == _key(known.source):
            return known.identity
    return ""


def _key(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _choose(todo: str, sources: list[str], stub: str, notes: list[str]) -> str:
    """The last answer that is not the untouched stub."""
    if not sources:
        notes.append(f"The cell of {todo} is missing; it counts as not attempted.")
        return stub
    tried = [source for source in sources if source.strip() and _key(source) != _key(stub)]
    if len(sources) > 1:
        notes.append(f"{todo} stands in {len(sources)} cells; the last one with an answer counts.")
    return tried[-1] if tried else stub


def _join_split(cells: list[_Cell], notes: list[str]) -> list[_Cell]:
    """Put a TODO cell that was split in two together again."""
    joined: list[_Cell] = []
    for cell in cells:
        before = joined[-1] if joined else None
        if before is not None and before.todo and not cell.todo and _continues(before, cell):
            before.source = before.source.rstrip() + "\n" + cell.source
            notes.append(f"The cell of {before.todo} was split; its parts were put together.")
        else:
            joined.append(_Cell(cell.identity, cell.todo, cell.source))
    return joined


def _continues(before: _Cell, cell: _Cell) -> bool:
    """Whether the second cell is an indented rest, and both together parse."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    rest = bool(lines) and lines[0][:1] in (" ", "\t")
    if not rest and _parses(before.source):
        return False
    return _parses(before.source.rstrip() + "\n" + cell.source) and not _parses(cell.source)


def _parses(source: str) -> bool:
    try:
        ast.parse(python_source(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _program(
    released: list[_Cell], chosen: dict[str, str], helpers: dict[str, list[str]]
) -> list[Segment]:
    """The release's cells in their order, each followed by the helpers that stood behind it."""
    segments = [Segment("own cell", source) for source in helpers.get("", [])]
    for cell in released:
        source = chosen.get(cell.todo, cell.source)
        label = cell.todo or "given cell"
        segments.append(Segment(label, source, cell.todo, cell.source if cell.todo else ""))
        anchor = cell.todo or cell.identity
        segments += [Segment("own cell", source) for source in helpers.get(anchor, [])]
    return segments
