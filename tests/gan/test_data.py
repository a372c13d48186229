"""Training data: how they are split, scaled, and told from others."""

import hashlib
import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from otgan.datasets import ring8
from otgan.errors import InvalidInputError
from otgan.gan.data import PILOT_POINTS, as_training_data
from tests.cases import points_of

POINTS = np.random.default_rng(0).normal(size=(60, 3)) * [1.0, 2.0, 3.0] + 5.0


@pytest.mark.parametrize(
    "data",
    [
        POINTS,
        POINTS.astype(np.float32),
        torch.tensor(POINTS, dtype=torch.float32),
        POINTS[:, 0],
        POINTS[:, :2] * 1e6 + 1e9,
    ],
    ids=["array", "float32", "tensor", "line", "far and wide"],
)
def test_a_finite_data_set_is_split_into_disjoint_parts(data):
    split = as_training_data(data)
    parts = [points_of(split.train), *(points_of(half) for half in split.halves)]
    assert [len(part) for part in parts] == [36, 12, 12]
    given = np.asarray(data, dtype=float).reshape(60, -1)
    assert_array_equal(np.sort(np.concatenate(parts), axis=0), np.sort(given, axis=0))
    assert (split.record.n, split.record.d, split.d) == (60, *given.shape[1:] * 2)


def test_center_and_scale_are_those_of_the_training_points():
    split = as_training_data(POINTS)
    assert_allclose(split.center, points_of(split.train).mean(axis=0), rtol=1e-15)
    assert_allclose(split.scale, points_of(split.train).std(axis=0).mean(), rtol=1e-15)
    assert as_training_data(np.full((20, 2), 7.0)).scale == 1.0  # equal points have none


def test_the_seed_decides_the_split():
    first, again, other = (points_of(as_training_data(POINTS, seed).train) for seed in (3, 3, 4))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_held_out_samples_come_from_their_halves_without_repetition():
    split, rng = as_training_data(POINTS), np.random.default_rng(0)
    first, second = split.held_out(100, rng), split.second_held_out(100, rng)
    for drawn, half in zip((first, second), split.halves, strict=True):
        assert_array_equal(np.sort(drawn, axis=0), np.sort(points_of(half), axis=0))
    assert len(split.held_out(5, rng)) == 5


def test_pairs_of_held_out_samples_are_new_disjoint_splits():
    split, rng = as_training_data(POINTS), np.random.default_rng(0)
    both = np.concatenate([points_of(half) for half in split.halves])
    pairs = [split.held_out_pair(100, rng) for _ in range(2)]
    for pair in pairs:
        assert [len(sample) for sample in pair] == [12, 12]
        assert_array_equal(np.sort(np.concatenate(pair), axis=0), np.sort(both, axis=0))
    assert not np.array_equal(pairs[0][0], pairs[1][0])


def test_a_sampler_gives_new_points_and_knows_its_modes():
    data = as_training_data("ring8")
    assert data.halves == (data.train, data.train)
    assert (data.record.n, data.record.d, data.record.name) == (0, 2, "ring8")
    assert data.mixture is not None
    assert_array_equal(data.mixture.modes, ring8().modes)
    pilot = ring8().sample(PILOT_POINTS, np.random.default_rng(0))
    assert_allclose(data.center, pilot.mean(axis=0), rtol=1e-14)
    assert as_training_data(POINTS).mixture is None


def test_the_fingerprint_is_that_of_the_points_in_their_order():
    split = as_training_data(POINTS)
    ordered = np.concatenate([*(points_of(half) for half in split.halves), points_of(split.train)])
    expected = hashlib.sha256(b"(60, 3) " + ordered.astype("<f8").tobytes()).hexdigest()
    assert split.record.fingerprint == expected
    assert as_training_data(-np.zeros((20, 1))).record == as_training_data(np.zeros((20, 1))).record


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (POINTS, None),
        (POINTS + 1e-12, "other values in the same shape"),
        (POINTS[::-1], "other values in the same shape"),
        (POINTS[1:], "59 points instead of 60 points"),
        (POINTS[:, 1:], "points in 2 dimensions instead of 3"),
    ],
)
def test_other_data_are_told_by_their_values(other, message):
    known, given = as_training_data(POINTS).record, as_training_data(other).record
    assert known.checkable
    found = known.difference(given)
    if message is None:
        assert found is None
    else:
        assert found is not None and found.startswith(message)


def test_a_sampler_that_ignores_its_generator_is_known_by_its_quantiles():
    def normal(shift):
        own = np.random.default_rng(1)
        return lambda k: own.normal(shift, size=(k, 2))

    known, same, other = (as_training_data(normal(shift)).record for shift in (0.0, 0.0, 3.0))
    assert not known.checkable and known.fingerprint == ""
    assert known.difference(same) is None
    difference = known.difference(other)
    assert difference is not None and "other values" in difference


def test_training_data_stay_as_they_are():
    data = as_training_data(POINTS)
    assert as_training_data(data, 7) is data


def test_too_few_points_are_refused():
    with pytest.raises(InvalidInputError, match=r"at least ten points, .* got 9; to fix it"):
        as_training_data(POINTS[:9])
    assert math.isfinite(as_training_data(POINTS[:10]).scale)
