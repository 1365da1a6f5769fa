"""status, doctor, reset, update, submit and data, on notebooks and machines that are damaged.

No answer is ever lost, and whatever is wrong is one sentence and exit code 2.
"""

from __future__ import annotations

import copy
import errno
import json
import os
import random
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from autograder import cli, doctor, files, headless, reproductions, submitting, workbook
from autograder.merging import merge
from autograder.notebook_files import role, text_of
from autograder.releasing import release
from autograder.resetting import reset
from autograder.updating import KEPT, updated
from starter_code import catalogue, fetching

NAME, OTHER = "a1_cnn_lstm_decoder", "a2_attention_decoder"
TODOS = ["encode_caption", "lstm_step", "init_hidden_state", "decoder_forward", "caption_loss"]
TODOS += ["greedy_decode", "beam_search", "bleu"]
STUB = "raise NotImplementedError()"
Tree = dict[str, Any]
Course = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked release; tests work in copies."""
    return release(NAME, tmp_path_factory.mktemp("release") / "a1")


@pytest.fixture
def here(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A student's folder: what a release has beside `starter_code`, and the terminal in it."""
    folder = tmp_path / "mine"
    shutil.copytree(pristine, folder, ignore=shutil.ignore_patterns("starter_code", "checks"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def course(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Course:
    """Run a command line; its exit code and what it said."""

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["course", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run


def load(path: Path) -> Tree:
    return json.loads(path.read_text("utf-8"))


def store(path: Path, tree: Any) -> None:
    path.write_text(json.dumps(tree, indent=1), encoding="utf-8")


def mine(folder: Path) -> Path:
    return folder / f"{NAME}.ipynb"


def cell(tree: Tree, identity: str) -> Tree:
    return next(c for c in tree["cells"] if c.get("id") == identity)


def fill(path: Path, *todos: str) -> Tree:
    """Answer TODOs (all by default) and a report question."""
    tree = load(path)
    for todo in todos or TODOS:
        text = text_of(cell(tree, todo))
        cell(tree, todo)["source"] = text.replace(STUB, f"return 'my {todo}'")
        cell(tree, todo)["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "hi"}]
    cell(tree, "report-q1")["source"] = "my own words"
    store(path, tree)
    return tree


# --- reset -------------------------------------------------------------------------------------


def test_reset_restores_exactly_the_stub_and_touches_nothing_else(here: Path) -> None:
    before = load(mine(here))
    filled = fill(mine(here))
    stored = mine(here).read_bytes()
    done = reset(NAME, mine(here), ["bleu"])
    expected = copy.deepcopy(filled)
    place = [c["id"] for c in expected["cells"]].index("bleu")
    expected["cells"][place] = cell(before, "bleu")
    assert load(mine(here)) == expected
    assert done.backup is not None and done.backup.read_bytes() == stored


def test_reset_all_asks_and_keeps_every_backup(here: Path, course: Course) -> None:
    before = load(mine(here))
    for number in (1, 2):
        fill(mine(here))
        code, said = course("reset", "a1", "--all", "--yes")
        assert code == 0 and f"backups/{NAME}.{number}.ipynb" in said
    stubs = load(mine(here))
    assert [cell(stubs, todo) for todo in TODOS] == [cell(before, todo) for todo in TODOS]
    assert text_of(cell(stubs, "report-q1")) == "my own words"
    assert len(list((here / "backups").iterdir())) == 2
    code, said = course("reset", "--all", "--yes")
    assert code == 0 and "holds its stub already" in said
    assert len(list((here / "backups").iterdir())) == 2  # nothing was changed


def without_metadata(tree: Tree) -> None:
    for one in tree["cells"]:
        one["metadata"] = {}
        one.pop("id", None)
    tree["nbformat_minor"] = 4


def without_the_cell(tree: Tree) -> None:
    tree["cells"] = [c for c in tree["cells"] if c.get("id") != "bleu"]


def twice(tree: Tree) -> None:
    tree["cells"].append({**copy.deepcopy(cell(tree, "bleu")), "id": "copy"})


def first_line_gone(tree: Tree) -> None:
    text = text_of(cell(tree, "bleu"))
    cell(tree, "bleu")["source"] = text.split("\n", 1)[1]


def shuffled(tree: Tree) -> None:
    random.Random(0).shuffle(tree["cells"])


@pytest.mark.parametrize(
    "damage", [without_metadata, without_the_cell, twice, first_line_gone, shuffled]
)
def test_reset_finds_the_cell_whatever_happened(
    here: Path, course: Course, damage: Callable[[Tree], None]
) -> None:
    stub = text_of(cell(load(mine(here)), "bleu"))
    tree = fill(mine(here))
    damage(tree)
    renamed = here / "my homework.ipynb"
    mine(here).unlink()
    store(renamed, tree)
    code, said = course("reset", "bleu")
    assert code == 0 and "Stub again: bleu" in said, said
    after = load(renamed)
    own = [c for c in after["cells"] if role(c, {"bleu"}) == ("todo", "bleu")]
    assert own and all(text_of(c) == stub for c in own)
    left = [text_of(c) for c in tree["cells"] if role(c, {"bleu"}) != ("todo", "bleu")]
    assert [text_of(c) for c in after["cells"] if c not in own] == left
    nbformat.validate(nbformat.from_dict(after))


# --- what is damaged is one sentence -----------------------------------------------------------

DAMAGED: dict[str, tuple[bytes, str]] = {
    "cut off": (b'{"cells": [{"cell_type": "code", "sour', "is damaged (not valid JSON)"),
    "empty": (b"", "is empty"),
    "no notebook": (b'{"cells": 3}', "is not a notebook"),
    "no cell": (b'{"cells": [7], "metadata": {}}', "cell 1 is none"),
    "binary": (bytes(range(256)), "cannot be read as text"),
    "of old": (b'{"worksheets": [], "nbformat": 3}', "has an old format"),
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("words", [("reset", "bleu"), ("submit", "--no-run"), ("update", ".")])
def test_a_damaged_notebook_is_one_sentence_and_stays(
    here: Path, course: Course, kind: str, words: tuple[str, ...]
) -> None:
    data, said = DAMAGED[kind]
    mine(here).write_bytes(data)
    (here / ".ipynb_checkpoints").mkdir()
    checkpoint = here / ".ipynb_checkpoints" / f"{NAME}-checkpoint.ipynb"
    checkpoint.write_text("{}")
    code, answer = course(*words, "--notebook", str(mine(here)))
    assert code == 2 and said in answer and "Traceback" not in answer
    assert kind == "of old" or checkpoint.name in answer  # where an older copy lies
    assert mine(here).read_bytes() == data and not (here / "handed_in").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("reset", "blue"), "has no TODO 'blue'; there are encode_caption"),
        (("reset",), "Say which TODO to reset"),
        (("reset", "a2", "attention", "--notebook", f"{NAME}.ipynb"), "is a notebook of a1"),
        (("reset", "bleu", "--notebook", "gone.ipynb"), "There is no file gone.ipynb"),
        (("reset", "bleu", "--notebook", "."), "is a folder"),
        (("update", "gone"), "There is no folder gone"),
        (("update", "autograder"), "holds no release of"),
        (("submit", "a1", "--no-run", "--to", "."), "is your notebook itself"),
        (("status", "a9"), "There is no assignment 'a9'"),
        (("check", "notes.ipynb"), "does not say which assignment it is"),
        (("data", "get", "flickr8k"), "is not fetched by the course"),
        (("data", "get", "nothing"), "There is no data set 'nothing'"),
    ],
)
def test_a_mistake_is_one_sentence(
    here: Path, course: Course, words: tuple[str, ...], said: str
) -> None:
    store(here / "notes.ipynb", {"cells": [], "metadata": {}})
    code, answer = course(*words)
    assert code == 2 and said in answer and "Traceback" not in answer, answer


def test_two_renamed_notebooks_have_to_be_told_apart(here: Path, course: Course) -> None:
    shutil.copy(mine(here), here / "one.ipynb")
    mine(here).rename(here / "two.ipynb")
    code, said = course("reset", "a1", "bleu")
    assert code == 2 and "one.ipynb, two.ipynb" in said and "--notebook" in said
    assert course("reset", "bleu", "--notebook", "one.ipynb")[0] == 0


def test_a_renamed_notebook_is_known_by_its_cells(here: Path) -> None:
    assert '\\"a1_cnn' in mine(here).read_text("utf-8")  # in JSON the quotes are escaped
    renamed = mine(here).rename(here / "homework.ipynb")
    assert workbook.assignment_of(renamed) == NAME
    tree = load(renamed)
    tree["cells"] = [c for c in tree["cells"] if "begin(" not in text_of(c)]
    store(renamed, tree)
    assert workbook.assignment_of(renamed) == NAME  # by its TODOs


# --- disks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_where_no_backup_can_be_written_nothing_is_changed(
    here: Path, course: Course, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    fill(mine(here))
    before = mine(here).read_bytes()

    def refuse(*_: Any) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "write", refuse)
    code, said = course("reset", "bleu")
    assert code == 2 and "Nothing was changed" in said and "Traceback" not in said
    assert ("No space is left" in said) == (number == errno.ENOSPC)
    assert mine(here).read_bytes() == before and not list((here / "backups").iterdir())


@pytest.mark.parametrize("words", [("reset", "bleu"), ("submit", "--no-run")])
def test_a_disk_that_fills_up_leaves_the_old_file(
    here: Path, course: Course, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    assert course("submit", "--no-run")[0] == 0
    first = (here / "handed_in" / f"{NAME}.ipynb").read_bytes()
    fill(mine(here))
    before = mine(here).read_bytes()

    def half(path: Path, data: bytes) -> None:
        with path.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", half)
    code, said = course(*words)
    assert code == 2 and "No space is left" in said
    assert mine(here).read_bytes() == before
    assert (here / "handed_in" / f"{NAME}.ipynb").read_bytes() == first
    assert not list(here.rglob("*.part"))


# --- update ------------------------------------------------------------------------------------


def code(identity: str, text: str, **metadata: Any) -> Tree:
    new = {"id": identity, "cell_type": "code", "metadata": metadata, "source": text}
    return new | {"outputs": [], "execution_count": None}


def words(identity: str, text: str) -> Tree:
    return {"id": identity, "cell_type": "markdown", "metadata": {}, "source": text}


def todo(name: str, doc: str = "Add.") -> Tree:
    text = f'# TODO {name}: it\ndef {name}(x):\n    """{doc}"""\n    # 1. the sum\n    {STUB}'
    return code(name, text, nbgrader={"grade_id": name, "solution": True})


def small() -> list[Tree]:
    """A release of a few cells."""
    report = words("report-q1", "YOUR ANSWER HERE")
    report["metadata"] = {"nbgrader": {"grade_id": "report-q1", "solution": True, "grade": True}}
    return [
        words("c1", "# The lab"),
        code("c2", "import os\nTIER = 'small'"),
        todo("first"),
        code("check-first", 'check("first")'),
        words("c3", "Now the second."),
        todo("second"),
        code("check-second", 'check("second")'),
        report,
    ]


def texts(cells: list[Tree]) -> list[str]:
    return [text_of(c) for c in cells]


def answered(cells: list[Tree], name: str, answer: str) -> None:
    own = next(c for c in cells if c["id"] == name)
    own["source"] = text_of(own).replace(STUB, answer)


def test_an_answer_moves_into_the_new_text() -> None:
    old, new = small(), small()
    mine = copy.deepcopy(old)
    answered(mine, "first", "return x + 1")
    mine.insert(4, code("own", "first(3)  # tried"))
    new[2] = todo("first", "Add one.\n\n    Of a batch of one, too.")
    new.insert(1, words("c9", "Read this."))
    done = updated(mine, old, new)
    expected = text_of(new[3]).replace(STUB, "return x + 1")
    assert texts(done.cells)[3] == expected
    assert texts(done.cells)[5] == "first(3)  # tried"  # behind the check, as before
    assert done.added == ["Read this."] and done.changed == ["todo first"] and not done.removed


def test_where_both_changed_a_todo_the_answer_stays_and_the_text_stands_below() -> None:
    old, new = small(), small()
    mine = copy.deepcopy(old)
    mine[2]["source"] = "# TODO first: mine\ndef first(x, y):\n    return x + y"
    new[2] = todo("first", "Add two.")
    done = updated(mine, old, new)
    assert texts(done.cells)[2] == mine[2]["source"]
    assert "Add two." in texts(done.cells)[3] and done.cells[3]["cell_type"] == "markdown"
    again = updated(done.cells, new, new)
    assert texts(again.cells) == texts(done.cells)


def test_an_answer_whose_todo_is_gone_is_kept_at_the_end() -> None:
    old = small()
    mine = copy.deepcopy(old)
    answered(mine, "second", "return 'kept'")
    mine[1]["source"] += "\nMINE = 1"
    new = [c for c in small() if "second" not in c["id"]]
    new[1]["source"] = "import os\nTIER = 'tiny'"
    done = updated(mine, old, new)
    assert texts(done.cells)[: len(new)] == texts(new)
    assert texts(done.cells)[len(new)] == KEPT
    assert {c["cell_type"] for c in done.cells[len(new) + 1 :]} == {"raw"}  # they do not run
    assert "return 'kept'" in "".join(texts(done.cells)) and "MINE = 1" in "".join(
        texts(done.cells)
    )
    assert any("second is gone" in note for note in done.notes)


def test_a_cell_that_only_the_student_changed_stays_changed() -> None:
    mine = small()
    mine[1]["source"] = "import os\nTIER = 'full'"
    assert texts(updated(mine, small(), small()).cells) == texts(mine)


def changed_release(rng: random.Random, cells: list[Tree]) -> list[Tree]:
    """Another release: cells with other text, gone, new, moved."""
    new = []
    for one in copy.deepcopy(cells):
        kind, name = role(one)
        act = rng.choice(["keep"] * 4 + ["change", "change", "drop", "add"])
        if act == "drop" and kind != "report":
            continue
        if act == "change" and kind == "todo":
            one = todo(name, f"Add {rng.random()}.")
        elif act == "change" and not kind:
            one["source"] = f"{text_of(one)} {rng.random()}"
            one["id"] = f"c{rng.randrange(10**9)}"
        elif act == "add":
            name = f"n{rng.randrange(10**9)}"
            new.append(todo(name) if rng.random() < 0.5 else words(name, f"New {name}."))
        new.append(one)
    return new


def worked_on(rng: random.Random, cells: list[Tree]) -> list[Tree]:
    """What a student makes of a release; each line of theirs holds `mine`."""
    mine: list[Tree] = []
    line = iter(f"mine{n} = {n}" for n in range(10_000))
    for one in copy.deepcopy(cells):
        act = rng.choice(["keep", "keep", "edit", "edit", "drop", "double", "rewrite", "own"])
        lines = text_of(one).splitlines()
        if act == "edit":
            at = rng.randrange(len(lines) + 1)
            one["source"] = "\n".join([*lines[:at], "    " + next(line), *lines[at:]])
        elif act == "rewrite":
            head = lines[0] if role(one)[0] == "todo" else next(line)
            one["source"] = "\n".join([head, next(line), next(line)])
        elif act == "double":
            twin = copy.deepcopy(one)
            twin["source"] = text_of(one) + "\n" + next(line)
            mine.append(twin)
        elif act == "own":
            mine.append(rng.choice([code, words])(f"x{len(mine)}", next(line)))
        if act != "drop":
            mine.append(one)
    if rng.random() < 0.2:
        rng.shuffle(mine)
    if rng.random() < 0.3:
        for one in mine:
            one.pop("id")
    if rng.random() < 0.3:
        for one in mine:
            one["metadata"] = {}
    return mine


def own_lines(cells: list[Tree]) -> set[str]:
    return {line.strip() for text in texts(cells) for line in text.splitlines() if "mine" in line}


@pytest.mark.parametrize("known", [True, False])
def test_update_never_loses_a_students_line(known: bool) -> None:
    """200 releases and students made by chance; half began with a release that nobody has."""
    for seed in range(100):
        rng = random.Random(seed)
        old = changed_release(rng, small())
        mine = worked_on(rng, old)
        new = changed_release(rng, old)
        base = old if known else new
        done = updated(mine, base, new)
        assert own_lines(mine) <= own_lines(done.cells), seed
        roles = [role(c) for c in done.cells]
        assert all(role(c) in roles for c in new if role(c)[0]), seed
        notebook = {"cells": done.cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        nbformat.validate(nbformat.from_dict(copy.deepcopy(notebook)))
        ids = [c["id"] for c in done.cells]
        assert len(ids) == len(set(ids)), seed
        again = updated(done.cells, new, new)
        assert own_lines(mine) <= own_lines(again.cells), seed
        assert texts(again.cells) == texts(done.cells), seed  # a second time changes nothing


def test_two_changes_of_a_text_merge_unless_they_meet() -> None:
    base = list("abcde")
    assert merge(base, list("axbcde"), list("abcdy")) == list("axbcdy")
    assert merge(base, base, list("bc")) == list("bc")
    assert merge(base, list("abqde"), list("abrde")) is None
    assert merge([], ["x"], []) == ["x"] and merge(base, [], base) == []


@pytest.fixture
def newer(pristine: Path, tmp_path: Path) -> Path:
    """A later release: a changed docstring, a changed module, another question."""
    folder = tmp_path / "newer"
    shutil.copytree(pristine, folder)
    place = folder / "autograder" / "release" / f"{NAME}.ipynb"
    tree = load(place)
    bleu = cell(tree, "bleu")
    bleu["source"] = text_of(bleu).replace('"""', '"""Newly said. ', 1)
    tree["cells"].insert(1, words("c-new", "What is new in this release."))
    for path in (place, mine(folder)):
        store(path, tree)
    (folder / "starter_code" / "epochs.py").write_text("# a mended module\n", encoding="utf-8")
    return folder


def test_a_released_folder_is_updated_and_goes_back_with_all_answers(
    pristine: Path, newer: Path, tmp_path: Path, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(pristine, folder)
    monkeypatch.chdir(folder)
    filled = fill(mine(folder))
    (folder / "starter_code" / "epochs.py").write_text("# a student's change\n", encoding="utf-8")
    before = mine(folder).read_bytes()
    code, said = course("update", str(newer))
    assert code == 0 and "added 1: What is new" in said and "changed 1: todo bleu" in said, said
    after = load(mine(folder))
    assert "Newly said." in text_of(cell(after, "bleu"))
    assert "return 'my bleu'" in text_of(cell(after, "bleu"))
    assert text_of(cell(after, "report-q1")) == "my own words"
    assert (folder / "backups" / f"{NAME}.1.ipynb").read_bytes() == before
    kept = folder / "backups" / "starter_code" / "epochs.1.py"
    assert kept.read_text("utf-8") == "# a student's change\n"
    assert (folder / "starter_code" / "epochs.py").read_text("utf-8") == "# a mended module\n"
    assert "this release already" in course("update", str(newer))[1]
    assert course("update", str(pristine))[0] == 0  # the older one again
    assert texts(load(mine(folder))["cells"]) == texts(filled["cells"])


def test_cells_that_got_lost_come_back_from_the_release_itself(here: Path, course: Course) -> None:
    filled = fill(mine(here))
    tree = copy.deepcopy(filled)
    tree["cells"] = [c for c in tree["cells"] if c["id"] not in ("check-bleu", "report-q2")]
    store(mine(here), tree)
    code, said = course("update", ".")
    assert code == 0 and "restored 2: check bleu; report q2" in said, said
    assert texts(load(mine(here))["cells"]) == texts(filled["cells"])


def test_a_notebook_that_was_worked_on_is_no_release(
    here: Path, tmp_path: Path, course: Course
) -> None:
    other = tmp_path / "other.ipynb"
    shutil.copy(mine(here), other)
    fill(other)
    before = mine(here).read_bytes()
    code, said = course("update", str(other))
    assert code == 2 and "has been worked on" in said
    code, said = course("update", str(tmp_path), "--notebook", str(mine(here)))
    assert code == 2 and "holds no release" in said
    assert mine(here).read_bytes() == before and not (here / "backups").exists()


# --- submit ------------------------------------------------------------------------------------


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Iterator[headless.Run]:
    """What the run of a notebook ends with, without running it."""
    answer = headless.Run()
    monkeypatch.setattr(submitting, "run", lambda *_: answer)
    yield answer


def test_what_is_not_done_is_said_and_it_can_be_handed_in(
    here: Path, course: Course, ran: headless.Run
) -> None:
    fill(mine(here), "bleu", "lstm_step")
    ran.red["bleu"] = "bleu: failed. It is too large."
    before = mine(here).read_bytes()
    code, said = course("submit", "a1")
    handed = here / "handed_in" / f"{NAME}.ipynb"
    assert code == 0, said
    assert "attempted: 2 of 8; not attempted: encode_caption" in said
    assert "attempted: 2 of 8" in said.split("Hand in this file")[1], (
        "what is open is the last word"
    )
    assert "written: 1 of 6; unchanged: q2" in said and "It is too large." in said
    assert files.sha256(handed) in said and str(handed) in said
    assert mine(here).read_bytes() == before and load(handed) == load(mine(here))


def test_a_broken_notebook_loses_nothing_and_can_be_handed_in_anyway(
    here: Path, course: Course, ran: headless.Run
) -> None:
    assert course("submit", "--no-run")[0] == 0
    first = (here / "handed_in" / f"{NAME}.ipynb").read_bytes()
    tree = fill(mine(here))
    without_the_cell(tree)
    tree["cells"] = [
        c for c in tree["cells"] if c.get("id") not in ("check-lstm_step", "report-q2")
    ]
    store(mine(here), tree)
    ran.failed = "cell 7 (`train = load()`) stopped: ValueError: no"
    before = mine(here).read_bytes()
    code, said = course("submit")
    assert code == 2 and "cell 7 (`train = load()`) stopped: ValueError: no" in said
    for lost in ("todo bleu", "check lstm_step", "report q2", "Nothing was written"):
        assert lost in said
    assert (here / "handed_in" / f"{NAME}.ipynb").read_bytes() == first
    code, said = course("submit", "--anyway")
    assert code == 0 and "earlier" in said
    assert (here / "handed_in" / "earlier" / f"{NAME}.1.ipynb").read_bytes() == first
    assert load(here / "handed_in" / f"{NAME}.ipynb") == tree
    assert mine(here).read_bytes() == before
    assert "the same as what lay there" in course("submit", "--anyway")[1]
    assert len(list((here / "handed_in" / "earlier").iterdir())) == 1


def test_huge_outputs_are_left_out_of_the_file_only(here: Path, course: Course) -> None:
    tree = fill(mine(here))
    big = {"output_type": "stream", "name": "stdout", "text": "x" * 2**21}
    cell(tree, "bleu")["outputs"] = [big, {"output_type": "stream", "name": "a", "text": "hi"}]
    tree["metadata"]["widgets"] = {"state": "x" * 2**20}
    store(mine(here), tree)
    code, said = course("submit", "--no-run")
    handed = load(here / "handed_in" / f"{NAME}.ipynb")
    assert code == 0 and "too large" in said and "widgets" not in handed["metadata"]
    assert "left out" in "".join(cell(handed, "bleu")["outputs"][0]["text"])
    assert cell(handed, "bleu")["outputs"][1]["text"] == "hi"
    assert texts(handed["cells"]) == texts(tree["cells"])
    assert load(mine(here)) == tree


def test_an_exported_file_is_handed_in_as_it_is(here: Path, course: Course) -> None:
    mine(here).unlink()
    text = f'begin("{NAME}", globals())\n# %%\n# TODO bleu: it\ndef bleu():\n    return 1\n'
    (here / "models.py").write_text(text, encoding="utf-8")
    code, said = course("submit", "--no-run", "--anyway")
    assert code == 0 and "attempted: 1 of 8" in said and "todo lstm_step" in said
    assert (here / "handed_in" / "models.py").read_text("utf-8") == text


def test_a_notebook_runs_by_itself_with_its_checks_and_writes_nothing_here(
    pristine: Path, tmp_path: Path
) -> None:
    """In a real kernel: the tier, the course's modules, a red check, a cell that fails."""
    folder = tmp_path / "mine"
    shutil.copytree(pristine, folder)
    tree = load(mine(folder))
    keep = [c for c in tree["cells"] if c["cell_type"] == "code"][:3]
    keep += [cell(tree, "encode_caption"), cell(tree, "check-encode_caption")]
    tail = "assert TIER == 'tiny' and DATASET == 'scenes'\nopen('runs/left.txt', 'w')\n1 / 0"
    tree["cells"] = [*keep, code("own", tail), code("after", "print('not reached')")]
    keep[1]["source"] = text_of(keep[1]).replace("os.environ", "{}").replace('"scenes"', '"coco"')
    store(mine(folder), tree)
    before = sorted(folder.rglob("*"))
    done = headless.run(workbook.read(mine(folder)), 120)
    assert "encode_caption: not attempted" in done.red["encode_caption"]
    said = "cell 6 (`assert TIER == 'tiny' and DATASET == 'scenes'`) stopped: ZeroDivisionError"
    assert said in done.failed
    assert [p for p in sorted(folder.rglob("*")) if "__pycache__" not in p.parts] == before


def test_a_cell_without_an_end_is_stopped_and_named(tmp_path: Path) -> None:
    tree = {"cells": [code("a", "while True:\n    pass")], "metadata": {}}
    done = headless.run(workbook.Workbook(tmp_path / "mine.ipynb", tree), 4)
    assert "cell 1 (`while True:`) stopped: it was not at its end after 4 seconds" in done.failed


# --- status ------------------------------------------------------------------------------------


def progress(folder: Path, content: str) -> None:
    place = folder / "runs" / "progress"
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{NAME}.json").write_text(content, encoding="utf-8")


def test_status_counts_what_checks_stored_and_what_cells_hold(here: Path, course: Course) -> None:
    fill(mine(here), "encode_caption", "lstm_step", "bleu")
    state = {"encode_caption": {"earned": 5, "status": "passed"}}
    state["lstm_step"] = {"earned": 2, "status": "failed"}
    state["beam_search"] = {"earned": 15, "status": "passed"}  # its cell is a stub again
    progress(here, json.dumps(state))
    code, said = course("status", "a1", "--html", "status.html")
    assert code == 0 and "7 of 80 points" in said
    rows = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "5 of 5" in rows["encode_caption"] and "passed" in rows["encode_caption"]
    assert "2 of 10" in rows["lstm_step"] and "failed" in rows["lstm_step"]
    assert "written, not checked" in rows["bleu"] and "not begun" in rows["beam_search"]
    assert "1 of 6 answered" in rows["report"]
    assert "7 of 80 points" in Path("status.html").read_text("utf-8")
    code, said = course("status")
    row = next(line for line in said.splitlines() if line.startswith("a1"))
    assert code == 0 and "7 of 80" in row and "1 of 8" in row and "lstm_step" in row


@pytest.mark.parametrize("content", ["{", "[]", '{"bleu": 3}', '{"bleu": {"earned": "x"}}'])
def test_status_goes_on_where_something_is_damaged(
    here: Path, course: Course, content: str
) -> None:
    progress(here, content)
    code, said = course("status", "a1")
    assert code == 0 and "0 of 80 points" in said and "Traceback" not in said
    mine(here).write_text("{", encoding="utf-8")
    code, said = course("status", "a1")
    assert code == 0 and "is damaged" in " ".join(said.split())


# --- doctor ------------------------------------------------------------------------------------


def rows(said: str) -> dict[str, str]:
    """Subject -> its line."""
    return {line[9:].split(":")[0]: line for line in said.splitlines() if line[8:9] == " "}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch is asked for no more than it takes to answer."""
    answer = 'print(\'["2.0", "0.1", "", false]\')'
    monkeypatch.setattr(doctor, "_ASK_TORCH", answer)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("import a_package_that_is_not_there", "No module named"),
        ("raise OSError('libcudart.so.12: cannot open shared object file')", "libcudart"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ends Python (signal 11)"),
    ],
)
def test_a_broken_torch_is_a_row(
    course: Course, monkeypatch: pytest.MonkeyPatch, asked: str, said: str
) -> None:
    monkeypatch.setattr(doctor, "_ASK_TORCH", asked)
    code, answer = course("doctor")
    assert code == 2 and said in rows(answer)["torch"] and "Install the course again" in answer
    assert rows(answer)["Python"].startswith("ok")


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def test_other_damage_is_a_row_each(
    course: Course, monkeypatch: pytest.MonkeyPatch, quick: None, tmp_path: Path
) -> None:
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    (tmp_path / "data").mkdir()
    with monkeypatch.context() as damaged:
        missing = raising(NoSuchKernel("python3"))
        damaged.setattr(KernelSpecManager, "get_kernel_spec", missing)
        code, said = course("doctor")
        assert code == 2 and rows(said)["Jupyter kernel"].startswith("missing")
        assert "ipykernel install" in said
    with monkeypatch.context() as damaged:
        full = raising(OSError(errno.ENOSPC, "No space left on device"))
        damaged.setattr(doctor.tempfile, "TemporaryFile", full)
        code, said = course("doctor")
        assert code == 2 and "is full" in rows(said)["folder"] and "Free some space" in said
    with monkeypatch.context() as damaged:
        locked = raising(PermissionError(errno.EACCES, "Permission denied"))
        damaged.setattr(Path, "iterdir", locked)
        assert "cannot be read" in doctor._data(Path("data")).seen
    with monkeypatch.context() as damaged:
        damaged.setattr(doctor, "_memory", raising(RuntimeError("odd machine")))
        code, said = course("doctor")
        assert code == 0 and "odd machine" in said  # looking never ends in a traceback


def test_what_only_grading_needs_is_a_warning_for_students(
    course: Course, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    from autograder import wall

    monkeypatch.setattr(wall, "missing", lambda: "unshare: Operation not permitted")
    code, said = course("doctor")
    assert code == 0 and rows(said)["wall for grading"].startswith("warning")
    code, said = course("doctor", "--grading")
    assert code == 2 and rows(said)["wall for grading"].startswith("missing")


def test_a_release_without_its_frozen_values_is_told(here: Path, quick: None) -> None:
    (here / "autograder" / "checks").mkdir()
    (here / "autograder" / "checks" / f"{NAME}.py").touch()
    (here / f"{NAME}.checks.json").unlink()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(doctor, "repository", lambda: here)
        patched.setattr(doctor, "known", lambda: [NAME])
        found = doctor._course()
    assert found.state == doctor.MISSING and f"{NAME}.checks.json is missing" in found.advice


# --- data --------------------------------------------------------------------------------------


def test_a_download_that_fails_is_one_sentence_after_licence_and_size(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchvision's own loader, without a network."""
    offline = urllib.error.URLError("Name or service not known")
    monkeypatch.setattr(urllib.request, "urlopen", raising(offline))
    code, said = course("data", "get", "mnist")
    assert code == 2 and "mnist could not be fetched" in said and "Traceback" not in said
    assert said.index("CC BY-SA") < said.index("could not") and "12 MB" in said


def test_a_set_that_people_fetch_is_described(course: Course) -> None:
    code, said = course("data", "get", "flickr8k")
    assert code == 2 and "licence" in said and "1 GB to fetch" in said and "forms.illinois" in said


def test_checksums_are_taken_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = catalogue.find("coco2014")
    folder = tmp_path / "coco2014"
    (folder / "val2014").mkdir(parents=True)
    (folder / "val2014" / "a.jpg").write_bytes(b"1234")
    (folder / "dataset_coco.json").write_bytes(b"{}")
    lines = fetching.checksums(entry, tmp_path)
    assert any(
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" in s for s in lines
    )
    assert any("1 files" in line for line in lines)
    with monkeypatch.context() as patched:
        patched.setattr(fetching, "_sha256", raising(AssertionError("taken again")))
        assert fetching.checksums(entry, tmp_path) == lines
    (folder / "dataset_coco.json").write_bytes(b"{} ")
    assert fetching.checksums(entry, tmp_path) != lines
    (folder / fetching.CACHE).write_text("[", encoding="utf-8")  # a damaged cache is no matter
    assert len(fetching.checksums(entry, tmp_path)) == 2


# --- in a release, and where torch is broken ---------------------------------------------------


def in_release(folder: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", "autograder", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_verbs_work_in_an_unpacked_release_without_torch(
    pristine: Path, tmp_path: Path
) -> None:
    folder, broken = tmp_path / "mine", tmp_path / "broken"
    shutil.copytree(pristine, folder)
    (broken / "torch").mkdir(parents=True)
    (broken / "torch" / "__init__.py").write_text("raise ImportError('torch is cut in half')")
    fill(mine(folder))
    for verb, said in {
        ("status",): "a1",
        ("reset", "bleu"): "Stub again: bleu",
        ("submit", "--no-run"): "attempted: 7 of 8; not attempted: bleu",
        ("update", "."): "the text of this release already",
    }.items():
        done = in_release(folder, *verb, path=str(broken))
        assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
    for verb in (("data", "list"), ("check", f"{NAME}.ipynb")):
        done = in_release(folder, *verb, path=str(broken))
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        assert "torch is cut in half" in done.stderr and "course doctor" in done.stderr


def test_a_release_checks_its_notebook(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(pristine, folder)
    done = in_release(folder, "check", f"{NAME}.ipynb")
    assert done.returncode == 1 and "0 of 80 points" in done.stdout, done.stderr


# --- the page of all sources -------------------------------------------------------------------


def test_all_sources_stand_on_one_page(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    from autograder import reproduce

    monkeypatch.setattr(reproduce, "do", raising(AssertionError("what is done is trained again")))
    code, said = course("reproduce", "--all", "--tier", "small")
    assert code == 0, said
    text = Path("runs/reproduction_small.md").read_text("utf-8")
    assert "best constant caption" in text and "*the source*" in text and "epoch  1" not in text
    for picture in ("captions", "attention"):
        assert f"pictures/{picture}.png" in text and Path(f"runs/pictures/{picture}.png").is_file()
    page = Path("runs/reproduction_small.html").read_text("utf-8")
    assert page.count("<table>") > 5 and page.count("<h1>") == 1
    monkeypatch.setitem(reproductions.SOURCES, "mine", lambda wanted: f"# Mine {wanted.tier}")
    assert course("reproduce", "--all")[0] == 0
    assert "## Mine small" in Path("runs/reproduction_small.md").read_text("utf-8")
