"""What students really do wrong in assignment 1, each as a small edit of the solution.

Sources: issues of public captioning code and questions of students; see the issue numbers where a
mistake has become known by one.
"""

from autograder.authoring import mistake

# --- encode_caption -------------------------------------------------------------------------


@mistake(
    "encode_caption",
    seen="Your length is the number of words; the two special tokens around them are not counted.",
    cause="The length was taken before <start> and <end> were added.",
)
def length_counts_words_only(solution):
    return solution.edit("length = len(ids)\n", "length = len(kept)\n").edit(
        "[pad] * (max_length + 2 - length)", "[pad] * (max_length - length)"
    )


@mistake(
    "encode_caption",
    seen="For a caption that is too long your length says more than there are tokens.",
    cause="The length comes from the whole caption, the numbers from the shortened one.",
)
def length_of_the_uncut_caption(solution):
    return solution.edit("length = len(ids)\n", "length = len(words) + 2\n")


@mistake(
    "encode_caption",
    seen="Captions with an unknown word come out shorter: the unknown words are missing.",
    cause="Words outside the word map are skipped instead of being replaced by <unk>.",
)
def unknown_words_dropped(solution):
    return solution.edit(
        "[word_map.get(word, unknown) for word in words[:max_length]]",
        "[word_map[word] for word in words[:max_length] if word in word_map]",
    )


@mistake(
    "encode_caption",
    seen="An unknown word looks like a pad in your numbers.",
    cause="The fallback of the look-up is the pad's number instead of that of <unk>.",
)
def unknown_becomes_pad(solution):
    return solution.edit("word_map.get(word, unknown)", "word_map.get(word, pad)")


@mistake(
    "encode_caption",
    seen="The number of <end> is the last of the row, behind the pads.",
    cause="The pads were put between the last word and <end>; they belong behind <end>.",
)
def end_behind_the_pads(solution):
    return solution.edit(
        "ids = ids + [pad] * (max_length + 2 - length)",
        "ids = ids[:-1] + [pad] * (max_length + 2 - length) + [end]",
    )


@mistake(
    "encode_caption",
    seen="Your row begins with pads and ends with the caption.",
    cause="The pads stand before the caption; the decoder reads from the left and wants them last.",
)
def pads_in_front(solution):
    return solution.edit(
        "ids = ids + [pad] * (max_length + 2 - length)",
        "ids = [pad] * (max_length + 2 - length) + ids",
    )


@mistake(
    "encode_caption",
    seen="A caption that was too long has no <end> in your numbers.",
    cause="The row was cut after the special tokens were added, and <end> was cut off with it.",
)
def cut_after_the_end(solution):
    return solution.edit("in words[:max_length]]", "in words]").edit(
        "ids = [start, *kept, end]", "ids = [start, *kept, end][: max_length + 2]"
    )


@mistake(
    "encode_caption",
    seen="Long captions lose two words more than they should.",
    cause="The limit is for words; <start> and <end> come on top of it.",
)
def limit_includes_specials(solution):
    return solution.edit("in words[:max_length]]", "in words[: max_length - 2]]")


@mistake(
    "encode_caption",
    seen="Behind the caption stands a number that does not belong to <pad>.",
    cause="The pad's number was assumed to be zero; the word map says which it is.",
)
def pad_is_always_zero(solution):
    return solution.edit("[pad] * ", "[0] * ")


@mistake(
    "encode_caption",
    seen="Your ids are a list; the exercise asks for a tensor of whole numbers.",
    cause="The row of numbers was returned as it was built, without `torch.tensor`.",
)
def returns_a_list(solution):
    return solution.edit("return torch.tensor(ids), length", "return ids, length")


@mistake(
    "encode_caption",
    seen="Your ids are numbers with a decimal point; word numbers are whole numbers.",
    cause="The tensor was made with a floating type, such as by `torch.zeros` or `torch.Tensor`.",
)
def floating_ids(solution):
    return solution.edit("torch.tensor(ids), length", "torch.tensor(ids).float(), length")


@mistake(
    "encode_caption",
    seen="Your length is the same for every caption.",
    cause="The length was taken after the pads were added.",
)
def length_of_the_row(solution):
    return solution.edit(
        "return torch.tensor(ids), length",
        "return torch.tensor(ids), len(ids)",
    )


# --- lstm_step ------------------------------------------------------------------------------


@mistake(
    "lstm_step",
    seen="Output gate and candidate have changed places in your cell.",
    cause="The last two blocks of rows are read in another order than torch stores them.",
)
def candidate_and_output_exchanged(solution):
    return solution.edit("i, f, g, o = gates", "i, f, o, g = gates")


@mistake(
    "lstm_step",
    seen="Forget gate and candidate have changed places in your cell.",
    cause="The blocks in the middle are read in another order than torch stores them.",
)
def forget_and_candidate_exchanged(solution):
    return solution.edit("i, f, g, o = gates", "i, g, f, o = gates")


