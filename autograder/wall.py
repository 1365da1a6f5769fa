"""The wall around student code: Linux namespaces, a root of its own, no rights, few system calls.

`spawn(room, target)` runs `target` in a new process that

1. has its own user, mount, process, network, ipc and uts namespaces (`unshare`): it sees no other
   process, no network and none of the machine's mounts;
2. stands on a root of its own (`_furnish`): what the room makes visible is bound read-only, only
   /tmp can be written, and it is small and in memory; there is no /proc and no /sys;
3. has no rights (`_renounce`): nobody's uid, no capability, none to be gained by any exec;
4. is bounded (`bound`): memory, file size, descriptors, processes, no core files;
5. cannot ask the kernel for what it does not need (`autograder.seccomp`).

`target` is called only after every step has succeeded; a step that fails ends the process and
`spawn` raises `WallError` with the reason. No step needs root or a program of its own. As root the
process gets a uid of its own on the outside as well; otherwise it keeps the caller's uid, which
then owns nothing that can be reached.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder import seccomp
from starter_code.errors import CourseError

_libc = ctypes.CDLL(None, use_errno=True)

# linux/sched.h
_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
# linux/mount.h
_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_BIND, _REC, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_SETATTR = -100, 0x8000, 442
# linux/prctl.h
_CAPABILITY_VERSION = 0x20080522  # linux/capability.h, version 3: two words of each kind
_PDEATHSIG, _DUMPABLE, _CAPBSET_DROP, _SECUREBITS, _NO_NEW_PRIVS = 1, 4, 24, 28, 38
_SECURE_ALL_LOCKED = 0x2F  # root is nobody special, keep-caps off, and no way back

NOBODY = 65534
_HARMLESS_DEVICES = tuple(Path("/dev") / name for name in ("null", "zero", "random", "urandom"))
MEMORY = 6 * 2**30  # bytes of address space beyond what is in use at the start
WRITABLE = 256 * 2**20  # bytes of /tmp
FIRST_UID = 61_000  # of the slots, on the outside, where root may choose


class WallError(CourseError):
    """The wall could not be built; nothing was run."""


@dataclass(frozen=True)
class Room:
    """What a walled process may see and use.

    Attributes:
        place: an empty folder on which the room is built; nothing is ever written there.
        visible: files and folders of this machine that it may read; links are shown as links.
        slot: which uid it gets where root may choose; one per worker.
        memory: bytes of address space beyond what is in use at the start.
        writable: bytes of /tmp.
        processes: how many at once (a cgroup bounds them for a whole worker as well).
        devices: files of /dev that it may use beside the four harmless ones; a GPU's driver also
            needs /proc, which then shows the processes behind this wall and nothing else.
    """

    place: Path
    visible: tuple[Path, ...]
    slot: int = 0
    memory: int | None = MEMORY
    writable: int = WRITABLE
    processes: int = 512
    devices: tuple[Path, ...] = ()


def standard_room(place: Path, extra: tuple[Path, ...] = (), slot: int = 0) -> Room:
    """A room with Python, its packages, the system's libraries, and what `extra` names."""
    paths = sysconfig.get_paths()
    wanted = [Path(path) for path in ("/usr", "/lib", "/lib64", "/etc/ld.so.cache")]
    wanted += [Path(sys.base_prefix), Path(paths["stdlib"]), Path(paths["purelib"])]
    wanted += [Path(paths["platlib"]), *extra]
    kept: list[Path] = []
    for path in wanted:
        if path.exists() and not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return Room(place, tuple(kept), slot)


def spawn(
    room: Room, target: Callable[[], None], before: Callable[[int], None] = lambda pid: None
) -> int:
    """Run `target` behind the wall in a child process; return the child's pid, for `stop`.

    `before` is called with this pid while the child waits (to put it into a control group).

    Raises:
        WallError: with the step that failed. Nothing was run then.
    """
    told, tell = os.pipe()  # the child's words: "u" unshared, "ok" walled, else what failed
    mapped, map_done = os.pipe()
    chosen = os.geteuid() == 0
    space = None if room.memory is None else address_space() + room.memory
    child = os.fork()
    if child == 0:
        os.close(told)
        os.close(map_done)
        _outer(room, target, tell, mapped, chosen, space)
    os.close(tell)
    os.close(mapped)
    try:
        word = os.read(told, 1)
        if word == b"u":
            _map_ids(child, room.slot, chosen)
            before(child)
            os.write(map_done, b"m")
            word = os.read(told, 2)
        if word != b"ok":
            rest = word + _read_all(told)
            raise WallError(f"The wall could not be built: {rest.decode('utf-8', 'replace')}.")
    except OSError as error:
        _end(child)
        raise WallError(f"The wall could not be built: users and groups: {error}.") from None
    except WallError:
        _end(child)
        raise
    finally:
        os.close(told)
        os.close(map_done)
    return child


