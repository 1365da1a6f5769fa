"""Known wrong answers of assignment 5. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code. Sources: errors reported for public
implementations of conditional adversarial networks, and what these formulas invite one to do.
"""

from autograder.authoring import Solution, mistake

# ---- joint_embedding_loss


@mistake(
    "joint_embedding_loss",
    seen="Texts that are true of a picture, besides its own, raise your loss.",
    cause="Every text but the own one was taken for wrong; what is true of a picture is told to "
    "you and is not wrong.",
)
def all_others_are_wrong(solution: Solution) -> Solution:
    return solution.edit("(~fits).to(scores.dtype)", "1 - torch.eye(len(fits), dtype=scores.dtype)")


@mistake(
    "joint_embedding_loss",
    seen="Your loss looks at the pairs that are true, and not at the others.",
    cause="True and wrong have changed places.",
)
def true_for_wrong(solution: Solution) -> Solution:
    return solution.edit("(~fits)", "fits")


@mistake(
    "joint_embedding_loss",
    seen="Pictures count in your loss, texts do not.",
    cause="The second half of the loss is missing: each text against the wrong pictures.",
)
def pictures_only(solution: Solution) -> Solution:
    return solution.edit("of_pictures.mean() + of_texts.mean()", "of_pictures.mean()")


@mistake(
    "joint_embedding_loss",
    seen="Texts count in your loss, pictures do not.",
    cause="The first half of the loss is missing: each picture against the wrong texts.",
)
def texts_only(solution: Solution) -> Solution:
    return solution.edit("of_pictures.mean() + of_texts.mean()", "of_texts.mean()")


@mistake(
    "joint_embedding_loss",
    seen="Your loss is half of the right one.",
    cause="The two halves were averaged; they are added.",
)
def halves_averaged(solution: Solution) -> Solution:
    return solution.edit(
        "of_pictures.mean() + of_texts.mean()", "(of_pictures.mean() + of_texts.mean()) / 2"
    )


@mistake(
    "joint_embedding_loss",
    seen="With two pairs your loss is right; with more it is several times the right one.",
    cause="The hinges of a picture, and of a text, were added up; they are averaged over the wrong "
    "ones.",
)
def sum_over_wrong_ones(solution: Solution) -> Solution:
    return solution.edit(
        "by_picture.sum(dim=1) / wrong.sum(dim=1).clamp(min=1)", "by_picture.sum(dim=1)"
    ).edit("by_text.sum(dim=0) / wrong.sum(dim=0).clamp(min=1)", "by_text.sum(dim=0)")


@mistake(
    "joint_embedding_loss",
    seen="Your loss is the right one times the size of the batch.",
    cause="Pictures, and texts, were added up; they are averaged.",
)
def sum_over_batch(solution: Solution) -> Solution:
    return solution.edit(
        "of_pictures.mean() + of_texts.mean()", "of_pictures.sum() + of_texts.sum()"
    )


@mistake(
    "joint_embedding_loss",
    seen="Your loss is too small, the more so the more texts are true.",
    cause="The means run over all pairs, true ones and the pair itself included, where the hinge "
    "was set to zero; they run over the wrong ones only.",
)
def mean_over_all_pairs(solution: Solution) -> Solution:
    return solution.edit(
        "by_picture.sum(dim=1) / wrong.sum(dim=1).clamp(min=1)", "by_picture.mean(dim=1)"
    ).edit("by_text.sum(dim=0) / wrong.sum(dim=0).clamp(min=1)", "by_text.mean(dim=0)")


@mistake(
    "joint_embedding_loss",
    seen="All wrong pairs count alike in your loss; each picture and each text should.",
    cause="One mean was taken over all wrong pairs of the batch; a picture with few wrong texts "
    "then counts less than one with many.",
)
def one_mean_over_wrong_pairs(solution: Solution) -> Solution:
    return solution.edit(
        "return of_pictures.mean() + of_texts.mean()",
        "return (by_picture.sum() + by_text.sum()) / wrong.sum().clamp(min=1)",
    )


@mistake(
    "joint_embedding_loss",
    seen="A picture without any wrong text makes your other pictures count more.",
    cause="Pictures and texts without anything wrong were left out of the last mean; they count "
    "zero and are counted.",
)
def left_out_of_the_mean(solution: Solution) -> Solution:
    return solution.edit(
        "return of_pictures.mean() + of_texts.mean()",
        "rows, columns = wrong.any(1).sum().clamp(min=1), wrong.any(0).sum().clamp(min=1)\n"
        "    return of_pictures.sum() / rows + of_texts.sum() / columns",
    )


@mistake(
    "joint_embedding_loss",
    seen="Your loss is not a number where a picture has no wrong text.",
    cause="Nothing was divided by nothing: where there is no wrong one, the mean is zero by "
    "definition.",
)
def zero_by_zero(solution: Solution) -> Solution:
    return solution.edit("wrong.sum(dim=1).clamp(min=1)", "wrong.sum(dim=1)").edit(
        "wrong.sum(dim=0).clamp(min=1)", "wrong.sum(dim=0)"
    )


@mistake(
    "joint_embedding_loss",
    seen="All values are right, but where nothing is wrong your loss cannot be differentiated.",
    cause="A fresh zero was returned early; it is no function of the embeddings, and a training "
    "step on it fails.",
)
def early_return_without_graph(solution: Solution) -> Solution:
    return solution.edit(
        "own = scores.diagonal()",
        "own = scores.diagonal()\n    if fits.all():\n        return torch.tensor(0.0)",
    )


@mistake(
    "joint_embedding_loss",
    seen="Both halves of your loss lose to the same partner: half of each text's hinges are wrong.",
    cause="The texts were compared with the pictures' own scores by rows, as in the first half; "
    "for a text the own score is that of its column.",
)
def own_score_by_rows_twice(solution: Solution) -> Solution:
    return solution.edit("own[None, :]", "own[:, None]")


@mistake(
    "joint_embedding_loss",
    seen="Both halves of your loss lose to the same partner: half of each picture's hinges are "
    "wrong.",
    cause="The pictures were compared with the own scores by columns; for a picture the own score "
    "is that of its row.",
)
def own_score_by_columns_twice(solution: Solution) -> Solution:
    return solution.edit("own[:, None]", "own[None, :]")


@mistake(
    "joint_embedding_loss",
    seen="In both halves the own score is that of the other pair.",
    cause="Rows and columns of the own scores have changed places.",
)
def own_scores_exchanged(solution: Solution) -> Solution:
    return (
        solution.edit("own[:, None]", "own[__]")
        .edit("own[None, :]", "own[:, None]")
        .edit("own[__]", "own[None, :]")
    )


@mistake(
    "joint_embedding_loss",
    seen="Where truth is symmetric your loss is right; else wrong texts and wrong pictures are "
    "mixed up.",
    cause="Truth was read the other way round: rows are pictures, columns are texts.",
)
def truth_turned_round(solution: Solution) -> Solution:
    return solution.edit("(~fits)", "(~fits.T)")


@mistake(
    "joint_embedding_loss",
    seen="Your halves have the wrong means: with the own text alone true all is well, otherwise "
    "the counts do not fit the sums.",
    cause="Numbers of wrong texts and of wrong pictures have changed places in the denominators.",
)
def counts_exchanged(solution: Solution) -> Solution:
    return (
        solution.edit("wrong.sum(dim=1)", "wrong.sum(dim=_)")
        .edit("wrong.sum(dim=0)", "wrong.sum(dim=1)")
        .edit("wrong.sum(dim=_)", "wrong.sum(dim=0)")
    )


@mistake(
    "joint_embedding_loss",
    seen="The better a pair fits, the larger your loss.",
    cause="The signs of own and wrong scores have changed places in the hinge.",
)
def signs_exchanged(solution: Solution) -> Solution:
    return solution.edit("margin - own[:, None] + scores", "margin + own[:, None] - scores").edit(
        "margin - own[None, :] + scores", "margin + own[None, :] - scores"
    )


@mistake(
    "joint_embedding_loss",
    seen="Pairs that are told apart by more than the margin make your loss smaller still, even "
    "below zero.",
    cause="The hinge is missing: a difference beyond the margin counts zero.",
)
def hinge_missing(solution: Solution) -> Solution:
    return solution.edit(
        "F.relu(margin - own[:, None] + scores)", "(margin - own[:, None] + scores)"
    ).edit("F.relu(margin - own[None, :] + scores)", "(margin - own[None, :] + scores)")


@mistake(
    "joint_embedding_loss",
    seen="With another margin than 1 your loss stays as it was.",
    cause="The margin was written down as 1; the one that is given is not used.",
)
def margin_of_one(solution: Solution) -> Solution:
    return solution.edit("margin - own[:, None]", "1.0 - own[:, None]").edit(
        "margin - own[None, :]", "1.0 - own[None, :]"
    )


@mistake(
    "joint_embedding_loss",
    seen="Embeddings that are twice as long give you the same loss.",
    cause="Embeddings were scaled to length one; the loss is about dot products as they are.",
)
def cosine_for_dot(solution: Solution) -> Solution:
    return solution.edit(
        "pictures @ texts.T", "F.normalize(pictures, dim=1) @ F.normalize(texts, dim=1).T"
    )


@mistake(
    "joint_embedding_loss",
    seen="Only the worst of the wrong texts counts in your loss.",
    cause="The hardest wrong one was taken, as later papers do; here all wrong ones are averaged.",
)
def hardest_only(solution: Solution) -> Solution:
    return solution.edit(
        "by_picture.sum(dim=1) / wrong.sum(dim=1).clamp(min=1)", "by_picture.amax(dim=1)"
    ).edit("by_text.sum(dim=0) / wrong.sum(dim=0).clamp(min=1)", "by_text.amax(dim=0)")


