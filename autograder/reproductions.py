"""`course reproduce --all`: one page with every table and figure that labs measure again.

A source is a line of SOURCES. What has been measured is taken: finished rows below the output
folder, else the table that is kept in `course/results`; only what is in neither is trained.
"""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from markdown_it import MarkdownIt

from autograder.assignments import names, repository, resolve
from autograder.files import write_atomically
from autograder.notebook_files import Raw
from autograder.pages import page
from autograder.studies import Study
from autograder.workbook import read
from starter_code.errors import CourseError


@dataclass(frozen=True)
class Wanted:
    """What to bring together: a tier, seeds, and the folders of data, trainings and page."""

    tier: str
    seeds: tuple[int, ...] = (0, 1, 2)
    root: Path = Path("data")
    out: Path = Path("runs")
    jobs: int = 1


def _measured(source: str, module: str, dataset: str, wanted: Wanted) -> str:
    """The report of a module with `reproduce`; trained only if it is nowhere."""
    kept = repository() / "course" / "results" / f"{source}_{dataset}_{wanted.tier}.md"
    place = wanted.out / source / f"{dataset}_{wanted.tier}"
    if kept.is_file() and not place.is_dir():
        return kept.read_text("utf-8")
    work = importlib.import_module(f"autograder.{module}")
    study = Study(dataset, wanted.tier, wanted.seeds, wanted.root, wanted.out / source)
    report: Path = work.reproduce(study, wanted.jobs)
    return report.read_text("utf-8")


def _walkthrough(short: str, title: str, source: str, wanted: Wanted) -> str:
    """What a walkthrough printed in its stages test, look and improve, and its figures."""
    if short not in {name.split("_")[0] for name in names()}:
        return ""
    name = resolve(short)
    path = repository() / "solutions" / name / f"{name}.ipynb"
    parts = [f"# {title}", f"{source} Printed by the walkthrough of {name}, tier small, seed 0."]
    stage = ""
    for cell in read(path).cells:
        course = cell["metadata"].get("course", {})
        stage = course.get("stage", stage)
        if stage not in ("test", "look", "improve"):
            continue
        if printed := _printed(cell):
            parts.append(f"```text\n{printed}\n```")
        if figure := course.get("figure"):
            parts.append(_picture(str(figure), wanted.out))
    return "\n\n".join(part for part in parts if part)


def _printed(cell: Raw) -> str:
    """What a cell with numbers printed, without the log of a training."""
    texts = [output["text"] for output in cell.get("outputs", []) if output.get("name") == "stdout"]
    text = "\n".join("".join(lines).rstrip("\n") for lines in texts)
    text = re.sub(r"^epoch +\d.*\n?", "", text, flags=re.M).strip("\n")
    return text if re.search(r"\d\.\d", text) else ""


def _picture(name: str, out: Path) -> str:
    """A figure of a walkthrough, copied beside the page."""
    drawn = repository() / "course" / "pictures" / f"{name}.png"
    if not drawn.is_file():
        return ""
    place = out / "pictures" / drawn.name
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(drawn, place)
    return f"![{name}, as the walkthrough drew it](pictures/{drawn.name})"


_NO_NUMBERS = "The lab handout prints no numbers: ours stand beside answers that need no skill."
_ABOVE = "The source's tables stand above, with several seeds."

# name -> what writes its part of the page; a new source is one line
SOURCES: dict[str, Callable[[Wanted], str]] = {
    "a1": partial(_walkthrough, "a1", "Show and Tell (assignment 1)", _NO_NUMBERS),
    "a2": partial(_walkthrough, "a2", "Show, Attend and Tell (assignment 2)", _NO_NUMBERS),
    "dsic": partial(_measured, "dsic", "reproduce", "scenes"),
    "a3": partial(_walkthrough, "a3", "DSIC's modules (assignment 3)", _ABOVE),
    "a4": partial(_walkthrough, "a4", "DSIC's captions (assignment 4)", _ABOVE),
    "a5": partial(
        _walkthrough, "a5", "GAN-CLS (assignment 5)", "The survey prints no numbers for GAN-CLS."
    ),
    "disgu": partial(_measured, "disgu", "reproduce_disgu", "shapes3d"),
    "a6": partial(_walkthrough, "a6", "Dis-GU (assignment 6)", _ABOVE),
}


def one_page(wanted: Wanted) -> list[Path]:
    """Write `reproduction_TIER.md` and `.html` below the output folder; return both.

    Raises:
        CourseError: a source cannot be measured; the sentence names it.
    """
    from starter_code.tiers import tier

    tier(wanted.tier)
    parts, listed = [], []
    for name, part in SOURCES.items():
        try:
            text = part(wanted).strip()
        except CourseError as error:
            raise CourseError(f"{name}: {error}") from None
        if text:
            parts.append(re.sub(r"^(#+ )", r"#\1", text, flags=re.M))
            listed.append(text.splitlines()[0].lstrip("# "))
    title = f"The sources, measured again (tier {wanted.tier})"
    head = (
        f"# {title}\n\nMade by `course reproduce --all --tier {wanted.tier}`. Ours stand beside "
        "the sources' numbers where these print some, in italics.\n\n"
    )
    text = head + "\n".join(f"- {line}" for line in listed) + "\n\n" + "\n\n".join(parts) + "\n"
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r"<h1>.*?</h1>", "", body, count=1)
    style = "img { max-width: 100%; } pre { overflow-x: auto; }"
    paths = [wanted.out / f"reproduction_{wanted.tier}{suffix}" for suffix in (".md", ".html")]
    write_atomically(paths[0], text)
    write_atomically(paths[1], page(title, body, style))
    return paths
