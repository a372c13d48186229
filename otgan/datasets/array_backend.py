"""The array library and device that points are on, and the precision to compute in there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np

from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, as_points, is_torch

__all__ = ["NUMPY", "Backend", "DeviceConstant", "as_backend_points", "backend_of"]


@dataclass(frozen=True)
class Backend:
    """An array library and a device.

    Attributes
    ----------
    xp : module
        The library's functions under the names of the array API standard.
    device : object
        As the library calls it.
    dtype : object
        What is computed in: float64, except where the device has none.
    """

    xp: Any
    device: Any
    dtype: Any

    def cast(self, array: Any, dtype: Any = None) -> Any:
        """The array in another floating dtype; itself if it has that dtype."""
        if isinstance(dtype, str):
            dtype = getattr(self.xp, dtype, dtype)
        try:
            if dtype is None or self.xp.isdtype(dtype, "real floating"):
                return array if dtype is None else self.xp.astype(array, dtype, copy=False)
        except (TypeError, AttributeError):  # no dtype of this library at all
            pass
        raise InvalidInputError(
            f"dtype must be a real floating dtype of the array library, got {dtype!r}; "
            "to fix it, pass 'float32' or 'float64'"
        )


NUMPY = Backend(numpy_namespace, "cpu", np.dtype(np.float64))


def backend_of(tensor: Any) -> Backend:
    """The library and device of a torch tensor."""
    xp = array_api_compat.array_namespace(tensor)
    # Apple's GPUs have no float64.
    dtype = xp.float32 if tensor.device.type == "mps" else xp.float64
    return Backend(xp, tensor.device, dtype)


class DeviceConstant:
    """A constant array that is copied to each library and device once.

    A copy makes the host wait, which slows training loops, and which a CUDA graph forbids while
    it is captured.
    """

    def __init__(self, array: FloatArray) -> None:
        self._array = array
        self._copies: dict[Backend, Any] = {NUMPY: array}

    def on(self, backend: Backend) -> Any:
        """The constant in that library, on that device."""
        if backend not in self._copies:
            self._copies[backend] = backend.xp.asarray(
                self._array, dtype=backend.dtype, device=backend.device, copy=True
            )
        return self._copies[backend]

    def __reduce__(self) -> tuple[Any, ...]:
        return DeviceConstant, (self._array,)  # the reader may have another device


def as_backend_points(points: Any, d: int) -> tuple[Backend, Any, Any]:
    """The user's points: their backend, the points in working precision, the dtype to return."""
    if is_torch(points):
        backend = backend_of(points)
        if points.ndim != 2 or not points.is_floating_point():
            raise InvalidInputError(
                f"points must be a floating tensor of shape (n, {d}), got {points.dtype} of shape "
                f"{tuple(points.shape)}; to fix it, flatten every point to one row"
            )
        checked, dtype = backend.cast(points, backend.dtype), points.dtype
    else:
        backend, checked = NUMPY, as_points(points, "points")
        given = getattr(points, "dtype", None)
        dtype = given if given is not None and np.dtype(given).kind == "f" else np.float64
    if checked.shape[1] != d:
        raise InvalidInputError(
            f"points must have {d} columns, got {checked.shape[1]}; "
            "to fix it, pass points of the space that the pair is defined on"
        )
    return backend, checked, dtype
