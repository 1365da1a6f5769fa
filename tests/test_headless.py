"""The run before a hand-in takes the data set that each notebook was released with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from autograder import headless, workbook
from autograder.assignments import load_source
from autograder.notebook_files import text_of
from autograder.releasing import release

DRAWN = ("scenes", "shapes3d")  # what needs no file
GLOW = "a6_glow_directions"


def put_in(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """What the parameters are after the cell that a run adds."""
    number = next(n for n, cell in enumerate(cells) if cell["metadata"].get("course_run"))
    found: dict[str, Any] = {}
    for cell in cells[number - 1 : number + 1]:
        exec(text_of(cell), found)
    return found


def solved(assignment: str, folder: Path) -> Path:
    """The solution's notebook, in a folder of its own."""
    place = folder / f"{assignment}.ipynb"
    shutil.copy(load_source(assignment).path.with_suffix(".ipynb"), place)
    return place


def test_every_notebook_runs_on_the_data_set_that_it_was_released_with(
    assignment: str, tmp_path: Path
) -> None:
    mine = workbook.read(solved(assignment, tmp_path))
    dataset = headless.drawn(mine)
    assert dataset in DRAWN
    own = put_in(headless.prepared(mine.cells))
    assert own["DATASET"] == dataset and own["TIER"] == "tiny"
    for cell in mine.cells:  # a student looks at another set
        cell["source"] = text_of(cell).replace(f'DATASET = "{dataset}"', 'DATASET = "mine"')
    assert put_in(headless.prepared(mine.cells))["DATASET"] == "mine"
    assert put_in(headless.prepared(mine.cells, headless.drawn(mine)))["DATASET"] == dataset


def test_a_notebook_of_rooms_draws_its_rooms(tmp_path: Path) -> None:
    """Assignment 6 in a real kernel, in its release, up to the pictures of the first training."""
    folder = release(GLOW, tmp_path / "a6")
    mine = workbook.read(solved(GLOW, folder))
    texts = [text_of(cell) for cell in mine.cells]
    last = next(n for n, text in enumerate(texts) if "train_and_val(DATASET" in text)
    cells = [c for c in mine.cells[: last + 1] if not text_of(c).startswith("check(")]
    cells[-1]["source"] = texts[last] + "\nassert ROOMS and train.shape[1] == 3\n1 / 0"
    mine.tree["cells"] = [c for c in cells if c["cell_type"] == "code"]
    mine.path.write_text(json.dumps(mine.tree), encoding="utf-8")
    done = headless.run(workbook.read(mine.path), 300)
    assert "ZeroDivisionError" in done.failed and not done.red
