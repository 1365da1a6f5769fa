"""A class graded by Slurm: munge, controller and one node of Debian's packages, on loopback.

Skipped where Slurm is not installed or the tests do not run as root (its daemons want to).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from courses import ROOT, hand_in

from autograder import room, wall
from autograder.demo import verify_marks
from autograder.grading import grade_class
from autograder.simulated_class import simulated_class
from starter_code.errors import CourseError

NAME = "a1_cnn_lstm_decoder"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING) or os.geteuid() != 0,
    reason=f"not installed: {', '.join(MISSING)}" if MISSING else "Slurm's daemons need root",
)

CONFIG = """
ClusterName=course
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={port}
SlurmdPort={node_port}
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
SchedulerParameters=bf_interval=1,sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=lab Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture
def slurm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A running Slurm of one node; its daemons end with the test."""
    folder = Path(tempfile.mkdtemp(prefix="course-slurm-"))
    folder.chmod(0o755)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    config = CONFIG.format(
        host=os.uname().nodename,
        port=16817,
        node_port=16818,
        folder=folder,
        cpus=os.cpu_count(),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20 - 100,
    )
    (folder / "slurm.conf").write_text(config, encoding="utf-8")
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    munge = ["munged", "-F", "-f", f"--key-file={key}", f"--socket={folder}/munge.socket"]
    munge += [f"--pid-file={folder}/munge.pid", f"--seed-file={folder}/munge.seed"]
    munge += [f"--log-file={folder}/munge.log"]
    log = (folder / "daemons.log").open("wb")
    daemons = [
        subprocess.Popen(command, stdout=log, stderr=log)
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D"])
    ]
    try:
        for _ in range(60):
            told = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True)
            if "idle" in told.stdout:
                break
            time.sleep(0.5)
        else:
            pytest.skip(f"Slurm does not start here: {told.stderr} {told.stdout}")
        yield folder
    finally:
        subprocess.run(["scancel", "--user=root"], capture_output=True)
        time.sleep(1)
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(timeout=30)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_class_is_graded_by_slurm_jobs(slurm: Path, tmp_path: Path) -> None:
    people = simulated_class(NAME)[:4]
    hand_in(people, tmp_path / "in")
    keys = slurm / "keys"
    room.make_keys(keys)
    isolation = "none" if wall.missing() else "namespaces"
    address = "127.0.0.1:18799"
    command = [sys.executable, "-m", "autograder.cli", "cluster", "slurm", "--workers", "1"]
    command += ["--keys", str(keys), "--host", "127.0.0.1", "--port", "18799", "--memory", "4GB"]
    held = subprocess.Popen(command, cwd=slurm, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        for _ in range(120):
            try:
                with room.Room(NAME, address, keys, isolation):
                    break
            except CourseError as error:
                assert "has no workers" in str(error) or "No cluster" in str(error), error
                time.sleep(0.5)
        options = {"cluster": address, "keys": keys, "isolation": isolation}
        results = grade_class(NAME, tmp_path / "in", tmp_path / "out", seed=4, **options)
    finally:
        held.send_signal(signal.SIGINT)
        held.wait(timeout=30)
    verify_marks(NAME, people, results)
    assert held.returncode == 0
