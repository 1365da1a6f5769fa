"""The process that runs student code: loads torch once, then forks for every TODO.

It knows probes and inputs, no reference, no mistake and no other submission. It reads requests from
its standard input and writes raw results to its standard output; whoever started it validates them.
A TODO's checks run one after another in one child; a child that dies or hangs costs the check it
was at, and the rest of the TODO gets a fresh child.

    frame = 8 bytes length (big endian) + JSON
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import struct
import time
from collections.abc import Iterator
from typing import IO, Any

import torch

from autograder.cells import Segment, run_segments
from autograder.policy import forbidden_calls
from autograder.probes import Check, load_checks
from autograder.running import Outcome, run_check

LOAD_SECONDS = 10.0
MEMORY = 6 * 2**30
FILE_SIZE = 64 * 2**20
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


def main() -> None:
    """Serve requests until standard input ends."""
    torch.set_num_threads(1)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    while (frame := read_frame(requests)) is not None:
        request = json.loads(frame)
        if "warm" in request:
            _warm(request["warm"])
            write_frame(answers, b"{}")
        else:
            write_frame(answers, json.dumps(_serve(request)).encode())


def _warm(segments: list[list[str]]) -> None:
    """Run the release's own imports before any fork, so that no child pays for them."""
    run_segments([Segment(*segment) for segment in segments], {})


def _serve(request: dict[str, Any]) -> dict[str, str]:
    segments = [Segment(*segment) for segment in request["segments"]]
    checks = load_checks(request["assignment"])
    results: dict[str, str] = {}
    alone = False
    for todo in dict.fromkeys(check.todo for check in checks):
        own = [check for check in checks if check.todo == todo]
        done, alone = _serve_todo(own, segments, request["seed"], alone)
        results.update(done)
    return results


def _serve_todo(
    checks: list[Check], segments: list[Segment], seed: int, alone: bool
) -> tuple[dict[str, str], bool]:
    """Results of one TODO's checks as raw text, keyed by check.

    With `alone`, the other TODO cells are left untouched: one of them ends or hangs the process.
    Whether that turned out to be needed is returned, so that the next TODO need not find it out.
    """
    results: dict[str, str] = {}
    waiting = list(checks)
    while waiting:
        if alone:
            segments = _only(checks[0].todo, segments)
        done, ending = _one_child(waiting, segments, seed)
        results.update(done)
        waiting = [check for check in waiting if check.key not in results]
        if not waiting:
            break
        if "loaded" not in ending and not alone:
            alone = True
            continue
        doomed = waiting if "loaded" not in ending else waiting[:1]
        for check in doomed:
            results[check.key] = json.dumps(Outcome(ending["kind"]).to_json())
        waiting = [check for check in waiting if check.key not in results]
    return results, alone


def _only(todo: str, segments: list[Segment]) -> list[Segment]:
    """The program with every other TODO cell untouched."""
    return [
        Segment(s.label, s.fallback if s.todo and s.todo != todo else s.source, s.todo, s.fallback)
        for s in segments
    ]


def _one_child(
    checks: list[Check], segments: list[Segment], seed: int
) -> tuple[dict[str, str], dict[str, str]]:
    """Fork, let the child run the checks, and collect until it is done, dead or late."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_child(writer, checks, segments, seed)
    os.close(writer)
    results: dict[str, str] = {}
    ending = {"kind": "ended"}
    try:
        for step, body in enumerate(_frames(reader, [LOAD_SECONDS, *(c.seconds for c in checks)])):
            if body is None:
                ending["kind"] = "timed_out"
                break
            if step == 0:
                ending["loaded"] = "yes"
            else:
                results[checks[step - 1].key] = body.decode("utf-8", "replace")
    finally:
        os.close(reader)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return results, ending


def _frames(descriptor: int, limits: list[float]) -> Iterator[bytes | None]:
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


def _run_child(descriptor: int, checks: list[Check], segments: list[Segment], seed: int) -> None:
    """In the child: load the program, run each check, send each result; never returns."""
    try:
        os.setsid()
        os.closerange(3, descriptor)  # nothing of the worker's own pipes is left to write to
        os.closerange(descriptor + 1, 1024)
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
        limit = _address_space() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        stream = os.fdopen(descriptor, "wb")
        namespace: dict[str, Any] = {}
        failed = run_segments(segments, namespace, graded=checks[0].todo)
        write_frame(stream, b"loaded")
        source = next((s.source for s in segments if s.todo == checks[0].todo), "")
        for check in checks:
            outcome = failed.get(check.todo) or run_check(check, namespace, seed)
            static = forbidden_calls(source, list(check.instead_of))
            outcome.library = sorted({*outcome.library, *static})
            write_frame(stream, json.dumps(outcome.to_json()).encode())
    finally:
        os._exit(0)


def _address_space() -> int:
    """Bytes of address space that torch has already reserved in this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    main()
