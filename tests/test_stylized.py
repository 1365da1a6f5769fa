"""Styled captions: what carries the style is known, and the facts do not give it away."""

import json
import pickle
from collections import Counter
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression
from torch.utils.data import DataLoader

from starter_code.captioning.models import SmallEncoder
from starter_code.errors import CourseError
from starter_code.scenes import STYLES, claims, factors, scene_at, styled_caption, true_claims
from starter_code.stylized import preparing, records
from starter_code.stylized.datasets import StyledDataset, batches, collate, require_vocabulary
from starter_code.stylized.embeddings import mutual_information, word_vectors
from starter_code.stylized.features import PooledEncoder, read_features, see
from starter_code.stylized.preparing import prepare
from starter_code.stylized.records import read_flickrstyle10k, read_senticap, tell_scenes
from starter_code.stylized.telling import FACTUAL, in_all_styles, tell
from starter_code.stylized.vocabulary import (
    STOP_WORDS,
    Vocabulary,
    bag_of_words,
    log_odds,
    split_vocabulary,
)
from starter_code.tiers import tier

SCENES = [scene_at(11, index) for index in range(400)]
TINY = replace(tier("tiny"), pictures=60, pretraining_steps=3)


# Scenes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_these_are_the_captions_of_the_picture_world_with_their_words_marked(style):
    adjectives, remarks = set(), set()
    for scene in SCENES:
        one = np.random.default_rng(scene.index)
        told = tell(scene, style, one, one)
        assert told.text == styled_caption(scene, style, scene.index)
        assert len(told.tokens) == len(told.marks) and told.marks[1]
        assert claims(told.facts) == claims(told.text) <= true_claims(factors(scene))
        adjectives.add(told.style_words[0])
        remarks.add(told.style_words[1:])
    assert len(adjectives) + len(remarks) > 15 and len(remarks) >= 6


def test_the_same_facts_are_told_in_every_style():
    for scene in SCENES:
        told = in_all_styles(scene, [3, scene.index], (*STYLES, FACTUAL))
        facts = {tuple(word for word in t.facts if word not in ("a", "an")) for t in told.values()}
        assert len(facts) == 1
        assert told[FACTUAL].style_words == () and told[FACTUAL].facts == told[FACTUAL].tokens
        assert all(t.style_words for style, t in told.items() if style != FACTUAL)
        alone = in_all_styles(scene, [3, scene.index], ("romantic",))
        assert alone["romantic"] == told["romantic"]
    said = {tell(SCENES[3], "humorous", 1, np.random.default_rng([5, k])) for k in range(30)}
    assert len({t.style_words[1:] for t in said}) > 3, "remarks are drawn with the style's words"
    assert len({t.facts[1:] for t in said}) == 1
    with pytest.raises(CourseError, match="no style 'angry'"):
        tell(SCENES[0], "angry", 0, 0)


@cache
def independent_tellings():
    """Every caption says facts of its own, so that nothing is equal by construction."""
    told = {style: [] for style in STYLES}
    for k, style in enumerate(STYLES):
        told[style] = [tell(scene, style, [k, i], [9, k, i]) for i, scene in enumerate(SCENES * 3)]
    return told


def accuracy(bags, labels):
    """Of a logistic regression on the last third, where every scene was seen before."""
    bags, labels = torch.stack(bags).numpy(), np.array(labels)
    test = np.arange(len(labels)) % 1200 >= 800
    model = LogisticRegression(C=10, max_iter=300).fit(bags[~test], labels[~test])
    return model.score(bags[test], labels[test])


def test_style_is_in_the_style_words_and_not_in_the_facts():
    told = [t for captions in independent_tellings().values() for t in captions]
    labels = [t.style for t in told]
    words = Vocabulary(sorted({word for t in told for word in t.tokens} - {"a", "an"}))
    of_facts = accuracy([bag_of_words(t.facts, words) for t in told], labels)
    of_style = accuracy([bag_of_words(t.style_words, words) for t in told], labels)
    assert abs(of_facts - 0.25) < 0.05, "chance for four styles"
    assert of_style > 0.99


