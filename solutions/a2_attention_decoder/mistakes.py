"""Known wrong answers of assignment 2. `seen` is what a student's own numbers show, `cause` the
reason; neither names an argument, an axis number or code. Sources: errors reported for public
implementations of attention captioning, and what these formulas invite one to do.
"""

from autograder.authoring import Solution, mistake

# ---- attention


@mistake(
    "attention",
    seen="Your weights add up to one over the batch's pictures, not over each picture's cells.",
    cause="The softmax lets the pictures of the batch compete with each other.",
)
def softmax_over_batch(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)", "scores.softmax(dim=0)")


@mistake(
    "attention",
    seen="Context and weights have changed places in your answer.",
    cause="The order of what is returned: the context comes first.",
)
def answers_swapped(solution: Solution) -> Solution:
    return solution.edit("return context, alpha", "return alpha, context")


@mistake(
    "attention",
    seen="Each of your weights is one: every cell is looked at fully.",
    cause="The softmax ran over the axis of length one behind the cells.",
)
def softmax_over_one_score(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)", "scores.unsqueeze(2).softmax(dim=2).squeeze(2)")


@mistake(
    "attention",
    seen="The weights are another distribution than the formula's: small scores differ most.",
    cause="The sum went through tanh, as in Bahdanau's attention; here it is rectified.",
)
def tanh_for_relu(solution: Solution) -> Solution:
    return solution.edit("torch.relu(", "torch.tanh(")


@mistake(
    "attention",
    seen="Your weights do not change with the hidden state.",
    cause="Nothing bends the sum before it is scored, so the question adds the same number to all "
    "cells, and the softmax removes it.",
)
def no_relu(solution: Solution) -> Solution:
    return solution.edit("torch.relu(offered + asked)", "offered + asked")


@mistake(
    "attention",
    seen="Your context is the right one, only smaller: by as many times as there are cells.",
    cause="The weighted features were averaged; the weights already add up to one.",
)
def context_is_mean(solution: Solution) -> Solution:
    return solution.edit(
        "(alpha.unsqueeze(1) @ encoder_out).squeeze(1)",
        "(alpha.unsqueeze(2) * encoder_out).mean(dim=1)",
    )


@mistake(
    "attention",
    seen="A batch works, a single picture does not: its shapes have an axis too few.",
    cause="All axes of length one were dropped, the batch's too.",
)
def squeeze_everything(solution: Solution) -> Solution:
    return solution.edit(".squeeze(2)", ".squeeze()")


@mistake(
    "attention",
    seen="The weights are right, but the context grows with the raw scores.",
    cause="The features were multiplied by the scores as they were before the softmax.",
)
def context_from_scores(solution: Solution) -> Solution:
    return solution.edit("(alpha.unsqueeze(1) @", "(scores.unsqueeze(1) @")


@mistake(
    "attention",
    seen="Each of your weights lies between zero and one, but together they are not one.",
    cause="Each cell was judged by itself (a sigmoid); in a softmax the cells compete.",
)
def sigmoid_weights(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)", "scores.sigmoid()")


@mistake(
    "attention",
    seen="It fails for most batches; with as many pictures as cells it gives numbers, wrong ones.",
    cause="The hidden states were spread over the cells, not over the pictures they belong to.",
)
def question_without_axis(solution: Solution) -> Solution:
    return solution.edit(".unsqueeze(1)\n        scores", "\n        scores")


@mistake(
    "attention",
    seen="All numbers are right, but no gradient comes back through the weights.",
    cause="The weights were cut off from the graph, so attention could never learn where to look.",
)
def detached_weights(solution: Solution) -> Solution:
    return solution.edit("scores.softmax(dim=1)", "scores.softmax(dim=1).detach()")


