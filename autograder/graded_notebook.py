"""A student's notebook, made anew: the release, with answers put in and verdicts as outputs.

Nothing of what was handed in survives but the text of code cells and of hand-graded answers: no
metadata, no output, no widget, no HTML, no link to a script, no picture from elsewhere. This is
what nbgrader stores, formgrader shows and feedback is made of.
"""

from __future__ import annotations

import html
import itertools
import re
from itertools import groupby

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from autograder.extracting import Submission
from autograder.judging import Verdict
from autograder.notebook import CheckFailed, headline, verdict_page
from autograder.releasing import built_notebook

_PICTURE = re.compile(r"!(?=\[)")
_SCHEME = re.compile(r"(?i)(javascript|vbscript|data)\s*:(?=\S)")


def rebuilt(submission: Submission, assignment: str) -> NotebookNode:
    """The release with the answers of a submission in their cells and its own cells behind them."""
    notebook = nbformat.read(built_notebook(assignment), as_version=4)
    sources = {s.todo: s.source for s in submission.segments if s.todo}
    helpers, numbers = _helpers(submission), itertools.count(1)
    cells = [_own(source, next(numbers)) for source in helpers.pop("", [])]
    for cell in notebook.cells:
        cell.pop("attachments", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        name = str(cell.get("id", ""))
        if name in sources:
            cell.source = sources[name]
        elif name in submission.answers and cell.cell_type == "markdown":
            cell.source = harmless_markdown(submission.answers[name])
        cells.append(cell)
        cells += [_own(source, next(numbers)) for source in helpers.pop(name, [])]
    notebook.cells = cells
    return notebook


def _helpers(submission: Submission) -> dict[str, list[str]]:
    """The student's own cells by the TODO that they stand behind; "" before the first."""
    found: dict[str, list[str]] = {}
    last = ""
    for segment in submission.segments:
        last = segment.todo or last
        if segment.label == "own cell":
            found.setdefault(last, []).append(segment.source)
    return found


def _own(source: str, number: int) -> NotebookNode:
    cell = new_code_cell(source)
    cell["id"] = f"own-{number}"
    return cell


def harmless_markdown(text: str) -> str:
    """Text that can be shown to a grader: no HTML, no script, nothing fetched from elsewhere.

    Mathematics and code stay as they were written; an HTML tag is shown as its text.
    """
    text = text.replace("&#", "&amp;#")
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    text = _PICTURE.sub("picture: ", text)
    return _SCHEME.sub(r"\1 : ", text)


def with_verdicts(
    notebook: NotebookNode, verdicts: list[Verdict], notes: list[str], problem: str
) -> NotebookNode:
    """Put the verdicts of each TODO under its check cell, as nbgrader reads and shows them."""
    by_todo = {todo: list(own) for todo, own in groupby(verdicts, key=lambda v: v.todo)}
    for cell in notebook.cells:
        todo = str(cell.get("id", "")).removeprefix("check-")
        if cell.cell_type == "code" and cell.get("id") == f"check-{todo}" and todo in by_todo:
            cell.outputs = outputs(todo, by_todo[todo], [problem] if problem else notes)
    return notebook


def outputs(todo: str, verdicts: list[Verdict], notes: list[str]) -> list[NotebookNode]:
    """Verdict table and, for nbgrader, the points: a number, or an error for none at all."""
    earned = sum(verdict.earned for verdict in verdicts)
    page = verdict_page(todo, verdicts, with_cause=True)
    remark = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    table = {
        "text/html": remark + page._repr_html_(),
        "text/plain": "\n".join([*notes, repr(page)]),
    }
    shown = [new_output("display_data", data=table)]
    if earned <= 0:
        words = headline(todo, verdicts)
        lines = CheckFailed(words)._render_traceback_()
        return [*shown, new_output("error", ename="CheckFailed", evalue=words, traceback=lines)]
    points = {"text/plain": f"{earned:g}"}
    return [*shown, new_output("execute_result", data=points, execution_count=None)]
