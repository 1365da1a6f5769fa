"""`make demo`: the course end to end, as a newcomer sees it first.

releases of both assignments  ->  a class of 24 made-up students each  ->  grades and feedback
->  the attention captioner trained at the small tier, with its attention maps
"""

from __future__ import annotations

import html
import os
import shutil
import time
from pathlib import Path

from rich.console import Console
from tqdm import tqdm

from autograder import assignments, wall
from autograder.building import source_notebook, write_atomically
from autograder.grading import Result, grade_class
from autograder.pages import page
from autograder.releasing import release
from autograder.simulated_class import Student, expected_marks, write_class
from starter_code.errors import CourseError

SHOWN = "a2_attention_decoder"
STAGES = ("", "see", "build", "train", "test", "look")


def run_demo(out: Path) -> Path:
    """Run the whole demo below `out`; return the page to open.

    Raises:
        CourseError: if a simulated student gets other marks than deserved.
    """
    console = Console()
    isolation = "none" if (reason := wall.missing()) else "namespaces"
    if reason:  # the class of the demo is made by us
        console.print(f"Graded without a wall, for there is none here: {reason}")
    started = time.perf_counter()
    for name in ("releases", "submitted", "grades"):
        shutil.rmtree(out / name, ignore_errors=True)
    links = []
    for name in assignments.names():
        release(name, out / "releases" / name)
        console.print(f"Release of {name}: {out / 'releases' / name}")
        students = write_class(name, out / "submitted" / name)
        submitted, grades = out / "submitted" / name, out / "grades" / name
        results = grade_class(name, submitted, grades, isolation=isolation)
        from autograder.cli import show_gradebook

        show_gradebook(results)
        verify_marks(name, students, results)
        links.append((f"grades/{name}/index.html", f"Gradebook of {name}: {len(results)} students"))
    captions = caption_page(out)
    links.append((captions.name, "The attention captioner: training, captions, attention maps"))
    index = out / "index.html"
    write_atomically(index, _index(links))
    console.print(f"The demo took {time.perf_counter() - started:.0f} s.")
    return index


def verify_marks(assignment: str, students: list[Student], results: list[Result]) -> None:
    """Hold the marks of a simulated class against what each student deserves.

    Raises:
        CourseError: listing every difference.
    """
    by_name = {result.student: result for result in results}
    wrong = []
    for student in students:
        verdicts = by_name[student.name].verdicts
        for todo, deserved in expected_marks(assignment, student).items():
            own = [verdict for verdict in verdicts if verdict.todo == todo]
            if all(verdict.passed for verdict in own) != deserved:
                wrong.append(f"{student.name}: {todo} {'lost' if deserved else 'earned'} points")
        named = {name for verdict in verdicts for name in verdict.mistakes}
        if student.mistake and student.mistake not in named:
            wrong.append(f"{student.name}: the mistake {student.mistake} is not named")
    if wrong:
        raise CourseError("The simulated class got wrong marks: " + "; ".join(wrong))


def caption_page(out: Path) -> Path:
    """Train the attention captioner at the small tier and write its notebook as a page."""
    import nbformat
    from nbconvert import HTMLExporter

    from autograder.walkthrough import run_walkthrough

    notebook = source_notebook(SHOWN)
    stage, kept = "", []
    for cell in notebook.cells:
        stage = cell.metadata.get("course", {}).get("stage", stage)
        if stage in STAGES and "check" not in cell.metadata.get("course", {}):
            kept.append(cell)
    notebook.cells = kept
    executed = run_walkthrough(notebook, SHOWN, os.environ.get("COURSE_TIER", "small"))
    for cell in tqdm(executed.cells, desc="writing the page", leave=False):
        cell.metadata.pop("nbgrader", None)
    body, _ = HTMLExporter(embed_images=True).from_notebook_node(nbformat.from_dict(executed))
    path = out / "captions.html"
    write_atomically(path, body)
    return path


def _index(links: list[tuple[str, str]]) -> str:
    rows = "".join(
        f"<p><a href='{html.escape(link)}'>{html.escape(text)}</a></p>" for link, text in links
    )
    return page("Show, Tell, Imagine: the demo", rows)