@mistake(
    "attention",
    seen="Right for moderate scores, not a number for large ones.",
    cause="The exponentials were taken of the bare scores; subtract the largest first, or use the "
    "library's softmax.",
)
def softmax_overflows(solution: Solution) -> Solution:
    return solution.edit(
        "scores.softmax(dim=1)", "scores.exp() / scores.exp().sum(dim=1, keepdim=True)"
    )


# ---- init_hidden_state


@mistake(
    "init_hidden_state",
    seen="Your hidden state holds the numbers of the cell state, and the other way round.",
    cause="The two layers, or the two results, changed places.",
)
def states_swapped(solution: Solution) -> Solution:
    return solution.edit("fc_h(mean), fc_c(mean)", "fc_c(mean), fc_h(mean)")


@mistake(
    "init_hidden_state",
    seen="Hidden state and cell state are the same numbers.",
    cause="One layer made both of them.",
)
def one_layer_for_both(solution: Solution) -> Solution:
    return solution.edit("fc_h(mean), fc_c(mean)", "fc_h(mean), fc_h(mean)")


@mistake(
    "init_hidden_state",
    seen="Your states are too large, and the more cells there are, the larger.",
    cause="The cells were added up, not averaged.",
)
def sum_of_cells(solution: Solution) -> Solution:
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.sum(dim=1)")


@mistake(
    "init_hidden_state",
    seen="No number of yours leaves the range from -1 to 1; the right states do.",
    cause="A tanh behind the layers: some public code has it, this exercise does not.",
)
def squashed_states(solution: Solution) -> Solution:
    return solution.edit("fc_h(mean), fc_c(mean)", "fc_h(mean).tanh(), fc_c(mean).tanh()")


@mistake(
    "init_hidden_state",
    seen="Your states follow the strongest cell of each feature, not all cells.",
    cause="The cells were pooled by their maximum.",
)
def maximum_of_cells(solution: Solution) -> Solution:
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.amax(dim=1)")


@mistake(
    "init_hidden_state",
    seen="All pictures that share a batch flow into each state.",
    cause="The mean was taken over the pictures instead of over the cells.",
)
def mean_over_batch(solution: Solution) -> Solution:
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.mean(dim=0)")


@mistake(
    "init_hidden_state",
    seen="It fails, except where there are as many cells as features; there it is wrong.",
    cause="The features of each cell were averaged, so what a cell shows was lost.",
)
def mean_over_features(solution: Solution) -> Solution:
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.mean(dim=2)")


# ---- attention_step


@mistake(
    "attention_step",
    seen="The scores are right, but your weights belong to the next step.",
    cause="Attention was asked again after the cell had moved, and that answer was returned.",
)
def looks_again_after(solution: Solution) -> Solution:
    return solution.edit(
        "scores = self.word_fc(h)",
        "scores = self.word_fc(h)\n        context, alpha = self.attention(encoder_out, h)",
    )


@mistake(
    "attention_step",
    seen="Your weights follow the cell state.",
    cause="Attention was asked with c; the question comes from h.",
)
def asks_with_cell_state(solution: Solution) -> Solution:
    return solution.edit("self.attention(encoder_out, h)", "self.attention(encoder_out, c)")


@mistake(
    "attention_step",
    seen="The cell reads the right numbers in another order: the picture first, then the word.",
    cause="The two halves of the input changed places.",
)
def halves_swapped(solution: Solution) -> Solution:
    return solution.edit(
        "[self.embedding(words), self.context_fc(context)]",
        "[self.context_fc(context), self.embedding(words)]",
    )


@mistake(
    "attention_step",
    seen="The picture's half of the cell's input holds the bare features.",
    cause="The context went to the cell without its fully connected layer.",
)
def context_without_layer(solution: Solution) -> Solution:
    return solution.edit("self.context_fc(context)", "context")


@mistake(
    "attention_step",
    seen="Your scores do not depend on the word that was just read.",
    cause="The words were scored from the hidden state before the cell moved.",
)
def scores_from_old_state(solution: Solution) -> Solution:
    return solution.edit(
        "h, c = self.cell(x, h, c)\n        scores = self.word_fc(h)",
        "scores = self.word_fc(h)\n        h, c = self.cell(x, h, c)",
    )


