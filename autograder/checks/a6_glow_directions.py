"""What is measured on assignment 6, "Glow, and directions that mean something".

Each probe hands drawn inputs to one TODO and returns plain values; what a composite TODO needs of
others comes as a small fake, so that no TODO depends on another. A key of what a probe returns is
the subject of a sentence that a student reads ("<key> has shape ..."), so it is a singular noun.
Letters: B batch, C channels, H, W pixels, a entries of a latent vector, D directions, Q queries,
N positives, K negatives, V entries of a variation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from autograder.devices import SameDevice
from autograder.draws import Draw
from autograder.gradients import gradients
from autograder.probes import Names, check, training_gate

SAME_DEVICE = "every new tensor lies where the inputs lie"


def _as_it_was(name: str, now: Tensor, before: Tensor) -> dict[str, Any]:
    return {f"{name} is as it was": bool(torch.equal(now, before))}


# ---- act_norm


def _batch(draw: Draw, *shape: int) -> Tensor:
    """Pictures (B, C, H, W) whose channels have means and deviations of their own."""
    channels = shape[1]
    spread = draw.uniform(channels, low=0.3, high=3.0)[:, None, None]
    return spread * draw.normal(*shape) + 2 * draw.normal(channels)[:, None, None]


def _known(student: Names, draw: Draw, channels: int) -> Any:
    """A layer with drawn scale and shift that has made its choice already."""
    layer: Any = draw.parameters(student.ActNorm(channels))
    layer.initialised.fill_(True)
    return layer


def _state(layer: Any) -> dict[str, Any]:
    return {
        "log_scale": layer.log_scale,
        "bias": layer.bias,
        "the mark that a choice was made": bool(layer.initialised),
    }


@check("act_norm", points=3)
def first_batch_decides(student: Names, draw: Draw) -> Any:
    """The first batch in training comes out with mean 0 and deviation 1 in each channel."""
    layer = student.ActNorm(3)
    y, log_det = layer(_batch(draw, 4, 3, 5, 2))
    return {"y": y, "the log-determinant": log_det} | _state(layer)


@check("act_norm", points=2)
def second_batch_decides_nothing(student: Names, draw: Draw) -> Any:
    """Later batches are treated as the first one, also after saving and loading."""
    layer, fresh = student.ActNorm(2), student.ActNorm(2)
    first, second, third = (_batch(draw, 3, 2, 4, 3) for _ in range(3))
    layer(first)
    y, _ = layer(second)
    fresh.load_state_dict(layer.state_dict())
    loaded, _ = fresh(third)
    found = {"y of the second batch": y, "y of a loaded layer": loaded}
    return found | {f"{name} of a loaded layer": value for name, value in _state(fresh).items()}


@check("act_norm", points=1)
def evaluation_decides_nothing(student: Names, draw: Draw) -> Any:
    """In evaluation mode nothing is chosen; the first batch of training chooses, whenever it is."""
    layer: Any = draw.parameters(student.ActNorm(3)).eval()
    y, log_det = layer(_batch(draw, 2, 3, 2, 4))
    before = {
        name: value.clone() if isinstance(value, Tensor) else value
        for name, value in _state(layer).items()
    }
    trained, _ = layer.train()(_batch(draw, 3, 3, 4, 2))
    found = {"y in evaluation mode": y, "the log-determinant in evaluation mode": log_det}
    return found | before | {"y of the first batch in training": trained}


@check("act_norm", points=3)
def scale_shift_and_determinant(student: Names, draw: Draw) -> Any:
    """Each channel is scaled and shifted, and each of its pixels counts in the determinant."""
    found: dict[str, Any] = {}
    for name, shape in {
        "five pictures": (5, 3, 2, 4),
        "one": (1, 2, 3, 3),
        "3 x 3": (3,) * 4,
    }.items():
        y, log_det = _known(student, draw, shape[1])(draw.normal(*shape))
        found |= {f"y ({name})": y, f"the log-determinant ({name})": log_det}
    return found


@check("act_norm", points=2)
def scaled_and_shifted_back(student: Names, draw: Draw) -> Any:
    """The inverse undoes scale and shift, and chooses nothing itself."""
    fresh: Any = draw.parameters(student.ActNorm(4))
    found = {
        "x": _known(student, draw, 3).inverse(draw.normal(2, 3, 4, 5)),
        "x of a fresh layer": fresh.inverse(draw.normal(3, 4, 2, 2)),
    }
    return found | {f"{name} after the inverse": value for name, value in _state(fresh).items()}


@check("act_norm", points=1)
def constant_channel(student: Names, draw: Draw) -> Any:
    """A channel that is constant in the first batch, or nearly, is not blown up."""
    x = _batch(draw, 3, 3, 2, 2).double()
    x[:, 1] = 0.5
    x[:, 2] *= 1e-5
    layer, alone = student.ActNorm(3).double(), student.ActNorm(2).double()
    y, log_det = layer(x)
    single, _ = alone(draw.normal(1, 2, 1, 1, dtype=torch.float64))
    later, _ = alone(draw.normal(2, 2, 1, 1, dtype=torch.float64))
    found = {
        "y": y,
        "the log-determinant": log_det,
        "y of one picture of one pixel": single,
        "y of what follows it": later,
    }
    # float64 lets numbers cancel that nearly do; a floor that was written in float32 is no mistake
    return {name: value.float() for name, value in found.items()}


@check("act_norm", points=1)
def gradients_of_actnorm(student: Names, draw: Draw) -> Any:
    """Gradients reach x, scale and shift, from the first batch on; parameters stay the same."""
    layer = student.ActNorm(2)
    before = dict(layer.named_parameters())
    first = _batch(draw, 3, 2, 2, 2).requires_grad_()
    y, log_det = layer(first)
    total = (y * draw.normal(3, 2, 2, 2)).sum() + (log_det * draw.normal(3)).sum()
    same = all(before.get(name) is value for name, value in layer.named_parameters())
    x = draw.normal(3, 2, 2, 3).requires_grad_()
    y, log_det = layer(x)
    total = total + (y * draw.normal(3, 2, 2, 3)).sum() + (log_det * draw.normal(3)).sum()
    inputs = {
        "the gradient that reaches x of the first batch": first,
        "the gradient that reaches x": x,
        "the gradient that reaches log_scale": layer.log_scale,
        "the gradient that reaches bias": layer.bias,
    }
    return gradients(total, inputs) | {"each parameter is still the same object": same}


@check("act_norm", points=1)
def actnorm_leaves_its_input(student: Names, draw: Draw) -> Any:
    """The input stays as it was, float64 stays float64, and nothing moves to another device."""
    x, y = _batch(draw, 2, 3, 3, 2).double(), draw.normal(2, 3, 2, 2, dtype=torch.float64)
    x_kept, y_kept = x.clone(), y.clone()
    layer: Any = draw.parameters(student.ActNorm(3)).double()
    with SameDevice() as place:
        there, log_det = layer(x)
        back = layer.inverse(y)
    kept = place.kept and not place.made_here(layer.initialised)
    found = {"y": there, "the log-determinant": log_det, "x": back, SAME_DEVICE: kept}
    return found | _as_it_was("the input", x, x_kept) | _as_it_was("the output", y, y_kept)


# ---- invertible_conv


def _conv(student: Names, draw: Draw, channels: int, negative: int | None = None) -> Any:
    """A layer with drawn factors, permutation and signs; `negative` of them are -1 if given."""
    layer: Any = draw.parameters(student.InvertibleConv1x1(channels))
    count = draw.integer(0, channels + 1) if negative is None else negative
    signs = torch.ones(channels)
    signs[draw.permutation(channels)[:count]] = -1
    layer.sign.copy_(signs)
    layer.permutation.copy_(torch.eye(channels)[draw.permutation(channels)])
    return layer


@check("invertible_conv", points=3)
def matrix_from_its_factors(student: Names, draw: Draw) -> Any:
    """W is the product of permutation, lower triangle with ones, and upper triangle with s."""
    layer = _conv(student, draw, 5)
    lower, upper = layer.factors()
    return {
        "L": lower,
        "U + diag(s)": upper,
        "W": layer.weight(),
        "W of three channels": _conv(student, draw, 3).weight(),
        "W of one channel": _conv(student, draw, 1, negative=1).weight(),
    }


@check("invertible_conv", points=2)
def channels_of_each_pixel(student: Names, draw: Draw) -> Any:
    """W multiplies the channels of each pixel, and each pixel counts in the determinant."""
    found: dict[str, Any] = {}
    for name, shape in {
        "four pictures": (4, 3, 2, 5),
        "one": (1, 4, 3, 2),
        "3 x 3": (3,) * 4,
    }.items():
        y, log_det = _conv(student, draw, shape[1])(draw.normal(*shape))
        found |= {f"y ({name})": y, f"the log-determinant ({name})": log_det}
    return found


@check("invertible_conv", points=2)
def determinants_negative_and_tiny(student: Names, draw: Draw) -> Any:
    """A determinant may be negative, and far too small or too large for float32."""
    found: dict[str, Any] = {}
    for name, shift, negative in (
        ("negative", 0.0, 1),
        ("three signs", 0.0, 3),
        ("tiny", -30.0, 2),
        ("huge", 30.0, 1),
    ):
        layer = _conv(student, draw, 6, negative=negative)
        with torch.no_grad():
            layer.log_s.add_(shift)
            layer.upper.mul_(0.0 if shift else 1.0)
            layer.permutation.copy_(torch.eye(6))
        found[f"the log-determinant ({name})"] = layer(draw.normal(2, 6, 2, 3))[1]
        found[f"the logarithm of s ({name})"] = layer.factors()[1].diagonal().abs().log()
    return found


@check("invertible_conv", points=2)
def channels_mixed_back(student: Names, draw: Draw) -> Any:
    """The inverse undoes the mixture at each pixel."""
    found: dict[str, Any] = {}
    shapes = {"three pictures": (3, 4, 2, 5), "one": (1, 3, 4, 3), "2 x 2": (2,) * 4, "1": (1,) * 4}
    for name, shape in shapes.items():
        layer = _conv(student, draw, shape[1]).double()
        found[f"x ({name})"] = layer.inverse(draw.normal(*shape, dtype=torch.float64))
    layer, x = student.InvertibleConv1x1(8), draw.normal(2, 8, 4, 4)
    back = layer.inverse(layer(x)[0])
    same = back.shape == x.shape and bool((back - x).abs().max() < 1e-3)
    return found | {"there and back gives x again, in float32": same}


@check("invertible_conv", points=1)
def factors_after_a_step(student: Names, draw: Draw) -> Any:
    """After a step of an optimiser the matrix and both directions use the new factors."""
    layer = _conv(student, draw, 3).double()
    x, y = (draw.normal(2, 3, 2, 2, dtype=torch.float64) for _ in range(2))
    parameters = list(layer.parameters())
    for _ in range(2):  # by hand: torch.optim takes seconds to load
        total = layer(x)[0].square().sum() + layer.inverse(y).square().sum()
        if total.requires_grad:
            torch.autograd.grad(total, parameters, allow_unused=True)
        with torch.no_grad():
            for parameter in parameters:
                parameter.mul_(0.8).add_(0.1)
    return {
        "W after a step": layer.weight(),
        "U + diag(s) after a step": layer.factors()[1],
        "y after a step": layer(x)[0],
        "x after a step": layer.inverse(y),
    }


@check("invertible_conv", points=2)
def gradients_of_the_factors(student: Names, draw: Draw) -> Any:
    """Gradients reach x and the factors, in both directions; what is ignored gets none."""
    layer = _conv(student, draw, 3).double()
    x, y = (draw.normal(2, 3, 2, 2, dtype=torch.float64).requires_grad_() for _ in range(2))
    there, log_det = layer(x)
    total = (there * draw.normal(2, 3, 2, 2)).sum() + (log_det * draw.normal(2)).sum()
    total = total + (layer.inverse(y) * draw.normal(2, 3, 2, 2)).sum()
    inputs = {
        "the gradient that reaches x": x,
        "the gradient that reaches y": y,
        "the gradient that reaches lower": layer.lower,
        "the gradient that reaches upper": layer.upper,
        "the gradient that reaches log_s": layer.log_s,
    }
    return gradients(total, inputs)


@check("invertible_conv", points=1)
def convolution_leaves_its_input(student: Names, draw: Draw) -> Any:
    """Input and factors stay as they were, and every new tensor is on their device."""
    layer, x = _conv(student, draw, 4), draw.normal(2, 4, 2, 3)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    kept = x.clone()
    with SameDevice() as place:
        y, log_det = layer(x)
        back = layer.inverse(x)
    found = {"y": y, "the log-determinant": log_det, "x": back, SAME_DEVICE: place.kept}
    after = layer.state_dict()
    same = all(torch.equal(after[name], value) for name, value in before.items())
    return found | _as_it_was("the input", x, kept) | {"each factor is as it was": same}


# ---- affine_coupling


class _ToyNet(nn.Module):
    """Stands for the network: looks at neighbouring pixels; remembers what it was given."""

    def __init__(self, half: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(half, 2 * half, 3, padding=1)
        self.given: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.given.append(x.detach().clone())
        return self.layer(x)


class _FarNet(nn.Module):
    """Gives r and t from a list, whatever it sees."""

    def __init__(self, r: Tensor, t: Tensor) -> None:
        super().__init__()
        self.r, self.t = r, t

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.r, self.t], dim=1)


def _coupling(student: Names, draw: Draw, channels: int) -> tuple[Any, _ToyNet]:
    net = _ToyNet(channels // 2)
    draw.parameters(net)
    return student.AffineCoupling(net), net


SHAPES = {"three pictures": (3, 4, 2, 5), "one": (1, 6, 3, 2), "two channels": (2,) * 4}


@check("affine_coupling", points=3)
def first_half_changes(student: Names, draw: Draw) -> Any:
    """The first half is scaled and shifted by what the second says; the second stays."""
    found: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        layer, _ = _coupling(student, draw, shape[1])
        found[f"y ({name})"] = layer(draw.normal(*shape))[0]
    return found


@check("affine_coupling", points=2)
def scales_of_each_example(student: Names, draw: Draw) -> Any:
    """The log-determinant is the sum of log s over channels and pixels, for each example."""
    found: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        layer, _ = _coupling(student, draw, shape[1])
        found[f"the log-determinant ({name})"] = layer(2 * draw.normal(*shape))[1]
    return found


@check("affine_coupling", points=1)
def what_the_network_is_given(student: Names, draw: Draw) -> Any:
    """The network sees the half that stays, once in each direction."""
    layer, net = _coupling(student, draw, 4)
    layer(draw.normal(2, 4, 3, 2))
    forward = len(net.given)
    layer.inverse(draw.normal(2, 4, 3, 2))
    return {
        "the number of calls, forward": forward,
        "the number of calls, backward": len(net.given) - forward,
        "what the network is given": net.given[0] if net.given else None,
        "what the network is given on the way back": net.given[-1] if net.given else None,
    }


@check("affine_coupling", points=3)
def coupled_and_back(student: Names, draw: Draw) -> Any:
    """The inverse undoes the scale and the shift of the first half."""
    found: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        layer, _ = _coupling(student, draw, shape[1])
        found[f"x ({name})"] = layer.inverse(draw.normal(*shape))
    x = draw.normal(2, 4, 3, 3)
    return found | {"x after there and back": _there_and_back(student, draw, x)}


def _there_and_back(student: Names, draw: Draw, x: Tensor) -> Any:
    layer, _ = _coupling(student, draw, x.shape[1])
    return layer.inverse(layer(x)[0])


@check("affine_coupling", points=1)
def scales_far_from_one(student: Names, draw: Draw) -> Any:
    """However far r is from zero, log s and its gradient are finite."""
    r = torch.tensor([-900.0, -300.0, -120.0, -95.0, -20.0, 40.0, 300.0, 900.0])
    r = (r + draw.uniform(8)).view(2, 2, 2, 1).requires_grad_()
    layer = student.AffineCoupling(_FarNet(r, draw.normal(2, 2, 2, 1)))
    y, log_det = layer(draw.normal(2, 4, 2, 1))
    total = (log_det * draw.normal(2)).sum()
    return {"y": y, "the log-determinant": log_det} | gradients(
        total, {"the gradient that reaches r": r}
    )


@check("affine_coupling", points=1)
def gradients_of_the_coupling(student: Names, draw: Draw) -> Any:
    """Gradients reach x, through both halves, and the network, in both directions."""
    layer, net = _coupling(student, draw, 4)
    x, y = (draw.normal(2, 4, 3, 2).requires_grad_() for _ in range(2))
    there, log_det = layer(x)
    total = (there * draw.normal(2, 4, 3, 2)).sum() + (log_det * draw.normal(2)).sum()
    total = total + (layer.inverse(y) * draw.normal(2, 4, 3, 2)).sum()
    inputs = {
        "the gradient that reaches x": x,
        "the gradient that reaches y": y,
        "the gradient that reaches the network": net.layer.weight,
    }
    return gradients(total, inputs)


@check("affine_coupling", points=1)
def coupling_leaves_its_input(student: Names, draw: Draw) -> Any:
    """The inputs stay as they were, float64 stays float64, and nothing moves to another device."""
    layer, _ = _coupling(student, draw, 4)
    layer = layer.double()
    x, y = (draw.normal(2, 4, 2, 3, dtype=torch.float64) for _ in range(2))
    x_kept, y_kept = x.clone(), y.clone()
    with SameDevice() as place:
        there, log_det = layer(x)
        back = layer.inverse(y)
    found = {"y": there, "the log-determinant": log_det, "x": back, SAME_DEVICE: place.kept}
    return found | _as_it_was("the input", x, x_kept) | _as_it_was("the output", y, y_kept)


# ---- bits_per_dim


@check("bits_per_dim", points=2)
def cost_of_pictures(student: Names, draw: Draw) -> Any:
    """Nats become bits, for each number of a picture, in levels."""
    dimensions = draw.integer(200, 4000)
    log_p = dimensions * draw.uniform(5, low=-1.0, high=4.0)
    return {
        "the cost": student.bits_per_dim(log_p, dimensions),
        "the cost of one picture": student.bits_per_dim(log_p[:1], dimensions),
    }


@check("bits_per_dim", points=2)
def uniform_density(student: Names, draw: Draw) -> Any:
    """A uniform density costs log2(levels), whatever the picture's size."""
    size, levels = draw.integer(2, 3000), draw.integer(3, 200)
    return {
        "the cost at 256 levels": student.bits_per_dim(torch.zeros(3), size),
        "the cost at 32 levels": student.bits_per_dim(torch.zeros(3), size, 32),
        "the cost at a drawn number of levels": student.bits_per_dim(torch.zeros(2), size, levels),
    }


