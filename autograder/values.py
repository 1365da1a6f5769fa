"""Plain values: the only thing that leaves the process in which student code runs.

A plain value is None, a bool, a number, a string, a NumPy array, or a list or string-keyed dict of
plain values. `plain` turns what a probe returned into one (tensors become arrays, tuples become
lists) and refuses everything else; `encode` and `decode` carry it over a pipe or into a file as
JSON. Nothing is ever pickled, so decoding runs no code of the sender.
"""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import numpy as np
import torch

Plain = Any  # None | bool | int | float | str | np.ndarray | list[Plain] | dict[str, Plain]

MAX_DEPTH = 8
MAX_ITEMS = 100_000
MAX_BYTES = 64 * 2**20
MAX_INT = 2**63
DTYPES = frozenset(
    ["bool", "float16", "float32", "float64"]
    + [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
)


class NotPlain(Exception):
    """A value that may not leave the sandbox; the message says what it is."""


class _Budget:
    """How many items and bytes a value may still hold."""

    def __init__(self) -> None:
        self.items = MAX_ITEMS
        self.bytes = MAX_BYTES

    def spend(self, items: int = 1, size: int = 0) -> None:
        self.items -= items
        self.bytes -= size
        if self.items < 0 or self.bytes < 0:
            raise NotPlain("more values than an answer may hold")


def plain(value: object) -> Plain:
    """Return `value` with tensors as arrays and tuples as lists.

    Raises:
        NotPlain: for any other type, a subclass that could lie about itself, or too much of it.
    """
    return _plain(value, _Budget(), 0)


def _plain(value: object, budget: _Budget, depth: int) -> Plain:
    if depth > MAX_DEPTH:
        raise NotPlain(f"lists nested deeper than {MAX_DEPTH}")
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is float:
        budget.spend()
        if kind is int and abs(value) > MAX_INT:  # type: ignore[arg-type]
            raise NotPlain("a number with too many digits")
        return value
    if isinstance(value, str) and kind is str:
        budget.spend(1, len(value))
        return value
    if isinstance(value, np.generic):
        budget.spend()
        return value.item() if value.dtype.name in DTYPES else _refuse(value)
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return _array(value, budget)
    if isinstance(value, (list, tuple)) and kind in (list, tuple):
        budget.spend(len(value))
        return [_plain(item, budget, depth + 1) for item in value]
    if isinstance(value, dict) and kind is dict and all(type(key) is str for key in value):
        budget.spend(len(value))
        return {key: _plain(item, budget, depth + 1) for key, item in value.items()}
    return _refuse(value)


def _refuse(value: object) -> Plain:
    raise NotPlain(f"a {type(value).__name__}")


def _array(value: torch.Tensor | np.ndarray, budget: _Budget) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        if type(value) not in (torch.Tensor, torch.nn.Parameter):
            raise NotPlain(f"a {type(value).__name__}, not a plain tensor")
        if value.layout != torch.strided or value.is_quantized or value.device.type == "meta":
            raise NotPlain(f"a tensor of layout {value.layout} on {value.device}")
        budget.spend(1, value.numel() * value.element_size())
        value = value.detach().cpu().resolve_conj().resolve_neg()
        value = value.float() if value.dtype == torch.bfloat16 else value
        array = value.contiguous().numpy()
    else:
        if type(value) is not np.ndarray:
            raise NotPlain(f"a {type(value).__name__}, not a plain array")
        budget.spend(1, value.nbytes)
        array = value
    if array.dtype.name not in DTYPES:
        raise NotPlain(f"an array of {array.dtype.name}")
    return np.array(array)


def clean(text: str) -> str:
    """The text as any file can hold it: halves of surrogate pairs become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


def encode(value: Plain) -> Any:
    """Return `value` as JSON: arrays as base64, dicts and arrays tagged."""
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {"array": value.dtype.name, "shape": list(value.shape), "data": data}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {"dict": {key: encode(item) for key, item in value.items()}}
    return value


def decode(tree: Any) -> Plain:
    """Return the plain value that `encode` wrote.

    Raises:
        NotPlain: if the tree is not one that `encode` writes, or too large.
    """
    return _decode(tree, _Budget(), 0)


def _decode(tree: Any, budget: _Budget, depth: int) -> Plain:
    if depth > MAX_DEPTH:
        raise NotPlain(f"lists nested deeper than {MAX_DEPTH}")
    budget.spend()
    if isinstance(tree, str):
        return clean(tree)
    if isinstance(tree, int) and abs(tree) > MAX_INT:
        raise NotPlain("a number with too many digits")
    if tree is None or isinstance(tree, (bool, int, float)):
        return tree
    if isinstance(tree, list):
        return [_decode(item, budget, depth + 1) for item in tree]
    if isinstance(tree, dict) and set(tree) == {"dict"} and isinstance(tree["dict"], dict):
        return {clean(k): _decode(item, budget, depth + 1) for k, item in tree["dict"].items()}
    if isinstance(tree, dict) and set(tree) == {"array", "shape", "data"}:
        return _decode_array(tree, budget)
    raise NotPlain("a message that is not a plain value")


def _decode_array(tree: dict[str, Any], budget: _Budget) -> np.ndarray:
    name, shape, data = tree["array"], tree["shape"], tree["data"]
    if not (isinstance(name, str) and name in DTYPES and isinstance(data, str)):
        raise NotPlain("an array of unknown type")
    if not (isinstance(shape, list) and len(shape) <= 32):
        raise NotPlain("an array without a shape")
    if not all(type(side) is int and 0 <= side < 2**40 for side in shape):
        raise NotPlain("an array without a shape")
    size = math.prod(shape) * np.dtype(name).itemsize
    budget.spend(1, size)
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise NotPlain("an array whose bytes are damaged") from error
    if len(raw) != size:
        raise NotPlain("an array whose bytes do not fit its shape")
    return np.frombuffer(raw, dtype=name).reshape(shape)


def dumps(value: Plain) -> bytes:
    """Encode a plain value as bytes for a pipe."""
    return json.dumps(encode(value)).encode()


def loads(data: bytes) -> Plain:
    """Decode bytes from a pipe.

    Raises:
        NotPlain: if they are not what `dumps` writes.
    """
    if len(data) > 2 * MAX_BYTES:
        raise NotPlain("more values than an answer may hold")
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotPlain("a message that is not JSON") from error
    return decode(tree)
