"""The search for directions: the networks that are given, what is drawn, and the loop (Dis-GU).

Two pictures are made from one latent vector, the second after a step along a direction. The
*learner* (section 2.5) improves directions so that a reconstructor recognises them, loss (5); the
*contrast module* (section 2.6) so that changes along one direction resemble each other and no
others, losses (6) to (8). `learn` trains either alone or both together, with a flow that stands
still; navigator and losses are those of the lab and passed in.

Letters: B batch, C channels, H W, a latent size, D directions, V entries of an encoded picture,
Q queries, N positive and K negative keys.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from starter_code.captioning.history import History
from starter_code.epochs import Means, run_epochs
from starter_code.errors import CourseError
from starter_code.training import pick_device

__all__ = [
    "Encoder",
    "Learner",
    "Pairs",
    "Reconstructor",
    "Search",
    "directions_of",
    "domination_loss",
    "draw_sizes",
    "draw_which",
    "learn",
    "moved",
    "variation",
]

Loss = Callable[..., Tensor]


def draw_sizes(count: int, least: float, most: float, generator: torch.Generator) -> Tensor:
    """How far each pair is apart: (count,), as often forward as back, never less than `least`.

    Raises:
        CourseError: `least` is not above 0, or `most` is below it.
    """
    if not 0 < least <= most:
        raise CourseError(
            f"Distances from {least:g} to {most:g} cannot be drawn: the least must be above 0, for "
            "a step of nothing cannot be recognised, and not above the most."
        )
    size = least + (most - least) * torch.rand(count, generator=generator)
    sign = 2.0 * torch.randint(2, (count,), generator=generator) - 1
    return sign * size


def draw_which(
    directions: int, positives: int, negatives: int, generator: torch.Generator
) -> Tensor:
    """The direction of every pair: one for the first N + 1, others for the K behind them.

    Args:
        positives: N keys beside the query. negatives: K keys, drawn from the other directions.

    Returns:
        long (N + 1 + K,).
    """
    query = torch.randint(directions, (1,), generator=generator)
    away = 1 + torch.randint(directions - 1, (negatives,), generator=generator)
    return torch.cat([query.expand(positives + 1), (query + away) % directions])


def variation(first: Tensor, second: Tensor) -> Tensor:
    """v = |E(x₁) - E(x₀)|, brought to length 1; its gradient is finite where the two are equal.

    Args:
        first, second: codes of the two pictures of each pair, (B, V).
    """
    change = (second - first).abs()
    return change / (change.square().sum(1, keepdim=True) + 1e-12).sqrt()


def domination_loss(variations: Tensor) -> Tensor:
    """Mean entropy over the entries of (B, V): low if each change is told in few (Ren et al.)."""
    shares = variations.softmax(1)
    return -(shares * variations.log_softmax(1)).sum(1).mean()


def _trunk(channels: int, width: int, side: int) -> nn.Sequential:
    """Halve the picture down to 4 × 4 and flatten it."""
    halvings = max(1, round(math.log2(side / 4)))
    parts: list[nn.Module] = []
    for step in range(halvings):
        before = channels if step == 0 else width * min(2 ** (step - 1), 4)
        parts += [nn.Conv2d(before, width * min(2**step, 4), 4, 2, 1), nn.LeakyReLU(0.2)]
    last = width * min(2 ** (halvings - 1), 4)
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(16 * last, 4 * width),
        nn.LeakyReLU(0.2),
    )  # fmt: skip


class Reconstructor(nn.Module):
    """R of section 2.5: sees both pictures, and says which direction was taken, and how far."""

    def __init__(self, channels: int, directions: int, side: int = 32, width: int = 32) -> None:
        super().__init__()
        self.trunk = _trunk(2 * channels, width, side)
        self.which = nn.Linear(4 * width, directions)
        self.size = nn.Linear(4 * width, 1)

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) twice -> scores of the directions (B, D), distances (B,)."""
        seen = self.trunk(torch.cat([first, second - first], dim=1))
        return self.which(seen), self.size(seen)[:, 0]


class Encoder(nn.Module):
    """E of section 2.6: a light network, pictures (B, C, H, W) -> codes (B, V)."""

    def __init__(self, channels: int, entries: int, side: int = 32, width: int = 32) -> None:
        super().__init__()
        self.net = nn.Sequential(_trunk(channels, width, side), nn.Linear(4 * width, entries))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.net(pictures)


