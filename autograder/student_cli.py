"""The verbs of a student: status, check, doctor, reset, update, submit, data.

They are part of `course`, and of a release, where `python -m autograder VERB` runs them. What needs
torch is loaded by the verb that needs it, so that the others work where torch does not.

Exit codes: 0 done, 1 something did not pass, 2 the input cannot be used (one sentence says why).
"""

from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.files import FULL
from starter_code.errors import CourseError

if TYPE_CHECKING:
    from autograder.status import Status
    from autograder.submitting import Look

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
console = Console(highlight=False, soft_wrap=True)

Notebook = Annotated[
    Path | None, typer.Option("--notebook", help="Your file, if it has another name or place.")
]


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="A notebook or an exported models.py.")],
    assignment: Annotated[str | None, typer.Option(help="If the file does not say it.")] = None,
) -> None:
    """Run the visible checks of a notebook in a process of its own."""
    from autograder.assignments import resolve
    from autograder.local import check_file
    from autograder.workbook import assignment_of

    name = resolve(assignment) if assignment else assignment_of(notebook)
    if not all(verdict.passed for verdict in check_file(notebook, name)):
        raise typer.Exit(1)


@app.command()
def status(
    assignment: Annotated[str | None, typer.Argument(help="One, TODO by TODO; all else.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write a page here.")] = None,
) -> None:
    """Say how far you are, over all assignments or TODO by TODO."""
    from autograder import status as looking
    from autograder.assignments import resolve
    from autograder.files import save

    if assignment:
        statuses = [looking.status(resolve(assignment))]
        console.print(_one(statuses[0]))
    else:
        statuses = looking.all_statuses()
        console.print(_all(statuses))
    for found in statuses:
        if found.trouble and (assignment or found.notebook):
            console.print(f"[yellow]{escape(found.assignment)}[/yellow]: {escape(found.trouble)}")
    if html is not None:
        save(html, looking.page(statuses))
        console.print(f"wrote {html}")


def _all(statuses: list[Status]) -> Table:
    from autograder.status import bar

    table = Table(box=None, pad_edge=False)
    for column in ("", "", "points", "TODOs", "report", "next"):
        table.add_column(column, no_wrap=True)
    for found in statuses:
        share = found.earned / found.points if found.points else 0.0
        table.add_row(
            found.assignment.split("_")[0],
            f"[green]{bar(share)}[/green]",
            f"{found.earned:g} of {found.points:g}",
            f"{found.passed} of {len(found.todos)}",
            f"{found.answered} of {found.questions}",
            found.next or "[green]all passed[/green]",
        )
    return table


