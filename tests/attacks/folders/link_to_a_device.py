"""The notebook is a link to a device without an end.

expect: nothing
"""

import os
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    os.symlink("/dev/zero", folder / NAME)
