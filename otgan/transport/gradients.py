"""Gradients of exact distances for torch tensors, by the envelope theorem.

At the optimum the plan and the potentials may be held fixed: the derivative of the cost in the
points is that of ⟨P, C(x, y)⟩ with P fixed, and in the masses it is the potentials. Where
several plans or potentials are optimal this is one element of the sub-differential.
"""

from __future__ import annotations

from functools import reduce
from typing import Any, Protocol

import torch

from otgan.costs import Metric
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points, beyond_dtype, is_torch
from otgan.transport.couplings import Arcs

__all__ = ["attach_distance"]


class OptimalPair(Protocol):
    """What the envelope theorem needs: an optimal plan's arcs and optimal potentials."""

    @property
    def arcs(self) -> Arcs: ...

    @property
    def f(self) -> FloatArray: ...

    @property
    def g(self) -> FloatArray: ...


def attach_distance(
    optimum: OptimalPair,
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float,
    metric: Metric = "euclidean",
) -> torch.Tensor:
    """The distance as a tensor whose gradient flows into points and weights.

    Parameters
    ----------
    optimum : OptimalPair
        Arcs of an optimal plan between the normalised measures, and optimal potentials.
    x, y, a, b : torch.Tensor or array_like
        As the user gave them; at least one is a tensor, and decides device and dtype.
    p : float
    metric : str or callable
        A callable has a value but no gradient.

    Returns
    -------
    torch.Tensor, 0-d
        In the dtype and on the device of the tensors. Computed there in float64.
    """
    like = next(value for value in (x, y, a, b) if is_torch(value))
    dtype = _result_dtype(x, y, like)
    points_x, points_y = (_as_columns(v, name, like.device) for v, name in ((x, "x"), (y, "y")))
    i, j, mass = (torch.as_tensor(v, device=like.device) for v in optimum.arcs)
    u, v = points_x[i], points_y[j]
    cost = (mass * _arc_costs(u, v, metric, p)).sum()
    for weights, potential in ((a, optimum.f), (b, optimum.g)):
        if is_torch(weights) and weights.requires_grad:
            share = weights.double() / weights.double().sum()
            slope = torch.as_tensor(potential, device=like.device)
            cost = cost + slope @ (share - share.detach())  # adds zero, with the right gradient
    # The root has no slope at zero; the zero sub-gradient is the useful one there.
    distance = cost if p == 1 else (cost ** (1.0 / p) if cost > 0 else 0.0 * cost)
    if dtype != torch.float64 and distance.detach() > torch.finfo(dtype).max:
        raise beyond_dtype(float(distance), str(dtype), ".float()")
    return distance.to(dtype)


def _result_dtype(x: Any, y: Any, like: torch.Tensor) -> torch.dtype:
    """What torch promotes the points to; an array beside a tensor joins it."""
    dtypes = [z.dtype for z in (x, y) if is_torch(z) and z.dtype.is_floating_point]
    if not dtypes:
        return like.dtype if like.dtype.is_floating_point else torch.float64
    try:
        return reduce(torch.promote_types, dtypes)
    except RuntimeError:  # of eight bits
        raise InvalidInputError(
            f"x and y must have dtypes that torch promotes, got {dtypes[0]} and {dtypes[1]}; to "
            "fix it, convert one of them"
        ) from None


def _arc_costs(u: torch.Tensor, v: torch.Tensor, metric: Metric, p: float) -> torch.Tensor:
    """metric(u_k, v_k) ** p, with a zero sub-gradient where the two points coincide."""
    difference = u - v
    if metric == "euclidean":
        distance = torch.linalg.vector_norm(difference, dim=1)
    elif metric == "sqeuclidean":
        distance = difference.square().sum(dim=1)
    elif metric == "cityblock":
        distance = difference.abs().sum(dim=1)
    elif metric == "chebyshev":
        distance = difference.abs().amax(dim=1)
    elif metric == "cosine":
        unit_u, unit_v = (torch.nn.functional.normalize(w, dim=1, eps=0.0) for w in (u, v))
        distance = 0.5 * (unit_u - unit_v).square().sum(dim=1)
    else:
        if u.requires_grad or v.requires_grad:
            raise InvalidInputError(
                "metric must be named for a gradient in the points, got a callable; to fix it, "
                "detach the points or use one of the named metrics"
            )
        pairs = zip(u.cpu().numpy(), v.cpu().numpy(), strict=True)
        values = [float(metric(s, t)) for s, t in pairs]
        distance = torch.tensor(values, dtype=torch.float64, device=u.device)
    return distance if p == 1 else distance**p


def _as_columns(points: Any, name: str, device: torch.device) -> torch.Tensor:
    # torch takes no reversed, read-only, byte-swapped or long double array; the door does.
    tensor = points if is_torch(points) else torch.from_numpy(as_points(points, name))
    tensor = tensor.to(device).double()
    return tensor[:, None] if tensor.ndim == 1 else tensor.flatten(1)
