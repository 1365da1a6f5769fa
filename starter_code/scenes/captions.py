"""Plain captions: what a person would say who looks at the picture and adds nothing.

A caption is one of a few sentence plans, filled with noun phrases, a relation that is true in the
picture, and the time of day and weather. Every object is named with its colour; its size sometimes.
"""

from collections.abc import Callable

import numpy as np

from starter_code.scenes.sampling import KIND_TABLE, Scene, SceneObject
from starter_code.scenes.words import (
    NOUNS,
    PLACES,
    RELATIONS,
    SETTINGS,
    SIZE_WORDS,
    VERBS,
    choose,
    in_a_row,
    sentence,
    with_article,
)

USUAL = 0.66  # chance of the usual word where there are synonyms
SIZE_CHANCE = 0.2  # how often the size is said
APART = 0.16  # smallest distance that is called left or right, as a fraction of the picture
CLOSE = 0.45  # largest distance, across plus down, that is called near


def captions(scene: Scene, rng: np.random.Generator | int, n: int = 5) -> list[str]:
    """`n` plain captions of a picture; they say only what is true, and differ where they can.

    Example:
        >>> from starter_code.scenes import sample_scene
        >>> len(captions(sample_scene(0), 0))
        5
    """
    rng = np.random.default_rng(rng)
    said: list[str] = []
    while len(said) < n:
        caption = _caption(scene, rng)
        if caption in said:
            caption = _caption(scene, rng)
        said.append(caption)
    return said


def noun_phrase(thing: SceneObject, rng: np.random.Generator, before: str = "") -> str:
    """An object with article and colour, such as "a small red house"; `before` goes in front."""
    size = choose(rng, SIZE_WORDS[thing.size], USUAL) if rng.random() < SIZE_CHANCE else ""
    noun = choose(rng, NOUNS[thing.kind], USUAL)
    return with_article(" ".join(filter(None, (before, size, thing.colour, noun))))


def setting(scene: Scene, rng: np.random.Generator) -> str:
    """Weather and time of day, such as "on a rainy evening"."""
    return choose(rng, SETTINGS[scene.weather, scene.time_of_day], USUAL)


def left_to_right(scene: Scene) -> list[SceneObject]:
    """The objects as one reads them."""
    return sorted(scene.objects, key=lambda thing: thing.x)


def relation(one: SceneObject, others: list[SceneObject]) -> str:
    """The name in RELATIONS of how `one` stands to all the others; "" if there is no one word."""
    if all(one.extent[3] <= other.extent[1] + 0.06 for other in others):
        return "above"
    if all(other.extent[3] <= one.extent[1] + 0.06 for other in others):
        return "below"
    if all(one.x + APART <= other.x for other in others):
        return "left"
    if all(other.x + APART <= one.x for other in others):
        return "right"
    if all(abs(one.x - other.x) + abs(one.y - other.y) < CLOSE for other in others):
        return "near"
    return ""


def _caption(scene: Scene, rng: np.random.Generator) -> str:
    plans = _PLANS[min(len(scene.objects), 2)]
    lot, start = rng.random(), 0.0
    for chance, plan in plans:
        start += chance
        if lot < start:
            return sentence(plan(scene, rng))
    raise AssertionError("the chances of the plans add up to less than 1")


def _place(scene: Scene, thing: SceneObject, rng: np.random.Generator) -> str:
    home = KIND_TABLE[thing.kind].home
    ground = "snow" if scene.weather == "snowy" else "ground"
    return choose(rng, PLACES[home if home == "sky" else ground], USUAL)


def _verb(thing: SceneObject, rng: np.random.Generator) -> str:
    return choose(rng, VERBS[thing.kind], USUAL)


def _related(scene: Scene, rng: np.random.Generator, verb: bool) -> str:
    """ "a kite [flies] above a house and a tree": the subject first, in true relation to the rest.

    Where no relation holds for all the rest, the objects are only listed.
    """
    subject, *others = _in_order(scene, rng)
    name = relation(subject, others)
    if not name:
        return in_a_row([noun_phrase(thing, rng) for thing in (subject, *others)])
    if name in ("left", "right") and rng.random() < 0.15 and _side_by_side(subject, others):
        name = "beside"
    words = [noun_phrase(subject, rng), _verb(subject, rng) if verb else ""]
    words += [choose(rng, RELATIONS[name], USUAL), in_a_row([noun_phrase(o, rng) for o in others])]
    return " ".join(filter(None, words))


def _side_by_side(one: SceneObject, others: list[SceneObject]) -> bool:
    return len(others) == 1 and abs(one.x - others[0].x) + abs(one.y - others[0].y) < CLOSE


def _in_order(scene: Scene, rng: np.random.Generator) -> list[SceneObject]:
    """Left to right, but one above all others comes first; now and then from the other end."""
    things = left_to_right(scene)
    lone_flyer = [t for t in things if relation(t, [o for o in things if o is not t]) == "above"]
    things.sort(key=lambda thing: thing not in lone_flyer)
    return things[::-1] if rng.random() < 0.15 else things


def _stands_somewhere(scene: Scene, rng: np.random.Generator) -> str:
    (thing,) = scene.objects
    subject, verb = noun_phrase(thing, rng), _verb(thing, rng)
    return f"{subject} {verb} {_place(scene, thing, rng)} {setting(scene, rng)}"


def _is_somewhere(scene: Scene, rng: np.random.Generator) -> str:
    (thing,) = scene.objects
    return f"{noun_phrase(thing, rng)} {_place(scene, thing, rng)} {setting(scene, rng)}"


def _there_is_one(scene: Scene, rng: np.random.Generator) -> str:
    return f"there is {_is_somewhere(scene, rng)}"


def _in_weather_one_stands(scene: Scene, rng: np.random.Generator) -> str:
    (thing,) = scene.objects
    subject, verb = noun_phrase(thing, rng), _verb(thing, rng)
    return f"{setting(scene, rng)}, {subject} {verb} {_place(scene, thing, rng)}"


def _list(scene: Scene, rng: np.random.Generator) -> str:
    things = [noun_phrase(thing, rng) for thing in left_to_right(scene)]
    return f"{in_a_row(things)} {setting(scene, rng)}"


def _picture_of(scene: Scene, rng: np.random.Generator) -> str:
    return f"a picture of {_list(scene, rng)}"


def _relate(scene: Scene, rng: np.random.Generator) -> str:
    return f"{_related(scene, rng, verb=False)} {setting(scene, rng)}"


def _relate_with_verb(scene: Scene, rng: np.random.Generator) -> str:
    return f"{_related(scene, rng, verb=True)} {setting(scene, rng)}"


def _there_is_related(scene: Scene, rng: np.random.Generator) -> str:
    return f"there is {_relate(scene, rng)}"


def _in_weather_relate(scene: Scene, rng: np.random.Generator) -> str:
    return f"{setting(scene, rng)}, {_related(scene, rng, verb=True)}"


_Plan = Callable[[Scene, np.random.Generator], str]
_PLANS: dict[
    int, tuple[tuple[float, _Plan], ...]
] = {  # one object; two or three. Chances add up to 1.
    1: (
        (0.40, _stands_somewhere),
        (0.28, _is_somewhere),
        (0.16, _there_is_one),
        (0.16, _in_weather_one_stands),
    ),
    2: (
        (0.34, _relate_with_verb),
        (0.22, _relate),
        (0.18, _list),
        (0.06, _picture_of),
        (0.10, _there_is_related),
        (0.10, _in_weather_relate),
    ),
}
