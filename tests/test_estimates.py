"""Estimates, normal and Student's intervals, and what both have in common with other results."""

import json
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.errors import InvalidInputError
from otgan.estimates import (
    OUTSIDE,
    Estimate,
    interval_of_power,
    normal_interval,
    root_and_error,
    rooted,
    shown,
    standard_error_of_gap,
    warn_near_zero,
)
from otgan.inputs.options import seed_from


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_intervals_are_scipys(level):
    assert_allclose(normal_interval(2.0, 0.5, level), stats.norm.interval(level, 2.0, 0.5))
    student = stats.t.interval(level, 7, 2.0, 0.5)
    assert_allclose(normal_interval(2.0, 0.5, level, df=7), student)


def test_the_standard_error_is_that_of_welchs_test():
    x, y = np.random.default_rng(0).normal(size=(2, 12))
    welch = stats.ttest_ind(x, y[:9], equal_var=False)
    gap = x.mean() - y[:9].mean()
    assert_allclose(standard_error_of_gap(x, y[:9]), gap / welch.statistic, rtol=1e-12)
    assert_allclose(standard_error_of_gap(-x, y[:9] + 5), gap / welch.statistic, rtol=1e-12)


def test_a_value_outside_its_interval_is_warned_of_once():
    inside = Estimate(0.5, 0.1, (0.3, 0.7), "knn", 10, 10)
    assert inside.warnings == ()
    outside = Estimate(0.5, 0.1, (0.1, 0.4), "knn", 10, 10, warnings=("few points",))
    assert outside.warnings == ("few points", OUTSIDE)
    again = Estimate(0.5, 0.1, (0.1, 0.4), "knn", 10, 10, warnings=outside.warnings)
    assert again.warnings == outside.warnings


@pytest.mark.parametrize("df", [math.inf, 7])
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
def test_the_interval_of_a_power_reaches_as_far_as_that_of_its_root(p, df):
    root, se = 2.0, 0.1
    power, error = root**p, p * root ** (p - 1) * se
    low, high = interval_of_power(power, error, p, 0.9, df=df)
    assert_allclose(low, normal_interval(power, error, 0.9, df=df)[0])
    assert_allclose(high, normal_interval(root, se, 0.9, df=df)[1] ** p)
    assert_allclose(root_and_error(power, error, p), (root, se))


def test_the_interval_of_a_power_at_zero_is_that_of_the_root_of_its_error():
    margin = normal_interval(0.0, 1.0)[1]
    for power in (-5.0, 0.0, 1e-300):
        assert_allclose(interval_of_power(power, 0.01, 2)[1], (margin * 0.1) ** 2)
    assert interval_of_power(0.0, 0.0, 2) == (0.0, 0.0)


def test_roots_begin_at_zero():
    assert rooted((-4.0, 8.0), 3) == (0.0, 2.0)
    assert rooted((1.0, 16.0), 2) == (1.0, 4.0)


def test_near_zero_is_three_standard_errors():
    assert warn_near_zero(0.31, 0.1) == ()
    (sentence,) = warn_near_zero(-0.5, 0.1)
    assert "two_sample_test" in sentence


def test_seeds_are_drawn_from_generators_and_kept_otherwise():
    assert seed_from(0) == 0 and seed_from(np.int64(7)) == 7
    drawn = seed_from(np.random.default_rng(1))
    assert drawn == seed_from(np.random.default_rng(1)) and 0 <= drawn < 2**32
    with pytest.raises(InvalidInputError, match="rng must be"):
        seed_from("seed")


def test_rounding_is_shown_as_zero():
    assert shown(1e-13, 1.0) == "0" and shown(1e-11, 1.0) == "1e-11"
    assert shown(123456.7, 1.0, digits=4) == "1.235e+05"


def results():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40, 2))
    return {
        "estimate": otgan.energy_distance_squared(x, y),
        "interval": otgan.wasserstein_interval(x, y),
        "test": otgan.two_sample_test(x, y, n_resamples=20),
        "bracket": otgan.held_out_bracket(x, y),
        "comparison": otgan.compare(x, y),
        "row": otgan.compare(x, y)["energy"],
    }


MAIN_NUMBERS = {
    "estimate": "value",
    "interval": "center",
    "test": "pvalue",
    "bracket": "midpoint",
    "row": "value",
}


def test_every_result_has_a_number_a_dictionary_and_a_line():
    found = results()
    for name, main in MAIN_NUMBERS.items():
        result, plain = found[name], found[name].to_dict()
        assert float(result) == getattr(result, main) == plain[main]
        assert math.isfinite(float(result)) and "\n" not in repr(result)
        assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert float(found["comparison"]) == found["comparison"]["w1"].value
    assert found["estimate"].to_dict()["diagnostics"]["biased"] > 0
    assert "null_distribution" not in found["test"].to_dict()
    assert "transport" not in found["bracket"].to_dict()
    assert found["comparison"].to_dict()["rows"][0]["key"] == "w1"
