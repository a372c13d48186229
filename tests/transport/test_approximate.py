"""Sliced, max-sliced and entropic distances against closed forms, POT, and their own spread."""

import math

import numpy as np
import ot
import pytest
from hypothesis import given, settings
from numpy.testing import assert_allclose
from scipy import stats

import otgan
from otgan.errors import SolverError
from otgan.transport import approximate
from tests.cases import PLAIN_FORMS, dense_cost, problems, refused


def two_normals(seed, n, m, d, shift, scale=1.0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, d)), scale * rng.normal(size=(m, d))
    y[:, 0] += shift
    return x, y


def sliced_shift(d, p):
    """Sliced distance of a distribution and its copy at distance one."""
    if p == 2:
        return d**-0.5
    return math.gamma(d / 2) / (math.sqrt(math.pi) * math.gamma((d + 1) / 2))


ALL = [otgan.sliced_wasserstein, otgan.max_sliced_wasserstein, otgan.sinkhorn_divergence]
SLICED = ALL[:2]


# ---------------------------------------------------------------- sliced


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 3, 10])
def test_a_shift_in_closed_form(d, p):
    x, _ = two_normals(0, 50, 2, d, 0)
    shift = np.zeros(d)
    shift[-1] = 4
    result = otgan.sliced_wasserstein(x, x + shift, p=p, directions=4000)
    known = {(2, 1): 0.6366197724, (3, 1): 0.5, (10, 1): 0.2586899392}
    assert_allclose(sliced_shift(d, p), known.get((d, p), d**-0.5), rtol=1e-9)
    # the points are the same: directions alone bring chance
    error = result.diagnostics["directions_se"]
    assert error < 0.02 * result.value
    assert_allclose(result.value, 4 * sliced_shift(d, p), atol=4 * error)


@pytest.mark.parametrize("p", [1, 1.5, 2])
@pytest.mark.parametrize("sizes", [(30, 30), (30, 20), (7, 12)])
def test_exact_on_the_line(sizes, p):
    x, y = two_normals(1, *sizes, 1, 1, 2)
    expected = otgan.wasserstein_1d(x, y, p=p)
    for function in SLICED:
        result = function(x, y, p=p)
        assert_allclose(result.value, expected, rtol=1e-12)
    result = otgan.sliced_wasserstein(x, y, p=p)
    assert (result.n, result.m) == sizes
    assert result.diagnostics["directions"] == 1
    assert result.diagnostics["directions_se"] == 0


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("sizes", [(40, 40), (40, 27)])
def test_agrees_with_pot_direction_by_direction(sizes, p):
    x, y = two_normals(2, *sizes, 3, 1)
    normal = np.random.default_rng(5).normal(size=(60, 3))
    thetas = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    expected = ot.sliced_wasserstein_distance(x, y, projections=thetas.T, p=p)
    result = otgan.sliced_wasserstein(x, y, p=p, directions=60, rng=5)
    assert_allclose(result.value, expected, rtol=1e-10)


def test_many_blocks_are_one(monkeypatch):
    x, y = two_normals(3, 40, 30, 3, 1)
    whole = otgan.sliced_wasserstein(x, y, directions=50)
    monkeypatch.setattr("otgan.transport.approximate.BLOCK_ENTRIES", 500)
    blocks = otgan.sliced_wasserstein(x, y, directions=50)
    assert_allclose([blocks.value, blocks.se], [whole.value, whole.se], rtol=1e-12)


@given(problems())
@settings(max_examples=20)
def test_slices_are_below_the_whole(problem):
    x, y = (np.repeat(points, 4, axis=0) for points, _ in problem)
    rounding = 1e-12 * (1 + np.abs(x).max() + np.abs(y).max())
    for p in (1, 2):
        exact = otgan.emd(x, y, p=p).distance
        sliced = otgan.sliced_wasserstein(x, y, p=p, directions=20).value
        steepest = otgan.max_sliced_wasserstein(x, y, p=p, restarts=2).value
        assert 0 <= sliced <= exact * (1 + 1e-9) + rounding
        assert sliced - rounding <= steepest <= exact * (1 + 1e-9) + rounding


@pytest.mark.parametrize("p", [1, 1.5, 3])
@pytest.mark.parametrize("sizes", [(9, 9), (12, 8), (7, 5), (1, 4)])
def test_potentials_of_slices_are_a_proof(sizes, p):
    x, y = two_normals(24, *sizes, 1, 0.5)
    clouds = approximate._Clouds.between(x, y, p)
    slices = approximate._solve(clouds, np.ones((1, 1)))
    f, g = approximate._potentials(clouds, slices)
    C = dense_cost(x, y, p=p)
    first = C[x.argmin(), y.argmin()]  # f and g are zero there
    assert (f[:, None] + g + first <= C + 1e-12).all()
    assert_allclose(f.mean() + g.mean() + first, slices.costs[0], rtol=1e-12)


