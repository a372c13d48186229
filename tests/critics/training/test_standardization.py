"""Center and scale of samples: closed forms, and no overflow at any unit."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from otgan.critics.training.standardization import Scale

CPU = torch.device("cpu")


def test_of_a_pair_by_hand():
    """Means 1 and 3, so center 2; squares around it 2, 2 and 1, 1: their mean is 3 / 2."""
    x, y = np.array([[2 - 2**0.5], [2 - 2**0.5]]), np.array([[3.0], [3.0]])
    scale = Scale.of_pair(x, y)
    assert_allclose(scale.center, [(5 - 2**0.5) / 2])
    assert_allclose(scale.spread, (1 + 2**0.5) / 2)  # both lie that far from the midpoint


def test_of_a_sample_is_the_mean_deviation_of_its_coordinates():
    points = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 10.0, 100.0]
    scale = Scale.of_sample(points)
    assert_allclose(scale.center, points.mean(axis=0))
    assert_allclose(scale.spread, points.std(axis=0).mean())


@pytest.mark.parametrize("unit", [1e-150, 1.0, 1e150])
def test_standardized_points_do_not_depend_on_the_unit(unit):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=(30, 2)) + 5.0
    seen = Scale.of_pair(unit * x, unit * y).standardize(unit * x, CPU, torch.float64)
    assert_allclose(seen, Scale.of_pair(x, y).standardize(x, CPU, torch.float64), rtol=1e-9)


def test_pooled_points_have_mean_square_one():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 3)), 3.0 * rng.normal(size=(40, 3)) + 1.0
    scale = Scale.of_pair(x, y)
    parts = [scale.standardize(points, CPU, torch.float64) for points in (x, y)]
    assert_allclose(torch.cat(parts).square().mean(), 1.0)
    assert_allclose(torch.cat(parts).mean(dim=0), np.zeros(3), atol=1e-12)


def test_equal_points_have_scale_one():
    point = np.full((4, 2), 7.0)
    assert Scale.of_pair(point, point).spread == Scale.of_sample(point).spread == 1.0
