"""How each kind of object looks: one short drawing per kind, and the names of its keypoints.

A drawing paints on a unit square in the object's colour. Kinds that stand on the ground touch the
lower edge. `by_night` lights the lamps. The numbers are places on the square, found by eye.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from starter_code.scenes.canvas import BLACK, WHITE, Canvas, Colour, curve, dark, disc, light, mix

PALETTE: dict[str, Colour] = {
    "red": (226, 46, 50),
    "orange": (250, 136, 24),
    "yellow": (252, 212, 40),
    "green": (48, 168, 74),
    "blue": (44, 108, 226),
    "purple": (142, 66, 194),
}
INK: Colour = (44, 34, 52)
CREAM: Colour = (252, 240, 214)
WOOD: Colour = (134, 88, 56)
LEAF: Colour = (66, 140, 60)
GLASS: Colour = (196, 228, 246)
LAMP: Colour = (255, 226, 110)
# Kinds with lamps, lit windows or shining eyes; the others are painted alike by day and by night.
GLOWING = frozenset({"house", "car", "cat", "dog", "balloon"})

Painter = Callable[[Canvas, Colour, bool], None]


@dataclass(frozen=True)
class Sprite:
    """A drawing and where its named points are, as fractions of the square."""

    paint: Painter
    points: dict[str, tuple[float, float]]


SPRITES: dict[str, Sprite] = {}


def sprite(**points: tuple[float, float]) -> Callable[[Painter], Painter]:
    """Enter a drawing under its function's name, with its keypoints."""

    def enter(paint: Painter) -> Painter:
        SPRITES[paint.__name__] = Sprite(paint, points)
        return paint

    return enter


def paint(kind: str, colour: str, pixels: int, by_night: bool) -> Canvas:
    """Draw one object on a canvas of `pixels` a side, with a rim that sets it off its ground."""
    canvas = Canvas(pixels)
    SPRITES[kind].paint(canvas, PALETTE[colour], by_night)
    canvas.outline(mix(dark(PALETTE[colour], 0.6), INK, 0.4), max(0.016, 0.45 / pixels))
    return canvas


@sprite(roof_tip=(0.5, 0.06), door=(0.5, 0.82), left_eave=(0.05, 0.48), right_eave=(0.95, 0.48))
def house(on: Canvas, colour: Colour, by_night: bool) -> None:
    pane = LAMP if by_night else GLASS
    on.fill([(0.68, 0.1), (0.8, 0.1), (0.8, 0.4), (0.68, 0.4)], (166, 92, 74), (120, 66, 58))
    on.fill([(0.66, 0.08), (0.82, 0.08), (0.82, 0.14), (0.66, 0.14)], (110, 62, 56))
    on.fill([(0.13, 0.4), (0.87, 0.4), (0.87, 0.98), (0.13, 0.98)], light(colour, 0.12), colour)
    on.fill([(0.13, 0.46), (0.87, 0.46), (0.87, 0.54), (0.13, 0.54)], dark(colour, 0.35))
    on.fill([(0.5, 0.05), (0.97, 0.5), (0.03, 0.5)], dark(colour, 0.36), dark(colour, 0.6))
    on.fill([(0.5, 0.15), (0.77, 0.43), (0.23, 0.43)], light(colour, 0.12))
    on.fill(disc(0.5, 0.335, 0.065), WHITE)
    on.fill(disc(0.5, 0.335, 0.045), pane)
    on.fill([(0.41, 0.98), (0.41, 0.7), (0.59, 0.7), (0.59, 0.98)], WOOD, dark(WOOD))
    on.fill(disc(0.55, 0.85, 0.016), LAMP)
    for left in (0.18, 0.64):
        right = left + 0.18
        on.fill([(left, 0.6), (right, 0.6), (right, 0.82), (left, 0.82)], WHITE)
        for x in (left + 0.02, left + 0.1):
            for y in (0.62, 0.72):
                on.fill([(x, y), (x + 0.06, y), (x + 0.06, y + 0.08), (x, y + 0.08)], pane)


