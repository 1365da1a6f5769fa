"""What is measured on assignment 5, "A picture from words".

Each probe hands drawn inputs to one TODO and returns plain values; what a composite TODO needs of
others comes as a small fake, so that no TODO depends on another. A key of what a probe returns is
the subject of a sentence that a student reads ("<key> has shape ..."), so it is a singular noun.
Letters: B batch, E entries of a text's embedding, Z of the noise, S side of the pictures.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from autograder.devices import SameDevice
from autograder.draws import Draw
from autograder.gradients import gradients
from autograder.probes import Names, check, training_gate
from starter_code.text_to_image.solver import Batch, Losses

# The first optimiser that is made imports much of torch; those seconds are no check's affair.
torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)

SAME_DEVICE = "what is made lies on the device of what is given"


def _fitting(draw: Draw, size: int, share: float = 0.3) -> Tensor:
    """Which text is true of which picture: the own one always, others by chance: (B, B) bool."""
    return (draw.uniform(size, size) < share) | torch.eye(size, dtype=torch.bool)


def _kind(tensor: Any) -> str:
    """What sort of thing this is, as a word that can be compared."""
    if not isinstance(tensor, Tensor):
        return type(tensor).__name__
    return f"tensor of {str(tensor.dtype).removeprefix('torch.')}"


def _as_they_were(names: str, before: list[Tensor], after: list[Tensor]) -> dict[str, bool]:
    """Which of the named tensors still hold what they held."""
    return {
        f"the given {name} afterwards is what it was": torch.equal(one, two)
        for name, one, two in zip(names.split(), before, after, strict=True)
    }


# ---- joint_embedding_loss


def _embedded(draw: Draw, size: int, entries: int = 4) -> tuple[Tensor, Tensor]:
    """Embeddings that belong together a little, with dot products on both sides of the margin."""
    texts = 0.7 * draw.normal(size, entries)
    return 0.6 * texts + 0.4 * draw.normal(size, entries), texts


@check("joint_embedding_loss", points=3)
def wrong_texts_and_pictures(student: Names, draw: Draw) -> Any:
    """A picture meets all texts not true of it, a text all pictures of which it is not true."""
    pictures, texts = _embedded(draw, 6)
    return {"the loss": student.joint_embedding_loss(pictures, texts, _fitting(draw, 6))}


@check("joint_embedding_loss", points=1)
def only_the_own_text(student: Names, draw: Draw) -> Any:
    """Where only the own text is true, all others are wrong; two pairs and five."""
    found = {}
    for size, name in ((5, "five"), (2, "two")):
        loss = student.joint_embedding_loss(
            *_embedded(draw, size), torch.eye(size, dtype=torch.bool)
        )
        found[f"the loss of {name} pairs"] = loss
    return found


@check("joint_embedding_loss", points=1)
def truth_that_is_not_symmetric(student: Names, draw: Draw) -> Any:
    """fits[i, j] is about picture i and text j, and need not hold the other way round."""
    pictures, texts = _embedded(draw, 5, 5)
    fits = torch.ones(5, 5, dtype=torch.bool).triu() | _fitting(draw, 5, 0.2)
    return {
        "the loss": student.joint_embedding_loss(pictures, texts, fits),
        "the loss the other way round": student.joint_embedding_loss(pictures, texts, fits.T),
    }


@check("joint_embedding_loss", points=1)
def other_margins(student: Names, draw: Draw) -> Any:
    """The margin may be another one; without it, it is 1."""
    pictures, texts = _embedded(draw, 4)
    fits = _fitting(draw, 4)
    return {
        f"the loss with {name}": student.joint_embedding_loss(pictures, texts, fits, *margin)
        for name, margin in (("a small margin", (0.2,)), ("a large one", (3.0,)), ("none said", ()))
    }


@check("joint_embedding_loss", points=2)
def nothing_that_is_wrong(student: Names, draw: Draw) -> Any:
    """A picture or a text without anything wrong counts zero, also if that holds for all."""
    pictures, texts = (part.requires_grad_() for part in _embedded(draw, 5))
    fits = _fitting(draw, 5, 0.2)
    row, column = draw.integer(0, 5), draw.integer(0, 5)
    fits[row], fits[:, column] = True, True
    inputs = {"the pictures' gradient": pictures, "the texts' gradient": texts}
    found = []
    for told in (fits, torch.ones(5, 5, dtype=torch.bool), torch.ones(1, 1, dtype=torch.bool)):
        size = len(told)
        loss = student.joint_embedding_loss(pictures[:size], texts[:size], told)
        found.append({"the loss": loss} | gradients(loss, inputs))
    return found


@check("joint_embedding_loss", points=1)
def gradient_of_the_hinge(student: Names, draw: Draw) -> Any:
    """The gradient reaches both embeddings, through wrong pairs and through those that belong."""
    pictures, texts = (part.double().requires_grad_() for part in _embedded(draw, 5))
    loss = student.joint_embedding_loss(pictures, texts, _fitting(draw, 5))
    inputs = {"the pictures' gradient": pictures, "the texts' gradient": texts}
    return gradients(loss, inputs) | {"the type of the loss": _kind(loss)}


@check("joint_embedding_loss", points=1)
def embeddings_left_alone(student: Names, draw: Draw) -> Any:
    """What was given is afterwards as it was, and a second call gives the same."""
    given = [*_embedded(draw, 4), _fitting(draw, 4)]
    kept = [part.clone() for part in given]
    with SameDevice() as place:
        first, second = (student.joint_embedding_loss(*given) for _ in range(2))
    return {
        "the loss": first,
        "the loss of a second call": second,
        SAME_DEVICE: place.kept,
    } | _as_they_were("pictures texts fits", kept, given)


# ---- generator


def _generator(student: Names, draw: Draw, **sizes: int) -> Any:
    sizes = {"noise_dim": 5, "text_dim": 7, "size": 8, "width": 3, "projection": 6} | sizes
    return draw.parameters(student.Generator(**sizes))


@check("generator", points=4)
def picture_from_noise_and_words(student: Names, draw: Draw) -> Any:
    """A picture is drawn from the noise and the compressed text, noise first."""
    drawn = _generator(student, draw)(draw.normal(4, 5), 1.5 * draw.normal(4, 7))
    return {"the picture tensor": drawn}


@check("generator", points=2)
def equal_sizes_of_both(student: Names, draw: Draw) -> Any:
    """Only the text is compressed and bent, also where noise, text and both have one size."""
    generator = _generator(student, draw, noise_dim=6, text_dim=6)
    return {"the picture tensor": generator(2 * draw.normal(6, 6), 2 * draw.normal(6, 6))}


@check("generator", points=1)
def larger_pictures(student: Names, draw: Draw) -> Any:
    """Pictures of 16 and of 32 a side are drawn as well."""
    found = {}
    for size in (16, 32):
        generator = _generator(student, draw, size=size, width=2)
        found[f"the picture tensor of side {size}"] = generator(
            draw.normal(2, 5), draw.normal(2, 7)
        )
    return found


@check("generator", points=2)
def single_picture(student: Names, draw: Draw) -> Any:
    """In evaluation mode a picture does not depend on the others, and B may be 1."""
    generator = _generator(student, draw).eval()
    noise, texts = draw.normal(3, 5), draw.normal(3, 7)
    found = {"the picture tensor of three": generator(noise, texts)}
    for b in range(2):
        found[f"the picture tensor of example {b}"] = generator(noise[b : b + 1], texts[b : b + 1])
    return found


@check("generator", points=1)
def never_beyond_one(student: Names, draw: Draw) -> Any:
    """However large the numbers inside, no pixel leaves [-1, 1]."""
    generator = _generator(student, draw)
    with torch.no_grad():
        generator.up[-1].weight.mul_(20)
    pictures = generator(draw.normal(4, 5), draw.normal(4, 7))
    return {"the picture tensor": pictures, "the largest pixel": pictures.detach().abs().max()}


@check("generator", points=2)
def gradient_to_noise_and_words(student: Names, draw: Draw) -> Any:
    """The gradient reaches noise, text and all layers, also where the ReLU is leaky."""
    generator = _generator(student, draw).double()
    noise, texts = (draw.normal(4, n, dtype=torch.float64).requires_grad_() for n in (5, 7))
    with SameDevice() as place:
        pictures = generator(noise, texts)
    inputs = {
        "the gradient that reaches the noise": noise,
        "the gradient that reaches the texts": texts,
        "the gradient that reaches project": generator.project.weight,
        "the gradient that reaches start": generator.start.weight,
        "the gradient that reaches the last layer": generator.up[-1].weight,
    }
    found = gradients(pictures * draw.normal(4, 3, 8, 8, dtype=torch.float64), inputs)
    return found | {SAME_DEVICE: place.kept}


# ---- discriminator


def _discriminator(student: Names, draw: Draw, **sizes: int) -> Any:
    sizes = {"text_dim": 7, "size": 16, "width": 3, "projection": 5} | sizes
    return draw.parameters(student.Discriminator(**sizes))


@check("discriminator", points=4)
def logit_of_each_pair(student: Names, draw: Draw) -> Any:
    """A pair gets one logit: picture seen, text compressed, joined at each place, judged."""
    judged = _discriminator(student, draw)(draw.normal(5, 3, 16, 16), 1.5 * draw.normal(5, 7))
    return {"the tensor of logits": judged}


@check("discriminator", points=2)
def channels_as_many_as_words(student: Names, draw: Draw) -> Any:
    """The text comes behind the picture's channels, also where both have as many numbers."""
    discriminator = _discriminator(student, draw, text_dim=12, projection=12)
    judged = discriminator(draw.normal(4, 3, 16, 16), 1.5 * draw.normal(4, 12))
    return {"the tensor of logits": judged}


