"""The command line `course`: from building an assignment to grading a class.

The verbs of students stand in `student_cli`.

Exit codes: 0 done, 1 something did not pass, 2 the input cannot be used (one sentence says why).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from autograder import assignments, student_cli
from starter_code.errors import CourseError

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__.splitlines()[0])
app.add_typer(student_cli.app)  # no name: its verbs stand beside these
console = Console()

Assignment = Annotated[str, typer.Argument(help="Such as a2 or a2_attention_decoder.")]
Isolation = Annotated[str | None, typer.Option(help="namespaces, or none for code that you trust.")]
To = Annotated[Path, typer.Option("--to", help="Folder to write to.")]


def _each(name: str | None) -> list[str]:
    return [assignments.resolve(name)] if name else assignments.names()


@app.command()
def build(
    assignment: Annotated[str | None, typer.Argument(help="One of them; all by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what is stale.")] = False,
    execute: Annotated[bool, typer.Option("--execute", help="Run the walkthrough.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Take trainings found in runs.")] = False,
) -> None:
    """Make notebooks, frozen values and the syllabus table from the sources."""
    from autograder import building

    if check:
        problems = [text for name in _each(assignment) for text in building.stale(name)]
        problems += building.stale_syllabus()
        for problem in problems:
            console.print(f"[red]stale[/red] {problem}")
        if problems:
            raise typer.Exit(1)
        console.print("Everything that is generated fits its source.")
        return
    for name in _each(assignment):
        for path in building.build(name, execute=execute, resume=resume):
            console.print(f"wrote {path.relative_to(assignments.repository())}")


@app.command()
def release(assignment: Assignment, to: To) -> None:
    """Write what a student gets: notebook, frozen values, starter code, checks."""
    from autograder import releasing

    folder = releasing.release(assignments.resolve(assignment), to)
    console.print(f"Released to {folder}; hand out the whole folder.")


@app.command()
def export(
    assignment: Assignment,
    to: To,
    py: Annotated[bool, typer.Option("--py", help="The handout's form (the only one).")] = True,
) -> None:
    """Write models.py with #TODOs and the train, test and caption notebooks."""
    from autograder import releasing

    for path in releasing.export(assignments.resolve(assignment), to):
        console.print(f"wrote {path}")


@app.command()
def grade(
    assignment: Assignment,
    submitted: Annotated[Path, typer.Option(help="Folder with a folder or file per student.")],
    out: Annotated[Path | None, typer.Option(help="Where grades and feedback go.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes here; one per core.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the hidden inputs; new by default.")] = None,
    isolation: Isolation = None,
    students: Annotated[str, typer.Option(help="Only these, anew; names with commas.")] = "",
    gradebook: Annotated[
        Path | None, typer.Option(help="Course folder whose nbgrader gradebook is filled.")
    ] = None,
    cluster: Annotated[str, typer.Option(help="HOST:PORT of a Dask scheduler.")] = "",
    keys: Annotated[Path | None, typer.Option(help="Folder of `course cluster keys`.")] = None,
    gates: Annotated[bool, typer.Option("--gates", help="Also train the models.")] = False,
) -> None:
    """Grade a folder of submissions and write grades and feedback."""
    from autograder import grading

    name = assignments.resolve(assignment)
    folder = out or grading.default_output(name)
    results = grading.grade_class(
        name,
        submitted,
        folder,
        jobs=jobs,
        seed=seed,
        isolation=isolation,
        students=[student for student in students.split(",") if student],
        cluster=cluster,
        keys=keys,
        gates=gates,
    )
    if gradebook is not None:
        from autograder.gradebook import enter

        enter(results, folder, gradebook)
    show_gradebook(results)
    console.print(f"Grades: {folder / 'grades.csv'}; feedback: {folder / 'index.html'}")


cluster_app = typer.Typer(no_args_is_help=True, help="Grade on a room of machines (Dask).")
app.add_typer(cluster_app, name="cluster")


@cluster_app.command()
def keys(to: To) -> None:
    """Make the key and the certificate with which machines of a room know each other."""
    from autograder import room

    for path in room.make_keys(to):
        console.print(f"wrote {path}")