@mistake(
    "attention_step",
    seen="Your scores add up to one: they are probabilities already.",
    cause="A softmax was applied here; the loss and the search apply their own.",
)
def probabilities_for_scores(solution: Solution) -> Solution:
    return solution.edit("self.word_fc(h)", "self.word_fc(h).softmax(dim=1)")


@mistake(
    "attention_step",
    seen="Your scores are never above zero: they are logarithms of probabilities already.",
    cause="A log-softmax was applied here; the loss and the search apply their own.",
)
def log_probabilities_for_scores(solution: Solution) -> Solution:
    return solution.edit("self.word_fc(h)", "self.word_fc(h).log_softmax(dim=1)")


@mistake(
    "attention_step",
    seen="One step is right, but the state you hand on is the one that came in.",
    cause="The cell's new h and c were used for the scores and then forgotten.",
)
def hands_on_old_state(solution: Solution) -> Solution:
    return solution.edit("(h, c, encoder_out), alpha", "state, alpha")


@mistake(
    "attention_step",
    seen="The first step is right; in the second the picture has faded.",
    cause="The state hands on the features already multiplied by their weights.",
)
def picture_replaced(solution: Solution) -> Solution:
    return solution.edit(
        "(h, c, encoder_out), alpha", "(h, c, encoder_out * alpha.unsqueeze(2)), alpha"
    )


@mistake(
    "attention_step",
    seen="Your scores follow the cell state, not the hidden state.",
    cause="The word layer was given c.",
)
def scores_from_cell_state(solution: Solution) -> Solution:
    return solution.edit("self.word_fc(h)", "self.word_fc(c)")


# ---- attention_forward


@mistake(
    "attention_forward",
    seen="Right for equal lengths; else your rows come back with the longest caption first.",
    cause="The batch was sorted and never brought back into the order in which it came.",
)
def order_not_restored(solution: Solution) -> Solution:
    return solution.edit("scores[back], alphas[back]", "scores, alphas")


@mistake(
    "attention_forward",
    seen="Long captions lose their steps: the shortest ones are decoded instead.",
    cause="`argsort()` without `descending=True` puts the shortest caption first.",
)
def shortest_first(solution: Solution) -> Solution:
    return solution.edit("argsort(descending=True)", "argsort()")


@mistake(
    "attention_forward",
    seen="Captions of different lengths speak about each other's pictures.",
    cause="The captions were sorted, the pictures were not.",
)
def pictures_not_sorted(solution: Solution) -> Solution:
    return solution.edit("self.init_state(encoder_out[order])", "self.init_state(encoder_out)")


@mistake(
    "attention_forward",
    seen="The rows are put back by the wrong shuffle: right for two captions, wrong for some more.",
    cause="Sorting once more by the same order is not the way back; the inverse of the order is.",
)
def restored_by_order(solution: Solution) -> Solution:
    return solution.edit("back = order.argsort()", "back = order")


@mistake(
    "attention_forward",
    seen="Behind the end of a caption your scores and weights are not zero: the decoder read pads.",
    cause="Every row was moved at every time step, whether its caption went on or not.",
)
def works_on_pads(solution: Solution) -> Solution:
    return solution.edit("n = int((steps > t).sum())", "n = batch")


@mistake(
    "attention_forward",
    seen="All scores are right, but the step was fed pads on the way.",
    cause="All rows were moved at every time step, and what pads gave was erased afterwards.",
)
def pads_erased_afterwards(solution: Solution) -> Solution:
    return solution.edit("n = int((steps > t).sum())", "n = batch").edit(
        "return scores[back], alphas[back]",
        "real = (torch.arange(longest - 1) < steps.unsqueeze(1)).unsqueeze(2)\n"
        "        return scores[back] * real, alphas[back] * real",
    )


