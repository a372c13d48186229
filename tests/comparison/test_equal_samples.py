"""A sample compared with itself."""

import numpy as np

import otgan


def test_comparing_a_sample_with_itself_shows_no_interval_below_zero():
    x = np.random.default_rng(3).normal(size=(60, 2))
    for row in otgan.compare(x, x).rows:
        if row.interval is not None:
            assert row.interval[0] <= 0 < row.interval[1], row
