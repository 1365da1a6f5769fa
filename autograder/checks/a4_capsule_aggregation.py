"""What is measured on assignment 4, "Capsules that agree on a style".

Each probe hands drawn inputs to one TODO and returns plain values; what a composite TODO needs of
others comes as a small fake, so that no TODO depends on another. A key of what a probe returns is
the subject of a sentence that a student reads ("<key> has shape ..."), so it is a singular noun.
Letters: B batch, I input capsules, J output capsules, C and D entries of a capsule and of a vote,
E embedding, H hidden, V words, T tokens, Z entries of what the generator is told.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.draws import Draw
from autograder.gradients import gradients
from autograder.probes import Names, check, training_gate
from autograder.training_gates import by_heart, learns
from starter_code.captioning.decode import beam_search

State = tuple[Tensor, ...]


# ---- votes


@check("votes", points=3)
def vote_of_each_pair(student: Names, draw: Draw) -> Any:
    """Each input capsule has one vote for each output capsule, by the matrix of that pair."""
    return {"the tensor of votes": student.votes(draw.normal(3, 4, 5), draw.normal(4, 2, 5, 6))}


@check("votes", points=2)
def square_matrices(student: Names, draw: Draw) -> Any:
    """Capsules are rows: the matrix stands on their right, also where C equals D."""
    return {"the tensor of votes": student.votes(draw.normal(2, 3, 4), draw.normal(3, 5, 4, 4))}


@check("votes", points=1)
def all_sizes_equal(student: Names, draw: Draw) -> Any:
    """Each capsule meets its own matrices, also where all sizes are the same."""
    return {"the tensor of votes": student.votes(draw.normal(3, 3, 3), draw.normal(3, 3, 3, 3))}


@check("votes", points=1)
def sizes_of_one(student: Names, draw: Draw) -> Any:
    """A single example, a single input or a single output keeps its axis."""
    one = student.votes(draw.normal(1, 3, 4), draw.normal(3, 2, 4, 2))
    few = student.votes(draw.normal(2, 1, 3), draw.normal(1, 1, 3, 4))
    return {"the vote tensor of one example": one, "the vote tensor of one pair": few}


@check("votes", points=1)
def gradient_to_capsules_and_weights(student: Names, draw: Draw) -> Any:
    """The gradient reaches the capsules and the weights."""
    capsules = draw.normal(2, 3, 4).requires_grad_()
    weights = draw.normal(3, 2, 4, 5).requires_grad_()
    found = student.votes(capsules, weights) * draw.normal(2, 3, 2, 5)
    inputs = {
        "the gradient that reaches the capsules": capsules,
        "the gradient that reaches the weights": weights,
    }
    return gradients(found, inputs)


# ---- squash


def _of_lengths(draw: Draw, lengths: Tensor, size: int) -> Tensor:
    """Vectors of drawn directions and the given lengths: (N, size)."""
    directions = draw.normal(len(lengths), size)
    return lengths.unsqueeze(1) * directions / directions.norm(dim=1, keepdim=True)


@check("squash", points=3)
def lengths_short_and_long(student: Names, draw: Draw) -> Any:
    """A length n becomes n² / (1 + n²), and the direction stays."""
    capsules = _of_lengths(draw, draw.uniform(12, low=0.02, high=6.0), 5)
    return {"the squashed capsule": student.squash(capsules)}


@check("squash", points=2)
def many_axes(student: Names, draw: Draw) -> Any:
    """Lengths run over the last axis, with any number of axes in front of it."""
    many, cube = 2 * draw.normal(2, 3, 4, 5), 2 * draw.normal(4, 4, 4)
    single = student.squash(2 * draw.normal(6))
    return {
        "the answer for four axes": student.squash(many),
        "the answer for a cube": student.squash(cube),
        "the answer for a single vector": single,
    }


@check("squash", points=3)
def zero_among_others(student: Names, draw: Draw) -> Any:
    """A vector of zeros stays zero, and its gradient is zero; those beside it do not notice."""
    capsules = draw.normal(4, 3)
    capsules[draw.integer(0, 4)] = 0
    capsules.requires_grad_()
    squashed = student.squash(capsules)
    inputs = {"the gradient that reaches the capsules": capsules}
    return {"the answer": squashed} | gradients(squashed * draw.normal(4, 3), inputs)


@check("squash", points=1)
def short_vectors(student: Names, draw: Draw) -> Any:
    """Short vectors, from 1e-2 down to 1e-9, are shortened by their own length, not by a guard."""
    lengths = 10 ** (torch.arange(-9.0, -2.0) + draw.uniform(7))
    squashed = student.squash(_of_lengths(draw, lengths, 4))
    return {"the answer, divided by the squared length": squashed / lengths.unsqueeze(1) ** 2}


@check("squash", points=1)
def tiny_and_huge(student: Names, draw: Draw) -> Any:
    """Lengths from 1e-30 to 1e30 in float32 give finite answers and gradients."""
    exponents = torch.tensor([-30.0, -15.0, -3.0, 0.5, 8.0, 16.0, 22.0, 30.0])
    capsules = _of_lengths(draw, 10**exponents, 4).requires_grad_()
    squashed = student.squash(capsules)
    inputs = {"the gradient that reaches the capsules": capsules}
    return {
        "the answer": squashed,
        "the longest answer (never above 1)": squashed.detach().double().norm(dim=1).max().float(),
    } | gradients(squashed * draw.normal(8, 4), inputs)


@check("squash", points=1)
def type_that_came_in(student: Names, draw: Draw) -> Any:
    """float32 gives float32, and float64 gives float64."""
    found: dict[str, Any] = {}
    for name, dtype in (("float32", torch.float32), ("float64", torch.float64)):
        squashed = student.squash(2 * draw.normal(3, 4, dtype=dtype))
        found[f"the answer for {name}"] = squashed.float()
        found[f"the type of the answer for {name}"] = str(squashed.dtype).removeprefix("torch.")
    return found


@check("squash", points=1)
def gradient_of_squashing(student: Names, draw: Draw) -> Any:
    """The gradient passes through the length as well as through the direction."""
    capsules = draw.normal(3, 2, 4).requires_grad_()
    squashed = student.squash(capsules)
    inputs = {"the gradient that reaches the capsules": capsules}
    return gradients(squashed * draw.normal(3, 2, 4), inputs)


# ---- route


class _ToySquash:
    """Stands for squash: bends, and shortens when called twice; counts its calls."""

    def __init__(self) -> None:
        self.given: list[Tensor] = []

    def __call__(self, capsules: Tensor) -> Tensor:
        self.given.append(capsules.detach().clone())
        return 0.5 * torch.tanh(capsules + 0.25)


def _routed(student: Names, votes: Tensor, *iterations: int) -> dict[str, Any]:
    outputs, couplings = student.route(votes, _ToySquash(), *iterations)
    return {"the tensor of outputs": outputs, "the tensor of couplings": couplings}


@check("route", points=3)
def one_iteration(student: Names, draw: Draw) -> Any:
    """After one iteration all couplings are equal and the output is the squashed plain mean."""
    return _routed(student, draw.normal(3, 5, 4, 6), 1)


@check("route", points=4)
def two_and_four_iterations(student: Names, draw: Draw) -> Any:
    """Agreement moves the couplings from one iteration to the next, but not after the last."""
    found = [_routed(student, draw.normal(2, 4, 3, 5), iterations) for iterations in (2, 4)]
    return found


@check("route", points=2)
def three_by_default(student: Names, draw: Draw) -> Any:
    """Without a number there are three iterations."""
    return _routed(student, 0.8 * draw.normal(2, 2, 3, 4))


@check("route", points=2)
def squashed_once(student: Names, draw: Draw) -> Any:
    """squash is called once, with the weighted mean of the last iteration."""
    squash = _ToySquash()
    student.route(draw.normal(2, 3, 4, 5), squash, 3)
    calls = {"the number of times squash is called": len(squash.given)}
    return calls | {"what squash is given last": squash.given[-1] if squash.given else None}


@check("route", points=2)
def sizes_that_are_equal(student: Names, draw: Draw) -> Any:
    """Inputs share themselves out over the outputs, also where all sizes are the same."""
    return _routed(student, draw.normal(4, 4, 4, 4), 3)


@check("route", points=1)
def one_example_one_output(student: Names, draw: Draw) -> Any:
    """A single example, a single input or a single output keeps its axis."""
    votes = draw.normal(3, 2, 3, 4)
    alone = _routed(student, votes[1:2], 3)
    return [alone, _routed(student, votes[:, :1], 2), _routed(student, votes[:, :, :1], 3)]


@check("route", points=2)
def the_same_call_again(student: Names, draw: Draw) -> Any:
    """A second call with the same votes gives the same: logits begin at zero each time."""
    votes = draw.normal(2, 3, 2, 4)
    kept = votes.clone()
    first, second = (_routed(student, votes, 2) for _ in range(2))
    return [first, second, {"the votes are as they were": bool(torch.equal(votes, kept))}]


@check("route", points=1)
def long_votes(student: Names, draw: Draw) -> Any:
    """Agreement in the hundreds overflows nothing, and an output that all leave keeps its mean."""
    votes = 0.5 * draw.normal(5, 3, 4, 6)
    agreement = torch.tensor([19.0, 24.0, 28.0, 45.0, 250.0])  # couplings from 1e-8 down to 0
    one = draw.normal(5, 1, 6)  # what all inputs say to the first output
    votes[:, :, 0] = agreement.sqrt()[:, None, None] * one / one.norm(dim=2, keepdim=True)
    return [_routed(student, 12 * draw.normal(4, 3, 4, 6), 2), _routed(student, votes, 2)]


@check("route", points=1)
def gradient_through_iterations(student: Names, draw: Draw) -> Any:
    """The gradient passes through all iterations: through means, couplings and agreement."""
    votes = draw.normal(2, 3, 4, 3).requires_grad_()
    outputs, couplings = student.route(votes, _ToySquash(), 3)
    total = (outputs * draw.normal(2, 4, 3)).sum() + (couplings * draw.normal(2, 3, 4)).sum()
    return gradients(total, {"the gradient that reaches the votes": votes})


# ---- capsule_aggregator


class _ToyVotes:
    """Votes that depend on each capsule's place and on every weight; remembers what it was given.

    Made from the sizes of what it gets, so that it also runs on capsules in a wrong order.
    """

    def __init__(self) -> None:
        self.capsules: list[Tensor] = []
        self.weights: list[Tensor] = []

    def __call__(self, capsules: Tensor, weights: Tensor) -> Tensor:
        self.capsules.append(capsules.detach().clone())
        self.weights.append(weights.detach().clone())
        return torch.einsum("bic,ijcd->bijd", capsules.tanh(), weights)


def _toy_route(votes: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs that hear the first input more than the others, and couplings of their own."""
    shares = torch.arange(votes.shape[1], 0, -1).to(votes)[:, None, None]
    return (shares * votes).sum(1), votes.mean(3).softmax(2)


