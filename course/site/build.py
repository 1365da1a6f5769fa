"""`make site`: put the pages together, build them with Sphinx, look at every link.

python course/site/build.py [--only notes,guides,walkthroughs,api] [--to runs/site]

Nothing is downloaded and no notebook is run. The pages lie in runs/site/html; open index.html.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

import links
import pages
import walkthroughs
from autograder import assignments
from staging import ROOT, Stage, stage_course
from starter_code.errors import CourseError

PARTS = ("notes", "walkthroughs", "guides", "api")


def read_labs() -> list[walkthroughs.Lab]:
    """The facts of every assignment that has a source and an executed walkthrough."""
    shown = walkthroughs.figures_shown(ROOT / "README.md")
    return [
        walkthroughs.read_lab(name, shown)
        for name in assignments.names()
        if (ROOT / "solutions" / name / f"{name}.ipynb").is_file()
    ]


def stage_all(folder: Path, parts: set[str]) -> Stage:
    """Put the sources of the chosen parts into `folder`."""
    stage = Stage(folder)
    labs = read_labs()
    stage_course(stage, parts)
    if "walkthroughs" in parts:
        for lab in labs:
            walkthroughs.stage_walkthrough(stage, lab)
    trees = [pages.tree(_reading(stage, labs, parts), "Read")]
    if "guides" in parts:
        trees.append(pages.tree(_guides(stage), "Guides"))
    trees.append(pages.tree(_looking_up(stage, parts), "Look up"))
    trees.append(pages.tree(_carrying_on(stage), "Carry it on"))
    pages.stage_syllabus(stage, labs)
    pages.stage_measured(stage)
    pages.stage_front(stage, labs, parts, "\n".join(trees))
    stage.finish()
    return stage


def _reading(stage: Stage, labs: list[walkthroughs.Lab], parts: set[str]) -> list[str]:
    entries = ["syllabus"]
    if "notes" in parts:
        there = [name for name in stage.written if re.fullmatch(r"notes/[^/]+\.md", name)]
        stems = sorted(Path(name).stem for name in there)
        units = [stem for stem in stems if re.match(r"(unit|a)\d", stem)]
        if stems:
            about = "What to read before the TODOs: a page for each unit."
            units += [stem for stem in stems if stem not in units]
            pages.stage_contents(stage, "notes", "Notes", about, units)
            entries.append("notes/index")
    if "walkthroughs" in parts:
        about = "Every notebook as it ran, with solutions and hints folded."
        names = [lab.name for lab in labs]
        pages.stage_contents(stage, "walkthroughs", "Walkthroughs", about, names)
        entries.append("walkthroughs/index")
    return [*entries, "measured"]


def _guides(stage: Stage) -> list[str]:
    there = {Path(name).stem for name in stage.written if name.startswith("guides/")}
    ordered = [name for name in pages.GUIDES if name in there]
    return [f"guides/{name}" for name in ordered + sorted(there - set(ordered))]


def _looking_up(stage: Stage, parts: set[str]) -> list[str]:
    entries = [name for name in ("conventions", "kill_table") if f"{name}.md" in stage.written]
    if "api" in parts:
        about = "Everything that notebooks import, read from the docstrings."
        pages.stage_contents(stage, "api", "API of starter_code", about, pages.stage_api(stage))
        entries.append("api/index")
    return entries


def _carrying_on(stage: Stage) -> list[str]:
    for name in ("contributing", "changelog"):
        source = ROOT / f"{name.upper()}.md"
        if source.is_file():
            stage.page(f"{name}.md", source)
    return [name for name in pages.CARRY_ON if f"{name}.md" in stage.written]


def sphinx(source: Path, to: Path) -> int:
    """Build the pages; every warning is shown and makes the build fail."""
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q"]
    command += ["-c", str(Path(__file__).resolve().parent)]
    command += ["-d", str(to.parent / "doctrees"), str(source), str(to)]
    return subprocess.run(command).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts with commas")
    parser.add_argument("--to", type=Path, default=ROOT / "runs" / "site")
    arguments = parser.parse_args()
    started = time.perf_counter()
    try:
        folder = arguments.to.resolve()
        stage_all(folder / "source", set(arguments.only.split(",")))
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    if sphinx(folder / "source", folder / "html"):
        return 1
    problems = links.broken(folder / "html")
    for problem in problems:
        print(problem)
    took = time.perf_counter() - started
    print(f"{folder / 'html' / 'index.html'}: {len(problems)} broken links, {took:.0f} s")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