@sprite(top=(0.5, 0.04), crown=(0.5, 0.36), foot=(0.5, 0.97))
def tree(on: Canvas, colour: Colour, by_night: bool) -> None:
    trunk = [(0.44, 0.55), (0.56, 0.55), (0.575, 0.86), (0.66, 0.98), (0.34, 0.98), (0.425, 0.86)]
    on.fill(trunk, dark(WOOD, 0.1), dark(WOOD, 0.35))
    on.stroke([(0.5, 0.7), (0.62, 0.58)], 0.05, dark(WOOD, 0.2))
    crown = ((0.3, 0.52, 0.18), (0.7, 0.52, 0.18), (0.5, 0.56, 0.2), (0.3, 0.34, 0.19),
             (0.7, 0.34, 0.19), (0.5, 0.22, 0.19), (0.5, 0.4, 0.24))  # fmt: skip
    for x, y, radius in crown:
        on.fill(disc(x, y, radius), colour, dark(colour, 0.22))
    for x, y, radius in ((0.34, 0.3, 0.1), (0.55, 0.17, 0.1), (0.66, 0.36, 0.08), (0.4, 0.5, 0.07)):
        on.fill(disc(x, y, radius), light(colour, 0.35), opacity=0.55)
    for x, y in ((0.28, 0.5), (0.5, 0.38), (0.72, 0.48), (0.57, 0.6)):
        on.fill(disc(x, y, 0.06, 0.045), dark(colour, 0.4), opacity=0.45)


@sprite(roof=(0.47, 0.45), front_wheel=(0.76, 0.87), back_wheel=(0.25, 0.87), lamp=(0.95, 0.72))
def car(on: Canvas, colour: Colour, by_night: bool) -> None:
    cabin = curve([(0.2, 0.68), (0.27, 0.5), (0.36, 0.43), (0.56, 0.43), (0.66, 0.5), (0.76, 0.68)])
    on.fill(cabin, light(colour, 0.15), colour)
    body = curve([(0.045, 0.72), (0.11, 0.645), (0.5, 0.63), (0.86, 0.655), (0.955, 0.73),
                  (0.945, 0.87), (0.8, 0.9), (0.2, 0.9), (0.055, 0.87)])  # fmt: skip
    on.fill(body, light(colour, 0.1), dark(colour, 0.25))
    pane = mix(LAMP, GLASS, 0.4) if by_night else GLASS
    on.fill([(0.29, 0.63), (0.34, 0.51), (0.38, 0.485), (0.46, 0.485), (0.46, 0.63)], pane)
    on.fill([(0.5, 0.63), (0.5, 0.485), (0.56, 0.485), (0.61, 0.52), (0.67, 0.63)], pane)
    on.fill([(0.1, 0.74), (0.9, 0.74), (0.9, 0.76), (0.1, 0.76)], light(colour, 0.55), opacity=0.6)
    on.fill(disc(0.93, 0.725, 0.035, 0.045), LAMP if by_night else CREAM)
    on.fill(disc(0.06, 0.73, 0.025, 0.04), (240, 70, 60))
    for x in (0.25, 0.76):
        on.fill(disc(x, 0.865, 0.115), INK)
        on.fill(disc(x, 0.865, 0.065), (216, 216, 224), (150, 150, 164))
        on.fill(disc(x, 0.865, 0.02), INK)


@sprite(nose=(0.4, 0.36), left_ear=(0.24, 0.07), right_ear=(0.57, 0.07), tail_tip=(0.86, 0.48))
def cat(on: Canvas, colour: Colour, by_night: bool) -> None:
    on.stroke(curve([(0.62, 0.9), (0.84, 0.9), (0.9, 0.72), (0.8, 0.6), (0.86, 0.49)], False),
              0.085, dark(colour, 0.12))  # fmt: skip
    body = curve([(0.4, 0.42), (0.56, 0.5), (0.7, 0.72), (0.68, 0.95), (0.42, 0.98),
                  (0.2, 0.95), (0.17, 0.74), (0.26, 0.52)])  # fmt: skip
    on.fill(body, colour, dark(colour, 0.16))
    on.fill(curve([(0.38, 0.56), (0.49, 0.72), (0.42, 0.9), (0.32, 0.9), (0.27, 0.72)]), CREAM)
    for x in (0.3, 0.47):
        on.fill(disc(x, 0.93, 0.085, 0.05), light(colour, 0.25))
    for tip, inner, outer in (((0.21, 0.05), 0.38, 0.17), ((0.6, 0.05), 0.43, 0.64)):
        on.fill([tip, (inner, 0.17), (outer, 0.32)], dark(colour, 0.1))
        centre = ((tip[0] + inner + outer) / 3, 0.19)
        ear = [((x + centre[0]) / 2, (y + centre[1]) / 2)
               for x, y in (tip, (inner, 0.17), (outer, 0.32))]  # fmt: skip
        on.fill(ear, (255, 176, 176))
    head = curve([(0.405, 0.12), (0.58, 0.17), (0.67, 0.33), (0.56, 0.48), (0.405, 0.51),
                  (0.25, 0.48), (0.14, 0.33), (0.23, 0.17)])  # fmt: skip
    on.fill(head, light(colour, 0.14), colour)
    on.fill(disc(0.405, 0.42, 0.12, 0.075), CREAM)
    for x in (0.29, 0.52):
        on.fill(disc(x, 0.31, 0.06, 0.068), (214, 244, 130) if by_night else WHITE)
        on.fill(disc(x, 0.315, 0.033, 0.055), INK)
        on.fill(disc(x + 0.015, 0.29, 0.014), WHITE)
    on.fill([(0.365, 0.375), (0.445, 0.375), (0.405, 0.42)], (240, 110, 120))
    for side in (-1, 1):
        for y in (0.4, 0.455):
            on.stroke([(0.405 + side * 0.13, y), (0.405 + side * 0.25, y - 0.015)], 0.012, INK)


