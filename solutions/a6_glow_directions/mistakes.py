"""Known wrong answers of assignment 6. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code. Sources: errors reported for public
flows, searches for directions and disentanglement metrics, and what these formulas invite one to
do. Most are one or two replacements in the solution, and stand in a table for each piece.
"""

from functools import reduce

from autograder.authoring import Solution, mistake

Edit = tuple[str, str]


def wrong(todo: str, name: str, *edits: Edit, seen: str, cause: str) -> None:
    """Declare a mistake that is some replacements in the solution."""

    def edit(solution: Solution) -> Solution:
        return reduce(lambda changed, pair: changed.edit(*pair), edits, solution)

    edit.__name__ = name
    mistake(todo, seen=seen, cause=cause)(edit)


# ---- act_norm

CHOICE = "if self.training and not self.initialised:"
DEVIATION = "x.std(dim=(0, 2, 3), correction=0).clamp(min=1e-3)"
LOG_DET = "log_det = (pixels * self.log_scale.sum()).expand(len(x))"

wrong(
    "act_norm",
    "chosen_by_every_batch",
    (CHOICE, "if self.training:"),
    seen="Every batch of training comes out with mean 0 and deviation 1.",
    cause="Scale and shift were chosen anew by each batch; only the first one chooses.",
)
wrong(
    "act_norm",
    "chosen_in_evaluation_too",
    (CHOICE, "if not self.initialised:"),
    seen="Scale and shift were chosen in evaluation mode.",
    cause="Only a batch of training may choose: else the first test picture decides.",
)
wrong(
    "act_norm",
    "chosen_by_every_batch_in_any_mode",
    (CHOICE, "if True:"),
    seen="Every batch comes out with mean 0 and deviation 1, in evaluation mode too.",
    cause="Nothing keeps later batches from choosing scale and shift again.",
)
wrong(
    "act_norm",
    "never_marked",
    ("self.initialised.fill_(True)", "pass"),
    seen="The layer does not note that the choice was made, and the second batch chooses again.",
    cause="The mark was never set.",
)
wrong(
    "act_norm",
    "mark_not_saved",
    ("torch.tensor(False))", "torch.tensor(False), persistent=False)"),
    seen="A layer that was saved and loaded chooses again with its next batch.",
    cause="The mark is not part of what is saved.",
)
wrong(
    "act_norm",
    "mark_on_the_cpu",
    ("self.initialised.fill_(True)", "self.initialised = torch.tensor(True)"),
    seen="The numbers are right, but the mark does not lie where the input does.",
    cause="A new tensor took its place, made without naming a device; fill the old one.",
)
wrong(
    "act_norm",
    "mark_of_its_own",
    (CHOICE, 'if self.training and not getattr(self, "chosen", False):'),
    ("self.initialised.fill_(True)", "self.chosen = True"),
    seen="The buffer does not say that the choice was made, and a loaded layer chooses again.",
    cause="The mark was kept in an attribute, which is not saved with the state.",
)
wrong(
    "act_norm",
    "never_chosen",
    (CHOICE, "if False:"),
    seen="The first batch of training comes out as it went in.",
    cause="Scale and shift are never chosen.",
)
wrong(
    "act_norm",
    "determinant_without_pixels",
    (LOG_DET, "log_det = self.log_scale.sum().expand(len(x))"),
    seen="Your log-determinant is too near to zero, by the number of pixels.",
    cause="A channel's scale stands in the Jacobian once for each of its pixels.",
)
wrong(
    "act_norm",
    "determinant_of_the_batch",
    (LOG_DET, "log_det = (len(x) * pixels * self.log_scale.sum()).expand(len(x))"),
    seen="Your log-determinant grows with the number of examples.",
    cause="The examples were counted in; each has a Jacobian of its own.",
)
wrong(
    "act_norm",
    "one_determinant_for_all",
    (LOG_DET, "log_det = pixels * self.log_scale.sum()"),
    seen="Your log-determinant is a single number; each example should have one.",
    cause="It was not repeated for the examples.",
)
wrong(
    "act_norm",
    "one_determinant_of_the_batch",
    (LOG_DET, "log_det = len(x) * pixels * self.log_scale.sum()"),
    seen="Your log-determinant is a single number, that of all examples together.",
    cause="It was added up over the batch; each example has one of its own.",
)
wrong(
    "act_norm",
    "determinant_with_minus",
    (LOG_DET, "log_det = (-pixels * self.log_scale.sum()).expand(len(x))"),
    seen="Your log-determinant has the wrong sign.",
    cause="It is that of the way back.",
)
wrong(
    "act_norm",
    "determinant_of_scales",
    (LOG_DET, "log_det = (pixels * self.log_scale.exp().sum()).expand(len(x))"),
    seen="Your log-determinant is the sum of the scales, not of their logarithms.",
    cause="The logarithm was undone before the sum.",
)
wrong(
    "act_norm",
    "determinant_averaged",
    (LOG_DET, "log_det = (pixels * self.log_scale.mean()).expand(len(x))"),
    seen="Your log-determinant is too near to zero, by the number of channels.",
    cause="The logarithms were averaged; they add up.",
)
wrong(
    "act_norm",
    "determinant_with_shift",
    (LOG_DET, "log_det = (pixels * (self.log_scale + self.bias).sum()).expand(len(x))"),
    seen="Your log-determinant depends on the shift.",
    cause="A shift moves a volume and does not change it.",
)
wrong(
    "act_norm",
    "determinant_detached",
    (LOG_DET, "log_det = (pixels * self.log_scale.detach().sum()).expand(len(x))"),
    seen="All numbers are right, but no gradient comes from the log-determinant.",
    cause="It was cut off from the graph, so a flow would shrink everything to zero.",
)
wrong(
    "act_norm",
    "determinant_on_the_cpu",
    (LOG_DET, "log_det = torch.ones(len(x)) * (pixels * self.log_scale.sum())"),
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet; its type may "
    "differ as well.",
)
wrong(
    "act_norm",
    "deviation_of_a_sample",
    (DEVIATION, "x.std(dim=(0, 2, 3)).clamp(min=1e-3)"),
    seen="Your first batch has a deviation a little below 1, and NaN if a channel has one value.",
    cause="The squared distances were divided by one less than their number.",
)
wrong(
    "act_norm",
    "variance_for_deviation",
    (DEVIATION, "x.var(dim=(0, 2, 3), correction=0).clamp(min=1e-3)"),
    seen="Your first batch has the mean 0 and not the deviation 1.",
    cause="It was divided by the variance instead of its root.",
)
wrong(
    "act_norm",
    "floor_added",
    (DEVIATION, "(x.std(dim=(0, 2, 3), correction=0) + 1e-3)"),
    seen="Your first batch has a deviation a little below 1.",
    cause="The least deviation was added to all of them; it only replaces those below it.",
)
wrong(
    "act_norm",
    "no_floor",
    (DEVIATION, "x.std(dim=(0, 2, 3), correction=0)"),
    seen="A channel that was constant in the first batch gives numbers that are not finite.",
    cause="It was divided by its deviation, which is zero.",
)
wrong(
    "act_norm",
    "floor_too_low",
    (DEVIATION, "x.std(dim=(0, 2, 3), correction=0).clamp(min=1e-8)"),
    seen="A channel that was constant in the first batch is blown up in the next one.",
    cause="The deviation may become far smaller than the docstring allows.",
)
wrong(
    "act_norm",
    "small_number_added",
    (DEVIATION, "(x.std(dim=(0, 2, 3), correction=0) + 1e-6)"),
    seen="A channel that was nearly constant in the first batch is blown up in the next one.",
    cause="A millionth was added to the deviation; the docstring keeps it above a thousandth.",
)
wrong(
    "act_norm",
    "floor_of_the_variance",
    (DEVIATION, "x.var(dim=(0, 2, 3), correction=0).clamp(min=1e-3).sqrt()"),
    seen="Right, but for a channel that was nearly constant in the first batch.",
    cause="The variance was kept above the least deviation, before the root.",
)
wrong(
    "act_norm",
    "guard_in_the_root",
    (DEVIATION, "(x.var(dim=(0, 2, 3), correction=0) + 1e-6).sqrt()"),
    seen="Right, but for a channel that was nearly constant in the first batch, or a little off.",
    cause="A small number was added under the root; the docstring wants a least deviation.",
)
wrong(
    "act_norm",
    "shift_not_scaled",
    ("self.bias.copy_(-mean / deviation)", "self.bias.copy_(-mean)"),
    seen="Your first batch has the deviation 1 and not the mean 0.",
    cause="The shift comes after the scale, so it is the mean of what is scaled already.",
)
wrong(
    "act_norm",
    "shift_with_plus",
    ("self.bias.copy_(-mean / deviation)", "self.bias.copy_(mean / deviation)"),
    seen="Your first batch has twice the mean that it should lose.",
    cause="The shift has the wrong sign.",
)
wrong(
    "act_norm",
    "shift_never_chosen",
    ("self.bias.copy_(-mean / deviation)", "pass"),
    seen="Your first batch has the deviation 1 and not the mean 0.",
    cause="Only the scale was chosen.",
)
wrong(
    "act_norm",
    "scale_never_chosen",
    ("self.log_scale.copy_(-deviation.log())", "deviation = torch.ones_like(deviation)"),
    seen="Your first batch has the mean 0 and not the deviation 1.",
    cause="Only the shift was chosen.",
)
wrong(
    "act_norm",
    "scale_upside_down",
    ("self.log_scale.copy_(-deviation.log())", "self.log_scale.copy_(deviation.log())"),
    seen="Channels that vary much vary more in your answer.",
    cause="It was multiplied by the deviation instead of divided by it.",
)
wrong(
    "act_norm",
    "scale_without_logarithm",
    ("self.log_scale.copy_(-deviation.log())", "self.log_scale.copy_(1 / deviation)"),
    seen="Your first batch has not the deviation 1.",
    cause="The scale itself was stored where its logarithm belongs.",
)
wrong(
    "act_norm",
    "statistics_of_everything",
    ("x.mean(dim=(0, 2, 3))", "x.mean().expand(x.shape[1])"),
    (DEVIATION, "x.std(correction=0).clamp(min=1e-3).expand(x.shape[1])"),
    seen="Your first batch is standardised as a whole, its channels are not.",
    cause="Mean and deviation were taken over the channels, too.",
)
wrong(
    "act_norm",
    "statistics_of_the_first_example",
    ("x.mean(dim=(0, 2, 3))", "x[0].mean(dim=(1, 2))"),
    (DEVIATION, "x[0].std(dim=(1, 2), correction=0).clamp(min=1e-3)"),
    seen="The first example is standardised, the batch is not.",
    cause="Mean and deviation were taken of one example.",
)
wrong(
    "act_norm",
    "shift_before_scale",
    ("self.bias.copy_(-mean / deviation)", "self.bias.copy_(-mean)"),
    ("y = scale * x + bias", "y = scale * (x + bias)"),
    ("return (y - bias) / scale", "return y / scale - bias"),
    seen="The first batch is right; with other parameters the shift comes out scaled.",
    cause="Yours shifts first and scales then, as Glow's own code does; here it is the other way "
    "round.",
)
wrong(
    "act_norm",
    "undone_in_the_wrong_order",
    ("return (y - bias) / scale", "return y / scale - bias"),
    seen="Forward is right; on the way back the shift is wrong.",
    cause="What was done last has to be undone first.",
)
wrong(
    "act_norm",
    "scaled_twice",
    ("return (y - bias) / scale", "return (y - bias) * scale"),
    seen="Forward is right; on the way back the scale is there once more.",
    cause="The scale was applied again instead of undone.",
)
wrong(
    "act_norm",
    "shift_forgotten_on_the_way_back",
    ("return (y - bias) / scale", "return y / scale"),
    seen="Forward is right; on the way back the shift remains.",
    cause="The shift was not undone.",
)
wrong(
    "act_norm",
    "inverse_is_forward",
    ("return (y - bias) / scale", "return scale * y + bias"),
    seen="Your way back is the way there once more.",
    cause="Nothing was undone.",
)
wrong(
    "act_norm",
    "new_parameters",
    (
        "self.log_scale.copy_(-deviation.log())",
        "self.log_scale = nn.Parameter(-deviation.log())",
    ),
    ("self.bias.copy_(-mean / deviation)", "self.bias = nn.Parameter(-mean / deviation)"),
    seen="The numbers are right, but scale and shift are other objects after the choice.",
    cause="New parameters took the place of those that the optimiser knows, so these never train.",
)
wrong(
    "act_norm",
    "chosen_in_the_graph",
    ("with torch.no_grad():", "if True:"),
    seen="It fails where scale and shift are chosen.",
    cause="They have one number for each channel, and are set outside the graph.",
)
wrong(
    "act_norm",
    "changed_in_place",
    ("y = scale * x + bias", "y = x.mul_(scale.detach()).add_(bias.detach())"),
    seen="Your code changes what it was given, or no gradient reaches scale and shift.",
    cause="The input was scaled in place; make a new tensor.",
)
wrong(
    "act_norm",
    "input_changed_in_the_choice",
    ("mean = x.mean(dim=(0, 2, 3))", "mean = x.mean(dim=(0, 2, 3)) + 0 * x.abs_().mean()"),
    seen="Your code changes what it was given.",
    cause="Something was computed in place; make a new tensor.",
)
wrong(
    "act_norm",
    "answer_detached",
    ("return y, log_det", "return y.detach(), log_det"),
    seen="All numbers are right, but no gradient passes through y.",
    cause="The answer was cut off from the graph.",
)
wrong(
    "act_norm",
    "scale_detached",
    ("y = scale * x + bias", "y = scale.detach() * x + bias"),
    seen="All numbers are right, but no gradient reaches the scale through y.",
    cause="The scale was cut off from the graph.",
)
wrong(
    "act_norm",
    "log_scale_taken_as_scale",
    ("y = scale * x + bias", "y = self.log_scale[:, None, None] * x + bias"),
    seen="Your scales are too small, and some of them negative.",
    cause="What is stored is the logarithm of the scale.",
)
wrong(
    "act_norm",
    "answers_swapped",
    ("return y, log_det", "return log_det, y"),
    seen="Output and log-determinant have changed places in your answer.",
    cause="The output comes first.",
)
wrong(
    "act_norm",
    "no_determinant",
    ("return y, log_det", "return y"),
    seen="Your answer is a single tensor, or its examples are taken for two answers.",
    cause="The log-determinant was not returned.",
)
wrong(
    "act_norm",
    "inverse_chooses",
    (
        "    def inverse(self, y: Tensor) -> Tensor:\n",
        "    def inverse(self, y: Tensor) -> Tensor:\n"
        "        if self.training and not self.initialised:\n"
        "            self.forward(y)\n",
    ),
    seen="A fresh layer chooses scale and shift on the way back.",
    cause="Only the way there chooses.",
)

