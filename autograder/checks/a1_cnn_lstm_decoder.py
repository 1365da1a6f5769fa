"""Probes of assignment 1 (CNN + LSTM captioning, *Show and Tell*).

Each returns what a function of the notebook gives on drawn inputs. What a function needs of the
others comes as a small fake from here: a cell that counts its rows, a `step` from a drawn table.
"""

import torch
from torch import nn

from autograder.probes import at_most, check, training_gate
from autograder.training_gates import by_heart, learns

LSTMS = ("torch.nn.LSTMCell", "torch.nn.LSTM", "torch.lstm_cell", "torch.lstm")
BLEUS = (
    "nltk.translate.bleu_score.corpus_bleu",
    "nltk.translate.bleu_score.sentence_bleu",
    "nltk.translate.bleu_score.modified_precision",
    "nltk.translate.bleu_score.brevity_penalty",
    "nltk.translate.bleu_score.closest_ref_length",
    "pycocoevalcap.bleu.bleu_scorer.cook_refs",
    "pycocoevalcap.bleu.bleu_scorer.cook_test",
)
CALLS = 1000  # of one drawn `step`: far more than any right answer makes
NOUNS = ("boat", "house", "tree", "car", "cat", "sun", "flower", "kite", "duck", "bird")


# --- encode_caption -------------------------------------------------------------------------


def _word_map(draw, known=NOUNS):
    """Words and special tokens at drawn numbers, none of them where one would expect it."""
    words = ["<pad>", "<start>", "<end>", "<unk>", *known]
    numbers = draw.permutation(len(words) + 5)[: len(words)].tolist()
    return dict(zip(words, numbers))


def _sentence(draw, length, words=NOUNS):
    return [draw.choice(words) for _ in range(length)]


@check("encode_caption", points=2)
def start_words_end_pads(student, draw):
    """A caption is <start>, its words, <end>, and pads up to max_length + 2 numbers."""
    word_map = _word_map(draw)
    captions = [_sentence(draw, length) for length in (4, 1, 7)]
    pairs = [list(student.encode_caption(c, word_map, max_length=9)) for c in captions]
    kinds = [str(getattr(ids, "dtype", type(ids).__name__)) for ids, _ in pairs]
    return {"captions": pairs, "the type of your ids": kinds[0]}


@check("encode_caption", points=1)
def unknown_words(student, draw):
    """A word that the word map does not know becomes <unk>; nothing is left out."""
    word_map = _word_map(draw, NOUNS[:6])
    caption = [*_sentence(draw, 2, NOUNS[:6]), "zebra", *_sentence(draw, 2), "Unicorn"]
    return list(student.encode_caption(caption, word_map, max_length=8))


@check("encode_caption", points=1)
def long_captions_are_cut(student, draw):
    """Of a caption with more than max_length words the first max_length stay, and <end> follows."""
    word_map = _word_map(draw)
    results = []
    for length, most in ((8, 5), (6, 5), (5, 5), (4, 5)):
        results.append(list(student.encode_caption(_sentence(draw, length), word_map, most)))
    return results


@check("encode_caption", points=1)
def given_list_stays(student, draw):
    """Long, short and empty captions work with one list of words, which stays as it was."""
    word_map = _word_map(draw)
    caption = _sentence(draw, 7)
    results = [list(student.encode_caption(caption, word_map, most)) for most in (3, 10)]
    return [*results, list(student.encode_caption([], word_map, 2)), caption]


# --- lstm_step ------------------------------------------------------------------------------


def _lstm_inputs(draw, batch, inputs, hidden, dtype=torch.float32):
    """x, h, c and the four weights, so large that gates are neither open nor shut."""
    shapes = [(batch, inputs), (batch, hidden), (batch, hidden)]
    shapes += [(4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)]
    return [0.7 * draw.normal(*shape, dtype=dtype) for shape in shapes]


@check("lstm_step", points=3, instead_of=LSTMS)
def one_step(student, draw):
    """One step gives the hidden and the cell state of the equations."""
    h, c = student.lstm_step(*_lstm_inputs(draw, batch=3, inputs=5, hidden=4))
    return {"h": h, "c": c}


