"""NumPy's own files: ``.npy``, and ``.npz`` with one array or a name. Nothing is unpickled."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from otgan.datasets.files.columns import choose_columns, table_of_columns
from otgan.datasets.files.read_options import ReadOptions, Table
from otgan.datasets.files.safe_open import (
    as_input_errors,
    check_memory,
    format_bytes,
    largest_size,
    open_regular,
    refuse_size,
)
from otgan.errors import DamagedFileError, InvalidInputError, nearest_name
from otgan.measures import as_points

__all__ = ["archive_errors", "read_npy", "read_npz"]

HEADER = 2**17
"""Bytes that hold any header that NumPy reads."""
KIND = "a NumPy file of numbers"


class Header(NamedTuple):
    """What a ``.npy`` file says about its data."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy(path: Path, options: ReadOptions) -> Table:
    """The points of a ``.npy`` file, one for each first index."""
    with as_input_errors(path, KIND), open_regular(path) as file:
        header = _header(file.read(HEADER), str(path))
        _check_size(header, path.stat().st_size - header.offset, str(path))
        array = np.memmap(
            file,
            dtype=header.dtype,
            mode="r",
            offset=header.offset,
            shape=header.shape,
            order="F" if header.fortran else "C",
        )
        return _table(array, options, str(path))


def read_npz(path: Path, options: ReadOptions) -> Table:
    """The points of the one array in a ``.npz`` file, or of the one that is named."""
    with (
        as_input_errors(path, "an archive of NumPy files"),
        archive_errors(path, "an archive of NumPy files"),
        open_regular(path) as file,
        zipfile.ZipFile(file) as archive,
    ):
        info = _member(archive, options, path)
        where = f"{path} ({info.filename})"
        if info.file_size > largest_size(path, options.limit):
            refuse_size(where, info.file_size, options.limit)
        with archive.open(info) as member:
            raw = member.read(HEADER)
            header = _header(raw, where)
            _check_size(header, info.file_size - header.offset, where)
            points = math.prod(header.shape) * 8
            packed = info.compress_type != zipfile.ZIP_STORED
            if packed and points > largest_size(path, options.limit):
                refuse_size(where, points, options.limit)
            raw += member.read()
    _check_size(header, len(raw) - header.offset, where)
    flat = np.frombuffer(raw, header.dtype, math.prod(header.shape), header.offset)
    array = flat.reshape(header.shape, order="F" if header.fortran else "C")
    return _table(array, options, where)


@contextmanager
def archive_errors(path: Path, kind: str) -> Iterator[None]:
    """Turn errors of reading an archive into a :class:`DamagedFileError`."""
    try:
        yield
    except InvalidInputError:
        raise
    except (zipfile.BadZipFile, zlib.error, RuntimeError, KeyError, ValueError) as reason:
        raise DamagedFileError(  # RuntimeError: an archive that is encrypted, or packed otherwise
            f"{path} must be {kind}, got {reason}; to fix it, write it again"
        ) from None


def _member(archive: zipfile.ZipFile, options: ReadOptions, path: Path) -> zipfile.ZipInfo:
    """The array that is meant."""
    found = {
        info.filename.removesuffix(".npy"): info
        for info in archive.infolist()
        if info.filename.endswith(".npy")
    }
    names = ", ".join(sorted(found)[:12]) or "none"
    if options.name is not None:
        if options.name in found:
            return found[options.name]
        raise InvalidInputError(
            f"name must be an array of {path}, got {options.name!r} where there are {names}; to "
            f"fix it, {nearest_name(options.name, found)}"
        )
    if len(found) == 1:
        return next(iter(found.values()))
    hint = "pass name= (--name) to say which holds the points"
    if found.keys() >= {"indptr", "indices", "data", "shape"}:
        hint = "save a sparse matrix as numpy.save(path, matrix.toarray())"
    raise InvalidInputError(
        f"{path} must hold one array of points, got {len(found)} ({names}); to fix it, {hint}"
    )


def _header(raw: bytes, where: str) -> Header:
    """What the first bytes of a ``.npy`` file say, without a byte of its data."""
    stream = io.BytesIO(raw)
    try:
        version = np.lib.format.read_magic(stream)
        first = version == (1, 0)
        reader = np.lib.format.read_array_header_1_0
        shape, fortran, dtype = (reader if first else np.lib.format.read_array_header_2_0)(stream)
        if version[0] > 3 or any(length < 0 for length in shape):
            raise ValueError(f"version {version} and shape {shape}")
    except Exception as why:  # NumPy reads headers by Python's own parser, which fails in many ways
        raise DamagedFileError(
            f"{where} must be {KIND}, got something else ({str(why)[:120]}); to fix it, write it "
            "with numpy.save from an array of numbers"
        ) from None
    if dtype.hasobject:
        raise InvalidInputError(
            f"{where} must be {KIND}, got Python objects, which are never unpickled; to fix it, "
            "write it with numpy.save from array.astype(float)"
        )
    if version == (3, 0) and dtype.names:  # the same header, in another encoding
        dtype.names = tuple(name.encode("latin1").decode("utf8") for name in dtype.names)
    return Header(shape, fortran, dtype, stream.tell())


def _check_size(header: Header, found: int, where: str) -> None:
    if not header.shape or header.size == 0:
        raise InvalidInputError(
            f"{where} must hold at least one point, got an array of shape {header.shape} and dtype "
            f"{header.dtype}; to fix it, save points of shape (n, d)"
        )
    if header.size != found:
        raise DamagedFileError(
            f"{where} must hold the {format_bytes(header.size)} that its header claims (shape "
            f"{header.shape}, dtype {header.dtype}), got {format_bytes(found)}; to fix it, write "
            "or fetch it again, one array a file"
        )
    check_memory(where, math.prod(header.shape))


def _table(array: Any, options: ReadOptions, where: str) -> Table:
    """Points of an array, one for each first index."""
    if array.dtype.names:
        if array.ndim != 1 or any(array.dtype[name].names for name in array.dtype.names):
            raise InvalidInputError(
                f"{where} must hold one record a point, got shape {array.shape} and dtype "
                f"{array.dtype}; to fix it, save its fields as plain columns"
            )
        columns = [array[name] for name in array.dtype.names]
        return table_of_columns(list(array.dtype.names), columns, options, where)
    points, index = as_points(array.reshape(len(array), -1), where), None
    if options.index and options.columns is None:
        options = replace(options, columns=tuple(range(1, points.shape[1])))
        index = tuple(f"{label:.17g}" for label in points[:, 0])
    image_shape = array.shape[1:] if array.ndim == 4 else None
    table = Table(points, shape=array.shape, index=index, image_shape=image_shape)
    return choose_columns(table, options, where)
