"""The captioning starter code: encoders, batched beam search, solver, checkpoints."""

import errno
import itertools
import urllib.error

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from captioners import Colours, ShowAndTell, ShowAttendAndTell, caption_loss
from torch import nn

from starter_code import plots, training
from starter_code.captioning import models
from starter_code.captioning.decode import beam_search, caption_images
from starter_code.captioning.features import FrozenFeatures
from starter_code.captioning.history import History
from starter_code.captioning.models import Encoder, SmallEncoder, normalise
from starter_code.captioning.solver import Options, Solver, load_best
from starter_code.captioning.utils import hypotheses, references, top_k_accuracy
from starter_code.errors import CourseError
from starter_code.tiers import TIERS, tier

# Beam search --------------------------------------------------------------------------------


def plain_beam_search(step, state, start, end, beam_size, max_length):
    """One picture, lists only: the rules of the contract, written without any cleverness."""
    beam, finished = [(0.0, [], state)], []
    for _ in range(max_length):
        candidates = []
        for score, ids, state in beam:
            word = torch.tensor([ids[-1] if ids else start])
            logits, after = step(word, state)[:2]
            for v, value in enumerate(logits.log_softmax(-1)[0].tolist()):
                candidates.append((score + value, [*ids, v], after))
        candidates.sort(key=lambda candidate: -candidate[0])
        kept = candidates[: beam_size - len(finished)]
        finished += [(score, ids[:-1]) for score, ids, _ in kept if ids[-1] == end]
        beam = [candidate for candidate in kept if candidate[1][-1] != end]
        if not beam:
            break
    best = max(finished or [entry[:2] for entry in beam], key=lambda entry: entry[0])
    return best[1], best[0]


def toy_decoder(seed: int, vocabulary: int = 7, end_bonus: float = 0.0):
    """A step that depends on the picture and on the whole history: a small random recurrence."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(vocabulary, 5, generator=generator)
    mix = torch.randn(5, 5, generator=generator)
    out = 1.5 * torch.randn(5, vocabulary, generator=generator)
    out_bias = torch.zeros(vocabulary)
    out_bias[2] = end_bonus

    def step(words, state):
        h = torch.tanh(state[0] @ mix + table[words])
        return h @ out + out_bias, (h,), h.softmax(-1)

    return step, (torch.randn(9, 5, generator=generator),)


@pytest.mark.parametrize("beam_size", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("end_bonus", [-4.0, -1.0, 0.5])
def test_batched_beam_search_agrees_with_one_picture_at_a_time(beam_size, end_bonus):
    for seed, max_length in itertools.product(range(6), (1, 4, 9)):
        step, state = toy_decoder(seed, end_bonus=end_bonus)
        found = beam_search(step, state, 0, 2, beam_size, max_length)
        for i, caption in enumerate(found):
            one = (state[0][i : i + 1],)
            ids, score = plain_beam_search(step, one, 0, 2, beam_size, max_length)
            assert caption.ids == ids
            assert caption.score == pytest.approx(score, abs=1e-4)


def test_weights_belong_to_the_words_they_come_with():
    step, state = toy_decoder(3)
    for i, caption in enumerate(beam_search(step, state, 0, 2, 4, 8)):
        part, weights = (state[0][i : i + 1],), []
        for word in [0, *caption.ids][: len(caption.ids)]:
            _, part, alpha = step(torch.tensor([word]), part)
            weights.append(alpha[0])
        assert caption.alphas.shape == (len(caption.ids), 5)
        if weights:
            torch.testing.assert_close(caption.alphas, torch.stack(weights))


def test_a_wide_beam_finds_the_most_probable_caption():
    step, state = toy_decoder(11, vocabulary=4)
    best = beam_search(step, state, 0, 2, beam_size=4**5, max_length=4)[0]
    scores = {}
    for length in range(4):
        for ids in itertools.product((0, 1, 3), repeat=length):
            part, total = (state[0][:1],), 0.0
            for word, following in itertools.pairwise((0, *ids, 2)):
                logits, part, _ = step(torch.tensor([word]), part)
                total += float(logits.log_softmax(-1)[0, following])
            scores[ids] = total
    assert tuple(best.ids) == max(scores, key=scores.get)


def test_beam_search_refuses_an_empty_beam():
    step, state = toy_decoder(0)
    with pytest.raises(CourseError, match="at least 1"):
        beam_search(step, state, 0, 2, 0, 5)


# Encoders -----------------------------------------------------------------------------------


def test_normalisation_modes():
    pixels = torch.tensor([0, 51, 255], dtype=torch.uint8).expand(1, 3, 1, 3)
    red = normalise(pixels, "imagenet")[0, 0, 0]
    assert red.tolist() == pytest.approx([(v - 0.485) / 0.229 for v in (0, 0.2, 1)], rel=1e-5)
    blue = normalise(pixels, "handout")[0, 2, 0]
    assert blue.tolist() == pytest.approx([(v - 0.406) / 0.225 for v in (-1, -0.6, 1)], rel=1e-5)
    torch.testing.assert_close(normalise(pixels), normalise(pixels.float() / 255))
    with pytest.raises(CourseError, match="'imagenet' or 'handout'"):
        normalise(pixels, "none")


def centre(layers, cell: int) -> float:
    """Pixel coordinate of a cell's centre, from the geometry that an encoder states."""
    offset, jump = 0.0, 1.0
    for kernel, stride, padding in layers:
        offset, jump = offset + ((kernel - 1) / 2 - padding) * jump, jump * stride
    return offset + jump * cell


