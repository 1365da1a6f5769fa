"""Sky, ground and weather: what lies behind the objects and what falls in front of them.

Every time of day has its own sky, every weather its clouds, rain or snow, and the mood shows too:
a cheerful picture is bright, with flowers in the meadow and a rainbow after rain; a gloomy one is
pale and misty. Each combination has a few landscapes, painted once for a picture size and kept.
"""

import math
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from starter_code.scenes.canvas import WHITE, Canvas, Colour, dark, disc, light, mix
from starter_code.scenes.sampling import BACKDROPS, HORIZON, MOODS, TIMES, WEATHERS

SKY: dict[str, tuple[Colour, Colour, Colour]] = {  # zenith, middle, horizon
    "day": ((64, 150, 232), (134, 198, 246), (226, 243, 252)),
    "evening": ((84, 74, 156), (226, 118, 124), (255, 208, 132)),
    "night": ((12, 16, 50), (26, 34, 86), (62, 70, 130)),
}
GROUND: dict[str, tuple[Colour, Colour]] = {  # far, near
    "day": ((158, 212, 112), (96, 172, 78)),
    "evening": ((178, 184, 104), (92, 132, 82)),
    "night": ((50, 82, 88), (26, 50, 60)),
}
SNOW: dict[str, tuple[Colour, Colour]] = {
    "day": ((240, 247, 255), (208, 222, 242)),
    "evening": ((252, 222, 214), (206, 184, 208)),
    "night": ((138, 154, 198), (92, 108, 158)),
}
OVERCAST: dict[str, Colour] = {
    "day": (150, 164, 180),
    "evening": (140, 112, 124),
    "night": (34, 38, 62),
}
CLOUD: dict[str, Colour] = {
    "day": (255, 255, 255),
    "evening": (255, 206, 186),
    "night": (92, 100, 148),
}
GREYNESS = {"clear": 0.0, "cloudy": 0.3, "rainy": 0.62, "snowy": 0.42}
CLOUDS = {"clear": 1, "cloudy": 6, "rainy": 8, "snowy": 5}
RAINBOW: tuple[Colour, ...] = (
    (240, 80, 80), (250, 160, 70), (252, 226, 90), (110, 200, 110), (90, 150, 240), (160, 110, 220),
)  # fmt: skip
MEADOW: tuple[Colour, ...] = ((255, 255, 255), (255, 150, 190), (255, 226, 90), (190, 150, 255))


@lru_cache(maxsize=len(TIMES) * len(WEATHERS) * len(MOODS) * BACKDROPS)
def backdrop(time_of_day: str, weather: str, mood: str, number: int, size: int) -> np.ndarray:
    """(size, size, 3) uint8: the landscape without objects. Shared: do not write into it."""
    dice = np.random.default_rng([number, TIMES.index(time_of_day), WEATHERS.index(weather)])
    on = Canvas(size)
    _sky(on, time_of_day, weather)
    _lights(on, time_of_day, weather, dice)
    if weather == "rainy" and mood == "cheerful" and time_of_day != "night":
        _rainbow(on, 0.75)
    _clouds(on, time_of_day, weather, dice)
    _land(on, time_of_day, weather, mood, dice)
    painted = on.pixels_rgba()[..., :3]
    return np.rint(_graded(painted, mood)).astype(np.uint8)


def veil(weather: str, number: int, size: int) -> np.ndarray | None:
    """(size, size, 1) float in 0..255: how much rain or snow hides each pixel; None if nothing."""
    if weather not in ("rainy", "snowy"):
        return None
    dice = np.random.default_rng([17, number])
    scale = max(2, math.ceil(256 / size))
    stencil = Image.new("L", (size * scale, size * scale))
    pen, side = ImageDraw.Draw(stencil), size * scale
    if weather == "rainy":
        for x, y, length in (dice.random((46, 3)) * (1.2, 1, 1)).tolist():
            reach = 0.05 + 0.05 * length
            ends = [(x * side, y * side), ((x - 0.35 * reach) * side, (y + reach) * side)]
            pen.line(ends, fill=120, width=max(2, round(0.009 * side)))
    else:
        for x, y, radius in dice.random((54, 3)).tolist():
            r, x, y = (0.006 + 0.010 * radius * radius) * side, x * side, y * side
            pen.ellipse((x - r, y - r, x + r, y + r), fill=225)
    shrunk = stencil.resize((size, size), Image.Resampling.BOX)
    return np.asarray(shrunk, dtype=np.float32)[..., None]


