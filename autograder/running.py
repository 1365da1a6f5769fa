"""Run one check on one namespace and say what came of it, without judging.

The same function serves the student's kernel, the sandbox and the judge's reference.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import signal
import sys
import sysconfig
import threading
import traceback
import types
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from autograder.draws import Draw
from autograder.probes import Check, Names, NotDefined
from autograder.values import NotPlain, Plain, clean, decode, encode, plain

_OURS = (
    str(Path(__file__).resolve().parent),
    str(Path(__file__).resolve().parents[1] / "starter_code"),
    sysconfig.get_paths()["stdlib"],
    sysconfig.get_paths()["purelib"],
)


LATER_SECONDS = (3.0, 1.0)  # of a check after one, and after more, of its TODO that did not end
_Targets = tuple[dict[types.CodeType, str], dict[int, str], dict[str, str]]


class TimedOut(BaseException):
    """A check took too long; no `except Exception` of a student's code holds it up."""


@dataclass
class Outcome:
    """What came of running a check.

    Attributes:
        kind: returned · raised · stub (NotImplementedError) · undefined · not_plain · out_of_memory
            · timed_out · ended (the process died).
        value: the plain value, if returned.
        layers: names and shapes of the parameters that the probe filled.
        error: type of the exception, missing name, or kind of value that was refused.
        detail: the exception's message.
        line: the student's own line at which it was raised.
        library: the forbidden library callables that were called.
    """

    kind: str
    value: Plain = None
    layers: list[Any] = field(default_factory=list)
    error: str = ""
    detail: str = ""
    line: str = ""
    library: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object; the value in the typed form of `autograder.values`."""
        return {**self.__dict__, "value": encode(self.value)}

    @staticmethod
    def from_json(tree: Any) -> Outcome:
        """Validate and rebuild what `to_json` wrote.

        Raises:
            NotPlain: if the object is anything else.
        """
        if not (isinstance(tree, dict) and set(tree) == set(Outcome("").__dict__)):
            raise NotPlain("a message that is not a result")
        texts = [tree[name] for name in ("kind", "error", "detail", "line")]
        if not all(isinstance(text, str) and len(text) <= 4000 for text in texts):
            raise NotPlain("a message that is not a result")
        kind, error, detail, line = map(clean, texts)
        if not (isinstance(tree["library"], list) and isinstance(tree["layers"], list)):
            raise NotPlain("a message that is not a result")
        library = [clean(str(name)[:200]) for name in tree["library"][:20]]
        outcome = Outcome(kind, decode(tree["value"]), [], error, detail, line, library)
        outcome.layers = decode(tree["layers"])
        return outcome


def patience(seconds: float, late: int) -> float:
    """Seconds that a check gets after `late` others of the same TODO did not end."""
    return min(seconds, LATER_SECONDS[min(late, 2) - 1]) if late else seconds


def run_check(check: Check, namespace: Mapping[str, Any], seed: int) -> Outcome:
    """Run the probe with the inputs of `seed`; student errors become outcomes, never exceptions."""
    draw = Draw(seed, check.key)
    called: set[str] = set()
    targets = _targets(check.instead_of)
    try:
        with _quiet(seed), _watching(targets, called):
            value = check.probe(Names(namespace), draw)
        outcome = Outcome("returned", plain(value))
    except NotPlain as error:
        outcome = Outcome("not_plain", error=str(error))
    except NotDefined as error:
        outcome = Outcome("undefined", error=str(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a student's SystemExit must cost this check only
        outcome = raised(error)
    outcome.layers = draw.layers
    outcome.library = sorted(called)
    return outcome


def raised(error: BaseException) -> Outcome:
    """The outcome for an exception that came out of student code."""
    if isinstance(error, NotImplementedError) and _is_stub(_students_line(error)):
        return Outcome("stub", error="NotImplementedError", line=_students_line(error))
    if isinstance(error, TimedOut):
        return Outcome("timed_out", line=_students_line(error))
    kind = "out_of_memory" if _is_memory(error) else "raised"
    return Outcome(kind, None, [], type(error).__name__, _message(error), _students_line(error))


def _is_stub(line: str) -> bool:
    """Whether the cell itself raised; torch raises NotImplementedError too, for a type it lacks."""
    return "raise" in line or not line.partition(": ")[2]


def _message(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:600]
    except Exception:  # an exception class may lie about its own text
        return ""


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "can't allocate memory" in _message(error)


def _students_line(error: BaseException) -> str:
    """`line 7 (alpha = scores.softmax(0))`, the innermost line that the student wrote."""
    if isinstance(error, SyntaxError):
        return _line(error.lineno, error.text or "")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not frame.filename.startswith(_OURS) and "frozen " not in frame.filename:
            text = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
            return _line(frame.lineno, text)
    return ""


def _line(number: int | None, text: str) -> str:
    shown = f" ({text.strip()[:400]})" if text.strip() else ""
    return f"line {number}{shown}"


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimedOut` in a student's own kernel after `seconds`, but never under a debugger.

    Only where Python offers it (the main thread, not on Windows); grading has clocks of its own.
    """
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_: int, frame: types.FrameType | None) -> None:
        while frame is not None and frame.f_code is not run_check.__code__:
            frame = frame.f_back
        if frame is None:  # the check is over already
            signal.setitimer(signal.ITIMER_REAL, 0)
        elif sys.gettrace() is None:
            raise TimedOut

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """Warnings cost nothing, and global random numbers are the same wherever the check runs."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        with contextlib.redirect_stderr(io.StringIO()):
            yield


@contextlib.contextmanager
def _watching(targets: _Targets, called: set[str]) -> Iterator[None]:
    """Record calls of library functions that the TODO is there to derive."""
    codes, builtins, unloaded = targets
    if not codes and not builtins and not unloaded:
        yield
        return

    def watch(frame: types.FrameType, event: str, function: Any) -> None:
        if event == "call" and frame.f_code in codes:
            called.add(codes[frame.f_code])
        elif event == "call" and frame.f_code.co_name in unloaded:  # imported by the code itself
            name = unloaded[frame.f_code.co_name]
            if name == f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}":
                called.add(name)
        elif event == "c_call" and id(function) in builtins:
            called.add(builtins[id(function)])

    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


def _targets(forbidden: tuple[str, ...]) -> _Targets:
    """The code objects and builtins behind dotted names; of a class, all its own methods.

    What nobody has imported yet is not loaded for this: third, the dotted names of functions that
    the code may import itself, by their own names.
    """
    codes: dict[types.CodeType, str] = {}
    builtins: dict[int, str] = {}
    unloaded: dict[str, str] = {}
    for name in forbidden:
        target = _resolve(name)
        if target is None:
            unloaded[name.rpartition(".")[2]] = name
            continue
        methods = list(vars(target).values()) if isinstance(target, type) else [target]
        for function in methods:
            if hasattr(function, "__code__"):
                codes[function.__code__] = name
            elif callable(function):
                builtins[id(function)] = name
    return codes, builtins, unloaded


def _resolve(dotted: str) -> Any:
    """The object that a dotted name such as `torch.nn.LSTMCell` stands for, if it is loaded."""
    head, *rest = dotted.split(".")
    target: Any = sys.modules.get(head)
    for part in rest:
        target = getattr(target, part, None)
    return target
