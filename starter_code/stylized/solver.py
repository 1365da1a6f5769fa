"""Trains captioners, all in the same way: cross-entropy of the true captions, Adam, the best epoch.

`fit(captioner, train, val, options)` is one phase; StyleNet and the two halves of DSIC alone have
several (`starter_code.stylized.methods`). Validation is the loss on the held-out captions.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from starter_code.captioning.history import History
from starter_code.captioning.utils import real_targets
from starter_code.disentangling.examples import by_length
from starter_code.epochs import Means, run_epochs
from starter_code.stylized.captioners import Captioner
from starter_code.stylized.datasets import StyledDataset
from starter_code.training import pick_device

__all__ = ["Options", "caption_loss", "fit", "fit_distance", "fit_factual"]

_FREE = {"epochs", "device", "folder", "resume", "progress"}  # may differ when going on


@dataclass(frozen=True)
class Options:
    """How to train one phase; DSIC, section 4.4, has 5e-4 and 64 on FlickrStyle10K."""

    epochs: int = 4
    batch_size: int = 64
    learning_rate: float = 2e-3
    clip: float = 5.0  # largest norm of the gradient
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/stylized"
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


def caption_loss(scores: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
    """Mean cross-entropy over real targets, nats: (B, T-1, V), (B, T), (B,) -> scalar."""
    real = real_targets(captions, lengths)
    return F.cross_entropy(scores[real], captions[:, 1:][real])


def fit(
    captioner: Captioner, train: StyledDataset, val: StyledDataset, options: Options
) -> History:
    """Teach a captioner the styled captions (DSIC, Algorithm 1, lines 18 to 28).

    z is drawn anew for every caption, as Algorithm 1 draws it. What does not require gradients
    stays as it is. Afterwards the captioner holds the weights of the best epoch.
    """

    def loss(data: StyledDataset, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        batch = data.take(rows).to(_device(captioner))
        told = batch.captions, batch.lengths
        return caption_loss(captioner(batch.visual, batch.styles, *told, generator), *told)

    return _fit(captioner, train, val, options, loss)


def fit_factual(
    captioner: Captioner, train: StyledDataset, val: StyledDataset, options: Options
) -> History:
    """Teach a captioner the pictures' factual captions, which are in no style (StyleNet, phase 1).

    Every styled caption stands for its picture: one of the picture's factual captions is drawn in
    its place, so that an epoch is as long as a styled one.
    """
    encoded = {id(data): _Factual(data) for data in (train, val)}

    def loss(data: StyledDataset, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        captions, lengths = encoded[id(data)].draw(rows, generator)
        device = _device(captioner)
        visual = data.features[data.picture_of[rows]].to(device)
        told = captions.to(device), lengths.to(device)
        styles = torch.full((len(rows),), -1, device=device)
        return caption_loss(captioner(visual, styles, *told, generator), *told)

    return _fit(captioner, train, val, options, loss)


def fit_distance(
    captioner: Captioner, train: StyledDataset, val: StyledDataset, options: Options
) -> History:
    """Bring the encoder of `FromCaptions` near the facts of D-Captions (appendix, Figure 6, 2).

    There are facts of training pictures only, so a tenth of these is held out to choose the epoch.
    """
    last = len(train.pictures) - len(train.pictures) // 10

    def loss(data: StyledDataset, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        pictures = train.picture_of[rows]
        device = _device(captioner)
        return captioner.distance(train.features[pictures].to(device), pictures.to(device))

    held_out = (train.picture_of >= last).nonzero()[:, 0]
    return _fit(captioner, train, train, options, loss, held_out)


class _Factual:
    """The factual captions of a data set's pictures, as numbers."""

    def __init__(self, data: StyledDataset) -> None:
        self.data, self.pad = data, data.word_map["<pad>"]
        self.known: dict[int, list[Tensor]] = {}

    def draw(self, rows: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """One caption for each row, padded (B, T), and the lengths (B,); the first without luck."""
        chosen = []
        for row in rows.tolist():
            captions = self._of(int(self.data.picture_of[row]), row)
            luck = 0
            if generator is not None:
                luck = int(torch.randint(len(captions), (), generator=generator))
            chosen.append(captions[luck])
        padded = nn.utils.rnn.pad_sequence(chosen, batch_first=True, padding_value=self.pad)
        return padded, torch.tensor([len(caption) for caption in chosen])

    def _of(self, picture: int, row: int) -> list[Tensor]:
        if picture not in self.known:
            self.known[picture] = self.data.factual_ids(row)
        return self.known[picture]


def _device(module: nn.Module) -> torch.device:
    return next(module.parameters()).device


def _fit(
    captioner: Captioner,
    train: StyledDataset,
    val: StyledDataset,
    options: Options,
    loss: Callable[[StyledDataset, Tensor, torch.Generator | None], Tensor],
    held_out: Tensor | None = None,
) -> History:
    """Epochs of Adam on `loss`, chosen by its mean on `val`, or on the rows `held_out` of it."""
    captioner.to(pick_device(options.device))
    weights = [p for p in captioner.parameters() if p.requires_grad]
    adam = torch.optim.Adam(weights, lr=options.learning_rate)
    generator = torch.Generator().manual_seed(options.seed)
    checked = torch.arange(len(val)) if held_out is None else held_out
    kept = torch.ones(len(train), dtype=torch.bool)
    if held_out is not None:
        kept[held_out] = False
    learnt = kept.nonzero()[:, 0]

    def step(rows: Tensor) -> Mapping[str, float]:
        value = loss(train, rows, generator)
        adam.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(weights, options.clip)
        adam.step()
        return {"loss": value.item()}

    def validate() -> Mapping[str, float]:
        means = Means()
        for rows in checked.split(256):
            means.add({"loss": loss(val, rows, None).item()}, len(rows))
        return means.named("val_")

    return run_epochs(
        captioner,
        [adam],
        epochs=options.epochs,
        batches=lambda: [
            learnt[rows] for rows in by_length(train.lengths[learnt], options.batch_size, generator)
        ],
        step=step,
        validate=validate,
        generator=generator,
        folder=Path(options.folder),
        fixed=options.fixed,
        resume=options.resume,
        progress=options.progress,
    )