@dataclass(frozen=True)
class Search:
    """How directions are searched; the defaults are the source's where it gives them (3.1.1).

    It does not give the distances, the temperatures and the weight of the contrast.
    """

    steps: int = 70_000
    positives: int = 31  # N: keys beside the query, whose direction they share
    negatives: int = 64  # K
    least: float = 0.5  # distances are drawn between least and most
    most: float = 6.0
    eta: float = 0.25  # η of (5)
    similarity: float = 1.0  # τ of (7)
    threshold: float = 0.95  # T
    contrast: float = 1.0  # weight of (8) beside (5)
    domination: float = 0.0  # weight of DisCo's entropy, which the source does not name
    temperature: float = 0.7  # latent vectors are temperature · N(0, I), unless starts are given
    learning_rate: float = 1e-4
    navigator_rate: float = 1e-4  # the learning rate of the navigator
    clip: float = 10.0  # longest gradient
    report: int = 10_000  # steps between two validations, each of which is a point to go on from
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/flows/directions"
    resume: bool = False
    progress: bool = True

    @property
    def pairs(self) -> int:
        """Pairs of pictures that one step sees."""
        return self.positives + 1 + self.negatives

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        free = {"steps", "device", "folder", "resume", "progress"}
        return json.dumps({k: v for k, v in asdict(self).items() if k not in free})


class Pairs(NamedTuple):
    """B pairs of pictures and how each came about."""

    first: Tensor  # (B, C, H, W)
    second: Tensor
    which: Tensor  # long (B,)
    size: Tensor  # (B,)


class Learner(nn.Module):
    """What is trained: a navigator, and with it a reconstructor, an encoder, or both."""

    def __init__(
        self, navigator: nn.Module, reconstructor: nn.Module | None, encoder: nn.Module | None
    ) -> None:
        super().__init__()
        self.navigator, self.reconstructor, self.encoder = navigator, reconstructor, encoder
        self.history: History | None = None


@torch.no_grad()
def directions_of(navigator: nn.Module, count: int) -> Tensor:
    """The navigator's columns as rows: (D, a)."""
    device = next(navigator.parameters()).device
    return navigator(torch.arange(count, device=device), torch.ones(count, device=device))


@torch.no_grad()
def moved(flow: nn.Module, z: Tensor, directions: Tensor, size: float) -> Tensor:
    """The pictures of every latent vector after a step along every direction.

    Args:
        flow: has `decode`. z: (B, a). directions: (D, a). size: of the step, with its sign.

    Returns:
        (D, B, C, H, W).
    """
    return torch.stack([flow.decode(z + size * d).clamp(0, 1) for d in directions])


