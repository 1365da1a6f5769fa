"""`course data`: list the data sets, draw one, fetch one, check what lies on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from starter_code import catalogue, fetching
from starter_code.captioning.datasets import prepare
from starter_code.errors import CourseError
from starter_code.tiers import tier

app = typer.Typer(no_args_is_help=True)
SETS = catalogue  # where the names, layouts and licences stand
ROOMS = {"tiny": 500, "small": 20_000, "full": 480_000}  # as many as a tier draws
Root = Annotated[Path, typer.Option(help="Folder that holds the data sets.")]


@app.command("list")
def list_all(root: Root = Path("data")) -> None:
    """Name every data set, where it comes from, its licence, size, layout, and what is missing."""
    for name in catalogue.NAMES:
        print(catalogue.describe(name, root) + "\n")


@app.command()
def make(
    name: Annotated[str, typer.Argument(help="scenes, or rooms.")] = "scenes",
    tier_name: Annotated[
        str | None, typer.Option("--tier", help="tiny, small or full; COURSE_TIER by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which world; which of the rooms.")] = 0,
    root: Root = Path("data"),
) -> None:
    """Draw the picture world, or rooms; an interrupted run is taken up again."""
    if name == "scenes":
        print(f"Input files in {prepare(name, tier(tier_name), root, seed=seed)}")
    elif name == "rooms":
        print(f"Rooms in {_rooms(tier(tier_name).name, seed, root)}")
    else:
        raise CourseError(f"{name} cannot be made; `course data list` says where to get it.")


def _rooms(tier_name: str, seed: int, root: Path) -> Path:
    """A file like 3dshapes.h5 with as many rooms as a tier wants, drawn at random but for all."""
    import numpy as np

    from starter_code import shapes3d

    count = ROOMS[tier_name]
    places = np.sort(np.random.default_rng(seed).choice(shapes3d.TOTAL, count, replace=False))
    return shapes3d.write(root / "rooms" / f"{tier_name}_seed{seed}.h5", places)


@app.command()
def check(name: str, root: Root = Path("data")) -> None:
    """Say what a data set lacks; exit code 1 if something is missing."""
    missing = catalogue.check(name, root)
    print(catalogue.describe(name, root))
    for line in fetching.checksums(catalogue.find(name), root):
        print(f"  there     {line}")
    if missing:
        raise typer.Exit(1)


@app.command()
def get(name: str, root: Root = Path("data")) -> None:
    """Fetch a data set by its library's loader, or say what a person has to do."""
    told = "" if name in fetching.LOADERS else catalogue.describe(name, root)
    if name in ("scenes", "rooms"):
        raise CourseError(f"The {name} are drawn, not fetched: `course data make {name}`.")
    folder = fetching.fetch(name, root, told)
    print(f"{name} lies in {folder}")
