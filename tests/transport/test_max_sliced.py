"""The max-sliced distance against closed forms and POT."""

import numpy as np
import ot
import pytest
from numpy.testing import assert_allclose

import otgan
from tests.transport.samples import two_normals


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 10])
def test_a_shift_is_found_whole(d, p):
    x, _ = two_normals(4, 60, 2, d, 0)
    shift = np.linspace(1, 2, d)
    result = otgan.max_sliced_wasserstein(x, x[::-1] + shift, p=p)
    assert_allclose(result.value, np.linalg.norm(shift), rtol=1e-6)


def test_two_dimensions_are_searched_completely():
    # One axis is stretched: means agree, and the worst direction is not among the looks.
    x, y = two_normals(5, 80, 60, 2, 0)
    y[:, 1] *= 4
    angles = np.linspace(0, np.pi, 20_001)
    best = ot.max_sliced_wasserstein_distance(
        x, y, projections=np.array([np.cos(angles), np.sin(angles)]), p=1
    )
    found = otgan.max_sliced_wasserstein(x, y)
    assert_allclose(found.value, best, rtol=1e-6)
    assert found.value >= best * (1 - 1e-9)


def test_the_search_beats_random_directions_in_ten_dimensions():
    x, y = two_normals(6, 200, 150, 10, 0)
    y[:, 3] *= 3
    found = otgan.max_sliced_wasserstein(x, y, p=2).value
    random = ot.max_sliced_wasserstein_distance(x, y, n_projections=5000, p=2, seed=0)
    along_the_axis = otgan.wasserstein_1d(x[:, 3], y[:, 3], p=2)
    assert found > random
    assert found >= along_the_axis


def test_directions_that_fit_the_sample_are_warned_of():
    noise = otgan.max_sliced_wasserstein(*two_normals(7, 50, 50, 40, 0))
    assert noise.diagnostics["held_out"] < 0.6 * noise.value
    assert any("did not choose the direction" in warning for warning in noise.warnings)
    clear = otgan.max_sliced_wasserstein(*two_normals(7, 300, 200, 3, 3))
    assert_allclose(clear.diagnostics["held_out"], clear.value, rtol=0.05)
    assert clear.warnings == ()
