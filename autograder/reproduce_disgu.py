"""`course reproduce disgu`: the tables and figures of assignment 6's source, measured again.

The layers of the flow, navigator, losses and MIG are those of the reference solution. Every
training and every row of numbers is kept below the output folder, so that an interrupted run goes
on where it was; the report is written anew each time, also when only some rows are there.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from autograder.disgu_tables import (
    DIRECTIONS,
    NEGATIVES,
    SCORES,
    TABLE_2,
    TABLE_2_COLUMNS,
    printed,
)
from autograder.files import write_atomically
from autograder.studies import Study, each, solution
from starter_code.errors import CourseError

DATASET = "shapes3d"
PICTURES = {"tiny": 64, "small": 8000, "full": 100_000}  # that the VAEs learn from
SHARE = {"tiny": 1.0, "small": 0.25, "full": 1.0}  # of the training's length, in the studies
VALUES: dict[str, tuple[float, ...]] = {
    "negatives": NEGATIVES, "directions": DIRECTIONS, "threshold": tuple(TABLE_2),
}  # fmt: skip
SMALL_VALUES: dict[str, tuple[float, ...]] = {
    "negatives": (8, 16, 32, 64), "directions": (8, 16, 32, 64), "threshold": tuple(TABLE_2),
}  # fmt: skip
TINY_VALUES: dict[str, tuple[float, ...]] = {
    "negatives": (2, 3), "directions": (3, 4), "threshold": (0.8, 0.95),
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """One row: a method trained from a seed; in a study with one parameter set to a value."""

    method: str
    seed: int
    parameter: str = ""
    value: float = 0.0

    @property
    def name(self) -> str:
        """Of its files."""
        study = f"_{self.parameter}_{self.value:g}" if self.parameter else ""
        return f"{self.method.replace('β', 'beta')}_{self.seed}{study}"


def values_of(tier: str) -> Mapping[str, tuple[float, ...]]:
    """The values of K, D and T that are tried."""
    return {"tiny": TINY_VALUES, "small": SMALL_VALUES}.get(tier, VALUES)


def reproduce(study: Study, jobs: int = 1) -> Path:
    """Do what is not done yet, and write the report; returns its path.

    Raises:
        CourseError: another data set, or a tier whose flow is not there.
    """
    from starter_code.flows.methods import METHODS

    if study.dataset != DATASET:
        raise CourseError(
            f"Table 1 is measured again on {DATASET}, which is drawn; {study.dataset!r} is not."
        )
    _flow(study)  # trained once, before processes share it
    _run(study, [Task(m, seed) for seed in study.seeds for m in METHODS], jobs, "Table 1")
    first = study.seeds[0]
    studies = [
        Task("Dis-GU", first, p, v) for p, values in values_of(study.tier).items() for v in values
    ]
    _run(study, studies, jobs, "K, D and T")
    return write_report(study)


def _run(study: Study, tasks: Iterable[Task], jobs: int, what: str) -> None:
    """Do tasks that have no row yet, several at once; the report grows with them."""
    waiting = [task for task in tasks if not _path(study, task).is_file()]
    each(
        partial(do, study), waiting, jobs, f"{study.dataset}, {what}", partial(write_report, study)
    )


def do(study: Study, task: Task) -> None:
    """Train, measure and keep one row."""
    import torch

    if not torch.cuda.is_available():
        torch.set_num_threads(1)
    write_atomically(_path(study, task), json.dumps(_measure(study, task), indent=1))


def _path(study: Study, task: Task) -> Path:
    return study.place / f"{task.name}.json"


def _measure(study: Study, task: Task) -> dict[str, Any]:
    """The scores of one method, and what its directions find."""
    from starter_code.flows import factors, methods
    from starter_code.flows.codes import codes_of, latents_of, scores, starts_of
    from starter_code.training import pick_device

    lab, device = _lab(study), pick_device()
    sizes = lab.sizes
    pictures, truth = _rooms(study, sizes.rooms, seed=2)
    changes: dict[str, Any] = {"resume": True, "progress": False}
    count = sizes.directions
    if task.parameter == "directions":
        count = int(task.value)
    elif task.parameter:
        kind = int if task.parameter == "negatives" else float
        changes[task.parameter] = kind(task.value)
    if task.parameter:
        steps = int(sizes.search.steps * SHARE[study.tier])
        changes["steps"] = steps - steps % sizes.search.report or sizes.search.report
    if task.method not in (*methods.VAES, *methods.LEARNT):
        changes = {}
    lab.starts  # noqa: B018 - computed once, and no method's own time
    started = time.process_time()
    method = methods.learn_method(
        task.method, lab, folder=study.place / task.name, seed=task.seed, directions=count,
        **changes,
    )  # fmt: skip
    seconds = time.process_time() - started
    flow = lab.flow.to(device)
    latents = None
    if method.encode is None:
        latents = _cached(
            study, "latents", lambda: codes_of(latents_of(flow), pictures, device, progress=True)
        )
    codes = method.codes(pictures, latents)
    found = scores(
        codes, truth, _solution(study).mig, seed=task.seed, rows=sizes.rows, groups=sizes.groups
    )
    row: dict[str, Any] = {"scores": found, "seconds": seconds}
    if method.directions is not None and not task.parameter:
        z = starts_of(flow, _rooms(study, sizes.looked, seed=3)[0])
        reader = factors.load_reader()
        seen = factors.find(reader, flow, method.directions.to(device), z, sizes.step)
        row |= {"moves": seen.moves.tolist(), "found": seen.best}
    return row


def _cached(study: Study, name: str, make: Any) -> Any:
    """A tensor that is made once, and read afterwards."""
    from starter_code.tensors import read_tensors, write_tensors

    path = study.place / f"{name}.safetensors"
    if not path.is_file():
        write_tensors(path, {name: make()}, {"tier": study.tier})
    return read_tensors(path)[0][name]


def _rooms(study: Study, count: int, seed: int) -> tuple[Any, Any]:
    """Rooms drawn at random, uint8 (N, 3, S, S), and their factors (N, 6)."""
    import torch

    from starter_code import shapes3d

    factors = shapes3d.sample_factors(torch.Generator().manual_seed(seed), count)
    drawn = shapes3d.render(factors, _side(study))
    pictures = torch.from_numpy(drawn).permute(0, 3, 1, 2).contiguous()
    return pictures, torch.from_numpy(factors)


def _side(study: Study) -> int:
    from starter_code.flows.sizes import SIZES

    return SIZES[study.tier].rooms.size


@cache
def _solution(study: Study) -> Any:
    """The names of assignment 6's solution, run once in a process."""
    return solution("a6", {"TIER": study.tier, "SEED": 0, "DEVICE": "auto"})


