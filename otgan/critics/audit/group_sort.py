"""GroupSort, an activation that critics in files may have between their linear layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["GroupSort"]


class GroupSort(nn.Module):
    """Sort the features within groups: 1-Lipschitz, and it keeps the norm of gradients.

    Parameters
    ----------
    size : int
        Features in a group, a divisor of the layer's width; 2 is also known as MaxMin.

    References
    ----------
    Anil, Lucas and Grosse, Sorting out Lipschitz function approximation (ICML 2019).

    Examples
    --------
    >>> GroupSort(2)(torch.tensor([[3.0, 1.0, 0.0, 5.0]]))
    tensor([[1., 3., 0., 5.]])
    """

    lipschitz = 1.0

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.size = size

    def forward(self, features: Tensor) -> Tensor:
        """Sort each group of the last axis in ascending order."""
        if self.size == 2:
            pairs = features.unflatten(-1, (-1, 2))
            return torch.stack([pairs.amin(-1), pairs.amax(-1)], dim=-1).flatten(-2)
        return features.unflatten(-1, (-1, self.size)).sort(dim=-1).values.flatten(-2)
