"""Small things that training and notebooks share: accuracy, words, and references."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["count_top_k", "hypotheses", "real_targets", "references", "top_k_accuracy", "words_of"]

SPECIAL = ("<pad>", "<start>", "<end>")


def real_targets(captions: Tensor, lengths: Tensor) -> Tensor:
    """Which targets captions[:, 1:] are words or <end>, not padding: bool (B, T-1)."""
    steps = torch.arange(captions.shape[1] - 1, device=captions.device)
    return steps < (lengths - 1)[:, None]


def count_top_k(scores: Tensor, captions: Tensor, lengths: Tensor, k: int = 5) -> tuple[int, int]:
    """How many target words are among the k highest scores, and how many there are.

    Args:
        scores: (B, T-1, V), scores[:, t] for captions[:, t+1].
        captions: (B, T) long. lengths: (B,) long.
    """
    real = real_targets(captions, lengths)
    scores, targets = scores[real], captions[:, 1:][real]  # (N, V), (N,)
    # A target is among the first k if fewer than k words score higher; cheaper than sorting.
    higher = (scores > scores.gather(1, targets[:, None])).sum(1)
    return int((higher < k).sum()), len(targets)


def top_k_accuracy(scores: Tensor, captions: Tensor, lengths: Tensor, k: int = 5) -> float:
    """Share of the target words that are among the k highest scores; see `count_top_k`."""
    right, words = count_top_k(scores, captions, lengths, k)
    return right / max(words, 1)


def words_of(ids: Sequence[int], word_map: Mapping[str, int]) -> list[str]:
    """The words of a caption's ids, without <pad>, <start> and <end>."""
    words = {i: word for word, i in word_map.items()}
    return [words[int(i)] for i in ids if words[int(i)] not in SPECIAL]


def hypotheses(captions: Sequence[Any], word_map: Mapping[str, int]) -> dict[int, str]:
    """Captions (or lists of ids) as the scorer wants them: picture number -> one sentence."""
    ids = [getattr(caption, "ids", caption) for caption in captions]
    return {i: " ".join(words_of(sequence, word_map)) for i, sequence in enumerate(ids)}


def references(dataset: Any, pictures: int | None = None) -> dict[int, list[str]]:
    """The human captions of the first `pictures` pictures: picture number -> sentences."""
    count = dataset.num_images if pictures is None else min(pictures, dataset.num_images)
    return {i: [" ".join(words) for words in dataset.references(i)] for i in range(count)}
