# %% [markdown]
# # Assignment 6 · Glow, and directions that mean something
#
# A network that turns pictures into numbers and back without losing anything, and a search among
# those numbers for directions along which *one* thing of the picture changes. It follows Cai et
# al., *Generative Visual Image Understanding* (Dis-GU), called the **source** from here on, a
# Chinese text that you do not need.
#
# You write eight pieces (four hours, 80 points), then train a flow, look for directions, measure
# them and report (20 points). No code of earlier assignments is needed.

# %%
from autograder.notebook import begin

check, hint, progress = begin("a6_glow_directions", globals())

# %% tags=["parameters"]
import os

TIER = os.environ.get("COURSE_TIER", "small")  # "tiny": seconds, "small": a laptop, "full": a GPU
DATASET = "shapes3d"  # drawn; or "mnist", "coil20", "3dshapes", "cars3d", "mpi3d", "dsprites"
DEVICE = "auto"  # "cpu", "cuda", or "auto": CUDA where there is one
SEED = 0
RESUME = os.environ.get("COURSE_RESUME") == "1"  # go on with the trainings that lie in `runs`

# %%
import math

import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

from starter_code import picture_sets, plots, shapes3d
from starter_code.errors import CourseError
from starter_code.flows import codes, factors, figures, methods, solver
from starter_code.flows.directions import moved
from starter_code.flows.given import given_flow
from starter_code.flows.glow import Glow
from starter_code.flows.sizes import sizes
from starter_code.tiers import tier
from starter_code.training import pick_device

# %% [markdown] stage="see"
# ## See · rooms with six knobs
#
# A room has a floor, walls and an object; six *factors* say all that differs between two rooms:
# three hues, the object's scale and shape, and the camera's orientation. All combinations are
# 480,000 pictures (the public set is 3dshapes; the source says 48,000). Here they are drawn when
# they are needed, and the factors of each are known. No method below is told them: they serve for
# measuring.

# %%
SIZE, PLAN = tier(TIER), sizes(tier(TIER))
ROOMS = DATASET == "shapes3d"
if SIZE.name == "tiny":
    print("tiny: everything runs, and no number means anything; the text speaks of the tier small")


def draw_rooms(count: int, side: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rooms as uint8 (count, 3, side, side), and their factors, long (count, 6)."""
    values = shapes3d.sample_factors(torch.Generator().manual_seed(seed), count)
    pictures = torch.from_numpy(shapes3d.render(values, side)).permute(0, 3, 1, 2)
    return pictures.contiguous(), torch.from_numpy(values)


# %%
rows, names = [], []
for number, (name, count) in enumerate(zip(shapes3d.NAMES, shapes3d.COUNTS)):
    shown = [round(step * (count - 1) / 6) for step in range(7)] if count > 6 else range(count)
    for value in shown:
        room = [0, 5, 2, 4, 0, 7]
        room[number] = value
        rows.append(shapes3d.render(room, 64)[0])
    rows += [rows[0] * 0 + 255] * (7 - len(shown))  # nothing
    names += [name.replace("_", " ")] + [""] * 6
plots.picture_grid(rows, names, columns=7, side=1.1);

# %% [markdown]
# **What a flow is.** Draw $z$ from a Gaussian (1), make a picture of it by an invertible $F$ (2).
# The way back takes $K$ steps, from $l_0 = x$ over $l_1, l_2, \ldots$ to $l_K = z$. The density of
# a picture is exact, and every step adds a number:
#
# $$z \sim p(z) \;(1) \qquad x = F(z) \;(2) \qquad \log p(x) = \log p(z) +
# \sum_{i=1}^{K} \log\Big|\det\frac{dl_i}{dl_{i-1}}\Big| \;(3)$$
#
# Without the second term of (3) a flow would send all pictures to the peak of the Gaussian; with
# it, shrinking costs what it gains.

# %% [markdown]
# **Determinants that are cheap.** Where the Jacobian of a step is diagonal or a triangle, its
# determinant is read off the diagonal:
#
# $$\log\Big|\det\frac{dl_i}{dl_{i-1}}\Big| =
# \mathrm{sum}\Big(\log\Big|\mathrm{diag}\frac{dl_i}{dl_{i-1}}\Big|\Big) \;(4)$$
#
# So it is with your pieces 1 and 3. The matrix of piece 2 is neither, but is kept as a product of a
# permutation and two triangles.

# %% [markdown]
# **Glow's plan.** One *step* is an actnorm, a 1 × 1 convolution and an affine
# coupling: your pieces 1 to 3. A *scale* first squeezes 2 × 2 pixels into channels, then takes some
# steps, and splits off half of the channels, which are finished. What is left goes on. Squeeze and
# split are given: they move numbers and change no volume (the split also subtracts a mean and
# divides by a deviation that a small network reads from the half that stays).

# %%
x = torch.arange(16.0).view(1, 1, 4, 4)
squeezed = nn.functional.pixel_unshuffle(x, 2)  # (1, 1, 4, 4) -> (1, 4, 2, 2)
print("four channels of 2 x 2 pixels:", *squeezed[0].tolist(), sep="\n")
print("and back:", torch.equal(nn.functional.pixel_shuffle(squeezed, 2), x))

# %% [markdown] stage="build"
# ## Build: eight small pieces
#
# Each docstring is a whole contract. Fill the gap, run the check, read what it says, repeat. Stuck?
# `hint("mig")`, or open the boxes under the check; `progress()` shows your points. No piece needs
# an earlier one. Never change a tensor that you are given; make new ones on its device.
#
# Letters: B batch, C channels, H, W pixels, a entries of a latent vector, D directions, Q queries,
# N positives, K negatives, V entries of a variation. Logarithms are natural.

# %% [markdown]
# ### 1 · Actnorm
#
# A scale and a shift for each channel, $y = s \odot x + b$. The Jacobian is diagonal; $s_c$ stands
# there once for each of the $H \cdot W$ pixels:
#
# $$\log|\det| = H\,W \sum_c \log |s_c|$$
#
# The *first* batch of training chooses $s$ and $b$ so that $y$ has mean 0 and deviation 1 in each
# channel. After that they are parameters like any other, and a saved flow remembers that the
# choice was made.
#
# *Difficulty 2 of 5 · importance 5 of 5 · 35 minutes · about 13 lines*

# %% todo="act_norm" difficulty=2 importance=5 minutes=35 lines=13
# TODO act_norm: scale and shift each channel; the first training batch chooses both
class ActNorm(nn.Module):
    """y = s ⊙ x + b with s = exp(log_scale) (Kingma and Dhariwal 2018, section 3.1).

    forward(x (B, C, H, W)) -> y (B, C, H, W), log|det| (B,), one number for each example
    inverse(y (B, C, H, W)) -> x (B, C, H, W); it never chooses anything

    The first forward call in training mode sets the values of log_scale and bias (without
    gradient; they stay the same Parameters) so that its y has mean 0 and deviation 1 in each
    channel, over examples and pixels. The deviation is the root of the mean squared distance from
    the mean, and at least 1e-3: a channel that is constant in this batch is divided by 1e-3. The
    buffer `initialised` becomes True and is saved with the rest. Evaluation mode chooses nothing.
    Gradients reach x, log_scale and bias, from the first batch on.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(channels))  # log s
        self.bias = nn.Parameter(torch.zeros(channels))  # b
        self.register_buffer("initialised", torch.tensor(False))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # 1. in training, if nothing was chosen yet: mean and deviation of each channel     (C,)
        #    then log_scale and bias from them, and a note in `initialised`
        # 2. s and b spread over the pixels                                          (C, 1, 1)
        # 3. y, and H · W times the sum of log s, once for each example        (B, C, H, W), (B,)
        ### BEGIN SOLUTION
        if self.training and not self.initialised:
            with torch.no_grad():
                mean = x.mean(dim=(0, 2, 3))
                deviation = x.std(dim=(0, 2, 3), correction=0).clamp(min=1e-3)
                self.log_scale.copy_(-deviation.log())
                self.bias.copy_(-mean / deviation)
                self.initialised.fill_(True)
        scale, bias = self.log_scale.exp()[:, None, None], self.bias[:, None, None]
        y = scale * x + bias
        pixels = x.shape[2] * x.shape[3]
        log_det = (pixels * self.log_scale.sum()).expand(len(x))
        return y, log_det
        ### END SOLUTION

    def inverse(self, y: Tensor) -> Tensor:
        # 1. undo the shift, then the scale
        ### BEGIN SOLUTION
        scale, bias = self.log_scale.exp()[:, None, None], self.bias[:, None, None]
        return (y - bias) / scale
        ### END SOLUTION

