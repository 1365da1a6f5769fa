"""Makes the folder of styled captions that `datasets` reads; it is made once, then found.

folder = prepare("scenes", tier("small"), styles=("positive", "negative"))

records    ->  STYLED_CAPTIONS.json    [picture, split, style, words, marks] per caption
               FACTUAL_CAPTIONS.json   picture -> its factual captions; {} where there are none
vocabulary ->  WORDMAP.json            word -> number, of the train split's styled captions
               STYLE_WORDS.json        V_s     FACT_WORDS.json   V_f     (DSIC, section 3.3)
features   ->  FEATURES.hdf5           ℰ(x) of each picture; none for a folder without pictures
               STYLED_FILES.json       how all this was made; without it the folder is unfinished
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starter_code import catalogue
from starter_code.captioning import datasets as captioning
from starter_code.captioning.resumable import write_json
from starter_code.errors import CourseError
from starter_code.locks import only_run
from starter_code.stylized import features as seen
from starter_code.stylized.records import (
    StyledCaption,
    check_styles,
    read_factual,
    read_flickrstyle10k,
    read_senticap,
    tell_scenes,
    with_factual,
    with_pictures,
)
from starter_code.stylized.vocabulary import split_vocabulary, word_map_of
from starter_code.tiers import Tier
from starter_code.tiers import tier as tier_named

__all__ = ["prepare"]

FORMAT = 2
MANIFEST = "STYLED_FILES.json"
PHOTO_SIZE, RESNET_SIZE = 128, 224  # pixels per side of a photo, at the CPU tiers and at full
STYLES_OF = {  # the styles of each data set, in the order of their labels
    "scenes": ("positive", "negative"),
    "senticap": ("positive", "negative"),
    "flickrstyle10k": ("humorous", "romantic"),
}


def prepare(
    dataset: str,
    tier: Tier | str | None = None,
    root: str | Path = "data",
    *,
    styles: Sequence[str] | None = None,
    seed: int = 0,
    split: str = "public",
    pictures: str = "all",
    device: str = "auto",
    workers: int | None = None,
) -> Path:
    """Make, or find, the styled captions of a data set at a tier; return their folder.

    Args:
        dataset: "scenes", drawn here and now, or "senticap" or "flickrstyle10k" below `root`. The
            factual captions are taken from coco2014 and flickr8k below `root` if they lie there.
        styles: which styles, in the order of their labels; by default those of `STYLES_OF`. The
            scenes have four: positive, negative, humorous, romantic.
        seed: of the scenes, and of a split that is drawn.
        split: of SentiCap, "public" or "paper"; see `read_senticap`.
        pictures: "all"; "there" for only the captions whose photo lies on the disk; "none" for
            captions without pictures.

    Raises:
        CourseError: an unknown data set, style or option, or missing files (says which).
    """
    size = tier if isinstance(tier, Tier) else tier_named(tier)
    styles = tuple(styles or STYLES_OF.get(dataset, ()))
    arguments = {
        "format": FORMAT, "dataset": dataset, "tier": size.name, "styles": styles,
        "seed": seed, "split": split, "pictures": pictures,
    }  # fmt: skip
    _check_arguments(dataset, styles, pictures)
    folder = _folder(Path(root), arguments)
    if (folder / MANIFEST).exists():
        return folder
    with only_run(folder):
        if not (folder / MANIFEST).exists():
            told, images = _gather(dataset, size, Path(root), arguments, workers)
            check_styles(told, styles)
            _write_words(folder, told, styles, size.min_word_freq if dataset == "scenes" else 2)
            side = _picture_size(dataset, size) if pictures != "none" else 0
            if side:
                _write_features(folder, told, images, side, size, arguments, device, workers)
            _write_manifest(folder, told, images, side, size, arguments)
    return folder


def _check_arguments(dataset: str, styles: Sequence[str], pictures: str) -> None:
    if dataset not in STYLES_OF:
        raise CourseError(
            f"There are no styled captions {dataset!r}: choose one of {', '.join(STYLES_OF)}."
        )
    if pictures not in ("all", "there", "none"):
        raise CourseError(f"pictures is {pictures!r}: take 'all', 'there' or 'none'.")
    known = STYLES_OF["senticap"] + STYLES_OF["flickrstyle10k"]
    known = known if dataset == "scenes" else STYLES_OF[dataset]
    unknown = [style for style in styles if style not in known]
    if unknown or len(set(styles)) != len(styles) or len(styles) < 2:
        raise CourseError(
            f"{dataset} cannot be told in {', '.join(styles) or 'no style'}: take two or more "
            f"different styles of {', '.join(known)}."
        )


def _folder(root: Path, arguments: Mapping[str, Any]) -> Path:
    """A folder of its own for every combination of arguments."""
    options = {k: v for k, v in arguments.items() if k not in ("dataset", "tier", "seed", "styles")}
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()[:6]
    name = "_".join(["styled", arguments["tier"], f"seed{arguments['seed']}", *arguments["styles"]])
    return root / arguments["dataset"] / f"{name}_{digest}"


def _gather(
    dataset: str, tier: Tier, root: Path, arguments: Mapping[str, Any], workers: int | None
) -> tuple[list[StyledCaption], Path]:
    """The captions and the folder of their pictures."""
    seed, pictures = arguments["seed"], arguments["pictures"]
    if dataset == "scenes":
        images = root / "scenes" / f"{tier.name}_seed{seed}" / "images"
        if pictures != "none":
            captioning.prepare("scenes", tier, root, seed=seed, workers=workers)
        styles = arguments["styles"]
        return tell_scenes(tier.pictures, seed, styles=styles), images
    if pictures == "all" and (missing := catalogue.check(dataset, root)):
        raise CourseError(
            f"{dataset} is not complete below {root}: missing {'; '.join(missing)}. "
            f"Where to get it: {catalogue.find(dataset).source}."
        )
    images = catalogue.find(dataset).image_folder(root)
    if dataset == "senticap":
        told = read_senticap(root / dataset, split=arguments["split"], seed=seed)
    else:
        told = read_flickrstyle10k(root / dataset, seed=seed)
    told = with_pictures(told, images) if pictures == "there" else told
    factual = _factual_file(dataset, root)
    return (with_factual(told, read_factual(factual)) if factual else told), images


def _factual_file(dataset: str, root: Path) -> Path | None:
    """The captions of the photos' own data set, if they are on the disk."""
    places = {
        "senticap": ["coco2014/dataset_coco.json"],
        "flickrstyle10k": ["flickr8k/dataset_flickr8k.json", "flickr8k/Flickr8k.token.txt"],
    }
    return next((root / p for p in places[dataset] if (root / p).is_file()), None)


