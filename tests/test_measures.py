import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan.costs import PointCost
from otgan.errors import InvalidInputError, UnequalMassError
from otgan.inference.held_out import held_out_bracket
from otgan.measures import DiscreteMeasure, as_float64, as_pair, as_points, is_torch, to_numpy
from tests.cases import FORMS, refused, torch

GRID = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize("form", FORMS)
def test_every_array_becomes_the_same_float64(form):
    measure = DiscreteMeasure.of(FORMS[form](GRID), FORMS[form](GRID[:, 1]))
    assert measure.points.dtype == measure.weights.dtype == np.float64
    assert measure.points.flags.c_contiguous
    assert_array_equal(measure.points, GRID)
    assert_allclose(measure.weights, [1 / 9, 3 / 9, 5 / 9], rtol=1e-15)
    assert measure.mass == 9 and measure.n == 3 and measure.d == 2


def test_positions_in_points_on_the_line_are_one_number():
    for points, index in (([2.0, np.nan], "1"), ([[2.0], [np.nan]], r"\(1, 0\)")):
        with pytest.raises(InvalidInputError, match=f"x must be finite, got nan at index {index} "):
            as_points(points, "x")


def test_a_sampler_is_no_array_of_points():
    class Sampler:
        def sample(self, n):
            return np.zeros((n, 2))

    for sampler in (Sampler(), lambda n: np.zeros((n, 2))):
        with pytest.raises(InvalidInputError, match="estimate_w1 and held_out_bracket take samp"):
            as_points(sampler, "x")


def test_a_frozen_distribution_is_told_where_its_density_is_taken():
    with pytest.raises(InvalidInputError, match="kl_from_samples its logpdf as y"):
        as_points(stats.norm(0, 1), "y")


def test_one_axis_means_points_on_the_line_of_equal_weight():
    measure = DiscreteMeasure.of(range(4))
    assert measure.points.shape == (4, 1)
    assert_array_equal(measure.weights, np.full(4, 0.25))
    assert repr(measure) == "DiscreteMeasure(n=4, d=1, mass=1)"


def test_the_caller_keeps_his_arrays():
    points, weights = GRID.copy(), np.ones(3)
    measure = DiscreteMeasure.of(points, weights)
    measure.points[:], measure.weights[:] = 7, 7
    assert_array_equal(points, GRID)
    assert_array_equal(weights, np.ones(3))


@pytest.mark.parametrize(
    ("points", "fragment"),
    [
        ([], "at least one point"),
        (np.empty((0, 2)), "got shape (0, 2)"),
        (np.empty((2, 0)), "got shape (2, 0)"),
        (3.0, "got ()"),
        (np.zeros((2, 3, 4)), "got (2, 3, 4)"),
        ([[1, 2], [3]], "same length"),
        (["a", "b"], "real numbers"),
        (["1", "2"], "real numbers"),
        ([None, 1.0], "dtype object"),
        (None, "dtype object"),
        (np.array([1 + 2j]), "dtype complex128"),
        ([0.0, np.nan, np.nan], "got nan at index 1 (2 such entries)"),
        ([[0.0, np.inf]], "got inf at index (0, 1)"),
        ([[-np.inf, 0.0]], "got -inf"),
        ([0.0, -1e300], "got 1e+300"),
        (np.array([np.longdouble("1e4000")]), "got inf"),
    ],
)
def test_points_without_meaning_are_refused(points, fragment):
    with refused("cloud", fragment):
        DiscreteMeasure.of(points, name="cloud")


@pytest.mark.parametrize(
    ("weights", "fragment"),
    [
        ([1], "must have shape (3,), one weight for each point, got (1,)"),
        ([1, 1, 1, 1], "got (4,)"),
        ([[1], [1], [1]], "got (3, 1)"),
        (1.0, "got ()"),
        ([1, -0.5, 1], "got -0.5 at position 1"),
        ([1, np.nan, 1], "got nan at index 1 (1 such"),
        ([1, np.inf, 1], "got inf at index 1 (1 such"),
        ([0, 0, 0], "positive, finite sum, got 0"),
        ([1e308] * 3, "positive, finite sum, got inf; to fix it, divide"),
        (["a"] * 3, "real numbers"),
        ([1j] * 3, "dtype complex128"),
    ],
)
def test_weights_without_meaning_are_refused(weights, fragment):
    with refused("the weights of x", fragment):
        DiscreteMeasure.of(GRID, weights)


def test_complex_tensors_are_refused_before_torch_drops_a_part():
    with refused("dtype complex64"):
        DiscreteMeasure.of(torch.tensor([1 + 2j]).conj())


def test_tensors_are_told_without_importing_torch():
    assert is_torch(torch.zeros(2)) and is_torch(torch.nn.Parameter(torch.zeros(2)))
    assert not any(is_torch(value) for value in (torch, torch.float32, np.zeros(2), [1], None))
    assert to_numpy(torch.tensor([0.5], requires_grad=True)).dtype == np.float64


def test_columns_must_agree():
    with refused("same number of columns, got 2 and 1"):
        as_pair(GRID, [1.0, 2.0], None, None)


@pytest.mark.parametrize("relative", [0, 2e-6, -2e-6])
def test_masses_may_differ_by_rounding(relative):
    mu, nu = as_pair([0, 1], [0, 1], [1, 1], [1, 1 + 2 * relative])
    assert_allclose([mu.weights.sum(), nu.weights.sum()], 1, rtol=1e-15)
    assert_allclose(nu.mass, 2 * (1 + relative), rtol=1e-15)


