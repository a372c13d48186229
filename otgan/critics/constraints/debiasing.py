"""The penalty of an ensemble of critics, without what the noise of its members adds to it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.networks.ensemble import members_of

__all__ = ["debiased_penalty"]


def debiased_penalty(
    constraint: Constraint, critic: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator
) -> Tensor:
    """The penalty of a critic; of an ensemble, its limit as the number of members grows.

    Members differ by noise: of their first weights, of their batches. Where the penalty is smooth,
    the noise of K members adds r / K to that of the mean critic, and r to that of a member in the
    mean. Both are measured at the same points and extrapolated to r = 0.

    Parameters
    ----------
    constraint : Constraint
    critic : torch.nn.Module
    x, y : torch.Tensor, shapes (n, d)
    rng : torch.Generator
        Draws the points between x and y.

    References
    ----------
    Quenouille, Notes on bias in estimation (Biometrika 43, 1956), for the extrapolation in 1 / K.

    Examples
    --------
    >>> from otgan.critics.constraints.penalties import GradientPenalty
    >>> from otgan.critics.networks.ensemble import Ensemble
    >>> constraint, rng = GradientPenalty(weight=1.0, one_sided=True), torch.Generator()
    >>> steep, flat = (nn.Linear(1, 1) for _ in range(2))
    >>> for layer, slope in ((steep, 4.0), (flat, 2.0)):
    ...     _ = nn.init.constant_(layer.weight, slope)
    >>> x, y = torch.zeros(1, 1), torch.ones(1, 1)

    Slopes of 3 ± 1 have penalties of 9 and 1, their mean one of 4; in the limit 2 * 4 - 5 = 3.

    >>> debiased_penalty(constraint, Ensemble([steep, flat]), x, y, rng).item()
    3.0
    """
    state = rng.get_state()
    of_mean = constraint.penalty(critic, x, y, rng)
    members = members_of(critic)
    if len(members) < 2:
        return of_mean
    alone = torch.zeros_like(of_mean)
    for member in members:
        rng.set_state(state)
        alone += constraint.penalty(member, x, y, rng).detach() / len(members)
    return (len(members) * of_mean - alone) / (len(members) - 1)
