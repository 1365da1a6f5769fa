"""Rooms in 3D per second on one core: newly drawn, mixed from layers that are there, and written.

OMP_NUM_THREADS=1 python benchmarks/rooms.py [--rooms 10000] [--size 64]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from starter_code import shapes3d


def per_second(rooms: int, draw: Callable[[], object]) -> float:
    """Rooms in a second of this process."""
    start = time.process_time()
    draw()
    return rooms / (time.process_time() - start)


def main() -> None:
    """Print one line for each kind of work."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rooms", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=64)
    chosen = parser.parse_args()
    rooms, size = chosen.rooms, chosen.size
    places = np.random.default_rng(0).choice(shapes3d.TOTAL, rooms, replace=False)
    factors = shapes3d.factors_at(places)
    shapes3d.render(factors[:1], 8)  # what is imported on the first call
    print(f"{rooms:,} rooms of {size} px, per second of CPU")
    for what in ("the first time", "again"):
        print(f"  {what:16}{per_second(rooms, lambda: shapes3d.render(factors, size)):9,.0f}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rooms.h5"
        speed = per_second(rooms, lambda: shapes3d.write(path, places, size, progress=False))
        full = path.stat().st_size / rooms * shapes3d.TOTAL / 1e9
    print(f"  {'into a file':16}{speed:9,.0f}   all 480,000 would take {full:.1f} GB")


if __name__ == "__main__":
    main()
