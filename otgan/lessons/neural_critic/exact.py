"""What a perfect critic shows on the line under a penalty, or under clipping, by quadrature.

With x̂ between x and y of density u, and w = F_y - F_x, the critic that maximizes
E f(x) - E f(y) - E c(|f'(x̂)|) makes ``∫ w |f'| - c(|f'|) u`` largest, point by point:
``w = c'(|f'|) u``. This is a second way to numbers that the constraints' docstrings state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from otgan.lessons.densities import Normal
from otgan.measures import FloatArray

__all__ = ["PerfectCritics", "steepest_clipped"]

NODES = 200
"""Nodes of the quadrature over where x̂ lies between x and y."""

CELLS = 4000
"""Of the trapezoidal rule over the line: smooth functions that vanish at both ends need few."""

TAIL = 8.0
"""Standard deviations on either side; further out floats cannot tell F_x from F_y."""


@dataclass(frozen=True)
class PerfectCritics:
    """Two normal distributions on the line, and x̂ = t x + (1 - t) y with t uniform on [0, 1].

    Attributes
    ----------
    P, Q : Normal
        The distributions of x and of y.

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), equation (3), for the
    penalty and for x̂; the pointwise optimum is elementary.

    Examples
    --------
    >>> line = PerfectCritics(Normal(0, 1), Normal(2, 1))
    >>> [f"{line.gap(weight):.3f}" for weight in (0.1, 1, 10)]
    ['23.034', '4.103', '2.210']
    >>> f"{line.gap_of_power(2, 6):.4f}", f"{line.w1:.10f}"
    ('1.4055', '2.0000000000')
    """

    P: Normal
    Q: Normal

    @cached_property
    def x(self) -> FloatArray:
        """Equally spaced points of the line, shape (CELLS + 1,)."""
        distributions = (self.P, self.Q)
        low = min(distribution.mean - TAIL * distribution.std for distribution in distributions)
        high = max(distribution.mean + TAIL * distribution.std for distribution in distributions)
        return np.linspace(low, high, CELLS + 1)

    @cached_property
    def flow(self) -> FloatArray:
        """Mass that crosses each point, |F_x - F_y|."""
        return np.array([abs(self.P.cdf(x) - self.Q.cdf(x)) for x in self.x.tolist()])

    @cached_property
    def density(self) -> FloatArray:
        """Density u of x̂: given t it is normal."""
        nodes, weights = np.polynomial.legendre.leggauss(NODES)
        t = (nodes + 1) / 2
        mean = t * self.P.mean + (1 - t) * self.Q.mean
        std = np.hypot(t * self.P.std, (1 - t) * self.Q.std)
        z = (self.x[:, None] - mean) / std
        return np.asarray((np.exp(-0.5 * z**2) / std) @ weights / (2 * np.sqrt(2 * np.pi)))

    @property
    def w1(self) -> float:
        """W₁ = ∫ |F_x - F_y|."""
        return self._integral(self.flow)

    def slope(self, weight: float) -> FloatArray:
        """|f'| at `x` under weight · E(|f'| - 1)², one-sided or not: 1 + w / (2 weight u)."""
        return 1 + self.flow / (2 * weight * self.density)

    def gap(self, weight: float) -> float:
        """What the critic of that slope shows, W₁ + ∫ w² / (2 weight u)."""
        return self._integral(self.flow * self.slope(weight))

    def gap_of_power(self, weight: float, power: float) -> float:
        """The same under weight E|f'|^power: |f'| = (w / (weight power u))^(1 / (power - 1))."""
        return self._integral(
            self.flow * (self.flow / (weight * power * self.density)) ** (1 / (power - 1))
        )

    @property
    def clipped_reading(self) -> float:
        """Gap over steepest slope of a large ReLU network, clipped, on standardized points.

        Biases up to the limit can put the kinks of its first layer at most one deviation from the
        center. Where all units are alike, the slope is full on one side of a kink there and
        nothing on the other; a mixture loses as much on both sides together. So what is lost of
        W₁ is the flow beyond one deviation on one side.
        """
        means, stds = (self.P.mean, self.Q.mean), (self.P.std, self.Q.std)
        # Root mean square around the midpoint of the means, over both distributions.
        spread = np.sqrt((means[0] - means[1]) ** 2 / 4 + np.mean(np.square(stds)))
        kept = self.x > sum(means) / 2 - spread
        return self._integral(self.flow * kept)

    def _integral(self, values: FloatArray) -> float:
        return float(values.sum() * (self.x[1] - self.x[0]))


def steepest_clipped(limit: float, d: int, width: int, depth: int) -> float:
    """Steepest slope of a ReLU network with all weights in [-limit, limit].

    It is limit^(depth + 1) √d width^depth, and all weights at the limit reach it where all
    coordinates are large: no path through the network can pass more.

    Parameters
    ----------
    limit : float
    d, width, depth : int
        Inputs, and hidden layers.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1, for the clipping.

    Examples
    --------
    >>> [f"{steepest_clipped(0.01, 2, width, 3):.4g}" for width in (64, 512)]
    ['0.003707', '1.898']
    """
    return float(limit ** (depth + 1) * np.sqrt(d) * float(width) ** depth)
