"""A student's notebook as a file: found, read, known by its cells, and written back cell by cell.

Cells keep the form in which the file has them, so that what is not touched stays as it was. Nothing
here needs torch: these tools work where an installation is broken.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.assignments import known, repository
from autograder.files import save
from autograder.notebook_files import Raw, role, text_of
from starter_code.errors import CourseError

BEGIN = re.compile(r"""\bbegin\(\s*\\?["'](\w+?)\\?["']""")


@dataclass
class Workbook:
    """A notebook file.

    Attributes:
        tree: its JSON; `cells` are the ones in it, to be changed in place.
    """

    path: Path
    tree: dict[str, Any]

    @property
    def cells(self) -> list[Raw]:
        """The cells, each a dictionary as in the file."""
        cells: list[Raw] = self.tree["cells"]
        return cells

    def todo_cells(self, name: str) -> list[int]:
        """Where the cells stand that claim to be this TODO."""
        return [n for n, cell in enumerate(self.cells) if role(cell, {name}) == ("todo", name)]

    def save(self) -> None:
        """Write the notebook back as Jupyter does.

        Raises:
            CourseError: it cannot be written; the old file stands.
        """
        save(self.path, dumps(self.tree))


def dumps(tree: dict[str, Any]) -> str:
    """A notebook in the layout that Jupyter writes."""
    return json.dumps(tree, indent=1, ensure_ascii=False) + "\n"


def read(path: Path) -> Workbook:
    """Read a notebook.

    Raises:
        CourseError: there is none, or it is damaged; the sentence says what to do.
    """
    text = read_text(path)
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        what = "is empty" if not text.strip() else "is damaged (not valid JSON)"
        raise CourseError(f"{path} {what}; {_rescue(path)}") from None
    if isinstance(tree, dict) and "worksheets" in tree:
        raise CourseError(f"{path} has an old format; open it in Jupyter and save it again.")
    if not (isinstance(tree, dict) and isinstance(tree.get("cells"), list)):
        raise CourseError(f"{path} is not a notebook (it has no cells); {_rescue(path)}")
    for number, cell in enumerate(tree["cells"], start=1):
        sound = isinstance(cell, dict) and isinstance(cell.get("cell_type"), str)
        if not sound or not isinstance(cell.get("source", ""), str | list):
            raise CourseError(f"{path} is damaged (cell {number} is none); {_rescue(path)}")
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
    return Workbook(path, tree)


def read_text(path: Path) -> str:
    """The text of a file that a student names.

    Raises:
        CourseError: there is no such file, or it is none that can be read as text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise CourseError(f"There is no file {path}; give the path of your notebook.") from None
    except IsADirectoryError:
        raise CourseError(f"{path} is a folder; give the notebook in it.") from None
    except UnicodeDecodeError:
        raise CourseError(f"{path} cannot be read as text; {_rescue(path)}") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}).") from None


def _rescue(path: Path) -> str:
    """Where an older copy of a damaged notebook may lie."""
    copies = [path.parent / ".ipynb_checkpoints" / f"{path.stem}-checkpoint{path.suffix}"]
    copies += sorted((path.parent / "backups").glob(f"{path.stem}.*{path.suffix}"))
    there = [copy for copy in copies if copy.is_file()]
    if there:
        return f"an older copy lies in {there[0]}."
    return "take the notebook of the release and put your cells into it."


# --- which assignment, which file --------------------------------------------------------------


def guess(path: Path) -> str:
    """The assignment that a notebook or an exported `models.py` belongs to, or "".

    By its name, else by the cell that says `begin("a2_…`, else by its TODOs.

    Raises:
        CourseError: the file cannot be read.
    """
    there = known()
    if path.stem in there and path.is_file():
        return path.stem
    text = read_text(path)
    said = [match[1] for match in BEGIN.finditer(text) if match[1] in there]
    return said[0] if said else _by_todos(path, text, there)


def _by_todos(path: Path, text: str, there: list[str]) -> str:
    """The assignment whose released TODOs are those of the file, if it is one alone."""
    from autograder.release_text import nearby

    if path.suffix == ".ipynb":
        try:
            cells = read(path).cells
        except CourseError:
            return ""
        own = {name for kind, name in map(role, cells) if kind == "todo"}
    else:
        own = set(re.findall(r"^# TODO (\w+)", text, flags=re.M))
    shared = {}
    for name in there:
        place = nearby(name, path.parent)
        if place is not None:
            todos = {todo for kind, todo in map(role, read(place).cells) if kind == "todo"}
            shared[name] = len(own & todos)
    best = [name for name, count in shared.items() if count and count == max(shared.values())]
    return best[0] if len(best) == 1 else ""


def assignment_of(path: Path) -> str:
    """`guess`, or a sentence.

    Raises:
        CourseError: the file does not say which assignment it is.
    """
    name = guess(path)
    if not name:
        raise CourseError(f"{path.name} does not say which assignment it is; add --assignment a1.")
    return name


def locate(assignment: str) -> Path:
    """The notebook of an assignment here: in this folder, below it, or in the repository.

    Raises:
        CourseError: there is none, or there are several with other names.
    """
    name, here = f"{assignment}.ipynb", Path.cwd()
    for place in (here / name, here / assignment / name):
        if place.is_file():
            return place
    others = [path for path in notebooks(here) if guess(path) == assignment]
    if len(others) > 1:
        listed = ", ".join(path.name for path in others)
        raise CourseError(f"Several notebooks are of {assignment}: {listed}; say which: --notebook")
    if others:
        return others[0]
    root = repository()
    for place in (root / "assignments" / assignment / name, root / name):
        if place.is_file():
            return place
    raise CourseError(
        f"There is no notebook of {assignment} here: go to its folder, or add --notebook FILE."
    )


def notebooks(folder: Path) -> list[Path]:
    """The notebooks that lie in a folder."""
    return sorted(path for path in folder.glob("*.ipynb") if path.is_file())


def pick(assignment: str, notebook: Path | None) -> tuple[str, Path]:
    """An assignment with its notebook, from what a student gave of the two ("" and None: nothing).

    Raises:
        CourseError: they do not fit, or what is missing cannot be found.
    """
    from autograder.assignments import resolve

    name = resolve(assignment) if assignment else ""
    if notebook is None:
        if name:
            return name, locate(name)
        found = [path for path in notebooks(Path.cwd()) if guess(path)]
        if len(found) != 1:
            what = "are several notebooks" if found else "is no notebook"
            raise CourseError(
                f"There {what} of the course in this folder: name the assignment, such as a1, or "
                "add --notebook FILE."
            )
        notebook = found[0]
    own = guess(notebook)
    if name and own and own != name:
        raise CourseError(f"{notebook} is a notebook of {own}, not of {name}.")
    if not (name or own):
        raise CourseError(f"{notebook} does not say which assignment it is; name it, such as a1.")
    return name or own, notebook


def same_text(a: str, b: str) -> bool:
    """Whether two cells have the same text but for blanks at line ends and around."""
    return plain(a) == plain(b)


def plain(text: str) -> str:
    """A cell's text without blanks at line ends and around."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def first_line(cell: Raw) -> str:
    """The first line of a cell that says something."""
    lines = [line.strip() for line in text_of(cell).splitlines() if line.strip()]
    return lines[0][:80] if lines else "(empty)"