@mistake(
    "lstm_step",
    seen="Three of the four blocks of rows have other roles in your cell than in the exercise.",
    cause="The blocks are read as input, output, forget, candidate; torch stores i, f, g, o.",
)
def order_input_output_forget_candidate(solution):
    return solution.edit("i, f, g, o = gates", "i, o, f, g = gates")


@mistake(
    "lstm_step",
    seen="All blocks of rows have other roles in your cell than in the exercise.",
    cause="The blocks are read as forget, input, output, candidate; torch stores i, f, g, o.",
)
def order_forget_input_output_candidate(solution):
    return solution.edit("i, f, g, o = gates", "f, i, o, g = gates")


@mistake(
    "lstm_step",
    seen="Input gate and forget gate have changed places in your cell.",
    cause="The first two blocks of rows are read in another order than torch stores them.",
)
def input_and_forget_exchanged(solution):
    return solution.edit("i, f, g, o = gates", "f, i, g, o = gates")


@mistake(
    "lstm_step",
    seen="What your cell writes is never negative.",
    cause="The candidate passes through a sigmoid like the gates; it wants a tanh.",
)
def candidate_through_sigmoid(solution):
    return solution.edit("g.tanh()", "g.sigmoid()")


@mistake(
    "lstm_step",
    seen="Your cell state is right, but nothing keeps your hidden state between -1 and 1.",
    cause="The cell state is shown as it is; the tanh around it is missing.",
)
def no_tanh_on_the_cell(solution):
    return solution.edit("o.sigmoid() * c_new.tanh()", "o.sigmoid() * c_new")


@mistake(
    "lstm_step",
    seen="Your cell state is right, but the hidden state shows what the cell held a step earlier.",
    cause="The hidden state is computed from the old cell state instead of the new one.",
)
def hidden_from_the_old_cell(solution):
    return solution.edit("o.sigmoid() * c_new.tanh()", "o.sigmoid() * c.tanh()")


@mistake(
    "lstm_step",
    seen="One of the two biases makes no difference to your states.",
    cause="The bias of the hidden state's weights is missing.",
)
def one_bias_missing(solution):
    return solution.edit(" + bias_hh\n", "\n")


@mistake(
    "lstm_step",
    seen="Your step ignores what the hidden state was.",
    cause="The term with the hidden state's weights is missing.",
)
def hidden_state_unused(solution):
    return solution.edit(" + h @ weight_hh.T + bias_hh\n", " + bias_hh\n")


@mistake(
    "lstm_step",
    seen="Hidden and cell state have changed places in your answer.",
    cause="The pair is returned in the order (c, h).",
)
def returned_in_the_wrong_order(solution):
    return solution.edit("return h_new, c_new", "return c_new, h_new")


@mistake(
    "lstm_step",
    seen="Your cell writes the whole candidate: the input gate makes no difference.",
    cause="The candidate is added as it is; the input gate has no say.",
)
def input_gate_unused(solution):
    return solution.edit("i.sigmoid() * g.tanh()", "g.tanh()")


@mistake(
    "lstm_step",
    seen="Your states are right, but no gradient comes back through the hidden state.",
    cause="Somewhere on the way the computation leaves autograd's graph.",
)
def gradient_cut(solution):
    return solution.edit("return h_new, c_new", "return h_new.detach() + 0 * h_new, c_new")


def _read_as(order: str, name: str, blocks: str) -> None:
    """A mistake: the four blocks are read as the gates in `order`."""

    def edit(solution):
        return solution.edit("i, f, g, o = gates", f"{', '.join(order)} = gates")

    edit.__name__ = name
    mistake(
        "lstm_step",
        seen=f"{blocks} of rows have other roles in your cell than in the exercise.",
        cause="The blocks are read in another order than torch stores them.",
    )(edit)


_read_as("ofgi", "input_and_output_exchanged", "The first and the last block")
_read_as("gfio", "input_and_candidate_exchanged", "The first and the third block")
_read_as("iogf", "forget_and_output_exchanged", "The second and the last block")
for _order in ("igof", "fgio", "gifo", "oifg", "fogi"):
    _kept = sum(a == b for a, b in zip(_order, "ifgo"))
    _read_as(_order, f"order_{_order}", "Three of the four blocks" if _kept else "All blocks")


@mistake(
    "lstm_step",
    seen="One of the two biases makes no difference to your states.",
    cause="The bias of the input's weights is missing.",
)
def other_bias_missing(solution):
    return solution.edit(
        "x @ weight_ih.T + bias_ih + h",
        "x @ weight_ih.T + h",
    )


@mistake(
    "lstm_step",
    seen="Nothing keeps what your cell writes between -1 and 1.",
    cause="The candidate is written as it is; it wants a tanh.",
)
def candidate_without_tanh(solution):
    return solution.edit(
        "g.tanh()",
        "g",
    )


