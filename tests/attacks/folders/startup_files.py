"""Python and pytest files that would run where they are found.

expect: all
"""

import json
from pathlib import Path
from typing import Any

NAME = "a1_cnn_lstm_decoder.ipynb"


def hand_in(folder: Path, tree: dict[str, Any]) -> None:
    for name in (
        "conftest.py",
        "sitecustomize.py",
        "usercustomize.py",
        "torch.py",
        "autograder.py",
        "nbgrader_config.py",
        "x.pth",
        "pytest.ini",
        "test_all.py",
    ):
        (folder / name).write_text('raise SystemExit("CANARY")', encoding="utf-8")
    (folder / NAME).write_text(json.dumps(tree), encoding="utf-8")
