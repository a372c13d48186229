"""KL and JS from nearest neighbors: how far the next points of either sample are.

Sources: Wang, Kulkarni and Verdú, Divergence estimation for multidimensional densities via
k-nearest-neighbor distances (IEEE Transactions on Information Theory 2009), (5) and (29);
Pérez-Cruz, Kullback-Leibler divergence estimation of continuous distributions (ISIT 2008);
Ross, Mutual information between discrete and continuous data sets (PLoS ONE 2014), (2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

from otgan.divergences.affine_hull import project_to_affine_hull
from otgan.divergences.gaussian_start import (
    Whitening,
    enough_for_gaussian,
    gaussian_excess,
    gaussian_fits,
    gaussian_kl,
    gaussian_score,
    log_ball_volume,
)
from otgan.divergences.held_out import warn_beyond_log_m
from otgan.divergences.knn_of_labels import kl_of_labels
from otgan.divergences.knn_warnings import (
    ALTERNATIVE_POINTS,
    some_of,
    warn_disagreement,
    warn_few_points,
    warn_many_dimensions,
    warn_negative,
    warn_out_of_reach,
    warn_unstable,
)
from otgan.divergences.subsampling import check_subsamples, subsample_spread
from otgan.errors import DuplicateSamplesError, InvalidInputError
from otgan.estimates import Estimate, normal_interval
from otgan.inputs.options import as_count, as_flag
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray, LabelStatistic
from otgan.measures import FloatArray
from otgan.pooled_null import extend_to_zero

__all__ = ["NearestNeighbors"]

_NEAR, _WIDE = 5, 20


@checks_keywords
@dataclass(frozen=True)
class NearestNeighbors:
    """k-nearest-neighbor estimates of KL and JS between distributions with densities.

    For each x_i, ρ is its distance to the k-th other point of x, ν that to the k-th point of y, and
    KL(P‖Q) is estimated by ``mean d log(ν/ρ) + log(m/(n-1))``. By default a Gaussian is fitted to
    each sample, unless neighbors show that one does not fit, and their KL is corrected by how many
    points the balls hold that the Gaussians do not expect there. That removes most of the bias in
    higher dimension.

    Parameters
    ----------
    k : int or {"auto", "matched"}
        The neighbor in x. ``"auto"`` takes the 5th, and beside a Gaussian the √n-th (at most the
        20th), whose noise is smaller, unless the two estimates differ by more than three standard
        errors of their difference, which shows a bias. ``"matched"`` reduces the bias by
        one radius for both samples, the larger of the two nearest distances.
    k_y : int, optional
        The neighbor in y, if it is to be another one than in x.
    start : {"auto", "gaussian", "none"}
        Whether balls are read beside a Gaussian. ``"matched"`` and `k_y` go without.
    whiten : bool
        Whether distances are those of coordinates in which y has covariance one (with a Gaussian
        start each sample has its own). KL does not depend on coordinates, the estimate does.

    Raises
    ------
    InvalidInputError
        A parameter that has no meaning.

    Notes
    -----
    O((n + m) log m) time in low dimension, up to O(n m) in high dimension. The standard error is
    that of subsamples, the bootstrap being invalid here. No estimate from m points can be trusted
    far beyond log m: there, the distance to the nearest y says little about the density of Q.

    As a statistic of :func:`otgan.two_sample_test` it is KL(P‖Q) under permuted labels. With a
    number for `k`, ``start="none"`` and ``whiten=False`` the neighbors are searched for once, and
    999 permutations take a second or so; otherwise every permutation takes one estimate.

    Examples
    --------
    >>> x, y = np.array([[1.0], [2.0], [4.0]]), np.array([[1.5], [3.0]])
    >>> plain = NearestNeighbors(k=1, start="none")
    >>> print(f"{plain.kl_value(x, y):.6f}")  # -log 2
    -0.693147
    """

    k: int | Literal["auto", "matched"] = "auto"
    k_y: int | None = None
    start: Literal["auto", "gaussian", "none"] = "auto"
    whiten: bool = True
    name: ClassVar[str] = "knn"

    def __post_init__(self) -> None:
        if self.k not in ("auto", "matched"):
            as_count(self.k, "k", hint='pass for example k=5, or "auto"')
        if self.k_y is not None:
            as_count(self.k_y, "k_y")
        as_flag(self.whiten, "whiten", "pass one of them")
        if self.start not in ("auto", "gaussian", "none"):
            raise InvalidInputError(
                f"start must be 'auto', 'gaussian' or 'none', got {self.start!r}; "
                "to fix it, pass one of them"
            )
        as_flag(self.whiten, "whiten", "pass True for distances in whitened coordinates")
        if self.start == "gaussian" and (self.k == "matched" or self.k_y is not None):
            raise InvalidInputError(
                f"a Gaussian start must go with one k for both samples, got k={self.k!r}, "
                f"k_y={self.k_y!r}; to fix it, leave out start or k_y"
            )

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from samples x (n, d) of P and y (m, d) of Q, without equal points."""
        x, y = project_to_affine_hull(x, y)
        chosen = self._with_start(x, y)
        values = chosen._kl_values(x, y)
        spread = subsample_spread(chosen._kl_values, x, y, rng)
        steady = _agree(values, spread)
        taken = int(steady and chosen.start == "gaussian")
        value, se = float(values[taken]), float(spread[:, taken].std(ddof=1))
        alternatives = self._alternatives(x, y, rng)
        warnings = [
            *warn_few_points(x, y),
            *([] if steady else warn_unstable(*values)),
            *warn_out_of_reach(x, y, rng),
            *warn_beyond_log_m(value, len(y)),
            *warn_disagreement(alternatives, se),
            *warn_negative(value, se),
        ]
        diagnostics = {"gaussian_start": float(chosen.start == "gaussian")}
        if chosen.k != "matched":
            diagnostics["k"] = float(chosen._ks(x, y)[taken])
        used = " and ".join(str(min(len(side), ALTERNATIVE_POINTS)) for side in (x, y))
        diagnostics |= {
            f"alternative on {used} points: {name}": v for name, v in alternatives.items()
        }
        return _estimate(
            value, spread[:, taken], (len(x), len(y)), confidence_level, diagnostics, warnings
        )

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from samples x (n, d) of P and y (m, d) of Q, without equal points.

        For each point, how many points of the other sample lie nearer than the k-th of its own
        (3rd by default), as many points of either sample being looked at. Each term is an unbiased
        estimate of log(p/½(p + q)) up to the variation of the densities in its ball: in many
        dimensions, where balls are wide, JS is too small.
        """
        if self.k == "matched" or self.k_y is not None or self.start == "gaussian":
            raise InvalidInputError(
                f"js must be estimated with one k and no Gaussian start, got k={self.k!r}, "
                f"k_y={self.k_y!r}, start={self.start!r}; to fix it, pass k alone"
            )
        check_subsamples(len(x), len(y))
        (k, wide), (x, y) = self._ks_of_js(x, y), self._js_points(x, y)

        def values(x: FloatArray, y: FloatArray) -> FloatArray:
            return _js_values(x, y, (k, wide), rng)

        found, spread = values(x, y), subsample_spread(values, x, y, rng)
        value, se = float(found[0]), float(spread[:, 0].std(ddof=1))
        warnings = [
            *warn_few_points(x, y),
            *([] if _agree(found, spread) else warn_unstable(*found)),
            *warn_many_dimensions(value, se, x.shape[1]),
            *warn_negative(value, se),
        ]
        diagnostics = {"k": float(k), f"alternative: k={wide}": float(found[1])}
        return _estimate(
            value, spread[:, 0], (len(x), len(y)), confidence_level, diagnostics, warnings
        )

    def js_value(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> float:
        """The estimate of JS alone, without its error."""
        ks = self._ks_of_js(x, y)
        return float(_js_values(*self._js_points(x, y), ks, rng)[0])

    def _ks_of_js(self, x: FloatArray, y: FloatArray) -> tuple[int, int]:
        """The neighbor to count to, and a wider one beside it."""
        k = 3 if self.k == "auto" else int(self.k)
        small = min(len(x), len(y))
        _check_enough(small // 2 - 1, k)  # in subsamples too
        return k, min(4 * k, small // 4)

    def _js_points(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        x, y = project_to_affine_hull(x, y)
        if self.whiten and (whitening := Whitening.of(np.concatenate([x, y]))):
            return whitening(x), whitening(y)
        return x, y

    def kl_value(self, x: FloatArray, y: FloatArray) -> float:
        """The estimate alone, without its error: for small samples and simulations."""
        chosen = self._with_start(x, y)
        return float(chosen._kl_values(x, y)[int(chosen.start == "gaussian")])

    def prepare(self, x: FloatArray, y: FloatArray, rng: np.random.Generator) -> LabelStatistic:
        """The estimate of KL(P‖Q) under permuted labels, for a test."""
        if isinstance(self.k, int) and self.start == "none" and not self.whiten and not self.k_y:
            return kl_of_labels(x, y, self.k)
        pool = np.concatenate(project_to_affine_hull(x, y))

        def values(labels: BoolArray) -> FloatArray:
            return np.array([self.kl_value(pool[row], pool[~row]) for row in labels])

        return LabelStatistic(len(x), len(y), values, batch=1)

    def _alternatives(
        self, x: FloatArray, y: FloatArray, rng: np.random.Generator
    ) -> dict[str, float]:
        """Estimates by these and other settings, from some of the points."""
        x, y = some_of(x, ALTERNATIVE_POINTS, rng), some_of(y, ALTERNATIVE_POINTS, rng)
        alternatives = {"this": self.kl_value(x, y)}
        ks: tuple[int | Literal["matched"], ...] = (1, 5, "matched")
        for whiten in (False, True):
            for k in ks:
                method = NearestNeighbors(k, start="none", whiten=whiten)
                alternatives[f"k={k}, {'whitened' if whiten else 'raw'}"] = method.kl_value(x, y)
        gaussian = gaussian_kl(x, y)
        return alternatives if gaussian is None else alternatives | {"Gaussian": gaussian}

    def kl_to_density(
        self,
        x: FloatArray,
        log_density: FloatArray,
        *,
        confidence_level: float,
        rng: np.random.Generator,
    ) -> Estimate:
        """KL(P‖Q) from a sample x (n, d) of P and log q at its points, shape (n,)."""
        gaussian = self.start != "none" and self.k != "matched" and gaussian_fits(x)
        most = _WIDE if gaussian else _NEAR
        stacked = np.column_stack([x, log_density])

        def estimate(rows: FloatArray, _: FloatArray) -> FloatArray:
            points, height = np.ascontiguousarray(rows[:, :-1]), rows[:, -1].mean()
            k = int(self.k) if isinstance(self.k, int) else min(most, round(math.sqrt(len(rows))))
            _check_enough(len(rows) - 1, k)
            if gaussian:
                score = gaussian_score(points, points) + gaussian_excess(points, points, (k,))
            else:
                score = np.array([_plain_score(points, k, whiten=self.whiten)])
            return _finite(score) - height

        value = float(estimate(stacked, stacked)[0])
        spread = subsample_spread(estimate, stacked, stacked, rng)
        se = float(spread.std(ddof=1))
        warnings = [*warn_few_points(x, x), *warn_negative(value, se)]
        found = _estimate(
            value,
            spread[:, 0],
            (len(x), 0),
            confidence_level,
            {"gaussian_start": float(gaussian)},
            warnings,
        )
        return replace(found, method="knn, density of y known")

    def _with_start(self, x: FloatArray, y: FloatArray) -> NearestNeighbors:
        """The same with `start` decided by the samples."""
        if self.start == "none" or self.k == "matched" or self.k_y is not None:
            return replace(self, start="none")
        if self.start == "gaussian":
            for name, sample in (("x", x), ("y", y)):
                if not enough_for_gaussian(sample):
                    d = sample.shape[1]
                    raise InvalidInputError(
                        f"{name} must have more than {4 * d + 8} points that span all {d} "
                        f"dimensions for a Gaussian start, got {len(sample)}; to fix it, pass "
                        'start="none"'
                    )
            return self
        fits = gaussian_fits(x) and gaussian_fits(y)
        return replace(self, start="gaussian" if fits else "none")

    def _ks(self, x: FloatArray, y: FloatArray) -> tuple[int, int]:
        """A near and a wide neighbor; the same if one was asked for, or none but it is fit."""
        if self.k not in ("auto", "matched"):
            return int(self.k), int(self.k)
        small = min(len(x) - 1, len(y))
        wide = min(_WIDE, max(1, round(math.sqrt(small))))
        return min(_NEAR, wide), wide

    def _kl_values(self, x: FloatArray, y: FloatArray) -> FloatArray:
        """The estimates by near and by wide balls."""
        ks = self._ks(x, y)
        ks_y = ks if self.k_y is None else (self.k_y, self.k_y)
        _check_enough(len(x) - 1, max(ks))
        _check_enough(len(y), max(ks_y))
        if self.start == "gaussian":
            excess = gaussian_excess(x, x, ks) - gaussian_excess(x, y, ks)
            return gaussian_score(x, x) - gaussian_score(x, y) + _finite(excess)
        if self.whiten and (whitening := Whitening.of(y)):
            x, y = whitening(x), whitening(y)
        if self.k == "matched":
            return _matched(x, y)
        rho = cKDTree(x).query(x, k=[k + 1 for k in ks])[0]
        nu = cKDTree(y).query(x, k=ks_y)[0]
        with np.errstate(divide="ignore", invalid="ignore"):
            means = x.shape[1] * (np.log(nu) - np.log(rho)).mean(axis=0)
        return _finite(means) + digamma(ks) - digamma(ks_y) + math.log(len(y) / (len(x) - 1))


def _estimate(
    value: float,
    spread: FloatArray,
    sizes: tuple[int, int],
    confidence_level: float,
    diagnostics: dict[str, float],
    warnings: list[str],
) -> Estimate:
    """With the standard error and the interval that estimates from subsamples give, shape (B,)."""
    se = float(spread.std(ddof=1))
    interval = normal_interval(value, se, confidence_level, df=len(spread) - 1)
    return Estimate(
        value=value,
        se=se,
        interval=extend_to_zero(interval),
        method="knn",
        n=sizes[0],
        m=sizes[1],
        confidence_level=confidence_level,
        diagnostics=diagnostics,
        warnings=tuple(warnings),
    )


def _agree(values: FloatArray, spread: FloatArray) -> bool:
    """Whether two estimates differ by at most three standard errors of their difference."""
    return bool(abs(values[1] - values[0]) <= 3 * (spread[:, 1] - spread[:, 0]).std(ddof=1))


def _check_enough(points: int, k: int) -> None:
    if points < k:
        raise InvalidInputError(
            f"k must be at most the number of other points, got k={k} for {points}; to fix it, "
            "give more points or a smaller k"
        )


def _finite(means: FloatArray) -> FloatArray:
    """The means, unless a distance of 0, which has no logarithm, is among their terms."""
    _refuse_coincidence(~np.isfinite(means))
    return means


def _refuse_coincidence(coincide: NDArray[np.bool_]) -> None:
    if coincide.any():
        raise DuplicateSamplesError(
            "a point must not coincide with its k-th neighbor, got points that do; to fix it, "
            'pass ties="discrete" for counts and categories, or ties="jitter" for rounded '
            "measurements"
        )


def _matched(x: FloatArray, y: FloatArray) -> FloatArray:
    """The bias-reduced estimate: the k_i and l_i that one radius for both samples reaches."""
    n, d = x.shape
    tree_x, tree_y = cKDTree(x), cKDTree(y)
    radius = np.maximum(tree_x.query(x, k=[2])[0], tree_y.query(x, k=[1])[0])[:, 0]
    radius *= 1 + 1e-12  # the point that set the radius is inside, whatever rounding says
    within_x = np.maximum(tree_x.query_ball_point(x, radius, return_length=True) - 1, 1)
    within_y = np.maximum(tree_y.query_ball_point(x, radius, return_length=True), 1)
    rho = tree_x.query(x, k=np.unique(within_x + 1))[0]
    nu = tree_y.query(x, k=np.unique(within_y))[0]
    rows = np.arange(n)
    rho = rho[rows, np.searchsorted(np.unique(within_x), within_x)]
    nu = nu[rows, np.searchsorted(np.unique(within_y), within_y)]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = d * (np.log(nu) - np.log(rho)) + digamma(within_x) - digamma(within_y)
    return np.repeat(_finite(terms.mean(keepdims=True)) + math.log(len(y) / (n - 1)), 2)


def _plain_score(x: FloatArray, k: int, *, whiten: bool) -> float:
    """E log p from balls in which the density is taken for flat: minus the entropy."""
    n, d = x.shape
    whitening = Whitening.of(x) if whiten else None
    white = x if whitening is None else whitening(x)
    with np.errstate(divide="ignore"):
        logs = np.log(cKDTree(white).query(white, k=[k + 1])[0]).mean(axis=0)
    volume = log_ball_volume(d) + d * _finite(logs)[0]
    volume += 0.0 if whitening is None else whitening.log_scale
    return float(digamma(k) - math.log(n - 1) - volume)


def _js_values(
    x: FloatArray, y: FloatArray, ks: tuple[int, ...], rng: np.random.Generator
) -> FloatArray:
    terms = _js_terms(x, y, ks, rng), _js_terms(y, x, ks, rng)
    return 0.5 * (terms[0].mean(axis=1) + terms[1].mean(axis=1))


def _js_terms(
    x: FloatArray, y: FloatArray, ks: tuple[int, ...], rng: np.random.Generator
) -> FloatArray:
    """Estimates of log(p/½(p + q)) at the points of x, shape (len(ks), n).

    With as many points of either sample, the number that must be seen until k own ones are has
    a negative binomial distribution, for which ψ(k) - ψ(number) is unbiased.
    """
    size = min(len(x), len(y))
    own, tree = some_of(x, size, rng), cKDTree(some_of(y, size, rng))
    look = sorted({1, *ks, *(k + 1 for k in ks)})
    distances = cKDTree(own).query(x, k=look)[0]
    inside = distances[:, 0] == 0  # the point itself is looked at, and does not count
    weight = (size - inside) / size
    terms = np.empty((len(ks), len(x)))
    for row, k in zip(terms, ks, strict=True):
        radius = distances[np.arange(len(x)), np.searchsorted(look, k + inside)]
        _refuse_coincidence(radius == 0)
        count = tree.query_ball_point(x, radius, return_length=True)
        row[:] = digamma(k) - digamma(k + weight * count) + math.log(2)
    return terms
