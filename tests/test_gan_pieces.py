"""The eight pieces of assignment 5: values known beforehand, and what must hold of any answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import Optimizer

from autograder.assignments import load_source
from starter_code.text_to_image.solver import VARIANTS, Batch, Losses

LN2 = math.log(2)


def _pieces() -> Any:
    """The names that the solution's TODO cells define."""
    names = {"torch": torch, "F": F, "nn": nn, "Tensor": Tensor, "Optimizer": Optimizer}
    namespace: dict[str, Any] = names | {"Callable": Callable, "Batch": Batch, "Losses": Losses}
    for cell in load_source("a5_gan_cls").tagged("todo"):
        exec(cell.source, namespace)
    return SimpleNamespace(**namespace)


PIECES = _pieces()


@pytest.fixture
def luck() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def test_losses_that_can_be_done_by_hand() -> None:
    zero = torch.zeros(5)
    assert float(PIECES.discriminator_loss(zero, zero, zero)) == pytest.approx(2 * LN2)
    assert float(PIECES.discriminator_loss(zero, None, zero)) == pytest.approx(2 * LN2)
    assert float(PIECES.generator_loss(zero)) == pytest.approx(LN2)
    # D = 2/3 for every pair: log 3/2 for the yes, log 3 for both kinds of no together
    two_thirds = torch.full((4,), LN2)
    expected = math.log(1.5) + math.log(3)
    assert float(PIECES.discriminator_loss(*[two_thirds] * 3)) == pytest.approx(expected)


def test_the_generator_is_pulled_where_every_fake_is_found_out() -> None:
    logits = torch.full((1,), -20.0, requires_grad=True)
    PIECES.generator_loss(logits).backward()
    assert logits.grad is not None and float(logits.grad) == pytest.approx(-1, abs=1e-6)


def test_a_perfect_judge_says_what_the_notes_derive() -> None:
    """D* = p_r / (p_r + (p_w + p_f) / 2), for five pictures that occur so often in 20 pairs."""
    counts = torch.tensor([[8, 6, 3, 2, 1], [1, 2, 3, 6, 8], [4, 4, 4, 4, 4]])
    right, wrong, fake = (torch.arange(5).repeat_interleave(row) for row in counts)
    logits = torch.zeros(5, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=100, tolerance_grad=1e-9)

    def loss() -> Tensor:
        optimizer.zero_grad()
        found: Tensor = PIECES.discriminator_loss(logits[right], logits[wrong], logits[fake])
        found.backward()  # type: ignore[no-untyped-call]
        return found

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    real, others = counts[0], (counts[1] + counts[2]) / 2
    assert torch.allclose(logits.detach().sigmoid(), real / (real + others), atol=1e-3)


def test_the_joint_embedding_by_hand() -> None:
    """Three pairs on two axes; text 2 is true of picture 0, too."""
    pictures = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    texts = torch.tensor([[2.0, 0.0], [0.0, 0.5], [1.0, 0.0]])
    fits = torch.eye(3, dtype=torch.bool)
    fits[0, 2] = True
    # F = [[2, 0, 1], [0, .5, 0], [2, .5, 1]]; hinges 1 - F_ii + F_ij of wrong pairs
    of_pictures = [0.0, (0.5 + 0.5) / 2, (2 + 0.5) / 2]
    of_texts = [(0 + 1) / 2, (0.5 + 1) / 2, 0.0]
    expected = sum(of_pictures) / 3 + sum(of_texts) / 3
    assert float(PIECES.joint_embedding_loss(pictures, texts, fits)) == pytest.approx(expected)


def test_the_joint_embedding_is_the_same_from_both_sides(luck: torch.Generator) -> None:
    pictures, texts = torch.randn(2, 6, 5, generator=luck)
    fits = (torch.rand(6, 6, generator=luck) < 0.3) | torch.eye(6, dtype=torch.bool)
    one = PIECES.joint_embedding_loss(pictures, texts, fits)
    other = PIECES.joint_embedding_loss(texts, pictures, fits.T)
    assert torch.allclose(one, other)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 9), st.floats(0, 1), st.integers(0, 10**6))