@check("lstm_step", points=2, instead_of=LSTMS)
def gates_do_their_work(student, draw):
    """With one gate shut and the others open, the cell forgets, ignores or hides as it should."""
    inputs = _lstm_inputs(draw, batch=2, inputs=3, hidden=5)
    results = {}
    for gate, name in enumerate(("i", "f", "g", "o")):
        bias = torch.full((4, 5), 3.0)
        bias[gate] = -3.0
        h, c = student.lstm_step(*inputs[:5], inputs[5] + bias.flatten(), inputs[6])
        results |= {f"h with {name} shut": h, f"c with {name} shut": c}
    return results


@check("lstm_step", points=1, instead_of=LSTMS)
def one_picture(student, draw):
    """A batch of one, with more hidden units than inputs, works like any other."""
    h, c = student.lstm_step(*_lstm_inputs(draw, batch=1, inputs=2, hidden=7))
    return {"h": h, "c": c}


@check("lstm_step", points=2, instead_of=LSTMS)
def a_long_walk(student, draw):
    """Twelve steps, each from the states that the one before returned, stay exact in float64."""
    x, h, c, *weights = _lstm_inputs(draw, batch=2, inputs=4, hidden=3, dtype=torch.float64)
    for _ in range(12):
        h, c = student.lstm_step(x, h, c, *weights)
    return {"h": h, "c": c}


