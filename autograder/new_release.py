"""The file side of `course update`: find the new text, keep what was there, write both."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from autograder.assignments import known, repository
from autograder.files import back_up, save
from autograder.notebook_files import Raw
from autograder.release_text import FOLDER, released, untouched
from autograder.updating import Update, updated
from autograder.workbook import Workbook, dumps, guess, read
from starter_code.errors import CourseError

OWN = ("runs", "data", "backups", "handed_in", "__pycache__", ".ipynb_checkpoints", ".git", ".venv")


@dataclass
class Brought:
    """What an update did.

    Attributes:
        backups: copies of what was there; [] if nothing had to be changed.
        files: files around the notebook that are new or other now.
    """

    update: Update
    backups: list[Path] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def update(assignment: str, path: Path, release: Path) -> Brought:
    """Give a notebook, and the release in which it lies, the text of a new release.

    Args:
        release: the unpacked folder of the new release, a fresh copy of the repository, or an
            untouched notebook.

    Raises:
        CourseError: one of the two cannot be used, or nothing can be written; then all is as it
            was.
    """
    workbook = read(path)
    if release.resolve() in (path.parent.resolve(), repository()):  # only what got lost
        new = released(assignment, path.parent)
    else:
        new = _text_in(assignment, release)
    brought = Brought(updated(workbook.cells, released(assignment, path.parent), new))
    text = _with(workbook, brought.update.cells)
    if json.loads(text) != workbook.tree:
        brought.backups.append(back_up(path))
    around = _around(path.parent, release)
    for old, _ in around:
        if old.is_file():
            place = path.parent / "backups" / old.relative_to(path.parent).parent
            brought.backups.append(back_up(old, place))
    if json.loads(text) != workbook.tree:
        save(path, text)
    for old, fresh in around:
        save(old, fresh.read_bytes())
        brought.files.append(old)
    return brought


def _text_in(assignment: str, release: Path) -> list[Raw]:
    """The cells of the new release.

    Raises:
        CourseError: there are none, they are another assignment's, or somebody has worked on them.
    """
    if release.is_file():
        own = guess(release)
        if own and own != assignment:
            raise CourseError(f"{release} is of {own}, and your notebook is of {assignment}.")
        return untouched(read(release))
    if not release.is_dir():
        raise CourseError(f"There is no folder {release}; give that of the new release, unpacked.")
    name = f"{assignment}.ipynb"
    if (release / FOLDER / name).is_file():
        return read(release / FOLDER / name).cells
    for place in (release / "assignments" / assignment / name, release / name):
        if place.is_file():
            return untouched(read(place))
    others = [p.stem for p in (release / FOLDER).glob("*.ipynb")]
    others += [p.stem for p in release.glob("*.ipynb") if p.stem in known()]
    if others:
        raise CourseError(f"{release} is of {others[0]}, and your notebook is of {assignment}.")
    raise CourseError(f"{release} holds no release of {assignment}; give its unpacked folder.")


def _with(workbook: Workbook, cells: list[Raw]) -> str:
    tree = {**workbook.tree, "cells": cells, "nbformat": 4}
    minor = workbook.tree.get("nbformat_minor")
    tree["nbformat_minor"] = max(5, minor if isinstance(minor, int) else 5)
    return dumps(tree)


def _around(folder: Path, release: Path) -> list[tuple[Path, Path]]:
    """Files of a released folder that the new release has otherwise: (here, there).

    Only if the notebook lies in a release itself; in the repository its own tools do that.
    """
    if not ((folder / FOLDER).is_dir() and (release / FOLDER).is_dir()):
        return []
    if folder.resolve() == release.resolve():
        return []
    found = []
    for fresh in sorted(path for path in release.rglob("*") if path.is_file()):
        inner = fresh.relative_to(release)
        if set(inner.parts) & set(OWN) or inner.suffix == ".pyc":
            continue
        if len(inner.parts) == 1 and inner.suffix == ".ipynb":
            continue  # the new release's own copy for students
        here = folder / inner
        if not here.is_file() or here.read_bytes() != fresh.read_bytes():
            found.append((here, fresh))
    return found
