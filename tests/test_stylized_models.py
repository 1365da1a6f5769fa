"""The judge of styles and the rivals: what their formulas promise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from starter_code.captioning.decode import beam_search
from starter_code.errors import CourseError
from starter_code.stylized import text_cnn
from starter_code.stylized.baselines import (
    CNNLSTM,
    FactoredLSTMCell,
    StyleFactual,
    StyleFactualLSTMCell,
    StyleNet,
    style_and_visual,
)
from starter_code.stylized.datasets import StyledDataset
from starter_code.stylized.preparing import prepare
from starter_code.stylized.text_cnn import StyleClassifier, TextCNN, train_style_classifier
from starter_code.tiers import tier

SMALL = {"embed_dim": 6, "hidden_dim": 5, "dropout": 0.0}
RIVALS = [CNNLSTM, StyleNet, StyleFactual]


def rival(kind: Any, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return kind(11, 2, 4, **SMALL)


def asked(*styles: int) -> torch.Tensor:
    return style_and_visual(torch.tensor(styles), torch.randn(len(styles), 4), 2)


# Cells ----------------------------------------------------------------------------------------


def plain_cell(x_weight: Any, h_weight: Any, bias: Any) -> nn.LSTMCell:
    cell = nn.LSTMCell(x_weight.shape[1], h_weight.shape[1])
    with torch.no_grad():
        cell.weight_ih.copy_(x_weight)
        cell.weight_hh.copy_(h_weight)
        cell.bias_ih.copy_(bias)
        cell.bias_hh.zero_()
    return cell


@torch.no_grad()
@pytest.mark.parametrize("asked_for", [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
def test_the_factored_cell_is_an_lstm_with_the_product_of_its_factors(asked_for: Any) -> None:
    torch.manual_seed(1)
    cell = FactoredLSTMCell(6, 5, 4, styles=2)
    style = torch.tensor([asked_for] * 3)
    s = cell.factual_S if not sum(asked_for) else cell.style_S[asked_for.index(1)]
    product = torch.cat([cell.U[g] @ s[g] @ cell.V[g] for g in range(4)])
    plain = plain_cell(product, cell.hidden.weight, cell.hidden.bias)
    x, state = torch.randn(3, 6), (torch.randn(3, 5), torch.randn(3, 5))
    for own, expected in zip(cell(x, state, style), plain(x, state)):
        torch.testing.assert_close(own, expected)


@torch.no_grad()
def test_with_identities_for_s_the_styles_vanish() -> None:
    torch.manual_seed(2)
    cell = FactoredLSTMCell(6, 5, 4, styles=2)
    cell.factual_S.copy_(torch.eye(4).expand(4, 4, 4))
    cell.style_S.copy_(torch.eye(4).expand(2, 4, 4, 4))
    plain = plain_cell((cell.U @ cell.V).flatten(0, 1), cell.hidden.weight, cell.hidden.bias)
    x, state = torch.randn(3, 6), (torch.randn(3, 5), torch.randn(3, 5))
    for own, expected in zip(cell(x, state, torch.eye(3)[:, :2]), plain(x, state)):
        torch.testing.assert_close(own, expected)


@torch.no_grad()
@pytest.mark.parametrize("gate", [-1000.0, 1000.0])
def test_with_closed_or_open_gates_sf_lstm_is_one_of_two_lstms(gate: float) -> None:
    torch.manual_seed(3)
    cell = StyleFactualLSTMCell(6, 5, styles=2)
    cell.weigh.weight.zero_()
    cell.weigh.bias.fill_(gate)
    x, state = torch.randn(3, 6), (torch.randn(3, 5), torch.randn(3, 5))
    style = torch.tensor([[0.0, 1.0]] * 3)
    factual = (cell.factual_x.weight, cell.factual_h.weight)
    group = factual if gate < 0 else (cell.style_x[1], cell.style_h[1])
    plain = plain_cell(*group, cell.factual_x.bias)
    for own, expected in zip(cell(x, state, style), plain(x, state)):
        torch.testing.assert_close(own, expected)
    # Without a style the gates are closed, whatever they would say.
    plain = plain_cell(*factual, cell.factual_x.bias)
    for own, expected in zip(cell(x, state, 0 * style), plain(x, state)):
        torch.testing.assert_close(own, expected)


@torch.no_grad()
def test_sf_lstm_weighs_inputs_and_past_apart() -> None:
    torch.manual_seed(4)
    cell = StyleFactualLSTMCell(3, 2, styles=1)
    x, h, c = torch.randn(1, 3), torch.randn(1, 2), torch.randn(1, 2)
    g_x, g_h = cell.weigh(h).sigmoid()[0]
    w = g_x * cell.style_x[0] + (1 - g_x) * cell.factual_x.weight
    r = g_h * cell.style_h[0] + (1 - g_h) * cell.factual_h.weight
    plain = plain_cell(w, r, cell.factual_x.bias)
    for own, expected in zip(cell(x, (h, c), torch.ones(1, 1)), plain(x, (h, c))):
        torch.testing.assert_close(own, expected)


# Networks -------------------------------------------------------------------------------------


def test_only_the_styles_factor_changes_in_the_style_phase() -> None:
    untaught = torch.zeros(11, dtype=torch.bool)
    untaught[[3, 7]] = True
    network = rival(StyleNet).start_from_facts().style_phase(untaught)
    assert torch.equal(network.cell.style_S[1], network.cell.factual_S)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.Adam(network.parameters(), 0.1)
    captions, lengths = torch.randint(1, 11, (4, 6)), torch.tensor([6, 4, 5, 3])
    network(asked(1, 1, 1, 1), captions, lengths).square().sum().backward()
    optimizer.step()
    after = network.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    words = ("embedding.weight", "word_fc.weight", "word_fc.bias")
    assert changed == {"cell.style_S", *words}
    for name in words:
        kept = torch.equal(before[name][~untaught], after[name][~untaught])
        assert kept and not torch.equal(before[name][untaught], after[name][untaught])
    untouched = after["cell.style_S"][0]
    assert torch.equal(before["cell.style_S"][0], untouched), "only style 1 was told"


@torch.no_grad()
@pytest.mark.parametrize("kind", RIVALS)
def test_forward_is_step_after_step(kind: Any) -> None:
    network, z = rival(kind), asked(0, 1, -1)
    captions, lengths = torch.randint(1, 11, (3, 7)), torch.tensor([4, 7, 2])
    scores = network(z, captions, lengths)
    assert scores.shape == (3, 6, 11)
    state = network.init_state(z)
    for t in range(6):
        step, state = network.step(captions[:, t], state)
        for b in range(3):
            expected = step[b] if t < lengths[b] - 1 else torch.zeros(11)
            torch.testing.assert_close(scores[b, t], expected)


@torch.no_grad()
@pytest.mark.parametrize("kind", RIVALS)
def test_the_style_is_heard_and_rows_do_not_touch(kind: Any) -> None:
    network = rival(kind)
    visual = torch.randn(1, 4).expand(3, 4)
    z = style_and_visual(torch.tensor([0, 1, -1]), visual, 2)
    captions, lengths = torch.randint(1, 11, (1, 5)).expand(3, 5), torch.tensor([5, 5, 5])
    scores = network(z, captions, lengths)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert (scores[a] - scores[b]).abs().max() > 1e-3
    torch.testing.assert_close(network(z[1:2], captions[:1], lengths[:1]), scores[1:2])


@pytest.mark.parametrize("kind", RIVALS)
def test_a_rival_learns_by_heart_and_is_searched(kind: Any) -> None:
    network, z = rival(kind), asked(0, 1)
    z[1, 2:] = z[0, 2:]  # one picture, told in two styles
    captions = torch.tensor([[1, 5, 6, 7, 2], [1, 5, 8, 2, 0]])
    lengths = torch.tensor([5, 4])
    optimizer = torch.optim.Adam(network.parameters(), 0.03)
    for _ in range(150):
        scores = network(z, captions, lengths)
        loss = nn.functional.cross_entropy(scores.transpose(1, 2), captions[:, 1:], ignore_index=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = beam_search(network.step, network.init_state(z), 1, 2, 5, 8)
    assert [caption.ids for caption in found] == [[5, 6, 7], [5, 8]]


@pytest.mark.parametrize("kind", RIVALS)
def test_a_rival_trains_in_half_precision(kind: Any) -> None:
    network, captions = rival(kind), torch.randint(1, 11, (3, 5))
    with torch.autocast("cpu", torch.bfloat16):
        scores = network(asked(0, 1, -1), captions, torch.tensor([5, 3, 4]))
    scores.float().square().sum().backward()
    assert scores.dtype == torch.bfloat16
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_what_a_rival_is_told_is_checked() -> None:
    z = style_and_visual(torch.tensor([1, -1, 0]), torch.ones(3, 4), 2)
    assert z[:, :2].tolist() == [[0, 1], [0, 0], [1, 0]] and (z[:, 2:] == 1).all()
    assert style_and_visual(torch.zeros(0, dtype=torch.long), torch.ones(0, 4), 2).shape == (0, 6)
    with pytest.raises(CourseError, match="from 0 to 1"):
        style_and_visual(torch.tensor([0, 2]), torch.ones(2, 4), 2)
    with pytest.raises(CourseError, match="one label per picture"):
        style_and_visual(torch.tensor([0]), torch.ones(2, 4), 2)
    with pytest.raises(CourseError, match="make it with style_and_visual"):
        rival(CNNLSTM).init_state(torch.ones(2, 4))


# The judge of styles --------------------------------------------------------------------------


@torch.no_grad()
def test_a_caption_has_the_same_scores_in_every_batch() -> None:
    torch.manual_seed(5)
    network = TextCNN(12, 3).eval()
    captions, lengths = torch.randint(1, 12, (4, 9)), torch.tensor([9, 1, 4, 6])
    scores = network(captions, lengths)
    for b, n in enumerate(lengths.tolist()):
        alone = network(captions[b : b + 1, :n], lengths[b : b + 1])
        torch.testing.assert_close(alone[0], scores[b])


@torch.no_grad()
def test_a_filter_answers_where_its_words_stand() -> None:
    """One filter of width 2 that adds what its windows see; words are their own embedding."""
    network = TextCNN(5, 2, embed_dim=1, maps=1, widths=(2,)).eval()
    network.embedding.weight.copy_(torch.tensor([[9.0], [1.0], [2.0], [3.0], [-4.0]]))
    network.filters[0].weight.fill_(1.0)
    network.filters[0].bias.zero_()
    network.fc.weight.copy_(torch.tensor([[1.0], [2.0]]))
    network.fc.bias.zero_()
    captions = torch.tensor([[1, 3, 2, 0], [4, 3, 0, 0], [4, 4, 4, 4]])  # 0 pads, and would be 9
    scores = network(captions, torch.tensor([3, 2, 4]))
    assert scores.tolist() == [[5.0, 10.0], [3.0, 6.0], [0.0, 0.0]]


@pytest.fixture(scope="module")
def styled(tmp_path_factory: pytest.TempPathFactory) -> tuple[StyledDataset, StyledDataset]:
    small = replace(tier("tiny"), pictures=120)
    folder = prepare("scenes", small, tmp_path_factory.mktemp("data"), pictures="none")
    return StyledDataset(folder, "train"), StyledDataset(folder, "val")


def test_it_hears_the_styles_of_captions_it_has_not_seen(styled: Any, capsys: Any) -> None:
    train, val = styled
    state = torch.get_rng_state()
    classifier = train_style_classifier(train, val, epochs=6, batch_size=20, device="cpu")
    assert torch.equal(state, torch.get_rng_state())
    assert "hearing styles" in capsys.readouterr().err
    assert classifier.accuracy > 0.85
    told = [caption.tokens for caption in val.told]
    heard = classifier([" ".join(words) for words in told])
    assert heard == classifier(told)
    share = sum(a == b.style for a, b in zip(heard, val.told)) / len(heard)
    assert share == pytest.approx(classifier.accuracy)
    assert classifier([]) == [] and len(classifier(["", "zebra"])) == 2
    again = train_style_classifier(
        train, val, epochs=6, batch_size=20, device="cpu", progress=False
    )
    for a, b in zip(classifier.network.parameters(), again.network.parameters()):
        assert torch.equal(a, b)


def test_what_cannot_be_classified_is_said(styled: Any, monkeypatch: Any) -> None:
    train, val = styled
    classifier = StyleClassifier(TextCNN(len(train.words), 2), train.word_map, train.styles)
    with pytest.raises(CourseError, match="put the text into a list"):
        classifier("a lovely dog")
    with pytest.raises(CourseError, match="an epoch and a caption"):
        train_style_classifier(train, val, epochs=0)
    monkeypatch.setattr(text_cnn.StyledDataset, "key", property(lambda self: self.split))
    with pytest.raises(CourseError, match="two splits of one data set"):
        train_style_classifier(train, val)
    monkeypatch.setattr(text_cnn.StyledDataset, "key", "same")
    monkeypatch.setattr(train, "styles", ("positive",))
    with pytest.raises(CourseError, match="one style only"):
        train_style_classifier(train, val)
