"""Costs metric(u, v) ** p on a list of arcs as tensors, with derivatives that are finite."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from otgan.costs import Metric
from otgan.errors import InvalidInputError
from otgan.transport.tensors import may_vary

__all__ = ["arc_costs", "power", "refuse_derivatives"]


def arc_costs(u: Tensor, v: Tensor, metric: Metric, p: float) -> Tensor:
    """metric(u_k, v_k) ** p, with finite derivatives, zero where two points coincide at a kink."""
    difference = u - v
    if metric in ("euclidean", "sqeuclidean"):
        return _power_of_length(difference, p if metric == "euclidean" else 2 * p)
    if metric in ("cityblock", "chebyshev"):
        if difference.shape[-1] == 1:  # where all three are the same
            return _power_of_length(difference, p)
        sizes = difference.abs()
        return power(sizes.sum(-1) if metric == "cityblock" else sizes.amax(-1), p)
    if metric == "cosine":
        unit_u, unit_v = (_direction(w) for w in (u, v))
        return power(0.5 * (unit_u - unit_v).square().sum(-1), p)
    return _called(u, v, metric, p)


def _direction(vectors: Tensor) -> Tensor:
    """Vectors of length one, of any whose squares may underflow."""
    scaled = vectors / vectors.detach().abs().amax(-1, keepdim=True)
    return torch.nn.functional.normalize(scaled, dim=-1, eps=0.0)


def _power_of_length(difference: Tensor, p: float) -> Tensor:
    if p % 2 == 0:
        return difference.square().sum(-1) ** (p / 2)
    if difference.shape[-1] == 1:  # no square may underflow
        return power(difference[..., 0].abs(), p)
    return power(difference.square().sum(-1), p / 2)


def power(values: Tensor, exponent: float) -> Tensor:
    """The power of non-negative values, and zero derivatives of every order at zero.

    They are right where the power is smooth enough to have them; else they are one choice.
    """
    if exponent == 1:
        return values
    positive = values > 0
    return torch.where(positive, torch.where(positive, values, 1.0) ** exponent, 0.0)


def refuse_derivatives(x: Tensor, y: Tensor, metric: Metric) -> None:
    """Raise where derivatives in the points are wanted that a callable metric does not have."""
    if not isinstance(metric, str) and (may_vary(x) or may_vary(y)):
        raise InvalidInputError(
            "metric must be named for a gradient in the points, and under torch.vmap, torch.func "
            "and torch.compile, got a callable; to fix it, detach the points, or use one of the "
            "named metrics"
        )


def _called(u: Tensor, v: Tensor, metric: Any, p: float) -> Tensor:
    rows = [w.reshape(-1, w.shape[-1]).cpu().numpy() for w in (u, v)]
    values = [float(metric(s, t)) for s, t in zip(*rows, strict=True)]
    lengths = torch.tensor(values, dtype=torch.float64, device=u.device)
    return power(lengths.reshape(u.shape[:-1]), p)
