"""Caption metrics in one call, by the official scorers, and the truth test of the picture world.

BLEU-1..4 (Papineni et al., ACL 2002), ROUGE-L (Lin, 2004), CIDEr-D (Vedantam et al., CVPR 2015),
METEOR (Denkowski and Lavie, 2014) and SPICE (Anderson et al., ECCV 2016) are computed by
pycocoevalcap, the scorer of the COCO caption challenge, and none anew here. They ask whether a
caption *sounds* like people's captions. `faithfulness` asks whether it is *true* of the picture,
and the lines at the end say what a number is worth: a constant caption can have a good BLEU.
"""

import contextlib
import io
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from importlib.util import find_spec
from math import log
from pathlib import Path
from typing import Any

from tqdm import tqdm

from starter_code.errors import CourseError

References = Mapping[Hashable, Sequence[str]]
Captions = Mapping[Hashable, str]
_Tokenised = dict[Hashable, list[str]]

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]")
# The marks that the official scorer leaves out; others, as ( or &, count as words there, so here.
_DROPPED = frozenset("'`.?!,:-;")


def score_captions(
    references: References,
    hypotheses: Captions,
    metrics: Iterable[str] = ("bleu", "rouge_l", "cider"),
    *,
    tokeniser: str = "words",
) -> dict[str, float]:
    """Score one caption per picture against the captions that people gave it.

    Args:
        references: picture id -> its captions.
        hypotheses: picture id -> the caption to score, for the same pictures.
        metrics: any of bleu, rouge_l, cider, meteor, spice; the last two need Java, and spice
            Stanford's CoreNLP models, too.
        tokeniser: "words" (a regular expression: lower case, words with an inner apostrophe, marks;
            the common punctuation dropped), "ptb" (Penn Treebank by Java, as papers report), or
            "none" (the captions are words joined by spaces).

    Returns:
        BLEU-1 to BLEU-4, ROUGE-L, METEOR and SPICE in [0, 1], CIDEr in [0, 10] (papers print them
        times 100). CIDEr weighs words by their rarity among the pictures: of one picture it is 0.

    Raises:
        CourseError: pictures without a partner, an unknown metric, or Java or a download missing.
    """
    names = list(metrics)
    _refuse_unknown("metric", names, _SCORERS)
    _refuse_unknown("tokeniser", [tokeniser], _TOKENISERS)
    _check_pairs(references, hypotheses)
    truth = {key: list(texts) for key, texts in references.items()}
    guess = {key: [hypotheses[key]] for key in references}
    tokenise = _TOKENISERS[tokeniser]
    truth, guess = tokenise(truth), tokenise(guess)
    scores: dict[str, float] = {}
    for name in names:
        # The scorers print their counts.
        with contextlib.redirect_stdout(io.StringIO()):
            scores |= _SCORERS[name](truth, guess)
    return scores