VEIL_COLOUR: dict[str, Colour] = {"rainy": (214, 230, 250), "snowy": WHITE}


def _sky(on: Canvas, time_of_day: str, weather: str) -> None:
    grey = OVERCAST[time_of_day]
    zenith, middle, low = (mix(c, grey, GREYNESS[weather]) for c in SKY[time_of_day])
    half = HORIZON * 0.5
    on.fill([(0, 0), (1, 0), (1, half), (0, half)], zenith, middle)
    on.fill([(0, half), (1, half), (1, 1), (0, 1)], middle, mix(middle, low, 1.4))
    on.fill([(0, half), (1, half), (1, HORIZON + 0.05), (0, HORIZON + 0.05)], middle, low)


def _lights(on: Canvas, time_of_day: str, weather: str, dice: np.random.Generator) -> None:
    """Sun, low sun, or moon and stars; rain and snow hide them."""
    x, y = float(dice.choice([0.14, 0.3, 0.72, 0.87])), 0.13
    seen = {"clear": 1.0, "cloudy": 0.75}.get(weather, 0.0)
    stars = {"clear": 42, "cloudy": 12}.get(weather, 0) if time_of_day == "night" else 0
    for star_x, star_y, bright in dice.random((stars, 3)).tolist():
        radius = 0.0035 + 0.006 * bright**3
        on.fill(disc(star_x, star_y * HORIZON * 0.9, radius), (255, 250, 224), opacity=0.9)
    if not seen:
        return
    if time_of_day == "day":
        on.glow(x, y, 0.34, (255, 250, 214), 0.75 * seen)
        on.fill(disc(x, y, 0.085), (255, 246, 180), (255, 216, 84), opacity=seen)
    elif time_of_day == "evening":
        on.glow(x, HORIZON - 0.06, 0.62, (255, 226, 150), 0.8 * seen)
        on.fill(disc(x, HORIZON - 0.05, 0.115), (255, 236, 160), (255, 150, 84), opacity=seen)
    else:
        on.glow(x, y, 0.3, (190, 204, 255), 0.45)
        if weather == "clear":
            _crescent(on, x, y, turn=1 if x < 0.5 else -1)


def _crescent(on: Canvas, x: float, y: float, turn: int) -> None:
    rim = [(x - turn * 0.085 * math.cos(a), y + 0.085 * math.sin(a))
           for a in np.linspace(-1.9, 1.9, 24)]  # fmt: skip
    tips = rim[0], rim[-1]
    hollow = [(x + turn * (0.0275 - 0.05 * math.cos(a)), y + 0.0805 * math.sin(a))
              for a in np.linspace(math.pi / 2, -math.pi / 2, 24)]  # fmt: skip
    on.fill([tips[0], *rim, tips[1], *hollow], (255, 250, 222), (240, 226, 170))


def _rainbow(on: Canvas, strength: float) -> None:
    for band, colour in enumerate(RAINBOW):
        outer, inner = 0.5 - 0.019 * band, 0.5 - 0.019 * (band + 1)
        turn = np.linspace(math.pi, 2 * math.pi, 40)
        arc = [(0.5 + r * math.cos(a), HORIZON + 0.05 + r * math.sin(a))
               for r, angles in ((outer, turn), (inner, turn[::-1])) for a in angles]  # fmt: skip
        on.fill(arc, colour, opacity=0.7 * strength)


def _clouds(on: Canvas, time_of_day: str, weather: str, dice: np.random.Generator) -> None:
    tone = mix(CLOUD[time_of_day], OVERCAST[time_of_day], {"rainy": 0.75}.get(weather, 0.12))
    number = CLOUDS[weather]
    for place in dice.permutation(number):
        x = (place + 0.5) / number + float(dice.uniform(-0.08, 0.08))
        y = float(dice.uniform(0.05, 0.2 if number > 4 else 0.3))
        width = float(dice.uniform(0.10, 0.16)) * (1.25 if weather == "rainy" else 1)
        _cloud(on, x, y, width, tone)


