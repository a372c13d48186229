"""Constraints as plain values, as JSON and checkpoints hold them, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.errors import InvalidInputError

__all__ = ["constraint_from", "described", "is_known", "normalized"]


def described(constraint: str | Constraint) -> str | dict[str, Any]:
    """A constraint in plain values: its short name, or name and settings.

    Examples
    --------
    >>> from otgan.critics.constraints.penalties import GradientPenalty
    >>> described(GradientPenalty(weight=0.1))
    {'name': 'gp', 'weight': 0.1, 'one_sided': False, 'endpoint_fraction': 0.0}
    """
    if isinstance(constraint, str):
        return constraint
    settings: dict[str, Any] = vars(constraint) if dataclasses.is_dataclass(constraint) else {}
    plain = {k: v.item() if isinstance(v, np.generic) else v for k, v in settings.items()}
    plain = {k: v for k, v in plain.items() if isinstance(v, (bool, int, float, str))}
    name = str(constraint.name)
    if type(constraint) is not type(CONSTRAINTS.get(name)):  # a subclass is the user's own, too
        plain["class"] = f"{type(constraint).__module__}.{type(constraint).__qualname__}"
    return {"name": name, **plain}


def constraint_from(stored: Any) -> str | Constraint:
    """The constraint that `described` described; names are looked up, nothing is executed.

    Raises
    ------
    InvalidInputError
        A constraint of the user's own, which only its own code can rebuild, or no constraint.

    Examples
    --------
    >>> constraint_from({"name": "gp", "weight": 0.1})
    GradientPenalty(weight=0.1, one_sided=False, endpoint_fraction=0.0)
    """
    if isinstance(stored, str):
        return stored
    if not is_known(stored):
        name = stored.get("class") or stored.get("name") if isinstance(stored, Mapping) else None
        raise InvalidInputError(
            f"the constraint must be one of {', '.join(CONSTRAINTS)} to be rebuilt from a file, "
            f"got {name!r}; to fix it, resume from Python with train_gan(data, config, "
            "out=..., resume=True)"
        )
    name = stored["name"]
    known = CONSTRAINTS[name]
    assert dataclasses.is_dataclass(known)
    fields = {f.name: f for f in dataclasses.fields(known)}
    settings = {key: value for key, value in stored.items() if key != "name"}
    for key, value in settings.items():
        if key not in fields or not _fits(value, fields[key].default):
            raise InvalidInputError(
                f"the settings of the constraint {name!r} must be as otgan writes them, got "
                f"{key}={value!r}; to fix it, restore what stood there"
            )
    return as_constraint(type(known)(**settings))


def is_known(stored: Any) -> bool:
    """Whether the class is otgan's, and not the user's own, of what `described` gave.

    Examples
    --------
    >>> is_known("gp"), is_known({"name": "gp", "class": "mine.Penalty"})
    (True, False)
    """
    if isinstance(stored, Mapping):
        name = stored.get("name")
        return isinstance(name, str) and name in CONSTRAINTS and not stored.get("class")
    return isinstance(stored, str)


def normalized(stored: Any) -> Any:
    """Name and settings of what `described` gave, even if that was the name alone.

    Examples
    --------
    >>> normalized("clip") == normalized({"name": "clip", "limit": 0.01})
    True
    """
    known = isinstance(stored, str) and stored in CONSTRAINTS
    return described(CONSTRAINTS[stored]) if known else stored


def _fits(value: Any, default: Any) -> bool:
    """Whether it is of the kind of the default."""
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, (int, float)):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
