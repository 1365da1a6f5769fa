"""Right answers of assignment 5 that are written differently; every check must accept them."""

import torch
import torch.nn.functional as F
from torch import nn

from autograder.authoring import alternative


@alternative("joint_embedding_loss", "pair by pair")
def joint_embedding_loss(pictures, texts, fits, margin=1.0):
    score = pictures.matmul(texts.t())
    total = 0 * score.sum()
    size = len(score)
    for i in range(size):
        row = [F.relu(margin - score[i, i] + score[i, j]) for j in range(size) if not fits[i, j]]
        column = [F.relu(margin - score[i, i] + score[j, i]) for j in range(size) if not fits[j, i]]
        for hinges in (row, column):
            if hinges:
                total = total + sum(hinges) / len(hinges) / size
    return total


@alternative("joint_embedding_loss", "masked and turned round")
def joint_embedding_loss(pictures, texts, fits, margin=1.0):
    def one_side(first, second, true):
        scores = torch.einsum("ie,je->ij", first, second)
        hinges = (margin + scores - (first * second).sum(1, keepdim=True)).clamp(min=0)
        hinges = hinges.masked_fill(true, 0.0)
        return (hinges.sum(1) / (~true).sum(1).clamp(min=1)).sum() / len(first)

    return one_side(pictures, texts, fits) + one_side(texts, pictures, fits.T)


