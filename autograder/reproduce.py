"""`course reproduce dsic`: the tables of the source of assignments 3 and 4, measured again.

Both assignments' reference solutions do the work, with the notebooks' own functions. Every training
and every row of numbers is kept below the output folder, so that an interrupted run goes on where
it was; the report is written anew each time, also when only some rows are there.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from autograder.dsic_tables import METRICS, TABLE_3, TABLE_4, printed
from autograder.files import write_atomically
from autograder.studies import Study, each, solution

Row = dict[str, float]
LEARNING_RATES = (2e-3, 5e-3)  # of every method's aggregator and generator: the tuning budget
IMAGE_WEIGHTS = {"hide_style": 5.0, "hide_facts": 0.5}  # on scenes, by benchmarks/disentangling.py
VALIDATED = 200  # pictures that tuning captions


@dataclass(frozen=True)
class Task:
    """One row: a method trained from a seed with a learning rate, or assignment 3 ("modules")."""

    method: str
    seed: int
    learning_rate: float = 0.0
    split: str = "test"  # "val" for tuning

    @property
    def training(self) -> str:
        """The name of what is trained; both splits share it."""
        rate = f"_{self.learning_rate:g}" if self.learning_rate else ""
        return f"{self.method.replace('+', '_')}_{self.seed}{rate}"


def reproduce(study: Study, jobs: int = 1) -> Path:
    """Do what is not done yet, and write the report; returns its path.

    Raises:
        CourseError: the data set cannot be had.
    """
    from starter_code.stylized.methods import METHODS

    _sets(study)  # prepared once, before processes share it
    first = study.seeds[0]
    _run(study, [Task("modules", seed) for seed in study.seeds], jobs, "assignment 3")
    tuned = [Task(method, first, rate, "val") for method in METHODS for rate in LEARNING_RATES]
    _run(study, tuned, jobs, "tuning")
    best = {method: _best_rate(study, method) for method in METHODS}
    others = [Task(method, seed, best[method]) for seed in study.seeds for method in METHODS]
    _run(study, others, jobs, "seeds")
    return write_report(study)


def _run(study: Study, tasks: Iterable[Task], jobs: int, what: str) -> None:
    """Do tasks that have no row yet, several at once."""
    waiting = [task for task in tasks if not _path(study, task).is_file()]
    each(partial(do, study), waiting, jobs, f"{study.dataset}, {what}")


def do(study: Study, task: Task) -> None:
    """Train, measure and keep one row."""
    import torch

    torch.set_num_threads(1)
    row = _modules(study, task.seed) if task.method == "modules" else _captions(study, task)
    write_atomically(_path(study, task), json.dumps(row, indent=1))


def _path(study: Study, task: Task) -> Path:
    return study.place / f"{task.training}_{task.split}.json"


def _sets(study: Study) -> dict[str, Any]:
    from starter_code.stylized.datasets import StyledDataset
    from starter_code.stylized.preparing import prepare
    from starter_code.tiers import tier

    size = tier(study.tier)
    pictures = "all" if study.dataset == "scenes" else "there"
    folder = prepare(study.dataset, size, study.root, pictures=pictures)
    sets = {split: StyledDataset(folder, split) for split in ("train", "val", "test")}
    return {**sets, "SIZE": size, "STYLES": sets["train"].styles, "DATASET": study.dataset}


def _modules(study: Study, seed: int) -> dict[str, Any]:
    """Assignment 3 at one seed: table 3, and the file that assignment 4 takes."""
    from starter_code.disentangling.examples import Captions, Pictures
    from starter_code.disentangling.sizes import sizes
    from starter_code.disentangling.solver import PAPER_CAPTIONS, PAPER_IMAGES

    given = _sets(study)
    given |= {"SEED": seed, "RESUME": True, "DEVICE": "auto", "WIDTHS": sizes(given["SIZE"])}
    lab = solution("a3", given)
    sets, place = (lab.train, lab.val), f"{study.place.resolve()}/a3_{seed}"
    train = partial(_train, lab, place)
    images = PAPER_IMAGES | (IMAGE_WEIGHTS if study.dataset == "scenes" else {})
    speaker, viewer, untrained = lab.d_captions(), lab.d_images(), lab.d_images()
    train(speaker, "captions", tuple(map(Captions, sets)), PAPER_CAPTIONS, "caption_epochs")
    train(viewer, "images", tuple(map(Pictures, sets)), images, "image_epochs")
    lab.hand_over(study.place / f"modules_{seed}.safetensors", viewer, speaker)
    found = lab.dsa(lab.codes(speaker), lab.WIDTHS.caption_style)
    return {
        "D-Captions, samples": found["samples"],
        "D-Captions, means": found["means"],
        "D-Images, samples": lab.table_3(viewer)["samples"],
        "D-Images, untrained": lab.table_3(untrained)["samples"],
    }


def _train(
    lab: Any, place: str, model: Any, name: str, data: Any, weights: Any, epochs: str
) -> None:
    from starter_code.disentangling.solver import Options, fit

    options = Options(
        weights=weights,
        epochs=getattr(lab.WIDTHS, epochs),
        batch_size=lab.WIDTHS.batch_size,
        learning_rate=lab.WIDTHS.learning_rate,
        seed=lab.SEED,
        folder=f"{place}/{name}",
        resume=True,
        progress=False,
    )
    train, val = data
    fit(model, lab.train_step, train, val, options)


def _captions(study: Study, task: Task) -> dict[str, Any]:
    """Assignment 4: one method at one seed and learning rate, its numbers and three captions."""
    import torch

    from starter_code import scenes
    from starter_code.stylized import methods, scores
    from starter_code.stylized.modules import load_modules
    from starter_code.stylized.text_cnn import train_style_classifier

    given = _sets(study)
    lab = solution("a4", given)
    modules = load_modules(
        study.place / f"modules_{task.seed}.safetensors", lab.train, given["SIZE"]
    )
    kinds = {"concat": lab.ConcatAggregator, "attention": lab.AttentionAggregator}
    parts = methods.Lab(
        lab.StylizedGenerator,
        kinds | {"capsule": lab.capsules},
        modules,
        lab.train,
        lab.val,
        methods.SIZES[study.tier],
    )
    captioner = methods.learn(
        task.method,
        parts,
        folder=study.place / task.training,
        seed=task.seed,
        learning_rate=task.learning_rate,
        resume=True,
        progress=False,
    )
    judge = train_style_classifier(lab.train, lab.val, seed=0, progress=False)
    held_out = lab.val if task.split == "val" else lab.test
    few = torch.arange(len(held_out.pictures))
    few = few[:VALIDATED] if task.split == "val" else few
    world = []
    if study.dataset == "scenes":
        numbers = [int(held_out.pictures[i][len("scene_") : -len(".png")]) for i in few]
        world = [scenes.factors(scenes.scene_at(0, number)) for number in numbers]
    told = scores.tell_all(captioner, held_out, pictures=few, max_length=given["SIZE"].max_length)
    row = scores.measure(
        told,
        held_out,
        judge,
        lab.image_caption_style_accuracy,
        factors=world,
        pictures=few,
        names=("cider",) if task.split == "val" else scores.metrics_here(),
    )
    said = {style: captions[:3] for style, captions in told.items()}
    return {"judge": judge.accuracy, "scores": row, "said": said}


def _best_rate(study: Study, method: str) -> float:
    """The learning rate with the best CIDEr on the validation pictures, at the first seed."""

    def merit(rate: float) -> float:
        return float(_read(study, Task(method, study.seeds[0], rate, "val"))["scores"]["CIDEr"])

    return max(LEARNING_RATES, key=merit)


def _read(study: Study, task: Task) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_path(study, task).read_text("utf-8"))
    return content


# --- the report ------------------------------------------------------------------------------


def write_report(study: Study) -> Path:
    """Tables 1 to 5 with ours beside the source's, from the rows that are there."""
    from starter_code.stylized.methods import METHODS

    rows = {method: _rows(study, method) for method in METHODS}
    rows = {method: found for method, found in rows.items() if found}
    columns = sorted({name for found in rows.values() for row in found for name in row["scores"]})
    styles = [name.removesuffix(" ICSA") for name in columns if name.endswith(" ICSA")]
    parts = [
        _head(study, rows),
        _captions_table(study, rows, "pooled", columns),
        *(_captions_table(study, rows, style, columns) for style in styles),
        _table_3(study),
        _style_table(study, rows),
        _said(rows),
    ]
    path = study.place / "report.md"
    write_atomically(path, "\n\n".join(part for part in parts if part) + "\n")
    return path


