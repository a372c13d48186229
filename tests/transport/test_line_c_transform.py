"""Beyond some size, c-transforms on the line are found by halving: the same numbers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.transport.line_c_transform import c_transform_on_line


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_halving_gives_the_plain_transform(p):
    rng = np.random.default_rng(0)
    for n, m in ((1, 1), (1, 40), (40, 1), (200, 170)):
        x, y, f = rng.normal(size=(n, 1)), rng.normal(size=(m, 1)), rng.normal(size=n)
        plain = (np.abs(x - y.T) ** p - f[:, None]).min(axis=0)
        assert_allclose(c_transform_on_line(x[:, 0], y[:, 0], p, f), plain, rtol=1e-13)


def test_ties_and_repeated_points():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 5, 60).astype(float), rng.integers(0, 5, 80).astype(float)
    for f in (np.zeros(60), -np.abs(x - 2), rng.integers(0, 3, 60).astype(float)):
        plain = (np.abs(x[:, None] - y) - f[:, None]).min(axis=0)
        assert_allclose(c_transform_on_line(x, y, 1, f), plain, atol=0)


def test_large_clouds_take_it():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20_000), rng.normal(size=15_000) + 1
    result = otgan.emd(x, y)
    assert 0 <= result.gap <= 1e-12
    assert_allclose(result.distance, otgan.wasserstein_1d(x, y), rtol=1e-12)
