"""How a room of `shapes3d` looks: rays, surfaces and soft shading, before any hue is chosen.

A picture is *linear* in its three hues. So what is worked out here, once for each scale, shape and
orientation, is how much of each hue every pixel shows; `shapes3d` then mixes the hues. Lengths are
in metres, z points upwards, the object stands at the origin, and the two walls that can be seen
meet in a corner behind it. Shape letters: R rays, S side of the picture.
"""

from functools import lru_cache

import numpy as np

__all__ = ["layers"]

Seen = tuple[np.ndarray, np.ndarray]  # distances (R,), normals (R, 3)

FINE = 3  # rays along each side of a pixel
CAMERA = (4.6, 2.35)  # distance from the object's axis, height
TARGET = 0.95  # the height that the camera looks at
FIELD = 0.44  # half the picture's width at distance 1
WALL = 2.5  # distance of both walls from the object
LIGHT = np.array([-0.62, -0.18, 0.76], np.float32)  # where the light comes from, length 1
SHADOW = 0.42


def layers(scale: float, shape: int, orientation: float, size: int) -> np.ndarray:
    """How much of the three hues, and how much white, each pixel shows.

    Args:
        scale: 0.75 to 1.25. shape: 0 cube, 1 cylinder, 2 sphere, 3 capsule.
        orientation: degrees by which the camera goes round the room. size: pixels S of a side.

    Returns:
        A float32 array of shape (4, S, S): the three shares, then the white of the gloss.
    """
    origin, rays, room, place = _room(orientation, size)
    distance, normal = _hit(shape, 0.92 * scale, origin, rays)
    seen = np.isfinite(distance)
    parts = room.copy()
    parts[0] *= 1 - SHADOW * _shadow(shape, 0.92 * scale, place)
    parts[:, seen] = 0
    light, gloss = _shade(normal[seen], rays[seen], origin + distance[seen, None] * rays[seen])
    parts[2, seen], parts[3, seen] = light, gloss
    return parts.reshape(4, size, FINE, size, FINE).mean((2, 4), dtype=np.float32)


@lru_cache(maxsize=32)
def _room(orientation: float, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The camera, its rays (R, 3), the empty room (4, R), and where a ray meets the floor."""
    origin, rays = _camera(orientation, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        down = np.where(rays[:, 2] < 0, -origin[2] / rays[:, 2], np.inf)
        sides = (WALL - origin[:2]) / rays[:, :2]
    sides = np.where(rays[:, :2] > 0, sides, np.inf)
    wall, left = sides.min(1), sides[:, 0] < sides[:, 1]
    on_floor = down < wall
    place = np.where(
        on_floor[:, None], origin[:2] + np.minimum(down, wall)[:, None] * rays[:, :2], 99
    )
    spot = origin + wall[:, None] * rays
    parts = np.zeros((4, len(rays)), np.float32)
    # a little darker where surfaces meet
    corner = np.exp(-np.abs(WALL - np.where(left[:, None], spot[:, 1:2], spot[:, :1])[:, 0]) / 0.5)
    foot = np.exp(-np.maximum(spot[:, 2], 0) / 0.35)
    edge = np.exp(-(WALL - place.max(1)).clip(0) / 0.5)
    parts[0] = np.where(on_floor, 1 - 0.16 * edge, 0)
    shade = np.where(left, 0.90, 0.76) * (1 - 0.12 * corner - 0.10 * foot)
    parts[1] = np.where(on_floor, 0, shade)
    return origin, rays, parts, place.astype(np.float32)


def _camera(orientation: float, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera stands, and a ray of length 1 for each part of each pixel."""
    turn = np.deg2rad(225 + orientation)
    origin = np.array([CAMERA[0] * np.cos(turn), CAMERA[0] * np.sin(turn), CAMERA[1]])
    ahead = np.array([0, 0, TARGET]) - origin
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    up = np.cross(right, ahead)
    steps = (np.arange(size * FINE) + 0.5) / (size * FINE) * 2 - 1
    rays = ahead + FIELD * (steps[None, :, None] * right - steps[:, None, None] * up)
    rays = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).reshape(-1, 3)
    return origin.astype(np.float32), rays.astype(np.float32)


# --- the four objects: each stands on the floor, `unit` is half the side of the cube ---


def _hit(shape: int, unit: float, origin: np.ndarray, rays: np.ndarray) -> Seen:
    """Distance along each ray (infinite: missed) and the surface's normal there."""
    if shape == 0:
        half = 0.72 * unit
        return _block(origin - [0, 0, half], rays, half)
    if shape == 1:
        return _cylinder(origin, rays, 0.70 * unit, 1.5 * unit)
    if shape == 2:
        return _ball(origin, rays, 0.86 * unit, 0.86 * unit)
    return _capsule(origin, rays, 0.58 * unit, 1.32 * unit)


def _nothing(rays: np.ndarray) -> Seen:
    return np.full(len(rays), np.inf, np.float32), np.zeros_like(rays)


