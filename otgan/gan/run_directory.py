"""The directory of a run: settings, metrics, snapshots, checkpoint and summary."""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otgan.errors import DamagedFileError, InvalidInputError, OtganError, OutputError
from otgan.gan.config import CONFIG_FORMAT, GANConfig
from otgan.gan.json_files import damaged, read_json, read_text, write_json
from otgan.gan.records import Record, metrics_table, records_of
from otgan.gan.snapshots import read_snapshot, write_snapshot
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.output_files import make_folder, only_writer, remove_drafts, replacing

if TYPE_CHECKING:
    import torch

__all__ = ["RunDirectory"]

RUN_FILES = ("checkpoint.pt", "metrics.csv", "summary.json", "report.html")
"""What a run leaves behind beside its settings, its snapshots and its pictures."""

SNAPSHOT_NAME = re.compile(r"\d{8,}\.npz")

OVERHEAD_BYTES = 2**16
"""What a critic on a grid and all headers may take in a snapshot."""

MAX_SNAPSHOT_BYTES = 2**28
"""Of a run whose config.json does not say how many points it measures."""

REQUIRED_NUMBERS = (
    "exact_w1",
    "exact_w1_se",
    "floor",
    "floor_se",
    "debiased_w1",
    "debiased_w1_se",
    "points",
    "draws",
    "modes",
    "of",
)
OPTIONAL_NUMBERS = ("ratio", "high_quality", "reverse_kl", "seconds")
"""Numbers of a summary that may be unknown or infinite."""

SENTENCES = ("verdict", "selection_rule")

START_ANEW = "restore it, or start the run anew"

log = logging.getLogger(__name__)


