"""What is measured on assignment 3, "What is said, and how".

Each probe hands drawn inputs to one TODO and returns plain values; what a composite TODO needs of
others comes as a small fake, so that no TODO depends on another. A key of what a probe returns is
the subject of a sentence that a student reads ("<key> has shape ..."), so it is a singular noun.
Letters: B batch, D visual, Z latent, K style slices of d, F facts, S styles, V words, T tokens.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from autograder.draws import Draw
from autograder.probes import Names, check, training_gate
from autograder.training_gates import by_heart, learns
from starter_code.disentangling.latents import Latent


def _gradient(output: Any, value: Tensor) -> Tensor:
    """The gradient of the sum of `output` for `value`; zeros where none arrives."""
    total = torch.as_tensor(output).sum()
    found = None
    if total.requires_grad and value.requires_grad:
        (found,) = torch.autograd.grad(total, value, allow_unused=True, retain_graph=True)
    return torch.zeros_like(value) if found is None else found


def _hangs_on(output: Any, value: Tensor) -> bool:
    """Whether `output` was computed from `value` in the graph, even if the gradient is zero."""
    total = torch.as_tensor(output).sum()
    if not total.requires_grad:
        return False
    return torch.autograd.grad(total, value, allow_unused=True, retain_graph=True)[0] is not None


# ---- reparameterize


@check("reparameterize", points=2)
def mean_plus_scaled_noise(student: Names, draw: Draw) -> Any:
    """A sample is the mean plus the deviation times the noise."""
    z = student.reparameterize(draw.normal(4, 6), 2 * draw.normal(4, 6), draw.normal(4, 6))
    return {"z": z}


@check("reparameterize", points=1)
def far_variances(student: Names, draw: Draw) -> Any:
    """Variances far from one, small and large, count as they are."""
    log_variance = torch.tensor([-14.0, -11.0, 11.0, 13.0]) + draw.uniform(3, 4)
    noise = 1 + draw.uniform(3, 4)
    return {"z, without its mean": student.reparameterize(torch.zeros(3, 4), log_variance, noise)}


@check("reparameterize", points=1)
def same_noise_same_sample(student: Names, draw: Draw) -> Any:
    """All chance comes in with the noise: without noise a sample is the mean."""
    mu, log_variance = draw.normal(1, 5), draw.normal(1, 5)
    first = student.reparameterize(mu, log_variance, torch.zeros(1, 5))
    again = student.reparameterize(mu, log_variance, torch.zeros(1, 5))
    moved = student.reparameterize(mu, log_variance, 1 + draw.uniform(1, 5))
    return {
        "z without noise": first,
        "z without noise, asked again": again,
        "every entry of z moves with its noise": bool((moved > mu).all()),
    }


@check("reparameterize", points=1)
def gradients_of_both(student: Names, draw: Draw) -> Any:
    """Gradients reach mean and variance."""
    mu, log_variance = (draw.normal(3, 4).requires_grad_() for _ in range(2))
    z = student.reparameterize(mu, log_variance, draw.normal(3, 4))
    return {
        "the gradient that reaches mu": _gradient(z, mu),
        "the gradient that reaches log_variance": _gradient(z, log_variance),
    }


# ---- kl_divergence


@check("kl_divergence", points=2)
def divergence_of_gaussians(student: Names, draw: Draw) -> Any:
    """The divergence is summed over the entries of z and averaged over the batch."""
    return {"KL": student.kl_divergence(2 * draw.normal(5, 7), draw.normal(5, 7))}


@check("kl_divergence", points=1)
def divergence_of_far_variances(student: Names, draw: Draw) -> Any:
    """Variances far from one, small and large, count as they are."""
    mu, small = draw.normal(3, 4), -14 + draw.normal(3, 4)
    large = 11 + draw.uniform(3, 4)
    return {
        "KL with small variances": student.kl_divergence(mu, small),
        "KL with large variances": student.kl_divergence(mu, large),
    }


@check("kl_divergence", points=2)
def zero_at_the_prior(student: Names, draw: Draw) -> Any:
    """At the prior itself it is zero, and entries like the prior add nothing."""
    some = draw.normal(3, 4)
    padded = torch.cat([some, torch.zeros(3, 6)], dim=1)
    return {
        "KL at the prior": student.kl_divergence(torch.zeros(3, 4), torch.zeros(3, 4)),
        "KL with entries like the prior": student.kl_divergence(padded, padded),
    }


@check("kl_divergence", points=1)
def one_example(student: Names, draw: Draw) -> Any:
    """A batch of one example, and one of many, are both averaged over examples."""
    mu, log_variance = draw.normal(1, 3), draw.normal(1, 3)
    many = mu.expand(6, -1), log_variance.expand(6, -1)
    return {
        "KL of one example": student.kl_divergence(mu, log_variance),
        "KL of six equal examples": student.kl_divergence(*many),
    }


@check("kl_divergence", points=1)
def gradient_of_divergence(student: Names, draw: Draw) -> Any:
    """Gradients of the divergence reach mean and variance."""
    mu, log_variance = (draw.normal(3, 4).requires_grad_() for _ in range(2))
    kl = student.kl_divergence(mu, log_variance)
    return {
        "the gradient that reaches mu": _gradient(kl, mu),
        "the gradient that reaches log_variance": _gradient(kl, log_variance),
    }


# ---- filter_losses


class _Filters(nn.Module):
    """The four linear layers, under the names of the contract."""

    def __init__(
        self, draw: Draw, *, d: int, f: int, k: int, styles: int, v_s: int, v_f: int
    ) -> None:
        super().__init__()
        self.style_classifier = nn.Linear(d, styles)
        self.fact_classifier = nn.Linear(f, v_f)
        self.style_discriminator = nn.Linear(f, v_s)
        self.fact_discriminator = nn.Linear(k * d, v_f)
        draw.parameters(self)


def _bag(draw: Draw, rows: int, words: int) -> Tensor:
    """Shares of words that add up to one, some of them zero."""
    raw = (draw.uniform(rows, words) - 0.4).clamp(min=0)
    raw[:, 0] += 0.1  # no bag is empty
    return raw / raw.sum(dim=1, keepdim=True)


def _bags_and_an_empty_one(draw: Draw, rows: int, words: int) -> Tensor:
    """Such shares, except that one caption has none of the words."""
    bag = _bag(draw, rows, words)
    bag[draw.integer(0, rows)] = 0
    return bag


def _slices(draw: Draw, b: int, k: int, d: int, f: int) -> tuple[Tensor, Tensor]:
    return draw.normal(b, k, d), draw.normal(b, f)


@check("filter_losses", points=3)
def style_of_a_slice(student: Names, draw: Draw) -> Any:
    """The style filter's loss is the cross-entropy of the right styles, summed over the slices."""
    filters = _Filters(draw, d=4, f=5, k=2, styles=3, v_s=6, v_f=7)
    styles, facts = _slices(draw, 5, 2, 4, 5)
    found = student.filter_losses(
        filters, styles, facts, draw.integers(0, 3, 5, 2), _bag(draw, 5, 7)
    )
    return {"L_cls(s)": found[0]}


