"""Costs, and bounds of cells, where coordinates return, on spheres, and by norms of Minkowski.

The bounds are those of :mod:`otgan.transport.network_simplex.cell_search`, for costs that are
convex functions of differences. On a torus they are so between cells whose points are nearest on
the same side; otherwise, a cost that does not depend on the coordinate is below. On a sphere the
arc is a convex function of the chord.
"""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled
from otgan.transport.network_simplex.kdtree import Cells, LinearUpperBound
from otgan.transport.network_simplex.norm import SPHERE, TORUS, Norm
from otgan.transport.rounding import EPS

__all__ = ["BOUND_ROUNDING", "LONGEST_CHORD", "wrapped_bounds", "write_wrapped_sizes"]

BOUND_ROUNDING = 32 * EPS
"""Bounds are lowered by this fraction of their terms before any pair is ruled out by them."""

LONGEST_CHORD = 0.95
"""Fraction of the diameter of a sphere; what is farther apart is taken to be as far as this."""


@compiled
def wrapped_bounds(
    cells: tuple[Cells, Cells],
    bounds: tuple[LinearUpperBound, LinearUpperBound],
    u: int,
    v: int,
    norm: Norm,
    extent: FloatArray,
) -> tuple[float, float]:
    """:func:`otgan.transport.network_simplex.cell_search.lower_bounds` for these distances."""
    if norm.code == SPHERE:
        return _sphere_bounds(cells, bounds, u, v, norm.power, extent[0])
    (x, y), (of_f, of_g) = cells, bounds
    order = norm.root
    d = x.columns.shape[0]
    size = apart = slip = 0.0
    for c in range(d):
        step = y.center[v, c] - x.center[u, c]
        reach = y.radius[v, c] + x.radius[u, c]
        gap = max(abs(step) - reach, 0.0)
        if norm.code == TORUS:
            step, gap, _ = _around(step, reach, extent[c])
            slip += extent[c] if np.isfinite(extent[c]) else 0.0  # steps are rounded beside it
        size, apart = size + abs(step) ** order, apart + gap**order
    size, apart = size ** (1.0 / order), apart ** (1.0 / order)
    cost, steepness = _to_power(size, norm.power)
    nearest, _ = _to_power(apart, norm.power)
    loss = 0.0
    for c in range(d):
        step = y.center[v, c] - x.center[u, c]
        if norm.code == TORUS:
            step, _, bends = _around(step, y.radius[v, c] + x.radius[u, c], extent[c])
            step = 0.0 if bends else step
        gradient = 0.0
        if size > 0:
            gradient = steepness * np.sign(step) * (abs(step) / size) ** (order - 1.0)
        loss += abs(gradient - of_g.slope[v, c]) * y.radius[v, c]
        loss += abs(gradient + of_f.slope[u, c]) * x.radius[u, c]
    rounding = BOUND_ROUNDING * (cost + loss + steepness * slip + abs(of_g.offset[v]))
    return cost - of_g.offset[v] - loss - rounding, nearest - of_g.maximum[v] - rounding


@compiled
def _to_power(size: float, power: float) -> tuple[float, float]:
    """A power, and its derivative."""
    if power == 1.0:
        return size, 1.0
    return size**power, power * size ** (power - 1.0)


@compiled
def _around(step: float, reach: float, period: float) -> tuple[float, float, bool]:
    """A step between two cells on a circle the shorter way, the least one, and whether it bends.

    It does where some pairs of points are nearer the other way around. The least step stands for
    both then: costs that do not depend on this coordinate are below.
    """
    if np.isfinite(period):
        step -= period * np.round(step / period)
    gap = max(abs(step) - reach, 0.0)
    if abs(step) + reach > period / 2:
        return gap, gap, True
    return step, gap, False


