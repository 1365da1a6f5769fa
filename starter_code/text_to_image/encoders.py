"""φ: captions to numbers, by their characters or by their words, and pictures to numbers.

The character-level encoder is the source's (Reed et al. 2016, "Learning deep representations of
fine-grained visual descriptions"): convolutions over characters find pieces of words, a recurrent
network reads what they found, and its states are averaged. It has no list of words, and reads a
misspelt one. The word-level encoder is the plain alternative.

Embeddings that were only trained to have large dot products have a large part in common and little
that differs, which a GAN is slow to notice. `Even` takes the mean away and makes all directions
equally loud; `joint.fit_joint` sets it, without changing which text is nearest to a picture.

Letters: B batch, C characters, E embedding, S side of the picture, T words.
"""

import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.scenes.words import tokenize

__all__ = [
    "ALPHABET",
    "CharacterCNNRNN",
    "Even",
    "PictureEncoder",
    "WordRNN",
    "in_parts",
    "words_of",
]

ALPHABET = string.ascii_lowercase + string.digits + "-,;.!?:'\"/\\|_@#$%^&*~`+=<>()[]{} "
_NUMBER = {character: place + 1 for place, character in enumerate(ALPHABET)}  # 0: anything else


class Even(nn.Module):
    """Embeddings of length √E, t, as W (t - m): at first t itself, after `settle` decorrelated."""

    FLOOR = 0.01  # of a variance, so that what is next to nothing stays little
    LOUD = 3.0  # root mean square of the entries, once settled: a judge overhears soft words

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dim))  # m
        self.register_buffer("weight", torch.eye(dim))  # W, symmetric

    def forward(self, embedding: Tensor) -> Tensor:
        """Embeddings (B, E) -> (B, E)."""
        length = embedding.shape[1] ** 0.5
        return (F.normalize(embedding, dim=1) * length - self.mean) @ self.weight

    @torch.no_grad()
    def settle(self, embeddings: Tensor) -> Tensor:
        """Set m and W by what `forward` gave so far, (M, E); returns the inverse of the new W."""
        mean, count = embeddings.mean(0), len(embeddings)
        apart = embeddings - mean
        variances, directions = torch.linalg.eigh(apart.T @ apart / count)
        # The squares of all entries, before they are made louder, add up to `total`.
        total = (variances / (variances + self.FLOOR)).sum()
        scales = self.LOUD * (len(mean) / total / (variances + self.FLOOR)).sqrt()
        self.mean.copy_(mean)
        self.weight.copy_((directions * scales) @ directions.T)
        return (directions / scales) @ directions.T


class CharacterCNNRNN(nn.Module):
    """The hybrid of convolutions and a recurrent network over characters.

    Args:
        text_dim: E. width: channels of the first convolution; the second has twice as many.
        characters: C. What is behind them is not read, as in the source, where C is 201.
    """

    def __init__(self, text_dim: int, width: int = 32, characters: int = 128) -> None:
        super().__init__()
        self.text_dim, self.characters = text_dim, characters
        self.read = nn.Sequential(
            nn.Conv1d(len(ALPHABET), width, 4), nn.ReLU(), nn.MaxPool1d(3, 3),
            nn.Conv1d(width, 2 * width, 4), nn.ReLU(), nn.MaxPool1d(3, 3),
            nn.Conv1d(2 * width, 2 * width, 4, padding=1), nn.ReLU(),
        )  # fmt: skip
        self.remember = nn.GRU(2 * width, 2 * width, batch_first=True)
        self.project = nn.Linear(2 * width, text_dim)
        self.even = Even(text_dim)

    def forward(self, captions: Sequence[str]) -> Tensor:
        """Embeddings (B, E) of B captions."""
        numbers = self.spell(captions).to(self.project.weight.device)  # (B, C)
        letters = F.one_hot(numbers, len(ALPHABET) + 1)[..., 1:].float()  # (B, C, A)
        found = self.read(letters.transpose(1, 2))  # (B, 2 width, steps)
        states, _ = self.remember(found.transpose(1, 2))
        return self.even(self.project(states.mean(1)))

    def spell(self, captions: Sequence[str]) -> Tensor:
        """The captions' characters as numbers: long (B, C), 0 behind the last one."""
        table = torch.zeros(len(captions), self.characters, dtype=torch.long)
        for row, caption in enumerate(_with_text(captions)):
            spelt = [_NUMBER.get(c, 0) for c in caption.lower()[: self.characters]]
            table[row, : len(spelt)] = torch.tensor(spelt)
        return table


