"""What an answer did beside answering: told to the instructor, never a reason for a silent zero.

Runs in the process of a check. An audit hook of Python's sees network tries, new processes, writes
outside /tmp and hands laid on the grader, where the student's own code stands on the stack; a
snapshot of the libraries shows what was patched. Code that wants to hide from this can (the wall
holds without it); what is seen here is worth a look.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

MOST = 20  # acts of one answer that are told
LONGEST = 120  # letters of one act

_WATCHED = (  # modules and classes whose public names nobody has a reason to replace
    "builtins",
    "json",
    "math",
    "random",
    "sys",
    "numpy",
    "torch",
    "torch.Tensor",
    "torch.autograd",
    "torch.nn",
    "torch.nn.functional",
    "torch.nn.Module",
    "torch.testing",
    "autograder.draws",
    "autograder.probes",
    "autograder.running",
    "autograder.values",
    "autograder.worker",
)
_RENEWED = {  # names that Python and torch themselves set anew
    "builtins._",
    "sys.last_exc",
    "sys.last_traceback",
    "sys.last_type",
    "sys.last_value",
    "sys.stderr",
    "sys.stdout",
}
_EVENTS = {
    "socket.__new__": "makes a socket",
    "socket.connect": "calls another machine or process",
    "socket.bind": "listens for calls",
    "os.fork": "starts a process",
    "os.forkpty": "starts a process",
    "os.exec": "starts a program",
    "os.posix_spawn": "starts a program",
    "os.spawn": "starts a program",
    "os.system": "starts a program",
    "subprocess.Popen": "starts a program",
    "os.kill": "signals a process",
    "os.killpg": "signals a process",
    "ctypes.dlopen": "loads a library of the system",
    "gc.get_objects": "looks through the memory",
    "gc.get_referrers": "looks through the memory",
    "sys.setprofile": "removes the watch over library calls",
    "sys.addaudithook": "listens to what the process does",
}
_CHANGES = {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.chmod"}

Snapshot = Mapping[str, Mapping[str, Any]]


def snapshot() -> Snapshot:
    """The public names of what is watched, with what they stand for now."""
    found = {}
    for dotted in _WATCHED:
        target = _resolve(dotted)
        if target is not None:
            names = [n for n in vars(target) if not n.startswith("__")]
            found[dotted] = {name: vars(target)[name] for name in names}
    return found


def patched(before: Snapshot) -> list[str]:
    """Names that stand for something else than they did."""
    found = []
    for dotted, names in before.items():
        now = vars(_resolve(dotted) or object)
        for name, value in names.items():
            full = f"{dotted}.{name}"
            if now.get(name, _GONE) is not value and full not in _RENEWED:
                found.append(f"replaces {full}")
    return found


_GONE = object()


def _resolve(dotted: str) -> Any:
    if dotted in sys.modules:
        return sys.modules[dotted]
    module, _, name = dotted.rpartition(".")
    return getattr(sys.modules.get(module), name, None)


def watch(tell: Callable[[str], None]) -> None:
    """From now on call `tell` with each new kind of act, until the process ends."""
    told: set[str] = set()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        act = _act(event, arguments)
        if act and act not in told and len(told) < MOST and _is_students():
            told.add(act)
            tell(act)

    sys.addaudithook(hook)


def _act(event: str, arguments: tuple[Any, ...]) -> str:
    """The event in words, "" if it is nothing to speak of."""
    try:
        if event == "open":
            return _writing(*arguments[:3])
        if event in _CHANGES:
            path = os.fspath(arguments[0])
            return "" if _is_own(path) else f"changes {path}"
        if event == "import" and str(arguments[0]).split(".")[0] == "autograder":
            return f"loads {arguments[0]}"
        return _EVENTS.get(event, "")
    except Exception:  # whatever an odd path does, it is the student's affair
        return ""


def _writing(path: object, mode: object, flags: object) -> str:
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if not writes or isinstance(path, int):
        return ""
    name = os.fsdecode(os.fspath(path))  # type: ignore[call-overload]
    return "" if _is_own(name) else f"writes {name}"


def _is_own(path: str | bytes) -> bool:
    """Whether a path lies where a check may write."""
    return os.path.abspath(os.fsdecode(path)).startswith(("/tmp/", "/dev/"))


def _is_students() -> bool:
    """Whether code of a TODO cell or of a helper cell stands on the stack."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<") and name.endswith(">") and name[-2].isdigit():
            return not name.startswith("<given cell")
        frame = frame.f_back  # type: ignore[assignment]
    return False