def test_the_vocabularies_find_the_marked_words_without_the_marks():
    told = independent_tellings()
    plain = [tell(scene, FACTUAL, [9, i], 0).tokens for i, scene in enumerate(SCENES)]
    styled = {style: [t.tokens for t in captions] for style, captions in told.items()}
    style_words, fact_words = split_vocabulary(styled, plain, min_word_freq=3)
    marked, bare = Counter(), Counter()
    for t in (t for captions in told.values() for t in captions):
        marked.update(t.style_words)
        bare.update(t.facts)
    only_style = {w for w, n in marked.items() if n >= 30 and not bare[w]} - STOP_WORDS
    only_fact = {w for w, n in bare.items() if n >= 30 and not marked[w]} - STOP_WORDS
    assert len(only_style) > 100 and only_style <= set(style_words)
    assert len(only_fact) > 60 and only_fact <= set(fact_words)


# Vocabularies and bags ------------------------------------------------------------------------

texts = st.lists(
    st.sampled_from(["the", "dog", "cat", "kite", "love", "joy", "of", "xyz"]), max_size=20
)


@given(texts, st.permutations(["dog", "cat", "kite", "love"]))
def test_a_bag_is_the_distribution_of_a_texts_words(text, words):
    vocabulary = Vocabulary(words)
    bag = bag_of_words(text, vocabulary)
    known = [word for word in text if word in words]
    expected = [known.count(word) / len(known) if known else 0.0 for word in words]
    assert bag.shape == (4,) and bag.tolist() == pytest.approx(expected)
    assert torch.equal(bag, bag_of_words(text[::-1] + ["zebra"], vocabulary))
    assert torch.allclose(bag, bag_of_words(text * 3, vocabulary))


captions = st.lists(texts, min_size=1, max_size=8)


@given(captions, captions, captions, st.integers(1, 3))
def test_no_word_is_in_both_vocabularies(one, other, plain, least):
    styled = {"one": [*one, ["joy"] * 40], "other": other}
    try:
        style, fact = split_vocabulary(styled, [*plain, ["dog"] * 40], min_word_freq=least)
    except CourseError:
        return
    counts = Counter(word for text in [*styled["one"], *other, *plain] for word in text)
    counts["dog"] += 40
    assert not set(style) & set(fact) and not (set(style) | set(fact)) & STOP_WORDS
    assert all(counts[word] >= least for word in (*style, *fact))
    wanted = {w for w, n in counts.items() if n >= least} - STOP_WORDS
    plain_words = {word for text in plain for word in text} | {"dog"}
    assert wanted - set(style) - set(fact) <= wanted - plain_words
    backwards = {"other": other[::-1], "one": styled["one"][::-1]}
    assert (style, fact) == split_vocabulary(
        backwards, [["dog"] * 40, *plain[::-1]], min_word_freq=least
    )


def test_what_makes_a_word_one_of_style():
    ratio, z = log_odds(10, 100, 2, 200)
    assert ratio == pytest.approx(np.log((10.5 / 90.5) / (2.5 / 198.5)))
    assert z == pytest.approx(ratio / np.sqrt(1 / 10.5 + 1 / 90.5 + 1 / 2.5 + 1 / 198.5))
    # "happy" tells the styles apart; "smiling" only styled from factual; "dog" neither
    one = [["dog", "happy", "smiling"]] * 20 + [["kite", "dog"]] * 20
    other = [["dog", "gloomy", "smiling"]] * 20 + [["kite", "dog"]] * 20
    plain = [["dog", "kite", "kite", "dog"]] * 20
    style, fact = split_vocabulary({"one": one, "other": other}, plain)
    assert set(style) == {"happy", "smiling", "gloomy"} and set(fact) == {"dog", "kite"}
    style, fact = split_vocabulary({"one": one, "other": other})
    assert set(style) == {"happy", "gloomy"} and fact.words == ("dog", "kite", "smiling")
    for wrong, words in (
        ({"one": one}, "in two styles or more"),
        ({"one": plain, "other": plain}, "minimum"),
    ):
        with pytest.raises(CourseError, match=words):
            split_vocabulary(wrong)
    with pytest.raises(CourseError, match="'dog' twice"):
        Vocabulary(["dog", "cat", "dog"])


# Real data sets -------------------------------------------------------------------------------


