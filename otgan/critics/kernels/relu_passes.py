"""Forward and backward passes of ReLU networks without a graph.

With the masks m_l of the units that are on, the output's weights w and its derivative σ,

    forward     h_l = relu(W_l h_{l-1} + b_l)
    backward    a_L = m_L * w σ,  a_l = m_l * (W_{l+1}ᵀ a_{l+1})

and the gradient with respect to W_l is a_l h_{l-1}ᵀ, that with respect to h_0 is W_1ᵀ a_1.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from otgan.critics.kernels.matmul import product
from otgan.critics.kernels.supported import all_plain
from otgan.critics.networks.features import FourierFeatures, PointFeatures, WithRadius

__all__ = [
    "Weights",
    "features_of",
    "forward",
    "is_relu_critic",
    "is_relu_network",
    "is_thin",
    "linear_layers",
    "masked",
]

FEW = 16
"""Sizes of a product below this make it thin."""


def is_relu_network(network: nn.Module) -> bool:
    """Whether it is ``Sequential(Linear, ReLU, ..., ReLU, Linear)``, as `mlp` makes.

    `PointFeatures` of ours may come first, as `networks.radial_mlp` has them. All of its parameters
    learn, and nothing else happens in it (see `all_plain`).

    Examples
    --------
    >>> is_relu_network(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)))
    True
    >>> is_relu_network(nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)))
    False
    """
    if type(network) is not nn.Sequential:
        return False
    layers = list(network) if features_of(network) is None else list(network)[1:]
    if len(layers) < 3 or len(layers) % 2 == 0:
        return False
    linear, between = layers[::2], layers[1::2]
    # Exact types: a parametrized layer is a subclass, and its weight is no parameter.
    if any(type(layer) is not nn.Linear or layer.bias is None for layer in linear):
        return False
    relus = all(type(layer) is nn.ReLU for layer in between)
    return relus and all_plain(network, list(network))


def is_relu_critic(critic: nn.Module) -> bool:
    """Whether it is a network that `is_relu_network` accepts, with one output.

    Examples
    --------
    >>> is_relu_critic(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)))
    True
    >>> is_relu_critic(nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)))
    False
    """
    return is_relu_network(critic) and linear_layers(critic)[-1].out_features == 1


def features_of(network: nn.Module) -> PointFeatures | None:
    """The features of points that come first, if there are any of ours."""
    first = network[0] if isinstance(network, nn.Sequential) and len(network) else None
    if isinstance(first, PointFeatures) and type(first) in (WithRadius, FourierFeatures):
        return first
    return None


def linear_layers(network: nn.Module) -> list[nn.Linear]:
    """The linear layers, from the first to the last."""
    return [layer for layer in network.children() if isinstance(layer, nn.Linear)]


@torch.no_grad()
def forward(layers: list[nn.Linear], points: Tensor) -> Tensor:
    """What a ReLU network without features returns, from its linear layers.

    Examples
    --------
    >>> forward([nn.Linear(2, 8), nn.Linear(8, 3)], torch.zeros(5, 2)).shape
    torch.Size([5, 3])
    """
    weights = Weights.of(layers)
    return weights.outputs(weights.activations(points)[-1])


def is_thin(layers: list[nn.Linear]) -> bool:
    """Whether the points that these layers take have few coordinates."""
    return layers[0].in_features < FEW


class Weights(NamedTuple):
    """A network's parameters, arranged for the products that are made of them."""

    forward: list[tuple[Tensor, Tensor]]  # W_l and b_l of the hidden layers
    backward: list[Tensor]  # W_lᵀ; of a critic the last one is W_Lᵀ diag(w)
    output: tuple[Tensor, Tensor]  # of the last layer
    features: PointFeatures | None = None  # of points, which come before the first layer
    thin: bool = False  # whether products with the points' coordinates are thin

    @classmethod
    def of(cls, layers: list[nn.Linear], features: PointFeatures | None = None) -> Self:
        """Those of any ReLU network, from its linear layers and what comes before them."""
        *hidden, output = layers
        forward: list[tuple[Tensor, Tensor]] = [(layer.weight, layer.bias) for layer in hidden]
        backward = [layer.weight.T for layer in hidden]
        last = output.weight, output.bias
        return cls(forward, backward, last, features, thin=is_thin(layers))

    @classmethod
    def of_critic(
        cls,
        layers: list[nn.Linear],
        *,
        features: PointFeatures | None = None,
        inner: torch.dtype | None = None,
        thin: bool = False,
    ) -> Self:
        """Those of a network with one output, whose weights w are taken into W_L.

        Weights between hidden layers are of the dtype `inner`, by default of their own.
        """
        *hidden, output = layers
        last = output.weight[0]
        backward = [layer.weight.T.contiguous() for layer in hidden[:-1]]
        backward.append((hidden[-1].weight * last[:, None]).T.contiguous())
        forward: list[tuple[Tensor, Tensor]] = [(layer.weight, layer.bias) for layer in hidden]
        if inner is not None:  # but for the first layer, which the points enter
            forward[1:] = [(weight.to(inner), bias.to(inner)) for weight, bias in forward[1:]]
            backward[1:] = [weight.to(inner) for weight in backward[1:]]
        return cls(forward, backward, (output.weight, output.bias), features, thin)

    def activations(self, points: Tensor) -> list[Tensor]:
        """h_0, ..., h_L for points of shape (n, d)."""
        values = [points if self.features is None else self.features(points)]
        thin = self.thin
        for weight, bias in self.forward:
            values.append(product(values[-1].to(weight.dtype), weight, bias, relu=True, thin=thin))
            thin = False
        dtype = self.backward[-1].dtype
        values[1:] = [h.to(dtype) for h in values[1:]]
        return values

    def outputs(self, top: Tensor) -> Tensor:
        """What the network returns, from h_L; shape (n, out)."""
        weight, bias = self.output
        return product(top.to(weight.dtype), weight, bias, thin=len(weight) < FEW)

    def slopes(self, top: Tensor, below: list[Tensor]) -> list[Tensor]:
        """a_1, ..., a_L from a_L, or from a_L / w for a critic, and h_0, ..., h_{L-1}."""
        slopes = [top]
        for weight, activations in zip(self.backward[:0:-1], below[:0:-1], strict=True):
            slopes.insert(0, masked(product(slopes[0], weight), activations))
        return slopes


def masked(values: Tensor, activations: Tensor, out: Tensor | None = None) -> Tensor:
    """The values where the unit is on, else zero; in place by default."""
    out = values if out is None else out
    return torch.ops.aten.threshold_backward.grad_input(values, activations, 0.0, grad_input=out)
