"""Assignment 5 measured: four variants of the game over seeds, and the networks that are given.

python benchmarks/text_to_image.py --give encoders            encoders and oracle, and how good
python benchmarks/text_to_image.py --give generator           the one that was trained longer
python benchmarks/text_to_image.py --seeds 0 1 2              the table of the four variants

Everything is done by the reference solution, at the tier of COURSE_TIER. Trainings lie in
runs/a5, those of the table where the notebook has its own; --resume takes those that are there,
finished or not. What is measured is kept beside them; --table prints it without any training.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from autograder.assignments import load_source
from autograder.cells import run_segments
from starter_code.text_to_image.claims import PROPERTIES
from starter_code.text_to_image.datasets import CaptionedPictures
from starter_code.text_to_image.given import GIVEN, has_given
from starter_code.text_to_image.joint import (
    JointOptions,
    build_encoders,
    fit_joint,
    given_encoders,
    keep_encoders,
)
from starter_code.text_to_image.oracle import (
    build_oracle,
    fit_look,
    fit_oracle,
    given_oracle,
    keep_look,
    keep_oracle,
    take_look,
)
from starter_code.text_to_image.preparing import prepare
from starter_code.text_to_image.scores import caption_match, measure, r_precision
from starter_code.text_to_image.sizes import sizes
from starter_code.text_to_image.solver import VARIANTS, Losses, Options, fit, keep_generator
from starter_code.text_to_image.variety import mode_seeking
from starter_code.tiers import tier
from starter_code.training import write_atomically

RUNS = Path("runs/a5/benchmark")
GIVEN_STEPS, GIVEN_SEEKING = 10_000, 0.02  # the second: weight of the mode-seeking term
GIVEN_PICTURES, GIVEN_SEED = 32_000, 100  # scenes of a world of their own


def lab() -> Any:
    """The eight pieces of the solution notebook."""
    names: dict[str, Any] = {}
    run_segments(load_source("a5_gan_cls").segments(), names)
    return SimpleNamespace(**names)


def players(here: Any, seed: int, warm: bool = True) -> tuple[Any, Any, dict[str, int]]:
    """Generator and discriminator of a seed before the game, and the sizes of the generator."""
    size = sizes(tier())
    shape = {"size": size.picture_size, "width": size.width, "projection": size.projection}
    widths = {"noise_dim": size.noise_dim, "text_dim": size.text_dim, **shape}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        both = here.Generator(**widths), here.Discriminator(size.text_dim, **shape)
    if warm and has_given("look", tier().name):
        take_look(both[1].look, tier())
    return *both, widths


def losses(here: Any, third: Any = None) -> Losses:
    """The losses of the notebook; another term of the generator may stand in the third place."""
    return Losses(here.discriminator_loss, here.generator_loss, third or here.interpolation_loss)


def give_encoders(folder: Path, resume: bool) -> None:
    """Train and write the encoders and the oracle; print how good they are on held-out scenes."""
    size, width, train = tier(), sizes(tier()), CaptionedPictures(folder, "train")
    oracles = []
    for seed in (0, 1):  # the oracle; and the one whose features the picture encoder takes
        started, oracle = time.process_time(), build_oracle(size, seed)
        where = RUNS / f"{size.name}_oracle_{seed}"
        fit_oracle(oracle, train, width.oracle_steps, seed=seed, folder=where, resume=resume)
        print(f"oracle, seed {seed}: {time.process_time() - started:.0f} CPU s")
        oracles.append(oracle)
    keep_oracle(GIVEN / f"scenes_{size.name}_oracle.safetensors", oracles[0], size, 0)

    started = time.process_time()
    texts, pictures = build_encoders(size, 0, oracles[1].look.state_dict())
    where = RUNS / f"{size.name}_joint"
    options = JointOptions(steps=width.joint_steps, folder=str(where), resume=resume)
    fit_joint(texts, pictures, lab().joint_embedding_loss, train, options)
    keep_encoders(GIVEN / f"scenes_{size.name}_text.safetensors", texts, pictures, size, 0)
    print(f"encoders: {time.process_time() - started:.0f} CPU s")

    started, look = time.process_time(), players(lab(), 2, warm=False)[1].look
    fit_look(
        look, train, width.oracle_steps, seed=2, folder=RUNS / f"{size.name}_look", resume=resume
    )
    keep_look(GIVEN / f"scenes_{size.name}_look.safetensors", look, size, 2)
    print(f"what the judge sees: {time.process_time() - started:.0f} CPU s")
    for split in ("val", "test"):
        judge_judges(CaptionedPictures(folder, split))


def judge_judges(held_out: CaptionedPictures) -> None:
    """Print how often oracle and encoders are right on real scenes, one caption each."""
    (texts, pictures), oracle = given_encoders(tier()), given_oracle(tier())
    held_out.encode(texts)
    lots = torch.Generator().manual_seed(0)
    rows = torch.arange(len(held_out))
    told, seen = held_out.told(rows, lots), held_out.images(rows)
    claimed = {name: said[told] for name, said in held_out.claimed.items()}
    found = caption_match(oracle, seen, claimed)
    fits = held_out.fits(rows, told)
    found["R-precision"] = r_precision(pictures, seen, held_out.texts[told], fits, lots)
    print(held_out.split, "  ".join(f"{name} {share:.3f}" for name, share in found.items()))


def give_generator(folder: Path, resume: bool, steps: int) -> None:
    """Train the generator that comes with the course: more scenes and steps, and mode seeking."""
    size, width, here = tier(), sizes(tier()), lab()
    more = prepare(size, seed=GIVEN_SEED, pictures=GIVEN_PICTURES)
    train = CaptionedPictures(more, "train").encode(given_encoders(size)[0], progress=True)
    generator, discriminator, widths = players(here, 0)
    options = Options(
        steps, width.batch_size, width.learning_rate, width.judge_faster,
        interpolate=GIVEN_SEEKING, resume=resume, folder=str(RUNS / f"{size.name}_given"),
    )  # fmt: skip
    fit(
        generator, discriminator, here.train_step, here.mismatched, losses(here, mode_seeking),
        train, options,
    )  # fmt: skip
    path = GIVEN / f"scenes_{size.name}_generator.safetensors"
    keep_generator(path, generator, widths)
    print(f"{path}: {path.stat().st_size:,} bytes")
    shown(scores(generator, folder))


def scores(generator: Any, folder: Path) -> dict[str, float]:
    """All scores on the captions of the test split."""
    texts, pictures = given_encoders(tier())
    held_out = CaptionedPictures(folder, "test").encode(texts)
    train = CaptionedPictures(folder, "train")
    return measure(generator, held_out, train, given_oracle(tier()), pictures)


def shown(found: dict[str, float]) -> None:
    """Print scores, one a line."""
    for name, value in found.items():
        print(f"  {name:34}{value:.3f}")


def where(name: str, seed: int) -> Path:
    """The folder of a variant's training: that of the notebook, which takes up what lies there."""
    return Path("runs/a5") / f"seed_{seed}" / f"scenes_{name}_{sizes(tier()).steps}"


