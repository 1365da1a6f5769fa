"""VAEs of pictures that disentangle without labels: the first three rows of Dis-GU's Table 1.

β-VAE weighs the KL by β = 5, FactorVAE adds γ = 9 times the total correlation, DIP-VAE a penalty on
the covariance of z. The terms are those of assignment 3's stage *improve*
(`starter_code.disentangling.objectives`); here stand the networks for pictures, and the loop.

    vae = train_vae("beta", pictures, Options(steps=1000, folder=...))
    codes = means(vae, pictures)                          # (N, Z), what the scores are computed on

Letters: B batch, N pictures, C channels, H W pixels, Z entries of a code.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from starter_code.disentangling.objectives import Critic, critic_loss, dip_vae, total_correlation
from starter_code.epochs import run_epochs
from starter_code.errors import CourseError
from starter_code.training import pick_device

__all__ = ["KINDS", "Options", "PictureVAE", "means", "train_vae"]

KINDS = {"beta": "β-VAE", "factor": "FactorVAE", "dip": "DIP-VAE"}


@dataclass(frozen=True)
class Options:
    """How a VAE is built and trained; β and γ are those of the source, section 3.1.1."""

    latent_dim: int = 10  # Z, as is usual for these data sets
    width: int = 32  # channels of the first layer
    beta: float = 5.0
    gamma: float = 9.0
    diagonal: float = 10.0  # λ_d and λ_od of DIP-VAE II
    off_diagonal: float = 10.0
    steps: int = 2000
    batch_size: int = 64
    learning_rate: float = 1e-3
    report: int = 200  # steps between two validations
    seed: int = 0
    device: str = "auto"
    folder: str = "runs/picture_vaes"
    resume: bool = False
    progress: bool = True

    @property
    def fixed(self) -> str:
        """What may not change between the parts of one training, as text."""
        free = {"steps", "device", "folder", "resume", "progress"}
        return json.dumps({k: v for k, v in asdict(self).items() if k not in free})


class PictureVAE(nn.Module):
    """Convolutions down to 4 × 4 and up again; a Gaussian code between them.

    Args:
        channels: C. side: H = W, 4 times a power of two. latent_dim: Z.
    """

    def __init__(self, channels: int, side: int, latent_dim: int = 10, width: int = 32) -> None:
        super().__init__()
        halvings = max(1, side // 4).bit_length() - 1
        if halvings < 1 or side != 4 << halvings:
            raise CourseError(
                f"Pictures of {side} pixels cannot be halved down to 4: take 8, 16, 32, 64 or 128."
            )
        self.latent_dim = latent_dim
        widths = [channels, *[width * min(2**step, 4) for step in range(halvings)]]
        down: list[nn.Module] = []
        up: list[nn.Module] = []
        for i, o in itertools.pairwise(widths):
            down += [nn.Conv2d(i, o, 4, 2, 1), nn.ReLU()]
            up = [nn.ConvTranspose2d(o, i, 4, 2, 1), nn.ReLU(), *up]
        last = 16 * widths[-1]
        self.encoder = nn.Sequential(
            *down, nn.Flatten(), nn.Linear(last, 256), nn.ReLU(), nn.Linear(256, 2 * latent_dim)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 256), nn.ReLU(), nn.Linear(256, last), nn.ReLU(),
            nn.Unflatten(1, (widths[-1], 4, 4)), *up[:-1],
        )  # fmt: skip

    def posterior(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z|x): (B, C, H, W) -> (B, Z) each."""
        mean, log_variance = self.encoder(pictures).chunk(2, dim=1)
        return mean, log_variance

    def forward(self, pictures: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits of the pixels (B, C, H, W), the sample z, mean and log-variance (B, Z)."""
        mean, log_variance = self.posterior(pictures)
        z = mean + (log_variance / 2).exp() * noise
        return self.decoder(z), z, mean, log_variance


def train_vae(kind: str, pictures: Tensor, options: Options) -> PictureVAE:
    """Train one of the three; a tenth of the pictures chooses the best part of the training.

    Args:
        kind: "beta", "factor" or "dip". pictures: (N, C, H, W), floats in [0, 1] or uint8.

    Raises:
        CourseError: another kind, or pictures outside that range.
    """
    if kind not in KINDS:
        raise CourseError(f"There is no VAE {kind!r}: take one of {', '.join(KINDS)}.")
    pictures = _as_floats(pictures)
    device = pick_device(options.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        vae = PictureVAE(*pictures.shape[1:3], options.latent_dim, options.width)
        critic = Critic(options.latent_dim)
    both = nn.ModuleDict({"vae": vae, "critic": critic}).to(device)
    vae_adam = torch.optim.Adam(vae.parameters(), lr=options.learning_rate)
    critic_adam = torch.optim.Adam(critic.parameters(), lr=options.learning_rate, betas=(0.5, 0.9))
    generator = torch.Generator().manual_seed(options.seed)
    held_out = max(1, len(pictures) // 10)

    def step(rows: Tensor) -> Mapping[str, float]:
        x = pictures[rows].to(device)
        values, z = _losses(kind, vae, critic, x, options, generator)
        vae_adam.zero_grad()
        values["loss"].backward()
        vae_adam.step()
        if kind == "factor":
            one, other = z.detach().chunk(2)
            error = critic_loss(critic, one, other, generator)
            critic_adam.zero_grad()
            error.backward()
            critic_adam.step()
        return {name: value.item() for name, value in values.items()}

    def validate() -> dict[str, float]:
        luck = torch.Generator().manual_seed(options.seed + 1)
        x = pictures[:held_out][:512].to(device)
        values, _ = _losses(kind, vae, critic, x, options, luck)
        return {f"val_{name}": value.item() for name, value in values.items()}

    def batches() -> list[Tensor]:
        shape = (min(options.report, options.steps), options.batch_size)
        return list(torch.randint(held_out, len(pictures), shape, generator=generator))

    run_epochs(
        both,
        [vae_adam, critic_adam],
        epochs=max(1, options.steps // options.report),
        batches=batches,
        step=step,
        validate=validate,
        generator=generator,
        folder=options.folder,
        fixed=json.dumps([kind, options.fixed]),
        resume=options.resume,
        progress=options.progress,
    )
    return vae.eval()


def _losses(
    kind: str, vae: PictureVAE, critic: Critic, x: Tensor, options: Options,
    generator: torch.Generator,
) -> tuple[dict[str, Tensor], Tensor]:  # fmt: skip
    """The values of a batch by name, their weighted sum as "loss", and the samples z."""
    noise = torch.randn(len(x), vae.latent_dim, generator=generator).to(x.device)
    logits, z, mean, log_variance = vae(x, noise)
    fit = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)
    told = torch.distributions.Normal(mean, (log_variance / 2).exp())
    plain = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    nats = torch.distributions.kl_divergence(told, plain).sum(1).mean()
    values = {"reconstruction": fit, "kl": nats}
    total = fit + (options.beta if kind == "beta" else 1.0) * nats
    if kind == "factor":
        values["term"] = total_correlation(critic, z)
        total = total + options.gamma * values["term"]
    elif kind == "dip":
        values["term"] = dip_vae(mean, log_variance, options.off_diagonal, options.diagonal)
        total = total + values["term"]
    return values | {"loss": total}, z


@torch.no_grad()
def means(vae: PictureVAE, pictures: Tensor) -> Tensor:
    """The posterior means of pictures (N, C, H, W): (N, Z), on the CPU."""
    device = next(vae.parameters()).device
    parts = _as_floats(pictures).split(512)
    return torch.cat([vae.posterior(part.to(device))[0].cpu() for part in parts])


def _as_floats(pictures: Tensor) -> Tensor:
    if pictures.dtype == torch.uint8:
        return pictures.float() / 255
    least, most = float(pictures.min()), float(pictures.max())
    if not (least >= 0 and most <= 1):
        raise CourseError(
            f"Pictures have values in [0, 1], and these go from {least:g} to {most:g}: bring them "
            "to that range first."
        )
    return pictures
