"""The verbs of a notebook: `check`, `hint` and `progress`.

    check, hint, progress = begin("a2_attention_decoder", globals())

A check runs the student's code on public inputs and compares with frozen values; grading uses other
inputs, so a passed check is a good sign and not yet a grade.
"""

from __future__ import annotations

import difflib
import html
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.assignments import repository, resolve
from autograder.bank import Bank
from autograder.judging import NOT_ATTEMPTED, Verdict, judge_todo
from autograder.policy import forbidden_calls
from autograder.probes import Check, load_checks
from autograder.running import Outcome, TimedOut, patience, run_check, time_limit
from starter_code.errors import CourseError

PUBLIC_NOTE = "Grading repeats these checks with other inputs."


class CheckFailed(Exception):
    """A check that did not pass; shown as one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"CheckFailed: {self}"]


class NotebookError(CourseError):
    """A mistake in calling a verb; shown as one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self}"]


class Page:
    """Something to show: HTML in Jupyter, text elsewhere."""

    def __init__(self, rich: str, text: str) -> None:
        self._rich, self._text = rich, text

    def _repr_html_(self) -> str:
        return self._rich

    def __repr__(self) -> str:
        return self._text

    def show(self) -> None:
        """Display in a notebook, print in a terminal."""
        from IPython import get_ipython
        from IPython.display import display

        if get_ipython() is None:
            print(self._text)
        else:
            display(self)


def frozen_path(assignment: str) -> Path:
    """The frozen values of an assignment's visible checks.

    Raises:
        CourseError: if they are neither in the repository nor beside the notebook.
    """
    name = f"{assignment}.checks.json"
    root = repository()
    places = [root / "assignments" / assignment / name, root / name, Path(name)]
    for place in places:
        if place.is_file():
            return place
    raise CourseError(f"{name} is missing; put it back beside the notebook (it is in the release).")


class Session:
    """One notebook's checks: its namespace, frozen values, and how often each check failed."""

    def __init__(self, assignment: str, namespace: dict[str, Any]) -> None:
        self.assignment = resolve(assignment)
        self.namespace = namespace
        tree = json.loads(frozen_path(self.assignment).read_text(encoding="utf-8"))
        self.bank = Bank.from_json(tree["bank"])
        self.hints: dict[str, list[list[str]]] = tree["hints"]
        self.defined_by: dict[str, str] = tree["defined_by"]
        self.checks = load_checks(self.assignment)
        self.failures: dict[str, int] = {}
        self.hints_shown: dict[str, int] = {}

    def _todo(self, name: str) -> str:
        """The TODO of that name, or the one that defines a function or class of that name."""
        todos = list(dict.fromkeys(check.todo for check in self.checks))
        if name in todos:
            return name
        if name in self.defined_by:
            return self.defined_by[name]
        if not name:
            raise NotebookError(f"Say which TODO you mean: one of {', '.join(todos)}.")
        close = difflib.get_close_matches(str(name), [*todos, *self.defined_by], n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        raise NotebookError(f"There is no TODO {name!r}; there are {', '.join(todos)}.{guess}")

    def run(self, todo: str) -> list[Verdict]:
        """Run and judge the checks of a TODO at the public seed."""
        own = [check for check in self.checks if check.todo == todo]
        banned = sorted({name for check in own for name in check.instead_of})
        static = forbidden_calls(self._cell(todo), banned)
        outcomes: dict[str, Outcome] = {}
        for check in own:
            late = sum(known.kind == "timed_out" for known in outcomes.values())
            try:
                with time_limit(patience(check.seconds, late)):
                    outcome = run_check(check, self.namespace, self.bank.seed)
            except TimedOut:  # it came while the check was being left
                outcome = Outcome("timed_out")
            outcome.library = sorted({*outcome.library, *static})
            outcomes[check.key] = outcome
        return judge_todo(own, outcomes, self.bank, strict=True)

    def _cell(self, todo: str) -> str:
        """The TODO cell as it was last run, from IPython's history."""
        history = [text for text in self.namespace.get("In", []) if isinstance(text, str)]
        marked = [text for text in history if text.lstrip().startswith(f"# TODO {todo}")]
        return marked[-1] if marked else ""

    def check(self, todo: str = "") -> None:
        """Check a TODO: draw the verdict, and raise `CheckFailed` unless it passed."""
        todo = self._todo(todo)
        verdicts = self.run(todo)
        self._remember(todo, verdicts)
        page = verdict_page(todo, verdicts, self.failures.get(todo, 0) >= 2)
        page.show()
        if not all(verdict.passed for verdict in verdicts):
            raise CheckFailed(headline(todo, verdicts))

    def _remember(self, todo: str, verdicts: list[Verdict]) -> None:
        passed = all(verdict.passed for verdict in verdicts)
        attempted = any(verdict.status != NOT_ATTEMPTED for verdict in verdicts)
        if not passed and attempted:
            self.failures[todo] = self.failures.get(todo, 0) + 1
        state = self._stored()
        state[todo] = {
            "earned": sum(verdict.earned for verdict in verdicts),
            "status": "passed" if passed else "failed" if attempted else NOT_ATTEMPTED,
        }
        path = self._progress_file()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(state), encoding="utf-8")
            os.replace(part, path)
        except OSError:
            return  # a read-only folder must not cost a student the check

    def _progress_file(self) -> Path:
        return Path("runs") / "progress" / f"{self.assignment}.json"

    def _stored(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._progress_file().read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}

    def hint(self, todo: str = "") -> None:
        """Show the next hint of a TODO: a nudge, the recipe, the error you may have seen."""
        todo = self._todo(todo)
        hints = self.hints.get(todo, [])
        if not hints:
            raise NotebookError(f"There is no hint for {todo}; ask in the forum.")
        shown = min(self.hints_shown.get(todo, 0), len(hints) - 1)
        self.hints_shown[todo] = shown + 1
        title, body = hints[shown]
        left = len(hints) - shown - 1
        more = f"{left} more: call hint({todo!r}) again." if left else "That was the last hint."
        rich = f"<b>{html.escape(title)}</b><br>{body}<br><small>{more}</small>"
        plain = html.unescape(re.sub(r"<[^>]+>", "", body)).strip()
        Page(rich, f"{title}\n{plain}\n({more})").show()

    def progress(self) -> None:
        """Draw how far the assignment is, over all sessions in this folder."""
        progress_page(self.assignment, self.checks, self._stored()).show()


