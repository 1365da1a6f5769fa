"""Directions of a latent space: what is drawn, learnt and found, and Table 1 of Dis-GU."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from autograder import code_board, disgu_tables, reproduce_disgu, studies
from autograder.assignments import load_source
from autograder.cells import run_segments
from autograder.cli import app
from starter_code.errors import CourseError
from starter_code.flows import baselines, codes, directions, factors, figures, methods
from starter_code.flows.glow import GlowSizes

A, SIDE = 3 * 8 * 8, 8


class Turned(nn.Module):
    """A flow that is a fixed linear map: its strongest columns are known."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        left, _ = torch.linalg.qr(torch.randn(A, A, generator=generator))
        right, _ = torch.linalg.qr(torch.randn(A, A, generator=generator))
        strength = 0.7 ** torch.arange(float(A)) + 1e-3
        self.known = right[:4]  # what a step must follow to change the picture most
        self.weight = nn.Parameter(left @ strength.diag() @ right)
        self.latent, self.sizes = A, GlowSizes(3, SIDE)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return (z @ self.weight.T + 0.5).unflatten(1, (3, SIDE, SIDE))

    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.linalg.solve(self.weight, (x - 0.5).flatten(1).T).T

    def after_first_scale(self, z: torch.Tensor) -> torch.Tensor:
        return self.decode(z)

    def draw(self, count: int, temperature: float, generator: torch.Generator) -> torch.Tensor:
        return temperature * torch.randn(count, A, generator=generator)


@pytest.fixture(scope="module")
def lab() -> dict:
    names: dict = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return names


def learner(lab: dict, kind: str, count: int = 4) -> directions.Learner:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return directions.Learner(
            lab["Navigator"](A, count, torch.Generator().manual_seed(0)),
            directions.Reconstructor(3, count, SIDE, 8) if kind != "DisCo" else None,
            directions.Encoder(3, 4, SIDE, 8) if kind != "LD" else None,
        )


def search(folder: Path, **changes) -> directions.Search:
    plain = {
        "steps": 90, "report": 30, "positives": 3, "negatives": 12, "learning_rate": 5e-3,
        "navigator_rate": 3e-2, "temperature": 0.1, "least": 2.0, "folder": str(folder),
        "progress": False, "device": "cpu",
    }  # fmt: skip
    return directions.Search(**(plain | changes))


def losses(lab: dict, kind: str) -> dict:
    return {
        "direction_loss": lab["direction_loss"] if kind != "DisCo" else None,
        "contrastive_loss": lab["contrastive_loss"] if kind != "LD" else None,
    }


# --- what is drawn -----------------------------------------------------------------------------


def test_no_distance_is_too_short_and_half_go_back():
    size = directions.draw_sizes(4000, 0.5, 6.0, torch.Generator().manual_seed(0))
    assert size.abs().min() >= 0.5 and size.abs().max() <= 6
    assert abs((size > 0).float().mean() - 0.5) < 0.05
    for least, most in ((0, 1), (-1, 1), (2, 1)):
        with pytest.raises(CourseError, match="cannot be drawn"):
            directions.draw_sizes(1, least, most, torch.Generator())


def test_negatives_never_share_the_direction_of_the_query():
    generator = torch.Generator().manual_seed(0)
    seen = set()
    for _ in range(50):
        which = directions.draw_which(5, 3, 20, generator)
        assert len(which) == 24 and (which[:4] == which[0]).all()
        assert (which[4:] != which[0]).all()
        seen |= set(which.tolist())
    assert seen == set(range(5))


def test_no_query_is_its_own_key():
    v = torch.arange(10.0)[:, None].expand(-1, 3)
    query, positives, negatives = directions._keys(v, 3)
    assert query.shape == (4, 3) and positives.shape == (4, 3, 3) and negatives.shape == (4, 6, 3)
    for row in range(4):
        assert positives[row, :, 0].tolist() == [i for i in range(4) if i != row]
        assert negatives[row, :, 0].tolist() == [4, 5, 6, 7, 8, 9]


def test_variations_have_length_one_and_a_gradient_at_zero():
    first = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    second = (first + torch.randn(5, 4, generator=torch.Generator().manual_seed(1))).clone()
    second[0] = first[0]
    second.requires_grad_(True)
    v = directions.variation(first, second)
    assert (v >= 0).all()
    torch.testing.assert_close(v[1:].norm(dim=1), torch.ones(4))
    v.sum().backward()
    assert second.grad.isfinite().all()


