# %% [markdown]
# # Assignment 5 · A picture from words
#
# *A red car at night.* Can a network draw it? You build GAN-CLS (Reed et al. 2016, as section 1.2
# of a survey describes it, below the **source**, a Chinese text that you do not need): a generator
# that draws from noise and words, and a judge that must also see through a real picture with the
# *wrong* words.
#
# You write eight short pieces (four hours, 80 points), then train, measure, look, improve, and
# report (20 points). No code of earlier assignments is needed.

# %%
from autograder.notebook import begin

check, hint, progress = begin("a5_gan_cls", globals())

# %% tags=["parameters"]
import os

TIER = os.environ.get("COURSE_TIER", "small")  # "tiny": seconds, "small": a laptop, "full": a GPU
DATASET = "scenes"  # or "scenes2" (two objects), "cub", "oxford102"
DEVICE = "auto"  # "cpu", "cuda", or "auto": CUDA where there is one
SEED = 0
RESUME = os.environ.get("COURSE_RESUME") == "1"  # go on with the training that lies in `runs`

# %%
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from starter_code import plots
from starter_code.text_to_image.solver import Batch, Losses
from starter_code.tiers import tier

# %% [markdown] stage="see"
# ## See

# %% [markdown] stage="build"
# ## Build: eight small pieces
#
# Each docstring is a whole contract. Fill the gap, run the check under it, read what it says,
# repeat. Stuck? `hint("mismatched")`, or open the boxes under the check; `progress()` shows your
# points. No piece needs an earlier one: what a piece needs of others comes in as an argument. Never
# change a tensor that you are given.
#
# Letters: B batch, E entries of a text's embedding, Z of the noise, S side of the pictures, C
# channels.

# %% [markdown]
# ### 1 · Words and pictures in one space
#
# The text encoder $\varphi$ is trained before the game, beside a picture encoder, so that pairs
# which belong together have a large dot product $F_{ij} = v_i \cdot t_j$ (Reed et al., CVPR 2016).
# With $N_i$ the texts that are *not true* of picture $i$ and $M_j$ the pictures of which text $j$
# is not true:
#
# $$\mathcal L = \frac1B\sum_i \frac{1}{|N_i|}\sum_{j \in N_i} [m - F_{ii} + F_{ij}]_+
# + \frac1B\sum_j \frac{1}{|M_j|}\sum_{i \in M_j} [m - F_{jj} + F_{ij}]_+$$
#
# "A red car" may be true of three pictures of a batch: nobody shall push them apart.
#
# *Difficulty 3 of 5 · importance 3 of 5 · 30 minutes · about 7 lines*

# %% todo="joint_embedding_loss" difficulty=3 importance=3 minutes=30 lines=7
# TODO joint_embedding_loss: each picture nearer to its own text than to wrong ones, and back
def joint_embedding_loss(
    pictures: Tensor, texts: Tensor, fits: Tensor, margin: float = 1.0
) -> Tensor:
    """Symmetric hinge of Reed et al. (CVPR 2016), where more than one text may be true.

    pictures, texts (B, E): row i belongs to row i; fits (B, B) bool: fits[i, j] says whether text j
    is true of picture i. It is true on the diagonal and need not be symmetric.

    F_ij = pictures_i · texts_j, as they are: nothing is scaled to length one. For each picture the
    mean of max(0, margin - F_ii + F_ij) over the texts j not true of it; for each text the mean of
    max(0, margin - F_jj + F_ij) over the pictures i of which it is not true. A picture or a text
    that has none counts zero. Returns the mean over all B pictures plus the mean over all B texts,
    a scalar of the embeddings' type that can always be differentiated (with gradient zero where
    nothing is wrong).
    """
    # 1. all dot products, and those of the pairs that belong together    (B, B), (B,)
    # 2. hinges of each picture against its wrong texts: mean over these  (B,)
    # 3. hinges of each text against its wrong pictures: mean over these  (B,)
    # 4. mean over the pictures plus mean over the texts                  ()
    ### BEGIN SOLUTION
    scores = pictures @ texts.T
    own = scores.diagonal()
    wrong = (~fits).to(scores.dtype)
    by_picture = wrong * F.relu(margin - own[:, None] + scores)
    by_text = wrong * F.relu(margin - own[None, :] + scores)
    of_pictures = by_picture.sum(dim=1) / wrong.sum(dim=1).clamp(min=1)
    of_texts = by_text.sum(dim=0) / wrong.sum(dim=0).clamp(min=1)
    return of_pictures.mean() + of_texts.mean()
    ### END SOLUTION

