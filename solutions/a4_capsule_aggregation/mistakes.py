"""Known wrong answers of assignment 4. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code. Sources: errors reported for public
capsule networks and stylised captioners, and what these formulas invite one to do.
"""

from collections.abc import Callable

from autograder.authoring import Solution, mistake

# ---- votes


@mistake(
    "votes",
    seen="Right shapes only where a vote is as long as a capsule, and there other numbers.",
    cause="The matrices stand the wrong way round: a capsule is a row, on their left.",
)
def matrices_transposed(solution: Solution) -> Solution:
    return solution.edit("ijcd->bijd", "ijdc->bijd")


@mistake(
    "votes",
    seen="Your answer has one vector for each output: the votes are added up already.",
    cause="The sum ran over the input capsules too; counting is the router's work.",
)
def summed_over_inputs(solution: Solution) -> Solution:
    return solution.edit("->bijd", "->bjd")


@mistake(
    "votes",
    seen="The right numbers in another order: outputs come before inputs.",
    cause="The two capsule axes of the answer changed places.",
)
def axes_swapped(solution: Solution) -> Solution:
    return solution.edit("->bijd", "->bjid")


@mistake(
    "votes",
    seen="A capsule votes the same for every output.",
    cause="All outputs were given the matrices of the first one.",
)
def one_matrix_for_all_outputs(solution: Solution) -> Solution:
    return solution.edit("capsules, weights)", "capsules, weights[:, :1].expand_as(weights))")


@mistake(
    "votes",
    seen="The first capsule votes rightly, the others use its matrices.",
    cause="All inputs were given the matrices of the first one; each pair has its own.",
)
def one_matrix_for_all_inputs(solution: Solution) -> Solution:
    return solution.edit("capsules, weights)", "capsules, weights[:1].expand_as(weights))")


@mistake(
    "votes",
    seen="Your votes are right but for a factor: too small, the more so the longer a capsule is.",
    cause="The products were averaged; a matrix product adds them up.",
)
def mean_for_sum(solution: Solution) -> Solution:
    return solution.edit("capsules, weights)", "capsules, weights) / capsules.shape[2]")


@mistake(
    "votes",
    seen="It fails unless there are as many inputs as examples; then the wrong capsules vote.",
    cause="The axis of the examples was matched with the axis of the input capsules.",
)
def batch_for_inputs(solution: Solution) -> Solution:
    return solution.edit("bic,ijcd", "ibc,ijcd")


@mistake(
    "votes",
    seen="The votes are right, but no gradient reaches the matrices.",
    cause="The weights were cut off from the graph, so that nothing could learn to vote.",
)
def weights_detached(solution: Solution) -> Solution:
    return solution.edit("capsules, weights)", "capsules, weights.detach())")


# ---- squash


@mistake(
    "squash",
    seen="Right for a single vector; else the entries of different vectors share a length.",
    cause="The length was taken over another axis than the last.",
)
def length_over_first_axis(solution: Solution) -> Solution:
    return solution.edit("dim=-1", "dim=0")


@mistake(
    "squash",
    seen="With three axes or more your lengths are those of something else.",
    cause="The length was taken over the second axis, where the other capsules stand.",
)
def length_over_second_axis(solution: Solution) -> Solution:
    return solution.edit("dim=-1", "dim=min(1, capsules.ndim - 1)")


@mistake(
    "squash",
    seen="All vectors are shortened by one factor.",
    cause="One length was taken of the whole tensor.",
)
def one_length_for_all(solution: Solution) -> Solution:
    return solution.edit("dim=-1", "dim=tuple(range(capsules.ndim))")


@mistake(
    "squash",
    seen="The values are right; the gradient of a vector of zeros is not a number.",
    cause="The root of a sum of squares has an infinite slope at zero; a small number behind the "
    "root does not help it.",
)
def infinite_slope_at_zero(solution: Solution) -> Solution:
    return solution.edit(
        "torch.linalg.vector_norm(capsules, dim=-1, keepdim=True, dtype=torch.float64)",
        "capsules.double().square().sum(dim=-1, keepdim=True).sqrt()",
    )


@mistake(
    "squash",
    seen="A vector of zeros becomes not a number.",
    cause="The vector was divided by its length, and zero by zero is undefined.",
)
def zero_by_zero(solution: Solution) -> Solution:
    return solution.edit("length / (1 + length.square())", "length**2 / (1 + length**2) / length")


@mistake(
    "squash",
    seen="Long vectors come out longer than one.",
    cause="The vector was not divided by its length: the factor is that of the unit vector.",
)
def not_a_unit_vector(solution: Solution) -> Solution:
    return solution.edit("length / (1", "length.square() / (1")


@mistake(
    "squash",
    seen="Your lengths are n / (1 + n): short vectors stay too long, long ones too short.",
    cause="The squares of the formula are missing.",
)
def without_squares(solution: Solution) -> Solution:
    return solution.edit("length / (1 + length.square())", "1 / (1 + length)")


@mistake(
    "squash",
    seen="Lengths grow up to one half and then fall: the longest vectors come out shortest.",
    cause="The unit vector was multiplied by n / (1 + n²); one length too few in the factor.",
)
def one_length_too_few(solution: Solution) -> Solution:
    return solution.edit("length / (1 + length.square())", "1 / (1 + length.square())")


@mistake(
    "squash",
    seen="Every vector that is not zero comes out with a length of one.",
    cause="The vectors were normalised; the first factor of the formula is missing.",
)
def only_normalised(solution: Solution) -> Solution:
    return solution.edit("length / (1 + length.square())", "1 / length.clamp(min=1e-40)")


@mistake(
    "squash",
    seen="Your lengths are n² / (½ + n²): all too long, those near one half most.",
    cause="Some public code has a half where the formula has a one.",
)
def half_for_one(solution: Solution) -> Solution:
    return solution.edit("(1 + length.square())", "(0.5 + length.square())")


@mistake(
    "squash",
    seen="Directions change: each entry was bent by itself.",
    cause="The formula was applied entry by entry; it is one factor for the whole vector.",
)
def entry_by_entry(solution: Solution) -> Solution:
    return solution.edit(
        "torch.linalg.vector_norm(capsules, dim=-1, keepdim=True, dtype=torch.float64)",
        "capsules.double().abs()",
    )


