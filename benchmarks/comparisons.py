"""Which settings the seeds tell apart: Welch's test, with Holm's correction for several."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

LEVEL = 0.05


Strata = tuple[Sequence[float], Sequence[float]]
"""Seeds of two settings that have something else in common."""


class Comparison(NamedTuple):
    """Mean of one setting less that of another, over seeds.

    Attributes
    ----------
    difference, se : float
    p : float
        Of Welch's test that the means are equal, two-sided.
    """

    difference: float
    se: float
    p: float


def welch(values: Sequence[float], others: Sequence[float]) -> Comparison:
    """Compare two settings, with two seeds or more each.

    Where no seed differs from another of the same setting, p is zero or one. Welch, The
    generalization of "Student's" problem (1947).
    """
    return stratified_welch([(values, others)])


def stratified_welch(strata: Sequence[Strata]) -> Comparison:
    """Compare two settings in several strata, by the mean of the differences in each.

    The variances of all means are added; the degrees of freedom are Welch's for that sum.
    """
    difference = float(np.mean([np.mean(values) - np.mean(others) for values, others in strata]))
    groups = [group for pair in strata for group in pair]
    squares = [float(np.var(v, ddof=1)) / len(v) / len(strata) ** 2 for v in groups]
    se = math.sqrt(sum(squares))
    if se == 0.0:
        return Comparison(difference, se, float(difference == 0.0))
    parts = [square**2 / (len(v) - 1) for square, v in zip(squares, groups, strict=True)]
    return Comparison(difference, se, 2.0 * float(t.sf(abs(difference) / se, se**4 / sum(parts))))


def holm(p: Sequence[float]) -> list[float]:
    """Adjusted p-values: at most a fraction LEVEL of such families holds one below it by chance.

    Holm, A simple sequentially rejective multiple test procedure (1979).

    >>> [round(x, 6) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda at: p[at])):
        largest = max(largest, min(1.0, (len(p) - rank) * p[at]))
        adjusted[at] = largest
    return adjusted


def told_apart(comparisons: Mapping[str, Comparison]) -> dict[str, bool]:
    """Which of a family of comparisons show a difference, by their names."""
    adjusted = holm([comparison.p for comparison in comparisons.values()])
    return {name: p < LEVEL for name, p in zip(comparisons, adjusted, strict=True)}
