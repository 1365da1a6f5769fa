"""The Glow of assignment 6, built around the three layers that the assignment asks for.

glow = Glow(ActNorm, InvertibleConv1x1, AffineCoupling, GlowSizes(), generator)
log_p, zs = glow(dequantise(pictures, noise, levels))  # nats (B,), and the latents of each scale
z = glow.encode(x)                                     # (B, a), standard normal under the model
pictures = glow.decode(z)                              # decode(encode(x)) is x

Pictures are floats in [0, 1]; the flow itself works on x - 1/2. It has several scales (Kingma and
Dhariwal, "Glow", 2018, Figure 2): each makes of 2 x 2 pixels four times the channels, takes `steps`
steps, and, except for the last one, splits half of the channels off. What is split off is told by a
Gaussian whose mean and deviation a network reads from the half that stays. Here the mean is
subtracted and the deviation divided out as one more affine step. So *all* latents are standard
normal under the model, and the density is that of equation (3) of Dis-GU with z ~ N(0, I).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from starter_code.errors import CourseError

__all__ = ["Glow", "GlowSizes", "LayerMaker", "dequantise", "log_normal", "squeeze", "unsqueeze"]

LayerMaker = Callable[..., nn.Module]


@dataclass(frozen=True)
class GlowSizes:
    """How big a Glow is; `levels` is how many values a number of its pictures can have."""

    channels: int = 3
    size: int = 32  # pixels per side
    scales: int = 3
    steps: int = 8  # steps of each scale
    hidden: int = 128  # channels inside the couplings
    levels: int = 32

    @property
    def dimensions(self) -> int:
        """How many numbers a picture is, and its latent too."""
        return self.channels * self.size**2


def squeeze(x: Tensor) -> Tensor:
    """2 x 2 pixels become channels: (B, C, H, W) -> (B, 4C, H/2, W/2)."""
    if x.shape[2] % 2 or x.shape[3] % 2:
        raise CourseError(
            f"A squeeze takes even sizes, and these are {x.shape[2]} x {x.shape[3]} pixels: use "
            "fewer scales, or pictures of another size."
        )
    return nn.functional.pixel_unshuffle(x, 2)


def unsqueeze(x: Tensor) -> Tensor:
    """The inverse of `squeeze`: (B, 4C, H, W) -> (B, C, 2H, 2W)."""
    return nn.functional.pixel_shuffle(x, 2)


def dequantise(pictures: Tensor, noise: Tensor, levels: int = 256) -> Tensor:
    """Make a density possible: noise as wide as one level is added to every value.

    Args:
        pictures: (B, C, H, W), uint8 or floats in [0, 1], of 256 values each.
        noise: floats in [0, 1), of the same shape.
        levels: 256, or a smaller power of 2; then so many of the 256 values become one.

    Returns:
        (v + noise) / levels, in [0, 1).
    """
    if pictures.dtype != torch.uint8:
        _check_range(pictures)
        pictures = (pictures * 255).round()
    value = (pictures.to(noise.dtype) * (levels / 256)).floor()
    return (value + noise) / levels


def log_normal(z: Tensor) -> Tensor:
    """The log-density of N(0, I) at z (B, a), in nats: (B,)."""
    return -0.5 * (z.square() + math.log(2 * math.pi)).sum(1)


def _check_range(x: Tensor) -> None:
    """Refuse what cannot be pictures as this module wants them."""
    if not x.is_floating_point():
        raise CourseError(f"Pictures are floats in [0, 1], not {x.dtype}: divide by 255.")
    least, most = float(x.min()), float(x.max())
    if not (least >= 0 and most <= 1):  # NaN too
        raise CourseError(
            f"Pictures have values in [0, 1], and these go from {least:g} to {most:g}: bring them "
            "to that range first."
        )


class ZeroConv(nn.Module):
    """A 3 x 3 convolution that answers 0 until it is trained, with a scale for each channel."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)
        self.log_scale = nn.Parameter(torch.zeros(out))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> (B, out, H, W)."""
        # Glow's public code multiplies by 3, so that the scale is learnt faster.
        return self.conv(x) * (3 * self.log_scale).exp()[:, None, None]


class CouplingNetwork(nn.Sequential):
    """What decides about scale and shift: (B, channels / 2, H, W) -> (B, channels, H, W).

    With `mixed` its convolutions work in bfloat16, which saves a third of a training's time.
    """

    def __init__(self, channels: int, hidden: int, generator: torch.Generator) -> None:
        first = nn.Conv2d(channels // 2, hidden, 3, padding=1)
        second = nn.Conv2d(hidden, hidden, 1)
        for layer in (first, second):
            nn.init.normal_(layer.weight, std=0.05, generator=generator)
            nn.init.zeros_(layer.bias)
        super().__init__(first, nn.ReLU(), second, nn.ReLU(), ZeroConv(hidden, channels))
        self.mixed = False

    def forward(self, x: Tensor) -> Tensor:
        """r and t, one after the other."""
        x = x.contiguous(memory_format=torch.channels_last)  # convolutions are faster like that
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.mixed):
            return super().forward(x).to(x.dtype)


class Step(nn.Module):
    """One step of the flow: actnorm, 1 x 1 convolution, affine coupling."""

    def __init__(self, act_norm: nn.Module, conv: nn.Module, coupling: nn.Module) -> None:
        super().__init__()
        self.act_norm, self.conv, self.coupling = act_norm, conv, coupling

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) -> the same shape, and log|det| (B,)."""
        x, scaled = self.act_norm(x)
        x, mixed = self.conv(x)
        x, coupled = self.coupling(x)
        return x, scaled + mixed + coupled

    def inverse(self, y: Tensor) -> Tensor:
        """The way back."""
        return self.act_norm.inverse(self.conv.inverse(self.coupling.inverse(y)))


