"""How long a check takes in a running kernel: every check of every assignment, solution loaded.

python benchmarks/checks.py
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from autograder import assignments
from autograder.cells import run_segments
from autograder.notebook import Session


def main() -> None:
    """Print the median and the slowest TODO."""
    times: dict[str, float] = {}
    for name in assignments.names():
        namespace: dict[str, Any] = {}
        run_segments(assignments.load_source(name).segments(), namespace)
        session = Session(name, namespace)
        for todo in assignments.load_source(name).todos:
            session.run(todo)  # the first run pays for imports
            started = time.perf_counter()
            verdicts = session.run(todo)
            times[f"{name}: {todo}"] = time.perf_counter() - started
            assert all(verdict.passed for verdict in verdicts)
    for key, seconds in sorted(times.items(), key=lambda item: item[1]):
        print(f"{seconds:8.3f} s  {key}")
    print(f"{statistics.median(times.values()):8.3f} s  median of {len(times)} TODOs")


if __name__ == "__main__":
    main()
