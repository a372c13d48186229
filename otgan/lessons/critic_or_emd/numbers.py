"""When to train a critic, and when to compute the exact distance of samples instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import estimate_w1
from otgan.datasets import KnownPair, funnel_pair
from otgan.keywords import checks_keywords
from otgan.lessons.parameters import checks_parameters
from otgan.lessons.record import Record
from otgan.measures import FloatArray
from otgan.progress import Progress, as_progress, reporting

if TYPE_CHECKING:
    from otgan.critics.estimation.result import DualEstimate

__all__ = ["CriticOrEmd", "run"]

FUNNELS = 4


@checks_keywords
@dataclass(frozen=True, repr=False)
class CriticOrEmd(Record):
    """The numbers of the lesson, for one pair of distributions in each of k dimensions.

    All but `truth` are relative errors in per cent: 100 (estimate / truth - 1); each ``_se`` is
    the standard error of what it is named after.

    Attributes
    ----------
    dimensions : ndarray, shape (k,)
    counts : ndarray, shape (c,)
        Points of each sample.
    truth, truth_se : ndarray, shape (k,)
        W₁ of the distributions, in units of the data.
    emd, emd_se : ndarray, shape (k, c)
        The exact W₁ of samples of so many points, averaged over independent samples.
    held_out, held_out_se : ndarray, shape (k, c)
        What the optimal potentials of these samples show on fresh points.
    critic, critic_se : ndarray, shape (k,)
        A critic with a one-sided gradient penalty, fed with fresh points.
    gap : ndarray, shape (k,)
        The same before twice the penalty is subtracted.
    reused, reused_se : ndarray, shape (k,)
        The same critic fed with ``counts[-1]`` points of each distribution and no more.
    """

    dimensions: FloatArray
    counts: FloatArray
    truth: FloatArray
    truth_se: FloatArray
    emd: FloatArray
    emd_se: FloatArray
    held_out: FloatArray
    held_out_se: FloatArray
    critic: FloatArray
    critic_se: FloatArray
    gap: FloatArray
    reused: FloatArray
    reused_se: FloatArray

    @property
    def midpoint(self) -> FloatArray:
        """Halfway between `emd` and `held_out`, shape (k, c)."""
        return (self.emd + self.held_out) / 2

    @property
    def midpoint_se(self) -> FloatArray:
        """Standard error of `midpoint`."""
        return np.hypot(self.emd_se, self.held_out_se) / 2

    def critic_nearer_than(self, errors: FloatArray) -> FloatArray:
        """The dimensions where `critic` errs less than `errors`, shape (k,), does."""
        return self.dimensions[np.abs(self.critic) < np.abs(errors)]


@dataclass(frozen=True)
class _Effort:
    dimensions: tuple[int, ...]
    counts: tuple[int, ...]
    repeats: int
    steps: int
    reused_steps: int
    width: int

    def fit(self, x: Any, y: Any, steps: int, rng: int) -> DualEstimate:
        """Train a critic on samplers or on arrays."""
        from otgan.critics.networks.feedforward import radial_mlp
        from otgan.critics.training.options import FitOptions

        return estimate_w1(
            x,
            y,
            "lp",
            steps=steps,
            network=lambda d: radial_mlp(d, width=self.width),
            device="cpu",
            options=FitOptions(batch_size=512, test_points=2**16, rng=rng),
        )


FULL = _Effort((1, 2, 4, 8, 16, 32), (250, 500, 1000, 2000), 4, 1000, 400, 64)
QUICK = _Effort((2, 16), (125, 500), 2, 300, 200, 64)


@checks_parameters
def run(*, quick: bool = False, rng: int = 0, progress: Progress = False) -> CriticOrEmd:
    """Estimate W₁ of pairs that are known, in more and more dimensions, by samples and critics.

    The pairs are those of `otgan.datasets.funnel_pair`: a cube whose mass slides into four funnels.

    Parameters
    ----------
    quick : bool
        Two dimensions, small samples and short trainings: some seconds instead of a minute.
    rng : int
        The seed of everything random but the pairs.
    progress : bool or callable(done, total, message)
        In pairs, each sampled and with its critics.

    Returns
    -------
    CriticOrEmd

    References
    ----------
    Korotin, Kolesov and Burnaev, Kantorovich strikes back! Wasserstein GANs are not optimal
    transport? (NeurIPS 2022), for the pairs and the comparison.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> numbers.dimensions.tolist(), bool(numbers.emd[1, -1] > 80)  # doctest: +SKIP
    ([2, 16], True)
    """
    effort = QUICK if quick else FULL
    pairs = [funnel_pair(d, FUNNELS) for d in effort.dimensions]
    truth = np.array([pair.w1 for pair in pairs])
    samples, critics = [], []
    with reporting(as_progress(progress), len(pairs), "dimensions", unit="") as report:
        for done, pair in enumerate(pairs, 1):
            samples.append([_of_samples(effort, pair, n, rng) for n in effort.counts])
            critics.append(_of_critics(effort, pair, rng))
            report(done, f"d = {pair.d}")
    sampled, trained = np.array(samples), np.array(critics)
    emd, emd_se, held_out, held_out_se = np.moveaxis(sampled, -1, 0)
    critic, critic_se, gap, reused, reused_se = trained.T
    rows = truth[:, None]
    return CriticOrEmd(
        dimensions=np.array(effort.dimensions),
        counts=np.array(effort.counts),
        truth=truth,
        truth_se=np.array([pair.w1_se for pair in pairs]),
        emd=100 * (emd / rows - 1),
        emd_se=100 * emd_se / rows,
        held_out=100 * (held_out / rows - 1),
        held_out_se=100 * held_out_se / rows,
        critic=100 * (critic / truth - 1),
        critic_se=100 * critic_se / truth,
        gap=100 * (gap / truth - 1),
        reused=100 * (reused / truth - 1),
        reused_se=100 * reused_se / truth,
    )


def _of_samples(effort: _Effort, pair: KnownPair, n: int, rng: int) -> tuple[float, ...]:
    """Exact W₁ of samples of n points, its se; the value of their potentials elsewhere, its se."""
    from otgan.inference.held_out import held_out_bracket

    parts = []
    for repeat in range(effort.repeats):
        generator = np.random.default_rng([rng, repeat, n, pair.d])
        x, y, x_new, y_new = (
            side.sample(k, generator) for k in (n, 4000) for side in (pair.x, pair.y)
        )
        bracket = held_out_bracket(x, y, x_new=x_new, y_new=y_new)
        parts.append(
            (bracket.upper_estimate, bracket.upper_se, bracket.lower_estimate, bracket.lower_se)
        )
    upper, upper_se, lower, lower_se = np.array(parts).T
    once = np.sqrt(effort.repeats)
    return (
        upper.mean(),
        np.sqrt(np.square(upper_se).mean()) / once,
        lower.mean(),
        np.sqrt(np.square(lower_se).mean()) / once,
    )


def _of_critics(effort: _Effort, pair: KnownPair, rng: int) -> tuple[float, ...]:
    """Value, se and gap of a critic on fresh points; value and se of one on few points."""
    fresh = effort.fit(pair.x, pair.y, effort.steps, rng)
    generator = np.random.default_rng([rng, pair.d])
    x, y = (side.sample(effort.counts[-1], generator) for side in (pair.x, pair.y))
    reused = effort.fit(x, y, effort.reused_steps, rng)
    return fresh.value, fresh.se, fresh.raw_gap, reused.value, reused.se
