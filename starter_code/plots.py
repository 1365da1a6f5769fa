"""The course's pictures: training curves, captions with attention, grids of pictures.

Every function returns its figure, so that a notebook shows it and a script saves it. One colour
map per meaning: `ATTENTION` for weights over a picture, `COLOURS` for things that are compared.
"""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

__all__ = [
    "ATTENTION",
    "COLOURS",
    "as_picture",
    "attention_strip",
    "captioned",
    "picture_grid",
    "training_curves",
]

# A notebook's backend starts with the first figure and then switches to interactive mode; inside
# `plt.rc_context` that switch would be undone, and no later figure would be shown.
plt.close(plt.figure())

COLOURS = ("#2b6cb0", "#dd6b20", "#2f855a", "#b83280", "#6b46c1", "#718096")
ATTENTION = "magma"
INK, FAINT = "#2d3748", "#a0aec0"

_STYLE = {
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e2e8f0",
    "grid.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.solid_capstyle": "round",
    "figure.dpi": 110,
}


def as_picture(image: Any) -> np.ndarray:
    """A picture as matplotlib wants it: (H, W, 3).

    Takes (3, H, W) or (H, W, 3), a tensor or an array, uint8 or float in [0, 1].
    """
    array = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
    if array.ndim == 3 and array.shape[0] == 3 and array.shape[2] != 3:
        array = array.transpose(1, 2, 0)
    return array if array.dtype == np.uint8 else array.clip(0, 1)


def training_curves(histories: Any) -> Figure:
    """Loss, top-5 accuracy and BLEU-4 over the epochs, of one training or several.

    Args:
        histories: a `History`, or a dict of name -> `History`. Dashed lines are training, solid
            ones validation; a dot marks the best epoch.
    """
    if not isinstance(histories, Mapping):
        histories = {"": histories}
    panels = (
        ("Loss, nats per word", "train_loss", "val_loss"),
        ("Top-5 accuracy", "train_top5", "val_top5"),
        ("BLEU-4, decoded freely", None, "val_bleu4"),
    )
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(11, 3), layout="constrained")
        for ax, (title, training, validation) in zip(axes, panels):
            for (name, history), colour in zip(histories.items(), COLOURS):
                _curve(ax, history, training, validation, colour, name)
            ax.set(title=title, xlabel="epoch")
            ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1))
        axes[2].set_ylim(0, 1)
        _explain_lines(axes[0])
        if len(histories) > 1:
            axes[2].legend(loc="lower right")
    return figure


def _curve(
    ax: Axes, history: Any, training: str | None, validation: str, colour: str, name: str
) -> None:
    epochs = history.column("epoch")
    if training:
        ax.plot(epochs, history.column(training), "--", color=colour, linewidth=1.4, alpha=0.8)
    values = history.column(validation)
    ax.plot(epochs, values, color=colour, label=name)
    best = history.best_epoch
    ax.plot(best, values[best - 1], "o", color=colour, markersize=6, markeredgecolor="white")


def _explain_lines(ax: Axes) -> None:
    ax.plot([], [], "--", color=INK, linewidth=1.4, label="training")
    ax.plot([], [], color=INK, label="validation")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[-2:], labels[-2:], loc="upper right")


def picture_grid(
    images: Sequence[Any],
    titles: Sequence[str] | None = None,
    columns: int = 6,
    side: float = 1.8,
    width: int = 26,
) -> Figure:
    """Pictures in rows, each with a line or two of text below it.

    Args:
        images: pictures as `as_picture` takes them.
        titles: one text per picture, wrapped to `width` letters.
        columns: pictures in a row.
        side: inches of a picture.
    """
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    texts = ["\n".join(textwrap.wrap(t, width)) for t in titles or [""] * len(images)]
    lines = max((text.count("\n") + 1 for text in texts if text), default=0)
    size = (columns * side, rows * (side + 0.17 * lines))
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(
            rows, columns, figsize=size, squeeze=False, layout="constrained"
        )
        for ax in axes.flat:
            ax.axis("off")
        for ax, image, text in zip(axes.flat, images, texts):
            ax.imshow(as_picture(image))
            _below(ax, text)
    return figure


