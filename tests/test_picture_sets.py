"""Picture sets: small files in each public layout, and what a person is told who lacks one."""

import gzip

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from scipy.io import savemat

from starter_code import catalogue, picture_sets, shapes3d
from starter_code.captioning.datasets import prepare
from starter_code.errors import CourseError
from starter_code.picture_sets import load

NOISE = np.random.default_rng(0)


def noise(*shape):
    return NOISE.integers(0, 256, shape, np.uint8)


def test_rooms_are_drawn(tmp_path):
    rooms = load("rooms", tmp_path, size=16, count=20, generator=torch.Generator().manual_seed(1))
    assert rooms.pictures.shape == (20, 16, 16, 3) and len(rooms) == 20
    assert rooms.names == shapes3d.NAMES and rooms.counts == shapes3d.COUNTS
    np.testing.assert_array_equal(rooms.pictures, shapes3d.render(rooms.factors, 16))
    again = load("shapes3d", size=16, count=20, generator=torch.Generator().manual_seed(1))
    np.testing.assert_array_equal(again.factors, rooms.factors)


def test_3dshapes(tmp_path):
    places = np.arange(0, 480_000, 30_000)
    shapes3d.write(tmp_path / "3dshapes/3dshapes.h5", places, progress=False)
    shapes = load("3dshapes", tmp_path)
    np.testing.assert_array_equal(shapes.factors, shapes3d.factors_at(places))
    np.testing.assert_array_equal(shapes.pictures, shapes3d.render(shapes.factors))
    some = load("3dshapes", tmp_path, size=32, count=5, generator=np.random.default_rng(2))
    assert some.pictures.shape == (5, 32, 32, 3) and len(np.unique(some.factors, axis=0)) == 5
    near = shapes3d.render(some.factors, 32).astype(int) - some.pictures
    assert np.abs(near).mean() < 2  # the right pictures, made smaller
    with h5py.File(tmp_path / "3dshapes/3dshapes.h5", "a") as file:
        del file["labels"]
    with pytest.raises(CourseError, match=r"3dshapes below .* cannot be read .*labels"):
        load("3dshapes", tmp_path)


def test_cars3d(tmp_path):
    folder = tmp_path / "cars3d/cars"
    folder.mkdir(parents=True)
    meshes = noise(2, 128, 128, 3, 24, 4)
    for number, mesh in enumerate(meshes):
        savemat(folder / f"car_{number:03}_mesh.mat", {"im": mesh})
    cars = load("cars3d", tmp_path)
    assert cars.names == ("elevation", "azimuth", "car") and cars.counts == (4, 24, 2)
    assert cars.pictures.shape == (192, 128, 128, 3) and len(np.unique(cars.factors, axis=0)) == 192
    for place in (0, 1, 4, 191):
        elevation, azimuth, car = cars.factors[place]
        np.testing.assert_array_equal(cars.pictures[place], meshes[car][..., azimuth, elevation])
    savemat(folder / "car_000_mesh.mat", {"im": meshes[0][..., 0]})
    with pytest.raises(CourseError, match=r"cars3d below .*shape"):
        load("cars3d", tmp_path)


def test_mpi3d_is_read_piece_by_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(picture_sets, "PIECE", 16)
    (tmp_path / "mpi3d").mkdir()
    images = noise(50, 64, 64, 3)  # the first of the public order
    np.savez_compressed(tmp_path / "mpi3d/mpi3d_real.npz", images=images)
    arm = load("mpi3d", tmp_path)
    assert arm.counts == (6, 6, 2, 3, 3, 40, 40) and np.prod(arm.counts) == 1_036_800
    np.testing.assert_array_equal(arm.pictures, images)
    assert arm.factors[41].tolist() == [0, 0, 0, 0, 0, 1, 1]
    some = load("mpi3d", tmp_path, count=7)
    places = some.factors[:, 5] * 40 + some.factors[:, 6]
    np.testing.assert_array_equal(some.pictures, images[places])


