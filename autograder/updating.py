"""`course update`: a new release's text around a student's answers; no line of theirs is lost.

Every cell of the student's notebook is one of these:

    answer   of a TODO or a report question: goes into the new cell; if both sides changed the text
             around it differently, the new text is put below
    given    the new text, unless only the student has changed it; if both have, the student's is
             kept at the end
    own      stays behind the cell that it stood behind

What has no place in the new release is kept at the end, in cells that do not run.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from autograder.assignments import STUB
from autograder.merging import merge
from autograder.notebook_files import Raw, grade_id, role, text_of
from autograder.release_text import todo_names
from autograder.workbook import plain, same_text

KEPT = (
    "## Kept by `course update`\n\nThe cells below had no place in the new release, or were "
    "changed on both sides. They do not run. Take what you need and delete the rest."
)
ANSWER, REPORT = "todo", "report"


@dataclass
class Update:
    """A notebook with the new text.

    Attributes:
        cells: all of it. added, changed, removed: cells of the release that differ, by their names.
        restored: cells of both releases that the notebook lacked.
        notes: what a person should look at.
    """

    cells: list[Raw] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def updated(mine: list[Raw], old: list[Raw], new: list[Raw]) -> Update:
    """Merge: the student's cells, those of the release they began with, those of the new one.

    A notebook from before the `old` release loses nothing either: what neither release knows is
    taken for the student's own.
    """
    return _Merge(mine, old, new).run()


class _Merge:
    """The work of one update; indices n are places in the new release."""

    def __init__(self, mine: list[Raw], old: list[Raw], new: list[Raw]) -> None:
        self.mine, self.old, self.new = mine, old, new
        self.todos = {*todo_names(old), *todo_names(new)}
        self.successor = _pairs(old, new)
        self.answers: dict[int, list[Raw]] = {}
        self.given: dict[int, Raw] = {}
        self.behind: dict[int, list[Raw]] = {}
        self.homeless: list[Raw] = []
        self.seen: set[int] = set()  # places of the old release that have been met
        self.holders: dict[object, Raw] = {}  # the first cell with an id: of copies it is the one
        for cell in mine:
            self.holders.setdefault(cell.get("id"), cell)
        self.update = Update()

    def run(self) -> Update:
        last = -1
        for cell in self.mine:
            place = self._sort(cell, last)
            last = last if place is None else place
        for n, cell in enumerate(self.new):
            if n == 0:
                self.update.cells += self.behind.get(-1, [])
            self.update.cells += self._slot(n, cell)
            self.update.cells += self.behind.get(n, [])
        self._keep()
        self._say()
        _name(self.update.cells, {str(cell.get("id")) for cell in self.new})
        return self.update

    def _sort(self, cell: Raw, last: int) -> int | None:
        """Put a cell where it belongs; the place in the new release at which it stands, if any."""
        kind, name = role(cell, self.todos)
        if not kind and grade_id(cell) and cell["cell_type"] == "code":
            kind, name = ANSWER, grade_id(cell)  # of a release before the old one
        if kind in (ANSWER, REPORT):
            place = _named(self.new, kind, name)
            if place is not None:
                self.answers.setdefault(place, []).append(cell)
            elif not self._untouched(cell, kind, name):
                self._without_place(cell, kind, name)
            return place
        before = _match(self.old, cell)
        place = self.successor.get(before) if before is not None else _match(self.new, cell)
        met = before in self.seen or place in self.given
        if (before is None and place is None) or met or self._is_copy(cell, before, place):
            self._own(cell, last, before, place)
            return None
        if before is not None:
            self.seen.add(before)
        self._take_given(cell, before, place)
        return place

    def _is_copy(self, cell: Raw, before: int | None, place: int | None) -> bool:
        """Whether another cell has the id of the release's cell that this one resembles."""
        known = self.old[before] if before is not None else self.new[place or 0]
        identity = known.get("id")
        holder = self.holders.get(identity) if identity is not None else None
        return holder is not None and holder is not cell and role(holder) == role(cell)

    def _untouched(self, cell: Raw, kind: str, name: str) -> bool:
        places = (_named(cells, kind, name) for cells in (self.old, self.new))
        sources = [cells[n] for cells, n in zip((self.old, self.new), places) if n is not None]
        text = text_of(cell)
        return not text.strip() or any(same_text(text, text_of(source)) for source in sources)

    def _without_place(self, cell: Raw, kind: str, name: str) -> None:
        self.homeless.append(cell)
        what = "TODO" if kind == ANSWER else "question"
        self.update.notes.append(f"The {what} {name} is gone; your answer is kept at the end.")

    def _own(self, cell: Raw, last: int, before: int | None, place: int | None) -> None:
        """A cell of the student's; a mere copy of what the release holds is left out."""
        texts = [self.old[before]] if before is not None else []
        texts += [self.new[place]] if place is not None else []
        if not any(same_text(text_of(cell), text_of(text)) for text in texts):
            self.behind.setdefault(last, []).append(self._renamed(cell))

    def _take_given(self, cell: Raw, before: int | None, place: int | None) -> None:
        """A cell of the release in the student's notebook, changed by either side or by both."""
        text = text_of(cell)
        if before is not None and same_text(text, text_of(self.old[before])):
            if place is not None and same_text(text, text_of(self.new[place])):
                self.given[place] = cell
            return
        if place is None:
            self.homeless.append(cell)
            return
        theirs = text_of(self.new[place])
        if same_text(text, theirs) or (
            before is not None and same_text(text_of(self.old[before]), theirs)
        ):
            self.given[place] = cell
            return
        self.homeless.append(cell)
        self.update.notes.append(
            f"Both you and the release changed the cell `{_first(theirs)}`; yours is kept at the "
            "end."
        )

    def _slot(self, n: int, cell: Raw) -> list[Raw]:
        """What stands at a place of the new release."""
        kind, name = role(cell)
        if kind not in (ANSWER, REPORT):
            return [_filled(cell, self.given[n]) if n in self.given else copy.deepcopy(cell)]
        there = self.answers.get(n, [])
        tried = [own for own in there if not self._untouched(own, kind, name)]
        if not tried:
            same = [own for own in there if same_text(text_of(own), text_of(cell))]
            return [_filled(cell, same[0]) if same else copy.deepcopy(cell)]
        first, *others = tried
        slot = _filled(cell, first)
        news: list[Raw] = []
        if kind == ANSWER:
            slot["source"], news = self._answer(name, text_of(first), text_of(cell))
        return [slot, *map(self._renamed, others), *news]

    def _renamed(self, cell: Raw) -> Raw:
        """The cell, without an id that belongs to the release."""
        taken = cell.get("id") in {known.get("id") for known in self.new}
        return {key: value for key, value in cell.items() if key != "id" or not taken}

    def _answer(self, name: str, text: str, stub: str) -> tuple[str, list[Raw]]:
        """An answer with the new text around it, and a cell with that text if it could not be."""
        place = _named(self.old, ANSWER, name)
        before = text_of(self.old[place]) if place is not None else ""
        if before and same_text(before, stub):
            return text, []
        if before:
            merged = merge(before.splitlines(), text.splitlines(), stub.splitlines())
            if merged is not None:
                self.update.notes.append(f"The text around {name} has changed; read it again.")
                return "\n".join(merged), []
        lines = {line.strip() for line in text.splitlines()}
        if all(line.strip() in lines for line in stub.splitlines() if line.strip() != STUB):
            return text, []
        head = f"**New text of `{name}`** (`course update`; your cell above is as it was)"
        told = f"{head}\n\n~~~~python\n{stub}\n~~~~"
        if any(same_text(text_of(cell), told) for cell in self.mine):
            return text, []
        self.update.notes.append(f"The text of {name} has changed; it stands below your answer.")
        return text, [{"cell_type": "markdown", "metadata": {}, "source": told}]

    def _keep(self) -> None:
        """What has no place, at the end, in cells that do not run."""
        if not self.homeless:
            return
        if not any(same_text(text_of(cell), KEPT) for cell in self.mine):
            self.update.cells.append({"cell_type": "markdown", "metadata": {}, "source": KEPT})
        for cell in self.homeless:
            kind = "markdown" if cell["cell_type"] == "markdown" else "raw"
            kept = {"cell_type": kind, "metadata": {}, "source": cell.get("source", "")}
            if "attachments" in cell:
                kept["attachments"] = cell["attachments"]
            self.update.cells.append(kept)

    def _say(self) -> None:
        """Which cells of the release are new, other or gone."""
        come = set(self.successor.values())
        self.update.added = [_label(c) for n, c in enumerate(self.new) if n not in come]
        self.update.removed = [_label(c) for n, c in enumerate(self.old) if n not in self.successor]
        self.update.restored = [
            _label(self.new[n])
            for before, n in self.successor.items()
            if before not in self.seen and n not in self.answers and n not in self.given
        ]
        self.update.changed = [
            _label(self.new[n])
            for before, n in self.successor.items()
            if not same_text(text_of(self.old[before]), text_of(self.new[n]))
        ]


