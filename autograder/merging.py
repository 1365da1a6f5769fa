"""Three texts into one: what both sides made of the same lines, if they did not touch the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Lines = Sequence[str]


def merge(base: Lines, mine: Lines, theirs: Lines) -> list[str] | None:
    """Both changes of `base` applied, or None where they change the same place differently."""
    merged: list[str] = []
    start = (0, 0, 0)
    for base_at, mine_at, theirs_at, length in _in_all(base, mine, theirs):
        parts = base[start[0] : base_at], mine[start[1] : mine_at], theirs[start[2] : theirs_at]
        chosen = _choose(*parts)
        if chosen is None:
            return None
        merged += [*chosen, *mine[mine_at : mine_at + length]]
        start = (base_at + length, mine_at + length, theirs_at + length)
    return merged


def _choose(base: Lines, mine: Lines, theirs: Lines) -> Lines | None:
    if list(base) == list(theirs) or list(mine) == list(theirs):
        return mine
    return theirs if list(base) == list(mine) else None


def _in_all(base: Lines, mine: Lines, theirs: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that stand in all three: where in each, how many; last the end of all."""
    ours = _blocks(base, mine)
    others = _blocks(base, theirs)
    while ours and others:
        (a, b, n), (c, d, m) = ours[0], others[0]
        first, last = max(a, c), min(a + n, c + m)
        if first < last:
            yield first, b + first - a, d + first - c, last - first
        if a + n < c + m:
            ours.pop(0)
        else:
            others.pop(0)
    yield len(base), len(mine), len(theirs), 0


def _blocks(a: Lines, b: Lines) -> list[tuple[int, int, int]]:
    found = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in found if block.size]
