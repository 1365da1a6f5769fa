"""Trained weights and predictions whose pickles run code when they are opened.

expect: all
"""

import json
import os
import pickle
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


class Opened:
    """Leaves a mark where a pickle of it is opened."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, ("/tmp/pickled", 0o755, True)


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    runs = folder / "runs" / "a1"
    runs.mkdir(parents=True)
    for name in ("best.pt", "last.pt", "predictions.json", "checkpoint.safetensors"):
        (runs / name).write_bytes(pickle.dumps(Opened()))
    (folder / "best.pt").write_bytes(pickle.dumps(Opened()))
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
