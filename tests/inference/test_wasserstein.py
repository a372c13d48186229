"""Both ends of the interval: what they are made of, and how often they hold."""

import math

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

import otgan
from otgan.errors import InvalidInputError
from otgan.inference.wasserstein import wasserstein_interval


def clouds(n=120, m=90, d=2, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) + shift * np.eye(1, d), rng.normal(size=(m, d))


def misses(draw, truth, repetitions, **options):
    """How many lower ends lie above the truth, and how many upper ends below it."""
    rng = np.random.default_rng(0)
    found = [wasserstein_interval(*draw(rng), rng=rng, **options) for _ in range(repetitions)]
    return sum(i.low > truth for i in found), sum(i.high < truth for i in found)


def most_misses(repetitions, share=0.025):
    """So many occur once in two thousand times where each has the nominal probability."""
    return scipy.stats.binom.ppf(1 - 5e-4, repetitions, share)


def held_out(x, y, x_new, y_new):
    """Values of the extended potentials on new points, by plain matrices."""
    r = otgan.emd(x, y)
    return [
        ((r.f - cdist(z, x)).max(axis=1) + (cdist(z, y) - r.g).min(axis=1)) / 2
        for z in (x_new, y_new)
    ]


def plain_bound(f_x, f_y, level):
    n, m = len(f_x), len(f_y)
    se = math.sqrt(f_x.var(ddof=1) / n + f_y.var(ddof=1) / m)
    third = scipy.stats.moment(f_x, 3) / n**2 - scipy.stats.moment(f_y, 3) / m**2
    t = scipy.stats.t.ppf(level, min(n, m) - 1)
    gap = f_x.mean() - f_y.mean()
    return gap, se, gap - t * se + min(0.0, third / se**2 * (1 + 2 * t * t) / 6)


@pytest.mark.parametrize("d", [1, 2, 7])
def test_lower_end_is_the_mean_of_two_held_out_bounds(d):
    x, y = clouds(121, 90, d, shift=3)
    interval = wasserstein_interval(x, y, rng=3, confidence_level=0.8)
    rng = np.random.default_rng(3)
    (x_1, x_2), (y_1, y_2) = (np.array_split(rng.permutation(z), 2) for z in (x, y))
    folds = []
    for halves in ((x_1, y_1, x_2, y_2), (x_2, y_2, x_1, y_1)):
        f_x, f_y = held_out(*halves)
        folds.append(plain_bound(f_x, f_y, level=0.9))
    expected = np.mean(folds, axis=0)
    assert_allclose([interval.lower_estimate, interval.lower_se, interval.low], expected, rtol=1e-9)
    assert interval.lower_from == "samples"


def test_upper_end_is_the_plug_in_and_the_larger_of_two_errors():
    x, y = clouds(d=3)
    x[:, 1] *= 5
    interval, r = wasserstein_interval(x, y, rng=0), otgan.emd(x, y)
    assert interval.plug_in == r.distance
    dual = math.sqrt(r.f.var(ddof=1) / len(x) + r.g.var(ddof=1) / len(y))
    greatest = [np.linalg.eigvalsh(np.cov(z.T)).max() / len(z) for z in (x, y)]
    assert dual < math.sqrt(sum(greatest))
    assert_allclose(interval.plug_in_se, math.sqrt(sum(greatest)))
    margin = scipy.stats.t.ppf(0.975, len(y) - 1) * interval.plug_in_se
    assert interval.high >= interval.plug_in + margin - 1e-12
    # on the ten corners of a simplex a potential varies more than any coordinate
    a = np.repeat([16, 4], 5)
    corners, others = (np.repeat(np.eye(10), counts, axis=0) for counts in (a, a[::-1]))
    interval, r = wasserstein_interval(corners, others, rng=0), otgan.emd(corners, others)
    dual = math.sqrt((r.f.var(ddof=1) + r.g.var(ddof=1)) / 100)
    assert_allclose(interval.plug_in_se, dual)
    assert dual > 1.2 * math.sqrt(2 * np.linalg.eigvalsh(np.cov(corners.T)).max() / 100)


CELLS = [(1, 0.0), (1, 1.0), (2, 0.0), (2, 3.0), (5, 1.0), (20, 0.0)]


@pytest.mark.parametrize(("d", "w"), CELLS)
def test_each_end_holds_its_level_for_gaussians_of_unequal_size(d, w):
    low, high = misses(lambda rng: clouds(60, 90, d, w, rng), w, 200)
    assert max(low, high) <= most_misses(200)


def test_lower_end_holds_where_the_distributions_have_a_part_in_common():
    """Were the errors of the two folds taken for independent, seven in a hundred would fail."""
    corners, common = np.eye(6), [0.225] * 4
    a, b = [0.08, 0.02, *common], [0.02, 0.08, *common]

    def draw(rng):
        return tuple(corners[rng.choice(6, 200, p=p)] for p in (a, b))

    low, _ = misses(draw, otgan.emd(corners, corners, a, b).distance, 600)
    assert low <= most_misses(600)


@pytest.mark.parametrize("d", [1, 4])
def test_upper_end_holds_for_small_distances_on_a_line(d):
    """With the samples' own potentials alone, seven in a hundred of these ends would fail."""
    direction = np.full(d, d**-0.5)

    def draw(rng):
        return tuple(rng.exponential(mean, (200, 1)) * direction for mean in (1, 1.2))

    _, high = misses(draw, 0.2, 600)
    assert high <= most_misses(600)


@pytest.mark.parametrize("n", [10, 20])
def test_few_points_do_not_lower_the_level(n):
    low, high = misses(lambda rng: clouds(n, n, 1, 3.0, rng), 3.0, 600)
    assert max(low, high) <= most_misses(600)


