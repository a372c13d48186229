"""What identifies a fit, so that a checkpoint is resumed by the same one only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.serialization import described
from otgan.critics.training.data import Distributions, Source
from otgan.critics.training.options import FitOptions
from otgan.critics.training.sampler_signature import same_signature, sampler_signature
from otgan.errors import InvalidInputError, warn_user

__all__ = ["fit_identity", "refuse_other_fit"]

OPTIONS = ("rng", "batch_size", "matrix_rate", "vector_rate", "held_out", "precision")
"""What decides how a critic is trained. Test points are for its evaluation, and may be others."""


def fit_identity(
    critic: nn.Module, constraint: Constraint, distributions: Distributions, options: FitOptions
) -> dict[str, Any]:
    """Plain values that are equal for equal points, critics, constraints and options."""
    settings = described(constraint)
    assert isinstance(settings, dict)
    settings.pop("class", None)
    if constraint.penalty_weight is not None:
        # To as many digits as its scale is known alike on all machines.
        settings["weight"] = f"{constraint.penalty_weight:.6g}"
    shapes = [(name, *value.shape) for name, value in critic.state_dict().items()]
    layers = hashlib.sha256(f"{critic} {shapes}".encode()).hexdigest()
    return {  # in the order in which differences are reported: each may cause those below
        **{name: getattr(options, name) for name in OPTIONS},
        "x": _distribution(distributions.x),
        "y": _distribution(distributions.y),
        "constraint": settings,
        "network": f"{sum(p.numel() for p in critic.parameters()):,} weights ({layers[:8]})",
    }


def refuse_other_fit(known: Mapping[str, Any], identity: Mapping[str, Any], path: Path) -> None:
    """Raise if a checkpoint is of another problem, and say in what it differs.

    Warns
    -----
    InputWarning
        A sampler that gave other points than last time, though they look alike.
    """
    for name, now in identity.items():
        before = known.get(name)
        if before == now:
            continue
        if not _may_be_alike(before, now):
            raise InvalidInputError(
                f"the checkpoint {path} must be of the same problem, got one with "
                f"{_in_words(name, before)} instead of {_in_words(name, now)}; to fix it, name "
                "another file, or remove this one"
            )
        warn_user(
            f"{name} is a sampler that gives other points than when {path} was written; they look "
            "alike, and are taken to be of the same distribution"
        )


def _distribution(source: Source) -> dict[str, Any]:
    shape = "a sampler" if source.is_sampler else f"{len(source.pilot):,} points"
    return {
        "shape": f"{shape} in {source.d} dimensions",
        "fingerprint": hashlib.sha256(source.pilot.tobytes()).hexdigest(),
        "signature": sampler_signature(source.pilot) if source.is_sampler else [],
    }


def _may_be_alike(before: Any, now: Any) -> bool:
    """Whether two samplers may give the same distribution."""
    signatures = [
        v["signature"] for v in (before, now) if isinstance(v, Mapping) and "signature" in v
    ]
    return len(signatures) == 2 and all(signatures) and same_signature(*signatures)


def _in_words(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"{name} {value}"
    if "fingerprint" in value:
        return f"{name} of {value['shape']} ({value['fingerprint'][:8]})"
    settings = ", ".join(f"{key}={item}" for key, item in value.items() if key != "name")
    return f"{name} {value.get('name')}" + (f" ({settings})" if settings else "")
