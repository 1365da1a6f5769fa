"""Cells as pieces of a program: which run when only definitions are wanted, and how they run.

Grading needs what a notebook *defines*, never its training runs: of a given or helper cell only
imports, definitions and assignments of literals run. The TODO cell that is being graded runs whole,
statement by statement, so that a stray `print(model)` below a right answer costs nothing; of the
other TODO cells only definitions run, so that one of them cannot spoil, hang or end this one.
"""

from __future__ import annotations

import ast
import functools
import linecache
import types
from dataclasses import dataclass
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from autograder.running import Outcome, raised


@dataclass(frozen=True)
class Segment:
    """One cell of the program.

    Attributes:
        label: how the cell is called in messages.
        source: its text.
        todo: the TODO's name, or "" for a given or helper cell.
        fallback: the untouched stub, run where a TODO cell does not run, so that the classes that
            later cells extend exist.
    """

    label: str
    source: str
    todo: str = ""
    fallback: str = ""


_Statement = tuple[types.CodeType | Exception, bool]  # code, and whether it is a definition
_DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@functools.lru_cache(maxsize=4096)
def python_source(source: str) -> str:
    """The cell without IPython magics (they become calls, which grading drops)."""
    magic = any(line.lstrip()[:1] in "%!?" for line in source.splitlines() if line.strip())
    return TransformerManager().transform_cell(source) if magic else source


def is_literal_assignment(node: ast.stmt) -> bool:
    """Whether the statement binds a name to a literal such as `HIDDEN = 256`."""
    if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not all(isinstance(target, ast.Name) for target in targets):
        return False  # `sys.modules["torch"] = None` changes more than a name
    try:
        ast.literal_eval(node.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def defining_statements(source: str) -> list[ast.stmt]:
    """Imports, definitions and literal assignments of a cell; [] if it does not parse."""
    try:
        tree = ast.parse(python_source(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        node for node in tree.body if isinstance(node, _DEFINITIONS) or is_literal_assignment(node)
    ]


def run_segments(
    segments: list[Segment], namespace: dict[str, Any], graded: str = ""
) -> dict[str, Outcome]:
    """Run the cells in order; return for each TODO cell that failed to run what it raised.

    `check`, `hint` and `progress` do nothing here.

    Args:
        graded: the TODO whose cell runs whole, of the others only definitions; "" for all of them.
    """
    namespace.update({name: _nothing for name in ("check", "hint", "progress")})
    namespace.setdefault("__name__", "__main__")
    failed: dict[str, Outcome] = {}
    for number, segment in enumerate(segments):
        filename = f"<{segment.label} {number}>"
        if not segment.todo:
            _run(_compiled(segment.source, filename, False), segment.source, filename, namespace)
            continue
        whole = graded in ("", segment.todo)
        problem = _run_todo(segment, filename, namespace, whole)
        if problem is not None:
            failed[segment.todo] = problem
            stub = segment.fallback
            _run(_compiled(stub, filename, False), stub, filename, namespace)
    return failed


def _nothing(*_args: Any, **_options: Any) -> None:
    return None


def _run_todo(
    segment: Segment, filename: str, namespace: dict[str, Any], whole: bool
) -> Outcome | None:
    try:
        statements = _compiled(segment.source, filename, whole)
        if not statements:
            ast.parse(python_source(segment.source), filename)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return raised(error)
    return _run(statements, segment.source, filename, namespace)


@functools.lru_cache(maxsize=4096)
def _compiled(source: str, filename: str, whole: bool) -> tuple[_Statement, ...]:
    """The statements of a cell that run, each with whether it is a definition.

    A worker that has compiled a release once hands the code on to all that it forks.
    """
    if whole:
        nodes = ast.parse(python_source(source), filename).body
    else:
        nodes = defining_statements(source)
    return tuple((_code(node, filename), isinstance(node, _DEFINITIONS)) for node in nodes)


def _code(node: ast.stmt, filename: str) -> types.CodeType | Exception:
    """The statement compiled, or why it cannot be, such as a `return` outside a function."""
    try:
        return compile(ast.Module([node], []), filename, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return error


def _run(
    statements: tuple[_Statement, ...],
    source: str,
    filename: str,
    namespace: dict[str, Any],
) -> Outcome | None:
    """Run what can be run; return what the first failing *definition* raised."""
    text = python_source(source) if statements else ""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    problem: Outcome | None = None
    for code, is_definition in statements:
        try:
            if isinstance(code, Exception):
                raise code
            exec(code, namespace)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if is_definition and problem is None:
                problem = raised(error)
    return problem
