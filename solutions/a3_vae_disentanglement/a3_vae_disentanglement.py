# %% [markdown]
# # Assignment 3 · What is said, and how
#
# "A lovely cat in the rain" and "a lonely cat in the rain" tell one fact in two moods.
# Can a network keep *what* is said and *how* in two parts of its latent vector? That is
# disentanglement (DSIC: Lin et al., *Chinese Journal of Computers*; equation numbers are those of
# this paper, which is in Chinese; you do not need it).
#
# You write eight short pieces (four hours, 80 points). Then you train, measure, look, improve,
# and report (20 points).

# %%
from autograder.notebook import begin

check, hint, progress = begin("a3_vae_disentanglement", globals())

# %% tags=["parameters"]
import os

TIER = os.environ.get("COURSE_TIER", "small")  # "tiny": seconds, "small": a laptop, "full": a GPU
DATASET = "scenes"  # or "senticap", "flickrstyle10k"
PICTURES = "all"  # "there": only captions whose photo is on the disk; "none": captions alone
DEVICE = "auto"  # "cpu", "cuda", or "auto": CUDA where there is one
SEED = 0
RESUME = os.environ.get("COURSE_RESUME") == "1"  # go on with the training that lies in `runs`

# %%
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from starter_code import scenes
from starter_code.disentangling import pictures
from starter_code.disentangling.codes import Codes, balanced, codes_of, contents, labelled, say
from starter_code.disentangling.examples import Batch, Captions, Pictures
from starter_code.disentangling.latents import Filters, Latent, split_latent
from starter_code.disentangling.objectives import Unsupervised
from starter_code.disentangling.sizes import sizes
from starter_code.disentangling.solver import PAPER_CAPTIONS, PAPER_IMAGES, Options, fit
from starter_code.metrics.style import NgramStyles
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.embeddings import word_vectors
from starter_code.stylized.modules import save_modules
from starter_code.stylized.preparing import prepare
from starter_code.tiers import tier

# %% [markdown] stage="see"
# ## See · one scene, told twice
#
# Each scene is told in two styles, and twice in each. What is said and how it is said are drawn
# apart: telling *k* of a picture has the same facts in both styles. So the style cannot be guessed
# from the facts, and we know of every word which side it is on. Real data sets (SentiCap,
# FlickrStyle10K) are a switch away, in the parameters cell; there, nobody knows.

# %%
SIZE, WIDTHS = tier(TIER), sizes(tier(TIER))
FOLDER = prepare(DATASET, SIZE, pictures=PICTURES)
train, val, test = (StyledDataset(FOLDER, split) for split in ("train", "val", "test"))
STYLES = train.styles
print(f"{len(train)} captions of {len(train.pictures)} pictures in {len(STYLES)} styles, {STYLES}")
print(f"V = {len(train.words)} words; ℰ(x) of a picture has D = {train.feature_dim} numbers")
if SIZE.name == "tiny":
    print("tiny: everything runs, and no number means anything; the text speaks of the tier small")

# %%
def told(dataset: StyledDataset, picture: int) -> dict[str, str]:
    """The first caption of a picture in each style."""
    return {style: " ".join(dataset.references(picture, style)[0]) for style in STYLES}


MARKED = dict.fromkeys(STYLES, train.style_words.words)
if train.feature_dim:
    photos = train.images()[:3]
    for number, photo in enumerate(photos):
        pictures.told_with(photo, told(train, number), MARKED)

# %% [markdown]
# **The words of both sides.** The style filter needs a list of style words, $\mathcal V_s$, the
# fact filter one of fact words, $\mathcal V_f$; stop words are in neither. They are found by
# counting: a style word is one that a style says far more often than the factual captions of the
# same pictures do. $t^s$ and $t^f$ are *bags of words*: how often a caption says each word of a
# list, as shares that add up to 1. For $t^f$ the picture's factual captions are counted.

# %%
print(f"V_s, {len(train.style_words)} words:", ", ".join(train.style_words[:14]), "…")
print(f"V_f, {len(train.fact_words)} words:", ", ".join(train.fact_words[:14]), "…")
first = train[0]
print("\ncaption:", " ".join(train.told[0].tokens))
for name, bag, words in (
    ("t^s", first.style_words, train.style_words),
    ("t^f", first.fact_words, train.fact_words),
):
    shares = [f"{words[i]} {bag[i]:.2f}" for i in bag.argsort(descending=True)[:6] if bag[i]]
    print(f"{name}:", ", ".join(shares))

# %% [markdown]
# **How much do words give away?** Before any network: a logistic regression on the words and pairs
# of words of a caption names its style. Nothing below can be blamed for not beating it. On the
# scenes it is always right; on FlickrStyle10K it is right in three of four captions only.

# %%
def words_and_labels(dataset: StyledDataset) -> tuple[list, list]:
    return [caption.tokens for caption in dataset.told], dataset.labels.tolist()


READER = NgramStyles(*words_and_labels(train))
NGRAMS = READER.accuracy(*words_and_labels(test))
print(f"style from the words: {NGRAMS:.3f} of the test captions")

# %% [markdown]
# **What to see.** About two of three style words are called for by what the picture shows, most of
# all by its mood; the others fit every picture. The facts are told in plain words.
#
# **What not to conclude.** That $\mathcal V_s$ holds all style words and only these. *Right* and
# *below* stand there because the factual captions say them three times less often.

# %% [markdown] stage="build"
# ## Build: eight small pieces
#
# Each docstring is a whole contract. Fill the gap, run the check under it, read what it says,
# repeat. Stuck? `hint("reparameterize")`, or open the boxes under the check; `progress()` shows
# your points. No piece needs an earlier one. Never change a tensor that you are given.
#
# Letters: B batch, D visual, Z latent, K style slices of d entries, F entries of the fact slice, S
# styles, V words, T tokens.

# %% [markdown]
# ### 1 · A sample that gradients pass through
#
# An encoder does not give a latent vector but a distribution of them, $\mathcal N(\mu,
# \mathrm{diag}\,\sigma^2)$. A sample of it would stop the gradient. So the chance is moved outside:
#
# $$z = \mu + \sigma \cdot \epsilon, \qquad \epsilon \sim \mathcal N(0, I) \qquad (4)$$
#
# Now $z$ is a plain function of $\mu$ and $\sigma$. The network gives $\log\sigma^2$, which may be
# any number.
#
# *Difficulty 1 of 5 · importance 5 of 5 · 10 minutes · 1 line*

