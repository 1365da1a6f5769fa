"""Sources are numbers, metadata are lists, ids are paths.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    tree["cells"][:0] = [
        {"cell_type": "code", "id": "../../../etc", "metadata": [], "outputs": {}, "source": 7},
        {"cell_type": None, "id": 5, "metadata": "x", "source": None},
        "not a cell",
    ]
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