@cache
def _lab(study: Study) -> Any:
    """What the methods work with, made once in a process."""
    from starter_code.flows import methods

    names = _solution(study)
    pictures, _ = _rooms(study, PICTURES[study.tier], seed=1)
    return methods.Lab(
        names.Navigator,
        names.direction_loss,
        names.contrastive_loss,
        _flow(study),
        pictures,
        methods.SIZES[study.tier],
    )


def _flow(study: Study) -> Any:
    """The flow: at the tier small the given one, else one that is trained here, once."""
    import torch

    from starter_code.flows import given, solver
    from starter_code.flows.glow import Glow
    from starter_code.flows.sizes import SIZES

    names = _solution(study)
    layers = (names.ActNorm, names.InvertibleConv1x1, names.AffineCoupling)
    if study.tier == "small":
        return given.given_flow(*layers)
    kept = study.place / "flow.safetensors"
    if not kept.is_file():
        sizes = SIZES[study.tier]
        glow = Glow(*layers, sizes.rooms, torch.Generator().manual_seed(0))
        train, _ = _rooms(study, sizes.pictures, seed=1)
        held_out, _ = _rooms(study, max(50, sizes.pictures // 50), seed=4)
        how = sizes.rooms_training
        options = solver.Options(
            epochs=how.epochs, steps_per_epoch=how.steps_per_epoch, batch_size=how.batch_size,
            learning_rate=how.learning_rate, warm_up=how.warm_up, folder=str(study.place / "flow"),
            resume=True,
        )  # fmt: skip
        solver.fit(glow, names.bits_per_dim, train, held_out, options)
        given.save_flow(kept, glow, {"tier": study.tier})
    return given.load_flow(kept, *layers)[0]


# --- the report ------------------------------------------------------------------------------


def write_report(study: Study) -> Path:
    """Tables 1 and 2, Figures 15 and 16 and what directions find, from the rows that are there."""
    rows = {method: found for method in _methods() if (found := _rows(study, method))}
    parts = [
        _head(study, rows),
        _table_1(study, rows),
        _found_table(rows),
        *(_study_table(study, parameter) for parameter in values_of(study.tier)),
    ]
    path = study.place / "report.md"
    write_atomically(path, "\n\n".join(part for part in parts if part) + "\n")
    return path


def _methods() -> tuple[str, ...]:
    from starter_code.flows.methods import METHODS

    return METHODS


def _rows(study: Study, method: str) -> list[dict[str, Any]]:
    tasks = [Task(method, seed) for seed in study.seeds]
    return [_read(study, task) for task in tasks if _path(study, task).is_file()]


def _read(study: Study, task: Task) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_path(study, task).read_text("utf-8"))
    return content


def _head(study: Study, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    from starter_code.flows.methods import SIZES

    sizes = SIZES[study.tier]
    search, source = sizes.search, type(sizes.search)()
    steps = int(search.steps * SHARE[study.tier])
    flow = "the flow that comes with the course" if study.tier == "small" else "one trained flow"
    return (
        f"# Dis-GU, measured again: {study.dataset}, tier {study.tier}\n\n"
        f"Made by `course reproduce disgu --tier {study.tier} --seeds {len(study.seeds)}`. The "
        f"rooms are drawn by this course and have {_side(study)} pixels a side, so the source's "
        "numbers (in italics) cannot be expected; what can be compared is the order.\n\n"
        f"All methods with directions use {flow} and have {sizes.directions} of them, the row "
        f"*random* 64. LD, DisCo and Dis-GU see {search.steps} times {search.pairs} pairs (the "
        f"source: {source.steps:,} times {source.pairs}), in the studies of K, D and T "
        f"{steps} steps at one seed; τ = {search.similarity:g}, distances {search.least:g} to "
        f"{search.most:g}. The VAEs take {sizes.vae.steps} "
        f"steps of {sizes.vae.batch_size} rooms. LD, DisCo and Dis-GU share one setting, chosen by "
        "what LD and Dis-GU found at seed 0; no other method was tuned. Scores on "
        f"{sizes.rooms:,} rooms drawn at random from all 480,000. Mean ± standard deviation over "
        "the seeds; what is not measured yet is left out, and the command goes on with it."
    )


def _spread(values: Sequence[float], digits: int = 2) -> str:
    mean = f"{statistics.mean(values):.{digits}f}"
    return mean if len(values) == 1 else f"{mean} ± {statistics.stdev(values):.{digits}f}"


def _markdown(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return f"## {title}\n\n" + "\n".join(lines)


def _table_1(study: Study, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Ours, and below it what the source prints."""
    theirs, lines = printed(study.dataset), []
    for method, found in rows.items():
        cells = [_spread([row["scores"][name] for row in found]) for name in SCORES]
        seconds = _spread([row["seconds"] for row in found], 0)
        lines.append([method, str(len(found)), *cells, seconds])
        if method in theirs:
            numbers = theirs[method]
            printed_cells = [f"*{numbers[n][0]:.2f} ± {numbers[n][1]:.2f}*" for n in SCORES]
            lines.append(["*the source*", "*10 or more*", *printed_cells, "–"])
    head = ["method", "seeds", *SCORES, "CPU seconds to learn"]
    return _markdown("Table 1: scores of codes", head, lines)


def _found_table(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """How many of six factors the directions find, and which."""
    from starter_code.flows.factors import FACTORS

    lines = []
    for method, found in rows.items():
        with_directions = [row for row in found if "found" in row]
        if not with_directions:
            continue
        counts = [len(row["found"]) for row in with_directions]
        often = [str(sum(name in row["found"] for row in with_directions)) for name in FACTORS]
        count, seeds = str(len(with_directions[0]["moves"])), str(len(with_directions))
        lines.append([method, count, seeds, _spread(counts, 1), *often])
    if not lines:
        return ""
    head = ["method", "directions", "seeds", "factors found of 6", *FACTORS]
    note = (
        "\n\nA direction *finds* a factor if a step moves its reading by at least a tenth of what "
        "two rooms drawn at random differ by, and every other reading at most a quarter as far. "
        "Below each factor: with how many seeds it is found."
    )
    return _markdown("What the directions find", head, lines) + note


def _study_table(study: Study, parameter: str) -> str:
    """Figure 15, Figure 16 or Table 2: one row for each value."""
    titles = {
        "negatives": "Figure 15: K, negative keys",
        "directions": "Figure 16: D, directions",
        "threshold": "Table 2: T, threshold",
    }
    lines = []
    for value in values_of(study.tier)[parameter]:
        task = Task("Dis-GU", study.seeds[0], parameter, value)
        if not _path(study, task).is_file():
            continue
        row = _read(study, task)["scores"]
        lines.append([f"{value:g}", *(f"{row[name]:.2f}" for name in TABLE_2_COLUMNS)])
        if parameter == "threshold" and value in TABLE_2:
            lines.append(["*the source*", *(f"*{number:.2f}*" for number in TABLE_2[value])])
    if not lines:
        return ""
    return _markdown(titles[parameter], [parameter, *TABLE_2_COLUMNS], lines)
