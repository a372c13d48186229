"""Loaders of a data set by its name, of points from a file or a folder, and of pairs of files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from otgan.datasets.distributions import Distribution, Sample
from otgan.datasets.files.arrow import read_columnar
from otgan.datasets.files.cells import preview
from otgan.datasets.files.columns import choose_columns
from otgan.datasets.files.idx_files import read_idx, read_idx_labels
from otgan.datasets.files.images import read_folder
from otgan.datasets.files.numpy_files import read_npy, read_npz
from otgan.datasets.files.pair_headers import refuse_common_first_row
from otgan.datasets.files.read_options import LIMIT, LoadOptions, ReadOptions, Table
from otgan.datasets.files.safe_open import DECOMPRESSORS, as_input_errors, as_path, open_regular
from otgan.datasets.files.text_tables import read_text
from otgan.datasets.named import DATASETS
from otgan.errors import DamagedFileError, InvalidInputError, nearest_name, warn_user
from otgan.keywords import checks_keywords, checks_keywords_of
from otgan.measures import FloatArray

__all__ = [
    "load",
    "load_idx",
    "load_images",
    "load_labeled_images",
    "load_pair",
    "load_points",
    "load_table",
]

TEXT = {".csv", ".tsv"}
COLUMNAR = {".parquet", ".feather", ".arrow"}
MAGIC = {
    b"\x93NUMPY": (".npy",),
    b"PK\x03\x04": (".npz",),
    b"PAR1": (".parquet",),
    b"ARROW1": (".feather", ".arrow"),
    b"\x1f\x8b": (".gz",),
    b"BZh": (".bz2",),
}
"""The first bytes of files, and the suffixes that such files may have."""


@checks_keywords_of(LoadOptions)
def load(source: str | Path, **options: Unpack[LoadOptions]) -> Distribution:
    """A data set by its name, or the points in a file or folder.

    Parameters
    ----------
    source : str or path
        One of ``ring8``, ``grid25``, ``swissroll``, ``digits``, ``stacked_digits``; a file that
        :func:`load_points` reads; a folder of images.
    **options
        Those of :func:`load_points`.

    Raises
    ------
    InvalidInputError
        No such name or file (the nearest name is offered), or unusable contents.

    Warns
    -----
    InputWarning
        The file could have been read otherwise.

    Examples
    --------
    >>> load("ring8").d
    2
    """
    if isinstance(source, str) and source in DATASETS:
        return DATASETS[source]()
    if isinstance(source, (str, os.PathLike)) and os.path.lexists(source):
        table = load_table(source, **options)
        return Sample(_warn_of_notes(table), image_shape=table.image_shape, names=table.names)
    hint = nearest_name(str(source), DATASETS, otherwise="check the path")
    raise InvalidInputError(
        f"data must be one of {', '.join(DATASETS)}, or an existing file or folder, "
        f"got {str(source)!r}; to fix it, {hint}"
    )


@checks_keywords
def load_points(
    path: str | Path,
    *,
    columns: Sequence[str | int] | None = None,
    header: bool | None = None,
    index: bool | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    name: str | None = None,
    size: int = 32,
    gray: bool = False,
    limit: int = LIMIT,
) -> FloatArray:
    r"""Points from a file with one point a row, or from a folder of images.

    Tables are read as their cells suggest; where these are ambiguous, the call raises and names
    the option that decides. Options that do not apply to a kind of file are ignored.

    Parameters
    ----------
    path : path
        A table (``.csv`` or ``.tsv``, also with ``.gz`` or ``.bz2`` behind), ``.npy``, ``.npz``,
        ``.parquet``, ``.feather``, an IDX file (``...-ubyte``), or a folder of images.
    columns : sequence of str or int, optional
        Columns to read, by names or by positions from 0; by default all.
    header : bool, optional
        Whether the first line names the columns; by default detected.
    index : bool, optional
        Whether the first column names the rows and is left out; by default detected.
    delimiter : str, optional
        Between cells: one character, ``"tab"`` or ``"space"`` (any number of spaces).
    decimal : str, optional
        ``"."`` or ``","``.
    name : str, optional
        Which array of a ``.npz`` file.
    size, gray : int, bool
        Of a folder of images: pixels on a side, and whether to have one channel instead of three.
    limit : int
        Bytes that the contents of a packed file, or an image, may take in memory: two GiB if
        omitted. Contents of up to eight times the size of their file are never refused.

    Returns
    -------
    ndarray, shape (n, d), float64
        Arrays of more than two axes are flattened, one point for each first index.

    Raises
    ------
    InvalidInputError
        Missing, empty or ragged file, cells that are no numbers, NaN, or a file that could be read
        in two ways.
    DamagedFileError
        A file that is truncated, or not of the kind of its name.
    MissingExtraError
        Parquet and Feather need pyarrow, images need Pillow.

    Warns
    -----
    InputWarning
        The file could have been read otherwise.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("2019;2020\n0,5;1,5\n2,5;3,5\n")
    >>> load_points(path, header=True, decimal=",")
    array([[0.5, 1.5],
           [2.5, 3.5]])
    """
    return _warn_of_notes(
        load_table(
            path,
            columns=columns,
            header=header,
            index=index,
            delimiter=delimiter,
            decimal=decimal,
            name=name,
            size=size,
            gray=gray,
            limit=limit,
        )
    )


@checks_keywords_of(LoadOptions)
def load_table(path: str | Path, **options: Unpack[LoadOptions]) -> Table:
    r"""Points with the names of their columns, and with notes on how they were read.

    Parameters
    ----------
    path : path
        As in :func:`load_points`.
    **options
        Those of :func:`load_points`.

    Returns
    -------
    Table
        Its ``notes`` are the warnings of :func:`load_points`.

    Raises
    ------
    InvalidInputError
        As in :func:`load_points`.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "points.csv"
    >>> _ = path.write_text("u,v\n0.5,1.5\n")
    >>> load_table(path)
    Table(n=1, d=2, names=('u', 'v'))
    """
    return _read(path, ReadOptions(**options))  # type: ignore[arg-type] # any sequence of columns


def _read(path: str | Path, options: ReadOptions) -> Table:
    if _is_folder(path):
        folder = as_path(path, folder=True)
        images = read_folder(folder, options.size, options.gray, options.limit)
        return choose_columns(images, options, str(path))
    path = as_path(path)
    kind = _kind(path)
    if kind in TEXT:
        return read_text(path, options)
    if kind == ".npy":
        return read_npy(path, options)
    if kind == ".npz":
        return read_npz(path, options)
    if kind in COLUMNAR:
        return read_columnar(path, options)
    return choose_columns(read_idx(path, options.limit), options, str(path))


@checks_keywords_of(LoadOptions)
def load_pair(a: str | Path, b: str | Path, **options: Unpack[LoadOptions]) -> tuple[Table, Table]:
    r"""Two files whose columns mean the same: those of `b` take the order that they have in `a`.

    Parameters
    ----------
    a, b : path
        As in :func:`load_points`.
    **options
        Those of :func:`load_points`, for both.

    Returns
    -------
    pair of Table
        If one file has no names, or those that a library makes up, positions count.

    Raises
    ------
    InvalidInputError
        As in :func:`load_points`; names that one file has and the other lacks, or has twice; text
        without a header that starts with the same numbers in both, and has no other row in common.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.csv").write_text("u,v\n1,2\n")
    >>> _ = (folder / "b.csv").write_text("v,u\n4,3\n")
    >>> load_pair(folder / "a.csv", folder / "b.csv")[1].points
    array([[3., 4.]])
    """
    first, second = load_table(a, **options), load_table(b, **options)
    unheaded = options.get("header") is None and not (first.names or second.names)
    if unheaded and _is_text(a) and _is_text(b):
        refuse_common_first_row(first.points, second.points, (str(a), str(b)))
    if _are_generated(first.names) or _are_generated(second.names):
        return first, second
    _check_names(first.names, second.names, a, b)
    if first.names == second.names:
        return first, second
    order = [second.names.index(name) for name in first.names]
    note = f"{b}: its columns were put into the order of {a} ({preview(first.names)})"
    points = second.points[:, order]
    return first, replace(second, points=points, names=first.names, notes=(*second.notes, note))


def _is_text(path: str | Path) -> bool:
    return kind_by_name(Path(os.fsdecode(path))) in TEXT


def _are_generated(names: tuple[str, ...]) -> bool:
    """Whether these are no names, or those that libraries give to columns without one."""
    patterns = (("", 0), ("column_", 0), ("column_", 1), ("f", 0), ("V", 1))
    made = [tuple(f"{word}{i + start}" for i in range(len(names))) for word, start in patterns]
    return names in ((), *made)


def _check_names(ours: tuple[str, ...], theirs: tuple[str, ...], a: Any, b: Any) -> None:
    """Raise unless both have the same names, in any order."""
    if sorted(ours) == sorted(theirs) and len(set(ours)) == len(ours):
        return
    twice = [
        f"{name!r} more than once in {file}"
        for file, names in ((a, ours), (b, theirs))
        for name in names
        if names.count(name) > 1
    ]
    if twice:
        raise InvalidInputError(
            "both files must have the same columns, and a name of its own for each, got "
            f"{twice[0]}; to fix it, rename them, or choose one by its position (columns=[0])"
        )
    missing = [name for name in ours if name not in theirs]
    extra = [name for name in theirs if name not in ours]
    missing_in = [
        f"{file} lacks {preview(names)}" for file, names in ((b, missing), (a, extra)) if names
    ]
    both = [name for name in ours if name in theirs]
    hint = "keep the same columns in both, or remove the header lines if they mean the same"
    if both and missing_in:
        hint += f", or choose those that both have (columns={both[:6]})"
    raise InvalidInputError(
        f"both files must have the same columns, got {preview(ours)} in {a}, and {preview(theirs)} "
        f"in {b} ({'; '.join(missing_in)}); to fix it, {hint}"
    )


@checks_keywords
def load_idx(path: str | Path, *, limit: int = LIMIT) -> FloatArray:
    """The images of an IDX file, as MNIST and Fashion-MNIST come, flattened to [0, 1].

    Parameters
    ----------
    path : path
        Plain or gzipped.
    limit : int
        Bytes that packed images may take in memory, as in :func:`load_points`.

    Returns
    -------
    ndarray, shape (n, d), float64
        Bytes are divided by 255; other types are kept as they are.

    Raises
    ------
    InvalidInputError
        Missing file, or one of labels.
    DamagedFileError
        Truncated file, or no IDX header.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database: the IDX file format.
    """
    return read_idx(as_path(path), ReadOptions(limit=limit).limit).points


@checks_keywords
def load_labeled_images(images: str | Path, labels: str | Path, *, limit: int = LIMIT) -> Sample:
    """The images of one IDX file with the labels of another, as MNIST and Fashion-MNIST come.

    Parameters
    ----------
    images, labels : path
        For example ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz``.
    limit : int
        Bytes that packed images may take in memory, as in :func:`load_points`.

    Returns
    -------
    Sample
        With its labels and the shape of its images.

    Raises
    ------
    InvalidInputError
        Missing files, or another number of labels than of images.
    DamagedFileError
        Truncated files, or no IDX header.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database: the IDX file format.
    """
    limit = ReadOptions(limit=limit).limit
    table, classes = read_idx(as_path(images), limit), read_idx_labels(as_path(labels), limit)
    if len(classes) != len(table.points):
        raise InvalidInputError(
            f"{labels} must hold a label for each of the {len(table.points):,} images in {images}, "
            f"got {len(classes):,}; to fix it, pass two files that belong together"
        )
    return Sample(table.points, classes, table.image_shape)


@checks_keywords
def load_images(
    folder: str | Path, *, size: int = 32, gray: bool = False, limit: int = LIMIT
) -> FloatArray:
    """All images of a folder, cut square, resized and flattened to values in [0, 1].

    Parameters
    ----------
    folder : path
        PNG, JPEG, BMP, GIF or WebP files, rotated by their EXIF tags; transparent parts become
        white.
        Gray images may have 16 bits.
    size : int
        Pixels on a side.
    gray : bool
        One channel instead of three.
    limit : int
        Bytes that a image may take while it is read, 16 for each of its pixels.

    Returns
    -------
    ndarray, shape (n, channels * size * size), float64
        Channel by channel, as PyTorch orders images.

    Raises
    ------
    InvalidInputError
        No folder, no images in it, one that cannot be read or is of another kind (TIFF, 16 bits
        of color, animations, CMYK).
    MissingExtraError
        Pillow (which comes with matplotlib) is not installed.

    Warns
    -----
    InputWarning
        There are folders in the folder, which are not read.
    """
    return _warn_of_notes(read_folder(as_path(folder, folder=True), size, gray, limit))


def _warn_of_notes(table: Table) -> FloatArray:
    for note in table.notes:
        warn_user(note)
    return table.points


def _is_folder(path: Any) -> bool:
    """Whether it is a folder of images; one with the suffix of a file is a mistake."""
    if not isinstance(path, (str, os.PathLike)) or not os.path.isdir(path):
        return False
    return not kind_by_name(Path(os.fsdecode(path)))


def kind_by_name(path: Path) -> str:
    """The kind of file by its name; empty if unknown."""
    inner = path.with_suffix("") if path.suffix.lower() in DECOMPRESSORS else path
    suffix = inner.suffix.lower()
    if suffix in TEXT or (inner == path and suffix in {".npy", ".npz", *COLUMNAR}):
        return suffix
    if "ubyte" in path.name or suffix == ".idx" or (path.suffix == ".gz" and not suffix):
        return ".idx"
    return ""


def _kind(path: Path) -> str:
    """The kind of a file, by its name and its first bytes."""
    kind = kind_by_name(path)
    if not kind:
        packed = path.suffix.lower() in {*DECOMPRESSORS, ".zip", ".xz", ".zst", ".7z", ".lz4"}
        hint = "unpack it" if packed else "convert it to one of these, or rename it if it is one"
        raise InvalidInputError(
            f"points must be in a .npy or .csv file (or .tsv, .npz, .parquet, .feather, ...-ubyte, "
            f"or a folder of images), got {path}; to fix it, {hint}"
        )
    packed = path.suffix.lower() in DECOMPRESSORS
    allowed = path.suffix.lower() if packed else kind
    with as_input_errors(path, "a file of points"), open_regular(path) as file:
        start = file.read(8)
    for magic, suffixes in MAGIC.items():
        name = allowed in TEXT and magic.isalnum()  # a column may be called PAR1
        if start.startswith(magic) and allowed not in suffixes and not name:
            raise DamagedFileError(
                f"{path} must be what its name says, got a file that starts as {suffixes[0]} files "
                f"do; to fix it, rename it to end in {suffixes[0]} if it is one"
            )
    return kind
