"""The features of a critic: what its last layer takes."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["critic_features", "features_of"]


@checks_keywords
def critic_features(critic: nn.Module, points: Tensor) -> Tensor:
    """What a critic's last linear layer sees; or what its own ``features`` returns.

    Parameters
    ----------
    critic : torch.nn.Module
        With a method or submodule ``features``; or an `nn.Sequential` whose last layer is Linear.
    points : torch.Tensor, shape (n, ...)
        As the critic takes them.

    Returns
    -------
    torch.Tensor, shape (n, k)
        In the precision of the points.

    Raises
    ------
    InvalidInputError
        Neither of them.

    Examples
    --------
    >>> import torch
    >>> critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> critic_features(critic, torch.zeros(5, 2)).shape
    torch.Size([5, 8])
    """
    return features_of(critic)(points).flatten(1).to(points.dtype)


def features_of(critic: nn.Module) -> Callable[[Tensor], Tensor]:
    """The function that `critic_features` calls.

    Raises
    ------
    InvalidInputError
        As there.
    """
    own = getattr(critic, "features", None)
    if callable(own):
        found: Callable[[Tensor], Tensor] = own
        return found
    if isinstance(critic, nn.Sequential) and critic and isinstance(critic[-1], nn.Linear):
        return critic[:-1]
    raise InvalidInputError(
        "critic must tell its features, got a "
        f"{type(critic).__name__} without them; to fix it, define a method features(points) "
        "that returns shape (n, k), or use an nn.Sequential that ends in nn.Linear"
    )