@sprite(nose=(0.93, 0.38), ear=(0.62, 0.34), tail_tip=(0.06, 0.36), front_paw=(0.7, 0.95))
def dog(on: Canvas, colour: Colour, by_night: bool) -> None:
    shade = dark(colour, 0.3)
    on.stroke(curve([(0.16, 0.62), (0.09, 0.52), (0.07, 0.36)], False), 0.075, colour)
    for x in (0.24, 0.62):
        on.stroke([(x, 0.7), (x + 0.01, 0.93)], 0.1, shade)
    for x in (0.16, 0.7):
        on.stroke([(x, 0.66), (x, 0.91)], 0.115, colour)
        on.fill(disc(x + 0.03, 0.945, 0.075, 0.04), CREAM)
    body = curve([(0.12, 0.6), (0.3, 0.53), (0.55, 0.53), (0.72, 0.44), (0.78, 0.62),
                  (0.7, 0.8), (0.4, 0.79), (0.16, 0.81), (0.09, 0.7)])  # fmt: skip
    on.fill(body, light(colour, 0.08), dark(colour, 0.14))
    on.fill(disc(0.36, 0.62, 0.1, 0.07), CREAM, opacity=0.85)
    head = curve([(0.58, 0.24), (0.7, 0.15), (0.82, 0.22), (0.86, 0.31), (0.95, 0.36),
                  (0.96, 0.46), (0.84, 0.52), (0.7, 0.53), (0.59, 0.42)])  # fmt: skip
    on.fill(head, light(colour, 0.14), colour)
    on.fill(curve([(0.85, 0.36), (0.95, 0.385), (0.955, 0.455), (0.86, 0.5), (0.78, 0.46)]), CREAM)
    on.fill(disc(0.945, 0.375, 0.042, 0.036), INK)
    on.stroke(curve([(0.93, 0.46), (0.88, 0.475), (0.84, 0.455)], False), 0.014, INK)
    on.fill(disc(0.775, 0.3, 0.042, 0.05), (214, 244, 130) if by_night else WHITE)
    on.fill(disc(0.785, 0.305, 0.026, 0.036), INK)
    on.fill(curve([(0.6, 0.19), (0.7, 0.23), (0.69, 0.42), (0.61, 0.52), (0.53, 0.42)]), shade)
    on.stroke([(0.62, 0.55), (0.79, 0.52)], 0.05, mix((220, 40, 60), INK, 0.25))
    on.fill(disc(0.74, 0.575, 0.032), LAMP)


@sprite(centre=(0.5, 0.36), foot=(0.5, 0.97), leaf=(0.3, 0.76))
def flower(on: Canvas, colour: Colour, by_night: bool) -> None:
    on.stroke(curve([(0.5, 0.4), (0.53, 0.65), (0.5, 0.955)], False), 0.055, dark(LEAF, 0.1))
    on.fill(curve([(0.5, 0.92), (0.4, 0.72), (0.2, 0.68), (0.28, 0.86)]), light(LEAF, 0.15), LEAF)
    on.fill(curve([(0.51, 0.84), (0.6, 0.66), (0.8, 0.62), (0.72, 0.8)]), light(LEAF, 0.15), LEAF)
    for turn in range(7):
        angle = turn * 2 * math.pi / 7 - math.pi / 2
        x, y = 0.5 + 0.185 * math.cos(angle), 0.36 + 0.185 * math.sin(angle)
        on.fill(disc(x, y, 0.15, 0.1, angle), dark(colour, 0.12))
        on.fill(disc(x, y, 0.125, 0.075, angle), light(colour, 0.12))
    heart = (120, 70, 40) if colour == PALETTE["yellow"] else (255, 214, 64)
    on.fill(disc(0.5, 0.36, 0.115), light(heart, 0.2), dark(heart, 0.15))
    for turn in range(6):
        angle = turn * math.pi / 3
        on.fill(
            disc(0.5 + 0.06 * math.cos(angle), 0.36 + 0.06 * math.sin(angle), 0.014), dark(heart)
        )


