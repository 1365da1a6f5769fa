"""The similarity report: it finds copies, leaves honest answers alone, and survives its input."""

from __future__ import annotations

import csv
import itertools
import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import cli, passages, similarity, similarity_page
from autograder.similarity import NOTEBOOK, SOLUTION, Report
from autograder.simulated_class import simulated_class
from starter_code.errors import CourseError

pytest.importorskip("copydetect")
NAME = "a2_attention_decoder"
TODO = "pointing_game"
HELPER = '''
def inside(box, row, column, rows, columns, size):
    """Whether the middle of a cell lies in the box."""
    y, x = (row + 0.5) * size / rows, (column + 0.5) * size / columns
    left, top, width, height = box
    return left <= x < left + width and top <= y < top + height
'''
TRICK = '"<script>alert(1)</script>"'
ANSWER = f"""# TODO pointing_game
def pointing_game(alphas, boxes):
    hits = []
    note = {TRICK}
    for alpha, box in zip(alphas, boxes):
        best = int(alpha.flatten().argmax())  # the cell looked at most
        row, column = divmod(best, alpha.shape[-1])
        corner = alpha.new_tensor([box[0] * 2.0, box[1] / 3.0])
        far = corner[0] + row - column * 7 if note else corner[1] + column % 5
        hits.append(float(far > 0) + sum(hits[-2:]) / max(len(hits), 1))
    return sum(hits) / len(hits)
"""
RENAMES = {"hits": "found", "best": "top", "alpha,": "a,", "alpha.": "a.", "box)": "b)"}
RENAMES |= {"box[": "b[", " box in": " b in", "corner": "edge", "  # the cell looked at most": ""}


def copied() -> str:
    """ANSWER with other names and comments; it was the helper's turn to come first."""
    text = ANSWER.replace("alpha, box in", "a, b in")
    for old, new in RENAMES.items():
        text = text.replace(old, new)
    return text.replace("    for ", "    # every picture\n\n    for ")


def hand_in(folder: Path, student: str, text: str, answer: str = "", helpers: str = "") -> Path:
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if answer and cell.metadata.get("course", {}).get("todo") == TODO:
            cell.source = answer
    if helpers:
        notebook.cells.append(nbformat.v4.new_code_cell(helpers))
    path = folder / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(nbformat.writes(notebook), "utf-8")
    return path


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """A small class: two who copied, two who did not, one who took the solution, and trouble."""
    folder = tmp_path_factory.mktemp("submitted")
    made = {student.name: student for student in simulated_class(NAME)}
    text = {name: next(iter(made[name].files.values())) for name in made}
    other = "def area(box):\n    return box[2] * box[3]\n"
    untouched = text["ben_untouched"]
    hand_in(folder, "ann", untouched, ANSWER, other + HELPER)
    hand_in(folder, "=copy()", untouched, copied(), HELPER.replace("box", "b") + other)
    hand_in(folder, "ben_untouched", untouched)
    hand_in(folder, "ada_solution", text["ada_finished"])
    hand_in(folder, "eva_alternatives", text["eva_written_differently"])
    (folder / "missing").mkdir()
    hand_in(folder, "corrupt", untouched).write_text("[" * 100_000, "utf-8")
    secret = folder.parent / "secret.ipynb"
    secret.write_text(json.dumps({"cells": []}), "utf-8")
    os.symlink(secret, folder / "linked.ipynb")
    (folder / "inner").mkdir()
    os.symlink(secret, folder / "inner" / f"{NAME}.ipynb")
    return similarity.compare_class(NAME, folder)


def test_a_disguised_copy_is_the_first_pair_of_students(report: Report) -> None:
    among = [pair for pair in report.pairs if not pair.with_published]
    assert [{pair.student, pair.other} for pair in among] == [{"ann", "=copy()"}]
    found = {match.unit: match for match in among[0].matches}
    assert set(found) == {TODO, similarity.OWN_CELLS, NOTEBOOK}
    assert min(found[TODO].shares) > 0.95 and found[TODO].published < 0.1
    assert min(found[similarity.OWN_CELLS].shares) > 0.7  # other order, other names


