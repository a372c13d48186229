"""Graphs in files: sparse matrices of lengths as SciPy saves them, or lists of arcs."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Unpack

import numpy as np
from scipy import sparse

from otgan.datasets.files.load import load_table
from otgan.datasets.files.numpy_files import archive_errors
from otgan.datasets.files.read_options import LoadOptions, ReadOptions, Table
from otgan.datasets.files.safe_open import (
    as_input_errors,
    as_path,
    format_bytes,
    largest_size,
    open_regular,
    refuse_size,
)
from otgan.errors import InvalidInputError
from otgan.measures import FloatArray, IntArray

__all__ = ["GraphFiles", "load_graph"]

NODE_BYTES = 64
"""Of memory for each node: its masses, where its arcs begin, its potential and its stock."""

KIND = "a sparse matrix that scipy.sparse.save_npz wrote"


class GraphFiles(NamedTuple):
    """Lengths of arcs (n, n), masses a and b on the n nodes, and notes on how files were read."""

    lengths: sparse.coo_array
    a: FloatArray
    b: FloatArray
    notes: tuple[str, ...]


def load_graph(
    lengths: str | Path,
    a: str | Path,
    b: str | Path,
    *,
    undirected: bool = False,
    **options: Unpack[LoadOptions],
) -> GraphFiles:
    """A graph and the masses on its nodes.

    Parameters
    ----------
    lengths : path
        An ``.npz`` file of :func:`scipy.sparse.save_npz`, or a table with a row for each arc: the
        node where it begins, counted from 0, that where it ends, and its length.
    a, b : path
        A mass in each row, node after node; if the rows have an index, it holds their nodes, and
        nodes that it leaves out have no mass.
    undirected : bool
        Whether mass may move along every arc the other way, too.
    **options
        Those of :func:`otgan.datasets.load_points`; `columns` and `index` are for a and b.

    Raises
    ------
    InvalidInputError
        As for all loaders; nodes that are no whole numbers, or beyond those that have masses, or
        so many that arrays of all of them would not fit.
    """
    reading: Any = {k: v for k, v in options.items() if k not in ("columns", "index")}
    n, i, j, data, notes = _arcs(lengths, reading)
    sides = [_masses(load_table(path, **options), path) for path in (a, b)]
    if n is None:
        n = 1 + max(int(nodes.max()) for nodes in (i, j, *(side.nodes for side in sides)))
    _check_count(n, ReadOptions(**reading).limit, lengths)
    of_a, of_b = (side.on_nodes(n) for side in sides)
    if undirected:
        i, j, data = np.concatenate([i, j]), np.concatenate([j, i]), np.concatenate([data, data])
    notes = (*notes, *sides[0].notes, *sides[1].notes)
    return GraphFiles(sparse.coo_array((data, (i, j)), shape=(n, n)), of_a, of_b, notes)


Arcs = tuple[int | None, IntArray, IntArray, FloatArray, tuple[str, ...]]
"""How many nodes there are, if the file says it; both ends and the length of each arc; notes."""


def _arcs(path: str | Path, reading: Any) -> Arcs:
    if str(path).lower().endswith(".npz"):
        matrix = _read_sparse(as_path(path), ReadOptions(**reading).limit)
        i, j = (np.asarray(ends, np.int64) for ends in matrix.coords)
        n, m = matrix.shape
        if n != m:
            raise InvalidInputError(
                f"{path} must hold a square matrix, from every node to every node, got shape "
                f"{(n, m)}; to fix it, save one with a row and a column for each node"
            )
        return n, i, j, matrix.data, ()
    table = _arc_table(path, reading)
    if table.points.shape[1] != 3:
        raise InvalidInputError(
            f"{path} must hold three columns, where an arc begins, where it ends and its length, "
            f"got {table.points.shape[1]}; to fix it, write an arc a row, or save a matrix with "
            "scipy.sparse.save_npz"
        )
    begin, end, data = table.points.T
    return None, _as_nodes(begin, path), _as_nodes(end, path), data.copy(), table.notes


def _arc_table(path: str | Path, reading: Any) -> Table:
    """The rows of a table of arcs; nodes that count from 0 look like an index, and are none."""
    try:
        return load_table(path, **reading)
    except InvalidInputError:
        for index in (False, True):  # one of them alone leaves the three columns of an arc
            with suppress(InvalidInputError):
                table = load_table(path, index=index, **reading)
                if table.points.shape[1] == 3:
                    return table
        raise


def _read_sparse(path: Path, limit: int) -> sparse.coo_array:
    with as_input_errors(path, KIND), archive_errors(path, KIND), open_regular(path) as file:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > largest_size(path, limit):
            refuse_size(path, size, limit)
        file.seek(0)
        matrix = sparse.load_npz(file)  # unpickles nothing
        if hasattr(matrix, "check_format"):
            matrix.check_format(full_check=True)  # no index leads out of the matrix
        return sparse.coo_array(matrix)


def _check_count(n: int, limit: int, path: str | Path) -> None:
    """Refuse nodes whose numbers are keys of some data base: all up to them would take memory."""
    if n * NODE_BYTES > limit:
        raise InvalidInputError(
            f"nodes in {path} must be numbered from 0 without large gaps, got node {n - 1}, for "
            f"which arrays of all nodes take {format_bytes(n * NODE_BYTES)}; to fix it, number the "
            f"nodes anew, or raise limit (--limit), which is {limit}"
        )


class _Masses(NamedTuple):
    """Masses in a file, and their nodes: those of its index, or one after the other."""

    path: str | Path
    nodes: IntArray
    masses: FloatArray
    are_numbered: bool
    notes: tuple[str, ...]

    def on_nodes(self, n: int) -> FloatArray:
        """The masses of all n nodes, zero of those that an index leaves out."""
        if not self.are_numbered and len(self.nodes) != n:
            raise InvalidInputError(
                f"{self.path} must hold a mass for each of the {n} nodes of the graph, got "
                f"{len(self.nodes)}; to fix it, give every node a row, or the rows an index of "
                "nodes (--index)"
            )
        if self.nodes.max() >= n:
            raise InvalidInputError(
                f"{self.path} must hold masses of the {n} nodes of the graph, counted from 0, got "
                f"node {self.nodes.max()}; to fix it, leave that one out"
            )
        count = np.bincount(self.nodes, minlength=n)
        if count.max() > 1:
            raise InvalidInputError(
                f"{self.path} must hold one mass for a node, got {count.max()} for node "
                f"{count.argmax()}; to fix it, add them up"
            )
        on_nodes = np.zeros(n)
        on_nodes[self.nodes] = self.masses
        return on_nodes


def _masses(table: Table, path: str | Path) -> _Masses:
    if table.points.shape[1] != 1:
        raise InvalidInputError(
            f"{path} must hold one mass a row, got {table.points.shape[1]} columns; to fix it, "
            "keep one column (--columns), or say that the first one holds nodes (--index)"
        )
    masses = table.points[:, 0]
    if table.index is None:
        return _Masses(path, np.arange(len(masses)), masses, False, table.notes)
    try:
        labels = np.array([float(label) for label in table.index])
    except ValueError:
        labels = np.full(1, np.nan)
    return _Masses(path, _as_nodes(labels, path), masses, True, table.notes)


def _as_nodes(numbers: FloatArray, path: str | Path) -> IntArray:
    whole = (numbers >= 0) & (numbers == np.floor(numbers)) & (numbers < 2**31)
    if not whole.all():
        raise InvalidInputError(
            f"nodes in {path} must be whole numbers from 0, got {numbers[~whole][0]:g}; to fix it, "
            "number the nodes, in all files alike"
        )
    return numbers.astype(np.int64)