# %% todo="reparameterize" difficulty=1 importance=5 minutes=10 lines=1
# TODO reparameterize: a sample of the posterior, made of the given noise
def reparameterize(mu: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """z = μ + σ · ε (DSIC, equation 4; Kingma and Welling 2014, section 2.4).

    mu, log_variance = log σ², noise = ε: all (B, Z) -> z (B, Z). All chance comes in with `noise`;
    gradients reach mu and log_variance, and no variance is cut off, however small or large.
    """
    # σ from log σ², then (4)
    ### BEGIN SOLUTION
    return mu + (log_variance / 2).exp() * noise
    ### END SOLUTION

# %% check="reparameterize"
check("reparameterize")

# %% [markdown] hint="reparameterize"
# <details><summary>A nudge</summary>
#
# If $\log\sigma^2$ is 0, what is σ? If it is $\log 4$, what is σ then?
#
# </details>
# <details><summary>The recipe</summary>
#
# Half of the logarithm of the square is the logarithm of the root; its exponential is σ. Multiply
# it with the noise, entry by entry, and add the mean.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# Numbers that are right only where the variance is 1: the exponential of $\log\sigma^2$ is the
# variance, not the deviation.
#
# </details>

# %% [markdown]
# ### 2 · How far from the prior?
#
# A VAE minimises reconstruction loss $+\, \lambda_{kl}\,\mathrm{KL}$ (3). The second term keeps the
# posterior near $p(z) = \mathcal N(0, I)$ and has a closed form, a term for each entry of $z$:
#
# $$\mathrm{KL}\big(q(z|x)\,\|\,p(z)\big) = \tfrac12 \sum_{j=1}^{Z}
# \big(\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2\big)$$
#
# It counts, in nats (natural units of information), how much the code tells about its example. Sum
# over entries, average over the batch: averaging over entries too divides λ by Z.
#
# *Difficulty 2 of 5 · importance 5 of 5 · 15 minutes · 2 lines*

# %% todo="kl_divergence" difficulty=2 importance=5 minutes=15 lines=2
# TODO kl_divergence: nats between the posterior and the standard normal prior
def kl_divergence(mu: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) || N(0, I)), summed over Z, averaged over B (Kingma and Welling 2014, B).

    mu, log_variance = log σ²: (B, Z) -> scalar tensor (shape ()), in nats per example, never below
    zero; no variance is cut off. (DSIC, equation 3, its second term without the weight.)
    """
    # 1. the term of each entry                    (B, Z)
    # 2. summed over entries, averaged over examples
    ### BEGIN SOLUTION
    terms = 0.5 * (mu.square() + log_variance.exp() - 1 - log_variance)
    return terms.sum(dim=1).mean()
    ### END SOLUTION

# %% check="kl_divergence"
check("kl_divergence")

# %% [markdown] hint="kl_divergence"
# <details><summary>A nudge</summary>
#
# What must the answer be for $\mu = 0$ and $\log\sigma^2 = 0$? And what may never happen to its
# sign?
#
# </details>
# <details><summary>The recipe</summary>
#
# Write the bracket as it stands, with the exponential of `log_variance` for $\sigma^2$. Multiply by
# one half, sum over the entries of each example, take the mean over the examples.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# A negative divergence: a sign was lost when the formula was turned round. Many papers write
# $-\tfrac12\sum(1 + \log\sigma^2 - \mu^2 - \sigma^2)$, which is the same number.
#
# </details>

# %% [markdown]
# The latent vector is cut into slices, and each slice has a filter. This is given: `split_latent`
# cuts $z = [z_{s_1}; \dots; z_{s_K}; z_f]$, and `Filters` holds four linear layers, two classifiers
# and two discriminators. D-Images has a slice for each style, because a picture can be told in all
# of them. D-Captions has one slice, because a caption is in one style.

# %%
print(split_latent(torch.arange(7.0)[None], slices=2, style_dim=2))
print(Filters.__doc__)

# %% [markdown]
# ### 3 · Each slice must know its own side
#
# The style classifier reads the style $l$ from one style slice; the fact classifier reads the fact
# words from the fact slice. Both are cross-entropies:
#
# $$\mathcal L_{cls(s)} = -\sum_{k}\log p(l_k\,|\,z_{s_k}) \quad (5) \qquad\qquad
# \mathcal L_{cls(f)} = -\sum_{w\in\mathcal V_f} t^f_w \log p(w\,|\,z_f) \quad (6)$$
#
# In (6) the target is a whole distribution over words, not a single class. Sums run over slices
# and words; the batch is averaged.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 30 minutes · about 5 lines*

# %% todo="filter_losses" difficulty=3 importance=5 minutes=30 lines=5
# TODO filter_losses: how badly style is read from the style slices, and facts from the fact slice
def filter_losses(
    filters: nn.Module, styles: Tensor, facts: Tensor, labels: Tensor, fact_words: Tensor
) -> tuple[Tensor, Tensor]:
    """L_cls(s) and L_cls(f) (DSIC, equations 5 and 6), two scalars in nats per example.

    styles (B, K, d), facts (B, F): slices of samples z; labels, long (B, K): the style of each
    slice; fact_words = t^f (B, V_f). filters.style_classifier maps (…, d) to (…, S),
    filters.fact_classifier (B, F) to (B, V_f): scores before any softmax, which may be in the
    thousands. (5) is summed over the K slices, (6) over the words, both averaged over the batch.
    Gradients reach slices and classifiers.
    """
    # 1. log p(l | z_s) of all slices, and of these the entry of the right style   (B, K)
    # 2. log p(w | z_f), weighted by t^f                                          (B, V_f)
    # 3. minus; sums within an example, the mean over examples
    ### BEGIN SOLUTION
    of_style = filters.style_classifier(styles).log_softmax(dim=2)
    of_word = filters.fact_classifier(facts).log_softmax(dim=1)
    right = of_style.gather(2, labels.unsqueeze(2)).squeeze(2)
    return -right.sum(dim=1).mean(), -(fact_words * of_word).sum(dim=1).mean()
    ### END SOLUTION

# %% check="filter_losses"
check("filter_losses")

# %% [markdown] hint="filter_losses"
# <details><summary>A nudge</summary>
#
# Write down the shape of the scores of both classifiers. Over which axis must the probabilities add
# up to one? Which axes are then left, and are they summed or averaged?
#
# </details>
# <details><summary>The recipe</summary>
#
# `log_softmax` over the last axis of both. Of the style's, `gather` the entry of each label (the
# label needs an axis of length one at the end), sum over the slices. Multiply the words' with
# `fact_words`, sum over the words. Minus, mean over the batch.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"Expected target size"* from `F.cross_entropy`: it wants the classes on axis 1, and here they are
# last. Either move them there or gather yourself.
#
# *inf* or *nan*: the logarithm of a softmax that has underflowed to 0. `log_softmax` does both at
# once.
#
# </details>

# %% [markdown]
# ### 4 · And must not know the other
#
# Two discriminators try to read what should *not* be there: style words from the fact slice, fact
# words from the style slices.
#
# $$\mathcal L_{dis(s)} = -\!\!\sum_{w\in\mathcal V_s}\! t^s_w \log p(w|z_f)\;\;(7) \qquad
# \mathcal L_{dis(f)} = -\!\!\sum_{w\in\mathcal V_f}\! t^f_w \log p(w|z_s)\;\;(8)$$
#
# The encoder then makes them as unsure as it can. It *minimises* minus their entropy:
#
# $$\mathcal L_{adv(s)} = \sum_{w\in\mathcal V_s} p(w|z_f)\log p(w|z_f)\;\;(9) \qquad
# \mathcal L_{adv(f)} = \sum_{w\in\mathcal V_f} p(w|z_s)\log p(w|z_s)\;\;(10)$$

# %% [markdown]
# **Who learns from what?** (7) and (8) train the discriminators and must not move the encoder: the
# slices are *detached*. (9) and (10) train the encoder and must not move the discriminators:
# $\theta_{dis}$ stands still, though gradients pass *through* it. If either leaks, the game is off:
# a discriminator that is trained to be unsure is blind, and an encoder that helps it is a traitor.
#
# *Difficulty 4 of 5 · importance 5 of 5 · 45 minutes · about 10 lines*

# %% todo="adversary" difficulty=4 importance=5 minutes=45 lines=10
# TODO adversary: what the discriminators learn from, and what the encoder learns from them
def discriminator_losses(
    filters: nn.Module, styles: Tensor, facts: Tensor, style_words: Tensor, fact_words: Tensor
) -> tuple[Tensor, Tensor]:
    """L_dis(s) and L_dis(f) (DSIC, equations 7 and 8), two scalars in nats per example.

    styles (B, K, d), facts (B, F), style_words = t^s (B, V_s), fact_words = t^f (B, V_f).
    filters.style_discriminator, an nn.Linear, maps (B, F) to (B, V_s); filters.fact_discriminator
    maps the K slices, one after the other (B, K·d), to (B, V_f): scores before any softmax, which
    may be in the thousands. Summed over words, averaged over the batch. Gradients reach the
    discriminators and not the slices.
    """
    # 1. the detached slices: facts as they are, styles joined          (B, F), (B, K·d)
    # 2. two cross-entropies as in (6): style words from facts, fact words from styles
    ### BEGIN SOLUTION
    of_style = filters.style_discriminator(facts.detach()).log_softmax(dim=1)
    of_fact = filters.fact_discriminator(styles.detach().flatten(1)).log_softmax(dim=1)
    return -(style_words * of_style).sum(dim=1).mean(), -(fact_words * of_fact).sum(dim=1).mean()
    ### END SOLUTION


def adversarial_entropies(
    filters: nn.Module, styles: Tensor, facts: Tensor
) -> tuple[Tensor, Tensor]:
    """L_adv(s) and L_adv(f) (DSIC, equations 9 and 10): minus the discriminators' entropies.

    Arguments as above. Two scalars, never above zero; summed over words, averaged over the batch.
    Gradients reach the slices and neither weight nor bias of the discriminators, which stay
    trainable.
    """
    # 1. the discriminators' scores, with weight and bias held still
    # 2. the sum of p log p over the words of each example; the mean over examples
    ### BEGIN SOLUTION
    entropies = []
    for layer, slices in (
        (filters.style_discriminator, facts),
        (filters.fact_discriminator, styles.flatten(1)),
    ):
        log_p = F.linear(slices, layer.weight.detach(), layer.bias.detach()).log_softmax(dim=1)
        entropies.append((log_p.exp() * log_p).sum(dim=1).mean())
    return entropies[0], entropies[1]
    ### END SOLUTION

# %% check="adversary"
check("adversary")

# %% [markdown] hint="adversary"
# <details><summary>A nudge</summary>
#
# Draw four boxes: encoder, slices, discriminators, loss. For each of the two functions mark the
# arrow that the gradient may not go back through.
#
# </details>
# <details><summary>The recipe</summary>
#
# First function: detach the slices, call the discriminators, two cross-entropies with bags as
# targets. Second: `F.linear(slices, layer.weight.detach(), layer.bias.detach())` is the layer with
# its parameters held still; from its `log_softmax` comes `p log p`. `styles.flatten(1)` joins the
# style slices.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"element 0 of tensors does not require grad"*: the slices were detached in the second function
# too, or `torch.no_grad()` was wrapped around it: that stops the gradient to the slices as well.
#
# *"mat1 and mat2 shapes cannot be multiplied"*: the fact discriminator wants all style slices of
# an example in one row.
#
# </details>

# %% [markdown]
# ### 5 · D-Images
#
# A picture comes as a vector $\mathcal E(x)$ of a frozen encoder. $f$ turns it into $\mu$ and
# $\log\sigma^2$, $g$ turns a sample back; each has two fully connected layers with a ReLU between.
# What is lost is measured by the length of the difference:
#
# $$\mathcal L^{img}_{vae} = \big|\,\mathcal E(x) - g(f(\mathcal E(x)))\,\big|
# + \lambda_{kl}\,\mathrm{KL} \qquad (11)$$
#
# $|\cdot|$ is the $\ell_2$ norm. The paper does not square it, and neither do we.
#
# *Difficulty 2 of 5 · importance 4 of 5 · 25 minutes · about 6 lines*

# %% todo="image_vae" difficulty=2 importance=4 minutes=25 lines=6
# TODO image_vae: from a visual vector to its posterior, a sample in slices, and back
class ImageVAE(nn.Module):
    """The VAE of D-Images (DSIC, section 3.3.1 and equation 11).

    sample(mu, log_variance, noise), all (B, Z), -> z (B, Z) is what piece 1 writes.
    forward(visual (B, D), noise (B, Z)) -> Latent(output (B, D), mu, log_variance, styles
    (B, K, d), facts (B, F)): styles and facts are slices of z; the output comes from the whole z.
    z is a sample in training and in evaluation mode alike: without noise one asks with noise 0.
    reconstruction_loss(output, visual), both (B, D) -> scalar: the l2 norm of each example's
    difference, not squared, averaged over the batch. Gradients pass through everything.
    """

    def __init__(
        self,
        sample: Callable[[Tensor, Tensor, Tensor], Tensor],
        *,
        visual_dim: int,
        hidden_dim: int,
        slices: int,
        style_dim: int,
        fact_dim: int,
    ) -> None:
        super().__init__()
        self.sample, self.slices, self.style_dim = sample, slices, style_dim
        self.latent_dim = slices * style_dim + fact_dim
        self.f = nn.Sequential(
            nn.Linear(visual_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 2 * self.latent_dim)
        )
        self.g = nn.Sequential(
            nn.Linear(self.latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, visual_dim)
        )

    def forward(self, visual: Tensor, noise: Tensor) -> Latent:
        # 1. f gives both: the first Z numbers are mu, the others log_variance     (B, Z) each
        # 2. a sample z; its slices by split_latent                                (B, Z)
        # 3. g of the sample                                                       (B, D)
        ### BEGIN SOLUTION
        mu, log_variance = self.f(visual).chunk(2, dim=1)
        z = self.sample(mu, log_variance, noise)
        styles, facts = split_latent(z, self.slices, self.style_dim)
        return Latent(self.g(z), mu, log_variance, styles, facts)
        ### END SOLUTION

    def reconstruction_loss(self, output: Tensor, visual: Tensor) -> Tensor:
        # the length of each row's difference, then the mean
        ### BEGIN SOLUTION
        return (visual - output).norm(dim=1).mean()
        ### END SOLUTION

# %% check="image_vae"
check("image_vae")

# %% [markdown] hint="image_vae"
# <details><summary>A nudge</summary>
#
# How many numbers does `self.f` give for a picture, and what are the two halves?
#
# </details>
# <details><summary>The recipe</summary>
#
# `chunk(2, dim=1)` cuts the output of `f` in half. Hand both halves and the noise to `self.sample`.
# `split_latent(z, self.slices, self.style_dim)` gives styles and facts; `self.g(z)` the output.
# The loss: difference, norm over the entries, mean over the rows.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"mat1 and mat2 shapes cannot be multiplied"* inside g: it was fed only one slice, or mean and
# variance together.
#
# A loss that grows with the batch: the norm was taken of the whole table, not of each row.
#
# </details>

# %% [markdown]
# ### 6 · D-Captions
#
# A caption is read by one LSTM and written by another. The reader's hidden state after the *last
# real token* gives $\mu$ and $\log\sigma^2$; a sample $z$ starts the writer and is joined to every
# word it is fed. The loss is the likelihood of the caption:
#
# $$\mathcal L^{cap}_{vae} = -\sum_{t=1}^{n} \log p(x_t\,|\,z, x_1 \dots x_{t-1})
# + \lambda_{kl}\,\mathrm{KL} \qquad (13)$$
#
# A *sum* over the caption's own words: beside a KL that is a sum, a mean would weigh it down n
# times.
#
# *Difficulty 4 of 5 · importance 5 of 5 · 50 minutes · about 13 lines*

# %% todo="caption_vae" difficulty=4 importance=5 minutes=50 lines=13
# TODO caption_vae: read a caption to a posterior, write it again from a sample of it
class CaptionVAE(nn.Module):
    """The VAE of D-Captions (DSIC, section 3.3.2 and equation 13), with one style slice.

    sample as in ImageVAE. Captions are <start>, words, <end>, then pads; lengths count all but the
    pads, T may exceed the longest, and pads may be any word and must not change anything.
    forward(captions (B, T), lengths (B,), noise (B, Z)) -> Latent(output (B, T-1, V): the scores of
    captions[:, t+1] at place t, mu, log_variance, styles (B, 1, d), facts (B, F)).
    reconstruction_loss(output, captions, lengths) -> scalar: minus the log-probability of the
    lengths - 1 real targets, summed over each caption, averaged over the batch, in nats. Behind a
    caption's last target the output may hold anything, NaN too (a network that nobody asked). No
    given tensor is changed. Gradients pass through everything, in evaluation mode as well.
    """

    def __init__(
        self,
        sample: Callable[[Tensor, Tensor, Tensor], Tensor],
        *,
        vocab_size: int,
        embed_dim: int,
        hidden_dim: int,
        style_dim: int = 8,
        fact_dim: int = 128,
    ) -> None:
        super().__init__()
        self.sample, self.style_dim, self.latent_dim = sample, style_dim, style_dim + fact_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.reader = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.to_latent = nn.Linear(hidden_dim, 2 * self.latent_dim)
        self.start = nn.Linear(self.latent_dim, 2 * hidden_dim)
        self.writer = nn.LSTM(embed_dim + self.latent_dim, hidden_dim, batch_first=True)
        self.word_fc = nn.Linear(hidden_dim, vocab_size)

    def init_state(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Given: the writer's first hidden state and cell state (B, H) each, and z itself."""
        return *self.start(z).tanh().chunk(2, dim=1), z

    def step(self, words: Tensor, state: tuple) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Given: one word further, for beam search: words (B,) -> scores (B, V), new state."""
        h, c, z = state
        x = torch.cat([self.embedding(words), z], dim=1).unsqueeze(1)
        out, (h, c) = self.writer(x, (h.unsqueeze(0), c.unsqueeze(0)))
        return self.word_fc(out.squeeze(1)), (h.squeeze(0), c.squeeze(0), z)

    def forward(self, captions: Tensor, lengths: Tensor, noise: Tensor) -> Latent:
        # 1. the reader over the embedded captions; its output at each caption's last real token
        # 2. to_latent of that: mu, then log_variance; a sample z                       (B, Z)
        # 3. the writer, from init_state(z), over [embedding ; z] of all tokens but the last
        # 4. word_fc of its outputs                                                (B, T-1, V)
        ### BEGIN SOLUTION
        embedded = self.embedding(captions)
        read = self.reader(embedded)[0][torch.arange(len(captions)), lengths - 1]
        mu, log_variance = self.to_latent(read).chunk(2, dim=1)
        z = self.sample(mu, log_variance, noise)
        h, c, _ = self.init_state(z)
        fed = torch.cat(
            [embedded[:, :-1], z.unsqueeze(1).expand(-1, captions.shape[1] - 1, -1)], dim=2
        )
        written, _ = self.writer(fed, (h.unsqueeze(0).contiguous(), c.unsqueeze(0).contiguous()))
        styles, facts = split_latent(z, 1, self.style_dim)
        return Latent(self.word_fc(written), mu, log_variance, styles, facts)
        ### END SOLUTION

    def reconstruction_loss(self, output: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        # 1. log-probability of each true next token            (B, T-1)
        # 2. only the real ones; the sum of each caption; the mean over captions
        ### BEGIN SOLUTION
        likely = output.log_softmax(dim=2).gather(2, captions[:, 1:].unsqueeze(2)).squeeze(2)
        places = torch.arange(likely.shape[1], device=lengths.device)
        real = places < (lengths - 1).unsqueeze(1)
        return -likely.masked_fill(~real, 0).sum(dim=1).mean()
        ### END SOLUTION

# %% check="caption_vae"
check("caption_vae")

# %% [markdown] hint="caption_vae"
# <details><summary>A nudge</summary>
#
# Put a caption of three words and one of ten into a batch. What has the reader read of the short
# one at the end of the batch, and where did its own last token stand?
#
# </details>
# <details><summary>The recipe</summary>
#
# The reader's first result holds its output at all places; pick `lengths - 1` of each row. Cut
# `to_latent` in half, sample, `init_state`. Repeat z along the time axis (`expand`), join it behind
# the embeddings of all tokens but the last. An LSTM wants its states with an axis in front. Loss:
# `log_softmax`, `gather` the true tokens, `masked_fill` the places that are not real (NaN times
# zero would be NaN), sum over time, mean over captions.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"For batched 3-D input, hx and cx should also be 3-D"*: the states lack the axis of the layers;
# `unsqueeze(0)`. *"rnn: hx is not contiguous"* on a GPU: `.contiguous()` behind it.
#
# A loss that changes with the pads: the last column is not every caption's last token.
#
# </details>

# %% [markdown]
# The pieces are put together: a VAE with its filters, and the six losses by name. One class serves
# both media, because a batch carries its inputs, labels and bags.

# %%
class Disentangler(nn.Module):
    """A VAE and its filters: what `train_step` trains."""

    def __init__(self, vae: nn.Module, filters: Filters) -> None:
        super().__init__()
        self.vae, self.filters, self.latent_dim = vae, filters, vae.latent_dim

    def forward(self, batch: Batch, noise: Tensor) -> Latent:
        return self.vae(*batch.inputs, noise)

    def discriminator_losses(self, latent: Latent, batch: Batch) -> tuple[Tensor, Tensor]:
        slices = latent.styles, latent.facts
        return discriminator_losses(self.filters, *slices, batch.style_words, batch.fact_words)

    def losses(self, latent: Latent, batch: Batch) -> dict[str, Tensor]:
        slices = latent.styles, latent.facts
        kept = filter_losses(self.filters, *slices, batch.labels, batch.fact_words)
        hidden = adversarial_entropies(self.filters, *slices)
        said = self.vae.reconstruction_loss(latent.output, *batch.inputs)
        names = ("classify_style", "classify_facts", "hide_style", "hide_facts")
        named = dict(zip(names, (*kept, *hidden)))
        return {"reconstruction": said, "kl": kl_divergence(latent.mu, latent.log_variance)} | named

# %% [markdown]
# ### 7 · One minibatch
#
# Algorithm 1 of the paper: *first* the discriminators learn, with RMSProp, from (7) and (8). *Then*
# everything else learns, with Adam, from the weighted sum (12):
#
# $$\mathcal L_{ovr} = \mathcal L_{rec} + \lambda_{kl}\mathrm{KL}
# + \lambda_{cls(s)}\mathcal L_{cls(s)} + \lambda_{adv(s)}\mathcal L_{adv(s)}
# + \lambda_{cls(f)}\mathcal L_{cls(f)} + \lambda_{adv(f)}\mathcal L_{adv(f)}$$
#
# The encoder plays against the discriminators as they are *after* their step.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 30 minutes · about 9 lines*

# %% todo="train_step" difficulty=3 importance=5 minutes=30 lines=9
# TODO train_step: the discriminators first, then all else
def train_step(
    model: nn.Module,
    batch: object,
    noise: Tensor,
    rmsprop: torch.optim.Optimizer,
    adam: torch.optim.Optimizer,
    weights: Mapping[str, float],
) -> dict[str, float]:
    """One minibatch of Algorithm 1 (DSIC, section 3.6): lines 2-4, and for captions 7-9.

    model(batch, noise) -> latent; model.discriminator_losses(latent, batch) -> two scalars, which
    do not reach into the latent's graph; model.losses(latent, batch) -> a dict of scalars by name;
    weights has λ for the same names.
    rmsprop holds the discriminators, adam all other parameters; one step of each, rmsprop first,
    and what adam learns from is computed after it. Gradients that lie there from earlier steps must
    not count, whoever left them, and neither step may use gradients of the other's loss.

    Returns the value of every loss of model.losses, as adam learnt from it, as a plain number.
    """
    # 1. latent; the sum of both discriminator losses; one clean step of rmsprop
    # 2. the losses with the discriminators as they are now; their weighted sum; one step of adam
    # 3. the numbers
    ### BEGIN SOLUTION
    latent = model(batch, noise)
    rmsprop.zero_grad()
    sum(model.discriminator_losses(latent, batch)).backward()
    rmsprop.step()
    losses = model.losses(latent, batch)
    adam.zero_grad()
    sum(weights[name] * loss for name, loss in losses.items()).backward()
    adam.step()
    return {name: loss.item() for name, loss in losses.items()}
    ### END SOLUTION

# %% check="train_step"
check("train_step")

# %% [markdown] hint="train_step"
# <details><summary>A nudge</summary>
#
# Two games of "forget, back, step", one after the other. Which of the losses must be computed after
# the first step?
#
# </details>
# <details><summary>The recipe</summary>
#
# Forward; `rmsprop.zero_grad()`; both discriminator losses added up; `backward()`;
# `rmsprop.step()`. Then `model.losses` of the same latent; `adam.zero_grad()`; the sum of weight
# times loss over the names; `backward()`; `adam.step()`. `.item()` makes numbers.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"one of the variables needed for gradient computation has been modified by an inplace
# operation"*: the second loss was computed before the discriminators moved.
#
# </details>

# %% [markdown]
# ### 8 · Where does the style sit?
#
# *Disentangled space accuracy* (DSA, section 4.2.2): a classifier that had no part in training, a
# logistic regression, learns to read the style from each part of the codes. From the style slice it
# should read it always, from the fact slice no better than the majority class.
#
# *Difficulty 2 of 5 · importance 4 of 5 · 20 minutes · about 5 lines*

# %% todo="disentangled_space_accuracy" difficulty=2 importance=4 minutes=20 lines=5
# TODO disentangled_space_accuracy: a logistic regression of its own for each part of the codes
def disentangled_space_accuracy(
    train_codes: Tensor,
    train_labels: Tensor,
    test_codes: Tensor,
    test_labels: Tensor,
    spaces: Mapping[str, slice],
) -> dict[str, float]:
    """DSA (DSIC, section 4.2.2): the share of test labels that are read right from each space.

    Codes (N, Z) and (M, Z), labels long (N,) and (M,), on the CPU and without gradients; a space,
    such as slice(0, 8), is the columns that its classifier sees. Every space gets a
    LogisticRegression of scikit-learn of its own (import it here), with max_iter=1000 and otherwise
    its defaults, fitted to the train codes alone. Each column is first standardised: minus its
    mean, divided by its deviation, both of the *train* codes (one that never changes is only
    shifted).

    Returns a share in [0, 1] for each name in `spaces`, in their order.
    """
    # For each space:
    # 1. its columns of both sets, standardised by the train codes
    # 2. fit to the train codes; score on the test codes
    ### BEGIN SOLUTION
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    found = {}
    for name, columns in spaces.items():
        probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        probe.fit(train_codes[:, columns].numpy(), train_labels.numpy())
        found[name] = float(probe.score(test_codes[:, columns].numpy(), test_labels.numpy()))
    return found
    ### END SOLUTION

# %% check="disentangled_space_accuracy"
check("disentangled_space_accuracy")

# %% [markdown] hint="disentangled_space_accuracy"
# <details><summary>A nudge</summary>
#
# Which of the four tensors may the classifier, and the standardisation, never see before it is
# scored?
#
# </details>
# <details><summary>The recipe</summary>
#
# `make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))` standardises by what it is
# fitted to and remembers it. `fit` on train columns and labels, `score` on the test's. One new
# pipeline for each space.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"X has 8 features, but LogisticRegression is expecting 136"*: one classifier was used for several
# spaces.
#
# *nan* with a hand-written standardisation: a column that never changes has deviation zero.
#
# </details>

# %% [markdown] stage="train"
# ## Train · the same step for words and pictures
#
# D-Captions and D-Images are trained apart: no caption is ever shown with its picture. The weights
# are the paper's (section 4.4), and so are the style slices; LSTMs and D-Images' fact slice are
# narrower at the tier `small`, where no training takes more than five minutes and the whole
# notebook about twenty.

# %%
def filters_for(vae: nn.Module, slices: int, data: StyledDataset = train) -> Filters:
    """Filters that fit a VAE's slices and a data set's words."""
    return Filters(
        slices=slices,
        style_dim=vae.style_dim,
        fact_dim=vae.latent_dim - slices * vae.style_dim,
        styles=len(data.styles),
        style_words=len(data.style_words),
        fact_words=len(data.fact_words),
    )


def d_captions(data: StyledDataset = train, sample: Callable = reparameterize) -> Disentangler:
    """D-Captions, freshly initialised; its word vectors come from the training captions."""
    torch.manual_seed(SEED)
    widths = {"embed_dim": WIDTHS.caption_embed, "hidden_dim": WIDTHS.caption_hidden}
    slices = {"style_dim": WIDTHS.caption_style, "fact_dim": WIDTHS.caption_facts}
    vae = CaptionVAE(sample, vocab_size=len(data.words), **widths, **slices)
    spoken = (caption.tokens for caption in data.told)
    vae.embedding.weight.data.copy_(word_vectors(spoken, data.word_map, WIDTHS.caption_embed))
    return Disentangler(vae, filters_for(vae, 1, data))

# %%
def train_model(model: nn.Module, name: str, data: tuple, weights: dict, epochs: int):
    """Train on (train, val) examples; checkpoints and history lie in runs/a3/seed_<SEED>/<name>."""
    options = Options(
        weights=weights,
        epochs=epochs,
        batch_size=WIDTHS.batch_size,
        learning_rate=WIDTHS.learning_rate,
        seed=SEED,
        device=DEVICE,
        folder=f"runs/a3/seed_{SEED}/{name}",
        resume=RESUME,
    )
    return fit(model, train_step, *data, options)


TOLD = Captions(train), Captions(val)
speaker = d_captions()
histories = {
    "D-Captions": train_model(speaker, "captions", TOLD, PAPER_CAPTIONS, WIDTHS.caption_epochs)
}

# %%
def d_images() -> Disentangler:
    """D-Images, freshly initialised."""
    torch.manual_seed(SEED)
    vae = ImageVAE(
        reparameterize,
        visual_dim=train.feature_dim,
        hidden_dim=WIDTHS.image_hidden,
        slices=len(STYLES),
        style_dim=WIDTHS.image_style,
        fact_dim=WIDTHS.image_facts,
    )
    return Disentangler(vae, filters_for(vae, len(STYLES)))


if train.feature_dim:
    SEEN, viewer = (Pictures(train), Pictures(val)), d_images()
    histories["D-Images"] = train_model(viewer, "images", SEEN, PAPER_IMAGES, WIDTHS.image_epochs)
blind = {"hide_style": len(train.style_words), "hide_facts": len(train.fact_words)}
pictures.loss_curves(histories, blind);

# %% [markdown]
# **What to see.** Dashed is training, solid validation. Style is known within an epoch. D-Captions'
# words come slowly, and with them its KL grows: what the writer must know passes through the code.
# (9) and (10) are *minus* entropies; dotted is the least possible, all words alike. D-Captions
# moves away from it: its discriminators find something.
#
# **What not to conclude.** That a falling loss (5) shows disentanglement. What the *fact* slice
# knows is another question.

# %% [markdown] stage="test"
# ## Test · Table 3, and what it leaves out
#
# DSA on two kinds of codes: *samples*, as Algorithm 1 draws them, and *means* μ. A sample carries
# noise, a mean does not: a weak trace of the style is drowned in the one and plain in the other.
# Beside it: always guessing the more frequent style, and the n-grams of the caption itself. All
# tables are of the test split.

# %%
def codes(model: nn.Module, kind: type = Captions, held_out: str = "test") -> tuple[Codes, Codes]:
    """Codes of the train split and of a held-out one, always with the same noise."""
    both = train, {"val": val, "test": test}[held_out]
    found = [codes_of(model, kind(x), torch.Generator().manual_seed(SEED)) for x in both]
    return found[0], found[1]


def dsa(found: tuple[Codes, Codes], width: int) -> dict[str, dict[str, float]]:
    """DSA by samples and by means, for codes of one style slice of that width."""
    spaces = {"fact": slice(width, None), "style": slice(0, width), "whole": slice(None)}
    learnt, held_out = found
    labels = learnt.labels[:, 0], held_out.labels[:, 0]
    return {
        name: disentangled_space_accuracy(one, labels[0], two, labels[1], spaces)
        for name, one, two in zip(("means", "samples"), learnt[::2], held_out[::2])
    }

# %%
def show(rows: Mapping[str, Mapping[str, float]]) -> None:
    """A table with a row for each name."""
    columns = list(next(iter(rows.values())))
    print(f"{'':26}" + "".join(f"{column:>15}" for column in columns))
    for name, row in rows.items():
        print(f"{name:26}" + "".join(f"{row[column]:15.3f}" for column in columns))


said = codes(speaker)
table = {f"D-Captions, {by}": row for by, row in dsa(said, WIDTHS.caption_style).items()}
show(table | {"the paper's D-Captions": {"fact": 0.53, "style": 0.94, "whole": 0.98}})
shares = test.labels.bincount(minlength=len(STYLES)) / len(test)
print(f"\nmajority class {shares.max():.3f}; n-grams of the caption {NGRAMS:.3f}")

# %% [markdown]
# **What to see.** By samples the paper's picture appears: style in its slice, next to none among
# the facts. By means the fact slice tells the style as surely as the style slice. The adversary has
# not removed it: it has made it small beside the noise.
#
# **What not to conclude.** That 0.53 in a paper means "contains no style information". It means
# that this classifier did not find any in codes with this much noise. Always ask: samples or means?

# %% [markdown]
# **D-Images in Table 3.** Section 4.2.2 puts each style slice of a picture beside its facts and
# asks which slice it is. But every picture has both slices, each with its own label. So the fact
# slice comes twice, once with each label: exactly 0.5. And a style slice is told from the other one
# by its place. At the tier `small`, an encoder that has learnt *nothing* does as well.

# %%
def table_3(model: nn.Module) -> dict[str, dict[str, float]]:
    """D-Images, read as section 4.2.2 reads it."""
    width = WIDTHS.image_style
    return dsa(tuple(labelled(c, len(STYLES), width) for c in codes(model, Pictures)), width)


if train.feature_dim:
    untrained = d_images()
    show(
        {
            "D-Images, samples": table_3(viewer)["samples"],
            "the same, untrained": table_3(untrained)["samples"],
            "the paper's D-Images": {"fact": 0.52, "style": 0.93, "whole": 0.94},
        }
    )

# %% [markdown]
# **A fairer question.** A picture's *mood* (cheerful or gloomy) decides which style words fit. So
# mood should sit in the style slices; kinds and colours of objects are facts. A logistic regression
# answers each question from samples of the style slices or of the fact slice; half of the pictures
# are a yes, so guessing gives 0.5. A control: the facts of *another picture*.
#
# The paper's weights were tuned on photos. Beside them: $\lambda_{adv(s)}=5$ and
# $\lambda_{adv(f)}=0.5$, which a search on these scenes found.

# %%
def questions(model: nn.Module, by: int = 2) -> dict[str, dict[str, float]]:
    """Mean accuracies over the moods, kinds and colours; `by` 2: samples, 0: means."""
    width = WIDTHS.image_style * len(STYLES)
    spaces = {"style": slice(0, width), "fact": slice(width, None)}
    learnt, held_out = (found[by] for found in codes(model, Pictures))
    truths, asked = contents(0, train.pictures), contents(0, test.pictures)
    answers: dict[str, dict[str, float]] = {}
    for name, truth in truths.items():
        chance = torch.Generator().manual_seed(SEED)
        rows, places = balanced(truth, chance)[:2000], balanced(asked[name], chance)
        known, wanted = (learnt[rows], truth[rows]), asked[name][places]
        answers[name] = disentangled_space_accuracy(*known, held_out[places], wanted, spaces)
        others = held_out[(places + 1) % len(held_out)], wanted
        only = {"other picture": spaces["fact"]}
        answers[name] |= disentangled_space_accuracy(*known, *others, only)
    return answers

# %%
def grouped(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Means over the questions of a kind."""
    groups = {"mood": ["mood"], "kinds of objects": scenes.KINDS, "colours": scenes.COLOURS}
    return {
        group: {key: sum(found[name][key] for name in names) / len(names) for key in found["mood"]}
        for group, names in groups.items()
    }


