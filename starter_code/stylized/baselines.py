"""The networks that DSIC is compared with (section 4.3.1.1), of one form.

    CNNLSTM         an LSTM with a fixed style vector beside each word
    StyleNet        Gan et al. 2017: a factored LSTM in which a style has one factor of its own
    StyleFactual    Chen et al. 2018 (SF-LSTM): two groups of matrices, weighed anew at each word

Each is told z = [style ; visual]: one number per style, 1 for the one that is asked for, then the
picture's features ℰ(x); `style_and_visual` makes it. No style at all (zeros) asks for a factual
caption. The picture starts the state, the style works at every word. As for the generator of the
labs,

    init_state(z (B, S + D)) -> state        step(words (B,), state) -> scores (B, V), state
    forward(z, captions (B, T), lengths (B,)) -> scores (B, T - 1, V), zeros behind a caption's end

so that one loss, one training loop and one beam search serve them all. A state is a tuple of
tensors with B rows: h, c, and the style that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from starter_code.captioning.utils import real_targets
from starter_code.errors import CourseError

__all__ = [
    "CNNLSTM",
    "FactoredLSTMCell",
    "StyleFactual",
    "StyleFactualLSTMCell",
    "StyleNet",
    "style_and_visual",
]

State = tuple[Tensor, ...]
GATES = 4  # input, forget, candidate, output: torch's order
FACTUAL = -1  # label of a caption in no style


def style_and_visual(styles: Tensor, visual: Tensor, count: int) -> Tensor:
    """z = [style ; visual] of the networks below.

    Args:
        styles: long (B,), numbers from 0 to `count` - 1, or -1 for a factual caption.
        visual: ℰ(x), float (B, D).
        count: S, how many styles there are.

    Returns: float (B, S + D).

    Raises:
        CourseError: a label that is no style, or not one label per picture.
    """
    if styles.shape != visual.shape[:1]:
        raise CourseError(
            f"There are {len(visual)} pictures and labels of shape {tuple(styles.shape)}: give one "
            "label per picture."
        )
    if len(styles) and not (int(styles.min()) >= FACTUAL and int(styles.max()) < count):
        raise CourseError(
            f"Labels of styles run from 0 to {count - 1}, and -1 stands for a factual caption; "
            f"these run from {int(styles.min())} to {int(styles.max())}."
        )
    asked = F.one_hot(styles.clamp(min=0), count) * (styles != FACTUAL)[:, None]
    return torch.cat([asked.to(visual), visual], dim=1)


class _Teller(nn.Module):
    """What the three share: embedding, first state from the picture, scores, teacher forcing.

    A subclass says how words and style move the state: `move(x (B, E), state) -> state`.
    """

    def __init__(
        self,
        vocab_size: int,
        styles: int,
        visual_dim: int,
        *,
        embed_dim: int = 300,
        hidden_dim: int = 500,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.vocab_size, self.styles, self.visual_dim = vocab_size, styles, visual_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.first = nn.Linear(visual_dim, 2 * hidden_dim)  # h and c
        self.dropout = nn.Dropout(dropout)
        self.word_fc = nn.Linear(hidden_dim, vocab_size)

    def move(self, x: Tensor, state: State) -> State:
        raise NotImplementedError

    def init_state(self, z: Tensor) -> State:
        """z (B, S + D) -> (h (B, H), c (B, H), style (B, S)).

        Raises:
            CourseError: z of another width.
        """
        if z.shape[-1] != self.styles + self.visual_dim:
            raise CourseError(
                f"z has {z.shape[-1]} numbers, {self.styles} styles and {self.visual_dim} features "
                "were expected: make it with style_and_visual."
            )
        style, visual = z.split([self.styles, self.visual_dim], dim=1)
        h, c = self.first(visual).chunk(2, dim=1)
        return h, c, style

    def step(self, words: Tensor, state: State) -> tuple[Tensor, State]:
        """words (B,), state -> scores (B, V), the state after them."""
        state = self.move(self.embedding(words), state)
        return self.word_fc(self.dropout(state[0])), state

    def forward(self, z: Tensor, captions: Tensor, lengths: Tensor) -> Tensor:
        """Teacher forcing: (B, S + D), (B, T), (B,) -> scores (B, T - 1, V)."""
        state, passed = self.init_state(z), []
        for x in self.embedding(captions[:, :-1]).unbind(1):
            state = self.move(x, state)
            passed.append(state[0])
        spoken = real_targets(captions, lengths)  # (B, T - 1): only these are worth a score
        hidden = torch.stack(passed, 1)[spoken]  # (N, H)
        answers = self.word_fc(self.dropout(hidden))
        nothing = answers.new_zeros(*spoken.shape, self.vocab_size)
        return nothing.masked_scatter(spoken[..., None], answers)


class CNNLSTM(_Teller):
    """CNN+LSTM of DSIC, section 4.3.1.1: the style is a fixed vector beside each word.

    h_t, c_t = LSTM([embedding(w_t) ; style], h_{t-1}, c_{t-1})

    Args:
        vocab_size: V. styles: S. visual_dim: D.
        embed_dim: E. hidden_dim: H. dropout: on h, before the word layer (DSIC, section 4.4).
    """

    def __init__(self, vocab_size: int, styles: int, visual_dim: int, **sizes: float) -> None:
        super().__init__(vocab_size, styles, visual_dim, **sizes)
        embed_dim = self.embedding.embedding_dim
        self.cell = nn.LSTMCell(embed_dim + styles, self.word_fc.in_features)

    def move(self, x: Tensor, state: State) -> State:
        h, c, style = state
        return *self.cell(torch.cat([x, style], dim=1), (h, c)), style


class FactoredLSTMCell(nn.Module):
    """StyleNet's cell: W_x = U S V in each gate, and only S differs between styles.

    gate = activation(U S V x + W_h h + b)      (Gan et al., "StyleNet", CVPR 2017)

    A row of zeros in place of a style takes the factual S. Where StyleNet writes h = o ⊙ c, this
    cell has the tanh of nn.LSTMCell, so that all networks compared here differ by one thing.

    Args:
        input_dim: E. hidden_dim: H. factor_dim: F, sides of S. styles: how many S beside the
            factual one.
    """

    def __init__(self, input_dim: int, hidden_dim: int, factor_dim: int, styles: int) -> None:
        super().__init__()
        self.V = nn.Parameter(_scaled(GATES, factor_dim, input_dim))
        self.factual_S = nn.Parameter(_scaled(GATES, factor_dim, factor_dim))
        self.style_S = nn.Parameter(_scaled(styles, GATES, factor_dim, factor_dim))
        self.U = nn.Parameter(_scaled(GATES, hidden_dim, factor_dim))
        self.hidden = nn.Linear(hidden_dim, GATES * hidden_dim)

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor], style: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x (B, E), (h (B, H), c (B, H)), style (B, styles) of zeros and a one -> (h, c)."""
        h, c = state
        seen = torch.einsum("gfe,be->bgf", self.V, x)
        facts = torch.einsum("gkf,bgf->bgk", self.factual_S, seen)
        manner = torch.einsum("sgkf,bgf->bsgk", self.style_S, seen)
        mixed = (1 - style.sum(1))[:, None, None] * facts
        mixed = mixed + (style[:, :, None, None] * manner).sum(1)
        from_word = torch.einsum("ghk,bgk->bgh", self.U, mixed).flatten(1)  # (B, 4H)
        return _lstm(from_word + self.hidden(h), c)


