"""IDX files, the format of MNIST and Fashion-MNIST."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from otgan.datasets.files.read_options import Table
from otgan.datasets.files.safe_open import (
    DECOMPRESSORS,
    as_input_errors,
    check_memory,
    format_bytes,
    largest_size,
    open_decompressed,
    refuse_size,
)
from otgan.errors import DamagedFileError, InvalidInputError
from otgan.measures import IntArray, as_points

__all__ = ["read_idx", "read_idx_labels"]

DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
KIND = "a complete IDX file"


def read_idx(path: Path, limit: int) -> Table:
    """The images of an IDX file, flattened; bytes are divided by 255."""
    array = _read_array(path, limit)
    if array.ndim < 2:
        raise InvalidInputError(
            f"{path} must hold images, got an IDX file of shape {array.shape}, which holds labels; "
            "to fix it, name the file of the images"
        )
    points = array.reshape(len(array), -1).astype(np.float64)
    points = as_points(points / 255.0 if array.dtype == np.uint8 else points, str(path))
    image_shape = (1, *array.shape[1:]) if array.ndim == 3 else None
    return Table(points, shape=array.shape, image_shape=image_shape)


def read_idx_labels(path: Path, limit: int) -> IntArray:
    """The labels of an IDX file."""
    array = _read_array(path, limit)
    if array.ndim != 1 or array.dtype.kind == "f":
        raise InvalidInputError(
            f"{path} must hold labels, got an IDX file of shape {array.shape} and dtype "
            f"{array.dtype}; to fix it, name the file of the labels"
        )
    return array.astype(np.int64)


def _read_array(path: Path, limit: int) -> np.ndarray:
    """What an IDX file holds, in its own dtype."""
    packed = path.suffix.lower() in DECOMPRESSORS
    with as_input_errors(path, KIND), open_decompressed(path, limit) as file:
        start = file.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in DTYPES:
            _refuse(path, f"a file that starts with {start.hex(' ')!r}")
        axes = file.read(4 * start[3])
        if len(axes) < 4 * start[3]:
            _refuse(path, "a file that ends within its header")
        shape = tuple(int(length) for length in np.frombuffer(axes, ">u4"))
        dtype = np.dtype(DTYPES[start[2]])
        claimed = math.prod(shape) * dtype.itemsize
        if not shape or not claimed:
            raise InvalidInputError(
                f"{path} must hold images or labels, got an IDX file of shape {shape}, which holds "
                "nothing; to fix it, name another file"
            )
        if packed and math.prod(shape) * 8 > largest_size(path, limit):
            refuse_size(path, math.prod(shape) * 8, limit)
        if not packed and path.stat().st_size - 4 - len(axes) != claimed:
            _refuse(
                path,
                f"{format_bytes(path.stat().st_size)} where its header claims "
                f"{format_bytes(claimed)} of data, of shape {shape}",
            )
        check_memory(path, math.prod(shape))
        raw = file.read(claimed + 1)
    if len(raw) != claimed:
        _refuse(path, f"{'more' if len(raw) > claimed else 'less'} data than its header claims")
    return np.frombuffer(raw, dtype).reshape(shape)


def _refuse(path: Path, found: str) -> None:
    raise DamagedFileError(f"{path} must be {KIND}, got {found}; to fix it, fetch it again")
