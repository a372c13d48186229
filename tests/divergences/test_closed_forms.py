from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, pairwise, product
from types import ModuleType

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.special import polygamma

from otgan.datasets import gaussians_on_line
from otgan.divergences.closed_forms import (
    Exponential,
    Gamma,
    Gaussian,
    Laplace,
    Poisson,
    Uniform,
    hellinger,
    js,
    kl,
    total_variation,
    wasserstein,
)
from otgan.divergences.closed_forms.distances import _by_quantiles
from otgan.divergences.closed_forms.quadrature import integrate
from otgan.divergences.closed_forms.special import (
    excess,
    gammaln_bregman,
    gammaln_difference,
    log_poisson,
)
from otgan.divergences.histograms import (
    hellinger as hellinger_of_histograms,
    js_divergence,
    total_variation as tv_of_histograms,
)
from otgan.errors import SolverError
from tests.cases import mistyped, refused
from tests.divergences.problems import LINE, WANG

LOG_2 = math.log(2)
SLACK = 1e-10  # quadrature allowed in an inequality
SYMMETRIC = [js, total_variation, hellinger, wasserstein]
ALL = [kl, *SYMMETRIC]

EXAMPLES = [
    Gaussian(1, 4),
    Exponential(0.5),
    Gamma(2.5, 2),
    Gamma(0.3, 0.7),
    Laplace(-1, 2),
    Uniform(-1, 3),
    Poisson(3.5),
]


def ids(distribution):
    return repr(distribution)


# ---------------------------------------------------------------- distributions


def test_points_of_one_seed_do_not_hang_on_the_rounding_of_the_covariance():
    """A basis of eigenvectors would: where eigenvalues are equal, machines take another one."""
    covariance = np.eye(4) * 0.9 + 0.1
    perturbed = covariance + 1e-12 * np.diag([1, 3, 2, 5])
    points = Gaussian(np.zeros(4), covariance).sample(50, 0)
    assert_allclose(Gaussian(np.zeros(4), perturbed).sample(50, 0), points, atol=1e-10)


@pytest.mark.parametrize("distribution", EXAMPLES, ids=ids)
def test_samples_follow_the_distribution(distribution):
    points = distribution.sample(4000, np.random.default_rng(0))
    assert points.shape == (4000, distribution.d) and points.dtype == np.float64
    mean, std = distribution.frozen.mean(), distribution.frozen.std()
    assert abs(points.mean() - mean) < 4 * std / math.sqrt(4000)
    # 1.63 / √n is the level of one per cent of Kolmogorov's test; a discrete distribution is below
    # it
    at = np.sort(points[:, 0])
    steps = np.searchsorted(at, at, side="right") / 4000
    assert np.abs(steps - distribution.cdf(at)).max() < 1.63 / math.sqrt(4000)
    assert_array_equal(distribution.sample(5, 7), distribution.sample(5, np.random.default_rng(7)))
    assert distribution.sample(0, 0).shape == (0, 1)


@pytest.mark.parametrize("distribution", EXAMPLES, ids=ids)
def test_log_density_is_that_of_scipy(distribution):
    points = np.concatenate([np.linspace(-30, 90, 50) + 0.1, np.arange(12.0)])
    oracle = distribution.frozen.logpmf if distribution.discrete else distribution.frozen.logpdf
    assert_allclose(distribution.log_density(points), oracle(points), rtol=1e-12)
    assert_allclose(distribution.log_density(points[:, None]), oracle(points), rtol=1e-12)


def test_gaussians_in_the_plane():
    covariance = np.array([[2, 0.5], [0.5, 1]])
    distribution = Gaussian([1, 0], covariance)
    points = distribution.sample(20_000, 0)
    assert_allclose(points.mean(axis=0), distribution.mean, atol=4 * math.sqrt(2 / 20_000))
    assert_allclose(np.cov(points.T), covariance, atol=4 * 2 * math.sqrt(2 / 20_000))
    oracle = scipy.stats.multivariate_normal(distribution.mean, covariance)
    assert_allclose(distribution.log_density(points), oracle.logpdf(points), rtol=1e-12)
    assert_allclose(
        distribution.cdf([[1, 0]]), 0.25 + math.asin(0.5 / math.sqrt(2)) / 2 / math.pi, atol=1e-5
    )
    assert repr(distribution) == "Gaussian(d=2, mean=[1.0, 0.0])"


def test_a_number_is_the_variance():
    assert Gaussian(0, 4).frozen.std() == 2
    assert Gaussian([0], [[4]]).frozen.std() == 2
    assert repr(Gaussian(0, 4)) == "Gaussian(mean=0, covariance=4)"


