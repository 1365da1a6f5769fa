"""Caption files that come in a shape of their own, rewritten in Karpathy's format.

Every converter takes the folder of the data set and the path to write, and returns that path. A
styled sentence has a key "style" besides those of Karpathy.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from starter_code.captioning.karpathy import tokenise
from starter_code.errors import CourseError

_PHOTO = re.compile(rb"\d+_[0-9a-f]+\.jpg")


def flickr8k_text(folder: str | Path, output: str | Path) -> Path:
    """Flickr8k.token.txt and the three lists Flickr_8k.{train,dev,test}Images.txt.

    Pictures that no list names (92 in the original) are left out.
    """
    folder = Path(folder)
    captions: dict[str, list[str]] = {}
    for number, line in enumerate(_lines(folder / "Flickr8k.token.txt"), 1):
        name, tab, caption = line.partition("\t")
        if not tab or "#" not in name:
            raise CourseError(
                f"{folder / 'Flickr8k.token.txt'}, line {number}: expected "
                "picture#number, a tab and a caption; fetch the file again."
            )
        # One name of the original has a stray ".1" behind ".jpg".
        captions.setdefault(re.sub(r"(\.jpg).*", r"\1", name), []).append(caption)
    split = {
        name: part
        for part, listed in (("train", "train"), ("val", "dev"), ("test", "test"))
        for name in _lines(folder / f"Flickr_8k.{listed}Images.txt")
    }
    return write_karpathy(
        output,
        "flickr8k",
        (
            {"filename": name, "split": split[name], "sentences": [{"raw": text} for text in texts]}
            for name, texts in captions.items()
            if name in split
        ),
    )


def flickrstyle10k(folder: str | Path, output: str | Path, *, seed: int = 0) -> Path:
    """FlickrStyle10K's two text files, one caption a line, and its list of picture names.

    The list is a Python pickle in the original; names are found in its bytes and nothing is
    unpickled. As the authors' test captions are not public, 1/14 of the pictures becomes val and
    1/14 test, drawn from `seed`.
    """
    folder = Path(folder)
    texts = {
        "humorous": _latin_lines(folder, "humor/funny_train.txt"),
        "romantic": _latin_lines(folder, "romantic/romantic_train.txt"),
    }
    listed = _first(folder, "humor/train.p", "humor_filenames.txt")
    names = [name.decode() for name in _PHOTO.findall(listed.read_bytes())]
    counts = {len(names), *map(len, texts.values())}
    if len(counts) != 1:
        raise CourseError(
            f"{folder}: {len(names)} picture names, {len(texts['humorous'])} humorous "
            f"and {len(texts['romantic'])} romantic captions do not fit together; "
            "fetch FlickrStyle10K again."
        )
    part = len(names) // 14
    order = np.random.default_rng(seed).permutation(len(names))
    split = dict.fromkeys(order[:part], "val") | dict.fromkeys(order[part : 2 * part], "test")
    return write_karpathy(
        output,
        "flickrstyle10k",
        (
            {
                "filename": name,
                "split": split.get(i, "train"),
                "sentences": [{"raw": lines[i], "style": style} for style, lines in texts.items()],
            }
            for i, name in enumerate(names)
        ),
    )


def senticap(folder: str | Path, output: str | Path) -> Path:
    """senticap_dataset.json: Karpathy's shape already, its sentiment written as a style."""
    source = Path(folder) / "senticap_dataset.json"
    try:
        images = json.loads(source.read_text(encoding="utf-8"))["images"]
        entries = [
            {
                "filename": image["filename"],
                "split": image["split"],
                "sentences": [
                    {
                        "raw": sentence["raw"],
                        "tokens": sentence["tokens"],
                        "style": ("negative", "positive")[sentence["sentiment"]],
                    }
                    for sentence in image["sentences"]
                ],
            }
            for image in images
        ]
    except FileNotFoundError:
        raise CourseError(f"There is no file {source}: fetch SentiCap first.") from None
    except (json.JSONDecodeError, KeyError, TypeError, IndexError) as error:
        raise CourseError(
            f"{source} is not SentiCap's file ({type(error).__name__}: {error}); fetch it again."
        ) from None
    return write_karpathy(output, "senticap", entries)


def write_karpathy(output: str | Path, dataset: str, entries: Iterable[Mapping[str, Any]]) -> Path:
    """Write pictures (filename, split, sentences with raw) as a Karpathy JSON file, atomically.

    Ids are numbered in order; `tokens` are made from `raw` where a sentence has none.
    """
    output, images, sentence_id = Path(output), [], 0
    for image_id, entry in enumerate(entries):
        sentences = []
        for sentence in entry["sentences"]:
            tokens = sentence.get("tokens") or tokenise(sentence["raw"])
            sentences.append(
                {**sentence, "tokens": tokens, "imgid": image_id, "sentid": sentence_id}
            )
            sentence_id += 1
        images.append(
            {
                **entry,
                "imgid": image_id,
                "sentences": sentences,
                "sentids": [sentence["sentid"] for sentence in sentences],
            }
        )
    part = output.with_name(output.name + ".part")
    part.write_text(
        json.dumps({"dataset": dataset, "images": images}, ensure_ascii=False), encoding="utf-8"
    )
    os.replace(part, output)
    return output


def _first(folder: Path, *names: str) -> Path:
    """The first of these files; each may also lie in the folder of the zip, or in no folder."""
    paths = [
        folder / option
        for name in names
        for option in (name, f"FlickrStyle_v0.9/{name}", Path(name).name)
    ]
    for path in paths:
        if path.is_file():
            return path
    raise CourseError(f"There is no file {paths[0]}: fetch the data set first.")


def _lines(path: Path, encoding: str = "utf-8") -> list[str]:
    if not path.is_file():
        raise CourseError(f"There is no file {path}: fetch the data set first.")
    return [line.strip() for line in path.read_text(encoding=encoding).splitlines() if line.strip()]


def _latin_lines(folder: Path, name: str) -> list[str]:
    return _lines(_first(folder, name), "latin-1")
