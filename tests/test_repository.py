"""The house rules that a reader relies on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest


def names(lines: list[str]) -> list[str]:
    return [re.split(r"[\[<>=!~ ]", line.strip(), maxsplit=1)[0] for line in lines]


def test_conda_and_pip_ask_for_the_same_packages(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    text = (root / "environment.yml").read_text("utf-8")
    listed = re.findall(r"^      - (.+)$", text, flags=re.M)
    assert names(listed) == names(project["dependencies"])
    pinned = {
        n.lower().replace("_", "-") for n in names((root / "constraints.txt").read_text().split())
    }
    assert {name.lower() for name in names(project["dependencies"])} <= pinned


def imported(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    return modules


def test_arrows_point_one_way(root: Path) -> None:
    for path in (root / "starter_code").rglob("*.py"):
        assert not imported(path) & {"autograder", "solutions", "tests"}, path
    for path in (root / "autograder").rglob("*.py"):
        assert "solutions" not in imported(path), path


def test_every_package_is_listed(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    found = {
        ".".join(path.parent.relative_to(root).parts)
        for top in ("starter_code", "autograder")
        for path in (root / top).rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "a9"], "There is no assignment 'a9'"),
        (["grade", "a1", "--submitted", "nowhere"], "There is no folder nowhere"),
        (["check", "nowhere.ipynb"], "There is no file nowhere.ipynb"),
        (["data", "make", "coco2014"], "coco2014 cannot be made"),
        (["data", "check", "cocoa"], "There is no data set 'cocoa'"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "autograder.cli", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