@check("filter_losses", points=3)
def words_of_the_facts(student: Names, draw: Draw) -> Any:
    """The fact filter's loss is the cross-entropy of the bag of fact words; one bag is empty."""
    filters = _Filters(draw, d=3, f=6, k=1, styles=2, v_s=4, v_f=9)
    styles, facts = _slices(draw, 4, 1, 3, 6)
    labels, bags = draw.integers(0, 2, 4, 1), _bags_and_an_empty_one(draw, 4, 9)
    found = student.filter_losses(filters, styles, facts, labels, bags)
    return {"L_cls(f)": found[1]}


@check("filter_losses", points=1)
def batch_of_one(student: Names, draw: Draw) -> Any:
    """One caption with its single slice works as well, and a bag without words asks for nothing."""
    filters = _Filters(draw, d=3, f=4, k=1, styles=2, v_s=4, v_f=5)
    styles, facts = _slices(draw, 1, 1, 3, 4)
    labels = draw.integers(0, 2, 1, 1)
    found = student.filter_losses(filters, styles, facts, labels, _bag(draw, 1, 5))
    nothing = student.filter_losses(filters, styles, facts, labels, torch.zeros(1, 5))
    return {
        "L_cls(s) of one caption": found[0],
        "L_cls(f) of one caption": found[1],
        "L_cls(f) of an empty bag": nothing[1],
    }


