"""Lipschitz functions extended off a sample: the linear program as a critic, and what it proves.

McShane's theorem: heights h_j at anchors a_j with |h_j - h_k| <= |a_j - a_k| are the values of a
1-Lipschitz function on the whole space, and all such functions lie between two of them,

    max_j h_j - |x - a_j|   and   min_j h_j + |x - a_j|.

Both are 1-Lipschitz for any heights, as a maximum or minimum of cones. So the optimal potentials of
a sample, which the linear program knows on the sample only, become a critic of every point.

Source: McShane, Extension of range of functions (Bulletin of the AMS 1934), Theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from otgan.costs import PointCost, row_blocks
from otgan.critics.networks import scores
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_float64, as_pair, as_points, is_torch
from otgan.transport.duality import c_transform
from otgan.transport.exact import emd
from otgan.transport.result import TransportResult

__all__ = [
    "Distilled",
    "ExactCritic",
    "McShane",
    "Sandwich",
    "cone_values",
    "distil",
    "envelope",
    "exact_critic",
    "nearest_cones",
    "sandwich_w1",
]

BLOCK_PAIRS = 2**21
"""How many distances between points and anchors are held at once (16 MiB)."""

Side = Literal["auto", "x", "y"]


class McShane(nn.Module):
    """The largest 1-Lipschitz function below given heights at anchors, or the smallest above.

    ``f(x) = min_j |x - a_j| + h_j``, or with ``largest=False`` ``f(x) = max_j h_j - |x - a_j|``.
    Where the heights are 1-Lipschitz themselves, both take them at the anchors.

    Distances are computed from differences, in the dtype of the buffers (float64 unless moved);
    values come back in the dtype of the points. Gradients are unit vectors, and zero at an anchor
    that is a minimiser.

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
        device = anchors.device if is_torch(anchors) else None
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


def envelope(
    values: Any, anchors: Any, *, side: Literal["auto", "below", "above"] = "auto"
) -> McShane:
    """Any critic's values at anchors, made 1-Lipschitz: the nearest such function on one side.

    Parameters
    ----------
    values : array_like or torch.Tensor, shape (m,)
        Of any function at the anchors.
    anchors : array_like or torch.Tensor, shape (m, d)
    side : {"auto", "below", "above"}
        The largest 1-Lipschitz function below the values, the smallest above them, or the one of
        the two that changes the values at the anchors less, up to a constant: a single value that
        is far too low pulls its whole neighbourhood down, but is itself lifted from above.

    Returns
    -------
    McShane
        Equal to the values at the anchors where these are 1-Lipschitz already.

    References
    ----------
    McShane (Bulletin of the AMS 1934), Theorem 1.

    Examples
    --------
    >>> f = envelope([0.0, 5.0, 2.0], [[0.0], [1.0], [2.0]], side="below")
    >>> f(f.anchors).tolist()
    [0.0, 1.0, 2.0]
    """
    if side != "auto":
        if side not in ("below", "above"):
            raise InvalidInputError(
                f"side must be 'auto', 'below' or 'above', got {side!r}; to fix it, name one"
            )
        return McShane(anchors, values, largest=side == "below")
    both = [McShane(anchors, values, largest=largest) for largest in (True, False)]
    return min(both, key=_changed)


def _changed(extension: McShane) -> float:
    """By how much the extension departs from its heights at the anchors, up to a constant."""
    change = extension(extension.anchors) - extension.heights
    return float((change - change.median()).abs().mean())


class ExactCritic(NamedTuple):
    """The optimal critic of two samples, and the transport that proves it."""

    potential: McShane
    """1-Lipschitz, high on x: its mean over x less its mean over y is W1 of the samples."""
    transport: TransportResult
    """Distance, plan and potentials on the samples."""


