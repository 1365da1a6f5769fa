"""The solver: learning, interruptions, checkpoints, and what is seen of a training."""

import errno
import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from captioners import Colours, ShowAndTell, ShowAttendAndTell, caption_loss
from torch import nn

from starter_code import plots, training
from starter_code.captioning.decode import caption_images
from starter_code.captioning.history import History
from starter_code.captioning.models import SmallEncoder
from starter_code.captioning.solver import Options, Solver, load_best
from starter_code.captioning.utils import hypotheses, references, top_k_accuracy
from starter_code.errors import CourseError
from starter_code.tiers import TIERS, tier

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
