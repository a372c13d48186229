"""The two distributions as a critic sees them: arrays that are split, or samplers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from otgan.critics.training.options import FitOptions
from otgan.critics.training.standardization import Scale
from otgan.datasets import Distribution, Sample
from otgan.datasets.samplers import as_sampler, holds_points, unwrap_dataset
from otgan.errors import InvalidInputError
from otgan.inputs.labels import align_points
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray, as_points, refuse_other_images, to_numpy

__all__ = ["Distributions", "Source", "as_distributions"]

N_PILOT = 4096
"""Points of each sampler from which center and scale are taken."""

Draw = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class Source:
    """One distribution: points to train on, and points that are not trained on.

    Attributes
    ----------
    d : int
    pilot : ndarray, shape (k, d)
        All points of an array, shuffled, or the first that a sampler gave; in units of the data.
    train, held_out : callable
        ``train(n, rng)`` gives a batch, ``held_out(n, rng)`` at most n points for the estimate, in
        units of the data.
    is_sampler : bool
        Whether every draw is new: a sampler rather than an array.
    on_device : bool
        Whether batches are drawn on the device by the generator alone, so that drawing can be
        captured in a CUDA graph.
    """

    d: int
    pilot: FloatArray
    train: Draw
    held_out: Draw
    is_sampler: bool
    on_device: bool

    def held_out_points(self, n: int, rng: torch.Generator) -> FloatArray:
        """At most `n` points that are not trained on, float64."""
        return self.held_out(n, rng).double().cpu().numpy()


@dataclass(frozen=True)
class Distributions:
    """Both distributions, on one device, at one scale, and in the floating dtype of the critic."""

    x: Source
    y: Source
    scale: Scale
    device: torch.device
    dtype: torch.dtype = torch.float32

    @property
    def d(self) -> int:
        """Dimension of the points."""
        return self.x.d

    @property
    def is_empirical(self) -> bool:
        """Whether both are arrays, so that there are two samples to bound exactly."""
        return not (self.x.is_sampler or self.y.is_sampler)

    @property
    def on_device(self) -> bool:
        """Whether batches are drawn on the device alone."""
        return self.x.on_device and self.y.on_device

    def batches(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Training points of both distributions, standardized, shape (n, d) each."""
        return self.standardize(self.x.train(n, rng)), self.standardize(self.y.train(n, rng))

    def held_out(self, n: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Points of both distributions that are not trained on, standardized; at most `n` each."""
        return self.standardize(self.x.held_out(n, rng)), self.standardize(self.y.held_out(n, rng))

    def generator(self, rng: int) -> torch.Generator:
        """A new generator on the device."""
        return torch.Generator(self.device).manual_seed(rng)

    def standardize(self, points: Tensor) -> Tensor:
        """Points in units of the data as the critic sees them."""
        if points.dtype not in (torch.float32, torch.float64):  # others would round the center
            points = points.double()
        centered = (points - self._center.to(points.dtype)) / self.scale.spread
        return centered.to(self.dtype)

    @cached_property
    def _center(self) -> Tensor:
        # On the device once: steps that copy to it cannot be captured.
        return torch.as_tensor(self.scale.center, device=self.device)


@checks_keywords
def as_distributions(x: Any, y: Any, options: FitOptions, device: torch.device) -> Distributions:
    """Check what was given, split arrays, and find a common scale.

    Raises
    ------
    InvalidInputError
        Points that are no points, distributions of different dimensions, too few points to hold any
        out.
    """
    rng = torch.Generator(device).manual_seed(options.rng)
    x, y = unwrap_dataset(x, "x"), unwrap_dataset(y, "y")
    if holds_points(x) and holds_points(y):
        x, y = align_points(x, y)
        refuse_other_images((x, y))
    # Generators of their own: samplers that draw alike must not draw the same points.
    owns = np.random.default_rng(options.rng).spawn(2)
    sources = [
        _as_source(distribution, name, options, rng, own)
        for distribution, name, own in zip((x, y), ("x", "y"), owns, strict=True)
    ]
    if sources[0].d != sources[1].d:
        raise InvalidInputError(
            f"x and y must have the same number of columns, got {sources[0].d} and "
            f"{sources[1].d}; to fix it, give both distributions the same coordinates"
        )
    return Distributions(sources[0], sources[1], Scale.of_pair(*(s.pilot for s in sources)), device)


def _as_source(
    distribution: Any,
    name: str,
    options: FitOptions,
    rng: torch.Generator,
    own: np.random.Generator,
) -> Source:
    if isinstance(
        distribution, Distribution
    ):  # also a `Sample`, which is resampled: whoever passes one wants that
        pilot = as_points(to_numpy(distribution.sample(N_PILOT, rng)), f"{name}.sample({N_PILOT})")
        return Source(
            distribution.d,
            pilot,
            distribution.sample,
            distribution.sample,
            is_sampler=True,
            on_device=True,
        )
    sampler = as_sampler(distribution, name, own)
    if isinstance(sampler, Sample):
        return _of_array(sampler.points, name, options, rng.device)
    return _of_sampler(sampler, own, rng.device)


def _of_array(points: FloatArray, name: str, options: FitOptions, device: torch.device) -> Source:
    count = max(2, round(options.held_out * len(points)))
    if count >= len(points):
        raise InvalidInputError(
            f"held_out must leave points on both sides, got {options.held_out:.0%} of the "
            f"{len(points)} points of {name}; to fix it, give more points or another fraction"
        )
    shuffled = points[np.random.default_rng(options.rng).permutation(len(points))]
    # In float64: a small spread around a large offset must survive the subtraction of the center.
    whole = torch.as_tensor(shuffled, dtype=torch.float64, device=device)
    held_out, kept = whole[:count], whole[count:]

    def train(n: int, rng: torch.Generator) -> Tensor:
        return kept[torch.randint(len(kept), (n,), generator=rng, device=device)]

    return Source(
        points.shape[1],
        shuffled,
        train,
        lambda n, rng: held_out[:n],
        is_sampler=False,
        on_device=True,
    )


def _of_sampler(sampler: Any, own: np.random.Generator, device: torch.device) -> Source:
    def draw(n: int, rng: torch.Generator) -> Tensor:
        return torch.as_tensor(sampler.sample(n, own), device=device)

    pilot = sampler.sample(N_PILOT, own)
    return Source(sampler.d, pilot, draw, draw, is_sampler=True, on_device=False)
