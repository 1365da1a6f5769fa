"""Right answers of assignment 4 that are written differently; every check must accept them."""

from collections import Counter

import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring import alternative


@alternative("votes", "matrix product")
def votes(capsules, weights):
    return (capsules[:, :, None, None, :] @ weights[None])[:, :, :, 0, :]


@alternative("votes", "pair by pair")
def votes(capsules, weights):
    columns = []
    for j in range(weights.shape[1]):
        rows = [capsules[:, i] @ weights[i, j] for i in range(weights.shape[0])]
        columns.append(torch.stack(rows, 1))
    return torch.stack(columns, 2)


@alternative("votes", "broadcast and sum")
def votes(capsules, weights):
    return (capsules.unsqueeze(2).unsqueeze(-1) * weights).sum(-2)


@alternative("squash", "unit vector and share")
def squash(capsules):
    wide = capsules.double()
    square = (wide * wide).sum(-1, keepdim=True)
    safe = square.where(square > 0, torch.ones_like(square))
    return (square / (1 + square) * wide / safe.sqrt()).to(capsules.dtype)


@alternative("squash", "scaled by the largest entry")
def squash(capsules):
    scale = capsules.detach().abs().amax(-1, keepdim=True).clamp(min=1)
    length = scale * torch.linalg.vector_norm(capsules / scale, dim=-1, keepdim=True)
    short = torch.minimum(length, 1 / length.clamp(min=1))
    return capsules * short / (1 + short * short)


@alternative("route", "broadcast")
def route(votes, squash, iterations=3):
    b = torch.zeros(votes.shape[:3], dtype=votes.dtype)
    for r in range(iterations):
        b = b - torch.logsumexp(b, dim=-1, keepdim=True)  # a constant of each input: C stays
        weight = F.softmax(b, dim=1)
        s, c = (weight[..., None] * votes).sum(1), b.exp()
        if r + 1 < iterations:
            b = b + (votes * s[:, None]).sum(-1)
    return squash(s), c


@alternative("route", "einsum, the sum of all outputs")
def route(votes, squash, iterations=3):
    heard = votes.new_zeros(votes.shape[0], *votes.shape[2:])
    for _ in range(iterations):
        log_c = torch.einsum("bijd,bjd->bij", votes, heard).log_softmax(2)
        s = torch.einsum("bij,bijd->bjd", log_c.softmax(1), votes)
        heard = heard + s
    return squash(s), log_c.exp()


@alternative("route", "one example at a time")
def route(votes, squash, iterations=3):
    outputs, couplings = [], []
    for proposals in votes:
        agreement = proposals.new_zeros(proposals.shape[:2])
        for left in reversed(range(iterations)):
            c = agreement.log_softmax(1).double().exp()
            mean = (c.unsqueeze(2) * proposals).sum(0) / c.sum(0).unsqueeze(1)
            c, mean = c.to(proposals.dtype), mean.to(proposals.dtype)
            if left:
                agreement = agreement + (proposals * mean).sum(2)
        outputs.append(mean)
        couplings.append(c)
    return squash(torch.stack(outputs)), torch.stack(couplings)


@alternative("route", "zeros of the default type")
def route(votes, squash, iterations=3):
    logits = torch.zeros(votes.shape[:3])
    for left in range(iterations - 1, -1, -1):
        log_c = logits.log_softmax(-1)
        outputs = (log_c.softmax(1).unsqueeze(-1) * votes).sum(1)
        if left:
            logits = logits + torch.einsum("bijd,bjd->bij", votes, outputs)
    return squash(outputs), log_c.exp()


class _Given(nn.Module):
    def __init__(
        self, votes, route, *, image_dim=64, caption_dim=8, capsule_dim=64, outputs=3, vote_dim=64
    ):
        super().__init__()
        self.votes, self.route, self.output_dim = votes, route, outputs * vote_dim
        self.weights = nn.Parameter(torch.zeros(2, outputs, capsule_dim, vote_dim))
        self.caption_capsule = nn.Linear(caption_dim, capsule_dim, bias=False)
        self.image_capsule = nn.Linear(image_dim, capsule_dim, bias=False)

    def forward(self, z_image, z_caption):
        z_style, couplings = self.aggregate(z_image, z_caption)
        self.couplings = couplings.detach()
        return z_style


@alternative("capsule_aggregator", "joined outputs")
class CapsuleAggregator(_Given):
    def aggregate(self, z_image, z_caption):
        first = F.linear(z_image, self.image_capsule.weight)
        second = z_caption @ self.caption_capsule.weight.T
        both = torch.cat([first[:, None], second[:, None]], 1)
        routed = self.route(self.votes(both, self.weights))
        return torch.cat(routed[0].unbind(1), -1), routed[1]


@alternative("capsule_aggregator", "filled tensor")
class CapsuleAggregator(_Given):
    def aggregate(self, z_image, z_caption):
        capsules = z_image.new_zeros(len(z_image), 2, self.weights.shape[2])
        capsules[:, 0] = self.image_capsule(z_image)
        capsules[:, 1] = self.caption_capsule(z_caption)
        outputs, couplings = self.route(self.votes(capsules, self.weights))
        return outputs.reshape(len(z_image), -1), couplings