wrong(
    "act_norm",
    "first_batch_without_gradient",
    (
        "self.initialised.fill_(True)",
        "self.initialised.fill_(True)\n"
        "                pixels = x.shape[2] * x.shape[3]\n"
        "                log_det = (pixels * self.log_scale.sum()).expand(len(x))\n"
        "                return (x - mean[:, None, None]) / deviation[:, None, None], log_det",
    ),
    seen="All numbers are right, but no gradient comes from the first batch of training.",
    cause="Its answer was computed with gradients switched off; only the choice belongs there.",
)
wrong(
    "act_norm",
    "first_batch_past_the_parameters",
    (
        "self.initialised.fill_(True)",
        "self.initialised.fill_(True)\n"
        "            log_det = (x.shape[2] * x.shape[3] * self.log_scale.sum()).expand(len(x))\n"
        "            return (x - mean[:, None, None]) / deviation[:, None, None], log_det",
    ),
    seen="All numbers are right, but the first batch passes no gradient to scale and shift through "
    "y.",
    cause="It was standardised by mean and deviation; like all others it is scaled and shifted by "
    "the parameters.",
)
wrong(
    "act_norm",
    "input_detached",
    ("y = scale * x + bias", "y = scale * x.detach() + bias"),
    seen="All numbers are right, but no gradient passes through the layer to its input.",
    cause="The input was cut off from the graph, and layers before it do not learn.",
)
wrong(
    "act_norm",
    "shift_multiplied",
    ("self.bias.copy_(-mean / deviation)", "self.bias.copy_(-mean * deviation)"),
    seen="Your first batch has the deviation 1 and not the mean 0.",
    cause="The mean was multiplied by the deviation; the shift comes after a scale that divides.",
)
wrong(
    "act_norm",
    "deviations_of_examples_averaged",
    (DEVIATION, "x.std(dim=(2, 3), correction=0).mean(dim=0).clamp(min=1e-3)"),
    seen="Your first batch has a deviation above 1.",
    cause="The deviations of single examples were averaged; their means differ, too.",
)
wrong(
    "act_norm",
    "mean_absolute_distance",
    (DEVIATION, "(x - mean[:, None, None]).abs().mean(dim=(0, 2, 3)).clamp(min=1e-3)"),
    seen="Your first batch has a deviation above 1.",
    cause="The mean distance from the mean was taken; the deviation is the root of the mean "
    "squared distance.",
)
wrong(
    "act_norm",
    "chosen_while_the_scale_is_one",
    (CHOICE, "if self.training and not self.log_scale.any():"),
    seen="Whether a choice was made is read off the scale, and not off the mark.",
    cause="Parameters may have any value before a choice; only the mark says if there was one.",
)
wrong(
    "act_norm",
    "marked_in_evaluation",
    (
        "        scale, bias = self.log_scale.exp()[:, None, None], self.bias[:, None, None]\n"
        "        y = ",
        "        self.initialised.fill_(True)\n"
        "        scale, bias = self.log_scale.exp()[:, None, None], self.bias[:, None, None]\n"
        "        y = ",
    ),
    seen="A batch in evaluation mode sets the mark, and the first one of training chooses nothing.",
    cause="The mark is set whether or not a choice was made.",
)
wrong(
    "act_norm",
    "determinant_as_a_column",
    (LOG_DET, "log_det = (pixels * self.log_scale.sum()).expand(len(x), 1)"),
    seen="Your log-determinant has one axis too many.",
    cause="It stands as a column; a vector with one number for each example is asked for.",
)
wrong(
    "act_norm",
    "determinant_of_the_wrong_sides",
    (LOG_DET, "log_det = (x.shape[1] * x.shape[2] * self.log_scale.sum()).expand(len(x))"),
    seen="Your log-determinant is right only if there are as many channels as columns.",
    cause="Channels were multiplied with rows instead of rows with columns.",
)
for name, floor, said in (
    ("floor_of_a_millionth", "1e-6", "blown up"),
    ("floor_of_a_hundredth", "1e-2", "made too small"),
):
    wrong(
        "act_norm",
        name,
        (DEVIATION, f"x.std(dim=(0, 2, 3), correction=0).clamp(min={floor})"),
        seen=f"A channel that was constant in the first batch is {said} in the next one.",
        cause="The least deviation is another one than the docstring's.",
    )

# ---- invertible_conv

LOWER = "self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)"
CONV_DET = "log_det = (x.shape[2] * x.shape[3] * self.log_s.sum()).expand(len(x))"
SOLVE_L = "torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)"
SOLVE_U = "torch.linalg.solve_triangular(upper, columns, upper=True)"
BACK = "columns.unflatten(1, (len(y), *y.shape[2:])).transpose(0, 1)"
EYE = "torch.eye(len(self.lower)).to(self.lower)"

wrong(
    "invertible_conv",
    "lower_not_masked",
    (LOWER, f"self.lower + {EYE}"),
    seen="Your L has numbers above its diagonal, or other numbers than ones on it.",
    cause="Everything that the parameter holds was used; only what stands below the diagonal "
    "belongs to L.",
)
wrong(
    "invertible_conv",
    "upper_not_masked",
    ("self.upper.triu(1)", "self.upper"),
    seen="Your upper triangle has numbers below its diagonal, or others than s on it.",
    cause="Everything that the parameter holds was used; only what stands above the diagonal "
    "belongs to U.",
)
wrong(
    "invertible_conv",
    "neither_masked",
    (LOWER, f"self.lower + {EYE}"),
    ("self.upper.triu(1)", "self.upper"),
    seen="Your two factors are no triangles.",
    cause="Everything that the parameters hold was used; only what stands on one side of the "
    "diagonal belongs to each.",
)
wrong(
    "invertible_conv",
    "diagonal_of_lower_kept",
    (LOWER, f"self.lower.tril() + {EYE}"),
    seen="The diagonal of your L is not ones.",
    cause="What the parameter holds on its diagonal was added to the ones.",
)
wrong(
    "invertible_conv",
    "diagonal_of_upper_kept",
    ("self.upper.triu(1)", "self.upper.triu()"),
    seen="The diagonal of your upper triangle is not s.",
    cause="What the parameter holds on its diagonal was added to s.",
)
wrong(
    "invertible_conv",
    "lower_without_ones",
    (LOWER, "self.lower.tril(-1)"),
    seen="The diagonal of your L is zeros, and nothing can be undone.",
    cause="The ones were forgotten.",
)
wrong(
    "invertible_conv",
    "diagonal_of_lower_from_parameter",
    (LOWER, "self.lower.tril()"),
    seen="The diagonal of your L is what the parameter holds there.",
    cause="L has ones on its diagonal, whatever the parameter holds.",
)
wrong(
    "invertible_conv",
    "diagonals_from_parameter",
    (LOWER, "self.lower.tril()"),
    ("self.upper.triu(1)", "self.upper.triu()"),
    seen="The diagonals of your triangles come from the parameters.",
    cause="L has ones there, the upper triangle has s.",
)
wrong(
    "invertible_conv",
    "triangles_exchanged",
    ("self.lower.tril(-1)", "self.lower.triu(1)"),
    ("self.upper.triu(1)", "self.upper.tril(-1)"),
    seen="Your L is an upper triangle, and the other way round.",
    cause="The wrong sides of the diagonals were kept.",
)
wrong(
    "invertible_conv",
    "sign_forgotten",
    ("s = self.sign * self.log_s.exp()", "s = self.log_s.exp()"),
    seen="All numbers of your s are positive.",
    cause="The signs were forgotten.",
)
wrong(
    "invertible_conv",
    "logarithm_not_undone",
    ("s = self.sign * self.log_s.exp()", "s = self.sign * self.log_s"),
    seen="The diagonal of your upper triangle is the logarithm of s.",
    cause="What is stored is a logarithm.",
)
wrong(
    "invertible_conv",
    "sign_in_the_exponent",
    ("s = self.sign * self.log_s.exp()", "s = (self.sign * self.log_s).exp()"),
    seen="All numbers of your s are positive, some of them upside down.",
    cause="The sign went into the exponent.",
)
wrong(
    "invertible_conv",
    "s_everywhere",
    ("torch.diag(s)", "s"),
    seen="s was added to every row of your upper triangle.",
    cause="It belongs on the diagonal only.",
)
wrong(
    "invertible_conv",
    "s_forgotten",
    ("self.upper.triu(1) + torch.diag(s)", "self.upper.triu(1) + 0 * torch.diag(s)"),
    seen="The diagonal of your upper triangle is zeros, and nothing can be undone.",
    cause="s was forgotten.",
)
wrong(
    "invertible_conv",
    "matrix_transposed",
    ("dc,bchw", "cd,bchw"),
    seen="Your y comes from the transpose of W.",
    cause="The matrix stands the wrong way round: channels are a column, on its right.",
)
wrong(
    "invertible_conv",
    "determinant_without_pixels",
    (CONV_DET, "log_det = self.log_s.sum().expand(len(x))"),
    seen="Your log-determinant is too near to zero, by the number of pixels.",
    cause="The matrix stands in the Jacobian once for each pixel.",
)
wrong(
    "invertible_conv",
    "determinant_of_the_batch",
    (CONV_DET, "log_det = (x[:, 0].numel() * self.log_s.sum()).expand(len(x))"),
    seen="Your log-determinant grows with the number of examples.",
    cause="The examples were counted in; each has a Jacobian of its own.",
)
wrong(
    "invertible_conv",
    "one_determinant_for_all",
    (CONV_DET, "log_det = x.shape[2] * x.shape[3] * self.log_s.sum()"),
    seen="Your log-determinant is a single number; each example should have one.",
    cause="It was not repeated for the examples.",
)
wrong(
    "invertible_conv",
    "determinant_with_minus",
    (CONV_DET, "log_det = (-x.shape[2] * x.shape[3] * self.log_s.sum()).expand(len(x))"),
    seen="Your log-determinant has the wrong sign.",
    cause="It is that of the way back.",
)
wrong(
    "invertible_conv",
    "logarithm_of_the_determinant",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * self.weight().det().log()).expand(len(x))",
    ),
    seen="Your log-determinant is NaN where the determinant is negative, and infinite where it is "
    "far from one.",
    cause="The determinant was computed first and its logarithm then, without its size.",
)
wrong(
    "invertible_conv",
    "logarithm_of_the_sized_determinant",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * self.weight().det().abs().log()).expand(len(x))",
    ),
    seen="Your log-determinant is infinite where the determinant is far from one.",
    cause="The determinant was computed first and its logarithm then; it leaves float32 long "
    "before its logarithm does.",
)
wrong(
    "invertible_conv",
    "product_of_s",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * self.log_s.exp().prod().log()).expand(len(x))",
    ),
    seen="Your log-determinant is infinite where the determinant is far from one.",
    cause="The numbers were multiplied before the logarithm; add up the logarithms.",
)
wrong(
    "invertible_conv",
    "sum_of_s",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * self.log_s.exp().sum()).expand(len(x))",
    ),
    seen="Your log-determinant is the sum of s, not of its logarithms.",
    cause="The logarithm was undone before the sum.",
)
wrong(
    "invertible_conv",
    "signs_in_the_determinant",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * (self.sign * self.log_s).sum()).expand(len(x))",
    ),
    seen="Your log-determinant depends on the signs.",
    cause="Only the size of s counts for a volume.",
)
wrong(
    "invertible_conv",
    "determinant_detached",
    (
        CONV_DET,
        "log_det = (x.shape[2] * x.shape[3] * self.log_s.detach().sum()).expand(len(x))",
    ),
    seen="All numbers are right, but no gradient comes from the log-determinant.",
    cause="It was cut off from the graph.",
)
wrong(
    "invertible_conv",
    "permutation_not_undone",
    ("self.permutation.T @ y", "y"),
    seen="Forward is right; on the way back the channels are mixed up.",
    cause="The permutation was not undone.",
)
wrong(
    "invertible_conv",
    "permuted_again",
    ("self.permutation.T @ y", "self.permutation @ y"),
    seen="Forward is right; on the way back the channels are mixed up.",
    cause="The permutation was applied again instead of undone.",
)
wrong(
    "invertible_conv",
    "undone_in_the_wrong_order",
    (SOLVE_L, f"{SOLVE_U} "),
    ("        columns = " + SOLVE_U + "\n", "        columns = " + SOLVE_L + "\n"),
    seen="Forward is right; on the way back the triangles are undone in the wrong order.",
    cause="What was done last has to be undone first.",
)
wrong(
    "invertible_conv",
    "lower_not_undone",
    (SOLVE_L, "columns"),
    seen="Forward is right; on the way back L remains.",
    cause="One of the two triangles was not undone.",
)
wrong(
    "invertible_conv",
    "upper_not_undone",
    (SOLVE_U, "columns"),
    seen="Forward is right; on the way back the upper triangle remains.",
    cause="One of the two triangles was not undone.",
)
wrong(
    "invertible_conv",
    "transpose_for_inverse",
    (
        f"        return {BACK}",
        '        return torch.einsum("cd,bchw->bdhw", self.weight(), y)',
    ),
    seen="A fresh layer is undone; one with other parameters is not.",
    cause="The transpose undoes a rotation, and W is one only before it trains.",
)
wrong(
    "invertible_conv",
    "forward_for_inverse",
    (f"        return {BACK}", "        return self.forward(y)[0]"),
    seen="Your way back is the way there once more.",
    cause="Nothing was undone.",
)
wrong(
    "invertible_conv",
    "examples_and_channels_mixed",
    ("y.transpose(0, 1).flatten(1)", "y.reshape(y.shape[1], -1)"),
    (BACK, "columns.reshape(y.shape)"),
    seen="One example is undone; with more of them channels and examples are mixed.",
    cause="The tensor was given another shape where its axes had to be exchanged.",
)
wrong(
    "invertible_conv",
    "reshaped_on_the_way_out",
    (BACK, "columns.reshape(y.shape)"),
    seen="One example is undone; with more of them channels and examples are mixed.",
    cause="The columns were given another shape at the end where axes had to be exchanged.",
)
wrong(
    "invertible_conv",
    "identity_on_the_cpu",
    (".to(self.lower)", ""),
    seen="The numbers are right, but a new tensor does not lie where the parameters do.",
    cause="The ones were made without naming a device, and on a GPU the two would not meet.",
)
wrong(
    "invertible_conv",
    "parameters_masked_in_place",
    (LOWER, f"self.lower.data.tril_(-1) * 0 + self.lower.tril(-1) + {EYE}"),
    seen="The numbers are right, but your code changes a parameter.",
    cause="The triangle was cut out in place; make a new tensor.",
)
wrong(
    "invertible_conv",
    "weight_detached",
    ("self.weight(), x)", "self.weight().detach(), x)"),
    seen="All numbers are right, but no gradient reaches the factors through y.",
    cause="The matrix was cut off from the graph.",
)
wrong(
    "invertible_conv",
    "inverse_detached",
    (f"return {BACK}", f"return {BACK}.detach()"),
    seen="All numbers are right, but no gradient passes on the way back.",
    cause="The answer was cut off from the graph; directions are looked for through it.",
)
wrong(
    "invertible_conv",
    "factors_detached",
    ("return lower, upper", "return lower.detach(), upper.detach()"),
    seen="All numbers are right, but no gradient reaches the factors.",
    cause="They were cut off from the graph.",
)
wrong(
    "invertible_conv",
    "answers_swapped",
    ("return y, log_det", "return log_det, y"),
    seen="Output and log-determinant have changed places in your answer.",
    cause="The output comes first.",
)

