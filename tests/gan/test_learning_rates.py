"""Learning rates and critic steps, as functions of the step."""

import math

import pytest
import torch

from otgan import GANConfig
from otgan.errors import InvalidInputError
from otgan.gan.learning_rates import critic_steps, set_learning_rates
from otgan.gan.state import TrainState
from tests.gan.short_run import settings_of

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def rates_at(step, **changes):
    """The learning rates of generator and critic after so many of ten steps, one by one."""
    config = settings_of(steps=10, learning_rate=0.1, **changes)
    state = TrainState.start((2,), config, CPU)
    for state.step in range(step + 1):
        set_learning_rates(state, config)
    assert state.critic_optimizer is not None
    optimizers = (state.generator_optimizer, state.critic_optimizer)
    return [optimizer.param_groups[0]["lr"] for optimizer in optimizers]


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ("constant", 1.0),
        ("linear", 0.7),
        ("cosine", (1 + math.cos(0.3 * math.pi)) / 2),
        ("cosine-cubed", (1 + math.cos(0.3 * math.pi)) ** 3 / 8),
        (lambda done: 1 / (1 + 10 * done), 0.25),
    ],
)
def test_both_rates_follow_the_schedule(schedule, factor):
    assert rates_at(3, schedule=schedule) == pytest.approx([0.1 * factor] * 2, rel=1e-12)


@pytest.mark.parametrize("factor", [-0.5, math.nan, math.inf, "half", None])
def test_a_schedule_of_ones_own_gives_factors_of_zero_or_more(factor):
    with pytest.raises(InvalidInputError, match=r"schedule\(0\) must be .*zero or more"):
        settings_of(schedule=lambda done: factor)
    with pytest.raises(InvalidInputError, match=r"schedule\(0.7\) must be .*zero or more"):
        rates_at(8, schedule=lambda done: factor if done > 0.65 else 1.0)
    assert rates_at(3, schedule=lambda done: 0.0) == [0.0, 0.0]


@pytest.mark.parametrize("schedule", [lambda: 1.0, torch.nn.Linear, lambda done: done["now"]])
def test_a_schedule_that_raises_is_named(schedule):
    with pytest.raises(InvalidInputError, match=r"schedule\(0\) must be .*, got TypeError: "):
        settings_of(schedule=schedule)


def test_two_time_scales_follow_it_together():
    rates = rates_at(5, schedule="linear", critic_learning_rate=0.4)
    assert rates == pytest.approx([0.05, 0.2], rel=1e-12)


def test_the_warm_up_is_that_of_the_published_code():
    warm, config = GANConfig(critic_warmup=True, n_critic=3), GANConfig(n_critic=3)
    steps = (1, 25, 26, 500, 501, 502, 1001)
    assert [critic_steps(step, warm) for step in steps] == [100, 100, 3, 3, 100, 3, 100]
    assert [critic_steps(step, config) for step in steps] == [3] * 7
