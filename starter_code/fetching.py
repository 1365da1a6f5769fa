"""Data sets that a library fetches by itself, and checksums of what lies on the disk.

Most sets ask their users to agree to terms first: for them `fetch` says what a person does. A new
loader is a line of LOADERS.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from starter_code.catalogue import DataSet
from starter_code.errors import CourseError

__all__ = ["LOADERS", "checksums", "fetch"]

CACHE = ".checksums.json"


def _mnist(folder: Path) -> None:
    from torchvision.datasets import MNIST

    for train in (True, False):
        MNIST(str(folder), train=train, download=True)


# name -> (licence, size, what fetches it into a folder)
LOADERS: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "mnist": (
        "CC BY-SA 3.0",
        "12 MB: 60,000 pictures of 28 px to learn from, 10,000 to test",
        _mnist,
    )
}


def fetch(name: str, root: Path, told: str = "") -> Path:
    """Fetch a data set into `root`/`name`, licence and size shown first; return the folder.

    Args:
        told: what the catalogue says of it: shown for a set that no library fetches.

    Raises:
        CourseError: a person has to fetch it, or the download fails.
    """
    folder = root / name
    if name not in LOADERS:
        print(told)
        raise CourseError(
            f"{name} is not fetched by the course, for its terms are yours to agree to: get it as "
            f"said above, then run `course data check {name}`."
        )
    licence, size, load = LOADERS[name]
    print(f"{name}\n  licence   {licence}\n  size      {size}\n  to        {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        load(folder)
    except (OSError, RuntimeError, ValueError) as error:  # torchvision's words for "no network"
        raise CourseError(
            f"{name} could not be fetched ({_short(error)}): look at your connection and at the "
            f"space in {root}, and run the same command again; what is there stays."
        ) from None
    return folder


def _short(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:200].rstrip(".:")


def checksums(entry: DataSet, root: Path) -> list[str]:
    """A line for each part of a set that is there: a file's sha256, a folder's number and size.

    A checksum is taken anew only if a file's size or time has changed.
    """
    folder = root / entry.name
    known = _read(folder / CACHE)
    lines, fresh = [], dict[str, Any]()
    for part in entry.parts:
        place = part.find(folder)
        if place is None:
            continue
        if place.is_dir():
            lines.append(f"{_count(place)}  {place}")
            continue
        facts = place.stat()
        key, stamp = part.path, [facts.st_size, facts.st_mtime_ns]
        row = known.get(key)
        if not (isinstance(row, list) and row[:2] == stamp):
            row = [*stamp, _sha256(place, facts.st_size)]
        fresh[key] = row
        lines.append(f"sha256 {row[2]}  {place}")
    if fresh != known and fresh:
        _write(folder / CACHE, fresh)
    return lines


def _count(folder: Path) -> str:
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return f"{len(sizes):,} files, {sum(sizes) / 1e6:,.1f} MB"


def _sha256(path: Path, size: int) -> str:
    digest = hashlib.sha256()
    quick = size < 2**28
    with (
        path.open("rb") as file,
        tqdm(total=size, desc=path.name, unit="B", unit_scale=True, disable=quick) as bar,
    ):
        while block := file.read(2**22):
            digest.update(block)
            bar.update(len(block))
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        tree = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _write(path: Path, rows: dict[str, Any]) -> None:
    try:
        path.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    except OSError:
        return  # a read-only data folder is none the worse without a cache
