"""`course reset`: a TODO cell as it was released, in a notebook that else stays as it is."""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.files import back_up
from autograder.notebook_files import Raw, role, text_of
from autograder.release_text import released, todo_names
from autograder.workbook import Workbook, read, same_text
from starter_code.errors import CourseError


@dataclass
class Reset:
    """What was done.

    Attributes:
        backup: the copy of the notebook as it was; None if nothing had to be changed.
        done: names of the TODOs that hold their stub again.
        notes: what a person should look at.
    """

    backup: Path | None = None
    done: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def reset(assignment: str, path: Path, todos: Sequence[str]) -> Reset:
    """Put stubs back into the cells of some TODOs; [] for all of them.

    Raises:
        CourseError: there is no such TODO, or the notebook cannot be read or written.
    """
    given = released(assignment, path.parent)
    there = todo_names(given)
    for todo in todos:
        if todo not in there:
            close = difflib.get_close_matches(todo, there, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise CourseError(
                f"{assignment} has no TODO {todo!r}; there are {', '.join(there)}.{hint}"
            )
    workbook, what = read(path), Reset()
    before = json.dumps(workbook.tree)
    for todo in todos or there:
        _reset(workbook, todo, given, what)
    if json.dumps(workbook.tree) != before:
        what.backup = back_up(path)
        workbook.save()
    return what


def _reset(workbook: Workbook, todo: str, given: list[Raw], what: Reset) -> None:
    stub = next(cell for cell in given if role(cell) == ("todo", todo))
    places = workbook.todo_cells(todo)
    if not places:
        new = copy.deepcopy(stub)
        if workbook.tree.get("nbformat_minor", 0) < 5:  # cells have no names in this format
            new.pop("id", None)
        workbook.cells.insert(_place(workbook.cells, given, stub), new)
        what.done.append(todo)
        what.notes.append(f"The cell of {todo} was gone; it is back in its place.")
        return
    if all(same_text(text_of(workbook.cells[n]), text_of(stub)) for n in places):
        what.notes.append(f"{todo} holds its stub already.")
        return
    for place in places:
        cell = workbook.cells[place]
        cell["source"] = copy.deepcopy(stub["source"])
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    what.done.append(todo)
    if len(places) > 1:
        what.notes.append(f"{todo} stood in {len(places)} cells; each holds the stub now.")
    rest = workbook.cells[places[-1] + 1 : places[-1] + 2]
    if rest and rest[0].get("cell_type") == "code" and text_of(rest[0])[:1] in (" ", "\t"):
        what.notes.append(f"The cell below {todo} looks like its second half; delete it if it is.")


def _place(cells: list[Raw], given: list[Raw], stub: Raw) -> int:
    """Behind the last cell there that the release has before this one."""
    before = given[: given.index(stub)]
    for known in reversed(before):
        for n, cell in enumerate(cells):
            same_id = cell.get("id") is not None and cell.get("id") == known.get("id")
            named = role(known) != ("", "") and role(cell) == role(known)
            if same_id or named or same_text(text_of(cell), text_of(known)):
                return n + 1
    return 0