def test_estimates_are_biased_to_their_sides():
    rng = np.random.default_rng(0)
    found = [wasserstein_interval(*clouds(60, 60, 5, 1.0, rng), rng=rng) for _ in range(60)]
    below, above = (
        np.mean([getattr(i, name) for i in found]) for name in ("lower_estimate", "plug_in")
    )
    assert below < 0.6 and above > 1.5
    assert_allclose(np.mean([i.bias for i in found]), above - below)


def test_higher_confidence_is_wider_and_the_split_is_reproducible():
    x, y = clouds()
    narrow, wide = (wasserstein_interval(x, y, rng=1, confidence_level=c) for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wasserstein_interval(x, y, rng=1, confidence_level=0.8) == narrow
    again = wasserstein_interval(x, y, rng=np.random.default_rng(1), confidence_level=0.8)
    assert again == narrow
    assert wasserstein_interval(x, y, rng=2).low != wasserstein_interval(x, y, rng=1).low


def test_moves_and_scales_with_the_points():
    x, y = clouds(d=2)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    here = wasserstein_interval(x, y, rng=0)
    there = wasserstein_interval(1e-9 * x @ turn + 1e-3, 1e-9 * y @ turn + 1e-3, rng=0)
    for name in ("low", "high", "lower_estimate", "lower_se", "plug_in", "plug_in_se"):
        assert_allclose(1e9 * getattr(there, name), getattr(here, name), rtol=1e-5)


def test_equal_and_constant_samples():
    x, _ = clouds()
    same = wasserstein_interval(x, x[::-1], rng=0)
    assert same.low == 0.0 and same.plug_in < 1e-12 < same.high
    apart = wasserstein_interval(np.zeros((10, 2)), np.tile([3.0, 4.0], (12, 1)), rng=0)
    assert_allclose([apart.low, apart.high, apart.plug_in_se, apart.lower_se], [5, 5, 0, 0])
    assert apart.low <= apart.high


def test_takes_lists_and_tensors_and_leaves_its_input_alone():
    torch = pytest.importorskip("torch")
    x, y = clouds(20, 15, 1)
    kept = x.copy()

    def spoils(points):
        values = points[:, 0].copy()
        points[:] = 0
        return values

    plain = wasserstein_interval(x, y, rng=0, potential=(spoils, 1))
    assert_array_equal(x, kept)
    tensors = torch.from_numpy(x), torch.from_numpy(y)
    critic = (lambda z: torch.from_numpy(z).requires_grad_(), 1)
    assert wasserstein_interval(*tensors, rng=0, potential=critic) == plain
    lists = x.ravel().tolist(), y.ravel().tolist()
    assert wasserstein_interval(*lists, rng=0, potential=(lambda z: z, 1)) == plain


def test_a_module_that_takes_tensors_alone_is_refused_kindly():
    torch = pytest.importorskip("torch")
    x, y = clouds(20, 15, 2)
    module = torch.nn.Linear(2, 1, dtype=torch.float64)
    with pytest.raises(InvalidInputError, match="wrap a torch module"):
        wasserstein_interval(x, y, potential=(module, 1e3))
    wrapped = wasserstein_interval(
        x, y, potential=(lambda z: module(torch.as_tensor(z)).detach(), 1e3)
    )
    assert wrapped.low <= wrapped.high


def test_a_critic_sharpens_the_lower_end():
    x, y = clouds(d=20)
    without = wasserstein_interval(x, y, rng=0)
    sharp = wasserstein_interval(x, y, rng=0, potential=(lambda z: 7 * z[:, 0], 7))
    f_x, f_y = x[:, 0], y[:, 0]
    assert_allclose(
        [sharp.lower_estimate, sharp.lower_se, sharp.low], plain_bound(f_x, f_y, 79 / 80)
    )
    assert sharp.lower_from == "potential" and sharp.low > without.low + 0.3
    assert sharp.high == without.high
    useless = wasserstein_interval(x, y, rng=0, potential=(lambda z: -z[:, 0], 1))
    assert useless.lower_from == "samples" and useless.low <= without.low


def test_the_better_of_two_lower_ends_holds_its_level():
    def draw(rng):
        return clouds(60, 60, 1, 1.0, rng)

    low, _ = misses(draw, 1.0, 400, potential=(lambda z: z, 1.0))
    assert low <= most_misses(400)


X, Y = clouds(20, 15)


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((X[:9], Y), {}, "at least 10 points each, got 9 and 15"),
        ((X, Y[:, :1]), {}, "same number of columns"),
        ((X * np.nan, Y), {}, "x must be finite"),
        ((X, Y), {"confidence_level": 95}, "confidence_level must be"),
        ((X, Y), {"potential": lambda z: z[:, 0]}, "potential must be a pair"),
        ((X, Y), {"potential": (lambda z: z[:, 0], 0)}, "potential must be a pair"),
        ((X, Y), {"potential": (3, 1)}, "potential must be a pair"),
        ((X, Y), {"potential": (lambda z: z, 1)}, "potential must return 20 finite numbers"),
        ((X, Y), {"potential": (lambda z: z[:, 0] / 0 * 0, 1)}, "potential must return 20 finite"),
        ((X + 9, Y), {"potential": (lambda z: 3 * z[:, 0], 2)}, "the Lipschitz constant that is"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_errors_say_what_to_do(arguments, options, words):
    with pytest.raises(InvalidInputError, match=words) as error:
        wasserstein_interval(*arguments, rng=0, **options)
    assert "got" in str(error.value) and "to fix it" in str(error.value)
