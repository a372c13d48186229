"""The Sinkhorn divergence against closed forms, its limits, and POT."""

import math

import numpy as np
import ot
import pytest
from numpy.testing import assert_allclose

import otgan
from otgan.errors import SolverError
from tests.cases import dense_cost
from tests.transport.samples import two_normals


def by_pot(x, y, p, epsilon):
    def entropic(u, v):
        a, b = np.full(len(u), 1 / len(u)), np.full(len(v), 1 / len(v))
        C = dense_cost(u, v, p=p)
        solved = ot.solve(C, a, b, reg=epsilon, reg_type="KL", tol=1e-11, max_iter=20_000)
        return solved.value

    return entropic(x, y) - 0.5 * entropic(x, x) - 0.5 * entropic(y, y)


@pytest.mark.parametrize(("p", "epsilon"), [(1, 0.3), (1.5, 1), (2, 2)])
def test_sinkhorn_agrees_with_pots_other_solver(p, epsilon):
    x, y = two_normals(8, 40, 30, 2, 1)
    result = otgan.sinkhorn_divergence(x, y, p=p, reg=epsilon)
    assert_allclose(result.value, by_pot(x, y, p, epsilon), rtol=1e-5)
    assert result.diagnostics["marginal_error"] <= 1e-6
    assert result.diagnostics["reg"] == epsilon


@pytest.mark.parametrize("epsilon", [0.5, 5, 50])
def test_sinkhorn_of_a_shift_is_its_square(epsilon):
    # |x - y - s|² differs from |x - y|² by a function of x plus one of y.
    x, _ = two_normals(9, 30, 2, 2, 0)
    result = otgan.sinkhorn_divergence(x, x + [3, 4], p=2, reg=epsilon)
    assert_allclose(result.value, 25, rtol=1e-5)


@pytest.mark.parametrize("p", [1, 2])
def test_little_regularization_gives_transport(p):
    x, y = two_normals(10, 30, 20, 2, 2)
    exact = otgan.emd(x, y, p=p).cost
    values = [
        float(otgan.sinkhorn_divergence(x, y, p=p, reg=eps, max_iterations=10**5))
        for eps in (0.2, 0.05)
    ]
    # between x and y the entropy adds at most ε log n, within them it may take away as much
    for value, eps in zip(values, (0.2, 0.05), strict=True):
        assert_allclose(value, exact, atol=eps * math.log(30))
    assert abs(values[1] - exact) < 0.5 * abs(values[0] - exact)


def test_much_regularization_gives_half_the_energy_distance():
    x, y = two_normals(11, 40, 30, 3, 1)
    energy = float(otgan.energy_distance(x, y)) ** 2
    result = otgan.sinkhorn_divergence(x, y, reg=1e4)
    assert_allclose(result.value, energy / 2, rtol=1e-3)


@pytest.mark.parametrize("n", [900, 1100])
def test_more_than_a_thousand_points_converge(n):
    # POT's stabilization, left alone, diverges from 1,000 points on.
    x, y = two_normals(12, n, n - 50, 2, 2)
    assert otgan.sinkhorn_divergence(x, y, p=2, reg=0.5).diagnostics["iterations"] < 500


def test_clouds_far_apart_converge():
    x, y = two_normals(13, 30, 20, 2, 1e5)
    result = otgan.sinkhorn_divergence(x, y, reg=1)
    assert_allclose(result.value, otgan.emd(x, y).cost, rtol=1e-4)


def test_iterations_that_did_not_converge_give_no_number():
    x, y = two_normals(14, 60, 50, 1, 0)
    with pytest.raises(SolverError, match=r"must be right to 1e-06.* got an error of .* to fix it"):
        otgan.sinkhorn_divergence(x, y, reg=1e-3, max_iterations=50)
    with pytest.raises(SolverError, match=r"after 3 iterations; to fix it, raise .* or reg"):
        otgan.sinkhorn_divergence(x, y, reg=1e-3, max_iterations=3)
    with pytest.raises(SolverError, match="to fix it"):
        otgan.sinkhorn_divergence(x, y, reg=1e-300, max_iterations=50)
