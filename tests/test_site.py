"""The pages that `make site` builds: all there, nothing given away, nothing out of date."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from autograder.assignments import END, load_source, names, stub
from autograder.authoring import load_alternatives, load_mistakes
from autograder.kill_table import FRESH_SEEDS

SEEDS = 1 + len(FRESH_SEEDS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source folder as build.py puts it together for Sphinx."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).resolve().parents[1] / "course" / "site")
        import build

        folder = tmp_path_factory.mktemp("site")
        build.stage_all(folder, set(build.PARTS))
    return folder


def test_it_is_built_without_a_warning_and_without_a_broken_link(
    root: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "course/site/build.py", "--to", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "0 broken links" in done.stdout
    assert (tmp_path / "site" / "html" / "index.html").is_file()


def entries(page: Path) -> list[str]:
    """The pages that the toctrees of a page name."""
    trees = re.findall(r"```\{toctree\}\n(.*?)```", page.read_text("utf-8"), flags=re.S)
    lines = [line for tree in trees for line in tree.splitlines() if line]
    return [line for line in lines if not line.startswith(":")]


def test_every_page_is_in_the_contents_once(source: Path) -> None:
    found: Counter[str] = Counter(["index"])
    for page in source.rglob("*.md"):
        here = page.parent.relative_to(source)
        found.update((here / entry).as_posix() for entry in entries(page))
    pages = {
        path.relative_to(source).with_suffix("").as_posix()
        for path in source.rglob("*")
        if path.suffix in {".md", ".rst", ".ipynb"}
    }
    assert set(found) == pages
    assert set(found.values()) == {1}


def test_each_assignment_has_a_card_a_row_and_a_walkthrough(source: Path, assignment: str) -> None:
    page = f"walkthroughs/{assignment}.ipynb"
    assert (source / page).is_file()
    front, syllabus = ((source / name).read_text("utf-8") for name in ("index.md", "syllabus.md"))
    assert front.count(":::{container} lab\n") == len(names())
    assert f"[walkthrough]({page})" in front and f"]({page})" in syllabus
    picture = re.search(rf"pictures/(\w+\.png)\n:alt: .+\n:target: {page[:-6]}", front)
    assert picture and (source / "pictures" / picture[1]).is_file()


def test_what_is_to_be_found_out_is_folded(source: Path, assignment: str) -> None:
    cells = json.loads((source / f"walkthroughs/{assignment}.ipynb").read_text("utf-8"))["cells"]
    open_text, folded = "", ""
    for cell in cells:
        text = "".join(cell["source"])
        if "hide-input" in cell["metadata"].get("tags", []):
            folded += text + "\n"
        else:
            open_text += re.sub(r"<details>.*?</details>", "", text, flags=re.S) + "\n"
    for todo in load_source(assignment).tagged("todo"):
        given = set(stub(todo.source).splitlines())
        hidden = [line for line in todo.source.splitlines() if line not in given]
        assert stub(todo.source) in open_text
        lines = [line for line in hidden if line.strip() not in ("", "### BEGIN SOLUTION", END)]
        assert "\n".join(lines[:1]) in folded
        assert not [line for line in lines if len(line.strip()) > 24 and line + "\n" in open_text]
    for report in load_source(assignment).tagged("report"):
        assert report.source.splitlines()[0] not in open_text


def test_pictures_of_notebooks_say_what_is_to_be_seen(source: Path, assignment: str) -> None:
    cells = json.loads((source / f"walkthroughs/{assignment}.ipynb").read_text("utf-8"))["cells"]
    drawn = [
        cell
        for cell in cells
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))
    ]
    assert drawn
    for cell in drawn:
        assert len(cell["metadata"]["mystnb"]["image"]["alt"]) > len("Picture: .") + 10


def test_the_stored_kill_table_is_todays(root: Path, assignment: str) -> None:
    """Mended by `python course/site/kill_table.py` and the assignment's name."""
    text = (root / "course" / "kill_table.md").read_text("utf-8")
    table = text.partition(f"\n## {assignment}\n")[2].partition("\n## ")[0]
    rows = {
        todo: (mistakes, alternatives)
        for todo, mistakes, alternatives in re.findall(
            r"^\| (\w+) \| 4/4 \| 4/4 \| (\d+/\d+) \| (\d+/\d+) \|", table, flags=re.M
        )
    }
    folder = root / "solutions" / assignment
    mistakes = Counter(m.todo for m in load_mistakes(folder / "mistakes.py"))
    others = Counter(a.todo for a in load_alternatives(folder / "alternatives.py"))
    assert rows == {
        todo: tuple(f"{SEEDS * n}/{SEEDS * n}" for n in (mistakes[todo], others[todo]))
        for todo in load_source(assignment).todos
    }


def test_the_rubric_has_every_question_and_its_points(root: Path, assignment: str) -> None:
    text = (root / "course" / "guides" / "rubric.md").read_text("utf-8")
    table = text.partition(f"\n## {assignment}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d)? ?[^|]* \| (\d+) \| [^|]+ \|$", table, flags=re.M)
    asked = [int(cell.tags["points"]) for cell in load_source(assignment).tagged("report")]
    assert [int(points) for _, points in rows] == asked
    assert sum(asked) == 20


def test_the_page_on_data_is_what_the_command_lists(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mended by `python course/site/data_sets.py`."""
    monkeypatch.syspath_prepend(root / "course" / "site")
    import data_sets

    assert data_sets.table() in data_sets.PAGE.read_text("utf-8")
    assert data_sets.table().count("\n### ") == data_sets.listed().count("\n  get it ")


def test_what_is_wrong_with_a_page_is_found(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root / "course" / "site")
    import links

    (tmp_path / "b.html").write_text("<p id='there'>.</p>", encoding="utf-8")
    good = "<a href='b.html#there'>b</a><a href='https://x.org'>out</a><img src='b.html' alt='x'>"
    (tmp_path / "a.html").write_text(good, encoding="utf-8")
    assert links.broken(tmp_path) == []
    bad = (
        "<a href='c.html'>c</a><a href='b.html#nowhere'>b</a><img src='b.html'>"
        "<script src='https://x.org/x.js'></script>"
    )
    (tmp_path / "a.html").write_text(bad, encoding="utf-8")
    assert [problem.split(": ", 1)[1] for problem in links.broken(tmp_path)] == [
        "c.html does not exist",
        "b.html#nowhere has no such place on its page",
        "https://x.org/x.js comes from the network",
        "b.html has no alternative text",
    ]


def test_plain_docstrings_become_text_that_sphinx_reads(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(root / "course" / "site")
    from docstrings import to_rst

    plain = ["|s|² of `a_b` and *x*.", "", "name    what it is", "other   another", "", "Args:"]
    assert to_rst([*plain, "    x: of_a|b."]) == [
        r"\|s\|² of ``a_b`` and \*x\*.",
        "",
        ".. code-block:: text",
        "",
        "    name    what it is",
        "    other   another",
        "",
        "Args:",
        r"    x: of\_a\|b.",
        "",
    ]
