"""The eight pieces of assignment 6: values known beforehand, and what must hold of any answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from autograder.assignments import load_source
from autograder.devices import SameDevice
from starter_code.errors import CourseError
from starter_code.flows.directions import variation


@pytest.fixture(scope="module")
def pieces() -> Any:
    """The names that the solution's TODO cells define."""
    namespace: dict[str, Any] = {}
    exec("import math\nimport torch\nfrom torch import Tensor, nn", namespace)
    exec("from starter_code.errors import CourseError", namespace)
    for cell in load_source("a6_glow_directions").tagged("todo"):
        exec(cell.source, namespace)
    return SimpleNamespace(**namespace)


@pytest.fixture
def luck() -> torch.Generator:
    return torch.Generator().manual_seed(3)


class Net(nn.Module):
    """A network for couplings, smooth and far from zero."""

    def __init__(self, half: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(half, 2 * half, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x).tanh()


def layers(pieces: Any, luck: torch.Generator) -> Iterator[Any]:
    """One of each layer, with parameters as after some training."""
    for layer in (
        pieces.ActNorm(4),
        pieces.InvertibleConv1x1(4, luck),
        pieces.AffineCoupling(Net(2)),
    ):
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=luck))
        yield layer.eval()


def test_log_determinants_are_those_of_the_jacobian(pieces: Any, luck: torch.Generator) -> None:
    x = torch.randn(1, 4, 3, 2, generator=luck, dtype=torch.float64)
    for layer in layers(pieces, luck):
        layer = layer.double()

        def flat(values: Tensor, layer: nn.Module = layer) -> Tensor:
            return layer(values.view_as(x))[0].flatten()

        jacobian = torch.func.jacrev(flat)(x.flatten())
        true = float(torch.linalg.slogdet(jacobian.detach())[1])
        assert float(layer(x)[1].detach()) == pytest.approx(true, abs=1e-9)


def test_there_and_back_in_single_precision(pieces: Any, luck: torch.Generator) -> None:
    x = torch.randn(3, 4, 6, 6, generator=luck)
    for layer in layers(pieces, luck):
        assert torch.allclose(layer.inverse(layer(x)[0]), x, atol=1e-5)


def test_first_batch_is_standardised_and_the_choice_is_saved(pieces: Any) -> None:
    layer, fresh = pieces.ActNorm(2), pieces.ActNorm(2)
    x = torch.tensor([1.0, 3.0, 10.0, 50.0]).view(2, 2, 1, 1)  # channels: 1, 10 and 3, 50
    y, log_det = layer(x)
    assert torch.allclose(y.flatten(), torch.tensor([-1.0, -1.0, 1.0, 1.0]), atol=1e-6)
    assert log_det.tolist() == pytest.approx([-math.log(4.5 * 23.5)] * 2)
    fresh.load_state_dict(layer.state_dict())
    again, _ = fresh(x + 1)
    assert torch.allclose(again, (x + 1 - torch.tensor([5.5, 26.5]).view(2, 1, 1)) * torch.tensor(
        [1 / 4.5, 1 / 23.5]
    ).view(2, 1, 1))  # fmt: skip


def test_constant_channel_is_divided_by_a_thousandth(pieces: Any) -> None:
    layer = pieces.ActNorm(1)
    layer(torch.full((4, 1, 2, 2), 0.5))
    assert float(layer(torch.full((1, 1, 2, 2), 0.6))[0].detach().abs().max()) == pytest.approx(
        100, rel=1e-3
    )


def test_fresh_convolution_is_a_rotation_with_determinant_one(
    pieces: Any, luck: torch.Generator
) -> None:
    layer = pieces.InvertibleConv1x1(6, luck)
    weight = layer.weight()
    assert torch.allclose(weight @ weight.T, torch.eye(6), atol=1e-5)
    assert layer(torch.randn(2, 6, 3, 3))[1].abs().max() < 1e-4


