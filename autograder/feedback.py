"""Feedback for students and a page for the instructor.

Verdict, points and reason of every check; never test source, inputs or expected values. All text of
a submission is escaped.
"""

from __future__ import annotations

import html
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.notebook import words

if TYPE_CHECKING:
    from autograder.grading import Result
    from autograder.judging import Verdict

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-top: 1px solid #8884; }
.number { text-align: right; white-space: nowrap; }
.passed { color: #1b7837; } .wrong { color: #c0392b; } .open { color: #777; }
.bar { background: #8883; height: .6rem; border-radius: .3rem; }
.bar div { background: #1b7837; height: .6rem; border-radius: .3rem; }
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole HTML page that needs nothing from the network; `style` is added to the common one."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )


def bar(earned: float, points: float) -> str:
    """A progress bar."""
    share = 100 * earned / points if points else 0
    return f"<div class='bar'><div style='width:{share:.1f}%'></div></div>"


def student_html(result: Result) -> str:
    """One student's feedback page."""
    parts = [f"<p>{result.earned:g} of {result.points:g} points by checks.</p>"]
    parts.append(bar(result.earned, result.points))
    remarks = [result.problem] if result.problem else []
    parts += [f"<p>{html.escape(note)}</p>" for note in remarks + result.notes]
    for todo, group in groupby(result.verdicts, key=lambda verdict: verdict.todo):
        verdicts = list(group)
        earned, points = sum(v.earned for v in verdicts), sum(v.points for v in verdicts)
        parts.append(f"<h2>{html.escape(todo)}: {earned:g} of {points:g}</h2><table>")
        for verdict in verdicts:
            detail = "".join(f"<br>{html.escape(line)}" for line in words(verdict, True))
            style = {"passed": "passed", "not attempted": "open"}.get(verdict.status, "wrong")
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
    for todo, group in groupby(result.verdicts, key=lambda verdict: verdict.todo):
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
    head = "".join(f"<th>{html.escape(todo)}</th>" for todo in ["student", "points", *todos, ""])
    rows = []
    for result in results:
        cells = []
        for todo in todos:
            own = [verdict for verdict in result.verdicts if verdict.todo == todo]
            passed = all(verdict.passed for verdict in own)
            tried = any(verdict.status != "not attempted" for verdict in own)
            style = "passed" if passed else "wrong" if tried else "open"
            cells.append(f"<td class='{style}'>{sum(v.earned for v in own):g}</td>")
        name = html.escape(result.student)
        remark = html.escape(" ".join([result.problem, *result.notes]))
        rows.append(
            f"<tr><td><a href='feedback/{name}.html'>{name}</a></td>"
            f"<td class='number'>{result.earned:g} / {result.points:g}</td>"
            f"{''.join(cells)}<td>{remark}</td></tr>"
        )
    table = f"<table><tr>{head}</tr>{''.join(rows)}</table>"
    title = f"{results[0].assignment}: {len(results)} submissions"
    return page(title, table + understood_html(results))


def understood_html(results: list[Result]) -> str:
    """What the class has understood: a bar for each check, with the mistakes that were named."""
    by_check: dict[tuple[str, str], list[Verdict]] = {}
    for result in results:
        for verdict in result.verdicts:
            by_check.setdefault((verdict.todo, verdict.sentence), []).append(verdict)
    rows, last = [], ""
    for (todo, sentence), verdicts in by_check.items():
        tried = [v for v in verdicts if v.status != "not attempted"]
        passed = sum(v.passed for v in tried)
        seen = Counter(v.seen[0] for v in tried if len(v.seen) == 1)
        named = "".join(f"<br>{n} × {html.escape(text)}" for text, n in seen.most_common(3))
        rows.append(
            f"<tr><td>{html.escape(todo) if todo != last else ''}</td>"
            f"<td>{html.escape(sentence)}{named}</td>"
            f"<td class='number'>{passed} of {len(tried)}</td>"
            f"<td style='width:10rem'>{bar(passed, len(tried))}</td></tr>"
        )
        last = todo
    head = "<tr><th></th><th>check</th><th>passed of tried</th><th></th></tr>"
    return f"<h2>What the class has understood</h2><table>{head}{''.join(rows)}</table>"
