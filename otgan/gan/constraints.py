"""The constraints of a GAN's critic: those of estimates, and the zero-centered penalty."""

from __future__ import annotations

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.by_name import CONSTRAINTS, as_constraint
from otgan.critics.constraints.zero_centered import ZeroCenteredPenalty
from otgan.gan.objectives.base import Objective
from otgan.named_settings import Registry

__all__ = ["GAN_CONSTRAINTS", "GAN_CONSTRAINT_REGISTRY", "constraint_of"]

GAN_CONSTRAINTS: dict[str, Constraint] = {**CONSTRAINTS, "zero-centered": ZeroCenteredPenalty()}

GAN_CONSTRAINT_REGISTRY = Registry("constraint", GAN_CONSTRAINTS)
"""The constraints that can be rebuilt from plain values."""


def constraint_of(given: str | Constraint | None, objective: Objective) -> Constraint | None:
    """The constraint as an object: that given, for ``"auto"`` the objective's, or none.

    Examples
    --------
    >>> from otgan.gan.objectives import Hinge, Relativistic
    >>> constraint_of("auto", Hinge()) is None
    True
    >>> constraint_of("auto", Relativistic())
    ZeroCenteredPenalty(weight=1.0, real=True, fake=True, final_weight=None)
    """
    if given == "auto":
        given = objective.default_constraint
    if given is None or not objective.trains_critic:
        return None
    if isinstance(given, str) and given in GAN_CONSTRAINTS:
        return GAN_CONSTRAINTS[given]
    return as_constraint(given, also=("auto", "zero-centered"))
