"""How long work takes, without what a process does once: loading modules, compiling loops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stopwatch", "preparation", "preparing"]


class _Preparation(threading.local):
    """What this thread has spent on preparation so far, in seconds."""

    seconds = 0.0
    running = False


preparation = _Preparation()


@contextmanager
def preparing() -> Iterator[None]:
    """Count what happens within as preparation; within another, nothing is counted twice."""
    if preparation.running:
        yield
        return
    preparation.running, started = True, time.perf_counter()
    try:
        yield
    finally:
        preparation.running = False
        preparation.seconds += time.perf_counter() - started


class Stopwatch:
    """Seconds since it was made, on the thread that made it.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> with preparing():
    ...     time.sleep(0.02)
    >>> watch.preparing >= 0.02, watch.working < watch.preparing + 0.02
    (True, True)
    """

    def __init__(self) -> None:
        self._started, self._prepared = time.perf_counter(), preparation.seconds

    @property
    def preparing(self) -> float:
        """Seconds of preparation."""
        return preparation.seconds - self._prepared

    @property
    def working(self) -> float:
        """Seconds of all else."""
        return time.perf_counter() - self._started - self.preparing
