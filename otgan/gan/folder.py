"""The folder of a run: settings, metrics, snapshots and checkpoint, each replaced in one step."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from otgan.errors import InvalidInputError
from otgan.gan.monitor import Record
from otgan.measures import FloatArray

__all__ = ["RunFolder"]


@dataclass(frozen=True)
class RunFolder:
    """What a run leaves on disk. A crash leaves every file whole: the old one or the new one.

    Attributes
    ----------
    path : Path
        Created on the first write.
    """

    path: Path

    def start(self, settings: Mapping[str, Any]) -> None:
        """Make room for a new run, removing what an earlier one left here."""
        (self.path / "snapshots").mkdir(parents=True, exist_ok=True)
        leftovers = [self.path / name for name in ("checkpoint.pt", "metrics.csv", "summary.json")]
        for old in (*self.path.glob("snapshots/*.npz"), *leftovers):
            old.unlink(missing_ok=True)
        self._write_json("config.json", settings)

    def settings(self) -> dict[str, Any]:
        """The settings that the run was started with.

        Raises
        ------
        InvalidInputError
            There is no run here.
        """
        return self._read_json("config.json")

    @property
    def constraint(self) -> str:
        """Short name of the constraint that the run was started with."""
        stored = self.settings()["constraint"]
        return stored if isinstance(stored, str) else str(stored["name"])

    def write_metrics(self, records: list[Record]) -> None:
        """metrics.csv, whole."""
        with _replacing(self.path / "metrics.csv") as draft, draft.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Record._fields)
            writer.writerows(records)

    def metrics(self) -> list[Record]:
        """All records so far.

        Raises
        ------
        InvalidInputError
            Nothing was measured yet.
        """
        path = self.path / "metrics.csv"
        if not path.is_file():
            raise InvalidInputError(
                f"{self.path} must hold the measurements of a run, got no {path.name}; to fix it, "
                "let the run reach its first measurement"
            )
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return [
            Record(int(row.pop("step")), **{name: float(cell) for name, cell in row.items()})
            for row in rows
        ]

    def write_snapshot(self, step: int, arrays: Mapping[str, FloatArray]) -> None:
        """Arrays worth drawing later: points, and the critic on a grid."""
        with (
            _replacing(self.path / "snapshots" / f"{step:08d}.npz") as draft,
            draft.open("wb") as file,
        ):
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    def snapshots(self) -> list[tuple[int, dict[str, FloatArray]]]:
        """Every snapshot with its step, in order."""
        found = []
        for path in sorted(self.path.glob("snapshots/*.npz")):
            with np.load(path, allow_pickle=False) as stored:
                found.append((int(path.stem), dict(stored)))
        return found

    def write_checkpoint(self, contents: Mapping[str, Any]) -> None:
        """All of the state, in tensors and plain values."""
        with _replacing(self.path / "checkpoint.pt") as draft:
            torch.save(dict(contents), draft)

    def checkpoint(self, device: torch.device) -> dict[str, Any]:
        """The last checkpoint; nothing but tensors and plain values is ever unpickled.

        Raises
        ------
        InvalidInputError
            There is none.
        """
        path = self.path / "checkpoint.pt"
        if not path.is_file():
            raise InvalidInputError(
                f"{self.path} must hold a checkpoint to resume from, got none; to fix it, start "
                "the run anew"
            )
        return torch.load(path, map_location=device, weights_only=True)

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """The run's outcome."""
        self._write_json("summary.json", summary)

    def summary(self) -> dict[str, Any]:
        """The run's outcome; empty while it has not ended."""
        return self._read_json("summary.json") if (self.path / "summary.json").is_file() else {}

    def _write_json(self, name: str, values: Mapping[str, Any]) -> None:
        with _replacing(self.path / name) as draft:
            draft.write_text(json.dumps(_without_nan(values), indent=2, allow_nan=False) + "\n")

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        if not path.is_file():
            raise InvalidInputError(
                f"{self.path} must be the folder of a run, got no {name} in it; to fix it, name a "
                "folder that `otgan train` wrote"
            )
        return json.loads(path.read_text())


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A draft that takes the place of `path` once it is written."""
    draft = path.with_name(path.name + ".draft")
    yield draft
    os.replace(draft, path)


def _without_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN and no infinity; both become null."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
