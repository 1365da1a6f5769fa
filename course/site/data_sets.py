"""Put what `course data list` says into the table of course/guides/data.md.

python course/site/data_sets.py [--check]     --check only says whether the table is old
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

from starter_code import data_cli

PAGE = Path(__file__).resolve().parents[1] / "guides" / "data.md"
TABLE = re.compile(
    r"(<!-- table: made by python course/site/data_sets.py -->\n)(.*?)(<!-- end of table -->)", re.S
)
FIELD = re.compile(r"  (get it|licence|size|put) +(.*)")


def listed() -> str:
    """What `course data list` prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        data_cli.list_all(Path("data"))
    return out.getvalue()


def section(entry: str) -> str:
    """The heading and the lines of one data set."""
    head, *lines = entry.strip().splitlines()
    name, title = head.split(": ", 1)
    fields = [match.groups() for line in lines if (match := FIELD.fullmatch(line))]
    said = {key: _linked(text) for key, text in fields if key != "put"}
    rows = [f"| get it | {said['get it']} |", f"| licence | {said['licence']} |"]
    rows.append(f"| size | {said['size']} |")
    layout = [text.split(": ", 1) for key, text in fields if key == "put"]
    files = "<br>".join(f"`{path}`: {_linked(what)}" for path, what in layout)
    rows += [f"| layout | {files} |"] if files else []
    return f"### {name}\n\n{title}\n\n| | |\n|---|---|\n" + "\n".join(rows) + "\n"


def _linked(text: str) -> str:
    text = re.sub(r"(https?://[^\s,;)']*[^\s,;.)'])", r"<\1>", text.replace("|", "/"))
    return re.sub(r"(torchvision[\w.]+\([^)]*\))", r"`\1`", text)


def table() -> str:
    """The sections of all data sets."""
    entries = re.split(r"\n\n(?=\S+: )", listed().strip())
    return "\n" + "\n".join(section(entry) for entry in entries) + "\n"


def main() -> int:
    text = PAGE.read_text("utf-8")
    fresh = TABLE.sub(lambda match: match[1] + table() + match[3], text)
    if "--check" in sys.argv:
        old = fresh != text
        print("course/guides/data.md is old; run course/site/data_sets.py" if old else "up to date")
        return int(old)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
