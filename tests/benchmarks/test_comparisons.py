"""Welch's test and Holm's correction, by which pages of benchmarks are judged."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from numpy.testing import assert_allclose
from scipy.stats import t, ttest_ind

# By its path: some packages install a folder of their own under the name "benchmarks".
_SPEC = spec_from_file_location(
    "comparisons", Path(__file__).parents[2] / "benchmarks" / "comparisons.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
comparisons = module_from_spec(_SPEC)
_SPEC.loader.exec_module(comparisons)
holm, stratified_welch = comparisons.holm, comparisons.stratified_welch
told_apart, welch = comparisons.told_apart, comparisons.welch


def test_welch_is_that_of_scipy():
    values, others = [1.0, 2.0, 4.0, 3.0], [2.0, 5.0, 6.0]
    found = welch(values, others)
    assert_allclose(found.p, ttest_ind(values, others, equal_var=False).pvalue)
    assert_allclose(found.difference, -11 / 6)
    assert_allclose(found.se**2, (5 / 3) / 4 + (13 / 3) / 3)


@pytest.mark.parametrize(("other", "p"), [(8.0, 1.0), (3.0, 0.0)])
def test_seeds_that_do_not_vary(other, p):
    assert welch([8.0, 8.0], [other, other]).p == p


def test_strata_by_hand():
    first, second = ([1.0, 3.0], [2.0, 6.0]), ([10.0, 12.0], [10.0, 14.0])
    alone, both = welch(*first), stratified_welch([first, second])
    assert_allclose([alone.difference, both.difference], [-2.0, -1.5])
    assert_allclose([alone.se**2, both.se**2], [1.0 + 4.0, (1.0 + 4.0 + 1.0 + 4.0) / 4])
    assert_allclose(both.p, 2 * t.sf(1.5 / 2.5**0.5, 2.5**2 / (2 * (0.25**2 + 1.0**2))))


def test_holm_by_hand():
    # In order .01, .02, .03, .2: 4 x .01, 3 x .02, 2 x .03, 1 x .2, none below the one before.
    assert_allclose(holm([0.02, 0.01, 0.2, 0.03]), [0.06, 0.04, 0.2, 0.06])
    assert_allclose(holm([0.9, 0.9]), [1.0, 1.0])


def test_more_comparisons_need_more():
    far = welch([1.0, 1.1, 0.9], [1.4, 1.5, 1.6])
    near = welch([1.0, 1.1, 0.9], [1.0, 1.1, 1.2])
    assert 0.001 < far.p < 0.025
    assert told_apart({"far": far, "near": near}) == {"far": True, "near": False}
    many = {f"near {i}": near for i in range(20)}
    assert not any(told_apart({"far": far, **many}).values())