@check("bits_per_dim", points=1)
def other_levels(student: Names, draw: Draw) -> Any:
    """The number of levels counts, also where it is no power of two."""
    log_p = 50 * draw.normal(4)
    levels = {"two": 2, "a hundred": 100, "65,536": 65536}
    return {
        f"the cost at {n} levels": student.bits_per_dim(log_p, 48, k) for n, k in levels.items()
    }


@check("bits_per_dim", points=1)
def gradient_of_the_cost(student: Names, draw: Draw) -> Any:
    """It can be trained on: the gradient arrives, input and type stay."""
    log_p = (100 * draw.normal(3, dtype=torch.float64)).requires_grad_()
    kept = log_p.detach().clone()
    with SameDevice() as place:
        cost = student.bits_per_dim(log_p, 75, 64)
    inputs = {"the gradient that reaches log_p": log_p}
    found = gradients(cost * draw.normal(3), inputs) | {SAME_DEVICE: place.kept}
    found |= {"the cost": cost, "the type of the cost": str(cost.dtype)}
    return found | _as_it_was("log_p", log_p.detach(), kept)


# ---- navigator


def _steered(navigator: Any, which: Tensor, size: Tensor) -> dict[str, Any]:
    return {"the matrix": navigator.matrix(), "the shift": navigator(which, size)}