def _named(cells: list[Raw], kind: str, name: str) -> int | None:
    return next((n for n, cell in enumerate(cells) if role(cell) == (kind, name)), None)


def _match(cells: list[Raw], cell: Raw) -> int | None:
    """Where a given cell stands in a release: by its role, its id or its text."""
    kind, name = role(cell)
    if kind:
        return _named(cells, kind, name)
    text, identity = plain(text_of(cell)), cell.get("id")
    plains = [(n, c) for n, c in enumerate(cells) if role(c) == ("", "")]
    plains = [(n, c) for n, c in plains if c.get("cell_type") == cell.get("cell_type")]
    for n, known in plains:
        if identity is not None and known.get("id") == identity:
            return n
    return next((n for n, known in plains if text and plain(text_of(known)) == text), None)


def _pairs(old: list[Raw], new: list[Raw]) -> dict[int, int]:
    """Which cell of the new release follows which of the old one."""
    before, after = [_key(cell) for cell in old], [_key(cell) for cell in new]
    pairs: dict[int, int] = {}
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for what, a, b, c, d in opcodes:
        if what == "equal":
            pairs |= zip(range(a, b), range(c, d))
    for n, key in enumerate(before):  # moved cells
        if n not in pairs and after.count(key) == 1 and after.index(key) not in pairs.values():
            pairs[n] = after.index(key)
    for what, a, b, c, d in opcodes:
        if what == "replace":
            left = [n for n in range(a, b) if n not in pairs and not role(old[n])[0]]
            right = [n for n in range(c, d) if n not in pairs.values() and not role(new[n])[0]]
            for n, m in zip(left, right):
                if old[n].get("cell_type") == new[m].get("cell_type"):
                    pairs[n] = m
    return pairs


