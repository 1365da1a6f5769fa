"""How disentangled a code is: DCI, the FactorVAE score and the β-VAE score; MIG is the lab's own.

All say 1 for a code that holds each factor in one entry of its own. DCI needs codes and factors of
pictures drawn at random. The other two need pictures that share a factor, so they take a *source*:
`Known`, codes that are there already, or `Drawn`, an encoder and factors that can be combined at
will. Conventions are those of disentanglement_lib; course/conventions.md says where they leave a
choice. Arrays have examples first: codes (N, L), factors (N, F), whole numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from starter_code.errors import CourseError
from starter_code.metrics.boosting import BoostedTrees

__all__ = [
    "Dci",
    "Drawn",
    "Known",
    "Source",
    "beta_vae_score",
    "completeness",
    "dci",
    "disentanglement",
    "factor_vae_score",
]

AT_ONCE = 2**15  # codes that a source makes at a time
TINY = 1e-11  # added to importances before their entropy is taken, as the reference does


# --- DCI ---


@dataclass(frozen=True)
class Dci:
    """DCI of a code: three numbers in [0, 1], and the importances (L, F) that they come from.

    `informativeness` is the share of held-out examples whose factor the trees name right, averaged
    over factors; `on_training` the same on the examples that they learnt from.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    on_training: float
    importance: np.ndarray


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    generator: np.random.Generator,
    exact: bool = False,
) -> Dci:
    """Disentanglement, completeness and informativeness by boosted trees.

    Args:
        codes, factors: what the trees learn from. test_codes, test_factors: what they are tried on.
        generator: decides between entries that are equally good.
        exact: scikit-learn's trees, as in the reference implementation, not the fast ones. From
            3,000 examples on the two agree to 0.02; with 1,000 and many values they can be 0.03
            apart.

    Raises:
        CourseError: codes or factors that cannot be scored, in one sentence.
    """
    codes, factors = _checked(codes, factors)
    test_codes, test_factors = _checked(test_codes, test_factors, of="the test set")
    if test_codes.shape[1] != codes.shape[1] or test_factors.shape[1] != factors.shape[1]:
        raise CourseError(
            f"The codes to learn from have {codes.shape[1]} entries and {factors.shape[1]} "
            f"factors, those to test {test_codes.shape[1]} and {test_factors.shape[1]}: give two "
            "sets of the same encoder."
        )
    varying = np.ptp(factors, 0) > 0
    factors, test_factors = _varying(factors), test_factors[:, varying]
    _enough(len(codes), 5 * _most(factors), "DCI")
    importance, hits = np.zeros((codes.shape[1], factors.shape[1])), []
    for f, (values, test_values) in enumerate(zip(factors.T, test_factors.T)):
        trees = _trees(codes, values, generator, exact)
        importance[:, f] = trees.importance
        named = trees.predict(codes), trees.predict(test_codes)
        hits.append([np.mean(named[0] == values), np.mean(named[1] == test_values)])
    on_training, informativeness = np.mean(hits, 0).tolist()
    scores = disentanglement(importance), completeness(importance)
    return Dci(*scores, informativeness, on_training, importance)


def disentanglement(importance: np.ndarray) -> float:
    """One minus the entropy of what each entry is used for, weighted by how much it is used."""
    return _purity(importance)


def completeness(importance: np.ndarray) -> float:
    """One minus the entropy of which entries tell a factor, weighted by how much they tell."""
    return _purity(importance.T)


def _purity(importance: np.ndarray) -> float:
    """Of each row, one minus its entropy with base (number of columns); the weighted mean."""
    if importance.shape[1] < 2 or importance.sum() == 0:
        return float(importance.sum() > 0)
    shares = importance + TINY
    shares = shares / shares.sum(1, keepdims=True)
    pure = 1 + (shares * np.log(shares)).sum(1) / np.log(importance.shape[1])
    return float(pure @ importance.sum(1) / importance.sum())