def _orders(draw: Draw, count: int, directions: int) -> tuple[Tensor, Tensor]:
    """Which directions and how far: sizes from 0.5 to 6 with drawn signs."""
    which, size = draw.integers(0, directions, count), draw.uniform(count, low=0.5, high=6.0)
    return which, size * (2.0 * draw.integers(0, 2, count) - 1)


def _not_steered(value: Any, draw_which: Tensor, draw_size: Tensor, latent: int) -> str | None:
    """What is wrong with a matrix and its shifts, or None."""
    matrix, shift = (np.asarray(value[name]) for name in ("the matrix", "the shift"))
    which, size = draw_which.numpy(), draw_size.double().numpy()
    directions = int(value.get("directions", matrix.shape[-1]))
    if matrix.shape != (latent, directions):
        return f"The matrix has shape {matrix.shape}; ({latent}, {directions}) was expected."
    if matrix.dtype.kind != "f" or not np.isfinite(matrix).all():
        return "The matrix holds numbers that are not finite."
    products = matrix.T.astype(float) @ matrix
    lengths = np.sqrt(np.diag(products))
    if np.abs(lengths - 1).max() > 1e-4:
        return f"A column of the matrix has length {lengths[np.abs(lengths - 1).argmax()]:.3f}."
    if np.abs(products - np.eye(directions)).max() > 1e-4:
        return "Two columns of the matrix are not at right angles."
    if shift.shape != (len(which), latent):
        return f"The shifts have shape {shift.shape}; ({len(which)}, {latent}) was expected."
    wanted = size[:, None] * matrix.T.astype(float)[which]
    if not np.abs(shift - wanted).max() < 1e-4:
        return "A shift is not its size times its column of the matrix."
    return None


