"""The max-sliced Wasserstein distance: the largest distance along a line that a search finds."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

from otgan.estimates import Estimate, root_and_error, standard_error_of_gap
from otgan.inputs.options import as_confidence, as_count, as_order, as_rng
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, refuse_gradients
from otgan.pooled_null import PooledNull, permuted_labels
from otgan.transport.plug_in_bias import PlugInCost
from otgan.transport.sliced import (
    Samples,
    costs_along,
    gradients_of_slices,
    potentials_of_slices,
    random_directions,
    relabeled_costs,
    solve_slices,
)

__all__ = ["max_sliced_wasserstein"]

N_CANDIDATES = 256
"""Random directions among which the search for the worst one chooses where to start."""


@checks_keywords
def max_sliced_wasserstein(
    x: Any,
    y: Any,
    *,
    p: float = 1,
    n_restarts: int = 8,
    rng: Any = 0,
    confidence_level: float = 0.95,
) -> Estimate:
    """The largest W_p(θ·x, θ·y) that a search over directions θ finds, root taken.

    A lower bound of W_p of the two samples, whatever the search found; a local search finds
    local maxima, so the true maximum over directions may be larger. In the units of x.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d), or (n,) and (m,) on the line
        Independent points of the two distributions, at least four of each.
    p : float, default 1
        Order, at least one.
    n_restarts : int, default 8
        From how many directions the search starts: the best of 256 random ones and the
        difference of the means.
    rng : int or numpy.random.Generator, default 0
        Draws the directions, the halves, the mixture and the permutations.
    confidence_level : float, default 0.95
        Level of the interval.

    Returns
    -------
    Estimate
        The diagnostics `held_out` and `held_out_se` are a second estimate: the direction is found
        on one half of the points and measured on the other, then the halves change places. If it
        falls far short of the value, the direction fits the samples more than the distributions,
        and a warning says so. `null_level` is the value after the samples were given one mean, and
        then pooled and split at random: what equal distributions show. `of_halves` is the mean
        value of those halves. `null_pvalue` is how often permuted labels of a half give such a
        distance along the direction of the other, twice the lesser of both. The interval is for the
        largest distance along a direction of the distributions, and allows for the bias and for
        equal distributions as that of :func:`sliced_wasserstein` does.

    Raises
    ------
    InvalidInputError
        Fewer than four points, columns that differ, NaN, p < 1, or no restarts.

    Notes
    -----
    The search is L-BFGS on the projected cost. The standard error is that of the dual
    potentials in the direction found: to first order the maximum does not move.

    O(n_restarts · steps · ((n + m) log(n + m) + (n + m) d)) time.

    Source: Deshpande et al., Max-sliced Wasserstein distance and its use for GANs, 2019.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(500, 3))
    >>> print(f"{float(max_sliced_wasserstein(x, x + [0, 0, 4])):.3f}")
    4.000
    """
    refuse_gradients("max_sliced_wasserstein", x, y)
    samples = Samples.of(x, y, as_order(p), least=4)
    n_restarts = as_count(n_restarts, "n_restarts")
    rng, confidence_level = as_rng(rng), as_confidence(confidence_level)
    cost, se = _cost_along(samples, _steepest(samples, n_restarts, rng))
    halves = _halved(samples, n_restarts, confidence_level, rng)
    pooled = samples.pooled(rng)
    null_level, _ = _cost_along(pooled, _steepest(pooled, n_restarts, rng))
    null = PooledNull(halves.pvalue if cost > null_level else 1.0, null_level)
    found = PlugInCost(cost, se, null_level, halves.cost, null)
    return found.estimate(
        "max-sliced",
        samples.p,
        (samples.n, samples.m),
        confidence_level,
        diagnostics={"held_out": halves.held_out, "held_out_se": halves.held_out_se},
        warnings=halves.warnings(root_and_error(cost, 0.0, samples.p)[0]),
    )


def _steepest(samples: Samples, n_restarts: int, rng: np.random.Generator) -> FloatArray:
    """The unit vector with the largest cost that was found, shape (1, d)."""
    candidates = random_directions(samples.d, N_CANDIDATES, rng)
    shift = samples.x.mean(axis=0) - samples.y.mean(axis=0)
    if samples.d == 1:
        return candidates
    if shift.any():
        candidates = np.concatenate([candidates, shift[None] / np.linalg.norm(shift)])
    costs = costs_along(samples, candidates)
    starts = candidates[costs.argsort()[::-1][:n_restarts]]
    scale = costs.max() or 1.0

    def loss(vector: FloatArray) -> tuple[float, FloatArray]:
        length = float(np.linalg.norm(vector))
        theta = vector / length
        slices = solve_slices(samples, theta[None])
        gradient = gradients_of_slices(samples, slices)[0]
        along_the_sphere = (gradient - gradient @ theta * theta) / length
        return -slices.costs[0] / scale, -along_the_sphere / scale

    found = [minimize(loss, start, jac=True, method="L-BFGS-B").x for start in starts]
    ends = np.array([theta / np.linalg.norm(theta) for theta in found])
    best = int(costs_along(samples, ends).argmax())
    return ends[best : best + 1]


def _cost_along(samples: Samples, theta: FloatArray) -> tuple[float, float]:
    slices = solve_slices(samples, theta)
    return float(slices.costs[0]), standard_error_of_gap(*potentials_of_slices(samples, slices))


class _Halves(NamedTuple):
    """What halves of the samples show, each along its own direction, and along the other's."""

    cost: float
    held_out: float
    held_out_se: float
    pvalue: float

    def warnings(self, value: float) -> tuple[str, ...]:
        """A sentence, if the distance of the samples is far above the one held out."""
        if value - self.held_out <= 2 * self.held_out_se:
            return ()
        return (
            f"on points that did not choose the direction the distance is {self.held_out:.4g}: "
            "the value is too large for the distributions; to fix it, give more points",
        )


def _halved(
    samples: Samples, n_restarts: int, confidence_level: float, rng: np.random.Generator
) -> _Halves:
    """Directions found on one half, and measured on the other, where labels are permuted too."""
    halves = samples.halves(rng)
    thetas = [_steepest(half, n_restarts, rng) for half in halves]
    cost = np.mean([costs_along(*pair)[0] for pair in zip(halves, thetas, strict=True)])
    (first, first_se), (second, second_se) = map(_cost_along, halves, thetas[::-1])
    held_out = root_and_error((first + second) / 2, math.hypot(first_se, second_se) / 2, samples.p)
    least = 1.0
    for half, theta in zip(halves, thetas[::-1], strict=True):
        labels = permuted_labels(half.n, half.m, confidence_level, rng, cheap=True)
        least = min(least, PooledNull.from_values(relabeled_costs(half, theta, labels)).pvalue)
    return _Halves(float(cost), *held_out, min(1.0, 2 * least))
