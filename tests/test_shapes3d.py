"""Rooms in 3D: their factors, their pictures, their file."""

import time
from colorsys import rgb_to_hsv

import h5py
import numpy as np
import pytest
import torch

from starter_code import shapes3d
from starter_code.errors import CourseError

MIDDLE = np.array([0, 3, 6, 4, 0, 7])  # red floor, green walls, blue cube, seen from the middle


def test_the_factors_are_those_of_the_public_set():
    assert shapes3d.NAMES == (
        "floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")  # fmt: skip
    assert shapes3d.COUNTS == (10, 10, 10, 8, 4, 15) and shapes3d.TOTAL == 480_000
    last = shapes3d.labels_of(np.array([9, 9, 9, 7, 3, 14]))
    np.testing.assert_allclose(last, [0.9, 0.9, 0.9, 1.25, 3, 30])
    assert last.dtype == np.float64


def test_places_in_the_full_set():
    assert shapes3d.factors_at(1).tolist() == [0, 0, 0, 0, 0, 1]  # the orientation first
    assert shapes3d.factors_at(48_000).tolist() == [1, 0, 0, 0, 0, 0]
    places = np.random.default_rng(0).integers(0, shapes3d.TOTAL, 500)
    np.testing.assert_array_equal(shapes3d.index_of(shapes3d.factors_at(places)), places)
    with pytest.raises(CourseError, match="0 to 479,999; 480000 given"):
        shapes3d.factors_at(480_000)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_sampling_is_uniform_and_can_be_repeated(kind):
    def generator():
        return np.random.default_rng(3) if kind == "numpy" else torch.Generator().manual_seed(3)

    factors = shapes3d.sample_factors(generator(), 12_000)
    np.testing.assert_array_equal(factors, shapes3d.sample_factors(generator(), 12_000))
    for column, count in zip(factors.T, shapes3d.COUNTS):
        shares = np.bincount(column, minlength=count) / len(column)
        assert len(shares) == count and np.abs(shares * count - 1).max() < 0.2
    assert np.abs(np.corrcoef(factors.T) - np.eye(6)).max() < 0.04
    held = shapes3d.sample_factors(generator(), 50, fixed={"shape": 2, "scale": 0})
    assert set(held[:, 4]) == {2} and set(held[:, 3]) == {0} and len(set(held[:, 0])) > 5
    with pytest.raises(CourseError, match="'colour' is no factor"):
        shapes3d.sample_factors(generator(), 5, fixed={"colour": 1})
    with pytest.raises(CourseError, match="shape has the values 0 to 3; 4 was given"):
        shapes3d.sample_factors(generator(), 5, fixed={"shape": 4})


def test_a_picture_is_as_its_factors_say():
    (picture,) = shapes3d.render(MIDDLE)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    places = {"floor": (60, 8), "wall": (4, 50), "object": (40, 28)}
    hues = {name: rgb_to_hsv(*picture[place] / 255)[0] for name, place in places.items()}
    assert hues == pytest.approx({"floor": 0.0, "wall": 0.3, "object": 0.6}, abs=0.02)
    for size in (8, 32, 128):
        assert shapes3d.render(MIDDLE, size).shape == (1, size, size, 3)
    coarse = shapes3d.render(MIDDLE, 32)[0].astype(float)
    halved = picture.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(coarse - halved).mean() < 2  # the same room, whatever the size


@pytest.mark.parametrize("factor", range(6))
def test_every_value_of_every_factor_can_be_seen(factor):
    rooms = np.tile(MIDDLE, (shapes3d.COUNTS[factor], 1))
    rooms[:, factor] = np.arange(len(rooms))
    pictures = shapes3d.render(rooms, 32).astype(int)
    for one in range(len(rooms)):
        for other in range(one):
            changed = np.abs(pictures[one] - pictures[other]).max(-1) > 12
            assert changed.mean() > 0.01, (one, other)


def test_a_hue_changes_its_own_surface_only():
    rooms = np.tile(MIDDLE, (4, 1))
    rooms[np.arange(3), np.arange(3)] += 3
    *others, picture = shapes3d.render(rooms).astype(int)
    changed = [np.abs(other - picture).max(-1) > 40 for other in others]
    assert not (changed[0] & changed[1] & changed[2]).any()
    assert np.sum(changed, 0).min() == 0 or np.mean(np.sum(changed, 0) == 1) > 0.93
    assert all(0.05 < share.mean() < 0.7 for share in changed)


def test_the_object_grows_and_stays_in_the_middle():
    shares = []
    for scale in range(8):
        rooms = np.tile([0, 0, 0, scale, 2, 7], (2, 1))
        rooms[1, 2] = 5
        red, cyan = shapes3d.render(rooms).astype(int)
        rows, columns = np.nonzero(np.abs(red - cyan).max(-1) > 60)
        shares.append(len(rows) / 64**2)
        assert abs(columns.mean() - 31.5) < 1.5 and 25 < rows.mean() < 45
    assert np.all(np.diff(shares) > 0) and shares[-1] > 2 * shares[0]


def test_pictures_are_drawn_fast_enough():
    factors = shapes3d.sample_factors(np.random.default_rng(0), 1500)
    shapes3d._layers.cache_clear()
    start = time.process_time()
    shapes3d.render(factors)
    assert len(factors) / (time.process_time() - start) >= 300


def test_bad_factors_and_sizes():
    with pytest.raises(CourseError, match="wall_hue has the values 0 to 9; -1 to 10 was given"):
        shapes3d.render(np.array([[0, -1, 0, 0, 0, 0], [0, 10, 0, 0, 0, 0]]))
    with pytest.raises(CourseError, match=r"6 factors .*shape \(3, 5\)"):
        shapes3d.render(np.zeros((3, 5), int))
    with pytest.raises(CourseError, match="whole numbers"):
        shapes3d.render(np.full((1, 6), 0.5))
    with pytest.raises(CourseError, match="8 to 512 pixels; 4 was asked"):
        shapes3d.render(MIDDLE, size=4)


def test_a_file_has_the_layout_of_the_public_one(tmp_path):
    places = np.array([0, 479_999, 1234])
    path = shapes3d.write(tmp_path / "deep/3dshapes.h5", places, progress=False)
    with h5py.File(path) as file:
        assert set(file) == {"images", "labels"} and not file.attrs
        assert file["images"].dtype == np.uint8 and file["labels"].dtype == np.float64
        factors = shapes3d.factors_at(places)
        np.testing.assert_array_equal(file["images"][:], shapes3d.render(factors))
        np.testing.assert_array_equal(file["labels"][:], shapes3d.labels_of(factors))
    assert [file.name for file in path.parent.iterdir()] == ["3dshapes.h5"]


def test_an_interrupted_file_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(shapes3d, "BLOCK", 4)
    path, places = tmp_path / "rooms.h5", np.arange(0, 480_000, 50_000)
    drawn, render = [], shapes3d.render

    def once(factors, size):
        if len(drawn) == 1:
            drawn.append(0)
            raise KeyboardInterrupt
        drawn.append(len(factors))
        return render(factors, size)

    monkeypatch.setattr(shapes3d, "render", once)
    with pytest.raises(KeyboardInterrupt):
        shapes3d.write(path, places, 16, progress=False)
    assert not path.exists()
    shapes3d.write(path, places, 16, progress=False)
    assert drawn == [4, 0, 4, 2]
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["images"][:], render(shapes3d.factors_at(places), 16))
    shapes3d.write(path, places[:3], 16, progress=False)  # other rooms: a new file
    with h5py.File(path) as file:
        assert len(file["images"]) == 3
