"""The figures of the lab, and the sheets that a training leaves on its way.

Pictures are (..., 3, S, S) in [-1, 1], as the networks draw them.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn

from starter_code.plots import COLOURS, INK
from starter_code.text_to_image.datasets import CaptionedPictures
from starter_code.text_to_image.scores import memorisation
from starter_code.text_to_image.solver import imagine, imagine_between
from starter_code.training import write_atomically

__all__ = [
    "interpolation_strip",
    "nearest",
    "samples_by_caption",
    "save_sheet",
    "training_curves",
    "z_and_text",
]

_CLEAN = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 10, "figure.dpi": 110}
_TITLES = {
    "discriminator": "Discriminator's loss",
    "generator": "Generator's loss",
    "interpolation": "Interpolation's loss",
}


def save_sheet(path: str | Path, pictures: Tensor) -> Path:
    """Write a sheet of pictures (R, C, 3, S, S) as a PNG file, each three times as large."""
    rows, columns, _, side, _ = pictures.shape
    sheet = _pixels(pictures).transpose(0, 2, 1, 3, 4).reshape(rows * side, columns * side, 3)
    sheet = sheet.repeat(3, 0).repeat(3, 1)
    return write_atomically(path, lambda place: Image.fromarray(sheet).save(place, format="PNG"))


def samples_by_caption(pictures: Tensor, captions: Sequence[str]) -> Figure:
    """A row of pictures for each caption: pictures (R, C, 3, S, S), captions R."""
    rows, columns = pictures.shape[:2]
    return _sheet(pictures, 1.0, columns + 3.2, rows, list(captions))


def z_and_text(
    generator: nn.Module, texts: Tensor, noise: Tensor, captions: Sequence[str]
) -> Figure:
    """What the words decide and what the noise: a row for each text, a column for each noise.

    Args:
        texts: (R, E), of the R captions. noise: (C, Z).
    """
    rows, columns = len(texts), len(noise)
    drawn = imagine(generator, texts.repeat_interleave(columns, 0), noise.repeat(rows, 1))
    figure = samples_by_caption(drawn.unflatten(0, (rows, columns)), captions)
    figure.suptitle("Along a row the words are the same, down a column the noise", color=INK)
    return figure


def interpolation_strip(
    generator: nn.Module,
    one: Tensor,
    other: Tensor,
    noise: Tensor,
    captions: tuple[str, str],
    steps: int = 7,
) -> Figure:
    """From one text to another in equal steps, a row for each noise.

    Args:
        one, other: embeddings (E,). noise: (R, Z). captions: of both ends.
    """
    drawn = imagine_between(generator, one, other, noise, steps)
    figure = _sheet(drawn, 1.0, float(steps), len(noise), [])
    ends = zip((figure.axes[0], figure.axes[steps - 1]), captions, ("left", "right"), strict=True)
    for ax, caption, side in ends:
        ax.set_title("\n".join(textwrap.wrap(caption, 30)), loc=side, fontsize=8, color=INK)
    return figure


def nearest(pictures: Tensor, known: CaptionedPictures) -> Figure:
    """Drawn pictures (B, 3, S, S), and below each the training picture that is nearest to it."""
    distance, rows = memorisation(pictures, known)
    both = torch.stack([pictures.cpu(), known.images(rows)])
    figure = _sheet(both, 1.0, float(len(pictures)) + 1.6, 2, ["drawn", "nearest training picture"])
    for ax, number in zip(figure.axes[len(pictures) :], distance.tolist()):
        ax.set_xlabel(f"{number:.2f}", fontsize=8, color=INK)
    return figure


def training_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """The losses over the steps, of one training or several: name -> records of `solver.fit`."""
    names = [
        name
        for name in _TITLES
        if any(record.get(name) for records in histories.values() for record in records)
    ]
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(
            1, len(names), figsize=(4 * len(names), 3), layout="constrained", squeeze=False
        )
        for ax, name in zip(axes[0], names):
            for (label, records), colour in zip(histories.items(), COLOURS, strict=False):
                told = [record for record in records if record.get(name)]
                ax.plot(
                    [record["step"] for record in told], [record[name] for record in told],
                    color=colour, label=label,
                )  # fmt: skip
            ax.set_title(_TITLES[name], loc="left", fontsize=10, fontweight="bold", color=INK)
            ax.set_xlabel("step")
            ax.grid(color="#e2e8f0")
        if names:
            axes[0, 0].legend(frameon=False)
    return figure


def _sheet(pictures: Tensor, unit: float, width: float, rows: int, labels: Sequence[str]) -> Figure:
    """Pictures (R, C, 3, S, S) on a grid, with a label to the left of each row."""
    columns = pictures.shape[1]
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(
            rows, columns, figsize=(unit * width, unit * rows + 0.3), layout="constrained",
            squeeze=False,
        )  # fmt: skip
        for row, line in enumerate(_pixels(pictures)):
            for ax, picture in zip(axes[row], line, strict=True):
                ax.imshow(picture)
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
        for ax, label in zip(axes[:, 0], labels):
            ax.set_ylabel(
                "\n".join(textwrap.wrap(label, 34)), rotation=0, ha="right", va="center",
                fontsize=8, color=INK,
            )  # fmt: skip
    return figure


def _pixels(pictures: Any) -> np.ndarray:
    """uint8 (..., S, S, 3) of pictures (..., 3, S, S) in [-1, 1]."""
    levels = ((pictures.detach().cpu().float() + 1) * 127.5).round().clamp(0, 255)
    return levels.to(torch.uint8).movedim(-3, -1).numpy()
