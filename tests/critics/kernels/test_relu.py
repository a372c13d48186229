"""Gradients by hand against autograd's, for every penalty and depth, and their exact structure."""

import copy

import pytest
import torch
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose
from torch import nn
from torch.nn.functional import softplus

from otgan.critics.constraints.penalties import GradientPenalty
from otgan.critics.kernels import matmul as products
from otgan.critics.kernels.relu import (
    PenalizedStep,
    penalty_around_one,
    power_penalty,
)
from otgan.critics.kernels.relu_passes import is_relu_critic, linear_layers
from otgan.critics.kernels.supported import differentiated
from otgan.critics.kernels.threads import single_threaded
from otgan.critics.networks.features import WithRadius
from otgan.critics.networks.feedforward import fourier_mlp, mlp, orthogonal_mlp, radial_mlp
from otgan.errors import InvalidInputError
from tests.critics.plain_training import worst_gradient

Batches = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

PENALTIES = {
    "none": None,
    "gp": penalty_around_one(10.0),
    "lp": penalty_around_one(3.0, one_sided=True),
    "div": power_penalty(2.0, 6.0),
}


def batches(n: int, d: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Batches:
    rng = torch.Generator().manual_seed(seed)
    x, y = (torch.randn(n, d, generator=rng, dtype=dtype) for _ in range(2))
    fraction = torch.rand(n, 1, generator=rng, dtype=dtype)
    return x, y + 0.3, torch.lerp(x, y, fraction)


def steep_critic(d, width, depth, dtype=torch.float64, seed=0, network=mlp):
    """Slopes on both sides of one, so that the positive part has something to cut."""
    torch.manual_seed(seed)
    critic = network(d, width=width, depth=depth).to(dtype)
    with torch.no_grad():
        for weight in critic.parameters():
            if weight.ndim == 2:
                weight.mul_(1.6)
    return critic


def by_autograd(critic, x, y, between, penalty):
    """The same numbers from a graph."""
    critic.zero_grad()
    cost = x.new_zeros(())
    if penalty is not None:
        between = between.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        cost = penalty((gradient.square().sum(dim=1) + 1e-12).sqrt())[0].mean()
    gap = critic(x).mean() - critic(y).mean()
    (cost - gap).backward()
    return gap.detach(), cost.detach(), [p.grad.clone() for p in critic.parameters()]


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 40),
    d=st.integers(1, 9),
    width=st.integers(1, 12),
    depth=st.integers(1, 4),
    name=st.sampled_from(sorted(PENALTIES)),
    network=st.sampled_from([mlp, radial_mlp, fourier_mlp]),
    seed=st.integers(0, 10**6),
)
def test_gradients_are_those_of_autograd(n, d, width, depth, name, network, seed):
    critic = steep_critic(d, width, depth, seed=seed, network=network)
    data = batches(n, d, seed=seed)
    gap, cost, expected = by_autograd(critic, *data, penalty=PENALTIES[name])
    own_gap, own_cost = PenalizedStep(critic, PENALTIES[name]).gradients(*data)
    scale = 1.0 + cost.item()
    assert abs(own_gap - gap) < 1e-12 * scale
    assert abs(own_cost - cost) < 1e-12 * scale
    assert worst_gradient(critic, expected) < 1e-12


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("d", [2, 64])
@pytest.mark.parametrize("onednn", [True, False])
def test_in_float32_they_are_as_accurate_as_autograds(name, d, onednn, monkeypatch):
    if not onednn:
        monkeypatch.setattr(products, "_ONEDNN", False)
    critic, data = steep_critic(d, 128, 2, torch.float32), batches(1024, d, torch.float32)
    exact = copy.deepcopy(critic).double()
    x, y, between = (t.double() for t in data)
    _, _, expected = by_autograd(exact, x, y, between, penalty=PENALTIES[name])
    by_autograd(critic, *data, penalty=PENALTIES[name])
    error = worst_gradient(critic, expected)
    PenalizedStep(critic, PENALTIES[name]).gradients(*data)
    # A sum over 1024 points on each side, most of which cancel, in steps of 6e-8.
    assert worst_gradient(critic, expected) < min(2e-6, 2.0 * error)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("network", [mlp, radial_mlp])
