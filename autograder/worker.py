"""The process that runs student code: loads torch once, then forks for every submission and TODO.

It knows probes and inputs, no reference, no mistake and no other submission. It reads requests from
its standard input and writes raw results to its standard output; whoever started it validates them.

    frame = 8 bytes length (big endian) + JSON

    {"room": …, "warm": cells}          what may be seen behind the wall; the release's own imports
    {"read": name, "bytes": …}          a file that was handed in -> cells (in a bounded child)
    {"gate": key, "segments": …, …}     a training gate, on the GPU that "warm" has named
    {"segments": cells, "todos": names, "together": …, "seed": …}
                                        a program -> a raw result for each check of these TODOs,
                                        and what it did beside (`autograder.tampering`)

A submission runs behind a wall of its own (`autograder.wall`). `together`, one process there does
all checks: fast, and enough for what passes. Otherwise a TODO has a fork of its own: a child that
dies or hangs costs the check it was at, and the rest of the TODO gets another.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import json
import os
import resource
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from autograder import gpu_slot, tampering, wall
from autograder.cells import Segment, run_segments
from autograder.cgroups import Cage
from autograder.extracting import read_submission
from autograder.frames import frames, keep_only, read_frame, write_frame
from autograder.house import House, kill
from autograder.policy import forbidden_calls
from autograder.probes import Check, load_checks
from autograder.running import Outcome, patience, run_check

LOAD_SECONDS = 10.0
TOGETHER_SECONDS = 3.0  # of a load or a check in the common process; what is slow gets its own
READ_SECONDS = 20
READ_MEMORY = 2 * 2**30
CAGE_MEMORY = 8 * 2**30  # of all processes of a submission together
CAGE_PROCESSES = 512
MAX_ANSWER = 512 * 2**20
MAX_ACTS = 1 << 16  # bytes: what a pipe holds


def main() -> None:
    """Serve requests until standard input ends."""
    torch.set_num_threads(1)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    house = House(None, None, 0, {})
    slot = gpu_slot.Slot(house, None)
    while (frame := read_frame(requests)) is not None:
        request = json.loads(frame)
        try:
            if "warm" in request:
                house = _prepared(request)
                slot = gpu_slot.Slot(house, request.get("gpu"))
                answer: dict[str, Any] = {"layers": house.layers}
            elif "read" in request:
                answer = _read(request)
            elif "gate" in request:
                answer = slot.serve(request)
            else:
                answer = _serve(request, house)
        except wall.WallError as error:
            answer = {"error": str(error)}
        write_frame(answers, json.dumps(answer).encode())
    slot.close()
    if house.cage is not None:
        house.cage.remove()


def _prepared(request: dict[str, Any]) -> House:
    """Run the release's own imports before any fork, and build a wall once to see that it stands.

    Raises:
        WallError: it does not.
    """
    run_segments([Segment(*segment) for segment in request["warm"]], {})
    torch.ones(2, 2) @ torch.ones(2, 2)  # what is looked up in /proc is looked up now
    space = wall.address_space() + wall.MEMORY
    untouched = tampering.snapshot()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with every child: no collection writes into it
    given = request["room"]
    if given is None:
        return House(None, None, space, untouched)
    visible = tuple(Path(path) for path in given["visible"])
    room = wall.standard_room(Path(given["place"]), visible, given["slot"])
    house = House(room, Cage(CAGE_MEMORY, CAGE_PROCESSES), space, untouched)
    house.stop(house.start(lambda: None))
    return house


def _read(request: dict[str, Any]) -> dict[str, Any]:
    """Cells of a file, read in a child with little memory and little time."""
    data = base64.b64decode(request["bytes"])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            wall.bound(wall.address_space() + READ_MEMORY, 0)
            found = read_submission(request["read"], data, request["assignment"])
            write_frame(os.fdopen(writer, "wb"), json.dumps(asdict(found)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        body = next(frames(reader, [READ_SECONDS]), None)
    finally:
        os.close(reader)
        kill(child)
    if body is None:
        problem = f"{request['read']} cannot be read in {READ_SECONDS} s; save it again in Jupyter."
        body = json.dumps({"problem": problem}).encode()
    return {"submission": json.loads(body)}


def _serve(request: dict[str, Any], house: House) -> dict[str, Any]:
    """Raw results of the checks of a program, each as text, and what the program did beside."""
    segments = [Segment(*segment) for segment in request["segments"]]
    checks = [c for c in load_checks(request["assignment"]) if c.todo in request["todos"]]
    serve = _serve_together if request["together"] else _serve_apart
    results, acts = serve(checks, segments, request["seed"], house)
    ended = json.dumps(Outcome("ended").to_json())
    return {"results": {c.key: results.get(c.key, ended) for c in checks}, "acts": acts}


def _serve_together(
    checks: list[Check], segments: list[Segment], seed: int, house: House
) -> tuple[dict[str, str], list[str]]:
    """One process behind the wall for all checks; where it dies or hangs, results are missing."""
    line = _Line()
    child = house.start(lambda: _run_child(line, checks, segments, seed, house, graded=""))
    limits = [TOGETHER_SECONDS, *(min(c.seconds, TOGETHER_SECONDS) for c in checks)]
    try:
        results, _ = line.collect(checks, limits)
    finally:
        house.stop(child)
    return results, line.close()


def _serve_apart(
    checks: list[Check], segments: list[Segment], seed: int, house: House
) -> tuple[dict[str, str], list[str]]:
    """A process behind the wall that forks for every TODO, and again where a check dies."""
    todos = list(dict.fromkeys(check.todo for check in checks))
    reader, writer = os.pipe()

    def serve_all() -> None:
        keep_only(writer)
        answers, alone = os.fdopen(writer, "wb"), False
        for todo in todos:
            own = [check for check in checks if check.todo == todo]
            done, acts, alone = _serve_todo(own, segments, seed, alone, house)
            write_frame(answers, json.dumps({"results": done, "acts": acts}).encode())

    child = house.start(serve_all)
    os.close(writer)
    seconds = [2 * (LOAD_SECONDS + check.seconds + 2) for check in checks]
    results: dict[str, str] = {}
    acts: list[str] = []
    size = 0
    try:
        for body in frames(reader, [sum(seconds)] * len(todos)):
            size += len(body or b"")
            if body is None or size > MAX_ANSWER:
                break
            told = json.loads(body)
            results.update(told["results"])
            acts += [act for act in told["acts"] if act not in acts]
    finally:
        os.close(reader)
        house.stop(child)
    return results, acts


class _Line:
    """Two pipes from a child that runs checks: results, and what else it did.

    The second holds what was told before the child died; it never makes the child wait.
    """

    def __init__(self) -> None:
        self.reader, self.writer = os.pipe()
        self.acts_reader, self.acts_writer = os.pipe()
        for end in (self.acts_reader, self.acts_writer):
            os.set_blocking(end, False)

    def collect(
        self, checks: list[Check], limits: list[float]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Results by check, and how it ended: after the load and each check within its limit."""
        for end in (self.writer, self.acts_writer):
            os.close(end)
        results: dict[str, str] = {}
        ending = {"kind": "ended"}
        for step, body in enumerate(frames(self.reader, limits)):
            if body is None:
                ending["kind"] = "timed_out"
                break
            if step == 0:
                ending["loaded"] = "yes"
            else:
                results[checks[step - 1].key] = body.decode("utf-8", "replace")
        return results, ending

    def close(self) -> list[str]:
        """Close the pipes of a child that has ended; return what it did beside."""
        os.close(self.reader)
        try:
            text = os.read(self.acts_reader, MAX_ACTS)
        except BlockingIOError:  # somebody outside our reach still holds the other end
            text = b""
        os.close(self.acts_reader)
        acts = text.decode("utf-8", "replace").splitlines()
        return list(dict.fromkeys(act[: tampering.LONGEST] for act in acts))[: tampering.MOST]


