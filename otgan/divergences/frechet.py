"""The Fréchet distance: W2 between the Gaussians that fit two samples, and its square."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import PointCost
from otgan.estimates import (
    Estimate,
    interval_of_power,
    root_and_error,
    rooted,
    standard_error_of_gap,
)
from otgan.inputs.options import as_confidence, as_rng
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray
from otgan.measures import FloatArray, as_samples, refuse_gradients
from otgan.pooled_null import PooledNull, WidenedInterval, permuted_labels

__all__ = ["frechet_distance", "frechet_distance_squared", "squared_frechet"]

GROUPS = 10
"""Parts of the samples that the jackknife of the bias leaves out in turn."""

RANK = 1e-12
"""Width, over that of the widest direction, of a direction in which the points do not spread."""


@checks_keywords
def frechet_distance(x: Any, y: Any, *, rng: Any = 0, confidence_level: float = 0.95) -> Estimate:
    """W2 between the Gaussians with the means and covariances of two samples.

    ``D² = |μ1 - μ2|² + tr Σ1 + tr Σ2 - 2 tr (Σ1^½ Σ2 Σ1^½)^½``, the Bures-Wasserstein distance.
    It is at most W2 of the distributions, and depends on nothing but means and covariances.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least three of each. Covariances are divided
        by n - 1.
    rng : int or numpy.random.Generator, default 0
        Permutes the labels.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        In the units of x. Diagnostics: `squared` is D²; `bias` estimates by how much D² is too
        large in the mean, as sampled covariances differ even between equal distributions. The
        interval is for the distributions: the roots of one around D² - bias. `value` is the
        distance of the samples, which a large bias puts above it. `null_pvalue` is how often
        permuted labels give moments as far apart; if equal ones are possible by that, the interval
        holds zero, and a warning says so.

    Raises
    ------
    InvalidInputError
        Fewer than three points, columns that differ, NaN, tensors that require gradients, or a
        confidence_level outside (0, 1).

    See Also
    --------
    frechet_distance_squared : the square, which the Fréchet inception distance (FID) is.

    Notes
    -----
    Covariances are never formed: with centered points X and Y as rows, the last trace is the sum
    of the singular values of X Yᵀ, scaled, so that singular ones (n <= d) do no harm. The
    standard error is the delta method's: a point moves D² by
    2 (μ1 - μ2)·(x - μ1) + (x - μ1)ᵀ (I - T)(x - μ1), where T is the optimal linear map. The
    interval takes Student's quantile, with one less than the points of the smaller sample. The bias
    is a jackknife over ten groups: every tenth point is left out, so rows are taken to be in no
    order. At equal moments D² is, to second order, the sum of ``|μ1 - μ2|²`` and of all
    (Σ1 - Σ2)²_ij / 2(λ_i + λ_j) in coordinates that diagonalize the covariance of both samples,
    with eigenvalues λ: this is what labels are permuted for (``otgan.pooled_null``).

    O((n + m) d² + min(n + m, d)³) time for the fit, its ten parts, and 39 permutations at 95 %.

    Source: Dowson and Landau, The Fréchet distance between multivariate normal distributions,
    1982.

    Examples
    --------
    >>> result = frechet_distance([-1, 0, 1], [2, 5, 8])  # means 0 and 5, variances 1 and 9
    >>> print(f"{result.diagnostics['squared']:.6f}")
    29.000000
    """
    found = _compared("frechet_distance", x, y, rng, confidence_level)
    widened, unit = found.widened, found.exponent
    distance, se = root_and_error(found.squared, widened.se, 2)
    low, high = rooted(widened.interval, 2.0)
    return found.estimate(
        value=math.ldexp(distance, unit),
        se=math.ldexp(se, unit),
        interval=(math.ldexp(low, unit), math.ldexp(high, unit)),
        method="fréchet",
        diagnostics={"squared": math.ldexp(found.squared, 2 * unit)},
    )


@checks_keywords
def frechet_distance_squared(
    x: Any, y: Any, *, rng: Any = 0, confidence_level: float = 0.95
) -> Estimate:
    """Squared W2 between the Gaussians with the means and covariances of two samples.

    Of the features of a network it is the Fréchet inception distance (FID), as in torchmetrics.

    Parameters
    ----------
    x, y, rng, confidence_level
        As in :func:`frechet_distance`.

    Returns
    -------
    Estimate
        In the squared unit of x. `value` is D² of the samples, bias included, as FID is reported;
        the interval is for the distributions, around D² less the diagnostic `bias`, and its ends
        may be negative. `root` is :func:`frechet_distance`; `null_pvalue` is as there.

    Raises
    ------
    InvalidInputError
        As in :func:`frechet_distance`.

    Notes
    -----
    As in :func:`frechet_distance`.

    Source: Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium, 2017, for FID.

    Examples
    --------
    >>> print(f"{float(frechet_distance_squared([-1, 0, 1], [2, 5, 8])):.6f}")  # 25 + (1 - 3)²
    29.000000
    """
    found = _compared("frechet_distance_squared", x, y, rng, confidence_level)
    widened, unit = found.widened, 2 * found.exponent
    low, high = widened.interval
    return found.estimate(
        value=math.ldexp(found.squared, unit),
        se=math.ldexp(widened.se, unit),
        interval=(math.ldexp(low, unit), math.ldexp(high, unit)),
        method="fréchet, squared",
        diagnostics={"root": math.ldexp(math.sqrt(found.squared), found.exponent)},
    )


def squared_frechet(x: FloatArray, y: FloatArray) -> float:
    """The value of :func:`frechet_distance_squared` alone, of samples that have been checked.

    Examples
    --------
    >>> x, y = np.array([[-1.0], [0], [1]]), np.array([[2.0], [5], [8]])
    >>> print(f"{squared_frechet(x, y):.6f}")
    29.000000
    """
    return _fit(x, y).squared


class _Compared(NamedTuple):
    """D² of two samples in units of a power of two, with what its distance and square share."""

    sizes: tuple[int, int]
    exponent: int
    squared: float
    bias: float
    null: PooledNull
    widened: WidenedInterval
    confidence_level: float
    warnings: tuple[str, ...]

    def estimate(self, *, diagnostics: dict[str, float], **fields: Any) -> Estimate:
        n, m = self.sizes
        return Estimate(
            **fields,
            n=n,
            m=m,
            confidence_level=self.confidence_level,
            diagnostics={
                **diagnostics,
                "bias": math.ldexp(self.bias, 2 * self.exponent),
                "null_pvalue": self.null.pvalue,
            },
            warnings=self.warnings,
        )


def _compared(name: str, x: Any, y: Any, rng: Any, confidence_level: float) -> _Compared:
    refuse_gradients(name, x, y)
    x, y = as_samples(x, y, least=3)  # the jackknife leaves one out
    PointCost.between(x, y, "euclidean", 2.0)  # refuses coordinates whose squares would overflow
    # In units of a power of two near their extent, fourth powers of the points fit into floats; a
    # common offset, which may be far larger than the extent, does not.
    x, y = x - y[0], y - y[0]
    _, exponent = math.frexp(float(np.ptp(np.concatenate([x, y]), axis=0).max()))
    x, y = np.ldexp(x, -exponent), np.ldexp(y, -exponent)
    fit = _fit(x, y)
    bias = _bias(x, y, fit.squared)
    null = _pooled_null(x, y, as_confidence(confidence_level), as_rng(rng))
    se, unbiased = standard_error_of_gap(fit.of_x, fit.of_y), fit.squared - bias
    normal = interval_of_power(unbiased, se, 2, confidence_level, df=min(len(x), len(y)) - 1)
    high = null.largest_square(unbiased, confidence_level)
    widened = null.include_zero(se, normal, confidence_level, high=high)
    warnings = widened.warnings + _warn_of_bias(min(len(x), len(y)), x.shape[1], bias, se)
    return _Compared(
        sizes=(len(x), len(y)),
        exponent=exponent,
        squared=fit.squared,
        bias=bias,
        null=null,
        widened=widened,
        confidence_level=confidence_level,
        warnings=warnings,
    )


class _Fit(NamedTuple):
    """D² of two samples, and how much each point moves it, up to a constant."""

    squared: float
    of_x: FloatArray
    of_y: FloatArray


def _fit(x: FloatArray, y: FloatArray) -> _Fit:
    shift = (x - y[0]).mean(axis=0) - (y - y[0]).mean(axis=0)  # a common offset costs no digits
    (q1, r1, deviations_x), (q2, r2, deviations_y) = _factor(x), _factor(y)
    size = max(len(r1), len(r2))
    r1, r2 = _padded(r1, size), _padded(r2, size)
    u, s, vt = np.linalg.svd(r1 @ r2.T)
    # min over rotations O of |R1 - O R2|², at O = U Vᵀ (Procrustes): no difference of traces.
    spread = float(((r1 - u @ vt @ r2) ** 2).sum())
    of_x = 2 * deviations_x @ shift + (deviations_x**2).sum(axis=1) - _mapped(q1, u, s)
    of_y = -2 * deviations_y @ shift + (deviations_y**2).sum(axis=1) - _mapped(q2, vt.T, s)
    return _Fit(float(shift @ shift) + spread, of_x, of_y)


def _factor(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Q and R with QR = (x - μ)/√(n - 1), so that Σ = RᵀR; and x - μ."""
    shifted = points - points[0]
    deviations = shifted - shifted.mean(axis=0)
    q, r = np.linalg.qr(deviations / math.sqrt(len(points) - 1))
    return q, r, deviations


