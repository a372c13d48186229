"""What a fit's checkpoint belongs to: the points, the critic, its constraint and the options."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.serialization import described
from otgan.critics.training.data import Distributions, Source
from otgan.critics.training.options import FitOptions
from otgan.critics.training.outline import outline, same_outline
from otgan.errors import InputWarning, InvalidInputError

__all__ = ["problem_of", "refuse_other_problem"]

OPTIONS = ("seed", "batch_size", "matrix_rate", "vector_rate", "held_out", "precision")
"""What decides how a critic is trained. Test points only judge it, and may be others."""


def problem_of(
    critic: nn.Module, rule: Constraint, distributions: Distributions, options: FitOptions
) -> dict[str, Any]:
    """Plain values that are equal for equal problems."""
    constraint = dict(described(rule))  # type: ignore[arg-type]
    constraint.pop("class", None)
    # The weight to as many digits as its scale is known alike on all machines.
    constraint["weight"] = f"{getattr(rule, 'weight', 0.0):.6g}"
    shapes = [(name, *value.shape) for name, value in critic.state_dict().items()]
    layers = hashlib.sha256(f"{critic} {shapes}".encode()).hexdigest()
    return {  # in the order in which differences are told: each may cause those below
        **{name: getattr(options, name) for name in OPTIONS},
        "x": _distribution(distributions.x),
        "y": _distribution(distributions.y),
        "constraint": constraint,
        "network": f"{sum(p.numel() for p in critic.parameters()):,} weights ({layers[:8]})",
    }


def refuse_other_problem(known: Mapping[str, Any], problem: Mapping[str, Any], path: Path) -> None:
    """Raise if a checkpoint is of another problem, and say in what it differs.

    Warns
    -----
    InputWarning
        A sampler that gave other points than last time, though they look alike.
    """
    for name, now in problem.items():
        before = known.get(name)
        if before == now:
            continue
        if not _alike(before, now):
            raise InvalidInputError(
                f"the checkpoint {path} must be of the same problem, got one with "
                f"{_told(name, before)} instead of {_told(name, now)}; to fix it, name another "
                "file, or remove this one"
            )
        warnings.warn(
            f"{name} is a sampler that gives other points than when {path} was written; they look "
            "alike, and are taken to be of the same distribution",
            InputWarning,
            stacklevel=6,
        )


def _distribution(source: Source) -> dict[str, Any]:
    shape = "a sampler" if source.fresh else f"{len(source.survey):,} points"
    return {
        "shape": f"{shape} in {source.d} dimensions",
        "fingerprint": hashlib.sha256(source.survey.tobytes()).hexdigest(),
        "outline": outline(source.survey) if source.fresh else [],
    }


def _alike(before: Any, now: Any) -> bool:
    """Whether two samplers may give the same distribution."""
    outlines = [v["outline"] for v in (before, now) if isinstance(v, Mapping) and "outline" in v]
    return len(outlines) == 2 and all(outlines) and same_outline(*outlines)


def _told(name: str, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"{name} {value}"
    if "fingerprint" in value:
        return f"{name} of {value['shape']} ({value['fingerprint'][:8]})"
    settings = ", ".join(f"{key}={item}" for key, item in value.items() if key != "name")
    return f"{name} {value.get('name')}" + (f" ({settings})" if settings else "")
