"""The weights of a captioner: an encoder and a decoder that belong together, loaded as one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from starter_code.errors import CourseError
from starter_code.training import load_checkpoint, load_weights

__all__ = ["load_best", "load_pair"]


def load_pair(
    encoder: nn.Module, decoder: nn.Module, content: Mapping[str, Any], source: str | Path
) -> None:
    """Load a checkpoint's weights into both networks, or into neither.

    Raises CourseError if they belong to other networks.
    """
    if not {"encoder", "decoder"} <= content.keys():
        raise CourseError(f"{source} is not the checkpoint of a captioner: take another file.")
    untouched = {k: v.clone() for k, v in encoder.state_dict().items()}
    load_weights(encoder, content["encoder"], source)
    try:
        load_weights(decoder, content["decoder"], source)
    except CourseError:
        encoder.load_state_dict(untouched)
        raise


def load_best(folder: str | Path, encoder: nn.Module, decoder: nn.Module) -> dict[str, float]:
    """Load the best weights of the training in `folder`; returns that epoch's record.

    Raises CourseError if there are none or they belong to other networks.
    """
    path = Path(folder) / "best.pt"
    content = load_checkpoint(path)
    load_pair(encoder, decoder, content, path)
    return content.get("record", {})
