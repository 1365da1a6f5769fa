"""How fast the picture world is, on one core: `python benchmarks/scenes.py`.

The first lines include the painting of all sprites and landscapes (nothing is cached at the start);
the bar is 1,000 pictures/s at 64 pixels.
"""

import argparse
import tempfile
import time
from collections.abc import Callable

import numpy as np

from starter_code.scenes import (
    STYLES,
    captions,
    draw_scene,
    masks,
    scene_at,
    styled_caption,
    write_scenes,
)


def per_second(work: Callable[[int], object], pictures: int) -> float:
    """Pictures per second of processor time, over `pictures` calls with a running index."""
    start = time.process_time()
    for index in range(pictures):
        work(index)
    return pictures / (time.process_time() - start)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=6000)
    pictures = parser.parse_args().pictures

    def draw(size: int) -> Callable[[int], object]:
        return lambda index: draw_scene(scene_at(0, index), size)

    def speak(index: int) -> None:
        rng, scene = np.random.default_rng(index), scene_at(0, index)
        captions(scene, rng)
        for style in STYLES:
            styled_caption(scene, style, rng)

    print(f"{pictures} pictures, one core         pictures/s   x the bar of 1,000")
    rows = [("64 px, from empty caches", draw(64)), ("64 px, caches filled", draw(64))]
    rows += [("64 px, masks", lambda i: masks(scene_at(0, i))), ("9 captions", speak)]
    rows += [(f"{size} px, from empty caches", draw(size)) for size in (32, 128, 256)]
    for name, work in rows:
        rate = per_second(work, pictures if "256" not in name else pictures // 3)
        print(f"{name:<35} {rate:9,.0f}   {rate / 1000:6.2f}")
    with tempfile.TemporaryDirectory() as folder:
        rate = (
            per_second(lambda _: write_scenes(folder, pictures, 64, progress=False), 1) * pictures
        )
    print(f"{'written to disk, with all truth':<35} {rate:9,.0f}   {rate / 1000:6.2f}")


if __name__ == "__main__":
    main()
