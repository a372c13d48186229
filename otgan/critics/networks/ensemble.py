"""Critics trained apart and averaged: what they do not agree on is noise."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.errors import InvalidInputError

__all__ = ["Ensemble", "debiased_penalty", "members"]


class Ensemble(nn.Module):
    """The mean of critics that are each trained by themselves, on batches of their own.

    Penalties are convex, so the mean pays less than its members do, for the same gap in the mean.

    Parameters
    ----------
    members : iterable of torch.nn.Module

    Raises
    ------
    InvalidInputError
        Nothing, or something that is no module, is to be averaged.

    Examples
    --------
    >>> pair = Ensemble([nn.Linear(2, 1), nn.Linear(2, 1)])
    >>> one, other = pair.members
    >>> x = torch.randn(5, 2)
    >>> bool(torch.isclose(pair(x), (one(x) + other(x)) / 2).all())
    True
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        crew = list(members)
        if not crew or not all(isinstance(member, nn.Module) for member in crew):
            raise InvalidInputError(
                f"members must be one critic or more, each a torch module, got {crew!r}; to fix "
                "it, pass such as [mlp(d), mlp(d)]"
            )
        self.members = nn.ModuleList(crew)

    @property
    def lipschitz(self) -> float:
        """The mean of what the members' weights prove."""
        proved = [lipschitz_from_weights(member) for member in self.members]
        return sum(proved) / len(proved)

    def forward(self, points: Tensor) -> Tensor:
        """The mean of the members' values."""
        return torch.stack([member(points) for member in self.members]).mean(dim=0)


def members(critic: nn.Module) -> list[nn.Module]:
    """Those that are trained each by itself: a ensemble's members, else the critic.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> members(layer) == members(Ensemble([layer])) == [layer]
    True
    """
    return list(critic.members) if isinstance(critic, Ensemble) else [critic]


def debiased_penalty(
    rule: Constraint, critic: nn.Module, x: Tensor, y: Tensor, rng: torch.Generator
) -> Tensor:
    """The penalty of a critic; of a ensemble, what would be left of it with endless members.

    Members differ by noise: of their first weights, of their batches. Where the penalty is smooth,
    the noise of K members adds r / K to that of the mean critic, and r to that of a member in the
    mean. Both are measured at the same points and extrapolated to r = 0.

    Parameters
    ----------
    rule : Constraint
    critic : torch.nn.Module
    x, y : torch.Tensor, shapes (n, d)
    rng : torch.Generator
        Draws the points between x and y.

    References
    ----------
    Quenouille, Notes on bias in estimation (Biometrika 43, 1956), for the extrapolation in 1 / K.

    Examples
    --------
    >>> from otgan.critics.constraints.base import GradientPenalty
    >>> rule, rng = GradientPenalty(weight=1.0, one_sided=True), torch.Generator()
    >>> steep, flat = (nn.Linear(1, 1) for _ in range(2))
    >>> for layer, slope in ((steep, 4.0), (flat, 2.0)):
    ...     _ = nn.init.constant_(layer.weight, slope)
    >>> x, y = torch.zeros(1, 1), torch.ones(1, 1)

    Slopes of 3 ± 1 have penalties of 9 and 1, their mean one of 4; endless ones 2 * 4 - 5 = 3.

    >>> debiased_penalty(rule, Ensemble([steep, flat]), x, y, rng).item()
    3.0
    """
    state = rng.get_state()
    of_mean = rule.penalty(critic, x, y, rng)
    crew = members(critic)
    if len(crew) < 2:
        return of_mean
    alone = torch.zeros_like(of_mean)
    for member in crew:
        rng.set_state(state)
        alone += rule.penalty(member, x, y, rng).detach() / len(crew)
    return (len(crew) * of_mean - alone) / (len(crew) - 1)