@sprite(top=(0.5, 0.1), left_rim=(0.07, 0.54), right_rim=(0.93, 0.54), foot=(0.5, 0.96))
def mushroom(on: Canvas, colour: Colour, by_night: bool) -> None:
    stem = curve([(0.39, 0.5), (0.61, 0.5), (0.63, 0.76), (0.69, 0.94), (0.5, 0.98), (0.31, 0.94),
                  (0.37, 0.76)])  # fmt: skip
    on.fill(stem, (238, 222, 196), CREAM)
    on.fill(disc(0.5, 0.57, 0.3, 0.06), dark(CREAM, 0.25))
    cap = curve([(0.06, 0.55), (0.1, 0.36), (0.28, 0.15), (0.5, 0.09), (0.72, 0.15), (0.9, 0.36),
                 (0.94, 0.55), (0.72, 0.61), (0.5, 0.625), (0.28, 0.61)])  # fmt: skip
    on.fill(cap, light(colour, 0.12), dark(colour, 0.18))
    for x, y, rx in ((0.5, 0.23, 0.085), (0.25, 0.36, 0.075), (0.75, 0.37, 0.08), (0.5, 0.46, 0.07),
                     (0.15, 0.52, 0.045), (0.85, 0.53, 0.045), (0.33, 0.55, 0.035)):  # fmt: skip
        on.clip(disc(x, y, rx, rx * 0.8), cap, WHITE)
    for x in (0.45, 0.56):
        on.fill(disc(x, 0.75, 0.02, 0.032), INK)
    on.stroke(curve([(0.46, 0.82), (0.505, 0.845), (0.55, 0.82)], False), 0.016, INK)


@sprite(centre=(0.5, 0.51), top=(0.5, 0.06))
def ball(on: Canvas, colour: Colour, by_night: bool) -> None:
    rim = disc(0.5, 0.515, 0.455)
    on.fill(rim, light(colour, 0.15), dark(colour, 0.2))
    for left, right in ((0.18, 0.34), (0.66, 0.82)):
        bend = (left - 0.5) * 0.9, (right - 0.5) * 0.9
        stripe = curve([(0.46 + bend[0] * 0.2, 0.06), (left, 0.5), (0.46 + bend[0] * 0.2, 0.98)],
                       False)  # fmt: skip
        back = curve([(0.54 + bend[1] * 0.2, 0.98), (right, 0.5), (0.54 + bend[1] * 0.2, 0.06)],
                     False)  # fmt: skip
        on.clip([*stripe, *back], rim, CREAM)
    on.clip(disc(0.5, 0.09, 0.1, 0.06), rim, CREAM)
    on.clip(disc(0.5, 0.66, 0.62, 0.46), disc(0.5, 0.515, 0.455), BLACK, opacity=0.05)
    on.fill(disc(0.34, 0.28, 0.1, 0.06, -0.7), WHITE, opacity=0.7)


@sprite(tip=(0.5, 0.05), handle=(0.5, 0.92), left_rim=(0.05, 0.5), right_rim=(0.95, 0.5))
def umbrella(on: Canvas, colour: Colour, by_night: bool) -> None:
    on.stroke(curve([(0.5, 0.4), (0.5, 0.88), (0.56, 0.945), (0.64, 0.93), (0.665, 0.86)], False),
              0.045, WOOD)  # fmt: skip
    on.stroke([(0.5, 0.06), (0.5, 0.14)], 0.035, WOOD)
    dome = curve([(0.03, 0.52), (0.08, 0.33), (0.26, 0.16), (0.5, 0.105), (0.74, 0.16),
                  (0.92, 0.33), (0.97, 0.52)], False)  # fmt: skip
    hem = [(0.97 - 0.047 * step, 0.52 - 0.055 * abs(math.sin(step * math.pi / 5)))
           for step in range(21)]  # fmt: skip
    canopy = [*dome, *hem]
    on.fill(canopy, light(colour, 0.12), dark(colour, 0.12))
    for left, right in ((0.265, 0.5), (0.735, 0.97)):
        gore = curve([(0.5, 0.1), (0.5 + (left - 0.5) * 0.85, 0.3), (left, 0.52)], False)
        back = curve([(right, 0.52), (0.5 + (right - 0.5) * 0.85, 0.3), (0.5, 0.1)], False)
        on.clip([*gore, *back], canopy, light(colour, 0.5))


