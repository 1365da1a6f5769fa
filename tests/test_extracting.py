"""Whatever happened to a notebook, the right cells are found and nothing is executed."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.cells import run_segments
from autograder.extracting import (
    Submission,
    find_file,
    read_submission,
    release_cells,
    take,
)
from autograder.graded_notebook import rebuilt

NAME = "a1_cnn_lstm_decoder"
ANSWER = (
    "# TODO encode_caption: mine\ndef encode_caption(words, word_map, max_length):\n    return 1"
)


def read(path: Path) -> Submission:
    return read_submission(path.name, take(path), NAME)


@pytest.fixture
def notebook(root: Path) -> dict[str, Any]:
    path = root / "assignments" / NAME / f"{NAME}.ipynb"
    tree = json.loads(path.read_text("utf-8"))
    todo(tree)["source"] = ANSWER
    return tree


def todo(tree: dict[str, Any]) -> dict[str, Any]:
    cells = [cell for cell in tree["cells"] if cell["id"] == "encode_caption"]
    return cells[0]


def found(tree: Any, folder: Path, name: str = f"{NAME}.ipynb") -> tuple[str, list[str], str]:
    path = folder / name
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree), encoding="utf-8")
    submission = read(path)
    source = next(s.source for s in submission.segments if s.todo == "encode_caption")
    return source, submission.notes, submission.problem


def test_a_plain_submission_needs_no_note(notebook: Any, tmp_path: Path) -> None:
    assert found(notebook, tmp_path) == (ANSWER, [], "")


def test_metadata_lost_or_first_line_lost(notebook: Any, tmp_path: Path) -> None:
    todo(notebook)["metadata"] = {}
    assert found(notebook, tmp_path)[0] == ANSWER
    todo(notebook)["metadata"] = {"nbgrader": {"grade_id": "encode_caption", "solution": True}}
    todo(notebook)["source"] = ANSWER.split("\n", 1)[1]
    assert found(notebook, tmp_path)[0] == ANSWER.split("\n", 1)[1]


def test_of_copies_the_last_answer_counts(notebook: Any, tmp_path: Path) -> None:
    stub = next(c.source for c in release_cells(NAME) if c.todo == "encode_caption")
    for source in (ANSWER + "0", stub):
        extra = copy.deepcopy(todo(notebook))
        notebook["cells"].append({**extra, "id": f"copy{len(notebook['cells'])}", "source": source})
    source, notes, _ = found(notebook, tmp_path)
    assert source == ANSWER + "0" and "3 cells" in notes[0]


def test_a_deleted_cell_counts_as_not_attempted(notebook: Any, tmp_path: Path) -> None:
    notebook["cells"].remove(todo(notebook))
    source, notes, _ = found(notebook, tmp_path)
    assert "NotImplementedError" in source and "missing" in notes[0]


def test_a_split_cell_is_put_together(notebook: Any, tmp_path: Path) -> None:
    at = notebook["cells"].index(todo(notebook))
    head, rest = ANSWER.rsplit("\n", 1)
    todo(notebook)["source"] = head
    cell = {"cell_type": "code", "id": "x", "metadata": {}, "outputs": [], "source": rest}
    notebook["cells"].insert(at + 1, {**cell, "execution_count": None})
    source, notes, _ = found(notebook, tmp_path)
    assert source == ANSWER and "put together" in notes[0]


def test_a_renamed_file_is_found_and_said(notebook: Any, tmp_path: Path) -> None:
    _, notes, _ = found(notebook, tmp_path, "homework (2).ipynb")
    assert "homework (2).ipynb" in notes[0]
    assert find_file(tmp_path, NAME) == tmp_path / "homework (2).ipynb"


def test_a_link_is_never_followed(tmp_path: Path, root: Path) -> None:
    (tmp_path / f"{NAME}.ipynb").symlink_to(root / "solutions" / NAME / f"{NAME}.ipynb")
    assert find_file(tmp_path, NAME) is None


def test_own_cells_contribute_definitions_only(notebook: Any, tmp_path: Path) -> None:
    own = "import math\nHELP = 3\nran = open('ran', 'w')\ndef helper():\n    return HELP\n"
    cell = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": [], "source": own}
    notebook["cells"].insert(0, cell)
    todo(notebook)["source"] = ANSWER.replace("return 1", "return helper()")
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    namespace: dict[str, Any] = {}
    run_segments(read(path).segments, namespace)
    assert namespace["encode_caption"](0, 0, 0) == 3
    todo(notebook)["source"] = ANSWER + "\nreturn 5\n"  # a stray line costs nothing
    path.write_text(json.dumps(notebook), encoding="utf-8")
    run_segments(read(path).segments, namespace)
    assert namespace["encode_caption"](0, 0, 0) == 1
    assert "ran" not in namespace and not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"cells": [{"cel', "not valid JSON"),
        ("", "not valid JSON"),
        ("[1, 2]", "no cells"),
        ('{"cells": 3}', "no cells"),
        ("[" * 100_000, "not valid JSON"),
    ],
)
def test_a_file_that_is_no_notebook_gives_a_sentence(text: str, said: str, tmp_path: Path) -> None:
    assert said in found(text, tmp_path)[2]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
odd_cells = st.fixed_dictionaries(
    {"cell_type": st.just("code")},
    optional={"id": json_values, "source": json_values, "metadata": json_values},
)


@given(st.lists(odd_cells | json_values, max_size=5))
@settings(max_examples=int(os.environ.get("COURSE_FUZZ", "100")), deadline=None)
def test_odd_cells_never_crash_the_reader(cells: list[Any]) -> None:
    data = json.dumps({"cells": cells}).encode()
    found = read_submission(f"{NAME}.ipynb", data, NAME)
    assert found.segments and Submission.from_json(json.loads(json.dumps(asdict(found)))).segments


def test_helper_cells_that_are_alike_can_be_shown(notebook: dict[str, Any], tmp_path: Path) -> None:
    place = notebook["cells"].index(todo(notebook)) + 1
    helper = {"cell_type": "code", "id": "same", "metadata": {}, "outputs": []}
    helper |= {"execution_count": None, "source": "LIMIT = 3"}
    notebook["cells"][place:place] = [helper, copy.deepcopy(helper)]
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    shown = rebuilt(read(path), NAME)
    assert [cell.source for cell in shown.cells].count("LIMIT = 3") == 2
    ids = [cell.id for cell in shown.cells]
    assert len(ids) == len(set(ids))