NAVIGATORS = {"narrow": (7, 3), "square": (4, 4), "single": (5, 1), "high": (60, 12)}


def _judge_all(value: Any, draw: Draw) -> str | None:
    for name, (latent, directions) in NAVIGATORS.items():
        which, size = _orders(draw, 6, directions)
        wrong = _not_steered(value[name] | {"directions": directions}, which, size, latent)
        if wrong:
            return f"{wrong[:-1]} (a = {latent}, D = {directions})."
    return None


@check("navigator", points=3, judge=_judge_all)
def orthonormal_columns(student: Names, draw: Draw) -> Any:
    """The columns of M have unit length and stand at right angles, whatever `free` holds."""
    found: dict[str, Any] = {}
    for name, (latent, directions) in NAVIGATORS.items():
        navigator: Any = draw.parameters(student.Navigator(latent, directions))
        found[name] = _steered(navigator, *_orders(draw, 6, directions))
    return found


def _judge_shifts(value: Any, draw: Draw) -> str | None:
    for name, count in (("as many as entries", 6), ("one", 1)):
        which, size = _orders(draw, count, 4)
        wrong = _not_steered(value[name] | {"directions": 4}, which, size, 6)
        if wrong:
            return wrong
    first, again = (np.asarray(value[name]["the matrix"]) for name in ("one", "again"))
    same = first.shape == again.shape and np.allclose(first, again, atol=1e-6)
    if not same:
        return "The same `free` gives another matrix in the next call."
    jump = np.abs(np.asarray(value["before"]) - np.asarray(value["behind"])).max()
    return None if jump < 0.1 else "A small step of `free` turns a column round."


