"""Virtual batch normalization: the formula, and points that depend on their own latent alone."""

import copy
import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from otgan.critics.pointwise import mixes_points
from otgan.gan.stabilizers import VirtualBatchNorm
from otgan.gan.stabilizers.virtual_batch_norm import ReferenceNorm, WithReference
from tests.cases import refused


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


def generator() -> Any:
    return nn.Sequential(
        nn.Linear(3, 16),
        nn.Unflatten(1, (4, 2, 2)),
        nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()),
        nn.ConvTranspose2d(4, 1, 2, 2),
    )


def adapted(latents=None) -> Any:
    return VirtualBatchNorm().adapt_generator(
        generator(), normal(8, 3) if latents is None else latents
    )


def test_three_numbers_by_hand():
    """The reference batch is 1 and 3, the example 5: μ = 9/3 and m2 = 35/3."""
    layer = ReferenceNorm(nn.BatchNorm1d(1, eps=0.5), n_reference=2)
    example = (5 - 3) / math.sqrt(0.5 + 35 / 3 - 3**2)
    reference = 1 / math.sqrt(0.5 + 1)
    expected = torch.tensor([[-reference], [reference], [example]])
    assert_close(layer(torch.tensor([[1.0], [3.0], [5.0]])), expected)


def test_feature_maps_follow_the_formula():
    norm = nn.BatchNorm2d(3).double()
    with torch.no_grad():
        norm.weight.copy_(normal(3, seed=1))
        norm.bias.copy_(normal(3, seed=2))
    layer, x = ReferenceNorm(norm, n_reference=4), normal(6, 3, 2, 5).double()
    mean_r, square_r = (v.mean(dim=(0, 2, 3), keepdim=True) for v in (x[:4], x[:4].square()))
    mean_x, square_x = (v.mean(dim=(2, 3), keepdim=True) for v in (x[4:], x[4:].square()))
    mean, square = mean_x / 5 + mean_r * 4 / 5, square_x / 5 + square_r * 4 / 5
    live = (x[4:] - mean) / torch.sqrt(1e-5 + square - mean.square())
    scale, shift = norm.weight[:, None, None], norm.bias[:, None, None]
    assert_close(layer(x)[4:], live * scale + shift)
    assert_close(layer(x)[:4], norm(x[:4]))  # the reference batch by itself
    assert torch.autograd.gradcheck(layer, x.requires_grad_())


def test_a_large_mean_does_not_cancel():
    """In float32 the mean square less the squared mean is negative here."""
    x = 3e4 + normal(9, 2)
    out = ReferenceNorm(nn.BatchNorm1d(2), n_reference=8)(x)
    expected = ReferenceNorm(nn.BatchNorm1d(2).double(), n_reference=8)(x.double())
    assert_close(out, expected.float(), atol=2e-2, rtol=0.0)


def test_half_precision_is_normalized_in_float32():
    x = (100.0 + normal(9, 2)).bfloat16()
    out = ReferenceNorm(nn.BatchNorm1d(2, affine=False), n_reference=8)(x)
    expected = ReferenceNorm(nn.BatchNorm1d(2, affine=False), n_reference=8)(x.float())
    assert out.dtype == torch.bfloat16
    assert_close(out.float(), expected, atol=0.0, rtol=2**-8)


def test_a_point_depends_on_its_own_latent_alone():
    network, latents = adapted(), normal(8, 3, seed=1)
    together = network(latents)
    alone = torch.cat([network(latent[None]) for latent in latents])
    assert_close(alone, together)
    assert_close(network.eval()(latents), together, rtol=0.0, atol=0.0)
    assert not mixes_points(nn.Sequential(network, nn.Flatten(), nn.Linear(16, 1)), latents)


def test_every_batch_norm_is_replaced_and_keeps_its_parameters():
    plain: Any = generator()
    scale = plain[2][0].weight
    network: Any = VirtualBatchNorm().adapt_generator(plain, normal(8, 3))
    assert isinstance(network, WithReference)
    assert any(isinstance(m, ReferenceNorm) for m in network.modules())
    assert any(weight is scale for weight in network.parameters())
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_it_learns_and_reference_points_count_in_the_gradient():
    network = adapted().double()
    latents = normal(4, 3, seed=1).double()
    weight = network.network[0].weight
    (gradient,) = torch.autograd.grad(network(latents).square().sum(), weight)
    step = torch.zeros_like(weight)
    step[5, 1] = 1e-6
    values = []
    for sign in (1.0, -1.0):
        moved = copy.deepcopy(network)
        with torch.no_grad():
            moved.network[0].weight.add_(sign * step)
        values.append(float(moved(latents).square().sum().detach()))
    assert_close(float(gradient[5, 1]), (values[0] - values[1]) / 2e-6, rtol=1e-5, atol=1e-7)


def test_the_reference_batch_is_saved_copied_and_moved():
    network, latents = adapted(), normal(5, 3, seed=1)
    other = adapted(normal(8, 3, seed=2))
    assert not torch.equal(other(latents), network(latents))
    other.load_state_dict(network.state_dict())
    assert torch.equal(other(latents), network(latents))
    assert torch.equal(copy.deepcopy(network)(latents), network(latents))
    assert network.double()(latents.double()).dtype == torch.float64


def test_it_is_a_copy_of_the_latents_and_they_are_no_parameters():
    latents = normal(8, 3)
    network, before = adapted(latents), latents.clone()
    latents.zero_()
    assert torch.equal(network.reference, before)
    assert "reference" in dict(network.named_buffers())


def test_an_average_of_weights_is_a_generator_like_the_two():
    one, latents = adapted(), normal(5, 3, seed=1)
    averaged = copy.deepcopy(one)
    with torch.no_grad():
        for slow, fast in zip(averaged.parameters(), one.parameters(), strict=True):
            slow.lerp_(fast, 0.1)
    assert_close(averaged(latents), one(latents))


def test_a_generator_without_batch_norm_is_refused():
    with refused("must have batch normalization to replace", "generator_norm='batch'"):
        VirtualBatchNorm().adapt_generator(nn.Sequential(nn.Linear(3, 2)), normal(8, 3))


@pytest.mark.gpu
def test_on_a_gpu():
    network, latents = adapted(), normal(5, 3, seed=1)
    expected = network(latents)
    assert_close(network.cuda()(latents.cuda()).cpu(), expected, rtol=1e-3, atol=1e-4)