class StyleNet(_Teller):
    """Gan et al. 2017 on the factored cell; arguments as for `CNNLSTM`, and F (H by default).

    It is trained in two phases: first on factual captions, all of it; then, after `style_phase`,
    on styled ones, when nothing but the S of the styles moves. Beside them the words move that no
    factual caption holds: on photos there are hardly any, but scenes are told plainly, and no S
    could say a word whose vector and score were never taught.
    """

    def __init__(
        self,
        vocab_size: int,
        styles: int,
        visual_dim: int,
        *,
        factor_dim: int | None = None,
        **sizes: float,
    ) -> None:
        super().__init__(vocab_size, styles, visual_dim, **sizes)
        embed_dim, hidden_dim = self.embedding.embedding_dim, self.word_fc.in_features
        self.cell = FactoredLSTMCell(embed_dim, hidden_dim, factor_dim or hidden_dim, styles)

    def move(self, x: Tensor, state: State) -> State:
        h, c, style = state
        return *self.cell(x, (h, c), style), style

    def style_phase(self, untaught: Tensor) -> StyleNet:
        """From now on only the S of the styles train, and words that are untaught; returns itself.

        Args:
            untaught: words that no factual caption holds, bool (V,).
        """
        self.requires_grad_(False)
        self.cell.style_S.requires_grad_(True)
        for rows in (self.embedding.weight, self.word_fc.weight, self.word_fc.bias):
            rows.requires_grad_(True).register_hook(_only(untaught))
        return self

    @torch.no_grad()
    def start_from_facts(self) -> StyleNet:
        """Every style begins with the factual S: it tells facts before it learns manners."""
        self.cell.style_S.copy_(self.cell.factual_S.expand_as(self.cell.style_S))
        return self


