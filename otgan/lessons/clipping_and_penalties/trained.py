"""Critics between the Swiss roll and the same with noise, looked at as they learn."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.constraints.clipping import WeightClipping
from otgan.critics.networks.feedforward import mlp
from otgan.datasets import swissroll
from otgan.gan.game import Game
from otgan.gan.objectives.adversarial import Wasserstein
from otgan.gan.optimizers import Adam, RMSprop
from otgan.lessons.clipping_and_penalties.records import AT_LIMIT, BINS, Critic
from otgan.lessons.critic_step import critic_step
from otgan.measures import FloatArray

__all__ = ["NOISE", "WIDTH", "layer_norms", "pair", "trained"]

NOISE = 0.3
"""Standard deviation of the noise that makes y of x."""

WIDTH, BATCH, TEST_POINTS = 64, 256, 4096
CLIPPED, PENALIZED = RMSprop(learning_rate=5e-4), Adam(learning_rate=1e-3)


def pair(n: int, numbers: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """New points of the Swiss roll, and others with noise, shapes (n, 2)."""
    roll = swissroll()
    noisy = roll.sample(n, numbers) + NOISE * numbers.normal(size=(n, 2))
    return roll.sample(n, numbers), noisy


def trained(
    constraint: Constraint, depth: int, steps: Sequence[int], axis: FloatArray, rng: int
) -> Critic:
    """Train a critic, and keep what the lesson shows of it after each of these numbers of steps."""
    looks = [
        _look(critic, constraint, axis, rng) for critic in _learning(constraint, depth, steps, rng)
    ]
    clips = isinstance(constraint, WeightClipping)
    return Critic(
        name=constraint.name,
        limit=constraint.limit if isinstance(constraint, WeightClipping) else math.inf,
        depth=depth,
        at_limit=np.array([one["at_limit"] if clips else 0.0 for one in looks]),
        **{
            name: np.array([one[name] for one in looks])
            for name in ("norms", "slope", "gap", "heights", "reach", "counts")
        },
    )


def layer_norms(critic: nn.Module, points: Tensor) -> Tensor:
    """Norms of the critic's gradients with respect to what each linear layer takes.

    Parameters
    ----------
    critic : torch.nn.Module
    points : torch.Tensor, shape (n, d)

    Returns
    -------
    torch.Tensor, shape (layers, n)
        In float64, as the critic is evaluated for it. The first layer takes the points.
    """
    critic, taken = copy.deepcopy(critic).double(), []

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        taken.append(inputs[0])

    for layer in critic.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_pre_hook(keep)
    values = critic(points.double().requires_grad_())
    gradients = torch.autograd.grad(values.sum(), taken)
    return torch.stack([gradient.norm(dim=1) for gradient in gradients])


def _learning(
    constraint: Constraint, depth: int, steps: Sequence[int], rng: int
) -> Iterator[nn.Module]:
    """A critic from scratch, after each of these numbers of steps."""
    torch.manual_seed(rng)
    random, numbers = torch.Generator().manual_seed(rng), np.random.default_rng([rng, 1])
    critic = mlp(2, width=WIDTH, depth=depth)
    constraint.project(critic)
    settings = CLIPPED if isinstance(constraint, WeightClipping) else PENALIZED
    optimizer = settings.build(critic.parameters(), settings.learning_rate)
    game = Game(Wasserstein(), constraint)
    for step in range(max(steps) + 1):
        if step in steps:
            yield critic
        real, fake = (torch.as_tensor(side).float() for side in pair(BATCH, numbers))
        critic_step(game, critic, optimizer, real, fake, random)


def _look(
    critic: nn.Module, constraint: Constraint, axis: FloatArray, rng: int
) -> dict[str, FloatArray | float]:
    x, y = (torch.as_tensor(side) for side in pair(TEST_POINTS, np.random.default_rng([rng, 2])))
    norms = layer_norms(critic, torch.cat([x, y]))
    grid = torch.as_tensor(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    exact = copy.deepcopy(critic).double()
    with torch.no_grad():
        gap = float(exact(x).mean() - exact(y).mean())
        heights = exact(grid).numpy().reshape(len(axis), len(axis))
        weights = torch.cat([p.ravel() for p in exact.parameters()]).numpy()
    largest = float(np.abs(weights).max())
    reach = constraint.limit if isinstance(constraint, WeightClipping) else largest
    return {
        "norms": norms.mean(dim=1).numpy(),
        "slope": float(norms[0].max()),
        "gap": gap,
        "heights": heights,
        "reach": reach,
        # Clipped in float32, a weight may lie beyond the limit by a rounding.
        "counts": np.histogram(np.clip(weights, -reach, reach), BINS, (-reach, reach))[0],
        "at_limit": float((np.abs(weights) >= AT_LIMIT * reach).mean()),
    }