def response_to_dots(encoder, size: int, cell: int) -> float:
    """Where a cell looks: the mean column of the pixels that change it, weighted by how much."""
    image = torch.full((1, 3, size, size), 0.9, requires_grad=True)
    row = encoder.grid[0] // 2
    encoder(image)[0, row * encoder.grid[1] + cell].sum().backward()
    influence = image.grad.abs().sum((0, 1, 2))
    return float((influence * torch.arange(size)).sum() / influence.sum())


def test_small_encoder_says_where_its_cells_lie():
    torch.manual_seed(0)
    encoder = SmallEncoder(8, picture_size=64).eval()
    for part in encoder.modules():
        if isinstance(part, nn.Conv2d):  # equal weights: a cell looks at its window's middle
            part.weight.data.fill_(1 / part.weight[0].numel())
        if isinstance(part, nn.ReLU):
            part.inplace = False
    assert encoder(torch.zeros(2, 3, 64, 64, dtype=torch.uint8)).shape == (2, 64, 8)
    for cell in (2, 3, 4, 5):
        assert centre(encoder.layers, cell) == 8 * cell
        assert response_to_dots(encoder, 64, cell) == pytest.approx(8 * cell, abs=0.51)


def test_resnet_encoder_shape_geometry_and_freezing():
    torch.manual_seed(0)
    encoder = Encoder(grid_size=4, picture_size=64, weights=None)
    images = torch.randint(256, (2, 3, 64, 64), dtype=torch.uint8)
    assert encoder.encoder_dim == 2048
    assert encoder(images).shape == (2, 16, 2048)
    assert not encoder(images).requires_grad
    # 64 px are 2 cells 32 px apart at 0 and 32; pooled to 4, cells lie 16 px apart around 16.
    assert [centre(encoder.layers, i) for i in range(4)] == [-8, 8, 24, 40]
    before = encoder.resnet[1].running_mean.clone()
    encoder.fine_tune(1)
    encoder.train()
    encoder(images).sum().backward()
    assert torch.equal(encoder.resnet[1].running_mean, before)
    assert {name.split(".")[1] for name, p in encoder.named_parameters() if p.grad is not None} == {
        "7"
    }


def test_resnet_without_a_network_is_one_sentence(monkeypatch):
    def fail(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(CourseError, match=r"could not be downloaded .*SmallEncoder"):
        models.Encoder()


def test_frozen_features_are_computed_once_and_survive_a_checkpoint(tmp_path, monkeypatch):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (12, 3, 64, 64), dtype=torch.uint8, generator=generator)
    sizes = dict(grid_size=2, local_dim=6, global_dim=5, picture_size=64)
    encoder = FrozenFeatures(**sizes, cache=tmp_path / "features.npz")
    with pytest.raises(CourseError, match="call fit"):
        encoder(images)
    features = encoder.fit(images)(images)
    assert features.shape == (12, 4, 11) and torch.isfinite(features).all()
    local = features[..., :6].reshape(-1, 6)
    assert local.mean(0).abs().max() < 1e-2
    assert float(local[:, 0].std()) == pytest.approx(1, abs=0.05)

    monkeypatch.setattr("starter_code.captioning.features.describe", None)  # must not be called
    again = FrozenFeatures(**sizes, cache=tmp_path / "features.npz")
    again.load_state_dict(encoder.state_dict())
    torch.testing.assert_close(again(images), features)


