"""The Glow of assignment 6: exact both ways, likelihoods that are true, trainings in parts."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from autograder.assignments import load_source
from autograder.cells import run_segments
from starter_code.errors import CourseError
from starter_code.flows.given import ROOMS, given_flow, load_flow, save_flow
from starter_code.flows.glow import (
    Glow,
    GlowSizes,
    Split,
    Step,
    dequantise,
    log_normal,
    squeeze,
    unsqueeze,
)
from starter_code.flows.sizes import SIZES
from starter_code.flows.solver import Options, fit, held_out
from starter_code.shapes3d import render, sample_factors
from starter_code.tiers import TIERS

SMALL = GlowSizes(channels=3, size=8, scales=2, steps=2, hidden=8)


@pytest.fixture(scope="module")
def lab() -> SimpleNamespace:
    """The layers of the reference solution."""
    names: dict = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return SimpleNamespace(**names)


def layers(lab) -> tuple:
    return lab.ActNorm, lab.InvertibleConv1x1, lab.AffineCoupling


def built(lab, sizes: GlowSizes = SMALL, seed: int = 0) -> Glow:
    return Glow(*layers(lab), sizes, torch.Generator().manual_seed(seed))


def used(lab, sizes: GlowSizes = SMALL) -> Glow:
    """A flow whose actnorms have seen a batch and none of whose weights is zero any more."""
    glow, generator = built(lab, sizes), torch.Generator().manual_seed(1)
    glow(torch.rand(16, sizes.channels, sizes.size, sizes.size, generator=generator))
    with torch.no_grad():
        for parameter in glow.parameters():
            parameter += 0.03 * torch.randn(parameter.shape, generator=generator)
    return glow.eval()


def pictures(count: int, sizes: GlowSizes = SMALL, seed: int = 0) -> Tensor:
    """uint8 pictures of few colours, whose rows are alike: easy to learn."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, sizes.channels, 1, sizes.size)
    row = 64 * torch.randint(4, shape, generator=generator, dtype=torch.uint8)
    return row.expand(-1, -1, sizes.size, -1).contiguous()


def true_log_det(run, x: Tensor) -> float:
    """log|det| of a map of one example, from the whole Jacobian."""
    jacobian = torch.autograd.functional.jacobian(run, x)
    return torch.linalg.slogdet(jacobian.reshape(x.numel(), x.numel()))[1].item()


def test_squeeze_moves_pixels_into_channels_and_back():
    x = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).float()
    y = squeeze(x)
    assert y.shape == (2, 12, 2, 3) and torch.equal(unsqueeze(y), x)
    assert set(y[0, :4, 0, 0].tolist()) == set(x[0, 0, :2, :2].flatten().tolist())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch", [1, 5])
def test_there_and_back_is_exact_in_float32(lab, channels, batch):
    sizes = GlowSizes(channels=channels, size=16, scales=3, steps=4, hidden=16)
    glow, generator = used(lab, sizes), torch.Generator().manual_seed(2)
    x = torch.rand(batch, channels, 16, 16, generator=generator)
    z = glow.encode(x)
    assert z.shape == (batch, glow.latent) == (batch, channels * 256)
    assert (glow.decode(z) - x).abs().max() < 1e-5
    drawn = glow.draw(batch, 0.7, generator)
    assert (glow.encode(glow.decode(drawn)) - drawn).abs().max() < 1e-4