@pytest.mark.parametrize("relative", [1e-3, -1e-3, 1])
def test_masses_that_differ_are_refused_and_said_by_how_much(relative):
    with refused("differ by", f"{2 * abs(relative):.3g}", "its own sum", error=UnequalMassError):
        as_pair([0, 1], [0, 1], [1, 1], [1, 1 + 2 * relative])


def test_sums_of_float32_pass():
    rng = np.random.default_rng(0)
    a = rng.random(1000).astype(np.float32)
    mu, _ = as_pair(np.arange(1000), [0.0], a / a.sum(), None)
    assert_allclose(mu.mass, 1, rtol=1e-6)  # float32 rounding, which validation forgives
    assert_allclose(mu.weights.sum(), 1, rtol=1e-15)


def test_as_float64_lets_nan_through_for_the_caller_to_judge():
    assert np.isnan(as_float64([np.nan], "C")).all()
    with refused("C must be"):
        as_float64("abc", "C")


def test_masked_entries_are_refused():
    with refused("must not hold masked entries", "got 1"):
        as_points(np.ma.masked_equal([1.0, 2.0, 99.0], 99.0), "x")
    assert as_points(np.ma.masked_equal([1.0, 2.0], 99.0), "x").shape == (2, 1)


def as_tensor(array):
    return torch.as_tensor(array)


IMAGES = np.random.default_rng(0).random((2, 6, 3, 4, 2))


@pytest.mark.parametrize("kind", [np.asarray, as_tensor, np.ndarray.tolist])
@pytest.mark.parametrize(
    "compare",
    [
        otgan.wasserstein,
        otgan.emd,
        PointCost.of,
        held_out_bracket,
        otgan.mmd_squared,
        otgan.sliced_wasserstein,
        lambda x, y: otgan.wasserstein(torch.as_tensor(x), y),
        lambda x, y: held_out_bracket(x, x, x_new=y, y_new=x),
        lambda x, y: otgan.pairwise_wasserstein([x, y]),
        lambda x, y: otgan.pairwise_wasserstein([IMAGES[0].reshape(6, -1), x], [y]),
        lambda x, y: otgan.estimate_w1(x, y, "lp", steps=1, device="cpu"),
    ],
)
def test_images_of_different_shapes_are_refused_by_all(compare, kind):
    x, y = IMAGES
    with refused("must hold images of one shape", "(3, 4, 2) and (4, 3, 2)", "transpose"):
        compare(kind(x), kind(y.transpose(0, 2, 1, 3)))


def data_set(array):
    return torch.utils.data.TensorDataset(torch.as_tensor(array), torch.arange(len(array)))


@pytest.mark.parametrize(
    "compare",
    [held_out_bracket, lambda x, y: otgan.estimate_w1(x, y, "lp", steps=1, device="cpu")],
)
def test_and_so_they_are_in_data_sets(compare):
    x, y = IMAGES
    turned = y.transpose(0, 2, 1, 3)
    for one, other in (
        (data_set(x), data_set(turned)),
        (x, data_set(turned)),
        (data_set(x), turned),
    ):
        with refused("must hold images of one shape", "(3, 4, 2) and (4, 3, 2)", "transpose"):
            compare(one, other)
    with refused("x must hold points of one shape", "(3, 4, 2) and (4, 3, 2)"):
        compare(torch.utils.data.ConcatDataset([data_set(x), data_set(turned)]), y)


@pytest.mark.parametrize("kind", [np.asarray, as_tensor])
def test_images_of_one_shape_are_points_and_so_are_their_rows(kind):
    x, y = map(kind, IMAGES)
    rows = IMAGES.reshape(2, 6, -1)
    costs = cdist(*rows)
    right = costs[linear_sum_assignment(costs)].mean()
    assert_allclose(held_out_bracket(x, data_set(y)).upper_estimate, right, rtol=1e-12)
    for one, other in ((x, y), (x, kind(rows[1])), (kind(rows[0]), y)):
        assert_allclose(float(otgan.wasserstein(one, other)), right, rtol=1e-12)
        assert_allclose(otgan.pairwise_wasserstein([one, other])[0, 1], right, rtol=1e-12)
        assert_allclose(PointCost.of(one, other).rows(slice(None)), costs, rtol=1e-12)


WITHOUT_GRADIENTS = [
    otgan.compare,
    otgan.debiased_wasserstein,
    otgan.energy_distance,
    otgan.frechet_distance,
    otgan.held_out_bracket,
    otgan.js_from_samples,
    otgan.kl_from_samples,
    otgan.max_sliced_wasserstein,
    otgan.mmd,
    otgan.prdc,
    otgan.sinkhorn_divergence,
    otgan.sliced_wasserstein,
    otgan.two_sample_test,
    otgan.wasserstein_interval,
]


@pytest.mark.parametrize("function", WITHOUT_GRADIENTS, ids=lambda function: function.__name__)
def test_numbers_without_gradients_are_not_given_for_tensors_that_require_them(function):
    x = torch.arange(20.0)[:, None] ** 0.5
    for pair in ((x.clone().requires_grad_(), x + 0.1), (x + 0.1, x.clone().requires_grad_())):
        with refused(f"tensors for {function.__name__} must not require gradients", "x.detach()"):
            function(*pair)
        with torch.no_grad():
            function(*pair)
