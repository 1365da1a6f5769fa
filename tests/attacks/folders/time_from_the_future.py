"""A time stamp that is no time.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    (folder / "timestamp.txt").write_text("tomorrow; DROP TABLE grade", encoding="utf-8")
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