SOLVE_AS_IT_IS = "torch.linalg.solve_triangular(lower, columns, upper=False)"
KEPT = {
    "seen": "After a step of an optimiser your layer still uses its factors of before.",
    "cause": "Something was computed once and kept; the parameters change, so that it is computed "
    "anew in each call.",
}

for name, of_lower, seen, cause in (
    (
        "lower_not_masked",
        f"self.lower + {EYE}",
        "Your L has numbers above its diagonal, or other numbers than ones on it.",
        "Everything that the parameter holds was used; only what stands below the diagonal "
        "belongs to L.",
    ),
    (
        "diagonal_of_lower_kept",
        f"self.lower.tril() + {EYE}",
        "The diagonal of your L is not ones.",
        "What the parameter holds on its diagonal was added to the ones.",
    ),
    (
        "diagonal_of_lower_from_parameter",
        "self.lower.tril()",
        "The diagonal of your L is what the parameter holds there.",
        "L has ones on its diagonal, whatever the parameter holds.",
    ),
    (
        "lower_without_ones",
        "self.lower.tril(-1)",
        "The diagonal of your L is zeros, and nothing can be undone.",
        "The ones were forgotten.",
    ),
):
    wrong(
        "invertible_conv",
        f"{name}_on_the_way_back_too",
        (LOWER, of_lower),
        (SOLVE_L, SOLVE_AS_IT_IS),
        seen=seen,
        cause=cause,
    )
wrong(
    "invertible_conv",
    "neither_masked_on_the_way_back_too",
    (LOWER, f"self.lower + {EYE}"),
    ("self.upper.triu(1)", "self.upper"),
    (SOLVE_L, SOLVE_AS_IT_IS),
    seen="Your two factors are no triangles.",
    cause="Everything that the parameters hold was used; only what stands on one side of the "
    "diagonal belongs to each.",
)
wrong(
    "invertible_conv",
    "factors_kept",
    (
        "return lower, upper",
        'self.kept = getattr(self, "kept", (lower, upper))\n        return self.kept',
    ),
    **KEPT,
)
wrong(
    "invertible_conv",
    "matrix_kept",
    (
        "return self.permutation @ lower @ upper",
        "matrix = self.permutation @ lower @ upper\n"
        '        self.kept = getattr(self, "kept", matrix)\n'
        "        return self.kept",
    ),
    **KEPT,
)
wrong(
    "invertible_conv",
    "factors_kept_on_the_way_back",
    (
        "lower, upper = self.factors()\n        columns",
        'self.kept = getattr(self, "kept", self.factors())\n'
        "        lower, upper = self.kept\n        columns",
    ),
    **KEPT,
)
wrong(
    "invertible_conv",
    "detached_factors_kept_on_the_way_back",
    (
        "lower, upper = self.factors()\n        columns",
        "lower, upper = self.factors()\n"
        '        if hasattr(self, "kept"):\n'
        "            lower, upper = self.kept\n"
        "        self.kept = lower.detach(), upper.detach()\n        columns",
    ),
    **KEPT,
)
wrong(
    "invertible_conv",
    "s_kept_in_bounds",
    ("s = self.sign * self.log_s.exp()", "s = self.sign * self.log_s.clamp(-10, 10).exp()"),
    seen="Your s stops growing and falling far from one.",
    cause="Its logarithm was kept between bounds, and the log-determinant was not.",
)
for name, sides, seen, cause in (
    (
        "determinant_of_squares",
        "x.shape[2] * x.shape[2]",
        "Your log-determinant is right only where pictures are squares.",
        "Rows were multiplied with rows instead of columns.",
    ),
    (
        "determinant_of_the_wrong_sides",
        "x.shape[1] * x.shape[2]",
        "Your log-determinant is right only if there are as many channels as columns.",
        "Channels were multiplied with rows instead of rows with columns.",
    ),
):
    wrong(
        "invertible_conv",
        name,
        (CONV_DET, f"log_det = ({sides} * self.log_s.sum()).expand(len(x))"),
        seen=seen,
        cause=cause,
    )
wrong(
    "invertible_conv",
    "permutation_undone_last",
    ("columns = self.permutation.T @ y", "columns = y"),
    (
        f"        return {BACK}",
        f"        columns = self.permutation.T @ columns\n        return {BACK}",
    ),
    seen="Forward is right; on the way back the permutation is undone too late.",
    cause="It was applied last, so it has to be undone first.",
)
wrong(
    "invertible_conv",
    "parameters_overwritten",
    (f"lower = {LOWER}", f"self.lower.data.tril_(-1)\n        lower = self.lower + {EYE}"),
    seen="Your code changes a parameter, and what is ignored gets a gradient.",
    cause="The triangle was cut out in place; make a new tensor in each call.",
)
wrong(
    "invertible_conv",
    "input_detached_back",
    ("self.permutation.T @ y.", "self.permutation.T @ y.detach()."),
    seen="All numbers are right, but no gradient reaches what is undone.",
    cause="It was cut off from the graph; directions are looked for through it.",
)
wrong(
    "invertible_conv",
    "no_determinant",
    ("return y, log_det", "return y"),
    seen="Your answer is a single tensor, or its examples are taken for two answers.",
    cause="The log-determinant was not returned.",
)

# ---- affine_coupling

SPLIT = "x_a, x_b = x.chunk(2, dim=1)"
HEARD = "r, t = self.net(x_b).chunk(2, dim=1)"
HEARD_BACK = "r, t = self.net(y_b).chunk(2, dim=1)"
JOIN = "y = torch.cat([log_s.exp() * x_a + t, x_b], dim=1)"
SUM = "log_s.flatten(1).sum(dim=1)"
UNDO = "x_a = (y_a - t) / torch.sigmoid(r + 2)"
LOG_S = "log_s = nn.functional.logsigmoid(r + 2)"

