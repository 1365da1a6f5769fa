"""What a picture of a room shows, read by a network, and which directions move one factor alone.

The reader knows the six factors of `shapes3d` and was trained on drawn rooms, apart from every
flow: `python benchmarks/directions.py --give reader`. A *reading* is a place, not a class: hues are
angles, scale and orientation numbers from -1 to 1, the shape a distribution. So the reading of a
colour between two of the palette lies between them, and a step can be measured.

A distance between two readings is in units of what two rooms drawn at random differ by: 1 is as
far as that, 0 no change. Letters: N pictures, D directions, C H W of a picture.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from starter_code import shapes3d
from starter_code.errors import CourseError
from starter_code.flows.directions import moved
from starter_code.tensors import read_tensors, write_tensors
from starter_code.training import cosine, load_weights

__all__ = [
    "FACTORS",
    "Found",
    "Reader",
    "Readings",
    "accuracies",
    "between",
    "find",
    "load_reader",
    "read",
    "rooms",
    "save_reader",
    "train_reader",
]

FACTORS = tuple(name.replace("_", " ") for name in shapes3d.NAMES)
GIVEN = Path(__file__).parent / "given" / "rooms_reader.safetensors"
SIDE = 32  # pictures of other sizes are brought to this one
_HUES, _LINES, _SHAPES = 3, 2, len(shapes3d.SHAPES)  # floor, wall, object; scale, orientation
_COLUMNS = (0, 1, 2, 3, 5, 4)  # where hues, scale, orientation and shape stand among the factors
LEAST = 0.1  # what a direction must move a factor by, to be said to move it
SHARE = 0.25  # and what it may move every other factor by, of that


class Readings(NamedTuple):
    """What N pictures show."""

    angles: Tensor  # of floor, wall and object hue, radians (N, 3)
    lines: Tensor  # scale and orientation, -1 for the first value and 1 for the last (N, 2)
    shapes: Tensor  # probabilities (N, 4)


class Reader(nn.Module):
    """A small convolutional network: pictures (N, 3, H, W) in [0, 1] -> (N, 12) numbers.

    Cosine and sine of three hues, scale, orientation, four scores of the shape.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        for i, o in itertools.pairwise((3, width, 2 * width, 4 * width)):
            parts += [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(), nn.MaxPool2d(2)]
        self.net = nn.Sequential(
            *parts, nn.Flatten(), nn.Linear(4 * width * (SIDE // 8) ** 2, 128), nn.ReLU(),
            nn.Linear(128, 2 * _HUES + _LINES + _SHAPES),
        )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        if pictures.shape[-1] != SIDE:
            pictures = F.interpolate(pictures, (SIDE, SIDE), mode="area")
        return self.net(pictures)


def rooms(
    count: int, generator: torch.Generator, side: int = SIDE
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Drawn rooms: pictures (N, 3, side, side) in [0, 1], factors long (N, 6)."""
    factors = shapes3d.sample_factors(generator, count)
    pictures = torch.from_numpy(shapes3d.render(factors, side)).permute(0, 3, 1, 2)
    return pictures.float() / 255, torch.from_numpy(factors)


@torch.no_grad()
def read(reader: nn.Module, pictures: Tensor) -> Readings:
    """Read pictures, many at a time: (N, 3, H, W) -> readings of N, on their device."""
    reader.to(pictures.device).eval()
    parts = torch.cat([reader(part.clamp(0, 1)) for part in pictures.split(512)])
    return _readings(parts)


def _readings(numbers: Tensor) -> Readings:
    hues, lines, shapes = numbers.split([2 * _HUES, _LINES, _SHAPES], dim=1)
    cosine_, sine = hues.chunk(2, dim=1)
    return Readings(torch.atan2(sine, cosine_), lines.clamp(-1, 1), shapes.softmax(1))


def between(first: Readings, second: Readings) -> Tensor:
    """How far readings are apart, (N, 6) in the order of FACTORS; 1 is what two rooms differ by.

    Hues are compared round the circle, shapes by half the sum of differences of probabilities.
    """
    turn = (first.angles - second.angles).abs()
    turn = torch.minimum(turn, 2 * math.pi - turn) / math.pi / 0.5
    line = (first.lines - second.lines).abs() / 2
    counts = line.new_tensor([shapes3d.COUNTS[3], shapes3d.COUNTS[5]])
    line = line / ((counts + 1) / (3 * counts))  # the mean difference of two of n even steps
    shape = (first.shapes - second.shapes).abs().sum(1, keepdim=True) / 2 / (1 - 1 / _SHAPES)
    found = torch.cat([turn, line, shape], dim=1)
    return found[:, torch.tensor(_COLUMNS, device=found.device).argsort()]


def nearest(readings: Readings) -> Tensor:
    """The value of each factor that a reading is nearest to: long (N, 6)."""
    hues = torch.tensor(shapes3d.COUNTS[:3], device=readings.angles.device)
    angles = (readings.angles / (2 * math.pi) * hues).round().long() % hues
    steps = torch.tensor([shapes3d.COUNTS[3], shapes3d.COUNTS[5]], device=angles.device) - 1
    lines = ((readings.lines + 1) / 2 * steps).round().long()
    found = torch.cat([angles, lines, readings.shapes.argmax(1, keepdim=True)], dim=1)
    return found[:, torch.tensor(_COLUMNS, device=found.device).argsort()]


def accuracies(reader: nn.Module, pictures: Tensor, factors: Tensor) -> dict[str, float]:
    """How often the nearest value is the true one, for each factor."""
    right = (nearest(read(reader, pictures)) == factors.to(pictures.device)).float().mean(0)
    return dict(zip(FACTORS, right.tolist(), strict=True))


# --- training ----------------------------------------------------------------------------------


def train_reader(
    steps: int = 3000, seed: int = 0, batch_size: int = 64, progress: bool = True
) -> Reader:
    """Teach a reader drawn rooms, new ones at every step.

    They are blurred and made noisy at random: what it reads later is drawn by a flow.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = Reader()
    adam = torch.optim.Adam(reader.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: cosine(step, steps))
    for _ in tqdm(range(steps), "reader", disable=not progress):
        pictures, factors = rooms(batch_size, generator)
        loss = reader_loss(reader(_worn(pictures, generator)), factors)
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
    return reader.eval()


def reader_loss(numbers: Tensor, factors: Tensor) -> Tensor:
    """Squared errors of hues, scale and orientation, and the cross-entropy of the shape."""
    hues, lines, shapes = numbers.split([2 * _HUES, _LINES, _SHAPES], dim=1)
    counts = torch.tensor(shapes3d.COUNTS, device=numbers.device)
    angles = 2 * math.pi * factors[:, :3] / counts[:3]
    places = 2 * factors / (counts - 1) - 1
    error = F.mse_loss(hues, torch.cat([angles.cos(), angles.sin()], dim=1))
    error = error + F.mse_loss(lines, places[:, [3, 5]])
    return 4 * error + 0.25 * F.cross_entropy(shapes, factors[:, 4])


def _worn(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the pictures blurred, all with noise of a strength of their own."""
    soft = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, 1)
    share = torch.rand(len(pictures), 1, 1, 1, generator=generator) * 2 - 1
    mixed = pictures + share.clamp(min=0) * (soft - pictures)
    strength = 0.06 * torch.rand(len(pictures), 1, 1, 1, generator=generator)
    return (mixed + strength * torch.randn(pictures.shape, generator=generator)).clamp(0, 1)


def save_reader(path: str | Path, reader: Reader, about: dict[str, object]) -> Path:
    """Keep a reader in half precision."""
    tensors = {name: value.half() for name, value in reader.state_dict().items()}
    return write_tensors(path, tensors, about)


def load_reader(path: str | Path | None = None) -> Reader:
    """The reader of a file; without a path the one that comes with the course.

    Raises:
        CourseError: no such file, or one that holds something else.
    """
    tensors, _ = read_tensors(path or GIVEN)
    reader = Reader()
    own = reader.state_dict()
    whole = {n: v.to(own[n].dtype) if n in own else v for n, v in tensors.items()}
    load_weights(reader, whole, path or GIVEN)
    return reader.eval().requires_grad_(False)


# --- what directions find ----------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """What each of D directions moves, and which of them move one factor alone."""

    moves: Tensor  # (D, 6), means over pictures, in units of two rooms drawn at random
    size: float

    def factor_of(self, direction: int) -> int | None:
        """The factor that a direction finds: moved by LEAST, every other by SHARE of it."""
        row = self.moves[direction]
        most = int(row.argmax())
        others = torch.cat([row[:most], row[most + 1 :]])
        alone = row[most] >= LEAST and bool((others <= SHARE * row[most]).all())
        return most if alone else None

    @property
    def best(self) -> dict[str, int]:
        """Every factor that is found, and the direction that moves it most purely."""
        found: dict[int, int] = {}
        for direction in range(len(self.moves)):
            factor = self.factor_of(direction)
            if factor is None:
                continue
            if factor not in found or self.purity(direction) > self.purity(found[factor]):
                found[factor] = direction
        return {FACTORS[factor]: found[factor] for factor in sorted(found)}

    def purity(self, direction: int) -> float:
        """What the direction moves most, over what it moves second most."""
        first, second = self.moves[direction].topk(2).values.tolist()
        return first / max(second, 1e-9)

    def named(self, direction: int) -> str:
        """The name of the factor that a direction finds, or of those that it mixes."""
        factor = self.factor_of(direction)
        if factor is not None:
            return FACTORS[factor]
        row = self.moves[direction]
        mixed = [i for i in row.argsort(descending=True).tolist() if row[i] > SHARE * row.max()]
        return " + ".join(FACTORS[i] for i in mixed[:3]) if row.max() >= LEAST else "nothing"


@torch.no_grad()
def find(
    reader: nn.Module, flow: nn.Module, directions: Tensor, z: Tensor, size: float,
    progress: bool = False,
) -> Found:  # fmt: skip
    """Read pictures before and after a step along every direction, forward and back.

    Args:
        directions: (D, a), of length 1. z: latent vectors to start from (B, a). size: of the step.

    Raises:
        CourseError: directions of another latent space.
    """
    if directions.shape[1] != flow.latent:
        raise CourseError(
            f"The directions have {directions.shape[1]} entries and the flow's latent vectors "
            f"{flow.latent}: they belong to another flow."
        )
    before = read(reader, flow.decode(z).clamp(0, 1))
    rows: list[Tensor] = []
    for direction in tqdm(directions, "directions", disable=not progress, leave=False):
        steps = [moved(flow, z, direction[None], sign * size)[0] for sign in (1, -1)]
        # where a flow overflows there is no picture to be read
        apart = [between(before, read(reader, pictures)).nanmean(0) for pictures in steps]
        rows.append(torch.stack(apart).mean(0).cpu())
    return Found(torch.stack(rows), size)


def table(found: Found, only: Sequence[int] | None = None) -> str:
    """The moves as lines of text: a row for each direction, what it finds at the end."""
    head = f"{'direction':>9}" + "".join(f"{name:>13}" for name in FACTORS)
    lines = [head]
    for direction in range(len(found.moves)) if only is None else only:
        cells = "".join(f"{value:13.2f}" for value in found.moves[direction].tolist())
        factor = found.factor_of(direction)
        lines.append(f"{direction:9}{cells}  {'' if factor is None else FACTORS[factor]}".rstrip())
    return "\n".join(lines)
