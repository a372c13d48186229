"""Lower confidence bounds for means by betting."""

import math

import numpy as np
import pytest

from otgan.divergences.betting import lower_bound_by_betting


@pytest.mark.parametrize(
    ("rare", "low", "high"), [(0.5, 0.0, 1.0), (0.02, 0.9, 0.0), (0.02, 0.1, 1.0), (0.3, 0.5, 0.6)]
)
def test_betting_holds_its_level(rare, low, high):
    """Terms `high` with probability `rare`, else `low`: skewed, where t bounds fail."""
    mean, misses = rare * high + (1 - rare) * low, 0
    rng = np.random.default_rng(7)
    for _ in range(500):
        terms = np.where(rng.random(60) < rare, high, low)
        misses += lower_bound_by_betting(terms, 0.9) > mean
    assert misses / 500 < 0.1 + 3 * math.sqrt(0.09 / 500)


def test_betting_approaches_the_mean():
    rng = np.random.default_rng(8)
    gaps = [0.5 - lower_bound_by_betting(rng.beta(5, 5, n), 0.95) for n in (100, 10_000)]
    assert 0 < gaps[1] < 0.01 < gaps[0] < 0.1
    assert lower_bound_by_betting(np.zeros(50), 0.95) == 0
    assert 0.9 < lower_bound_by_betting(np.ones(50), 0.95) < 1
