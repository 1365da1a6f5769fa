"""Where an assignment's files lie, and its source notebook read cell by cell.

solutions/aN_name/aN_name.py      the only source (jupytext percent), runs as the solution
assignments/aN_name/aN_name.ipynb what students open, generated
.../aN_name.checks.json           frozen values of the visible checks, generated
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starter_code.errors import CourseError

if TYPE_CHECKING:
    from autograder.cells import Segment

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def repository() -> Path:
    """The folder that holds `autograder`: the repository, or an unpacked release."""
    return Path(__file__).resolve().parents[1]


def names() -> list[str]:
    """All assignments that have a source, in order."""
    root = repository() / "solutions"
    return sorted(path.parent.name for path in root.glob("*/*.py") if path.stem == path.parent.name)


def known() -> list[str]:
    """All assignments: those with a source, or in a release those with checks."""
    return names() or sorted(p.stem for p in (repository() / "autograder/checks").glob("a*_*.py"))


def resolve(name: str) -> str:
    """Return the full name for `a2` or `a2_attention_decoder`.

    Raises:
        CourseError: if no assignment or more than one begins so.
    """
    there = known()
    hits = [full for full in there if full == name or full.split("_")[0] == name]
    if len(hits) == 1:
        return hits[0]
    close = difflib.get_close_matches(name, there, n=1, cutoff=0.3)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise CourseError(f"There is no assignment {name!r}; there are {', '.join(there)}.{hint}")


@dataclass(frozen=True)
class SourceCell:
    """One cell of the percent file.

    Attributes:
        kind: code or markdown.
        tags: what its header says, such as {"todo": "attention", "minutes": 25}.
        line: line of its header in the file, from 1.
    """

    kind: str
    source: str
    tags: dict[str, Any]
    line: int


@dataclass(frozen=True)
class SourceNotebook:
    """The parsed source of an assignment."""

    assignment: str
    path: Path
    cells: list[SourceCell] = field(default_factory=list)

    def tagged(self, tag: str) -> list[SourceCell]:
        """The cells whose header carries `tag`, in order."""
        return [cell for cell in self.cells if tag in cell.tags]

    @property
    def todos(self) -> list[str]:
        """Names of the TODO cells, in order."""
        return [cell.tags["todo"] for cell in self.tagged("todo")]

    def segments(self, replaced: dict[str, str] | None = None) -> list[Segment]:
        """The code cells as a program, TODO cells replaced by the given sources where named."""
        from autograder.cells import Segment  # with torch, which the names alone do without

        replaced = replaced or {}
        return [
            Segment(
                cell.tags.get("todo", "given cell"),
                replaced.get(cell.tags.get("todo", ""), cell.source),
                cell.tags.get("todo", ""),
                stub(cell.source) if "todo" in cell.tags else "",
            )
            for cell in self.cells
            if cell.kind == "code"
        ]


STUB = "raise NotImplementedError()"


def stub(source: str) -> str:
    """A TODO cell as students get it: the solution region becomes `raise NotImplementedError()`."""
    lines: list[str] = []
    inside = False
    for line in source.splitlines():
        if line.strip() == BEGIN:
            inside = True
            lines.append(line[: len(line) - len(line.lstrip())] + STUB)
        elif line.strip() == END:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


@functools.lru_cache(maxsize=16)
def load_source(assignment: str) -> SourceNotebook:
    """Parse `solutions/<assignment>/<assignment>.py`.

    Raises:
        CourseError: if the file is missing or jupytext cannot read it.
    """
    import jupytext  # an instructor's dependency: a release runs without it

    path = repository() / "solutions" / assignment / f"{assignment}.py"
    if not path.is_file():
        raise CourseError(f"{path.name} is missing; write it in solutions/{assignment}/.")
    text = path.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if line.startswith("# %%")]
    if len(lines) != len(notebook.cells):
        raise CourseError(
            f"{path.name}: {len(lines)} cell headers but {len(notebook.cells)} cells; "
            "every cell, the first one too, begins with a line `# %%`."
        )
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # jupytext's note about blank lines
    cells = [
        SourceCell(cell.cell_type, cell.source, dict(cell.metadata), line)
        for cell, line in zip(notebook.cells, lines)
    ]
    return SourceNotebook(assignment, path, cells)
