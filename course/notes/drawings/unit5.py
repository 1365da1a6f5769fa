"""The figures of unit 5: slopes of two losses, what wrong texts aim at, a GAN that collapsed."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.optimize import brentq
from scipy.stats import norm
from torch import Tensor, nn

from drawings.common import BAD, BLUE, GOOD, GREY, INK, ORANGE, PURPLE, canvas, figure
from starter_code import scenes
from starter_code.plots import as_picture


@figure
def u5_saturation() -> Figure:
    """Two losses of the generator, and how hard each of them pulls."""
    s = np.linspace(-7, 7, 200)
    with canvas(1, 2, figsize=(8.8, 2.9)) as (drawn, (left, right)):
        left.plot(s, -np.logaddexp(0, s), color=BAD, label="log(1 − D), as the game says")
        left.plot(s, np.logaddexp(0, -s), color=GOOD, label="−log D, as one trains")
        left.set(title="What the generator minimises", xlabel="logit s of a fake", ylabel="loss")
        right.plot(s, 1 / (1 + np.exp(-s)), color=BAD, label="of log(1 − D)")
        right.plot(s, 1 / (1 + np.exp(s)), color=GOOD, label="of −log D")
        right.set(title="How hard it pulls", xlabel="logit s of a fake", ylabel="|slope|")
        for ax in (left, right):
            ax.axvspan(-7, -3, color=GREY, alpha=0.18, lw=0)
            ax.legend(fontsize=8)
        right.text(-5, 0.5, "early\nin training", fontsize=8, ha="center", color=INK)
    return drawn


# ---- which texts are wrong


def _true_of(caption: str, scene: scenes.Scene) -> bool:
    """Whether a caption's claims about objects, and the hour that it names, hold in a scene."""
    words = scenes.tokenize(caption)
    hours = {word for word in words if word in scenes.TIMES}
    objects = scenes.true_claims(scenes.factors(scene))
    return scenes.claims(words) <= objects and hours <= {scene.time_of_day}


@figure
def u5_pairs() -> Figure:
    """Six pictures, six texts, and which of them are true of which."""
    wanted = (
        ("red", "car", "day"), ("red", "car", "night"), ("red", "ball", "day"),
        ("blue", "car", "day"), ("red", "car", "evening"), ("green", "tree", "day"),
    )  # fmt: skip
    found: list[scenes.Scene] = []
    number = 0
    while len(found) < len(wanted):
        scene, number = scenes.scene_at(1, number), number + 1
        thing = scene.objects[0]
        shown = thing.colour, thing.kind, scene.time_of_day
        if len(scene.objects) == 1 and shown == wanted[len(found)]:
            found.append(scene)
    texts = [
        "a red car", "a red car at night", "a red ball", "a blue car", "a red car in the evening",
        "a green tree",
    ]  # fmt: skip
    true = np.array([[_true_of(text, scene) for scene in found] for text in texts])
    with canvas(figsize=(6.2, 4.4)) as (drawn, ax):
        ax.imshow(true, cmap="Greens", vmin=0, vmax=1.6)
        for column, scene in enumerate(found):
            picture = as_picture(scenes.draw_scene(scene, 64))
            ax.imshow(picture, extent=(column - 0.46, column + 0.46, -0.6, -1.52))
        for i in range(6):
            own = {"fill": False, "edgecolor": GOOD, "linewidth": 2}
            ax.add_patch(Rectangle((i - 0.47, i - 0.47), 0.94, 0.94, **own))
        for i, j in np.argwhere(true & ~np.eye(6, dtype=bool)):
            ax.text(j, i, "true, too", ha="center", va="center", fontsize=8, color=INK)
        ax.set(xlim=(-0.5, 5.5), ylim=(5.5, -1.6), xticks=[], yticks=range(6))
        ax.set_yticklabels(texts, fontsize=9)
        ax.grid(visible=False)
        ax.set_title("Green: the text is true of the picture; framed: its own text")
    return drawn


# ---- what the game aims at


@figure
def u5_aim() -> Figure:
    """What a perfect generator aims at where wrong texts' pictures overlap with the right ones."""
    x = np.linspace(-5, 7, 1200)
    step = x[1] - x[0]
    right = norm.pdf(x, 0, 1)
    with canvas(1, 2, figsize=(9.0, 2.9), sharey=True) as (drawn, axes):
        titles = ("texts that resemble", "texts that do not")
        for ax, centre, title in zip(axes, (1.2, 4.2), titles):
            wrong = norm.pdf(x, centre, 0.9)

            def drawn_by(k: float, wrong: np.ndarray = wrong) -> np.ndarray:
                return np.maximum(0, 2 * k * right - wrong)

            k = brentq(lambda k: drawn_by(k).sum() * step - 1, 0.4, 3)
            ax.fill_between(x, right, color=GOOD, alpha=0.25, lw=0, label="pictures of the text")
            ax.plot(x, wrong, color=GREY, ls="--", label="pictures of the wrong texts")
            ax.plot(x, drawn_by(k), color=BLUE, label="what the generator aims at")
            mean = (x * drawn_by(k)).sum() * step
            ax.axvline(mean, color=BLUE, ls=":", lw=1.2)
            ax.set(title=f"{title}: mean {mean:+.2f}", yticks=[])
            ax.set_xlabel("a property of the picture")
        axes[0].legend(fontsize=8, loc="upper right")
    return drawn


