"""The flows of assignment 6: what comes with the course, real pictures, and a race.

python benchmarks/flows.py --give flow [--resume]      the Glow of rooms that comes with the course
python benchmarks/flows.py --mnist data                bits per dimension of data/mnist
python benchmarks/flows.py --coil data                 the same of data/coil20, 32 x 32 pixels, and
                                                       MIG and DCI of codes made with that flow
python benchmarks/flows.py --race                      a step against the package normflows

All layers are those of the reference solution. Trainings lie in runs/a6/benchmark; --resume goes on
with what was interrupted. The race needs `pip install normflows`, which the course does not: times
are seconds of the processor on one thread, in turns within one run, and the shortest counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from starter_code.flows import codes, methods
from starter_code.flows.given import ROOMS, load_flow, save_flow
from starter_code.flows.glow import Glow, GlowSizes
from starter_code.flows.sizes import GIVEN_SIZES, GIVEN_TRAINING, SIZES, Training
from starter_code.flows.solver import Options, fit, held_out
from starter_code.picture_sets import PictureSet, load
from starter_code.shapes3d import render, sample_factors
from starter_code.tiers import tier
from starter_code.training import count_parameters

RUNS = Path("runs/a6/benchmark")
GIVEN_ROOMS, HELD_OUT = 40_000, 1000


def lab() -> Any:
    """The names of the solution notebook."""
    from autograder.assignments import load_source
    from autograder.cells import run_segments

    names: dict[str, Any] = {}
    run_segments(load_source("a6_glow_directions").segments(), names)
    return SimpleNamespace(**names)


def build(here: Any, sizes: GlowSizes, seed: int = 0) -> Glow:
    """A Glow of the solution's layers."""
    layers = (here.ActNorm, here.InvertibleConv1x1, here.AffineCoupling)
    return Glow(*layers, sizes, torch.Generator().manual_seed(seed))


def rooms(count: int, size: int, seed: int) -> Tensor:
    """Random rooms, uint8 (N, 3, S, S)."""
    factors = sample_factors(np.random.default_rng(seed), count)
    return torch.from_numpy(render(factors, size)).permute(0, 3, 1, 2).contiguous()


def options(training: Training, folder: Path, resume: bool, **more: Any) -> Options:
    """How a flow trains, at this place."""
    return Options(**asdict(training), folder=str(folder), resume=resume, **more)


