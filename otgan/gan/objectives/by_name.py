"""The objectives by their short names, and what may be passed instead of a name."""

from __future__ import annotations

from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.objectives.adversarial import (
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    Relativistic,
    Wasserstein,
)
from otgan.gan.objectives.base import Objective
from otgan.gan.objectives.exact import Exact
from otgan.gan.objectives.semi_supervised import SemiSupervised
from otgan.keywords import checks_keywords
from otgan.named_settings import Registry

__all__ = ["OBJECTIVES", "OBJECTIVE_REGISTRY", "as_objective"]

OBJECTIVES: dict[str, Objective] = {
    objective.name: objective
    for objective in (
        Wasserstein(),
        Minimax(),
        NonSaturating(),
        LeastSquares(),
        Hinge(),
        Relativistic(),
        SemiSupervised(),
        Exact(),
    )
}

OBJECTIVE_REGISTRY = Registry("objective", OBJECTIVES)
"""The objectives that can be rebuilt from plain values."""


@checks_keywords
def as_objective(objective: str | Objective) -> Objective:
    """The objective of that short name, or the object that was given.

    Raises
    ------
    InvalidInputError
        An unknown name, or something else.

    Examples
    --------
    >>> as_objective("hinge")
    Hinge()
    >>> as_objective("hinges")
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: objective must be one of wasserstein, minimax, non-saturating, \
least-squares, hinge, relativistic, semi-supervised, exact, or an object of a subclass of \
Objective, got 'hinges'; to fix it, did you mean 'hinge'?
    """
    if isinstance(objective, Objective):
        return objective
    if isinstance(objective, str) and objective in OBJECTIVES:
        return OBJECTIVES[objective]
    names = list(OBJECTIVES)
    if isinstance(objective, type) and issubclass(objective, Objective):
        hint = f"pass {objective.__name__}()"
    elif isinstance(objective, str):
        hint = nearest_name(objective.lower(), names)
    else:
        hint = "pass a name"
    raise InvalidInputError(
        f"objective must be one of {', '.join(names)}, or an object of a subclass of Objective, "
        f"got {objective!r}; to fix it, {hint}"
    )
