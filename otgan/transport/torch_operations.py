"""The solver as operations of torch: optimal plans and potentials, held fixed, and their forests.

torch sees an operation that it cannot look into, whose results have no derivatives. So the exact
problem is solved for the numbers at hand, wherever the call stands: under `torch.vmap` and
`torch.func`, in what `torch.compile` and `torch.export` make, in a recorded trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from otgan.measures import FloatArray, IntArray
from otgan.transport.batched.plans import plans_of_costs, plans_of_points
from otgan.transport.batched.result import StackedPlans
from otgan.transport.batched.unmatched import (
    Terms,
    unmatched_plans_of_costs,
    unmatched_plans_of_points,
)
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import incident_arcs

if TYPE_CHECKING:
    from otgan.costs import Metric

__all__ = [
    "AXES_OF_POINTS",
    "Optimum",
    "optimum_of_costs",
    "optimum_of_points",
    "plans_on_terms",
    "spanning_forest",
    "stack_of",
]


class Optimum(NamedTuple):
    """An optimal plan as a list of k arcs, and optimal potentials.

    Each of shape (k,), (n,) or (m,), or with a first axis B; arcs without mass may repeat others.
    """

    i: Tensor
    j: Tensor
    mass: Tensor
    f: Tensor
    g: Tensor


Parts = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


AXES_OF_POINTS, AXES_OF_COSTS = (2, 2, 1, 1, 1, 1, 0), (2, 1, 1, 1, 1, 0)
"""Of what the operations take, in a single problem: points or costs, weights, prices, mass."""


@torch.library.custom_op("otgan::optimum_of_points", mutates_args=())
def optimum_of_points(
    x: Tensor, y: Tensor, a: Tensor | None, b: Tensor | None, u: Tensor | None, v: Tensor | None,
    moved: Tensor | None, p: float, metric: str, n_jobs: int | None,
) -> Parts:  # fmt: skip
    """Optimal plan and potentials between points (n, d) and (m, d), or stacks (B, n, d).

    If mass may stay, at prices u and v or so that as much is moved, they have n + 1 and m + 1
    points, the last of which are dummies.
    """
    data, terms = (x, y, a, b), (u, v, moved)
    stacked = bool(stack_of((*data, *terms), AXES_OF_POINTS))
    plans = plans_on_terms(data, terms, p, cast("Metric", metric), n_jobs)
    return _on_device(plans, x.device, stacked)


@torch.library.custom_op("otgan::optimum_of_costs", mutates_args=())
def optimum_of_costs(
    C: Tensor, a: Tensor | None, b: Tensor | None, u: Tensor | None, v: Tensor | None,
    moved: Tensor | None, n_jobs: int | None,
) -> Parts:  # fmt: skip
    """The same for cost matrices (n, m) or (B, n, m)."""
    terms = u, v, moved
    stacked = bool(stack_of((C, a, b, *terms), AXES_OF_COSTS))
    if all(part is None for part in terms):
        plans = plans_of_costs(C, a, b, n_jobs)
    else:
        plans = unmatched_plans_of_costs((C, a, b), Terms(*terms), n_jobs)
    return _on_device(plans, C.device, stacked)


def plans_on_terms(
    data: tuple[Any, Any, Any, Any],
    terms: tuple[Any, Any, Any],
    p: float,
    metric: Metric,
    n_jobs: int | None,
) -> StackedPlans:
    """Plans between points, with dummies if mass may stay."""
    if all(part is None for part in terms):
        return plans_of_points(data, p, metric, n_jobs)
    return unmatched_plans_of_points(data, Terms(*terms), p, metric, n_jobs)


def _on_device(plans: StackedPlans, device: torch.device, stacked: bool) -> Parts:
    i, j, mass, f, g = (
        torch.from_numpy(np.ascontiguousarray(part if stacked else part[0])).to(device)
        for part in plans[1:]
    )
    return i, j, mass, f, g


# ---------------------------------------------------------------- shapes alone


@optimum_of_points.register_fake
def _shapes_for_points(
    x: Tensor, y: Tensor, a: Tensor | None, b: Tensor | None, u: Tensor | None, v: Tensor | None,
    moved: Tensor | None, p: float, metric: str, n_jobs: int | None,
) -> Parts:  # fmt: skip
    stack = stack_of((x, y, a, b, u, v, moved), AXES_OF_POINTS)
    dummy = u is not None or moved is not None
    return _empty(x, stack, x.shape[-2] + dummy, y.shape[-2] + dummy)


@optimum_of_costs.register_fake
def _shapes_for_costs(
    C: Tensor, a: Tensor | None, b: Tensor | None, u: Tensor | None, v: Tensor | None,
    moved: Tensor | None, n_jobs: int | None,
) -> Parts:  # fmt: skip
    stack = stack_of((C, a, b, u, v, moved), AXES_OF_COSTS)
    dummy = u is not None or moved is not None
    return _empty(C, stack, C.shape[-2] + dummy, C.shape[-1] + dummy)


def stack_of(tensors: tuple[Tensor | None, ...], axes: tuple[int, ...]) -> list[int]:
    """The first axis of those that have one more than a single problem."""
    of = zip(tensors, axes, strict=True)
    return [t.shape[0] for t, count in of if t is not None and t.ndim > count][:1]


def _empty(like: Tensor, stack: list[int], n: int, m: int) -> Parts:
    arcs = [like.new_empty([*stack, n + m], dtype=kind) for kind in (torch.int64, torch.int64)]
    rest = [like.new_empty([*stack, size], dtype=torch.float64) for size in (n + m, n, m)]
    return arcs[0], arcs[1], rest[0], rest[1], rest[2]


# ---------------------------------------------------------------- under vmap


@optimum_of_points.register_vmap
def _points_under_vmap(info: Any, in_dims: Any, *args: Any) -> tuple[Parts, tuple[int, ...]]:
    return _under_vmap(optimum_of_points, AXES_OF_POINTS, info, in_dims, args)


@optimum_of_costs.register_vmap
def _costs_under_vmap(info: Any, in_dims: Any, *args: Any) -> tuple[Parts, tuple[int, ...]]:
    return _under_vmap(optimum_of_costs, AXES_OF_COSTS, info, in_dims, args)


def _under_vmap(
    operation: Any, axes: tuple[int, ...], info: Any, in_dims: Any, args: tuple[Any, ...]
) -> tuple[Parts, tuple[int, ...]]:
    tensors, options = args[: len(axes)], args[len(axes) :]
    stack, parts = _stacked(info.batch_size, in_dims, tensors, axes)
    return _unstacked(operation(*parts, *options), info.batch_size, stack)


def _stacked(
    size: int, in_dims: Any, tensors: tuple[Any, ...], ranks: tuple[int, ...]
) -> tuple[int | None, list[Any]]:
    """All tensors with one first axis, of what vmap runs over times what was a stack already."""
    moved = [
        t if t is None or at is None else t.movedim(at, 0)
        for t, at in zip(tensors, in_dims, strict=False)
    ]
    runs = [at is not None for at in in_dims]
    stacks = [
        t.shape[run]
        for t, run, rank in zip(moved, runs, ranks, strict=False)
        if t is not None and t.ndim - run > rank
    ]
    stack = stacks[0] if stacks else None
    parts: list[Tensor | None] = []
    for t, run, rank in zip(moved, runs, ranks, strict=False):
        if t is None:
            parts.append(None)
            continue
        t = t if run else t[None]
        if stack is not None:
            t = t if t.ndim - 1 > rank else t[:, None]
            t = t.expand(size, stack, *t.shape[2:]).reshape(size * stack, *t.shape[2:])
        else:
            t = t.expand(size, *t.shape[1:])
        parts.append(t)
    return stack, parts


def _unstacked(found: Any, size: int, stack: int | None) -> tuple[Parts, tuple[int, ...]]:
    if stack is not None:
        found = tuple(part.unflatten(0, (size, stack)) for part in found)
    return tuple(found), (0,) * 5


# ---------------------------------------------------------------- the forest of a plan


Forest = tuple[Tensor, Tensor]


@torch.library.custom_op("otgan::spanning_forest", mutates_args=())
def spanning_forest(i: Tensor, j: Tensor, mass: Tensor, f: Tensor, g: Tensor) -> Forest:
    """For each of n sources and m targets its parent in the forest, and the arc that leads there.

    Parameters
    ----------
    i, j, mass : torch.Tensor, shape (k,) or (B, k)
        Arcs from source i to target j; those without mass do not count.
    f, g : torch.Tensor, shapes (n,) and (m,), or (B, n) and (B, m)
        The potentials, which only say how many points there are: recorded traces would hold
        numbers fixed.

    Returns
    -------
    parent, arc : torch.Tensor of int64, shape (n + m,) or (B, n + m)
        Targets are counted from n on. A root is its own parent; its arc means nothing.
    """
    n, m = f.shape[-1], g.shape[-1]
    arcs = [np.atleast_2d(part.detach().cpu().numpy()) for part in (i, j, mass)]
    parent = np.tile(np.arange(n + m), (len(arcs[0]), 1))
    arc = np.zeros_like(parent)
    for row in range(len(parent)):
        _grow_forest(arcs[0][row], arcs[1][row], arcs[2][row], n, parent[row], arc[row])
    shape = (*i.shape[:-1], n + m)
    up, along = (torch.from_numpy(part).reshape(shape).to(i.device) for part in (parent, arc))
    return up, along


@spanning_forest.register_fake
def _shapes_of_forest(i: Tensor, j: Tensor, mass: Tensor, f: Tensor, g: Tensor) -> Forest:
    shape = (*i.shape[:-1], f.shape[-1] + g.shape[-1])
    return i.new_empty(shape), i.new_empty(shape)


@spanning_forest.register_vmap
def _forest_under_vmap(info: Any, in_dims: Any, *tensors: Tensor) -> tuple[Forest, tuple[int, int]]:
    size = info.batch_size
    moved = [
        t[None].expand(size, *t.shape) if at is None else t.movedim(at, 0)
        for t, at in zip(tensors, in_dims, strict=True)
    ]
    shape = moved[0].shape[:-1]
    parent, arc = spanning_forest(*(t.reshape(-1, t.shape[-1]) for t in moved))
    return (parent.reshape(*shape, -1), arc.reshape(*shape, -1)), (0, 0)


@compiled
def _grow_forest(
    i: IntArray, j: IntArray, mass: FloatArray, n: int, parent: IntArray, arc: IntArray
) -> None:
    """Breadth first from every point that no tree has reached; parents begin as the points."""
    nodes = len(parent)
    used = np.flatnonzero(mass)
    start, at_node = incident_arcs(i[used], j[used], n, nodes)
    reached, queue = np.zeros(nodes, np.bool_), np.empty(nodes, np.int64)
    for root in range(nodes):
        if reached[root]:
            continue
        reached[root] = True
        queue[0], length, at = root, 1, 0
        while at < length:
            v = queue[at]
            at += 1
            for k in range(start[v], start[v + 1]):
                e = used[at_node[k]]
                other = n + j[e] if v < n else i[e]
                if not reached[other]:
                    reached[other] = True
                    parent[other], arc[other] = v, e
                    queue[length] = other
                    length += 1
