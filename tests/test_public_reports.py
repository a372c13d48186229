"""Situations from public bug reports of neighbouring packages, each with its right value.

Every test names the situation in a sentence. The right value comes from a closed form, a linear
program or SciPy, never from the function under test.
"""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import entropy

import otgan
from otgan.critics.networks import mlp, orthogonal_mlp
from otgan.critics.options import FitOptions

# ---------------------------------------------------------------- The exact engine
# (end of: The exact engine)


# ---------------------------------------------------------------- Estimators
# (end of: Estimators)


# ---------------------------------------------------------------- Hostile files: points
# (end of: Hostile files: points)


# ---------------------------------------------------------------- Hostile files: critics
# (end of: Hostile files: critics)


# ---------------------------------------------------------------- Hostile files: runs
# (end of: Hostile files: runs)


# ---------------------------------------------------------------- Files
# (end of: Files)


# ---------------------------------------------------------------- Labels
# (end of: Labels)


# ---------------------------------------------------------------- Runs
# (end of: Runs)


# ---------------------------------------------------------------- Tensors


def two_clouds():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + [3, 4]


def quick_estimate(constraint, **more):
    options = FitOptions(batch_size=64, test_points=256)
    x, y = two_clouds()
    return otgan.estimate_w1(x, y, constraint, steps=3, device="cpu", options=options, **more)


def quick_run():
    config = otgan.TrainConfig(
        steps=2, n_critic=1, width=8, monitor_every=1, monitor_points=16, evaluation_points=16
    )
    return otgan.train_wgan(two_clouds()[0], config).evaluation.exact_w1


@pytest.fixture
def float64_by_default():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_critics_and_trainer_give_the_same_numbers_where_float64_is_the_default(
    float64_by_default,
):
    torch.set_default_dtype(torch.float32)
    usual = [quick_estimate(name).value for name in ("lp", "orthogonal", "cones")], quick_run()
    torch.set_default_dtype(torch.float64)
    assert (
        [quick_estimate(name).value for name in ("lp", "orthogonal", "cones")],
        quick_run(),
    ) == usual


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_critic_trains_where_the_caller_has_switched_gradients_off(mode):
    usual = quick_estimate("gp").value, quick_run()
    with mode():
        assert (quick_estimate("gp").value, quick_run()) == usual


def test_a_float64_network_is_trained_in_float64():
    made = []

    def network(d):
        made.append(mlp(d, width=32).double())
        return made[-1]

    found = quick_estimate("lp", network=network)
    assert {p.dtype for p in made[0].parameters()} == {torch.float64}
    # The same first weights: three steps in float32 end at the same number but for its rounding.
    single = quick_estimate("lp", network=lambda d: mlp(d, width=32))
    assert found.raw_gap == pytest.approx(single.raw_gap, rel=1e-4)
    x = torch.zeros(1, 2, dtype=torch.float64)
    assert found.critic(x).dtype == torch.float64


@pytest.mark.parametrize(
    ("constraint", "network"),
    [("gp", mlp), ("lp", mlp), ("clip", mlp), ("orthogonal", orthogonal_mlp)],
)
def test_parameters_that_require_no_gradient_stay_where_they_are(constraint, network):
    made = []

    def frozen(d):
        critic = network(d, width=16)
        critic[0].weight.requires_grad = critic[2].bias.requires_grad = False
        with torch.no_grad():
            critic[0].weight.mul_(3)
            critic[2].bias.fill_(5)
        made.append((critic, critic[0].weight.clone(), critic[2].weight.clone()))
        return critic

    quick_estimate(constraint, network=frozen)
    critic, first, second = made[0]
    assert torch.equal(critic[0].weight, first) and bool((critic[2].bias == 5).all())
    assert not torch.equal(critic[2].weight, second)


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


def test_kl_divergence_under_vmap_func_and_compile():
    p, q = np.random.default_rng(2).dirichlet(np.ones(5), (2, 4))
    tp, tq = torch.from_numpy(p), torch.from_numpy(q)
    np.testing.assert_allclose(
        torch.vmap(otgan.kl_divergence)(tp, tq), entropy(p, q, axis=1), rtol=1e-12
    )
    compiled = torch.compile(otgan.kl_divergence, fullgraph=True, backend="eager")
    np.testing.assert_allclose(compiled(tp, tq), entropy(p, q, axis=1), rtol=1e-12)
    slope = torch.func.grad(otgan.kl_divergence)(tp[0], tq[0])
    logs = np.log(p[0] / q[0])  # of the normalised p, whose gradient has no part along p
    np.testing.assert_allclose(slope, logs - logs @ p[0], rtol=1e-10)


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
    np.testing.assert_allclose(leaves[0].grad, right.plan.toarray(), atol=1e-12)
    # Potentials are known up to a constant; normalised weights see them less their mean.
    np.testing.assert_allclose(leaves[1].grad, right.f - right.f @ a, atol=1e-9)
    np.testing.assert_allclose(leaves[2].grad, right.g - right.g @ b, atol=1e-9)


# (end of: Tensors)


# ---------------------------------------------------------------- Critics
# (end of: Critics)


# ---------------------------------------------------------------- Verdicts
# (end of: Verdicts)


# ---------------------------------------------------------------- The command line and the terminal
# (end of: The command line and the terminal)


# ---------------------------------------------------------------- Other people's code
# (end of: Other people's code)
