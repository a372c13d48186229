"""A critic's training loop in its shortest form, so that mistakes can be made in it for real."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations

from otgan.critics.audit.group_sort import GroupSort
from otgan.critics.networks.feedforward import mlp


def penalty(weight, *, norm=lambda g: g.flatten(1).norm(dim=1)):
    """A two-sided gradient penalty; `norm` may be taken over a wrong axis."""
    return lambda gradient: weight * (norm(gradient) - 1.0).square().mean()


def small(d=2, seed=1):
    torch.manual_seed(seed)
    return mlp(d, width=32, depth=2)


def orthogonal(d, *, width=32):
    """A network that is 1-Lipschitz by its weights, whatever step is taken."""
    torch.manual_seed(0)
    layers = [nn.Linear(d, width), nn.Linear(width, width), nn.Linear(width, 1)]
    first, second, last = (parametrizations.orthogonal(layer) for layer in layers)
    return nn.Sequential(first, GroupSort(2), second, GroupSort(2), last)


def train(critic, x, y, *, steps=200, batch=64, rule=None, loss=None, clip=None):
    """Maximize E f(x) - E f(y), or minimize loss(f(x), f(y))."""
    torch.manual_seed(0)
    x, y = (torch.tensor(np.asarray(p), dtype=torch.float32) for p in (x, y))
    optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.5, 0.9))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    for _ in range(steps):
        u, v = x[torch.randint(len(x), (batch,))], y[torch.randint(len(y), (batch,))]
        f_u, f_v = critic(u).flatten(), critic(v).flatten()
        total = f_v.mean() - f_u.mean() if loss is None else loss(f_u, f_v)
        if rule is not None:
            fraction = torch.rand(batch, *[1] * (u.ndim - 1))
            between = torch.lerp(u, v, fraction).requires_grad_()
            (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
            total = total + rule(slope)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        schedule.step()
        if clip is not None:
            nn.utils.vector_to_parameters(
                nn.utils.parameters_to_vector(critic.parameters()).detach().clamp(-clip, clip),
                critic.parameters(),
            )
    return critic


def gradient_of(parameter: nn.Parameter) -> torch.Tensor:
    """The gradient that it must have."""
    assert parameter.grad is not None
    return parameter.grad


def worst_gradient(critic, expected):
    """Largest error over the largest entry, of all gradients together."""
    actual = [p.grad for p in critic.parameters()]
    error = max((a - e).abs().max().item() for a, e in zip(actual, expected, strict=True))
    largest = max(e.abs().max().item() for e in expected)
    return error / largest if largest else error  # a dead network has no gradients