def _below(ax: Axes, text: str) -> None:
    ax.text(0.5, -0.03, text, transform=ax.transAxes, ha="center", va="top", fontsize=8)


def captioned(image: Any, captions: Mapping[str, str], side: float = 2.6) -> Figure:
    """One picture with captions beside it.

    Args:
        image: as `as_picture` takes it.
        captions: who says it -> what is said, such as {"first decoder": "a red car"}.
    """
    with plt.rc_context(_STYLE):
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(2.9 * side, side), width_ratios=(1, 1.8), layout="constrained"
        )
        left.imshow(as_picture(image))
        left.axis("off")
        right.axis("off")
        step = 1 / max(len(captions), 2)
        for i, ((who, text), colour) in enumerate(zip(captions.items(), COLOURS)):
            y = 0.98 - i * step
            right.text(0, y, who, va="top", weight="bold", color=colour, fontsize=9)
            said = "\n".join(textwrap.wrap(text, 48))
            right.text(0, y - 0.09, said, va="top", fontsize=11)
    return figure


def attention_strip(
    image: Any,
    words: Sequence[str],
    maps: Any,
    boxes: Sequence[Sequence[float] | None] | None = None,
    columns: int = 8,
    side: float = 1.5,
) -> Figure:
    """A picture, and where the decoder looked for each word of its caption.

    A place without weight is dark, the place with the most weight of its word is as bright as the
    picture and takes the colour map's light end: the maps share the map but not the scale.

    Args:
        image: (3, H, W) or (H, W, 3).
        words: N words.
        maps: (N, H, W) weights in pixels, that is, already upsampled; not negative.
        boxes: for a word None, or (left, top, right, bottom) in pixels, drawn as a frame.
        columns: panels in a row, the plain picture included.
        side: inches of a panel.
    """
    picture = as_picture(image)
    maps = np.asarray(maps.detach().cpu() if hasattr(maps, "detach") else maps, dtype=float)
    panels = len(words) + 1
    rows = -(-panels // columns)
    columns = -(-panels // rows)  # rows of equal length
    with plt.rc_context(_STYLE):
        figure, axes = plt.subplots(
            rows,
            columns,
            figsize=(columns * side, rows * (side + 0.28)),
            squeeze=False,
            layout="constrained",
        )
        figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03)
        for ax in axes.flat:
            ax.axis("off")
        axes.flat[0].imshow(picture)
        for i, word in enumerate(words):
            ax = axes.flat[i + 1]
            ax.imshow(attention_over(picture, maps[i]))
            ax.set_title(word, loc="center", fontsize=10, pad=3)
            if boxes is not None and boxes[i] is not None:
                _frame(ax, boxes[i])
    return figure


def attention_over(picture: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A picture lit by its weights: float (H, W, 3) in [0, 1].

    Args:
        picture: (H, W, 3), uint8 or float in [0, 1].
        weights: (H, W), not negative; only their proportion to the largest counts.
    """
    pixels = picture / 255 if picture.dtype == np.uint8 else picture
    low, high = weights.min(), weights.max()
    share = (weights - low) / (high - low) if high > low else np.zeros_like(weights)
    glow = plt.get_cmap(ATTENTION)(0.15 + 0.7 * share)[..., :3]
    lit = pixels * (0.4 + 0.6 * share[..., None])
    mix = 0.45 * (1 - 0.6 * share[..., None])
    return (1 - mix) * lit + mix * glow


def _frame(ax: Axes, box: Sequence[float]) -> None:
    left, top, right, bottom = box
    # Boxes are half-open in pixels; imshow puts the centre of pixel 0 at 0.
    ax.add_patch(
        plt.Rectangle(
            (left - 0.5, top - 0.5),
            right - left,
            bottom - top,
            fill=False,
            edgecolor="white",
            linewidth=1.2,
        )
    )
