"""The mean of a function over one sample less its mean over another, with confidence bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from otgan.estimates import standard_error_of_gap
from otgan.measures import FloatArray

__all__ = ["MeanGap", "greatest_linear_error"]


def greatest_linear_error(x: FloatArray, y: FloatArray) -> float:
    """The greatest standard error of a gap of means that a coordinate has, in any direction.

    No 1-Lipschitz function varies more on the line, whatever the distribution, or in R^d, for a
    Gaussian one (Poincaré).

    Examples
    --------
    >>> import numpy as np
    >>> greatest_linear_error(np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[5.0, 1.0]]))
    1.0
    """
    return math.hypot(*(_greatest_deviation(z) / math.sqrt(len(z)) for z in (x, y)))


def _greatest_deviation(points: FloatArray) -> float:
    """The standard deviation of the points along the line where it is greatest."""
    centered = points - points.mean(axis=0)
    unit = float(np.abs(centered).max())
    if unit == 0:
        return 0.0
    centered /= unit  # squares fit into floats
    n, d = points.shape
    gram = centered.T @ centered if d <= n else centered @ centered.T
    return unit * math.sqrt(float(np.linalg.eigvalsh(gram)[-1]) / max(1, n - 1))


@dataclass(frozen=True)
class MeanGap:
    """E f(X) - E f(Y) estimated from values on two samples, for a function fixed before them.

    One-sided bounds use Student's quantile and Johnson's correction for skewness, which is taken
    only where it moves a bound outwards.

    Attributes
    ----------
    value : float
        Difference of the two means.
    se : float
        Its standard error.
    skewness : float
        Third cumulant of `value` in units of ``se ** 3``; 0 where `se` is 0.
    df : int
        Degrees of freedom: one less than the smaller sample, which Welch's are never below.

    References
    ----------
    Welch, The generalization of 'Student's' problem when several different population variances
    are involved (Biometrika 1947); Johnson, Modified t tests and confidence intervals for
    asymmetrical populations (JASA 1978).

    Examples
    --------
    >>> import numpy as np
    >>> gap = MeanGap.of(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0]))
    >>> print(f"{gap.value:.4f} {gap.se:.4f} {gap.lower_confidence_bound(0.975):.4f}")
    1.0000 0.8165 -2.5131
    """

    value: float
    se: float
    skewness: float
    df: int

    @classmethod
    def of(cls, f_x: FloatArray, f_y: FloatArray) -> MeanGap:
        """The gap of values of shapes (n,) and (m,); a single value shows no spread. O(n + m)."""
        n, m = len(f_x), len(f_y)
        se = standard_error_of_gap(f_x, f_y)
        skewness = 0.0
        if se > 0:
            cubes_x = float((((f_x - f_x.mean()) / se) ** 3).mean())
            cubes_y = float((((f_y - f_y.mean()) / se) ** 3).mean())
            skewness = cubes_x / n**2 - cubes_y / m**2
        return cls(float(f_x.mean() - f_y.mean()), se, skewness, min(n, m) - 1)

    def lower_confidence_bound(self, level: float) -> float:
        """A number that lies below E f(X) - E f(Y) with probability `level`."""
        return self.value - self._margin(level, -self.skewness)

    def upper_confidence_bound(self, level: float) -> float:
        """A number that lies above E f(X) - E f(Y) with probability `level`."""
        return self.value + self._margin(level, self.skewness)

    def _margin(self, level: float, skewness: float) -> float:
        t = float(stdtrit(self.df, level))
        return self.se * (t + max(0.0, skewness) * (1 + 2 * t * t) / 6)
