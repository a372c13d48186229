"""Packing: the critic scores several points at once, so that it sees their diversity."""

from __future__ import annotations

from torch import Tensor

from otgan.errors import InvalidInputError
from otgan.keywords import checks_keywords

__all__ = ["packed", "packed_shape"]


@checks_keywords
def packed_shape(shape: tuple[int, ...], m: int) -> tuple[int, ...]:
    """The shape of what a critic takes under packing: m times the channels or coordinates.

    Parameters
    ----------
    shape : tuple of int
        Of one point, (d,) or (c, h, w).
    m : int
        Points in a pack.

    Examples
    --------
    >>> packed_shape((3, 32, 32), 2)
    (6, 32, 32)
    """
    return (m * shape[0], *shape[1:])


@checks_keywords
def packed(points: Tensor, m: int) -> Tensor:
    """Join each m points in a row to one that the critic scores as a whole.

    Parameters
    ----------
    points : torch.Tensor, shape (n, d) or (n, c, h, w)
    m : int
        Points in a pack; it must divide n.

    Returns
    -------
    torch.Tensor, shape (n / m, m d) or (n / m, m c, h, w)

    Raises
    ------
    InvalidInputError
        n is no multiple of m.

    References
    ----------
    Lin, Khetan, Fanti and Oh, PacGAN: the power of two samples in generative adversarial networks
    (NeurIPS 2018), section 2.

    Examples
    --------
    >>> import torch
    >>> packed(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), 2)
    tensor([[1., 2., 3., 4.],
            [5., 6., 7., 8.]])
    """
    n = len(points)
    if n % m:
        raise InvalidInputError(
            f"a batch must be a multiple of pack={m} points, got {n}; to fix it, set batch_size "
            f"to {max(n - n % m, m)}, or change pack"
        )
    return points.reshape(n // m, *packed_shape(tuple(points.shape[1:]), m))