@check("discriminator", points=2)
def four_of_everything(student: Names, draw: Draw) -> Any:
    """Each pair has a text of its own, the same at each place, also where all sizes are 4."""
    discriminator = _discriminator(student, draw, text_dim=4, projection=4, size=8, width=4)
    judged = discriminator(0.3 * draw.normal(4, 3, 8, 8), 3 * draw.normal(4, 4))
    return {"the tensor of logits": judged}


@check("discriminator", points=1)
def larger_and_smaller_pictures(student: Names, draw: Draw) -> Any:
    """Pictures of 8 and of 32 a side are judged as well."""
    found = {}
    for size in (8, 32):
        discriminator = _discriminator(student, draw, size=size, width=2)
        judged = discriminator(draw.normal(3, 3, size, size), draw.normal(3, 7))
        found[f"the logit tensor for side {size}"] = judged
    return found


@check("discriminator", points=2)
def single_pair(student: Names, draw: Draw) -> Any:
    """In evaluation mode a logit does not depend on the other pairs, and B may be 1."""
    discriminator = _discriminator(student, draw).eval()
    pictures, texts = draw.normal(3, 3, 16, 16), draw.normal(3, 7)
    found = {"the logit tensor of three": discriminator(pictures, texts)}
    for b in range(2):
        found[f"the logit tensor of pair {b}"] = discriminator(
            pictures[b : b + 1], texts[b : b + 1]
        )
    return found


