"""What each method makes of a picture, and how such codes are scored.

A *code* of a direction method is the projection of a picture's latent vector on each direction,
that of DisCo and Dis-GU what the encoder says, that of a VAE the posterior mean. All are functions
pictures (B, C, H, W) -> codes (B, L), and `codes_of` asks them for many pictures.

To ask a flow for a million pictures takes hours on a CPU. So scores are computed on a *grid*: some
values of each factor, evenly spread, in all combinations. It is drawn and encoded once, and every
score finds its pictures in it.

Letters: N rooms of the grid, F factors, L entries of a code, a latent size, D directions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code import shapes3d
from starter_code.errors import CourseError
from starter_code.metrics import latents as metrics

__all__ = ["SCORES", "Grid", "codes_of", "encoded", "latents_of", "projections", "scores"]

Encode = Callable[[Tensor], Tensor]
SCORES = ("MIG", "DCI", "FactorVAE score", "β-VAE score", "completeness", "informativeness")


@dataclass(frozen=True)
class Grid:
    """All combinations of some values of each factor."""

    values: tuple[tuple[int, ...], ...]  # which values of each of the six factors
    side: int  # of the pictures

    @classmethod
    def of(cls, counts: Sequence[int], side: int) -> "Grid":
        """Evenly spread values; of hues, which are a circle, the last is not the first again.

        Args:
            counts: how many values of each factor.

        Raises:
            CourseError: more values than a factor has, or fewer than two.
        """
        values = []
        for name, wanted, there in zip(shapes3d.NAMES, counts, shapes3d.COUNTS, strict=True):
            if not 2 <= wanted <= there:
                raise CourseError(
                    f"{name} has {there} values; {wanted} cannot be taken: ask for 2 to {there}."
                )
            circle = name.endswith("hue")
            places = np.linspace(0, there if circle else there - 1, wanted, endpoint=not circle)
            values.append(tuple(int(place) for place in places.round()))
        return cls(tuple(values), side)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many values each factor has here."""
        return tuple(map(len, self.values))

    @property
    def factors(self) -> Tensor:
        """The factors of the N rooms, numbered from 0 within the grid: long (N, F)."""
        return torch.cartesian_prod(*map(torch.arange, self.counts))

    def rows(self, factors: Any) -> Tensor:
        """Where rooms with these factors (B, F) stand: long (B,)."""
        return torch.as_tensor(np.ravel_multi_index(np.asarray(factors).T, self.counts))

    def pictures(self) -> Tensor:
        """All rooms, drawn: uint8 (N, 3, S, S)."""
        factors = self.factors.numpy()
        chosen = [np.array(values)[factors[:, i]] for i, values in enumerate(self.values)]
        drawn = shapes3d.render(np.stack(chosen, axis=1), self.side)
        return torch.from_numpy(drawn).permute(0, 3, 1, 2)


@torch.no_grad()
def codes_of(
    encode: Encode, pictures: Tensor, device: torch.device | str = "cpu", progress: bool = False
) -> Tensor:
    """Codes (N, L) of pictures (N, C, H, W), uint8 or floats in [0, 1], on the CPU."""
    parts = pictures.split(250)
    found = []
    for part in tqdm(parts, "encoding", unit="batch", disable=not progress):
        floats = part.float() / 255 if part.dtype == torch.uint8 else part
        found.append(encode(floats.to(device)).cpu())
    return torch.cat(found)


def latents_of(flow: nn.Module) -> Encode:
    """The latent vectors of a flow: (B, C, H, W) -> (B, a); each picture lies within its level.

    Pictures are brought to the middle of their level, where the flow has learnt noise.
    """
    levels = flow.sizes.levels

    def encode(pictures: Tensor) -> Tensor:
        whole = (pictures * 255).round() * (levels / 256)
        return flow.encode((whole.floor() + 0.5) / levels)

    return encode


def projections(latents: Tensor, directions: Tensor) -> Tensor:
    """Latent vectors (N, a) on directions (D, a): codes (N, D).

    Raises:
        CourseError: they belong to different flows.
    """
    if latents.shape[1] != directions.shape[1]:
        raise CourseError(
            f"Latent vectors of {latents.shape[1]} numbers and directions of "
            f"{directions.shape[1]}: they belong to different flows."
        )
    return latents @ directions.to(latents.device, latents.dtype).T


def encoded(encoder: nn.Module) -> Encode:
    """What an encoder says: (B, C, H, W) -> (B, V)."""
    return encoder.eval()


def scores(
    codes: Tensor, grid: Grid, mig: Callable[[Tensor, Tensor], float], seed: int = 0,
    rows: int = 3000, votes: int = 800,
) -> dict[str, float]:  # fmt: skip
    """The scores of Table 1, and the two other parts of DCI, of codes (N, L) of a grid's rooms.

    Args:
        mig: (codes, factors) -> float.
        rows: rooms that DCI learns from and as many thirds it is tested on. votes: of the two
            scores by votes, for training.

    Raises:
        CourseError: codes that are not those of the grid.
    """
    factors = grid.factors
    if len(codes) != len(factors):
        raise CourseError(
            f"{len(codes)} codes were given and the grid has {len(factors)} rooms: encode "
            "`grid.pictures()`, in their order."
        )
    luck = np.random.default_rng(seed)
    order = torch.from_numpy(luck.permutation(len(codes)))
    train, test = order[:rows], order[rows : rows + rows // 3]
    if len(test) < rows // 3:
        train, test = order.tensor_split([3 * len(order) // 4])
    # numbers of float32, as every method gives them, on a scale of their own
    spread = (codes - codes.mean(0)) / codes.std(0).clamp(min=1e-8)
    spread = torch.where(codes.std(0) > 1e-6, spread, torch.zeros_like(spread))
    found = metrics.dci(spread[train], factors[train], spread[test], factors[test])

    def told(wanted: Any) -> Tensor:
        return spread[grid.rows(wanted)]

    return {
        "MIG": float(mig(spread, factors)),
        "DCI": found.disentanglement,
        "FactorVAE score": metrics.factor_vae_score(told, grid.counts, luck, train=votes),
        "β-VAE score": metrics.beta_vae_score(told, grid.counts, luck, train=votes),
        "completeness": found.completeness,
        "informativeness": found.informativeness,
    }