@mistake(
    "lstm_step",
    seen="Your cell keeps more of its old state than the equations say.",
    cause="A constant is added to the forget gate; the biases that are handed in are all there is.",
)
def forget_gate_pushed_open(solution):
    return solution.edit(
        "f.sigmoid()",
        "(f + 1).sigmoid()",
    )


@mistake(
    "lstm_step",
    seen="Your states are right, but no gradient comes back through them.",
    cause="The computation leaves autograd's graph: `detach`, `no_grad`, `.data` or a new tensor.",
)
def no_gradient_at_all(solution):
    return solution.edit(
        "return h_new, c_new",
        "return h_new.detach(), c_new.detach()",
    )


# --- init_hidden_state ----------------------------------------------------------------------


@mistake(
    "init_hidden_state",
    seen="Without normalisation your state grows with the number of pixels.",
    cause="The features are summed over the pixels instead of averaged.",
)
def sum_over_pixels(solution):
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.sum(dim=1)")


@mistake(
    "init_hidden_state",
    seen="Your state follows the strongest pixel, not all pixels together.",
    cause="The largest value over the pixels is taken instead of the mean.",
)
def largest_pixel(solution):
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.amax(dim=1)")


@mistake(
    "init_hidden_state",
    seen="Only one pixel of each picture has an influence on your state.",
    cause="One pixel was picked instead of taking the mean over all.",
)
def first_pixel_only(solution):
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out[:, 0]")


@mistake(
    "init_hidden_state",
    seen="The pictures of a batch are mixed: your mean removes them and keeps the pixels.",
    cause="The mean runs over the pictures instead of the pixels.",
)
def mean_over_pictures(solution):
    return solution.edit("encoder_out.mean(dim=1)", "encoder_out.mean(dim=0)")


@mistake(
    "init_hidden_state",
    seen="Over a batch, your numbers do not have the mean and spread that normalisation gives.",
    cause="The batch normalisation is not applied.",
)
def no_batch_norm(solution):
    return solution.edit("state = bn(fc(mean))", "state = fc(mean)")


@mistake(
    "init_hidden_state",
    seen="Your hidden state is the cell state of the exercise, and the other way round.",
    cause="The two halves are exchanged.",
)
def halves_exchanged(solution):
    return solution.edit("h, c = state.chunk(2, dim=1)", "c, h = state.chunk(2, dim=1)")


@mistake(
    "init_hidden_state",
    seen="Neighbouring numbers went to different states: every second one became cell state.",
    cause="The layer's output is taken alternately instead of cut in the middle.",
)
def every_second_number(solution):
    return solution.edit("h, c = state.chunk(2, dim=1)", "h, c = state[:, 0::2], state[:, 1::2]")


@mistake(
    "init_hidden_state",
    seen="Your states hold numbers of several pictures: rows were torn apart.",
    cause="The tensor was reshaped as if all hidden states stood before all cell states.",
)
def reshaped_instead_of_cut(solution):
    return solution.edit("h, c = state.chunk(2, dim=1)", "h, c = state.reshape(2, len(mean), -1)")


@mistake(
    "init_hidden_state",
    seen="All your numbers lie between -1 and 1.",
    cause="An activation was added; the state is what the normalisation gives, without one.",
)
def squeezed_by_tanh(solution):
    return solution.edit("state = bn(fc(mean))", "state = bn(fc(mean)).tanh()")


# --- decoder_forward ------------------------------------------------------------------------


@mistake(
    "decoder_forward",
    seen="Your scores are right, but the cell was also given rows of captions that were over.",
    cause="All captions take part in every step, and the scores on pads are wiped out afterwards.",
)
def work_on_pads(solution):
    return solution.edit("rows = int((steps > t).sum())", "rows = len(order)").edit(
        "scores[order[:rows], t] = predicted",
        "scores[order, t] = predicted * (steps[order] > t)[:, None]",
    )


@mistake(
    "decoder_forward",
    seen="Your scores come out sorted by length: they are not where the captions stood.",
    cause="The sorting is not undone when the scores are stored.",
)
def order_not_restored(solution):
    return solution.edit("scores[order[:rows], t] = predicted", "scores[:rows, t] = predicted")


@mistake(
    "decoder_forward",
    seen="Captions were decoded with the pictures of other captions.",
    cause="The captions were sorted by length, the encoder's output was not.",
)
def pictures_not_sorted(solution):
    return solution.edit("self.init_state(encoder_out[order])", "self.init_state(encoder_out)")


@mistake(
    "decoder_forward",
    seen="Each caption takes one step too many: the decoder goes on reading after <end>.",
    cause="The number of steps is the length; the last token has nothing to predict.",
)
def one_step_too_many(solution):
    return solution.edit(
        "steps = lengths - 1  #", "steps = lengths.clamp(max=captions.shape[1] - 1)  #"
    )