def flickrstyle(folder, n=70, protocol=0):
    """FlickrStyle_v0.9 in small: CRLF between lines, Latin-1 with an ellipsis byte, pickles."""
    names = [f"{1000 + i}_{i:x}ab.jpg" for i in range(n)]
    for style, text in (("humor", "funny_train.txt"), ("romantic", "romantic_train.txt")):
        (folder / style).mkdir(parents=True)
        lines = [f"a dog is {style} for caf\xe9 {i} \x85 {style} ." for i in range(n)]
        (folder / style / text).write_bytes("\r\n".join(lines).encode("latin-1"))
        (folder / style / "train.p").write_bytes(pickle.dumps(names, protocol))
    return names


@pytest.mark.parametrize("protocol", [0, 2])
def test_flickrstyle10k_as_published(tmp_path, protocol):
    names = flickrstyle(tmp_path / "FlickrStyle_v0.9", protocol=protocol)
    told = read_flickrstyle10k(tmp_path)
    assert [c.picture for c in told] == names * 2
    assert told[3].tokens == ("a", "dog", "is", "humor", "for", "café", "3", "humor")
    assert told[73].style == "romantic" and told[73].tokens[3] == "romantic"
    parts = {s: {c.picture for c in told if c.split == s} for s in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [59, 1, 10]
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())), "split by picture"
    assert read_flickrstyle10k(tmp_path) == told != read_flickrstyle10k(tmp_path, seed=1)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("humor/funny_train.txt", None, "no file .*humor/funny_train.txt: fetch"),
        ("romantic/train.p", None, "no file .*romantic/train.p"),
        ("romantic/romantic_train.txt", lambda b: b + b"\r\none more", "71 captions for 70"),
        ("humor/funny_train.txt", lambda b: b[: b.rindex(b"\n")] + b"\n .", "line 70 has no words"),
        ("humor/train.p", lambda b: b.replace(b"1001_1ab", b"1000_0ab"), "names 1000_0.* twice"),
        ("humor/train.p", lambda b: b"nothing", "names no picture"),
    ],
)  # fmt: skip
def test_malformed_flickrstyle10k_is_told_in_one_sentence(tmp_path, file, change, said):
    flickrstyle(tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    path.unlink() if change is None else path.write_bytes(change(content))
    with pytest.raises(CourseError, match=said):
        read_flickrstyle10k(tmp_path)


def sentence(words, sentiment, marked):
    marks = [1 if word in marked else 0.0 for word in words.split()]
    return {
        "tokens": words.split(),
        "raw": f"{words}.",
        "sentiment": sentiment,
        "word_sentiment": marks,
    }


def senticap(folder, n=40):
    """SentiCap in small: every second test picture has one entry per sentiment, as in the file."""
    nice = [sentence(f"a nice dog {i}", 1, {"nice", "dog"}) for i in range(3)]
    sad = [sentence(f"a sad cat {i}", 0, {"sad", "cat"}) for i in range(3)]
    entries = []
    for i in range(n):
        split = ("train", "train", "val", "test")[i % 4]
        base = {"filename": f"COCO_val2014_{i:012d}.jpg", "imgid": i, "split": split}
        sad_here = sad[: 3 - i % 2] if split == "train" else sad
        parts = [nice, sad] if i % 8 == 7 else [nice + sad_here]
        entries += [base | {"sentences": part} for part in parts]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "senticap_dataset.json"
    path.write_text(json.dumps({"images": entries}))
    return path


def test_senticap_as_published(tmp_path):
    path = senticap(tmp_path)
    told = read_senticap(path)
    assert told == read_senticap(tmp_path) and len(told) == 40 * 6 - 10
    assert told[0].tokens == ("a", "nice", "dog", "0")
    assert told[0].marks == (False, True, True, False) and told[0].style == "positive"
    assert [len({c.picture for c in told if c.split == s}) for s in ("train", "val", "test")] == [
        20, 10, 10]  # fmt: skip
    drawn = read_senticap(path, split="paper")
    parts = [{c.picture for c in drawn if c.split == s} for s in ("train", "val", "test")]
    assert [len(part) for part in parts] == [32, 4, 4] and len(set().union(*parts)) == 40
    assert drawn == read_senticap(path, split="paper") != read_senticap(path, split="paper", seed=1)
    for drawn in (read_senticap(path, split="paper", seed=seed) for seed in range(9)):
        told = Counter((c.picture, c.style) for c in drawn if c.split != "train")
        assert len(told) == 16 and set(told.values()) == {3}, "three captions of each sentiment"


def damaged(key, value):
    def change(data):
        data["images"][5]["sentences"][2][key] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (damaged("sentiment", None), "caption without a style.*its sentiment is None"),
        (damaged("sentiment", 2), "caption without a style"),
        (damaged("word_sentiment", [1.0]), "4 tokens and 1 entries of word_sentiment"),
        (damaged("tokens", []), "0 tokens"),
        (lambda data: data["images"][5].pop("filename"), "entry 5 is not as in .*KeyError"),
        (lambda data: data["images"][5].update(split="dev"), "unknown split 'dev'"),
        (lambda data: data["images"][5].update(sentences=[]), "has no captions"),
        (lambda data: data.pop("images"), 'no list "images"'),
    ],
)
def test_malformed_senticap_is_told_in_one_sentence(tmp_path, change, said):
    path = senticap(tmp_path)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(CourseError, match=said):
        read_senticap(path)


