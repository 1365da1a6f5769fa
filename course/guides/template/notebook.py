# %% [markdown]
# # Assignment N · A title that says what is made
#
# What goes in, what comes out, and why anybody wants it: two or three sentences, with the paper
# that the formulas come from (Author et al., *Title*, year; below the **source**).
#
# You write one short piece (20 minutes, 80 points), measure it and report (20 points).

# %%
from autograder.notebook import begin

check, hint, progress = begin("aN_name", globals())

# %% tags=["parameters"]
import os

TIER = os.environ.get("COURSE_TIER", "small")  # "tiny": seconds, "small": a laptop, "full": a GPU
DEVICE = "auto"  # "cpu", "cuda", or "auto": CUDA where there is one
SEED = 0

# %%
import matplotlib.pyplot as plt
import torch
from torch import Tensor

# %% [markdown] stage="see"
# ## See · the data, before any formula
#
# One picture or table that makes the reader ask the question which the TODO answers.

# %%
SCORES = torch.randn(5, generator=torch.Generator().manual_seed(SEED))
print(SCORES)

# %% [markdown] stage="build"
# ## Build: one small piece
#
# Letters: B batch, V classes.

# %% [markdown]
# ### 1 · A softmax that can be made soft or hard
#
# Where does the formula stand, and what does it do (source, equation 1)?
#
# $$p_i = \frac{\exp(z_i/\tau)}{\sum_k \exp(z_k/\tau)}$$
#
# *Difficulty 1 of 5 · importance 4 of 5 · 20 minutes · about 2 lines*

# %% todo="tempered_softmax" difficulty=1 importance=4 minutes=20 lines=2
# TODO tempered_softmax: probabilities from scores, at a temperature
def tempered_softmax(scores: Tensor, temperature: float) -> Tensor:
    """p_i = exp(z_i / τ) / Σ_k exp(z_k / τ) for each row (source, equation 1).

    scores z (B, V), temperature τ > 0 -> probabilities (B, V), of the scores' type. Each row is a
    distribution over the V classes; rows do not touch each other. B or V may be 1, and they may be
    equal. Scores of a thousand give no infinity. Gradients reach the scores.
    """
    # 1. divide by the temperature       (B, V)
    # 2. a softmax over the classes      (B, V)
    ### BEGIN SOLUTION
    return torch.softmax(scores / temperature, dim=1)
    ### END SOLUTION

# %% check="tempered_softmax"
check("tempered_softmax")

# %% [markdown] hint="tempered_softmax"
# <details><summary>A nudge</summary>
#
# What does τ do to the scores before anything is exponentiated?
#
# </details>
# <details><summary>The recipe</summary>
#
# Divide, then a softmax over the last of the two axes: torch has one that is safe for large scores.
#
# </details>
# <details><summary>An error you may have seen</summary>
#
# *NaN*: the exponential of a large score is infinite, and infinity divided by itself is no number.
#
# </details>

# %% [markdown] stage="train"
# ## Train · or whatever is run here
#
# What is run, how long it takes, what should go down.

# %%
for temperature in (0.1, 1.0, 10.0):
    print(temperature, tempered_softmax(SCORES[None], temperature))

# %% [markdown] stage="test"
# ## Test · numbers beside a constant answer
#
# **What to see.** One sentence. **What not to conclude.** Another one.

# %% [markdown] stage="look"
# ## Look · pictures

# %%
figure, ax = plt.subplots(figsize=(5, 2.6), layout="constrained")
for temperature in (0.1, 1.0, 10.0):
    ax.plot(tempered_softmax(SCORES[None], temperature)[0], label=f"temperature {temperature}")
ax.set(xlabel="class", ylabel="probability", title="one row of scores, three temperatures")
ax.legend(frameon=False);

# %% [markdown] stage="improve"
# ## Improve · an open question
#
# What could be better, and a first idea to try.

# %% [markdown] stage="report"
# ## Report · a question and your sources (20 points)

# %% [markdown]
# **1 · What does it do?** (19 points) Ask for something that the numbers above do not say by
# themselves.

# %% [markdown] report="q1" points=19
# The model answer. Students get this cell empty.

# %% [markdown]
# **Sources and tools.** (1 point) List everything that helped, AI tools included.

# %% [markdown] report="sources" points=1
# The source. No other code. AI tools: none in this model answer.