wrong(
    "affine_coupling",
    "scale_from_the_half_that_changes",
    (HEARD, "r, t = self.net(x_a).chunk(2, dim=1)"),
    (HEARD_BACK, "r, t = self.net(y_a).chunk(2, dim=1)"),
    seen="Scale and shift come from the half that changes, and there is no way back.",
    cause="The network has to see the half that stays.",
)
wrong(
    "affine_coupling",
    "scale_from_the_half_that_changes_forward",
    (HEARD, "r, t = self.net(x_a).chunk(2, dim=1)"),
    seen="On the way there scale and shift come from the half that changes.",
    cause="The network has to see the half that stays.",
)
wrong(
    "affine_coupling",
    "second_half_changes",
    (SPLIT, "x_b, x_a = x.chunk(2, dim=1)"),
    (JOIN, "y = torch.cat([x_b, log_s.exp() * x_a + t], dim=1)"),
    ("y_a, y_b = y.chunk(2, dim=1)", "y_b, y_a = y.chunk(2, dim=1)"),
    ("return torch.cat([x_a, y_b], dim=1)", "return torch.cat([y_b, x_a], dim=1)"),
    seen="In yours the first half stays and the second one changes.",
    cause="The halves have changed places, as in some public code; here the first one changes.",
)
wrong(
    "affine_coupling",
    "second_half_changes_back",
    ("y_a, y_b = y.chunk(2, dim=1)", "y_b, y_a = y.chunk(2, dim=1)"),
    ("return torch.cat([x_a, y_b], dim=1)", "return torch.cat([y_b, x_a], dim=1)"),
    seen="Forward is right; on the way back the other half is changed.",
    cause="The halves have changed places on the way back.",
)
wrong(
    "affine_coupling",
    "halves_split_wrongly_back",
    ("y_a, y_b = y.chunk(2, dim=1)", "y_b, y_a = y.chunk(2, dim=1)"),
    seen="Forward is right; on the way back the halves are taken for each other.",
    cause="The halves have changed places where they are split.",
)
wrong(
    "affine_coupling",
    "joined_in_the_wrong_order",
    (JOIN, "y = torch.cat([x_b, log_s.exp() * x_a + t], dim=1)"),
    seen="The half that stays comes first in your y.",
    cause="The halves have changed places where they are joined.",
)
wrong(
    "affine_coupling",
    "joined_in_the_wrong_order_back",
    ("return torch.cat([x_a, y_b], dim=1)", "return torch.cat([y_b, x_a], dim=1)"),
    seen="Forward is right; on the way back the half that stays comes first.",
    cause="The halves have changed places where they are joined.",
)
wrong(
    "affine_coupling",
    "scale_and_shift_exchanged",
    (HEARD, "t, r = self.net(x_b).chunk(2, dim=1)"),
    (HEARD_BACK, "t, r = self.net(y_b).chunk(2, dim=1)"),
    seen="What the network says of the scale is your shift, and the other way round.",
    cause="The two halves of its answer have changed places.",
)
wrong(
    "affine_coupling",
    "scale_and_shift_exchanged_back",
    (HEARD_BACK, "t, r = self.net(y_b).chunk(2, dim=1)"),
    seen="Forward is right; on the way back scale and shift have changed places.",
    cause="The two halves of the network's answer have changed places.",
)
wrong(
    "affine_coupling",
    "without_the_two",
    (LOG_S, "log_s = nn.functional.logsigmoid(r)"),
    (UNDO, "x_a = (y_a - t) / torch.sigmoid(r)"),
    seen="Your scales are too small: near one half where they should be near one.",
    cause="The two that is added to r is missing.",
)
wrong(
    "affine_coupling",
    "without_the_two_forward",
    (LOG_S, "log_s = nn.functional.logsigmoid(r)"),
    seen="On the way there your scales are too small.",
    cause="The two that is added to r is missing there.",
)
wrong(
    "affine_coupling",
    "without_the_two_back",
    (UNDO, "x_a = (y_a - t) / torch.sigmoid(r)"),
    seen="Forward is right; on the way back the scale is another one.",
    cause="The two that is added to r is missing there.",
)
wrong(
    "affine_coupling",
    "exponential_scale",
    (LOG_S, "log_s = r"),
    (UNDO, "x_a = (y_a - t) / r.exp()"),
    seen="Your scales have no upper bound.",
    cause="The exponential was taken, as the paper has it; here it is a sigmoid.",
)
wrong(
    "affine_coupling",
    "exponential_scale_with_two",
    (LOG_S, "log_s = r + 2"),
    (UNDO, "x_a = (y_a - t) / (r + 2).exp()"),
    seen="Your scales have no upper bound, and begin far above one.",
    cause="The exponential was taken where a sigmoid belongs.",
)
wrong(
    "affine_coupling",
    "bounded_exponential",
    (LOG_S, "log_s = r.tanh()"),
    (UNDO, "x_a = (y_a - t) / r.tanh().exp()"),
    seen="Your scales lie between 0.37 and 2.72.",
    cause="The exponential of a hyperbolic tangent was taken, as in some other flows.",
)
wrong(
    "affine_coupling",
    "sigmoid_then_logarithm",
    (LOG_S, "log_s = torch.sigmoid(r + 2).log()"),
    seen="Your log-determinant is infinite where r is far below zero.",
    cause="The sigmoid was taken first and its logarithm then: it becomes zero in float32.",
)
wrong(
    "affine_coupling",
    "sigmoid_then_logarithm_with_guard",
    (LOG_S, "log_s = (torch.sigmoid(r + 2) + 1e-6).log()"),
    seen="Your log-determinant stops falling where r is far below zero.",
    cause="A small number was added before the logarithm; there is a logarithm of the sigmoid that "
    "needs none.",
)
wrong(
    "affine_coupling",
    "sigmoid_kept_above_zero",
    (LOG_S, "log_s = torch.sigmoid(r + 2).clamp(min=1e-6).log()"),
    seen="Your log-determinant stops falling where r is far below zero, and its gradient ends.",
    cause="The sigmoid was kept above a small number before the logarithm.",
)
wrong(
    "affine_coupling",
    "sigmoid_then_logarithm_with_small_guard",
    (LOG_S, "log_s = (torch.sigmoid(r + 2) + 1e-12).log()"),
    seen="Your log-determinant stops falling where r is far below zero.",
    cause="A small number keeps the sigmoid from zero before the logarithm; there is a logarithm "
    "of the sigmoid that needs none.",
)
wrong(
    "affine_coupling",
    "logarithm_of_exponentials",
    (LOG_S, "log_s = -(1 + (-r - 2).exp()).log()"),
    seen="Your log-determinant is infinite where r is far below zero.",
    cause="An exponential left float32 on the way.",
)
wrong(
    "affine_coupling",
    "determinant_of_the_batch",
    (SUM, "log_s.sum().expand(len(x))"),
    seen="All your examples have the same log-determinant, that of the batch.",
    cause="It was added up over the examples, too.",
)
wrong(
    "affine_coupling",
    "one_determinant_of_the_batch",
    (SUM, "log_s.sum()"),
    seen="Your log-determinant is a single number; each example should have one.",
    cause="It was added up over the examples, too.",
)
wrong(
    "affine_coupling",
    "determinant_averaged",
    (SUM, "log_s.flatten(1).mean(dim=1)"),
    seen="Your log-determinant is too near to zero, by the number of entries of a half.",
    cause="The logarithms were averaged; they add up.",
)
wrong(
    "affine_coupling",
    "determinant_for_each_pixel",
    (SUM, "log_s.sum(dim=1)"),
    seen="Your log-determinant has a number for each pixel.",
    cause="It was added up over the channels only.",
)
wrong(
    "affine_coupling",
    "determinant_of_scales",
    (SUM, "log_s.exp().flatten(1).sum(dim=1)"),
    seen="Your log-determinant is the sum of the scales, not of their logarithms.",
    cause="The logarithm was undone before the sum.",
)
wrong(
    "affine_coupling",
    "determinant_of_r",
    (SUM, "r.flatten(1).sum(dim=1)"),
    seen="Your log-determinant is the sum of r.",
    cause="The logarithm of the scale is another number than what the network says.",
)
wrong(
    "affine_coupling",
    "determinant_with_minus",
    (SUM, "-log_s.flatten(1).sum(dim=1)"),
    seen="Your log-determinant has the wrong sign.",
    cause="It is that of the way back.",
)
wrong(
    "affine_coupling",
    "determinant_with_shift",
    (SUM, "(log_s + t).flatten(1).sum(dim=1)"),
    seen="Your log-determinant depends on the shift.",
    cause="A shift moves a volume and does not change it.",
)
wrong(
    "affine_coupling",
    "determinant_detached",
    (SUM, "log_s.detach().flatten(1).sum(dim=1)"),
    seen="All numbers are right, but no gradient comes from the log-determinant.",
    cause="It was cut off from the graph.",
)
wrong(
    "affine_coupling",
    "determinant_filled_in_on_the_cpu",
    (
        f"return y, {SUM}",
        f"log_det = torch.zeros(len(x), dtype=x.dtype)\n        return y, log_det + {SUM}",
    ),
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
wrong(
    "affine_coupling",
    "scaled_twice",
    (UNDO, "x_a = (y_a - t) * torch.sigmoid(r + 2)"),
    seen="Forward is right; on the way back the scale is there once more.",
    cause="The scale was applied again instead of undone.",
)
wrong(
    "affine_coupling",
    "undone_in_the_wrong_order",
    (UNDO, "x_a = y_a / torch.sigmoid(r + 2) - t"),
    seen="Forward is right; on the way back the shift is wrong.",
    cause="What was done last has to be undone first.",
)
wrong(
    "affine_coupling",
    "shift_before_scale",
    (JOIN, "y = torch.cat([log_s.exp() * (x_a + t), x_b], dim=1)"),
    (UNDO, "x_a = y_a / torch.sigmoid(r + 2) - t"),
    seen="Your shift comes out scaled, in both directions.",
    cause="Yours shifts first and scales then, as Glow's own code does; here it is the other way "
    "round.",
)
wrong(
    "affine_coupling",
    "no_shift",
    (JOIN, "y = torch.cat([log_s.exp() * x_a, x_b], dim=1)"),
    (UNDO, "x_a = y_a / torch.sigmoid(r + 2)"),
    seen="What the network says of the shift changes nothing in yours.",
    cause="The shift was forgotten.",
)
wrong(
    "affine_coupling",
    "no_scale",
    (JOIN, "y = torch.cat([x_a + t, x_b], dim=1)"),
    (UNDO, "x_a = y_a - t"),
    seen="Your first half is shifted only.",
    cause="The scale was forgotten where it counts.",
)
wrong(
    "affine_coupling",
    "both_halves_change",
    (JOIN, "y = torch.cat([log_s.exp() * x_a + t, log_s.exp() * x_b], dim=1)"),
    seen="Your second half is scaled, too.",
    cause="The half that decides has to stay as it is.",
)
wrong(
    "affine_coupling",
    "every_other_channel",
    (SPLIT, "x_a, x_b = x[:, ::2], x[:, 1::2]"),
    ("y_a, y_b = y.chunk(2, dim=1)", "y_a, y_b = y[:, ::2], y[:, 1::2]"),
    seen="With two channels you are right; with more of them others change.",
    cause="Every other channel was taken; a half is what stands together.",
)
wrong(
    "affine_coupling",
    "answer_of_the_network_every_other_channel",
    (HEARD, "h = self.net(x_b)\n        r, t = h[:, ::2], h[:, 1::2]"),
    (HEARD_BACK, "h = self.net(y_b)\n        r, t = h[:, ::2], h[:, 1::2]"),
    seen="With two channels you are right; with more of them scales and shifts are mixed.",
    cause="Every other channel of the network's answer was taken, as Glow's own code does; here "
    "each is a half that stands together.",
)
wrong(
    "affine_coupling",
    "network_detached",
    (HEARD, "r, t = self.net(x_b).detach().chunk(2, dim=1)"),
    seen="All numbers are right, but no gradient reaches the network on the way there.",
    cause="Its answer was cut off from the graph.",
)
wrong(
    "affine_coupling",
    "network_sees_a_detached_half",
    (HEARD, "r, t = self.net(x_b.detach()).chunk(2, dim=1)"),
    seen="All numbers are right, but the half that stays gets no gradient through the network.",
    cause="It was cut off from the graph on its way there, and layers before it do not learn.",
)
wrong(
    "affine_coupling",
    "network_detached_back",
    (HEARD_BACK, "r, t = self.net(y_b).detach().chunk(2, dim=1)"),
    seen="All numbers are right, but no gradient passes the network on the way back.",
    cause="Its answer was cut off from the graph; directions are looked for through it.",
)
wrong(
    "affine_coupling",
    "inverse_detached",
    ("return torch.cat([x_a, y_b], dim=1)", "return torch.cat([x_a, y_b], dim=1).detach()"),
    seen="All numbers are right, but no gradient passes on the way back.",
    cause="The answer was cut off from the graph; directions are looked for through it.",
)
wrong(
    "affine_coupling",
    "changed_in_place",
    (JOIN, "y = torch.cat([x_a.mul_(log_s.exp()).add_(t), x_b], dim=1)"),
    seen="Your code changes in place what others still need.",
    cause="A half that was split off is a window on the whole tensor; make a new one instead.",
)
wrong(
    "affine_coupling",
    "changed_in_place_back",
    (UNDO, "x_a = y_a.sub_(t).div_(torch.sigmoid(r + 2))"),
    seen="Your way back changes in place what others still need.",
    cause="A half that was split off is a window on the whole tensor; make a new one instead.",
)
wrong(
    "affine_coupling",
    "network_asked_twice",
    (HEARD, "r, t = self.net(x_b).chunk(2, dim=1)[0], self.net(x_b).chunk(2, dim=1)[1]"),
    seen="The numbers are right, but the network is asked twice.",
    cause="Its answer was computed once for the scale and once for the shift.",
)
wrong(
    "affine_coupling",
    "answers_swapped",
    (f"return y, {SUM}", f"return {SUM}, y"),
    seen="Output and log-determinant have changed places in your answer.",
    cause="The output comes first.",
)

wrong(
    "affine_coupling",
    "two_added_to_the_sigmoid",
    (LOG_S, "log_s = (torch.sigmoid(r) + 2).log()"),
    (UNDO, "x_a = (y_a - t) / (torch.sigmoid(r) + 2)"),
    seen="Your scales lie between 2 and 3.",
    cause="The two was added to the sigmoid; it is added to r.",
)
wrong(
    "affine_coupling",
    "two_added_to_the_sigmoid_but_in_the_determinant",
    (JOIN, "y = torch.cat([(torch.sigmoid(r) + 2) * x_a + t, x_b], dim=1)"),
    (UNDO, "x_a = (y_a - t) / (torch.sigmoid(r) + 2)"),
    seen="Your scales lie between 2 and 3; your log-determinant is right.",
    cause="The two was added to the sigmoid; it is added to r.",
)
wrong(
    "affine_coupling",
    "without_the_two_in_the_determinant",
    (SUM, "nn.functional.logsigmoid(r).flatten(1).sum(dim=1)"),
    seen="Both directions are right; your log-determinant is that of smaller scales.",
    cause="The two that is added to r is missing there.",
)
for name, log_s in (
    ("logarithm_with_a_guard_of_1e-8", "(torch.sigmoid(r + 2) + 1e-8).log()"),
    ("logarithm_with_a_guard_of_1e-10", "(torch.sigmoid(r + 2) + 1e-10).log()"),
    ("sigmoid_kept_above_1e-8", "torch.sigmoid(r + 2).clamp(min=1e-8).log()"),
    ("sigmoid_kept_above_1e-12", "torch.sigmoid(r + 2).clamp(min=1e-12).log()"),
    ("sigmoid_kept_above_1e-30", "torch.sigmoid(r + 2).clamp(min=1e-30).log()"),
):
    wrong(
        "affine_coupling",
        name,
        (LOG_S, f"log_s = {log_s}"),
        (JOIN, "y = torch.cat([torch.sigmoid(r + 2) * x_a + t, x_b], dim=1)"),
        seen="Your log-determinant stops falling where r is far below zero.",
        cause="A small number keeps the sigmoid from zero before the logarithm; there is a "
        "logarithm of the sigmoid that needs none.",
    )
wrong(
    "affine_coupling",
    "guard_on_the_way_back",
    (UNDO, "x_a = (y_a - t) / (torch.sigmoid(r + 2) + 1e-6)"),
    seen="Forward is right; on the way back numbers are too small where the scale is small.",
    cause="A small number was added to the scale before the division.",
)
wrong(
    "affine_coupling",
    "answer_of_the_network_changed_in_place",
    (LOG_S, "r += 2\n        log_s = nn.functional.logsigmoid(r)"),
    seen="Your code changes in place what others still need.",
    cause="A half that was split off is a window on the whole tensor; make a new one instead.",
)
wrong(
    "affine_coupling",
    "answer_of_the_network_split_by_examples",
    (HEARD, HEARD.replace("dim=1", "dim=0")),
    (HEARD_BACK, HEARD_BACK.replace("dim=1", "dim=0")),
    seen="It fails, or scale and shift of one example come from two.",
    cause="The network's answer was split into examples; its halves are channels.",
)
wrong(
    "affine_coupling",
    "no_determinant",
    (f"return y, {SUM}", "return y"),
    seen="Your answer is a single tensor, or its examples are taken for two answers.",
    cause="The log-determinant was not returned.",
)

# ---- bits_per_dim

COST = "return math.log2(levels) - log_p / (dimensions * math.log(2))"

for name, answer, seen, cause in (
    (
        "levels_forgotten",
        "-log_p / (dimensions * math.log(2))",
        "A uniform density costs nothing in yours.",
        "The width of a level is missing.",
    ),
    (
        "nats_for_bits",
        "math.log2(levels) - log_p / dimensions",
        "A uniform density is right; others are too near to it.",
        "The log-density was left in nats.",
    ),
    (
        "all_in_nats",
        "math.log(levels) - log_p / dimensions",
        "Your costs are too small by a factor of 0.69.",
        "Everything was left in nats.",
    ),
    (
        "levels_in_nats",
        "math.log(levels) - log_p / (dimensions * math.log(2))",
        "A uniform density costs too little in yours.",
        "The levels were counted in nats, the density in bits.",
    ),
    (
        "decimal_logarithm",
        "math.log2(levels) - log_p / (dimensions * math.log(10))",
        "A uniform density is right; others are too near to it.",
        "It was divided by the logarithm of ten; the source's lg is a natural logarithm.",
    ),
    (
        "sign_of_the_density",
        "math.log2(levels) + log_p / (dimensions * math.log(2))",
        "Pictures that are more probable cost more in yours.",
        "The log-density has the wrong sign.",
    ),
    (
        "sign_of_the_levels",
        "-math.log2(levels) - log_p / (dimensions * math.log(2))",
        "A uniform density costs less than nothing in yours.",
        "The levels have the wrong sign.",
    ),
    (
        "both_signs",
        "log_p / (dimensions * math.log(2)) - math.log2(levels)",
        "Your costs have the wrong sign.",
        "A log-likelihood in bits was returned, not a cost.",
    ),
    (
        "cost_of_the_whole_picture",
        "dimensions * math.log2(levels) - log_p / math.log(2)",
        "Your cost is that of the whole picture.",
        "It was not divided by the number of its numbers.",
    ),
    (
        "density_of_the_whole_picture",
        "math.log2(levels) - log_p / math.log(2)",
        "A uniform density is right; others are far from it.",
        "The log-density is that of the whole picture and was not divided by its numbers.",
    ),
    (
        "levels_divided_too",
        "(math.log2(levels) - log_p / math.log(2)) / dimensions",
        "A uniform density costs less the larger the picture is.",
        "The levels were divided by the number of dimensions; each of them has all levels.",
    ),
    (
        "multiplied_by_the_logarithm",
        "math.log2(levels) - log_p * math.log(2) / dimensions",
        "A uniform density is right; others are too near to it.",
        "Nats were multiplied by the logarithm of two where they have to be divided.",
    ),
    (
        "always_256",
        "8 - log_p / (dimensions * math.log(2))",
        "Right at 256 levels, and the same at any other number.",
        "What was passed in was not used: the number of levels is fixed.",
    ),
    (
        "one_level_less",
        "math.log2(levels - 1) - log_p / (dimensions * math.log(2))",
        "A uniform density costs a little too little.",
        "One level was left out.",
    ),
    (
        "whole_bits",
        "levels.bit_length() - 1 - log_p / (dimensions * math.log(2))",
        "Right where the number of levels is a power of two.",
        "The bits of a level were rounded to a whole number.",
    ),
    (
        "levels_undivided",
        "levels - log_p / (dimensions * math.log(2))",
        "A uniform density costs as many bits as there are levels.",
        "The number of levels was taken for the bits that name one.",
    ),
    (
        "mean_of_the_batch",
        "(math.log2(levels) - log_p / (dimensions * math.log(2))).mean()",
        "Your answer is a single number; each picture should have one.",
        "The mean over the batch was taken; whoever trains does that.",
    ),
    (
        "detached",
        "math.log2(levels) - log_p.detach() / (dimensions * math.log(2))",
        "The numbers are right, but no gradient arrives.",
        "The log-density was cut off from the graph.",
    ),
    (
        "made_anew",
        "torch.tensor([math.log2(levels) - p / dimensions / math.log(2) for p in log_p.tolist()])",
        "The numbers are right, but no gradient arrives, and the type may be another one.",
        "The answer was made anew from plain numbers.",
    ),
    (
        "levels_on_the_cpu",
        "torch.full((len(log_p),), math.log2(levels), dtype=log_p.dtype) "
        "- log_p / (dimensions * math.log(2))",
        "The numbers are right, but a new tensor does not lie where the input does.",
        "It was made without naming a device, and on a GPU the two would not meet.",
    ),
    (
        "in_single",
        "math.log2(levels) - log_p.float() / (dimensions * math.log(2))",
        "What goes in as float64 comes out as float32.",
        "The answer was given a type of its own.",
    ),
    (
        "changed_in_place",
        "math.log2(levels) - log_p.data.div_(dimensions * math.log(2)) + 0 * log_p",
        "Your code changes what it was given, and the gradient is gone.",
        "The log-density was divided in place; make a new tensor.",
    ),
):
    wrong("bits_per_dim", name, (COST, f"return {answer}"), seen=seen, cause=cause)

wrong(
    "bits_per_dim",
    "density_before_its_logarithm",
    (COST, "return math.log2(levels) - log_p.exp().log2() / dimensions"),
    seen="Your costs are infinite.",
    cause="The density itself was computed; of a whole picture it is far outside float32.",
)

# ---- navigator

MATRIX = "columns * triangle.diagonal().sign()"
ROWS = "columns = self.matrix().T[which]"
SHIFT = "return size.unsqueeze(1) * columns"

for name, answer, seen, cause in (
    (
        "free_itself",
        "self.free",
        "Your columns have neither unit length nor right angles.",
        "The matrix that trains was returned as it is.",
    ),
    (
        "signs_that_jump",
        "columns",
        "Your columns are orthonormal, but now and then one turns round at a small step.",
        "The library chooses a sign for each column, and chooses anew when an entry passes zero.",
    ),
    (
        "unit_length_only",
        "nn.functional.normalize(self.free, dim=0)",
        "Your columns have unit length, but no right angles.",
        "Each column was divided by its length; nothing keeps two of them apart.",
    ),
    (
        "unit_rows",
        "nn.functional.normalize(self.free, dim=1)",
        "Your rows have unit length, your columns have not.",
        "The wrong axis was brought to unit length.",
    ),
    (
        "right_angles_only",
        f"{MATRIX} * torch.linalg.vector_norm(self.free, dim=0)",
        "Your columns stand at right angles, but have not unit length.",
        "They were given their old lengths again, and can be told apart by those.",
    ),
    (
        "orthonormal_rows",
        "torch.linalg.qr(self.free.T).Q.T",
        "Your matrix has another shape than (a, D), or its rows are orthonormal.",
        "The transpose was made orthonormal.",
    ),
    (
        "too_many_columns",
        'torch.linalg.qr(self.free, mode="complete").Q',
        "Your matrix has as many columns as rows.",
        "The columns were completed to a basis; only the first D are directions.",
    ),
    (
        "other_factor",
        "torch.linalg.qr(self.free).R",
        "Your matrix is a triangle.",
        "The other factor was returned.",
    ),
    (
        "no_gradient",
        f"({MATRIX}).detach()",
        "Your columns are orthonormal, but steps of an optimiser do not move them.",
        "The free matrix was cut off from the graph.",
    ),
    (
        "coordinate_axes",
        "torch.eye(*self.free.shape).to(self.free)",
        "Your columns are orthonormal, but steps of an optimiser do not move them.",
        "They do not depend on what trains.",
    ),
    (
        "coordinate_axes_of_the_latent_space",
        "torch.eye(self.free.shape[0]).to(self.free) @ self.free * 0 "
        "+ torch.eye(*self.free.shape).to(self.free)",
        "Your columns are orthonormal, but steps of an optimiser do not move them.",
        "They hang on what trains with a factor of zero.",
    ),
    (
        "drawn_anew",
        "torch.linalg.qr(self.free + torch.randn_like(self.free)).Q",
        "Your columns are orthonormal, but others in each call.",
        "Noise was added; all chance lies in the free matrix.",
    ),
    (
        "exponential_of_no_skew",
        "torch.matrix_exp(self.free @ self.free.T / len(self.free))[:, : self.free.shape[1]]",
        "Your columns have no unit length.",
        "The exponential of a matrix is orthogonal only if the matrix is skew-symmetric.",
    ),
    (
        "on_the_cpu",
        f"({MATRIX}) @ torch.eye(self.free.shape[1])",
        "The numbers are right, but a new tensor does not lie where the parameters do.",
        "It was made without naming a device, and on a GPU the two would not meet.",
    ),
):
    wrong("navigator", name, (f"return {MATRIX}", f"return {answer}"), seen=seen, cause=cause)

wrong(
    "navigator",
    "made_once",
    (
        f"return {MATRIX}",
        'if not hasattr(self, "made"):\n'
        f"            self.made = ({MATRIX}).detach()\n"
        "        return self.made",
    ),
    seen="Your columns are orthonormal, but steps of an optimiser do not move them.",
    cause="They were made once and kept.",
)
wrong(
    "navigator",
    "orthonormal_at_first",
    (
        f"return {MATRIX}",
        'if not hasattr(self, "made"):\n'
        "            self.made = True\n"
        f"            self.free.data = ({MATRIX}).detach()\n"
        "        return self.free",
    ),
    seen="Your columns are orthonormal at first and no longer after some steps of an optimiser.",
    cause="The free matrix was made orthonormal once, and then changed by the optimiser.",
)
wrong(
    "navigator",
    "free_overwritten",
    (
        f"return {MATRIX}",
        f"self.free.data = ({MATRIX}).detach()\n        return self.free",
    ),
    seen="Your code changes the parameter in every call.",
    cause="The free matrix was overwritten with its orthonormal columns, behind the optimiser's "
    "back.",
)
wrong(
    "navigator",
    "rows_for_columns",
    (ROWS, "columns = self.matrix()[which]"),
    seen="Your shifts have another shape, or are rows of the matrix.",
    cause="The matrix was indexed along the wrong axis.",
)
wrong(
    "navigator",
    "size_without_sign",
    (SHIFT, "return size.abs().unsqueeze(1) * columns"),
    seen="Your shifts all go forwards.",
    cause="The sign of the size was lost.",
)
wrong(
    "navigator",
    "size_without_axis",
    (SHIFT, "return size * columns"),
    seen="It fails, or with as many examples as entries each entry is scaled by itself.",
    cause="The sizes were matched with the entries of the shift instead of the examples.",
)
wrong(
    "navigator",
    "unit_shifts",
    (SHIFT, "return columns * size.unsqueeze(1).sign()"),
    seen="Your shifts all have length 1.",
    cause="The size was not used, but for its sign.",
)
wrong(
    "navigator",
    "size_ignored",
    (SHIFT, "return columns"),
    seen="Your shifts all have length 1 and go forwards.",
    cause="The size was not used.",
)
wrong(
    "navigator",
    "shifts_as_columns",
    (SHIFT, "return (size.unsqueeze(1) * columns).T"),
    seen="Your shifts stand as columns.",
    cause="An example is a row here.",
)
wrong(
    "navigator",
    "shifts_added_up",
    (SHIFT, "return (size.unsqueeze(1) * columns).sum(dim=0, keepdim=True)"),
    seen="Your answer is one shift for the whole batch.",
    cause="The shifts were added up over the examples.",
)
wrong(
    "navigator",
    "first_direction_for_all",
    (ROWS, "columns = self.matrix().T[which[:1].expand_as(which)]"),
    seen="Your shifts are right for the first example; the others move along its direction.",
    cause="One direction was taken for all examples.",
)
wrong(
    "navigator",
    "from_one_on",
    (ROWS, "columns = self.matrix().T[which - 1]"),
    seen="Your shifts are along the direction before the one that was asked for.",
    cause="Directions were counted from one on; they count from zero.",
)
wrong(
    "navigator",
    "raw_directions_in_shifts",
    (ROWS, "columns = self.free.T[which]"),
    seen="Your matrix is right; your shifts are along other vectors.",
    cause="The shifts were made from the free matrix instead of the orthonormal one.",
)
wrong(
    "navigator",
    "shifts_detached",
    (SHIFT, "return size.unsqueeze(1) * columns.detach()"),
    seen="The numbers are right, but no gradient reaches the free matrix through the shifts.",
    cause="The columns were cut off from the graph.",
)
wrong(
    "navigator",
    "sizes_detached",
    (SHIFT, "return size.detach().unsqueeze(1) * columns"),
    seen="The numbers are right, but no gradient reaches the sizes.",
    cause="They were cut off from the graph.",
)
wrong(
    "navigator",
    "sizes_changed_in_place",
    (SHIFT, "return size.data.clone().unsqueeze(1) * columns + 0 * size.data.abs_().sum()"),
    seen="Your code changes the sizes that it was given.",
    cause="Something was computed in place; make a new tensor.",
)

wrong(
    "navigator",
    "made_once_with_its_graph",
    (
        f"return {MATRIX}",
        'if not hasattr(self, "made"):\n'
        f"            self.made = {MATRIX}\n"
        "        return self.made",
    ),
    seen="Your columns are those of an earlier call, whose graph is used up.",
    cause="They were made once and kept; make them anew in each call.",
)
for name, rows in (
    ("kept_for_the_shifts", "rows"),
    ("kept_for_the_shifts_detached", "rows.detach()"),
):
    wrong(
        "navigator",
        name,
        (
            ROWS,
            "rows = self.matrix().T\n"
            f'        self.made = getattr(self, "made", {rows})\n'
            "        columns = self.made[which]",
        ),
        seen="After some steps of an optimiser your shifts are along columns of before.",
        cause="The columns were made once and kept for the shifts; take them anew in each call.",
    )
wrong(
    "navigator",
    "completed_basis",
    (
        "columns, triangle = torch.linalg.qr(self.free)",
        'columns, triangle = torch.linalg.qr(self.free, mode="complete")\n'
        "        columns = columns[:, : self.free.shape[1]]",
    ),
    seen="No gradient can pass through your factorisation.",
    cause="It completes the columns to a basis of the whole space, and that has no derivative.",
)

# ---- direction_loss

CLASSES = "nn.functional.cross_entropy(scores, which)"
REGRESSION = "(guess - size).abs().mean()"
LOSS = "return classification + eta * regression"

for name, old, new, seen, cause in (
    (
        "squared_error",
        REGRESSION,
        "(guess - size).square().mean()",
        "Your second term grows too fast with the error.",
        "Errors were squared; the source takes their absolute value.",
    ),
    (
        "root_of_the_mean_square",
        REGRESSION,
        "(guess - size).square().mean().sqrt()",
        "Your second term is too large, but for one example.",
        "The root of the mean square was taken; the source takes the mean absolute value.",
    ),
    (
        "smooth_error",
        REGRESSION,
        "nn.functional.smooth_l1_loss(guess, size)",
        "Your second term is too small.",
        "A loss was taken that is rounded at zero.",
    ),
    (
        "errors_added_up",
        REGRESSION,
        "(guess - size).abs().sum()",
        "Your second term grows with the batch.",
        "Errors were added up; they are averaged over the batch.",
    ),
    (
        "sizes_without_sign",
        REGRESSION,
        "(guess.abs() - size.abs()).abs().mean()",
        "A guess with the wrong sign costs nothing in yours.",
        "Only the lengths were compared; which way it went counts, too.",
    ),
    (
        "signed_errors",
        REGRESSION,
        "(guess - size).mean()",
        "In your second term errors cancel each other, and it may be negative.",
        "The absolute value is missing.",
    ),
    (
        "absolute_value_of_the_mean",
        REGRESSION,
        "(guess - size).mean().abs()",
        "In your second term errors cancel each other.",
        "The absolute value was taken of the mean instead of each error.",
    ),
    (
        "relative_error",
        REGRESSION,
        "((guess - size) / size).abs().mean()",
        "Your second term forgives large shifts more than small ones.",
        "Errors were divided by the true size.",
    ),
    (
        "every_guess_with_every_size",
        REGRESSION,
        "(guess[:, None] - size).abs().mean()",
        "Your second term is right for one example only.",
        "Every guess was compared with the sizes of all examples.",
    ),
    (
        "guess_detached",
        REGRESSION,
        "(guess.detach() - size).abs().mean()",
        "The number is right, but no gradient reaches the guesses.",
        "They were cut off from the graph.",
    ),
    (
        "no_regression",
        REGRESSION,
        "0 * (guess - size).abs().mean()",
        "The guesses of the size change nothing in your loss.",
        "The second term is missing.",
    ),
    (
        "softmax_before",
        CLASSES,
        "nn.functional.cross_entropy(scores.softmax(dim=1), which)",
        "Your first term never comes near zero, however sure the scores are.",
        "The scores were normalised before the cross-entropy, which does that itself.",
    ),
    (
        "softmax_then_logarithm",
        CLASSES,
        "-scores.softmax(dim=1).log()[torch.arange(len(which)), which].mean()",
        "Right for ordinary scores; where they are far apart, loss or gradient is not finite.",
        "The softmax was taken first and its logarithm then: it becomes zero in float32.",
    ),
    (
        "softmax_with_guard",
        CLASSES,
        "-(scores.softmax(dim=1) + 1e-8).log()[torch.arange(len(which)), which].mean()",
        "Right for ordinary scores; where they are far apart, the loss is too small.",
        "A small number was added before the logarithm.",
    ),
    (
        "exponentials_of_scores",
        CLASSES,
        "(scores.exp().sum(1).log() - scores[torch.arange(len(which)), which]).mean()",
        "Right for ordinary scores; where they are large, the loss is not finite.",
        "The exponentials were taken of the bare scores.",
    ),
    (
        "softmax_over_the_batch",
        CLASSES,
        "-scores.log_softmax(dim=0)[torch.arange(len(which)), which].mean()",
        "Your first term lets the examples compete with each other.",
        "The softmax runs over the batch; it belongs over the directions.",
    ),
    (
        "classes_added_up",
        CLASSES,
        'nn.functional.cross_entropy(scores, which, reduction="sum")',
        "Your first term grows with the batch.",
        "It was added up; it is averaged over the batch.",
    ),
    (
        "scores_as_logarithms",
        CLASSES,
        "nn.functional.nll_loss(scores, which)",
        "Your first term may be negative.",
        "The scores were taken for log-probabilities; they are not normalised.",
    ),
    (
        "each_direction_by_itself",
        CLASSES,
        "nn.functional.binary_cross_entropy_with_logits(scores, "
        "nn.functional.one_hot(which, scores.shape[1]).to(scores))",
        "Your first term is not zero with a single direction.",
        "Each direction was judged by itself; they are alternatives.",
    ),
    (
        "decimal_logarithm",
        CLASSES,
        "nn.functional.cross_entropy(scores, which) / math.log(10)",
        "Your first term is too small by a factor of 2.3.",
        "A decimal logarithm was taken; the source's lg is a natural one.",
    ),
    (
        "scores_detached",
        CLASSES,
        "nn.functional.cross_entropy(scores.detach(), which)",
        "The number is right, but no gradient reaches the scores.",
        "They were cut off from the graph.",
    ),
    (
        "no_classification",
        CLASSES,
        "0 * nn.functional.cross_entropy(scores, which)",
        "The scores change nothing in your loss.",
        "The first term is missing.",
    ),
    (
        "smoothed_labels",
        CLASSES,
        "nn.functional.cross_entropy(scores, which, label_smoothing=0.1)",
        "Your first term never comes near zero, however sure the scores are.",
        "The labels were smoothed.",
    ),
    (
        "weight_forgotten",
        LOSS,
        "return classification + regression",
        "Your second term counts as much as the first.",
        "The weight was forgotten.",
    ),
    (
        "weight_fixed",
        LOSS,
        "return classification + 0.25 * regression",
        "Right for the source's weight, and the same for any other.",
        "What was passed in was not used: the weight is fixed.",
    ),
    (
        "weight_on_the_first",
        LOSS,
        "return eta * classification + regression",
        "Your first term is weighed instead of the second.",
        "The weight stands before the wrong term.",
    ),
    (
        "weight_on_both",
        LOSS,
        "return eta * (classification + regression)",
        "Both of your terms are weighed.",
        "The weight stands before the sum.",
    ),
    (
        "weights_add_up",
        LOSS,
        "return (1 - eta) * classification + eta * regression",
        "Your two weights add up to one.",
        "The first term has no weight in (5).",
    ),
    (
        "difference_of_terms",
        LOSS,
        "return classification - eta * regression",
        "In yours a larger error of the size makes the loss smaller.",
        "The second term has the wrong sign.",
    ),
    (
        "two_answers",
        LOSS,
        "return classification, eta * regression",
        "Your answer is two numbers; one is asked for.",
        "The terms were not added up.",
    ),
    (
        "as_a_plain_number",
        LOSS,
        "return torch.tensor((classification + eta * regression).item())",
        "The number is right, but no gradient arrives.",
        "The loss was made anew from a plain number.",
    ),
):
    wrong("direction_loss", name, (old, new), seen=seen, cause=cause)

wrong(
    "direction_loss",
    "one_for_each_example",
    (CLASSES, 'nn.functional.cross_entropy(scores, which, reduction="none")'),
    (REGRESSION, "(guess - size).abs()"),
    seen="Your answer has a number for each example; one is asked for.",
    cause="The mean over the batch was not taken.",
)
wrong(
    "direction_loss",
    "both_added_up",
    (CLASSES, 'nn.functional.cross_entropy(scores, which, reduction="sum")'),
    (REGRESSION, "(guess - size).abs().sum()"),
    seen="Your loss grows with the batch.",
    cause="Both terms were added up; they are averaged over the batch.",
)
wrong(
    "direction_loss",
    "weights_on_the_cpu",
    (LOSS, "return (torch.tensor([1.0, eta]) * torch.stack([classification, regression])).sum()"),
    seen="The number is right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
wrong(
    "direction_loss",
    "sizes_changed_in_place",
    (REGRESSION, "(guess - size.mul_(1).abs_()).abs().mean()"),
    seen="Your code changes what it was given, and compares without the sign.",
    cause="Something was computed in place; make a new tensor.",
)

wrong(
    "direction_loss",
    "softmax_picked_then_logarithm",
    (CLASSES, "-scores.softmax(dim=1)[torch.arange(len(which)), which].log().mean()"),
    seen="Right for ordinary scores; where they are far apart, loss or gradient is not finite.",
    cause="The softmax was taken first and its logarithm then: it becomes zero in float32.",
)
wrong(
    "direction_loss",
    "classes_in_bits",
    (CLASSES, "nn.functional.cross_entropy(scores, which) / math.log(2)"),
    seen="Your first term is too large by a factor of 1.44.",
    cause="It is in bits; a natural logarithm is asked for.",
)

# ---- contrastive_loss

LABEL = "label = torch.where(other > threshold, other, torch.zeros_like(other)).detach()"
POSITIVE = "of_positives = log_sigmoid(alike / temperature)"
NEGATIVE = (
    "of_negatives = label * log_sigmoid(other / temperature) + (1 - label) * log_sigmoid(\n"
    "        -other / temperature\n    )"
)
TOTAL = "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()"
NAIVE = "log_sigmoid = lambda value: torch.sigmoid(value).log()"
SIGMOID = "log_sigmoid = nn.functional.logsigmoid"
NAIVE_NEGATIVE = (
    "of_negatives = label * log_sigmoid(other / temperature) "
    "+ (1 - label) * (1 - torch.sigmoid(other / temperature)).log()"
)

for name, old, new, seen, cause in (
    (
        "keys_averaged",
        TOTAL,
        "return -(of_positives.mean(dim=1) + of_negatives.mean(dim=1)).mean()",
        "Your loss does not change with the number of keys.",
        "Positives and negatives were averaged; the source adds all keys up.",
    ),
    (
        "all_keys_averaged",
        TOTAL,
        "return -torch.cat([of_positives, of_negatives], dim=1).mean()",
        "Your loss does not change if every key comes twice.",
        "The mean over all keys was taken; the source adds them up.",
    ),
    (
        "negatives_averaged",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.mean(dim=1)).mean()",
        "Your loss does not change with the number of negatives.",
        "The negatives were averaged; the source adds all keys up.",
    ),
    (
        "positives_averaged",
        TOTAL,
        "return -(of_positives.mean(dim=1) + of_negatives.sum(dim=1)).mean()",
        "Your loss does not change with the number of positives.",
        "The positives were averaged; the source adds all keys up.",
    ),
    (
        "queries_added_up",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).sum()",
        "Your loss grows with the number of queries.",
        "The queries were added up; they are averaged.",
    ),
    (
        "one_for_each_query",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1))",
        "Your answer has a number for each query; one is asked for.",
        "The mean over the queries was not taken.",
    ),
    (
        "minus_before_one_term",
        TOTAL,
        "return (-of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()",
        "In yours negatives that are alike make the loss smaller.",
        "The minus stands before the first term only, as a quick look at (7) suggests.",
    ),
    (
        "no_minus",
        TOTAL,
        "return (of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()",
        "Your loss is below zero.",
        "The minus is missing.",
    ),
    (
        "positives_only",
        TOTAL,
        "return -(of_positives.sum(dim=1) + 0 * of_negatives.sum(dim=1)).mean()",
        "The negatives change nothing in your loss.",
        "Their term is missing.",
    ),
    (
        "negatives_only",
        TOTAL,
        "return -(0 * of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()",
        "The positives change nothing in your loss.",
        "Their term is missing.",
    ),
    (
        "decimal_logarithm",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean() / math.log(10)",
        "Your loss is too small by a factor of 2.3.",
        "A decimal logarithm was taken; the source's lg is a natural one.",
    ),
    (
        "binary_logarithm",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean() / math.log(2)",
        "Your loss is too large by a factor of 1.44.",
        "A binary logarithm was taken.",
    ),
    (
        "divided_by_the_temperature_again",
        TOTAL,
        "return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean() * temperature",
        "Right at a temperature of one.",
        "The loss was multiplied by the temperature, as some contrastive losses are.",
    ),
    (
        "softmax_over_keys",
        TOTAL,
        "logits = torch.cat([alike, other], dim=1) / temperature\n"
        "    return -logits.log_softmax(dim=1)[:, : alike.shape[1]].sum(dim=1).mean()",
        "Your keys compete with each other.",
        "A softmax over the keys was taken (InfoNCE); here each key is judged by itself.",
    ),
    (
        "label_with_gradient",
        LABEL,
        LABEL.removesuffix(".detach()"),
        "The numbers are right, but a gradient passes through the labels.",
        "A label is a constant; cut it off from the graph.",
    ),
    (
        "label_divided_by_the_temperature",
        LABEL,
        "label = torch.where(other > threshold, other / temperature, "
        "torch.zeros_like(other)).detach()",
        "Right at a temperature of one; else keys beyond the threshold have labels above one.",
        "The label is the similarity, not divided by the temperature.",
    ),
    (
        "threshold_after_the_temperature",
        LABEL,
        "label = torch.where(other / temperature > threshold, other, "
        "torch.zeros_like(other)).detach()",
        "Right at a temperature of one; at lower ones too many keys are beyond the threshold.",
        "The threshold was compared with the similarity divided by the temperature.",
    ),
    (
        "label_of_a_sigmoid",
        LABEL,
        "label = torch.where(other > threshold, (other / temperature).sigmoid(), "
        "torch.zeros_like(other)).detach()",
        "Keys beyond the threshold have the wrong label.",
        "The sigmoid of the similarity was taken for a label; it is the similarity itself.",
    ),
    (
        "threshold_after_the_sigmoid",
        LABEL,
        "label = torch.where((other / temperature).sigmoid() > threshold, other, "
        "torch.zeros_like(other)).detach()",
        "At a temperature of one no key is beyond your threshold.",
        "The threshold was compared with the sigmoid of the similarity.",
    ),
    (
        "threshold_ignored",
        LABEL,
        "label = torch.zeros_like(other)",
        "Negatives that mean the same are pushed away in yours.",
        "What lies beyond the threshold has its own similarity as label.",
    ),
    (
        "threshold_fixed",
        LABEL,
        LABEL.replace("> threshold", "> 0.95"),
        "Right for the source's threshold, and the same for any other.",
        "What was passed in was not used: the threshold is fixed.",
    ),
    (
        "threshold_the_wrong_way",
        LABEL,
        LABEL.replace("> threshold", "< threshold"),
        "Negatives below the threshold have labels in yours, those beyond have none.",
        "The comparison stands the wrong way round.",
    ),
    (
        "threshold_included",
        LABEL,
        LABEL.replace("> threshold", ">= threshold"),
        "A negative exactly at the threshold has a label in yours.",
        "Only what lies beyond the threshold has one.",
    ),
    (
        "label_of_one",
        LABEL,
        "label = (other > threshold).to(other)",
        "Negatives beyond the threshold are full positives in yours.",
        "Their label is their own similarity, which is a little below one.",
    ),
    (
        "label_for_all_negatives",
        LABEL,
        "label = other.detach()",
        "All negatives have labels in yours.",
        "Only those beyond the threshold have their own similarity as label.",
    ),
    (
        "label_is_the_rest",
        LABEL,
        LABEL.replace("threshold, other,", "threshold, 1 - other,"),
        "Negatives beyond the threshold have labels near zero in yours.",
        "The label is the similarity, not what is missing to one.",
    ),
    (
        "labels_on_the_cpu",
        LABEL,
        "label = torch.where(other > threshold, other, torch.zeros(other.shape)).detach()",
        "The numbers are right, but a new tensor does not lie where the input does.",
        "It was made without naming a device, and on a GPU the two would not meet.",
    ),
    (
        "similarities_changed_nothing_learnt",
        LABEL,
        f"other = other.detach()\n    {LABEL}",
        "The numbers are right, but no gradient comes from the negatives.",
        "Their similarities were cut off from the graph, and not only their labels.",
    ),
    (
        "label_added",
        NEGATIVE,
        "of_negatives = label * log_sigmoid(other / temperature) "
        "+ log_sigmoid(-other / temperature)",
        "Keys beyond the threshold count as positives and as full negatives in yours.",
        "The second term is weighed with what is missing to one.",
    ),
    (
        "beyond_the_threshold_left_out",
        NEGATIVE,
        "of_negatives = (label == 0) * log_sigmoid(-other / temperature)",
        "Negatives beyond the threshold do not count in yours.",
        "They were left out; they have their own similarity as label.",
    ),
    (
        "half_of_the_label",
        NEGATIVE,
        "of_negatives = (1 - label) * log_sigmoid(-other / temperature)",
        "Negatives beyond the threshold hardly count in yours.",
        "The term of the label itself is missing.",
    ),
    (
        "negatives_as_positives",
        NEGATIVE,
        NEGATIVE.replace("        -other", "        other"),
        "In yours negatives should be alike, too.",
        "The second logarithm is that of what is missing to one.",
    ),
    (
        "one_minus_the_logarithm",
        NEGATIVE,
        "of_negatives = label * log_sigmoid(other / temperature) "
        "+ (1 - label) * (1 - log_sigmoid(other / temperature))",
        "In yours negatives raise the loss when they should lower it.",
        "One minus stands before the logarithm; it belongs inside.",
    ),
    (
        "no_temperature_for_negatives",
        NEGATIVE,
        "of_negatives = label * log_sigmoid(other) + (1 - label) * log_sigmoid(-other)",
        "Right at a temperature of one; else the negatives are judged without it.",
        "Their similarities were not divided by the temperature.",
    ),
    (
        "naive_negatives",
        NEGATIVE,
        NAIVE_NEGATIVE,
        "Right at ordinary temperatures; at low ones the loss is infinite.",
        "The sigmoid was taken from one before the logarithm: nothing is left in float32.",
    ),
    (
        "naive_negatives_with_guard",
        NEGATIVE,
        NAIVE_NEGATIVE.replace("(1 - torch", "(1 + 1e-8 - torch").replace("1e-8", "1e-6"),
        "Right at ordinary temperatures; at low ones the loss is too small.",
        "A small number was added before the logarithm; there is a logarithm of the sigmoid that "
        "needs none.",
    ),
    (
        "no_temperature_for_positives",
        POSITIVE,
        "of_positives = log_sigmoid(alike)",
        "Right at a temperature of one; else the positives are judged without it.",
        "Their similarities were not divided by the temperature.",
    ),
    (
        "positives_with_threshold",
        POSITIVE,
        "sure = torch.where(alike > threshold, alike, torch.ones_like(alike)).detach()\n"
        "    of_positives = sure * log_sigmoid(alike / temperature) "
        "+ (1 - sure) * log_sigmoid(-alike / temperature)",
        "Positives beyond the threshold have other labels than one in yours.",
        "The threshold is for negatives; a positive is one.",
    ),
    (
        "positives_pushed_away",
        POSITIVE,
        "of_positives = log_sigmoid(-alike / temperature)",
        "In yours positives should differ.",
        "The first logarithm is that of the sigmoid itself.",
    ),
    (
        "positives_detached",
        POSITIVE,
        "of_positives = log_sigmoid(alike.detach() / temperature)",
        "The numbers are right, but no gradient comes from the positives.",
        "Their similarities were cut off from the graph.",
    ),
):
    wrong("contrastive_loss", name, (old, new), seen=seen, cause=cause)

