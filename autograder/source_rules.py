"""What a source notebook must keep to; every breach is named with file, cell and line."""

from __future__ import annotations

import re
from collections import Counter

from autograder.assignments import BEGIN, END, SourceCell, SourceNotebook
from autograder.authoring import load_alternatives, load_mistakes
from autograder.probes import load_checks
from starter_code.errors import CourseError

STAGES = ["see", "build", "train", "test", "look", "improve", "report"]
MAX_TODOS, MAX_WORDS, MAX_LINES, MIN_MISTAKES = 8, 90, 20, 4
DETAILS = re.compile(r"<details>\s*<summary>(.*?)</summary>(.*?)</details>", re.S)


def verify(source: SourceNotebook) -> None:
    """Check a source notebook before anything is built from it.

    Raises:
        CourseError: listing every breach as `file:line (cell n): what to do`.
    """
    problems = [
        f"{source.path.name}:{cell.line} (cell {number}): {problem}"
        for number, cell in enumerate(source.cells, start=1)
        for problem in _cell_problems(cell)
    ]
    problems += [f"{source.path.name}: {problem}" for problem in _whole_problems(source)]
    if problems:
        raise CourseError("\n".join(problems))


def _cell_problems(cell: SourceCell) -> list[str]:
    if cell.kind == "markdown":
        words = len(_prose(cell.source).split())
        long = words > MAX_WORDS and "report" not in cell.tags
        return [f"{words} words; keep a text cell to {MAX_WORDS}"] if long else []
    if "todo" in cell.tags:
        return _todo_problems(cell)
    problems = []
    if BEGIN in cell.source or END in cell.source:
        problems.append('a solution region in a cell without `todo="name"`')
    lines = len([line for line in cell.source.splitlines() if line.strip()])
    if lines > MAX_LINES:
        problems.append(f"{lines} lines; keep a code cell to {MAX_LINES} or use starter_code")
    if "check" in cell.tags and cell.source.strip() != f'check("{cell.tags["check"]}")':
        problems.append(f'a check cell holds `check("{cell.tags["check"]}")` and nothing else')
    return problems


def _prose(source: str) -> str:
    """A text cell without its folds and without display equations."""
    return re.sub(r"\$\$.*?\$\$", " ", DETAILS.sub(" ", source), flags=re.S)


def _todo_problems(cell: SourceCell) -> list[str]:
    name = str(cell.tags["todo"])
    lines = [line.strip() for line in cell.source.splitlines()]
    markers = [line for line in lines if line in (BEGIN, END)]
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        problems.append(f"TODO name {name!r}; use letters, digits and underscores")
    if not lines or not lines[0].startswith(f"# TODO {name}"):
        problems.append(f"the first line of the cell must begin `# TODO {name}`")
    if not markers or markers != [BEGIN, END] * (len(markers) // 2):
        problems.append(f"`{BEGIN}` and `{END}` must come in pairs, not nested")
    for tag in ("difficulty", "importance", "minutes", "lines"):
        if tag not in cell.tags:
            problems.append(f"the header lacks `{tag}=`")
    return problems


def _whole_problems(source: SourceNotebook) -> list[str]:
    todos = source.todos
    checks = load_checks(source.assignment)
    mistakes = Counter(m.todo for m in load_mistakes(source.path.with_name("mistakes.py")))
    alternatives = {a.todo for a in load_alternatives(source.path.with_name("alternatives.py"))}
    problems = []
    if len(todos) > MAX_TODOS:
        problems.append(f"{len(todos)} graded TODOs; keep to {MAX_TODOS}")
    if not any("parameters" in cell.tags.get("tags", []) for cell in source.cells):
        problems.append('no cell with tags=["parameters"]')
    stages = [cell.tags["stage"] for cell in source.tagged("stage")]
    if stages != STAGES:
        problems.append(f"stages are {stages}; they must be {STAGES}")
    for tag in ("todo", "check"):
        for name, count in Counter(cell.tags[tag] for cell in source.tagged(tag)).items():
            if count > 1:
                problems.append(f'{tag}="{name}" stands in {count} cells')
    for todo in todos:
        problems += _lacks(source, todo, todo in {check.todo for check in checks})
        if mistakes[todo] < MIN_MISTAKES:
            problems.append(f"{todo} has {mistakes[todo]} mistakes; it needs {MIN_MISTAKES}")
        if todo not in alternatives:
            problems.append(f"{todo} has no alternative in alternatives.py")
    strangers = {check.todo for check in checks}.union(mistakes, alternatives) - set(todos)
    problems += [f"checks, mistakes or alternatives for an unknown TODO {s!r}" for s in strangers]
    return problems


def _lacks(source: SourceNotebook, todo: str, probed: bool) -> list[str]:
    problems = [] if probed else [f"{todo} has no probe in autograder/checks"]
    for tag in ("check", "hint"):
        if todo not in {cell.tags[tag] for cell in source.tagged(tag)}:
            problems.append(f'{todo} has no cell with {tag}="{todo}"')
    return problems


def hints(source: SourceNotebook) -> dict[str, list[list[str]]]:
    """The folds of each TODO's hint cell as [title, body in HTML] pairs."""
    from nbconvert.filters import markdown2html_mistune  # slow to import

    return {
        cell.tags["hint"]: [
            [title.strip(), markdown2html_mistune(body.strip()).strip()]
            for title, body in DETAILS.findall(cell.source)
        ]
        for cell in source.tagged("hint")
    }
