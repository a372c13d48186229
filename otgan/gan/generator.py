"""A generator as it is handed out: its points in the units of the data."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from otgan.critics.forward import evaluating
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.latents import draw_latents
from otgan.gan.random_streams import RandomStreams
from otgan.gan.units import Units
from otgan.inputs.options import as_count, as_seed
from otgan.measures import FloatArray

__all__ = ["Generator", "generated_points"]

BATCH = 1024
"""Points that go through the network at once."""


LARGEST_ROUNDING = 1e-3
"""Of points in single precision, in units of the scale of the data."""

RANGE = (1e-30, 1e30)
"""Of scales and centers in single precision."""


class Generator(nn.Module):
    """Latents to points in the units of the data: ``center + scale * network(latents)``.

    Points have the dtype of the network, or float64 where single precision would round them by more
    than a thousandth of the scale of the data, as far from the origin, or does not hold them.

    Parameters
    ----------
    network : torch.nn.Module
        Trained to give points as networks see them.
    units : Units
        Those of the data.
    """

    center: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, units: Units) -> None:
        super().__init__()
        self.network, self.units = network, units
        like = next(network.parameters())
        dtype = _dtype_of_points(units, like.dtype)
        for name, value in (("center", units.center.reshape(units.shape)), ("scale", units.scale)):
            self.register_buffer(name, torch.as_tensor(value, dtype=dtype, device=like.device))

    def forward(self, latents: Tensor) -> Tensor:
        """Points of shape (n, d) or (n, c, h, w) for latents of shape (n, latent_dim)."""
        return self.center + self.scale * self.network(latents).to(self.center.dtype)


def _dtype_of_points(units: Units, dtype: torch.dtype) -> torch.dtype:
    """That of the network if it holds points in the units of the data, else float64."""
    largest = float(np.abs(units.center).max()) + units.scale
    rounding = largest / units.scale * torch.finfo(dtype).eps
    fits = rounding <= LARGEST_ROUNDING and RANGE[0] <= units.scale and largest <= RANGE[1]
    return dtype if fits else torch.float64


def generated_points(
    generator: Generator, config: GANConfig, n: int, rng: int | np.random.Generator
) -> FloatArray:
    """New points of a generator, shape (n, d) or (n, c, h, w), in the units of the data.

    Parameters
    ----------
    generator : Generator
    config : GANConfig
        Of its run, resolved for the shape of the data: it says how latents are distributed.
    n : int
    rng : int or numpy.random.Generator
        Which latents; an equal integer gives the same points again, on a CPU to the same bits.

    Raises
    ------
    InvalidInputError
        More points than memory holds.
    """
    n = as_count(n, "n")
    seed = int(rng.integers(2**62)) if isinstance(rng, np.random.Generator) else as_seed(rng)
    cpu, device, streams = torch.device("cpu"), generator.center.device, RandomStreams(config.rng)
    network, units = generator.network, generator.units
    try:
        points = np.empty((n, math.prod(units.shape)))
        latents = draw_latents(n, config, streams.torch(seed, "user", cpu), cpu)
    except (MemoryError, RuntimeError, ValueError):  # of NumPy, of torch, of sizes beyond both
        raise InvalidInputError(
            f"n must be a number of points that memory holds, got {n:,}; to fix it, draw fewer at "
            "a time, with another rng each time"
        ) from None
    # A generator may draw noise of its own.
    with torch.no_grad(), evaluating(network), streams.seeding(seed, "user layers", device):
        for at in range(0, n, BATCH):
            points[at : at + BATCH] = units.restore(network(latents[at : at + BATCH].to(device)))
    return points.reshape(n, *units.shape)
