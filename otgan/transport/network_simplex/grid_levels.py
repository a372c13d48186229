"""A grid from coarse to fine: cells joined in pairs, along one axis from each level to the next."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.candidates import Nodes
from otgan.transport.network_simplex.fixed_point import (
    BITS,
    Masses,
    as_masses,
    balanced_masses,
    sums_of_ranges,
)

__all__ = ["GridLevel", "GridSide", "levels_of_grid"]

COARSEST_CELLS = 64
"""Cells of the coarsest level, at most; all arcs between them are candidates."""

KEPT_BITS = 40
"""Of the lightest weight: what the certificate repairs is less than 1e-12 of it."""


class GridSide(NamedTuple):
    """The cells of a level that hold mass, in an order in which those of a coarser cell follow.

    Attributes
    ----------
    cell : ndarray, shape (n,)
        Their numbers in the grid's order.
    place : ndarray, shape (n, d)
        Their centers, in half cells of the finest level.
    node : ndarray, shape (cells,)
        The number here of every cell of the grid, -1 for those without mass.
    masses : Masses, shape (n, words)
    starts : ndarray, shape (n + 1,)
        Where their cells begin among those of the finest level.
    """

    cell: Nodes
    place: npt.NDArray[np.int32]
    node: Nodes
    masses: Masses
    starts: IntArray


class GridLevel(NamedTuple):
    """The grid of one level.

    Attributes
    ----------
    shape : tuple of int
    positions : list of ndarray
        The centers of its cells along every axis, in half cells of the finest level.
    x, y : GridSide
    split : int
        The axis along which the cells of the coarser level were cut in two.
    """

    shape: tuple[int, ...]
    positions: list[Nodes]
    x: GridSide
    y: GridSide
    split: int


def levels_of_grid(a: FloatArray, b: FloatArray, spacing: tuple[float, ...]) -> list[GridLevel]:
    """The levels of two histograms on one grid, from coarse to fine.

    Cells are joined along the axis along which they are the shortest.

    Parameters
    ----------
    a, b : ndarray, shape (n_1, ..., n_d)
        Non-negative, each summing to one.
    spacing : tuple of float
    """
    sizes, splits = _sizes_of_levels(a.shape, spacing)
    key = _keys(a.shape, sizes, splits)
    order = np.argsort(key.ravel(), kind="stable")
    key = key.ravel()[order]
    held = [np.flatnonzero(weights.ravel()[order]) for weights in (a, b)]
    weights = (weights.ravel()[order[at]] for weights, at in zip((a, b), held, strict=True))
    masses = _masses(*weights)
    finest = [
        (key[at], np.stack(np.unravel_index(order[at], a.shape), axis=1), mass)
        for at, mass in zip(held, masses, strict=True)
    ]
    levels = []
    for depth, size in enumerate(sizes):
        shape = _shape(a.shape, size)
        positions = [_centers(np.arange(n), t) for n, t in zip(shape, size, strict=True)]
        x, y = (_side(*side, len(splits) - depth, shape, size) for side in finest)
        levels.append(GridLevel(shape, positions, x, y, splits[depth - 1] if depth else 0))
    return levels


def _sizes_of_levels(
    shape: tuple[int, ...], spacing: tuple[float, ...]
) -> tuple[list[tuple[int, ...]], list[int]]:
    """How many cells a cell of each level has along every axis, and which axis is split next."""
    sizes, splits = [(1,) * len(shape)], list[int]()
    while math.prod(counts := _shape(shape, sizes[0])) > COARSEST_CELLS:
        lengths = [
            s * t if n > 1 else math.inf for s, t, n in zip(spacing, sizes[0], counts, strict=True)
        ]
        axis = lengths.index(min(lengths))
        splits.insert(0, axis)
        sizes.insert(0, tuple(t << (k == axis) for k, t in enumerate(sizes[0])))
    return sizes, splits


def _shape(shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-(-n // t) for n, t in zip(shape, size, strict=True))


def _keys(shape: tuple[int, ...], sizes: list[tuple[int, ...]], splits: list[int]) -> IntArray:
    """By finest cell: the number of its coarsest cell, and then a bit for every split."""
    places = np.indices(shape, sparse=True)
    coarse = [place // t for place, t in zip(places, sizes[0], strict=True)]
    key = np.zeros(shape, np.int64)
    for place, n in zip(coarse, _shape(shape, sizes[0]), strict=True):
        key = key * n + place
    for size, axis in zip(sizes[1:], splits, strict=True):
        key = 2 * key + places[axis] // size[axis] % 2
    return key


def _centers(cells: IntArray, size: int) -> Nodes:
    """The centers of cells of so many finest ones along an axis, in half cells."""
    return (2 * size * cells + size - 1).astype(np.int32)


def _side(
    key: IntArray,
    places: IntArray,
    masses: Masses,
    bits: int,
    shape: tuple[int, ...],
    size: tuple[int, ...],
) -> GridSide:
    """The cells with mass of a level whose keys lack so many bits of those of the finest one."""
    starts, cell, place = _joined(key, places, bits, np.array(shape), np.array(size))
    node = np.full(math.prod(shape), -1, np.int32)
    node[cell] = np.arange(len(cell))
    return GridSide(cell, place, node, sums_of_ranges(masses, starts), starts)


@compiled
def _joined(
    key: IntArray, places: IntArray, bits: int, shape: IntArray, size: IntArray
) -> tuple[IntArray, Nodes, Nodes]:
    """Where the cells of a level begin among the finest ones, their numbers and their centers."""
    d, count = len(shape), 1
    for k in range(1, len(key)):
        count += key[k] >> bits != key[k - 1] >> bits
    starts = np.empty(count + 1, np.int64)
    cell, place = np.zeros(count, np.int32), np.empty((count, d), np.int32)
    at = 0
    for k in range(len(key)):
        if k > 0 and key[k] >> bits == key[k - 1] >> bits:
            continue
        starts[at] = k
        for c in range(d):
            here = places[k, c] // size[c]
            cell[at] = cell[at] * shape[c] + here
            place[at, c] = 2 * size[c] * here + size[c] - 1
        at += 1
    starts[count] = len(key)
    return starts, cell, place


def _masses(a: FloatArray, b: FloatArray) -> tuple[Masses, Masses]:
    """Positive weights as masses, which keep them to 1e-12: in one word where that is enough."""
    words = max(1, math.ceil((KEPT_BITS - math.log2(min(a.min(), b.min()))) / BITS))
    if words > 1 or (a.min() == a.max() and b.min() == b.max()):
        return balanced_masses(a, b)
    return as_masses(a, 1), as_masses(b, 1)
