"""Assignment 3 measured: both modules over seeds, the search for the weights, and real captions.

python benchmarks/disentangling.py --seeds 0 1 2             tables on the scenes (30 minutes)
python benchmarks/disentangling.py --search                  which λ: seed 0, validation split
python benchmarks/disentangling.py --real data --seeds 0     senticap and flickrstyle10k below data
python benchmarks/disentangling.py --give                    the networks that come with the course

Everything is done by the reference solution, with the notebook's own functions, at the tier of
COURSE_TIER. Trainings lie in runs/a3/benchmark; --resume takes those that are there.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from autograder.assignments import load_source
from autograder.cells import run_segments
from starter_code.disentangling.examples import Captions, Pictures
from starter_code.disentangling.sizes import SIZES, Sizes
from starter_code.disentangling.solver import PAPER_CAPTIONS, PAPER_IMAGES
from starter_code.metrics.style import NgramStyles
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.features import scene_encoder
from starter_code.stylized.given import GIVEN
from starter_code.stylized.preparing import prepare
from starter_code.tensors import write_tensors
from starter_code.tiers import tier

Row = Mapping[str, float]
SEARCHED_IMAGES = PAPER_IMAGES | {"hide_style": 5.0, "hide_facts": 0.5}
CAPTION_SEARCH: list[dict[str, float]] = [
    {},
    {"kl": 0.1},
    {"kl": 0.3},
    {"hide_style": 5.0},
    {"hide_style": 5.0, "kl": 0.1},
    {"hide_style": 20.0},
]
IMAGE_SEARCH: list[dict[str, float]] = [
    {},
    {"hide_style": 1.0},
    {"hide_style": 5.0},
    {"hide_style": 20.0},
    {"hide_style": 5.0, "hide_facts": 0.5},
    {"hide_style": 5.0, "hide_facts": 0.3, "kl": 0.005},
    {"hide_style": 10.0, "hide_facts": 0.3, "kl": 0.005},
    {"hide_style": 10.0, "hide_facts": 1.0, "kl": 0.005},
]
# Real captions are longer and have more words; the writer's vectors are wider than on the scenes.
REAL = Sizes(512, 64, 960, 40, 100, 128, 8, 128, 8)


def lab(folder: Path, seed: int, widths: Sizes, resume: bool, test: str = "test") -> Any:
    """The names of the solution notebook, as if its cells had run on this data set."""
    sets = {split: StyledDataset(folder, split) for split in ("train", "val")}
    names: dict[str, Any] = sets | {"test": StyledDataset(folder, test), "SIZE": tier()}
    run_segments(load_source("a3_vae_disentanglement").segments(), names)
    names |= {"SEED": seed, "RESUME": resume, "DEVICE": "auto", "WIDTHS": widths}
    names["STYLES"] = sets["train"].styles
    return SimpleNamespace(**names, globals=names)


def speaker(lab: Any, name: str, weights: Mapping[str, float]) -> tuple[Any, Row]:
    """D-Captions, trained, and the record of its best epoch."""
    model, told = lab.d_captions(), (Captions(lab.train), Captions(lab.val))
    epochs = lab.WIDTHS.caption_epochs
    return model, lab.train_model(model, f"benchmark/{name}", told, weights, epochs).best


def viewer(lab: Any, name: str, weights: Mapping[str, float]) -> Any:
    """D-Images, trained."""
    model, seen = lab.d_images(), (Pictures(lab.train), Pictures(lab.val))
    lab.train_model(model, f"benchmark/{name}", seen, weights, lab.WIDTHS.image_epochs)
    return model


def speak(lab: Any, name: str, weights: Mapping[str, float]) -> dict[str, float]:
    """DSA of a trained D-Captions, and its nats."""
    model, best = speaker(lab, name, weights)
    found = lab.codes(model)
    width = lab.WIDTHS.caption_style
    rows = {
        f"{space}, {by}": share
        for by, row in lab.dsa(found, width).items()
        for space, share in row.items()
    }
    return rows | {"KL": best["val_kl"], "reconstruction": best["val_reconstruction"]}


def look(lab: Any, name: str, weights: Mapping[str, float]) -> dict[str, float]:
    """Table 3 of a trained D-Images as the source reads it, and what is known of the scenes."""
    model = viewer(lab, name, weights)
    rows = {f"Table 3: {space}": share for space, share in lab.table_3(model)["samples"].items()}
    for question, answers in lab.grouped(lab.questions(model)).items():
        rows |= {f"{question}, {space}": share for space, share in answers.items()}
    return rows


def over_seeds(title: str, seeds: list[int], run: Callable[[int], Row]) -> None:
    """Print mean and standard deviation of every quantity."""
    rows = [run(seed) for seed in seeds]
    print(f"\n{title}, seeds {', '.join(map(str, seeds))}: mean ± standard deviation (least, most)")
    for name in rows[0]:
        values = [row[name] for row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        low, high = min(values), max(values)
        print(f"  {name:32}{statistics.mean(values):9.3f} ± {spread:.3f}  ({low:.3f}, {high:.3f})")


def search(folder: Path, resume: bool) -> None:
    """Every setting once, measured on the validation split."""
    on_val = lab(folder, 0, SIZES[tier().name], resume, test="val")
    for kind, run, paper, changes in (
        ("D-Captions", speak, PAPER_CAPTIONS, CAPTION_SEARCH),
        ("D-Images", look, PAPER_IMAGES, IMAGE_SEARCH),
    ):
        print(f"\n{kind}, seed 0, validation split")
        for number, change in enumerate(changes):
            row = run(on_val, f"search_{kind}_{number}", paper | change)
            shown = "  ".join(f"{name} {value:.3f}" for name, value in row.items())
            print(f"  {change or 'the weights of the paper'}\n    {shown}")


def real(root: Path, seeds: list[int], resume: bool) -> None:
    """SentiCap and FlickrStyle10K, captions alone, split by picture."""
    for name in ("senticap", "flickrstyle10k"):
        folder = prepare(name, root=root, pictures="none")
        train, test = (StyledDataset(folder, split) for split in ("train", "test"))
        reader = NgramStyles([c.tokens for c in train.told], train.labels.tolist())
        grams = reader.accuracy([c.tokens for c in test.told], test.labels.tolist())
        print(f"\n{name}: {len(train)} captions, {len(test)} held out; n-grams {grams:.3f}")

        def run(seed: int, folder: Path = folder, name: str = name) -> Row:
            here = lab(folder, seed, REAL, resume)
            return speak(here, f"{name}_{seed}", PAPER_CAPTIONS)

        over_seeds(name, seeds, run)


def give(folder: Path, resume: bool) -> None:
    """Write the networks that come with the course: ℰ, and both modules of seed 0."""
    size = tier()
    images = folder.parent / f"{size.name}_seed0"
    given = GIVEN / f"scenes_{size.name}_encoder.safetensors"
    if not given.is_file():
        encoder = scene_encoder(size, images / "input", 0, "auto")
        write_tensors(given, encoder.state_dict(), {"tier": size.name, "seed": 0})
    here = lab(folder, 0, SIZES[size.name], resume)
    seeing = viewer(here, "searched_0", SEARCHED_IMAGES)
    speaking, _ = speaker(here, "words_0", PAPER_CAPTIONS)
    path = GIVEN / f"scenes_{size.name}_modules.safetensors"
    print(here.hand_over(path, seeing, speaking), f"{path.stat().st_size / 2**20:.1f} MiB")


def main() -> None:
    """Parse the arguments and print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--give", action="store_true")
    parser.add_argument("--real", type=Path)
    parser.add_argument("--resume", action="store_true")
    chosen = parser.parse_args()
    if chosen.real:
        real(chosen.real, chosen.seeds, chosen.resume)
        return
    folder = prepare("scenes")
    if chosen.search:
        search(folder, chosen.resume)
        return
    if chosen.give:
        give(folder, chosen.resume)
        return
    widths = SIZES[tier().name]

    def of(kind: Callable[..., Row], name: str, weights: Mapping[str, float]) -> Callable:
        return lambda seed: kind(
            lab(folder, seed, widths, chosen.resume), f"{name}_{seed}", weights
        )

    over_seeds("D-Captions, weights of the paper", chosen.seeds, of(speak, "words", PAPER_CAPTIONS))
    over_seeds("D-Images, weights of the paper", chosen.seeds, of(look, "paper", PAPER_IMAGES))
    over_seeds("D-Images, searched", chosen.seeds, of(look, "searched", SEARCHED_IMAGES))


if __name__ == "__main__":
    main()
