"""Assignment 4, second half: what assignment 3 hands over, eight methods, and their numbers."""

import copy
import json
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from autograder import reproduce, studies
from autograder.cli import app
from autograder.dsic_tables import printed
from starter_code import scenes
from starter_code.errors import CourseError
from starter_code.stylized import methods, scores
from starter_code.stylized.baselines import CNNLSTM
from starter_code.stylized.captioners import FromCaptions, FromImages, FromModules
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.given import GIVEN
from starter_code.stylized.modules import load_modules, save_modules
from starter_code.stylized.preparing import prepare
from starter_code.tensors import read_tensors
from starter_code.tiers import tier

SIZES = methods.Sizes(8, 12, 0.0, 2, 32, 5e-3)


@cache
def _folder(root):
    return prepare("scenes", "tiny", root)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folder = _folder(tmp_path_factory.mktemp("data"))
    return {split: StyledDataset(folder, split) for split in ("train", "val", "test")}


class Generator(CNNLSTM):
    """A generator of the labs' contract, told z instead of [style ; picture]."""

    def __init__(self, vocab_size: int, z_dim: int, **sizes: float) -> None:
        super().__init__(vocab_size, 1, z_dim - 1, **sizes)


class Join(nn.Module):
    def __init__(self, *, image_dim: int, caption_dim: int) -> None:
        super().__init__()
        self.output_dim = image_dim + caption_dim

    def forward(self, z_image, z_caption):
        return torch.cat([z_image, z_caption], dim=1)


def lab(sets) -> methods.Lab:
    modules = load_modules(None, sets["train"], tier("tiny"))
    kinds = {"concat": Join, "attention": Join, "capsule": Join}
    return methods.Lab(Generator, kinds, modules, sets["train"], sets["val"], SIZES)


# Modules ------------------------------------------------------------------------------------------


class ImageVAE(nn.Module):
    """The names of assignment 3 that are kept."""

    slices, style_dim = 2, 3

    def __init__(self, visual: int) -> None:
        super().__init__()
        self.f = nn.Sequential(nn.Linear(visual, 5), nn.ReLU(), nn.Linear(5, 2 * 10))


class CaptionVAE(nn.Module):
    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding, self.start = nn.Embedding(words, 4), nn.Linear(7, 12)
        self.writer = nn.LSTM(4 + 7, 6, batch_first=True)
        self.word_fc = nn.Linear(6, words)


@pytest.fixture
def saved(sets, tmp_path):
    train = sets["train"]
    parts = {"image_vae": ImageVAE(train.feature_dim), "caption_vae": CaptionVAE(len(train.words))}
    facts = torch.randn(len(train.pictures), 4)
    vectors = {"style_vectors": torch.randn(2, 3), "facts": facts}
    path = save_modules(tmp_path / "modules.safetensors", **parts, **vectors, dataset=train)
    return path, parts, vectors


def test_what_assignment_3_hands_over_comes_back(sets, saved):
    path, parts, vectors = saved
    modules = load_modules(path, sets["train"], tier("tiny"))
    visual = sets["train"].features[:9]
    both = parts["image_vae"].f(visual)
    posterior = modules.viewer(visual)
    assert torch.allclose(posterior.mean, both[:, :10], atol=0.02)  # kept in half precision
    assert torch.allclose(posterior.variance.log(), both[:, 10:], atol=0.02)
    assert torch.allclose(modules.style_vectors, vectors["style_vectors"], atol=2e-3)
    styles, facts = modules.viewer.sample(visual)
    assert styles.shape == (9, 2, 3) and torch.equal(facts, posterior.mean[:, 6:])
    drawn = torch.stack(
        [modules.viewer.sample(visual, torch.Generator().manual_seed(i))[1] for i in range(400)]
    )
    assert torch.allclose(drawn.mean(0), facts, atol=0.3)
    assert torch.allclose(drawn.std(0), posterior.stddev[:, 6:], rtol=0.25)
    assert not any(
        p.requires_grad for p in (*modules.viewer.parameters(), *modules.writer.parameters())
    )
    state = modules.writer.init_state(torch.zeros(2, 7))
    shapes, (h, c, _) = modules.writer.step(torch.tensor([1, 2]), state)
    assert shapes.shape == (2, len(sets["train"].words)) and h.shape == c.shape == (2, 6)


