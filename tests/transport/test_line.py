import numpy as np
import ot
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm, wasserstein_distance

import otgan
from otgan.measures import as_pair, to_numpy
from otgan.transport.line import solve_line
from tests.cases import EPS, EXACT_RTOL, FORMS, dense_cost, orders, problems, refused

# Quantiles are sums of up to 16 weights, and the value a sum over them.
RTOL = 64 * EPS


@given(problems(d=1), orders)
def test_the_closed_form_is_the_linear_program(problem, p):
    (x, a), (y, b) = problem
    cost = otgan.emd_linprog(dense_cost(x, y, p=p), a, b).cost
    # Weights of 1e-12 reach HiGHS rounded to 1e-10, its tolerance, times the largest cost.
    atol = 1e-9 * max(1, dense_cost(x, y, p=p).max())
    assert_allclose(otgan.wasserstein_1d(x, y, a, b, p=p) ** p, cost, rtol=1e-9, atol=atol)


@given(problems(d=1))
def test_order_one_is_scipy(problem):
    (x, a), (y, b) = problem
    expected = wasserstein_distance(x[:, 0], y[:, 0], a, b)
    assert_allclose(otgan.wasserstein_1d(x, y, a, b), expected, rtol=RTOL, atol=RTOL)


@given(problems(d=1), orders)
def test_plan_and_potentials_are_complementary(problem, q):
    (x, a), (y, b) = problem
    mu, nu = as_pair(x, y, a, b)
    (i, j, mass), f, g = solve_line(mu, nu, q)
    C = dense_cost(x, y, p=q)
    rounding = 16 * EPS * max(1, C.max())
    assert (mass >= 0).all()
    assert len(mass) == mu.n + nu.n - 1
    assert_allclose(np.bincount(i, mass, mu.n), mu.weights, rtol=0, atol=16 * EPS)
    assert_allclose(np.bincount(j, mass, nu.n), nu.weights, rtol=0, atol=16 * EPS)
    assert (f[:, None] + g - C <= rounding).all()
    assert_allclose((f[i] + g[j])[mass > 0], C[i, j][mass > 0], rtol=0, atol=rounding)


@given(problems(d=1), orders, st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(problem, p, random):
    # POT #138: weights that were not sorted along with their points.
    (x, a), (y, b) = problem
    shuffled = random.sample(range(len(x)), len(x))
    before = otgan.wasserstein_1d(x, y, a, b, p=p) ** p
    after = otgan.wasserstein_1d(x[shuffled], y, a[shuffled], b, p=p) ** p
    assert_allclose(after, before, rtol=RTOL, atol=RTOL * 6**p)


@pytest.mark.parametrize("p", [1, 1.5, 2, 5])
@pytest.mark.parametrize("sizes", [(500, 500), (500, 333)])
def test_large_samples_agree_with_pot(p, sizes):
    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=n) for n in sizes)
    expected = ot.wasserstein_1d(x, y, p=p)  # POT leaves out the root
    # 832 quantile steps, each a cumulative sum: an ulp for each at worst
    assert_allclose(otgan.wasserstein_1d(x, y, p=p) ** p, expected, rtol=832 * EPS)


@pytest.mark.parametrize(
    ("mean", "sigma", "distance"), [(1, 2, 1.166631), (0.5, 3, 1.645379), (3, 1, 3.0)]
)
def test_gaussians(mean, sigma, distance):
    # 10 000 mid-quantiles miss the tails: an error of about 1e-4 sigma.
    z = norm.ppf((np.arange(10_000) + 0.5) / 10_000)
    assert_allclose(otgan.wasserstein_1d(z, mean + sigma * z), distance, rtol=2e-4)


def test_the_root_is_taken():
    # Two peers return 9 here.
    assert otgan.wasserstein_1d([0], [3], p=2) == 3


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e100, 1e200])
def test_powers_neither_overflow_nor_underflow(scale):
    distance = otgan.wasserstein_1d([0, scale], [0, 3 * scale], p=3)
    assert_allclose(distance, scale * 4 ** (1 / 3), rtol=8 * EPS)


def test_idle_arcs_do_not_make_powers_underflow():
    x, weights = np.array([0.0, 1e3]), [1, 2]
    distance = otgan.wasserstein_1d(x, x + 2.0**-30, weights, weights, p=64)
    assert_allclose(distance, 2.0**-30, rtol=4 * EPS)


@pytest.mark.parametrize("form", FORMS)
def test_every_kind_of_array(form):
    x, a = np.array([3.0, 0.0, 1.0]), np.array([1.0, 2.0, 1.0])
    distance = otgan.wasserstein_1d(FORMS[form](x), [2.0], FORMS[form](a), [4.0])
    assert to_numpy(distance) == 1.5


