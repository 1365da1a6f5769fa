"""A right notebook under another name.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    (folder / "My final (2).ipynb").write_text(json.dumps(tree), encoding="utf-8")
