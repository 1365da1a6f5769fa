"""Files that a kill at any moment leaves either whole or able to go on.

Text is written under another name and put in its place when complete. How far the pictures have
come stands in a small file of its own, replaced and never written into; it is not kept in the HDF5
file, whose structure must not change after it was made, so that a kill cannot damage it.
"""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starter_code.errors import CourseError


def write_json(path: Path, value: Any) -> None:
    """Write a small value as JSON, in one step."""
    part = path.with_name(path.name + ".new")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
    os.replace(part, path)


class JsonList:
    """A JSON list written member by member and put in its place only when it is complete."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")
        self.separator = "[\n"

    def __enter__(self) -> "JsonList":
        self.stream = self.part.open("w", encoding="utf-8")
        return self

    def append(self, value: Any) -> None:
        """Write one more member."""
        self.stream.write(self.separator + json.dumps(value, ensure_ascii=False))
        self.separator = ",\n"

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        with self.stream:
            if failure is None:
                self.stream.write("[]\n" if self.separator == "[\n" else "\n]\n")
        if failure is None:
            os.replace(self.part, self.path)


@dataclass
class Progress:
    """How far a run with certain arguments has come."""

    path: Path
    key: str
    texts: bool = False
    pictures: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, arguments: dict[str, Any]) -> "Progress":
        """Take up the progress of a run with the same arguments, or begin at nothing."""
        key = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            saved = json.loads(path.read_text(encoding="utf-8"))
            if saved["key"] == key:
                return cls(path, key, saved["texts"], saved["pictures"])
        fresh = cls(path, key)
        fresh.save()  # before the files of a run with other arguments are overwritten
        return fresh

    def save(self, *, texts: bool | None = None, **pictures: int) -> None:
        """Note that the texts, or so many pictures of a split, are safely in their files."""
        self.texts = self.texts if texts is None else texts
        self.pictures |= pictures
        write_json(self.path, {"key": self.key, "texts": self.texts, "pictures": self.pictures})


@contextmanager
def full_disk_told(folder: Path) -> Iterator[None]:
    """Turn "no space left" into a sentence that says that nothing is lost."""
    try:
        yield
    except OSError as error:
        # h5py has no errno for a failed write; the number stands in its text.
        if error.errno != errno.ENOSPC and f"errno = {errno.ENOSPC}" not in str(error):
            raise
        raise CourseError(
            f"No space is left on the disk of {folder}: free some and run the same command again, "
            "it goes on where it stopped."
        ) from error
