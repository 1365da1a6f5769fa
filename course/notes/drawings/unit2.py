"""The figures of unit 2: what a cell sees, where it lies, and attention over the wrong axis."""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from drawings.common import BAD, BLUE, GOOD, GREY, INK, ORANGE, PURPLE, answers, canvas, figure
from starter_code import scenes
from starter_code.captioning.models import SmallEncoder
from starter_code.plots import as_picture, attention_over

NAME = "a2_attention_decoder"
SIDE = 64  # pixels


@figure
def u2_grid() -> Figure:
    """Where the cells of the small encoder lie, what three of them see, and a naive tiling."""
    encoder, seen_by = SmallEncoder(picture_size=SIDE), answers(NAME)["seen_by"]
    picture = as_picture(scenes.draw_scene(scenes.scene_at(0, 33), SIDE))
    spans = [seen_by(i, encoder.layers) for i in range(encoder.grid[0])]
    with canvas(1, 2, figsize=(7.6, 3.7)) as (drawn, axes):
        for ax, title in zip(
            axes, ("Centres, and what three cells see", "A tiling, as often drawn")
        ):
            ax.imshow(picture)
            ax.set(title=title, xlabel="pixel", ylabel="pixel", xlim=(-17, SIDE), ylim=(SIDE, -17))
            ax.grid(visible=False)
        centres = [sum(span) / 2 for span in spans]
        axes[0].scatter(*np.meshgrid(centres, centres), s=13, color="white", edgecolor="black")
        for colour, (row, column) in zip((BAD, BLUE, ORANGE), ((0, 0), (4, 4), (6, 2))):
            (top, bottom), (left, right) = spans[row], spans[column]
            frame = {"fill": False, "color": colour, "linewidth": 2.2}
            corner = (left - 0.5, top - 0.5)
            axes[0].add_patch(plt.Rectangle(corner, right - left + 1, bottom - top + 1, **frame))
        for edge in np.arange(0, SIDE + 1, 8) - 0.5:
            axes[1].plot([edge, edge], [-0.5, SIDE - 0.5], color="white", lw=0.9)
            axes[1].plot([-0.5, SIDE - 0.5], [edge, edge], color="white", lw=0.9)
    return drawn


