"""What a process does once is counted apart."""

import sys
import threading
import time

import numpy as np
import pytest

import otgan
from otgan.transport.compiled import compiled
from otgan.transport.interpretation import compiling_all
from otgan.transport.stopwatch import Stopwatch, preparation, preparing


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

    with compiling_all():
        otgan.emd([[0.0, 0.0]], [[3.0, 4.0]])
    ours = [
        listener
        for kind in event._registered.values()
        for listener in kind
        if type(listener).__module__.startswith("otgan")
    ]
    assert ours == [] and "otgan" in sys.modules
