"""Gradients of the gap by hand against autograd's, for networks that sort pairs."""

import copy

import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from otgan.critics.constraints.norm_constrained import OrthogonalWeights
from otgan.critics.kernels import matmul as products
from otgan.critics.kernels.maxmin import GapStep, is_maxmin_network
from otgan.critics.networks.feedforward import MaxMin, mlp, orthogonal_mlp
from otgan.critics.training.data import as_distributions
from otgan.critics.training.loop import Budget, fit_critic
from otgan.critics.training.options import FitOptions
from otgan.errors import InvalidInputError
from tests.critics.linear_layer import linear_layer
from tests.critics.plain_training import gradient_of, worst_gradient


def batches(n, d, dtype=torch.float64, seed=0):
    rng = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(n, d, generator=rng, dtype=dtype) for _ in range(2))
    return x, y + 0.3


def by_autograd(critic, x, y):
    critic.zero_grad()
    gap = critic(x).mean() - critic(y).mean()
    (-gap).backward()
    return gap.detach(), [p.grad.clone() for p in critic.parameters()]


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 40),
    d=st.integers(1, 9),
    half=st.integers(1, 6),
    depth=st.integers(1, 4),
    seed=st.integers(0, 10**6),
)
def test_gradients_are_those_of_autograd(n, d, half, depth, seed):
    torch.manual_seed(seed)
    critic = orthogonal_mlp(d, width=2 * half, depth=depth).double()
    data = batches(n, d, seed=seed)
    gap, expected = by_autograd(critic, *data)
    assert abs(GapStep(critic).gradients(*data) - gap) < 1e-12
    assert worst_gradient(critic, expected) < 1e-12


@pytest.mark.parametrize("n", [1024, 700])
def test_in_float32_they_are_as_accurate_as_autograds(n):
    torch.manual_seed(0)
    critic, data = orthogonal_mlp(16, width=128, depth=4), batches(n, 16, torch.float32)
    _, exact = by_autograd(copy.deepcopy(critic).double(), *(points.double() for points in data))
    by_autograd(critic, *data)
    error = worst_gradient(critic, exact)
    GapStep(critic).gradients(*data)
    assert worst_gradient(critic, exact) < min(2e-6, 2.0 * error)


@pytest.mark.parametrize("knows", [True, False])
def test_inner_products_may_be_of_bfloat16(knows, monkeypatch):
    if not knows:
        monkeypatch.setattr(products, "knows_bfloat16", lambda device: False)
    torch.manual_seed(0)
    critic, data = orthogonal_mlp(8, width=64, depth=4), batches(512, 8, torch.float32)
    gap, expected = by_autograd(critic, *data)
    step = GapStep(critic, inner_dtype=torch.bfloat16)
    assert abs(step.gradients(*data) - gap) < 0.01
    assert all(gradient_of(p).dtype == torch.float32 for p in critic.parameters())
    for p, e in zip(critic.parameters(), expected, strict=True):
        if p.numel() > 1:
            along = torch.nn.functional.cosine_similarity(
                gradient_of(p).flatten(), e.flatten(), dim=0
            )
            assert along > 0.998


def test_equal_pairs_are_in_order():
    critic = nn.Sequential(nn.Linear(1, 2), MaxMin(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        linear_layer(critic, 0).weight.copy_(torch.ones(2, 1))
        linear_layer(critic, 0).bias.zero_()
        linear_layer(critic, 2).weight.copy_(torch.tensor([[1.0, 3.0]]))
    data = batches(5, 1)
    _, expected = by_autograd(critic, *data)
    GapStep(critic).gradients(*data)
    assert worst_gradient(critic, expected) < 1e-14


def test_other_networks_are_refused():
    no_bias = nn.Sequential(nn.Linear(2, 4, bias=False), MaxMin(), nn.Linear(4, 1))
    two_outputs = nn.Sequential(nn.Linear(2, 4), MaxMin(), nn.Linear(4, 2))
    for critic in (mlp(2, width=4), no_bias, two_outputs, nn.Linear(2, 1)):
        assert not is_maxmin_network(critic)
        with pytest.raises(InvalidInputError, match="autograd"):
            GapStep(critic)
    critic = orthogonal_mlp(2, width=4)
    with pytest.raises(InvalidInputError, match="one shape"):
        GapStep(critic).gradients(torch.zeros(3, 2), torch.zeros(4, 2))


class ByAutograd(OrthogonalWeights):
    """The same rule with a penalty of its own, which is nothing."""

    def penalty(self, critic, real, fake, rng):
        return super().penalty(critic, real, fake, rng)


def test_training_by_hand_is_training_by_autograd():
    x, y = (points.numpy() for points in batches(200, 3))
    options, fitted = FitOptions(batch_size=64), []
    for rule in (OrthogonalWeights(), ByAutograd()):
        torch.manual_seed(0)
        critic = orthogonal_mlp(3, width=16, depth=2).double()
        distributions = as_distributions(x, y, options, torch.device("cpu"))
        fit_critic(critic.float(), rule, distributions, Budget(5, float("inf")), options)
        fitted.append([p.detach().clone() for p in critic.parameters()])
    for one, other in zip(*fitted, strict=True):
        assert torch.allclose(one, other, atol=2e-4)


@pytest.mark.gpu
def test_on_a_gpu_they_are_the_same():
    torch.manual_seed(0)
    critic, data = orthogonal_mlp(3, width=16, depth=2), batches(300, 3, torch.float32)
    GapStep(critic).gradients(*data)
    expected = [gradient_of(p).clone() for p in critic.parameters()]
    critic = copy.deepcopy(critic).cuda()
    GapStep(critic).gradients(*(points.cuda() for points in data))
    for p, e in zip(critic.parameters(), expected, strict=True):
        assert torch.allclose(gradient_of(p).cpu(), e, atol=1e-5)
