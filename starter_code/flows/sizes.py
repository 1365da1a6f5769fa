"""How big the flow of assignment 6 is at each tier, and how long it trains there.

`grey` trains within minutes, on handwritten digits or on COIL-20; `rooms` is the flow of the second
half. At the tiers tiny and small the notebook trains on few rooms, and then takes the flow that
comes with the course (`given`, the tier small, trained longer by `benchmarks/flows.py --give`).
"""

from dataclasses import dataclass

from starter_code.flows.glow import GlowSizes
from starter_code.tiers import Tier

__all__ = ["GIVEN_SIZES", "GIVEN_TRAINING", "SIZES", "FlowSizes", "Training", "sizes"]


@dataclass(frozen=True)
class Training:
    """How long a flow trains; see `solver.Options`."""

    epochs: int
    steps_per_epoch: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    warm_up: int = 100


@dataclass(frozen=True)
class FlowSizes:
    """The flows of one tier and their trainings."""

    grey: GlowSizes  # 28 x 28 digits; COIL-20 at its own size with one scale more
    grey_training: Training
    rooms: GlowSizes
    rooms_training: Training
    pictures: int  # rooms drawn for the training


GIVEN_SIZES = GlowSizes(channels=3, size=32, scales=3, steps=8, hidden=128, levels=32)
GIVEN_TRAINING = Training(
    epochs=21, steps_per_epoch=200, batch_size=32, learning_rate=2e-3, warm_up=200
)

SIZES = {
    "tiny": FlowSizes(
        grey=GlowSizes(1, 28, scales=2, steps=2, hidden=16, levels=256),
        grey_training=Training(2, 10),
        rooms=GlowSizes(3, 16, scales=2, steps=2, hidden=16),
        rooms_training=Training(2, 10),
        pictures=500,
    ),
    "small": FlowSizes(
        grey=GlowSizes(1, 28, scales=2, steps=8, hidden=64, levels=256),
        grey_training=Training(6, 100, learning_rate=5e-3, warm_up=50),
        rooms=GIVEN_SIZES,
        rooms_training=Training(6, 60, learning_rate=2e-3, warm_up=60),
        pictures=8000,
    ),
    "full": FlowSizes(
        grey=GlowSizes(1, 28, scales=2, steps=16, hidden=256, levels=256),
        grey_training=Training(60, 500, batch_size=128),
        rooms=GlowSizes(3, 64, scales=4, steps=16, hidden=256),
        rooms_training=Training(100, 1000, batch_size=64, warm_up=1000),
        pictures=100_000,
    ),
}


def sizes(tier: Tier) -> FlowSizes:
    """The sizes of a tier."""
    return SIZES[tier.name]
