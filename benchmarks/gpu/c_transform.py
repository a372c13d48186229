"""The c-transform of Euclidean distances in plain torch: screened in float32, proved in float64.

One matrix product in float32 bounds every distance from below. The pair with the least bound is
computed in float64 from the differences of its points, and so is every other pair whose bound does
not exceed what that one costs; all others cannot be cheaper. The result is that of a float64 search
over all pairs, whatever float32 rounds.

It is here to be measured, and enters otgan when a run on a device shows that a whole solve takes
half the time with it.
"""

import math

import torch
from torch import Tensor

ROUND = 2.0**-24
"""Unit roundoff of float32."""

TILE_ENTRIES = 2**27
"""Bounds that are held at once (512 MiB)."""

PAIR_NUMBERS = 2**25
"""Coordinates of pairs that are subtracted at once (256 MiB)."""


def c_transform(x: Tensor, y: Tensor, f: Tensor, *, tile_entries: int = TILE_ENTRIES) -> Tensor:
    """g_j = min_i |x_i - y_j| - f_i for finite float64 tensors on one device.

    Parameters
    ----------
    x, y : torch.Tensor, shapes (n, d) and (m, d)
    f : torch.Tensor, shape (n,)
    tile_entries : int
        How many pairs are screened at once.

    Returns
    -------
    torch.Tensor, shape (m,)
        O(n m d) time.

    Notes
    -----
    With a_i, b_j the squared lengths of the centered points, u the unit roundoff and S = |x_i| +
    |y_j|, so that S² <= 2 (a_i + b_j): rounding the points to float32 moves a squared distance by
    at most 3 u S², summing d + 2 products of it by (d + 2) u S², and rounding a_i and b_j by u S².
    So squares that are lowered by the factor 1 - (2 d + 16) u give a lower bound. Source of the
    error of sums: Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.1.
    """
    if torch.get_float32_matmul_precision() != "highest":
        raise ValueError(
            "float32 products must be of full precision, got "
            f"{torch.get_float32_matmul_precision()!r}; to fix it, call "
            "torch.set_float32_matmul_precision('highest')"
        )
    screen = _Screen(x, y, f)
    rows = max(1, tile_entries // len(x))
    g = torch.empty(len(y), dtype=torch.float64, device=y.device)
    for first in range(0, len(y), rows):
        tile = slice(first, first + rows)
        g[tile] = _smallest(x, y[tile], f, *screen.bounds(tile))
    return g


class _Screen:
    """Lower bounds of |x_i - y_j| - f_i, in units of the largest length."""

    def __init__(self, x: Tensor, y: Tensor, f: Tensor) -> None:
        center = (x.mean(dim=0) + y.mean(dim=0)) / 2
        centered = x - center, y - center
        longest = max(float(z.square().sum(dim=1).max()) for z in centered) ** 0.5
        self.unit = 2.0 ** math.ceil(math.log2(longest)) if longest > 0 else 1.0
        x, y = (z / self.unit for z in centered)  # exact, for a power of two
        a, b = (z.square().sum(dim=1, keepdim=True) for z in (x, y))
        lowered = 1.0 - (2 * x.shape[1] + 16) * ROUND
        ones = torch.ones_like
        self.left = torch.cat([y, ones(b), lowered * b], dim=1).float()
        self.right = torch.cat([-2.0 * x, lowered * a, ones(a)], dim=1).float().T.contiguous()
        self.f = (f / self.unit).float()
        # Of a root, of f, of their difference and of what it is compared with.
        size = float(a.max().sqrt()) + float(self.f.abs().max())
        self.slack = 8.0 * ROUND * (size + b.squeeze(1).sqrt())

    def bounds(self, tile: slice) -> tuple[Tensor, Tensor, float]:
        """The bounds of these targets, shape (targets, n), their rounding, and the unit."""
        squares = self.left[tile] @ self.right
        return squares.clamp_(min=0).sqrt_().sub_(self.f), self.slack[tile], self.unit


def _smallest(
    x: Tensor, y: Tensor, f: Tensor, bounds: Tensor, slack: Tensor, unit: float
) -> Tensor:
    """The smallest reduced cost of every target, computed wherever the bounds leave it open."""
    likely = bounds.argmin(dim=1)
    cost = _reduced_costs(x, y, f, likely, torch.arange(len(y), device=y.device))
    limit = (cost / unit + slack).float()
    limit = torch.nextafter(limit, torch.full_like(limit, math.inf))
    j, i = torch.nonzero(bounds <= limit[:, None], as_tuple=True)
    step = max(1, PAIR_NUMBERS // x.shape[1])
    for first in range(0, len(j), step):
        i_part, j_part = i[first : first + step], j[first : first + step]
        found = _reduced_costs(x, y, f, i_part, j_part)
        cost.scatter_reduce_(0, j_part, found, "amin")
    return cost


def _reduced_costs(x: Tensor, y: Tensor, f: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """|x_i - y_j| - f_i of pairs, from the differences."""
    return torch.linalg.vector_norm(x[i] - y[j], dim=1) - f[i]
