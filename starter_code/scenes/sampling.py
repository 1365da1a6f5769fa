"""What can stand in a picture, and how one picture's content is drawn by lot.

The picture world starts here: a `Scene` is a handful of factor values (time of day, weather, mood,
and one to three objects with kind, colour, size and place). `drawing` turns it into pixels,
`captions` and `styles` into words, `writing` into a data set. All lengths are fractions of the
picture's side, x to the right and y downwards, so that one scene can be drawn at any size.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from starter_code.errors import CourseError


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    home    "ground" or "sky": where it is found
    side    side of its square sprite, as a fraction of the picture, when it is large
    width, height    the part of the sprite that it fills; ground kinds touch the lower edge
    """

    name: str
    home: str
    side: float
    width: float
    height: float


KIND_TABLE = {
    kind.name: kind
    for kind in (
        Kind("house", "ground", 0.42, 0.95, 0.96),
        Kind("tree", "ground", 0.44, 0.82, 0.98),
        Kind("car", "ground", 0.42, 0.98, 0.59),
        Kind("cat", "ground", 0.38, 0.88, 0.96),
        Kind("dog", "ground", 0.40, 0.98, 0.87),
        Kind("flower", "ground", 0.36, 0.70, 0.99),
        Kind("mushroom", "ground", 0.34, 0.94, 0.93),
        Kind("ball", "ground", 0.28, 0.95, 0.95),
        Kind("umbrella", "ground", 0.40, 0.97, 0.96),
        Kind("kite", "sky", 0.38, 0.74, 0.98),
        Kind("balloon", "sky", 0.40, 0.74, 0.98),
        Kind("bird", "sky", 0.36, 0.97, 0.66),
    )
}

KINDS: tuple[str, ...] = tuple(KIND_TABLE)
COLOURS: tuple[str, ...] = ("red", "orange", "yellow", "green", "blue", "purple")
SIZES: tuple[str, ...] = ("small", "large")
TIMES: tuple[str, ...] = ("day", "evening", "night")
WEATHERS: tuple[str, ...] = ("clear", "cloudy", "rainy", "snowy")
MOODS: tuple[str, ...] = ("cheerful", "gloomy")

# The mood leans on the weather, as it does in life, but is never decided by it.
CHEERFUL_CHANCE = {"clear": 0.75, "cloudy": 0.45, "rainy": 0.3, "snowy": 0.6}

HORIZON = 0.60  # where ground meets sky
SMALL = 0.66  # side of a small sprite, relative to a large one
BACKDROPS = 4  # how many landscapes there are of each time, weather and mood
TWINS_CHANCE = 0.15  # how often the second object is of the same kind as the first
MOST_HIDDEN = 0.10  # share of the smaller of two boxes that the other one may cover
MARGIN = 0.01