def test_modules_that_are_not_there_or_of_other_data_are_one_sentence(sets, saved, tmp_path):
    path, _, _ = saved
    train, size = sets["train"], tier("tiny")
    with pytest.raises(CourseError, match=r"no checkpoint .*nowhere.* of assignment 3"):
        load_modules(tmp_path / "nowhere.safetensors", train, size)
    with pytest.raises(CourseError, match="No trained modules come with the tier 'full'"):
        load_modules(None, train, tier("full"))
    with pytest.raises(CourseError, match="another data set"):
        load_modules(None, train, tier("small"))  # the given ones know other words
    with pytest.raises(CourseError, match="training pictures and here are"):
        load_modules(path, sets["val"], size)
    (tmp_path / "broken.safetensors").write_bytes(path.read_bytes()[:200])
    with pytest.raises(CourseError, match="cannot be read as trained networks"):
        load_modules(tmp_path / "broken.safetensors", train, size)
    other = copy.copy(train)
    other.features = torch.zeros(len(train.pictures), 7)
    with pytest.raises(CourseError, match="sees pictures of"):
        load_modules(path, other, size)


def test_the_given_networks_are_small_and_say_what_they_are():
    for name in ("encoder", "modules"):
        path = GIVEN / f"scenes_small_{name}.safetensors"
        assert path.stat().st_size < 8 * 2**20
        assert read_tensors(path)[1]["tier"] == "small"


# Methods ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", methods.METHODS)
def test_every_method_learns_something_of_the_captions(sets, tmp_path, name):
    place = {"folder": tmp_path, "progress": False, "device": "cpu"}
    here = lab(sets)
    if name == "D-Images":  # its epochs are halved between two phases, and one epoch shows no fall
        here = replace(here, sizes=replace(SIZES, epochs=2 * SIZES.epochs))
    captioner = methods.learn(name, here, **place)
    phases = sorted(tmp_path.glob("**/history.json"))
    for path in phases:
        losses = [r["train_loss"] for r in json.loads(path.read_text())["records"]]
        assert losses[-1] == min(losses) < losses[0]
    told = scores.tell_all(captioner, sets["test"], beam_size=2, max_length=6)
    assert {style: len(captions) for style, captions in told.items()} == {
        style: len(sets["test"].pictures) for style in sets["test"].styles
    }
    again = methods.learn(name, here, resume=True, **place)
    for one, two in zip(captioner.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two), "a finished training is taken as it is"


def test_only_what_a_method_trains_moves(sets, tmp_path):
    here, place = lab(sets), {"progress": False, "device": "cpu"}
    before = copy.deepcopy(here.modules.viewer.state_dict())
    joint = methods.learn("D-Images", here, folder=tmp_path / "joint", **place)
    moved = [not torch.equal(before[n], v) for n, v in joint.viewer.state_dict().items()]
    assert all(moved), "joint fine-tuning trains the encoder"
    methods.learn("DSIC", here, folder=tmp_path / "dsic", **place)
    for name, value in here.modules.viewer.state_dict().items():
        assert torch.equal(value, before[name]), "what assignment 3 trained stands still"
    with pytest.raises(CourseError, match="no method 'DISC'"):
        methods.learn("DISC", here, folder=tmp_path)