SEARCHED = PAPER_IMAGES | {"hide_style": 5.0, "hide_facts": 0.5}
if train.feature_dim and DATASET == "scenes":
    better = d_images()
    train_model(better, "images_searched", SEEN, SEARCHED, WIDTHS.image_epochs)
    models = {"untrained": untrained, "the paper's weights": viewer, "searched weights": better}
    for name, model in models.items():
        print(f"\nD-Images, {name}")
        show(grouped(questions(model)))

# %% [markdown]
# **What to see.** With the searched weights the mood is read from the style slices and hardly from
# the facts, kinds and colours the other way round. (5) cannot do this: each slice knows its label
# from the first step on. The entropy (9) does. Style words go with the mood, so the mood has to
# leave the fact slice, and the reconstruction wants it kept somewhere.

# %% [markdown]
# **Has the code collapsed?** A writer that is strong enough needs no code: then the KL falls to
# zero, and $z$ says nothing (*posterior collapse*). Two numbers tell: the KL of a caption, and what
# the same writer loses when its code is always zero.

# %%
def no_code(mu: Tensor, log_variance: Tensor, noise: Tensor) -> Tensor:
    """A sample that says nothing."""
    return torch.zeros_like(mu)


nothing = dict.fromkeys(PAPER_CAPTIONS, 0.0) | {"reconstruction": 1.0}
mute = d_captions(sample=no_code)
mute_history = train_model(mute, "no_code", TOLD, nothing, WIDTHS.caption_epochs)
best = histories["D-Captions"].best
kl_of_style = [part[:, : WIDTHS.caption_style] for part in said[1][:2]]
print(f"KL of a test caption             {kl_divergence(*said[1][:2]).item():7.2f} nats,")
print(f"of which in the style slice      {kl_divergence(*kl_of_style).item():7.2f}")
print(f"reconstruction, validation split {best['val_reconstruction']:7.2f} nats a caption")
print(f"the same without a code          {mute_history.best['val_reconstruction']:7.2f}")

