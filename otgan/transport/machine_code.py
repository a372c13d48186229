"""How Numba compiles a loop that Python calls, and one that other loops call.

Numba makes machine code of every function by itself, optimizes it, and does so again in each
function that calls it: in the outermost of five, all is optimized five times. What other loops call
is compiled here as far as LLVM's language only, so that it is optimized once, together with
its caller.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
from numba.core import event, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

from otgan.transport.announcement import announcement
from otgan.transport.stopwatch import preparation, preparing

__all__ = ["called_from_loops", "called_from_python"]

logger = logging.getLogger(__name__)


def called_from_python(function: Callable[..., Any]) -> Any:
    """Compiled at its first call, and kept on disk where that can be written."""
    options: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True}
    try:
        loop: Any = numba.njit(cache=True, **options)(function)
    except RuntimeError as reason:  # nowhere to write
        logger.debug("%s: compiled anew in every process", reason)
        loop = numba.njit(**options)(function)
    return _prepared(loop)


def called_from_loops(function: Callable[..., Any]) -> Any:
    """Part of the machine code of its callers; it has none of its own, and no entry from Python."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return _prepared(numba.njit(pipeline_class=_PartOfCaller, **options)(function))


def _prepared(loop: Any) -> Any:
    """Compiling and loading are preparation; Numba is listened to for as long, and no longer.

    Loops are not compiled again for constants: Numba would, of int64 arguments, for 0 and for -1.
    """
    if not hasattr(loop, "compile"):  # under NUMBA_DISABLE_JIT
        return loop
    compile_for = loop.compile

    def compile_and_count(signature: Any) -> Any:
        if isinstance(signature, tuple):
            signature = tuple(types.unliteral(kind) for kind in signature)
        if preparation.running:
            return compile_for(signature)
        with preparing(), event.install_listener("numba:compile", announcement), _no_collection():
            return compile_for(signature)

    loop.compile = compile_and_count
    return loop


@contextmanager
def _no_collection() -> Iterator[None]:
    """Do not look for garbage: a tenth of the time of compiling, which leaves little of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _PartOfCaller(Compiler):
    """Numba's compiler, with a library that stops before LLVM's passes over whole modules."""

    def define_pipelines(self) -> Any:
        codegen, name = self.state.targetctx.codegen(), self.state.func_id.func_qualname
        self.state.library = _Unoptimized(codegen, name)
        return super().define_pipelines()


class _Unoptimized(JITCodeLibrary):
    """Code in LLVM's language, to be linked into that of callers."""

    def _optimize_final_module(self) -> None:
        """Leave it to the caller's library."""

    def _finalize_final_module(self) -> None:
        """Do not generate machine code."""
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """None: there is no machine code."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> Any:
        """Where functions register what only machine code needs."""
        return _Nowhere


class _Nowhere:
    @staticmethod
    def set_env(name: str, env: Any) -> None:
        """Register nothing."""