@mistake(
    "squash",
    seen="Lengths are measured as the sum of the entries' sizes.",
    cause="Another norm than the Euclidean was taken.",
)
def sum_of_sizes(solution: Solution) -> Solution:
    return solution.edit("vector_norm(capsules, dim", "vector_norm(capsules, 1, dim")


@mistake(
    "squash",
    seen="Short vectors come out too short; from a length of one on they are right.",
    cause="The small number that guards against zero is not small beside short vectors.",
)
def guard_too_large(solution: Solution) -> Solution:
    return solution.edit(
        "length / (1 + length.square())",
        "length**2 / (1 + length**2) / (length**2 + 1e-3).sqrt()",
    )


@mistake(
    "squash",
    seen="Right for ordinary vectors, not a number for very long ones.",
    cause="The square of the length is beyond float32 long before the length is.",
)
def square_overflows(solution: Solution) -> Solution:
    return solution.edit(
        "length / (1 + length.square())", "length / (1 + length.float().square())"
    ).edit(
        "return (factor",
        "factor = factor * length.float().square() / length.square()\n"
        "    factor = factor.where(length > 0, torch.zeros_like(length))\n    return (factor",
    )


@mistake(
    "squash",
    seen="The values are right; the gradient is that of a fixed factor.",
    cause="The length was cut off from the graph.",
)
def length_detached(solution: Solution) -> Solution:
    return solution.edit("length / (1", "length.detach() / (1").edit(
        "length.square())", "length.detach().square())"
    )


@mistake(
    "squash",
    seen="Right down to a length of about a millionth; shorter vectors come out too short.",
    cause="The squared length was kept from falling below a small number, and the squares of short "
    "vectors are below it.",
)
def square_kept_from_zero(solution: Solution) -> Solution:
    return solution.edit(
        "length / (1 + length.square())",
        "length**2 / (1 + length**2) / (length**2).clamp(min=1e-12).sqrt()",
    )


@mistake(
    "squash",
    seen="Right down to a length of about a millionth; shorter vectors come out too long.",
    cause="The squared length was kept from falling below a small number wherever it stands, and "
    "the squares of short vectors are below it.",
)
def square_kept_from_zero_everywhere(solution: Solution) -> Solution:
    return solution.edit(
        "    factor = length",
        "    length = (length**2).clamp(min=1e-12).sqrt()\n    factor = length",
    )


@mistake(
    "squash",
    seen="Vectors of about a millionth and below come out too short.",
    cause="A small number was added to the squared length before the root, and the squares of "
    "short vectors are smaller still.",
)
def guard_in_the_root(solution: Solution) -> Solution:
    return solution.edit(
        "length / (1 + length.square())",
        "length**2 / (1 + length**2) / (length**2 + 1e-12).sqrt()",
    )


@mistake(
    "squash",
    seen="Only the very shortest vectors that are not zero come out too short.",
    cause="A small number was added to the length that divides; cancel one length instead, and "
    "nothing is left to guard.",
)
def guard_beside_the_length(solution: Solution) -> Solution:
    return solution.edit(
        "length / (1 + length.square())", "length**2 / (1 + length**2) / (length + 1e-8)"
    )


@mistake(
    "squash",
    seen="The values are right, but what goes in as float32 comes out as float64.",
    cause="The answer was left in the wide type in which the length was measured.",
)
def left_in_the_wide_type(solution: Solution) -> Solution:
    return solution.edit(".to(capsules.dtype)", "")


@mistake(
    "squash",
    seen="The values are right, but what goes in as float64 comes out as float32.",
    cause="The answer was given a type of its own; it has that of the capsules that came in.",
)
def always_single(solution: Solution) -> Solution:
    return solution.edit(".to(capsules.dtype)", ".float()")


def _and_overflow(edit: Callable[[Solution], Solution], seen: str, cause: str) -> None:
    """Declare the mistake again for those who measure the length in the type that came in."""

    def both(solution: Solution) -> Solution:
        return edit(solution).edit(", dtype=torch.float64", "")

    both.__name__ = f"{edit.__name__}_and_overflow"
    mistake(
        "squash",
        seen=f"{seen} Besides, very long ones are not a number.",
        cause=f"{cause} And the square of a length is beyond float32 long before the length is.",
    )(both)


_and_overflow(
    square_kept_from_zero,
    "Vectors shorter than about a millionth come out too short.",
    "The squared length that divides was kept from falling below a small number.",
)
_and_overflow(
    square_kept_from_zero_everywhere,
    "Vectors shorter than about a millionth come out too long.",
    "The squared length was kept from falling below a small number wherever it stands.",
)
_and_overflow(
    guard_in_the_root,
    "Vectors of about a millionth and below come out too short.",
    "A small number was added to the squared length before the root.",
)
_and_overflow(
    guard_beside_the_length,
    "Only the very shortest vectors that are not zero come out too short.",
    "A small number was added to the length that divides.",
)


@mistake(
    "squash",
    seen="Vectors of zeros come out as not a number, and so do very long ones.",
    cause="The formula was written as it is printed: the length of a vector of zeros divides it, "
    "and the square of a long length is beyond float32.",
)
def as_printed(solution: Solution) -> Solution:
    return solution.edit(", dtype=torch.float64", "").edit(
        "length / (1 + length.square())", "length**2 / (1 + length**2) / length"
    )


# ---- route


@mistake(
    "route",
    seen="Your couplings add up to one over the inputs, not over the outputs.",
    cause="The softmax lets the inputs compete for an output; an input shares itself out.",
)
def softmax_over_inputs(solution: Solution) -> Solution:
    return solution.edit("logits.log_softmax(dim=1)", "logits.log_softmax(dim=3)")


@mistake(
    "route",
    seen="Your couplings add up to one over the batch.",
    cause="The softmax lets the examples compete with each other.",
)
def softmax_over_batch(solution: Solution) -> Solution:
    return solution.edit("logits.log_softmax(dim=1)", "logits.log_softmax(dim=0)")


@mistake(
    "route",
    seen="Your outputs are too long, the more so the more inputs there are.",
    cause="The weighted votes were added up, as Sabour et al. do; the source takes their mean.",
)
def sum_for_mean(solution: Solution) -> Solution:
    return solution.edit("log_couplings.softmax(dim=3)", "log_couplings.exp()")


@mistake(
    "route",
    seen="Your outputs are too short: the weights of one output do not add up to one.",
    cause="The weighted sum was divided by the number of inputs instead of by the couplings' sum.",
)
def divided_by_number_of_inputs(solution: Solution) -> Solution:
    return solution.edit("log_couplings.softmax(dim=3)", "log_couplings.exp() / votes.shape[1]")