_SMALL = {"image_dim": 5, "caption_dim": 3, "capsule_dim": 6, "outputs": 4, "vote_dim": 2}


def _aggregator(student: Names, draw: Draw, **sizes: int) -> tuple[Any, _ToyVotes]:
    votes = _ToyVotes()
    return draw.parameters(student.CapsuleAggregator(votes, _toy_route, **(_SMALL | sizes))), votes


@check("capsule_aggregator", points=3)
def outputs_in_a_row(student: Names, draw: Draw) -> Any:
    """The style is output 1, then output 2, and so on, in one row for each example."""
    aggregator, _ = _aggregator(student, draw)
    z_style, _ = aggregator.aggregate(draw.normal(3, 5), draw.normal(3, 3))
    return {"z_style": z_style}


@check("capsule_aggregator", points=2)
def what_votes_is_given(student: Names, draw: Draw) -> Any:
    """The input capsules are U z of the picture, then V z of the captions; W goes with them."""
    aggregator, votes = _aggregator(student, draw)
    aggregator.aggregate(draw.normal(4, 5), draw.normal(4, 3))
    calls = {"the number of times votes is called": len(votes.capsules)}
    return calls | {
        "the tensor of capsules": votes.capsules[0] if votes.capsules else None,
        "the weight tensor": votes.weights[0] if votes.weights else None,
    }


