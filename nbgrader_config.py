"""nbgrader as it stands: sources in `solutions`, releases in `assignments`."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821  (nbgrader's loader defines it)

# nbgrader calls `alembic` and the kernel by name: find them without an activated environment.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Notebooks read their tier from here: grading and validating train for seconds, not minutes.
os.environ.setdefault("COURSE_TIER", "tiny")

c.CourseDirectory.course_id = "show-tell-imagine"
c.CourseDirectory.root = str(Path(__file__).resolve().parent)
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
# Everything of an assignment's source folder is released but the notebook's own Python files.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "*.py",
    "data",
    "runs",
]
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()"}
c.ClearSolutions.begin_solution_delimeter = "BEGIN SOLUTION"
c.ClearSolutions.end_solution_delimeter = "END SOLUTION"
c.IncludeHeaderFooter.header = ""
c.OverwriteCells.add_missing_cells = True
c.GenerateAssignment.permissions = 644
c.Execute.timeout = 300  # of `nbgrader validate`, which a student runs on the own notebook
c.Execute.raise_on_iopub_timeout = False

# Submissions are read by our exporter and judged behind the wall; no kernel ever runs them.
# Named as texts, so that other commands of nbgrader need not load torch.
c.Autograde.exporter_class = "autograder.nbgrader_judge.JudgeExporter"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "autograder.nbgrader_judge.JudgeExecute",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
