"""Chunks of work on several threads: compiled loops and matrix products release Python's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.errors import InvalidInputError
from otgan.transport.interpretation import interpretation
from otgan.transport.stopwatch import preparation

__all__ = ["as_n_jobs", "chunk_starts", "n_threads", "run_in_threads"]

CHUNK_ROWS = 1000
"""Rows in a chunk, at most: threads take chunks in turn, and Ctrl-C is heard between them."""

MIN_CHUNKS = 16
"""Chunks of a pass, at least, where there are so many blocks."""


def as_n_jobs(n_jobs: Any) -> int | None:
    """The option, checked.

    Examples
    --------
    >>> as_n_jobs(-1)
    -1
    >>> as_n_jobs(0)
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: n_jobs must be a whole number of threads, -1 for all cores, or \
None, got 0; to fix it, pass 1 for a single thread
    """
    if n_jobs is None:
        return None
    if isinstance(n_jobs, (int, np.integer)) and not isinstance(n_jobs, bool) and n_jobs != 0:
        return int(n_jobs)
    raise InvalidInputError(
        f"n_jobs must be a whole number of threads, -1 for all cores, or None, got {n_jobs!r}; to "
        "fix it, pass 1 for a single thread"
    )


def n_threads(n_jobs: int | None) -> int:
    """How many threads `n_jobs` means: all cores for None, and all but k for -1 - k.

    Examples
    --------
    >>> n_threads(3), n_threads(-1) == n_threads(None), n_threads(-1000)
    (3, True, 1)
    """
    cores = os.cpu_count() or 1
    if n_jobs is None:
        return cores
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)


def chunk_starts(blocks: int, rows: int) -> npt.NDArray[np.int64]:
    """Where each chunk begins among so many blocks of rows, and where the last one ends.

    Examples
    --------
    >>> chunk_starts(4, 100)
    array([0, 1, 2, 3, 4])
    """
    chunks = min(blocks, max(MIN_CHUNKS, rows // CHUNK_ROWS))
    return np.linspace(0, blocks, chunks + 1).astype(np.int64)


def run_in_threads(work: Callable[[int], None], count: int, n_jobs: int | None = None) -> None:
    """Call `work` for 0, 1, ..., count - 1 in up to `n_jobs` threads."""
    threads = 1 if interpretation.running else min(n_threads(n_jobs), count)
    if threads == 1:
        for chunk in range(count):
            work(chunk)
        return

    def prepared(chunk: int) -> float:
        work(chunk)
        return preparation.seconds

    with ThreadPoolExecutor(threads) as pool:
        try:
            # All wait for the one that compiles a loop first.
            begun = [_submit(pool, prepared, chunk) for chunk in range(count)]
            preparation.seconds += max(seconds() for seconds in begun)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submit(
    pool: ThreadPoolExecutor, work: Callable[[int], float], chunk: int
) -> Callable[[], float]:
    try:
        return pool.submit(work, chunk).result
    except RuntimeError:  # the main thread has ended, which closes all pools: run it in this one
        return partial(work, chunk)
