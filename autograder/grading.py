"""Grade a folder of submissions: extract, run in workers, judge, write grades and feedback.

    submitted/<student>/<assignment>/*.ipynb   nbgrader's layout
    submitted/<student>/*.ipynb                a folder per student
    submitted/<student>.ipynb                  a file per student

Everything goes to `runs/grades/<assignment>/`; each result is written as soon as it is known, so an
interrupted run is taken up where it stopped (same seed, same files).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from tqdm import tqdm

from autograder import class_summary, gpu_slot, gradelog, tamper_report
from autograder.assignments import repository
from autograder.bank import Bank, measure
from autograder.building import write_atomically
from autograder.extracting import Submission, find_file, take
from autograder.feedback import write_feedback
from autograder.graded_notebook import rebuilt, with_verdicts
from autograder.judging import NOT_ATTEMPTED, Verdict, judge_gates, judge_todo
from autograder.probes import load_checks
from autograder.room import Room
from autograder.running import Outcome
from autograder.sandbox import Crew, Workers
from autograder.tables import grades_csv
from autograder.values import clean
from starter_code.errors import CourseError
from starter_code.locks import only_run

LOG = "grades.log"  # in the folder of results; see `autograder.gradelog`


@dataclass
class Result:
    """One student's automatic grade.

    Attributes:
        submission: SHA-256 of the file that was graded, "" if there was none.
        problem: why the file could not be read, "" otherwise.
        checks: digest of what decided the grade; see `gradelog.digest_of_checks`.
        acts: what the program did beside answering; see `autograder.tampering`.
        gates: whether what was built learns; worth no points, [] if nobody asked.
    """

    student: str
    assignment: str
    seed: int
    submission: str
    notes: list[str]
    problem: str
    verdicts: list[Verdict]
    checks: str = ""
    acts: list[str] = field(default_factory=list)
    gates: list[Verdict] = field(default_factory=list)

    @property
    def earned(self) -> float:
        """Points of the checks that passed."""
        return sum(verdict.earned for verdict in self.verdicts)

    @property
    def points(self) -> float:
        """Points of all checks."""
        return sum(verdict.points for verdict in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        verdicts = [verdict.to_json() for verdict in self.verdicts]
        gates = [verdict.to_json() for verdict in self.gates]
        return {**self.__dict__, "verdicts": verdicts, "gates": gates}

    @staticmethod
    def from_json(tree: dict[str, Any]) -> Result:
        """Rebuild what `to_json` wrote."""
        verdicts = [Verdict(**item) for item in tree["verdicts"]]
        gates = [Verdict(**item) for item in tree.get("gates", [])]
        return Result(**{**tree, "verdicts": verdicts, "gates": gates})


def find_submissions(folder: Path, assignment: str) -> dict[str, Path | None]:
    """Return each student's file, None where the folder holds none.

    Raises:
        CourseError: if the folder is missing or empty.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder}; give the one with a folder per student.")
    found: dict[str, Path | None] = {}
    for place in sorted(folder.iterdir()):
        if place.is_symlink() or place.name.startswith("."):
            continue
        if place.is_dir():
            inner = place / assignment
            own = inner.is_dir() and not inner.is_symlink()
            found[place.name] = find_file(inner if own else place, assignment)
        elif place.suffix == ".ipynb":
            found[place.stem] = place
    if not found:
        raise CourseError(f"{folder} holds no submissions; expected <student>/*.ipynb in it.")
    return found


def judge_outcomes(assignment: str, outcomes: dict[str, Outcome], bank: Bank) -> list[Verdict]:
    """Verdicts of all checks of an assignment, in order."""
    checks = load_checks(assignment)
    verdicts: list[Verdict] = []
    for todo in dict.fromkeys(check.todo for check in checks):
        own = [check for check in checks if check.todo == todo]
        verdicts += judge_todo(own, outcomes, bank, strict=False)
    return verdicts


