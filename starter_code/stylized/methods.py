"""The eight methods of DSIC's tables, each built and trained in the way its authors describe.

    CNN+LSTM, StyleNet, SF-LSTM          section 4.3.1.1, `baselines`
    D-Images, D-Captions                 section 4.3.1.2 and the appendix, Figures 5 and 6
    DSIC-concat, DSIC-attention, DSIC    sections 3.4, 3.5 and 4.3.1.2: three ways to aggregate

All get the same data, the same sizes and the same loop, and all see the styled captions for as many
epochs. What a method learns before that is its own: facts from factual captions, a distance, or the
modules of assignment 3. Joint fine-tuning (D-Images) is the second half of the styled epochs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from starter_code.errors import CourseError
from starter_code.stylized.baselines import CNNLSTM, StyleFactual, StyleNet
from starter_code.stylized.captioners import (
    Captioner,
    FromCaptions,
    FromImages,
    FromModules,
    FromPicture,
)
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.modules import Modules
from starter_code.stylized.solver import Options, fit, fit_distance, fit_factual
from starter_code.tiers import Tier

__all__ = ["METHODS", "SIZES", "Lab", "Sizes", "learn"]

METHODS = (
    "CNN+LSTM",
    "StyleNet",
    "SF-LSTM",
    "D-Images",
    "D-Captions",
    "DSIC-concat",
    "DSIC-attention",
    "DSIC",
)


@dataclass(frozen=True)
class Sizes:
    """Widths and length of a training at one tier; `full` is DSIC's on FlickrStyle10K (4.4)."""

    embed_dim: int  # E
    hidden_dim: int  # H
    dropout: float
    epochs: int
    batch_size: int
    learning_rate: float


SIZES = {
    "tiny": Sizes(32, 48, 0.0, 2, 32, 5e-3),
    "small": Sizes(64, 128, 0.3, 6, 64, 2e-3),
    "full": Sizes(300, 500, 0.3, 30, 64, 5e-4),
}


@dataclass(frozen=True)
class Lab:
    """What is the student's, and what it works with.

    Attributes:
        generator: (vocab_size, z_dim, embed_dim, hidden_dim, dropout) -> the generator.
        aggregators: "concat", "attention" and "capsule": (image_dim, caption_dim) -> a module
            (z_image, z_caption) -> z_style, which has `output_dim`.
        modules: D-Images and D-Captions.
        train, val: styled captions.
        sizes: see `Sizes`.
    """

    generator: Callable[..., nn.Module]
    aggregators: Mapping[str, Callable[..., nn.Module]]
    modules: Modules
    train: StyledDataset
    val: StyledDataset
    sizes: Sizes

    @property
    def has_facts(self) -> bool:
        """Whether there are factual captions to learn from."""
        return all(caption.factual for caption in (*self.train.told, *self.val.told))


def learn(
    name: str, lab: Lab, *, folder: str | Path, seed: int = 0, tier: Tier | None = None,
    **changes: object,
) -> Captioner:  # fmt: skip
    """Build a method and train it.

    Args:
        name: one of METHODS. folder: for its checkpoints.
        changes: of `Options`, such as `learning_rate`, `resume`, `device`.

    Raises:
        CourseError: there is no such method.
    """
    if name not in METHODS:
        raise CourseError(f"There is no method {name!r}: take one of {', '.join(METHODS)}.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        captioner = _build(name, lab)
    options = Options(
        epochs=lab.sizes.epochs,
        batch_size=lab.sizes.batch_size,
        learning_rate=lab.sizes.learning_rate,
        seed=seed,
        folder=str(folder),
    )
    _train(name, captioner, lab, replace(options, **changes))
    return captioner


def _build(name: str, lab: Lab) -> Captioner:
    words, styles, visual = len(lab.train.words), len(lab.train.styles), lab.train.feature_dim
    widths = {
        "embed_dim": lab.sizes.embed_dim,
        "hidden_dim": lab.sizes.hidden_dim,
        "dropout": lab.sizes.dropout,
    }
    simple = {"CNN+LSTM": CNNLSTM, "StyleNet": StyleNet, "SF-LSTM": StyleFactual}
    if name in simple:
        return FromPicture(simple[name](words, styles, visual, **widths), styles)
    viewer, caption_dim = lab.modules.viewer, lab.modules.style_vectors.shape[1]
    if name == "D-Captions":
        return FromCaptions(lab.modules, visual)
    if name == "D-Images":
        generator = lab.generator(words, viewer.style_dim + viewer.fact_dim, **widths)
        return FromImages(generator, lab.modules)
    kind = {"DSIC-concat": "concat", "DSIC-attention": "attention", "DSIC": "capsule"}[name]
    aggregate = lab.aggregators[kind](image_dim=viewer.style_dim, caption_dim=caption_dim)
    generator = lab.generator(words, aggregate.output_dim + viewer.fact_dim, **widths)
    return FromModules(generator, aggregate, lab.modules)


def _train(name: str, captioner: Captioner, lab: Lab, options: Options) -> None:
    """One phase, or two."""
    data, (first, second) = (lab.train, lab.val), _phases(options)
    if name in ("StyleNet", "SF-LSTM") and lab.has_facts:
        fit_factual(captioner, *data, first)
        if name == "StyleNet":
            captioner.teller.start_from_facts().style_phase(_untaught(lab.train))
        fit(captioner, *data, second)
    elif name == "D-Images":
        half = max(1, options.epochs // 2)
        fit(captioner, *data, replace(first, epochs=half))
        fit(captioner.refine(), *data, replace(second, epochs=max(1, options.epochs - half)))
    elif name == "D-Captions":
        fit_distance(captioner, *data, first)
        fit(captioner.refine(), *data, second)
    else:
        fit(captioner, *data, options)


def _untaught(data: StyledDataset) -> torch.Tensor:
    """Which words no factual caption of the data set holds, bool (V,)."""
    missing = torch.ones(len(data.words), dtype=torch.bool)
    first = {int(picture): row for row, picture in enumerate(data.picture_of)}
    for row in first.values():
        missing[torch.cat(data.factual_ids(row))] = False
    return missing


def _phases(options: Options) -> tuple[Options, Options]:
    """The same options in a folder for each of two phases."""
    return (
        replace(options, folder=f"{options.folder}/first"),
        replace(options, folder=f"{options.folder}/second"),
    )
