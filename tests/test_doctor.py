"""`course doctor` says what is missing and what to do about it."""

from __future__ import annotations

import sys

import pytest

from autograder import cli, doctor, wall


def run(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["course", "doctor", "--grading"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_a_machine_without_a_wall_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wall, "missing", lambda: "unshare: Operation not permitted")
    assert run(monkeypatch) == 2
    text = " ".join(capsys.readouterr().out.split())
    assert "missing wall for grading: unshare: Operation not permitted" in text
    assert "sysctl -w" in text or "--security-opt" in text or "Linux machine" in text


def test_everything_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "missing", lambda: "")
    found = {finding.subject: finding for finding in doctor.examine()}
    assert {"Python", "torch", "GPU", "Jupyter kernel", "disk", "memory", "data sets"} <= set(found)
    assert all(f.advice for f in found.values() if f.state == "missing")
    assert run(monkeypatch) == 0
