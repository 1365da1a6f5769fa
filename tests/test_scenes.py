"""The picture world: what is drawn, what is said about it, and what is written to disk."""

import errno
import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from nltk.translate.bleu_score import corpus_bleu
from PIL import Image
from scipy.ndimage import binary_dilation

from starter_code import scenes
from starter_code.errors import CourseError
from starter_code.scenes import (
    MOODS,
    STYLES,
    TIMES,
    WEATHERS,
    boxes,
    captions,
    claims,
    draw_scene,
    factors,
    keypoints,
    masks,
    sample_scene,
    scene_at,
    styled_caption,
    tokenize,
    true_claims,
    write_scenes,
)
from starter_code.scenes import writing as writing_module
from starter_code.scenes.sampling import KIND_TABLE

MANY = [scene_at(7, index) for index in range(900)]
FEW = MANY[:60]
SAID = [captions(scene, [7, scene.index]) for scene in MANY]


# Drawing --------------------------------------------------------------------------------------


def test_a_seed_decides_everything_and_the_caches_nothing():
    from starter_code.scenes import backdrops, drawing

    first = [draw_scene(scene) for scene in FEW[:8]]
    for cached in (backdrops.backdrop, drawing._sprite, drawing._lit_sprite):
        cached.cache_clear()
    for scene, picture in reversed(list(zip(FEW[:8], first, strict=True))):
        again = scene_at(7, scene.index)
        assert again == scene
        assert np.array_equal(draw_scene(again), picture)
        assert captions(again, 3) == captions(scene, 3)
        assert styled_caption(again, "romantic", 3) == styled_caption(scene, "romantic", 3)
    assert len({picture.tobytes() for picture in first}) == len(first)
    assert scene_at(8, 0) != scene_at(7, 0)


@pytest.mark.parametrize("size", [32, 64, 101, 256])
def test_pictures_have_the_size_asked_for_and_show_the_same_at_every_size(size):
    for scene in [s for s in FEW if s.weather in ("clear", "cloudy")][:4]:
        picture = draw_scene(scene, size)
        assert picture.shape == (size, size, 3)
        assert picture.dtype == np.uint8
        fine = Image.fromarray(draw_scene(scene, 256)).resize((16, 16), Image.Resampling.BOX)
        coarse = Image.fromarray(picture).resize((16, 16), Image.Resampling.BOX)
        assert np.abs(np.asarray(fine, float) - np.asarray(coarse, float)).mean() < 8


@pytest.mark.parametrize("size", [32, 64, 200])
def test_boxes_are_the_tight_bounds_of_masks_and_every_object_stays_visible(size):
    for scene in FEW:
        shown = masks(scene, size)
        assert shown.sum(0).max() == 1, "a pixel shows one object only"
        for index, (left, top, right, bottom) in enumerate(boxes(scene, size)):
            rows, columns = np.nonzero(shown[index])
            assert (left, top) == (columns.min(), rows.min())
            assert (right, bottom) == (columns.max() + 1, rows.max() + 1)
            alone = masks(replace(scene, objects=scene.objects[index : index + 1]), size)[0]
            assert shown[index].sum() >= 0.75 * alone.sum()


def test_sampling_knows_how_far_each_drawing_reaches():
    for scene in MANY[:150]:
        for thing in scene.objects:
            mask = masks(replace(scene, objects=(thing,)), 128)[0]
            box = np.array(scenes.drawing.box_of(mask)) / 128
            assert np.abs(box - thing.extent).max() < 0.03, thing
            assert thing.extent[0] >= 0 and thing.extent[2] <= 1


def test_masks_are_the_pixels_that_change_when_an_object_is_taken_away():
    for scene in FEW:
        scene = replace(scene, weather="clear")
        full, shown = draw_scene(scene, 96).astype(int), masks(scene, 96)
        for index, thing in enumerate(scene.objects):
            rest = scene.objects[:index] + scene.objects[index + 1 :]
            changed = np.abs(full - draw_scene(replace(scene, objects=rest), 96)).max(-1) > 0
            assert (changed & shown[index]).sum() >= 0.97 * shown[index].sum()
            near = binary_dilation(shown[index], iterations=2) | shown.any(0)
            if KIND_TABLE[thing.kind].home == "ground":  # its shadow lies around its foot
                bottom = int(thing.extent[3] * 96)
                near[max(0, bottom - 8) : bottom + 6] = True
            assert not (changed & ~near).any()


