"""A bracket of W1 of distributions from samples."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.errors import InvalidInputError
from otgan.inference.held_out import HeldOutBracket, held_out_bracket
from otgan.inference.mean_gap import greatest_linear_error
from tests.cases import mistyped, torch


def clouds(n=60, m=45, d=3, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + shift, 1.5 * rng.normal(size=(m, d))


def test_bracket_brackets_known_distances():
    """One-sided at 95 % in 24 repetitions of n = 150; the figures to expect are in the table."""
    expected = {(1, 1.0): 0.97, (2, 1.0): 0.91, (2, 0.0): 0.0, (5, 1.0): 0.5, (5, 3.0): 2.49}
    for (d, w1), low in expected.items():
        rng = np.random.default_rng(0)
        shift = np.eye(1, d)[0] * w1
        found = [
            held_out_bracket(rng.normal(size=(150, d)) + shift, rng.normal(size=(150, d)))
            for _ in range(24)
        ]
        assert abs(np.mean([s.lower_estimate for s in found]) - low) < 0.1
        assert np.mean([s.upper_estimate for s in found]) > w1 - 0.05
        assert np.mean([s.lower_estimate - 1.645 * s.lower_se <= w1 for s in found]) >= 0.83
        assert np.mean([s.upper_estimate + 1.645 * s.upper_se >= w1 for s in found]) >= 0.83
        if w1:
            assert abs(np.mean([s.midpoint for s in found]) - w1) < 0.15 * w1


def test_bracket_on_fresh_points_and_its_derived_quantities():
    from otgan.critics.potentials.mcshane import exact_critic

    (x, y), (x_new, y_new) = clouds(200, 150, 2), clouds(80, 90, 2, seed=1)
    s = held_out_bracket(x, y, x_new=x_new, y_new=y_new)
    assert isinstance(s, HeldOutBracket) and (s.n, s.m) == (280, 240)
    f = exact_critic(x, y).potential
    f_x, f_y = (f(torch.from_numpy(z)).numpy() for z in (x_new, y_new))
    assert_allclose(s.lower_estimate, f_x.mean() - f_y.mean(), rtol=1e-12)
    assert_allclose(s.lower_se, math.sqrt(f_x.var(ddof=1) / 80 + f_y.var(ddof=1) / 90), rtol=1e-12)
    assert s.upper_estimate == s.transport.distance == otgan.emd(x, y).distance
    assert_allclose(s.midpoint, (s.lower_estimate + s.upper_estimate) / 2)
    assert_allclose(s.relative_width, max(0.0, 1 - s.lower_estimate / s.upper_estimate))
    assert_allclose(s.greatest_linear_se, greatest_linear_error(x, y))
    assert s.greatest_linear_se > s.upper_se > 0
    low, high = s.interval(0.9)
    margin = stats.t.ppf(0.95, 239)
    assert_allclose(low, s.lower_estimate - margin * s.lower_se)
    assert_allclose(high, s.upper_estimate + margin * s.greatest_linear_se)
    assert_allclose(
        replace(s, greatest_linear_se=0).interval(0.9)[1], s.upper_estimate + margin * s.upper_se
    )


def test_bracket_of_equal_points_is_empty_and_more_folds_are_tighter():
    x, y = clouds(300, 300, 5)
    same = held_out_bracket(np.ones((4, 2)), np.ones((5, 2)))
    assert same.lower_estimate == same.upper_estimate == same.relative_width == 0.0
    assert held_out_bracket(x, y, folds=5).relative_width < held_out_bracket(x, y).relative_width


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: held_out_bracket([[0.0]], [[1.0]]), "folds must lie between 2"),
        (lambda: held_out_bracket([0, 1, 2], [1, 2, 3], folds=1), "folds must be a whole"),
        (
            lambda: held_out_bracket([0, 1, 2], [1, 2, 3], folds=True),
            "folds must be a whole number",
        ),
        (
            lambda: held_out_bracket([[0.0]], [[1.0]], x_new=[[2.0]]),
            "x_new and y_new must be given together",
        ),
        (
            lambda: held_out_bracket([0.0], [1.0], x_new=[[1.0, 2.0]], y_new=[0.0]),
            "same number of columns",
        ),
        *(
            (
                lambda folds=folds: held_out_bracket([0.0, 1], [1.0, 2], folds=mistyped(folds)),
                "folds must be a whole number of at least 2",
            )
            for folds in ("many", 2.5, True, 1, None, math.nan)
        ),
        (
            lambda: held_out_bracket([0.0, 1], [1.0, 2]).interval(1.0),
            "confidence_level must be a number",
        ),
    ],
)
def test_errors_say_what_to_do(call, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        call()
    assert "got" in str(error.value) and "to fix it" in str(error.value)


@pytest.mark.parametrize(("n", "shift"), [(6, 1.0), (10, 0.6), (10, 1.0), (30, 0.6)])
def test_the_interval_holds_near_equal_distributions(n, shift):
    pairs = (np.random.default_rng(seed).normal(size=(2, n)) for seed in range(300))
    ends = [held_out_bracket(x, y + shift).interval() for x, y in pairs]
    covered = np.mean([low <= shift <= high for low, high in ends])
    assert covered >= 0.95 - 2 * math.sqrt(0.05 * 0.95 / 300)


def test_a_sample_against_itself_has_an_error_too():
    x = np.random.default_rng(0).normal(size=(200, 2))
    s = held_out_bracket(x, x)
    assert s.upper_estimate == 0 and s.upper_se == s.lower_se > 0
