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
from otgan.gan.outcome import Outcome
from otgan.gan.records import Record, metrics_table, records_of
from otgan.gan.snapshots import read_snapshot, write_snapshot
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.output_files import make_folder, only_writer, remove_drafts, replacing

if TYPE_CHECKING:
    import torch

__all__ = ["RunDirectory", "own_class"]

RUN_FILES = ("checkpoint.pt", "metrics.csv", "summary.json", "kept.npz", "report.html")
"""What a run leaves behind beside its settings, its snapshots and its pictures."""

SNAPSHOT_NAME = re.compile(r"\d{8,}\.npz")

OVERHEAD_BYTES = 2**16
"""What a critic on a grid and all headers may take in a snapshot."""

MAX_SNAPSHOT_BYTES = 2**28
"""Of a run whose config.json does not say how many points it measures."""

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
    def at(cls, out: str | Path, name: str = "out") -> RunDirectory:
        """The run directory at a path, which need not exist; `name` is the argument's, for errors.

        Raises
        ------
        InvalidInputError
            Anything but a path.
        """
        if not isinstance(out, (str, os.PathLike)) or not os.fspath(out):
            own = next((key for key in ("out", "path") if hasattr(out, key)), None)
            hint = f"pass its .{own}" if own else "pass a string or a Path"
            raise InvalidInputError(
                f"{name} must be the path of a folder, got {out!r}; to fix it, {hint}"
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
            for name, ours in (("pictures", "*.png"), ("tensorboard", "events.out.tfevents.*")):
                folder = self.path / name
                old += [] if folder.is_symlink() else folder.glob(ours)
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
            if any(map(own_class, settings.values())):
                raise
            wrong = str(reason).partition("; to fix it")[0]
            raise damaged(path, f"others: {wrong}", "restore what stood there") from None

    @property
    def objective(self) -> str:
        """Short name of the objective of the run."""
        return str(_name_of(self.settings()["objective"]))

    @property
    def constraint(self) -> str | None:
        """Short name of the constraint: that of the objective where none was chosen, or None."""
        from otgan.gan.constraints import constraint_of
        from otgan.gan.objectives.by_name import OBJECTIVES

        name, objective = _name_of(self.settings()["constraint"]), OBJECTIVES.get(self.objective)
        if name == "auto" and objective is not None:
            found = constraint_of(name, objective)
            name = None if found is None else found.name
        return None if name is None else str(name)

    @property
    def point_shape(self) -> tuple[int, ...]:
        """The shape of a point as networks see it: (d,), or (c, h, w) for an image.

        Raises
        ------
        DamagedFileError
            config.json does not say.
        """
        shape = self._source().get("shape")
        sizes = shape if isinstance(shape, list) else []
        if len(sizes) not in (1, 3) or not all(type(size) is int and size > 0 for size in sizes):
            raise damaged(self.path / "config.json", "no shape of the data", START_ANEW)
        return tuple(sizes)

    @property
    def point_names(self) -> tuple[str, ...]:
        """Names of the coordinates, where the data were a file that names them; else empty."""
        names = self._source().get("names")
        return tuple(map(str, names)) if isinstance(names, list) else ()

    @property
    def data_fingerprint(self) -> str:
        """SHA-256 of the points in the order of their split, which the seed decides; or empty."""
        return str(self._source().get("fingerprint") or "")

    @property
    def n_points(self) -> int:
        """Points of the data; 0 for a sampler."""
        n = self._source().get("n")
        return n if type(n) is int else 0

    def _source(self) -> dict[str, Any]:
        """What config.json says of the data."""
        source = self._read_json("config.json", START_ANEW).get("source")
        return source if isinstance(source, dict) else {}

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

    def snapshot_steps(self) -> list[int]:
        """The steps at which there are snapshots, in order."""
        paths = self._snapshots.glob("*.npz")
        return sorted(int(path.stem) for path in paths if SNAPSHOT_NAME.fullmatch(path.name))

    def snapshot(self, step: int) -> dict[str, FloatArray]:
        """The arrays of one snapshot.

        Raises
        ------
        DamagedFileError
            It is damaged, or something else.
        """
        return read_snapshot(self._snapshots / f"{step:08d}.npz", self._snapshot_limit())

    def snapshots(self) -> list[tuple[int, dict[str, FloatArray]]]:
        """Every snapshot with its step, in order."""
        return [(step, self.snapshot(step)) for step in self.snapshot_steps()]

    def write_kept(self, arrays: Mapping[str, FloatArray]) -> None:
        """Write points of the generator that was kept."""
        write_snapshot(self.path / "kept.npz", arrays)

    def kept(self) -> dict[str, FloatArray] | None:
        """Points of the generator that was kept; None while the run has not ended.

        Raises
        ------
        DamagedFileError
            The file is damaged, or something else.
        """
        path = self.path / "kept.npz"
        return read_snapshot(path, self._snapshot_limit()) if path.is_file() else None

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

    def outcome(self) -> Outcome | None:
        """The outcome of the run; None while it has not ended.

        Raises
        ------
        DamagedFileError
            The file is damaged, or something else.
        """
        path = self.path / "summary.json"
        if not path.is_file():
            return None
        hint = f"write it anew with `otgan resume {self.path}`"
        try:
            return Outcome.from_dict(self._read_json(path.name, hint))
        except DamagedFileError:
            raise
        except ValueError as reason:
            raise damaged(path, f"another outcome ({reason})", hint) from None

    def check_free(self) -> None:
        """Raise if a run has started in this directory.

        Raises
        ------
        InvalidInputError
            There is one.
        """
        if _is_there(self.path / "checkpoint.pt"):
            raise InvalidInputError(
                f"out must be a folder without a run, got {self.path} with an earlier one in it; "
                "to fix it, pass resume=True to continue that run, overwrite=True to replace it, "
                "or another folder"
            )

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
        points = self._read_json("config.json", START_ANEW).get("monitor_points")
        if type(points) is not int:
            return MAX_SNAPSHOT_BYTES
        return 3 * 8 * points * math.prod(self.point_shape) + OVERHEAD_BYTES

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


def _name_of(stored: Any) -> Any:
    """The short name of what is stored by its name, or by name and settings."""
    return stored.get("name") if isinstance(stored, Mapping) else stored


def own_class(stored: Any) -> str | None:
    """The class of what only the user's code can rebuild; None of what is known by its name."""
    if isinstance(stored, list):
        return next(filter(None, map(own_class, stored)), None)
    return str(stored["class"]) if isinstance(stored, Mapping) and "class" in stored else None