def test_what_stands_nearer_hides_what_stands_behind():
    far = scenes.SceneObject("tree", "green", "large", 0.5, 0.55)
    near = scenes.SceneObject("cat", "red", "large", 0.5, 0.75)
    for objects in ((far, near), (near, far)):
        scene = replace(FEW[0], objects=objects)
        shown = masks(scene, 64)
        alone = [masks(replace(scene, objects=(thing,)), 64)[0] for thing in objects]
        front = objects.index(near)
        assert np.array_equal(shown[front], alone[front])
        assert shown[1 - front].sum() < alone[1 - front].sum()


def test_keypoints_lie_on_their_object_and_are_mirrored_with_it():
    for scene in FEW:
        for points, (left, top, right, bottom) in zip(
            keypoints(scene, 128), boxes(scene, 128), strict=True
        ):
            assert len(points) >= 2
            for x, y, visible in points.values():
                inside = left - 3 <= x <= right + 3 and top - 3 <= y <= bottom + 3
                assert inside or not visible
    car = scenes.SceneObject("car", "red", "large", 0.5, 0.7)
    scene = replace(FEW[0], objects=(car,))
    flipped = replace(scene, objects=(replace(car, mirrored=True),))
    lamps = [keypoints(s, 100)[0]["lamp"][0] for s in (scene, flipped)]
    assert lamps[0] > 60 and lamps[0] + lamps[1] == pytest.approx(100, abs=1)


def test_time_weather_and_mood_can_all_be_seen():
    thing = scenes.SceneObject("ball", "red", "small", 0.5, 0.8)
    looks = {
        look: draw_scene(scenes.Scene(*look, (thing,))).astype(int)
        for look in itertools.product(TIMES, WEATHERS, MOODS)
    }
    for (one, a), (other, b) in itertools.combinations(looks.items(), 2):
        assert np.abs(a - b).max(-1).mean() > 4, (one, other)
    brightness = {
        t: np.mean([p.mean() for look, p in looks.items() if look[0] == t]) for t in TIMES
    }
    assert brightness["day"] > brightness["evening"] + 15 > brightness["night"] + 60


def test_kinds_repeat_sometimes_but_never_in_the_same_colour():
    repeats = 0
    for scene in MANY:
        assert len(true_claims(factors(scene))) == len(scene.objects)
        repeats += len({thing.kind for thing in scene.objects}) < len(scene.objects)
    assert 0.01 < repeats / len(MANY) < 0.12


# Words ----------------------------------------------------------------------------------------


def test_plain_captions_name_every_object_and_nothing_else():
    for scene, said in zip(MANY, SAID, strict=True):
        assert len(said) == 5
        for caption in said:
            assert claims(caption) == true_claims(factors(scene)), caption
            assert claims(tokenize(caption)) == claims(caption)


def test_relations_are_true():
    """Read back from the words, with none of the tables that wrote them."""
    seen = dict.fromkeys(("left of", "right of", "above", "below"), 0)
    pattern = re.compile(
        r"^(.*?) (left of|left side of|right of|right side of|above|over|below|beneath|under) "
        r"(an? .*)$"
    )
    for scene, said in zip(MANY, SAID, strict=True):
        where = {(thing.colour, thing.kind): thing for thing in scene.objects}
        for match in filter(None, (pattern.match(caption.lower()) for caption in said)):
            subject, word, rest = match.groups()
            if len(claims(subject)) != 1 or not claims(rest):
                continue
            (a,) = (where[claim] for claim in claims(subject))
            for b in (where[claim] for claim in claims(rest)):
                name = {"left side of": "left of", "right side of": "right of", "over": "above"}
                name = name.get(word, "below" if word in ("beneath", "under") else word)
                gap = {"left of": b.x - a.x, "right of": a.x - b.x,
                       "above": b.y - a.y, "below": a.y - b.y}[name]  # fmt: skip
                assert gap > 0.1, match.group(0)
                seen[name] += 1
    assert min(seen.values()) > 40, seen


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        (r"rain|rainy|wet", lambda s: s.weather == "rainy"),
        (r"snow|snowy|winter|snows", lambda s: s.weather == "snowy"),
        (r"cloudy|clouds|dim|dark", lambda s: s.weather == "cloudy"),
        (r"sunny|sunshine|daytime", lambda s: (s.weather, s.time_of_day) == ("clear", "day")),
        (r"starry|stars|moon", lambda s: (s.weather, s.time_of_day) == ("clear", "night")),
        (r"night", lambda s: s.time_of_day == "night"),
        (r"evening|sunset|dusk", lambda s: s.time_of_day == "evening"),
        (r"sunny|day", lambda s: s.time_of_day == "day"),
    ],
)
def test_time_and_weather_words_are_true(words, fits):
    said = [(scene, c) for scene, five in zip(MANY, SAID, strict=True) for c in five]
    using = [scene for scene, c in said if re.search(rf"\b({words})\b", c.lower())]
    assert len(using) > 100
    assert all(map(fits, using))


