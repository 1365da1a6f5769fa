"""Writing so that nothing is lost: whole files or none, and numbered copies of what was there."""

from __future__ import annotations

import errno
import hashlib
import os
import re
from pathlib import Path

from starter_code.errors import CourseError

FULL = (errno.ENOSPC, errno.EDQUOT)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def back_up(path: Path, folder: Path | None = None) -> Path:
    """Copy a file to `backups/stem.N.suffix` beside it, N the next free number; return the copy.

    Raises:
        CourseError: the copy cannot be written; then nothing may be changed.
    """
    folder = folder or path.parent / "backups"
    data = path.read_bytes()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            copy = folder / f"{path.stem}.{_last(folder, path) + 1}{path.suffix}"
            try:
                with copy.open("xb") as file:  # another run may take the same number
                    _fill(file.fileno(), data, copy)
                return copy
            except FileExistsError:
                continue
    except OSError as error:
        raise CourseError(f"{unwritable(folder, error)} Nothing was changed.") from None


def _last(folder: Path, path: Path) -> int:
    form = re.compile(rf"{re.escape(path.stem)}\.(\d+){re.escape(path.suffix)}")
    return max((int(m[1]) for p in folder.iterdir() if (m := form.fullmatch(p.name))), default=0)


def _fill(descriptor: int, data: bytes, copy: Path) -> None:
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    except OSError:
        copy.unlink(missing_ok=True)
        raise


def save(path: Path, content: str | bytes) -> None:
    """`write_atomically`, with a sentence for a full disk or a folder that is read-only.

    Raises:
        CourseError: it cannot be written; the old file stands.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise CourseError(f"{unwritable(path, error)} The old file stands as it was.") from None


def unwritable(place: Path, error: OSError) -> str:
    """Why something cannot be written, and what to do, in one sentence."""
    if error.errno in FULL:
        return f"No space is left where {place} is written: free some and run the same again."
    return (
        f"{place} cannot be written ({error.strerror}): copy your work to a folder of your own, or "
        "ask for the right to write there."
    )


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
