"""Checks of histograms as an operation of torch, for calls that torch records or transforms.

Under `torch.vmap`, in a recorded trace or in what `torch.compile` makes, no branch may depend on
numbers. An operation may: it runs with numbers whenever the recorded call runs.
"""

from __future__ import annotations

from typing import Any

import array_api_compat.torch
import torch
from torch import Tensor

from otgan.divergences.histogram_checks import as_axis, check_masses, unlike_shapes

__all__ = ["checked"]


def checked(p: Tensor, q: Tensor, axis: int, normalize: bool) -> tuple[Tensor, Tensor, int]:
    """The histograms in one shape; whatever is made of them has been checked, or has raised."""
    try:
        p, q = torch.broadcast_tensors(p, q)
    except RuntimeError:
        raise unlike_shapes(tuple(p.shape), tuple(q.shape)) from None
    axis = as_axis(axis, p.shape)
    one = _passed(p.detach(), q.detach(), axis, normalize)
    return p * one, q * one, axis


@torch.library.custom_op("otgan::passed", mutates_args=())
def _passed(p: Tensor, q: Tensor, axis: int, normalize: bool) -> Tensor:
    """One, or an error."""
    check_masses(array_api_compat.torch, p, q, axis, normalize)
    return p.new_ones(())


@_passed.register_fake
def _shape(p: Tensor, q: Tensor, axis: int, normalize: bool) -> Tensor:
    return p.new_empty(())


@_passed.register_vmap
def _under_vmap(
    info: Any, in_dims: Any, p: Tensor, q: Tensor, axis: int, normalize: bool
) -> tuple[Tensor, None]:
    both = [
        t[None] if at is None else t.movedim(at, 0) for t, at in zip((p, q), in_dims, strict=False)
    ]
    return _passed(*torch.broadcast_tensors(*both), axis + 1, normalize), None
