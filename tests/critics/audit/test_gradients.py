"""Rays, slopes and steepest pairs of functions whose gradients are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.critics.audit.adapter import CriticFunction
from otgan.critics.audit.gradients import (
    RAY_FRACTIONS,
    SteepestPair,
    slopes_between,
    steepest_pair,
    trace_rays,
)

X = np.random.default_rng(0).normal(size=(150, 2))
Y = X + [2.0, 0.0]


def function(critic, points=X):
    return CriticFunction.of(critic, points, points.shape[1:], points)


def generator():
    return np.random.default_rng(1)


def linear(z):
    return -3.0 * z[:, 0] + 4.0 * z[:, 1]


# ---------------------------------------------------------------- rays


def test_rays_of_a_shift_all_have_its_direction():
    rays = trace_rays(function(linear), X, Y, otgan.emd(X, Y), generator())
    assert_allclose(rays.mass.sum(), 1.0)
    assert_allclose(rays.y - rays.x, np.tile([2.0, 0.0], (len(rays.mass), 1)), atol=1e-12)
    assert_allclose(rays.slopes, 5.0)
    assert_allclose(rays.cosines, 0.6)  # of (-3, 4) and (-2, 0)
    assert_allclose(rays.mean_cosines(), 0.6)


def test_gradients_are_taken_near_both_ends_and_half_way():
    rays = trace_rays(function(lambda z: z[:, 0] ** 2 / 2), X, Y, otgan.emd(X, Y), generator())
    for k, fraction in enumerate(RAY_FRACTIONS):
        at = rays.x + fraction * (rays.y - rays.x)
        assert_allclose(rays.slopes[:, k], np.abs(at[:, 0]), rtol=1e-9, atol=1e-12)
        assert_allclose(rays.cosines[:, k], -np.sign(at[:, 0]), rtol=1e-9)
        assert_allclose(rays.points()[k * len(at) : (k + 1) * len(at)], at)


def test_mass_that_stays_has_no_ray():
    half = np.concatenate([X[:75], Y[75:]])
    rays = trace_rays(function(linear), X, half, otgan.emd(X, half), generator())
    assert_allclose(rays.mass.sum(), 1.0)
    assert (np.linalg.norm(rays.x - rays.y, axis=1) > 0).all()
    still = trace_rays(function(linear), X, X, otgan.emd(X, X), generator())
    assert len(still.mass) == 0 and np.isnan(still.mean_cosines()).all()
    assert still.points().shape == (0, 2)


def test_critics_without_autograd_get_fewer_rays_that_carry_mass_alike(monkeypatch):
    monkeypatch.setattr("otgan.critics.audit.gradients.MAX_EVALUATIONS", 4 * 60)
    slow = function(lambda z: np.asarray(z) @ np.array([-3.0, 4.0]))
    rays = trace_rays(slow, X, Y, otgan.emd(X, Y), generator())
    assert len(rays.mass) == 60 // len(RAY_FRACTIONS) + 1
    assert_allclose(rays.mass, 1 / len(rays.mass))
    assert_allclose(rays.slopes, 5.0, rtol=1e-6)


# ---------------------------------------------------------------- slopes between the samples


def test_slopes_between_are_gradient_norms_at_points_between():
    points, slopes = slopes_between(
        function(lambda z: (z**2).sum(dim=1) / 2), X[:1], Y[:1], generator()
    )
    assert len(points) == 256
    assert_allclose(slopes, np.linalg.norm(points, axis=1), rtol=1e-9)
    assert_allclose(points[:, 1], X[0, 1])
    assert ((points[:, 0] >= X[0, 0]) & (points[:, 0] <= Y[0, 0])).all()


# ---------------------------------------------------------------- the steepest pair


@pytest.mark.parametrize(
    ("critic", "slope"),
    [
        (linear, 5.0),
        (lambda z: 7.0 * z.norm(dim=1), 7.0),
        (lambda z: 9.0 * (z[:, 0] - 1.0).clamp(0.0, 0.2) - 0.1 * z[:, 1], np.hypot(9.0, 0.1)),
        (lambda z: (20.0 * z[:, 1]).sin(), 20.0),
    ],
)
def test_the_steepest_pair_is_found_and_its_slope_attained(critic, slope):
    f = function(critic)
    points, slopes = slopes_between(f, X, Y, generator())
    pair = steepest_pair(f, X, Y, points[np.argsort(slopes)[-256:]], generator())
    assert 0.99 * slope <= pair.slope <= slope * (1 + 1e-9)
    high, low = f.values(np.stack([pair.u, pair.v]))
    assert_allclose(high - low, pair.rise, rtol=1e-9)
    assert_allclose(np.linalg.norm(pair.u - pair.v), pair.distance, rtol=1e-12)


def test_points_that_are_all_the_same_have_no_slope():
    same = np.ones((5, 2))
    pair = steepest_pair(function(linear, same), same, same, same, generator())
    assert pair.slope == float(pair) == 0.0


def test_a_pair_is_a_result():
    pair = SteepestPair(np.array([0.0, 3.0]), np.array([4.0, 0.0]), 10.0, 5.0)
    assert float(pair) == 2.0
    expected = {"slope": 2.0, "rise": 10.0, "distance": 5.0, "u": [0.0, 3.0], "v": [4.0, 0.0]}
    assert pair.to_dict() == expected
    assert str(pair) == "slope 2, from (0, 3) down to (4, 0)"
    far = SteepestPair(np.arange(9.0), np.zeros(9), 1.0, 1.0)
    assert "from (0, 1, ..., 7, 8) down to" in str(far)
