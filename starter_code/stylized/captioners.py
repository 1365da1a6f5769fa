"""Ways to put a style and a picture into one vector z, of one form, for the table of DSIC.

A captioner holds a network that tells captions from z (`starter_code.stylized.baselines`, or the
generator of assignment 4) and says with `mix` what z is:

    FromPicture    [style ; ℰ(x)]                       CNN+LSTM, StyleNet, SF-LSTM
    FromImages     [z_s^img ; z_f^img]                  D-Images alone (appendix, Figure 5)
    FromModules    [AGGREGATE(z_s^img, z_s^cap) ; z_f^img]    DSIC (section 3.5, Algorithm 1)
    FromCaptions   [z_s^cap ; fc(ℰ(x))]                 D-Captions alone (appendix, Figure 6)

Letters: B batch, D visual, S styles, Z of what the network is told, V words, T tokens.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.decode import beam_search, evaluating
from starter_code.captioning.utils import real_targets
from starter_code.stylized.baselines import style_and_visual
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.modules import Modules

__all__ = ["Captioner", "FromCaptions", "FromImages", "FromModules", "FromPicture", "say", "tell"]


class Captioner(nn.Module):
    """A network that tells, and what it is told.

    Args:
        teller: init_state(z (B, Z)), step(words (B,), state) and forward(z, captions (B, T),
            lengths (B,)) -> scores (B, T-1, V).
    """

    def __init__(self, teller: nn.Module) -> None:
        super().__init__()
        self.teller = teller

    def mix(
        self, visual: Tensor, styles: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        """z (B, Z) of pictures (B, D), to be told in styles (B,).

        Args:
            generator: of the noise of samples; without one, means are taken.
        """
        raise NotImplementedError

    def forward(
        self,
        visual: Tensor,
        styles: Tensor,
        captions: Tensor,
        lengths: Tensor,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Teacher forcing: scores (B, T-1, V)."""
        return self.teller(self.mix(visual, styles, generator), captions, lengths)


class FromPicture(Captioner):
    """The picture's features and one number for each style."""

    def __init__(self, teller: nn.Module, styles: int) -> None:
        super().__init__(teller)
        self.styles = styles

    def mix(
        self, visual: Tensor, styles: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        return style_and_visual(styles, visual, self.styles)


class FromImages(Captioner):
    """The slice of the asked style and the facts, both by D-Images (DSIC, appendix, Figure 5).

    `refine()` lets D-Images' encoder train together with the network: step 3 there.
    """

    def __init__(self, teller: nn.Module, modules: Modules) -> None:
        super().__init__(teller)
        self.viewer = copy.deepcopy(modules.viewer)

    def refine(self) -> "FromImages":
        self.viewer.requires_grad_(True)
        return self

    def mix(
        self, visual: Tensor, styles: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        slices, facts = self.viewer.sample(visual, generator)
        return torch.cat([_of(slices, styles), facts], dim=1)


class FromModules(Captioner):
    """DSIC: the style of D-Images and that of D-Captions aggregated, beside D-Images' facts.

    Args:
        aggregate: (z_s^img (B, d), z_s^cap (B, d')) -> z_s (B, Z_s), trained with the network.
        modules: what assignment 3 trained; it stays as it is.
    """

    def __init__(self, teller: nn.Module, aggregate: nn.Module, modules: Modules) -> None:
        super().__init__(teller)
        self.aggregate, self.viewer = aggregate, modules.viewer
        self.register_buffer("style_vectors", modules.style_vectors.clone())

    def mix(
        self, visual: Tensor, styles: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        slices, facts = self.viewer.sample(visual, generator)
        return torch.cat(
            [self.aggregate(_of(slices, styles), self.style_vectors[styles]), facts], dim=1
        )


class FromCaptions(Captioner):
    """D-Captions' decoder, and an encoder of pictures into its fact space (appendix, Figure 6).

    First `distance` is made small (step 2), then `refine()` lets the decoder train too (step 3).
    """

    def __init__(self, modules: Modules, visual_dim: int, hidden_dim: int = 512) -> None:
        super().__init__(_Forced(copy.deepcopy(modules.writer)))
        self.encoder = nn.Sequential(
            nn.Linear(visual_dim, hidden_dim),
            nn.ReLU(),
            nn.Linear(hidden_dim, modules.facts.shape[1]),
        )
        self.register_buffer("style_vectors", modules.style_vectors.clone())
        self.register_buffer("facts", modules.facts.clone())

    def distance(self, visual: Tensor, pictures: Tensor) -> Tensor:
        """Mean l2 norm between what the encoder sees and z_f of the pictures' captions: scalar.

        Args:
            visual: (B, D). pictures: their numbers in the train split, long (B,).
        """
        return (self.encoder(visual) - self.facts[pictures]).norm(dim=1).mean()

    def refine(self) -> "FromCaptions":
        self.teller.requires_grad_(True)
        return self

    def mix(
        self, visual: Tensor, styles: Tensor, generator: torch.Generator | None = None
    ) -> Tensor:
        return torch.cat([self.style_vectors[styles], self.encoder(visual)], dim=1)


class _Forced(nn.Module):
    """A network that has only `init_state` and `step`, with teacher forcing around it."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.init_state: Callable[..., Any] = network.init_state
        self.step: Callable[..., Any] = network.step

    def forward(self, z: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        state, answers = self.init_state(z), []
        for words in captions[:, :-1].unbind(1):
            scores, state = self.step(words, state)
            answers.append(scores)
        spoken = real_targets(captions, lengths)
        return torch.stack(answers, 1).masked_fill(~spoken[..., None], 0)


def _of(slices: Tensor, styles: Tensor) -> Tensor:
    """The slice (B, d) of each asked style, of slices (B, K, d)."""
    return slices[torch.arange(len(styles), device=styles.device), styles]


@torch.no_grad()
def tell(
    captioner: Captioner,
    dataset: StyledDataset,
    styles: Sequence[int],
    *,
    generator: torch.Generator | None = None,
    pictures: Tensor | None = None,
    beam_size: int = 5,
    max_length: int = 30,
    progress: bool = False,
) -> list[list[str]]:
    """Captions of pictures, each in a style, by beam search (DSIC, Algorithm 2).

    Args:
        styles: the number of a style for each picture.
        generator: of the samples that Algorithm 2 draws; without one, means are taken.
        pictures: which pictures of the data set, long (N,); all by default.
    """
    rows = torch.arange(len(dataset.pictures)) if pictures is None else pictures
    device = next(captioner.parameters()).device
    with evaluating(captioner):
        visual, asked = dataset.features[rows].to(device), torch.tensor(styles).to(device)
        z = captioner.mix(visual, asked, generator)
    return say(captioner, dataset, z, beam_size=beam_size, max_length=max_length, progress=progress)


@torch.no_grad()
def say(
    captioner: Captioner,
    dataset: StyledDataset,
    z: Tensor,
    *,
    beam_size: int = 5,
    max_length: int = 30,
    progress: bool = False,
) -> list[list[str]]:
    """The captions that a captioner tells of z (N, Z), as lists of words."""
    start, end = dataset.word_map["<start>"], dataset.word_map["<end>"]
    told: list[list[str]] = []
    with evaluating(captioner):
        for part in tqdm(z.split(64), "telling", disable=not progress):
            state = captioner.teller.init_state(part)
            found = beam_search(captioner.teller.step, state, start, end, beam_size, max_length)
            told += [dataset.decode(caption.ids) for caption in found]
    return told
