"""Interrupts where Python passes no exception on."""

import subprocess
import sys

import pytest

SCRIPT = """
import signal, time, weakref
from otgan.cli.interrupts import {manager}

class Module: pass

module = Module()
callback = weakref.ref(module, lambda _: {callback})
with {manager}():
    try:
        del module
        for _ in range({tenths}):
            time.sleep(0.1)
        print("went on")
    except KeyboardInterrupt:
        print("stopped")
"""

MANAGERS = pytest.mark.parametrize("manager", ["passing_on_interrupts", "noticing_interrupts"])


def output_of(script):
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )


@MANAGERS
def test_an_interrupt_in_a_callback_stops_the_program_without_a_traceback(manager):
    press = "signal.raise_signal(signal.SIGINT)"
    done = output_of(SCRIPT.format(manager=manager, callback=press, tenths=100))
    assert done.stdout == "stopped\n" and done.stderr == ""


@MANAGERS
def test_other_errors_in_callbacks_are_printed_as_ever(manager):
    done = output_of(SCRIPT.format(manager=manager, callback="1 / 0", tenths=1))
    assert done.stdout == "went on\n" and "ZeroDivisionError" in done.stderr