@check("capsule_aggregator", points=2)
def couplings_handed_on(student: Names, draw: Draw) -> Any:
    """The couplings are those that route gave."""
    aggregator, _ = _aggregator(student, draw)
    _, couplings = aggregator.aggregate(draw.normal(3, 5), draw.normal(3, 3))
    return {"the tensor of couplings": couplings}


@check("capsule_aggregator", points=1)
def equal_sizes_and_one_example(student: Names, draw: Draw) -> Any:
    """Each medium has its own matrix, also where both vectors have one size; B may be 1."""
    aggregator, _ = _aggregator(student, draw, image_dim=4, caption_dim=4, capsule_dim=4)
    several, _ = aggregator.aggregate(draw.normal(2, 4), draw.normal(2, 4))
    alone, couplings = aggregator.aggregate(draw.normal(1, 4), draw.normal(1, 4))
    return {
        "z_style of two examples": several,
        "z_style of one example": alone,
        "the coupling tensor of one example": couplings,
    }


@check("capsule_aggregator", points=1)
def sizes_of_the_source(student: Names, draw: Draw) -> Any:
    """With the source's sizes z_style has 3 · 64 numbers; evaluation mode changes nothing."""
    aggregator = draw.parameters(student.CapsuleAggregator(_ToyVotes(), _toy_route)).eval()
    z_style = aggregator(draw.normal(2, 64), draw.normal(2, 8))
    return {
        "z_style": z_style,
        "the tensor of couplings kept": aggregator.couplings,
        "output_dim": aggregator.output_dim,
    }


