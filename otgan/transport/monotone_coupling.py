"""The monotone coupling of sorted points on the line: its arcs, gaps and potentials.

Compiled loops, apart from their callers because importing Numba takes some tenths of a second.
"""

from __future__ import annotations

import numpy as np

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled
from otgan.transport.rounding import EPS

__all__ = [
    "northwest_fill",
    "path_potentials",
    "relative_deficit",
    "weighted_gaps",
]

EQUAL_MASS = 8 * EPS
"""Two masses that differ by this fraction of the heavier one were equal before rounding."""

BALANCED = 1e-9
"""Total masses that differ by less than this fraction were equal before rounding."""


@compiled
def northwest_fill(
    a: FloatArray,
    b: FloatArray,
    extra: float,
    path_i: IntArray,
    path_j: IntArray,
    masses: FloatArray,
) -> None:
    """The north-west corner rule: write the arcs that fill targets in order into the last three.

    The path is laid from both ends toward the heaviest source, which gets what is left: there
    the rounding of sums matters least, where the last point might be lighter than it. Targets
    are heavier than b by the fraction `extra` of themselves, see :func:`relative_deficit`.
    """
    n, m = len(a), len(b)
    heaviest = 0
    for i in range(n):
        if a[i] >= a[heaviest]:
            heaviest = i
    path = path_i, path_j, masses
    first, j, rest = _sweep(a, b, extra, (0, heaviest), (0, m - 1), 0, path)
    last, _, rest_ = _sweep(a, b, extra, (n - 1, heaviest), (m - 1, j), n + m - 2, path)
    for k in range(first, last + 1):
        path_i[k], path_j[k], masses[k] = heaviest, j + k - first, b[j + k - first]
    if first == last:
        masses[first] = max(rest + (rest_ - b[j]), 0.0)
        if a[heaviest] <= b[j] and abs(masses[first] - a[heaviest]) <= BALANCED * b[j]:
            masses[first] = a[heaviest]
    else:
        masses[first], masses[last] = rest, rest_
    carried = 0.0
    for k in range(first, last + 1):
        carried += masses[k]
    if carried > (1.0 + BALANCED) * a[heaviest]:  # unequal totals: no point may carry too much
        for k in range(first, last + 1):
            masses[k] *= a[heaviest] / carried


@compiled
def _sweep(
    a: FloatArray,
    b: FloatArray,
    extra: float,
    sources: tuple[int, int],
    targets: tuple[int, int],
    k: int,
    path: tuple[IntArray, IntArray, FloatArray],
) -> tuple[int, int, float]:
    """Lay the path from one end of the sources to another, short of it, from arc k on.

    What a point has left is a sum of two numbers (Dekker 1971): taking a million masses from it
    rounds each of them, and nothing else. Where a source and a target are used up together but
    for rounding, the heavier one is adjusted and no rounding error is passed on to a neighbor. The
    plan is exact for weights that differ from the given ones by `EQUAL_MASS` of themselves.

    Returns
    -------
    k, j, rest : int, int, float
        The next arc, the target that it leads to, and what that one still lacks.
    """
    path_i, path_j, masses = path
    (i, stop), (j, last) = sources, targets
    step = 1 if k == 0 else -1
    left_a, lost_a = a[i], 0.0
    left_b, lost_b = b[j], b[j] * extra
    while i != stop:
        excess = (left_a - left_b) + (lost_a - lost_b)
        rounding = EQUAL_MASS * max(a[i], b[j])
        path_i[k], path_j[k] = i, j
        if j != last and (excess > rounding or left_b <= 0):
            mass = max(left_b + lost_b, 0.0)
            left_a, lost_a = _subtracted(left_a, lost_a, mass)
            j += step
            left_b, lost_b = b[j], b[j] * extra
        elif excess < -rounding or left_a <= 0 or left_b <= 0 or excess > rounding:
            mass = max(min(left_a + lost_a, left_b + lost_b), 0.0)
            left_b, lost_b = _subtracted(left_b, lost_b, mass)
            i += step
            left_a, lost_a = a[i], 0.0
        else:  # the next arc carries nothing: from either end it is (i + 1, j), if it may be
            mass = left_a + lost_a if a[i] < b[j] else left_b + lost_b
            if step < 0 and j != last:
                left_a, lost_a = 0.0, 0.0
                j += step
                left_b, lost_b = b[j], b[j] * extra
            else:
                left_b, lost_b = 0.0, 0.0
                i += step
                left_a, lost_a = a[i], 0.0
        masses[k] = mass
        k += step
    return k, j, max(left_b + lost_b, 0.0)


@compiled
def relative_deficit(a: FloatArray, b: FloatArray) -> float:
    """By which fraction b sums to less than a; 0 if the difference is more than rounding."""
    total = lost = size = 0.0
    for side in range(2):
        for k in range(len(b) if side else len(a)):
            term = (-b[k] if side else a[k]) - lost
            raised = total + term
            lost = (raised - total) - term
            total = raised
            size = max(size, total)
    return total / size if abs(total) <= BALANCED * size else 0.0


@compiled
def _subtracted(high: float, low: float, mass: float) -> tuple[float, float]:
    """(high + low) - mass, as a sum of two numbers."""
    rest = high - mass
    return rest, low + ((high - rest) - mass)


@compiled
def weighted_gaps(
    x: FloatArray,
    y: FloatArray,
    path_i: IntArray,
    path_j: IntArray,
    masses: FloatArray,
    gaps: FloatArray,
) -> tuple[float, float]:
    """Write |x_i - y_j| into `gaps`, 0 on idle arcs; return the largest, and the sum by mass."""
    total = lost = largest = 0.0
    for k in range(len(masses)):
        gaps[k] = abs(x[path_i[k]] - y[path_j[k]]) if masses[k] > 0 else 0.0
        largest = max(largest, gaps[k])
        # Kahan's sum: a million roundings would show.
        term = gaps[k] * masses[k] - lost
        raised = total + term
        lost = (raised - total) - term
        total = raised
    return largest, total


@compiled
def path_potentials(
    path_i: IntArray, path_j: IntArray, costs: FloatArray, detours: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Potentials with f_i + g_j = C_ij along the path of arcs, but for its free corners.

    A free corner (i + 1, j), between (i, j) and (i + 1, j + 1), bears no mass, so that the path
    might as well take (i, j + 1), whose cost is its entry in `detours` (minus infinity
    elsewhere). Either way gives feasible potentials, and so does all between, for they form a
    convex set; those nearest to zero keep the most digits.
    """
    f, g = np.empty(path_i[-1] + 1), np.empty(path_j[-1] + 1)
    f[0], g[0] = 0.0, costs[0]
    for k in range(1, len(costs)):
        i, j = path_i[k], path_j[k]
        if i == path_i[k - 1]:
            g[j] = costs[k] - f[i]
            continue
        f[i] = costs[k] - g[j]
        if detours[k] > -np.inf:
            least = costs[k + 1] - (detours[k] - f[i - 1])
            f[i] = min(f[i], max(least, 0.0))
    return f, g
