"""Ctrl-C between steps: the first one sets a flag, the second one interrupts."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from otgan.critics.training.interrupt import deferred_interrupt, program_ends, stopped


def press():
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_is_a_flag_and_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt() as interrupted:
        assert not interrupted()
        press()
        assert interrupted()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_second_interrupts_at_once():
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt():
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_program_that_ignores_it_goes_on_to():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with deferred_interrupt() as interrupted:
            press()
            assert not interrupted()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_leave_signals_alone():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work():
        with deferred_interrupt() as interrupted:
            seen.append((signal.getsignal(signal.SIGINT) is before, interrupted()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(True, False)]


def test_a_stop_is_a_keyboard_interrupt_while_the_program_runs():
    assert not program_ends()
    error = stopped("stopped at step 3")
    assert isinstance(error, KeyboardInterrupt) and str(error) == "stopped at step 3"


def test_a_program_that_ends_waits_for_the_step_in_another_thread():
    program = """
import threading, time
from otgan.critics.training.interrupt import deferred_interrupt, ends_with_the_program, stopped
started = threading.Event()
@ends_with_the_program()
def train():
    with deferred_interrupt() as interrupted:
        started.set()
        while not interrupted():
            time.sleep(0.01)
        print("step ended", flush=True)
        raise stopped("quiet")
threading.Thread(target=train, daemon=True).start()
started.wait()
print("main ended", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          timeout=120)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n")[:2] == ["main ended", "step ended"]