@check("filter_losses", points=2)
def large_filter_scores(student: Names, draw: Draw) -> Any:
    """Scores in the thousands give finite losses."""
    filters = _Filters(draw, d=3, f=4, k=2, styles=3, v_s=4, v_f=5)
    styles, facts = _slices(draw, 3, 2, 3, 4)
    bag = _bag(draw, 3, 5)
    found = student.filter_losses(
        filters, 2000 * styles, 2000 * facts, draw.integers(0, 3, 3, 2), bag
    )
    return {"L_cls(s)": found[0], "L_cls(f)": found[1]}


@check("filter_losses", points=2)
def filters_and_slices_learn(student: Names, draw: Draw) -> Any:
    """Gradients reach the slices and the classifiers."""
    filters = _Filters(draw, d=3, f=4, k=2, styles=2, v_s=4, v_f=5)
    styles, facts = (part.requires_grad_() for part in _slices(draw, 3, 2, 3, 4))
    labels, bag = draw.integers(0, 2, 3, 2), _bag(draw, 3, 5)
    of_style, of_facts = student.filter_losses(filters, styles, facts, labels, bag)
    return {
        "the gradient that reaches the style slices": _gradient(of_style, styles),
        "the gradient that reaches the style classifier": _gradient(
            of_style, filters.style_classifier.weight
        ),
        "the gradient that reaches the fact slice": _gradient(of_facts, facts),
        "the gradient that reaches the fact classifier": _gradient(
            of_facts, filters.fact_classifier.weight
        ),
    }


# ---- adversary


@check("adversary", points=3)
def discriminators_read_words(student: Names, draw: Draw) -> Any:
    """Style words are read from the fact slice, fact words from all style slices together."""
    filters = _Filters(draw, d=3, f=5, k=2, styles=2, v_s=6, v_f=8)
    styles, facts = _slices(draw, 4, 2, 3, 5)
    of_style, of_facts = (_bags_and_an_empty_one(draw, 4, words) for words in (6, 8))
    found = student.discriminator_losses(filters, styles, facts, of_style, of_facts)
    return {"L_dis(s)": found[0], "L_dis(f)": found[1]}


@check("adversary", points=3)
def discriminators_learn_alone(student: Names, draw: Draw) -> Any:
    """What trains the discriminators does not move the encoder."""
    filters = _Filters(draw, d=3, f=4, k=2, styles=2, v_s=5, v_f=6)
    styles, facts = (part.requires_grad_() for part in _slices(draw, 3, 2, 3, 4))
    of_style, of_facts = student.discriminator_losses(
        filters, styles, facts, _bag(draw, 3, 5), _bag(draw, 3, 6)
    )
    return {
        "the gradient of L_dis(s) that reaches the fact slice": _gradient(of_style, facts),
        "the gradient of L_dis(f) that reaches the style slices": _gradient(of_facts, styles),
        "the gradient that reaches the style discriminator": _gradient(
            of_style, filters.style_discriminator.weight
        ),
        "the gradient that reaches the fact discriminator": _gradient(
            of_facts, filters.fact_discriminator.weight
        ),
    }


@check("adversary", points=3)
def entropies_of_the_words(student: Names, draw: Draw) -> Any:
    """The encoder's losses are minus the entropies of what the discriminators believe."""
    filters = _Filters(draw, d=3, f=5, k=2, styles=2, v_s=6, v_f=8)
    styles, facts = _slices(draw, 4, 2, 3, 5)
    found = student.adversarial_entropies(filters, styles, facts)
    return {"L_adv(s)": found[0], "L_adv(f)": found[1]}