class _Drawing(nn.Module):
    def __init__(self, noise_dim, text_dim, size=32, width=64, projection=128):
        super().__init__()
        wide = width * size // 8
        layers = [nn.BatchNorm2d(wide), nn.ReLU()]
        while wide > width:
            layers += [
                nn.ConvTranspose2d(wide, wide // 2, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(wide // 2),
                nn.ReLU(),
            ]
            wide //= 2
        self.up = nn.Sequential(*layers, nn.ConvTranspose2d(wide, 3, 4, stride=2, padding=1))
        self.noise_dim = noise_dim
        self.start = nn.ConvTranspose2d(noise_dim + projection, width * size // 8, 4, bias=False)
        self.project = nn.Linear(text_dim, projection)


@alternative("generator", "view and a layer of its own")
class Generator(_Drawing):
    def forward(self, noise, texts):
        bend = nn.LeakyReLU(0.2)
        joined = torch.hstack([noise, bend(self.project(texts))])
        return self.up(self.start(joined.view(len(joined), -1, 1, 1))).tanh()


@alternative("generator", "larger of two")
class Generator(_Drawing):
    def forward(self, noise, texts):
        h = self.project(texts)
        h = torch.maximum(h, 0.2 * h)
        point = torch.cat((noise[..., None, None], h[..., None, None]), 1)
        return 2 * torch.sigmoid(2 * self.up(self.start(point))) - 1


class _Judging(nn.Module):
    def __init__(self, text_dim, size=32, width=64, projection=128):
        super().__init__()
        layers, wide = [nn.Conv2d(3, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)], width
        while wide < width * size // 8:
            layers.append(nn.Conv2d(wide, 2 * wide, 4, stride=2, padding=1, bias=False))
            layers += [nn.BatchNorm2d(2 * wide), nn.LeakyReLU(0.2)]
            wide *= 2
        self.judge = nn.Conv2d(wide, 1, 4)
        self.join = nn.Conv2d(wide + projection, wide, 1)
        self.project = nn.Linear(text_dim, projection)
        self.look = nn.Sequential(*layers)


@alternative("discriminator", "repeat and squeeze two axes")
class Discriminator(_Judging):
    def forward(self, pictures, texts):
        h = F.leaky_relu(self.project(texts), negative_slope=0.2)
        h = h.unsqueeze(-1).unsqueeze(-1).repeat(1, 1, 4, 4)
        x = torch.cat((self.look(pictures), h), dim=1)
        return self.judge(F.leaky_relu(self.join(x), 0.2)).squeeze(3).squeeze(2).squeeze(1)


@alternative("discriminator", "the 1 x 1 convolution in two parts")
class Discriminator(_Judging):
    def forward(self, pictures, texts):
        seen = self.look(pictures)
        told = F.leaky_relu(self.project(texts), 0.2)
        kernel = self.join.weight
        by_picture = F.conv2d(seen, kernel[:, : seen.shape[1]], self.join.bias)
        by_text = told @ kernel[:, seen.shape[1] :, 0, 0].T
        joined = F.leaky_relu(by_picture + by_text[:, :, None, None], 0.2)
        return (joined * self.judge.weight).sum((1, 2, 3)) + self.judge.bias


@alternative("mismatched", "picture by picture")
def mismatched(fits, lots):
    rows = []
    for i in range(len(fits)):
        candidates = [j for j in range(len(fits)) if not fits[i, j]]
        candidates = candidates or [j for j in range(len(fits)) if j != i]
        rows.append(max(candidates, key=lambda j: lots[i, j].item()))
    return torch.tensor(rows, device=fits.device)


@alternative("mismatched", "minus infinity, filled copies")
def mismatched(fits, lots):
    forbidden = fits.clone()
    full = fits.sum(dim=1) == fits.shape[1]
    forbidden[full] = False
    forbidden.fill_diagonal_(True)
    return torch.where(forbidden, torch.full_like(lots, float("-inf")), lots).max(dim=1).indices


@alternative("mismatched", "shifted lots")
def mismatched(fits, lots):
    ranked = lots + 1 - 2.0 * fits.to(lots)  # true ones below all others
    ranked = ranked - 4 * torch.diag(torch.ones_like(lots[0]))  # the own one below everything
    return ranked.argmax(1)


@alternative("discriminator_loss", "cross-entropy with logits")
def discriminator_loss(right, wrong, fake):
    def judged(logits, label):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    if wrong is None:
        return judged(right, 1.0) + judged(fake, 0.0)
    return judged(right, 1.0) + 0.5 * (judged(wrong, 0.0) + judged(fake, 0.0))


@alternative("discriminator_loss", "logarithm of the sigmoid as one function")
def discriminator_loss(right, wrong, fake):
    nos = [fake] if wrong is None else [wrong, fake]
    loss = -F.logsigmoid(right).mean()
    for logits in nos:
        loss = loss - F.logsigmoid(-logits).mean() / len(nos)
    return loss


@alternative("generator_loss", "cross-entropy with logits")
def generator_loss(fake):
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


@alternative("generator_loss", "logarithm of a sum of exponentials")
def generator_loss(fake):
    return torch.logaddexp(torch.zeros_like(fake), -fake).sum() / len(fake)


@alternative("interpolation_loss", "linear interpolation")
def interpolation_loss(generator, discriminator, noise, texts, partners, beta=0.5):
    t = torch.lerp(texts.index_select(0, partners), texts, beta)
    fakes = generator(noise, t)
    return -F.logsigmoid(discriminator(fakes, t)).mean()


@alternative("interpolation_loss", "difference")
def interpolation_loss(generator, discriminator, noise, texts, partners, beta=0.5):
    mixed = texts + (1 - beta) * (texts[partners] - texts)
    judged = discriminator(generator(noise, mixed), mixed)
    return F.binary_cross_entropy_with_logits(judged, torch.ones_like(judged))


@alternative("train_step", "the networks' own clearing, frozen judge")
def train_step(
    generator, discriminator, optimizers, batch, losses, wrong_pairs=True, interpolate=0.0
):
    pictures, texts, wrong_texts, noise, partners = batch
    fakes = generator(noise, texts)
    discriminator.zero_grad()
    fake = discriminator(fakes.detach(), texts)
    wrong = None
    if wrong_pairs:
        wrong = discriminator(pictures, wrong_texts)
    d_loss = losses.discriminator(discriminator(pictures, texts), wrong, fake)
    d_loss.backward()
    optimizers[1].step()

    discriminator.requires_grad_(False)
    generator.zero_grad()
    g_loss = losses.generator(discriminator(fakes, texts))
    total, told = g_loss, 0.0
    if interpolate != 0:
        i_loss = losses.interpolation(generator, discriminator, noise, texts, partners)
        total, told = g_loss + interpolate * i_loss, float(i_loss)
    total.backward()
    optimizers[0].step()
    discriminator.requires_grad_(True)
    return {"discriminator": float(d_loss), "generator": float(g_loss), "interpolation": told}


@alternative("train_step", "zeros for None, two backward passes")
def train_step(
    generator, discriminator, optimizers, batch, losses, wrong_pairs=True, interpolate=0.0
):
    for optimizer in optimizers:
        optimizer.zero_grad(set_to_none=False)
    fakes = generator(batch.noise, batch.texts)
    judged = [discriminator(batch.pictures, batch.texts), None]
    if wrong_pairs:
        judged[1] = discriminator(batch.pictures, batch.wrong)
    judged.append(discriminator(fakes.detach(), batch.texts))
    loss = losses.discriminator(*judged)
    loss.backward()
    optimizers[1].step()
    told = {"discriminator": loss.item(), "interpolation": 0.0}
    loss = losses.generator(discriminator(fakes, batch.texts))
    told["generator"] = loss.item()
    loss.backward()
    if interpolate:
        rest = batch.noise, batch.texts, batch.partners
        loss = losses.interpolation(generator, discriminator, *rest)
        (interpolate * loss).backward()
        told["interpolation"] = loss.item()
    optimizers[0].step()
    return told
