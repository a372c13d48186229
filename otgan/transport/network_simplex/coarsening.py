"""From level to level: cells as points, plans disaggregated, potentials interpolated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Nodes
from otgan.transport.network_simplex.fixed_point import (
    Masses,
    amounts,
    assign,
    is_zero,
    less,
    subtract,
    sums_of_ranges,
)
from otgan.transport.network_simplex.kdtree import (
    Cells,
    KdTree,
    bounding_boxes,
    cell_starts,
    linear_upper_bound,
)
from otgan.transport.network_simplex.tree import Plan

__all__ = [
    "COARSEST",
    "Cloud",
    "clouds_of_levels",
    "disaggregate",
    "disaggregate_plan",
    "interpolate_potential",
]

COARSEST = 128
"""Cells on the coarsest level, at most twice; all arcs between them are candidates."""


class Cloud(NamedTuple):
    """The cloud of one level: points in cells, their masses, and the first point of each of them.

    A point of a coarse level is a cell of the finest one, where it begins at ``starts``.
    """

    cells: Cells
    masses: Masses
    starts: npt.NDArray[np.intp]


def _depths(n: int) -> range:
    """The depths in the k-d tree of all levels but the last, for clouds of at most n points."""
    finest = int(np.log2(n / 4)) if n > COARSEST else 0
    coarsest = int(np.log2(COARSEST))
    return range(coarsest + (finest - coarsest) % 2, finest + 1, 2)


def clouds_of_levels(
    tree: KdTree, masses: Masses, largest: int, radius: float | None = None
) -> Iterator[Cloud]:
    """From the coarsest level to the points themselves, four times as many cells each time.

    `largest` is the size of the larger of the two clouds that are compared; `radius` that of a
    sphere, if the points lie on one about zero: then centers of mass are moved out to it.
    """
    for depth in _depths(largest):
        yield _coarsened(tree, masses, depth, radius)
    yield Cloud(tree.cells, masses, np.arange(len(masses) + 1))


def _coarsened(tree: KdTree, masses: Masses, depth: int, radius: float | None) -> Cloud:
    """The cells of a depth as points: their masses, centers of mass, and first points."""
    n = len(masses)
    if 2 * n < 3 << depth:
        return Cloud(tree.cells, masses, np.arange(n + 1))
    starts = cell_starts(n, depth)
    mass = sums_of_ranges(masses, starts)
    of_cell = amounts(masses) / np.repeat(amounts(mass), np.diff(starts))
    centers = np.add.reduceat(tree.cells.columns * of_cell, starts[:-1], axis=1)
    if radius is not None:
        centers *= radius / np.linalg.norm(centers, axis=0)
    return Cloud(bounding_boxes(centers.T), mass, starts)


def interpolate_potential(coarse: Cloud, potential: FloatArray, fine: Cloud) -> FloatArray:
    """A potential on the finer cloud, from the linear upper bounds in the coarser one's cells.

    Dummy points, which come after those in cells, keep theirs.
    """
    cells = coarse.cells
    n, last = cells.columns.shape[1], fine.cells.columns.shape[1]
    potential, of_dummies = potential[:n], potential[n:]
    leaf = (1 << cells.depth) + np.repeat(
        np.arange(1 << cells.depth), np.diff(cell_starts(n, cells.depth))
    )
    slope = linear_upper_bound(cells, potential).slope[leaf]
    parent = np.searchsorted(coarse.starts, fine.starts[:last], side="right") - 1
    step = fine.cells.columns - cells.columns[:, parent]
    inside = potential[parent] + np.einsum("kc,ck->k", slope[parent], step)
    return np.concatenate([inside, of_dummies])


def disaggregate_plan(
    plan: Plan, coarse: tuple[Cloud, Cloud], fine: tuple[Cloud, Cloud]
) -> tuple[Nodes, Nodes, Masses]:
    """Arcs i, j and their masses on the finer level: the points of cells are served in order."""
    first = [
        np.searchsorted(after.starts, before.starts)
        for before, after in zip(coarse, fine, strict=True)
    ]
    i, j, mass = disaggregate(plan, fine[0].masses, fine[1].masses, first[0], first[1])
    return i, j, mass


@compiled
def disaggregate(
    plan: Plan, a: Masses, b: Masses, first_a: IntArray, first_b: IntArray
) -> tuple[Nodes, Nodes, Masses]:
    """The plan between cells as one between their points, in order; first_ says where cells begin.

    A forest stays a forest: every arc uses up a source, a target, or an arc of the plan.
    """
    arcs = len(a) + len(b) + len(plan.mass)
    i, j = np.empty(arcs, np.int32), np.empty(arcs, np.int32)
    mass = np.empty((arcs, a.shape[1]), np.int64)
    rest, rest_a, rest_b = plan.mass.copy(), a.copy(), b.copy()
    next_a, next_b = first_a[:-1].copy(), first_b[:-1].copy()
    count = 0
    for e in range(len(rest)):
        s, t = plan.i[e], plan.j[e]
        while not is_zero(rest, e):
            while is_zero(rest_a, next_a[s]):
                next_a[s] += 1
            while is_zero(rest_b, next_b[t]):
                next_b[t] += 1
            k, to = next_a[s], next_b[t]
            i[count], j[count] = k, to
            assign(mass, count, rest, e)
            if less(rest_a, k, mass, count):
                assign(mass, count, rest_a, k)
            if less(rest_b, to, mass, count):
                assign(mass, count, rest_b, to)
            subtract(rest, e, mass, count)
            subtract(rest_a, k, mass, count)
            subtract(rest_b, to, mass, count)
            count += 1
    return i[:count], j[:count], mass[:count]
