"""Run a notebook from the top in a process of its own, in a folder of its own, against the clock.

The student's folder is lent by links and the data by one more; what the notebook writes to `runs`
goes to the scratch folder, so that no finished training is overwritten by one of a few seconds.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignments import repository
from autograder.notebook_files import Raw, role, text_of
from autograder.release_text import released
from autograder.workbook import Workbook, first_line, guess
from starter_code.errors import CourseError

NOT_LENT = ("runs", "backups", "handed_in", ".ipynb_checkpoints", "__pycache__")
PARAMETERS = {"TIER": "tiny", "RESUME": False}
DATASET = re.compile(r"""^DATASET = ["'](\w+)["']""", re.M)


@dataclass
class Run:
    """What came of a run.

    Attributes:
        failed: which cell stopped it and what it raised, "" if it came to its end.
        red: TODOs whose check did not pass, as they said themselves.
    """

    failed: str = ""
    red: dict[str, str] = field(default_factory=dict)


def run(workbook: Workbook, seconds: float) -> Run:
    """Run every cell at the tier `tiny`, on the data set of its release, which is drawn.

    A red check does not stop it, any other error does.
    """
    import nbformat
    from jupyter_core.utils import run_sync
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from tqdm import tqdm

    cells = prepared(workbook.cells, drawn(workbook))
    tree = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook = nbformat.from_dict(json.loads(json.dumps(tree)))
    end = time.monotonic() + seconds
    at = [0]
    kernel, problem = _kernel(), ""
    with _scratch(workbook.path.parent) as folder, _surroundings():
        client = NotebookClient(
            notebook,
            km=kernel,
            timeout_func=lambda _: max(1, round(end - time.monotonic())),
            resources={"metadata": {"path": str(folder)}},
        )
        code = sum(cell["cell_type"] == "code" for cell in cells)
        with tqdm(total=code, desc=f"running {workbook.path.name}", unit="cell") as bar:
            client.on_cell_start = lambda cell, cell_index: at.__setitem__(0, cell_index)
            client.on_cell_executed = lambda **_: bar.update()
            try:
                client.execute(stderr=subprocess.DEVNULL)
            except CellTimeoutError:
                problem = f"it was not at its end after {seconds:g} seconds"
            except DeadKernelError:
                problem = "it ended Python (out of memory, or a call of exit)"
            except CellExecutionError as error:
                problem = _raised(error.ename, error.evalue)
            finally:
                run_sync(kernel.shutdown_kernel)(now=True)
    where = ""
    if problem:
        cell = cells[at[0]]
        where = f"cell {_number(cells, at[0])} (`{first_line(cell)}`) stopped: {problem}"
    return Run(where, _red(notebook.cells))


def _raised(name: str, text: str) -> str:
    if name == "NotImplementedError":
        return "NotImplementedError: a TODO that it needs is not attempted"
    return f"{name}: {_short(text)}"


def _short(text: str) -> str:
    return " ".join(str(text).split())[:300]


def _number(cells: list[Raw], at: int) -> int:
    """The cell's place in the student's notebook, from 1."""
    return sum(not cell["metadata"].get("course_run") for cell in cells[: at + 1])


def drawn(workbook: Workbook) -> str:
    """The data set that the notebook was released with, "" if its release is not here.

    Every assignment is released with one that is drawn: nothing has to be fetched for it.
    """
    name = guess(workbook.path) if workbook.path.is_file() else ""
    try:
        cells = released(name, workbook.path.parent) if name else []
    except CourseError:
        return ""
    texts = [text_of(cell) for cell in cells if _is_parameters(cell)]
    return next((found[1] for found in map(DATASET.search, texts) if found), "")


def _is_parameters(cell: Raw) -> bool:
    tags = cell["metadata"].get("tags", [])
    return "parameters" in tags or text_of(cell).lstrip().startswith("import os\n\nTIER =")


def prepared(cells: list[Raw], dataset: str = "") -> list[Raw]:
    """The cells without outputs, set to the tier `tiny` and a data set; checks may fail."""
    parameters = PARAMETERS | ({"DATASET": dataset} if dataset else {})
    found = []
    for n, cell in enumerate(copy.deepcopy(cells)):
        cell = {"id": f"c{n}", "cell_type": cell["cell_type"], "metadata": cell["metadata"]}
        cell["source"] = text_of(cells[n])
        if cell["cell_type"] != "code":
            found.append(cell)
            continue
        cell |= {"outputs": [], "execution_count": None}
        is_parameters = _is_parameters(cell)
        if role(cell)[0] == "check":
            cell["metadata"] = {"tags": ["raises-exception"]}
        found.append(cell)
        if is_parameters:
            names = [name for name in parameters if f"\n{name} =" in f"\n{cell['source']}"]
            source = "\n".join(f"{name} = {parameters[name]!r}" for name in names)
            extra = {"id": f"p{n}", "metadata": {"course_run": True}, "source": source}
            found.append({**cell, **extra})
    return found


def _red(cells: list[Any]) -> dict[str, str]:
    found = {}
    for cell in cells:
        kind, name = role(cell)
        errors = [o for o in cell.get("outputs", []) if o.get("output_type") == "error"]
        if kind == "check" and errors:
            found[name] = _short(errors[0].get("evalue", ""))
    return found


def _kernel() -> Any:
    """A kernel of this very Python, whatever kernels are installed."""
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class Own(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name=kernel_name, language="python")

    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=Own())


@contextmanager
def _surroundings() -> Iterator[None]:
    """The tier and the course's modules for the process that runs the notebook."""
    before = dict(os.environ)
    paths = [str(repository()), *filter(None, [before.get("PYTHONPATH", "")])]
    os.environ.update(COURSE_TIER="tiny", COURSE_RESUME="0", PYTHONPATH=os.pathsep.join(paths))
    os.environ["MPLBACKEND"] = "agg"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A folder that looks like the student's but for `runs`."""
    with tempfile.TemporaryDirectory(prefix="course-run-") as scratch:
        for path in folder.resolve().iterdir():
            if path.name in NOT_LENT:
                continue
            place = Path(scratch) / path.name
            try:
                os.symlink(path, place, target_is_directory=path.is_dir())
            except OSError:  # Windows asks for a right that few have
                if path.is_file():
                    shutil.copy(path, place)
        yield Path(scratch)


def load(script: Path, seconds: float) -> Run:
    """Run the definitions of an exported `models.py`."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='models')"
    with _scratch(script.parent) as folder, _surroundings():
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, script.name],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired:
            return Run(f"{script.name} was not at its end after {seconds:g} seconds")
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return Run(f"{script.name} stopped: {_short(lines[-1] if lines else 'it ended Python')}")
    return Run()
