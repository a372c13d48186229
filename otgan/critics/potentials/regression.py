"""Regression of a network on a known potential, by values and gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.critics.forward import refuse_inference, scores
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords
from otgan.measures import as_points
from otgan.torch_modes import gradients_on

__all__ = ["PotentialFit", "fit_potential"]


@checks_keywords
@dataclass(frozen=True)
class PotentialFit:
    """A network fitted to a potential, and its errors at points held out of the fit.

    Attributes
    ----------
    network : torch.nn.Module
        The one that was given, trained in place.
    value_error : float
        Root mean square of network - potential, in the units of the points.
    gradient_error : float
        Root mean square length of the difference of their gradients; the potential's have
        length one.
    """

    network: nn.Module = field(repr=False)
    value_error: float
    gradient_error: float


@checks_keywords
@gradients_on()
def fit_potential(
    potential: nn.Module,
    points: Any,
    network: nn.Module,
    *,
    arcs: tuple[Any, Any] | None = None,
    steps: int = 2000,
    batch_size: int = 256,
    optimizer: Optimizer | None = None,
    rng: int | torch.Generator = 0,
) -> PotentialFit:
    """Fit a network to a potential, by least squares on its values and gradients.

    The potential that the linear program found on a sample (or any other) becomes a smooth function
    that is cheap to evaluate. It is sampled at the points, between random pairs of them, and along
    the arcs of a plan, where optimal potentials have slope one.

    Parameters
    ----------
    potential : McShane or any torch.nn.Module
    points : array_like or torch.Tensor, shape (n, d)
        Both samples, concatenated. An eighth is held out for the errors.
    network : torch.nn.Module
        Trained in place.
    arcs : two array_like, shapes (k, d), optional
        Where the arcs of a plan start and end.
    steps, batch_size : int
    optimizer : torch.optim.Optimizer, optional
        Over the parameters of the network; by default Adam, 2e-3. Its step decays to zero.
    rng : int or torch.Generator
        A generator must be on the device of the network.

    Returns
    -------
    PotentialFit

    References
    ----------
    Czarnecki, Osindero, Jaderberg, Swirszcz and Pascanu, Sobolev training for neural networks
    (NeurIPS 2017).

    Examples
    --------
    >>> from otgan.critics.potentials.mcshane import McShane
    >>> from otgan.critics.networks.feedforward import mlp
    >>> _ = torch.manual_seed(0)
    >>> import numpy as np
    >>> cone = McShane([[0.0, 0.0]], [0.0])
    >>> cloud = np.random.default_rng(0).normal(size=(512, 2))
    >>> fit_potential(cone, cloud, mlp(2, width=32, depth=2), steps=300).value_error < 0.1
    True
    """
    _check_counts(steps, batch_size)
    refuse_inference(network)
    like = next(network.parameters())
    rng = rng if isinstance(rng, torch.Generator) else torch.Generator(like.device).manual_seed(rng)
    cloud = _tensor_like(points, "points", like)
    cloud = cloud[torch.randperm(len(cloud), generator=rng, device=like.device)]
    held_out, kept = cloud.tensor_split([max(1, len(cloud) // 8)])
    ends = [_tensor_like(z, "arcs", like) for z in arcs or ()]
    problem = _RegressionProblem(network, potential, kept, ends, rng)
    with torch.no_grad():
        variance = float(scores(potential, cloud).var(correction=0)) or 1.0
    optimizer = optimizer or Adam(network.parameters(), lr=2e-3)
    problem.minimize(optimizer, steps, batch_size, variance)
    unseen = torch.cat([held_out, _between(held_out, held_out, len(held_out), rng)])
    value, gradient = problem.errors(unseen, create_graph=False)
    return PotentialFit(
        network,
        float(value.detach().square().mean().sqrt()),
        float(gradient.square().sum(dim=1).mean().sqrt()),
    )


@dataclass(frozen=True)
class _RegressionProblem:
    """A network, the potential that it is fitted to, and the points where they are compared."""

    network: nn.Module
    potential: nn.Module
    cloud: Tensor
    ends: list[Tensor]
    rng: torch.Generator

    def minimize(self, optimizer: Optimizer, steps: int, batch_size: int, variance: float) -> None:
        """Take steps that decay to zero; squared errors of values count over `variance`."""
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
        for _ in range(steps):
            value, gradient = self.errors(self.points(batch_size), create_graph=True)
            loss = value.square().mean() / variance + gradient.square().sum(dim=1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()

    def points(self, count: int) -> Tensor:
        """Points of the cloud, points between two of them, and points on arcs if there are any."""
        third = -(-count // 3)
        parts = [
            _some(self.cloud, third, self.rng),
            _between(self.cloud, self.cloud, third, self.rng),
        ]
        if self.ends:
            parts.append(_between(self.ends[0], self.ends[1], third, self.rng, paired=True))
        return torch.cat(parts)

    def errors(self, points: Tensor, *, create_graph: bool) -> tuple[Tensor, Tensor]:
        """Network less potential at the points: values (n,) and gradients (n, d)."""
        points = points.detach().requires_grad_()
        targets = scores(self.potential, points)
        (slopes,) = torch.autograd.grad(targets.sum(), points)
        values = scores(self.network, points)
        (gradients,) = torch.autograd.grad(values.sum(), points, create_graph=create_graph)
        return values - targets.detach(), gradients - slopes


def _check_counts(steps: int, batch_size: int) -> None:
    if steps < 1 or batch_size < 1:
        raise InvalidInputError(
            f"steps and batch_size must be at least 1, got {steps} and {batch_size}; to fix it, "
            "pass more or leave them out"
        )


def _tensor_like(points: Any, name: str, like: Tensor) -> Tensor:
    return torch.as_tensor(as_points(points, name), dtype=like.dtype, device=like.device)


def _some(points: Tensor, count: int, rng: torch.Generator) -> Tensor:
    return points[torch.randint(len(points), (count,), generator=rng, device=points.device)]


def _between(
    u: Tensor, v: Tensor, count: int, rng: torch.Generator, *, paired: bool = False
) -> Tensor:
    """Points between random pairs, or between the ends of random arcs."""
    i = torch.randint(len(u), (count,), generator=rng, device=u.device)
    j = i if paired else torch.randint(len(v), (count,), generator=rng, device=u.device)
    fraction = torch.rand(count, 1, generator=rng, device=u.device, dtype=u.dtype)
    return torch.lerp(u[i], v[j], fraction)