def test_nobody_gets_his_own_text_or_a_true_one_without_need(
    size: int, share: float, seed: int
) -> None:
    luck = torch.Generator().manual_seed(seed)
    fits = (torch.rand(size, size, generator=luck) < share) | torch.eye(size, dtype=torch.bool)
    lots = (torch.rand(size, size, generator=luck) * 4).floor() / 4
    rows = PIECES.mismatched(fits, lots)
    places = torch.arange(size)
    assert (rows != places).all()
    assert (~fits[places, rows] | fits.all(dim=1)).all()


def test_wrong_texts_are_drawn_alike(luck: torch.Generator) -> None:
    fits = torch.eye(6, dtype=torch.bool)
    fits[0, 3] = True
    drawn = torch.zeros(6)
    for _ in range(3000):
        drawn[PIECES.mismatched(fits, torch.rand(6, 6, generator=luck))[0]] += 1
    assert drawn[[0, 3]].sum() == 0
    assert (drawn[[1, 2, 4, 5]] / 3000 - 0.25).abs().max() < 0.04


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_networks_of_every_size(size: int, luck: torch.Generator) -> None:
    shape = {"size": size, "width": 4, "projection": 6}
    generator = PIECES.Generator(5, 7, **shape)
    discriminator = PIECES.Discriminator(7, **shape)
    noise, texts = torch.randn(3, 5, generator=luck), torch.randn(3, 7, generator=luck)
    pictures = generator(noise, texts)
    assert pictures.shape == (3, 3, size, size) and pictures.abs().max() <= 1
    assert discriminator(pictures, texts).shape == (3,)
    assert discriminator.eval()(pictures[:1], texts[:1]).shape == (1,)


def test_the_middle_of_a_text_and_itself_is_the_text(luck: torch.Generator) -> None:
    generator = PIECES.Generator(5, 7, size=8, width=4).eval()
    discriminator = PIECES.Discriminator(7, size=8, width=4).eval()
    noise, texts = torch.randn(4, 5, generator=luck), torch.randn(4, 7, generator=luck)
    plain = PIECES.generator_loss(discriminator(generator(noise, texts), texts))
    partners = torch.tensor([1, 2, 3, 0])
    for beta, whose in ((1.0, partners), (0.3, torch.arange(4))):
        found = PIECES.interpolation_loss(generator, discriminator, noise, texts, whose, beta)
        assert torch.allclose(found, plain, atol=1e-6)


def _game(luck: torch.Generator, rates: tuple[float, float]) -> Callable[..., dict[str, float]]:
    """A step of small players on a fixed batch, with the rates of generator and judge."""
    torch.manual_seed(0)
    players = PIECES.Generator(5, 7, size=8, width=8), PIECES.Discriminator(7, size=8, width=8)
    optimizers = tuple(torch.optim.Adam(p.parameters(), rate) for p, rate in zip(players, rates))
    texts, wrong, noise = (torch.randn(6, n, generator=luck) for n in (7, 7, 5))
    pictures = torch.rand(6, 3, 8, 8, generator=luck) * 2 - 1
    batch = Batch(pictures, texts, wrong, noise, torch.arange(6).roll(1))
    losses = Losses(PIECES.discriminator_loss, PIECES.generator_loss, PIECES.interpolation_loss)

    def step(**how: Any) -> dict[str, float]:
        found: dict[str, float] = PIECES.train_step(*players, optimizers, batch, losses, **how)
        return found

    return step


@pytest.mark.parametrize("name", VARIANTS)
def test_each_player_gets_better_while_the_other_stands_still(
    name: str, luck: torch.Generator
) -> None:
    for rates, whose in (((0.0, 0.01), "discriminator"), ((0.01, 0.0), "generator")):
        step = _game(luck, rates)
        told = [step(**VARIANTS[name])[whose] for _ in range(30)]
        assert told[-1] < 0.9 * told[0]
        assert all(math.isfinite(value) for value in told)


def test_the_switch_says_what_is_told(luck: torch.Generator) -> None:
    step = _game(luck, (0.01, 0.01))
    assert step()["interpolation"] == 0 and step(interpolate=0.5)["interpolation"] > 0