@check("lstm_step", points=2, instead_of=LSTMS)
def gradients_flow(student, draw):
    """Gradients reach the input, both states, the weights and the biases, in the right size."""
    inputs = _lstm_inputs(draw, batch=3, inputs=2, hidden=4, dtype=torch.float64)
    inputs = [part.requires_grad_() for part in inputs]
    h, c = student.lstm_step(*inputs)
    ((h * draw.normal(3, 4)).sum() + (c * draw.normal(3, 4)).sum()).backward()
    names = ("x", "h", "c", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    return {name: part.grad for name, part in zip(names, inputs)}


# --- init_hidden_state ----------------------------------------------------------------------


def _first_layers(draw, channels, hidden, dtype=torch.float32):
    layers = nn.ModuleDict(
        {"fc": nn.Linear(channels, 2 * hidden), "bn": nn.BatchNorm1d(2 * hidden)}
    )
    layers = draw.parameters(layers).to(dtype)
    return layers["fc"], layers["bn"]


def _halves(pair):
    h, c = pair
    return {"h": h, "c": c}


@check("init_hidden_state", points=2)
def first_state_in_training(student, draw):
    """Mean over the pixels, fully connected layer, batch normalisation, then h and c as halves."""
    fc, bn = _first_layers(draw, channels=5, hidden=3)
    return _halves(student.init_hidden_state(draw.normal(4, 6, 5), fc, bn.train()))


@check("init_hidden_state", points=2)
def first_state_of_one_picture(student, draw):
    """At test time a picture has the same state alone as among others."""
    fc, bn = _first_layers(draw, channels=4, hidden=5)
    encoder_out = draw.normal(3, 7, 4)
    among = _halves(student.init_hidden_state(encoder_out, fc, bn.eval()))
    alone = _halves(student.init_hidden_state(encoder_out[:1], fc, bn))
    return {"among others": among, "alone": alone}


@check("init_hidden_state", points=1)
def first_state_without_normalisation(student, draw):
    """With the batch normalisation switched off, the layer's numbers are the state (float64)."""
    fc, _ = _first_layers(draw, channels=3, hidden=4, dtype=torch.float64)
    encoder_out = draw.normal(2, 9, 3, dtype=torch.float64)
    return _halves(student.init_hidden_state(encoder_out, fc, nn.Identity()))


@check("init_hidden_state", points=1)
def pixels_in_any_order(student, draw):
    """The order of the pixels does not matter, and exchanged pictures have exchanged states."""
    fc, bn = _first_layers(draw, channels=3, hidden=3)
    encoder_out, pixels, pictures = draw.normal(4, 3, 3), draw.permutation(3), draw.permutation(4)
    moved = encoder_out[pictures][:, pixels]
    return [_halves(student.init_hidden_state(x, fc, bn.train())) for x in (encoder_out, moved)]


# --- decoder_forward ------------------------------------------------------------------------


class _CountingCell(nn.Module):
    """A simple recurrent cell that notes how many rows it was given."""

    def __init__(self, embed_dim, hidden_dim):
        super().__init__()
        self.hidden_dim, self.rows = hidden_dim, 0
        self.mix = nn.Linear(embed_dim + 2 * hidden_dim, 2 * hidden_dim)

    def forward(self, x, state):
        self.rows += x.shape[0]
        h, c = torch.tanh(self.mix(torch.cat([x, *state], dim=1))).chunk(2, dim=1)
        return h, c


class _FirstState(nn.Module):
    """A first state that depends on the picture."""

    def __init__(self, encoder_dim, hidden_dim):
        super().__init__()
        self.fc = nn.Linear(encoder_dim, 2 * hidden_dim)

    def forward(self, encoder_out):
        h, c = self.fc(encoder_out.mean(dim=1)).chunk(2, dim=1)
        return h, c


def _decoder(student, draw, vocab=11, embed=4, hidden=5, channels=6):
    cell, init = _CountingCell(embed, hidden), _FirstState(channels, hidden)
    decoder = student.DecoderRNN(vocab_size=vocab, embed_dim=embed, cell=cell, init=init)
    return draw.parameters(decoder).eval(), cell


def _captions(draw, lengths, tokens, vocab=11):
    """Drawn words behind one <start>, pads (0) where a caption is over."""
    captions = draw.integers(3, vocab, len(lengths), tokens)
    captions[:, 0] = 1
    for row, length in enumerate(lengths.tolist()):
        captions[row, length - 1] = 2
        captions[row, length:] = 0
    return captions


@check("decoder_forward", points=3)
def scores_of_next_words(student, draw):
    """At each step the decoder has read the true words so far and scores every next word."""
    decoder, _ = _decoder(student, draw)
    lengths = torch.full((3,), 6)
    return decoder(draw.normal(3, 4, 6), _captions(draw, lengths, 6), lengths)


@check("decoder_forward", points=3)
def captions_of_all_lengths(student, draw):
    """Captions of different lengths, in any order, keep their places; behind an end are zeros."""
    decoder, _ = _decoder(student, draw, vocab=13)
    lengths = draw.permutation(6) + 2
    return decoder(draw.normal(6, 3, 6), _captions(draw, lengths, 8, vocab=13), lengths)


@check("decoder_forward", points=3)
def no_work_on_pads(student, draw):
    """The cell sees one row for each token to predict: sum(lengths - 1) rows, not one more."""
    decoder, cell = _decoder(student, draw)
    lengths = draw.permutation(8)[:5] + 2
    scores = decoder(draw.normal(5, 4, 6), _captions(draw, lengths, 9), lengths)
    return {"rows": cell.rows, "sum of the scores": scores.sum(), "scores": scores[:, 0]}


@check("decoder_forward", points=2)
def single_short_caption(student, draw):
    """A batch of one works, also when the caption tensor is longer than the caption."""
    decoder, _ = _decoder(student, draw, vocab=9, hidden=3)
    length = draw.integers(3, 6, 1)
    return decoder(draw.normal(1, 2, 6), _captions(draw, length, 9, vocab=9), length)


@check("decoder_forward", points=2)
def batch_order_is_kept(student, draw):
    """The same pictures and captions in another order give the same scores in that order."""
    decoder, _ = _decoder(student, draw)
    lengths = draw.permutation(5) + 2
    encoder_out, captions = draw.normal(5, 4, 6), _captions(draw, lengths, 7)
    order = draw.permutation(5)
    first = decoder(encoder_out, captions, lengths)
    return [first, decoder(encoder_out[order], captions[order], lengths[order])]


@check("decoder_forward", points=1)
def training_reaches_the_picture(student, draw):
    """Gradients of the scores reach the encoder's output and the first state's layer."""
    decoder, _ = _decoder(student, draw)
    lengths, encoder_out = draw.permutation(4) + 3, draw.normal(4, 3, 6).requires_grad_()
    scores = decoder(encoder_out, _captions(draw, lengths, 7), lengths)
    (scores * draw.normal(4, 6, 11)).sum().backward()
    return {"encoder_out": encoder_out.grad, "first state": decoder.init.fc.weight.grad}


# --- caption_loss ---------------------------------------------------------------------------


def _scored(draw, lengths, tokens, vocab, dtype=torch.float32):
    captions = _captions(draw, lengths, tokens, vocab)
    return 2 * draw.normal(len(lengths), tokens - 1, vocab, dtype=dtype), captions


@check("caption_loss", points=2)
def captions_without_pads(student, draw):
    """The loss is the mean cross-entropy of the words that came next, in nat."""
    lengths = torch.full((4,), 6)
    scores, captions = _scored(draw, lengths, tokens=6, vocab=8)
    return student.caption_loss(scores, captions, lengths)


@check("caption_loss", points=2)
def every_target_counts_the_same(student, draw):
    """In a batch of long and short captions each real target, <end> included, counts once."""
    lengths = torch.tensor([9, 2, 4, 3])[draw.permutation(4)]
    scores, captions = _scored(draw, lengths, tokens=9, vocab=7)
    return student.caption_loss(scores, captions, lengths)


@check("caption_loss", points=2)
def pads_change_nothing(student, draw):
    """More pads behind the captions, whatever the scores are there, leave the loss as it is."""
    lengths = draw.permutation(4) + 3
    scores, captions = _scored(draw, lengths, tokens=7, vocab=9)
    longer = torch.cat([captions, torch.zeros(4, 5, dtype=torch.long)], dim=1)
    wider = torch.cat([scores, 5 * draw.normal(4, 5, 9)], dim=1)
    short = student.caption_loss(scores, captions, lengths)
    return {
        "the loss as it is": short,
        "the loss with more pads": student.caption_loss(wider, longer, lengths),
    }


@check("caption_loss", points=2)
def oracle_and_parrot(student, draw):
    """Scores that know the next word have a small loss; scores that repeat the last a large one."""
    lengths, confidence = draw.permutation(3) + 4, 2 + draw.uniform(1)
    captions = _captions(draw, lengths, 6, vocab=12)
    oracle = confidence * nn.functional.one_hot(captions[:, 1:], 12)
    parrot = confidence * nn.functional.one_hot(captions[:, :-1], 12)
    losses = [student.caption_loss(scores, captions, lengths) for scores in (oracle, parrot)]
    return {"the loss of the oracle": losses[0], "the loss of the parrot": losses[1]}


@check("caption_loss", points=1)
def gradient_of_the_loss(student, draw):
    """The gradient pushes each real target up, and is zero on pads (float64)."""
    lengths = draw.permutation(3) + 2
    scores, captions = _scored(draw, lengths, tokens=6, vocab=5, dtype=torch.float64)
    scores.requires_grad_()
    student.caption_loss(scores, captions, lengths).backward()
    return scores.grad


@check("caption_loss", points=1)
def loss_of_one_caption(student, draw):
    """A batch of one short caption works and is exact in float64."""
    length = draw.integers(2, 5, 1)
    scores, captions = _scored(draw, length, tokens=7, vocab=6, dtype=torch.float64)
    return student.caption_loss(scores, captions, length)


# --- greedy_decode and beam_search ----------------------------------------------------------


def _speaker(draw, vocab, width=6, end=None, end_score=0.0, dtype=torch.float32):
    """A small recurrent language model with drawn weights: step(words, state (h, c))."""
    embed = 2 * draw.normal(vocab, width, dtype=dtype)
    mix, read = draw.normal(2 * width, width, dtype=dtype), draw.normal(width, vocab, dtype=dtype)

    def step(words, state):
        h, c = state
        c = torch.tanh(torch.cat([h, c], dim=1) @ mix + embed[words])
        h = torch.tanh(h - 2 * c)
        scores = 1.5 * h @ read
        if end is not None:
            scores[:, end] = scores[:, end] + end_score
        return scores, (h, c)

    return at_most(CALLS, step)


def _script(draw, script, vocab):
    """A speaker that says the rows of `script` (B, steps), whatever it reads, and its state."""
    noise = draw.uniform(script.shape[1], vocab)

    def step(words, state):
        row, t = state
        scores = noise[t[:, 0]].clone()
        scores[torch.arange(len(row)), script[row[:, 0], t[:, 0]]] = 2.0
        return scores, (row, t + 1)

    rows = torch.arange(len(script))[:, None]
    return at_most(CALLS, step), (rows, torch.zeros_like(rows))


def _endings(draw, places, steps, vocab, end):
    """Drawn words, never `end` but at the drawn places and, at random, behind them."""
    script = draw.integers(0, vocab - 1, len(places), steps)
    script = script + (script >= end).long()
    for row, place in enumerate(places.tolist()):
        script[row, place] = end
        script[row, place + 1 :: 3] = end
    return script


def _as_lists(captions):
    return [[int(word) for word in caption] for caption in captions]


def _words_are(captions):
    """The types of the words, in words: `int`, or what stands there instead."""
    return ", ".join(sorted({type(word).__name__ for caption in captions for word in caption}))


@check("greedy_decode", points=2)
def best_word_after_best_word(student, draw):
    """Each step reads the word and the state that the step before gave, and says the best word."""
    vocab, start, end = 12, draw.integer(0, 4), draw.integer(5, 12)
    step = _speaker(draw, vocab, end=end, end_score=-99.0)
    state = (draw.normal(5, 6), draw.normal(5, 6))
    return _as_lists(student.greedy_decode(step, state, start, end, max_length=9))


@check("greedy_decode", points=2)
def each_ends_on_its_own(student, draw):
    """A caption is over at its own first <end>, and the others go on."""
    vocab, end = 14, draw.integer(2, 14)
    script = _endings(draw, draw.permutation(6), 10, vocab, end)
    step, state = _script(draw, script, vocab)
    return _as_lists(student.greedy_decode(step, state, 1, end, max_length=10))


@check("greedy_decode", points=1)
def number_zero_is_a_word(student, draw):
    """Only <end> ends a caption; every other number is a word, 0 and <start> too."""
    vocab, start, end = 9, draw.integer(1, 4), draw.integer(5, 9)
    script = _endings(draw, draw.integers(5, 8, 4), 9, vocab, end)
    script[:, 1], script[:, 2], script[:, 3] = 0, start, 0
    step, state = _script(draw, script, vocab)
    return _as_lists(student.greedy_decode(step, state, start, end, max_length=9))


@check("greedy_decode", points=1)
def at_most_max_length(student, draw):
    """A caption that never ends has max_length words, Python ints; a batch of one works."""
    vocab, end = 10, draw.integer(5, 10)
    step = _speaker(draw, vocab, end=end, end_score=-99.0)
    states = [(draw.normal(n, 6), draw.normal(n, 6)) for n in (1, 7)]
    lengths = (8, 1)
    captions = [
        student.greedy_decode(step, s, 2, end, max_length=n) for s, n in zip(states, lengths)
    ]
    types = _words_are([*captions[0], *captions[1]])
    return {"captions": [_as_lists(c) for c in captions], "the type of your words": types}


@check("greedy_decode", points=2)
def stops_when_all_are_done(student, draw):
    """The first step reads <start>, and no step is taken after the last caption has ended."""
    vocab, start, end = 16, draw.integer(3, 8), draw.integer(8, 16)
    step, state = _script(draw, _endings(draw, draw.permutation(4) + 1, 12, vocab, end), vocab)
    read = []

    def listening(words, state):
        read.append(int(words.max()))
        return step(words, state)

    captions = student.greedy_decode(listening, state, start, end, max_length=12)
    return {"steps": len(read), "first word read": read[0], "captions": _as_lists(captions)}


def _found(result):
    """Ids as a list, the score as a float32 number (it may have been summed in any order)."""
    ids, score = result
    return {"ids": [int(word) for word in ids], "score": torch.tensor(float(score))}


def _searches(student, draw, beam_size, max_length, vocab=8, times=4, end_score=0.0):
    """Several searches with speakers drawn afresh."""
    found = []
    for _ in range(times):
        start, end = draw.permutation(vocab)[:2].tolist()
        step = _speaker(draw, vocab, end=end, end_score=end_score)
        state = (draw.normal(1, 6), draw.normal(1, 6))
        found.append(_found(student.beam_search(step, state, start, end, beam_size, max_length)))
    return found


@check("beam_search", points=2)
def beam_of_one(student, draw):
    """With one place the search says the best word at each step, as greedy search does."""
    return _searches(student, draw, beam_size=1, max_length=7)


@check("beam_search", points=3)
def beam_of_three(student, draw):
    """With three places, beginnings compete: words, totals and states belong together."""
    return _searches(student, draw, beam_size=3, max_length=8, vocab=9, times=6)


@check("beam_search", points=3)
def wide_beam_finds_the_best(student, draw):
    """With a place for every caption there is, the search finds the most probable finished one."""
    return _searches(student, draw, beam_size=4**4, max_length=4, vocab=4, times=6)


@check("beam_search", points=2)
def nothing_finishes(student, draw):
    """If no caption finishes, the best unfinished one with max_length words is returned."""
    return _searches(student, draw, beam_size=3, max_length=6, end_score=-60.0)


def _tempting(draw, end, detour, straight, dtype=torch.float32):
    """Two ways from the start: `straight` to an end that costs, and a `detour` without an end."""
    scores = 0.3 * draw.normal(7, 7, dtype=dtype)
    scores[:, end] -= 9
    scores[0, detour], scores[0, straight] = 6.0, 5.0 + 0.2 * draw.uniform(1, dtype=dtype)
    scores[straight, end] = 8.0
    scores[detour, detour] = 7.0
    return at_most(CALLS, lambda words, state: (scores[words], (state[0] + 1,)))


@check("beam_search", points=2)
def finished_goes_first(student, draw):
    """A finished caption is preferred to an unfinished one, even to one that scores higher."""
    found = []
    for _ in range(3):
        end, detour, straight = (draw.permutation(6)[:3] + 1).tolist()
        step = _tempting(draw, end, detour, straight)
        state = (torch.zeros(1, 1),)
        found.append(_found(student.beam_search(step, state, 0, end, 2, draw.integer(4, 7))))
    return found


def _deep(speaker, depths):
    """The speaker with a count of the words in its state; `depths` notes how far it was asked."""

    def step(words, state):
        *memory, depth = state
        depths.append(int(depth.max()) + 1)
        scores, memory = speaker(words, memory)
        return scores, (*memory, depth + 1)

    return step


@check("beam_search", points=2)
def beam_shrinks(student, draw):
    """A finished caption leaves the beam and its place stays empty; the search then ends early."""
    found = []
    for _ in range(8):
        start, end = draw.permutation(7)[:2].tolist()
        depths = []
        step = _deep(_speaker(draw, 7, end=end, end_score=1.5), depths)
        state = (draw.normal(1, 6), draw.normal(1, 6), torch.zeros(1, 1))
        result = _found(student.beam_search(step, state, start, end, 4, 12))
        found.append(result | {"steps taken": max(depths)})
    return found


@check("beam_search", points=1)
def score_is_a_log_probability(student, draw):
    """The score is the log-probability of the caption with its <end>; the ids are Python ints."""
    end, detour, straight = (draw.permutation(6)[:3] + 1).tolist()
    scores, captions = [], []
    for places in (1, 2, 3):
        step = _tempting(draw, end, detour, straight)
        result = student.beam_search(step, (torch.zeros(1, 1),), 0, end, places, 5)
        scores.append(_found(result)["score"])
        captions.append(result[0])
    return {"scores": scores, "the type of your ids": _words_are(captions)}


# --- bleu -----------------------------------------------------------------------------------


def _corpus(draw, pictures, references=3, low=5, high=11, words=NOUNS[:5]):
    """References of few words, and captions that are references with some words exchanged."""
    truths, captions = [], []
    for _ in range(pictures):
        truth = [_sentence(draw, draw.integer(low, high), words) for _ in range(references)]
        caption = list(draw.choice(truth))
        for place in draw.integers(0, len(caption), 2).tolist():
            caption[place] = draw.choice(words)
        truths.append(truth)
        captions.append(caption)
    return truths, captions


@check("bleu", points=3, instead_of=BLEUS)
def corpus_of_captions(student, draw):
    """BLEU-4 of a corpus: counts of all captions together, then the formula."""
    return [student.bleu(*_corpus(draw, pictures)) for pictures in (6, 4, 9)]


@check("bleu", points=2, instead_of=BLEUS)
def repeated_words_are_clipped(student, draw):
    """Saying a right word again and again does not help: a reference must hold it as often."""
    truths, captions = _corpus(draw, 4, references=2, words=NOUNS)
    parrots = [c[:3] + [c[2]] * draw.integer(2, 6) + c[3:] for c in captions]
    return [student.bleu(truths, parrots, max_n=n) for n in (1, 2)]


@check("bleu", points=2, instead_of=BLEUS)
def short_captions_pay(student, draw):
    """Captions shorter than the closest references are punished, longer ones are not."""
    truths, captions = _corpus(draw, 5, low=8, high=14)
    short = [c[: -draw.integer(2, 5)] for c in captions]
    long = [c + _sentence(draw, draw.integer(2, 5)) for c in captions]
    return [student.bleu(truths, said, max_n=2) for said in (short, long)]


@check("bleu", points=1, instead_of=BLEUS)
def closest_reference(student, draw):
    """The length that counts is the closest reference's; of two equally close the shorter's."""
    truths, captions = [], []
    for near, far in ((-1, 1), (2, -2), (3, -1), (-4, 1)):
        caption = _sentence(draw, draw.integer(8, 11))
        longest = caption + _sentence(draw, 4)
        truths.append([longest[: len(caption) + near], longest[: len(caption) + far]])
        captions.append(caption)
    each = [student.bleu([t], [c], max_n=2) for t, c in zip(truths, captions)]
    return [*each, student.bleu(*_corpus(draw, 3, words=NOUNS[:3]), max_n=3)]


@check("bleu", points=1, instead_of=BLEUS)
def any_order_of_ngrams(student, draw):
    """max_n says how long the n-grams get: BLEU-1, BLEU-2, BLEU-3 and BLEU-5."""
    corpus = _corpus(draw, 5, low=9, high=12, words=NOUNS[:3])
    return [student.bleu(*corpus, max_n=n) for n in (1, 2, 3, 5)]


@check("bleu", points=2, instead_of=BLEUS)
def no_match_is_zero(student, draw):
    """If no n-gram of some length matches anywhere, BLEU is 0.0; one caption without is fine."""
    truths, captions = _corpus(draw, 3, words=NOUNS[:3])
    strange = ["zebra"] * len(captions[0])
    with_some = [strange, [], *captions[:2], captions[2]]
    references = [truths[0], truths[0], *truths]
    return {
        "nothing matches": student.bleu(truths[:1], [strange]),
        "too short for four": student.bleu(truths[:1], [captions[0][:3]]),
        "empty": student.bleu(truths[:1], [[]]),
        "some match": student.bleu(references, with_some, max_n=3),
    }


@check("bleu", points=1, instead_of=BLEUS)
def references_in_any_order(student, draw):
    """The order of a picture's references does not matter, and a perfect caption has BLEU 1."""
    truths, captions = _corpus(draw, 4, references=4, words=NOUNS[:3])
    turned = [truth[::-1] for truth in truths]
    perfect = [draw.choice(truth) for truth in truths]
    said = (truths, captions), (turned, captions), (truths, perfect)
    return [student.bleu(*pair) for pair in said]


# ---- training gate


@training_gate(seconds=120, judge=learns)
def learns_by_heart(student, draw, device):
    """The whole decoder trains: it learns captions of pictures by heart."""

    def build(features: int, vocab: int) -> nn.Module:
        cell = student.DecoderCell(32, 64, "lstm", student.lstm_step)
        init = student.InitialState(features, 64, student.init_hidden_state)
        return student.DecoderRNN(vocab, 32, cell, init)

    return by_heart(build, draw, device)