@mistake(
    "decoder_forward",
    seen="The scores for <end> are missing: each caption stops one step early.",
    cause="Both special tokens are subtracted from the length, but <end> has to be predicted.",
)
def end_never_predicted(solution):
    return solution.edit("steps = lengths - 1  #", "steps = lengths - 2  #")


@mistake(
    "decoder_forward",
    seen="Your decoder already knows the word that it has to predict.",
    cause="It reads the next true word instead of the one before it.",
)
def reads_the_target(solution):
    return solution.edit("self.step(captions[:rows, t]", "self.step(captions[:rows, t + 1]")


@mistake(
    "decoder_forward",
    seen="From the second step on your scores do not depend on the true words.",
    cause="The decoder reads its own best word; teacher forcing gives it the true one.",
)
def reads_its_own_words(solution):
    return solution.edit(
        "self.step(captions[:rows, t], state)",
        "self.step(predicted[:rows].argmax(dim=1) if t else captions[:, 0], state)",
    )


@mistake(
    "decoder_forward",
    seen="Your scores depend on the last word only: the decoder remembers nothing.",
    cause="Each step begins from the first state; the new state is thrown away.",
)
def state_not_kept(solution):
    return solution.edit("predicted, state = self.step", "predicted, _ = self.step")


@mistake(
    "decoder_forward",
    seen="Your scores do not depend on the picture.",
    cause="The first state is zero instead of the one made from the picture.",
)
def picture_ignored(solution):
    return solution.edit(
        "state = self.init_state(encoder_out[order])",
        "state = tuple(torch.zeros_like(part) for part in self.init_state(encoder_out[order]))",
    )


@mistake(
    "decoder_forward",
    seen="Your scores stand in another order than the captions of the batch.",
    cause="The sorted scores are indexed with the same order again; that sorts once more.",
)
def order_applied_twice(solution):
    return solution.edit(
        "scores[order[:rows], t] = predicted",
        "scores[:rows, t] = predicted",
    ).edit(
        "return scores\n",
        "return scores[order]\n",
    )


@mistake(
    "decoder_forward",
    seen="Your scores are not zero where a caption is over, and the cell is given rows of pads.",
    cause="All captions take part in every step.",
)
def scores_on_pads(solution):
    return solution.edit(
        "rows = int((steps > t).sum())",
        "rows = len(order)",
    )


# --- caption_loss ---------------------------------------------------------------------------


@mistake(
    "caption_loss",
    seen="A decoder that only repeats its input gets a small loss from you.",
    cause="The scores are compared with the words that were read, not with those that follow.",
)
def targets_not_shifted(solution):
    return solution.edit("targets = captions[:, 1:]", "targets = captions[:, :-1]")


@mistake(
    "caption_loss",
    seen="Your loss changes when pads are added behind the captions.",
    cause="Pads are counted as targets.",
)
def pads_counted(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        "F.cross_entropy(scores.flatten(0, 1), targets.flatten())",
    )


@mistake(
    "caption_loss",
    seen="Your loss gets smaller when pads are added: the sum is right, the divisor is not.",
    cause="The sum over real targets is divided by the number of all places, pads included.",
)
def divided_by_all_places(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        'F.cross_entropy(scores[real], targets[real], reduction="sum") / targets.numel()',
    )


@mistake(
    "caption_loss",
    seen="Words of short captions weigh more than words of long ones.",
    cause="The mean is taken in each caption first, then over the captions.",
)
def mean_of_means(solution):
    return solution.edit(
        "return F.cross_entropy(scores[real], targets[real])",
        "each = [F.cross_entropy(s[r], w[r]) for s, w, r in zip(scores, targets, real)]\n"
        "    return torch.stack(each).mean()",
    )


@mistake(
    "caption_loss",
    seen="Your loss grows with the number of words.",
    cause="The sum over the targets is returned instead of their mean.",
)
def sum_instead_of_mean(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        'F.cross_entropy(scores[real], targets[real], reduction="sum")',
    )


@mistake(
    "caption_loss",
    seen="Even for a decoder that is sure and right your loss stays large.",
    cause="The softmax is applied twice: torch's cross-entropy has one inside.",
)
def softmax_twice(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        "F.cross_entropy(scores[real].softmax(dim=1), targets[real])",
    )


@mistake(
    "caption_loss",
    seen="The last target of each caption has no influence on your loss: <end> is never learned.",
    cause="One target per caption too few is counted as real.",
)
def end_not_counted(solution):
    return solution.edit("< (lengths - 1)[:, None]", "< (lengths - 2)[:, None]")


@mistake(
    "caption_loss",
    seen="One pad behind each caption has an influence on your loss.",
    cause="One target per caption too many is counted as real.",
)
def one_pad_counted(solution):
    return solution.edit("< (lengths - 1)[:, None]", "< lengths[:, None]")


