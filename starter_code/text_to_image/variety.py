"""A term against collapse: other noise shall give another picture (Mao et al. 2019).

A generator that draws one good picture per text satisfies the judge. The *mode-seeking* term asks
for pictures that differ as much as their noise does.
"""

from collections.abc import Callable

from torch import Tensor, nn

__all__ = ["mode_seeking"]


def mode_seeking(
    generator: Callable[[Tensor, Tensor], Tensor],
    discriminator: nn.Module,
    noise: Tensor,
    texts: Tensor,
    partners: Tensor,
) -> Tensor:
    """Minus the mean of |G(z₁, h) - G(z₂, h)| / |z₁ - z₂|, both as mean absolute differences.

    It takes what `interpolation_loss` takes, so that it can stand in its place in `Losses`; the
    second noise is that of the partner. A quarter of the batch is enough, and saves time.
    """
    part = max(2, len(noise) // 4)
    one, other, texts = noise[:part], noise[partners[:part]], texts[:part]
    apart = (generator(one, texts) - generator(other, texts)).abs().flatten(1).mean(1)
    return -(apart / (one - other).abs().mean(1)).mean()
