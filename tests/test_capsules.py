"""The capsules of assignment 4: what the answers of its notebook do when they work together."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from autograder.assignments import load_source
from autograder.cells import run_segments
from starter_code.captioning.decode import beam_search
from starter_code.stylized.solver import caption_loss


@pytest.fixture(scope="module")
def lab() -> dict[str, Any]:
    """The names that the solved notebook defines."""
    names: dict[str, Any] = {}
    assert run_segments(load_source("a4_capsule_aggregation").segments(), names) == {}
    return names


def plainly(votes: Tensor, squash: Any, iterations: int) -> tuple[Tensor, Tensor]:
    """Equations (15) to (18) of the source as they stand there."""
    b = torch.zeros_like(votes[..., 0])
    for iteration in range(iterations):
        c = b.exp() / b.exp().sum(2, keepdim=True)
        out = (c[..., None] * votes).sum(1) / c.sum(1)[..., None]
        if iteration < iterations - 1:
            b = b + (out[:, None] * votes).sum(3)
    return squash(out), c


sizes = st.integers(1, 6)


@settings(max_examples=60, deadline=None)
@given(sizes, sizes, sizes, sizes, st.integers(1, 5), st.integers(0, 10**6))
def test_routing_is_that_of_the_source(
    lab: dict[str, Any], b: int, i: int, j: int, d: int, iterations: int, seed: int
) -> None:
    votes = torch.randn(b, i, j, d, generator=torch.Generator().manual_seed(seed))
    outputs, couplings = lab["route"](votes, lab["squash"], iterations)
    expected, shares = plainly(votes, lab["squash"], iterations)
    torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(couplings, shares, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(couplings.sum(2), torch.ones(b, i))
    assert (outputs.norm(dim=2) < 1).all()


def test_a_batch_too_large_for_one_piece_is_routed_alike(lab: dict[str, Any]) -> None:
    votes = torch.randn(5, 1152, 10, 16).mul(0.3).requires_grad_()  # pieces of two, the last of one
    outputs, couplings = lab["route"](votes, lab["squash"], 3)
    expected, shares = plainly(votes, lab["squash"], 3)
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(couplings, shares, rtol=0, atol=1e-5)
    weights = torch.randn_like(outputs)
    own, plain = (torch.autograd.grad((x * weights).sum(), votes)[0] for x in (outputs, expected))
    torch.testing.assert_close(own, plain, rtol=0, atol=1e-5)


def test_the_gradient_is_that_of_finite_differences(lab: dict[str, Any]) -> None:
    votes = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    routed = functools.partial(lab["route"], squash=lab["squash"])
    assert torch.autograd.gradcheck(routed, votes)
    assert torch.autograd.gradcheck(lab["squash"], votes)


def test_votes_that_agree_win(lab: dict[str, Any]) -> None:
    """Two inputs propose one vector to output 0, a third another; for output 1 nobody agrees."""
    votes = torch.zeros(1, 3, 2, 3)
    votes[0, :2, 0] = votes[0, 2, 1] = torch.tensor([0.0, 0.0, 2.0])
    votes[0, 2, 0] = torch.tensor([2.0, 0.0, 0.0])
    votes[0, 0, 1], votes[0, 1, 1] = torch.tensor([[2.0, 0, 0], [0.0, 2, 0]])
    _, couplings = lab["route"](votes, lab["squash"], 3)
    assert (couplings[0, :2, 0] > 0.75).all() and couplings[0, 2, 0] < 0.5


@pytest.mark.parametrize("iterations", [1, 2, 3])
def test_nothing_is_lost_at_zero_or_far_away(lab: dict[str, Any], iterations: int) -> None:
    for votes in (torch.zeros(2, 3, 4, 5), 1e4 * torch.randn(2, 3, 4, 5)):
        votes.requires_grad_()
        outputs, couplings = lab["route"](votes, lab["squash"], iterations)
        (gradient,) = torch.autograd.grad(outputs.sum() + couplings.square().sum(), votes)
        assert outputs.isfinite().all() and gradient.isfinite().all()


def test_sabours_routing_is_the_printed_algorithm(lab: dict[str, Any]) -> None:
    squash, votes = lab["squash"], torch.randn(3, 5, 4, 6)
    b = torch.zeros(3, 5, 4)
    for _ in range(3):
        c = b.softmax(2)
        v = squash((c[..., None] * votes).sum(1))
        b = b + (votes * v[:, None]).sum(3)
    outputs, couplings = lab["route_sabour"](votes, squash)
    torch.testing.assert_close(outputs, v, rtol=0, atol=1e-6)
    torch.testing.assert_close(couplings, c, rtol=0, atol=1e-6)
    assert not torch.allclose(outputs, lab["route"](votes, squash)[0], atol=1e-2)


def test_squashing_is_monotone_and_keeps_directions(lab: dict[str, Any]) -> None:
    direction = torch.nn.functional.normalize(torch.randn(7), dim=0)
    lengths = torch.logspace(-3, 3, 50)
    squashed = lab["squash"](lengths[:, None] * direction)
    after = squashed.norm(dim=1)
    assert (after.diff() >= 0).all() and after.max() <= 1
    torch.testing.assert_close(squashed / after[:, None], direction.expand(50, 7))
    assert lab["squash"](torch.zeros(3, dtype=torch.float16)).dtype == torch.float16


@pytest.mark.parametrize("kind", ["capsules", "attention", "concat"])
def test_every_aggregator_drives_the_generator(lab: dict[str, Any], kind: str) -> None:
    torch.manual_seed(0)
    if kind == "capsules":
        routing = functools.partial(lab["route"], squash=lab["squash"])
        aggregator = lab["CapsuleAggregator"](lab["votes"], routing, image_dim=6, caption_dim=4)
    else:
        name = {"attention": "AttentionAggregator", "concat": "ConcatAggregator"}[kind]
        aggregator = lab[name](image_dim=6, caption_dim=4)
    z_style = aggregator(torch.randn(5, 6), torch.randn(5, 4))
    assert z_style.shape == (5, aggregator.output_dim)
    generator = lab["StylizedGenerator"](9, aggregator.output_dim + 3, 8, 16).eval()
    z = torch.cat([z_style, torch.randn(5, 3)], 1)
    captions, lengths = torch.randint(3, 9, (5, 7)), torch.tensor([7, 3, 5, 2, 6])
    loss = caption_loss(generator(z, captions, lengths), captions, lengths)
    loss.backward()
    parameters = [*aggregator.parameters(), *generator.parameters()]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in parameters)
    with torch.no_grad():
        found = beam_search(generator.step, generator.init_state(z), 1, 2, 5, 8)
    assert len(found) == 5 and all(caption.score < 0 for caption in found)


def test_the_loss_is_blind_to_padding(lab: dict[str, Any]) -> None:
    scores, captions = torch.randn(3, 5, 7), torch.randint(0, 7, (3, 6))
    lengths = torch.tensor([6, 3, 2])
    wider = torch.nn.functional.pad(scores, (0, 0, 0, 2), value=9.0)
    more = torch.nn.functional.pad(captions, (0, 2), value=1)
    a = caption_loss(scores, captions, lengths)
    torch.testing.assert_close(a, caption_loss(wider, more, lengths))
    words = [-scores[b, t].log_softmax(0)[captions[b, t + 1]] for b in range(3)
             for t in range(int(lengths[b]) - 1)]  # fmt: skip
    torch.testing.assert_close(a, torch.stack(words).mean())
