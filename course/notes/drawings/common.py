"""What the figures share: a look, a register, and the assignments' right and wrong answers."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from autograder.assignments import load_source
from autograder.authoring import Solution
from autograder.bank import mistakes_of
from autograder.cells import run_segments
from starter_code import plots
from starter_code.errors import CourseError

__all__ = [
    "BAD",
    "BLUE",
    "FAINT",
    "FIGURES",
    "GOOD",
    "GREY",
    "INK",
    "ORANGE",
    "PURPLE",
    "WEIGHTS",
    "answers",
    "arrow",
    "blank",
    "box",
    "canvas",
    "figure",
    "save",
]

# One meaning each, in all notes.
BLUE, ORANGE, GOOD, PINK, PURPLE, GREY = plots.COLOURS
BAD = "#c53030"  # what goes wrong
INK, FAINT = plots.INK, plots.FAINT
WEIGHTS = plots.ATTENTION  # the colour map of shares and weights between 0 and 1

FIGURES: dict[str, Callable[[], Figure]] = {}


def figure(paint: Callable[[], Figure]) -> Callable[[], Figure]:
    """Register a function as the painter of the figure that has its name."""
    FIGURES[paint.__name__] = paint
    return paint


@contextmanager
def canvas(*layout: Any, **options: Any) -> Iterator[tuple[Figure, Any]]:
    """`plt.subplots` in the look of the course's pictures."""
    look = plots._STYLE | {"axes.titlesize": 10, "axes.titleweight": "bold", "figure.dpi": 110}
    with plt.rc_context(look):
        yield plt.subplots(*layout, layout="constrained", **options)


def save(drawn: Figure, path: Path) -> None:
    """Write a figure as PNG of 256 colours, a third of the size of all colours."""
    pixels = io.BytesIO()
    drawn.get_layout_engine().set(w_pad=0.07, h_pad=0.07)
    drawn.savefig(pixels, dpi=110, facecolor="white")
    plt.close(drawn)
    picture = Image.open(pixels).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    picture.save(path, optimize=True)


def blank(ax: Axes, width: float, height: float) -> None:
    """An empty sheet of that size to draw boxes and arrows on."""
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")


def box(ax: Axes, x: float, y: float, text: str, colour: str = FAINT, **options: Any) -> None:
    """A rounded box with its centre at (x, y); `wide` and `high` are its sides."""
    wide, high = options.pop("wide", 1.6), options.pop("high", 0.6)
    corner, style = (x - wide / 2, y - high / 2), "round,pad=0.02,rounding_size=0.12"
    fill = options.pop("fill", "white")
    ax.add_patch(FancyBboxPatch(corner, wide, high, boxstyle=style, ec=colour, fc=fill, lw=1.5))
    ax.text(x, y, text, ha="center", va="center", **{"fontsize": 9, "color": INK} | options)


def arrow(ax: Axes, start: tuple[float, float], stop: tuple[float, float], **options: Any) -> None:
    """A line from one point to the other, with a head."""
    look = {"arrowstyle": "-|>", "color": INK, "lw": 1.3, "shrinkA": 2, "shrinkB": 2} | options
    ax.annotate("", stop, start, arrowprops=look)


def answers(assignment: str, **wrong: str) -> dict[str, Any]:
    """What the solution of an assignment defines, with some of its TODOs answered wrongly.

    Args:
        wrong: TODO -> the name of one of its known mistakes.

    Raises:
        CourseError: a mistake that `mistakes.py` does not have.
    """
    source = load_source(assignment)
    cells = {cell.tags["todo"]: cell.source for cell in source.tagged("todo")}
    known = {(one.todo, one.name): one for one in mistakes_of(assignment)}
    replaced = {}
    for todo, name in wrong.items():
        if (todo, name) not in known:
            raise CourseError(f"{assignment} knows no mistake {name!r} of {todo!r}.")
        replaced[todo] = known[todo, name].edit(Solution(todo, cells[todo])).source
    namespace: dict[str, Any] = {}
    run_segments(source.segments(replaced), namespace)
    return namespace