# ---- a GAN that collapsed

SPOTS = torch.tensor([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])  # per text, shifted
TEXTS = ((0.0, 0.0), (5.0, 0.0), (2.5, 4.0))
INKS = (BLUE, ORANGE, PURPLE)


class Snapshot(NamedTuple):
    """What a generator draws for each of the texts, after so many steps."""

    step: int
    points: Tensor
    texts: Tensor


def _real(count: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Pictures of two numbers: for each text four places."""
    texts = torch.randint(3, (count,), generator=draw)
    places = SPOTS[torch.randint(4, (count,), generator=draw)]
    jitter = 0.12 * torch.randn(count, 2, generator=draw)
    return torch.tensor(TEXTS)[texts] + places + jitter, texts


def _net(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
        nn.Linear(64, outputs),
    )  # fmt: skip


def _play(critic_rate: float, painter_rate: float, shown: tuple[int, ...]) -> list[Snapshot]:
    """Three kinds of pairs, weighted 1 : 1/2 : 1/2; a snapshot at each step of `shown`."""
    torch.manual_seed(1)
    draw = torch.Generator().manual_seed(1)
    painter, critic = _net(4 + 3, 2), _net(2 + 3, 1)
    moves = [
        torch.optim.Adam(net.parameters(), rate, betas=(0.5, 0.99))
        for net, rate in ((critic, critic_rate), (painter, painter_rate))
    ]
    found = []
    for step in range(1, shown[-1] + 1):
        points, texts = _real(128, draw)
        told = F.one_hot(texts, 3).float()
        other = F.one_hot((texts + torch.randint(1, 3, (128,), generator=draw)) % 3, 3).float()
        z = torch.randn(128, 4, generator=draw)
        painted = painter(torch.cat([z, told], 1))
        pairs = torch.cat([
            torch.cat([points, told], 1), torch.cat([points, other], 1),
            torch.cat([painted.data, told], 1),
        ])  # fmt: skip
        yes, wrong, fake = critic(pairs).split(128)
        _descend(moves[0], F.softplus(-yes).mean() + F.softplus(torch.cat([wrong, fake])).mean())
        seen = critic(torch.cat([painted, told], 1))
        _descend(moves[1], F.softplus(-seen).mean())
        if step in shown:
            found.append(_snapshot(painter, step))
    return found


def _descend(move: torch.optim.Optimizer, loss: Tensor) -> None:
    for group in move.param_groups:
        for parameter in group["params"]:
            parameter.grad = None
    loss.backward()
    move.step()


@torch.no_grad()
def _snapshot(painter: nn.Module, step: int) -> Snapshot:
    draw = torch.Generator().manual_seed(2)
    texts = torch.arange(3).repeat_interleave(150)
    z = torch.randn(450, 4, generator=draw)
    return Snapshot(step, painter(torch.cat([z, F.one_hot(texts, 3).float()], 1)), texts)


@figure
def u5_collapse() -> Figure:
    """The same game twice: with even players, and with a discriminator that learns too slowly."""
    shown = (150, 600, 1000, 1400)
    real, told = _real(450, torch.Generator().manual_seed(3))
    rows = (
        ("even players", GOOD, _play(2e-3, 1e-3, shown)),
        ("collapsed", BAD, _play(1e-4, 5e-3, shown)),
    )
    with canvas(2, 5, figsize=(9.2, 4.0)) as (drawn, axes):
        for row, (name, colour, snapshots) in zip(axes, rows):
            _cloud(row[0], real, told)
            row[0].set_ylabel(name, color=colour, weight="bold")
            for ax, snapshot in zip(row[1:], snapshots):
                _cloud(ax, snapshot.points, snapshot.texts)
                ax.set_title(f"step {snapshot.step}", loc="center", fontsize=9)
        axes[0, 0].set_title("real", loc="center", fontsize=9)
    return drawn


def _cloud(ax: Axes, points: Tensor, texts: Tensor) -> None:
    for text, colour in enumerate(INKS):
        own = points[texts == text]
        ax.scatter(own[:, 0], own[:, 1], s=3, color=colour, alpha=0.6, linewidths=0)
    ax.set(xlim=(-2.5, 7.5), ylim=(-2.5, 6.5), xticks=[], yticks=[], aspect="equal")
    ax.grid(visible=False)
