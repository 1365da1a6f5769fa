"""From a scene to pixels, and to the exact ground truth of those pixels.

Sprites and landscapes are painted once at the size asked for and kept; a picture is then a copy of
its landscape with one to three sprites laid over it in whole-number arithmetic, which takes well
under a millisecond at 64 pixels and gives the same bytes on every machine.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from starter_code.errors import CourseError
from starter_code.scenes.backdrops import VEIL_COLOUR, backdrop, veil
from starter_code.scenes.sampling import KIND_TABLE, Scene, SceneObject
from starter_code.scenes.sprites import GLOWING, SPRITES, paint

SMALLEST, LARGEST = 32, 256

# How much of red, green and blue an object keeps, and what is added (0..255).
LIGHT: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "day": ((1.0, 1.0, 1.0), (0, 0, 0)),
    "evening": ((1.0, 0.9, 0.82), (6, 0, 0)),
    "night": ((0.82, 0.82, 0.92), (4, 4, 12)),
}
COLOUR_KEPT = {"cheerful": 1.0, "gloomy": 0.85}  # a gloomy picture is paler


@dataclass(frozen=True)
class _Layer:
    """Something to lay over a picture: new = old kept / 256 + added, in whole numbers."""

    kept: np.ndarray  # (h, w, 3) uint16 in 0..256: 256 where the layer is transparent
    added: np.ndarray  # (h, w, 3) uint16 in 0..255: the layer's colour times its cover


@dataclass(frozen=True)
class _Placed:
    """A layer and the pixel of the picture where its upper left corner lies."""

    layer: _Layer
    left: int
    top: int

    @property
    def region(self) -> tuple[slice, slice]:
        height, width = self.layer.kept.shape[:2]
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def draw_scene(scene: Scene, size: int = 64) -> np.ndarray:
    """Draw a picture.

    Returns:
        (H, W, 3) uint8 with H = W = `size`, from 32 to 256.

    Raises:
        CourseError: if the size is out of range.

    Example:
        >>> from starter_code.scenes import sample_scene
        >>> draw_scene(sample_scene(0), size=64).shape
        (64, 64, 3)
    """
    check_size(size)
    look = scene.time_of_day, scene.weather, scene.mood
    picture = _padded(backdrop(*look, scene.backdrop, size))
    for index in _back_to_front(scene):
        thing = scene.objects[index]
        if KIND_TABLE[thing.kind].home == "ground":
            _lay(picture, _shadow(thing, size))
        _lay(picture, _placed(scene, thing, size))
    return _under_weather(_cropped(picture, size), scene, size)


def masks(scene: Scene, size: int = 64) -> np.ndarray:
    """Which pixels show which object: (N, H, W) bool, in the order of `scene.objects`.

    A pixel belongs to the foremost object that covers at least half of it.
    """
    check_size(size)
    padded = size + 2 * _rim(size)
    owner = np.full((padded, padded), -1)
    for index in _back_to_front(scene):
        placed = _placed(scene, scene.objects[index], size)
        owner[placed.region][placed.layer.kept[..., 0] <= 128] = index
    owner = _cropped(owner, size)
    return owner[None] == np.arange(len(scene.objects))[:, None, None]


def boxes(scene: Scene, size: int = 64) -> list[tuple[float, float, float, float]]:
    """Each object's tight (left, top, right, bottom) of visible pixels, half open, in pixels."""
    return [box_of(mask) for mask in masks(scene, size)]


def box_of(mask: np.ndarray) -> tuple[float, float, float, float]:
    """The tight half-open box of a (H, W) mask, in pixels."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def keypoints(scene: Scene, size: int = 64) -> list[dict[str, tuple[float, float, bool]]]:
    """Each object's named points as (x, y, visible), x and y in pixels.

    A point is visible if no other object lies in front of it.
    """
    shown = masks(scene, size)
    return [
        {
            name: _keypoint(thing, point, shown.any(0) & ~shown[index], size)
            for name, point in SPRITES[thing.kind].points.items()
        }
        for index, thing in enumerate(scene.objects)
    ]


def check_size(size: int) -> None:
    """Raise CourseError unless pictures of this size can be drawn."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise CourseError(f"A picture's size is a whole number of pixels, not {size!r}.")
    if not SMALLEST <= size <= LARGEST:
        raise CourseError(f"Pictures can be {SMALLEST} to {LARGEST} pixels a side, not {size}.")


def _rim(size: int) -> int:
    """Pixels added on each side, since the empty part of a sprite may hang over the edge."""
    return size // 8


def _padded(picture: np.ndarray) -> np.ndarray:
    size, rim = len(picture), _rim(len(picture))
    padded = np.zeros((size + 2 * rim, size + 2 * rim, 3), dtype=np.uint16)
    padded[rim:-rim, rim:-rim] = picture
    return padded