@check("discriminator", points=1)
def any_real_number(student: Names, draw: Draw) -> Any:
    """A logit is any real number: nothing squeezes it."""
    discriminator = _discriminator(student, draw)
    with torch.no_grad():
        discriminator.judge.weight.mul_(30)
    return {"the tensor of logits": discriminator(draw.normal(4, 3, 16, 16), draw.normal(4, 7))}


@check("discriminator", points=2)
def gradient_to_picture_and_words(student: Names, draw: Draw) -> Any:
    """The gradient reaches picture, text and all layers."""
    discriminator = _discriminator(student, draw).double()
    pictures = draw.normal(3, 3, 16, 16, dtype=torch.float64).requires_grad_()
    texts = draw.normal(3, 7, dtype=torch.float64).requires_grad_()
    with SameDevice() as place:
        judged = discriminator(pictures, texts)
    inputs = {
        "the gradient that reaches the pictures": pictures,
        "the gradient that reaches the texts": texts,
        "the gradient that reaches project": discriminator.project.weight,
        "the gradient that reaches join": discriminator.join.weight,
        "the gradient that reaches judge": discriminator.judge.weight,
    }
    found = gradients(judged * draw.normal(3, dtype=torch.float64), inputs)
    return found | {SAME_DEVICE: place.kept}


# ---- mismatched


@check("mismatched", points=3)
def largest_lot_of_wrong_texts(student: Names, draw: Draw) -> Any:
    """The text with the largest lot among those that are not true of the picture."""
    return {
        f"the tensor of rows for {size} pictures": student.mismatched(
            _fitting(draw, size, 0.4), draw.uniform(size, size)
        )
        for size in (7, 9, 12)
    }


@check("mismatched", points=1)
def lots_that_are_zero(student: Names, draw: Draw) -> Any:
    """A lot of zero is still larger than that of a text that is true."""
    fits = _fitting(draw, 10, 0.5)
    one, other = draw.permutation(10)[:2].tolist()
    fits[:, one] = False
    fits[one, one], fits[one, other] = True, False
    return {"the tensor of rows": student.mismatched(fits, draw.uniform(10, 10) * fits)}


