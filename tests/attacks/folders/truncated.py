"""Half of a notebook.

expect: nothing
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    text = json.dumps(tree)
    (folder / NAME).write_text(text[: len(text) // 2], encoding="utf-8")
