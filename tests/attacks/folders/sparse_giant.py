"""The notebook is ten gigabytes of nothing.

expect: nothing
"""

from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    with open(folder / NAME, "wb") as file:
        file.truncate(10 * 2**30)
