"""Gradients of a generator's loss without autograd, where generator and critic are ReLU networks.

The critic's passes give the gradient of the loss by each generated point, and the generator's give
that by its weights. None is computed for the weights of the critic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from otgan.critics.kernels.matmul import gradient_of, product
from otgan.critics.kernels.relu_passes import (
    Weights,
    features_of,
    is_relu_critic,
    is_relu_network,
    linear_layers,
    masked,
)
from otgan.critics.kernels.supported import PairLoss
from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["GeneratorStep"]


@checks_keywords
class GeneratorStep:
    """The gradients of a generator's loss, as `backward` would leave them, without a graph.

    Parameters
    ----------
    generator, critic : torch.nn.Sequential
        Two that `is_relu_network` accepts, the critic with one output, the generator without
        features of its latents. Their parameters may change between calls.
    loss : PairLoss
        Of the critic's scores of real and of generated points.

    Examples
    --------
    >>> generator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> critic = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> from otgan.critics.kernels.supported import differentiated
    >>> step = GeneratorStep(generator, critic, differentiated(lambda real, fake: -fake.mean()))
    >>> loss, points = step.gradients(torch.randn(64, 2))
    >>> bool(torch.isclose(loss, -critic(points).mean()))
    True
    >>> critic[0].weight.grad is None
    True
    """

    def __init__(self, generator: nn.Module, critic: nn.Module, loss: PairLoss) -> None:
        for name, network in (("generator", generator), ("critic", critic)):
            accepts = is_relu_critic if network is critic else is_relu_network
            if not accepts(network) or features_of(generator) is not None:
                raise InvalidInputError(
                    f"{name} must alternate nn.Linear with nn.ReLU, a critic with one output, and "
                    f"without hooks or frozen parameters, got {type(network).__name__}; to fix it, "
                    "use autograd for these networks"
                )
        self.layers, self.critic_layers = linear_layers(generator), linear_layers(critic)
        self.features = features_of(critic)
        inputs = self.critic_layers[0].in_features
        self.pack_size = inputs if self.features is None else self.features.n_coordinates(inputs)
        self.loss = loss

    @torch.no_grad()
    def gradients(self, latents: Tensor, real: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Write the gradients into the generator's ``.grad``, over what was there.

        Parameters
        ----------
        latents : torch.Tensor, shape (n, latent_dim)
        real : torch.Tensor, shape (n, d), optional
            Real points, for a loss that depends on their scores; none by default.

        Returns
        -------
        loss : torch.Tensor, shape ()
        points : torch.Tensor, shape (n, d)
            Those that were generated.
        """
        weights = Weights.of(self.layers)
        *below, top = weights.activations(latents)
        points = weights.outputs(top)
        # A critic of packs is given several points in a row.
        packs = points.reshape(-1, self.pack_size)
        value, gradient = self._by_points(packs, real)
        gradient = gradient.reshape(points.shape)
        *layers, output = self.layers
        slopes = weights.slopes(masked(gradient @ output.weight, top), below)
        for layer, h, a in zip(layers, below, slopes, strict=True):
            thin = weights.thin and layer is layers[0]
            gradient_of(layer.weight).copy_(product(a.T, h.T, thin=thin))
            torch.sum(a, dim=0, out=gradient_of(layer.bias))
        torch.mm(gradient.T, top, out=gradient_of(output.weight))
        torch.sum(gradient, dim=0, out=gradient_of(output.bias))
        return value, points

    def _by_points(self, fake: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss, and its gradient by each generated point, or pack of them."""
        weights, n = Weights.of(self.critic_layers, self.features), len(fake)
        *below, top = weights.activations(fake if real is None else torch.cat([fake, real]))
        on_fake, on_real = weights.outputs(top)[:, 0].tensor_split([n])
        value, _, sigma = self.loss(on_real, on_fake)
        last = masked(sigma[:, None] * weights.output[0], top[:n])
        slopes = weights.slopes(last, [h[:n] for h in below])
        gradient = product(slopes[0], weights.backward[0], thin=weights.thin)
        if self.features is not None:
            gradient = self.features.pullback(below[0][:n], gradient)
        return value, gradient
