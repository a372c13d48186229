"""Chunks of work on threads: all of them once, with their errors, in as many as were asked for."""

import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from otgan.transport.stopwatch import Stopwatch, preparing
from otgan.transport.threads import chunk_starts, run_in_threads


@pytest.mark.parametrize("n_jobs", [1, 2, 8, None])
def test_every_chunk_is_worked_on_once(n_jobs):
    counts = np.zeros(50, int)
    names = set()

    def work(chunk):
        counts[chunk] += 1
        names.add(threading.current_thread().name)
        time.sleep(0.001)

    run_in_threads(work, 50, n_jobs)
    assert_array_equal(counts, 1)
    if n_jobs is not None:
        assert len(names) <= n_jobs


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_error_in_a_chunk_is_raised(n_jobs):
    def work(chunk):
        if chunk == 3:
            raise ZeroDivisionError("chunk 3")

    with pytest.raises(ZeroDivisionError, match="chunk 3"):
        run_in_threads(work, 10, n_jobs)


@pytest.mark.parametrize(("blocks", "rows"), [(1, 5), (3, 10**6), (4096, 10**5), (64, 700)])
def test_chunks_cover_all_blocks(blocks, rows):
    starts = chunk_starts(blocks, rows)
    assert starts[0] == 0 and starts[-1] == blocks and (np.diff(starts) > 0).all()


def test_threads_that_wait_for_a_loop_are_preparing(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)

    both = threading.Barrier(2, timeout=60)

    def work(chunk):
        with preparing():
            both.wait()
            time.sleep(0.05)

    watch = Stopwatch()
    run_in_threads(work, 2)
    assert watch.preparing >= 0.05
    assert watch.working >= 0  # were both threads counted, there would be more than has passed
