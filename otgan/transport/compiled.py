"""Loops compiled by Numba at their first call, and kept on disk where that can be written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numba
from numba.core import event

__all__ = ["compiled"]

logger = logging.getLogger(__name__)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile `function` when it is first called; the machine code is cached beside the source.

    Where neither that folder nor the user's cache folder can be written, it is compiled anew in
    every process.
    """
    try:
        return numba.njit(cache=True, nogil=True)(function)
    except RuntimeError as reason:  # nowhere to write
        logger.debug("%s: compiled anew in every process", reason)
        return numba.njit(nogil=True)(function)


class _Announcer(event.Listener):
    """Say, once in a process, why the first call takes so long."""

    def on_start(self, event: Any) -> None:
        """Log when the first loop of ours is compiled."""
        function = event.data["dispatcher"].py_func
        if function.__module__.startswith("otgan."):
            _stop_announcing(self)
            logger.info("compiling the loops of exact transport, once: some 20 seconds")

    def on_end(self, event: Any) -> None:
        """Do nothing."""


def _stop_announcing(announcer: _Announcer) -> None:
    event.unregister("numba:compile", announcer)


event.register("numba:compile", _Announcer())
