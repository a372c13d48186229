"""The numbers of each lesson, computed once for all tests; quickly where critics are trained."""

import inspect
from functools import cache
from typing import Any

from otgan.lessons import load


def trains(name: str) -> bool:
    """Whether the lesson trains critics, and so can be told to be quick."""
    return "quick" in inspect.signature(load(name).run).parameters


@cache
def numbers_of(name: str) -> Any:
    return load(name).run(**({"quick": True} if trains(name) else {}))