def test_other_parameters_mean_what_they_say():
    assert Exponential(4).frozen.mean() == 0.25
    assert Gamma(3, 4).frozen.mean() == 0.75
    assert Laplace(1, 2).frozen.var() == 8
    assert Uniform(1, 4).frozen.mean() == 2.5
    assert Poisson(4).frozen.var() == 4


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Gaussian(0, 0), "positive definite, got 0 as its least eigenvalue"),
        (lambda: Gaussian(0, -1), "positive definite"),
        (lambda: Gaussian([0, 0], 1), "got (2,) and ()"),
        (lambda: Gaussian([0, 0], [1, 1]), "got (2,) and (2,)"),
        (lambda: Gaussian([[0]], [[1]]), "got (1, 1) and (1, 1)"),
        (lambda: Gaussian([], np.empty((0, 0))), "got (0,) and (0, 0)"),
        (lambda: Gaussian([0, 0], [[1, 0.5], [0.4, 1]]), "symmetric, got entries that differ"),
        (lambda: Gaussian([0, 0], [[1, 1], [1, 1]]), "positive definite"),
        (lambda: Gaussian(math.nan, 1), "mean must be finite"),
        (lambda: Gaussian(0, math.inf), "covariance must be finite"),
        (lambda: Gaussian("a", 1), "mean must be an array of real numbers"),
        (lambda: Exponential(0), "rate must be positive"),
        (lambda: Exponential(math.nan), "rate must be a number"),
        (lambda: Exponential(mistyped("1")), "rate must be a number"),
        (lambda: Exponential(True), "rate must be a number"),
        (lambda: Gamma(-1, 1), "shape must be positive"),
        (lambda: Laplace(0, 0), "scale must be positive"),
        (lambda: Laplace(math.inf, 1), "location must be a number"),
        (lambda: Uniform(1, 1), "low must be below high"),
        (lambda: Uniform(2, 1), "low must be below high"),
        (lambda: Poisson(1e300), "rate must be a number"),
        (lambda: Poisson(1).sample(-1, 0), "n must be a whole number"),
        (lambda: Poisson(1).sample(mistyped(1.5), 0), "n must be a whole number"),
        (lambda: Poisson(1).cdf([[0, 1]]), "points must have the 1 columns of the distribution"),
        (lambda: Poisson(1).log_density([math.nan]), "points must be finite"),
        (lambda: js(Poisson(1e11), Poisson(2e11)), "at most 1e+10 to be listed"),
    ],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(make, message):
    with refused(message):
        make()


# ---------------------------------------------------------------- check values


@pytest.mark.parametrize(
    ("P", "Q", "expected"),
    [
        (Gaussian(0, 1), Gaussian(1, 4), 0.4431471806),
        (Gaussian(0, 1), Gaussian(1, 2), 0.3465735903),
        (Gaussian(0, 1), Gaussian(5, 25), 1.6294379124),
        (Gaussian(0, 1), Gaussian(3, 1), 4.5),
        (Exponential(1), Exponential(1 / 12), 1.5682399831),
        (Uniform(1, 2), Uniform(0, 4), 1.3862943611),
        (Uniform(0, 1), Gaussian(0, 1), 1.0856051999),
        (Poisson(3), Poisson(5), 0.4675231287),
        (Gamma(2, 1), Gamma(3, 2), 0.1909213038),
        (Laplace(0, 1), Laplace(1, 2), 0.3770869011),
        (Gaussian([0, 0], np.eye(2)), Gaussian([0, 0], [[1, 1], [1, 2]]), 0.5),
    ],
    ids=ids,
)
def test_kl(P, Q, expected):
    assert_allclose(kl(P, Q), expected, atol=5.1e-11)


@pytest.mark.parametrize("problem", [*LINE.values(), *WANG.values()], ids=[*LINE, *WANG])
def test_kl_of_the_problems_of_the_literature(problem):
    assert_allclose(kl(problem.P, problem.Q), problem.kl, atol=5.1e-11)


