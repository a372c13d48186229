"""Snapshots of a run: arrays to be drawn, read back only if they are as large as they claim."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from otgan.errors import DamagedFileError
from otgan.measures import FloatArray
from otgan.output_files import replacing

__all__ = ["read_snapshot", "write_snapshot"]

ARRAY_NAMES = {"real", "generated", "nearest", "grid_x", "grid_y", "critic"}


def write_snapshot(path: Path, arrays: Mapping[str, FloatArray]) -> None:
    """Write arrays of float64 to one compressed file."""
    rows_first = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    with replacing(path) as file:
        np.savez_compressed(file, **rows_first)  # type: ignore[arg-type]


def read_snapshot(path: Path, limit: int) -> dict[str, FloatArray]:
    """The arrays that `write_snapshot` wrote; no other object is ever built from a file.

    Parameters
    ----------
    path : Path
    limit : int
        Bytes that the arrays may take, which is checked before memory is taken.

    Raises
    ------
    DamagedFileError
        Truncated, altered or something else, or larger than `limit`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
            if not {"real", "generated"} <= entries.keys() <= ARRAY_NAMES:
                raise ValueError("other arrays")
            if sum(entry.file_size for entry in entries.values()) > limit:
                raise ValueError("more than a run writes")
            found = {}
            for name, entry in entries.items():
                with archive.open(entry) as file:
                    found[name] = _array(file, entry.file_size)
        _check_shapes(found)
    except Exception:  # whatever zipfile and NumPy raise for other files
        raise DamagedFileError(
            f"{path} must be a snapshot as a run has written it, got a damaged file or one of "
            "another kind; to fix it, remove it: a report is drawn without it"
        ) from None
    return found


def _array(file: IO[bytes], size: int) -> FloatArray:
    """One array, if its header claims exactly the bytes that there are."""
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError("another version")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype != np.float64 or math.prod(shape) * 8 != size - file.tell() or by_column:
        raise ValueError("another size")
    # Read to the end, where the checksum is compared.
    return np.frombuffer(file.read(), np.float64).reshape(shape).copy()


def _check_shapes(found: Mapping[str, FloatArray]) -> None:
    """Raise unless the arrays fit each other."""
    real, generated = found["real"], found["generated"]
    if real.ndim != 2 or generated.ndim != 2 or real.shape[1] != generated.shape[1]:
        raise ValueError("points of different dimensions")
    if not (real.size and generated.size):
        raise ValueError("no points")
    if "nearest" in found and found["nearest"].shape[1:] != real.shape[1:]:
        raise ValueError("nearest points of another dimension")
    if "critic" in found and found["critic"].shape != (
        found["grid_y"].shape + found["grid_x"].shape
    ):
        raise ValueError("a grid of another shape")
