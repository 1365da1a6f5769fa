"""What a trained module makes of a data set: its latent codes, and captions said from them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.decode import beam_search, evaluating
from starter_code.disentangling.examples import Examples
from starter_code.disentangling.latents import split_latent
from starter_code.disentangling.solver import noise_for
from starter_code.scenes import scene_at
from starter_code.scenes.sampling import COLOURS, KINDS

__all__ = ["Codes", "balanced", "codes_of", "contents", "labelled", "say"]


class Codes(NamedTuple):
    """The posterior q(z|x) of N examples, and one sample of each."""

    mu: Tensor  # (N, Z)
    log_variance: Tensor  # (N, Z)
    samples: Tensor  # (N, Z)
    labels: Tensor  # (N, K), the style of each slice


@torch.no_grad()
def codes_of(model: nn.Module, examples: Examples, generator: torch.Generator) -> Codes:
    """Codes of all examples, in their order, on the CPU; ε is drawn from `generator`."""
    device = next(model.parameters()).device
    parts: list[tuple[Tensor, ...]] = []
    with evaluating(model):
        for rows in torch.arange(len(examples)).split(256):
            batch = examples.take(rows)
            noise = noise_for(model, len(rows), generator)
            latent = model(batch.to(device), noise.to(device))
            samples = torch.cat([latent.styles.flatten(1), latent.facts], dim=1)
            found = latent.mu, latent.log_variance, samples
            parts.append((*(part.cpu() for part in found), batch.labels))
    return Codes(*(torch.cat(column) for column in zip(*parts, strict=True)))


def labelled(codes: Codes, slices: int, style_dim: int) -> Codes:
    """[slice ; facts] once for each style slice: how Table 3 reads D-Images (section 4.2.2).

    Args:
        codes: of N pictures. slices: K. style_dim: d.

    Returns:
        Codes of N·K rows and d + F columns: row n·K + k holds slice k of picture n, and its facts.
    """

    def rows(part: Tensor) -> Tensor:
        styles, facts = split_latent(part, slices, style_dim)
        return torch.cat([styles, facts[:, None].expand(-1, slices, -1)], dim=2).flatten(0, 1)

    return Codes(*map(rows, codes[:3]), codes.labels.reshape(-1, 1))


@torch.no_grad()
def say(
    vae: nn.Module,
    z: Tensor,
    word_map: Mapping[str, int],
    beam_size: int = 5,
    max_length: int = 30,
    progress: bool = False,
) -> list[list[int]]:
    """The likeliest caption of each latent vector (N, Z), found by beam search: lists of ids.

    Args:
        vae: has `init_state(z)` and `step(words, state)`.
    """
    start, end = word_map["<start>"], word_map["<end>"]
    device = next(vae.parameters()).device
    said: list[list[int]] = []
    with evaluating(vae):
        for part in tqdm(z.split(64), desc="speaking", unit="batch", disable=not progress):
            state = vae.init_state(part.to(device))
            found = beam_search(vae.step, state, start, end, beam_size, max_length)
            said += [caption.ids for caption in found]
    return said


def contents(seed: int, filenames: Sequence[str]) -> dict[str, Tensor]:
    """What the scenes of a world show: one question that can be asked of a code each.

    Args:
        seed: of the world. filenames: of its pictures, as `StyledDataset.pictures` holds them.

    Returns:
        "mood" -> long (N,), 1 for cheerful; "<kind>" and "<colour>", such as "cat" and "red" ->
        long (N,), 1 where an object of that kind or colour is there.
    """
    scenes = [scene_at(seed, int(name[len("scene_") : -len(".png")])) for name in filenames]
    found = {"mood": [scene.mood == "cheerful" for scene in scenes]}
    for kind in KINDS:
        found[kind] = [any(thing.kind == kind for thing in scene.objects) for scene in scenes]
    for colour in COLOURS:
        found[colour] = [any(thing.colour == colour for thing in scene.objects) for scene in scenes]
    return {
        name: torch.from_numpy(np.array(values, dtype=np.int64)) for name, values in found.items()
    }


def balanced(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Rows, in a new order, in which 0 and 1 are equally frequent: so that guessing gives 0.5.

    Args:
        labels: 0 or 1, long (N,).

    Returns:
        long (2·n,), n how often the rarer label stands there.
    """
    rows = torch.randperm(len(labels), generator=generator)
    sides = [rows[labels[rows] == side] for side in (0, 1)]
    n = min(map(len, sides))
    return torch.cat([side[:n] for side in sides])[torch.randperm(2 * n, generator=generator)]