def test_articles_are_right_and_sentences_look_like_sentences():
    styled = [styled_caption(s, style, s.index) for s in MANY for style in STYLES]
    for caption in [*itertools.chain(*SAID), *styled]:
        assert not re.search(r"\b[Aa] [aeiou]|\b[Aa]n [^aeiou]", caption), caption
        assert re.fullmatch(r"[A-Z][a-z]*(,? [a-z]+)*\.", caption), caption


def test_vocabulary_is_as_large_as_it_should_be():
    plain = {word for five in SAID for caption in five for word in tokenize(caption)}
    styled = {w for s in MANY for y in STYLES for w in tokenize(styled_caption(s, y, s.index))}
    assert 120 <= len(plain) <= 300
    assert 120 <= len(plain | styled) <= 300


def test_people_agree_with_each_other_as_much_as_captioners_must():
    references = [[tokenize(caption) for caption in five[:4]] for five in SAID]
    fifth = [tokenize(five[4]) for five in SAID]
    assert 0.62 <= corpus_bleu(references, fifth) <= 0.75
    distinct = np.mean([len(set(five)) for five in SAID])
    assert distinct > 4


def test_claims_are_read_from_free_text():
    text = (
        "the picture shows a BIG Blue hot air balloon, two red and green things and a purple puppy"
    )
    assert claims(text) == {("blue", "balloon"), ("purple", "dog")}
    assert claims("a red beach ball near an orange paper kite") == {
        ("red", "ball"),
        ("orange", "kite"),
    }
    assert claims("a car on a sunny day") == claims("") == set()


def test_styled_captions_stay_true():
    for scene in MANY[:400]:
        for style in STYLES:
            said = claims(styled_caption(scene, style, scene.index))
            assert said and said <= true_claims(factors(scene))


@pytest.mark.parametrize("style", STYLES)
def test_the_style_words_tell_the_mood_but_not_always(style):
    """Naive Bayes on the words that no plain caption has: well above chance, well below certain."""
    plain = {word for five in SAID for caption in five for word in tokenize(caption)}
    words = [set(tokenize(styled_caption(s, style, s.index))) - plain for s in MANY]
    moods = np.array([scene.mood == "cheerful" for scene in MANY])
    vocabulary = sorted(set().union(*words))
    counts = np.array([[word in said for word in vocabulary] for said in words], dtype=float)
    train, test = slice(0, 600), slice(600, None)
    rates = [(counts[train][moods[train] == mood].mean(0) + 0.01) for mood in (False, True)]
    guess = counts[test] @ np.log(rates[1] / rates[0]) > 0
    accuracy = (guess == moods[test]).mean()
    most_frequent = max(moods[test].mean(), 1 - moods[test].mean())
    assert most_frequent + 0.15 < accuracy < 0.95


# Writing --------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_what_is_written_is_karpathys_layout_with_the_truth_beside_it(tmp_path):
    path = write_scenes(tmp_path / "world", pictures=30, size=32, seed=4, progress=False)
    data = json.loads(path.read_text())
    assert data["dataset"] == "scenes"
    splits = [image["split"] for image in data["images"]]
    assert [splits.count(s) for s in ("train", "val", "test")] == [24, 3, 3]
    sentids = []
    for index, image in enumerate(data["images"]):
        assert image["imgid"] == index
        sentids += image["sentids"]
        assert [s["sentid"] for s in image["sentences"]] == image["sentids"]
        for said in image["sentences"]:
            assert said["imgid"] == index and said["tokens"] == tokenize(said["raw"])
    assert sentids == list(range(150))
    truth = json.loads((path.parent / "factors.json").read_text())
    for image, entry in zip(data["images"], truth, strict=True):
        scene = scene_at(4, image["imgid"])
        with Image.open(path.parent / "images" / image["filename"]) as picture:
            assert np.array_equal(np.asarray(picture), draw_scene(scene, 32))
        assert entry["filename"] == image["filename"]
        assert entry["factors"] == json.loads(json.dumps(factors(scene)))
        assert [tuple(box) for box in entry["boxes"]] == boxes(scene, 32)
        assert set(entry["styled"]) == set(STYLES)
        assert len(entry["keypoints"]) == len(scene.objects)
        for said in image["sentences"]:
            assert claims(said["tokens"]) == true_claims(entry["factors"])


