"""The assignment's folder is a link to an honest student's.

expect: nothing
"""

import os
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    folder.rmdir()
    os.symlink(folder.parents[1] / "zz_honest" / folder.name, folder)
