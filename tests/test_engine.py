"""Values, inputs, comparison and verdicts: the parts that decide what a student reads."""

from __future__ import annotations

import base64
import dataclasses
import json
import linecache
import math
import os
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from autograder.bank import Bank, KnownMistake
from autograder.comparing import difference
from autograder.draws import Draw
from autograder.judging import judge_todo
from autograder.policy import forbidden_calls
from autograder.probes import Check
from autograder.running import Outcome, run_check
from autograder.values import NotPlain, dumps, loads, plain

FUZZ = int(os.environ.get("COURSE_FUZZ", "200"))  # 10000 for the long run
numbers = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8)
)
arrays = hnp.arrays(
    st.sampled_from([np.float32, np.int64, np.bool_, np.float64]), hnp.array_shapes(max_dims=3)
)
plain_values = st.recursive(
    numbers | arrays,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    return type(a) is type(b) and (a == b or (a != a and b != b))


@given(plain_values)
@settings(max_examples=FUZZ, deadline=None)
def test_what_is_sent_arrives(value: Any) -> None:
    assert equal(loads(dumps(plain(value))), plain(value))


forged_arrays = st.fixed_dictionaries(
    {
        "array": st.sampled_from(["float32", "int64", "bool", "object", "complex64"]) | numbers,
        "shape": st.lists(st.integers(-1, 2**41), max_size=4) | numbers,
        "data": st.binary(max_size=9).map(lambda raw: base64.b64encode(raw).decode()) | numbers,
    }
)
forged = st.recursive(
    numbers | st.integers() | forged_arrays,
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.fixed_dictionaries({"dict": inner})
    ),
    max_leaves=12,
)


@given(forged)
@settings(max_examples=FUZZ, deadline=None)
def test_a_forged_message_is_refused_or_plain(tree: Any) -> None:
    try:
        value = loads(json.dumps(tree).encode())
    except NotPlain:
        return
    for expected in (1.0, 3, torch.zeros(2, 3), [1, 2], {"a": 1.0}, "text", None):
        found = difference(plain(expected), value)  # whatever comes, the judge has an answer
        assert found is None or found.text.encode("utf-8")


