"""The engine as operations of torch: optimal plans and potentials, held fixed.

torch sees an operation that it cannot look into, whose results have no derivatives. So the exact
problem is solved for the numbers at hand, wherever the call stands: under `torch.vmap` and
`torch.func`, in what `torch.compile` and `torch.export` make, in a recorded trace.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from otgan.transport.stacked import solve_costs, solve_points
from otgan.transport.stacks import StackedPlans, is_stack

__all__ = ["Optimum", "optimum_of_costs", "optimum_of_points"]


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


@torch.library.custom_op("otgan::optimum_of_points", mutates_args=())
def optimum_of_points(
    x: Tensor, y: Tensor, a: Tensor | None, b: Tensor | None, p: float, metric: str
) -> Parts:
    """Optimal plan and potentials between points (n, d) and (m, d), or stacks (B, n, d)."""
    return _on_device(solve_points(x, y, a, b, p=p, metric=metric), x.device, is_stack(x, y, a, b))


@torch.library.custom_op("otgan::optimum_of_costs", mutates_args=())
def optimum_of_costs(C: Tensor, a: Tensor | None, b: Tensor | None) -> Parts:
    """The same for cost matrices (n, m) or (B, n, m)."""
    return _on_device(solve_costs(C, a, b), C.device, is_stack(C, None, a, b))


def _on_device(plans: StackedPlans, device: torch.device, stacked: bool) -> Parts:
    i, j, mass, f, g = (
        torch.from_numpy(np.ascontiguousarray(part if stacked else part[0])).to(device)
        for part in plans[1:]
    )
    return i, j, mass, f, g


# ---------------------------------------------------------------- shapes alone


@optimum_of_points.register_fake
def _shapes_for_points(
    x: Tensor, y: Tensor, a: Tensor | None, b: Tensor | None, p: float, metric: str
) -> Parts:
    return _empty(x, _stack_of((x, 2), (y, 2), (a, 1), (b, 1)), x.shape[-2], y.shape[-2])


@optimum_of_costs.register_fake
def _shapes_for_costs(C: Tensor, a: Tensor | None, b: Tensor | None) -> Parts:
    return _empty(C, _stack_of((C, 2), (a, 1), (b, 1)), C.shape[-2], C.shape[-1])


def _stack_of(*tensors: tuple[Tensor | None, int]) -> list[int]:
    """The first axis of those that have one more than a single problem."""
    return [t.shape[0] for t, axes in tensors if t is not None and t.ndim > axes][:1]


def _empty(like: Tensor, stack: list[int], n: int, m: int) -> Parts:
    arcs = [like.new_empty([*stack, n + m], dtype=kind) for kind in (torch.int64, torch.int64)]
    rest = [like.new_empty([*stack, size], dtype=torch.float64) for size in (n + m, n, m)]
    return arcs[0], arcs[1], rest[0], rest[1], rest[2]


# ---------------------------------------------------------------- under vmap


@optimum_of_points.register_vmap
def _points_under_vmap(
    info: Any, in_dims: Any, x: Tensor, y: Tensor, a: Any, b: Any, p: float, metric: str
) -> tuple[Parts, tuple[int, ...]]:
    ranks = (2, 2, 1, 1)
    stack, parts = _stacked(info.batch_size, in_dims, (x, y, a, b), ranks)
    found = optimum_of_points(*parts, p, metric)
    return _unstacked(found, info.batch_size, stack)


@optimum_of_costs.register_vmap
def _costs_under_vmap(
    info: Any, in_dims: Any, C: Tensor, a: Any, b: Any
) -> tuple[Parts, tuple[int, ...]]:
    stack, parts = _stacked(info.batch_size, in_dims, (C, a, b), (2, 1, 1))
    found = optimum_of_costs(*parts)
    return _unstacked(found, info.batch_size, stack)


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
