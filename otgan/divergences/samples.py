"""KL and JS between the distributions of two samples, by any method."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, Protocol

import numpy as np

from otgan.divergences.categories import as_codes
from otgan.divergences.classifier import Classifier
from otgan.divergences.kernel_density import KernelDensity
from otgan.divergences.nearest_neighbors import NearestNeighbors
from otgan.divergences.plug_in import Discrete, Histogram
from otgan.divergences.support import check_same_values, refuse_other_grids, warn_different_grids
from otgan.divergences.ties import Ties, check_ties, count_ties, settle_ties
from otgan.divergences.variational import Variational
from otgan.errors import InvalidInputError, nearest_name
from otgan.estimates import Estimate
from otgan.inputs.options import as_confidence, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import (
    FloatArray,
    as_float64,
    as_pair,
    as_points,
    is_torch,
    refuse_gradients,
)

__all__ = ["DivergenceMethod", "js_from_samples", "kl_from_samples"]

MethodName = Literal["knn", "classifier", "variational", "histogram", "kde", "discrete"]

_METHODS: dict[str, Callable[[], DivergenceMethod]] = {
    "knn": NearestNeighbors,
    "classifier": Classifier,
    "variational": Variational,
    "histogram": Histogram,
    "kde": KernelDensity,
    "discrete": Discrete,
}
_NEEDS_DENSITIES = (NearestNeighbors, KernelDensity, Histogram)

_EXTENTS = (1e-50, 1e50)
"""Extents of a coordinate whose powers stay far from overflow and underflow."""


class DivergenceMethod(Protocol):
    """What estimates KL and JS from two checked float64 samples, of shapes (n, d) and (m, d)."""

    def kl(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """KL(P‖Q) from x of P and y of Q."""

    def js(
        self, x: FloatArray, y: FloatArray, *, confidence_level: float, rng: np.random.Generator
    ) -> Estimate:
        """JS(P, Q) from x of P and y of Q."""


@checks_keywords
def kl_from_samples(
    x: Any,
    y: Any,
    *,
    method: MethodName | DivergenceMethod = "knn",
    ties: Ties = "raise",
    confidence_level: float = 0.95,
    rng: Any = 0,
) -> Estimate:
    """Kullback-Leibler divergence KL(P‖Q) of the distributions of two samples, in nats.

    Parameters
    ----------
    x : array_like, shape (n, d) or (n,)
        Independent points of P; categories, such as text, where values are counted.
    y : array_like, shape (m, d) or (m,); or callable
        Independent points of Q. Or log q, the logarithm of a known density: a function that takes
        the points, shape (n, d), and returns shape (n,); ``"knn"`` only.
    method : {"knn", "classifier", "variational", "histogram", "kde", "discrete"} or object
        How. An object such as ``NearestNeighbors(k=5)`` or ``Classifier(model)`` brings its own
        parameters.
    ties : {"raise", "drop", "jitter", "discrete"}
        What to do about equal points where the method needs densities: refuse; keep one of each;
        undo rounding by noise as wide as the smallest step; or count values instead (``"knn"``
        only). What is counted must be equal to the last digit, and on one grid in both samples.
    confidence_level : float
        Level of the interval.
    rng : int or numpy.random.Generator
        For subsamples, folds and noise; the same number gives the same estimate.

    Returns
    -------
    Estimate
        With a standard error and an interval that are valid for the method, other estimates among
        its diagnostics, and warnings where they disagree. The value is never clamped: a bias is
        taken off, and it may be negative by noise. Where the distributions are equal, the interval
        holds zero with at least the probability of its level.

    Raises
    ------
    InvalidInputError
        NaN, infinities, samples of different dimension, too few points, unknown names, tensors
        that require gradients, values to be counted that no grid of both samples holds.
    DuplicateSamplesError
        Equal points, and ``ties="raise"``.
    SampleTooSmallError
        A variational bound above the logarithm of the number of points, which cannot be confirmed.
    MissingExtraError
        The method needs a package that is not installed.

    Notes
    -----
    ``"knn"`` costs two k-d tree queries, O((n + m) log m) in low dimension; see each method for its
    own cost, formula and source. For histograms there is :func:`kl_divergence`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(0, 1, 2000), rng.normal(1, 2, 1000)
    >>> kl_from_samples(x, y)  # exactly: 0.4431
    Estimate(0.4095 ± 0.028, 95 % in [0.354, 0.4651], method='knn', n=2000, m=1000)
    """
    chosen = _method(method)
    as_confidence(confidence_level)
    rng = as_rng(rng)
    refuse_gradients("kl_from_samples", x, y)
    _refuse_function("x", x, "only y may be one")
    if _is_function(y):
        return _kl_to_density(x, y, chosen, ties, confidence_level, rng)
    return _run("kl", x, y, chosen, ties, confidence_level, rng)


@checks_keywords
def js_from_samples(
    x: Any,
    y: Any,
    *,
    method: MethodName | DivergenceMethod = "knn",
    ties: Ties = "raise",
    confidence_level: float = 0.95,
    rng: Any = 0,
) -> Estimate:
    """Jensen-Shannon divergence JS(P, Q) of the distributions of two samples, in nats.

    It is at most log 2.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,)
        Independent points of P and of Q. P and Q weigh the same in JS, whatever n and m.
    method, ties, confidence_level, rng
        As in :func:`kl_from_samples`.

    Returns
    -------
    Estimate
        The divergence, not its root. ``"classifier"`` adds a lower confidence bound that holds
        however good or bad the classifier is.

    Raises
    ------
    InvalidInputError, DuplicateSamplesError, MissingExtraError
        As in :func:`kl_from_samples`.

    Notes
    -----
    A discriminator D trained on both samples shows it too: with the best one, E log D(x) +
    E log(1 - D(y)) is 2 JS - 2 log 2 (Goodfellow et al. 2014, Theorem 1); ``"classifier"`` is that
    identity as an estimator.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(0, 1, 2000), rng.normal(2, 1, 1000)
    >>> e = js_from_samples(x, y)
    >>> e.interval[0] < 0.33683082 < e.interval[1]
    True
    """
    as_confidence(confidence_level)
    refuse_gradients("js_from_samples", x, y)
    for name, sample in (("x", x), ("y", y)):
        _refuse_function(name, sample, "only kl_from_samples takes one, for y")
    return _run("js", x, y, _method(method), ties, confidence_level, as_rng(rng))


def _is_function(sample: Any) -> bool:
    return callable(sample) and not is_torch(sample) and not hasattr(sample, "__array__")


def _refuse_function(name: str, sample: Any, rule: str) -> None:
    if _is_function(sample):
        raise InvalidInputError(
            f"{name} must be an array of points, got the function {sample!r}: {rule}; to fix it, "
            "sample from that density"
        )


def _method(method: Any) -> DivergenceMethod:
    if isinstance(method, str):
        if method not in _METHODS:
            raise InvalidInputError(
                f"method must be one of {', '.join(map(repr, _METHODS))} or an object with kl and "
                f"js, got {method!r}; to fix it, {nearest_name(method, _METHODS)}"
            )
        return _METHODS[method]()
    if isinstance(method, type) or not (hasattr(method, "kl") and hasattr(method, "js")):
        raise InvalidInputError(
            f"method must be a name or an object with kl and js, got {method!r}; to fix it, pass "
            'for example method="knn" or method=NearestNeighbors(k=5)'
        )
    return method


def _run(
    quantity: Literal["kl", "js"],
    x: Any,
    y: Any,
    method: DivergenceMethod,
    ties: Ties,
    confidence_level: float,
    rng: np.random.Generator,
) -> Estimate:
    check_ties(ties)
    if codes := as_codes(x, y):
        _check_counted(method, ties)
        chosen = Discrete() if ties == "discrete" else method
        return _estimate(quantity, chosen, codes, confidence_level, rng)
    mu, nu = as_pair(x, y, None, None)
    points = _rescaled(mu.points, nu.points)
    counted = isinstance(method, Discrete) or ties in ("jitter", "drop")
    check_same_values(mu.points, nu.points, counted=counted)
    done: dict[str, float] = {}
    if isinstance(method, _NEEDS_DENSITIES):
        if ties == "discrete":
            method = _for_discrete_ties(method, points)
        else:
            first, second, done = settle_ties(*points, ties, rng)
            points = first, second
    warnings: tuple[str, ...] = ()
    if isinstance(method, Discrete):
        check_same_values(mu.points, nu.points)  # the method may be this one because of ties
        refuse_other_grids(mu.points, nu.points)
        warnings = warn_different_grids(mu.points, nu.points)
    estimate = _estimate(quantity, method, points, confidence_level, rng)
    return replace(
        estimate,
        diagnostics={**estimate.diagnostics, **done},
        warnings=(*estimate.warnings, *warnings),
    )


def _for_discrete_ties(
    method: DivergenceMethod, points: tuple[FloatArray, FloatArray]
) -> DivergenceMethod:
    """Counts where points repeat, the nearest neighbors otherwise; no other method has both."""
    if not isinstance(method, NearestNeighbors):
        raise InvalidInputError(
            f"ties must be 'raise', 'drop' or 'jitter' beside this method, got 'discrete' "
            f'beside {method!r}; to fix it, pass method="discrete" and no ties'
        )
    return Discrete() if any(count_ties(*points)) else method


def _estimate(
    quantity: Literal["kl", "js"],
    method: DivergenceMethod,
    samples: Sequence[FloatArray],
    confidence_level: float,
    rng: np.random.Generator,
) -> Estimate:
    estimator = method.kl if quantity == "kl" else method.js
    return estimator(*samples, confidence_level=confidence_level, rng=rng)


def _check_counted(method: DivergenceMethod, ties: Ties) -> None:
    """Raise unless values will be counted, which is all that can be done with categories."""
    if not isinstance(method, Discrete) and not (
        ties == "discrete" and isinstance(method, NearestNeighbors)
    ):
        raise InvalidInputError(
            f"x and y must be numbers for {method!r}, got categories such as text; to fix it, pass "
            'ties="discrete" and no method, which counts them'
        )


def _rescaled(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The samples with extreme units changed by powers of two, which change no divergence."""
    extents = np.maximum(x.max(axis=0), y.max(axis=0)) - np.minimum(x.min(axis=0), y.min(axis=0))
    extreme = (extents > 0) & ~((_EXTENTS[0] < extents) & (extents < _EXTENTS[1]))
    if not extreme.any():
        return x, y
    exponents = np.where(extreme, -np.frexp(extents)[1], 0)
    return np.ldexp(x, exponents), np.ldexp(y, exponents)