def _write_words(
    folder: Path, told: Sequence[StyledCaption], styles: Sequence[str], min_word_freq: int
) -> None:
    train = [caption for caption in told if caption.split == "train"]
    factual = {caption.picture: caption.factual for caption in train}
    style_words, fact_words = split_vocabulary(
        {style: [c.tokens for c in train if c.style == style] for style in styles},
        [words for captions in factual.values() for words in captions],
        min_word_freq=max(2, min_word_freq),
    )
    word_map = word_map_of((caption.tokens for caption in train), min_word_freq)
    everywhere = {caption.picture: caption.factual for caption in told if caption.factual}
    rows = [[c.picture, c.split, c.style, c.tokens, c.marks] for c in told]
    for name, content in (
        ("WORDMAP", word_map),
        ("STYLE_WORDS", style_words.words),
        ("FACT_WORDS", fact_words.words),
        ("FACTUAL_CAPTIONS", everywhere),
        ("STYLED_CAPTIONS", rows),
    ):
        _write_compact(folder / f"{name}.json", content)


def _write_compact(path: Path, content: Any) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _picture_size(dataset: str, tier: Tier) -> int:
    if dataset == "scenes":
        return tier.picture_size
    return PHOTO_SIZE if tier.encoder == "small" else RESNET_SIZE


def _write_manifest(
    folder: Path,
    told: Sequence[StyledCaption],
    images: Path,
    picture_size: int,
    tier: Tier,
    arguments: Mapping[str, Any],
) -> None:
    longest = max(len(caption.tokens) for caption in told)
    write_json(
        folder / MANIFEST,
        {
            "arguments": arguments,
            "max_length": min(tier.max_length, longest),
            "picture_size": picture_size,  # 0: no pictures
            "image_folder": os.path.relpath(images, folder),
        },
    )


def _write_features(
    folder: Path,
    told: Sequence[StyledCaption],
    images: Path,
    size: int,
    tier: Tier,
    arguments: Mapping[str, Any],
    device: str,
    workers: int | None,
) -> None:
    names = sorted({caption.picture for caption in told})
    if arguments["dataset"] == "scenes":
        encoder = seen.scene_encoder(tier, images.parent / "input", arguments["seed"], device)
    else:
        train = sorted({c.picture for c in told if c.split == "train"})
        encoder = seen.photo_encoder(tier, [images / n for n in train], size, arguments["seed"])
    seen.write_features(
        folder / "FEATURES.hdf5", names, images, encoder, size,
        made_with=dict(arguments), device=device, workers=workers,
    )  # fmt: skip
