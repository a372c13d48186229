"""Runs that go on with the data and settings that their run directory holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from otgan.datasets.files.read_options import stored_options
from otgan.errors import InvalidInputError
from otgan.gan.data import TrainingData, as_training_data
from otgan.gan.data_record import DataRecord
from otgan.gan.identity import RunIdentity
from otgan.gan.result import TrainResult
from otgan.gan.run_directory import RunDirectory
from otgan.gan.trainer import train_gan
from otgan.keywords import checks_keywords
from otgan.progress import Progress

__all__ = ["resume_gan"]


@checks_keywords
def resume_gan(
    out: str | Path,
    *,
    steps: int | None = None,
    learning_rate: float | None = None,
    critic_learning_rate: float | None = None,
    schedule: str | Callable[[float], float] | None = None,
    monitor_every: int | None = None,
    device: str | None = None,
    generator: Any = None,
    critic: Any = None,
    progress: Progress = False,
) -> TrainResult:
    """Continue the run in a run directory, with the data and settings that it was started with.

    Parameters
    ----------
    out : path
        Directory of a run on a named data set or a file.
    steps, learning_rate, critic_learning_rate, schedule, monitor_every, device : optional
        Other settings from here on, as in `GANConfig`; the run records them.
    generator, critic : torch.nn.Module or callable, optional
        The networks of your own that the run was started with.
    progress : bool or callable
        Whether to show a progress bar; or a function of (done, total, message).

    Returns
    -------
    TrainResult

    Raises
    ------
    InvalidInputError
        No run there, or its data are no longer what they were, or were an array that only its own
        program can give again.
    DamagedFileError
        A file of the run that is truncated, was altered, or is something else.
    OutputError
        The folder cannot be written to, or another run is writing to it.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from otgan import GANConfig, train_gan
    >>> few = {"monitor_points": 64, "evaluation_points": 64}
    >>> config = GANConfig(steps=2, n_critic=1, width=8, monitor_every=1, **few)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = train_gan("ring8", config, out=Path(folder) / "run")
    ...     len(resume_gan(Path(folder) / "run", steps=4).records)
    4
    """
    directory = RunDirectory.at(out)
    config, name = directory.config(), directory.settings()["data"]
    stored = directory.checkpoint(torch.device("cpu"))
    identity = RunIdentity.from_dict(stored, directory.path)
    settings = {
        "steps": steps,
        "learning_rate": learning_rate,
        "critic_learning_rate": critic_learning_rate,
        "schedule": schedule,
        "monitor_every": monitor_every,
        "device": device,
    }
    changes: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
    where = _where_the_data_are(name, identity.data, directory)
    identity.check_config_file(config, directory.path, changes)
    config = dataclasses.replace(config, **changes)
    data = _load_again(where, name, identity.data, config.rng, directory)
    networks = {"generator": generator, "critic": critic}
    return train_gan(data, config, **networks, out=out, resume=True, progress=progress)


def _where_the_data_are(name: str, record: DataRecord, directory: RunDirectory) -> str:
    """The name or the path that loads the data of a run."""
    if not name:
        raise InvalidInputError(
            f"the data of {directory.path} must have a name to be loaded by, got a run that was "
            "given an array; to fix it, call train_gan(data, config, out=..., resume=True) with "
            "that array"
        )
    where = record.path if record.path and name == record.name else name
    if record.path and not Path(where).exists():
        raise InvalidInputError(
            f"the data of {directory.path} must lie where they did, got nothing at {where}; to "
            "fix it, put them back, or call train_gan(data, config, out=..., resume=True) with "
            "their new place"
        )
    return where


def _load_again(
    where: str, name: str, record: DataRecord, rng: int, directory: RunDirectory
) -> TrainingData:
    """The data, read with the options of the run and under the name that they had."""
    reading = stored_options(record.reading, directory.path / "checkpoint.pt")
    data = as_training_data(where, rng, flips=record.flips, **reading)
    if not data.record.path:
        return data
    return dataclasses.replace(data, record=dataclasses.replace(data.record, name=name))
