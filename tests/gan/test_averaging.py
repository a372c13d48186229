"""Weight averaging and standing statistics, by hand."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from otgan import GANConfig, train_gan
from otgan.gan.averaging import set_batch_statistics, update_average
from tests.gan.short_run import RUN

pytestmark = pytest.mark.torch


def filled(value):
    """A network of one weight, and a buffer."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    layer.register_buffer("seen", torch.tensor(value))
    return layer


@pytest.mark.parametrize(
    ("step", "decay", "expected"),
    [
        (1, 0.9, 4.0),  # nothing is left of the random start
        (11, 0.9, 3.0),  # (11 - 1) / (11 + 9) = 1/2 of 2, and 1/2 of 4
        (10_000, 0.9, 2.2),
        (10_000, 0.0, 4.0),
    ],
)
def test_the_average_of_weights_has_a_short_memory_at_first(step, decay, expected):
    averaged, generator = filled(2.0), filled(4.0)
    update_average(averaged, generator, decay, step)
    assert_close(averaged.weight.item(), expected, rtol=1e-6, atol=0.0)
    assert averaged.seen.item() == 4.0 and generator.weight.item() == 4.0


def test_standing_statistics_are_means_over_batches():
    """Batches (1, 3) and (5, 9): means 2 and 7, unbiased variances 2 and 8."""
    norm: Any = nn.BatchNorm1d(1).eval()
    norm.running_mean.fill_(100.0)
    set_batch_statistics(norm, torch.tensor([[1.0], [3.0], [5.0], [9.0]]), batch_size=2)
    assert_close(norm.running_mean.item(), 4.5)
    assert_close(norm.running_var.item(), 5.0)
    assert norm.momentum == 0.1 and not norm.training


def test_a_run_measures_and_keeps_a_generator_with_standing_statistics():
    """Of 16 batches with the averaged weights, and not of the batches of training."""
    config = GANConfig(**RUN, generator_norm="batch", average=0.9)
    network = train_gan("ring8", config).generator.network
    found = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d)]
    assert [norm.num_batches_tracked for norm in found] == [16]


def test_a_generator_without_batch_norm_is_left_alone():
    network = nn.Sequential(nn.Linear(1, 2), nn.Dropout())
    before = copy.deepcopy(network.state_dict())
    set_batch_statistics(network, torch.ones(4, 1), batch_size=2)
    assert_close(network.state_dict(), before, rtol=0.0, atol=0.0)
