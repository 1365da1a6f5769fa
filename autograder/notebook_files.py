"""What a notebook file holds, cell by cell, without torch: for the grader and for students' tools.

TODO cells are known by their first comment line, else by nbgrader's metadata; cells that are graded
by hand by the latter or by their id.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Any

from starter_code.errors import CourseError

MAX_FILE = 50 * 2**20
TODO_LINE = re.compile(r"\A\s*# TODO (\w+)")
CHECK_LINE = re.compile(r"\A\s*check\(\s*[\"'](\w+)[\"']")

Raw = dict[str, Any]  # a cell as the file has it


def take(path: Path) -> bytes:
    """The bytes of a submitted file, and of nothing else: no link, device, pipe or giant.

    Raises:
        CourseError: it is one of these, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise CourseError(f"{path.name} cannot be opened ({error.strerror}).") from None
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise CourseError(f"{path.name} is not a regular file; hand in the notebook itself.")
        if facts.st_size > MAX_FILE:
            raise CourseError(f"{path.name} is larger than {MAX_FILE >> 20} MB; clear its outputs.")
        return file.read(MAX_FILE)


def text_of(cell: Raw) -> str:
    """A cell's text, which the format keeps as lines or as one string."""
    source = cell.get("source", "")
    return "".join(str(line) for line in source) if isinstance(source, list) else str(source)


def grade_id(cell: Raw) -> str:
    """The name that nbgrader gave to a cell that is filled in, "" if there is none."""
    metadata = cell.get("metadata")
    record = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    named = record.get("grade_id") if isinstance(record, dict) and record.get("solution") else None
    return named if isinstance(named, str) else ""


def todo_of(cell: Raw, source: str, todos: set[str] | None) -> str:
    """The TODO's name from the first comment line, else from nbgrader's metadata."""
    line = TODO_LINE.match(source)
    for name in [*([line[1]] if line else []), grade_id(cell)]:
        if name and (todos is None or name in todos):
            return name
    return ""


def report_of(cell: Raw) -> str:
    """The name of a cell that is graded by hand, such as report-q1, or ""."""
    if cell.get("cell_type") != "markdown":
        return ""
    name = grade_id(cell) or cell.get("id")
    return name if isinstance(name, str) and name.startswith("report-") else ""


def role(cell: Raw, todos: set[str] | None = None) -> tuple[str, str]:
    """What a cell is in its assignment: ("todo" | "check" | "report", name), or ("", "").

    Args:
        todos: names that are TODOs; any if not given.
    """
    if report := report_of(cell):
        return "report", report.removeprefix("report-")
    if cell.get("cell_type") != "code":
        return "", ""
    text = text_of(cell)
    if line := CHECK_LINE.match(text):
        return "check", line[1]
    if todo := todo_of(cell, text, todos):
        return "todo", todo
    identity = cell.get("id")
    if isinstance(identity, str) and identity.startswith("check-"):
        return "check", identity.removeprefix("check-")
    return "", ""
