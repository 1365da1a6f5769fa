"""A place for one training gate: a process behind the wall, warm before the submission comes.

CUDA cannot be carried over a fork, so the process starts it itself, behind the wall: it opens its
one GPU, overwrites the memory that others left there, and waits. It serves one gate of one
submission and is ended; the next is warmed meanwhile. Without a GPU the same process waits on the
CPU, and the gate trains at the tiny tier.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import resource
from pathlib import Path
from typing import Any

import torch

from autograder.cells import Segment, run_segments
from autograder.frames import frames, keep_only, read_frame, write_frame
from autograder.house import House
from autograder.probes import Check, load_gates
from autograder.running import Outcome, run_check

WARM_SECONDS = 90.0  # to start CUDA and to overwrite a GPU's memory
LOAD_SECONDS = 20.0
MEMORY_SHARE = 0.95  # of the GPU's memory that torch may take
PIECE = 2**30  # bytes that are overwritten at once
CORES = 4  # whose time a gate may use: a GPU's driver has threads of its own


def devices(gpu: int) -> tuple[Path, ...]:
    """The files of /dev through which one NVIDIA GPU is used."""
    names = (f"nvidia{gpu}", "nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")
    return tuple(path for name in names if (path := Path("/dev") / name).exists())


def count() -> int:
    """GPUs of this machine, without starting CUDA in this process."""
    return sum(path.name.removeprefix("nvidia").isdigit() for path in Path("/dev").glob("nvidia*"))


class Slot:
    """One process that waits for a gate; warmed when the first gate comes, then always ahead.

    Args:
        gpu: index of the GPU that is its own; None for the CPU.
    """

    def __init__(self, house: House, gpu: int | None) -> None:
        self.house, self.gpu = house, gpu
        self.child = 0

    def serve(self, request: dict[str, Any]) -> dict[str, Any]:
        """The raw result of one gate."""
        if not self.child:
            self._warm()
        (check,) = [c for c in load_gates(request["assignment"]) if c.key == request["gate"]]
        try:
            text = self._answer(check, request)
        except BrokenPipeError:  # the process died before it was asked
            text = json.dumps(Outcome("ended").to_json())
        finally:
            self.close()
            self._warm()
        return {"results": {check.key: text}}

    def _answer(self, check: Check, request: dict[str, Any]) -> str:
        """Hand over the program once the process is warm; its outcome, or how it ended."""
        told = frames(self.answers, (WARM_SECONDS, LOAD_SECONDS, check.seconds))
        word = next(told, None)
        if word != b"warm":
            detail = word.decode("utf-8", "replace") if word else "the GPU cannot be opened in time"
            return json.dumps(Outcome("raised", error="GPU", detail=detail).to_json())
        program = [check.key, request["segments"], request["seed"], request["assignment"]]
        with os.fdopen(os.dup(self.work), "wb") as stream:
            write_frame(stream, json.dumps(program).encode())
        rest = list(told)  # after the load, then the outcome; None for what is late
        if len(rest) == 2 and rest[1] is not None:
            return rest[1].decode("utf-8", "replace")
        return json.dumps(Outcome("timed_out" if None in rest else "ended").to_json())

    def _warm(self) -> None:
        answers, tell = os.pipe()
        take, work = os.pipe()
        room = self.house.room
        if room is not None and self.gpu is not None:
            room = dataclasses.replace(room, memory=None, devices=devices(self.gpu))
        seen = self.gpu if room is None or self.gpu is None else 0  # its own is the only one there
        target = functools.partial(_serve_one, take, tell, seen)
        self.child = self.house.start(target, room)
        os.close(tell)
        os.close(take)
        self.answers, self.work = answers, work

    def close(self) -> None:
        """End the waiting process."""
        if self.child:
            self.house.stop(self.child)
            os.close(self.answers)
            os.close(self.work)
            self.child = 0


def _serve_one(take: int, tell: int, gpu: int | None) -> None:
    """Behind the wall: warm up, wait for a program and a gate, run it, end."""
    keep_only(take, tell)
    work, answers = os.fdopen(take, "rb"), os.fdopen(tell, "wb")
    try:
        device = _open(gpu)
    except Exception as error:  # whatever a driver says
        write_frame(answers, f"{type(error).__name__}: {error}"[:500].encode())
        return
    write_frame(answers, b"warm")
    frame = read_frame(work)
    if frame is None:
        return
    key, rows, seed, assignment = json.loads(frame)
    (check,) = [c for c in load_gates(assignment) if c.key == key]
    seconds = CORES * int(LOAD_SECONDS + check.seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    namespace: dict[str, Any] = {}
    run_segments([Segment(*row) for row in rows], namespace)
    write_frame(answers, b"loaded")
    outcome = run_check(_on(check, device), namespace, seed)
    write_frame(answers, json.dumps(outcome.to_json()).encode())


def _on(check: Check, device: str) -> Check:
    """The gate as a check whose probe knows the device."""
    probe: Any = functools.partial(check.probe, device=device)  # type: ignore[call-arg]
    return dataclasses.replace(check, probe=probe)


def _open(gpu: int | None) -> str:
    """Start CUDA on the one GPU that is ours and overwrite what others left in its memory."""
    if gpu is None:
        return "cpu"
    os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
    torch.cuda.init()  # type: ignore[no-untyped-call]
    overwrite()
    torch.cuda.set_per_process_memory_fraction(MEMORY_SHARE)
    return "cuda"


def overwrite() -> int:
    """Fill the GPU's free memory with zeros and give it back; return how many bytes that were."""
    pieces: list[torch.Tensor] = []
    size, done = PIECE, 0
    while size >= 2**20:
        try:
            pieces.append(torch.zeros(size, dtype=torch.uint8, device="cuda"))
            done += size
        except torch.OutOfMemoryError:
            size //= 2
    torch.cuda.synchronize()
    pieces.clear()
    torch.cuda.empty_cache()
    return done
