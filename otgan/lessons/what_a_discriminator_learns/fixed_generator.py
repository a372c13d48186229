"""A generator is trained in stages; then it is held fixed, and critics are trained against it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

import numpy as np
import torch
from torch import Tensor, nn

from otgan import wasserstein
from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.networks.feedforward import mlp
from otgan.datasets import ring8
from otgan.gan.game import Batch, Game
from otgan.gan.objectives.adversarial import Minimax, NonSaturating, Wasserstein
from otgan.gan.objectives.base import Objective
from otgan.lessons.critic_step import critic_step
from otgan.lessons.what_a_discriminator_learns.records import Fixed
from otgan.measures import FloatArray

__all__ = ["STAGE_STEPS", "Ring", "gradient_norm", "measure", "trained_generators"]

STAGE_STEPS = 40
"""Steps of the generator in a stage, each after one of its discriminator."""

LATENTS, WIDTH, BATCH = 2, 64, 256
GENERATOR_RATE, DISCRIMINATOR_RATE, CRITIC_RATE = 1e-3, 1e-3, 2e-3
BETAS = 0.5, 0.9
PROBE, W1_POINTS, SHOWN = 2048, 1000, 200


class Ring:
    """Eight clusters on a ring, in a plane of a space of so many dimensions.

    Parameters
    ----------
    dimensions : int
        Two is the plane itself.
    rng : int
    """

    def __init__(self, dimensions: int, rng: int) -> None:
        self.distribution, self.dimensions = ring8(), dimensions
        self.numbers = np.random.default_rng([rng, dimensions])
        axes = self.numbers.normal(size=(dimensions, 2))
        self.plane = np.eye(2) if dimensions == 2 else np.linalg.qr(axes)[0]

    def sample(self, n: int) -> Tensor:
        """New points, shape (n, dimensions)."""
        points = self.distribution.sample(n, self.numbers) @ self.plane.T
        return torch.as_tensor(points, dtype=torch.float32)

    def seen(self, points: Tensor) -> FloatArray:
        """Points as they lie in the plane of the ring, shape (n, 2)."""
        return np.asarray(points.double().numpy() @ self.plane)


def trained_generators(
    dimensions: int, stages: Sequence[int], rng: int
) -> Iterator[tuple[int, nn.Module]]:
    """A generator after each of these numbers of stages, by the non-saturating GAN."""
    torch.manual_seed(rng)
    random, ring = torch.Generator().manual_seed(rng), Ring(dimensions, rng)
    generator = mlp(LATENTS, dimensions, width=WIDTH, depth=2)
    discriminator = mlp(dimensions, width=WIDTH, depth=2)
    moves, answers = (_adam(player, GENERATOR_RATE) for player in (generator, discriminator))
    game = Game(NonSaturating(), None)
    for step in range(1, max(stages) * STAGE_STEPS + 1):
        fake = _generated(generator, random)
        critic_step(game, discriminator, answers, ring.sample(BATCH), fake, random)
        latents = torch.randn(BATCH, LATENTS, generator=random)
        batch = Batch(ring.sample(BATCH), latents, random)
        loss = game.generator_loss(generator, discriminator, batch, generator(latents)).total
        moves.zero_grad(set_to_none=True)
        loss.backward()
        moves.step()
        if step % STAGE_STEPS == 0 and step // STAGE_STEPS in stages:
            yield step // STAGE_STEPS, deepcopy(generator)


def measure(
    dimensions: int, stage: int, generator: nn.Module, steps: Sequence[int], rng: int
) -> Fixed:
    """Train a discriminator and a critic against it, and take the gradients of its losses.

    What is drawn depends on dimensions, stage and `rng` alone, so that shorter trainings are the
    beginnings of longer ones.
    """
    seed = 1_000_000 * rng + 1000 * dimensions + stage
    random, ring = torch.Generator().manual_seed(seed), Ring(dimensions, rng)
    probe, real = torch.randn(PROBE, LATENTS, generator=random), ring.sample(W1_POINTS)
    with torch.no_grad():
        fake = generator(probe)
    norms, scores = [], []
    classical = Game(Minimax(), None)
    for critic in _learning(classical, DISCRIMINATOR_RATE, ring, generator, steps, seed):
        losses = Minimax(), NonSaturating()
        norms.append([gradient_norm(generator, critic, loss, probe) for loss in losses])
        with torch.no_grad():
            scores.append(critic(fake[:SHOWN]).squeeze(1).double().numpy())
    penalized, ring = Game(Wasserstein(), GradientPenalty(10.0)), Ring(dimensions, rng)
    for k, critic in enumerate(_learning(penalized, CRITIC_RATE, ring, generator, steps, seed)):
        norms[k].append(gradient_norm(generator, critic, Wasserstein(), probe))
    return Fixed(
        stage=stage,
        dimensions=dimensions,
        w1=float(wasserstein(real.double().numpy(), fake[:W1_POINTS].double().numpy())),
        real=ring.seen(real[:SHOWN]),
        fake=ring.seen(fake[:SHOWN]),
        steps=np.array(steps),
        norms=np.array(norms).T,
        fake_scores=np.array(scores),
    )


def gradient_norm(
    generator: nn.Module, critic: nn.Module, loss: Objective, latents: Tensor
) -> float:
    """Norm of the gradient of the generator's loss with respect to all its parameters.

    In float64, in which a gradient may be as small as 1e-300 before it is nothing.
    """
    generator, critic = (deepcopy(network).double() for network in (generator, critic))
    scores = critic(generator(latents.double())).squeeze(1)
    value = loss.generator_loss(scores.new_empty(0), scores)
    gradients = torch.autograd.grad(value, list(generator.parameters()))
    return float(torch.cat([gradient.ravel() for gradient in gradients]).norm())


def _learning(
    game: Game,
    rate: float,
    ring: Ring,
    generator: nn.Module,
    steps: Sequence[int],
    seed: int,
) -> Iterator[nn.Module]:
    """A critic from scratch, after each of these numbers of steps."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    critic = mlp(ring.dimensions, width=WIDTH, depth=3)
    optimizer = _adam(critic, rate)
    for step in range(max(steps) + 1):
        if step in steps:
            yield critic
        fake = _generated(generator, random)
        critic_step(game, critic, optimizer, ring.sample(BATCH), fake, random)


def _adam(network: nn.Module, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=rate, betas=BETAS)


@torch.no_grad()
def _generated(generator: nn.Module, random: torch.Generator) -> Tensor:
    return torch.as_tensor(generator(torch.randn(BATCH, LATENTS, generator=random)))
