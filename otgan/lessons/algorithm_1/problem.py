"""A problem on which Algorithm 1 can be watched: two normal distributions, a small critic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from otgan.keywords import checks_keywords
from otgan.lessons.algorithm_1.algorithm import batches, train
from otgan.lessons.algorithm_1.records import Settings, Training
from otgan.lessons.record import Record
from otgan.measures import FloatArray

if TYPE_CHECKING:
    from otgan.gan.config import GANConfig

__all__ = ["Problem", "config_of", "w1_of_normals"]

MEAN, STD = 0.0, 0.5
"""P_r is N(MEAN, STD²)."""

START = (-3.0, 1.0)
"""Shift and scale of the generator before the first step."""

WIDTH = 16
"""Units of the critic's hidden layer."""

POOL = 2048
"""Points of P_r and of p(z) that batches are drawn from; a multiple of every size of batches."""


def config_of(settings: Settings, steps: int) -> GANConfig:
    """The settings of the WGAN paper, but for these."""
    from otgan.critics.constraints.clipping import WeightClipping
    from otgan.gan.config import GANConfig

    return GANConfig.preset(
        "wgan",
        constraint=WeightClipping(limit=settings.limit),
        n_critic=settings.n_critic,
        learning_rate=settings.learning_rate,
        steps=steps,
    )


@checks_keywords
def w1_of_normals(shift: float, scale: float, mean: float = MEAN, std: float = STD) -> float:
    """W₁(N(mean, std²), N(shift, scale²)) = E |m + d Z|, m = shift - mean, d = |scale| - std.

    Equal quantiles are matched. The mean of the folded normal distribution is
    |d| √(2/π) exp(-m²/2d²) + m erf(m / (|d| √2)).

    References
    ----------
    Leone, Nelson and Nottingham, The folded normal distribution (Technometrics 1961).

    Examples
    --------
    >>> w1_of_normals(3.0, 0.5), w1_of_normals(0.0, 0.5)
    (3.0, 0.0)
    >>> round(w1_of_normals(1.0, 2.0, mean=0.0, std=1.0), 10)
    1.1666309412
    """
    m, d = shift - mean, abs(abs(scale) - std)
    if d == 0:
        return abs(m)
    ratio = m / (d * math.sqrt(2))
    return d * math.sqrt(2 / math.pi) * math.exp(-(ratio**2)) + m * math.erf(ratio)


@dataclass(frozen=True, repr=False)
class Problem(Record):
    """Where the algorithm begins, and what it draws from.

    Attributes
    ----------
    mean, std : float
        P_r = N(mean, std²).
    start : pair of float
        Shift and scale of the generator before the first step.
    real, prior : ndarray, shape (2048,)
        What batches are drawn from, in order: points of P_r, and of p(z) = N(0, 1).
    weights : ndarray, shape (49,)
        w before the first step, and before it is clipped.
    """

    mean: float
    std: float
    start: tuple[float, float]
    real: FloatArray
    prior: FloatArray
    weights: FloatArray

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Problem:
        """Random points, and weights as PyTorch draws them: uniform up to 1 / √inputs."""
        hidden = rng.uniform(-1, 1, 2 * WIDTH)
        last = rng.uniform(-1, 1, WIDTH + 1) / math.sqrt(WIDTH)
        real = MEAN + STD * rng.normal(size=POOL)
        return cls(
            mean=MEAN,
            std=STD,
            start=START,
            real=real,
            prior=rng.normal(size=POOL),
            weights=np.concatenate([hidden, last]),
        )

    def train(self, settings: Settings, steps: int) -> Training:
        """Run the algorithm from the start, in double precision."""
        import torch
        from torch import nn
        from torch.nn.utils import parameters_to_vector, vector_to_parameters

        config = config_of(settings, steps)
        assert config.critic_constraint is not None
        with torch.random.fork_rng(devices=[]):  # all that they draw is replaced
            critic = config.critic_constraint.build(1, WIDTH, 1).double()
            generator = nn.Linear(1, 1).double()  # z to scale z + shift
        vector_to_parameters(torch.tensor(self.weights), critic.parameters())
        vector_to_parameters(torch.tensor(self.start[::-1]).double(), generator.parameters())
        real, prior = (
            batches(torch.tensor(pool), config.batch_size) for pool in (self.real, self.prior)
        )
        path, gaps, pulls = [self.start], [], []
        for gap in train(config, real, prior, critic, generator):
            path.append((generator.bias.item(), generator.weight.item()))
            gaps.append(gap)
            gradients = (p.grad for p in generator.parameters() if p.grad is not None)
            pulls.append(math.hypot(*map(float, gradients)))
        shift, scale = np.array(path).T
        return Training(
            settings=settings,
            shift=shift,
            scale=scale,
            w1=np.array([w1_of_normals(*theta) for theta in path]),
            gap=np.array(gaps),
            pull=np.array(pulls),
            weights=parameters_to_vector(critic.parameters()).detach().numpy().copy(),
        )
