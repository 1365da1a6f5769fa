"""Frames over pipes, and which descriptors a child keeps: shared by all that run student code.

frame = 8 bytes length (big endian) + body
"""

from __future__ import annotations

import os
import select
import struct
import time
from collections.abc import Iterator, Sequence
from typing import IO

MAX_FRAME = 160 * 2**20


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read one frame; None at the end of the stream."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack(">Q", head)
    if length > MAX_FRAME:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: IO[bytes], body: bytes) -> None:
    """Write one frame."""
    stream.write(struct.pack(">Q", len(body)) + body)
    stream.flush()


def keep_only(*descriptors: int) -> None:
    """Close every other descriptor: nothing of the worker's own pipes is left to write to."""
    before = 2
    for descriptor in sorted(descriptors):
        os.closerange(before + 1, descriptor)
        before = descriptor
    os.closerange(before + 1, 1024)


def frames(descriptor: int, limits: Sequence[float]) -> Iterator[bytes | None]:
    """One frame per limit, each within its seconds; None for a late one, stop at the end."""
    buffer = bytearray()
    for seconds in limits:
        deadline = time.monotonic() + seconds + 1.0
        while (frame := _cut(buffer)) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                yield None
                return
            chunk = os.read(descriptor, 1 << 20)
            if not chunk or len(buffer) > MAX_FRAME:
                return
            buffer += chunk
        yield frame


def _cut(buffer: bytearray) -> bytes | None:
    """Take a whole frame off the buffer, if there is one."""
    if len(buffer) < 8:
        return None
    (length,) = struct.unpack(">Q", buffer[:8])
    if len(buffer) < 8 + length:
        return None
    body = bytes(buffer[8 : 8 + length])
    del buffer[: 8 + length]
    return body
