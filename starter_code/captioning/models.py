"""The encoders of the captioning labs: from a picture to a grid of features.

All three have one contract: `encoder(images) -> (B, P, D)` with `encoder_dim` = D,
`grid` = (rows, columns), P = rows · columns counted row by row, and `layers`, a list of
(kernel, stride, padding) from the picture to the grid, which says where a cell lies.

- `Encoder`: the handout's, torchvision's ResNet-101 without its last two layers;
- `SmallEncoder`: four layers that a laptop trains from scratch;
- `FrozenFeatures`: hand-made features for photos where no weights can be had.

The decoders are not here: writing them is the labs' work.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar
from urllib.error import URLError

import torch
from torch import Tensor, nn

from starter_code.captioning.features import FrozenFeatures
from starter_code.errors import CourseError
from starter_code.tiers import Tier

__all__ = ["Encoder", "FrozenFeatures", "SmallEncoder", "encoder_for", "normalise"]

# Mean and standard deviation of ImageNet's red, green and blue, for values in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Geometry = list[tuple[float, float, float]]


def normalise(images: Tensor, mode: str = "imagenet") -> Tensor:
    """Pictures as a network wants them.

    "imagenet": values in [0, 1], minus ImageNet's mean, by its standard deviation, per channel:
    what torchvision's weights were trained with. "handout": first to [-1, 1], then the same mean
    and deviation, as the handout (section 2, model input) says; torchvision's weights see
    unfamiliar values then, a network trained from scratch does not mind.

    Args:
        images: (B, 3, S, S), uint8, or float in [0, 1].
        mode: "imagenet" or "handout".

    Returns: float (B, 3, S, S).
    """
    if mode not in ("imagenet", "handout"):
        raise CourseError(f"There is no normalisation {mode!r}: take 'imagenet' or 'handout'.")
    values = images.float() / 255 if images.dtype == torch.uint8 else images
    if mode == "handout":
        values = 2 * values - 1
    mean = values.new_tensor(IMAGENET_MEAN)[:, None, None]
    std = values.new_tensor(IMAGENET_STD)[:, None, None]
    return (values - mean) / std


def _cells(maps: Tensor) -> Tensor:
    """(B, D, rows, columns) -> (B, P, D), row by row."""
    # Contiguous, because decoders read whole cells at every word.
    return maps.flatten(2).transpose(1, 2).contiguous()


class SmallEncoder(nn.Module):
    """Convolutions with batch normalisation, three of them of stride 2: 64 px give 8 × 8 cells.

    Small enough to be trained from scratch on a CPU together with a decoder. The fourth, of stride
    1, doubles what a cell sees, from 15 to 31 pixels: a whole object of the picture world.

    Args:
        encoder_dim: D, channels of the grid.
        picture_size: S, pixels per side.
        normalisation: see `normalise`.
    """

    def __init__(
        self, encoder_dim: int = 64, picture_size: int = 64, normalisation: str = "handout"
    ) -> None:
        super().__init__()
        self.encoder_dim = encoder_dim
        self.normalisation = normalisation
        self.layers: Geometry = [(3, 2, 1)] * 3 + [(3, 1, 1)]
        side = _side_after(self.layers, picture_size)
        self.grid = (side, side)
        widths = (3, encoder_dim // 4, encoder_dim // 2, encoder_dim, encoder_dim)
        self.blocks = nn.Sequential(
            *(_block(a, b, *self.layers[i]) for i, (a, b) in enumerate(pairwise(widths)))
        )

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S), uint8 or float in [0, 1] -> (B, P, D)."""
        return _cells(self.blocks(normalise(images, self.normalisation)))


def _block(inputs: int, outputs: int, kernel: int, stride: int, padding: int) -> nn.Module:
    # Batch normalisation has a shift of its own, so the convolution needs no bias.
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _side_after(layers: Sequence[tuple[float, float, float]], size: int) -> int:
    for kernel, stride, padding in layers:
        size = int((size + 2 * padding - kernel) // stride) + 1
    return size


class Encoder(nn.Module):
    """The handout's encoder: ResNet-101 without pooling and classifier, then adaptive pooling.

    He et al., "Deep residual learning for image recognition", 2016. The weights are frozen until
    `fine_tune` opens the last blocks; batch normalisation keeps ImageNet's statistics always, for
    those of a batch of captions would be far noisier.

    Args:
        grid_size: cells per side after adaptive pooling (14 in the handout).
        picture_size: S, pixels per side; it decides where the cells lie.
        depth: 101 or 152.
        weights: "imagenet", or None for random ones (tests).
        normalisation: see `normalise`.

    Raises CourseError where the weights cannot be downloaded.
    """

    # (kernel, stride, padding) of the layers that move the grid; the others keep it in place.
    STEM: ClassVar[Geometry] = [(7, 2, 3), (3, 2, 1), (3, 2, 1), (3, 2, 1), (3, 2, 1)]

    def __init__(
        self,
        grid_size: int = 14,
        picture_size: int = 256,
        depth: int = 101,
        weights: str | None = "imagenet",
        normalisation: str = "imagenet",
    ) -> None:
        super().__init__()
        network = _resnet(depth, weights)
        self.encoder_dim = network.fc.in_features
        self.normalisation = normalisation
        self.grid = (grid_size, grid_size)
        # Adaptive pooling from n to m cells is a window of n/m cells moved by n/m cells.
        ratio = _side_after(self.STEM, picture_size) / grid_size
        self.layers: Geometry = [*self.STEM, (ratio, ratio, 0)]
        self.resnet = nn.Sequential(*list(network.children())[:-2])
        self.pool = nn.AdaptiveAvgPool2d(self.grid)
        self.fine_tune(0)

    def fine_tune(self, blocks: int = 3) -> None:
        """Open the last `blocks` (0 to 4) residual blocks for training, freeze the rest."""
        if not 0 <= blocks <= 4:
            raise CourseError(f"A ResNet has 4 blocks, {blocks} cannot be fine-tuned: take 0 to 4.")
        parts = list(self.resnet.children())
        for i, part in enumerate(parts):
            part.requires_grad_(i >= len(parts) - blocks)

    def train(self, mode: bool = True) -> "Encoder":
        """Training mode for all but batch normalisation (see the class)."""
        super().train(mode)
        for part in self.resnet.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S), uint8 or float in [0, 1] -> (B, P, D), D = 2048."""
        return _cells(self.pool(self.resnet(normalise(images, self.normalisation))))


def _resnet(depth: int, weights: str | None) -> nn.Module:
    from torchvision import models  # slow to import, and the CPU tier does without it

    builders = {101: models.resnet101, 152: models.resnet152}
    if depth not in builders:
        raise CourseError(f"The encoder is a ResNet of depth 101 or 152, not {depth}.")
    if weights not in ("imagenet", None):
        raise CourseError(f"There are no weights {weights!r}: take 'imagenet' or None.")
    try:
        return builders[depth](weights="IMAGENET1K_V1" if weights else None)
    except (URLError, OSError, RuntimeError) as error:  # RuntimeError: a damaged download
        raise CourseError(
            f"The ImageNet weights of ResNet-{depth} could not be downloaded "
            f"({type(error).__name__}): connect to the internet once, copy the file to "
            f"{torch.hub.get_dir()}/checkpoints, or take SmallEncoder or FrozenFeatures."
        ) from error


def encoder_for(tier: Tier) -> nn.Module:
    """The encoder that a tier names: SmallEncoder, or ResNet-101 with ImageNet weights."""
    if tier.encoder == "resnet101":
        return Encoder(picture_size=tier.picture_size)
    return SmallEncoder(tier.encoder_dim, tier.picture_size)
