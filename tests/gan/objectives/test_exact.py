"""The exact objective: W1 of two batches, and no critic."""

import pytest
import torch
from torch.testing import assert_close

from otgan.gan.objectives import Exact

FAKE = torch.tensor([[0.0, 0.0], [0.0, 2.0]])
REAL = torch.tensor([[3.0, 2.0], [3.0, 0.0]])


def test_the_distance_of_two_batches_and_where_it_falls():
    fake = FAKE.clone().requires_grad_()
    loss = Exact().generator_loss(REAL, fake)
    assert_close(loss, torch.tensor(3.0))
    (gradient,) = torch.autograd.grad(loss, fake)
    assert_close(gradient, torch.tensor([[-0.5, 0.0], [-0.5, 0.0]]))  # to the right, half each


def test_images_are_points_too():
    fake, real = FAKE.reshape(2, 1, 2, 1), REAL.reshape(2, 1, 2, 1)
    assert_close(Exact().generator_loss(real, fake), torch.tensor(3.0))


def test_there_is_no_critic():
    assert not Exact().trains_critic
    with pytest.raises(NotImplementedError, match="trains no critic"):
        Exact().critic_loss(REAL, FAKE)