@check("mismatched", points=2)
def all_texts_are_true(student: Names, draw: Draw) -> Any:
    """A picture of which all texts are true gets another text than its own, by the same lots."""
    fits = _fitting(draw, 8, 0.4)
    fits[draw.permutation(8)[:4]] = True
    text_of_all = _fitting(draw, 8, 0.5)
    text_of_all[:, draw.permutation(8)[:5]] = True
    all_true = torch.ones(5, 5, dtype=torch.bool)
    lots = draw.uniform(5, 5) / 2
    lots.fill_diagonal_(0.9)
    return {
        "the tensor of rows": student.mismatched(fits, draw.uniform(8, 8)),
        "the row tensor where some texts are true of all pictures": student.mismatched(
            text_of_all, draw.uniform(8, 8)
        ),
        "the row tensor where everything is true": student.mismatched(all_true, lots),
        "the row tensor where every lot is zero": student.mismatched(all_true, torch.zeros(5, 5)),
    }


@check("mismatched", points=1)
def equal_lots(student: Names, draw: Draw) -> Any:
    """Of equal lots the first one wins."""
    lots = draw.integers(0, 3, 12, 12) / 4
    fits = _fitting(draw, 12, 0.3)
    fits[draw.permutation(12)[:4]] = True
    return {"the tensor of rows": student.mismatched(fits, lots)}


@check("mismatched", points=1)
def rows_and_nothing_else(student: Names, draw: Draw) -> Any:
    """Rows come as one long tensor, also for two pictures; what was given is as it was."""
    fits, lots = _fitting(draw, 6, 0.4), draw.uniform(6, 6)
    fits[draw.integer(0, 6)] = True
    kept = [fits.clone(), lots.clone()]
    with SameDevice() as place:
        rows = student.mismatched(fits, lots)
    two = torch.eye(2, dtype=torch.bool)
    double = student.mismatched(two, draw.uniform(2, 2, dtype=torch.float64))
    return {
        "the kind of answer": _kind(rows),
        "the kind of answer for lots in float64": _kind(double),
        "the tensor of rows": rows,
        "the row tensor of two pictures": double,
        SAME_DEVICE: place.kept,
    } | _as_they_were("fits lots", kept, [fits, lots])


# ---- discriminator_loss


@check("discriminator_loss", points=3)
def three_kinds_of_pairs(student: Names, draw: Draw) -> Any:
    """Right pairs weigh 1, wrong pairs and fakes one half each."""
    return {
        "the loss": student.discriminator_loss(*(2 * draw.normal(6) for _ in range(3))),
        "the loss where all logits are zero": student.discriminator_loss(*torch.zeros(3, 4)),
    }


@check("discriminator_loss", points=2)
def batches_of_other_sizes(student: Names, draw: Draw) -> Any:
    """Each kind is averaged by itself, whatever the sizes of the three; a size may be 1."""
    found = {}
    for name, sizes in (
        ("3, 7 and 5", (3, 7, 5)),
        ("8, 2 and 4", (8, 2, 4)),
        ("1, 1, 1", (1, 1, 1)),
    ):
        logits = (2 * draw.normal(size) for size in sizes)
        found[f"the loss of {name} pairs"] = student.discriminator_loss(*logits)
    return found


@check("discriminator_loss", points=2)
def without_wrong_pairs(student: Names, draw: Draw) -> Any:
    """Without wrong pairs the fakes weigh 1."""
    found = student.discriminator_loss(2 * draw.normal(5), None, 2 * draw.normal(3))
    return {"the loss of a plain GAN": found}


@check("discriminator_loss", points=1)
def surest_of_judges(student: Names, draw: Draw) -> Any:
    """Logits of 1000 and -1000, right or wrong, give finite losses and gradients."""
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])
    right, wrong, fake = (signs * (900 + draw.uniform(4, high=200.0)) for _ in range(3))
    inputs = {
        f"the gradient of the {name} logits": logits.requires_grad_()
        for name, logits in (("right", right), ("wrong", wrong), ("fake", fake))
    }
    loss = student.discriminator_loss(right, wrong, fake)
    return {"the loss": loss} | gradients(loss, inputs)


