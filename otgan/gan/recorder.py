"""What a run writes to its run directory as it goes on."""

from __future__ import annotations

from dataclasses import dataclass, field

from otgan.errors import is_installed
from otgan.gan.identity import RunIdentity
from otgan.gan.kept_sample import kept_sample
from otgan.gan.measuring.features import Features
from otgan.gan.result import TrainResult
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.gan.tensorboard import TensorBoardLog
from otgan.measures import FloatArray

__all__ = ["RunRecorder"]


@dataclass
class RunRecorder:
    """Writes a run to its run directory; without one, writes nothing.

    Of several processes, one `writes`.
    """

    directory: RunDirectory | None
    state: TrainState
    identity: RunIdentity
    features: Features | None = None
    writes: bool = True
    _tensorboard: TensorBoardLog | None = field(default=None, init=False)

    def open_tensorboard(self, *, start: bool) -> None:
        """Write events for TensorBoard from here on, if that is to start, or has been started."""
        if self.directory is None or not self.writes:
            return
        folder = self.directory.path / "tensorboard"
        if start or (folder.is_dir() and self.state.step > 0 and is_installed("tensorboard")):
            self._tensorboard = TensorBoardLog(folder, self.state.step)

    def start(self) -> None:
        """Write the first checkpoint: a run may be killed before it measures anything."""
        if self.directory is not None and self.writes:
            self.directory.start(self.identity.to_json())
            self.checkpoint()

    def settings(self) -> None:
        """Write changed settings, config.json first: a checkpoint without them does no harm."""
        if self.directory is not None and self.writes:
            self.directory.write_settings(self.identity.to_json())
            self.checkpoint()

    def checkpoint(self) -> None:
        """Write the whole run."""
        if self.directory is not None and self.writes:
            features = None if self.features is None else self.features.state_dict()
            self.directory.write_checkpoint(
                {**self.state.to_dict(), **self.identity.to_dict(), "features": features}
            )

    def measurement(self, snapshot: dict[str, FloatArray]) -> None:
        """Write the last record, with the arrays that it was measured on."""
        if self.directory is not None and self.writes:
            self.directory.write_metrics(self.state.records)
            self.directory.write_snapshot(self.state.step, snapshot)
            self.checkpoint()
        if self._tensorboard is not None:
            shape = self.identity.data.shape
            images = snapshot["generated"].reshape(-1, *shape) if len(shape) == 3 else None
            self._tensorboard.write(self.state.records[-1], snapshot["real"], images)

    def close(self) -> None:
        """Let go of what was opened for writing."""
        if self._tensorboard is not None:
            self._tensorboard.close()

    def outcome(self, result: TrainResult) -> None:
        """Write the outcome of a run that has ended."""
        if self.directory is not None and self.writes:
            self.directory.write_kept(kept_sample(result.monitor, result.generator.network))
            self.directory.write_summary(result.to_dict())

    def how_to_resume(self) -> str:
        """The message about a run that was stopped."""
        stopped = f"stopped at step {self.state.step:,}"
        if self.directory is None:
            return f"{stopped}; the run is lost, for it was given no folder"
        path, never = self.directory.path, self.identity.data.why_not_resumable
        if never is not None:
            return f"{stopped}; it cannot go on, for {never}"
        if self.identity.is_named:
            return f"{stopped}; to go on, run: otgan resume {path}"
        return f"{stopped}; to go on, call train_gan as before, with out={str(path)!r}, resume=True"
