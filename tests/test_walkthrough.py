"""Each source notebook runs from top to bottom headless, at the tier of the tests."""

from __future__ import annotations

from pathlib import Path

import papermill
import pytest
import torch

from autograder.assignments import load_source

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=cuda)])
def test_papermill_runs_it_at_the_tiny_tier(assignment: str, device: str, tmp_path: Path) -> None:
    source = load_source(assignment).path.with_suffix(".ipynb")
    done = papermill.execute_notebook(
        str(source),
        str(tmp_path / "done.ipynb"),
        parameters={"TIER": "tiny", "DEVICE": device, "SEED": 1},
        cwd=str(tmp_path),
        kernel_name="python3",
        progress_bar=False,
    )
    assert all(c.execution_count for c in done.cells if c.cell_type == "code")
    short = assignment.split("_")[0]
    assert (tmp_path / "runs" / short / "predictions.json").is_file()