@check("discriminator_loss", points=1)
def gradient_of_each_kind(student: Names, draw: Draw) -> Any:
    """The gradient reaches all three kinds; the given logits are as they were."""
    logits = [2 * draw.normal(size, dtype=torch.float64) for size in (4, 3, 5)]
    kept = [part.clone() for part in logits]
    right, wrong, fake = (part.requires_grad_() for part in logits)
    with SameDevice() as place:
        loss = student.discriminator_loss(right, wrong, fake)
    inputs = {
        "the gradient of the right logits": right,
        "the gradient of the wrong logits": wrong,
        "the gradient of the fake logits": fake,
    }
    found = _as_they_were("right wrong fake", kept, [part.detach() for part in logits])
    found |= {SAME_DEVICE: place.kept}
    return gradients(loss, inputs) | found


# ---- generator_loss


@check("generator_loss", points=2)
def fakes_taken_for_real(student: Names, draw: Draw) -> Any:
    """The loss is the mean of minus log D, which falls as the logits rise; B may be 1."""
    return {
        "the loss": student.generator_loss(2 * draw.normal(7)),
        "the loss of one fake": student.generator_loss(2 * draw.normal(1)),
        "the loss where all logits are zero": student.generator_loss(torch.zeros(3)),
    }


@check("generator_loss", points=2)
def slope_where_fakes_are_found_out(student: Names, draw: Draw) -> Any:
    """Where every fake is found out the slope is steep, and no logit is too large."""
    found = []
    for low, high in ((-9.0, -5.0), (-1100.0, -900.0), (900.0, 1100.0)):
        fake = draw.uniform(4, low=low, high=high).requires_grad_()
        loss = student.generator_loss(fake)
        found.append({"the loss": loss} | gradients(loss, {"the gradient": fake}))
    return found


@check("generator_loss", points=1)
def gradient_of_the_fakes(student: Names, draw: Draw) -> Any:
    """The gradient reaches each fake, and the given logits are as they were."""
    fake = 2 * draw.normal(5, dtype=torch.float64)
    kept = fake.clone()
    with SameDevice() as place:
        loss = student.generator_loss(fake.requires_grad_())
    found = _as_they_were("fake", [kept], [fake.detach()]) | {SAME_DEVICE: place.kept}
    return gradients(loss, {"the gradient": fake}) | found


# ---- interpolation_loss


class _Sketch(nn.Module):
    """A generator of one layer; remembers what it was given."""

    def __init__(self, draw: Draw, noise_dim: int = 2, text_dim: int = 4) -> None:
        super().__init__()
        self.layer = nn.Linear(noise_dim + text_dim, 12)
        draw.parameters(self)
        self.given: list[list[Tensor]] = []

    def forward(self, noise: Tensor, texts: Tensor) -> Tensor:
        self.given.append([noise.detach().clone(), texts.detach().clone()])
        drawn = torch.tanh(self.layer(torch.cat([noise, texts], dim=1)))
        return drawn.reshape(-1, 3, 2, 2)


class _Opinion(nn.Module):
    """A discriminator that sees a picture only beside its text; remembers what it was given.

    With `normalised` it has statistics of the batch, so that mixed batches are judged otherwise.
    """

    def __init__(self, draw: Draw, text_dim: int = 4, normalised: bool = False) -> None:
        super().__init__()
        self.look = nn.Linear(12, text_dim)
        self.norm = nn.BatchNorm1d(text_dim) if normalised else nn.Identity()
        self.judge = nn.Linear(text_dim, 1)
        draw.parameters(self)
        self.given: list[list[Tensor]] = []
        self.loudness = 1.0

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        self.given.append([pictures.detach().clone(), texts.detach().clone()])
        seen = self.norm(self.look(pictures.flatten(1)))
        return self.loudness * self.judge((seen * texts).tanh() + 0.3 * texts).flatten()


def _between(draw: Draw, size: int, text_dim: int = 4, noise_dim: int = 2) -> list[Tensor]:
    """Noise, texts and partners, a shift by a drawn number of places."""
    order = draw.permutation(size)
    partners = torch.empty(size, dtype=torch.long)
    partners[order] = order.roll(1)
    return [draw.normal(size, noise_dim), 1.5 * draw.normal(size, text_dim), partners]


@check("interpolation_loss", points=3)
def pictures_between_texts(student: Names, draw: Draw) -> Any:
    """Pictures drawn for mixed texts are judged with the mixed texts; the loss is -log D."""
    networks = _Sketch(draw), _Opinion(draw)
    return {
        f"the loss of {size} texts": student.interpolation_loss(*networks, *_between(draw, size))
        for size in (5, 8)
    }


