"""What samples say about a distance: constants by quadrature, shares of trials within noise."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from otgan import NearestNeighbors, kl_from_samples
from otgan.errors import DuplicateSamplesError
from otgan.lessons.how_sure_are_you import draw, explain
from otgan.lessons.how_sure_are_you.trials import METHODS, nearest_point, refusal, slopes_of
from tests.lessons.cached import numbers_of


@pytest.fixture(scope="module")
def numbers():
    return numbers_of("how-sure-are-you")


def test_floors_tend_to_their_constants(numbers):
    normal, uniform = numbers.floors
    assert_allclose(normal.limit, 1.8220433, atol=5e-8)
    assert_allclose(uniform.limit, math.sqrt(math.pi) / 4, rtol=1e-12)
    for floor in numbers.floors:
        assert (np.diff(floor.exact) > 0).all()
        assert (floor.exact < floor.limit).all()
        assert_allclose(floor.exact[-1], floor.limit, rtol=0.01)
        assert (np.abs(floor.simulated - floor.exact) <= 4 * floor.simulated_se).all()
        assert (floor.simulated_se < 0.025 * floor.limit).all()


def test_exact_floor_against_one_and_two_points():
    from otgan.lessons.how_sure_are_you.trials import _mean_difference

    levels = np.linspace(0, 1, 21)
    assert_allclose(_mean_difference(1, levels), 2 * levels * (1 - levels), atol=1e-15)
    masses = binom.pmf(np.arange(8)[:, None], 7, levels)
    apart = np.abs(np.subtract.outer(np.arange(8), np.arange(8)))
    assert_allclose(
        _mean_difference(7, levels),
        np.einsum("ik,jk,ij->k", masses, masses, apart) / 7,
        atol=1e-14,
    )


def test_distances_of_equal_distributions_fall_more_slowly_in_many_dimensions(numbers):
    n = numbers
    assert (np.diff(n.distances, axis=0) > 0).all()
    assert (np.diff(n.distances, axis=1) < 0).all()
    assert (np.diff(n.slopes) > 0).all()
    # 50 to 400 points are not many: the curves bend, by some hundredths.
    rates = -1 / np.maximum(2, n.dimensions)
    assert (
        np.abs(n.slopes - rates)[n.dimensions != 2] <= 0.04 + 4 * n.slopes_se[n.dimensions != 2]
    ).all()
    # In the plane √(log n/n) has a mean slope of -0.40 here.
    low, high = n.sizes[0], n.sizes[-1]
    rate = math.log(math.log(high) / high / (math.log(low) / low)) / 2 / math.log(high / low)
    assert abs(n.slopes[list(n.dimensions).index(2)] - rate) <= 0.04 + 4 * n.slopes_se[1]


def test_slopes_of_powers():
    x = np.log([1.0, 2.0, 4.0])
    y = np.array([np.exp(-0.5 * x), 3 * np.exp(-0.2 * x)])
    slopes, ses = slopes_of(x, y, 0.1 * y)
    assert_allclose(slopes, [-0.5, -0.2])
    assert_allclose(ses, 0.1 / math.sqrt(2) / math.log(2))


def at_least(share, level, repeats):
    """Within four standard errors."""
    return share >= level - 4 * math.sqrt(level * (1 - level) / repeats)


def test_potentials_know_the_noise_and_not_the_bias(numbers):
    on_line, plane, five, equal = numbers.trials
    for trial in numbers.trials:
        repeats = len(trial.plug_in)
        spread = trial.plug_in.std(ddof=1)
        assert at_least(trial.covers_mean, 0.92, repeats)
        if trial.truth > 0:
            assert_allclose(trial.se.mean(), spread, rtol=4 / math.sqrt(2 * repeats))
        # It never lies below in the mean (convexity).
        assert trial.plug_in.mean() >= trial.truth - 4 * spread / math.sqrt(repeats)
    for fair in (on_line, plane):
        assert at_least(fair.covers_truth, 0.92, len(fair.plug_in))
    assert five.plug_in.mean() - five.truth > five.se.mean()
    assert five.covers_truth < 0.75
    assert equal.covers_truth == 0


def test_interval_holds_the_truth(numbers):
    plane, five = numbers.intervals
    for i in numbers.intervals:
        assert at_least(i.coverage, 0.95, len(i.low))
        assert (i.low <= i.plug_in).all()
        assert (i.plug_in <= i.high).all()
    assert at_least(plane.naive_coverage, 0.92, len(plane.low))
    assert five.naive_coverage < 0.05
    # The price.
    naive_low, naive_high = five.naive
    assert (five.high - five.low).mean() > 2 * (naive_high - naive_low).mean()


def test_nearest_points_by_hand(numbers):
    assert_allclose(numbers.by_hand, [0, -math.log(2)], atol=1e-15)
    # ρ = 1 and ν = 1/2 twice, m = 2, n - 1 = 1.
    assert_allclose(nearest_point([0, 1], [0.5, 9]), math.log(0.5) + math.log(2), atol=1e-15)


def test_repeated_points_are_refused(numbers):
    with pytest.raises(DuplicateSamplesError, match="never repeat a point"):
        kl_from_samples([1.0, 1.0, 2.0], [0.5, 3.0])
    assert "ties=" in refusal() == numbers.refused


def test_nearest_points_cannot_see_beyond_log_m(numbers):
    n = numbers
    assert_allclose(n.kl_truth, n.shifts**2 / 2)
    near = n.shifts <= 1
    for values in (n.kl_plain, n.kl_default):
        assert_allclose(values[near], n.kl_truth[near], atol=0.15)
        assert (values[n.kl_truth > 2 * n.log_m] < 2 * n.log_m).all()
    # It grows like the logarithm of the distance to the nearest point.
    far = n.shifts >= 6
    assert (np.diff(n.kl_plain[far]) < 0.7).all()
    assert (np.diff(n.kl_truth[far]) > 6).all()


def test_estimate_warns_beyond_log_m():
    x, y = np.random.default_rng(0).normal(size=(2, 500, 1))
    assert any("log m" in warning for warning in kl_from_samples(x, y + 10).warnings)
    assert not any("log m" in warning for warning in kl_from_samples(x, y + 1).warnings)


def test_coordinates_matter_to_estimates_alone(numbers):
    thin, loose, bent = (
        dict(zip(METHODS, (pair.values - pair.truth).mean(axis=1), strict=True))
        for pair in numbers.neighbors
    )
    truths = [pair.truth for pair in numbers.neighbors]
    assert_allclose(truths, [0.5004504054, 6.9990371774, 6.9990371774], atol=5e-11)
    # The spread of single estimates is at most 0.5, of means of five at most 0.25.
    assert thin["nearest point"] > 0.3
    assert thin["5th nearest"] > 1
    assert abs(thin["default"]) < 0.15
    assert abs(thin["matched radii"]) < 0.15
    assert loose["matched radii"] < -2
    assert abs(loose["default"]) < 0.6
    assert loose["default"] + truths[1] > numbers.log_m
    assert bent["default"] < -0.6


def test_methods_are_what_they_are_called():
    assert METHODS["default"] == NearestNeighbors()
    assert METHODS["nearest point"] == NearestNeighbors(k=1, start="none", whiten=False)


def test_text_holds_the_numbers(numbers):
    text = explain(numbers)
    for floor in numbers.floors:
        assert f"{floor.limit:.7f}" in text
    for pair in numbers.neighbors:
        assert f"{pair.truth:.3f}" in text
    assert "gives 0, and" in text and "-0.693147 = -log 2" in text
    assert f"log m = {math.log(500):.2f}" in text.replace("\n  ", " ")


def test_fitted_slopes_are_told_from_those_in_the_limit(numbers):
    text = explain(numbers)
    (row,) = [line.split() for line in text.splitlines() if line.strip().startswith("d = 10 ")]
    assert row[-1] == "-1/10" and row[-4] == f"{numbers.slopes[-1]:.3f}" != "-0.100"
    labels = [text.get_text() for text in draw(numbers).axes[1].texts]
    assert f"d = 10: {numbers.slopes[-1]:.2f}, limit -1/10" in labels