class StyleFactualLSTMCell(nn.Module):
    """The cell of SF-LSTM: a factual and a stylised group of matrices, weighed at each word.

    gate = activation((g_x S_x + (1 - g_x) W_x) x + (g_h S_h + (1 - g_h) W_h) h + b)
    g_x, g_h = σ(fc(h))     (Chen et al., "Factual or Emotional", ECCV 2018)

    The weights come from the previous context, which is h here; their layer is ours. Each style has
    a group S of its own, where the paper trains one network per style. A row of zeros in place of a
    style closes both gates: the factual LSTM is left.

    Args:
        input_dim: E. hidden_dim: H. styles: how many groups S.
    """

    def __init__(self, input_dim: int, hidden_dim: int, styles: int) -> None:
        super().__init__()
        self.factual_x = nn.Linear(input_dim, GATES * hidden_dim)  # W_x, and b
        self.factual_h = nn.Linear(hidden_dim, GATES * hidden_dim, bias=False)
        self.style_x = nn.Parameter(_scaled(styles, GATES * hidden_dim, input_dim))
        self.style_h = nn.Parameter(_scaled(styles, GATES * hidden_dim, hidden_dim))
        self.weigh = nn.Linear(hidden_dim, 2)  # g_x and g_h

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor], style: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x (B, E), (h (B, H), c (B, H)), style (B, styles) of zeros and a one -> (h, c)."""
        h, c = state
        g_x, g_h = (self.weigh(h).sigmoid() * style.sum(1, keepdim=True)).split(1, dim=1)
        styled_x = torch.einsum("bs,bsg->bg", style, torch.einsum("sge,be->bsg", self.style_x, x))
        styled_h = torch.einsum("bs,bsg->bg", style, torch.einsum("sgh,bh->bsg", self.style_h, h))
        b = self.factual_x.bias
        from_word = g_x * styled_x + (1 - g_x) * (self.factual_x(x) - b) + b
        from_past = g_h * styled_h + (1 - g_h) * self.factual_h(h)
        return _lstm(from_word + from_past, c)


class StyleFactual(_Teller):
    """SF-LSTM of Chen et al. 2018; arguments as for `CNNLSTM`.

    The paper also pulls the word distribution towards that of a factual model where both agree
    (its adaptive learning); the networks compared here are all trained by cross-entropy alone.
    """

    def __init__(self, vocab_size: int, styles: int, visual_dim: int, **sizes: float) -> None:
        super().__init__(vocab_size, styles, visual_dim, **sizes)
        embed_dim, hidden_dim = self.embedding.embedding_dim, self.word_fc.in_features
        self.cell = StyleFactualLSTMCell(embed_dim, hidden_dim, styles)

    def move(self, x: Tensor, state: State) -> State:
        h, c, style = state
        return *self.cell(x, (h, c), style), style


def _lstm(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 4H) before the activations, c (B, H) -> h, c of an LSTM."""
    i, f, g, o = gates.chunk(GATES, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _only(rows: Tensor) -> Callable[[Tensor], Tensor]:
    """A hook that lets the gradient of these rows through, bool (N,), and zeros that of others."""

    def let_through(gradient: Tensor) -> Tensor:
        kept = rows.to(gradient.device)
        return gradient * kept.reshape(-1, *[1] * (gradient.dim() - 1))

    return let_through


def _scaled(*shape: int) -> Tensor:
    """Normal numbers that keep the size of what is multiplied by the last axis."""
    return torch.randn(*shape) / shape[-1] ** 0.5