@mistake(
    "joint_embedding_loss",
    seen="The value is right, but no gradient comes back from it.",
    cause="A plain number was returned, or the result was cut off from the graph.",
)
def cut_off(solution: Solution) -> Solution:
    return solution.edit(
        "of_pictures.mean() + of_texts.mean()", "(of_pictures.mean() + of_texts.mean()).detach()"
    )


@mistake(
    "joint_embedding_loss",
    seen="The loss is right, but the scores that belong together get no gradient: pairs are pushed "
    "apart and never pulled together.",
    cause="The own scores were cut off from the graph.",
)
def own_scores_cut_off(solution: Solution) -> Solution:
    return solution.edit("scores.diagonal()", "scores.diagonal().detach()")


@mistake(
    "joint_embedding_loss",
    seen="The first call is right, but what is true of what is no longer as it was given.",
    cause="The given truth values were turned around in place.",
)
def fits_turned_in_place(solution: Solution) -> Solution:
    return solution.edit("(~fits)", "fits.logical_not_()")


@mistake(
    "joint_embedding_loss",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def mask_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        "wrong = (~fits).to(scores.dtype)",
        "wrong = (~fits).to(scores.dtype)\n"
        "    wrong = wrong * (1 - torch.eye(len(fits), dtype=scores.dtype))",
    )


@mistake(
    "joint_embedding_loss",
    seen="Right where only the own text is true; the more texts are true, the smaller your loss.",
    cause="Each mean divides by all other texts, also by those that are true and were left out of "
    "the sum.",
)
def divided_by_all_but_one(solution: Solution) -> Solution:
    return solution.edit(
        "wrong.sum(dim=1).clamp(min=1)",
        "(len(fits) - 1)",
    ).edit(
        "wrong.sum(dim=0).clamp(min=1)",
        "(len(fits) - 1)",
    )


@mistake(
    "joint_embedding_loss",
    seen="The pictures' half of your loss is right. In the texts' half the pairs are wrong, "
    "unless truth is symmetric.",
    cause="For the texts, truth was read the other way round: a column says of which pictures a "
    "text is true.",
)
def truth_turned_in_texts(solution: Solution) -> Solution:
    return solution.edit(
        "by_text = wrong",
        "by_text = wrong.T",
    ).edit(
        "wrong.sum(dim=0)",
        "wrong.T.sum(dim=0)",
    )


@mistake(
    "joint_embedding_loss",
    seen="Your loss is too large wherever some hinges are closed.",
    cause="The means run over the hinges above zero only; a wrong pair that is told apart counts, "
    "with zero.",
)
def mean_over_active_hinges(solution: Solution) -> Solution:
    return solution.edit(
        "wrong.sum(dim=1)",
        "(by_picture > 0).sum(dim=1)",
    ).edit(
        "wrong.sum(dim=0)",
        "(by_text > 0).sum(dim=0)",
    )


@mistake(
    "joint_embedding_loss",
    seen="All values are right, but where a picture has no wrong text the gradient is not a "
    "number.",
    cause="Nothing was divided by nothing and the result replaced by zero afterwards; the "
    "gradient still goes through the division.",
)
def not_a_number_made_zero(solution: Solution) -> Solution:
    return solution.edit(
        "by_picture.sum(dim=1) / wrong.sum(dim=1).clamp(min=1)",
        "(by_picture.sum(dim=1) / wrong.sum(dim=1)).nan_to_num(0.0)",
    ).edit(
        "by_text.sum(dim=0) / wrong.sum(dim=0).clamp(min=1)",
        "(by_text.sum(dim=0) / wrong.sum(dim=0)).nan_to_num(0.0)",
    )


# ---- generator


@mistake(
    "generator",
    seen="Your pictures lie between 0 and 1; real ones lie between -1 and 1.",
    cause="A sigmoid stands at the end, where the hyperbolic tangent belongs.",
)
def sigmoid_at_the_end(solution: Solution) -> Solution:
    return solution.edit("torch.tanh(", "torch.sigmoid(")


@mistake(
    "generator",
    seen="Pixels of your pictures leave the range of real ones.",
    cause="Nothing bounds the pixels: the hyperbolic tangent at the end is missing.",
)
def nothing_at_the_end(solution: Solution) -> Solution:
    return solution.edit("torch.tanh(self.up(self.start(point)))", "self.up(self.start(point))")


@mistake(
    "generator",
    seen="Your pictures lie between 0 and 1; real ones lie between -1 and 1 here.",
    cause="The range of the hyperbolic tangent was moved, as if pictures were to be shown.",
)
def moved_to_zero_and_one(solution: Solution) -> Solution:
    return solution.edit(
        "torch.tanh(self.up(self.start(point)))", "(torch.tanh(self.up(self.start(point))) + 1) / 2"
    )


@mistake(
    "generator",
    seen="Small pixels of your pictures are right, and large ones are cut off, with no gradient.",
    cause="Pixels were clipped; the hyperbolic tangent bends them.",
)
def clipped_at_the_end(solution: Solution) -> Solution:
    return solution.edit(
        "torch.tanh(self.up(self.start(point)))", "self.up(self.start(point)).clamp(-1, 1)"
    )


@mistake(
    "generator",
    seen="Your pictures are the hyperbolic tangent of the right ones: paler, never near white or "
    "black.",
    cause="The hyperbolic tangent was taken twice.",
)
def tangent_twice(solution: Solution) -> Solution:
    return solution.edit(
        "torch.tanh(self.up(self.start(point)))",
        "torch.tanh(torch.tanh(self.up(self.start(point))))",
    )


@mistake(
    "generator",
    seen="What your pictures take for noise is the text, and the other way round.",
    cause="Text and noise were joined in the other order.",
)
def text_before_noise(solution: Solution) -> Solution:
    return solution.edit("[noise, told]", "[told, noise]")


@mistake(
    "generator",
    seen="Wherever the compressed text is negative, your pictures differ.",
    cause="The text goes through the layer only; the leaky ReLU is missing.",
)
def text_not_bent(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "self.project(texts)")


@mistake(
    "generator",
    seen="Wherever the compressed text is negative, it says nothing to your pictures.",
    cause="A ReLU was taken that does not leak.",
)
def relu_that_does_not_leak(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "F.relu(self.project(texts))")


@mistake(
    "generator",
    seen="Wherever the compressed text is negative, it says too little to your pictures.",
    cause="The leaky ReLU leaks a hundredth, the library's default; the source's networks leak a "
    "fifth.",
)
def slope_of_the_library(solution: Solution) -> Solution:
    return solution.edit(
        "F.leaky_relu(self.project(texts), 0.2)", "F.leaky_relu(self.project(texts))"
    )


@mistake(
    "generator",
    seen="Where the compressed text is negative it comes out positive or too large.",
    cause="The leaky ReLU leaks with another slope, or with the wrong sign.",
)
def slope_with_wrong_sign(solution: Solution) -> Solution:
    return solution.edit("self.project(texts), 0.2)", "self.project(texts), -0.2)")


@mistake(
    "generator",
    seen="Negative noise comes out shrunk in your pictures.",
    cause="The leaky ReLU was taken behind the join, so that it bends the noise, too.",
)
def noise_bent_too(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "self.project(texts)").edit(
        "torch.cat([noise, told], dim=1)", "F.leaky_relu(torch.cat([noise, told], dim=1), 0.2)"
    )


@mistake(
    "generator",
    seen="The texts may say what they want: your pictures do not listen.",
    cause="The text never reaches the picture: zeros, or the noise once more, stand in its place.",
)
def text_ignored(solution: Solution) -> Solution:
    return solution.edit("[noise, told]", "[noise, torch.zeros_like(told)]")


@mistake(
    "generator",
    seen="The noise may be what it wants: one text gives you one picture.",
    cause="The noise never reaches the picture: zeros stand in its place.",
)
def noise_ignored(solution: Solution) -> Solution:
    return solution.edit("[noise, told]", "[torch.zeros_like(noise), told]")


@mistake(
    "generator",
    seen="With noise of your own drawing the given noise does nothing.",
    cause="Noise is drawn inside; the one that is given is not used.",
)
def noise_drawn_inside(solution: Solution) -> Solution:
    return solution.edit("[noise, told]", "[torch.randn_like(noise), told]")


@mistake(
    "generator",
    seen="Your code stops with an error: the first layer meets more channels than it has.",
    cause="The text was joined as it came, without being compressed.",
)
def text_not_compressed(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "F.leaky_relu(texts, 0.2)")


@mistake(
    "generator",
    seen="Your code stops with an error about the number of axes.",
    cause="The joined numbers are a row; an up-convolution wants a point with channels, which has "
    "two more axes.",
)
def no_place(solution: Solution) -> Solution:
    return solution.edit("[:, :, None, None]", "")


@mistake(
    "generator",
    seen="Every picture is right, but no gradient reaches the text's layer.",
    cause="The text was cut off from the graph, so its layer never learns.",
)
def text_cut_off(solution: Solution) -> Solution:
    return solution.edit(
        "told = F.leaky_relu(self.project(texts), 0.2)",
        "told = F.leaky_relu(self.project(texts), 0.2).detach()",
    )


@mistake(
    "generator",
    seen="The whole batch is drawn from the words of the first text.",
    cause="One text was spread over the batch; each example has its own.",
)
def one_text_for_all(solution: Solution) -> Solution:
    return solution.edit("[noise, told]", "[noise, told[:1].expand_as(told)]")


