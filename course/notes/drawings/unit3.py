"""The figures of unit 3: the bound, the sample, who moves whom, a collapse, samples and means."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from drawings.common import (
    BAD,
    BLUE,
    GOOD,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    answers,
    arrow,
    blank,
    box,
    canvas,
    figure,
)
from starter_code import scenes

NAME = "a3_vae_disentanglement"


@figure
def u3_elbo() -> Figure:
    """A model in which everything can be computed: the bound, its gap, and where it is closed."""
    x, noise = 1.5, 0.8  # p(z) = N(0, 1), p(x|z) = N(z, noise²)
    evidence = norm.logpdf(x, 0, np.sqrt(1 + noise**2))
    mean, variance = x / (1 + noise**2), noise**2 / (1 + noise**2)  # of p(z|x)
    m = np.linspace(-1.2, 3.0, 200)

    def bound(mu: np.ndarray, v: float) -> np.ndarray:
        told = -0.5 * np.log(2 * np.pi * noise**2) - ((x - mu) ** 2 + v) / (2 * noise**2)
        return told - 0.5 * (mu**2 + v - 1 - np.log(v))

    with canvas(1, 2, figsize=(9.0, 3.1)) as (drawn, (left, right)):
        left.axhline(evidence, color=INK, ls=":", lw=1.5)
        left.text(-1.15, evidence + 0.12, "log p(x)", fontsize=9)
        for v, colour, name in (
            (variance, GOOD, "variance of p(z|x)"),
            (1.0, ORANGE, "variance 1"),
            (0.05, PURPLE, "variance 0.05"),
        ):
            left.plot(m, bound(m, v), color=colour, label=name)
        left.plot(mean, evidence, "o", color=GOOD, markersize=7)
        left.set(title="The bound for q = N(m, v)", xlabel="m", ylabel="nats", ylim=(-7, -1))
        left.legend(fontsize=8, loc="lower center")
        z = np.linspace(-3, 4, 300)
        right.plot(z, norm.pdf(z), color=GREY, label="prior p(z)")
        right.plot(
            z, norm.pdf(z, x, noise), color=BLUE, label="likelihood p(x|z), as a function of z"
        )
        right.plot(z, norm.pdf(z, mean, np.sqrt(variance)), color=GOOD, label="posterior p(z|x)")
        right.set(title="Why the best m lies between", xlabel="z", ylabel="density", ylim=(0, 1.05))
        right.legend(fontsize=8, loc="upper right")
    return drawn


@figure
def u3_gradient() -> Figure:
    """Two ways to estimate one gradient: both right on average, one hardly usable."""
    rng, mu, sigma = np.random.default_rng(0), 1.0, 0.5
    noise = rng.standard_normal(20000)
    z = mu + sigma * noise  # the gradient of E[z²] with respect to mu is 2 mu
    ways = {
        "through the sample: 2z": (2 * z, BLUE),
        "through the density: z² (z − μ) / σ²": (z**2 * (z - mu) / sigma**2, ORANGE),
    }
    with canvas(figsize=(6.4, 2.8)) as (drawn, ax):
        for name, (found, colour) in ways.items():
            label = f"{name}   (deviation {found.std():.1f})"
            ax.hist(
                found, np.linspace(-4, 16, 81), density=True, color=colour, alpha=0.7, label=label
            )
        ax.axvline(2 * mu, color=INK, ls=":", lw=1.5)
        title = "Estimates of dE[z²]/dμ from one sample each; the truth is 2"
        ax.set(title=title, xlabel="estimate", ylabel="density", ylim=(0, 0.5))
        ax.legend(fontsize=8, loc="upper right")
    return drawn


@figure
def u3_adversary() -> Figure:
    """Who reads what, and which arrows a gradient may not take back."""
    with canvas(figsize=(9.0, 4.5)) as (drawn, ax):
        blank(ax, 18, 9)
        box(ax, 1.6, 4.5, "encoder", BLUE, wide=2.2, high=1.0)
        box(ax, 6.0, 6.4, "style slice $z_s$", ORANGE, wide=2.9, high=0.9, fill="#fef3e8")
        box(ax, 6.0, 2.6, "fact slice $z_f$", GOOD, wide=2.9, high=0.9, fill="#ecf7f0")
        box(ax, 6.0, 4.5, "decoder", BLUE, wide=2.9, high=0.8)
        rows = (
            (8.1, "classifier (5)", "style?  yes", ORANGE, 6.4, False),
            (5.6, "discriminator (8), (10)", "facts?  shall not", BAD, 6.4, True),
            (3.4, "discriminator (7), (9)", "style words?  shall not", BAD, 2.6, True),
            (0.9, "classifier (6)", "facts?  yes", GOOD, 2.6, False),
        )
        for slice_y in (6.4, 2.6):
            arrow(ax, (2.7, 4.5), (4.55, slice_y))
            arrow(ax, (6.0, slice_y - 0.45 if slice_y > 4 else slice_y + 0.45),
                  (6.0, 4.9 if slice_y > 4 else 4.1))  # fmt: skip
        for y, name, asked, colour, source, adversary in rows:
            box(ax, 12.3, y, name, colour, wide=4.2, high=0.9)
            ax.text(14.7, y, asked, va="center", fontsize=9, color=colour)
            arrow(ax, (7.45, source), (10.2, y), color=colour)
            if adversary:
                x, middle = 9.0, (source + y) / 2
                ax.plot([x - 0.25, x + 0.25], [middle - 0.4, middle + 0.4], color=INK, lw=2)
        ax.text(9.0, 4.5, "(7), (8) stop at the bar and train the discriminators;\n"
                "(9), (10) pass it and train the encoder, the discriminators held still",
                fontsize=8.5, va="center", color=INK)  # fmt: skip
    return drawn


# ---- a posterior that collapsed

AVERAGED = "mean_over_entries"
SPOKEN = 48  # captions that the tiny trainings learn


def _captions(count: int) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Positive and negative captions of scenes in numbers, their lengths, and V."""
    told = [
        scenes.tokenize(
            scenes.styled_caption(scenes.scene_at(0, i), ("positive", "negative")[i % 2], i)
        )
        for i in range(count)
    ]
    lexicon = ["<pad>", "<start>", "<end>", *sorted({word for words in told for word in words})]
    number = {word: i for i, word in enumerate(lexicon)}
    rows = torch.zeros(count, max(map(len, told)) + 2, dtype=torch.long)
    for i, words in enumerate(told):
        ids = [number[word] for word in ("<start>", *words, "<end>")]
        rows[i, : len(ids)] = torch.tensor(ids)
    return rows, torch.tensor([len(words) + 2 for words in told]), len(lexicon)


