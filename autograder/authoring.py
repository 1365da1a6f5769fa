"""What authors write beside a solution: known mistakes and right alternatives.

`solutions/<assignment>/mistakes.py` and `alternatives.py` are read by the judge and the builder
only; neither file nor any line of it enters a release.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starter_code.errors import CourseError


@dataclass(frozen=True)
class Solution:
    """The source of one TODO cell, to be edited into a mistake."""

    todo: str
    source: str

    def edit(self, old: str, new: str) -> Solution:
        """Return the solution with `old` replaced by `new`.

        Raises:
            CourseError: unless `old` occurs exactly once, so that an edit never silently rots.
        """
        count = self.source.count(old)
        if count != 1:
            raise CourseError(
                f"A mistake of {self.todo} edits {old!r}, which occurs {count} times in the "
                "solution cell; choose a text that occurs exactly once."
            )
        return replace(self, source=self.source.replace(old, new))


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer.

    Attributes:
        seen: what is visible in the student's own numbers; shown at once.
        cause: why; shown after a second failed check.
    """

    todo: str
    name: str
    seen: str
    cause: str
    edit: Callable[[Solution], Solution]


@dataclass(frozen=True)
class Alternative:
    """A right answer written differently: the source that replaces the TODO cell."""

    todo: str
    name: str
    source: str


_collected: list[Mistake] = []


def mistake(todo: str, *, seen: str, cause: str) -> Callable[[Any], Any]:
    """Declare a function that edits the solution of `todo` into a known mistake."""

    def declare(edit: Callable[[Solution], Solution]) -> Callable[[Solution], Solution]:
        _collected.append(Mistake(todo, edit.__name__, seen, cause, edit))
        return edit

    return declare


def alternative(todo: str, name: str) -> Callable[[Any], Any]:
    """Mark a definition as a right answer to `todo`; the file is read as text, not imported."""
    return lambda definition: definition


def load_mistakes(path: Path) -> list[Mistake]:
    """Run `mistakes.py` of an assignment (an author's file) and return what it declares."""
    if not path.is_file():
        return []
    _collected.clear()
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {"__name__": path.stem})
    found = list(_collected)
    _collected.clear()
    return found


def load_alternatives(path: Path) -> list[Alternative]:
    """Read `alternatives.py`: each marked definition, after the file's imports and helpers.

    Undecorated definitions and assignments above a marked one are helpers of the whole file.
    """
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    shared: list[str] = []
    marked: dict[tuple[str, str], list[str]] = {}
    for node in ast.parse(text).body:
        mark = _mark(node)
        source = _without_mark(text, node)
        if mark:
            marked.setdefault(mark, []).append(source)
        elif not _is_authoring_import(node) and not _is_docstring(node):
            shared.append(source)
    head = "\n".join(shared)
    return [
        Alternative(todo, name, f"{head}\n\n\n" + "\n\n\n".join(parts))
        for (todo, name), parts in marked.items()
    ]


def _mark(node: ast.stmt) -> tuple[str, str] | None:
    for decorator in getattr(node, "decorator_list", []):
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "alternative":
            todo, name = (ast.literal_eval(argument) for argument in decorator.args)
            return todo, name
    return None


def _without_mark(text: str, node: ast.stmt) -> str:
    lines = text.splitlines()
    decorators = getattr(node, "decorator_list", [])
    others = [d.lineno for d in decorators if "alternative(" not in ast.unparse(d)]
    first = min([node.lineno, *others])
    return "\n".join(lines[first - 1 : node.end_lineno])


def _is_authoring_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "autograder.authoring"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