@mistake(
    "generator",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def point_filled_on_the_cpu(solution: Solution) -> Solution:
    joined = "torch.cat([noise, told], dim=1)[:, :, None, None]"
    channels = "noise.shape[1] + told.shape[1]"
    return solution.edit(
        f"point = {joined}",
        f"point = torch.zeros(len(noise), {channels}, 1, 1, dtype=noise.dtype)\n"
        f"        point = point + {joined}",
    )


# ---- discriminator


@mistake(
    "discriminator",
    seen="Your answers lie between 0 and 1; a logit is any real number.",
    cause="A sigmoid stands at the end. The losses have one of their own, and a sigmoid of a "
    "sigmoid never gets sure.",
)
def sigmoid_of_the_logit(solution: Solution) -> Solution:
    return solution.edit(
        "self.judge(joined).flatten()", "torch.sigmoid(self.judge(joined).flatten())"
    )


@mistake(
    "discriminator",
    seen="Your answers have two or four axes; one number for each pair is a row of numbers.",
    cause="The axes of length one behind the batch were kept.",
)
def axes_kept(solution: Solution) -> Solution:
    return solution.edit("self.judge(joined).flatten()", "self.judge(joined).flatten(1)")


@mistake(
    "discriminator",
    seen="A single pair gives you a number without any axis.",
    cause="Every axis of length one was dropped, that of the batch, too.",
)
def squeezed(solution: Solution) -> Solution:
    return solution.edit("self.judge(joined).flatten()", "self.judge(joined).squeeze()")


@mistake(
    "discriminator",
    seen="What your judge takes for the picture is the text, and the other way round.",
    cause="Text and picture were joined in the other order.",
)
def text_before_picture(solution: Solution) -> Solution:
    return solution.edit("[seen, everywhere]", "[everywhere, seen]")


@mistake(
    "discriminator",
    seen="Wherever the compressed text is negative, your logits differ.",
    cause="The text goes through the layer only; the leaky ReLU is missing.",
)
def words_not_bent(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "self.project(texts)")


@mistake(
    "discriminator",
    seen="Wherever the compressed text is negative, it says nothing to your judge.",
    cause="A ReLU was taken that does not leak.",
)
def words_without_a_leak(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "F.relu(self.project(texts))")


@mistake(
    "discriminator",
    seen="Wherever the compressed text or the join is negative, it counts too little.",
    cause="The leaky ReLUs leak a hundredth, the library's default; the source's networks leak a "
    "fifth.",
)
def slopes_of_the_library(solution: Solution) -> Solution:
    return solution.edit(
        "F.leaky_relu(self.project(texts), 0.2)", "F.leaky_relu(self.project(texts))"
    ).edit("torch.cat([seen, everywhere], dim=1)), 0.2)", "torch.cat([seen, everywhere], dim=1)))")


@mistake(
    "discriminator",
    seen="Your logits are a sum of what the picture says and what the text says; whether both fit "
    "each other cannot be seen in such a sum.",
    cause="Nothing bends what the 1 × 1 convolution says: the leaky ReLU behind it is missing, and "
    "two linear layers in a row are one.",
)
def join_not_bent(solution: Solution) -> Solution:
    return solution.edit(
        "F.leaky_relu(self.join(torch.cat([seen, everywhere], dim=1)), 0.2)",
        "self.join(torch.cat([seen, everywhere], dim=1))",
    )


@mistake(
    "discriminator",
    seen="Where the join is negative, your judge hears nothing of it.",
    cause="A ReLU that does not leak stands behind the 1 × 1 convolution.",
)
def join_without_a_leak(solution: Solution) -> Solution:
    return solution.edit(
        "F.leaky_relu(self.join(torch.cat([seen, everywhere], dim=1)), 0.2)",
        "F.relu(self.join(torch.cat([seen, everywhere], dim=1)))",
    )


@mistake(
    "discriminator",
    seen="Your judge hears the text at one of the sixteen places only.",
    cause="The text was set at one place and zeros at the others; it stands at every place.",
)
def text_at_one_place(solution: Solution) -> Solution:
    return solution.edit(
        "everywhere = told[:, :, None, None].expand(-1, -1, *seen.shape[2:])",
        "everywhere = F.pad(told[:, :, None, None], (0, 3, 0, 3))",
    )


@mistake(
    "discriminator",
    seen="The sixteen places of your joined picture hear sixteen different texts.",
    cause="The repeated text was brought into shape by counting numbers through, so that parts of "
    "the text stand at different places.",
)
def text_smeared(solution: Solution) -> Solution:
    return solution.edit(
        "told[:, :, None, None].expand(-1, -1, *seen.shape[2:])",
        "told.repeat(1, seen[0, 0].numel()).view(len(told), -1, *seen.shape[2:])",
    )


@mistake(
    "discriminator",
    seen="Your judge gives the whole batch the words of the first text.",
    cause="One text was spread over the batch; each picture has its own.",
)
def first_text_for_all(solution: Solution) -> Solution:
    return solution.edit("told[:, :, None, None]", "told[:1].expand_as(told)[:, :, None, None]")


@mistake(
    "discriminator",
    seen="Your judge does not listen: whatever the text, the logit stays.",
    cause="The text never reaches the logit: zeros stand in its place.",
)
def words_ignored(solution: Solution) -> Solution:
    return solution.edit("[seen, everywhere]", "[seen, torch.zeros_like(everywhere)]")


@mistake(
    "discriminator",
    seen="The logits of a batch add up to zero in your answer, and a single pair's is zero.",
    cause="The logits were centred by the batch: what a pair gets depends on its neighbours.",
)
def centred_by_batch(solution: Solution) -> Solution:
    return solution.edit(
        "return self.judge(joined).flatten()",
        "logits = self.judge(joined).flatten()\n        return logits - logits.mean()",
    )


@mistake(
    "discriminator",
    seen="Joined pictures of a batch depend on each other in your judge.",
    cause="The join was normalised over the batch, which betrays what kind of batch it is.",
)
def normalised_behind_the_join(solution: Solution) -> Solution:
    return solution.edit(
        "return self.judge(joined).flatten()",
        "joined = F.batch_norm(joined, None, None, training=True)\n"
        "        return self.judge(joined).flatten()",
    )


@mistake(
    "discriminator",
    seen="Large logits of yours are cut off, and give no gradient.",
    cause="The logits were kept within bounds; a logit is any real number.",
)
def logits_within_bounds(solution: Solution) -> Solution:
    return solution.edit(
        "self.judge(joined).flatten()", "self.judge(joined).flatten().clamp(-10, 10)"
    )


@mistake(
    "discriminator",
    seen="Your code stops with an error: the sizes of picture and text do not match.",
    cause="The text is one point; it has to be repeated over all places before it can be joined.",
)
def text_not_repeated(solution: Solution) -> Solution:
    return solution.edit(".expand(-1, -1, *seen.shape[2:])", "")


@mistake(
    "discriminator",
    seen="Your judge looks at other pictures than those that it is given.",
    cause="Pictures were brought from [-1, 1] to [0, 1] first; they are judged as they are.",
)
def pictures_moved(solution: Solution) -> Solution:
    return solution.edit("self.look(pictures)", "self.look((pictures + 1) / 2)")


@mistake(
    "discriminator",
    seen="All logits are right, but no gradient reaches the text's layer.",
    cause="The text was cut off from the graph, so its layer never learns.",
)
def words_cut_off(solution: Solution) -> Solution:
    return solution.edit("told[:, :, None, None]", "told.detach()[:, :, None, None]")


@mistake(
    "discriminator",
    seen="Where picture and text are joined, your code stops with an error about channels.",
    cause="The text was joined as it came, without being compressed.",
)
def words_not_compressed(solution: Solution) -> Solution:
    return solution.edit("F.leaky_relu(self.project(texts), 0.2)", "F.leaky_relu(texts, 0.2)")


@mistake(
    "discriminator",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def places_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        ".expand(-1, -1, *seen.shape[2:])",
        " * torch.ones(1, 1, *seen.shape[2:], dtype=seen.dtype)",
    )


@mistake(
    "discriminator",
    seen="Wherever the compressed text is negative, it counts too little in your logits.",
    cause="The text's leaky ReLU leaks a hundredth, the library's default; the source's networks "
    "leak a fifth.",
)
def slope_of_the_library_for_words(solution: Solution) -> Solution:
    return solution.edit(
        "F.leaky_relu(self.project(texts), 0.2)",
        "F.leaky_relu(self.project(texts))",
    )


@mistake(
    "discriminator",
    seen="Wherever the join is negative, it counts too little in your logits.",
    cause="The leaky ReLU behind the join leaks a hundredth, the library's default; the source's "
    "networks leak a fifth.",
)
def slope_of_the_library_for_join(solution: Solution) -> Solution:
    return solution.edit(
        "torch.cat([seen, everywhere], dim=1)), 0.2)",
        "torch.cat([seen, everywhere], dim=1)))",
    )


@mistake(
    "discriminator",
    seen="Your answer has four axes; one number for each pair is a row of numbers.",
    cause="The last convolution gives a picture of one channel and one place; its axes have to go.",
)
def four_axes(solution: Solution) -> Solution:
    return solution.edit(
        "self.judge(joined).flatten()",
        "self.judge(joined)",
    )


# ---- mismatched


@mistake(
    "mismatched",
    seen="Some pictures get a text that is true of them.",
    cause="Only the own text was forbidden; any text that is true of the picture is.",
)
def own_text_forbidden_only(solution: Solution) -> Solution:
    return solution.edit("torch.where(fits.all(dim=1, keepdim=True), ~own, ~fits)", "~own")


@mistake(
    "mismatched",
    seen="Some pictures get their own text.",
    cause="The largest lot of all texts was taken; nothing is forbidden.",
)
def nothing_forbidden(solution: Solution) -> Solution:
    return solution.edit("lots.masked_fill(~allowed, -1)", "lots")


@mistake(
    "mismatched",
    seen="Every picture gets the text of its neighbour, whatever is true and whatever the lots.",
    cause="The batch was shifted by one place; then the wrong text is always that of the next, and "
    "may be true.",
)
def shifted_by_one(solution: Solution) -> Solution:
    return solution.edit(
        "return lots.masked_fill(~allowed, -1).argmax(dim=1)",
        "return torch.arange(len(fits)).roll(-1)",
    )


@mistake(
    "mismatched",
    seen="Your rows are a permutation that does not ask what is true.",
    cause="The batch was shuffled; a shuffle may leave a picture its own text, and true ones.",
)
def shuffled(solution: Solution) -> Solution:
    return solution.edit(
        "return lots.masked_fill(~allowed, -1).argmax(dim=1)",
        "return lots[0].argsort()",
    )


@mistake(
    "mismatched",
    seen="A picture of which all texts are true gets the first text, be it its own.",
    cause="Where everything is forbidden, nothing is larger than the rest; the case of a picture "
    "without a wrong text was not treated.",
)
def all_true_forgotten(solution: Solution) -> Solution:
    return solution.edit("torch.where(fits.all(dim=1, keepdim=True), ~own, ~fits)", "~fits")


@mistake(
    "mismatched",
    seen="A picture of which all texts are true gets the largest lot, even if that is its own "
    "text.",
    cause="Where every text is true nothing was forbidden any more; the own text still is.",
)
def own_text_where_all_true(solution: Solution) -> Solution:
    return solution.edit("~own, ~fits)", "torch.ones_like(own), ~fits)")


@mistake(
    "mismatched",
    seen="A picture of which all texts are true always gets its neighbour's, whatever the lots.",
    cause="For such pictures the next text was taken; their lots decide among the others, too.",
)
def neighbour_where_all_true(solution: Solution) -> Solution:
    return solution.edit("~own, ~fits)", "own.roll(1, 1), ~fits)")


@mistake(
    "mismatched",
    seen="One picture of which all texts are true makes you forget what is true of the others.",
    cause="Whether everything is true was asked of the batch as a whole, or answered for it; it is "
    "a question for each picture.",
)
def all_true_of_any(solution: Solution) -> Solution:
    return solution.edit("fits.all(dim=1, keepdim=True)", "fits.all(dim=1).any()")


@mistake(
    "mismatched",
    seen="Where lots are zero, texts that are true win.",
    cause="Forbidden lots became zero, which is a lot that occurs; they must lie below every lot.",
)
def forbidden_lots_are_zero(solution: Solution) -> Solution:
    return solution.edit("lots.masked_fill(~allowed, -1)", "(lots * allowed)")


@mistake(
    "mismatched",
    seen="Your pictures get the texts that are true of them.",
    cause="Allowed and forbidden have changed places.",
)
def true_ones_drawn(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~allowed", "masked_fill(allowed")


@mistake(
    "mismatched",
    seen="The smallest lot wins in your answer.",
    cause="The smallest lot was looked for; the largest one wins.",
)
def smallest_lot(solution: Solution) -> Solution:
    return solution.edit(
        "masked_fill(~allowed, -1).argmax(dim=1)", "masked_fill(~allowed, 2).argmin(dim=1)"
    )


@mistake(
    "mismatched",
    seen="Your rows say for each text which picture it goes to.",
    cause="The largest lot was looked for among the pictures of a text; it is to be found among "
    "the texts of a picture.",
)
def picture_for_each_text(solution: Solution) -> Solution:
    return solution.edit("argmax(dim=1)", "argmax(dim=0)")


@mistake(
    "mismatched",
    seen="Where truth is not symmetric, some pictures get a text that is true of them.",
    cause="Truth was read the other way round: rows are pictures, columns are texts.",
)
def truth_read_by_columns(solution: Solution) -> Solution:
    return solution.edit("own = torch.eye", "fits = fits.T\n    own = torch.eye")


@mistake(
    "mismatched",
    seen="The same lots do not always give you the same rows.",
    cause="Lots are drawn inside; those that are given decide.",
)
def drawn_inside(solution: Solution) -> Solution:
    return solution.edit("lots.masked_fill", "torch.rand_like(lots).masked_fill")


@mistake(
    "mismatched",
    seen="Of equal lots the last one wins in your answer.",
    cause="Equal lots were decided from behind, as a sort in rising order does; the first one "
    "wins.",
)
def last_of_equal_lots(solution: Solution) -> Solution:
    return solution.edit("argmax(dim=1)", "flip(1).argmax(dim=1).neg().add(len(fits) - 1)")


@mistake(
    "mismatched",
    seen="All rows are right, but the given lots are no longer what they were.",
    cause="The forbidden lots were filled in the given tensor itself.",
)
def lots_changed_in_place(solution: Solution) -> Solution:
    return solution.edit("masked_fill(~allowed", "masked_fill_(~allowed")


@mistake(
    "mismatched",
    seen="All rows are right, but what is true of what is no longer as it was given.",
    cause="The given truth values were changed in place, to treat the diagonal or the pictures "
    "without a wrong text.",
)
def truth_changed_in_place(solution: Solution) -> Solution:
    return solution.edit(
        "allowed = torch.where(fits.all(dim=1, keepdim=True), ~own, ~fits)",
        "full = fits.all(dim=1)\n    fits[full] = own[full]\n    allowed = ~fits",
    )


@mistake(
    "mismatched",
    seen="Your rows are numbers in a list, or no whole numbers; they cannot pick rows of a tensor "
    "as they are.",
    cause="The rows were turned into something else than one long tensor.",
)
def rows_as_a_list(solution: Solution) -> Solution:
    return solution.edit("argmax(dim=1)", "argmax(dim=1).tolist()")


@mistake(
    "mismatched",
    seen="Your rows are whole numbers of a shorter type than asked for.",
    cause="The rows were cast to a smaller integer type; an index is long.",
)
def rows_of_another_type(solution: Solution) -> Solution:
    return solution.edit("argmax(dim=1)", "argmax(dim=1).int()")


@mistake(
    "mismatched",
    seen="Your rows have two axes.",
    cause="The axis along which the largest lot was found has been kept.",
)
def axis_kept(solution: Solution) -> Solution:
    return solution.edit("argmax(dim=1)", "argmax(dim=1, keepdim=True)")


@mistake(
    "mismatched",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def diagonal_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        ", device=fits.device",
        "",
    )


@mistake(
    "mismatched",
    seen="A picture of which all texts are true gets the first text, unless all texts are true "
    "of all pictures.",
    cause="Whether everything is true was asked of the whole batch at once; it is a question for "
    "each picture.",
)
def all_true_of_the_whole_batch(solution: Solution) -> Solution:
    return solution.edit(
        "fits.all(dim=1, keepdim=True)",
        "fits.all()",
    )


@mistake(
    "mismatched",
    seen="The wrong pictures are taken for those of which all texts are true.",
    cause="It was asked which texts are true of all pictures; the question is of which pictures "
    "all texts are true.",
)
def all_true_by_columns(solution: Solution) -> Solution:
    return solution.edit(
        "fits.all(dim=1, keepdim=True)",
        "fits.all(dim=0)[:, None]",
    )


@mistake(
    "mismatched",
    seen="Your pictures get texts that are true of them.",
    cause="The smallest lot was looked for, among lots where the forbidden ones had been made the "
    "smallest.",
)
def smallest_of_filled_lots(solution: Solution) -> Solution:
    return solution.edit(
        "argmax(dim=1)",
        "argmin(dim=1)",
    )


@mistake(
    "mismatched",
    seen="Your rows are the lots themselves, numbers below one.",
    cause="The largest lot was returned; asked for is where it lies.",
)
def lot_for_its_place(solution: Solution) -> Solution:
    return solution.edit(
        "argmax(dim=1)",
        "amax(dim=1)",
    )


# ---- discriminator_loss


@mistake(
    "discriminator_loss",
    seen="With all logits at zero your loss is 3 ln 2; it should be 2 ln 2.",
    cause="All three kinds weigh 1; both kinds of no together weigh as much as the yes.",
)
def weights_of_one(solution: Solution) -> Solution:
    return solution.edit("(F.softplus(wrong).mean() + no) / 2", "F.softplus(wrong).mean() + no")


@mistake(
    "discriminator_loss",
    seen="With all logits at zero your loss is ln 2; it should be 2 ln 2.",
    cause="A mean was taken over all three kinds, or all weigh one third.",
)
def mean_of_three(solution: Solution) -> Solution:
    return solution.edit(
        "    return yes + no", "    return (yes + 2 * no) / 3 if wrong is not None else yes + no"
    )


@mistake(
    "discriminator_loss",
    seen="With all logits at zero your loss is ln 2; with wrong pairs and without.",
    cause="Yes and no were averaged; they are added.",
)
def yes_and_no_averaged(solution: Solution) -> Solution:
    return solution.edit("return yes + no", "return (yes + no) / 2")


@mistake(
    "discriminator_loss",
    seen="Real pictures with a wrong text make your judge say yes.",
    cause="The wrong pairs were labelled as right ones: the picture is real, the pair is not.",
)
def wrong_pairs_called_right(solution: Solution) -> Solution:
    return solution.edit("F.softplus(wrong)", "F.softplus(-wrong)")


@mistake(
    "discriminator_loss",
    seen="Wrong pairs do not count in your loss.",
    cause="The loss is that of a plain GAN: real against fake, whatever the words.",
)
def wrong_pairs_ignored(solution: Solution) -> Solution:
    return solution.edit("if wrong is not None:", "if False:")


@mistake(
    "discriminator_loss",
    seen="With wrong pairs all is well; without them your fakes weigh one half.",
    cause="The half was kept though there is only one kind of no left.",
)
def half_without_wrong_pairs(solution: Solution) -> Solution:
    return solution.edit("return yes + no", "return yes + (no if wrong is not None else no / 2)")


@mistake(
    "discriminator_loss",
    seen="Your wrong pairs weigh one half, your fakes weigh 1.",
    cause="Only one of the two kinds of no was halved.",
)
def only_wrong_halved(solution: Solution) -> Solution:
    return solution.edit("(F.softplus(wrong).mean() + no) / 2", "F.softplus(wrong).mean() / 2 + no")


@mistake(
    "discriminator_loss",
    seen="Your wrong pairs weigh 1, your fakes weigh one half.",
    cause="Only one of the two kinds of no was halved.",
)
def only_fakes_halved(solution: Solution) -> Solution:
    return solution.edit("(F.softplus(wrong).mean() + no) / 2", "F.softplus(wrong).mean() + no / 2")


@mistake(
    "discriminator_loss",
    seen="Your loss is right with the sign turned round: a perfect judge would minimise nothing "
    "but its own sight.",
    cause="The printed formula was minimised as it stands; it grows with the judge's skill.",
)
def printed_sign(solution: Solution) -> Solution:
    return solution.edit("return yes + no", "return -(yes + no)")


@mistake(
    "discriminator_loss",
    seen="Your judge is rewarded for saying no to right pairs and yes to the others.",
    cause="The labels have changed places.",
)
def labels_exchanged(solution: Solution) -> Solution:
    return (
        solution.edit("F.softplus(-right)", "F.softplus(right)")
        .edit("F.softplus(fake)", "F.softplus(-fake)")
        .edit("F.softplus(wrong)", "F.softplus(-wrong)")
    )


@mistake(
    "discriminator_loss",
    seen="With batches of one size all is well; with others a large kind counts for more.",
    cause="Kinds of no were put into one batch before averaging; each kind has a mean of its own.",
)
def one_mean_for_both(solution: Solution) -> Solution:
    return solution.edit(
        "(F.softplus(wrong).mean() + no) / 2", "F.softplus(torch.cat([wrong, fake])).mean()"
    )


@mistake(
    "discriminator_loss",
    seen="Your loss grows with the number of pairs.",
    cause="Pairs were added up; each kind is averaged.",
)
def sum_over_pairs(solution: Solution) -> Solution:
    return (
        solution.edit("F.softplus(-right).mean()", "F.softplus(-right).sum()")
        .edit("F.softplus(fake).mean()", "F.softplus(fake).sum()")
        .edit("F.softplus(wrong).mean()", "F.softplus(wrong).sum()")
    )


@mistake(
    "discriminator_loss",
    seen="For ordinary logits your loss is right; for sure ones it is infinite or not a number.",
    cause="A sigmoid was rounded to zero or one before its logarithm was taken, or an exponential "
    "grew beyond all numbers. Both have a form that is exact.",
)
def logarithm_of_sigmoid(solution: Solution) -> Solution:
    return (
        solution.edit("F.softplus(-right)", "-torch.log(torch.sigmoid(right))")
        .edit("F.softplus(fake)", "-torch.log(1 - torch.sigmoid(fake))")
        .edit("F.softplus(wrong)", "-torch.log(1 - torch.sigmoid(wrong))")
    )


@mistake(
    "discriminator_loss",
    seen="However sure the judge, your loss stays below a bound, and wrong pairs that are "
    "believed give no gradient.",
    cause="Probabilities were kept away from zero and one before the logarithm; where they are "
    "kept, the slope is gone.",
)
def probabilities_kept_away(solution: Solution) -> Solution:
    guard = "torch.sigmoid({}).clamp(1e-7, 1 - 1e-7)"
    return (
        solution.edit("F.softplus(-right)", f"-torch.log({guard.format('right')})")
        .edit("F.softplus(fake)", f"-torch.log(1 - {guard.format('fake')})")
        .edit("F.softplus(wrong)", f"-torch.log(1 - {guard.format('wrong')})")
    )


@mistake(
    "discriminator_loss",
    seen="Your loss hardly moves: with all logits at zero it is 1.67, and no logit brings it near "
    "zero.",
    cause="A sigmoid was taken of the logits, and the loss has another one.",
)
def sigmoid_twice(solution: Solution) -> Solution:
    return (
        solution.edit("F.softplus(-right)", "F.softplus(-right.sigmoid())")
        .edit("F.softplus(fake)", "F.softplus(fake.sigmoid())")
        .edit("F.softplus(wrong)", "F.softplus(wrong.sigmoid())")
    )


@mistake(
    "discriminator_loss",
    seen="Your yes to right pairs aims at nine tenths.",
    cause="The label of right pairs was smoothed; Algorithm 1 does not do that.",
)
def smoothed_label(solution: Solution) -> Solution:
    return solution.edit(
        "F.softplus(-right).mean()", "(0.9 * F.softplus(-right) + 0.1 * F.softplus(right)).mean()"
    )


@mistake(
    "discriminator_loss",
    seen="Your loss measures squares or margins of the logits, not their probabilities.",
    cause="The loss of another GAN was taken: one with hinges.",
)
def hinges(solution: Solution) -> Solution:
    return (
        solution.edit("F.softplus(-right)", "F.relu(1 - right)")
        .edit("F.softplus(fake)", "F.relu(1 + fake)")
        .edit("F.softplus(wrong)", "F.relu(1 + wrong)")
    )


@mistake(
    "discriminator_loss",
    seen="The value is right, but the fakes' logits get no gradient, so the judge never learns to "
    "tell them.",
    cause="The fakes' logits were cut off here. What is cut off, elsewhere, is the fake picture.",
)
def fake_logits_cut_off(solution: Solution) -> Solution:
    return solution.edit("F.softplus(fake)", "F.softplus(fake.detach())")


@mistake(
    "discriminator_loss",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def labels_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        "yes = F.softplus(-right).mean()",
        "labels = torch.ones(len(right), dtype=right.dtype)\n"
        "    yes = F.binary_cross_entropy_with_logits(right, labels)",
    )


@mistake(
    "discriminator_loss",
    seen="Without wrong pairs your loss is right; with them it is half of the right one.",
    cause="Everything was halved, the yes as well; only both kinds of no are.",
)
def half_with_wrong_pairs(solution: Solution) -> Solution:
    return solution.edit(
        "    return yes + no",
        "    return yes + no if wrong is None else (yes + no) / 2",
    )


@mistake(
    "discriminator_loss",
    seen="However sure and wrong the judge, your loss of a pair stays below 19.",
    cause="A small number was added before the logarithm, so that it would be finite; a judge "
    "that is sure and wrong shall pay in full.",
)
def small_number_in_the_logarithm(solution: Solution) -> Solution:
    return (
        solution.edit(
            "F.softplus(-right)",
            "-torch.log(torch.sigmoid(right) + 1e-8)",
        )
        .edit(
            "F.softplus(fake)",
            "-torch.log(torch.sigmoid(-fake) + 1e-8)",
        )
        .edit(
            "F.softplus(wrong)",
            "-torch.log(torch.sigmoid(-wrong) + 1e-8)",
        )
    )


@mistake(
    "discriminator_loss",
    seen="However sure and wrong the judge, your loss of a pair stays below a bound, and has no "
    "slope there.",
    cause="The logits were kept within bounds, so that an exponential would be finite; a judge "
    "that is sure and wrong shall pay in full.",
)
def logits_cut(solution: Solution) -> Solution:
    return (
        solution.edit(
            "F.softplus(-right)",
            "F.softplus(-right.clamp(-50, 50))",
        )
        .edit(
            "F.softplus(fake)",
            "F.softplus(fake.clamp(-50, 50))",
        )
        .edit(
            "F.softplus(wrong)",
            "F.softplus(wrong.clamp(-50, 50))",
        )
    )


# ---- generator_loss


@mistake(
    "generator_loss",
    seen="Your loss grows when the judge believes the fakes.",
    cause="The fakes were called fake, as for the judge; the generator wants them taken for real.",
)
def label_of_the_judge(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "F.softplus(fake)")


@mistake(
    "generator_loss",
    seen="Your loss falls as it should, but is flat where every fake is found out.",
    cause="The logarithm of one minus the probability was made small; it has no slope where the "
    "generator has everything to learn.",
)
def saturating(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake).mean()", "-F.softplus(fake).mean()")


@mistake(
    "generator_loss",
    seen="Your loss is the right one with the sign turned round.",
    cause="The logarithm of the probability was minimised; it is to be made large.",
)
def logarithm_minimised(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "-F.softplus(-fake)")


@mistake(
    "generator_loss",
    seen="Twice as many fakes double your loss.",
    cause="The fakes were added up; they are averaged.",
)
def fakes_added_up(solution: Solution) -> Solution:
    return solution.edit(".mean()", ".sum()")


@mistake(
    "generator_loss",
    seen="Right for ordinary logits; for very sure ones your loss is infinite.",
    cause="A sigmoid was rounded to zero or one before its logarithm was taken, or an exponential "
    "grew beyond all numbers. Both have a form that is exact.",
)
def logarithm_of_rounded_sigmoid(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "-torch.log(torch.sigmoid(fake))")


@mistake(
    "generator_loss",
    seen="Right for ordinary logits; where fakes are found out for sure, your loss stays below a "
    "bound and has no slope.",
    cause="A small number was added to the probability, or it was kept away from zero, so that the "
    "logarithm would be finite.",
)
def small_number_added(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "-torch.log(torch.sigmoid(fake).clamp(min=1e-8))")


@mistake(
    "generator_loss",
    seen="With all logits at zero your loss is 0.47; it should be 0.69.",
    cause="A sigmoid was taken of the logits, and the loss has another one.",
)
def another_sigmoid(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "F.softplus(-fake.sigmoid())")


@mistake(
    "generator_loss",
    seen="With all logits at zero your loss is 0.35; it should be 0.69.",
    cause="The half of the judge's loss was taken over; the generator's has none.",
)
def half_of_the_judge(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake).mean()", "F.softplus(-fake).mean() / 2")


@mistake(
    "generator_loss",
    seen="Your loss is the mean logit with a sign: it has no end.",
    cause="The loss of another GAN was taken, with logits as they are.",
)
def plain_logits(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake).mean()", "-fake.mean()")


@mistake(
    "generator_loss",
    seen="Your loss is that of the mean logit; a mean of losses was asked for.",
    cause="The average was taken before the loss.",
)
def average_first(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake).mean()", "F.softplus(-fake.mean())")


@mistake(
    "generator_loss",
    seen="The value is right, but no gradient comes back from it.",
    cause="A plain number was returned, or the logits were cut off from the graph: the generator "
    "never learns.",
)
def fakes_cut_off(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-fake)", "F.softplus(-fake.detach())")


@mistake(
    "generator_loss",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def ones_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        "F.softplus(-fake).mean()",
        "F.binary_cross_entropy_with_logits(\n"
        "        fake, torch.ones(len(fake), dtype=fake.dtype)\n    )",
    )


@mistake(
    "generator_loss",
    seen="Your loss lies between minus one and zero, and is flat where fakes are found out.",
    cause="The probability itself was made large; the loss is minus its logarithm.",
)
def probability_for_its_logarithm(solution: Solution) -> Solution:
    return solution.edit(
        "F.softplus(-fake)",
        "-fake.sigmoid()",
    )


@mistake(
    "generator_loss",
    seen="Right for ordinary logits; where fakes are found out for sure, your loss stays below "
    "19 and has hardly a slope.",
    cause="A small number was added before the logarithm, so that it would be finite; what is "
    "lost is the pull just where it is needed.",
)
def small_number_in_the_logarithm_of_fakes(solution: Solution) -> Solution:
    return solution.edit(
        "F.softplus(-fake)",
        "-torch.log(torch.sigmoid(fake) + 1e-8)",
    )


@mistake(
    "generator_loss",
    seen="Right for ordinary logits; where fakes are found out for sure, your loss has no slope.",
    cause="The logits were kept within bounds, so that an exponential would be finite.",
)
def logits_of_fakes_cut(solution: Solution) -> Solution:
    return solution.edit(
        "F.softplus(-fake)",
        "F.softplus(-fake.clamp(-50, 50))",
    )


# ---- interpolation_loss


@mistake(
    "interpolation_loss",
    seen="Your judge sees the pictures beside a text that they were not drawn for.",
    cause="The judge was shown the first text; a picture of a mixed text is judged with the mixed "
    "text.",
)
def judged_with_own_text(solution: Solution) -> Solution:
    return solution.edit(
        "(generator(noise, between), between)", "(generator(noise, between), texts)"
    )


@mistake(
    "interpolation_loss",
    seen="Your pictures are drawn for the texts themselves.",
    cause="Only the judge was given mixed texts; the pictures are drawn for them.",
)
def drawn_for_own_text(solution: Solution) -> Solution:
    return solution.edit(
        "(generator(noise, between), between)", "(generator(noise, texts), between)"
    )


@mistake(
    "interpolation_loss",
    seen="Whatever the partners, your loss is that of the texts as they are.",
    cause="Each text was mixed with itself.",
)
def mixed_with_itself(solution: Solution) -> Solution:
    return solution.edit("texts[partners]", "texts")


@mistake(
    "interpolation_loss",
    seen="Right where the share is one half; else the first text gets the second one's share.",
    cause="Both shares have changed places.",
)
def shares_exchanged(solution: Solution) -> Solution:
    return solution.edit(
        "beta * texts + (1 - beta) * texts[partners]", "(1 - beta) * texts + beta * texts[partners]"
    )


@mistake(
    "interpolation_loss",
    seen="With another share than one half your loss stays as it was.",
    cause="The plain mean of both texts was taken; the given share is not used.",
)
def always_the_middle(solution: Solution) -> Solution:
    return solution.edit(
        "beta * texts + (1 - beta) * texts[partners]", "(texts + texts[partners]) / 2"
    )


@mistake(
    "interpolation_loss",
    seen="Your mixed texts are longer than either text.",
    cause="The shares do not add up to one: the second text was added whole.",
)
def shares_above_one(solution: Solution) -> Solution:
    return solution.edit("(1 - beta) * texts[partners]", "texts[partners]")


@mistake(
    "interpolation_loss",
    seen="Your noise is mixed as well.",
    cause="Noise of two examples was averaged, which makes it smaller than any real noise; only "
    "texts are mixed.",
)
def noise_mixed_too(solution: Solution) -> Solution:
    return solution.edit(
        "generator(noise, between)",
        "generator(beta * noise + (1 - beta) * noise[partners], between)",
    )


@mistake(
    "interpolation_loss",
    seen="Noise is mixed and texts are not.",
    cause="Noise and texts have changed places in the mixture.",
)
def noise_mixed_instead(solution: Solution) -> Solution:
    return solution.edit(
        "discriminator(generator(noise, between), between)",
        ("discriminator(generator(beta * noise + (1 - beta) * noise[partners], texts), texts)"),
    )


@mistake(
    "interpolation_loss",
    seen="Your pictures of two texts are averaged; a picture of the averaged text was asked for.",
    cause="The mixture was taken of pictures; it is a mixture of texts, drawn once.",
)
def pictures_mixed(solution: Solution) -> Solution:
    return solution.edit(
        "generator(noise, between)",
        "beta * generator(noise, texts) + (1 - beta) * generator(noise, texts[partners])",
    )


@mistake(
    "interpolation_loss",
    seen="Your texts are mixed with the next ones, whoever the partners are.",
    cause="The batch was shifted by one place; the given partners are not used.",
)
def neighbours_for_partners(solution: Solution) -> Solution:
    return solution.edit("texts[partners]", "texts.roll(1, 0)")


@mistake(
    "interpolation_loss",
    seen="Right where every partner's partner is oneself; else texts are mixed with wrong ones.",
    cause="The partners were read the other way round: who has me, in place of whom I have.",
)
def partners_read_backwards(solution: Solution) -> Solution:
    return solution.edit("texts[partners]", "texts[partners.argsort()]")


@mistake(
    "interpolation_loss",
    seen="The shares of your texts differ from entry to entry.",
    cause="A share was drawn for each entry of the embedding; it is one number, and given.",
)
def share_of_each_entry(solution: Solution) -> Solution:
    return solution.edit("between = beta", "beta = torch.rand_like(texts)\n    between = beta")


@mistake(
    "interpolation_loss",
    seen="Your loss falls when the judge finds the pictures out.",
    cause="The pictures were called fake, as for the judge; this is a term of the generator.",
)
def called_fake(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-judged)", "F.softplus(judged)")


@mistake(
    "interpolation_loss",
    seen="Your loss is below zero and flat where pictures are found out.",
    cause="The source's printed form was taken, which saturates; here the loss is minus the "
    "logarithm of the probability.",
)
def as_printed(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-judged).mean()", "-F.softplus(judged).mean()")


@mistake(
    "interpolation_loss",
    seen="Twice as many texts double your loss.",
    cause="Examples were added up; they are averaged.",
)
def examples_added_up(solution: Solution) -> Solution:
    return solution.edit(".mean()", ".sum()")


@mistake(
    "interpolation_loss",
    seen="Right for ordinary logits; for very sure ones your loss is infinite.",
    cause="A sigmoid was rounded to zero or one before its logarithm was taken, or an exponential "
    "grew beyond all numbers. Both have a form that is exact.",
)
def sigmoid_rounded(solution: Solution) -> Solution:
    return solution.edit("F.softplus(-judged)", "-torch.log(torch.sigmoid(judged))")


@mistake(
    "interpolation_loss",
    seen="The value is right, but the generator gets no gradient.",
    cause="The pictures were cut off, as for the judge's step; this term is there for the "
    "generator.",
)
def pictures_cut_off(solution: Solution) -> Solution:
    return solution.edit(
        "(generator(noise, between), between)", "(generator(noise, between).detach(), between)"
    )


@mistake(
    "interpolation_loss",
    seen="The value is right, but the texts get no gradient by way of the judge.",
    cause="The mixed texts were cut off before the judge read them.",
)
def texts_cut_off_for_the_judge(solution: Solution) -> Solution:
    return solution.edit(
        "(generator(noise, between), between)", "(generator(noise, between), between.detach())"
    )


@mistake(
    "interpolation_loss",
    seen="The first call is right, but the embeddings that were given to you are no longer what "
    "they were.",
    cause="The mixture was made in the given tensor itself.",
)
def texts_mixed_in_place(solution: Solution) -> Solution:
    return solution.edit(
        "between = beta * texts + (1 - beta) * texts[partners]",
        "others = texts[partners]\n    between = texts.mul_(beta).add_((1 - beta) * others)",
    )


@mistake(
    "interpolation_loss",
    seen="The numbers are right, but a new tensor does not lie where the input does.",
    cause="It was made without naming a device, and on a GPU the two would not meet.",
)
def shares_on_the_cpu(solution: Solution) -> Solution:
    return solution.edit(
        "between = beta",
        "beta = torch.full((len(texts), 1), beta, dtype=texts.dtype)\n    between = beta",
    )


@mistake(
    "interpolation_loss",
    seen="Your judge sees the pictures beside the partners' texts.",
    cause="A picture of a mixed text is judged with the mixed text; it was shown with the second "
    "of the two.",
)
def judged_with_partners_text(solution: Solution) -> Solution:
    return solution.edit(
        "(generator(noise, between), between)",
        "(generator(noise, between), texts[partners])",
    )


@mistake(
    "interpolation_loss",
    seen="The value is right, but no gradient comes back through the judge.",
    cause="The judge was asked without keeping a graph; the generator learns *through* the judge.",
)
def judge_without_gradient(solution: Solution) -> Solution:
    return solution.edit(
        "    judged = discriminator(generator(noise, between), between)\n",
        "    with torch.no_grad():\n"
        "        judged = discriminator(generator(noise, between), between)\n",
    )


@mistake(
    "interpolation_loss",
    seen="The value is right, but your judge's parameters no longer want a gradient.",
    cause="They were frozen here and stay so. Whose parameters move is the optimiser's affair.",
)
def judge_frozen(solution: Solution) -> Solution:
    return solution.edit(
        "    judged = discriminator(",
        "    for parameter in discriminator.parameters():\n"
        "        parameter.requires_grad_(False)\n    judged = discriminator(",
    )


# ---- train_step


@mistake(
    "train_step",
    seen="The judge's loss sends a gradient into your generator.",
    cause="The fakes were not cut off for the judge: a backward pass through the generator is "
    "wasted, and whatever it leaves there works against the generator.",
)
def fakes_not_cut_off(solution: Solution) -> Solution:
    return solution.edit("fakes.detach()", "fakes").edit(
        "judges.backward()", "judges.backward(retain_graph=True)"
    )


@mistake(
    "train_step",
    seen="The judge's loss moves your generator: it draws what the judge finds easier to tell.",
    cause="The fakes were not cut off for the judge, and gradients were cleared before its "
    "backward pass only, so the generator steps on both.",
)
def judges_loss_moves_generator(solution: Solution) -> Solution:
    return (
        solution.edit("fakes.detach()", "fakes")
        .edit("judges.backward()", "judges.backward(retain_graph=True)")
        .edit("    generator_optimizer.zero_grad()\n", "")
        .edit(
            "    discriminator_optimizer.zero_grad()\n",
            "    discriminator_optimizer.zero_grad()\n    generator_optimizer.zero_grad()\n",
        )
    )


@mistake(
    "train_step",
    seen="Your generator does not move.",
    cause="The fakes were cut off for the generator's own loss, too: nothing reaches it.",
)
def cut_off_for_both(solution: Solution) -> Solution:
    return solution.edit(
        "fakes = generator(batch.noise, batch.texts)",
        "fakes = generator(batch.noise, batch.texts).detach().requires_grad_()",
    )


@mistake(
    "train_step",
    seen="Your generator learns from the judge as it was before its step.",
    cause="Both losses were computed, and differentiated, before the judge moved.",
)
def judged_before_the_step(solution: Solution) -> Solution:
    return (
        solution.edit("    discriminator_optimizer.step()\n", "")
        .edit("    draws.backward()\n", "    draws.backward()\n    # judge\n")
        .edit(
            "    generator_optimizer.step()\n",
            "    generator_optimizer.step()\n"
            "    for p, g in zip(discriminator.parameters(), kept):\n        p.grad = g\n"
            "    discriminator_optimizer.step()\n",
        )
        .edit(
            "    judges.backward()\n",
            "    judges.backward()\n"
            "    kept = [p.grad.clone() for p in discriminator.parameters()]\n",
        )
    )


@mistake(
    "train_step",
    seen="Your code stops in the generator's backward pass, with an error about something that was "
    "changed in place.",
    cause="The generator's judgement was taken before the judge moved, and differentiated after.",
)
def judged_before_and_differentiated_after(solution: Solution) -> Solution:
    return solution.edit(
        "    discriminator_optimizer.zero_grad()\n",
        "    early = discriminator(fakes, batch.texts)\n    discriminator_optimizer.zero_grad()\n",
    ).edit("losses.generator(discriminator(fakes, batch.texts))", "losses.generator(early)")


@mistake(
    "train_step",
    seen="Your generator moves before the judge, and the judge sees fakes of the step before.",
    cause="The order of the two steps is turned round: the judge comes first in Algorithm 1.",
)
def generator_first(solution: Solution) -> Solution:
    return (
        solution.edit(
            "    right = discriminator(batch.pictures, batch.texts)\n",
            "    first = losses.generator(discriminator(fakes, batch.texts))\n"
            "    generator_optimizer.zero_grad()\n    first.backward()\n"
            "    generator_optimizer.step()\n"
            "    right = discriminator(batch.pictures, batch.texts)\n",
        )
        .edit(
            "draws = losses.generator(discriminator(fakes, batch.texts))", "draws = first.detach()"
        )
        .edit(
            "    generator_optimizer.zero_grad()\n    draws.backward()\n"
            "    generator_optimizer.step()\n    return",
            "    return",
        )
    )


@mistake(
    "train_step",
    seen="Your networks step with each other's optimiser.",
    cause="The two optimisers have changed places: the generator's comes first.",
)
def optimisers_exchanged(solution: Solution) -> Solution:
    return solution.edit(
        "generator_optimizer, discriminator_optimizer = optimizers",
        "discriminator_optimizer, generator_optimizer = optimizers",
    )


@mistake(
    "train_step",
    seen="The first step is right, later ones are not.",
    cause="Gradients pile up in both networks: nobody clears them.",
)
def gradients_pile_up(solution: Solution) -> Solution:
    return solution.edit("    discriminator_optimizer.zero_grad()\n", "").edit(
        "    generator_optimizer.zero_grad()\n", ""
    )


@mistake(
    "train_step",
    seen="Your judge steps on what the generator's loss left in it, from its second step on.",
    cause="The judge's gradients are not cleared; the generator's backward pass runs through the "
    "judge and leaves some there.",
)
def judge_not_cleared(solution: Solution) -> Solution:
    return solution.edit("    discriminator_optimizer.zero_grad()\n", "")


@mistake(
    "train_step",
    seen="Your generator's gradients of earlier steps still count.",
    cause="The generator's gradients are never cleared.",
)
def generator_not_cleared(solution: Solution) -> Solution:
    return solution.edit("    generator_optimizer.zero_grad()\n", "")


@mistake(
    "train_step",
    seen="Whole runs are right, but gradients that were there before the first step count.",
    cause="Gradients were cleared after the steps; clear them before each backward pass.",
)
def cleared_afterwards(solution: Solution) -> Solution:
    return (
        solution.edit("    discriminator_optimizer.zero_grad()\n", "")
        .edit("    generator_optimizer.zero_grad()\n", "")
        .edit(
            "    generator_optimizer.step()\n",
            "    generator_optimizer.step()\n    generator_optimizer.zero_grad()\n"
            "    discriminator_optimizer.zero_grad()\n",
        )
    )


@mistake(
    "train_step",
    seen="Your networks do not move.",
    cause="Gradients were cleared between the backward pass and the step.",
)
def cleared_too_late(solution: Solution) -> Solution:
    return solution.edit(
        "    discriminator_optimizer.zero_grad()\n    judges.backward()\n",
        "    judges.backward()\n    discriminator_optimizer.zero_grad()\n",
    ).edit(
        "    generator_optimizer.zero_grad()\n    draws.backward()\n",
        "    draws.backward()\n    generator_optimizer.zero_grad()\n",
    )


@mistake(
    "train_step",
    seen="The judge's step in your answer comes twice, the second time on the generator's loss.",
    cause="Both optimisers step at the end, as if one held both networks: the judge learns to be "
    "deceived.",
)
def judge_steps_for_generator(solution: Solution) -> Solution:
    return solution.edit(
        "    generator_optimizer.step()\n",
        "    generator_optimizer.step()\n    discriminator_optimizer.step()\n",
    )


@mistake(
    "train_step",
    seen="Real and fake pictures go through your judge in one call.",
    cause="Right, wrong and fake pairs were put into one batch; batch normalisation then sees them "
    "mixed, and mixed is not what the generator's fakes meet later.",
)
def all_in_one_call(solution: Solution) -> Solution:
    return (
        solution.edit(
            "right = discriminator(batch.pictures, batch.texts)",
            "shown = [batch.pictures, batch.pictures, fakes.detach()]\n"
            "    words = [batch.texts, batch.wrong, batch.texts]\n"
            "    if not wrong_pairs:\n        del shown[1], words[1]\n"
            "    judged = discriminator(torch.cat(shown), torch.cat(words)).chunk(len(shown))\n"
            "    right, fake = judged[0], judged[-1]",
        )
        .edit(
            "wrong = discriminator(batch.pictures, batch.wrong) if wrong_pairs else None",
            "wrong = judged[1] if wrong_pairs else None",
        )
        .edit("discriminator(fakes.detach(), batch.texts)", "fake")
    )


@mistake(
    "train_step",
    seen="The wrong pairs of your judge are fakes with a wrong text.",
    cause="The wrong text was shown with the fake; it belongs to the real picture, which is what "
    "makes the judge listen.",
)
def wrong_text_with_fake(solution: Solution) -> Solution:
    return solution.edit(
        "discriminator(batch.pictures, batch.wrong)", "discriminator(fakes.detach(), batch.wrong)"
    )


@mistake(
    "train_step",
    seen="The wrong pairs of your judge are right.",
    cause="The real pictures were shown with their own texts a second time.",
)
def wrong_pairs_are_right(solution: Solution) -> Solution:
    return solution.edit(
        "discriminator(batch.pictures, batch.wrong)", "discriminator(batch.pictures, batch.texts)"
    )


@mistake(
    "train_step",
    seen="Your fakes are drawn for the wrong texts.",
    cause="Noise was joined with the wrong texts; a fake is drawn for the right one, and judged "
    "with it.",
)
def drawn_for_wrong_texts(solution: Solution) -> Solution:
    return solution.edit(
        "generator(batch.noise, batch.texts)", "generator(batch.noise, batch.wrong)"
    )


@mistake(
    "train_step",
    seen="Wrong pairs are shown, whether they are wanted or not.",
    cause="The switch for the plain GAN is not asked.",
)
def always_with_wrong_pairs(solution: Solution) -> Solution:
    return solution.edit(" if wrong_pairs else None", "")


@mistake(
    "train_step",
    seen="Without wrong pairs your judge's loss is told something in their place.",
    cause="Where no wrong pairs are wanted, the loss must be told so; it was given the right ones "
    "instead.",
)
def something_for_none(solution: Solution) -> Solution:
    return solution.edit("if wrong_pairs else None", "if wrong_pairs else right")


@mistake(
    "train_step",
    seen="The interpolation does not move your generator.",
    cause="Its loss is computed and told, but never added.",
)
def interpolation_not_added(solution: Solution) -> Solution:
    return solution.edit("draws + interpolate * between", "draws")


@mistake(
    "train_step",
    seen="The interpolation counts whole in your step, whatever its weight.",
    cause="The weight was used as a switch only.",
)
def interpolation_not_weighted(solution: Solution) -> Solution:
    return solution.edit("draws + interpolate * between", "draws + between")


@mistake(
    "train_step",
    seen="With a weight below one your generator's own loss counts less as well.",
    cause="The two losses were mixed with shares that add up to one; the interpolation is added.",
)
def mixed_by_shares(solution: Solution) -> Solution:
    return solution.edit(
        "draws + interpolate * between", "(1 - interpolate) * draws + interpolate * between"
    )


@mistake(
    "train_step",
    seen="The interpolation is called though its weight is zero.",
    cause="A loss times zero was added: right numbers, but a third of the work is for nothing.",
)
def interpolation_times_zero(solution: Solution) -> Solution:
    return solution.edit("if interpolate:", "if True:")


@mistake(
    "train_step",
    seen="The value that you tell of the interpolation is its weighted one.",
    cause="The value was multiplied by its weight before it was told.",
)
def interpolation_told_weighted(solution: Solution) -> Solution:
    return solution.edit("between.item()", "interpolate * between.item()")


@mistake(
    "train_step",
    seen="The interpolation trains your judge, too.",
    cause="The interpolation was added to the judge's loss as well; no real picture belongs to a "
    "mixed text, so the judge has nothing to learn from it.",
)
def interpolation_for_the_judge(solution: Solution) -> Solution:
    return solution.edit(
        "    discriminator_optimizer.zero_grad()\n",
        "    if interpolate:\n        judges = judges + interpolate * losses.interpolation(\n"
        "            generator, discriminator, batch.noise, batch.texts, batch.partners)\n"
        "    discriminator_optimizer.zero_grad()\n",
    )


@mistake(
    "train_step",
    seen="Your fakes are drawn twice in one step.",
    cause="Other fakes were drawn for the generator's loss: its batch normalisation counts them "
    "twice, and the work is done twice.",
)
def drawn_twice(solution: Solution) -> Solution:
    return solution.edit(
        "losses.generator(discriminator(fakes, batch.texts))",
        "losses.generator(discriminator(generator(batch.noise, batch.texts), batch.texts))",
    )


@mistake(
    "train_step",
    seen="Your step draws noise of its own.",
    cause="Noise is drawn inside, and the given noise is not used.",
)
def own_noise(solution: Solution) -> Solution:
    return solution.edit(
        "generator(batch.noise, batch.texts)",
        "generator(torch.randn_like(batch.noise), batch.texts)",
    )


@mistake(
    "train_step",
    seen="Your judge cannot be trained after the step.",
    cause="Its parameters were frozen for the generator's turn and not set free again.",
)
def judge_stays_frozen(solution: Solution) -> Solution:
    return solution.edit(
        "    generator_optimizer.zero_grad()\n",
        "    discriminator.requires_grad_(False)\n    generator_optimizer.zero_grad()\n",
    )


@mistake(
    "train_step",
    seen="Your networks are in another mode after the step than before.",
    cause="The step set a mode and did not set it back; modes are the affair of the loop.",
)
def judge_left_in_evaluation(solution: Solution) -> Solution:
    return solution.edit(
        "    return told", "    discriminator.eval()\n    generator.eval()\n    return told"
    )


@mistake(
    "train_step",
    seen="Your step trains networks that were in evaluation mode, and leaves them in training.",
    cause="The mode of both networks is set inside the step; modes are the affair of the loop.",
)
def mode_set_inside(solution: Solution) -> Solution:
    return solution.edit(
        "fakes = generator(batch.noise",
        "generator.train(), discriminator.train()\n    fakes = generator(batch.noise",
    )


@mistake(
    "train_step",
    seen="Everything moves as it should, but what you return is no plain number.",
    cause="The losses came back as tensors with their graph; a list of them fills the memory.",
)
def tensors_told(solution: Solution) -> Solution:
    return solution.edit("judges.item()", "judges").edit("draws.item()", "draws")


@mistake(
    "train_step",
    seen="The generator's loss that you tell contains the interpolation's.",
    cause="The sum was told; both losses are told by themselves.",
)
def sum_told(solution: Solution) -> Solution:
    return solution.edit("    return told", "    return told | {'generator': draws.item()}")


@mistake(
    "train_step",
    seen="The judge's loss that you tell is the one after its step.",
    cause="The pairs were judged once more before the losses were told.",
)
def judged_once_more(solution: Solution) -> Solution:
    return solution.edit(
        "    discriminator_optimizer.step()\n",
        "    discriminator_optimizer.step()\n"
        "    right = discriminator(batch.pictures, batch.texts)\n"
        "    fake = discriminator(fakes.detach(), batch.texts)\n"
        "    judges = losses.discriminator(right, wrong, fake)\n",
    )


@mistake(
    "train_step",
    seen="Your code stops in the generator's backward pass: the way back through the generator "
    "has been used already.",
    cause="The fakes were not cut off for the judge. Its backward pass went on through the "
    "generator and freed what the generator's own pass needs.",
)
def not_cut_off_at_all(solution: Solution) -> Solution:
    return solution.edit(
        "fakes.detach()",
        "fakes",
    )


@mistake(
    "train_step",
    seen="Your fakes are drawn twice, and the judge's loss sends a gradient into your generator.",
    cause="The fakes were not cut off for the judge; drawing others for the generator only hides "
    "the error that this gives.",
)
def not_cut_off_and_redrawn(solution: Solution) -> Solution:
    return solution.edit(
        "fakes.detach()",
        "fakes",
    ).edit(
        "losses.generator(discriminator(fakes, batch.texts))",
        "losses.generator(discriminator(generator(batch.noise, batch.texts), batch.texts))",
    )


@mistake(
    "train_step",
    seen="Your judge steps on what the generator's loss left in it, from its second step on.",
    cause="Each network's gradients were cleared after its own step; the generator's backward "
    "pass, which comes later, leaves new ones in the judge.",
)
def each_cleared_after_its_step(solution: Solution) -> Solution:
    return (
        solution.edit(
            "    discriminator_optimizer.zero_grad()\n",
            "",
        )
        .edit(
            "    discriminator_optimizer.step()\n",
            "    discriminator_optimizer.step()\n    discriminator_optimizer.zero_grad()\n",
        )
        .edit(
            "    generator_optimizer.zero_grad()\n",
            "",
        )
        .edit(
            "    generator_optimizer.step()\n",
            "    generator_optimizer.step()\n    generator_optimizer.zero_grad()\n",
        )
    )


@mistake(
    "train_step",
    seen="Your judge does not move.",
    cause="Its gradients were cleared between the backward pass and the step.",
)
def judge_cleared_too_late(solution: Solution) -> Solution:
    return solution.edit(
        "    discriminator_optimizer.zero_grad()\n    judges.backward()\n",
        "    judges.backward()\n    discriminator_optimizer.zero_grad()\n",
    )


@mistake(
    "train_step",
    seen="Your generator does not move.",
    cause="Its gradients were cleared between the backward pass and the step.",
)
def generator_cleared_too_late(solution: Solution) -> Solution:
    return solution.edit(
        "    generator_optimizer.zero_grad()\n    draws.backward()\n",
        "    draws.backward()\n    generator_optimizer.zero_grad()\n",
    )


@mistake(
    "train_step",
    seen="The judge's loss takes your fakes for wrong pairs, and wrong pairs for fakes.",
    cause="Its three kinds were handed over in another order.",
)
def wrong_and_fake_exchanged(solution: Solution) -> Solution:
    return solution.edit(
        "losses.discriminator(right, wrong, discriminator(fakes.detach(), batch.texts))",
        "losses.discriminator(\n"
        "        right, *([None] if wrong is None else []),\n"
        "        discriminator(fakes.detach(), batch.texts),\n"
        "        *([] if wrong is None else [wrong]),\n    )",
    )


@mistake(
    "train_step",
    seen="Your generator learns from a judge that normalises otherwise than the one that learnt.",
    cause="The judge was put into evaluation mode for the generator's turn: other statistics, "
    "another opponent.",
)
def judge_in_evaluation_for_generator(solution: Solution) -> Solution:
    return solution.edit(
        "    draws = losses",
        "    discriminator.eval()\n    draws = losses",
    ).edit(
        "    return told",
        "    discriminator.train()\n    return told",
    )


@mistake(
    "train_step",
    seen="Your generator is judged by texts that its pictures were not drawn for.",
    cause="The fresh judgement took the wrong texts; a fake is judged with the text that it was "
    "drawn for.",
)
def fakes_judged_with_wrong_texts(solution: Solution) -> Solution:
    return solution.edit(
        "losses.generator(discriminator(fakes, batch.texts))",
        "losses.generator(discriminator(fakes, batch.wrong))",
    )


@mistake(
    "train_step",
    seen="A weight below zero switches your interpolation off.",
    cause="The weight was asked whether it is positive; the question is whether it is zero.",
)
def negative_weights_forgotten(solution: Solution) -> Solution:
    return solution.edit(
        "if interpolate:",
        "if interpolate > 0:",
    )


@mistake(
    "train_step",
    seen="Everything moves as it should, but the losses that you tell are rounded.",
    cause="The numbers were rounded before they were told; rounding is for those who print them.",
)
def rounded_numbers(solution: Solution) -> Solution:
    return solution.edit(
        "judges.item()",
        "round(judges.item(), 3)",
    ).edit(
        "draws.item()",
        "round(draws.item(), 3)",
    )
