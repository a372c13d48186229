"""Loops that Numba compiles at their first call, and keeps on disk where that can be written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

import numpy as np

from otgan.transport.interpretation import interpretation
from otgan.transport.stopwatch import preparation, preparing

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., object])

logger = logging.getLogger(__name__)


def compiled(function: Function) -> Function:
    """Compile `function` when it is first called, or interpret it as `interpretation` says.

    The machine code is cached beside the source. Where neither that folder nor the user's cache
    folder can be written, it is compiled anew in every process. Compiling and loading are counted
    as preparation, not as work.
    """
    return cast(Function, _Loop(function))


class _Loop:
    """A function in the subset of Python that Numba compiles, with its machine code."""

    making = threading.Lock()

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.function, self.__qualname__ = function, function.__qualname__
        self._machine_code: Any = None

    def __reduce__(self) -> str:
        """Pickled by name, as functions are."""
        return self.__qualname__

    def __call__(self, *arguments: Any) -> Any:
        if interpretation.running:
            with np.errstate(all="ignore"):  # as compiled
                return self.function(*arguments)
        return self.machine_code(*arguments)

    @property
    def machine_code(self) -> Any:
        """Numba's dispatcher, which compiles or loads at a call; Numba is imported for it."""
        if self._machine_code is None:
            with preparing(), self.making:
                self._machine_code = self._machine_code or _dispatcher(self.function)
        return self._machine_code

    @property
    def _numba_type_(self) -> Any:
        """What Numba takes this for in loops that call it."""
        return self.machine_code._numba_type_


def _dispatcher(function: Callable[..., Any]) -> Any:
    import numba

    options: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True}  # no pointers to loops
    try:
        loop: Any = numba.njit(cache=True, **options)(function)
    except RuntimeError as reason:  # nowhere to write
        logger.debug("%s: compiled anew in every process", reason)
        loop = numba.njit(**options)(function)
    if hasattr(loop, "compile"):  # not under NUMBA_DISABLE_JIT
        loop.compile = _counted(loop.compile)
    return loop


def _counted(compile_for: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Compile, or load from disk, as preparation; listen to Numba for as long, and no longer.

    Loops are not compiled again for constants: Numba would, of int64 arguments, for 0 and for -1.
    """
    from numba.core import event, types

    from otgan.transport.announcement import announcement

    def compile_and_count(signature: Any) -> Any:
        if isinstance(signature, tuple):
            signature = tuple(types.unliteral(kind) for kind in signature)
        if preparation.running:
            return compile_for(signature)
        with preparing(), event.install_listener("numba:compile", announcement):
            return compile_for(signature)

    return compile_and_count