def exact_critic(x: Any, y: Any, *, side: Side = "auto") -> ExactCritic:
    """The critic that training only approximates: optimal potentials, extended off the sample.

    The linear program finds f_i + g_j <= |x_i - y_j| with mean f + mean g = W1. The function
    u(z) = min_j |z - y_j| - g_j is 1-Lipschitz, at least f_i at x_i, and at most -g_j at y_j; so
    mean u(x) - mean u(y) is at least W1, and by weak duality no more. The same holds for
    max_i f_i - |z - x_i|, and for no function outside of these two.

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
    transport = emd(mu.points, nu.points)
    at_x = side == "x" or (side == "auto" and _anchors_at_x(mu.points, nu.points, transport))
    potential = (
        McShane(mu.points, transport.f, largest=False) if at_x else McShane(nu.points, -transport.g)
    )
    return ExactCritic(potential.to(device) if device else potential, transport)


def _anchors_at_x(x: FloatArray, y: FloatArray, transport: TransportResult) -> bool:
    """Whether cones at x lose less at points they were not fitted to than cones at y."""
    loss_x = transport.f - -_left_out(x, -transport.f)
    loss_y = _left_out(y, -transport.g) + transport.g
    return bool(loss_x.mean() <= loss_y.mean())


def _left_out(points: FloatArray, heights: FloatArray) -> FloatArray:
    """The least over k != j of |a_j - a_k| + h_k: what the others say of each point."""
    if len(points) == 1:
        return np.full(1, np.inf)
    values = np.empty(len(points))
    for rows, block in row_blocks(PointCost(points, points)):
        reduced = block + heights
        own = np.arange(len(points))[rows]
        reduced[own - own[0], own] = np.inf
        values[rows] = reduced.min(axis=1)
    return values


@dataclass(frozen=True)
class Sandwich:
    """W1 of two laws between two estimates, one biased down and one biased up.

    Attributes
    ----------
    lower, lower_se : float
        Value of extended potentials on points that they were not fitted to, in the mean at most
        W1 of the laws; and its standard error. It may fall below zero by noise.
    upper, upper_se : float
        W1 of the samples, in the mean at least W1 of the laws; and its standard error.
    n, m : int
        Points of x and of y, all together.
    transport : TransportResult
        The exact transport behind `upper`.
    """

    lower: float
    lower_se: float
    upper: float
    upper_se: float
    n: int
    m: int
    transport: TransportResult = field(repr=False)

    @property
    def midpoint(self) -> float:
        """The mean of the two: their biases have opposite signs, and often cancel largely."""
        return (self.lower + self.upper) / 2

    @property
    def relative_width(self) -> float:
        """(upper - lower) / upper, at least zero: small where samples say enough of their laws."""
        return max(0.0, self.upper - self.lower) / self.upper if self.upper > 0 else 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Bounds that hold with this confidence together, by the central limit theorem."""
        quantile = NormalDist().inv_cdf((1.0 + _as_confidence(confidence)) / 2)
        least = max(0.0, self.lower - quantile * self.lower_se)
        return least, self.upper + quantile * self.upper_se


def sandwich_w1(
    x: Any,
    y: Any,
    x_new: Any = None,
    y_new: Any = None,
    *,
    folds: int = 2,
    seed: int = 0,
) -> Sandwich:
    """Bracket W1 of two laws from samples by the linear program alone, without training.

    From above: W1 is convex in the pair of laws, and samples are right in the mean, so
    E W1(samples) >= W1(laws) by Jensen's inequality. The bias falls like n^(-1/d) only.

    From below: for every 1-Lipschitz f, E f(x) - E f(y) <= W1 (Kantorovich duality). Optimal
    potentials of a sample, extended as by `exact_critic`, are such an f, chosen without a look at
    the points where its means are taken: fresh ones, or else the parts of the two samples in turn,
    with the potentials of the other parts.

    The standard errors are those of means with the potentials held fixed:
    ``sqrt(var f(x) / n + var f(y) / m)``. For `upper` this is the limit law's deviation where the
    laws differ. The values of several folds are averaged, and so are their standard errors: the
    deviation of a mean is at most the mean deviation, however dependent its terms are. (Of two
    folds the terms are nearly uncorrelated where the laws differ much, and nearly equal where they
    agree, correlation 0.9.)

    Parameters
    ----------
    x, y : array_like, shapes (n, d) and (m, d)
    x_new, y_new : array_like, shapes (n', d) and (m', d), optional
        Independent points of the same laws; both or neither. Without them x and y are split.
    folds : int
        Parts of the split: more are tighter from below, and take one `emd` each.
    seed : int
        Of the split.

    Returns
    -------
    Sandwich

    Raises
    ------
    InvalidInputError
        Points that `emd` refuses, only one of the fresh samples, too few points to split.

    References
    ----------
    Villani, Optimal Transport: Old and New (2009), Theorem 4.8 (convexity) and Particular Case
    5.16 (duality); McShane (Bulletin of the AMS 1934), Theorem 1; for the limit law, del Barrio,
    González-Sanz and Loubes, Central limit theorems for general transportation costs (2021).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> s = sandwich_w1(rng.normal(size=(200, 2)), rng.normal(size=(200, 2)) + [3, 4])
    >>> s.lower < 5.2 and s.upper > 4.8 and s.relative_width < 0.05
    True
    """
    if (x_new is None) != (y_new is None):
        raise InvalidInputError(
            "x_new and y_new must be given together, got only one of them; to fix it, pass fresh "
            "points of both laws, or of neither to split x and y"
        )
    mu, nu = as_pair(x, y, None, None)
    whole = emd(mu.points, nu.points)
    upper_se = _standard_error(whole.f, whole.g)
    if x_new is not None:
        fresh_x, fresh_y = as_points(x_new, "x_new"), as_points(y_new, "y_new")
        as_pair(fresh_x, mu.points, None, None)
        as_pair(fresh_y, nu.points, None, None)
        parts = [_held_out_value(mu.points, nu.points, whole, fresh_x, fresh_y)]
        n, m = mu.n + len(fresh_x), nu.n + len(fresh_y)
    else:
        splits = _splits(mu.points, nu.points, folds, seed)
        parts = [_held_out_value(u, v, emd(u, v), s, t) for u, v, s, t in splits]
        n, m = mu.n, nu.n
    lower, lower_se = (float(np.mean(column)) for column in zip(*parts, strict=True))
    return Sandwich(lower, lower_se, whole.distance, upper_se, n, m, whole)