@mistake(
    "route",
    seen="One iteration is right; later the couplings move too slowly.",
    cause="Agreement was measured with the squashed output; the source takes it before squashing.",
)
def agrees_with_squashed(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "squash(mean) @ a\n")


@mistake(
    "route",
    seen="Your outputs are squashed in every iteration, and once more at the end.",
    cause="Squashing stands inside the loop, as Sabour et al. have it, and behind it as well.",
)
def squashed_in_every_iteration_and_after(solution: Solution) -> Solution:
    return solution.edit(
        "            if iteration <", "            mean = squash(mean)\n            if iteration <"
    )


@mistake(
    "route",
    seen="One iteration is right; from the second on your router is that of Sabour et al.'s paper "
    "in part: squashed each time.",
    cause="Squashing belongs behind the loop, once.",
)
def squashed_in_every_iteration(solution: Solution) -> Solution:
    return solution.edit(
        "            if iteration <", "            mean = squash(mean)\n            if iteration <"
    ).edit("return squash(outputs)", "return outputs")


@mistake(
    "route",
    seen="Your outputs are never squashed.",
    cause="The last line of the recipe is missing.",
)
def never_squashed(solution: Solution) -> Solution:
    return solution.edit("return squash(outputs)", "return outputs")


@mistake(
    "route",
    seen="The outputs are right, but your couplings are those of one iteration more.",
    cause="After the last mean the couplings were made once again.",
)
def couplings_of_one_more(solution: Solution) -> Solution:
    return solution.edit(
        "        found.append",
        "        log_couplings = (logits + mean @ a).log_softmax(dim=1)\n        found.append",
    )


@mistake(
    "route",
    seen="The outputs are right, but what you return as couplings are the raw agreements.",
    cause="The logits were returned in place of the couplings.",
)
def returns_logits(solution: Solution) -> Solution:
    return solution.edit("log_couplings.exp().squeeze(2)", "logits.squeeze(2)")


@mistake(
    "route",
    seen="The outputs are right; your couplings add up to one over the inputs.",
    cause="The couplings were returned after they had been divided by their sum over the inputs.",
)
def returns_shares(solution: Solution) -> Solution:
    return solution.edit("log_couplings.exp().squeeze(2)", "shares.squeeze(2)")


@mistake(
    "route",
    seen="The couplings are right, but outputs come before inputs.",
    cause="The axes of inputs and outputs changed places on the way out.",
)
def couplings_transposed(solution: Solution) -> Solution:
    return solution.edit(
        "log_couplings.exp().squeeze(2).transpose(1, 2)", "log_couplings.exp().squeeze(2)"
    )


@mistake(
    "route",
    seen="One and two iterations are right, from three on the couplings are too even.",
    cause="The logits hold the newest agreement only; each new one is added to those before.",
)
def agreement_replaced(solution: Solution) -> Solution:
    return solution.edit("logits = logits + mean", "logits = mean")


@mistake(
    "route",
    seen="Your couplings are always equal: iterations change nothing.",
    cause="The logits are never updated.",
)
def never_updated(solution: Solution) -> Solution:
    return solution.edit("logits = logits + mean @ a", "logits = logits.clone()")


@mistake(
    "route",
    seen="A call with the same votes gives something else the second time.",
    cause="The logits live on from one call to the next; they begin at zero in every call.",
)
def kept_between_calls(solution: Solution) -> Solution:
    return solution.edit(
        "        for iteration in",
        "        memory = globals().setdefault('_memory', {})\n"
        "        logits = memory.get(tuple(votes.shape), logits)\n        for iteration in",
    ).edit(
        "        found.append",
        "        memory[tuple(votes.shape)] = logits.detach()\n        found.append",
    )


@mistake(
    "route",
    seen="The examples of a batch move each other's couplings; one alone is right.",
    cause="Agreement was added up over the batch.",
)
def agreement_over_batch(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "(mean @ a).sum(dim=0, keepdim=True)\n")


@mistake(
    "route",
    seen="Your couplings move too little, the less the longer the votes are.",
    cause="The agreement was averaged over the entries of a vote; a dot product adds them up.",
)
def agreement_averaged(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "mean @ a / votes.shape[3]\n")


@mistake(
    "route",
    seen="Your couplings follow the angle between vote and output only, not their lengths.",
    cause="The agreement was divided by both lengths: a cosine instead of a dot product.",
)
def agreement_as_cosine(solution: Solution) -> Solution:
    return solution.edit(
        "mean @ a\n",
        "torch.nn.functional.cosine_similarity(a, mean.transpose(2, 3), dim=2).unsqueeze(2)\n",
    )


@mistake(
    "route",
    seen="Votes that disagree gain weight in yours.",
    cause="The agreement was subtracted from B.",
)
def agreement_subtracted(solution: Solution) -> Solution:
    return solution.edit("logits + mean @", "logits - mean @")


@mistake(
    "route",
    seen="You do one iteration fewer than asked for; with one there is no output at all.",
    cause="The first pass, with equal couplings, is an iteration too.",
)
def one_iteration_too_few(solution: Solution) -> Solution:
    return solution.edit("in range(iterations)", "in range(iterations - 1)").edit(
        "< iterations - 1", "< iterations - 2"
    )


@mistake(
    "route",
    seen="You do one iteration more than asked for: after one, couplings should still be equal.",
    cause="The pass with equal couplings was not counted.",
)
def one_iteration_too_many(solution: Solution) -> Solution:
    return solution.edit("in range(iterations)", "in range(iterations + 1)").edit(
        "< iterations - 1", "< iterations"
    )


@mistake(
    "route",
    seen="All numbers are right but the gradient: nothing passes through the agreement.",
    cause="Votes and outputs were cut off from the graph for the agreement, as some public code "
    "does; the source stops no gradient.",
)
def agreement_detached(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "(mean @ a).detach()\n")


@mistake(
    "route",
    seen="Right for short votes, not a number for long ones.",
    cause="The exponentials were taken of the bare agreements; subtract the largest first, or use "
    "the library's softmax.",
)
def softmax_overflows(solution: Solution) -> Solution:
    return solution.edit(
        "logits.log_softmax(dim=1)", "(logits.exp() / logits.exp().sum(1, True)).log()"
    )


