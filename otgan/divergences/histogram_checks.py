"""Checks of histograms: masses, sums, shapes and axes, for NumPy and torch alike."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import array_api_compat.numpy as numpy_namespace
import numpy as np

from otgan.errors import InvalidInputError, UnequalMassError
from otgan.inputs.conversion import refuse_layout
from otgan.measures import MASS_RTOL, as_float64, is_torch, stacked, to_numpy
from otgan.torch_modes import is_recorded

__all__ = [
    "as_axis",
    "as_one_library",
    "check_masses",
    "common_shape",
    "is_floating",
    "overflow_allowed",
    "unlike_shapes",
]

_HUGE = 1e307  # totals below this keep p + q finite in every bin


def overflow_allowed(xp: Any) -> Any:
    """What may become infinite does so without a warning; torch never warns."""
    return np.errstate(over="ignore") if xp is numpy_namespace else nullcontext()


def check_masses(xp: Any, p: Any, q: Any, axis: int, normalize: bool) -> None:
    """Raise unless both arrays hold masses, with equal sums along `axis` if not to `normalize`."""
    for array, name in ((p, "p"), (q, "q")):
        if not xp.all(xp.isfinite(array) & (array >= 0)):
            _refuse_masses(to_numpy(array), name)
    with overflow_allowed(xp):
        mass_p = xp.sum(p, axis=axis, keepdims=True)
        mass_q = xp.sum(q, axis=axis, keepdims=True)
    if not xp.all((mass_p > 0) & (mass_q > 0) & (mass_p < _HUGE) & (mass_q < _HUGE)):
        _refuse_totals(to_numpy(mass_p), to_numpy(mass_q), axis)
    unequal = xp.abs(mass_p - mass_q) > MASS_RTOL * xp.where(mass_p > mass_q, mass_p, mass_q)
    if not normalize and xp.any(unequal):
        _refuse_unequal(to_numpy(mass_p), to_numpy(mass_q), axis)


def as_one_library(p: Any, q: Any) -> tuple[Any, Any, Any]:
    """The array namespace, and `p` and `q` as its real arrays on one device."""
    p, q = stacked(p, "p"), stacked(q, "q")
    tensors = [value for value in (p, q) if is_torch(value)]
    devices = [str(tensor.device) for tensor in tensors]
    if len(set(devices)) > 1:
        raise InvalidInputError(
            f"p and q must be on the same device, got {devices[0]} and {devices[1]}; "
            "to fix it, move one with .to(...)"
        )
    xp = _of_torch() if tensors else numpy_namespace
    device = tensors[0].device if tensors else None
    return xp, _as_real(xp, p, "p", device), _as_real(xp, q, "q", device)


def _of_torch() -> Any:
    import array_api_compat.torch  # loads torch, which is there where tensors are

    return array_api_compat.torch


def _as_real(xp: Any, values: Any, name: str, device: Any) -> Any:
    if not is_torch(values):
        checked = as_float64(values, name)  # a fresh copy: torch refuses read-only, reversed ones
        dtype = np.asarray(values).dtype
        return xp.asarray(checked.astype(dtype) if dtype.kind == "f" else checked, device=device)
    if is_recorded(values):
        if not is_floating(xp, values) and not xp.isdtype(values.dtype, ("integral", "bool")):
            raise InvalidInputError(
                f"{name} must be an array of real numbers, got a tensor of {values.dtype}; to fix "
                "it, pass real and imaginary parts as two histograms"
            )
        return values
    refuse_layout(values, name)
    if not is_floating(xp, values):
        as_float64(values, name)  # refuses complex numbers, and whole ones that float64 would round
    return values


def is_floating(xp: Any, array: Any) -> bool:
    """Whether an array holds floating-point numbers."""
    return bool(xp.isdtype(array.dtype, "real floating"))


def common_shape(
    shape_p: tuple[int, ...], shape_q: tuple[int, ...], axis: Any
) -> tuple[tuple[int, ...], int]:
    """The broadcast shape and the non-negative axis, which must hold at least one bin."""
    try:
        shape = np.broadcast_shapes(shape_p, shape_q)
    except ValueError:
        raise unlike_shapes(shape_p, shape_q) from None
    axis = as_axis(axis, shape)
    if shape[axis] == 0:
        raise InvalidInputError(
            f"p and q must have at least one bin along axis {axis}, got shape {shape}; "
            "to fix it, check that the data were loaded"
        )
    return shape, axis


def unlike_shapes(shape_p: tuple[int, ...], shape_q: tuple[int, ...]) -> InvalidInputError:
    """What to raise where shapes do not broadcast."""
    return InvalidInputError(
        f"p and q must have shapes that broadcast, got {shape_p} and {shape_q}; "
        "to fix it, give both the same bins"
    )


def as_axis(axis: Any, shape: tuple[int, ...]) -> int:
    """The axis of the bins, not negative."""
    ndim = len(shape)
    if not isinstance(axis, (int, np.integer)) or axis not in range(-ndim, ndim):
        raise InvalidInputError(
            f"axis must be one of the {ndim} axes of the shape {tuple(shape)}, got {axis!r}; "
            "to fix it, pass the number of the axis along which the bins lie"
        )
    return int(axis) % ndim


def _refuse_masses(array: Any, name: str) -> None:
    bad, rule, action = ~np.isfinite(array), "finite", "drop or fill"
    if not bad.any():
        bad, rule, action = array < 0, "non-negative", "remove or clip"
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    raise InvalidInputError(
        f"{name} must be {rule}, got {array[first]:.6g} at index {first} "
        f"({int(bad.sum())} such entries); to fix it, {action} these entries"
    )


def _refuse_totals(mass_p: Any, mass_q: Any, axis: int) -> None:
    smaller, larger = np.minimum(mass_p, mass_q), np.maximum(mass_p, mass_q)
    at, slice_name = _first_slice((smaller == 0) | (larger >= _HUGE), axis)
    raise InvalidInputError(
        f"p and q must have sums above 0 and below {_HUGE}, got {mass_p[at]:.6g} and "
        f"{mass_q[at]:.6g}{slice_name}; to fix it, remove empty histograms and scale down huge ones"
    )


def _refuse_unequal(mass_p: Any, mass_q: Any, axis: int) -> None:
    off = np.abs(mass_p - mass_q) / np.maximum(mass_p, mass_q)
    at, slice_name = _first_slice(off == off.max(), axis)
    raise UnequalMassError(
        f"p and q must have equal sums, got {mass_p[at]:.10g} and {mass_q[at]:.10g}{slice_name} "
        f"(apart by {abs(mass_p[at] - mass_q[at]):.3g}, a relative {off[at]:.3g}); to fix it, "
        "pass normalize=True, which divides each by its own sum, if they stand for probabilities"
    )


def _first_slice(bad: Any, axis: int) -> tuple[tuple[int, ...], str]:
    """Where `bad` first holds, and the words that say so if there is more than one histogram."""
    at = tuple(int(i) for i in np.argwhere(bad)[0])
    others = at[:axis] + at[axis + 1 :]
    return at, f" in the histogram at index {others}" if others else ""
