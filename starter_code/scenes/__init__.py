"""The picture world: small pictures with exact ground truth, for every lab of the course.

sampling    what is in a scene, drawn by lot from a seed
drawing     a scene's pixels, boxes, keypoints and masks; canvas, sprites and backdrops paint
captions    plain captions; words holds the vocabulary and reads claims back
styles      positive, negative, humorous and romantic captions
writing     a data set on disk in Karpathy's format
"""

from starter_code.scenes.captions import captions
from starter_code.scenes.drawing import boxes, draw_scene, keypoints, masks
from starter_code.scenes.sampling import (
    COLOURS,
    KINDS,
    MOODS,
    SIZES,
    TIMES,
    WEATHERS,
    Scene,
    SceneObject,
    factors,
    sample_scene,
    scene_at,
)
from starter_code.scenes.styles import STYLES, styled_caption
from starter_code.scenes.words import NOUNS, claims, tokenize, true_claims
from starter_code.scenes.writing import read_truth, write_scenes

__all__ = [
    "COLOURS",
    "KINDS",
    "MOODS",
    "NOUNS",
    "SIZES",
    "STYLES",
    "TIMES",
    "WEATHERS",
    "Scene",
    "SceneObject",
    "boxes",
    "captions",
    "claims",
    "draw_scene",
    "factors",
    "keypoints",
    "masks",
    "read_truth",
    "sample_scene",
    "scene_at",
    "styled_caption",
    "tokenize",
    "true_claims",
    "write_scenes",
]
