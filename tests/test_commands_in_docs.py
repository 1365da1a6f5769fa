"""Every command of the README and the guides is known, and run by a test or marked as not run.

Cheap commands are run here, and the author's guide is followed word by word. For the others RUN_BY
names the test that does the same; where no test can, the text beside the command must say so.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from nbgrader.apps.nbgraderapp import NbGraderApp
from typer.testing import CliRunner

from autograder.cli import app
from starter_code.data_cli import app as data_app

ROOT = Path(__file__).resolve().parents[1]
GUIDES = sorted(path.name for path in (ROOT / "course" / "guides").glob("*.md"))
DOCS = ["README.md", "CONTRIBUTING.md", *(f"course/guides/{name}" for name in GUIDES)]
PROGRAMS = {"course", "make", "pytest", "python", "python3", "nbgrader", "papermill", "jupyter"}
PROGRAMS |= {"pip", "git", "dask", "source", "mkdir", "cp", "sed", "cd"}
NOT_RUN = "not run by a test"
# Words of a document that say so for all its commands with this beginning.
SAID = (
    ("course/guides/gpu-lab.md", "dask ssh", "was tried by hand on one machine"),
    ("course/guides/gpu-lab.md", "pip install paramiko", "was tried by hand on one machine"),
    ("course/guides/gpu-lab.md", "nbgrader", "not tried with a hub"),
    ("course/guides/instructor.md", "nbgrader release_assignment", NOT_RUN),
    ("course/guides/instructor.md", "nbgrader collect", NOT_RUN),
    ("course/guides/author.md", "source .venv/bin/activate", "has made the environment once"),
)

# What a command needs to begin with, and the test that runs it from end to end.
RUN_BY = {
    "course build": "test_commands_in_docs.py::test_the_authors_guide_works_word_by_word",
    "course check": "test_commands_in_docs.py::test_the_authors_guide_works_word_by_word",
    "course kill-table": "test_kill_table.py::test_every_answer_is_treated_rightly",
    "course release": "test_release.py::test_a_check_runs_without_the_repository",
    "course export": "test_release.py::test_the_exported_form_can_be_handed_in",
    "course grade . --cluster": "test_room.py::test_a_killed_machine_costs_nobody_a_grade",
    "course grade . --gates": "test_gates.py::test_a_class_is_trained_and_the_pages_say_so",
    "course grade . --gradebook": "test_both_ways.py::test_both_ways_agree_on_every_cell",
    "course grade": "test_kills.py::test_killed_at_any_moment_nothing_is_lost_or_doubled",
    "course regrade": "test_gradelog.py::test_every_grade_can_be_made_again",
    "course marks": "test_exports.py::test_tables_hold_the_final_points_and_no_formula",
    "course similarity": "test_similarity.py::test_a_disguised_copy_is_the_first_pair_of_students",
    "course leaderboard": "test_leaderboard.py::test_truth_beats_a_constant_and_trouble_is_named",
    "course reproduce --all": "test_student_tools.py::test_all_sources_stand_on_one_page",
    "course reproduce disgu": "test_directions.py::test_tables_are_measured_again",
    "course reproduce": "test_styled_methods.py::test_the_tables_are_measured_again",
    "course cluster pack": "test_release.py::test_a_packed_room_holds_no_answer",
    "course cluster keys": "test_room.py::test_keys_are_private_and_never_overwritten",
    "course cluster slurm": "test_slurm.py::test_a_class_is_graded_by_slurm_jobs",
    "course cluster": "test_room.py::test_a_killed_machine_costs_nobody_a_grade",
    "course doctor": "test_commands_in_docs.py::test_cheap_commands_run",
    "course data get": "test_student_tools.py::test_a_download_that_fails_is_one_sentence",
    "course data": "test_commands_in_docs.py::test_cheap_commands_run",
    "course status": "test_student_tools.py::test_status_counts_what_checks_stored",
    "course reset": "test_student_tools.py::test_reset_restores_exactly_the_stub",
    "course update": "test_student_tools.py::test_a_released_folder_is_updated_and_goes_back",
    "course submit": "test_student_tools.py::test_what_is_not_done_is_said_and_it_can_be_handed_in",
    "python -m autograder": "test_student_tools.py::test_the_verbs_work_in_an_unpacked_release",
    "make demo": "test_demo.py::test_the_demo_grades_both_classes_as_they_deserve",
    "make": "test_commands_in_docs.py::test_make_targets_are_there",
    "pytest autograder": "test_release.py::test_pytest_runs_the_same_checks",
    "pytest": "test_commands_in_docs.py::test_files_that_commands_name_are_there",
    "nbgrader generate_assignment": "test_nbgrader.py::test_the_stock_release_is_the_one",
    "nbgrader autograde": "test_both_ways.py::test_both_ways_agree_on_every_cell",
    "nbgrader generate_feedback": "test_nbgrader.py::test_feedback_shows_the_words_and_no_solution",
    "nbgrader export": "test_nbgrader.py::test_right_gets_all_and_wrong_loses",
    "nbgrader validate": "test_nbgrader.py::test_validate_accepts_right_and_refuses_wrong",
    "python models.py": "test_release.py::test_the_exported_form_can_be_handed_in",
    "python course/site/kill_table.py": "test_site.py::test_the_stored_kill_table_is_todays",
    "dask scheduler": "test_room.py::",
    "dask worker": "test_room.py::",
    "mkdir": "test_commands_in_docs.py::test_the_authors_guide_works_word_by_word",
    "cp": "test_commands_in_docs.py::test_the_authors_guide_works_word_by_word",
    "sed": "test_commands_in_docs.py::test_the_authors_guide_works_word_by_word",
}


@dataclass(frozen=True)
class Command:
    """A command line of a document.

    Attributes:
        beside: the line with its comment and the paragraph after its block.
    """

    doc: str
    text: str
    beside: str


def commands() -> list[Command]:
    """All command lines: those of code blocks, and those in backticks that name their program."""
    found = []
    for doc in DOCS:
        text = (ROOT / doc).read_text("utf-8")
        joined = re.sub(r" \\\n +", " ", text)
        blocks = re.finditer(r"(?:^(?: {4}).*\n|^\n(?= {4}))+", joined, flags=re.M)
        for block in blocks:
            after = joined[block.end() :].lstrip("\n").split("\n\n")[0]
            for line in block[0].splitlines():
                body, _, comment = line.strip().partition("  #")
                body = re.sub(r"^(\w+=\S+ |\.venv/bin/)+", "", body)
                if body.split(" ")[0] in PROGRAMS and not re.match(r"course +what", body):
                    found.append(Command(doc, body.strip(), f"{comment} {after}"))
        for paragraph in re.split(r"\n\n", joined):
            for code in re.findall(r"`([^`]+)`", paragraph):
                words = " ".join(code.split())
                if words.split(" ")[0] in PROGRAMS and " " in words:
                    found.append(Command(doc, words, paragraph))
    return found


ALL = commands()


def each(program: str) -> list[Command]:
    return [command for command in ALL if command.text.split()[0] == program]


def test_the_documents_hold_commands() -> None:
    assert len(ALL) > 80
    assert {command.doc for command in ALL} >= {"README.md", "course/guides/author.md"}


def keeper(command: Command) -> str:
    """The test that runs a command, "" if none is named."""
    for begins, test in RUN_BY.items():
        first, _, option = begins.partition(" . ")
        if command.text.startswith(first) and option in command.text:
            return test
    return ""


def test_each_is_run_by_a_test_or_says_why_not() -> None:
    """`python benchmarks/…` stands beside the numbers that it measured: run it to measure again."""
    missing = []
    for command in ALL:
        text = (ROOT / command.doc).read_text("utf-8")
        told = NOT_RUN in " ".join(command.beside.lower().split()) or any(
            doc == command.doc and command.text.startswith(begins) and words in text
            for doc, begins, words in SAID
        )
        if not (told or keeper(command) or command.text.startswith("python benchmarks/")):
            missing.append(f"{command.doc}: {command.text}")
    assert missing == []


def test_the_tests_that_are_named_exist() -> None:
    for test in RUN_BY.values():
        file, name = test.split("::")
        assert f"def {name}" in (ROOT / "tests" / file).read_text("utf-8") + "def \n", test


def options_of(words: list[str]) -> tuple[list[str], set[str]]:
    """The verbs at the front of a `course` command that exist, and the options of the last."""
    group = typer.main.get_command(app)
    verbs = []
    for word in words:
        if word == "data" and not verbs:
            group = typer.main.get_command(data_app)
        elif word in getattr(group, "commands", {}):
            group = group.commands[word]
        else:
            break
        verbs.append(word)
    return verbs, {name for parameter in group.params for name in parameter.opts} | {"--help"}


def test_verbs_and_options_of_course_exist() -> None:
    for command in each("course"):
        words = command.text.replace("[", " ").replace("]", " ").split()[1:]
        verbs, options = options_of(words)
        assert verbs, f"{command.doc}: {command.text}"
        used = {word.split("=")[0] for word in words if word.startswith("--")}
        assert used <= options, f"{command.doc}: {command.text}: {used - options}"


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for command in each("make"):
        assert re.search(rf"^{command.text.split()[1]}:", makefile, flags=re.M), command.text


def test_subcommands_of_nbgrader_exist() -> None:
    for command in each("nbgrader"):
        assert command.text.split()[1].replace("-", "_") in NbGraderApp.subcommands, command.text


def test_files_that_commands_name_are_there() -> None:
    for command in [*each("python"), *each("pytest")]:
        for word in command.text.split()[1:]:
            if word.endswith(".py") and word != "models.py":
                assert (ROOT / word).is_file(), f"{command.doc}: {word}"
        script = command.text.split()[1]
        if script.startswith(("benchmarks/", "course/")):
            source = (ROOT / script).read_text("utf-8")
            for option in re.findall(r"--[\w-]+", command.text):
                assert f'"{option}"' in source, f"{script} has no {option}"


CHEAP = ("course doctor", "course data list", "course data check", "course data make")


def test_cheap_commands_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder; `data check` finds nothing there and says so by exit code 1."""
    from autograder import wall

    monkeypatch.setenv("COURSE_TIER", "tiny")
    monkeypatch.setattr(wall, "missing", lambda: "")  # what the test's machine lacks is no matter
    texts = {command.text for command in each("course") if command.text.startswith(CHEAP)}
    assert len(texts) >= 4
    for text in sorted(texts):
        words = shlex.split(text.replace("NAME", "flickr8k"))[1:]
        if words in (["data", "check"], ["data", "make", "scenes"]):
            continue  # named in a sentence, without what they need
        which, words = (data_app, words[1:]) if words[0] == "data" else (app, words)
        done = CliRunner().invoke(which, words)
        expected = 1 if words[0] == "check" else 0
        assert done.exit_code == expected, f"{text}: {done.output} {done.exception}"


