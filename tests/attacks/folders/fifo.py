"""The notebook is a pipe that nobody writes to, and so is the time stamp.

expect: nothing
"""

import os
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    os.mkfifo(folder / NAME)
    os.mkfifo(folder / "timestamp.txt")