# %% [markdown]
# ### Real captions
#
# The same code learns from people's captions, split by picture (`DATASET`, in the parameters cell;
# these numbers are of `python benchmarks/disentangling.py --real data --seeds 0 1 2` in the
# course's repository, with three seeds):
#
# | held-out captions | n-grams | style, samples | facts, samples | facts, means |
# |---|---|---|---|---|
# | SentiCap, 3,528 | 0.990 | 0.984 ± 0.001 | 0.731 ± 0.018 | 0.985 |
# | FlickrStyle10K, 2,000 | 0.746 | 0.764 ± 0.004 | 0.568 ± 0.014 | 0.763 |

# %% [markdown]
# On FlickrStyle10K the n-grams are right in three of four captions only: many a "romantic" caption
# could be humorous. There the paper's 0.94 is out of reach; a space that tells as much as the words
# do has done all it can.

# %% [markdown] stage="look"
# ## Look · style moved from one caption to the other
#
# Figure 3 of the paper: codes in the plane by t-SNE, coloured by style. Samples, of the test split.

# %%
def split_spaces(title: str, found: Codes, width: int) -> dict[str, Tensor]:
    return {
        f"{title}: style space": found.samples[:, :width],
        f"{title}: fact space": found.samples[:, width:],
    }


mixed = torch.randperm(len(test), generator=torch.Generator().manual_seed(SEED))
shown = Codes(*(part[mixed] for part in said[1]))
spaces = split_spaces("D-Captions", shown, WIDTHS.caption_style)
hues = dict.fromkeys(spaces, shown.labels[:, 0])
if train.feature_dim:
    slices = labelled(codes(viewer, Pictures)[1], len(STYLES), WIDTHS.image_style)
    more = split_spaces("D-Images", slices, WIDTHS.image_style)
    spaces, hues = spaces | more, hues | dict.fromkeys(more, slices.labels[:, 0])

