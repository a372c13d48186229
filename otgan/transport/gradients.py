"""Exact distances of torch tensors, and their derivatives by the envelope theorem.

At the optimum the plan and the potentials may be held fixed: the derivative of the cost in the
points, or in a cost matrix, is that of ⟨P, C⟩ with P fixed, and in the masses it is the potentials.
Where several plans or potentials are optimal this is one element of the sub-differential.

In second derivatives the plan stays fixed too, as it does near all points but those where it
changes. Masses and costs together have one: the plan's masses move along its arcs as the weights
ask, and the potentials follow the costs of these arcs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from otgan.costs import Metric
from otgan.errors import InvalidInputError
from otgan.measures import (
    DiscreteMeasure,
    is_torch,
    refuse_other_images,
    to_numpy,
    warn_of_histograms,
)
from otgan.torch_modes import is_recorded
from otgan.transport.arc_costs import arc_costs, power, refuse_derivatives
from otgan.transport.batched.inputs import is_stack
from otgan.transport.batched.plans import plan_of_measures
from otgan.transport.batched.unmatched import Terms
from otgan.transport.dummy_tensors import DummyTensors
from otgan.transport.tensors import (
    as_columns,
    as_tensor,
    common_dtype,
    entries,
    fixed,
    in_dtype,
    may_vary,
)
from otgan.transport.torch_operations import (
    AXES_OF_POINTS,
    Optimum,
    optimum_of_costs,
    optimum_of_points,
    plans_on_terms,
    spanning_forest,
    stack_of,
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
    terms: Terms | None = None,
    n_jobs: int | None = None,
) -> Tensor:
    """The exact distance as a tensor whose derivatives reach points and weights.

    Parameters
    ----------
    x, y : torch.Tensor or array_like, shapes (n, d) and (m, d), (n,) and (m,), or (B, n, d) ...
    a, b : torch.Tensor or array_like, shapes (n,) and (m,), or (B, n) and (B, m), optional
        At least one of the four, or of the terms, is a tensor; the first one decides the device.
    p : float
    metric : str or callable
        A callable has a value but no gradient.
    terms : Terms, optional
        On which mass may stay: derivatives reach them, too.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    torch.Tensor, shape () or (B,)
        In the floating dtype to which torch promotes tensors of points (of weights, if no points
        are tensors). Computed on their device in float64.
    """
    like = next(value for value in (x, y, a, b, *(terms or ())) if is_torch(value))
    images = not is_stack(x, y, a, b)
    if images:
        refuse_other_images((x, y))
    points_x, points_y = (
        as_columns(as_tensor(v, like, s), s, images) for v, s in ((x, "x"), (y, "y"))
    )
    refuse_derivatives(points_x, points_y, metric)
    of_a, of_b = (None if v is None else as_tensor(v, like, s) for v, s in ((a, "a"), (b, "b")))
    if images and a is None and b is None and not any(map(is_recorded, (points_x, points_y))):
        clouds = (DiscreteMeasure(to_numpy(z), None, 1.0) for z in (points_x, points_y))
        warn_of_histograms(*clouds)
    n, m = points_x.shape[-2], points_y.shape[-2]
    dummies = None if terms is None else DummyTensors.of(terms, like, n, m)
    optimum = _optimum((points_x, points_y, of_a, of_b), dummies, p, metric, n_jobs)
    u = _on_arcs(points_x, optimum.i.clamp(max=n - 1))
    v = _on_arcs(points_y, optimum.j.clamp(max=m - 1))
    cost = _cost(optimum, arc_costs(u, v, metric, p), (of_a, of_b), dummies)
    # The root has no slope at zero; the zero sub-gradient is the useful one there.
    dtype = common_dtype(x, y) or common_dtype(a, b, *(terms or ())) or torch.float64
    return in_dtype(power(cost, 1.0 / p), dtype)


def distance_of_clouds(x: Tensor, y: Tensor) -> Tensor:
    """W1 of two clouds (n, d) and (m, d) whose points have been checked, with derivatives in them.

    It has the dtype of x.
    """
    mu, nu = (DiscreteMeasure.uniform(to_numpy(z)) for z in (x, y))
    plans = plan_of_measures(mu, nu, 1.0, "euclidean")
    optimum = Optimum(*(torch.from_numpy(part[0]).to(x.device) for part in plans[1:]))
    lengths = arc_costs(_on_arcs(x, optimum.i), _on_arcs(y, optimum.j), "euclidean", 1.0)
    return in_dtype(_cost(optimum, lengths, (None, None)), x.dtype)


def cost_of_matrix(
    C: Any, a: Any = None, b: Any = None, *, terms: Terms | None = None, n_jobs: int | None = None
) -> Tensor:
    """The optimal cost as a tensor whose derivatives reach the cost matrix and the weights.

    Parameters
    ----------
    C : torch.Tensor or array_like, shape (n, m) or (B, n, m)
    a, b : torch.Tensor or array_like, shapes (n,) and (m,), or (B, n) and (B, m), optional
    terms : Terms, optional
        On which mass may stay: derivatives reach them, too.
    n_jobs : int, optional
        Threads.

    Returns
    -------
    torch.Tensor, shape () or (B,)
    """
    like = next(value for value in (C, a, b, *(terms or ())) if is_torch(value))
    costs = as_tensor(C, like, "C")
    of_a, of_b = (None if v is None else as_tensor(v, like, s) for v, s in ((a, "a"), (b, "b")))
    n, m = _shape_of(costs)
    dummies = None if terms is None else DummyTensors.of(terms, like, n, m)
    data = fixed(costs), fixed(of_a), fixed(of_b), *map(fixed, dummies or NO_DUMMIES)
    optimum = Optimum(*optimum_of_costs(*data, n_jobs))
    arcs = optimum.i.clamp(max=n - 1) * m + optimum.j.clamp(max=m - 1)
    on_arcs = entries(costs.double().flatten(-2), arcs)
    cost = _cost(optimum, on_arcs, (of_a, of_b), dummies)
    dtype = common_dtype(C) or common_dtype(a, b, *(terms or ())) or torch.float64
    return in_dtype(cost, dtype)


def _shape_of(costs: Tensor) -> tuple[int, int]:
    if costs.ndim not in (2, 3):
        raise InvalidInputError(
            f"C must have shape (n, m) or (B, n, m), got {tuple(costs.shape)}; to fix it, give "
            "the cost from every source to every target"
        )
    return costs.shape[-2], costs.shape[-1]


NO_DUMMIES = None, None, None
"""What the solver takes where all mass moves."""


# ---------------------------------------------------------------- the envelope theorem


def _cost(
    optimum: Optimum,
    on_arcs: Tensor,
    weights: tuple[Tensor | None, Tensor | None],
    dummies: DummyTensors | None = None,
) -> Tensor:
    """The cost of the plan; what is added for the weights is zero, with the right derivatives.

    `on_arcs` are the costs of its arcs, of which those of dummies are filled in here.
    """
    if dummies is None:
        moves = [_move(w, normalized=True) for w in weights]
    else:
        n, m = optimum.f.shape[-1] - 1, optimum.g.shape[-1] - 1
        on_arcs = dummies.on_arcs(on_arcs, optimum.i, optimum.j, n, m)
        with_dummies = dummies.weights(*weights, n, m, on_arcs.device)
        moves = [_move(w, normalized=False) for w in with_dummies]
    cost = (optimum.mass * on_arcs).sum(-1)
    if all(move is None for move in moves):
        return cost
    slopes = optimum.f, optimum.g
    if may_vary(on_arcs):
        shifts = _shifts(optimum, on_arcs)
        slopes = slopes[0] + shifts[0], slopes[1] + shifts[1]
    for move, slope in zip(moves, slopes, strict=True):
        if move is not None:
            cost = cost + (slope * move).sum(-1)
    return cost


def _move(weights: Tensor | None, *, normalized: bool) -> Tensor | None:
    """The weights less themselves: zero, and what the derivatives in them come from."""
    if weights is None or not may_vary(weights):
        return None
    masses = weights.double()
    if normalized:
        masses = masses / masses.sum(-1, keepdim=True)
    return masses - masses.detach()


def _shifts(optimum: Optimum, on_arcs: Tensor) -> tuple[Tensor, Tensor]:
    """How the potentials follow the costs of the plan's arcs: zero, with the right derivatives.

    Along the trees that the arcs with mass form, f_i + g_j = C_ij. So the potentials of a tree are
    alternating sums of costs along the paths to its root, added up by doubling: after k rounds
    each point has the sum of its next 2 ** k arcs.
    """
    n, m = optimum.f.shape[-1], optimum.g.shape[-1]
    parent, arc = spanning_forest(*optimum)
    sign = torch.cat([torch.ones_like(optimum.f), -torch.ones_like(optimum.g)], -1)
    steps = sign * torch.take_along_dim(on_arcs - on_arcs.detach(), arc, -1)
    below = parent != torch.ones_like(parent).cumsum(-1) - 1  # no root
    sums = torch.where(below, steps, 0.0)
    # A recorded trace serves other sizes too: enough rounds for all.
    for _ in range(32 if torch.jit.is_tracing() else (n + m).bit_length()):
        sums = sums + torch.where(below, torch.take_along_dim(sums, parent, -1), 0.0)
        below = torch.take_along_dim(below, parent, -1)
        parent = torch.take_along_dim(parent, parent, -1)
    potentials = sums * sign
    return potentials[..., :n], potentials[..., n:]


def _optimum(
    data: tuple[Tensor, Tensor, Tensor | None, Tensor | None],
    dummies: DummyTensors | None,
    p: float,
    metric: Metric,
    n_jobs: int | None,
) -> Optimum:
    x, y, a, b = fixed(data[0]), fixed(data[1]), fixed(data[2]), fixed(data[3])
    u, v, moved = (fixed(part) for part in dummies or NO_DUMMIES)
    if isinstance(metric, str):
        return Optimum(*optimum_of_points(x, y, a, b, u, v, moved, float(p), metric, n_jobs))
    plans = plans_on_terms((x, y, a, b), (u, v, moved), p, metric, n_jobs)
    stacked = stack_of((x, y, a, b, u, v, moved), AXES_OF_POINTS)
    parts = (part if stacked else part[0] for part in plans[1:])
    return Optimum(*(torch.as_tensor(part, device=data[0].device) for part in parts))


def _on_arcs(points: Tensor, index: Tensor) -> Tensor:
    """The points at the ends of all arcs, float64, shape (..., k, d)."""
    points = points.double()
    if index.ndim > points.ndim - 1:
        points = points.expand(index.shape[0], *points.shape)
    return torch.take_along_dim(points, index[..., None], -2)
