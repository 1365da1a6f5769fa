"""Does the grade log hold? Everything it names is graded again, at its seeds, and compared."""

from __future__ import annotations

from pathlib import Path

from tqdm import tqdm

from autograder import gradelog
from autograder.bank import measure
from autograder.grading import (
    LOG,
    digest_of,
    entry_of,
    find_submissions,
    grade_submission,
    taken,
)
from autograder.sandbox import Workers


def verify_log(assignment: str, folder: Path, out: Path, isolation: str | None = None) -> list[str]:
    """Grade again what the log says was graded, at its seeds; return what differs, in sentences.

    Raises:
        CourseError: no log, or one of its seals is broken.
    """
    entries = gradelog.latest(gradelog.verify(out / LOG))
    wanted = [e for e in entries.values() if e.assignment == assignment]
    files = find_submissions(folder, assignment)
    checks = gradelog.digest_of_checks(assignment)
    banks = {seed: measure(assignment, seed) for seed in {e.seed for e in wanted}}
    differences = []
    with Workers(assignment, 1, isolation) as workers:
        for entry in tqdm(wanted, desc=f"verifying {assignment}"):
            path = files.get(entry.student)
            data, submission = taken(path, assignment)
            digest = digest_of(path, data)
            if digest != entry.submission:
                differences.append(f"{entry.student}: another file is handed in than was graded.")
                continue
            if entry.checks != checks:
                differences.append(f"{entry.student}: the checks have changed since.")
                continue
            if path is not None and not submission.problem:
                submission = workers.read(path.name, data)
            bank = banks[entry.seed]
            again = entry_of(grade_submission(entry.student, submission, bank, workers, digest))
            if again != entry:
                differences.append(
                    f"{entry.student}: {again.earned:g} points now, {entry.earned:g} in the log."
                )
    return differences
