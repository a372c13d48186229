"""Names of constraints and limits of sizes, to check options before torch is imported."""

from __future__ import annotations

from otgan.errors import InvalidInputError, nearest_name

__all__ = ["CONSTRAINT_NAMES", "MOST_LAYERS", "MOST_POINTS", "unknown_constraint"]

CONSTRAINT_NAMES = ("clip", "gp", "lp", "spectral", "div", "orthogonal", "cones", "distilled")
"""The keys of `constraints.CONSTRAINTS`, to check a name before torch is imported."""

MOST_LAYERS = 1000
"""Hidden layers of the networks that are built here."""

MOST_POINTS = 2**24
"""Points that are held at once."""


def unknown_constraint(
    name: str, also: tuple[str, ...] = (), *, optional: bool = False
) -> InvalidInputError:
    """The error about a constraint's name that is none.

    The caller also knows the names `also`, and if it is `optional`, None.
    """
    names = [*also, *CONSTRAINT_NAMES]
    wants_none = optional and name.lower() == "none"
    hint = "pass None" if wants_none else nearest_name(name.lower(), names)
    return InvalidInputError(
        f"constraint must be one of {', '.join(names)}, or an object of a subclass of Constraint, "
        f"got {name!r}; to fix it, {hint}"
    )
