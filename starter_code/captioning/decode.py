"""Captions without teacher forcing: beam search over many pictures at once.

The rules are those of the labs' `beam_search` for one picture: a caption that ends leaves the
beam, which shrinks by one; a search is over when its beam is empty or `max_length` words are
written; the best finished caption is returned, and only if none finished the best unfinished one.
Here the beams of all pictures are rows of one batch, and a picture leaves it as soon as no
unfinished caption can overtake its best finished one: a log-probability only falls with more words.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from tqdm import tqdm

from starter_code.errors import CourseError

__all__ = ["Caption", "beam_search", "caption_images", "evaluating"]

State = tuple[Tensor, ...]
Step = Callable[[Tensor, State], tuple]


class Caption(NamedTuple):
    """What a search found for one picture."""

    ids: list[int]  # without <start> and <end>
    score: float  # sum of log-probabilities, <end> included if it ended
    alphas: Tensor | None  # (len(ids), P) attention weights of each word, None without attention


@dataclass
class _Beams:
    """The unfinished captions of all pictures, one row each.

    `words`, `alphas` and the state have one row per unfinished caption, in the order of the
    pictures; `scores` is the same as a rectangle (pictures, width), -inf where there is none.
    """

    state: State
    words: Tensor  # (rows, words so far), <start> first
    alphas: Tensor | None  # (rows, words so far - 1, P)
    scores: Tensor  # (N, k)
    row: Tensor  # (N, k) long: the row of a slot


@dataclass
class _Best:
    """The best caption found so far of each picture."""

    score: Tensor  # (N,)
    words: Tensor  # (N, max_length)
    length: Tensor  # (N,)
    alphas: Tensor | None = None  # (N, max_length, P)

    def put(self, pictures: Tensor, scores: Tensor, words: Tensor, alphas: Tensor | None) -> None:
        """Write captions (rows of `words`, without specials) as the best of `pictures`."""
        length = words.shape[1]
        self.score[pictures] = scores
        self.words[pictures, :length] = words
        self.length[pictures] = length
        if alphas is not None:
            if self.alphas is None:
                shape = (*self.words.shape, alphas.shape[-1])
                self.alphas = alphas.new_zeros(shape)
            self.alphas[pictures, :length] = alphas[:, :length]

    def captions(self) -> list[Caption]:
        lengths, scores = self.length.tolist(), self.score.tolist()
        ids = self.words.tolist()
        maps = None if self.alphas is None else self.alphas.cpu()
        return [
            Caption(ids[i][:n], scores[i], None if maps is None else maps[i, :n].clone())
            for i, n in enumerate(lengths)
        ]


@torch.no_grad()
def beam_search(
    step: Step, state: State, start: int, end: int, beam_size: int = 5, max_length: int = 50
) -> list[Caption]:
    """The captions that beam search finds, for all pictures of a batch together.

    Args:
        step: `(words (B,), state) -> (scores (B, V), state)` or
            `(scores, state, alpha (B, P))`; scores are logits.
        state: tensors of first dimension N, one row per picture.
        start, end: ids of <start> and <end>.
        beam_size: k; 1 is greedy search.
        max_length: longest caption in words.

    Returns: N captions, in the order of the rows.
    """
    if beam_size < 1 or max_length < 1:
        raise CourseError(
            f"Beam search needs a beam and a length of at least 1, not {beam_size} and "
            f"{max_length}."
        )
    n, device = state[0].shape[0], state[0].device
    beams = _first_beams(state, n, start, device)
    best = _Best(
        score=torch.full((n,), -torch.inf, device=device),
        words=torch.zeros(n, max_length, dtype=torch.long, device=device),
        length=torch.zeros(n, dtype=torch.long, device=device),
    )
    width = torch.full((n,), beam_size, device=device)  # how many captions each beam may hold
    for _ in range(max_length):
        beams = _advance(step, beams, width, best, end)
        if beams.words.shape[0] == 0:
            break
    _fall_back(beams, best)
    return best.captions()


def _first_beams(state: State, n: int, start: int, device: torch.device) -> _Beams:
    return _Beams(
        state=state,
        words=torch.full((n, 1), start, dtype=torch.long, device=device),
        alphas=None,
        scores=torch.zeros(n, 1, device=device),
        row=torch.arange(n, device=device)[:, None],
    )


def _advance(step: Step, beams: _Beams, width: Tensor, best: _Best, end: int) -> _Beams:
    """One word more for every unfinished caption; those that end go to `best`."""
    logits, state, *weights = step(beams.words[:, -1], beams.state)
    scores, parent, word = _continuations(logits, beams, int(width.max()))
    # (N, k) in falling order: a beam that has shrunk keeps only its first `width` candidates.
    slot = torch.arange(scores.shape[1], device=width.device)
    scores = scores.masked_fill(slot >= width[:, None], -torch.inf)
    rows = beams.row.gather(1, parent)
    alphas = _append(beams.alphas, weights[0][:, None]) if weights else None

    ended = (word == end) & scores.isfinite()
    _finish(ended, scores, rows, beams.words, alphas, best)
    width -= ended.sum(1)
    alive = scores.isfinite() & ~ended
    # Whole beams only: to drop single captions would change how the others' beam shrinks.
    alive &= (scores.masked_fill(~alive, -torch.inf).amax(1) > best.score)[:, None]
    return _survivors(alive, scores, rows, word, beams.words, alphas, state)


def _continuations(logits: Tensor, beams: _Beams, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The k best ways to go on for each picture: score, slot it came from, word; each (N, k)."""
    log_probabilities = logits.float().log_softmax(-1)
    # The k best of a picture are among the k best of each of its captions.
    values, words = log_probabilities.topk(min(k, logits.shape[-1]), dim=-1)
    totals = beams.scores[..., None] + values[beams.row]  # (N, slots, k)
    scores, flat = totals.flatten(1).topk(min(k, totals[0].numel()), dim=1)
    parent = flat // values.shape[-1]
    return scores, parent, words[beams.row].flatten(1).gather(1, flat)