def _kl_to_density(
    x: Any,
    log_density: Callable[..., Any],
    method: Any,
    ties: Ties,
    confidence_level: float,
    rng: Any,
) -> Estimate:
    if not isinstance(method, NearestNeighbors):
        raise InvalidInputError(
            f"method must be 'knn' where the density of y is known, got {method!r}; to fix it, "
            "leave method out, or sample from that density"
        )
    check_ties(ties)
    if ties == "discrete":
        raise InvalidInputError(
            "ties must be 'raise', 'drop' or 'jitter' where the density of y is known, got "
            "'discrete'; to fix it, compare counts with probabilities by kl_divergence"
        )
    points = as_points(x, "x")
    if any(scaled is not points for scaled in _rescaled(points, points)):
        raise InvalidInputError(
            f"x must spread over {_EXTENTS[0]:g} to {_EXTENTS[1]:g} in every coordinate where the "
            f"density of y is known, got {np.ptp(points, axis=0)}; to fix it, change the unit, and "
            "the density with it"
        )
    points, _, done = settle_ties(points, np.empty((0, points.shape[1])), ties, rng)
    heights = as_float64(log_density(points), "the log density of y")
    heights = heights[:, 0] if heights.shape == (len(points), 1) else heights
    if heights.shape != (len(points),) or not np.isfinite(heights).all():
        raise InvalidInputError(
            f"the log density of y must be {len(points)} finite numbers, one for each point of x, "
            f"got shape {heights.shape} with {int((~np.isfinite(heights)).sum())} that are not "
            "finite; to fix it, return log q(x) of shape (n,): where q is zero on points of x, KL "
            "is infinite"
        )
    estimate = method.kl_to_density(points, heights, confidence_level=confidence_level, rng=rng)
    return replace(estimate, diagnostics={**estimate.diagnostics, **done}) if done else estimate