def _splits(
    x: FloatArray, y: FloatArray, folds: int, seed: int
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray, FloatArray]]:
    """Points to fit to and points to look at, of x and y, fold by fold."""
    if not 2 <= folds <= min(len(x), len(y)):
        raise InvalidInputError(
            f"folds must lie between 2 and the number of points, got {folds} for {len(x)} and "
            f"{len(y)} points; to fix it, give more points or pass x_new and y_new"
        )
    rng = np.random.default_rng(seed)
    of_x, of_y = (rng.permutation(len(z)) % folds for z in (x, y))
    for fold in range(folds):
        yield x[of_x != fold], y[of_y != fold], x[of_x == fold], y[of_y == fold]


def _held_out_value(
    x: FloatArray, y: FloatArray, transport: TransportResult, x_new: FloatArray, y_new: FloatArray
) -> tuple[float, float]:
    """E f(x) - E f(y) at new points for the potentials of old ones, and its standard error."""
    if _anchors_at_x(x, y, transport):
        values = [-c_transform(PointCost(x, z), transport.f) for z in (x_new, y_new)]
    else:
        values = [c_transform(PointCost(y, z), transport.g) for z in (x_new, y_new)]
    return float(values[0].mean() - values[1].mean()), _standard_error(*values)


def _standard_error(f_x: FloatArray, f_y: FloatArray) -> float:
    return math.sqrt(f_x.var() / len(f_x) + f_y.var() / len(f_y))


def _as_confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InvalidInputError(
            f"confidence must lie between 0 and 1, got {confidence}; to fix it, pass 0.95"
        )
    return confidence


@dataclass(frozen=True)
class Distilled:
    """A network that was taught a potential, and how far it is from it at points kept from it.

    Attributes
    ----------
    network : torch.nn.Module
        The one that was given, trained in place.
    value_error : float
        Root mean square of network - potential, in the units of the points.
    gradient_error : float
        Root mean square length of the difference of their gradients; the potential's have
        length one.
    """

    network: nn.Module = field(repr=False)
    value_error: float
    gradient_error: float


