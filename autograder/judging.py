"""Turn outcomes into verdicts. No student code runs in a process that imports this for grading.

outcome (what the student's code gave)  +  bank (what right and known-wrong answers give)
    -> verdict: passed, failed with a named mistake or a property, or how else it ended
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from autograder.bank import Bank, KnownMistake
from autograder.comparing import difference
from autograder.draws import Draw
from autograder.probes import Check, load_gates
from autograder.running import Outcome

PASSED, FAILED, NOT_ATTEMPTED = "passed", "failed", "not attempted"
STATUS = {
    "stub": NOT_ATTEMPTED,
    "undefined": NOT_ATTEMPTED,
    "raised": "raised",
    "timed_out": "timed out",
    "out_of_memory": "out of memory",
    "ended": "ended the process",
    "not_plain": "not a plain value",
}


@dataclass
class Verdict:
    """The result of one check, in words for the student.

    Attributes:
        status: passed · failed · not attempted · raised · timed out · out of memory · ended the
            process · not a plain value.
        sentence: the property that the check is about.
        reason: what went wrong, "" if passed.
        seen: words of the known mistakes that agree on every check of what is written.
        causes: their causes, for a second try.
        look: library callables that an instructor should look at.
    """

    todo: str
    name: str
    points: float
    earned: float
    status: str
    sentence: str
    reason: str = ""
    seen: list[str] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The check's key; see `autograder.probes.Check`."""
        return f"{self.todo}/{self.name}"

    @property
    def passed(self) -> bool:
        """Whether the check passed."""
        return self.status == PASSED

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return asdict(self)


def judge_todo(
    checks: list[Check], outcomes: Mapping[str, Outcome], bank: Bank, *, strict: bool
) -> list[Verdict]:
    """Judge the checks of one TODO.

    Args:
        strict: a forbidden library call fails the check (the student's own kernel); otherwise it is
            listed for the instructor and the points stand.
    """
    verdicts = [_judge(c, outcomes[c.key], bank, strict) for c in checks]
    if all(verdict.passed for verdict in verdicts):
        return verdicts
    written = [check for check in checks if outcomes[check.key].kind != "stub"]
    right = all(agrees(bank.expected[check.key], outcomes[check.key]) for check in written)
    mistakes = [] if right else bank.mistakes.get(checks[0].todo, [])
    known = [mistake for mistake in mistakes if _is_mistake(mistake, written, outcomes)]
    for verdict in verdicts:
        if verdict.status in (FAILED, "raised"):
            verdict.mistakes = [m.name for m in known]
            verdict.seen = list(dict.fromkeys(m.seen for m in known))
            verdict.causes = list(dict.fromkeys(m.cause for m in known))
    return verdicts


def _judge(check: Check, outcome: Outcome, bank: Bank, strict: bool) -> Verdict:
    status, reason = _status(check, outcome, bank)
    if status == PASSED and strict and outcome.library:
        status, reason = FAILED, library_sentence(outcome.library)
    earned = check.points if status == PASSED else 0.0
    return Verdict(
        check.todo,
        check.name,
        check.points,
        earned,
        status,
        check.sentence,
        reason,
        look=list(outcome.library),
    )


def judge_gates(assignment: str, outcomes: Mapping[str, Outcome], seed: int) -> list[Verdict]:
    """Verdicts of training gates: by their own judges, without a reference and without points."""
    found = []
    for gate in load_gates(assignment):
        outcome = outcomes[gate.key]
        if outcome.kind != "returned":
            status, reason = STATUS.get(outcome.kind, FAILED), _how_it_ended(gate, outcome)
        else:
            reason = _own_judgement(gate, outcome, seed)
            status = FAILED if reason else PASSED
        value = outcome.value if isinstance(outcome.value, dict) else {}
        if value.get("device") == "cpu":
            reason = f"{reason} Run on the CPU at the tiny tier: no GPU was there.".strip()
        found.append(Verdict("training", gate.name, 0, 0, status, gate.sentence, reason))
    return found


def library_sentence(library: list[str]) -> str:
    """One sentence about calls of what the TODO is there to derive."""
    return (
        f"Your code calls {', '.join(library)}, which this exercise asks you to write yourself; "
        "replace the call by your own computation."
    )


