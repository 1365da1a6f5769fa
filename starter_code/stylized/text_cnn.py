"""A convolutional network that hears the style of a caption: the judge behind ICSA.

Kim, "Convolutional neural networks for sentence classification", EMNLP 2014. DSIC, section 4.3.2,
trains it on the data set's own captions, apart from every generator, and asks it in which style a
generated caption is.

    classifier = train_style_classifier(train, val)
    classifier.accuracy                          # on captions that it was not trained on
    classifier(["a lovely dog on a sunny day"])  # ["positive"]

It knows only the styles of its data set and always names one of them, also for a factual caption.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.decode import evaluating
from starter_code.errors import CourseError
from starter_code.stylized.datasets import StyledDataset, batches
from starter_code.stylized.vocabulary import encode
from starter_code.training import pick_device

__all__ = ["StyleClassifier", "TextCNN", "train_style_classifier"]


class TextCNN(nn.Module):
    """Windows of words, the strongest answer of each filter over the caption, one layer.

    scores = fc(dropout([max_t relu(w_1 · x_t) ; max_t relu(w_2 · x_t) ; ...]))   (Kim, section 2)

    A window may reach over either end of the caption, where it sees zeros; pads are no words: a
    caption has the same scores in every batch.

    Args:
        vocab_size: V. classes: S.
        embed_dim: E. maps: filters of each width. widths: words that a filter sees. Kim has 300,
            100 and (3, 4, 5); the small vocabulary of the scenes needs less.
        dropout: of the pooled features.
    """

    def __init__(
        self,
        vocab_size: int,
        classes: int,
        *,
        embed_dim: int = 64,
        maps: int = 32,
        widths: Sequence[int] = (2, 3, 4),
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.filters = nn.ModuleList(
            nn.Conv1d(embed_dim, maps, width, padding=width - 1) for width in widths
        )
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(maps * len(widths), classes)

    def forward(self, captions: Tensor, lengths: Tensor) -> Tensor:
        """captions long (B, T), lengths (B,) in tokens, at least 1 each -> scores (B, S)."""
        places = torch.arange(captions.shape[1], device=captions.device)
        words = (places < lengths[:, None])[..., None] * self.embedding(captions)  # (B, T, E)
        pooled = [
            self._strongest(window, words.transpose(1, 2), lengths) for window in self.filters
        ]
        return self.fc(self.dropout(torch.cat(pooled, dim=1)))

    @staticmethod
    def _strongest(window: nn.Conv1d, words: Tensor, lengths: Tensor) -> Tensor:
        """The largest answer of each filter over the windows that hold a word: (B, maps)."""
        answers = window(words).relu()  # (B, maps, T + width - 1)
        ends = torch.arange(answers.shape[2], device=words.device)  # the last place a window sees
        behind = ends >= (lengths + window.kernel_size[0] - 1)[:, None]
        return answers.masked_fill(behind[:, None], 0).amax(2)  # answers are never below zero


class StyleClassifier:
    """A trained TextCNN with its words: captions -> names of styles.

    Attributes:
        styles: names, in the order of their labels.
        accuracy: share of the held-out captions whose style it names rightly; what an ICSA is worth
            depends on it.
    """

    def __init__(
        self,
        network: TextCNN,
        word_map: Mapping[str, int],
        styles: Sequence[str],
        accuracy: float = float("nan"),
    ) -> None:
        self.network, self.accuracy = network, accuracy
        self.word_map, self.styles = dict(word_map), tuple(styles)

    def __call__(self, captions: Sequence[str | Sequence[str]]) -> list[str]:
        """The style heard in each caption.

        Args:
            captions: words separated by spaces, or lists of words; unknown words are `<unk>`.

        Raises:
            CourseError: a single text instead of a list of them.
        """
        if isinstance(captions, str):
            raise CourseError("The classifier takes a list of captions: put the text into a list.")
        texts = [text.lower().split() if isinstance(text, str) else text for text in captions]
        longest = max(map(len, texts), default=0)
        rows = [torch.tensor(encode(words, self.word_map, longest)) for words in texts]
        heard: list[int] = []
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            lengths = torch.tensor([len(row) for row in part])
            heard += self.labels(nn.utils.rnn.pad_sequence(part, batch_first=True), lengths)
        return [self.styles[label] for label in heard]

    @torch.no_grad()
    def labels(self, captions: Tensor, lengths: Tensor) -> list[int]:
        """captions long (B, T) with <start> and <end>, lengths (B,) -> B numbers of styles."""
        device = self.network.fc.weight.device
        with evaluating(self.network):
            return self.network(captions.to(device), lengths.to(device)).argmax(1).tolist()


def train_style_classifier(
    train: StyledDataset,
    heldout: StyledDataset,
    *,
    epochs: int = 3,
    batch_size: int = 50,
    learning_rate: float = 2e-3,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
    **sizes: int,
) -> StyleClassifier:
    """Train a TextCNN on the styled captions of `train`; measure it on those of `heldout`.

    The last weights are kept: nothing is chosen by the held-out captions, so their accuracy is an
    honest one. The same seed gives the same classifier; torch's global generator is left alone.

    Args:
        epochs, batch_size, learning_rate: of Adam.
        sizes: `embed_dim`, `maps` of the TextCNN.

    Raises:
        CourseError: data sets of different words or styles, a single style, no epoch or batch.
    """
    _refuse(train, heldout, epochs, batch_size)
    place = pick_device(device)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(seed)
        network = TextCNN(len(train.words), len(train.styles), **sizes).to(place)
        optimizer = torch.optim.Adam(network.parameters(), learning_rate)
        steps = epochs * max(1, len(train) // batch_size)
        with tqdm(total=steps, desc="hearing styles", unit="step", disable=not progress) as bar:
            for _ in range(epochs):
                for batch in batches(train, batch_size, generator):
                    batch = batch.to(place)
                    scores = network(batch.captions, batch.lengths)
                    optimizer.zero_grad()
                    F.cross_entropy(scores, batch.styles).backward()
                    optimizer.step()
                    bar.update()
    classifier = StyleClassifier(network.eval(), train.word_map, train.styles)
    classifier.accuracy = _accuracy(classifier, heldout)
    return classifier


def _refuse(train: StyledDataset, heldout: StyledDataset, epochs: int, batch_size: int) -> None:
    if train.key != heldout.key:
        raise CourseError(
            f"{train.folder} and {heldout.folder} have other words or styles: take two splits of "
            "one data set."
        )
    if len(train.styles) < 2:
        raise CourseError(
            f"There is one style only, {train.styles[0]!r}: a classifier needs two or more."
        )
    if epochs < 1 or batch_size < 1:
        raise CourseError(
            f"A training needs an epoch and a caption per batch at least, not {epochs} and "
            f"{batch_size}."
        )


def _accuracy(classifier: StyleClassifier, heldout: StyledDataset) -> float:
    right = 0
    for batch in batches(heldout, 500):
        heard = torch.tensor(classifier.labels(batch.captions, batch.lengths))
        right += int((heard == batch.styles).sum())
    return right / len(heldout)
