"""The figures of unit 4: squashing, agreement step by step, the wrong axis, hard routing."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from drawings.common import (
    BAD,
    BLUE,
    GOOD,
    INK,
    ORANGE,
    PURPLE,
    WEIGHTS,
    answers,
    canvas,
    figure,
)

NAME = "a4_capsule_aggregation"
INPUTS = (BLUE, ORANGE, GOOD, PURPLE)  # a colour for each input capsule


@figure
def u4_squash() -> Figure:
    """The length that a squashed vector has, and where guards against 0/0 bend it."""
    with canvas(1, 2, figsize=(8.8, 3.0)) as (drawn, (left, right)):
        n = np.linspace(0, 5, 200)
        left.plot(n, n**2 / (1 + n**2), color=BLUE)
        left.axhline(1, color=INK, ls=":", lw=1.2)
        left.set(title="Squashing a length", xlabel="length before", ylabel="length after")
        lengths = np.logspace(-10, 25, 141)
        runs = (
            ("right", {}, GOOD),
            ("small number in the root", {"squash": "guard_in_the_root"}, ORANGE),
            ("square in float32 (NaN)", {"squash": "square_overflows"}, BAD),
        )
        for name, wrong, colour in runs:
            vectors = torch.tensor(lengths, dtype=torch.float32)[:, None] * torch.tensor([0.6, 0.8])
            found = answers(NAME, **wrong)["squash"](vectors).double().norm(dim=1).numpy()
            share = np.nan_to_num(found * (1 + lengths**2) / lengths**2)  # NaN is drawn as zero
            right.semilogx(
                lengths, share, color=colour, label=name, lw=3.4 if colour == GOOD else 1.6
            )
        right.set(title="Length found, as a share of the true one", xlabel="length before",
                  ylim=(-0.06, 1.12))  # fmt: skip
        right.legend(fontsize=8, loc="center right", bbox_to_anchor=(0.8, 0.5))
    return drawn


# ---- agreement, step by step


def _pointing(degrees: list[float]) -> Tensor:
    angles = torch.tensor(degrees) * torch.pi / 180
    return 1.6 * torch.stack([angles.cos(), angles.sin()], dim=1)


# Four inputs vote for two outputs: three agree about the first, the fourth is alone there.
VOTES = torch.stack([_pointing([10, -6, 20, 150]), _pointing([80, -60, 200, 100])], 1)[None]


@figure
def u4_routing() -> Figure:
    """Votes and outputs in the plane, for one to four iterations."""
    a4 = answers(NAME)
    with canvas(2, 4, figsize=(9.2, 4.7)) as (drawn, axes):
        for column, iterations in enumerate((1, 2, 3, 4)):
            _, couplings = a4["route"](VOTES, a4["squash"], iterations)
            for j, ax in enumerate(axes[:, column]):
                _votes_of(ax, VOTES[0, :, j], couplings[0, :, j])
                if not j:
                    plural = "s" if iterations > 1 else ""
                    ax.set_title(f"{iterations} iteration{plural}", loc="center")
            axes[0, 0].set_ylabel("output 1", fontsize=10)
            axes[1, 0].set_ylabel("output 2", fontsize=10)
    return drawn


def _votes_of(ax: Axes, votes: Tensor, couplings: Tensor) -> None:
    """The votes for one output, as thick as their coupling, and their weighted mean."""
    mean = (couplings[:, None] * votes).sum(0) / couplings.sum()
    for (x, y), share, colour in zip(votes.tolist(), couplings.tolist(), INPUTS):
        head = {"head_width": 0.12, "length_includes_head": True, "alpha": 0.25 + 0.75 * share}
        ax.arrow(0, 0, x, y, color=colour, width=0.01 + 0.07 * share, **head)
        ax.text(
            1.22 * x, 1.22 * y, f"{share:.2f}", ha="center", va="center", fontsize=8, color=colour
        )
    head = {"head_width": 0.2, "length_includes_head": True, "zorder": 3}
    ax.arrow(0, 0, *mean.tolist(), color=INK, width=0.03, **head)
    ax.set(xlim=(-2.4, 2.4), ylim=(-1.9, 2.2), aspect="equal", xticks=[], yticks=[])
    ax.grid(visible=False)


# ---- the wrong axis, and how hard couplings become


@figure
def u4_axis() -> Figure:
    """Couplings of the right routing, and of one whose softmax runs over the inputs."""
    votes = torch.randn(1, 6, 3, 8, generator=torch.Generator().manual_seed(3)) * 0.7
    runs = (
        ("over the outputs", {}, GOOD),
        ("over the inputs", {"route": "softmax_over_inputs"}, BAD),
    )
    with canvas(1, 2, figsize=(7.6, 3.5)) as (drawn, axes):
        for ax, (name, wrong, colour) in zip(axes, runs):
            a4 = answers(NAME, **wrong)
            couplings = a4["route"](votes, a4["squash"])[1][0].numpy()
            image = ax.imshow(couplings, vmin=0, vmax=1, cmap=WEIGHTS, aspect="auto")
            for i, row in enumerate(couplings):
                for j, share in enumerate(row):
                    ink = "black" if share > 0.6 else "white"
                    ax.text(j, i, f"{share:.2f}", ha="center", va="center", fontsize=8, color=ink)
                ax.text(2.6, i, f"Σ = {row.sum():.2f}", va="center", fontsize=8.5, color=colour)
            ax.set_title(f"softmax {name}", color=colour)
            ax.set(xticks=range(3), xticklabels=["1", "2", "3"], xlabel="output capsule")
            ax.set(yticks=range(6), yticklabels=range(1, 7), ylabel="input capsule")
            ax.set_xlim(-0.5, 3.5)
            ax.grid(visible=False)
        drawn.colorbar(image, ax=axes, label="coupling", shrink=0.9)
    return drawn


@figure
def u4_hardness() -> Figure:
    """How fast couplings turn into decisions, in the source's routing and in that of Sabour."""
    a4 = answers(NAME)
    counts = range(1, 7)
    with canvas(1, 2, figsize=(8.8, 3.0), sharey=True) as (drawn, axes):
        for ax, (title, route) in zip(
            axes,
            (("the source: agrees before squashing", a4["route"]),
             ("Sabour et al.: agrees after squashing", a4["route_sabour"])),
        ):  # fmt: skip
            for length, shade in zip((0.5, 1, 2, 4), (0.35, 0.55, 0.75, 0.95)):
                shares = [
                    route(length / 1.6 * VOTES, a4["squash"], k)[1][0, 0, 0].item() for k in counts
                ]
                colour = plt.get_cmap("Blues")(shade)
                ax.plot(counts, shares, "o-", color=colour)
                nudge = {1: -0.012, 2: 0.0, 4: 0.012}.get(length, 0.0)
                ax.text(6.2, shares[-1] + nudge, f"length {length:g}", va="center", fontsize=8)
            ax.set(title=title, xlabel="iterations", ylim=(0.45, 1.03), xlim=(0.7, 7.4))
            ax.set_xticks(list(counts))
        axes[0].set_ylabel("coupling of input 1 to output 1")
    return drawn
