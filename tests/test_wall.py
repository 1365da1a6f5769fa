"""What code behind the wall can and cannot do, tried from inside, with and without root.

Each test runs a few lines behind a wall that a process of its own has built, and reads what they
found. Nothing here reaches for another address than this machine's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from autograder import cgroups, seccomp, wall

pytestmark = pytest.mark.skipif(bool(wall.missing()), reason=wall.missing() or "a wall stands")

USERS = ["caller", *(["somebody"] if os.geteuid() == 0 else [])]

BUILDER = """
import ctypes, errno, json, os, socket, sys, time
from pathlib import Path
from autograder import seccomp, wall
libc = ctypes.CDLL(None, use_errno=True)
place, user = Path(sys.argv[1]), sys.argv[2]
libraries = [Path(name) for name in ("/usr", "/lib", "/lib64") if Path(name).exists()]
if user == "somebody":  # a user without rights, whose process may be looked at like any other's
    os.setgroups([]); os.setresgid(4321, 4321, 4321); os.setresuid(4321, 4321, 4321)
    libc.prctl(4, 1, 0, 0, 0)
devices = (Path("/dev/full"),) if "DEVICE" in os.environ else ()
room = wall.Room(place, (*libraries, *map(Path, sys.argv[3:])), devices=devices)
reader, writer = os.pipe()

def tried(action):
    try:
        return action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))

def called(name, *arguments):
    result = libc.syscall(seccomp.NUMBERS[name], *arguments)
    return result if result >= 0 else errno.errorcode[ctypes.get_errno()]

def inside():
    found = {}
    CODE
    os.write(writer, json.dumps(found).encode())

