"""Masses as fixed-point numbers, with as many words as the lightest of them needs.

A mass is a row of words, whole numbers below 2 ** 60, which are the digits of
``word_0 + word_1 / 2 ** 60 + word_2 / 2 ** 120 + ...``. Sums of such masses are exact, and a mass
is zero or it is not, however light it is beside others.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from otgan.measures import FloatArray, IntArray
from otgan.transport.compiled import compiled

__all__ = [
    "Masses",
    "add",
    "amount",
    "amounts",
    "as_masses",
    "assign",
    "balanced_masses",
    "balanced_masses_in_loop",
    "equal_masses",
    "extremes",
    "fractions",
    "is_zero",
    "less",
    "subtract",
    "sums_of_ranges",
    "words_for",
]

Masses = npt.NDArray[np.int64]
"""Masses in fixed point, shape (n, words)."""

BITS = 60
BASE = 1 << BITS
"""A word is below it, and the masses of a probability distribution sum to it."""

LAST_DIGITS = BASE - 1

HEAVY_FRACTION = 1 / 32
"""Of the mass: the points that carry it make up for the rounding of all weights, each by 1e-14."""

KEPT_BITS = 53
"""All bits of the lightest weight are kept."""


def balanced_masses(a: FloatArray, b: FloatArray) -> tuple[Masses, Masses]:
    """Positive weights, each summing to one, as masses with equal sums.

    Equal weights are small whole numbers, which round nothing, and need no other loop.
    """
    if a.min() == a.max() and b.min() == b.max():
        return equal_masses(len(a), len(b))
    words = words_for(min(a.min(), b.min()))
    return as_masses(a, words), as_masses(b, words)


@compiled
def balanced_masses_in_loop(a: FloatArray, b: FloatArray) -> tuple[Masses, Masses]:
    """:func:`balanced_masses` for compiled loops."""
    least_a, most_a = extremes(a)
    least_b, most_b = extremes(b)
    if least_a == most_a and least_b == most_b:
        return equal_masses(len(a), len(b))
    words = words_for(min(least_a, least_b))
    return as_masses(a, words), as_masses(b, words)


@compiled
def equal_masses(n: int, m: int) -> tuple[Masses, Masses]:
    """Masses of n and m equal weights: the least whole numbers with equal sums."""
    common, rest = n, m
    while rest > 0:
        common, rest = rest, common % rest
    a, b = np.empty((n, 1), np.int64), np.empty((m, 1), np.int64)
    for i in range(n):
        a[i, 0] = m // common
    for j in range(m):
        b[j, 0] = n // common
    return a, b


@compiled
def extremes(values: FloatArray) -> tuple[float, float]:
    """The least and the largest."""
    least = most = values[0]
    for k in range(len(values)):
        least, most = min(least, values[k]), max(most, values[k])
    return least, most


@compiled
def words_for(lightest: float) -> int:
    """How many words hold all weights that sum to one, of which this is the lightest."""
    return max(1, math.ceil((KEPT_BITS - math.log2(lightest)) / BITS))


@compiled
def as_masses(weights: FloatArray, words: int) -> Masses:
    """Positive weights that sum to one, but for rounding, as masses that sum to `BASE` exactly.

    What the weights lack is shared out among the heaviest, in proportion: light ones that are
    equal stay so. Rounding leaves a little: units of a single word, one each for the first of
    them; of several words too little to matter.
    """
    n = len(weights)
    masses = np.empty((n, words), np.int64)
    for k in range(n):
        _write_digits(weights[k], masses, k)
    # A change, the difference between the masses' sum and `BASE`, and room for it to be found.
    rows = np.zeros((3, words), np.int64)
    more = _find_lacking(masses, rows)
    threshold, carried = _heavy_weight(weights)
    share = amount(rows, 1) / BASE / carried
    for k in range(n):
        if weights[k] >= threshold:
            _write_digits(weights[k] * share, rows, 0)
            _change(masses, k, rows, 0, more)
    more = _find_lacking(masses, rows)
    if words > 1:
        heaviest = 0
        for k in range(n):
            if weights[k] > weights[heaviest]:
                heaviest = k
        _change(masses, heaviest, rows, 1, more)
        return masses
    for k in range(n):
        if weights[k] >= threshold and rows[1, 0] > 0:
            masses[k, 0] += 1 if more else -1
            rows[1, 0] -= 1
    return masses


@compiled
def _heavy_weight(weights: FloatArray) -> tuple[float, float]:
    """A weight such that the points not below it carry a good part of the mass, and how much."""
    total = threshold = carried = 0.0
    for k in range(len(weights)):
        total += weights[k]
        threshold = max(threshold, weights[k])
    while carried < HEAVY_FRACTION * total:
        threshold /= 2
        carried = 0.0
        for k in range(len(weights)):
            if weights[k] >= threshold:
                carried += weights[k]
    return threshold, carried


@compiled
def _write_digits(weight: float, masses: Masses, k: int) -> None:
    """mass_k = weight, rounded to its words."""
    last = masses.shape[1] - 1
    for w in range(last + 1):
        weight *= BASE
        digits = np.rint(weight) if w == last else np.floor(weight)
        masses[k, w] = np.int64(digits)
        weight -= digits
    if last > 0 and masses[k, last] == BASE:  # rounded up
        masses[k, last] = LAST_DIGITS


@compiled
def _find_lacking(masses: Masses, rows: Masses) -> bool:
    """Write what the masses' sum and `BASE` differ by into the row 1; whether they lack it."""
    for w in range(rows.shape[1]):
        rows[1, w] = rows[2, w] = 0
    rows[1, 0] = BASE
    for k in range(len(masses)):
        add(rows, 2, masses, k)
    if less(rows, 2, rows, 1):
        subtract(rows, 1, rows, 2)
        return True
    subtract(rows, 2, rows, 1)
    assign(rows, 1, rows, 2)
    return False


