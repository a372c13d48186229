"""A generator's gradients by hand against autograd's."""

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn
from torch.nn.functional import softplus

from otgan.critics.kernels.relu_generator import GeneratorStep
from otgan.critics.kernels.relu_passes import forward, linear_layers
from otgan.critics.kernels.supported import differentiated
from otgan.critics.networks.features import WithRadius
from otgan.critics.networks.feedforward import mlp
from otgan.errors import InvalidInputError
from tests.critics.plain_training import worst_gradient

LOSSES = {
    "scores": lambda real, fake: -fake.mean(),
    "saturating": lambda real, fake: -softplus(fake).mean(),
    "pairs": lambda real, fake: softplus(real - fake).mean(),
}


def networks(latent_dim, d, pack=1):
    torch.manual_seed(0)
    generator = mlp(latent_dim, d, width=16, depth=3).double()
    return generator, mlp(pack * d, width=12, depth=2).double()


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("pack", [1, 2])
def test_gradients_are_those_of_autograd(name, dtype, pack):
    generator, critic = networks(2, 3, pack)
    latents, real = torch.randn(60, 2).double(), torch.randn(60 // pack, 3 * pack).double()
    fake = generator(latents).reshape(60 // pack, 3 * pack)
    loss = LOSSES[name](critic(real)[:, 0], critic(fake)[:, 0])
    expected = torch.autograd.grad(loss, list(generator.parameters()))
    step = GeneratorStep(generator.to(dtype), critic.to(dtype), differentiated(LOSSES[name]))
    given = real.to(dtype) if name == "pairs" else None
    precision = 1e-12 if dtype == torch.float64 else 1e-5
    value, points = step.gradients(latents.to(dtype), given)
    assert_allclose(value, loss.detach(), rtol=precision)
    assert_allclose(points.reshape(fake.shape), fake.detach(), rtol=precision, atol=precision)
    assert worst_gradient(generator, expected) < precision


def test_no_gradient_is_left_in_the_critic():
    generator, critic = networks(2, 3)
    step = GeneratorStep(generator, critic, differentiated(LOSSES["scores"]))
    step.gradients(torch.randn(5, 2).double())
    assert all(parameter.grad is None for parameter in critic.parameters())


def test_the_forward_pass_is_that_of_the_network():
    generator, _ = networks(2, 3)
    latents = torch.randn(5, 2).double()
    points = forward(linear_layers(generator), latents)
    assert_allclose(points, generator(latents).detach(), rtol=1e-12)
    assert not points.requires_grad


@pytest.mark.parametrize(
    ("generator", "critic", "which"),
    [
        (nn.Linear(2, 3), mlp(3), "generator"),
        (nn.Sequential(*mlp(2, 3), nn.Tanh()), mlp(3), "generator"),
        (mlp(2, 3), mlp(3, 2), "critic"),
        (nn.Sequential(WithRadius(), *mlp(3, 3)), mlp(3), "generator"),
    ],
)
def test_other_networks_are_refused(generator, critic, which):
    with pytest.raises(InvalidInputError, match=f"{which} must alternate"):
        GeneratorStep(generator, critic, differentiated(LOSSES["scores"]))