def begin(
    assignment: str, namespace: dict[str, Any]
) -> tuple[Callable[[str], None], Callable[[str], None], Callable[[], None]]:
    """Return the verbs `check`, `hint` and `progress` for a notebook.

    Args:
        assignment: such as "a2_attention_decoder".
        namespace: the notebook's `globals()`, in which the checks look for the student's names.
    """
    session = Session(assignment, namespace)
    return session.check, session.hint, session.progress


_MARK = {"passed": "✓", NOT_ATTEMPTED: "·"}
_COLOUR = {"passed": "#1b7837", NOT_ATTEMPTED: "#777777"}


def headline(todo: str, verdicts: list[Verdict]) -> str:
    """One line: the first thing that is wrong."""
    first = next(verdict for verdict in verdicts if not verdict.passed)
    words = first.seen[0] if len(first.seen) == 1 else first.reason
    return f"{todo}: {first.status}. {words}"


def words(verdict: Verdict, with_cause: bool) -> list[str]:
    """What a student reads of one verdict, line by line; nothing if it passed."""
    if verdict.passed:
        look = [f"Needs a look: {', '.join(verdict.look)}."] if verdict.look else []
        return ([verdict.reason] if verdict.reason else []) + look
    lines = [verdict.reason]
    if len(verdict.seen) == 1:
        lines = [verdict.seen[0], verdict.reason]
    elif verdict.seen:
        lines.append("Your numbers are those of one of: " + " / ".join(verdict.seen))
    if with_cause and verdict.causes:
        lines.append("Cause: " + " / ".join(verdict.causes))
    return lines


def verdict_page(todo: str, verdicts: list[Verdict], with_cause: bool) -> Page:
    """The verdict table of one TODO."""
    earned, points = sum(v.earned for v in verdicts), sum(v.points for v in verdicts)
    title = f"{todo}: {earned:g} of {points:g} points"
    said: set[str] = set()
    rows, lines = [], [title]
    if all(verdict.status == NOT_ATTEMPTED for verdict in verdicts):
        verdicts = verdicts[:1]  # one line says it for all
    for verdict in verdicts:
        lines_of_verdict = words(verdict, with_cause)
        fresh = [line for line in lines_of_verdict if line not in said]
        fresh = fresh or (["(as above)"] if lines_of_verdict else [])
        said.update(fresh)
        mark = _MARK.get(verdict.status, "✗")
        colour = _COLOUR.get(verdict.status, "#b2182b")
        detail = "".join(f"<br>{html.escape(line)}" for line in fresh)
        rows.append(
            f"<tr><td style='color:{colour};font-weight:bold;white-space:nowrap'>"
            f"{mark} {html.escape(verdict.status)}</td>"
            f"<td style='text-align:left'>{html.escape(verdict.sentence)}{detail}</td></tr>"
        )
        lines.append(f"  {mark} {verdict.status}: {verdict.sentence}")
        lines.extend(f"      {line}" for line in fresh)
    note = PUBLIC_NOTE if earned == points else ""
    rich = f"<b>{html.escape(title)}</b><table>{''.join(rows)}</table><small>{note}</small>"
    return Page(rich, "\n".join(lines + ([note] if note else [])))


def progress_page(assignment: str, checks: list[Check], stored: dict[str, Any]) -> Page:
    """A bar and a line per TODO."""
    points: dict[str, float] = {}
    for check in checks:
        points[check.todo] = points.get(check.todo, 0.0) + check.points
    states = {todo: stored.get(todo, {}) for todo in points}
    earned = sum(float(state.get("earned", 0)) for state in states.values())
    total = sum(points.values())
    share = earned / total if total else 0.0
    title = f"{assignment}: {earned:g} of {total:g} points"
    lines = [title, "[" + "█" * round(30 * share) + "░" * (30 - round(30 * share)) + "]"]
    rows = []
    for todo, worth in points.items():
        status = str(states[todo].get("status", NOT_ATTEMPTED))
        mark, colour = _MARK.get(status, "✗"), _COLOUR.get(status, "#b2182b")
        got = float(states[todo].get("earned", 0))
        lines.append(f"  {mark} {todo}: {got:g} of {worth:g} ({status})")
        rows.append(
            f"<tr><td style='color:{colour}'>{mark}</td><td style='text-align:left'>"
            f"{html.escape(todo)}</td><td>{got:g} of {worth:g}</td><td>{status}</td></tr>"
        )
    bar = (
        "<div style='background:#ddd;width:20em'><div style='background:#1b7837;height:.6em;"
        f"width:{20 * share:.1f}em'></div></div>"
    )
    return Page(f"<b>{html.escape(title)}</b>{bar}<table>{''.join(rows)}</table>", "\n".join(lines))
