"""Trained networks of assignment 5 that come with the course, read by `starter_code.tensors`.

scenes_small_text.safetensors        the character-level text encoder φ and the picture encoder
scenes_small_oracle.safetensors      the oracle, see `starter_code.text_to_image.oracle`
scenes_small_look.safetensors        what a judge starts from: it names what scenes show
scenes_small_generator.safetensors   a generator that was trained longer than a lab has time for

All are made by `python benchmarks/text_to_image.py --give encoders`, the generator by
`--give generator` (10,000 steps, 32,000 scenes of another world, mode seeking with weight 0.02).
"""

from pathlib import Path

from starter_code.errors import CourseError

__all__ = ["GIVEN", "given_file", "has_given"]

GIVEN = Path(__file__).parent
_OF_TIER = {"tiny": "small"}  # the tiers whose networks are another tier's


def has_given(what: str, tier: str) -> bool:
    """Whether such a file comes with the course."""
    return _path(what, tier).is_file()


def given_file(what: str, tier: str) -> Path:
    """The file with the networks `what` ("text", "oracle" or "generator") of a tier.

    Raises:
        CourseError: none comes with the course.
    """
    path = _path(what, tier)
    if not path.is_file():
        raise CourseError(
            f"No {what} network comes with the course at the tier {tier}: take the tier small, or "
            "train one and give its path."
        )
    return path


def _path(what: str, tier: str) -> Path:
    return GIVEN / f"scenes_{_OF_TIER.get(tier, tier)}_{what}.safetensors"
