"""Styled captions of the picture world whose every word is known to tell a fact or to carry style.

`scenes.styles` writes such captions for a data set on disk. Here the same words are drawn from two
generators, one for what is said and one for how: with the first held and the second changed, the
same facts are told in another style. So a caption's style cannot be read from its facts, and what a
network should say after two captions have exchanged their styles is known word for word.
"""

from dataclasses import dataclass

import numpy as np

from starter_code.errors import CourseError
from starter_code.scenes.captions import noun_phrase, setting
from starter_code.scenes.sampling import Scene
from starter_code.scenes.styles import (
    AFTERTHOUGHT_CHANCE,
    STYLES,
    _adjective,
    _afterthought,
    _beside,
    _subject_first,
)
from starter_code.scenes.words import sentence, tokenize

__all__ = ["FACTUAL", "Told", "in_all_styles", "tell"]

FACTUAL = "factual"


@dataclass(frozen=True)
class Told:
    """A caption and, word by word, whether it was put in for the style.

    text     a sentence with capital letter and full stop
    style    one of STYLES, or FACTUAL
    tokens   its words in lower case
    marks    True for a word of the style; the same length as `tokens`

    The time of day in an afterthought ("what a lovely evening") counts as style: it is there
    because the style asked for a remark, not because the caption set out to tell the time.
    """

    text: str
    style: str
    tokens: tuple[str, ...]
    marks: tuple[bool, ...]

    @property
    def facts(self) -> tuple[str, ...]:
        """The words that are not the style's: the same in every style, but for "a" and "an"."""
        return tuple(word for word, mark in zip(self.tokens, self.marks, strict=True) if not mark)

    @property
    def style_words(self) -> tuple[str, ...]:
        """The words that the style put in."""
        return tuple(word for word, mark in zip(self.tokens, self.marks, strict=True) if mark)


def tell(
    scene: Scene,
    style: str,
    facts: np.random.Generator | int,
    words: np.random.Generator | int,
) -> Told:
    """One caption of a picture in a style; what it says of the objects is true.

    Args:
        style: one of STYLES, or FACTUAL for the bare statement.
        facts: generator, or seed, of what is said: subject, neighbours, setting, synonyms.
        words: generator, or seed, of how: the adjective and the afterthought.

    Raises:
        CourseError: for a style that the world does not have.

    Example:
        >>> from starter_code.scenes import sample_scene
        >>> tell(sample_scene(1), "factual", 5, 0).text
        'A purple cat below an orange bird on a cloudy night.'
        >>> tell(sample_scene(1), "negative", 5, 0).style_words
        ('noisy', 'simply', 'horrible')
    """
    if style not in (*STYLES, FACTUAL):
        raise CourseError(
            f"There is no style {style!r}; choose from {', '.join(STYLES)} or {FACTUAL}."
        )
    facts, words = np.random.default_rng(facts), np.random.default_rng(words)
    subject, *others = _subject_first(scene, facts)
    adjective = "" if style == FACTUAL else _adjective(scene, subject, style, words)
    said = [noun_phrase(subject, facts, adjective)]
    if others and facts.random() < 0.75:
        said.append(_beside(subject, others, facts))
    if facts.random() < 0.6:
        said.append(setting(scene, facts))
    remark = ""
    if style != FACTUAL and words.random() < AFTERTHOUGHT_CHANCE[style]:
        remark = _afterthought(scene, subject, style, words)
    return _marked(" ".join(said), style, adjective, remark)


def in_all_styles(
    scene: Scene, seed: int | list[int], styles: tuple[str, ...] = STYLES
) -> dict[str, Told]:
    """The same facts told in each of `styles`: style -> caption.

    A style's words come from a generator of its own, so leaving a style out changes no other.
    """
    root = [seed] if isinstance(seed, int) else list(seed)
    return {
        style: tell(scene, style, np.random.default_rng([*root, 0]), _generator(root, style))
        for style in styles
    }


def _generator(root: list[int], style: str) -> np.random.Generator:
    return np.random.default_rng([*root, 1 + (*STYLES, FACTUAL).index(style)])


def _marked(statement: str, style: str, adjective: str, remark: str) -> Told:
    text = sentence(f"{statement}, {remark}" if remark else statement)
    plain, tail = tokenize(statement), tokenize(remark)
    marks = [False] * len(plain) + [True] * len(tail)
    if adjective:
        marks[1] = True  # the article comes first
    return Told(text, style, (*plain, *tail), tuple(marks))
