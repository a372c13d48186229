"""The linear layers of a critic, by position."""

from torch import nn


def linear_layer(critic: nn.Module, index: int) -> nn.Linear:
    """The layer at a position of a sequential network, which must be linear."""
    assert isinstance(critic, nn.Sequential)
    layer = critic[index]
    assert isinstance(layer, nn.Linear)
    return layer