def test_each_log_determinant_is_that_of_the_jacobian(lab):
    glow = used(lab).double()
    step = glow.scales[0][1]
    assert isinstance(step, Step) and isinstance(glow.splits[0], Split)
    x = torch.rand(1, 12, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for layer in (step.act_norm, step.conv, step.coupling, step):
        true = true_log_det(lambda x, layer=layer: layer(x)[0], x)
        assert layer(x)[1].item() == pytest.approx(true, abs=1e-4) and abs(true) > 0.01
    split = glow.splits[0]
    true = true_log_det(lambda x: torch.cat(split(x)[:2], 1), x)
    assert split(x)[2].item() == pytest.approx(true, abs=1e-4) and abs(true) > 0.01


def test_log_p_is_the_normal_density_and_the_jacobian_of_the_whole_flow(lab):
    glow = used(lab).double()
    x = torch.rand(1, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    log_p, zs = glow(x)
    z = glow.encode(x)
    assert torch.equal(glow.join(zs), z)
    assert all(torch.equal(one, two) for one, two in zip(glow.cut(z), zs, strict=True))
    assert [tuple(part.shape[1:]) for part in zs] == glow.shapes == [(6, 4, 4), (24, 2, 2)]
    normal = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    assert torch.allclose(log_normal(z), normal)
    assert log_p.item() == pytest.approx(normal.item() + true_log_det(glow.encode, x), abs=1e-4)


def test_the_prior_of_what_is_split_off_is_a_gaussian_read_from_the_rest(lab):
    split = used(lab).splits[0]
    x = torch.randn(4, 12, 4, 4, generator=torch.Generator().manual_seed(5))
    stays, z, log_det = split(x)
    mean, log_deviation = split.prior(stays).chunk(2, 1)
    told = torch.distributions.Normal(mean, log_deviation.exp()).log_prob(x[:, 6:])
    assert torch.allclose(log_normal(z.flatten(1)) + log_det, told.flatten(1).sum(1), atol=1e-4)


def test_log_p_of_one_picture_does_not_depend_on_the_others(lab):
    glow = used(lab)
    x = torch.rand(6, 3, 8, 8, generator=torch.Generator().manual_seed(6))
    assert torch.allclose(glow(x)[0][2:3], glow(x[2:3])[0], atol=1e-3)


@pytest.mark.parametrize("levels, bits", [(256, 8.0), (32, 5.0)])
def test_a_uniform_model_costs_what_guessing_costs(lab, levels, bits):
    assert lab.bits_per_dim(torch.zeros(3), 12, levels).tolist() == [bits] * 3


def test_noise_fills_a_level_and_no_more():
    values = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    low = dequantise(values, torch.zeros(values.shape), 256)
    high = dequantise(values, torch.full(values.shape, 1 - 1e-4), 256)
    assert torch.equal((low * 256).long(), values.long())
    assert torch.equal((high * 256).floor().long(), values.long()) and high.max() < 1
    assert torch.equal(dequantise(values / 255, torch.zeros(values.shape), 256), low)
    coarse = dequantise(values, torch.zeros(values.shape), 32)
    assert sorted(set((coarse * 32).flatten().tolist())) == list(range(32))


def test_temperature_and_generator_decide_what_is_drawn(lab):
    glow = used(lab)
    one, two = (glow.sample(3, 0.7, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(one, two) and one.min() >= 0 and one.max() <= 1
    cold = glow.draw(50, 0.1, torch.Generator().manual_seed(7))
    assert cold.std().item() == pytest.approx(0.1, rel=0.05)
    assert glow.after_first_scale(cold).shape == (50, 6, 4, 4)


def test_a_training_learns_and_its_gradient_reaches_every_weight(lab, tmp_path):
    glow = built(lab)
    history = fit(glow, lab.bits_per_dim, pictures(200), pictures(64, seed=1), how(tmp_path))
    assert history.column("val_bits")[-1] < history.column("val_bits")[0] < 6
    assert history.best["val_bits"] == pytest.approx(
        held_out(glow, lab.bits_per_dim, pictures(64, seed=1))
    )
    log_p, _ = glow(pictures(4) / 256)
    log_p.sum().backward()
    assert all(parameter.grad is not None for parameter in glow.parameters())


def how(folder, **changes) -> Options:
    plain = {"epochs": 3, "steps_per_epoch": 8, "batch_size": 16, "warm_up": 4, "progress": False}
    return Options(folder=str(folder), device="cpu", **(plain | changes))


def test_mixed_precision_is_only_for_the_training(lab, tmp_path):
    plain, mixed = built(lab), built(lab)
    train, val = pictures(100), pictures(20, seed=1)
    exact = fit(plain, lab.bits_per_dim, train, val, how(tmp_path / "plain"))
    close = fit(mixed, lab.bits_per_dim, train, val, how(tmp_path / "mixed", mixed=True))
    assert close.column("val_bits") == pytest.approx(exact.column("val_bits"), rel=0.1)
    assert close.column("val_bits") != exact.column("val_bits")
    x = pictures(4) / 256
    assert (mixed.decode(mixed.encode(x)) - x).abs().max() < 1e-5


class Killed(Exception):
    """What ends a training in the middle."""


def test_a_training_that_was_killed_ends_as_if_it_had_not_been(lab, tmp_path):
    train, val, calls = pictures(100), pictures(20, seed=1), []

    def killing(log_p, dimensions, levels):
        calls.append(1)
        if len(calls) == 14:  # in the second epoch
            raise Killed
        return lab.bits_per_dim(log_p, dimensions, levels)

    whole, parts, fresh = built(lab), built(lab), built(lab, seed=9)
    history = fit(whole, lab.bits_per_dim, train, val, how(tmp_path / "whole"))
    with pytest.raises(Killed):
        fit(parts, killing, train, val, how(tmp_path / "parts"))
    again = fit(fresh, lab.bits_per_dim, train, val, how(tmp_path / "parts", resume=True))
    for one, two in zip(whole.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert again.column("val_bits") == history.column("val_bits")
    with pytest.raises(CourseError, match="other options"):
        fit(fresh, lab.bits_per_dim, train, val, how(tmp_path / "parts", resume=True, clip=0.5))


def test_the_first_batch_is_remembered_with_the_weights(lab, tmp_path):
    glow = used(lab)
    place = save_flow(tmp_path / "flow.safetensors", glow, {"why": "a test"})
    loaded, about = load_flow(place, *layers(lab))
    x = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(8))
    before = loaded(x)[0]
    loaded.train()
    loaded(0.1 * x)
    assert torch.equal(loaded(x)[0], before), "initialised again"
    assert about["why"] == "a test" and loaded.sizes == glow.sizes
    assert (loaded.decode(loaded.encode(x)) - x).abs().max() < 1e-5


def test_every_tier_can_be_built(lab):
    assert set(SIZES) == set(TIERS)
    for name in ("tiny", "small"):
        for sizes in (SIZES[name].grey, SIZES[name].rooms):
            assert built(lab, sizes).latent == sizes.dimensions


def test_bad_input_is_told_in_one_sentence(lab, tmp_path):
    glow = used(lab)
    x = torch.rand(2, 3, 8, 8)
    with pytest.raises(CourseError, match=r"in \[0, 1\], and these go from"):
        glow(255 * x)
    with pytest.raises(CourseError, match=r"in \[0, 1\], and these go from nan"):
        glow(x * math.nan)
    with pytest.raises(CourseError, match="divide by 255"):
        glow((255 * x).to(torch.uint8))
    with pytest.raises(CourseError, match=r"in \[0, 1\]"):
        dequantise(255 * x, torch.zeros_like(x))
    with pytest.raises(CourseError, match=r"shape \(B, 3, 8, 8\), not \(2, 1, 8, 8\)"):
        glow.encode(x[:, :1])
    with pytest.raises(CourseError, match=r"shape \(B, 192\), not \(2, 100\)"):
        glow.decode(torch.zeros(2, 100))
    with pytest.raises(CourseError, match="even sizes, and these are 7 x 8"):
        squeeze(torch.zeros(1, 1, 7, 8))
    with pytest.raises(CourseError, match="28 pixels cannot be squeezed 3 times"):
        built(lab, GlowSizes(channels=1, size=28, scales=3))
    with pytest.raises(CourseError, match="uint8 pictures"):
        fit(built(lab), lab.bits_per_dim, x, x, how(tmp_path))
    with pytest.raises(CourseError, match="uint8 pictures"):
        fit(built(lab), lab.bits_per_dim, pictures(0), pictures(3), how(tmp_path))


def test_a_checkpoint_of_another_size_is_refused(lab, tmp_path):
    train, val = pictures(50), pictures(20, seed=1)
    fit(built(lab), lab.bits_per_dim, train, val, how(tmp_path, epochs=1))
    other = built(lab, GlowSizes(channels=3, size=8, scales=2, steps=2, hidden=16))
    with pytest.raises(CourseError, match="weights of another model"):
        fit(other, lab.bits_per_dim, train, val, how(tmp_path, resume=True))
    with pytest.raises(CourseError, match="There is no file"):
        load_flow(tmp_path / "none.safetensors", *layers(lab))


def test_the_flow_that_comes_with_the_course_knows_rooms(lab):
    assert ROOMS.stat().st_size <= 8e6
    glow = given_flow(*layers(lab))
    seen = render(sample_factors(np.random.default_rng(5), 24), glow.sizes.size)
    seen = torch.from_numpy(seen).permute(0, 3, 1, 2)
    noise = torch.rand(seen.shape, generator=torch.Generator().manual_seed(0))
    x = dequantise(seen, noise, glow.sizes.levels)
    with torch.no_grad():
        assert (glow.decode(glow.encode(x)) - x).abs().max() < 1e-5
        mirrored = held_out(glow, lab.bits_per_dim, seen.flip(2))
    assert held_out(glow, lab.bits_per_dim, seen) < 1.2 < mirrored


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_the_same_on_cuda(lab, tmp_path):
    glow = used(lab).cuda()
    x = torch.rand(4, 3, 8, 8)
    assert (glow.decode(glow.encode(x.cuda())).cpu() - x).abs().max() < 1e-4
    assert glow.sample(2, 0.7, torch.Generator().manual_seed(0)).is_cuda
    options = how(tmp_path, epochs=1, device="cuda")
    assert fit(built(lab), lab.bits_per_dim, pictures(50), pictures(20), options).records
