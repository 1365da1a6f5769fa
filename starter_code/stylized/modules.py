"""D-Images and D-Captions as assignment 4 takes them: trained, frozen, from one file.

modules = load_modules(None, train, tier("small"))      # the given ones; or a path of your own
styles, facts = modules.viewer.sample(visual, generator)    # z_s1 … z_sK and z_f of pictures
modules.style_vectors                                       # z_s of each style, from its captions

Assignment 3 writes such a file (`save_modules`); one that fits the scenes at the tier `small` comes
with the course.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from starter_code.disentangling.latents import split_latent
from starter_code.errors import CourseError
from starter_code.stylized.datasets import StyledDataset, require_vocabulary
from starter_code.stylized.given import GIVEN
from starter_code.tensors import read_tensors, write_tensors
from starter_code.tiers import Tier
from starter_code.training import load_weights

__all__ = ["Modules", "Viewer", "Writer", "load_modules", "save_modules"]


class Viewer(nn.Module):
    """What D-Images sees in a picture: q(z|x) in slices (DSIC, equation 19).

    Args:
        visual_dim: D. hidden_dim: width between the two layers of f. slices: K. style_dim: d.
        fact_dim: F.
    """

    def __init__(
        self, visual_dim: int, hidden_dim: int, slices: int, style_dim: int, fact_dim: int
    ) -> None:
        super().__init__()
        self.slices, self.style_dim, self.fact_dim = slices, style_dim, fact_dim
        latent_dim = slices * style_dim + fact_dim
        self.f = nn.Sequential(
            nn.Linear(visual_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 2 * latent_dim)
        )

    def forward(self, visual: Tensor) -> torch.distributions.Normal:
        """(B, D) -> the posterior of z, (B, Z)."""
        mean, log_variance = self.f(visual).tensor_split(2, dim=1)
        return torch.distributions.Normal(mean, torch.exp(0.5 * log_variance))

    def sample(
        self, visual: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Style slices (B, K, d) and facts (B, F) of pictures (B, D).

        Args:
            generator: of the noise, on the CPU; without one the means are taken.
        """
        posterior = self(visual)
        z = posterior.mean
        if generator is not None:
            noise = torch.randn(z.shape, generator=generator).to(z.device)
            z = torch.addcmul(z, posterior.stddev, noise)
        return split_latent(z, self.slices, self.style_dim)