child = wall.spawn(room, inside)
os.close(writer)
print(os.read(reader, 1 << 16).decode())
wall.stop(child)
"""


def found_inside(code: str, place: Path, user: str = "caller", *visible: Path) -> dict[str, Any]:
    """Run `code` behind a wall; it fills the dictionary `found`."""
    room = place / "room"
    room.mkdir(exist_ok=True)
    for folder in (room, *room.parents):
        if folder.is_relative_to("/tmp") and os.geteuid() == 0 and folder != Path("/tmp"):
            folder.chmod(0o755)
    script = BUILDER.replace("CODE", textwrap.indent(textwrap.dedent(code), "    ").strip())
    ran = subprocess.run(
        [sys.executable, "-c", script, str(room), user, *map(str, visible)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(wall.__file__).parents[1])},
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


@pytest.mark.parametrize("user", USERS)
def test_it_sees_its_room_and_nothing_else(user: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the reference", encoding="utf-8")
    code = f"""
        found["root"] = sorted(os.listdir("/"))
        found["secret"] = tried(lambda: open({str(tmp_path / "secret.txt")!r}).read())
        found["processes"] = tried(lambda: os.listdir("/proc"))
        found["gradebook"] = tried(lambda: os.listdir({str(tmp_path)!r}))
        found["devices"] = sorted(os.listdir("/dev"))
    """
    found = found_inside(code, tmp_path, user)
    assert set(found["root"]) <= {"dev", "lib", "lib64", "tmp", "usr"}
    assert found["secret"] == found["processes"] == found["gradebook"] == "ENOENT"
    assert found["devices"] == ["null", "random", "urandom", "zero"]


@pytest.mark.parametrize("user", USERS)
def test_a_room_with_a_device_shows_its_own_processes_only(
    user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICE", "yes")
    code = """
        found["processes"] = [name for name in os.listdir("/proc") if name.isdigit()]
        found["device"] = tried(lambda: os.write(os.open("/dev/full", os.O_WRONLY), b"x"))
        found["setting"] = tried(lambda: open("/proc/sys/kernel/hostname", "w").write("x"))
        found["environment"] = tried(lambda: open("/proc/1/environ").read())
    """
    found = found_inside(code, tmp_path, user)
    assert found["processes"] == ["1"] and found["device"] == "ENOSPC"
    assert found["setting"] in ("EROFS", "EACCES") and found["environment"] == "EACCES"


@pytest.mark.parametrize("user", USERS)
def test_it_writes_to_a_small_tmp_of_its_own_only(user: str, tmp_path: Path) -> None:
    shown = tmp_path / "shown"
    shown.mkdir()
    (shown / "engine.py").write_text("right = 1\n", encoding="utf-8")
    os.chmod(shown, 0o777)
    code = f"""
        mark = "/tmp/mark-of-a-walled-process"
        found["tmp"] = tried(lambda: open(mark, "w").write("here"))
        found["usr"] = tried(lambda: open("/usr/mark", "w"))
        found["root"] = tried(lambda: open("/mark", "w"))
        found["shown"] = tried(lambda: open({str(shown / "engine.py")!r}, "w"))
        found["new"] = tried(lambda: open({str(shown / "torch.py")!r}, "w"))
        found["read"] = tried(lambda: open({str(shown / "engine.py")!r}).read())
        def fill():
            for number in range(4):
                with open(f"/tmp/{{number}}", "wb") as file:
                    file.write(bytes(100 << 20))
        found["fill"] = tried(fill)
    """
    found = found_inside(code, tmp_path, user, shown)
    assert found["tmp"] == 4 and not Path("/tmp/mark-of-a-walled-process").exists()
    assert found["read"] == "right = 1\n"
    assert {found[name] for name in ("usr", "root", "shown", "new")} <= {"EROFS", "EACCES"}
    assert found["fill"] == "ENOSPC"


@pytest.mark.parametrize("user", USERS)
def test_it_reaches_no_network(user: str, tmp_path: Path) -> None:
    code = """
        for name in ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"):
            family = getattr(socket, name)
            found[name] = str(tried(lambda: socket.socket(family, socket.SOCK_STREAM)))
        found["AF_UNIX"] = tried(lambda: len(socket.socketpair()))
    """
    found = found_inside(code, tmp_path, user)
    assert found.pop("AF_UNIX") == 2
    assert set(found.values()) == {"EPERM"}


@pytest.mark.parametrize("user", USERS)
def test_it_has_no_rights_and_gains_none(user: str, tmp_path: Path) -> None:
    code = """
        header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        libc.capget(header, sets)
        found["capabilities"] = sum(sets)
        found["bounding set"] = sum(max(0, libc.prctl(23, c, 0, 0, 0)) for c in range(41))
        found["new rights"] = libc.prctl(39, 0, 0, 0, 0)
        found["another user"] = tried(lambda: os.setuid(1))
        found["mount"] = called("mount", b"x", b"/tmp", b"tmpfs", 0, None)
        found["namespace"] = called("unshare", 0x10000000)
        found["clone"] = called("clone", 0x10000000 | 17, 0, 0, 0, 0)
    """
    found = found_inside(code, tmp_path, user)
    assert found["capabilities"] == 0 and found["bounding set"] == 0 and found["new rights"] == 1
    assert found["mount"] == found["namespace"] == found["clone"] == "EPERM"
    assert found["another user"] in ("EPERM", "EINVAL")


def test_every_named_system_call_is_refused(tmp_path: Path) -> None:
    code = """
        for name in seccomp.NUMBERS:
            if name not in ("clone", "socket", "socketpair"):
                found[name] = called(name, 0, 0, 0, 0, 0)
    """
    found = found_inside(code, tmp_path)
    assert found.pop("clone3") == "ENOSYS"
    assert len(found) > 40 and set(found.values()) == {"EPERM"}


def test_it_cannot_touch_another_process(tmp_path: Path) -> None:
    code = f"""
        found["outside"] = tried(lambda: os.kill({os.getpid()}, 0))
        child = os.fork()
        if child == 0:  # a check's process against process 1, which collects the answers
            libc.kill(1, 9); libc.kill(-1, 9)
            os._exit(called("ptrace", 16, 1, 0, 0) == "EPERM")
        found["ptrace refused"] = os.waitpid(child, 0)[1] >> 8
        found["own number"] = os.getpid()
    """
    found = found_inside(code, tmp_path)
    assert found == {"outside": "ESRCH", "ptrace refused": 1, "own number": 1}


def test_nothing_outlives_it(tmp_path: Path) -> None:
    """A process that left its session and ignores signals holds a pipe; the pipe must end."""
    held, hold = os.pipe()
    os.set_inheritable(hold, True)
    code = f"""
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                import signal
                for number in (1, 2, 15):
                    signal.signal(number, signal.SIG_IGN)
                os.write({hold}, b"started")
                time.sleep(600)
            os._exit(0)
        time.sleep(0.5)
    """
    room = tmp_path / "room"
    room.mkdir()
    script = BUILDER.replace("CODE", textwrap.indent(textwrap.dedent(code), "    ").strip())
    subprocess.run(
        [sys.executable, "-c", script, str(room), "caller"],
        pass_fds=[hold],
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(wall.__file__).parents[1])},
        stdout=subprocess.DEVNULL,
    )
    os.close(hold)
    with os.fdopen(held, "rb") as pipe:
        assert pipe.read() == b"started"


def test_without_a_wall_nothing_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    missing = tmp_path / "no such folder"
    with pytest.raises(wall.WallError, match="could not be built"):
        wall.spawn(wall.Room(missing, (Path("/usr"),)), ran.touch)
    assert not ran.exists()


def test_the_filter_refuses_before_it_allows() -> None:
    code = seccomp.program()
    assert len(code) % 8 == 0 and len(code) // 8 < 4096


def test_a_control_group_bounds_all_processes_together() -> None:
    cage = cgroups.Cage(memory=200 << 20, processes=20)
    if not cage.kind:
        pytest.skip("this machine lets nobody make a control group")
    code = """
import os, sys, time
sys.stdin.readline()
forks = 0
try:
    while forks < 60:
        if os.fork() == 0:
            time.sleep(5)
            os._exit(0)
        forks += 1
except BlockingIOError:
    pass
print(forks, flush=True)
hoard = [bytearray(1 << 20) for _ in range(400)]
print("not bounded", flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        cage.add(process.pid)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        assert 0 < int(process.stdout.readline()) < 20
        assert process.wait(timeout=30) == -signal.SIGKILL
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.2)
        cage.remove()
