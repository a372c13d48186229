"""Energy distance and MMD against closed forms, SciPy, plain sums, and their own spread."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose
from scipy import stats
from scipy.spatial.distance import cdist

import otgan
from otgan.divergences.energy import Energy
from otgan.divergences.mmd import MMD, median_distance
from tests.cases import PLAIN_FORMS, mistyped, problems, refused

KERNELS = {
    "gaussian": lambda r: np.exp(-(r**2) / 2),
    "laplace": lambda r: np.exp(-r),
    "imq": lambda r: (1 + r**2) ** -0.5,
}

# Energy distance of N(0, 1) and N(Δ, 1), root not taken.
ENERGY_OF_SHIFTS = {0.5: 0.13959631, 1: 0.54180658, 2: 1.94425983, 4: 5.74715376}


def mmd_of_shift(d, shift, width):
    """MMD² with the Gaussian kernel between N(0, I) and N(shift, I)."""
    return 2 * (1 + 2 / width**2) ** (-d / 2) * -math.expm1(-(shift**2) / (2 * (width**2 + 2)))


def by_definition(x, y, kernel):
    """The U- and the V-statistic from whole matrices."""
    xx, yy, xy = kernel(cdist(x, x)), kernel(cdist(y, y)), kernel(cdist(x, y))
    off = [K[~np.eye(len(K), dtype=bool)].mean() for K in (xx, yy)]
    return sum(off) - 2 * xy.mean(), xx.mean() + yy.mean() - 2 * xy.mean()


def two_normals(seed, n, m, d, shift):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    y[:, 0] += shift
    return x, y


def quantiles(n, shift=0.0):
    return stats.norm.ppf((np.arange(n) + 0.5) / n) + shift


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(("shift", "energy"), ENERGY_OF_SHIFTS.items())
def test_energy_of_gaussians_apart(shift, energy):
    # Midpoints of 4000 quantiles: what the tails lack is of the order of 1/4000.
    value = otgan.energy_distance_squared(quantiles(4000), quantiles(4000, shift), unbiased=False)
    assert_allclose(float(value), energy, rtol=1e-3)


def test_mmd_of_gaussians_apart():
    assert_allclose(mmd_of_shift(1, 1, 1), 0.1772676349, rtol=1e-9)
    value = otgan.mmd_squared(quantiles(1500), quantiles(1500, 1), bandwidth=1, unbiased=False)
    assert_allclose(float(value), mmd_of_shift(1, 1, 1), rtol=1e-3)


@pytest.mark.parametrize("d", [1, 3])
def test_energy_is_its_definition(d):
    x, y = two_normals(0, 40, 27, d, 1)
    u, v = by_definition(x, y, np.negative)
    for unbiased, expected in ((True, u), (False, v)):
        result = otgan.energy_distance_squared(x, y, unbiased=unbiased)
        assert_allclose(result.value, expected, rtol=1e-12)
        assert_allclose(
            [result.diagnostics[k] for k in ("unbiased", "biased", "root")], [u, v, v**0.5]
        )
        assert (result.n, result.m) == (40, 27)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 3])
def test_mmd_is_its_definition(kernel, d):
    x, y = two_normals(1, 40, 27, d, 1)
    u, v = by_definition(x, y, lambda r: KERNELS[kernel](r / 1.5))
    for unbiased, expected in ((True, u), (False, v)):
        result = otgan.mmd_squared(x, y, kernel=kernel, bandwidth=1.5, unbiased=unbiased)
        assert_allclose(result.value, expected, rtol=1e-12)
        assert_allclose(result.diagnostics["root"], v**0.5)


def test_scipy_calls_the_root_the_distance():
    x, y = two_normals(2, 50, 33, 1, 1)
    result = otgan.energy_distance_squared(x, y, unbiased=False)
    expected = stats.energy_distance(x[:, 0], y[:, 0])
    assert_allclose(result.value, expected**2, rtol=1e-12)
    assert_allclose(result.diagnostics["root"], expected, rtol=1e-12)


def test_the_line_is_a_case_of_the_plane():
    x, y = two_normals(3, 60, 45, 1, 1)
    line = otgan.energy_distance_squared(x, y)
    plane = otgan.energy_distance_squared(np.c_[0 * x, x], np.c_[0 * y, y])
    assert_allclose([line.value, line.se], [plane.value, plane.se], rtol=1e-11)


def test_ties_on_the_line():
    x, y = np.array([0.0, 0, 1, 1, 1]), np.array([1.0, 1, 0, 5])
    u, v = by_definition(x[:, None], y[:, None], np.negative)
    result = otgan.energy_distance_squared(x, y)
    assert_allclose([result.value, result.diagnostics["biased"]], [u, v], rtol=1e-13)


def test_many_blocks_are_one(monkeypatch):
    x, y = two_normals(4, 50, 37, 2, 1)
    whole = otgan.energy_distance_squared(x, y), otgan.mmd_squared(x, y)
    monkeypatch.setattr("otgan.divergences.pair_means.BLOCK_ENTRIES", 120)
    for one, many in zip(
        whole, (otgan.energy_distance_squared(x, y), otgan.mmd_squared(x, y)), strict=True
    ):
        assert_allclose([many.value, many.se], [one.value, one.se], rtol=1e-11)


# ---------------------------------------------------------------- distributions


@given(problems())
def test_energy_is_at_most_twice_the_transport_cost(problem):
    x, y = (np.repeat(points, 2, axis=0) for points, _ in problem)
    energy = otgan.energy_distance_squared(x, y, unbiased=False).value
    w1 = otgan.emd(x, y).cost
    rounding = 1e-13 * (1 + np.abs(x).max() + np.abs(y).max())
    assert -rounding <= energy <= 2 * w1 * (1 + 1e-9) + rounding


def test_equal_samples_are_at_zero():
    x, _ = two_normals(5, 30, 2, 1, 0)
    assert otgan.energy_distance_squared(x, x[::-1], unbiased=False).value == 0
    for result in (
        otgan.energy_distance_squared(np.c_[x, x], np.c_[x, x], unbiased=False),
        otgan.mmd_squared(x, x),
    ):
        assert_allclose(result.diagnostics["biased"], 0, atol=1e-15)
        assert result.warnings


def test_invariances():
    x, y = two_normals(6, 40, 30, 3, 1)
    turn = stats.ortho_group.rvs(3, random_state=0)
    for function in (
        otgan.energy_distance_squared,
        otgan.mmd_squared,
        otgan.energy_distance_squared,
    ):
        there, back = function(x, y), function(y, x)
        assert_allclose([back.value, back.se], [there.value, there.se], rtol=1e-10)
        moved = function((x + 100) @ turn, (y + 100) @ turn)
        assert_allclose([moved.value, moved.se], [there.value, there.se], rtol=1e-8)
    scaled = otgan.energy_distance_squared(1e6 * x, 1e6 * y)
    assert_allclose(scaled.value, 1e6 * otgan.energy_distance_squared(x, y).value, rtol=1e-10)
    # the median bandwidth scales along with the points
    assert_allclose(
        otgan.mmd_squared(1e6 * x, 1e6 * y).value, otgan.mmd_squared(x, y).value, rtol=1e-9
    )


def test_a_common_offset_costs_no_digits_on_the_line():
    x, y = np.array([0.0, 1, 3]), np.array([2.0, 2.5])
    far, near = (otgan.energy_distance_squared(x + offset, y + offset) for offset in (2.0**40, 0))
    assert_allclose([far.value, far.se], [near.value, near.se], rtol=1e-12)


def test_lists_and_other_arrays_are_accepted():
    x, y = np.array([[0.0, 1], [2, 3], [1, 1]]), np.array([[5.0, 4], [2, 2]])
    for function in (otgan.energy_distance_squared, otgan.mmd):
        expected = function(x, y)
        for form in PLAIN_FORMS.values():
            assert function(form(x), form(y)) == expected


# ---------------------------------------------------------------- the bandwidth


def test_the_median_is_that_of_all_pairs():
    x, y = two_normals(7, 30, 20, 2, 1)
    points = np.concatenate([x, y])
    pairs = cdist(points, points)[np.triu_indices(50, 1)]
    assert_allclose(median_distance(x, y), np.median(pairs), rtol=1e-14)
    result = otgan.mmd_squared(x, y)
    assert_allclose(result.diagnostics["bandwidth"], np.median(pairs), rtol=1e-14)
    assert otgan.mmd_squared(x, y, bandwidth=np.median(pairs)) == result


def test_the_median_of_many_points_is_sampled():
    x, y = two_normals(8, 1500, 1000, 2, 0)
    # distances of N(0, I) in the plane: √2 times Rayleigh, of median √(2 ln 2)
    expected = math.sqrt(2) * math.sqrt(2 * math.log(2))
    assert_allclose(median_distance(x, y, 1), expected, rtol=0.02)
    assert median_distance(x, y, 1) == median_distance(x, y, np.random.default_rng(1))
    assert median_distance(x, y, 1) != median_distance(x, y, 2)


# ---------------------------------------------------------------- errors


CASES = {
    "energy on the line": (otgan.energy_distance_squared, (60, 40, 1, 1.5), None),
    "energy in space": (otgan.energy_distance_squared, (40, 60, 3, 2), None),
    "mmd": (
        lambda x, y: otgan.mmd_squared(x, y, bandwidth=2),
        (60, 40, 3, 1.5),
        mmd_of_shift(3, 1.5, 2),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_error_is_the_spread(case):
    function, args, truth = CASES[case]
    results = [function(*two_normals(seed, *args)) for seed in range(400)]
    values, errors = (np.array([getattr(r, k) for r in results]) for k in ("value", "se"))
    truth = values.mean() if truth is None else truth
    assert_allclose(values.mean(), truth, atol=4 * values.std() / 20)  # unbiased
    # A standard deviation from 400 values is itself known to about 3.5 %.
    assert_allclose(np.sqrt((errors**2).mean()), values.std(ddof=1), rtol=0.15)
    covered = np.mean([r.interval[0] <= truth <= r.interval[1] for r in results])
    assert 0.91 <= covered <= 0.985


def test_equal_distributions_are_warned_of():
    warned = [
        len(otgan.energy_distance_squared(*two_normals(s, 50, 50, 2, 0)).warnings)
        for s in range(200)
    ]
    assert np.mean(warned) >= 0.95  # all but 1 in 40, by an exact test
    assert otgan.energy_distance_squared(*two_normals(0, 50, 50, 2, 3)).warnings == ()


def test_the_interval_is_around_the_unbiased_value():
    x, y = two_normals(9, 20, 20, 2, 1)
    u, v = (
        otgan.energy_distance_squared(x, y, unbiased=flag, confidence_level=0.9)
        for flag in (True, False)
    )
    assert u.interval == v.interval
    assert v.value > u.value
    assert_allclose(u.interval[0] - u.value, stats.t.ppf(0.05, 19) * u.se, rtol=1e-12)
    root = math.sqrt(u.value)
    high = (root + stats.t.ppf(0.95, 19) * u.se / (2 * root)) ** 2
    assert_allclose(u.interval[1], high, rtol=1e-12)


def mean_absolute(mean, variance):
    return stats.foldnorm.mean(abs(mean) / math.sqrt(variance), scale=math.sqrt(variance))


@pytest.mark.parametrize(("n", "m", "shift"), [(4, 300, 3), (6, 6, 3), (50, 50, 1)])
def test_the_interval_holds_the_distance_of_the_distributions(n, m, shift):
    truth = 2 * mean_absolute(shift, 2) - 2 * mean_absolute(0, 2)
    pairs = [two_normals(s, n, m, 1, shift) for s in range(400)]
    ends = [otgan.energy_distance_squared(*pair).interval for pair in pairs]
    covered = np.mean([low <= truth <= high for low, high in ends])
    assert covered >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 400)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("function", [otgan.energy_distance_squared, otgan.mmd_squared])
def test_bad_samples_are_refused(function):
    for x, y, message in [
        ([[1, 2]], [[1, 2], [3, 4]], "at least 2 points each"),
        ([[1, 2], [3, 4]], [1, 2], "the same number of columns"),
        ([1, np.nan], [1, 2], "x must be finite"),
        ([1e200, 0], [1, 2], "an extent of 1e+200"),
    ]:
        with refused(message):
            function(x, y)
    for confidence_level in (95, 0, 1, "high", True):
        with refused("confidence_level must be"):
            function([1, 2], [3, 5], confidence_level=confidence_level)


def test_bad_options_are_refused():
    x, y = [1.0, 2.0], [3.0, 5.0]
    for width in (0, -1, math.nan, math.inf, "mean", None, True, [1.0]):
        with refused("bandwidth must be"):
            otgan.mmd_squared(x, y, bandwidth=mistyped(width))
    with refused("kernel must be", "did you mean 'gaussian'?"):
        otgan.mmd_squared(x, y, kernel=mistyped("gauss"))
    with refused("the median distance", "got 0"):
        otgan.mmd_squared([1, 1, 1, 1], [1, 1, 1, 2])


# ---------------------------------------------------------------- roots


def test_a_root_is_that_of_the_square_with_its_interval():
    x, y = two_normals(11, 60, 50, 2, 1.5)
    for root, squared in (
        (otgan.energy_distance(x, y), otgan.energy_distance_squared(x, y)),
        (otgan.mmd(x, y), otgan.mmd_squared(x, y)),
    ):
        assert root.diagnostics == squared.diagnostics
        assert_allclose(root.value, squared.diagnostics["biased"] ** 0.5, rtol=1e-14)
        assert_allclose(root.interval, np.sqrt(squared.interval), rtol=1e-14)
        assert_allclose(root.se, squared.se / (2 * root.value), rtol=1e-14)


def test_the_interval_of_a_root_begins_at_zero_for_equal_distributions():
    x, y = two_normals(12, 60, 50, 2, 0)
    for function in (otgan.energy_distance, otgan.mmd):
        estimate = function(x, y)
        assert estimate.interval[0] == 0 < estimate.value
        assert 0 < estimate.se < 1
        same = function(x, x)
        assert same.interval[0] == 0 and math.isfinite(same.se)


def test_roots_cover_their_distance_near_and_far():
    # Gaussian kernel of width 1 between N(0, 1) and N(δ, 1); δ = 0 is held by all but 1 in 40
    rng = np.random.default_rng(13)
    for shift in (0.0, 0.4, 1.5):
        truth = math.sqrt(mmd_of_shift(1, shift, 1))
        pairs = [rng.normal(size=(2, 60, 1)) + [[[0.0]], [[shift]]] for _ in range(150)]
        ends = [otgan.mmd(x, y, bandwidth=1.0).interval for x, y in pairs]
        assert np.mean([low <= truth <= high for low, high in ends]) >= 0.95 - 3 * 0.018


# ---------------------------------------------------------------- one statistic


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize(
    ("statistic", "estimate"),
    [
        (otgan.Energy(), lambda x, y: otgan.energy_distance_squared(x, y, unbiased=False)),
        (otgan.MMD(), lambda x, y: otgan.mmd_squared(x, y, unbiased=False)),
        (
            otgan.MMD("imq", 0.7),
            lambda x, y: otgan.mmd_squared(x, y, kernel="imq", bandwidth=0.7, unbiased=False),
        ),
    ],
    ids=["energy", "mmd", "mmd, imq"],
)
def test_the_statistic_of_the_test_is_the_biased_value(statistic, estimate, d):
    x, y = two_normals(14, 25, 18, d, 1)
    test = otgan.two_sample_test(x, y, statistic=statistic, n_resamples=1)
    assert_allclose(test.statistic, estimate(x, y).value, rtol=1e-11)


@pytest.mark.parametrize("statistic", [Energy(), MMD("imq", 1.5), MMD("laplace", 0.7)])
def test_one_batch_of_labels_shows_what_the_stored_matrix_shows(statistic):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(45, 3)) + 0.2
    labels = rng.permuted(np.tile(np.arange(105) < 60, (20, 1)), axis=1)
    stored = statistic.prepare(x, y, rng).values(labels)
    assert_allclose(statistic.values(x, y, labels), stored, rtol=1e-11)


@pytest.mark.parametrize("function", [otgan.energy_distance, otgan.mmd])
def test_no_matrix_of_all_pairs_is_stored(function):
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2400, 3)), rng.normal(size=(2400, 3))
    tracemalloc.start()
    try:
        function(x, y)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.6 * 8 * 4800**2, peak  # bytes of the matrix


@pytest.mark.parametrize("function", [otgan.energy_distance_squared, otgan.mmd_squared])
def test_unbiased_is_true_or_false_and_nothing_that_counts_as_one_of_them(function):
    for unbiased in ("no", "biased", 0, 1, None):
        with refused("unbiased must be True or False"):
            function([1, 2, 4], [2, 3], unbiased=mistyped(unbiased))
    assert function([1, 2, 4], [2, 3], unbiased=np.False_).value > 0