def _cropped(padded: np.ndarray, size: int) -> np.ndarray:
    rim = _rim(size)
    return padded[rim : rim + size, rim : rim + size]


def _back_to_front(scene: Scene) -> list[int]:
    """Sky first, then the ground from the horizon to the front."""

    def nearness(index: int) -> tuple[bool, float]:
        thing = scene.objects[index]
        return KIND_TABLE[thing.kind].home == "ground", thing.extent[3]

    return sorted(range(len(scene.objects)), key=nearness)


def _corner(thing: SceneObject, size: int) -> tuple[int, int, int]:
    """(left, top, side) of a sprite in pixels of the picture."""
    side = max(4, round(thing.side * size))
    return round(thing.x * size - side / 2), round(thing.y * size - side / 2), side


def _placed(scene: Scene, thing: SceneObject, size: int) -> _Placed:
    left, top, side = _corner(thing, size)
    look = scene.time_of_day, scene.mood
    layer = _lit_sprite(thing.kind, thing.colour, side, thing.mirrored, *look)
    return _Placed(layer, left + _rim(size), top + _rim(size))


def _shadow(thing: SceneObject, size: int) -> _Placed:
    left, top, side = _corner(thing, size)
    width = max(3, round(side * KIND_TABLE[thing.kind].width * 0.96))
    layer = _shadow_layer(width)
    middle, bottom = left + side // 2 + _rim(size), top + side + _rim(size)
    return _Placed(layer, middle - width // 2, bottom - round(0.7 * len(layer.kept)))


def _layer(colour: np.ndarray, cover: np.ndarray) -> _Layer:
    """A layer from colour times cover (h, w, 3) and cover (h, w, 1), both in 0..255."""
    kept = np.rint(256 - cover * (256 / 255)).astype(np.uint16).repeat(3, axis=-1)
    added = np.minimum(np.rint(colour), 255 - (255 * kept >> 8)).astype(np.uint16)
    return _Layer(kept, added)


@lru_cache(maxsize=256)
def _shadow_layer(width: int) -> _Layer:
    """A flat soft dark ellipse of `width` pixels."""
    height = max(2, round(0.2 * width))
    across = (np.arange(width) + 0.5) / width * 2 - 1
    down = (np.arange(height) + 0.5) / height * 2 - 1
    fall = np.clip(1.05 - np.hypot(across[None], down[:, None]), 0, 0.6)
    return _layer(np.zeros((height, width, 3)), 140 * fall[..., None])


@lru_cache(maxsize=64)
def _weather_layer(weather: str, number: int, size: int) -> _Layer | None:
    drops = veil(weather, number, size)
    if drops is None:
        return None
    return _layer(np.asarray(VEIL_COLOUR[weather]) * (drops / 255), drops)


@lru_cache(maxsize=4096)
def _lit_sprite(
    kind: str, colour: str, side: int, mirrored: bool, time_of_day: str, mood: str
) -> _Layer:
    """An object as seen in this light, `side` pixels a side."""
    rgba = _sprite(kind, colour, side, time_of_day == "night" and kind in GLOWING)
    rgba = rgba[:, ::-1] if mirrored else rgba
    kept, added = (np.asarray(part, dtype=np.float32) for part in LIGHT[time_of_day])
    lit = rgba[..., :3] * kept + added * (rgba[..., 3:] / 255)
    grey = lit @ np.array([[0.3], [0.59], [0.11]], dtype=np.float32)
    return _layer(grey + COLOUR_KEPT[mood] * (lit - grey), rgba[..., 3:])


@lru_cache(maxsize=1024)
def _sprite(kind: str, colour: str, side: int, by_night: bool) -> np.ndarray:
    return paint(kind, colour, side, by_night).pixels_rgba()


def _lay(picture: np.ndarray, placed: _Placed) -> None:
    below = picture[placed.region]
    below *= placed.layer.kept
    below >>= 8
    below += placed.layer.added


def _under_weather(picture: np.ndarray, scene: Scene, size: int) -> np.ndarray:
    layer = _weather_layer(scene.weather, scene.backdrop, size)
    if layer is not None:
        picture *= layer.kept
        picture >>= 8
        picture += layer.added
    return picture.astype(np.uint8)


def _keypoint(
    thing: SceneObject, point: tuple[float, float], others: np.ndarray, size: int
) -> tuple[float, float, bool]:
    left, top, side = _corner(thing, size)
    across = 1 - point[0] if thing.mirrored else point[0]
    x, y = left + across * side, top + point[1] * side
    pixel = min(size - 1, max(0, int(y))), min(size - 1, max(0, int(x)))
    return round(x, 2), round(y, 2), not bool(others[pixel])