@mistake(
    "route",
    seen="Right for ordinary votes; for long ones an output that all inputs have left is not a "
    "number.",
    cause="All its couplings round to zero, and zero was divided by zero. The same mean can be had "
    "from the couplings' logarithms.",
)
def mean_of_nothing(solution: Solution) -> Solution:
    return solution.edit(
        "log_couplings.softmax(dim=3)",
        "log_couplings.exp() / log_couplings.exp().sum(dim=3, keepdim=True)",
    )


@mistake(
    "route",
    seen="Right for ordinary votes; for long ones an output that all inputs have left is zero.",
    cause="A small number guards the division, and takes over where all couplings round to zero.",
)
def guarded_mean(solution: Solution) -> Solution:
    return solution.edit(
        "log_couplings.softmax(dim=3)",
        "log_couplings.exp() / (log_couplings.exp().sum(dim=3, keepdim=True) + 1e-9)",
    )


def _shares(total: str) -> str:
    """The couplings divided by their sum over the inputs, which `total` guards."""
    return "log_couplings.exp() / " + total.format("log_couplings.exp().sum(dim=3, keepdim=True)")


@mistake(
    "route",
    seen="Right for ordinary votes; for long ones an output that nearly all have left is too near "
    "to zero.",
    cause="A small number was added to the sum of couplings, which may be smaller. An output that "
    "all inputs have left is still a weighted mean.",
)
def guarded_mean_eight(solution: Solution) -> Solution:
    return solution.edit("log_couplings.softmax(dim=3)", _shares("({} + 1e-8)"))


@mistake(
    "route",
    seen="Right for ordinary votes; for long ones an output that all have left is pulled to zero.",
    cause="The sum of couplings was kept from falling below a small number. An output that all "
    "inputs have left is still a weighted mean.",
)
def sum_kept_from_zero(solution: Solution) -> Solution:
    return solution.edit("log_couplings.softmax(dim=3)", _shares("{}.clamp(min=1e-12)"))


@mistake(
    "route",
    seen="Right until all couplings of an output round to zero; then that output is zero.",
    cause="What was not a number was replaced by zero. An output that all inputs have left is "
    "still a weighted mean.",
)
def nan_made_zero(solution: Solution) -> Solution:
    return solution.edit("log_couplings.softmax(dim=3)", "({}).nan_to_num()".format(_shares("{}")))


@mistake(
    "route",
    seen="Your outputs are squashed, but by another function than the one that was handed over.",
    cause="What was passed in was not used: the formula of squashing was written out instead.",
)
def squash_written_out(solution: Solution) -> Solution:
    return solution.edit(
        "return squash(outputs)",
        "length = torch.linalg.vector_norm(outputs, dim=-1, keepdim=True)\n"
        "    return outputs * length / (1 + length.square())",
    )


@mistake(
    "route",
    seen="Right for three iterations; asked for another number, you still do three.",
    cause="What was passed in was not used: the number of iterations is fixed.",
)
def always_three_iterations(solution: Solution) -> Solution:
    return solution.edit("in range(iterations)", "in range(3)").edit("< iterations - 1", "< 2")


@mistake(
    "route",
    seen="All numbers are right but the gradient: outputs do not hear of it through the couplings.",
    cause="The couplings were cut off from the graph where they weigh the votes.",
)
def couplings_detached(solution: Solution) -> Solution:
    return solution.edit("mean = shares @", "mean = shares.detach() @")


@mistake(
    "route",
    seen="All numbers are right but the gradient: the votes hear of the agreement only through "
    "the outputs.",
    cause="The votes were cut off from the graph for the agreement; the source stops no gradient.",
)
def votes_of_agreement_detached(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "mean @ a.detach()\n")


@mistake(
    "route",
    seen="All numbers are right but the gradient: none passes through the outputs that the votes "
    "agree with.",
    cause="The outputs were cut off from the graph for the agreement; the source stops none.",
)
def outputs_of_agreement_detached(solution: Solution) -> Solution:
    return solution.edit("mean @ a\n", "mean.detach() @ a\n")


@mistake(
    "route",
    seen="From two iterations on, later outputs have seen what earlier ones changed.",
    cause="Couplings were made anew while the outputs were gone through one by one; all of an "
    "iteration use the same.",
)
def outputs_one_after_another(solution: Solution) -> Solution:
    return solution.edit(
        "                logits = logits + mean @ a",
        "                for j in range(votes.shape[2]):\n"
        "                    own = logits.log_softmax(dim=1)[:, j : j + 1].softmax(dim=3)\n"
        "                    gain = torch.zeros_like(logits)\n"
        "                    voters = a[:, j : j + 1]\n"
        "                    gain[:, j : j + 1] = own @ voters.transpose(2, 3) @ voters\n"
        "                    logits = logits + gain",
    )


@mistake(
    "route",
    seen="Yours is the routing of Sabour et al., which differs from the source's in three places.",
    cause="Theirs adds the votes up, squashes in every iteration and agrees with what is squashed.",
)
def routing_of_sabour(solution: Solution) -> Solution:
    return (
        solution.edit("log_couplings.softmax(dim=3)", "log_couplings.exp()")
        .edit(
            "            if iteration <",
            "            mean = squash(mean)\n            if iteration <",
        )
        .edit("return squash(outputs)", "return outputs")
    )


def _and_mean_of_nothing(edit: Callable[[Solution], Solution], seen: str, cause: str) -> None:
    """Declare the mistake again for those who divide by the sum of couplings as the formula has it.

    Most do at first, and a mistake is named only if all that they see agrees with it.
    """

    def both(solution: Solution) -> Solution:
        return mean_of_nothing(edit(solution))

    both.__name__ = f"{edit.__name__}_and_mean_of_nothing"
    mistake(
        "route",
        seen=f"{seen} Besides, for long votes some numbers are not a number.",
        cause=f"{cause} And where all couplings of an output round to zero, zero is divided by "
        "zero.",
    )(both)


