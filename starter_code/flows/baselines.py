"""Directions without a learner: closed forms, spectra, principal components, and chance.

All take a trained flow and answer with orthonormal rows (D, a), the strongest first. The methods
were made for GANs; on a flow their counterparts are

    random     a random orthonormal set: what looking at so many directions finds by luck
    CF         Shen and Zhou 2021 take the right singular vectors of the first weight matrix. A flow
               has no such matrix; we take those of the mean Jacobian of `decode`, which is what a
               small step changes in the picture, on average with its sign
    DS         Khrulkov et al. 2021: the spectrum of the Jacobian of a layer inside; we take the
               leading eigenvectors of the mean of JᵀJ after the first scale on the way back, so
               changes that differ from picture to picture count as well
    GS         Härkönen et al. 2020: principal components of what the first scale on the way back
               makes of latent vectors, brought to latent space by least squares

Letters: B latent vectors, a entries of each, D directions, C H W of a picture.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.errors import CourseError

__all__ = [
    "closed_form_directions",
    "deep_spectral_directions",
    "ganspace_directions",
    "mean_jacobian_product",
    "orthonormal",
    "random_directions",
]

Decode = Callable[[Tensor], Tensor]


def orthonormal(rows: Tensor) -> Tensor:
    """Rows (D, a) made orthonormal one after the other; each keeps its side."""
    q, r = torch.linalg.qr(rows.T)
    return (q * torch.sign(r.diagonal())).T


def random_directions(flow: nn.Module, count: int, generator: torch.Generator) -> Tensor:
    """Orthonormal directions drawn by chance: (count, a)."""
    _require_room(flow, count)
    return orthonormal(torch.randn(count, flow.latent, generator=generator))


def closed_form_directions(
    flow: nn.Module, count: int, generator: torch.Generator, starts: Tensor, rounds: int = 6,
    progress: bool = False,
) -> Tensor:  # fmt: skip
    """CF: leading right singular vectors of the mean Jacobian of `decode`, (count, a).

    The Jacobian has as many rows as the picture has numbers and is never written down: subspace
    iteration needs its products with vectors only, forwards and backwards.

    Args:
        starts: latent vectors (N, a) that the mean is over. rounds: of the iteration.
    """
    _require_room(flow, count)

    def square(rows: Tensor) -> Tensor:
        changes = mean_jacobian_product(flow.decode, starts, rows)
        return torch.stack([_mean_back(flow.decode, starts, change) for change in changes])

    return _subspace(square, count, flow, generator, rounds, "CF" if progress else "")


def deep_spectral_directions(
    flow: nn.Module, count: int, generator: torch.Generator, starts: Tensor, rounds: int = 6,
    progress: bool = False,
) -> Tensor:  # fmt: skip
    """DS: leading eigenvectors of the mean of JᵀJ of the first scale on the way back, (count, a).

    Those are the directions whose steps change that layer most, whichever way it changes.
    """
    _require_room(flow, count)
    inner = flow.after_first_scale

    def square(rows: Tensor) -> Tensor:
        # one backward pass each: the product of J with a row comes from two forward passes
        return torch.stack(
            [_mean_back(inner, starts, _product(inner, starts, row)) for row in rows]
        )

    return _subspace(square, count, flow, generator, rounds, "DS" if progress else "")


@torch.no_grad()
def ganspace_directions(
    flow: nn.Module, count: int, generator: torch.Generator, starts: Tensor
) -> Tensor:
    """GS: principal components after the first scale on the way back, (count, a).

    With coordinates x of the components and latent vectors z, the directions are the U that
    minimises the mean of |U x - z|², made orthonormal (GANSpace, section 2.2).
    """
    _require_room(flow, count)
    if len(starts) <= count:
        raise CourseError(f"{count} components need more than {len(starts)} starts: give more.")
    inner = torch.cat([flow.after_first_scale(part).flatten(1) for part in starts.split(256)])
    centred = inner - inner.mean(0)
    first = torch.randn(centred.shape[1], 2 * count, generator=generator).to(centred.device)
    components = orthonormal(first.T).T
    for _ in range(4):  # subspace iteration; the covariance is too large to be written down
        components = orthonormal((centred.T @ (centred @ components)).T).T
    _, _, turn = torch.linalg.svd(centred @ components, full_matrices=False)
    coordinates = centred @ (components @ turn.T[:, :count])  # (N, D)
    return orthonormal(torch.linalg.lstsq(coordinates, starts - starts.mean(0)).solution)


@torch.no_grad()
def mean_jacobian_product(decode: Decode, z: Tensor, rows: Tensor) -> Tensor:
    """The mean Jacobian times every row: (D, a) -> (D, numbers of a picture)."""
    return torch.stack([_product(decode, z, row).mean(0) for row in rows])


@torch.no_grad()
def _product(decode: Decode, z: Tensor, row: Tensor, step: float = 0.05) -> Tensor:
    """J at each of (B, a), times a direction (a,): (B, numbers), by central differences."""
    return (decode(z + step * row) - decode(z - step * row)).flatten(1) / (2 * step)


def _mean_back(decode: Decode, z: Tensor, change: Tensor) -> Tensor:
    """The mean over latent vectors of Jᵀ times `change`, (numbers,) or (B, numbers): (a,)."""
    leaf = z.clone().requires_grad_(True)
    (back,) = torch.autograd.grad((decode(leaf).flatten(1) * change).sum(), leaf)
    return back.mean(0)


def _subspace(
    square: Callable[[Tensor], Tensor], count: int, flow: nn.Module, generator: torch.Generator,
    rounds: int, told: str,
) -> Tensor:  # fmt: skip
    """Leading eigenvectors of a symmetric operator on rows, by subspace iteration."""
    flow.eval().requires_grad_(False)
    device = next(flow.parameters()).device
    # a few more than are wanted, so that the last ones converge too
    spare = min(count + 4, flow.latent)
    rows = orthonormal(torch.randn(spare, flow.latent, generator=generator)).to(device)
    for _ in tqdm(range(rounds), told, disable=not told):
        images = square(rows)
        small = rows @ images.T  # (D, D); its eigenvectors turn the rows to the operator's own
        values, turn = torch.linalg.eigh((small + small.T) / 2)
        order = values.argsort(descending=True)
        rows = orthonormal(turn[:, order].T @ images)
    return rows[:count]


def _require_room(flow: nn.Module, count: int) -> None:
    if not 1 <= count <= flow.latent:
        raise CourseError(
            f"{count} orthonormal directions do not fit into {flow.latent} dimensions: ask for 1 "
            f"to {flow.latent}."
        )