def test_what_is_missing_or_does_not_fit_is_said(tmp_path):
    with pytest.raises(CourseError, match=r"no file .*senticap_dataset.json"):
        read_senticap(tmp_path / "senticap_dataset.json")
    path = senticap(tmp_path, n=8)
    with pytest.raises(CourseError, match="take 'public' or 'paper'"):
        read_senticap(path, split="random")
    told = read_senticap(path)
    with pytest.raises(CourseError, match="split 'val' has no negative caption"):
        records.check_styles(
            [c for c in told if (c.split, c.style) != ("val", "negative")], ("positive", "negative")
        )
    (tmp_path / "photos").mkdir()
    with pytest.raises(CourseError, match="Images and captions do not align"):
        records.with_pictures(told, tmp_path / "photos")
    tokens = tmp_path / "Flickr8k.token.txt"
    tokens.write_text("1_a.jpg#0\tA dog !\n1_a.jpg.1#1\tThe café\n", encoding="utf-8")
    assert records.read_factual(tokens) == {"1_a.jpg": (("a", "dog"), ("the", "café"))}
    with pytest.raises(CourseError, match="8 of 8 pictures have no factual caption"):
        records.with_factual(told, records.read_factual(tokens))
    tokens.write_text("1_a.jpg A dog\n")
    with pytest.raises(CourseError, match="line 1: expected"):
        records.read_factual(tokens)


# Word vectors ---------------------------------------------------------------------------------


def test_word_vectors_factorise_the_mutual_information():
    told = [c.tokens for c in tell_scenes(200, styles=("humorous", "romantic"))]
    word_map = {"<pad>": 0} | {w: i for i, w in enumerate(sorted({w for t in told for w in t}), 1)}
    word_map |= {w: len(word_map) + i for i, w in enumerate(("<unk>", "<start>", "<end>"))}
    vectors = word_vectors(told, word_map, dim=len(word_map) + 7)
    matrix = mutual_information(told, word_map).toarray()
    gram = (vectors @ vectors.T).numpy().astype(float)  # U Σ Uᵀ up to a factor
    squared = matrix @ matrix.T
    gram *= np.sqrt(squared.trace() / (gram @ gram).trace())
    assert np.abs(gram @ gram - squared).max() < 1e-3 * squared.max()
    assert not vectors[0].any() and not vectors[word_map["<unk>"]].any()
    state = np.random.get_state()[1].copy()
    assert torch.equal(word_vectors(told, word_map, dim=9), word_vectors(told, word_map, dim=9))
    assert (np.random.get_state()[1] == state).all(), "no global generator was touched"
    short = torch.nn.functional.normalize(word_vectors(told, word_map, dim=30), dim=1)
    near = {word: short[i] for word, i in word_map.items()}
    assert near["red"] @ near["blue"] > near["red"] @ near["cat"]
    assert near["dog"] @ near["cat"] > near["dog"] @ near["night"]
    with pytest.raises(CourseError, match="No two words"):
        word_vectors([], word_map)