class Liar(torch.Tensor):
    """A tensor that claims to equal everything."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return True


@pytest.mark.parametrize(
    "value",
    [
        lambda: 1,
        torch.ones(2).as_subclass(Liar),
        torch.ones(2).to_sparse(),
        torch.empty(3, device="meta"),
        {1: "key"},
        torch.zeros(1).expand(2**30),
        [[[[[[[[[[1]]]]]]]]]],
    ],
)
def test_anything_but_plain_values_is_refused(value: Any) -> None:
    with pytest.raises(NotPlain):
        plain(value)


def test_inputs_depend_on_seed_and_check_and_nothing_else() -> None:
    first = Draw(3, "todo/check").normal(4)
    torch.manual_seed(99)
    assert torch.equal(first, Draw(3, "todo/check").normal(4))
    assert not torch.equal(first, Draw(4, "todo/check").normal(4))
    assert not torch.equal(first, Draw(3, "todo/other").normal(4))


def test_layers_are_filled_by_name_in_any_order() -> None:
    class Other(nn.Module):
        def __init__(self, names: list[str]) -> None:
            super().__init__()
            for name in names:
                setattr(self, name, nn.Linear(3, 2))

    one, two = Draw(1, "k"), Draw(1, "k")
    a, b = one.parameters(Other(["x", "y"])), two.parameters(Other(["y", "x"]))
    assert torch.equal(a.x.weight, b.x.weight) and one.layers == two.layers
    assert not torch.equal(a.x.weight, a.y.weight)


@pytest.mark.parametrize(
    ("expected", "got", "said"),
    [
        (torch.zeros(2, 3), torch.zeros(3, 2), "shape (3, 2); (2, 3) was expected"),
        (torch.zeros(2), torch.tensor([0.0, math.nan]), "NaN"),
        (torch.tensor([0.0, math.nan]), torch.zeros(2), "NaN"),
        (torch.zeros(2), torch.tensor([0.0, 1e-3]), "0.001"),
        (torch.zeros(2), torch.zeros(2).long(), "int64"),
        ([1, 2], [1, 2, 3], "3 entries; 2 were expected"),
        ({"a": 1}, {"b": 1}, "['b']"),
        ("left", "wrong", '"wrong", which is not right'),
        (torch.zeros(2), None, "None"),
    ],
)
def test_a_difference_is_said_without_the_expected_value(
    expected: Any, got: Any, said: str
) -> None:
    found = difference(plain(expected), plain(got))
    assert found is not None and said in found.text


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (torch.ones(3), torch.ones(3) + 5e-6),
        (torch.tensor([math.inf]), torch.tensor([math.inf])),
        (torch.tensor([math.nan]), torch.tensor([math.nan])),
        (0.5, torch.tensor(0.5)),
        (3, np.int64(3)),
        (torch.tensor([1, 2]), [1, 2]),
        ((1, "a"), [1, "a"]),
    ],
)
def test_equal_answers_in_another_dress_agree(expected: Any, got: Any) -> None:
    assert difference(plain(expected), plain(got)) is None


# --- verdicts --------------------------------------------------------------------------------


def toy(probe: Any, **options: Any) -> Check:
    settings_ = {"judge": None, "instead_of": (), "seconds": 5.0, **options}
    return Check("double", "doubles", 3, "The answer is twice the input.", probe, **settings_)


def doubled(student: Any, draw: Any) -> Any:
    return student.double(draw.normal(4))


def verdict(code: str, check: Check | None = None) -> Any:
    check = check or toy(doubled)
    bank = Bank("toy", 1, {check.key: run_check(check, {"double": lambda x: 2 * x}, 1)})
    wrong = run_check(check, {"double": lambda x: 3 * x}, 1)
    bank.mistakes = {
        "double": [KnownMistake("triples", "Three times.", "x * 3", {check.key: wrong})]
    }
    namespace: dict[str, Any] = {}
    linecache.cache["<student>"] = (len(code), None, code.splitlines(True), "<student>")
    exec(compile(code, "<student>", "exec"), namespace)
    outcome = Outcome.from_json(json.loads(json.dumps(run_check(check, namespace, 1).to_json())))
    return judge_todo([check], {check.key: outcome}, bank, strict=True)[0]


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("def double(x): return x + x", "passed", ""),
        ("def double(x): return x.sum()", "failed", "shape"),
        ("def double(x): raise NotImplementedError()", "not attempted", "NotImplementedError"),
        ("def double(x): return x & x", "raised", "NotImplementedError"),
        ("", "not attempted", "run the cell `# TODO double` first"),
        ("def double(x): return 1 / 0", "raised", "ZeroDivisionError"),
        ("def double(x): raise SystemExit(0)", "raised", "SystemExit"),
        ("def double(x): return print", "not a plain value", "builtin_function"),
        (
            "import torch\nw = torch.ones(4, requires_grad=True)\ndef double(x): return w.mul_(2)",
            "raised",
            "changes in place at line 3",
        ),
        (
            "import torch\ndef double(x):\n a = torch.ones(4, requires_grad=True)\n b = a.exp()\n"
            " b += 1\n b.sum().backward()\n return x",
            "raised",
            "A gradient at line 6 (b.sum().backward()) needs the old values",
        ),
        (
            "import torch\ns = (torch.ones(4, requires_grad=True) ** 2).sum()\n"
            "def double(x):\n s.backward()\n s.backward()",
            "raised",
            "A gradient at line 5 (s.backward()) runs a second time",
        ),
        (
            "import torch\ndef double(x):\n a = torch.ones(4, 2, requires_grad=True)\n"
            " torch.linalg.qr(a, mode='complete').Q.sum().backward()",
            "raised",
            "No gradient can pass through what your code computes (The QR",
        ),
        ("import warnings\ndef double(x):\n warnings.warn('x')\n return 2 * x", "passed", ""),
    ],
)
def test_each_way_to_end_has_its_own_verdict(code: str, status: str, reason: str) -> None:
    found = verdict(code)
    assert (found.status, found.earned) == (status, 3 if status == "passed" else 0)
    assert reason in found.reason


def test_a_known_mistake_is_named_and_an_unknown_one_is_not() -> None:
    assert verdict("def double(x): return 3 * x").seen == ["Three times."]
    assert verdict("def double(x): return 4 * x").seen == []


def test_a_mistake_is_named_while_another_part_is_still_to_be_written() -> None:
    there, back = toy(doubled), toy(lambda student, draw: student.half(draw.normal(3)))
    back = dataclasses.replace(back, name="halves")

    def outcomes(factor: float, half: Any) -> dict[str, Outcome]:
        names = {"double": lambda x: factor * x, "half": half}
        return {check.key: run_check(check, names, 1) for check in (there, back)}

    def stub(x: Any) -> Any:
        raise NotImplementedError()

    bank = Bank("toy", 1, outcomes(2, lambda x: x / 2))
    known = outcomes(3, lambda x: x / 3)
    bank.mistakes = {"double": [KnownMistake("triples", "Three times.", "x * 3", known)]}
    found = judge_todo([there, back], outcomes(3, stub), bank, strict=True)
    assert [v.seen for v in found] == [["Three times."], []]
    assert not judge_todo([there, back], outcomes(4, stub), bank, strict=True)[0].seen
    # Right numbers by a forbidden call: not the mistake of the part that is still to be written.
    bank.mistakes["double"].append(
        KnownMistake("thirds", "A third.", "x / 3", outcomes(2, lambda x: x / 3))
    )
    called = outcomes(2, stub)
    called[there.key] = dataclasses.replace(called[there.key], library=["torch.mul"])
    verdict = judge_todo([there, back], called, bank, strict=True)[0]
    assert "torch.mul" in verdict.reason and not verdict.seen


def test_other_layer_names_are_listed_with_the_named_ones() -> None:
    def probe(student: Any, draw: Any) -> Any:
        return draw.parameters(student.Net())(draw.normal(1, 2))

    class Right(nn.Linear):
        def __init__(self) -> None:
            super().__init__(2, 2)

    check = toy(probe)
    bank = Bank("toy", 1, {check.key: run_check(check, {"Net": Right}, 1)})
    other = run_check(check, {"Net": lambda: nn.Sequential(nn.Linear(2, 2))}, 1)
    found = judge_todo([check], {check.key: other}, bank, strict=True)[0]
    assert "0.weight (2, 2)" in found.reason and " weight (2, 2)" in found.reason


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ndef double(x): return torch.softmax(x, 0)",
        "from torch import softmax as s\ndef double(x): return s(x, 0)",
        "import torch\nf = getattr(torch, 'soft' + 'max')\ndef double(x): return f(x, 0)",
    ],
)
def test_a_forbidden_library_call_is_refused_however_it_is_spelt(code: str) -> None:
    check = toy(doubled, instead_of=("torch.softmax",))
    found = verdict(code, check)
    assert not found.passed and found.look == ["torch.softmax"]


def test_reading_the_source_finds_names_through_imports() -> None:
    source = "%matplotlib inline\nimport torch.nn as layers\ncell = layers.LSTMCell(2, 2)"
    assert forbidden_calls(source, ["torch.nn.LSTMCell"]) == ["torch.nn.LSTMCell"]
    assert forbidden_calls("LSTMCell = 1", ["torch.nn.LSTMCell"]) == []