def stop(child: int) -> None:
    """End everything behind the wall, and wait until the last process is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)


def missing() -> str:
    """Why the wall cannot be built on this machine, "" if it can."""
    if sys.platform != "linux":
        return "namespaces are a part of Linux; grade on a Linux machine"
    with tempfile.TemporaryDirectory(prefix="course-wall-") as place:
        try:
            stop(spawn(standard_room(Path(place)), lambda: None))
        except WallError as error:
            return str(error)
    return ""


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 4096):
        parts.append(part)
    return b"".join(parts)


def _end(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _outer(
    room: Room, target: Callable[[], None], tell: int, mapped: int, chosen: bool, space: int | None
) -> None:
    """First process: leaves the namespaces, waits for its ids, forks pid 1, and waits for it."""
    try:
        _prctl(_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS), "unshare")
        os.write(tell, b"u")
        os.read(mapped, 1)
        os.close(mapped)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        inner = os.fork()
        if inner == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
            _inner(room, target, tell, chosen, space)
        os.close(tell)
        # The end of process 1 ends its namespace; it is gone when this wait returns.
        signal.signal(signal.SIGTERM, lambda *_: os.kill(inner, signal.SIGKILL))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        os.waitpid(inner, 0)
    except BaseException as error:
        _say(tell, error)
    os._exit(0)


def _inner(
    room: Room, target: Callable[[], None], tell: int, chosen: bool, space: int | None
) -> None:
    """Process 1 of the namespace: builds the room, gives up its rights, then runs `target`."""
    try:
        _furnish(room)
        bound(space, room.writable, room.processes if chosen else None)
        _renounce(chosen)
        seccomp.load()
        os.write(tell, b"ok")
        os.close(tell)
    except BaseException as error:
        _say(tell, error)
        os._exit(1)
    try:
        target()
    finally:
        os._exit(0)


def _say(tell: int, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        os.write(tell, f"! {error}".encode())


def _map_ids(child: int, slot: int, chosen: bool) -> None:
    """Give the child's namespace its users: its own root, and nobody where we may choose."""
    if not chosen:
        Path(f"/proc/{child}/setgroups").write_text("deny")
    for kind, own in (("uid_map", os.geteuid()), ("gid_map", os.getegid())):
        nobody = f"\n{NOBODY} {FIRST_UID + slot} 1" if chosen else ""
        Path(f"/proc/{child}/{kind}").write_text(f"0 {own} 1{nobody}")


def _furnish(room: Room) -> None:
    """A root in memory: what is visible bound read-only, four devices, a small /tmp."""
    _mount(None, "/", None, _REC | _PRIVATE)  # nothing of what follows is seen outside
    root = str(room.place)
    _mount("root", root, "tmpfs", _NOSUID | _NODEV, "size=16m,mode=755")
    os.mkdir(f"{root}/tmp")
    options = f"size={room.writable},nr_inodes=16384,mode=1777"
    _mount("tmp", f"{root}/tmp", "tmpfs", _NOSUID | _NODEV, options)
    for path in room.visible:
        _bind(path, Path(root + str(path)))
    os.mkdir(f"{root}/dev")
    for device in (*_HARMLESS_DEVICES, *room.devices):
        _bind(device, Path(root + str(device)), device=True)
    if room.devices:
        os.mkdir(f"{root}/proc")
        _mount("proc", f"{root}/proc", "proc", _NOSUID | _NODEV | _NOEXEC | _RDONLY)
    _set_attributes(root, _RDONLY | _NOSUID | _NODEV, recursive=False)
    os.chdir(root)
    _check(_libc.syscall(seccomp.NUMBERS["pivot_root"], b".", b"."), "pivot_root")
    _check(_libc.umount2(b".", _DETACH), "leaving the old root")
    os.chdir("/tmp")
    os.environ |= {"HOME": "/tmp", "TMPDIR": "/tmp"}
    tempfile.tempdir = "/tmp"


def _bind(source: Path, place: Path, device: bool = False) -> None:
    """Show a file or folder of the machine at `place`, read-only; a link as the same link."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        place.symlink_to(os.readlink(source))
        return
    if source.is_dir():
        place.mkdir(exist_ok=True)
    else:
        place.touch()
    _mount(str(source), str(place), None, _BIND | _REC)
    if not device:
        _set_attributes(str(place), _RDONLY | _NOSUID | _NODEV, recursive=True)


def bound(space: int | None, writable: int, processes: int | None = None) -> None:
    """Limits of the kernel on this process and each of its children.

    Args:
        space: bytes of address space; None where a GPU's driver reserves more than there is.
        writable: bytes of a file that is written.
        processes: of this uid; None where the uid is not ours alone.
    """
    limits = {
        "AS": space,
        "FSIZE": writable,
        "CORE": 0,
        "NOFILE": 256,
        "MSGQUEUE": 0,
        "MEMLOCK": 0,
        "NPROC": processes,
    }
    for name, limit in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None or limit is None:
            continue
        _, hard = resource.getrlimit(kind)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (limit, limit))


def _renounce(chosen: bool) -> None:
    """Nobody, without a capability, and no exec that could give one."""
    _check(_libc.sethostname(b"walled", 6), "sethostname")
    last = 63
    for capability in range(last + 1):
        _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # unknown ones are refused: nothing to drop
    _prctl(_SECUREBITS, _SECURE_ALL_LOCKED)
    if chosen:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, none), "capset")
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # no other process may look into this one
    _prctl(_PDEATHSIG, signal.SIGKILL)  # a change of uid had cleared it
    if os.getppid() != 0:
        raise OSError("the process is not the first of its namespace")


def address_space() -> int:
    """Bytes of address space that are in use: what torch has reserved already."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _prctl(option: int, argument: int) -> None:
    _check(_libc.prctl(option, argument, 0, 0, 0), f"prctl {option}")


def _mount(source: str | None, place: str, kind: str | None, flags: int, options: str = "") -> None:
    texts = [text.encode() if text else None for text in (source, place, kind)]
    done = _libc.mount(*texts, ctypes.c_ulong(flags), options.encode() or None)
    _check(done, f"mount on {place}")


def _set_attributes(place: str, flags: int, recursive: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(flags, 0, 0, 0)
    how = _AT_RECURSIVE if recursive else 0
    size = ctypes.sizeof(attributes)
    number = ctypes.c_long(_MOUNT_SETATTR)
    done = _libc.syscall(number, _AT_FDCWD, place.encode(), how, attributes, ctypes.c_size_t(size))
    _check(done, f"read-only {place}")


def _check(result: int, what: str) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
