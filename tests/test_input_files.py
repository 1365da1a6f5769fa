"""Input files: what they say, what interrupts them, and bad input."""

import errno
import json
import os
import pickle
import random
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import torch
from PIL import Image
from small_sets import contents, make, small_set, write
from torch.utils.data import DataLoader

from starter_code.captioning import create_input_files, karpathy, pictures
from starter_code.captioning.datasets import CaptionDataset
from starter_code.captioning.karpathy import read_karpathy
from starter_code.errors import CourseError


def test_input_files_say_what_the_captions_and_pictures_say(tmp_path):
    folder = make(tmp_path)
    train, test = CaptionDataset(folder, "train"), CaptionDataset(folder, "test")
    assert (train.num_images, len(train), test.num_images) == (5, 15, 2)  # restval is trained on
    assert train.filenames[2] == "val2014/2.jpg" and train.image_ids[2] == 102
    # Words of the train split only, the most frequent first, equals by alphabet.
    assert train.words[:5] == ["<pad>", "a", "boat", "kite", "blue"]
    assert train.words[-3:] == ["<unk>", "<start>", "<end>"]
    assert "zebra" not in train.word_map and len(train.words) == 1 + 3 + 5 + 3
    image, caption, length = test[2]
    assert image.dtype == torch.uint8 and image.shape == (3, 16, 16)
    expected = pictures.load_picture(tmp_path / "images/train2014/4.jpg", 16)
    assert np.array_equal(image, expected)
    numbers = [test.word_map[w] for w in ("<start>", "a", "<unk>", "<unk>", "kite", "<end>")]
    assert caption.tolist() == numbers and caption.dtype == torch.long
    assert length.item() == 6 and length.dtype == torch.long and length.shape == ()
    assert test.references(0)[2] == ["a", "purple", "zebra", "kite"]
    assert test.decode(caption) == ["a", "<unk>", "<unk>", "kite"]
    assert test[0][1].tolist()[-2:] == [0, 0] and test[0][2] == 4  # padded to the common width


def test_word_frequency_length_and_number_of_captions(tmp_path):
    content = small_set(tmp_path)
    content["images"][0]["sentences"] = content["images"][0]["sentences"][:1]
    folder = make(tmp_path, content, min_word_freq=5, max_length=2, captions_per_image=4)
    train = CaptionDataset(folder, "train")
    assert train.words == ["<pad>", "a", "boat", "<unk>", "<start>", "<end>"]  # kite: 4
    assert train.captions.shape == (20, 4) and set(train.lengths.tolist()) == {4}
    assert train.captions[:4].unique(dim=0).shape[0] == 1  # the only caption, repeated
    assert len(train.references(0)) == 1 and len(train.references(1)[2]) == 4  # uncut
    fewer = CaptionDataset(make(tmp_path, content, "two", captions_per_image=2), "val")
    assert fewer.captions[:2].unique(dim=0).shape[0] == 2  # a choice without repeats
    again = CaptionDataset(make(tmp_path, content, "three", captions_per_image=2), "val")
    assert torch.equal(fewer.captions, again.captions)


def test_every_kind_of_picture_becomes_colour(tmp_path):
    colours = np.zeros((8, 8, 3), np.uint8)
    colours[:, :4] = (200, 30, 60)
    rgb = Image.fromarray(colours)
    clear = rgb.convert("RGBA")
    clear.putalpha(Image.fromarray(np.repeat([[255] * 4 + [0] * 4], 8, 0).astype(np.uint8)))
    deep = Image.fromarray((np.arange(64, dtype=np.uint16) * 1000).reshape(8, 8))
    turned = Image.Exif()
    turned[0x0112] = 3  # the camera was upside down
    rgb.save(tmp_path / "rgb.png")
    rgb.quantize(4).save(tmp_path / "palette.png")
    rgb.convert("L").save(tmp_path / "grey.png")
    clear.save(tmp_path / "clear.png")
    deep.save(tmp_path / "deep.png")
    rgb.convert("CMYK").save(tmp_path / "cmyk.tiff")
    rgb.save(tmp_path / "turned.png", exif=turned)
    read = {path.stem: pictures.load_picture(path, 8) for path in tmp_path.iterdir()}
    assert {array.shape for array in read.values()} == {(3, 8, 8)}
    assert {array.dtype for array in read.values()} == {np.dtype(np.uint8)}
    assert np.array_equal(read["rgb"], colours.transpose(2, 0, 1))
    assert np.array_equal(read["palette"], read["rgb"])
    assert np.array_equal(read["turned"], read["rgb"][:, ::-1, ::-1])
    assert np.abs(read["cmyk"].astype(int) - read["rgb"]).max() <= 2
    assert (read["grey"][0] == read["grey"][2]).all() and read["grey"].std() > 20
    assert (read["clear"][:, :, 4:] == 255).all()  # transparent is white, not what lies below
    assert np.array_equal(read["clear"][:, :, :4], read["rgb"][:, :, :4])
    assert np.array_equal(read["deep"][1], np.asarray(deep) >> 8)