def test_who_took_the_solution_is_named_and_who_did_nothing_is_not(report: Report) -> None:
    named = {(pair.student, pair.other) for pair in report.pairs if pair.with_published}
    assert ("ada_solution", SOLUTION) in named
    assert ("eva_alternatives", SOLUTION) not in named
    assert {student for student, _ in named} == {"ada_solution", "eva_alternatives"}
    assert report.texts["ben_untouched"] == {}


@pytest.mark.parametrize("name", ["a1_cnn_lstm_decoder", NAME])
def test_right_answers_of_different_hands_stay_below_the_threshold(name: str) -> None:
    given = similarity.skeleton(name)
    published = similarity.published_texts(name)
    compared = 0
    for todo in published[SOLUTION]:
        texts = {n: own[todo] for n, own in published.items() if todo in own}
        left = similarity._reduced(texts, given)
        for one, two in itertools.combinations(left.values(), 2):
            assert similarity._match(todo, one, two, set(), 0.5) is None, todo
            compared += 1
    assert compared >= 8


def test_the_page_escapes_and_the_table_is_harmless(report: Report, tmp_path: Path) -> None:
    page, table = similarity_page.write_report(report, tmp_path / "out")
    text = page.read_text("utf-8")
    assert "<script" not in text and "alert(1)" in text and "&lt;script&gt;" in text
    assert text.count("<mark>") == text.count("</mark>") > 2
    rows = list(csv.reader(table.read_text("utf-8").splitlines()))
    names = {cell for row in rows for cell in row[:2]}
    assert "'=copy()" in names and "=copy()" not in names


def test_what_cannot_be_read_is_said(report: Report) -> None:
    assert set(report.unread) == {"missing", "corrupt", "inner"}
    assert report.students == 8  # a link in place of a student's file is nobody's
    assert "not valid JSON" in report.unread["corrupt"]


def test_what_more_than_a_third_have_is_not_counted_but_told() -> None:
    texts = {f"student {n}": similarity.units({TODO: ANSWER}) for n in range(5)}
    texts["other"] = similarity.units({TODO: HELPER})
    everything = Report(NAME, 0.5, len(texts), texts=texts)
    everything.published = similarity.published_texts(NAME)
    matches: dict[tuple[str, str, bool], list[similarity.Match]] = {}
    similarity._compare_unit(everything, TODO, similarity.skeleton(NAME), matches)
    assert not matches
    assert len(everything.habits[0].alike) == 5 and not everything.habits[0].like_solution
    text = similarity_page.report_html(everything)
    assert f"{TODO}: 5 of 6, {everything.habits[0].alike_tokens} tokens" in text


def test_a_giant_answer_is_cut_and_said_to_be() -> None:
    text = passages.text_of(" \n" * 50_000 + "a.b(1)\n" * 50_000)
    assert text.cut and len(text.source) <= passages.LONGEST


@pytest.mark.parametrize("threshold", [0.0, 1.5, float("nan")])
def test_a_threshold_is_a_share(threshold: float, tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="between 0 and 1"):
        similarity.compare_class(NAME, tmp_path, threshold)


def test_the_report_does_not_lie_where_students_look() -> None:
    with pytest.raises(CourseError, match="students"):
        similarity_page.refuse_feedback(Path("runs/grades/a2/feedback"))


def test_without_the_package_it_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "copydetect", None)
    passages.load_copydetect.cache_clear()
    command = ["course", "similarity", "a2", "--submitted", str(tmp_path), "--to", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    passages.load_copydetect.cache_clear()
    assert ended.value.code == 2 and "pip install copydetect" in capsys.readouterr().err


def test_a_text_that_breaks_the_lexer_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched = simulated_class(NAME)[1]
    text = next(iter(untouched.files.values()))
    for student in ("ann", "bob"):
        hand_in(tmp_path, student, text, ANSWER)
    real, calls = similarity.units, iter([1, 0])

    def units(answers: dict[str, str]) -> object:
        return 1 / 0 if next(calls, 0) else real(answers)

    monkeypatch.setattr(similarity, "units", units)
    report = similarity.compare_class(NAME, tmp_path)
    assert "ZeroDivisionError" in report.unread["ann"] and "bob" in report.texts
