"""Trained networks of the styled labs that come with the course, read by `starter_code.tensors`.

scenes_small_encoder.safetensors   ℰ of the picture world at the tier small, seed 0
scenes_small_modules.safetensors   D-Images and D-Captions, positive and negative, see `modules`

Both are made by `python benchmarks/disentangling.py --give`. With them features are the same on
every machine, and assignment 4 needs nothing that assignment 3 has trained.
"""

from pathlib import Path

__all__ = ["GIVEN"]

GIVEN = Path(__file__).parent
