"""Right answers of assignment 3 that are written differently; every check must accept them."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence

from autograder.authoring import alternative
from starter_code.disentangling.latents import Latent, split_latent


@alternative("reparameterize", "addcmul")
def reparameterize(mu, log_variance, noise):
    return torch.addcmul(mu, torch.sqrt(torch.exp(log_variance)), noise)


@alternative("reparameterize", "entry by entry")
def reparameterize(mu, log_variance, noise):
    rows = []
    for b in range(len(mu)):
        deviation = torch.pow(math.e, 0.5 * log_variance[b])
        rows.append(torch.stack([m + s * e for m, s, e in zip(mu[b], deviation, noise[b])]))
    return torch.stack(rows)


@alternative("kl_divergence", "torch.distributions")
def kl_divergence(mu, log_variance):
    posterior = torch.distributions.Normal(mu, torch.exp(0.5 * log_variance))
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(posterior, prior).sum(-1).mean()


@alternative("kl_divergence", "as many papers write it")
def kl_divergence(mu, log_variance):
    total = -0.5 * torch.sum(1 + log_variance - mu**2 - torch.exp(log_variance))
    return total / mu.size(0)


@alternative("filter_losses", "library cross-entropies")
def filter_losses(filters, styles, facts, labels, fact_words):
    scores = filters.style_classifier(styles)
    of_style = F.cross_entropy(scores.flatten(0, 1), labels.flatten(), reduction="sum")
    of_facts = F.cross_entropy(filters.fact_classifier(facts), fact_words)
    return of_style / len(styles), of_facts


@alternative("filter_losses", "loops and logsumexp")
def filter_losses(filters, styles, facts, labels, fact_words):
    batch = styles.shape[0]
    of_style = of_facts = 0
    for b in range(batch):
        for k in range(styles.shape[1]):
            scores = filters.style_classifier(styles[b, k])
            of_style = of_style + scores.logsumexp(0) - scores[labels[b, k]]
        words = filters.fact_classifier(facts[b : b + 1])[0]
        of_facts = of_facts + fact_words[b] @ (torch.logsumexp(words, 0) - words)
    return of_style / batch, of_facts / batch


@alternative("filter_losses", "one-hot and einsum")
def filter_losses(filters, styles, facts, labels, fact_words):
    log_p = F.log_softmax(filters.style_classifier(styles), -1)
    told = F.one_hot(labels, log_p.shape[-1]).to(log_p.dtype)
    of_style = -torch.einsum("bks,bks->b", told, log_p).mean()
    log_w = F.log_softmax(filters.fact_classifier(facts), -1)
    return of_style, -torch.einsum("bw,bw->b", fact_words, log_w).mean()


@alternative("adversary", "library cross-entropies, functional_call")
def discriminator_losses(filters, styles, facts, style_words, fact_words):
    facts, joined = facts.detach(), styles.detach().reshape(len(styles), -1)
    of_style = F.cross_entropy(filters.style_discriminator(facts), style_words)
    return of_style, F.cross_entropy(filters.fact_discriminator(joined), fact_words)


@alternative("adversary", "library cross-entropies, functional_call")
def adversarial_entropies(filters, styles, facts):
    def minus_entropy(layer, x):
        held = {name: value.detach() for name, value in layer.named_parameters()}
        logits = functional_call(layer, held, (x,))
        return -torch.distributions.Categorical(logits=logits).entropy().mean()

    joined = styles.reshape(len(styles), -1)
    return (
        minus_entropy(filters.style_discriminator, facts),
        minus_entropy(filters.fact_discriminator, joined),
    )


@alternative("adversary", "example by example, deepcopy")
def discriminator_losses(filters, styles, facts, style_words, fact_words):
    with torch.no_grad():
        fixed_facts = facts.clone()
        fixed_styles = torch.cat(list(styles.unbind(1)), dim=1)
    losses = [0, 0]
    for b in range(len(facts)):
        words = filters.style_discriminator(fixed_facts[b]).log_softmax(0)
        losses[0] = losses[0] - torch.dot(style_words[b], words)
        words = filters.fact_discriminator(fixed_styles[b]).log_softmax(0)
        losses[1] = losses[1] - torch.dot(fact_words[b], words)
    return losses[0] / len(facts), losses[1] / len(facts)


@alternative("adversary", "example by example, deepcopy")
def adversarial_entropies(filters, styles, facts):
    still = copy.deepcopy(filters)
    totals = []
    for layer, rows in ((still.style_discriminator, facts), (still.fact_discriminator, styles)):
        total = 0
        for row in rows:
            p = layer(row.reshape(-1)).softmax(0)
            total = total - torch.special.entr(p).sum()
        totals.append(total / len(rows))
    return tuple(totals)


@alternative("adversary", "switched off and on again")
def discriminator_losses(filters, styles, facts, style_words, fact_words):
    found = []
    for layer, x, bag in (
        (filters.style_discriminator, facts, style_words),
        (filters.fact_discriminator, styles.flatten(start_dim=1), fact_words),
    ):
        log_p = F.log_softmax(layer(x.detach()), dim=-1)
        found.append(torch.einsum("bw,bw->", bag, -log_p) / len(x))
    return found


@alternative("adversary", "switched off and on again")
def adversarial_entropies(filters, styles, facts):
    parts = [filters.style_discriminator, filters.fact_discriminator]
    for part in parts:
        part.requires_grad_(False)
    try:
        scores = parts[0](facts), parts[1](styles.flatten(start_dim=1))
    finally:
        for part in parts:
            part.requires_grad_(True)
    p = [F.softmax(s, dim=-1) for s in scores]
    return [torch.xlogy(q, q).sum(-1).mean() for q in p]


@alternative("image_vae", "slices by hand")
class ImageVAE(nn.Module):
    def __init__(self, sample, *, visual_dim, hidden_dim, slices, style_dim, fact_dim):
        super().__init__()
        self.draw, self.k, self.d = sample, slices, style_dim
        self.style_dim, self.latent_dim = style_dim, slices * style_dim + fact_dim
        z = self.latent_dim
        self.f = nn.Sequential(
            nn.Linear(visual_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, z * 2)
        )
        self.g = nn.Sequential(
            nn.Linear(z, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, visual_dim)
        )

    def forward(self, visual, noise):
        both = self.f(visual)
        mu, log_variance = both[:, : self.latent_dim], both[:, self.latent_dim :]
        z = self.draw(mu, log_variance, noise)
        at = self.k * self.d
        styles = torch.stack([z[:, i : i + self.d] for i in range(0, at, self.d)], 1)
        return Latent(
            self.g(torch.cat([styles.flatten(1), z[:, at:]], 1)),
            mu,
            log_variance,
            styles,
            z[:, at:],
        )

    def reconstruction_loss(self, output, visual):
        return torch.sqrt(((output - visual) ** 2).sum(-1)).mean()


@alternative("image_vae", "layer by layer")
class ImageVAE(nn.Module):
    def __init__(self, sample, *, visual_dim, hidden_dim, slices, style_dim, fact_dim):
        super().__init__()
        self.sample, self.slices, self.style_dim = sample, slices, style_dim
        self.latent_dim = slices * style_dim + fact_dim
        self.g = nn.Sequential(
            nn.Linear(self.latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, visual_dim)
        )
        self.f = nn.Sequential(
            nn.Linear(visual_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, 2 * self.latent_dim)
        )

    def forward(self, visual, noise):
        hidden = F.relu(F.linear(visual, self.f[0].weight, self.f[0].bias))
        mu, log_variance = torch.split(self.f[2](hidden), self.latent_dim, dim=-1)
        z = self.sample(mu, log_variance, noise)
        output = self.g[2](torch.clamp(self.g[0](z), min=0))
        return Latent(output, mu, log_variance, *split_latent(z, self.slices, self.style_dim))

    def reconstruction_loss(self, output, visual):
        lengths = [torch.linalg.vector_norm(a - b) for a, b in zip(output, visual)]
        return sum(lengths) / len(lengths)


class _CaptionLayers(nn.Module):
    """The given layers and methods of the TODO."""

    def __init__(self, sample, *, vocab_size, embed_dim, hidden_dim, style_dim=8, fact_dim=128):
        super().__init__()
        self.sample, self.style_dim, self.latent_dim = sample, style_dim, style_dim + fact_dim
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.reader = nn.LSTM(embed_dim, hidden_dim, batch_first=True)
        self.to_latent = nn.Linear(hidden_dim, 2 * self.latent_dim)
        self.start = nn.Linear(self.latent_dim, 2 * hidden_dim)
        self.writer = nn.LSTM(embed_dim + self.latent_dim, hidden_dim, batch_first=True)
        self.word_fc = nn.Linear(hidden_dim, vocab_size)

    def init_state(self, z):
        return *self.start(z).tanh().chunk(2, dim=1), z

    def step(self, words, state):
        h, c, z = state
        x = torch.cat([self.embedding(words), z], dim=1).unsqueeze(1)
        out, (h, c) = self.writer(x, (h.unsqueeze(0), c.unsqueeze(0)))
        return self.word_fc(out.squeeze(1)), (h.squeeze(0), c.squeeze(0), z)


@alternative("caption_vae", "packed reader, ignored pads")
class CaptionVAE(_CaptionLayers):
    def forward(self, captions, lengths, noise):
        words = self.embedding(captions)
        packed = pack_padded_sequence(words, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (last, _) = self.reader(packed)
        mu, log_variance = torch.tensor_split(self.to_latent(last.squeeze(0)), 2, dim=-1)
        z = self.sample(mu, log_variance, noise)
        state = [part[None].contiguous() for part in self.init_state(z)[:2]]
        often = z[:, None].repeat(1, captions.size(1) - 1, 1)
        out, _ = self.writer(torch.cat((words[:, :-1], often), -1), tuple(state))
        styles, facts = split_latent(z, 1, self.style_dim)
        return Latent(self.word_fc(out), mu, log_variance, styles, facts)

    def reconstruction_loss(self, output, captions, lengths):
        targets = captions[:, 1:].clone()
        targets[torch.arange(1, captions.size(1)) >= lengths[:, None]] = -100
        scores = output.movedim(2, 1)
        return F.cross_entropy(scores, targets, ignore_index=-100, reduction="sum") / len(captions)


@alternative("caption_vae", "step by step, caption by caption")
class CaptionVAE(_CaptionLayers):
    def forward(self, captions, lengths, noise):
        read = []
        for caption, length in zip(captions, lengths.tolist()):
            _, (h, _) = self.reader(self.embedding(caption[None, :length]))
            read.append(h[-1, 0])
        both = self.to_latent(torch.stack(read))
        mu, log_variance = both[:, : self.latent_dim], both[:, self.latent_dim :]
        z = self.sample(mu, log_variance, noise)
        state, scores = self.init_state(z), []
        for t in range(captions.shape[1] - 1):
            now, state = self.step(captions[:, t], state)
            scores.append(now)
        d = self.style_dim
        return Latent(torch.stack(scores, 1), mu, log_variance, z[:, None, :d], z[:, d:])

    def reconstruction_loss(self, output, captions, lengths):
        total = 0
        for scores, caption, length in zip(output, captions, lengths.tolist()):
            for t in range(length - 1):
                total = total - F.log_softmax(scores[t], -1)[caption[t + 1]]
        return total / len(captions)


@alternative("caption_vae", "gather and where")
class CaptionVAE(_CaptionLayers):
    def forward(self, captions, lengths, noise):
        outs, _ = self.reader(self.embedding(captions))
        place = (lengths - 1).view(-1, 1, 1).expand(-1, 1, outs.size(2))
        mu, log_variance = self.to_latent(outs.gather(1, place).squeeze(1)).chunk(2, -1)
        z = self.sample(mu, log_variance, noise)
        h, c, _ = self.init_state(z)
        inputs = self.embedding(captions[:, :-1])
        longer = torch.einsum("bz,bt->btz", z, torch.ones(inputs.shape[:2]))
        out = self.writer(torch.cat([inputs, longer], 2), (torch.stack([h]), torch.stack([c])))[0]
        return Latent(self.word_fc(out), mu, log_variance, *split_latent(z, 1, self.style_dim))

    def reconstruction_loss(self, output, captions, lengths):
        lost = F.cross_entropy(output.transpose(1, 2), captions[:, 1:], reduction="none")
        real = torch.arange(lost.size(1)) + 1 < lengths[:, None]
        return torch.where(real, lost, torch.zeros(())).sum() / lengths.numel()


@alternative("train_step", "two forward passes")
def train_step(model, batch, noise, rmsprop, adam, weights):
    with torch.no_grad():
        latent = model(batch, noise)
    for parameter in model.parameters():
        parameter.grad = None
    first, second = model.discriminator_losses(latent, batch)
    (first + second).backward()
    rmsprop.step()
    model.zero_grad()
    losses = model.losses(model(batch, noise), batch)
    total = torch.stack([weights[name] * value for name, value in losses.items()]).sum()
    total.backward()
    adam.step()
    return {name: float(value) for name, value in losses.items()}


@alternative("train_step", "both forget first")
def train_step(model, batch, noise, rmsprop, adam, weights):
    adam.zero_grad(set_to_none=False)
    rmsprop.zero_grad(set_to_none=False)
    latent = model(batch, noise)
    for loss in model.discriminator_losses(latent, batch):
        loss.backward()
    rmsprop.step()
    total, numbers = 0.0, {}
    for name, loss in model.losses(latent, batch).items():
        total = total + loss * weights[name]
        numbers[name] = loss.detach().item()
    total.backward()
    adam.step()
    return numbers


@alternative("train_step", "gradients by hand")
def train_step(model, batch, noise, rmsprop, adam, weights):
    def move(optimizer, loss):
        own = [p for group in optimizer.param_groups for p in group["params"]]
        found = torch.autograd.grad(loss, own, allow_unused=True)
        for parameter, gradient in zip(own, found):
            parameter.grad = gradient
        optimizer.step()

    latent = model(batch, noise)
    a, b = model.discriminator_losses(latent, batch)
    move(rmsprop, a + b)
    losses = model.losses(latent, batch)
    move(adam, sum(weights[name] * losses[name] for name in losses))
    return {name: losses[name].tolist() for name in losses}


@alternative("disentangled_space_accuracy", "standardised by hand")
def disentangled_space_accuracy(train_codes, train_labels, test_codes, test_labels, spaces):
    from sklearn.linear_model import LogisticRegression

    middle = train_codes.mean(dim=0)
    width = train_codes.std(dim=0, correction=0)
    width = torch.where(width > 0, width, torch.ones_like(width))
    seen, unseen = (train_codes - middle) / width, (test_codes - middle) / width
    shares = {}
    for name in spaces:
        model = LogisticRegression(max_iter=1000).fit(seen[:, spaces[name]], train_labels)
        right = model.predict(unseen[:, spaces[name]]) == test_labels.numpy()
        shares[name] = right.mean().item()
    return shares


@alternative("disentangled_space_accuracy", "one classifier refitted, in double")
def disentangled_space_accuracy(train_codes, train_labels, test_codes, test_labels, spaces):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.preprocessing import StandardScaler

    classifier, scaler = LogisticRegression(max_iter=1000), StandardScaler()
    train, test = (np.asarray(x, dtype=np.float64) for x in (train_codes, test_codes))

    def share(columns):
        classifier.fit(scaler.fit_transform(train[:, columns]), train_labels.tolist())
        guess = classifier.predict(scaler.transform(test[:, columns]))
        return accuracy_score(test_labels.tolist(), guess)

    return {name: share(columns) for name, columns in spaces.items()}