@check("adversary", points=3)
def encoder_learns_alone(student: Names, draw: Draw) -> Any:
    """What trains the encoder does not move the discriminators, and they stay trainable."""
    filters = _Filters(draw, d=3, f=4, k=2, styles=2, v_s=5, v_f=6)
    styles, facts = (part.requires_grad_() for part in _slices(draw, 3, 2, 3, 4))
    of_style, of_facts = student.adversarial_entropies(filters, styles, facts)
    trainable = [p.requires_grad for p in filters.parameters()]  # also after the call
    theirs = filters.style_discriminator, filters.fact_discriminator
    return {
        "the gradient of L_adv(s) that reaches the fact slice": _gradient(of_style, facts),
        "the gradient of L_adv(f) that reaches the style slices": _gradient(of_facts, styles),
        "L_adv(s) is computed from the fact slice": _hangs_on(of_style, facts),
        "L_adv(f) is computed from the style slices": _hangs_on(of_facts, styles),
        "the gradient that reaches the style discriminator": _gradient(of_style, theirs[0].weight),
        "the gradient that reaches the fact discriminator": _gradient(of_facts, theirs[1].weight),
        "the gradient that reaches the style discriminator's bias": _gradient(
            of_style, theirs[0].bias
        ),
        "the gradient that reaches the fact discriminator's bias": _gradient(
            of_facts, theirs[1].bias
        ),
        "every discriminator is still trainable": all(trainable),
    }


@check("adversary", points=2)
def sure_discriminators(student: Names, draw: Draw) -> Any:
    """Scores in the thousands, one example, one slice: losses stay finite."""
    filters = _Filters(draw, d=4, f=3, k=1, styles=2, v_s=5, v_f=6)
    styles, facts = _slices(draw, 1, 1, 4, 3)
    for layer in (filters.style_discriminator, filters.fact_discriminator):  # no two scores near
        layer.bias.data = 1000.0 * draw.permutation(len(layer.bias))
    of_words = student.discriminator_losses(
        filters, styles, facts, _bag(draw, 1, 5), _bag(draw, 1, 6)
    )
    entropies = student.adversarial_entropies(filters, styles, facts)
    return {
        "L_dis(s)": of_words[0],
        "L_dis(f)": of_words[1],
        "L_adv(s)": entropies[0],
        "L_adv(f)": entropies[1],
    }


# ---- image_vae