@check("capsule_aggregator", points=1)
def gradient_to_both_media(student: Names, draw: Draw) -> Any:
    """The gradient reaches both vectors and all three matrices."""
    aggregator, _ = _aggregator(student, draw)
    z_image, z_caption = draw.normal(2, 5).requires_grad_(), draw.normal(2, 3).requires_grad_()
    z_style, _ = aggregator.aggregate(z_image, z_caption)
    inputs = {
        "the gradient that reaches the picture's vector": z_image,
        "the gradient that reaches the captions' vector": z_caption,
        "the gradient that reaches U": aggregator.image_capsule.weight,
        "the gradient that reaches V": aggregator.caption_capsule.weight,
        "the gradient that reaches W": aggregator.weights,
    }
    return gradients(z_style * draw.normal(2, 8), inputs)


# ---- attention_aggregator


def _gated(student: Names, draw: Draw, **sizes: int) -> Any:
    sizes = {"image_dim": 5, "caption_dim": 3, "output_dim": 4} | sizes
    return draw.parameters(student.AttentionAggregator(**sizes))


@check("attention_aggregator", points=3)
def gate_between_two_media(student: Names, draw: Draw) -> Any:
    """g is the picture's share of a softmax over both media, one number for each example."""
    _, g = _gated(student, draw).aggregate(draw.normal(6, 5), draw.normal(6, 3))
    return {"g": g}


@check("attention_aggregator", points=3)
def weighed_by_the_gate(student: Names, draw: Draw) -> Any:
    """The style is g parts of the picture's h and 1 - g parts of the captions'."""
    z_style, _ = _gated(student, draw).aggregate(2 * draw.normal(5, 5), 2 * draw.normal(5, 3))
    return {"z_style": z_style}


@check("attention_aggregator", points=2)
def equal_sizes(student: Names, draw: Draw) -> Any:
    """Each layer sees what it should, also where all sizes are the same."""
    aggregator = _gated(student, draw, image_dim=4, caption_dim=4)
    z_style, g = aggregator.aggregate(draw.normal(4, 4), draw.normal(4, 4))
    return {"z_style": z_style, "g": g}


