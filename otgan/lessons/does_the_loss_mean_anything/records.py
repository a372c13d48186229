"""The numbers of the lesson `does-the-loss-mean-anything`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.measured import measured
from otgan.lessons.record import Record
from otgan.measures import FloatArray

__all__ = ["Correlated", "Curve", "LossMeaning", "correlations"]


@dataclass(frozen=True, repr=False)
class Correlated(Record):
    """How one loss of one objective went along with one distance, over seeds.

    Attributes
    ----------
    name : str
        The objective, and its constraint.
    loss : str
        critic_estimate, critic_loss or generator_loss.
    distance : str
        debiased_w1, or frechet, which is that of features.
    told_from_zero : bool
        Whether a t-test over seeds tells the mean from zero, at 5 % for all of them together.
    seeds : ndarray of int, shape (k,)
    correlations : ndarray, shape (k,)
        Spearman's, over the measurements of a run until it reached the floor.
    """

    name: str
    loss: str
    distance: str
    told_from_zero: bool
    seeds: FloatArray
    correlations: FloatArray


@dataclass(frozen=True, repr=False)
class Curve(Record):
    """One training on digits, measured k times.

    Attributes
    ----------
    name : str
    steps : ndarray of int, shape (k,)
        Of the generator.
    critic_estimate, critic_loss, generator_loss : ndarray, shape (k,)
        The divergence that the critic shows on held-out images, in the units of the data for W1;
        the losses of the last step, of scores as the network gives them.
    exact_w1, debiased_w1, debiased_w1_se : ndarray, shape (k,)
        Between held-out and generated images.
    floor : float
        W1 between held-out images and others, in the mean.
    until_floor : int
        Measurements that count for correlations: those until debiased W1 is within two standard
        errors of zero.
    correlations : dict of str to float
        Spearman's correlation of each loss with debiased W1.
    """

    name: str
    steps: FloatArray
    critic_estimate: FloatArray
    critic_loss: FloatArray
    generator_loss: FloatArray
    exact_w1: FloatArray
    debiased_w1: FloatArray
    debiased_w1_se: FloatArray
    floor: float
    until_floor: int
    correlations: dict[str, float]


@checks_keywords
@dataclass(frozen=True, repr=False)
class LossMeaning(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    measured : tuple of Correlated
        By benchmarks/correlation.py, of six objectives.
    curves : tuple of Curve
        Trained now: a non-saturating GAN, and a WGAN under the one-sided gradient penalty.
    """

    measured: tuple[Correlated, ...]
    curves: tuple[Curve, ...]

    def of(self, loss: str, distance: str = "debiased_w1") -> tuple[Correlated, ...]:
        """What has been measured of this loss and this distance, an entry for each objective."""
        return tuple(c for c in self.measured if (c.loss, c.distance) == (loss, distance))


def correlations() -> tuple[Correlated, ...]:
    """Those that this package holds."""
    return tuple(map(_correlated, measured("does_the_loss_mean_anything")["groups"]))


def _correlated(group: dict[str, Any]) -> Correlated:
    arrays = {name: np.array(group[name]) for name in ("seeds", "correlations")}
    return Correlated(**{**group, **arrays})
