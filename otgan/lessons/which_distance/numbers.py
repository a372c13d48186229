"""Which distance for which job? Nine changes of a distribution, ten distances and a test."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from otgan import two_sample_test, wasserstein
from otgan.divergences.closed_forms import Gaussian, kl
from otgan.inputs.options import as_rng
from otgan.keywords import checks_keywords
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.lessons.which_distance.closed_forms import of_moved_uniform, of_rotation, of_rounding
from otgan.lessons.which_distance.distances import NAMES, Distances
from otgan.lessons.which_distance.mixtures import NORMAL, Mixture, divergences, of_mixtures
from otgan.lessons.which_distance.shifts import equivalent_shifts, of_scaled_shift, of_shift
from otgan.measures import FloatArray

__all__ = ["Change", "WhichDistance", "run"]

STEP = 0.1
FAR = 10.0
RARE = Mixture.of((0.95, 0, 1), (0.05, 10, 1))
OUTLIER = 0.01
OUTLYING = Mixture.of((1 - OUTLIER, 0, 1), (OUTLIER, 20, 1))
HUMPS = Mixture.of((0.5, -math.sqrt(0.91), 0.3), (0.5, math.sqrt(0.91), 0.3))
CORRELATION = 0.9
MANY = 100
UNIT = 1000.0

TESTED = 100
"""Points of each sample that the test gets."""

Sampler = Callable[[int, np.random.Generator], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, repr=False)
class Change(Record):
    """One way in which a distribution P became Q.

    Attributes
    ----------
    name, what : str
        In a word, and in a few.
    values : Distances
        Of P and Q.
    shifts : Distances
        By how many standard deviations a normal distribution must move to look as far apart.
    power : float
        How often a permutation test with the energy distance finds it at the level of 5 %, in
        samples of `TESTED` points each.
    """

    name: str
    what: str
    values: Distances
    shifts: Distances
    power: float


@checks_keywords
@dataclass(frozen=True, repr=False)
class WhichDistance(Record):
    """The numbers of the lesson.

    Attributes
    ----------
    changes : tuple of Change
    apart : ndarray, shape (k,)
        By how much a uniform distribution of variance one is moved.
    moved : tuple of Distances, length k
        What that does.
    outlier_at : ndarray, shape (t,)
        How far one per cent of the mass goes.
    outlier : dict of str to ndarray, shape (t,)
        What that looks like as a shift, to all but Sinkhorn and sliced W₁.
    dimensions : ndarray, shape (s,)
    noise : tuple of Distances, length s
        A shift of one standard deviation in one of so many coordinates, as a shift.
    noise_power : ndarray, shape (s,)
        What the test finds of it, as in `Change`.
    sampled, sampled_equal : float
        Mean W₁ of samples of `TESTED` points in the last of these dimensions but one, with that
        shift and without.
    affine : tuple of float
        KL of two normal distributions in three dimensions, and of their images under an affine map.
    """

    changes: tuple[Change, ...]
    apart: FloatArray
    moved: tuple[Distances, ...]
    outlier_at: FloatArray
    outlier: dict[str, FloatArray]
    dimensions: FloatArray
    noise: tuple[Distances, ...]
    noise_power: FloatArray
    sampled: float
    sampled_equal: float
    affine: tuple[float, float]

    def change(self, name: str) -> Change:
        """The change of this name."""
        return next(change for change in self.changes if change.name == name)


@checks_parameters
def run(*, rng: np.random.Generator | int = 0) -> WhichDistance:
    """Change a distribution in nine ways and let all distances look at it.

    Distances are exact, but for Sinkhorn's of distributions that are neither normal nor moved,
    which is that of a hundred points; only the test sees samples.

    Parameters
    ----------
    rng : int or numpy.random.Generator
        The seed of all samples, or their source.

    Returns
    -------
    WhichDistance
        Some seconds.

    References
    ----------
    Gibbs and Su, On choosing and bounding probability metrics (2002); Székely and Rizzo, Energy
    statistics (2013); Ramdas et al., On the decreasing power of kernel and distance based
    nonparametric hypothesis tests in high dimensions (2015).

    Examples
    --------
    >>> humps = run().change("humps").values  # doctest: +SKIP
    >>> print(f"{humps.frechet:.4f} {humps.w1:.4f}")  # doctest: +SKIP
    0.0000 0.3120
    """
    rng = as_rng(rng)
    dimensions = np.array([1, 3, 10, 30, 100, 300])
    outlier_at = np.geomspace(1, 1000, 13)
    apart = np.linspace(0, FAR, 41)
    return WhichDistance(
        changes=tuple(
            Change(name, what, values, equivalent_shifts(values), _power(sampler, rng))
            for name, what, values, sampler in _changes()
        ),
        apart=apart,
        moved=tuple(of_moved_uniform(shift) for shift in apart.tolist()),
        outlier_at=outlier_at,
        outlier=_outlier(outlier_at),
        dimensions=dimensions,
        noise=tuple(equivalent_shifts(of_shift(1, d)) for d in dimensions.tolist()),
        noise_power=np.array([_power(_shifted(1, d), rng) for d in dimensions.tolist()]),
        sampled=_mean_w1(_shifted(1, MANY), rng),
        sampled_equal=_mean_w1(_shifted(0, MANY), rng),
        affine=_affine(rng),
    )


def _changes() -> list[tuple[str, str, Distances, Sampler]]:
    def scaled(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        x, y = _shifted(1, 1)(n, rng)
        return UNIT * x, UNIT * y

    return [
        ("shift", "the mean moves by 1σ", of_shift(1), _shifted(1, 1)),
        ("units", "the same, in units of σ/1000", of_scaled_shift(1, UNIT), scaled),
        ("noise", "1σ in one of 100 coordinates", of_shift(1, MANY), _shifted(1, MANY)),
        ("disjoint", "a uniform distribution moves by 10σ", of_moved_uniform(FAR), _uniforms),
        ("outlier", "1 % of the mass goes 20σ away", of_mixtures(NORMAL, OUTLYING), _of(OUTLYING)),
        ("lost mode", "5 % of the mass, 10σ away, is lost", of_mixtures(RARE, NORMAL), _lost),
        ("rotation", "correlation 0.9 becomes -0.9", of_rotation(CORRELATION), _rotated),
        ("humps", "two humps, same mean and variance", of_mixtures(NORMAL, HUMPS), _of(HUMPS)),
        ("rounding", "numbers are rounded to σ/10", of_rounding(STEP), _rounded),
    ]


def _outlier(at: FloatArray) -> dict[str, FloatArray]:
    """A mixture differs from its main part by a fraction of what its parts differ by."""
    rows = []
    for far in at.tolist():
        Q = Mixture.of((1 - OUTLIER, 0, 1), (OUTLIER, far, 1))
        forth, back, shared = divergences(NORMAL, Q)
        parts = of_shift(far)
        rows.append(
            equivalent_shifts(
                Distances(
                    kl=forth,
                    kl_back=back,
                    js=shared,
                    tv=OUTLIER * parts.tv,
                    energy=OUTLIER**2 * parts.energy,
                    mmd=OUTLIER**2 * parts.mmd,
                    sliced=OUTLIER * far,
                    w1=OUTLIER * far,
                    sinkhorn=0.0,  # left out below
                    frechet=math.hypot(Q.mean, Q.deviation - 1),
                )
            )
        )
    return {
        name: np.array([getattr(r, name) for r in rows]) for name in NAMES if name != "sinkhorn"
    }


def _affine(rng: np.random.Generator) -> tuple[float, float]:
    stretch, move = rng.normal(size=(3, 3)) + 2 * np.eye(3), rng.normal(size=3)
    P = (np.zeros(3), np.eye(3))
    Q = (np.array([1.0, 0.0, -1.0]), np.diag([1.0, 2.0, 0.5]))
    seen, mapped = (
        kl(*(Gaussian(A @ mean + b, A @ covariance @ A.T) for mean, covariance in (P, Q)))
        for A, b in ((np.eye(3), np.zeros(3)), (stretch, move))
    )
    return seen, mapped


# ---------------------------------------------------------------- samples


def _shifted(shift: float, d: int) -> Sampler:
    def sample(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        x, y = rng.normal(size=(2, n, d))
        y[:, 0] += shift
        return x, y

    return sample


def _of(Q: Mixture) -> Sampler:
    return lambda n, rng: (rng.normal(size=n), Q.sample(n, rng))


def _lost(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    return RARE.sample(n, rng), rng.normal(size=n)


def _uniforms(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    x, y = math.sqrt(12) * rng.random((2, n))
    return x, y + FAR


def _rotated(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    x, y = rng.normal(size=(2, n, 2))
    rest = math.sqrt(1 - CORRELATION**2)
    x[:, 1] = CORRELATION * x[:, 0] + rest * x[:, 1]
    y[:, 1] = -CORRELATION * y[:, 0] + rest * y[:, 1]
    return x, y


def _rounded(n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    x, y = rng.normal(size=(2, n))
    return x, STEP * np.round(y / STEP)


def _power(sampler: Sampler, rng: np.random.Generator, trials: int = 40) -> float:
    p_values = [
        two_sample_test(*sampler(TESTED, rng), n_resamples=199, rng=rng).pvalue
        for _ in range(trials)
    ]
    return float((np.array(p_values) <= 0.05).mean())


def _mean_w1(sampler: Sampler, rng: np.random.Generator, trials: int = 20) -> float:
    return float(np.mean([wasserstein(*sampler(TESTED, rng)) for _ in range(trials)]))
