"""The answers of `docs/faq.md`: a test for each, by its number."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from scipy.sparse import coo_array

import otgan
from tests.cases import torch

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
ELSEWHERE = {
    31: ("tests/gan/test_distributed.py", "test_two_processes_make_the_steps_of_one"),
    32: ("tests/critics/kernels/test_relu.py", "test_gradients_are_those_of_autograd"),
}
"""What takes longer, and has its tests already."""

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(300, 2)), RNG.normal(size=(200, 2)) + [1, 0]


def in_a_fresh_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_question_has_a_test():
    asked = [int(number) for number in re.findall(r"(?m)^(\d+)\. \*\*", PAGE)]
    tested = [int(name[5:7]) for name in globals() if re.match(r"test_\d\d_", name)]
    assert asked == list(range(1, 35)) == sorted({*tested, *ELSEWHERE})


def test_01_no_number_at_the_limit_of_iterations():
    with pytest.raises(otgan.SolverError, match="after 100 iterations") as caught:
        otgan.emd(X, Y, max_iterations=100)
    assert caught.value.partial.lower < otgan.wasserstein(X, Y) < caught.value.partial.upper


def test_02_no_number_for_costs_and_masses_that_make_no_problem():
    with pytest.raises(otgan.InvalidInputError, match=r"got nan at \(0, 1\)"):
        otgan.emd_from_cost([[0.0, np.nan], [1.0, 0.0]])
    with pytest.raises(otgan.InvalidInputError, match="got -1"):
        otgan.emd_from_cost([[0.0, 1.0], [1.0, 0.0]], [-1, 2], [0.5, 0.5])
    with pytest.raises(otgan.InfeasibleError, match="source 0"):
        otgan.emd_from_cost([[np.inf, np.inf], [1.0, 0.0]])


def test_03_sums_may_differ_by_rounding_and_by_no_more():
    a = np.full(300, 1 / 300, np.float32)
    b = np.full(200, 1 / 200, np.float32)
    assert a.sum() != b.sum()
    assert_allclose(otgan.wasserstein(X, Y, a, b), otgan.wasserstein(X, Y), rtol=1e-6)
    with pytest.raises(otgan.UnequalMassError, match=r"differ by 0\.1"):
        otgan.wasserstein(X, Y, a, 1.1 * b)
    scaled = otgan.emd(X, Y, a, 1.1 * b, normalize=True)
    assert_allclose(scaled.distance, otgan.wasserstein(X, Y), rtol=1e-6)


def test_04_integers_are_promoted():
    r = otgan.emd_from_cost([[0, 3], [3, 1]], [1, 2], [2, 1])
    assert_allclose(r.plan.toarray(), [[1 / 3, 0], [1 / 3, 1 / 3]])


def test_05_points_and_weights_are_as_many():
    with pytest.raises(otgan.InvalidInputError, match=r"\(300,\).*got \(299,\)"):
        otgan.emd(X, Y, np.ones(299), np.ones(200))


def test_06_forbidden_arcs_are_inf_and_huge_costs_do_no_harm():
    forbidden = otgan.emd_from_cost([[1.0, np.inf], [np.inf, 2.0]])
    huge = otgan.emd_from_cost([[1.0, 1e32], [1e32, 2.0]])
    assert forbidden.cost == huge.cost == 1.5
    assert_allclose(forbidden.plan.toarray(), [[0.5, 0], [0, 0.5]])


def test_07_potentials_at_points_without_mass_and_gradients_of_weights():
    a = np.r_[np.zeros(10), np.full(290, 1 / 290)]
    r = otgan.emd(X, Y, a)
    assert otgan.dual_violation(otgan.PointCost.of(X, Y), r.f, r.g) < 1e-12
    weights = torch.full((300,), 1 / 300, dtype=torch.float32, requires_grad=True)
    otgan.wasserstein(torch.tensor(X), torch.tensor(Y), weights).backward()
    assert weights.grad.dtype == torch.float32 and weights.grad.device == weights.device
    assert abs(weights.grad.mean()) < 1e-6 < weights.grad.abs().max()


def test_08_points_on_the_line_need_no_order():
    x, y, a, b = [3, 1, 2], [2, 5], [0.2, 0.3, 0.5], [0.6, 0.4]
    expected = scipy.stats.wasserstein_distance(x, y, a, b)
    assert_allclose(otgan.wasserstein_1d(x, y, a, b), expected)
    assert_allclose(otgan.wasserstein_1d([1, 2, 3], y, [0.3, 0.5, 0.2], b), expected)


def test_09_distances_have_the_root_taken():
    assert otgan.wasserstein_1d([0], [3], p=2) == otgan.wasserstein([[0]], [[3]], p=2) == 3
    assert otgan.emd([[0]], [[3]], p=2).cost == 9


def test_10_histograms_passed_as_samples_warn():
    with pytest.warns(otgan.InputWarning, match=r"wasserstein_1d\(bins, bins, x, y\)"):
        otgan.wasserstein_1d([0.2, 0.8], [0.8, 0.2])
    assert_allclose(otgan.wasserstein_1d([0, 1], [0, 1], [0.2, 0.8], [0.8, 0.2]), 0.6)


def test_11_points_in_the_plane_are_not_on_the_line():
    with pytest.raises(otgan.InvalidInputError, match=r"use otgan\.wasserstein"):
        otgan.wasserstein_1d(X, Y)


def test_12_js_is_one_or_the_other_and_finite():
    p, q = [5e-324, 1.0], [0.0, 1.0]
    assert 0 <= otgan.js_divergence(p, q) < 1e-300
    assert_allclose(otgan.js_distance([1, 0], [0, 1]) ** 2, otgan.js_divergence([1, 0], [0, 1]))
    assert_allclose(otgan.js_divergence([1, 0], [0, 1]), math.log(2))
    near = np.array([0.3, 0.7], np.float32)
    assert otgan.js_distance(near, np.nextafter(near, np.float32(1))) < 1e-3


def test_13_kl_of_equal_distributions_has_an_error_and_repeated_rows_are_refused():
    e = otgan.kl_from_samples(X[:150], X[150:])
    assert abs(e.value) < 4 * e.se < 1
    with pytest.raises(otgan.DuplicateSamplesError, match="repeated rows"):
        otgan.kl_from_samples(np.repeat(X, 2, axis=0), Y)


def test_14_sinkhorn_is_debiased_and_near_the_cost_for_small_reg():
    assert abs(float(otgan.sinkhorn_divergence(X, X))) < 1e-9
    assert float(otgan.sinkhorn_divergence(X, Y, reg=10.0)) > 0
    cost = otgan.wasserstein(X, Y)
    far = [abs(float(otgan.sinkhorn_divergence(X, Y, reg=reg)) - cost) for reg in (1, 0.1, 0.02)]
    assert far[0] > far[1] > far[2]


def test_15_a_critics_number_stands_beside_the_exact_one():
    e = otgan.estimate_w1(X, Y, constraint="lp", steps=20)
    assert 0 < e.sample_lower <= e.sample_distance
    assert e.population_low < 1 < e.population_high


def test_16_memory_grows_with_the_points_and_not_with_the_pairs():
    code = """