def _toy_sample(mu: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """Not the right sample, but one that tells the three arguments apart."""
    return mu + 0.3 * log_variance + 0.5 * noise


def _latent(found: Any) -> dict[str, Any]:
    """The parts of a Latent by name."""
    names = ("output", "mu", "log_variance", "styles", "facts")
    return dict(zip(names, [*tuple(found), *[None] * 5], strict=False))


def _image_vae(student: Names, draw: Draw, slices: int = 2) -> Any:
    return draw.parameters(
        student.ImageVAE(
            _toy_sample, visual_dim=7, hidden_dim=6, slices=slices, style_dim=2, fact_dim=4
        )
    )


@check("image_vae", points=3)
def posterior_of_a_picture(student: Names, draw: Draw) -> Any:
    """f gives the mean first, then the logarithm of the variance."""
    vae = _image_vae(student, draw)
    found = _latent(vae(draw.normal(4, 7), draw.normal(4, 8)))
    return {"mu": found["mu"], "log_variance": found["log_variance"]}


@check("image_vae", points=1)
def slices_of_the_sample(student: Names, draw: Draw) -> Any:
    """Styles and facts are slices of the sample."""
    vae = _image_vae(student, draw, slices=3)
    found = _latent(vae(draw.normal(3, 7), draw.normal(3, 10)))
    return {"styles": found["styles"], "facts": found["facts"]}


@check("image_vae", points=2)
def picture_again(student: Names, draw: Draw) -> Any:
    """The output is made from the whole sample."""
    vae = _image_vae(student, draw)
    return {"output": _latent(vae(draw.normal(3, 7), draw.normal(3, 8)))["output"]}


@check("image_vae", points=2)
def length_of_the_difference(student: Names, draw: Draw) -> Any:
    """The reconstruction loss is the mean length of the differences, not squared."""
    vae = _image_vae(student, draw)
    output, visual = draw.normal(5, 7), 3 * draw.normal(5, 7)
    return {
        "the reconstruction loss": vae.reconstruction_loss(output, visual),
        "the reconstruction loss of one picture": vae.reconstruction_loss(output[:1], visual[:1]),
    }


@check("image_vae", points=1)
def picture_by_itself(student: Names, draw: Draw) -> Any:
    """One picture gives what it gives in a batch, and a sample in evaluation mode, too."""
    vae, visual, noise = _image_vae(student, draw), draw.normal(3, 7), draw.normal(3, 8)
    vae.eval()
    found = vae(visual[2:], noise[2:])
    return {
        "the answer is a Latent": isinstance(found, Latent),
        "output of the last picture": _latent(found)["output"],
        "facts of the last picture, in evaluation mode": _latent(found)["facts"],
    }


@check("image_vae", points=1)
def picture_gradients(student: Names, draw: Draw) -> Any:
    """Gradients come back to f from output, posterior and slices, and from the loss."""
    vae, visual = _image_vae(student, draw), draw.normal(3, 7)
    found = _latent(vae(visual, draw.normal(3, 8)))
    weight = vae.f[0].weight
    output = draw.normal(3, 7).requires_grad_()
    return {
        "the gradient of the output that reaches f": _gradient(found["output"], weight),
        "the gradient of mu that reaches f": _gradient(found["mu"], weight),
        "the gradient of log_variance that reaches f": _gradient(found["log_variance"], weight),
        "the gradient of the style slices that reaches f": _gradient(found["styles"], weight),
        "the gradient of the facts that reaches f": _gradient(found["facts"], weight),
        "the gradient of the loss": _gradient(vae.reconstruction_loss(output, visual), output),
    }


# ---- caption_vae


def _caption_vae(student: Names, draw: Draw, words: int = 9) -> Any:
    return draw.parameters(
        student.CaptionVAE(
            _toy_sample, vocab_size=words, embed_dim=4, hidden_dim=5, style_dim=2, fact_dim=3
        )
    )


def _told(draw: Draw, lengths: list[int], words: int = 9, width: int = 0) -> tuple[Tensor, Tensor]:
    """Captions of these lengths with pads of any word behind them."""
    return draw.integers(0, words, len(lengths), width or max(lengths)), torch.tensor(lengths)


@check("caption_vae", points=3)
def posterior_of_a_caption(student: Names, draw: Draw) -> Any:
    """The posterior comes from what the reader knows after the last real token."""
    vae = _caption_vae(student, draw)
    captions, lengths = _told(draw, [4, 7, 3, 6])
    found = _latent(vae(captions, lengths, draw.normal(4, 5)))
    return {"mu": found["mu"], "log_variance": found["log_variance"]}


@check("caption_vae", points=2)
def slices_of_a_caption(student: Names, draw: Draw) -> Any:
    """One style slice and the facts, cut from the sample."""
    vae = _caption_vae(student, draw)
    captions, lengths = _told(draw, [5, 5, 5])
    found = _latent(vae(captions, lengths, draw.normal(3, 5)))
    return {"styles": found["styles"], "facts": found["facts"]}


@check("caption_vae", points=4)
def scores_of_next_words(student: Names, draw: Draw) -> Any:
    """The writer starts from the sample, hears it with every word, and scores the next word."""
    vae = _caption_vae(student, draw)
    captions, lengths = _told(draw, [6, 6, 6])
    return {"output": _latent(vae(captions, lengths, draw.normal(3, 5)))["output"]}


@check("caption_vae", points=2)
def pads_do_not_count(student: Names, draw: Draw) -> Any:
    """Other pads behind a caption, or more of them, change nothing before them."""
    vae, noise = _caption_vae(student, draw), draw.normal(2, 5)
    captions, lengths = _told(draw, [3, 5], width=8)
    found = _latent(vae(captions, lengths, noise))
    return {
        "mu of padded captions": found["mu"],
        "output at the real places of a short caption": found["output"][0, :2],
        "output at the real places of a long caption": found["output"][1, :4],
        "the shape of the output": list(found["output"].shape),
    }


@check("caption_vae", points=3)
def likelihood_of_the_words(student: Names, draw: Draw) -> Any:
    """The loss is summed over a caption's own words and averaged over the captions."""
    vae = _caption_vae(student, draw)
    captions, lengths = _told(draw, [4, 7, 2, 6], width=8)
    captions[1, 3] = 0  # a word like any other
    output = 2 * draw.normal(4, 7, 9)
    return {"the reconstruction loss": vae.reconstruction_loss(output, captions, lengths)}


@check("caption_vae", points=1)
def caption_gradients(student: Names, draw: Draw) -> Any:
    """Gradients come back to the reader from all parts of the answer; evaluation samples, too."""
    vae = _caption_vae(student, draw).eval()
    captions, lengths = _told(draw, [4, 5])
    found = vae(captions, lengths, draw.normal(2, 5))
    parts, reader = _latent(found), vae.reader.weight_ih_l0
    output = draw.normal(2, 4, 9).requires_grad_()
    loss = vae.reconstruction_loss(output, captions, lengths)
    return {
        "the answer is a Latent": isinstance(found, Latent),
        "facts in evaluation mode": parts["facts"],
        "the gradient of the output that reaches the reader": _gradient(parts["output"], reader),
        "the gradient of the output that reaches the embedding": _gradient(
            parts["output"], vae.embedding.weight
        ),
        "the gradient of mu that reaches the reader": _gradient(parts["mu"], reader),
        "the gradient of log_variance that reaches the reader": _gradient(
            parts["log_variance"], reader
        ),
        "the gradient of the style slice that reaches the reader": _gradient(
            parts["styles"], reader
        ),
        "the gradient of the facts that reaches the reader": _gradient(parts["facts"], reader),
        "the gradient of the loss": _gradient(loss, output),
    }


@check("caption_vae", points=1)
def one_caption(student: Names, draw: Draw) -> Any:
    """A single caption works; what stands behind its end may be anything, and is left alone."""
    vae = _caption_vae(student, draw)
    captions, lengths = _told(draw, [3], width=6)
    output = draw.normal(1, 5, 9)
    output[0, 2:] = float("nan")
    mu = _latent(vae(captions, lengths, draw.normal(1, 5)))["mu"]
    given = captions.clone()
    return {
        "mu of one caption": mu,
        "the reconstruction loss of one caption": vae.reconstruction_loss(output, given, lengths),
        "the given caption afterwards": given,
    }


# ---- train_step


class _Game(nn.Module):
    """An encoder of one weight and a discriminator of one weight that play against each other."""

    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self.encoder, self.discriminator = nn.Linear(3, 2), nn.Linear(2, 1)
        draw.parameters(self)

    def forward(self, batch: Tensor, noise: Tensor) -> Tensor:
        return self.encoder(batch) + noise

    def discriminator_losses(self, latent: Tensor, batch: Tensor) -> tuple[Tensor, Tensor]:
        first, second = (self.discriminator(latent.detach()) for _ in range(2))  # two graphs
        return (first - batch[:, :1]).square().mean(), (second - batch[:, 1:2]).abs().mean()

    def losses(self, latent: Tensor, batch: Tensor) -> dict[str, Tensor]:
        guess = self.discriminator(latent)  # its gradients reach the discriminator, too
        return {
            "reconstruction": (latent - batch[:, :2]).square().mean(),
            "kl": latent.square().mean(),
            "hide_style": -guess.square().mean(),
        }


_WEIGHTS = {"reconstruction": 0.8, "kl": 0.3, "hide_style": 0.7}


def _play(student: Names, draw: Draw, steps: int, dirty: bool = False) -> tuple[_Game, list[Any]]:
    """Some steps with plain gradient descent for both, so that steps have the gradients' size."""
    game = _Game(draw)
    rmsprop = torch.optim.SGD(game.discriminator.parameters(), lr=0.2)
    adam = torch.optim.SGD(game.encoder.parameters(), lr=0.1)
    if dirty:
        for parameter in game.parameters():
            parameter.grad = torch.full_like(parameter, 2.0)
    told = []
    for _ in range(steps):
        batch, noise = draw.normal(4, 3), 0.3 * draw.normal(4, 2)
        told.append(student.train_step(game, batch, noise, rmsprop, adam, _WEIGHTS))
    return game, told


def _weights(game: _Game) -> dict[str, Tensor]:
    return {
        "the discriminator's weight": game.discriminator.weight.detach().clone(),
        "the encoder's weight": game.encoder.weight.detach().clone(),
    }


@check("train_step", points=4)
def one_minibatch(student: Names, draw: Draw) -> Any:
    """First the discriminators, then everything else against the discriminators as they are now."""
    return _weights(_play(student, draw, steps=1)[0])


@check("train_step", points=3)
def three_minibatches(student: Names, draw: Draw) -> Any:
    """Gradients of earlier steps do not count."""
    return _weights(_play(student, draw, steps=3)[0])


@check("train_step", points=2)
def whoever_left_them(student: Names, draw: Draw) -> Any:
    """Gradients that somebody else has left do not count either."""
    return _weights(_play(student, draw, steps=1, dirty=True)[0])


@check("train_step", points=2)
def values_of_the_losses(student: Names, draw: Draw) -> Any:
    """The losses come back as plain numbers by their names, not weighted."""
    _, told = _play(student, draw, steps=1)
    losses = dict(told[0])
    return {
        "the list of the losses' names": sorted(losses),
        "every value is a plain number": all(isinstance(v, (int, float)) for v in losses.values()),
        **{f"the value of {n}": float(losses[n]) if n in losses else None for n in _WEIGHTS},
    }


# ---- disentangled_space_accuracy


class _Sets(NamedTuple):
    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor


def _column(draw: Draw, labels: Tensor, right: float) -> Tensor:
    """A column at two far places, which agrees with so large a share of the labels.

    No classifier stands between the places in doubt, so that every right one decides alike.
    """
    agrees = draw.permutation(len(labels)) < round(right * len(labels))
    side = torch.where(agrees, 2 * labels - 1, 1 - 2 * labels)
    return side + 0.05 * draw.normal(len(labels))


def _train(draw: Draw) -> tuple[Tensor, Tensor]:
    """Codes of two columns, style and fact, with their labels, the same for both labels.

    Style is right for 90 %. Fact is a copy of its side, turned round for 22 of the 72 that style
    tells right: by itself it is right for 50 of 80, but beside style its weight is negative. So a
    space is not read by what a classifier of all columns makes of it.
    """
    order = draw.permutation(160)
    labels, place = order % 2, order // 2
    right = 2 * labels - 1
    style = torch.where(place < 8, -right, right)
    fact = torch.where(place >= 58, -style, style)
    return torch.stack([style, fact], dim=1) + 0.05 * draw.normal(160, 2), labels


def _sets(draw: Draw, style: float, fact: float) -> _Sets:
    """Train codes, and test codes whose two columns agree about so often with their labels.

    The test's shares and its labels' are drawn, so that no seed's accuracies are another's.
    """
    rights = style + draw.integer(-10, 11) / 120, fact + draw.integer(-10, 11) / 120
    train, train_labels = _train(draw)
    labels = (draw.permutation(120) < draw.integer(50, 71)).long()
    test = torch.stack([_column(draw, labels, right) for right in rights], dim=1)
    return _Sets(train, train_labels, test, labels)


_SPACES = {"fact": slice(1, 2), "style": slice(0, 1), "whole": slice(0, 2)}


def _accuracies(student: Names, sets: _Sets) -> dict[str, Any]:
    found = student.disentangled_space_accuracy(*sets, _SPACES)
    return {f"the accuracy of {name}": found[name] for name in _SPACES}


@check("disentangled_space_accuracy", points=2)
def accuracy_of_each_space(student: Names, draw: Draw) -> Any:
    """Each space gets a classifier of its own, and accuracy is that on the test codes."""
    return _accuracies(student, _sets(draw, style=0.9, fact=0.65))


@check("disentangled_space_accuracy", points=1)
def learnt_from_train(student: Names, draw: Draw) -> Any:
    """The classifiers know the train codes alone: what differs in the test is told wrong."""
    return _accuracies(student, _sets(draw, style=0.85, fact=0.2))


@check("disentangled_space_accuracy", points=1)
def standardised_by_train(student: Names, draw: Draw) -> Any:
    """Columns are standardised by the train codes, whatever their size and place."""
    sets = _sets(draw, style=0.9, fact=0.7)
    scale, place = torch.tensor([1e-4, 300.0]), torch.tensor([0.0, 5000.0])
    shifted = sets.test.clone()
    shifted[:, 1] += 8  # every test code now lies on one side of the train codes' middle
    return _accuracies(
        student, sets._replace(train=sets.train * scale + place, test=shifted * scale + place)
    )


@check("disentangled_space_accuracy", points=1)
def regularised_by_default(student: Names, draw: Draw) -> Any:
    """The classifier is scikit-learn's logistic regression with its default regularisation.

    A few codes of one style face many of the other across a wide gap. Where in the gap the
    classifier draws its line depends on what it is; the test codes stand in the gap, in a row.
    """
    few, many = draw.integer(5, 8), draw.integer(60, 90)
    labels = torch.cat([torch.zeros(few), torch.ones(many)]).long()
    codes = (2 * labels - 1 + 0.05 * draw.normal(few + many)).unsqueeze(1)
    order = draw.permutation(len(labels))
    row = torch.linspace(-0.9, 0.9, 200).unsqueeze(1)
    told = torch.ones(200, dtype=torch.long)
    space = {"gap": slice(0, 1)}
    found = student.disentangled_space_accuracy(codes[order], labels[order], row, told, space)
    return {"the share of the gap that goes to the frequent style": found["gap"]}


@check("disentangled_space_accuracy", points=1)
def more_than_two_styles(student: Names, draw: Draw) -> Any:
    """Three styles and a column that never changes work as well; the names keep their order."""
    labels = [(draw.permutation(n) % 4).clamp(max=2) for n in (160, 240)]  # 2 is the most frequent
    codes = [torch.eye(3)[mine] + 0.05 * draw.normal(len(mine), 3) for mine in labels]
    train, test = (torch.cat([mine, torch.ones(len(mine), 1)], dim=1) for mine in codes)
    told = labels[1].clone()
    wrong = draw.integer(40, 120)
    told[:wrong] = (told[:wrong] + 1) % 3
    spaces = {"whole": slice(None), "first": slice(0, 3), "constant": slice(3, 4)}
    found = student.disentangled_space_accuracy(train, labels[0], test, told, spaces)
    return {
        "the order of the names": list(found),
        "the accuracy of whole": found["whole"],
        "the accuracy of first": found["first"],
        "the accuracy of constant": found["constant"],
    }


# ---- what a lab machine may be asked for


@training_gate(seconds=120, judge=learns)
def says_captions_again(student: Names, draw: Draw, device: str) -> Any:
    """D-Captions trains: it learns captions by heart, through its code alone."""

    def build(features: int, vocab: int) -> nn.Module:
        sizes = {"embed_dim": 32, "hidden_dim": 64, "style_dim": 4, "fact_dim": 28}
        return _Reader(student.CaptionVAE(student.reparameterize, vocab_size=vocab, **sizes))

    return by_heart(build, draw, device)


class _Reader(nn.Module):
    """A caption VAE in the form that the gate trains; it looks at no picture."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, seen: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        noise = torch.zeros(len(captions), self.vae.latent_dim, device=captions.device)
        return self.vae(captions, lengths, noise)[0]
