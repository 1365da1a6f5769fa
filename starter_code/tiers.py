"""How big a run is: `tiny` for tests, `small` for a laptop, `full` for a GPU and real data.

Notebooks, data sets and solvers read their sizes here and nowhere else, so that one word moves a
lab from a test of seconds to a training of hours.
"""

import os
from dataclasses import dataclass

from starter_code.errors import CourseError

__all__ = ["TIERS", "Tier", "tier"]


@dataclass(frozen=True)
class Tier:
    """The sizes of one kind of run; letters are those of the labs (B batch, D, E, H, A, T)."""

    name: str
    purpose: str  # one line that notebooks print
    pictures: int  # scenes in the picture world, all splits together
    picture_size: int  # pixels per side
    encoder: str  # "small" (trained from scratch) or "resnet101" (ImageNet weights)
    encoder_dim: int  # D
    embed_dim: int  # E
    hidden_dim: int  # H
    attention_dim: int  # A
    epochs: int
    batch_size: int  # captions per step (B)
    learning_rate: float  # decoder
    encoder_learning_rate: float
    validation_pictures: int  # decoded for BLEU-4 after each epoch
    min_word_freq: int
    max_length: int  # longest caption in words
    beam_size: int
    captions_drawn: int  # captions of a picture that one epoch trains on
    pretraining_steps: int  # of the encoder before there is a decoder; 0: it comes with weights
    captions_per_picture: int = 5  # captions of a picture in the data set

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.purpose} "
            f"({self.pictures:,} scenes of {self.picture_size} px, {self.epochs} epochs of batches "
            f"of {self.batch_size} captions, E={self.embed_dim}, H={self.hidden_dim}, "
            f"D={self.encoder_dim})"
        )


TIERS = {
    "tiny": Tier(
        name="tiny",
        purpose="does it run? A few seconds; the captions are poor",
        pictures=240,
        picture_size=32,
        encoder="small",
        encoder_dim=32,
        embed_dim=32,
        hidden_dim=48,
        attention_dim=32,
        epochs=2,
        batch_size=80,
        learning_rate=4e-3,
        encoder_learning_rate=4e-3,
        validation_pictures=16,
        min_word_freq=1,
        max_length=30,
        beam_size=3,
        captions_drawn=5,
        pretraining_steps=20,
    ),
    "small": Tier(
        name="small",
        purpose="a training on a laptop without a GPU, at most five minutes",
        pictures=6000,
        picture_size=64,
        encoder="small",
        encoder_dim=64,
        embed_dim=64,
        hidden_dim=128,
        attention_dim=64,
        epochs=8,
        batch_size=20,
        learning_rate=6e-3,
        encoder_learning_rate=3e-3,
        validation_pictures=100,
        min_word_freq=1,
        max_length=30,
        beam_size=5,
        captions_drawn=1,
        pretraining_steps=2500,
    ),
    "full": Tier(
        name="full",
        purpose="a GPU and the handout's encoder; real data sets",
        pictures=40000,
        picture_size=128,
        encoder="resnet101",
        encoder_dim=2048,
        embed_dim=512,
        hidden_dim=512,
        attention_dim=512,
        epochs=20,
        batch_size=160,
        learning_rate=4e-4,
        encoder_learning_rate=1e-4,
        validation_pictures=1000,
        min_word_freq=5,
        max_length=50,
        beam_size=5,
        captions_drawn=2,
        pretraining_steps=0,
    ),
}


def tier(name: str | None = None) -> Tier:
    """The tier of that name; without a name that of `COURSE_TIER`, and `small` if that is unset.

    Raises CourseError for a name that is no tier.
    """
    chosen = name or os.environ.get("COURSE_TIER") or "small"
    if chosen not in TIERS:
        raise CourseError(f"There is no tier {chosen!r}: choose one of {', '.join(TIERS)}.")
    return TIERS[chosen]
