"""Scores of codes: golden cases, agreement with the package `disent`, and bad input.

`latent_scores.json` holds what disent says of the codes in `benchmarks/latents.py`; made by
`python benchmarks/latents.py --golden` where disent is installed.
"""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from starter_code.errors import CourseError
from starter_code.metrics import latents
from starter_code.metrics.boosting import BoostedTrees
from starter_code.metrics.latents import Drawn, Known

COUNTS = (5, 4, 6, 3, 2, 7, 4, 5, 3, 6)  # ten factors, as in the reference's own tests
EXAMPLES = 600
GOLDEN = Path(__file__).parent / "latent_scores.json"


def load_benchmark(root):
    spec = importlib.util.spec_from_file_location("latent_codes", root / "benchmarks/latents.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    return benchmark


@pytest.fixture(scope="module")
def mig():
    """The solution's MIG, of arrays."""
    return load_benchmark(Path(__file__).parents[1]).solution_mig()


def factors_of(count, seed=0, counts=COUNTS):
    return np.random.default_rng(seed).integers(counts, size=(count, len(counts)))


def four_scores(encode, mig, counts=COUNTS):
    train, test = factors_of(EXAMPLES, 0, counts), factors_of(EXAMPLES // 2, 1, counts)
    source, rng = Drawn(encode, counts), np.random.default_rng
    trees = latents.dci(encode(train), train, encode(test), test, rng(0))
    return {
        "MIG": mig(encode(train), train),
        "disentanglement": trees.disentanglement,
        "completeness": trees.completeness,
        "FactorVAE": latents.factor_vae_score(source, rng(2), train=1000, test=500),
        "β-VAE": latents.beta_vae_score(source, rng(3), train=1000, test=500),
        "informativeness": trees.informativeness,
    }


def test_a_code_that_is_the_factors_gets_full_marks(mig):
    scores = four_scores(lambda factors: factors.astype(float), mig)
    assert all(0.9 <= score <= 1 for score in scores.values()), scores


def test_a_code_of_zeros_gets_nothing(mig):
    scores = four_scores(lambda factors: np.zeros((len(factors), 10)), mig)
    del scores["informativeness"]  # the most frequent value is a guess, too
    assert all(0 <= score <= 0.2 for score in scores.values()), scores


def test_one_entry_for_two_factors_and_two_entries_for_one():
    importance = np.zeros((10, 10))
    importance[0, :2] = 1
    assert latents.disentanglement(importance) == pytest.approx(1 - np.log(2) / np.log(10))
    assert latents.completeness(importance) == pytest.approx(1)
    assert latents.completeness(importance.T) == pytest.approx(1 - np.log(2) / np.log(10))
    assert latents.disentanglement(np.zeros((10, 10))) == 0
    assert latents.disentanglement(np.eye(4)) == pytest.approx(1)


def test_a_code_that_is_there_twice_has_no_gap_and_is_half_complete(mig):
    train = factors_of(800)
    codes = np.concatenate([train, train], 1).astype(float)
    assert mig(codes, train) == pytest.approx(0, abs=1e-9)
    scores = latents.dci(codes, train, codes, train, np.random.default_rng(0))
    assert scores.completeness == pytest.approx(1 - np.log(2) / np.log(20), abs=0.02)
    assert scores.disentanglement > 0.97
    np.testing.assert_allclose(scores.importance[:10].sum(0), 0.5, atol=0.2)


def test_mig_by_hand(mig):
    factors = np.array([[a, b] for a in range(4) for b in range(2)] * 25)
    codes = np.stack([factors[:, 0], 4 * factors[:, 1] + factors[:, 0] % 2], 1).astype(float)
    # entry 1 knows all of factor 1 and ln 2 of the ln 4 of factor 0; entry 0 nothing of factor 1
    assert mig(codes, factors) == pytest.approx((0.5 + 1) / 2)
    fixed = np.concatenate([factors, np.full((len(factors), 1), 7)], 1)
    dead = np.concatenate([codes, np.full((len(factors), 1), 3.0)], 1)
    assert mig(dead, fixed) == pytest.approx(0.75)  # neither changes anything
    assert mig(codes[:, :1], factors) == pytest.approx(0.5)  # no second entry: no information
    assert mig(-3 * codes + 5, factors) == pytest.approx(0.75)


def test_a_turned_code_loses_its_gap_and_keeps_its_information(mig):
    factors = factors_of(EXAMPLES, counts=(8, 8))
    turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    straight, turned = factors.astype(float), factors @ turn.T
    assert mig(straight, factors) > 0.95 and mig(turned, factors) < 0.1
    both = [
        latents.dci(c, factors, c, factors, np.random.default_rng(0)) for c in (straight, turned)
    ]
    assert both[1].informativeness > 0.9 and both[1].disentanglement < 0.3 < both[0].disentanglement


@pytest.mark.parametrize("values", [2, 5])
def test_fast_trees_are_the_trees_of_scikit_learn(values):
    from sklearn.ensemble import GradientBoostingClassifier

    rng = np.random.default_rng(values)
    hidden = rng.integers(values, size=500)
    codes = np.stack([hidden + rng.normal(size=500), -hidden + 0.4 * rng.normal(size=500),
                      rng.normal(size=500)], 1).round(1)  # fmt: skip
    codes = codes.clip(-3, 3)  # at most 61 different values: bins lose nothing
    ours = BoostedTrees(codes, hidden, np.random.default_rng(0))
    theirs = GradientBoostingClassifier(random_state=0).fit(codes, hidden)
    np.testing.assert_allclose(ours.importance, theirs.feature_importances_, atol=2e-3)
    assert np.mean(ours.predict(codes) == theirs.predict(codes)) > 0.99


def test_trees_find_nothing_in_a_fixed_code():
    trees = BoostedTrees(np.zeros((50, 3)), np.arange(50) % 2, np.random.default_rng(0))
    assert not trees.importance.any() and len(trees.predict(np.zeros((4, 3)))) == 4


def test_groups_share_what_they_should():
    counts, rng = (3, 5, 4), np.random.default_rng(0)
    factors = factors_of(400, counts=counts)
    for source in (Known(factors.astype(float), factors), Drawn(lambda f: f.astype(float), counts)):
        which = np.array([0, 2, 1, 1, 0, 2])
        groups = source.alike(which, 30, rng)
        assert groups.shape == (6, 30, 3)
        for group, shared in zip(groups, which):
            varies = np.ptp(group, 0) > 0
            assert not varies[shared] and varies.sum() == 2
        values = source.alike(np.full(600, 1), 1, rng)[:, 0, 1]
        assert np.bincount(values.astype(int)).min() > 70
        assert source.any(7, rng).shape == (7, 3)


def test_known_and_drawn_codes_get_the_same_score():
    def encode(factors):
        return np.stack([factors[:, 0], factors[:, 1] + factors[:, 2], factors[:, 2]], 1) * 1.0

    counts, factors = (3, 5, 4), factors_of(5000, counts=(3, 5, 4))
    sources = Drawn(encode, counts), Known(encode(factors), factors)
    for score in (latents.factor_vae_score, latents.beta_vae_score):
        drawn, known = (score(s, np.random.default_rng(1), train=2000, test=1000) for s in sources)
        assert drawn == pytest.approx(known, abs=0.03)


def test_scores_are_repeated_by_their_generator():
    factors = factors_of(600, counts=(3, 5))
    codes = factors + np.random.default_rng(5).normal(size=factors.shape)
    source = Known(codes, factors)
    for score in (latents.factor_vae_score, latents.beta_vae_score):
        one, other = (score(source, np.random.default_rng(4), train=200, test=99) for _ in range(2))
        assert one == other
    ones = [latents.dci(codes, factors, codes, factors, np.random.default_rng(4)) for _ in range(2)]
    np.testing.assert_array_equal(ones[0].importance, ones[1].importance)


def test_dead_entries_and_constant_factors_are_left_out():
    def encode(factors):
        small = 1e-3 * factors[:, :1]  # varies, and tells a factor, but hardly
        return np.concatenate([factors[:, :2], small, np.ones((len(factors), 1))], 1)

    source = Drawn(encode, (4, 4, 1))
    assert source.varying == [0, 1]
    assert latents.factor_vae_score(source, np.random.default_rng(0), train=300, test=300) == 1
    score = latents.beta_vae_score(source, np.random.default_rng(0), train=300, test=300)
    assert score == 1
    factors = factors_of(500, counts=(4, 4, 1))
    trees = latents.dci(
        encode(factors), factors, encode(factors), factors, np.random.default_rng(0)
    )
    assert trees.importance.shape == (4, 2) and trees.informativeness == 1


def test_bad_input_is_one_sentence():
    rng, factors = np.random.default_rng(0), factors_of(400, counts=(3, 4))
    codes = factors.astype(float)
    holes = codes.copy()
    holes[3, 1] = np.nan
    fixed = np.ones_like(factors)
    wrong = [
        (lambda: latents.dci(holes, factors, codes, factors, rng), "1 of 400 codes .* NaN"),
        (lambda: Known(codes[:50], factors), r"\(50, 2\) and \(400, 2\)"),
        (lambda: latents.dci(codes, factors, codes[:, :1], factors, rng), "2 entries .* 1 and 2"),
        (lambda: latents.dci(codes[:9], factors[:9], codes, factors, rng), "DCI needs at least"),
        (lambda: latents.dci(codes, fixed, codes, factors, rng), "All factors are constant"),
        (lambda: latents.dci(codes, factors, holes, factors, rng), "of the test set hold NaN"),
        (lambda: Known(codes, fixed), "All factors are constant"),
        (lambda: Drawn(lambda f: f, (1, 1)), "No factor has more than one value"),
        (
            lambda: Drawn(lambda f: f[:3], (2, 3)).any(9, rng),
            r"the encoder .* \(3, 2\) and \(9, 2\)",
        ),
        (lambda: latents.factor_vae_score(Known(codes, factors), rng, 1), "at least 2 examples"),
    ]
    for score, sentence in wrong:
        with pytest.raises(CourseError, match=sentence) as caught:
            score()
        assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("kind", ["random", "trained"])
def test_scores_agree_with_disent(kind, root):
    benchmark = load_benchmark(root)
    golden = json.loads(GOLDEN.read_text("utf-8"))
    here = benchmark.ours(kind, benchmark.COUNTS, tuple(golden["examples"]))["values"]
    assert here == pytest.approx(golden["scores"][kind], abs=0.02)
    assert here["MIG"] == pytest.approx(golden["scores"][kind]["MIG"], abs=1e-9)
