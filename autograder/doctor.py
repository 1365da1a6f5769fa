"""`course doctor`: what this machine offers, and what to do about what is missing.

Nothing here needs torch: it is loaded in a process of its own, so that a broken installation is a
row of the table.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder import cgroups
from autograder.assignments import known, repository
from autograder.files import FULL

OK, WARNING, MISSING = "ok", "warning", "missing"
NEEDED_SPACE = 6 * 2**30
LEAST_SPACE = 2**28  # below it not even a notebook can be saved safely
NEEDED_MEMORY = 6 * 2**30
NEEDED_PYTHON = (3, 11)
PACKAGES = {  # what notebooks and tools import: name -> how it is installed
    "numpy": "numpy",
    "matplotlib": "matplotlib",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "h5py": "h5py",
    "nltk": "nltk",
    "pycocoevalcap": "pycocoevalcap",
    "safetensors": "safetensors",
    "tqdm": "tqdm",
    "IPython": "jupyter",
    "nbclient": "jupyter",
    "nbformat": "jupyter",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: "ok", "warning" (it works, with less) or "missing" (something needed is not there).
        seen: what is there.
        advice: what to do, "" if nothing.
    """

    subject: str
    state: str
    seen: str
    advice: str = ""


def examine(data: Path = Path("data"), grading: bool = False) -> list[Finding]:
    """Look at everything, in seconds; whatever goes wrong in looking is a finding, too.

    Args:
        data: folder of the data sets.
        grading: grade a class here: then the wall around submissions is needed.
    """
    looks: list[Callable[[], list[Finding]]] = [
        lambda: [_python()],
        lambda: [_packages()],
        _torch,
        lambda: [_kernel()],
        lambda: [_memory()],
        lambda: [_folder(), _disk()],
        lambda: [_course()],
        lambda: [_data(data)],
        lambda: [_wall(grading), *([_cage()] if grading else [])],
    ]
    found: list[Finding] = []
    for look in looks:
        try:
            found += look()
        except Exception as error:  # a damaged machine fails in ways that nobody foresees
            subject = f"check {len(found) + 1}"
            found.append(Finding(subject, WARNING, f"{type(error).__name__}: {error}", _INSTALL))
    return found


def _python() -> Finding:
    seen = f"{'.'.join(map(str, sys.version_info[:3]))} at {sys.executable}"
    if sys.version_info < NEEDED_PYTHON:
        return Finding("Python", MISSING, seen, "Python 3.11 or newer is needed.")
    return Finding("Python", OK, seen)


def _packages() -> Finding:
    lacking = {where for name, where in PACKAGES.items() if importlib.util.find_spec(name) is None}
    if lacking:
        return Finding("packages", MISSING, f"without {', '.join(sorted(lacking))}", _INSTALL)
    return Finding("packages", OK, "all that notebooks import")


_ASK_TORCH = """
import json, torch, torchvision
cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
mps = torch.backends.mps.is_available()
print(json.dumps([torch.__version__, torchvision.__version__, cuda, mps]))
"""