@mistake(
    "caption_loss",
    seen="Scores of one caption are compared with words of another.",
    cause="Scores and targets were flattened in different orders.",
)
def flattened_in_another_order(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        "F.cross_entropy(scores.transpose(0, 1)[real.T], targets[real])",
    )


@mistake(
    "caption_loss",
    seen="Your loss grows with the length of the captions.",
    cause="The sum over the targets is divided by the number of captions, not of targets.",
)
def sum_for_each_caption(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        'F.cross_entropy(scores[real], targets[real], reduction="sum") / len(captions)',
    )


@mistake(
    "caption_loss",
    seen="Your loss falls below zero when the scores of the right words are high.",
    cause="The scores are taken for logarithms of probabilities; the softmax is missing.",
)
def no_softmax(solution):
    return solution.edit(
        "F.cross_entropy(scores[real], targets[real])",
        "F.nll_loss(scores[real], targets[real])",
    )


# --- greedy_decode --------------------------------------------------------------------------


@mistake(
    "greedy_decode",
    seen="All your captions stop together, when the first of them ends.",
    cause="The loop is left as soon as one caption is done.",
)
def stops_with_the_first(solution):
    return solution.edit("if all(done):", "if any(done):")


@mistake(
    "greedy_decode",
    seen="Words appear in your captions after their end.",
    cause="A caption is only skipped at the step in which it ends, not afterwards.",
)
def speaks_after_the_end(solution):
    return solution.edit("done[row] = done[row] or word == end", "done[row] = word == end")


@mistake(
    "greedy_decode",
    seen="Your captions contain the number of <end>.",
    cause="The word is stored before it is tested.",
)
def end_is_kept(solution):
    return solution.edit(
        "done[row] = done[row] or word == end\n            if not done[row]:\n"
        "                captions[row].append(word)",
        "if not done[row]:\n                captions[row].append(word)\n"
        "            done[row] = done[row] or word == end",
    )


@mistake(
    "greedy_decode",
    seen="Your captions do not stop at <end>; they stop at number zero.",
    cause="The pad's number is taken for the end.",
)
def stops_at_pad(solution):
    return solution.edit("done[row] or word == end", "done[row] or word == 0")


@mistake(
    "greedy_decode",
    seen="Every step reads <start>: what was said before does not matter.",
    cause="The chosen words are stored but not handed to the next step.",
)
def always_reads_start(solution):
    return solution.edit(
        "scores, state = step(words, state)",
        "scores, state = step(torch.full((batch,), start), state)",
    )


@mistake(
    "greedy_decode",
    seen="Your decoder forgets: the same word is always followed by the same word.",
    cause="The new state is thrown away; each step begins from the first one.",
)
def state_forgotten(solution):
    return solution.edit("scores, state = step(words, state)", "scores, _ = step(words, state)")


@mistake(
    "greedy_decode",
    seen="A caption without an end has one word less than allowed.",
    cause="One step too few is taken.",
)
def one_step_too_few(solution):
    return solution.edit("for _ in range(max_length):", "for _ in range(max_length - 1):")


@mistake(
    "greedy_decode",
    seen="Your captions are right, but the decoder is asked on and on after all have ended.",
    cause="The loop always takes as many steps as are allowed.",
)
def never_stops_early(solution):
    return solution.edit("        if all(done):\n            break\n", "")


@mistake(
    "greedy_decode",
    seen="The chosen word numbers are too small: they count pictures, not words.",
    cause="The best entry is looked for along the pictures instead of along the words.",
)
def best_picture_instead_of_word(solution):
    return solution.edit("scores.argmax(dim=1)", "scores.argmax(dim=0)[:batch]")


@mistake(
    "greedy_decode",
    seen="Your loop does not stop when a caption never ends.",
    cause="Nothing counts the steps; there may be at most max_length.",
)
def loop_without_an_end(solution):
    return solution.edit(
        "for _ in range(max_length):",
        "while True:",
    )


@mistake(
    "greedy_decode",
    seen="Your decoder is asked on after all captions have ended.",
    cause="The loop is left only when all captions say <end> at the same step.",
)
def stops_only_together(solution):
    return solution.edit(
        "if all(done):",
        "if bool((words == end).all()):",
    )


@mistake(
    "greedy_decode",
    seen="Each of your captions begins with the number of <start>.",
    cause="The list of words begins with what the first step reads.",
)
def start_is_kept(solution):
    return solution.edit(
        "[[] for _ in range(batch)]",
        "[[start] for _ in range(batch)]",
    )


@mistake(
    "greedy_decode",
    seen="Your captions hold the right numbers as tensors; the exercise asks for Python ints.",
    cause="Entries of a tensor are tensors too, until they are turned into numbers.",
)
def words_are_tensors(solution):
    return solution.edit(
        "enumerate(words.tolist())",
        "enumerate(words)",
    )