def damaged(change) -> object:
    def content(folder: Path) -> object:
        whole = small_set(folder)
        return change(whole) or whole

    return content


def sentence(value: object):
    return damaged(lambda whole: whole["images"][4].update(sentences=value))


BAD_CAPTIONS = {
    "cut off": (damaged(lambda whole: json.dumps(whole)[:900]), "not valid JSON"),
    "no JSON": (lambda folder: "a caption\n", "no JSON object"),
    "a list": (damaged(lambda whole: whole["images"]), "no JSON object"),
    "empty file": (lambda folder: "", "no JSON object"),
    "no images": (lambda folder: {"annotations": [1, 2], "info": {}}, 'no list "images"'),
    "COCO's own": (
        lambda folder: {"images": [{"id": 1, "file_name": "1.jpg"}], "annotations": []},
        "entry 0.*lacks filename and split and sentences.*Karpathy",
    ),
    "strange entry": (lambda folder: {"images": ["1.jpg"]}, "entry 0.*expected an object"),
    "unknown split": (damaged(lambda whole: whole["images"][3].update(split="dev")), "'dev'"),
    "no captions": (sentence([]), r"entry 4.*train2014/4.jpg.*no captions"),
    "no tokens": (sentence([{"raw": "a boat"}]), r"4.jpg.*caption 0.*tokens"),
    "no words": (sentence([{"tokens": ["a"]}, {"tokens": []}]), r"4.jpg.*caption 1 has no words"),
    "blank words": (sentence([{"tokens": [" "]}]), r"4.jpg.*caption 0 has no words"),
    "reserved word": (sentence([{"tokens": ["<end>"]}]), r"4.jpg.*contains <end>"),
    "empty split": (damaged(lambda w: w["images"].__delitem__(slice(3, 5)) or
                            w["images"].__delitem__(slice(5, 7))), "split 'val'.*empty"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_CAPTIONS)
def test_bad_captions_are_named_in_one_sentence_before_any_work(tmp_path, name):
    content, words = BAD_CAPTIONS[name]
    with pytest.raises(CourseError, match=words) as error:
        make(tmp_path, content(tmp_path))
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "input").glob("*.hdf5*"))
    assert make(tmp_path, output="input") == tmp_path / "input"  # mended: the same folder works


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_picture_is_named_and_the_work_before_it_is_kept(tmp_path, monkeypatch, workers):
    monkeypatch.setattr(pictures, "BLOCK", 2)
    monkeypatch.setattr(pictures, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(create_input_files, "_SAVE_EVERY", 2)
    content, bad = small_set(tmp_path), tmp_path / "images/train2014/6.jpg"
    whole = bad.read_bytes()
    bad.unlink()
    with pytest.raises(CourseError, match=r"Picture .*train2014/6.jpg is missing"):
        make(tmp_path, content, workers=workers)
    bad.write_bytes(whole[:-100])
    with pytest.raises(CourseError, match=r"Picture .*6.jpg cannot be read .*truncated.*again"):
        make(tmp_path, content, workers=workers)
    with pytest.raises(CourseError, match=r"unfinished.*run the same"):
        CaptionDataset(tmp_path / "input", "train")
    bad.write_bytes(whole)
    read = []
    stream = create_input_files.stream_blocks
    monkeypatch.setattr(
        create_input_files, "stream_blocks", lambda p, *rest: read.extend(p) or stream(p, *rest)
    )
    assert contents(make(tmp_path, content)) == contents(make(tmp_path, content, "straight"))
    assert len(read) == 9 + 9 - 4  # four pictures had been read before


def test_no_picture_but_text(tmp_path):
    (tmp_path / "note.jpg").write_text("not a picture")
    with pytest.raises(CourseError, match=r"note.jpg cannot be read"):
        pictures.load_picture(tmp_path / "note.jpg", 16)


KILLED_RUNS = """
import os, signal, sys
import h5py
from starter_code.captioning import create_input_files, pictures

create_input_files._SAVE_EVERY = pictures.BLOCK = 2
source, images, output = sys.argv[1:]
left = 0

def dying(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

os.replace = dying(os.replace)
h5py.Dataset.__setitem__ = dying(h5py.Dataset.__setitem__)
h5py.File.flush = dying(h5py.File.flush)
create_input_files._allocate = dying(create_input_files._allocate)
def run(folder, allowed):
    global left
    child = os.fork()
    if child == 0:
        left = allowed
        create_input_files.create_input_files(source, images, folder, captions_per_image=3,
                                              min_word_freq=1, size=16, workers=1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL), status
    return status == 0

kills = 0
while not run(f"{output}/{kills}", kills):
    assert run(f"{output}/{kills}", 1000)
    kills += 1
print(kills)
"""


def test_a_run_killed_anywhere_goes_on_and_ends_with_the_same_bytes(tmp_path):
    source = write(tmp_path, small_set(tmp_path))
    run = subprocess.run(
        [sys.executable, "-c", KILLED_RUNS, source, tmp_path / "images", tmp_path / "killed"],
        capture_output=True,
        text=True,
        check=True,
    )
    straight = contents(make(tmp_path, output="straight"))
    assert int(run.stdout) > 30  # every write, flush and rename was the last one once
    for kills in range(int(run.stdout)):
        assert contents(tmp_path / "killed" / str(kills)) == straight


def test_a_run_with_other_arguments_takes_over_an_unfinished_folder(tmp_path, monkeypatch):
    """Also when it is interrupted itself, and the first comes back: nothing of the two is mixed."""
    monkeypatch.setattr(pictures, "BLOCK", 1)
    monkeypatch.setattr(create_input_files, "_SAVE_EVERY", 1)

    def interrupted(**options):
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path, **options)

    def three_blocks(*arguments):
        yield from islice(pictures.stream_blocks(*arguments), 3)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(create_input_files, "stream_blocks", three_blocks)
        interrupted()

    def at_once(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(create_input_files, "JsonList", at_once)
        interrupted(min_word_freq=4)
    assert contents(make(tmp_path)) == contents(make(tmp_path, output="straight"))


def test_finished_files_are_found_again_or_refused(tmp_path, monkeypatch):
    folder = make(tmp_path)
    monkeypatch.setattr(create_input_files, "read_karpathy", None)  # nothing may be read again
    assert make(tmp_path) == folder
    with pytest.raises(CourseError, match=r"another size, seed.*choose another folder"):
        make(tmp_path, size=24, seed=3)
    with pytest.raises(CourseError, match="no split 'dev'"):
        CaptionDataset(folder, "dev")
    with pytest.raises(CourseError, match=r"no input files in .*nowhere"):
        CaptionDataset(tmp_path / "nowhere", "train")
    (folder / "TEST_IMAGES.hdf5").write_bytes(b"")
    with pytest.raises(CourseError, match=r"TEST_IMAGES.hdf5 cannot be read"):
        CaptionDataset(folder, "test")


def test_a_full_disk_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "BLOCK", 2)
    monkeypatch.setattr(create_input_files, "_SAVE_EVERY", 2)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
        with pytest.raises(CourseError, match=r"No space .* are needed .* smaller size"):
            make(tmp_path)
    writes = iter(range(100))
    real = h5py.Dataset.__setitem__

    def full(self, *arguments):
        if next(writes) == 2:
            raise OSError(f"Can't write data (errno = {errno.ENOSPC}, error message = 'No space')")
        real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(h5py.Dataset, "__setitem__", full)
        with pytest.raises(CourseError, match=r"No space is left .*goes on where it stopped"):
            make(tmp_path)
    assert json.loads((tmp_path / "input/INPUT_FILES.json.part").read_text())["pictures"]
    assert contents(make(tmp_path)) == contents(make(tmp_path, output="straight"))


