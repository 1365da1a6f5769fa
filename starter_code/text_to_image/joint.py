"""The joint embedding: texts and pictures that belong together get a large dot product.

`fit_joint(text_encoder, picture_encoder, joint_embedding_loss, train, options)` trains both. Then
the text encoder is kept as φ of the GAN, and the picture encoder for R-precision. The training can
be killed and goes on with `resume=True`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.tensors import read_tensors, write_tensors
from starter_code.text_to_image.datasets import CaptionedPictures, embed
from starter_code.text_to_image.encoders import CharacterCNNRNN, PictureEncoder, in_parts
from starter_code.text_to_image.given import given_file, has_given
from starter_code.text_to_image.sizes import sizes
from starter_code.tiers import Tier
from starter_code.training import (
    cosine,
    load_checkpoint,
    load_weights,
    pick_device,
    random_state,
    restore_random_state,
    save_checkpoint,
)

__all__ = ["JointOptions", "build_encoders", "fit_joint", "given_encoders", "keep_encoders"]

JointLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
_FREE = {"device", "folder", "resume", "progress"}  # may differ when going on


@dataclass(frozen=True)
class JointOptions:
    """How to train the joint embedding."""

    steps: int
    batch_size: int = 64
    learning_rate: float = 3e-3
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/a5/joint"
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        return json.dumps({k: v for k, v in asdict(self).items() if k not in _FREE})


class _Pair(nn.Module):
    """Both encoders, to be kept and loaded as one."""

    def __init__(self, texts: nn.Module, pictures: nn.Module) -> None:
        super().__init__()
        self.texts, self.pictures = texts, pictures


def fit_joint(
    text_encoder: nn.Module,
    picture_encoder: PictureEncoder,
    joint_embedding_loss: JointLoss,
    train: CaptionedPictures,
    options: JointOptions,
) -> list[dict[str, float]]:
    """Train both encoders; afterwards they are in evaluation mode.

    Args:
        joint_embedding_loss: (pictures (B, E), texts (B, E), fits (B, B)) -> scalar.

    Returns:
        A record each 50 steps: "step", "loss" (their mean).

    Raises:
        CourseError: a loss that is not a number, or a checkpoint of another training.
    """
    device = pick_device(options.device)
    pair = _Pair(text_encoder, picture_encoder).to(device)
    learning = [parameter for parameter in pair.parameters() if parameter.requires_grad]
    adam = torch.optim.Adam(learning, lr=options.learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda n: cosine(n, options.steps))
    generator = torch.Generator().manual_seed(options.seed)
    seen = _features(picture_encoder, train, options.progress)

    def step() -> Tensor:
        rows = torch.randint(len(train), (options.batch_size,), generator=generator)
        told = train.told(rows, generator)
        texts = text_encoder([train.captions[j] for j in told.tolist()])
        if seen is None:
            pictures = picture_encoder(train.images(rows).to(device))
        else:
            pictures = picture_encoder.project(seen[rows].float().to(device))
        loss = joint_embedding_loss(pictures, texts, train.fits(rows, told).to(device))
        adam.zero_grad()
        loss.backward()
        adam.step()
        schedule.step()
        return loss.detach()

    records = run_steps(
        pair, [adam, schedule], step, options.steps, generator, options.folder, options.fixed,
        options.resume, "joint embedding" if options.progress else "",
    )  # fmt: skip
    _settle(text_encoder, picture_encoder, train)
    return records


def _features(encoder: PictureEncoder, train: CaptionedPictures, progress: bool) -> Tensor | None:
    """What does not learn, computed once: (N, D) in half precision; None if it does learn."""
    if not encoder.fixed:
        return None
    device = encoder.project.weight.device

    def use(rows: Tensor) -> Tensor:
        return encoder.features(train.images(rows).to(device)).half()

    return in_parts(encoder, use, torch.arange(len(train)), told="looking" if progress else "")


@torch.no_grad()
def _settle(
    text_encoder: nn.Module, picture_encoder: PictureEncoder, train: CaptionedPictures
) -> None:
    """Decorrelate the texts, see `encoders.Even`; a picture's order of the texts stays the same.

    v · t = v · W⁻¹ t' + v · m with t' = W (t - m): pictures are multiplied by W⁻¹ in turn, and
    v · m is the same for all texts.
    """
    if text_encoder.even.mean.any():  # it was settled by an earlier training
        return
    inverse = text_encoder.even.settle(
        embed(text_encoder, train.captions[:5000]).to(text_encoder.even.mean.device)
    )
    picture_encoder.project.weight.copy_(inverse @ picture_encoder.project.weight)
    picture_encoder.project.bias.copy_(inverse @ picture_encoder.project.bias)


def run_steps(
    network: nn.Module,
    keepers: list,
    step: Callable[[], Tensor],
    steps: int,
    generator: torch.Generator,
    folder: str | Path,
    fixed: str,
    resume: bool,
    told: str,
) -> list[dict[str, float]]:
    """Call `step` so many times; `network` ends in evaluation mode. A kill costs 500 steps at most.

    Args:
        keepers: optimisers and schedules, whose states are kept too.
        fixed: what may not change between the parts of one training.
    """
    path, records = Path(folder) / "last.pt", list[dict[str, float]]()
    if resume and path.is_file():
        state = load_checkpoint(path)
        if state.get("fixed") != fixed:
            raise CourseError(
                f"{path} is the checkpoint of a training with other options: set them back to go "
                "on, take another folder, or give resume=False."
            )
        load_weights(network, state["network"], path)
        for keeper, kept in zip(keepers, state["keepers"], strict=True):
            keeper.load_state_dict(kept)
        records = state["records"]
        restore_random_state(state["random"], generator)
    network.train()
    begun = int(records[-1]["step"]) if records else 0
    losses: list[Tensor] = []
    with tqdm(total=steps, initial=begun, desc=told, disable=not told) as bar:
        for number in range(begun + 1, steps + 1):
            losses.append(step())
            bar.update()
            if number % 50 == 0 or number == steps:
                mean = float(torch.stack(losses).mean())
                if mean != mean:
                    raise CourseError(f"The loss became NaN before step {number}: look for why.")
                records.append({"step": number, "loss": mean})
                losses.clear()
                bar.set_postfix(loss=f"{mean:.3f}")
            if number % 500 == 0 or number == steps:
                state = {"network": network.state_dict(), "fixed": fixed, "records": records}
                state["keepers"] = [keeper.state_dict() for keeper in keepers]
                save_checkpoint(path, state | {"random": random_state(generator)})
    network.eval()
    return records


def build_encoders(
    tier: Tier, seed: int = 0, look: Mapping[str, Tensor] | None = None, fixed: bool = True
) -> tuple[CharacterCNNRNN, PictureEncoder]:
    """Encoders of texts and of pictures at a tier, to be trained with `fit_joint`.

    Args:
        look: weights of the picture encoder's features; by default those that come with the course.
        fixed: False for features that are learnt, too; so it is where none come with the tier.
    """
    texts, pictures = _untrained(tier, seed)
    if look is None and fixed and has_given("text", tier.name):
        look = given_encoders(tier)[1].look.state_dict()
    if look is None or not fixed:
        pictures.let_learn()
    else:
        pictures.look.load_state_dict(look)
    return texts, pictures


def _untrained(tier: Tier, seed: int = 0) -> tuple[CharacterCNNRNN, PictureEncoder]:
    size = sizes(tier)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return (
            CharacterCNNRNN(size.text_dim, size.encoder_width, size.characters),
            PictureEncoder(size.text_dim, size.encoder_width, size.picture_size),
        )


def keep_encoders(
    path: str | Path, text_encoder: nn.Module, picture_encoder: nn.Module, tier: Tier, seed: int
) -> Path:
    """Write both encoders to a file that `given_encoders` reads."""
    weights = _Pair(text_encoder, picture_encoder).state_dict()
    return write_tensors(path, weights, {"tier": tier.name, "seed": seed, "what": "encoders"})


def given_encoders(
    tier: Tier, path: str | Path | None = None
) -> tuple[CharacterCNNRNN, PictureEncoder]:
    """Trained encoders of texts and of pictures, which do not learn any more.

    Args:
        path: a file of your own, by `keep_encoders`; by default the one that comes with the course.

    Raises:
        CourseError: none come with the tier, or a file of another size.
    """
    path = Path(path or given_file("text", tier.name))
    pair = _Pair(*_untrained(tier))
    weights, _ = read_tensors(path)
    load_weights(pair, weights, path)
    pair.eval().requires_grad_(False)
    return pair.texts, pair.pictures  # type: ignore[return-value]
