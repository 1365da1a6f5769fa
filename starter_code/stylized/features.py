"""What an encoder sees in each picture: one vector a picture, computed once and kept in HDF5.

ℰ(x) of DSIC, section 3.3.1 and (11): "features", float32 (N, D), row i for the picture that
"filenames" names in place i. At the full tier ℰ is ResNet-152, D = 2048, as in section 4.4; at the
others it is an encoder that a laptop can run, with its grid pooled to one cell.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.captioning.datasets import CaptionDataset
from starter_code.captioning.models import Encoder, FrozenFeatures, SmallEncoder
from starter_code.captioning.pictures import stream_blocks
from starter_code.captioning.pretraining import pretrain
from starter_code.errors import CourseError
from starter_code.stylized.given import GIVEN
from starter_code.tensors import read_tensors
from starter_code.tiers import Tier
from starter_code.training import load_weights, pick_device, write_atomically

__all__ = [
    "PooledEncoder",
    "photo_encoder",
    "read_features",
    "scene_encoder",
    "see",
    "write_features",
]


class PooledEncoder(nn.Module):
    """An encoder of the captioning labs whose grid becomes one cell: (B, 3, S, S) -> (B, 1, 2 · D).

    The mean over the cells and beside it the largest value: a small object fills few cells and is
    lost in a mean.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.encoder_dim = 2 * encoder.encoder_dim
        self.grid = (1, 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S), uint8 or float in [0, 1] -> (B, 1, 2 · D): means, then largest values."""
        cells = self.encoder(images)  # (B, P, D)
        return torch.cat([cells.mean(1), cells.amax(1)], dim=1)[:, None]


def scene_encoder(tier: Tier, input_folder: str | Path, seed: int, device: str) -> nn.Module:
    """ℰ for the picture world: taught to name what it sees, on the train split's plain captions.

    What it learns to read them from is the pooled cell, twice as wide as captioning's cells: all
    that a picture shows has to fit into it. At the tier small a trained one is given; one that is
    trained here is kept beside `input_folder`, so that the next call, for other styles, finds it.
    """
    if tier.encoder == "resnet101":
        return Encoder(grid_size=1, picture_size=tier.picture_size, depth=152)
    with torch.random.fork_rng(devices=[]):  # its first weights depend on `seed` alone
        torch.manual_seed(seed)
        encoder = PooledEncoder(SmallEncoder(2 * tier.encoder_dim, tier.picture_size))
    given = GIVEN / f"scenes_{tier.name}_encoder.safetensors"
    if seed == 0 and given.is_file():
        load_weights(encoder, read_tensors(given)[0], given)
        return encoder
    return pretrain(
        encoder,
        CaptionDataset(input_folder, "train"),
        steps=tier.pretraining_steps,
        seed=seed,
        device=device,
        folder=Path(input_folder).parent / "encoder",
    )


def photo_encoder(tier: Tier, train: Sequence[str | Path], size: int, seed: int) -> nn.Module:
    """ℰ for photos: ResNet-152, or at the CPU tiers edges and colours fitted on `train` paths."""
    if tier.encoder == "resnet101":
        return Encoder(grid_size=1, picture_size=size, depth=152)
    pixels = np.concatenate(list(stream_blocks([str(path) for path in train], size)))
    whole = min(96, len(train) // 2)  # components; they must be fewer than the pictures
    encoder = FrozenFeatures(global_dim=whole, picture_size=size)
    return PooledEncoder(encoder.fit(torch.from_numpy(pixels), seed))


@torch.no_grad()
def see(encoder: nn.Module, images: Tensor) -> Tensor:
    """One vector a picture: uint8 (B, 3, S, S) -> float32 (B, D), on the CPU.

    Args:
        encoder: (B, 3, S, S) -> (B, 1, D): its grid is a single cell.
    """
    return encoder(images)[:, 0].float().cpu()


def write_features(
    path: str | Path,
    names: Sequence[str],
    image_folder: str | Path,
    encoder: nn.Module,
    size: int,
    *,
    made_with: dict[str, Any],
    device: str = "auto",
    workers: int | None = None,
) -> Path:
    """Write what `encoder` sees in the pictures `names`, read at `size` px; return `path`.

    Raises:
        CourseError: a picture is missing or damaged, no space on the disk. No half file is left.
    """
    where = pick_device(device)
    encoder = encoder.to(where).eval()
    paths = [str(Path(image_folder) / name) for name in names]
    bar = tqdm(total=len(paths), desc="looking at the pictures", unit="picture")
    rows = []
    with bar:
        for block in stream_blocks(paths, size, workers):  # uint8 (at most BLOCK, 3, S, S)
            rows.append(see(encoder, torch.from_numpy(block).to(where)))
            bar.update(len(block))
    features = torch.cat(rows).numpy()

    def write(temporary: Path) -> None:
        with h5py.File(temporary, "w") as store:
            store.create_dataset("features", data=features, track_times=False)
            store.create_dataset("filenames", data=list(names), track_times=False)
            store.attrs["made_with"] = json.dumps(made_with, sort_keys=True)

    return write_atomically(path, write)


def read_features(path: str | Path, names: Sequence[str]) -> Tensor:
    """The vectors of the pictures `names`, in this order: float32 (N, D).

    Raises:
        CourseError: no such file, a damaged one, or one of other pictures.
    """
    path = Path(path)
    try:
        with h5py.File(path, "r") as store:
            row = {name.decode(): i for i, name in enumerate(store["filenames"][:])}
            features = torch.from_numpy(store["features"][:])
    except (OSError, KeyError) as error:
        raise CourseError(
            f"{path} cannot be read ({error}): delete the folder and prepare the data again."
        ) from None
    lacking = [name for name in names if name not in row]
    if lacking or len(features) != len(row):
        what = f"there is no row for {lacking[0]}" if lacking else "rows and names differ in number"
        raise CourseError(
            f"Images and captions do not align, in {path} {what}: delete the folder and prepare "
            "the data again."
        )
    return features[[row[name] for name in names]]
