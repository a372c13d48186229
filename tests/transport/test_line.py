import numpy as np
import ot
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from scipy.stats import norm, wasserstein_distance

import otgan
from otgan.measures import as_pair, to_numpy
from otgan.transport.line import solve_line
from tests.cases import EPS, FORMS, dense_cost, orders, problems, refused

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
