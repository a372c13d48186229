"""Standard errors from subsamples: those of means are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.divergences.subsampling import SMALLEST_SAMPLE, check_subsamples, subsample_spread
from otgan.errors import InvalidInputError


def gap(x, y):
    return np.array([x.mean() - y.mean()])


@pytest.mark.parametrize(("n", "m"), [(40, 60), (400, 400), (3000, 500)])
def test_the_spread_of_a_mean_is_its_standard_error(n, m):
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(n, 1)), 2 * rng.normal(size=(m, 1))
        spread = subsample_spread(gap, x, y, rng)
        assert_allclose(spread.mean(axis=0), 0, atol=1e-12)
        errors.append(spread.std(ddof=1))
    assert_allclose(np.mean(errors), np.sqrt(1 / n + 4 / m), rtol=0.06)


def test_subsamples_are_drawn_without_replacement_and_in_proportion():
    sizes = set()

    def estimator(x, y):
        assert len(np.unique(x)) == len(x)
        sizes.add((len(x), len(y)))
        return gap(x, y)

    x, y = np.arange(600.0)[:, None], np.arange(1200.0)[:, None]
    spread = subsample_spread(estimator, x, y, np.random.default_rng(0))
    assert sizes == {(250, 500)}
    assert spread.shape == (100, 1)


def test_wide_samples_take_more_points():
    sizes = []

    def recorded(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        sizes.append(len(u))
        return gap(u, v)

    x = np.random.default_rng(0).normal(size=(1000, 100))
    subsample_spread(recorded, x, x, np.random.default_rng(0))
    assert set(sizes) == {400}


def test_few_points_have_no_subsamples():
    check_subsamples(SMALLEST_SAMPLE, SMALLEST_SAMPLE)
    with pytest.raises(InvalidInputError, match="at least 16 points in each sample, got 15 and 40"):
        check_subsamples(15, 40)
