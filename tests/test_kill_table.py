"""The proof behind the README's claim: right answers pass, wrong ones fail and are named."""

from __future__ import annotations

from autograder import kill_table


def test_every_answer_is_treated_rightly(assignment: str) -> None:
    rows = kill_table.kill_table(assignment)
    print(kill_table.text(assignment, rows))
    kinds = {row.kind for row in rows}
    assert kinds == {"solution", "stub", "mistake", "alternative", "lazy"}
    assert not [row for row in rows if row.problem]
