"""Mistakes in how a critic is built, whatever its training."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from torch import fx, nn

from otgan.critics.audit.diagnosis import Diagnosis
from otgan.critics.audit.measurements import Measurements
from otgan.critics.pointwise import mixes_points
from otgan.errors import InvalidInputError

__all__ = ["BATCH_NORM", "ENDING", "diagnose_construction", "is_noisy"]

BATCH_NORM, ENDING = "batch norm", "at the end"
"""Name of a diagnosis, and end of the names of two."""


def diagnose_construction(m: Measurements) -> Iterator[Diagnosis]:
    """Mistakes in how the critic is built: dropout, batch normalization, a bounded last layer."""
    dropout = _layers(m, "Dropout", training=True)
    noisy = is_noisy(m)
    if dropout or noisy:
        where = (
            f"layer {dropout[0]!r} is in training mode"
            if dropout
            else ("two evaluations of the same points differ")
        )
        yield Diagnosis(
            "dropout in train mode",
            f"{where}, so the critic's values are random; the audit evaluates modules without it.",
            "call critic.eval() before reading a number, and build critics without dropout.",
        )
    norms = _layers(m, "BatchNorm") or _operations(m, "batch_norm")
    mixing = not norms and not noisy and _mixes_points(m)
    if norms or mixing:
        where = (
            f"layer {norms[0]!r} normalizes"
            if norms
            else ("a point scores differently alone and beside others, as under normalization")
        )
        yield Diagnosis(
            "batch norm",
            f"{where} over the batch, so in training the critic is no function of one point, and "
            "neither duality nor a gradient penalty applies to it.",
            "replace it by nn.LayerNorm, or remove it, and train again.",
        )
    ending = _bounded_ending(m)
    if ending:
        yield Diagnosis(
            f"{ending} at the end",
            "the critic's values stay within "
            + ("[0, 1]" if ending == "sigmoid" else "[-1, 1]")
            + " however far the points are: its gap cannot grow with the distance.",
            "end the critic with a linear layer; a probability is for cross-entropy losses.",
        )


def _layers(m: Measurements, word: str, *, training: bool = False) -> list[str]:
    """Names of the layers whose type contains a word (that are in training mode, if asked)."""
    module = m.function.module
    return [
        name or "critic"
        for name, layer in ([] if module is None else module.named_modules())
        if word in _type_name(layer)
        and (not training or (layer.training and getattr(layer, "p", 1.0) > 0))
    ]


def _type_name(layer: nn.Module) -> str:
    return str(getattr(layer, "original_name", type(layer).__name__))


def _operations(m: Measurements, word: str) -> list[str]:
    """The same among the operations of an exported program, whose layers are dissolved."""
    module = m.function.module
    nodes = module.graph.nodes if isinstance(module, fx.GraphModule) else ()
    return [node.name for node in nodes if word in str(node.target)]


def is_noisy(m: Measurements) -> bool:
    """Whether two evaluations of the same points differ."""
    points = m.x[:64]
    first, second = m.function.values(points), m.function.values(points)
    return bool(np.abs(first - second).max() > _rounding(m))


def _mixes_points(m: Measurements) -> bool:
    """Whether a point scores differently alone and among others, a module in training mode, too."""
    points = m.x[:8]
    if len(points) < 2:
        return False
    module = m.function.module
    if module is not None and mixes_points(module, m.function.tensor(points)):
        return True
    together = m.function.values(points)
    try:
        alone = np.concatenate([m.function.values(point[None]) for point in points])
    except Exception:  # batch normalization in training mode refuses a single point
        return True
    return bool(np.abs(together - alone).max() > _rounding(m))


def _rounding(m: Measurements) -> float:
    """A difference between values that rounding does not explain."""
    values = np.concatenate([m.f_x, m.f_y])
    return 1e-3 * float(values.std()) + 1e3 * m.function.precision * float(np.abs(values).max())


def _bounded_ending(m: Measurements) -> str:
    """``"sigmoid"`` or ``"tanh"`` if the values stay in their range, even far away; or nothing."""
    rng = np.random.default_rng(0)
    spread = float(np.sqrt(m.x.var(axis=0).sum())) + m.sample_distance
    away = rng.normal(size=(256, m.x.shape[1])) / math.sqrt(m.x.shape[1])
    try:
        far = m.function.values(m.x.mean(axis=0) + 1e4 * spread * away)
    except InvalidInputError:  # a critic that ends in numbers out of range is bounded by none
        return ""
    values = np.concatenate([m.f_x, m.f_y, far])
    low, high = float(values.min()), float(values.max())
    module = m.function.module
    last = "" if module is None else _type_name(list(module.modules())[-1])
    if low >= 0.0 and high <= 1.0 and high > low:
        if last in ("Sigmoid", "Softmax") or (low < 0.01 and high > 0.99):
            return "sigmoid"
    elif low >= -1.0 and high <= 1.0 and (last == "Tanh" or (low < -0.99 and high > 0.99)):
        return "tanh"
    return ""