class _SlowTrees:
    """scikit-learn's boosted trees, with the face of the fast ones."""

    def __init__(
        self, codes: np.ndarray, values: np.ndarray, generator: np.random.Generator
    ) -> None:
        seed = int(generator.integers(2**31))
        self._trees = GradientBoostingClassifier(random_state=seed).fit(codes, values)
        self.importance = np.abs(self._trees.feature_importances_)
        self.predict = self._trees.predict


def _trees(
    codes: np.ndarray, values: np.ndarray, generator: np.random.Generator, exact: bool
) -> BoostedTrees | _SlowTrees:
    kind = _SlowTrees if exact else BoostedTrees
    return kind(codes, values, generator)


# --- pictures that share a factor ---


class Source(Protocol):
    """Where codes of pictures with a factor in common come from."""

    varying: Sequence[int]  # the factors that have more than one value

    def any(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Codes (N, L) of pictures drawn at random."""

    def alike(self, which: np.ndarray, members: int, generator: np.random.Generator) -> np.ndarray:
        """Groups (Q, M, L): the members of group q share the value of the factor which[q]."""


class Known:
    """Codes and factors of pictures that are there: groups are drawn from them, with replacement.

    Args:
        codes: (N, L). factors: (N, F), whole numbers.
    """

    def __init__(self, codes: np.ndarray, factors: np.ndarray) -> None:
        self.codes, factors = _checked(codes, factors)
        _varying(factors)
        self.varying = np.flatnonzero(np.ptp(factors, 0) > 0).tolist()
        self._values = _numbered(factors)
        self._order = np.argsort(self._values, 0, kind="stable")
        self._sizes = [np.bincount(column) for column in self._values.T]

    def any(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Codes (N, L) of pictures drawn at random."""
        return self.codes[generator.integers(len(self.codes), size=count)]

    def alike(self, which: np.ndarray, members: int, generator: np.random.Generator) -> np.ndarray:
        """Groups (Q, M, L): each has the value that a picture drawn at random has."""
        rows = np.empty((len(which), members), np.int64)
        for factor in np.unique(which):
            places = np.flatnonzero(which == factor)
            leaders = generator.integers(len(self.codes), size=len(places))
            value, sizes = self._values[leaders, factor], self._sizes[factor]
            first = (sizes.cumsum() - sizes)[value][:, None]
            step = generator.random((len(places), members)) * sizes[value][:, None]
            rows[places] = self._order[first + step.astype(np.int64), factor]
        return self.codes[rows]


class Drawn:
    """An encoder of pictures whose factors can be combined at will.

    Args:
        encode: from factors (N, F) to codes (N, L). counts: how many values each factor has.
    """

    def __init__(self, encode: Callable[[np.ndarray], np.ndarray], counts: Sequence[int]) -> None:
        self.encode, self.counts = encode, np.asarray(counts)
        self.varying = np.flatnonzero(self.counts > 1).tolist()
        if not self.varying:
            raise CourseError("No factor has more than one value, so there is nothing to score.")

    def any(self, count: int, generator: np.random.Generator) -> np.ndarray:
        """Codes (N, L) of pictures drawn at random."""
        return self._codes(self._factors((count,), generator))

    def alike(self, which: np.ndarray, members: int, generator: np.random.Generator) -> np.ndarray:
        """Groups (Q, M, L): all factors but which[q] are drawn anew for each member."""
        factors = self._factors((len(which), members), generator)
        groups = np.arange(len(which))
        factors[groups, :, which] = factors[groups, 0, which][:, None]
        codes = self._codes(factors.reshape(-1, len(self.counts)))
        return codes.reshape(len(which), members, -1)

    def _factors(self, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
        return generator.integers(self.counts, size=(*shape, len(self.counts)))

    def _codes(self, factors: np.ndarray) -> np.ndarray:
        blocks = range(0, len(factors), AT_ONCE)
        codes = [np.asarray(self.encode(factors[i : i + AT_ONCE]), float) for i in blocks]
        return _checked(np.concatenate(codes), factors, of="the encoder")[0]


def factor_vae_score(
    source: Source,
    generator: np.random.Generator,
    members: int = 64,
    train: int = 10_000,
    test: int = 5_000,
    dead: float = 0.05,
) -> float:
    """How often the entry that varies least tells which factor a group of pictures shares.

    Variances are divided by those over all pictures, entries with a deviation below `dead` are left
    out, and each entry names the factor that it was least variable for most often in training.

    Args:
        members: pictures of a group. train, test: groups.

    Returns:
        The share of test groups that are named right; 0 if every entry is dead.
    """
    _enough(members, 2, "A group of the FactorVAE score")
    variances = source.any(10_000, generator).var(0, ddof=1)
    alive = np.flatnonzero(variances >= max(dead, 1e-12) ** 2)
    if not len(alive):
        return 0.0

    def votes(count: int) -> np.ndarray:
        """How often each entry varied least for each factor, (F, entries alive)."""
        table = np.zeros((len(source.varying), len(alive)))
        for which in _blocks(count, members, len(source.varying), generator):
            groups = source.alike(np.array(source.varying)[which], members, generator)[:, :, alive]
            least = (groups.var(1, ddof=1) / variances[alive]).argmin(1)
            np.add.at(table, (which, least), 1)
        return table

    named, tried = votes(train).argmax(0), votes(test)
    return float(tried[named, np.arange(len(alive))].sum() / tried.sum())


def beta_vae_score(
    source: Source,
    generator: np.random.Generator,
    members: int = 64,
    train: int = 10_000,
    test: int = 5_000,
) -> float:
    """How well a linear classifier names the factor that pairs share, from their mean difference.

    A point is the mean of |z1 - z2| over `members` pairs; the pairs of a point share a factor, each
    its own value of it. The classifier is scikit-learn's LogisticRegression with its defaults.

    Returns:
        The share of test points that are named right.
    """

    def points(count: int) -> tuple[np.ndarray, np.ndarray]:
        rows, names = [], []
        for which in _blocks(count, 2 * members, len(source.varying), generator):
            shared = np.repeat(np.array(source.varying)[which], members)
            one, two = np.moveaxis(source.alike(shared, 2, generator), 1, 0)
            rows.append(np.abs(one - two).reshape(len(which), members, -1).mean(1))
            names.append(which)
        return np.concatenate(rows), np.concatenate(names)

    classifier = LogisticRegression(max_iter=1000).fit(*points(train))
    return float(classifier.score(*points(test)))


def _blocks(
    count: int, each: int, factors: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Factors drawn at random for `count` groups, as many at a time as a source makes at once."""
    many = max(AT_ONCE // each, 1)
    for start in range(0, count, many):
        yield generator.integers(factors, size=min(many, count - start))


# --- what can be scored ---


def _checked(
    codes: np.ndarray, factors: np.ndarray, of: str = "the examples"
) -> tuple[np.ndarray, np.ndarray]:
    """Codes as floats and factors, if they belong together and every number is one."""
    codes, factors = np.asarray(codes, float), np.asarray(factors)
    if codes.ndim != 2 or factors.ndim != 2 or len(codes) != len(factors):
        raise CourseError(
            f"Codes (N, L) and factors (N, F) of the same {of} are needed; the shapes are "
            f"{codes.shape} and {factors.shape}."
        )
    if not np.isfinite(codes).all():
        bad = int((~np.isfinite(codes)).any(1).sum())
        raise CourseError(
            f"{bad:,} of {len(codes):,} codes of {of} hold NaN or infinity: look at the encoder."
        )
    return codes, factors


def _varying(factors: np.ndarray) -> np.ndarray:
    """The factors that have more than one value."""
    varying = np.ptp(factors, 0) > 0
    if not varying.any():
        raise CourseError("All factors are constant, so there is nothing that a code could know.")
    return factors[:, varying]


def _numbered(factors: np.ndarray) -> np.ndarray:
    """Each factor's values as 0, 1, 2 and so on."""
    return np.stack([np.unique(column, return_inverse=True)[1] for column in factors.T], 1)


def _most(factors: np.ndarray) -> int:
    """The largest number of values that a factor has."""
    return max(len(np.unique(column)) for column in factors.T)


def _enough(count: int, least: int, score: str) -> None:
    if count < least:
        raise CourseError(f"{score} needs at least {least:,} examples; {count:,} were given.")