def test_z_is_made_of_the_slice_and_the_vector_of_the_style_that_is_asked_for(sets):
    here = lab(sets)
    visual, styles = sets["test"].features[:4], torch.tensor([0, 1, 1, 0])
    slices, facts = here.modules.viewer.sample(visual)
    own = slices[torch.arange(4), styles]
    vectors = here.modules.style_vectors[styles]
    join = Join(image_dim=slices.shape[2], caption_dim=vectors.shape[1])
    dsic = FromModules(nn.Identity(), join, here.modules)
    assert torch.equal(dsic.mix(visual, styles), torch.cat([own, vectors, facts], 1))
    images = FromImages(nn.Identity(), here.modules)
    assert torch.equal(images.mix(visual, styles), torch.cat([own, facts], 1))
    captions = FromCaptions(here.modules, visual.shape[1])
    assert torch.equal(captions.mix(visual, styles)[:, : vectors.shape[1]], vectors)
    seen = captions.encoder(sets["train"].features[:5]) + torch.tensor([3.0, 4.0] + [0.0] * 30)
    captions.facts[:5] = seen
    assert captions.distance(sets["train"].features[:5], torch.arange(5)).item() == pytest.approx(5)


# Numbers ------------------------------------------------------------------------------------------


def icsa(classify, captions, wanted):
    heard = classify(captions)
    return {"all": sum(a == b for a, b in zip(heard, wanted, strict=True)) / len(wanted)}


def test_true_captions_get_what_is_due_to_them_and_others_do_not(sets):
    test = sets["test"]
    truth = {
        style: [" ".join(test.references(i, style)[0]) for i in range(len(test.pictures))]
        for style in test.styles
    }
    styles = {caption: style for style, told in truth.items() for caption in told}
    numbers = [int(name[len("scene_") : -len(".png")]) for name in test.pictures]
    world = [scenes.factors(scenes.scene_at(0, number)) for number in numbers]

    def oracle(captions):
        return [styles[caption] for caption in captions]

    row = scores.measure(truth, test, oracle, icsa, factors=world)
    assert row["BLEU-4"] == pytest.approx(1) and row["ICSA"] == row["exchanged"] == 1
    assert row["faithful"] > 0.9 > 3 * row["faithful to the next"]
    assert row["positive CIDEr"] > 1 and row["distinct"] > len(numbers)
    one = {style: [told[0]] * len(told) for style, told in truth.items()}
    dull = scores.measure(one, test, oracle, icsa, factors=world)
    assert dull["ICSA"] == 1 and dull["CIDEr"] < 0.3 * row["CIDEr"] and dull["distinct"] == 2
    turned = dict(zip(truth, reversed(truth.values()), strict=True))
    assert scores.measure(turned, test, oracle, icsa)["ICSA"] == 0


def test_the_tables_are_measured_again_and_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "METHODS", ("CNN+LSTM", "DSIC"))
    monkeypatch.setattr(scores, "metrics_here", lambda: ("bleu", "cider"))
    study = studies.Study("scenes", "tiny", (0, 1), tmp_path / "data", tmp_path / "out")
    done, limit = [], 4
    work = reproduce.do

    def interrupted(study, task):
        if len(done) == limit:
            raise KeyboardInterrupt
        done.append(task)
        work(study, task)

    monkeypatch.setattr(reproduce, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce.reproduce(study)
    limit = 100
    report = reproduce.reproduce(study).read_text("utf-8")
    assert len(done) == len(set(done)) == 2 + 2 * 2 + 2 * 2, "nothing is done twice"
    for words in ("| CNN+LSTM |", "| DSIC |", "Table 3", "*43.07*", "*100.00*", "positive"):
        assert words in report
    assert "±" in report and "StyleNet" not in report


def test_numbers_of_the_source_are_those_it_prints():
    table = printed("senticap")
    assert (
        table["pooled", "DSIC"]["CIDEr"] == 42.21 and table["negative", "SF-LSTM"]["SPICE"] == 7.77
    )
    assert len(table) == 20 == len(printed("flickrstyle10k")) and printed("scenes") == {}
    gain = table["pooled", "DSIC"]["BLEU-1"] / table["pooled", "SF-LSTM"]["BLEU-1"]
    assert round(100 * (gain - 1)) == 17  # section 5.3


def test_unknown_sources_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["reproduce", "nothing"])
    assert isinstance(answer.exception, CourseError) and "there are dsic" in str(answer.exception)
