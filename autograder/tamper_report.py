"""What is worth an instructor's look: a line per student and act, and no points taken.

Acts are what `autograder.tampering` saw in the process of a check, library calls that a TODO is
there to derive, and answers that ended their process or were no plain value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.building import write_atomically
from autograder.pages import page, table
from autograder.tables import csv_text

if TYPE_CHECKING:
    from autograder.grading import Result

_ENDINGS = ("ended the process", "not a plain value", "out of memory")
_ABOUT = (
    "Nothing here has cost a point by itself: an answer counts if its values are right. A line is "
    "a reason to read the notebook, and no proof of anything. What is not listed may still have "
    "happened unseen; the wall keeps it from reaching this machine."
)

Line = tuple[str, str, str]  # student, TODO or "", what was seen


def lines(results: Sequence[Result]) -> list[Line]:
    """All that is worth a look, in the order of the students."""
    found: Counter[Line] = Counter()
    for result in results:
        found.update((result.student, "", act) for act in result.acts)
        for verdict in result.verdicts:
            here = [f"calls {name}" for name in verdict.look]
            here += [verdict.status] if verdict.status in _ENDINGS else []
            found.update((result.student, verdict.todo, what) for what in here)
    return [
        (student, todo, f"{what}, in {times} checks" if times > 1 else what)
        for (student, todo, what), times in found.items()
    ]


def write(out: Path, results: Sequence[Result]) -> None:
    """Write `look.html` and `look.csv`, for the instructor only, into the folder of results."""
    found = lines(results)
    head = ["student", "TODO", "seen"]
    shown = table(head, found) if found else "<p>Nothing was seen.</p>"
    write_atomically(out / "look.csv", csv_text([head, *found]))
    write_atomically(out / "look.html", page("Worth a look", f"<p>{_ABOUT}</p>{shown}"))
