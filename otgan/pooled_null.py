"""Intervals for quantities that are zero where two distributions are equal, and never negative.

To first order no point moves such a quantity at equal distributions: what is left of its estimate
is a weighted sum of chi-squares, smaller by a power of n, skewed, and less the mean that an
unbiased estimate takes off. The normal interval misses zero there. So the labels of the pooled
points are permuted, which makes the two distributions equal: if the value is not among the largest
that this shows, equal distributions are possible, and the interval becomes the hull of the normal
one and of another around zero, as wide as the values of permuted labels spread. Near equal
distributions an estimate varies more, the larger the quantity is, which a small estimate does not
know: so the upper end is that of the square of a normal number, or for a metric that of the
triangle inequality (otgan.transport.plug_in_bias).

With (1 - confidence_level)/2 as the level of that test, which is exact for any sizes and any
statistic, the interval misses zero at equal distributions with that probability at most; elsewhere
it is no shorter than the normal one.

Sources: Gretton et al., A kernel two-sample test (2012), theorem 12, for the limit; Phipson and
Smyth, Permutation p-values should never be zero (2010), for the test; its inversion at one point is
that of Lehmann and Romano, Testing statistical hypotheses (2005), section 3.5.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from otgan.estimates import normal_interval
from otgan.label_statistic import BoolArray
from otgan.measures import FloatArray

__all__ = [
    "ROUNDING",
    "PooledNull",
    "WidenedInterval",
    "count_permutations",
    "extend_to_zero",
    "permuted_labels",
]

CHEAP_FACTOR = 5
"""So many times the fewest permutations, where they are cheap: a sharper test."""

MAX_PERMUTATIONS = 1999
"""However high the level: beyond 0.999, equal distributions are never rejected."""

ROUNDING = 1e-9
"""Values nearer than this, as a fraction of the largest, count as equal; and p-values."""

ZERO_INCLUDED = (
    "equal distributions show such values too, under permuted labels, so the interval was widened "
    "to hold zero; otgan.two_sample_test tests whether the distributions differ at all"
)


class WidenedInterval(NamedTuple):
    """A standard error and an interval that hold at equal distributions too, with the warnings."""

    se: float
    interval: tuple[float, float]
    warnings: tuple[str, ...]


class PooledNull(NamedTuple):
    """What permuted labels of the pooled points show, under which the distributions are equal.

    Attributes
    ----------
    pvalue : float
        At most α with probability at most α if the distributions are equal, for every α.
    spread : float
        Standard deviation, over permuted labels, of the estimate.
    """

    pvalue: float
    spread: float

    @classmethod
    def from_values(cls, values: FloatArray, *, scale: float = 1.0) -> PooledNull:
        """From a statistic of the samples, then under permuted labels: values of shape (1 + B,).

        `scale` is what one unit of the statistic is worth in the estimate, near equal
        distributions.

        Examples
        --------
        >>> PooledNull.from_values(np.array([2.5, 1.0, 2.0, 3.0]))
        PooledNull(pvalue=0.5, spread=1.0)
        """
        reached = int((values >= values[0] - ROUNDING * np.abs(values).max()).sum())
        return cls(reached / len(values), scale * float(values[1:].std(ddof=1)))

    @classmethod
    def by_tail_bound(cls, value: float, mean: float, confidence_level: float) -> PooledNull | None:
        """Without permutations, where `value` is far above its mean under the null, or None.

        A weighted sum of chi-squares exceeds q times its mean at most as often as one of them does
        (Székely and Bakirov, Extremal probabilities for Gaussian quadratic forms, 2003). Spares
        work for many points, at a tenth of the level.

        Examples
        --------
        >>> PooledNull.by_tail_bound(1.0, 0.5, 0.95)
        >>> PooledNull.by_tail_bound(1.0, 0.05, 0.95).pvalue < 1e-5
        True
        """
        bound = math.erfc(math.sqrt(max(value, 0.0) / (2 * mean))) if mean > 0 else 1.0
        return cls(bound, 0.0) if bound <= (1 - confidence_level) / 20 else None

    def include_zero(
        self,
        se: float,
        interval: tuple[float, float],
        confidence_level: float,
        *,
        high: float,
    ) -> WidenedInterval:
        """The hull with an interval around zero, unless equal distributions are rejected.

        Parameters
        ----------
        se, interval : float, tuple of float
            As they are far from equal distributions.
        confidence_level : float
        high : float
            The largest quantity that is compatible with the estimate near equal distributions, such
            as :meth:`largest_square`.

        Examples
        --------
        >>> PooledNull(0.5, 1.0).include_zero(0.1, (-2.2, -1.8), 0.95, high=0.5)[:2]
        (1.0, (-2.2, 1.9599639845400536))
        >>> PooledNull(0.001, 1.0).include_zero(0.1, (1.8, 2.2), 0.95, high=3.0)
        WidenedInterval(se=0.1, interval=(1.8, 2.2), warnings=())
        """
        if self.pvalue <= (1 - confidence_level) / 2 + ROUNDING and interval[1] > 0:
            return WidenedInterval(se, interval, ())
        low, around_zero = normal_interval(0.0, self.spread, confidence_level)
        hull = min(interval[0], low), max(interval[1], around_zero, high)
        return WidenedInterval(max(se, self.spread), hull, (ZERO_INCLUDED,))

    def largest_square(self, unbiased: float, confidence_level: float) -> float:
        """The largest λ μ² that is compatible with the value λ ((Z + μ)² - 1) of a normal Z.

        For :meth:`include_zero` of a quantity that is a square near equal distributions.

        At equal distributions that value has the standard deviation √2 λ. Of all weighted sums of
        such squares that spread as far there, one square alone varies most beside it.
        """
        unit = self.spread / math.sqrt(2)
        if unit == 0:
            return 0.0
        margin = normal_interval(0.0, 1.0, confidence_level)[1]
        return unit * (math.sqrt(max(1 + unbiased / unit, 0.0)) + margin) ** 2


def extend_to_zero(interval: tuple[float, float]) -> tuple[float, float]:
    """The hull of an interval with one of the same width around zero, if it lies below zero.

    For estimates that are normal at equal distributions as well: a quantity that is never negative
    cannot lie where no value of it does.

    Examples
    --------
    >>> extend_to_zero((-3.0, -1.0)), extend_to_zero((-1.0, 3.0))
    ((-3.0, 1.0), (-1.0, 3.0))
    """
    low, high = interval
    return (low, high) if high >= 0 else (low, (high - low) / 2)


def permuted_labels(
    n: int, m: int, confidence_level: float, rng: np.random.Generator, *, cheap: bool
) -> BoolArray:
    """Labels of n + m points, n of them True: those of the samples, then B random permutations.

    Shape (1 + B, n + m). B is the least at which a two-sided level of `confidence_level` can be
    reached, or five times as many if they are cheap: 39 or 199 for 0.95.

    Examples
    --------
    >>> labels = permuted_labels(2, 3, 0.95, np.random.default_rng(0), cheap=False)
    >>> labels.shape, set(labels.sum(axis=1).tolist()), labels[0].tolist()
    ((40, 5), {2}, [True, True, False, False, False])
    """
    observed = np.arange(n + m) < n
    count = count_permutations(confidence_level, cheap=cheap)
    return np.vstack([observed, rng.permuted(np.tile(observed, (count, 1)), axis=1)])


def count_permutations(confidence_level: float, *, cheap: bool) -> int:
    """How many permutations :func:`permuted_labels` draws.

    Examples
    --------
    >>> [count_permutations(level, cheap=True) for level in (0.9, 0.95, 0.99, 1 - 1e-9)]
    [99, 199, 999, 1999]
    """
    fewest = math.ceil(2 / (1 - confidence_level) - 1e-6)
    return min(MAX_PERMUTATIONS, fewest * (CHEAP_FACTOR if cheap else 1) - 1)
