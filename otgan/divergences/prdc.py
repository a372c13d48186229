"""Precision, recall, density and coverage: how two samples fill the balls around their points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from otgan.costs import PointCost, row_blocks
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_named_samples, refuse_gradients
from otgan.results import Result

__all__ = ["PRDC", "prdc"]


@checks_keywords
@dataclass(frozen=True)
class PRDC(Result):
    """Four scores of a sample beside a real one. ``float(scores)`` is the coverage.

    Attributes
    ----------
    precision : float
        Fraction of the other sample's points that lie in some ball around a real point.
    recall : float
        Fraction of real points that lie in some ball around a point of the other sample.
    density : float
        In how many balls around real points a point of the other sample lies, over k, in the mean.
        It may exceed one.
    coverage : float
        Fraction of balls around real points that hold a point of the other sample.
    k : int
        A ball reaches to the k-th nearest neighbor of its center in the same sample.
    n, m : int
        Numbers of real points, and of the others.

    Examples
    --------
    >>> PRDC(0.9, 0.8, 1.1, 0.95, k=5, n=100, m=80)
    PRDC(precision=0.9, recall=0.8, density=1.1, coverage=0.95, k=5, n=100, m=80)
    """

    panel: ClassVar[str] = "otgan.divergences.plot.scores_picture"

    precision: float
    recall: float
    density: float
    coverage: float
    k: int
    n: int
    m: int

    def __float__(self) -> float:
        return self.coverage

    def __repr__(self) -> str:
        scores = ", ".join(
            f"{name}={getattr(self, name):.4g}"
            for name in ("precision", "recall", "density", "coverage")
        )
        return f"PRDC({scores}, k={self.k}, n={self.n}, m={self.m})"


@checks_keywords
def prdc(real: Any, fake: Any, *, k: int = 5) -> PRDC:
    """Precision, recall, density and coverage of generated points beside real ones.

    Around every point is a closed ball up to its k-th nearest neighbor in its own sample, itself
    left out. Precision and density say whether generated points lie where real ones do; recall and
    coverage, whether all places of real points are reached.

    Parameters
    ----------
    real, fake : array_like, shapes (n, d) and (m, d), (n,) and (m,), or images (n, c, h, w)
        More than k points each. Distances are Euclidean, in the units given: of images, pass
        features of a network where they mean more than pixels.
    k : int, default 5
        The neighbor that a ball reaches to.

    Returns
    -------
    PRDC

    Raises
    ------
    InvalidInputError
        At most k points, columns that differ, NaN, tensors that require gradients, or a k that is
        no positive whole number.

    See Also
    --------
    memorization_test : whether the generated points are copies of training points.

    Notes
    -----
    O((n² + n m + m²) d) time: on one core a second for 5,000 points a side in 64 dimensions, half a
    minute in 784. O(n + m) memory beside blocks of 16 MiB. Distances are those of direct
    differences, so that equal points are at distance zero: a ball of radius zero holds the copies
    of its center. (The authors' code for density and coverage takes open balls, which hold nothing
    where points repeat.)

    At equal distributions density has the mean one, and coverage
    ``1 - Π_(i<k) (n - 1 - i) / (n + m - 1 - i)``, whatever the dimension: about 1 - 2^(-k), which
    is 0.97 for k = 5, if n = m. Precision and recall depend on the distribution, so compare them
    with those of real points beside other real points, as many. A far outlier of the real points
    has a wide ball and raises precision, one of the generated points raises recall; both raise
    density and coverage little.

    References
    ----------
    Kynkäänniemi, Karras, Laine, Lehtinen and Aila, Improved precision and recall metric for
    assessing generative models (NeurIPS 2019), (1) and (2), for precision and recall; Naeem, Oh,
    Uh, Choi and Yoo, Reliable fidelity and diversity metrics for generative models (ICML 2020),
    section 3, for density and coverage, and Lemma 2 for the mean of coverage.

    Examples
    --------
    >>> prdc([0, 1, 3], [0.5, 1.5, 9], k=1)  # balls [-1, 1], [0, 2], [1, 5]; [-.5, 1.5], ...
    PRDC(precision=0.6667, recall=1, density=1.333, coverage=1, k=1, n=3, m=3)
    """
    refuse_gradients("prdc", real, fake)
    k = as_count(k, "k")
    points, others = as_named_samples({"real": real, "fake": fake})
    _check_enough("real", len(points), k)
    _check_enough("fake", len(others), k)
    found = _memberships(PointCost.between(points, others, "euclidean", 1.0), k)
    return PRDC(
        precision=float((found.balls_at_fake > 0).mean()),
        recall=float(found.real_is_reached.mean()),
        density=float(found.balls_at_fake.mean()) / k,
        coverage=float(found.ball_is_hit.mean()),
        k=k,
        n=len(points),
        m=len(others),
    )


class _Memberships(NamedTuple):
    """Which points lie in balls around points of the other sample.

    Attributes
    ----------
    balls_at_fake : ndarray of int, shape (m,)
        How many balls around real points hold each generated point.
    ball_is_hit : ndarray of bool, shape (n,)
        Whether the ball around each real point holds a generated one.
    real_is_reached : ndarray of bool, shape (n,)
        Whether some ball around a generated point holds each real one.
    """

    balls_at_fake: FloatArray
    ball_is_hit: FloatArray
    real_is_reached: FloatArray


def _memberships(cost: PointCost, k: int) -> _Memberships:
    radii_real, radii_fake = _radii(cost.x, k), _radii(cost.y, k)
    n, m = cost.shape
    balls_at_fake = np.zeros(m, int)
    ball_is_hit, real_is_reached = np.empty(n, bool), np.empty(n, bool)
    for rows, distances in row_blocks(cost):
        inside = distances <= radii_real[rows, None]
        balls_at_fake += inside.sum(axis=0)
        ball_is_hit[rows] = inside.any(axis=1)
        real_is_reached[rows] = (distances <= radii_fake).any(axis=1)
    return _Memberships(balls_at_fake, ball_is_hit, real_is_reached)


def _radii(points: FloatArray, k: int) -> FloatArray:
    """The distance of every point to its k-th nearest other point."""
    radii = np.empty(len(points))
    for rows, distances in row_blocks(PointCost(points, points)):
        radii[rows] = np.partition(distances, k, axis=1)[:, k]  # the 0-th is the point itself
    return radii


def _check_enough(name: str, n: int, k: int) -> None:
    if n <= k:
        raise InvalidInputError(
            f"{name} must hold more than k={k} points, so that each has a k-th neighbor, got {n}; "
            "to fix it, give more points or pass a smaller k"
        )