_and_mean_of_nothing(
    never_squashed, "Your outputs are never squashed.", "The last line of the recipe is missing."
)
_and_mean_of_nothing(
    squash_written_out,
    "Your outputs are squashed by another function than the one that was handed over.",
    "What was passed in was not used: the formula of squashing was written out instead.",
)
_and_mean_of_nothing(
    always_three_iterations,
    "Right for three iterations; asked for another number, you still do three.",
    "What was passed in was not used: the number of iterations is fixed.",
)
_and_mean_of_nothing(
    agreement_replaced,
    "From three iterations on your couplings are too even.",
    "Each new agreement is added to those before; the logits hold the newest only.",
)
_and_mean_of_nothing(
    returns_shares,
    "Your couplings add up to one over the inputs.",
    "The couplings were returned after they had been divided by their sum over the inputs.",
)
_and_mean_of_nothing(
    couplings_detached,
    "The gradient does not pass through the couplings that weigh the votes.",
    "They were cut off from the graph.",
)
_and_mean_of_nothing(
    agreement_detached,
    "The gradient does not pass through the agreement.",
    "Votes and outputs were cut off from the graph for it; the source stops no gradient.",
)
_and_mean_of_nothing(
    votes_of_agreement_detached,
    "In the agreement the gradient reaches the votes only through the outputs.",
    "The votes were cut off from the graph for it; the source stops no gradient.",
)
_and_mean_of_nothing(
    outputs_of_agreement_detached,
    "In the agreement no gradient passes through the outputs.",
    "The outputs were cut off from the graph for it; the source stops no gradient.",
)
_and_mean_of_nothing(
    agreement_subtracted,
    "Votes that disagree gain weight in yours.",
    "The agreement was subtracted from B.",
)
_and_mean_of_nothing(
    couplings_of_one_more,
    "Your couplings are those of one iteration more.",
    "After the last mean the couplings were made once again.",
)
_and_mean_of_nothing(
    returns_logits,
    "What you return as couplings are the raw agreements.",
    "The logits were returned in place of the couplings.",
)
_and_mean_of_nothing(
    one_iteration_too_many,
    "You do one iteration more than asked for: after one, couplings should still be equal.",
    "The pass with equal couplings was not counted.",
)


# ---- capsule_aggregator


@mistake(
    "capsule_aggregator",
    seen="The captions' capsule comes first in yours.",
    cause="The two input capsules changed places.",
)
def capsules_swapped(solution: Solution) -> Solution:
    return solution.edit(
        "[self.image_capsule(z_image), self.caption_capsule(z_caption)]",
        "[self.caption_capsule(z_caption), self.image_capsule(z_image)]",
    )


@mistake(
    "capsule_aggregator",
    seen="Your row holds the first entry of every output, then the second, and so on.",
    cause="Outputs and entries changed places before the row was made.",
)
def entries_first(solution: Solution) -> Solution:
    return solution.edit("outputs.flatten(1)", "outputs.transpose(1, 2).flatten(1)")


@mistake(
    "capsule_aggregator",
    seen="Your style is as long as one output: the outputs are added up.",
    cause="Outputs stand for parts of the style; they come one after the other.",
)
def outputs_summed(solution: Solution) -> Solution:
    return solution.edit("outputs.flatten(1)", "outputs.sum(dim=1)")


@mistake(
    "capsule_aggregator",
    seen="Your style is as long as one output: only the first is there.",
    cause="The other output capsules were left out.",
)
def only_first_output(solution: Solution) -> Solution:
    return solution.edit("outputs.flatten(1)", "outputs[:, 0]")


@mistake(
    "capsule_aggregator",
    seen="The outputs are not one row for each example.",
    cause="Their two axes were left as they came from the router.",
)
def not_in_a_row(solution: Solution) -> Solution:
    return solution.edit("outputs.flatten(1)", "outputs")


@mistake(
    "capsule_aggregator",
    seen="Style and couplings have changed places in your answer.",
    cause="The order of what is returned: the style comes first.",
)
def answers_swapped(solution: Solution) -> Solution:
    return solution.edit(
        "return outputs.flatten(1), couplings", "return couplings, outputs.flatten(1)"
    )


@mistake(
    "capsule_aggregator",
    seen="It fails, or where both vectors have one size, one matrix makes both capsules.",
    cause="The captions' vector went through the picture's matrix; each medium has its own.",
)
def one_matrix_for_both(solution: Solution) -> Solution:
    return solution.edit("self.caption_capsule(z_caption)", "self.image_capsule(z_caption)")


@mistake(
    "capsule_aggregator",
    seen="Every number in your capsules lies between minus one and one, and the votes follow.",
    cause="A tanh behind the matrices; the capsules are linear in z.",
)
def bent_capsules(solution: Solution) -> Solution:
    return solution.edit(
        "self.caption_capsule(z_caption)], 1)", "self.caption_capsule(z_caption)], 1).tanh()"
    )


@mistake(
    "capsule_aggregator",
    seen="No number in your capsules is below zero.",
    cause="A rectifier behind the matrices; the capsules are linear in z.",
)
def rectified_capsules(solution: Solution) -> Solution:
    return solution.edit(
        "self.caption_capsule(z_caption)], 1)", "self.caption_capsule(z_caption)], 1).relu()"
    )


@mistake(
    "capsule_aggregator",
    seen="The router's outputs are squashed once more.",
    cause="Squashing is the router's last act already.",
)
def squashed_again(solution: Solution) -> Solution:
    return solution.edit(
        "return outputs.flatten(1)",
        "square = outputs.square().sum(2, True)\n"
        "        outputs = outputs * square.sqrt() / (1 + square)\n"
        "        return outputs.flatten(1)",
    )


@mistake(
    "capsule_aggregator",
    seen="All numbers are right, but the captions' vector gets no gradient.",
    cause="It was cut off from the graph on its way to its capsule, or the capsule was.",
)
def captions_detached(solution: Solution) -> Solution:
    return solution.edit(
        "self.caption_capsule(z_caption)", "self.caption_capsule(z_caption).detach()"
    )


@mistake(
    "capsule_aggregator",
    seen="Both capsules stand in one row, and the votes cannot be taken.",
    cause="The capsules were joined end to end instead of set side by side.",
)
def joined_end_to_end(solution: Solution) -> Solution:
    return solution.edit("torch.stack(", "torch.cat(")


@mistake(
    "capsule_aggregator",
    seen="Every example's capsules are mixed with those of others, or it fails.",
    cause="The two capsules were set one behind the other in front of the batch instead of behind "
    "it.",
)
def stacked_in_front(solution: Solution) -> Solution:
    return solution.edit(
        "self.caption_capsule(z_caption)], 1)", "self.caption_capsule(z_caption)])"
    )


@mistake(
    "capsule_aggregator",
    seen="The votes are not those of the function that the aggregator was given.",
    cause="What was passed in was not used: the votes were worked out here, or by the notebook's "
    "own function.",
)
def own_votes(solution: Solution) -> Solution:
    return solution.edit("self.votes(capsules", "votes(capsules")


