"""What is measured on assignment 2, "Show, Attend and Tell".

Each probe hands drawn inputs to one TODO and returns plain values; what a composite TODO needs of
others comes as a small fake, so that no TODO depends on another. A key of what a probe returns is
the subject of a sentence that a student reads ("<key> has shape ..."), so it is a singular noun.
Letters: B pictures, P cells, D features, E embedding, H hidden, A attention, V words, T tokens.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from autograder.draws import Draw
from autograder.gradients import gradients
from autograder.probes import Names, at_most, check, training_gate
from autograder.training_gates import by_heart, learns

State = tuple[Tensor, ...]


# ---- attention


@check("attention", points=4)
def weights_over_cells(student: Names, draw: Draw) -> Any:
    """Each picture has a distribution of its own over its cells."""
    attend = draw.parameters(student.AdditiveAttention(6, 5, 4))
    _, alpha = attend(draw.normal(3, 9, 6), draw.normal(3, 5))
    return {"alpha": alpha, "the sum of alpha over the cells": alpha.sum(1)}


@check("attention", points=3)
def context_under_weights(student: Names, draw: Draw) -> Any:
    """The context is the sum of the cells' features under the weights."""
    attend = draw.parameters(student.AdditiveAttention(3, 7, 5))
    context, _ = attend(2 * draw.normal(4, 6, 3), draw.normal(4, 7))
    return {"context": context}


@check("attention", points=1)
def as_many_pictures_as_cells(student: Names, draw: Draw) -> Any:
    """Each picture is asked with its own hidden state, also where B equals P."""
    attend = draw.parameters(student.AdditiveAttention(4, 3, 6))
    context, alpha = attend(draw.normal(5, 5, 4), 2 * draw.normal(5, 3))
    return {"context": context, "alpha": alpha}


@check("attention", points=1)
def picture_on_its_own(student: Names, draw: Draw) -> Any:
    """A batch of one picture works, and gives what the picture got in the batch."""
    attend = draw.parameters(student.AdditiveAttention(6, 5, 4))
    pictures, h = draw.normal(3, 8, 6), draw.normal(3, 5)
    found = {}
    for b in range(3):
        context, alpha = attend(pictures[b : b + 1], h[b : b + 1])
        found |= {
            f"the context of picture {b} alone": context,
            f"alpha of picture {b} alone": alpha,
        }
    return found


@check("attention", points=1)
def one_cell_is_found(student: Names, draw: Draw) -> Any:
    """Where one cell scores far above the others, the context is that cell's features."""
    attend = draw.parameters(student.AdditiveAttention(7, 5, 7))
    with torch.no_grad():  # the score of a cell becomes 25 times its first feature
        attend.encoder_att.weight.copy_(torch.eye(7))
        attend.full_att.weight.copy_(25.0 * torch.eye(7)[:1])
        for unused in (attend.encoder_att.bias, attend.decoder_att.bias, attend.decoder_att.weight):
            unused.zero_()
    pictures = draw.uniform(2, 7, 7)
    pictures[torch.arange(2), draw.integers(0, 7, 2), 0] += 2
    context, alpha = attend(pictures, draw.normal(2, 5))
    return {"context": context, "alpha": alpha}


@check("attention", points=1)
def large_scores(student: Names, draw: Draw) -> Any:
    """Scores in the thousands do not overflow."""
    attend = draw.parameters(student.AdditiveAttention(5, 4, 3)).double()
    with torch.no_grad():
        attend.full_att.weight.fill_(1500.0)
    context, alpha = attend(draw.normal(2, 6, 5).double(), draw.normal(2, 4).double())
    return {"alpha": alpha, "context": context}