def test_inner_products_may_be_of_bfloat16(name, network):
    critic = steep_critic(8, 64, 3, torch.float32, network=network)
    data = batches(512, 8, torch.float32)
    gap, cost, expected = by_autograd(critic, *data, penalty=PENALTIES[name])
    step = PenalizedStep(critic, PENALTIES[name], inner_dtype=torch.bfloat16)
    quick_gap, quick_cost = step.gradients(*data)
    assert all(p.grad.dtype == torch.float32 for p in critic.parameters())
    assert abs(quick_gap - gap) < 0.02 and abs(quick_cost - cost) <= 0.03 * cost
    for p, e in zip(critic.parameters(), expected, strict=True):
        if p.numel() > 1:  # steps of 4e-3, the first layer's slopes at kinks aside
            along = torch.nn.functional.cosine_similarity(p.grad.flatten(), e.flatten(), dim=0)
            assert along > 0.999


def hinge(real, fake):
    return (1.0 - real).relu().mean() + (1.0 + fake).relu().mean()


LOSSES = {
    "gap": lambda real, fake: fake.mean() - real.mean(),
    "hinge": hinge,
    "cross-entropy": lambda real, fake: softplus(-real).mean() + softplus(fake).mean(),
    "pairs": lambda real, fake: softplus(fake - real).mean(),
    "all pairs": lambda real, fake: softplus(fake[None] - real[:, None]).mean(),
    "saturated": lambda real, fake: hinge(real + 1e6, fake - 1e6),
}


def penalized_loss(critic, x, y, where, loss, penalty):
    """Loss and penalty from a graph; means of x and y are added."""
    kinds = {"x": [x], "y": [y], "both": [x, y]}
    cost = x.new_zeros(())
    for points in kinds.get(where, [where]):
        points = points.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
        cost = cost + penalty((gradient.square().sum(dim=1) + 1e-12).sqrt())[0].mean()
    return loss(critic(x)[:, 0], critic(y)[:, 0]), cost


@pytest.mark.parametrize("penalized", ["between", "x", "y", "both"])
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("network", [mlp, radial_mlp, fourier_mlp])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_any_loss_and_any_place_of_the_penalty(penalized, name, network, dtype):
    critic, (x, y, between) = steep_critic(3, 16, 3, network=network), batches(300, 3)
    where = between if penalized == "between" else penalized
    penalty, loss = penalty_around_one(2.0), LOSSES[name]
    value, cost = penalized_loss(critic, x, y, where, loss, penalty)
    expected = torch.autograd.grad(
        value + cost, list(critic.parameters()), allow_unused=True, materialize_grads=True
    )
    critic.to(dtype)
    step = PenalizedStep(critic, penalty, loss=differentiated(loss), penalized=penalized)
    own = step.gradients(*(points.to(dtype) for points in (x, y, between)))
    precision = 1e-12 if dtype == torch.float64 else 1e-5
    assert_allclose(torch.stack(own), torch.stack([value, cost]).detach(), rtol=precision)
    assert worst_gradient(critic, expected) < precision


def test_a_loss_may_come_without_a_penalty():
    critic, (x, y, _) = steep_critic(3, 16, 2), batches(64, 3)
    value = hinge(critic(x)[:, 0], critic(y)[:, 0])
    expected = torch.autograd.grad(value, list(critic.parameters()))
    own, cost = PenalizedStep(critic, loss=differentiated(hinge)).gradients(x, y)
    assert_allclose(own, value.detach(), rtol=1e-12)
    assert cost == 0
    assert worst_gradient(critic, expected) < 1e-12


def test_a_broken_weight_is_seen_in_the_loss():
    critic, (x, y, _) = steep_critic(3, 16, 2, torch.float32), batches(64, 3, torch.float32)
    with torch.no_grad():
        linear_layers(critic)[0].weight[0] = torch.nan
    loss, _ = PenalizedStep(critic, loss=differentiated(hinge)).gradients(x, y)
    assert loss.isnan()


def test_points_at_the_origin_have_a_radius_without_slope():
    critic = steep_critic(3, 8, 2, network=radial_mlp)
    x, y, between = batches(5, 3)
    between[2] = 0.0
    gap, cost, expected = by_autograd(critic, x, y, between, PENALTIES["gp"])
    own_gap, own_cost = PenalizedStep(critic, PENALTIES["gp"]).gradients(x, y, between)
    assert (own_gap - gap).abs() < 1e-12 and (own_cost - cost).abs() < 1e-12 * cost
    assert worst_gradient(critic, expected) < 1e-12


def test_the_penalty_is_that_of_the_constraint():
    critic, (x, y, _) = steep_critic(2, 16, 2), batches(32, 2)
    for one_sided in (False, True):
        rng = torch.Generator().manual_seed(1)
        rule = GradientPenalty(weight=4.0, one_sided=one_sided)
        expected = rule.penalty(critic, x, y, rng).detach()
        fraction = torch.rand(32, generator=rng.manual_seed(1), dtype=x.dtype)[:, None]
        step = PenalizedStep(critic, penalty_around_one(4.0, one_sided=one_sided))
        _, cost = step.gradients(x, y, torch.lerp(x, y, fraction))
        assert abs(cost - expected) < 1e-12