@compiled
def _change(x: Masses, i: int, y: Masses, j: int, more: bool) -> None:
    """x_i += y_j, or -=."""
    if more:
        add(x, i, y, j)
    else:
        subtract(x, i, y, j)


def amounts(masses: Masses) -> FloatArray:
    """The masses as floats, the first word counting as whole."""
    values = np.zeros(len(masses))
    for word in masses.T[::-1]:
        values = values / BASE + word
    return values


def fractions(masses: Masses, of: Masses) -> FloatArray:
    """The masses as fractions of the sum of `of`."""
    return amounts(masses) / amounts(sums_of_ranges(of, np.array([0, len(of)])))[0]


@compiled
def amount(masses: Masses, k: int) -> float:
    """Mass k as a float."""
    value = 0.0
    for w in range(masses.shape[1] - 1, -1, -1):
        value = value / BASE + masses[k, w]
    return value


@compiled
def sums_of_ranges(masses: Masses, starts: IntArray) -> Masses:
    """The sums of masses starts[c] ... starts[c + 1] - 1, for every c."""
    total = np.zeros((len(starts) - 1, masses.shape[1]), np.int64)
    for c in range(len(starts) - 1):
        for k in range(starts[c], starts[c + 1]):
            add(total, c, masses, k)
    return total


# ---------------------------------------------------------------- one mass and another


@compiled
def is_zero(x: Masses, i: int) -> bool:
    """Whether x_i = 0."""
    for w in range(x.shape[1]):  # noqa: SIM110 - a loop compiles faster than a generator
        if x[i, w] != 0:
            return False
    return True


@compiled
def less(x: Masses, i: int, y: Masses, j: int) -> bool:
    """Whether x_i < y_j."""
    for w in range(x.shape[1]):
        if x[i, w] != y[j, w]:
            return x[i, w] < y[j, w]
    return False


@compiled
def assign(x: Masses, i: int, y: Masses, j: int) -> None:
    """x_i = y_j."""
    for w in range(x.shape[1]):
        x[i, w] = y[j, w]


@compiled
def add(x: Masses, i: int, y: Masses, j: int) -> None:
    """x_i += y_j."""
    carry = 0
    for w in range(x.shape[1] - 1, 0, -1):
        digits = x[i, w] + y[j, w] + carry
        x[i, w], carry = digits & LAST_DIGITS, digits >> BITS
    x[i, 0] += y[j, 0] + carry


@compiled
def subtract(x: Masses, i: int, y: Masses, j: int) -> None:
    """x_i -= y_j, which must not be more than x_i."""
    carry = 0
    for w in range(x.shape[1] - 1, 0, -1):
        digits = x[i, w] - y[j, w] + carry
        x[i, w], carry = digits & LAST_DIGITS, digits >> BITS
    x[i, 0] -= y[j, 0] - carry
