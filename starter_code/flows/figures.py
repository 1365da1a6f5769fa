"""The figures of the second half of assignment 6: what directions do, and how it is measured.

Letters: B latent vectors, D directions, F factors, a latent size, N pairs of pictures.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from starter_code import shapes3d
from starter_code.flows.directions import moved
from starter_code.flows.factors import FACTORS, Found, between, read
from starter_code.plots import COLOURS, INK, as_picture

__all__ = [
    "Changes",
    "changes_along",
    "changes_in_rooms",
    "found_map",
    "samples_by_temperature",
    "scores_over",
    "traversals",
    "variation_space",
]

_CLEAN = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#a0aec0",
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "font.size": 10,
    "figure.dpi": 110,
}
Changes = Mapping[str, Tensor]  # what was changed -> two numbers for each pair (N, 2)


def samples_by_temperature(
    flow: nn.Module, temperatures: Sequence[float], count: int, generator: torch.Generator
) -> Figure:
    """The same draws, warmer and warmer: a row of `count` pictures for each temperature."""
    draw = flow.draw(count, 1.0, generator)
    with torch.no_grad():
        rows = [flow.decode(t * draw).nan_to_num(0).clamp(0, 1) for t in temperatures]
    return _rows(rows, [f"T = {t:g}" for t in temperatures], ["" for _ in range(count)])


def traversals(
    flow: nn.Module, z: Tensor, directions: Tensor, names: Sequence[str],
    sizes: Sequence[float] = (-9, -6, -3, 0, 3, 6, 9),
) -> Figure:  # fmt: skip
    """A row for each direction: one picture, and what steps along the direction make of it.

    Args:
        z: where each row starts (D, a), or one start for all (a,).
        directions: (D, a). names: of the rows. sizes: of the steps, with their signs.
    """
    starts = z.expand(len(directions), -1) if z.dim() == 1 else z
    rows = [
        torch.cat([moved(flow, start[None], direction[None], size)[0] for size in sizes])
        for start, direction in zip(starts, directions, strict=True)
    ]
    return _rows(rows, names, [f"{size:+g}" if size else "0" for size in sizes])


def _rows(rows: Sequence[Tensor], names: Sequence[str], heads: Sequence[str]) -> Figure:
    """Pictures in rows, a name before each, a word above each column."""
    side = 0.95
    wide = 0.075 * max(map(len, names)) + 0.3
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(
            len(rows), len(heads), squeeze=False,
            figsize=(wide + side * len(heads), side * len(rows) + 0.3),
        )  # fmt: skip
        share = wide / (wide + side * len(heads))
        figure.subplots_adjust(
            left=share, right=0.995, bottom=0.01, wspace=0.04, hspace=0.04,
            top=1 - 0.25 / (side * len(rows) + 0.3),
        )  # fmt: skip
        for line, pictures, name in zip(axes, rows, names, strict=True):
            for ax, picture in zip(line, pictures, strict=True):
                ax.imshow(as_picture(picture.expand(3, -1, -1)), interpolation="nearest")
                ax.set(xticks=[], yticks=[])
                ax.spines[:].set_visible(False)
            line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontweight="bold")
        for ax, head in zip(axes[0], heads, strict=True):
            ax.set_title(head, fontsize=9, pad=3)
    return figure


def found_map(found: Mapping[str, Found], most: int = 16) -> Figure:
    """How far each direction moves the reading of each factor; a frame where it finds it.

    Args:
        found: method -> what its directions move. Of more than `most` directions those are shown
            that move one factor most purely.
    """
    with plt.rc_context(_CLEAN):
        tall = max(min(len(one.moves), most) for one in found.values())
        figure, axes = plt.subplots(
            1, len(found), figsize=(0.6 + 1.9 * len(found), 1.3 + 0.23 * tall),
            squeeze=False, layout="constrained",
        )  # fmt: skip
        for ax, (name, one) in zip(axes[0], found.items(), strict=True):
            order = _ordered(one)[:most]
            image = ax.imshow(one.moves[order], vmin=0, vmax=1, cmap="Blues", aspect="auto")
            ax.set_title(f"{name}: {len(one.best)} of {len(FACTORS)}", loc="left", fontsize=10)
            ax.set_xticks(range(len(FACTORS)), FACTORS, rotation=60, ha="right", fontsize=8)
            ax.set_yticks(range(len(order)), order, fontsize=7)
            ax.spines[:].set_visible(False)
            for row, direction in enumerate(order):
                if (factor := one.factor_of(direction)) is not None:
                    frame = (factor - 0.5, row - 0.5), 1, 1
                    ax.add_patch(plt.Rectangle(*frame, fill=False, ec=COLOURS[1], lw=2))
        axes[0, 0].set_ylabel("direction")
        figure.colorbar(image, ax=axes[0, -1], label="moved; 1: like two rooms at random")
    return figure


def _ordered(found: Found) -> list[int]:
    """Directions by the factor that they move most, the purest first."""
    keys = [(int(found.moves[d].argmax()), -found.purity(d), d) for d in range(len(found.moves))]
    pure = sorted(keys, key=lambda key: key[1])
    chosen = {d for _, _, d in pure[:16]}
    return [d for _, _, d in sorted(keys) if d in chosen]


# --- Figure 9 ----------------------------------------------------------------------------------


def changes_in_rooms(
    encode: Callable[[Tensor], Tensor], one: int, other: int, pairs: int,
    generator: torch.Generator, side: int = 32,
) -> tuple[dict[str, Tensor], tuple[int, int]]:  # fmt: skip
    """Figure 9a: variations of drawn rooms of which one factor, another or both were changed.

    Args:
        encode: pictures -> codes (B, V). one, other: numbers of two factors.

    Returns:
        What was changed -> the two entries of |E(x₁) - E(x₀)| (pairs, 2), and which entries these
        are: those that answer most to one factor and to the other alone.
    """
    kinds = {FACTORS[one]: (one,), FACTORS[other]: (other,), "both": (one, other)}
    found = {}
    for name, factors in kinds.items():
        first = shapes3d.sample_factors(generator, pairs)
        second = first.copy()
        for factor in factors:
            count = shapes3d.COUNTS[factor]
            away = 1 + torch.randint(count - 1, (pairs,), generator=generator).numpy()
            second[:, factor] = (second[:, factor] + away) % count
        found[name] = (_codes(encode, second, side) - _codes(encode, first, side)).abs()
    entries = _telling(found[FACTORS[one]], found[FACTORS[other]])
    return {name: changes[:, list(entries)] for name, changes in found.items()}, entries


@torch.no_grad()
def _codes(encode: Callable[[Tensor], Tensor], factors: np.ndarray, side: int) -> Tensor:
    pictures = torch.from_numpy(shapes3d.render(factors, side)).permute(0, 3, 1, 2).float() / 255
    return encode(pictures).cpu()


def _telling(one: Tensor, other: Tensor) -> tuple[int, int]:
    """The entry that answers most to one change against the other, and the reverse."""
    ratio = one.mean(0) / (other.mean(0) + one.mean(0)).clamp(min=1e-9)
    return int(ratio.argmax()), int(ratio.argmin())


@torch.no_grad()
def changes_along(
    reader: nn.Module, flow: nn.Module, z: Tensor, directions: Mapping[str, Tensor],
    factors: tuple[int, int], most: float, generator: torch.Generator,
) -> dict[str, Tensor]:  # fmt: skip
    """Figure 9b: what steps along directions change in generated pictures, as the reader sees it.

    Args:
        z: starts (B, a). directions: name -> a direction (a,). factors: the two that are shown.
        most: steps are drawn up to this long.

    Returns:
        name -> how far the readings of both factors moved (B, 2).
    """
    before = read(reader, flow.decode(z).clamp(0, 1))
    found = {}
    for name, direction in directions.items():
        size = most * torch.rand(len(z), 1, generator=generator).to(z.device)
        after = read(reader, flow.decode(z + size * direction).clamp(0, 1))
        found[name] = between(before, after)[:, list(factors)].cpu()
    return found


def variation_space(panels: Mapping[str, tuple[Changes, tuple[str, str]]]) -> Figure:
    """Scatter of changes: along an axis if one thing changed, between the axes if both (Figure 9).

    Args:
        panels: title -> (changes by name, what the two axes are).
    """
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(
            1, len(panels), figsize=(4.3 * len(panels), 4), squeeze=False, layout="constrained"
        )
        for ax, (title, (changes, (across, up))) in zip(axes[0], panels.items(), strict=True):
            for (name, points), colour in zip(changes.items(), COLOURS, strict=False):
                ax.scatter(*points.T, s=12, color=colour, alpha=0.6, label=name, linewidths=0)
            ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
            ax.set(xlabel=across, ylabel=up, xlim=(0, None), ylim=(0, None))
            ax.legend(frameon=False, fontsize=8, loc="upper right")
    return figure


def scores_over(
    studies: Mapping[str, Mapping[float, Mapping[str, float]]], names: Sequence[str]
) -> Figure:
    """Scores over a parameter: Figures 15 and 16, and Table 2.

    Args:
        studies: title of a panel -> value -> score by name. names: of the scores that are drawn.
    """
    with plt.rc_context(_CLEAN):
        figure, axes = plt.subplots(
            1, len(studies), figsize=(3.7 * len(studies), 3), squeeze=False, sharey=True,
            layout="constrained",
        )  # fmt: skip
        for ax, (title, rows) in zip(axes[0], studies.items(), strict=True):
            places = range(len(rows))
            for name, colour in zip(names, COLOURS, strict=False):
                ax.plot(
                    places, [row[name] for row in rows.values()], "o-", color=colour, label=name
                )
            ax.set_xticks(places, [f"{value:g}" for value in rows])
            ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
            ax.set_ylim(0, 1)
            ax.grid(color="#e2e8f0")
        axes[0, 0].legend(frameon=False, fontsize=8)
    return figure
