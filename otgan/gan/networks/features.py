"""The features of a critic: what its last layer takes."""

from __future__ import annotations

from torch import Tensor, nn

from otgan.errors import InvalidInputError

__all__ = ["critic_features"]


def critic_features(critic: nn.Module, points: Tensor) -> Tensor:
    """What a critic's last linear layer sees; or what its own ``features`` returns."""
    own = getattr(critic, "features", None)
    if callable(own):
        features: Tensor = own(points)
    elif isinstance(critic, nn.Sequential) and isinstance(critic[-1], nn.Linear):
        features = critic[:-1](points)
    else:
        raise InvalidInputError("critic must tell its features, got one without; to fix it, do")
    return features.flatten(1)
