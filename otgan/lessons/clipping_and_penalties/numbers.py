"""Weight clipping and gradient penalties: gradients by layer, surfaces and weights of critics."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np

from otgan.lessons.clipping_and_penalties.records import ClippingAndPenalties
from otgan.lessons.parameters import checks_parameters
from otgan.progress import Progress, as_progress, reporting

__all__ = ["run"]

SHOWN = 300


@dataclass(frozen=True)
class _Effort:
    limits: tuple[float, ...]
    depths: tuple[int, ...]
    steps: tuple[int, ...]
    pixels: int
    sample: int


FULL = _Effort(
    (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.2, 0.3),
    (3, 12), (0, 50, 200, 1000), 41, 2000,
)  # fmt: skip
QUICK = _Effort((0.001, 0.01, 0.1), (3, 12), (0, 40, 120), 25, 500)


@checks_parameters
def run(*, quick: bool = False, rng: int = 0, progress: Progress = False) -> ClippingAndPenalties:
    """Train critics with clipped weights and under penalties, flat networks and deep ones.

    Parameters
    ----------
    quick : bool
        Fewer limits and steps: some seconds instead of one or two minutes.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In critics.

    Returns
    -------
    ClippingAndPenalties

    References
    ----------
    Gulrajani et al., Improved training of Wasserstein GANs (NeurIPS 2017), figure 1, for surfaces,
    gradients by layer and weights; Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017),
    Algorithm 1, for the clipping.

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> deep = [numbers.critic("clip", 12, c) for c in numbers.limits]  # doctest: +SKIP
    >>> [bool(one.factor[-1] < 0.1) for one in deep]  # doctest: +SKIP
    [True, True, False]
    """
    from otgan.critics.constraints.clipping import WeightClipping
    from otgan.critics.constraints.penalties import GradientPenalty
    from otgan.inference.held_out import held_out_bracket
    from otgan.lessons.clipping_and_penalties.trained import WIDTH, pair, trained

    effort = QUICK if quick else FULL
    rules = [
        *(WeightClipping(limit) for limit in effort.limits),
        GradientPenalty(10.0),
        GradientPenalty(10.0, one_sided=True),
    ]
    jobs = [(rule, depth) for depth in effort.depths for rule in rules]
    axis = np.linspace(-2.0, 2.0, effort.pixels)
    numbers = np.random.default_rng(rng)
    n = effort.sample
    (x, y), (more_x, more_y) = pair(n, numbers), pair(4 * n, numbers)
    around = held_out_bracket(x, y, x_new=more_x, y_new=more_y)
    critics = []
    with reporting(as_progress(progress), len(jobs), "critics", unit="") as report:
        for done, (rule, depth) in enumerate(jobs, start=1):
            critics.append(trained(rule, depth, effort.steps, axis, rng))
            report(done, f"{rule.name}, {depth} layers")
    return ClippingAndPenalties(
        width=WIDTH,
        steps=np.array(effort.steps),
        axis=axis,
        points=x[:SHOWN],
        noisy=y[:SHOWN],
        w1=around.midpoint,
        w1_se=hypot(around.lower_se, around.upper_se) / 2,
        critics=tuple(critics),
    )
