"""The drawing in course/architecture.md says what imports what; the code is held against it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import jupytext
import pytest

OURS = {"starter_code", "autograder", "solutions", "course", "tests", "benchmarks"}


def drawing(root: Path) -> dict[str, set[str]]:
    """The arrows of the drawing, and with each what lies to the right of it: part -> parts."""
    text = (root / "course" / "architecture.md").read_text("utf-8")
    lines = re.search(r"```text\n(.*?)```", text, flags=re.S)[1].splitlines()
    chain = next(line for line in lines if "►" in line and "┄" not in line)
    left = [m[1] for line in lines if (m := re.match(r"(\w+) ─+[┐┤┼┘]", line))]
    right = re.findall(r"► (\w+)", chain)
    arrows = {name: set(right) for name in left}
    return arrows | {name: set(right[n + 1 :]) for n, name in enumerate(right)}


def imports(source: str) -> set[str]:
    """The modules that a program imports, with the names taken from them as modules, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def parts(source: str) -> set[str]:
    return {name.split(".")[0] for name in imports(source)} & OURS


def code_of(root: Path, part: str) -> dict[Path, str]:
    """The programs of a part: its Python files; of the notebooks their code cells."""
    if part == "notebooks":
        found = {}
        for path in (*root.glob("assignments/*/*.ipynb"), *root.glob("solutions/*/*.ipynb")):
            cells = jupytext.read(path).cells
            found[path] = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        return found
    files = (p for p in (root / part).rglob("*.py") if "attacks" not in p.parts)
    return {path: path.read_text("utf-8") for path in files if "template" not in path.parts}


def test_every_import_is_an_arrow_and_every_arrow_an_import(root: Path) -> None:
    arrows = drawing(root)
    assert set(arrows) == {"notebooks", *OURS} - {"solutions"}
    for part, allowed in arrows.items():
        used: set[str] = set()
        for path, source in code_of(root, part).items():
            own = parts(source) - {part}
            assert own <= allowed, f"{path.relative_to(root)} imports {own - allowed}"
            used |= own
        assert used == allowed, f"the drawing has an arrow from {part} that no file needs"


def test_the_drawing_is_that_of_the_design(root: Path) -> None:
    arrows = drawing(root)
    assert arrows["starter_code"] == set()
    assert arrows["autograder"] == {"starter_code"}
    assert arrows["notebooks"] == {"autograder", "starter_code"}


def reached(root: Path, module: str) -> set[str]:
    """The modules of the autograder that a module imports, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = root.joinpath(*name.split(".")).with_suffix(".py")
        if name not in found and path.is_file():
            found.add(name)
            names = imports(path.read_text("utf-8"))
            waiting += [other for other in names if other.startswith("autograder.")]
    return found


def rooms(root: Path) -> dict[str, tuple[list[str], bool]]:
    """The table of rooms: name -> (its files, whether it may see the reference)."""
    text = (root / "course" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w ]+) \| (`autograder/.+?) \| (yes|no) \|$", text, flags=re.M)
    return {name: (re.findall(r"`([\w/.]+)`", files), seen == "yes") for name, files, seen in rows}


def test_the_sandbox_imports_nothing_that_sees_the_reference(root: Path) -> None:
    table = rooms(root)
    assert len(table) == 6
    named = {name: set(files) for name, (files, _) in table.items()}
    assert all((root / file).is_file() for files in named.values() for file in files)

    def module(file: str) -> str:
        return file.removesuffix(".py").replace("/", ".")

    seeing = {module(f) for files, seen in table.values() if seen for f in files}
    for files, seen in table.values():
        for file in files:
            if not seen:
                assert not reached(root, module(file)) & seeing, file
    assert seeing & reached(root, "autograder.grading")


@pytest.mark.parametrize("lie", ["autograder ───► starter_code", "course ──────┤\n"])
def test_a_wrong_drawing_is_noticed(root: Path, tmp_path: Path, lie: str) -> None:
    text = (root / "course" / "architecture.md").read_text("utf-8")
    assert lie in text
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "architecture.md").write_text(text.replace(lie, ""), encoding="utf-8")
    try:
        changed = drawing(tmp_path)
    except StopIteration:  # no chain is left to read
        return
    assert changed != drawing(root)
