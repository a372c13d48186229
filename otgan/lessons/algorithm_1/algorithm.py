"""Algorithm 1 of the WGAN paper. Its lines are the comments; what runs for each is below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import Optimizer

    from otgan.gan.config import GANConfig
    from otgan.gan.optimizers import OptimizerSettings

__all__ = ["batches", "train"]


def train(
    config: GANConfig,
    real: Iterator[Tensor],
    prior: Iterator[Tensor],
    critic: nn.Module,
    generator: nn.Module,
) -> Iterator[float]:
    """Train both networks, with the parts that `train_gan` is made of.

    Losses are minimized here: the critic's is minus what line 5 ascends.

    Yields
    ------
    float
        After each step of the generator: the gap of the critic on the last batch that it saw.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1.
    """
    objective, constraint = config.played_objective, config.critic_constraint
    assert constraint is not None
    critic_optimizer = _optimizer(config.critic_optimizer, critic, config)
    generator_optimizer = _optimizer(config.generator_optimizer, generator, config)
    constraint.project(critic)
    # 1: while θ has not converged do
    for _ in range(config.steps):
        # 2: for t = 0, ..., n_critic do
        for _ in range(config.n_critic):
            # 3: Sample {x⁽ⁱ⁾} ~ P_r, a batch of m real points.
            x = next(real)
            # 4: Sample {z⁽ⁱ⁾} ~ p(z), a batch of m prior samples.
            z = next(prior)
            # 5: g_w ← ∇_w [1/m Σ f_w(x⁽ⁱ⁾) - 1/m Σ f_w(g_θ(z⁽ⁱ⁾))]
            critic_optimizer.zero_grad()
            loss = objective.critic_loss(critic(x), critic(generator(z).detach()))
            loss.backward()
            # 6: w ← w + α · RMSProp(w, g_w)
            critic_optimizer.step()
            # 7: w ← clip(w, -c, c)
            constraint.project(critic)
        # 8: end for
        # 9: Sample {z⁽ⁱ⁾} ~ p(z), a batch of m prior samples.
        z = next(prior)
        # 10: g_θ ← -∇_θ 1/m Σ f_w(g_θ(z⁽ⁱ⁾))
        generator_optimizer.zero_grad()
        objective.generator_loss(x, critic(generator(z))).backward()
        # 11: θ ← θ - α · RMSProp(θ, g_θ)
        generator_optimizer.step()
        yield -loss.item()
    # 12: end while


def _optimizer(
    given: str | OptimizerSettings | None, network: nn.Module, config: GANConfig
) -> Optimizer:
    from otgan.gan.optimizers import as_optimizer

    settings = as_optimizer(given, "optimizer")
    assert settings is not None
    return settings.build(network.parameters(), config.learning_rate or settings.learning_rate)


def batches(points: Tensor, size: int) -> Iterator[Tensor]:
    """Columns of `size` points, in order and again from the start.

    Examples
    --------
    >>> import torch
    >>> drawn = batches(torch.arange(4.0), 2)
    >>> [next(drawn)[:, 0].tolist() for _ in range(3)]
    [[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]
    """
    while True:
        for part in points.split(size):
            yield part[:, None]
