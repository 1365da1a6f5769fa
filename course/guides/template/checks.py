"""What is measured on assignment N. Probes return plain values and decide nothing.

A key of what a probe returns is the subject of a sentence that a student reads, so it is a noun.
"""

from __future__ import annotations

from typing import Any

import torch

from autograder.draws import Draw
from autograder.probes import Names, check


@check("tempered_softmax", points=40)
def row_by_row(student: Names, draw: Draw) -> Any:
    """Each row is a distribution over its own classes, at the temperature asked for."""
    probabilities = student.tempered_softmax(draw.normal(4, 7), 0.5)
    return {"the tensor of probabilities": probabilities}


@check("tempered_softmax", points=20)
def sizes_of_one_and_equal_sizes(student: Names, draw: Draw) -> Any:
    """One row, one class, or as many rows as classes: the answer keeps its shape."""
    return {
        "the answer for one row": student.tempered_softmax(draw.normal(1, 5), 2.0),
        "the answer for one class": student.tempered_softmax(draw.normal(3, 1), 2.0),
        "the answer for a square": student.tempered_softmax(draw.normal(3, 3), 2.0),
    }


@check("tempered_softmax", points=20)
def large_scores_and_gradients(student: Names, draw: Draw) -> Any:
    """Scores of a thousand give finite answers, and a gradient reaches the scores."""
    scores = (1000 * draw.normal(3, 4, dtype=torch.float64)).requires_grad_()
    probabilities = student.tempered_softmax(scores, 400.0)
    (gradient,) = torch.autograd.grad((probabilities * draw.normal(3, 4)).sum(), scores)
    return {"the answer": probabilities, "the gradient that reaches the scores": gradient}
