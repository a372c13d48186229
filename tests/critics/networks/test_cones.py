"""Critics made of cones: 1-Lipschitz by construction, optimal where the truth is made of them."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

import otgan
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.networks.cones import ConeNetwork
from otgan.errors import InvalidInputError

NUMBERS = st.integers(-1000, 1000).map(lambda k: k / 100)
SIGNS = pytest.mark.parametrize("sign", [1.0, -1.0])


def network(apexes, heights, sign):
    critic = ConeNetwork(apexes.shape[1], len(apexes), sign=sign).double()
    with torch.no_grad():
        critic.apexes.copy_(torch.tensor(apexes))
        critic.heights.copy_(torch.tensor(heights))
    return critic


@SIGNS
@given(
    apexes=arrays(float, (5, 3), elements=NUMBERS),
    heights=arrays(float, 5, elements=NUMBERS),
    points=arrays(float, (7, 3), elements=NUMBERS),
)
@settings(max_examples=60, deadline=None)
def test_never_steeper_than_one_whatever_the_parameters(sign, apexes, heights, points):
    critic = network(apexes, heights, sign).eval()
    z = torch.tensor(points)
    with torch.no_grad():
        values = critic(z)
    assert (torch.abs(values[:, None] - values) <= torch.cdist(z, z) + 1e-12).all()
    plain = (torch.cdist(z, critic.apexes.detach()) + critic.heights.detach()).min(dim=1).values
    assert_allclose(values, sign * plain, atol=1e-12)
    assert_allclose(critic.train()(z).detach(), values, atol=1e-6)  # products lose half the digits


def test_proved_constant_is_one_also_after_training():
    critic = ConeNetwork(4, 10)
    assert lipschitz_from_weights(critic) == 1.0
    with torch.no_grad():
        critic.apexes.mul_(1e3)
    assert lipschitz_from_weights(critic) == 1.0


@SIGNS
def test_gradients_are_accurate_and_finite_at_an_apex(sign):
    critic = network(np.array([[0.0, 0.0], [9.0, 9.0]]), np.array([0.5, 0.0]), sign)
    z = torch.tensor([[0.0, 0.0], [3e-9, 4e-9]], dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(critic(z).sum(), z)
    assert_allclose(gradient, [[0.0, 0.0], [0.6 * sign, 0.8 * sign]], rtol=1e-12)
    critic(z).sum().backward()
    assert_allclose(critic.heights.grad, [2 * sign, 0.0])
    assert_allclose(critic.apexes.grad, [[-0.6 * sign, -0.8 * sign], [0.0, 0.0]], rtol=1e-12)


def test_a_common_offset_changes_no_cone():
    rng = np.random.default_rng(0)
    apexes, heights, points = (
        rng.normal(size=(50, 8)),
        rng.normal(size=50),
        rng.normal(size=(99, 8)),
    )
    near, far = (network(apexes + c, heights, 1.0) for c in (0.0, 1e6))
    z = torch.tensor(points)
    assert_allclose(near(z).detach(), far(z + 1e6).detach(), atol=1e-7)


@pytest.mark.parametrize("count", [40, 100])
def test_placed_on_all_points_it_is_the_optimal_critic(count):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)) + 1, 2 * rng.normal(size=(40, 3))
    exact = otgan.emd(x, y).distance
    critic = ConeNetwork.from_points(torch.tensor(x), torch.tensor(y), count).eval()
    assert critic.apexes.dtype == torch.float64 and len(critic.heights) == count
    with torch.no_grad():
        gap = critic(torch.tensor(x)).mean() - critic(torch.tensor(y)).mean()
    assert_allclose(gap, exact, rtol=1e-9)
    assert float(critic.sign) == -1.0  # hanging from x, the denser cloud
    other = ConeNetwork.from_points(torch.tensor(y), torch.tensor(x), count)
    assert float(other.sign) == 1.0
    again = ConeNetwork(3, count).double()
    again.load_state_dict(copy.deepcopy(critic.state_dict()))
    assert torch.equal(again.eval()(torch.tensor(y)), critic(torch.tensor(y)))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ConeNetwork(0), "d and count must be at least 1"),
        (lambda: ConeNetwork(2, 0), "d and count must be at least 1"),
        (lambda: ConeNetwork(2, sign=0.0), "sign must be 1 or -1"),
        (lambda: ConeNetwork(2)(torch.zeros(1, 3)), "points must have 2 coordinates"),
    ],
)
def test_errors_say_what_to_do(call, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        call()
    assert "got" in str(error.value) and "to fix it" in str(error.value)
