"""Funnel pairs: the move is an optimal plan, and W1 is what several oracles say."""

import pickle
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

import otgan
from otgan.datasets import funnel_pair, funnel_pair_from, potentials
from otgan.datasets.funnels import integrate
from otgan.errors import SolverError
from tests.cases import mistyped, refused

EPS = np.finfo(float).eps
SIZES = [(1, 1), (1, 5), (2, 4), (2, 64), (8, 16), (64, 16), (128, 256)]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def torch() -> ModuleType:
    return pytest.importorskip("torch")


def mean_and_se(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


# ---------------------------------------------------------------- the move


def move_of(pair):
    return pair.x.move


def move_by_the_book(point, centers, biases, p, box):
    """T(y) for one point as the benchmark's paper has it: ray lengths from the point outward."""
    heights = np.linalg.norm(point - centers, axis=1) + biases
    k, u = heights.argmin(), heights.min()
    s = np.linalg.norm(point - centers[k])
    v = (point - centers[k]) / s
    ends = [np.abs((np.sign(v) * box - point) / v).min()]
    for m in range(len(centers)):
        delta, offset = u - biases[m], point - centers[m]
        bottom = 2 * (delta - v @ offset)
        if m != k and bottom != 0:
            r = (offset @ offset - delta**2) / bottom
            ends += [r] if r > 0 and r > -delta else []
    length = s + min(ends)
    return centers[k] + length * (s / length) ** p * v


@pytest.mark.parametrize(("d", "n_funnels"), SIZES)
@pytest.mark.parametrize("p", [1.5, 8])
def test_points_move_as_the_paper_says(d, n_funnels, p, rng):
    pair = funnel_pair(d, n_funnels, p, rng=3)
    points = pair.y.sample(50, rng)
    funnels = move_of(pair).funnels
    expected = [move_by_the_book(y, funnels.centers, funnels.biases, p, 2.5) for y in points]
    # The book's difference of squares loses digits where funnels nearly tie.
    assert_allclose(move_of(pair)(points), expected, atol=1e-9)


@pytest.mark.parametrize(("d", "n_funnels"), [(1, 5), (2, 4), (2, 64), (8, 16), (64, 16), (64, 64)])
def test_the_move_is_an_optimal_plan(d, n_funnels, rng):
    """By the exact solver, which knows nothing of funnels."""
    pair = funnel_pair(d, n_funnels, rng=1)
    y = pair.y.sample(400, rng)
    x = move_of(pair)(y)
    paired = np.linalg.norm(x - y, axis=1).mean()
    assert_allclose(otgan.emd(x, y).cost, paired, rtol=1e-9)
    # And f proves it: the dual value of these very points is the same.
    assert_allclose((pair.potential(x) - pair.potential(y)).mean(), paired, rtol=1e-12)


@given(st.data())
def test_potentials_are_1_lipschitz_and_fall_at_full_speed_along_the_move(data):
    d, n = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    inside = st.floats(-2.4, 2.4)
    centers = data.draw(arrays(float, (n, d), elements=inside))
    biases = data.draw(arrays(float, n, elements=st.floats(-3, 3)))
    p = data.draw(st.floats(1, 20))
    pair = funnel_pair_from(centers, biases, p)
    y = data.draw(arrays(float, (6, d), elements=st.floats(-2.5, 2.5)))
    x = move_of(pair)(y)
    f, g = pair.potential(x), pair.potential(y)
    rounding = 64 * EPS * 10  # a few operations on numbers below ten
    assert (np.abs(f[:, None] - g) <= np.linalg.norm(x[:, None] - y, axis=2) + rounding).all()
    assert_allclose(f - g, np.linalg.norm(x - y, axis=1), atol=rounding)
    assert (np.abs(x) <= 2.5 + rounding).all()


def test_mass_on_an_apex_stays(rng, torch):
    pair = funnel_pair(3, 5)
    centers = move_of(pair).funnels.centers[[int(np.argmin(move_of(pair).funnels.biases))]]
    for points in (centers, torch.tensor(centers)):
        assert_array_equal(np.asarray(move_of(pair)(points)), centers)
        assert_array_equal(np.asarray(pair.gradient(points)), np.zeros((1, 3)))


def test_power_one_moves_nothing(rng):
    pair = funnel_pair(4, 8, 1)
    y = pair.y.sample(100, rng)
    assert_array_equal(move_of(pair)(y), y)
    assert pair.w1 == 0


def test_a_hidden_funnel_makes_no_difference(rng):
    centers, biases = rng.uniform(-2, 2, (3, 2)), np.array([0.0, 0.1, 0.2])
    few = funnel_pair_from(centers, biases)
    # Above the surface of the others everywhere, and twins of one of them.
    more = funnel_pair_from(
        np.concatenate([centers, [[0.0, 0.0]], centers[:1]]), [*biases, 9.0, biases[0]]
    )
    y = few.y.sample(200, rng)
    assert_allclose(move_of(more)(y), move_of(few)(y), atol=1e-12)


# ---------------------------------------------------------------- the truth


def w1_on_the_line(centers, biases, p, box):
    """Exact: the rays of the line are segments, each of length l gives l² (1/2 - 1/(p+1))."""
    order = np.argsort(centers)
    a, b = centers[order], biases[order]
    ties = (a[1:] + a[:-1] + b[1:] - b[:-1]) / 2
    ends = np.concatenate([[-box], ties, [box]])
    assert (ends[:-1] <= a).all() and (a <= ends[1:]).all()  # no funnel is hidden
    squares = (a - ends[:-1]) ** 2 + (ends[1:] - a) ** 2
    return squares.sum() * (0.5 - 1 / (p + 1)) / (2 * box)


@pytest.mark.parametrize("p", [1.5, 8, 100])
def test_w1_on_the_line_is_exact(p):
    centers, biases = np.array([1.0, -2.0, 0.3, 2.4]), np.array([0.0, 0.1, -0.2, 0.3])
    pair = funnel_pair_from(centers, biases, p)
    exact = w1_on_the_line(centers, biases, p, 2.5)
    # Five standard errors of sixteen scramblings: a t with 15 degrees exceeds them once in 1e4.
    assert_allclose(pair.w1, exact, atol=5 * pair.w1_se)
    assert pair.w1_se < 1e-5


@pytest.mark.parametrize(("d", "n_funnels"), SIZES)
def test_w1_is_that_of_plain_monte_carlo(d, n_funnels, rng):
    pair = funnel_pair(d, n_funnels)
    y = pair.y.sample(20_000, rng)
    mean, se = mean_and_se(np.linalg.norm(y - move_of(pair)(y), axis=1))
    assert_allclose(pair.w1, mean, atol=5 * np.hypot(se, pair.w1_se))
    # From independent samples of both distributions, by the potential alone.
    f, se_f = mean_and_se(pair.potential(pair.x.sample(20_000, rng)))
    g, se_g = mean_and_se(pair.potential(y))
    assert_allclose(f - g, pair.w1, atol=5 * np.sqrt(se_f**2 + se_g**2 + pair.w1_se**2))


@pytest.mark.parametrize(("d", "n_funnels"), [(1, 1), (1, 5), (2, 4), (2, 16)])
def test_w1_is_that_of_large_samples_by_exact_transport(d, n_funnels, rng):
    pair, n = funnel_pair(d, n_funnels), 3000
    x, y = pair.x.sample(n, rng), pair.y.sample(n, rng)
    cost = otgan.emd(x, y).cost
    gap = (pair.potential(x) - pair.potential(y)).mean()
    assert cost >= gap - 1e-12  # weak duality, for any samples
    # Samples are off the distributions by about what they are off another sample of the same
    # distribution.
    off = otgan.emd(x, pair.x.sample(n, rng)).cost + otgan.emd(y, pair.y.sample(n, rng)).cost
    assert_allclose(cost, pair.w1, atol=off)
    assert off < 0.4 * pair.w1  # so that the comparison says something


def test_both_sides_of_the_duality_agree():
    for d, n_funnels in ((2, 64), (128, 16)):
        truth = integrate(move_of(funnel_pair(d, n_funnels)), log2_points=10, scramblings=4)
        assert_allclose(truth.primal, truth.dual, rtol=1e-12)


def test_standard_errors_say_how_far_apart_computations_are():
    move = move_of(funnel_pair(8, 16))
    runs = [integrate(move, log2_points=9, rng=seed) for seed in range(20)]
    values, errors = np.array([(run.primal, run.se) for run in runs]).T
    # The spread of 20 runs is known to 16 %; four times that.
    assert_allclose(values.std(ddof=1), np.sqrt((errors**2).mean()), rtol=0.64)


def test_more_points_give_a_smaller_error():
    move = move_of(funnel_pair(2, 4))
    few, many = (integrate(move, log2_points=k, rng=5) for k in (8, 14))
    # 64 times the points: plain Monte Carlo would gain a factor 8.
    assert many.se < few.se / 16
    assert_allclose(few.primal, many.primal, atol=5 * few.se)


def test_scale_and_height_distributions():
    centers, biases = np.array([[1.0, 0.5], [-1.0, 2.0]]), np.array([0.1, -0.1])
    base = funnel_pair_from(centers, biases)
    scaled = funnel_pair_from(100 * centers, 100 * biases, box=250.0)
    raised = funnel_pair_from(centers, biases + 7)
    assert_allclose(scaled.w1, 100 * base.w1, rtol=1e-12)
    assert_allclose(raised.w1, base.w1, rtol=1e-12)
    assert_allclose(funnel_pair(3, 4, box=25.0).w1, 10 * funnel_pair(3, 4).w1, rtol=1e-12)


def test_the_truth_is_computed_when_asked_for_and_once(monkeypatch):
    pair = funnel_pair(2, 4)
    pair.x.sample(3)
    repr(pair)
    assert "_w1" not in vars(pair)
    first = pair.w1
    monkeypatch.setattr("otgan.datasets.funnels.integrate", None)
    assert pair.w1 == first


def test_the_truth_is_a_function_of_the_parameters():
    funnels = move_of(funnel_pair(3, 5, rng=4)).funnels
    rebuilt = funnel_pair_from(funnels.centers.tolist(), funnels.biases.tolist())
    original, twin = funnel_pair(3, 5, rng=4), pickle.loads(pickle.dumps(rebuilt))
    assert original.w1 == rebuilt.w1 == twin.w1
    assert funnel_pair(3, 5, rng=5).w1 != original.w1


def test_parameters_beyond_float64_are_noticed():
    # At heights of 1e15 a fall of the potential is known to 1/8.
    move = move_of(funnel_pair_from([[0.0], [1.0]], [1e15, 1e15 + 0.5]))
    with pytest.raises(SolverError, match="must agree, got") as caught:
        integrate(move, log2_points=4, scramblings=2)
    assert caught.value.partial.se >= 0


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize(("d", "n_funnels"), [(1, 5), (2, 64), (128, 256)])
def test_torch_and_numpy_compute_the_same(d, n_funnels, rng, torch):
    pair = funnel_pair(d, n_funnels)
    points = pair.y.sample(500, rng)
    for function in (move_of(pair), pair.potential, pair.gradient):
        ours = function(points)
        theirs = function(torch.tensor(points))
        assert theirs.dtype == torch.float64
        assert_allclose(theirs.numpy(), ours, atol=1e-12)
        single = function(torch.tensor(points, dtype=torch.float32))
        assert single.dtype == torch.float32
        # One rounding of the points, one of the result: 2.5 * 2^-24 each, times slopes. The ends of
        # rays bend by up to 1 / (distance of the apexes).
        assert_allclose(single.numpy(), ours, atol=2e-4)


def test_samples_in_float32_are_accurate_to_their_rounding(torch):
    pair = funnel_pair(128, 256)
    generator = torch.Generator()
    single = pair.x.sample(1000, generator.manual_seed(0))
    double = pair.x.sample(1000, generator.manual_seed(0), dtype=torch.float64)
    assert_allclose(single.numpy(), double.numpy(), rtol=2.0**-24)


def test_points_of_the_same_seed_are_not_the_apexes():
    pair = funnel_pair(2, 4, rng=0)
    points = pair.y.sample(4, np.random.default_rng(0))
    assert (pair.potential(points) != -move_of(pair).funnels.biases).all()
    assert_allclose(np.linalg.norm(pair.gradient(points), axis=1), 1, rtol=1e-12)


def test_blocks_make_no_difference(rng, monkeypatch):
    pair = funnel_pair(3, 7)
    points = pair.y.sample(100, rng)
    whole = [function(points) for function in (move_of(pair), pair.potential, pair.gradient)]
    monkeypatch.setattr(potentials, "BLOCK", 70)
    for function, expected in zip(
        (move_of(pair), pair.potential, pair.gradient), whole, strict=True
    ):
        assert_allclose(function(points), expected, rtol=1e-14)  # products of another shape


@pytest.mark.parametrize(("d", "n_funnels"), [(2, 4), (16, 8)])
def test_gradients_are_finite_differences(d, n_funnels, rng):
    pair = funnel_pair(d, n_funnels)
    points, h = pair.y.sample(30, rng), 1e-6
    gradient = pair.gradient(points)
    assert_allclose(np.linalg.norm(gradient, axis=1), 1, rtol=1e-12)
    for i, step in enumerate(h * np.eye(d)):
        slope = (pair.potential(points + step) - pair.potential(points - step)) / (2 * h)
        assert_allclose(gradient[:, i], slope, atol=1e-8)  # eps / h and h² / distance²


# ---------------------------------------------------------------- refusals


def test_bad_arguments_are_refused():
    for d in (0, 2.5, True, "2"):
        with refused("d must be a whole number"):
            funnel_pair(mistyped(d), 4)
        with refused("n_funnels must be a whole number"):
            funnel_pair(2, mistyped(d))
    for seed in (-1, 0.5, True):
        with refused("rng must be"):
            funnel_pair(2, 4, rng=seed)
    with refused("box must be a positive number"):
        funnel_pair(2, 4, box=-1.0)
    with refused("p must be >= 1, got 0.5"):
        funnel_pair(2, 4, 0.5)
    with refused("p must be a positive number"):
        funnel_pair(2, 4, np.nan)
    with refused("biases must be 1 finite numbers"):
        funnel_pair_from([[0.0]], [1.0, 2.0])
    with refused("biases must be 1 finite numbers"):
        funnel_pair_from([[0.0]], [np.nan])
    with refused("centers must lie inside the cube"):
        funnel_pair_from([[2.5]], [0.0])
    with refused("centers must be finite"):
        funnel_pair_from([[np.nan]], [0.0])
    with refused("d must be at most 21201"):
        funnel_pair(21202, 1)


def test_points_of_another_kind_are_refused(torch):
    pair = funnel_pair(2, 4)
    for function in (pair.potential, pair.gradient, move_of(pair)):
        with refused("points must have 2 columns, got 3"):
            function(np.zeros((4, 3)))
        with refused("points must be finite"):
            function([[np.inf, 0.0]])
        with refused("points must be a floating tensor of shape (n, 2)"):
            function(torch.zeros(4))
        with refused("points must be a floating tensor of shape (n, 2)"):
            function(torch.zeros(4, 2, dtype=torch.int64))
