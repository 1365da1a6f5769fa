"""A right notebook whose metadata is nested a thousand deep.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    tree["metadata"]["deep"] = deep
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
