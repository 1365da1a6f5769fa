"""A pretrained encoder knows the words of a picture; a second call takes it from its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from starter_code.captioning.datasets import CaptionDataset, prepare
from starter_code.captioning.models import encoder_for
from starter_code.captioning.pretraining import caption_labels, pretrain, seeing_encoder
from starter_code.tiers import tier

TINY = tier("tiny")


def scenes(folder: Path) -> CaptionDataset:
    return CaptionDataset(prepare("scenes", TINY, folder / "data", workers=1), "train")


def test_labels_are_words_and_pairs_that_some_but_not_all_pictures_have(tmp_path: Path) -> None:
    train = scenes(tmp_path)
    labels = caption_labels(train)
    assert labels.shape[0] == train.num_images and labels.shape[1] > len(train.word_map) // 2
    night = torch.tensor(
        [any("night" in words for words in train.references(i)) for i in range(train.num_images)]
    )
    assert (labels == night[:, None]).all(0).any()


def test_pretraining_is_kept_and_draws_nothing_from_the_caller(tmp_path: Path) -> None:
    train = scenes(tmp_path)
    fresh, encoder = (encoder_for(TINY) for _ in range(2))
    encoder.load_state_dict(fresh.state_dict())
    options = {"steps": 40, "seed": 3, "device": "cpu", "folder": tmp_path / "kept"}
    before = torch.get_rng_state()
    pretrain(encoder, train, **options)
    assert torch.equal(before, torch.get_rng_state())
    assert len(list((tmp_path / "kept").iterdir())) == 1
    again = pretrain(fresh, train, **options)
    for one, other in zip(encoder.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_an_encoder_that_comes_with_weights_is_left_alone(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    size = replace(TINY, pretraining_steps=0)
    torch.manual_seed(1)
    expected = encoder_for(size).state_dict()
    torch.manual_seed(1)
    found = seeing_encoder(size, scenes(tmp_path)).state_dict()
    assert all(torch.equal(expected[key], found[key]) for key in expected)
    assert not (tmp_path / "runs").exists()
