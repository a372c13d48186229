"""Loops in the subset of Python that Numba compiles: compiled at first need, or interpreted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, TypeVar, cast

import numpy as np

from otgan.transport.interpretation import interpretation
from otgan.transport.stopwatch import preparing

__all__ = ["compiled"]

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile `function` when it is first called, or interpret it as `interpretation` says.

    The machine code is cached beside the source. Where neither that folder nor the user's cache
    folder can be written, it is compiled anew in every process. Importing Numba, compiling and
    loading are counted as preparation, not as work.
    """
    return cast(Function, _Loop(function))


class _Loop:
    """A function, and what Numba makes of it: for calls from Python, and from other loops."""

    making = threading.RLock()

    def __init__(self, function: Callable[..., Any]) -> None:
        update_wrapper(self, function)
        self.function, self.__qualname__ = function, function.__qualname__
        self._from_python: Any = None
        self._from_loops: Any = None

    def __reduce__(self) -> str:
        """Pickled by name, as functions are."""
        return self.__qualname__

    def __call__(self, *arguments: Any) -> Any:
        if interpretation.running:
            with np.errstate(all="ignore"):  # as compiled
                return self.function(*arguments)
        if self._from_python is None:
            with preparing(), self.making:
                from otgan.transport.machine_code import called_from_python

                self._from_python = self._from_python or called_from_python(self.function)
        return self._from_python(*arguments)

    @property
    def _numba_type_(self) -> Any:
        """What Numba takes this for in loops that call it."""
        if self._from_loops is None:
            with self.making:
                from otgan.transport.machine_code import called_from_loops

                self._from_loops = self._from_loops or called_from_loops(self.function)
        return self._from_loops._numba_type_
