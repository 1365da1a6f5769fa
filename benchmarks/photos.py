"""Real photos end to end: input files, training, captions, and whether the photo was looked at.

    python benchmarks/photos.py dataset.json images [--seeds 3]

`dataset.json` is any caption file in Karpathy's format, `images` the folder of its photos. A few
hundred photos are far too few to learn to see, so the question is a modest one: does the decoder of
assignment 1, on frozen hand-made features, predict the captions of unseen photos better when it is
shown the right photo than when it is shown the next one? The small encoder, from scratch, shows
what training on so little does.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from autograder.assignments import load_source, resolve
from autograder.cells import run_segments
from starter_code.captioning.create_input_files import create_input_files
from starter_code.captioning.datasets import CaptionDataset
from starter_code.captioning.decode import caption_images, evaluating
from starter_code.captioning.models import FrozenFeatures, SmallEncoder
from starter_code.captioning.solver import Options, Solver
from starter_code.captioning.utils import hypotheses, references
from starter_code.metrics import captions as metrics
from starter_code.tiers import tier


class Precomputed(nn.Module):
    """An encoder that takes features for pictures: they were computed before."""

    def forward(self, features: Tensor) -> Tensor:
        return features


def stacked(dataset: CaptionDataset) -> Tensor:
    """All pictures of a split, uint8 (N, 3, S, S)."""
    return torch.stack([dataset.image(i) for i in range(dataset.num_images)])


def trained(
    lab: dict[str, Any], encoder: nn.Module, splits: dict[str, CaptionDataset], name: str, seed: int
) -> nn.Module:
    """A decoder of assignment 1, trained on the train split and chosen by the loss on val."""
    torch.manual_seed(seed)
    size = tier("small")
    cell = lab["DecoderCell"](size.embed_dim, size.hidden_dim, "lstm", lab["lstm_step"])
    start = lab["init_hidden_state"]
    init = lab["InitialState"](encoder.encoder_dim, size.hidden_dim, start)
    words = len(splits["train"].word_map)
    decoder = lab["DecoderRNN"](words, size.embed_dim, cell, init, dropout=0.3)
    options = Options(
        epochs=20,
        batch_size=50,
        choose_by="loss",
        patience=3,
        learning_rate=4e-3,
        encoder_learning_rate=4e-3,
        validation_pictures=100,
        seed=seed,
        folder=f"runs/photos/{name}_{seed}",
    )
    Solver(encoder, decoder, splits["train"], splits["val"], lab["caption_loss"], options).fit()
    return decoder


@torch.no_grad()
def measured(
    lab: dict[str, Any], encoder: nn.Module, decoder: nn.Module, test: CaptionDataset
) -> dict[str, float]:
    """Cross-entropy and CIDEr with the right photo and with the next; distinct captions."""
    truth, rows = references(test), torch.arange(len(test))
    captions, lengths = test.captions[rows].long(), test.lengths[rows]
    row: dict[str, float] = {}
    with evaluating(encoder, decoder):
        features = encoder(stacked(test))
        for name, seen in (("right", features), ("next", features.roll(-1, 0))):
            each = seen[rows // test.captions_per_image]
            scores = decoder(each, captions, lengths)
            row[f"loss, {name}"] = lab["caption_loss"](scores, captions, lengths).item()
            found = caption_images(Precomputed(), decoder, seen, test.word_map, 5, 30)
            said = hypotheses(found, test.word_map)
            row[f"CIDEr, {name}"] = metrics.score_captions(truth, said, ("cider",))["CIDEr"]
            row[f"distinct, {name}"] = metrics.distinct(said.values())
    return row


def main() -> None:
    """Print a row for each encoder and seed, and the means."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("captions", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    lab: dict[str, Any] = {"SIZE": tier("small")}
    run_segments(load_source(resolve("a1")).segments(), lab)
    for name, size in (("frozen features", 256), ("small encoder", 64)):
        folder = create_input_files(
            arguments.captions, arguments.images, Path(f"runs/photos/input_{size}px"), size=size
        )
        splits = {split: CaptionDataset(folder, split) for split in ("train", "val", "test")}
        counts = ", ".join(f"{part.num_images} {split}" for split, part in splits.items())
        print(f"{name}: {counts}, {len(splits['train'].word_map)} words")
        rows = []
        for seed in range(arguments.seeds):
            torch.manual_seed(seed)
            encoder: nn.Module = SmallEncoder(picture_size=size)
            if name == "frozen features":
                encoder = FrozenFeatures(picture_size=size, cache="runs/photos/features.npz")
                encoder.fit(stacked(splits["train"]), seed)
            decoder = trained(lab, encoder, splits, name.split()[0], seed)
            rows.append(measured(lab, encoder, decoder, splits["test"]))
            print(name, seed, "  ".join(f"{key} {v:.3f}" for key, v in rows[-1].items()))
        means = {key: sum(row[key] for row in rows) / len(rows) for key in rows[0]}
        print(name, "mean", "  ".join(f"{key} {value:.3f}" for key, value in means.items()))


if __name__ == "__main__":
    main()