class Split(nn.Module):
    """Half of the channels leave, told by the other half: the learnt prior, as an affine step."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.prior = ZeroConv(channels // 2, channels)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, C, H, W) -> what stays, what leaves (both C/2 channels), log|det| (B,)."""
        stays, leaves = x.chunk(2, 1)
        mean, log_deviation = self.prior(stays).chunk(2, 1)
        z = (leaves - mean) * (-log_deviation).exp()
        return stays, z, -log_deviation.flatten(1).sum(1)

    def inverse(self, stays: Tensor, z: Tensor) -> Tensor:
        """The way back: (B, C, H, W)."""
        mean, log_deviation = self.prior(stays).chunk(2, 1)
        return torch.cat([stays, mean + log_deviation.exp() * z], 1)


class Glow(nn.Module):
    """A flow of several scales; its first batch in training initialises every actnorm.

    Args:
        act_norm: channels -> a layer.
        invertible_conv: (channels, generator) -> a layer.
        affine_coupling: (a network) -> a layer; the network makes of half of the channels as many
            as there are, r and t one after the other. Layers have `forward(x) -> (y, log_det (B,))`
            and `inverse(y) -> x`.
        generator: draws the weights to start with.
    """

    def __init__(
        self,
        act_norm: LayerMaker,
        invertible_conv: LayerMaker,
        affine_coupling: LayerMaker,
        sizes: GlowSizes,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.sizes, self.latent = sizes, sizes.dimensions
        self.shapes: list[tuple[int, int, int]] = []  # of the latents of each scale
        self.scales, self.splits = nn.ModuleList(), nn.ModuleList()
        channels, side = sizes.channels, sizes.size
        for number in range(sizes.scales):
            _check_side(side, sizes)
            channels, side = 4 * channels, side // 2
            self.scales.append(
                nn.ModuleList(
                    Step(
                        act_norm(channels),
                        invertible_conv(channels, generator),
                        affine_coupling(CouplingNetwork(channels, sizes.hidden, generator)),
                    )
                    for _ in range(sizes.steps)
                )
            )
            if number < sizes.scales - 1:
                self.splits.append(Split(channels))
                channels //= 2
            self.shapes.append((channels, side, side))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The log-density of pictures, and their latents.

        Args:
            x: (B, C, H, W) in [0, 1], with noise (see `dequantise`).

        Returns:
            log p(x) in nats, (B,); the latents of each scale, the first one split off first.
        """
        _check_range(x)
        zs, log_det = self._latents(x)
        return log_normal(self.join(zs)) + log_det, zs

    def encode(self, x: Tensor) -> Tensor:
        """The latent of pictures (B, C, H, W): (B, a), standard normal under the model."""
        return self.join(self._latents(x)[0])

    def decode(self, z: Tensor) -> Tensor:
        """The pictures of latents (B, a), (B, C, H, W): not cut off at 0 and 1, differentiable."""
        zs = self.cut(z)
        x = zs[-1]
        for number in range(len(zs) - 1, -1, -1):
            x = self.scale_inverse(number, x, zs[number])
        return x + 0.5

    def after_first_scale(self, z: Tensor) -> Tensor:
        """What the first scale on the way back makes of latents (B, a): (B, C', H', W')."""
        zs = self.cut(z)
        return self.scale_inverse(len(zs) - 1, zs[-1], zs[-1])

    def scale_inverse(self, number: int, x: Tensor, z: Tensor) -> Tensor:
        """One scale on the way back, from x and what had been split off (the last one has no z)."""
        if number < len(self.splits):
            x = self.splits[number].inverse(x, z)
        for step in reversed(self.scales[number]):
            x = step.inverse(x)
        return unsqueeze(x)

    def draw(self, count: int, temperature: float, generator: torch.Generator) -> Tensor:
        """Latents (count, a) of deviation `temperature`, the same on every device."""
        z = temperature * torch.randn(count, self.latent, generator=generator)
        return z.to(next(self.parameters()).device)

    @torch.no_grad()
    def sample(self, count: int, temperature: float, generator: torch.Generator) -> Tensor:
        """Drawn pictures (count, C, H, W) in [0, 1]."""
        return self.decode(self.draw(count, temperature, generator)).clamp(0, 1)

    def join(self, zs: list[Tensor]) -> Tensor:
        """The latents of all scales as one vector: (B, a)."""
        return torch.cat([z.flatten(1) for z in zs], 1)

    def cut(self, z: Tensor) -> list[Tensor]:
        """The inverse of `join`."""
        if z.dim() != 2 or z.shape[1] != self.latent:
            raise CourseError(
                f"The latents of this Glow have the shape (B, {self.latent}), not "
                f"{tuple(z.shape)}: they are of another flow."
            )
        parts = z.split([math.prod(shape) for shape in self.shapes], 1)
        return [part.unflatten(1, shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def _latents(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """The latents of each scale, and the sum of all log-determinants (B,)."""
        wanted = (self.sizes.channels, self.sizes.size, self.sizes.size)
        if x.dim() != 4 or tuple(x.shape[1:]) != wanted:
            raise CourseError(
                f"This Glow takes pictures of the shape (B, {', '.join(map(str, wanted))}), not "
                f"{tuple(x.shape)}."
            )
        x, zs, log_det = x - 0.5, [], x.new_zeros(len(x))
        for number, steps in enumerate(self.scales):
            x = squeeze(x)
            for step in steps:
                x, change = step(x)
                log_det = log_det + change
            if number < len(self.splits):
                x, z, change = self.splits[number](x)
                log_det = log_det + change
                zs.append(z)
        return [*zs, x], log_det


def _check_side(side: int, sizes: GlowSizes) -> None:
    """Refuse pictures that cannot be squeezed so often."""
    if side % 2:
        raise CourseError(
            f"Pictures of {sizes.size} pixels cannot be squeezed {sizes.scales} times, for "
            f"{side} is an odd size: use fewer scales, or pictures of another size."
        )