class Writer(nn.Module):
    """The decoder of D-Captions: says a caption from z = [z_s ; z_f] (DSIC, section 3.3.2).

    The contract of `captioning.decode`: init_state(z (B, Z)), step(words (B,), state).
    """

    def __init__(self, vocab_size: int, embed_dim: int, hidden_dim: int, latent_dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.start = nn.Linear(latent_dim, 2 * hidden_dim)
        self.writer = nn.LSTM(embed_dim + latent_dim, hidden_dim, batch_first=True)
        self.word_fc = nn.Linear(hidden_dim, vocab_size)

    def init_state(self, z: Tensor) -> tuple[Tensor, ...]:
        """(B, Z) -> h, c (B, H) and z."""
        h, c = self.start(z).tanh().tensor_split(2, dim=1)
        return h, c, z

    def step(self, words: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """(B,) and a state -> scores (B, V) and the next state."""
        h, c, z = state
        heard = torch.cat([self.embedding(words), z], dim=1)
        _, (h, c) = self.writer(heard[:, None], (h[None].contiguous(), c[None].contiguous()))
        return self.word_fc(h[0]), (h[0], c[0], z)


@dataclass
class Modules:
    """What assignment 3 hands over.

    Attributes:
        viewer: D-Images, for pictures. writer: D-Captions' decoder.
        style_vectors: z_s^cap of each style, the mean over its training captions (S, d'), lines 11
            to 17 of Algorithm 1.
        facts: z_f of D-Captions for each training picture, the mean over its captions (N, F').
        source: the file that all this came from.
    """

    viewer: Viewer
    writer: Writer
    style_vectors: Tensor
    facts: Tensor
    source: str


def save_modules(
    path: str | Path,
    *,
    image_vae: nn.Module,
    caption_vae: nn.Module,
    style_vectors: Tensor,
    facts: Tensor,
    dataset: StyledDataset,
    about: Mapping[str, Any] | None = None,
) -> Path:
    """Write both trained modules to a safetensors file, in half precision.

    Args:
        image_vae, caption_vae: with the names of assignment 3.
        style_vectors, facts: see `Modules`.
        dataset: the training captions; its vocabulary and size are kept, to refuse others.
        about: more to be kept, such as how it was trained.
    """
    tensors = {f"viewer.f.{k}": v for k, v in image_vae.f.state_dict().items()}
    for part in ("embedding", "start", "writer", "word_fc"):
        state = getattr(caption_vae, part).state_dict()
        tensors |= {f"writer.{part}.{k}": v for k, v in state.items()}
    tensors |= {"style_vectors": style_vectors, "facts": facts}
    about = dict(about or {}) | {
        "key": dataset.key,
        "pictures": len(dataset.pictures),
        "styles": list(dataset.styles),
        "slices": image_vae.slices,
        "style_dim": image_vae.style_dim,
    }
    return write_tensors(path, {name: value.half() for name, value in tensors.items()}, about)


def load_modules(path: str | Path | None, dataset: StyledDataset, tier: Tier) -> Modules:
    """The modules of a file, frozen; without a path those that come with the course.

    At the tier tiny nothing fits and nothing is measured: there, without a path, untrained modules
    stand in, so that a notebook can be run.

    Args:
        dataset: the training captions.

    Raises:
        CourseError: no file, one of other words, styles or pictures, or a damaged one.
    """
    if path is None and tier.name == "tiny":
        return _stand_in(dataset)
    if path is None:
        path = GIVEN / f"scenes_{tier.name}_modules.safetensors"
        if not path.is_file():
            raise CourseError(
                f"No trained modules come with the tier {tier.name!r}: run assignment 3 at this "
                "tier and give the file runs/a3/modules.safetensors that it writes."
            )
    elif not Path(path).is_file():
        raise CourseError(
            f"There is no checkpoint {path} of assignment 3: run its notebook to the end, correct "
            "the path, or give none and take the modules that come with the course."
        )
    tensors, about = read_tensors(path)
    require_vocabulary(dataset, about.get("key", ""), path)
    if about["pictures"] != len(dataset.pictures):
        raise CourseError(
            f"{path} was made from {about['pictures']} training pictures and here are "
            f"{len(dataset.pictures)}: prepare the data that it was trained on, or train again."
        )
    return _from_tensors({k: v.float() for k, v in tensors.items()}, about, dataset, str(path))


def _from_tensors(
    tensors: dict[str, Tensor], about: Mapping[str, Any], dataset: StyledDataset, source: str
) -> Modules:
    try:
        hidden, visual = tensors["viewer.f.0.weight"].shape
        latent = tensors["viewer.f.2.weight"].shape[0] // 2
        words, embed = tensors["writer.embedding.weight"].shape
        twice, spoken = tensors["writer.start.weight"].shape
        style_vectors, facts = tensors.pop("style_vectors"), tensors.pop("facts")
    except (KeyError, ValueError):
        raise CourseError(
            f"{source} does not hold the modules of assignment 3: give another file."
        ) from None
    if visual != dataset.feature_dim:
        raise CourseError(
            f"{source} sees pictures of {visual} features, and {dataset.folder} has "
            f"{dataset.feature_dim}: prepare the data at the tier that it was trained at."
        )
    slices, style_dim = about["slices"], about["style_dim"]
    viewer = Viewer(visual, hidden, slices, style_dim, latent - slices * style_dim)
    writer = Writer(words, embed, twice // 2, spoken)
    for name, module in (("viewer", viewer), ("writer", writer)):
        own = {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(f"{name}.")}
        load_weights(module, own, source)
        module.requires_grad_(False)
    return Modules(viewer, writer, style_vectors, facts, source)


def _stand_in(dataset: StyledDataset) -> Modules:
    """Untrained modules of small sizes."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        styles = len(dataset.styles)
        viewer = Viewer(dataset.feature_dim, 64, styles, 8, 32)
        writer = Writer(len(dataset.words), 32, 48, 40)
        vectors, facts = torch.randn(styles, 8), torch.randn(len(dataset.pictures), 32)
    for module in (viewer, writer):
        module.requires_grad_(False)
    return Modules(viewer, writer, vectors, facts, "untrained modules, for the tier tiny")
