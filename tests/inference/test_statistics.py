"""Statistics by name, by object and by function, and what they are not."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InvalidInputError
from otgan.inference.statistics import STATISTICS, FunctionOfSamples, as_statistic
from otgan.label_statistic import check_pool_size


@pytest.mark.parametrize("name", sorted(STATISTICS))
def test_every_name_makes_an_object_of_that_name(name):
    statistic = as_statistic(name)
    assert statistic.name == name
    assert as_statistic(statistic) is statistic


def test_the_energy_statistic_needs_no_compiled_loops():
    code = """
import sys, otgan
otgan.two_sample_test([[0, 0], [1, 0]], [[2, 1], [3, 1]], n_resamples=5)
otgan.two_sample_test([[0, 0], [1, 0]], [[2, 1], [3, 1]], statistic="mmd", n_resamples=5)
print("numba" in sys.modules, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_function_sees_the_points_of_either_label():
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([[10.0], [20.0]])
    statistic = FunctionOfSamples(lambda u, v: u.sum() - 100 * v.sum())
    assert statistic.name == "<lambda>"
    prepared = statistic.prepare(x, y, np.random.default_rng(0))
    labels = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1]], bool)
    assert_allclose(prepared.values(labels), [3 - 3000, 31 - 200])
    assert (prepared.n, prepared.m, prepared.batch) == (3, 2, 1)


@pytest.mark.parametrize("value", [None, "high", np.nan, np.inf, np.zeros(2)])
def test_a_function_must_return_a_finite_number(value):
    with pytest.raises(InvalidInputError, match="must return a finite number"):
        otgan.two_sample_test([0, 1], [2, 3], statistic=lambda x, y: value, n_resamples=2)


@pytest.mark.parametrize("statistic", [3, None, otgan.MMD, otgan.NearestNeighbors])
def test_what_is_no_statistic_is_refused(statistic):
    with pytest.raises(InvalidInputError, match="statistic must be") as error:
        as_statistic(statistic)
    assert "to fix it" in str(error.value)


def test_the_limit_of_a_pool_names_what_stores_no_matrix():
    check_pool_size(10_000, 10_000, "mmd")
    with pytest.raises(InvalidInputError, match=r"20,000 points.*'mmd'.*got 20,001.*\"sliced\""):
        check_pool_size(10_001, 10_000, "mmd")