def _status(check: Check, outcome: Outcome, bank: Bank) -> tuple[str, str]:
    if outcome.kind != "returned":
        return STATUS.get(outcome.kind, FAILED), _how_it_ended(check, outcome)
    expected = bank.expected[check.key]
    if outcome.layers != expected.layers:
        return FAILED, _other_layers(expected.layers, outcome.layers)
    wrong = _what_is_wrong(check, expected, outcome, bank.seed)
    return (FAILED, wrong) if wrong else (PASSED, "")


def _what_is_wrong(check: Check, expected: Outcome, outcome: Outcome, seed: int) -> str:
    if check.judge is None:
        found = difference(expected.value, outcome.value)
        return _sentence(found.text) if found else ""
    return _own_judgement(check, outcome, seed)


def _own_judgement(check: Check, outcome: Outcome, seed: int) -> str:
    """What the check's own judge says is wrong, "" if nothing."""
    assert check.judge is not None
    try:
        return check.judge(outcome.value, Draw(seed, check.key)) or ""
    except Exception:  # a judge's function reads values that may have any form
        return "The answer has another form than the exercise asks for."


def _sentence(text: str) -> str:
    """A sentence; a name from the student's code keeps its own spelling."""
    return (f"The{text[3:]}" if text.startswith("the ") else text) + "."


def _how_it_ended(check: Check, outcome: Outcome) -> str:
    at = f" at {outcome.line}" if outcome.line else ""
    raised = f"{outcome.error}{at}: {outcome.detail}".rstrip(": ")
    if "a leaf Variable" in outcome.detail:
        raised = (
            f"Your code changes in place{at} a tensor that a gradient is to reach: make a new one "
            "of what was given; a parameter of your own is set under `torch.no_grad()`."
        )
    elif _about(outcome) == "in place":
        raised = (
            f"A gradient{at} needs the old values of a tensor that was changed in the meantime, in "
            "place or by an optimiser's step: make a new tensor, or compute the loss anew."
        )
    elif _about(outcome) == "twice":
        raised = (
            f"A gradient{at} runs a second time through what an earlier backward() has used up: "
            "cut off with `detach()` what it is not to reach, keep no tensor from call to call."
        )
    elif _about(outcome) == "not differentiable":
        raised = f"No gradient can pass through what your code computes ({outcome.detail})"
    elif not outcome.line and "NoneType" in outcome.detail:
        raised = "Your code returned None where something else was expected: is a `return` missing?"
    elif not outcome.line:  # not in the student's code: the check tripped over what it returned
        raised = (
            "The check cannot use what your code returned; compare its form with the one that the "
            f"docstring names ({outcome.error}: {outcome.detail})."
        )
    return {
        "stub": "The cell still raises NotImplementedError: nothing to check yet.",
        "undefined": f"{outcome.error} is not defined; run the cell `# TODO {check.todo}` first.",
        "raised": raised,
        "timed_out": f"No answer within {check.seconds:g} seconds{at}; look for a loop without an "
        "end.",
        "out_of_memory": f"The memory limit was reached{at}.",
        "ended": "The process ended before the check was done; remove calls that end Python.",
        "not_plain": f"The answer is {outcome.error}; return tensors, numbers, texts or lists.",
    }.get(outcome.kind, "The check gave no usable answer.")


def _other_layers(expected: list[Any], got: list[Any]) -> str:
    def text(calls: list[Any]) -> str:
        return ", ".join(f"{name} {tuple(shape)}" for call in calls for name, shape in call)

    return f"Your layers are [{text(got)}]; the exercise names [{text(expected)}]."


def agrees(expected: Outcome, outcome: Outcome) -> bool:
    """Whether two outcomes are the same: equal values, or the same exception."""
    if expected.kind != outcome.kind:
        return False
    if expected.kind != "returned":
        return (expected.error, _about(expected)) == (outcome.error, _about(outcome))
    same_layers = expected.layers == outcome.layers
    return same_layers and difference(expected.value, outcome.value) is None


def _about(outcome: Outcome) -> str:
    """What torch's message is about where its type says little: torch calls all a RuntimeError."""
    said = outcome.detail
    if any(word in said for word in ("inplace", "in-place", "a leaf Variable")):
        return "in place"
    if "backward through the graph a second time" in said:
        return "twice"
    return "not differentiable" if "is not differentiable" in said else ""


def _is_mistake(
    mistake: KnownMistake, checks: list[Check], outcomes: Mapping[str, Outcome]
) -> bool:
    return all(agrees(mistake.outcomes[c.key], outcomes[c.key]) for c in checks)
