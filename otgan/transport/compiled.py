"""Loops compiled by Numba at their first call, and kept on disk where that can be written."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba
from numba.core import event

from otgan.transport.stopwatch import preparation, preparing

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., object])

logger = logging.getLogger(__name__)


def compiled(function: Function) -> Function:
    """Compile `function` when it is first called; the machine code is cached beside the source.

    Where neither that folder nor the user's cache folder can be written, it is compiled anew in
    every process. Compiling and loading are counted as preparation, not as work.
    """
    try:
        loop: Any = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError as reason:  # nowhere to write
        logger.debug("%s: compiled anew in every process", reason)
        loop = numba.njit(nogil=True)(function)
    if hasattr(loop, "compile"):  # not under NUMBA_DISABLE_JIT
        loop.compile = _counted(loop.compile)
    typed: Function = loop
    return typed


def _counted(compile_for: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compile, or load from disk, as preparation; listen to Numba for as long, and no longer."""

    def compile_and_count(signature: Any) -> Any:
        if preparation.running or _announcer.done:
            with preparing():
                return compile_for(signature)
        with preparing(), event.install_listener("numba:compile", _announcer):
            return compile_for(signature)

    return compile_and_count


class _Announcer(event.Listener):
    """Say, once in a process, why the first call takes so long."""

    done = False

    def on_start(self, event: Any) -> None:
        """Log when a loop is compiled that no disk holds."""
        if not self.done:
            self.done = True
            logger.info("compiling the loops of exact transport, once: some 20 seconds")

    def on_end(self, event: Any) -> None:
        """Do nothing."""


_announcer = _Announcer()