def test_points_in_the_plane_are_sent_to_the_right_function():
    with refused("x must be points on the line", "(3, 2)", "otgan.wasserstein"):
        otgan.wasserstein_1d(np.zeros((3, 2)), np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("arguments", "options", "fragments"),
    [
        (([0, np.nan], [1]), {}, ("x must be finite",)),
        (([0, 1], [1], [1, -1]), {}, ("-1 at position 1",)),
        (([0, 1], [1], [1]), {}, ("(2,)", "(1,)")),
        (([], [1]), {}, ("at least one point",)),
        (([0], [1]), {"p": 0.9}, ("p must", "0.9")),
        (([0], [1e300]), {}, ("1e+300", "rescale")),
        (([0], [1], [1], [1.001]), {}, ("differ by 0.001",)),
    ],
)
def test_refusals(arguments, options, fragments):
    with refused(*fragments):
        otgan.wasserstein_1d(*arguments, **options)


def test_a_tiny_distance_between_large_clouds_keeps_its_digits():
    """Rounding of partial sums must not send mass across the cloud: here it cost 1e8 times W."""
    x = np.random.default_rng(0).integers(-(2**20), 2**20, size=3000) / 2.0**18
    r = otgan.emd(x, x[::-1] + 2.0**-23, p=3)
    assert_allclose(r.distance, 2.0**-23, rtol=1e-9)


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("offset", [0, 1e6])
@pytest.mark.parametrize("apart", [1e-3, 1e-5, 1e-7, 1e-9])
@pytest.mark.parametrize("how", ["shift", "noise", "twice as many", "weights in another order"])
def test_the_bracket_closes_for_clouds_that_nearly_coincide(how, apart, offset, p):
    rng = np.random.default_rng(0)
    x, a, b = rng.normal(size=100) + offset, None, None
    y = x + apart
    if how == "noise":
        y = x + apart * rng.normal(size=100)
    elif how == "twice as many":
        y = np.repeat(x, 2) + apart * rng.normal(size=200)
    elif how == "weights in another order":
        order, a = rng.permutation(100), rng.random(100)
        y, b = y[order], a[order]
    r = otgan.emd(x, y, a, b, p=p)
    assert r.gap <= EXACT_RTOL * r.cost
    if how in ("shift", "weights in another order"):  # y - x is one number, give or take rounding
        assert_allclose(r.distance, apart, rtol=1e-9, atol=EPS * (1 + offset))


@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sizes", [(10, 7), (97, 101), (3000, 3000), (3000, 2100), (2999, 3000)])
def test_all_sizes_agree_with_pot(sizes, weighted, p):
    """Short and long clouds take different ways: copies, whole units, sorting by bits."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=sizes[0]), 2 * rng.normal(size=sizes[1]) - 1
    a, b = (rng.random(n) if weighted else np.ones(n) for n in sizes)
    a, b = a / a.sum(), b / b.sum()
    expected = ot.emd2_1d(x, y, a, b, metric="minkowski", p=p)
    # POT subtracts mass from mass for 6 000 steps, and a misplaced ulp costs up to 8 ** p
    given = (a, b) if weighted else (None, None)
    assert_allclose(otgan.wasserstein_1d(x, y, *given, p=p) ** p, expected, rtol=1e-12, atol=1e-11)
    if p == 1:
        expected = wasserstein_distance(x, y, a, b)
        assert_allclose(otgan.wasserstein_1d(x, y, *given), expected, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(6, 4), (7, 10), (40, 10), (501, 499)])
def test_equal_weights_are_shared_out_exactly(sizes):
    n, m = sizes
    mu, nu = as_pair(np.arange(n), np.arange(m), None, None)
    i, j, mass = solve_line(mu, nu, 1).arcs
    units = mass * np.lcm(n, m)
    assert_allclose(units, np.rint(units), rtol=2 * EPS)
    assert_array_equal(np.bincount(i, np.rint(units)), np.lcm(n, m) // n)
    assert_array_equal(np.bincount(j, np.rint(units)), np.lcm(n, m) // m)


def test_the_caller_keeps_his_arrays():
    x, y, a = np.array([3.0, 1.0, 2.0]), np.array([5.0, 4.0, 6.0]), np.array([1.0, 2.0, 1.0])
    for weights in (None, a):
        otgan.wasserstein_1d(x, y, weights, weights, p=2)
    assert_array_equal([x, y, a], [[3, 1, 2], [5, 4, 6], [1, 2, 1]])
