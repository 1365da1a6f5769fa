"""Enter the results of `course grade` into nbgrader's gradebook, with nbgrader's own code.

One process writes. A submission is entered as `nbgrader autograde` would: student and submission
are made, the notebook with its verdicts goes to `autograded/`, and nbgrader's `SaveAutoGrades` and
`AssignLatePenalties` read the points from it. So formgrader, hand-graded cells, comments, late
days and feedback work as ever, and both ways to grade give the same marks.
"""

from __future__ import annotations

import contextlib
import shutil
import warnings
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGrader
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, OverwriteCells, SaveAutoGrades
from sqlalchemy.exc import OperationalError, SAWarning
from tqdm import tqdm

from autograder.building import write_atomically
from autograder.grading import Result, notebook_of
from autograder.nbgrader_judge import TakenDirectory, forget_scores, guarded
from starter_code.errors import CourseError


def enter(results: list[Result], out: Path, course: Path) -> None:
    """Enter results into the gradebook of the course folder that holds `nbgrader_config.py`.

    Args:
        out: where `course grade` has written; the notebooks with verdicts lie there.

    Raises:
        CourseError: no course folder, the assignment is not in the gradebook, or another process
            holds the gradebook for too long. What was entered stays, and may be entered again.
    """
    directory = course_directory(course)
    try:
        with warnings.catch_warnings():  # nbgrader's own, of every insertion
            warnings.simplefilter("ignore", SAWarning)
            for result in tqdm(results, desc="gradebook", unit="student"):
                _enter_one(result, notebook_of(out, result.student), directory)
    except MissingEntry:
        name = results[0].assignment
        raise CourseError(
            f"The gradebook {directory.db_url} does not know {name}; run "
            f"`nbgrader generate_assignment {name}` in {course} first."
        ) from None
    except OperationalError as error:
        raise CourseError(
            f"The gradebook {directory.db_url} cannot be written ({error.orig}): close what else "
            "uses it and run the same command again; nothing is graded twice."
        ) from None


def course_directory(course: Path) -> TakenDirectory:
    """The folders and the database that `nbgrader_config.py` of a course names.

    Raises:
        CourseError: there is no such file.
    """
    if not (course / "nbgrader_config.py").is_file():
        raise CourseError(f"{course} holds no nbgrader_config.py; give the course's folder.")
    app = NbGrader()
    with contextlib.chdir(course):
        app.load_config_file()
        return guarded(CourseDirectory(parent=app))


def _enter_one(result: Result, notebook: Path, directory: TakenDirectory) -> None:
    assignment, student = result.assignment, result.student
    names: dict[str, Any] = {
        "student": student,
        "assignment": assignment,
        "notebook": assignment,
        "db_url": directory.db_url,
    }
    handed_in = directory.format_path(directory.submitted_directory, student, assignment)
    with Gradebook(directory.db_url, directory.course_id) as gradebook:
        gradebook.find_assignment(assignment)
        gradebook.update_or_create_student(student)
        when = directory.get_existing_timestamp(handed_in)
        more = {"timestamp": when} if when else {}
        gradebook.update_or_create_submission(assignment, student, **more)
    forget_scores(names)
    resources: Any = {"nbgrader": names}
    tree = nbformat.read(notebook, as_version=4)
    for step in (OverwriteCells, SaveAutoGrades, AssignLatePenalties):
        tree, resources = step(parent=directory.parent).preprocess(tree, resources)
    place = Path(directory.format_path(directory.autograded_directory, student, assignment))
    shutil.rmtree(place, ignore_errors=True)
    write_atomically(place / f"{assignment}.ipynb", nbformat.writes(tree) + "\n")