def _fit(weight: float, steps: int = 220, **wrong: str) -> dict[str, list[float]]:
    """A small caption VAE without filters, and its two losses over the steps."""
    a3: dict[str, Any] = answers(NAME, **wrong)
    captions, lengths, vocabulary = _captions(SPOKEN)
    torch.manual_seed(0)
    vae = a3["CaptionVAE"](
        a3["reparameterize"], vocab_size=vocabulary, embed_dim=24, hidden_dim=48, style_dim=4,
        fact_dim=12,
    )  # fmt: skip
    adam = torch.optim.Adam(vae.parameters(), 1e-2)
    draw, told = torch.Generator().manual_seed(0), {"kl": [], "reconstruction": []}
    true_kl = answers(NAME)["kl_divergence"]
    for _ in range(steps):
        latent = vae(captions, lengths, torch.randn(SPOKEN, 16, generator=draw))
        lost = vae.reconstruction_loss(latent.output, captions, lengths)
        posterior = latent.mu, latent.log_variance
        adam.zero_grad()
        (lost + weight * a3["kl_divergence"](*posterior)).backward()
        adam.step()
        told["kl"].append(true_kl(*posterior).item())
        told["reconstruction"].append(lost.item())
    return told


@figure
def u3_collapse() -> Figure:
    """Tiny trainings with a weak, a full and a wrongly reduced KL."""
    runs = {
        "λ = 0.03": (_fit(0.03), GOOD),
        "λ = 1: collapsed": (_fit(1.0), BAD),
        "λ = 1, KL averaged over 16 entries": (_fit(1.0, kl_divergence=AVERAGED), ORANGE),
    }
    with canvas(1, 2, figsize=(9.0, 2.9)) as (drawn, axes):
        for ax, part, title in zip(
            axes, ("kl", "reconstruction"), ("KL: what the code says", "Reconstruction loss")
        ):
            for name, (told, colour) in runs.items():
                smooth = np.convolve(told[part], np.ones(10) / 10, "valid")
                ax.plot(smooth, color=colour, label=name)
            ax.set(title=title, xlabel="training step", ylabel="nats per caption")
            ax.set_ylim(bottom=0)
        axes[1].axhline(np.log(SPOKEN), color=INK, ls=":", lw=1.4)
        axes[1].text(2, np.log(SPOKEN) - 0.6, "without a code: ln 48", fontsize=8, va="top")
        axes[1].set_ylim(0, 20)
        axes[0].legend(fontsize=8)
    return drawn


# ---- samples and means


@figure
def u3_samples() -> Figure:
    """One number of a fact slice that knows the style, hidden beneath noise of deviation 1."""
    shift = 0.17
    rng = np.random.default_rng(0)
    styles = rng.integers(0, 2, 4000)
    means = np.where(styles == 1, shift, -shift) + 0.02 * rng.standard_normal(4000)
    samples = means + rng.standard_normal(4000)
    with canvas(1, 3, figsize=(9.2, 2.8)) as (drawn, axes):
        for ax, values, title, edges in (
            (axes[0], means, "means μ", np.linspace(-0.4, 0.4, 60)),
            (axes[1], samples, "samples μ + σε", np.linspace(-3.5, 3.5, 60)),
        ):
            right = ((values > 0) == (styles == 1)).mean()
            _two(ax, values, styles, edges)
            ax.set(title=f"{title}: {right:.2f} right", xlabel="one entry of the code", yticks=[])
        shifts = np.linspace(0, 3, 100)
        axes[2].plot(shifts, norm.cdf(shifts), color=BLUE)
        axes[2].plot(shift, norm.cdf(shift), "o", color=BAD, markersize=7)
        axes[2].annotate(f"here {norm.cdf(shift):.3f}", (shift + 0.15, norm.cdf(shift) - 0.01),
                         fontsize=8)  # fmt: skip
        axes[2].set(title="best accuracy by samples", xlabel="distance of the means in units of 2σ",
                    ylim=(0.48, 1.02))  # fmt: skip
    return drawn


def _two(ax: Axes, values: np.ndarray, styles: np.ndarray, edges: np.ndarray) -> None:
    for style, colour, name in ((0, ORANGE, "positive"), (1, PURPLE, "negative")):
        ax.hist(values[styles == style], edges, color=colour, alpha=0.65, label=name)
    ax.legend(fontsize=7.5, loc="upper right")
    ax.grid(visible=False)
