"""A release works in a fresh environment without the repository and gives nothing away."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from autograder import cli, releasing, room
from autograder.assignments import load_source, names, stub
from autograder.authoring import Solution, load_alternatives
from autograder.bank import mistakes_of
from autograder.local import judge_file
from autograder.releasing import export, release
from autograder.simulated_class import simulated_class
from starter_code.errors import CourseError


@pytest.fixture
def fresh_python(tmp_path: Path) -> Path:
    """An environment that has the third-party packages but not this project."""
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=False)
    own = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})["purelib"]
    Path(own, "packages.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "python"


def run(python: Path, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True)


def test_a_check_runs_without_the_repository(
    assignment: str, tmp_path: Path, fresh_python: Path
) -> None:
    folder = release(assignment, tmp_path / "release")
    alone = run(fresh_python, tmp_path, "import autograder")
    assert "No module named 'autograder'" in alone.stderr
    todo = load_source(assignment).todos[0]
    cell = next(c for c in load_source(assignment).tagged("todo") if c.tags["todo"] == todo)
    setup = "\n".join(
        c.source for c in load_source(assignment).segments()[:4] if not c.todo
    ).replace("prepare(", "(lambda *a, **k: None)(")
    before_data = re.split(r"^SIZE\b.* = tier", setup, flags=re.MULTILINE)[0]
    code = f"{before_data}\n{cell.source}\ncheck({todo!r})"
    done = run(fresh_python, folder, code)
    assert done.returncode == 0, done.stderr
    assert "✓ passed" in done.stdout and "✗" not in done.stdout


def code_lines(source: str) -> set[str]:
    """Lines of code worth hiding: not comments, not one-word lines."""
    lines = {line.strip() for line in source.splitlines()}
    return {line for line in lines if len(line) > 12 and not line.startswith(("#", '"""'))}


def secret_lines(assignment: str) -> set[str]:
    """Lines of the solution, the mistakes and the alternatives that students are not given."""
    source = load_source(assignment)
    solved = {cell.tags["todo"]: cell.source for cell in source.tagged("todo")}
    secret: set[str] = set()
    for text in solved.values():
        secret |= code_lines(text) - code_lines(stub(text))
    for mistake in mistakes_of(assignment):
        text = solved[mistake.todo]
        secret |= code_lines(mistake.edit(Solution(mistake.todo, text)).source) - code_lines(text)
    for other in load_alternatives(source.path.with_name("alternatives.py")):
        secret |= code_lines(other.source)
    return secret - shared_lines(assignment)


def shared_lines(assignment: str) -> set[str]:
    """Lines that students are given anyway: stubs, probes, and cells that are not TODOs."""
    source = load_source(assignment)
    texts = [stub(c.source) if "todo" in c.tags else c.source for c in source.cells]
    root = source.path.parents[2]
    texts.append((root / f"autograder/checks/{assignment}.py").read_text("utf-8"))
    return {line.strip() for text in texts for line in text.splitlines()}


def lines_of(path: Path) -> set[str]:
    """Lines of a file; of a notebook, those of its cells."""
    text = path.read_text("utf-8", errors="replace")  # trained networks are no text
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return {line.strip() for line in text.splitlines()}


def test_nothing_of_a_solution_mistake_or_alternative_is_in_it(
    assignment: str, tmp_path: Path
) -> None:
    folder = release(assignment, tmp_path / "release")
    given = lines_of(folder / f"{assignment}.ipynb")
    given |= lines_of(folder / f"autograder/checks/{assignment}.py")
    copy = folder / "autograder" / "release" / f"{assignment}.ipynb"
    assert copy.read_bytes() == (folder / f"{assignment}.ipynb").read_bytes()
    secret = secret_lines(assignment)
    assert len(secret) > 100 and not secret & given
    assert not [p for p in folder.rglob("*") if p.name in ("mistakes.py", "alternatives.py")]
    assert not list(folder.rglob("solutions"))