def variants(folder: Path, seeds: list[int], names: list[str], resume: bool) -> None:
    """Train and measure all variants, seed by seed; each result is kept at once."""
    here, size = lab(), sizes(tier())
    texts, _ = given_encoders(tier())
    train = CaptionedPictures(folder, "train").encode(texts, progress=True)
    for seed in seeds:
        for name in names:
            place = where(name, seed)
            if resume and (place / "scores.json").is_file():
                continue
            generator, discriminator, _ = players(here, seed)
            options = Options(
                size.steps, size.batch_size, size.learning_rate, judge_faster=size.judge_faster,
                average=size.average, seed=seed, folder=str(place), resume=resume, **VARIANTS[name],
            )  # fmt: skip
            records = fit(
                generator, discriminator, here.train_step, here.mismatched, losses(here), train,
                options,
            )  # fmt: skip
            found = scores(generator, folder)
            found["seconds"] = sum(record["seconds"] for record in records)
            text = json.dumps(found, indent=1)
            write_atomically(place / "scores.json", lambda p, text=text: p.write_text(text))
            print(f"{name}, seed {seed}")
            shown(found)


def table(seeds: list[int]) -> None:
    """Mean ± standard deviation of everything that has been measured so far."""
    columns = {}
    for name in VARIANTS:
        places = [where(name, seed) / "scores.json" for seed in seeds]
        rows = [json.loads(place.read_text()) for place in places if place.is_file()]
        if rows:
            columns[name] = rows
    print(f"\n{'':34}" + "".join(f"{name + f' ({len(r)})':>20}" for name, r in columns.items()))
    for name in next(iter(columns.values()), [{}])[0]:
        cells = []
        for rows in columns.values():
            values = [row[name] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            digits = 0 if name == "seconds" else 3
            cells.append(f"{statistics.mean(values):.{digits}f} ± {spread:.{digits}f}")
        print(f"{name:34}" + "".join(f"{cell:>20}" for cell in cells))
    chance = ", ".join(f"{name} {1 / len(values):.3f}" for name, values in PROPERTIES.items())
    print(f"\nchance, if all values were equally frequent: {chance}; seeds in brackets")


def main() -> None:
    """Parse the arguments and do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--give", choices=("encoders", "generator"))
    parser.add_argument("--steps", type=int, default=GIVEN_STEPS, help="of the given generator")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--table", action="store_true")
    chosen = parser.parse_args()
    folder = prepare()
    if chosen.give == "encoders":
        give_encoders(folder, chosen.resume)
    elif chosen.give == "generator":
        give_generator(folder, chosen.resume, chosen.steps)
    else:
        if not chosen.table:
            variants(folder, chosen.seeds, chosen.variants, chosen.resume)
        table(chosen.seeds)


if __name__ == "__main__":
    main()
