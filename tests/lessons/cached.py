"""The numbers of each lesson, computed once for all tests; quickly where critics are trained.

Processes that share the tests find them in files.
"""

import inspect
import pickle
from functools import cache
from pathlib import Path
from typing import Any

from otgan.lessons import load
from otgan.output_files import replacing


class Shared:
    """Where processes that share the tests keep numbers; None in one that runs alone."""

    folder: Path | None = None


def trains(name: str) -> bool:
    """Whether the lesson trains critics, and so can be told to be quick."""
    return "quick" in inspect.signature(load(name).run).parameters


@cache
def numbers_of(name: str) -> Any:
    if Shared.folder is None:
        return _computed(name)
    file = Shared.folder / f"{name}.pickle"
    if not file.exists():
        numbers = pickle.dumps(_computed(name))
        with replacing(file) as new:
            new.write(numbers)
    return pickle.loads(file.read_bytes())


def _computed(name: str) -> Any:
    return load(name).run(**({"quick": True} if trains(name) else {}))