def learn(
    flow: nn.Module,
    learner: Learner,
    search: Search,
    directions: int,
    *,
    direction_loss: Loss | None = None,
    contrastive_loss: Loss | None = None,
    starts: Tensor | None = None,
) -> Learner:
    """Train a learner with a flow that stands still; afterwards it holds its best weights.

    Args:
        flow: a trained Glow, with `latent` and `decode`.
        directions: D.
        direction_loss: (5), wanted where there is a reconstructor.
        contrastive_loss: (8), wanted where there is an encoder.
        starts: latent vectors (N, a) that pairs begin with, such as those of pictures; without
            them they are drawn.

    Raises:
        CourseError: nothing to learn from, fewer than two directions, or a flow of another size.
    """
    if direction_loss is None and contrastive_loss is None:
        raise CourseError("There is nothing to learn from: give direction_loss, or the other.")
    if directions < 2:
        raise CourseError("One direction cannot be told from others: search for two or more.")
    device = pick_device(search.device)
    flow.to(device).eval().requires_grad_(False)
    learner.to(device)
    _require_fit(flow, learner, device)
    generator = torch.Generator().manual_seed(search.seed)
    adam = _optimiser(learner, search)
    losses = {"direction": direction_loss, "contrast": contrastive_loss}
    given = None if starts is None else _Starts(flow, starts.to(device))

    def step(_: Tensor) -> Mapping[str, float]:
        pairs = draw_pairs(flow, learner.navigator, search, directions, generator, given)
        values = _losses(learner, pairs, search, losses)
        adam.zero_grad()
        values["loss"].backward()
        # where a coupling divides by nearly nothing gradients can overflow: no step is taken then
        if nn.utils.clip_grad_norm_(learner.parameters(), search.clip).isfinite():
            adam.step()
        return {name: value.item() for name, value in values.items()}

    def validate() -> dict[str, float]:
        luck = torch.Generator().manual_seed(search.seed + 1)
        means = Means()
        for _ in range(4):
            pairs = draw_pairs(flow, learner.navigator, search, directions, luck, given)
            means.add(_losses(learner, pairs, search, losses), search.pairs)
        return means.named("val_")

    learner.history = run_epochs(
        learner,
        [adam],
        epochs=max(1, search.steps // search.report),
        batches=lambda: [torch.arange(search.pairs)] * min(search.report, search.steps),
        step=step,
        validate=validate,
        generator=generator,
        folder=search.folder,
        fixed=search.fixed,
        resume=search.resume,
        progress=search.progress,
    )
    return learner


class _Starts:
    """Latent vectors that are given, and their pictures, computed once."""

    @torch.no_grad()
    def __init__(self, flow: nn.Module, z: Tensor) -> None:
        pictures = torch.cat([flow.decode(part).clamp(0, 1) for part in z.split(256)])
        whole = pictures.flatten(1).isfinite().all(1)
        if not whole.any():
            raise CourseError("The flow makes no picture of any start: take one trained longer.")
        self.z, self.pictures = z[whole], pictures[whole]

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Vectors (count, a) and their pictures."""
        rows = torch.randint(len(self.z), (count,), generator=generator).to(self.z.device)
        return self.z[rows], self.pictures[rows]


def draw_pairs(
    flow: nn.Module, navigator: nn.Module, search: Search, directions: int,
    generator: torch.Generator, starts: _Starts | None = None,
) -> Pairs:  # fmt: skip
    """Pairs of pictures, each from a latent vector of its own; all is drawn on the CPU.

    Far from the data a flow can overflow; pictures that are no numbers are drawn again.

    Raises:
        CourseError: that does not help.
    """
    device = next(navigator.parameters()).device
    which = draw_which(directions, search.positives, search.negatives, generator).to(device)
    size = draw_sizes(search.pairs, search.least, search.most, generator).to(device)
    shift = navigator(which, size)
    z, first = _begin(flow, search, search.pairs, generator, starts)
    for _ in range(10):
        second = flow.decode(z + shift).clamp(0, 1)
        lost = ~(first + second).flatten(1).isfinite().all(1)
        if not lost.any():
            return Pairs(first, second, which, size)
        others = _begin(flow, search, int(lost.sum()), generator, starts)
        z, first = z.clone(), first.clone()
        z[lost], first[lost] = others
    raise CourseError(
        f"The flow's pictures are no numbers, at the temperature {search.temperature:g} and steps "
        f"of up to {search.most:g}: lower these, or take a flow that was trained longer."
    )


@torch.no_grad()
def _begin(
    flow: nn.Module, search: Search, count: int, generator: torch.Generator, starts: _Starts | None
) -> tuple[Tensor, Tensor]:
    """Latent vectors (count, a) to start from, and their pictures."""
    if starts is not None:
        return starts.draw(count, generator)
    z = flow.draw(count, search.temperature, generator)
    return z, flow.decode(z).clamp(0, 1)


def _optimiser(learner: Learner, search: Search) -> torch.optim.Adam:
    """Adam, with a learning rate for the navigator and one for the networks."""
    own = list(learner.navigator.parameters())
    theirs = {id(parameter) for parameter in own}
    others = [p for p in learner.parameters() if id(p) not in theirs]
    groups = [{"params": own, "lr": search.navigator_rate}, {"params": others}]
    return torch.optim.Adam(groups, lr=search.learning_rate)


def _losses(
    learner: Learner, pairs: Pairs, search: Search, losses: Mapping[str, Loss | None]
) -> dict[str, Tensor]:
    """The value of each loss, and their weighted sum as "loss"."""
    values: dict[str, Tensor] = {}
    total = pairs.size.new_zeros(())
    if (loss := losses["direction"]) is not None:
        scores, guess = learner.reconstructor(pairs.first, pairs.second)
        # distances in units of the longest, so that η weighs the same whatever they are
        size = pairs.size / search.most
        values["direction"] = loss(scores, pairs.which, guess, size, search.eta)
        values["right"] = (scores.argmax(1) == pairs.which).float().mean().detach()
        total = total + values["direction"]
    if (loss := losses["contrast"]) is not None:
        v = variation(learner.encoder(pairs.first), learner.encoder(pairs.second))
        query, positives, negatives = _keys(v, search.positives)
        values["contrast"] = loss(query, positives, negatives, search.similarity, search.threshold)
        total = total + search.contrast * values["contrast"]
        if search.domination:
            values["domination"] = domination_loss(v)
            total = total + search.domination * values["domination"]
    return values | {"loss": total}


def _keys(v: Tensor, positives: int) -> tuple[Tensor, Tensor, Tensor]:
    """Each of the first N + 1 variations is a query; its keys are the N others, and the rest.

    Returns:
        queries (N + 1, V), positives (N + 1, N, V), negatives (N + 1, K, V).
    """
    query, others = v[: positives + 1], v[positives + 1 :]
    itself = torch.eye(len(query), dtype=torch.bool, device=v.device)
    keys = query.expand(len(query), -1, -1)[~itself].unflatten(0, (len(query), positives))
    return query, keys, others.expand(len(query), -1, -1)


def _require_fit(flow: nn.Module, learner: Learner, device: torch.device) -> None:
    """A step of the navigator must have as many entries as the flow's latent vectors."""
    one = torch.zeros(1, dtype=torch.long, device=device)
    with torch.no_grad():
        entries = learner.navigator(one, torch.ones(1, device=device)).shape[1]
    if entries != flow.latent:
        raise CourseError(
            f"The navigator steps through {entries} numbers and the flow's latent vectors have "
            f"{flow.latent}: build it as Navigator({flow.latent}, …)."
        )
