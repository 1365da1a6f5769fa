"""How big the networks of assignment 5 are at each tier, and how long they train.

The `full` tier has the numbers of Reed et al. 2016 and of their public code: captions of 201
characters in 1,024 numbers, pictures of 64 × 64, noise of 100, Adam with 2e-4 and β₁ = 0.5.
At the CPU tiers everything is narrower, and pictures have 32 × 32 pixels; both have the same
encoders, oracle and discriminator, so that what comes with the course serves both.
"""

from dataclasses import dataclass

from starter_code.tiers import Tier

__all__ = ["SIZES", "Sizes", "sizes"]


@dataclass(frozen=True)
class Sizes:
    """Widths and trainings at one tier."""

    pictures: int  # scenes, all splits together
    picture_size: int  # S
    characters: int  # of a caption that the character-level encoder reads
    text_dim: int  # E
    encoder_width: int  # channels of the encoders' first convolutions
    joint_steps: int  # of the joint embedding
    oracle_steps: int
    noise_dim: int  # Z
    width: int  # channels of generator and discriminator where they have fewest
    steps: int  # of the GAN
    batch_size: int = 64
    learning_rate: float = 2e-4  # of the generator's Adam
    judge_faster: float = 1.0  # the discriminator's rate, in these
    average: float = 0.0  # running mean of the generator's weights, see `solver.Options`
    projection: int = 128  # what a text is projected to


SIZES = {
    "tiny": Sizes(240, 32, 128, 128, 32, 10, 10, 16, 32, 10, batch_size=16, learning_rate=1e-3),
    "small": Sizes(8000, 32, 128, 128, 32, 3000, 1500, 64, 32, 2500, 64, 5e-4, 2.0),
    "full": Sizes(40000, 64, 201, 1024, 128, 20000, 20000, 100, 64, 60000),
}


def sizes(tier: Tier) -> Sizes:
    """The sizes of a tier."""
    return SIZES[tier.name]