@mistake(
    "attention_forward",
    seen="The first step is right; from the second on, the decoder hears its own words.",
    cause="It was fed its best guess instead of the caption's word: no teacher forcing.",
)
def feeds_own_words(solution: Solution) -> Solution:
    return solution.edit(
        "self.step(captions[:n, t], state)",
        "self.step(scores[:n, t - 1].argmax(1) if t else captions[:n, 0], state)",
    )


@mistake(
    "attention_forward",
    seen="Each caption is one step too long: <end> was read, and something was predicted from it.",
    cause="The number of steps is the number of tokens; but the last token is only predicted.",
)
def end_is_fed(solution: Solution) -> Solution:
    return solution.edit(
        "for t in range(int(steps.max())):",
        "steps = lengths.clamp(max=longest - 1)\n        for t in range(int(steps.max())):",
    )


@mistake(
    "attention_forward",
    seen="Each caption shorter than the longest is one step too long: its <end> was read.",
    cause="Captions took part once more when all their steps were done.",
)
def one_row_too_long(solution: Solution) -> Solution:
    return solution.edit("(steps > t)", "(steps >= t)")


@mistake(
    "attention_forward",
    seen="The last step of each caption is missing: its scores and weights are zero.",
    cause="A caption stopped one step early; the step that predicts <end> counts too.",
)
def last_step_missing(solution: Solution) -> Solution:
    return solution.edit("(steps > t)", "(steps > t + 1)")


@mistake(
    "attention_forward",
    seen="The last step of the longest captions is missing; shorter captions are right.",
    cause="The loop over time ended one step early.",
)
def loop_too_short(solution: Solution) -> Solution:
    return solution.edit("range(int(steps.max()))", "range(int(steps.max()) - 1)")


@mistake(
    "attention_forward",
    seen="An index is too large, or, where columns of pads leave room, your scores and weights "
    "stand one place too late.",
    cause="What the step gave was stored at the place of the word that it predicts.",
)
def stored_one_place_late(solution: Solution) -> Solution:
    return solution.edit(
        "scores[:n, t], state, alphas[:n, t] =",
        "place = t + 1\n            scores[:n, place], state, alphas[:n, place] =",
    )


@mistake(
    "attention_forward",
    seen="The step is fed the very word that it is to predict.",
    cause="The words were taken one place too far to the right: the answer is in the question.",
)
def fed_the_answer(solution: Solution) -> Solution:
    return solution.edit("captions[:n, t], state)", "captions[:n, t + 1], state)")


@mistake(
    "attention_forward",
    seen="The first step is right; later ones have forgotten all words but the last.",
    cause="Each step began with the first state again.",
)
def state_forgotten(solution: Solution) -> Solution:
    return solution.edit(
        "scores[:n, t], state, alphas[:n, t] =", "scores[:n, t], _, alphas[:n, t] ="
    )


@mistake(
    "attention_forward",
    seen="Scores are right; the attention weights carry no gradient.",
    cause="The weights were stored as plain numbers, so the penalty on them could not teach.",
)
def weights_stored_detached(solution: Solution) -> Solution:
    return solution.edit("alphas[back]", "alphas[back].detach()")


# ---- doubly_stochastic_penalty


@mistake(
    "doubly_stochastic_penalty",
    seen="The same number whatever the weights are, with a gradient of zero.",
    cause="The sum ran over the cells, where a distribution always adds up to one.",
)
def sum_over_cells(solution: Solution) -> Solution:
    return solution.edit(".sum(dim=1)", ".sum(dim=2)")


@mistake(
    "doubly_stochastic_penalty",
    seen="Right for captions of one length; else what stands behind the end counts too.",
    cause="The sum over time ran over the padded steps.",
)
def counts_padded_steps(solution: Solution) -> Solution:
    return solution.edit("alphas.masked_fill(~real.unsqueeze(2), 0)", "alphas")