@pytest.mark.parametrize("n", [100, 256, 700, 1200])
def test_the_bits_do_not_depend_on_the_number_of_threads(n):
    critic, data = steep_critic(3, 32, 2, torch.float32), batches(n, 3, torch.float32)
    seen = []
    for threads in (1, 2, 3):
        gap, cost = PenalizedStep(critic, penalty_around_one(), threads=threads).gradients(*data)
        seen.append([gap, cost, *(p.grad.clone() for p in critic.parameters())])
    for others in seen[1:]:
        assert all(map(torch.equal, seen[0], others))


def test_gradients_keep_their_memory_and_replace_what_was_there():
    critic, data = steep_critic(2, 8, 2), batches(16, 2)
    step = PenalizedStep(critic, penalty_around_one())
    step.gradients(*data)
    first = [p.grad.clone() for p in critic.parameters()]
    places = [p.grad.data_ptr() for p in critic.parameters()]
    step.gradients(*data)
    assert all(torch.equal(p.grad, g) for p, g in zip(critic.parameters(), first, strict=True))
    assert places == [p.grad.data_ptr() for p in critic.parameters()]


def test_it_trains_as_autograd_does():
    finals = []
    for by_hand in (True, False):
        critic = steep_critic(2, 16, 2)
        optimizer = torch.optim.Adam(critic.parameters(), lr=1e-2, betas=(0.0, 0.9))
        step = PenalizedStep(critic, penalty_around_one())
        for seed in range(20):
            if by_hand:
                step.gradients(*batches(32, 2, seed=seed))
            else:
                by_autograd(critic, *batches(32, 2, seed=seed), penalty=penalty_around_one())
            optimizer.step()
        finals.append([p.detach().clone() for p in critic.parameters()])
    # Rounding grows, and Adam divides small gradients by small ones.
    assert all(torch.allclose(p, q, atol=1e-8) for p, q in zip(*finals, strict=True))


def test_data_and_critic_are_left_as_they_were():
    critic, data = steep_critic(2, 8, 2), batches(600, 2)
    before = [t.detach().clone() for t in (*data, *critic.parameters())]
    threads = torch.get_num_threads()
    PenalizedStep(critic, penalty_around_one()).gradients(*data)
    assert all(map(torch.equal, before, (*data, *critic.parameters())))
    assert torch.get_num_threads() == threads


def test_single_threaded_gives_the_threads_back_after_an_error():
    threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError), single_threaded():
        torch.get_num_threads() // 0
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    "critic",
    [
        nn.Linear(2, 1),
        nn.Sequential(nn.Linear(2, 1)),
        nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 2)),
        nn.Sequential(nn.Linear(2, 4, bias=False), nn.ReLU(), nn.Linear(4, 1)),
        nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU()),
        nn.Sequential(nn.ReLU(), nn.Linear(2, 4), nn.Linear(4, 1)),
        nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 4)), nn.ReLU())
        + nn.Sequential(nn.Linear(4, 1)),
        orthogonal_mlp(2, width=4, depth=1),
        nn.Sequential(WithRadius(), nn.Linear(3, 1)),
        nn.Sequential(),
    ],
)
def test_other_critics_are_refused(critic):
    assert not is_relu_critic(critic)
    with pytest.raises(InvalidInputError, match="autograd"):
        PenalizedStep(critic)


@pytest.mark.parametrize("shapes", [[(4, 2), (5, 2), (4, 2)], [(4, 2), (4, 2)], [(4,)] * 3])
def test_batches_that_do_not_match_are_refused(shapes):
    step = PenalizedStep(mlp(2, width=4), penalty_around_one())
    with pytest.raises(InvalidInputError, match="one shape"):
        step.gradients(*map(torch.zeros, shapes))


@pytest.mark.gpu
@pytest.mark.parametrize("name", PENALTIES)
def test_a_gpu_gives_the_same_gradients(name):
    critic, data = steep_critic(3, 16, 3), batches(64, 3)
    _, _, expected = by_autograd(critic, *data, penalty=PENALTIES[name])
    critic.cuda()
    PenalizedStep(critic, PENALTIES[name]).gradients(*(points.cuda() for points in data))
    assert worst_gradient(critic.cpu(), expected) < 1e-12
