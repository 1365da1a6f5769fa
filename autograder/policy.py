"""Find calls of library functions that a TODO is there to derive, by reading its source."""

from __future__ import annotations

import ast

from autograder.cells import python_source

COMMON = {
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "np": "numpy",
    "nltk": "nltk",
}


def forbidden_calls(source: str, forbidden: list[str]) -> list[str]:
    """Return which of the dotted names in `forbidden` the source refers to.

    Names are followed through the cell's own imports and the course's usual short names.
    """
    try:
        tree = ast.parse(python_source(source))
    except (SyntaxError, ValueError):
        return []
    short = {**COMMON, **_imports(tree)}
    used = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Attribute, ast.Name)):
            head, _, rest = ast.unparse(node).partition(".")
            used.add(f"{short.get(head, head)}.{rest}" if rest else short.get(head, head))
    return sorted(used.intersection(forbidden))


def _imports(tree: ast.AST) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({a.asname: a.name for a in node.names if a.asname})
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({a.asname or a.name: f"{node.module}.{a.name}" for a in node.names})
    return found