wrong(
    "contrastive_loss",
    "minus_before_the_first_term_of_each",
    (NEGATIVE, NEGATIVE.replace("label * log", "-label * log", 1)),
    (TOTAL, "return (-of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()"),
    seen="In yours negatives that are alike make the loss smaller.",
    cause="The minus stands before the first term only, as a quick look at (7) suggests.",
)
wrong(
    "contrastive_loss",
    "keys_detached",
    ('"qv,qnv->qn", query, positives)', '"qv,qnv->qn", query, positives.detach())'),
    ('"qv,qkv->qk", query, negatives)', '"qv,qkv->qk", query, negatives.detach())'),
    seen="The numbers are right, but no gradient reaches the keys.",
    cause="They were cut off from the graph, as a queue of old keys would be; here both learn.",
)
wrong(
    "contrastive_loss",
    "query_detached",
    ('"qv,qnv->qn", query, positives)', '"qv,qnv->qn", query.detach(), positives)'),
    ('"qv,qkv->qk", query, negatives)', '"qv,qkv->qk", query.detach(), negatives)'),
    seen="The numbers are right, but no gradient reaches the query.",
    cause="It was cut off from the graph.",
)
wrong(
    "contrastive_loss",
    "temperature_multiplied",
    (POSITIVE, "of_positives = log_sigmoid(alike * temperature)"),
    (NEGATIVE, NEGATIVE.replace("/ temperature", "* temperature")),
    seen="Right at a temperature of one; else hot and cold are exchanged.",
    cause="It was multiplied by the temperature instead of divided by it.",
)
wrong(
    "contrastive_loss",
    "temperature_ignored",
    (POSITIVE, "of_positives = log_sigmoid(alike)"),
    (NEGATIVE, "of_negatives = label * log_sigmoid(other) + (1 - label) * log_sigmoid(-other)"),
    seen="Right at a temperature of one, and the same at any other.",
    cause="What was passed in was not used: the temperature.",
)
wrong(
    "contrastive_loss",
    "sigmoid_then_logarithm",
    (SIGMOID, NAIVE),
    seen="Right at ordinary temperatures; at low ones the loss is infinite.",
    cause="The sigmoid was taken first and its logarithm then: it becomes zero in float32.",
)
wrong(
    "contrastive_loss",
    "both_sigmoids_then_logarithm",
    (SIGMOID, NAIVE),
    (NEGATIVE, NAIVE_NEGATIVE),
    seen="Right at ordinary temperatures; at low ones the loss is infinite or not a number.",
    cause="Sigmoids were taken first and logarithms then: what is left is zero in float32.",
)
wrong(
    "contrastive_loss",
    "sigmoid_then_logarithm_with_guard",
    (SIGMOID, "log_sigmoid = lambda value: (torch.sigmoid(value) + 1e-8).log()"),
    seen="Right at ordinary temperatures; at low ones the loss is too small.",
    cause="A small number was added before the logarithm.",
)
wrong(
    "contrastive_loss",
    "library_mean",
    (
        TOTAL,
        "keys = torch.cat([alike, other], dim=1) / temperature\n"
        "    labels = torch.cat([torch.ones_like(alike), label], dim=1)\n"
        "    return nn.functional.binary_cross_entropy_with_logits(keys, labels)",
    ),
    seen="Your loss does not change if every key comes twice.",
    cause="The library's mean over all keys was taken; the source adds them up.",
)
wrong(
    "contrastive_loss",
    "library_sum",
    (
        TOTAL,
        "keys = torch.cat([alike, other], dim=1) / temperature\n"
        "    labels = torch.cat([torch.ones_like(alike), label], dim=1)\n"
        "    bce = nn.functional.binary_cross_entropy_with_logits\n"
        '    return bce(keys, labels, reduction="sum")',
    ),
    seen="Your loss grows with the number of queries.",
    cause="The library's sum over everything was taken; queries are averaged.",
)
wrong(
    "contrastive_loss",
    "keys_of_another_query",
    ('"qv,qnv->qn", query, positives)', '"qv,qnv->qn", query, positives.roll(1, 0))'),
    ('"qv,qkv->qk", query, negatives)', '"qv,qkv->qk", query, negatives.roll(1, 0))'),
    seen="With one query you are right; with more of them keys belong to another one.",
    cause="Queries and keys were matched wrongly.",
)
wrong(
    "contrastive_loss",
    "distances_for_similarities",
    (
        'torch.einsum("qv,qnv->qn", query, positives)',
        "-(query[:, None] - positives).square().sum(dim=2)",
    ),
    (
        'torch.einsum("qv,qkv->qk", query, negatives)',
        "-(query[:, None] - negatives).square().sum(dim=2)",
    ),
    seen="Your similarities are never above zero.",
    cause="Squared distances were taken; the source takes dot products.",
)
wrong(
    "contrastive_loss",
    "negatives_changed_in_place",
    (
        'other = torch.einsum("qv,qkv->qk", query, negatives)',
        'other = torch.einsum("qv,qkv->qk", query, negatives)\n'
        "    negatives.data[other > threshold] = 0",
    ),
    seen="The numbers are right, but your code changes the negatives.",
    cause="Something was set in place; make a new tensor.",
)

