"""Generated files fit their source, and a broken source is named with file, cell and line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autograder import building
from autograder.assignments import SourceCell, load_source, resolve
from autograder.authoring import Solution
from autograder.source_rules import verify
from starter_code.errors import CourseError

FIRST = "a1_cnn_lstm_decoder"


def test_everything_generated_fits_its_source(assignment: str) -> None:
    assert building.stale(assignment) == []
    assert building.stale_syllabus() == []


def test_the_walkthrough_was_executed(assignment: str) -> None:
    import nbformat

    path = load_source(assignment).path.with_suffix(".ipynb")
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert not [o for cell in cells for o in cell.outputs if o.output_type == "error"]
    pictures = [o for c in cells for o in c.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) >= 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": "x = 1"}, "must begin `# TODO encode_caption`"),
        ({"source": "# TODO encode_caption: x\n### BEGIN SOLUTION"}, "must come in pairs"),
        ({"tags": {"todo": "encode_caption"}}, "the header lacks `minutes=`"),
    ],
)
def test_a_broken_todo_cell_is_named_with_its_line(change: dict, said: str) -> None:
    source = load_source(FIRST)
    at = next(i for i, c in enumerate(source.cells) if c.tags.get("todo") == "encode_caption")
    cells = [*source.cells[:at], replace(source.cells[at], **change), *source.cells[at + 1 :]]
    with pytest.raises(CourseError) as error:
        verify(replace(source, cells=cells))
    place = f"{FIRST}.py:{source.cells[at].line} (cell {at + 1}): "
    assert place in str(error.value) and said in str(error.value)


def test_a_todo_without_probe_check_hint_or_mistakes_is_refused() -> None:
    source = load_source(FIRST)
    extra = SourceCell(
        "code", "# TODO extra: x\n### BEGIN SOLUTION\n### END SOLUTION", {"todo": "extra"}, 9
    )
    with pytest.raises(CourseError) as error:
        verify(replace(source, cells=[*source.cells, extra]))
    for lack in ("no probe", 'check="extra"', 'hint="extra"', "0 mistakes", "no alternative"):
        assert lack in str(error.value)


@pytest.mark.parametrize(("old", "count"), [("missing", 0), ("a", 2)])
def test_an_edit_that_does_not_match_once_fails_the_build(old: str, count: int) -> None:
    with pytest.raises(CourseError, match=f"occurs {count} times"):
        Solution("x", "a = a").edit(old, "b")


def test_a_comment_does_not_change_the_fingerprint_but_code_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = load_source(FIRST)
    before = building.fingerprint(FIRST)

    def with_extra(text: str) -> str:
        cells = [*source.cells, SourceCell("code", text, {}, 1)]
        monkeypatch.setattr(building, "load_source", lambda _: replace(source, cells=cells))
        return building.fingerprint(FIRST)

    assert with_extra("# only a comment") == before
    assert with_extra("x = 1") != before


def test_assignments_are_found_by_short_name_and_guessed() -> None:
    assert resolve("a1") == FIRST
    with pytest.raises(CourseError, match=f"Did you mean {FIRST}"):
        resolve("a1_cnn_lstm")
