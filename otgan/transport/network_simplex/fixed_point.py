"""Masses as fixed-point numbers, with as many words as the lightest of them needs.

A mass is a row of words, whole numbers below 2 ** 60, which are the digits of
``word_0 + word_1 / 2 ** 60 + word_2 / 2 ** 120 + ...``. Sums of such masses are exact, and a mass
is zero or it is not, however light it is beside others.
"""

from __future__ import annotations

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


@compiled
def balanced_masses(a: FloatArray, b: FloatArray) -> tuple[Masses, Masses]:
    """Positive weights, each summing to one, as masses with equal sums.

    Equal weights are small whole numbers, which round nothing.
    """
    n, m = len(a), len(b)
    if a.min() == a.max() and b.min() == b.max():
        common = np.gcd(n, m)
        return np.full((n, 1), m // common), np.full((m, 1), n // common)
    words = words_for(min(a.min(), b.min()))
    return as_masses(a, words), as_masses(b, words)


@compiled
def words_for(lightest: float) -> int:
    """How many words hold all weights that sum to one, of which this is the lightest."""
    return max(1, int(np.ceil((KEPT_BITS - np.log2(lightest)) / BITS)))


@compiled
def as_masses(weights: FloatArray, words: int) -> Masses:
    """Positive weights that sum to one, but for rounding, as masses that sum to `BASE` exactly.

    What the weights lack is shared out among the heaviest, in proportion: light ones that are
    equal stay so. Rounding leaves a little: units of a single word, one each for the first of
    them; of several words too little to matter.
    """
    masses = np.empty((len(weights), words), np.int64)
    _write_digits(weights, masses)
    lacking, more = _lacking(masses)
    heavy = _heaviest(weights)
    change = np.empty((len(heavy), words), np.int64)
    of_heavy = weights[heavy]
    _write_digits(of_heavy * (amount(lacking, 0) / BASE / of_heavy.sum()), change)
    for k in range(len(heavy)):
        _change(masses, heavy[k], change, k, more)
    lacking, more = _lacking(masses)
    if words > 1:
        _change(masses, int(weights.argmax()), lacking, 0, more)
    else:
        for k in range(lacking[0, 0]):  # a loop, since an array of indices compiles for a second
            masses[heavy[k], 0] += 1 if more else -1
    return masses


@compiled
def _heaviest(weights: FloatArray) -> IntArray:
    """The points above some weight, which together carry a good part of the mass."""
    threshold = weights.max()
    carried = 0.0
    while carried < HEAVY_FRACTION * weights.sum():
        threshold /= 2
        carried = 0.0
        for w in weights:
            carried += w if w >= threshold else 0.0
    return np.flatnonzero(weights >= threshold)


@compiled
def _write_digits(weights: FloatArray, masses: Masses) -> None:
    last = masses.shape[1] - 1
    for k in range(len(weights)):
        rest = weights[k]
        for w in range(last + 1):
            rest *= BASE
            digits = np.rint(rest) if w == last else np.floor(rest)
            masses[k, w] = np.int64(digits)
            rest -= digits
        if last > 0 and masses[k, last] == BASE:  # rounded up
            masses[k, last] = LAST_DIGITS


@compiled
def _lacking(masses: Masses) -> tuple[Masses, bool]:
    """The difference between the masses' sum and `BASE`, as a row, and whether they lack it."""
    whole = np.zeros((2, masses.shape[1]), np.int64)
    whole[1, 0] = BASE
    for k in range(len(masses)):
        add(whole, 0, masses, k)
    if less(whole, 0, whole, 1):
        subtract(whole, 1, whole, 0)
        return whole[1:], True
    subtract(whole, 0, whole, 1)
    return whole[:1], False


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