@check("attention", points=1)
def gradient_through_weights(student: Names, draw: Draw) -> Any:
    """The gradient reaches the picture and the hidden state through the weights."""
    attend = draw.parameters(student.AdditiveAttention(4, 5, 6))
    picture = draw.normal(2, 7, 4).requires_grad_()
    h = draw.normal(2, 5).requires_grad_()
    context, _ = attend(picture, h)
    inputs = {"the gradient that reaches the picture": picture, "the gradient that reaches h": h}
    return gradients((context * draw.normal(2, 4)).sum(), inputs)


# ---- init_hidden_state


def _two_layers(draw: Draw, inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    layers = draw.parameters(nn.ModuleList([nn.Linear(inputs, outputs) for _ in range(2)]))
    return layers[0], layers[1]


@check("init_hidden_state", points=3)
def mean_through_two_layers(student: Names, draw: Draw) -> Any:
    """h and c come from the mean over the cells, each through its own layer, h first."""
    fc_h, fc_c = _two_layers(draw, 6, 5)
    h, c = student.init_hidden_state(3 * draw.normal(4, 9, 6), fc_h, fc_c)
    return {"h": h, "c": c}


@check("init_hidden_state", points=2)
def each_picture_its_own_mean(student: Names, draw: Draw) -> Any:
    """Every picture has its own mean, also where B, P and D are equal."""
    fc_h, fc_c = _two_layers(draw, 4, 3)
    h, c = student.init_hidden_state(3 * draw.normal(4, 4, 4), fc_h, fc_c)
    return {"h": h, "c": c}


@check("init_hidden_state", points=1)
def state_of_one_picture(student: Names, draw: Draw) -> Any:
    """A batch of one picture keeps its batch axis."""
    fc_h, fc_c = _two_layers(draw, 5, 4)
    h, c = student.init_hidden_state(2 * draw.normal(1, 7, 5), fc_h, fc_c)
    return {"h": h, "c": c}


# ---- attention_step


class _ToyAttention(nn.Module):
    """Weights from the agreement of features and hidden state (H = D)."""

    def forward(self, encoder_out: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        alpha = (encoder_out * h.unsqueeze(1)).sum(2).softmax(1)
        return (alpha.unsqueeze(2) * encoder_out).sum(1), alpha


class _ToyCell(nn.Module):
    """h from input and old h, c from old c and new h; remembers its inputs."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs: list[Tensor] = []
        self.mix = nn.RNNCell(inputs, hidden)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        self.inputs.append(x.detach().clone())
        h = self.mix(x, h)
        return h, 0.5 * c + h


def _stepper(student: Names, draw: Draw, embed: int = 3, features: int = 5) -> Any:
    return draw.parameters(
        student.AttentionStep(
            _ToyAttention(),
            _ToyCell(2 * embed, features),
            vocab_size=8,
            embed_dim=embed,
            encoder_dim=features,
            hidden_dim=features,
        )
    )


def _state(draw: Draw, batch: int, cells: int = 6, features: int = 5) -> State:
    return (
        draw.normal(batch, features),
        draw.normal(batch, features),
        draw.normal(batch, cells, features),
    )


def _named(state: State, form: str) -> dict[str, Any]:
    """The three parts of a state, None where one lacks; `form` holds a place for their names."""
    parts = zip(("h", "c", "encoder_out"), [*state, None, None, None])
    return {form.format(name): part for name, part in parts}


@check("attention_step", points=3)
def scores_of_the_next_word(student: Names, draw: Draw) -> Any:
    """The scores come from the new hidden state, one for each word, not normalised."""
    stepper = _stepper(student, draw)
    scores, _, _ = stepper.step(draw.integers(0, 8, 4), _state(draw, 4))
    return {"scores": scores}


@check("attention_step", points=2)
def looks_with_the_old_state(student: Names, draw: Draw) -> Any:
    """Attention asks with the hidden state that came in."""
    stepper = _stepper(student, draw)
    _, _, alpha = stepper.step(draw.integers(0, 8, 3), _state(draw, 3))
    return {"alpha": alpha}


@check("attention_step", points=3)
def what_the_cell_reads(student: Names, draw: Draw) -> Any:
    """The cell reads the embedding, then the context's layer, in one vector."""
    stepper = _stepper(student, draw, embed=5)
    stepper.step(draw.integers(0, 8, 3), _state(draw, 3))
    inputs = stepper.cell.inputs
    calls = {"the number of times the cell is called": len(inputs)}
    return calls | {"the cell's input": inputs[0] if inputs else None}


@check("attention_step", points=2)
def two_steps_in_a_row(student: Names, draw: Draw) -> Any:
    """The new state holds the new h, the new c and the same picture, ready for the next step."""
    stepper = _stepper(student, draw)
    _, state, _ = stepper.step(draw.integers(0, 8, 3), _state(draw, 3))
    first = [part.clone() for part in state]
    scores, state, alpha = stepper.step(draw.integers(0, 8, 3), state)
    states = _named(first, "{} after one step") | _named(state, "{} after two steps")
    return states | {"the second step's score tensor": scores, "the second step's alpha": alpha}


@check("attention_step", points=1)
def given_state_untouched(student: Names, draw: Draw) -> Any:
    """The state that was handed in is the same afterwards."""
    stepper = _stepper(student, draw)
    state = _state(draw, 2)
    before = [part.clone() for part in state]
    with torch.no_grad():
        stepper.step(draw.integers(0, 8, 2), state)
    same = [bool(torch.equal(*pair)) for pair in zip(before, state)]
    names = ("h", "c", "encoder_out")
    kept = {f"the given {name} is as it was": answer for name, answer in zip(names, same)}
    return kept | _named(state, "the given {}")


@check("attention_step", points=1)
def step_of_one_picture(student: Names, draw: Draw) -> Any:
    """A single picture keeps its batch axis in scores, state and weights."""
    stepper = _stepper(student, draw)
    scores, state, alpha = stepper.step(draw.integers(0, 8, 1), _state(draw, 1))
    return {"scores": scores, "alpha": alpha} | _named(state, "the new {}")


# ---- attention_forward


def _toy_decoder(student: Names, draw: Draw, vocab: int = 7, features: int = 4) -> Any:
    """The student's `forward` on a toy step that remembers the words it was fed."""
    words, readout = draw.normal(vocab, features), draw.normal(features, vocab)

    class Toy(student.AttentionDecoder):
        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.vocab_size = vocab
            self.fed: list[Tensor] = []
            self.step = at_most(500, self.step)

        def init_state(self, encoder_out: Tensor) -> State:
            return encoder_out.mean(1), encoder_out.amax(1), encoder_out

        def step(self, ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
            h, c, encoder_out = state
            self.fed.append(ids.detach().clone())
            context, alpha = _ToyAttention()(encoder_out, h)
            h = torch.tanh(0.5 * h + words[ids] + context)
            c = 0.5 * c + h
            return c @ readout, (h, c, encoder_out), alpha

    return Toy()


def _captions(draw: Draw, lengths: list[int], longest: int) -> tuple[Tensor, Tensor]:
    """Drawn captions of words 3 … 6 between <start> = 1 and <end> = 2, padded with 0."""
    captions = draw.integers(3, 7, len(lengths), longest)
    ends = torch.tensor(lengths)
    places = torch.arange(longest).expand(len(lengths), longest)
    captions[:, 0] = 1
    captions[places == (ends - 1).unsqueeze(1)] = 2
    return captions.masked_fill(places >= ends.unsqueeze(1), 0), ends


def _both(output: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    scores, alphas = output
    return {"scores": scores, "alphas": alphas}


@check("attention_forward", points=3)
def captions_of_one_length(student: Names, draw: Draw) -> Any:
    """At each time the decoder is fed the caption's word, with the state of the time before."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [6, 6, 6], 6)
    return _both(decoder(draw.normal(3, 5, 4), captions, lengths))


@check("attention_forward", points=4)
def lengths_in_any_order(student: Names, draw: Draw) -> Any:
    """Row b of the answer belongs to row b of the batch, with zeros behind its caption."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [4, 7, 2, 6, 3], 7)
    return _both(decoder(draw.normal(5, 6, 4), captions, lengths))


@check("attention_forward", points=4)
def no_work_on_pads(student: Names, draw: Draw) -> Any:
    """The step is fed each word but the last of each caption once, and no pads."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [3, 8, 5, 8], 10)
    decoder(draw.normal(4, 5, 4), captions, lengths)
    fed = torch.cat([ids.reshape(-1) for ids in decoder.fed])
    rows = {"the number of rows given to step": fed.numel()}
    return rows | {"the sorted list of words given to step": fed.sort().values}


@check("attention_forward", points=1)
def more_padding_changes_nothing(student: Names, draw: Draw) -> Any:
    """Columns of pads behind the longest caption add zeros and change nothing else."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [5, 3, 6], 9)
    return _both(decoder(draw.normal(3, 5, 4), captions, lengths))


@check("attention_forward", points=1)
def caption_on_its_own(student: Names, draw: Draw) -> Any:
    """A batch of one caption works."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [5], 6)
    return _both(decoder(draw.normal(1, 4, 4), captions, lengths))


@check("attention_forward", points=1)
def gradient_to_the_picture(student: Names, draw: Draw) -> Any:
    """Scores and weights of every step pass their gradient on to their own picture."""
    decoder = _toy_decoder(student, draw)
    captions, lengths = _captions(draw, [3, 6, 4], 6)
    pictures = draw.normal(3, 5, 4).requires_grad_()
    scores, alphas = decoder(pictures, captions, lengths)
    total = (scores * draw.normal(3, 5, 7)).sum() + (alphas * draw.normal(3, 5, 5)).sum()
    return gradients(total, {"the gradient that reaches the pictures": pictures})


# ---- doubly_stochastic_penalty


def _alphas(draw: Draw, batch: int, times: int, cells: int) -> Tensor:
    return (2 * draw.normal(batch, times, cells)).softmax(2)


@check("doubly_stochastic_penalty", points=2)
def penalty_of_one_length(student: Names, draw: Draw) -> Any:
    """The penalty is the mean over pictures and cells of (1 - sum over time)²."""
    alphas = _alphas(draw, 3, 6, 4)
    return {"the penalty": student.doubly_stochastic_penalty(alphas, torch.tensor([7, 7, 7]))}


@check("doubly_stochastic_penalty", points=2)
def only_real_steps_count(student: Names, draw: Draw) -> Any:
    """Whatever stands behind a caption's end changes nothing, even if it is not a number."""
    alphas = _alphas(draw, 4, 7, 5)
    lengths = torch.tensor([5, 8, 2, 6])
    behind = torch.arange(7) >= (lengths - 1).unsqueeze(1)
    junk = alphas.masked_fill(behind.unsqueeze(2), draw.integer(2, 9))
    not_numbers = alphas.masked_fill(behind.unsqueeze(2), math.nan)
    return {
        "the penalty with other numbers behind the ends": student.doubly_stochastic_penalty(
            junk, lengths
        ),
        "the penalty with NaN behind the ends": student.doubly_stochastic_penalty(
            not_numbers, lengths
        ),
    }


@check("doubly_stochastic_penalty", points=1)
def size_of_grid_and_batch(student: Names, draw: Draw) -> Any:
    """The same pictures twice, or each cell's weights in two cells, leave a mean a mean."""
    alphas, lengths = _alphas(draw, 3, 5, 6), torch.tensor([6, 3, 5])
    twice = student.doubly_stochastic_penalty(alphas.repeat(2, 1, 1), lengths.repeat(2))
    doubled = student.doubly_stochastic_penalty(alphas.repeat(1, 1, 2), lengths)
    one = student.doubly_stochastic_penalty(alphas[:1], lengths[:1])
    return {
        "the penalty of the pictures given twice": twice,
        "the penalty of a grid twice as large": doubled,
        "the penalty of one picture": one,
    }


@check("doubly_stochastic_penalty", points=3)
def gradient_moves_the_weights(student: Names, draw: Draw) -> Any:
    """Its gradient pulls towards cells that were looked at too little, and stops at the end."""
    energies = draw.normal(3, 6, 5).requires_grad_()
    lengths = torch.tensor([4, 7, 5])
    penalty = student.doubly_stochastic_penalty(energies.softmax(2), lengths)
    return gradients(10 * penalty, {"the gradient that reaches the attention": energies})


# ---- beam_search_with_attention


class _Language:
    """A toy decoder step whose scores depend on all words so far; <end> grows likelier with time.

    The state is (h, the picture's part of the weights, a clock), each with one row per beginning.
    """

    def __init__(self, draw: Draw, vocab: int = 6, cells: int = 4, hidden: int = 5) -> None:
        order = draw.permutation(vocab).tolist()
        self.start, self.end = order[0], order[1]
        self.words = 1.5 * draw.normal(vocab, hidden)
        self.readout = 1.5 * draw.normal(hidden, vocab)
        self.look, self.level = 2 * draw.normal(hidden, cells), 3 * draw.normal(1)
        self.state: State = (draw.normal(1, hidden), draw.normal(1, cells), torch.zeros(1, 1))
        self.end_bonus = -4.0

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        h, picture, clock = state
        alpha = (h @ self.look + picture).softmax(1)
        h = torch.tanh(self.words[words] + 0.8 * h.roll(1, 1))
        scores = h @ self.readout + self.level + 3 * h.sum(1, keepdim=True)
        scores[:, self.end] += self.end_bonus + clock[:, 0]
        scores[:, self.start] -= 30
        return scores, (h, picture, clock + 1), alpha

    def search(self, student: Names, beam_size: int, max_length: int) -> dict[str, Any]:
        return _search(student, self, beam_size, max_length)


class _Detour:
    """A toy step in which the best caption begins as the second best.

    Nodes: 0 the beginning, 1 a word that leads nowhere, 2 the second best word; from there 3 a
    sure way (5) that forks late (6, 7), or 4 a short cut that ends at once with chance `short`.
    """

    NEXT = ((0, 1), (0, 2), (2, 3), (2, 4), (3, 5), (5, 6), (5, 7))
    CHANCE = (0.53, 0.43, 0.6, 0.3, 0.97, 0.5, 0.47)

    def __init__(self, draw: Draw, short: float, vocab: int = 16, cells: int = 5) -> None:
        order = draw.permutation(vocab).tolist()
        self.start, self.end = order[0], order[1]
        chances = torch.zeros(9, vocab)
        self.after = torch.full((9, vocab), 8)
        for (node, after), chance in zip(self.NEXT, self.CHANCE):
            word = order[1 + after]
            self.after[node, word], chances[node, word] = after, chance
        for node, chance in ((4, short), (6, 0.2), (7, 0.98)):
            chances[node, self.end] = chance
        rest = draw.uniform(9, vocab, low=0.3) * (chances == 0)
        chances += (1 - chances.sum(1, keepdim=True)) * rest / rest.sum(1, keepdim=True)
        chances *= draw.uniform(9, vocab, low=0.99, high=1.01)
        self.scores = chances.log() + draw.normal(9, 1)
        self.alphas = draw.normal(9, cells).softmax(1)
        self.state: State = (torch.full((1, 1), -1),)

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        before = state[0][:, 0]
        node = torch.where(before < 0, 0, self.after[before.clamp(min=0), words])
        return self.scores[node], (node.unsqueeze(1),), self.alphas[node]


def _search(student: Names, toy: Any, beam_size: int, max_length: int) -> dict[str, Any]:
    step = at_most(10 * beam_size * max_length, toy.step)
    ids, score, alphas = student.beam_search_with_attention(
        step, toy.state, toy.start, toy.end, beam_size, max_length
    )
    return {"ids": [int(word) for word in ids], "the score": float(score), "alphas": alphas}


def _without_maps(caption: dict[str, Any]) -> dict[str, Any]:
    return {name: caption[name] for name in ("ids", "the score")}


@check("beam_search_with_attention", points=3)
def beam_of_one_is_greedy(student: Names, draw: Draw) -> Any:
    """With a beam of one the caption is the greedy one, its score the sum of log-probabilities."""
    return [_Language(draw).search(student, 1, 9) for _ in range(4)]


@check("beam_search_with_attention", points=2)
def beam_of_three(student: Names, draw: Draw) -> Any:
    """In a wider beam every beginning goes on in its own state; the best finished one wins."""
    found = [_Language(draw).search(student, 3, 9) for _ in range(6)]
    found.append(_search(student, _Detour(draw, short=0.3), 3, 8))  # a better one finishes later
    found.append(_search(student, _Detour(draw, short=0.8), 2, 3))  # a better one has no time to
    return [_without_maps(caption) for caption in found]


@check("beam_search_with_attention", points=2)
def beam_becomes_narrower(student: Names, draw: Draw) -> Any:
    """A finished caption leaves the beam, and its place stays empty."""
    found = [_search(student, _Detour(draw, short=0.8), 2, 7) for _ in range(2)]
    return [_without_maps(caption) for caption in found]


@check("beam_search_with_attention", points=2)
def wide_beam_is_exhaustive(student: Names, draw: Draw) -> Any:
    """A beam that holds every caption finds the best of all that finish in time."""
    found = []
    for bonus in (-2.0, -1.0, 0.0, 1.0):
        language = _Language(draw, vocab=4)
        language.end_bonus = bonus
        found.append(language.search(student, 4**4, 4))
    return found


@check("beam_search_with_attention", points=2)
def nothing_finishes(student: Names, draw: Draw) -> Any:
    """If no caption finishes, the best unfinished one is the answer."""
    found = []
    for _ in range(2):
        language = _Language(draw)
        language.end_bonus = -60.0
        found.append(language.search(student, 3, 5))
    return found


@check("beam_search_with_attention", points=2)
def a_map_for_each_word(student: Names, draw: Draw) -> Any:
    """Row i of the weights comes from the step that chose word i of this very caption."""
    languages = [_Language(draw, vocab=7, cells=6).search(student, 4, 8) for _ in range(3)]
    detours = [_search(student, _Detour(draw, short=0.03), 2, 8) for _ in range(2)]
    return [{"alphas": caption["alphas"]} for caption in languages + detours]


@check("beam_search_with_attention", points=1)
def nothing_to_say(student: Names, draw: Draw) -> Any:
    """If <end> is the best first word, there are no ids and no maps, only a score."""
    language = _Language(draw)
    scores = language.step(torch.tensor([language.start]), language.state)[0][0]
    others = scores.masked_fill(torch.arange(len(scores)) == language.end, -math.inf).logsumexp(0)
    margin = draw.uniform(1, low=0.3, high=1.5).item()  # so that more than half of all is <end>
    language.end_bonus += (others - scores[language.end]).item() + margin
    return language.search(student, 2, 5)


# ---- upsample_attention

# (kernel, stride, padding) from picture to grid; in each the centre depends on every layer's place.
_STACKS = [
    [(3, 2, 1), (4, 2, 0), (3, 1, 0)],
    [(5, 2, 1), (3, 2, 0)],
    [(7, 2, 3), (2, 2, 0), (3, 1, 1)],
    [(4, 3, 1), (5, 2, 1)],
]


def _cells_along(layers: list[tuple[int, int, int]], pixels: int) -> int:
    for kernel, stride, padding in layers:
        pixels = (pixels + 2 * padding - kernel) // stride + 1
    return pixels


def _picture(draw: Draw, layers: list[tuple[int, int, int]]) -> tuple[Any, Any]:
    """A drawn odd size, wider than high, and the grid that the layers make of it."""
    height = 2 * draw.integer(15, 20) + 1
    size = (height, height + 2 * draw.integer(6, 12))
    return size, tuple(_cells_along(layers, side) for side in size)


@check("upsample_attention", points=2)
def one_cell_at_its_centre(student: Names, draw: Draw) -> Any:
    """All weight on one cell makes a tent that peaks at the centre of what the cell sees."""
    maps = []
    for layers in _STACKS:
        size, (rows, columns) = _picture(draw, layers)
        alpha = torch.zeros(rows * columns)
        alpha[draw.integer(0, rows) * columns + draw.integer(0, columns)] = 1.0
        found = student.upsample_attention(alpha, (rows, columns), layers, size)
        maps.append({"the map": found})
    return maps


@check("upsample_attention", points=2)
def weights_between_centres(student: Names, draw: Draw) -> Any:
    """Between the centres the map is bilinear, and its values are the weights' own."""
    layers = draw.choice(_STACKS)
    size, grid = _picture(draw, layers)
    alpha = 20 * draw.normal(grid[0] * grid[1]).softmax(0)
    return {"the map": student.upsample_attention(alpha, grid, layers, size)}


@check("upsample_attention", points=1)
def grid_of_the_small_encoder(student: Names, draw: Draw) -> Any:
    """The small encoder's grid: centres at 0, 8, 16, …, and flat behind the outermost ones."""
    alpha = draw.normal(8 * 5)
    layers = [(3, 2, 1)] * 3 + [(3, 1, 1)]
    return {"the map": student.upsample_attention(alpha, (8, 5), layers, (63, 40))}


@check("upsample_attention", points=1)
def single_row_and_double(student: Names, draw: Draw) -> Any:
    """A grid of one row, or one column, and weights in double precision work alike."""
    layers = [(6, 3, 1), (3, 2, 0)]
    cells = draw.integer(4, 7)
    alpha = draw.normal(cells, dtype=torch.float64)
    row = student.upsample_attention(alpha, (1, cells), layers, (11, 41))
    column = student.upsample_attention(alpha, (cells, 1), layers, (41, 11))
    return {"the map of a single row": row, "the map of a single column": column}


@check("upsample_attention", points=2)
def a_dot_comes_back(student: Names, draw: Draw) -> Any:
    """A dot that goes through real layers is found where it was: the map's centre of mass."""
    places = []
    for layers in _STACKS[:2]:
        size, grid = _picture(draw, layers)
        picture = torch.zeros(1, 1, *size)
        picture[0, 0, draw.integer(12, size[0] - 12), draw.integer(12, size[1] - 12)] = 1.0
        for kernel, stride, padding in layers:
            ones = torch.ones(1, 1, kernel, kernel)
            picture = nn.functional.conv2d(picture, ones, stride=stride, padding=padding)
        seen = student.upsample_attention(picture.flatten(), grid, layers, size)
        y, x = torch.arange(size[0]).to(seen), torch.arange(size[1]).to(seen)
        moments = torch.stack([(seen.sum(1) * y).sum(), (seen.sum(0) * x).sum()])
        places.append({"the map's centre of mass": moments / seen.sum()})
    return places


# ---- pointing_game


def _maps_and_boxes(draw: Draw, count: int, high: int, wide: int) -> tuple[Tensor, Tensor]:
    """Maps with drawn peaks; about half of the boxes hold the peak of their map."""
    maps = draw.uniform(count, high, wide)
    peaks = torch.stack([draw.integers(0, wide, count), draw.integers(0, high, count)], 1)
    maps[torch.arange(count), peaks[:, 1], peaks[:, 0]] += 1.0
    towards = peaks + draw.normal(count, 2) * 3
    sides = draw.uniform(count, 2, low=2.0, high=7.0)
    return maps, torch.cat([towards - sides / 2, towards + sides / 2], 1)


def _shares(student: Names, maps: list[Tensor], boxes: list[Tensor]) -> dict[str, Tensor]:
    """The answer for each pair of maps (N, H, W) and boxes (N, 4)."""
    shares = [float(student.pointing_game(*pair)) for pair in zip(maps, boxes)]
    return {"the list of your answers": torch.tensor(shares)}


def _one_by_one(student: Names, maps: Tensor, boxes: Tensor) -> dict[str, Tensor]:
    """The share of each single map, so that no two errors can cancel."""
    return _shares(student, list(maps.split(1)), list(boxes.split(1)))


@check("pointing_game", points=2)
def hit_or_miss(student: Names, draw: Draw) -> Any:
    """A map is a hit if its largest weight lies in the box: 1 or 0 for a single map."""
    maps, boxes = _maps_and_boxes(draw, 40, 9, 16)
    peak, boxes = maps.flatten(1).argmax(1), boxes.round()
    at_edge = boxes == torch.stack([peak % 16, peak // 16], 1).repeat(1, 2)
    boxes += at_edge * torch.tensor([-1, -1, 1, 1])  # edges have a check of their own
    return _one_by_one(student, maps, boxes)


@check("pointing_game", points=2)
def share_of_hits(student: Names, draw: Draw) -> Any:
    """Over several maps the answer is the share of hits."""
    maps, boxes = _maps_and_boxes(draw, 31, 12, 8)
    parts = [slice(n, n + 7) for n in range(25)] + [slice(None)]
    return _shares(student, [maps[part] for part in parts], [boxes[part] for part in parts])


@check("pointing_game", points=1)
def edges_of_the_box(student: Names, draw: Draw) -> Any:
    """Left and top edge belong to the box, right and bottom do not; an edge may be a fraction."""
    count, high, wide = 40, 8, 11
    maps, _ = _maps_and_boxes(draw, count, high, wide)
    peak = maps.flatten(1).argmax(1)
    x, y = (peak % wide).float(), (peak // wide).float()
    near = draw.integers(0, 2, 4, count) * torch.tensor([1.0, 1.0, -1.0, -1.0]).unsqueeze(1)
    part = 0.4 * draw.integers(0, 2, count)
    left, top, right, bottom = torch.stack([x, y, x + 1, y + 1]) + near * part
    at_edge = draw.integers(0, 3, count)
    right = torch.where(at_edge == 1, x, right)
    left = torch.where(at_edge == 1, x - 3, left)
    bottom = torch.where(at_edge == 2, y, bottom)
    top = torch.where(at_edge == 2, y - 3, top)
    return _one_by_one(student, maps, torch.stack([left, top, right, bottom], 1))


@check("pointing_game", points=1)
def first_of_equal_peaks(student: Names, draw: Draw) -> Any:
    """Where several pixels share the largest weight, the first in reading order counts."""
    maps = draw.integers(0, 3, 40, 6, 7).float()
    left, top = draw.uniform(40, low=-1.0, high=4.0), draw.uniform(40, low=-1.0, high=1.0)
    boxes = torch.stack([left, top, left + 3.5, top + 1.5], 1)
    return _one_by_one(student, maps, boxes)


# ---- training gate


@training_gate(seconds=120, judge=learns)
def learns_by_heart(student: Names, draw: Draw, device: str) -> Any:
    """The whole decoder trains: it learns captions of pictures by heart."""

    def build(features: int, vocab: int) -> nn.Module:
        attention = student.AdditiveAttention(features, 64, 32)
        sizes = {"embed_dim": 32, "encoder_dim": features, "hidden_dim": 64}
        cell = _GivenCell(2 * 32, 64)
        return student.AttentionDecoder(attention, cell, vocab_size=vocab, **sizes)

    return by_heart(build, draw, device)


class _GivenCell(nn.Module):
    """torch's own cell in the form that the exercise gives."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.unit = nn.LSTMCell(inputs, hidden)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        return self.unit(x, (h, c))
