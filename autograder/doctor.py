"""`course doctor`: what this machine offers, and what to do about what is missing."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from autograder import cgroups, wall

NEEDED_SPACE = 6 * 2**30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: "ok", "missing" (something will not work) or "note" (it works, with less).
        seen: what is there.
        advice: what to do, "" if nothing.
    """

    subject: str
    state: str
    seen: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at everything, each within a second or two."""
    return [_python(), _torch(), _device(), _kernel(), _disk(), _wall(), _cage()]


def _python() -> Finding:
    seen = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", "ok", f"{seen} at {sys.executable}")


def _torch() -> Finding:
    try:
        import torch
        import torchvision
    except Exception as error:  # a broken installation fails in many ways
        return Finding("torch", "missing", f"{type(error).__name__}: {error}", _INSTALL)
    return Finding(
        "torch", "ok", f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    )


def _device() -> Finding:
    try:
        import torch

        if torch.cuda.is_available():
            return Finding("GPU", "ok", torch.cuda.get_device_name())
    except Exception as error:
        return Finding("GPU", "note", f"{type(error).__name__}: {error}", "Trainings use the CPU.")
    return Finding("GPU", "note", "none", "Trainings use the CPU: take the tiers tiny and small.")


def _kernel() -> Finding:
    from jupyter_client.kernelspec import KernelSpecManager

    specs = KernelSpecManager().get_all_specs()
    if "python3" not in specs:
        return Finding("Jupyter kernel", "missing", json.dumps(sorted(specs)), _INSTALL)
    return Finding("Jupyter kernel", "ok", "python3")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    seen = f"{free / 2**30:.1f} GiB free in {Path.cwd()}"
    if free < NEEDED_SPACE:
        return Finding("disk", "note", seen, "Data sets and trainings want about 6 GiB.")
    return Finding("disk", "ok", seen)


def _wall() -> Finding:
    reason = wall.missing()
    if not reason:
        who = "a uid of their own" if os.geteuid() == 0 else "the caller's uid, owning nothing"
        return Finding("wall for grading", "ok", f"namespaces, own root, seccomp; {who}")
    return Finding("wall for grading", "missing", reason, _advice_on_wall())


def _advice_on_wall() -> str:
    """What an administrator turns on so that user namespaces can be made."""
    if sys.platform != "linux":
        return "Grade on a Linux machine, or trust the code: --isolation none."
    switches = {
        "/proc/sys/user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=16384"),
        "/proc/sys/kernel/unprivileged_userns_clone": (
            "0",
            "sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    }
    commands = []
    for place, (closed, command) in switches.items():
        path = Path(place)
        if path.is_file() and path.read_text().strip() == closed:
            commands.append(command)
    if commands:
        return f"As administrator: {'; '.join(commands)} (and in /etc/sysctl.d to keep it)."
    return (
        "User namespaces are off. In a container, start it with --security-opt seccomp=unconfined "
        "or with a profile that allows unshare, mount and pivot_root."
    )


def _cage() -> Finding:
    cage = cgroups.Cage(2**30, 64)
    cage.remove()
    if cage.kind:
        return Finding("control groups", "ok", cage.kind)
    return Finding(
        "control groups",
        "note",
        "none can be made",
        "Limits hold for each process, not for their sum. With systemd: run the grading by "
        "`systemd-run --user --scope -p Delegate=yes`.",
    )


_INSTALL = "Install the course again: pip install -c constraints.txt -e ."
