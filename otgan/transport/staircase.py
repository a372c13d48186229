"""The loops of transport on the line, compiled at their first call."""

from __future__ import annotations

from typing import Any

import numpy as np

from otgan.transport.compiled import compiled

__all__ = ["fill", "measure", "potentials", "sort_along"]

SAME = 8 * float(np.finfo(np.float64).eps)
"""Two masses that differ by this share of the heavier point were equal before rounding."""

ALL_BITS, SIGN_BIT = np.uint64(2**64 - 1), np.uint64(2**63)


@compiled
def fill(a: Any, b: Any, path_i: Any, path_j: Any, masses: Any) -> None:
    """Write the arcs that fill targets in order from sources in order into the last three.

    What a point has left is a sum of two numbers (Dekker 1971): taking a million masses from it
    rounds each of them, and nothing else. Where a source and a target are used up together but
    for rounding, the heavier one gives way and no dust is passed on to a neighbour. The plan is
    exact for weights that differ from the given ones by `SAME` of themselves.
    """
    n, m = len(a), len(b)
    i = j = k = 0
    left_a, lost_a, left_b, lost_b = a[0], 0.0, b[0], 0.0
    while i < n - 1 and j < m - 1:
        excess = (left_a - left_b) + (lost_a - lost_b)
        rounding = SAME * max(a[i], b[j])
        path_i[k], path_j[k] = i, j
        if excess > rounding or left_b <= 0:
            masses[k] = left_b + lost_b
            left_a, lost_a = _less(left_a, lost_a, masses[k])
            j += 1
            left_b, lost_b = b[j], 0.0
        else:
            if excess < -rounding or left_a <= 0:
                masses[k] = left_a + lost_a
                left_b, lost_b = _less(left_b, lost_b, masses[k])
            else:
                masses[k] = left_a + lost_a if a[i] < b[j] else left_b + lost_b
                left_b, lost_b = 0.0, 0.0
            i += 1
            left_a, lost_a = a[i], 0.0
        k += 1
    # From here on the path is straight, along the last source or the last target.
    while k < n + m - 1:
        path_i[k], path_j[k] = i, j
        rest_a, rest_b = max(left_a + lost_a, 0.0), max(left_b + lost_b, 0.0)
        ends_a = rest_a < rest_b or (rest_a == rest_b and j == m - 1)
        if (i < n - 1 and ends_a) or (j < m - 1 and not ends_a):
            masses[k] = rest_a if ends_a else rest_b
        else:  # one is left over, by rounding of the sums: again the heavier one gives way
            masses[k] = rest_a if a[i] < b[j] else rest_b
        if i < n - 1:
            i += 1
            left_b, lost_b = _less(left_b, lost_b, masses[k])
            left_a, lost_a = a[i], 0.0
        elif j < m - 1:
            j += 1
            left_a, lost_a = _less(left_a, lost_a, masses[k])
            left_b, lost_b = b[j], 0.0
        k += 1


@compiled
def _less(high: Any, low: Any, mass: Any) -> Any:
    """(high + low) - mass, as a sum of two numbers."""
    rest = high - mass
    return rest, low + ((high - rest) - mass)


@compiled
def measure(x: Any, y: Any, path_i: Any, path_j: Any, masses: Any, gaps: Any) -> Any:
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
def potentials(path_i: Any, path_j: Any, costs: Any, detours: Any) -> Any:
    """Potentials with f_i + g_j = C_ij along a staircase, but for its free corners.

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


@compiled
def sort_along(keys: Any, values: Any) -> Any:
    """The keys in order, and each with its value: sorted byte by byte, from the last byte on.

    A radix sort (Knuth, The Art of Computer Programming 3, 5.2.5), O(n). The bits of floats are
    in the order of the floats once those of negative ones are flipped, and the sign of others.
    """
    n = len(keys)
    bits, payload = keys.view(np.uint64), values.view(np.uint64)
    pairs, sorted_pairs = np.empty((n, 2), np.uint64), np.empty((n, 2), np.uint64)
    starts = np.zeros((8, 256), np.intp)
    for k in range(n):
        pairs[k, 0] = bits[k] ^ (ALL_BITS if bits[k] & SIGN_BIT else SIGN_BIT)
        pairs[k, 1] = payload[k]
        for place in range(8):
            starts[place, _byte(pairs[k, 0], place)] += 1
    for place in range(8):
        start = starts[place]
        before = 0
        for byte in range(256):
            before, start[byte] = before + start[byte], before
        for k in range(n):
            byte = _byte(pairs[k, 0], place)
            sorted_pairs[start[byte], 0] = pairs[k, 0]
            sorted_pairs[start[byte], 1] = pairs[k, 1]
            start[byte] += 1
        pairs, sorted_pairs = sorted_pairs, pairs
    for k in range(n):
        pairs[k, 0] ^= SIGN_BIT if pairs[k, 0] & SIGN_BIT else ALL_BITS
    floats = pairs.view(np.float64)
    return floats[:, 0].copy(), floats[:, 1].copy()


@compiled
def _byte(bits: Any, place: Any) -> Any:
    return (bits >> np.uint64(8 * place)) & np.uint64(255)
