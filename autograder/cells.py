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
            _run_statements(defining_statements(segment.source), filename, segment, namespace)
            continue
        whole = graded in ("", segment.todo)
        problem = _run_todo(segment, filename, namespace, whole)
        if problem is not None:
            failed[segment.todo] = problem
            stub = Segment(segment.label, segment.fallback)
            _run_statements(defining_statements(stub.source), filename, stub, namespace)
    return failed


def _nothing(*_args: Any, **_options: Any) -> None:
    return None


def _run_todo(
    segment: Segment, filename: str, namespace: dict[str, Any], whole: bool
) -> Outcome | None:
    try:
        tree = ast.parse(python_source(segment.source), filename)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return raised(error)
    nodes = tree.body if whole else defining_statements(segment.source)
    return _run_statements(nodes, filename, segment, namespace)


def _run_statements(
    nodes: list[ast.stmt], filename: str, segment: Segment, namespace: dict[str, Any]
) -> Outcome | None:
    """Run what can be run; return what the first failing *definition* raised."""
    text = python_source(segment.source) if nodes else ""
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    problem: Outcome | None = None
    for node in nodes:
        try:
            exec(compile(ast.Module([node], []), filename, "exec"), namespace)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if isinstance(node, _DEFINITIONS) and problem is None:
                problem = raised(error)
    return problem
