"""Which loops Python interprets, since compiling or loading them would take longer.

The first small problems of a process are solved by Python's interpreter, in the same functions, to
the same bits, and without Numba. After `MAX_WORK` pairs of points in all, loops are compiled, or
loaded from disk.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["MAX_WORK", "budget", "compiling_all", "interpretation", "interpreting_small"]

MAX_WORK = 2**16
"""Pairs of points that a process interprets in all, some 4 microseconds each."""


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

    Examples
    --------
    >>> with interpreting_small(MAX_WORK + 1):
    ...     interpretation.running
    False
    """
    before = interpretation.running
    interpretation.running = budget.takes(work)
    try:
        yield
    finally:
        interpretation.running = before


@contextmanager
def compiling_all() -> Iterator[None]:
    """Interpret nothing while the block runs."""
    left, budget.left = budget.left, -1
    try:
        yield
    finally:
        budget.left = left
