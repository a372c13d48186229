"""The settings of a run as plain values, which JSON stores, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.optimizers import OPTIMIZER_REGISTRY

__all__ = ["plain_settings", "rebuilt_settings"]

OWN_FUNCTIONS = ("schedule", "features")
"""Settings that may be the user's own functions."""


def plain_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a GANConfig, objects being described by their names and parameters."""
    from otgan.gan.constraints import GAN_CONSTRAINT_REGISTRY
    from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY, as_objective
    from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY

    plain = dict(settings)
    described = OBJECTIVE_REGISTRY.described(settings["objective"])
    plain["objective"] = described
    if isinstance(described, dict) and not OBJECTIVE_REGISTRY.is_known(described):
        # What its critic estimates, which only its own class could say afterwards.
        described["divergence"] = as_objective(settings["objective"]).divergence_name
    if plain["constraint"] is not None:
        plain["constraint"] = GAN_CONSTRAINT_REGISTRY.described(plain["constraint"])
    plain["stabilizers"] = [STABILIZER_REGISTRY.described(s) for s in plain["stabilizers"]]
    for name in ("generator_optimizer", "critic_optimizer"):
        if plain[name] is not None:
            plain[name] = OPTIMIZER_REGISTRY.described(plain[name])
    for name in OWN_FUNCTIONS:
        if callable(plain[name]):
            plain[name] = {"name": "own", "class": _qualified(plain[name])}
    return plain


def rebuilt_settings(plain: Mapping[str, Any], known: list[str]) -> dict[str, Any]:
    """The settings that `plain_settings` gave, with their objects.

    Raises
    ------
    InvalidInputError
        Settings that are not `known`, or an object of the user's own, which only its own code can
        rebuild.
    """
    from otgan.gan.constraints import GAN_CONSTRAINT_REGISTRY
    from otgan.gan.objectives.by_name import OBJECTIVE_REGISTRY
    from otgan.gan.stabilizers.by_name import STABILIZER_REGISTRY

    _refuse_unknown(plain, known)
    settings = dict(plain)
    registries = {
        "objective": OBJECTIVE_REGISTRY,
        "constraint": GAN_CONSTRAINT_REGISTRY,
        "generator_optimizer": OPTIMIZER_REGISTRY,
        "critic_optimizer": OPTIMIZER_REGISTRY,
    }
    for name, registry in registries.items():
        if settings.get(name) is not None:
            settings[name] = registry.rebuilt(settings[name])
    stored = settings.get("stabilizers", ())
    if isinstance(stored, (list, tuple)):
        settings["stabilizers"] = tuple(STABILIZER_REGISTRY.rebuilt(one) for one in stored)
    for name in OWN_FUNCTIONS:
        if isinstance(settings.get(name), Mapping):
            raise InvalidInputError(
                f"{name} must be one of those with a name to be rebuilt from a file, got "
                f"{settings[name].get('class')!r}; to fix it, resume from Python with "
                "train_gan(data, config, out=..., resume=True)"
            )
    return settings


def _refuse_unknown(plain: Any, known: list[str]) -> None:
    if not isinstance(plain, Mapping):
        raise InvalidInputError(
            f"settings must be a dict, got {type(plain).__name__}; to fix it, pass the result "
            "of to_dict()"
        )
    for name in plain:
        if name not in known:
            raise InvalidInputError(
                f"a setting must be one of {', '.join(known)}, got {name!r}; to fix it, "
                f"{nearest_name(str(name), known, otherwise='leave it out')}"
            )


def _qualified(function: Any) -> str:
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"