@checks_keywords
@dataclass(frozen=True)
class RunDirectory:
    """The files of a run. A crash leaves every file whole: the old one or the new one.

    Attributes
    ----------
    path : Path
        Created by `writing`.
    """

    path: Path

    @classmethod
    def at(cls, out: str | Path) -> RunDirectory:
        """The run directory at a path, which need not exist.

        Raises
        ------
        InvalidInputError
            Anything but a path.
        """
        if not isinstance(out, (str, os.PathLike)) or not os.fspath(out):
            raise InvalidInputError(
                f"out must be the path of a folder, got {out!r}; to fix it, pass a string or a Path"
            )
        return cls(Path(out))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only process that writes to this run directory.

        Raises
        ------
        OutputError
            The folder cannot be created or written to, or another run is writing to it.
        """
        make_folder(self.path)
        with only_writer(self.path):
            remove_drafts(self.path)
            if not self._snapshots.is_symlink():
                remove_drafts(self._snapshots)
            yield

    def start(self, settings: Mapping[str, Any]) -> None:
        """Start a new run here: remove the files of an earlier one, and write the settings.

        Raises
        ------
        OutputError
            There are files here that no run has written.
        """
        make_folder(self._snapshots, inside=self.path)
        old = [path for path in map(self.path.joinpath, RUN_FILES) if _is_there(path)]
        old += [path for path in self._snapshots.iterdir() if SNAPSHOT_NAME.fullmatch(path.name)]
        if self._holds_a_run():
            pictures = self.path / "pictures"
            old += [] if pictures.is_symlink() else pictures.glob("*.png")
        else:
            config = self.path / "config.json"
            self._refuse_files_of_others([*old, config] if config.exists() else old)
        for path in old:
            path.unlink(missing_ok=True)
        self.write_settings(settings)

    def write_settings(self, settings: Mapping[str, Any]) -> None:
        """Write config.json."""
        write_json(self.path / "config.json", settings)

    def settings(self) -> dict[str, Any]:
        """Data and settings of the run, as config.json holds them.

        Raises
        ------
        InvalidInputError
            There is no run here.
        DamagedFileError
            config.json is damaged, or something else.
        """
        stored = self._read_json("config.json", START_ANEW)
        self._check_format(stored.pop("format", None))
        stored.pop("source", None)
        stored.pop("changes", None)
        stored.pop("networks", None)
        named = isinstance(_name_of(stored.get("objective")), str)
        if not isinstance(stored.get("data"), str) or not named:
            raise damaged(self.path / "config.json", "no data or no objective", START_ANEW)
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
        settings, path = self.settings(), self.path / "config.json"
        del settings["data"]
        missing = sorted(GANConfig.__dataclass_fields__.keys() - settings.keys())
        if missing:
            raise damaged(path, f"no {', '.join(missing)}", "restore what stood there")
        try:
            return GANConfig.from_dict(settings)
        except DamagedFileError:
            raise
        except InvalidInputError as reason:
            if any(_is_own(value) for value in settings.values()):
                raise
            wrong = str(reason).partition("; to fix it")[0]
            raise damaged(path, f"others: {wrong}", "restore what stood there") from None

    @property
    def objective(self) -> str:
        """Short name of the objective of the run."""
        return str(_name_of(self.settings()["objective"]))

    @property
    def constraint(self) -> str | None:
        """Short name of the constraint that the run was started with; None if it has none."""
        found = _name_of(self.settings()["constraint"])
        return None if found is None else str(found)

    def write_metrics(self, records: list[Record]) -> None:
        """Write metrics.csv."""
        with replacing(self.path / "metrics.csv") as file:
            file.write(metrics_table(records).encode())

    def metrics(self) -> list[Record]:
        """All records so far; a damaged metrics.csv is rebuilt from those of the checkpoint.

        Raises
        ------
        InvalidInputError
            Nothing was measured yet.
        DamagedFileError
            metrics.csv is damaged, and there is no checkpoint to rebuild it from.
        """
        path = self.path / "metrics.csv"
        stored = self._records_of_checkpoint()
        if stored:
            if read_text(path) != metrics_table(stored):
                self._rebuild_metrics(stored)
            return stored
        if not path.is_file():
            self.check_started()
            raise InvalidInputError(
                f"{self.path} must hold the measurements of a run, got no {path.name}; to fix it, "
                "let the run reach its first measurement"
            )
        try:
            return records_of(read_text(path) or "")
        except ValueError:
            got = "a damaged file, and no checkpoint to rebuild it from"
            raise damaged(path, got, "start the run anew") from None

    def write_snapshot(self, step: int, arrays: Mapping[str, FloatArray]) -> None:
        """Write arrays to be drawn later: points, and the critic on a grid."""
        make_folder(self._snapshots, inside=self.path)
        write_snapshot(self._snapshots / f"{step:08d}.npz", arrays)

    def snapshots(self) -> list[tuple[int, dict[str, FloatArray]]]:
        """Every snapshot with its step, in order.

        Raises
        ------
        DamagedFileError
            One is damaged, or something else.
        """
        paths = sorted(p for p in self._snapshots.glob("*.npz") if SNAPSHOT_NAME.fullmatch(p.name))
        limit = self._snapshot_limit() if paths else 0
        return [(int(path.stem), read_snapshot(path, limit)) for path in paths]

    def write_checkpoint(self, contents: Mapping[str, Any]) -> None:
        """Write the whole state of a run, in tensors and plain values."""
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
        """Write summary.json, the outcome of the run."""
        write_json(self.path / "summary.json", summary)

    def summary(self) -> dict[str, Any]:
        """The outcome of the run; empty while it has not ended.

        Raises
        ------
        DamagedFileError
            The file is damaged, or something else.
        """
        path = self.path / "summary.json"
        if not path.is_file():
            return {}
        hint = f"write it anew with `otgan resume {self.path}`"
        found = self._read_json(path.name, hint)
        # Where modes are known, so is how many points are near one.
        required = (*REQUIRED_NUMBERS, "high_quality") if found.get("of") else REQUIRED_NUMBERS
        complete = (
            all(_is_number(found.get(name)) for name in required)
            and all(
                name in found and (found[name] is None or _is_number(found[name]))
                for name in OPTIONAL_NUMBERS
            )
            and all(isinstance(found.get(name), str) for name in SENTENCES)
        )
        if not complete:
            raise damaged(path, "one that lacks some of its numbers", hint)
        return found

    def check_started(self) -> None:
        """Raise unless a run has started in this directory.

        Raises
        ------
        InvalidInputError
            There is no run here.
        """
        self._refuse_without("config.json")

    @property
    def _snapshots(self) -> Path:
        return self.path / "snapshots"

    def _holds_a_run(self) -> bool:
        try:
            return bool(self.settings())
        except InvalidInputError:
            return False

    def _refuse_files_of_others(self, found: list[Path]) -> None:
        if found:
            raise OutputError(
                f"{self.path} must be a folder for this run alone, or that of an earlier one, "
                f"got {found[0].name} in it from elsewhere, or from a run whose config.json is "
                "lost; to fix it, name another folder"
            )

    def _check_format(self, version: Any) -> None:
        if type(version) is int and version == CONFIG_FORMAT:
            return
        if type(version) is int and version > CONFIG_FORMAT:
            got, hint = f"that of a newer version (format {version})", "update otgan"
        else:
            got, hint = f"that of an earlier version (format {version!r})", "start the run anew"
        raise damaged(self.path / "config.json", got, hint)

    def _snapshot_limit(self) -> int:
        """Bytes that the arrays of a snapshot of this run may take."""
        stored = self._read_json("config.json", START_ANEW)
        points, source = stored.get("monitor_points"), stored.get("source")
        shape = source.get("shape") if isinstance(source, dict) else None
        if type(points) is not int or not isinstance(shape, list):
            return MAX_SNAPSHOT_BYTES
        if not all(type(size) is int for size in shape):
            return MAX_SNAPSHOT_BYTES
        return 2 * 8 * points * math.prod(shape) + OVERHEAD_BYTES

    def _records_of_checkpoint(self) -> list[Record]:
        """The records in the checkpoint; none if there is no checkpoint that can be read."""
        import torch

        try:
            stored = self.checkpoint(torch.device("cpu"))
            return [Record(**record) for record in stored["records"]]
        except DamagedFileError as reason:
            log.warning("metrics.csv is read as it is: %s", reason)
        except (InvalidInputError, KeyError, TypeError):
            pass
        return []

    def _rebuild_metrics(self, records: list[Record]) -> None:
        try:
            with only_writer(self.path):  # a run that goes on writes its own
                self.write_metrics(records)
        except OtganError as reason:
            log.info("metrics.csv is left as it is: %s", reason)

    def _read_json(self, name: str, hint: str) -> dict[str, Any]:
        self._refuse_without(name)
        return read_json(self.path / name, hint)

    def _refuse_without(self, name: str) -> None:
        if not (self.path / name).is_file():
            raise InvalidInputError(
                f"{self.path} must be the folder of a run, got no {name} in it; to fix it, name a "
                "folder that `otgan train` wrote"
            )


def _is_there(path: Path) -> bool:
    """Whether there is a file or a link, even a link to nothing."""
    return path.exists() or path.is_symlink()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _name_of(stored: Any) -> Any:
    """The short name of what is stored by its name, or by name and settings."""
    return stored.get("name") if isinstance(stored, Mapping) else stored


def _is_own(stored: Any) -> bool:
    """Whether only the user's code can rebuild it."""
    if isinstance(stored, list):
        return any(map(_is_own, stored))
    return isinstance(stored, Mapping) and "class" in stored
