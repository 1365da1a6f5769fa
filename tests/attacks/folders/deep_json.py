"""A hundred thousand nested lists.

expect: nothing
"""

from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    (folder / NAME).write_text("[" * 100_000 + "]" * 100_000, encoding="utf-8")
