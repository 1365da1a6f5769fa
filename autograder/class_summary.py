"""What a class has and has not understood: every check counted, as a table and as a picture.

An instructor reads here what to explain again: which check was tried and failed, and which named
mistake stands behind it how often.
"""

from __future__ import annotations

import html
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from autograder.judging import NOT_ATTEMPTED
from autograder.pages import bar

if TYPE_CHECKING:
    from autograder.grading import Result

MOST_NAMED = 3  # mistakes on the page; the table has all of them


@dataclass
class Row:
    """One check over the whole class.

    Attributes:
        passed, untried: how many students.
        mistakes: name of a known mistake -> how many students.
        seen: the same by the sentence that the students read.
    """

    todo: str
    name: str
    sentence: str
    students: int = 0
    passed: int = 0
    untried: int = 0
    mistakes: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        """Students who handed in an answer."""
        return self.students - self.untried

    @property
    def named(self) -> int:
        """Students whose answer is one known mistake."""
        return self.mistakes.total()


def count(results: Sequence[Result]) -> list[Row]:
    """A row per check, in the order of the assignment."""
    rows: dict[tuple[str, str], Row] = {}
    for result in results:
        for verdict in result.verdicts:
            key = (verdict.todo, verdict.name)
            row = rows.setdefault(key, Row(verdict.todo, verdict.name, verdict.sentence))
            row.students += 1
            row.passed += verdict.passed
            row.untried += verdict.status == NOT_ATTEMPTED
            if len(verdict.mistakes) == 1:
                row.mistakes.update(verdict.mistakes)
                row.seen.update(verdict.seen)
    return list(rows.values())


def as_markdown(rows: Sequence[Row]) -> str:
    """A table with a line per check and all mistakes that were named."""
    lines = ["| TODO | check | passed | not attempted | mistakes named |", "|---|---|---|---|---|"]
    for row in rows:
        text = ", ".join(f"{name} × {number}" for name, number in row.mistakes.most_common())
        lines.append(
            f"| {row.todo} | {row.name} | {row.passed}/{row.students} | {row.untried} | {text} |"
        )
    return "\n".join(lines) + "\n"


def as_html(rows: Sequence[Row]) -> str:
    """The same for the instructor's page: a bar per check, and each TODO's named mistakes."""
    lines = []
    for todo, group in groupby(rows, key=lambda row: row.todo):
        own = list(group)
        lines.append(f"<tr><th colspan='3'>{html.escape(todo)}{_mistakes(own)}</th></tr>")
        lines += [
            f"<tr><td>{html.escape(row.sentence)}</td>"
            f"<td class='number'>{row.passed} of {row.tried}</td>"
            f"<td style='width:10rem'>{bar(row.passed, row.tried)}</td></tr>"
            for row in own
        ]
    about = "<p>For each check: how many of those who tried it passed.</p>"
    return f"<h2>What the class has understood</h2>{about}<table>{''.join(lines)}</table>"


def _mistakes(rows: list[Row]) -> str:
    """The commonest mistakes of a TODO; one mistake fails several of its checks."""
    seen: Counter[str] = Counter()
    for row in rows:
        seen |= row.seen
    common = seen.most_common(MOST_NAMED)
    return "".join(f"<br><small>{n} × {html.escape(text)}</small>" for text, n in common)


_PARTS = (  # of a bar: label, colour
    ("passed", "#1b7837"),
    ("a mistake that was named", "#e08214"),
    ("another wrong answer", "#b2182b"),
    ("not attempted", "#cccccc"),
)


def as_picture(rows: Sequence[Row], title: str) -> bytes:
    """A PNG: a bar per check, parted into passed, named, other and not attempted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.6 + 0.28 * len(rows)), layout="constrained", dpi=120)
    axes = figure.add_subplot()
    left = [0] * len(rows)
    places = range(len(rows))
    for (label, colour), part in zip(_PARTS, zip(*map(_parts, rows)), strict=False):
        axes.barh(places, part, left=left, color=colour, label=label, height=0.75)
        left = [start + width for start, width in zip(left, part)]
    axes.set_yticks(places, [_label(rows, place) for place in places], fontsize=8)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    axes.set_xlabel("students")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside lower center", ncols=len(_PARTS), frameon=False, fontsize=8)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    return data.getvalue()


def _parts(row: Row) -> tuple[int, int, int, int]:
    other = row.students - row.passed - row.named - row.untried
    return row.passed, row.named, other, row.untried


def _label(rows: Sequence[Row], place: int) -> str:
    """The check's name, with its TODO in front where that begins."""
    row = rows[place]
    first = place == 0 or rows[place - 1].todo != row.todo
    return f"{row.todo}:  {row.name.replace('_', ' ')}" if first else row.name.replace("_", " ")
