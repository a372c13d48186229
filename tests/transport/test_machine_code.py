"""Which loops have machine code of their own, and for how many types."""

import gc
import pickle
from typing import Any

import numpy as np
import pytest
from numba import types
from numba.core import errors, event

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.dense import solve_dense


@compiled
def _plus(values, k):
    values[0] += k
    return values[0]


@compiled
def _with_constants(values, k):
    return _plus(values, 0) + _plus(values, -1) + _plus(values, k)


def test_loops_are_not_compiled_for_constants():
    assert _with_constants(np.zeros(1), 2) == 0 - 1 + 1
    plus: Any = _plus
    loop = plus._numba_type_.dispatcher
    for k in types.literal(0), types.literal(-1), types.int64:
        loop.get_call_template((types.float64[::1], k), {})
    assert len(loop.overloads) == 1


def test_a_loop_can_be_called_from_python_and_from_loops():
    values = np.zeros(1)
    assert _plus(values, 3) == 3
    assert _with_constants(values, 1) == 3 + 2 + 3


def test_loops_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(solve_dense)) is solve_dense


@compiled
def _squared(values):
    return values * values


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("values", [np.ones(2), "text"], ids=["compiles", "does not"])
def test_garbage_is_not_collected_while_compiling_and_is_as_before_then(
    monkeypatch, enabled, values
):
    monkeypatch.setattr(_squared, "_from_python", None)  # with machine code for nothing yet
    during = []

    class Listener(event.Listener):
        def on_start(self, event):
            during.append(gc.isenabled())

        def on_end(self, event): ...

    was_enabled = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        with event.install_listener("numba:compiler_lock", Listener()):
            try:
                _squared(values)
            except errors.TypingError:
                assert isinstance(values, str)
        assert during and not any(during)
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if was_enabled else gc.disable)()
