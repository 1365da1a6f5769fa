"""Gradient-boosted trees that only tell which entries of a code matter, for DCI.

The trees are those of scikit-learn's GradientBoostingClassifier with its defaults, on which DCI's
reference implementation rests (100 rounds, step 0.1, depth 3, all entries, all examples), with two
differences: thresholds lie between at most 64 bins of an entry, and the trees of all values of a
factor grow together, level by level. Shape letters: N examples, L entries of a code, B bins, K
values of the factor, C trees that grow together (K of them, or 1 where K is 2).
"""

import numpy as np
from scipy.sparse import csr_array

__all__ = ["BoostedTrees"]

ROUNDS, STEP, DEPTH = 100, 0.1, 3
BINS = 64
Level = tuple[np.ndarray, np.ndarray]  # a split of each node and tree: entry, last bin to the left


class BoostedTrees:
    """A classifier of a factor's value from a code.

    Args:
        codes: (N, L), finite. values: (N,), at least two different ones.
        generator: decides between entries that split equally well.

    Attributes:
        importance: (L,), adds up to 1; all zero if no entry tells anything.
    """

    def __init__(
        self, codes: np.ndarray, values: np.ndarray, generator: np.random.Generator
    ) -> None:
        self._values, labels = np.unique(values, return_inverse=True)
        self._edges = [_edges(entry) for entry in codes.T]
        targets = np.eye(len(self._values))[labels]
        targets = targets[:, 1:] if len(self._values) == 2 else targets
        self._start = _logits(targets.mean(0))
        self._trees: list[tuple[list[Level], np.ndarray]] = []
        grower = _Grower(self._bins(codes), generator)
        logits = np.tile(self._start, (len(codes), 1))
        for _ in range(ROUNDS):
            shares = _shares(logits)
            levels, places = grower.grow(targets - shares)
            leaves = _leaves(targets - shares, shares, places)
            self._trees.append((levels, leaves))
            logits += STEP * _at(leaves, places)
        self.importance = grower.gained / (grower.gained.sum() or 1)

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """The likeliest value for each code, (N,)."""
        bins = self._bins(codes)
        logits = np.tile(self._start, (len(bins), 1))
        for levels, leaves in self._trees:
            places = np.zeros(logits.shape, np.int64)
            for level in levels:
                places = _descend(bins, places, level)
            logits += STEP * _at(leaves, places)
        best = logits.argmax(1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(int)
        return self._values[best]

    def _bins(self, codes: np.ndarray) -> np.ndarray:
        places = [np.searchsorted(edges, entry) for edges, entry in zip(self._edges, codes.T)]
        return np.stack(places, 1)


class _Grower:
    """Grows the C trees of a round on binned codes, and adds up what each entry gains."""

    def __init__(self, bins: np.ndarray, generator: np.random.Generator) -> None:
        self.bins, self.generator = bins, generator
        count, self.entries = bins.shape
        self.gained = np.zeros(self.entries)
        self.room: dict[tuple[int, ...], tuple[np.ndarray, ...]] = {}
        rows = (bins + BINS * np.arange(self.entries)).ravel(order="F")
        members = np.tile(np.arange(count), self.entries)
        ones = np.ones(len(rows))
        self.sum = csr_array((ones, (rows, members)), shape=(self.entries * BINS, count))
        self.sizes = self._histogram(np.ones((count, 1, 1)))

    def grow(self, residuals: np.ndarray) -> tuple[list[Level], np.ndarray]:
        """The splits of all levels for residuals (N, C), and the leaf of each example, (N, C)."""
        places = np.zeros(residuals.shape, np.int64)
        sums = self._histogram(residuals[:, None])
        counts = np.broadcast_to(self.sizes, sums.shape)
        levels = []
        for depth in range(DEPTH):
            level = self._split(sums, counts)
            levels.append(level)
            places = _descend(self.bins, places, level)
            if depth + 1 < DEPTH:
                right = places[:, None] == 2 * np.arange(2**depth)[:, None] + 1  # (N, nodes, C)
                sums = _children(sums, self._histogram(residuals[:, None] * right))
                counts = _children(counts, self._histogram(right.astype(float)))
        return levels, places

    def _histogram(self, weights: np.ndarray) -> np.ndarray:
        """Weights (N, nodes, C) added up in each bin of each entry: (L, B, nodes, C)."""
        flat = self.sum @ weights.reshape(len(weights), -1)
        return flat.reshape(self.entries, BINS, *weights.shape[1:])

    def _split(self, sums: np.ndarray, counts: np.ndarray) -> Level:
        """The split of each node and tree that takes most from the squared residuals."""
        gain = self._gain(sums, counts)
        best = gain.max(1)  # (L, nodes, C)
        chance = 1 + 1e-9 * self.generator.random(best.shape)
        entry = (best * chance).argmax(0)
        won = np.take_along_axis(best, entry[None], 0)[0]
        last = np.take_along_axis(gain, entry[None, None], 0)[0].argmax(0)
        np.add.at(self.gained, entry, won.clip(0))
        return entry, np.where(won > 0, last, BINS)

    def _gain(self, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """By how much the squared residuals fall if a node is split after each bin: as `sums`.

        The arrays of a level are large and many, so they are made once and written into.
        """
        if sums.shape not in self.room:
            self.room[sums.shape] = tuple(np.empty(sums.shape) for _ in range(4))
        left, right, few, rest = self.room[sums.shape]
        np.cumsum(sums, 1, out=left)
        np.cumsum(counts, 1, out=few)
        total, many = left[:, -1:].copy(), few[:, -1:].copy()
        np.subtract(total, left, out=right)
        np.subtract(many, few, out=rest)
        for side, number in ((left, few), (right, rest)):
            np.maximum(number, 1, out=number)
            np.multiply(side, side, out=side)
            np.divide(side, number, out=side)
        left += right
        left -= total**2 / np.maximum(many, 1) * (1 + 1e-9)  # no gain from rounding
        return left


def _edges(entry: np.ndarray) -> np.ndarray:
    """Thresholds of an entry: between all its values if they are few, else at quantiles."""
    values = np.unique(entry)
    if len(values) > BINS:
        return np.unique(np.quantile(entry, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    return (values[1:] + values[:-1]) / 2


def _children(parents: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Histograms of both children of each node, left before right."""
    pairs = np.stack([parents - right, right], 3)  # (L, B, nodes, 2, C)
    return pairs.reshape(*parents.shape[:2], -1, parents.shape[-1])


def _descend(bins: np.ndarray, places: np.ndarray, level: Level) -> np.ndarray:
    """Where the examples are one level further down: 2 * node, plus 1 to the right."""
    count, trees = places.shape
    cells = places * trees + np.arange(trees)
    entry, last = (table.ravel().take(cells) for table in level)
    entry += bins.shape[1] * np.arange(count)[:, None]
    return 2 * places + (bins.ravel().take(entry) > last)


def _leaves(residuals: np.ndarray, shares: np.ndarray, places: np.ndarray) -> np.ndarray:
    """One step of Newton in each leaf: (leaves, C)."""
    trees = residuals.shape[1]
    cells, many = (places * trees + np.arange(trees)).ravel(), 2**DEPTH * trees
    above = np.bincount(cells, residuals.ravel(), many)
    below = np.bincount(cells, (shares * (1 - shares)).ravel(), many)
    factor = (trees - 1) / trees if trees > 1 else 1
    leaves = factor * above / np.where(below > 1e-150, below, np.inf)
    return leaves.reshape(-1, trees)


def _at(leaves: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The value of each example's leaf in each tree, (N, C)."""
    trees = places.shape[1]
    return leaves.ravel().take(places * trees + np.arange(trees))


def _logits(shares: np.ndarray) -> np.ndarray:
    return np.log(shares) if len(shares) > 1 else np.log(shares / (1 - shares))


def _shares(logits: np.ndarray) -> np.ndarray:
    """Softmax over the trees, or the logistic function of a single one."""
    if logits.shape[1] == 1:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)
