"""What a process does once is counted apart."""

import sys
import threading
import time

import numpy as np
import pytest

import otgan
from otgan.transport.compiled import compiled
from otgan.transport.stopwatch import Stopwatch, preparation, preparing
from otgan.transport.threads import run_in_threads


def test_nothing_is_counted_twice():
    watch = Stopwatch()
    with preparing():
        time.sleep(0.05)
        with preparing():
            time.sleep(0.05)
    elapsed = watch.preparing + watch.working
    assert 0.1 <= watch.preparing <= elapsed
    with pytest.raises(ZeroDivisionError), preparing():
        _ = 1 / 0
    assert not preparation.running


def test_every_thread_has_its_own_count():
    watch = Stopwatch()

    def prepare():
        with preparing():
            time.sleep(0.02)

    thread = threading.Thread(target=prepare)
    thread.start()
    thread.join()
    assert watch.preparing == 0


def test_compiling_is_preparation_and_happens_once():
    @compiled
    def total(values):
        s = 0.0
        for value in values:
            s += value
        return s

    for kind in (np.float64, np.float32):  # once for each type
        watch = Stopwatch()
        assert total(np.ones(10, kind)) == 10
        first = watch.preparing
        assert first > 0
        assert total(np.ones(10, kind)) == 10
        assert watch.preparing == first


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


@pytest.mark.parametrize("d", [1, 2])
def test_the_counts_of_a_solve_add_up(d):
    x = np.random.default_rng(0).normal(size=(20, d))
    started = time.perf_counter()
    stats = otgan.emd(x, x + 1).stats
    elapsed = time.perf_counter() - started
    parts = [stats[f"seconds_{part}"] for part in ("preparing", "solving", "certifying")]
    assert min(parts) >= 0 and sum(parts) <= elapsed


def test_no_listener_stays_with_numba():
    from numba.core import event

    otgan.emd([[0.0, 0.0]], [[3.0, 4.0]])
    ours = [
        listener
        for kind in event._registered.values()
        for listener in kind
        if type(listener).__module__.startswith("otgan")
    ]
    assert ours == [] and "otgan" in sys.modules
