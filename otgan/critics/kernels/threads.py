"""Threads that each work on a part of a batch, instead of sharing every small operation."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from typing import TypeVar

import torch

from otgan.keywords import checks_keywords

__all__ = ["Workers", "single_threaded"]

Item = TypeVar("Item")
Result = TypeVar("Result")


@checks_keywords
@contextmanager
def single_threaded() -> Iterator[None]:
    """Let torch's operations in this thread run on it alone.

    Small ones are then faster: no thread has to be woken for them, or waited for. `Workers` still
    have as many as there were outside.

    Examples
    --------
    >>> with single_threaded():
    ...     torch.get_num_threads()
    1
    """
    threads = torch.get_num_threads()
    outside = _OUTSIDE.set(_OUTSIDE.get() or threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _OUTSIDE.reset(outside)


_OUTSIDE: ContextVar[int] = ContextVar("threads outside of single_threaded", default=0)


class Workers:
    """The calling thread and some others, each with single-threaded operations.

    Parameters
    ----------
    threads : int, optional
        As many as torch may use by default.

    Examples
    --------
    >>> Workers(2).map(torch.square, [torch.tensor(2), torch.tensor(3), torch.tensor(4)])
    [tensor(4), tensor(9), tensor(16)]
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """The results in order, whichever thread they come from."""
        allowed = self._threads or _OUTSIDE.get() or torch.get_num_threads()
        threads = min(allowed, len(items))
        if threads < 2:
            return [work(item) for item in items]
        with single_threaded():
            chunks = [items[k::threads] for k in range(threads)]
            others = [_begin(work, chunk) for chunk in chunks[1:]]
            done = [_all(work, chunks[0]), *(result() for result in others)]
        return [done[k % threads][k // threads] for k in range(len(items))]


def _begin(work: Callable[[Item], Result], chunk: Sequence[Item]) -> Callable[[], list[Result]]:
    """Start on a chunk in another thread; the function that is returned waits for its results."""
    try:
        return _pool().submit(_all, work, chunk).result
    except RuntimeError:  # the main thread has ended, which closes all pools; this one goes on
        return partial(_all, work, chunk)


@cache  # one for all callers: several would compete for the same cores
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(initializer=torch.set_num_threads, initargs=(1,))


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


@torch.no_grad()  # a mode of each thread
def _all(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]
