"""Hand-made features for real photos, where no trained encoder can be had.

The encoder `FrozenFeatures` is re-exported by `models.py`. It describes edges (histograms of
oriented gradients: Dalal and Triggs, 2005) and colours of each cell of a grid, reduces them with
principal components found on training pictures, and adds to each cell the same summary of the
whole picture, so that a decoder which averages over the cells still knows what was where.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.errors import CourseError
from starter_code.training import write_atomically

__all__ = ["FrozenFeatures"]

ORIENTATIONS = 9  # bins of the gradient histogram
PARTS = 2  # a cell has PARTS x PARTS gradient histograms
LEVELS = 4  # bins per colour channel


class FrozenFeatures(nn.Module):
    """Edges and colours on a grid, reduced by principal components; nothing to train.

    `fit` finds the components on training pictures; they are buffers and so part of a checkpoint.
    Features of a picture are computed once and kept in memory, and, with `cache`, in a file.

    Args:
        grid_size: cells per side.
        local_dim, global_dim: components of a cell and of the whole picture; D is their sum.
        picture_size: S, pixels per side.
        cache: a file that keeps the features between runs, such as "runs/photos.npz".
    """

    def __init__(
        self,
        grid_size: int = 4,
        local_dim: int = 32,
        global_dim: int = 96,
        picture_size: int = 256,
        cache: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.encoder_dim = local_dim + global_dim
        self.grid = (grid_size, grid_size)
        self.picture_size = picture_size
        self.layers = [(picture_size / grid_size, picture_size / grid_size, 0)]
        cell = PARTS**2 * ORIENTATIONS + LEVELS**3
        for name, inputs, outputs in (
            ("local", cell, local_dim),
            ("whole", cell * grid_size**2, global_dim),
        ):
            self.register_buffer(f"{name}_mean", torch.zeros(inputs))
            self.register_buffer(f"{name}_axes", torch.zeros(inputs, outputs))
        self.register_buffer("fitted", torch.tensor(False))
        self.cache = None if cache is None else Path(cache)
        self._known: dict[str, np.ndarray] = {}

    def fit(self, images: Tensor, seed: int = 0) -> "FrozenFeatures":
        """Find the components on training pictures, uint8 (N, 3, S, S). Returns itself."""
        raw = self._describe(images, "describing the training pictures")  # (N, P, cell)
        pictures, dim = len(raw), self.encoder_dim - self.local_axes.shape[1]
        if pictures <= dim:
            raise CourseError(
                f"{dim} components of whole pictures need more than {dim} training pictures, "
                f"there are {pictures}: give more or take a smaller global_dim."
            )
        self._reduce("local", raw.reshape(-1, raw.shape[-1]), seed)
        self._reduce("whole", raw.reshape(pictures, -1), seed)
        self.fitted.fill_(True)
        return self

    def _reduce(self, name: str, rows: np.ndarray, seed: int) -> None:
        from sklearn.decomposition import PCA  # slow to import

        axes = getattr(self, f"{name}_axes")
        pca = PCA(axes.shape[1], svd_solver="randomized", random_state=seed).fit(rows)
        # One scale for all components: the first has unit variance, the others keep their
        # proportion, for whitening would blow up noise.
        scale = np.sqrt(pca.explained_variance_[0]) + 1e-8
        getattr(self, f"{name}_mean").copy_(torch.from_numpy(pca.mean_))
        axes.copy_(torch.from_numpy(pca.components_.T / scale))

    def forward(self, images: Tensor) -> Tensor:
        """uint8 (B, 3, S, S) -> (B, P, D): a cell's components beside the whole picture's.

        Raises CourseError before `fit`, or for pictures of another size.
        """
        if not self.fitted:
            raise CourseError("FrozenFeatures has no components yet: call fit(training images).")
        raw = torch.from_numpy(self._describe(images.cpu())).to(self.local_mean.device)
        local = (raw - self.local_mean) @ self.local_axes
        whole = (raw.flatten(1) - self.whole_mean) @ self.whole_axes
        return torch.cat([local, whole[:, None].expand(-1, local.shape[1], -1)], dim=-1)

    def _describe(self, images: Tensor, progress: str | None = None) -> np.ndarray:
        """Raw descriptions, float32 (B, P, cell), from memory where a picture was seen before."""
        if images.dtype != torch.uint8 or images.shape[-1] != self.picture_size:
            raise CourseError(
                f"FrozenFeatures was built for uint8 pictures of {self.picture_size} px and got "
                f"{images.dtype} of {images.shape[-1]} px: give picture_size, or resize them."
            )
        self._read_cache()
        pixels = images.numpy()
        keys = [hashlib.blake2b(p.tobytes(), digest_size=16).hexdigest() for p in pixels]
        missing = {key: i for i, key in enumerate(keys) if key not in self._known}
        for key, i in tqdm(missing.items(), desc=progress, unit="photo", disable=not progress):
            self._known[key] = describe(pixels[i], self.grid[0])
        if missing and progress:
            self._write_cache()
        return np.stack([self._known[key] for key in keys]).astype(np.float32)

    def _read_cache(self) -> None:
        if self._known or self.cache is None or not self.cache.is_file():
            return
        try:
            with np.load(self.cache) as stored:
                keys, rows = stored["keys"].tolist(), stored["rows"]
        except (OSError, ValueError, KeyError, EOFError):
            return  # a damaged cache is only a slow start: it is computed and written again
        cells = (self.grid[0] * self.grid[1], self.local_mean.shape[0])
        if rows.shape[1:] == cells:
            self._known.update(zip(keys, rows))

    def _write_cache(self) -> None:
        if self.cache is not None:
            keys, rows = np.array(list(self._known)), np.stack(list(self._known.values()))
            write_atomically(self.cache, lambda path: _save(path, keys, rows))

    def precompute(self, images: Tensor) -> None:
        """Describe pictures now, with a progress bar, and write them to the cache file."""
        self._describe(images, "describing pictures")


def _save(path: Path, keys: np.ndarray, rows: np.ndarray) -> None:
    with open(path, "wb") as file:
        np.savez(file, keys=keys, rows=rows)


def describe(picture: np.ndarray, grid_size: int) -> np.ndarray:
    """Edges and colours of each cell of one picture.

    Args:
        picture: uint8 (3, S, S).
        grid_size: cells per side.

    Returns: float16 (P, cell), all entries in [0, 1]: PARTS² gradient histograms, then a joint
        colour histogram whose roots sum to one (its square root, so that rare colours count).
    """
    from skimage.feature import hog

    side = picture.shape[1] // (grid_size * PARTS)
    edges = hog(
        picture.transpose(1, 2, 0),
        orientations=ORIENTATIONS,
        pixels_per_cell=(side, side),
        cells_per_block=(PARTS, PARTS),
        feature_vector=False,
        channel_axis=-1,
    )  # (blocks, blocks, PARTS, PARTS, ORIENTATIONS), blocks overlapping by all but one
    edges = edges[::PARTS, ::PARTS].reshape(grid_size**2, -1)
    colours = _colour_histograms(picture, grid_size)
    return np.concatenate([edges, np.sqrt(colours)], axis=1).astype(np.float16)


def _colour_histograms(picture: np.ndarray, grid_size: int) -> np.ndarray:
    """Shares of the LEVELS³ colours in each cell, float (P, LEVELS³)."""
    size = picture.shape[1]
    red, green, blue = (picture.astype(np.int64) * LEVELS) // 256
    colour = (red * LEVELS + green) * LEVELS + blue  # (S, S)
    band = np.arange(size) * grid_size // size
    cell = band[:, None] * grid_size + band[None, :]  # (S, S)
    bins = grid_size**2 * LEVELS**3
    counts = np.bincount((cell * LEVELS**3 + colour).ravel(), minlength=bins)
    counts = counts.reshape(grid_size**2, LEVELS**3).astype(float)
    return counts / counts.sum(1, keepdims=True)
