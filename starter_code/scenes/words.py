"""The language of the picture world: nouns, adjectives, verbs and settings, and how to read them.

A list's first word is the usual one; the others are its synonyms. Claims, the (colour, kind) pairs
that a caption makes, are read back with the same tables, so captions can be checked for truth.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from starter_code.scenes.sampling import COLOURS

NOUNS: dict[str, tuple[str, ...]] = {
    "house": ("house", "cottage", "cabin"),
    "tree": ("tree", "oak"),
    "car": ("car", "automobile", "vehicle"),
    "cat": ("cat", "kitty"),
    "dog": ("dog", "puppy", "hound"),
    "flower": ("flower", "blossom", "bloom"),
    "mushroom": ("mushroom", "toadstool"),
    "ball": ("ball", "beach ball"),
    "umbrella": ("umbrella", "parasol"),
    "kite": ("kite", "paper kite", "toy kite"),
    "balloon": ("balloon", "hot air balloon"),
    "bird": ("bird", "songbird"),
}
SIZE_WORDS: dict[str, tuple[str, ...]] = {
    "small": ("small", "little", "tiny"),
    "large": ("big", "large", "huge"),
}
VERBS: dict[str, tuple[str, ...]] = {
    "house": ("stands", "is standing"),
    "tree": ("stands", "grows"),
    "car": ("is parked", "stands"),
    "cat": ("sits", "is sitting"),
    "dog": ("stands", "is standing"),
    "flower": ("blooms", "grows"),
    "mushroom": ("grows", "sprouts"),
    "ball": ("lies", "rests", "is lying"),
    "umbrella": ("stands", "is standing"),
    "kite": ("flies", "is flying"),
    "balloon": ("floats", "drifts", "hovers"),
    "bird": ("flies", "is flying", "soars"),
}
PLACES: dict[str, tuple[str, ...]] = {
    "ground": ("on the grass", "in the meadow", "in a field"),
    "snow": ("on the snow", "on the frozen ground"),
    "sky": ("in the sky", "high in the air"),
}
RELATIONS: dict[str, tuple[str, ...]] = {
    "left": ("to the left of", "on the left side of", "left of"),
    "right": ("to the right of", "on the right side of", "right of"),
    "above": ("above", "over", "high above"),
    "below": ("below", "under", "beneath"),
    "near": ("near", "close to"),
    "beside": ("next to", "beside"),
}
SETTINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("clear", "day"): ("on a sunny day", "in the bright sunshine", "under a clear daytime sky"),
    ("clear", "evening"): ("at sunset", "on a clear evening", "while the sun goes down"),
    ("clear", "night"): ("on a starry night", "under the moon and stars", "on a clear night"),
    ("cloudy", "day"): ("on a cloudy day", "under a cloudy sky", "beneath soft clouds"),
    ("cloudy", "evening"): ("on a cloudy evening", "at dusk under the clouds", "on a dim evening"),
    ("cloudy", "night"): ("on a cloudy night", "under a cloudy night sky", "in the dark"),
    ("rainy", "day"): ("on a rainy day", "in the rain", "while rain falls"),
    ("rainy", "evening"): ("on a rainy evening", "in the evening rain", "at dusk in the rain"),
    ("rainy", "night"): ("on a rainy night", "in the rain at night", "on a wet night"),
    ("snowy", "day"): ("on a snowy day", "in the falling snow", "on a winter day"),
    ("snowy", "evening"): ("on a snowy evening", "while evening snow falls", "at dusk in winter"),
    ("snowy", "night"): ("on a snowy night", "while it snows at night", "on a winter night"),
}
_KIND_OF = {tuple(noun.split()): kind for kind, nouns in NOUNS.items() for noun in nouns}
_LONGEST = max(map(len, _KIND_OF))


def choose(rng: np.random.Generator, words: Sequence[str], usual: float = 0.0) -> str:
    """The first word with chance `usual`, otherwise any of them."""
    if len(words) == 1 or rng.random() < usual:
        return words[0]
    return words[int(rng.integers(len(words)))]


def with_article(phrase: str) -> str:
    """`phrase` behind "a" or "an": no word of this language has a silent h or a "you" sound."""
    return f"{'an' if phrase[0] in 'aeiou' else 'a'} {phrase}"


def in_a_row(phrases: Sequence[str]) -> str:
    """ "x", "x and y" or "x, y and z"."""
    *most, last = phrases
    return f"{', '.join(most)} and {last}" if most else last


def sentence(text: str) -> str:
    """The text with a capital letter and a full stop."""
    return f"{text[0].upper()}{text[1:]}."


def tokenize(caption: str) -> list[str]:
    """The caption's words in lower case, without punctuation, as Karpathy's files have them."""
    return re.findall(r"[a-z]+", caption.lower())


def claims(caption: str | Iterable[str]) -> set[tuple[str, str]]:
    """The (colour, kind) pairs that a caption, as text or tokens, says are in the picture.

    A claim is a colour word with a noun right behind it; synonyms count as their kind.

    Example:
        >>> sorted(claims("An orange kitty to the left of a big red hot air balloon."))
        [('orange', 'cat'), ('red', 'balloon')]
    """
    words = tokenize(caption if isinstance(caption, str) else " ".join(caption))
    found = set()
    for place, word in enumerate(words):
        if word in COLOURS:
            for length in range(_LONGEST, 0, -1):
                noun = tuple(words[place + 1 : place + 1 + length])
                if noun in _KIND_OF:
                    found.add((word, _KIND_OF[noun]))
                    break
    return found


def true_claims(factors: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The (colour, kind) pairs that are true of a picture with these factor values."""
    return {(thing["colour"], thing["kind"]) for thing in factors["objects"]}
