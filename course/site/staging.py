"""Put everything that the site shows into one source folder, links turned to where pages lie there.

course/**            as it is: notes, guides, conventions, pictures
solutions/aN/aN.ipynb  ->  walkthroughs/aN.ipynb     (site: `walkthroughs`)
starter_code/a/*.py    ->  api/a.rst                 (site: `api`)
README, CHANGELOG...   ->  pages of their own        (site: `pages`)

A file is written only if its text changed, so that a second build reads what is new.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"(!?\[[^\]]*\]\()([^)\s]+)(\))")
CODE_PATH = re.compile(r"(?<![\[`])`(course/[\w./-]+\.md)`(?!\])")


class Stage:
    """A source folder for Sphinx.

    Attributes:
        folder: where it lies.
        written: the files that belong to it, relative to the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: set[str] = set()

    def write(self, name: str, text: str) -> None:
        """Write a page unless it is there with the same text."""
        self.written.add(name)
        path = self.folder / name
        if path.is_file() and path.read_text("utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def copy(self, name: str, source: Path) -> None:
        """Copy a picture or another file that is not text for Sphinx."""
        self.written.add(name)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.stat().st_mtime != source.stat().st_mtime:
            shutil.copy2(source, path)

    def page(self, name: str, source: Path) -> None:
        """Write a Markdown file of the repository as the page `name`, its links turned."""
        here = posixpath.dirname(source.relative_to(ROOT).as_posix())
        self.write(name, self.turn(source.read_text("utf-8"), here, name))

    def turn(self, text: str, here: str, name: str) -> str:
        """The text of a file in the folder `here` with links that hold on the page `name`."""
        base = posixpath.dirname(name)

        def link(match: re.Match[str]) -> str:
            target, anchor = (match[2].split("#", 1) + [""])[:2]
            if not target or re.match(r"[a-z]+:", target):
                return match[0]
            place = staged(posixpath.normpath(posixpath.join(here, target)))
            if place is None:
                return f"`{match[1].lstrip('![').removesuffix('](')}`"
            turned = posixpath.relpath(place, base or ".")
            return f"{match[1]}{turned}{'#' + anchor if anchor else ''}{match[3]}"

        def named(match: re.Match[str]) -> str:
            place = staged(match[1])
            if place is None or place == name or not (ROOT / match[1]).is_file():
                return match[0]
            return f"[`{match[1]}`]({posixpath.relpath(place, base or '.')})"

        return CODE_PATH.sub(named, LINK.sub(link, text))

    def finish(self) -> None:
        """Remove what an earlier build left and this one does not have."""
        for path in sorted(self.folder.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.folder).as_posix() not in self.written:
                path.unlink()


def staged(path: str) -> str | None:
    """Where a file of the repository is found in the source folder; None if it is not there."""
    parts = path.split("/")
    if parts[0] == "course" and len(parts) > 1:
        return "/".join(parts[1:])
    if parts[0] == "solutions" and path.endswith(".ipynb"):
        return f"walkthroughs/{parts[-1]}"
    if parts[0] == "starter_code":
        room = parts[1] if len(parts) > 2 else "starter_code"
        return f"api/{room.removesuffix('.py')}.rst"
    return {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}.get(path)


def stage_course(stage: Stage, folders: set[str]) -> None:
    """Take over what people read: the Markdown of course/ and its pictures."""
    course = ROOT / "course"
    for folder, below, names in os.walk(course):
        here = Path(folder).relative_to(course).as_posix()
        below[:] = sorted(name for name in below if (here, name) != (".", "site"))
        if here.split("/")[0] in {"notes", "guides"} - folders:
            continue
        for name in sorted(names):
            source = Path(folder, name)
            target = source.relative_to(course).as_posix()
            if name.endswith(".md"):
                stage.page(target, source)
            elif source.suffix in {".png", ".svg", ".jpg", ".bib"}:
                stage.copy(target, source)
