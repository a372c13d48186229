"""Orthogonal factors of matrices by matrix products alone: the iterations of Newton and Schulz."""

from __future__ import annotations

import torch
from torch import Tensor

from otgan.critics.kernels.matmul import knows_bfloat16, product

__all__ = ["nearly_polar", "orthonormalize_", "quick_dtype"]

QUINTIC = (3.4445, -4.7750, 2.0315)
"""a, b, c of the odd polynomial a s + b s³ + c s⁵, as published: steep at 0, near 1 elsewhere."""


def nearly_polar(matrices: Tensor, iterations: int = 5) -> Tensor:
    """U Vᵀ of the singular value decomposition U S Vᵀ, roughly, by matrix products alone.

    A quintic Newton-Schulz iteration sends the singular values of the matrix over its Frobenius
    norm towards one. Its coefficients were chosen for speed rather than convergence: after five
    iterations those that began between 2e-3 and 1 lie between 0.68 and 1.21.

    Parameters
    ----------
    matrices : torch.Tensor, shape (..., rows, columns)
        One matrix or a stack of them.
    iterations : int
        Each costs three products; m²(4 n + 2 m) operations for sides m <= n.

    Returns
    -------
    torch.Tensor, shape (..., rows, columns)

    References
    ----------
    Jordan et al., Muon: an optimizer for hidden layers in neural networks (2024),
    https://kellerjordan.github.io/posts/muon/.

    Examples
    --------
    >>> factor = nearly_polar(torch.tensor([[0.0, 3.0], [-1.0, 0.0]]))
    >>> bool((factor - torch.tensor([[0.0, 1.0], [-1.0, 0.0]])).abs().max() < 0.35)
    True
    """
    rows, columns = matrices.shape[-2:]
    stack = matrices.reshape(-1, rows, columns)
    if rows > columns:
        # The Gram matrix is taken on the shorter side.
        stack = stack.mT
    a, b, c = QUINTIC
    norms = torch.linalg.vector_norm(stack, dim=(1, 2), keepdim=True)
    now = (stack / (norms + 1e-7)).contiguous()
    after = torch.empty_like(now)
    gram = now.new_empty(len(now), now.shape[1], now.shape[1])
    even = torch.empty_like(gram)
    for _ in range(iterations):
        torch.bmm(now, now.mT, out=gram)
        torch.baddbmm(gram, gram, gram, beta=b, alpha=c, out=even)
        torch.baddbmm(now, even, now, beta=a, out=after)
        now, after = after, now
    return (now.mT if rows > columns else now).reshape(matrices.shape)


def quick_dtype(tensor: Tensor) -> torch.dtype:
    """What `nearly_polar` of such a tensor may be computed in: bfloat16, where that is fast.

    Eight bits tell the singular values of a step well enough: they end between 0.68 and 1.21
    anyway. Products of bfloat16 take a quarter of the time, on processors that know them.

    Examples
    --------
    >>> quick_dtype(torch.zeros(2, 2, dtype=torch.float64))
    torch.float64
    """
    quick = tensor.dtype == torch.float32 and knows_bfloat16(tensor.device)
    return torch.bfloat16 if quick else tensor.dtype


@torch.no_grad()
def orthonormalize_(weight: Tensor, iterations: int = 3) -> None:
    """Move a matrix towards the nearest one with orthonormal rows or columns, in place.

    Newton and Schulz's iteration X <- (3 X - X X^T X) / 2 maps singular values in [0, √3] into
    [0, 1] and draws them to one, quadratically. So the norm is at most one after any number of
    iterations, and the matrix is orthonormal to rounding if a step left it near.

    Parameters
    ----------
    weight : torch.Tensor, shape (rows, columns)
    iterations : int

    References
    ----------
    Björck and Bowie, An iterative algorithm for computing the best estimate of an orthogonal
    matrix (SIAM J. Numer. Anal. 8, 1971).

    Examples
    --------
    >>> weight = torch.tensor([[1.1, 0.0], [0.0, 0.8]])
    >>> orthonormalize_(weight, 5)
    >>> weight
    tensor([[1., 0.],
            [0., 1.]])
    """
    wide = weight if weight.shape[0] <= weight.shape[1] else weight.T
    gram = product(wide, wide)
    square = product(gram, gram)
    # The eighth root of |G⁴|_F is at least the largest singular value, and near it.
    bound = torch.linalg.matrix_norm(product(square, square)) ** 0.125
    wide = wide * (1.7 / bound).clamp(max=1.0)
    for _ in range(iterations):
        wide = 1.5 * wide - 0.5 * product(product(wide, wide), wide.T)
    weight.copy_(wide if weight.shape[0] <= weight.shape[1] else wide.T)