def _cloud(on: Canvas, x: float, y: float, width: float, tone: Colour) -> None:
    puffs = ((-0.8, 0.12, 0.42), (-0.3, -0.16, 0.56), (0.3, -0.06, 0.5), (0.82, 0.14, 0.38))
    base = y + 0.4 * width
    flat = [(x - width, base - 0.3 * width), (x + width, base - 0.3 * width),
            (x + 0.95 * width, base), (x - 0.95 * width, base)]  # fmt: skip
    for lift, colour in ((0.0, dark(tone, 0.14)), (0.09, tone)):
        on.fill([(px, py - lift * width) for px, py in flat], colour)
        for dx, dy, radius in puffs:
            on.fill(disc(x + dx * width, y + (dy - lift) * width, radius * width), colour)


def _land(on: Canvas, time_of_day: str, weather: str, mood: str, dice: np.random.Generator) -> None:
    far, near = (SNOW if weather == "snowy" else GROUND)[time_of_day]
    if weather in ("rainy", "cloudy"):
        far, near = (mix(c, OVERCAST[time_of_day], 0.22) for c in (far, near))
    haze = mix(SKY[time_of_day][2], OVERCAST[time_of_day], GREYNESS[weather])
    for height, share in ((0.13, 0.62), (0.07, 0.34)):
        _hills(on, height, mix(dark(far, 0.12), haze, share), dice)
    if mood == "gloomy":
        on.glow(0.5, HORIZON, 0.75, mix(haze, (170, 174, 184), 0.5), 0.75, flat=0.22)
    on.fill([(0, HORIZON), (1, HORIZON), (1, 1), (0, 1)], far, near)
    _growth(on, weather, mood, far, near, dice)


def _hills(on: Canvas, height: float, colour: Colour, dice: np.random.Generator) -> None:
    phase, waves = dice.uniform(0, 2 * math.pi), dice.uniform(0.9, 1.7)
    across = np.linspace(0, 1, 40)
    swell, ripple = np.sin(2 * math.pi * waves * across + phase), np.sin(9 * across + phase)
    up = 0.45 + 0.4 * swell + 0.15 * ripple
    ridge = list(zip(across.tolist(), (HORIZON - height * up).tolist(), strict=True))
    on.fill([*ridge, (1, HORIZON + 0.01), (0, HORIZON + 0.01)], light(colour, 0.1), colour)


def _growth(
    on: Canvas, weather: str, mood: str, far: Colour, near: Colour, dice: np.random.Generator
) -> None:
    """Tufts and, in a cheerful picture, small flowers; puddles where it rains."""
    if weather == "rainy":
        for x, y in dice.random((4, 2)).tolist():
            across, down = x, HORIZON + 0.08 + 0.3 * y
            on.fill(disc(across, down, 0.09, 0.016), mix(near, (190, 210, 232), 0.55))
    for x, y in dice.random((26, 2)).tolist():
        down = HORIZON + 0.03 + 0.36 * y
        tall, tone = 0.012 + 0.014 * y, dark(mix(far, near, y), 0.12)
        blades = [(x - 0.012, down), (x - 0.014, down - tall), (x - 0.003, down - 0.3 * tall),
                  (x, down - 1.3 * tall), (x + 0.004, down - 0.3 * tall),
                  (x + 0.014, down - tall), (x + 0.012, down)]  # fmt: skip
        on.fill(blades, tone)
    if mood == "cheerful" and weather != "snowy":
        for index, (x, y) in enumerate(dice.random((24, 2)).tolist()):
            bloom = mix(MEADOW[index % len(MEADOW)], near, 0.15)
            on.fill(disc(x, HORIZON + 0.03 + 0.36 * y, 0.006 + 0.006 * y), bloom)


def _graded(painted: np.ndarray, mood: str) -> np.ndarray:
    """Cheerful: a little more colour. Gloomy: much less and cooler, darker towards the corners."""
    grey = painted @ np.array([[0.3], [0.59], [0.11]], dtype=np.float32)
    if mood == "cheerful":
        return np.clip(grey + 1.14 * (painted - grey) + 4, 0, 255)
    size = len(painted)
    span = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    corner = 1 - 0.14 * (span[:, None, None] ** 2 + span[None, :, None] ** 2)
    cool = np.array([0.92, 0.97, 1.05], dtype=np.float32)
    return np.clip((grey + 0.55 * (painted - grey)) * cool * corner * 0.93 + 5, 0, 255)