# %% check="act_norm"
check("act_norm")

# %% [markdown] hint="act_norm"
# <details><summary>A nudge</summary>
#
# If $x$ has mean $m$ and deviation $d$, which $s$ and $b$ give $s x + b$ mean 0 and deviation 1?
# Write $b$ with $m$ and $d$ only.
#
# </details>
# <details><summary>The recipe</summary>
#
# `x.mean(dim=(0, 2, 3))` and `x.std(dim=(0, 2, 3), correction=0)` have one number for each channel.
# Keep the deviation above 1e-3 with `clamp`. Under `torch.no_grad()`, `copy_` into the parameters
# and `fill_` the buffer. Outside: `[:, None, None]` spreads a vector over pixels, and `expand`
# repeats the log-determinant for each example.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *"cannot assign 'bool' as buffer 'initialised'"*: a buffer holds a tensor; fill it.
#
# *"changes in place a tensor that a gradient is to reach"* (torch says *"a leaf Variable"*):
# parameters are set under `torch.no_grad()`. What comes after that belongs outside again.
#
# The values of a second batch have mean 0 as well: it chose again.
#
# </details>

# %% [markdown]
# ### 2 · A 1 × 1 convolution that can be undone
#
# At each pixel the channels are multiplied by one matrix, $y = W x$. Kept in factors,
#
# $$W = P\,L\,(U + \mathrm{diag}(s)),$$
#
# with a permutation $P$, a lower triangle $L$ with *ones* on its diagonal, and a strictly upper
# triangle $U$. The determinant is $\pm\prod s_c$, so $\log|\det| = H\,W \sum_c \log|s_c|$. And two
# triangles are undone without ever inverting a matrix.
#
# *Difficulty 3 of 5 · importance 4 of 5 · 40 minutes · about 14 lines*

