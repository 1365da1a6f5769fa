"""Compare what a student's code returned with what the reference returned.

Texts name shape, type, count and the largest error, never an expected number of a tensor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.values import Plain

SINGLE = (1e-4, 1e-5)  # rtol, atol in float32
DOUBLE = (1e-9, 1e-9)


@dataclass(frozen=True)
class Difference:
    """Where two values part.

    Attributes:
        text: one sentence about shape, type or error.
        tolerances: the largest error in units of its tolerance; inf if the structure differs.
    """

    text: str
    tolerances: float


def difference(expected: Plain, got: Plain, where: str = "the answer") -> Difference | None:
    """Return the largest difference, or None if `got` agrees with `expected`."""
    largest = _worst(expected, got, where)
    return largest if largest is not None and largest.tolerances > 1 else None


def distance(expected: Plain, got: Plain) -> float:
    """Largest error in tolerances: 0 if equal, inf if the structure differs."""
    largest = _worst(expected, got, "")
    return largest.tolerances if largest is not None else 0.0


def _worst(expected: Plain, got: Plain, where: str) -> Difference | None:
    if isinstance(expected, bool) and isinstance(got, bool) and expected != got:
        return Difference(f"{where}: this should be {expected}, and is {got}", math.inf)
    if _is_number(expected) and _is_number(got):
        return _numbers(expected, got, where)
    if isinstance(expected, np.ndarray):
        got = _as_array(expected, got)
        if isinstance(got, np.ndarray):
            return _arrays(expected, got, where)
    elif isinstance(expected, list) and isinstance(got, np.ndarray) and got.ndim:
        got = got.tolist()
    if isinstance(expected, list) and isinstance(got, list):
        return _lists(expected, got, where)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _dicts(expected, got, where)
    if type(expected) is type(got) and expected == got:
        return None
    if isinstance(expected, str) and isinstance(got, str):
        return Difference(f'{where} is "{got[:40]}", which is not right', math.inf)
    if type(expected) is type(got):
        return Difference(f"{where} is another {_kind(got)} than the right one", math.inf)
    return Difference(f"{where} is {_kind(got)}; {_kind(expected)} was expected", math.inf)


def _is_number(value: Plain) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return isinstance(value, (bool, int, float))


def _numbers(expected: Plain, got: Plain, where: str) -> Difference | None:
    """A plain float may come from float32: single tolerance, unless both are arrays."""
    a, b = np.asarray(expected), np.asarray(got)
    both_arrays = isinstance(expected, np.ndarray) and isinstance(got, np.ndarray)
    if not both_arrays and "f" in (a.dtype.kind, b.dtype.kind):
        return _real_numbers(a, b, where, single=True)
    return _arrays(a, b, where)


def _as_array(expected: np.ndarray, got: Plain) -> Any:
    """A list of numbers may stand for an array (ids of a caption, say)."""
    if isinstance(got, list):
        try:
            array = np.asarray(got)
        except ValueError:
            return got
        return array if array.dtype.kind in "biuf" else got
    return got


def _kind(value: Plain) -> str:
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {_shape(value)}"
    names = {bool: "a truth value", int: "a number", float: "a number", str: "a text"}
    names |= {list: "a list", dict: "a dictionary", type(None): "None"}
    return names[type(value)]


def _shape(array: np.ndarray) -> str:
    return str(tuple(int(side) for side in array.shape))


def _lists(expected: list[Plain], got: list[Plain], where: str) -> Difference | None:
    if len(expected) != len(got):
        entries = "1 entry" if len(got) == 1 else f"{len(got)} entries"
        text = f"{where} has {entries}; {len(expected)} were expected"
        return Difference(text, math.inf)
    return _largest(_worst(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(expected, got)))


def _dicts(expected: dict[str, Plain], got: dict[str, Plain], where: str) -> Difference | None:
    if set(expected) != set(got):
        text = f"{where} has the entries {sorted(got)}; {sorted(expected)} were expected"
        return Difference(text, math.inf)
    return _largest(_worst(expected[key], got[key], key) for key in expected)


def _largest(differences: Any) -> Difference | None:
    found = [item for item in differences if item is not None]
    return max(found, key=lambda item: item.tolerances) if found else None


def _arrays(expected: np.ndarray, got: np.ndarray, where: str) -> Difference | None:
    if expected.shape != got.shape:
        text = f"{where} has shape {_shape(got)}; {_shape(expected)} was expected"
        return Difference(text, math.inf)
    floats = expected.dtype.kind == "f"
    if expected.ndim and floats != (got.dtype.kind == "f"):
        text = f"{where} holds {got.dtype.name}; {expected.dtype.name} was expected"
        return Difference(text, math.inf)
    if not expected.size:
        return None
    if not floats and got.dtype.kind != "f":
        return _whole_numbers(expected, got, where)
    floating = [array.dtype for array in (expected, got) if array.dtype.kind == "f"]
    single = any(dtype.itemsize < 8 for dtype in floating)
    return _real_numbers(expected, got, where, single)


def _whole_numbers(expected: np.ndarray, got: np.ndarray, where: str) -> Difference | None:
    wrong = expected != got
    if not wrong.any():
        return None
    text = f"{where} differs in {int(wrong.sum())} of {wrong.size} entries"
    alone = f"{where} is {got}, not the right number"
    return Difference(text if expected.ndim else alone, math.inf)


def _real_numbers(
    expected: np.ndarray, got: np.ndarray, where: str, single: bool
) -> Difference | None:
    rtol, atol = SINGLE if single else DOUBLE
    a, b = expected.astype(np.float64), got.astype(np.float64)
    # Equal infinities are the same. NaN is too: a known mistake may give it, a reference never.
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if not np.isfinite(b[~same]).all():
        word = "NaN" if np.isnan(b).any() else "infinite"
        return Difference(f"{where} contains numbers that are {word}", math.inf)
    if np.isnan(a[~same]).any():  # a known mistake gives NaN there, this answer a number
        return Difference(f"{where} holds numbers where NaN was expected", math.inf)
    with np.errstate(invalid="ignore"):
        error = np.where(same, 0.0, np.abs(a - b))
    units = error / (atol + rtol * np.abs(np.where(np.isfinite(a), a, 0.0)))
    text = f"the largest error in {where} is {error.max():.2g}; at most {atol:g} is allowed"
    if expected.ndim:
        text = f"{where} has the right shape {_shape(expected)}, but {text}"
    return Difference(text, float(units.max()))
