"""Spectral normalization against the singular values of the layer written as one matrix."""

import copy
from typing import Any

import pytest
import torch
from numpy.testing import assert_allclose
from torch import nn

from otgan.critics.forward import evaluating
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.pointwise import refuse_unless_pointwise
from otgan.gan.networks.dcgan import dcgan_critic
from otgan.gan.networks.mlp import mlp_critic
from otgan.gan.networks.spectral import SpectralNorm, normalize_spectrally

LAYERS: dict[str, Any] = {
    "linear": (lambda: nn.Linear(6, 4), (6,)),
    "same": (lambda: nn.Conv2d(2, 3, 3, padding=1), (2, 8, 8)),
    "strided": (lambda: nn.Conv2d(2, 3, 4, 2, 1), (2, 8, 9)),
    "grouped": (lambda: nn.Conv2d(4, 4, 3, padding=1, groups=2), (4, 5, 7)),
    "dilated": (lambda: nn.Conv2d(1, 2, 3, dilation=2), (1, 7, 8)),
    "depthwise": (lambda: nn.Conv2d(3, 3, (4, 3), groups=3), (3, 4, 3)),
}


def small_critic(rng=0) -> Any:
    """A normalized critic of 8 x 8 images; layers 0 and 2 are convolutions, the last is linear."""
    torch.manual_seed(rng)
    return dcgan_critic((1, 8, 8), width=4, norm="spectral")


def matrix_norm(layer, shape):
    """The largest singular value of the layer as a matrix, whose columns are its unit responses."""
    size = torch.Size(shape).numel()
    units = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    layer = copy.deepcopy(layer).double()
    with torch.no_grad():
        columns = (layer(units) - layer(torch.zeros_like(units))).flatten(1)
    return float(torch.linalg.matrix_norm(columns, 2))


@pytest.mark.parametrize("name", LAYERS)
def test_the_norm_is_that_of_the_layer(name):
    torch.manual_seed(0)
    build, shape = LAYERS[name]
    layer = build()
    wanted = matrix_norm(layer, shape)
    norm = SpectralNorm(layer, shape)
    for _ in range(300):
        normalized = norm(layer.weight)
    assert_allclose((layer.weight / normalized).detach().numpy(), wanted, rtol=1e-4)


def test_it_is_not_the_norm_of_the_reshaped_kernel():
    # Nine ones: the reshaped kernel has norm 3, sums over 3 x 3 pixels nearly norm 9.
    layer = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    nn.init.ones_(layer.weight)
    normalize_spectrally(layer, (1, 16, 16))
    wanted = (1 + 2 * torch.cos(torch.tensor(torch.pi / 17))) ** 2  # of tridiagonal matrices
    assert_allclose(1 / layer.weight.detach().numpy(), float(wanted), rtol=1e-4)


def test_the_gradient_is_that_of_the_quotient():
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 2, 3, padding=1).double()
    norm, shape = SpectralNorm(layer, (1, 4, 4)), (1, 4, 4)
    for _ in range(2000):
        norm(layer.weight)
    size = 16
    units = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
    weight = layer.weight.detach().requires_grad_()
    columns = nn.functional.conv2d(units, weight, padding=1).flatten(1)
    dense = weight / torch.linalg.matrix_norm(columns, 2)
    direction = torch.randn_like(dense)
    (wanted,) = torch.autograd.grad((dense * direction).sum(), weight)
    (found,) = torch.autograd.grad((norm.eval()(layer.weight) * direction).sum(), layer.weight)
    assert_allclose(found.numpy(), wanted.numpy(), atol=1e-8)


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8), (2, 11, 13)])
def test_sequences_are_1_lipschitz(shape):
    torch.manual_seed(0)
    build = mlp_critic if len(shape) == 1 else dcgan_critic
    critic = build(shape, width=8, norm="spectral")
    points = torch.randn(400, *shape)
    for _ in range(100):
        critic(points[:1])
    with evaluating(critic), torch.no_grad():
        change = (critic(points[:200]) - critic(points[200:])).abs().flatten()
        near = points[:200] + 1e-2 * points[200:]
        change_near = (critic(near) - critic(points[:200])).abs().flatten()
    apart = (points[:200] - points[200:]).flatten(1).norm(dim=1)
    assert float((change / apart).max()) <= 1.001
    assert float((change_near / (near - points[:200]).flatten(1).norm(dim=1)).max()) <= 1.001


