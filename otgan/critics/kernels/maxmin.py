"""Gradients of an unpenalized critic's gap without autograd, for linear layers and MaxMin.

MaxMin exchanges the two of a pair where they are in the wrong order; the backward pass exchanges
their gradients where the forward pass exchanged them.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

from otgan.critics.kernels.matmul import gradient_of, product, rows_of_block, total
from otgan.critics.kernels.supported import all_plain
from otgan.critics.kernels.threads import Workers
from otgan.critics.networks.feedforward import MaxMin
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["GapStep", "is_maxmin_network"]


def is_maxmin_network(critic: nn.Module) -> bool:
    """Whether it is ``Sequential(Linear, MaxMin, ..., MaxMin, Linear(h, 1))``, and `all_plain`.

    Examples
    --------
    >>> is_maxmin_network(nn.Sequential(nn.Linear(2, 8), MaxMin(), nn.Linear(8, 1)))
    True
    >>> is_maxmin_network(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)))
    False
    """
    layers = list(critic) if isinstance(critic, nn.Sequential) else []
    if type(critic) is not nn.Sequential or len(layers) < 3 or len(layers) % 2 == 0:
        return False
    # Exact types: a parametrized layer is a subclass, and its weight is no parameter.
    linear = all(type(layer) is nn.Linear and layer.bias is not None for layer in layers[::2])
    one = getattr(layers[-1], "out_features", 0) == 1
    maxmin = all(type(layer) is MaxMin for layer in layers[1::2])
    return linear and one and maxmin and all_plain(critic, layers)


@checks_keywords
class GapStep:
    """The gradients of ``E f(y) - E f(x)``, as `backward` would leave them, without a graph.

    Parameters
    ----------
    critic : torch.nn.Sequential
        One that `is_maxmin_network` accepts; its parameters may change between calls.
    inner_dtype : torch.dtype, optional
        Of the products between hidden layers; that of the weights by default.

    Notes
    -----
    Blocks of points go to threads as in `otgan.critics.kernels.relu.PenalizedStep`, and are added
    in their order. A call can be captured in a CUDA graph.

    Examples
    --------
    >>> critic = nn.Sequential(nn.Linear(2, 8), MaxMin(), nn.Linear(8, 1))
    >>> x, y = torch.randn(64, 2), torch.randn(64, 2)
    >>> gap = GapStep(critic).gradients(x, y)
    >>> bool(torch.isclose(gap, (critic(x) - critic(y)).mean(), atol=1e-6))
    True
    """

    def __init__(self, critic: nn.Module, *, inner_dtype: torch.dtype | None = None) -> None:
        if not is_maxmin_network(critic):
            raise InvalidInputError(
                "critic must alternate nn.Linear with MaxMin and end with one output, without "
                f"hooks or frozen parameters, got {type(critic).__name__}; to fix it, use autograd "
                "for this critic"
            )
        self.layers = [layer for layer in critic.children() if isinstance(layer, nn.Linear)]
        self.workers = Workers()
        self.inner_dtype = inner_dtype

    @torch.no_grad()
    def gradients(self, x: Tensor, y: Tensor) -> Tensor:
        """Write the gradients into ``.grad``, over what was there.

        Parameters
        ----------
        x, y : torch.Tensor, shape (n, d)

        Returns
        -------
        torch.Tensor, shape ()
            E f(x) - E f(y).
        """
        if x.shape != y.shape or x.ndim != 2:
            raise InvalidInputError(
                f"x and y must be of one shape (n, d), got {tuple(x.shape)} and {tuple(y.shape)}; "
                "to fix it, draw as many of each"
            )
        rows = rows_of_block(x)
        blocks = list(zip(x.split(rows), y.split(rows), strict=True))
        layers: list[tuple[Tensor, Tensor]] = [(one.weight, one.bias) for one in self.layers]
        inner = self.inner_dtype
        if inner is not None:
            layers[1:-1] = [(weight.to(inner), bias.to(inner)) for weight, bias in layers[1:-1]]
        first, *others = self.workers.map(partial(_sums, layers), blocks)
        for other in others:
            torch._foreach_add_(first, other)
        torch._foreach_mul_(first, 1.0 / len(x))
        for layer, weight, bias in zip(self.layers, first[::2], first[1::2], strict=True):
            gradient_of(layer.weight).copy_(weight.T)
            gradient_of(layer.bias).copy_(bias)
        return -torch.dot(first[-2][:, 0], self.layers[-1].weight[0])


def _sums(layers: list[tuple[Tensor, Tensor]], pair: tuple[Tensor, Tensor]) -> list[Tensor]:
    """Sums over y less those over x: transposed gradient and bias, layer after layer."""
    n, points = len(pair[0]), torch.cat(pair)
    below, exchanged = [points], []
    for (weight, bias), (above, _) in pairwise(layers):
        one, other = product(below[-1], weight, bias).chunk(2, dim=1)
        exchanged.append((one - other).relu_().sign_())  # faster than a comparison
        features = torch.cat([torch.minimum(one, other), torch.maximum(one, other)], dim=1)
        below.append(features.to(above.dtype))
    sign = points.new_ones(2 * n, 1)
    sign[:n] = -1.0
    slopes = [sign]
    for (weight, _), swap in zip(layers[:0:-1], exchanged[::-1], strict=True):
        a = slopes[0].to(weight.dtype)
        back = a * weight if a.shape[1] == 1 else product(a, weight.T)
        smaller, larger = back.chunk(2, dim=1)
        swapped = (larger - smaller).mul_(swap)  # products are faster than torch.where
        slopes.insert(0, torch.cat([smaller + swapped, larger - swapped], dim=1))
    return [
        sums
        for h, a in zip(below, slopes, strict=True)
        for sums in (product(h.T, a.T.to(h.dtype)).to(points.dtype), total(a))
    ]