@mistake(
    "doubly_stochastic_penalty",
    seen="One step too many of each caption counts.",
    cause="A caption of n tokens has one step less than tokens: nothing is predicted from <end>.",
)
def one_step_too_many(solution: Solution) -> Solution:
    return solution.edit("(lengths - 1).unsqueeze(1)", "lengths.unsqueeze(1)")


@mistake(
    "doubly_stochastic_penalty",
    seen="The last step of each caption is missing.",
    cause="Only the words were counted; the step that predicts <end> looks at the picture as well.",
)
def one_step_too_few(solution: Solution) -> Solution:
    return solution.edit("(lengths - 1).unsqueeze(1)", "(lengths - 2).unsqueeze(1)")


@mistake(
    "doubly_stochastic_penalty",
    seen="Your penalty grows with the number of cells and of pictures.",
    cause="The squares were added up; this course takes their mean.",
)
def sum_for_mean(solution: Solution) -> Solution:
    return solution.edit(".square().mean()", ".square().sum()")


@mistake(
    "doubly_stochastic_penalty",
    seen="Your penalty grows with the number of cells, but not with the number of pictures.",
    cause="The squares were added up over the cells, as the paper prints it; this course takes the "
    "mean over cells too.",
)
def paper_sum_over_cells(solution: Solution) -> Solution:
    return solution.edit(".square().mean()", ".square().sum(dim=1).mean()")


@mistake(
    "doubly_stochastic_penalty",
    seen="Your penalty is too large, close to one, as if no cell had been looked at.",
    cause="The weights were averaged over time instead of added up.",
)
def mean_over_time(solution: Solution) -> Solution:
    return solution.edit(".sum(dim=1)", ".mean(dim=1)")


@mistake(
    "doubly_stochastic_penalty",
    seen="The distances from one are right, their squares are missing.",
    cause="The absolute value was taken, so all cells are pulled equally hard.",
)
def absolute_for_square(solution: Solution) -> Solution:
    return solution.edit(".square()", ".abs()")


@mistake(
    "doubly_stochastic_penalty",
    seen="Right until there is something behind the end that is not a number.",
    cause="The padded steps were multiplied by zero, and not-a-number times zero stays so.",
)
def mask_by_product(solution: Solution) -> Solution:
    return solution.edit(
        "alphas.masked_fill(~real.unsqueeze(2), 0)", "(alphas * real.unsqueeze(2))"
    )


# ---- beam_search_with_attention


@mistake(
    "beam_search_with_attention",
    seen="Your scores are sums of raw scores: adding a constant to all words would change them.",
    cause="The scores of a step were not turned into log-probabilities.",
)
def raw_scores(solution: Solution) -> Solution:
    return solution.edit("scores.log_softmax(dim=1)", "scores")


@mistake(
    "beam_search_with_attention",
    seen="Your scores are positive: probabilities were added.",
    cause="Probabilities multiply; it is their logarithms that add up.",
)
def sum_of_probabilities(solution: Solution) -> Solution:
    return solution.edit("scores.log_softmax(dim=1)", "scores.softmax(dim=1)")


@mistake(
    "beam_search_with_attention",
    seen="With a beam of one all is right; with more, beginnings go on in each other's state.",
    cause="Words and scores followed their parents, the decoder's state did not.",
)
def state_without_parents(solution: Solution) -> Solution:
    return solution.edit(
        "state = tuple(part[parents] for part in state)",
        "state = tuple(part[torch.arange(len(words)) % len(part)] for part in state)",
    )


@mistake(
    "beam_search_with_attention",
    seen="The caption is right, but some of its maps belong to other beginnings.",
    cause="Maps were handed out in the order of the candidates; they must follow the parents.",
)
def maps_without_parents(solution: Solution) -> Solution:
    return solution.edit(
        "live[parent][2] + [alpha[parent]])\n            for score, parent, word in zip(",
        "live[parent][2] + [alpha[place % len(alpha)]])\n"
        "            for place, (score, parent, word) in enumerate(zip(",
    ).edit("words.tolist())\n        ]", "words.tolist()))\n        ]")


