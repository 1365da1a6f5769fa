"""The figures of unit 6: volume, coupling, a first batch, noise on whole numbers, rotated axes."""

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.metrics import mutual_info_score

from drawings.common import BAD, BLUE, GOOD, INK, ORANGE, PURPLE, canvas, figure


@figure
def u6_volume() -> Figure:
    """A density pushed through a map: what is stretched becomes thin."""
    edges = np.linspace(-2.6, 2.6, 14)

    def pushed(z: np.ndarray) -> np.ndarray:
        return z + 0.9 * np.tanh(2 * z)

    with canvas(1, 2, figsize=(8.6, 2.9), sharey=True) as (drawn, axes):
        fine = np.linspace(edges[0], edges[-1], 600)
        slope = np.gradient(pushed(fine), fine)
        for ax, x, density, title in (
            (axes[0], fine, norm.pdf(fine), "z, where one samples"),
            (axes[1], pushed(fine), norm.pdf(fine) / slope, "x = f(z), where the pictures are"),
        ):
            for k, (low, high) in enumerate(itertools.pairwise(edges)):
                inside = (fine >= low) & (fine <= high)
                colour = BLUE if k % 2 else ORANGE
                ax.fill_between(x[inside], density[inside], color=colour, alpha=0.55, lw=0)
            ax.plot(x, density, color=INK, lw=1.2)
            ax.set(title=title, xlim=(-3.7, 3.7), yticks=[])
            ax.grid(visible=False)
        axes[0].set_ylabel("density")
    return drawn


# ---- coupling


def _scale(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(2.2 * np.sin(1.5 * x) + 1)))


def _shift(x: np.ndarray) -> np.ndarray:
    return 0.9 * np.cos(1.3 * x)


@figure
def u6_coupling() -> Figure:
    """A grid after one coupling, after a second one with the halves exchanged, and undone."""
    lines = np.linspace(-2, 2, 15)
    along = np.linspace(-2, 2, 120)
    upright = [np.stack([np.full(120, at), along], 1) for at in lines]
    level = [np.stack([along, np.full(120, at)], 1) for at in lines]

    def moved(points: np.ndarray, changed: int) -> np.ndarray:
        kept = points[:, 1 - changed]
        new = points.copy()
        new[:, changed] = _scale(kept) * points[:, changed] + _shift(kept)
        return new

    def back(points: np.ndarray, changed: int) -> np.ndarray:
        kept = points[:, 1 - changed]
        new = points.copy()
        new[:, changed] = (points[:, changed] - _shift(kept)) / _scale(kept)
        return new

    stages = (
        ("before", lambda p: p),
        ("first half moved", lambda p: moved(p, 0)),
        ("then the second half", lambda p: moved(moved(p, 0), 1)),
        ("both undone", lambda p: back(back(moved(moved(p, 0), 1), 1), 0)),
    )
    with canvas(1, 4, figsize=(9.2, 2.7)) as (drawn, axes):
        for ax, (title, change) in zip(axes, stages):
            for family, colour in ((upright, BLUE), (level, ORANGE)):
                bent = [change(line) for line in family]
                ax.add_collection(LineCollection(bent, colors=colour, lw=0.9))
            ax.set(xlim=(-2.9, 2.9), ylim=(-2.9, 2.9), aspect="equal", xticks=[], yticks=[])
            ax.set_title(title, loc="center", fontsize=9)
            ax.grid(visible=False)
    return drawn


# ---- the first batch


def _through(x: np.ndarray, layers: int, how: str, rng: np.random.Generator) -> list[float]:
    """Deviations of the values behind each layer of a scale and a mixing matrix."""
    deviations = []
    for _ in range(layers):
        if how == "deviation":
            x = (x - x.mean(0)) / x.std(0)
        elif how == "variance":
            x = (x - x.mean(0)) / x.var(0)
        deviations.append(float(x.std()))
        x = x @ rng.normal(0, 1.35 / np.sqrt(x.shape[1]), (x.shape[1], x.shape[1]))
    return deviations


@figure
def u6_actnorm() -> Figure:
    """Forty layers whose scale is chosen by a first batch, rightly, wrongly, and not at all."""
    runs = (
        ("divided by the deviation", "deviation", GOOD),
        ("divided by the variance", "variance", ORANGE),
        ("never initialised", "nothing", BAD),
    )
    with canvas(1, 2, figsize=(8.8, 2.9)) as (drawn, (left, right)):
        for name, how, colour in runs:
            rng = np.random.default_rng(0)
            found = _through(3.0 * rng.standard_normal((512, 12)) + 1, 40, how, rng)
            left.semilogy(range(1, 41), found, color=colour, label=name)
        left.set(title="Size of the values", xlabel="step of the flow", ylabel="deviation")
        left.legend(fontsize=8)
        _dead_channel(right)
    return drawn