@check("navigator", points=3, judge=_judge_shifts)
def shifts_along_columns(student: Names, draw: Draw) -> Any:
    """A shift is a column times its size, forwards or backwards, and no column jumps."""
    navigator: Any = draw.parameters(student.Navigator(6, 4))
    found: dict[str, Any] = {}
    for name, count in (("as many as entries", 6), ("one", 1)):
        found[name] = _steered(navigator, *_orders(draw, count, 4))
    found["again"] = {"the matrix": navigator.matrix()}
    for name, entry in (("before", 1e-3), ("behind", -1e-3)):  # an entry passes zero
        with torch.no_grad():
            navigator.free[0, 0] = entry
        found[name] = navigator.matrix()
    return found


def _judge_steps(value: Any, draw: Draw) -> str | None:
    target = draw.normal(8, 3).numpy()
    which, size = _orders(draw, 5, 3)
    wrong = _not_steered(value["after"] | {"directions": 3}, which, size, 8)
    if wrong:
        return f"After some steps of an optimiser: {wrong[0].lower()}{wrong[1:]}"
    before, after = (np.asarray(value[name]["the matrix"]) for name in ("before", "after"))
    if np.abs(before - after).max() < 1e-3:
        return "Some steps of an optimiser do not move the matrix: no gradient reaches `free`."
    if not (before * target).sum() < (after * target).sum():
        return "Steps along the gradient lead away from where they should lead."
    return None


@check("navigator", points=2, judge=_judge_steps)
def orthonormal_after_steps(student: Names, draw: Draw) -> Any:
    """They stay orthonormal while an optimiser moves them."""
    target = draw.normal(8, 3)
    which, size = _orders(draw, 5, 3)
    navigator: Any = draw.parameters(student.Navigator(8, 3))
    before = _steered(navigator, which, size)
    before = {name: value.detach().clone() for name, value in before.items()}
    for _ in range(6):  # by hand: torch.optim takes seconds to load
        loss = -(navigator.matrix() * target).sum()
        if not loss.requires_grad:
            break
        (gradient,) = torch.autograd.grad(loss, navigator.free)
        with torch.no_grad():
            navigator.free -= 0.02 * gradient / gradient.norm().clamp(min=0.1)
    return {"before": before, "after": _steered(navigator, which, size)}


def _judge_gradient(value: Any, draw: Draw) -> str | None:
    which, size = _orders(draw, 4, 2)
    wrong = _not_steered(value["steered"] | {"directions": 2}, which, size, 5)
    if wrong:
        return wrong
    if not value["whether `free` gets a gradient"]:
        return "No gradient reaches `free` through the shifts."
    if not value["whether size gets its gradient"]:
        return "No gradient, or a wrong one, reaches the sizes."
    if not value["whether what was given is as it was"]:
        return "What was given was changed: `which`, `size` or `free`."
    return None if value[SAME_DEVICE] else "A new tensor lies on another device than the inputs."


@check("navigator", points=1, judge=_judge_gradient)
def gradient_of_the_shifts(student: Names, draw: Draw) -> Any:
    """Gradients reach `free` and the sizes; what was given stays, every tensor on one device."""
    which, size = _orders(draw, 4, 2)
    navigator: Any = draw.parameters(student.Navigator(5, 2))
    kept = [value.detach().clone() for value in (which, size, navigator.free)]
    sizes = size.clone().requires_grad_()
    with SameDevice() as place:
        found = _steered(navigator, which, sizes)
    weights = torch.linspace(-1, 2, found["the shift"].numel()).view_as(found["the shift"])
    reached = gradients(found["the shift"] * weights, {"free": navigator.free, "size": sizes})
    columns = found["the matrix"].detach().T[which]
    slope = (columns * weights).sum(1) if columns.shape == weights.shape else torch.zeros(4)
    same = all(
        torch.equal(a, b) for a, b in zip(kept, (which, sizes.detach(), navigator.free.detach()))
    )
    return {
        "steered": found,
        "whether `free` gets a gradient": bool(reached["free"].abs().max() > 1e-4),
        "whether size gets its gradient": bool(torch.allclose(reached["size"], slope, atol=1e-4)),
        "whether what was given is as it was": same,
        SAME_DEVICE: place.kept,
    }


# ---- direction_loss


def _answers(draw: Draw, count: int, directions: int) -> tuple[Tensor, ...]:
    """Scores, true directions, guesses and true sizes; some guesses have the wrong sign."""
    which, size = _orders(draw, count, directions)
    guess = size + 2 * draw.normal(count)
    guess[0] = -2 * size[0]
    return 2 * draw.normal(count, directions), which, guess, size


@check("direction_loss", points=2)
def both_terms(student: Names, draw: Draw) -> Any:
    """The loss is the mean cross-entropy and a quarter of the mean absolute error."""
    loss = student.direction_loss(*_answers(draw, 6, 4))
    return {
        "the loss": loss,
        "the loss of equal sizes": student.direction_loss(*_answers(draw, 5, 5)),
    }


