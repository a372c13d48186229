"""Closed forms: their check values, and the proofs that the potentials give."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad
from scipy.stats import norm

import otgan
from otgan.datasets import (
    absolute_value,
    ball_and_power,
    cones,
    dirac_and_sphere,
    gaussians_on_line,
    ring8,
    round_gaussians,
    shifted,
    square_and_zero,
    two_points,
)
from tests.cases import mistyped, refused

EPS = np.finfo(float).eps

PAIRS = [
    absolute_value(),
    dirac_and_sphere(1),
    dirac_and_sphere(2, 0.01),
    dirac_and_sphere(128, 3.0),
    cones(),
    cones([[0.0, 0.0, 0.0], [0.0, 3.0, 4.0]], 2.5),
    round_gaussians(1, 1.0, 2.0),
    round_gaussians(2, 2.0, 1.0),
    round_gaussians(64, 1.0, 1.5),
    round_gaussians(3, 1.0, 1.0),
    ball_and_power(2),
    ball_and_power(16, 8, 2.5),
    ball_and_power(3, 0.5),
    shifted([3.0, 4.0]),
    shifted([0.1, -0.1], ring8(), name="shifted ring"),
    two_points(10.0),
    two_points(0.5, 7),
    gaussians_on_line(0, 1, 1, 2),
    gaussians_on_line(2, 2, 0, 1.5),
    gaussians_on_line(0, 1, 3, 1),
    gaussians_on_line(3, 1, 0, 1),
    square_and_zero(3, 6),
]

each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---------------------------------------------------------------- values

CHI_MEANS = {
    1: 0.797885,
    2: 1.253314,
    8: 2.741625,
    16: 3.938026,
    32: 5.612839,
    64: 7.968812,
    128: 11.291633,
    784: 27.991073,
}
LAST_DIGIT = 0.5e-6


@pytest.mark.parametrize(("d", "value"), CHI_MEANS.items())
def test_round_gaussians(d, value):
    assert_allclose(round_gaussians(d, 1.0, 2.0).w1, value, atol=LAST_DIGIT)
    assert_allclose(round_gaussians(d, 5.0, 2.0).w1, 3 * value, atol=3 * LAST_DIGIT)


@pytest.mark.parametrize(
    ("d", "p", "radius", "value"),
    [
        (2, 8, 1, 0.466667),
        (8, 8, 1, 0.388889),
        (16, 8, 2.5, 0.686275),
        (64, 8, 1, 0.095726),
        (128, 8, 1, 0.051072),
        (5, 3, 2, 0.416667),
    ],
)
def test_balls(d, p, radius, value):
    assert_allclose(ball_and_power(d, p, radius).w1, value, atol=LAST_DIGIT)


@pytest.mark.parametrize(
    ("parameters", "value"),
    [((0, 1, 1, 2), 1.166631), ((0, 1, 0.5, 3), 1.645379), ((2, 2, 0, 1.5), 2.000007)],
)
def test_gaussians_on_the_line(parameters, value):
    pair = gaussians_on_line(*parameters)
    assert_allclose(pair.w1, value, atol=LAST_DIGIT)
    swapped = gaussians_on_line(*parameters[2:], *parameters[:2])
    assert_allclose(swapped.w1, pair.w1, rtol=1e-15)
    points = np.linspace(-5, 5, 11)
    assert_allclose(swapped.potential(points), -pair.potential(points))


@pytest.mark.parametrize(
    "parameters", [(0, 1, 1, 2), (3, 0.1, -2, 5), (0, 1, 0, 1.001), (0, 1, 4, 1), (-1, 2, 5, 1)]
)
def test_gaussians_on_the_line_by_quadrature(parameters):
    """W1 is the area between the distribution functions, and f' the sign of their difference."""
    x, y = norm(*parameters[:2]), norm(*parameters[2:])
    pair = gaussians_on_line(*parameters)
    grid = np.linspace(-60, 60, 2001)
    area = sum(
        quad(lambda t: abs(x.cdf(t) - y.cdf(t)), a, b)[0]
        for a, b in zip(grid[:-1:20], grid[20::20], strict=True)
    )
    assert_allclose(pair.w1, area, atol=1e-6)  # quad's kinks
    difference = y.cdf(grid) - x.cdf(grid)
    clear = np.abs(difference) > 1e-9
    assert_array_equal(pair.gradient(grid)[clear, 0], np.sign(difference[clear]))


def test_exact_values():
    assert absolute_value().w1 == 1.0
    assert cones().w1 == 1.0
    assert dirac_and_sphere(128, 3.0).w1 == 3.0
    assert shifted([3.0, 4.0]).w1 == 5.0
    assert two_points(10.0).w1 == 10.0
    assert square_and_zero().w1 == 35.0
    assert square_and_zero(3, 6).w1 == 3.0
    assert ball_and_power(3, 1.0).w1 == 0.0


# ---------------------------------------------------------------- proofs


@each_pair
def test_the_potential_reaches_w1(pair, rng):
    n = 20_000
    f, g = pair.potential(pair.x.sample(n, rng)), pair.potential(pair.y.sample(n, rng))
    se = np.sqrt((f.var() + g.var()) / n)
    assert_allclose(f.mean() - g.mean(), pair.w1, atol=5 * se + 1e-12)
    assert pair.w1_se == 0 and pair.d == pair.y.d


