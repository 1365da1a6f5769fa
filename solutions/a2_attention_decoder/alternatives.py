"""Right answers of assignment 2 that are written differently; every check must accept them."""

import heapq
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from autograder.authoring import alternative


@alternative("attention", "einsum")
class AdditiveAttention(nn.Module):
    def __init__(self, encoder_dim, decoder_dim, attention_dim):
        super().__init__()
        self.full_att = nn.Linear(attention_dim, 1)
        self.encoder_att = nn.Linear(encoder_dim, attention_dim)
        self.decoder_att = nn.Linear(decoder_dim, attention_dim)

    def forward(self, encoder_out, h):
        both = F.relu(self.encoder_att(encoder_out) + self.decoder_att(h)[:, None])
        energy = torch.einsum("bpa,a->bp", both, self.full_att.weight[0]) + self.full_att.bias
        alpha = torch.softmax(energy - energy.amax(1, keepdim=True), -1)
        return torch.einsum("bp,bpd->bd", alpha, encoder_out), alpha


@alternative("attention", "one picture at a time")
class AdditiveAttention(nn.Module):
    def __init__(self, encoder_dim, decoder_dim, attention_dim):
        super().__init__()
        self.encoder_att = nn.Linear(encoder_dim, attention_dim)
        self.decoder_att = nn.Linear(decoder_dim, attention_dim)
        self.full_att = nn.Linear(attention_dim, 1)

    def forward(self, encoder_out, h):
        contexts, weights = [], []
        for cells, question in zip(encoder_out, h):
            both = self.encoder_att(cells) + self.decoder_att(question)
            scores = self.full_att(both.clamp(min=0))
            weights.append(F.softmax(scores[:, 0], dim=0))
            contexts.append((weights[-1][:, None] * cells).sum(0))
        return torch.stack(contexts), torch.stack(weights)


@alternative("init_hidden_state", "sum over P")
def init_hidden_state(encoder_out, fc_h, fc_c):
    pooled = torch.einsum("bpd->bd", encoder_out) / encoder_out.size(1)
    h = fc_h(pooled)
    c = fc_c(pooled)
    return h, c


@alternative("init_hidden_state", "layers first")
def init_hidden_state(encoder_out, fc_h, fc_c):
    return fc_h(encoder_out).mean(1), fc_c(encoder_out).mean(1)


@alternative("attention_step", "filled buffer")
class AttentionStep(nn.Module):
    def __init__(self, attention, cell, *, vocab_size, embed_dim, encoder_dim, hidden_dim):
        super().__init__()
        self.vocab_size, self.embed_dim = vocab_size, embed_dim
        self.attention = attention
        self.cell = cell
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.context_fc = nn.Linear(encoder_dim, embed_dim)
        self.init_h = nn.Linear(encoder_dim, hidden_dim)
        self.init_c = nn.Linear(encoder_dim, hidden_dim)
        self.word_fc = nn.Linear(hidden_dim, vocab_size)

    def init_state(self, encoder_out):
        mean = encoder_out.mean(1)
        return self.init_h(mean), self.init_c(mean), encoder_out

    def step(self, words, state):
        seen, alpha = self.attention(state[2], state[0])
        x = seen.new_empty(len(words), 2 * self.embed_dim)
        x[:, : self.embed_dim] = self.embedding.weight[words]
        x[:, self.embed_dim :] = F.linear(seen, self.context_fc.weight, self.context_fc.bias)
        hidden, memory = self.cell(x, *state[:2])
        return self.word_fc(hidden), [hidden, memory, state[2]], alpha


@alternative("attention_forward", "rows by index")
class AttentionDecoder(AttentionStep):
    def forward(self, encoder_out, captions, lengths):
        scores = torch.zeros(len(captions), captions.size(1) - 1, self.vocab_size)
        alphas = torch.zeros(len(captions), captions.size(1) - 1, encoder_out.size(1))
        state, alive = self.init_state(encoder_out), torch.arange(len(captions))
        for t in range(captions.size(1) - 1):
            speaks = lengths[alive] - 1 > t
            alive, state = alive[speaks], tuple(part[speaks] for part in state)
            if len(alive):
                s, state, a = self.step(captions[alive, t], state)
                scores = scores.index_put((alive, torch.tensor(t)), s)
                alphas = alphas.index_put((alive, torch.tensor(t)), a)
        return scores, alphas


@alternative("attention_forward", "caption by caption")
class AttentionDecoder(AttentionStep):
    def forward(self, encoder_out, captions, lengths):
        times = captions.shape[1] - 1
        all_scores, all_alphas = [], []
        for b, length in enumerate(lengths.tolist()):
            state, rows = self.init_state(encoder_out[b : b + 1]), []
            for word in captions[b, : length - 1]:
                s, state, a = self.step(word.reshape(1), state)
                rows.append((s[0], a[0]))
            all_scores.append(torch.stack([s for s, _ in rows]))
            all_alphas.append(torch.stack([a for _, a in rows]))
        scores, alphas = (pad_sequence(x, batch_first=True) for x in (all_scores, all_alphas))
        more = times - scores.shape[1]
        return F.pad(scores, (0, 0, 0, more)), F.pad(alphas, (0, 0, 0, more))


@alternative("doubly_stochastic_penalty", "running sum")
def doubly_stochastic_penalty(alphas, lengths):
    parts = []
    for caption, length in zip(alphas, lengths.tolist()):
        parts.append(((1 - caption[: length - 1].sum(0)) ** 2).mean())
    return sum(parts) / len(parts)