def test_mutual_information_by_hand():
    word_map = {"<pad>": 0, "x": 1, "y": 2, "<unk>": 3, "<start>": 4, "<end>": 5}
    matrix = mutual_information([["x", "y"]], word_map, window=1).toarray()
    # pairs: start-x, x-y, y-end, each once in both directions, so #(start) = 1, #(x) = 2
    contexts = {1: 2**0.75, 2: 2**0.75, 4: 1.0, 5: 1.0}
    total = sum(contexts.values())
    assert matrix[4, 1] == pytest.approx(np.log(total / contexts[1]))
    assert matrix[1, 2] == pytest.approx(max(0, np.log(total / (2 * contexts[2]))))
    assert matrix[1, 5] == 0 and matrix[0].sum() == 0
    lower = mutual_information([["x", "y"]], word_map, window=1, negatives=2).toarray()
    assert lower[4, 1] == pytest.approx(max(0, matrix[4, 1] - np.log(2)))


# Data set -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("styled")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        yield prepare("scenes", TINY, root, styles=("humorous", "romantic"), workers=1)


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.suffix != ".lock"}


def test_prepare_gives_the_same_bytes_again_and_finds_what_is_there(tmp_path, folder, monkeypatch):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    again = prepare("scenes", TINY, tmp_path, styles=("humorous", "romantic"), workers=1)
    assert torch.equal(torch.rand(1), expected), "no global generator was touched"
    assert again.name == folder.name and contents(again) == contents(folder)
    monkeypatch.setattr(preparing, "_gather", None)
    assert prepare("scenes", TINY, tmp_path, styles=("humorous", "romantic")) == again
    assert prepare("scenes", TINY, folder.parents[1], styles=("humorous", "romantic")) == folder


def test_items_are_what_was_told(folder):
    train = StyledDataset(folder, "train")
    assert train.styles == ("humorous", "romantic") and len(train) == 48 * 2 * 2
    assert train.features.shape == (48, 128) and train.images().shape == (48, 3, 32, 32)
    for j in (0, 1, 77):
        item, record = train[j], train.told[j]
        assert train.decode(item.captions) == list(record.tokens)
        assert item.lengths == len(record.tokens) + 2
        assert train.styles[item.styles] == record.style
        assert train.pictures[item.pictures] == record.picture
        assert torch.equal(item.visual, train.features[item.pictures])
        assert torch.equal(item.style_words, bag_of_words(record.tokens, train.style_words))
        text = [word for words in record.factual for word in words]
        assert torch.equal(item.fact_words, bag_of_words(text, train.fact_words))
        assert list(record.tokens) in train.references(int(item.pictures), record.style)
    assert torch.equal(train[0].fact_words, train[1].fact_words), "the same picture, another style"
    assert not torch.equal(train[0].style_words, train[1].style_words)
    own = StyledDataset(folder, "train", facts="caption")
    assert torch.equal(own[0].fact_words, bag_of_words(own.told[0].tokens, own.fact_words))


