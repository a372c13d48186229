"""How steep a critic is at sampled points: a lower bound of its Lipschitz constant."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.critics.forward import scores
from otgan.keywords import checks_keywords
from otgan.torch_modes import gradients_on

__all__ = ["sampled_lipschitz"]


@checks_keywords
@gradients_on()
def sampled_lipschitz(critic: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator) -> float:
    """The largest gradient norm at points of x, of y and between them.

    Parameters
    ----------
    critic : torch.nn.Module
    x, y : torch.Tensor, shapes (n, d) and (m, d), or (n, ...) and (m, ...)
    rng : torch.Generator
        Chooses pairs and the points between them.

    Returns
    -------
    float
        At most the Lipschitz constant. Samples cannot prove that a network has none larger.
    """
    count = min(max(len(x), len(y)), 4096)
    u = x[torch.randint(len(x), (count,), generator=rng, device=x.device)]
    v = y[torch.randint(len(y), (count,), generator=rng, device=y.device)]
    fraction = torch.rand(count, 1, generator=rng, device=x.device, dtype=x.dtype)
    fraction = fraction.reshape(count, *[1] * (x.ndim - 1))
    points = torch.cat([u, v, torch.lerp(u, v, fraction)]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(scores(critic, points).sum(), points)
    return float(torch.linalg.vector_norm(gradient.flatten(1), dim=1).max())
