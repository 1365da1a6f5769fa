"""One run at a time writes into a folder: two notebooks may ask for the same data at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

try:
    import fcntl
except ImportError:  # Windows has none; there two runs at once are not kept apart
    fcntl = None  # type: ignore[assignment]


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Let one run at a time write into the folder, the next one waits.

    The system lifts the lock when its process ends, also when it is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "RUN.lock").open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                tqdm.write(f"Another run is writing into {folder}: waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield
