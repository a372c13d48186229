"""Checks of the settings of a training run, before anything else is done."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from otgan.critics.settings import CONSTRAINT_NAMES, MOST_LAYERS, MOST_POINTS, unknown_constraint
from otgan.errors import InvalidInputError, nearest_name
from otgan.gan.networks.names import CRITIC_NORMS, GENERATOR_NORMS, NETWORKS
from otgan.gan.optimizers import SCHEDULES, as_optimizer, schedule_factor
from otgan.gan.settings import (
    FEATURE_NAMES,
    LATENTS,
    OBJECTIVE_NAMES,
    PRECISIONS,
    STABILIZER_NAMES,
)
from otgan.inputs.options import as_count, as_flag, as_number, as_seed, as_text

__all__ = ["checked_settings"]

HINT = "change it in the GANConfig"
"""How messages about a wrong setting end."""

MAX_WEIGHTS = 2**30
"""Of one network: 4 GB, of which training holds a dozen copies."""

COUNTS = ("steps", "n_critic", "depth", "monitor_every", "pack")
FLAGS = ("critic_warmup", "capture")
OPTIONAL_COUNTS = ("width", "critic_width", "critic_depth", "latent_dim")
RATES = ("learning_rate", "critic_learning_rate", "clip_grad_norm")
SIZES = (("batch_size", 1), ("monitor_points", 2), ("evaluation_points", 2))
CHOICES: dict[str, tuple[Any, ...]] = {
    "latent": LATENTS,
    "network": NETWORKS,
    "critic_norm": CRITIC_NORMS,
    "generator_norm": ("auto", *GENERATOR_NORMS),
    "precision": PRECISIONS,
}

Settings = dict[str, Any]


def checked_settings(settings: Settings) -> Settings:
    """The settings of a GANConfig, numbers being Python's own, as JSON holds them.

    Parameters
    ----------
    settings : dict
        All attributes of a GANConfig.

    Raises
    ------
    InvalidInputError
        A setting of another type, or out of range; networks too large to train.
    """
    checked = {**settings, **_counts(settings), **_steps(settings)}
    checked["rng"] = as_seed(settings["rng"], HINT)
    checked["device"] = as_text(settings["device"], "device", HINT)
    for name in FLAGS:
        checked[name] = as_flag(settings[name], name, HINT)
    for name, choices in CHOICES.items():
        _check_choice(name, settings[name], choices)
    _check_sizes(checked)
    _check_features(settings["features"])
    _check_schedule(settings["schedule"])
    for name in ("generator_optimizer", "critic_optimizer"):
        as_optimizer(settings[name], name)
    _check_objective(settings["objective"])
    _check_constraint(settings["constraint"])
    checked["stabilizers"] = _stabilizers(settings["stabilizers"])
    return checked


def _counts(settings: Settings) -> Settings:
    given = [name for name in OPTIONAL_COUNTS if settings[name] is not None]
    found = {name: as_count(settings[name], name, hint=HINT) for name in (*COUNTS, *given)}
    for name, least in SIZES:
        found[name] = as_count(settings[name], name, least=least, most=MOST_POINTS, hint=HINT)
    return found


def _steps(settings: Settings) -> Settings:
    """Averaging, and learning rates."""
    average = as_number(settings["average"], "average", "in [0, 1)", HINT)
    _check("average", average, 0.0 <= average < 1.0, "in [0, 1)")
    found: Settings = {"average": average}
    for name in RATES:
        if settings[name] is not None:
            found[name] = as_number(settings[name], name, "positive, or None", HINT)
            positive = 0 < found[name] < math.inf
            _check(name, settings[name], positive, "positive and finite, or None")
    return found


def _check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    known = ", ".join(repr(choice) for choice in choices)
    hint = nearest_name(str(value), [str(choice) for choice in choices], otherwise=HINT)
    _check(name, value, _is_one_of(value, choices), f"one of {known}", hint)


def _check_features(features: Any) -> None:
    known = callable(features) or _is_one_of(features, (None, *FEATURE_NAMES))
    wanted = f"one of {', '.join(map(repr, FEATURE_NAMES))}, a function of points, or None"
    _check("features", features, known, wanted)


def _check_schedule(schedule: Any) -> None:
    known = callable(schedule) or _is_one_of(schedule, SCHEDULES)
    wanted = f"one of {', '.join(map(repr, SCHEDULES))}, or a function of the fraction done"
    _check("schedule", schedule, known, wanted)
    for done in (0.0, 0.5):  # the rest is seen as training goes on
        schedule_factor(schedule, done)


def _check_objective(objective: Any) -> None:
    """Short names are checked without torch."""
    if isinstance(objective, str):
        names = list(OBJECTIVE_NAMES)
        hint = nearest_name(objective.lower(), names, otherwise="pass one of them")
        wanted = f"one of {', '.join(names)}, or an Objective"
        return _check("objective", objective, objective in names, wanted, hint)
    from otgan.gan.objectives.by_name import as_objective

    as_objective(objective)


def _check_constraint(constraint: Any) -> None:
    """Short names are checked without torch."""
    if _is_one_of(constraint, (None, "auto", "zero-centered", *CONSTRAINT_NAMES)):
        return
    if isinstance(constraint, str) and constraint == "exact":
        raise InvalidInputError(
            "constraint must be a penalty or projection of the critic, got 'exact'; to fix it, "
            'pass objective="exact"'
        )
    if isinstance(constraint, str):
        raise unknown_constraint(constraint, also=("auto", "zero-centered"), optional=True)
    from otgan.critics.constraints.by_name import as_constraint

    as_constraint(constraint)


def _stabilizers(stabilizers: Any) -> tuple[Any, ...]:
    """Those that are given; short names are checked without torch."""
    known = isinstance(stabilizers, (tuple, list))
    _check("stabilizers", stabilizers, known, "a tuple of names or Stabilizers")
    if not all(isinstance(one, str) and one in STABILIZER_NAMES for one in stabilizers):
        from otgan.gan.stabilizers.by_name import as_stabilizers

        as_stabilizers(stabilizers)
    return tuple(stabilizers)


def _check_sizes(settings: Settings) -> None:
    """Refuse networks that are too large to train, and packs that do not fit."""
    for name in ("depth", "critic_depth"):
        few = (settings[name] or 1) <= MOST_LAYERS
        _check(name, settings[name], few, f"at most {MOST_LAYERS}")
    width = max(settings["width"] or 128, settings["critic_width"] or 1)
    depth = max(settings["depth"], settings["critic_depth"] or 1)
    weights = width * ((settings["latent_dim"] or 64) + (depth - 1) * width)
    if weights > MAX_WEIGHTS:
        raise InvalidInputError(
            f"latent_dim, width and depth must make a network of at most {MAX_WEIGHTS:,} "
            f"weights, got {weights:,}; to fix it, lower them in the GANConfig"
        )
    batch, points, pack = (settings[name] for name in ("batch_size", "monitor_points", "pack"))
    if batch % pack:
        raise InvalidInputError(
            f"batch_size must be a multiple of pack, got {batch} for packs of {pack}; to fix it, "
            f"{HINT}"
        )
    if points < pack:
        raise InvalidInputError(
            f"monitor_points must be at least pack, {pack}, for the critic to have a pack to "
            f"judge, got {points}; to fix it, {HINT}"
        )


def _check(name: str, value: Any, holds: bool, wanted: str, hint: str = HINT) -> None:
    if not holds:
        raise InvalidInputError(f"{name} must be {wanted}, got {value!r}; to fix it, {hint}")


def _is_one_of(value: Any, names: Collection[str | None]) -> bool:
    """Whether it is one of these names, or None if that is among them; an array never is."""
    return (value is None or isinstance(value, str)) and value in names
