"""The pages that no file of the repository holds: front, contents, workload, results, API."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from staging import ROOT, Stage
from walkthroughs import Lab

# The order in which guides are read; others follow by name.
GUIDES = (
    "student",
    "self-study",
    "instructor",
    "rubric",
    "author",
    "data",
    "gpu-lab",
    "security",
    "attacks",
)
CARRY_ON = ("architecture", "contributing", "changelog")


def tree(entries: Iterable[str], caption: str = "", hidden: bool = True, depth: int = 1) -> str:
    """A toctree of page names, without their endings."""
    options = [f":maxdepth: {depth}"]
    options += [f":caption: {caption}"] if caption else []
    options += [":hidden:"] if hidden else []
    return "\n".join(["```{toctree}", *options, "", *entries, "```"]) + "\n"


def readme_part(heading: str) -> str:
    """The text below a second-level heading of the README."""
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S)
    return found[1].strip() + "\n" if found else ""


def alternative_texts() -> dict[str, str]:
    """What the README says of each picture that it shows: file name -> text."""
    text = (ROOT / "README.md").read_text("utf-8")
    return {Path(src).name: alt for alt, src in re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)}


# --- front -----------------------------------------------------------------------------------


def stage_front(stage: Stage, labs: list[Lab], parts: set[str], trees: str) -> None:
    """The first page: what the course is, a card for each lab, where to begin."""
    said = alternative_texts()
    cards = "\n".join(_card(stage, lab, parts, said.get(lab.picture, "")) for lab in labs)
    ways = [
        ("a student", "guides/student.md", "the first hour: from a clone to a green check"),
        ("reading on your own", "guides/self-study.md", "no class and no GPU"),
        ("an instructor", "guides/instructor.md", "a term, week by week"),
        ("an author", "guides/author.md", "from a formula to a graded lab in an afternoon"),
    ]
    rows = "\n".join(
        f"| {who} | [{what[0].upper() + what[1:]}]({page}) |"
        for who, page, what in ways
        if page in stage.written
    )
    begin = f"## Where to begin\n\n| You are | Read |\n|---|---|\n{rows}\n" if rows else ""
    text = f"""# Show, Tell, Imagine

Networks that **tell** what a picture shows, that keep *what is said* apart from *how*, and that
**imagine** pictures from words: a deep-learning course in graded notebooks. You fill a TODO, run
the check below it, and read at once *what* is wrong. No GPU, no download: every lab runs on a
laptop, in a picture world whose truth is known.

::::{{container}} labs
{cards}
::::

{begin}
## What is different here

{stage.turn(readme_part("What is different here"), "", "index.md")}
{trees}
"""
    stage.write("index.md", text)


def _card(stage: Stage, lab: Lab, parts: set[str], alt: str) -> str:
    title = lab.title.split("·")[-1].strip()
    target = f"walkthroughs/{lab.name}.ipynb" if "walkthroughs" in parts else ""
    links = [f"[walkthrough]({target})"] if target else []
    if note := lab.note(stage.written):
        links.insert(0, f"[notes]({note})")
    about = re.split(r"(?<=[.?])\s", re.sub(r"\s*\([^()]*\)", "", lab.about))
    picture = ""
    if lab.picture:
        aim = f":target: {target.removesuffix('.ipynb')}.html\n" if target else ""
        alt = alt or f"A picture that this lab makes: {title}"
        picture = f"```{{image}} pictures/{lab.picture}\n:alt: {alt}\n{aim}```\n"
    return f""":::{{container}} lab
{picture}
**{lab.short[1:]} · {title}**

{" ".join(about[:2])}

{" · ".join([*links, f"{lab.todos} TODOs, {lab.hours}"])}
:::"""


# --- contents of the parts -------------------------------------------------------------------


def stage_syllabus(stage: Stage, labs: list[Lab]) -> None:
    """The syllabus with the workload of each assignment, read from the sources."""
    rows = []
    for lab in labs:
        title = lab.title.split("·")[-1].strip()
        page = f"walkthroughs/{lab.name}.ipynb"
        name = f"[{title}]({page})" if page in stage.written else title
        note = lab.note(stage.written)
        read = f"[notes]({note})" if note else "–"
        rows.append(
            f"| {lab.short[1:]} | {name} | {read} | {lab.todos} | {lab.hours} "
            f"| {lab.points} | {lab.report} |"
        )
    hours = sum(lab.minutes for lab in labs) / 60
    table = "\n".join(rows)
    text = (ROOT / "course" / "syllabus.md").read_text("utf-8")
    head, rest = text.split("\n", 1)
    overview = f"""
## Workload

| Unit | Assignment | Read | TODOs | Writing them | Points | Report |
|---|---|---|---|---|---|---|
{table}

Writing the TODOs takes about {hours:.0f} hours for all {len(labs)}. Count as much again for
reading, trainings (at most five minutes each at the tier *small*), *improve* and the report. How a
term is laid out, week by week, stands in the
[instructor's guide](guides/instructor.md).

## Units and TODOs
"""
    if "guides/instructor.md" not in stage.written:
        overview = re.sub(r"\[([^]]*)\]\(guides/instructor.md\)", r"\1", overview)
    stage.write("syllabus.md", stage.turn(head + "\n" + overview + rest, "course", "syllabus.md"))


def stage_measured(stage: Stage) -> None:
    """The README's numbers with the commands that made them, and the longer reports."""
    text = "# Measured results\n\n" + readme_part("What the walkthroughs measured")
    reports = [name.removesuffix(".md") for name in stage.written if name.startswith("results/")]
    text += "\n" + tree(sorted(reports), hidden=False) if reports else ""
    stage.write("measured.md", stage.turn(text, "", "measured.md"))


def stage_contents(stage: Stage, name: str, title: str, about: str, entries: list[str]) -> None:
    """The page that lists what a part holds."""
    text = f"# {title}\n\n{about}\n\n" + tree(entries, hidden=False)
    stage.write(f"{name}/index.md", text)


# --- API -------------------------------------------------------------------------------------


def stage_api(stage: Stage) -> list[str]:
    """A page for each room of starter_code and one for the files beside them; their names."""
    top = ROOT / "starter_code"
    rooms: dict[str, list[str]] = {"starter_code": []}
    for path in sorted(top.rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        if parts[-1] == "__init__":
            parts = parts[:-1]
        package = len(parts) == 2 and path.name == "__init__.py"
        room = parts[1] if package or len(parts) > 2 else ""
        if ast.get_docstring(ast.parse(path.read_text("utf-8"))):
            rooms.setdefault(room or "starter_code", []).append(".".join(parts))
    for room, modules in rooms.items():
        stage.write(f"api/{room}.rst", "\n\n".join(_api_page(room, modules)) + "\n")
    return list(rooms)


def _api_page(room: str, modules: list[str]) -> Iterable[str]:
    title = room if room == "starter_code" else f"starter_code.{room}"
    yield f"{title}\n{'=' * len(title)}"
    for module in sorted(modules):
        name = module.rsplit(".", 1)[-1] if module != title else ""
        if name:
            yield f"{name}\n{'-' * len(name)}"
        members = "" if module == title else "\n   :members:\n   :member-order: bysource"
        yield f".. automodule:: {module}{members}"
