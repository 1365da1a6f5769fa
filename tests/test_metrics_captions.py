"""Caption metrics: equal to the official scorer's, silent, and clear about what is missing.

`caption_scores.json` holds captions written for this test and the scores that pycocoevalcap gives
them when it is called directly on a tokenisation made by hand.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from starter_code import scenes
from starter_code.errors import CourseError
from starter_code.metrics import captions as metrics
from starter_code.metrics.captions import (
    best_constant_caption,
    distinct,
    faithfulness,
    fifth_caption,
    score_captions,
)

GOLDEN = json.loads((Path(__file__).parent / "caption_scores.json").read_text())
REFERENCES, HYPOTHESES = GOLDEN["references"], GOLDEN["hypotheses"]
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="needs a Java runtime")


def official(*names: str) -> dict[str, float]:
    return {name: pytest.approx(GOLDEN["scores"][name], abs=1e-9) for name in names}


def test_scores_equal_the_official_scorer_s_and_nothing_is_printed(capfd):
    order = sorted(HYPOTHESES, reverse=True)  # pairs go by picture, not by position
    scores = score_captions(REFERENCES, {key: HYPOTHESES[key] for key in order})
    assert scores == official("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr")
    assert capfd.readouterr().out == ""
    assert score_captions(REFERENCES, HYPOTHESES, ["rouge_l"]).keys() == {"ROUGE-L"}


@needs_java
def test_meteor_and_the_treebank_tokeniser():
    assert score_captions(REFERENCES, HYPOTHESES, ["meteor"]) == official("METEOR")
    plain = {key: [text.replace("(", "").replace(")", "") for text in texts]
             for key, texts in REFERENCES.items() if key == "boat"}  # fmt: skip
    hypothesis = {"boat": HYPOTHESES["boat"]}
    assert score_captions(plain, hypothesis, tokeniser="ptb") == score_captions(plain, hypothesis)


def test_what_is_missing_is_told(monkeypatch, tmp_path):
    with pytest.raises(CourseError, match=r"SPICE .*CoreNLP.*get_stanford_models|SPICE needs Java"):
        monkeypatch.setattr(metrics, "_missing_spice_models", lambda: "stanford.jar")
        score_captions(REFERENCES, HYPOTHESES, ["spice"])
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("meteor", "spice"):
        with pytest.raises(CourseError, match=rf"{name.upper()} needs Java.*leave it out"):
            score_captions(REFERENCES, HYPOTHESES, [name])
    with pytest.raises(CourseError, match=r"ptb needs Java.*tokeniser='words'"):
        score_captions(REFERENCES, HYPOTHESES, tokeniser="ptb")


@pytest.mark.parametrize(
    ("references", "hypotheses", "options", "words"),
    [
        ({1: ["a"], 2: ["b"]}, {1: "a"}, {}, "Picture 2 has no caption to score"),
        ({1: ["a"]}, {1: "a", 3: "c"}, {}, "Picture 3 has no reference captions"),
        ({}, {}, {}, "no picture to score"),
        ({1: []}, {1: "a"}, {}, "references of picture 1"),
        ({1: [["a", "boat"]]}, {1: "a"}, {}, "references of picture 1"),
        ({1: "a boat"}, {1: "a"}, {}, "references of picture 1"),
        ({1: ["a"]}, {1: ["a"]}, {}, "caption of picture 1 is no sentence"),
        ({1: ["a"]}, {1: "a"}, {"metrics": ["blue"]}, "no metric 'blue': choose among bleu"),
        ({1: ["a"]}, {1: "a"}, {"tokeniser": "x"}, "no tokeniser 'x': choose among words"),
    ],
)
def test_bad_input_is_one_sentence(references, hypotheses, options, words):
    with pytest.raises(CourseError, match=words):
        score_captions(references, hypotheses, **options)


def test_an_empty_caption_scores_zero():
    scores = score_captions(REFERENCES, dict.fromkeys(REFERENCES, ""))
    assert all(value < 1e-6 for value in scores.values())


def test_tokeniser_none_takes_words_as_they_are():
    upper = {key: [text.upper() for text in texts] for key, texts in REFERENCES.items()}
    assert score_captions(upper, HYPOTHESES) == score_captions(REFERENCES, HYPOTHESES)
    lower = {key: text.lower() for key, text in HYPOTHESES.items()}
    assert score_captions(upper, lower, ["bleu"], tokeniser="none")["BLEU-1"] < 1e-6


def test_faithfulness_is_the_mean_f1_of_claims(monkeypatch):
    pairs = {"red boat, blue kite": {("red", "boat"), ("blue", "kite")}, "it": set()}
    monkeypatch.setattr(scenes, "claims", lambda caption: pairs[caption])
    monkeypatch.setattr(scenes, "true_claims", lambda scene: scene["true"])
    right = {"true": {("red", "boat"), ("blue", "kite")}}
    half = {"true": {("red", "boat"), ("green", "tree"), ("grey", "dog")}}
    assert faithfulness(["red boat, blue kite"] * 2, [right, right]) == 1
    # One of two claims is true, one of three truths is said: 2 * 1 / (2 + 3).
    assert faithfulness(["red boat, blue kite"], [half]) == pytest.approx(0.4)
    assert faithfulness(["red boat, blue kite", "it"], [right, right]) == 0.5
    assert faithfulness(["it"], [{"true": set()}]) == 0
    with pytest.raises(CourseError, match="2 captions for 1 scenes"):
        faithfulness(["it", "it"], [right])


def test_faithfulness_on_scenes():
    world = [scenes.scene_at(0, index) for index in range(60)]
    rng = np.random.default_rng(1)
    said = [scenes.captions(scene, rng, n=1)[0] for scene in world]
    truth = [scenes.factors(scene) for scene in world]
    right, wrong = faithfulness(said, truth), faithfulness(said[1:] + said[:1], truth)
    assert right > 0.8 and wrong < 0.25 * right


def test_lines_to_compare_with():
    assert distinct(["A boat.", "a boat", "two boats"]) == 2
    references, hypotheses = fifth_caption(REFERENCES)
    assert hypotheses["boat"] == REFERENCES["boat"][-1]
    assert references["boat"] == REFERENCES["boat"][:-1]
    with pytest.raises(CourseError, match="'x' has one caption"):
        fifth_caption({"x": ["a boat"]})


def test_the_best_constant_caption_is_the_best_of_all_candidates():
    candidates = [text for texts in REFERENCES.values() for text in texts]
    chosen = best_constant_caption(candidates, REFERENCES, tries=5)
    by_score = {
        text: score_captions(REFERENCES, dict.fromkeys(REFERENCES, text), ["bleu"])["BLEU-4"]
        for text in {chosen, *(" ".join(metrics._words(text)) for text in candidates)}
    }
    assert by_score[chosen] == max(by_score.values()) > 1.01 * sorted(by_score.values())[-2] > 0
