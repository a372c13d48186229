"""Ensembles: critics that are trained independently and averaged."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from otgan.critics.lipschitz.layers import lipschitz_from_weights
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["Ensemble", "members_of"]


@checks_keywords
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
        found = list(members)
        if not found or not all(isinstance(member, nn.Module) for member in found):
            raise InvalidInputError(
                f"members must be one critic or more, each a torch module, got {found!r}; to fix "
                "it, pass such as [mlp(d), mlp(d)]"
            )
        self.members = nn.ModuleList(found)

    @property
    def lipschitz(self) -> float:
        """The mean of what the members' weights prove."""
        proved = [lipschitz_from_weights(member) for member in self.members]
        return sum(proved) / len(proved)

    def forward(self, points: Tensor) -> Tensor:
        """The mean of the members' values."""
        return torch.stack([member(points) for member in self.members]).mean(dim=0)


def members_of(critic: nn.Module) -> list[nn.Module]:
    """The critics that are trained each by itself: an ensemble's members, else the critic.

    Examples
    --------
    >>> layer = nn.Linear(2, 1)
    >>> members_of(layer) == members_of(Ensemble([layer])) == [layer]
    True
    """
    return list(critic.members) if isinstance(critic, Ensemble) else [critic]