POSITIVES = '"qv,qnv->qn", query, positives)'
NEGATIVES = '"qv,qkv->qk", query, negatives)'

for name, edits, seen, cause in (
    (
        "positives_and_negatives_exchanged",
        (
            (POSITIVES, '"qv,qnv->qn", query, negatives)'),
            (NEGATIVES, '"qv,qkv->qk", query, positives)'),
        ),
        "In yours positives should differ and negatives be alike.",
        "Positives and negatives have changed places.",
    ),
    (
        "sigmoid_of_one_minus",
        ((NEGATIVE, NEGATIVE.replace("        -other / temp", "        1 - other / temp")),),
        "Your negatives cost too little, in particular where they are alike.",
        "One minus went inside the sigmoid; what is missing from the sigmoid to one is asked for.",
    ),
    (
        "full_rest_or_label",
        ((NEGATIVE, NEGATIVE.replace("(1 - label)", "(label == 0)")),),
        "Negatives beyond the threshold lack their second term in yours.",
        "With a label below one both terms count, the second with what is missing to one.",
    ),
    (
        "query_detached_from_positives",
        ((POSITIVES, '"qv,qnv->qn", query.detach(), positives)'),),
        "The numbers are right, but no gradient from the positives reaches the query.",
        "The query was cut off from the graph where it meets them.",
    ),
    (
        "query_detached_from_negatives",
        ((NEGATIVES, '"qv,qkv->qk", query.detach(), negatives)'),),
        "The numbers are right, but no gradient from the negatives reaches the query.",
        "The query was cut off from the graph where it meets them.",
    ),
    (
        "positives_cut_off",
        ((POSITIVES, '"qv,qnv->qn", query, positives.detach())'),),
        "The numbers are right, but no gradient reaches the positives.",
        "They were cut off from the graph.",
    ),
    (
        "negatives_cut_off",
        ((NEGATIVES, '"qv,qkv->qk", query, negatives.detach())'),),
        "The numbers are right, but no gradient reaches the negatives.",
        "They were cut off from the graph.",
    ),
    (
        "queries_added_up_and_keys_averaged",
        ((TOTAL, "return -(of_positives.sum(dim=0).mean() + of_negatives.sum(dim=0).mean())"),),
        "Your loss grows with the number of queries and not with that of keys.",
        "Sum and mean have changed places.",
    ),
    (
        "label_of_positives_below_one",
        (
            (
                POSITIVE,
                "sure = torch.where(alike > threshold, alike, torch.ones_like(alike)).detach()\n"
                "    of_positives = sure * log_sigmoid(alike / temperature)",
            ),
        ),
        "Positives beyond the threshold count too little in yours.",
        "The threshold is for negatives; a positive is one.",
    ),
    (
        "label_of_positives_is_their_similarity",
        (
            (
                POSITIVE,
                "sure = alike.detach()\n"
                "    of_positives = sure * log_sigmoid(alike / temperature) "
                "+ (1 - sure) * log_sigmoid(-alike / temperature)",
            ),
        ),
        "Your positives have their similarity as label.",
        "Only negatives beyond the threshold have; a positive is one.",
    ),
    (
        "label_in_the_memory_of_the_similarity",
        ((LABEL, "label = other.detach()\n    label[label <= threshold] = 0"),),
        "Negatives below the threshold have a similarity of zero in yours.",
        "The labels were set in a tensor that shares its memory with the similarities.",
    ),
    (
        "positives_of_all_queries",
        ((POSITIVES, '"qv,pnv->qpn", query, positives).flatten(1)'),),
        "With one query you are right; with more of them each has the positives of all.",
        "A query was compared with the positives of others.",
    ),
    (
        "positives_of_the_first_query",
        ((f"torch.einsum({POSITIVES}", "positives @ query[0]"),),
        "With one query you are right; with more of them the first is compared with all positives.",
        "One query was taken for all.",
    ),
):
    wrong("contrastive_loss", name, *edits, seen=seen, cause=cause)