def test_batches_hold_every_caption_once_and_equal_the_loaders(folder):
    train = StyledDataset(folder, "train")
    loader = DataLoader(train, 50, collate_fn=collate)
    for one, other in zip(batches(train, 50), loader, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
        assert one.captions.shape[1] == one.lengths.max()
    epochs = [list(batches(train, 50, torch.Generator().manual_seed(s))) for s in (1, 1, 2)]
    first, same, new = (torch.cat([b.pictures for b in epoch]) for epoch in epochs)
    assert len(first) == 150 and torch.equal(first, same) and not torch.equal(first, new)


def test_pictures_with_all_that_is_said_of_them(folder):
    train = StyledDataset(folder, "train")
    batch = train.take_pictures(torch.tensor([4, 0, 9]))
    assert batch.told.all() and torch.equal(batch.visual, train.features[[4, 0, 9]])
    both = [w for words in train.references(0, "romantic") for w in words]
    assert torch.equal(batch.style_words[1, 1], bag_of_words(both, train.style_words))
    assert torch.equal(batch.fact_words[1], train[0].fact_words)
    own = StyledDataset(folder, "train", facts="caption")
    told = [w for style in own.styles for words in own.references(9, style) for w in words]
    fact_words = own.take_pictures(torch.tensor([9])).fact_words[0]
    assert torch.allclose(fact_words, bag_of_words(told, own.fact_words))


def test_the_wrong_folder_split_facts_or_words_are_refused(folder, tmp_path):
    with pytest.raises(CourseError, match="no finished styled captions"):
        StyledDataset(tmp_path, "train")
    with pytest.raises(CourseError, match="no split 'dev'"):
        StyledDataset(folder, "dev")
    with pytest.raises(CourseError, match="no facts 'mine'"):
        StyledDataset(folder, "train", facts="mine")
    train, test = StyledDataset(folder, "train"), StyledDataset(folder, "test")
    assert train.key == test.key
    require_vocabulary(train, test.key, "runs/a.pt")
    with pytest.raises(CourseError, match=r"runs/a\.pt has a vocabulary from another data set"):
        require_vocabulary(train, "0" * 16, "runs/a.pt")
    with pytest.raises(CourseError, match=r"do not align.*no row for other.jpg"):
        read_features(folder / "FEATURES.hdf5", ["scene_000001.png", "other.jpg"])
    (tmp_path / "bad.hdf5").write_bytes(b"no")
    with pytest.raises(CourseError, match="cannot be read"):
        read_features(tmp_path / "bad.hdf5", [])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"dataset": "coco2014"}, "no styled captions 'coco2014'"),
        ({"dataset": "senticap", "styles": ("positive", "romantic")}, "cannot be told in"),
        ({"dataset": "scenes", "styles": ("positive",)}, "two or more"),
        ({"dataset": "scenes", "pictures": "some"}, "'all', 'there' or 'none'"),
        ({"dataset": "senticap"}, "senticap is not complete below"),
        ({"dataset": "senticap", "pictures": "none"}, "no file .*senticap_dataset.json"),
    ],
)
def test_prepare_says_what_it_cannot_do(tmp_path, options, said):
    with pytest.raises(CourseError, match=said):
        prepare(options.pop("dataset"), TINY, tmp_path, **options)


def test_real_photos_from_their_files_to_a_batch(tmp_path):
    names = flickrstyle(tmp_path / "flickrstyle10k")
    noise = np.random.default_rng(0)
    (tmp_path / "flickr8k/images").mkdir(parents=True)
    for name in names[:60]:
        pixels = noise.integers(0, 255, (30, 40, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "flickr8k/images" / name)
    text = "".join(f"{name}#0\tA brown dog runs .\n" for name in names)
    (tmp_path / "flickr8k/Flickr8k.token.txt").write_text(text)
    made = prepare("flickrstyle10k", TINY, tmp_path, pictures="there", seed=2, workers=1)
    train = StyledDataset(made, "train")
    assert train.facts == "picture" and set(train.style_words) == {"humor", "romantic", "café"}
    assert set(train.fact_words) == {"dog", "brown", "runs"} and train.feature_dim > 64
    assert train.take(torch.arange(3)).visual.isfinite().all()
    total = sum(len(StyledDataset(made, split).pictures) for split in ("train", "val", "test"))
    assert total == 60


def test_captions_without_pictures_and_without_factual_captions(tmp_path):
    senticap(tmp_path / "senticap")
    made = prepare("senticap", TINY, tmp_path, pictures="none", split="paper")
    test = StyledDataset(made, "test")
    assert test.facts == "caption" and test.feature_dim == 0 and len(test) == 4 * 6
    assert test.take(torch.arange(2)).visual.shape == (2, 0)
    for call, said in (
        (lambda: StyledDataset(made, "test", facts="picture"), "it has no factual captions"),
        (test.images, "without pictures"),
    ):
        with pytest.raises(CourseError, match=said):
            call()


def test_a_picture_is_its_cells_mean_and_largest_value():
    encoder = SmallEncoder(8, 16).eval()
    images = torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8)
    pooled = PooledEncoder(encoder)
    cells = encoder(images)  # (3, 4, 8)
    expected = torch.cat([cells.mean(1), cells.amax(1)], 1)
    assert pooled.encoder_dim == 16 and torch.equal(see(pooled, images), expected)
