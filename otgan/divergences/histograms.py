"""Divergences between histograms, exact to rounding, for NumPy and torch alike.

Every function compares `p` with `q` along one axis. Inside, the one of less mass is scaled up to
the mass of the other: dividing by the total could turn a tiny mass into zero (and a large finite
divergence into an infinite one), and would blur differences p - q that are exact for counts.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from otgan.divergences.histogram_checks import (
    as_one_library,
    check_masses,
    common_shape,
    is_floating,
    overflow_allowed,
)
from otgan.errors import InvalidInputError
from otgan.inputs.bins import align_histograms
from otgan.inputs.options import as_normalize
from otgan.keywords import checks_keywords
from otgan.measures import is_torch
from otgan.torch_modes import is_recorded

__all__ = [
    "chi2_divergence",
    "hellinger",
    "js_distance",
    "js_divergence",
    "kl_divergence",
    "total_variation",
]

_LOG_2 = math.log(2)
_ROUNDING = 1e-12  # how far above its bound rounding may push a bounded divergence


@checks_keywords
def kl_divergence(
    p: Any, q: Any, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Any:
    """Kullback-Leibler divergence KL(p‖q) = Σ p log(p/q) of two histograms.

    It is zero only for equal histograms, infinite exactly where `q` is zero and `p` is not,
    and not symmetric.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses. Along `axis` the two totals must agree to a relative 1e-5, unless
        `normalize` is set; each histogram is then normalized to total one. An array beside a
        tensor joins the tensor. Labels on both sides (the index of a Series, as
        ``value_counts()`` gives it, a Counter, a table) are matched, never positions: a label that
        one side lacks has no mass there.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    base : float, optional
        Base of the logarithm, above 1: 2 gives bits. Nats if omitted.
    normalize : bool, default False
        Whether totals may differ, as those of counts of two samples do.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        The broadcast shape without `axis`; the library and device of the input; its floating
        dtype (the wider of the two; lists and integers count as float64). Computed in float64.

    Raises
    ------
    InvalidInputError
        Masses that are negative, NaN, infinite, complex or all zero; no bins; shapes that do not
        broadcast; an `axis` or a `base` that does not exist.
    UnequalMassError
        The two totals differ by more than rounding.

    Notes
    -----
    Linear time and memory in the broadcast size. Differentiable for torch wherever both
    histograms are positive; a bin that is empty in both gets a finite gradient.

    Source: Kullback and Leibler, On information and sufficiency, 1951.

    Examples
    --------
    >>> float(kl_divergence([1, 1], [2, 0]))
    inf
    >>> print(f"{kl_divergence([2, 0], [1, 1], base=2):.6f}")
    1.000000
    """
    unit = _nats_per_unit(base)
    pair = _prepare(p, q, axis, normalize)
    xp, p, q, mass = pair.xp, pair.p, pair.q, pair.mass
    # p log(p/q) - p + q is never negative, and has the same sum as p log(p/q). With
    # r = (p - q)/(p + q) it is (p + q)((1 + r) atanh(r) - r), which stays exact as p nears q.
    r, close = _contrast(xp, p, q)
    near = (p + q) / mass * (r * xp.atanh(r) + _atanh_minus_identity(xp, r))
    far = p / mass * _log_ratio(xp, ~close, p, q) - (p - q) / mass
    terms = xp.where(close, near, xp.clip(far, min=0.0))
    terms = xp.where((q == 0) & (p > 0), math.inf, terms)
    return pair.finish(pair.sum(terms) / unit)


@checks_keywords
def js_divergence(
    p: Any, q: Any, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Any:
    """Jensen-Shannon divergence JS(p, q) = ½ KL(p‖m) + ½ KL(q‖m), where m = (p + q)/2.

    Symmetric, finite for all histograms, and at most log 2 (one bit), which disjoint
    histograms attain.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses with equal totals and the same labels, as in :func:`kl_divergence`.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    base : float, optional
        Base of the logarithm, above 1: 2 gives bits. Nats if omitted.
    normalize : bool, default False
        Whether totals may differ, as in :func:`kl_divergence`.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        Between 0 and log 2 nats; shape, library, device and dtype as in :func:`kl_divergence`.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As in :func:`kl_divergence`.

    Notes
    -----
    Linear time and memory in the broadcast size. Differentiable for torch wherever both
    histograms are positive; a bin that is empty in both gets a finite gradient.

    Source: Lin, Divergence measures based on the Shannon entropy, 1991.

    Examples
    --------
    >>> print(f"{js_divergence([3, 2, 1, 4], [1, 2, 4, 3]):.8f}")
    0.07793227
    >>> float(js_divergence([1, 0], [0, 1], base=2))
    1.0
    """
    unit = _nats_per_unit(base)
    pair = _prepare(p, q, axis, normalize)
    return pair.finish(_js_nats(pair) / unit)


@checks_keywords
def js_distance(
    p: Any, q: Any, *, axis: int = -1, base: float | None = None, normalize: bool = False
) -> Any:
    """Jensen-Shannon distance, the square root of :func:`js_divergence`: a metric.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses with equal totals and the same labels, as in :func:`kl_divergence`.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    base : float, optional
        Base of the logarithm under the root, above 1: 2 makes the largest distance 1.
        Nats if omitted.
    normalize : bool, default False
        Whether totals may differ, as in :func:`kl_divergence`.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        Between 0 and √(log 2); shape, library, device and dtype as in :func:`kl_divergence`.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As in :func:`kl_divergence`.

    Notes
    -----
    Linear time and memory in the broadcast size. Differentiable for torch as
    :func:`js_divergence` is, except at equal histograms, where the gradient is given as zero.

    Source: Endres and Schindelin, A new metric for probability distributions, 2003.

    Examples
    --------
    >>> print(f"{js_distance([3, 2, 1, 4], [1, 2, 4, 3]):.8f}")
    0.27916352
    """
    unit = _nats_per_unit(base)
    pair = _prepare(p, q, axis, normalize)
    return pair.finish(_sqrt(pair.xp, _js_nats(pair) / unit))


@checks_keywords
def total_variation(p: Any, q: Any, *, axis: int = -1, normalize: bool = False) -> Any:
    """Total variation distance ``TV(p, q) = ½ Σ |p - q|``: a metric between 0 and 1.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses with equal totals and the same labels, as in :func:`kl_divergence`.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    normalize : bool, default False
        Whether totals may differ, as in :func:`kl_divergence`.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        Between 0 and 1; shape, library, device and dtype as in :func:`kl_divergence`.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As in :func:`kl_divergence`.

    Notes
    -----
    Linear time and memory in the broadcast size. Differentiable for torch where p ≠ q; a bin
    with p = q adds nothing to the gradient.

    Source: Gibbs and Su, On choosing and bounding probability metrics, 2002.

    Examples
    --------
    >>> print(f"{total_variation([3, 2, 1, 4], [1, 2, 4, 3]):.6f}")
    0.300000
    """
    pair = _prepare(p, q, axis, normalize)
    xp = pair.xp
    value = 0.5 * pair.sum(xp.abs(pair.p - pair.q) / pair.mass)
    return pair.finish(_trim(xp, value, 1.0))


@checks_keywords
def hellinger(p: Any, q: Any, *, axis: int = -1, normalize: bool = False) -> Any:
    """Hellinger distance H(p, q), where H² = ½ Σ (√p - √q)² = 1 - Σ √(pq): between 0 and 1.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses with equal totals and the same labels, as in :func:`kl_divergence`.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    normalize : bool, default False
        Whether totals may differ, as in :func:`kl_divergence`.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        The distance H, not its square; shape, library, device and dtype as in
        :func:`kl_divergence`.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As in :func:`kl_divergence`.

    Notes
    -----
    Linear time and memory in the broadcast size. Some authors leave out the ½, and reach √2.
    Differentiable for torch wherever both histograms are positive and they differ; at equal
    histograms the gradient is given as zero.

    Source: Gibbs and Su, On choosing and bounding probability metrics, 2002.

    Examples
    --------
    >>> print(f"{hellinger([1, 0], [0, 1]):.6f}")
    1.000000
    >>> print(f"{hellinger([1, 0], [0.5, 0.5])**2:.6f}")  # 1 - √½
    0.292893
    """
    pair = _prepare(p, q, axis, normalize)
    xp, p, q = pair.xp, pair.p, pair.q
    occupied = p + q > 0
    # √p - √q = (p - q)/(√p + √q), without the cancellation
    roots = xp.where(occupied, _sqrt(xp, p) + _sqrt(xp, q), 1.0)
    squared = 0.5 * pair.sum(((p - q) / roots / xp.sqrt(pair.mass)) ** 2)
    return pair.finish(_sqrt(xp, _trim(xp, squared, 1.0)))


@checks_keywords
def chi2_divergence(p: Any, q: Any, *, axis: int = -1, normalize: bool = False) -> Any:
    """Pearson's χ² divergence χ²(p‖q) = Σ (p - q)²/q of two histograms.

    It is infinite where `q` is zero and `p` is not, and not symmetric.

    Parameters
    ----------
    p, q : array_like or torch.Tensor, shapes that broadcast
        Non-negative masses with equal totals and the same labels, as in :func:`kl_divergence`.
    axis : int
        The axis along which the bins lie, counted in the broadcast shape.
    normalize : bool, default False
        Whether totals may differ, as in :func:`kl_divergence`.

    Returns
    -------
    scalar, ndarray or torch.Tensor
        At least 0, and infinite also where the number exceeds its dtype; shape, library, device
        and dtype as in :func:`kl_divergence`.

    Raises
    ------
    InvalidInputError, UnequalMassError
        As in :func:`kl_divergence`.

    Notes
    -----
    Linear time and memory in the broadcast size. Neyman's χ² is the same with `p` and `q`
    exchanged. Differentiable for torch wherever `q` is positive.

    Source: Gibbs and Su, On choosing and bounding probability metrics, 2002.

    Examples
    --------
    >>> print(f"{chi2_divergence([3, 1], [2, 2]):.6f}")
    0.250000
    """
    pair = _prepare(p, q, axis, normalize)
    xp, p, q = pair.xp, pair.p, pair.q
    with overflow_allowed(xp):  # beyond the largest float the answer is infinity
        # roots first: (p - q)² or 1/q alone could leave the range of floats
        ratio = (p - q) / xp.sqrt(pair.mass) / xp.where(q > 0, _sqrt(xp, q), 1.0)
        terms = xp.where(q > 0, ratio**2, xp.where(p > 0, math.inf, 0.0))
        return pair.finish(pair.sum(terms))


class _Pair(NamedTuple):
    """Two checked float64 histograms of one shape; along `axis` each slice sums to `mass`."""

    xp: Any
    p: Any
    q: Any
    mass: Any
    axis: int
    dtype: Any

    def sum(self, terms: Any) -> Any:
        return self.xp.sum(terms, axis=self.axis)

    def finish(self, value: Any) -> Any:
        """`value` in the caller's dtype; a NumPy scalar rather than an array without axes."""
        with overflow_allowed(self.xp):
            return self.xp.astype(value, self.dtype)[()]


