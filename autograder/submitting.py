"""`course submit`: is the notebook whole, does it run, and the file to hand in.

What has been handed in before is never overwritten: it moves to a numbered copy. The student's own
notebook is only read.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignments import STUB
from autograder.files import back_up, save, sha256
from autograder.headless import Run, load, run
from autograder.notebook_files import MAX_FILE, Raw, role, text_of
from autograder.release_text import is_stub, released, todo_names
from autograder.workbook import Workbook, dumps, read, read_text, same_text
from starter_code.errors import CourseError

LONGEST = 2**20  # bytes of one output that are kept
MOST = MAX_FILE // 2  # bytes of the file


@dataclass
class Look:
    """What a file to hand in holds.

    Attributes:
        missing: cells of the release that are not there, such as "check bleu".
        open: TODOs that are not attempted, wholly or in part.
        unanswered: report questions whose cell is unchanged.
    """

    missing: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    todos: int = 0
    questions: int = 0


def look(assignment: str, path: Path) -> Look:
    """Compare a notebook or an exported `models.py` with its release."""
    given = released(assignment, path.parent)
    if path.suffix == ".py":
        return _look_at_script(read_text(path), todo_names(given))
    todos = set(todo_names(given))
    there: dict[tuple[str, str], list[str]] = {}
    for cell in read(path).cells:
        there.setdefault(role(cell, todos), []).append(text_of(cell))
    found = Look()
    for cell in given:
        kind, name = role(cell, todos)
        if not kind:
            continue
        texts = there.get((kind, name), [])
        found.todos += kind == "todo"
        found.questions += kind == "report"
        if not texts:
            found.missing.append(f"{kind} {name}")
        changed = [text for text in texts if text.strip() and not same_text(text, text_of(cell))]
        if kind == "todo" and (not changed or is_stub(changed[-1])):
            found.open.append(name)
        if kind == "report" and not changed:
            found.unanswered.append(name)
    return found


def _look_at_script(text: str, todos: list[str]) -> Look:
    pieces = re.split(r"^# %%.*$", text, flags=re.M)
    found = Look(todos=len(todos))
    for name in todos:
        own = [piece for piece in pieces if re.match(rf"\s*# TODO {name}\b", piece)]
        if not own:
            found.missing.append(f"todo {name}")
        if not own or STUB in own[-1]:
            found.open.append(name)
    return found


def trial(path: Path, seconds: float) -> Run:
    """Run the file from the top at the tier `tiny`."""
    return load(path, seconds) if path.suffix == ".py" else run(read(path), seconds)


def hand_in(assignment: str, path: Path, to: Path) -> tuple[Path, Path | None, list[str]]:
    """Write the file to hand in; return it, the copy of an earlier one, and notes.

    Raises:
        CourseError: it cannot be written; then the earlier one stands.
    """
    notes: list[str] = []
    if path.suffix == ".py":
        place, text = to / "models.py", read_text(path)
    else:
        place = to / f"{assignment}.ipynb"
        text, notes = _slim(read(path))
    if place.resolve() == path.resolve():
        raise CourseError(f"{place} is your notebook itself; give another folder by --to DIR.")
    earlier = None
    if place.is_file():
        if place.read_bytes() == text.encode("utf-8"):
            return place, None, ["It is the same as what lay there already."]
        earlier = back_up(place, to / "earlier")
    save(place, text)
    return place, earlier, notes


def receipt(place: Path) -> str:
    """What a student notes down: checksum and place."""
    return f"sha256 {sha256(place)}  {place.resolve()}"


def _slim(workbook: Workbook) -> tuple[str, list[str]]:
    """The notebook without outputs that are huge, and which cells lost some."""
    tree = copy.deepcopy(workbook.tree)
    if isinstance(tree.get("metadata"), dict):
        tree["metadata"].pop("widgets", None)
    lost = [n for n, cell in enumerate(tree["cells"], 1) if _cut(cell, LONGEST)]
    limit = LONGEST
    while len(dumps(tree).encode()) > MOST and limit > 1:
        limit //= 4
        lost += [n for n, cell in enumerate(tree["cells"], 1) if _cut(cell, limit)]
    if not lost:
        return dumps(tree), []
    cells = ", ".join(map(str, sorted(set(lost))))
    return dumps(tree), [f"Outputs too large to hand in were left out: cells {cells}."]


def _cut(cell: Raw, limit: int) -> bool:
    """Replace outputs longer than `limit` by a line that says so."""
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return False
    cut = False
    for n, output in enumerate(outputs):
        size = len(json.dumps(output))
        if size > limit and not _is_note(output):
            text = f"[{size / 2**20:.1f} MB of output left out by course submit]\n"
            outputs[n] = {"name": "stdout", "output_type": "stream", "text": [text]}
            cut = True
    return cut


def _is_note(output: Any) -> bool:
    text = output.get("text", "") if isinstance(output, dict) else ""
    return "left out by course submit" in "".join(text) and len(text) < 200


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names)