# ---------------------------------------------------------------- max-sliced


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("d", [2, 10])
def test_a_shift_is_found_whole(d, p):
    x, _ = two_normals(4, 60, 2, d, 0)
    shift = np.linspace(1, 2, d)
    result = otgan.max_sliced_wasserstein(x, x[::-1] + shift, p=p)
    assert_allclose(result.value, np.linalg.norm(shift), rtol=1e-6)


def test_two_dimensions_are_searched_completely():
    # One axis is stretched: means agree, and the worst direction is not among the looks.
    x, y = two_normals(5, 80, 60, 2, 0)
    y[:, 1] *= 4
    angles = np.linspace(0, np.pi, 20_001)
    best = ot.max_sliced_wasserstein_distance(
        x, y, projections=np.array([np.cos(angles), np.sin(angles)]), p=1
    )
    found = otgan.max_sliced_wasserstein(x, y)
    assert_allclose(found.value, best, rtol=1e-6)
    assert found.value >= best * (1 - 1e-9)


def test_the_search_beats_random_directions_in_ten_dimensions():
    x, y = two_normals(6, 200, 150, 10, 0)
    y[:, 3] *= 3
    found = otgan.max_sliced_wasserstein(x, y, p=2).value
    random = ot.max_sliced_wasserstein_distance(x, y, n_projections=5000, p=2, seed=0)
    along_the_axis = otgan.wasserstein_1d(x[:, 3], y[:, 3], p=2)
    assert found > random
    assert found >= along_the_axis


def test_directions_that_fit_the_sample_are_warned_of():
    noise = otgan.max_sliced_wasserstein(*two_normals(7, 50, 50, 40, 0))
    assert noise.diagnostics["held_out"] < 0.6 * noise.value
    assert any("did not choose the direction" in warning for warning in noise.warnings)
    clear = otgan.max_sliced_wasserstein(*two_normals(7, 300, 200, 3, 3))
    assert_allclose(clear.diagnostics["held_out"], clear.value, rtol=0.05)
    assert clear.warnings == ()


# ---------------------------------------------------------------- Sinkhorn


def by_pot(x, y, p, epsilon):
    def entropic(u, v):
        a, b = np.full(len(u), 1 / len(u)), np.full(len(v), 1 / len(v))
        C = dense_cost(u, v, p=p)
        solved = ot.solve(C, a, b, reg=epsilon, reg_type="KL", tol=1e-11, max_iter=20_000)
        return solved.value

    return entropic(x, y) - 0.5 * entropic(x, x) - 0.5 * entropic(y, y)


@pytest.mark.parametrize(("p", "epsilon"), [(1, 0.3), (1.5, 1), (2, 2)])
def test_sinkhorn_agrees_with_pots_other_solver(p, epsilon):
    x, y = two_normals(8, 40, 30, 2, 1)
    result = otgan.sinkhorn_divergence(x, y, p=p, regularization=epsilon)
    assert_allclose(result.value, by_pot(x, y, p, epsilon), rtol=1e-5)
    assert result.diagnostics["marginal_error"] <= 1e-6
    assert result.diagnostics["regularization"] == epsilon


@pytest.mark.parametrize("epsilon", [0.5, 5, 50])
def test_sinkhorn_of_a_shift_is_its_square(epsilon):
    # |x - y - s|² differs from |x - y|² by a function of x plus one of y.
    x, _ = two_normals(9, 30, 2, 2, 0)
    result = otgan.sinkhorn_divergence(x, x + [3, 4], p=2, regularization=epsilon)
    assert_allclose(result.value, 25, rtol=1e-5)


@pytest.mark.parametrize("p", [1, 2])
def test_little_regularization_gives_transport(p):
    x, y = two_normals(10, 30, 20, 2, 2)
    exact = otgan.emd(x, y, p=p).cost
    values = [
        float(otgan.sinkhorn_divergence(x, y, p=p, regularization=eps, max_iterations=10**5))
        for eps in (0.2, 0.05)
    ]
    # between x and y the entropy adds at most ε log n, within them it may take away as much
    for value, eps in zip(values, (0.2, 0.05), strict=True):
        assert_allclose(value, exact, atol=eps * math.log(30))
    assert abs(values[1] - exact) < 0.5 * abs(values[0] - exact)


def test_much_regularization_gives_half_the_energy_distance():
    x, y = two_normals(11, 40, 30, 3, 1)
    energy = float(otgan.energy_distance_squared(x, y, unbiased=False))
    result = otgan.sinkhorn_divergence(x, y, regularization=1e4)
    assert_allclose(result.value, energy / 2, rtol=1e-3)