import resource
import numpy as np
import otgan

def solve(n):
    rng = np.random.default_rng(0)
    otgan.emd(rng.normal(size=(n, 2)), rng.normal(size=(n, 2)), n_jobs=1)

solve(1500)  # loads what has to be loaded
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
solve(6000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    assert int(in_a_fresh_process(code)) * 1024 < 6000 * 6000 * 8 / 4


def test_17_many_pairs_in_one_call():
    clouds = [X[:50], X[50:120], Y[:60]]
    matrix = otgan.pairwise_wasserstein(clouds)
    assert_allclose(matrix[0, 2], otgan.wasserstein(clouds[0], clouds[2]))
    stack = otgan.wasserstein(X.reshape(3, 100, 2), Y[:150].reshape(3, 50, 2))
    assert_allclose(stack[1], otgan.wasserstein(X[100:200], Y[50:100]))


def test_18_nothing_loads_torch_and_results_are_where_the_tensors_are():
    code = "import sys, otgan; otgan.emd([[0.0]], [[1.0]]); print('torch' in sys.modules)"
    assert in_a_fresh_process(code) == "False"
    x = torch.tensor(X, dtype=torch.float32)
    distance = otgan.wasserstein(x, torch.tensor(Y, dtype=torch.float32))
    assert (distance.device, distance.dtype) == (x.device, x.dtype)


def test_19_threads_do_not_change_a_bit():
    x, y = RNG.normal(size=(1500, 2)), RNG.normal(size=(1500, 2))
    one, two = otgan.emd(x, y, n_jobs=1), otgan.emd(x, y, n_jobs=2)
    assert (one.lower, one.upper) == (two.lower, two.upper)
    assert (one.plan != two.plan).nnz == 0


def test_20_the_same_number_as_scipys_linear_program():
    x, y = X[:30], Y[:20]
    expected = scipy.stats.wasserstein_distance_nd(x, y)
    assert_allclose(otgan.wasserstein(x, y), expected, rtol=1e-8)


def test_21_small_regularization_converges_or_raises():
    with pytest.raises(otgan.SolverError, match=r"raise max_iterations, or reg"):
        otgan.sinkhorn_divergence(X, Y, reg=1e-3)


def test_22_far_from_the_origin_distances_are_the_same():
    assert_allclose(otgan.wasserstein(X + 1e8, Y + 1e8), otgan.wasserstein(X, Y), rtol=1e-7)
    assert otgan.wasserstein(X, X) == 0
    x = torch.tensor(X, requires_grad=True)
    otgan.wasserstein(x, torch.tensor(X)).backward()
    assert torch.isfinite(x.grad).all()


def test_23_no_compiler_is_called():
    code = "import otgan; print(otgan.wasserstein([[0.0]], [[1.0]]))"
    assert in_a_fresh_process(code, PATH="") == "1.0"


def test_24_plan_and_potentials_come_with_the_number():
    r = otgan.emd(X, Y)
    assert_allclose(r.plan.sum(axis=1), 1 / 300)
    assert_allclose(r.f.mean() + r.g.mean(), r.cost)


def test_25_stacks_orders_and_metrics_but_no_missing_values():
    stack = otgan.wasserstein(X.T[:, :, None], Y.T[:, :, None], p=2)
    assert_allclose(stack, [otgan.wasserstein_1d(X[:, k], Y[:, k], p=2) for k in range(2)])
    on_line = otgan.wasserstein(X, Y, metric="cityblock")
    assert on_line >= otgan.wasserstein(X, Y)
    with pytest.raises(otgan.InvalidInputError, match="nan"):
        otgan.wasserstein_1d([0.0, np.nan], [1.0])


def test_26_tensors_get_exact_gradients():
    x, y = torch.tensor(X, requires_grad=True), torch.tensor(Y)
    otgan.wasserstein(x, y).backward()
    step = 1e-6 * np.random.default_rng(1).normal(size=X.shape)
    change = (otgan.wasserstein(X + step, Y) - otgan.wasserstein(X - step, Y)) / 2
    assert_allclose((x.grad.numpy() * step).sum(), change, rtol=1e-4)


def test_27_the_derivative_in_the_costs_is_the_plan():
    C = torch.tensor(np.abs(RNG.normal(size=(6, 5))), requires_grad=True)
    a = torch.full((6,), 1 / 6, dtype=torch.float64)
    b = torch.full((5,), 1 / 5, dtype=torch.float64)
    otgan.transport_cost(C, a, b).backward()
    plan = otgan.emd_from_cost(C.detach().numpy()).plan.toarray()
    assert_allclose(C.grad.numpy(), plan, atol=1e-12)


def test_28_costs_of_ones_own():
    x, y = X[:20], Y[:20]
    C = 1 - (x @ y.T) / np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    expected = otgan.emd_from_cost(C).cost
    assert_allclose(otgan.emd(x, y, metric="cosine").cost, expected, rtol=1e-9)

    def one_minus_cosine(u, v):
        return 1 - u @ v / (np.linalg.norm(u) * np.linalg.norm(v))

    assert_allclose(otgan.emd(x, y, metric=one_minus_cosine).cost, expected, rtol=1e-9)


def test_29_two_arrays_and_one_number():
    page = (ROOT / "docs" / "first-five-minutes.md").read_text(encoding="utf-8")
    assert page.index(">>> r = otgan.emd(x, y)") < 1500


def test_30_grids_and_bottlenecks_of_diagrams():
    cells = np.arange(12).reshape(3, 4)
    right = np.stack([cells[:, :-1].ravel(), cells[:, 1:].ravel()])
    down = np.stack([cells[:-1].ravel(), cells[1:].ravel()])
    arcs = np.concatenate([right, down], axis=1)
    grid = coo_array((np.ones(arcs.shape[1]), (arcs[0], arcs[1])), shape=(12, 12))
    a, b = RNG.dirichlet(np.ones(12), 2)
    places = np.argwhere(cells >= 0)
    along_arcs = otgan.emd_graph(grid + grid.T, a, b)
    assert_allclose(
        along_arcs.distance, otgan.wasserstein(places, places, a, b, metric="cityblock")
    )
    on_grid = otgan.emd_grid(a.reshape(3, 4), b.reshape(3, 4), p=1)
    assert_allclose(on_grid.distance, along_arcs.distance)
    bottleneck = otgan.persistence_distance([[0.0, 4.0]], [[0.0, 5.0], [2.0, 3.0]], p=math.inf)
    assert_allclose(float(bottleneck), 1.0)


def test_33_convolutions_are_bounded_as_maps():
    from otgan.critics.lipschitz import convolution_norm

    kernel = np.ones((1, 1, 3))  # adds three neighbors: norm 3, and √3 as a matrix
    assert np.linalg.norm(kernel.reshape(1, -1), 2) < 1.8
    assert 3 <= convolution_norm(kernel, [1], [1]) <= 3.03


def test_34_a_lipschitz_network_is_the_same_after_loading():
    from otgan.critics.lipschitz import lipschitz_from_weights
    from otgan.critics.networks import orthogonal_mlp

    saved, loaded = orthogonal_mlp(2, width=8, depth=2), orthogonal_mlp(2, width=8, depth=2)
    points = torch.tensor(X, dtype=torch.float32)
    assert not torch.equal(saved(points), loaded(points))
    loaded.load_state_dict(saved.state_dict())
    assert torch.equal(saved(points), loaded(points))
    assert lipschitz_from_weights(loaded) <= 1 + 1e-5


@pytest.mark.parametrize(("file", "name"), ELSEWHERE.values())
def test_what_is_tested_elsewhere_is_there(file, name):
    assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")
