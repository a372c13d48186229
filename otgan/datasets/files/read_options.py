"""Options of reading a file, and the table that was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, cast

import numpy as np

from otgan.errors import DamagedFileError, InvalidInputError
from otgan.inputs.options import as_count, as_flag
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray

__all__ = ["LoadOptions", "ReadOptions", "Table", "other_columns", "stored_options"]

LIMIT = 2**31
"""Bytes that compressed points may take once decompressed: two GiB."""

DELIMITERS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "pipe": "|",
    "space": " ",
}


class LoadOptions(TypedDict, total=False):
    """The options of all loaders, as :func:`load_points` describes them."""

    columns: Sequence[str | int] | None
    header: bool | None
    index: bool | None
    delimiter: str | None
    decimal: str | None
    name: str | None
    size: int
    gray: bool
    limit: int


@dataclass(frozen=True)
class ReadOptions:
    """Options of reading a file, checked; None means detected from the file.

    Attributes
    ----------
    columns : tuple of str or int, or None
        Names or positions, from 0.
    header, index : bool or None
        Whether the first line names the columns, and whether the first column names the rows.
    delimiter, decimal : str or None
        One character each.
    name : str or None
        Of an array in a ``.npz`` file.
    size, gray : int, bool
        Pixels on a side of an image, and whether it gets one channel instead of three.
    limit : int
        Bytes.
    """

    columns: tuple[str | int, ...] | None = None
    header: bool | None = None
    index: bool | None = None
    delimiter: str | None = None
    decimal: str | None = None
    name: str | None = None
    size: int = 32
    gray: bool = False
    limit: int = LIMIT

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _as_columns(self.columns))
        for name in ("header", "index"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, (bool, np.bool_)):
                raise InvalidInputError(
                    f"{name} must be True, False or None, got {value!r}; to fix it, pass True if "
                    f"the first {'line' if name == 'header' else 'column'} holds names, not points"
                )
        object.__setattr__(self, "delimiter", _as_delimiter(self.delimiter))
        if self.decimal not in (None, ".", ","):
            raise InvalidInputError(
                f"decimal must be '.' or ',', got {self.decimal!r}; to fix it, pass one of these"
            )
        if self.decimal is not None and self.decimal == self.delimiter:
            raise InvalidInputError(
                f"decimal and delimiter must differ, got {self.decimal!r} for both; to fix it, "
                "pass the character between cells as delimiter"
            )
        if self.name is not None and not isinstance(self.name, str):
            raise InvalidInputError(
                f"name must be the name of an array in a .npz file, got {self.name!r}; to fix it, "
                "pass a string"
            )
        as_count(self.size, "size", hint="pass the pixels on a side")
        as_flag(self.gray, "gray", "pass True for one channel instead of three")
        as_count(self.limit, "limit", hint="pass the most bytes that unpacked points may take")


def other_columns(choice: Sequence[str | int]) -> str:
    """What to do where these columns can be read, and others that were chosen cannot.

    Examples
    --------
    >>> other_columns(["u", "v"])
    "choose others, for example columns=['u', 'v'] (--columns u,v)"
    """
    few = choice[:6]
    flag = ",".join(map(str, few))
    return f"choose others, for example columns={few} (--columns {flag})"


def _as_columns(columns: Any) -> tuple[str | int, ...] | None:
    if columns is None:
        return None
    several = isinstance(columns, Iterable) and not isinstance(columns, (str, bytes))
    listed = list(columns) if several else [columns]
    chosen: list[str | int] = []
    for column in listed:
        whole = isinstance(column, (int, np.integer)) and not isinstance(column, bool)
        if not (isinstance(column, str) or (whole and column >= 0)):
            raise InvalidInputError(
                f"columns must be names or positions from 0, got {column!r}; to fix it, pass for "
                "example columns=['u', 'v'] or columns=[0, 1]"
            )
        chosen.append(column if isinstance(column, str) else int(column))
    if not chosen or len(set(chosen)) < len(chosen):
        raise InvalidInputError(
            f"columns must name at least one column, and each once, got {listed}; to fix it, pass "
            "for example columns=['u', 'v'] or columns=[0, 1]"
        )
    return tuple(chosen)


def _as_delimiter(delimiter: Any) -> str | None:
    if delimiter is None:
        return None
    character = DELIMITERS.get(delimiter, delimiter) if isinstance(delimiter, str) else ""
    if len(character) != 1 or character.isalnum() or character in "\"'.+-#\r\n":
        raise InvalidInputError(
            f"delimiter must be one character between cells, got {delimiter!r}; to fix it, pass "
            "',', ';', '|', 'tab' or 'space'"
        )
    return character


def stored_options(stored: Any, where: Path) -> LoadOptions:
    """Options that were stored in a file, checked.

    Raises
    ------
    DamagedFileError
        They are not options.
    """
    if not isinstance(stored, Mapping) or not stored.keys() <= LoadOptions.__annotations__.keys():
        raise DamagedFileError(
            f"{where} must say how its data are read in options of otgan.datasets.load_points, got "
            f"{str(stored)[:80]}; to fix it, start the run anew"
        )
    return cast(LoadOptions, dict(stored))


@checks_keywords
@dataclass(frozen=True, eq=False)
class Table:
    """Points from a file, and how they were read.

    Attributes
    ----------
    points : ndarray, shape (n, d), float64
    names : tuple of str
        Of the d columns; empty if the file names none.
    notes : tuple of str
        How the file was read where it could have been read otherwise, a sentence each.
    shape : tuple of int
        Of the array in the file: longer than two where points are arrays of their own.
    index : tuple of str, or None
        The label of each row, if the file has an index beside the points; the levels of an index
        of several columns stand between commas.
    image_shape : tuple of int, or None
        Channels, height and width, where each point is an image.
    """

    points: FloatArray
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    index: tuple[str, ...] | None = None
    image_shape: tuple[int, int, int] | None = None

    def __repr__(self) -> str:
        n, d = self.points.shape
        return f"Table(n={n}, d={d}, names={self.names})"