# %% check="joint_embedding_loss"
check("joint_embedding_loss")

# %% [markdown] hint="joint_embedding_loss"
# <details><summary>A nudge</summary>
#
# Both sums run over the same table of dot products. Which entry of the diagonal does F_ij lose to
# in the first sum, which in the second? Along which axis does each mean run?
#
# </details>
# <details><summary>The recipe</summary>
#
# `pictures @ texts.T` is the table, `.diagonal()` its own pairs: as a column for the pictures, as a
# row for the texts. Multiply the hinges by `~fits` as numbers, add up along an axis, divide by how
# many there are, at least 1. Then two means and their sum.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *NaN*: a picture of which every text is true, and zero divided by zero.
#
# *"Subtraction, the `-` operator, with a bool tensor is not supported"*: turn the truth values
# around with `~`.
#
# </details>

# %% [markdown]
# ### 2 · The generator
#
# Figure 2 of the source, left: the text's embedding is compressed to 128 numbers and a leaky ReLU,
# set beside the noise, and unfolded into a picture by up-convolutions:
#
# $$\hat x = \tanh\big(\mathrm{up}([z\,;\ \mathrm{lrelu}(W \varphi(t) + b)])\big)$$
#
# A transposed convolution of stride 2 doubles the side; the first one turns a single point with
# Z + 128 channels into 4 × 4. Pictures live in [-1, 1], like all real ones here.
#
# *Difficulty 2 of 5 · importance 5 of 5 · 20 minutes · about 4 lines*

