"""Means over seeds, against SciPy."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from otgan.lessons.measured import half_widths, over_seeds


@pytest.mark.parametrize("count", [2, 5, 10])
def test_the_interval_is_that_of_students_t(count):
    values = np.random.default_rng(count).gamma(2.0, size=count)
    found = over_seeds(values)
    mean, se = values.mean(), stats.sem(values)
    assert_allclose([found.mean, found.se], [mean, se], rtol=1e-14)
    interval = stats.t.interval(0.95, count - 1, loc=mean, scale=se)
    assert_allclose([found.low, found.high], interval, rtol=1e-12)


def test_equal_runs_have_no_error_and_a_single_one_has_none_that_is_known():
    assert over_seeds([8.0, 8.0, 8.0])[1:] == (0.0, 8.0, 8.0)
    alone = over_seeds([3.0])
    assert alone.mean == 3.0 and math.isnan(alone.se) and alone.shown() == "3"
    assert half_widths(3)[:2] == [0.0, 0.0]
