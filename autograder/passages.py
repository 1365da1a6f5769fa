"""Answers as passages, the form in which `autograder.similarity` compares them.

text  ->  tokens  ->  a letter per token  ->  passages: runs of twelve letters

Comments, docstrings, spacing and the names that a student chooses leave no trace in a passage.
Fingerprints are copydetect's (winnowing: Schleimer, Wilkerson and Aiken 2003), here with a window
of one, so that every run gives the same passages. No text is executed.
"""

from __future__ import annotations

import builtins
import functools
import heapq
import io
import itertools
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from starter_code.errors import CourseError

PASSAGE = 12  # tokens, a little more than a line
LONGEST = 12_000  # letters of a cell that are compared
WIDEST = 80  # spaces in a row


@dataclass
class Text:
    """One answer, as it is compared.

    Attributes:
        source: the text that the page shows.
        places: for each token, where it begins and ends in `source`.
        code: a letter per token; equal letters are equal tokens.
        passages: copydetect's fingerprint of `code`.
        cut: whether the answer was longer than what is compared.
    """

    source: str
    places: list[tuple[int, int]]
    code: str
    passages: Any
    cut: bool = False


@functools.cache
def load_copydetect() -> Any:
    """The library, which only `course similarity` needs.

    Raises:
        CourseError: it is not installed.
    """
    try:
        import copydetect
    except ImportError:
        raise CourseError(
            "The similarity report needs the package copydetect: pip install copydetect."
        ) from None
    return copydetect


def text_of(source: str, longest: int | None = LONGEST) -> Text:
    """Read one text; what is longer than `longest` letters is cut off."""
    cut = longest is not None and len(source) > longest
    source = _tidy(source[:longest])
    found = list(tokens(source))
    code = "".join(_letter(word) for _, _, word in found)
    return Text(source, [(a, b) for a, b, _ in found], code, _passages(code), cut)


def joined(parts: list[Text]) -> Text:
    """Several texts as one, in their order."""
    places, source = [], ""
    for part in parts:
        places += [(a + len(source), b + len(source)) for a, b in part.places]
        source += part.source + "\n\n\n"
    code = "".join(part.code for part in parts)
    return Text(source, places, code, _passages(code), any(part.cut for part in parts))


def _tidy(source: str) -> str:
    """Without spaces at line ends and rows of empty lines, over which a lexer takes long."""
    lines = "\n".join(line.rstrip() for line in source.splitlines())
    lines = re.sub(r"\n{4,}", "\n\n\n", lines).strip("\n")
    return re.sub(rf"[^\S\n]{{{WIDEST},}}", " " * WIDEST, lines)


def tokens(source: str) -> Iterator[tuple[int, int, str]]:
    """Where each token begins and ends, and the word that stands for it.

    A name that a student chooses is "name". Names of Python and torch behind a dot stay, because
    `scores.softmax(1)` and `scores.sum(1)` are different thoughts.
    """
    from pygments.lexers import PythonLexer
    from pygments.token import Comment, Literal, Name, String, Whitespace

    before, last = "", ""
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for start, kind, text in lexer.get_tokens_unprocessed(source):
        if kind in Comment or kind in Whitespace or kind in String.Doc or not text.strip():
            continue
        word = text
        if kind in String:
            word = "text"
        elif kind in Name and not (last == "." and before != "self" and text in _vocabulary()):
            word = text if kind in Name.Builtin else "name"
        elif kind in Literal:
            word = text.lower()
        if not word == last == "text":  # the quotes and pieces of a string are one token
            yield start, start + len(text), word
        before, last = last, word


@functools.cache
def _vocabulary() -> frozenset[str]:
    """Names that Python and torch give, which nobody can rename."""
    import torch
    from torch import nn
    from torch.nn import functional
    from torch.nn.utils import rnn

    rooms: list[Any] = [torch, torch.Tensor, nn, functional, rnn, math, heapq, itertools, builtins]
    rooms += [list, dict, set, str, tuple, Counter]
    return frozenset(name for room in rooms for name in dir(room))


def _letter(word: str) -> str:
    """A letter for a word: the same in every run, and never half of a surrogate pair."""
    return chr(0x100 + zlib.crc32(word.encode()) % 50_000)


def _passages(code: str) -> Any:
    return load_copydetect().CodeFingerprint("", PASSAGE, 1, filter=False, fp=io.StringIO(code))


def without(text: Text, dropped: set[int]) -> Any:
    """The fingerprint of a text without some passages; None if nothing is left.

    copydetect's own subtraction (`boilerplate`) takes a passage that a text repeats for one that
    is subtracted, so it is done here.
    """
    from copydetect.utils import get_token_coverage

    left = _passages(text.code)
    kept = {int(key): at for key, at in left.hash_idx.items() if int(key) not in dropped}
    left.hash_idx, left.hashes = kept, set(kept)
    left.token_coverage = int(get_token_coverage(kept, PASSAGE, len(text.code)))
    return left if kept else None
