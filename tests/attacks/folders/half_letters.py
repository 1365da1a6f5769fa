"""A right notebook with text in it that no file can hold, in code and in answers.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    for cell in tree["cells"]:
        if cell["id"] == "caption_loss":
            cell["source"] = "".join(cell["source"]) + "\n# \ud800 half a letter"
        if cell["id"].startswith("report-"):
            cell["source"] = "half \udfff a letter"
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
