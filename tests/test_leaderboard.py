"""The leaderboard: better captions stand higher, and no file of a student does harm."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from autograder import leaderboard
from starter_code.captioning.datasets import CaptionDataset, prepare
from starter_code.errors import CourseError
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.preparing import prepare as styled

NAME = "a1_cnn_lstm_decoder"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return prepare("scenes", "tiny", tmp_path / "data")


def hand_in(folder: Path, student: str, content: object) -> Path:
    path = folder / student / NAME / "runs" / "a1" / "predictions.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_truth_beats_a_constant_and_trouble_is_named(data: Path, tmp_path: Path) -> None:
    test = CaptionDataset(data, "test")
    true = {name: " ".join(test.references(i)[0]) for i, name in enumerate(test.filenames)}
    folder = tmp_path / "submitted"
    hand_in(folder, "ada", true)
    hand_in(folder, "=bob()", dict.fromkeys(true, "a red car on a sunny day"))
    hand_in(folder, "cem", "[" * 100_000)
    hand_in(folder, "dee", {name: 3 for name in true})
    hand_in(folder, "eve", true | {test.filenames[0]: "<script>word</script> " * 10_000})
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(true), encoding="utf-8")
    link = hand_in(folder, "fay", "{}")
    link.unlink()
    os.symlink(secret, link)
    other = tmp_path / "other" / "runs" / "a1"
    other.mkdir(parents=True)
    (other / "predictions.json").write_text(json.dumps(true), encoding="utf-8")
    (folder / "gus").mkdir()
    os.symlink(tmp_path / "other" / "runs", folder / "gus" / "runs")
    rows = {row.student: row for row in leaderboard.board(NAME, folder, data)}
    assert rows["ada"].right == 1.0 and rows["ada"].cider > rows["eve"].cider > 1
    assert rows["=bob()"].cider < 1 and rows["=bob()"].distinct == 1
    assert "not valid JSON" in rows["cem"].problem and "no caption" in rows["dee"].problem
    assert "symbolic link" in rows["fay"].problem and "symbolic link" in rows["gus"].problem
    ordered = leaderboard.board(NAME, folder, data)
    assert [row.student for row in ordered][:2] == ["ada", "eve"]
    page, table = leaderboard.write_board(ordered, tmp_path / "out")
    assert "<script>word" not in page.read_text("utf-8")
    assert "'=bob()" in table.read_text("utf-8")


def test_styled_captions_are_ranked_by_what_they_say_and_how(tmp_path: Path) -> None:
    data = styled("scenes", "tiny", tmp_path / "data", pictures="none")
    test = StyledDataset(data, "test")
    places = [(i, name, style) for i, name in enumerate(test.pictures) for style in test.styles]
    true: dict[str, dict[str, str]] = {}
    swapped: dict[str, dict[str, str]] = {}
    for i, name, style in places:
        other = test.styles[1 - test.styles.index(style)]
        true.setdefault(name, {})[style] = " ".join(test.references(i, style)[0])
        swapped.setdefault(name, {})[style] = " ".join(test.references(i, other)[0])
    folder = tmp_path / "submitted"
    hand_in(folder, "ada", true)
    hand_in(folder, "bob", swapped)
    hand_in(folder, "cem", {name: told["positive"] for name, told in true.items()})
    rows = {row.student: row for row in leaderboard.board(NAME, folder, data)}
    assert rows["ada"].right > 0.95 and rows["bob"].right < 0.05
    assert rows["ada"].cider > rows["bob"].cider
    assert (
        rows["cem"].problem
        == f"predictions.json has no caption for {len(places)} of {len(places)} places."
    )


def test_nobody_has_handed_in(data: Path, tmp_path: Path) -> None:
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    with pytest.raises(CourseError, match="Nobody"):
        leaderboard.board(NAME, tmp_path / "submitted", data)
