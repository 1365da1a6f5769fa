"""What a student gets: a folder that works without the repository, and the form for an editor.

course release a2 --to DIR     notebook, frozen values, starter code, the part of the autograder
                               that checks and students' commands need: no solution, no mistake,
                               no alternative
course export a2 --to DIR      models.py with #TODOs, and train, test and caption notebooks
course cluster pack --to DIR   what a machine that runs submissions needs: the whole engine, and of
                               each assignment the two files that students get
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.assignments import repository
from autograder.building import KERNEL
from autograder.files import write_atomically
from autograder.release_text import FOLDER
from starter_code.errors import CourseError

# What a release runs: the notebook's verbs, the student's commands, the process of `course check`.
# They and what they import are packed; nothing of it knows a solution.
ENTRIES = ("__init__", "__main__", "notebook", "student_cli", "worker")
# The later notebooks repeat the earlier stages: a finished training is taken from its checkpoint.
STAGE_FILES = {
    "train": ("see", "train"),
    "test": ("see", "train", "test"),
    "caption": ("see", "train", "test", "look"),
}


def built_notebook(assignment: str) -> Path:
    """The released notebook in the repository.

    Raises:
        CourseError: if it has not been built.
    """
    path = repository() / "assignments" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        raise CourseError(f"{assignment} has not been built; run `course build {assignment}`.")
    return path


def pack(to: Path) -> Path:
    """Write what a machine that runs submissions needs: engine, probes, starter code, releases.

    Of `assignments` it takes what is generated and nothing else: whoever tried a notebook there may
    have left answers beside it.

    Raises:
        CourseError: the folder is not empty.
    """
    if to.exists() and any(to.iterdir()):
        raise CourseError(f"{to} is not empty; give a new folder.")
    to.mkdir(parents=True, exist_ok=True)
    junk = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "runs", "data")
    for name in ("autograder", "starter_code"):
        shutil.copytree(repository() / name, to / name, ignore=junk)
    for path in repository().glob("assignments/*/*"):
        name = path.parent.name
        if path.name in (f"{name}.ipynb", f"{name}.checks.json"):
            (to / "assignments" / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to / "assignments" / name)
    for name in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "LICENSE-texts"):
        shutil.copy(repository() / name, to / name)
    return _readable(to)


def release(assignment: str, to: Path) -> Path:
    """Write the release of an assignment into the folder `to`.

    Raises:
        CourseError: if the folder holds other files, so that no answer is ever overwritten.
    """
    notebook = built_notebook(assignment)
    if to.exists() and any(to.iterdir()):
        raise CourseError(f"{to} is not empty; give a new folder, so that no answer is lost.")
    to.mkdir(parents=True, exist_ok=True)
    shutil.copy(notebook, to / notebook.name)
    shutil.copy(notebook.with_suffix("").with_suffix(".checks.json"), to)
    root = repository()
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(root / "starter_code", to / "starter_code", ignore=ignore)
    (to / "autograder" / "checks").mkdir(parents=True)
    for name in student_modules(assignment):
        shutil.copy(root / f"autograder/{name}.py", to / f"autograder/{name}.py")
    (to / FOLDER).mkdir()
    shutil.copy(notebook, to / FOLDER / notebook.name)  # the text for `course reset` and `update`
    shutil.copy(root / "autograder/checks/__init__.py", to / "autograder/checks")
    for name in ("environment.yml", "constraints.txt", "LICENSE", "LICENSE-texts"):
        shutil.copy(root / name, to)
    write_atomically(to / "README.md", _readme(assignment))
    return _readable(to)


def _readable(folder: Path) -> Path:
    """Let everybody read what is handed out, whatever the rights were where it was made."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    return folder


