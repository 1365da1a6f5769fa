"""The words of a set of styled captions: all of them, those of the style, those of the facts.

DSIC, section 3.3, needs two vocabularies. V_s, below (8), holds style words: fact words and stop
words are taken away. V_f, below (6), holds fact words: style words and stop words are taken away.
The source does not say how a word's side is found. Here the training captions decide:

    a word carries style if some style says it at least RATIO times as often, per word of text, as
    the pictures' factual captions do, or as the other styles do, and that is no accident (Z).

Every other word that is no stop word tells facts. So "love" is style and "dog" is fact, and a fact
word that leans to one style is counted as style: the facts must not give the style away.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from torch import Tensor

from starter_code.captioning.create_input_files import make_word_map
from starter_code.captioning.karpathy import END, START, UNKNOWN
from starter_code.errors import CourseError

__all__ = [
    "STOP_WORDS",
    "Vocabulary",
    "bag_of_words",
    "encode",
    "log_odds",
    "numbered",
    "split_vocabulary",
    "spread",
    "word_map_of",
]

RATIO = 2.0  # how much more often a style must say a word than the facts or the other styles do
Z = 2.0  # deviations by which the logarithm of that ratio must differ from zero

# Words without a content of their own. Words that place things (above, under, left) tell facts.
_STOP_WORDS = """
a about after again all also although am an and another any are as at be became because become
been before being both but by can cannot could did do does doing done during each either else
etc ever every few for from further get gets had has have having he her here hers herself him
himself his how however i if in into is it its itself just may me might more most much must my
myself neither no nor not now of off on once one only onto or other others otherwise ought our
ours ourselves out own per rather same shall she should since so some such than that the their
theirs them themselves then there these they this those though through thus to too until up
upon us very was we were what when where whether which while who whom whose why will with
within without would yet you your yours yourself yourselves
d don ll m n't re s t ve it's he's she's that's there's what's i'm isn't doesn't don't
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


