"""What users bring as tensors: shapes, devices, dtypes, and whether somebody wants derivatives."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from otgan.errors import InvalidInputError
from otgan.inputs.conversion import refuse_layout
from otgan.measures import as_float64, beyond_dtype, is_torch
from otgan.torch_modes import is_recorded

__all__ = ["as_columns", "as_tensor", "common_dtype", "entries", "fixed", "in_dtype", "may_vary"]


def may_vary(tensor: Tensor) -> bool:
    """Whether somebody may want its derivatives, in whatever way torch takes them."""
    if not tensor.dtype.is_floating_point:
        return False
    if tensor.requires_grad or is_recorded(tensor):
        return True
    return forward_ad.unpack_dual(tensor).tangent is not None


def fixed(value: Tensor | None) -> Tensor | None:
    """The numbers alone, without derivatives."""
    return None if value is None else value.detach()


def entries(values: Tensor, index: Tensor) -> Tensor:
    """The entries of values (N,) or (B, N) at an index (k,) or (B, k)."""
    if index.ndim > values.ndim:
        values = values.expand(index.shape[0], -1)
    return torch.take_along_dim(values, index, -1)


def as_tensor(values: Any, like: Tensor, name: str) -> Tensor:
    """Anything as a tensor on the device of another one, its own dtype and derivatives kept."""
    if not is_torch(values):  # torch takes no reversed, read-only or byte-swapped array
        return torch.from_numpy(as_float64(values, name)).to(like.device)
    if not is_recorded(values):
        refuse_layout(values, name)
    return values.to(like.device)


def as_columns(points: Tensor, name: str, images: bool) -> Tensor:
    """Points of shape (n, d) or (B, n, d); images (n, c, h, w), where these may be, as rows."""
    if points.ndim == 4 and images:
        return points.flatten(1)
    if points.ndim == 0 or points.ndim > 3:
        raise InvalidInputError(
            f"{name} must have shape (n, d), (n,) or (n, c, h, w), or (B, n, d) for a stack of "
            f"clouds, got {tuple(points.shape)}; to fix it, flatten every point to one row"
        )
    return points[:, None] if points.ndim == 1 else points


def common_dtype(*values: Any) -> torch.dtype | None:
    """To what torch promotes those that are tensors of floats; None if none is."""
    kinds = [v.dtype for v in values if is_torch(v) and v.dtype.is_floating_point]
    try:
        return reduce(torch.promote_types, kinds) if kinds else None
    except RuntimeError:  # of eight bits
        raise InvalidInputError(
            f"tensors must have dtypes that torch promotes, got {kinds[0]} and {kinds[1]}; to fix "
            "it, convert one of them"
        ) from None


def in_dtype(distances: Tensor, dtype: torch.dtype) -> Tensor:
    """The distances in the dtype of the points, or an error where they do not fit."""
    if dtype != torch.float64 and not is_recorded(distances):
        largest = float(distances.detach().max())
        if largest > torch.finfo(dtype).max:
            raise beyond_dtype(largest, str(dtype), ".float()")
    return distances.to(dtype)