@pytest.mark.parametrize(
    ("delta", "js_value", "tv", "squared_hellinger"),
    [
        (0, 0, 0, 0),
        (0.5, 0.03031130, 0.19741265, 0.03076677),
        (1, 0.11142148, 0.38292492, 0.11750310),
        (2, 0.33683082, 0.68268949, 0.39346934),
        (3, 0.52677731, 0.86638560, 0.67534753),
        (4, 0.63272019, 0.95449974, 0.86466472),
        (6, 0.68929793, 0.99730020, 0.98889100),
        (8, 0.69305365, 0.99993666, 0.99966454),
        (10, 0.69314632, 0.99999943, 0.99999627),
    ],
)
def test_gaussians_moving_apart(delta, js_value, tv, squared_hellinger):
    step, covariance = np.array([1.2, 1.6]), 4 * np.eye(2)
    pairs = [
        (Gaussian(0, 1), Gaussian(delta, 1)),
        (Gaussian(1e9, 1), Gaussian(1e9 + delta, 1)),  # far from the origin
        (Gaussian([0, 0], covariance), Gaussian(step * delta, covariance)),
    ]
    for P, Q in pairs:
        assert_allclose(kl(P, Q), delta**2 / 2, rtol=1e-13)
        assert_allclose(js(P, Q), js_value, atol=5.1e-9)
        assert_allclose(total_variation(P, Q), tv, atol=5.1e-9)
        assert_allclose(hellinger(P, Q) ** 2, squared_hellinger, atol=5.1e-9)
        scale = math.sqrt(P.covariance[0, 0])
        assert_allclose(wasserstein(P, Q), scale * delta, rtol=1e-13)
        assert_allclose(wasserstein(P, Q, p=2), scale * delta, rtol=1e-13)


