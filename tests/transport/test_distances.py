"""The cost of a matrix: values by HiGHS, gradients by finite differences."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import otgan
from otgan.errors import InfeasibleError
from tests.cases import refused

torch = pytest.importorskip("torch")


def problem(size=None, seed=0):
    rng = np.random.default_rng(seed)
    stack = () if size is None else (size,)
    C = rng.normal(size=(*stack, 4, 5))  # of any sign
    return C, rng.dirichlet(np.ones(4), stack or None), rng.dirichlet(np.ones(5), stack or None)


def leaves(*arrays):
    return [torch.tensor(v, requires_grad=True) for v in arrays]


FORWARD = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:torch")


@FORWARD
def test_first_and_second_derivatives():
    given = leaves(*problem())
    assert torch.autograd.gradcheck(otgan.transport_cost, given, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(otgan.transport_cost, given)


def test_weights_need_not_be_normalized():
    C, a, b = problem()
    given = leaves(C, 3 * a, 3 * b)
    assert torch.autograd.gradcheck(otgan.transport_cost, given)
    assert otgan.transport_cost(*given).item() == pytest.approx(otgan.emd_linprog(C, a, b).cost)


def test_a_stack_is_solved_one_by_one():
    C, a, b = problem(6)
    right = [otgan.emd_linprog(*one).cost for one in zip(C, a, b, strict=True)]
    np.testing.assert_allclose(otgan.transport_cost(C, a, b), right, rtol=1e-9)
    given = leaves(C, a, b)
    np.testing.assert_allclose(otgan.transport_cost(*given).detach(), right, rtol=1e-9)
    assert torch.autograd.gradcheck(otgan.transport_cost, given)
    by_map = torch.vmap(otgan.transport_cost)(*given)
    np.testing.assert_allclose(by_map.detach(), right, rtol=1e-9)
    shared = otgan.transport_cost(C[0], a, b[0])  # one matrix, many weights
    right = [otgan.emd_linprog(C[0], weights, b[0]).cost for weights in a]
    np.testing.assert_allclose(shared, right, rtol=1e-9)


def test_forbidden_arcs_have_gradient_zero():
    C, a, b = problem(3)
    C[:, 0, 0] = C[1, 2, 3] = np.inf
    given = torch.tensor(C, requires_grad=True)
    cost = otgan.transport_cost(given, a, b)
    cost.sum().backward()
    right = [otgan.emd_linprog(*one).cost for one in zip(C, a, b, strict=True)]
    np.testing.assert_allclose(cost.detach(), right, rtol=1e-9)
    assert given.grad[np.isinf(C)].abs().max() == 0 and torch.isfinite(given.grad).all()
    C[2, 1] = np.inf
    with refused("cannot be moved", error=InfeasibleError) as caught:
        otgan.transport_cost(C, a, b)
    assert caught.value.__notes__ == ["for the cost matrices at index 2 of the stack"]


def test_ties_give_a_plan():
    given = torch.zeros(3, 3, dtype=torch.float64, requires_grad=True)
    otgan.transport_cost(given).backward()
    np.testing.assert_allclose(given.grad.sum(dim=0), np.full(3, 1 / 3), rtol=1e-12)
    np.testing.assert_allclose(given.grad.sum(dim=1), np.full(3, 1 / 3), rtol=1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64, int])
def test_library_and_dtype_are_kept(kind):
    C = (9 * problem()[0]).astype(kind)
    expected = np.float64 if kind is int else kind
    assert otgan.transport_cost(C).dtype == expected and otgan.transport_cost(C).shape == ()
    assert otgan.transport_cost(torch.tensor(C)).numpy().dtype == expected
    assert otgan.transport_cost(C.tolist()).dtype == np.float64
    allowed = sparse.coo_array(np.abs(C) + 1)
    assert otgan.transport_cost(allowed) == pytest.approx(otgan.transport_cost(np.abs(C) + 1))


def test_wrong_matrices_are_refused():
    C, a, b = problem(3)
    C[1, 2, 3] = np.nan
    with refused("C must hold finite costs", "(1, 2, 3)"):
        otgan.transport_cost(C, a, b)
    with refused("as many problems"):
        otgan.transport_cost(np.abs(problem(3)[0]), problem(4)[1])
    with refused("shape (n, m)"):
        otgan.transport_cost(torch.zeros(2))
    with refused("shape (n, m)"):
        otgan.transport_cost(torch.zeros(2, 2, 2, 2))


def test_labels_of_costs_and_weights_are_matched():
    C = pd.DataFrame([[0.0, 5.0], [1.0, 0.0]], index=["p", "q"], columns=["r", "s"])
    a = pd.Series([0.25, 0.75], index=["q", "p"])  # a quarter of p must go to s
    half = torch.tensor([0.5, 0.5])
    for values in ({"a": a}, {"a": a, "normalize": True}, {"a": a, "b": half}):
        assert float(otgan.transport_cost(C, **values)) == pytest.approx(1.25, rel=1e-12)


def test_a_list_of_tensors_keeps_its_gradient():
    row = torch.tensor([0.0, 1.0], requires_grad=True)
    otgan.transport_cost([row, 1 - row], [0.5, 0.5], [0.5, 0.5]).backward()
    torch.testing.assert_close(row.grad, torch.tensor([0.5, -0.5]))