def test_workers_and_one_process_write_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "BLOCK", 1)  # more blocks than two workers are asked for at once
    monkeypatch.setattr(pictures, "_WORTH_A_PROCESS", 1)
    assert contents(make(tmp_path)) == contents(make(tmp_path, output="two", workers=2))


def test_pictures_on_the_disk_are_those_in_memory(tmp_path):
    folder = make(tmp_path, size=64)  # 60 kB of pixels
    memory, disk = CaptionDataset(folder, "train"), CaptionDataset(folder, "train", in_memory=False)
    assert disk.images is None and torch.equal(memory.images[3], disk.image(3))
    assert len(pickle.dumps(disk)) < 30_000
    loaded = next(iter(DataLoader(disk, batch_size=15, num_workers=2)))
    assert torch.equal(loaded[0], memory.images.repeat_interleave(3, 0))
    assert torch.equal(loaded[1], memory.captions.long()) and torch.equal(loaded[2], memory.lengths)


def test_reading_in_small_pieces_is_reading_whole(tmp_path, monkeypatch):
    rng, letters = random.Random(0), 'aé"\\{}[],:\u2028 猫'
    images = [
        {
            "filename": f"{i}.jpg",
            "split": rng.choice(["train", "val"]),
            "imgid": i,
            "sentences": [{"tokens": ["x" + "".join(rng.choices(letters, k=rng.randrange(9)))]}],
        }
        for i in range(50)
    ]
    whole = {"number": 12345, "list": [1, [2, {"images": []}]], "images": images, "dataset": "s"}
    expected = [tuple(entry["sentences"][0]["tokens"]) for entry in images]
    for indent in (None, 1):
        path = tmp_path / "dataset.json"
        path.write_text(json.dumps(whole, indent=indent, ensure_ascii=False), encoding="utf-8")
        for block in (1, 7, 64, 1 << 20):
            monkeypatch.setattr(karpathy._Text.__init__, "__defaults__", (block,))
            read = list(read_karpathy(path))
            assert [picture.captions[0] for picture in read] == expected
            assert [picture.image_id for picture in read] == list(range(50))


