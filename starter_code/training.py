"""What every training loop needs: seeds, a device, and checkpoints that survive a kill.

A checkpoint is one file. It is written beside its place and moved there in one step, so that an
interrupted or failed write leaves the previous checkpoint as it was.
"""

import errno
import math
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from starter_code.errors import CourseError

__all__ = [
    "cosine",
    "count_parameters",
    "load_checkpoint",
    "load_weights",
    "pick_device",
    "random_state",
    "restore_random_state",
    "save_checkpoint",
    "seed_everything",
    "write_atomically",
]


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch (all devices); returns a torch generator of the same seed."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; "auto" is CUDA where there is one, else the CPU.

    Raises CourseError for a device that torch does not know or this machine does not have.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise CourseError(
            f"The device {name!r} cannot be used on this machine; take 'auto' or 'cpu'."
        ) from error
    return device


def count_parameters(module: nn.Module) -> int:
    """How many numbers a training changes in `module`."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def random_state(generator: torch.Generator) -> dict[str, Any]:
    """The states of torch's global generators and of `generator`, to go on from exactly here."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"cpu": torch.get_rng_state(), "cuda": cuda, "generator": generator.get_state()}


def restore_random_state(state: Mapping[str, Any], generator: torch.Generator) -> None:
    """Put back what `random_state` saved; CUDA states only on as many devices as there were."""
    torch.set_rng_state(state["cpu"].cpu())
    generator.set_state(state["generator"].cpu())
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])


def write_atomically(path: str | Path, write: Any) -> Path:
    """Call `write(temporary_path)` and move the result to `path` in one step.

    Raises CourseError where the disk is full or the place cannot be written; a file that was at
    `path` before is then untouched.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _flush_to_disk(temporary)
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _flush_to_disk(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _cannot_write(path: Path, error: Exception) -> Exception:
    """The sentence for a failed write; errors that are not the disk's come back as they are."""
    # torch's zip writer hides the OSError of a full disk behind a RuntimeError of its own.
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or (isinstance(error, RuntimeError) and "PytorchStreamWriter" in str(error)):
        return CourseError(
            f"There is no space left on the disk for {path}: free some and go on; "
            "what was saved there before is untouched."
        )
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return CourseError(f"{path} cannot be written ({reason}): choose another folder.")
    return error


def save_checkpoint(path: str | Path, content: Mapping[str, Any]) -> Path:
    """Write `content` (tensors, numbers, strings, lists, dicts) to `path`, all or nothing."""

    def write(temporary: Path) -> None:
        # A Python file object reports a full disk as OSError; torch's own writer may abort.
        with open(temporary, "wb") as file:
            torch.save(dict(content), file)

    return write_atomically(path, write)


def load_checkpoint(path: str | Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Read what `save_checkpoint` wrote. Only plain data is read, never code.

    Raises CourseError where there is no file or it is no checkpoint.
    """
    path = Path(path)
    if not path.is_file():
        raise CourseError(f"There is no checkpoint {path}: train first, or correct the path.")
    try:
        content = torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # torch raises a dozen types for files that are not its own
        raise CourseError(
            f"{path} is not a checkpoint of this course or is damaged: "
            "delete it and train again, or take another one."
        ) from error
    if not isinstance(content, dict):
        raise CourseError(f"{path} is not a checkpoint of this course: take another file.")
    return content


def load_weights(module: nn.Module, weights: Mapping[str, Any], source: str | Path) -> None:
    """Load `weights` into `module`, all or nothing; `source` is named if they do not fit.

    Raises CourseError for the weights of another model, naming the first difference.
    """
    difference = _first_difference(module.state_dict(), weights)
    if difference:
        raise CourseError(
            f"{source} holds the weights of another model than this "
            f"{type(module).__name__} ({difference}): build the model it was trained with, "
            "or give another checkpoint."
        )
    module.load_state_dict(weights)


def _first_difference(have: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """In words: the first name or shape in which two state dicts differ; None if none."""
    for name in sorted(set(have) ^ set(given)):
        return f"it has {name}, which this has not" if name in given else f"it has no {name}"
    for name in have:
        if have[name].shape != given[name].shape:
            there, here = tuple(given[name].shape), tuple(have[name].shape)
            return f"{name} is {there} there and {here} here"
    return None


def cosine(step: int, steps: int, warm_up: int = 100) -> float:
    """The share of the full learning rate at `step` of `steps`.

    It rises over the first `warm_up` steps (at most a tenth of all), then falls as half a cosine
    to zero. Loshchilov and Hutter, "SGDR", 2017, equation (5), without restarts.
    """
    rise = max(1, min(warm_up, steps // 10))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))