@each_pair
def test_the_potential_is_1_lipschitz_and_has_its_gradient(pair, rng):
    points = np.concatenate([pair.x.sample(20, rng), pair.y.sample(20, rng)])
    points += 0.1 * rng.standard_normal(points.shape)
    f = pair.potential(points)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    assert (np.abs(f[:, None] - f) <= distances + 1e-12).all()
    gradient, h = pair.gradient(points), 1e-7
    assert_allclose(np.linalg.norm(gradient, axis=1), 1, rtol=1e-12)
    for step in h * np.eye(pair.d)[:5]:
        slope = (pair.potential(points + step) - pair.potential(points - step)) / (2 * h)
        assert_allclose(gradient @ step / h, slope, atol=1e-4)  # eps / h, h² / distance²


@each_pair
def test_torch_computes_the_same(pair, rng):
    torch = pytest.importorskip("torch")
    points = pair.y.sample(10, rng) + 0.1
    for function in (pair.potential, pair.gradient):
        assert_allclose(function(torch.tensor(points)).numpy(), function(points), rtol=1e-12)
        assert function(points.astype(np.float32)).dtype == np.float32
    x = pair.x.sample(4, torch.Generator().manual_seed(0))
    assert x.shape == (4, pair.d) and pair.potential(x).dtype == torch.float32


@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if pair.d <= 2], ids=lambda pair: pair.name
)
def test_w1_is_that_of_large_samples_by_exact_transport(pair, rng):
    n = 2000
    x, y = pair.x.sample(n, rng), pair.y.sample(n, rng)
    cost = otgan.emd(x, y).cost
    gap = (pair.potential(x) - pair.potential(y)).mean()
    assert cost >= gap - 1e-12  # weak duality, for any samples
    # Samples are off the distributions by about what they are off another sample of the same
    # distribution.
    off = otgan.emd(x, pair.x.sample(n, rng)).cost + otgan.emd(y, pair.y.sample(n, rng)).cost
    assert_allclose(cost, pair.w1, atol=off + 1e-12)


@given(st.data())
def test_cones_prove_their_moves(data):
    """Points on the sphere about a center fall to it at full speed, whatever the centers."""
    d, k = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    grid = arrays(int, (k, d), elements=st.integers(-3, 3), unique=False)
    centers = np.unique(data.draw(grid), axis=0).astype(float)
    pair = cones(centers, 0.5)
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    y = pair.y.sample(20, rng)
    nearest = np.linalg.norm(y[:, None] - centers, axis=2).argmin(axis=1)
    fall = pair.potential(centers[nearest]) - pair.potential(y)
    assert_allclose(fall, 0.5, rtol=64 * EPS)


def test_the_radial_move_is_an_optimal_plan(rng):
    """The pairing r -> r^p of the same directions, by the exact solver."""
    pair = ball_and_power(3, 8, 2.0)
    y = pair.y.sample(400, rng)
    radii = np.linalg.norm(y, axis=1, keepdims=True)
    x = y / radii * 2.0 * (radii / 2.0) ** 8
    assert_allclose(otgan.emd(x, y).cost, np.linalg.norm(x - y, axis=1).mean(), rtol=1e-9)


def test_scale_distributions():
    assert_allclose(ball_and_power(5, 3, 20).w1, 10 * ball_and_power(5, 3, 2).w1, rtol=1e-15)
    assert_allclose(round_gaussians(5, 10, 30).w1, 10 * round_gaussians(5, 1, 3).w1, rtol=1e-15)
    assert_allclose(
        gaussians_on_line(0, 10, 10, 30).w1, 10 * gaussians_on_line(0, 1, 1, 3).w1, rtol=1e-15
    )
    assert_allclose(round_gaussians(1, 1, 3).w1, gaussians_on_line(0, 1, 0, 3).w1, rtol=1e-14)


def test_images_are_squares_of_both_signs(rng):
    pair = square_and_zero()
    images = pair.x.sample(100, rng).reshape(-1, 64, 64)
    assert_array_equal(np.unique(images), [-1, 0, 1])
    assert_array_equal(np.abs(images).sum(axis=(1, 2)), 35**2)
    assert_array_equal(images[:, 14:49, 14:49] ** 2, 1)
    assert {-1.0, 1.0} == set(images[:, 32, 32])
    assert not pair.y.sample(3, rng).any()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dirac_and_sphere(0), "d must be a whole number"),
        (lambda: dirac_and_sphere(2, 0.0), "radius must be a positive number"),
        (lambda: cones([[0.0], [1.0]], 1.0), "centers must be at least twice the radius apart"),
        (lambda: round_gaussians(2, -1, 1), "std_x must be a positive number"),
        (lambda: ball_and_power(2, np.inf), "p must be a positive number"),
        (lambda: shifted([0.0, 0.0]), "shift must be one finite vector"),
        (lambda: shifted([[1.0]]), "shift must be one finite vector"),
        (lambda: shifted([1.0], ring8()), "shift must have as many coordinates as the base"),
        (lambda: two_points(mistyped("1")), "distance must be a positive number"),
        (lambda: gaussians_on_line(0, 1, 0, 1), "the two distributions must differ"),
        (lambda: gaussians_on_line(np.nan, 1, 0, 1), "the means must be finite"),
        (lambda: square_and_zero(9, 8), "side must be at most size"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with refused(message):
        call()