@sprite(top=(0.5, 0.04), left_corner=(0.17, 0.27), right_corner=(0.83, 0.27), tail=(0.5, 0.95))
def kite(on: Canvas, colour: Colour, by_night: bool) -> None:
    tail = curve([(0.5, 0.66), (0.58, 0.74), (0.44, 0.83), (0.52, 0.96)], False)
    on.stroke(tail, 0.028, dark(colour, 0.45))
    top, left, right, end = (0.5, 0.03), (0.15, 0.27), (0.85, 0.27), (0.5, 0.69)
    middle = (0.5, 0.27)
    on.fill([top, left, middle], light(colour, 0.28))
    on.fill([top, right, middle], colour)
    on.fill([left, end, middle], colour)
    on.fill([right, end, middle], dark(colour, 0.25))
    on.stroke([top, end], 0.02, CREAM)
    on.stroke([left, right], 0.02, CREAM)
    for x, y in ((0.555, 0.755), (0.46, 0.86)):
        for side in (-1, 1):
            bow = [(x, y), (x + side * 0.1, y - 0.05), (x + side * 0.1, y + 0.05)]
            on.fill(bow, light(colour, 0.35))


@sprite(top=(0.5, 0.04), basket=(0.5, 0.91), left=(0.16, 0.35), right=(0.84, 0.35))
def balloon(on: Canvas, colour: Colour, by_night: bool) -> None:
    for x in (0.41, 0.59):
        on.stroke([(x + (x - 0.5) * 0.5, 0.66), (x, 0.85)], 0.016, INK)
    skin = curve([(0.5, 0.03), (0.74, 0.11), (0.85, 0.34), (0.76, 0.54), (0.6, 0.74), (0.4, 0.74),
                  (0.24, 0.54), (0.15, 0.34), (0.26, 0.11)])  # fmt: skip
    on.fill(skin, light(colour, 0.14), dark(colour, 0.2))
    for outer, inner in ((-0.24, -0.1), (0.24, 0.1)):
        left = curve([(0.5, 0.03), (0.5 + outer, 0.34), (0.5 + outer * 0.35, 0.76)], False)
        back = curve([(0.5 + inner * 0.35, 0.76), (0.5 + inner, 0.34), (0.5, 0.03)], False)
        on.clip([*left, *back], skin, CREAM)
    on.fill(disc(0.34, 0.24, 0.09, 0.06, -0.8), WHITE, opacity=0.5)
    on.fill([(0.41, 0.72), (0.59, 0.72), (0.57, 0.77), (0.43, 0.77)], LAMP if by_night else INK)
    on.fill([(0.39, 0.84), (0.61, 0.84), (0.585, 0.975), (0.415, 0.975)], light(WOOD, 0.2), WOOD)
    on.fill([(0.38, 0.83), (0.62, 0.83), (0.62, 0.865), (0.38, 0.865)], dark(WOOD, 0.2))


@sprite(beak=(0.96, 0.67), eye=(0.78, 0.62), wing_tip=(0.34, 0.37), tail_tip=(0.05, 0.79))
def bird(on: Canvas, colour: Colour, by_night: bool) -> None:
    on.fill(curve([(0.5, 0.73), (0.58, 0.57), (0.66, 0.41), (0.64, 0.67)]), dark(colour, 0.45))
    on.fill([(0.3, 0.75), (0.03, 0.69), (0.09, 0.78), (0.02, 0.87), (0.3, 0.89)], dark(colour, 0.3))
    body = curve([(0.2, 0.79), (0.4, 0.7), (0.6, 0.66), (0.7, 0.55), (0.82, 0.54), (0.9, 0.65),
                  (0.84, 0.79), (0.7, 0.93), (0.46, 0.97), (0.28, 0.91)])  # fmt: skip
    on.fill(body, light(colour, 0.12), dark(colour, 0.1))
    on.fill(curve([(0.5, 0.89), (0.7, 0.81), (0.8, 0.81), (0.68, 0.92), (0.5, 0.955)]), CREAM)
    beak = (255, 214, 64) if colour == PALETTE["orange"] else (250, 150, 40)
    on.fill([(0.875, 0.6), (0.98, 0.68), (0.87, 0.725)], beak, dark(beak, 0.2))
    on.fill(disc(0.785, 0.63, 0.046), WHITE)
    on.fill(disc(0.795, 0.635, 0.028), INK)
    wing = curve([(0.62, 0.79), (0.5, 0.53), (0.3, 0.35), (0.28, 0.47), (0.26, 0.59), (0.32, 0.67),
                  (0.42, 0.83)])  # fmt: skip
    on.fill(wing, light(colour, 0.4), dark(colour, 0.15))
    on.stroke(curve([(0.55, 0.73), (0.46, 0.59), (0.35, 0.48)], False), 0.018, dark(colour, 0.35))
