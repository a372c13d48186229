"""Settings by type and range; each message names the setting and says where to change it."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError, nearest_name

__all__ = [
    "CONSTRAINT_NAMES",
    "MOST_LAYERS",
    "MOST_POINTS",
    "as_flag",
    "as_number",
    "as_seed",
    "as_text",
    "as_whole",
    "unknown_constraint",
]

CONSTRAINT_NAMES = ("clip", "gp", "lp", "spectral", "div", "orthogonal", "cones", "distilled")
"""The keys of `constraints.CONSTRAINTS`, to check a name before torch is imported."""

MOST_LAYERS = 1000
"""Hidden layers of the networks that are built here."""

MOST_POINTS = 2**24
"""Points that are held at once."""

LARGEST_SEED = 2**63 - 1000
"""Seeds are stored in 64 bits, and a few above are used as well."""


def as_whole(value: Any, name: str, least: int, mend: str, most: int | None = None) -> int:
    """A whole number of at least `least`, and at most `most`, be it Python's or NumPy's.

    Examples
    --------
    >>> as_whole(2.5, "steps", 1, "pass one")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: steps must be a whole number, got 2.5; to fix it, pass one
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise _wrong(name, "a whole number", value, mend)
    if value < least:
        raise _wrong(name, f"at least {least}", value, mend)
    if most is not None and value > most:
        raise _wrong(name, f"at most {most:,}", value, mend)
    return int(value)


def as_seed(value: Any, mend: str, name: str = "seed") -> int:
    """A whole number that fits into 64 bits, with room for a few more."""
    return as_whole(value, name, 0, mend, LARGEST_SEED)


def as_number(value: Any, name: str, wanted: str, mend: str) -> float:
    """A real number that is not NaN, be it Python's or NumPy's; `wanted` says which ones."""
    real = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
    if not real or value != value:
        raise _wrong(name, f"a number, {wanted}", value, mend)
    try:
        return float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf if value > 0 else -math.inf


def as_flag(value: Any, name: str, mend: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise _wrong(name, "True or False", value, mend)
    return bool(value)


def as_text(value: Any, name: str, mend: str) -> str:
    """A string, or an object of torch that stands for one, such as a device."""
    if type(value).__module__.partition(".")[0] == "torch" and type(value).__name__ == "device":
        return str(value)
    if not isinstance(value, str):
        raise _wrong(name, "a string", value, mend)
    return value


def _wrong(name: str, wanted: str, value: Any, mend: str) -> InvalidInputError:
    return InvalidInputError(f"{name} must be {wanted}, got {value!r}; to fix it, {mend}")


def unknown_constraint(name: str, also: tuple[str, ...] = ()) -> InvalidInputError:
    """The error about a constraint's name that is none; `also` are names the caller knows."""
    names = [*also, *CONSTRAINT_NAMES]
    return InvalidInputError(
        f"constraint must be one of {', '.join(names)}, or an object of a subclass of Constraint, "
        f"got {name!r}; to fix it, {nearest_name(name.lower(), names)}"
    )
