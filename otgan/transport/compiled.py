"""Loops compiled by Numba at their first call, and kept on disk where that can be written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

__all__ = ["announce_compilation", "compiled"]

logger = logging.getLogger(__name__)

_loops: list[Dispatcher] = []
_announced = False


def compiled(function: Callable[..., Any]) -> Any:
    """Compile `function` when it is first called; the machine code is cached beside the source.

    Where neither that folder nor the user's cache folder can be written, it is compiled anew in
    every process.
    """
    try:
        loop = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        loop = numba.njit(nogil=True)(function)
    _loops.append(loop)
    return loop


def announce_compilation() -> None:
    """Log, once in a process, that the first call takes longer if nothing is cached yet."""
    global _announced
    if _announced:
        return
    _announced = True
    if not any(_is_cached(loop) for loop in _loops):
        logger.info("compiling the loops of exact transport: once, some 20 s, then kept on disk")


def _is_cached(loop: Dispatcher) -> bool:
    try:
        return bool(loop._cache._cache_file._load_index())
    except Exception:  # private to Numba: where that has changed, say it once too often
        return False
