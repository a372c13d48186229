"""The folder of a run: settings, metrics, snapshots and checkpoint, each replaced in one step."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otgan.errors import DamagedFileError, InvalidInputError, OtganError, OutputError
from otgan.gan.config import GANConfig
from otgan.gan.records import Record, metrics_table, records_of
from otgan.gan.snapshots import read_snapshot, write_snapshot
from otgan.measures import FloatArray
from otgan.output_files import make_folder, only_writer, replacing

if TYPE_CHECKING:
    import torch

__all__ = ["RunDirectory"]

LEFTOVERS = ("checkpoint.pt", "metrics.csv", "summary.json", "report.html")
SNAPSHOT = re.compile(r"\d{8,}\.npz")
DRAFT = re.compile(r"\.[0-9a-f]{16}\.draft")

LARGEST_TEXT = 2**26
"""Bytes of settings, metrics or a summary; what is larger is something else."""

GRID = 2**16
"""Bytes that a critic on a grid takes in a snapshot, and all headers."""

JUDGED = (
    "exact_w1",
    "exact_w1_se",
    "floor",
    "floor_se",
    "excess_se",
    "points",
    "draws",
    "modes",
    "of",
)
PERHAPS = ("ratio", "high_quality", "reverse_kl", "rank_correlation", "seconds")
"""Numbers in a summary: those that every run has, and those that may be unknown or infinite."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunDirectory:
    """What a run leaves on disk. A crash leaves every file whole: the old one or the new one.

    Attributes
    ----------
    path : Path
        Created by `writing`.
    """

    path: Path

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only run that writes here.

        Raises
        ------
        OutputError
            The folder cannot be created or written to, or another run is writing to it.
        """
        make_folder(self.path)
        with only_writer(self.path):
            inside = [] if self._snapshots().is_symlink() else [self._snapshots()]
            for folder in (self.path, *inside):
                for draft in folder.glob(".*.draft"):
                    if DRAFT.fullmatch(draft.name):  # what a killed process left
                        draft.unlink(missing_ok=True)
            yield

    def start(self, settings: Mapping[str, Any]) -> None:
        """Make room for a new run, removing what an earlier one left here.

        Raises
        ------
        OutputError
            There are files here that no run has written.
        """
        make_folder(self._snapshots(), inside=self.path)
        pictures = self.path / "pictures"
        drawn = [] if pictures.is_symlink() else [*pictures.glob("*.png")]
        old = [p for p in (self.path / name for name in LEFTOVERS) if p.exists() or p.is_symlink()]
        old += [p for p in self._snapshots().iterdir() if SNAPSHOT.fullmatch(p.name)]
        if not self._is_ours():
            strangers = [*old, *(p for p in [self.path / "config.json"] if p.exists())]
            if strangers:
                raise OutputError(
                    f"{self.path} must be a folder for this run alone, or that of an earlier one, "
                    f"got {strangers[0].name} in it from elsewhere, or from a run whose "
                    "config.json is lost; to fix it, name another folder"
                )
            drawn = []
        for path in (*old, *drawn):
            path.unlink(missing_ok=True)
        self.write_settings(settings)

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """config.json."""
        self._write_json("config.json", settings)

    def settings(self) -> dict[str, Any]:
        """Data and settings of the run, as config.json has them.

        Raises
        ------
        InvalidInputError
            There is no run here.
        DamagedFileError
            config.json is damaged, or something else.
        """
        stored = self._read_json("config.json", "restore it, or start the run anew")
        version = stored.pop("format", 1)
        if type(version) is not int or version > 1:
            raise self._damaged(
                "config.json", f"those of a newer version (format {version!r})", "update otgan"
            )
        stored.pop("source", None)
        stored.pop("changes", None)
        constraint = stored.get("constraint")
        named = constraint.get("name") if isinstance(constraint, dict) else constraint
        if not isinstance(stored.get("data"), str) or not isinstance(named, str):
            raise self._damaged(
                "config.json", "no data or no constraint", "restore it, or start the run anew"
            )
        return stored

    def config(self) -> GANConfig:
        """The settings as a GANConfig.

        Raises
        ------
        DamagedFileError
            Settings that no run can have.
        InvalidInputError
            A constraint of the user's own, which only its own code can rebuild.
        """
        settings = self.settings()
        del settings["data"]
        lacking = sorted(GANConfig.__dataclass_fields__.keys() - settings.keys())
        if lacking:
            raise self._damaged(
                "config.json", f"no {', '.join(lacking)}", "restore what stood there"
            )
        try:
            return GANConfig.from_dict(settings)
        except DamagedFileError:
            raise
        except InvalidInputError as reason:
            if isinstance(settings["constraint"], dict) and "rebuilt from a file" in str(reason):
                raise
            wrong = str(reason).partition("; to fix it")[0]
            raise self._damaged(
                "config.json", f"others: {wrong}", "restore what stood there"
            ) from None

    @property
    def constraint(self) -> str:
        """Short name of the constraint that the run was started with."""
        stored = self.settings()["constraint"]
        return str(stored if isinstance(stored, str) else stored["name"])

    def write_metrics(self, records: list[Record]) -> None:
        """metrics.csv, whole."""
        with replacing(self.path / "metrics.csv") as file:
            file.write(metrics_table(records).encode())

    def metrics(self) -> list[Record]:
        """All records so far: those of the checkpoint, by which metrics.csv is rebuilt if need be.

        Raises
        ------
        InvalidInputError
            Nothing was measured yet.
        DamagedFileError
            metrics.csv is damaged, and there is no checkpoint to rebuild it from.
        """
        path = self.path / "metrics.csv"
        kept = self._records_of_checkpoint()
        if kept:
            if self._text(path) != metrics_table(kept):
                self._rebuild_metrics(kept)
            return kept
        if not path.is_file():
            self._refuse_without("config.json")
            raise InvalidInputError(
                f"{self.path} must hold the measurements of a run, got no {path.name}; to fix it, "
                "let the run reach its first measurement"
            )
        try:
            return records_of(self._text(path) or "")
        except ValueError:
            raise self._damaged(
                "metrics.csv",
                "a damaged file, and no checkpoint to rebuild it from",
                "start the run anew",
            ) from None

    def write_snapshot(self, step: int, arrays: Mapping[str, FloatArray]) -> None:
        """Arrays worth drawing later: points, and the critic on a grid."""
        make_folder(self._snapshots(), inside=self.path)
        write_snapshot(self._snapshots() / f"{step:08d}.npz", arrays)

    def snapshots(self) -> list[tuple[int, dict[str, FloatArray]]]:
        """Every snapshot with its step, in order.

        Raises
        ------
        DamagedFileError
            One is damaged, or something else.
        """
        paths = sorted(p for p in self._snapshots().glob("*.npz") if SNAPSHOT.fullmatch(p.name))
        limit = self._largest_snapshot() if paths else 0
        return [(int(path.stem), read_snapshot(path, limit)) for path in paths]

    def write_checkpoint(self, contents: Mapping[str, Any]) -> None:
        """All of the state, in tensors and plain values."""
        from otgan.critics.training.checkpoint import write_checkpoint

        write_checkpoint(self.path / "checkpoint.pt", "run", contents)

    def checkpoint(self, device: torch.device) -> dict[str, Any]:
        """The last checkpoint; nothing but tensors and plain values is ever unpickled.

        Raises
        ------
        InvalidInputError
            There is none.
        DamagedFileError
            It is truncated, altered or something else.
        """
        from otgan.critics.training.checkpoint import read_checkpoint

        path = self.path / "checkpoint.pt"
        if not path.is_file():
            raise InvalidInputError(
                f"{self.path} must hold a checkpoint to resume from, got none; to fix it, start "
                "the run anew"
            )
        return read_checkpoint(path, "run", device, "restore a copy of it, or start the run anew")

    def write_summary(self, summary: Mapping[str, Any]) -> None:
        """The run's outcome."""
        self._write_json("summary.json", summary)

    def summary(self) -> dict[str, Any]:
        """The run's outcome; empty while it has not ended.

        Raises
        ------
        DamagedFileError
            The file is damaged, or something else.
        """
        if not (self.path / "summary.json").is_file():
            return {}
        cure = f"write it anew with `otgan resume {self.path}`"
        found = self._read_json("summary.json", cure)
        # Where modes are known, so is how many points are near one.
        needed = (*JUDGED, "high_quality") if found.get("of") else JUDGED
        whole = all(_is_number(found.get(name)) for name in needed)
        if not whole or not all(
            name in found and (found[name] is None or _is_number(found[name])) for name in PERHAPS
        ):
            raise self._damaged("summary.json", "one that lacks some of its numbers", cure)
        return found

    def _snapshots(self) -> Path:
        return self.path / "snapshots"

    def _is_ours(self) -> bool:
        try:
            return bool(self.settings())
        except InvalidInputError:
            return False

    def _largest_snapshot(self) -> int:
        """Bytes that the arrays of a snapshot of this run may take."""
        stored = self._read_json("config.json", "restore it, or start the run anew")
        points, source = stored.get("monitor_points"), stored.get("source")
        d = source.get("d") if isinstance(source, dict) else None
        if type(points) is not int or type(d) is not int:  # a run of an earlier version
            return 2**28
        return 2 * 8 * points * d + GRID

    def _records_of_checkpoint(self) -> list[Record]:
        """What the checkpoint holds; nothing if there is none that can be read."""
        import torch

        try:
            stored = self.checkpoint(torch.device("cpu"))
            return [Record(**record) for record in stored["records"]]
        except DamagedFileError as reason:
            log.warning("metrics.csv is taken as it is: %s", reason)
        except (InvalidInputError, KeyError, TypeError):
            pass
        return []

    def _rebuild_metrics(self, records: list[Record]) -> None:
        try:
            with only_writer(self.path):  # a run that goes on writes its own
                self.write_metrics(records)
        except OtganError as reason:
            log.info("metrics.csv is left as it is: %s", reason)

    def _text(self, path: Path) -> str | None:
        """A text file of no great size; None for what is none."""
        try:
            if path.stat().st_size > LARGEST_TEXT:
                return None
            return path.read_bytes().decode()
        except (OSError, UnicodeDecodeError):
            return None

    def _write_json(self, name: str, values: Mapping[str, Any]) -> None:
        text = json.dumps(_without_nan(values), indent=2, allow_nan=False) + "\n"
        with replacing(self.path / name) as file:
            file.write(text.encode())

    def _read_json(self, name: str, cure: str) -> dict[str, Any]:
        self._refuse_without(name)
        try:
            found = json.loads(self._text(self.path / name) or "", parse_constant=_refuse)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._damaged(name, "a damaged file or one of another kind", cure)
        return found

    def _refuse_without(self, name: str) -> None:
        if not (self.path / name).is_file():
            raise InvalidInputError(
                f"{self.path} must be the folder of a run, got no {name} in it; to fix it, name a "
                "folder that `otgan train` wrote"
            )

    def _damaged(self, name: str, got: str, cure: str) -> DamagedFileError:
        return DamagedFileError(
            f"{self.path / name} must be as otgan has written it, got {got}; to fix it, {cure}"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refuse(word: str) -> None:
    raise ValueError(word)


def _without_nan(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN and no infinity; both become null."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return _without_nan(value)
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return {key: plain(value) for key, value in values.items()}
