"""nbgrader with our judge: `nbgrader autograde`, formgrader's button and feedback, but safe.

`nbgrader_config.py` names the two classes here. Where nbgrader would read a submission in its own
process and run it in a kernel with the instructor's rights, `JudgeExporter` takes the one file,
reads it in a bounded child and hands on a notebook made anew, and `JudgeExecute` puts verdicts of
the walled judge under the check cells. Points of hand-graded cells, comments, late days and
extensions stay nbgrader's. If anything fails, the submission has no points, never last week's.
"""

from __future__ import annotations

import atexit
import glob
import os
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import parse_utc

from autograder.bank import Bank, measure
from autograder.extracting import Submission, find_file, take
from autograder.graded_notebook import rebuilt, with_verdicts
from autograder.grading import (
    LOG,
    Result,
    default_output,
    digest_of,
    grade_submission,
    log_grades,
    run_seed,
    taken,
)
from autograder.sandbox import Workers
from starter_code.errors import CourseError

MAX_TIMESTAMP = 100  # bytes


class TakenDirectory(CourseDirectory):  # type: ignore[misc]
    """The course's folders, of which a submission gives nothing but its notebook and its time."""

    def get_existing_timestamp(self, dest_path: str) -> Any:
        """The time in `timestamp.txt`, if it is a small regular file that holds one."""
        path = Path(dest_path) / "timestamp.txt"
        try:
            return parse_utc(take(path)[:MAX_TIMESTAMP].decode("ascii").strip())
        except (CourseError, ValueError, UnicodeDecodeError):
            return None


class JudgeExporter(NotebookExporter):
    """Reads submissions for nbgrader; its parent is the converter that grades them."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)  # type: ignore[no-untyped-call]
        self.taken: dict[str, tuple[Submission, str]] = {}  # with the SHA-256 of the file
        self._workers: dict[str, Workers] = {}
        self._banks: dict[str, Bank] = {}
        converter: Any = self.parent
        self.converter = converter
        converter.coursedir = guarded(converter.coursedir)
        _one_notebook_each(converter)
        atexit.register(self.close)

    def from_filename(self, filename: str, resources: Any = None, **options: Any) -> Any:
        """Sanitizing: take and read the submission, whatever it is. Then: our own notebook."""
        if not self.converter._sanitizing:
            return super().from_filename(filename, resources, **options)
        names = resources["nbgrader"]
        forget_scores(names)
        submission, digest = self._read(Path(filename).parent, names["assignment"])
        self.taken[names["student"]] = submission, digest
        notebook = rebuilt(submission, names["assignment"])
        done = self.from_notebook_node(notebook, resources)  # type: ignore[no-untyped-call]
        return done

    def _read(self, folder: Path, assignment: str) -> tuple[Submission, str]:
        linked = folder.is_symlink() or folder.parent.is_symlink()
        path = None if linked else find_file(folder, assignment)
        data, submission = taken(path, assignment)
        if path is not None and not submission.problem:
            submission = self._crew(assignment).read(path.name, data)
        return submission, digest_of(path, data)

    def _crew(self, assignment: str) -> Workers:
        if assignment not in self._workers:
            self._workers[assignment] = Workers(assignment, 1).__enter__()
        return self._workers[assignment]

    def judged(self, student: str, assignment: str) -> Result:
        """The verdicts on a submission that was read before."""
        if assignment not in self._banks:
            seed = run_seed(default_output(assignment), None)
            self._banks[assignment] = measure(assignment, seed)
        bank, crew = self._banks[assignment], self._crew(assignment)
        submission, digest = self.taken[student]
        result = grade_submission(student, submission, bank, crew, digest)
        log_grades(default_output(assignment) / LOG, [result])
        return result

    def close(self) -> None:
        """End the worker processes."""
        for workers in self._workers.values():
            workers.__exit__(None, None, None)
        self._workers = {}


class JudgeExecute(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of running the notebook: the judge's verdicts under its check cells."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Judge the submission of `resources` and write the verdicts into the notebook."""
        names = resources["nbgrader"]
        exporter: Any = self.parent
        result = exporter.judged(names["student"], names["assignment"])
        self.log.info("%s: %g of %g points", names["student"], result.earned, result.points)
        return with_verdicts(nb, result.verdicts, result.notes, result.problem), resources


def forget_scores(names: dict[str, Any]) -> None:
    """Set the automatic points of a submission to nothing, so that no old ones can stay."""
    with Gradebook(names["db_url"]) as gradebook:
        submission = gradebook.find_submission_notebook(
            names["notebook"], names["assignment"], names["student"]
        )
        for grade in submission.grades:
            if grade.cell.cell_type == "code":
                grade.auto_score = 0
                grade.needs_manual_grade = True
        gradebook.db.commit()


def guarded(directory: CourseDirectory) -> TakenDirectory:
    """The same folders, copying no file of a submission."""
    values = {name: getattr(directory, name) for name in directory.traits(config=True)}
    guarded = TakenDirectory(parent=directory.parent)
    for name, value in values.items():
        setattr(guarded, name, value)
    guarded.ignore = [*directory.ignore, "*"]
    return guarded


def _one_notebook_each(converter: Any) -> None:
    """Every submission folder has one notebook to grade, the assignment's, however it is called."""
    directory = converter.coursedir
    pattern = converter._format_source(directory.assignment_id, directory.student_id)
    for folder in sorted({*glob.glob(pattern), *converter.assignments}):
        assignment = os.path.basename(folder)
        converter.assignments[folder] = [os.path.join(folder, f"{assignment}.ipynb")]
