"""The captioning starter code: encoders and batched beam search."""

import itertools
import urllib.error

import pytest
import torch
from captioners import Colours
from torch import nn

from starter_code.captioning import models
from starter_code.captioning.decode import beam_search
from starter_code.captioning.features import FrozenFeatures
from starter_code.captioning.models import Encoder, SmallEncoder, normalise
from starter_code.errors import CourseError

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
