"""KL and JS of samples with long tails or extreme units."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from tests.divergences.intervals import held


def test_kl_by_kernels_in_the_plane_is_right_where_one_distribution_has_longer_tails():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1500, 2))
    y = rng.normal(size=(1500, 2)) @ np.linalg.cholesky([[1, 1], [1, 2]]).T
    found = otgan.kl_from_samples(x, y, method="kde")  # ½ (tr Σ⁻¹ - 2 + log det Σ) = 1/2
    assert held(found, 0.5) and abs(found.value - 0.5) < 0.1


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310, [1e200, 1e-200], [1.0, 1e-200]])
def test_kl_and_js_know_no_units_however_extreme(scale):
    rng = np.random.default_rng(13)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 1
    for method in ("knn", "kde"):
        for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
            here = estimate(x, y, method=method)
            there = estimate(np.multiply(x, scale), np.multiply(y, scale), method=method)
            # at 1e-310 a float has few digits left
            assert_allclose(there.value, here.value, rtol=1e-6 if np.min(scale) > 1e-300 else 0.05)