@mistake(
    "capsule_aggregator",
    seen="The votes are routed by another function than the one that the aggregator was given.",
    cause="What was passed in was not used: the notebook's own router was called.",
)
def own_route(solution: Solution) -> Solution:
    return solution.edit(
        "self.route(self.votes(capsules, self.weights))",
        "route(self.votes(capsules, self.weights), squash)",
    )


@mistake(
    "capsule_aggregator",
    seen="Neither votes nor outputs are those of the functions that the aggregator was given.",
    cause="What was passed in was not used: the notebook's own functions were called.",
)
def own_votes_and_route(solution: Solution) -> Solution:
    return solution.edit(
        "self.route(self.votes(capsules, self.weights))",
        "route(votes(capsules, self.weights), squash)",
    )


# ---- attention_aggregator


@mistake(
    "attention_aggregator",
    seen="Your gate opens for the other medium: the picture gets the captions' share.",
    cause="The two halves of the last formula changed places.",
)
def gate_on_the_wrong_medium(solution: Solution) -> Solution:
    return solution.edit("g * h_image + (1 - g) * h_caption", "(1 - g) * h_image + g * h_caption")


@mistake(
    "attention_aggregator",
    seen="Your g and the right one add up to one.",
    cause="The second of the two shares was taken.",
)
def the_second_share(solution: Solution) -> Solution:
    return solution.edit("[:, :1]", "[:, 1:]")


@mistake(
    "attention_aggregator",
    seen="Your gate is always one: the captions are never heard.",
    cause="A softmax over a single number is one; it takes both scores to compete.",
)
def softmax_over_one_score(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)[:, :1]", "scores[:, :1].softmax(dim=1)")


@mistake(
    "attention_aggregator",
    seen="Your gate does not know the captions' score.",
    cause="A sigmoid of the picture's score alone; in a softmax both scores compete.",
)
def sigmoid_of_one_score(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)[:, :1]", "scores[:, :1].sigmoid()")


@mistake(
    "attention_aggregator",
    seen="Your gates add up to one over the batch.",
    cause="The softmax lets the examples compete with each other.",
)
def softmax_over_batch_of_gates(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)", "scores.softmax(dim=0)")


@mistake(
    "attention_aggregator",
    seen="The scores see both halves in the other order.",
    cause="The picture's half comes first.",
)
def halves_swapped(solution: Solution) -> Solution:
    return solution.edit("[h_image, h_caption]", "[h_caption, h_image]")


@mistake(
    "attention_aggregator",
    seen="It fails, or where all sizes agree, the scores follow the bare vectors.",
    cause="The scores were made of z; they come from h.",
)
def scores_of_z(solution: Solution) -> Solution:
    return solution.edit("torch.cat([h_image, h_caption]", "torch.cat([z_image, z_caption]")


@mistake(
    "attention_aggregator",
    seen="No number of your h leaves the range from -1 to 1.",
    cause="A tanh behind the layers; the source has none.",
)
def bent_h(solution: Solution) -> Solution:
    return solution.edit(
        "self.image_fc(z_image), self.caption_fc(z_caption)",
        "self.image_fc(z_image).tanh(), self.caption_fc(z_caption).tanh()",
    )


@mistake(
    "attention_aggregator",
    seen="The scores are bent before they compete: large ones all count the same.",
    cause="A tanh stands in the scores; the source has none.",
)
def bent_scores(solution: Solution) -> Solution:
    return solution.edit("g = scores.softmax", "g = scores.tanh().softmax")


@mistake(
    "attention_aggregator",
    seen="Both media get the same share in yours.",
    cause="g weighs both; the captions get what the picture leaves.",
)
def same_share_for_both(solution: Solution) -> Solution:
    return solution.edit("(1 - g) * h_caption", "g * h_caption")


@mistake(
    "attention_aggregator",
    seen="The gate is right, but your style does not listen to it.",
    cause="Both h were simply added up.",
)
def gate_unused(solution: Solution) -> Solution:
    return solution.edit("g * h_image + (1 - g) * h_caption", "h_image + h_caption")


@mistake(
    "attention_aggregator",
    seen="All numbers are right, but no gradient passes through the gate.",
    cause="The gate was cut off from the graph, so it could never learn whom to hear.",
)
def gate_detached(solution: Solution) -> Solution:
    return solution.edit("[:, :1]", "[:, :1].detach()")


@mistake(
    "attention_aggregator",
    seen="It fails for most batches: your gate has an axis too few.",
    cause="One share was taken without keeping an axis for the features.",
)
def gate_without_axis(solution: Solution) -> Solution:
    return solution.edit("[:, :1]", "[:, 0]")


@mistake(
    "attention_aggregator",
    seen="Right in training; in evaluation mode one medium is heard alone.",
    cause="The gate was rounded outside training; it weighs in both modes.",
)
def hard_gate_in_evaluation(solution: Solution) -> Solution:
    return solution.edit("[:, :1]", "[:, :1]\n        g = g if self.training else g.round()")


# ---- stylized_generator


@mistake(
    "stylized_generator",
    seen="Your first h holds the numbers of c, and the other way round.",
    cause="The two layers, or the two results, changed places.",
)
def states_swapped(solution: Solution) -> Solution:
    return solution.edit("self.init_h(z), self.init_c(z), z", "self.init_c(z), self.init_h(z), z")


@mistake(
    "stylized_generator",
    seen="No number of your first state leaves the range from -1 to 1.",
    cause="A tanh behind the layers of the first state; this exercise has none.",
)
def bent_first_state(solution: Solution) -> Solution:
    return solution.edit(
        "self.init_h(z), self.init_c(z), z", "self.init_h(z).tanh(), self.init_c(z).tanh(), z"
    )


@mistake(
    "stylized_generator",
    seen="Your generator begins from zeros, whatever it is told.",
    cause="The layers of the first state are not used.",
)
def first_state_of_zeros(solution: Solution) -> Solution:
    return solution.edit(
        "self.init_h(z), self.init_c(z), z", "0 * self.init_h(z), 0 * self.init_c(z), z"
    )


@mistake(
    "stylized_generator",
    seen="The cell reads the right numbers in another order: z first, then the word.",
    cause="The two halves of the input changed places.",
)
def z_before_the_word(solution: Solution) -> Solution:
    return solution.edit("[self.embedding(words), z]", "[z, self.embedding(words)]")