@cluster_app.command()
def pack(to: To) -> None:
    """Write the folder that lab machines install: no solution, no mistake, no submission."""
    from autograder import releasing

    folder = releasing.pack(to)
    console.print(f"wrote {folder}; there: pip install -c constraints.txt -e '.[cluster]'")


@cluster_app.command()
def slurm(
    keys: Annotated[Path, typer.Option(help="Folder of `course cluster keys`.")],
    host: Annotated[str, typer.Option(help="This machine as the nodes know it.")],
    workers: Annotated[int, typer.Option(help="Jobs to ask for, one core each.")] = 8,
    port: Annotated[int, typer.Option(help="Of the scheduler on this machine.")] = 8786,
    partition: Annotated[str, typer.Option(help="Slurm's partition.")] = "",
    memory: Annotated[str, typer.Option(help="Of each job.")] = "10GB",
    gpus: Annotated[bool, typer.Option("--gpus", help="A GPU for each worker.")] = False,
) -> None:
    """Open a room whose workers are Slurm jobs; hold it until interrupted."""
    from autograder.slurm import hold

    hold(workers, keys, f"{host}:{port}", partition=partition, gpus=gpus, memory=memory)


@app.command()
def regrade(
    assignment: Assignment,
    submitted: Annotated[Path, typer.Option(help="Folder with a folder or file per student.")],
    out: Annotated[Path | None, typer.Option(help="Where the grades and their log are.")] = None,
    isolation: Isolation = None,
    students: Annotated[str, typer.Option(help="Grade these anew; names with commas.")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Prove the grade log instead.")] = False,
) -> None:
    """Grade students anew, or prove the log: its seals, and each grade by grading it again."""
    from autograder import grading, verifying

    name = assignments.resolve(assignment)
    folder = out or grading.default_output(name)
    if not verify:
        if not students:
            raise CourseError("Say whom to grade anew by --students, or prove the log by --verify.")
        grade(assignment, submitted, out=out, isolation=isolation, students=students)
        return
    differences = verifying.verify_log(name, submitted, folder, isolation)
    for difference in differences:
        console.print(f"[red]differs[/red] {difference}")
    if differences:
        raise typer.Exit(1)
    console.print("Every grade of the log is reproduced, and no line was changed.")


@app.command()
def marks(
    assignment: Assignment,
    to: To,
    form: Annotated[str, typer.Option(help="csv, canvas, moodle, gradescope, markdown.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="Where `course grade` has written.")] = None,
    late: Annotated[Path | None, typer.Option(help="A late policy (JSON).")] = None,
    submitted: Annotated[Path | None, typer.Option(help="Folder with the time stamps.")] = None,
) -> None:
    """Write the marks in the form of a platform, lateness and extensions applied."""
    from autograder import exports, grading

    name = assignments.resolve(assignment)
    results = exports.stored_results(out or grading.default_output(name))
    policy = exports.LatePolicy.read(late) if late else None
    times = exports.times_of(submitted, name) if submitted else {}
    for path in exports.write(form, exports.marks(results, policy, times), to):
        console.print(f"wrote {path}")


@app.command()
def reproduce(
    source: Annotated[str | None, typer.Argument(help="Which source: dsic or disgu.")] = None,
    every: Annotated[bool, typer.Option("--all", help="One page with all sources.")] = False,
    tier: Annotated[str, typer.Option(help="tiny, small or full.")] = "small",
    dataset: Annotated[
        str | None,
        typer.Option(help="scenes (dsic's default), senticap or flickrstyle10k; shapes3d (disgu)."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many seeds, from 0.")] = 3,
    root: Annotated[Path, typer.Option(help="Folder of the data sets.")] = Path("data"),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for trainings and report; runs/<source> if not given."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at once.")] = 1,
) -> None:
    """Measure a source's tables again, with the reference solutions; goes on where it stopped."""
    if seeds < 1:
        raise CourseError("At least one seed is needed: give --seeds 1 or more.")
    several = tuple(range(seeds))
    if every:
        from autograder.reproductions import Wanted, one_page

        for path in one_page(Wanted(tier, several, root, out or Path("runs"), jobs)):
            console.print(f"wrote {path}")
        return
    from autograder import reproduce as dsic
    from autograder import reproduce_disgu as disgu
    from autograder.studies import Study

    if source == "dsic":
        study = Study(dataset or "scenes", tier, several, root, out or Path("runs/dsic"))
        console.print(f"wrote {dsic.reproduce(study, jobs)}")
    elif source == "disgu":
        study = Study(dataset or "shapes3d", tier, several, root, out or Path("runs/disgu"))
        console.print(f"wrote {disgu.reproduce(study, jobs)}")
    else:
        raise CourseError(
            f"There is no source {source!r} to measure again: there are dsic and disgu."
        )


@app.command()
def leaderboard(
    assignment: Assignment,
    submitted: Annotated[Path, typer.Option(help="Folder with a folder per student.")],
    to: To,
    tier: Annotated[str, typer.Option(help="Tier of the captioned test pictures.")] = "small",
    dataset: Annotated[str, typer.Option(help="scenes, or a real data set.")] = "scenes",
) -> None:
    """Score what students handed in (predictions.json: captions, pictures, codes) and rank it."""
    from autograder import code_board, picture_board
    from autograder import leaderboard as ranking
    from starter_code.captioning import datasets as captioning
    from starter_code.stylized import preparing as stylized
    from starter_code.text_to_image import preparing as imagined

    name = assignments.resolve(assignment)
    if name.startswith("a5"):
        drawn = picture_board.board(name, submitted, imagined.prepare(tier, dataset=dataset), tier)
        for path in picture_board.write_board(drawn, to):
            console.print(f"wrote {path}")
        return
    if name.startswith("a6"):
        for path in code_board.write_board(code_board.board(name, submitted), to):
            console.print(f"wrote {path}")
        return
    prepare = stylized.prepare if name[:2] in ("a3", "a4") else captioning.prepare
    rows = ranking.board(name, submitted, prepare(dataset, tier))
    for path in ranking.write_board(rows, to):
        console.print(f"wrote {path}")


@app.command()
def similarity(
    assignment: Assignment,
    submitted: Annotated[Path, typer.Option(help="Folder with a folder or file per student.")],
    to: To,
    threshold: Annotated[float, typer.Option(help="Share of an answer that must match.")] = 0.5,
    isolation: Isolation = None,
) -> None:
    """List answers that resemble each other or the published solution; for instructors only."""
    from autograder import similarity as comparing
    from autograder import similarity_page

    similarity_page.refuse_feedback(to)
    name = assignments.resolve(assignment)
    report = comparing.compare_class(name, submitted, threshold, isolation)
    for path in similarity_page.write_report(report, to):
        console.print(f"wrote {path}")


def show_gradebook(results: list) -> None:  # type: ignore[type-arg]
    """Print a row per student, a column per TODO."""
    if not results:
        return
    todos = list(dict.fromkeys(verdict.todo for verdict in results[0].verdicts))
    table = Table(title=f"{results[0].assignment}, seed {results[0].seed}")
    table.add_column("student")
    table.add_column("points", justify="right")
    for todo in todos:
        table.add_column(todo, justify="right", overflow="fold")
    for result in results:
        cells = []
        for todo in todos:
            own = [verdict for verdict in result.verdicts if verdict.todo == todo]
            colour = "green" if all(verdict.passed for verdict in own) else "red"
            cells.append(f"[{colour}]{sum(verdict.earned for verdict in own):g}[/{colour}]")
        table.add_row(result.student, f"{result.earned:g}/{result.points:g}", *cells)
    console.print(table)


@app.command("kill-table")
def kill_table(
    assignment: Annotated[str | None, typer.Argument(help="One of them; all by default.")] = None,
) -> None:
    """Prove that the checks accept right answers and reject wrong ones."""
    from autograder import kill_table as table

    broken = False
    for name in _each(assignment):
        rows = table.kill_table(name)
        print(table.text(name, rows))
        broken = broken or any(row.problem for row in rows)
    if broken:
        raise typer.Exit(1)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the demo goes.")] = Path("runs/demo"),
) -> None:
    """Release, grade a simulated class, write feedback, train the attention captioner."""
    from autograder.demo import run_demo

    index = run_demo(out)
    console.print(f"Done. Open {index}")


def main() -> None:
    """Run the command line; a user's mistake is one sentence and exit code 2."""
    student_cli.run(app)


if __name__ == "__main__":
    main()
