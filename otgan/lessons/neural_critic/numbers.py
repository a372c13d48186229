"""A neural critic beside the exact number: what it shows, what that means, how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from math import hypot, nan, pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from otgan import estimate_w1
from otgan.datasets import DATASETS, Distribution, gaussians_on_line
from otgan.datasets.random_source import RandomSource
from otgan.lessons.densities import Normal
from otgan.lessons.neural_critic.exact import PerfectCritics, steepest_clipped
from otgan.lessons.neural_critic.records import (
    Clipped,
    NeuralCritic,
    OnLine,
    Surface,
    Weighed,
)
from otgan.lessons.parameters import checks_parameters
from otgan.progress import Progress, as_progress, reporting

if TYPE_CHECKING:
    from otgan.critics.constraints.base import Constraint
    from otgan.critics.constraints.clipping import WeightClipping
    from otgan.critics.estimation.result import DualEstimate

__all__ = ["LINE", "NOISE", "run"]

LINE = PerfectCritics(Normal(0, 1), Normal(2, 1))
"""N(0, 1) against N(2, 1): W₁ is the shift, 2."""

SHAPES = ("ring8", "grid25", "swissroll")

NOISE = 0.3
"""Standard deviation of the noise that makes y of x in the plane."""


@dataclass(frozen=True)
class _Effort:
    """How long to train: networks of two hidden layers on the line, of three in the plane."""

    steps: int
    width: int
    batch: int
    plane_steps: int
    plane_width: int
    weights: tuple[float, ...]
    clipped_widths: tuple[int, ...]
    shapes: tuple[str, ...]
    pixels: int
    sample: int

    def fit(
        self,
        x: Distribution,
        y: Distribution,
        rule: Constraint,
        *,
        plane: bool,
        width: int,
        rng: int,
    ) -> DualEstimate:
        """Train one critic."""
        from otgan.critics.training.options import FitOptions

        depth = 3 if plane else 2
        return estimate_w1(
            x,
            y,
            rule,
            steps=self.plane_steps if plane else self.steps,
            network=lambda d: rule.build(d, width, depth),
            device="cpu",
            options=FitOptions(batch_size=self.batch, test_points=2**16, rng=rng),
        )


FULL = _Effort(800, 64, 512, 600, 96, (0.1, 1.0, 10.0), (16, 64, 256), SHAPES, 140, 2000)
QUICK = _Effort(260, 64, 256, 250, 64, (1.0,), (16, 64), SHAPES[:1], 40, 500)


class _Noisy(Distribution):
    """Another distribution, plus Gaussian noise in every coordinate."""

    def __init__(self, base: Distribution, std: float) -> None:
        self.base, self.std = base, std

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.base.d

    def _draw(self, n: int, source: RandomSource) -> Any:
        return self.base._draw(n, source) + self.std * source.normal(n, self.d)


@checks_parameters
def run(*, quick: bool = False, rng: int = 0, progress: Progress = False) -> NeuralCritic:
    """Train critics on the line, where everything is known, and in the plane, to look at them.

    Parameters
    ----------
    quick : bool
        Small networks and short trainings: some seconds instead of about a minute.
    rng : int
        The seed of everything random.
    progress : bool or callable(done, total, message)
        In groups of critics.

    Returns
    -------
    NeuralCritic

    Examples
    --------
    >>> numbers = run(quick=True)  # doctest: +SKIP
    >>> gp = numbers.on_line[1]  # doctest: +SKIP
    >>> gp.label, f"{gp.ideal:.3f}"  # doctest: +SKIP
    ('gp, weight 10', '2.210')
    >>> bool(abs(gp.value - numbers.w1) < 4 * gp.se + 0.05 * numbers.w1)  # doctest: +SKIP
    True
    """
    from otgan.critics.constraints.clipping import WeightClipping
    from otgan.critics.constraints.norm_constrained import OrthogonalWeights, SpectralNormalization
    from otgan.critics.constraints.penalties import DivergencePenalty, GradientPenalty

    effort = QUICK if quick else FULL
    clip, lp = WeightClipping(), GradientPenalty(one_sided=True)
    rules: list[tuple[str, Constraint, float]] = [
        (f"clip, limit {clip.limit:g}", clip, nan),
        ("gp, weight 10", GradientPenalty(10), LINE.gap(10)),
        ("lp, weight 10", lp, LINE.gap(lp.weight)),
        ("div, weight 2, power 6", DivergencePenalty(2, 6), LINE.gap_of_power(2, 6)),
        ("spectral", SpectralNormalization(), LINE.w1),
        ("orthogonal", OrthogonalWeights(), LINE.w1),
    ]
    penalized = GradientPenalty(one_sided=True, endpoint_fraction=0.5)
    surfaces = [(shape, rule) for rule in (clip, penalized) for shape in effort.shapes]
    groups = (rules, effort.weights, effort.clipped_widths, surfaces)
    with reporting(as_progress(progress), sum(map(len, groups)), "critics", unit="") as report:
        done = count(1)

        def reported(one: Any) -> Any:
            report(next(done), "")
            return one

        fits = {
            rule: reported(_on_line(effort, rule, label, ideal, rng))
            for label, rule, ideal in rules
        }
        return NeuralCritic(
            w1=LINE.w1,
            on_line=tuple(fit for fit, _ in fits.values()),
            weighed=tuple(reported(_weighed(effort, w, rng, fits)) for w in effort.weights),
            clipped=tuple(reported(_clipped(effort, clip, w, rng)) for w in effort.clipped_widths),
            limit=clip.limit,
            clipped_ideal=LINE.clipped_reading,
            surfaces=tuple(reported(_surface(effort, *one, rng)) for one in surfaces),
        )


Fitted = tuple[OnLine, "DualEstimate"]


def _on_line(
    effort: _Effort, rule: Constraint, label: str, ideal: float, rng: int, width: int = 0
) -> Fitted:
    """Train a critic on the line, and keep what the lesson shows of it."""
    pair = gaussians_on_line(LINE.P.mean, LINE.P.std, LINE.Q.mean, LINE.Q.std)
    r = effort.fit(pair.x, pair.y, rule, plane=False, width=width or effort.width, rng=rng)
    # Readings divide the gap by a slope, or subtract a penalty, which adds to the error.
    gap_se = r.se if r.penalty else r.se * r.raw_gap / r.value
    return OnLine(
        label=label,
        gap=r.raw_gap,
        gap_se=gap_se,
        ideal=ideal,
        value=r.value,
        se=r.se,
        slope=r.lipschitz_lower,
        proved=r.lipschitz_upper,
        steps=np.array([record.step for record in r.history]),
        gaps=np.array([record.held_out_gap for record in r.history]),
    ), r


def _weighed(effort: _Effort, weight: float, rng: int, known: dict[Constraint, Fitted]) -> Weighed:
    """Penalties of one weight and its double, unless they are `known` already."""
    import torch

    from otgan.critics.constraints.penalties import GradientPenalty

    def fit(weight: float) -> Fitted:
        rule = GradientPenalty(weight, one_sided=True)
        if rule in known:
            return known[rule]
        return _on_line(effort, rule, f"lp, weight {weight:g}", LINE.gap(weight), rng)

    (single, estimate), (double, _) = fit(weight), fit(2 * weight)
    x = np.linspace(-2.0, 4.0, 121)
    with torch.no_grad():
        f = estimate.critic(torch.tensor(x[:, None]).float()).double().numpy().ravel()
    return Weighed(weight, single, double, x, -np.gradient(f, x))


def _clipped(effort: _Effort, rule: WeightClipping, width: int, rng: int) -> Clipped:
    fit, _ = _on_line(effort, rule, f"clip, width {width}", nan, rng, width)
    return Clipped(width, steepest_clipped(rule.limit, 1, width, 2), fit)


def _surface(effort: _Effort, shape: str, rule: Constraint, rng: int) -> Surface:
    import torch

    from otgan.inference.held_out import held_out_bracket

    distribution = DATASETS[shape]()
    noisy = _Noisy(distribution, NOISE)
    r = effort.fit(distribution, noisy, rule, plane=True, width=effort.plane_width, rng=rng)
    axis = np.linspace(-2.1, 2.1, effort.pixels)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    with torch.no_grad():
        heights = r.critic(torch.tensor(grid.reshape(-1, 2)).float()).double().numpy()
    generator = np.random.default_rng(rng)
    n = effort.sample
    x, y, x_new, y_new = (
        side.sample(k, generator) for k in (n, 4 * n) for side in (distribution, noisy)
    )
    around = held_out_bracket(x, y, x_new=x_new, y_new=y_new)
    return Surface(
        shape=shape,
        constraint=r.constraint,
        value=r.value,
        se=r.se,
        slope=r.lipschitz_lower,
        w1=around.midpoint,
        w1_se=hypot(around.lower_se, around.upper_se) / 2,
        bound=NOISE * sqrt(pi / 2),
        axis=axis,
        heights=heights.reshape(grid.shape[:2]),
        points=distribution.sample(300, generator),
        noisy=noisy.sample(300, generator),
        weights=np.concatenate(
            [p.detach().double().numpy().ravel() for p in r.critic.parameters()]
        ),
    )