def test_frozen_features_see_colour_where_it_is():
    images = Colours(30, size=64).images
    encoder = FrozenFeatures(2, 4, 4, picture_size=64).fit(images)
    half = images[:1].clone()
    half[..., 32:] = torch.tensor([200, 10, 10], dtype=torch.uint8)[:, None, None]
    change = (encoder(half) - encoder(images[:1]))[0, :, :4].abs().sum(1)
    assert change[1] > 10 * change[0] and change[3] > 10 * change[2]


# Training -----------------------------------------------------------------------------------


def networks(decoder=ShowAttendAndTell, seed=0, hidden=24):
    torch.manual_seed(seed)
    words = len(Colours(1).word_map)
    return SmallEncoder(32, 32), decoder(32, words, embed=16, hidden=hidden)


def options(folder, **changes):
    plain = dict(
        epochs=3, batch_size=20, learning_rate=0.01, encoder_learning_rate=0.01,
        validation_pictures=8, folder=str(folder), device="cpu", progress=False, max_length=8,
    )  # fmt: skip
    return Options(**{**plain, **changes})


@pytest.mark.parametrize("decoder", [ShowAndTell, ShowAttendAndTell])
def test_both_kinds_of_decoder_learn_to_caption(tmp_path, decoder):
    encoder, decoder = networks(decoder, hidden=48)
    chosen = options(tmp_path, epochs=5)
    data, val = Colours(120), Colours(10, seed=1)
    history = Solver(encoder, decoder, data, val, caption_loss, chosen).fit()
    test = Colours(12, seed=2)
    found = caption_images(encoder, decoder, test.images, test.word_map, beam_size=3, max_length=8)
    said, true = hypotheses(found, test.word_map), references(test)
    right = [said[i] in true[i] for i in true]
    assert np.mean(right) > 0.8
    assert history.best["val_bleu4"] > 0.6
    assert history.column("train_loss")[-1] < history.column("train_loss")[0]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("steps_before_kill", [2, 12, 17])
def test_a_killed_training_resumes_exactly(tmp_path, monkeypatch, steps_before_kill):
    data, val = Colours(24), Colours(8, seed=1)

    class Dropping(ShowAttendAndTell):  # dropout, so that the global generator matters too
        def init_state(self, encoder_out):
            h, c, cells = super().init_state(encoder_out)
            return nn.functional.dropout(h, 0.5, self.training), c, cells

    def solver(folder, **changes):
        changes = {"checkpoint_minutes": 0.0, **changes}
        return Solver(*networks(Dropping), data, val, caption_loss, options(folder, **changes))

    whole = solver(tmp_path / "whole")
    whole.fit()

    broken = solver(tmp_path / "killed")
    train_step, count = broken._train_step, itertools.count()

    def step_until_killed(batch):
        if next(count) == steps_before_kill:
            raise KilledError
        train_step(batch)

    monkeypatch.setattr(broken, "_train_step", step_until_killed)
    with pytest.raises(KilledError):
        broken.fit()
    torch.rand(3)  # the interpreter that resumes has drawn other numbers
    resumed = solver(tmp_path / "killed", resume=True)
    assert len(resumed.history.records) * 6 + resumed.step == steps_before_kill
    resumed.fit()

    for name, value in whole.decoder.state_dict().items():
        assert torch.equal(value, resumed.decoder.state_dict()[name]), name
    for key in ("train_loss", "val_loss", "val_bleu4"):
        assert whole.history.column(key) == resumed.history.column(key)


def small_solver(folder, decoder=ShowAndTell, hidden=24, **changes):
    changes = {"epochs": 1, **changes}
    return Solver(
        *networks(decoder, hidden=hidden), Colours(12), Colours(4, seed=1), caption_loss,
        options(folder, **changes),
    )  # fmt: skip


def test_resuming_a_finished_training_changes_nothing(tmp_path):
    first = small_solver(tmp_path)
    history = first.fit()
    again = small_solver(tmp_path, resume=True)
    assert again.fit().records == history.records
    longer = small_solver(tmp_path, resume=True, epochs=2)
    assert len(longer.fit().records) == 2


def test_a_new_training_keeps_the_previous_one(tmp_path):
    small_solver(tmp_path).fit()
    kept = (tmp_path / "best.pt").read_bytes()
    small_solver(tmp_path, seed=5).fit()
    assert (tmp_path / "previous_best.pt").read_bytes() == kept
    assert (tmp_path / "best.pt").read_bytes() != kept


