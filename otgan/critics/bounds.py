"""What a critic proves: sampled slopes, and a certified lower bound for two samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from otgan.costs import GroundCost, MatrixCost, PointCost
from otgan.critics.networks import scores
from otgan.measures import FloatArray
from otgan.transport.duality import c_transform

__all__ = ["certified_lower_bound", "sampled_lipschitz"]

SEARCH_POINTS = 1500
"""Points of each sample on which the best scale of the critic is looked for."""


def sampled_lipschitz(critic: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator) -> float:
    """The largest gradient norm at points of x, of y and between them: a lower bound.

    Parameters
    ----------
    critic : torch.nn.Module
    x, y : torch.Tensor, shapes (n, d) and (m, d)
    rng : torch.Generator
        Chooses pairs and the points between them.

    Returns
    -------
    float
        No network can be proved Lipschitz by samples; this only shows how steep it is at least.
    """
    count = min(max(len(x), len(y)), 4096)
    u = x[torch.randint(len(x), (count,), generator=rng, device=x.device)]
    v = y[torch.randint(len(y), (count,), generator=rng, device=y.device)]
    share = torch.rand(count, 1, generator=rng, device=x.device, dtype=x.dtype)
    points = torch.cat([u, v, torch.lerp(u, v, share)]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(scores(critic, points).sum(), points)
    return float(torch.linalg.vector_norm(gradient.flatten(1), dim=1).max())


def certified_lower_bound(x: Any, y: Any, critic_x: FloatArray, critic_y: FloatArray) -> float:
    """The best lower bound for W1 of two samples that a critic's values on them can prove.

    From f = t h(x), two c-transforms give potentials that are feasible whatever h is, so the
    dual value is a bound for every t; likewise from g = -t h(y). The better of the two is used,
    at a t that is best for (at most 1,500 points of) the samples. The bound depends neither on
    the scale of the critic, nor on its being Lipschitz.

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
        The two samples, uniformly weighted.
    critic_x, critic_y : ndarray, shapes (n,) and (m,)
        Critic values, higher on x than on y.

    Returns
    -------
    float
        At most W1 of the two samples, Euclidean; at least zero. O(n m) time, four passes.

    References
    ----------
    Mallasto, Montúfar and Gerolin, How well do WGANs estimate the Wasserstein metric?
    (arXiv 1910.03875), on c-transforms of a critic.

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    >>> round(certified_lower_bound(x, y, -7 * x[:, 0], -7 * y[:, 0]), 6)
    3.5
    """
    cost = PointCost.of(x, y)
    n, m = cost.shape
    rows, columns = (np.linspace(0, k - 1, min(k, SEARCH_POINTS)).astype(int) for k in (n, m))
    part = MatrixCost(PointCost(cost.x[rows], cost.y[columns]).rows(slice(None)))
    scale = _best_scale(part, critic_x[rows], critic_y[columns])
    return max(0.0, _dual_value(cost, scale * critic_x, scale * critic_y))


def _best_scale(cost: MatrixCost, critic_x: FloatArray, critic_y: FloatArray) -> float:
    """The t for which t times the critic proves most."""
    gap = float(critic_x.mean() - critic_y.mean())
    if gap <= 0:
        return 0.0
    # The mean cost is that of the independent plan, which bounds W1 from above; a critic scaled
    # to twice that gap overshoots it.
    steepest = 2.0 * float(cost.matrix.mean()) / gap
    found = minimize_scalar(
        lambda t: -_dual_value(cost, t * critic_x, t * critic_y),
        bounds=(0.0, steepest),
        method="bounded",
        options={"maxiter": 25},
    )
    return float(found.x)


def _dual_value(cost: GroundCost, h_x: FloatArray, h_y: FloatArray) -> float:
    """The better of the duals that start from the critic's values on either side."""
    return max(_dual_from(cost, h_x), _dual_from(cost.T, -h_y))


def _dual_from(cost: GroundCost, potential: FloatArray) -> float:
    g = c_transform(cost, potential)
    f = c_transform(cost.T, g)
    return float(f.mean() + g.mean())
