"""The Fréchet distance against closed forms, POT, and its own spread."""

import math

import numpy as np
import ot
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from tests.cases import PLAIN_FORMS, refused

A, B = np.array([[2, 0.5], [0.5, 1]]), np.array([[1, -0.3], [-0.3, 2]])


def with_moments(n, mean, covariance, seed=0):
    """Points with exactly this mean and this covariance."""
    z = np.random.default_rng(seed).normal(size=(n, len(mean)))
    z -= z.mean(axis=0)
    z = np.linalg.solve(np.linalg.cholesky(np.cov(z.T)), z.T).T
    return mean + z @ np.linalg.cholesky(covariance).T


def two_normals(seed, n, m, d, shift, scale=1.0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), scale * rng.normal(size=(m, d))
    y[:, 0] += shift
    return x, y


def by_pot(x, y):
    moments = (x.mean(axis=0), y.mean(axis=0), np.cov(x.T), np.cov(y.T))
    return ot.gaussian.bures_wasserstein_distance(*moments)


# ---------------------------------------------------------------- values


def test_bures_wasserstein_of_two_gaussians():
    x, y = with_moments(30, [0, 0], A), with_moments(20, [1, 0], B, seed=1)
    result = otgan.frechet_distance(x, y)
    assert_allclose(result.value, 1.2551597082, rtol=1e-9)
    assert_allclose(result.diagnostics["squared"], 1.2551597082**2, rtol=1e-9)
    assert (result.n, result.m) == (30, 20)


@pytest.mark.parametrize(("n", "m", "d"), [(50, 40, 2), (30, 200, 7), (12, 11, 10)])
def test_agrees_with_pot(n, m, d):
    x, y = two_normals(0, n, m, d, 1, 1.7)
    assert_allclose(float(otgan.frechet_distance(x, y)), by_pot(x, y), rtol=1e-8)


def test_on_the_line_means_and_deviations_are_compared():
    x, y = two_normals(1, 40, 25, 1, 1, 2)
    expected = math.hypot(x.mean() - y.mean(), x.std(ddof=1) - y.std(ddof=1))
    assert_allclose(float(otgan.frechet_distance(x, y)), expected, rtol=1e-13)
    assert otgan.frechet_distance(x[:, 0], y[:, 0]) == otgan.frechet_distance(x, y)


@pytest.mark.parametrize("d", [5, 40])
def test_singular_covariances_do_no_harm(d):
    # Three points span a plane, whatever the space.
    x, y = two_normals(2, 3, 4, 3, 1, 2)
    turn = stats.ortho_group.rvs(d, random_state=0)
    lifted = [np.pad(points, ((0, 0), (0, d - 3))) @ turn for points in (x, y)]
    expected, found = otgan.frechet_distance(x, y), otgan.frechet_distance(*lifted)
    assert_allclose([found.value, found.se], [expected.value, expected.se], rtol=1e-10)
    assert any("do not determine a covariance" in warning for warning in found.warnings)


def test_orthogonal_lines_do_not_overlap():
    # Σ1 and Σ2 have orthogonal ranges: no cross term at all.
    x = np.outer([-1.0, 0, 1], [1, 0])
    y = np.outer([-2.0, 0, 2], [0, 1])
    assert_allclose(otgan.frechet_distance(x, y).diagnostics["squared"], 1 + 4, rtol=1e-14)


def test_a_shift_is_seen_whole():
    x, _ = two_normals(3, 30, 2, 4, 0)
    result = otgan.frechet_distance(x, x[::-1] + [3, 0, 4, 0])
    assert_allclose(float(result), 5, rtol=1e-13)


# ---------------------------------------------------------------- distributions


def test_at_most_w2_of_samples_of_one_size():
    # W2 of two distributions is at least that of the Gaussians with their moments (Gelbrich 1990).
    for seed in range(20):
        x, y = two_normals(seed, 15, 15, 1 + seed % 4, 1, 1.5)
        # covariances divided by n: the points shrink towards their mean
        x, y = (p.mean(0) + (p - p.mean(0)) * math.sqrt(15 / 14) for p in (x, y))
        shrunk = [p.mean(0) + (p - p.mean(0)) * math.sqrt(14 / 15) for p in (x, y)]
        assert float(otgan.frechet_distance(*shrunk)) <= otgan.wasserstein(x, y, p=2)


def test_invariances():
    x, y = two_normals(4, 40, 30, 3, 1, 1.5)
    here = otgan.frechet_distance(x, y)
    turn = stats.ortho_group.rvs(3, random_state=0)
    for scale, other in [
        (1, otgan.frechet_distance(y, x)),
        (1, otgan.frechet_distance(x @ turn + 1e4, y @ turn + 1e4)),
        (1e6, otgan.frechet_distance(1e6 * x, 1e6 * y)),
    ]:
        assert_allclose([other.value, other.se], [scale * here.value, scale * here.se], rtol=1e-9)
        bias = other.diagnostics["bias"]
        assert_allclose(bias, scale**2 * here.diagnostics["bias"], rtol=1e-7)


