"""What a caption says of a picture, and what is true of a scene: both as rows of one list, FACTS.

A caption is true of a picture if every fact that it claims is one of the picture's. Truth is not
symmetric: "a red car" is true of a red car at night, "a red car at night" not of every red car.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from starter_code.scenes.captions import relation
from starter_code.scenes.sampling import (
    COLOURS,
    KIND_TABLE,
    KINDS,
    SIZES,
    TIMES,
    WEATHERS,
    Scene,
    SceneObject,
)
from starter_code.scenes.words import NOUNS, PLACES, RELATIONS, SETTINGS, SIZE_WORDS, tokenize

__all__ = ["FACTS", "PLACE_NAMES", "PROPERTIES", "Fact", "claimed_facts", "true_facts"]

Fact = tuple[str, ...]  # such as ("colour", "red") or ("thing", "red", "car")

PLACE_NAMES = ("grass", "snow", "sky")
# What `caption_match` asks for, each with its values.
PROPERTIES: dict[str, tuple[str, ...]] = {
    "object": KINDS,
    "colour": COLOURS,
    "place": PLACE_NAMES,
    "time of day": TIMES,
}
_STANDS = ("left", "right", "above", "below")

# Settings that leave the time of day, or the weather, open.
_ANY_TIME = {
    "under a cloudy sky",
    "beneath soft clouds",
    "in the rain",
    "while rain falls",
    "in the falling snow",
}
_ANY_WEATHER = {"in the dark", "on a dim evening"}
_PLACE_OF = {"ground": "grass", "snow": "snow", "sky": "sky"}
_SIZE_OF = {word: size for size, words in SIZE_WORDS.items() for word in words}
_KIND_OF = {tuple(noun.split()): kind for kind, nouns in NOUNS.items() for noun in nouns}


def _all_facts() -> Iterator[Fact]:
    for name, values in PROPERTIES.items():
        yield from ((name, value) for value in values)
    yield from (("weather", value) for value in WEATHERS)
    things = [(colour, kind) for colour in COLOURS for kind in KINDS]
    yield from (("thing", *thing) for thing in things)
    yield from (("thing", size, *thing) for size in SIZES for thing in things)
    yield from ((where, one, other) for where in _STANDS for one in KINDS for other in KINDS)


FACTS: tuple[Fact, ...] = tuple(_all_facts())


def true_facts(scene: Scene) -> set[Fact]:
    """Everything in FACTS that is true of a scene."""
    found: set[Fact] = {("time of day", scene.time_of_day), ("weather", scene.weather)}
    for thing in scene.objects:
        found |= _things(thing.colour, thing.kind, thing.size)
        home = KIND_TABLE[thing.kind].home
        snowy = home == "ground" and scene.weather == "snowy"
        found.add(("place", "snow" if snowy else _PLACE_OF[home]))
        for other in scene.objects:
            if other is not thing:
                found |= {(where, thing.kind, other.kind) for where in _where(thing, other)}
    return found


def _where(one: SceneObject, other: SceneObject) -> set[str]:
    """How `one` stands to `other`: what captions would say of it, and plain left or right."""
    said = {relation(one, [other])} & set(_STANDS)
    return said | ({"left"} if one.x < other.x else {"right"})


def _things(colour: str, kind: str, size: str = "") -> set[Fact]:
    found: set[Fact] = {("object", kind), ("colour", colour), ("thing", colour, kind)}
    return found | ({("thing", size, colour, kind)} if size else set())


@lru_cache(maxsize=200_000)
def claimed_facts(caption: str) -> frozenset[Fact]:
    """Everything in FACTS that a caption of the picture world says.

    Example:
        >>> sorted(claimed_facts("A red car in the meadow in the rain."))[:2]
        [('colour', 'red'), ('object', 'car')]
    """
    words = tokenize(caption)
    found: set[Fact] = set()
    mentions = list(_mentions(words))
    for _, _, colour, kind, size in mentions:
        found |= _things(colour, kind, size)
    found |= _setting(words) | _place(words)
    if len(mentions) > 1:
        between = words[mentions[0][1] : mentions[1][0]]
        for where in _STANDS:
            if any(_holds(between, phrase) for phrase in RELATIONS[where]):
                one = mentions[0][3]
                found |= {(where, one, m[3]) for m in mentions[1:] if m[3] != one}
    return frozenset(found)


def _mentions(words: Sequence[str]) -> Iterator[tuple[int, int, str, str, str]]:
    """(first word, behind the last, colour, kind, size or "") of each object that is named."""
    for place, word in enumerate(words):
        if word not in COLOURS:
            continue
        for length in (3, 2, 1):
            kind = _KIND_OF.get(tuple(words[place + 1 : place + 1 + length]))
            if kind:
                size = _SIZE_OF.get(words[place - 1], "") if place else ""
                yield place, place + 1 + length, word, kind, size
                break


def _setting(words: Sequence[str]) -> set[Fact]:
    said = [
        (len(phrase), phrase, weather, time)
        for (weather, time), phrases in SETTINGS.items()
        for phrase in phrases
        if _holds(words, phrase)
    ]
    if not said:
        return set()
    _, phrase, weather, time = max(said)  # "in the rain" stands in "in the rain at night"
    found: set[Fact] = set() if phrase in _ANY_TIME else {("time of day", time)}
    return found if phrase in _ANY_WEATHER else found | {("weather", weather)}


def _place(words: Sequence[str]) -> set[Fact]:
    return {
        ("place", _PLACE_OF[name])
        for name, phrases in PLACES.items()
        if any(_holds(words, phrase) for phrase in phrases)
    }


def _holds(words: Sequence[str], phrase: str) -> bool:
    return f" {phrase} " in f" {' '.join(words)} "