@check("attention_aggregator", points=1)
def example_on_its_own(student: Names, draw: Draw) -> Any:
    """A batch of one gives what the example got in the batch, and so does evaluation mode."""
    aggregator = _gated(student, draw).eval()
    z_image, z_caption = draw.normal(3, 5), draw.normal(3, 3)
    found = {}
    for b in range(3):
        found[f"z_style of example {b} alone"] = aggregator(
            z_image[b : b + 1], z_caption[b : b + 1]
        )
        found[f"the gate kept of example {b}"] = aggregator.gate
    return found


@check("attention_aggregator", points=1)
def gradient_through_the_gate(student: Names, draw: Draw) -> Any:
    """The gradient passes through the gate as well as through h."""
    aggregator = _gated(student, draw)
    z_image, z_caption = draw.normal(3, 5).requires_grad_(), draw.normal(3, 3).requires_grad_()
    z_style, _ = aggregator.aggregate(z_image, z_caption)
    inputs = {
        "the gradient that reaches the picture's vector": z_image,
        "the gradient that reaches the captions' vector": z_caption,
        "the gradient that reaches the layer of the scores": aggregator.attn.weight,
    }
    return gradients(z_style * draw.normal(3, 4), inputs)


# ---- stylized_generator


def _enlarge(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In place of dropout: where that drops, this multiplies, so that one sees what it meets."""
    return x * (1 + 4 * p) if training else x


def _seen_dropout() -> Any:
    """While this is entered, nn.Dropout and F.dropout enlarge: by two where p is 1/4."""
    return mock.patch.object(F, "dropout", _enlarge)


class _Listening(nn.Module):
    """In place of the LSTM cell: remembers its inputs."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs: list[Tensor] = []
        self.cell = nn.LSTMCell(inputs, hidden)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        self.inputs.append(x.detach().clone())
        return self.cell(x, state)


def _generator(student: Names, draw: Draw, dropout: float = 0.0) -> Any:
    generator = student.StylizedGenerator(8, 3, embed_dim=4, hidden_dim=5, dropout=dropout)
    return draw.parameters(generator)


def _named(state: State, form: str) -> dict[str, Any]:
    """The three parts of a state, None where one lacks; `form` holds a place for their names."""
    parts = zip(("h", "c", "z"), [*state, None, None, None])
    return {form.format(name): part for name, part in parts}


@check("stylized_generator", points=2)
def first_state(student: Names, draw: Draw) -> Any:
    """h and c come from z through one layer each, and z goes along."""
    return _named(_generator(student, draw).init_state(2 * draw.normal(4, 3)), "the first {}")


@check("stylized_generator", points=2)
def one_word_further(student: Names, draw: Draw) -> Any:
    """One step gives the scores of the next word and the new state, and leaves the old one."""
    generator = _generator(student, draw)
    state = draw.normal(4, 5), draw.normal(4, 5), draw.normal(4, 3)
    before = [part.clone() for part in state]
    with torch.no_grad():
        scores, after = generator.step(draw.integers(0, 8, 4), state)
    kept = all(torch.equal(*pair) for pair in zip(before, state))
    return {"scores": scores} | _named(after, "the new {}") | {"the given state is as it was": kept}


@check("stylized_generator", points=2)
def what_the_cell_reads(student: Names, draw: Draw) -> Any:
    """The cell reads the word's embedding, then z, in one vector."""
    generator = student.StylizedGenerator(8, 4, embed_dim=4, hidden_dim=5, dropout=0.0)
    generator.cell = _Listening(8, 5)
    generator = draw.parameters(generator)
    state = draw.normal(3, 5), draw.normal(3, 5), draw.normal(3, 4)
    scores, _ = generator.step(draw.integers(0, 8, 3), state)
    heard = generator.cell.inputs
    calls = {"the number of times the cell is called": len(heard), "scores": scores}
    return calls | {"the cell's input": heard[0] if heard else None}


@check("stylized_generator", points=1)
def where_dropout_falls(student: Names, draw: Draw) -> Any:
    """Dropout falls on h on its way to the scores, and on nothing else."""
    generator = _generator(student, draw, dropout=0.25)
    first, second, z = draw.integers(0, 8, 3), draw.integers(0, 8, 3), draw.normal(3, 3)
    with _seen_dropout():
        scores, state = generator.step(first, generator.init_state(z))
        again, _ = generator.step(second, state)
    return {"scores": scores, "the second step's score tensor": again} | _named(state, "the new {}")


def _captions(draw: Draw, lengths: list[int], longest: int) -> tuple[Tensor, Tensor]:
    """Drawn captions of words 3 … 7 between <start> = 1 and <end> = 2, padded with 0."""
    captions = draw.integers(3, 8, len(lengths), longest)
    ends = torch.tensor(lengths)
    places = torch.arange(longest).expand(len(lengths), longest)
    captions[:, 0] = 1
    captions[places == (ends - 1).unsqueeze(1)] = 2
    return captions.masked_fill(places >= ends.unsqueeze(1), 0), ends


@check("stylized_generator", points=2)
def whole_captions(student: Names, draw: Draw) -> Any:
    """Fed the true words, the scores at t are those of word t + 1, with zeros behind the end."""
    captions, lengths = _captions(draw, [4, 7, 2, 6, 3], 7)
    return {"scores": _generator(student, draw)(2 * draw.normal(5, 3), captions, lengths)}


@check("stylized_generator", points=1)
def dropout_in_whole_captions(student: Names, draw: Draw) -> Any:
    """In whole captions, too, dropout falls on h on its way to the scores, and on nothing else."""
    captions, lengths = _captions(draw, [5, 3, 6], 6)
    z = 2 * draw.normal(3, 3)
    with _seen_dropout():
        return {"scores": _generator(student, draw, dropout=0.25)(z, captions, lengths)}


@check("stylized_generator", points=1)
def captions_in_evaluation(student: Names, draw: Draw) -> Any:
    """Evaluation mode stops dropout and nothing else: true words, and zeros behind the end."""
    captions, lengths = _captions(draw, [6, 3, 7, 2], 7)
    z = 2 * draw.normal(4, 3)
    with _seen_dropout():
        return {"scores": _generator(student, draw, dropout=0.25).eval()(z, captions, lengths)}


@check("stylized_generator", points=1)
def padded_and_alone(student: Names, draw: Draw) -> Any:
    """More columns of pads add zeros and change nothing else; a batch of one works."""
    captions, lengths = _captions(draw, [5], 8)
    return {"scores": _generator(student, draw)(draw.normal(1, 3), captions, lengths)}


@check("stylized_generator", points=1)
def beam_search_drives_it(student: Names, draw: Draw) -> Any:
    """The library's beam search can use init_state and step as they are."""
    generator = _generator(student, draw).eval()
    state = generator.init_state(3 * draw.normal(4, 3))
    found = beam_search(generator.step, tuple(state), 1, 2, beam_size=5, max_length=6)
    return [{"the list of words": c.ids, "the score": c.score} for c in found]


@check("stylized_generator", points=1)
def gradient_to_what_it_is_told(student: Names, draw: Draw) -> Any:
    """The gradient reaches z from every step."""
    captions, lengths = _captions(draw, [3, 6, 4], 6)
    z = draw.normal(3, 3).requires_grad_()
    scores = _generator(student, draw)(z, captions, lengths)
    return gradients(scores * draw.normal(3, 5, 8), {"the gradient that reaches z": z})


# ---- icsa

_MOODS = ("bright", "dark", "sly", "tender")


def _heard(captions: list[str]) -> list[str]:
    """A toy classifier: the style is the caption's second word, if there is one."""
    return [text.split()[1] if len(text.split()) > 1 else "none" for text in captions]


def _spoken(draw: Draw, wanted: dict[str, int], right: float) -> tuple[list[str], list[str]]:
    """Captions in drawn order, so many of each wanted style; about `right` of them are in it.

    The first two captions of each style are one that is in it and one that is not.
    """
    texts, styles = [], []
    for style, count in wanted.items():
        others = [mood for mood in _MOODS if mood != style]
        for i in range(count):
            hit = i == 0 or (i > 1 and draw.integer(0, 100) < 100 * right)
            texts.append(f"a {style if hit else draw.choice(others)} thing {draw.integer(0, 1000)}")
            styles.append(style)
    order = draw.permutation(len(texts)).tolist()
    return [texts[i] for i in order], [styles[i] for i in order]


def _accuracy(student: Names, texts: list[str], styles: list[str]) -> dict[str, Any]:
    found = student.image_caption_style_accuracy(_heard, texts, styles)
    return {f"the share of {name}": float(share) for name, share in found.items()}


@check("icsa", points=3)
def share_of_all_and_of_each(student: Names, draw: Draw) -> Any:
    """Right captions by all captions, and for each style by the captions of which it was wanted."""
    texts, styles = _spoken(
        draw, {"bright": draw.integer(13, 40), "dark": draw.integer(5, 12)}, 0.7
    )
    return _accuracy(student, texts, styles)


@check("icsa", points=2)
def styles_of_unequal_size(student: Names, draw: Draw) -> Any:
    """A large style counts for more among all than a small one."""
    wanted = {"bright": 3, "dark": draw.integer(20, 60), "sly": draw.integer(4, 9)}
    texts, styles = _spoken(draw, wanted, 0.8)
    return _accuracy(student, texts, styles)


@check("icsa", points=1)
def said_more_than_once(student: Names, draw: Draw) -> Any:
    """The same words said of several pictures, or for two styles, count each time."""
    texts, styles = _spoken(draw, {"bright": draw.integer(5, 30), "dark": draw.integer(3, 20)}, 0.4)
    return _accuracy(student, texts * 2 + ["a dark thing"] * 4, styles * 2 + ["dark"] * 3 + ["sly"])


@check("icsa", points=1)
def nothing_said(student: Names, draw: Draw) -> Any:
    """A caption without words is a caption; it is in no style."""
    texts, styles = _spoken(draw, {"tender": draw.integer(5, 30), "sly": draw.integer(4, 40)}, 0.5)
    return _accuracy(student, ["", *texts, ""], ["tender", *styles, "sly"])


@check("icsa", points=1)
def only_one_style_wanted(student: Names, draw: Draw) -> Any:
    """Where one style is wanted, its share is the share of all, and no other style has one."""
    texts, styles = _spoken(draw, {draw.choice(_MOODS): draw.integer(9, 60)}, 0.6)
    return _accuracy(student, texts, styles)


# ---- training gate


class _Told(nn.Module):
    """Aggregator and generator in one: all that is told of a picture passes the capsules."""

    def __init__(self, aggregator: nn.Module, generator: nn.Module) -> None:
        super().__init__()
        self.aggregator, self.generator = aggregator, generator

    def forward(self, seen: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        z_image, z_caption = 3 * seen[:, 0], 3 * seen[:, 1]
        z = torch.cat([self.aggregator(z_image, z_caption), torch.ones_like(z_image)], dim=1)
        return self.generator(z, captions, lengths)


@training_gate(seconds=120, judge=learns)
def learns_by_heart(student: Names, draw: Draw, device: str) -> Any:
    """Votes, routing, aggregator and generator train together: they learn captions by heart."""

    def build(features: int, vocab: int) -> nn.Module:
        def routing(votes: Tensor) -> tuple[Tensor, Tensor]:
            return student.route(votes, student.squash)

        sizes = {"image_dim": features, "caption_dim": features, "capsule_dim": 16, "vote_dim": 16}
        aggregator = student.CapsuleAggregator(student.votes, routing, **sizes)
        z_dim = aggregator.output_dim + features
        generator = student.StylizedGenerator(vocab, z_dim, 32, 64, dropout=0.0)
        return _Told(aggregator, generator)

    return by_heart(build, draw, device)