# --- beam_search ----------------------------------------------------------------------------


@mistake(
    "beam_search",
    seen="Your scores are not logarithms of probabilities: they can be positive.",
    cause="The decoder's scores are added as they are, without a softmax and its logarithm.",
)
def scores_without_softmax(solution):
    return solution.edit("F.log_softmax(scores, dim=1)", "scores")


@mistake(
    "beam_search",
    seen="Your scores are sums of probabilities: they grow with each word.",
    cause="The logarithm after the softmax is missing.",
)
def sum_of_probabilities(solution):
    return solution.edit("F.log_softmax(scores, dim=1)", "F.softmax(scores, dim=1)")


@mistake(
    "beam_search",
    seen="With one place your search is right; with more, beginnings go on with states of others.",
    cause="The states are not rearranged when the beginnings are.",
)
def states_not_rearranged(solution):
    return solution.edit("part[parents[keep]] for part", "part[: len(keep)] for part").edit(
        "scores, state = step(words, state)",
        "rows = [min(i, len(state[0]) - 1) for i in range(len(words))]\n"
        "        state = tuple(part[rows] for part in state)\n"
        "        scores, state = step(words, state)",
    )


@mistake(
    "beam_search",
    seen="Your search goes on with other words than those of the best candidates.",
    cause="Row and column of the best candidates are exchanged.",
)
def row_and_column_exchanged(solution):
    return solution.edit(
        "parents, words = best // scores.shape[1], best % scores.shape[1]",
        "parents, words = best % scores.shape[0], best // scores.shape[0]",
    )


@mistake(
    "beam_search",
    seen="Your search goes on longer than it should: places of finished captions are filled again.",
    cause="The beam keeps its size when a caption has finished.",
)
def beam_does_not_shrink(solution):
    return solution.edit("min(beam_size - len(finished), candidates", "min(beam_size, candidates")


@mistake(
    "beam_search",
    seen="You return the caption that finished first, though a better one finished later.",
    cause="The search stops at the first caption that is finished.",
)
def first_finished_wins(solution):
    return solution.edit("if not live:", "if finished or not live:")


@mistake(
    "beam_search",
    seen="You return an unfinished caption although there is a finished one.",
    cause="At the end finished and unfinished captions are compared with each other.",
)
def unfinished_may_win(solution):
    return solution.edit(
        "max(finished or zip(totals.tolist(), live))",
        "max([*finished, *zip(totals.tolist(), live)])",
    )


@mistake(
    "beam_search",
    seen="Your scores are averages over the words; long captions are preferred.",
    cause="The sums of log-probabilities are divided by the length.",
)
def divided_by_length(solution):
    return solution.edit(
        "score, ids = max(finished or zip(totals.tolist(), live))",
        "score, ids = max((s / (len(i) + 1), i) for s, i in finished) if finished else max(\n"
        "        (s / len(i), i) for s, i in zip(totals.tolist(), live)\n    )",
    )


@mistake(
    "beam_search",
    seen="Your captions end with the number of <end>.",
    cause="The token that finishes a caption is not removed from it.",
)
def end_stays_in(solution):
    return solution.edit("(s, ids[:-1]) for s", "(s, ids) for s")


@mistake(
    "beam_search",
    seen="The score of a finished caption does not contain the probability of finishing.",
    cause="The total is taken from before the step in which <end> was said.",
)
def end_is_free(solution):
    kept = solution.edit(
        "totals, best = candidates", "before = totals\n        totals, best = candidates"
    )
    return kept.edit(
        "finished += [(s, ids[:-1]) for s, ids, e in zip(totals.tolist(), extended, ended) if e]",
        "free = before[parents].tolist()\n"
        "        finished += [(s, ids[:-1]) for s, ids, e in zip(free, extended, ended) if e]",
    )


@mistake(
    "beam_search",
    seen="A wide beam finds no more than a beam of one: all places hold the same beginning.",
    cause="The search begins with as many equal beginnings as there are places.",
)
def beam_of_equal_beginnings(solution):
    return solution.edit(
        "    for _ in range(max_length):",
        "    live, words = live * beam_size, words.repeat(beam_size)\n"
        "    totals = totals.repeat(beam_size)\n"
        "    state = tuple(part.repeat_interleave(beam_size, dim=0) for part in state)\n"
        "    for _ in range(max_length):",
    )


@mistake(
    "beam_search",
    seen="Your search fails when no caption finishes.",
    cause="The best of an empty list of finished captions is asked for.",
)
def only_finished_returned(solution):
    return solution.edit("max(finished or zip(totals.tolist(), live))", "max(finished)")


@mistake(
    "beam_search",
    seen="Your score is that of the last word alone; earlier words do not count.",
    cause="The totals of the beginnings are not added to the new log-probabilities.",
)
def only_the_last_word_counts(solution):
    return solution.edit("totals[:, None] + F.log_softmax", "0 * totals[:, None] + F.log_softmax")


