"""What a critic sees: arrays that are split and shuffled, samplers that give new points."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from otgan import datasets
from otgan.critics.training.data import as_distributions
from otgan.critics.training.options import FitOptions
from otgan.errors import InvalidInputError

CPU = torch.device("cpu")

Pair = tuple[np.ndarray, np.ndarray]


def rows(points):
    return {tuple(point) for point in np.asarray(points).tolist()}


@pytest.fixture
def arrays() -> Pair:
    rng = np.random.default_rng(0)
    return rng.normal(size=(100, 2)), rng.normal(size=(60, 2)) + 1.0


def test_arrays_are_split_into_points_to_train_on_and_others(arrays: Pair):
    pair = as_distributions(*arrays, options=FitOptions(held_out=0.25), device=CPU)
    for source, points in zip((pair.x, pair.y), arrays, strict=True):
        held_out = source.held_out_points(10**6, pair.generator(0))
        assert len(held_out) == round(0.25 * len(points))
        drawn = source.train(5000, pair.generator(1))
        assert rows(drawn) == rows(points) - rows(held_out)
        assert rows(source.pilot) == rows(points)
        assert not source.is_sampler and source.on_device
    assert pair.is_empirical and pair.d == 2


def test_the_seed_decides_the_split(arrays: Pair):
    one, same, other = (
        as_distributions(*arrays, options=FitOptions(rng=seed), device=CPU).x.pilot
        for seed in (0, 0, 1)
    )
    assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_batches_are_standardized_in_the_dtype_of_the_critic(arrays: Pair):
    pair = as_distributions(*arrays, options=FitOptions(), device=CPU)
    x, y = pair.batches(20_000, pair.generator(0))
    assert x.dtype == y.dtype == torch.float32 and x.shape == y.shape == (20_000, 2)
    whole = torch.cat([x, y])
    assert_allclose(whole.square().mean(), 1.0, atol=0.1)
    kept = pair.x.train(7, pair.generator(3))
    expected = (kept.numpy() - pair.scale.center) / pair.scale.spread
    assert_allclose(pair.standardize(kept), expected, rtol=1e-6)


def test_a_large_offset_eats_no_digits(arrays: Pair):
    near = as_distributions(*arrays, options=FitOptions(), device=CPU)
    x, y = (points + 1e8 for points in arrays)
    far = as_distributions(x, y, options=FitOptions(), device=CPU)
    for one, other in zip(near.batches(50, near.generator(0)), far.batches(50, far.generator(0)),
                          strict=True):  # fmt: skip
        assert_allclose(one, other, atol=1e-6)


def test_samplers_give_new_points_each_time():
    pair = as_distributions(datasets.ring8(), datasets.grid25(), FitOptions(), CPU)
    rng = pair.generator(0)
    first, second = pair.x.held_out(100, rng), pair.x.held_out(100, rng)
    assert pair.x.is_sampler and not pair.is_empirical and pair.on_device
    assert not rows(first) & rows(second)
    assert len(pair.x.pilot) == 4096


def test_samplers_of_ones_own_do_not_draw_the_same_points():
    def draw(n, rng):
        return rng.normal(size=(n, 2))

    pair = as_distributions(draw, draw, FitOptions(), CPU)
    assert not rows(pair.x.pilot) & rows(pair.y.pilot)
    assert not pair.on_device  # such a function cannot be recorded in a CUDA graph


@pytest.mark.parametrize(
    ("x", "y", "options", "words"),
    [
        (np.zeros((9, 2)), np.zeros((9, 3)), {}, "same number of columns, got 2 and 3"),
        (np.zeros((2, 2)), np.zeros((9, 2)), {}, "held_out must leave points on both sides"),
        (np.zeros((9, 2)), np.zeros((9, 2)), {"held_out": 0.99}, "got 99% of the 9 points of x"),
    ],
)
def test_errors_say_what_to_do(x, y, options, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        as_distributions(x, y, FitOptions(**options), CPU)
    assert "to fix it" in str(error.value)