def test_dsprites(tmp_path):
    (tmp_path / "dsprites").mkdir()
    path = tmp_path / "dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
    turns, places = np.linspace(0, 2 * np.pi, 40), np.linspace(0, 1, 32)
    labels = np.array([[1, 1, 0.5, 0, 0, 0], [1, 3, 1, turns[39], places[31], places[5]]])
    np.savez_compressed(path, imgs=noise(2, 64, 64) % 2, latents_values=labels)
    sprites = load("dsprites", tmp_path)
    assert sprites.factors.tolist() == [[0] * 6, [0, 2, 5, 39, 31, 5]]
    assert sprites.pictures.shape == (2, 64, 64, 1) and set(np.unique(sprites.pictures)) == {0, 255}
    assert np.prod(sprites.counts) == 737_280


@pytest.mark.parametrize("layout", ["MNIST/raw", "packed", "mnist.npz"])
def test_mnist(tmp_path, layout):
    parts = {"train": (noise(6, 28, 28), noise(6) % 10), "test": (noise(3, 28, 28), noise(3) % 10)}
    folder = tmp_path / "mnist" / (layout if layout == "MNIST/raw" else "")
    folder.mkdir(parents=True)
    if layout == "mnist.npz":
        arrays = {f"{x}_{part}": a for part, pair in parts.items() for x, a in zip("xy", pair)}
        np.savez(folder / layout, **arrays)
    else:
        for part, pair in parts.items():
            for what, array in zip(("images-idx3", "labels-idx1"), pair):
                head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
                path = folder / f"{'train' if part == 'train' else 't10k'}-{what}-ubyte"
                path.write_bytes(head + array.tobytes())
                if layout == "packed":
                    path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
                    path.unlink()
    for part, (pictures, digits) in parts.items():
        read = load("mnist", tmp_path, split=part)
        np.testing.assert_array_equal(read.pictures, pictures[..., None])
        np.testing.assert_array_equal(read.factors, digits[:, None])
    assert load("mnist", tmp_path, size=32).pictures.shape == (6, 32, 32, 1)


def test_coil20(tmp_path):
    folder = tmp_path / "coil20/coil-20-proc"
    folder.mkdir(parents=True)
    photos = {(number, pose): noise(128, 128) for number in (1, 20) for pose in (0, 10, 71)}
    for (number, pose), photo in photos.items():
        Image.fromarray(photo).save(folder / f"obj{number}__{pose}.png")
    coil = load("coil20", tmp_path)
    assert coil.counts == (20, 72) and coil.pictures.shape == (6, 128, 128, 1)
    for photo, (number, pose) in zip(coil.pictures, coil.factors):
        np.testing.assert_array_equal(photo[..., 0], photos[number + 1, pose])

    luck = torch.Generator().manual_seed(0)
    pictures, factors = picture_sets.with_factors("coil20", 128, 100, luck, tmp_path)
    assert torch.equal(pictures[:, 0], torch.from_numpy(coil.pictures[..., 0]))
    assert torch.equal(factors, torch.from_numpy(coil.factors))
    for path in folder.glob("obj*"):
        if not path.name.startswith("obj1__"):
            path.unlink()
    one = picture_sets.with_factors("coil20", 128, 100, luck, tmp_path)[1]
    assert one.shape[1] == 1, "the object does not vary any more"


def test_anime_faces(tmp_path):
    folder = tmp_path / "anime/images"
    folder.mkdir(parents=True)
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 20:60] = (250, 0, 10)  # the middle square is red, the sides are black
    Image.fromarray(wide).save(folder / "1.png")
    Image.fromarray(noise(100, 70, 3)).save(folder / "2.jpg")
    Image.fromarray(noise(90, 90)).save(folder / "3.png")  # grey
    faces = load("anime", tmp_path)
    assert faces.pictures.shape == (3, 64, 64, 3) and faces.factors.shape == (3, 0)
    assert np.abs(faces.pictures[0].astype(int) - [250, 0, 10]).max() < 3
    assert load("anime", tmp_path, size=32, count=2).pictures.shape == (2, 32, 32, 3)


