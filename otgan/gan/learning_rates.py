"""Learning rates and the number of critic steps, as functions of the step."""

from __future__ import annotations

from otgan.gan.config import GANConfig
from otgan.gan.optimizers import schedule_factor
from otgan.gan.state import TrainState

__all__ = ["critic_steps", "set_learning_rates"]

WARMUP_CRITIC_STEPS = 100
WARMUP_STEPS = 25
WARMUP_EVERY = 500


def set_learning_rates(state: TrainState, config: GANConfig) -> None:
    """A function of the step alone, so that there is no schedule to store."""
    factor = schedule_factor(config.schedule, state.step / config.steps)
    for optimizer in (state.generator_optimizer, state.critic_optimizer):
        for group in optimizer.param_groups if optimizer else ():
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * factor


def critic_steps(step: int, config: GANConfig) -> int:
    """Critic steps before a step of the generator, the first of which is step 1.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), and their code, for the warm-up.

    Examples
    --------
    >>> config = GANConfig(critic_warmup=True)
    >>> [critic_steps(step, config) for step in (1, 25, 26, 501, 502)]
    [100, 100, 5, 100, 5]
    """
    if config.critic_warmup and (step <= WARMUP_STEPS or (step - 1) % WARMUP_EVERY == 0):
        return WARMUP_CRITIC_STEPS
    return config.n_critic
