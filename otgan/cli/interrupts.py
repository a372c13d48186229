"""Ctrl-C that nothing swallows."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["noticing_interrupts", "passing_on_interrupts"]

SOON = 0.01
"""Seconds after which an interrupt is raised again."""


@contextmanager
def passing_on_interrupts() -> Iterator[None]:
    """Raise an interrupt again, a moment later, where Python cannot pass it on.

    In a callback, such as those of weak references while modules are loading, Python prints an
    exception and goes on: Ctrl-C would be lost.
    """
    hook = sys.unraisablehook

    def raise_again(unraisable: UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(SOON, _thread.interrupt_main).start()
        else:
            hook(unraisable)

    sys.unraisablehook = raise_again
    try:
        yield
    finally:
        sys.unraisablehook = hook


@contextmanager
def noticing_interrupts() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, which a module that is loading may turn into another error."""
    pressed = False

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or before is not signal.default_int_handler:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        with passing_on_interrupts():
            yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
