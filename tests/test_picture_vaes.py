"""VAEs of pictures: they learn, they go on where they stopped, and each has its own term."""

import pytest
import torch

from starter_code import picture_vaes
from starter_code.errors import CourseError

SIDE = 16


@pytest.fixture(scope="module")
def pictures() -> torch.Tensor:
    """Plain squares of two sizes on a plain ground: uint8 (200, 3, 16, 16)."""
    generator = torch.Generator().manual_seed(0)
    colours = torch.randint(0, 256, (200, 3, 1, 1), generator=generator, dtype=torch.uint8)
    drawn = colours.expand(-1, -1, SIDE, SIDE).clone()
    drawn[::2, :, 4:12, 4:12] = 255
    return drawn


def options(folder, **changes) -> picture_vaes.Options:
    plain = {
        "latent_dim": 4, "width": 8, "steps": 200, "report": 40, "batch_size": 32,
        "learning_rate": 3e-3, "folder": str(folder), "progress": False, "device": "cpu",
    }  # fmt: skip
    return picture_vaes.Options(**(plain | changes))


@pytest.mark.parametrize("kind", picture_vaes.KINDS)
def test_each_kind_learns_to_draw_the_pictures_again(kind, pictures, tmp_path):
    vae = picture_vaes.train_vae(kind, pictures, options(tmp_path))
    codes = picture_vaes.means(vae, pictures)
    assert codes.shape == (200, 4) and codes.std(0).max() > 0.1
    history = (tmp_path / "history.json").read_text("utf-8")
    assert ("val_term" in history) == (kind != "beta")
    with torch.no_grad():
        again = torch.sigmoid(vae(pictures.float() / 255, torch.zeros(200, 4))[0])
    blind = (pictures.float() / 255).mean(0, keepdim=True).expand_as(again)
    truth = pictures.float() / 255
    assert (again - truth).abs().mean() < 0.8 * (blind - truth).abs().mean()


def test_a_killed_training_goes_on_as_if_nothing_had_happened(pictures, tmp_path):
    whole = picture_vaes.train_vae("factor", pictures, options(tmp_path / "a"))
    picture_vaes.train_vae("factor", pictures, options(tmp_path / "b", steps=40))
    rest = picture_vaes.train_vae("factor", pictures, options(tmp_path / "b", resume=True))
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(value, rest.state_dict()[name])
    with pytest.raises(CourseError, match="other options"):
        picture_vaes.train_vae("dip", pictures, options(tmp_path / "b", resume=True))


def test_beta_weighs_the_divergence(pictures, tmp_path):
    free = picture_vaes.train_vae("beta", pictures, options(tmp_path / "a", beta=0.01))
    tight = picture_vaes.train_vae("beta", pictures, options(tmp_path / "b", beta=1000.0))
    spread = [picture_vaes.means(vae, pictures).std(0).max() for vae in (free, tight)]
    assert spread[0] > 5 * spread[1]


def test_bad_input_is_one_sentence(pictures, tmp_path):
    with pytest.raises(CourseError, match="no VAE"):
        picture_vaes.train_vae("gamma", pictures, options(tmp_path))
    with pytest.raises(CourseError, match=r"\[0, 1\]"):
        picture_vaes.train_vae("beta", pictures.float(), options(tmp_path))
    with pytest.raises(CourseError, match="halved"):
        picture_vaes.PictureVAE(3, 28)
