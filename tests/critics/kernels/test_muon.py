"""Muon: its steps against singular value decompositions, torch's Adam and saved state."""

import copy

import pytest
import torch
from torch import nn

from otgan.critics.kernels.muon import Muon, is_matrix
from otgan.errors import InvalidInputError


def matrix(rows, columns, seed=0, smallest=0.02):
    """A matrix with singular values spread evenly over [smallest, 1], and its polar factor."""
    rng = torch.Generator().manual_seed(seed)
    u, _, v = torch.linalg.svd(torch.randn(rows, columns, generator=rng), full_matrices=False)
    return u @ torch.diag(torch.linspace(smallest, 1.0, min(rows, columns))) @ v, u @ v


def network(seed=0, d=3, width=6):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(d, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1)
    )


def train(critic, optimizer, steps, seed=0):
    rng = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        points = torch.randn(16, 3, generator=rng)
        optimizer.zero_grad()
        (critic(points)[:, 0] - points.norm(dim=1)).square().mean().backward()
        optimizer.step()
    return [p.detach().clone() for p in critic.parameters()]


def test_a_matrix_moves_by_the_polar_factor_of_its_nesterov_momentum():
    weight = nn.Parameter(torch.zeros(8, 4))
    optimizer = Muon([weight], matrix_lr=0.1, momentum=0.9)
    gradients = [matrix(8, 4, seed)[0] for seed in (1, 2)]
    past = torch.zeros(8, 4)
    for gradient in gradients:
        before = weight.detach().clone()
        weight.grad = gradient.clone()
        optimizer.step()
        past = 0.9 * past + 0.1 * gradient
        u, _, v = torch.linalg.svd(0.1 * gradient + 0.9 * past, full_matrices=False)
        moved = (before - weight.detach()) / (0.1 * 2**0.5)
        assert torch.linalg.matrix_norm(moved - u @ v, ord=2) < 0.32


def test_vectors_and_single_rows_move_as_by_adam():
    critic, twin = network(), network()
    others = [p for p in twin.parameters() if not is_matrix(p)]
    muon = Muon(critic.parameters(), lr=1e-2, betas=(0.5, 0.9))
    adam = torch.optim.Adam(others, lr=1e-2, betas=(0.5, 0.9), fused=True)
    for step in range(5):
        for p, q in zip(critic.parameters(), twin.parameters(), strict=True):
            p.grad = torch.sin(torch.arange(p.numel()) + 1.0 + step).reshape(p.shape)
            q.grad = p.grad.clone()
        muon.step()
        adam.step()
    alike = [torch.equal(p, q) for p, q in zip(critic.parameters(), twin.parameters(), strict=True)]
    assert alike == [not is_matrix(p) for p in critic.parameters()]


def test_it_solves_least_squares():
    rng = torch.Generator().manual_seed(0)
    points, target = torch.randn(200, 6, generator=rng), torch.randn(6, 4, generator=rng)
    layer = nn.Linear(6, 4)
    optimizer = Muon(layer.parameters(), lr=0.1, matrix_lr=0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / 300)
    for _ in range(300):
        optimizer.zero_grad()
        (layer(points) - points @ target - 1.0).square().mean().backward()
        optimizer.step()
        schedule.step()
    # The last step has length 0.1 / 300, and so has the error that it can leave.
    assert (layer.weight.T - target).abs().max() < 2e-3
    assert (layer.bias - 1.0).abs().max() < 2e-3


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_saved_state_goes_on_to_the_same_bits(kind):
    critic = network()
    optimizer = Muon(critic.parameters(), lr=kind(1e-2), matrix_lr=kind(2e-2))
    train(critic, optimizer, 3)
    again = network(seed=1)
    again.load_state_dict(critic.state_dict())
    other = Muon(again.parameters())
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for p, q in zip(
        train(critic, optimizer, 3, seed=1), train(again, other, 3, seed=1), strict=True
    ):
        assert torch.equal(p, q)


def test_a_learning_rate_in_a_tensor_is_that_number():
    one, other = network(), network()
    plain = Muon(one.parameters(), lr=1e-2, matrix_lr=2e-2)
    tensors = Muon(other.parameters(), lr=torch.tensor(1e-2), matrix_lr=torch.tensor(2e-2))
    for p, q in zip(train(one, plain, 5), train(other, tensors, 5), strict=True):
        assert torch.allclose(p, q, atol=1e-6)


def test_schedules_scale_both_learning_rates():
    optimizer = Muon(network().parameters(), lr=torch.tensor(1e-2), matrix_lr=2e-2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    optimizer.step()
    schedule.step()
    assert [float(group["lr"]) for group in optimizer.param_groups] == pytest.approx([1e-2, 5e-3])


def test_parameters_without_gradient_stay_and_zero_gradients_move_nothing():
    critic = network()
    before = [p.detach().clone() for p in critic.parameters()]
    optimizer = Muon(critic.parameters())
    optimizer.step()
    for p in critic.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()
    assert all(map(torch.equal, before, critic.parameters()))


def test_a_momentum_of_one_is_refused():
    with pytest.raises(InvalidInputError, match="momentum must be"):
        Muon(network().parameters(), momentum=1.0)
