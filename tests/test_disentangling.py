"""The room of assignment 3: training that can be interrupted, codes that are what they say."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from starter_code.disentangling.codes import balanced, codes_of, contents, labelled
from starter_code.disentangling.examples import Batch, Captions, Pictures
from starter_code.disentangling.latents import Filters, Latent, split_latent
from starter_code.disentangling.objectives import (
    Critic,
    Unsupervised,
    critic_loss,
    dip_vae,
    permute_dimensions,
    total_correlation,
)
from starter_code.disentangling.pictures import loss_curves, told_with, tsne_panels
from starter_code.disentangling.solver import Options, fit
from starter_code.errors import CourseError
from starter_code.metrics.style import NgramStyles
from starter_code.scenes import factors, scene_at
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.preparing import prepare

D, K, WIDTH, FACTS = 6, 2, 2, 3
WEIGHTS = {"reconstruction": 1.0, "kl": 0.1}


class Seen:
    """Drawn visual vectors, whose first entry is what the style slices could keep."""

    def __init__(self, rows: int) -> None:
        self.visual = torch.randn(rows, D, generator=torch.Generator().manual_seed(rows))

    def __len__(self) -> int:
        return len(self.visual)

    def shuffled(self, batch_size: int, generator: torch.Generator) -> list[torch.Tensor]:
        return list(torch.randperm(len(self), generator=generator).split(batch_size))

    def take(self, rows: torch.Tensor) -> Batch:
        bags = torch.ones(len(rows), 4) / 4
        labels = torch.arange(K).expand(len(rows), -1)
        return Batch((self.visual[rows],), labels, bags, bags)


class Linear(nn.Module):
    """The smallest model that the solver can train."""

    latent_dim = K * WIDTH + FACTS

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.encoder, self.decoder = nn.Linear(D, self.latent_dim), nn.Linear(self.latent_dim, D)
        sizes = {"slices": K, "style_dim": WIDTH, "fact_dim": FACTS}
        self.filters = Filters(**sizes, styles=2, style_words=4, fact_words=4)

    def forward(self, batch: Batch, noise: torch.Tensor) -> Latent:
        mu = self.encoder(batch.inputs[0])
        z = mu + 0.1 * noise
        return Latent(self.decoder(z), mu, torch.full_like(mu, -4.6), *split_latent(z, K, WIDTH))

    def discriminator_losses(self, latent: Latent, batch: Batch):
        guess = self.filters.style_discriminator(latent.facts.detach())
        return guess.square().mean(), guess.new_zeros(())

    def losses(self, latent: Latent, batch: Batch):
        error = (latent.output - batch.inputs[0]).square().sum(1).mean()
        return {"reconstruction": error, "kl": latent.mu.square().mean()}


def step(model, batch, noise, rmsprop, adam, weights):
    latent = model(batch, noise)
    for optimiser, loss in (
        (rmsprop, lambda: sum(model.discriminator_losses(latent, batch))),
        (adam, lambda: sum(w * model.losses(latent, batch)[name] for name, w in weights.items())),
    ):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    return {name: float(loss) for name, loss in model.losses(latent, batch).items()}


def options(folder: Path, epochs: int = 4, **changes) -> Options:
    place = {"folder": str(folder), "device": "cpu", "progress": False, "batch_size": 16}
    return Options(weights=WEIGHTS, epochs=epochs, **(place | changes))


def test_a_training_that_was_interrupted_ends_as_if_it_had_not_been(tmp_path):
    whole, parts = Linear(), Linear()
    history = fit(whole, step, Seen(100), Seen(40), options(tmp_path / "whole"))
    fit(parts, step, Seen(100), Seen(40), options(tmp_path / "parts", epochs=2))
    fresh = Linear()  # a new process knows nothing but the folder
    again = fit(fresh, step, Seen(100), Seen(40), options(tmp_path / "parts", resume=True))
    for one, two in zip(whole.state_dict().values(), fresh.state_dict().values(), strict=True):
        assert torch.equal(one, two)
    assert again.column("val_loss") == history.column("val_loss") and len(again.records) == 4
    assert history.column("val_loss")[-1] < history.column("val_loss")[0]
    record = history.records[0]
    assert record["val_loss"] == pytest.approx(
        sum(w * record[f"val_{name}"] for name, w in WEIGHTS.items())
    )


def test_the_best_epoch_is_kept_and_both_optimisers_have_their_own(tmp_path):
    model = Linear()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    history = fit(model, step, Seen(64), Seen(40), options(tmp_path, learning_rate=0.02))
    assert history.best["val_loss"] == min(history.column("val_loss"))
    moved = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    assert any(n.startswith("filters.style_discriminator") for n in moved)
    assert not any("classifier" in n for n in moved), "no loss asks anything of the classifiers"
    told = json.loads((tmp_path / "history.json").read_text())
    assert len(told["records"]) == 4 and told["best_epoch"] == history.best_epoch


def test_a_checkpoint_of_another_training_and_a_loss_of_nan_are_refused(tmp_path):
    fit(Linear(), step, Seen(32), Seen(16), options(tmp_path, epochs=1))
    with pytest.raises(CourseError, match="other options"):
        fit(Linear(), step, Seen(32), Seen(16), options(tmp_path, seed=1, resume=True))

    def broken(*arguments):
        return step(*arguments) | {"kl": float("nan")}

    with pytest.raises(CourseError, match="'kl' became NaN in epoch 1"):
        fit(Linear(), broken, Seen(32), Seen(16), options(tmp_path / "nan"))


def test_codes_hold_posterior_sample_and_label_of_each_example():
    model, seen = Linear(), Seen(300)
    found = codes_of(model, seen, torch.Generator().manual_seed(1))
    assert torch.allclose(found.mu, model.encoder(seen.visual), atol=1e-6)
    noise = (found.samples - found.mu) / 0.1
    assert abs(noise.mean()) < 0.1 and abs(noise.std() - 1) < 0.1
    rows = labelled(found, K, WIDTH)
    assert rows.samples.shape == (600, WIDTH + FACTS) and rows.labels[:4, 0].tolist() == [0, 1] * 2
    for k in range(K):
        slices = found.samples[:, k * WIDTH : (k + 1) * WIDTH]
        assert torch.equal(rows.samples[k::K, :WIDTH], slices)
        assert torch.equal(rows.samples[k::K, WIDTH:], found.samples[:, K * WIDTH :])
    with pytest.raises(CourseError, match="no fact slice"):
        split_latent(torch.zeros(1, 4), 2, 2)


def test_what_scenes_show_is_asked_of_as_many_pictures_that_show_it_not():
    truth = contents(3, [f"scene_{i:06d}.png" for i in range(200)])
    for i in range(200):
        scene = factors(scene_at(3, i))
        assert truth["mood"][i] == (scene["mood"] == "cheerful")
        assert truth["cat"][i] == any(thing["kind"] == "cat" for thing in scene["objects"])
        assert truth["red"][i] == any(thing["colour"] == "red" for thing in scene["objects"])
    rows = balanced(truth["cat"], torch.Generator().manual_seed(0))
    assert truth["cat"][rows].float().mean() == 0.5 and len(set(rows.tolist())) == len(rows)
    assert len(rows) == 2 * min(truth["cat"].sum(), 200 - truth["cat"].sum())


def test_examples_of_both_media(tmp_path):
    folder = prepare("scenes", "tiny", tmp_path, styles=("positive", "negative"))
    dataset = StyledDataset(folder, "train")
    rows = torch.arange(5)
    told, seen = Captions(dataset).take(rows), Pictures(dataset).take(rows)
    assert torch.equal(told.labels[:, 0], dataset.labels[:5])
    assert torch.equal(told.inputs[0], dataset.take(rows).captions)
    assert seen.labels.tolist() == [[0, 1]] * 5
    both = dataset.take_pictures(rows)
    assert torch.allclose(seen.style_words, both.style_words.mean(1))
    assert len(Captions(dataset)) == 4 * len(Pictures(dataset))
    for kind, size in ((Captions(dataset), 32), (Pictures(dataset), 50)):
        drawn = kind.shuffled(size, torch.Generator().manual_seed(0))
        rows = torch.cat(drawn).tolist()
        assert len(set(rows)) == len(rows) > len(kind) - size and rows != sorted(rows)
        assert {len(part) for part in drawn} == {size}
    lengths = [dataset.lengths[part] for part in Captions(dataset).shuffled(32, torch.Generator())]
    longest = torch.stack([part.max() for part in lengths]).float()
    assert longest.mean() < 1.25 * dataset.lengths.float().mean(), "batches are hardly padded"
    assert longest.argsort().tolist() != list(range(len(longest))), "and not from short to long"
    bare = prepare("scenes", "tiny", tmp_path, pictures="none")
    with pytest.raises(CourseError, match="prepared without pictures"):
        Pictures(StyledDataset(bare, "train"))


# Objectives without labels ----------------------------------------------------------------------


def test_shuffled_dimensions_keep_each_column_and_lose_what_ties_them():
    z = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0)).expand(-1, 3)
    shuffled = permute_dimensions(z, torch.Generator().manual_seed(1))
    assert torch.equal(shuffled.sort(0).values, z.sort(0).values)
    assert torch.corrcoef(shuffled.T)[0, 1].abs() < 0.06
    assert torch.corrcoef(z.T)[0, 1] > 0.99


def test_a_trained_critic_sees_total_correlation_where_there_is_some():
    """Two unit Gaussians with correlation r have -log(1 - r²) / 2 nats of total correlation."""
    r, estimates = 0.8, {}
    for name, tie in (("tied", r), ("free", 0.0)):
        torch.manual_seed(0)
        critic, chance = Critic(2, hidden=64, layers=2), torch.Generator().manual_seed(2)
        optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3)

        def draw(rows: int, tie: float = tie, chance: torch.Generator = chance) -> torch.Tensor:
            first, second = torch.randn(2, rows, generator=chance)
            return torch.stack([first, tie * first + (1 - tie**2) ** 0.5 * second], dim=1)

        for _ in range(400):
            optimiser.zero_grad()
            critic_loss(critic, draw(256), draw(256), chance).backward()
            optimiser.step()
        estimates[name] = total_correlation(critic, draw(4000)).item()
    assert estimates["tied"] == pytest.approx(-0.5 * torch.tensor(1 - r**2).log().item(), abs=0.15)
    assert abs(estimates["free"]) < 0.1


def test_dip_asks_for_codes_with_the_identity_as_covariance():
    z = torch.randn(20000, 3, generator=torch.Generator().manual_seed(0))
    assert dip_vae(z, torch.full_like(z, -30.0), kind="i") < 0.02
    assert dip_vae(0.6 * z, torch.full_like(z, 2 * torch.tensor(0.8).log()), kind="ii") < 0.02
    tied = z[:, [0, 0, 2]]
    assert dip_vae(tied, torch.full_like(z, -30.0), kind="i") == pytest.approx(20, abs=1)
    with pytest.raises(CourseError, match="no objective 'gamma'"):
        Unsupervised(Linear(), "gamma", lambda mu, log_variance: mu.sum())


# What stands beside ----------------------------------------------------------------------------


def test_ngrams_name_styles_that_words_give_away_and_guess_the_others():
    told = [["a", word, "cat"] for word in ("nice", "ugly") * 20]
    labels = [0, 1] * 20
    reader = NgramStyles(told, labels)
    assert reader.accuracy([["an", "ugly", "dog"], ["a", "nice", "dog"]], [1, 0]) == 1.0
    assert reader.name([["ugly"]]) == [1]
    with pytest.raises(CourseError, match="one style"):
        NgramStyles(told, [0] * 40)


def test_figures_are_drawn_from_what_the_lab_has(tmp_path):
    history = fit(Linear(), step, Seen(32), Seen(16), options(tmp_path, epochs=2))
    for record in history.records:
        for name in ("classify_style", "classify_facts", "hide_style", "hide_facts"):
            record[f"train_{name}"] = record[f"val_{name}"] = 1.0
    assert len(loss_curves({"one": history}).axes) == 6
    codes = torch.randn(40, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(40) % 2
    panels = tsne_panels({"a": codes, "b": codes}, {"a": labels, "b": labels}, ("x", "y"))
    assert [ax.get_title(loc="left") for ax in panels.axes] == ["a", "b"]
    figure = told_with(torch.zeros(3, 4, 4), {"x": "a nice cat"}, {"x": ["nice"]})
    words = {text.get_text().strip(): text.get_fontweight() for text in figure.axes[1].texts}
    assert words["nice"] == "bold" and words["cat"] == "normal"