# %% todo="generator" difficulty=2 importance=5 minutes=20 lines=4
# TODO generator: from noise and a text's embedding to a picture
class Generator(nn.Module):
    """Generator of Figure 2 (source, section 1.2.2).

    forward(noise (B, Z), texts (B, E)) -> pictures (B, 3, S, S), each number between -1 and 1

    The text goes through `project` and a leaky ReLU of slope 0.2, the noise goes in as it is. Noise
    first, then text. S is a power of two, at least 8. B may be 1 in evaluation mode.
    """

    def __init__(
        self, noise_dim: int, text_dim: int, size: int = 32, width: int = 64, projection: int = 128
    ) -> None:
        super().__init__()
        self.noise_dim = noise_dim
        self.project = nn.Linear(text_dim, projection)
        channels = width * size // 8
        self.start = nn.ConvTranspose2d(noise_dim + projection, channels, 4, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels), nn.ReLU()]
        while channels > width:  # 4 x 4 -> 8 x 8 -> ... -> S/2 x S/2
            layers += [nn.ConvTranspose2d(channels, channels // 2, 4, 2, 1, bias=False)]
            channels //= 2
            layers += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.up = nn.Sequential(*layers, nn.ConvTranspose2d(channels, 3, 4, 2, 1))

    def forward(self, noise: Tensor, texts: Tensor) -> Tensor:
        # 1. the text, compressed                       (B, 128)
        # 2. noise and text joined, as a single point   (B, Z + 128, 1, 1)
        # 3. unfolded: start, 4 x 4 places; up, S x S   (B, 3, S, S)
        # 4. brought to between -1 and 1
        ### BEGIN SOLUTION
        told = F.leaky_relu(self.project(texts), 0.2)
        point = torch.cat([noise, told], dim=1)[:, :, None, None]
        return torch.tanh(self.up(self.start(point)))
        ### END SOLUTION

# %% check="generator"
check("generator")

# %% [markdown] hint="generator"
# <details><summary>A nudge</summary>
#
# Write the shape behind each line of the recipe. Which of the four lines makes four axes out of
# two?
#
# </details>
# <details><summary>The recipe</summary>
#
# `F.leaky_relu(self.project(texts), 0.2)`; `torch.cat` along the features, noise first;
# `[:, :, None, None]` adds two axes of length one; `self.start`, `self.up`, `torch.tanh`.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"Expected 3D (unbatched) or 4D (batched) input"*: the two axes of length one are missing.
#
# *"expected input to have ... channels"*: the text was joined before it was compressed.
#
# *"Expected more than 1 value per channel when training"*: batch normalisation of one single
# picture; that is what evaluation mode is for.
#
# </details>

# %% [markdown]
# ### 3 · The discriminator
#
# Figure 2, right. Convolutions of stride 2 bring the picture down to 4 × 4. There the text joins:
# compressed to 128, leaky ReLU, and the *same* 128 numbers at each of the 16 places. A 1 × 1
# convolution looks at both together, a 4 × 4 convolution says one number.
#
# That number is a *logit* $s$; the probability is $\sigma(s)$, and the losses take care of it.
# Nothing is normalised behind the join: statistics of the batch would betray what kind of batch it
# is.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 30 minutes · about 6 lines*

# %% todo="discriminator" difficulty=3 importance=5 minutes=30 lines=6
# TODO discriminator: does this picture show what the text says, and is it real?
class Discriminator(nn.Module):
    """Discriminator of Figure 2 (source, section 1.2.2).

    forward(pictures (B, 3, S, S), texts (B, E)) -> logits (B,), any real numbers

    `look` brings the pictures to (B, C, 4, 4). The text goes through `project` and a leaky ReLU of
    slope 0.2 and joins at every place, behind the C channels of the picture. Then `join`, a leaky
    ReLU of slope 0.2, and `judge`. B may be 1 in evaluation mode.
    """

    def __init__(
        self, text_dim: int, size: int = 32, width: int = 64, projection: int = 128
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        channels = width
        while channels < width * size // 8:  # ... -> 8 x 8 -> 4 x 4
            layers += [nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)]
            channels *= 2
            layers += [nn.BatchNorm2d(channels), nn.LeakyReLU(0.2)]
        self.look = nn.Sequential(*layers)
        self.project = nn.Linear(text_dim, projection)
        self.join = nn.Conv2d(channels + projection, channels, 1)
        self.judge = nn.Conv2d(channels, 1, 4)

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        # 1. the pictures, seen                                  (B, C, 4, 4)
        # 2. the text, compressed                                (B, 128)
        # 3. the text at each of the 16 places                   (B, 128, 4, 4)
        # 4. joined, 1 x 1 convolution, leaky ReLU               (B, C, 4, 4)
        # 5. 4 x 4 convolution; one number for each picture      (B,)
        ### BEGIN SOLUTION
        seen = self.look(pictures)
        told = F.leaky_relu(self.project(texts), 0.2)
        everywhere = told[:, :, None, None].expand(-1, -1, *seen.shape[2:])
        joined = F.leaky_relu(self.join(torch.cat([seen, everywhere], dim=1)), 0.2)
        return self.judge(joined).flatten()
        ### END SOLUTION

# %% check="discriminator"
check("discriminator")

# %% [markdown] hint="discriminator"
# <details><summary>A nudge</summary>
#
# The text is a row of 128 numbers, the seen picture a block of C × 4 × 4. What must the text become
# so that `torch.cat` can put it behind the channels?
#
# </details>
# <details><summary>The recipe</summary>
#
# `told[:, :, None, None].expand(-1, -1, 4, 4)` stands at every place. `torch.cat([seen, ...], 1)`,
# `self.join`, `F.leaky_relu(..., 0.2)`, `self.judge`, and `.flatten()` of (B, 1, 1, 1).
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"Sizes of tensors must match except in dimension 1"*: the text has not been repeated over the
# places.
#
# An answer of shape () for a batch of one: `squeeze` drops every axis of length one, the batch's
# too.
#
# </details>

# %% [markdown]
# ### 4 · The wrong text
#
# Line 8 of Algorithm 1 wants a real picture with a text that is wrong. A shifted batch is not
# enough: with 12 kinds and 6 colours, some of 63 other texts names the same thing more often than
# not. A pair that is right and called wrong teaches the judge to say no to the truth. So a lot is
# drawn for each pair, and the largest lot among the texts that are *not true* of the picture wins.
#
# *Difficulty 2 of 5 · importance 4 of 5 · 20 minutes · about 4 lines*

# %% todo="mismatched" difficulty=2 importance=4 minutes=20 lines=4
# TODO mismatched: for each picture a text that is not true of it, by lot
def mismatched(fits: Tensor, lots: Tensor) -> Tensor:
    """Whose text each picture is shown with wrongly (Algorithm 1, line 4).

    fits (B, B) bool: fits[i, j] says whether text j is true of picture i; true on the diagonal.
    lots (B, B) floating, each from 0 up to below 1; 0 itself occurs, and no number says in advance
    which. B >= 2.

    Returns rows (B,) long: for each picture i the text j with the largest lots[i, j] among those
    that are not true of it. If all texts are true of it, the one with the largest lot among the
    *other* texts, j != i. Equal lots: the first of them. So no picture ever gets its own text, and
    nothing is drawn in here.
    """
    # 1. which texts a picture may get: those not true of it            (B, B)
    # 2. for a picture without any: all but its own
    # 3. the largest lot among these                                    (B,)
    ### BEGIN SOLUTION
    own = torch.eye(len(fits), dtype=torch.bool, device=fits.device)
    allowed = torch.where(fits.all(dim=1, keepdim=True), ~own, ~fits)
    return lots.masked_fill(~allowed, -1).argmax(dim=1)
    ### END SOLUTION

# %% check="mismatched"
check("mismatched")

# %% [markdown] hint="mismatched"
# <details><summary>A nudge</summary>
#
# A lot may be 0. What must the lots of forbidden texts become so that they never win?
#
# </details>
# <details><summary>The recipe</summary>
#
# `~fits` says what is allowed. `fits.all(dim=1, keepdim=True)` finds the pictures without a wrong
# text; `torch.where` gives them "all but the diagonal" instead (`torch.eye` with `dtype=torch.bool`
# on the device of fits). Fill the forbidden lots with -1 in a *new* tensor (`masked_fill`, without
# the underscore), and take `argmax` of each row.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# A picture with its own text, once in many batches: forbidden lots were multiplied by zero, and
# another lot was zero as well.
#
# *"Expected all tensors to be on the same device"*, on a GPU only: a tensor was made on the CPU.
#
# </details>

# %% [markdown]
# ### 5 · The judge's loss
#
# Algorithm 1, line 10, has three judgements: a real picture with its text, $s_r$; a real picture
# with a wrong text, $s_w$; a fake with the text that it was drawn for, $s_f$:
#
# $$\mathcal L_D = \log D_r + \tfrac12\big(\log(1-D_w) + \log(1-D_f)\big), \qquad D = \sigma(s)$$
#
# The larger, the better the judge. Line 11 is printed as a step *down* on it, a slip: we minimise
# $-\mathcal L_D$. Both kinds of *no* together weigh as much as the *yes*. Without wrong pairs (plain
# GAN) the fakes weigh 1.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 30 minutes · about 5 lines*

# %% todo="discriminator_loss" difficulty=3 importance=5 minutes=30 lines=5
# TODO discriminator_loss: yes to right pairs, no to wrong ones and to fakes
def discriminator_loss(right: Tensor, wrong: Tensor | None, fake: Tensor) -> Tensor:
    """Minus L_D of Algorithm 1 (line 10), to be minimised.

    right, wrong, fake: logits (B,) of three kinds of pairs; the three may differ in B, and each
    kind is averaged by itself. wrong is None for a GAN without wrong pairs; then fakes weigh 1
    instead of one half. Returns a scalar. Logits of -1000 or 1000 give finite losses and gradients.
    """
    # 1. minus log D, averaged over the right pairs               ()
    # 2. minus log(1 - D), averaged over the fakes                ()
    # 3. the same over the wrong pairs, if there are any          ()
    # 4. the weighted sum
    ### BEGIN SOLUTION
    yes = F.softplus(-right).mean()
    no = F.softplus(fake).mean()
    if wrong is not None:
        no = (F.softplus(wrong).mean() + no) / 2
    return yes + no
    ### END SOLUTION

# %% check="discriminator_loss"
check("discriminator_loss")

# %% [markdown] hint="discriminator_loss"
# <details><summary>A nudge</summary>
#
# Write $-\log\sigma(s)$ without a fraction. What is $1 - \sigma(s)$?
#
# </details>
# <details><summary>The recipe</summary>
#
# $-\log\sigma(s) = \log(1 + e^{-s})$ and $-\log(1-\sigma(s)) = \log(1 + e^{s})$: both are
# `F.softplus`. (`F.binary_cross_entropy_with_logits` does the same.) Check by hand: with all logits
# zero the loss is $2 \ln 2 = 1.386$, with wrong pairs and without.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *inf* or *NaN* after some steps: the logarithm of a sigmoid that was rounded to zero.
#
# A loss that hardly leaves 1.39: a sigmoid was taken twice.
#
# </details>

# %% [markdown]
# ### 6 · The generator's loss
#
# The generator wants the judge to say yes to its fakes. The game says: make $\log(1 - D_f)$ small.
# Algorithm 1, line 12, says: make $\log D_f$ large. Both want the same, but where every fake is
# found out ($s_f \ll 0$) the first is flat, and the second is not. We minimise $-\log D_f$.
#
# *Difficulty 1 of 5 · importance 5 of 5 · 10 minutes · about 1 line*

# %% todo="generator_loss" difficulty=1 importance=5 minutes=10 lines=1
# TODO generator_loss: the judge shall take fakes for real
def generator_loss(fake: Tensor) -> Tensor:
    """Minus L_G of Algorithm 1 (line 12), to be minimised: the mean of minus log D.

    fake: logits (B,) -> a scalar. Logits of -1000 or 1000 give finite losses and gradients.
    """
    # 1. minus log D of each fake, averaged
    ### BEGIN SOLUTION
    return F.softplus(-fake).mean()
    ### END SOLUTION

# %% check="generator_loss"
check("generator_loss")

# %% [markdown] hint="generator_loss"
# <details><summary>A nudge</summary>
#
# The generator wants for its fakes what the judge wants for right pairs.
#
# </details>
# <details><summary>The recipe</summary>
#
# One line: `F.softplus` of something, averaged. At a logit of zero it is $\ln 2$, and it *falls*
# when the logit rises.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# A generator that learns nothing though the losses look well: the slope of the loss is zero where
# fakes are found out. Pictures that get worse: the sign.
#
# </details>

# %% [markdown]
# ### 7 · Between two texts
#
# Nobody wrote a text half-way between two captions, yet their embeddings have a middle. GAN-INT
# asks for pictures there, too (source, section 1.2.2, manifold interpolation):
#
# $$\hat t = \beta t_1 + (1-\beta)\,t_2, \qquad \mathcal L_{int} = -\log D\big(G(z, \hat t), \hat t\big)$$
#
# The source prints $\log(1 - D)$, which is flat where fakes are found out; we take the same form as
# in 6. It leaves open which text the judge sees: $\hat t$, of course. No real picture belongs to
# $\hat t$, so this is a term of the generator alone.
#
# *Difficulty 2 of 5 · importance 3 of 5 · 20 minutes · about 3 lines*

# %% todo="interpolation_loss" difficulty=2 importance=3 minutes=20 lines=3
# TODO interpolation_loss: pictures between two texts shall look real, too
def interpolation_loss(
    generator: Callable[[Tensor, Tensor], Tensor],
    discriminator: Callable[[Tensor, Tensor], Tensor],
    noise: Tensor,
    texts: Tensor,
    partners: Tensor,
    beta: float = 0.5,
) -> Tensor:
    """GAN-INT's term of the generator (source, section 1.2.2), with -log D for log(1 - D).

    generator(noise (B, Z), texts (B, E)) -> pictures; discriminator(pictures, texts) -> logits (B,)
    partners (B,) long: text i is mixed with text partners[i], beta parts of the first, 1 - beta of
    the second. The noise is not mixed. Each network is called once. Gradients flow through both;
    whose parameters move is the optimiser's affair.

    Returns a scalar, the mean of -log D over the batch; finite for logits of -1000 or 1000.
    """
    # 1. the mixed texts                                 (B, E)
    # 2. pictures drawn for them, judged with them       (B,)
    # 3. minus log D, averaged                           ()
    ### BEGIN SOLUTION
    between = beta * texts + (1 - beta) * texts[partners]
    judged = discriminator(generator(noise, between), between)
    return F.softplus(-judged).mean()
    ### END SOLUTION

# %% check="interpolation_loss"
check("interpolation_loss")

# %% [markdown] hint="interpolation_loss"
# <details><summary>A nudge</summary>
#
# Three things go in by rows: noise, texts, partners. Which of them is mixed, and which is used to
# say with whom?
#
# </details>
# <details><summary>The recipe</summary>
#
# `texts[partners]` are the second texts. Mix; draw with the noise as it is; let the discriminator
# see the picture *and* the mixed text; then as in 6, within this function.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"tensors used as indices must be long"*: texts and partners have changed places.
#
# Embeddings that change from step to step: `*=` works on the given tensor itself.
#
# </details>

# %% [markdown]
# ### 8 · One minibatch
#
# Algorithm 1, lines 6 to 13. *First* the judge learns from three kinds of pairs; its fakes are cut
# off from the generator. *Then* the generator learns from the judge as it is *now*. The algorithm
# prints the score from before the judge's step; a gradient through a judge that has moved since is
# nobody's gradient, so we judge afresh.
#
# Right, wrong and fake pairs go through the judge in *calls of their own*: its batch normalisation
# must not see real and fake mixed.
#
# *Difficulty 4 of 5 · importance 5 of 5 · 45 minutes · about 15 lines*

# %% todo="train_step" difficulty=4 importance=5 minutes=45 lines=15
# TODO train_step: the judge first, then the generator
def train_step(
    generator: nn.Module,
    discriminator: nn.Module,
    optimizers: tuple[Optimizer, Optimizer],
    batch: Batch,
    losses: Losses,
    wrong_pairs: bool = True,
    interpolate: float = 0.0,
) -> dict[str, float]:
    """One minibatch of Algorithm 1 (lines 6 to 13): one step of each network.

    optimizers: the generator's, the discriminator's. batch: pictures (B, 3, S, S), texts and wrong
    (B, E), noise (B, Z), partners (B,). losses: discriminator(right, wrong or None, fake),
    generator(fake), interpolation(generator, discriminator, noise, texts, partners), each a scalar.

    The batch's fakes are drawn once, from its noise and texts; the judge learns from them without
    a gradient to the generator. For its step it is called once for each kind of pairs (right,
    wrong, fake); without wrong_pairs not with wrong ones, and its loss gets None. The generator then
    learns from a fresh judgement of the same fakes by the judge after its step; where interpolate
    is not 0, interpolate times `interpolation` is added, else it is not called. Gradients from
    before never count, whoever left them (set to zero or to None: both are right).

    Returns plain numbers: "discriminator", "generator" (without interpolation), "interpolation" (as
    it is, not weighted; 0.0 if not called). All else in networks and batch stays as it is.
    """
    generator_optimizer, discriminator_optimizer = optimizers
    # 1. the fakes                                                    (B, 3, S, S)
    # 2. the judge's three logits, fakes cut off; its loss            (B,) each
    # 3. one clean step of the judge
    # 4. the fakes judged afresh; the generator's loss
    # 5. where wanted: plus interpolate times interpolation
    # 6. one clean step of the generator; the numbers
    ### BEGIN SOLUTION
    fakes = generator(batch.noise, batch.texts)
    right = discriminator(batch.pictures, batch.texts)
    wrong = discriminator(batch.pictures, batch.wrong) if wrong_pairs else None
    judges = losses.discriminator(right, wrong, discriminator(fakes.detach(), batch.texts))
    discriminator_optimizer.zero_grad()
    judges.backward()
    discriminator_optimizer.step()

    draws = losses.generator(discriminator(fakes, batch.texts))
    told = {"discriminator": judges.item(), "generator": draws.item(), "interpolation": 0.0}
    if interpolate:
        rows = batch.noise, batch.texts, batch.partners
        between = losses.interpolation(generator, discriminator, *rows)
        draws, told["interpolation"] = draws + interpolate * between, between.item()
    generator_optimizer.zero_grad()
    draws.backward()
    generator_optimizer.step()
    return told
    ### END SOLUTION

# %% check="train_step"
check("train_step")

# %% [markdown] hint="train_step"
# <details><summary>A nudge</summary>
#
# Two games of "forget, back, step". Through which of the four judgements may a gradient reach the
# generator, and which must be computed after the first step?
#
# </details>
# <details><summary>The recipe</summary>
#
# Draw the fakes. Call the discriminator with right, with wrong (or take None), with
# `fakes.detach()`. Loss, `zero_grad()`, `backward()`, `step()` of the discriminator's optimiser.
# Call it again with the fakes, not detached. Loss, perhaps plus the weighted interpolation;
# `zero_grad()`, `backward()`, `step()` of the generator's optimiser. `.item()` makes numbers.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"one of the variables needed for gradient computation has been modified by an inplace
# operation"*: the generator's loss was computed before the judge moved.
#
# *"Trying to backward through the graph a second time"*: the fakes were not cut off for the judge.
#
# </details>
