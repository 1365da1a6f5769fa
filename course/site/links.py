"""Look for links that lead nowhere in built pages, and for files that come from elsewhere.

python course/site/links.py FOLDER
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

OUTSIDE_ALLOWED = {"a"}  # a reader may follow a link; a page must not need the network
NAMES = {"a": "href", "link": "href", "img": "src", "script": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[str, str]] = []
        self.without_text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors.update(found[name] for name in ("id", "name") if name in found)
        target = found.get(NAMES.get(tag, ""))
        if target and found.get("rel") not in ("canonical", "prefetch"):
            self.links.append((tag, target))
        if tag == "img" and not found.get("alt", "").strip():
            self.without_text.append(found.get("src", "?"))


def broken(folder: Path) -> list[str]:
    """Say of each page what is wrong with its links and pictures; nothing if all is well."""
    pages = {
        path: Page(path.read_text("utf-8"))
        for path in sorted(folder.rglob("*.html"))
        if "_static" not in path.relative_to(folder).parts  # templates of the theme
    }
    problems = []
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        for tag, target in page.links:
            problem = _problem(path, tag, target, folder, pages)
            if problem:
                problems.append(f"{name}: {target} {problem}")
        problems += [f"{name}: {src} has no alternative text" for src in page.without_text]
    return list(dict.fromkeys(problems))


def _problem(path: Path, tag: str, target: str, folder: Path, pages: dict[Path, Page]) -> str:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        needed = tag not in OUTSIDE_ALLOWED and parts.scheme != "data"
        return "comes from the network" if needed else ""
    base = folder if parts.path.startswith("/") else path.parent
    file = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
    if file.is_dir():
        file = file / "index.html"
    if not file.is_file():
        return "does not exist"
    anchor = unquote(parts.fragment)
    if anchor and file in pages and anchor not in pages[file].anchors | {"top"}:
        return "has no such place on its page"
    return ""


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    problems = broken(folder)
    for problem in problems:
        print(problem)
    count = sum(1 for _ in folder.rglob("*.html"))
    print(f"{count} pages, {len(problems)} problems")
    return int(bool(problems) or not count)


if __name__ == "__main__":
    sys.exit(main())