# %% todo="invertible_conv" difficulty=3 importance=4 minutes=40 lines=14
# TODO invertible_conv: one matrix for the channels of every pixel, from its factors, and back
class InvertibleConv1x1(nn.Module):
    """y = W x at each pixel, W = P L (U + diag(s)) (Kingma and Dhariwal 2018, equation 10).

    weight() -> W (C, C)
    forward(x (B, C, H, W)) -> y (B, C, H, W), log|det| (B,), one number for each example
    inverse(y (B, C, H, W)) -> x (B, C, H, W)

    s = sign · exp(log_s), also where its product is far outside float32. Of `lower` only what
    stands below the diagonal belongs to L, whose diagonal is ones; of `upper` only what stands
    above it belongs to U: whatever else the two hold is ignored. P and the signs never train; all
    else does, so nothing that was computed is kept from one call to the next.
    """

    def __init__(self, channels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        rotation = torch.linalg.qr(torch.randn(channels, channels, generator=generator)).Q
        permutation, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.register_buffer("permutation", permutation)  # P (C, C), one 1 in each row and column
        self.register_buffer("sign", diagonal.sign())  # of s (C,)
        self.lower = nn.Parameter(lower.tril(-1))  # (C, C)
        self.upper = nn.Parameter(upper.triu(1))  # (C, C)
        self.log_s = nn.Parameter(diagonal.abs().log())  # log |s| (C,)

    def factors(self) -> tuple[Tensor, Tensor]:
        """L and U + diag(s), both (C, C)."""
        # 1. L: below the diagonal `lower`, on it ones
        # 2. U + diag(s): above the diagonal `upper`, on it s
        ### BEGIN SOLUTION
        lower = self.lower.tril(-1) + torch.eye(len(self.lower)).to(self.lower)
        s = self.sign * self.log_s.exp()
        upper = self.upper.triu(1) + torch.diag(s)
        return lower, upper
        ### END SOLUTION

    def weight(self) -> Tensor:
        """Given: W (C, C)."""
        lower, upper = self.factors()
        return self.permutation @ lower @ upper

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # 1. W times the channels of each pixel                                 (B, C, H, W)
        # 2. H · W times the sum of log|s|, once for each example                        (B,)
        ### BEGIN SOLUTION
        y = torch.einsum("dc,bchw->bdhw", self.weight(), x)
        log_det = (x.shape[2] * x.shape[3] * self.log_s.sum()).expand(len(x))
        return y, log_det
        ### END SOLUTION

    def inverse(self, y: Tensor) -> Tensor:
        # 1. the channels of all pixels as columns                              (C, B · H · W)
        # 2. undo P (its transpose does), then L, then U + diag(s)
        # 3. back to pictures                                                   (B, C, H, W)
        ### BEGIN SOLUTION
        lower, upper = self.factors()
        columns = self.permutation.T @ y.transpose(0, 1).flatten(1)
        columns = torch.linalg.solve_triangular(lower, columns, upper=False, unitriangular=True)
        columns = torch.linalg.solve_triangular(upper, columns, upper=True)
        return columns.unflatten(1, (len(y), *y.shape[2:])).transpose(0, 1)
        ### END SOLUTION

# %% check="invertible_conv"
check("invertible_conv")

# %% [markdown] hint="invertible_conv"
# <details><summary>A nudge</summary>
#
# The optimiser does not know that half of `lower` has to stay zero. Who makes sure?
#
# </details>
# <details><summary>The recipe</summary>
#
# `tril(-1)` and `triu(1)` keep the strict triangles; `torch.diag` makes a matrix of a vector, and
# an identity belongs on the device of the parameters. For $Wx$ at each pixel `torch.einsum` takes
# the letters as they stand. Backwards, `torch.linalg.solve_triangular(L, columns, upper=False)`
# solves for all pixels at once; the order is the reverse of the forward one.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# A log-determinant of *NaN*: the logarithm of a determinant that is negative. *Minus infinity*: the
# determinant itself is too small for float32, but its logarithm is only a sum.
#
# There and back gives something else after a few steps of training, not before: entries outside
# the triangles were used.
#
# </details>

# %% [markdown]
# ### 3 · Affine coupling
#
# The second half of the channels stays, and decides what happens to the first:
#
# $$y_a = s(x_b) \odot x_a + t(x_b), \qquad y_b = x_b, \qquad \log|\det| = \sum \log s.$$
#
# Any network may compute $s$ and $t$; it is never inverted, for $x_b$ is still there on the way
# back. It gives $r$ and $t$, and $s = \sigma(r + 2)$: between 0 and 1, and near 1 at first.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 30 minutes · about 11 lines*

# %% todo="affine_coupling" difficulty=3 importance=5 minutes=30 lines=11
# TODO affine_coupling: one half of the channels scales and shifts the other
class AffineCoupling(nn.Module):
    """y_a = s ⊙ x_a + t, y_b = x_b; s and t come from x_b (Dinh et al. 2017; s as in Glow's code).

    net: (B, C/2, H, W) -> (B, C, H, W), passed in; the first half of its channels is r, the second
    t, and s = sigmoid(r + 2). It is called once in each direction.

    forward(x (B, C, H, W)) -> y (B, C, H, W), log|det| (B,): the sum of log s over the channels and
    pixels of each example, finite (and its gradient, too) however far from zero r is
    inverse(y (B, C, H, W)) -> x (B, C, H, W)

    Both a and b are halves of the channels, a the first. C is even.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # 1. the two halves of the channels                              (B, C/2, H, W) each
        # 2. r and t from the half that stays                            (B, C/2, H, W) each
        # 3. y: the changed half, then the other                         (B, C, H, W)
        # 4. the logarithm of s, summed for each example                 (B,)
        ### BEGIN SOLUTION
        x_a, x_b = x.chunk(2, dim=1)
        r, t = self.net(x_b).chunk(2, dim=1)
        log_s = nn.functional.logsigmoid(r + 2)
        y = torch.cat([log_s.exp() * x_a + t, x_b], dim=1)
        return y, log_s.flatten(1).sum(dim=1)
        ### END SOLUTION

    def inverse(self, y: Tensor) -> Tensor:
        # 1. r and t once more, from the half that has not changed
        # 2. undo the shift, then the scale
        ### BEGIN SOLUTION
        y_a, y_b = y.chunk(2, dim=1)
        r, t = self.net(y_b).chunk(2, dim=1)
        x_a = (y_a - t) / torch.sigmoid(r + 2)
        return torch.cat([x_a, y_b], dim=1)
        ### END SOLUTION

# %% check="affine_coupling"
check("affine_coupling")

# %% [markdown] hint="affine_coupling"
# <details><summary>A nudge</summary>
#
# On the way back you have $y_a$ and $y_b$. Which of $x_a$, $x_b$ do you know already?
#
# </details>
# <details><summary>The recipe</summary>
#
# `chunk(2, dim=1)` halves the channels, of x and of what the network gives. `torch.cat` joins in
# the same order. For $\log s$ there is `nn.functional.logsigmoid`; sum it over everything but the
# examples.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *Minus infinity* after an hour of training: sigmoid first, logarithm then. A sigmoid of -120 is
# zero in float32, its logarithm is not.
#
# There and back is wrong while each direction alone looks fine: s was computed from the half that
# it changes.
#
# </details>

# %% [markdown]
# ### 4 · Bits per dimension
#
# Pixels are whole numbers. Each gets noise as wide as one level, so that a density can be learned:
# $x = (v + u)/\mathit{levels} - \tfrac12$ with $u$ in $[0, 1)$. A density of $x$ becomes a
# probability of whole numbers if lengths are measured in levels, and nats become bits:
#
# $$\mathrm{bpd} = \log_2(\mathit{levels}) - \frac{\log p(x)}{D \ln 2}$$
#
# *Difficulty 1 of 5 · importance 5 of 5 · 10 minutes · about 1 line*

# %% todo="bits_per_dim" difficulty=1 importance=5 minutes=10 lines=1
# TODO bits_per_dim: what a picture costs, in bits for each of its numbers
def bits_per_dim(log_p: Tensor, dimensions: int, levels: int = 256) -> Tensor:
    """Bits per dimension of pictures whose numbers were brought to an interval of width 1.

    log_p (B,): log-densities in nats, all `dimensions` numbers of a picture together (channels are
    numbers, too); levels: how many values a number can take -> (B,), one cost for each picture.

    A density that is uniform on the interval costs exactly log2(levels).
    """
    # 1. nats to bits, for each number; and the width of one level     (B,)
    ### BEGIN SOLUTION
    return math.log2(levels) - log_p / (dimensions * math.log(2))
    ### END SOLUTION

# %% check="bits_per_dim"
check("bits_per_dim")

# %% [markdown] hint="bits_per_dim"
# <details><summary>A nudge</summary>
#
# With `log_p = 0` the density is 1 everywhere on the interval: every level is as likely as any
# other. How many bits does it take to name one of them?
#
# </details>
# <details><summary>The recipe</summary>
#
# `log_p` belongs to all numbers of a picture; one of them has its share. A bit is `math.log(2)`
# nats: then does a number of nats become more bits, or fewer? What the nudge asks for comes to it,
# and pictures that are more probable cost less.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# No error, but a result that looks like one. At 32 levels, 1.17 bits become 0.81 if all is left in
# nats, and 2.34 if a logarithm of 2 is missing behind `log_p` only. Without the levels everything
# is cheaper by five.
#
# </details>

# %% [markdown]
# ### 5 · The navigator
#
# $M$ has $D$ columns $M_d$ in the latent space, and a shift $\varepsilon M_d$ goes along one of
# them, $\varepsilon$ far. Columns have *unit length* and stand at *right angles*: else one could be
# told from the others by its length alone, and two could be the same.
#
# A step of an optimiser would bend them. So a *free* matrix trains, and each call makes $M$ of it.
#
# *Difficulty 3 of 5 · importance 5 of 5 · 25 minutes · about 4 lines*

# %% todo="navigator" difficulty=3 importance=5 minutes=25 lines=4
# TODO navigator: orthonormal directions from a free matrix, and shifts along them
class Navigator(nn.Module):
    """Orthonormal directions of a latent space (source, section 2.5, the navigator N).

    matrix() -> M (a, D): orthonormal columns, from `free` by a differentiable way, in every call:
    they stay orthonormal whatever an optimiser does to `free`. Gradients reach `free`, and a small
    step of `free` is a small step of M: no column may turn round when an entry passes zero.
    forward(which (B,) long, size (B,)) -> shifts (B, a): size[i] times column which[i], any sign

    1 <= D <= a. The same `free` gives the same M.
    """

    def __init__(
        self, latent: int, directions: int, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        if directions > latent:
            raise CourseError(f"{latent} dimensions have no {directions} directions: take fewer.")
        self.free = nn.Parameter(torch.randn(latent, directions, generator=generator))

    def matrix(self) -> Tensor:
        # 1. columns of unit length at right angles, from self.free         (a, D)
        # 2. signs that do not jump
        ### BEGIN SOLUTION
        columns, triangle = torch.linalg.qr(self.free)
        return columns * triangle.diagonal().sign()
        ### END SOLUTION

    def forward(self, which: Tensor, size: Tensor) -> Tensor:
        # 1. the column of each example, as a row                           (B, a)
        # 2. as long as asked for                                           (B, a)
        ### BEGIN SOLUTION
        columns = self.matrix().T[which]
        return size.unsqueeze(1) * columns
        ### END SOLUTION

# %% check="navigator"
check("navigator")

# %% [markdown] hint="navigator"
# <details><summary>A nudge</summary>
#
# Gram and Schmidt make orthonormal vectors out of any independent ones. Which factorisation of a
# matrix does the same?
#
# </details>
# <details><summary>The recipe</summary>
#
# `torch.linalg.qr(free)` gives Q and R; Q has the shape of `free`, orthonormal columns, and a
# gradient. But the library is free in the sign of each column, and its choice jumps: multiply each
# column by the sign of its entry on R's diagonal. The transpose of M has the directions as rows:
# index them with `which`, and give `size` an axis before you multiply.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# Columns that are orthonormal at first and not after a step: they were made so once, in a place
# that the optimiser then changed.
#
# *"The size of tensor a must match ..."*: size needs an axis behind it. Where B equals a there is
# no error, only wrong shifts.
#
# </details>

# %% [markdown]
# ### 6 · Which direction, and how far?
#
# A reconstructor $R$ sees both pictures, before and after, and answers twice: scores over the
# directions, and a guess of the size. Navigator and reconstructor together minimise (source,
# equation 5)
#
# $$L_c(d, \hat d) + \eta\, L_r(\varepsilon, \hat\varepsilon), \qquad \eta = 0.25 \;(5)$$
#
# the cross-entropy of the direction and the mean absolute error of the size.
#
# *Difficulty 1 of 5 · importance 5 of 5 · 10 minutes · about 3 lines*

# %% todo="direction_loss" difficulty=1 importance=5 minutes=10 lines=3
# TODO direction_loss: how well the reconstructor tells direction and size
def direction_loss(
    scores: Tensor, which: Tensor, guess: Tensor, size: Tensor, eta: float = 0.25
) -> Tensor:
    """L_c + η L_r (source, equation 5), a single number.

    scores (B, D): not normalised, of any size; which (B,) long: the true directions;
    guess (B,), size (B,): guessed and true shifts, with their signs.

    L_c: cross-entropy in nats, L_r: absolute error, both averaged over the batch. Gradients reach
    scores and guess.
    """
    # 1. the cross-entropy of the directions
    # 2. the mean absolute error of the sizes
    # 3. the first and η times the second
    ### BEGIN SOLUTION
    classification = nn.functional.cross_entropy(scores, which)
    regression = (guess - size).abs().mean()
    return classification + eta * regression
    ### END SOLUTION

# %% check="direction_loss"
check("direction_loss")

# %% [markdown] hint="direction_loss"
# <details><summary>A nudge</summary>
#
# Which of the two answers is a choice among D, and which is a number?
#
# </details>
# <details><summary>The recipe</summary>
#
# `nn.functional` has a cross-entropy: read in its documentation what form of scores it wants, and
# whether it adds up or averages. The other term is a difference, made positive and averaged; only
# this one is weighed.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# A loss that does not fall below a certain value: a softmax stands before the cross-entropy, which
# has one of its own.
#
# </details>

# %% [markdown]
# ### 7 · Changes that are alike
#
# The flow $G$ makes a picture of $z$; an encoder $E$ tells it in a few numbers. A change is
# $v = |E(G(z + \varepsilon M_d)) - E(G(z))|$, brought to length 1.

# %% [markdown]
# For the change $q$ of one picture (the *query*) and those of others (*keys* $k_i$), with $C_i = 1$
# if both moved along one direction and 0 otherwise (6),
#
# $$L_R = -\sum_i \Big[ C_i \log \sigma\Big(\frac{q \cdot k_i}{\tau}\Big)
# + (1 - C_i) \log\Big(1 - \sigma\Big(\frac{q \cdot k_i}{\tau}\Big)\Big)\Big] \;(7)$$
#
# The minus stands before both terms, as (8) shows for $N$ keys of $q$'s own direction and $K$ of
# others:
#
# $$\hat L_R = -\sum_{j=1}^{N} \log \sigma(q \cdot k_j^+/\tau)
# - \sum_{m=1}^{K} \log\big(1 - \sigma(q \cdot k_m^-/\tau)\big) \;(8)$$
#
# Two directions may mean the same: a negative key with $q \cdot k > T$ gets that as its $C_i$.
#
# *Difficulty 4 of 5 · importance 5 of 5 · 45 minutes · about 9 lines*

# %% todo="contrastive_loss" difficulty=4 importance=5 minutes=45 lines=9
# TODO contrastive_loss: changes along one direction alike, along two directions different
def contrastive_loss(
    query: Tensor,
    positives: Tensor,
    negatives: Tensor,
    temperature: float = 1.0,
    threshold: float = 0.95,
) -> Tensor:
    """L_R (source, equations 6 to 8), a single number: summed over keys, averaged over queries.

    query (Q, V), positives (Q, N, V): keys of the query's own direction, negatives (Q, K, V): keys
    of other directions. All are variations: entries >= 0, length 1. temperature τ > 0.

    Labels: 1 for positives, 0 for negatives; but a negative with q · k > threshold has the label
    q · k (not divided by τ), a constant: no gradient passes through a label. Value and gradients
    are finite for any τ down to 0.001. Gradients reach query, positives and negatives.
    """
    # 1. similarities of the query with its keys                            (Q, N) and (Q, K)
    # 2. the label of each negative key                                     (Q, K)
    # 3. log σ and log(1 - σ) of similarities / τ, without taking σ first
    # 4. (7) of all keys: sum over the keys, mean over the queries
    ### BEGIN SOLUTION
    alike = torch.einsum("qv,qnv->qn", query, positives)
    other = torch.einsum("qv,qkv->qk", query, negatives)
    label = torch.where(other > threshold, other, torch.zeros_like(other)).detach()
    log_sigmoid = nn.functional.logsigmoid
    of_positives = log_sigmoid(alike / temperature)
    of_negatives = label * log_sigmoid(other / temperature) + (1 - label) * log_sigmoid(
        -other / temperature
    )
    return -(of_positives.sum(dim=1) + of_negatives.sum(dim=1)).mean()
    ### END SOLUTION

# %% check="contrastive_loss"
check("contrastive_loss")

# %% [markdown] hint="contrastive_loss"
# <details><summary>A nudge</summary>
#
# What is $1 - \sigma(x)$, written as a sigmoid of something else?
#
# </details>
# <details><summary>The recipe</summary>
#
# `torch.einsum("qv,qnv->qn", ...)` gives a query's similarity with each of its keys. Labels of
# negatives: `torch.where` between the similarity and zero, then `detach`. The two logarithms are
# `nn.functional.logsigmoid` of x and of -x; or let `binary_cross_entropy_with_logits` do both,
# without its mean.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *inf* for a small temperature: the sigmoid became exactly 1, and the logarithm of 0 was taken.
#
# A loss that does not change with the number of keys: averaged where the source sums.
#
# </details>

# %% [markdown]
# ### 8 · The mutual information gap
#
# A code is *disentangled* if each factor is known to one of its entries and to no other. For factor
# $v$ compare the mutual information $I(j, v)$ of the best entry with that of the second best (Chen
# et al. 2018):
#
# $$\mathrm{MIG} = \frac1F \sum_v \frac{I(j_1, v) - I(j_2, v)}{H(v)}$$
#
# Entries are real numbers, so each is cut into bins of equal width between its own smallest and
# largest value. Then everything is counting.
#
# *Difficulty 4 of 5 · importance 5 of 5 · 50 minutes · about 17 lines*

# %% todo="mig" difficulty=4 importance=5 minutes=50 lines=17
# TODO mig: how far the best entry of a code is ahead of the second best, for each factor
def mig(codes: Tensor, factors: Tensor, bins: int = 20) -> float:
    """Mutual information gap (Chen et al. 2018), from counts.

    codes (N, L): real numbers, of any size; factors (N, F): whole numbers, not always from 0 on

    Entry j is discretised by itself: `bins` bins of equal width between its smallest and largest
    value, computed in float64; the largest value belongs to the last bin. An entry that is constant
    has information 0. Factors that do not vary are left out, and at least one varies. With L = 1
    the second best is 0. Returns the mean of the gaps over the factors, a float.
    """
    # 1. the bin of each number, column by column                                     (N, L)
    # for each factor that varies:
    # 2. how often each bin meets each value, for every entry              (L, bins, values)
    # 3. mutual information of every entry with the factor, and the factor's entropy    (L,)
    # 4. best minus second best, divided by the entropy
    # at the end: the mean of the gaps
    ### BEGIN SOLUTION
    codes = codes.double()
    low, high = codes.amin(dim=0), codes.amax(dim=0)
    width = torch.where(high > low, high - low, torch.ones_like(low))
    cells = ((codes - low) / width * bins).long().clamp(max=bins - 1)
    cells = cells + bins * torch.arange(codes.shape[1], device=codes.device)  # each entry its own
    gaps = []
    for factor in factors.T:
        values, value = factor.unique(return_inverse=True)
        if len(values) == 1:
            continue
        places = (cells * len(values) + value.unsqueeze(1)).flatten()
        sizes = codes.shape[1], bins, len(values)
        counts = places.bincount(minlength=math.prod(sizes)).view(sizes)
        joint = counts.double() / len(codes)
        alone = joint.sum(dim=2, keepdim=True) * joint.sum(dim=1, keepdim=True)
        information = (joint.xlogy(joint) - joint.xlogy(alone)).sum(dim=(1, 2))
        share = joint[0].sum(dim=0)
        best = torch.cat([information, information.new_zeros(1)]).topk(2).values
        gaps.append((best[0] - best[1]) / -share.xlogy(share).sum())
    return float(torch.stack(gaps).mean())
    ### END SOLUTION

# %% check="mig"
check("mig")

# %% [markdown] hint="mig"
# <details><summary>A nudge</summary>
#
# Take one entry and one factor, and write down a table: bins as rows, values as columns, counts in
# its cells. What are the sums of its rows and of its columns?
#
# </details>
# <details><summary>The recipe</summary>
#
# Bin = whole part of (number - smallest) / (largest - smallest) · bins, at most bins - 1. Divide
# the table of counts by N: that is the joint distribution p. Its margins multiplied are the
# distribution of two that know nothing of each other. $I = \sum p \log (p / \text{product})$;
# cells with p = 0 add nothing (`torch.xlogy` makes them 0). $H = -\sum p_v \log p_v$. Sort,
# subtract, divide.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *NaN*: a factor that never varies has entropy 0; or an entry that is constant was divided by its
# width; or 0 · log 0.
#
# One bin too many: the largest number falls behind the last edge.
#
# </details>

# %% [markdown] stage="train"
# ## Train · first a flow
#
# Your three layers, stacked. Before any training the flow must be invertible already; after the
# first batch every actnorm has chosen its scale. At `small` this takes about two minutes: enough to
# see that it learns, not enough for good pictures.

# %%
GREY = DATASET in ("mnist", "coil20", "dsprites")
FLOW, training = (
    (PLAN.grey, PLAN.grey_training) if GREY else (PLAN.rooms, PLAN.rooms_training)
)
PLACE = f"runs/a6/seed_{SEED}/{DATASET}"
if ROOMS:
    train, _ = draw_rooms(PLAN.pictures, FLOW.size, seed=SEED)
    val, _ = draw_rooms(max(50, PLAN.pictures // 20), FLOW.size, seed=SEED + 1000)
else:
    luck = torch.Generator().manual_seed(SEED)
    train, val = picture_sets.train_and_val(DATASET, FLOW.size, PLAN.pictures, luck)
LAYERS = ActNorm, InvertibleConv1x1, AffineCoupling
flow = Glow(*LAYERS, FLOW, torch.Generator().manual_seed(SEED))
some = train[:16].float() / 255
away = (flow.decode(flow.encode(some)) - some).abs().max()
print(f"{len(train):,} pictures of {tuple(train.shape[1:])}: {flow.latent:,} numbers each")
print("split off, scale by scale:", *flow.shapes)
print(f"there and back, the largest error is {away:.1e}")

# %%
options = solver.Options(
    **vars(training), seed=SEED, device=DEVICE, folder=f"{PLACE}/flow", resume=RESUME
)
print("bits per dimension; * marks the best so far")
history = solver.fit(flow, bits_per_dim, train, val, options)


# %% [markdown]
# **Is that good?** Two answers that need no skill: all levels alike, which costs
# $\log_2(\mathit{levels})$ bits, and each number of the picture told by its own histogram, as if
# numbers knew nothing of each other.

# %%
def each_by_itself(train: Tensor, val: Tensor, levels: int) -> float:
    """Bits per dimension if every number of a picture has a histogram of its own."""
    seen, new = (part.flatten(1).long() * levels // 256 for part in (train, val))
    counts = torch.ones(levels, seen.shape[1])
    counts.scatter_add_(0, seen, torch.ones(seen.shape))
    share = counts / counts.sum(0)
    return -float(share.gather(0, new).log2().mean())


levels = FLOW.levels
costs = {
    "all levels alike": math.log2(levels),
    "each number by itself": each_by_itself(train, val, levels),
    "your flow": solver.held_out(flow, bits_per_dim, val),
}
if ROOMS:
    given = given_flow(*LAYERS).to(pick_device(DEVICE))
    same, _ = draw_rooms(max(50, PLAN.pictures // 20), given.sizes.size, seed=SEED + 1000)
    costs["the given flow"] = solver.held_out(given, bits_per_dim, same)
for name, cost in costs.items():
    print(f"{name:24}{cost:8.3f} bits per dimension")

# %% [markdown]
# **What to see.** (At `small`.) Your flow pays less than half of what numbers by themselves cost:
# 1.17 for 2.70 bits. The given flow is the same model, trained longer, and pays 0.66.
#
# **What not to conclude.** That few bits make good pictures. Most bits pay for the noise within a
# level of brightness; a room whose object is a smear costs hardly more.

# %% [markdown]
# **Samples**, of your flow and then of the given one. A *temperature* below 1 draws $z$ with a
# smaller deviation: the rows show the same draws, warmer and warmer. At 0 there is one picture
# only, that of $z = 0$, where the Gaussian is highest.

# %%
if not ROOMS:
    given = flow
SHOWN = (0.0, 0.4, 0.7, 0.9)
figures.samples_by_temperature(flow, SHOWN, 10, torch.Generator().manual_seed(SEED));

# %%
figures.samples_by_temperature(given, SHOWN, 10, torch.Generator().manual_seed(SEED));

# %% [markdown]
# **Then directions.** The given flow stands still. *LD* (latent discovery) trains navigator and
# reconstructor by (5). *DisCo* (disentanglement via contrast) trains navigator and encoder by the
# contrast (6) to (8) and, as its authors do, an entropy that wants each change told in few entries,
# printed as *domination*. *Dis-GU*, the source's method, trains all three by (5) and (8). They
# start from latent vectors of rooms and step by 1 to 8 along one of 16 directions.

# %% [markdown]
# The source gives neither a temperature nor a weight: here $\tau = 0.2$, for at $\tau = 1$ a
# similarity between 0 and 1 is a $\sigma$ between 0.5 and 0.73, and (8) hardly tells pairs apart;
# (8) counts 0.05 beside (5). Nothing is trained for these: *CF*
# (closed form), leading singular vectors of the decoder's mean Jacobian; *GS* (GANSpace), principal
# components after the first scale on the way back; *DS* (deep spectral), directions that change
# that scale most; and 64 *random* orthonormal directions.

# %%
FLOW_METHODS = ("random", "CF", "GS", "DS", "LD", "DisCo", "Dis-GU")
PLAN2 = methods.SIZES[SIZE.name]
seen = draw_rooms(PLAN.pictures, given.sizes.size, seed=1)[0] if ROOMS else train
LAB = methods.Lab(Navigator, direction_loss, contrastive_loss, given, seen, PLAN2, DEVICE)


def learn(name: str, **changes: object) -> methods.Method:
    """Train or compute one method; checkpoints lie in runs/a6/seed_<SEED>."""
    chosen = {"device": DEVICE, "resume": RESUME} | changes
    return methods.learn_method(name, LAB, folder=f"{PLACE}/{name}", seed=SEED, **chosen)


ready = {}
for name in FLOW_METHODS:
    print(name)
    ready[name] = learn(name)

# %% [markdown]
# **When does a direction *find* a factor?** From some rooms we go a step forward and one back along
# it. A *reader*, trained on drawn rooms, reads all six factors before and after: hues as angles, so
# that red is next to purple. A change is measured in units of what two rooms drawn at random differ
# by. The direction finds a factor if it moves it by at least 0.1 and *every other at most a quarter
# as much*.

# %%
found: dict[str, factors.Found] = {}
if ROOMS:
    reader = factors.load_reader().to(pick_device(DEVICE))
    held_out, values = draw_rooms(PLAN2.rooms, given.sizes.size, seed=2)
    right = factors.accuracies(reader, held_out.float().to(pick_device(DEVICE)) / 255, values)
    print("the reader is right on", {name: round(share, 3) for name, share in right.items()})
    starts = codes.starts_of(given, draw_rooms(PLAN2.looked, given.sizes.size, seed=3)[0])
    for name, method in ready.items():
        directions = method.directions.to(starts.device)
        found[name] = factors.find(reader, given, directions, starts, PLAN2.step)
    for name, one in found.items():
        print(f"{name:8}{len(one.moves):4} directions find {len(one.best)}: {', '.join(one.best)}")

# %% [markdown]
# **What to see.** (At `small`.) Dis-GU finds the three hues, DisCo two of them and LD one. Of the
# closed forms GS finds the same three without any training; CF and DS move much, and mix. A random
# direction moves next to nothing: of 64 one just passes the bar, for scale.
#
# **What not to conclude.** That a factor that nobody found is not in the flow. It may lie along a
# curve, or along another direction for each room.

# %% [markdown] stage="test"
# ## Test · how disentangled are the codes?
#
# The scores of the source's table. The code of a direction method is the projection of the latent
# vector on its directions, that of DisCo and Dis-GU what the encoder says; VAEs give posterior
# means. *MIG* is yours. *DCI*: trees tell each factor from the code; how few factors does an entry
# serve? *Informativeness*: how often are they right? *FactorVAE score*: one factor is fixed, does
# the calmest entry tell which? *β-VAE score*: one is shared, does the difference tell which?

# %%
VAES = ("β-VAE", "FactorVAE", "DIP-VAE")
if not ROOMS:
    luck = torch.Generator().manual_seed(SEED)
    most = max(2000, PLAN2.rooms)  # trees need several examples of each value
    held_out, values = picture_sets.with_factors(DATASET, given.sizes.size, most, luck)
KNOWN = values.shape[1] > 1  # codes are scored where two factors or more are known
if KNOWN:
    halved = given.sizes.size in (8, 16, 32, 64, 128)  # the VAEs halve pictures down to 4 x 4
    for name in VAES if halved else ():
        print(name)
        ready[name] = learn(name)
    latents = codes.codes_of(codes.latents_of(given), held_out, pick_device(DEVICE))
    told = {name: method.codes(held_out, latents) for name, method in ready.items()}
    told["the factors"] = values.float()
    luck = torch.Generator().manual_seed(SEED)
    told["noise"] = torch.randn(len(values), 10, generator=luck)

# %%
def rated(code: Tensor) -> dict[str, float]:
    """All scores of one code."""
    rows = PLAN2.rows if ROOMS else len(values) * 3 // 4
    return codes.scores(code.cpu(), values, mig, seed=SEED, rows=rows, groups=PLAN2.groups)


SCORES = ("MIG", "DCI", "FactorVAE score", "β-VAE score", "informativeness")
rows = {name: rated(code) for name, code in told.items()} if KNOWN else {}
print(f"{'':14}" + "".join(f"{score:>18}" for score in SCORES))
for name, row in rows.items():
    print(f"{name:14}" + "".join(f"{row[score]:18.3f}" for score in SCORES))
if not KNOWN:
    print("fewer than two factors of these pictures are known: no code can be scored")

# %% [markdown]
# **What to see.** (At `small`.) The factors themselves have 1 (or 0.995, by chance of 5,000 rooms),
# noise shows what luck gives. MIG is low for all: several entries share what is known of a hue. DS
# has the best DCI and finds no factor alone: its entries know much together.
#
# **What not to conclude.** That differences of a few hundredths mean anything: this is one seed.
# The source's table has ten runs, other pictures, another flow. In the course's repository
# `course reproduce disgu` takes more seeds.

# %% [markdown] stage="look"
# ## Look · turn the knobs
#
# Each row starts with the same room and goes along one direction, backwards to the left and
# forwards to the right. The names are what the reader says: the factor that a direction finds, or
# those that it mixes.

# %% figure="directions"
def knobs(name: str, most: int = 6) -> plt.Figure:
    """Traversals of a method's directions: those that find factors first, then others."""
    one = found.get(name)
    order = list(range(len(ready[name].directions)))
    if one is not None:
        best = list(one.best.values())
        order = best + sorted(set(order) - set(best), key=lambda d: -float(one.moves[d].max()))
    order = order[:most]
    names = [one.named(d) if one else f"direction {d}" for d in order]
    start = codes.starts_of(given, seen[:1])[0]
    return figures.traversals(given, start, ready[name].directions[order].to(start.device), names)


knobs("Dis-GU");

# %%
if ROOMS:
    chosen = {name: found[name] for name in ("random", "CF", "LD", "Dis-GU")}
    figures.found_map(chosen);

# %% [markdown]
# **Two directions, turned.** Take the method that found most factors, and turn two of its
# directions by 45 degrees. They still stand at right angles, and a reconstructor tells them apart
# as well as before. What do they find? (If no method found two, as at `tiny`, nothing is printed,
# and the right one of the next pictures is missing.)

# %%
def turned(one: factors.Found, directions: Tensor) -> factors.Found:
    """What the first two directions that find something find after a turn by 45 degrees."""
    first, second = (directions[d] for d in list(one.best.values())[:2])
    pair = torch.stack([first + second, first - second]) / math.sqrt(2)
    return factors.find(reader, given, pair.to(starts.device), starts, PLAN2.step)


if ROOMS:
    best = max(found, key=lambda name: len(found[name].best))
    pair = list(found[best].best.items())[:2]
    if len(pair) == 2:
        after = turned(found[best], ready[best].directions.to(starts.device))
        print(f"{best}, two that find something:", " | ".join(name for name, _ in pair))
        print("turned by 45 degrees:", " | ".join(after.named(d) for d in (0, 1)))

# %% [markdown]
# **The space of variations.** Left, pairs of drawn rooms in which one hue, the
# other, or both were changed, as Dis-GU's encoder tells the change; its two entries are those that
# answer most to either hue alone. Right, generated pictures: steps along two found directions and
# between them, as the reader sees them.

# %% figure="variations"
if ROOMS:
    luck = torch.Generator().manual_seed(SEED)
    encode = ready["Dis-GU"].encode
    inside, entries = figures.changes_in_rooms(encode, 0, 1, 120, luck, given.sizes.size)
    panels = {"drawn rooms": (inside, tuple(f"entry {entry}" for entry in entries))}
    if len(pair) == 2:
        ways = {name: ready[best].directions[d].to(starts.device) for name, d in pair}
        ways["both"] = sum(ways.values()) / math.sqrt(2)
        numbers = tuple(factors.FACTORS.index(name) for name, _ in pair)
        outside = figures.changes_along(reader, given, starts, ways, numbers, PLAN2.step, luck)
        panels[f"generated, {best}"] = outside, tuple(f"{name}, as read" for name, _ in pair)
    figures.variation_space(panels);

# %% [markdown]
# **What to see.** Left: a hue alone moves the change along one axis, both hues put it anywhere
# between, as the source reports it. Nobody told the encoder about hues. Right:
# directions that find a hue lie along its axis; the sum of two moves both in some rooms and one of
# them, or none, in others, so its points are scattered.

# %% [markdown] stage="improve"
# ## Improve · make it better than it is
#
# **What would you change?** Ideas: more directions or fewer, another temperature or threshold,
# other distances; a first search among the latents of one scale only; directions that may differ
# from room to room; anything that makes a pair of directions better than the same pair, turned.
#
# Below, a small change: of Dis-GU's directions only the six that change pictures most, and as code
# the projection on these, not what the encoder says.

# %%
def visible(directions: Tensor, most: int = 6) -> Tensor:
    """The directions along which a step changes pictures most (most, a); no factor is asked."""
    z = codes.starts_of(given, seen[:8])
    here = given.decode(z).clamp(0, 1)
    after = moved(given, z, directions.to(z.device), PLAN2.step)  # (D, 8, C, H, W)
    change = (after - here).abs().mean(dim=(1, 2, 3, 4)).nan_to_num(0)
    return directions[change.topk(min(most, len(directions))).indices.cpu()]


ready["yours"] = methods.Method("yours", visible(ready["Dis-GU"].directions))
if ROOMS:
    rows["yours"] = rated(ready["yours"].codes(held_out, latents))
    for name in ("Dis-GU", "yours"):
        print(f"{name:14}" + "".join(f"{rows[name][score]:18.3f}" for score in SCORES))

# %% [markdown]
# **Your turn.** Put your own change in place of the cell above. `methods.Method` takes a name,
# directions (D, a) as rows, and `encode=`, a function from pictures to codes, if a code is not to
# be the projection on the directions. Then name it in `FINAL`, such as "yours": its codes of 2,000
# rooms that nothing was trained on go into `runs/a6/predictions.json`, and a class may compare
# their scores.

# %%
FINAL = "Dis-GU"  # a name in `ready`
board = codes.board_rooms(side=given.sizes.size)[0] if ROOMS else val
board_latents = codes.codes_of(codes.latents_of(given), board, pick_device(DEVICE))
path = codes.write_codes(ready[FINAL].codes(board, board_latents))
print(f"codes of {len(board)} pictures in {path}")
progress()

# %% [markdown] stage="report"
# ## Report · five questions and your sources (20 points)
#
# Write for somebody who knows deep learning but not this notebook. Every number needs its data set
# and split, every claim the number or picture that it rests on. Five to ten sentences for each.

# %% [markdown]
# **1 · What does the likelihood pay for?** (4 points) Explain without formulas what a flow does
# with volume, and why each number gets noise. How many bits does your flow need, beside which two
# other answers? What would happen without the log-determinants?

# %% [markdown] report="q1" points=4
# A flow carries probability from a Gaussian to pictures and loses none of it: where it stretches
# space, the same probability fills more room and the density falls, where it shrinks, the density
# rises. The log-determinants are the account of that. Pixels are whole numbers, and a density could
# be piled on them without end; with noise as wide as one level the bits are those of a true code
# for whole numbers, from above. Rooms of 32 × 32 at 32 levels, 8,000 to learn from, 400 held out,
# tier small, seed 0: all levels alike cost 5.000 bits per dimension, each number by its own
# histogram 2.699, my flow after 360 steps 1.165, the given flow 0.656. The step from 2.699 to 1.165
# is what neighbouring numbers tell of each other. Without the log-determinants the flow would earn
# by sending every picture to z = 0, the peak of the Gaussian, and the numbers would fall below any
# code's length; they would be no likelihood.

# %% [markdown]
# **2 · Warm and cold.** (4 points) Describe the samples at temperatures 0, 0.4, 0.7 and 0.9. At 0
# the Gaussian of $z$ is highest: why is a $z$ near it nearly never drawn, and what does its picture
# lack of the variety of rooms? What does the temperature trade for what?

# %% [markdown] report="q2" points=4
# At 0 all columns show one room, that of z = 0: a cylinder with faint stripes, paler than any drawn
# one. At 0.4 the rooms are clean and differ, with few objects other than cylinders and spheres, and
# some floors have two hues. At 0.7 hues are fuller and walls meet in sharp corners; at 0.9 there is
# grain, edges fray, and an object here and there loses its form. In my own flow after 360 steps
# there are floors, walls and a smudge where the object should stand, at any temperature. The
# density of z is highest at 0, but 3,072 numbers drawn from the Gaussian are nearly never near it:
# their length is close to the root of 3,072, about 55. The picture at 0 is the peak of a hill on
# which almost nobody stands, and shows what rooms have in common. Temperature trades variety, which
# is large where it is warm, for cleanness where it is cold.

# %% [markdown]
# **3 · Who found what?** (4 points) Say when a direction counts as finding a factor. Which methods
# found more than 64 random directions? Write your numbers down, set another `SEED` at the top, run
# the notebook again down to the list of what each method finds (the end of *train*), and give
# both. Which factors did nobody find, and why might that be?

# %% [markdown] report="q3" points=4
# A direction finds a factor if a step of 6 forwards and backwards, from 32 rooms, moves the reading
# of it by at least 0.1 of what two random rooms differ by, and every other reading at most a
# quarter as much. Given flow, tier small, seed 0: Dis-GU and GS find floor, wall and object hue (3
# of 6), DisCo floor and wall hue, LD wall hue, CF and DS nothing; 64 random directions find one,
# scale, with a move just above the bar. So Dis-GU, GS and DisCo find more than chance, LD as much,
# CF and DS less. With seed 1 Dis-GU finds the three hues again, and LD finds them, too: for LD a
# seed decides between one factor and three. Nobody found shape or orientation, and only chance
# found scale: they move edges, so that where a pixel changes depends on the room, and no straight
# line through latent space does that alike for all rooms. Hues fill large areas and are seen first
# by any loss that looks at pictures.

# %% [markdown]
# **4 · What does the contrast add?** (4 points) Compare LD, DisCo and Dis-GU, with pictures. What
# do (5) and (8) reward, and what can neither of them tell apart? Use the turned pair and the space
# of variations.

# %% [markdown] report="q4" points=4
# (5) rewards directions that a network can tell apart, whatever they change; (8) rewards changes
# that look alike along one direction and unlike along two. LD, with (5) alone, finds one factor;
# its reconstructor names 38 of 100 directions rightly, and the map shows rows that move floor and
# wall hue at once. DisCo, with (8) alone, finds two, and Dis-GU three, one of them with four
# directions: its reconstructor is no better (0.38), but its rows are purer. With seed 1 LD finds
# three as well, so this is a hint and no proof. What neither sees is the turned pair: GS's
# directions for floor and wall hue find both, and turned by 45 degrees each moves both hues, yet
# they stand at right angles as before, and "both" differs from "both, opposed" as clearly as one
# hue from the other. In the space of variations one hue lies along one entry, the other along
# another, and both anywhere between: a code that was turned would have all three between the axes,
# at the same loss. Only that factors change at rates of their own, and that the encoder is small,
# speaks for the axes.

# %% [markdown]
# **5 · What do the scores not see?** (3 points) Name two methods that the number of found factors
# and MIG order differently, and say why. Give a code that knows every factor perfectly and has a
# MIG of zero.

# %% [markdown] report="q5" points=3
# DS finds no factor alone and has the highest MIG of the flow's methods (0.141), Dis-GU finds three
# and has 0.041. MIG looks at codes of rooms and takes the gap between the best entry and the second
# best; Dis-GU has four directions and an encoder of ten entries that share the wall hue, so the
# second best is close behind. Finding looks at steps and asks for one pure direction among many. A
# code that writes every factor down twice knows everything and has a MIG of zero; so does an angle
# as cosine and sine, nearly, or the six factors turned by 45 degrees in pairs.

# %% [markdown]
# **Sources and tools.** (1 point) List everything that helped: papers, code, people, and AI tools
# with what you used them for. Using with saying so is science.

# %% [markdown] report="sources" points=1
# The source (Cai et al.); Kingma and Dhariwal 2018 (Glow); Voynov and Babenko 2020 (directions);
# Ren et al. 2022 (DisCo); Chen et al. 2018 (MIG); PyTorch's documentation. No other code. AI tools:
# none in this model answer.