@dataclass(frozen=True)
class SceneObject:
    """One object; (x, y) is the centre of its square sprite as a fraction of the picture."""

    kind: str
    colour: str
    size: str
    x: float
    y: float
    mirrored: bool = False

    @property
    def side(self) -> float:
        """Side of the square sprite, as a fraction of the picture."""
        return KIND_TABLE[self.kind].side * (SMALL if self.size == "small" else 1.0)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of what is drawn, as fractions of the picture."""
        kind, side = KIND_TABLE[self.kind], self.side
        bottom = self.y + side / 2
        half = side * kind.width / 2
        return self.x - half, bottom - side * kind.height, self.x + half, bottom


@dataclass(frozen=True)
class Scene:
    """Everything that a picture shows: the factor values from which pixels and words follow."""

    time_of_day: str
    weather: str
    mood: str
    objects: tuple[SceneObject, ...]
    backdrop: int = 0
    index: int = 0


def sample_scene(
    rng: np.random.Generator | int,
    objects: tuple[int, int] = (1, 3),
    *,
    kinds: Sequence[str] = KINDS,
    colours: Sequence[str] = COLOURS,
    times: Sequence[str] = TIMES,
    weathers: Sequence[str] = WEATHERS,
    moods: Sequence[str] = MOODS,
    index: int = 0,
) -> Scene:
    """Draw a scene by lot.

    Args:
        rng: a NumPy generator, or a seed for one.
        objects: fewest and most objects (1 to 3).
        kinds, colours, times, weathers, moods: the values allowed; fewer make a smaller world.
        index: number of the scene in its data set, carried along.

    Raises:
        CourseError: for a value that the world does not have, or too many objects.

    Example:
        >>> sample_scene(3) == sample_scene(3)
        True
    """
    _refuse_unknown(kinds, colours, times, weathers, moods)
    fewest, most = objects
    if not 1 <= fewest <= most <= 3 or most > len(kinds) * len(colours):
        raise CourseError(
            f"A scene cannot have {fewest} to {most} objects of {len(kinds)} kinds in "
            f"{len(colours)} colours; ask for 1 to 3, with a kind and colour for each."
        )
    rng = np.random.default_rng(rng)
    weather = _pick(rng, weathers)
    number = int(rng.integers(fewest, most + 1))
    return Scene(
        time_of_day=_pick(rng, times),
        weather=weather,
        mood=_sample_mood(rng, weather, moods),
        objects=_place(rng, _sample_pairs(rng, number, kinds, colours)),
        backdrop=int(rng.integers(BACKDROPS)),
        index=index,
    )


def scene_at(seed: int, index: int, objects: tuple[int, int] = (1, 3)) -> Scene:
    """The scene with number `index` of the world `seed`; no other scene has to be made first."""
    return sample_scene(np.random.default_rng([seed, index]), objects, index=index)


def factors(scene: Scene) -> dict[str, Any]:
    """The factor values as plain JSON: the ground truth of a picture."""
    return asdict(scene) | {"objects": [asdict(thing) for thing in scene.objects]}


def _refuse_unknown(*chosen: Sequence[str]) -> None:
    for given, known in zip(chosen, (KINDS, COLOURS, TIMES, WEATHERS, MOODS), strict=True):
        unknown = [value for value in given if value not in known]
        if unknown or not given:
            raise CourseError(
                f"The picture world has no {', '.join(map(repr, unknown)) or 'empty choice'}; "
                f"choose from {', '.join(known)}."
            )


def _pick(rng: np.random.Generator, values: Sequence[str]) -> str:
    return values[int(rng.integers(len(values)))]


def _sample_mood(rng: np.random.Generator, weather: str, moods: Sequence[str]) -> str:
    if len(moods) == 1:
        return moods[0]
    return "cheerful" if rng.random() < CHEERFUL_CHANCE[weather] else "gloomy"


def _sample_pairs(
    rng: np.random.Generator, number: int, kinds: Sequence[str], colours: Sequence[str]
) -> list[tuple[str, str]]:
    """`number` different (kind, colour) pairs, so that words can always tell two objects apart.

    Kinds differ too, except for twins now and then, and where there are not kinds enough.
    """
    pairs: list[tuple[str, str]] = []
    twins = rng.random() < TWINS_CHANCE
    while len(pairs) < number:
        kind = pairs[0][0] if twins and len(pairs) == 1 else _pick(rng, kinds)
        pair = kind, _pick(rng, colours)
        repeats = kind in {other for other, _ in pairs}
        expected = (twins and len(pairs) == 1) or len(pairs) >= len(kinds)
        if pair not in pairs and (not repeats or expected):
            pairs.append(pair)
    return pairs


def _place(rng: np.random.Generator, pairs: list[tuple[str, str]]) -> tuple[SceneObject, ...]:
    """Give each pair a size and a place such that no object hides another."""
    while True:
        placed: list[SceneObject] = []
        for kind, colour in pairs:
            thing = _find_room(rng, kind, colour, placed)
            if thing is None:
                break
            placed.append(thing)
        else:
            return tuple(placed)


def _find_room(
    rng: np.random.Generator, kind: str, colour: str, placed: list[SceneObject], tries: int = 12
) -> SceneObject | None:
    size = _pick(rng, SIZES)
    mirrored = bool(rng.random() < 0.5)
    for across, depth in rng.random((tries, 2)).tolist():
        thing = _put(kind, colour, size, mirrored, across, depth)
        if all(hidden_share(thing, other) <= MOST_HIDDEN for other in placed):
            return thing
    return None


def _put(
    kind: str, colour: str, size: str, mirrored: bool, across: float, depth: float
) -> SceneObject:
    """An object whose drawn part lies inside the picture; `across` and `depth` are in [0, 1)."""
    shape = KIND_TABLE[kind]
    side = SceneObject(kind, colour, size, 0, 0).side
    reach = MARGIN + side * shape.width / 2
    x = reach + across * (1 - 2 * reach)
    if shape.home == "ground":
        bottom = HORIZON + 0.10 + depth * (1 - MARGIN - HORIZON - 0.10)
    else:
        highest = MARGIN + side * shape.height
        bottom = highest + depth * max(0.0, HORIZON - 0.04 - highest)
    return SceneObject(kind, colour, size, round(x, 4), round(bottom - side / 2, 4), mirrored)


def hidden_share(one: SceneObject, other: SceneObject) -> float:
    """Area that two boxes share, divided by the area of the smaller box."""
    a, b = one.extent, other.extent
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / min(areas)
