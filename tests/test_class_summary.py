"""What an instructor reads of a class is counted right, and every text on the page is escaped."""

from __future__ import annotations

from autograder import class_summary, feedback, tamper_report
from autograder.grading import Result
from autograder.judging import Verdict


def result(student: str, *verdicts: Verdict) -> Result:
    return Result(student, "a1", 1, "", [], "", list(verdicts))


def verdict(todo: str, status: str, mistake: str = "") -> Verdict:
    named = {"mistakes": [mistake], "seen": [f"<b>{mistake}</b>"]} if mistake else {}
    return Verdict(todo, "shapes", 2, 2.0 * (status == "passed"), status, "It fits.", **named)


CLASS = [
    result("ada", verdict("loss", "passed"), verdict("step", "failed", "swapped")),
    result("<i>bob", verdict("loss", "not attempted"), verdict("step", "raised", "swapped")),
    result("cem", verdict("loss", "timed out"), verdict("step", "passed")),
]


def test_checks_of_one_name_in_two_todos_are_counted_apart() -> None:
    loss, step = class_summary.count(CLASS)
    assert (loss.passed, loss.tried, loss.untried, loss.named) == (1, 2, 1, 0)
    assert (step.passed, step.tried, step.mistakes) == (1, 3, {"swapped": 2})
    table = class_summary.as_markdown([loss, step])
    assert "| loss | shapes | 1/3 | 1 |  |" in table
    assert "| step | shapes | 1/3 | 0 | swapped × 2 |" in table


def test_the_page_and_the_picture_can_be_shown() -> None:
    page = feedback.class_html(CLASS)
    assert "2 × &lt;b&gt;swapped" in page and "1 of 2" in page
    assert "<i>bob" not in page and "<b>swapped" not in page
    assert class_summary.as_picture(class_summary.count(CLASS), "a1").startswith(b"\x89PNG")


def test_what_is_worth_a_look_is_listed_once_and_costs_nothing() -> None:
    odd = result("=cmd()", *[verdict("loss", "ended the process")] * 3)
    odd.acts = ["writes /etc/passwd", "replaces torch.allclose"]
    odd.verdicts[0].look = ["torch.softmax"]
    found = [(todo, what) for _, todo, what in tamper_report.lines([odd, *CLASS])]
    assert ("", "writes /etc/passwd") in found and len(found) == len(set(found))
    assert any("ended the process, in 3 checks" in what for _, what in found)
    assert {student for student, _, _ in tamper_report.lines([odd, *CLASS])} == {"=cmd()"}