def _js_nats(pair: _Pair) -> Any:
    xp, p, q, mass = pair.xp, pair.p, pair.q, pair.mass
    # With m = (p + q)/2 and r = (p - q)/(p + q), a bin adds m (r atanh(r) + ½ log(1 - r²)),
    # which is never negative and stays exact as p nears q. Far apart, r rounds to ±1 and forgets
    # the smaller mass; there the definition is safe.
    m = 0.5 * (p + q)
    r, close = _contrast(xp, p, q)
    near = m / mass * (r * xp.atanh(r) + 0.5 * xp.log1p(-r * r))
    far_p = 0.5 * p / mass * _log_ratio(xp, ~close, p, m)
    far_q = 0.5 * q / mass * _log_ratio(xp, ~close, q, m)
    terms = xp.where(close, near, xp.clip(far_p + far_q, min=0.0))
    return _trim(xp, pair.sum(terms), _LOG_2)


def _contrast(xp: Any, p: Any, q: Any) -> tuple[Any, Any]:
    """The contrast r = (p - q)/(p + q) of the bins where p and q are close, and where that is.

    Close means |r| < 0.9; elsewhere r is 0. Masses below 1e-300 do not count: the derivative of r
    overflows there.
    """
    total = p + q
    close = (xp.abs(p - q) < 0.9 * total) & (total > 1e-300)
    return xp.where(close, p - q, 0.0) / xp.where(close, total, 1.0), close


