"""Names of networks and norms, to check an option before torch is imported."""

from __future__ import annotations

from typing import Any

from otgan.errors import InvalidInputError, nearest_name

__all__ = ["CRITIC_NORMS", "GENERATOR_NORMS", "NETWORKS", "as_choice"]

NETWORKS = ("auto", "mlp", "dcgan", "resnet")
"""``"auto"`` is mlp for vectors and dcgan for images."""

CRITIC_NORMS = (None, "layer", "instance", "spectral", "batch")
GENERATOR_NORMS = (None, "batch")


def as_choice(value: Any, name: str, choices: tuple[str | None, ...]) -> Any:
    """One of these names, or None where it is one of them.

    Examples
    --------
    >>> as_choice("layers", "critic_norm", CRITIC_NORMS)
    Traceback (most recent call last):
    ...
    otgan.errors.InvalidInputError: critic_norm must be one of None, 'layer', 'instance', \
'spectral', 'batch', got 'layers'; to fix it, did you mean 'layer'?
    """
    if (value is None or isinstance(value, str)) and value in choices:
        return value
    names = [choice for choice in choices if choice is not None]
    raise InvalidInputError(
        f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}; to fix it, "
        f"{nearest_name(str(value), names)}"
    )