# --- what learns -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", methods.LEARNT)
def test_directions_are_learnt_and_stay_orthonormal(lab, kind, tmp_path):
    flow = Turned()
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    one = directions.learn(flow, learner(lab, kind), search(tmp_path), 4, **losses(lab, kind))
    rows = directions.directions_of(one.navigator, 4)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-5, rtol=0)
    loss = one.history.column("val_loss")
    assert loss[-1] < loss[0], "the loss falls"
    assert all(torch.equal(before[name], value) for name, value in flow.state_dict().items())
    if kind != "DisCo":
        assert one.history.column("val_right")[-1] > 0.5, "chance is a quarter"


def test_a_killed_search_goes_on_as_if_nothing_had_happened(lab, tmp_path):
    flow = Turned()
    whole = directions.learn(
        flow, learner(lab, "Dis-GU"), search(tmp_path / "a"), 4, **losses(lab, "Dis-GU")
    )
    parts = search(tmp_path / "b", steps=30)
    directions.learn(flow, learner(lab, "Dis-GU"), parts, 4, **losses(lab, "Dis-GU"))
    rest = search(tmp_path / "b", resume=True)
    again = directions.learn(flow, learner(lab, "Dis-GU"), rest, 4, **losses(lab, "Dis-GU"))
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(value, again.state_dict()[name])
    with pytest.raises(CourseError, match="other options"):
        other = search(tmp_path / "b", resume=True, most=5.0)
        directions.learn(flow, learner(lab, "Dis-GU"), other, 4, **losses(lab, "Dis-GU"))


def test_what_cannot_be_learnt_is_one_sentence(lab, tmp_path):
    flow, how = Turned(), search(tmp_path)
    with pytest.raises(CourseError, match="nothing to learn"):
        directions.learn(flow, learner(lab, "LD"), how, 4)
    with pytest.raises(CourseError, match="One direction"):
        directions.learn(flow, learner(lab, "LD"), how, 1, **losses(lab, "LD"))
    flow.latent = A + 1
    with pytest.raises(CourseError, match="Navigator"):
        directions.learn(flow, learner(lab, "LD"), how, 4, **losses(lab, "LD"))


class Fragile(Turned):
    """Makes no picture where the first entry is above a limit."""

    limit = 1.0

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        lost = torch.where(z[:, :1] > self.limit, torch.nan, 0.0)
        return super().decode(z) + lost[..., None, None]


def test_pictures_that_overflow_are_drawn_again(lab, tmp_path):
    flow, how = Fragile(), search(tmp_path, steps=30, temperature=1.0)
    assert not flow.decode(flow.draw(200, 1.0, torch.Generator().manual_seed(0))).isfinite().all()
    one = directions.learn(flow, learner(lab, "LD"), how, 4, **losses(lab, "LD"))
    assert all(p.isfinite().all() for p in one.parameters())
    flow.limit = -100.0
    again = search(tmp_path / "again", steps=30)
    with pytest.raises(CourseError, match="no numbers"):
        directions.learn(flow, learner(lab, "LD"), again, 4, **losses(lab, "LD"))
    with pytest.raises(CourseError, match="no picture of any start"):
        starts = torch.zeros(3, A)
        directions.learn(flow, learner(lab, "LD"), again, 4, **losses(lab, "LD"), starts=starts)


# --- directions without a learner --------------------------------------------------------------


@pytest.mark.parametrize(
    "method", [baselines.closed_form_directions, baselines.deep_spectral_directions]
)
def test_closed_forms_find_the_strongest_columns_of_a_linear_flow(method):
    flow = Turned()
    starts = flow.draw(8, 0.5, torch.Generator().manual_seed(1))
    rows = method(flow, 4, torch.Generator().manual_seed(2), starts, rounds=20)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-4, rtol=0)
    likeness = (rows * flow.known).sum(1).abs()
    assert (likeness > 0.98).all(), likeness


def test_ganspace_spans_the_strongest_columns():
    flow = Turned()
    starts = flow.draw(4000, 1.0, torch.Generator().manual_seed(1))
    rows = baselines.ganspace_directions(flow, 4, torch.Generator().manual_seed(2), starts)
    torch.testing.assert_close(rows @ rows.T, torch.eye(4), atol=1e-4, rtol=0)
    assert torch.linalg.svdvals(rows @ flow.known.T).min() > 0.9
    with pytest.raises(CourseError, match="more than"):
        baselines.ganspace_directions(flow, 4, torch.Generator(), starts[:4])


def test_random_directions_are_orthonormal_and_those_of_the_seed():
    flow = Turned()
    one, same, other = (
        baselines.random_directions(flow, 6, torch.Generator().manual_seed(s)) for s in (0, 0, 1)
    )
    torch.testing.assert_close(one @ one.T, torch.eye(6), atol=1e-5, rtol=0)
    assert torch.equal(one, same) and not torch.allclose(one, other)
    with pytest.raises(CourseError, match="do not fit"):
        baselines.random_directions(flow, A + 1, torch.Generator())