def _append(old: Tensor | None, new: Tensor) -> Tensor:
    return new if old is None else torch.cat([old, new], dim=1)


def _finish(
    ended: Tensor, scores: Tensor, rows: Tensor, words: Tensor, alphas: Tensor | None, best: _Best
) -> None:
    """Keep each picture's best caption of those that end now, if it beats the best before."""
    top, slot = scores.masked_fill(~ended, -torch.inf).max(1)
    pictures = (top > best.score).nonzero()[:, 0]
    if len(pictures):
        source = rows[pictures, slot[pictures]]
        maps = None if alphas is None else alphas[source]
        best.put(pictures, top[pictures], words[source, 1:], maps)


def _survivors(
    alive: Tensor,
    scores: Tensor,
    rows: Tensor,
    word: Tensor,
    words: Tensor,
    alphas: Tensor | None,
    state: State,
) -> _Beams:
    """The next beams: one row for each slot that is `alive`."""
    source = rows[alive]
    row = torch.zeros_like(rows)
    row[alive] = torch.arange(len(source), device=rows.device)
    return _Beams(
        state=tuple(part[source] for part in state),
        words=torch.cat([words[source], word[alive][:, None]], dim=1),
        alphas=None if alphas is None else alphas[source],
        scores=scores.masked_fill(~alive, -torch.inf),
        row=row,
    )


def _fall_back(beams: _Beams, best: _Best) -> None:
    """Where no caption ended, the best unfinished one."""
    top, slot = beams.scores.max(1)
    pictures = (best.score.isinf() & top.isfinite()).nonzero()[:, 0]
    if len(pictures):
        source = beams.row[pictures, slot[pictures]]
        maps = None if beams.alphas is None else beams.alphas[source]
        best.put(pictures, top[pictures], beams.words[source, 1:], maps)


@torch.no_grad()
def caption_images(
    encoder: nn.Module,
    decoder: nn.Module,
    images: Tensor | Any,
    word_map: Mapping[str, int],
    beam_size: int = 5,
    max_length: int = 50,
    batch_size: int | None = None,
    progress: bool = False,
) -> list[Caption]:
    """Describe pictures: encode, then beam search, a batch of pictures at a time.

    Args:
        encoder, decoder: networks of the labs' contracts; put back in the mode they were in.
        images: uint8 (N, 3, S, S), a tensor or an array; or float in [0, 1].
        word_map: word -> id, with <start> and <end>.
        batch_size: pictures at a time; by default what is fastest: on a CPU few enough that their
            beams stay in its cache, on a GPU many.
        progress: whether to draw a progress bar.

    Returns: N captions; `.alphas` is None for a decoder without attention.
    """
    start, end = word_map["<start>"], word_map["<end>"]
    device = _device_of(decoder)
    size = batch_size or (32 if device.type == "cpu" else 512)
    captions: list[Caption] = []
    with evaluating(encoder, decoder):
        starts = range(0, len(images), size)
        for i in tqdm(starts, desc="captioning", unit="batch", disable=not progress):
            encoder_out = encoder(torch.as_tensor(images[i : i + size]).to(device))
            state = decoder.init_state(encoder_out)
            captions += beam_search(decoder.step, state, start, end, beam_size, max_length)
    return captions


def _device_of(module: nn.Module) -> torch.device:
    parameter = next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@contextmanager
def evaluating(*modules: nn.Module) -> Iterator[None]:
    """`with evaluating(a, b):` networks in evaluation mode, afterwards as they were."""
    modes = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, training in zip(modules, modes):
            module.train(training)
