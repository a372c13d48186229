"""Mixed precision: products of forward passes in half of the bits, all else in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
from torch.amp import GradScaler

from otgan.errors import InvalidInputError

__all__ = ["LossScalers", "autocasting", "refuse_precision"]


def autocasting(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Where forward passes multiply in that precision; nothing for ``"float32"``.

    References
    ----------
    Micikevicius et al., Mixed precision training (ICLR 2018), section 3; PyTorch documentation,
    Automatic Mixed Precision.

    Examples
    --------
    >>> with autocasting("bfloat16", torch.device("cpu")):
    ...     torch.nn.Linear(2, 3)(torch.zeros(1, 2)).dtype
    torch.bfloat16
    """
    if precision == "float32":
        return nullcontext()
    # Without the cache of cast weights, which would keep one cast under no_grad from learning.
    return torch.autocast(device.type, getattr(torch, precision), cache_enabled=False)


class LossScalers(NamedTuple):
    """What scales the losses, so that small gradients are not zero in float16.

    They do nothing in other precisions.

    References
    ----------
    Micikevicius et al., Mixed precision training (ICLR 2018), section 3.2.

    Examples
    --------
    >>> LossScalers.of("bfloat16", torch.device("cpu")).critic.scale(torch.ones(1))
    tensor([1.])
    """

    generator: GradScaler
    critic: GradScaler

    @classmethod
    def of(cls, precision: str, device: torch.device) -> LossScalers:
        """New ones for a run."""
        generator, critic = (
            GradScaler(device.type, enabled=precision == "float16") for _ in range(2)
        )
        return cls(generator, critic)


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