def show(glow: Glow, path: Path, temperature: float = 0.7) -> None:
    """Write 64 drawn pictures as one PNG."""
    from torchvision.utils import save_image

    pictures = glow.sample(64, temperature, torch.Generator().manual_seed(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_image(pictures, path, nrow=8)


def give_flow(here: Any, resume: bool, hurry: bool) -> None:
    """Train the Glow of rooms and write it; with `hurry` only write the best epoch so far."""
    folder, val = RUNS / "rooms", rooms(HELD_OUT, GIVEN_SIZES.size, 1)
    glow = build(here, GIVEN_SIZES)
    if hurry:
        glow.load_state_dict(torch.load(folder / "best.pt", weights_only=True)["model"])
        glow.eval()
    else:
        train = rooms(GIVEN_ROOMS, GIVEN_SIZES.size, 0)
        how = options(GIVEN_TRAINING, folder, resume, mixed=True)
        fit(glow, here.bits_per_dim, train, val, how)
    trained = held_out(glow, here.bits_per_dim, val)
    about = {"pictures": GIVEN_ROOMS, "training": asdict(GIVEN_TRAINING), "bits": trained}
    save_flow(ROOMS, glow, about)
    layers = (here.ActNorm, here.InvertibleConv1x1, here.AffineCoupling)
    kept = load_flow(ROOMS, *layers)[0]
    x = (val[:64] + torch.rand(64, *val.shape[1:])) / 256
    with torch.no_grad():
        error = float((kept.decode(kept.encode(x)) - x).abs().max())
    print(
        f"{ROOMS}: {ROOMS.stat().st_size / 2**20:.1f} MiB; held out {trained:.4f} bits per "
        f"dimension, from the file {held_out(kept, here.bits_per_dim, val):.4f}; there and back "
        f"{error:.1e}"
    )
    show(kept, RUNS / "rooms.png")


def grey(name: str, root: Path, resume: bool) -> None:
    """Train the grey flow of the tier on digits or on COIL-20, and tell bits and seconds."""
    here, widths, (train, test) = lab(), SIZES[tier().name], parts(name, root)
    glow = build(here, replace(widths.grey, size=train.shape[-1]))
    training, place = widths.grey_training, RUNS / name
    started, busy = time.perf_counter(), time.process_time()
    fit(glow, here.bits_per_dim, train, test[:500], options(training, place, resume))
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    print(
        f"{name}: {held_out(glow, here.bits_per_dim, test):.3f} bits per dimension of {len(test)} "
        f"held-out pictures; {glow.sizes}, {count_parameters(glow):,} parameters; {training}, "
        f"{seconds:.0f} s, {busy:.0f} s of the processor, {torch.get_num_threads()} threads"
    )
    show(glow, place.with_suffix(".png"), 1.0)
    if name == "coil20":
        tell_scores(here, glow, load(name, root, size=32), resume)


def tell_scores(here: Any, flow: Glow, objects: PictureSet, resume: bool) -> None:
    """MIG and DCI of every kind of code, on all pictures; factors are object and pose."""
    pictures, truth = channels_first(objects), torch.from_numpy(objects.factors)
    sizes = replace(methods.SIZES["small"], starts=len(pictures), rows=len(pictures) * 3 // 4)
    work = methods.Lab(
        here.Navigator, here.direction_loss, here.contrastive_loss, flow, pictures, sizes
    )
    latents = codes.codes_of(codes.latents_of(flow), pictures)
    print(f"factors: {', '.join(f'{n} {c}' for n, c in zip(objects.names, objects.counts))}")
    for name in methods.METHODS:
        how = {"resume": resume} if name in (*methods.VAES, *methods.LEARNT) else {}
        method = methods.learn_method(name, work, folder=RUNS / f"coil20_{name}", **how)
        found = codes.scores(
            method.codes(pictures, latents), truth, here.mig, rows=sizes.rows, groups=sizes.groups
        )
        print(f"{name:10}" + "".join(f"  {key} {found[key]:.3f}" for key in codes.SCORES))


def parts(name: str, root: Path) -> tuple[Tensor, Tensor]:
    """Pictures uint8 (N, 1, S, S) for training and for testing."""
    if name == "mnist":
        train, test = (channels_first(load(name, root, split=part)) for part in ("train", "test"))
        return train, test[:2000]
    objects = load(name, root, size=32)
    held = torch.from_numpy(objects.factors[:, objects.names.index("pose")] % 6 == 3)
    pictures = channels_first(objects)
    return pictures[~held], pictures[held]  # every sixth pose is held out


def channels_first(pictures: PictureSet) -> Tensor:
    """As the flow takes them: uint8 (N, C, S, S)."""
    return torch.from_numpy(pictures.pictures).permute(0, 3, 1, 2).contiguous()


def race(sizes: GlowSizes, batch: int, repeats: int) -> None:
    """A training step and a draw of both Glows, in turns."""
    ours, theirs = build(lab(), sizes), normflows_glow(sizes)
    x = rooms(batch, sizes.size, 0).float() / 256
    runs = {
        "step, ours": training_step(ours, lambda: -ours(x)[0].mean()),
        "step, normflows": training_step(theirs, lambda: theirs.forward_kld(x - 0.5)),
        "draw, ours": lambda: ours.sample(batch, 0.7, torch.Generator().manual_seed(0)),
        "draw, normflows": torch.no_grad()(lambda: theirs.sample(batch, temperature=0.7)),
    }
    print(
        f"{sizes}, batches of {batch}; parameters: ours {count_parameters(ours):,}, "
        f"normflows {count_parameters(theirs):,}"
    )
    times = in_turns(runs, repeats)
    for name, own in times.items():
        print(f"{name:18}{1000 * min(own):7.0f} ms shortest {1000 * median(own):7.0f} ms middle")
    for what in ("step", "draw"):
        ours_took, theirs_took = times[f"{what}, ours"], times[f"{what}, normflows"]
        print(
            f"{what}: ratio {min(theirs_took) / min(ours_took):.2f}, "
            f"of the middles {median(theirs_took) / median(ours_took):.2f}"
        )


def normflows_glow(sizes: GlowSizes) -> Any:
    """The package's Glow of the same size, as its own example builds one."""
    import normflows

    bases, flows, merges = [], [], []
    channels, side = sizes.channels * 2 ** (sizes.scales + 1), sizes.size // 2**sizes.scales
    for number in range(sizes.scales):  # from the latents to the picture
        blocks = [normflows.flows.GlowBlock(channels, sizes.hidden) for _ in range(sizes.steps)]
        flows.append([*blocks, normflows.flows.Squeeze()])
        if number:
            merges.append(normflows.flows.Merge())
        shape = (channels // 2 if number else channels, side, side)
        bases.append(normflows.distributions.GlowBase(shape))
        channels, side = channels // 2, 2 * side
    return normflows.MultiscaleFlow(bases, flows, merges, class_cond=False)


def training_step(model: torch.nn.Module, loss: Callable[[], Tensor]) -> Callable[[], None]:
    """A step of Adam on a batch that stays the same."""
    adam = torch.optim.Adam(model.parameters(), lr=1e-4)

    def run() -> None:
        adam.zero_grad()
        loss().backward()
        adam.step()

    return run


def in_turns(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of the processor for each run, `repeats` times after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for repeat in range(repeats + 1):
        for name, run in runs.items():
            started = time.process_time()
            run()
            if repeat:
                times[name].append(time.process_time() - started)
    return times


def main() -> None:
    """Parse the arguments and do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--give", choices=["flow"])
    parser.add_argument("--hurry", action="store_true", help="write the best epoch so far")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--mnist", type=Path, metavar="DATA")
    parser.add_argument("--coil", type=Path, metavar="DATA")
    parser.add_argument("--race", action="store_true")
    parser.add_argument("--repeats", type=int, default=7)
    chosen = parser.parse_args()
    if chosen.give:
        give_flow(lab(), chosen.resume, chosen.hurry)
    for name, folder in (("mnist", chosen.mnist), ("coil20", chosen.coil)):
        if folder:
            grey(name, folder, chosen.resume)
    if chosen.race:
        torch.set_num_threads(1)
        race(GIVEN_SIZES, batch=32, repeats=chosen.repeats)


if __name__ == "__main__":
    main()