class Vocabulary(Sequence[str]):
    """Words in a fixed order, each with its number.

    Args:
        words: different words; their order is their numbering.

    Raises:
        CourseError: a word that stands there twice, or no words at all.

    Example:
        >>> Vocabulary(["dog", "kite"]).number["kite"]
        1
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)
        self.number = {word: i for i, word in enumerate(self.words)}
        if not self.words:
            raise CourseError("A vocabulary needs words: take more captions, or a smaller minimum.")
        if len(self.number) < len(self.words):
            twice = next(word for word, n in Counter(self.words).items() if n > 1)
            raise CourseError(f"A vocabulary holds {twice!r} twice: give every word once.")

    def __len__(self) -> int:
        return len(self.words)

    def __getitem__(self, i: int) -> str:  # type: ignore[override]
        return self.words[i]

    def __contains__(self, word: object) -> bool:
        return word in self.number

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} words: {', '.join(self.words[:3])}, ...)"


def bag_of_words(tokens: Iterable[str], vocabulary: Vocabulary) -> Tensor:
    """t_w of DSIC (6)-(8): how the words of a text spread over a vocabulary.

    t_w = (times w is said) / (times any word of the vocabulary is said)

    A distribution, as the cross-entropies (6)-(8) need: it sums to 1. A text without any word of
    the vocabulary gives zeros, and with them a cross-entropy of 0: it asks for nothing. The factual
    captions of one picture are one text.

    Args:
        tokens: words of one caption, or of several.
        vocabulary: V words.

    Returns:
        float32 (V,), entries >= 0.

    Example:
        >>> bag_of_words("a dog and a dog and a kite".split(), Vocabulary(["dog", "kite"]))
        tensor([0.6667, 0.3333])
    """
    return spread(torch.tensor(numbered(tokens, vocabulary), dtype=torch.long), len(vocabulary))


def numbered(tokens: Iterable[str], vocabulary: Vocabulary) -> list[int]:
    """The numbers of those tokens that the vocabulary holds, in their order."""
    return [vocabulary.number[word] for word in tokens if word in vocabulary.number]


def spread(numbers: Tensor, size: int) -> Tensor:
    """How often each number from 0 to `size` - 1 stands in `numbers` (N,), as shares: (size,)."""
    return torch.bincount(numbers, minlength=size).float() / max(len(numbers), 1)


def word_map_of(captions: Iterable[Sequence[str]], min_word_freq: int = 1) -> dict[str, int]:
    """The word map of captioning, {"<pad>": 0, words, "<unk>", "<start>", "<end>"}."""
    return make_word_map(Counter(word for words in captions for word in words), min_word_freq)


def encode(tokens: Sequence[str], word_map: Mapping[str, int], max_length: int) -> list[int]:
    """<start>, at most `max_length` words, <end>, as numbers."""
    words = (START, *tokens[:max_length], END)
    return [word_map.get(word, word_map[UNKNOWN]) for word in words]


def split_vocabulary(
    styled: Mapping[str, Iterable[Sequence[str]]],
    factual: Iterable[Sequence[str]] = (),
    *,
    min_word_freq: int = 2,
    ratio: float = RATIO,
    z: float = Z,
    stop_words: frozenset[str] = STOP_WORDS,
) -> tuple[Vocabulary, Vocabulary]:
    """V_s and V_f of DSIC, section 3.3, from training captions; see the top of this file.

    Args:
        styled: style -> its captions, each a list of words; two styles at least.
        factual: the same pictures' factual captions; without them only the styles are compared,
            and words that all styles share, of whatever kind, are facts.
        min_word_freq: rarer words are in neither vocabulary.
        ratio, z: how much more often, and how surely, a style must say a word of its own.

    Returns:
        Style words and fact words, the most frequent first; no word is in both.

    Raises:
        CourseError: fewer than two styles, or one side has no words.
    """
    if len(styled) < 2:
        raise CourseError(
            f"Style words are found by comparing styles, and there is only {list(styled)}: "
            "take captions in two styles or more."
        )
    by_style = {style: _count(captions) for style, captions in styled.items()}
    facts, everything = _count(factual), Counter()
    for counts in (*by_style.values(), facts):
        everything.update(counts)
    wanted = [
        word
        for word, n in sorted(everything.items(), key=lambda pair: (-pair[1], pair[0]))
        if n >= min_word_freq and word not in stop_words
    ]
    surplus = _surplus(by_style, facts)
    of_style = {w for w in wanted if any(_more_often(*pair(w), ratio, z) for pair in surplus)}
    return (
        Vocabulary(word for word in wanted if word in of_style),
        Vocabulary(w for w in wanted if w not in of_style and (not facts or w in facts)),
    )


def log_odds(in_one: int, of_one: int, in_other: int, of_other: int) -> tuple[float, float]:
    """How much more often a word stands in one text than in another, and how sure that is.

    The logarithm of the odds ratio with half a count added to each cell (Haldane, 1956), and that
    over its standard deviation: a z-score.

    Args:
        in_one, in_other: how often the word stands in each text.
        of_one, of_other: how many words each text has.
    """
    cells = (in_one + 0.5, of_one - in_one + 0.5, in_other + 0.5, of_other - in_other + 0.5)
    a, b, c, d = cells
    ratio = math.log(a * d / (b * c))
    return ratio, ratio / math.sqrt(sum(1 / cell for cell in cells))


def _count(captions: Iterable[Sequence[str]]) -> Counter[str]:
    return Counter(word for words in captions for word in words)


def _surplus(by_style: Mapping[str, Counter[str]], facts: Counter[str]) -> list[Callable]:
    """For each style, and each text it is compared with: word -> the arguments of `log_odds`."""
    pairs = []
    for style, counts in by_style.items():
        others: Counter[str] = Counter()
        for other, their_counts in by_style.items():
            if other != style:
                others.update(their_counts)
        for rest in (others, facts):
            if rest:
                pairs.append(_comparison(counts, rest))
    return pairs


def _comparison(one: Counter[str], other: Counter[str]) -> Callable:
    of_one, of_other = one.total(), other.total()
    return lambda word: (one[word], of_one, other[word], of_other)


def _more_often(
    in_one: int, of_one: int, in_other: int, of_other: int, ratio: float, z: float
) -> bool:
    difference, certainty = log_odds(in_one, of_one, in_other, of_other)
    return difference >= math.log(ratio) and certainty >= z
