"""What estimates by a learned log ratio share."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from otgan.divergences.held_out import (
    check_folds,
    effective_size,
    js_by_log_ratio,
    warn_beyond_log_m,
)
from otgan.errors import InvalidInputError


def test_the_true_log_ratio_gives_js():
    # N(0, 1) and N(2, 1): log p/q = 2 - 2 z, JS 0.33683082
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=40_000), rng.normal(2, 1, 30_000)
    value, se = js_by_log_ratio(2 - 2 * x, 2 - 2 * y)
    assert_allclose(value, 0.33683082, atol=4 * se)
    draws = [js_by_log_ratio(2 - 2 * a, 2 - 2 * (a[::-1] + 2))[0] for a in x.reshape(400, 100)]
    assert_allclose(js_by_log_ratio(2 - 2 * x[:100], 2 - 2 * y[:100])[1], np.std(draws), rtol=0.5)


def test_any_other_function_gives_less_and_extremes_stay_finite():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=20_000), rng.normal(2, 1, 20_000)
    best = js_by_log_ratio(2 - 2 * x, 2 - 2 * y)[0]
    for other in (lambda z: 1 - z, lambda z: 4 - 4 * z, lambda z: 3 - 2 * z):
        assert js_by_log_ratio(other(x), other(y))[0] < best
    apart = js_by_log_ratio(np.full(5, 1e6), np.full(4, -1e6))
    assert_allclose(apart, (math.log(2), 0.0), atol=1e-15)


def test_the_effective_size_is_kishs():
    assert_allclose(effective_size(np.full(7, 3.0)), 7)
    assert_allclose(effective_size(np.array([3.0, 1.0])), 16 / 10)


def test_only_what_exceeds_log_m_is_warned_of():
    assert warn_beyond_log_m(math.log(50), 50) == []
    (sentence,) = warn_beyond_log_m(4.0, 50)
    assert "log m = 3.91" in sentence and "50 points of y" in sentence


def test_folds_need_ten_points_each_and_more_than_one_place():
    x, y = np.zeros((50, 1)), np.ones((50, 1))
    check_folds(x, y, 5)
    with pytest.raises(InvalidInputError, match="at least 60 points each, ten a fold"):
        check_folds(x, y, 6)
    with pytest.raises(InvalidInputError, match="must not all be the same point"):
        check_folds(x, x, 5)
