"""A latent vector cut into slices, and the two filters on them.

DSIC, section 3.3: z = [z_s1 ; … ; z_sK ; z_f], K style slices of the same width and one fact slice.
D-Images has a slice for each style (K = 2 in the paper), D-Captions one in all (K = 1), because a
caption is written in one style only. Letters: B batch, K style slices, S styles, d entries of a
style slice, F entries of the fact slice, Z = K·d + F, V_s and V_f words of style and of fact.
"""

from typing import NamedTuple

from torch import Tensor, nn

from starter_code.errors import CourseError

__all__ = ["Filters", "Latent", "split_latent"]


class Latent(NamedTuple):
    """What one pass through D-Images or D-Captions gives."""

    output: Tensor  # the visual vector again (B, D), or scores of the next words (B, T-1, V)
    mu: Tensor  # μ of q(z|x), (B, Z)
    log_variance: Tensor  # log σ², (B, Z)
    styles: Tensor  # the style slices of a sample z, (B, K, d)
    facts: Tensor  # its fact slice, (B, F)


def split_latent(z: Tensor, slices: int, style_dim: int) -> tuple[Tensor, Tensor]:
    """[z_s1 ; … ; z_sK ; z_f] -> its style slices and its fact slice (DSIC, section 3.3.1).

    Args:
        z: (B, Z), the style slices first.
        slices: K. style_dim: d.

    Returns:
        styles (B, K, d), facts (B, Z - K·d).

    Raises:
        CourseError: z has no room for a fact slice behind its style slices.

    Example:
        >>> import torch
        >>> styles, facts = split_latent(torch.arange(7.0)[None], 2, 2)
        >>> styles.tolist(), facts.tolist()
        ([[[0.0, 1.0], [2.0, 3.0]]], [[4.0, 5.0, 6.0]])
    """
    width = slices * style_dim
    if z.shape[1] <= width:
        raise CourseError(
            f"A latent vector of {z.shape[1]} numbers has no fact slice behind {slices} style "
            f"slices of {style_dim}: make it longer."
        )
    return z[:, :width].unflatten(1, (slices, style_dim)), z[:, width:]


class Filters(nn.Module):
    """The style filter and the fact filter: each a classifier and a discriminator (section 3.3).

    style_classifier      p(l | z_s*)   one style slice (…, d) -> scores of the styles (…, S)
    fact_classifier       p(w | z_f)    the fact slice (B, F) -> scores of the fact words (B, V_f)
    style_discriminator   p(w | z_f)    the fact slice (B, F) -> scores of the style words (B, V_s)
    fact_discriminator    p(w | z_s)    all style slices (B, K·d) -> of the fact words (B, V_f)

    All four are single linear layers, as (5) says; the softmax is left to the losses.
    """

    def __init__(
        self, *, slices: int, style_dim: int, fact_dim: int, styles: int, style_words: int,
        fact_words: int,
    ) -> None:  # fmt: skip
        super().__init__()
        self.style_classifier = nn.Linear(style_dim, styles)
        self.fact_classifier = nn.Linear(fact_dim, fact_words)
        self.style_discriminator = nn.Linear(fact_dim, style_words)
        self.fact_discriminator = nn.Linear(slices * style_dim, fact_words)

    def discriminators(self) -> list[nn.Parameter]:
        """θ_dis(s) and θ_dis(f): what lines 2, 3, 7 and 8 of Algorithm 1 train."""
        return [*self.style_discriminator.parameters(), *self.fact_discriminator.parameters()]