class _Gated(nn.Module):
    def __init__(self, *, image_dim=64, caption_dim=8, output_dim=192):
        super().__init__()
        self.output_dim = output_dim
        self.attn = nn.Linear(2 * output_dim, 2)
        self.image_fc = nn.Linear(image_dim, output_dim)
        self.caption_fc = nn.Linear(caption_dim, output_dim)

    def forward(self, z_image, z_caption):
        z_style, g = self.aggregate(z_image, z_caption)
        self.gate = g.detach()
        return z_style


@alternative("attention_aggregator", "sigmoid of the difference")
class AttentionAggregator(_Gated):
    def aggregate(self, z_image, z_caption):
        picture, captions = self.image_fc(z_image), self.caption_fc(z_caption)
        scores = self.attn(torch.cat((picture, captions), -1))
        g = torch.sigmoid(scores[:, 0] - scores[:, 1])[:, None]
        return captions + g * (picture - captions), g


@alternative("attention_aggregator", "weighted rows")
class AttentionAggregator(_Gated):
    def aggregate(self, z_image, z_caption):
        media = torch.stack([self.image_fc(z_image), self.caption_fc(z_caption)], 1)
        shares = F.softmax(self.attn(media.flatten(1)), -1)
        return (shares[:, None] @ media)[:, 0], shares[:, 0].unsqueeze(1)


class _Parts(nn.Module):
    def __init__(self, vocab_size, z_dim, embed_dim=300, hidden_dim=500, dropout=0.3):
        super().__init__()
        self.vocab_size = vocab_size
        self.word_fc = nn.Linear(hidden_dim, vocab_size)
        self.cell = nn.LSTMCell(embed_dim + z_dim, hidden_dim)
        self.init_c, self.init_h = nn.Linear(z_dim, hidden_dim), nn.Linear(z_dim, hidden_dim)
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.dropout = nn.Dropout(dropout)

    def init_state(self, z):
        return self.init_h(z), self.init_c(z), z


@alternative("stylized_generator", "only rows that go on")
class StylizedGenerator(_Parts):
    def step(self, words, state):
        x = torch.cat((self.embedding.weight[words], state[2]), -1)
        h, c = self.cell(x, tuple(state[:2]))
        return self.word_fc(self.dropout(h)), (h, c, state[2])

    def forward(self, z, captions, lengths):
        scores = z.new_zeros(len(z), captions.shape[1] - 1, self.vocab_size)
        state, rows = self.init_state(z), torch.arange(len(z))
        for t in range(int(lengths.max()) - 1):
            more = lengths[rows] - 1 > t
            rows, state = rows[more], tuple(part[more] for part in state)
            column, state = self.step(captions[rows, t], state)
            scores = scores.index_put((rows, torch.tensor(t)), column)
        return scores


@alternative("stylized_generator", "a loop of its own, dropout as a function")
class StylizedGenerator(_Parts):
    def _think(self, words, h, c, z):
        h, c = self.cell(torch.cat([self.embedding(words), z], -1), (h, c))
        return h, c, self.word_fc(F.dropout(h, self.dropout.p, self.training))

    def step(self, words, state):
        h, c, scores = self._think(words, *state)
        return scores, (h, c, state[2])

    def forward(self, z, captions, lengths):
        h, c, _ = self.init_state(z)
        found = []
        for t in range(captions.shape[1] - 1):
            h, c, scores = self._think(captions[:, t], h, c, z)
            found.append(scores * (t < lengths - 1).unsqueeze(1))
        return torch.stack(found, 1)


@alternative("stylized_generator", "caption by caption")
class StylizedGenerator(_Parts):
    def step(self, words, state):
        h, c, z = state
        memory = self.cell(torch.cat([self.embedding(words), z], 1), (h, c))
        return self.word_fc(self.dropout(memory[0])), [*memory, z]

    def forward(self, z, captions, lengths):
        found = []
        for b, length in enumerate(lengths.tolist()):
            state, rows = self.init_state(z[b : b + 1]), []
            for word in captions[b, : length - 1]:
                scores, state = self.step(word[None], state)
                rows.append(scores[0])
            behind = captions.shape[1] - length
            found.append(F.pad(torch.stack(rows), (0, 0, 0, behind)))
        return torch.stack(found)


@alternative("icsa", "counters")
def image_caption_style_accuracy(classify, captions, styles):
    wanted = Counter(styles)
    hits = Counter(a for a, b in zip(styles, classify(captions)) if a == b)
    shares = {style: hits[style] / n for style, n in wanted.items()}
    return {"all": hits.total() / wanted.total(), **shares}


@alternative("icsa", "tensor")
def image_caption_style_accuracy(classify, captions, styles):
    names = sorted({*styles})
    heard = classify(captions)
    right = torch.tensor([float(heard[i] == styles[i]) for i in range(len(styles))])
    label = torch.tensor([names.index(style) for style in styles])
    found = {"all": right.mean().item()}
    return found | {name: right[label == k].mean().item() for k, name in enumerate(names)}
