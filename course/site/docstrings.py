"""Docstrings of this course are plain text; Sphinx reads reStructuredText. This turns one to other.

- `code` in single backticks becomes literal; every other sign that means something is escaped;
- a paragraph that is laid out by hand (columns, drawings, indented lines) is kept as it stands;
- `Args:`, `Raises:` and the like are left to napoleon; `Attributes:` becomes a list of terms, for
  Sphinx would look for a target of each name, and many classes share names.
"""

from __future__ import annotations

import re

SECTION = re.compile(r"(Args|Arguments|Raises|Returns|Yields):$")
COLUMNS = re.compile(r"\S {2,}\S")


def to_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText."""
    out: list[str] = []
    for paragraph in _paragraphs(lines):
        if paragraph[0].strip() == "Attributes:":
            out += _attributes(paragraph[1:])
        elif SECTION.match(paragraph[0].strip()):
            out += [paragraph[0], *map(_inline, paragraph[1:]), ""]
        elif _laid_out(paragraph):
            margin = min(len(line) - len(line.lstrip()) for line in paragraph)
            out += [".. code-block:: text", "", *("    " + line[margin:] for line in paragraph), ""]
        else:
            out += [*(_inline(line) for line in paragraph), ""]
    return out


def _paragraphs(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line.rstrip())
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


def _attributes(lines: list[str]) -> list[str]:
    """`name: text`, with what is indented further below it, as a definition list."""
    out = ["**Attributes**", ""]
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    for line in lines:
        new = len(line) - len(line.lstrip()) == margin
        names, colon, text = line.strip().partition(": ")
        if new and colon:
            out += [f"``{names}``", f"    {_inline(text)}"]
        else:
            out += [f"    {_inline(line.strip())}"]
    return [*out, ""]


def _laid_out(paragraph: list[str]) -> bool:
    """Whether line breaks and blanks mean something."""
    if any(COLUMNS.search(line.strip()) for line in paragraph):
        return True
    indents = {len(line) - len(line.lstrip()) for line in paragraph}
    bullets = paragraph[0].lstrip().startswith("- ")
    return indents != {0} and not (bullets and min(indents) == 0)


def _inline(line: str) -> str:
    """One line: code as literal, other signs escaped."""
    indent = line[: len(line) - len(line.lstrip())]
    body = line.strip()
    bullet = "- " if body.startswith("- ") else ""
    parts = re.split(r"`([^`]+)`", body[len(bullet) :])
    words = [
        _literal(part, parts[i - 1][-1:], parts[i + 1][:1]) if i % 2 else _escaped(part)
        for i, part in enumerate(parts)
    ]
    return indent + bullet + "".join(words)


def _literal(code: str, before: str, after: str) -> str:
    """Literal text; a backslash and a blank join it to letters that touch it."""
    left = "\\ " if before.strip() else ""
    right = "\\ " if after.isalnum() else ""
    return f"{left}``{code.strip()}``{right}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\*|_`])", r"\\\1", text)


def process(app: object, what: str, name: str, obj: object, options: object, lines: list) -> None:  # type: ignore[type-arg]
    """For Sphinx's event `autodoc-process-docstring`, before napoleon."""
    lines[:] = to_rst(list(lines))
