"""How big D-Images and D-Captions are at each tier, and how long they train.

The `full` tier is the paper's (DSIC, section 4.4). At the CPU tiers the LSTMs are narrower, for the
captions of the picture world are short and have few words, and the fact slice of D-Images has 256
entries for the paper's 960, so that assignment 4 can train generators on it; the style slices, and
D-Captions' both, are as wide as in the paper.
"""

from dataclasses import dataclass

from starter_code.tiers import Tier

__all__ = ["SIZES", "Sizes", "sizes"]


@dataclass(frozen=True)
class Sizes:
    """Widths and trainings of both modules at one tier."""

    image_hidden: int  # between the two layers of f and of g
    image_style: int  # d, entries of one style slice of D-Images
    image_facts: int  # F
    image_epochs: int
    caption_embed: int  # E
    caption_hidden: int  # H of both LSTMs
    caption_style: int  # d of D-Captions
    caption_facts: int  # F
    caption_epochs: int
    batch_size: int = 64
    learning_rate: float = 1e-3  # of RMSprop and Adam alike


SIZES = {
    "tiny": Sizes(64, 8, 32, 3, 32, 48, 8, 32, 2, batch_size=32, learning_rate=4e-3),
    "small": Sizes(512, 64, 256, 40, 64, 128, 8, 128, 20),
    "full": Sizes(1024, 64, 960, 60, 300, 256, 8, 128, 30),
}


def sizes(tier: Tier) -> Sizes:
    """The sizes of a tier."""
    return SIZES[tier.name]
