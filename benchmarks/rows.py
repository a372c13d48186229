"""Rows of measurements in a CSV file, to which each run of a benchmark adds one."""

import csv
import hashlib
import json
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from otgan import GANConfig

Row = dict[str, str]


def read(file: Path) -> list[Row]:
    if not file.exists():
        return []
    with file.open(newline="") as opened:
        return list(csv.DictReader(opened))


def append(file: Path, row: Mapping[str, Any]) -> None:
    """Add a row, with numbers to six digits; the first one brings the names of the columns."""
    new = not file.exists()
    with file.open("a", newline="") as opened:
        writer = csv.DictWriter(opened, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


def matching(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """The rows with these values."""
    return [row for row in rows if all(row[k] == str(v) for k, v in wanted.items())]


def is_done(rows: Iterable[Row], **wanted: Any) -> bool:
    """Whether there is a row with these values."""
    return bool(matching(rows, **wanted))


def numbers(rows: Iterable[Row], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def mean_and_error(values: Sequence[float], form: str) -> str:
    """Mean ± standard error, in this format."""
    mean = format(statistics.mean(values), form)
    if len(values) < 2:
        return mean
    return f"{mean} ± {format(statistics.stdev(values) / len(values) ** 0.5, form)}"


def digest(config: GANConfig) -> str:
    """Eight characters that change with any setting but the seed.

    Settings at their defaults are left out, so that rows still count when there are new ones.
    """
    usual = GANConfig().to_dict()
    settings = {
        name: _without_none(value)
        for name, value in config.to_dict().items()
        if name != "rng" and value != usual[name]
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:8]


def _without_none(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_none(one) for name, one in value.items() if one is not None}


@cache
def commit() -> str:
    """The version of the code when the script began, marked where files differ from it."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parent,
    )  # fmt: skip
    return found.stdout.strip()
