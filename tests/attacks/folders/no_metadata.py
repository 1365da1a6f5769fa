"""All metadata and ids are gone.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    for cell in tree["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
