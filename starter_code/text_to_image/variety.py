"""One more term for the generator: against collapse.

A generator that draws one good picture per text satisfies the judge. The *mode-seeking* term (Mao
et al. 2019) asks for pictures that differ as much as their noise does. It takes what
`interpolation_loss` takes, so that it can stand in its place in `Losses`.
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
    """The mean of |z₁ - z₂| / |G(z₁, h) - G(z₂, h)|, lengths as means of absolute values.

    The paper makes the inverse large, which has no end; its authors' code makes this small, and so
    do we: the further apart two pictures are, the less the term asks for.

    The second noise is that of the partner. Half of the batch is enough, and saves time.
    """
    part = max(2, len(noise) // 2)
    one, other, texts = noise[:part], noise[partners[:part]], texts[:part]
    apart = (generator(one, texts) - generator(other, texts)).abs().flatten(1).mean(1)
    return ((one - other).abs().mean(1) / (apart + 0.01)).mean()