# %% figure="tsne"
pictures.tsne_panels(spaces, hues, STYLES, seed=SEED);

# %% [markdown]
# **What to see.** Style spaces fall apart into the styles, the fact space of D-Captions does not.
#
# **What not to conclude.** That the last panel shows facts without style. Every picture lies there
# twice, once in each colour, by the construction of Table 3.

# %% [markdown]
# **The style of one, the facts of another.** A caption is read, its style slice is replaced by a
# mean style vector, and the writer says the new code. The mean style vector is what Algorithm 1
# (lines 11 to 17) makes for assignment 4: the mean of the style slices of all training captions of
# a style.

# %%
def style_vectors(found: Codes, width: int) -> Tensor:
    """z_s of each style, the mean over its training captions' samples: (S, d)."""
    labels = found.labels[:, 0]
    means = [found.samples[labels == s, :width].mean(0) for s in range(int(labels.max()) + 1)]
    return torch.stack(means)


def retell(model: nn.Module, means: Tensor, style: Tensor, data: StyledDataset = test) -> list:
    """Captions with codes `means`, said with these style vectors (N, d) in place of their own."""
    z = torch.cat([style, means[:, style.shape[1] :]], dim=1)
    ids = say(model.vae, z, data.word_map, max_length=SIZE.max_length)
    return [data.decode(caption) for caption in ids]

