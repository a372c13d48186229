"""Parameters of lessons, checked by what their annotations say before a lesson runs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from otgan.inputs.options import as_count, as_flag, as_number, as_rng, as_seed, as_text
from otgan.keywords import checks_keywords

__all__ = ["checks_parameters"]

Run = TypeVar("Run", bound=Callable[..., Any])


def checks_parameters(run: Run) -> Run:
    """Decorate the ``run`` of a lesson: parameters are of their types, keywords are known ones.

    Ranges are left to the lesson, and so are parameters that are arrays.

    Examples
    --------
    >>> @checks_parameters
    ... def run(*, eta: float = 0.1, steps: int = 1000):
    ...     return eta * steps
    >>> run(steps=2.5)
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: steps must be a whole number, got 2.5; to fix it, pass one \
such as 1000
    """
    parameters = inspect.signature(run).parameters

    @functools.wraps(run)
    def checked(*args: Any, **kwargs: Any) -> Any:
        for name, value in kwargs.items():
            if name in parameters:
                kwargs[name] = _as_annotated(value, parameters[name])
        return run(*args, **kwargs)

    return checks_keywords(cast(Run, checked))


def _as_annotated(value: Any, parameter: inspect.Parameter) -> Any:
    name, kind, default = parameter.name, parameter.annotation, parameter.default
    hint = "leave it out" if default is None else f"pass one such as {default!r}"
    if name == "rng":
        (as_seed if kind == "int" else as_rng)(value)
        return value
    if kind == "bool":
        return as_flag(value, name, "pass one of them")
    if kind == "str":
        return as_text(value, name, hint)
    if kind == "float":
        as_number(value, name, "finite", hint)
    if kind == "int" or (kind == "int | None" and value is not None):
        return as_count(value, name, least=None, hint=hint)
    return value
