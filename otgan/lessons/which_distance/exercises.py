"""Exercises on the lesson `which-distance`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from otgan import kl_divergence, total_variation, wasserstein_1d
from otgan.lessons.exercises import Exercise, as_array, need
from otgan.lessons.which_distance.numbers import WhichDistance
from otgan.lessons.which_distance.shifts import of_scaled_shift, of_shift

__all__ = ["EXERCISES"]

CENTIMETERS = 100.0
ALIKE = 0.1
DIFFERENT = 0.3
NORMAL = ndtri((np.arange(2000) + 0.5) / 2000)
"""Quantiles of N(0, 1)."""


def _judge_histograms(answer: Any, n: WhichDistance) -> None:
    pair = as_array(answer, (2, 3))
    need((pair >= 0).all(), f"masses must not be negative, got {pair.min():.6g}")
    need(
        np.allclose(pair.sum(axis=1), 1, atol=1e-9),
        f"both must add up to 1, got {pair[0].sum():.6g} and {pair[1].sum():.6g}",
    )
    apart, kl = float(total_variation(*pair)), float(kl_divergence(*pair))
    need(kl == math.inf, f"KL(p‖q) is {kl:.4g}")
    need(apart < ALIKE, f"KL(p‖q) is infinite, but so much mass differs: {apart:.4g}")


def _judge_factors(answer: Any, n: WhichDistance) -> None:
    factors = as_array(answer, (3,))
    there, here = of_shift(1), of_scaled_shift(1, CENTIMETERS)
    for name, factor, then, now in (
        ("W1", factors[0], there.w1, here.w1),
        ("KL", factors[1], there.kl, here.kl),
        ("JS", factors[2], there.js, here.js),
    ):
        need(
            math.isclose(factor, now / then, rel_tol=0.005),
            f"{name} is not multiplied by {factor:.6g}",
        )


def _judge_points(answer: Any, n: WhichDistance) -> None:
    points = as_array(answer, (None,))
    need(len(points) > 1, "one point has no deviation")
    mean, std = float(points.mean()), float(points.std())
    need(abs(mean) < 1e-6, f"the mean is {mean:.6g}, and should be 0")
    need(abs(std - 1) < 1e-6, f"the standard deviation is {std:.6g}, and should be 1")
    w1 = float(wasserstein_1d(points, NORMAL))
    need(w1 >= DIFFERENT, f"mean and deviation are right, but W1 is {w1:.4f} only")


EXERCISES = (
    Exercise(
        question="Find two distributions on three bins, `(p, q)`, that differ in less than "
        f"{ALIKE:g} of their mass (TV) and have KL(p‖q) = ∞.",
        judge=_judge_histograms,
        tip="KL(p‖q) asks whether q has mass wherever p has some, however little.",
        worked="# Any mass of p where q has none makes KL infinite. Disjoint supports are not "
        "needed.\nanswer = [0.50, 0.49, 0.01], [0.50, 0.50, 0.00]",
    ),
    Exercise(
        question="Lengths in meters are rewritten in centimeters. By which factors does that "
        "multiply W1, KL and JS? Answer with three numbers.",
        judge=_judge_factors,
        tip="KL and JS contain the ratio of two densities at one point.",
        worked="# W1 is a length. Densities change by one factor, which cancels in their ratio.\n"
        "answer = 100, 1, 1",
    ),
    Exercise(
        question="The Fréchet distance sees nothing but mean and covariance. Make points on the "
        "line with mean 0 and standard deviation 1, so that it takes them for N(0, 1), though W1 "
        f"to N(0, 1) is {DIFFERENT:g} or more.",
        judge=_judge_points,
        tip="Put all points far from the middle, at the same distance from it.",
        worked="# Half of the points at -1, half at 1.\nanswer = [-1.0, 1.0]",
    ),
)
"""What a student can compute after the lesson."""