@check("interpolation_loss", points=1)
def other_shares(student: Names, draw: Draw) -> Any:
    """beta is the share of the text itself, 1 - beta that of its partner."""
    networks, rows = (_Sketch(draw), _Opinion(draw)), _between(draw, 5)
    return {
        f"the loss with beta {beta}": student.interpolation_loss(*networks, *rows, beta)
        for beta in (0.2, 0.75, 1.0)
    }


@check("interpolation_loss", points=1)
def what_both_are_given(student: Names, draw: Draw) -> Any:
    """Both networks are called once and see the mixed texts; the noise is not mixed."""
    generator, discriminator = _Sketch(draw), _Opinion(draw)
    student.interpolation_loss(generator, discriminator, *_between(draw, 6), 0.3)
    drawn = generator.given[0] if generator.given else [None, None]
    judged = discriminator.given[0] if discriminator.given else [None, None]
    return {
        "the number of calls of the generator": len(generator.given),
        "the number of calls of the discriminator": len(discriminator.given),
        "the noise that the generator is given": drawn[0],
        "the text tensor that the generator is given": drawn[1],
        "the text tensor that the discriminator is given": judged[1],
    }


@check("interpolation_loss", points=1)
def texts_as_many_as_noise(student: Names, draw: Draw) -> Any:
    """Texts are mixed and noise is not, also where all sizes are the same."""
    networks = _Sketch(draw, 4, 4), _Opinion(draw)
    return {"the loss": student.interpolation_loss(*networks, *_between(draw, 4, 4, 4))}


@check("interpolation_loss", points=1)
def gradient_through_both_networks(student: Names, draw: Draw) -> Any:
    """The gradient reaches generator, judge and texts, however large the logits."""
    found = []
    for loudness in (1.0, 900.0, -900.0):
        generator, discriminator = _Sketch(draw), _Opinion(draw)
        discriminator.loudness = loudness
        noise, texts, partners = _between(draw, 5)
        texts.requires_grad_()
        loss = student.interpolation_loss(generator, discriminator, noise, texts, partners)
        free = discriminator.judge.weight.requires_grad
        discriminator.requires_grad_(True)
        inputs = {
            "the gradient that reaches the texts": texts,
            "the gradient that reaches the generator": generator.layer.weight,
            "the gradient that reaches the judge": discriminator.judge.weight,
        }
        told = {"the loss": loss, "the judge's parameters still want a gradient": free}
        found.append(told | gradients(loss, inputs))
    return found


@check("interpolation_loss", points=1)
def texts_left_alone(student: Names, draw: Draw) -> Any:
    """Noise, texts and partners are afterwards as they were; a second call gives the same."""
    networks, rows = (_Sketch(draw), _Opinion(draw)), _between(draw, 5)
    kept = [part.clone() for part in rows]
    with SameDevice() as place:
        first, second = (student.interpolation_loss(*networks, *rows, 0.4) for _ in range(2))
    return {
        "the loss": first,
        "the loss of a second call": second,
        SAME_DEVICE: place.kept,
    } | _as_they_were("noise texts partners", kept, rows)


# ---- train_step


def _batch(draw: Draw, size: int = 6) -> Batch:
    noise, texts, partners = _between(draw, size)
    pictures, wrong = draw.normal(size, 3, 2, 2).tanh(), 1.5 * draw.normal(size, 4)
    return Batch(pictures, texts, wrong, noise, partners)


class _Referee:
    """Stands for the three losses: bends each logit otherwise; remembers what it was given."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.sizes: list[tuple[int, ...]] = []
        self.interpolated = 0

    def given(self) -> dict[str, Any]:
        """How many logits of each kind the judge's loss was given, at the first call."""
        sizes = self.sizes[0] if self.sizes else (-1, -1, -1)
        calls = {"the number of calls of the judge's loss": len(self.sizes)}
        kinds = zip(("right", "wrong", "fake"), sizes)
        return calls | {f"the number of {kind} logits in the judge's loss": n for kind, n in kinds}

    def discriminator(self, right: Tensor, wrong: Tensor | None, fake: Tensor) -> Tensor:
        self.sizes.append(
            tuple(0 if part is None else part.numel() for part in (right, wrong, fake))
        )
        others = (
            fake.exp().mean()
            if wrong is None
            else (0.7 * wrong).exp().mean() + fake.square().mean()
        )
        return self.scale * ((1 - right).square().mean() + others)

    def generator(self, fake: Tensor) -> Tensor:
        return self.scale * (2 - fake).square().mean()

    def interpolation(
        self, generator: Any, discriminator: Any, noise: Tensor, texts: Tensor, partners: Tensor
    ) -> Tensor:
        self.interpolated += 1
        judged = discriminator(generator(noise, texts[partners]), texts)
        return self.scale * (3 - judged).abs().mean()


