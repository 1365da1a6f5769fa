"""Small reference decoders and a data set of four colours, for tests and benchmarks.

The decoders are the handout's two, written plainly and independently of the labs' solutions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220)}
PLACES = ("left", "right")


class ShowAndTell(nn.Module):
    """The first decoder: an LSTM whose first state is the mean of the picture's cells."""

    def __init__(self, encoder_dim: int, vocabulary: int, embed: int = 64, hidden: int = 128):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embed)
        self.start = nn.Sequential(nn.Linear(encoder_dim, 2 * hidden), nn.BatchNorm1d(2 * hidden))
        self.cell = nn.LSTMCell(embed, hidden)
        self.fc = nn.Linear(hidden, vocabulary)

    def init_state(self, encoder_out: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.start(encoder_out.mean(1)).chunk(2, dim=1))

    def step(self, words: Tensor, state: tuple[Tensor, ...]):
        h, c = self.cell(self.embedding(words), state)
        return self.fc(h), (h, c)

    def forward(self, encoder_out: Tensor, captions: Tensor, lengths: Tensor):
        return teacher_forcing(self, encoder_out, captions, lengths)[0]


class ShowAttendAndTell(nn.Module):
    """The second decoder: additive attention over the cells at every word."""

    def __init__(
        self,
        encoder_dim: int,
        vocabulary: int,
        embed: int = 64,
        hidden: int = 128,
        attention: int = 64,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embed)
        self.start_h = nn.Linear(encoder_dim, hidden)
        self.start_c = nn.Linear(encoder_dim, hidden)
        self.of_cell = nn.Linear(encoder_dim, attention)
        self.of_state = nn.Linear(hidden, attention)
        self.weigh = nn.Linear(attention, 1)
        self.context = nn.Linear(encoder_dim, embed)
        self.cell = nn.LSTMCell(2 * embed, hidden)
        self.fc = nn.Linear(hidden, vocabulary)

    def init_state(self, encoder_out: Tensor) -> tuple[Tensor, ...]:
        mean = encoder_out.mean(1)
        return self.start_h(mean), self.start_c(mean), encoder_out

    def step(self, words: Tensor, state: tuple[Tensor, ...]):
        h, c, encoder_out = state
        energy = self.weigh(F.relu(self.of_cell(encoder_out) + self.of_state(h)[:, None]))
        alpha = energy.squeeze(2).softmax(1)
        context = self.context((alpha[:, None] @ encoder_out).squeeze(1))
        h, c = self.cell(torch.cat([self.embedding(words), context], 1), (h, c))
        return self.fc(h), (h, c, encoder_out), alpha

    def forward(self, encoder_out: Tensor, captions: Tensor, lengths: Tensor):
        return teacher_forcing(self, encoder_out, captions, lengths)


def teacher_forcing(decoder, encoder_out: Tensor, captions: Tensor, lengths: Tensor):
    """Scores, and weights if the step gives any, of all real positions; zero elsewhere."""
    order = lengths.argsort(descending=True)
    captions, state = captions[order], decoder.init_state(encoder_out[order])
    # Columns in a list: writing them into one tensor costs more in the backward pass.
    columns: list[list[Tensor]] = []
    for t in range(captions.shape[1] - 1):
        rows = int((lengths > t + 1).sum())
        if rows == 0:
            break
        outputs, state, *weights = decoder.step(captions[:rows, t], tuple(s[:rows] for s in state))
        columns.append([outputs, *weights])
    back = order.argsort()
    width = captions.shape[1] - 1
    return tuple(_stack(parts, len(captions), width)[back] for parts in zip(*columns))


def _stack(parts, batch: int, width: int) -> Tensor:
    padded = [F.pad(part, (0, 0, 0, batch - len(part))) for part in parts]
    padded += [torch.zeros_like(padded[0])] * (width - len(padded))
    return torch.stack(padded, dim=1)


def caption_loss(outputs, captions: Tensor, lengths: Tensor) -> Tensor:
    """Cross-entropy per real target; with weights also the doubly stochastic term."""
    scores, *weights = outputs if isinstance(outputs, tuple) else (outputs,)
    real = torch.arange(captions.shape[1] - 1, device=captions.device) < (lengths - 1)[:, None]
    loss = F.cross_entropy(scores[real], captions[:, 1:][real])
    if weights:
        loss = loss + ((1 - weights[0].sum(1)) ** 2).mean()
    return loss


class Colours:
    """Pictures with one coloured half and five captions each, such as "the left is red"."""

    captions_per_image = 5

    def __init__(self, pictures: int = 40, size: int = 32, seed: int = 0):
        words = ["<pad>", "the", "is", "side", *COLOURS, *PLACES, "<unk>", "<start>", "<end>"]
        self.word_map = {word: i for i, word in enumerate(words)}
        generator = torch.Generator().manual_seed(seed)
        self.num_images = pictures
        self.images = torch.full((pictures, 3, size, size), 90, dtype=torch.uint8)
        self.sentences: list[list[list[str]]] = []
        for i in range(pictures):
            kind = int(torch.randint(6, (1,), generator=generator))
            colour, place = list(COLOURS)[kind % 3], PLACES[kind // 3]
            half = slice(0, size // 2) if place == "left" else slice(size // 2, size)
            self.images[i, :, :, half] = torch.tensor(COLOURS[colour]).byte()[:, None, None]
            plans = (["the", place, "is", colour], ["the", place, "side", "is", colour])
            self.sentences.append([plans[j % 2] for j in range(self.captions_per_image)])
        self._number()

    def _number(self) -> None:
        rows = [words for sentences in self.sentences for words in sentences]
        self.lengths = torch.tensor([len(words) + 2 for words in rows])
        self.captions = torch.zeros(len(rows), 9, dtype=torch.int32)
        for row, words in zip(self.captions, rows):
            ids = [self.word_map[w] for w in ("<start>", *words, "<end>")]
            row[: len(ids)] = torch.tensor(ids)

    def image(self, i: int) -> Tensor:
        return self.images[i]

    def references(self, i: int) -> list[list[str]]:
        return self.sentences[i]
