"""A right notebook behind 1,500 cells of nothing.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    tree["cells"][:0] = [
        {"cell_type": "code", "id": f"n{i}", "metadata": {}, "outputs": [], "source": f"x{i} = {i}"}
        for i in range(1500)
    ]
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
