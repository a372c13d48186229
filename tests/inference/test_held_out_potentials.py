"""Potentials extended to points that were held out: Lipschitz, optimal, and split honestly."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

import otgan
from otgan.inference.held_out_potentials import (
    Split,
    anchors_at_x,
    fold_splits,
    half_splits,
    held_out_values,
    mean_extension,
    one_sided_extension,
    sample_gap,
)

EXTENSIONS = [one_sided_extension, mean_extension]


def clouds(seed=0, n=24, m=17, d=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + 1.0, rng.normal(size=(m, d))


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_an_extension_is_lipschitz_and_optimal_for_the_points_fitted_to(extension):
    x, y = clouds()
    transport = otgan.emd(x, y)
    potential = extension(x, y, transport)
    points = np.random.default_rng(1).normal(size=(60, 2)) * 3
    values, distances = potential(points), cdist(points, points)
    assert (np.abs(values[:, None] - values) <= distances + 1e-12).all()
    assert_allclose(potential(x).mean() - potential(y).mean(), transport.distance, rtol=1e-9)


def test_the_mean_extension_lies_between_the_two_cones():
    x, y = clouds(2)
    transport = otgan.emd(x, y)
    points = np.random.default_rng(3).normal(size=(30, 2))
    least = (transport.f - cdist(points, x)).max(axis=1)
    greatest = (cdist(points, y) - transport.g).min(axis=1)
    assert (least <= greatest + 1e-12).all()
    assert_allclose(mean_extension(x, y, transport)(points), (least + greatest) / 2, rtol=1e-12)
    one_sided = least if anchors_at_x(x, y, transport) else greatest
    assert_allclose(one_sided_extension(x, y, transport)(points), one_sided, rtol=1e-12)


def test_anchors_lose_what_leaving_each_point_out_costs():
    x, y = clouds(4)
    transport = otgan.emd(x, y)

    def without(points, heights, k):
        others = np.arange(len(points)) != k
        return (np.linalg.norm(points[others] - points[k], axis=1) + heights[others]).min()

    of_x = [transport.f[k] + without(x, -transport.f, k) for k in range(len(x))]
    of_y = [without(y, -transport.g, k) + transport.g[k] for k in range(len(y))]
    assert anchors_at_x(x, y, transport) == (np.mean(of_x) <= np.mean(of_y))


def test_one_point_against_many_takes_the_cones_of_the_many():
    y = np.random.default_rng(5).normal(size=(9, 2))
    assert not anchors_at_x(y[:1] + 3, y, otgan.emd(y[:1] + 3, y))
    assert anchors_at_x(y, y[:1] + 3, otgan.emd(y, y[:1] + 3))


@pytest.mark.parametrize("folds", [2, 5])
def test_folds_hold_every_point_out_once(folds):
    x, y = clouds()
    splits = list(fold_splits(x, y, folds, np.random.default_rng(0)))
    assert len(splits) == folds
    for whole, kept, held in ((x, "x", "x_new"), (y, "y", "y_new")):
        every = np.concatenate([getattr(split, held) for split in splits])
        assert_array_equal(every[np.lexsort(every.T)], whole[np.lexsort(whole.T)])
        for split in splits:
            assert len(getattr(split, kept)) + len(getattr(split, held)) == len(whole)
            assert cdist(getattr(split, kept), getattr(split, held)).min() > 0


def test_halves_change_places():
    x, y = clouds()
    one, two = half_splits(x, y, rng=np.random.default_rng(0))
    assert_array_equal(one.x, two.x_new)
    assert_array_equal(one.y_new, two.y)
    assert {len(one.x), len(one.x_new)} == {12} and {len(one.y), len(one.y_new)} == {8, 9}


def test_values_do_not_depend_on_who_solved_the_transport():
    x, y = clouds(6, 40, 30)
    split = Split(x[:20], y[:15], x[20:], y[15:])
    alone = held_out_values(split, mean_extension)
    given = held_out_values(split, mean_extension, otgan.emd(x[:20], y[:15]))
    assert_array_equal(alone[0], given[0])
    assert alone[0].shape == (20,) and alone[1].shape == (15,)


def test_the_gap_of_the_samples_is_their_distance():
    x, y = clouds(7)
    transport = otgan.emd(x, y)
    gap = sample_gap(transport)
    assert_allclose(gap.value, transport.distance, rtol=1e-9)
    error = np.sqrt(transport.f.var(ddof=1) / len(x) + transport.g.var(ddof=1) / len(y))
    assert_allclose(gap.se, error, rtol=1e-12)
