"""Executed notebooks as pages: the TODO as a student gets it, the solution behind a button."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.assignments import BEGIN, END, load_source, stub
from staging import ROOT, Stage

SEEN = re.compile(r"\*\*What to see\.?\*\*\s*(.*)", re.S)


@dataclass(frozen=True)
class Lab:
    """What the pages say of an assignment; all of it is read from its source.

    Attributes:
        about: the first paragraph of the notebook.
        picture: file below course/pictures, "" if no cell has a tag `figure`.
        points, report: of the checks and of the report.
    """

    name: str
    title: str
    about: str
    picture: str
    todos: int
    minutes: int
    points: int
    report: int

    @property
    def short(self) -> str:
        """Such as a2."""
        return self.name.split("_")[0]

    def note(self, written: Iterable[str]) -> str:
        """The page with the notes of its unit, by the number; "" if there is none."""
        begins = (f"notes/unit{self.short[1:]}_", f"notes/{self.short}_")
        return next((n for n in sorted(written) if n.startswith(begins) and n.endswith(".md")), "")

    @property
    def hours(self) -> str:
        """What the TODOs take, in halves of an hour."""
        halves = round(self.minutes / 30)
        return f"{halves // 2}{' ½' if halves % 2 else ''} h"


def read_lab(name: str, shown: str = "") -> Lab:
    """Read an assignment's facts from its source and its built notebook.

    Args:
        shown: names of pictures that the README shows; its choice goes first.
    """
    source = load_source(name)
    notebook = nbformat.read(source.path.with_suffix(".ipynb"), as_version=4)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("course", {})]
    first = source.cells[0].source.split("\n\n")
    figures = [cell.tags["figure"] for cell in source.tagged("figure")]
    chosen = sorted(figures, key=lambda figure: f"{figure}.png" not in shown)
    there = [f for f in chosen if (ROOT / "course/pictures" / f"{f}.png").is_file()]
    return Lab(
        name,
        first[0].lstrip("# ").strip(),
        " ".join(first[1].split()),
        f"{there[0]}.png" if there else "",
        len(source.todos),
        sum(int(cell.tags["minutes"]) for cell in source.tagged("todo")),
        round(sum(cell.metadata["nbgrader"]["points"] for cell in checks)),
        sum(int(cell.tags.get("points", 0)) for cell in source.tagged("report")),
    )


def stage_walkthrough(stage: Stage, lab: Lab) -> None:
    """Write the page of one assignment."""
    path = ROOT / "solutions" / lab.name / f"{lab.name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cells: list[NotebookNode] = []
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("course", {})
        if "todo" in tags:
            cells += _todo(cell)
        elif "report" in tags:
            cells.append(_fold(cell, "A model answer"))
        else:
            if any("image/png" in o.get("data", {}) for o in cell.get("outputs", [])):
                alt = _alternative_text(notebook.cells, number)
                cell.metadata["mystnb"] = {"image": {"alt": alt}}
            cells.append(cell)
        cells[-1].metadata.pop("nbgrader", None)
    cells.insert(1, _head(lab, lab.note(stage.written)))
    notebook.cells = cells
    stage.write(f"walkthroughs/{lab.name}.ipynb", nbformat.writes(notebook) + "\n")


def _head(lab: Lab, note: str) -> NotebookNode:
    about = f" Before it: the [notes of this unit](../{note})." if note else ""
    text = f"""```{{admonition}} An executed walkthrough
:class: tip
{lab.todos} TODOs, about {lab.hours}, {lab.points} points; report {lab.report} points. The notebook
ran at the tier *small* on a CPU; what you see is what it printed. Each TODO stands as a student
gets it. **Solutions, hints and model answers are folded: try first.**{about}
```"""
    return nbformat.v4.new_markdown_cell(text, id="site-head")


def _todo(cell: NotebookNode) -> list[NotebookNode]:
    """The stub to read, then the whole cell behind a button."""
    shown = nbformat.v4.new_code_cell(stub(cell.source), id=f"{cell.id}-stub")
    lines = [line for line in cell.source.splitlines() if line.strip() not in (BEGIN, END)]
    folded = nbformat.v4.new_code_cell("\n".join(lines), id=cell.id, outputs=cell.outputs)
    folded.metadata["tags"] = ["hide-input"]
    folded.metadata["mystnb"] = {
        "code_prompt_show": "Show the solution",
        "code_prompt_hide": "Hide the solution",
    }
    return [shown, folded]


def _fold(cell: NotebookNode, summary: str) -> NotebookNode:
    text = f"<details><summary>{summary}</summary>\n\n{cell.source}\n\n</details>"
    return nbformat.v4.new_markdown_cell(text, id=cell.id)


def _alternative_text(cells: list[NotebookNode], number: int) -> str:
    """What the text around a picture says is to be seen in it."""
    after = [c.source for c in cells[number + 1 : number + 2] if c.cell_type == "markdown"]
    before = [c.source for c in cells[:number] if c.cell_type == "markdown"]
    seen = SEEN.search(after[0]) if after else None
    text = seen[1] if seen else before[-1] if before else "a picture of this notebook"
    plain = re.sub(r"<[^>]+>|\$[^$]*\$|[*`#\n]+", " ", text.split("\n\n")[0])
    plain = " ".join(plain.split())
    return ("Picture: " + plain)[:240].rsplit(". ", 1)[0].rstrip(" .:") + "."


def figures_shown(readme: Path) -> str:
    """The lines of the README that show pictures."""
    return "\n".join(line for line in readme.read_text("utf-8").splitlines() if "![" in line)
