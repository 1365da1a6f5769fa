"""A room of machines: the sandbox part of grading on a Dask cluster.

    this machine: judge, references, gradebook          lab machines: Dask workers
      JSON bytes of one request            ───────►       `serve`: Worker ─► wall ─► student code
      JSON bytes, validated here           ◄───────

Tasks are answers of students, and what comes back is bytes that are validated as if the student had
written them: a lab machine can say what a submission computes, never what it is worth. Nothing that
comes back is unpickled (`_harmless_pickles`), whatever a machine sends.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import io
import ipaddress
import json
import os
import pickle
import socket
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from autograder import gpu_slot
from autograder.assignments import repository
from autograder.sandbox import TRIES, Crew, Worker, chosen
from starter_code.errors import CourseError

KEY, CERTIFICATE = "cluster.key", "cluster.crt"
HELLO_SECONDS = 120.0


# --- on a lab machine ------------------------------------------------------------------------

_own = threading.local()
_slots: list[IO[str]] = []


def serve(task: bytes) -> bytes:
    """Answer one request on a worker of the cluster; whatever happens, the answer is bytes."""
    try:
        tree = json.loads(task)
        if tree["version"] != version(tree["assignment"]):
            raise CourseError("another version of the project is installed there; update it")
        worker = _worker(tree["assignment"], tree["isolation"])
        if "hello" in tree["request"]:
            answer: dict[str, Any] | None = {"layers": list(worker.layers)}
        else:
            answer = worker.answer(tree["request"])
        told: dict[str, Any] = {"answer": answer}
    except Exception as error:  # an exception would travel as a pickle, which nobody opens
        told = {"error": f"{socket.gethostname()}: {error}"}
    return json.dumps(told).encode()


def _worker(assignment: str, isolation: str) -> Worker:
    """The process of this thread that runs submissions, started when it is first needed."""
    workers: dict[tuple[str, str], Worker] = _own.__dict__.setdefault("workers", {})
    if (assignment, isolation) not in workers:
        _own.__dict__.setdefault("slot", _claim_slot())
        worker = Worker(assignment, isolation, _own.slot, _gpu())
        worker.start()
        workers[assignment, isolation] = worker
    return workers[assignment, isolation]


def _claim_slot() -> int:
    """A number, and with it a uid behind the wall, that nobody else on this machine has."""
    for slot in range(1000):
        try:
            file = (Path(tempfile.gettempdir()) / f"course-slot-{slot}.lock").open("a")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        _slots.append(file)
        return slot
    raise CourseError("more than 1,000 workers run on one machine")


def _gpu() -> int | None:
    """The GPU of this Dask worker: the first that CUDA_VISIBLE_DEVICES names, if there is any."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "0" if gpu_slot.count() else "")
    first = named.split(",")[0]
    return int(first) if first.isdigit() and gpu_slot.count() else None


@functools.cache
def version(assignment: str) -> str:
    """SHA-256 over what decides what a submission computes: engine, probes, starter code, release.

    No reference and no mistake is part of it: they never leave the instructor's machine. Copies
    that Jupyter keeps of edited files are no part of it either.
    """
    root = repository()
    files = sorted((root / "autograder").glob("*.py")) + sorted(root.glob("starter_code/**/*.py"))
    files.append(root / "autograder" / "checks" / f"{assignment}.py")
    files.append(root / "assignments" / assignment / f"{assignment}.ipynb")
    digest = hashlib.sha256()
    for path in (path for path in files if ".ipynb_checkpoints" not in path.parts):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


# --- on the instructor's machine ---------------------------------------------------------------