# --- the author's guide, followed --------------------------------------------------------------

FOLLOW = r"""
import shlex, subprocess, sys
from pathlib import Path
import nbformat
from typer.testing import CliRunner
from autograder import assignments
from autograder.cli import app

for line in sys.stdin.read().splitlines():
    if line.startswith("course "):
        if line.startswith("course check"):
            path = line.split()[-1]
            notebook = nbformat.read(path, as_version=4)
            answer = Path("solutions/a7_name/alternatives.py").read_text().split(")\n", 1)[1]
            for cell in notebook.cells:
                if cell.source.startswith("# TODO"):
                    cell.source = cell.source.split("\n")[0] + "\n" + answer
            nbformat.write(notebook, path)
        assignments.load_source.cache_clear()
        done = CliRunner().invoke(app, shlex.split(line)[1:])
        code, said = done.exit_code, done.output + repr(done.exception or "")
    else:
        run = subprocess.run(line, shell=True, capture_output=True, text=True)
        code, said = run.returncode, run.stderr
    print(f"{line} -> {code}\n{said}")
    if code:
        sys.exit(1)
"""


def test_the_authors_guide_works_word_by_word(tmp_path: Path) -> None:
    house = tmp_path / "house"
    junk = shutil.ignore_patterns("__pycache__", "a[1-9]_*.py", "runs", "data")
    for part in ("autograder", "starter_code", "course/guides"):
        shutil.copytree(ROOT / part, house / part, ignore=junk)
    for name in ("nbgrader_config.py", "environment.yml", "constraints.txt", "course/syllabus.md"):
        shutil.copy(ROOT / name, house / name)
    for name in ("LICENSE", "LICENSE-texts"):
        shutil.copy(ROOT / name, house / name)
    (house / "solutions").mkdir()
    text = (ROOT / "course/guides/author.md").read_text("utf-8")
    lines = [
        line.strip().split("  #")[0]
        for line in re.findall(r"^ {4}(.*)$", text, flags=re.M)
        if NOT_RUN not in line and not line.startswith("source ")
    ]
    assert sum(line.startswith("course ") for line in lines) >= 6
    done = subprocess.run(
        [sys.executable, "-c", FOLLOW],
        input="\n".join(lines),
        cwd=house,
        env={**os.environ, "COURSE_TIER": "tiny", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    grades = (house / "runs/grades/a7_name/grades.csv").read_text("utf-8")
    assert "ada" in grades and "80" in grades