def _torch() -> list[Finding]:
    """torch and the device that it finds."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, timeout=180
        )
    except subprocess.TimeoutExpired:
        seen = "it has not loaded within three minutes"
        return [Finding("torch", WARNING, seen, "The machine is busy or its disk slow: try again.")]
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        seen = said[-1] if said else f"loading it ends Python (signal {-done.returncode})"
        return [Finding("torch", MISSING, seen[:200], _INSTALL)]
    version, vision, cuda, mps = json.loads(done.stdout.splitlines()[-1])
    found = [Finding("torch", OK, f"torch {version}, torchvision {vision}")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if cuda:
        return [*found, Finding("GPU", OK, cuda)]
    seen = f"none that the labs use; {cores} processor cores"
    advice = "Trainings use the processor: take the tiers tiny and small."
    return [*found, Finding("GPU", WARNING, seen + (", Apple's GPU unused" if mps else ""), advice)]


def _kernel() -> Finding:
    """Whether notebooks that ask for `python3` get this Python."""
    subject, install = "Jupyter kernel", "python -m ipykernel install --sys-prefix"
    if importlib.util.find_spec("ipykernel") is None:
        return Finding(subject, MISSING, "ipykernel is not installed", _INSTALL)
    try:
        from jupyter_client.kernelspec import KernelSpecManager

        spec = KernelSpecManager().get_kernel_spec("python3")
    except Exception as error:
        return Finding(subject, MISSING, f"{type(error).__name__}: {error}", f"Run `{install}`.")
    program = spec.argv[0]
    if program == Path(program).name:  # Jupyter takes the Python that it runs in
        return Finding(subject, OK, "python3, the Python in which Jupyter runs")
    if _same_environment(program):
        return Finding(subject, OK, f"python3, {program}")
    seen = f"python3 is another Python: {program}"
    return Finding(subject, WARNING, seen, f"Run `{install}`, so that notebooks use this one.")


def _same_environment(program: str) -> bool:
    """Whether a program lies where this Python does; links are not followed, as venvs are links."""
    return Path(program).absolute().parent == Path(sys.executable).absolute().parent


def _memory() -> Finding:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        whole, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on this system
        return Finding("memory", WARNING, "unknown", "The labs want 8 GB at the tier small.")
    limit = _memory_limit()
    seen = f"{min(whole, limit) / 2**30:.1f} GiB, of the machine {free / 2**30:.1f} GiB untouched"
    if min(whole, limit) < NEEDED_MEMORY:
        return Finding("memory", WARNING, seen, "Take the tier tiny, and one notebook at a time.")
    return Finding("memory", OK, seen)


def _memory_limit() -> int:
    """What a container allows, in bytes."""
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            return int(Path(place).read_text().strip())
        except (OSError, ValueError):
            continue
    return 2**62


def _folder() -> Finding:
    """Whether notebooks can be saved here."""
    here = Path.cwd()
    try:
        with tempfile.TemporaryFile(dir=here) as file:
            file.write(bytes(2**16))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno in FULL:
            return Finding("folder", MISSING, f"the disk of {here} is full", "Free some space.")
        what = "is read-only" if error.errno in (errno.EROFS, errno.EACCES) else str(error.strerror)
        advice = "Work in a copy of the course in a folder of your own."
        return Finding("folder", MISSING, f"{here} cannot be written: {what}", advice)
    return Finding("folder", OK, f"{here} can be written")


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    seen = f"{free / 2**30:.1f} GiB free in {Path.cwd()}"
    if free < LEAST_SPACE:
        return Finding("disk", MISSING, seen, "Free some space: nothing can be saved safely.")
    if free < NEEDED_SPACE:
        return Finding("disk", WARNING, seen, "Data sets and trainings want about 6 GiB.")
    return Finding("disk", OK, seen)


def _course() -> Finding:
    """What of the course lies here, and whether its checks can run."""
    there = known()
    if not there:
        advice = f"Unpack the release again: {repository()} holds no checks."
        return Finding("course", MISSING, "no assignment", advice)
    root = repository()
    lacking = [
        name
        for name in there
        if not any(
            (folder / f"{name}.checks.json").is_file()
            for folder in (root / "assignments" / name, root)
        )
    ]
    seen = f"{', '.join(name.split('_')[0] for name in there)} in {root}"
    if lacking:
        advice = f"{lacking[0]}.checks.json is missing; put it back from the release."
        return Finding("course", MISSING, seen, advice)
    return Finding("course", OK, seen)


def _data(root: Path) -> Finding:
    """Which data sets lie below `root`; none is needed, for the scenes are drawn."""
    try:
        there = [path.name for path in root.iterdir() if path.is_dir()] if root.exists() else []
    except OSError as error:
        seen = f"{root.absolute()} cannot be read ({error.strerror})"
        return Finding("data sets", WARNING, seen, "Ask for the right to read it, or move it away.")
    if root.exists() and not os.access(root, os.W_OK):
        seen, advice = f"{root.absolute()} is read-only", "The scenes are drawn into it: move it."
        return Finding("data sets", WARNING, seen, advice)
    if not there:
        return Finding("data sets", OK, "none yet; notebooks draw the scenes when they need them")
    sets = _sets()
    complete: list[str] = []
    lacking: list[str] = []
    for name in sorted(there):
        if sets is not None and name in sets.NAMES:
            (lacking if sets.check(name, root) else complete).append(name)
    seen = f"complete: {', '.join(complete) or 'none'}"
    if lacking:
        advice = f"`course data check {lacking[0]}` says what is missing."
        return Finding("data sets", WARNING, f"{seen}; not complete: {', '.join(lacking)}", advice)
    return Finding("data sets", OK, seen)


def _sets() -> Any:
    """The catalogue that `course data` reads, None where it cannot be loaded."""
    try:
        from starter_code import data_cli

        return data_cli.SETS
    except Exception:  # torch or a package is missing, which has a row of its own
        return None


def _wall(grading: bool) -> Finding:
    subject, advice = "wall for grading", ""
    try:
        from autograder import wall

        reason = wall.missing()
        if not reason:
            who = "a uid of their own" if os.geteuid() == 0 else "the caller's uid, owning nothing"
            return Finding(subject, OK, f"namespaces, own root, seccomp; {who}")
        advice = _advice_on_wall()
    except ImportError:
        reason, advice = "not part of this release", "Only grading a class needs it."
    if grading:
        return Finding(subject, MISSING, reason, advice)
    return Finding(subject, WARNING, reason, f"Only grading a class needs it. {advice}".strip())


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
        return Finding("control groups", OK, cage.kind)
    return Finding(
        "control groups",
        WARNING,
        "none can be made",
        "Limits hold for each process, not for their sum. With systemd: run the grading by "
        "`systemd-run --user --scope -p Delegate=yes`.",
    )


_INSTALL = (
    "Install the course again: pip install -c constraints.txt -e . (in a release: conda env create "
    "-f environment.yml)."
)
