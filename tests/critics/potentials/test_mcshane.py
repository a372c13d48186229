"""Extended potentials: 1-Lipschitz, and optimal on the sample."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

import otgan
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.critics.potentials.mcshane import McShane, exact_critic, extended_potential
from otgan.datasets import funnel_pair
from otgan.errors import InvalidInputError

NUMBERS = st.floats(-100, 100, allow_subnormal=False)
OTHER: Any = "z"
LARGEST = pytest.mark.parametrize("largest", [True, False])


def plain(points, anchors, heights, largest):
    apart = cdist(points, anchors)
    return (apart + heights).min(axis=1) if largest else (heights - apart).max(axis=1)


def clouds(n=60, m=45, d=3, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + shift, 1.5 * rng.normal(size=(m, d))


@LARGEST
@given(
    anchors=arrays(float, (5, 2), elements=NUMBERS),
    heights=arrays(float, 5, elements=NUMBERS),
    points=arrays(float, (6, 2), elements=NUMBERS),
)
@settings(max_examples=60, deadline=None)
def test_never_steeper_than_one_whatever_the_heights(largest, anchors, heights, points):
    f = McShane(anchors, heights, largest=largest)
    values = f(torch.from_numpy(points)).numpy()
    slack = 1e-12 * (1 + np.abs(points).max() + np.abs(anchors).max() + np.abs(heights).max())
    assert (np.abs(values[:, None] - values) <= cdist(points, points) + slack).all()
    assert_allclose(values, plain(points, anchors, heights, largest), rtol=1e-13, atol=slack)
    at_anchors = f(f.anchors).numpy()
    assert (at_anchors <= heights).all() if largest else (at_anchors >= heights).all()


@LARGEST
def test_gradient_is_a_unit_vector_and_zero_at_an_anchor_also_twice(largest):
    x, y = clouds()
    f = McShane(y, np.linalg.norm(y, axis=1), largest=largest)
    points = torch.from_numpy(np.concatenate([x, y[:5]])).requires_grad_()
    (gradient,) = torch.autograd.grad(f(points).sum(), points, create_graph=True)
    slope = gradient.norm(dim=1)
    assert_allclose(slope[: len(x)].detach(), 1.0, rtol=1e-12)
    assert torch.isfinite(gradient).all() and (slope[len(x) :] <= 1 + 1e-12).all()
    (again,) = torch.autograd.grad(gradient.square().sum(), points)
    assert torch.isfinite(again).all()
    alone = McShane([[1.0, 2.0]], [3.0], largest=largest)
    at = torch.tensor([[1.0, 2.0]], requires_grad=True)
    (gradient,) = torch.autograd.grad(alone(at).sum(), at, create_graph=True)
    assert gradient.tolist() == [[0.0, 0.0]]


def test_blocks_change_nothing_and_dtypes_are_kept(monkeypatch):
    x, y = clouds()
    f = McShane(y, y[:, 0])
    whole = f(torch.from_numpy(x))
    monkeypatch.setattr("otgan.critics.potentials.mcshane.BLOCK_PAIRS", 100)
    assert torch.equal(f(torch.from_numpy(x)), whole)
    assert f(torch.from_numpy(x).float()).dtype == torch.float32
    assert f(torch.empty(0, 3)).shape == (0,)
    assert f.float()(torch.from_numpy(x)).dtype == torch.float64
    assert f.anchors.dtype == torch.float32
    assert lipschitz_from_weights(f) == 1.0


def test_far_from_the_origin_no_digits_are_lost():
    x, y = clouds()
    near, far = McShane(y, y[:, 0]), McShane(y + 1e6, y[:, 0])
    values = near(torch.from_numpy(x)), far(torch.from_numpy(x + 1e6))
    assert_allclose(*values, atol=1e-8)


@pytest.mark.parametrize("side", ["auto", "x", "y"])
@pytest.mark.parametrize("d", [1, 2, 7])
def test_exact_critic_takes_the_distance_on_the_sample(side, d):
    x, y = clouds(d=d)
    potential, transport = exact_critic(x, y, side=side)
    f_x, f_y = (potential(torch.from_numpy(z)).numpy() for z in (x, y))
    assert_allclose(f_x.mean() - f_y.mean(), otgan.emd(x, y).distance, rtol=1e-9)
    i, j = transport.plan.nonzero()
    assert_allclose(f_x[i] - f_y[j], np.linalg.norm(x[i] - y[j], axis=1), rtol=1e-9, atol=1e-9)


def test_exact_critic_of_one_point_each_and_of_equal_samples():
    potential, transport = exact_critic([[3.0, 4.0]], [[0.0, 0.0]])
    assert transport.distance == 5.0
    assert float(potential(torch.tensor([[3.0, 4.0]])) - potential(torch.zeros(1, 2))) == 5.0
    x, _ = clouds()
    potential, transport = exact_critic(x, x[::-1])
    assert_allclose(transport.distance, 0.0, atol=1e-12)


def test_anchors_are_put_where_points_lie_densely():
    pair, rng = funnel_pair(16, 4), np.random.default_rng(0)
    x, y = pair.x.sample(300, rng), pair.y.sample(300, rng)  # x is gathered near four apexes
    assert torch.equal(exact_critic(x, y).potential.anchors, torch.from_numpy(x))
    assert torch.equal(exact_critic(y, x).potential.anchors, torch.from_numpy(x))


def test_the_exact_critic_of_a_known_transport_is_the_same_without_solving_again():
    x, y = clouds()
    critic = exact_critic(x, y)
    same = extended_potential(x, y, critic.transport)
    assert same.largest == critic.potential.largest
    assert torch.equal(same.heights, critic.potential.heights)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: McShane([[0.0]], [0.0, 1.0]), "heights must be 1 finite"),
        (lambda: McShane([[0.0]], [math.nan]), "heights must be 1 finite"),
        (lambda: McShane([[0.0]], [0.0])(torch.zeros(2, 3)), "points must have 1 coordinates"),
        (lambda: exact_critic([0.0], [1.0], side=OTHER), "side must be 'auto', 'x' or 'y'"),
    ],
)
def test_errors_say_what_to_do(call, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        call()
    assert "got" in str(error.value) and "to fix it" in str(error.value)
