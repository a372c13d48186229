"""What sliced, max-sliced and Sinkhorn estimates have in common: errors, intervals, refusals."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from tests.cases import PLAIN_FORMS, mistyped, refused
from tests.transport.samples import sliced_shift, two_normals

ALL: list[Callable[..., otgan.Estimate]] = [
    otgan.sliced_wasserstein,
    otgan.max_sliced_wasserstein,
    otgan.sinkhorn_divergence,
]


SLICED = ALL[:2]


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("p", [1, 2])
def test_invariances(function, p):
    x, y = two_normals(15, 40, 30, 2, 1, 1.5)
    here = function(x, y, p=p)
    power = p if function is otgan.sinkhorn_divergence else 1
    for factor, other in [
        (1, function(x + 1000, y + 1000, p=p)),
        (1, function(-x, -y, p=p)),
        (1e6**power, function(1e6 * x, 1e6 * y, p=p)),
    ]:
        assert_allclose([other.value, other.se], [factor * here.value, factor * here.se], rtol=1e-4)
    back = function(y, x, p=p)
    assert_allclose([back.value, back.se], [here.value, here.se], rtol=1e-4)


@pytest.mark.parametrize("function", ALL)
def test_equal_samples_are_at_zero(function):
    x, _ = two_normals(16, 30, 2, 2, 0)
    for p in (1, 2):
        result = function(x, x[::-1], p=p)
        assert_allclose(result.value, 0, atol=1e-6)
        assert np.isfinite(result.se)
        assert result.warnings


@pytest.mark.parametrize("function", ALL)
def test_lists_and_other_arrays_are_accepted(function):
    x = np.array([[0.0, 1], [2, 3], [1, 1], [0, 0]])
    y = np.array([[5.0, 4], [2, 2], [0, 3], [4, 4]])
    expected = function(x, y)
    for form in PLAIN_FORMS.values():
        assert function(form(x), form(y)) == expected


@pytest.mark.parametrize("function", ALL)
def test_the_same_seed_gives_the_same_estimate(function):
    x, y = two_normals(17, 30, 20, 3, 1)
    assert function(x, y, rng=3) == function(x, y, rng=np.random.default_rng(3))
    assert function(x, y, rng=3).diagnostics != function(x, y, rng=4).diagnostics


def random_slices(x, y, p=1):
    return otgan.sliced_wasserstein(x, y, p=p, n_projections=60, rng=int(1e6 * abs(x[0, 0])))


CASES = {
    "sliced, p = 1": (random_slices, (80, 60, 3, 2)),
    "sliced, p = 2": (lambda x, y: random_slices(x, y, 2), (80, 80, 3, 2)),
    "on the line": (otgan.sliced_wasserstein, (80, 80, 1, 2, 2)),
    "max-sliced, p = 1": (
        lambda x, y: otgan.max_sliced_wasserstein(x, y, n_restarts=1),
        (60, 40, 3, 2),
    ),
    "max-sliced, p = 2": (
        lambda x, y: otgan.max_sliced_wasserstein(x, y, p=2, n_restarts=1),
        (50, 50, 2, 2),
    ),
    "sinkhorn, p = 1": (
        lambda x, y: otgan.sinkhorn_divergence(x, y, reg=0.5),
        (80, 60, 2, 2),
    ),
    "sinkhorn, p = 2": (
        lambda x, y: otgan.sinkhorn_divergence(x, y, p=2, reg=2),
        (80, 60, 2, 2),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_error_is_the_spread(case):
    function, args = CASES[case]
    results = [function(*two_normals(seed, *args)) for seed in range(250)]
    values, errors = (np.array([getattr(r, k) for r in results]) for k in ("value", "se"))
    # A standard deviation from 250 values is itself known to about 4.5 %.
    assert_allclose(np.sqrt((errors**2).mean()), values.std(ddof=1), rtol=0.15)
    mean = values.mean()
    assert 0.90 <= np.mean([r.interval[0] <= mean <= r.interval[1] for r in results]) <= 0.99


@pytest.mark.parametrize("function", ALL)
def test_equal_distributions_are_warned_of(function):
    for seed in range(5):
        assert function(*two_normals(seed, 50, 50, 5, 0)).warnings
    assert function(*two_normals(0, 200, 150, 2, 3)).warnings == ()


@pytest.mark.parametrize("function", ALL)
def test_the_floor_is_what_equal_distributions_show(function):
    results = [function(*two_normals(seed, 50, 40, 3, 0)) for seed in range(15)]
    values, floors = (
        np.array(numbers)
        for numbers in zip(*((r.value, r.diagnostics["null_level"]) for r in results), strict=True)
    )
    margin = 4 * math.hypot(values.std(), floors.std()) / math.sqrt(15)
    assert_allclose(floors.mean(), values.mean(), atol=margin)


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("function", ALL)
def test_the_interval_takes_off_what_halves_add(function, p):
    x, y = two_normals(19, 50, 50, 2, 2)
    r = function(x, y, p=p, confidence_level=0.9)
    root = 1 if function is otgan.sinkhorn_divergence else p
    cost, of_halves = r.value**root, r.diagnostics["of_halves"] ** root
    excess = max(of_halves - cost, 0)
    most = (1 + math.sqrt(2)) * excess
    if function is otgan.sinkhorn_divergence:
        most = max(most, r.diagnostics["null_level"])
    se = r.se * root * r.value ** (root - 1)
    least, student = cost - excess, stats.t.ppf(0.95, 49)
    low = cost - most - student * se
    high = least ** (1 / p) + student * se / p * least ** (1 / p - 1)
    assert_allclose(r.interval, [low ** (1 / root), high ** (p / root)])


def sinkhorn_of_squares(x, y, rng):
    # ε is a tenth of the mean cost, and the divergence of a shift its square
    epsilon = 0.2 * x.shape[1] + 0.1
    return otgan.sinkhorn_divergence(x, y, p=2, reg=epsilon, rng=rng)


DISTRIBUTIONS: dict[str, tuple[Callable[..., otgan.Estimate], Callable[[int], float]]] = {
    "sliced": (otgan.sliced_wasserstein, lambda d: sliced_shift(d, 1)),
    "sliced, p = 2": (
        lambda x, y, rng: otgan.sliced_wasserstein(x, y, p=2, n_projections=200, rng=rng),
        lambda d: sliced_shift(d, 2),
    ),
    "max-sliced": (
        lambda x, y, rng: otgan.max_sliced_wasserstein(x, y, n_restarts=1, rng=rng),
        lambda d: 1,
    ),
    "sinkhorn": (sinkhorn_of_squares, lambda d: 1),
}


@pytest.mark.parametrize("d", [2, 30])
@pytest.mark.parametrize("case", DISTRIBUTIONS)
def test_the_interval_is_for_the_distributions(case, d):
    function, truth = DISTRIBUTIONS[case]
    results = [function(*two_normals(seed, 60, 60, d, 1), rng=1000 + seed) for seed in range(60)]
    covered = [r.interval[0] <= truth(d) <= r.interval[1] for r in results]
    assert np.mean(covered) >= 0.86  # 0.95 less three standard deviations of a share of 60
    large = [any("too large for the distributions, by" in w for w in r.warnings) for r in results]
    assert np.mean(large) > 0.9 if d == 30 else np.mean(large) < 0.3


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("shift", [0.3, 0.6, 1.0])
def test_distributions_that_cannot_be_told_from_equal_ones_are_covered(p, shift):
    # samples that look like those of equal distributions do not show that these are
    pairs = [two_normals(500 + seed, 30, 20, 1, shift) for seed in range(150)]
    results = [otgan.sliced_wasserstein(x, y, p=p) for x, y in pairs]
    unsure = [r for r in results if r.diagnostics["null_pvalue"] > 0.025]
    assert len(unsure) > 15
    missed = [r.interval[1] < shift for r in unsure]
    assert np.mean(missed) <= 0.05


def test_no_distance_has_a_negative_end():
    x, y = two_normals(20, 40, 40, 3, 0)
    for function in SLICED:
        for other in (x, y, x + 1e-9):
            low, high = function(x, other).interval
            assert 0 <= low <= high


@pytest.mark.parametrize("function", ALL)
def test_bad_samples_are_refused(function):
    for x, y, message in [
        ([1], [1, 2, 3, 4], "points each"),
        (np.eye(4), np.eye(5), "the same number of columns"),
        ([1, 2, 3, np.nan], [1, 2, 3, 4], "x must be finite"),
        ([1e200, 0, 0, 0], [1, 2, 3, 4], "an extent of 1e+200"),
    ]:
        with refused(message):
            function(x, y)
    for p in (0.5, "one", np.inf):
        with refused("p must be"):
            function([1, 2, 3, 4], [2, 3, 4, 5], p=p)
    with refused("confidence_level must be"):
        function([1, 2, 3, 4], [2, 3, 4, 5], confidence_level=95)


def test_bad_options_are_refused():
    x, y = [1, 2, 3, 4], [2, 3, 4, 6]
    for count in (0, -1, 2.5, "many", True):
        with refused("n_projections must be"):
            otgan.sliced_wasserstein(x, y, n_projections=mistyped(count))
        with refused("n_restarts must be"):
            otgan.max_sliced_wasserstein(x, y, n_restarts=mistyped(count))
        with refused("max_iterations must be"):
            otgan.sinkhorn_divergence(x, y, max_iterations=mistyped(count))
    for epsilon in (0, -1, np.inf, np.nan, "small", True):
        with refused("reg must be"):
            otgan.sinkhorn_divergence(x, y, reg=mistyped(epsilon))
    with refused("reg must be", "a mean cost of 0"):
        otgan.sinkhorn_divergence([1, 1], [1, 1])
