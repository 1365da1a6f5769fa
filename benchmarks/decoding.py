"""How fast captions are decoded and decoders trained; prints ratios.

    python benchmarks/decoding.py [--pictures 200] [--threads 2]

1. Batched beam search (`starter_code.captioning.decode`) against the same search for one picture at
   a time; both find the same captions, which is checked first.
2. A training step (forward and backward) of the two decoders, as the labs write them, with no work
   on padding, against a plain loop of `nn.LSTMCell` over all T - 1 positions of the batch.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from captioners import ShowAndTell, ShowAttendAndTell, caption_loss

from starter_code.captioning.decode import Caption, beam_search

VOCABULARY, CELLS, CHANNELS, LONGEST = 200, 64, 64, 20
START, END = VOCABULARY - 2, VOCABULARY - 1


def one_at_a_time(step, state, beam_size: int, max_length: int) -> list[Caption]:
    """Beam search as a student writes it for one picture, called for each picture."""
    return [
        _one(step, tuple(part[i : i + 1] for part in state), beam_size, max_length)
        for i in range(len(state[0]))
    ]


def _one(step, state, beam_size: int, max_length: int) -> Caption:
    words, totals = torch.tensor([[START]]), torch.zeros(1)
    finished: list[Caption] = []
    for _ in range(max_length):
        logits, state = step(words[:, -1], state)[:2]
        candidates = (totals[:, None] + logits.log_softmax(1)).flatten()
        width = min(beam_size - len(finished), len(candidates))
        totals, flat = candidates.topk(width)
        row, word = flat // VOCABULARY, flat % VOCABULARY
        words = torch.cat([words[row], word[:, None]], 1)
        done = word == END
        finished += [
            Caption(words[i, 1:-1].tolist(), float(totals[i]), None)
            for i in done.nonzero()[:, 0].tolist()
        ]
        words, totals, row = words[~done], totals[~done], row[~done]
        state = tuple(part[row] for part in state)
        if len(words) == 0:
            break
    unfinished = [Caption(w[1:], t, None) for w, t in zip(words.tolist(), totals.tolist())]
    return max(finished or unfinished, key=lambda caption: caption.score)


def every_position(decoder: nn.Module, encoder_out: Tensor, captions: Tensor, lengths: Tensor):
    """Teacher forcing written plainly: all rows at every position, padding included."""
    state, columns = decoder.init_state(encoder_out), []
    for t in range(captions.shape[1] - 1):
        scores, state, *weights = decoder.step(captions[:, t], state)
        columns.append((scores, *weights))
    return tuple(torch.stack(parts, 1) for parts in zip(*columns))


def seconds(run: Callable[[], object], repeats: int) -> float:
    """The shortest of `repeats` runs, after one to warm up."""
    run()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def speaking_decoder(kind: type[nn.Module]) -> nn.Module:
    """A decoder with random weights, sharpened so that captions of many lengths come out."""
    torch.manual_seed(0)
    decoder = kind(CHANNELS, VOCABULARY).eval()
    with torch.no_grad():
        decoder.fc.weight.mul_(40)
        decoder.fc.bias[END] += 2
    return decoder


@torch.no_grad()
def compare_search(kind: type[nn.Module], pictures: int) -> None:
    decoder = speaking_decoder(kind)
    state = decoder.init_state(torch.randn(pictures, CELLS, CHANNELS))
    batched = beam_search(decoder.step, state, START, END, 5, LONGEST)
    single = one_at_a_time(decoder.step, state, 5, LONGEST)
    same = sum(a.ids == b.ids for a, b in zip(batched, single)) / pictures
    words = sum(len(caption.ids) for caption in batched) / pictures

    fast = seconds(lambda: beam_search(decoder.step, state, START, END, 5, LONGEST), 5)
    slow = seconds(lambda: one_at_a_time(decoder.step, state, 5, LONGEST), 1)
    print(
        f"beam search, {kind.__name__:18s} {pictures / fast:8.0f} pictures/s batched, "
        f"{pictures / slow:6.0f} one at a time: {slow / fast:5.1f} x   "
        f"({same:.0%} of the captions equal, {words:.1f} words)"
    )


def compare_training(kind: type[nn.Module], batch: int = 100, width: int = 32) -> None:
    """A batch as the scenes have it: captions of 5 to 20 words in a folder whose longest has 30."""
    torch.manual_seed(0)
    decoder = kind(CHANNELS, VOCABULARY)
    encoder_out = torch.randn(batch, CELLS, CHANNELS, requires_grad=True)
    lengths = torch.randint(7, 22, (batch,))
    captions = torch.randint(1, START, (batch, width))

    def step(forward: Callable[..., tuple], captions: Tensor) -> None:
        outputs = forward(encoder_out, captions, lengths)
        caption_loss(outputs, captions, lengths).backward()

    trimmed = captions[:, : int(lengths.max())]
    fast = seconds(lambda: step(decoder, trimmed), 5)
    slow = seconds(lambda: step(lambda *a: every_position(decoder, *a), captions), 5)
    print(
        f"training,    {kind.__name__:18s} {1000 * fast:6.0f} ms/step without padding, "
        f"{1000 * slow:6.0f} ms plain LSTMCell loop: {slow / fast:5.1f} x"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for kind in (ShowAndTell, ShowAttendAndTell):
        compare_search(kind, arguments.pictures)
    for kind in (ShowAndTell, ShowAttendAndTell):
        compare_training(kind)


if __name__ == "__main__":
    main()