def grade_class(
    assignment: str,
    folder: Path,
    out: Path,
    *,
    jobs: int | None = None,
    seed: int | None = None,
    isolation: str | None = None,
    students: Sequence[str] = (),
    cluster: str = "",
    keys: Path | None = None,
    gates: bool = False,
) -> list[Result]:
    """Grade every submission below `folder`; write grades and feedback below `out`.

    Args:
        students: only these, graded anew even if a result is stored; all of them if empty.
        jobs: worker processes, by default one per core.
        seed: of the hidden inputs; drawn once per run and stored in `out/run.json`.
        isolation: "namespaces" (see `autograder.wall`), or "none" for code that is trusted; by
            default the first, unless COURSE_ISOLATION says otherwise.
        cluster: HOST:PORT of a Dask scheduler whose workers run the submissions; "" for here.
        keys: of the cluster (see `autograder.room`), needed for an address off loopback.
        gates: also train what each student has built, on a GPU where there is one.

    Raises:
        CourseError: no submissions, or the isolation cannot be had on a machine.
    """
    submissions = find_submissions(folder, assignment)
    unknown = sorted(set(students) - set(submissions))
    if unknown:
        raise CourseError(f"{folder} holds no submission of {', '.join(unknown)}.")
    crew: Workers | Room
    trainers: Workers | Room
    if cluster:
        crew = trainers = Room(assignment, cluster, keys, isolation)
    else:
        crew = Workers(assignment, min(jobs or os.cpu_count() or 1, len(submissions)), isolation)
        trainers = Workers(assignment, 1, isolation, range(gpu_slot.count()))
    with only_run(out):
        for student in students:
            _stored(out, student).unlink(missing_ok=True)
        seed = run_seed(out, seed)
        bank = measure(assignment, seed)
        results: dict[str, Result] = {}
        with crew as workers, ThreadPoolExecutor(max_workers=workers.places) as pool:
            print(f"Between a submission and its machine: {', '.join(workers.layers)}.")
            tasks = {
                pool.submit(_grade_surely, student, path, bank, workers, out): student
                for student, path in submissions.items()
            }
            for task in tqdm(as_completed(tasks), total=len(tasks), desc=f"grading {assignment}"):
                results[tasks[task]] = task.result()
        ordered = [results[student] for student in submissions]
        if gates:
            _run_gates(ordered, submissions, bank, out, trainers)
        log_grades(out / LOG, ordered)
        write_atomically(out / "grades.csv", grades_csv(ordered))
        _write_summary(out, ordered)
        write_feedback(out, ordered)
        tamper_report.write(out, ordered)
        return ordered


def _run_gates(
    results: list[Result],
    files: dict[str, Path | None],
    bank: Bank,
    out: Path,
    crew: Workers | Room,
) -> None:
    """Put the verdicts of training gates into the results that have none yet, and store them."""
    waiting = [result for result in results if not (result.gates or result.problem)]
    with crew as workers, ThreadPoolExecutor(max_workers=workers.places) as pool:
        where = f"{workers.gpus} GPU(s)" if workers.gpus else "the CPU at the tiny tier: no GPU"
        print(f"Training gates run on {where}.")

        def train(result: Result) -> None:
            path = files[result.student]
            data, submission = taken(path, bank.assignment)
            if path is not None and not submission.problem:
                submission = workers.read(path.name, data)
            outcomes = workers.train(submission.segments, bank.seed)
            result.gates = judge_gates(bank.assignment, outcomes, bank.seed)
            write_atomically(_stored(out, result.student), json.dumps(result.to_json()))

        for _ in tqdm(pool.map(train, waiting), total=len(waiting), desc="training gates"):
            pass


def run_seed(out: Path, seed: int | None) -> int:
    """The run's seed: given, or stored by an earlier run of this folder, or new."""
    path = out / "run.json"
    if seed is None and path.is_file():
        seed = int(json.loads(path.read_text("utf-8"))["seed"])
    seed = secrets.randbelow(2**31) if seed is None else seed
    write_atomically(path, json.dumps({"seed": seed}))
    return seed


def _grade_surely(student: str, path: Path | None, bank: Bank, workers: Crew, out: Path) -> Result:
    """A result for everybody: a submission that breaks the grader itself does not stop the run."""
    try:
        return _grade_one(student, path, bank, workers, out)
    except (CourseError, OSError):
        raise  # the machine's fault: the run ends, and is taken up when it is mended
    except Exception as error:
        problem = f"The grader failed on this submission ({type(error).__name__}: {error}); look."
        submission = Submission(problem=clean(problem[:500]))
        result = grade_submission(student, submission, bank, workers)
        _write_notebook(out, result, submission)
        return result  # not stored: the next run tries again


def _grade_one(student: str, path: Path | None, bank: Bank, workers: Crew, out: Path) -> Result:
    data, submission = taken(path, bank.assignment)
    digest = digest_of(path, data)
    stored = _stored(out, student)
    if stored.is_file() and notebook_of(out, student).is_file():
        before = Result.from_json(json.loads(stored.read_text("utf-8")))
        now = (digest, bank.seed, gradelog.digest_of_checks(bank.assignment))
        if (before.submission, before.seed, before.checks) == now:
            return before
    if path is not None and not submission.problem:
        submission = workers.read(path.name, data)
    result = grade_submission(student, submission, bank, workers, digest)
    _write_notebook(out, result, submission)
    write_atomically(stored, json.dumps(result.to_json()))
    return result