@mistake(
    "beam_search_with_attention",
    seen="The caption is right, but each of its maps is that of the first beginning in the beam.",
    cause="One row of the weights was given to all; each caption's own parent has its row.",
)
def maps_of_first_beginning(solution: Solution) -> Solution:
    return solution.edit("[alpha[parent]]", "[alpha[0]]")


@mistake(
    "beam_search_with_attention",
    seen="You find captions that such a beam cannot see: it keeps its width as captions finish.",
    cause="A finished caption must give up its place in the beam.",
)
def beam_keeps_width(solution: Solution) -> Solution:
    return solution.edit("beam_size - len(finished)", "beam_size")


@mistake(
    "beam_search_with_attention",
    seen="You return longer captions with a lower score than the best.",
    cause="Captions were compared by their score per word; here the score itself decides.",
)
def score_per_word(solution: Solution) -> Solution:
    return solution.edit(
        "key=lambda caption: caption[0]", "key=lambda caption: caption[0] / len(caption[1])"
    )


@mistake(
    "beam_search_with_attention",
    seen="You stop at the first caption that finishes; a better one would have finished later.",
    cause="The search must go on until the beam is empty.",
)
def first_finished_wins(solution: Solution) -> Solution:
    return solution.edit("if not live:", "if finished or not live:")


@mistake(
    "beam_search_with_attention",
    seen="There is one map more than there are words.",
    cause="The map of the step that said <end> was kept.",
)
def map_of_end_kept(solution: Solution) -> Solution:
    return solution.edit("torch.stack(rows)[: len(ids)]", "torch.stack(rows)")


@mistake(
    "beam_search_with_attention",
    seen="Your captions still hold the mark of their end.",
    cause="<end> was returned as if it were a word.",
)
def end_returned(solution: Solution) -> Solution:
    return solution.edit("[word for word in ids if word != end]", "list(ids)")


@mistake(
    "beam_search_with_attention",
    seen="Sometimes you return a caption that breaks off although others were complete.",
    cause="Unfinished captions took part in the final choice.",
)
def unfinished_compete(solution: Solution) -> Solution:
    return solution.edit("max(finished or live,", "max(finished + live,")


@mistake(
    "beam_search_with_attention",
    seen="Right unless no caption finishes; then the search breaks.",
    cause="The final choice was made among the finished captions only, and there may be none.",
)
def nothing_finished_breaks(solution: Solution) -> Solution:
    return solution.edit("max(finished or live,", "max(finished,")


@mistake(
    "beam_search_with_attention",
    seen="All your answers are those of a beam of one.",
    cause="Each step kept only the single best pair.",
)
def always_greedy(solution: Solution) -> Solution:
    return solution.edit(
        "min(beam_size - len(finished), totals.numel())",
        "min(beam_size - len(finished), totals.numel(), 1)",
    )


# ---- upsample_attention


@mistake(
    "upsample_attention",
    seen="Your maps sit about half a cell too far to the lower right.",
    cause="The grid was stretched over the picture, as image resizing does; the layers say where a "
    "cell lies.",
)
def stretched_over_picture(solution: Solution) -> Solution:
    return solution.edit(
        "return shares(height, rows) @ alpha.reshape(rows, columns) @ shares(width, columns).T",
        "grid_map = alpha.reshape(1, 1, rows, columns)\n"
        "    return nn.functional.interpolate(grid_map, size, mode='bilinear')[0, 0]",
    )


@mistake(
    "upsample_attention",
    seen="Your outermost cells lie exactly on the picture's edges.",
    cause="The grid was stretched from edge to edge; where a cell lies follows from the layers.",
)
def corners_on_corners(solution: Solution) -> Solution:
    return solution.edit(
        "return shares(height, rows) @ alpha.reshape(rows, columns) @ shares(width, columns).T",
        "grid_map = alpha.reshape(1, 1, rows, columns)\n"
        "    return nn.functional.interpolate(\n"
        "        grid_map, size, mode='bilinear', align_corners=True\n"
        "    )[0, 0]",
    )


