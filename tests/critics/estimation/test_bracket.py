"""The bracket that stands beside every critic: on which points, and what it says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.critics.estimation.bracket import (
    initial_bracket,
    linear_program_sample,
    population_high,
    population_low,
    sample_sizes,
)
from otgan.datasets import shifted
from otgan.inference.held_out import held_out_bracket
from tests.critics.estimation.problems import bracket, clouds, distributions


def test_arrays_are_compared_whole_and_by_the_same_bracket():
    x, y = clouds()
    found = initial_bracket(distributions(x, y), 7)
    assert_allclose(found.upper_estimate, otgan.emd(x, y).distance, rtol=1e-12)
    assert sample_sizes(found) == (400, 360) and (found.n, found.m) == (400, 360)
    expected = held_out_bracket(*linear_program_sample(distributions(x, y)), rng=7)
    assert (found.lower_estimate, found.lower_se) == (expected.lower_estimate, expected.lower_se)
    assert found.lower_estimate - 3 * found.lower_se <= 5.0
    assert found.upper_estimate + 3 * found.upper_se >= 5.0


def test_samplers_give_a_thousand_points_each_and_others_to_look_at():
    pair = shifted([3.0, 4.0])
    found = initial_bracket(distributions(pair.x, pair.y), 0)
    assert sample_sizes(found) == (1000, 1000) and (found.n, found.m) == (4096, 4096)
    assert found.lower_estimate - 3 * found.lower_se <= 5.0


@pytest.mark.parametrize(
    ("n", "m", "sizes"), [(3000, 2000, (3000, 2000)), (9000, 1500, (2048, 1500))]
)
def test_of_large_arrays_some_points_are_enough(n, m, sizes):
    rng = np.random.default_rng(0)
    x, y = linear_program_sample(distributions(rng.normal(size=(n, 1)), rng.normal(size=(m, 1))))
    assert (len(x), len(y)) == sizes


def test_each_end_is_one_sided():
    found, margin = bracket(1.0, 2.0, se=0.5), 0.5 * stats.t.ppf(0.95, 9)
    assert_allclose((population_low(found), population_high(found)), (1 - margin, 2 + margin))