def _refuse_unknown(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise CourseError(f"There is no {kind} {name!r}: choose among {', '.join(known)}.")


def _check_pairs(references: References, hypotheses: Captions) -> None:
    if not references:
        raise CourseError("There is no picture to score: give at least one with its captions.")
    for key in references.keys() ^ hypotheses.keys():
        lacking = "caption to score" if key in references else "reference captions"
        raise CourseError(
            f"Picture {key!r} has no {lacking}: references and hypotheses must be "
            "about the same pictures."
        )
    for key, texts in references.items():
        if not texts or isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise CourseError(
                f"The references of picture {key!r} are no list of sentences: give "
                "each as one string, its words joined by spaces."
            )
        if not isinstance(hypotheses[key], str):
            raise CourseError(
                f"The caption of picture {key!r} is no sentence: give one string, its "
                "words joined by spaces."
            )


# -------------------------------------------------------------------------------------- tokenisers


def _by_words(captions: _Tokenised) -> _Tokenised:
    return {key: [" ".join(_words(text)) for text in texts] for key, texts in captions.items()}


def _words(text: str) -> list[str]:
    return [word for word in _TOKEN.findall(text.lower()) if word not in _DROPPED]


def _by_treebank(captions: _Tokenised) -> _Tokenised:
    _need_java("The tokeniser ptb", "choose tokeniser='words'")
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    try:
        return PTBTokenizer().tokenize(
            {key: [{"caption": text} for text in texts] for key, texts in captions.items()}
        )
    except PermissionError as error:
        raise CourseError(
            f"The tokeniser ptb must write into {error.filename}'s folder and may "
            "not: choose tokeniser='words'."
        ) from None


def _as_given(captions: _Tokenised) -> _Tokenised:
    return captions


_TOKENISERS: dict[str, Callable[[_Tokenised], _Tokenised]] = {
    "words": _by_words,
    "ptb": _by_treebank,
    "none": _as_given,
}


# ------------------------------------------------------------------------------------- the scorers


def _bleu(truth: _Tokenised, guess: _Tokenised) -> dict[str, float]:
    from pycocoevalcap.bleu.bleu import Bleu

    values, _ = Bleu(4).compute_score(truth, guess, verbose=0)
    return {f"BLEU-{n}": float(value) for n, value in enumerate(values, 1)}


def _rouge_l(truth: _Tokenised, guess: _Tokenised) -> dict[str, float]:
    from pycocoevalcap.rouge.rouge import Rouge

    return {"ROUGE-L": float(Rouge().compute_score(truth, guess)[0])}


def _cider(truth: _Tokenised, guess: _Tokenised) -> dict[str, float]:
    from pycocoevalcap.cider.cider import Cider

    return {"CIDEr": float(Cider().compute_score(truth, guess)[0])}


def _meteor(truth: _Tokenised, guess: _Tokenised) -> dict[str, float]:
    _need_java("METEOR", "leave it out of metrics")
    from pycocoevalcap.meteor.meteor import Meteor

    try:
        return {"METEOR": float(Meteor().compute_score(truth, guess)[0])}
    except (BrokenPipeError, ValueError) as error:
        raise CourseError(
            f"METEOR's Java program ended without an answer ({error}): it needs 2 GB "
            "of free memory; or leave it out of metrics."
        ) from None


def _spice(truth: _Tokenised, guess: _Tokenised) -> dict[str, float]:
    _need_java("SPICE", "leave it out of metrics")
    missing = _missing_spice_models()
    if missing:
        raise CourseError(
            f"SPICE needs Stanford CoreNLP 3.6.0 ({missing} is missing, a download of "
            'about 0.5 GB): run `python -c "from pycocoevalcap.spice.'
            'get_stanford_models import get_stanford_models as get; get()"` once, or '
            "leave spice out of metrics."
        )
    from pycocoevalcap.spice.spice import Spice

    try:
        return {"SPICE": float(Spice().compute_score(truth, guess)[0])}
    except (subprocess.CalledProcessError, OSError) as error:
        raise CourseError(
            f"SPICE's Java program failed ({error}): its authors run it on Java 8 and it "
            "needs 8 GB of memory; or leave spice out of metrics."
        ) from None


_SCORERS: dict[str, Callable[[_Tokenised, _Tokenised], dict[str, float]]] = {
    "bleu": _bleu,
    "rouge_l": _rouge_l,
    "cider": _cider,
    "meteor": _meteor,
    "spice": _spice,
}


def _need_java(what: str, instead: str) -> None:
    if shutil.which("java") is None:
        raise CourseError(
            f"{what} needs Java, and there is no `java` on the PATH: install a Java "
            f"runtime, or {instead}."
        )


def _missing_spice_models() -> str:
    """The first model file that SPICE would download unasked; empty when all are there."""
    spec = find_spec("pycocoevalcap.spice")
    folder = Path(spec.origin).parent / "lib" if spec and spec.origin else Path("pycocoevalcap")
    jars = ("stanford-corenlp-3.6.0.jar", "stanford-corenlp-3.6.0-models.jar")
    return next((jar for jar in jars if not (folder / jar).exists()), "")


# ----------------------------------------------------------------------- what a caption says is so


def faithfulness(captions: Sequence[str], factors: Sequence[Mapping[str, Any]]) -> float:
    """Mean F1 of the captions' (colour, object) claims against what the scenes contain.

    For one picture with claims C and truth W: F1 = 2 |C & W| / (|C| + |W|). A caption without
    claims counts 0, so that saying little is no way to be right.

    Args:
        captions: one caption per scene.
        factors: the scenes' factors, in the same order.

    Raises:
        CourseError: not one caption per scene, or none at all.
    """
    from starter_code.scenes import claims, true_claims

    if not captions or len(captions) != len(factors):
        raise CourseError(
            f"{len(captions)} captions for {len(factors)} scenes: give the factors of "
            "exactly the scenes that were captioned, at least one."
        )
    return sum(
        _f1(claims(caption), true_claims(scene))
        for caption, scene in zip(captions, factors, strict=True)
    ) / len(captions)


def _f1(claimed: set[tuple[str, str]], true: set[tuple[str, str]]) -> float:
    return 2 * len(claimed & true) / (len(claimed) + len(true)) if claimed else 0.0


def distinct(captions: Iterable[str]) -> int:
    """How many different captions there are; 1: the model does not look at the pictures."""
    return len({tuple(_words(caption)) for caption in captions})


# ---------------------------------------------------------------------------- lines to compare with


def fifth_caption(references: References) -> tuple[dict[Hashable, list[str]], dict[Hashable, str]]:
    """People against people: every picture's last caption to be scored against its others.

    Returns references and hypotheses for `score_captions`. It is the line a good model can reach;
    note that it has one reference fewer per picture, which costs a few points of BLEU.

    Raises:
        CourseError: a picture has a single caption.
    """
    for key, texts in references.items():
        if len(texts) < 2:
            raise CourseError(
                f"Picture {key!r} has one caption: this comparison needs at least two."
            )
    return (
        {key: list(texts[:-1]) for key, texts in references.items()},
        {key: texts[-1] for key, texts in references.items()},
    )


def best_constant_caption(
    candidates: Iterable[str], references: References, *, tries: int = 100
) -> str:
    """The one caption that, said of every picture, has the highest BLEU-4: the line to beat.

    Of the candidates (the train captions, say) the `tries` most promising ones are scored exactly.
    Promising: their n-grams occur in the references of many pictures.
    """
    from pycocoevalcap.bleu.bleu_scorer import BleuScorer

    if not references:
        raise CourseError("There is no picture to score: give at least one with its captions.")
    spread = _ngram_spread(references)
    texts = sorted({" ".join(_words(text)) for text in candidates} - {""})
    promising = sorted(texts, key=lambda text: -_promise(text.split(), spread, len(references)))
    scorer = BleuScorer(n=4)
    for captions in references.values():
        scorer.cook_append(None, [" ".join(_words(text)) for text in captions])

    def bleu_4(text: str) -> float:
        scorer.retest([text] * len(references))
        return scorer.compute_score(option="closest")[0][3]

    return max(tqdm(promising[:tries], desc="constant captions", leave=False), key=bleu_4)


def _ngrams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _ngram_spread(references: References) -> Counter[tuple[str, ...]]:
    """In how many pictures' references each n-gram, n = 1..4, occurs."""
    spread: Counter[tuple[str, ...]] = Counter()
    for captions in references.values():
        spread.update(
            {gram for text in captions for n in range(1, 5) for gram in _ngrams(_words(text), n)}
        )
    return spread


def _promise(words: Sequence[str], spread: Counter[tuple[str, ...]], pictures: int) -> float:
    """Log of the geometric mean, over n = 1..4, of a constant caption's n-gram precision."""
    total = 0.0
    for n in range(1, 5):
        grams = set(_ngrams(words, n))
        hits = sum(spread[gram] for gram in grams)
        total += log((hits + 1e-3) / (pictures * max(1, len(words) - n + 1)))
    return total
