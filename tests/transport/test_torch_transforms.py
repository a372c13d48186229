"""Distances under torch.func, torch.vmap and torch.compile, and their derivatives."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:torch")
@pytest.mark.parametrize("p", [1, 1.5, 2, 3])
def test_second_derivatives_where_one_pair_of_points_coincides(p):
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([[0.0, 0.0], [1.0, 2.0]], dtype=torch.float64)
    hessian = torch.func.hessian(lambda x: otgan.wasserstein(x, y, p=p) ** p)(x)
    # |u|^p has the Hessian p r^(p - 2) (I + (p - 2) n n^T), r = |u| = 2 in the direction n; each
    # pair has half of the mass. At u = 0 it is 2 I for p = 2, 0 for p > 2, and else undefined.
    along = torch.tensor([[0.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    apart = 0.5 * p * 2 ** (p - 2) * (torch.eye(2, dtype=torch.float64) + (p - 2) * along)
    torch.testing.assert_close(hessian[1, :, 1], apart, rtol=1e-12, atol=1e-12)
    together = torch.eye(2, dtype=torch.float64) if p == 2 else 0 * along
    torch.testing.assert_close(hessian[0, :, 0], together, rtol=0, atol=1e-12)
    assert torch.isfinite(hessian).all()


def assigned(x, y, p=1):
    """W_p of as many points with equal weights, by SciPy's assignment."""
    cost = cdist(x, y) ** p
    return cost[linear_sum_assignment(cost)].mean() ** (1 / p)


def many_clouds(count=6, n=7):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, n, 2)), rng.normal(size=(count, n, 2)) + 1


def test_wasserstein_under_vmap_func_and_compile():
    x, y = many_clouds()
    right = np.array([assigned(*pair, p=2) for pair in zip(x, y, strict=True)])
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)

    def distance(u, v):
        return otgan.wasserstein(u, v, p=2)

    np.testing.assert_allclose(torch.vmap(distance)(tx, ty), right, rtol=1e-12)
    compiled = torch.compile(distance, fullgraph=True, backend="eager")
    np.testing.assert_allclose(compiled(tx[0], ty[0]), right[0], rtol=1e-12)
    # W_2 of points that are moved together along the way to the mean of the others.
    slope = torch.func.grad(lambda t: distance(tx[0] + t, ty[0]))(torch.zeros(2).double())
    np.testing.assert_allclose(slope, (x[0] - y[0]).mean(axis=0) / right[0], rtol=1e-10)


@pytest.mark.parametrize("p", [1, 2])
def test_a_stack_of_clouds_has_a_distance_each(p):
    x, y = many_clouds()
    right = np.array([assigned(*pair, p=p) for pair in zip(x, y, strict=True)])
    np.testing.assert_allclose(otgan.wasserstein(x, y, p=p), right, rtol=1e-12)
    points = torch.from_numpy(x).requires_grad_()
    distances = otgan.wasserstein(points, torch.from_numpy(y), p=p)
    np.testing.assert_allclose(distances.detach(), right, rtol=1e-12)
    (of_stack,) = torch.autograd.grad(distances[2], points)
    assert (of_stack[[0, 1, 3, 4, 5]] == 0).all() and of_stack[2].abs().max() > 0
    on_line = otgan.wasserstein_1d(x[..., :1], y[..., :1], p=p)
    sorted_gaps = np.abs(np.sort(x[..., 0]) - np.sort(y[..., 0]))
    np.testing.assert_allclose(on_line, (sorted_gaps**p).mean(axis=1) ** (1 / p), rtol=1e-12)


def test_the_gradient_in_a_cost_matrix_is_the_plan():
    rng = np.random.default_rng(3)
    C, a, b = rng.uniform(size=(4, 5)), rng.dirichlet(np.ones(4)), rng.dirichlet(np.ones(5))
    right = otgan.emd_linprog(C, a, b)  # HiGHS
    leaves = [torch.tensor(v, requires_grad=True) for v in (C, a, b)]
    cost = otgan.transport_cost(*leaves)
    cost.backward()
    assert cost.item() == pytest.approx(right.cost, rel=1e-12)
    in_C, in_a, in_b = (np.asarray(leaf.grad) for leaf in leaves)
    np.testing.assert_allclose(in_C, right.plan.toarray(), atol=1e-12)
    # Potentials are known up to a constant; normalized weights see them less their mean.
    np.testing.assert_allclose(in_a, right.f - right.f @ a, atol=1e-9)
    np.testing.assert_allclose(in_b, right.g - right.g @ b, atol=1e-9)