def test_pictures_to_learn_from_and_held_out(tmp_path):
    def split(name, count):
        generator = torch.Generator().manual_seed(3)
        return picture_sets.train_and_val(name, 16, count, generator, tmp_path)

    for train, val in (split("rooms", 40), split("rooms", 40)):
        assert train.shape == (40, 3, 16, 16) and val.shape == (3, 3, 16, 16)
        assert train.dtype == torch.uint8 and train.is_contiguous()
    folder = tmp_path / "coil20/coil-20-proc"
    folder.mkdir(parents=True)
    for pose in range(21):
        Image.fromarray(np.full((128, 128), 10 * pose, np.uint8)).save(folder / f"obj1__{pose}.png")
    train, val = split("coil20", 500)  # fewer than asked for: all of them, each in one part
    values = torch.cat([train, val])[:, 0, 0, 0].tolist()
    assert sorted(values) == [10 * pose for pose in range(21)] and len(val) == 2
    (tmp_path / "mnist").mkdir()
    white, black = np.full((9, 28, 28), 255, np.uint8), np.zeros((4, 28, 28), np.uint8)
    np.savez(tmp_path / "mnist/mnist.npz", x_train=white, x_test=black, y_train=np.arange(9),
             y_test=np.arange(4))  # fmt: skip
    train, val = split("mnist", 20)
    assert len(train) == 9 and len(val) == 2 and train.min() == 255 and not val.any()


@pytest.mark.parametrize("name", [n for n in picture_sets.NAMES if n != "rooms"])
def test_who_lacks_a_set_is_told_where_it_is(name, tmp_path):
    entry = catalogue.find(name)
    with pytest.raises(CourseError) as caught:
        load(name, tmp_path)
    said = str(caught.value)
    assert entry.source in said and entry.licence in said and str(tmp_path / name) in said
    assert "\n" not in said
    assert len(catalogue.check(name, tmp_path)) == len(entry.parts)
    with pytest.raises(CourseError, match=r"no captions|not complete"):
        prepare(name, "tiny", tmp_path)


def test_wrong_questions(tmp_path):
    with pytest.raises(CourseError, match="'cifar': choose shapes3d, which is drawn, or one of 3d"):
        load("cifar", tmp_path)
    with pytest.raises(CourseError, match="coil20 has no part 'test'"):
        load("coil20", tmp_path, split="test")
    (tmp_path / "mnist").mkdir()
    np.savez(tmp_path / "mnist/mnist.npz", x_train=noise(4, 28, 28), y_train=noise(4))
    assert len(load("mnist", tmp_path, count=9)) == 4
    (tmp_path / "mnist/mnist.npz").write_bytes(b"not a zip file")
    with pytest.raises(CourseError, match=r"mnist below .* cannot be read"):
        load("mnist", tmp_path)
    (tmp_path / "mnist/train-images-idx3-ubyte").write_bytes(b"\0\0\x0d\3")
    with pytest.raises(CourseError, match="does not begin as an idx file"):
        load("mnist", tmp_path)


def test_a_broken_photo_is_named(tmp_path):
    (tmp_path / "anime").mkdir()
    (tmp_path / "anime/1.png").write_bytes(b"no picture")
    with pytest.raises(CourseError, match=r"anime below .* cannot be read .*1.png"):
        load("anime", tmp_path)


def test_rooms_as_a_file(tmp_path, monkeypatch):
    from starter_code import data_cli

    monkeypatch.setitem(data_cli.ROOMS, "tiny", 6)
    data_cli.make("rooms", "tiny", 3, tmp_path)
    with h5py.File(tmp_path / "rooms/tiny_seed3.h5") as file:
        assert file["images"].shape == (6, 64, 64, 3) and file["labels"].shape == (6, 6)
    with pytest.raises(CourseError, match="drawn, not fetched: `course data make rooms`"):
        data_cli.get("rooms", tmp_path)
    with pytest.raises(CourseError, match="mnist cannot be made"):
        data_cli.make("mnist", "tiny", 3, tmp_path)
