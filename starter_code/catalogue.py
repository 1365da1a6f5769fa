"""Every data set of the course by name: where to get it, its licence and size, how it must lie.

Nothing is downloaded here: most of these sets ask their users to agree to terms first. A person
fetches the files, `check` says what is still missing, and the labs take it from there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starter_code.captioning import convert
from starter_code.errors import CourseError

_KARPATHY = "http://cs.stanford.edu/people/karpathy/deepimagesent/caption_datasets.zip"


@dataclass(frozen=True)
class Part:
    """A file or folder below `root`/`name`; `alternatives` are as good as `path`."""

    path: str
    what: str
    files: int = 0  # a folder must hold at least so many pictures
    alternatives: tuple[str, ...] = ()

    def find(self, folder: Path) -> Path | None:
        """The first of the paths that exists below `folder`."""
        paths = (folder / path for path in (self.path, *self.alternatives))
        return next((path for path in paths if path.exists()), None)


@dataclass(frozen=True)
class DataSet:
    """A data set that people fetch themselves, except the scenes, which the course draws."""

    name: str
    title: str
    source: str
    licence: str
    size: str
    parts: tuple[Part, ...] = ()
    image_part: int | None = None  # which part holds the pictures; none: the folder itself
    captions_per_image: int = 5  # 0: a set of pictures alone
    min_word_freq: int = 5
    convert: Callable[[Path, Path], Path] | None = None  # (folder, Karpathy JSON to write)

    def image_folder(self, root: str | Path) -> Path:
        """Where the pictures lie, seen from which the caption file names them."""
        folder = Path(root) / self.name
        if self.image_part is None:
            return folder
        return self.parts[self.image_part].find(folder) or folder

    def karpathy_json(self, root: str | Path) -> Path:
        """The data set's captions in Karpathy's format, converted on the first call if need be."""
        if self.name in ("cub", "oxford102"):
            raise CourseError(f"{self.name} is told in Reed's files: it is a set for assignment 5.")
        if not self.captions_per_image:
            raise CourseError(f"{self.name} has no captions: it is a set for assignment 6.")
        folder = Path(root) / self.name
        ready = folder / f"dataset_{self.name}.json"
        if ready.exists():
            return ready
        if self.convert is None:
            return folder / self.parts[0].path
        return self.convert(folder, ready)


_DATA_SETS = (
    DataSet(
        "scenes",
        "The picture world of this course",
        "drawn on your machine: `course data make scenes`",
        "CC BY 4.0, like the texts of the course",
        "240 to 40,000 pictures of 32 to 128 px, by tier; 5 captions each",
    ),
    DataSet(
        "coco2014",
        "Microsoft COCO 2014 captions, Karpathy's split",
        "pictures: https://cocodataset.org/#download (train2014.zip, val2014.zip); captions: "
        f"{_KARPATHY}",
        "captions CC BY 4.0; the photos belong to Flickr users and follow Flickr's terms of use",
        "123,287 pictures (113,287 train, 5,000 val, 5,000 test), 5 captions each; 19 GB to fetch, "
        "24 GB of input files at 256 px",
        (
            Part("dataset_coco.json", "captions and split, from caption_datasets.zip"),
            Part("train2014", "82,783 photos", 82_783),
            Part("val2014", "40,504 photos", 40_504),
        ),
    ),
    DataSet(
        "flickr8k",
        "Flickr8k",
        f"captions: {_KARPATHY}; pictures: the University of Illinois's request form, "
        "https://forms.illinois.edu/sec/1713398",
        "research and education only; cite Hodosh, Young and Hockenmaier (2013); the photos belong "
        "to Flickr users",
        "8,000 pictures (6,000 train, 1,000 val, 1,000 test), 5 captions each; 1 GB to fetch, "
        "1.6 GB of input files at 256 px",
        (
            Part(
                "dataset_flickr8k.json",
                "captions and split, from caption_datasets.zip; or "
                "Flickr8k.token.txt with Flickr_8k.{train,dev,test}Images.txt",
                alternatives=("Flickr8k.token.txt",),
            ),
            Part("images", "8,000 photos", 8_000, ("Flicker8k_Dataset", "Images")),
        ),
        image_part=1,
        convert=convert.flickr8k_text,
    ),
    DataSet(
        "flickr30k",
        "Flickr30k, Karpathy's split",
        f"captions: {_KARPATHY}; pictures: request form at "
        "https://shannon.cs.illinois.edu/DenotationGraph/",
        "research and education only; cite Young et al. (2014); the photos belong to Flickr users",
        "31,014 pictures (29,000 train, 1,014 val, 1,000 test), 5 captions each; 4 GB to fetch, "
        "6.1 GB of input files at 256 px",
        (
            Part("dataset_flickr30k.json", "captions and split, from caption_datasets.zip"),
            Part("images", "31,014 photos", 31_014, ("flickr30k-images", "flickr30k_images")),
        ),
        image_part=1,
    ),
    DataSet(
        "flickrstyle10k",
        "FlickrStyle10K: humorous and romantic captions",
        "https://zhegan27.github.io/Papers/FlickrStyle_v0.9.zip; pictures: those of flickr8k",
        "released for research by Gan et al. (StyleNet, CVPR 2017)",
        "7,000 pictures with one humorous and one romantic caption each; the authors kept the test "
        "part, so the course splits these 7,000 into 6,000, 500 and 500",
        (
            Part(
                "humor/funny_train.txt",
                "humorous captions",
                alternatives=("FlickrStyle_v0.9/humor/funny_train.txt", "funny_train.txt"),
            ),
            Part(
                "romantic/romantic_train.txt",
                "romantic captions",
                alternatives=("FlickrStyle_v0.9/romantic/romantic_train.txt", "romantic_train.txt"),
            ),
            Part(
                "humor/train.p",
                "file names of the pictures",
                alternatives=("FlickrStyle_v0.9/humor/train.p", "humor_filenames.txt"),
            ),
            Part(
                "images",
                "the photos of Flickr8k",
                7_000,
                ("../flickr8k/images", "../flickr8k/Flicker8k_Dataset", "../flickr8k/Images"),
            ),
        ),
        image_part=3,
        captions_per_image=2,
        convert=convert.flickrstyle10k,
    ),
    DataSet(
        "senticap",
        "SentiCap: positive and negative captions",
        "http://users.cecs.anu.edu.au/~u4534172/senticap.html; pictures: val2014 of coco2014",
        "captions released for research by Mathews, Xie and He (AAAI 2016); photos as coco2014",
        "2,360 pictures (1,217 train, 265 val, 878 test) with 8,869 captions",
        (
            Part("senticap_dataset.json", "captions and split"),
            Part("val2014", "the photos of COCO's val2014", 2_360, ("../coco2014/val2014",)),
        ),
        image_part=1,
        captions_per_image=3,
        min_word_freq=2,
        convert=convert.senticap,
    ),
    DataSet(
        "cub",
        "Caltech-UCSD Birds 200, 2011, with the captions of Reed et al. (2016)",
        "photos: https://www.vision.caltech.edu/datasets/cub_200_2011/; "
        "captions and class lists: https://github.com/reedscot/cvpr2016",
        "for research and education; the photos belong to Flickr users",
        "11,788 photos of 200 kinds of birds, 10 captions each; 1.2 GB",
        (
            Part(
                "CUB_200_2011/images",
                "the photos, cut to the birds if images.txt and bounding_boxes.txt lie beside it",
                200,
                ("images",),
            ),
            Part("text_c10", "captions, a folder for each class"),
            Part("trainclasses.txt", "classes to learn from"),
            Part("valclasses.txt", "classes to choose by"),
            Part("testclasses.txt", "classes that are never learnt from"),
        ),
        image_part=0,
        captions_per_image=10,
    ),
    DataSet(
        "oxford102",
        "Oxford's 102 flowers with the captions of Reed et al. (2016)",
        "photos: https://www.robots.ox.ac.uk/~vgg/data/flowers/102/; "
        "captions and class lists: https://github.com/reedscot/cvpr2016",
        "for research; the photos belong to those who took them",
        "8,189 photos of 102 kinds of flowers, 10 captions each; 0.4 GB",
        (
            Part("jpg", "the photos", 8_189, ("images",)),
            Part("text_c10", "captions, a folder for each class"),
            Part("trainclasses.txt", "classes to learn from"),
            Part("valclasses.txt", "classes to choose by"),
            Part("testclasses.txt", "classes that are never learnt from"),
        ),
        image_part=0,
        captions_per_image=10,
    ),
    DataSet(
        "rooms",
        "Rooms in 3D with six known factors, like 3dshapes",
        "drawn on your machine while a lab runs; as a file: `course data make rooms`",
        "CC BY 4.0, like the texts of the course",
        "480,000 pictures of 64 px; 1.2 GB as a file, which no lab needs",
        captions_per_image=0,
    ),
    DataSet(
        "3dshapes",
        "3D Shapes (Burgess and Kim, 2018)",
        "https://github.com/google-deepmind/3d-shapes (a file in a public bucket)",
        "Apache 2.0",
        "480,000 pictures of 64 px with six factors; 255 MB",
        (Part("3dshapes.h5", "images and labels"),),
        captions_per_image=0,
    ),
    DataSet(
        "cars3d",
        "Cars3D (Reed et al., Deep Visual Analogy-Making, 2015)",
        "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz, folder data/cars",
        "released for research by its authors",
        "17,568 pictures of 128 px: 183 cars from 24 sides and 4 heights",
        (Part("cars", "183 files car_*_mesh.mat", 183, ("data/cars",)),),
        captions_per_image=0,
    ),
    DataSet(
        "mpi3d",
        "MPI3D (Gondal et al., 2019)",
        "https://github.com/rr-learning/disentanglement_dataset (toy, realistic or real)",
        "CC BY 4.0",
        "1,036,800 pictures of 64 px with seven factors; read piece by piece, never whole",
        (
            Part(
                "mpi3d_toy.npz",
                "images; mpi3d_realistic.npz and mpi3d_real.npz are read, too",
                alternatives=("mpi3d_realistic.npz", "mpi3d_real.npz"),
            ),
        ),
        captions_per_image=0,
    ),
    DataSet(
        "dsprites",
        "dSprites (Matthey et al., 2017)",
        "https://github.com/google-deepmind/dsprites-dataset",
        "Apache 2.0",
        "737,280 black and white pictures of 64 px with six factors, one of them constant; 26 MB",
        (Part("dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz", "pictures and factors"),),
        captions_per_image=0,
    ),
    DataSet(
        "mnist",
        "MNIST, digits by hand (LeCun, Cortes and Burges)",
        "`course data get mnist` (torchvision); or four idx files, packed or not",
        "CC BY-SA 3.0",
        "70,000 grey pictures of 28 px; 12 MB",
        tuple(
            Part(
                f"MNIST/raw/{stem}-ubyte",
                what,
                alternatives=(
                    f"MNIST/raw/{stem}-ubyte.gz",
                    f"{stem}-ubyte",
                    f"{stem}-ubyte.gz",
                    "mnist.npz",
                ),
            )
            for stem, what in (
                ("train-images-idx3", "60,000 pictures to learn from"),
                ("train-labels-idx1", "their digits"),
                ("t10k-images-idx3", "10,000 pictures to test"),
                ("t10k-labels-idx1", "their digits"),
            )
        ),
        captions_per_image=0,
    ),
    DataSet(
        "coil20",
        "COIL-20, twenty things on a turntable (Nene, Nayar and Murase, 1996)",
        "https://cave.cs.columbia.edu/repository/COIL-20 (the processed set)",
        "for research; cite its authors' technical report",
        "1,440 grey photos of 128 px: 20 objects from 72 sides",
        (Part("coil-20-proc", "obj1__0.png to obj20__71.png", 1_440, ("coil20.npz",)),),
        captions_per_image=0,
    ),
    DataSet(
        "anime",
        "Faces of anime figures",
        'any folder of .jpg or .png files; the usual one is "Anime Face Dataset" at '
        "https://www.kaggle.com/datasets/splcher/animefacedataset",
        "the drawings belong to their artists: keep them to yourself",
        "63,632 pictures of different sides, cut to a square of 64 px when they are read",
        (Part("images", "the pictures, in folders or not"),),
        captions_per_image=0,
    ),
)
NAMES = tuple(entry.name for entry in _DATA_SETS)


def find(name: str) -> DataSet:
    """The data set of this name.

    Raises:
        CourseError: there is none; the sentence lists the names.
    """
    for entry in _DATA_SETS:
        if entry.name == name:
            return entry
    raise CourseError(f"There is no data set {name!r}: choose one of {', '.join(NAMES)}.")


def check(name: str, root: str | Path = "data") -> list[str]:
    """What a data set lacks below `root`/`name`, one sentence part each; empty when complete."""
    folder = Path(root) / name
    return [lack for part in find(name).parts if (lack := _lack(part, folder))]


def _lack(part: Part, folder: Path) -> str:
    found = part.find(folder)
    if found is None:
        return f"{folder / part.path} ({part.what})"
    if part.files and found.is_dir():
        pictures = sum(1 for file in found.iterdir() if not file.name.startswith("."))
        if pictures < part.files:
            return f"{part.files - pictures:,} of {part.files:,} pictures in {found}"
    return ""


def describe(name: str, root: str | Path = "data") -> str:
    """A data set in a few lines: source, licence, size, layout, what is missing below `root`."""
    entry = find(name)
    lines = [
        f"{entry.name}: {entry.title}",
        f"  get it    {entry.source}",
        f"  licence   {entry.licence}",
        f"  size      {entry.size}",
    ]
    lines += [f"  put       {Path(root) / name / part.path}: {part.what}" for part in entry.parts]
    lines += [f"  missing   {lack}" for lack in check(name, root)] or ["  complete"] * bool(
        entry.parts
    )
    return "\n".join(lines)
