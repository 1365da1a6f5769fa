"""The loop of Algorithm 1 around `train_step`: minibatches, checkpoints, sheets of samples.

`fit(generator, discriminator, train_step, mismatched, losses, train, options)` trains both players.
In `options.folder` lie `last.pt` (everything needed to go on), `history.json`, `sheets`: always the
same captions with the same noise, and `strips`: from the first of these captions to the second. A
training that was killed goes on with `resume=True` as if nothing had happened.

Letters: B batch, S side of the pictures, E text embedding, Z noise.
"""

import copy
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.tensors import read_tensors, write_tensors
from starter_code.text_to_image.datasets import CaptionedPictures
from starter_code.text_to_image.encoders import in_parts
from starter_code.text_to_image.given import given_file
from starter_code.tiers import Tier
from starter_code.training import (
    load_checkpoint,
    load_weights,
    pick_device,
    random_state,
    restore_random_state,
    save_checkpoint,
    write_atomically,
)

__all__ = [
    "VARIANTS",
    "Batch",
    "Losses",
    "Options",
    "fit",
    "given_generator",
    "imagine",
    "imagine_between",
    "keep_generator",
]

EVERY = 50  # steps from one record to the next
VARIANTS: dict[str, dict[str, Any]] = {
    "GAN": {"wrong_pairs": False, "interpolate": 0.0},
    "GAN-CLS": {"wrong_pairs": True, "interpolate": 0.0},
    "GAN-INT": {"wrong_pairs": False, "interpolate": 1.0},
    "GAN-INT-CLS": {"wrong_pairs": True, "interpolate": 1.0},
}
_FREE = {
    "device",
    "folder",
    "resume",
    "progress",
    "sheet_every",
    "keep_every",
}  # may differ when going on

TrainStep = Callable[..., Mapping[str, float]]


class Batch(NamedTuple):
    """One minibatch of Algorithm 1, lines 1 to 5."""

    pictures: Tensor  # x, float (B, 3, S, S) in [-1, 1]
    texts: Tensor  # h, embeddings (B, E) of texts that belong to them
    wrong: Tensor  # ĥ, embeddings (B, E) of texts that are not true of them
    noise: Tensor  # z, float (B, Z)
    partners: Tensor  # long (B,): with whose text each text is mixed; nobody is his own

    def to(self, device: torch.device | str) -> "Batch":
        """The same batch on a device."""
        return Batch(*(part.to(device) for part in self))


class Losses(NamedTuple):
    """The three losses of the game; each gives a scalar."""

    discriminator: Callable[..., Tensor]  # (right, wrong or None, fake)
    generator: Callable[..., Tensor]  # (fake)
    interpolation: Callable[..., Tensor]  # (generator, discriminator, noise, texts, partners)


@dataclass(frozen=True)
class Options:
    """How to train."""

    steps: int
    batch_size: int = 64
    learning_rate: float = 2e-4  # of both; the discriminator's is `judge_faster` times as large
    judge_faster: float = 1.0
    wrong_pairs: bool = True
    interpolate: float = 0.0  # weight of `Losses.interpolation`
    alike: float = 0.7  # share of wrong texts with the same place and time of day, if there is one
    average: float = 0.0  # 0.999: the generator ends with a running mean of its weights
    cool_down: float = 0.25  # share of the steps, the last ones, over which the rates fall to 0
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/a5/gan"
    sheet_every: int = 500  # steps; 0: no sheets
    keep_every: int = 500  # steps from one checkpoint to the next
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


def fit(
    generator: nn.Module,
    discriminator: nn.Module,
    train_step: TrainStep,
    mismatched: Callable[[Tensor, Tensor], Tensor],
    losses: Losses,
    train: CaptionedPictures,
    options: Options,
) -> list[dict[str, float]]:
    """Train both players.

    Args:
        generator: (noise, texts) -> pictures, with an attribute `noise_dim`.
        discriminator: (pictures, texts) -> logits.
        train_step: (generator, discriminator, optimizers, batch, losses, wrong_pairs=,
            interpolate=) -> the value of each loss, by name; optimizers are (the generator's, the
            discriminator's).
        mismatched: (fits (B, B), lots (B, B)) -> for each picture the place of a wrong text.
        train: its captions embedded, see `CaptionedPictures.encode`.

    Returns:
        A record each 50 steps: "step", "seconds" and the mean of each value of `train_step`.

    Raises:
        CourseError: a loss that is not a number, or a checkpoint of another training.
    """
    game = _Game(generator, discriminator, train, options)
    if options.resume:
        game.take_up()
    game.play(train_step, mismatched, losses)
    return game.records


