"""Gradients where mass may stay: finite differences, the dual by HiGHS, and derivatives by torch.

Drawn without ties, so that the cost is smooth around every problem here; `gradcheck` moves each
entry by 1e-6.
"""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.optimize import linprog

import otgan
from tests.cases import NAMED_METRICS, dense_cost, refused

FORWARD = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:torch")
DIFFERENCES: dict[str, Any] = {"eps": 1e-6, "atol": 1e-7, "rtol": 1e-6}
SECOND: dict[str, Any] = {"eps": 1e-6, "atol": 1e-6, "rtol": 1e-5}


def arrays(d=2, size=None, seed=0):
    """Points, weights of different sums, and prices at which some mass stays on either side."""
    rng = np.random.default_rng(seed)
    stack = () if size is None else (size,)
    x, y = rng.uniform(0.5, 1.5, (*stack, 5, d)), rng.uniform(1.0, 2.0, (*stack, 4, d))
    a, b = rng.uniform(0.5, 1.5, (*stack, 5)), rng.uniform(1.0, 2.0, (*stack, 4))
    return x, y, a, b, rng.uniform(0.1, 0.6, (*stack, 5)), rng.uniform(0.1, 0.6, (*stack, 4))


def leaves(*values):
    return [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values]


def at_prices(x, y, a, b, u, v, **options):
    return otgan.wasserstein(x, y, a, b, unmatched=(u, v), **options)


def moving(x, y, a, b, mass, **options):
    return otgan.wasserstein(x, y, a, b, mass=mass, **options)


# ---------------------------------------------------------------- finite differences


@FORWARD
@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("p", [1, 2])
def test_in_points_weights_and_prices(d, p):
    given = leaves(*arrays(d))
    result = otgan.emd(*arrays(d)[:4], unmatched=arrays(d)[4:], p=p)
    assert 0 < result.moved < 4 and min(result.unmatched) > 0  # neither extreme
    assert torch.autograd.gradcheck(
        lambda *of: at_prices(*of, p=p), given, **DIFFERENCES, check_forward_ad=True
    )


@pytest.mark.parametrize("metric", NAMED_METRICS)
def test_in_every_metric(metric):
    x, y, a, b, u, v = arrays(3, seed=2)
    shrink = 0.1 if metric == "cosine" else 1.0
    given = leaves(x, y, a, b, shrink * u, shrink * v)
    assert torch.autograd.gradcheck(lambda *of: at_prices(*of, metric=metric), given, **DIFFERENCES)


@FORWARD
@pytest.mark.parametrize("mass", [1.5, 3.0])
@pytest.mark.parametrize("p", [1, 2])
def test_in_points_weights_and_the_mass_that_moves(mass, p):
    given = leaves(*arrays()[:4], mass)
    assert torch.autograd.gradcheck(
        lambda *of: moving(*of, p=p), given, **DIFFERENCES, check_forward_ad=True
    )


@pytest.mark.parametrize("p", [1, 3])
def test_second_derivatives(p):
    assert torch.autograd.gradgradcheck(
        lambda *of: at_prices(*of, p=p), leaves(*arrays()), **SECOND
    )
    given = leaves(*arrays()[:4], 2.0)
    assert torch.autograd.gradgradcheck(lambda *of: moving(*of, p=p), given, **SECOND)


def test_costs_of_any_sign_with_forbidden_arcs():
    rng = np.random.default_rng(3)
    C, (_, _, a, b, u, v) = rng.normal(size=(5, 4)), arrays()
    given = leaves(C, a, b, u, v)
    assert torch.autograd.gradcheck(
        lambda C, a, b, u, v: otgan.transport_cost(C, a, b, unmatched=(u, v)), given, **DIFFERENCES
    )
    given = leaves(C, a, b, 2.5)
    assert torch.autograd.gradcheck(
        lambda C, a, b, mass: otgan.transport_cost(C, a, b, mass=mass), given, **DIFFERENCES
    )
    C[1, 2] = C[3, 0] = np.inf
    (costs,) = leaves(C)
    otgan.transport_cost(costs, a, b, unmatched=0.4).backward()
    right = otgan.emd_from_cost(C, a, b, unmatched=0.4)
    assert_allclose(costs.grad, right.plan.toarray(), rtol=0, atol=1e-12)


# ---------------------------------------------------------------- the dual, the plan held fixed


def dual(C, a, b, u, v):
    """The optimal potentials by HiGHS: max a.f + b.g over f + g <= C, f <= u, g <= v."""
    n, m = C.shape
    slopes = np.hstack([np.repeat(np.eye(n), m, axis=0), np.tile(np.eye(m), (n, 1))])
    bounds = [(None, price) for price in (*u, *v)]
    return linprog(-np.concatenate([a, b]), A_ub=slopes, b_ub=C.ravel(), bounds=bounds)