def _write_notebook(out: Path, result: Result, submission: Submission) -> None:
    notebook = rebuilt(submission, result.assignment)
    notebook = with_verdicts(notebook, result.verdicts, result.notes, result.problem)
    write_atomically(notebook_of(out, result.student), nbformat.writes(notebook) + "\n")


def _stored(out: Path, student: str) -> Path:
    return out / "results" / f"{student}.json"


def notebook_of(out: Path, student: str) -> Path:
    """A student's notebook with the verdicts, as `grade_class` writes it."""
    return out / "notebooks" / f"{student}.ipynb"


def log_grades(path: Path, results: list[Result]) -> None:
    """Append to the grade log what it does not hold as its latest word on a student."""
    latest = gradelog.latest(gradelog.verify(path)) if path.is_file() else {}
    entries = [entry_of(result) for result in results]
    gradelog.append(path, [e for e in entries if latest.get((e.student, e.assignment)) != e])


def entry_of(result: Result) -> gradelog.Entry:
    """What the log says of a result."""
    todos: dict[str, float] = {}
    for verdict in result.verdicts:
        todos[verdict.todo] = todos.get(verdict.todo, 0.0) + verdict.earned
    return gradelog.Entry(
        result.student,
        result.assignment,
        result.submission,
        result.checks,
        result.seed,
        result.earned,
        result.points,
        todos,
    )


def taken(path: Path | None, assignment: str) -> tuple[bytes, Submission]:
    """What lies in a student's file, or a submission that says why there is nothing."""
    if path is None:
        return b"", Submission(problem=f"No notebook {assignment}.ipynb found.")
    try:
        return take(path), Submission()
    except CourseError as error:
        return b"", Submission(problem=str(error))


def digest_of(path: Path | None, data: bytes) -> str:
    """SHA-256 of a student's file, "" if there is none."""
    return hashlib.sha256(data).hexdigest() if path else ""


def grade_submission(
    student: str, submission: Submission, bank: Bank, workers: Crew, digest: str = ""
) -> Result:
    """Run one program and judge it."""
    verdicts, acts = _verdicts(submission, bank, workers)
    return Result(
        student,
        bank.assignment,
        bank.seed,
        digest,
        submission.notes,
        submission.problem,
        verdicts,
        gradelog.digest_of_checks(bank.assignment),
        acts,
    )


def _verdicts(submission: Submission, bank: Bank, workers: Crew) -> tuple[list[Verdict], list[str]]:
    """Judge a program, and say what it did beside.

    All TODOs run in one process first. What passes there has passed; of what does not, each TODO
    runs again in a process of its own, so that no answer suffers from another one. A program that
    did anything beside answering runs so altogether.
    """
    todos = list(dict.fromkeys(check.todo for check in load_checks(bank.assignment)))
    if submission.problem:
        nothing = {check.key: Outcome("stub") for check in load_checks(bank.assignment)}
        verdicts = judge_outcomes(bank.assignment, nothing, bank)
        for verdict in verdicts:
            verdict.reason = submission.problem
        return verdicts, []
    untouched = {s.todo for s in submission.segments if s.todo and s.source == s.fallback}
    first = workers.run(submission.segments, bank.seed, todos, together=True)
    verdicts = judge_outcomes(bank.assignment, first.outcomes, bank)
    stubs = {v.key for v in verdicts if v.status == NOT_ATTEMPTED and v.todo in untouched}
    lost = {v.todo for v in verdicts if not v.passed and v.key not in stubs}
    again = todos if first.acts else [todo for todo in todos if todo in lost]
    if not again:
        return verdicts, []
    second = workers.run(submission.segments, bank.seed, again)
    verdicts = judge_outcomes(bank.assignment, {**first.outcomes, **second.outcomes}, bank)
    return verdicts, list(dict.fromkeys([*first.acts, *second.acts]))


def _write_summary(out: Path, results: list[Result]) -> None:
    """What the class has understood, as a table and as a picture."""
    rows = class_summary.count(results)
    write_atomically(out / "summary.md", class_summary.as_markdown(rows))
    title = f"{results[0].assignment}: {len(results)} submissions"
    write_atomically(out / "summary.png", class_summary.as_picture(rows, title))


def default_output(assignment: str) -> Path:
    """Where grades go unless told otherwise: below the folder in which the command runs."""
    return Path("runs") / "grades" / assignment


def default_submissions() -> Path:
    """nbgrader's own folder of submissions in the repository."""
    return repository() / "submitted"