class WordRNN(nn.Module):
    """A recurrent network over words; a word that is not in `words` is unknown.

    Args:
        words: those of the training captions, see `words_of`.
    """

    def __init__(self, text_dim: int, words: Sequence[str], width: int = 32) -> None:
        super().__init__()
        self.text_dim = text_dim
        self.number = {word: place + 2 for place, word in enumerate(words)}  # 0 pad, 1 unknown
        self.embed = nn.Embedding(len(words) + 2, width, padding_idx=0)
        self.remember = nn.GRU(width, 2 * width, batch_first=True)
        self.project = nn.Linear(2 * width, text_dim)
        self.even = Even(text_dim)

    def forward(self, captions: Sequence[str]) -> Tensor:
        """Embeddings (B, E) of B captions."""
        ids = [
            torch.tensor([self.number.get(word, 1) for word in tokenize(text)] or [1])
            for text in _with_text(captions)
        ]
        table = nn.utils.rnn.pad_sequence(ids, batch_first=True).to(self.project.weight.device)
        states, _ = self.remember(self.embed(table))  # (B, T, 2 width)
        there = (table > 0)[..., None]
        return self.even(self.project((states * there).sum(1) / there.sum(1)))


def words_of(captions: Iterable[str]) -> list[str]:
    """All words of some captions, in the order of the alphabet."""
    return sorted({word for text in captions for word in tokenize(text)})


class PictureEncoder(nn.Module):
    """Pictures to E numbers: features that stay as they are, and a layer that learns.

    The source takes the features of a network that has learnt to name what photos show. Here `look`
    comes from one that has learnt to name what scenes show; it is not the oracle's.
    """

    def __init__(self, text_dim: int, width: int = 32, size: int = 32) -> None:
        super().__init__()
        self.size, self.fixed = size, True
        self.look = stack_of_convolutions(width, size).requires_grad_(False)
        self.project = nn.Linear(4 * width * 16, text_dim)

    def forward(self, pictures: Tensor) -> Tensor:
        """Embeddings (B, E) of pictures (B, 3, S, S) in [-1, 1]."""
        return self.project(self.features(pictures))

    def features(self, pictures: Tensor) -> Tensor:
        """What `look` sees, (B, D)."""
        return self.look(checked(pictures, self.size)).flatten(1)

    def train(self, mode: bool = True) -> "PictureEncoder":
        """Training mode, except for `look`, whose statistics stay as they are too."""
        super().train(mode)
        if self.fixed:
            self.look.eval()
        return self

    def let_learn(self) -> None:
        """Let `look` learn, too: for pictures of which no features are known."""
        self.fixed = False
        self.look.requires_grad_(True)


def stack_of_convolutions(width: int, size: int) -> nn.Sequential:
    """From (B, 3, S, S) to (B, 4 · width, 4, 4): three by three, normalised, then halved."""
    layers: list[nn.Module] = []
    channels, side = 3, size
    while side > 4:
        out = min(4 * width, 2 * channels) if channels > 3 else width
        layers += [
            nn.Conv2d(channels, out, 3, padding=1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
            nn.Conv2d(out, out, 4, 2, 1, bias=False),
            nn.BatchNorm2d(out),
            nn.ReLU(),
        ]
        channels, side = out, side // 2
    return nn.Sequential(*layers)


def checked(pictures: Tensor, size: int) -> Tensor:
    """The pictures, if they are (B, 3, S, S) in [-1, 1].

    Raises:
        CourseError: another shape, or a range such as 0 to 255.
    """
    if pictures.ndim != 4 or pictures.shape[1:] != (3, size, size):
        raise CourseError(
            f"Pictures of shape {tuple(pictures.shape)} are given, but this network takes "
            f"(B, 3, {size}, {size})."
        )
    if pictures.numel():
        low, high = pictures.aminmax()
        if not (low >= -1.001 and high <= 1.001):
            raise CourseError(
                f"The pictures range from {low:.3g} to {high:.3g}, but this network takes [-1, 1]: "
                "scale them first, see `as_pictures`."
            )
    return pictures


@torch.no_grad()
def in_parts(
    network: nn.Module, use: Callable[..., Any], items: Any, size: int = 256, told: str = ""
) -> Tensor:
    """`use(part)` of some items at a time, in evaluation mode, put together on the CPU."""
    was, parts = network.training, []
    network.eval()
    try:
        for first in tqdm(range(0, len(items), size), told, disable=not told):
            parts.append(use(items[first : first + size]).cpu())
    finally:
        network.train(was)
    return torch.cat(parts)


def _with_text(captions: Sequence[str]) -> Sequence[str]:
    if isinstance(captions, str) or not len(captions):
        raise CourseError("A text encoder takes a list of captions, with one at least.")
    if not all(caption.strip() for caption in captions):
        raise CourseError("A caption has no text in it: say what the picture shall show.")
    return captions