def test_the_gradient_in_weights_is_the_dual_solution():
    x, y, a, b, u, v = arrays(seed=4)
    (of_a, of_b) = leaves(a, b)
    cost = at_prices(x, y, of_a, of_b, u, v)
    cost.backward()
    right = dual(dense_cost(x, y), a, b, u, v)
    assert_allclose(cost.item(), -right.fun, rtol=1e-9)
    assert_allclose(np.concatenate([of_a.grad, of_b.grad]), right.x, rtol=0, atol=1e-9)


def test_gradients_are_the_derivative_of_the_dual_and_of_the_plan_by_torch():
    """At the optimum the plan may be held fixed for points and prices, potentials for weights."""
    given = leaves(*arrays(seed=5))
    x, y, a, b, u, v = given
    by_otgan = torch.autograd.grad(at_prices(*given), given)
    result = otgan.emd(*(z.detach() for z in given[:4]), unmatched=tuple(arrays(seed=5)[4:]))
    held = (torch.tensor(result.plan.toarray()) * torch.cdist(x, y)).sum()
    held = held + torch.tensor(result.unmatched_x) @ u + torch.tensor(result.unmatched_y) @ v
    held = held + torch.tensor(result.f) @ (a - a.detach())
    held = held + torch.tensor(result.g) @ (b - b.detach())
    for one, other in zip(by_otgan, torch.autograd.grad(held, given), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_the_gradient_in_the_mass_is_twice_the_price():
    x, y, a, b, *_ = arrays()
    (mass,) = leaves(2.0)
    otgan.wasserstein(x, y, a, b, mass=mass).backward()
    assert_allclose(mass.grad, 2 * otgan.emd(x, y, a, b, mass=2.0).price, rtol=1e-12)


def test_descent_leaves_outliers_where_they_are():
    """What costs more than its prices is not moved at all; the others reach their targets."""
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [50.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([[0.0, 1.0], [1.0, 1.0], [-50.0, 0.0]], dtype=torch.float64)
    for _ in range(30):
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(otgan.transport_cost(torch.cdist(x, y) ** 2, unmatched=2), x)
        x = x - slope
    assert_allclose(x.detach(), [[0, 1], [1, 1], [50, 0]], rtol=0, atol=1e-4)


# ---------------------------------------------------------------- the rest of the contract


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("options", [{"unmatched": 0.3}, {"unmatched": (0.2, 0.4)}, {"mass": 2.0}])
def test_all_libraries_have_the_numbers_of_emd(options, p):
    x, y, a, b, *_ = arrays()
    right = otgan.emd(x, y, a, b, p=p, **options)
    assert otgan.wasserstein(x, y, a, b, p=p, **options) == right.distance
    tensor = otgan.wasserstein(torch.tensor(x), y, a, b, p=p, **options)
    assert_allclose(tensor.numpy(), right.distance, rtol=1e-13)
    C = dense_cost(x, y, p=p)
    assert_allclose(otgan.transport_cost(C, a, b, **options), right.cost, rtol=1e-13)
    assert_allclose(otgan.transport_cost(torch.tensor(C), a, b, **options), right.cost, rtol=1e-13)
    single = otgan.wasserstein(x.astype(np.float32), y.astype(np.float32), **options_at(options))
    assert single.dtype == np.float32


def options_at(options):
    return {name: 0.5 if name == "mass" else value for name, value in options.items()}


def test_tensors_of_terms_alone_are_enough():
    x, y, a, b, *_ = arrays()
    (price,) = leaves(0.3)
    cost = otgan.wasserstein(x, y, a, b, unmatched=price)
    cost.backward()
    right = otgan.emd(x, y, a, b, unmatched=0.3)
    assert cost.dtype == torch.float64
    assert_allclose(cost.item(), right.cost, rtol=1e-13)
    assert_allclose(price.grad, sum(right.unmatched), rtol=1e-12)


def test_where_all_moves_gradients_are_those_of_plain_transport():
    x, y, *_ = arrays()
    (free,), (bound,) = leaves(x), leaves(x)
    otgan.wasserstein(free, y).backward()
    otgan.wasserstein(bound, y, unmatched=1e3).backward()
    torch.testing.assert_close(free.grad, bound.grad, rtol=1e-10, atol=1e-12)


def test_a_stack_is_solved_one_by_one():
    x, y, a, b, u, v = arrays(size=3)
    right = [
        otgan.emd(*one[:4], unmatched=one[4:]).cost for one in zip(x, y, a, b, u, v, strict=True)
    ]
    assert_allclose(at_prices(x, y, a, b, u, v), right, rtol=1e-12)
    given = leaves(x, y, a, b, u, v)
    assert torch.autograd.gradcheck(at_prices, given, **DIFFERENCES)
    assert_allclose(torch.vmap(at_prices)(*given).detach(), right, rtol=1e-12)
    # One pair of clouds at many prices, and with many masses.
    prices = torch.tensor([[0.1] * 5, [0.2] * 5, [0.4] * 5], requires_grad=True)
    costs = otgan.wasserstein(x[0], y[0], a[0], b[0], unmatched=(prices, 0.3))
    right = [otgan.emd(x[0], y[0], a[0], b[0], unmatched=(k, 0.3)).cost for k in (0.1, 0.2, 0.4)]
    assert_allclose(costs.detach(), right, rtol=1e-6)  # prices in float32
    for masses in (np.array([1.0, 2.0]), torch.tensor([1.0, 2.0]).double()):
        costs = otgan.wasserstein(x[0], y[0], a[0], b[0], mass=masses)
        right = [otgan.emd(x[0], y[0], a[0], b[0], mass=k).cost for k in (1.0, 2.0)]
        assert_allclose(costs, right, rtol=1e-12)
    C = dense_cost(x[0], y[0])
    costs = otgan.transport_cost(C, a, b, unmatched=(u, v))
    right = [
        otgan.emd_from_cost(C, *one[:2], unmatched=one[2:]).cost
        for one in zip(a, b, u, v, strict=True)
    ]
    assert_allclose(costs, right, rtol=1e-12)


def test_under_vmap_over_terms_and_under_compile():
    x, y, a, b, *_ = (torch.tensor(z) for z in arrays())
    prices = torch.tensor([0.1, 0.3, 0.5], dtype=torch.float64)

    def cost(price):
        return otgan.wasserstein(x, y, a, b, unmatched=price)

    right = [otgan.emd(x, y, a, b, unmatched=float(price)) for price in prices]
    assert_allclose(torch.vmap(cost)(prices), [one.cost for one in right], rtol=1e-12)
    slopes = torch.vmap(torch.func.grad(cost))(prices)
    assert_allclose(slopes, [sum(one.unmatched) for one in right], rtol=1e-10)
    compiled = torch.compile(cost, fullgraph=True, backend="eager")
    assert_allclose(compiled(prices[1]), right[1].cost, rtol=1e-12)
    masses = torch.tensor([0.5, 2.0], dtype=torch.float64)
    found = torch.vmap(lambda mass: otgan.wasserstein(x, y, a, b, mass=mass))(masses)
    assert_allclose(found, [otgan.emd(x, y, a, b, mass=k).cost for k in (0.5, 2.0)], rtol=1e-12)


def test_a_callable_metric_has_a_gradient_in_prices():
    x, y, a, b, u, _ = arrays(size=2)
    (prices,) = leaves(u)

    def metric(s, t):
        return float(abs(s - t).sum())

    found = otgan.wasserstein(x, y, a, b, unmatched=(prices, 0.3), metric=metric)
    found.sum().backward()
    right = [
        otgan.emd(*one[:4], unmatched=(one[4], 0.3), metric="cityblock")
        for one in zip(x, y, a, b, u, strict=True)
    ]
    assert_allclose(found.detach(), [one.cost for one in right], rtol=1e-12)
    assert_allclose(prices.grad, [one.unmatched_x for one in right], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ({"unmatched": 0.3, "mass": 1.0}, ("must not both be given",)),
        ({"unmatched": torch.tensor(0.3), "mass": torch.tensor(1.0)}, ("must not both be given",)),
        ({"unmatched": torch.tensor(-0.5)}, ("unmatched", "got -0.5")),
        ({"unmatched": torch.tensor(float("nan"))}, ("unmatched", "got nan")),
        ({"unmatched": (torch.ones(3), 0.2)}, ("each of the 5 points of x", "got shape (3,)")),
        ({"unmatched": True}, ("got True",)),
        ({"mass": torch.tensor(-1.0)}, ("mass", "got -1")),
        ({"mass": torch.tensor(99.0)}, ("at most what either side holds", "got 99")),
        ({"mass": torch.ones(2, 2)}, ("mass", "got shape (2, 2)")),
        ({"mass": "all"}, ("mass", "got 'all'")),
    ],
)
def test_wrong_terms_are_refused(options, fragments):
    x, y, a, b, *_ = arrays()
    with refused(*fragments):
        otgan.wasserstein(torch.tensor(x), y, a, b, **options)
    with refused(*fragments):
        otgan.transport_cost(torch.tensor(dense_cost(x, y)), a, b, **options)


def test_the_problem_of_a_stack_that_is_wrong_is_named():
    x, y, a, b, *_ = arrays(size=3)
    with refused("at most what either side holds") as caught:
        otgan.wasserstein(x, y, a, b, mass=np.array([1.0, 99.0, 1.0]))
    assert caught.value.__notes__ == ["for the problem at index 1 of the stack"]
    with refused("as many problems", "stacks of 3 and 2"):
        otgan.wasserstein(x, y, a, b, mass=np.array([1.0, 1.0]))