@mistake(
    "beam_search",
    seen="With one place your search is right; with more, beginnings go on with states of others.",
    cause="The states are not moved with the beginnings that survive.",
)
def states_stay_where_they_are(solution):
    return solution.edit(
        "        state = tuple(part[parents[keep]] for part in state)\n",
        "",
    )


@mistake(
    "beam_search",
    seen="With one place your search is right; with more, states and beginnings do not fit.",
    cause="The states are indexed by the new places, not by the rows of origin.",
)
def states_by_place(solution):
    return solution.edit(
        "part[parents[keep]] for part",
        "part[keep] for part",
    )


@mistake(
    "beam_search",
    seen="When a caption finishes, words and states no longer have the same number of rows.",
    cause="Words and totals lose the finished captions, the states do not.",
)
def states_of_finished_stay(solution):
    return solution.edit(
        "part[parents[keep]] for part",
        "part[parents] for part",
    )


@mistake(
    "beam_search",
    seen="Your scores are averages over the words; long captions are preferred.",
    cause="The sums of log-probabilities are divided by the number of words.",
)
def divided_by_words(solution):
    return solution.edit(
        "score, ids = max(finished or zip(totals.tolist(), live))",
        "found = finished or zip(totals.tolist(), live)\n"
        "    score, ids = max((s / max(len(i), 1), i) for s, i in found)",
    )


@mistake(
    "beam_search",
    seen="Your scores are sums, but the caption that you return is the one with the best average.",
    cause="The captions are compared after a division by their length.",
)
def chosen_by_the_average(solution):
    return solution.edit(
        "score, ids = max(finished or zip(totals.tolist(), live))",
        "found = finished or list(zip(totals.tolist(), live))\n"
        "    score, ids = max(found, key=lambda f: f[0] / (len(f[1]) + 1))",
    )


@mistake(
    "beam_search",
    seen="Your search does not stop when beginnings never finish.",
    cause="Nothing counts the steps; there may be at most max_length.",
)
def search_without_an_end(solution):
    return solution.edit(
        "for _ in range(max_length):",
        "while True:",
    )


@mistake(
    "beam_search",
    seen="Your search stops one step before max_length.",
    cause="One step too few is taken.",
)
def one_step_too_few(solution):
    return solution.edit(
        "for _ in range(max_length):",
        "for _ in range(max_length - 1):",
    )


@mistake(
    "beam_search",
    seen="Your search takes one step more than max_length.",
    cause="The step that says <end> is one of the max_length steps; it does not come on top.",
)
def one_step_too_many(solution):
    return solution.edit(
        "for _ in range(max_length):",
        "for _ in range(max_length + 1):",
    )


@mistake(
    "beam_search",
    seen="Your ids are the right numbers as tensors; the exercise asks for Python ints.",
    cause="Entries of a tensor are tensors too, until they are turned into numbers.",
)
def ids_are_tensors(solution):
    return solution.edit(
        "zip(parents.tolist(), words.tolist())",
        "zip(parents.tolist(), words)",
    )


# --- bleu -----------------------------------------------------------------------------------


@mistake(
    "bleu",
    seen="Yours is the mean over captions; the counts of all captions belong together.",
    cause="BLEU is computed for each caption on its own and then averaged.",
)
def mean_over_captions(solution):
    return solution.edit(
        "    matches, totals = [0] * max_n, [0] * max_n  # index n - 1",
        "    if len(hypotheses) > 1:\n"
        "        each = [bleu([r], [h], max_n) for r, h in zip(references, hypotheses)]\n"
        "        return sum(each) / len(each)\n"
        "    matches, totals = [0] * max_n, [0] * max_n  # index n - 1",
    )


@mistake(
    "bleu",
    seen="A caption that repeats one right word is too good for you.",
    cause="Matches are not limited by how often a reference holds the n-gram.",
)
def not_clipped(solution):
    return solution.edit(
        "sum((counts & allowed).values())", "sum(k for run, k in counts.items() if run in allowed)"
    )


@mistake(
    "bleu",
    seen="You allow an n-gram more often than any single reference holds it.",
    cause="The counts of the references are added up; the largest of them is the limit.",
)
def clipped_by_the_sum(solution):
    return solution.edit("allowed |= ngrams", "allowed += ngrams")


@mistake(
    "bleu",
    seen="Your captions pay too little for being short: the shortest reference is your measure.",
    cause="The shortest reference length is used instead of the closest one.",
)
def shortest_reference(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "min(len(r) for r in captions)",
    )


@mistake(
    "bleu",
    seen="Of two references equally close in length you take the longer one.",
    cause="Ties of the distance are decided the wrong way.",
)
def longer_on_a_tie(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "-min((abs(len(r) - len(words)), -len(r)) for r in captions)[1]",
    )