def _serve_todo(
    checks: list[Check], segments: list[Segment], seed: int, alone: bool, house: House
) -> tuple[dict[str, str], list[str], bool]:
    """Results of one TODO's checks as raw text, keyed by check, and what it did beside.

    With `alone`, the other TODO cells are left untouched: one of them ends or hangs the process.
    Whether that turned out to be needed is returned, so that the next TODO need not find it out.
    """
    results: dict[str, str] = {}
    acts: list[str] = []
    waiting = list(checks)
    late = 0
    while waiting:
        if alone:
            segments = _only(checks[0].todo, segments)
        limits = [patience(c.seconds, late) for c in waiting]
        done, seen, ending = _one_child(waiting, segments, seed, house, limits)
        results.update(done)
        acts += seen
        late += ending["kind"] == "timed_out"
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
    return results, acts, alone


def _only(todo: str, segments: list[Segment]) -> list[Segment]:
    """The program with every other TODO cell untouched."""
    return [
        Segment(s.label, s.fallback if s.todo and s.todo != todo else s.source, s.todo, s.fallback)
        for s in segments
    ]


def _one_child(
    checks: list[Check], segments: list[Segment], seed: int, house: House, limits: list[float]
) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """Fork, let the child run the checks of a TODO, and collect until it is done, dead or late.

    `limits` are the seconds of each check.
    """
    line = _Line()
    child = os.fork()
    if child == 0:
        _run_child(line, checks, segments, seed, house, graded=checks[0].todo)
    try:
        results, ending = line.collect(checks, [LOAD_SECONDS, *limits])
    finally:
        kill(child)
        if house.room is not None:
            _end_all_others()
    return results, line.close(), ending


def _end_all_others() -> None:
    """Behind the wall: end whatever a check left running (this is process 1 there)."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _run_child(
    line: _Line,
    checks: list[Check],
    segments: list[Segment],
    seed: int,
    house: House,
    graded: str,
) -> None:
    """In the child: load the program, run each check, send each result; never returns."""
    try:
        with contextlib.suppress(PermissionError):  # process 1 behind the wall leads already
            os.setsid()
        keep_only(line.writer, line.acts_writer)
        wall.bound(house.space, wall.WRITABLE)
        seconds = int(LOAD_SECONDS + sum(check.seconds for check in checks)) + 5
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        stream = os.fdopen(line.writer, "wb")
        tampering.watch(lambda act: _tell(line.acts_writer, act))
        namespace: dict[str, Any] = {}
        failed = run_segments(segments, namespace, graded=graded)
        write_frame(stream, b"loaded")
        sources = {s.todo: s.source for s in segments if s.todo}
        for check in checks:
            outcome = failed.get(check.todo) or run_check(check, namespace, seed)
            static = forbidden_calls(sources.get(check.todo, ""), list(check.instead_of))
            outcome.library = sorted({*outcome.library, *static})
            if check is checks[-1]:  # told before the last result: it ends the process
                for act in tampering.patched(house.untouched)[: tampering.MOST]:
                    _tell(line.acts_writer, act)
            write_frame(stream, json.dumps(outcome.to_json()).encode())
    finally:
        os._exit(0)


def _tell(descriptor: int, act: str) -> None:
    """Write one act; where the pipe is full or gone, it is not told."""
    with contextlib.suppress(OSError):
        os.write(descriptor, (" ".join(act[: tampering.LONGEST].split()) + "\n").encode())


if __name__ == "__main__":
    main()
