"""Known wrong answers of assignment N. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code.
"""

from autograder.authoring import Solution, mistake


@mistake(
    "tempered_softmax",
    seen="Each row needs probabilities that add up to one; yours add up over the rows.",
    cause="The softmax ran over the batch.",
)
def over_the_batch(solution: Solution) -> Solution:
    return solution.edit("dim=1", "dim=0")


@mistake(
    "tempered_softmax",
    seen="Your rows are sharp where they should be soft, and soft where they should be sharp.",
    cause="The temperature multiplies the scores; it should divide them.",
)
def multiplied(solution: Solution) -> Solution:
    return solution.edit("scores / temperature", "scores * temperature")


@mistake(
    "tempered_softmax",
    seen="Whatever the temperature, your probabilities are those of a temperature of one.",
    cause="The temperature is not used.",
)
def temperature_forgotten(solution: Solution) -> Solution:
    return solution.edit("scores / temperature", "scores")


@mistake(
    "tempered_softmax",
    seen="Your rows do not add up to one.",
    cause="The division by the temperature came after the softmax.",
)
def divided_afterwards(solution: Solution) -> Solution:
    return solution.edit(
        "torch.softmax(scores / temperature, dim=1)", "torch.softmax(scores, dim=1) / temperature"
    )
