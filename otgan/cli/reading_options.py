"""The flags of the command line that say how files are read, the same for every command."""

from __future__ import annotations

import argparse
import csv
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from otgan.cli.terminal import complain
from otgan.errors import InvalidInputError

if TYPE_CHECKING:
    from otgan.datasets import Table
    from otgan.datasets.files.read_options import LoadOptions

__all__ = ["FILES", "add_reading", "load_weights", "reading_of", "report_notes"]

FILES = "file of points, one a row: .csv, .tsv, .npy, .npz, .parquet, .feather, IDX, or pictures"


def add_reading(command: argparse.ArgumentParser, *, resizes: bool = True) -> None:
    """Flags for files that could be read in several ways; those of `otgan.datasets.load_points`.

    Commands that read no pictures, or read them as they are, have none that changes pictures.
    """
    group = command.add_argument_group("how files are read (default: as they show)")
    group.add_argument(
        "--columns", metavar="U,V", help="only these: names, or positions from 0 if there are none"
    )
    yes_or_no = argparse.BooleanOptionalAction
    group.add_argument("--header", action=yes_or_no, help="the first line names the columns")
    group.add_argument("--index", action=yes_or_no, help="the first column names the rows")
    group.add_argument(
        "--delimiter", metavar="X", help="between cells: one character, or tab or space"
    )
    group.add_argument("--decimal", metavar="X", help="the decimal mark: . or ,")
    group.add_argument("--name", help="which array of a .npz file")
    if resizes:
        group.add_argument(
            "--size", type=int, metavar="N", help="of pictures: pixels on a side (32)"
        )
        group.add_argument(
            "--gray", action=yes_or_no, help="of pictures: one channel instead of three"
        )
    group.add_argument(
        "--limit", type=int, metavar="BYTES", help="most that packed contents may take in memory"
    )


def reading_of(options: argparse.Namespace) -> LoadOptions:
    """What was said about how to read files."""
    from otgan.datasets.files.read_options import LoadOptions

    names = LoadOptions.__annotations__
    given = vars(options)
    said: Any = {name: given[name] for name in names if given.get(name) is not None}
    if "columns" in said:
        listed = next(csv.reader([said["columns"]], skipinitialspace=True), [])
        said["columns"] = [column.strip() for column in listed]
    return said


def load_weights(path: str, points: Table, where: str, options: argparse.Namespace) -> Table:
    """A weight in each row of a file, read as the points are, but for the choice of columns.

    Where both files have an index, weights are put into the order of the `points`, read from
    `where`; otherwise positions count.
    """
    from otgan.datasets import load_table
    from otgan.datasets.files.weight_order import order_weights

    reading = reading_of(options)
    reading.pop("columns", None)
    table = load_table(path, **reading)
    if table.points.shape[1] != 1:
        raise InvalidInputError(
            f"{path} must hold one weight a row, got {table.points.shape[1]} columns; to fix it, "
            "keep one column"
        )
    return order_weights(table, points, (path, where))


class Noted(Protocol):
    """What was read from files, with notes on how."""

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each."""
        ...


def report_notes(*tables: Noted) -> list[str]:
    """Write on stderr how files were read that could have been read otherwise, each note once."""
    notes = list(dict.fromkeys(chain.from_iterable(table.notes for table in tables)))
    for note in notes:
        complain(note)
    return notes