# --- what is found -----------------------------------------------------------------------------


def test_the_given_reader_reads_rooms():
    pictures, truth = factors.rooms(600, torch.Generator().manual_seed(11))
    right = factors.accuracies(factors.load_reader(), pictures, truth)
    assert list(right) == list(factors.FACTORS) and min(right.values()) > 0.96, right


def test_distances_go_round_the_circle_and_are_one_between_random_rooms():
    reader = factors.load_reader()
    pictures, _ = factors.rooms(1200, torch.Generator().manual_seed(12))
    seen = factors.read(reader, pictures)
    apart = factors.between(
        factors.Readings(*(part[:600] for part in seen)),
        factors.Readings(*(part[600:] for part in seen)),
    )
    torch.testing.assert_close(apart.mean(0), torch.ones(6), atol=0.08, rtol=0)
    angles = torch.tensor([[0.1, 3.1, 0.0], [2 * math.pi - 0.1, -3.1, math.pi]])
    same = {"lines": torch.zeros(1, 2), "shapes": torch.eye(4)[:1]}
    near = factors.between(
        factors.Readings(angles[:1], **same), factors.Readings(angles[1:], **same)
    )
    assert near[0, :2].max() < 0.15 and near[0, 2] == pytest.approx(2) and near[0, 3:].sum() == 0


def test_a_direction_finds_a_factor_or_mixes():
    moves = torch.tensor(
        [
            [0.8, 0.1, 0.2, 0.0, 0.1, 0.0],  # the floor
            [0.9, 0.5, 0.0, 0.0, 0.0, 0.0],  # floor and wall
            [0.0, 0.02, 0.0, 0.0, 0.0, 0.0],  # too little
            [0.6, 0.01, 0.0, 0.0, 0.0, 0.0],  # the floor, purer
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.3],  # orientation
        ]
    )
    found = factors.Found(moves, 8.0)
    assert found.best == {"floor hue": 3, "orientation": 4}
    assert [found.factor_of(d) for d in range(5)] == [0, None, None, 0, 5]
    assert found.named(1) == "floor hue + wall hue" and found.named(2) == "nothing"
    assert "floor hue" in factors.table(found)


def test_scores_of_known_codes(lab):
    _, truth = codes.board_rooms(1200, 8)
    noise = 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    known = codes.scores(truth.float() + noise, truth, lab["mig"], rows=800, groups=300)
    blind = codes.scores(torch.rand(1200, 6), truth, lab["mig"], rows=800, groups=300)
    for name in disgu_tables.SCORES:
        assert known[name] > 0.9 > 0.5 > blind[name], name
    with pytest.raises(CourseError, match="set rows"):
        codes.scores(truth[:50].float(), truth[:50], lab["mig"])


def test_projections_belong_to_their_flow():
    flow = Turned()
    z = flow.draw(5, 0.3, torch.Generator().manual_seed(0))
    rows = baselines.random_directions(flow, 3, torch.Generator().manual_seed(1))
    torch.testing.assert_close(codes.projections(z, rows), z @ rows.T)
    with pytest.raises(CourseError, match="different flows"):
        codes.projections(z[:, :-1], rows)
    with pytest.raises(CourseError, match="another flow"):
        factors.find(factors.load_reader(), flow, rows[:, :-1], z, 1.0)


# --- figures -----------------------------------------------------------------------------------


def test_figures_are_drawn(tmp_path):
    flow, reader = Turned(), factors.load_reader()
    z = flow.draw(4, 0.5, torch.Generator().manual_seed(0))
    rows = baselines.random_directions(flow, 3, torch.Generator().manual_seed(1))
    found = factors.find(reader, flow, rows, z, 2.0)
    encoder = directions.Encoder(3, 5, SIDE, 4)
    drawn, entries = figures.changes_in_rooms(
        encoder, 0, 1, 20, torch.Generator().manual_seed(2), SIDE
    )
    assert drawn["both"].shape == (20, 2) and entries[0] != entries[1]
    steps = {"one": rows[0], "other": rows[1], "both": (rows[0] + rows[1]) / 2**0.5}
    moved = figures.changes_along(
        reader, flow, z, steps, (0, 1), 4.0, torch.Generator().manual_seed(3)
    )
    for figure in (
        figures.traversals(flow, z[0], rows, ["floor hue", "x", "y"]),
        figures.found_map({"LD": found, "random": found}),
        figures.variation_space({"a": (drawn, ("v", "w")), "b": (moved, ("floor", "wall"))}),
        figures.scores_over({"K": {8: {"MIG": 0.2}, 16: {"MIG": 0.3}}}, ["MIG"]),
        figures.samples_by_temperature(flow, (0.5, 1.0), 3, torch.Generator().manual_seed(4)),
    ):
        figure.savefig(tmp_path / "figure.png")
        assert (tmp_path / "figure.png").stat().st_size > 2000


