"""What several test files share: the assignments, and a toy one where a real one is not needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from autograder import assignments, wall

os.environ.setdefault("OMP_NUM_THREADS", "1")
if wall.missing():  # what the tests hand in is ours; tests of the wall itself are skipped there
    os.environ.setdefault("COURSE_ISOLATION", "none")
ROOT = Path(__file__).resolve().parents[1]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with an argument `assignment` runs once for each of them."""
    if "assignment" in metafunc.fixturenames:
        metafunc.parametrize("assignment", assignments.names())


@pytest.fixture
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test writes below `runs` or `data` lands in the repository."""
    monkeypatch.chdir(tmp_path)
