"""Does the picture show what the words say? Scores of a generator, none of them part of the game.

caption_match   the oracle finds in the picture what the caption states, property by property
r_precision     among 100 texts, the picture's embedding is nearest to one that is true of it
diversity       how far apart pictures of the same words are
memorisation    how far away the nearest training picture is

Every score has something to hold beside it: `measure` gives those of exchanged captions and of real
pictures too.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from starter_code.errors import CourseError
from starter_code.text_to_image.datasets import CaptionedPictures, as_pictures
from starter_code.text_to_image.encoders import in_parts
from starter_code.text_to_image.oracle import Oracle
from starter_code.text_to_image.solver import imagine

__all__ = ["caption_match", "diversity", "measure", "memorisation", "r_precision"]


def caption_match(
    oracle: Oracle, pictures: Tensor, claimed: Mapping[str, Tensor]
) -> dict[str, float]:
    """The share of pictures that show what is said, among those of which it is said.

    A caption that names n values of a property is matched if they are the n likeliest ones.

    Args:
        pictures: (B, 3, S, S) in [-1, 1].
        claimed: name -> what the caption of each says, bool (B, values): rows of
            `CaptionedPictures.claimed`.

    Returns:
        name -> share; a property that no caption states is left out.
    """
    found = {}
    for name, said in oracle.read(pictures).items():
        stated = claimed[name].any(1)
        if stated.any():
            found[name] = float(_shown(said[stated], claimed[name][stated]).float().mean())
    return found


def _shown(said: Tensor, claimed: Tensor) -> Tensor:
    """Whether the claimed values (B, V) are the likeliest by the logits (B, V): bool (B,)."""
    number = claimed.sum(1, keepdim=True)
    rank = said.argsort(1, descending=True).argsort(1)
    return ((rank < number) == claimed).all(1)


def r_precision(
    picture_encoder: nn.Module,
    pictures: Tensor,
    texts: Tensor,
    fits: Tensor,
    generator: torch.Generator,
    candidates: int = 100,
) -> float:
    """The share of pictures whose embedding has its largest dot product with a text that is true.

    Args:
        pictures: (B, 3, S, S). texts: of all B captions, (B, E).
        fits: bool (B, B), see `CaptionedPictures.fits`; the diagonal is what was asked for.
        candidates: the own text, and so many less one drawn by lot.

    Raises:
        CourseError: fewer texts than candidates.
    """
    if len(texts) < candidates:
        raise CourseError(
            f"R-precision takes {candidates} texts to choose from, but there are {len(texts)}: "
            "give more pictures, or ask for fewer candidates."
        )
    device = next(picture_encoder.parameters()).device
    seen = in_parts(picture_encoder, lambda part: picture_encoder(part.to(device)), pictures)
    lots = torch.rand(len(texts), len(texts), generator=generator).fill_diagonal_(2)
    chosen = lots.topk(candidates, dim=1).indices  # (B, candidates), the own text among them
    scores = (seen @ texts.T).gather(1, chosen)
    best = chosen.gather(1, scores.argmax(1, keepdim=True))
    return float(fits.gather(1, best).float().mean())


def diversity(generator: nn.Module, texts: Tensor, noise: Tensor) -> float:
    """How far apart pictures of the same words are: mean absolute difference over pixels, 0 to 2.

    Args:
        texts: (B, E). noise: two draws for each, (2, B, Z).
    """
    one, other = (imagine(generator, texts, z) for z in noise)
    return float((one - other).abs().mean())


def memorisation(
    pictures: Tensor, known: CaptionedPictures, block: int = 200
) -> tuple[Tensor, Tensor]:
    """The nearest training picture of each.

    Args:
        pictures: (B, 3, S, S) in [-1, 1]. known: the training pictures.

    Returns:
        The root mean square difference of pixels (B,), and the number of the training picture (B,).
    """
    flat = pictures.flatten(1)
    squares = torch.full((len(flat),), float("inf"))
    rows = torch.zeros(len(flat), dtype=torch.long)
    for first in range(0, len(known), block):
        part = as_pictures(known.pictures[first : first + block]).flatten(1)
        apart = torch.cdist(flat, part).square() / flat.shape[1]
        least, where = apart.min(1)
        nearer = least < squares
        squares, rows = (
            torch.where(nearer, least, squares),
            torch.where(nearer, where + first, rows),
        )
    return squares.sqrt(), rows


def measure(
    generator: nn.Module,
    held_out: CaptionedPictures,
    train: CaptionedPictures,
    oracle: Oracle | None,
    picture_encoder: nn.Module,
    *,
    seed: int = 0,
    pictures: int = 1000,
) -> dict[str, float]:
    """All scores of a generator on held-out captions, by name; without an oracle no caption match.

    Beside the scores stand "<property>, exchanged", the drawn pictures against the captions of
    others; "diversity, real", of real pictures that the same caption is true of;
    "nearest training picture" and the same of the held-out pictures, "…, real".
    """
    lots = torch.Generator().manual_seed(seed)
    told = torch.randperm(len(held_out.captions), generator=lots)[:pictures]
    texts, rows = held_out.texts[told], held_out.picture_of[told]
    noise = torch.randn(2, len(told), generator.noise_dim, generator=lots)
    drawn = imagine(generator, texts, noise[0])
    found = dict[str, float]()
    if oracle is not None:
        claimed = {name: said[told] for name, said in held_out.claimed.items()}
        exchanged = {name: said.roll(1, 0) for name, said in claimed.items()}
        found = caption_match(oracle, drawn, claimed)
        others = caption_match(oracle, drawn, exchanged)
        found |= {f"{name}, exchanged": share for name, share in others.items()}
    fits, candidates = held_out.fits(rows, told), min(100, len(told))
    found["R-precision"] = r_precision(picture_encoder, drawn, texts, fits, lots, candidates)
    found["diversity"] = diversity(generator, texts, noise)
    found["diversity, real"] = _real_diversity(train, held_out, told)
    found["nearest training picture"] = float(memorisation(drawn, train)[0].mean())
    real = held_out.images(rows)
    found["nearest training picture, real"] = float(memorisation(real, train)[0].mean())
    return found


def _real_diversity(
    train: CaptionedPictures, held_out: CaptionedPictures, told: Tensor, most: int = 200
) -> float:
    """Mean absolute difference of two training pictures that the same held-out caption fits."""
    apart = []
    for caption in told[:most].tolist():
        rows = train.fitting(held_out, caption)[:2]
        if len(rows) == 2:
            one, other = train.images(rows)
            apart.append((one - other).abs().mean())
    return float(torch.stack(apart).mean()) if apart else 0.0
