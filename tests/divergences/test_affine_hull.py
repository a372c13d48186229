"""Coordinates in the affine hull of two samples."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import pdist

import otgan
from otgan.divergences.affine_hull import project_to_affine_hull
from otgan.errors import DuplicateSamplesError

RNG = np.random.default_rng(0)


def embedded(points, d, seed=1):
    """The points in a random plane of R^d, off the origin."""
    rng = np.random.default_rng(seed)
    frame, _ = np.linalg.qr(rng.normal(size=(d, points.shape[1])))
    return points @ frame.T + rng.normal(size=d)


def test_full_samples_come_back_as_they_are():
    x, y = RNG.normal(size=(30, 3)), RNG.normal(size=(20, 3))
    back = project_to_affine_hull(x, y)
    assert back[0] is x and back[1] is y


@pytest.mark.parametrize("rank", [1, 2])
def test_a_plane_in_space_keeps_its_shape(rank):
    x, y = RNG.normal(size=(40, rank)), RNG.normal(size=(30, rank)) + 1
    flat = np.split(embedded(np.concatenate([x, y]), 5), [40])
    inside = project_to_affine_hull(*flat)
    assert [z.shape for z in inside] == [(40, rank), (30, rank)]
    # an affine map of the points: their KL is the same
    for k in (1, 4):
        method = otgan.NearestNeighbors(k=k, start="none")
        assert_allclose(method.kl_value(*inside), method.kl_value(x, y), rtol=1e-6)


def test_units_of_columns_do_not_make_a_plane():
    x, y = RNG.normal(size=(2, 50, 2)) * [1.0, 1e-9]
    assert project_to_affine_hull(x, y)[0].shape == (50, 2)


def test_constant_columns_go():
    x = np.column_stack([RNG.normal(size=50), np.full(50, 3.0)])
    x, y = project_to_affine_hull(x, x + [1.0, 0.0])
    assert x.shape == y.shape == (50, 1)
    assert_allclose(np.ptp(pdist(x - y)), 0, atol=1e-12)


def test_few_points_show_no_plane_and_one_point_is_refused():
    x, y = RNG.normal(size=(2, 3, 4))
    assert project_to_affine_hull(x, y)[0] is x
    with pytest.raises(DuplicateSamplesError, match="the same one everywhere"):
        project_to_affine_hull(np.ones((9, 2)), np.ones((9, 2)))