@check("direction_loss", points=1)
def another_weight(student: Names, draw: Draw) -> Any:
    """The weight of the second term is the one that was handed over."""
    answers = _answers(draw, 4, 3)
    return {
        "the loss at 2": student.direction_loss(*answers, 2.0),
        "the loss at 0": student.direction_loss(*answers, eta=0.0),
    }


@check("direction_loss", points=1)
def scores_far_apart(student: Names, draw: Draw) -> Any:
    """Scores in the hundreds give a finite loss and a finite gradient."""
    scores, which, guess, size = _answers(draw, 5, 4)
    far = (200 * scores).requires_grad_()
    loss = student.direction_loss(far, which, guess, size)
    return {"the loss": loss} | gradients(loss, {"the gradient that reaches scores": far})


@check("direction_loss", points=1)
def one_example_and_one_direction(student: Names, draw: Draw) -> Any:
    """A batch of one, and a single direction, are no exceptions."""
    scores, which, guess, size = _answers(draw, 1, 3)
    single = _answers(draw, 4, 1)
    return {
        "the loss of one example": student.direction_loss(scores, which, guess, size),
        "the loss of one direction": student.direction_loss(*single),
    }


@check("direction_loss", points=1)
def gradients_of_both_answers(student: Names, draw: Draw) -> Any:
    """Gradients reach scores and guesses, and what was given stays as it was."""
    scores, which, guess, size = _answers(draw, 5, 3)
    kept = [value.clone() for value in (scores, which, guess, size)]
    scores.requires_grad_(), guess.requires_grad_()
    with SameDevice() as place:
        loss = student.direction_loss(scores, which, guess, size, 0.5)
    inputs = {"the gradient that reaches scores": scores, "the gradient that reaches guess": guess}
    same = all(torch.equal(a.detach(), b) for a, b in zip((scores, which, guess, size), kept))
    return gradients(loss, inputs) | {"what was given is as it was": same, SAME_DEVICE: place.kept}


# ---- contrastive_loss


def _variations(draw: Draw, *shape: int) -> Tensor:
    """Vectors of length 1 without negative entries; about a third of the entries are 0."""
    raw = (draw.uniform(*shape) - 0.3).clamp(min=0) + 0.05 * draw.uniform(*shape)
    return nn.functional.normalize(raw, dim=-1)


def _near(draw: Draw, query: Tensor, similarity: Tensor) -> Tensor:
    """For each query (Q, V) keys (Q, K, V) of length 1 with the given similarities (Q, K)."""
    other = draw.uniform(*similarity.shape, query.shape[1])
    along = (other * query[:, None]).sum(2, keepdim=True)
    across = nn.functional.normalize(other - along * query[:, None], dim=-1)
    cosine = similarity.unsqueeze(2)
    return cosine * query[:, None] + (1 - cosine.square()).sqrt() * across


