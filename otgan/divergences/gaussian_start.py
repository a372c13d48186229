"""Densities from nearest neighbors beside a Gaussian fitted to the sample.

The classical estimate takes the density for constant in the ball B that reaches the k-th neighbor.
In ten dimensions that ball is as wide as the distribution. So let the density have the shape of the
fitted Gaussian φ inside the ball, and only its level be free. With Φ(B) the Gaussian's mass in the
ball,

    log p(x) = log φ(x) + ψ(k) - log n - log Φ(B)
             = ψ(k) - log n - log V - log(mean of φ over B) + log φ(x).

What is added to log φ(x) compares what the ball holds with what the Gaussian expects in it, and has
mean zero if the distribution is Gaussian. As n grows, balls shrink until φ cancels in the second
line: it moves finite samples, not the limit.

Sources: Kozachenko and Leonenko 1987, (1), for the balls; Hjort and Glad, Nonparametric density
estimation with a parametric start (Annals of Statistics 1995), for the idea.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln

from otgan.measures import FloatArray
from otgan.transport.compiled import compiled

__all__ = [
    "Whitening",
    "enough_for_gaussian",
    "gaussian_excess",
    "gaussian_fits",
    "gaussian_kl",
    "gaussian_score",
    "log_ball_volume",
]

_FAR = 300.0  # half a squared distance, in standard deviations, beyond which no series is summed
_LOOKED_AT = 2000
_NOT_GAUSSIAN = 0.08  # nats between a distribution and its Gaussian that neighbors may show at most


class Whitening(NamedTuple):
    """The affine map that gives a sample mean zero and covariance one."""

    mean: FloatArray
    root: FloatArray
    """Lower triangular, with root rootᵀ the covariance."""

    @classmethod
    def of(cls, sample: FloatArray) -> Whitening | None:
        """From the sample covariance; ``None`` if that is singular up to rounding."""
        n, d = sample.shape
        if n <= d + 1:
            return None
        covariance = np.atleast_2d(np.cov(sample, rowvar=False))
        scales = np.sqrt(np.diagonal(covariance))
        if not (np.isfinite(covariance).all() and scales.min() > 0):
            return None
        correlations = covariance / scales[:, None] / scales
        if np.linalg.eigvalsh(correlations)[0] < 1e-10:
            return None
        return cls(sample.mean(axis=0), scales[:, None] * np.linalg.cholesky(correlations))

    def __call__(self, points: FloatArray) -> FloatArray:
        """The images of points (n, d)."""
        return np.ascontiguousarray(np.linalg.solve(self.root, (points - self.mean).T).T)

    @property
    def log_scale(self) -> float:
        """Log of the volume that one unit of volume after the map had before."""
        return float(np.log(np.diagonal(self.root)).sum())


def enough_for_gaussian(sample: FloatArray) -> bool:
    """Whether half of the points would do for a covariance and its inverse."""
    n, d = sample.shape
    return n > 4 * d + 8 and Whitening.of(sample) is not None


def gaussian_fits(sample: FloatArray) -> bool:
    """Whether a Gaussian start helps: the sample's own balls hold what the Gaussian expects.

    The mean log of the one over the other estimates KL of the distribution to the Gaussian, with an
    error of about 0.35/√n where it is none. Uniform distributions have 0.18, exponential ones 0.42.
    At most two thousand of the points are looked at.
    """
    if not enough_for_gaussian(sample):
        return False
    some = sample[:: -(-len(sample) // _LOOKED_AT)]
    if not enough_for_gaussian(some):
        return False
    k = max(5, min(20, round(math.sqrt(len(some)))))
    allowed = _NOT_GAUSSIAN + 0.5 / math.sqrt(len(some))
    return bool(gaussian_excess(some, some, (k,))[0] <= allowed)


def gaussian_kl(x: FloatArray, y: FloatArray) -> float | None:
    """KL between the Gaussians that fit two samples, without bias for Gaussian distributions.

    ``None`` where a covariance, or the mean of its inverse, does not exist.
    """
    if Whitening.of(x) is None or Whitening.of(y) is None or len(y) <= x.shape[1] + 2:
        return None
    return gaussian_score(x, x) - gaussian_score(x, y)


def gaussian_score(x: FloatArray, sample: FloatArray) -> float:
    """E log φ(X) for the Gaussian φ that fits `sample`, over `x`; no bias if both are Gaussian.

    If `x` is `sample`, this is minus the entropy.
    """
    fitted = Whitening.of(sample)
    assert fitted is not None
    squared = np.square(fitted(x)).sum(axis=1)
    d = x.shape[1]
    plug_in = -0.5 * (d * math.log(2 * math.pi) + squared) - fitted.log_scale
    return float((plug_in + _unbiased_less_plug_in(squared, sample, own=x is sample)).mean())


def _unbiased_less_plug_in(squared: FloatArray, sample: FloatArray, *, own: bool) -> FloatArray:
    """What takes the bias of a fitted Gaussian's log density, at points so far out, away.

    The mean of log det of a Wishart matrix, and for points that are not the sample's own that of
    its inverse.
    """
    m, d = sample.shape
    degrees = 0.5 * (m - 1 - np.arange(d))
    correction = np.full(len(squared), 0.5 * (digamma(degrees) - math.log(0.5 * (m - 1))).sum())
    if own:  # their squares add up to (m - 1) d, whatever the distribution; in the mean to m d
        return correction - 0.5 * d / m
    precision = (m - d - 2) / (m - 1)  # E S⁻¹ is the inverse of this times the true one
    return correction + 0.5 * ((1 - precision) * squared + d / m)


def gaussian_excess(x: FloatArray, sample: FloatArray, ks: tuple[int, ...]) -> FloatArray:
    """Means over x of ψ(k) - log n - log Φ(B), for the fitted Gaussian's balls in `sample`.

    Parameters
    ----------
    x, sample : ndarray, shapes (n, d) and (m, d)
        The sample fits a Gaussian: see :func:`gaussian_fits`. If `x` is the sample itself, each
        point is left out of its own ball.
    ks : tuple of int
        Which neighbors.

    Returns
    -------
    ndarray, shape (len(ks),)
        Added to :func:`gaussian_score`, it gives E log p. ``inf`` where a neighbor lies at
        distance 0.
    """
    own = x is sample
    m, d = sample.shape
    fitted = Whitening.of(sample)
    assert fitted is not None
    white = fitted(sample)
    at = white if own else fitted(x)
    radii = cKDTree(white).query(at, k=[k + own for k in ks])[0].T
    squared = np.square(at).sum(axis=1)
    tilt = _log_mean_tilt(squared, 0.5 * np.square(radii), d)
    with np.errstate(divide="ignore"):
        flat = log_ball_volume(d) + d * np.log(radii) - 0.5 * (squared + d * math.log(2 * math.pi))
    # m points cannot show whether a density varies by more than this inside a ball. Where the
    # Gaussian says so the density does not follow it, and its bias is not there to be corrected.
    lost = np.abs(tilt) > math.log(m)
    tilt = np.clip(tilt, -math.log(m), math.log(m))
    tilt += np.where(lost, _unbiased_less_plug_in(squared, sample, own=own), 0.0)
    return digamma(np.array(ks)) - math.log(m - own) - (flat + tilt).mean(axis=1)


def log_ball_volume(d: int) -> float:
    """Log volume of the unit ball in d dimensions."""
    return 0.5 * d * math.log(math.pi) - float(gammaln(0.5 * d + 1))


def _log_mean_tilt(squared: FloatArray, half_radii: FloatArray, d: int) -> FloatArray:
    """Log of the mean of φ(v + u)/φ(v) over |u|² <= 2 z, by rows of z = `half_radii`."""
    out = np.empty_like(half_radii)
    for row, z in zip(out, half_radii, strict=True):
        _sum_series(0.5 * squared, z, 0.5 * d, row)
    return out


@compiled
def _sum_series(halves: Any, z: Any, a: Any, out: Any) -> None:
    """Γ(a+1) z^-a e^l P(χ'² <= 2z) for the noncentral χ'² with 2a degrees and noncentrality 2l.

    Expanding both its Poisson weights and the incomplete gamma functions leaves a double sum of
    positive terms, e^-z Σ_N z^N/((a+1)...(a+N)) Σ_{j<=N} l^j/j!.
    """
    for i in range(len(z)):
        l, reach = halves[i], z[i]  # noqa: E741 - half the squared distance from the mean
        if l > _FAR or reach > _FAR:  # the largest value in the ball stands for the mean
            out[i] = l if reach > l else 2 * math.sqrt(l * reach) - reach
            continue
        outer, power, inner, total = 1.0, 1.0, 1.0, 1.0
        n = 0
        while True:
            n += 1
            outer *= reach / (a + n)
            power *= l / n
            inner += power
            term = outer * inner
            total += term
            if n > reach and n > math.sqrt(l * reach) and term < 1e-12 * total:
                break
        out[i] = math.log(total) - reach