def test_js_nears_log_2_as_it_should():
    # log 2 - JS is the mean of log(1 + q/p) over P, by symmetry
    for delta in (10, 12):
        x = np.linspace(-15, 35, 50_001)  # trapezoids are exact for analytic functions
        p = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        missing = (p * np.logaddexp(0, delta * (x - delta / 2))).sum() * 1e-3
        found = LOG_2 - js(Gaussian(0, 1), Gaussian(delta, 1))
        assert_allclose(found, missing, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize(
    ("delta", "std", "expected"),
    [(0, 2, 0.7978845608), (1, 2, 1.1666309412), (3, 2, 3.0007643086), (1, 3, 1.7911862296)],
)
def test_w1_of_gaussians_with_unequal_variances(delta, std, expected):
    P, Q = Gaussian(0, 1), Gaussian(delta, std**2)
    assert_allclose(wasserstein(P, Q), expected, atol=5.1e-11)
    assert_allclose(wasserstein(P, Q), gaussians_on_line(0, 1, delta, std).w1, rtol=1e-14)


def test_other_wasserstein_distances():
    assert_allclose(wasserstein(Exponential(1), Exponential(1 / 12)), 11, rtol=1e-14)
    assert_allclose(wasserstein(Uniform(1, 2), Uniform(0, 4)), 5 / 6, rtol=1e-14)
    assert_allclose(wasserstein(Poisson(3), Poisson(5)), 2, rtol=1e-14)
    P, Q = Gaussian([1, 0], [[2, 0.5], [0.5, 1]]), Gaussian([0, 0], [[1, -0.3], [-0.3, 2]])
    assert_allclose(wasserstein(P, Q, p=2), 1.255159708286163633924, rtol=1e-14)  # 40 digits
    shifted = Gaussian([4, 4], P.covariance)
    for p in (1, 1.5, 2, 3):
        assert_allclose(wasserstein(P, shifted, p=p), 5, rtol=1e-14)


# ---------------------------------------------------------------- oracles

FAMILIES = [
    (Gaussian(0.5, 1.5), Gaussian(-1, 3)),
    (Exponential(1.7), Exponential(0.4)),
    (Gamma(2.5, 2), Gamma(4, 0.7)),
    (Gamma(0.3, 0.7), Gamma(1.1, 2)),
    (Gamma(30, 2), Gamma(33, 3)),
    (Laplace(-1, 2), Laplace(0.5, 0.7)),
    (Uniform(0, 1), Uniform(-0.5, 2)),
    (Poisson(3), Poisson(7.5)),
]
CROSSED = [
    (Uniform(0, 1), Gaussian(0, 1)),
    (Exponential(1.5), Gamma(2, 0.5)),
    (Gaussian(0, 2), Laplace(1, 1)),
    (Laplace(0, 0.5), Gaussian(0, 3)),
    (Gamma(3, 2), Gaussian(1, 1)),
    (Gamma(0.4, 2), Laplace(0.3, 1)),
    (Uniform(0.5, 2), Exponential(1)),
    (Uniform(-1, 1), Laplace(0.2, 1)),
    (Gaussian(2, 0.25), Uniform(0, 5)),
]


def torch_distribution(distribution):
    d = pytest.importorskip("torch").distributions
    match distribution:
        case Gaussian():
            return d.Normal(float(distribution.mean[0]), math.sqrt(distribution.covariance[0, 0]))
        case Exponential():
            return d.Exponential(distribution.rate)
        case Gamma():
            return d.Gamma(distribution.shape, distribution.rate)
        case Laplace():
            return d.Laplace(distribution.location, distribution.scale)
        case Uniform():
            return d.Uniform(distribution.low, distribution.high)
        case Poisson():
            return d.Poisson(distribution.rate)


@pytest.mark.parametrize(("P", "Q"), FAMILIES, ids=ids)
def test_kl_agrees_with_torch(P, Q):
    torch = pytest.importorskip("torch")
    for A, B in ((P, Q), (Q, P)):
        oracle = torch.distributions.kl_divergence(torch_distribution(A), torch_distribution(B))
        assert_allclose(kl(A, B), float(oracle), rtol=2e-5)  # torch computes in float32


def test_kl_of_gaussians_in_space_agrees_with_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for d in (2, 5, 20):
        A, B = rng.standard_normal((2, d, d))
        P, Q = (Gaussian(rng.standard_normal(d), M @ M.T + 0.1 * np.eye(d)) for M in (A, B))
        normal, tensor = torch.distributions.MultivariateNormal, torch.tensor
        distributions = (
            normal(tensor(distribution.mean), tensor(distribution.covariance))
            for distribution in (P, Q)
        )
        oracle = torch.distributions.kl_divergence(*distributions)
        assert_allclose(kl(P, Q), float(oracle), rtol=1e-10)


def test_bures_agrees_with_pot():
    ot = pytest.importorskip("ot")
    rng = np.random.default_rng(1)
    for d in (1, 2, 7):
        A, B = rng.standard_normal((2, d, d))
        P, Q = (Gaussian(rng.standard_normal(d), M @ M.T + 0.1 * np.eye(d)) for M in (A, B))
        oracle = ot.gaussian.bures_wasserstein_distance(P.mean, Q.mean, P.covariance, Q.covariance)
        assert_allclose(wasserstein(P, Q, p=2), oracle, rtol=1e-9)


def over_both(integrand, P, Q):
    """The integral over the line by QUADPACK, or the sum over the first integers."""
    if P.discrete:
        return sum(integrand(float(k)) for k in range(200))
    probabilities = [1e-18, 1e-9, 1e-4, 0.02, 0.2, 0.5]
    ends = [
        end
        for distribution in (P, Q)
        for end in distribution.frozen.support()
        if math.isfinite(end)
    ]
    quantiles = [
        f for distribution in (P, Q) for f in (distribution.frozen.ppf, distribution.frozen.isf)
    ]
    points = sorted({0.0, *ends, *(float(x) for f in quantiles for x in f(probabilities))})
    return sum(
        quad(integrand, low, high, epsabs=1e-12, epsrel=1e-10, limit=500)[0]
        for low, high in pairwise(points)
    )


def densities(P, Q):
    density = "pmf" if P.discrete else "pdf"
    return getattr(P.frozen, density), getattr(Q.frozen, density)


# QUADPACK warns of densities with a pole; the values are compared all the same.
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize(("P", "Q"), FAMILIES + CROSSED, ids=ids)
def test_f_divergences_agree_with_their_definitions(P, Q):
    p, q = densities(P, Q)

    def js_integrand(x):
        m = (p(x) + q(x)) / 2
        return sum(0.5 * a * math.log(a / m) for a in (p(x), q(x)) if a > 0)

    assert_allclose(js(P, Q), over_both(js_integrand, P, Q), rtol=2e-7)
    tv = 0.5 * over_both(lambda x: abs(p(x) - q(x)), P, Q)
    assert_allclose(total_variation(P, Q), tv, rtol=2e-7)
    affinity = over_both(lambda x: math.sqrt(p(x) * q(x)), P, Q)
    assert_allclose(hellinger(P, Q) ** 2, 1 - affinity, atol=2e-7)


@pytest.mark.parametrize(("P", "Q"), FAMILIES + CROSSED, ids=ids)
def test_kl_agrees_with_its_definition(P, Q):
    p, q = densities(P, Q)

    def integrand(x):
        a = p(x)
        return a * math.log(a / q(x)) if a > 0 and q(x) > 0 else 0.0

    covered = P.frozen.support()[0] >= Q.frozen.support()[0] and (
        P.frozen.support()[1] <= Q.frozen.support()[1]
    )
    assert_allclose(kl(P, Q), over_both(integrand, P, Q) if covered else math.inf, rtol=2e-7)


def test_kl_from_a_uniform_distribution_by_integrals_of_powers():
    # the end 0.5558172640302497 is not low + width in floats
    P = Uniform(-0.2095305091028034, 0.5558172640302497)
    Q = Laplace(-1.8393567607811228, 0.5784623063662201)
    middle = (P.low + P.high) / 2
    expected = math.log(2 * Q.scale / P.width) + (middle - Q.location) / Q.scale
    assert_allclose(kl(P, Q), expected, rtol=1e-13)
    squares = P.width**2 / 12 + (middle - 1) ** 2
    expected = 0.5 * math.log(2 * math.pi * 2) + squares / 4 - math.log(P.width)
    assert_allclose(kl(P, Gaussian(1, 2)), expected, rtol=1e-13)


@pytest.mark.parametrize(("P", "Q"), FAMILIES + CROSSED, ids=ids)
def test_w1_is_the_area_between_the_distribution_functions(P, Q):
    def integrand(x):
        return abs(P.frozen.cdf(x) - Q.frozen.cdf(x))

    assert_allclose(wasserstein(P, Q), over_both(integrand, P, Q), rtol=2e-7)


@pytest.mark.parametrize(("P", "Q"), FAMILIES, ids=ids)
@pytest.mark.parametrize("p", [1, 2])
def test_closed_wasserstein_distances_agree_with_quadrature(P, Q, p):
    P, Q = (
        Gamma(1, distribution.rate) if isinstance(distribution, Exponential) else distribution
        for distribution in (P, Q)
    )
    assert_allclose(_by_quantiles(P, Q, p), wasserstein(P, Q, p=p), rtol=1e-11)


def test_w2_of_two_families_by_moments():
    # W2² = E X² + E Y² - 2 ∫ F⁻¹ G⁻¹; for Exponential(1) and Uniform(0, 1), ∫ -log(1 - u) u = 3/4
    expected = math.sqrt(2 + 1 / 3 - 3 / 2)
    assert_allclose(wasserstein(Exponential(1), Uniform(0, 1), p=2), expected, rtol=1e-11)
    # For N(0, 1) and Uniform(0, 1), E Z Φ(Z) = 1/(2√π)
    expected = math.sqrt(1 + 1 / 3 - 1 / math.sqrt(math.pi))
    assert_allclose(wasserstein(Gaussian(0, 1), Uniform(0, 1), p=2), expected, rtol=1e-11)


def test_wasserstein_distances_of_higher_order():
    # quantiles of exponential distributions differ by (1/a - 1/b) Z, and E Z^p = p!
    P, Q = Exponential(2), Exponential(0.5)
    for p in (1.5, 3, 10):
        expected = 1.5 * math.gamma(p + 1) ** (1 / p)
        assert_allclose(wasserstein(P, Q, p=p), expected, rtol=1e-11)


def test_poisson_beside_a_continuous_distribution():
    P, Q = Poisson(2), Uniform(0, 1)
    for function, expected in ((js, LOG_2), (total_variation, 1), (hellinger, 1)):
        assert function(P, Q) == function(Q, P) == expected
    assert kl(P, Q) == kl(Q, P) == math.inf
    # P is stochastically larger but for its atom at zero: W1 = ∫ |F - G|
    atom = math.exp(-2)
    inside = quad(lambda x: abs(atom - x), 0, 1, points=[atom])[0]
    beyond = sum(P.frozen.sf(k) for k in range(1, 60))
    assert_allclose(wasserstein(P, Q), inside + beyond, rtol=1e-11)


def test_a_poisson_distribution_of_a_large_rate_is_nearly_normal():
    P, Q = Poisson(1e4), Poisson(1e4 + 100)  # one standard deviation apart
    R, S = Gaussian(1e4, 1e4), Gaussian(1e4 + 100, 1e4 + 100)
    for function in (kl, js, total_variation, hellinger):
        assert_allclose(function(P, Q), function(R, S), rtol=2e-2)
    fine = np.arange(8000, 13_000.0)
    p, q = P.frozen.pmf(fine), Q.frozen.pmf(fine)
    assert_allclose(js(P, Q), js_divergence(p, q), rtol=1e-9)
    assert_allclose(total_variation(P, Q), tv_of_histograms(p, q), rtol=1e-9)
    assert_allclose(hellinger(P, Q), hellinger_of_histograms(p, q), rtol=1e-9)


# ---------------------------------------------------------------- nearly equal distributions

EPS = 1e-8
NEARLY_EQUAL = [
    (Gaussian(0, 1), Gaussian(EPS, 1), 1),
    (Gaussian(3, 2), Gaussian(3, 2 + 2 * EPS), 1 / 2),  # 1/(2 v²) in the variance
    (Gaussian([0, 0], np.eye(2)), Gaussian([0, 0], [[1, EPS], [EPS, 1]]), 1),
    (Exponential(2), Exponential(2 + 2 * EPS), 1),
    (Gamma(3, 2), Gamma(3, 2 + 2 * EPS), 3),
    (Gamma(3, 2), Gamma(3 + 3 * EPS, 2), 9 * float(polygamma(1, 3))),
    (Gamma(200, 2), Gamma(200 + 200 * EPS, 2), 4e4 * float(polygamma(1, 200))),
    (Laplace(0, 1), Laplace(EPS, 1), 1),
    (Laplace(1, 3), Laplace(1, 3 + 3 * EPS), 1),
    (Poisson(3), Poisson(3 + 3 * EPS), 3),
]


@pytest.mark.parametrize(("P", "Q", "information"), NEARLY_EQUAL, ids=ids)
def test_nearly_equal_distributions_keep_their_digits(P, Q, information):
    # KL, JS and H² are Fisher's information in units of the step, times ½, ⅛ and ⅛ of its square
    step = EPS * math.sqrt(information)
    assert_allclose(kl(P, Q), step**2 / 2, rtol=3e-7)
    assert_allclose(hellinger(P, Q), step / math.sqrt(8), rtol=3e-7)
    if P.d == 1:
        assert_allclose(js(P, Q), step**2 / 8, rtol=3e-7)


@pytest.mark.parametrize(
    ("P", "Q", "expected"),
    [
        (Gaussian(0, 1), Gaussian(EPS, 1), EPS / math.sqrt(2 * math.pi)),
        (Gaussian(0, 1), Gaussian(0, 1 + EPS), EPS / math.sqrt(2 * math.pi * math.e)),
        (Exponential(1), Exponential(1 + EPS), EPS / math.e),
        (Laplace(0, 1), Laplace(EPS, 1), EPS / 2),
        (Laplace(0, 1), Laplace(0, 1 + EPS), EPS / math.e),
        (Uniform(0, 1), Uniform(EPS, 1 + EPS), EPS),
        (Poisson(0.5), Poisson(0.5 + EPS), EPS * math.exp(-0.5)),
    ],
    ids=ids,
)
def test_total_variation_of_nearly_equal_distributions(P, Q, expected):
    assert_allclose(total_variation(P, Q), expected, rtol=1e-7)


def test_bures_of_nearly_equal_distributions():
    # √(1 + ε) - 1 in one direction, where tr A + tr B - 2 tr(...) would leave no digit
    P, Q = Gaussian([0, 0], np.eye(2)), Gaussian([0, 0], np.diag([1, 1 + EPS]))
    assert_allclose(wasserstein(P, Q, p=2), EPS / 2, rtol=1e-7)


@pytest.mark.parametrize("distribution", [*EXAMPLES, Gaussian([0, 1], np.eye(2))], ids=ids)
def test_equal_distributions_are_at_zero(distribution):
    for function in ALL:
        assert function(distribution, distribution) == 0
    assert wasserstein(distribution, distribution, p=2) == 0


# ---------------------------------------------------------------- distributions of all divergences

moderate = st.floats(0.2, 5)
places = st.floats(-3, 3)
gaussians = st.builds(Gaussian, places, moderate)
exponentials = st.builds(Exponential, moderate)
gammas = st.builds(Gamma, moderate, moderate)
laplaces = st.builds(Laplace, places, moderate)
uniforms = st.builds(lambda low, width: Uniform(low, low + width), places, moderate)
poissons = st.builds(Poisson, moderate)
continuous = st.one_of(gaussians, exponentials, gammas, laplaces, uniforms)
pairs = st.one_of(st.tuples(continuous, continuous), st.tuples(poissons, poissons))
triples = st.one_of(st.tuples(*[continuous] * 3), st.tuples(*[poissons] * 3))


@given(pairs)
def test_inequalities_between_divergences(pair):
    tv, h, kl_value, js_value = (f(*pair) for f in (total_variation, hellinger, kl, js))
    assert 0 <= tv <= 1 and 0 <= h <= 1 and 0 <= js_value <= LOG_2 and kl_value >= 0
    assert tv <= math.sqrt(kl_value / 2) + SLACK  # Pinsker
    assert tv <= math.sqrt(-math.expm1(-kl_value)) + SLACK  # Bretagnolle and Huber
    assert h**2 <= tv + SLACK
    assert tv <= h * math.sqrt(2 - h**2) + SLACK
    assert tv**2 / 2 - SLACK <= js_value <= LOG_2 * tv + SLACK
    assert -2 * math.log1p(-(h**2)) <= kl_value + SLACK if h < 1 else kl_value == math.inf


@given(pairs)
def test_inequalities_between_wasserstein_distances(pair):
    means, stds = zip(
        *((distribution.frozen.mean(), distribution.frozen.std()) for distribution in pair),
        strict=True,
    )
    w1, w2 = wasserstein(*pair), wasserstein(*pair, p=2)
    assert abs(means[0] - means[1]) <= w1 + SLACK
    assert w1 <= w2 + SLACK
    assert math.hypot(means[0] - means[1], stds[0] - stds[1]) <= w2 + SLACK
    if all(isinstance(distribution, Uniform) for distribution in pair):
        diameter = max(distribution.high for distribution in pair) - min(
            distribution.low for distribution in pair
        )
        assert w1 <= diameter * total_variation(*pair) + SLACK


@settings(max_examples=15)
@given(triples)
def test_metrics(triple):
    for metric in (total_variation, hellinger, wasserstein, lambda P, Q: math.sqrt(js(P, Q))):
        sides = [metric(P, Q) for P, Q in combinations(triple, 2)]
        assert 2 * max(sides) <= sum(sides) + SLACK


@settings(max_examples=15)
@given(pairs)
def test_symmetry(pair):
    for function in SYMMETRIC:
        assert_allclose(function(*pair), function(*pair[::-1]), rtol=1e-10, atol=1e-14)


@settings(max_examples=15)
@given(gaussians, laplaces, st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
def test_moving_and_stretching_both(P, Q, shift, scale):
    R = Gaussian(scale * P.mean + shift, scale**2 * P.covariance)
    S = Laplace(scale * Q.location + shift, scale * Q.scale)
    for function in (kl, js, total_variation, hellinger):
        assert_allclose(function(R, S), function(P, Q), rtol=1e-6)
    assert_allclose(wasserstein(R, S), scale * wasserstein(P, Q), rtol=1e-6)


@settings(max_examples=20)
@given(st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_gaussians_in_space(d, seed):
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((2, d, d))
    P, Q = (Gaussian(rng.standard_normal(d), M @ M.T + 0.1 * np.eye(d)) for M in (A, B))
    h = hellinger(P, Q)
    assert -2 * math.log1p(-(h**2)) <= kl(P, Q) * (1 + 1e-9)
    # products of distributions on the line: squares of W2, KL and log(1 - H²) add up
    variances, means = rng.uniform(0.1, 3, (2, d)), rng.standard_normal((2, d))
    P, Q = (Gaussian(m, np.diag(v)) for m, v in zip(means, variances, strict=True))
    lines = [
        (Gaussian(means[0, i], variances[0, i]), Gaussian(means[1, i], variances[1, i]))
        for i in range(d)
    ]
    assert_allclose(kl(P, Q), sum(kl(*line) for line in lines), rtol=1e-10)
    squares = [wasserstein(*line, p=2) ** 2 for line in lines]
    assert_allclose(wasserstein(P, Q, p=2) ** 2, sum(squares), rtol=1e-10)
    affinities = [1 - hellinger(*line) ** 2 for line in lines]
    assert_allclose(1 - hellinger(P, Q) ** 2, math.prod(affinities), rtol=1e-10)


# ---------------------------------------------------------------- far apart, and refusals


@pytest.mark.parametrize(
    ("P", "Q"),
    [
        (Gaussian(0, 1), Gaussian(1e6, 1)),
        (Gaussian(0, 1e-20), Gaussian(0, 1e20)),
        (Gaussian(0, 1e-20), Laplace(5, 1e-6)),
        (Exponential(1e-9), Exponential(1e9)),
        (Uniform(0, 1), Uniform(1, 2)),
        (Uniform(0, 1), Uniform(1e9, 1e9 + 1)),
        (Poisson(1e-3), Poisson(1e6)),
        (Gaussian(-307634, 1e-7), Exponential(612)),  # roundings of x larger than its std
        (Gamma(285751, 199830), Laplace(10355, 4e-3)),
    ],
    ids=ids,
)
def test_distributions_far_apart(P, Q):
    for function, limit in ((js, LOG_2), (total_variation, 1), (hellinger, 1)):
        assert limit * (1 - 2e-2) < function(P, Q) <= limit
    assert kl(P, Q) > 5


def test_kl_is_infinite_exactly_where_the_support_is_not_covered():
    assert kl(Uniform(0, 2), Uniform(0, 1)) == kl(Uniform(0, 1), Uniform(2, 3)) == math.inf
    assert kl(Gaussian(0, 1), Uniform(-50, 50)) == kl(Laplace(0, 1), Exponential(1)) == math.inf
    on_one_side, on_both = [Uniform(0, 1), Gamma(2, 3)], [Gaussian(0, 1), Laplace(0, 1)]
    for P, Q in product(on_one_side, on_both):
        assert math.isfinite(kl(P, Q))
        assert kl(Q, P) == math.inf


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    ("P", "Q", "message"),
    [
        ([0, 1], Gaussian(0, 1), "P must be a parametric distribution"),
        (Gaussian(0, 1), scipy.stats.norm(), "Q must be a parametric distribution"),
        (Gaussian(0, 1), Gaussian([0, 0], np.eye(2)), "same dimension, got 1 and 2"),
    ],
)
def test_what_cannot_be_compared_is_refused(function, P, Q, message):
    with refused(message):
        function(P, Q)


def test_what_has_no_closed_form_is_refused():
    P, Q = Gaussian([0, 0], np.eye(2)), Gaussian([0, 0], 2 * np.eye(2))
    for function in (js, total_variation):
        with refused("of Gaussians in 2 dimensions must have equal covariances"):
            function(P, Q)
    with refused("p must be 2 for Gaussians in 2 dimensions with different covariances, got 1"):
        wasserstein(P, Q)
    with refused("p must be finite and >= 1, got 0.5"):
        wasserstein(P, Q, p=0.5)
    with refused("p must be at most 10 for quadrature, got 11"):
        wasserstein(Gaussian(0, 1), Uniform(0, 1), p=11)
    for function in (js, total_variation, hellinger):
        with refused(
            "the shape of a gamma distribution must be at least 0.05 for quadrature, got 0.01"
        ):
            function(Gamma(0.01, 1), Gamma(1, 1))
    with refused("the shape of a gamma distribution"):
        kl(Gamma(0.01, 1), Gaussian(0, 1))
    assert kl(Gamma(0.01, 1), Gamma(1, 1)) > 0


# ---------------------------------------------------------------- the parts


def test_integrals_that_do_not_converge_raise():
    with pytest.raises(SolverError, match="must converge to a relative 1e-12, got") as caught:
        integrate(lambda x, _: 1 / x, [0, 1])
    assert caught.value.partial > 30
    noise = np.random.default_rng(0)
    with pytest.raises(SolverError, match="to fix it"):
        integrate(lambda x, _: noise.uniform(size=x.shape), [0, 1])


def test_kinks_that_nobody_told_of_are_found():
    found = integrate(lambda x, _: abs(x - 0.3) * np.exp(x), [0, 1])
    # by parts: (x - a - 1) exp(x) is an integral of (x - a) exp(x)
    assert_allclose(found, 2 * math.exp(0.3) - 1.3 - 0.3 * math.e, rtol=1e-10)
    assert integrate(lambda x, _: x, [1, 1]) == 0


@pytest.fixture(scope="module")
def mpmath() -> Iterator[ModuleType]:
    module = pytest.importorskip("mpmath")
    with module.workdps(50):
        yield module


def test_functions_in_which_nothing_cancels(mpmath):
    mp = mpmath.mpf
    for x in (1e-300, 1e-12, 1e-5, 0.3, 0.4999, 0.51, 7.0, -1e-9, -0.3, -0.499, -0.6, -0.999):
        assert_allclose(excess(x, math.log1p(x)), float(mp(x) - mpmath.log1p(mp(x))), rtol=3e-14)
    for a, b in ((3 + 1e-9, 3), (0.2, 0.28), (1e5, 1.2e5), (5, 11), (1e-3, 1.4e-3)):
        difference = mpmath.loggamma(mp(a)) - mpmath.loggamma(mp(b))
        assert_allclose(gammaln_difference(a, b), float(difference), rtol=1e-13)
        above = difference - (mp(a) - mp(b)) * mpmath.digamma(mp(b))
        assert_allclose(gammaln_bregman(a, b), float(above), rtol=2e-13)
    for k, rate in ((0, 3), (15, 20), (16, 16), (17, 3), (1e3, 1.1e3), (1e8, 1e8 + 1e4), (0.5, 2)):
        exact = mp(k) * mpmath.log(mp(rate)) - mp(rate) - mpmath.loggamma(mp(k) + 1)
        assert_allclose(log_poisson(k, rate), float(exact), rtol=1e-12)
    assert log_poisson(0, 0) == 0 and log_poisson(20, 0) == -math.inf
