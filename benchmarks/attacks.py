"""The attack corpus against `course grade`, stock nbgrader and `otter run`, side by side.

    python benchmarks/attacks.py [--only NAME ...] [--otter PYTHON] [--jobs 2] [--to FILE.md]

Every file of `tests/attacks` is handed in for assignment 1 and graded by each tool; its head says
what it tries and what it deserves. The table shows points that a tool gave undeservedly
(*forged*), points that it took undeservedly (*lost*), submissions that end without a grade, runs
that never end (not within 90 seconds), and what changed outside the submission. How the other
tools are set up, and how to make the environment of `--otter`, is in `benchmarks/rivals.py`.

What is fair here and what is not:

- All tools ask the same checks. The other two ask them in the student's kernel with the public
  inputs, because that is where they run tests; ours uses fresh inputs.
- nbgrader runs submissions with the rights of whoever grades. otter puts a Docker
  container around each submission with `otter grade`; only `otter run`, what such a container runs
  inside, is measured. A container would keep files and processes of the machine from harm; it would
  not change who decides the points.
- The corpus was written to break *our* grader. Some files aim at parts that only ours has.
- Submissions of the other two end with the last check cell, so that no training is in the way.

The other two never run an attack on this machine: each submission gets a room behind our wall
(`autograder.wall`) and in a control group, with a copy of the course that it may change as it could
change the instructor's. There is no network in there, so that what calls home over it has no chance
with any tool, and memory, files included, ends at 6 GiB. `rival_site/sitecustomize.py` says what
lets Jupyter live there. What our own grader leaves outside is looked for once, after the class.

Results are kept in `runs/benchmarks/attacks.json`; a run that is started again goes on where it
stopped, and a changed attack is measured anew.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
import rivals
from tqdm import tqdm

from autograder.assignments import repository
from autograder.building import write_atomically
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class

NAME = "a1_cnn_lstm_decoder"
CORPUS = repository() / "tests" / "attacks"
RESULTS = Path("runs") / "benchmarks" / "attacks.json"
HONEST = "honest"  # handed in like an attack
NEIGHBOUR = "zz_honest"  # has a grade already, which must stay as it is
SECRET = "CANARY-of-the-instructor"
SECONDS = 90  # of one submission; a tool that needs longer "never ends"
PARTS = ("autograder", "starter_code", "solutions", "assignments")
MARKS = ("/tmp/pickled", "/tmp/still-here", "/tmp/fill0", "/mark", "/etc/mark", "/usr/lib/mark")
TITLES = {"ours": "course grade", "stock": "stock nbgrader", "otter": "otter run"}
OTTER = """
import json, sys
from otter.run import main
results = main(sys.argv[1], autograder="autograder.zip", output_dir="/tmp/out", no_logo=True)
outputs = [o for cell in results.notebook.cells for o in cell.get("outputs", [])]
errors = [o["evalue"] for o in outputs if o["output_type"] == "error"]
json.dump(errors, open("/tmp/out/errors.json", "w"))
"""


@dataclass(frozen=True)
class Attack:
    """A file of the corpus: an answer to one TODO, or a program that writes a submission."""

    path: Path

    @property
    def name(self) -> str:
        """The name under which it is handed in."""
        return self.path.stem

    @functools.cached_property
    def text(self) -> str:
        """The file."""
        return self.path.read_text(encoding="utf-8") if self.path.is_file() else ""

    @property
    def is_cell(self) -> bool:
        """Whether it is an answer to one TODO."""
        return self.path.parent.name == "cells"

    @property
    def todo(self) -> str:
        """The TODO that it answers, "" for a whole submission."""
        return self.text.split(":", 1)[0].removeprefix("# TODO ") if self.is_cell else ""

    @property
    def aim(self) -> str:
        """What it tries, in the words of its head."""
        if not self.text:
            return "the solution, handed in as it should be."
        head = self.text.split("\n", 1)[0]
        return head.split(": ", 1)[1] if self.is_cell else head.strip('"')

    @property
    def deserves(self) -> dict[str, float]:
        """TODO -> points that it should get."""
        word = self.text.split("expect: ", 1)[1].split("\n", 1)[0] if self.text else "all"
        worth = rivals.worth(NAME)
        lost = {"lost": [self.todo], "nothing": list(worth)}.get(word, [])
        if word.startswith("all but "):
            lost = [word.removeprefix("all but ")]
        return {todo: 0.0 if todo in lost else points for todo, points in worth.items()}

    @property
    def digest(self) -> str:
        """Changes with the file."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    def hand_in(self, folder: Path, right: str, root: Path, port: int = 9) -> None:
        """Write the submission; `root` is a repository that it may look for, `port` listens."""
        folder.mkdir(parents=True)
        tree = json.loads(right)
        if self.text and not self.is_cell:
            spec = importlib.util.spec_from_file_location(self.name, self.path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module.hand_in(folder, tree)
        if self.text:
            text = self.text.replace("PORT_OF_THE_TEST", str(port))
            text = text.replace("course-attack-listener", _listener())
            cell = next(cell for cell in tree["cells"] if cell.get("id") == self.todo)
            cell["source"] = text.replace("REPOSITORY", str(root))
        (folder / f"{NAME}.ipynb").write_text(json.dumps(tree), encoding="utf-8")


@dataclass
class Outcome:
    """What a tool made of a submission.

    Attributes:
        digest: of the attack that was run.
        ended: whether the tool did.
        points: TODO -> points, None if there is no grade.
        effects: what changed outside the submission, in short words.
        tail: the end of what the tool said, for whoever wants to know why.
    """

    digest: str
    ended: bool = True
    points: dict[str, float] | None = None
    effects: list[str] = field(default_factory=list)
    seconds: float = 0.0
    tail: str = ""


def _listener() -> str:
    """Name of the abstract socket that attacks may find; another run's is another."""
    return f"course-attack-{os.getpid()}"


def corpus() -> list[Attack]:
    """An honest submission and all attacks, by name."""
    files = [*(CORPUS / "cells").glob("*.py"), *(CORPUS / "folders").glob("*.py")]
    return [Attack(Path(HONEST)), *map(Attack, sorted(files, key=lambda path: path.stem))]


def fingerprint(folders: list[Path]) -> dict[str, str]:
    """Each path below the folders, with its kind and content (of small regular files)."""
    found = {}
    for path in (path for folder in folders for path in folder.rglob("*")):
        if "__pycache__" in path.parts:
            continue
        with contextlib.suppress(OSError):
            state = path.lstat()
            small = path.is_file() and not path.is_symlink() and state.st_size < 1 << 24
            content = hashlib.sha256(path.read_bytes()).hexdigest() if small else ""
            found[str(path)] = f"{state.st_mode} {content}"
    return found


class Watch:
    """Sees what happens outside a submission while it is graded."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders, self.before = folders, fingerprint(folders)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"\0{_listener()}")
        self.listener.listen()
        self.listener.setblocking(False)

    def effects(self) -> list[str]:
        """What was seen, in short words."""
        seen = []
        if fingerprint(self.folders) != self.before:
            seen.append("instructor's files changed")
        if any(Path(mark).exists() for mark in MARKS):
            seen.append("file left behind")
        with self.listener, contextlib.suppress(BlockingIOError):
            self.listener.accept()
            seen.append("called out")
        return seen


# ---- inside a room: process 1 there, which no signal of another process there can end


def stock_inside(attack: Attack, python: str) -> dict[str, Any]:
    """`nbgrader autograde` of one submission; what came of it."""
    course = Path("/tmp/course")
    before = _marks_of(NEIGHBOUR)
    command = [python, "-m", "nbgrader", "autograde", NAME, "--student", attack.name]
    theirs = [course / kind / NEIGHBOUR for kind in ("submitted", "autograded")]
    outcome = _run(attack, command, theirs)
    marks = _marks_of(attack.name)
    graded = any(value is not None for value in marks.values())
    outcome.points = {todo: value or 0.0 for todo, value in marks.items()} if graded else None
    if _marks_of(NEIGHBOUR) != before:
        outcome.effects.append("another student's grade changed")
    for path in (course / "autograded" / attack.name).rglob("*.ipynb"):
        if path.stat().st_size < 50 << 20:
            cells = json.loads(path.read_text("utf-8"))["cells"]
            outputs = [output for cell in cells for output in cell.get("outputs", [])]
            outcome.effects += _told(attack.name, [str(o.get("evalue")) for o in outputs])
    return asdict(outcome)


def otter_inside(attack: Attack, python: str) -> dict[str, Any]:
    """`otter run` of one submission; what came of it."""
    course, out = Path("/tmp/course"), Path("/tmp/out")
    out.mkdir()
    folder = course / "submitted" / attack.name / NAME

    def command() -> list[str]:
        found = sorted(folder.glob("*.ipynb")) or [folder / f"{NAME}.ipynb"]
        return [python, "-c", OTTER, str(found[0])]

    outcome = _run(attack, command, [course / "submitted" / NEIGHBOUR])
    with contextlib.suppress(OSError, ValueError, KeyError):
        tests = json.loads((out / "results.json").read_text("utf-8"))["tests"]
        scores = {t["name"].split()[0]: float(t["score"]) for t in tests if "score" in t}
        outcome.points = scores or None
    with contextlib.suppress(OSError, ValueError):
        outcome.effects += _told(attack.name, json.loads((out / "errors.json").read_text("utf-8")))
    return asdict(outcome)


def _run(attack: Attack, command: Any, folders: list[Path]) -> Outcome:
    """Set the course up, hand the attack in, run the tool, look around."""
    root = Path("/tmp/repository")
    right = (Path("/tmp/course") / "right.json").read_text(encoding="utf-8")
    folder = Path("/tmp/course/submitted") / attack.name / NAME
    attack.hand_in(folder, right, root)
    _add_frozen(folder)
    watch = Watch([root, *folders])
    outcome, started = Outcome(attack.digest), time.monotonic()
    with open("/tmp/log", "wb") as log:
        arguments = command() if callable(command) else command
        environment = _environment(arguments[0])
        process = subprocess.Popen(
            arguments, cwd="/tmp/course", env=environment, stdin=-3, stdout=log, stderr=log
        )
        try:
            code = process.wait(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            outcome.ended = False
    outcome.seconds = round(time.monotonic() - started, 1)
    outcome.effects = watch.effects()
    if outcome.ended and code < 0:
        outcome.effects.append("grader killed")
    if outcome.ended and _somebody_is_left():
        outcome.effects.append("process left behind")
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    outcome.tail = Path("/tmp/log").read_bytes()[-1500:].decode("utf-8", "replace")
    return outcome


def _add_frozen(folder: Path) -> None:
    """The release's frozen values lie beside each submission, as its checks want them."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.copy(Path("/tmp/repository/assignments") / NAME / f"{NAME}.checks.json", folder)


def _environment(python: str) -> dict[str, str]:
    """Variables of the tool: an instructor's shell, and what lets it work without a network."""
    return {
        "PATH": f"{Path(python).parent}:/usr/bin:/bin",
        "PYTHONPATH": "/tmp/site:/tmp/repository",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/tmp",
        "MPLBACKEND": "Agg",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "COURSE_TIER": "tiny",
        "INSTRUCTORS_SECRET": SECRET,
    }


def _somebody_is_left() -> bool:
    """Whether a process that left its kernel's session lives, a while after the tool ended."""
    sessions: list[str] = []
    with contextlib.suppress(FileNotFoundError):
        sessions = Path("/tmp/kernel-sessions").read_text("ascii", "replace").split()
    for _ in range(20):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if all(str(session) in sessions for session in _sessions()):
            return False
        time.sleep(0.1)
    return True


def _sessions() -> set[int]:
    """Sessions of all other processes of the room, which has no /proc to list them."""
    found = set()
    for number in range(2, 32768):
        with contextlib.suppress(ProcessLookupError):
            found.add(os.getsid(number))
    return found


def _marks_of(student: str) -> dict[str, float | None]:
    """TODO -> automatic points in nbgrader's gradebook; empty if the student is not in it."""
    query = """
        SELECT base_cell.name, grade.auto_score FROM grade
        JOIN base_cell ON grade.cell_id = base_cell.id
        JOIN submitted_notebook ON grade.notebook_id = submitted_notebook.id
        JOIN submitted_assignment ON submitted_notebook.assignment_id = submitted_assignment.id
        WHERE submitted_assignment.student_id = ?"""
    try:
        with contextlib.closing(sqlite3.connect("/tmp/course/gradebook.db")) as book:
            rows = book.execute(query, [student]).fetchall()
    except sqlite3.Error:
        return {}
    prefix = "check-"
    return {name.removeprefix(prefix): score for name, score in rows if name.startswith(prefix)}


def _told(attack: str, errors: list[str]) -> list[str]:
    """Whether what went out to read came back with something: it raises what it has found."""
    found = attack.startswith("reads_") and any("LEAKED " in text for text in errors)
    return ["secret read"] if found else []


# ---- outside


def furnish(bundle: Path, otter: Path | None) -> None:
    """What a room starts from: a course with a graded neighbour, a repository, otter's zip."""
    right = json.loads(simulated_class(NAME)[0].files[f"{NAME}.ipynb"])
    course = rivals.new_course(NAME, bundle / "course", rivals.stock_config())
    text = json.dumps(rivals.cut(right))
    (course / "right.json").write_text(text, encoding="utf-8")
    folder = course / "submitted" / NEIGHBOUR / NAME
    Attack(Path(NEIGHBOUR)).hand_in(folder, text, Path())
    shutil.copy(rivals.frozen_values(NAME), folder)
    rivals.nbgrader(course, "autograde", NAME)
    for part in PARTS:
        shutil.copytree(repository() / part, bundle / "repository" / part)
    shutil.copytree(Path(__file__).with_name("rival_site"), bundle / "site")
    if otter is not None:
        shutil.copy(rivals.otter_zip(NAME, bundle / "otter", otter), course / "autograder.zip")
    for path in (bundle, *bundle.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def rival(tool: str, attack: Attack, bundle: Path, python: Path) -> Outcome:
    """One submission by one of the other tools, in a room of its own."""

    def work() -> dict[str, Any]:
        for name in ("course", "repository", "site"):
            shutil.copytree(bundle / name, Path("/tmp") / name)
        inside = {"stock": stock_inside, "otter": otter_inside}[tool]
        return inside(attack, str(python))

    extra = (bundle, *([CORPUS] if CORPUS.is_dir() else []))
    seen = rivals.visible(python, Path(sys.executable), extra=extra)
    answer = rivals.in_a_room(work, seen, SECONDS + 60)
    killed = Outcome(attack.digest, effects=["machine's memory used up"], tail="no answer")
    outcome = Outcome(**answer) if answer else killed
    if outcome.points is not None:
        outcome.points = {todo: outcome.points.get(todo, 0.0) for todo in rivals.worth(NAME)}
    return outcome


@contextlib.contextmanager
def orphans() -> Iterator[list[str]]:
    """Fills a list with what is left of processes that were started inside."""
    left: list[str] = []
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become ours
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    yield left
    time.sleep(1)
    after = {process.pid for process in psutil.Process().children(recursive=True)}
    left += ["process left behind"] if after - before else []


def ours(attacks: list[Attack], scratch: Path) -> dict[str, Outcome]:
    """The whole class by `course grade`. What is seen outside cannot be put down to one of them."""
    right = simulated_class(NAME)[0].files[f"{NAME}.ipynb"]
    submitted, out = scratch / "submitted", scratch / "out"
    tcp = socket.create_server(("127.0.0.1", 0))
    for attack in [*attacks, Attack(Path(NEIGHBOUR))]:
        folder = submitted / attack.name / NAME
        if not folder.exists():
            attack.hand_in(folder, right, repository(), tcp.getsockname()[1])
    watch = Watch([*(repository() / part for part in PARTS), submitted])
    os.environ["INSTRUCTORS_SECRET"] = SECRET
    started = time.monotonic()
    with orphans() as left:
        results = grade_class(NAME, submitted, out)
    seconds = round((time.monotonic() - started) / len(results), 1)
    effects = watch.effects() + left
    tcp.setblocking(False)
    with tcp, contextlib.suppress(BlockingIOError):
        tcp.accept()
        effects.append("called out")
    if any(SECRET in path.read_text("utf-8", "replace") for path in out.rglob("*.*")):
        effects.append("secret read")
    digests = {attack.name: attack.digest for attack in attacks}
    outcomes = {}
    for result in results:
        points = dict.fromkeys(rivals.worth(NAME), 0.0)
        for verdict in result.verdicts:
            points[verdict.todo] += verdict.earned
        digest = digests.get(result.student, "")
        own = effects + _told(result.student, [verdict.reason for verdict in result.verdicts])
        outcomes[result.student] = Outcome(digest, True, points, own, seconds)
    return {name: outcome for name, outcome in outcomes.items() if name in digests}


class Store:
    """Results by tool and attack, in a file that is written after each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        self.tools: dict[str, dict[str, Outcome]] = {
            tool: {name: Outcome(**fields) for name, fields in rows.items()}
            for tool, rows in known.items()
        }

    def open_ones(self, tool: str, attacks: list[Attack]) -> list[Attack]:
        """Attacks that this tool has not met, or not as they are today."""
        known = self.tools.get(tool, {})
        return [a for a in attacks if a.name not in known or known[a.name].digest != a.digest]

    def put(self, tool: str, name: str, outcome: Outcome) -> None:
        """Keep a result."""
        self.tools.setdefault(tool, {})[name] = outcome
        tree = {t: {n: asdict(o) for n, o in rows.items()} for t, rows in self.tools.items()}
        write_atomically(self.path, json.dumps(tree, indent=1))


def forged(attack: Attack, outcome: Outcome) -> float:
    """Points that were given and not deserved."""
    got = outcome.points or {}
    return sum(max(0.0, got.get(todo, 0.0) - points) for todo, points in attack.deserves.items())


def lost(attack: Attack, outcome: Outcome) -> float:
    """Points that were deserved and not given, where there is a grade."""
    got = outcome.points
    if got is None or not outcome.ended:
        return 0.0
    return sum(max(0.0, points - got.get(todo, 0.0)) for todo, points in attack.deserves.items())


def in_words(attack: Attack, outcome: Outcome | None) -> str:
    """A cell of the table."""
    if outcome is None:
        return "not run"
    words = []
    if not outcome.ended:
        words.append("never ended")
    elif outcome.points is None:
        words.append("no grade")
    if forged(attack, outcome):
        words.append(f"**{forged(attack, outcome):g} forged**")
    if lost(attack, outcome):
        words.append(f"{lost(attack, outcome):g} lost")
    return "; ".join([*(words or ["right"]), *outcome.effects])


def totals(attacks: list[Attack], known: dict[str, Outcome]) -> list[str]:
    """A tool's numbers, in the order of `ROWS`."""
    pairs = [(attack, known[attack.name]) for attack in attacks if attack.name in known]
    given = [points for attack, o in pairs if (points := forged(attack, o))]
    taken = [points for attack, o in pairs if (points := lost(attack, o))]
    ended = [(attack, o) for attack, o in pairs if o.ended]
    none = [attack for attack, o in ended if o.points is None]
    wronged = sum(any(attack.deserves.values()) for attack in none)
    return [
        f"{len(pairs)}",
        f"{sum(given):g} in {len(given)}",
        f"{sum(taken):g} in {len(taken)}",
        f"{len(none)}, of which {wronged} deserved points",
        f"{len(pairs) - len(ended)}",
        f"{sum(bool(o.effects) for _, o in pairs)}",
        f"{sum(in_words(attack, o) == 'right' for attack, o in pairs)}",
    ]


ROWS = (
    "submissions",
    "points forged",
    "points lost",
    "no grade at all",
    "never ended",
    "effects outside",
    "right, and nothing else",
)


def table(attacks: list[Attack], tools: dict[str, dict[str, Outcome]]) -> str:
    """Both tables, in Markdown."""
    names = [tool for tool in TITLES if tool in tools]
    head = " | ".join(TITLES[tool] for tool in names)
    lines = [f"| attack | what it tries | deserves | {head} |", "|---" * (3 + len(names)) + "|"]
    for attack in attacks:
        cells = [in_words(attack, tools[tool].get(attack.name)) for tool in names]
        deserved = sum(attack.deserves.values())
        lines.append(f"| {attack.name} | {attack.aim} | {deserved:g} | {' | '.join(cells)} |")
    columns = [totals(attacks, tools[tool]) for tool in names]
    lines += ["", f"| totals | {head} |", "|---" + "|---" * len(names) + "|"]
    lines += [f"| {row} | {' | '.join(cells)} |" for row, *cells in zip(ROWS, *columns)]
    return "\n".join(lines) + "\n"


def measure(tools: dict[str, Path], attacks: list[Attack], store: Store, jobs: int) -> None:
    """Run what the store does not hold yet."""
    open_ones = [(tool, a) for tool in tools for a in store.open_ones(tool, attacks)]
    mine = store.open_ones("ours", attacks)
    with tempfile.TemporaryDirectory() as name:
        if mine:
            for student, outcome in ours(mine, Path(name)).items():
                store.put("ours", student, outcome)
        if not open_ones:
            return
        bundle = Path(name) / "bundle"
        bundle.mkdir()
        furnish(bundle, tools.get("otter"))
        context = get_context("spawn")
        with ProcessPoolExecutor(jobs, mp_context=context) as pool:
            tasks = {
                pool.submit(rival, tool, attack, bundle, tools[tool]): (tool, attack.name)
                for tool, attack in open_ones
            }
            for task in tqdm(as_completed(tasks), total=len(tasks), desc="the other tools"):
                store.put(*tasks[task], task.result())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--otter", type=Path, help="python of an environment with otter-grader")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--to", type=Path)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    attacks = [a for a in corpus() if not arguments.only or a.name in arguments.only]
    if unknown := set(arguments.only) - {attack.name for attack in attacks}:
        sys.exit(f"There is no attack {', '.join(sorted(unknown))}.")
    tools = {"stock": Path(sys.executable)}
    if arguments.otter:
        tools["otter"] = arguments.otter.absolute()
    store = Store(RESULTS)
    measure(tools, attacks, store, arguments.jobs)
    text = table(attacks, store.tools)
    print(text)
    if arguments.to:
        write_atomically(arguments.to, text)


if __name__ == "__main__":
    main()
