"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import logsumexp

import otgan
from otgan.errors import InvalidInputError

# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators


def held(estimate, value):
    low, high = estimate.interval
    return low <= value <= high


def test_kl_and_js_of_counts_of_a_sample_against_itself_may_be_zero():
    integers = np.random.default_rng(0).integers(0, 20, 2000)
    for sample in (np.arange(11.0), integers):
        for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
            found = estimate(sample, sample, ties="discrete")
            assert found.value < 0  # the bias of counts was taken off
            assert held(found, 0) and found.interval[0] < 0 < found.interval[1] and found.se > 0
            assert any("equal laws" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("d", [1, 2, 10])
def test_no_distance_of_a_sample_to_itself_excludes_zero(d):
    x = np.random.default_rng(d).normal(size=(80, d))
    for distance in (
        otgan.energy_distance,
        otgan.mmd,
        otgan.sinkhorn_divergence,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.frechet_distance,
    ):
        found = distance(x, x)
        assert held(found, 0) and found.interval[1] > 0, found
        assert any("equal laws" in sentence for sentence in found.warnings)


def test_comparing_a_sample_with_itself_shows_no_interval_below_zero():
    x = np.random.default_rng(3).normal(size=(60, 2))
    for row in otgan.compare(x, x).rows:
        if row.interval is not None:
            assert row.interval[0] <= 0 < row.interval[1], row


def test_intervals_of_two_samples_of_one_law_hold_zero_as_often_as_they_say():
    rng = np.random.default_rng(4)
    pairs = [rng.normal(size=(2, 30, 2)) for _ in range(200)]
    for distance in (otgan.energy_distance, otgan.mmd):
        assert np.mean([held(distance(x, y), 0) for x, y in pairs]) >= 0.93
    counts = [rng.poisson(3, (2, 60)) for _ in range(200)]
    assert (
        np.mean([held(otgan.js_from_samples(*pair, ties="discrete"), 0) for pair in counts]) >= 0.93
    )


def test_kl_by_kernels_in_the_plane_is_right_where_one_law_has_longer_tails():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(1500, 2))
    y = rng.normal(size=(1500, 2)) @ np.linalg.cholesky([[1, 1], [1, 2]]).T
    found = otgan.kl_from_samples(x, y, method="kde")  # ½ (tr Σ⁻¹ - 2 + log det Σ) = 1/2
    assert held(found, 0.5) and abs(found.value - 0.5) < 0.1


def test_sinkhorn_converges_for_little_regularisation():
    x, y = np.random.default_rng(6).random((2, 30, 2))

    def entropic(u, v):
        """The largest dual value, by a quasi-Newton method that knows nothing of Sinkhorn."""
        C = np.linalg.norm(u[:, None] - v, axis=2)

        def loss(f):
            exponents = (f[:, None] - C) / 0.01
            g = -0.01 * (logsumexp(exponents, axis=0) - np.log(len(u)))
            plan = np.exp(exponents + g / 0.01) / len(u) / len(v)
            return -f.mean() - g.mean(), plan.sum(axis=1) - 1 / len(u)

        options = {"maxiter": 20_000, "maxfun": 40_000, "ftol": 1e-15, "gtol": 1e-9}
        return -minimize(loss, np.zeros(len(u)), jac=True, method="L-BFGS-B", options=options).fun

    found = otgan.sinkhorn_divergence(x, y, regularisation=0.01)
    expected = entropic(x, y) - 0.5 * entropic(x, x) - 0.5 * entropic(y, y)
    assert_allclose(found.value, expected, rtol=1e-5)
    points = np.random.default_rng(7).random((2, 500, 2))
    large = otgan.sinkhorn_divergence(*points, regularisation=0.01)
    assert large.diagnostics["marginal_error"] <= 1e-6
    assert large.diagnostics["iterations"] < 2000


def test_sinkhorn_of_heavy_tails_converges_on_its_defaults():
    rng = np.random.default_rng(8)
    for x, y in (rng.lognormal(0, 2, (2, 300, 1)), rng.standard_cauchy((2, 300, 2))):
        found = otgan.sinkhorn_divergence(x, y)
        exact = otgan.emd(x, y).cost
        assert found.diagnostics["marginal_error"] <= 1e-6
        energy = otgan.energy_distance(x, y, unbiased=False).value
        assert 0 <= found.value <= exact + 0.01 * energy  # it grows to W1 as ε falls


def test_a_value_outside_of_its_interval_says_so():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(100, 10)), rng.normal(size=(100, 10)) + 0.3
    for found in (
        otgan.sinkhorn_divergence(x, y),
        otgan.sliced_wasserstein(x, y),
        otgan.frechet_distance(x, y),
        otgan.energy_distance(x[:20], y[:20], unbiased=False),
        otgan.mmd(x, y + 1, unbiased=False, confidence=0.5),
    ):
        outside = any("outside its interval" in sentence for sentence in found.warnings)
        assert outside == (not held(found, found.value))
    assert not held(otgan.sinkhorn_divergence(x, y), otgan.sinkhorn_divergence(x, y).value)


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


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310, [1e200, 1e-200], [1.0, 1e-200]])
def test_kl_and_js_know_no_units_however_extreme(scale):
    rng = np.random.default_rng(13)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 1
    for method in ("knn", "kde"):
        for estimate in (otgan.kl_from_samples, otgan.js_from_samples):
            here = estimate(x, y, method=method)
            there = estimate(np.multiply(x, scale), np.multiply(y, scale), method=method)
            # at 1e-310 a float has few digits left
            assert_allclose(there.value, here.value, rtol=1e-6 if np.min(scale) > 1e-300 else 0.05)


def test_distances_of_tensors_that_want_gradients_name_what_has_them():
    torch = pytest.importorskip("torch")
    x, y = torch.randn(30, 2, requires_grad=True), torch.randn(40, 2)
    for distance in (
        otgan.mmd,
        otgan.energy_distance,
        otgan.sliced_wasserstein,
        otgan.max_sliced_wasserstein,
        otgan.sinkhorn_divergence,
        otgan.frechet_distance,
        otgan.kl_from_samples,
        otgan.js_from_samples,
    ):
        for pair in ((x, y), (y, x), (list(x), y)):
            with pytest.raises(InvalidInputError, match=r"otgan\.wasserstein"):
                distance(*pair)
        assert distance(x.detach(), y).value == distance(x.detach().numpy(), y.numpy()).value
        with torch.no_grad():
            distance(x, y)


# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors
# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
