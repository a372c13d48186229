"""Random numbers from NumPy's generators or torch's. The only module here that knows torch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from otgan.datasets.array_backend import NUMPY, Backend
from otgan.errors import InvalidInputError
from otgan.inputs.options import is_seed

__all__ = ["RandomSource", "as_random_source"]


class RandomSource(Protocol):
    """Independent random numbers in the working precision of an array backend."""

    @property
    def backend(self) -> Backend:
        """The array library and device that they are on."""
        ...

    @property
    def rng(self) -> Any:
        """The generator behind them."""
        ...

    @property
    def dtype(self) -> Any:
        """The dtype of points, unless the caller asks for another."""
        ...

    def uniform(self, *shape: int) -> Any:
        """Uniform on [0, 1)."""
        ...

    def normal(self, *shape: int) -> Any:
        """Standard normal."""
        ...

    def integers(self, high: int, n: int) -> Any:
        """`n` equally likely indices below `high`."""
        ...


class NumpySource:
    """Random numbers of NumPy, on the CPU; points in float64."""

    backend = NUMPY
    dtype = np.float64

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def uniform(self, *shape: int) -> Any:
        """Uniform on [0, 1)."""
        return self.rng.random(shape)

    def normal(self, *shape: int) -> Any:
        """Standard normal."""
        return self.rng.standard_normal(shape)

    def integers(self, high: int, n: int) -> Any:
        """`n` equally likely indices below `high`."""
        return self.rng.integers(high, size=n)


class TorchSource:
    """Random numbers of torch, on its generator's device; points in float32, as for networks."""

    def __init__(self, rng: Any) -> None:
        import array_api_compat.torch as xp
        import torch

        self.rng = rng
        self.dtype = torch.float32
        # Apple's GPUs have no float64.
        working = torch.float32 if rng.device.type == "mps" else torch.float64
        self.backend = Backend(xp, rng.device, working)
        self._torch = torch
        self._options = {"generator": rng, "device": rng.device}

    def uniform(self, *shape: int) -> Any:
        """Uniform on [0, 1)."""
        return self._torch.rand(shape, dtype=self.backend.dtype, **self._options)

    def normal(self, *shape: int) -> Any:
        """Standard normal."""
        return self._torch.randn(shape, dtype=self.backend.dtype, **self._options)

    def integers(self, high: int, n: int) -> Any:
        """`n` equally likely indices below `high`."""
        return self._torch.randint(high, (n,), **self._options)


def as_random_source(rng: Any = None) -> RandomSource:
    """Random numbers from a generator of NumPy or torch, or from a seed of NumPy's."""
    if type(rng).__module__.partition(".")[0] == "torch" and hasattr(rng, "manual_seed"):
        return TorchSource(rng)
    if rng is None or isinstance(rng, np.random.Generator) or is_seed(rng):
        return NumpySource(np.random.default_rng(rng))
    raise InvalidInputError(
        "rng must be a numpy.random.Generator, a torch.Generator, a seed or None, got "
        f"{rng!r}; to fix it, pass numpy.random.default_rng(seed)"
    )