# %%
vectors = style_vectors(said[0], WIDTHS.caption_style)
turned = (test.labels + 1) % len(STYLES)
retold = retell(speaker, said[1].mu, vectors[turned])
again = retell(speaker, said[1].mu, vectors[test.labels])
for i in mixed[:4].tolist():
    print(f"{STYLES[test.labels[i]]:10} {' '.join(test.told[i].tokens)}")
    print(f"{'-> ' + STYLES[turned[i]]:10} {' '.join(retold[i])}\n")

# %%
def kept(captions: list, originals: list) -> float:
    """The share of the originals' fact words that is still said."""
    facts = [{word for word in told if word in train.fact_words} for told in originals]
    pairs = [(mine, set(new)) for mine, new in zip(facts, captions) if mine]
    return sum(len(mine & new) / len(mine) for mine, new in pairs) / len(pairs)


originals = [caption.tokens for caption in test.told]
rows = {}
for name, captions, wanted in (("own style", again, test.labels), ("other style", retold, turned)):
    rows[f"retold in its {name}"] = {
        "style": READER.accuracy(captions, wanted.tolist()),
        "facts": kept(captions, originals),
        "others'": kept(captions, originals[1:] + originals[:1]),
    }
show(rows)

# %% [markdown]
# **What to see.** *style*: how often the n-gram classifier hears the style that was asked for.
# *facts*: the share of the fact words that survive; *others'*: the same against another caption,
# which is what luck gives. The style changes nearly always. Not all facts survive: the writer has
# learnt from noisy samples, and guesses what the noise has hidden.

