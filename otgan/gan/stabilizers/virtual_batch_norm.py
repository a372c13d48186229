"""Virtual batch normalization: the statistics of a fixed batch, and of each example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from otgan.errors import InvalidInputError
from otgan.gan.stabilizers.base import Stabilizer
from otgan.keywords import checks_keywords

__all__ = ["ReferenceNorm", "VirtualBatchNorm", "WithReference"]


@checks_keywords
class ReferenceNorm(nn.Module):
    """Normalize each example by a reference batch and itself, and that batch by itself.

    The first `n_reference` examples of its input are the reference batch. Mean and mean square of a
    channel are 1 / (n + 1) times those of the example, plus n / (n + 1) times those of the
    reference batch, n = `n_reference`; then x becomes (x - μ) / √(eps + m2 - μ²).

    Parameters
    ----------
    norm : torch.nn.BatchNorm1d, BatchNorm2d or BatchNorm3d
        What it replaces: scale, shift and eps are taken from there.
    n_reference : int

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.5; their code,
    for the weights of example and reference batch.

    Examples
    --------
    >>> layer = ReferenceNorm(nn.BatchNorm1d(1, eps=0.0), n_reference=2)
    >>> layer(torch.tensor([[1.0], [3.0], [5.0]])).detach().T  # μ = 3, m2 = 35 / 3 for the 5
    tensor([[-1.0000,  1.0000,  1.2247]])
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, norm: _BatchNorm, n_reference: int) -> None:
        super().__init__()
        self.n_reference, self.eps = n_reference, norm.eps
        self.register_parameter("weight", norm.weight)
        self.register_parameter("bias", norm.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Of the same shape, (n, c) or (n, c, ...)."""
        exact = x.to(torch.promote_types(x.dtype, torch.float32)).reshape(*x.shape[:2], -1)
        reference, examples = exact[: self.n_reference], exact[self.n_reference :]
        var_r, mean_r = torch.var_mean(reference, dim=(0, 2), correction=0, keepdim=True)
        var_x, mean_x = torch.var_mean(examples, dim=2, correction=0, keepdim=True)
        own = 1.0 / (self.n_reference + 1.0)
        mean = own * mean_x + (1.0 - own) * mean_r
        # m2 - μ² of the two together, as a sum of squares: rounding never makes it negative.
        var = own * var_x + (1.0 - own) * var_r + own * (1.0 - own) * (mean_x - mean_r).square()
        normalized = torch.cat(
            [
                (reference - mean_r) * torch.rsqrt(var_r + self.eps),
                (examples - mean) * torch.rsqrt(var + self.eps),
            ]
        )
        if self.weight is not None and self.bias is not None:
            normalized = normalized * self.weight[:, None] + self.bias[:, None]
        return normalized.reshape(x.shape).to(x.dtype)


@checks_keywords
class WithReference(nn.Module):
    """A generator that takes a fixed batch of latents through its layers beside any others.

    Parameters
    ----------
    network : torch.nn.Module
        With layers `ReferenceNorm`.
    reference : torch.Tensor, shape (n, latent_dim)
        Becomes a buffer: it is saved, copied and moved with the weights.
    """

    reference: Tensor

    def __init__(self, network: nn.Module, reference: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("reference", reference.detach().clone())

    def forward(self, latents: Tensor) -> Tensor:
        """The points of these latents, each of which depends on its own latent alone."""
        reference = self.reference.to(latents.dtype)
        points: Tensor = self.network(torch.cat([reference, latents]))
        return points[len(reference) :]


@checks_keywords
@dataclass(frozen=True)
class VirtualBatchNorm(Stabilizer):
    """Replace each batch norm of the generator by one with the statistics of a fixed batch.

    Under batch normalization a generated point depends on the others of its batch; now it does
    not, in training and afterwards alike. The reference batch is the first batch of latents; it is
    taken through the network in each forward pass, which costs that much more, since its statistics
    change with the weights.

    References
    ----------
    Salimans et al., Improved techniques for training GANs (NeurIPS 2016), section 3.5.

    Examples
    --------
    >>> generator = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    >>> adapted = VirtualBatchNorm().adapt_generator(generator, torch.randn(16, 2))
    >>> adapted.network[1], adapted(torch.zeros(5, 2)).shape
    (ReferenceNorm(), torch.Size([5, 2]))
    """

    name: ClassVar[str] = "virtual-batch-norm"

    def adapt_generator(self, generator: nn.Module, latents: Tensor) -> nn.Module:
        """The generator with such layers and these latents as its reference batch.

        Raises
        ------
        InvalidInputError
            A generator without batch normalization.
        """
        if not _replace(generator, len(latents)):
            raise InvalidInputError(
                "virtual batch normalization must have batch normalization to replace, got a "
                "generator without; to fix it, pass generator_norm='batch', or leave the "
                "stabilizer out"
            )
        return WithReference(generator, latents)


def _replace(module: nn.Module, n_reference: int) -> bool:
    """Replace the batch norms inside of a module, in place; whether there were any."""
    found = False
    for name, child in module.named_children():
        if isinstance(child, _BatchNorm):
            setattr(module, name, ReferenceNorm(child, n_reference))
            found = True
        else:
            found |= _replace(child, n_reference)
    return found
