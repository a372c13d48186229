"""Arguments in another order, with another mass or another shape."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, jensenshannon
from scipy.stats import wasserstein_distance

import otgan
from otgan.errors import InputWarning, InvalidInputError, UnequalMassError
from tests.cases import refused, torch


def test_arguments_in_the_order_of_other_libraries_are_named():
    a, b, M = np.full(3, 1 / 3), np.full(2, 0.5), np.arange(6.0).reshape(3, 2)
    arguments: tuple
    for arguments in ((a, b, M), ([], [], M), (M, a, b)):
        with pytest.raises(InvalidInputError, match=r"call emd_from_cost\(M, a, b\)"):
            otgan.emd(*arguments)
    with pytest.raises(InvalidInputError, match="weights before the points"):
        otgan.wasserstein(a, M, b, M[:2])
    with pytest.warns(InputWarning, match="sum to one, as histograms do"):
        assert otgan.wasserstein_1d([0.2, 0.8], [0.8, 0.2]) == 0
    assert_allclose(otgan.wasserstein_1d([0, 1], [0, 1], [0.2, 0.8], [0.8, 0.2]), 0.6, rtol=1e-15)


def test_raw_counts_of_unequal_total_are_normalized_on_request():
    bins, few, many = [0, 1, 3], [1, 2, 1], [30, 10, 20]
    right = wasserstein_distance(bins, bins, few, many)
    for function in (otgan.wasserstein_1d, otgan.wasserstein, otgan.emd):
        with pytest.raises(UnequalMassError, match="pass normalize=True"):
            function(bins, bins, few, many)
        assert_allclose(float(function(bins, bins, few, many, normalize=True)), right, rtol=1e-12)
    C = np.abs(np.subtract.outer(bins, bins))
    for solve in (otgan.emd_from_cost, otgan.emd_linprog):
        assert_allclose(solve(C, few, many, normalize=True).cost, right, rtol=1e-12)
    many_pairs = otgan.pairwise_wasserstein([bins, bins], weights=[few, many], normalize=True)
    assert_allclose(many_pairs[0, 1], right, rtol=1e-12)
    with pytest.raises(UnequalMassError, match="pass normalize=True"):
        otgan.js_divergence(few, many)
    right = jensenshannon(few, many) ** 2  # which normalizes by itself
    assert_allclose(otgan.js_divergence(few, many, normalize=True), right, rtol=1e-12)


def test_images_are_points_wherever_points_go():
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 6, 3, 4, 4))
    flat = x.reshape(6, -1), y.reshape(6, -1)
    matrix = cdist(*flat)
    right = matrix[linear_sum_assignment(matrix)].mean()
    assert_allclose(otgan.wasserstein(x, y), right, rtol=1e-12)
    tensor = torch.tensor(x, requires_grad=True)
    otgan.wasserstein(tensor, torch.tensor(y)).backward()
    assert tensor.grad.shape == x.shape
    assert otgan.energy_distance_squared(x, y).value == otgan.energy_distance_squared(*flat).value
    with pytest.raises(InvalidInputError, match="images of one shape"):
        otgan.wasserstein(x, y.transpose(0, 2, 3, 1))  # channels last
    with pytest.raises(InvalidInputError, match=r"x\.reshape\(6, -1\).*batch of 6 clouds"):
        otgan.energy_distance_squared(x[:, 0], y[:, 0])


OF_WEIGHTS = {
    "emd": ([0, 1], [1, 2]),
    "wasserstein": ([0, 1], [1, 2]),
    "wasserstein_1d": ([0, 1], [1, 2]),
    "emd_from_cost": ([[0, 1], [1, 0]],),
    "emd_linprog": ([[0, 1], [1, 0]],),
    "transport_cost": ([[0, 1], [1, 0]],),
    "certify": ([[0, 1], [1, 0]], [[0.5, 0], [0, 0.5]], [0, 0], [0, 0]),
    "emd_grid": ([1, 2], [2, 1]),
    "emd_graph": ([[np.inf, 1], [1, np.inf]], [1, 2], [2, 1]),
    "pairwise_wasserstein": ([[0, 1], [1, 2]],),
    "kl_divergence": ([1, 2], [2, 1]),
    "js_divergence": ([1, 2], [2, 1]),
    "js_distance": ([1, 2], [2, 1]),
    "total_variation": ([1, 2], [2, 1]),
    "hellinger": ([1, 2], [2, 1]),
    "chi2_divergence": ([1, 2], [2, 1]),
}


@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_what_only_counts_as_true_does_not_normalize(name):
    """Weights that were passed in its place, or a word, would let totals differ unasked."""
    function = getattr(otgan, name)
    function(*OF_WEIGHTS[name], normalize=True)
    for wrong in ("no", 1, None, [0.5, 0.5], np.array([0.5, 0.5])):
        with refused("normalize must be True or False"):
            function(*OF_WEIGHTS[name], normalize=wrong)


def test_every_function_that_normalizes_is_among_them():
    public = [getattr(otgan, name) for name in dir(otgan)]
    functions = [thing for thing in public if inspect.isfunction(thing)]
    names = {f.__name__ for f in functions if "normalize" in inspect.signature(f).parameters}
    assert names == OF_WEIGHTS.keys()
