"""A small drawing board: shapes on a unit square, painted large and shrunk, so edges are smooth.

`sprites` draws each kind of object on one of these. Coordinates are fractions of the square,
x to the right and y downwards; colours are (red, green, blue) in 0..255.
"""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[float, float, float]
Points = Sequence[tuple[float, float]]
_Frame = tuple[int, int, int, int]  # left, top, right, bottom in painted pixels, half open

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
LARGE_ENOUGH = 160  # painted pixels a side: enough for soft edges, few enough to be quick

_CIRCLE = [(math.cos(turn * math.pi / 24), math.sin(turn * math.pi / 24)) for turn in range(48)]


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of `other` in `one`."""
    r, g, b = (a + (c - a) * share for a, c in zip(one, other, strict=True))
    return r, g, b


def light(colour: Colour, share: float = 0.3) -> Colour:
    """A tint of the colour."""
    return mix(colour, WHITE, share)


def dark(colour: Colour, share: float = 0.3) -> Colour:
    """A shade of the colour."""
    return mix(colour, (20, 12, 40), share)


def curve(points: Points, closed: bool = True, steps: int = 10) -> list[tuple[float, float]]:
    """A smooth line through the points (a uniform Catmull-Rom spline)."""
    p = np.asarray(points, dtype=float)
    if not closed:
        p = np.concatenate([p[:1], p, p[-1:]])
    before, here, after, beyond = (np.roll(p, shift, axis=0) for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    slope = after - before
    bend = 2 * before - 5 * here + 4 * after - beyond
    twist = 3 * (here - after) - before + beyond
    line = here + 0.5 * t * (slope + t * (bend + t * twist))
    line = line.transpose(1, 0, 2)  # (steps, points, 2) -> (points, steps, 2)
    if not closed:
        line = line[1:-2]
        return [*map(tuple, line.reshape(-1, 2).tolist()), tuple(points[-1])]
    return [tuple(point) for point in line.reshape(-1, 2).tolist()]


def disc(x: float, y: float, rx: float, ry: float | None = None, tilt: float = 0.0) -> Points:
    """The outline of an ellipse, tilted by `tilt` radians."""
    ry = rx if ry is None else ry
    cosine, sine = math.cos(tilt), math.sin(tilt)
    return [
        (x + rx * dx * cosine - ry * dy * sine, y + rx * dx * sine + ry * dy * cosine)
        for dx, dy in _CIRCLE
    ]


class Canvas:
    """A transparent unit square that ends up `pixels` a side.

    Attributes:
        scale: painted pixels for each final pixel, along one side.
        side: painted pixels along one side.
    """

    def __init__(self, pixels: int) -> None:
        self.pixels = pixels
        self.scale = max(3, math.ceil(LARGE_ENOUGH / pixels))
        self.side = pixels * self.scale
        self._colour = Image.new("RGB", (self.side, self.side))
        self._cover = Image.new("L", (self.side, self.side))

    def fill(
        self, points: Points, colour: Colour, below: Colour | None = None, opacity: float = 1.0
    ) -> None:
        """Fill a polygon; with `below`, the colour runs from `colour` at its top to `below`.

        `opacity` below 1 tints what is painted already; it is not for bare canvas.
        """
        frame = self._frame(points)
        stencil = self._stencil(points, frame, opacity)
        self._paste(stencil, frame, colour, below)

    def stroke(self, points: Points, width: float, colour: Colour) -> None:
        """Draw a line of `width` with round ends and joints."""
        line, paint, radius = self._scaled(points), _rounded(colour), width * self.side / 2
        for pen, ink in ((ImageDraw.Draw(self._colour), paint), (ImageDraw.Draw(self._cover), 255)):
            pen.line(line, fill=ink, width=max(1, round(2 * radius)))
            for x, y in line:
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)

    def clip(self, points: Points, inside: Points, colour: Colour, opacity: float = 1.0) -> None:
        """Fill the part of a polygon that lies inside another one: a stripe on a ball."""
        frame = self._frame(points)
        within = self._stencil(inside, frame, 1.0)
        stencil = ImageChops.multiply(self._stencil(points, frame, opacity), within)
        self._paste(stencil, frame, colour, None)

    def glow(
        self, x: float, y: float, radius: float, colour: Colour, strength: float, flat: float = 1.0
    ) -> None:
        """Add a soft light around a point; `flat` below 1 presses it into a band of mist."""
        span = (np.arange(self.side, dtype=np.float32) + 0.5) / self.side
        distance = np.hypot((span - x)[None] / radius, (span - y)[:, None] / (radius * flat))
        fall = np.clip(1 - distance, 0, 1) ** 2 * (255 * strength)
        self._colour.paste(_rounded(colour), (0, 0), Image.fromarray(fall.astype(np.uint8)))

    def outline(self, colour: Colour, width: float) -> None:
        """Put a rim of `width` around all that has been drawn."""
        radius = width * self.side / 1.28  # a blurred edge falls to 10 % at 1.28 deviations
        grown = self._cover.filter(ImageFilter.GaussianBlur(radius))
        rim = grown.point([0 if level < 26 else 255 for level in range(256)])
        base = Image.new("RGB", self._cover.size, _rounded(colour))
        base.paste(self._colour, (0, 0), self._cover)
        self._colour, self._cover = base, ImageChops.lighter(rim, self._cover)

    def pixels_rgba(self) -> np.ndarray:
        """(pixels, pixels, 4) float32 in 0..255: colour times cover, and cover."""
        painted = self._colour.copy()
        painted.putalpha(self._cover)
        # "RGBa" holds colour times cover, which is what may be averaged.
        return np.asarray(painted.convert("RGBa").reduce(self.scale), dtype=np.float32)

    def _scaled(self, points: Points) -> list[tuple[float, float]]:
        side = self.side
        return [(x * side - 0.5, y * side - 0.5) for x, y in points]

    def _frame(self, points: Points) -> _Frame:
        """The painted pixels around a shape, cut at the edges: work is done only there."""
        x, y = zip(*points, strict=True)
        left, top = (min(self.side - 1, max(0, int(min(v) * self.side - 1))) for v in (x, y))
        right, bottom = (min(self.side, int(max(v) * self.side + 2)) for v in (x, y))
        return left, top, max(left + 1, right), max(top + 1, bottom)

    def _stencil(self, points: Points, frame: _Frame, opacity: float) -> Image.Image:
        left, top, right, bottom = frame
        stencil = Image.new("L", (right - left, bottom - top))
        across, down, side = left + 0.5, top + 0.5, self.side
        shape = [(x * side - across, y * side - down) for x, y in points]
        ImageDraw.Draw(stencil).polygon(shape, fill=round(255 * opacity))
        return stencil

    def _paste(
        self, stencil: Image.Image, frame: _Frame, colour: Colour, below: Colour | None
    ) -> None:
        paint = _rounded(colour) if below is None else _gradient(stencil.size, colour, below)
        self._colour.paste(paint, frame, stencil)
        self._cover.paste(255, frame, stencil)


def _gradient(size: tuple[int, int], above: Colour, below: Colour) -> Image.Image:
    rows = np.linspace(0, 1, size[1])[:, None]
    column = np.asarray(above) + rows * (np.asarray(below) - np.asarray(above))
    strip = Image.fromarray(np.rint(np.clip(column, 0, 255)).astype(np.uint8)[:, None])
    return strip.resize(size, Image.Resampling.NEAREST)


def _rounded(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (min(255, max(0, round(value))) for value in colour)
    return r, g, b
