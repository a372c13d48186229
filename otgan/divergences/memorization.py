"""Whether generated points are copies of training points: a test calibrated by real points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.stats import PermutationMethod, mannwhitneyu

from otgan.costs import PointCost, row_blocks
from otgan.errors import InvalidInputError
from otgan.inputs.options import as_number
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_named_samples, refuse_gradients
from otgan.results import Result

__all__ = ["MemorizationTest", "memorization_test"]

FEW_POINTS = 50
"""Up to so many distances with ties among them, labels are permuted: the normal approximation with
its correction for ties halves p-values of three copies beside three."""

N_PERMUTATIONS = 9_999
"""All of them, where there are no more."""


@checks_keywords
@dataclass(frozen=True)
class MemorizationTest(Result):
    """How near generated points come to training points, beside real points that were held out.

    ``float(result)`` is the p-value.

    Attributes
    ----------
    pvalue : float
        One-sided: small where generated points are nearer to training points than real ones are.
    statistic : float
        The probability that a generated point is farther from its nearest training point than a
        held-out one is from its own, ties counted half: 1/2 for new points, 0 if all are nearer.
    near_fraction : float
        Fraction of generated points at most `threshold` from a training point.
    held_out_near_fraction : float
        The same fraction of held-out points: about the quantile asked for, or more if they hold
        copies of training points. This is what generated points should show.
    threshold : float
        A quantile of the held-out points' distances. It is 0 where more of them are copies.
    n_train, n_held_out, n_generated : int
        Sizes of the samples.

    Examples
    --------
    >>> MemorizationTest(0.2, 0.48, 0.012, 0.01, 0.3, 1000, 500, 500)
    MemorizationTest(pvalue=0.2, statistic=0.48, near_fraction=0.012, held_out_near_fraction=0.01)
    """

    bracket: ClassVar[tuple[str, ...]] = ("pvalue",)
    panel: ClassVar[str] = "otgan.divergences.plot.copies"

    pvalue: float
    statistic: float
    near_fraction: float
    held_out_near_fraction: float
    threshold: float
    n_train: int
    n_held_out: int
    n_generated: int

    def __float__(self) -> float:
        return self.pvalue

    def __repr__(self) -> str:
        return (
            f"MemorizationTest(pvalue={self.pvalue:.4g}, statistic={self.statistic:.4g}, "
            f"near_fraction={self.near_fraction:.4g}, "
            f"held_out_near_fraction={self.held_out_near_fraction:.4g})"
        )


@checks_keywords
def memorization_test(
    train: Any, held_out: Any, generated: Any, *, quantile: float = 0.01
) -> MemorizationTest:
    """Test whether generated points are nearer to training points than new real points are.

    The distances of generated points to their nearest training points are compared with those of
    real points that were held out, by the one-sided Mann-Whitney test. A generator that learned the
    distribution shows the same distances as these; one that copies shows smaller ones.

    Parameters
    ----------
    train : array_like, shape (n, d), (n,) or (n, c, h, w)
        The points that the generator was trained on.
    held_out : array_like, shape (n', d), ...
        Real points that it was not trained on, independent of `train`.
    generated : array_like, shape (m, d), ...
        Independent points of the generator.
    quantile : float, default 0.01
        Which quantile of the held-out distances counts as near; of fewer than 1/quantile points, it
        is the least distance.

    Returns
    -------
    MemorizationTest

    Raises
    ------
    InvalidInputError
        Columns that differ, empty samples, NaN, tensors that require gradients, or a quantile
        outside (0, 1).

    See Also
    --------
    prdc : whether generated points lie where real ones do, and everywhere there.

    Notes
    -----
    O(n (n' + m) d) time, blocks of 16 MiB of memory. Given the training points, both samples of
    distances are independent, so the p-value holds whatever the distribution and the generator
    (normal approximation with a correction for ties; exact for at most eight points without ties,
    and for at most 50 in both samples with ties, by 9,999 permutations of labels or all of them).

    A generator that copies some points and misses the data by far with others may show 1/2:
    `near_fraction` beside `held_out_near_fraction` shows the copies then. Real data may repeat too:
    copies count on both sides, and are evidence only where they are more frequent among the
    generated points. A statistic near one is underfitting: generated points lie off the data.

    References
    ----------
    Meehan, Chaudhuri and Dasgupta, A non-parametric test to detect data-copying in generative
    models (AISTATS 2020), section 3: the statistic is their U over m n', without a partition of
    the space into cells; Mann and Whitney, On a test of whether one of two random variables is
    stochastically larger than the other (Annals of Mathematical Statistics 1947).

    Examples
    --------
    >>> memorization_test([0, 9], [1, 7, 12, 14], [0, 9.5])  # 1, 2, 3, 5 against 0, 0.5
    MemorizationTest(pvalue=0.06667, statistic=0, near_fraction=1, held_out_near_fraction=0.25)
    """
    refuse_gradients("memorization_test", train, held_out, generated)
    _check_quantile(quantile)
    points, real, fake = as_named_samples(
        {"train": train, "held_out": held_out, "generated": generated}
    )
    of_real, of_fake = _nearest_distances(real, points), _nearest_distances(fake, points)
    threshold = float(np.quantile(of_real, quantile, method="inverted_cdf"))
    statistic, pvalue = _mann_whitney(of_fake, of_real)
    return MemorizationTest(
        pvalue=pvalue,
        statistic=statistic,
        near_fraction=float((of_fake <= threshold).mean()),
        held_out_near_fraction=float((of_real <= threshold).mean()),
        threshold=threshold,
        n_train=len(points),
        n_held_out=len(real),
        n_generated=len(fake),
    )


def _check_quantile(quantile: Any) -> None:
    hint = "pass a fraction such as 0.01"
    if not 0 < as_number(quantile, "quantile", "between 0 and 1", hint) < 1:
        raise InvalidInputError(
            f"quantile must lie between 0 and 1, got {quantile!r}; to fix it, {hint}"
        )


def _nearest_distances(points: FloatArray, train: FloatArray) -> FloatArray:
    """The distance of every point to the nearest training point."""
    nearest = np.empty(len(points))
    for rows, distances in row_blocks(PointCost.between(points, train, "euclidean", 1.0)):
        nearest[rows] = distances.min(axis=1)
    return nearest


def _mann_whitney(of_fake: FloatArray, of_real: FloatArray) -> tuple[float, float]:
    """P(of_fake > of_real) + P(=)/2, and the p-value of its being below 1/2."""
    both = np.concatenate([of_fake, of_real])
    if (both == of_real[0]).all():  # SciPy would divide by zero
        return 0.5, 1.0
    method: Any = "auto"  # exact for few points, but not where some are equal
    if len(both) <= FEW_POINTS and len(np.unique(both)) < len(both):
        method = PermutationMethod(n_resamples=N_PERMUTATIONS, rng=0)
    found = mannwhitneyu(of_fake, of_real, alternative="less", method=method)
    return float(found.statistic) / (len(of_fake) * len(of_real)), float(found.pvalue)
