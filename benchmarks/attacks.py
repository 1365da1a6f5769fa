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

    attack_corpus   what is handed in and what it deserves
    attack_effects  what it does outside its submission
    attack_rooms    nbgrader and otter, a room for each submission; `course grade` runs from here
    attack_table    what came of it, in Markdown

Results are kept in `runs/benchmarks/attacks.json`; a run that is started again goes on where it
stopped, and a changed attack is measured anew.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import rivals
from attack_corpus import NAME, NEIGHBOUR, SECRET, Attack, Outcome, corpus
from attack_effects import Watch, orphans, told_back
from attack_rooms import PARTS, furnish, rival
from attack_table import table
from tqdm import tqdm

from autograder.assignments import repository
from autograder.building import write_atomically
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class

RESULTS = Path("runs") / "benchmarks" / "attacks.json"


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
        own = effects + told_back(result.student, [verdict.reason for verdict in result.verdicts])
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