def pack(to: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What `course cluster pack` writes."""
    monkeypatch.setattr(sys, "argv", ["course", "cluster", "pack", "--to", str(to)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    return to


def version_in(folder: Path, assignment: str) -> str:
    """What a worker that runs in this folder says that its version is."""
    code = f"from autograder import room; print(room.__file__, room.version({assignment!r}))"
    done = run(Path(sys.executable), folder, code)
    assert done.stdout.startswith(f"{folder}/"), done.stderr
    return done.stdout.split()[-1]


def test_a_packed_room_holds_no_answer_and_has_the_version_of_the_repository(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pack(tmp_path / "room", monkeypatch)
    given = set().union(*(lines_of(path) for path in folder.rglob("*") if path.is_file()))
    # what students have anyway: the starter code and, in one assignment, the other's text
    public = set().union(*(lines_of(path) for path in root.glob("starter_code/**/*.py")))
    public |= set().union(*map(shared_lines, names()))
    for assignment in names():
        # an import or a bare loop ("for row in rows:") stands in any program
        lines = secret_lines(assignment)
        secret = {line for line in lines if not line.startswith("import ") and len(line) > 20}
        assert len(secret) > 100
        assert not secret & given - public
        assert version_in(folder, assignment) == room.version(assignment)
    assert not [p for p in folder.rglob("*") if p.name in ("mistakes.py", "alternatives.py")]


def test_what_an_instructor_tried_out_is_not_packed_and_no_other_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = pack(tmp_path / "mine", monkeypatch)
    name = names()[0]
    before = version_in(mine, name)
    tried = [f"assignments/{name}/solved.ipynb", "starter_code/.ipynb_checkpoints/errors.py"]
    for path in (mine / place for place in tried):
        path.parent.mkdir(exist_ok=True)
        path.write_text("the answer", encoding="utf-8")
    monkeypatch.setattr(releasing, "repository", lambda: mine)
    theirs = pack(tmp_path / "theirs", monkeypatch)
    assert not [place for place in tried if (theirs / place).exists()]
    assert version_in(mine, name) == version_in(theirs, name) == before


def test_a_release_never_overwrites_answers(tmp_path: Path) -> None:
    (tmp_path / "mine.ipynb").write_text("my answers")
    with pytest.raises(CourseError, match="is not empty"):
        release("a1_cnn_lstm_decoder", tmp_path)
    (tmp_path / "models.py").write_text("my answers")
    with pytest.raises(CourseError, match="exists already"):
        export("a1_cnn_lstm_decoder", tmp_path)
    assert (tmp_path / "models.py").read_text() == "my answers"


def test_everybody_can_read_a_release_of_a_careful_instructor(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        made = release("a1_cnn_lstm_decoder", tmp_path / "made")
    finally:
        os.umask(before)
    for path in (made, *made.rglob("*")):
        assert path.stat().st_mode & 0o444 == 0o444, path
        assert path.is_file() or path.stat().st_mode & 0o111 == 0o111, path


def test_the_exported_form_can_be_handed_in(assignment: str, tmp_path: Path) -> None:
    files = export(assignment, tmp_path)
    assert [path.name for path in files][:4] == [
        "models.py",
        "train.ipynb",
        "test.ipynb",
        "caption.ipynb",
    ]
    models = tmp_path / "models.py"
    text = models.read_text("utf-8")
    solution = simulated_class(assignment)[0].files[f"{assignment}.ipynb"]
    answers = {c["id"]: "".join(c["source"]) for c in json.loads(solution)["cells"]}
    for cell in load_source(assignment).tagged("todo"):
        text = text.replace(stub(cell.source), answers[cell.tags["todo"]])
    models.write_text(text, encoding="utf-8")
    assert all(verdict.passed for verdict in judge_file(models, assignment).verdicts)


def test_pytest_runs_the_same_checks(root: Path, tmp_path: Path) -> None:
    name = "a1_cnn_lstm_decoder"
    student = next(s for s in simulated_class(name) if s.mistake)
    notebook = tmp_path / "mine.ipynb"
    notebook.write_text(student.files[f"{name}.ipynb"], encoding="utf-8")
    results, junit = tmp_path / "results.json", tmp_path / "junit.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        str(root / "autograder"),
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--assignment", "a1", "--submission", str(notebook)]
    command += ["--results", str(results), f"--junit-xml={junit}"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    table = json.loads(results.read_text("utf-8"))
    (lost,) = student.lost
    assert all(t["name"].startswith(lost) for t in table["tests"] if t["status"] == "failed")
    assert 0 < table["score"] < 80 and "Traceback" not in done.stdout
    assert f"{lost}" in junit.read_text("utf-8")