@figure
def u2_upsample() -> Figure:
    """All weight on one cell: where the map must have its peak, and where interpolation puts it."""
    encoder, a2 = SmallEncoder(picture_size=SIDE), answers(NAME)
    alpha = torch.zeros(64)
    row, column = 2, 5
    alpha[8 * row + column] = 1.0
    right = a2["upsample_attention"](alpha, encoder.grid, encoder.layers, (SIDE, SIDE))
    grid = alpha.reshape(1, 1, 8, 8)
    naive = F.interpolate(grid, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[0, 0]
    seen = [sum(a2["seen_by"](i, encoder.layers)) / 2 for i in (column, row)]
    picture = np.full((SIDE, SIDE, 3), 0.85)
    with canvas(1, 2, figsize=(6.2, 3.3)) as (drawn, axes):
        titles = ("from strides and padding", "by torch's interpolate")
        for ax, weights, title in zip(axes, (right, naive), titles):
            ax.imshow(attention_over(picture, weights.numpy()))
            ax.plot(*seen, "+", color="white", markersize=13, markeredgewidth=2)
            ax.set(title=title, xticks=[], yticks=[])
    return drawn


# ---- attention over the batch


class Toy(NamedTuple):
    """Scenes as grids of what their cells hold, and a question about each."""

    scenes: list[scenes.Scene]
    grid: Tensor  # (N, 64, 18): the kind and colour of the object that covers a cell
    asked: Tensor  # (N, 6): one colour
    answer: Tensor  # (N,): the kind of the object that has it


def _toys(first: int, wanted: int) -> Toy:
    kept, grids, asked, kinds = [], [], [], []
    number = first
    while len(kept) < wanted:
        scene, number = scenes.scene_at(0, number), number + 1
        colours = [thing.colour for thing in scene.objects]
        if len(scene.objects) < 2 or len(set(colours)) < len(colours):
            continue
        grid = torch.zeros(8, 8, 18)
        for thing in scene.objects:
            left, top, right, bottom = (8 * edge for edge in thing.extent)
            middle = torch.arange(8) + 0.5
            held = ((top <= middle) & (middle < bottom))[:, None] & (
                (left <= middle) & (middle < right)
            )
            grid[held] = 0.0
            grid[..., scenes.KINDS.index(thing.kind)][held] = 1.0
            grid[..., 12 + scenes.COLOURS.index(thing.colour)][held] = 1.0
        kept.append(scene)
        grids.append(grid.flatten(0, 1))
        asked.append(scenes.COLOURS.index(colours[0]))
        kinds.append(scenes.KINDS.index(scene.objects[0].kind))
    return Toy(kept, torch.stack(grids), F.one_hot(torch.tensor(asked), 6).float(),
               torch.tensor(kinds))  # fmt: skip


def _learn(toys: Toy, **wrong: str) -> tuple[nn.Module, nn.Module]:
    """Attention and a layer behind it that name the object of the colour asked for."""
    torch.manual_seed(0)
    attention = answers(NAME, **wrong)["AdditiveAttention"](18, 6, 48)
    name = nn.Linear(18, 12)
    adam = torch.optim.Adam([*attention.parameters(), *name.parameters()], 2e-2)
    draw = torch.Generator().manual_seed(0)
    for _ in range(160):
        rows = torch.randint(len(toys.grid), (16,), generator=draw)
        context, _ = attention(toys.grid[rows], toys.asked[rows])
        loss = F.cross_entropy(name(context), toys.answer[rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return attention, name


@torch.no_grad()
def _share_right(attention: nn.Module, name: nn.Module, toys: Toy, batch: int) -> float:
    hits = [
        name(attention(grid, asked)[0]).argmax(1) == answer
        for grid, asked, answer in zip(*(part.split(batch) for part in toys[1:]))
    ]
    return torch.cat(hits).float().mean().item()


@figure
def u2_batch() -> Figure:
    """Tiny trainings: a softmax over the cells, and one over the pictures of the batch."""
    toys, tests = _toys(1000, 600), _toys(0, 64)
    with canvas(2, 5, figsize=(9.2, 4.3), width_ratios=(1, 1, 1, 1, 1.25)) as (drawn, axes):
        for row, (title, colour, wrong) in zip(
            axes,
            (
                ("over the cells", GOOD, {}),
                ("over the batch", BAD, {"attention": "softmax_over_batch"}),
            ),
        ):
            attention, name = _learn(toys, **wrong)
            with torch.no_grad():
                _, alpha = attention(tests.grid[:4], tests.asked[:4])
            for ax, scene, weights, asked in zip(row, tests.scenes, alpha, tests.asked):
                _lit(ax, scene, weights)
                colour_word = scenes.COLOURS[int(asked.argmax())]
                ax.set_title(
                    f"{colour_word}?  Σα = {weights.sum():.2f}", loc="center", fontsize=8.5
                )
            row[0].set_ylabel(f"softmax\n{title}", fontsize=9, color=colour, weight="bold")
            sizes = (1, 16, 64)
            shares = [_share_right(attention, name, tests, size) for size in sizes]
            bars = row[4].bar([f"{size}" for size in sizes], shares, color=colour, width=0.6)
            row[4].bar_label(bars, fmt="%.2f", fontsize=8)
            row[4].set(ylim=(0, 1.15), title="named rightly", xlabel="pictures in the batch")
            row[4].grid(visible=False, axis="x")
    return drawn


def _lit(ax: Axes, scene: scenes.Scene, weights: Tensor) -> None:
    picture = as_picture(scenes.draw_scene(scene, SIDE))
    blocks = weights.reshape(8, 8).repeat_interleave(8, 0).repeat_interleave(8, 1)
    ax.imshow(attention_over(picture, blocks.numpy()))
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)


# ---- the penalty


@figure
def u2_penalty() -> Figure:
    """The least penalty that any weights can have, and what a large weight of it does."""
    a2, cells = answers(NAME), 64
    steps = torch.arange(1, 130)
    with canvas(1, 2, figsize=(8.6, 2.9)) as (drawn, (left, right)):
        for count, colour in ((64, BLUE), (196, PURPLE)):
            floor = ((1 - steps / count).clamp(min=0) ** 2).numpy()
            left.plot(steps, floor, color=colour, label=f"{count} cells")
        left.axvspan(9, 16, color=GREY, alpha=0.25, lw=0)
        left.annotate("a caption", (12.5, 0.06), ha="center", fontsize=8)
        left.set(title="The least possible penalty", xlabel="steps T", ylabel="(1 − T/P)²")
        left.legend(fontsize=8)
        lengths, spread = torch.tensor([13]), torch.linspace(0, 1, 60)
        sharp = F.one_hot(torch.arange(12) * 5, cells).float()[None]
        sums = [
            a2["doubly_stochastic_penalty"]((1 - s) * sharp + s / cells, lengths) for s in spread
        ]
        right.plot(spread, [one.item() for one in sums], color=BLUE)
        right.set(
            title="12 sharp looks, spread over 64 cells", xlabel="share spread evenly",
            ylabel="penalty", ylim=(0.6, 0.9),
        )  # fmt: skip
        right.annotate("sharp", (0.02, 0.835), fontsize=8, color=INK)
        right.annotate("blind", (0.88, 0.685), fontsize=8, color=INK)
    return drawn