@compiled
def _sphere_bounds(
    cells: tuple[Cells, Cells],
    bounds: tuple[LinearUpperBound, LinearUpperBound],
    u: int,
    v: int,
    power: float,
    diameter: float,
) -> tuple[float, float]:
    (x, y), (of_f, of_g) = cells, bounds
    size = apart = 0.0
    for c in range(3):
        step = abs(y.center[v, c] - x.center[u, c])
        size += step**2
        apart += max(step - y.radius[v, c] - x.radius[u, c], 0.0) ** 2
    size, apart = np.sqrt(size), np.sqrt(apart)
    sine = min(size / diameter, LONGEST_CHORD)
    cost, steepness = _to_power(diameter * np.arcsin(sine), power)
    factor = steepness / np.sqrt(1.0 - sine * sine) / size if size > 0 else 0.0
    nearest, _ = _to_power(diameter * np.arcsin(min(apart / diameter, LONGEST_CHORD)), power)
    gradient = (
        factor * (y.center[v, 0] - x.center[u, 0]),
        factor * (y.center[v, 1] - x.center[u, 1]),
        factor * (y.center[v, 2] - x.center[u, 2]),
    )
    loss = _loss_on_sphere(y, v, gradient, of_g.slope, -1.0, diameter)
    loss += _loss_on_sphere(x, u, gradient, of_f.slope, 1.0, diameter)
    rounding = BOUND_ROUNDING * (cost + loss + abs(of_g.offset[v]))
    return cost - of_g.offset[v] - loss - rounding, nearest - of_g.maximum[v] - rounding


@compiled
def _loss_on_sphere(
    cells: Cells,
    at: int,
    gradient: tuple[float, float, float],
    slope: FloatArray,
    sign: float,
    diameter: float,
) -> float:
    """The most that the linear function ``gradient + sign * slope`` takes off within a cell.

    Along the normal its points are within a height that is of the order of its size squared: with
    the center at c from the middle of the sphere, they are between two planes, that which touches
    the sphere, and that of all points on it that are as far from the center as any corner.
    """
    center, radius = cells.center, cells.radius
    long = corner = along = whole = 0.0
    for c in range(3):
        excess = gradient[c] + sign * slope[at, c]
        long += center[at, c] ** 2
        corner += radius[at, c] ** 2
        along += excess * center[at, c]
        whole += abs(excess) * radius[at, c]
    long = np.sqrt(long)
    if long < diameter / 4:  # of half the sphere or more
        return whole
    along /= long
    half = diameter / 2
    height = max(half - long, (corner - half**2 + long**2) / (2 * long))
    height += BOUND_ROUNDING * diameter  # a small difference of large numbers
    tangential = 0.0
    for c in range(3):
        excess = gradient[c] + sign * slope[at, c]
        tangential += abs(excess - along * center[at, c] / long) * radius[at, c]
    return min(whole, tangential + abs(along) * height)


@compiled
def write_wrapped_sizes(
    x: FloatArray,
    y: FloatArray,
    sources: tuple[int, int],
    targets: tuple[int, int],
    norm: Norm,
    extent: FloatArray,
    buffer: FloatArray,
) -> None:
    """:func:`otgan.transport.network_simplex.point_costs.write_sizes` for these distances."""
    (start, stop), (begin, end) = sources, targets
    code, root = norm.code, norm.root
    if code == SPHERE:
        _write_arcs(x[:, start:stop], y[:, begin:end], extent[0], buffer)
        return
    n, m = stop - start, end - begin
    buffer[:n, :m] = 0.0
    for c in range(x.shape[0]):
        of_x, of_y = x[c, start:stop], y[c, begin:end]
        period = extent[c] if code == TORUS else np.inf
        for s in range(n):
            here, sizes = of_x[s], buffer[s]
            for t in range(m):
                step = abs(of_y[t] - here)
                sizes[t] += min(step, period - step) ** 2 if code == TORUS else step**root


@compiled
def _write_arcs(x: FloatArray, y: FloatArray, diameter: float, buffer: FloatArray) -> None:
    """Great circles between points on a sphere: half the angle has the tangent |x - y| / |x + y|.

    It is as right for points that are opposite to each other as for others.
    """
    for i in range(x.shape[1]):
        for j in range(y.shape[1]):
            of_difference = of_sum = 0.0
            for c in range(x.shape[0]):
                of_difference += (y[c, j] - x[c, i]) ** 2
                of_sum += (y[c, j] + x[c, i]) ** 2
            buffer[i, j] = diameter * np.arctan2(np.sqrt(of_difference), np.sqrt(of_sum))
