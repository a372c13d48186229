"""Exact distances of torch tensors, and their derivatives by the envelope theorem.

At the optimum the plan and the potentials may be held fixed: the derivative of the cost in the
points, or in a cost matrix, is that of ⟨P, C⟩ with P fixed, and in the masses it is the potentials.
Where several plans or potentials are optimal this is one element of the sub-differential.

In second derivatives the plan stays fixed too, as it does near all points but those where it
changes. Masses and costs together have one: the plan's masses move along its arcs as the weights
ask, and the potentials follow the costs of these arcs.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from otgan.costs import Metric
from otgan.errors import InvalidInputError
from otgan.inputs.conversion import refuse_layout
from otgan.measures import (
    DiscreteMeasure,
    as_float64,
    beyond_dtype,
    is_torch,
    refuse_other_images,
    to_numpy,
    warn_of_histograms,
)
from otgan.torch_modes import is_recorded
from otgan.transport.batched.inputs import is_stack
from otgan.transport.batched.plans import plan_of_measures, plans_of_points
from otgan.transport.torch_operations import (
    Optimum,
    optimum_of_costs,
    optimum_of_points,
    spanning_forest,
)

__all__ = ["cost_of_matrix", "distance", "distance_of_clouds"]


def distance(
    x: Any,
    y: Any,
    a: Any = None,
    b: Any = None,
    *,
    p: float,
    metric: Metric = "euclidean",
    n_jobs: int | None = None,
) -> Tensor:
    """The exact distance as a tensor whose derivatives reach points and weights.

    Parameters
    ----------
    x, y : torch.Tensor or array_like, shapes (n, d) and (m, d), (n,) and (m,), or (B, n, d) ...
    a, b : torch.Tensor or array_like, shapes (n,) and (m,), or (B, n) and (B, m), optional
        At least one of the four is a tensor; the first one decides the device.
    p : float
    metric : str or callable
        A callable has a value but no gradient.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    torch.Tensor, shape () or (B,)
        In the floating dtype to which torch promotes tensors of points (of weights, if no points
        are tensors). Computed on their device in float64.
    """
    like = next(value for value in (x, y, a, b) if is_torch(value))
    images = not is_stack(x, y, a, b)
    if images:
        refuse_other_images((x, y))
    points_x, points_y = (
        _as_columns(_as_tensor(v, like, s), s, images) for v, s in ((x, "x"), (y, "y"))
    )
    of_a, of_b = (None if v is None else _as_tensor(v, like, s) for v, s in ((a, "a"), (b, "b")))
    if images and a is None and b is None and not any(map(is_recorded, (points_x, points_y))):
        clouds = (DiscreteMeasure(to_numpy(z), None, 1.0) for z in (points_x, points_y))
        warn_of_histograms(*clouds)
    optimum = _optimum((points_x, points_y, of_a, of_b), p, metric, n_jobs)
    u = _on_arcs(points_x, optimum.i)
    v = _on_arcs(points_y, optimum.j)
    cost = _cost(optimum, _arc_costs(u, v, metric, p), of_a, of_b)
    # The root has no slope at zero; the zero sub-gradient is the useful one there.
    return _in_dtype(_power(cost, 1.0 / p), _dtype(x, y) or _dtype(a, b) or torch.float64)


def distance_of_clouds(x: Tensor, y: Tensor) -> Tensor:
    """W1 of two clouds (n, d) and (m, d) whose points have been checked, with derivatives in them.

    It has the dtype of x.
    """
    mu, nu = (DiscreteMeasure.uniform(to_numpy(z)) for z in (x, y))
    plans = plan_of_measures(mu, nu, 1.0, "euclidean")
    optimum = Optimum(*(torch.from_numpy(part[0]).to(x.device) for part in plans[1:]))
    lengths = _arc_costs(_on_arcs(x, optimum.i), _on_arcs(y, optimum.j), "euclidean", 1.0)
    return _in_dtype(_cost(optimum, lengths, None, None), x.dtype)


def cost_of_matrix(C: Any, a: Any = None, b: Any = None, *, n_jobs: int | None = None) -> Tensor:
    """The optimal cost as a tensor whose derivatives reach the cost matrix and the weights.

    Parameters
    ----------
    C : torch.Tensor or array_like, shape (n, m) or (B, n, m)
    a, b : torch.Tensor or array_like, shapes (n,) and (m,), or (B, n) and (B, m), optional
    n_jobs : int, optional
        Threads.

    Returns
    -------
    torch.Tensor, shape () or (B,)
    """
    like = next(value for value in (C, a, b) if is_torch(value))
    costs = _as_tensor(C, like, "C")
    of_a, of_b = (None if v is None else _as_tensor(v, like, s) for v, s in ((a, "a"), (b, "b")))
    optimum = Optimum(*optimum_of_costs(*(_fixed(v) for v in (costs, of_a, of_b)), n_jobs))
    arcs = optimum.i * costs.shape[-1] + optimum.j
    entries = costs.double().flatten(-2)
    if arcs.ndim > entries.ndim:
        entries = entries.expand(arcs.shape[0], -1)
    on_arcs = torch.take_along_dim(entries, arcs, -1)
    cost = _cost(optimum, on_arcs, of_a, of_b)
    return _in_dtype(cost, _dtype(C) or _dtype(a, b) or torch.float64)


# ---------------------------------------------------------------- the envelope theorem


def _cost(optimum: Optimum, arc_costs: Tensor, a: Tensor | None, b: Tensor | None) -> Tensor:
    """The cost of the plan; what is added for the weights is zero, with the right derivatives."""
    cost = (optimum.mass * arc_costs).sum(-1)
    moves = [_move(weights) for weights in (a, b)]
    if all(move is None for move in moves):
        return cost
    slopes = optimum.f, optimum.g
    if _may_vary(arc_costs):
        shifts = _shifts(optimum, arc_costs)
        slopes = slopes[0] + shifts[0], slopes[1] + shifts[1]
    for move, slope in zip(moves, slopes, strict=True):
        if move is not None:
            cost = cost + (slope * move).sum(-1)
    return cost


def _move(weights: Tensor | None) -> Tensor | None:
    """The normalized weights less themselves: zero, and what the derivatives in them come from."""
    if weights is None or not _may_vary(weights):
        return None
    normalized = weights.double() / weights.double().sum(-1, keepdim=True)
    return normalized - normalized.detach()


def _shifts(optimum: Optimum, arc_costs: Tensor) -> tuple[Tensor, Tensor]:
    """How the potentials follow the costs of the plan's arcs: zero, with the right derivatives.

    Along the trees that the arcs with mass form, f_i + g_j = C_ij. So the potentials of a tree are
    alternating sums of costs along the paths to its root, added up by doubling: after k rounds
    each point has the sum of its next 2 ** k arcs.
    """
    n, m = optimum.f.shape[-1], optimum.g.shape[-1]
    parent, arc = spanning_forest(*optimum)
    sign = torch.cat([torch.ones_like(optimum.f), -torch.ones_like(optimum.g)], -1)
    steps = sign * torch.take_along_dim(arc_costs - arc_costs.detach(), arc, -1)
    below = parent != torch.ones_like(parent).cumsum(-1) - 1  # no root
    sums = torch.where(below, steps, 0.0)
    # A recorded trace serves other sizes too: enough rounds for all.
    for _ in range(32 if torch.jit.is_tracing() else (n + m).bit_length()):
        sums = sums + torch.where(below, torch.take_along_dim(sums, parent, -1), 0.0)
        below = torch.take_along_dim(below, parent, -1)
        parent = torch.take_along_dim(parent, parent, -1)
    potentials = sums * sign
    return potentials[..., :n], potentials[..., n:]


def _may_vary(tensor: Tensor) -> bool:
    """Whether somebody may want its derivatives, in whatever way torch takes them."""
    if not tensor.dtype.is_floating_point:
        return False
    if tensor.requires_grad or is_recorded(tensor):
        return True
    return forward_ad.unpack_dual(tensor).tangent is not None


# ---------------------------------------------------------------- costs of arcs


def _arc_costs(u: Tensor, v: Tensor, metric: Metric, p: float) -> Tensor:
    """metric(u_k, v_k) ** p, with finite derivatives, zero where two points coincide at a kink."""
    difference = u - v
    if metric in ("euclidean", "sqeuclidean"):
        return _power_of_length(difference, p if metric == "euclidean" else 2 * p)
    if metric in ("cityblock", "chebyshev"):
        if difference.shape[-1] == 1:  # where all three are the same
            return _power_of_length(difference, p)
        sizes = difference.abs()
        return _power(sizes.sum(-1) if metric == "cityblock" else sizes.amax(-1), p)
    if metric == "cosine":
        unit_u, unit_v = (_direction(w) for w in (u, v))
        return _power(0.5 * (unit_u - unit_v).square().sum(-1), p)
    return _called(u, v, metric, p)


def _direction(vectors: Tensor) -> Tensor:
    """Vectors of length one, of any whose squares may underflow."""
    scaled = vectors / vectors.detach().abs().amax(-1, keepdim=True)
    return torch.nn.functional.normalize(scaled, dim=-1, eps=0.0)


def _power_of_length(difference: Tensor, p: float) -> Tensor:
    if p % 2 == 0:
        return difference.square().sum(-1) ** (p / 2)
    if difference.shape[-1] == 1:  # no square may underflow
        return _power(difference[..., 0].abs(), p)
    return _power(difference.square().sum(-1), p / 2)


def _power(values: Tensor, exponent: float) -> Tensor:
    """The power of non-negative values, and zero derivatives of every order at zero.

    They are right where the power is smooth enough to have them; else they are one choice.
    """
    if exponent == 1:
        return values
    positive = values > 0
    return torch.where(positive, torch.where(positive, values, 1.0) ** exponent, 0.0)


def _called(u: Tensor, v: Tensor, metric: Any, p: float) -> Tensor:
    if _may_vary(u) or _may_vary(v):
        raise InvalidInputError(
            "metric must be named for a gradient in the points, and under torch.vmap, torch.func "
            "and torch.compile, got a callable; to fix it, detach the points, or use one of the "
            "named metrics"
        )
    rows = [w.reshape(-1, w.shape[-1]).cpu().numpy() for w in (u, v)]
    values = [float(metric(s, t)) for s, t in zip(*rows, strict=True)]
    lengths = torch.tensor(values, dtype=torch.float64, device=u.device)
    return _power(lengths.reshape(u.shape[:-1]), p)


# ---------------------------------------------------------------- tensors


def _optimum(
    data: tuple[Tensor, Tensor, Tensor | None, Tensor | None],
    p: float,
    metric: Metric,
    n_jobs: int | None,
) -> Optimum:
    x, y, a, b = fixed = _fixed(data[0]), _fixed(data[1]), _fixed(data[2]), _fixed(data[3])
    if isinstance(metric, str):
        return Optimum(*optimum_of_points(x, y, a, b, float(p), metric, n_jobs))
    plans = plans_of_points(fixed, p, metric, n_jobs)
    parts = (part if is_stack(*fixed) else part[0] for part in plans[1:])
    return Optimum(*(torch.as_tensor(part, device=data[0].device) for part in parts))


def _fixed(value: Tensor | None) -> Tensor | None:
    return None if value is None else value.detach()


def _on_arcs(points: Tensor, index: Tensor) -> Tensor:
    """The points at the ends of all arcs, float64, shape (..., k, d)."""
    points = points.double()
    if index.ndim > points.ndim - 1:
        points = points.expand(index.shape[0], *points.shape)
    return torch.take_along_dim(points, index[..., None], -2)


def _as_tensor(values: Any, like: Tensor, name: str) -> Tensor:
    if not is_torch(values):  # torch takes no reversed, read-only or byte-swapped array
        return torch.from_numpy(as_float64(values, name)).to(like.device)
    if not is_recorded(values):
        refuse_layout(values, name)
    return values.to(like.device)


def _as_columns(points: Tensor, name: str, images: bool) -> Tensor:
    if points.ndim == 4 and images:
        return points.flatten(1)
    if points.ndim == 0 or points.ndim > 3:
        raise InvalidInputError(
            f"{name} must have shape (n, d), (n,) or (n, c, h, w), or (B, n, d) for a stack of "
            f"clouds, got {tuple(points.shape)}; to fix it, flatten every point to one row"
        )
    return points[:, None] if points.ndim == 1 else points


def _dtype(*values: Any) -> torch.dtype | None:
    """To what torch promotes those that are tensors of floats; None if none is."""
    kinds = [v.dtype for v in values if is_torch(v) and v.dtype.is_floating_point]
    try:
        return reduce(torch.promote_types, kinds) if kinds else None
    except RuntimeError:  # of eight bits
        raise InvalidInputError(
            f"tensors must have dtypes that torch promotes, got {kinds[0]} and {kinds[1]}; to fix "
            "it, convert one of them"
        ) from None


def _in_dtype(distances: Tensor, dtype: torch.dtype) -> Tensor:
    """The distances in the dtype of the points, or an error where they do not fit."""
    if dtype != torch.float64 and not is_recorded(distances):
        largest = float(distances.detach().max())
        if largest > torch.finfo(dtype).max:
            raise beyond_dtype(largest, str(dtype), ".float()")
    return distances.to(dtype)