def _key(cell: Raw) -> str:
    kind, name = role(cell)
    return f"{kind}:{name}" if kind else f"{cell.get('id')}:{plain(text_of(cell))}"


def _filled(shell: Raw, own: Raw) -> Raw:
    """The release's cell (its id and metadata) with a student's text and outputs."""
    cell = copy.deepcopy(shell)
    kept = ["source", "attachments"]
    kept += ["outputs", "execution_count"] if cell["cell_type"] == "code" else []
    cell |= {key: copy.deepcopy(own[key]) for key in kept if key in own}
    return cell


def _first(text: str) -> str:
    return next((line.strip()[:60] for line in text.splitlines() if line.strip()), "")


def _label(cell: Raw) -> str:
    kind, name = role(cell)
    return f"{kind} {name}" if kind else _first(text_of(cell))


def _name(cells: Iterable[Raw], taken: set[str]) -> None:
    """Give each cell that has no id, or that of another, one of its own."""
    used: set[str] = set()
    for n, cell in enumerate(cells):
        identity = cell.get("id")
        if not isinstance(identity, str) or identity in used:
            text = f"{n} {text_of(cell)}"
            while (identity := "own-" + hashlib.sha256(text.encode()).hexdigest()[:8]) in (
                used | taken
            ):
                text += " "
            cell["id"] = identity
        used.add(str(cell["id"]))
