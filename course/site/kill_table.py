"""Measure the kill table of some assignments and put it into `course/kill_table.md`.

python course/site/kill_table.py [a1 a2 ...]     all by default; some minutes for each

The site shows the stored page, so that a build takes seconds. A test compares its counts with the
banks of mistakes and alternatives as they are now.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch

from autograder import kill_table as proof
from autograder.assignments import names, resolve
from autograder.building import write_atomically
from starter_code.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "course" / "kill_table.md"
HEAD = """# Kill table

Proof that the checks accept right code and reject wrong code. Each cell says how many answers were
treated rightly, of how many, at the public seed and at three fresh ones:

- the *solution* passes every check; the untouched *stub* is "not attempted";
- every *mistake* of the bank fails **and is named**;
- every *alternative*, a right answer written differently, passes;
- every *lazy* answer (zeros, ones, NaN, noise, an input, the public seed's answer) fails.

`course kill-table a1` prints the table of an assignment; `python course/site/kill_table.py a1` also
puts it here. Mistakes that give the same numbers on every check cannot be told apart; the student
then reads "one of", and they are listed below the table.
"""


def sections(text: str) -> dict[str, str]:
    """The stored tables: assignment -> the text below its heading."""
    parts = re.split(r"^## (\S+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def section(assignment: str) -> str:
    """The table of one assignment, twins folded.

    Raises:
        CourseError: some answer was treated wrongly; a page of proof must not say so.
    """
    rows = proof.kill_table(assignment)
    wrong = [row for row in rows if row.problem]
    if wrong:
        raise CourseError(f"{assignment}: the checks do not hold; run `course kill-table`.")
    lines = proof.text(assignment, rows).splitlines()
    table = [line for line in lines if line.startswith("|")]
    twins = [line for line in lines if line.startswith("- ")]
    text = "\n" + "\n".join(table) + f"\n\n{len(rows):,} answers.\n"
    if twins:
        text += f"\n<details><summary>{len(twins)} mistakes that look like another</summary>\n\n"
        text += "\n".join(twins) + "\n\n</details>\n"
    return text


def main() -> int:
    torch.set_num_threads(1)
    try:
        wanted = [resolve(name) for name in sys.argv[1:]] or names()
        found = sections(PAGE.read_text("utf-8")) if PAGE.is_file() else {}
        for assignment in wanted:
            found[assignment] = section(assignment)
            parts = [f"\n## {name}\n{found[name].rstrip()}\n" for name in names() if name in found]
            write_atomically(PAGE, HEAD + "".join(parts))
            print(f"{assignment}: written to {PAGE.relative_to(ROOT)}", flush=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