def _atanh_minus_identity(xp: Any, r: Any) -> Any:
    """atanh(r) - r without cancellation: below 0.1, eight terms of r³/3 + r⁵/5 + ..."""
    small = xp.abs(r) < 0.1
    square = xp.where(small, r * r, 0.0)
    series = 0.0 * square
    for power in range(17, 1, -2):
        series = series * square + 1 / power
    return xp.where(small, r * square * series, xp.atanh(r) - r)


def _log_ratio(xp: Any, wanted: Any, x: Any, y: Any) -> Any:
    """Where wanted and x, y > 0, log(x/y), which does not overflow as x/y can; else a constant 0.

    An empty bin has an infinite slope; the constant leaves it out of the gradient.
    """
    safe = wanted & (x > 0) & (y > 0)
    return xp.log(xp.where(safe, x, 1.0)) - xp.log(xp.where(safe, y, 1.0))


def _sqrt(xp: Any, x: Any) -> Any:
    """√x with gradient 0, not infinity, at 0."""
    return xp.where(x > 0, xp.sqrt(xp.where(x > 0, x, 1.0)), 0.0)


def _trim(xp: Any, value: Any, bound: float) -> Any:
    """`value` less what rounding put above its bound; anything larger is kept."""
    excess = _constant(value) - bound  # keeps the gradient
    return value - xp.where((excess > 0) & (excess < _ROUNDING), excess, 0.0)


