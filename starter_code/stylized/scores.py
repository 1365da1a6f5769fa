"""How well styled captions are told: words, facts, style, and what an exchange changes.

DSIC, section 4.3.2, with two questions more that a scene's truth answers: are the captions true of
their own picture, and would they be as true of another one?
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from starter_code.errors import CourseError
from starter_code.metrics import captions as metrics
from starter_code.stylized.captioners import Captioner, say, tell
from starter_code.stylized.datasets import StyledDataset

__all__ = ["measure", "metrics_here", "say", "tell_all"]

Told = Mapping[str, Sequence[str]]


def metrics_here() -> tuple[str, ...]:
    """The metrics that this machine can compute: METEOR and SPICE need Java, SPICE models too."""
    names = ["bleu", "rouge_l", "cider"]
    for name in ("meteor", "spice"):
        try:
            metrics.score_captions({0: ["a cat"]}, {0: "a cat"}, (name,))
        except CourseError:
            continue
        names.append(name)
    return tuple(names)


def tell_all(
    captioner: Captioner,
    dataset: StyledDataset,
    *,
    beam_size: int = 5,
    max_length: int = 30,
    seed: int = 0,
    pictures: torch.Tensor | None = None,
    progress: bool = False,
) -> dict[str, list[str]]:
    """A caption of every picture in every style: style -> captions (DSIC, Algorithm 2)."""
    rows = torch.arange(len(dataset.pictures)) if pictures is None else pictures
    found = {}
    for label, style in enumerate(dataset.styles):
        told = tell(
            captioner, dataset, [label] * len(rows), pictures=rows, beam_size=beam_size,
            generator=torch.Generator().manual_seed(seed), max_length=max_length,
            progress=progress,
        )  # fmt: skip
        found[style] = [" ".join(words) for words in told]
    return found


def measure(
    told: Told,
    dataset: StyledDataset,
    classify: Callable[[list[str]], list[str]],
    style_accuracy: Callable[..., Mapping[str, float]],
    *,
    factors: Sequence[Mapping[str, Any]] = (),
    pictures: torch.Tensor | None = None,
    names: Sequence[str] = ("bleu", "rouge_l", "cider"),
) -> dict[str, float]:
    """All numbers of one method.

    Args:
        told: style -> captions, as `tell_all` gives them.
        classify: names the style of captions.
        style_accuracy: (classify, captions, wanted styles) -> "all" and a share per style: ICSA.
        factors: the truth of the pictures' scenes, where there is one.
        names: of metrics; `metrics_here` gives all that this machine can compute.

    Returns:
        The metrics pooled over the styles (BLEU-4, ...) and of each style ("positive BLEU-4", ...),
        "ICSA" and "<style> ICSA", "exchanged" (the share of pictures whose verdict differs between
        the first two styles), "faithful", "faithful to the next" and "distinct".
    """
    rows = torch.arange(len(dataset.pictures)) if pictures is None else pictures
    captions, wanted, truth = [], [], {}
    for style, texts in told.items():
        for i, text in zip(rows.tolist(), texts, strict=True):
            references = [" ".join(words) for words in dataset.references(i, style)]
            if references:
                truth[len(captions)] = references
                captions.append(text)
                wanted.append(style)
    found = _score(captions, truth, names)
    for style in told:
        own = [k for k, name in enumerate(wanted) if name == style]
        part = _score([captions[k] for k in own], {n: truth[k] for n, k in enumerate(own)}, names)
        found |= {f"{style} {name}": value for name, value in part.items()}
    accuracy = style_accuracy(classify, captions, wanted)
    found["ICSA"] = accuracy["all"]
    found |= {f"{style} ICSA": accuracy[style] for style in told if style in accuracy}
    one, two = (classify(list(texts)) for texts in list(told.values())[:2])
    found["exchanged"] = sum(a != b for a, b in zip(one, two, strict=True)) / len(one)
    if factors:
        found |= _faithful(told, factors)
    return found | {"distinct": float(metrics.distinct(captions))}


def _score(
    captions: Sequence[str], truth: Mapping[int, list[str]], names: Sequence[str]
) -> dict[str, float]:
    return metrics.score_captions(dict(truth), dict(enumerate(captions)), names)


def _faithful(told: Told, factors: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Mean F1 of claims against the own scene and against the next one."""
    shifted = [*factors[1:], factors[0]]
    own = [metrics.faithfulness(list(texts), factors) for texts in told.values()]
    other = [metrics.faithfulness(list(texts), shifted) for texts in told.values()]
    return {
        "faithful": sum(own) / len(own),
        "faithful to the next": sum(other) / len(other),
    }
