"""HTML, SVG, script and widget state wherever text may stand.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    evil = '<script>alert("CANARY")</script><svg onload="alert(1)"><img src="http://127.0.0.1:9/x">'
    for cell in tree["cells"]:
        if cell["id"].startswith("report-"):
            cell["source"] = (
                "My answer. " + evil + " [x](javascript:alert(1)) ![y](http://127.0.0.1:9/y)"
            )
    tree["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": evil}}
    tree["cells"].append(
        {
            "cell_type": "code",
            "id": "evil",
            "metadata": {},
            "source": "1",
            "execution_count": 1,
            "outputs": [
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": evil}}
            ],
        }
    )
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
