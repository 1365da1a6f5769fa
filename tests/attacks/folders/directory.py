"""The notebook is a directory with a notebook inside.

expect: nothing
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    (folder / NAME).mkdir()
    (folder / NAME / NAME).write_text(json.dumps(tree), encoding="utf-8")