# %% [markdown]
# **Four voices.** D-Captions again, on scenes told in all four styles of our world. One caption,
# four style vectors.

# %%
VOICES = scenes.STYLES if DATASET == "scenes" else STYLES
if DATASET == "scenes":
    folder = prepare("scenes", SIZE, styles=VOICES, pictures="none")
    many = {split: StyledDataset(folder, split) for split in ("train", "val", "test")}
    quartet = d_captions(many["train"])
    both = Captions(many["train"]), Captions(many["val"])
    epochs = max(1, WIDTHS.caption_epochs // 2)
    train_model(quartet, "four_voices", both, PAPER_CAPTIONS, epochs)
else:
    many, quartet = {"train": train, "val": val, "test": test}, speaker

# %%
CHOSEN = 0  # the number of a test caption


def chorus(chosen: int) -> dict[str, str]:
    """One caption told in all voices."""
    learnt, held_out = (
        codes_of(quartet, Captions(many[x]), torch.Generator().manual_seed(SEED))
        for x in ("train", "test")
    )
    vectors = style_vectors(learnt, WIDTHS.caption_style)
    means = held_out.mu[chosen].expand(len(VOICES), -1)
    captions = retell(quartet, means, vectors, many["test"])
    return {"(heard)": " ".join(many["test"].told[chosen].tokens)} | {
        voice: " ".join(words) for voice, words in zip(VOICES, captions)
    }

# %% figure="voices"
marked = dict.fromkeys(VOICES, many["train"].style_words.words)
photo = torch.full((3, 8, 8), 240, dtype=torch.uint8)
if test.feature_dim:
    photo = test.images()[test.pictures.index(many["test"].told[CHOSEN].picture)]
pictures.told_with(photo, chorus(CHOSEN), marked);

# %% [markdown] stage="improve"
# ## Improve · what would pull them further apart?
#
# **What would you change?** Ideas, from small to large: the λ ($\lambda_{kl}$ first); more
# discriminator steps per minibatch; a wider style slice, or a narrower fact slice; words dropped
# from what the writer hears.
#
# Change one thing at a time; believe a difference after another `SEED`. `val_loss` cannot choose
# between two sets of λ, for it is weighted with them: numbers of the *validation* split can. `MINE`
# is an example.

# %%
def on_validation(model: nn.Module) -> dict[str, float]:
    """DSA by samples, and the fact words that survive a retelling in the other style."""
    found, width = codes(model, held_out="val"), WIDTHS.caption_style
    other = (val.labels + 1) % len(STYLES)
    captions = retell(model, found[1].mu, style_vectors(found[0], width)[other], val)
    spoken = [caption.tokens for caption in val.told]
    return dsa(found, width)["samples"] | {
        "restyled": READER.accuracy(captions, other.tolist()),
        "facts": kept(captions, spoken),
    }


MINE = PAPER_CAPTIONS | {"hide_style": 5.0}  # your change
mine = d_captions()
train_model(mine, "mine", TOLD, MINE, WIDTHS.caption_epochs)
show({"D-Captions": on_validation(speaker), "my change": on_validation(mine)})

# %% [markdown]
# ### Extra, 0 points · without any labels
#
# Three famous objectives disentangle without labels: β-VAE (here a $\lambda_{kl}$ ten times as
# large), FactorVAE (a critic estimates how dependent the entries of $z$ are), DIP-VAE (the codes'
# covariance is pushed towards the identity). Your `train_step` trains them as it is: FactorVAE's
# critic plays the part of the discriminators. Do they put the style into a slice of its own?

# %%
OBJECTIVES = {
    "beta": {"reconstruction": 1.0, "kl": 0.3, "term": 0.0},
    "factor": {"reconstruction": 1.0, "kl": 0.03, "term": 1.0},
    "dip": {"reconstruction": 1.0, "kl": 0.03, "term": 0.1},
}
for kind, weights in OBJECTIVES.items():  # a third of the epochs
    free = Unsupervised(d_captions().vae, kind, kl_divergence, SEED)
    train_model(free, kind, TOLD, weights, max(1, WIDTHS.caption_epochs // 3))
    table[f"{kind}, samples"] = dsa(codes(free), WIDTHS.caption_style)["samples"]
show(table)

# %% [markdown]
# **What to see.** Their first eight entries, which D-Captions uses for style, tell the style no
# better than the rest: without a label nothing says which entries should hold it. Locatello et al.
# (2019) prove that this is no accident.
#
# **Hand over.** `FINAL` is the model that speaks for you. It goes to assignment 4, and into
# `runs/a3/predictions.json`, which a class may compare: of every test picture and style, a caption
# of another style, told again (picture: style: caption).

# %%
FINAL = speaker  # or mine


def hand_over(path: str, viewer: nn.Module, speaker: nn.Module) -> Path:
    """Both modules in one file, as assignment 4 takes them."""
    learnt, width = codes(speaker)[0], WIDTHS.caption_style
    counts = train.picture_of.bincount().unsqueeze(1)  # captions of each picture
    facts = learnt.mu[:, width:]
    return save_modules(
        path,
        image_vae=viewer.vae,
        caption_vae=speaker.vae,
        style_vectors=style_vectors(learnt, width),
        facts=facts.new_zeros(len(counts), facts.shape[1]).index_add_(0, train.picture_of, facts)
        / counts,
        dataset=train,
        about={"tier": SIZE.name, "seed": SEED},
    )


if train.feature_dim:
    chosen = better if DATASET == "scenes" else viewer
    print("for assignment 4:", hand_over("runs/a3/modules.safetensors", chosen, FINAL))

# %%
wanted = {  # (picture, style) -> the first caption of that picture in another style
    (caption.picture, style): i
    for i, caption in reversed(list(enumerate(test.told)))
    for style in STYLES
    if style != caption.style
}
rows_of, targets = list(wanted.values()), [STYLES.index(style) for _, style in wanted]
learnt, held_out = codes(FINAL)
final_vectors = style_vectors(learnt, WIDTHS.caption_style)
final = retell(FINAL, held_out.mu[rows_of], final_vectors[targets])
predictions: dict[str, dict[str, str]] = {}
for (picture, style), words in zip(wanted, final):
    predictions.setdefault(picture, {})[style] = " ".join(words)
path = Path("runs/a3/predictions.json")
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps(predictions, indent=1), encoding="utf-8")
print(f"captions of {len(predictions)} pictures in {path}")
progress()

# %% [markdown] stage="report"
# ## Report · five questions and your sources (20 points)
#
# Write for somebody who knows deep learning but not this notebook. Every number needs its data set
# and split, every claim the number or picture that it rests on. Five to ten sentences for each.

# %% [markdown]
# **1 · How does it work?** (5 points) Explain D-Captions: reader, posterior, sample, slices,
# writer, the six losses and the two of the discriminators. Say for each loss which parameters it
# trains and which it must not move.

# %% [markdown] report="q1" points=5
# An LSTM reads the caption; its hidden state at the last token gives μ and log σ² of a Gaussian. A
# sample z = μ + σε is cut into a style slice (8 numbers) and a fact slice (128). A second LSTM,
# started by z and hearing it with every word, writes the caption again. The reconstruction loss
# (13) and the KL train reader, writer and word vectors. (5) trains the style classifier and,
# through the style slice, the reader; (6) the fact classifier and, through the fact slice, the
# reader. (7) and (8) train the two discriminators and nothing else: the slices are detached. (9)
# and (10) train the reader to make the discriminators unsure and must not move them: their weights
# are held still. RMSProp moves the discriminators first, then Adam moves all else against them as
# they are then.

# %% [markdown]
# **2 · Samples or means?** (4 points) Give DSA on both for the style space and the fact space, with
# the majority class. Why do they differ? Which would you report, and what does the paper's 0.53
# show?

# %% [markdown] report="q2" points=4
# Scenes, tier small, seed 0, test split (2,000 captions, majority class 0.500): by samples 1.000
# from the style space and 0.567 from the fact space, by means 1.000 from both. The two differ
# because the adversary sees samples: it only has to push the trace of the style below the noise of
# the fact slice, and there it stays, in the means. I would report both, and the means first if
# somebody claims that the facts "contain no style". The paper's 0.53 shows that a logistic
# regression reads nearly nothing from codes with that much noise; our 0.567 says the same, and is
# compatible with a fact space that knows the style perfectly.

# %% [markdown]
# **3 · What does D-Images know?** (3 points) Why does an untrained encoder reach 0.50 for the facts
# and nearly 1.00 for style and whole in Table 3? What do mood, kinds and colours show instead?

# %% [markdown] report="q3" points=3
# In Table 3 every picture appears with both labels. Its facts are the same in both rows, so they
# give exactly 0.500; its two style slices are different functions of the picture, which a linear
# classifier tells apart by their place: an untrained encoder reaches 0.982 and 0.986 on the test
# split. The questions about the scene cannot be answered so. With the paper's weights the facts
# know the mood better (0.862) than the style slices (0.549); with the searched weights it is 0.593
# and 0.860, while kinds (0.957 against 0.693) and colours (0.998 against 0.569) stay in the facts.
# The facts of another picture give 0.48 to 0.49.

# %% [markdown]
# **4 · Your own improvement.** (4 points) What did you change, what did you expect, and what
# happened? A failure that is measured and understood counts as much as a success.

# %% [markdown] report="q4" points=4
# I raised the weight of the style adversary from 1 to 5, expecting less style in the facts. On the
# validation split (seed 0) DSA of the fact space by samples went from 0.554 to 0.580, no gain. The
# fact words that survive a retelling fell from 0.898 to 0.698, though the codes hold more than
# before (KL 74 nats, it was 62): facts and style seem to share directions that the game now
# disturbs; I have not shown that. All retellings had the wanted style before, so there was nothing
# to win there. I would keep the paper's 1, and try a discriminator of the style itself instead.

# %% [markdown]
# **5 · Two captions retold.** (3 points) Show one exchange of styles that went well and one that
# went wrong. What in the numbers above explains the second?

# %% [markdown] report="q5" points=3
# Good: "an awful purple house simply horrible" became "a trusty purple house simply perfect": the
# adjective and the afterthought changed sides, the fact stayed. Wrong: "a cheap blue ball with a
# purple kitty and a large green flower on a snowy day" became "a nice blue ball near a purple dog
# and an orange mushroom on a snowy day": three facts of six were lost. Fact words survive in 0.902
# of the cases (0.643 by luck), and a caption's later objects are the first to go: they are the
# rarest combinations, and the 54 nats of the fact slice are spent on what comes often.

# %% [markdown]
# **Sources and tools.** (1 point) List everything that helped: papers, code, people, and AI tools
# with what you used them for. Using with saying so is science.

# %% [markdown] report="sources" points=1
# DSIC (Lin et al.); Kingma and Welling 2014 (VAE); John et al. 2019 (adversarial bags of words);
# Higgins et al. 2017, Kim and Mnih 2018, Kumar et al. 2018 (objectives without labels); Locatello
# et al. 2019; the documentation of PyTorch and scikit-learn. No other code. AI tools: none in this
# model answer.