def student_modules(assignment: str) -> list[str]:
    """The modules of the autograder that a release carries: ENTRIES, probes, all they import."""
    found: set[str] = set()
    waiting = [*ENTRIES, f"checks/{assignment}"]
    while waiting:
        name = waiting.pop()
        path = repository() / "autograder" / f"{name}.py"
        if name in found or name == "cli" or not path.is_file():
            continue
        found.add(name)
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "autograder":
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("autograder."):
                waiting.append(str(node.module).split(".")[1])
    return sorted(found)


def _readme(assignment: str) -> str:
    return f"""# {assignment}

    conda env create -f environment.yml && conda activate show-tell-imagine
    jupyter lab {assignment}.ipynb

Without conda: `python -m venv .venv`, activate it, and `pip install` the packages that
`environment.yml` lists, with `-c constraints.txt`.

Fill the cells that begin with `# TODO` and run the check below each. Start Jupyter in this folder:
the notebook imports `starter_code` and `autograder` from it. In a terminal, in this folder too:

    python -m autograder doctor           # what this machine offers, and what to do
    python -m autograder status           # how far you are
    python -m autograder check {assignment}.ipynb
    python -m autograder reset TODO       # a TODO cell anew; the notebook as it was is kept
    python -m autograder update FOLDER    # the text of a new release; your answers stay
    python -m autograder submit           # looks, runs, and writes the file to hand in

Where a guide says `course`, say `python -m autograder`. Leave `autograder/release` alone: it holds
the text that `reset` and `update` need.
"""


# --- the handout's form ----------------------------------------------------------------------


def export(assignment: str, to: Path) -> list[Path]:
    """Write `models.py` with #TODOs and the train, test and caption notebooks; return the files.

    Raises:
        CourseError: if `models.py` is already there, so that no answer is ever overwritten.
    """
    notebook = nbformat.read(built_notebook(assignment), as_version=4)
    models = to / "models.py"
    if models.exists():
        raise CourseError(f"{models} exists already; give a new folder, so that no answer is lost.")
    write_atomically(models, _models(assignment, notebook))
    files = [models]
    for name, stages in STAGE_FILES.items():
        path = to / f"{name}.ipynb"
        write_atomically(path, nbformat.writes(_stage_notebook(notebook, stages)) + "\n")
        files.append(path)
    frozen = built_notebook(assignment).with_suffix("").with_suffix(".checks.json")
    shutil.copy(frozen, to)
    return [*files, to / frozen.name]


def _stages(notebook: NotebookNode) -> list[tuple[str, Any]]:
    """Each cell with the stage that it stands in; "" before the first."""
    stage, found = "", []
    for cell in notebook.cells:
        stage = cell.metadata.get("course", {}).get("stage", stage)
        found.append((stage, cell))
    return found


def _models(assignment: str, notebook: NotebookNode) -> str:
    """The build stage as a Python file: text as comments, checks behind a main guard."""
    parts = [f'"""{assignment}: fill every #TODO, then run `python models.py` for the checks."""']
    todos = []
    for stage, cell in _stages(notebook):
        if cell.cell_type == "code" and stage in ("", "build"):
            if "check" in cell.metadata.get("course", {}):
                todos.append(cell.metadata["course"]["check"])
            else:
                parts.append("# %%\n" + cell.source)
        elif stage == "build" and "hint" not in cell.metadata.get("course", {}):
            parts.append("# %% [markdown]\n" + re.sub(r"^", "# ", cell.source, flags=re.M))
    calls = "\n".join(f'    check("{todo}")' for todo in todos)
    parts.append(f'# %%\nif __name__ == "__main__":\n{calls}')
    return "\n\n".join(parts) + "\n"


def _stage_notebook(notebook: NotebookNode, stages: tuple[str, ...]) -> NotebookNode:
    cells = [cell for stage, cell in _stages(notebook) if stage in stages]
    again = "\nRESUME = True  # the training of train.ipynb" if "test" in stages else ""
    head = nbformat.v4.new_code_cell(f"from models import *{again}", id="models")
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=[head, *cells], metadata=metadata)
