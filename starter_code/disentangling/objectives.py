"""Well-known ways to disentangle without labels: FactorVAE and DIP-VAE.

Each gives a term to be added to the loss of a VAE (3), from a batch's samples or posteriors (B, Z).
(β-VAE, Higgins et al. 2017, needs no term of its own: it is (3) with a λ_kl above 1.) None knows
what style is: what they find, they find in the data, and Locatello et al. (2019) prove that without
further assumptions nothing can be promised.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "Critic",
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