def _dead_channel(ax: Axes) -> None:
    """What a channel that was constant in the first batch does to the second one."""
    rng = np.random.default_rng(1)
    second = 0.02 * rng.standard_normal(200) + 0.5
    for name, floor, colour in (("deviation at least 1e-3", 1e-3, GOOD), ("1e-8", 1e-8, BAD)):
        scaled = np.abs((second - 0.5) / floor)
        ax.semilogy(np.sort(scaled), np.linspace(0, 1, 200), color=colour, label=name)
    ax.set_xscale("log")
    ax.set_yscale("linear")
    ax.set(title="A channel that was constant at first", xlabel="|value| in the second batch",
           ylabel="share below")  # fmt: skip
    ax.legend(fontsize=8)


# ---- whole numbers


@figure
def u6_noise() -> Figure:
    """Bits for each value of a grey picture under a density that may become narrow."""
    rng = np.random.default_rng(0)
    shares = np.array([0.30, 0.05, 0.25, 0.02, 0.08, 0.15, 0.05, 0.10])  # of 8 levels
    values = rng.choice(8, 3000, p=shares)
    noisy = values + rng.random(3000)
    widths = np.logspace(-3, 0.3, 60)

    def bits(x: np.ndarray, centres: np.ndarray, width: float) -> float:
        terms = np.log(shares) + norm.logpdf(x[:, None], centres[None], width)
        return float(-logsumexp(terms, axis=1).mean() / np.log(2))

    entropy = -(shares * np.log2(shares)).sum()
    with canvas(figsize=(6.6, 3.0)) as (drawn, ax):
        whole = [bits(values.astype(float), np.arange(8), w) for w in widths]
        spread = [bits(noisy, np.arange(8) + 0.5, w) for w in widths]
        ax.semilogx(widths, whole, color=BAD, label="whole numbers")
        ax.semilogx(widths, spread, color=GOOD, label="with noise of one level's width")
        ax.axhline(entropy, color=INK, ls=":", lw=1.3)
        ax.text(1.1e-3, entropy + 0.25, f"entropy of the levels, {entropy:.2f} bits", fontsize=8)
        ax.axhline(0, color=INK, lw=0.8)
        ax.set(title="What a value costs", xlabel="width of the density's eight bumps, in levels",
               ylabel="bits", ylim=(-8, 9))  # fmt: skip
        ax.legend(fontsize=8, loc="lower right")
    return drawn


# ---- rotated axes


def _disc(place: float, size: float) -> np.ndarray:
    """A disc, its horizontal place and its radius in [-1, 1]."""
    y, x = np.mgrid[0:40, 0:40]
    radius = 6 + 3.2 * size
    inside = 1 / (1 + np.exp(1.6 * (np.hypot(x - 20 - 8 * place, y - 20) - radius)))
    return inside


def _gap(codes: np.ndarray, factors: np.ndarray) -> float:
    """The mutual information gap, from scikit-learn's mutual information."""
    gaps = []
    for known in factors.T:
        told = []
        for code in codes.T:
            cut = np.digitize(code, np.linspace(code.min(), code.max(), 21)[1:-1])
            told.append(mutual_info_score(known, cut))
        told.sort()
        gaps.append((told[-1] - told[-2]) / mutual_info_score(known, known))
    return float(np.mean(gaps))


@figure
def u6_rotation() -> Figure:
    """Directions along the factors and between them; what tells them apart, and what does not."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, 10, (4000, 2))
    standard = (factors - 4.5) / 2.87 + 0.03 * rng.standard_normal((4000, 2))
    angles = np.arange(0, 91, 3)
    with canvas(1, 2, figsize=(9.2, 3.3), width_ratios=(1.35, 1)) as (drawn, (left, right)):
        sheet = []
        for degrees in (0, 90, 45, 135):
            turn = np.deg2rad(degrees)
            steps = np.linspace(-1, 1, 7)
            strip = [_disc(s * np.cos(turn), s * np.sin(turn)) for s in steps]
            sheet.append(np.concatenate(strip, axis=1))
        left.imshow(np.concatenate(sheet, axis=0), cmap="Greys", vmin=0, vmax=1.3)
        left.set(xticks=[], yticks=[20 + 40 * k for k in range(4)])
        left.set_yticklabels(["place", "size", "both", "both, opposed"], fontsize=9)
        left.axhline(79.5, color=PURPLE, lw=1.5)
        left.grid(visible=False)
        left.set_title("Two pairs of directions at right angles")
        gaps = []
        for degrees in angles:
            turn = np.deg2rad(degrees)
            matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            gaps.append(_gap(standard @ matrix, factors))
        right.plot(angles, gaps, color=BLUE)
        right.plot([0, 90], [gaps[0], gaps[-1]], "o", color=GOOD, markersize=7)
        right.plot(45, gaps[15], "o", color=BAD, markersize=7)
        right.annotate("each entry one factor", (6, 0.97), fontsize=8.5, color=GOOD)
        right.annotate("each entry both", (45, 0.3), fontsize=8.5, color=BAD, ha="center")
        right.set(title="The code turned by an angle", xlabel="degrees", ylabel="MIG")
        right.set_ylim(0, 1.1)
        right.set_xticks([0, 45, 90])
    return drawn