# ---- mig

WIDTH = "width = torch.where(high > low, high - low, torch.ones_like(low))"
CELLS = "cells = ((codes - low) / width * bins).long().clamp(max=bins - 1)"
BOUNDS = "low, high = codes.amin(dim=0), codes.amax(dim=0)"
GAP = "gaps.append((best[0] - best[1]) / -share.xlogy(share).sum())"
ENTROPY = "-share.xlogy(share).sum()"
INFORMATION = "information = (joint.xlogy(joint) - joint.xlogy(alone)).sum(dim=(1, 2))"
SKIP = "if len(values) == 1:\n            continue"
END = "return float(torch.stack(gaps).mean())"
DOUBLE = "codes = codes.double()"

for name, old, new, seen, cause in (
    (
        "best_minus_mean",
        GAP,
        f"gaps.append((information.max() - information.mean()) / {ENTROPY})",
        "Your gap is larger than zero where a factor is copied into two entries.",
        "The mean of all entries was subtracted; the second best is asked for.",
    ),
    (
        "best_minus_worst",
        GAP,
        f"gaps.append((information.max() - information.min()) / {ENTROPY})",
        "Your gap is near one where a factor is copied into two entries.",
        "The worst entry was subtracted; the second best is asked for.",
    ),
    (
        "best_alone",
        GAP,
        f"gaps.append(best[0] / {ENTROPY})",
        "Your gap is one where a factor is copied into two entries.",
        "Nothing was subtracted.",
    ),
    (
        "not_divided",
        GAP,
        "gaps.append(best[0] - best[1])",
        "Your gaps are in nats, above one for factors of many values.",
        "They were not divided by the factor's entropy.",
    ),
    (
        "divided_by_the_best",
        GAP,
        "gaps.append((best[0] - best[1]) / best[0].clamp(min=1e-12))",
        "Your gaps are too large where even the best entry knows little.",
        "They were divided by the best information; the factor's entropy is asked for.",
    ),
    (
        "divided_by_the_number_of_values",
        GAP,
        "gaps.append((best[0] - best[1]) / math.log(len(values)))",
        "Right only where all values of a factor are equally frequent.",
        "They were divided by the logarithm of the number of values.",
    ),
    (
        "divided_by_the_bins",
        GAP,
        "gaps.append((best[0] - best[1]) / math.log(bins))",
        "Your gaps change with the number of bins even where the codes are copies.",
        "They were divided by the logarithm of the number of bins.",
    ),
    (
        "entropy_in_bits",
        GAP,
        "gaps.append((best[0] - best[1]) / (-share.xlogy(share).sum() / math.log(2)))",
        "Your gaps are too small by a factor of 0.69.",
        "Entropy is in bits, information in nats: one logarithm for both.",
    ),
    (
        "information_in_bits",
        GAP,
        "gaps.append((best[0] - best[1]) / math.log(2) / -share.xlogy(share).sum())",
        "Your gaps are too large, and those of copies are above one.",
        "Information is in bits, entropy in nats: one logarithm for both.",
    ),
    (
        "sign_of_the_entropy",
        GAP,
        "gaps.append((best[0] - best[1]) / share.xlogy(share).sum())",
        "Your gaps are negative.",
        "The minus of the entropy is missing.",
    ),
    (
        "divided_by_the_entropy_of_the_code",
        GAP,
        "rows = joint.sum(dim=2)\n"
        "        entropies = -rows.xlogy(rows).sum(dim=1)\n"
        "        gaps.append((best[0] - best[1]) / entropies.max().clamp(min=1e-12))",
        "Your gaps are too small where a code knows more than the factor.",
        "They were divided by the entropy of the code; that of the factor is asked for.",
    ),
    (
        "global_bins",
        BOUNDS,
        "low, high = codes.amin().expand(codes.shape[1]), codes.amax().expand(codes.shape[1])",
        "Entries of small size know nothing in yours.",
        "All entries share their bins; each has its own.",
    ),
    (
        "bins_around_the_mean",
        BOUNDS,
        "low = codes.mean(dim=0) - 3 * codes.std(dim=0)\n"
        "    high = codes.mean(dim=0) + 3 * codes.std(dim=0)",
        "Your bins are at other places.",
        "They cover some deviations around the mean; they go from the smallest to the largest.",
    ),
    (
        "bins_from_zero",
        BOUNDS,
        "low, high = torch.zeros_like(codes[0]), codes.amax(dim=0)",
        "Your bins are at other places, or none where numbers are negative.",
        "They begin at zero; they begin at the smallest number.",
    ),
    (
        "bins_of_the_size",
        BOUNDS,
        "high = codes.abs().amax(dim=0)\n    low = -high",
        "Your bins are at other places.",
        "They are symmetric around zero; they go from the smallest number to the largest.",
    ),
    (
        "constant_entry_divided",
        WIDTH,
        "width = high - low",
        "An entry that is constant makes your answer fail, or not a number.",
        "It was divided by its width, which is zero.",
    ),
    (
        "last_edge_alone",
        CELLS,
        "bins = bins + 1\n    cells = ((codes - low) / width * (bins - 1)).long()",
        "The largest number of each entry has a bin of its own in yours.",
        "It lies on the last edge, and belongs to the last bin.",
    ),
    (
        "last_edge_lost",
        CELLS,
        "cells = ((codes - low) / width * bins).long()",
        "It fails, or the largest number of an entry falls into another one's bins.",
        "It lies on the last edge, and belongs to the last bin.",
    ),
    (
        "rounded_to_bins",
        CELLS,
        "cells = ((codes - low) / width * (bins - 1)).round().long()",
        "Your outer bins are half as wide as the others.",
        "Numbers were rounded; a bin holds what lies between its edges.",
    ),
    (
        "one_bin_less",
        CELLS,
        "cells = ((codes - low) / width * (bins - 1)).long()",
        "In yours there is one bin less, and the largest number has one for itself.",
        "There are as many bins as asked for, one fewer than edges.",
    ),
    (
        "always_twenty_bins",
        DOUBLE,
        f"bins = 20\n    {DOUBLE}",
        "Right with 20 bins, and the same with any other number.",
        "What was passed in was not used: the number of bins.",
    ),
    (
        "bins_of_equal_count",
        CELLS,
        "ranks = codes.argsort(dim=0).argsort(dim=0)\n    cells = ranks * bins // len(codes)",
        "Your bins hold the same number of codes each, and are not of equal width.",
        "Ranks were cut; the range is.",
    ),
    (
        "edges_in_single",
        CELLS,
        "grid = torch.linspace(0, 1, bins + 1, device=low.device)[1:-1, None]\n"
        "    edges = (low + width * grid).float()\n"
        "    cells = (codes.float()[:, None] >= edges).sum(dim=1)",
        "Right for ordinary numbers; large ones that differ by little fall into the wrong bins.",
        "The edges were computed in float32, which has no numbers between them.",
    ),
    (
        "no_bins",
        CELLS,
        "cells = torch.stack([column.unique(return_inverse=True)[1] for column in codes.T], 1)\n"
        "    bins = int(cells.max()) + 1",
        "Every number is its own value in yours, so that each entry seems to know everything.",
        "The codes were not cut into bins.",
    ),
    (
        "whole_numbers_for_bins",
        CELLS,
        "cells = codes.round().long() - codes.round().long().amin(dim=0)\n"
        "    bins = int(cells.max()) + 1",
        "Entries of small size know nothing in yours.",
        "Codes were rounded to whole numbers instead of cut into bins.",
    ),
    (
        "constant_factor_kept",
        SKIP,
        "pass",
        "Your answer is not a number where a factor does not vary.",
        "Its entropy is zero; such factors are left out.",
    ),
    (
        "constant_factor_counts_as_zero",
        SKIP,
        "if len(values) == 1:\n            gaps.append(codes.new_zeros(()))\n            continue",
        "Your mean is too small where a factor does not vary.",
        "Such a factor was counted with a gap of zero; it is left out.",
    ),
    (
        "constant_factor_counts_as_one",
        SKIP,
        "if len(values) == 1:\n            gaps.append(codes.new_ones(()))\n            continue",
        "Your mean is too large where a factor does not vary.",
        "Such a factor was counted with a gap of one; it is left out.",
    ),
    (
        "divided_by_all_factors",
        END,
        "return float(torch.stack(gaps).sum() / factors.shape[1])",
        "Your mean is too small where a factor does not vary.",
        "It was divided by the number of all factors; those that do not vary are left out.",
    ),
    (
        "gaps_added_up",
        END,
        "return float(torch.stack(gaps).sum())",
        "Your answer grows with the number of factors.",
        "The gaps were added up; their mean is asked for.",
    ),
    (
        "largest_gap",
        END,
        "return float(torch.stack(gaps).max())",
        "Your answer is the gap of the best factor.",
        "The mean over the factors is asked for.",
    ),
    (
        "median_gap",
        END,
        "return float(torch.stack(gaps).median())",
        "Your answer is the gap of a factor in the middle.",
        "The mean over the factors is asked for.",
    ),
    (
        "smallest_gap",
        END,
        "return float(torch.stack(gaps).min())",
        "Your answer is the gap of the worst factor.",
        "The mean over the factors is asked for.",
    ),
    (
        "gaps_of_each_factor",
        END,
        "return torch.stack(gaps)",
        "Your answer has a number for each factor; one is asked for.",
        "The mean over the factors was not taken.",
    ),
    (
        "rounded",
        END,
        "return round(float(torch.stack(gaps).mean()), 2)",
        "Your answer is rounded.",
        "Whoever prints it rounds it.",
    ),
    (
        "a_tensor",
        END,
        "return torch.stack(gaps).mean()",
        "The number is right, but it is a tensor.",
        "A plain number is asked for.",
    ),
    (
        "joint_entropy_for_information",
        INFORMATION,
        "information = -joint.xlogy(joint).sum(dim=(1, 2))",
        "Entries that know nothing have the most information in yours.",
        "The joint entropy was taken for the mutual information.",
    ),
    (
        "divergence_the_wrong_way",
        INFORMATION,
        "there = joint > 0\n"
        "        safe = joint.where(there, torch.ones_like(joint))\n"
        "        information = (alone * (alone / safe).clamp(min=1e-300).log() * there)"
        ".sum(dim=(1, 2))",
        "Your information is that of another divergence.",
        "Joint and product have changed places.",
    ),
    (
        "not_averaged_over_the_joint",
        INFORMATION,
        "ratio = (joint / alone.clamp(min=1e-300)).clamp(min=1e-300)\n"
        "        information = (ratio.log() * (joint > 0)).sum(dim=(1, 2))",
        "Your information is not weighed with the joint distribution.",
        "Logarithms were added up without their probabilities.",
    ),
    (
        "zero_times_infinity",
        INFORMATION,
        "information = (joint * (joint / alone).log()).sum(dim=(1, 2))",
        "Your answer is not a number where a bin never meets a value.",
        "Zero times the logarithm of zero is not a number to a computer; such cells add nothing.",
    ),
    (
        "counts_for_probabilities",
        INFORMATION,
        "joint = counts.double()\n"
        "        alone = joint.sum(dim=2, keepdim=True) * joint.sum(dim=1, keepdim=True)\n"
        "        information = (joint.xlogy(joint) - joint.xlogy(alone)).sum(dim=(1, 2))\n"
        "        joint = joint / len(codes)",
        "Your information is of the order of the number of points.",
        "Counts were not divided by their number.",
    ),
):
    wrong("mig", name, (old, new), seen=seen, cause=cause)

