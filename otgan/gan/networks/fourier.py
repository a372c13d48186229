"""The critic for vectors that sees fine structure."""

from __future__ import annotations

from torch import nn

from otgan.critics.networks.feedforward import fourier_mlp
from otgan.errors import InvalidInputError
from otgan.gan.networks.sizes import as_shape
from otgan.inputs.options import as_count
from otgan.keywords import checks_keywords

__all__ = ["fourier_critic"]


@checks_keywords
def fourier_critic(
    shape: tuple[int, ...],
    *,
    width: int = 64,
    depth: int = 2,
    norm: str | None = None,
) -> nn.Sequential:
    """A ReLU network on random Fourier features of vectors.

    Parameters
    ----------
    shape : tuple of int
        Of one point, (d,).
    width, depth : int
        Hidden layers.
    norm : None

    Returns
    -------
    torch.nn.Sequential
        From `otgan.critics.networks.fourier_mlp`.

    Raises
    ------
    InvalidInputError
        Images, or a norm.

    Examples
    --------
    >>> import torch
    >>> fourier_critic((2,), width=8)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """
    if norm is not None:
        raise InvalidInputError(
            f"critic_norm must be None for network 'fourier', got {norm!r}; to fix it, leave it "
            "out, or use network='mlp'"
        )
    sizes = as_shape(shape)
    if len(sizes) == 3:
        raise InvalidInputError(
            f"network 'fourier' must be given vectors, got images of shape {sizes}; to fix it, use "
            "network='dcgan'"
        )
    return fourier_mlp(sizes[0], width=as_count(width, "width"), depth=as_count(depth, "depth"))