@pytest.mark.parametrize(
    ("decoder", "hidden", "difference"),
    [(ShowAttendAndTell, 24, "has no context.bias"), (ShowAndTell, 32, r"\(48, 32\) there")],
)
def test_a_checkpoint_of_another_model_is_refused_whole(tmp_path, decoder, hidden, difference):
    small_solver(tmp_path).fit()
    encoder, other = networks(decoder, seed=9, hidden=hidden)
    before = {k: v.clone() for k, v in encoder.state_dict().items()}
    with pytest.raises(CourseError, match=f"another model.*{difference}"):
        load_best(tmp_path, encoder, other)
    assert all(torch.equal(before[k], v) for k, v in encoder.state_dict().items())
    with pytest.raises(CourseError, match="another model"):
        small_solver(tmp_path, decoder, hidden, resume=True)


def test_resuming_with_other_options_is_refused(tmp_path):
    small_solver(tmp_path).fit()
    with pytest.raises(CourseError, match=r"learning_rate = 0\.01, this one 0.02"):
        small_solver(tmp_path, resume=True, learning_rate=0.02)


@pytest.mark.parametrize("damage", ["missing", "cut", "text", "list"])
def test_a_damaged_checkpoint_is_one_sentence(tmp_path, damage):
    path = tmp_path / "best.pt"
    if damage != "missing":
        torch.save({"a": torch.zeros(1000)} if damage == "cut" else [1], path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:900])
    if damage == "text":
        path.write_text("not a checkpoint")
    with pytest.raises(CourseError, match="checkpoint"):
        load_best(tmp_path, *networks())


@pytest.mark.parametrize("epoch", [2, 3])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, epoch):
    solver = small_solver(tmp_path, epochs=3)
    real, writes = training._flush_to_disk, itertools.count(1)

    def full_disk(path):
        if "last.pt" in path.name and next(writes) == epoch:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path)

    monkeypatch.setattr(training, "_flush_to_disk", full_disk)
    with pytest.raises(CourseError, match="no space left on the disk"):
        solver.fit()
    assert not list(tmp_path.glob(".*part"))
    # The previous checkpoint is whole, and the training in memory goes on, and to the disk.
    assert len(small_solver(tmp_path, epochs=3, resume=True).history.records) == epoch - 1
    history = solver.fit()
    assert [record["epoch"] for record in history.records] == [1, 2, 3]
    assert len(training.load_checkpoint(tmp_path / "last.pt")["history"]["records"]) == 3
    undisturbed = small_solver(tmp_path / "undisturbed", epochs=3).fit()
    assert history.column("train_loss") == undisturbed.column("train_loss")


def test_training_stops_early_and_returns_to_the_best_epoch(tmp_path, monkeypatch):
    solver = small_solver(tmp_path, epochs=9, patience=2)
    bleu = iter([0.2, 0.5, 0.4, 0.3, 0.9])
    monkeypatch.setattr(solver, "_bleu4", lambda count: next(bleu))
    history = solver.fit()
    assert (len(history.records), history.best_epoch) == (4, 2)
    best = training.load_checkpoint(tmp_path / "best.pt")["decoder"]
    assert all(torch.equal(best[k], v) for k, v in solver.decoder.state_dict().items())


def test_a_frozen_encoder_keeps_its_weights_and_needs_no_learning_rate(tmp_path):
    solver = small_solver(tmp_path)
    solver.encoder.requires_grad_(False)
    frozen = Solver(
        solver.encoder, solver.decoder, Colours(12), Colours(4), caption_loss, solver.options
    )
    before = [p.clone() for p in frozen.encoder.parameters()]
    frozen.fit()
    assert all(torch.equal(a, b) for a, b in zip(before, frozen.encoder.parameters()))
    assert len(frozen.optimiser.param_groups) == 1


def test_the_encoder_has_a_learning_rate_of_its_own_and_gradients_are_clipped(tmp_path):
    solver = small_solver(tmp_path, encoder_learning_rate=1e-3, schedule="constant", clip=1e-3)
    solver.fit()
    assert [group["lr"] for group in solver.optimiser.param_groups] == [0.01, 1e-3]
    total = sum(float(p.grad.square().sum()) for p in solver.decoder.parameters())
    total += sum(float(p.grad.square().sum()) for p in solver.encoder.parameters())
    assert 0.5e-3 < total**0.5 < 1.001e-3