@mistake(
    "stylized_generator",
    seen="After the first state your generator no longer knows what it was told.",
    cause="The cell reads zeros where z should stand.",
)
def z_forgotten(solution: Solution) -> Solution:
    return solution.edit(
        "[self.embedding(words), z]", "[self.embedding(words), torch.zeros_like(z)]"
    )


@mistake(
    "stylized_generator",
    seen="Your scores follow the cell state, not the hidden state.",
    cause="The word layer was given c.",
)
def scores_from_c(solution: Solution) -> Solution:
    return solution.edit("self.dropout(h)", "self.dropout(c)")


@mistake(
    "stylized_generator",
    seen="Your scores add up to one: they are probabilities already.",
    cause="A softmax was applied here; the loss and the search apply their own.",
)
def probabilities_for_scores(solution: Solution) -> Solution:
    return solution.edit(
        "self.word_fc(self.dropout(h))", "self.word_fc(self.dropout(h)).softmax(1)"
    )


@mistake(
    "stylized_generator",
    seen="Your scores are never above zero: they are logarithms of probabilities already.",
    cause="A log-softmax was applied here; the loss and the search apply their own.",
)
def log_probabilities_for_scores(solution: Solution) -> Solution:
    return solution.edit(
        "self.word_fc(self.dropout(h))", "self.word_fc(self.dropout(h)).log_softmax(1)"
    )


@mistake(
    "stylized_generator",
    seen="One step is right; dropout has reached the state that goes on.",
    cause="h was overwritten by what dropout made of it.",
)
def dropout_on_the_state(solution: Solution) -> Solution:
    return solution.edit(
        "scores = self.word_fc(self.dropout(h))",
        "h = self.dropout(h)\n        scores = self.word_fc(h)",
    )


@mistake(
    "stylized_generator",
    seen="Right without dropout; with it, nothing is ever dropped.",
    cause="The layer for dropout is not used.",
)
def without_dropout(solution: Solution) -> Solution:
    return solution.edit("self.word_fc(self.dropout(h))", "self.word_fc(h)")


@mistake(
    "stylized_generator",
    seen="Right without dropout; with it, words and z are dropped before they are read.",
    cause="Dropout falls on the cell's input instead of on h.",
)
def dropout_on_the_input(solution: Solution) -> Solution:
    return solution.edit(
        "torch.cat([self.embedding(words), z], dim=1)",
        "self.dropout(torch.cat([self.embedding(words), z], dim=1))",
    ).edit("self.word_fc(self.dropout(h))", "self.word_fc(h)")


@mistake(
    "stylized_generator",
    seen="One step is right, but the state you hand on is the one that came in.",
    cause="The cell's new h and c were used for the scores and then forgotten.",
)
def hands_on_old_state(solution: Solution) -> Solution:
    return solution.edit("return scores, (h, c, z)", "return scores, state")


@mistake(
    "stylized_generator",
    seen="The step is fed the very word that it is to predict.",
    cause="The words were taken one place too far to the right: the answer is in the question.",
)
def fed_the_answer(solution: Solution) -> Solution:
    return solution.edit("self.step(captions[:, t], state)", "self.step(captions[:, t + 1], state)")


@mistake(
    "stylized_generator",
    seen="The first step is right; from the second on, the generator hears its own words.",
    cause="It was fed its best guess instead of the caption's word: no teacher forcing.",
)
def feeds_own_words(solution: Solution) -> Solution:
    return solution.edit(
        "self.step(captions[:, t], state)",
        "self.step(scores.argmax(1) if t else captions[:, 0], state)",
    )


@mistake(
    "stylized_generator",
    seen="Every time step is like the first: the state does not go on.",
    cause="Each step was given the first state again.",
)
def state_not_carried(solution: Solution) -> Solution:
    return solution.edit(
        "scores, state = self.step(captions[:, t], state)",
        "scores, _ = self.step(captions[:, t], state)",
    )


@mistake(
    "stylized_generator",
    seen="Behind the end of a caption your scores are not zero.",
    cause="What the steps on pads gave was left in.",
)
def scores_behind_the_end(solution: Solution) -> Solution:
    return solution.edit(".masked_fill(~real.unsqueeze(2), 0)", "")


@mistake(
    "stylized_generator",
    seen="Your real scores are zero, and those behind the end are not.",
    cause="The mask was used the wrong way round.",
)
def mask_inverted(solution: Solution) -> Solution:
    return solution.edit("~real", "real")


@mistake(
    "stylized_generator",
    seen="Time and batch have changed places in your scores.",
    cause="The steps were put together along the axis of the batch.",
)
def time_first(solution: Solution) -> Solution:
    return solution.edit(
        "torch.stack(columns, dim=1).masked_fill(~real.unsqueeze(2), 0)",
        "torch.stack(columns).masked_fill(~real.T.unsqueeze(2), 0)",
    )


_STEP = "scores, state = self.step(captions[:, t], state)"


def _loop(*speak: str) -> str:
    """A step of forward that is written out instead of called; `speak` makes the scores."""
    think = (
        "h, c = self.cell(torch.cat([self.embedding(captions[:, t]), z], dim=1), state[:2])",
        *speak,
        "state = (h, c, z)",
    )
    return "\n            ".join(think)


@mistake(
    "stylized_generator",
    seen="A single step is right; in whole captions nothing is ever dropped.",
    cause="The loop over a caption has a step of its own, without dropout.",
)
def captions_without_dropout(solution: Solution) -> Solution:
    return solution.edit(_STEP, _loop("scores = self.word_fc(h)"))


@mistake(
    "stylized_generator",
    seen="A single step is right; in whole captions dropout reaches the state that goes on.",
    cause="The loop over a caption has a step of its own, and overwrites h by what dropout made "
    "of it.",
)
def dropout_on_the_state_of_captions(solution: Solution) -> Solution:
    return solution.edit(_STEP, _loop("h = self.dropout(h)", "scores = self.word_fc(h)"))


@mistake(
    "stylized_generator",
    seen="A single step is right; in whole captions what the generator is told is dropped.",
    cause="Dropout falls on z as well.",
)
def z_dropped_in_captions(solution: Solution) -> Solution:
    return solution.edit("self.init_state(z), []", "self.init_state(self.dropout(z)), []")


@mistake(
    "stylized_generator",
    seen="Right in training; in evaluation mode something is still dropped.",
    cause="Dropout as a function drops in every mode unless it is told the mode; the layer knows.",
)
def dropout_in_evaluation(solution: Solution) -> Solution:
    return solution.edit("self.dropout(h)", "nn.functional.dropout(h, self.dropout.p)")