def distil(
    potential: nn.Module,
    points: Any,
    network: nn.Module,
    *,
    arcs: tuple[Any, Any] | None = None,
    steps: int = 2000,
    batch_size: int = 256,
    optimizer: Optimizer | None = None,
    seed: int = 0,
) -> Distilled:
    """Teach a network a potential, by its values and gradients.

    Regression, not a game: the potential that the linear program found on a sample (or any other)
    becomes a smooth function that is cheap to evaluate. It is met at the points, between random
    pairs of them, and along the arcs of a plan, where optimal potentials have slope one.

    Parameters
    ----------
    potential : McShane or any torch.nn.Module
    points : array_like or torch.Tensor, shape (n, d)
        Both samples, one above the other. An eighth is kept for the errors.
    network : torch.nn.Module
        Trained in place.
    arcs : two array_like, shapes (k, d), optional
        Where the arcs of a plan start and end.
    steps, batch_size : int
    optimizer : torch.optim.Optimizer, optional
        Over the parameters of the network; by default Adam, 2e-3. Its step decays to zero.
    seed : int

    Returns
    -------
    Distilled

    References
    ----------
    Czarnecki, Osindero, Jaderberg, Swirszcz and Pascanu, Sobolev training for neural networks
    (NeurIPS 2017).

    Examples
    --------
    >>> from otgan.critics.networks import mlp
    >>> _ = torch.manual_seed(0)
    >>> cone = McShane([[0.0, 0.0]], [0.0])
    >>> cloud = np.random.default_rng(0).normal(size=(512, 2))
    >>> distil(cone, cloud, mlp(2, width=32, depth=2), steps=300).value_error < 0.1
    True
    """
    if steps < 1 or batch_size < 1:
        raise InvalidInputError(
            f"steps and batch_size must be at least 1, got {steps} and {batch_size}; to fix it, "
            "pass more or leave them out"
        )
    like = next(network.parameters())
    rng = torch.Generator(like.device).manual_seed(seed)
    cloud = _tensor_like(points, "points", like)
    cloud = cloud[torch.randperm(len(cloud), generator=rng, device=like.device)]
    kept = max(1, len(cloud) // 8)
    lesson = _Lesson(
        network, potential, cloud[kept:], [_tensor_like(z, "arcs", like) for z in arcs or ()], rng
    )
    optimizer = optimizer or Adam(network.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / steps)
    with torch.no_grad():
        spread = float(scores(potential, cloud).var(correction=0)) or 1.0
    for _ in range(steps):
        value, gradient = lesson.errors(lesson.points(batch_size), create_graph=True)
        loss = value.square().mean() / spread + gradient.square().sum(dim=1).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        schedule.step()
    unseen = torch.cat([cloud[:kept], _between(cloud[:kept], cloud[:kept], kept, rng)])
    value, gradient = lesson.errors(unseen, create_graph=False)
    return Distilled(
        network,
        float(value.detach().square().mean().sqrt()),
        float(gradient.square().sum(dim=1).mean().sqrt()),
    )


@dataclass(frozen=True)
class _Lesson:
    """What a network is taught, and where."""

    network: nn.Module
    potential: nn.Module
    cloud: Tensor
    ends: list[Tensor]
    rng: torch.Generator

    def points(self, count: int) -> Tensor:
        """Points of the cloud, points between two of them, and points on arcs if there are any."""
        third = -(-count // 3)
        parts = [
            _some(self.cloud, third, self.rng),
            _between(self.cloud, self.cloud, third, self.rng),
        ]
        if self.ends:
            parts.append(_between(self.ends[0], self.ends[1], third, self.rng, paired=True))
        return torch.cat(parts)

    def errors(self, points: Tensor, *, create_graph: bool) -> tuple[Tensor, Tensor]:
        """Network less potential at the points: values (n,) and gradients (n, d)."""
        points = points.detach().requires_grad_()
        wanted = scores(self.potential, points)
        (slope,) = torch.autograd.grad(wanted.sum(), points)
        values = scores(self.network, points)
        (gradient,) = torch.autograd.grad(values.sum(), points, create_graph=create_graph)
        return values - wanted.detach(), gradient - slope


def _tensor_like(points: Any, name: str, like: Tensor) -> Tensor:
    return torch.as_tensor(as_points(points, name), dtype=like.dtype, device=like.device)


def _some(points: Tensor, count: int, rng: torch.Generator) -> Tensor:
    return points[torch.randint(len(points), (count,), generator=rng, device=points.device)]


def _between(
    u: Tensor, v: Tensor, count: int, rng: torch.Generator, *, paired: bool = False
) -> Tensor:
    """Points between random pairs, or between the ends of random arcs."""
    i = torch.randint(len(u), (count,), generator=rng, device=u.device)
    j = i if paired else torch.randint(len(v), (count,), generator=rng, device=u.device)
    share = torch.rand(count, 1, generator=rng, device=u.device, dtype=u.dtype)
    return torch.lerp(u[i], v[j], share)