def test_a_loss_that_is_not_a_number_stops_the_training(tmp_path):
    solver = small_solver(tmp_path)
    solver.loss = lambda outputs, captions, lengths: outputs.sum() * float("nan")
    with pytest.raises(CourseError, match="NaN in step 0 of epoch 1"):
        solver.fit()


def test_an_empty_split_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="split is empty"):
        Solver(*networks(), Colours(0), Colours(4), caption_loss, options(tmp_path))
    empty_val = Solver(*networks(), Colours(12), Colours(0), caption_loss, options(tmp_path))
    with pytest.raises(CourseError, match="split is empty"):
        empty_val.fit()


def test_each_picture_is_encoded_once_for_its_captions(tmp_path):
    solver = small_solver(tmp_path)
    seen = []
    solver.encoder.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    solver._train_epoch(
        type(
            "Bar",
            (),
            {
                "set_description": print,
                "update": lambda self: None,
                "set_postfix_str": lambda *_, **__: None,
            },
        )()
    )
    assert seen == [4, 4, 4]


def test_captioning_leaves_the_networks_in_their_mode():
    encoder, decoder = networks()
    encoder.train(), decoder.eval()
    statistics = encoder.blocks[0][1].running_mean.clone()
    data = Colours(7)
    one = caption_images(encoder, decoder, data.images[:1], data.word_map, 2, 6)
    many = caption_images(encoder, decoder, data.images, data.word_map, 2, 6, batch_size=3)
    assert encoder.training and not decoder.training
    assert torch.equal(statistics, encoder.blocks[0][1].running_mean)
    assert len(many) == 7 and one[0].ids == many[0].ids


# Utilities ----------------------------------------------------------------------------------


def test_top_five_accuracy_counts_real_targets_only():
    scores = torch.zeros(2, 3, 8)
    captions = torch.tensor([[6, 1, 2, 7], [6, 3, 7, 0]])
    lengths = torch.tensor([4, 3])
    for b, t, rank in ((0, 0, 1), (0, 1, 5), (0, 2, 6), (1, 0, 2), (1, 1, 8)):
        target = int(captions[b, t + 1])
        scores[b, t] = torch.linspace(0.9, 0.1, 8)[torch.randperm(8)]
        order = scores[b, t].sort(descending=True).values
        at = int((scores[b, t] == order[rank - 1]).nonzero())
        scores[b, t, [target, at]] = scores[b, t, [at, target]]
    assert top_k_accuracy(scores, captions, lengths) == pytest.approx(3 / 5)
    assert top_k_accuracy(scores, captions, lengths, k=1) == pytest.approx(1 / 5)


def test_tiers(monkeypatch):
    monkeypatch.delenv("COURSE_TIER", raising=False)
    assert tier().name == "small"
    monkeypatch.setenv("COURSE_TIER", "tiny")
    assert tier().name == "tiny" and tier("full").name == "full"
    assert all(name in str(tier(name)) for name in TIERS)
    with pytest.raises(CourseError, match="tiny, small, full"):
        tier("huge")


def test_a_picture_is_bright_where_the_weight_is():
    picture = np.full((8, 8, 3), 200, np.uint8)
    weights = np.zeros((8, 8))
    weights[2, 5] = 0.3
    lit = plots.attention_over(picture, weights)
    assert lit.shape == (8, 8, 3) and lit.min() >= 0 and lit.max() <= 1
    assert np.unravel_index(lit.sum(2).argmax(), (8, 8)) == (2, 5)
    assert lit[2, 5].sum() > 1.5 * lit[0, 0].sum()


def test_pictures_of_a_training(tmp_path):
    history = History()
    for epoch, bleu in enumerate([0.1, 0.4, 0.3], 1):
        keys = ("train_loss", "val_loss", "train_top5", "val_top5", "learning_rate", "seconds")
        history.add({"epoch": epoch, "val_bleu4": bleu, **dict.fromkeys(keys, 0.5)})
    history.save(tmp_path / "history.json")
    figure = plots.training_curves(History.load(tmp_path / "history.json"))
    bleu_axis = figure.axes[2]
    assert bleu_axis.lines[0].get_ydata().tolist() == [0.1, 0.4, 0.3]
    assert bleu_axis.lines[1].get_xydata().tolist() == [[2, 0.4]]
    strip = plots.attention_strip(torch.zeros(3, 8, 8), ["a", "dog"], torch.rand(2, 8, 8))
    assert [ax.get_title() for ax in strip.axes] == ["", "a", "dog"]
    plt.close("all")
