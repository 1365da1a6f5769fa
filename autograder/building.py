"""`course build`: everything that is generated comes from one source per assignment.

solutions/aN/aN.py  ──►  solutions/aN/aN.ipynb         walkthrough; outputs stay with their cells
                    ──►  assignments/aN/aN.ipynb       by nbgrader's own generate_assignment
                    ──►  */aN/aN.checks.json           frozen values of the visible checks
                    ──►  course/syllabus.md            the table
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.assignments import SourceCell, SourceNotebook, load_source, names, repository
from autograder.bank import Bank, measure
from autograder.comparing import difference
from autograder.draws import PUBLIC_SEED
from autograder.files import write_atomically as write_atomically
from autograder.probes import load_checks
from autograder.running import Outcome
from autograder.source_rules import hints, verify
from starter_code.errors import CourseError

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WORDS_ONLY = frozenset({"starter_code/catalogue.py"})  # names, places, licences of data sets


# --- the source notebook ---------------------------------------------------------------------


def source_notebook(assignment: str) -> NotebookNode:
    """The source as a notebook with nbgrader metadata and without outputs."""
    source = load_source(assignment)
    points = _points(assignment)
    cells, taken = [], set()
    for cell in source.cells:
        metadata = _metadata(cell, points)
        identity = _identity(cell)
        while identity in taken:
            identity += "x"
        taken.add(identity)
        if cell.kind == "code":
            new = nbformat.v4.new_code_cell(cell.source, id=identity, metadata=metadata)
        else:
            new = nbformat.v4.new_markdown_cell(cell.source, id=identity, metadata=metadata)
        cells.append(new)
    head = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=head)


def _points(assignment: str) -> dict[str, float]:
    points: dict[str, float] = {}
    for check in load_checks(assignment):
        points[check.todo] = points.get(check.todo, 0.0) + check.points
    return points


def _identity(cell: SourceCell) -> str:
    for tag, prefix in (("todo", ""), ("check", "check-"), ("report", "report-")):
        if tag in cell.tags:
            return f"{prefix}{cell.tags[tag]}"
    return "c" + hashlib.sha256(cell.source.encode()).hexdigest()[:11]


def _metadata(cell: SourceCell, points: dict[str, float]) -> dict[str, Any]:
    tags = {key: value for key, value in cell.tags.items() if key != "tags"}
    metadata: dict[str, Any] = {"course": tags} if tags else {}
    if "tags" in cell.tags:
        metadata["tags"] = cell.tags["tags"]
    if "todo" in tags:
        metadata["nbgrader"] = _nbgrader(tags["todo"], solution=True)
    elif "check" in tags:
        worth = points.get(tags["check"], 0.0)
        metadata["nbgrader"] = _nbgrader(f"check-{tags['check']}", grade=True, points=worth)
    elif "report" in tags:
        name, worth = f"report-{tags['report']}", float(tags.get("points", 0))
        metadata["nbgrader"] = _nbgrader(name, grade=True, solution=True, points=worth)
    return metadata


def _nbgrader(
    name: str, *, grade: bool = False, solution: bool = False, points: float | None = None
) -> dict[str, Any]:
    record: dict[str, Any] = {"grade_id": name, "grade": grade, "solution": solution}
    record |= {"locked": grade and not solution, "task": False, "schema_version": 3}
    return record if points is None else {**record, "points": points}


# --- fingerprints ----------------------------------------------------------------------------


def fingerprint(assignment: str) -> str:
    """Hash of the code that a walkthrough ran: its code cells and the starter code they import.

    Comments, layout and what data sets are called do not count, so a corrected sentence needs no
    new run.
    """
    source = load_source(assignment)
    code = "\n".join(cell.source for cell in source.cells if cell.kind == "code")
    parts = [ast.dump(ast.parse(code))]
    parts += [ast.dump(ast.parse(path.read_text("utf-8"))) for path in starter_files(code)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def starter_files(code: str) -> list[Path]:
    """Files of `starter_code` that `code` imports, directly or through one another."""
    root = repository()
    found: set[Path] = set()
    waiting = [code]
    while waiting:
        for module in _imported(ast.parse(waiting.pop())):
            base = root.joinpath(*module.split("."))
            for path in (base.with_suffix(".py"), base / "__init__.py"):
                known = path in found or path.relative_to(root).as_posix() in WORDS_ONLY
                if path.is_file() and not known:
                    found.add(path)
                    waiting.append(path.read_text("utf-8"))
    return sorted(found)


def _imported(tree: ast.AST) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
            modules.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {module for module in modules if module.split(".")[0] == "starter_code"}


# --- build -----------------------------------------------------------------------------------


def build(assignment: str, *, execute: bool = False, resume: bool = False) -> list[Path]:
    """Write everything that is generated from an assignment's source; return the files.

    Args:
        execute: run the source at the small tier and keep its outputs as the walkthrough.
        resume: when executing, take trainings that an interrupted run left in `runs`.
    """
    source = load_source(assignment)
    verify(source)
    walkthrough = source.path.with_suffix(".ipynb")
    release = repository() / "assignments" / assignment
    notebook = source_notebook(assignment)
    frozen = json.dumps(frozen_values(assignment), indent=None, sort_keys=True) + "\n"
    for folder in (walkthrough.parent, release):  # first: the walkthrough's checks read them
        write_atomically(folder / f"{assignment}.checks.json", frozen)
    if execute:
        from autograder.walkthrough import run_walkthrough

        notebook = run_walkthrough(notebook, assignment, resume=resume)
        notebook.metadata["course"] = {"fingerprint": fingerprint(assignment)}
    else:
        _keep_outputs(notebook, walkthrough)
    with tempfile.TemporaryDirectory() as scratch:
        released = released_notebook(assignment, notebook, Path(scratch))
    files = {
        walkthrough: nbformat.writes(notebook) + "\n",
        release / f"{assignment}.ipynb": nbformat.writes(released) + "\n",
    }
    for path, text in files.items():
        write_atomically(path, text)
    write_syllabus()
    return [*files, *write_figures(notebook)]


def write_figures(notebook: NotebookNode) -> list[Path]:
    """Write the picture of each cell with a tag `figure="name"` to `course/pictures/name.png`."""
    written = []
    for cell in notebook.cells:
        name = cell.metadata.get("course", {}).get("figure")
        found = [
            o.data["image/png"] for o in cell.get("outputs", []) if "image/png" in o.get("data", {})
        ]
        if name and found:
            path = repository() / "course" / "pictures" / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(base64.b64decode(found[0]))
            written.append(path)
    return written


def _keep_outputs(notebook: NotebookNode, walkthrough: Path) -> None:
    """Copy outputs of cells that have not changed from the last executed walkthrough."""
    if not walkthrough.is_file():
        return
    old = nbformat.read(walkthrough, as_version=4)
    by_id = {cell.id: cell for cell in old.cells if cell.cell_type == "code"}
    for cell in notebook.cells:
        before = by_id.get(cell.id)
        if cell.cell_type == "code" and before is not None and before.source == cell.source:
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
    if "course" in old.metadata:
        notebook.metadata["course"] = old.metadata["course"]


def frozen_values(assignment: str) -> dict[str, Any]:
    """The public bank, the hints and who defines what: `check` and `hint` read it in a release."""
    source = load_source(assignment)
    bank = measure(assignment, PUBLIC_SEED).to_json()
    return {"bank": bank, "hints": hints(source), "defined_by": definitions(source)}


def definitions(source: SourceNotebook) -> dict[str, str]:
    """The functions and classes of each TODO: name -> TODO."""
    return {
        node.name: cell.tags["todo"]
        for cell in source.tagged("todo")
        for node in ast.parse(cell.source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def released_notebook(assignment: str, notebook: NotebookNode, scratch: Path) -> NotebookNode:
    """The student's notebook, made by nbgrader's own generate_assignment in a scratch course.

    Raises:
        CourseError: with nbgrader's own words if it refuses.
    """
    from nbgrader.converters import GenerateAssignment
    from nbgrader.converters.base import NbGraderException
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config.loader import PyFileConfigLoader

    config = PyFileConfigLoader("nbgrader_config.py", path=str(repository())).load_config()
    config.CourseDirectory.root = str(scratch)
    config.CourseDirectory.assignment_id = assignment
    config.GenerateAssignment.no_database = True
    config.SaveCells.enabled = False
    config.Application.log_level = "ERROR"
    folder = scratch / "solutions" / assignment
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{assignment}.ipynb")
    try:
        GenerateAssignment(coursedir=CourseDirectory(config=config), config=config).start()
    except NbGraderException as error:
        raise CourseError(f"nbgrader refuses {assignment}: {error}") from None
    released = nbformat.read(
        scratch / "assignments" / assignment / f"{assignment}.ipynb", as_version=4
    )
    released.metadata.pop("course", None)
    return released


# --- check -----------------------------------------------------------------------------------


def stale(assignment: str) -> list[str]:
    """What of an assignment's generated files no longer fits its source, in sentences.

    Executes no notebook; recomputes the frozen values and compares them with tolerance.
    """
    source = load_source(assignment)
    verify(source)
    walkthrough = source.path.with_suffix(".ipynb")
    release = repository() / "assignments" / assignment
    if not walkthrough.is_file() or not (release / f"{assignment}.ipynb").is_file():
        return [f"{assignment} has not been built; run `course build {assignment}`."]
    fresh = source_notebook(assignment)
    _keep_outputs(fresh, walkthrough)
    problems = []
    if _bare(nbformat.read(walkthrough, as_version=4)) != _bare(fresh):
        problems.append(f"solutions/{assignment}/{assignment}.ipynb differs from its source.")
    with tempfile.TemporaryDirectory() as scratch:
        released = released_notebook(assignment, fresh, Path(scratch))
    if _bare(nbformat.read(release / f"{assignment}.ipynb", as_version=4)) != _bare(released):
        problems.append(f"assignments/{assignment}/{assignment}.ipynb differs from its source.")
    problems += _stale_values(assignment)
    if fresh.metadata.get("course", {}).get("fingerprint") != fingerprint(assignment):
        problems.append(
            f"The walkthrough of {assignment} was run with other code; "
            f"run `course build --execute {assignment}`."
        )
    return problems


def _bare(notebook: NotebookNode) -> list[tuple[str, str, Any]]:
    return [(cell.id, cell.source, cell.metadata) for cell in notebook.cells]


def _stale_values(assignment: str) -> list[str]:
    fresh = frozen_values(assignment)
    for folder in ("assignments", "solutions"):
        path = repository() / folder / assignment / f"{assignment}.checks.json"
        if not path.is_file():
            return [f"{folder}/{assignment}/{path.name} is missing; run `course build`."]
        stored = json.loads(path.read_text("utf-8"))
        same_words = all(stored.get(key) == fresh[key] for key in ("hints", "defined_by"))
        if not same_words or not _same_bank(stored["bank"], fresh["bank"]):
            return [f"{folder}/{assignment}/{path.name} is not what the source gives."]
    return []


def _same_bank(stored: dict[str, Any], fresh: dict[str, Any]) -> bool:
    """Equal words and structure; values equal within tolerance (bits differ between CPUs)."""
    a, b = Bank.from_json(stored), Bank.from_json(fresh)
    return _words(a) == _words(b) and all(
        _same(x, y) for x, y in zip(_all_outcomes(a), _all_outcomes(b))
    )


def _words(bank: Bank) -> Any:
    known = {
        todo: [(m.name, m.seen, m.cause, sorted(m.outcomes)) for m in mistakes]
        for todo, mistakes in bank.mistakes.items()
    }
    return bank.seed, sorted(bank.expected), known


def _all_outcomes(bank: Bank) -> list[Outcome]:
    mistakes = [m for todo in sorted(bank.mistakes) for m in bank.mistakes[todo]]
    parts = [bank.expected, *(m.outcomes for m in mistakes)]
    return [part[key] for part in parts for key in sorted(part)]


def _same(a: Outcome, b: Outcome) -> bool:
    return a.kind == b.kind and a.error == b.error and difference(a.value, b.value) is None


# --- syllabus --------------------------------------------------------------------------------

TABLE = re.compile(r"(<!-- table: generated by course build -->\n).*?(<!-- end of table -->)", re.S)


def syllabus_table() -> str:
    """One row per TODO of every assignment: points, minutes, difficulty, importance."""
    lines = ["| Assignment | TODO | Points | Minutes | Difficulty | Importance |"]
    lines.append("|---|---|---|---|---|---|")
    for assignment in names():
        points = _points(assignment)
        for cell in load_source(assignment).tagged("todo"):
            tags = cell.tags
            dots = ["●" * int(tags[key]) for key in ("difficulty", "importance")]
            row = [assignment, f"`{tags['todo']}`", f"{points.get(tags['todo'], 0):g}"]
            lines.append("| " + " | ".join([*row, str(tags["minutes"]), *dots]) + " |")
    return "\n".join(lines)


def write_syllabus() -> None:
    """Put the table into `course/syllabus.md`, between its markers."""
    path = repository() / "course" / "syllabus.md"
    if path.is_file():
        text = TABLE.sub(lambda m: f"{m[1]}{syllabus_table()}\n{m[2]}", path.read_text("utf-8"))
        write_atomically(path, text)


def stale_syllabus() -> list[str]:
    """Whether the syllabus table fits the sources."""
    path = repository() / "course" / "syllabus.md"
    found = TABLE.search(path.read_text("utf-8")) if path.is_file() else None
    if found and syllabus_table() not in found[0]:
        return ["course/syllabus.md holds an old table; run `course build`."]
    return []
