"""A lower bound of W1 by maps to the line: never above it, and sharp where one map suffices."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

import otgan
from otgan.critics.potentials.projection_lower_bound import projection_lower_bound

ROUNDING = 1e-12
"""Relative: some thousand operations of float64."""


@st.composite
def two_clouds(draw):
    d = draw(st.integers(1, 4))
    numbers = st.integers(-100, 100).map(lambda k: k / 10)
    return [draw(arrays(float, (draw(st.integers(1, 8)), d), elements=numbers)) for _ in "xy"]


@given(clouds=two_clouds())
@settings(max_examples=100, deadline=None)
def test_never_above_w1(clouds):
    x, y = clouds
    exact = otgan.wasserstein(x, y)
    assert 0 <= projection_lower_bound(x, y) <= exact + ROUNDING * (1 + np.abs(x).max())


@pytest.mark.parametrize("d", [1, 2, 7])
def test_a_shift_is_found_whole(d):
    rng = np.random.default_rng(d)
    x, shift = rng.normal(size=(50, d)), rng.normal(size=d)
    assert_allclose(projection_lower_bound(x, x + shift), np.linalg.norm(shift), rtol=ROUNDING)


def test_a_change_of_size_is_found_whole_by_distances_from_the_mean():
    angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    assert_allclose(projection_lower_bound(circle, 3 * circle), 2.0, rtol=ROUNDING)


def test_on_the_line_it_is_w1():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(40, 1)), rng.exponential(size=(30, 1))
    # A map by -1 or 1 is an isometry; others of unit length do not exist.
    assert_allclose(projection_lower_bound(x, y), otgan.wasserstein_1d(x, y), rtol=ROUNDING)


def test_equal_clouds_give_zero_and_units_scale_it():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(20, 3)) + 1
    assert projection_lower_bound(x, x) == 0.0
    assert projection_lower_bound(x[:1], x[:1]) == 0.0
    assert_allclose(projection_lower_bound(8 * x, 8 * y), 8 * projection_lower_bound(x, y), rtol=0)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_rounding_takes_it_below_the_distance_and_never_above(offset):
    # a shift is W1 itself, which rounding of projections used to overstate every other time
    rng = np.random.default_rng(5)
    for d in (1, 2, 3, 4):
        for _ in range(25):
            x, shift = offset + rng.normal(size=(5, d)), rng.normal(size=d)
            y = x + shift
            least = np.linalg.norm((y - x).astype(np.longdouble).mean(axis=0))
            bound = projection_lower_bound(x, y)
            assert bound <= least
            assert_allclose(bound, float(least), rtol=1e-12 * (1 + offset))
