"""Right answers of assignment 6 that are written differently; every check must accept them."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring import alternative


class _Channels(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.register_buffer("initialised", torch.tensor(False))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))


@alternative("act_norm", "channels last")
class ActNorm(_Channels):
    def forward(self, x):
        last = x.movedim(1, 3)
        if not self.initialised and self.training:
            rows = last.detach().reshape(-1, x.shape[1])
            centre = rows.mean(0)
            spread = (rows - centre).square().mean(0).sqrt()
            spread = torch.maximum(spread, torch.full_like(spread, 1e-3))
            self.log_scale.data = spread.reciprocal().log()
            self.bias.data = -centre * self.log_scale.data.exp()
            self.initialised.fill_(True)
        y = (last * self.log_scale.exp() + self.bias).movedim(3, 1)
        return y, x.new_ones(len(x)) * x[0, 0].numel() * self.log_scale.sum()

    def inverse(self, y):
        return ((y.movedim(1, 3) - self.bias) * (-self.log_scale).exp()).movedim(3, 1)


@alternative("act_norm", "einsum, the mark as a new tensor")
class ActNorm(_Channels):
    def forward(self, x):
        if self.training and not bool(self.initialised):
            with torch.no_grad():
                variance, mean = torch.var_mean(x, dim=(0, 2, 3), unbiased=False)
                scale = 1 / variance.sqrt().clamp_min(1e-3)
                self.log_scale.data.copy_(scale.log())
                self.bias.data.copy_(-mean * scale)
                self.initialised = torch.tensor(True, device=x.device)
        y = torch.einsum("bchw,c->bchw", x, self.log_scale.exp()) + self.bias.view(1, -1, 1, 1)
        spread = self.log_scale.view(1, -1, 1, 1).expand(x.shape)
        return y, spread.sum(dim=(1, 2, 3))

    def inverse(self, y):
        return (y - self.bias.view(1, -1, 1, 1)) / self.log_scale.view(1, -1, 1, 1).exp()


@alternative("act_norm", "the floor as a tensor of float32")
class ActNorm(_Channels):
    def forward(self, x):
        if self.training and not self.initialised:
            with torch.no_grad():
                floor = torch.tensor(1e-3, device=x.device)
                deviation = torch.maximum(x.std(dim=(0, 2, 3), correction=0), floor)
                self.log_scale[:] = -torch.log(deviation)
                self.bias[:] = -x.mean(dim=(0, 2, 3)) * self.log_scale.exp()
                self.initialised |= True
        scale = torch.exp(self.log_scale).view(-1, 1, 1)
        log_det = scale.log().expand(x.shape[1:]).sum().repeat(len(x))
        return scale * x + self.bias.view(-1, 1, 1), log_det

    def inverse(self, y):
        return (y - self.bias.view(-1, 1, 1)) * torch.exp(-self.log_scale).view(-1, 1, 1)


class _Factors(nn.Module):
    def __init__(self, channels, generator=None):
        super().__init__()
        matrix = torch.linalg.qr(torch.randn(channels, channels, generator=generator))[0]
        p, lower, upper = torch.linalg.lu(matrix)
        self.register_buffer("permutation", p)
        self.register_buffer("sign", torch.sign(torch.diagonal(upper)))
        self.log_s = nn.Parameter(torch.diagonal(upper).abs().log())
        self.lower = nn.Parameter(torch.tril(lower, -1))
        self.upper = nn.Parameter(torch.triu(upper, 1))

    def weight(self):
        lower, upper = self.factors()
        return self.permutation @ lower @ upper


@alternative("invertible_conv", "masks, a convolution and a solver")
class InvertibleConv1x1(_Factors):
    def factors(self):
        ones = torch.ones_like(self.lower)
        lower = self.lower * ones.tril(-1) + torch.eye(
            len(self.lower), dtype=self.lower.dtype, device=self.lower.device
        )
        upper = self.upper * ones.triu(1)
        return lower, upper + torch.diag_embed(self.sign * torch.exp(self.log_s))

    def forward(self, x):
        y = F.conv2d(x, self.weight()[:, :, None, None])
        pixels = x[0, 0].numel()
        return y, torch.stack([pixels * torch.sum(self.log_s)] * len(x))

    def inverse(self, y):
        rows = y.permute(1, 0, 2, 3).reshape(y.shape[1], -1)
        x = torch.linalg.solve(self.weight(), rows)
        return x.view(y.shape[1], y.shape[0], *y.shape[2:]).permute(1, 0, 2, 3)


@alternative("invertible_conv", "inverse matrix, slogdet")
class InvertibleConv1x1(_Factors):
    def factors(self):
        lower = torch.tril(self.lower, -1) + torch.diag(torch.ones_like(self.log_s))
        upper = torch.triu(self.upper, 1) + torch.diag(self.log_s.exp() * self.sign)
        return lower, upper

    def forward(self, x):
        matrix = self.weight()
        y = (matrix @ x.flatten(2)).view(x.shape)
        log_det = torch.linalg.slogdet(matrix.double())[1].to(x.dtype)
        return y, log_det.repeat(len(x)) * x.shape[-1] * x.shape[-2]

    def inverse(self, y):
        matrix = self.weight().double().inverse().to(y.dtype)
        return torch.einsum("ij,bjhw->bihw", matrix, y)


class _Halves(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net


@alternative("affine_coupling", "slices and softplus")
class AffineCoupling(_Halves):
    def _scale_and_shift(self, kept):
        h = self.net(kept)
        half = h.shape[1] // 2
        return -F.softplus(-h[:, :half] - 2), h[:, half:]

    def forward(self, x):
        half = x.shape[1] // 2
        log_s, t = self._scale_and_shift(x[:, half:])
        y = x.clone()
        y[:, :half] = x[:, :half] * torch.exp(log_s) + t
        return y, log_s.sum(dim=(1, 2, 3))

    def inverse(self, y):
        half = y.shape[1] // 2
        log_s, t = self._scale_and_shift(y[:, half:])
        return torch.cat(((y[:, :half] - t) * torch.exp(-log_s), y[:, half:]), 1)


@alternative("affine_coupling", "split, one sum for each example")
class AffineCoupling(_Halves):
    def forward(self, x):
        a, b = torch.split(x, x.shape[1] // 2, 1)
        r, t = torch.tensor_split(self.net(b), 2, dim=1)
        s = torch.sigmoid(r + 2)
        log_det = torch.stack([F.logsigmoid(one + 2).sum() for one in r])
        return torch.cat((torch.addcmul(t, s, a), b), 1), log_det

    def inverse(self, y):
        a, b = torch.split(y, y.shape[1] // 2, 1)
        r, t = torch.tensor_split(self.net(b), 2, dim=1)
        return torch.cat(((a - t) * (1 + torch.exp(-r - 2)), b), 1)


@alternative("bits_per_dim", "in nats first")
def bits_per_dim(log_p, dimensions, levels=256):
    nats = math.log(levels) - log_p / dimensions
    return nats / math.log(2)


@alternative("bits_per_dim", "of the whole picture first")
def bits_per_dim(log_p, dimensions, levels=256):
    bits = dimensions * np.log2(levels) - log_p * np.log2(np.e)
    return bits / dimensions


class _Free(nn.Module):
    def __init__(self, latent, directions, generator=None):
        super().__init__()
        self.free = nn.Parameter(torch.randn(latent, directions, generator=generator))

    def forward(self, which, size):
        choice = F.one_hot(which, self.free.shape[1]).to(size)
        return (choice * size[:, None]) @ self.matrix().transpose(0, 1)


@alternative("navigator", "matrix exponential")
class Navigator(_Free):
    def matrix(self):
        latent, directions = self.free.shape
        padded = F.pad(self.free, (0, latent - directions))
        skew = padded - padded.T
        return torch.matrix_exp(skew)[:, :directions]

    def forward(self, which, size):
        return torch.einsum("b,ab->ba", size, self.matrix()[:, which])


@alternative("navigator", "Cayley transform")
class Navigator(_Free):
    def matrix(self):
        latent, directions = self.free.shape
        skew = F.pad(self.free, (0, latent - directions))
        skew = skew.tril(-1) - skew.tril(-1).T
        one = torch.eye(latent, dtype=skew.dtype, device=skew.device)
        return torch.linalg.solve(one + skew, one - skew)[:, :directions]


@alternative("navigator", "singular vectors")
class Navigator(_Free):
    def matrix(self):
        u, _, v = torch.linalg.svd(self.free, full_matrices=False)
        return u @ v


@alternative("navigator", "Gram and Schmidt")
class Navigator(_Free):
    def matrix(self):
        found = []
        for column in self.free.T:
            for _ in range(2):
                for other in found:
                    column = column - (column @ other) * other
            found.append(column / column.norm())
        return torch.stack(found, 1)


@alternative("navigator", "root of the Gram matrix")
class Navigator(_Free):
    def matrix(self):
        wide = self.free.double()
        factor = torch.linalg.cholesky(wide.T @ wide)
        return torch.linalg.solve_triangular(factor, wide.T, upper=False).T.to(self.free.dtype)


@alternative("direction_loss", "by hand")
def direction_loss(scores, which, guess, size, eta=0.25):
    right = scores.gather(1, which[:, None])[:, 0]
    classes = torch.logsumexp(scores, 1) - right
    return (classes + eta * torch.abs(size - guess)).mean()


@alternative("direction_loss", "two losses of the library")
def direction_loss(scores, which, guess, size, eta=0.25):
    return F.nll_loss(scores.log_softmax(-1), which) + eta * F.l1_loss(guess, size)


@alternative("direction_loss", "maximum for the absolute value")
def direction_loss(scores, which, guess, size, eta=0.25):
    error = torch.maximum(guess - size, size - guess)
    return nn.CrossEntropyLoss()(scores, which) + error.sum() * eta / len(size)


@alternative("contrastive_loss", "library's binary cross-entropy")
def contrastive_loss(query, positives, negatives, temperature=1.0, threshold=0.95):
    keys = torch.cat([positives, negatives], 1)
    similarity = (keys @ query[:, :, None])[..., 0]
    with torch.no_grad():
        label = similarity * (similarity > threshold)
        label[:, : positives.shape[1]] = 1
    cost = F.binary_cross_entropy_with_logits(similarity / temperature, label, reduction="none")
    return cost.sum(1).mean()


@alternative("contrastive_loss", "softplus")
def contrastive_loss(query, positives, negatives, temperature=1.0, threshold=0.95):
    alike = (query[:, None] * positives).sum(-1) / temperature
    other = (query[:, None] * negatives).sum(-1)
    label = other.detach().clone()
    label[label <= threshold] = 0
    total = F.softplus(-alike).sum()
    total = total + (F.softplus(other / temperature) - label * other / temperature).sum()
    return total / query.shape[0]


@alternative("contrastive_loss", "cosines")
def contrastive_loss(query, positives, negatives, temperature=1.0, threshold=0.95):
    alike = F.cosine_similarity(query[:, None], positives, dim=-1)
    other = F.cosine_similarity(query[:, None], negatives, dim=-1)
    label = (other * (other > threshold).float()).detach()
    log_sigmoid = -F.softplus(-other / temperature)
    log_rest = log_sigmoid - other / temperature
    cost = F.softplus(-alike / temperature).sum(-1)
    return (cost - (label * log_sigmoid + (1 - label) * log_rest).sum(-1)).mean(0)


@alternative("contrastive_loss", "query by query")
def contrastive_loss(query, positives, negatives, temperature=1.0, threshold=0.95):
    costs = []
    for q, near, far in zip(query, positives, negatives):
        cost = -F.logsigmoid(near @ q / temperature).sum()
        for key in far:
            alike = q @ key
            c = alike.item() if alike.item() > threshold else 0.0
            cost = cost - c * F.logsigmoid(alike / temperature)
            cost = cost - (1 - c) * F.logsigmoid(-alike / temperature)
        costs.append(cost)
    return torch.stack(costs).mean()


@alternative("mig", "NumPy histograms")
def mig(codes, factors, bins=20):
    codes, factors = codes.cpu().numpy().astype(np.float64), factors.cpu().numpy()
    gaps = []
    for column in factors.T:
        values, place = np.unique(column, return_inverse=True)
        if len(values) < 2:
            continue
        p = np.bincount(place) / len(place)
        found = [0.0]
        for entry in codes.T:
            if entry.min() == entry.max():
                found.append(0.0)
                continue
            table, _, _ = np.histogram2d(
                entry, place, bins=(bins, np.arange(len(values) + 1) - 0.5)
            )
            q = table / len(place)
            alone = q.sum(1, keepdims=True) * p
            there = q > 0
            found.append(float((q[there] * np.log(q[there] / alone[there])).sum()))
        second, first = sorted([*found, 0.0])[-2:]
        gaps.append((first - second) / -(p * np.log(p)).sum())
    return float(np.mean(gaps))


@alternative("mig", "entropies")
def mig(codes, factors, bins=20):
    def entropy(*labels):
        _, counts = torch.unique(torch.stack(labels), dim=1, return_counts=True)
        p = counts.double() / counts.sum()
        return float(-(p * p.log2()).sum())

    wide = codes.double()
    low, high = wide.min(0).values, wide.max(0).values
    cells = torch.floor((wide - low) * bins / (high - low).clamp(min=1e-300))
    cells = cells.clamp(0, bins - 1).long()
    gaps = []
    for v in factors.unbind(1):
        h = entropy(v)
        if h > 0:
            known = sorted((entropy(c) + h - entropy(c, v) for c in cells.unbind(1)), reverse=True)
            gaps.append((known[0] - (known[1] if len(known) > 1 else 0)) / h)
    return sum(gaps) / len(gaps)


@alternative("mig", "one-hot tables")
def mig(codes, factors, bins=20):
    x = codes.to(torch.float64)
    x = x - x.amin(0)
    top = x.amax(0)
    x = torch.where(top > 0, x / torch.where(top > 0, top, 1.0), 0.0)
    table = F.one_hot((x * bins).floor().long().clamp(0, bins - 1), bins).double()
    total, used = 0.0, 0
    for j in range(factors.shape[1]):
        values, place = torch.unique(factors[:, j], return_inverse=True)
        if values.numel() < 2:
            continue
        joint = torch.einsum("nlb,nv->lbv", table, F.one_hot(place).double()) / len(x)
        p = joint.sum(1)[:1]
        expected = joint.sum(2, keepdim=True) * p[:, None]
        ratio = torch.where(joint > 0, joint / torch.where(joint > 0, expected, 1.0), 1.0)
        known = (joint * ratio.log()).sum((1, 2)).sort(descending=True).values
        second = known[1] if len(known) > 1 else 0.0
        total, used = total + float((known[0] - second) / -(p * p.log()).sum()), used + 1
    return total / used
