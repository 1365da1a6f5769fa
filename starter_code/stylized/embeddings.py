"""Word vectors to start from, found in the training captions by counting.

DSIC, section 4.4, initialises 300-dimensional word vectors "with Word2Vec", trained on the training
set. Skip-gram with k negative samples factorises, implicitly, the matrix of pointwise mutual
information shifted by log k (Levy and Goldberg, "Neural word embedding as implicit matrix
factorization", 2014). Here that matrix is written down and factorised: no learning rate, no
sampling, the same vectors every time, and within seconds on sets as small as these.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from starter_code.captioning.karpathy import END, START, UNKNOWN
from starter_code.errors import CourseError

__all__ = ["mutual_information", "word_vectors"]

WINDOW = 5  # words to each side that count as context
SMOOTHING = 0.75  # exponent of the context counts, as Word2Vec draws its negative samples


def word_vectors(
    captions: Iterable[Sequence[str]],
    word_map: Mapping[str, int],
    dim: int = 300,
    *,
    negatives: int = 1,
    scale: float = 0.1,
) -> Tensor:
    """Vectors of all words of a word map: W = U √Σ of the shifted positive information matrix.

    Args:
        captions: the training captions, each a list of words.
        word_map: word -> number; <pad> and words that no caption says get zeros.
        dim: E, entries of a vector. Beyond the rank of the matrix entries are zero.
        negatives: k, negative samples of the skip-gram model that this stands for.
        scale: root mean square of the entries that the matrix fills.

    Returns:
        float32 (V, E), to be copied into an `nn.Embedding`.

    Raises:
        CourseError: no captions, or captions that share no word with the word map.
    """
    from scipy.sparse.linalg import svds  # slow to import

    matrix = mutual_information(captions, word_map, negatives=negatives)
    if matrix.nnz == 0:
        raise CourseError(
            "No two words of the word map stand together in a caption, so there are no word "
            "vectors: give the captions that the word map was made of."
        )
    rank = min(dim, matrix.shape[0] - 1)
    # A fixed first vector: otherwise the solver draws one and the last bits differ from run to run.
    left, strength, _ = svds(matrix, k=rank, v0=np.ones(matrix.shape[0]))
    order = np.argsort(-strength)
    left, strength = left[:, order], np.maximum(strength[order], 0)
    sign = np.sign(left[np.abs(left).argmax(0), np.arange(rank)])  # a column's sign is arbitrary
    vectors = np.zeros((len(word_map), dim), np.float32)
    vectors[:, :rank] = left * sign * np.sqrt(strength)
    said = np.diff(matrix.indptr) > 0  # words with any context
    vectors[~said] = 0  # the solver leaves rounding errors there
    vectors *= scale / np.sqrt(np.mean(vectors[said, :rank] ** 2))
    return torch.from_numpy(vectors)


def mutual_information(
    captions: Iterable[Sequence[str]],
    word_map: Mapping[str, int],
    *,
    negatives: int = 1,
    window: int = WINDOW,
):
    """M_wc = max(0, log (#(w, c) · Σ #(c')^¾ / (#(w) · #(c)^¾)) - log k).

    #(w, c) counts how often c stands within `window` words of w, nearer words weighing more, as
    Word2Vec's random windows do: (window + 1 - distance) / window. <start> and <end> are words.

    Returns:
        float64 (V, V) as a SciPy sparse matrix in CSR form; rows are words, columns contexts.
    """
    pairs = _pairs(captions, word_map, window)  # (V, V)
    of_word = np.asarray(pairs.sum(1)).ravel()
    of_context = np.asarray(pairs.sum(0)).ravel() ** SMOOTHING
    cells = pairs.tocoo()
    expected = of_word[cells.row] * of_context[cells.col] / of_context.sum()
    information = np.log(cells.data / expected) - np.log(negatives)
    cells.data = np.maximum(information, 0)
    matrix = cells.tocsr()
    matrix.eliminate_zeros()
    return matrix


def _pairs(captions: Iterable[Sequence[str]], word_map: Mapping[str, int], window: int):
    from scipy.sparse import coo_matrix

    unknown, gap = word_map[UNKNOWN], [-1] * window  # no pair reaches over a gap
    line: list[int] = list(gap)
    for words in captions:
        line += [word_map[START], *(word_map.get(word, unknown) for word in words), word_map[END]]
        line += gap
    text = np.array(line)
    rows, columns, weights = [], [], []
    for distance in range(1, window + 1):
        left, right = text[:-distance], text[distance:]
        both = (left >= 0) & (right >= 0)
        rows += [left[both], right[both]]
        columns += [right[both], left[both]]
        weights.append(np.full(2 * both.sum(), (window + 1 - distance) / window))
    place = np.concatenate(rows), np.concatenate(columns)
    return coo_matrix((np.concatenate(weights), place), shape=(len(word_map),) * 2).tocsr()