def _block(origin: np.ndarray, rays: np.ndarray, half: float) -> Seen:
    """A cube around the origin: a ray is inside while it is between all three pairs of planes."""
    with np.errstate(divide="ignore"):
        near = -origin / rays - half / np.abs(rays)
        far = -origin / rays + half / np.abs(rays)
    entry = near.max(1)
    hit = (entry < far.min(1)) & (entry > 0)
    axis = near.argmax(1)
    distance, normal = _nothing(rays)
    distance[hit] = entry[hit]
    normal[hit, axis[hit]] = -np.sign(rays[hit, axis[hit]])
    return distance, normal


def _tube(origin: np.ndarray, rays: np.ndarray, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Where rays enter and leave an endless upright tube; infinite and -infinite where missed."""
    a = rays[:, 0] ** 2 + rays[:, 1] ** 2
    b = rays[:, :2] @ origin[:2]
    root = b * b - a * (origin[0] ** 2 + origin[1] ** 2 - radius**2)
    hit = root > 0
    root = np.sqrt(np.where(hit, root, 0))
    return np.where(hit, (-b - root) / a, np.inf), np.where(hit, (-b + root) / a, -np.inf)


def _cylinder(origin: np.ndarray, rays: np.ndarray, radius: float, height: float) -> Seen:
    """An upright cylinder on the floor: the tube between floor and lid."""
    enter, leave = _tube(origin, rays, radius)
    with np.errstate(divide="ignore"):
        lid, ground = (height - origin[2]) / rays[:, 2], -origin[2] / rays[:, 2]
    low, high = np.minimum(lid, ground), np.maximum(lid, ground)
    entry = np.maximum(enter, low)
    hit = (entry < np.minimum(leave, high)) & (entry > 0)
    distance, normal = _nothing(rays)
    distance[hit] = entry[hit]
    spot = origin + entry[hit, None] * rays[hit]
    side = (enter >= low)[hit, None]
    normal[hit] = np.where(side, spot * [1 / radius, 1 / radius, 0], [0, 0, 1])
    return distance, normal


def _ball(origin: np.ndarray, rays: np.ndarray, radius: float, height: float) -> Seen:
    """A ball whose middle is at `height` above the origin."""
    from_middle = origin - np.array([0, 0, height], np.float32)
    b = rays @ from_middle
    root = b * b - (from_middle @ from_middle - radius**2)
    hit = root > 0
    distance, normal = _nothing(rays)
    distance[hit] = -b[hit] - np.sqrt(root[hit])
    normal[hit] = (from_middle + distance[hit, None] * rays[hit]) / radius
    return distance, normal


def _capsule(origin: np.ndarray, rays: np.ndarray, radius: float, top: float) -> Seen:
    """An upright capsule: a tube between two balls; the nearest of the three is what one sees."""
    enter, _ = _tube(origin, rays, radius)
    with np.errstate(invalid="ignore"):
        height = origin[2] + enter * rays[:, 2]
    between = np.isfinite(enter) & (height >= radius) & (height <= top)
    distance, normal = _nothing(rays)
    distance[between] = enter[between]
    spot = origin + enter[between, None] * rays[between]
    normal[between] = spot * [1 / radius, 1 / radius, 0]
    for middle in (radius, top):
        far, other = _ball(origin, rays, radius, middle)
        nearer = far < distance
        distance[nearer], normal[nearer] = far[nearer], other[nearer]
    return distance, normal


# --- light ---


def _shade(normal: np.ndarray, rays: np.ndarray, spot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How bright the object's own hue is, and the white of its gloss."""
    towards = normal @ LIGHT
    soft = (0.5 + 0.5 * towards) ** 1.5
    near_floor = np.exp(-spot[:, 2] / 0.22) * (1 - 0.6 * normal[:, 2].clip(0))
    half = LIGHT - rays
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    gloss = 0.24 * ((normal * half).sum(1).clip(0) ** 28)
    return (0.30 + 0.70 * soft) * (1 - 0.22 * near_floor), gloss


def _shadow(shape: int, unit: float, place: np.ndarray) -> np.ndarray:
    """How much of the light the object takes from the floor, 0 to 1: soft, away from the light."""
    radius = (0.72, 0.70, 0.50, 0.56)[shape] * unit
    fall = -LIGHT[:2] / LIGHT[2]
    dark = np.zeros(len(place), np.float32)
    for height, blur, weight in ((0.0, 0.16, 0.55), (0.35, 0.26, 0.30), (0.8, 0.4, 0.25)):
        moved = np.abs(place - fall * height * unit)
        if shape == 0:
            outside = np.linalg.norm((moved - radius).clip(0), axis=1)
        else:
            outside = (np.linalg.norm(moved, axis=1) - radius).clip(0)
        dark += weight * np.exp(-((outside / blur) ** 2))
    return dark.clip(0, 1)
