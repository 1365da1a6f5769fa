"""Run a source notebook at the small tier and keep its outputs, fit for a repository."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from tqdm import tqdm

from autograder.assignments import repository
from starter_code.errors import CourseError

WIDGET = "application/vnd.jupyter.widget-view+json"


def run_walkthrough(
    notebook: NotebookNode, assignment: str, tier: str = "small", *, resume: bool = False
) -> NotebookNode:
    """Execute every cell in the repository's root and return the notebook with clean outputs.

    Args:
        resume: take trainings that an earlier run left in `runs`, finished or not.

    Raises:
        CourseError: naming the cell that failed and what it raised.
    """
    before = dict(os.environ)
    os.environ.update(COURSE_TIER=tier, COURSE_RESUME=str(int(resume)))
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(repository())}},
    )
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    bar = tqdm(total=len(cells), desc=f"walkthrough {assignment}", unit="cell")
    client.on_cell_executed = lambda **_: bar.update()
    try:
        client.execute()
    except CellExecutionError as error:
        raise CourseError(f"The walkthrough of {assignment} stopped: {error}") from None
    finally:
        bar.close()
        os.environ.clear()
        os.environ.update(before)
    return tidy(notebook)


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Drop progress bars, widget states, times and paths of the machine from the outputs."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [out for out in map(_tidy_output, cell.outputs) if out is not None]
    return notebook


def _tidy_output(output: Any) -> Any:
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = _clean("\n".join(line.split("\r")[-1] for line in output.text.split("\n")))
        return output if output.text.strip() else None
    data = output.get("data", {})
    if WIDGET in data:
        return None
    for kind in ("text/plain", "text/html"):
        if kind in data:
            data[kind] = _clean(data[kind])
    return output


def _clean(text: str) -> str:
    """Without the machine's folders."""
    for folder in (repository(), Path.home()):
        text = text.replace(f"{folder}/", "").replace(str(folder), ".")
    return re.sub(r" at 0x[0-9a-f]{6,}", "", text)
