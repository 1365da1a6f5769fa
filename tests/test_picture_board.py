"""The board of assignment 5: real pictures stand above exchanged ones, and no file does harm."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from autograder import picture_board
from starter_code.errors import CourseError
from starter_code.text_to_image.datasets import CaptionedPictures
from starter_code.text_to_image.preparing import prepare

NAME = "a5_gan_cls"


def hand_in(folder: Path, student: str, content: object) -> Path:
    path = folder / student / NAME / "runs" / "a5" / "predictions.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_real_pictures_beat_exchanged_ones_and_trouble_is_named(tmp_path: Path) -> None:
    data = prepare("tiny", tmp_path / "data", progress=False)
    test = CaptionedPictures(data, "test")
    told = test.firsts.tolist()
    coded = [base64.b64encode(p.numpy().tobytes()).decode() for p in test.pictures]
    real = {str(number): text for number, text in zip(told, coded)}
    folder = tmp_path / "submitted"
    hand_in(folder, "ada", real)
    hand_in(folder, "=bob()", dict(zip(real, [*coded[1:], coded[0]])))
    hand_in(folder, "cem", "[" * 100_000)
    hand_in(folder, "dee", real | {str(told[0]): coded[0][:-4]})
    hand_in(folder, "eve", real | {str(told[0]): "<script>"})
    hand_in(folder, "fay", [coded])
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps(real), encoding="utf-8")
    link = hand_in(folder, "gus", "{}")
    link.unlink()
    link.symlink_to(secret)
    (folder / "hal").mkdir()
    rows = {row.student: row for row in picture_board.board(NAME, folder, data, "tiny")}
    assert "hal" not in rows
    assert rows["ada"].score > 0.97 and rows["ada"].precision > 0.8
    assert rows["=bob()"].score < 0.6 and rows["=bob()"].precision < 0.3
    assert "not valid JSON" in rows["cem"].problem
    for name in ("dee", "eve"):
        assert f"for 1 of {len(told)} captions" in rows[name].problem
    assert "not an object" in rows["fay"].problem
    assert "symbolic link" in rows["gus"].problem
    ordered = picture_board.board(NAME, folder, data, "tiny")
    assert [row.student for row in ordered][:2] == ["ada", "=bob()"]
    page, table = picture_board.write_board(ordered, tmp_path / "out")
    assert "object" in page.read_text("utf-8") and "'=bob()" in table.read_text("utf-8")


def test_an_empty_class_is_told(tmp_path: Path) -> None:
    data = prepare("tiny", tmp_path / "data", progress=False)
    (tmp_path / "submitted" / "ada").mkdir(parents=True)
    with pytest.raises(CourseError, match="Nobody below"):
        picture_board.board(NAME, tmp_path / "submitted", data, "tiny")
