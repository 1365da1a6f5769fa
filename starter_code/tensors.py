"""How a trained network is kept in a file of its own: tensors by name, and what they are."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from starter_code.errors import CourseError
from starter_code.training import write_atomically

__all__ = ["read_tensors", "write_tensors"]


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]
) -> Path:
    """Write tensors by name, and what they are, to a safetensors file: all or nothing."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"about": json.dumps(dict(about), sort_keys=True)}
    return write_atomically(path, lambda place: save_file(plain, place, metadata))


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_tensors` wrote.

    Raises:
        CourseError: no such file, or one that is damaged or of another kind.
    """
    try:
        with safe_open(path, framework="pt") as store:
            about = json.loads((store.metadata() or {})["about"])
            return {name: store.get_tensor(name) for name in store.keys()}, about  # noqa: SIM118
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}: train first, or correct the path.") from None
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise CourseError(
            f"{path} cannot be read as trained networks of this course ({error}): delete it and "
            "train again."
        ) from None