class GraphUsedTwice(RuntimeError):
    """A backward pass through what another backward pass has freed."""


class _Game:
    """Two small networks, plain gradient descent for both, and the losses of a referee."""

    def __init__(self, draw: Draw, scale: float = 1.0) -> None:
        self.generator, self.discriminator = _Sketch(draw), _Opinion(draw, normalised=True)
        self.optimizers = (
            torch.optim.SGD(self.generator.parameters(), lr=0.2),
            torch.optim.SGD(self.discriminator.parameters(), lr=0.1),
        )
        self.referee = _Referee(scale)
        self.losses = Losses(
            self.referee.discriminator, self.referee.generator, self.referee.interpolation
        )

    def play(self, student: Names, batch: Batch, **how: Any) -> Any:
        networks = self.generator, self.discriminator
        try:
            return student.train_step(*networks, self.optimizers, batch, self.losses, **how)
        except RuntimeError as error:
            if "a second time" in str(error):  # a mistake of its own, to be told from the others
                raise GraphUsedTwice(str(error)).with_traceback(error.__traceback__) from None
            raise

    def weights(self) -> dict[str, Tensor]:
        return {
            "the generator's weight": self.generator.layer.weight.detach().clone(),
            "the judge's first weight": self.discriminator.look.weight.detach().clone(),
            "the judge's last weight": self.discriminator.judge.weight.detach().clone(),
        }


@check("train_step", points=3)
def one_minibatch(student: Names, draw: Draw) -> Any:
    """First the judge learns, then the generator from the judge as it is now."""
    game = _Game(draw)
    game.play(student, _batch(draw))
    return game.weights()


@check("train_step", points=2)
def three_minibatches(student: Names, draw: Draw) -> Any:
    """Gradients of earlier steps do not count."""
    game = _Game(draw)
    for _ in range(3):
        game.play(student, _batch(draw))
    return game.weights()


@check("train_step", points=1)
def whoever_left_them(student: Names, draw: Draw) -> Any:
    """Gradients that somebody else has left do not count either."""
    game = _Game(draw)
    for parameter in [*game.generator.parameters(), *game.discriminator.parameters()]:
        parameter.grad = torch.full_like(parameter, 2.0)
    game.play(student, _batch(draw))
    return game.weights()


@check("train_step", points=2)
def plain_gan(student: Names, draw: Draw) -> Any:
    """Without wrong pairs the judge does not see any, and its loss is told None."""
    game = _Game(draw)
    game.play(student, _batch(draw), wrong_pairs=False)
    calls = {"the number of calls of the judge": len(game.discriminator.given)}
    return calls | game.referee.given() | game.weights()


@check("train_step", points=2)
def with_interpolation(student: Names, draw: Draw) -> Any:
    """The interpolation's loss is weighted and moves the generator, not the judge."""
    found = []
    for how in ({"interpolate": 0.6}, {"interpolate": -1.2, "wrong_pairs": False}):
        game = _Game(draw)
        told = game.play(student, _batch(draw), **how)
        number = float(told["interpolation"]) if "interpolation" in told else None
        found.append({"the interpolation's loss": number} | game.weights())
    return found


@check("train_step", points=2)
def what_everybody_is_asked(student: Names, draw: Draw) -> Any:
    """Fakes are drawn once; each kind of pairs goes through the judge by itself; no gradient of the
    judge's loss reaches the generator."""
    game = _Game(draw)
    reached: list[float] = []
    game.generator.layer.weight.register_hook(lambda gradient: reached.append(1.0))
    batch = _batch(draw)
    game.play(student, batch)
    judged = [[*map(float, (p.sum(), t.sum()))] for p, t in game.discriminator.given]
    return {
        "the number of calls of the generator": len(game.generator.given),
        "the number of calls of the judge": len(game.discriminator.given),
        "the list of what the judge is given (sums, in order of size)": sorted(judged),
        "the number of calls of the interpolation": game.referee.interpolated,
        "the number of backward passes that reach the generator": len(reached),
    } | game.referee.given()