class Room(Crew):
    """The workers of a Dask cluster, used as a context manager.

    Args:
        address: HOST:PORT of the scheduler.
        keys: folder of `course cluster keys`; may be None on loopback only.

    Raises:
        CourseError: an address off loopback without keys, or Dask is not installed.
    """

    def __init__(
        self, assignment: str, address: str, keys: Path | None, isolation: str | None = None
    ) -> None:
        super().__init__(assignment)
        self.isolation = chosen(isolation)
        self.address = _address(address, keys)
        require_dask()
        self.security = security(keys) if keys else None
        self.places = self.gpus = 0

    def __enter__(self) -> Room:
        """Connect, and see that every worker has this version and a wall.

        Raises:
            CourseError: nobody answers, or a machine cannot be used; nothing was run.
        """
        with contextlib.ExitStack() as stack:
            stack.enter_context(_harmless_pickles())
            self._client = stack.enter_context(_connect(self.address, self.security))
            self._greet()
            self._stack = stack.pop_all()
        return self

    def _greet(self) -> None:
        """Say hello to each worker.

        Raises:
            CourseError: naming the machine that cannot be used.
        """
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        if not workers:
            raise CourseError(f"The cluster at {self.address} has no workers; start some.")
        hello = self._packed({"hello": True})
        futures = [
            self._client.submit(serve, hello, workers=[name], pure=False) for name in workers
        ]
        for name, future in zip(workers, futures):
            try:
                told = future.result(timeout=HELLO_SECONDS)
            except Exception:
                raise CourseError(
                    f"The worker {name} does not answer: is this version of the project installed "
                    "there?"
                ) from None
            self.layers = [str(layer) for layer in (_unpacked(told) or {}).get("layers", [])]
        self.places = sum(int(facts["nthreads"]) for facts in workers.values())
        self.gpus = sum(int(facts["resources"].get("GPU", 0)) for facts in workers.values())

    def _packed(self, request: dict[str, Any]) -> bytes:
        tree = {"assignment": self.assignment, "isolation": self.isolation, "request": request}
        return json.dumps({**tree, "version": version(self.assignment)}).encode()

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The answer of some worker; a request whose machine is lost goes to another.

        Raises:
            CourseError: the cluster is gone, or a machine cannot run submissions.
        """
        task = self._packed(request)
        for _ in range(TRIES):
            if self._client.status not in ("running", "connecting"):
                raise CourseError(
                    f"The cluster at {self.address} is gone; start it and run the same command "
                    "again: what is graded stays graded."
                )
            needs = {"GPU": 1} if self.gpus and "gate" in request else None
            try:
                future = self._client.submit(serve, task, pure=False, resources=needs)
                return _unpacked(future.result())
            except CourseError:
                raise
            except Exception:  # the machines that had it were lost, one after another
                continue
        return None

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _unpacked(told: object) -> dict[str, Any] | None:
    """What a machine has said, if it can be read.

    Raises:
        CourseError: the machine says that it cannot run submissions.
    """
    try:
        tree = json.loads(told if isinstance(told, bytes) else b"")
        error, answer = tree.get("error"), tree.get("answer")
    except (ValueError, RecursionError, AttributeError):
        return {}
    if error is not None:
        raise CourseError(f"A machine of the room cannot grade: {str(error)[:500]}")
    return answer if isinstance(answer, dict) else None


def _address(address: str, keys: Path | None) -> str:
    """The address as Dask wants it.

    Raises:
        CourseError: it is none, or lies off loopback and there are no keys.
    """
    try:
        parts = urlsplit(f"//{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise CourseError(f"{address!r} is no address of a cluster; give HOST:PORT.")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if keys is None and not loopback:
        raise CourseError(
            f"{host} is another machine, and without TLS anybody on the network could answer in "
            "its place: make keys by `course cluster keys --to DIR` and give --keys DIR."
        )
    name = f"[{host}]" if ":" in host else host
    return f"{'tcp' if keys is None else 'tls'}://{name}:{port}"


def require_dask() -> None:
    """See that the packages of the extra `cluster` are there.

    Raises:
        CourseError: they are not.
    """
    packages = ("distributed", "dask_jobqueue", "cryptography")
    if any(importlib.util.find_spec(package) is None for package in packages):
        raise CourseError(
            "Clusters need more packages; install them with: "
            "pip install -c constraints.txt -e '.[cluster]'"
        )


def security(keys: Path) -> Any:
    """Dask's TLS settings: the same certificate says who may be in the room, in every part.

    Raises:
        CourseError: the folder holds no keys.
    """
    missing = [name for name in (KEY, CERTIFICATE) if not (keys / name).is_file()]
    if missing:
        raise CourseError(f"{keys} holds no {missing[0]}; give a folder of `course cluster keys`.")
    from distributed.security import Security

    certificate, key = str(keys.resolve() / CERTIFICATE), str(keys.resolve() / KEY)
    own = {f"tls_{part}_cert": certificate for part in ("client", "scheduler", "worker")}
    own |= {f"tls_{part}_key": key for part in ("client", "scheduler", "worker")}
    return Security(require_encryption=True, tls_ca_file=certificate, **own)


def _connect(address: str, security: Any) -> Any:
    from distributed import Client

    try:
        return Client(
            address,
            security=security,
            timeout=10,
            set_as_default=False,
            serializers=["msgpack", "pickle"],  # of what is sent: the name of `serve`
            deserializers=["msgpack"],  # of what comes back
        )
    except (OSError, TimeoutError) as error:
        raise CourseError(
            f"No cluster answers at {address} ({type(error).__name__}); is the scheduler running, "
            "and are the keys the same there?"
        ) from None


class _Plain(pickle.Unpickler):
    """Rebuilds bytes; for anything else that a pickle asks for, there is no class."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in (("builtins", "bytes"), ("builtins", "bytearray")):
            return {"bytes": bytes, "bytearray": bytearray}[name]
        raise pickle.UnpicklingError(f"{module}.{name}")


@contextlib.contextmanager
def _harmless_pickles() -> Iterator[None]:
    """Inside, Dask opens no pickle in this process.

    Dask's messages may carry pickled objects, and opening one runs what its sender likes. A worker
    whose wall was broken must not reach the judge this way.
    """
    import distributed.protocol.pickle as dask_pickle

    before, dask_pickle.loads = dask_pickle.loads, _harmless
    try:
        yield
    finally:
        dask_pickle.loads = before


def _harmless(data: bytes, *, buffers: Any = ()) -> Any:
    try:
        return _Plain(io.BytesIO(data), buffers=buffers).load()
    except Exception:
        raise TypeError("a pickle that was not opened") from None  # Dask knows what to do with it


def make_keys(to: Path) -> list[Path]:
    """Write a key and a certificate that is its own authority: who has both is in the room.

    Raises:
        CourseError: there is a key or a certificate already, or a package is missing.
    """
    require_dask()
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if any((to / name).exists() for name in (KEY, CERTIFICATE)):
        raise CourseError(f"{to} holds keys already; take another folder, or remove them first.")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "course-cluster")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=400))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    to.mkdir(parents=True, exist_ok=True)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(to / KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(private)
    (to / CERTIFICATE).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return [to / KEY, to / CERTIFICATE]