def _rows(study: Study, method: str) -> list[dict[str, Any]]:
    """The finished rows of a method with its chosen learning rate, one for each seed."""
    there = [Task(method, study.seeds[0], rate, "val") for rate in LEARNING_RATES]
    if not all(_path(study, task).is_file() for task in there):
        return []
    rate = _best_rate(study, method)
    tasks = [Task(method, seed, rate) for seed in study.seeds]
    return [_read(study, task) for task in tasks if _path(study, task).is_file()]


def _head(study: Study, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    judges = [row["judge"] for found in rows.values() for row in found]
    judge = f"{statistics.mean(judges):.3f}" if judges else "not measured"
    rates = ", ".join(f"{rate:g}" for rate in LEARNING_RATES)
    words = "Photos, splits and networks may differ from the source's: see the tier."
    if study.dataset == "scenes":
        words = (
            "The scenes are drawn by this course, so the source's numbers, which are those of "
            "SentiCap, cannot be expected; what can be compared is the order of the methods."
        )
    return (
        f"# DSIC, measured again: {study.dataset}, tier {study.tier}\n\n"
        f"Made by `course reproduce dsic --dataset {study.dataset} --tier {study.tier} --seeds "
        f"{' '.join(map(str, study.seeds))}`. {words}\n\n"
        f"Every method sees the styled captions as often, with the same sizes; what it learns "
        f"before that (factual captions, a distance, the modules of assignment 3) is its own. "
        f"Tuning: the better of the learning rates {rates} by CIDEr on "
        f"{VALIDATED} validation pictures at seed {study.seeds[0]}. Captions of the test pictures "
        f"in every style, beam 5. The judge of styles is right on {judge} of the held-out true "
        f"captions. Mean ± standard deviation over the seeds; METEOR needs Java, SPICE its models."
    )


def _spread(values: Sequence[float], factor: float = 100.0) -> str:
    if not values:
        return "–"
    mean = factor * statistics.mean(values)
    if len(values) == 1:
        return f"{mean:.2f}"
    return f"{mean:.2f} ± {factor * statistics.stdev(values):.2f}"


def _markdown(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return f"## {title}\n\n" + "\n".join(lines)


def _captions_table(
    study: Study,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    part: str,
    columns: Sequence[str],
) -> str:
    """Tables 1, 2 and 5, pooled or of one style: ours, and below it what the source prints."""
    prefix = "" if part == "pooled" else f"{part} "
    shown = [name for name in METRICS if f"{prefix}{name}" in columns]
    theirs = printed("senticap" if study.dataset == "scenes" else study.dataset)
    lines = []
    for method, found in rows.items():
        ours = [_spread([row["scores"][f"{prefix}{name}"] for row in found]) for name in shown]
        lines.append([method, *ours])
        if (part, method) in theirs:
            numbers = theirs[part, method]
            lines.append(["*the source*", *(f"*{numbers[name]:.2f}*" for name in shown)])
    title = f"Tables 1, 2 and 5: {part}" if part == "pooled" else f"Tables 1 and 2: {part}"
    return _markdown(title, ["method", *shown], lines)


def _table_3(study: Study) -> str:
    tasks = [Task("modules", seed) for seed in study.seeds]
    found = [_read(study, task) for task in tasks if _path(study, task).is_file()]
    if not found:
        return ""
    spaces = ("fact", "style", "whole")
    lines = [
        [name, *(_spread([row[name][space] for row in found], 1.0) for space in spaces)]
        for name in found[0]
    ]
    for name, numbers in TABLE_3.items():
        lines.append([f"*the source's {name}*", *(f"*{numbers[space]:.2f}*" for space in spaces)])
    return _markdown("Table 3: disentangled space accuracy", ["module", *spaces], lines)


def _style_table(study: Study, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Table 4, and what the source does not ask: an exchange of styles, the truth, the variety."""
    asked = ("ICSA", "exchanged", "faithful", "faithful to the next")
    theirs = TABLE_4.get("senticap" if study.dataset == "scenes" else study.dataset, {})
    lines = []
    for method, found in rows.items():
        cells = [
            _spread([row["scores"][name] for row in found if name in row["scores"]])
            for name in asked
        ]
        different = _spread([row["scores"]["distinct"] for row in found], 1.0)
        source = f"*{theirs[method]:.2f}*" if method in theirs else "–"
        lines.append([method, *cells, different, source])
    head = ["method", *asked, "different captions", "*the source's ICSA*"]
    return _markdown("Table 4: style, and more", head, lines)


def _said(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    lines = []
    for method, found in rows.items():
        for style, captions in found[0]["said"].items():
            lines.append([method, style, captions[0]])
    return _markdown("One test picture, told by all", ["method", "style", "caption"], lines)
