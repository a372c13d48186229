"""The Sinkhorn divergence: entropic transport between samples, less that of each with itself."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import numpy as np

from otgan.costs import PointCost
from otgan.errors import InvalidInputError
from otgan.estimates import Estimate, standard_error_of_gap
from otgan.inputs.options import as_confidence, as_count, as_order, as_positive, as_rng
from otgan.keywords import checks_keywords
from otgan.label_statistic import BoolArray
from otgan.measures import FloatArray, as_samples, refuse_gradients
from otgan.pooled_null import PooledNull, permuted_labels
from otgan.transport.entropic import (
    ROUNDS,
    EntropicPlan,
    entropic_between,
    entropic_within,
    scaled_within,
)
from otgan.transport.plug_in_bias import (
    bias_warnings,
    halves_of,
    interval_without_bias,
    pooled_samples,
    subsample,
)

__all__ = ["sinkhorn_divergence"]

MAX_RELABELED_POINTS = 3_000
"""Of more points in both samples, labels of so many are permuted: all their pairs are stored."""

TERMS = 10
"""Of the series that stands for the Sinkhorn divergence of nearly equal distributions."""


@checks_keywords
def sinkhorn_divergence(
    x: Any,
    y: Any,
    *,
    p: float = 1,
    reg: float | None = None,
    max_iterations: int = 10_000,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """Sinkhorn divergence OT(x, y) - ½ OT(x, x) - ½ OT(y, y) of entropic transport; no root taken.

    ``OT(a, b) = min_P Σ P_ij |x_i - y_j|^p + ε KL(P‖a ⊗ b)``. In the units of the cost, ``|x|^p``.
    It tends to W_p^p as ε falls to 0 and, for p = 1, to half the energy distance as ε grows.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least two of each.
    p : float, default 1
        Power of the Euclidean distance, at least one. The value is never negative up to p = 2.
    reg : float, optional
        ε, in the units of the cost; by default a tenth of the mean cost between x and y.
    max_iterations : int, default 10 000
        Rounds over all pairs of points before each of the problems is given up.
    rng : int or numpy.random.Generator, default 0
        Draws the mixture for the null level, the halves and the permutations.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        Diagnostics: `null_level`, the value after the samples were given one mean, and then pooled,
        which is what equal distributions show; `of_halves`, the mean value of halves of the
        samples; `null_pvalue`, how often permuted labels show such a divergence; `reg`;
        the `iterations` of the three problems together; and `marginal_error`, the largest fraction
        of mass in the wrong place in a plan.

    Raises
    ------
    InvalidInputError
        Fewer than two points, columns that differ, NaN, p < 1, ε that is not positive, or tensors
        that require gradients.
    SolverError
        Marginals of a plan that are off by more than 1e-6 of the mass: never a value from
        iterations that did not converge.

    Notes
    -----
    ε falls by quarters from the largest cost, much as in GeomLoss, and steps of Newton's method
    help where the last problem is slow (``otgan.transport.entropic``): the default ε converges
    for heavy tails as well.

    The standard error is that of f - f_x and g - g_y, with the potentials f, g between the
    samples and f_x, g_y of the two problems of a sample with itself; it takes ε for given. The
    value is too large in the mean, the more so the smaller ε and the more dimensions, up to the
    null level where the distributions are equal. The interval is for the distributions: its upper
    end takes off what halves of the samples add to the value, its lower end the null level, or
    1 + √2 times what halves add, whichever is more. It may lie below the value, and a warning says
    so; it holds zero if equal distributions are possible by permuted labels
    (``otgan.pooled_null``), for which the divergence is replaced by what it is to second order
    about the distribution of both samples.

    O((n + m)² · iterations) time, and memory for a matrix of (n + m)² numbers.

    Sources: Feydy et al., Interpolating between optimal transport and MMD using Sinkhorn
    divergences, 2019; Lavenant et al., The Riemannian geometry of Sinkhorn divergences, 2024, for
    the second order.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> print(f"{float(sinkhorn_divergence(x, x + [3, 4], p=2)):.4f}")  # a shift, for any ε
    25.0000
    """
    refuse_gradients("sinkhorn_divergence", x, y)
    p = as_order(p)
    x, y = as_samples(x, y)
    max_iterations = as_count(max_iterations, "max_iterations")
    reg = _default_reg(reg, x, y, p)
    rng, confidence_level = as_rng(rng), as_confidence(confidence_level)

    solved = partial(_Divergence.between, p=p, reg=reg, max_iterations=max_iterations)
    whole = solved(x, y)
    value, null_level = whole.value, solved(*pooled_samples(x, y, rng)).value
    of_halves = float(np.mean([solved(*half).value for half in halves_of(x, y, rng)]))
    se = whole.standard_error
    null = _pooled_null(x, y, p, reg, confidence_level, rng)
    normal = interval_without_bias(
        value, se, of_halves, p, (len(x), len(y)), confidence_level, null_level
    )
    high = null.largest_square(value - null_level, confidence_level)
    widened = null.include_zero(se, normal, confidence_level, high=high)
    return Estimate(
        value=value,
        se=widened.se,
        interval=widened.interval,
        method=f"sinkhorn, p = {p:g}",
        n=len(x),
        m=len(y),
        confidence_level=confidence_level,
        diagnostics={
            "null_level": null_level,
            "of_halves": of_halves,
            "null_pvalue": null.pvalue,
            "reg": reg,
            "iterations": sum(plan.iterations for plan in whole),
            "marginal_error": max(plan.error for plan in whole),
        },
        warnings=widened.warnings + bias_warnings(value, se, of_halves),
    )


class _Divergence(NamedTuple):
    """Entropic transport from x to y, from x to x, and from y to y."""

    xy: EntropicPlan
    xx: EntropicPlan
    yy: EntropicPlan

    @classmethod
    def between(
        cls, x: FloatArray, y: FloatArray, p: float, reg: float, max_iterations: int
    ) -> _Divergence:
        return cls(
            entropic_between(_costs(x, y, p), reg, max_iterations),
            entropic_within(_costs(x, x, p), reg, max_iterations),
            entropic_within(_costs(y, y, p), reg, max_iterations),
        )

    @property
    def value(self) -> float:
        return self.xy.value - 0.5 * self.xx.value - 0.5 * self.yy.value

    @property
    def standard_error(self) -> float:
        return standard_error_of_gap(self.xy.f - self.xx.f, self.xy.g - self.yy.g)


def _pooled_null(
    x: FloatArray,
    y: FloatArray,
    p: float,
    reg: float,
    confidence_level: float,
    rng: np.random.Generator,
) -> PooledNull:
    n, m = len(x), len(y)
    if n + m > MAX_RELABELED_POINTS:
        x, y = subsample(x, y, MAX_RELABELED_POINTS, rng)
    labels = permuted_labels(len(x), len(y), confidence_level, rng, cheap=False)
    values = _nearly_equal(np.concatenate([x, y]), p, reg, labels)
    scale = (1 / n + 1 / m) / (1 / len(x) + 1 / len(y))  # at equal distributions it falls as 1/n
    return PooledNull.from_values(values, scale=scale)


def _nearly_equal(points: FloatArray, p: float, reg: float, labels: BoolArray) -> FloatArray:
    """The divergence under each row of labels, to second order about the pooled distribution.

    With the plan M of that distribution with itself, N rows of which sum to one, and w = 1/n on x
    and -1/m on y, it is N ε/2 · wᵀ (1 - M²)⁻¹ M w. The first terms of the series in M are summed,
    which treats all permutations alike, and so leaves the test exact.
    """
    plan = _costs(points, points, p)
    plan /= -reg
    np.exp(plan, out=plan)
    u, *_ = scaled_within(plan, ROUNDS)
    plan *= u / len(points)
    plan *= u[:, None]
    weights = np.where(labels, 1 / labels[0].sum(), -1 / (~labels[0]).sum()).T
    total = np.zeros(len(labels))
    for _ in range(TERMS):
        spread = plan @ weights
        total += np.einsum("ib,ib->b", weights, spread)
        weights = spread
    return 0.5 * reg * len(points) * total


def _costs(x: FloatArray, y: FloatArray, p: float) -> FloatArray:
    return PointCost.between(x, y, "euclidean", p).rows(slice(0, len(x)))


def _default_reg(reg: float | None, x: FloatArray, y: FloatArray, p: float) -> float:
    if reg is not None:
        return as_positive(reg, "reg", hint="pass for example a tenth of a typical cost")
    mean = float(_costs(x, y, p).mean())
    if mean == 0:
        raise InvalidInputError(
            "reg must be a positive number in the units of the cost, got a mean cost of "
            "0 to take a tenth of; to fix it, pass for example a tenth of a typical cost"
        )
    return 0.1 * mean
