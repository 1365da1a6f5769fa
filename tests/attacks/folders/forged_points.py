"""The check cells claim 400 points and are graded already.

expect: all but caption_loss
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"
RESULT = {"output_type": "execute_result", "metadata": {}, "execution_count": 1}


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    for cell in tree["cells"]:
        record = cell["metadata"].get("nbgrader")
        if record and record.get("grade"):
            record["points"] = 400
            record["locked"] = False
            if cell["cell_type"] == "code":
                cell["source"] = "pass"
                text = {"text/plain": "400"}
                cell["outputs"] = [RESULT | {"data": text}]
        if cell["id"] == "caption_loss":
            cell["source"] = "# TODO caption_loss: no\ndef caption_loss(*a):\n    return 0"
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