# --- Table 1 -----------------------------------------------------------------------------------


def test_tables_are_measured_again_and_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "METHODS", ("β-VAE", "CF", "Dis-GU"))
    study = studies.Study("shapes3d", "tiny", (0, 1), tmp_path, tmp_path / "out")
    done, limit = [], 3
    work = reproduce_disgu.do

    def interrupted(study, task):
        if len(done) == limit:
            raise KeyboardInterrupt
        done.append(task)
        work(study, task)

    monkeypatch.setattr(reproduce_disgu, "do", interrupted)
    with pytest.raises(KeyboardInterrupt):
        reproduce_disgu.reproduce(study)
    assert "| CF |" in (study.place / "report.md").read_text("utf-8"), "it grows with its rows"
    limit = 100
    report = reproduce_disgu.reproduce(study).read_text("utf-8")
    assert len(done) == len(set(done)) == 3 * 2 + 6, "nothing is done twice"
    for words in ("| Dis-GU |", "*0.45 ± 0.04*", "Figure 15", "Figure 16", "Table 2", "*0.51*"):
        assert words in report
    assert "±" in report and "DisCo" not in report.split("## Table 1")[1]


def test_numbers_of_the_source_are_those_it_prints():
    table = disgu_tables.printed("shapes3d")
    assert len(table) == 9 == len(disgu_tables.printed("cars3d"))
    ahead = [table["Dis-GU"][n][0] - table["DisCo"][n][0] for n in disgu_tables.SCORES]
    assert [round(x, 2) for x in ahead] == [0.30, 0.06, 0.07, 0.12]  # section 3.5
    assert set(table) == set(methods.METHODS) - {"random"}
    assert disgu_tables.printed("rooms") == {}


def test_other_data_sets_and_sources_are_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(app, ["reproduce", "disgu", "--dataset", "cars3d"])
    assert isinstance(answer.exception, CourseError) and "cars3d" in str(answer.exception)
    with pytest.raises(CourseError, match="no method"):
        methods.learn_method("CFx", _tiny(), folder=tmp_path)


def _tiny() -> methods.Lab:
    flow = Turned()
    return methods.Lab(None, None, None, flow, torch.zeros(4, 3, SIDE, SIDE), methods.SIZES["tiny"])


# --- the leaderboard of codes ------------------------------------------------------------------


def test_better_codes_stand_higher_and_trouble_is_named(tmp_path):
    _, truth = codes.board_rooms(2000, 8)
    luck = torch.Generator().manual_seed(0)
    tables = {
        "ada": truth.float() + 0.05 * torch.randn(truth.shape, generator=luck),
        "bob": torch.rand(truth.shape, generator=luck),
    }
    name = "a6_glow_directions"
    for student, table in tables.items():
        codes.write_codes(table, tmp_path / student / name / "runs/a6/predictions.json")
    for student, text in (
        ("cem", "["), ("dee", '{"codes": [[1]]}'), ("eve", '{"codes": [[1], [1, 2]]}'),
        ("gus", json.dumps({"codes": [[float("nan")] * 3] * 2000})), ("hal", "[1]"),
    ):  # fmt: skip
        (tmp_path / student).mkdir()
        (tmp_path / student / "predictions.json").write_text(text, "utf-8")
    (tmp_path / "fay").mkdir()
    os.symlink(
        tmp_path / "ada" / name / "runs/a6/predictions.json", tmp_path / "fay/predictions.json"
    )
    rows = code_board.board(name, tmp_path)
    assert [row.student for row in rows][:2] == ["ada", "bob"] and rows[0].mig > 0.9 > rows[1].mig
    problems = {row.student: row.problem for row in rows if row.problem}
    assert "symbolic link" in problems["fay"] and "no table" in problems["cem"]
    assert "(1, 1)" in problems["dee"] and "no table" in problems["eve"]
    assert "infinite" in problems["gus"] and "no table" in problems["hal"]
    page, table = code_board.write_board(rows, tmp_path / "out")
    assert "ada" in page.read_text("utf-8") and np.isfinite(rows[0].completeness)
    assert table.read_text("utf-8").splitlines()[1].startswith("1,ada,")