def test_equal_samples_are_at_zero():
    x, _ = two_normals(5, 30, 2, 3, 0)
    result = otgan.frechet_distance(x, x)
    assert_allclose(result.value, 0, atol=1e-14)
    assert result.warnings


@pytest.mark.parametrize("place", [0, 1, -1e10, 1e290])
def test_samples_of_one_point_are_at_zero(place):
    coinciding = otgan.frechet_distance(np.full((3, 2), place), np.full((4, 2), place))
    assert (coinciding.value, coinciding.se, coinciding.interval) == (0, 0, (0, 0))


def test_a_constant_column_far_beyond_the_extent_changes_nothing():
    x, y = two_normals(6, 30, 20, 1, 1)
    x, y = 1e-100 * x, 1e-100 * y
    beside = otgan.frechet_distance(
        *(np.pad(z, ((0, 0), (0, 1)), constant_values=1e200) for z in (x, y))
    )
    assert_allclose(beside.value, otgan.frechet_distance(x, y).value, rtol=1e-12)


def test_lists_and_other_arrays_are_accepted():
    x, y = np.array([[0.0, 1], [2, 3], [1, 1]]), np.array([[5.0, 4], [2, 2], [0, 3]])
    expected = otgan.frechet_distance(x, y)
    for form in PLAIN_FORMS.values():
        assert otgan.frechet_distance(form(x), form(y)) == expected


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("args", "truth"),
    [
        ((100, 70, 1, 1, 2), math.sqrt(2)),
        ((100, 70, 3, 1, 2), 2),
        ((200, 150, 10, 3, 1), 3),
        ((100, 80, 30, 6, 1), 6),
    ],
)
def test_the_error_is_the_spread_and_the_bias_is_made_up_for(args, truth):
    results = [otgan.frechet_distance(*two_normals(seed, *args)) for seed in range(300)]
    values, errors = (np.array([getattr(r, k) for r in results]) for k in ("value", "se"))
    assert_allclose(np.sqrt((errors**2).mean()), values.std(ddof=1), rtol=0.15)
    squares, biases = (np.array([r.diagnostics[k] for r in results]) for k in ("squared", "bias"))
    margin = 4 * (squares - biases).std() / math.sqrt(300)
    assert_allclose((squares - biases).mean(), truth**2, atol=margin)
    # up to d(d + 1)/2 parameters of a covariance: what is left of the bias is of second order
    covered = np.mean([r.interval[0] <= truth <= r.interval[1] for r in results])
    assert 0.90 <= covered <= 0.985


def test_the_error_of_skewed_distributions():
    def draw(seed):
        rng = np.random.default_rng(seed)
        return rng.exponential(size=(200, 2)), 1 + 2 * rng.exponential(size=(150, 2))

    results = [otgan.frechet_distance(*draw(seed)) for seed in range(300)]
    values, errors = (np.array([getattr(r, k) for r in results]) for k in ("value", "se"))
    assert_allclose(np.sqrt((errors**2).mean()), values.std(ddof=1), rtol=0.15)
    covered = np.mean([r.interval[0] <= math.sqrt(10) <= r.interval[1] for r in results])
    assert 0.90 <= covered <= 0.985


@pytest.mark.parametrize(("n", "d"), [(60, 10), (60, 30), (200, 30)])
def test_the_interval_makes_up_for_biases_of_many_standard_errors(n, d):
    results = [otgan.frechet_distance(*two_normals(seed, n, n, d, 1)) for seed in range(200)]
    covered = np.mean([r.interval[0] <= 1 <= r.interval[1] for r in results])
    assert covered >= 0.90  # 0.95 less three standard deviations of a share of 200
    assert np.mean([r.interval[1] < r.value for r in results]) > (0.95 if d == 30 else 0)


def test_no_distance_has_a_negative_end():
    x, y = two_normals(6, 50, 50, 3, 0)
    for other in (x, y, x + 1e-9):
        low, high = otgan.frechet_distance(x, other).interval
        assert low == 0
        assert high >= 0


def test_equal_distributions_and_large_biases_are_warned_of():
    equal = otgan.frechet_distance(*two_normals(0, 200, 150, 10, 0))
    assert any("equal distributions" in warning for warning in equal.warnings)
    assert any("too large in the mean" in warning for warning in equal.warnings)
    assert otgan.frechet_distance(*two_normals(0, 200, 150, 2, 3)).warnings == ()


# ---------------------------------------------------------------- refusals


def test_bad_samples_are_refused():
    for x, y, message in [
        ([1, 2], [1, 2, 3], "at least 3 points each"),
        (np.eye(3), np.eye(4), "the same number of columns"),
        ([1, 2, np.inf], [1, 2, 3], "x must be finite"),
        ([1e150, 0, 0], [1, 2, 3], "an extent of 1e+150"),
    ]:
        with refused(message):
            otgan.frechet_distance(x, y)
    with refused("confidence_level must be"):
        otgan.frechet_distance([1, 2, 3], [2, 3, 4], confidence_level=95)