@check("train_step", points=1)
def numbers_to_be_told(student: Names, draw: Draw) -> Any:
    """The losses come back as plain numbers by their names, each by itself and not weighted."""
    game, found = _Game(draw, scale=0.003), {}
    for step in (1, 2, 3):
        told = game.play(student, _batch(draw), interpolate=0.5)
        told = told if isinstance(told, dict) else {}
        plain = bool(told) and all(type(value) in (int, float) for value in told.values())
        found |= {"every value is a plain number": plain, "the list of names": sorted(told)} | {
            f"the value of {name} in step {step}": float(told[name])
            if plain and name in told
            else None
            for name in ("discriminator", "generator", "interpolation")
        }
    return found


@check("train_step", points=1)
def all_else_as_it_was(student: Names, draw: Draw) -> Any:
    """Networks stay in their mode, with all parameters to be trained; the batch stays as it was."""
    game, batch = _Game(draw), _batch(draw)
    kept = [part.clone() for part in batch]
    networks = game.generator, game.discriminator
    with SameDevice() as place:
        game.play(student, batch, interpolate=0.5)
    weights = game.weights()
    in_training = all(module.training for network in networks for module in network.modules())
    trained = all(p.requires_grad for network in networks for p in network.parameters())
    for network in networks:
        network.eval()
    game.play(student, batch)
    in_evaluation = not any(module.training for network in networks for module in network.modules())
    found = {
        "networks in training are so afterwards": in_training,
        "networks in evaluation are so afterwards": in_evaluation,
        "every parameter still wants a gradient": trained,
        SAME_DEVICE: place.kept,
    }
    names = "pictures texts wrong noise partners"
    return found | _as_they_were(names, kept, list(batch)) | weights


# ---- training gate

_STEPS = {"cpu": 200, "cuda": 1000}


def _draws_what_it_is_told(value: Any, draw: Draw) -> str | None:
    """Whether every text got its colour; what is wrong otherwise."""
    before, after = float(value["before"]), float(value["after"])
    if not (math.isfinite(before) and math.isfinite(after)):
        return "The pictures are no numbers: something divides by zero or overflows."
    if after > 0.35 or after > 0.6 * before:
        return (
            f"The pictures' colours were {before:.2f} away from those of the texts and are "
            f"{after:.2f} away after training; below 0.35 is expected: some part does not get its "
            "gradient, or the judge does not listen to the text."
        )
    return None


@training_gate(seconds=120, judge=_draws_what_it_is_told)
def learns_colours(student: Names, draw: Draw, device: str) -> Any:
    """The networks play their game: pictures get the colours of their texts."""
    texts, noise = draw.normal(4, 8), draw.normal(16, 8)
    colours = torch.tensor([[0.8, -0.8, -0.8], [-0.8, 0.8, -0.8], [-0.8, -0.8, 0.8], [0.8] * 3])
    generator = student.Generator(8, 8, size=8, width=16).to(device)
    discriminator = student.Discriminator(8, size=8, width=16).to(device)
    optimizers = tuple(
        torch.optim.Adam(network.parameters(), 2e-3, (0.5, 0.999))
        for network in (generator, discriminator)
    )
    losses = Losses(student.discriminator_loss, student.generator_loss, student.interpolation_loss)

    def away() -> float:
        """Mean distance of the pictures' colours from those that were asked for."""
        asked = torch.arange(4).repeat_interleave(4)
        with torch.no_grad():
            drawn = generator(noise.to(device), texts[asked].to(device)).mean((2, 3)).cpu()
        return float((drawn - colours[asked]).abs().mean())

    before = away()
    for _ in range(_STEPS[device]):
        told = draw.integers(0, 4, 32)
        rows = student.mismatched(told[:, None] == told[None, :], draw.uniform(32, 32))
        real = colours[told][:, :, None, None] + 0.1 * draw.normal(32, 3, 8, 8)
        parts = real.clamp(-1, 1), texts[told], texts[told[rows]], draw.normal(32, 8), rows
        batch = Batch(*(part.to(device) for part in parts))
        student.train_step(generator, discriminator, optimizers, batch, losses, interpolate=0.1)
    count = torch.cuda.device_count()
    return {"device": device, "GPUs in sight": count, "before": before, "after": away()}
