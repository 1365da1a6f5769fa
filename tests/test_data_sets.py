"""Data sets by name: converters, the catalogue, and what is prepared from them."""

import json
import pickle
from dataclasses import replace

import pytest
import torch
from small_sets import small_set

from starter_code import catalogue, tiers
from starter_code.captioning import convert
from starter_code.captioning.datasets import CaptionDataset, prepare
from starter_code.captioning.karpathy import read_karpathy, tokenise
from starter_code.errors import CourseError


def test_flickr8k_text_files(tmp_path):
    (tmp_path / "Flickr8k.token.txt").write_text(
        "1_a.jpg#0\tA dog's ball .\n1_a.jpg#1\tThe dog\n"
        "2_b.jpg.1#0\tTwo cats !\n3_c.jpg#0\tNobody\n"
    )
    for name, pictures_ in [("train", "1_a.jpg\n"), ("dev", "2_b.jpg\n"), ("test", "")]:
        (tmp_path / f"Flickr_8k.{name}Images.txt").write_text(pictures_)
    read = list(read_karpathy(convert.flickr8k_text(tmp_path, tmp_path / "out.json")))
    assert [(p.filename, p.split) for p in read] == [("1_a.jpg", "train"), ("2_b.jpg", "val")]
    assert read[0].captions == (("a", "dog's", "ball"), ("the", "dog")) and read[1].image_id == 1
    (tmp_path / "Flickr8k.token.txt").write_text("1_a.jpg A dog\n")
    with pytest.raises(CourseError, match="line 1: expected"):
        convert.flickr8k_text(tmp_path, tmp_path / "out.json")


def test_flickrstyle_text_files(tmp_path):
    names = [f"{i}_{i:x}.jpg" for i in range(28)]
    for folder, text in [("humor", "funny_train.txt"), ("romantic", "romantic_train.txt")]:
        (tmp_path / folder).mkdir()
        lines = "\r\n".join(f"a {folder} caf\xe9 number {i} ." for i in range(28))
        (tmp_path / folder / text).write_bytes(lines.encode("latin-1"))
    (tmp_path / "humor/train.p").write_bytes(pickle.dumps(names))
    output = convert.flickrstyle10k(tmp_path, tmp_path / "out.json")
    read = list(read_karpathy(output))
    assert [picture.filename for picture in read] == names
    assert [sum(p.split == s for p in read) for s in ("train", "val", "test")] == [24, 2, 2]
    assert read[5].captions[1] == ("a", "romantic", "café", "number", "5")
    styles = [s["style"] for s in json.loads(output.read_text())["images"][0]["sentences"]]
    assert styles == ["humorous", "romantic"]
    (tmp_path / "humor/train.p").write_bytes(pickle.dumps(names[:-1]))
    with pytest.raises(CourseError, match="27 picture names, 28 humorous"):
        convert.flickrstyle10k(tmp_path, tmp_path / "out.json")


def test_senticap_file(tmp_path):
    sentences = [
        {"tokens": ["a", "nice", "dog"], "raw": "A nice dog.", "sentiment": 1},
        {"tokens": ["a", "sad", "dog"], "raw": "A sad dog.", "sentiment": 0},
    ]
    entry = {"filename": "COCO_1.jpg", "split": "test", "imgid": 7, "sentences": sentences}
    source = tmp_path / "senticap_dataset.json"
    source.write_text(json.dumps({"images": [entry]}))
    output = convert.senticap(tmp_path, tmp_path / "out.json")
    (picture,) = read_karpathy(output)
    assert picture.captions == (("a", "nice", "dog"), ("a", "sad", "dog"))
    written = json.loads(output.read_text())["images"][0]["sentences"]
    assert [s["style"] for s in written] == ["positive", "negative"]
    source.write_text('{"images": [{}]}')
    with pytest.raises(CourseError, match="not SentiCap's file"):
        convert.senticap(tmp_path, tmp_path / "out.json")


def test_the_catalogue_says_what_is_missing(tmp_path):
    assert set(catalogue.NAMES) >= {"scenes", "coco2014", "flickr8k", "flickr30k",
                                    "flickrstyle10k", "senticap"}  # fmt: skip
    for name in catalogue.NAMES:
        entry, text = catalogue.find(name), catalogue.describe(name, tmp_path)
        assert all(fact in text for fact in (entry.title, entry.source, entry.licence, entry.size))
        assert len(catalogue.check(name, tmp_path)) == len(entry.parts)
    with pytest.raises(CourseError, match=r"'coco'.*coco2014, flickr8k"):
        catalogue.check("coco")
    (tmp_path / "flickr8k/images").mkdir(parents=True)
    (tmp_path / "flickr8k/images/1.jpg").touch()
    lacking = catalogue.check("flickr8k", tmp_path)
    assert "dataset_flickr8k.json" in lacking[0] and "7,999 of 8,000 pictures" in lacking[1]
    with pytest.raises(CourseError, match=r"flickr8k is not complete.*dataset_flickr8k.*forms"):
        prepare("flickr8k", "tiny", tmp_path)


def test_prepare_converts_and_writes_a_real_set(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "_lack", lambda part, folder: "")
    folder = tmp_path / "flickr8k"
    small_set(folder)
    names = [f"train2014/{i}.jpg" for i in (0, 1, 3)]
    (folder / "Flickr8k.token.txt").write_text("".join(f"{n}#0\tA kite\n" for n in names))
    for split, name in zip(("train", "dev", "test"), names, strict=True):
        (folder / f"Flickr_8k.{split}Images.txt").write_text(name)
    made = prepare("flickr8k", "tiny", tmp_path)
    assert made == folder / "input_32px" and CaptionDataset(made, "val").num_images == 1
    assert prepare("flickr8k", "tiny", tmp_path) == made


def test_prepare_draws_the_scenes_once_per_tier_and_seed(tmp_path, monkeypatch):
    monkeypatch.setitem(tiers.TIERS, "tiny", replace(tiers.tier("tiny"), pictures=20))
    folder = prepare("scenes", "tiny", tmp_path)
    train, test = CaptionDataset(folder, "train"), CaptionDataset(folder, "test")
    assert train.num_images == 16 and train.images.shape == (16, 3, 32, 32) and len(train) == 80
    facts = json.loads((folder.parent / "factors.json").read_text())
    assert len(facts) == 20 and "<unk>" not in train.decode(train.captions.flatten())
    assert all(len(test.references(i)) == 5 for i in range(test.num_images))
    other = CaptionDataset(prepare("scenes", "tiny", tmp_path, seed=1), "train")
    assert not torch.equal(other.images, train.images)
    monkeypatch.setattr("starter_code.captioning.datasets.write_scenes", None)
    assert prepare("scenes", tiers.tier("tiny"), tmp_path) == folder


def test_words_of_a_sentence():
    assert tokenise("It's 3 o'clock: a child’s café_2") == [
        "it's", "3", "o'clock", "a", "child", "s", "café", "2"]  # fmt: skip
