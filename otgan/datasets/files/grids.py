"""Masses on the cells of a grid: arrays, tables whose rows are rows of the grid, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Unpack

from otgan.datasets.files.images import SUFFIXES, read_gray_image
from otgan.datasets.files.load import kind_by_name, load_table
from otgan.datasets.files.read_options import LoadOptions, ReadOptions
from otgan.datasets.files.safe_open import as_path
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray

__all__ = ["GridFile", "load_grid"]


class GridFile(NamedTuple):
    """Masses of all cells, in the shape of the grid, and notes on how the file was read."""

    masses: FloatArray
    notes: tuple[str, ...]


def load_grid(path: str | Path, **options: Unpack[LoadOptions]) -> GridFile:
    """The masses of a file.

    Parameters
    ----------
    path : path
        A picture, whose levels of gray are masses, none where it is black; an array in a ``.npy``
        or ``.npz`` file; or a table, one of whose columns alone is a histogram.
    **options
        Those of :func:`otgan.datasets.load_points`.

    Raises
    ------
    InvalidInputError
        As for all loaders; a folder.
    """
    checked = as_path(path)
    if checked.suffix.lower() in SUFFIXES:
        limit = ReadOptions(**options).limit  # type: ignore[arg-type] # any sequence of columns
        return GridFile(read_gray_image(checked, limit), ())
    if checked.suffix and not kind_by_name(checked):
        raise InvalidInputError(
            f"masses of a grid must be in a picture ({', '.join(sorted(SUFFIXES))}), in a .npy or "
            ".npz array, or in a table (.csv, .tsv, .parquet, .feather), got "
            f"{checked}; to fix it, save a picture as PNG, which holds 8 or 16 bits of gray, and "
            "numbers of more digits by numpy.save"
        )
    table = load_table(checked, **options)
    if len(table.shape) > 2 or len(table.shape) == 1:
        return GridFile(table.points.reshape(table.shape), table.notes)
    points = table.points
    return GridFile(points[:, 0] if points.shape[1] == 1 else points, table.notes)