@pytest.mark.parametrize("n", [900, 1100])
def test_more_than_a_thousand_points_converge(n):
    # POT's stabilization, left alone, goes astray from 1,000 points on.
    x, y = two_normals(12, n, n - 50, 2, 2)
    assert otgan.sinkhorn_divergence(x, y, p=2, regularization=0.5).diagnostics["iterations"] < 500


def test_clouds_far_apart_converge():
    x, y = two_normals(13, 30, 20, 2, 1e5)
    result = otgan.sinkhorn_divergence(x, y, regularization=1)
    assert_allclose(result.value, otgan.emd(x, y).cost, rtol=1e-4)


def test_iterations_that_did_not_converge_give_no_number():
    x, y = two_normals(14, 60, 50, 1, 0)
    with pytest.raises(SolverError, match=r"must be right to 1e-06.* got an error of .* to fix it"):
        otgan.sinkhorn_divergence(x, y, regularization=1e-3, max_iterations=50)
    with pytest.raises(SolverError, match="to fix it"):
        otgan.sinkhorn_divergence(x, y, regularization=1e-300, max_iterations=50)


# ---------------------------------------------------------------- distributions


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


# ---------------------------------------------------------------- errors


def random_slices(x, y, p=1):
    return otgan.sliced_wasserstein(x, y, p=p, directions=60, rng=int(1e6 * abs(x[0, 0])))


CASES = {
    "sliced, p = 1": (random_slices, (80, 60, 3, 2)),
    "sliced, p = 2": (lambda x, y: random_slices(x, y, 2), (80, 80, 3, 2)),
    "on the line": (otgan.sliced_wasserstein, (80, 80, 1, 2, 2)),
    "max-sliced, p = 1": (
        lambda x, y: otgan.max_sliced_wasserstein(x, y, restarts=1),
        (60, 40, 3, 2),
    ),
    "max-sliced, p = 2": (
        lambda x, y: otgan.max_sliced_wasserstein(x, y, p=2, restarts=1),
        (50, 50, 2, 2),
    ),
    "sinkhorn, p = 1": (
        lambda x, y: otgan.sinkhorn_divergence(x, y, regularization=0.5),
        (80, 60, 2, 2),
    ),
    "sinkhorn, p = 2": (
        lambda x, y: otgan.sinkhorn_divergence(x, y, p=2, regularization=2),
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


def test_the_two_errors_of_slices_are_told_apart():
    x, y = two_normals(18, 100, 80, 3, 2)
    few, many = (otgan.sliced_wasserstein(x, y, directions=k) for k in (50, 5000))
    assert_allclose(
        few.diagnostics["directions_se"] / many.diagnostics["directions_se"], 10, rtol=0.25
    )
    assert_allclose(few.diagnostics["sampling_se"], many.diagnostics["sampling_se"], rtol=0.2)
    again = [otgan.sliced_wasserstein(x, y, directions=50, rng=k).value for k in range(1, 200)]
    assert_allclose(few.diagnostics["directions_se"], np.std(again), rtol=0.3)


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
    low, high = stats.norm.ppf([0.05, 0.95]) * se + [cost - most, cost - excess]
    assert_allclose(r.interval, [low ** (1 / root), high ** (1 / root)])


def sinkhorn_of_squares(x, y, rng):
    # ε is a tenth of the mean cost, and the divergence of a shift its square
    epsilon = 0.2 * x.shape[1] + 0.1
    return otgan.sinkhorn_divergence(x, y, p=2, regularization=epsilon, rng=rng)


DISTRIBUTIONS = {
    "sliced": (otgan.sliced_wasserstein, lambda d: sliced_shift(d, 1)),
    "sliced, p = 2": (
        lambda x, y, rng: otgan.sliced_wasserstein(x, y, p=2, directions=200, rng=rng),
        lambda d: sliced_shift(d, 2),
    ),
    "max-sliced": (
        lambda x, y, rng: otgan.max_sliced_wasserstein(x, y, restarts=1, rng=rng),
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


def test_no_distance_has_a_negative_end():
    x, y = two_normals(20, 40, 40, 3, 0)
    for function in SLICED:
        for other in (x, y, x + 1e-9):
            low, high = function(x, other).interval
            assert 0 <= low <= high


# ---------------------------------------------------------------- refusals


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
        with refused("directions must be"):
            otgan.sliced_wasserstein(x, y, directions=count)
        with refused("restarts must be"):
            otgan.max_sliced_wasserstein(x, y, restarts=count)
        with refused("max_iterations must be"):
            otgan.sinkhorn_divergence(x, y, max_iterations=count)
    for epsilon in (0, -1, np.inf, np.nan, "small", True):
        with refused("regularization must be"):
            otgan.sinkhorn_divergence(x, y, regularization=epsilon)
    with refused("regularization must be", "a mean cost of 0"):
        otgan.sinkhorn_divergence([1, 1], [1, 1])