@mistake(
    "upsample_attention",
    seen="The distance between your centres is right, but all are shifted by a little.",
    cause="The shift of a layer counts in cells of the layer below, not in pixels of the picture.",
)
def shift_in_pixels(solution: Solution) -> Solution:
    return solution.edit("((kernel - 1) / 2 - padding) * jump", "((kernel - 1) / 2 - padding)")


@mistake(
    "upsample_attention",
    seen="The distance between your centres is right, but the shift of each layer is too large.",
    cause="The jump was updated before the offset used it.",
)
def jump_first(solution: Solution) -> Solution:
    return solution.edit(
        "offset += ((kernel - 1) / 2 - padding) * jump\n        jump *= stride",
        "jump *= stride\n        offset += ((kernel - 1) / 2 - padding) * jump",
    )


@mistake(
    "upsample_attention",
    seen="Your centres are those of the layers in the opposite order.",
    cause="The layers were gone through from the grid to the picture.",
)
def layers_from_the_end(solution: Solution) -> Solution:
    return solution.edit("padding in layers:", "padding in reversed(layers):")


@mistake(
    "upsample_attention",
    seen="Your map sits half a pixel off.",
    cause="Half a pixel was added; here pixel j has its centre at j.",
)
def half_a_pixel(solution: Solution) -> Solution:
    return solution.edit(
        "torch.arange(pixels).to(alpha) -", "torch.arange(pixels).to(alpha) + 0.5 -"
    )


@mistake(
    "upsample_attention",
    seen="Far cells have negative shares in your map.",
    cause="A share is 1 - distance, but never below zero: the clamp is missing.",
)
def shares_below_zero(solution: Solution) -> Solution:
    return solution.edit(".abs()).clamp(min=0)", ".abs())")


@mistake(
    "upsample_attention",
    seen="Right where all kernels are odd; with an even kernel your centres are shifted.",
    cause="Half of a kernel may be a fraction, and a division dropped it.",
)
def half_kernel_cut(solution: Solution) -> Solution:
    return solution.edit("(kernel - 1) / 2", "(kernel - 1) // 2")


@mistake(
    "upsample_attention",
    seen="Your centres lie too far to the lower right, as if the picture had no border.",
    cause="The padding was left out.",
)
def no_padding(solution: Solution) -> Solution:
    return solution.edit("(kernel - 1) / 2 - padding", "(kernel - 1) / 2")


@mistake(
    "upsample_attention",
    seen="Your map is mirrored: rows and columns of the grid have changed places.",
    cause="The cells were laid out column by column.",
)
def columns_first(solution: Solution) -> Solution:
    return solution.edit("alpha.reshape(rows, columns)", "alpha.reshape(columns, rows).T")


@mistake(
    "upsample_attention",
    seen="Your map is made of flat blocks.",
    cause="Each pixel took the value of its nearest cell; nothing was interpolated.",
)
def nearest_cell(solution: Solution) -> Solution:
    return solution.edit(".clamp(0, cells - 1)", ".clamp(0, cells - 1).round()")


@mistake(
    "upsample_attention",
    seen="Your map fades to nothing towards the edges of the picture.",
    cause="Outside the outermost centres the last value was not kept.",
)
def fades_outside(solution: Solution) -> Solution:
    return solution.edit(".clamp(0, cells - 1)", "")


@mistake(
    "upsample_attention",
    seen="Your map has the right form, but its values were rescaled.",
    cause="It was divided by its sum; the values should stay the cells' own weights.",
)
def sums_to_one(solution: Solution) -> Solution:
    return solution.edit("return shares(height,", "total = shares(height,").edit(
        "@ shares(width, columns).T", "@ shares(width, columns).T\n    return total / total.sum()"
    )