def test_the_weights_prove_it():
    critic = small_critic()
    for _ in range(500):
        critic(torch.zeros(1, 1, 8, 8))
    assert_allclose(lipschitz_from_weights(critic, (1, 8, 8)), 1.0, rtol=0.01)


def test_iterations_are_made_in_training_mode_only():
    critic = small_critic()
    with torch.no_grad():
        critic[0].parametrizations.weight.original.normal_()
    before = critic[0].parametrizations.weight[0].vector.clone()
    critic.eval()(torch.zeros(1, 1, 8, 8))
    assert torch.equal(before, critic[0].parametrizations.weight[0].vector)
    critic.train()(torch.zeros(1, 1, 8, 8))
    assert not torch.equal(before, critic[0].parametrizations.weight[0].vector)


def test_it_follows_weights_that_learn_and_is_exact_once_they_rest():
    critic, points = small_critic(), torch.randn(16, 1, 8, 8)
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-4, betas=(0.0, 0.9))

    def norm():
        layer = nn.Conv2d(1, 4, 4, 2, 1)
        with evaluating(critic), torch.no_grad():
            layer.weight.copy_(critic[0].weight)
        return matrix_norm(layer, (1, 8, 8))

    for _ in range(200):
        optimizer.zero_grad()
        (critic(points[:8]).mean() - critic(points[8:]).mean()).backward()
        optimizer.step()
    assert 0.99 < norm() < 1.15
    for _ in range(500):
        critic(points[:1])
    assert_allclose(norm(), 1.0, atol=5e-3)


def test_the_estimate_lags_behind_the_weights_the_more_the_faster_they_learn():
    largest = []
    for rate in (2e-4, 2e-3, 1e-2):
        torch.manual_seed(0)
        layer = nn.Linear(16, 16)
        normalize_spectrally(layer, (16,))
        optimizer, norms = torch.optim.Adam(layer.parameters(), lr=rate, betas=(0.0, 0.9)), []
        for _ in range(200):
            points = torch.randn(32, 16)
            optimizer.zero_grad()
            (layer(points) - points.flip(1)).square().mean().backward()
            optimizer.step()
            with evaluating(layer), torch.no_grad():
                norms.append(float(torch.linalg.matrix_norm(layer.weight.double(), 2)))
        assert min(norms) > 1 - 1e-6
        largest.append(max(norms))
    assert largest[0] < 1.001 and largest[0] < 1.1 < largest[1] < 1.4 < largest[2]


def test_copies_and_stored_states_go_on_to_the_same_bits():
    critic, points = small_critic(), torch.randn(4, 1, 8, 8)
    critic(points)
    twin = copy.deepcopy(critic)
    loaded = small_critic(rng=1)
    loaded.load_state_dict(critic.state_dict())
    wanted = critic(points)
    assert torch.equal(twin(points), wanted)
    assert torch.equal(loaded(points), wanted)
    with torch.no_grad():
        twin[0].parametrizations.weight.original.zero_()
    assert bool(critic[0].weight.any())


def test_penalties_can_be_trained_through_it():
    critic = small_critic()
    points = torch.randn(4, 1, 8, 8, requires_grad=True)
    (slope,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    (slope.flatten(1).norm(dim=1) - 1).square().mean().backward()
    weights = [
        critic[0].parametrizations.weight.original,
        critic[-1].parametrizations.weight.original,
    ]
    assert all(w.grad is not None and bool(w.grad.isfinite().all()) for w in weights)


def test_weights_of_zero_stay_finite():
    layer = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(layer.weight)
    normalize_spectrally(layer, (1, 5, 5))
    assert torch.equal(layer.weight, torch.zeros(1, 1, 3, 3))


def test_every_point_is_scored_by_itself():
    refuse_unless_pointwise(small_critic(), (1, 8, 8))
