"""Which loops Python interprets, since compiling or loading them would take longer.

The first small problems of a process are solved by the interpreter: the same functions, the same
numbers, and no need of Numba. After `MAX_WORK` pairs of points in all, loops are compiled, or
loaded from disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interpretation", "interpreting_small"]

MAX_WORK = 2**16
"""Pairs of points that a process interprets in all: a second, at most."""


class _Interpretation(threading.local):
    """Whether this thread interprets the loops that it calls."""

    running = False


class _Budget:
    """What is left of `MAX_WORK` to all threads."""

    def __init__(self) -> None:
        self.left = MAX_WORK
        self._lock = threading.Lock()

    def takes(self, work: int) -> bool:
        """Take so much, if that much is left."""
        with self._lock:
            enough = work <= self.left
            self.left -= work if enough else 0
        return enough


interpretation, budget = _Interpretation(), _Budget()


@contextmanager
def interpreting_small(work: int) -> Iterator[None]:
    """Interpret loops while the block runs, if its work in pairs of points is within the budget.

    Within another such block the outer one decides, which spoke for all its work.

    Examples
    --------
    >>> with interpreting_small(MAX_WORK + 1):
    ...     interpretation.running
    False
    """
    if interpretation.running or not budget.takes(work):
        yield
        return
    interpretation.running = True
    try:
        yield
    finally:
        interpretation.running = False
