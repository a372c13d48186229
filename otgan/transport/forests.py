"""The trees that the arcs of a plan form, as an operation of torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.simplex import incident

__all__ = ["spanning_forest"]

Parts = tuple[Tensor, Tensor]


@torch.library.custom_op("otgan::spanning_forest", mutates_args=())
def spanning_forest(i: Tensor, j: Tensor, mass: Tensor, f: Tensor, g: Tensor) -> Parts:
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
        _grow(arcs[0][row], arcs[1][row], arcs[2][row], n, parent[row], arc[row])
    shape = (*i.shape[:-1], n + m)
    up, along = (torch.from_numpy(part).reshape(shape).to(i.device) for part in (parent, arc))
    return up, along


@spanning_forest.register_fake
def _shapes(i: Tensor, j: Tensor, mass: Tensor, f: Tensor, g: Tensor) -> Parts:
    shape = (*i.shape[:-1], f.shape[-1] + g.shape[-1])
    return i.new_empty(shape), i.new_empty(shape)


@spanning_forest.register_vmap
def _under_vmap(info: Any, in_dims: Any, *tensors: Tensor) -> tuple[Parts, tuple[int, int]]:
    size = info.batch_size
    moved = [
        t[None].expand(size, *t.shape) if at is None else t.movedim(at, 0)
        for t, at in zip(tensors, in_dims, strict=True)
    ]
    shape = moved[0].shape[:-1]
    parent, arc = spanning_forest(*(t.reshape(-1, t.shape[-1]) for t in moved))
    return (parent.reshape(*shape, -1), arc.reshape(*shape, -1)), (0, 0)


@compiled
def _grow(i: Any, j: Any, mass: Any, n: Any, parent: Any, arc: Any) -> None:
    """Breadth first from every point that no tree has reached; parents begin as the points."""
    nodes = len(parent)
    used = np.flatnonzero(mass)
    start, at_node = incident(i[used], j[used], n, nodes)
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
