"""The figures of the lab on disentangling."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.manifold import TSNE

from starter_code.captioning.history import History
from starter_code.plots import COLOURS, INK, as_picture

__all__ = ["loss_curves", "told_with", "tsne_panels"]

_CLEAN = {"axes.spines.top": False, "axes.spines.right": False, "font.size": 10, "figure.dpi": 110}
_TITLES = {
    "reconstruction": "Reconstruction, (11) or (13)",
    "kl": "KL, nats",
    "classify_style": "Style classifier, (5)",
    "classify_facts": "Fact classifier, (6)",
    "hide_style": "Style in the facts, −entropy (9)",
    "hide_facts": "Facts in the style, −entropy (10)",
}


def loss_curves(histories: Mapping[str, History], words: Mapping[str, int] | None = None) -> Figure:
    """Each of the six losses over the epochs: dashed in training, solid on the validation split.

    Args:
        words: "hide_style" and "hide_facts" -> how many words the discriminator chooses from. Minus
            the logarithm of that, all words alike, is drawn as a dotted line.
    """
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(2, 3, figsize=(11, 5), layout="constrained", sharex=True)
        for ax, (name, title) in zip(axes.flat, _TITLES.items(), strict=True):
            for (label, history), colour in zip(histories.items(), COLOURS, strict=False):
                epochs = history.column("epoch")
                ax.plot(epochs, history.column(f"train_{name}"), "--", color=colour, alpha=0.7)
                ax.plot(epochs, history.column(f"val_{name}"), color=colour, label=label, lw=2)
            if name in (words or {}):
                ax.axhline(-math.log(words[name]), color=INK, linestyle=":")
            ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
            ax.grid(color="#e2e8f0")
        for ax in axes[1]:
            ax.set_xlabel("epoch")
        axes[0, 0].legend(frameon=False)
    return figure


def tsne_panels(
    spaces: Mapping[str, torch.Tensor],
    labels: Mapping[str, torch.Tensor],
    names: Sequence[str],
    seed: int = 0,
    most: int = 600,
) -> Figure:
    """Codes in the plane by t-SNE, coloured by style: the panels of Figure 3 (DSIC, section 4.2.2).

    Args:
        spaces: title -> codes (N, d); of more than `most` rows the first are drawn.
        labels: title -> the style of each row, long (N,).
        names: of the styles.
    """
    with plt.rc_context(_CLEAN):
        columns = len(spaces)
        figure, axes = plt.subplots(
            1, columns, figsize=(3.1 * columns, 3.4), layout="constrained", squeeze=False
        )
        for ax, (title, codes) in zip(axes[0], spaces.items(), strict=True):
            some = codes[:most].detach().cpu().numpy()
            perplexity = min(30.0, max(2.0, (len(some) - 1) / 4))
            flat = TSNE(random_state=seed, perplexity=perplexity, init="pca").fit_transform(some)
            marks = labels[title][:most].numpy()
            for number, name in enumerate(names):
                where = marks == number
                ax.scatter(*flat[where].T, s=7, color=COLOURS[number], alpha=0.6, label=name)
            ax.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
            ax.set(xticks=[], yticks=[])
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(), loc="outside lower center",
            ncols=len(names), frameon=False, markerscale=2.5,
        )  # fmt: skip
    return figure


def told_with(
    image: Any, told: Mapping[str, str], style_words: Mapping[str, Sequence[str]] | None = None
) -> Figure:
    """A picture, and beside it one line for each style: its name, and what is said in it.

    Args:
        image: as `plots.as_picture` takes it.
        told: style -> caption.
        style_words: style -> words to be set in the colour of the style; what is told under another
            name has no colour.
    """
    with plt.rc_context(_CLEAN):
        figure, (left, right) = plt.subplots(
            1, 2, figsize=(10, 0.5 + 0.55 * max(len(told), 4)), layout="constrained",
            width_ratios=[1, 3],
        )  # fmt: skip
        left.imshow(as_picture(image))
        left.axis("off")
        right.axis("off")
        places = 0.5 + 0.2 * (np.arange(len(told))[::-1] - (len(told) - 1) / 2)
        hues = dict(zip(style_words or {}, COLOURS, strict=False))
        for (style, caption), y in zip(told.items(), places, strict=True):
            colour = hues.get(style, INK)
            right.text(0, y, style, color=colour, fontweight="bold", va="bottom")
            _coloured(right, caption.split(), y, colour, (style_words or {}).get(style, ()))
    return figure


def _coloured(ax: Any, words: Sequence[str], y: float, colour: str, marked: Sequence[str]) -> None:
    """Words in a row; those of `marked` in the style's colour."""
    after = ax.annotate("", (0, y), (78, 0), textcoords="offset points", va="bottom")
    for word in words:
        mark = word in marked
        after = ax.annotate(
            f" {word}",
            xy=(1, 0),
            xycoords=after,
            va="bottom",
            color=colour if mark else INK,
            fontweight="bold" if mark else "normal",
        )