def test_large_sets_hold_out_five_hundred_each():
    for pictures, held_out in ((2000, 500), (6000, 500), (1999, 199), (240, 24), (3, 1)):
        splits = [writing_module.split_of(index, pictures) for index in range(pictures)]
        assert splits.count("val") == splits.count("test") == held_out
        assert splits == sorted(splits, key=["train", "val", "test"].index)


@pytest.mark.parametrize("killed_at", ["a picture", "the captions"])
def test_an_interrupted_run_can_be_run_again(tmp_path, monkeypatch, killed_at):
    write_scenes(tmp_path / "whole", 12, 32, seed=1, progress=False)
    name = "draw_scene" if killed_at == "a picture" else "captions"
    real, calls = getattr(writing_module, name), []

    def dies_in_the_middle(*arguments):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(writing_module, name, dies_in_the_middle)
    with pytest.raises(KeyboardInterrupt):
        write_scenes(tmp_path / "cut", 12, 32, seed=1, progress=False)
    assert not (tmp_path / "cut" / "dataset.json").exists()
    write_scenes(tmp_path / "cut", 12, 32, seed=1, progress=False)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    if killed_at == "a picture":
        assert len(calls) == 6 + 12 - 5, "finished pictures are not drawn again"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"size": 16}, "32 to 256"),
        ({"size": 64.0}, "whole number"),
        ({"pictures": 2}, "pictures"),
        ({"seed": -1}, "seed"),
        ({"objects": (0, 9)}, "1 to 3"),
        ({"captions_per_picture": 0}, "captions_per_picture"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_written(tmp_path, wrong, word):
    with pytest.raises(CourseError, match=word):
        write_scenes(tmp_path / "world", **({"pictures": 5, "size": 32} | wrong))
    assert not (tmp_path / "world").exists()


def test_a_folder_with_other_scenes_is_left_alone(tmp_path):
    write_scenes(tmp_path, 4, 32, seed=0, progress=False)
    before = contents(tmp_path)
    with pytest.raises(CourseError, match="another"):
        write_scenes(tmp_path, 4, 32, seed=1, progress=False)
    assert contents(tmp_path) == before


def test_a_full_disk_and_a_folder_that_is_none_are_said_clearly(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(CourseError, match="choose a folder"):
        write_scenes(tmp_path / "file" / "world", 4, 32, progress=False)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "save", full)
        with pytest.raises(CourseError, match="no space left"):
            write_scenes(tmp_path / "world", 4, 32, progress=False)
    assert not list((tmp_path / "world" / "images").iterdir())
    assert write_scenes(tmp_path / "world", 4, 32, progress=False).exists()


def test_smaller_worlds_and_what_the_world_does_not_have():
    scene = sample_scene(
        0, (2, 3), kinds=["cat"], times=["night"], colours=["red", "blue", "green"]
    )
    assert {thing.kind for thing in scene.objects} == {"cat"} and scene.time_of_day == "night"
    for wrong in ({"kinds": ["dragon"]}, {"colours": []}, {"kinds": ["cat"], "colours": ["red"]}):
        with pytest.raises(CourseError):
            sample_scene(0, **wrong)
    with pytest.raises(CourseError, match="positive, negative, humorous, romantic"):
        styled_caption(scene, "angry", 0)


def test_two_runs_at_once_write_one_whole_data_set(tmp_path):
    """Two notebooks that ask for the same scenes at the same moment do not disturb each other."""
    code = (
        "from starter_code.scenes import write_scenes; import sys; "
        "write_scenes(sys.argv[1], pictures=60, size=32, progress=False)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "world")]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0, 0]
    assert len(json.loads((tmp_path / "world" / "dataset.json").read_text())["images"]) == 60
