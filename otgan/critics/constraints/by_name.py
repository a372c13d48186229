"""The constraints by their short names, and what may be passed instead of a name."""

from __future__ import annotations

from typing import Any

from otgan.critics.constraints.base import REQUIRED, Constraint
from otgan.critics.constraints.clipping import WeightClipping
from otgan.critics.constraints.cones import Cones
from otgan.critics.constraints.distillation import Distillation
from otgan.critics.constraints.norm_constrained import OrthogonalWeights, SpectralNormalization
from otgan.critics.constraints.penalties import DivergencePenalty, GradientPenalty
from otgan.critics.settings import unknown_constraint
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["CONSTRAINTS", "as_constraint"]

CONSTRAINTS: dict[str, Constraint] = {
    "clip": WeightClipping(),
    "gp": GradientPenalty(),
    "lp": GradientPenalty(one_sided=True),
    "spectral": SpectralNormalization(),
    "div": DivergencePenalty(),
    "orthogonal": OrthogonalWeights(),
    "cones": Cones(),
    "distilled": Distillation(),
}


@checks_keywords
def as_constraint(constraint: str | Constraint, *, also: tuple[str, ...] = ()) -> Constraint:
    """The constraint of that short name, or the object that was given.

    `also` are further names that the caller understands, for the error message.

    Examples
    --------
    >>> as_constraint("gp")
    GradientPenalty(weight=10.0, one_sided=False, endpoint_fraction=0.0)
    >>> as_constraint("spectrl")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: constraint must be one of clip, gp, lp, spectral, div, \
orthogonal, cones, distilled, or an object of a subclass of Constraint, got 'spectrl'; to fix it, \
did you mean 'spectral'?
    """
    if isinstance(constraint, Constraint):
        if not isinstance(constraint.name, str):
            raise InvalidInputError(
                f"{type(constraint).__name__}.name must be a string, got {constraint.name!r}; to "
                "fix it, define name as a class attribute or as a property"
            )
        return constraint
    if not isinstance(constraint, str):
        raise _no_constraint(constraint)
    if constraint in CONSTRAINTS:
        return CONSTRAINTS[constraint]
    raise unknown_constraint(constraint, also)


def _no_constraint(given: Any) -> InvalidInputError:
    """The error about an object that is no `Constraint`, naming the methods that it lacks."""
    if isinstance(given, type) and issubclass(given, Constraint):
        return InvalidInputError(
            f"constraint must be a name or an object of a subclass of Constraint, got the class "
            f"{given.__name__} itself; to fix it, pass {given.__name__}()"
        )
    missing = [name for name in REQUIRED if not hasattr(given, name)]
    without = f" without {', '.join(missing)}" if missing else ""
    return InvalidInputError(
        f"constraint must be a name or an object of a subclass of Constraint, got {given!r}"
        f"{without}; to fix it, derive its class from otgan.critics.constraints.Constraint and "
        f"define {', '.join(REQUIRED)}"
    )