@alternative("doubly_stochastic_penalty", "where")
def doubly_stochastic_penalty(alphas, lengths):
    inside = torch.arange(1, alphas.size(1) + 1)[None, :, None] < lengths[:, None, None]
    looked = torch.where(inside, alphas, torch.zeros(())).sum(-2)
    return F.mse_loss(looked, torch.ones_like(looked))


@alternative("beam_search_with_attention", "tensors")
def beam_search_with_attention(step, state, start, end, beam_size, max_length):
    ids = torch.full((1, 1), start)
    score, maps, width, finished = torch.zeros(1), None, beam_size, []
    for _ in range(max_length):
        logits, state, alpha = step(ids[:, -1], state)
        total = score[:, None] + F.log_softmax(logits, -1)
        score, flat = total.view(-1).sort(descending=True)
        score, flat = score[:width], flat[:width]
        parent = torch.div(flat, logits.size(1), rounding_mode="floor")
        ids = torch.cat([ids[parent], flat.remainder(logits.size(1))[:, None]], 1)
        rows = alpha[parent][:, None]
        maps = rows if maps is None else torch.cat([maps[parent], rows], 1)
        over = ids[:, -1] == end
        for i in over.nonzero()[:, 0].tolist():
            finished.append((score[i].item(), ids[i, 1:-1].tolist(), maps[i, :-1]))
        width -= int(over.sum())
        ids, score, maps = ids[~over], score[~over], maps[~over]
        state = tuple(part[parent[~over]] for part in state)
        if width == 0 or len(ids) == 0:
            break
    if not finished:
        return ids[0, 1:].tolist(), score[0].item(), maps[0]
    best = max(range(len(finished)), key=lambda i: finished[i][0])
    return finished[best][1], finished[best][0], finished[best][2]


@alternative("beam_search_with_attention", "one beginning at a time")
def beam_search_with_attention(step, state, start, end, beam_size, max_length):
    live, done = [(0.0, [start], state, [])], []
    while live and len(live[0][1]) <= max_length:
        pairs = []
        for score, ids, own, maps in live:
            logits, after, alpha = step(torch.tensor(ids[-1:]), own)
            for word, p in enumerate(torch.softmax(logits[0], 0).tolist()):
                gain = math.log(p) if p > 0 else -math.inf
                pairs.append((score + gain, [*ids, word], after, [*maps, alpha[0]]))
        best = heapq.nlargest(beam_size - len(done), pairs, key=lambda pair: pair[0])
        done.extend(pair for pair in best if pair[1][-1] == end)
        live = [pair for pair in best if pair[1][-1] != end]
    score, ids, _, maps = max(done if done else live, key=lambda pair: pair[0])
    words = ids[1:-1] if done else ids[1:]
    return words, score, torch.stack(maps)[: len(words)]


@alternative("upsample_attention", "grid_sample")
def upsample_attention(alpha, grid, layers, size):
    offset, jump = 0.0, 1.0
    for kernel, stride, padding in layers:
        offset = offset + jump * (kernel - 1 - 2 * padding) / 2
        jump = jump * stride
    axes = []
    for pixels, cells in zip(size, grid):
        place = (torch.arange(pixels, dtype=torch.float64) - offset) / jump
        axes.append((2 * place / max(cells - 1, 1) - 1).to(alpha.dtype))
    y, x = torch.meshgrid(axes[0], axes[1], indexing="ij")
    cells = alpha.view(1, 1, *grid)
    where = torch.stack([x, y], -1)[None]
    options = {"mode": "bilinear", "padding_mode": "border", "align_corners": True}
    return F.grid_sample(cells, where, **options)[0, 0]


@alternative("upsample_attention", "what a cell sees")
def upsample_attention(alpha, grid, layers, size):
    def centre(cell):
        first = last = cell
        for kernel, stride, padding in reversed(layers):
            first, last = first * stride - padding, last * stride - padding + kernel - 1
        return (first + last) / 2

    def neighbours(pixel, cells):
        for left in range(cells - 1):
            a, b = centre(left), centre(left + 1)
            if pixel <= b or left == cells - 2:
                return left, left + 1, min(max((pixel - a) / (b - a), 0.0), 1.0)
        return 0, 0, 0.0

    table, out = alpha.reshape(grid), alpha.new_zeros(size)
    for y in range(size[0]):
        up, down, v = neighbours(y, grid[0])
        row = (1 - v) * table[up] + v * table[down]
        for x in range(size[1]):
            left, right, u = neighbours(x, grid[1])
            out[y, x] = (1 - u) * row[left] + u * row[right]
    return out


@alternative("pointing_game", "loop")
def pointing_game(maps, boxes):
    hits = 0
    for weights, (left, top, right, bottom) in zip(maps.tolist(), boxes.tolist()):
        _, y, x = max((v, -r, -c) for r, row in enumerate(weights) for c, v in enumerate(row))
        hits += left <= -x < right and top <= -y < bottom
    return hits / len(maps)


@alternative("pointing_game", "mask")
def pointing_game(maps, boxes):
    n, high, wide = maps.shape
    x, y = torch.arange(wide), torch.arange(high)[:, None]
    left, top, right, bottom = (side[:, None, None] for side in boxes.T)
    inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
    first = maps.reshape(n, -1).argmax(1, keepdim=True)
    return float(inside.reshape(n, -1).gather(1, first).double().mean())
