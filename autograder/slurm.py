"""A room of machines under Slurm: the scheduler runs here, the workers are Slurm jobs.

`course cluster slurm` holds the room open until it is interrupted; then the jobs end. Everything a
worker needs is on a folder that the nodes share: this project's environment and the keys.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from autograder.room import require_dask, security
from starter_code.errors import CourseError


@contextlib.contextmanager
def slurm_room(
    workers: int,
    keys: Path,
    address: str,
    *,
    memory: str = "10GB",
    partition: str = "",
    hours: float = 4,
    gpus: bool = False,
    logs: Path = Path("runs/slurm"),
) -> Iterator[None]:
    """Start a scheduler on this machine and ask Slurm for workers.

    Args:
        keys: folder of `course cluster keys`, on a file system that the nodes see.
        address: HOST:PORT of the scheduler, this machine as the nodes know it.
        memory: of each job; grading needs about 10 GB for a submission that fills its limits.
        gpus: each worker gets one GPU, for training gates.

    Raises:
        CourseError: no keys, no Slurm, or the package is missing.
    """
    require_dask()
    from dask_jobqueue.slurm import SLURMCluster

    logs.mkdir(parents=True, exist_ok=True)
    try:
        cluster = SLURMCluster(
            cores=1,
            processes=1,
            memory=memory,
            queue=partition or None,
            walltime=f"{int(hours):02}:{int(hours * 60) % 60:02}:00",
            python=sys.executable,
            nanny=False,
            security=security(keys),
            protocol="tls://",
            scheduler_options={"host": f"tls://{address}", "dashboard": False},
            job_extra_directives=["--gres=gpu:1"] if gpus else [],
            worker_extra_args=["--resources", "GPU=1"] if gpus else [],
            log_directory=str(logs),
        )
    except (OSError, RuntimeError) as error:
        raise CourseError(f"The room cannot be opened: {error}.") from None
    with cluster:
        cluster.scale(jobs=workers)
        yield


def hold(
    workers: int, keys: Path, address: str, *, partition: str, gpus: bool, memory: str
) -> None:
    """Open the room, say where it is, and hold it until the command is interrupted."""
    with slurm_room(workers, keys, address, partition=partition, gpus=gpus, memory=memory):
        print(f"course grade ASSIGNMENT --submitted DIR --cluster {address} --keys {keys}")
        print(f"{workers} workers are asked for; end the room with Ctrl-C.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)