def _nats_per_unit(base: Any) -> float:
    if base is None:
        return 1.0
    if not isinstance(base, (int, float, np.integer, np.floating)) or not 1 < base < math.inf:
        raise InvalidInputError(
            f"base must be a finite number above 1, got {base!r}; "
            "to fix it, pass base=2 for bits, or leave it out for nats"
        )
    return math.log(base)


def _prepare(p: Any, q: Any, axis: int, normalize: bool) -> _Pair:
    """Check everything, promote to float64, broadcast, and bring both to the larger mass."""
    normalize = as_normalize(normalize)
    p, q = align_histograms(p, q, axis)
    xp, p, q = as_one_library(p, q)
    dtype = xp.result_type(*(a.dtype if is_floating(xp, a) else xp.float64 for a in (p, q)))
    with overflow_allowed(xp):
        p, q = xp.astype(p, xp.float64), xp.astype(q, xp.float64)
    if is_torch(p) and (is_recorded(p) or is_recorded(q)):
        from otgan.divergences.recorded import checked

        p, q, axis = checked(p, q, axis, normalize)
    else:
        shape, axis = common_shape(tuple(p.shape), tuple(q.shape), axis)
        p, q = xp.broadcast_to(p, shape), xp.broadcast_to(q, shape)
        check_masses(xp, p, q, axis, normalize)
    with overflow_allowed(xp):
        (p, mass_p), (q, mass_q) = (_lifted(xp, a, axis) for a in (p, q))
        mass = _constant(xp.where(mass_p > mass_q, mass_p, mass_q))
        return _Pair(xp, p * (mass / mass_p), q * (mass / mass_q), mass, axis, dtype)


def _lifted(xp: Any, masses: Any, axis: int) -> tuple[Any, Any]:
    """Masses and their sums; sums below one are brought near it by powers of two, which are exact.

    The ratio of two sums is finite then.
    """
    total = _constant(xp.sum(masses, axis=axis, keepdims=True))
    exponent = -xp.floor(xp.log2(xp.where(total < 1, total, 1.0)))  # 1074 at most: two factors
    half = xp.floor(exponent / 2)
    masses = masses * 2.0**half * 2.0 ** (exponent - half)
    return masses, xp.sum(masses, axis=axis, keepdims=True)


def _constant(value: Any) -> Any:
    """The value without its gradient."""
    return value.detach() if is_torch(value) else value
