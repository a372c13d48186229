"""What the lesson `neural-critic` keeps of each critic."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Clipped", "NeuralCritic", "OnLine", "Surface", "Weighed"]

AT_LIMIT = 0.99
"""A weight is counted as at the limit from this fraction of it on."""


@dataclass(frozen=True, repr=False)
class OnLine(Record):
    """One critic between N(0, 1) and N(2, 1).

    Attributes
    ----------
    label : str
    gap, gap_se : float
        E f(x) - E f(y) on fresh points, and its standard error.
    ideal : float
        What a perfectly trained critic would show; NaN under clipping, where that depends on the
        network.
    value, se : float
        The gap as the constraint reads it.
    slope : float
        The largest that was met.
    proved : float
        No slope is larger, by the weights.
    steps, gaps : ndarray, shape (k,)
        The gap on held-out points after so many steps of training.
    """

    label: str
    gap: float
    gap_se: float
    ideal: float
    value: float
    se: float
    slope: float
    proved: float
    steps: FloatArray
    gaps: FloatArray


@dataclass(frozen=True, repr=False)
class Weighed(Record):
    """One-sided penalties of weight w and of weight 2 w, between N(0, 1) and N(2, 1).

    Attributes
    ----------
    weight : float
    single, double : OnLine
        At w and at 2 w.
    x, slopes : ndarray, shape (k,)
        Slopes -f'(x) of the first.
    """

    weight: float
    single: OnLine
    double: OnLine
    x: FloatArray
    slopes: FloatArray

    @property
    def extrapolated(self) -> float:
        """2 S(2w) - S(w): the bias is linear in 1/w, so it cancels."""
        return 2 * self.double.gap - self.single.gap

    @property
    def extrapolated_se(self) -> float:
        """Standard error of `extrapolated`, at most: as if the two were independent."""
        return hypot(2 * self.double.gap_se, self.single.gap_se)


@dataclass(frozen=True, repr=False)
class Clipped(Record):
    """A clipped critic of some width between N(0, 1) and N(2, 1).

    Attributes
    ----------
    width : int
    steepest : float
        No network of this shape, so clipped, is steeper: limit^(depth + 1) √d width^depth.
    fit : OnLine
    """

    width: int
    steepest: float
    fit: OnLine


@dataclass(frozen=True, repr=False)
class Surface(Record):
    """A critic in the plane, of a distribution against the same distribution plus Gaussian noise.

    Attributes
    ----------
    shape : str
        Which distribution: a key of `otgan.datasets.DATASETS`.
    constraint : str
    value, se : float
    slope : float
        The largest that was met.
    w1, w1_se : float
        W₁ of the distributions without any critic, and its standard error: halfway between the
        exact W₁ of two samples and what its potentials show on fresh points.
    bound : float
        W₁ is at most the mean length of the noise, NOISE √(π/2).
    axis : ndarray, shape (k,)
        Coordinates of a square grid.
    heights : ndarray, shape (k, k)
        The critic on the grid; rows are the second coordinate.
    points, noisy : ndarray, shapes (n, 2)
        Some points of both distributions.
    weights : ndarray, shape (w,)
        All weights and biases of the network.
    """

    shape: str
    constraint: str
    value: float
    se: float
    slope: float
    w1: float
    w1_se: float
    bound: float
    axis: FloatArray
    heights: FloatArray
    points: FloatArray
    noisy: FloatArray
    weights: FloatArray

    @property
    def fraction(self) -> float:
        """The value over W₁."""
        return self.value / self.w1


@checks_keywords
@dataclass(frozen=True, repr=False)
class NeuralCritic(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    w1 : float
        Between the two distributions on the line: 2.
    on_line : tuple of OnLine
        One critic for each constraint.
    weighed : tuple of Weighed
        One-sided penalties of several weights.
    clipped : tuple of Clipped
        Clipped networks of several widths.
    limit : float
        What their weights are clipped to.
    clipped_ideal : float
        What a clipped critic is read as if it is perfect, whatever its width.
    surfaces : tuple of Surface
        In the plane: all shapes clipped, then all shapes penalized.
    """

    w1: float
    on_line: tuple[OnLine, ...]
    weighed: tuple[Weighed, ...]
    clipped: tuple[Clipped, ...]
    limit: float
    clipped_ideal: float
    surfaces: tuple[Surface, ...]

    @property
    def fraction_at_limit(self) -> float:
        """Fraction of the weights of the clipped surfaces that lie at the limit."""
        weights = np.concatenate([s.weights for s in self.surfaces if s.constraint == "clip"])
        return float((np.abs(weights) >= AT_LIMIT * self.limit).mean())
