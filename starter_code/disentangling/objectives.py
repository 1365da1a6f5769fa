"""Well-known ways to disentangle without labels: FactorVAE and DIP-VAE.

Each gives a term to be added to the loss of a VAE (3), from a batch's samples or posteriors (B, Z).
(β-VAE, Higgins et al. 2017, needs no term of its own: it is (3) with a λ_kl above 1.) None knows
what style is: what they find, they find in the data, and Locatello et al. (2019) prove that without
further assumptions nothing can be promised.
"""

import itertools
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from starter_code.disentangling.examples import Batch
from starter_code.disentangling.latents import Latent
from starter_code.errors import CourseError

__all__ = [
    "Critic",
    "Unsupervised",
    "critic_loss",
    "dip_vae",
    "permute_dimensions",
    "total_correlation",
]


def dip_vae(
    mu: Tensor, log_variance: Tensor, off_diagonal: float = 10.0, diagonal: float = 10.0,
    kind: str = "ii",
) -> Tensor:  # fmt: skip
    """How far a covariance is from the identity (Kumar et al. 2018, equations 6 and 7).

    Args:
        kind: "i" takes the covariance of μ, "ii" that of z, Cov(μ) + E[diag σ²].
        off_diagonal, diagonal: λ_od and λ_d of the paper.
    """
    centred = mu - mu.mean(0)
    covariance = centred.T @ centred / len(mu)  # (Z, Z)
    if kind == "ii":
        covariance = covariance + log_variance.exp().mean(0).diag()
    diag = covariance.diagonal()
    off = covariance - diag.diag()
    return off_diagonal * off.square().sum() + diagonal * (diag - 1).square().sum()


class Critic(nn.Module):
    """Tells samples of q(z) from samples with shuffled dimensions: (B, Z) -> (B, 2) logits.

    Logit 0 stands for "a sample of q(z)". FactorVAE has six layers of 1,000 (Kim and Mnih 2018,
    appendix A); narrower ones do for small latent spaces.
    """

    def __init__(self, latent_dim: int, hidden: int = 256, layers: int = 3) -> None:
        super().__init__()
        widths = [latent_dim, *[hidden] * layers]
        parts: list[nn.Module] = []
        for i, o in itertools.pairwise(widths):
            parts += [nn.Linear(i, o), nn.LeakyReLU(0.2)]
        self.net = nn.Sequential(*parts, nn.Linear(hidden, 2))

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)

    def discriminators(self) -> list[nn.Parameter]:
        """All its parameters: RMSprop trains them, as it trains the discriminators of DSIC."""
        return list(self.parameters())


def total_correlation(critic: nn.Module, z: Tensor) -> Tensor:
    """The critic's estimate of KL(q(z) || Π q(z_j)) (Kim and Mnih 2018, equation 3)."""
    logits = critic(z)
    return (logits[:, 0] - logits[:, 1]).mean()


def critic_loss(critic: nn.Module, z: Tensor, other: Tensor, generator: torch.Generator) -> Tensor:
    """Cross-entropy of the critic on samples `z` and on shuffled samples of another batch."""
    shuffled = permute_dimensions(other.detach(), generator)
    logits = critic(torch.cat([z.detach(), shuffled]))
    targets = torch.arange(2, device=z.device).repeat_interleave(len(z))
    return F.cross_entropy(logits, targets)


def permute_dimensions(z: Tensor, generator: torch.Generator) -> Tensor:
    """Every column of z (B, Z) in an order of its own: a sample of Π q(z_j) (algorithm 1 there)."""
    orders = torch.rand(z.shape, generator=generator).argsort(0).to(z.device)
    return z.gather(0, orders)


class Unsupervised(nn.Module):
    """A VAE without filters, for `solver.fit`: its losses are "reconstruction", "kl" and "term".

    Args:
        vae: a VAE of the lab. kind: "beta" (the term is 0: give "kl" a weight above 1), "factor"
            (the term is the total correlation) or "dip".
        divergence: (mu, log_variance) -> KL in nats.
        seed: of what FactorVAE shuffles.

    Raises:
        CourseError: another kind.
    """

    def __init__(
        self, vae: nn.Module, kind: str, divergence: Callable[[Tensor, Tensor], Tensor],
        seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        if kind not in ("beta", "factor", "dip"):
            raise CourseError(f"There is no objective {kind!r}: take 'beta', 'factor' or 'dip'.")
        self.vae, self.kind, self.divergence = vae, kind, divergence
        self.latent_dim = vae.latent_dim
        self.filters = Critic(vae.latent_dim)
        self._generator = torch.Generator().manual_seed(seed)

    def forward(self, batch: Batch, noise: Tensor) -> Latent:
        return self.vae(*batch.inputs, noise)

    def discriminator_losses(self, latent: Latent, batch: Batch) -> tuple[Tensor, Tensor]:
        """The critic learns; beside it a zero, for `train_step` wants two."""
        if self.kind != "factor":
            return latent.mu.new_zeros((), requires_grad=True), latent.mu.new_zeros(())
        # FactorVAE takes a second batch to shuffle; the other half of this one does as well.
        one, other = _sample(latent).chunk(2)
        return critic_loss(self.filters, one, other, self._generator), latent.mu.new_zeros(())

    def losses(self, latent: Latent, batch: Batch) -> dict[str, Tensor]:
        term = latent.mu.new_zeros(())
        if self.kind == "factor":
            term = total_correlation(self.filters, _sample(latent))
        elif self.kind == "dip":
            term = dip_vae(latent.mu, latent.log_variance)
        return {
            "reconstruction": self.vae.reconstruction_loss(latent.output, *batch.inputs),
            "kl": self.divergence(latent.mu, latent.log_variance),
            "term": term,
        }


def _sample(latent: Latent) -> Tensor:
    return torch.cat([latent.styles.flatten(1), latent.facts], dim=1)