# ---- pointing_game


@mistake(
    "pointing_game",
    seen="Your points are mirrored: across and down have changed places.",
    cause="The row was compared with left and right, the column with top and bottom.",
)
def across_and_down_swapped(solution: Solution) -> Solution:
    return solution.edit("y, x = peak", "x, y = peak")


@mistake(
    "pointing_game",
    seen="Pixels on the right and bottom edge count as hits.",
    cause="Those edges do not belong to a half-open box.",
)
def edges_closed(solution: Solution) -> Solution:
    return solution.edit("(x < right)", "(x <= right)").edit("(y < bottom)", "(y <= bottom)")


@mistake(
    "pointing_game",
    seen="Pixels on the left and top edge do not count as hits.",
    cause="Those edges belong to a half-open box.",
)
def edges_open(solution: Solution) -> Solution:
    return solution.edit("(left <= x)", "(left < x)").edit("(top <= y)", "(top < y)")


@mistake(
    "pointing_game",
    seen="Too many hits: your boxes reach far to the right and down.",
    cause="The last two numbers of a box were read as width and height; they are its other edges.",
)
def box_as_width_and_height(solution: Solution) -> Solution:
    return solution.edit("(x < right)", "(x < left + right)").edit(
        "(y < bottom)", "(y < top + bottom)"
    )


@mistake(
    "pointing_game",
    seen="Your peaks are in the right place only where a map is as wide as high.",
    cause="The position was split into row and column by the height instead of the width.",
)
def split_by_height(solution: Solution) -> Solution:
    return solution.edit(
        "peak // maps.shape[2], peak % maps.shape[2]", "peak // maps.shape[1], peak % maps.shape[1]"
    )


@mistake(
    "pointing_game",
    seen="Your shares lie between hits and misses: they are weights inside the boxes.",
    cause="The part of the map's mass inside the box was measured; only the largest weight counts.",
)
def mass_in_box(solution: Solution) -> Solution:
    return (
        solution.edit(
            "peak = maps.flatten(1).argmax(dim=1)", "place = torch.arange(maps[0].numel())"
        )
        .edit("peak // maps.shape[2], peak %", "place // maps.shape[2], place %")
        .edit("boxes.unbind(dim=1)", "boxes.unsqueeze(2).unbind(dim=1)")
        .edit(
            "return inside.float().mean().item()",
            "share = (maps.flatten(1) * inside).sum(1) / maps.flatten(1).sum(1)\n"
            "    return share.mean().item()",
        )
    )


@mistake(
    "pointing_game",
    seen="Right where a box has whole numbers, wrong for some boxes with fractions.",
    cause="The edges were cut to whole numbers before the comparison.",
)
def edges_cut_to_whole(solution: Solution) -> Solution:
    return solution.edit("boxes.unbind(dim=1)", "boxes.long().unbind(dim=1)")


@mistake(
    "pointing_game",
    seen="Right for a single map; for several maps most hits are missed.",
    cause="One largest weight was looked for in all maps together; each map has its own.",
)
def one_peak_for_all(solution: Solution) -> Solution:
    return solution.edit("maps.flatten(1).argmax(dim=1)", "maps.argmax()")


@mistake(
    "pointing_game",
    seen="You count the hits; their share was asked for.",
    cause="The hits were not divided by the number of maps.",
)
def counts_hits(solution: Solution) -> Solution:
    return solution.edit("inside.float().mean()", "inside.float().sum()")


@mistake(
    "pointing_game",
    seen="Where several pixels share the largest weight, you take the last.",
    cause="The search for the peak ran from the back, or let an equal weight replace the first.",
)
def last_of_equal_peaks(solution: Solution) -> Solution:
    return solution.edit(
        "maps.flatten(1).argmax(dim=1)",
        "maps[0].numel() - 1 - maps.flatten(1).flip(1).argmax(dim=1)",
    )