def _one(found: Status) -> Table:
    from autograder.status import COLOURS, bar

    place = f" ({found.notebook})" if found.notebook else ""
    table = Table(
        title=f"{found.assignment}: {found.earned:g} of {found.points:g} points{place}",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in ("TODO", "", "points", "state", "minutes"):
        table.add_column(column, no_wrap=True)
    for todo in found.todos:
        colour = COLOURS.get(todo.state, "bright_black")
        share = todo.earned / todo.points if todo.points else 0.0
        cells = [todo.name, f"[{colour}]{bar(share, 10)}[/{colour}]"]
        cells += [f"{todo.earned:g} of {todo.points:g}", f"[{colour}]{todo.state}[/{colour}]"]
        table.add_row(*cells, str(todo.minutes or ""))
    table.add_row("report", "", "", f"{found.answered} of {found.questions} answered", "")
    return table


@app.command()
def doctor(
    grading: Annotated[bool, typer.Option("--grading", help="A class is graded here.")] = False,
    data: Annotated[Path, typer.Option(help="Folder of the data sets.")] = Path("data"),
) -> None:
    """Say what this machine offers to the course, and what to do about what is missing."""
    from autograder.doctor import MISSING, examine

    colours = {"ok": "green", "warning": "yellow", "missing": "red"}
    findings = examine(data, grading)
    for finding in findings:
        colour = colours[finding.state]
        said = escape(f"{finding.subject}: {finding.seen}")
        console.print(f"[{colour}]{finding.state:8}[/{colour}] {said}")
        if finding.advice:
            console.print(f"         {escape(finding.advice)}")
    if any(finding.state == MISSING for finding in findings):
        raise typer.Exit(2)


@app.command()
def reset(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[ASSIGNMENT] [TODO]", help="a2 attention")
    ] = None,
    notebook: Notebook = None,
    every: Annotated[bool, typer.Option("--all", help="Every TODO of the notebook.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put the stub back into a TODO cell; the notebook as it was is kept in `backups`."""
    from autograder.resetting import reset as put_back
    from autograder.workbook import pick

    given, todos = _assignment_first(words or [])
    if every == bool(todos):
        raise CourseError("Say which TODO to reset, such as `course reset a2 attention`, or --all.")
    name, path = pick(given, notebook)
    if every and not yes and not typer.confirm(f"Reset every TODO of {path}?"):
        raise CourseError("Nothing was changed.")
    done = put_back(name, path, todos)
    for note in done.notes:
        console.print(escape(note))
    if done.backup is not None:
        console.print(f"Stub again: {', '.join(done.done)} in {escape(str(path))}.")
        console.print(f"As it was: {escape(str(done.backup))}")
        console.print("If the notebook is open in Jupyter, reload it from the disk before saving.")


def _assignment_first(words: list[str]) -> tuple[str, list[str]]:
    """Split `a2 attention bleu`: an assignment, if the first word is one, and TODOs."""
    from autograder.assignments import known

    names = {short for name in known() for short in (name, name.split("_")[0])}
    return (words[0], words[1:]) if words and words[0] in names else ("", words)


@app.command()
def update(
    release: Annotated[Path, typer.Argument(help="The new release, unpacked, or its notebook.")],
    notebook: Notebook = None,
) -> None:
    """Take the text of a new release over; your answers and your own cells stay."""
    from autograder.new_release import update as bring
    from autograder.workbook import pick

    name, path = pick("", notebook) if notebook else _of_release(release)
    done = bring(name, path, release)
    for word in ("added", "changed", "removed", "restored"):
        cells = getattr(done.update, word)
        listed = "; ".join(cells[:8]) + (f"; and {len(cells) - 8} more" if len(cells) > 8 else "")
        if cells:
            console.print(escape(f"{word} {len(cells)}: {listed}"))
    for note in done.update.notes:
        console.print(escape(note))
    if done.files:
        console.print(f"{len(done.files)} files around the notebook are new.")
    if not done.backups and not done.files:
        console.print(f"{escape(str(path))} has the text of this release already.")
    for backup in done.backups:
        console.print(f"As it was: {escape(str(backup))}")


def _of_release(release: Path) -> tuple[str, Path]:
    """The assignment that a release is of, with its notebook here."""
    from autograder.release_text import FOLDER
    from autograder.workbook import guess, pick

    names = [path.stem for path in (release / FOLDER).glob("*.ipynb")]
    if not names and release.is_file():
        names = [name for name in [guess(release)] if name]
    return pick(names[0] if len(names) == 1 else "", None)


@app.command()
def submit(
    assignment: Annotated[str | None, typer.Argument(help="Such as a2.")] = None,
    notebook: Notebook = None,
    to: Annotated[Path | None, typer.Option("--to", help="Folder; handed_in by default.")] = None,
    no_run: Annotated[bool, typer.Option("--no-run", help="Do not run it first.")] = False,
    anyway: Annotated[bool, typer.Option("--anyway", help="Also with cells that fail.")] = False,
    limit: Annotated[float, typer.Option(min=1, help="Seconds that the run may take.")] = 900,
) -> None:
    """Look whether your notebook is whole and runs, and write the file to hand in."""
    from autograder import submitting
    from autograder.workbook import pick

    name, path = _script(assignment) if notebook is None else ("", None)
    if path is None:
        name, path = pick(assignment or "", notebook)
    looked = submitting.look(name, path)
    for line in _looked(looked):
        console.print(escape(line))
    troubles = []
    if looked.missing:
        troubles.append(
            f"{path} lacks cells of the release: {', '.join(looked.missing)}; `course reset` puts "
            "a TODO back, `course update` with your release all others"
        )
    if not no_run:
        ran = submitting.trial(path, limit)
        for todo, said in ran.red.items():
            console.print(escape(f"check not passed: {said or todo}"))
        troubles += [f"{path}: {ran.failed.rstrip('.')}"] if ran.failed else []
    if troubles and not anyway:
        raise CourseError(
            f"{'. '.join(troubles)}. Nothing was written; --anyway writes it as it is."
        )
    for trouble in troubles:
        console.print(escape(f"Handed in anyway: {trouble}."))
    place, earlier, notes = submitting.hand_in(name, path, to or path.parent / "handed_in")
    for note in notes:
        console.print(escape(note))
    if earlier is not None:
        console.print(f"What you handed in before: {escape(str(earlier))}")
    console.print(escape(f"Hand in this file: {place}\n{submitting.receipt(place)}"))
    if looked.open or looked.unanswered:
        console.print(f"Mind: {escape('. '.join(_looked(looked)))}.")


def _script(assignment: str | None) -> tuple[str, Path | None]:
    """An exported `models.py` in this folder, if no notebook of its assignment lies beside it."""
    from autograder.assignments import resolve
    from autograder.workbook import guess, notebooks

    script = Path("models.py")
    if not script.is_file():
        return "", None
    name = guess(script)
    if not name or (assignment and resolve(assignment) != name):
        return "", None
    beside = [path for path in notebooks(Path.cwd()) if path.stem == name]
    return ("", None) if beside else (name, script)


def _looked(looked: Look) -> list[str]:
    """What a look says, also when all is well."""
    done = looked.todos - len(looked.open)
    lines = [f"TODOs attempted: {done} of {looked.todos}"]
    if looked.open:
        lines[0] += f"; not attempted: {', '.join(looked.open)}"
    if looked.questions:
        written = looked.questions - len(looked.unanswered)
        lines.append(f"Report cells written: {written} of {looked.questions}")
        if looked.unanswered:
            lines[1] += f"; unchanged: {', '.join(looked.unanswered)}"
    return lines


# --- running -----------------------------------------------------------------------------------


def run(course: typer.Typer) -> None:
    """Run a command line; a user's mistake is one sentence and exit code 2."""
    _add_data(course)
    try:
        course()
    except CourseError as error:
        _end(str(error))
    except OSError as error:
        place = error.filename or "this"
        if error.errno in FULL:
            _end(
                f"No space is left where {place} is written: free some and run the same command "
                "again; what is done stays done."
            )
        if error.errno not in (errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        _end(f"{place} cannot be read or written ({error.strerror}): look at who may, and retry.")
    except ImportError as error:
        if (error.name or "").split(".")[0] in ("autograder", "starter_code"):
            raise
        _end(f"A package does not load ({error}): `course doctor` says what to do.")


def _end(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(2)


def _add_data(course: typer.Typer) -> None:
    """`course data`, whose sets need torch: without it the verb says so."""
    told = "Make, fetch, find and check data sets."
    try:
        from starter_code.data_cli import app as data_app
    except (ImportError, OSError) as error:
        reason = str(error)

        def data() -> None:
            raise CourseError(f"torch does not load ({reason}): `course doctor` says what to do.")

        anything = {"allow_extra_args": True, "ignore_unknown_options": True}
        course.command("data", help=told, context_settings=anything)(data)
        return
    course.add_typer(data_app, name="data", help=told)


def main() -> None:
    """The student's command line of a release."""
    run(app)


if __name__ == "__main__":
    main()
