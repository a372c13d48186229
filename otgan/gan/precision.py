"""Mixed precision: products of forward passes in half of the bits, all else in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.amp import GradScaler

from otgan.errors import InvalidInputError

__all__ = ["FULL_PRECISION", "MixedPrecision", "refuse_precision"]


@dataclass(frozen=True)
class MixedPrecision:
    """What forward passes multiply in, and what keeps small gradients from being zero in float16.

    Attributes
    ----------
    name : {"float32", "bfloat16", "float16"}
    device : torch.device
    generator_scaler, critic_scaler : torch.amp.GradScaler
        They scale the losses in float16, and do nothing in others.

    References
    ----------
    Micikevicius et al., Mixed precision training (ICLR 2018), sections 3.1 and 3.2; PyTorch
    documentation, Automatic Mixed Precision.

    Examples
    --------
    >>> half = MixedPrecision.of("bfloat16", torch.device("cpu"))
    >>> with half.autocast():
    ...     torch.nn.Linear(2, 3)(torch.zeros(1, 2)).dtype
    torch.bfloat16
    """

    name: str
    device: torch.device
    generator_scaler: GradScaler
    critic_scaler: GradScaler

    @classmethod
    def of(cls, name: str, device: torch.device) -> MixedPrecision:
        """A new one for a run."""
        scalers = (GradScaler(device.type, enabled=name == "float16") for _ in range(2))
        return cls(name, device, *scalers)

    def autocast(self) -> AbstractContextManager[Any]:
        """Where forward passes multiply so."""
        if self.name == "float32":
            return nullcontext()
        # Without the cache of cast weights, which would keep one cast under no_grad from learning.
        dtype = getattr(torch, self.name)
        return torch.autocast(self.device.type, dtype, cache_enabled=False)


FULL_PRECISION = MixedPrecision.of("float32", torch.device("cpu"))
"""All in float32, on any device."""


def refuse_precision(precision: str, device: torch.device) -> None:
    """Raise on float16 without a GPU, which multiplies it.

    Raises
    ------
    InvalidInputError

    Examples
    --------
    >>> refuse_precision("bfloat16", torch.device("cpu"))
    """
    if precision == "float16" and device.type != "cuda":
        raise InvalidInputError(
            f"precision 'float16' must come with a CUDA device, got device {device.type!r}; to fix "
            "it, pass precision='bfloat16', which has the range of float32, or 'float32'"
        )