def _padded(r: FloatArray, size: int) -> FloatArray:
    return np.concatenate([r, np.zeros((size - len(r), r.shape[1]))])


def _mapped(q: FloatArray, u: FloatArray, s: FloatArray) -> FloatArray:
    """(x - μ)ᵀ T (x - μ) for every point: rows of Q U are its singular vectors of X Yᵀ."""
    vectors = q @ u[: q.shape[1]]
    return (len(q) - 1) * (vectors**2 @ s)


def _bias(x: FloatArray, y: FloatArray, squared: float) -> float:
    """The jackknife's estimate of E D² of samples less D² of the distributions."""
    groups = min(GROUPS, len(x), len(y))
    kept = [np.arange(max(len(x), len(y))) % groups != k for k in range(groups)]
    without = [_fit(x[keep[: len(x)]], y[keep[: len(y)]]).squared for keep in kept]
    return (groups - 1) * (float(np.mean(without)) - squared)


def _pooled_null(
    x: FloatArray, y: FloatArray, confidence_level: float, rng: np.random.Generator
) -> PooledNull:
    """From D² to second order at equal distributions, for which one decomposition serves all."""
    points = np.concatenate([x, y]) - y[0]
    points -= points.mean(axis=0)
    _, widths, axes = np.linalg.svd(points, full_matrices=False)
    kept = widths > RANK * widths[0]
    points = points @ axes[kept].T
    variances = widths[kept] ** 2 / len(points)
    weights = 0.5 / (variances[:, None] + variances)
    labels = permuted_labels(len(x), len(y), confidence_level, rng, cheap=False)
    return PooledNull.from_values(np.array([_second_order(points, row, weights) for row in labels]))


def _second_order(points: FloatArray, of_x: BoolArray, weights: FloatArray) -> float:
    """|μ1 - μ2|² and the weighted squares of Σ1 - Σ2, between two parts of the points."""
    parts = points[of_x], points[~of_x]
    shift = parts[0].mean(axis=0) - parts[1].mean(axis=0)
    stretch = np.atleast_2d(np.cov(parts[0].T)) - np.atleast_2d(np.cov(parts[1].T))
    return float(shift @ shift + (weights * stretch**2).sum())


def _warn_of_bias(n: int, d: int, bias: float, se_squared: float) -> tuple[str, ...]:
    if n <= d:
        return (
            f"{n} points in {d} dimensions do not determine a covariance: the value is far too "
            "large, and neither its error nor its bias is known",
        )
    if bias > se_squared:
        return (
            "the value is too large in the mean, by more than its standard error; the interval "
            "makes up for that, and more points would too",
        )
    return ()
