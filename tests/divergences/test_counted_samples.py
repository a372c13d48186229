"""Samples whose values are counted, and samples that must not be."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import InvalidInputError
from tests.divergences.intervals import held


@pytest.mark.parametrize("precision", [np.float16, np.float32])
def test_numbers_in_two_precisions_are_not_counted_as_others(precision):
    rng = np.random.default_rng(10)
    x, y = (rng.choice([0.1, 0.2, 0.3, 0.7], 400) for _ in range(2))
    for ties in ("discrete", "jitter", "drop"):
        with pytest.raises(InvalidInputError, match="equal to the last digit"):
            otgan.js_from_samples(x.astype(precision), y, ties=ties)
    compared = otgan.compare(x.astype(precision), y)
    assert "equal to the last digit" in compared.left_out["js"]
    assert held(otgan.js_from_samples(x, y, ties="discrete"), 0)


def test_tenths_by_multiplication_and_by_rounding_are_not_counted_as_others():
    rng = np.random.default_rng(11)
    x, y = rng.integers(0, 11, (2, 500))
    with pytest.raises(InvalidInputError, match=r"np.round\(x, 6\)"):
        otgan.js_from_samples(0.1 * x, np.round(0.1 * y, 1), method="discrete")
    assert held(
        otgan.js_from_samples(np.round(0.1 * x, 6), np.round(0.1 * y, 6), ties="discrete"), 0
    )


def test_a_shift_of_half_a_bin_is_not_counted():
    rng = np.random.default_rng(12)
    x, y = np.round(rng.normal(size=(2, 400)), 1)
    with pytest.raises(InvalidInputError, match="must take the same values"):
        otgan.js_from_samples(x, y + 0.05, ties="discrete")
    assert "must take the same values" in otgan.compare(x, y + 0.05, seconds=0.01).left_out["js"]
    jittered = otgan.js_from_samples(x, y + 0.05, ties="jitter")
    assert held(jittered, 0.0003125)  # of N(0, 1) and N(0.05, 1): δ²/8


def test_categories_are_counted_and_never_measured():
    x, y = ["a"] * 30 + ["b"] * 30 + ["c"] * 40, np.array(["a"] * 50 + ["b"] * 25 + ["c"] * 25)
    expected = otgan.js_divergence([0.3, 0.3, 0.4], [0.5, 0.25, 0.25])
    found = otgan.js_from_samples(x, y, ties="discrete")
    assert_allclose(found.diagnostics["plug_in"], expected, rtol=1e-12)
    assert_allclose(
        otgan.kl_from_samples(x, y, method="discrete").diagnostics["plug_in"],
        0.3 * np.log(0.3 / 0.5) + 0.3 * np.log(0.3 / 0.25) + 0.4 * np.log(0.4 / 0.25),
    )
    assert_allclose(otgan.js_from_samples(x, ["d"] * 50, ties="discrete").value, np.log(2))
    for wrong in (otgan.kl_from_samples, otgan.compare):
        with pytest.raises(InvalidInputError, match='ties="discrete"'):
            wrong(x, y)
