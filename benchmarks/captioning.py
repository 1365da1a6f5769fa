"""Quality of both captioning assignments at a tier: the mean over seeds of what the labs ask for.

The functions are those of the source notebooks (the solutions); a finished training is taken from
its checkpoint below `runs`, so an interrupted run can be taken up.

    python benchmarks/captioning.py [--tier small] [--seeds 3] [--assignment a2]

Where there is a GPU it is used, with mixed precision in the encoder; the first line names it.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import torch

from autograder.assignments import load_source, names, resolve
from autograder.cells import run_segments
from starter_code import scenes
from starter_code.captioning.datasets import CaptionDataset, prepare
from starter_code.captioning.utils import hypotheses, references
from starter_code.metrics import captions as metrics
from starter_code.tiers import tier


def lab(assignment: str, tier_name: str) -> dict[str, Any]:
    """The definitions of a source notebook, with the data that its first cells prepare."""
    size = tier(tier_name)
    space: dict[str, Any] = {"SIZE": size}  # defaults of some functions read it
    run_segments(load_source(assignment).segments(), space)
    folder = prepare("scenes", size)
    parts = {split: CaptionDataset(folder, split) for split in ("train", "val", "test")}
    test = parts["test"]
    kinds = {noun.split()[-1]: kind for kind, nouns in scenes.NOUNS.items() for noun in nouns}
    return (
        space
        | parts
        | {
            "FOLDER": folder,
            "WORDS": test.word_map,
            "DEVICE": "auto",
            "RESUME": False,
            "pictures": torch.stack([test.image(i) for i in range(test.num_images)]),
            "truth": references(test),
            "world": scenes.read_truth(folder, test.filenames),
            "KIND_OF": kinds,
        }
    )


def trained(space: dict[str, Any], seed: int) -> float:
    """Train encoder and decoder in the lab's own way; return the seconds it took."""
    # the notebook's functions read SEED, encoder and decoder from their own globals
    scope = space["fit"].__globals__
    scope.update(space | {"SEED": seed})
    started = time.perf_counter()
    torch.manual_seed(seed)
    if "build_model" in scope:
        scope["encoder"], scope["decoder"] = scope["build_model"]()
    else:
        scope["encoder"] = scope["seeing_encoder"](scope["SIZE"], scope["train"], seed, "auto")
        scope["decoder"] = scope["build_decoder"](scope["encoder"].encoder_dim)
    scope["fit"](scope["encoder"], scope["decoder"], f"benchmark_{seed}")
    return time.perf_counter() - started


def measured(space: dict[str, Any]) -> dict[str, float]:
    """BLEU-4, CIDEr, faithfulness, that of shuffled pictures, and pointing where there is any."""
    scope = space["fit"].__globals__
    said = scope["speak"](scope["encoder"], scope["decoder"])
    if not isinstance(said, dict):
        scope["found"], scope["said"] = said, hypotheses(said, scope["WORDS"])
        said = scope["said"]
    truth, factors = scope["truth"], [scene["factors"] for scene in scope["world"]]
    scores = metrics.score_captions(truth, said, ("bleu", "cider"))
    texts = list(said.values())
    row = {"BLEU-4": scores["BLEU-4"], "CIDEr": scores["CIDEr"]}
    row["faithful"] = metrics.faithfulness(texts, factors)
    row["shuffled"] = metrics.faithfulness(texts[1:] + texts[:1], factors)
    return row | (pointing(scope) if "pointings" in scope else {})


def pointing(scope: dict[str, Any]) -> dict[str, float]:
    """The pointing game at the steps t-4 … t, and chance."""
    row = {}
    for before in (4, 3, 2, 1, 0):
        weights, boxes = scope["pointings"](before)
        if weights is None:
            continue  # no noun that is named once and there once
        row[f"t-{before}"] = scope["pointing_game"](scope["maps_of"](weights), boxes)
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        row["chance"] = (area.mean() / scope["pictures"][0, 0].numel()).item()
    return row


def main() -> None:
    """Print a row per seed and their mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tier", default="small")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--assignment")
    arguments = parser.parse_args()
    gpu = torch.cuda.is_available()
    print("device:", torch.cuda.get_device_name() if gpu else "CPU", flush=True)
    for name in [resolve(arguments.assignment)] if arguments.assignment else names():
        rows = []
        for seed in range(arguments.seeds):
            space = lab(name, arguments.tier)
            seconds = trained(space, seed)
            rows.append(measured(space) | {"seconds": seconds})
            print(name, seed, " ".join(f"{k} {v:.3f}" for k, v in rows[-1].items()), flush=True)
        means = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
        print(name, "mean", " ".join(f"{key} {value:.3f}" for key, value in means.items()))


if __name__ == "__main__":
    main()
