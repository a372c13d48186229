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
    has_radius,
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
        Two that `is_relu_network` accepts, without a radius, the critic with one output. Their
        parameters may change between calls.
    loss : PairLoss
        Of the critic's scores of real and of generated points.

    Examples
    --------
    >>> generator = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> critic = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    >>> step = GeneratorStep(generator, critic, lambda real, fake: -fake.mean())
    >>> latents = torch.randn(64, 2)
    >>> bool(torch.isclose(step.gradients(latents), -critic(generator(latents)).mean()))
    True
    >>> critic[0].weight.grad is None
    True
    """

    def __init__(self, generator: nn.Module, critic: nn.Module, loss: PairLoss) -> None:
        for name, network in (("generator", generator), ("critic", critic)):
            accepts = is_relu_critic if network is critic else is_relu_network
            if not accepts(network) or has_radius(network):
                raise InvalidInputError(
                    f"{name} must alternate nn.Linear with nn.ReLU, a critic with one output, and "
                    f"without hooks or frozen parameters, got {type(network).__name__}; to fix it, "
                    "use autograd for these networks"
                )
        self.generator, self.critic, self.loss = generator, critic, loss

    @torch.no_grad()
    def points(self, latents: Tensor) -> Tensor:
        """Generated points, shape (n, d), which carry no gradients."""
        weights = Weights.of(self.generator)
        return weights.outputs(weights.activations(latents)[-1])

    @torch.no_grad()
    def gradients(self, latents: Tensor, real: Tensor | None = None) -> Tensor:
        """Write the gradients into the generator's ``.grad``, over what was there.

        Parameters
        ----------
        latents : torch.Tensor, shape (n, latent_dim)
        real : torch.Tensor, shape (n, d), optional
            Real points, for a loss that depends on their scores; none by default.

        Returns
        -------
        torch.Tensor, shape ()
            The loss.
        """
        weights = Weights.of(self.generator)
        *below, top = weights.activations(latents)
        points = weights.outputs(top)
        # A critic of packs is given several points in a row.
        packs = points.reshape(-1, linear_layers(self.critic)[0].in_features)
        value, gradient = self._by_points(packs, real)
        output = linear_layers(self.generator)[-1]
        gradient = gradient.reshape(points.shape)
        slopes = weights.slopes(masked(product(gradient, output.weight.T), top), below)
        layers = linear_layers(self.generator)
        for layer, h, a in zip(layers, [*below, top], [*slopes, gradient], strict=True):
            gradient_of(layer.weight).copy_(product(h.T, a.T).T)
            torch.sum(a, dim=0, out=gradient_of(layer.bias))
        return value

    def _by_points(self, fake: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss, and its gradient by each generated point, or pack of them."""
        weights, n = Weights.of_critic(self.critic), len(fake)
        *below, top = weights.activations(fake if real is None else torch.cat([fake, real]))
        scores = weights.outputs(top)[:, 0]
        on_fake, on_real = scores[:n], scores[n:]
        with torch.enable_grad():
            value = self.loss(on_real, on_fake.requires_grad_())
            (sigma,) = torch.autograd.grad(value, on_fake)
        masks = top[:n].gt_(0.0).mul_(sigma[:, None])
        slopes = weights.slopes(masks, [h[:n] for h in below])
        return value.detach(), product(slopes[0], weights.backward[0])
