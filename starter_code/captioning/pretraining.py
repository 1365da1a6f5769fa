"""Teach a small encoder to see before a decoder asks it to speak.

The handout's encoder comes trained on ImageNet. Where no such weights can be had, `pretrain` gives
the small encoder a task of its own: say of a picture which words and which pairs of neighbouring
words ("red car") its captions hold. Each cell of the grid votes for each of them, and one convinced
cell is enough, so that cells learn to know what lies under them.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.datasets import CaptionDataset
from starter_code.captioning.models import encoder_for
from starter_code.tiers import Tier
from starter_code.training import cosine, load_checkpoint, pick_device, save_checkpoint

__all__ = ["caption_labels", "pretrain", "seeing_encoder"]

MOST_LABELS = 512
FEWEST_PICTURES = 10  # a word or pair that fewer pictures have teaches nothing
RARE = -6.0  # first bias: a cell takes a word to be absent


def seeing_encoder(
    tier: Tier, train: CaptionDataset, seed: int = 0, device: str = "auto"
) -> nn.Module:
    """The encoder of a tier, ready for a decoder: pretrained here, or with ImageNet weights."""
    return pretrain(
        encoder_for(tier), train, steps=tier.pretraining_steps, seed=seed, device=device
    )


def pretrain(
    encoder: nn.Module,
    train: CaptionDataset,
    *,
    steps: int,
    batch_size: int = 20,
    learning_rate: float = 3e-3,
    seed: int = 0,
    device: str = "auto",
    folder: str | Path = "runs/encoder",
) -> nn.Module:
    """Teach `encoder` (B, 3, S, S) -> (B, P, D) to name the words of the captions; return it.

    The result is kept below `folder` and taken from there the next time with the same arguments.
    `steps` of 0 leaves the encoder as it is.

    Raises:
        CourseError: the folder cannot be written.
    """
    if steps == 0:
        return encoder
    labels = caption_labels(train)
    key = repr((str(encoder), len(train), labels.shape, steps, batch_size, learning_rate, seed))
    kept = Path(folder) / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.pt"
    if kept.is_file():
        encoder.load_state_dict(load_checkpoint(kept)["encoder"])
        return encoder
    _fit(encoder, train, labels, steps, batch_size, learning_rate, seed, pick_device(device))
    save_checkpoint(kept, {"encoder": encoder.state_dict()})
    return encoder


def caption_labels(train: CaptionDataset) -> Tensor:
    """Which of the most frequent words and neighbouring pairs each picture's captions hold.

    Returns:
        bool (pictures, labels), at most MOST_LABELS labels.
    """
    held = [
        {part for words in train.references(i) for part in [*words, *pairwise(words)]}
        for i in range(train.num_images)
    ]
    spread = Counter(part for parts in held for part in parts)
    usual = [part for part, n in spread.most_common(MOST_LABELS) if n >= FEWEST_PICTURES]
    return torch.tensor([[part in parts for part in usual] for parts in held])


def _fit(
    encoder: nn.Module,
    train: CaptionDataset,
    labels: Tensor,
    steps: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    device: torch.device,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):  # what a caller draws next is the same either way
        head = nn.Linear(encoder.encoder_dim, labels.shape[1])
    with torch.no_grad():
        head.weight.normal_(0.0, 0.05, generator=generator)
        head.bias.fill_(RARE)
    encoder.to(device).train()
    head.to(device)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda k: cosine(k, steps))
    bar = tqdm(range(steps), "the encoder learns to see", unit="step")
    for _ in bar:
        chosen = torch.randint(len(labels), (batch_size,), generator=generator)
        images = torch.stack([train.image(int(i)) for i in chosen]).to(device)
        votes = head(encoder(images)).logsumexp(1)  # (B, labels): one convinced cell is enough
        wanted = labels[chosen].to(device, votes.dtype)
        loss = F.binary_cross_entropy_with_logits(votes, wanted, reduction="sum") / batch_size
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        bar.set_postfix_str(f"loss {loss.item():.2f}", refresh=False)
