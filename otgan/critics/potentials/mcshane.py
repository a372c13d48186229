"""Lipschitz functions extended off a sample: the linear program as a critic of every point.

McShane's theorem: heights h_j at anchors a_j with |h_j - h_k| <= |a_j - a_k| are the values of a
1-Lipschitz function on the whole space, and all such functions lie between two of them,

    max_j h_j - |x - a_j|   and   min_j h_j + |x - a_j|.

Both are 1-Lipschitz for any heights, as a maximum or minimum of cones. So the optimal potentials of
a sample, which the linear program knows on the sample only, become a critic of every point.

Source: McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from otgan.errors import InvalidInputError
from otgan.inference.held_out_potentials import anchors_at_x
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_float64, as_pair, as_points, is_torch
from otgan.transport.exact import solve_measures
from otgan.transport.result import TransportResult

__all__ = [
    "ExactCritic",
    "McShane",
    "cone_values",
    "exact_critic",
    "extended_potential",
    "nearest_cones",
]

BLOCK_PAIRS = 2**21
"""How many distances between points and anchors are held at once (16 MiB)."""

Side = Literal["auto", "x", "y"]


@checks_keywords
class McShane(nn.Module):
    """The largest 1-Lipschitz function below given heights at anchors, or the smallest above.

    ``f(x) = min_j |x - a_j| + h_j``, or with ``largest=False`` ``f(x) = max_j h_j - |x - a_j|``.
    Where the heights are 1-Lipschitz themselves, both take them at the anchors.

    Distances are computed from differences, in the dtype of the buffers (float64 unless moved);
    values come back in the dtype of the points. Gradients are unit vectors, and zero at an anchor
    that is a minimizer.

    Parameters
    ----------
    anchors : array_like or torch.Tensor, shape (m, d)
    heights : array_like or torch.Tensor, shape (m,)
    largest : bool
        Which of the two extensions.

    Raises
    ------
    InvalidInputError
        NaN, infinities, or shapes that do not fit.

    References
    ----------
    McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1.

    Examples
    --------
    >>> f = McShane([[0.0], [3.0]], [0.0, 1.0])
    >>> f(torch.tensor([[0.0], [1.0], [2.5], [3.0], [4.0]]))
    tensor([0.0000, 1.0000, 1.5000, 1.0000, 2.0000])
    >>> McShane([[0.0], [3.0]], [1.0, 2.0], largest=False)(torch.tensor([[0.0], [1.5], [4.5]]))
    tensor([1.0000, 0.5000, 0.5000])
    """

    lipschitz = 1.0

    anchors: Tensor
    heights: Tensor

    def __init__(self, anchors: Any, heights: Any, *, largest: bool = True) -> None:
        super().__init__()
        device = anchors.device if is_torch(anchors) else "cpu"
        points, values = as_points(anchors, "anchors"), as_float64(heights, "heights")
        if values.shape != (len(points),) or not np.isfinite(values).all():
            raise InvalidInputError(
                f"heights must be {len(points)} finite numbers, one for each anchor, got shape "
                f"{values.shape} with {int((~np.isfinite(values)).sum())} that are not finite; to "
                "fix it, give the values of the critic at the anchors"
            )
        self.register_buffer("anchors", torch.tensor(points, device=device))
        self.register_buffer("heights", torch.tensor(values, device=device))
        self.largest = largest

    def forward(self, points: Tensor) -> Tensor:
        """Values at points of shape (n, d): shape (n,); O(n m d) time, in blocks of rows."""
        flat = points.flatten(1).to(self.heights.dtype)
        if flat.shape[1] != self.anchors.shape[1]:
            raise InvalidInputError(
                f"points must have {self.anchors.shape[1]} coordinates like the anchors, got "
                f"{flat.shape[1]}; to fix it, give points of the space that the anchors lie in"
            )
        sign = 1.0 if self.largest else -1.0
        offsets = sign * self.heights
        nearest = nearest_cones(flat.detach(), self.anchors, offsets)
        values = cone_values(flat, self.anchors[nearest], offsets[nearest])
        return (sign * values).to(points.dtype)

    def extra_repr(self) -> str:
        """Sizes, as in the representation of other modules."""
        m, d = self.anchors.shape
        return f"anchors={m}, d={d}, largest={self.largest}"


def nearest_cones(points: Tensor, apexes: Tensor, offsets: Tensor) -> Tensor:
    """Which cone is lowest at each point: argmin_j |x - a_j| + b_j, from direct differences.

    Parameters
    ----------
    points, apexes : torch.Tensor, shapes (n, d) and (m, d)
    offsets : torch.Tensor, shape (m,)

    Returns
    -------
    torch.Tensor, shape (n,)
        Without gradients; O(n m d) time, and memory for some two million distances.
    """
    rows = max(1, BLOCK_PAIRS // len(apexes))
    with torch.no_grad():
        found = [
            (_distances(block, apexes) + offsets).argmin(dim=1) for block in points.split(rows)
        ]
    return torch.cat(found) if found else points.new_zeros(0, dtype=torch.long)


def cone_values(points: Tensor, apexes: Tensor, offsets: Tensor) -> Tensor:
    """|x_i - a_i| + b_i pair by pair, differentiable as often as wanted, 0 at an apex.

    Parameters
    ----------
    points, apexes : torch.Tensor, shapes (n, d)
    offsets : torch.Tensor, shape (n,)
    """
    squared = (points - apexes).square().sum(dim=1)
    # The root is taken of a one where the distance is zero: its gradient there would be NaN.
    at_apex = squared == 0
    root = torch.where(at_apex, torch.ones_like(squared), squared).sqrt()
    return torch.where(at_apex, torch.zeros_like(root), root) + offsets


def _distances(points: Tensor, apexes: Tensor) -> Tensor:
    # Not by products: near an anchor they lose half of the digits, and with them the slope.
    return torch.cdist(points, apexes, compute_mode="donot_use_mm_for_euclid_dist")


class ExactCritic(NamedTuple):
    """The optimal critic of two samples, and the transport that proves it."""

    potential: McShane
    """1-Lipschitz, high on x: its mean over x less its mean over y is W1 of the samples."""
    transport: TransportResult
    """Distance, plan and potentials on the samples."""


@checks_keywords
def exact_critic(x: Any, y: Any, *, side: Side = "auto") -> ExactCritic:
    """The critic that training only approximates: optimal potentials, extended off the sample.

    The linear program finds ``f_i + g_j <= |x_i - y_j|`` with mean f + mean g = W1. The function
    ``u(z) = min_j |z - y_j| - g_j`` is 1-Lipschitz, at least f_i at x_i, at most -g_j at y_j; so
    mean u(x) - mean u(y) is at least W1, and by weak duality no more. The same holds for
    ``max_i f_i - |z - x_i|``, and for no function outside of these two.

    On the sample the two are equally good. Off it they differ by up to twice the distance to the
    anchors: anchors belong where points lie densely.

    Parameters
    ----------
    x, y : array_like or torch.Tensor, shapes (n, d) and (m, d)
        Uniformly weighted.
    side : {"auto", "x", "y"}
        Which points are the anchors; by default those whose cones lose less at points of the same
        cloud that they were not fitted to, found by leaving out each in turn.

    Returns
    -------
    ExactCritic
        The time of `emd`, and O((n² + m²) d) for the choice of a side.

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, or an unknown side.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Theorem 5.10 and Particular Case 5.16;
    McShane (Bulletin of the AMS 1934), Theorem 1.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(50, 2)), rng.normal(size=(60, 2)) + 1
    >>> potential, transport = exact_critic(x, y)
    >>> f_x, f_y = (potential(torch.tensor(z)) for z in (x, y))
    >>> bool(abs(f_x.mean() - f_y.mean() - transport.distance) < 1e-9)
    True
    """
    if side not in ("auto", "x", "y"):
        raise InvalidInputError(
            f"side must be 'auto', 'x' or 'y', got {side!r}; to fix it, name one"
        )
    device = next((z.device for z in (x, y) if is_torch(z)), None)
    mu, nu = as_pair(x, y, None, None)
    transport = solve_measures(mu, nu)
    potential = extended_potential(mu.points, nu.points, transport, side)
    return ExactCritic(potential.to(device) if device else potential, transport)


def extended_potential(
    x: FloatArray, y: FloatArray, transport: TransportResult, side: Side = "auto"
) -> McShane:
    """The critic of `exact_critic` where the transport between the two samples is known already.

    Parameters
    ----------
    x, y : ndarray, shapes (n, d) and (m, d)
    transport : TransportResult
        From x to y.
    side : {"auto", "x", "y"}

    Returns
    -------
    McShane
        On the CPU.

    Examples
    --------
    >>> x, y = np.array([[0.0], [1.0]]), np.array([[3.0], [5.0]])
    >>> from otgan import emd
    >>> f = extended_potential(x, y, emd(x, y))
    >>> float(f(torch.tensor(x)).mean() - f(torch.tensor(y)).mean())
    3.5
    """
    if side == "x" or (side == "auto" and anchors_at_x(x, y, transport)):
        return McShane(x, transport.f, largest=False)
    return McShane(y, -transport.g)
