"""The similarity report as a page (side by side, matches marked) and as a table.

Every text of a submission is escaped; the page holds no script and asks nothing of the network.
Both files are the instructor's: `refuse_feedback` keeps them out of what students are given.
"""

from __future__ import annotations

import html
from pathlib import Path

from autograder.building import write_atomically
from autograder.pages import bar, page
from autograder.passages import LONGEST, PASSAGE, Text
from autograder.similarity import (
    FEW,
    LEAST,
    NOTEBOOK,
    SOLUTION,
    Habit,
    Match,
    Pair,
    Report,
    spans,
)
from autograder.tables import csv_text
from starter_code.errors import CourseError

LONG = 100  # tokens; so long an answer is hardly found twice by chance
SHOWN = 60  # pairs on the page; the table holds all of them
STYLE = """
body { max-width: 84rem; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.sides > div { min-width: 0; }
pre { font: 12px/1.45 ui-monospace, monospace; overflow: auto; max-height: 44rem; margin: 0;
  padding: .6rem; border: 1px solid #8884; border-radius: .3rem; }
mark { background: #f5b94266; color: inherit; border-radius: .15rem; }
.bar { min-width: 6rem; } .bar div { background: #d98f1f; }
.limits { border-left: .25rem solid #d98f1f; padding: .1rem 1rem; }
.quiet { color: #777; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
"""
LIMITS = f"""
<div class='limits'><p><b>A reason to look, and no proof.</b> Two people who follow the same recipe
may write the same lines. Read both texts, then talk to the students.</p>
<p>Compared are runs of {PASSAGE} tokens. Comments, docstrings, spacing, chosen names and the order
of definitions make no difference. Not counted is what stands in the release, and what more than a
third of those who answered have (and more than {FEW} students); a ring larger than that shows up
only in the last table. Fewer than {LEAST} matched tokens, about four lines, are never listed.</p>
<p><b>Share</b> is the matched part of what is then left of an answer, so it can be high where
little is left: look at the tokens, too. Not seen is code rewritten in other steps, copied words in
the report, and anything that came from a source outside this class and the published solution.</p>
</div>"""


def refuse_feedback(to: Path) -> None:
    """See that the report does not land where students find their feedback.

    Raises:
        CourseError: a part of the path is called feedback.
    """
    if "feedback" in to.resolve().parts:
        raise CourseError(f"{to} is where students find feedback; choose another folder.")


def write_report(report: Report, to: Path) -> list[Path]:
    """Write `similarity.html` and `similarity.csv` into the folder `to`."""
    write_atomically(to / "similarity.html", report_html(report))
    write_atomically(to / "similarity.csv", report_csv(report))
    return [to / "similarity.html", to / "similarity.csv"]


def report_csv(report: Report) -> str:
    """A row per match, formulas made harmless."""
    head = ["student", "other", "TODO", "share of student", "share of other", "matched tokens"]
    rows: list[list[object]] = [[*head, "part that is in the published solution"]]
    for pair in report.pairs:
        for match in pair.matches:
            one, two = (f"{share:.3f}" for share in match.shares)
            row = [pair.student, pair.other, match.unit, one, two, match.tokens]
            rows.append([*row, f"{match.published:.3f}"])
    return csv_text(rows)


def report_html(report: Report) -> str:
    """The whole page."""
    listed = [pair for pair in report.pairs if not pair.explained]
    shown = listed[:SHOWN]
    body = [_summary(report, listed), LIMITS]
    if shown:
        rows = "".join(_row(number, pair) for number, pair in enumerate(shown, 1))
        head = "<th></th><th>student</th><th>other</th><th>where</th><th>tokens</th>"
        head += "<th colspan=2>share of the student’s text</th><th colspan=2>of the other’s</th>"
        body.append(f"<h2>Pairs, longest matches first</h2><table><tr>{head}</tr>{rows}</table>")
    body += [_habits(report.habits, report.students), _unread(report.unread)]
    body += [_side_by_side(report, number, pair) for number, pair in enumerate(shown, 1)]
    return page(f"{report.assignment}: similar answers", "".join(body), STYLE)


def _summary(report: Report, listed: list[Pair]) -> str:
    compared = len(report.texts)
    explained = len(report.pairs) - len(listed)
    lines = [
        f"{report.students} submissions, {compared} of them compared with each other "
        f"({compared * (compared - 1) // 2:,} pairs) and with the published solution.",
        f"{len(listed)} pairs share at least {report.threshold:.0%} of an answer.",
    ]
    if explained:
        lines.append(
            f"{explained} more pairs of students share hardly more than what a published answer "
            "has, too; the table lists them."
        )
    if len(listed) > SHOWN:
        lines.append(f"The first {SHOWN} are shown; similarity.csv holds all of them.")
    return f"<p>{' '.join(lines)}</p>{_passed_round(report.habits)}"


