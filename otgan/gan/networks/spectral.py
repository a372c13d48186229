"""Spectral normalization by the operator norm of the layer itself, convolutions included."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input
from torch.nn.utils import parametrize

from otgan.critics.forward import evaluating
from otgan.keywords import checks_keywords

__all__ = ["SpectralNorm", "normalize_spectrally"]

START_ITERATIONS = 50
"""Power iterations on the initial weights; later ones follow a norm that changes slowly."""

TINY = 1e-12
"""Norms below it count as zero, and are not divided by."""


@checks_keywords
class SpectralNorm(nn.Module):
    """A weight divided by the operator norm of its layer at one input size, found by iteration.

    The power iteration runs on the convolution itself, with its stride and padding, and its
    adjoint. Miyato et al. divide by the norm of the kernel reshaped into a matrix instead, which
    is neither a bound of this norm nor near it. One iteration is made whenever the weight is read
    in training mode, none in evaluation mode. What is divided by is the length of the image of one
    unit vector, at most the norm: a lower estimate, which lags behind weights that learn. So the
    norm of the layer is never below one (up to rounding), the further above it the larger the steps
    are, and one once the weights rest.

    Parameters
    ----------
    layer : torch.nn.Linear or torch.nn.Conv2d
        Convolutions with padding by zeros.
    shape : tuple of int
        Of one input of the layer. Each iteration costs three passes of one such input.

    References
    ----------
    Miyato, Kataoka, Koyama and Yoshida, Spectral normalization for GANs (ICLR 2018), Algorithm 1;
    with the convolution for the matrix, as Gouk, Frank, Pfahringer and Cree, Regularisation of
    neural networks by enforcing Lipschitz continuity (Machine Learning, 2021).

    Examples
    --------
    >>> layer = nn.Conv2d(1, 1, 2, bias=False)  # adds up four pixels
    >>> _ = nn.init.ones_(layer.weight)
    >>> norm = SpectralNorm(layer, (1, 2, 2))  # of a single window: norm 2, not 4
    >>> norm(layer.weight).flatten()
    tensor([0.5000, 0.5000, 0.5000, 0.5000], grad_fn=<ViewBackward0>)
    """

    vector: Tensor

    def __init__(self, layer: nn.Linear | nn.Conv2d, shape: tuple[int, ...]) -> None:
        super().__init__()
        weight = layer.weight
        start = torch.randn(1, *shape, dtype=weight.dtype, device=weight.device)
        self.settings = _settings(layer)
        self.register_buffer("vector", _unit(start))
        self._iterate(weight.detach(), START_ITERATIONS)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight over the norm, which is a function of it: gradients flow through both."""
        with torch.autocast(weight.device.type, enabled=False):
            if self.training:
                self._iterate(weight.detach(), 1)
            # A copy, since the next iteration must not change what this gradient needs.
            norm = torch.linalg.vector_norm(self._apply_layer(weight, self.vector.clone()))
            return weight / norm.clamp_min(TINY)

    def _apply_layer(self, weight: Tensor, points: Tensor) -> Tensor:
        if self.settings is None:
            return functional.linear(points, weight)
        return functional.conv2d(points, weight, **self.settings)

    def _apply_adjoint(self, weight: Tensor, values: Tensor) -> Tensor:
        if self.settings is None:
            return values @ weight
        return conv2d_input(self.vector.shape, weight, values, **self.settings)

    @torch.no_grad()
    def _iterate(self, weight: Tensor, times: int) -> None:
        for _ in range(times):
            values = self._apply_layer(weight, self.vector)
            self.vector.copy_(_unit(self._apply_adjoint(weight, values)))


def normalize_spectrally(network: nn.Module, shape: tuple[int, ...]) -> None:
    """Put a `SpectralNorm` on each Linear and Conv2d layer, at the input size that it has there.

    Parameters
    ----------
    network : torch.nn.Module
    shape : tuple of int
        Of one input of the network.
    """
    found: list[tuple[nn.Linear | nn.Conv2d, tuple[int, ...]]] = []

    def note(layer: Any, inputs: tuple[Tensor, ...]) -> None:
        found.append((layer, tuple(inputs[0].shape[1:])))

    layers = [layer for layer in network.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with torch.no_grad(), evaluating(network):
        network(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    for layer, size in found:
        parametrize.register_parametrization(layer, "weight", SpectralNorm(layer, size))


def _settings(layer: nn.Linear | nn.Conv2d) -> dict[str, Any] | None:
    """What a convolution is called with besides points and weight; None for a linear layer."""
    if isinstance(layer, nn.Linear):
        return None
    names = ("stride", "padding", "dilation", "groups")
    return {name: getattr(layer, name) for name in names}


def _unit(vector: Tensor) -> Tensor:
    return vector / torch.linalg.vector_norm(vector).clamp_min(TINY)