def _keys(draw: Draw, sizes: tuple[int, int, int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """A query, positives and negatives far from any threshold: (Q, V), (Q, N, V), (Q, K, V)."""
    queries, positives, negatives, entries = sizes
    query = _variations(draw, queries, entries)
    far = draw.uniform(queries, negatives, low=0.1, high=0.9)
    return query, _variations(draw, queries, positives, entries), _near(draw, query, far)


@check("contrastive_loss", points=3)
def pairs_alike_and_not(student: Names, draw: Draw) -> Any:
    """Keys of one direction are to be alike, those of others not; keys add up, queries average."""
    return {
        "the loss": student.contrastive_loss(*_keys(draw, (3, 2, 5, 6))),
        "the loss of equal sizes": student.contrastive_loss(*_keys(draw, (4, 4, 4, 4))),
    }


@check("contrastive_loss", points=2)
def more_keys(student: Names, draw: Draw) -> Any:
    """Twice the keys give twice the loss, twice the queries do not."""
    query, positives, negatives = _keys(draw, (2, 3, 4, 5))
    keys = torch.cat([positives, positives], 1), torch.cat([negatives, negatives], 1)
    queries = (torch.cat([part, part]) for part in (query, positives, negatives))
    return {
        "the loss with every key twice": student.contrastive_loss(query, *keys),
        "the loss with every query twice": student.contrastive_loss(*queries),
        "the loss with many negatives": student.contrastive_loss(*_keys(draw, (1, 1, 30, 5))),
    }


@check("contrastive_loss", points=1)
def hot_and_cold(student: Names, draw: Draw) -> Any:
    """The temperature divides the similarities."""
    keys = _keys(draw, (3, 2, 4, 5))
    return {
        f"the loss at {t}": student.contrastive_loss(*keys, temperature=t) for t in (0.1, 0.5, 3)
    }


def _at_the_threshold(student: Names, draw: Draw) -> Any:
    """The loss of a negative key that is the query, whose similarity is exactly the threshold."""
    query = torch.eye(4)[:1]
    keys = _variations(draw, 1, 2, 4), query[None]
    return student.contrastive_loss(query, *keys, threshold=1.0)


@check("contrastive_loss", points=2)
def negatives_that_mean_the_same(student: Names, draw: Draw) -> Any:
    """A negative key beyond the threshold, and only beyond, has its own similarity as label."""
    query, positives, _ = _keys(draw, (3, 2, 1, 6))
    similarity = torch.tensor([0.2, 0.75, 0.85, 0.92, 0.96, 0.98]).expand(3, -1)
    negatives = _near(draw, query, similarity + 0.015 * draw.uniform(3, 6))
    positives[:, 0] = negatives[:, 4]  # a positive beyond the threshold is a positive
    keys = query, positives, negatives
    return {
        "the loss": student.contrastive_loss(*keys),
        "the loss at 0.3": student.contrastive_loss(*keys, 0.3),
        "the loss with a threshold of 0.8": student.contrastive_loss(*keys, 0.5, 0.8),
        "the loss with a threshold of 1.1": student.contrastive_loss(*keys, 0.5, threshold=1.1),
        "the loss with a key at the threshold": _at_the_threshold(student, draw),
    }


def _brought_to_length_one(parts: dict[str, Tensor]) -> tuple[dict[str, Tensor], list[Tensor]]:
    """What a gradient may be asked for, and vectors of length 1 made from it.

    Whoever divides by the length again gets the same gradient in front of it.
    """
    inputs = {f"the gradient that reaches the {name}": 2 * part for name, part in parts.items()}
    for raw in inputs.values():
        raw.requires_grad_()
    return inputs, [nn.functional.normalize(raw, dim=-1) for raw in inputs.values()]


@check("contrastive_loss", points=1)
def very_cold(student: Names, draw: Draw) -> Any:
    """Small temperatures give finite losses and gradients."""
    query, positives, negatives = _keys(draw, (2, 2, 3, 5))
    negatives = torch.cat([negatives, _near(draw, query, torch.full((2, 1), 0.98))], 1)
    inputs, (query, negatives) = _brought_to_length_one({"query": query, "negatives": negatives})
    cold = student.contrastive_loss(query, positives, negatives, 0.004)
    coldest = student.contrastive_loss(query, positives, negatives, 0.001)
    found = {"the loss at 0.004": cold, "the loss at 0.001": coldest}
    return found | gradients(cold + coldest, inputs)


@check("contrastive_loss", points=1)
def gradients_but_not_through_labels(student: Names, draw: Draw) -> Any:
    """Gradients reach query and keys, and none passes through a label."""
    query, positives, negatives = _keys(draw, (2, 2, 3, 5))
    near = _near(draw, query, torch.tensor([[0.96, 0.98], [0.97, 0.5]]))
    negatives = torch.cat([negatives, near], 1)
    parts = {"query": query, "positives": positives, "negatives": negatives}
    inputs, keys = _brought_to_length_one(parts)
    return gradients(student.contrastive_loss(*keys, 0.5), inputs)


@check("contrastive_loss", points=1)
def contrast_leaves_its_input(student: Names, draw: Draw) -> Any:
    """One query with one key of each kind will do; what was given stays, on its device."""
    keys = _keys(draw, (2, 3, 2, 4))
    keys[2][:, 0] = keys[0]
    kept = [part.clone() for part in keys]
    with SameDevice() as place:
        loss = student.contrastive_loss(*keys)
    same = all(torch.equal(a, b) for a, b in zip(keys, kept))
    found = {"the loss": loss, "what was given is as it was": same, SAME_DEVICE: place.kept}
    return found | {"the loss of one pair": student.contrastive_loss(*_keys(draw, (1, 1, 1, 4)))}


# ---- mig

LIBRARY = (
    "sklearn.metrics.mutual_info_score",
    "sklearn.metrics.normalized_mutual_info_score",
    "sklearn.metrics.adjusted_mutual_info_score",
    "sklearn.feature_selection.mutual_info_classif",
)


def _rooms(draw: Draw, count: int, values: tuple[int, ...]) -> Tensor:
    """Whole factors (N, F) that are drawn independently; every value occurs."""
    columns = []
    for number in values:
        column = draw.integers(0, number, count)
        column[:number] = torch.arange(number)
        columns.append(column)
    return torch.stack(columns, 1)


def _blurred(draw: Draw, factors: Tensor, mixture: Tensor, noise: float) -> Tensor:
    """Codes (N, L): the factors, mixed, with noise; in float32."""
    return factors.float() @ mixture + noise * draw.normal(len(factors), mixture.shape[1])


@check("mig", points=3, instead_of=LIBRARY)
def gap_of_a_blurred_code(student: Names, draw: Draw) -> Any:
    """The gap between best and second best, divided by the entropy, is averaged over factors."""
    factors = _rooms(draw, draw.integer(180, 260), (4, 3, 6))
    mixture = torch.eye(3, 5) + 0.3 * draw.uniform(3, 5)
    found = student.mig(_blurred(draw, factors, mixture, 0.3), factors)
    return {"the gap": found, "the type of the gap": type(found).__name__}


@check("mig", points=1, instead_of=LIBRARY)
def copies_and_nothing(student: Names, draw: Draw) -> Any:
    """Copies of the factors, once, twice or in part, and nothing at all, have their gaps."""
    factors = _rooms(draw, draw.integer(90, 160), (5, 4))
    order, once = draw.permutation(4), 3.0 * factors - 7
    twice = torch.cat([once, 10 - once], 1)[:, order]
    half = torch.stack([factors[:, 0] // 2, factors[:, 0], factors[:, 1] % 3], 1).float()
    return {
        "the gap of copies": student.mig(once, factors),
        "the gap of copies that stand there twice": student.mig(twice, factors),
        "the gap of a code that is constant": student.mig(torch.ones(len(factors), 3), factors),
        "the gap of a code that knows half": student.mig(half, factors),
    }


@check("mig", points=1, instead_of=LIBRARY)
def constant_factors_and_entries(student: Names, draw: Draw) -> Any:
    """Factors that do not vary are left out, constant entries know nothing, values may be any."""
    factors = _rooms(draw, 150, (3, 1, 4, 1))
    factors = factors * torch.tensor([5, 1, 2, 1]) + torch.tensor([-4, 7, 100, 0])
    codes = _blurred(
        draw, factors[:, [0, 2]], torch.tensor([[1.0, 0.2, 0.3], [0.1, 2.0, 0.4]]), 2.0
    )
    codes = torch.cat([torch.full((150, 1), draw.integer(1, 9) / 3), codes], 1)
    return {"the gap": student.mig(codes, factors)}


@check("mig", points=2, instead_of=LIBRARY)
def bins_of_each_entry(student: Names, draw: Draw) -> Any:
    """Each entry has bins of its own, as many as asked for; the largest number is in the last."""
    factors = _rooms(draw, 120, (4, 5))
    codes = _blurred(draw, factors, torch.tensor([[1.0, 0.3, 0.2], [0.2, 1.0, 0.4]]), 0.4)
    codes = codes * torch.tensor([1000.0, 0.01, 1.0]) + torch.tensor([-5000.0, 3.0, 0.0])
    few = factors[:, :1] % 2
    few[:] = 0
    few[codes[:, 2].argmax()] = 1  # this factor is the largest number of one entry
    rare = few.clone()
    few[codes[:, 0].argmin()] = 1
    found = {f"the gap with {bins} bins": student.mig(codes, factors, bins) for bins in (3, 7, 50)}
    return found | {
        "the gap of a factor at the edges": student.mig(codes, few),
        "the gap of a factor at the edges, 4 bins": student.mig(codes, few, bins=4),
        "the gap of a factor with a rare value": student.mig(codes, rare, bins=50),
    }


@check("mig", points=1, instead_of=LIBRARY)
def numbers_of_any_size(student: Names, draw: Draw) -> Any:
    """Large numbers that differ by little, and tiny ones, fall into the right bins."""
    factors = _rooms(draw, 200, (6, 5))
    steps = 3 * factors[:, :1] + draw.integers(0, 14, 200, 2)
    steps[0], steps[1] = 0, 29
    codes = 2.0**24 + 2.0 * steps
    larger = 2.0**40 + steps.double() / 64  # one number to float32
    tiny = _blurred(draw, factors, torch.tensor([[1.0, 0.4, 0.3], [0.1, 1.0, 0.9]]), 0.3)
    return {
        "the gap": student.mig(codes.float(), factors),
        "the gap of larger numbers": student.mig(larger, factors),
        "the gap of tiny numbers": student.mig(1e-7 * tiny, factors),
        "the gap of numbers some of which are tiny": student.mig(
            tiny * torch.tensor([1.0, 1e-7, 1e-4]), factors
        ),
    }


@check("mig", points=1, instead_of=LIBRARY)
def single_entry_and_untouched(student: Names, draw: Draw) -> Any:
    """With one entry the second best is 0; what was given stays, on its device."""
    factors = _rooms(draw, 110, (2, 7, 3))
    codes = _blurred(draw, factors, torch.eye(3) + 0.4 * draw.uniform(3, 3), 0.5).double()
    kept = codes.clone(), factors.clone()
    with SameDevice() as place:
        several = student.mig(codes, factors)
    same = torch.equal(codes, kept[0]) and torch.equal(factors, kept[1])
    return {
        "the gap": several,
        "the gap of a single entry": student.mig(codes[:, 1:2], factors),
        "the gap of a single factor": student.mig(codes, factors[:, 2:]),
        "what was given is as it was": same,
        SAME_DEVICE: place.kept,
    }


# ---- training gate

SIDE, CHANNELS = 2, 4
TINY, SMALL = (256, 150), (4096, 500)  # pictures, steps: on a CPU, on a GPU


def _pictures(draw: Draw, count: int) -> Tensor:
    """Pictures (count, 4, 2, 2) of two kinds that no Gaussian fits: all bright or all dark."""
    kind = 2.0 * draw.integers(0, 2, count) - 1
    return 2 * kind[:, None, None, None] + 0.3 * draw.normal(count, CHANNELS, SIDE, SIDE)


def _fits(value: Any, draw: Draw) -> str | None:
    """Whether the flow beats the best Gaussian of independent pixels."""
    x = _pictures(draw, TINY[0] if value["device"] == "cpu" else SMALL[0])
    variance = x.var(0, correction=0)
    gaussian = float((0.5 * (2 * math.pi * math.e * variance).log()).sum())
    before, after = float(value["before"]), float(value["after"])
    if not (math.isfinite(before) and math.isfinite(after)):
        return "The likelihood is no number: something divides by zero or overflows."
    if after > gaussian - 4:
        return (
            f"The pictures cost {after:.1f} nats after training, with a Gaussian for each pixel "
            f"{gaussian:.1f}: some part of the flow does not get its gradient."
        )
    entropy = CHANNELS * SIDE**2 * 0.5 * math.log(2 * math.pi * math.e * 0.09)
    if after < entropy - 4:
        return "The pictures cost less than is possible: a log-determinant is wrong."
    return None


@training_gate(seconds=120, judge=_fits)
def flow_fits_pictures(student: Names, draw: Draw, device: str) -> Any:
    """The three layers train together: a small flow fits pictures that no Gaussian fits."""
    pictures, steps = SMALL if device == "cuda" else TINY
    x = _pictures(draw, pictures).to(device)
    half, layers = CHANNELS // 2, []
    for number in range(6):
        generator = torch.Generator().manual_seed(number)
        net = nn.Sequential(
            nn.Conv2d(half, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, CHANNELS, 3, padding=1)
        )
        layers += [student.ActNorm(CHANNELS), student.InvertibleConv1x1(CHANNELS, generator)]
        layers += [student.AffineCoupling(net)]
    flow = nn.ModuleList(layers).to(device).train()
    optimizer = torch.optim.Adam(flow.parameters(), lr=1e-2)
    costs = []
    for _ in range(steps):
        z, log_p = x, torch.zeros(len(x), device=device)
        for layer in flow:
            z, log_det = layer(z)
            log_p = log_p + log_det
        log_p = log_p - 0.5 * (z.square() + math.log(2 * math.pi)).flatten(1).sum(1)
        loss = -log_p.mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        costs.append(float(loss.detach()))
    return {
        "device": device,
        "GPUs in sight": torch.cuda.device_count(),
        "before": costs[0],
        "after": costs[-1],
    }
