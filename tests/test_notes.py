"""The notes: whole, quoting what is there, citing what is listed, and giving no answer away."""

from __future__ import annotations

import importlib
import json
import re
import textwrap
from pathlib import Path

import pytest
from PIL import Image
from test_release import code_lines, shared_lines

from autograder.assignments import load_source, names, stub

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "course/notes"
NOTES = sorted(FOLDER.glob("unit*.md"))
SECTIONS = (
    "The problem",
    "The idea",
    "The derivation",
    "In code",
    "What goes wrong",
    "What the papers left open",
    "Where this course differs",
    "Questions to think about",
    "Further reading",
)
ROOMS = {"starter_code/text_to_image": "a5_gan_cls", "starter_code/flows": "a6_glow_directions"}
FENCE = re.compile(r"^```(?:\{([\w-]+)\})? ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
each_note = pytest.mark.parametrize("note", NOTES, ids=lambda path: path.stem)


def directives(text: str, name: str) -> list[tuple[str, dict[str, str], str]]:
    """(argument, options, body) of each directive of that name."""
    found = []
    for kind, argument, inside in FENCE.findall(text):
        if kind == name:
            options = dict(re.findall(r"^:(\w+): (.+)$", inside, re.MULTILINE))
            body = re.sub(r"^:\w+: .+\n", "", inside, flags=re.MULTILINE).strip("\n")
            found.append((argument, options, body))
    return found


def prose(text: str) -> list[str]:
    """The words that are read: no code, no formulas, no tables of options."""
    text = re.sub(r"^```\{code-block\}.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^ {4,}.*$|^:\w+: .*$|^\|.*$|^```.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", "x", text)
    return re.findall(r"[A-Za-z][\w'’-]*", text)


def test_there_is_a_note_for_each_unit() -> None:
    assert [path.stem[:5] for path in NOTES] == [f"unit{n}" for n in range(1, 7)]


@each_note
def test_a_note_has_its_sections_and_its_length(note: Path) -> None:
    text = note.read_text("utf-8")
    assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == SECTIONS
    assert 1500 <= len(prose(text)) <= 2500
    asked = text.split("## Questions to think about")[1].split("## ")[0]
    assert 3 <= len(re.findall(r"^\d\. ", asked, re.MULTILINE)) <= 5


def registered() -> set[str]:
    """Names of the figures that `figures.py` draws."""
    files = (FOLDER / "drawings").glob("*.py")
    painted = r"^@figure\ndef (\w+)\("
    texts = [path.read_text("utf-8") for path in files]
    return {name for text in texts for name in re.findall(painted, text, re.MULTILINE)}


@each_note
def test_figures_are_there_and_described(note: Path) -> None:
    text = note.read_text("utf-8")
    shown = [(path, options.get("alt", "")) for path, options, _ in directives(text, "figure")]
    shown += [(path, alt) for alt, path in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text)]
    assert len(shown) >= 3
    for path, alt in shown:
        assert (FOLDER / path).is_file(), path
        assert len(alt) > 40, f"{path} needs a text for those who cannot see it"
        if path.startswith("figures/"):
            assert Path(path).stem in registered()
    assert all(body for _, _, body in directives(text, "figure")), "a figure without a caption"


def test_every_figure_is_drawn_by_code_shown_in_a_note_and_light() -> None:
    drawn = {path.stem: path for path in (FOLDER / "figures").glob("*.png")}
    assert set(drawn) == registered()
    texts = "".join(path.read_text("utf-8") for path in NOTES)
    for name, path in drawn.items():
        assert f"figures/{name}.png" in texts
        assert path.stat().st_size < 150_000
        with Image.open(path) as picture:
            assert picture.width >= 500


def test_a_figure_comes_out_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    figures = importlib.import_module("figures")

    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        figures.draw(["u3_adversary"], tmp_path / place)
    one, two = (tmp_path / place / "u3_adversary.png" for place in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    with pytest.raises(figures.CourseError, match="u9"):
        figures.draw(["u9"], tmp_path)


def bibliography() -> dict[str, str]:
    """Key -> the entry's text."""
    text = (FOLDER / "references.bib").read_text("utf-8")
    entries = re.findall(r"^@\w+\{([^,]+),\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    assert len({key for key, _ in entries}) == len(entries) == text.count("\n@") + 1
    return dict(entries)


def test_references_are_whole() -> None:
    for key, entry in bibliography().items():
        for part in ("author", "title", "year"):
            assert re.search(rf"^  {part} = ", entry, re.MULTILINE), f"{key} has no {part}"


@each_note
def test_what_is_cited_is_listed(note: Path) -> None:
    cited = re.findall(r"\{cite:[pt]\}`([^`]+)`", note.read_text("utf-8"))
    assert len(cited) >= 5
    missing = {key.strip() for keys in cited for key in keys.split(",")} - set(bibliography())
    assert not missing


def text_of(path: Path) -> str:
    """A file's text; of a notebook, the sources of its cells."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return text


@each_note
def test_quoted_code_stands_in_the_file_that_is_named(note: Path) -> None:
    quotes = directives(note.read_text("utf-8"), "code-block")
    assert len(quotes) >= 2
    for _, options, body in quotes:
        (place,) = re.findall(r"from `([^`]+)`", options["caption"])
        if ROOMS.get(str(Path(place).parent), names()[0]) not in names():
            continue  # a lab that this repository does not hold yet
        quoted = [line.rstrip() for line in textwrap.dedent(body).splitlines()]
        lines = [line.rstrip() for line in text_of(ROOT / place).splitlines()]
        runs = (lines[i : i + len(quoted)] for i in range(len(lines)))
        found = any(textwrap.dedent("\n".join(run)).splitlines() == quoted for run in runs)
        assert found, f"{place} does not hold\n{body}"


def solution_lines() -> set[str]:
    """Lines of the TODOs' solutions that no student is given anywhere."""
    secret: set[str] = set()
    given: set[str] = set()
    for path in ROOT.glob("starter_code/**/*.py"):
        given |= {line.strip() for line in path.read_text("utf-8").splitlines()}
    for assignment in names():
        given |= shared_lines(assignment)
        for cell in load_source(assignment).tagged("todo"):
            secret |= code_lines(cell.source) - code_lines(stub(cell.source))
    return secret - given


def test_no_line_of_a_solution_stands_in_a_note_or_in_the_code_of_its_figures() -> None:
    secret = solution_lines()
    assert len(secret) > 100
    for path in (*NOTES, *FOLDER.rglob("*.py")):
        lines = {line.strip(" `") for line in path.read_text("utf-8").splitlines()}
        assert not lines & secret, path.name


def test_the_glossary_has_four_columns_and_no_term_twice() -> None:
    text = (FOLDER / "glossary.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if re.match(r"\| [^|\s-]*[\u4e00-\u9fff]", line)]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    assert len(cells) >= 60
    assert all(len(row) == 4 and all(row) for row in cells)
    terms = [row[0] for row in cells]
    assert len(set(terms)) == len(terms)
