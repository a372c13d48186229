"""Parquet and Feather (Arrow) files, through pyarrow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from otgan.datasets.files.cells import preview
from otgan.datasets.files.columns import joined_labels, table_of_columns
from otgan.datasets.files.read_options import ReadOptions, Table, other_columns
from otgan.datasets.files.safe_open import as_input_errors, check_memory, largest_size, refuse_size
from otgan.errors import DamagedFileError, InvalidInputError, require

__all__ = ["read_columnar"]


def read_columnar(path: Path, options: ReadOptions) -> Table:
    """The points of a table in a Parquet or Feather file, one in each row."""
    kind = "Parquet" if path.suffix.lower() == ".parquet" else "Feather"
    require("pyarrow", extra="tables", purpose=f"reading {kind} files")
    with as_input_errors(path, f"a complete {kind} file"), _arrow_errors(path, kind):
        opened = _parquet if kind == "Parquet" else _feather
        schema, rows, read = opened(path)
        names, index = list(schema.names), _index_of_pandas(schema)
        if len(set(names)) < len(names):
            raise InvalidInputError(
                f"{path} must have a name of its own for each column, got {preview(names)}; to fix "
                "it, rename them"
            )
        if not rows or not names:
            raise InvalidInputError(
                f"{path} must hold at least one row of numbers, got {rows} rows of {len(names)} "
                "columns; to fix it, check that it was written"
            )
        taken = len(options.columns or names) * rows * 8
        if taken > largest_size(path, options.limit):
            refuse_size(path, taken, options.limit)
        check_memory(path, taken // 8)
        left_out = index if options.columns is None and options.index is not False else []
        used = [i for i, name in enumerate(names) if name not in left_out]
        columns = _LazyColumns(path, schema, used, read)
        if left_out:
            options = _without_index(options)
        chosen = [names[i] for i in used]
        table = table_of_columns(chosen, columns, options, str(path), columns.labels)
        if not set(index) & set(table.names):
            levels = [read(names.index(name)).to_pylist() for name in index]
            table = replace(table, index=joined_labels(levels) or table.index)
    if not left_out:
        return table
    note = (
        f"{path}: {preview(left_out)}, the index that pandas wrote, was left out (index=False or "
        "--no-index keeps it)"
    )
    return replace(table, notes=(note, *table.notes))


def _without_index(options: ReadOptions) -> ReadOptions:
    """The options for a table whose index was left out already."""
    return ReadOptions(**{**vars(options), "index": False})


@contextmanager
def _arrow_errors(path: Path, kind: str) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as reason:
        raise DamagedFileError(
            f"{path} must be a complete {kind} file, got {str(reason)[:200]}; to fix it, write or "
            "fetch it again"
        ) from None


def _parquet(path: Path) -> tuple[Any, int, Callable[[int], Any]]:
    """Schema, number of rows, and how to read a column."""
    from pyarrow import parquet

    file = parquet.ParquetFile(str(path), page_checksum_verification=True)
    schema = file.schema_arrow
    return schema, file.metadata.num_rows, lambda i: file.read([schema.names[i]]).column(0)


def _feather(path: Path) -> tuple[Any, int, Callable[[int], Any]]:
    """The same of an Arrow IPC file, which Feather is since its second version."""
    import pyarrow as pa
    from pyarrow import dataset, fs

    def read(i: int) -> Any:
        options = pa.ipc.IpcReadOptions(included_fields=[i])
        with pa.OSFile(str(path)) as file:
            return pa.ipc.open_file(file, options=options).read_all().column(0)

    with pa.OSFile(str(path)) as file:
        schema = pa.ipc.open_file(file).schema
    fragment = dataset.IpcFileFormat().make_fragment(str(path), fs.LocalFileSystem())
    return schema, fragment.count_rows(), read


def _index_of_pandas(schema: Any) -> list[str]:
    """The columns that pandas stored its index in, as the file itself says."""
    try:
        stored = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))["index_columns"]
        return [name for name in stored if isinstance(name, str) and name in schema.names]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


class _LazyColumns(Sequence[Any]):
    """The columns that hold points, as arrays, each read when it is accessed."""

    def __init__(
        self, path: Path, schema: Any, used: Sequence[int], read: Callable[[int], Any]
    ) -> None:
        self.path, self.schema, self.used, self.read = path, schema, used, read

    def __len__(self) -> int:
        return len(self.used)

    def labels(self, i: int) -> list[object]:
        """A column that labels the rows, of any type."""
        return list(self.read(self.used[i]).to_pylist())

    def __getitem__(self, i: Any) -> Any:
        import pyarrow as pa

        field = self.schema.field(self.used[i])
        column = f"column {field.name!r} of {self.path}"
        if not _is_numeric(field):
            numbers = [f.name for f in self.schema if _is_numeric(f)]
            hint = other_columns(numbers) if numbers else "convert it"
            raise InvalidInputError(
                f"{column} must hold numbers, got the type {_type_of(field)}; to fix it, {hint}"
            )
        values = self.read(self.used[i])
        if values.null_count:
            raise InvalidInputError(
                f"{column} must not have missing values, got {values.null_count} of them; to fix "
                "it, drop or fill them"
            )
        if pa.types.is_decimal(field.type):
            values = values.cast(pa.float64())
        return values.to_numpy()


def _is_numeric(field: Any) -> bool:
    from pyarrow import types

    kinds = (types.is_integer, types.is_floating, types.is_boolean, types.is_decimal)
    return not _extension(field) and any(kind(field.type) for kind in kinds)


def _extension(field: Any) -> str:
    """Name of the extension type of a field; empty for Arrow's own types."""
    return (field.metadata or {}).get(b"ARROW:extension:name", b"").decode(errors="replace")


def _type_of(field: Any) -> str:
    return _extension(field) or str(field.type)[:60]