def test_coupling_that_says_nothing_scales_by_a_known_number(pieces: Any) -> None:
    class Silent(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.zeros_like(x).repeat(1, 2, 1, 1)

    y, log_det = pieces.AffineCoupling(Silent())(torch.ones(2, 4, 1, 3))
    scale = 1 / (1 + math.exp(-2))
    assert torch.allclose(y[:, :2], torch.full((2, 2, 1, 3), scale))
    assert torch.equal(y[:, 2:], torch.ones(2, 2, 1, 3))
    assert log_det.tolist() == pytest.approx([6 * math.log(scale)] * 2)


@pytest.mark.parametrize(("levels", "bits"), [(256, 8.0), (32, 5.0), (2, 1.0)])
def test_uniform_model_costs_the_bits_of_a_level(pieces: Any, levels: int, bits: float) -> None:
    assert pieces.bits_per_dim(torch.zeros(3), 784, levels).tolist() == [bits] * 3


def test_nats_become_bits(pieces: Any) -> None:
    assert float(pieces.bits_per_dim(torch.tensor([75 * math.log(2)]), 75)) == pytest.approx(7)


def test_columns_stay_orthonormal_while_they_move(pieces: Any, luck: torch.Generator) -> None:
    navigator = pieces.Navigator(9, 4, luck)
    before = navigator.matrix().detach().clone()
    adam = torch.optim.Adam(navigator.parameters(), lr=0.1)
    target = torch.randn(9, 4, generator=luck)
    for _ in range(50):
        matrix = navigator.matrix()
        assert torch.allclose(matrix.T @ matrix, torch.eye(4), atol=1e-5)
        adam.zero_grad()
        (matrix - target).square().sum().backward()
        adam.step()
    assert (navigator.matrix() * target).sum() > (before * target).sum() + 1
    shift = navigator(torch.tensor([3, 0]), torch.tensor([-2.0, 0.5]))
    assert torch.allclose(shift.norm(dim=1), torch.tensor([2.0, 0.5]), atol=1e-5)
    assert torch.allclose(shift[0], -2 * navigator.matrix()[:, 3], atol=1e-6)


def test_more_directions_than_dimensions_are_refused(pieces: Any) -> None:
    with pytest.raises(CourseError, match="3 dimensions have no 4 directions"):
        pieces.Navigator(3, 4)


def test_learner_that_guesses_pays_the_logarithm_of_its_choices(pieces: Any) -> None:
    which, size = torch.tensor([0, 2, 3]), torch.tensor([1.0, -2.0, 3.0])
    loss = pieces.direction_loss(torch.zeros(3, 8), which, torch.zeros(3), size)
    assert float(loss) == pytest.approx(math.log(8) + 0.25 * 2)


def test_contrast_has_a_floor_at_temperature_one(pieces: Any) -> None:
    query = torch.tensor([[1.0, 0.0]])
    positives, negatives = query[None], torch.tensor([[[0.0, 1.0]]])
    floor = math.log(1 + math.exp(-1)) + math.log(2)  # as like, and as unlike, as can be
    assert float(pieces.contrastive_loss(query, positives, negatives)) == pytest.approx(floor)
    cold = float(pieces.contrastive_loss(query, positives, negatives, 0.1))
    assert cold == pytest.approx(math.log(1 + math.exp(-10)) + math.log(2))


def test_negative_that_means_the_same_is_half_a_positive(pieces: Any) -> None:
    query = torch.tensor([[1.0, 0.0]])
    near = torch.tensor([[[0.96, 0.28]]])
    own = [float(pieces.contrastive_loss(query, query[None], near, 1.0, t)) for t in (0.95, 0.97)]
    positive = math.log(1 + math.exp(-1))
    sigma = 1 / (1 + math.exp(-0.96))
    label = -0.96 * math.log(sigma) - 0.04 * math.log(1 - sigma)
    assert own == pytest.approx([positive + label, positive - math.log(1 - sigma)])


def test_losses_take_variations_of_equal_pictures(pieces: Any) -> None:
    code = torch.ones(3, 4, requires_grad=True)
    v = variation(code, code)
    loss = pieces.contrastive_loss(v[:1], v[None, 1:2], v[None, 2:])
    (gradient,) = torch.autograd.grad(loss, code)
    assert gradient.isfinite().all()


def grid(*counts: int) -> Tensor:
    """Every combination of values, once."""
    return torch.cartesian_prod(*(torch.arange(count) for count in counts))


@pytest.mark.parametrize(
    ("code", "gap"),
    [
        (lambda f: f, 1.0),  # each factor in an entry of its own
        (lambda f: torch.cat([f, f], 1), 0.0),  # and twice
        (lambda f: f * 0 + 1, 0.0),  # nothing
        (lambda f: f[:, :1] * 4 + f[:, 1:], 1.0),  # one entry that knows both
        (lambda f: torch.stack([f[:, 0], f[:, 0] // 2, f[:, 1]], 1), (0.5 + 1) / 2),
    ],
)
def test_gaps_that_are_known(pieces: Any, code: Callable[[Tensor], Tensor], gap: float) -> None:
    factors = grid(4, 4)
    assert pieces.mig(code(factors).double(), factors) == pytest.approx(gap, abs=1e-9)


def test_gap_of_an_angle_written_as_cosine_and_sine_is_small(pieces: Any) -> None:
    factors = grid(12, 2)
    angle = 2 * math.pi * factors[:, 0].double() / 12
    code = torch.stack([angle.cos(), angle.sin()], 1)
    assert pieces.mig(code, factors[:, :1]) == pytest.approx(0, abs=0.05)


def test_tensors_made_without_a_device_are_noticed() -> None:
    x = torch.ones(3)
    rights: tuple[Callable[[], Tensor], ...] = (
        lambda: x + torch.ones(3, device=x.device),
        lambda: x + torch.arange(3).to(x.device),
        lambda: x + torch.zeros(3).to(x),
        lambda: x + torch.zeros_like(x) + x.new_ones(3),
        lambda: x[torch.tensor([2, 0])],
        lambda: x * torch.tensor(2.0),
    )
    wrongs: tuple[Callable[[], Tensor], ...] = (
        lambda: x + torch.ones(3),
        lambda: torch.stack([x, torch.arange(3.0) * 2]),
        lambda: torch.eye(3) @ x,
    )
    for right in rights:
        with SameDevice() as place:
            right()
        assert place.kept
    for wrong in wrongs:
        with SameDevice() as place:
            wrong()
        assert not place.kept
