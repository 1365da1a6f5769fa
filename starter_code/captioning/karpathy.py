"""Karpathy's caption format, read one picture at a time.

The format (A. Karpathy and L. Fei-Fei, CVPR 2015, `caption_datasets.zip`) is one JSON object whose
"images" list holds, per picture, `filename`, on COCO also `filepath`, `imgid`, `split` (train, val,
test; on COCO also restval) and `sentences`, each with its `tokens`. COCO's file has 144 MB of text
and would fill a gigabyte as Python objects, so it is never loaded whole.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from starter_code.errors import CourseError

SPLITS = ("train", "val", "test")
# restval: the part of COCO's val2014 that everybody trains on.
SPLIT_OF = {"train": "train", "restval": "train", "val": "val", "test": "test"}
PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
SPECIAL_WORDS = (PAD, UNKNOWN, START, END)

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Picture:
    """One picture of a Karpathy file and all of its captions, as words."""

    filename: str
    split: str
    image_id: int | str
    captions: tuple[tuple[str, ...], ...]


def tokenise(text: str) -> list[str]:
    """Split a sentence into words: lower case, letters and digits, inner apostrophes kept.

    >>> tokenise("A child's orange-and-white kite, twice!")
    ['a', "child's", 'orange', 'and', 'white', 'kite', 'twice']
    """
    return _WORD.findall(text.lower())


def read_karpathy(path: str | Path) -> Iterator[Picture]:
    """Yield the pictures of a Karpathy JSON file in their order, in constant memory.

    Raises:
        CourseError: the file is missing, is not JSON, has another shape, or a caption has no words.
    """
    path = Path(path)
    if not path.is_file():
        raise CourseError(f"There is no caption file {path}: give the path of a Karpathy JSON.")
    for number, entry in enumerate(_stream_images(path)):
        yield _picture(entry, f'{path}, entry {number} of "images"')


def _picture(entry: Any, where: str) -> Picture:
    if not isinstance(entry, dict):
        raise CourseError(
            f"{where}: expected an object, found {type(entry).__name__}; "
            "give a caption file in Karpathy's format."
        )
    missing = [key for key in ("filename", "split", "sentences") if key not in entry]
    if missing:
        raise CourseError(
            f"{where} lacks {' and '.join(missing)}: this is not Karpathy's format; "
            "take dataset_*.json of caption_datasets.zip or a converter of "
            "starter_code.captioning.convert."
        )
    filename = PurePosixPath(str(entry.get("filepath") or ""), str(entry["filename"]))
    where = f"{where} ({filename})"
    return Picture(
        str(filename),
        _split(entry["split"], where),
        entry.get("imgid", str(filename)),
        _captions(entry["sentences"], where),
    )


def _split(name: Any, where: str) -> str:
    try:
        return SPLIT_OF[name]
    except (KeyError, TypeError):
        raise CourseError(
            f"{where}: unknown split {name!r}; use one of {', '.join(SPLIT_OF)}."
        ) from None


def _captions(sentences: Any, where: str) -> tuple[tuple[str, ...], ...]:
    if not isinstance(sentences, list) or not sentences:
        raise CourseError(f"{where} has no captions: give it a list of sentences or remove it.")
    return tuple(
        _words(sentence, f"{where}, caption {number}") for number, sentence in enumerate(sentences)
    )


def _words(sentence: Any, where: str) -> tuple[str, ...]:
    tokens = sentence.get("tokens") if isinstance(sentence, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(word, str) for word in tokens):
        raise CourseError(
            f'{where} has no list of words under "tokens": this is not Karpathy\'s '
            "format; see starter_code.captioning.convert."
        )
    if not any(word.strip() for word in tokens):
        raise CourseError(f"{where} has no words: write the caption or remove it from the file.")
    reserved = [word for word in tokens if word in SPECIAL_WORDS]
    if reserved:
        raise CourseError(
            f"{where} contains {reserved[0]}, which the word map reserves: "
            "remove it from the caption."
        )
    return tuple(tokens)


class _Text:
    """A window on a JSON file that grows only as far as the value being read.

    `decode` reads again when a value is cut off at the window's end, each time twice as much, so a
    damaged file costs linear time and not quadratic.
    """

    def __init__(self, path: Path, block: int = 1 << 20) -> None:
        self.path, self.block = path, block
        self.stream = path.open(encoding="utf-8")
        self.text, self.at, self.ended = "", 0, False

    def _more(self, amount: int) -> None:
        try:
            fresh = self.stream.read(amount)
        except UnicodeDecodeError as error:
            raise self.refuse(f"is not UTF-8 text ({error.reason})") from None
        self.text, self.at = self.text[self.at :] + fresh, 0
        self.ended = len(fresh) < amount

    def refuse(self, what: str) -> CourseError:
        return CourseError(
            f"{self.path} {what}: give a caption file in Karpathy's format, "
            "complete (download it again if it was cut off)."
        )

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self._more(self.block)

    def take(self, allowed: str) -> str:
        found = self.peek()
        if not found or found not in allowed:
            raise self.refuse(
                f'is no JSON object with a list "images" (found {found or "the end"!r} '
                f"instead of {' or '.join(allowed)})"
            )
        self.at += 1
        return found

    def decode(self) -> Any:
        self.peek()
        amount = self.block
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.at)
                # A number that touches the window's end may go on behind it.
                if end < len(self.text) or self.ended:
                    self.at = end
                    return value
            except json.JSONDecodeError as error:
                if self.ended:
                    raise self.refuse(f"is not valid JSON ({error.msg})") from None
            self._more(amount)
            amount *= 2


def _stream_images(path: Path) -> Iterator[Any]:
    text = _Text(path)
    with text.stream:
        text.take("{")
        while text.peek() != "}":
            key = text.decode()
            text.take(":")
            if key == "images":
                yield from _stream_list(text)
                return
            text.decode()
            if text.take(",}") == "}":
                break
        raise text.refuse('has no list "images"')


def _stream_list(text: _Text) -> Iterator[Any]:
    text.take("[")
    if text.peek() == "]":
        return
    while True:
        yield text.decode()
        if text.take(",]") == "]":
            return
