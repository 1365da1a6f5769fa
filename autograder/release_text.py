"""The untouched text of an assignment, to compare a student's notebook with.

In a release it lies in `autograder/release`, where nobody works; in the repository it is built from
the source. A fork without sources has only the notebook that students open.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from autograder.assignments import STUB, names, repository
from autograder.notebook_files import Raw, role, text_of
from autograder.workbook import Workbook, read
from starter_code.errors import CourseError

FOLDER = Path("autograder") / "release"


def shipped(assignment: str, near: Path | None = None) -> Path | None:
    """The copy that a release carries: of the release around `near`, else of this one."""
    roots = [*([near, *near.resolve().parents[:2]] if near else []), repository()]
    places = (root / FOLDER / f"{assignment}.ipynb" for root in roots)
    return next((place for place in places if place.is_file()), None)


def nearby(assignment: str, near: Path | None = None) -> Path | None:
    """A notebook with the TODOs of the assignment, touched or not: quick to have."""
    there = repository() / "assignments" / assignment / f"{assignment}.ipynb"
    return shipped(assignment, near) or (there if there.is_file() else None)


def released(assignment: str, near: Path | None = None) -> list[Raw]:
    """The cells of the untouched notebook.

    Raises:
        CourseError: its text is not here.
    """
    place = shipped(assignment, near)
    if place is not None:
        return read(place).cells
    if assignment in names():
        return _built(assignment)
    place = repository() / "assignments" / assignment / f"{assignment}.ipynb"
    if place.is_file():
        return untouched(read(place))
    raise CourseError(f"The text of {assignment}'s release is not here; unpack the release again.")


def _built(assignment: str) -> list[Raw]:
    import nbformat

    from autograder.building import released_notebook, source_notebook

    with tempfile.TemporaryDirectory() as scratch:
        notebook = released_notebook(assignment, source_notebook(assignment), Path(scratch))
        place = Path(scratch) / "released.ipynb"
        nbformat.write(notebook, place)
        return read(place).cells


def untouched(workbook: Workbook) -> list[Raw]:
    """The cells of a notebook whose TODOs nobody has worked on.

    Raises:
        CourseError: somebody has.
    """
    for cell in workbook.cells:
        kind, name = role(cell)
        if kind == "todo" and not is_stub(text_of(cell)):
            raise CourseError(
                f"{workbook.path} has been worked on ({name} is filled in), so it is no release; "
                "give the folder of a fresh one."
            )
    return workbook.cells


def is_stub(text: str) -> bool:
    """Whether a part of a TODO cell is still to be written."""
    return any(line.strip() == STUB for line in text.splitlines())


def todo_names(cells: list[Raw]) -> list[str]:
    """The TODOs in the order of the notebook."""
    return [name for kind, name in map(role, cells) if kind == "todo"]
