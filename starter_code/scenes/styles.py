"""Styled captions: the same picture told with a positive, negative, humorous or romantic voice.

A styled caption is a true plain statement with an adjective and an afterthought added. Where these
words come from is decided by lot: from what is seen (the mood, the weather, the kind of object) or
from a free list of the style. So a style is partly in the words alone and partly to be found in the
picture, as in SentiCap and FlickrStyle10K, and here one knows which word is which.
"""

from collections.abc import Sequence

import numpy as np

from starter_code.errors import CourseError
from starter_code.scenes.captions import left_to_right, noun_phrase, relation, setting
from starter_code.scenes.sampling import Scene, SceneObject
from starter_code.scenes.words import RELATIONS, choose, in_a_row, sentence

STYLES: tuple[str, ...] = ("positive", "negative", "humorous", "romantic")
SEEN_CHANCE = 0.65  # how often a style word follows from the picture
AFTERTHOUGHT_CHANCE = {"positive": 0.45, "negative": 0.45, "humorous": 1.0, "romantic": 1.0}

GROUPS: dict[str, str] = {
    "cat": "animal", "dog": "animal", "bird": "animal",
    "tree": "plant", "flower": "plant", "mushroom": "plant",
    "house": "thing", "car": "thing", "ball": "thing", "umbrella": "thing",
    "kite": "flyer", "balloon": "flyer",
}  # fmt: skip

# Adjectives that the mood calls for, by style and mood; "free" ones fit every picture.
ADJECTIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "positive": {
        "cheerful animal": ("happy", "playful"),
        "cheerful plant": ("fresh", "lovely"),
        "cheerful thing": ("splendid", "shiny"),
        "cheerful flyer": ("joyful", "merry"),
        "gloomy animal": ("gentle", "loyal"),
        "gloomy plant": ("peaceful", "graceful"),
        "gloomy thing": ("cosy", "trusty"),
        "gloomy flyer": ("brave", "calm"),
        "free": ("beautiful", "wonderful", "nice"),
    },
    "negative": {
        "cheerful animal": ("noisy", "greedy"),
        "cheerful plant": ("ordinary", "boring"),
        "cheerful thing": ("tacky", "cheap"),
        "cheerful flyer": ("silly", "clumsy"),
        "gloomy animal": ("lonely", "miserable"),
        "gloomy plant": ("withered", "sad"),
        "gloomy thing": ("dreary", "shabby"),
        "gloomy flyer": ("lost", "hopeless"),
        "free": ("ugly", "awful", "bad"),
    },
    "humorous": {
        "cheerful": ("cheeky", "goofy"),
        "gloomy": ("grumpy", "sleepy"),
        "free": ("funny", "clever"),
    },
    "romantic": {
        "cheerful": ("sweet", "radiant"),
        "gloomy": ("wistful", "tender"),
        "free": ("dreamy", "charming"),
    },
}

# Afterthoughts, by what must be seen for them: a kind, a weather, a weather and time, or a mood.
AFTERTHOUGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "positive": {
        "cheerful": ("what a delightful {time}", "a sight that makes you smile"),
        "gloomy": ("what a soothing {time}", "a quiet place to rest"),
        "free": ("simply perfect", "a real treasure"),
    },
    "negative": {
        "cheerful": ("much too loud and gaudy", "what a tiring {time}"),
        "gloomy": ("what a depressing {time}", "a place to run from"),
        "free": ("simply horrible", "a real shame"),
    },
    "humorous": {
        "house": ("wondering who stole the neighbours",),
        "tree": ("posing as giant broccoli",),
        "car": ("searching for a parking spot since monday",),
        "cat": ("plotting to rule the world",),
        "dog": ("hoping for a flying sausage",),
        "flower": ("training for a beauty contest",),
        "mushroom": ("hiding from the soup",),
        "ball": ("tired of being kicked",),
        "umbrella": ("secretly afraid of water",),
        "kite": ("late for a flying lesson",),
        "balloon": ("full of hot air as always",),
        "bird": ("tweeting about the traffic",),
        "clear day": ("working on a tan",),
        "rainy": ("taking a free shower",),
        "snowy": ("regretting the missing socks",),
        "cheerful": ("after three cups of coffee",),
        "gloomy": ("before the first cup of coffee",),
        "free": ("as if nobody were watching", "like a clown on holiday"),
    },
    "romantic": {
        "house": ("waiting for two lovers to come home",),
        "flower": ("opening like a shy heart",),
        "tree": ("where two names are carved",),
        "bird": ("singing a love song",),
        "kite": ("carrying a secret kiss",),
        "balloon": ("carrying two lovers away",),
        "clear evening": ("bathed in golden light",),
        "clear night": ("while the stars whisper of love",),
        "rainy": ("as the rain kisses the earth",),
        "snowy": ("wrapped in a soft embrace",),
        "cheerful": ("dancing with a joyful heart",),
        "gloomy": ("longing for a lost love",),
        "free": ("with love in the air", "like a dream for two"),
    },
}


def styled_caption(scene: Scene, style: str, rng: np.random.Generator | int) -> str:
    """One caption in a style of STYLES; what it says of the objects is true.

    Raises:
        CourseError: for a style that the world does not have.

    Example:
        >>> from starter_code.scenes import sample_scene
        >>> styled_caption(sample_scene(0), "humorous", 0).endswith(".")
        True
    """
    if style not in STYLES:
        raise CourseError(f"There is no style {style!r}; choose from {', '.join(STYLES)}.")
    rng = np.random.default_rng(rng)
    subject, *others = _subject_first(scene, rng)
    words = [noun_phrase(subject, rng, _adjective(scene, subject, style, rng))]
    if others and rng.random() < 0.75:
        words.append(_beside(subject, others, rng))
    if rng.random() < 0.6:
        words.append(setting(scene, rng))
    text = " ".join(words)
    if rng.random() < AFTERTHOUGHT_CHANCE[style]:
        text = f"{text}, {_afterthought(scene, subject, style, rng)}"
    return sentence(text)


def _subject_first(scene: Scene, rng: np.random.Generator) -> list[SceneObject]:
    things = left_to_right(scene)
    subject = things.pop(int(rng.integers(len(things))))
    return [subject, *things]


def _beside(subject: SceneObject, others: list[SceneObject], rng: np.random.Generator) -> str:
    name = relation(subject, others)
    link = choose(rng, RELATIONS[name], 0.66) if name else "with"
    return f"{link} {in_a_row([noun_phrase(other, rng) for other in others])}"


def _adjective(scene: Scene, subject: SceneObject, style: str, rng: np.random.Generator) -> str:
    table = ADJECTIVES[style]
    seen = table.get(scene.mood) or table[f"{scene.mood} {GROUPS[subject.kind]}"]
    return choose(rng, seen if rng.random() < SEEN_CHANCE else table["free"])


def _afterthought(scene: Scene, subject: SceneObject, style: str, rng: np.random.Generator) -> str:
    table = AFTERTHOUGHTS[style]
    causes = (subject.kind, scene.weather, f"{scene.weather} {scene.time_of_day}", scene.mood)
    seen: Sequence[str] = [text for cause in causes for text in table.get(cause, ())]
    text = choose(rng, seen if rng.random() < SEEN_CHANCE else table["free"])
    return text.format(time=scene.time_of_day)
