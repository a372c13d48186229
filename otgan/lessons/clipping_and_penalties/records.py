"""What the lesson `clipping-and-penalties` keeps of each critic."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["AT_LIMIT", "BINS", "ClippingAndPenalties", "Critic", "layer_factors", "steepest"]

AT_LIMIT = 0.99
"""A weight is counted as at the limit from this fraction of it on."""

BINS = 41
"""Of the histograms of weights."""


def layer_factors(limit: float, width: int) -> tuple[float, float]:
    """By what a layer changes a gradient's norm on its way back, with all weights at ± limit.

    Half the ReLUs are on. With random signs the squares of width / 2 terms add up, so the factor
    is limit √(width / 2); with equal signs the terms do, and it is limit width / 2. It is never
    above limit width, the largest norm of such a matrix.

    Examples
    --------
    >>> [f"{factor:.4f}" for factor in layer_factors(0.01, 64)]
    ['0.0566', '0.3200']
    """
    return limit * math.sqrt(width / 2), limit * width / 2


def steepest(limit: float, width: int, depth: int) -> float:
    """No ReLU network on the plane with weights in [-limit, limit] is steeper than this.

    It is limit^(depth + 1) √2 width^depth, the product of the largest norms of its matrices.

    Examples
    --------
    >>> [f"{steepest(limit, 64, 3):.2g}" for limit in (0.001, 0.01, 0.1)]
    ['3.7e-07', '0.0037', '37']
    """
    return float(limit ** (depth + 1) * math.sqrt(2) * float(width) ** depth)


@dataclass(frozen=True, repr=False)
class Critic(Record):
    """One critic, as it learns.

    Attributes
    ----------
    name : str
        ``"clip"``, ``"gp"`` or ``"lp"``, the one-sided penalty.
    limit : float
        What weights are clipped to; infinite under a penalty.
    depth : int
        Hidden layers.
    norms : ndarray, shape (looks, depth + 1)
        Norm of the critic's gradient with respect to what each layer takes, the mean over points;
        the first layer takes the points.
    slope : ndarray, shape (looks,)
        The largest norm of the first kind that was met.
    gap : ndarray, shape (looks,)
        E f(x) - E f(y) on points that it was not trained on.
    heights : ndarray, shape (looks, k, k)
        The critic on the grid; rows are the second coordinate.
    reach : ndarray, shape (looks,)
        Its histogram goes from -reach to reach: the limit, or else its largest weight.
    counts : ndarray, shape (looks, BINS)
        Weights and biases in equal bins.
    at_limit : ndarray, shape (looks,)
        Fraction of weights and biases at the limit.
    """

    name: str
    limit: float
    depth: int
    norms: FloatArray
    slope: FloatArray
    gap: FloatArray
    heights: FloatArray
    reach: FloatArray
    counts: FloatArray
    at_limit: FloatArray

    @property
    def factor(self) -> FloatArray:
        """Geometric mean of a norm over that of the next layer, shape (looks,).

        Below one, gradients vanish on their way back to the points; NaN where there are none.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.norms[:, 0] / self.norms[:, -1]
        return np.asarray(ratio ** (1 / self.depth))

    @property
    def reading(self) -> FloatArray:
        """The gap over the largest slope that was met, shape (looks,): at most W₁ but for noise."""
        flat = np.zeros_like(self.gap)
        return np.asarray(np.divide(self.gap, self.slope, out=flat, where=self.slope > 0))


@checks_keywords
@dataclass(frozen=True, repr=False)
class ClippingAndPenalties(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    width : int
        Of the hidden layers of all critics.
    steps : ndarray, shape (looks,)
        Steps of training at which critics were looked at.
    axis : ndarray, shape (k,)
        Coordinates of a square grid.
    points, noisy : ndarray, shapes (n, 2)
        Some points of the Swiss roll, and of the same with noise.
    w1, w1_se : float
        W₁ of the two distributions without a critic, and its standard error: halfway between the
        exact W₁ of two samples and what its potentials show on fresh points.
    critics : tuple of Critic
        By depth; clipped ones by their limits, then those under the two penalties.
    """

    width: int
    steps: FloatArray
    axis: FloatArray
    points: FloatArray
    noisy: FloatArray
    w1: float
    w1_se: float
    critics: tuple[Critic, ...]

    @property
    def limits(self) -> list[float]:
        """Of the clipped critics, from the narrowest window to the widest."""
        return sorted({one.limit for one in self.critics if one.name == "clip"})

    @property
    def depths(self) -> list[int]:
        """Of the critics, in hidden layers."""
        return sorted({one.depth for one in self.critics})

    def critic(self, name: str, depth: int, limit: float = math.inf) -> Critic:
        """The one of this name, depth and limit."""
        [found] = [c for c in self.critics if (c.name, c.depth, c.limit) == (name, depth, limit)]
        return found
