"""A class graded on a Dask cluster: a real scheduler, real workers, one of them killed."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import ROOT, hand_in

from autograder import cli, room, wall
from autograder.demo import verify_marks
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class
from starter_code.errors import CourseError

NAME = "a1_cnn_lstm_decoder"
ISOLATION = "none" if wall.missing() else "namespaces"

ROGUE = """
import os

class Rogue:
    def __init__(self, mark):
        self.mark = mark
    def __reduce__(self):
        return exec, (f"import os; os.mkdir({self.mark!r} + str(os.getpid()))",)

def hand_back(mark):
    return Rogue(mark)

def fail(mark):
    error = RuntimeError("rogue")
    error.args = (Rogue(mark),)
    raise error
"""


class Cluster:
    """A scheduler and workers on loopback, in processes of their own, with TLS."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.keys = folder, folder / "keys"
        room.make_keys(self.keys)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.start("dask_scheduler", "--host", f"tls://127.0.0.1:{self.port}", "--no-dashboard")
        for _ in range(workers):
            self.start(
                "dask_worker", f"tls://{self.address}", "--host", "127.0.0.1", "--nthreads", "1",
                "--no-nanny", "--no-dashboard", "--local-directory", str(folder),
            )  # fmt: skip

    def start(self, program: str, *arguments: str) -> None:
        tls = ["--tls-ca-file", self.keys / "cluster.crt", "--tls-cert", self.keys / "cluster.crt"]
        tls += ["--tls-key", self.keys / "cluster.key"]
        path = os.pathsep.join([str(ROOT), str(self.folder)])
        with (self.folder / f"{program}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{program}", *arguments, *map(str, tls)],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)

    def room(self) -> room.Room:
        return room.Room(NAME, self.address, self.keys, ISOLATION)

    def wait(self, workers: int) -> None:
        for _ in range(120):
            try:
                with self.room() as found:
                    if found.places >= workers:
                        return
            except CourseError:
                pass
            time.sleep(0.5)
        raise AssertionError((self.folder / "dask_worker.log").read_text("utf-8")[-3000:])

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "rogue.py").write_text(ROGUE, encoding="utf-8")
    running = Cluster(folder, workers=2)
    try:
        running.wait(2)
        yield running
    finally:
        running.stop()


def test_nothing_that_a_machine_sends_is_opened(cluster: Cluster, tmp_path: Path) -> None:
    sys.path.insert(0, str(cluster.folder))
    import rogue

    with cluster.room() as found:
        for number, act in enumerate((rogue.hand_back, rogue.fail)):
            mark = str(tmp_path / f"mark-{number}-")
            future = found._client.submit(act, mark, pure=False)
            with pytest.raises(Exception) as refused:
                future.result(timeout=20)
            assert not isinstance(refused.value, TimeoutError)
            assert not os.path.exists(f"{mark}{os.getpid()}")
        assert found.answer({"read": "x.ipynb", "assignment": NAME, "bytes": ""}) is not None


@pytest.mark.parametrize("told", [b"", b"[]", b"\xff", b'{"answer": 3}', None, 7, b"[" * 10**6])
def test_what_cannot_be_read_is_no_grade(told: object) -> None:
    assert not room._unpacked(told)


def test_another_version_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "version", lambda assignment: "another")
    with pytest.raises(CourseError, match="another version"), cluster.room():
        pass


def refusal(*command: str) -> str:
    """What `course` says before it ends with exit code 2."""
    said = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patched,
        contextlib.redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        patched.setattr(sys, "argv", ["course", *command])
        cli.main()
    assert ended.value.code == 2, said.getvalue()
    return said.getvalue()


def grade_on_a_cluster(folder: Path, *arguments: str) -> list[str]:
    """The command that grades one person who handed in."""
    hand_in(simulated_class(NAME)[:1], folder / "submitted")
    command = ["grade", "a1", "--submitted", str(folder / "submitted")]
    return [*command, "--out", str(folder / "out"), *arguments]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cluster", "192.0.2.7:8786"], "without TLS"),
        (["--cluster", "lab07:8786"], "without TLS"),
        (["--cluster", "127.0.0.1"], "HOST:PORT"),
        (["--cluster", "127.0.0.1:9", "--keys", "nowhere"], "course cluster keys"),
        (["--cluster", "127.0.0.1:9"], "No cluster answers"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_one_sentence(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    said = refusal(*grade_on_a_cluster(tmp_path, *arguments))
    assert words in said and len(said.splitlines()) == 1


@pytest.mark.parametrize("missing", ["distributed", "dask_jobqueue", "cryptography"])
def test_without_its_packages_a_cluster_is_one_sentence(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    absent = {missing: None}
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: absent.get(name, find(name, *rest))
    )
    grade = grade_on_a_cluster(tmp_path, "--cluster", "127.0.0.1:9")
    for command in (grade, ["cluster", "keys", "--to", str(tmp_path / "keys")]):
        said = refusal(*command)
        assert "pip install" in said and "[cluster]" in said and len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists() and not (tmp_path / "keys").exists()


def test_keys_are_private_and_never_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["cluster", "keys", "--to", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["course", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    key, certificate = (tmp_path / name for name in (room.KEY, room.CERTIFICATE))
    assert key.stat().st_mode & 0o777 == 0o600
    made = key.read_bytes(), certificate.read_bytes()
    assert "already" in refusal(*command)
    assert (key.read_bytes(), certificate.read_bytes()) == made
    key.rename(tmp_path / "elsewhere")
    assert "already" in refusal(*command)
    assert certificate.read_bytes() == made[1] and not key.exists()


def test_a_killed_machine_costs_nobody_a_grade(cluster: Cluster, tmp_path: Path) -> None:
    # the last of the file: it takes a worker away
    people = simulated_class(NAME)[:8]
    hand_in(people, tmp_path / "submitted")
    first = tmp_path / "out" / "results"
    victim = cluster.processes[-1]

    def kill_in_the_middle() -> None:
        while not (first.is_dir() and any(first.iterdir())):
            time.sleep(0.05)
        victim.send_signal(signal.SIGKILL)

    threading.Thread(target=kill_in_the_middle, daemon=True).start()
    results = grade_class(
        NAME, tmp_path / "submitted", tmp_path / "out", seed=4,
        isolation=ISOLATION, cluster=cluster.address, keys=cluster.keys,
    )  # fmt: skip
    assert victim.wait(timeout=10) == -signal.SIGKILL
    verify_marks(NAME, people, results)
    here = grade_class(
        NAME, tmp_path / "submitted", tmp_path / "here", seed=4, isolation=ISOLATION, jobs=1
    )
    assert [r.to_json() for r in results] == [r.to_json() for r in here]