def _passed_round(habits: list[Habit]) -> str:
    """Long answers that so many have that no pair is listed for them: the first thing to see."""
    parts = []
    for habit in habits:
        if len(habit.alike) > FEW and habit.alike_tokens >= LONG:
            published = ", as in the published solution" if habit.like_solution else ""
            count = f"{len(habit.alike)} of {habit.answered}"
            name = html.escape(habit.todo)
            parts.append(f"<li>{name}: {count}, {habit.alike_tokens} tokens{published}</li>")
    if not parts:
        return ""
    return (
        "<p><b>Long answers that many have token for token</b> (see “What many have”; where it is "
        f"more than a third of the class, no pair is listed for them):</p><ul>{''.join(parts)}</ul>"
    )


def _row(number: int, pair: Pair) -> str:
    match = _strongest(pair)
    more = f" <span class='quiet'>and {len(pair.matches) - 1} more</span>"
    where = html.escape(match.unit) + (more if len(pair.matches) > 1 else "")
    shares = "".join(
        f"<td>{bar(min(share, 1), 1)}</td><td class='number'>{share:.0%}</td>"
        for share in match.shares
    )
    return (
        f"<tr><td class='number'><a href='#pair-{number}'>{number}</a></td>"
        f"<td>{html.escape(pair.student)}</td><td>{html.escape(pair.other)}</td>"
        f"<td>{where}</td><td class='number'>{match.tokens}</td>{shares}</tr>"
    )


def _strongest(pair: Pair) -> Match:
    """The heaviest match, of a TODO if there is one: it says where to look."""
    todos = [match for match in pair.matches if match.unit != NOTEBOOK]
    return max(todos or pair.matches, key=lambda match: match.weight)


def _side_by_side(report: Report, number: int, pair: Pair) -> str:
    """Both texts of each matched TODO; the whole notebooks only where no TODO says it."""
    others = report.published if pair.with_published else report.texts
    title = f"{number} · {html.escape(pair.student)} and {html.escape(pair.other)}"
    parts = [f"<h2 id='pair-{number}'>{title}</h2>"]
    todos = [match for match in pair.matches if match.unit != NOTEBOOK]
    for match in sorted(todos or pair.matches, key=lambda match: -match.weight):
        one, two = report.texts[pair.student][match.unit], others[pair.other][match.unit]
        marks = spans(one, two, report.dropped[match.unit])
        names = (pair.student, pair.other)
        sides = "".join(_side(*side) for side in zip(names, (one, two), marks, match.shares))
        parts.append(f"<h3>{html.escape(match.unit)}: {_words(match, pair)}</h3>")
        parts.append(f"<div class='sides'>{sides}</div>")
    return "".join(parts)


def _words(match: Match, pair: Pair) -> str:
    words = f"{match.tokens} matched tokens"
    if not pair.with_published and match.published:
        words += f"; {match.published:.0%} of the matches stand in the published solution, too"
    return words


def _side(name: str, text: Text, marks: list[tuple[int, int]], share: float) -> str:
    cut = f", only its first {LONGEST:,} letters compared" if text.cut else ""
    return (
        f"<div><p class='quiet'>{html.escape(name)}, {share:.0%}{cut}</p>"
        f"<pre>{marked(text.source, marks)}</pre></div>"
    )


def marked(source: str, marks: list[tuple[int, int]]) -> str:
    """The text, escaped, with the marked stretches highlighted."""
    parts, done = [], 0
    for start, end in sorted(marks):
        start = max(start, done)
        if start < end:
            parts.append(html.escape(source[done:start]))
            parts.append(f"<mark>{html.escape(source[start:end])}</mark>")
            done = end
    return "".join([*parts, html.escape(source[done:])])


def _habits(habits: list[Habit], students: int) -> str:
    """What was left out because many have it."""
    head = "<th>TODO</th><th>answered</th><th>length of the published answer</th>"
    head += "<th>common in the class, not counted</th><th>the same token for token</th>"
    rows = "".join(
        f"<tr><td>{html.escape(habit.todo)}</td>"
        f"<td class='number'>{habit.answered} of {students}</td>"
        f"<td class='number'>{habit.tokens} tokens</td>"
        f"<td class='number'>{habit.common:.0%}</td><td>{_alike(habit)}</td></tr>"
        for habit in habits
    )
    return (
        "<h2>What many have</h2><p>A short answer that many give in the same words may be the only "
        "way to write it. A long one may have been passed round.</p>"
        f"<table><tr>{head}</tr>{rows}</table>"
    )


def _alike(habit: Habit) -> str:
    if len(habit.alike) < 2:
        return "nobody"
    names = ", ".join(html.escape(name) for name in habit.alike)
    as_published = f", as in {SOLUTION}" if habit.like_solution else ""
    return f"<details><summary>{len(habit.alike)} students{as_published}</summary>{names}</details>"


def _unread(unread: dict[str, str]) -> str:
    if not unread:
        return ""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(problem)}</td></tr>"
        for name, problem in unread.items()
    )
    return f"<h2>Not compared</h2><table>{rows}</table>"