def test_the_command_line_ends_with_2_and_one_sentence(tmp_path, capsys):
    source = write(tmp_path, small_set(tmp_path))
    options = ["--size", "16", "--min-word-freq", "1", "--workers", "1"]
    assert create_input_files.main([str(source), str(tmp_path / "images"), str(tmp_path / "o")]
                                   + options) == 0  # fmt: skip
    assert create_input_files.main([str(tmp_path / "no.json"), "images", "out"]) == 2
    assert "There is no caption file" in capsys.readouterr().err


def test_a_script_without_a_main_guard_and_its_kill(tmp_path):
    """Workers do not run the caller's script again, and end with a parent that is killed."""
    source = write(tmp_path, small_set(tmp_path))
    script = tmp_path / "run.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "from starter_code.captioning import create_input_files as c, pictures\n"
        "pictures.BLOCK = pictures._WORTH_A_PROCESS = 1\n"
        "start, stream = pictures._Worker.__enter__, c.stream_blocks\n"
        "def told(worker):\n"
        "    start(worker)\n"
        "    print(worker.process.pid, flush=True)\n"
        "    return worker\n"
        "def slow(*arguments):\n"
        "    for block in stream(*arguments):\n"
        "        print('picture', flush=True)\n"
        "        time.sleep(60)\n"
        "pictures._Worker.__enter__, c.stream_blocks = told, slow\n"
        "c.create_input_files(*sys.argv[1:], captions_per_image=3, size=16, workers=2)\n"
    )
    run = subprocess.Popen(
        [sys.executable, script, source, tmp_path / "images", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(karpathy.__file__).parents[2])},
    )
    workers = [int(run.stdout.readline()) for _ in range(2)]
    assert run.stdout.readline() == "picture\n" and all(map(_lives, workers))
    run.kill()
    run.communicate()
    for _ in range(100):
        if any(map(_lives, workers)):
            time.sleep(0.1)
    assert not any(map(_lives, workers))


def test_a_worker_that_dies_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "BLOCK", 1)
    monkeypatch.setattr(pictures, "_WORTH_A_PROCESS", 1)
    start = pictures._Worker.__enter__
    monkeypatch.setattr(pictures._Worker, "__enter__", lambda w: start(w).process.kill() or w)
    with pytest.raises(CourseError, match=r"ended with code -9.*workers=1"):
        make(tmp_path, workers=2)
    monkeypatch.undo()
    assert contents(make(tmp_path)) == contents(make(tmp_path, output="straight"))


def _lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
