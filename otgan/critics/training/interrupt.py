"""Ctrl-C between two steps, never within one; and programs that end while a thread trains."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["deferred_interrupt", "ends_with_the_program", "program_ends", "stopped"]

STOP_TIMEOUT = 60.0
"""Seconds that the end of a program waits for a step of training to end."""


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C into a flag; a second one interrupts at once.

    Yields
    ------
    callable
        Whether to stop: whether Ctrl-C was pressed, or, outside the main thread, where signals
        cannot be handled, whether the program ends. A program that ignores Ctrl-C goes on to.
    """
    pressed = False

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    if threading.current_thread() is not threading.main_thread():
        yield _ending.is_set
        return
    before = signal.getsignal(signal.SIGINT)
    if before in (signal.SIG_IGN, None):  # ignored, or not Python's to handle
        yield lambda: False
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def ends_with_the_program() -> Iterator[None]:
    """Let a program that ends wait until training in this thread has stopped at its next step.

    The interpreter ends threads wherever they are, and within PyTorch that aborts the process.
    """
    if threading.current_thread() is threading.main_thread():
        yield
        return
    training = (threading.get_ident(), threading.Event())
    _elsewhere.add(training)
    try:
        yield
    finally:
        _elsewhere.discard(training)
        training[1].set()


def program_ends() -> bool:
    """Whether the main thread has ended, and waits only for training in others to stop."""
    return _ending.is_set()


def stopped(message: str) -> BaseException:
    """What to raise after a stop: KeyboardInterrupt, or the quiet end of a thread."""
    return SystemExit(message) if _ending.is_set() else KeyboardInterrupt(message)


_ending = threading.Event()
_elsewhere: set[tuple[int, threading.Event]] = set()


def _end_training() -> None:
    _ending.set()
    for thread, over in list(_elsewhere):
        over.wait(STOP_TIMEOUT)
        # Then it has only to unwind. (A join that Ctrl-C interrupted takes it for ended already.)
        deadline = time.monotonic() + 1.0
        while thread in sys._current_frames() and time.monotonic() < deadline:
            time.sleep(0.001)


atexit.register(_end_training)
if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_elsewhere.clear)
