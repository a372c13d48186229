"""Constraints as plain values, as JSON and checkpoints hold them, and back."""

from __future__ import annotations

from typing import Any

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.named_settings import Registry

__all__ = ["CONSTRAINT_REGISTRY", "constraint_from", "described"]

CONSTRAINT_REGISTRY = Registry("constraint", CONSTRAINTS)
"""The constraints that can be rebuilt from plain values."""


def described(constraint: str | Constraint) -> str | dict[str, Any]:
    """A constraint in plain values: its short name, or name and settings.

    Examples
    --------
    >>> from otgan.critics.constraints.penalties import GradientPenalty
    >>> described(GradientPenalty(weight=0.1))
    {'name': 'gp', 'weight': 0.1, 'one_sided': False, 'endpoint_fraction': 0.0}
    """
    found: str | dict[str, Any] = CONSTRAINT_REGISTRY.described(constraint)
    return found


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
    found: str | Constraint = CONSTRAINT_REGISTRY.rebuilt(stored)
    return found
