"""The system calls that code behind the wall may not make, as a filter in the kernel.

Allowed is what is not named here: numerical libraries use many calls, and what they may reach is
bounded by namespaces already. Named are the calls that lead to other kernels' worlds: new
namespaces and mounts, other processes, other socket families than AF_UNIX (vsock and netlink pass
network namespaces), and large young interfaces with a history of holes (io_uring, bpf, keyctl).
"""

from __future__ import annotations

import ctypes
import platform
import struct

# Numbers on x86-64 and on aarch64; None where the call does not exist.
_CALLS: dict[str, tuple[int, int | None]] = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "personality": (135, 92),
    "iopl": (172, None),
    "ioperm": (173, None),
}
_SPECIAL = {"clone": (56, 220), "clone3": (435, 435), "socket": (41, 198), "socketpair": (53, 199)}

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, audit architecture
_COLUMN, _ARCHITECTURE = _MACHINES.get(platform.machine(), (0, 0))
NUMBERS: dict[str, int] = {
    name: number
    for name, numbers in (_CALLS | _SPECIAL).items()
    if (number := numbers[_COLUMN]) is not None
}

# linux/filter.h and linux/seccomp.h
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_KILL, _ALLOW, _ERROR = 0x80000000, 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000  # a second table of calls on x86-64
_NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW… flag of clone, time included
_EPERM, _ENOSYS, _AF_UNIX = 1, 38, 1


def program() -> bytes:
    """The filter, as the kernel reads it: 8 bytes an instruction."""
    rows = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, _ARCHITECTURE), (_RETURN, 0, 0, _KILL)]
    rows += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _ERROR | _ENOSYS)]
    refused = [NUMBERS[name] for name in _CALLS if name in NUMBERS]
    for number in refused:
        rows += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | _EPERM)]
    # The C library falls back to clone, whose flags can be read here.
    rows += [(_EQUAL, 0, 1, NUMBERS["clone3"]), (_RETURN, 0, 0, _ERROR | _ENOSYS)]
    rows += [
        (_EQUAL, 0, 4, NUMBERS["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, _ERROR | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for name in ("socket", "socketpair"):
        rows += [
            (_EQUAL, 0, 4, NUMBERS[name]),
            (_LOAD, 0, 0, _FIRST_ARGUMENT),
            (_EQUAL, 1, 0, _AF_UNIX),
            (_RETURN, 0, 0, _ERROR | _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    rows.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *row) for row in rows)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def load() -> None:
    """Put this process, and all it will ever start, behind the filter. There is no way back.

    Raises:
        OSError: the kernel refuses, or the processor is neither x86-64 nor aarch64.
    """
    if not _ARCHITECTURE:
        raise OSError(f"no list of system calls for {platform.machine()}")
    code = program()
    filter_ = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.byref(filter_), 0, 0) < 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "seccomp")
