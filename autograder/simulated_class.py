"""A class of made-up students: finished, half done, wrong in known ways, and unlucky.

The demo grades it, and tests hold the expected marks against what the grader gives. Wrong answers
are the assignment's own known mistakes put into the released notebook.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.assignments import BEGIN, END, load_source
from autograder.authoring import Solution, load_alternatives
from autograder.bank import mistakes_of
from autograder.building import source_notebook, write_atomically
from autograder.probes import load_checks
from autograder.releasing import built_notebook

Edit = Callable[[NotebookNode], None]


@dataclass(frozen=True)
class Student:
    """One simulated submission.

    Attributes:
        lost: TODOs that earn less than full points; everything else must be right.
        mistake: the known mistake that the feedback must name, "" if none.
    """

    name: str
    files: dict[str, str]
    lost: frozenset[str]
    mistake: str = ""


def simulated_class(assignment: str) -> list[Student]:
    """24 submissions: every way to hand in that a grader meets in a term."""
    todos = load_source(assignment).todos
    first, last = todos[0], todos[-1]
    students = [
        _student(assignment, "ada_finished", []),
        _student(assignment, "ben_untouched", [_stubs(assignment, todos)], todos),
        _student(assignment, "cem_first_half", [_stubs(assignment, todos[4:])], todos[4:]),
        _student(assignment, "dee_last_half", [_stubs(assignment, todos[:4])], todos[:4]),
        _student(assignment, "eva_written_differently", [_alternatives(assignment)]),
    ]
    students += _mistaken(assignment, todos)
    students += [
        _student(assignment, "nia_crash", [_put(first, _raising(assignment, first))], [first]),
        _student(assignment, "oli_endless_loop", [_append(last, "while True:\n    pass")], [last]),
        _student(assignment, "pia_exit", [_append(first, "import os\n\nos._exit(0)")], [first]),
        _student(assignment, "quin_renamed", [], file="my answers (1).ipynb"),
        _student(assignment, "rosa_deleted_cell", [_delete(last)], [last]),
        _student(assignment, "sam_duplicated_cell", [_duplicate(assignment, first)]),
        _student(assignment, "tom_reordered", [lambda notebook: notebook.cells.reverse()]),
        _student(assignment, "uma_split_cell", [_split(todos[3])]),
        _student(assignment, "vic_syntax_error", [_append(first, "def broken(:")], [first]),
        _student(assignment, "wes_warns", [_append(last, "import warnings\n\nwarnings.warn('!')")]),
        Student("xia_corrupt", {f"{assignment}.ipynb": '{"cells": [{"cell_'}, frozenset(todos)),
    ]
    return students


def _student(
    assignment: str,
    name: str,
    edits: list[Edit],
    lost: list[str] | None = None,
    *,
    mistake: str = "",
    file: str = "",
) -> Student:
    notebook = _finished(assignment)
    for edit in edits:
        edit(notebook)
    text = nbformat.writes(notebook)
    return Student(name, {file or f"{assignment}.ipynb": text}, frozenset(lost or []), mistake)


def _finished(assignment: str) -> NotebookNode:
    """The released notebook with the solution in every TODO cell and the report written."""
    notebook = nbformat.read(built_notebook(assignment), as_version=4)
    solved = {cell.id: cell.source for cell in source_notebook(assignment).cells}
    for cell in notebook.cells:
        if {"todo", "report"} & set(cell.metadata.get("course", {})):
            cell.source = _unmarked(solved[cell.id])
    return notebook


def _unmarked(source: str) -> str:
    """A solution as a student would have written it, without the author's markers."""
    return "\n".join(line for line in source.splitlines() if line.strip() not in (BEGIN, END))


def _mistaken(assignment: str, todos: list[str]) -> list[Student]:
    """One student per TODO with that TODO's first known mistake."""
    students = []
    names = ["fay", "gus", "hal", "ida", "jon", "kim", "leo", "mia"]
    for name, todo in zip(names, todos):
        mistake = next(m for m in mistakes_of(assignment) if m.todo == todo)
        cell = next(c for c in load_source(assignment).tagged("todo") if c.tags["todo"] == todo)
        edit = _put(todo, _unmarked(mistake.edit(Solution(todo, cell.source)).source))
        student = _student(
            assignment, f"{name}_{mistake.name}", [edit], [todo], mistake=mistake.name
        )
        students.append(student)
    return students


def _cell(notebook: NotebookNode, todo: str) -> Any:
    return next(c for c in notebook.cells if c.metadata.get("course", {}).get("todo") == todo)


def _put(todo: str, source: str) -> Edit:
    def edit(notebook: NotebookNode) -> None:
        _cell(notebook, todo).source = source

    return edit


def _append(todo: str, text: str) -> Edit:
    def edit(notebook: NotebookNode) -> None:
        _cell(notebook, todo).source += f"\n\n\n{text}"

    return edit


def _stubs(assignment: str, todos: list[str]) -> Edit:
    released = nbformat.read(built_notebook(assignment), as_version=4)

    def edit(notebook: NotebookNode) -> None:
        for todo in todos:
            _cell(notebook, todo).source = _cell(released, todo).source

    return edit


def _alternatives(assignment: str) -> Edit:
    """Every TODO answered in the words of its first alternative."""
    path = load_source(assignment).path.with_name("alternatives.py")
    others = {a.todo: a.source for a in reversed(load_alternatives(path))}

    def edit(notebook: NotebookNode) -> None:
        for todo, source in others.items():
            _cell(notebook, todo).source = f"# TODO {todo}\n{source}"

    return edit


def _raising(assignment: str, todo: str) -> str:
    released = nbformat.read(built_notebook(assignment), as_version=4)
    return _cell(released, todo).source.replace("raise NotImplementedError()", "return 1 / 0")


def _delete(todo: str) -> Edit:
    def edit(notebook: NotebookNode) -> None:
        notebook.cells.remove(_cell(notebook, todo))

    return edit


def _duplicate(assignment: str, todo: str) -> Edit:
    """The answer, and below it the untouched stub again."""
    released = nbformat.read(built_notebook(assignment), as_version=4)

    def edit(notebook: NotebookNode) -> None:
        stub = copy.deepcopy(_cell(released, todo))
        stub.id = f"{stub.id}-copy"
        notebook.cells.append(stub)

    return edit


def _split(todo: str) -> Edit:
    """Split a cell at its last indented line, as Jupyter's "split cell" does."""

    def edit(notebook: NotebookNode) -> None:
        cell = _cell(notebook, todo)
        lines = cell.source.rstrip().splitlines()
        rest = nbformat.v4.new_code_cell(lines[-1])
        cell.source = "\n".join(lines[:-1])
        notebook.cells.insert(notebook.cells.index(cell) + 1, rest)

    return edit


def write_class(assignment: str, folder: Path) -> list[Student]:
    """Write the class in nbgrader's layout below `folder`; return the students."""
    students = simulated_class(assignment)
    for student in students:
        for name, text in student.files.items():
            write_atomically(folder / student.name / assignment / name, text)
    return students


def expected_marks(assignment: str, student: Student) -> dict[str, bool]:
    """Which TODOs must earn full points."""
    todos = dict.fromkeys(check.todo for check in load_checks(assignment))
    return {todo: todo not in student.lost for todo in todos}
