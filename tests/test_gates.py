"""Training gates: what a student has built is trained behind the wall, on a GPU where there is one.

The tests that need a GPU are skipped where there is none; run them wherever there is one:

    pytest tests/test_gates.py -rs
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from courses import hand_in

from autograder import gpu_slot, wall
from autograder.cells import Segment
from autograder.extracting import release_program
from autograder.feedback import student_html
from autograder.grading import Result, grade_class
from autograder.judging import Verdict, judge_gates
from autograder.sandbox import Workers
from autograder.simulated_class import simulated_class

NAME = "a2_attention_decoder"
ISOLATION = "none" if wall.missing() else "namespaces"
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


def program(todo: str = "", code: str = "") -> list[Segment]:
    """A right notebook as a program, with other code in one TODO cell."""
    right = json.loads(simulated_class(NAME)[0].files[f"{NAME}.ipynb"])
    answers = {cell.get("id"): "".join(cell["source"]) for cell in right["cells"]}
    cells = []
    for segment in release_program(NAME):
        source = answers.get(segment.todo, segment.source) if segment.todo else segment.source
        source = f"{source}\n\n{code}" if segment.todo and segment.todo == todo else source
        cells.append(Segment(segment.label, source, segment.todo, segment.fallback))
    return cells


def trained(crew: Workers, segments: list[Segment]) -> Verdict:
    (verdict,) = judge_gates(NAME, crew.train(segments, 3), 3)
    return verdict


def test_a_class_is_trained_and_the_pages_say_so(tmp_path: Path) -> None:
    people = {s.name: s for s in simulated_class(NAME)}
    chosen = ("ada_finished", "ben_untouched", "xia_corrupt")
    hand_in([people[name] for name in chosen], tmp_path / "in")

    def run() -> dict[str, Result]:
        out = tmp_path / "out"
        found = grade_class(
            NAME, tmp_path / "in", out, jobs=1, seed=3, isolation=ISOLATION, gates=True
        )
        return {result.student: result for result in found}

    results = run()
    ada, ben, xia = (results[name] for name in chosen)
    assert ada.gates[0].status == "passed" and ben.gates[0].status == "not attempted"
    assert xia.gates == [] and ada.earned == ada.points
    if not gpu_slot.count():
        assert "no GPU was there" in ada.gates[0].reason
        assert "tiny tier" in student_html(ada)
    assert [r.to_json() for r in run().values()] == [r.to_json() for r in results.values()]


@pytest.fixture(scope="module")
def crew() -> Iterator[Workers]:
    with Workers(NAME, 1, ISOLATION, range(gpu_slot.count())) as workers:
        yield workers


BROKEN = {
    "def f(self, e, c, l): return AttentionDecoder.old(self, e.detach(), c, l)[0].detach(), 0\n"
    "AttentionDecoder.old, AttentionDecoder.forward = AttentionDecoder.forward, f": "raised",
    "import os\ndef f(self, e, c, l): os._exit(0)\nAttentionDecoder.forward = f": "ended the proc",
    "def f(self, e, c, l):\n  s = e.new_zeros(len(c), c.shape[1] - 1, 40)\n"
    "  s = s.scatter(2, c[:, 1:, None], 50.0)\n  return s + 0 * self.word_fc.bias.sum(), 0\n"
    "AttentionDecoder.forward = f": "failed",
}


@pytest.mark.parametrize(("code", "status"), BROKEN.items(), ids=["no gradient", "exits", "reads"])
def test_what_cannot_learn_does_not_pass_and_costs_nobody_else(
    crew: Workers, code: str, status: str
) -> None:
    assert trained(crew, program("attention_forward", code)).status.startswith(status)
    assert trained(crew, program()).status == "passed"


# --- with a GPU ------------------------------------------------------------------------------

BOMB = """
def f(self, e, c, l):
    held = []
    while True:
        held.append(torch.empty(2**30, dtype=torch.uint8, device="cuda"))
AttentionDecoder.forward = f
"""

LEAVE = """
def f(self, e, c, l):
    f.held = torch.full((2**30,), 77, dtype=torch.uint8, device="cuda")
    return AttentionDecoder.old(self, e, c, l)
AttentionDecoder.old, AttentionDecoder.forward = AttentionDecoder.forward, f
"""

FIND = """
def f(self, e, c, l):
    found = torch.empty(2**33, dtype=torch.uint8, device="cuda")
    assert not (found == 77).sum() > 2**20, "another's memory"
    return AttentionDecoder.old(self, e, c, l)
AttentionDecoder.old, AttentionDecoder.forward = AttentionDecoder.forward, f
"""


@cuda
def test_a_gate_sees_one_gpu(crew: Workers) -> None:
    (outcome,) = crew.train(program(), 3).values()
    assert outcome.value["device"] == "cuda" and outcome.value["GPUs in sight"] == 1


@cuda
def test_a_memory_bomb_costs_its_own_gate_only(crew: Workers) -> None:
    assert trained(crew, program("attention_forward", BOMB)).status in ("out of memory", "raised")
    assert trained(crew, program()).status == "passed"


@cuda
def test_nobody_finds_what_another_left_in_the_memory(crew: Workers) -> None:
    assert trained(crew, program("attention_forward", LEAVE)).status == "passed"
    assert trained(crew, program("attention_forward", FIND)).status == "passed"
