"""The oracle: a network that says what a picture shows, trained on drawn scenes.

It measures what a generator draws and is no part of the game: neither player ever sees it. On real
scenes it is right in 99 of 100 cases or more (`python benchmarks/text_to_image.py --give encoders`
prints it), so what it finds missing is missing.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from starter_code.tensors import read_tensors, write_tensors
from starter_code.text_to_image.claims import PROPERTIES
from starter_code.text_to_image.datasets import CaptionedPictures
from starter_code.text_to_image.encoders import checked, in_parts, stack_of_convolutions
from starter_code.text_to_image.given import given_file
from starter_code.text_to_image.joint import run_steps
from starter_code.text_to_image.sizes import sizes
from starter_code.tiers import Tier
from starter_code.training import cosine, load_weights, pick_device

__all__ = [
    "Oracle",
    "build_oracle",
    "fit_look",
    "fit_oracle",
    "given_oracle",
    "keep_look",
    "keep_oracle",
    "take_look",
]


class Oracle(nn.Module):
    """Object, colour, place and time of day of a picture; S is its side."""

    def __init__(self, width: int = 32, size: int = 32) -> None:
        super().__init__()
        self.size = size
        self.look = stack_of_convolutions(width, size)
        self.say = nn.Linear(4 * width * 16, sum(map(len, PROPERTIES.values())))

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        """Logits of every value of every property.

        Args:
            pictures: (B, 3, S, S) in [-1, 1].

        Returns:
            name -> (B, values), as `claims.PROPERTIES` lists them.
        """
        said = self.say(self.look(checked(pictures, self.size)).flatten(1))
        parts = said.split([len(values) for values in PROPERTIES.values()], dim=1)
        return dict(zip(PROPERTIES, parts, strict=True))

    def read(self, pictures: Tensor) -> dict[str, Tensor]:
        """The logits of many pictures, in parts, on the CPU."""
        device = self.say.weight.device

        def use(part: Tensor) -> Tensor:
            return torch.cat(list(self(part.to(device)).values()), dim=1)

        said = in_parts(self, use, pictures)
        parts = said.split([len(values) for values in PROPERTIES.values()], dim=1)
        return dict(zip(PROPERTIES, parts, strict=True))


def fit_oracle(
    oracle: Oracle,
    train: CaptionedPictures,
    steps: int,
    *,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    seed: int = 0,
    device: str = "auto",
    folder: str | Path = "runs/a5/oracle",
    resume: bool = False,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Train the oracle on drawn scenes: binary cross-entropy for every value."""
    where = pick_device(device)
    oracle.to(where)
    adam = torch.optim.Adam(oracle.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda n: cosine(n, steps))
    generator = torch.Generator().manual_seed(seed)

    def step() -> Tensor:
        rows = torch.randint(len(train), (batch_size,), generator=generator)
        said = oracle(train.images(rows).to(where))
        loss = sum(
            F.binary_cross_entropy_with_logits(
                logits, train.properties[name][rows].float().to(where)
            )
            for name, logits in said.items()
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
        return loss.detach()

    fixed = json.dumps([steps, batch_size, learning_rate, seed, len(train)])
    told = "oracle" if progress else ""
    return run_steps(oracle, [adam, schedule], step, steps, generator, folder, fixed, resume, told)


def build_oracle(tier: Tier, seed: int = 0) -> Oracle:
    """An untrained oracle for the pictures of a tier."""
    size = sizes(tier)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Oracle(size.encoder_width, size.picture_size)


def keep_oracle(path: str | Path, oracle: Oracle, tier: Tier, seed: int) -> Path:
    """Write an oracle to a file that `given_oracle` reads."""
    about = {"tier": tier.name, "seed": seed, "what": "oracle"}
    return write_tensors(path, oracle.state_dict(), about)


def given_oracle(tier: Tier, path: str | Path | None = None) -> Oracle:
    """A trained oracle, which does not learn any more.

    Args:
        path: a file of your own, by `keep_oracle`; by default the one that comes with the course.

    Raises:
        CourseError: none comes with the tier, or a file of another size.
    """
    path = Path(path or given_file("oracle", tier.name))
    oracle = build_oracle(tier)
    weights, _ = read_tensors(path)
    load_weights(oracle, weights, path)
    return oracle.eval().requires_grad_(False)


def fit_look(
    look: nn.Module,
    train: CaptionedPictures,
    steps: int,
    *,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    seed: int = 0,
    device: str = "auto",
    folder: str | Path = "runs/a5/look",
    resume: bool = False,
    progress: bool = True,
) -> list[dict[str, float]]:
    """Let a judge's convolutions learn to name what scenes show, before there is a game.

    From right and wrong texts alone a judge learns the light first, and kind and colour only after
    thousands of steps. The oracle is another network and has learnt from lots of its own.

    Args:
        look: pictures (B, 3, S, S) -> (B, C, 4, 4); it stays on its device in the end.
    """
    where = pick_device(device)
    look.to(where)
    with torch.no_grad():
        channels = look(train.images(torch.arange(2)).to(where)).shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        say = nn.Linear(16 * channels, sum(map(len, PROPERTIES.values()))).to(where)
    both = nn.Sequential(look, nn.Flatten(), say)
    adam = torch.optim.Adam(both.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda n: cosine(n, steps))
    generator = torch.Generator().manual_seed(seed)
    truth = torch.cat([train.properties[name].float() for name in PROPERTIES], dim=1)

    def step() -> Tensor:
        rows = torch.randint(len(train), (batch_size,), generator=generator)
        loss = F.binary_cross_entropy_with_logits(
            both(train.images(rows).to(where)), truth[rows].to(where)
        )
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
        return loss.detach()

    fixed = json.dumps([steps, batch_size, learning_rate, seed, len(train)])
    told = "what the judge sees" if progress else ""
    return run_steps(both, [adam, schedule], step, steps, generator, folder, fixed, resume, told)


def keep_look(path: str | Path, look: nn.Module, tier: Tier, seed: int) -> Path:
    """Write a judge's convolutions to a file that `take_look` reads."""
    return write_tensors(path, look.state_dict(), {"tier": tier.name, "seed": seed, "what": "look"})


def take_look(look: nn.Module, tier: Tier, path: str | Path | None = None) -> None:
    """Fill a judge's convolutions with those that come with the course; they go on learning.

    Raises:
        CourseError: none come with the tier, or they are of another size.
    """
    path = Path(path or given_file("look", tier.name))
    weights, _ = read_tensors(path)
    load_weights(look, weights, path)