@mistake(
    "stylized_generator",
    seen="With dropout, words are dropped before they are read, and h as well.",
    cause="Dropout falls on the embedding too; it falls on h alone.",
)
def dropout_on_the_word_too(solution: Solution) -> Solution:
    return solution.edit("self.embedding(words)", "self.dropout(self.embedding(words))")


@mistake(
    "stylized_generator",
    seen="With dropout, words are dropped before they are read, and h is not.",
    cause="Dropout falls on the embedding instead of on h.",
)
def dropout_on_the_word(solution: Solution) -> Solution:
    return solution.edit("self.embedding(words)", "self.dropout(self.embedding(words))").edit(
        "self.dropout(h)", "h"
    )


@mistake(
    "stylized_generator",
    seen="With dropout, your scores are dropped, not what they are made of.",
    cause="Dropout falls behind the word layer instead of before it.",
)
def dropout_on_the_scores(solution: Solution) -> Solution:
    return solution.edit("self.word_fc(self.dropout(h))", "self.dropout(self.word_fc(h))")


@mistake(
    "stylized_generator",
    seen="Right in training; in evaluation mode the generator hears its own words.",
    cause="It was fed its best guess outside training; a caption that is handed over is read in "
    "both modes.",
)
def own_words_in_evaluation(solution: Solution) -> Solution:
    return solution.edit(
        "self.step(captions[:, t], state)",
        "self.step(captions[:, t] if self.training or not t else scores.argmax(1), state)",
    )


@mistake(
    "stylized_generator",
    seen="Right in training; in evaluation mode the scores behind the end are not zero.",
    cause="The mask is used in training only.",
)
def no_zeros_in_evaluation(solution: Solution) -> Solution:
    return solution.edit("~real.unsqueeze(2)", "~real.unsqueeze(2) & self.training")


@mistake(
    "stylized_generator",
    seen="Behind the end of a caption one more step is not zero.",
    cause="The mask counts the words that are fed; a step is real where there is a word to "
    "predict, and nothing comes after <end>.",
)
def mask_one_step_too_long(solution: Solution) -> Solution:
    return solution.edit("~real.unsqueeze(2)", "(captions[:, :-1] == 0).unsqueeze(2)")


@mistake(
    "stylized_generator",
    seen="Behind the end of a caption all your scores are the same, but not zero.",
    cause="h was set to zero there, and the word layer has a bias; the scores are to be zero.",
)
def mask_before_the_word_layer(solution: Solution) -> Solution:
    return solution.edit(
        "torch.stack(columns, dim=1).masked_fill(~real.unsqueeze(2), 0)",
        "torch.where(real.unsqueeze(2), torch.stack(columns, dim=1), self.word_fc.bias)",
    )


@mistake(
    "stylized_generator",
    seen="All numbers are right; the gradient reaches what the generator is told only through the "
    "first state.",
    cause="z was cut off from the graph where it joins the words.",
)
def z_detached_in_the_step(solution: Solution) -> Solution:
    return solution.edit("[self.embedding(words), z]", "[self.embedding(words), z.detach()]")


# ---- icsa


@mistake(
    "icsa",
    seen="Your share of all gives each style the same say, however few captions it has.",
    cause="It is the mean of the styles' shares; all captions together are one pool.",
)
def mean_of_styles(solution: Solution) -> Solution:
    return solution.edit(
        "    return accuracy",
        "    shares = [accuracy[style] for style in set(styles)]\n"
        '    accuracy["all"] = sum(shares) / len(shares)\n    return accuracy',
    )


@mistake(
    "icsa",
    seen="The shares of your styles add up to the share of all.",
    cause="A style's right captions were divided by the number of all captions.",
)
def divided_by_all(solution: Solution) -> Solution:
    return solution.edit("sum(own) / len(own)", "sum(own) / len(right)")


@mistake(
    "icsa",
    seen="The share of all is right; those of the styles ask another question.",
    cause="A style's captions were those in which it was heard (precision), not those of which it "
    "was wanted.",
)
def precision_for_accuracy(solution: Solution) -> Solution:
    return solution.edit(
        "for hit, wanted in zip(right, styles) if wanted == style",
        "for hit, heard in zip(right, classify(captions)) if heard == style",
    )


@mistake(
    "icsa",
    seen="You count the right captions; their share was asked for.",
    cause="Nothing was divided by the number of captions.",
)
def counts_for_shares(solution: Solution) -> Solution:
    return solution.edit("sum(right) / len(right)", "sum(right)").edit(
        "sum(own) / len(own)", "sum(own)"
    )


@mistake(
    "icsa",
    seen="Your shares are a hundred times too large.",
    cause="Papers print percent; a share lies between zero and one.",
)
def percent(solution: Solution) -> Solution:
    return solution.edit("sum(right) / len(right)", "100 * sum(right) / len(right)").edit(
        "sum(own) / len(own)", "100 * sum(own) / len(own)"
    )


@mistake(
    "icsa",
    seen="A caption that is said of several pictures counts only once in yours.",
    cause="Captions were made the keys of a dictionary, or a set.",
)
def repeated_captions_lost(solution: Solution) -> Solution:
    return solution.edit(
        "    right = [",
        "    kept = dict(zip(captions, styles))\n"
        "    captions, styles = list(kept), list(kept.values())\n    right = [",
    )


@mistake(
    "icsa",
    seen="Captions without words are missing from your count.",
    cause="They were dropped; a generator that says nothing is not in style.",
)
def empty_captions_dropped(solution: Solution) -> Solution:
    return solution.edit(
        "    right = [",
        "    kept = [(text, style) for text, style in zip(captions, styles) if text]\n"
        "    captions, styles = [text for text, _ in kept], [style for _, style in kept]\n"
        "    right = [",
    )


@mistake(
    "icsa",
    seen="Your shares are those of the captions in the wrong style.",
    cause="Differences were counted where agreement was asked for.",
)
def wrong_ones_counted(solution: Solution) -> Solution:
    return solution.edit("heard == wanted", "heard != wanted")


@mistake(
    "icsa",
    seen="The share of all is there, the styles' own are missing.",
    cause="Only the pooled accuracy was returned.",
)
def only_the_pool(solution: Solution) -> Solution:
    return solution.edit("    for style in sorted(set(styles)):", "    for style in ():")
