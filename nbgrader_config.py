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
c.Execute.timeout = 300
c.Execute.raise_on_iopub_timeout = False
