"""Options checked by type and range; each message names the option and says how to fix it."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from otgan.errors import InvalidInputError, nearest_name

__all__ = [
    "as_choice",
    "as_confidence",
    "as_count",
    "as_flag",
    "as_normalize",
    "as_number",
    "as_order",
    "as_positive",
    "as_rng",
    "as_seed",
    "as_text",
    "is_seed",
    "seed_from",
]

LARGEST_SEED = 2**63 - 1000
"""Seeds are stored in 64 bits, and a few above are used as well."""


def as_count(
    value: Any, name: str, *, least: int | None = 1, most: int | None = None, hint: str = "pass one"
) -> int:
    """A whole number from `least` to `most`, be it Python's or NumPy's.

    Parameters
    ----------
    value : object
    name : str
        What the option is called in the error.
    least, most : int or None
        The range, both ends included; None is no limit.
    hint : str
        The end of the error: what to do instead.

    Examples
    --------
    >>> as_count(2.5, "steps")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: steps must be a whole number of at least 1, got 2.5; to fix \
it, pass one
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):
        at_least = "" if least is None else f" of at least {least}"
        raise _wrong(name, f"a whole number{at_least}", value, hint)
    if most is not None and value > most:
        raise _wrong(name, f"at most {most:,}", value, hint)
    return int(value)


def as_seed(value: Any, hint: str = "pass one", name: str = "rng") -> int:
    """A whole number that fits into 64 bits, with room for a few more."""
    return as_count(value, name, least=0, most=LARGEST_SEED, hint=hint)


def as_number(value: Any, name: str, wanted: str, hint: str) -> float:
    """A real number that is not NaN, be it Python's or NumPy's; `wanted` says which ones."""
    number = _real(value)
    if number is None:
        raise _wrong(name, f"a number, {wanted}", value, hint)
    return number


def as_positive(value: Any, name: str, *, hint: str = "pass one") -> float:
    """A positive, finite number."""
    number = _real(value)
    if number is None or not 0 < number < math.inf:
        raise _wrong(name, "a positive number", value, hint)
    return number


def as_choice(value: Any, name: str, choices: tuple[str | None, ...]) -> Any:
    """One of these names, or None where it is one of them.

    Examples
    --------
    >>> as_choice("layers", "norm", (None, "layer", "batch"))
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: norm must be one of None, 'layer', 'batch', got 'layers'; to \
fix it, did you mean 'layer'?
    """
    if (value is None or isinstance(value, str)) and value in choices:
        return value
    names = [choice for choice in choices if choice is not None]
    wanted = f"one of {', '.join(map(repr, choices))}"
    raise _wrong(name, wanted, value, nearest_name(str(value), names))


def as_order(p: Any) -> float:
    """The order p of a Wasserstein distance, finite and at least one."""
    number = _real(p)
    if number is None and not isinstance(p, (float, np.floating)):
        raise _wrong("p", "a number >= 1", p, "pass p=1 or another order")
    if number is None or not 1 <= number < math.inf:
        hint = (
            "pass p=1 for the earth mover's distance (below 1, raise the ground metric to the "
            "power and use p=1)"
        )
        raise _wrong("p", "finite and >= 1", p, hint)
    return number


def as_confidence(confidence_level: Any) -> float:
    """A confidence level strictly between 0 and 1; percentages are refused.

    Examples
    --------
    >>> as_confidence(95)
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: confidence_level must be a number between 0 and 1, got 95; to \
fix it, pass a fraction such as 0.95
    """
    number = _real(confidence_level)
    if number is None or not 0 < number < 1:
        hint = "pass a fraction such as 0.95"
        raise _wrong("confidence_level", "a number between 0 and 1", confidence_level, hint)
    return number


def as_rng(rng: Any) -> np.random.Generator:
    """A random generator of NumPy, from one, from a whole number as its seed, or a new one (None).

    Examples
    --------
    >>> int(as_rng(3).integers(10)) == int(np.random.default_rng(3).integers(10))
    True
    """
    if rng is None or isinstance(rng, np.random.Generator) or is_seed(rng):
        return np.random.default_rng(rng)
    hint = "pass numpy.random.default_rng(seed) or a non-negative integer"
    raise _wrong("rng", "a numpy.random.Generator, a non-negative integer or None", rng, hint)


def is_seed(value: Any) -> bool:
    """Whether it is a whole number that is not negative, of any size; True and False are none."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return whole and int(value) >= 0


def seed_from(rng: Any) -> int:
    """A seed: the integer itself, or one that is drawn from a generator.

    Examples
    --------
    >>> seed_from(3)
    3
    """
    return int(rng) if is_seed(rng) else int(as_rng(rng).integers(2**32))


def as_flag(value: Any, name: str, hint: str) -> bool:
    """True or False, and nothing that only counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise _wrong(name, "True or False", value, hint)
    return bool(value)


def as_normalize(value: Any) -> bool:
    """Whether totals may differ; weights in its place, which would count as True, are refused."""
    return as_flag(value, "normalize", "pass True if totals may differ; weights are a and b")


def as_text(value: Any, name: str, hint: str) -> str:
    """A string, or an object of torch that stands for one, such as a device."""
    if type(value).__module__.partition(".")[0] == "torch" and type(value).__name__ == "device":
        return str(value)
    if not isinstance(value, str):
        raise _wrong(name, "a string", value, hint)
    return value


def _real(value: Any) -> float | None:
    """A real number as a float, infinite where float64 ends; None for NaN and all else."""
    if type(value) not in (float, int) and (
        isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real)
    ):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return math.inf if value == abs(value) else -math.inf
    return None if math.isnan(number) else number


def _wrong(name: str, wanted: str, value: Any, hint: str) -> InvalidInputError:
    return InvalidInputError(f"{name} must be {wanted}, got {value!r}; to fix it, {hint}")
