"""The room of assignment 5: what captions claim, a game that can be interrupted, honest scores."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from starter_code.errors import CourseError
from starter_code.scenes import draw_scene, masks, scene_at
from starter_code.text_to_image import pictures as drawing
from starter_code.text_to_image import public
from starter_code.text_to_image.claims import FACTS, claimed_facts, true_facts
from starter_code.text_to_image.datasets import CaptionedPictures, embed
from starter_code.text_to_image.encoders import (
    CharacterCNNRNN,
    Even,
    PictureEncoder,
    WordRNN,
    words_of,
)
from starter_code.text_to_image.joint import (
    JointOptions,
    build_encoders,
    fit_joint,
    given_encoders,
    keep_encoders,
)
from starter_code.text_to_image.oracle import fit_look, fit_oracle, given_oracle, take_look
from starter_code.text_to_image.preparing import prepare
from starter_code.text_to_image.scores import (
    caption_match,
    diversity,
    measure,
    memorisation,
    r_precision,
)
from starter_code.text_to_image.solver import (
    VARIANTS,
    Batch,
    Losses,
    Options,
    fit,
    given_generator,
    imagine,
    keep_generator,
)
from starter_code.text_to_image.variety import mode_seeking
from starter_code.tiers import tier

TINY = tier("tiny")
SHAPE = {"noise_dim": 5, "text_dim": 128, "size": 32, "width": 4, "projection": 6}


class Generator(nn.Module):
    """The smallest player that draws: one layer from noise and text to pixels."""

    def __init__(self, noise_dim: int, text_dim: int, size: int, **_: int) -> None:
        super().__init__()
        self.noise_dim, self.size = noise_dim, size
        self.draw = nn.Linear(noise_dim + text_dim, 3 * size * size)

    def forward(self, noise: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        flat = self.draw(torch.cat([noise, texts], 1)).tanh()
        return flat.reshape(-1, 3, self.size, self.size)


class Discriminator(nn.Module):
    def __init__(self, text_dim: int) -> None:
        super().__init__()
        self.judge = nn.Linear(3 * 16 + text_dim, 1)

    def forward(self, pictures: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        seen = F.avg_pool2d(pictures, 8).flatten(1)
        return self.judge(torch.cat([seen, texts], 1)).flatten()


def step(
    generator: Any, discriminator: Any, optimizers: Any, batch: Batch, losses: Losses, **switch: Any
) -> dict[str, float]:
    """A step of both players at once: enough for a test of the loop."""
    fakes = generator(batch.noise, batch.texts)
    total = losses.generator(discriminator(fakes, batch.texts)) + losses.discriminator(
        discriminator(batch.pictures, batch.texts),
        discriminator(batch.pictures, batch.wrong),
        discriminator(fakes.detach(), batch.texts),
    )
    for optimizer in optimizers:
        optimizer.zero_grad()
    total.backward()
    for optimizer in optimizers:
        optimizer.step()
    return {"discriminator": total.item(), "generator": float(switch["wrong_pairs"])}


def mismatched(fits: torch.Tensor, lots: torch.Tensor) -> torch.Tensor:
    return lots.masked_fill(fits, -1).argmax(1)


LOSSES = Losses(
    lambda right, wrong, fake: F.softplus(-right).mean() + F.softplus(fake).mean(),
    lambda fake: F.softplus(-fake).mean(),
    mode_seeking,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(TINY, tmp_path_factory.mktemp("data"), progress=False)


@pytest.fixture(scope="module")
def test_set(folder: Path) -> CaptionedPictures:
    return CaptionedPictures(folder, "test")


@pytest.fixture(scope="module")
def train(folder: Path) -> CaptionedPictures:
    return CaptionedPictures(folder, "train").encode(given_encoders(TINY)[0])


# What pictures show


def test_a_single_object_is_seen_whole_and_from_nearby(test_set: CaptionedPictures) -> None:
    shares, first = [], 240 - len(test_set)  # the test split comes last
    for index, picture in enumerate(test_set.pictures.permute(0, 2, 3, 1).numpy(), first):
        scene = scene_at(0, index, (1, 1))
        whole, mask = draw_scene(scene, 64), masks(scene, 64)[0]
        places = [
            (slice(row, row + 32), slice(column, column + 32))
            for row in range(33)
            for column in range(33)
            if np.array_equal(whole[row : row + 32, column : column + 32], picture)
        ]
        assert places, "the picture is a part of its scene, at twice the size"
        assert mask[places[0]].sum() > 0.97 * mask.sum()
        shares.append(mask[places[0]].mean())
    assert np.mean(shares) > 0.15


# What captions claim


def test_claims_are_read_as_they_are_meant() -> None:
    night = claimed_facts("A tiny red automobile is parked on the snow in the dark.")
    assert night == {
        ("object", "car"),
        ("colour", "red"),
        ("thing", "red", "car"),
        ("thing", "small", "red", "car"),
        ("place", "snow"),
        ("time of day", "night"),
    }
    assert ("time of day", "day") not in claimed_facts("A red kite in the sky in the rain.")
    assert ("time of day", "night") in claimed_facts("A red kite in the sky in the rain at night.")
    both = claimed_facts("A red kite flies high above a blue hot air balloon at sunset.")
    assert ("above", "kite", "balloon") in both
    assert ("weather", "clear") in both
    assert ("above", "balloon", "kite") not in both


@pytest.mark.parametrize("dataset", ["scenes", "scenes2"])
def test_captions_are_true_of_their_own_picture_and_of_no_contradicting_one(
    dataset: str, tmp_path: Path
) -> None:
    split = CaptionedPictures(prepare(TINY, tmp_path, dataset=dataset, progress=False), "train")
    told = torch.arange(len(split.captions))
    fits = split.fits(torch.arange(len(split)), told)
    assert fits[split.picture_of, told].all()
    objects = 1 if dataset == "scenes" else 2
    facts = [true_facts(scene_at(0, index, (objects, objects))) for index in range(len(split))]
    claims = [claimed_facts(text) for text in split.captions[:200]]
    for i, j in ((i, j) for i in range(0, len(split), 7) for j in range(200)):
        assert bool(fits[i, j]) == (claims[j] <= facts[i])
    assert set().union(*facts) <= set(FACTS)


def test_each_picture_is_told_by_one_of_its_own_captions(train: CaptionedPictures) -> None:
    rows = torch.randperm(len(train), generator=torch.Generator().manual_seed(1))[:50]
    told = train.told(rows, torch.Generator().manual_seed(2))
    assert (train.picture_of[told] == rows).all()
    assert len({int(j) - int(train.firsts[i]) for i, j in zip(rows, told)}) == 5
    assert torch.equal(told, train.told(rows, torch.Generator().manual_seed(2)))


# Encoders


def test_an_embedding_depends_on_its_own_text_alone() -> None:
    captions = ["A red car.", "There is a large orange hot air balloon high in the air at dusk."]
    torch.manual_seed(0)
    for encoder in (CharacterCNNRNN(16, 4), WordRNN(16, words_of(captions), 4)):
        together, alone = encoder(captions), encoder(captions[:1])
        assert torch.allclose(together[:1], alone, atol=1e-6)
        assert torch.allclose(together.norm(dim=1), torch.full((2,), 4.0))
    assert CharacterCNNRNN(8, 4)(["A " + 50 * "very " + "long text"]).shape == (1, 8)
    assert PictureEncoder(8, 4, 64)(torch.zeros(2, 3, 64, 64)).shape == (2, 8)


def test_training_of_the_joint_embedding_goes_on_where_it_stopped(
    train: CaptionedPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loss(pictures: torch.Tensor, texts: torch.Tensor, fits: torch.Tensor) -> torch.Tensor:
        assert fits.diagonal().all()
        return F.cross_entropy(pictures @ texts.T, torch.arange(len(fits)))

    texts, pictures = build_encoders(TINY)
    options = JointOptions(3, batch_size=8, folder=str(tmp_path / "joint"), progress=False)
    records = fit_joint(texts, pictures, loss, train, options)
    assert records[-1]["step"] == 3
    other = build_encoders(TINY, seed=5)
    again = JointOptions(
        3, batch_size=8, folder=str(tmp_path / "joint"), progress=False, resume=True
    )
    assert fit_joint(*other, loss, train, again) == records
    assert torch.equal(texts(["a red car"]), other[0](["a red car"]))
    path = keep_encoders(tmp_path / "text.safetensors", texts, pictures, TINY, 0)
    assert torch.equal(given_encoders(TINY, path)[0](["a cat"]), texts(["a cat"]))
    learning = build_encoders(TINY, fixed=False)
    before = learning[1].look[0].weight.clone()
    fit_joint(
        *learning, loss, train,
        JointOptions(1, batch_size=4, folder=str(tmp_path / "all"), progress=False),
    )  # fmt: skip
    assert not torch.equal(learning[1].look[0].weight, before)


def test_decorrelating_changes_no_order(train: CaptionedPictures) -> None:
    texts, _ = given_encoders(TINY)
    known = embed(texts, train.captions[:5000])
    assert abs(float(known.mean())) < 0.05
    assert 2 < float(known.std()) < 4
    torch.manual_seed(0)
    even, raw = Even(6), torch.randn(50, 6) * torch.arange(1, 7) + 3
    seen, before = torch.randn(4, 6), even(raw)
    inverse = even.settle(before)
    assert torch.allclose(torch.eye(6), inverse @ even.weight, atol=1e-4)
    shift = seen @ before.T - (seen @ inverse.T) @ even(raw).T
    assert torch.allclose(shift, shift[:, :1].expand(-1, 50), atol=1e-3)


# What comes with the course


def test_real_scenes_match_their_captions_and_not_those_of_others(tmp_path: Path) -> None:
    held_out = CaptionedPictures(prepare(TINY, tmp_path, seed=7, progress=False), "train")
    oracle, (texts, pictures) = given_oracle(TINY), given_encoders(TINY)
    held_out.encode(texts)
    rows = torch.arange(len(held_out))
    told = held_out.told(rows, torch.Generator().manual_seed(0))
    claimed = {name: said[told] for name, said in held_out.claimed.items()}
    seen = held_out.images(rows)
    found = caption_match(oracle, seen, claimed)
    assert min(found.values()) >= 0.98, found
    shuffled = {name: said[torch.randperm(len(said))] for name, said in claimed.items()}
    others = caption_match(oracle, seen, shuffled)
    assert others["object"] < 0.16
    assert others["colour"] < 0.28
    assert others["time of day"] < 0.45
    fits = held_out.fits(rows, told)
    lots = torch.Generator().manual_seed(0)
    assert r_precision(pictures, seen, held_out.texts[told], fits, lots) > 0.6


def test_the_given_generator_draws_what_captions_say(test_set: CaptionedPictures) -> None:
    from autograder.assignments import load_source
    from autograder.cells import run_segments

    names: dict[str, Any] = {}
    run_segments(load_source("a5_gan_cls").segments(), names)
    generator = given_generator(names["Generator"], TINY)
    told = torch.arange(len(test_set.captions))
    lots = torch.Generator().manual_seed(0)
    texts = embed(given_encoders(TINY)[0], test_set.captions)
    drawn = imagine(generator, texts, torch.randn(len(told), generator.noise_dim, generator=lots))
    found = caption_match(given_oracle(TINY), drawn, test_set.claimed)
    assert found["colour"] > 0.6
    assert found["object"] > 0.2
    assert min(found["place"], found["time of day"]) > 0.85


def test_the_given_files_are_small() -> None:
    for path in (Path(given_oracle.__globals__["__file__"]).parent / "given").glob("*.safetensors"):
        assert path.stat().st_size <= 8 * 2**20


# The game


def players(seed: int = 0) -> tuple[Generator, Discriminator]:
    torch.manual_seed(seed)
    return Generator(**SHAPE), Discriminator(SHAPE["text_dim"])


def play(train: CaptionedPictures, train_step: Any = step, **options: Any) -> tuple[Any, list]:
    generator, discriminator = players()
    settings = Options(
        12, batch_size=8, keep_every=5, sheet_every=6, average=0.9, cool_down=0.5, progress=False,
        **options,
    )  # fmt: skip
    records = fit(generator, discriminator, train_step, mismatched, LOSSES, train, settings)
    return generator, records


def test_an_interrupted_game_ends_the_same(train: CaptionedPictures, tmp_path: Path) -> None:
    whole, records = play(train, folder=str(tmp_path / "whole"))
    count = 0

    def killed(*arguments: Any, **switch: Any) -> dict[str, float]:
        nonlocal count
        count += 1
        if count > 8:
            raise KeyboardInterrupt
        return step(*arguments, **switch)

    with pytest.raises(KeyboardInterrupt):
        play(train, killed, folder=str(tmp_path / "killed"))
    other, again = play(train, folder=str(tmp_path / "killed"), resume=True)
    assert torch.equal(whole.draw.weight, other.draw.weight)
    assert again[-1]["discriminator"] == pytest.approx(records[-1]["discriminator"])
    sheet, strip = (
        np.asarray(Image.open(tmp_path / f"killed/{kind}/step_000012.png")).astype(int)
        for kind in ("sheets", "strips")
    )
    assert sheet.shape == (8 * 96, 4 * 96, 3) and strip.shape == (2 * 96, 7 * 96, 3)
    first, last = strip[:96, :96], strip[:96, -96:]  # the first two captions of the sheet
    assert abs(first - sheet[:96, :96]).max() <= 1 and abs(last - sheet[96:192, :96]).max() <= 1
    assert json.loads((tmp_path / "killed/history.json").read_text()) == again
    with pytest.raises(CourseError, match="other options"):
        play(train, folder=str(tmp_path / "killed"), resume=True, seed=3)


def test_the_pairs_of_a_batch_are_what_they_are_called(
    train: CaptionedPictures, tmp_path: Path
) -> None:
    place = {tuple(text[:4].tolist()): j for j, text in enumerate(train.texts)}

    def look(
        generator: Any, discriminator: Any, optimizers: Any, batch: Batch, losses: Losses,
        **switch: Any,
    ) -> dict[str, float]:  # fmt: skip
        assert batch.pictures.shape == (8, 3, 32, 32)
        assert batch.pictures.min() >= -1
        assert batch.pictures.max() <= 1
        assert sorted(batch.partners.tolist()) == list(range(8))
        assert (batch.partners != torch.arange(8)).all()
        pixels = ((batch.pictures + 1) * 127.5).round().to(torch.uint8)
        for picture, right, wrong in zip(pixels, batch.texts, batch.wrong):
            row = (train.pictures == picture).flatten(1).all(1).nonzero()[:1, 0]
            right_one, wrong_one = (
                place[tuple(right[:4].tolist())],
                place[tuple(wrong[:4].tolist())],
            )
            assert train.fits(row, torch.tensor([right_one])).all()
            assert not train.fits(row, torch.tensor([wrong_one])).any()
        return step(generator, discriminator, optimizers, batch, losses, **switch)

    play(train, look, folder=str(tmp_path))


def test_a_loss_that_is_not_a_number_ends_the_training(
    train: CaptionedPictures, tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> dict[str, float]:
        return {"discriminator": float("nan")}

    with pytest.raises(CourseError, match="became NaN"):
        play(train, broken, folder=str(tmp_path))


@pytest.mark.parametrize("alike", [0.0, 0.5, 1.0])
def test_wrong_texts_come_from_pictures_of_the_same_place_and_light(
    alike: float, train: CaptionedPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs: list[torch.Tensor] = []
    agree = CaptionedPictures.agree

    def kept(split: CaptionedPictures, rows: torch.Tensor) -> torch.Tensor:
        keys = torch.cat([split.properties[n][rows] for n in ("place", "time of day")], dim=1)
        pairs.append(agree(split, rows))
        assert torch.equal(pairs[-1], torch.cdist(keys.float(), keys.float()) == 0)
        return pairs[-1]

    def spied(fits: torch.Tensor, lots: torch.Tensor) -> torch.Tensor:
        assert lots.min() >= 0 and lots.max() < 1
        wrong = mismatched(fits, lots)
        has = (pairs[-1] & ~fits).any(1)
        taken.append(pairs[-1].gather(1, wrong[:, None])[has])
        return wrong

    taken: list[torch.Tensor] = []
    monkeypatch.setattr(CaptionedPictures, "agree", kept)
    how = {"sheet_every": 0, "progress": False, "folder": str(tmp_path)}
    fit(*players(), step, spied, LOSSES, train, Options(10, batch_size=32, alike=alike, **how))
    share = float(torch.cat(taken).float().mean())
    assert abs(share - (alike + (1 - alike) * 0.12)) < 0.12


def test_mode_seeking_rewards_pictures_that_differ_less_and_less() -> None:
    texts, noise = torch.zeros(8, 4), torch.randn(8, 5, generator=torch.Generator().manual_seed(0))
    partners = torch.arange(8).roll(1)

    def term(scale: float) -> tuple[float, float]:
        size = torch.tensor(scale, requires_grad=True)
        value = mode_seeking(
            lambda z, h: size * z[:, :3, None, None].expand(-1, -1, 4, 4),
            None, noise, texts, partners,
        )  # fmt: skip
        return value.item(), torch.autograd.grad(value, size)[0].item()

    (none, _), (little, steep), (much, flat) = term(0.0), term(0.1), term(1.0)
    assert none > little > much > 0
    assert steep < 20 * flat < 0, "what is far apart already is hardly pushed any further"


# Scores and figures


def test_scores_know_a_copy_and_a_constant(train: CaptionedPictures) -> None:
    rows = torch.tensor([3, 11, 40])
    distance, found = memorisation(train.images(rows), train)
    assert torch.equal(found, rows)
    assert distance.max() < 1e-3
    generator, _ = players()
    texts, noise = train.texts[:6], torch.randn(2, 6, 5)
    assert diversity(generator, texts, noise) > 0.01
    assert diversity(generator, texts, noise[:1].expand(2, -1, -1)) == 0


def test_figures_are_drawn(train: CaptionedPictures, tmp_path: Path) -> None:
    generator, _ = players()
    texts, noise, captions = train.texts[:3], torch.randn(4, 5), train.captions[:3]
    drawn = imagine(generator, texts, noise[:3])
    figures = [
        drawing.samples_by_caption(drawn[:, None], captions),
        drawing.z_and_text(generator, texts, noise, captions),
        drawing.interpolation_strip(generator, *texts[:2], noise, (captions[0], captions[1])),
        drawing.nearest(drawn, train),
        drawing.training_curves({"GAN": [{"step": 50, "discriminator": 1.0, "generator": 0.7}]}),
    ]
    for number, figure in enumerate(figures):
        figure.savefig(tmp_path / f"{number}.png")
        assert np.asarray(Image.open(tmp_path / f"{number}.png")).std() > 5


# Photos


def write_photos(folder: Path, dataset: str) -> None:
    """Two classes for each split, two photos each, as the public files lie."""
    (folder / "text_c10").mkdir(parents=True)
    jpg = folder / ("CUB_200_2011/images" if dataset == "cub" else "jpg")
    for split in ("train", "val", "test"):
        names = [f"{split}_{n}" for n in range(2)]
        (folder / f"{split}classes.txt").write_text("\n".join(names) + "\n")
        for label in names:
            beside = jpg / label if dataset == "cub" else jpg
            beside.mkdir(parents=True, exist_ok=True)
            (folder / "text_c10" / label).mkdir()
            for n in range(2):
                Image.new("RGB", (50, 40), (90 * n, 20, 200)).save(beside / f"{label}_{n}.jpg")
                text = f"a {label} flower\n\nthis bird is number {n}\n"
                (folder / "text_c10" / label / f"{label}_{n}.txt").write_text(text)


@pytest.mark.parametrize("dataset", ["cub", "oxford102"])
def test_photos_are_read_as_they_are_given_out(dataset: str, tmp_path: Path) -> None:
    write_photos(tmp_path / dataset, dataset)
    prepared = prepare(TINY, tmp_path, dataset=dataset, progress=False)
    train = CaptionedPictures(prepared, "train")
    assert (len(train), len(train.captions)) == (4, 8)
    assert train.captions[0] == "a train_0 flower"
    told = train.told(torch.arange(4), torch.Generator().manual_seed(0))
    expected = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]).bool()
    assert torch.equal(train.fits(torch.arange(4), told), expected)
    assert not train.properties


def test_birds_fill_the_picture_where_their_boxes_are_known(tmp_path: Path) -> None:
    write_photos(tmp_path / "cub", "cub")
    root = tmp_path / "cub" / "CUB_200_2011"
    small = Image.new("RGB", (300, 200), (0, 0, 0))
    small.paste((255, 255, 255), (250, 20, 290, 40))  # a bird of 40 x 20 in the corner
    names = sorted(str(path.relative_to(root / "images")) for path in root.rglob("*.jpg"))
    for name in names:
        small.save(root / "images" / name, quality=95)
    (root / "images.txt").write_text("".join(f"{n} {name}\n" for n, name in enumerate(names, 1)))
    boxes = root / "bounding_boxes.txt"
    boxes.write_text("".join(f"{n} 250.0 20.0 40.0 20.0\n" for n in range(1, len(names) + 1)))
    train = CaptionedPictures(prepare(TINY, tmp_path, dataset="cub", progress=False), "train")
    bright = (train.pictures > 128).float().mean()
    assert 0.15 < bright < 0.4, "40 x 20 of about 60 x 60, less what the photo's border cuts off"
    boxes.write_text("1 900.0 20.0 40.0 20.0\n")
    with pytest.raises(CourseError, match="outside of it"):
        public.read_photos("cub", tmp_path / "cub", 32, progress=False)
    boxes.write_text("1 250.0 20.0\n")
    with pytest.raises(CourseError, match="is no box of a photo"):
        public.read_photos("cub", tmp_path / "cub", 32, progress=False)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda f: (f / "valclasses.txt").unlink(), "no valclasses.txt"),
        (lambda f: (f / "testclasses.txt").write_text(""), "The split test of oxford102 is empty"),
        (lambda f: next(f.glob("jpg/*")).unlink(), "a photo that is not there"),
        (lambda f: next(f.glob("text_c10/train_0/*.txt")).write_text("\n"), "no caption in it"),
        (lambda f: next(f.glob("jpg/*")).write_bytes(b"no picture"), "is damaged"),
    ],
)
def test_missing_photos_are_told_in_one_sentence(
    damage: Any, sentence: str, tmp_path: Path
) -> None:
    write_photos(tmp_path / "oxford102", "oxford102")
    damage(tmp_path / "oxford102")
    with pytest.raises(CourseError, match=sentence):
        prepare(TINY, tmp_path, dataset="oxford102", progress=False)
    assert "\n" not in sentence


def test_photos_keep_their_split(tmp_path: Path) -> None:
    write_photos(tmp_path, "cub")
    photos = public.list_photos("cub", tmp_path)
    assert all(photo.label.startswith(photo.split) for photo in photos)


# What people get wrong


def test_bad_input_is_answered_in_one_sentence(
    folder: Path, test_set: CaptionedPictures, tmp_path: Path
) -> None:
    oracle, (texts, pictures) = given_oracle(TINY), given_encoders(TINY)
    generator, _ = players()
    kept = keep_generator(tmp_path / "mine.safetensors", generator, SHAPE)
    assert given_generator(Generator, TINY, kept).noise_dim == 5
    told = json.loads((folder / "CAPTIONS.json").read_text())
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in folder.iterdir():
        (bare / path.name).write_bytes(path.read_bytes())
    told["captions"][-1][2] = "  "
    (bare / "CAPTIONS.json").write_text(json.dumps(told))

    def wider(**sizes: int) -> Generator:
        return Generator(**(sizes | {"noise_dim": 9}))

    fresh = CaptionedPictures(folder, "val")
    for attempt, sentence in (
        (lambda: prepare(TINY, dataset="coco"), "There is no text-to-image data set 'coco'"),
        (lambda: CaptionedPictures(folder, "trian"), "no split 'trian'"),
        (lambda: CaptionedPictures(tmp_path, "train"), "no finished pictures"),
        (lambda: CaptionedPictures(bare, "test"), "captions without text"),
        (lambda: fresh.texts, "not embedded yet"),
        (lambda: texts(["a red car", " "]), "no text in it"),
        (lambda: texts("a red car"), "takes a list of captions"),
        (lambda: pictures(torch.full((1, 3, 32, 32), 255.0)), "range from 255 to 255"),
        (lambda: oracle(torch.zeros(1, 3, 64, 64)), "takes \\(B, 3, 32, 32\\)"),
        (lambda: given_encoders(TINY, kept), "weights of another model"),
        (lambda: given_generator(wider, TINY, kept), "weights of another model"),
        (lambda: given_oracle(tier("full")), "comes with the course at the tier full"),
        (
            lambda: r_precision(
                pictures, torch.zeros(3, 3, 32, 32), torch.zeros(3, 128),
                torch.eye(3).bool(), torch.Generator(),
            ),
            "takes 100 texts",
        ),
    ):  # fmt: skip
        with pytest.raises(CourseError, match=sentence) as raised:
            attempt()
        assert "\n" not in str(raised.value)


# All of it


def test_the_whole_at_tiny(
    folder: Path, train: CaptionedPictures, test_set: CaptionedPictures, tmp_path: Path
) -> None:
    """The reference's pieces in all four variants, measured: it runs, and scores are in range."""
    from autograder.assignments import load_source
    from autograder.cells import run_segments

    names: dict[str, Any] = {}
    run_segments(load_source("a5_gan_cls").segments(), names)
    here = SimpleNamespace(**names)
    losses = Losses(here.discriminator_loss, here.generator_loss, here.interpolation_loss)
    texts, pictures = given_encoders(TINY)
    test_set.encode(texts)
    for name, switch in VARIANTS.items():
        generator = here.Generator(**SHAPE)
        discriminator = here.Discriminator(SHAPE["text_dim"], 32, 32, 6)
        take_look(discriminator.look, TINY)
        options = Options(
            4, 16, sheet_every=0, progress=False, folder=str(tmp_path / name), **switch
        )
        records = fit(
            generator, discriminator, here.train_step, here.mismatched, losses, train, options
        )
        assert (records[-1]["interpolation"] > 0) == (switch["interpolate"] > 0)
    found = measure(generator, test_set, train, given_oracle(TINY), pictures, pictures=40)
    assert all(value == value and 0 <= value < 2 for value in found.values()), found
    fit_oracle(given_oracle(TINY).requires_grad_(True), train, 2, batch_size=8, progress=False)
    before = discriminator.look[0].weight.clone()
    fit_look(discriminator.look, train, 2, batch_size=8, progress=False)
    assert not torch.equal(before, discriminator.look[0].weight)
