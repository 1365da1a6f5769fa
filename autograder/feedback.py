"""Feedback for students and a page for the instructor.

Verdict, points and reason of every check; never test source, inputs or expected values. All text of
a submission is escaped.
"""

from __future__ import annotations

import html
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import class_summary
from autograder.judging import NOT_ATTEMPTED
from autograder.notebook import words
from autograder.pages import bar, page

if TYPE_CHECKING:
    from autograder.grading import Result


def student_html(result: Result) -> str:
    """One student's feedback page."""
    parts = [f"<p>{result.earned:g} of {result.points:g} points by checks.</p>"]
    parts.append(bar(result.earned, result.points))
    remarks = [result.problem] if result.problem else []
    parts += [f"<p>{html.escape(note)}</p>" for note in remarks + result.notes]
    for todo, group in groupby(result.verdicts + result.gates, key=lambda verdict: verdict.todo):
        verdicts = list(group)
        earned, points = sum(v.earned for v in verdicts), sum(v.points for v in verdicts)
        worth = f"{earned:g} of {points:g}" if points else "no points"
        parts.append(f"<h2>{html.escape(todo)}: {worth}</h2><table>")
        for verdict in verdicts:
            detail = "".join(f"<br>{html.escape(line)}" for line in words(verdict, True))
            style = {"passed": "passed", NOT_ATTEMPTED: "open"}.get(verdict.status, "wrong")
            parts.append(
                f"<tr><td class='{style}'>{html.escape(verdict.status)}</td>"
                f"<td>{html.escape(verdict.sentence)}{detail}</td>"
                f"<td class='number'>{verdict.earned:g} / {verdict.points:g}</td></tr>"
            )
        parts.append("</table>")
    return page(f"{result.assignment}: {result.student}", "".join(parts))


def student_markdown(result: Result) -> str:
    """The same feedback as Markdown."""
    lines = [f"# {result.assignment}: {result.student}", ""]
    lines.append(f"{result.earned:g} of {result.points:g} points by checks.")
    remarks = [result.problem] if result.problem else []
    lines += [f"\n{html.escape(note, False)}" for note in remarks + result.notes]
    for todo, group in groupby(result.verdicts + result.gates, key=lambda verdict: verdict.todo):
        lines.append(f"\n## {todo}\n")
        for verdict in group:
            lines.append(f"- **{verdict.status}** ({verdict.earned:g}/{verdict.points:g}): ")
            lines[-1] += html.escape(" ".join([verdict.sentence, *words(verdict, True)]), False)
    return "\n".join(lines) + "\n"


def write_feedback(out: Path, results: list[Result]) -> None:
    """Write a page and a Markdown file per student, and the instructor's index."""
    from autograder.building import write_atomically

    for result in results:
        write_atomically(out / "feedback" / f"{result.student}.html", student_html(result))
        write_atomically(out / "feedback" / f"{result.student}.md", student_markdown(result))
    write_atomically(out / "index.html", class_html(results))


def class_html(results: list[Result]) -> str:
    """The gradebook of a class as a page: a row per student, linked to the feedback."""
    if not results:
        return page("No submissions", "")
    todos = list(dict.fromkeys(verdict.todo for verdict in results[0].verdicts))
    names = [html.escape(todo).replace("_", "_<wbr>") for todo in todos]
    head = "".join(f"<th>{name}</th>" for name in ["student", "points", *names])
    rows = [_student_row(result, todos) for result in results]
    table = f"<div class='wide'><table><tr>{head}</tr>{''.join(rows)}</table></div>"
    title = f"{results[0].assignment}: {len(results)} submissions"
    table += "<p><a href='look.html'>What is worth a look</a></p>"
    return page(title, table + class_summary.as_html(class_summary.count(results)))


def _student_row(result: Result, todos: list[str]) -> str:
    """Points of each TODO; what is remarkable about the file stands below the name."""
    cells = []
    for todo in todos:
        own = [verdict for verdict in result.verdicts if verdict.todo == todo]
        tried = any(verdict.status != NOT_ATTEMPTED for verdict in own)
        style = "passed" if all(v.passed for v in own) else "wrong" if tried else "open"
        cells.append(f"<td class='{style}'>{sum(v.earned for v in own):g}</td>")
    name = html.escape(result.student)
    shown = name.replace("_", "_<wbr>")
    remarks = [result.problem] if result.problem else result.notes
    below = "".join(f"<br><small>{html.escape(remark)}</small>" for remark in remarks)
    return (
        f"<tr><td><a href='feedback/{name}.html'>{shown}</a>{below}</td>"
        f"<td class='number'>{result.earned:g} / {result.points:g}</td>{''.join(cells)}</tr>"
    )
