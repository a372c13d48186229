"""Batches of a run: the same whenever they are drawn, and each drawn once."""

import pytest
import torch
from numpy.testing import assert_array_equal

from otgan.gan.batches import Batches
from otgan.gan.config import GANConfig
from otgan.gan.data import as_training_data
from otgan.gan.monitor import Monitor
from otgan.gan.random_streams import RandomStreams

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def batches(**settings):
    config = GANConfig(steps=100, latent_dim=2, **settings).for_shape((2,))
    monitor = Monitor(as_training_data("ring8"), config, RandomStreams(config.rng), CPU)
    return Batches(config, monitor)


@pytest.mark.parametrize("batch_size", [16, 1000, 5000, 20_000])
def test_a_step_is_the_same_whichever_came_before(batch_size):
    """Several steps are drawn at once, or one, or one in parts."""
    once, again = batches(batch_size=batch_size), batches(batch_size=batch_size)
    before = [list(once.of_step(step, 3)) for step in (1, 2, 3, 4)]
    for batch, other in zip(again.of_step(3, 3), before[2], strict=True):
        assert_array_equal(batch.real, other.real)
        assert_array_equal(batch.latents, other.latents)
        assert batch.real.shape == (batch_size, 2)
        assert batch.done == 0.02


@pytest.mark.parametrize("batch_size", [16, 1000, 5000, 20_000])
def test_no_point_comes_twice(batch_size):
    drawn = [
        batch for step in (1, 2, 3) for batch in batches(batch_size=batch_size).of_step(step, 3)
    ]
    real = torch.cat([batch.real for batch in drawn])
    assert len(real) == 9 * batch_size
    assert len(torch.unique(real, dim=0)) > 0.999 * len(real)


def test_the_rest_is_drawn_anew_in_each_step_and_goes_on_within_it():
    source = batches(batch_size=16)
    first, second = (list(source.of_step(step, 2)) for step in (1, 2))
    numbers = [torch.rand(3, generator=batch.rng) for batch in (*first, *second)]
    assert len(torch.unique(torch.cat(numbers))) == 12