class _Game:
    """One training: both players, what is drawn by lot and what was measured."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        train: CaptionedPictures,
        options: Options,
    ) -> None:
        self.device = pick_device(options.device)
        self.generator, self.discriminator = (
            generator.to(self.device),
            discriminator.to(self.device),
        )
        self.train, self.options = train, options
        self.average = copy.deepcopy(generator).eval() if options.average else generator
        self.random = torch.Generator().manual_seed(options.seed)
        self.folder, self.records = Path(options.folder), list[dict[str, float]]()
        self.done, self.sums = 0, dict[str, float]()  # steps done, values since the last record
        rate, betas = options.learning_rate, (0.5, 0.999)
        self.optimizers = (
            torch.optim.Adam(generator.parameters(), rate, betas),
            torch.optim.Adam(discriminator.parameters(), rate * options.judge_faster, betas),
        )
        self.rates = [optimizer.param_groups[0]["lr"] for optimizer in self.optimizers]
        # The sheet's captions and noise have lots of their own: they never change the training.
        lots = torch.Generator().manual_seed(options.seed + 1)
        rows = torch.randperm(len(train), generator=lots)[:8]
        self.sheet_told = train.told(rows, lots)
        self.sheet_noise = torch.randn(4, generator.noise_dim, generator=lots)

    def batch(self, mismatched: Callable[[Tensor, Tensor], Tensor]) -> Batch:
        """Lines 1 to 5 of Algorithm 1, all drawn by lot on the CPU."""
        train, size = self.train, min(self.options.batch_size, len(self.train))
        rows = torch.randperm(len(train), generator=self.random)[:size]
        told = train.told(rows, self.random)
        lots = torch.rand(size, size, generator=self.random)
        chosen = torch.rand(size, 1, generator=self.random) < self.options.alike
        lots = (lots + (train.agree(rows) & chosen)) / 2  # pictures that agree win against others
        wrong = told[mismatched(train.fits(rows, told), lots)]
        noise = torch.randn(size, self.generator.noise_dim, generator=self.random)
        circle = torch.randperm(size, generator=self.random)
        partners = torch.empty_like(circle).scatter_(0, circle, circle.roll(1))
        found = train.images(rows), train.texts[told], train.texts[wrong], noise, partners
        return Batch(*found).to(self.device)

    def play(
        self,
        train_step: TrainStep,
        mismatched: Callable[[Tensor, Tensor], Tensor],
        losses: Losses,
    ) -> None:
        """All steps that are left."""
        options = self.options
        self.generator.train(), self.discriminator.train()
        switch = {"wrong_pairs": options.wrong_pairs, "interpolate": options.interpolate}
        started = time.perf_counter()
        with tqdm(
            total=options.steps, initial=self.done, desc="playing", unit="step", mininterval=1,
            disable=not options.progress,
        ) as bar:  # fmt: skip
            while self.done < options.steps:
                self._set_rates(self.done)
                values = train_step(
                    self.generator, self.discriminator, self.optimizers, self.batch(mismatched),
                    losses, **switch,
                )  # fmt: skip
                self.done += 1
                self._follow()
                self.sums = {n: self.sums.get(n, 0.0) + value for n, value in values.items()}
                bar.update()
                if self.done % EVERY == 0 or self.done == options.steps:
                    self._record(time.perf_counter() - started)
                    started = time.perf_counter()
                    bar.set_postfix({k[:3]: f"{v:.2f}" for k, v in self.records[-1].items()})
                self._keep()
        self.generator.load_state_dict(self.average.state_dict())
        self.generator.eval(), self.discriminator.eval()

    def _set_rates(self, done: int) -> None:
        steps, share = self.options.steps, self.options.cool_down
        left = min(1.0, (steps - done) / (steps * share)) if share else 1.0
        for optimizer, rate in zip(self.optimizers, self.rates, strict=True):
            optimizer.param_groups[0]["lr"] = rate * left

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running mean of the generator's weights; at first it follows at once."""
        if self.average is self.generator:
            return
        share = min(self.options.average, self.done / (self.done + 10))
        mean, now = self.average.state_dict(), self.generator.state_dict()
        for name, value in mean.items():
            if value.is_floating_point():
                value.lerp_(now[name], 1 - share)
            else:
                value.copy_(now[name])

    def _record(self, seconds: float) -> None:
        """The means of the values since the last record."""
        steps = self.done - (int(self.records[-1]["step"]) if self.records else 0)
        means = {name: total / steps for name, total in self.sums.items()}
        for name, value in means.items():
            if value != value:
                raise CourseError(
                    f"The loss {name!r} became NaN before step {self.done}: lower the learning "
                    "rate, or look for a logarithm or a division of zero in it."
                )
        self.records.append({"step": self.done, "seconds": seconds} | means)
        self.sums = {}

    def _keep(self) -> None:
        """Checkpoint and sheet, where it is time for them."""
        step = self.done
        every, last = self.options.sheet_every, step == self.options.steps
        if every and (step % every == 0 or last):
            from starter_code.text_to_image.pictures import save_sheet

            save_sheet(self.folder / "sheets" / f"step_{step:06d}.png", self._sheet())
            ends = self.train.texts[self.sheet_told[:2]]
            strip = imagine_between(self.average, *ends, self.sheet_noise[:2])
            save_sheet(self.folder / "strips" / f"step_{step:06d}.png", strip)
        if step % self.options.keep_every == 0 or last:
            state = {
                "players": [p.state_dict() for p in (self.generator, self.discriminator)],
                "average": self.average.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "records": self.records,
                "done": self.done,
                "sums": self.sums,
                "fixed": self.options.fixed,
                "random": random_state(self.random),
            }
            save_checkpoint(self.folder / "last.pt", state)
            text = json.dumps(self.records, indent=1)
            write_atomically(
                self.folder / "history.json", lambda p: p.write_text(text, encoding="utf-8")
            )

    def _sheet(self) -> Tensor:
        """Four pictures of each of eight captions: (8, 4, 3, S, S)."""
        rows, columns = len(self.sheet_told), len(self.sheet_noise)
        texts = self.train.texts[self.sheet_told].repeat_interleave(columns, 0)
        drawn = imagine(self.average, texts, self.sheet_noise.repeat(rows, 1))
        return drawn.unflatten(0, (rows, columns))

    def take_up(self) -> None:
        """Take up the training of the folder, if there is one."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return
        state = load_checkpoint(path)
        if state.get("fixed") != self.options.fixed:
            raise CourseError(
                f"{path} is the checkpoint of a training with other options: set them back to go "
                "on, take another folder, or give resume=False."
            )
        for player, weights in zip((self.generator, self.discriminator), state["players"]):
            load_weights(player, weights, path)
        if self.average is not self.generator:
            load_weights(self.average, state["average"], path)
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.records, self.done, self.sums = state["records"], state["done"], state["sums"]
        restore_random_state(state["random"], self.random)


def imagine(generator: nn.Module, texts: Tensor, noise: Tensor, batch_size: int = 256) -> Tensor:
    """What a generator draws of texts (N, E) with noise (N, Z): (N, 3, S, S) on the CPU."""
    device = next(generator.parameters()).device

    def use(rows: Tensor) -> Tensor:
        return generator(noise[rows].to(device), texts[rows].to(device))

    return in_parts(generator, use, torch.arange(len(texts)), batch_size)


def imagine_between(
    generator: nn.Module, one: Tensor, other: Tensor, noise: Tensor, steps: int = 7
) -> Tensor:
    """From one text (E,) to another in equal steps, with noise (R, Z): (R, steps, 3, S, S)."""
    share = torch.linspace(0, 1, steps)[:, None]
    texts = ((1 - share) * one + share * other).repeat(len(noise), 1)  # (R · steps, E)
    drawn = imagine(generator, texts, noise.repeat_interleave(steps, 0))
    return drawn.unflatten(0, (len(noise), steps))


def keep_generator(path: str | Path, generator: nn.Module, sizes: Mapping[str, int]) -> Path:
    """Write a generator in half precision to a file that `given_generator` reads.

    Args:
        sizes: what it was built with: noise_dim, text_dim, size, width, projection.
    """
    weights = {
        name: value.half() if value.is_floating_point() else value
        for name, value in generator.state_dict().items()
    }
    return write_tensors(path, weights, {"what": "generator", "sizes": dict(sizes)})


def given_generator(
    build: Callable[..., nn.Module], tier: Tier, path: str | Path | None = None
) -> nn.Module:
    """A trained generator, which does not learn any more, in evaluation mode.

    Args:
        build: your class; (noise_dim=, text_dim=, size=, width=, projection=) -> network.
        path: a file of your own, by `keep_generator`; by default that of the course.

    Raises:
        CourseError: none comes with the tier, or a file of another network.
    """
    path = Path(path or given_file("generator", tier.name))
    weights, about = read_tensors(path)
    if about.get("what") != "generator":
        raise CourseError(f"{path} holds no generator of this course: take another file.")
    generator = build(**about["sizes"])
    load_weights(
        generator,
        {
            name: value.float() if value.is_floating_point() else value
            for name, value in weights.items()
        },
        path,
    )
    return generator.eval().requires_grad_(False)
