"""What each method makes of a picture, and how such codes are scored.

A *code* of a direction method is the projection of a picture's latent vector on each direction,
that of DisCo and Dis-GU what the encoder says, that of a VAE the posterior mean. All are functions
pictures (B, C, H, W) -> codes (B, L), and `codes_of` asks them for many pictures.

A flow takes long for a picture on a CPU. So rooms are drawn once, the flow's latent vectors are
computed once for all methods, and every score is computed on these rooms (`latents.Known`).

Letters: N pictures, F factors, L entries of a code, a latent size, D directions.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code import shapes3d
from starter_code.errors import CourseError
from starter_code.metrics import latents as metrics
from starter_code.training import write_atomically

__all__ = [
    "SCORES",
    "board_rooms",
    "codes_of",
    "latents_of",
    "projections",
    "scores",
    "starts_of",
    "write_codes",
]

Encode = Callable[[Tensor], Tensor]
SCORES = ("MIG", "DCI", "FactorVAE score", "β-VAE score", "completeness", "informativeness")


@torch.no_grad()
def codes_of(
    encode: Encode, pictures: Tensor, device: torch.device | str = "cpu", progress: bool = False
) -> Tensor:
    """Codes (N, L) of pictures (N, C, H, W), uint8 or floats in [0, 1], on the CPU."""
    found = []
    for part in tqdm(pictures.split(250), "encoding", unit="batch", disable=not progress):
        floats = part.float() / 255 if part.dtype == torch.uint8 else part
        found.append(encode(floats.to(device)).cpu())
    return torch.cat(found)


def latents_of(flow: nn.Module) -> Encode:
    """The latent vectors of a flow: (B, C, H, W) -> (B, a).

    Pictures are brought to the middle of their level, where the flow has learnt noise.
    """
    levels = flow.sizes.levels

    def encode(pictures: Tensor) -> Tensor:
        whole = (pictures * 255).round() * (levels / 256)
        return flow.encode((whole.floor() + 0.5) / levels)

    return encode


@torch.no_grad()
def starts_of(flow: nn.Module, pictures: Tensor, share: float = 0.8) -> Tensor:
    """Where searches start: the latent vectors of pictures, drawn in towards 0, (N, a).

    At a share of 1 a step of usual length can leave the region where the flow makes pictures.
    """
    device = next(flow.parameters()).device
    return share * codes_of(latents_of(flow), pictures, device).to(device)


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


def scores(
    codes: Tensor, factors: Tensor, mig: Callable[[Tensor, Tensor], float], *, seed: int = 0,
    rows: int = 3000, groups: int = 1000,
) -> dict[str, float]:  # fmt: skip
    """The scores of Table 1, and the two other parts of DCI.

    Args:
        codes: (N, L). factors: of the same pictures, whole numbers (N, F).
        mig: (codes, factors) -> float.
        rows: pictures that DCI learns from; a third as many others test it.
        groups: of pictures that the two other scores learn from; half as many others test them.

    Raises:
        CourseError: fewer pictures than that.
    """
    if len(codes) < rows + rows // 3:
        raise CourseError(
            f"DCI is to learn from {rows} codes and to be tested on {rows // 3} others; there are "
            f"{len(codes)}: give more, or set rows."
        )
    luck = np.random.default_rng(seed)
    # every entry on a scale of its own; one that does not vary stays what it is
    spread = codes.std(0)
    codes = (codes - codes.mean(0)) / torch.where(spread > 1e-6, spread, torch.ones_like(spread))
    order = luck.permutation(len(codes))
    train, test = order[:rows], order[rows : rows + rows // 3]
    x, y = codes.double().numpy(), factors.numpy()
    trees = metrics.dci(x[train], y[train], x[test], y[test], luck)
    known, sizes = metrics.Known(x, y), {"train": groups, "test": groups // 2}
    return {
        "MIG": float(mig(codes, factors)),
        "DCI": trees.disentanglement,
        "FactorVAE score": metrics.factor_vae_score(known, luck, **sizes),
        "β-VAE score": metrics.beta_vae_score(known, luck, **sizes),
        "completeness": trees.completeness,
        "informativeness": trees.informativeness,
    }


def board_rooms(count: int = 2000, side: int = 32) -> tuple[Tensor, Tensor]:
    """The rooms whose codes are compared on the leaderboard: uint8 (N, 3, S, S), factors (N, 6)."""
    factors = shapes3d.sample_factors(torch.Generator().manual_seed(60), count)
    pictures = torch.from_numpy(shapes3d.render(factors, side)).permute(0, 3, 1, 2)
    return pictures.contiguous(), torch.from_numpy(factors)


def write_codes(codes: Tensor, path: str | Path = "runs/a6/predictions.json") -> Path:
    """Write codes (N, L) of `board_rooms` for the leaderboard; four digits of each number."""
    rows = [[float(f"{number:.4g}") for number in row] for row in codes.tolist()]
    text = json.dumps({"codes": rows}) + "\n"
    return write_atomically(path, lambda place: place.write_text(text, encoding="utf-8"))
