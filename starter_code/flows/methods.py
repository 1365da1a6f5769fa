"""The methods of Dis-GU's Table 1, each built and trained in the way its authors describe.

    β-VAE, FactorVAE, DIP-VAE     `starter_code.picture_vaes`; they see pictures and have no flow
    CF, GS, DS                    `baselines`: directions that are computed
    LD                            the learner alone, loss (5)
    DisCo                         the contrast module alone, loss (8), with its entropy term
    Dis-GU                        both together
    random                        64 orthonormal directions drawn by chance; not in the source

All that use a flow are given the same one, and all that learn see as many pairs of pictures. The
VAEs get as many steps as take about the same time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn

from starter_code import picture_vaes
from starter_code.errors import CourseError
from starter_code.flows import baselines, codes
from starter_code.flows.directions import (
    Encoder,
    Learner,
    Reconstructor,
    Search,
    directions_of,
    learn,
)
from starter_code.training import pick_device

__all__ = ["LEARNT", "METHODS", "SIZES", "Lab", "Method", "Sizes", "learn_method"]

VAES = {title: kind for kind, title in picture_vaes.KINDS.items()}
COMPUTED = {
    "CF": baselines.closed_form_directions,
    "GS": baselines.ganspace_directions,
    "DS": baselines.deep_spectral_directions,
}
LEARNT = ("LD", "DisCo", "Dis-GU")
METHODS = (*VAES, *COMPUTED, *LEARNT, "random")
RANDOM = 64


@dataclass(frozen=True)
class Sizes:
    """How many directions, and how long each method trains, at one tier."""

    directions: int  # D
    entries: int  # V of the encoder
    width: int  # channels of reconstructor and encoder
    search: Search
    vae: picture_vaes.Options
    starts: int  # rooms whose latent vectors searches start from
    samples: int  # of these, for CF and DS
    rooms: int  # that scores are computed on
    rows: int  # of them that DCI learns from
    groups: int  # that the FactorVAE and the β-VAE score learn from
    step: float  # size of the step with which directions are looked at
    looked: int  # from how many rooms


SIZES = {
    "tiny": Sizes(
        4, 4, 4,
        Search(
            steps=4, positives=2, negatives=3, least=1, most=8, learning_rate=1e-3,
            navigator_rate=1e-2, report=2,
        ),
        picture_vaes.Options(steps=4, width=4, batch_size=16, report=2),
        16, 2, 200, 120, 20, 6.0, 4,
    ),
    "small": Sizes(
        16, 10, 16,
        Search(
            steps=400, positives=7, negatives=24, least=1, most=8, learning_rate=3e-3,
            navigator_rate=5e-2, report=100, similarity=0.2, contrast=0.05,
        ),
        picture_vaes.Options(steps=800, width=16, report=200),
        1024, 16, 5000, 2000, 1000, 6.0, 32,
    ),
    "full": Sizes(
        64, 32, 32, Search(most=8, similarity=0.2, contrast=0.02),
        picture_vaes.Options(steps=50_000, report=5000),
        20_000, 256, 20_000, 10_000, 10_000, 6.0, 128,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Lab:
    """What is the student's, and what it works with.

    Attributes:
        navigator: (latent, directions, generator) -> a module (which, size) -> steps (B, a).
        direction_loss, contrastive_loss: (5), and (6) to (8).
        flow: a trained Glow.
        pictures: rooms, uint8 (N, C, H, W): VAEs learn from all, searches start from the first.
        sizes: see `Sizes`.
        device: where the flow lies that searches start from.
    """

    navigator: Callable[..., nn.Module]
    direction_loss: Callable[..., Tensor]
    contrastive_loss: Callable[..., Tensor]
    flow: nn.Module
    pictures: Tensor
    sizes: Sizes
    device: str = "auto"

    @cached_property
    def starts(self) -> Tensor:
        """Latent vectors that all searches with the flow start from."""
        flow = self.flow.to(pick_device(self.device)).eval().requires_grad_(False)
        return codes.starts_of(flow, self.pictures[: self.sizes.starts])


@dataclass(frozen=True)
class Method:
    """A method that is ready: its directions if it has any, and how it tells a picture.

    Attributes:
        directions: (D, a), orthonormal rows.
        encode: pictures (B, C, H, W) -> codes (B, L), on the CPU; None if a code is the projection
            of the flow's latent vector on the directions.
    """

    name: str
    directions: Tensor | None = None
    encode: codes.Encode | None = None
    learner: Learner | None = field(default=None, repr=False)

    def codes(self, pictures: Tensor, latents: Tensor | None = None) -> Tensor:
        """Codes (N, L) of pictures, or of their latent vectors where these are what counts."""
        if self.encode is not None:
            return codes.codes_of(self.encode, pictures)
        if latents is None or self.directions is None:
            raise CourseError(f"{self.name} reads latent vectors: give those of the pictures.")
        return codes.projections(latents, self.directions)


def learn_method(
    name: str, lab: Lab, *, folder: str | Path, seed: int = 0, directions: int | None = None,
    **changes: object,
) -> Method:  # fmt: skip
    """Build a method and train it.

    Args:
        name: one of METHODS. folder: for its checkpoints.
        directions: D, if it is not to be that of the tier.
        changes: of `Search`, or of `picture_vaes.Options`.

    Raises:
        CourseError: there is no such method.
    """
    if name in VAES:
        options = replace(lab.sizes.vae, seed=seed, folder=str(folder), **changes)
        vae = picture_vaes.train_vae(VAES[name], lab.pictures, options).cpu()
        return Method(name, encode=lambda pictures: vae.posterior(pictures)[0])
    count = directions or lab.sizes.directions
    generator = torch.Generator().manual_seed(seed)
    if name == "random":
        return Method(name, baselines.random_directions(lab.flow, RANDOM, generator))
    if name in COMPUTED:
        many = lab.sizes.starts if name == "GS" else lab.sizes.samples
        found = COMPUTED[name](lab.flow, count, generator, lab.starts[:many])
        return Method(name, found.cpu())
    if name not in LEARNT:
        raise CourseError(f"There is no method {name!r}: take one of {', '.join(METHODS)}.")
    return _search(name, lab, count, generator, replace(
        lab.sizes.search, seed=seed, folder=str(folder), **changes
    ))  # fmt: skip


def _search(name: str, lab: Lab, count: int, generator: torch.Generator, search: Search) -> Method:
    """LD, DisCo or Dis-GU."""
    sizes, flow = lab.sizes, lab.flow
    channels, side = flow.sizes.channels, flow.sizes.size
    if name == "LD":  # its pairs need no others of their direction
        search = replace(search, positives=0, negatives=search.pairs - 1)
    if name == "DisCo":
        search = replace(search, domination=search.domination or 0.1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(search.seed)
        sees, tells = name != "DisCo", name != "LD"
        learner = Learner(
            lab.navigator(flow.latent, count, generator),
            Reconstructor(channels, count, side, sizes.width) if sees else None,
            Encoder(channels, sizes.entries, side, sizes.width) if tells else None,
        )
    learn(
        flow, learner, search, count,
        direction_loss=lab.direction_loss if sees else None,
        contrastive_loss=lab.contrastive_loss if tells else None,
        starts=lab.starts,
    )  # fmt: skip
    found = directions_of(learner.navigator, count).cpu()
    encode = None if learner.encoder is None else learner.encoder.eval().cpu()
    return Method(name, found, encode, learner)