SORTED = "best = torch.cat([information, information.new_zeros(1)]).topk(2).values"
TWO = (
    "several = information if len(information) > 1 "
    "else torch.cat([information, information.new_zeros(1)])\n        "
)

for name, edits, seen, cause in (
    (
        "best_minus_worst_of_several",
        ((SORTED, f"{TWO}best = several.max(), several.min()"),),
        "Your gap is near one where a factor is copied into two entries.",
        "The worst entry was subtracted; the second best is asked for.",
    ),
    (
        "best_minus_mean_of_the_others",
        (
            (
                SORTED,
                f"{TWO}ranked = several.sort(descending=True).values\n"
                "        best = ranked[0], ranked[1:].mean()",
            ),
        ),
        "Your gap is larger than zero where a factor is copied into two entries.",
        "The mean of the others was subtracted; the second best is asked for.",
    ),
    (
        "sorted_upwards",
        ((SORTED, f"{TWO}best = several.sort().values"),),
        "Your gaps are at most zero.",
        "The entries were sorted from the one that knows least; the best two are asked for.",
    ),
    (
        "single_entry_minus_itself",
        (
            (
                SORTED,
                "several = torch.cat([information, information[:1]])\n"
                "        best = (several if len(information) == 1 else information).topk(2).values",
            ),
        ),
        "Your gap of a single entry is zero.",
        "There is no second best, so that nothing is subtracted.",
    ),
    (
        "rounded_to_the_nearest_edge",
        ((CELLS, "cells = ((codes - low) / width * bins).round().long().clamp(max=bins - 1)"),),
        "Your first bin is half as wide as the others.",
        "Numbers were rounded; a bin holds what lies between its edges.",
    ),
    (
        "divided_by_the_best_itself",
        ((GAP, "gaps.append((best[0] - best[1]) / best[0])"),),
        "Your gaps are too large where even the best entry knows little, or not a number.",
        "They were divided by the best information; the factor's entropy is asked for.",
    ),
    (
        "divided_by_the_largest_entropy_of_an_entry",
        (
            (
                GAP,
                "rows = joint.sum(dim=2)\n"
                "        entropies = -rows.xlogy(rows).sum(dim=1)\n"
                "        gaps.append((best[0] - best[1]) / entropies.max())",
            ),
        ),
        "Your gaps are too small where a code knows more than the factor, or not a number.",
        "They were divided by the entropy of an entry; that of the factor is asked for.",
    ),
    (
        "guards_in_the_information",
        (
            (
                INFORMATION,
                "information = (joint * ((joint + 1e-6) / (alone + 1e-6)).log()).sum(dim=(1, 2))",
            ),
        ),
        "Your information is a little too small where a value is rare.",
        "Small numbers were added before the logarithm; cells that are empty add nothing.",
    ),
    (
        "gap_of_the_first_factor",
        ((END, "return float(gaps[0])"),),
        "Your answer is the gap of the first factor.",
        "The others were left out, by a return inside the loop perhaps.",
    ),
):
    wrong("mig", name, *edits, seen=seen, cause=cause)

for name, width in (
    ("width_at_least_a_thousandth", "(high - low).clamp(min=1e-3)"),
    ("width_at_least_a_millionth", "(high - low).clamp(min=1e-6)"),
    ("width_with_1e-5", "high - low + 1e-5"),
    ("width_with_1e-6", "high - low + 1e-6"),
    ("width_with_1e-8", "high - low + 1e-8"),
    (
        "small_ranges_taken_for_constant",
        "torch.where(high - low > 1e-6, high - low, torch.ones_like(low))",
    ),
):
    wrong(
        "mig",
        name,
        (WIDTH, f"width = {width}"),
        seen="Entries whose numbers are tiny know too little in yours.",
        cause="A small number was added to the width of an entry, or put in its place; only an "
        "entry that is constant needs that.",
    )

wrong(
    "mig",
    "in_single",
    (DOUBLE, "codes = codes.float()"),
    seen="Right for ordinary numbers; large ones that differ by little become one.",
    cause="The codes were brought to float32, which has no numbers between them.",
)
wrong(
    "mig",
    "codes_changed_in_place",
    (
        CELLS,
        "cells = codes.sub_(low).div_(width).mul_(bins).long().clamp(max=bins - 1)",
    ),
    seen="The number is right, but your code changes the codes that it was given.",
    cause="They were shifted and scaled in place; make a new tensor.",
)
wrong(
    "mig",
    "gap_of_each_entry",
    (
        "best = torch.cat([information, information.new_zeros(1)]).topk(2).values",
        "table = information / -share.xlogy(share).sum()",
    ),
    (GAP, "gaps.append(table)"),
    (
        END,
        "table = torch.stack([*gaps, torch.zeros_like(gaps[0])]).topk(2, dim=0).values\n"
        "    return float((table[0] - table[1]).mean())",
    ),
    seen="Your gaps are between factors, for each entry.",
    cause="Factors and entries have changed places: for each factor the entries are compared.",
)
wrong(
    "mig",
    "second_best_of_one_entry",
    (
        "torch.cat([information, information.new_zeros(1)]).topk(2).values",
        "information.topk(2).values",
    ),
    seen="It fails for a code of one entry.",
    cause="There is no second best; it is zero then.",
)
wrong(
    "mig",
    "not_sorted",
    (
        "torch.cat([information, information.new_zeros(1)]).topk(2).values",
        "torch.cat([information, information.new_zeros(1)])[:2]",
    ),
    seen="Your gaps are between the first and the second entry, whichever knows more.",
    cause="The entries were not sorted by what they know.",
)
wrong(
    "mig",
    "values_from_zero",
    (
        "values, value = factor.unique(return_inverse=True)",
        "value = factor\n        values = range(int(value.max()) + 1)",
    ),
    seen="It fails, or is wrong, for factors whose values do not begin at zero.",
    cause="The values were taken for positions.",
)
wrong(
    "mig",
    "entries_on_the_cpu",
    (", device=codes.device)", ")"),
    seen="The number is right, but a new tensor does not lie where the codes do.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
