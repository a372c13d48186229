"""Loaders: a data set by its name, or the user's own files."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from otgan.datasets.laws import DATASETS, Law, Sample
from otgan.errors import InvalidInputError, nearest_name, require
from otgan.measures import FloatArray, as_points

__all__ = ["column_names", "common_columns", "load", "load_idx", "load_images", "load_points"]

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
IDX_DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def load(source: str | Path) -> Law:
    """A data set by its name, or the points in a file or folder.

    Parameters
    ----------
    source : str or path
        One of ``ring8``, ``grid25``, ``swissroll``, ``digits``; a ``.npy`` or ``.csv`` file of
        points; an IDX file (``...-ubyte``, also gzipped); a folder of images.

    Raises
    ------
    InvalidInputError
        No such name or file (the nearest name is offered), or unusable contents.

    Examples
    --------
    >>> load("ring8").d
    2
    """
    if str(source) in DATASETS:
        return DATASETS[str(source)]()
    path = Path(source)
    if path.is_dir():
        return Sample(load_images(path))
    if path.is_file():
        return Sample(load_idx(path) if _is_idx(path) else load_points(path))
    mend = nearest_name(str(source), DATASETS, otherwise="check the path")
    raise InvalidInputError(
        f"data must be one of {', '.join(DATASETS)}, or an existing file or folder, "
        f"got {str(source)!r}; to fix it, {mend}"
    )


def load_points(path: str | Path) -> FloatArray:
    """Points from a ``.npy`` file, or from a ``.csv`` file with one point a row.

    Parameters
    ----------
    path : path
        A CSV file may have one header line; cells are separated by commas.

    Returns
    -------
    ndarray, shape (n, d), float64
        Arrays of more than two axes are flattened, one point for each first index.

    Raises
    ------
    InvalidInputError
        Missing, empty or ragged file, cells that are no numbers, NaN.
    """
    path = _existing(path)
    if path.suffix == ".npy":
        try:
            array = np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError):
            raise InvalidInputError(
                f"{path} must be a NumPy file of numbers, got something else; to fix it, write it "
                "with numpy.save from an array of numbers"
            ) from None
        return as_points(array.reshape(len(array), -1) if array.ndim > 2 else array, str(path))
    if path.suffix == ".csv":
        return as_points(_read_csv(path), str(path))
    raise InvalidInputError(
        f"points must be in a .npy or .csv file, got {path}; to fix it, convert it to one of these"
    )


def column_names(path: str | Path) -> tuple[str, ...]:
    """Names in the header line of a ``.csv`` file; none without one, or in other files.

    Raises
    ------
    InvalidInputError
        Missing file, or one that is no text.
    """
    path = _existing(path)
    if path.suffix != ".csv":
        return ()
    _, first = next(_csv_rows(path), (0, []))
    return tuple(cell.strip() for cell in first) if _is_header(first) else ()


def common_columns(a: str | Path, b: str | Path) -> tuple[str, ...]:
    """Names of the columns of two files, from the header lines that there are.

    Raises
    ------
    InvalidInputError
        Two header lines that differ, be it in the order of their names alone.
    """
    names_a, names_b = column_names(a), column_names(b)
    if names_a and names_b and names_a != names_b:
        mend = "keep the same columns in both, or remove the header lines if they mean the same"
        if sorted(names_a) == sorted(names_b):
            mend = "put the columns of one file into the order of the other"
        raise InvalidInputError(
            f"both files must have the same columns in the same order, got {', '.join(names_a)} in "
            f"{a}, and {', '.join(names_b)} in {b}; to fix it, {mend}"
        )
    return names_a or names_b


def load_idx(path: str | Path) -> FloatArray:
    """The images of an IDX file, as MNIST and Fashion-MNIST come, flattened to [0, 1].

    Parameters
    ----------
    path : path
        Plain or gzipped.

    Returns
    -------
    ndarray, shape (n, d), float64
        Bytes are divided by 255; other types are kept as they are.

    Raises
    ------
    InvalidInputError
        Missing or truncated file, or no IDX header.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database: the IDX file format.
    """
    path = _existing(path)
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            raw = file.read()
        if raw[:2] != b"\0\0" or raw[2] not in IDX_DTYPES:
            raise ValueError(f"a file that starts with {raw[:4].hex(' ')!r}")
        shape = np.frombuffer(raw, ">u4", raw[3], offset=4).astype(int)
        values = np.frombuffer(raw, IDX_DTYPES[raw[2]], int(shape.prod()), offset=4 + 4 * raw[3])
    except (ValueError, IndexError, OSError, EOFError) as reason:
        raise InvalidInputError(
            f"{path} must be a complete IDX file, got {reason}; to fix it, fetch it again"
        ) from None
    points = values.reshape(shape[0], -1).astype(np.float64)
    return as_points(points / 255.0 if raw[2] == 8 else points, str(path))


def load_images(folder: str | Path, *, size: int = 32, grey: bool = False) -> FloatArray:
    """All pictures of a folder, cut square, resized and flattened to values in [0, 1].

    Parameters
    ----------
    folder : path
        PNG, JPEG, BMP, GIF or WebP files; transparent parts become white.
    size : int
        Pixels on a side.
    grey : bool
        One channel instead of three.

    Returns
    -------
    ndarray, shape (n, size * size * channels), float64

    Raises
    ------
    InvalidInputError
        No folder, no pictures in it, or one that cannot be read.
    MissingExtraError
        Pillow (which comes with matplotlib) is not installed.
    """
    require("PIL", extra="plot", purpose="reading pictures")
    folder = _existing(folder)
    files = sorted(f for f in folder.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise InvalidInputError(
            f"{folder} must hold pictures ({', '.join(sorted(IMAGE_SUFFIXES))}), got none; "
            "to fix it, name the folder that holds them"
        )
    return as_points([_read_image(file, size, grey).ravel() for file in files], str(folder))


def _read_image(file: Path, size: int, grey: bool) -> npt.NDArray[np.float64]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(file) as opened:
            picture = opened.convert("RGBA")
    except (UnidentifiedImageError, OSError) as reason:
        raise InvalidInputError(
            f"{file} must be a readable picture, got {reason}; to fix it, remove or replace it"
        ) from None
    white = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(white, picture).convert("L" if grey else "RGB")
    return np.asarray(ImageOps.fit(flat, (size, size)), dtype=np.float64) / 255.0


def _csv_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with the numbers of their lines."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield from ((i, row) for i, row in enumerate(csv.reader(file), start=1) if any(row))
    except (UnicodeDecodeError, csv.Error) as reason:
        raise InvalidInputError(
            f"{path} must be a text file of comma-separated numbers, got {reason}; to fix it, "
            "export it as CSV"
        ) from None


def _is_header(row: list[str]) -> bool:
    return bool(row) and not any(_is_number(cell) for cell in row)


def _read_csv(path: Path) -> list[list[float]]:
    rows = list(_csv_rows(path))
    if rows and _is_header(rows[0][1]):
        rows = rows[1:]
    if not rows:
        raise InvalidInputError(
            f"{path} must hold at least one row of numbers, got an empty file; to fix it, check "
            "that it was written"
        )
    columns = len(rows[0][1])
    for line, row in rows:
        if len(row) != columns:
            raise InvalidInputError(
                f"{path} must have {columns} columns in every row, got {len(row)} in line {line}; "
                "to fix it, fill or remove that line"
            )
        for cell in row:
            if not _is_number(cell):
                mend = "separate cells by commas" if ";" in cell else "remove that column or line"
                raise InvalidInputError(
                    f"{path} must hold numbers only, got {cell!r} in line {line}; to fix it, {mend}"
                )
    return [[float(cell) for cell in row] for _, row in rows]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _is_idx(path: Path) -> bool:
    return "ubyte" in path.name or path.suffix in {".gz", ".idx"}


def _existing(path: Any) -> Path:
    path = Path(path)
    if not path.exists():
        raise InvalidInputError(
            f"the file or folder must exist, got {str(path)!r}; to fix it, check the path"
        )
    return path