@mistake(
    "bleu",
    seen="Of two references equally close in length you take the one that stands first.",
    cause="`min` by the distance alone keeps the first of equals; the shorter one counts.",
)
def first_of_equally_close(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "len(min(captions, key=lambda r: abs(len(r) - len(words))))",
    )


@mistake(
    "bleu",
    seen="Short captions are not punished in your score.",
    cause="The brevity penalty is missing.",
)
def no_brevity_penalty(solution):
    return solution.edit("return penalty * math.exp(mean_log)", "return math.exp(mean_log)")


@mistake(
    "bleu",
    seen="Your score rises when captions are longer than their references.",
    cause="The brevity factor is not limited to one.",
)
def penalty_unlimited(solution):
    return solution.edit("min(1.0, math.exp(1 - expected / said))", "math.exp(1 - expected / said)")


@mistake(
    "bleu",
    seen="Short captions pay, but not the right price.",
    cause="The penalty is the ratio of the lengths instead of an exponential of it.",
)
def penalty_is_the_ratio(solution):
    return solution.edit("math.exp(1 - expected / said)", "said / expected")


@mistake(
    "bleu",
    seen="Your precisions are averaged plainly; one that is zero would hardly matter.",
    cause="The arithmetic mean is taken instead of the geometric mean.",
)
def arithmetic_mean(solution):
    return solution.edit(
        "return penalty * math.exp(mean_log)",
        "return penalty * sum(m / t for m, t in zip(matches, totals)) / max_n",
    )


@mistake(
    "bleu",
    seen="Only the longest n-grams count in your score.",
    cause="The precisions of the shorter n-grams are left out of the mean.",
)
def only_the_longest(solution):
    return solution.edit(
        "sum(math.log(m / t) for m, t in zip(matches, totals)) / max_n",
        "math.log(matches[-1] / totals[-1])",
    )


@mistake(
    "bleu",
    seen="Your score fails or is not zero where no n-gram of some length matches.",
    cause="The logarithm of a precision of zero is not caught.",
)
def zero_not_caught(solution):
    return solution.edit("    if 0 in matches:\n        return 0.0\n", "")


@mistake(
    "bleu",
    seen="Your score is right for n-grams up to four, wrong when shorter or longer ones count.",
    cause="The weights are always a quarter, however many orders of n-grams there are.",
)
def always_a_quarter(solution):
    return solution.edit("zip(matches, totals)) / max_n", "zip(matches, totals)) / 4")


@mistake(
    "bleu",
    seen="Your score is a hundred times the one asked for: it is in percent.",
    cause="The result is multiplied by 100; the exercise asks for a number between 0 and 1.",
)
def in_percent(solution):
    return solution.edit(
        "return penalty * math.exp(mean_log)", "return 100 * penalty * math.exp(mean_log)"
    )


@mistake(
    "bleu",
    seen="The longest n-grams do not count in your score.",
    cause="One order of n-grams is missing from the mean.",
)
def one_order_missing(solution):
    return solution.edit(
        "sum(math.log(m / t) for m, t in zip(matches, totals)) / max_n",
        "sum(math.log(m / t) for m, t in list(zip(matches, totals))[: max(1, max_n - 1)]) / max(\n"
        "        1, max_n - 1\n    )",
    )


@mistake(
    "bleu",
    seen="Long captions are punished in your score, short ones are not.",
    cause="The ratio in the exponent is upside down: it is r / c.",
)
def penalty_upside_down(solution):
    return solution.edit("math.exp(1 - expected / said)", "math.exp(1 - said / max(expected, 1))")


@mistake(
    "bleu",
    seen="Your captions pay the price of the mean reference length, not of the closest one.",
    cause="The mean of the reference lengths is used.",
)
def mean_reference_length(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "sum(len(r) for r in captions) / len(captions)",
    )


@mistake(
    "bleu",
    seen="Your score is the product of the precisions, without the root.",
    cause="The sum of the logarithms is not divided by the number of orders.",
)
def product_without_the_root(solution):
    return solution.edit("zip(matches, totals)) / max_n", "zip(matches, totals))")


@mistake(
    "bleu",
    seen="Your score is always zero.",
    cause="The loop ends before n-grams of length max_n, so these have no matches.",
)
def loop_ends_too_early(solution):
    return solution.edit(
        "range(1, max_n + 1)",
        "range(1, max_n)",
    )


@mistake(
    "bleu",
    seen="Your captions pay too much for being short: the longest reference is your measure.",
    cause="The longest reference length is used instead of the closest one.",
)
def longest_reference(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "max(len(r) for r in captions)",
    )


@mistake(
    "bleu",
    seen="Only the first reference's length counts in your penalty.",
    cause="The length of one reference is used instead of the closest one.",
)
def first_reference(solution):
    return solution.edit(
        "min((abs(len(r) - len(words)), len(r)) for r in captions)[1]",
        "len(captions[0])",
    )
