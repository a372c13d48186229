"""The debiased distance: what it is made of, its mean at equal distributions, and its error."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from tests.cases import PLAIN_FORMS, mistyped, refused


def gaussians(seed, n=200, d=2, shift=0.0, scale=1.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), scale * rng.normal(size=(n, d)) + shift * np.eye(1, d)


def halves(x, y, seed):
    rng = np.random.default_rng(seed)
    return [half for points in (x, y) for half in np.array_split(rng.permutation(points), 2)]


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(("p", "metric"), [(1, "euclidean"), (2, "euclidean"), (1, "cityblock")])
@pytest.mark.parametrize("d", [1, 3])
def test_the_value_is_made_of_six_distances(d, p, metric):
    x, y = gaussians(0, 41, d, 1)
    found = otgan.debiased_wasserstein(x, y, p=p, metric=metric, rng=5)

    def distance(a, b):
        return otgan.emd(a, b, p=p, metric=metric).distance

    x_1, x_2, y_1, y_2 = halves(x, y, 5)
    between = np.mean([distance(a, b) for a in (x_1, x_2) for b in (y_1, y_2)])
    within = distance(x_1, x_2), distance(y_1, y_2)
    assert_allclose(found.value, between - sum(within) / 2, rtol=1e-9)
    assert_allclose(list(found.diagnostics.values()), [between, *within], rtol=1e-9)
    assert (found.n, found.m, found.method) == (41, 41, f"debiased, p = {p}")


def test_the_error_of_points_far_from_each_other_is_that_of_their_means():
    # on the line, with all of x left of all of y, W1 = mean y - mean x: no interactions between
    rng = np.random.default_rng(1)
    x = np.repeat(0.0, 40)
    y = 10 + rng.normal(size=40)
    found = otgan.debiased_wasserstein(x, y)
    _, _, y_1, y_2 = halves(x[:, None], y[:, None], 0)
    within = otgan.emd(y_1, y_2)
    # a point of y moves D by y / 2 less half of its potential in W(y, y')
    moves = [(y_1[:, 0] - within.f) / 2, (y_2[:, 0] - within.g) / 2]
    assert_allclose(found.se**2, sum(move.var(ddof=1) / 20 for move in moves), rtol=1e-9)


def test_equal_points_have_no_error():
    found = otgan.debiased_wasserstein(np.zeros((20, 2)), np.ones((20, 2)), p=2)
    assert_allclose(found.value, math.sqrt(2), rtol=1e-12)
    assert_allclose([found.se, found.diagnostics["within_x"]], 0, atol=1e-15)


# ---------------------------------------------------------------- invariances and means


def test_common_shifts_and_units():
    x, y = gaussians(2, 60, 2, 1)
    here = otgan.debiased_wasserstein(x, y, p=2)
    there = otgan.debiased_wasserstein(5 * x + 100, 5 * y + 100, p=2)
    assert_allclose([there.value, there.se], [5 * here.value, 5 * here.se], rtol=1e-8)


def test_a_large_shift_is_a_large_distance():
    x, y = gaussians(3, 100, 2, 1000)
    found = otgan.debiased_wasserstein(x, y)
    assert abs(found.value - 1000) < 3


def test_blur_is_nearer_in_w1_and_is_seen():
    # shrunken points are nearer to real points than other real points are, in many dimensions
    x, y = gaussians(4, 400, 20, scale=0.8)
    other, _ = gaussians(5, 400, 20)
    blurred, real = otgan.debiased_wasserstein(x, y), otgan.debiased_wasserstein(x, other)
    assert blurred.diagnostics["between"] < real.diagnostics["between"]
    assert blurred.value > 3 * blurred.se
    assert abs(real.value) < 3 * real.se


def test_repeated_points_are_seen():
    x, y = gaussians(6, 400, 10)
    found = otgan.debiased_wasserstein(x, y[np.arange(400) % 20])
    assert found.value > 5 * found.se


@pytest.mark.parametrize(("p", "d", "shift"), [(1, 2, 0), (1, 10, 0), (2, 2, 0), (1, 2, 1)])
def test_the_error_is_the_spread(p, d, shift):
    found = [otgan.debiased_wasserstein(*gaussians(k, 80, d, shift), p=p) for k in range(200)]
    values, errors = (np.array([getattr(e, name) for e in found]) for name in ("value", "se"))
    # the deviation of 200 values is known to 5 %
    ratio = math.sqrt((errors**2).mean()) / values.std(ddof=1)
    assert 0.85 < ratio < 1.45
    if shift == 0:
        assert abs(values.mean()) < 4 * values.std() / math.sqrt(200)
    held = np.mean([e.interval[0] <= values.mean() <= e.interval[1] for e in found])
    assert held > 0.9


# ---------------------------------------------------------------- options and input


def test_the_seed_decides_the_split():
    x, y = gaussians(7, 50)
    assert otgan.debiased_wasserstein(x, y) == otgan.debiased_wasserstein(x, y, rng=0)
    assert otgan.debiased_wasserstein(x, y) != otgan.debiased_wasserstein(x, y, rng=1)


def test_the_interval_has_the_level_asked_for():
    x, y = gaussians(8, 50)
    found = otgan.debiased_wasserstein(x, y, confidence_level=0.8)
    low, high = found.interval
    margin = stats.t.ppf(0.9, 24) * found.se
    assert_allclose([found.value - low, high - found.value], margin, rtol=1e-12)


def test_the_interval_holds_for_few_points():
    rng = np.random.default_rng(10)
    pairs = [(rng.random((2, 10)) < 0.3).astype(float) for _ in range(400)]
    ends = [otgan.debiased_wasserstein(x, y).interval for x, y in pairs]
    covered = np.mean([low <= 0 <= high for low, high in ends])
    assert covered >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / 400)


def test_every_form_of_points_gives_the_same():
    x, y = np.arange(20.0).reshape(10, 2) % 7, np.arange(20.0).reshape(10, 2) % 5
    expected = otgan.debiased_wasserstein(x, y)
    for form in PLAIN_FORMS.values():
        assert otgan.debiased_wasserstein(form(x), form(y)) == expected


def test_bad_input_is_refused():
    x, y = gaussians(9, 20)
    with refused("x and y must hold equally many points", "got 20 and 15", "pass 15 of each"):
        otgan.debiased_wasserstein(x, y[:15])
    with refused("at least 10 points each, got 9"):
        otgan.debiased_wasserstein(x[:9], y[:9])
    with refused("p must be finite and >= 1"):
        otgan.debiased_wasserstein(x, y, p=0.5)
    with refused("metric must be one of"):
        otgan.debiased_wasserstein(x, y, metric=mistyped("manhattan"))
    with refused("confidence_level must be"):
        otgan.debiased_wasserstein(x, y, confidence_level=95)
