"""A run from its run directory, with its generator and critic, and without its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn

from otgan.critics.training.checkpoint import is_run, read_checkpoint
from otgan.errors import InvalidInputError
from otgan.gan.config import GANConfig
from otgan.gan.evaluation import Evaluation
from otgan.gan.generator import Generator, generated_points
from otgan.gan.identity import RunIdentity
from otgan.gan.players import GivenNetworks
from otgan.gan.records import Record
from otgan.gan.run_directory import RunDirectory, own_class
from otgan.gan.state import TrainState
from otgan.keywords import checks_keywords
from otgan.measures import FloatArray
from otgan.results import Result

__all__ = ["Run", "critic_of_checkpoint", "is_run", "load_run"]

CPU = torch.device("cpu")

START_ANEW = "restore a copy of it, or start the run anew"


@checks_keywords
@dataclass(frozen=True)
class Run(Result):
    """A run as its run directory holds it.

    ``float(run)`` is that of its evaluation; NaN while it has not ended.

    Attributes
    ----------
    path : Path
        The run directory.
    config : GANConfig
        Its settings, those that depend on the shape of the data filled in.
    evaluation : Evaluation or None
        Of the generator that was kept; None while the run has not ended.
    records : tuple of Record
        Every measurement.
    generator : torch.nn.Module
        The one that was kept, as `TrainResult` has it: from latents, shape (n, latent_dim), to
        points in the units of the data. On the CPU.
    critic : torch.nn.Module or None
        The last critic, as a function of points in the units of the data; None where none is
        trained.
    """

    bracket: ClassVar[tuple[str, ...]] = ("evaluation",)
    figure: ClassVar[str] = "otgan.gan.result_plot.run_curves"

    path: Path
    config: GANConfig = field(repr=False)
    evaluation: Evaluation | None
    records: tuple[Record, ...] = field(repr=False)
    generator: Generator = field(repr=False)
    critic: nn.Module | None = field(repr=False)

    def __float__(self) -> float:
        return float("nan") if self.evaluation is None else float(self.evaluation)

    def generate(self, n: int, *, rng: int | np.random.Generator = 0) -> FloatArray:
        """Draw points from the generator, as :meth:`otgan.TrainResult.generate` does.

        Parameters
        ----------
        n : int
        rng : int or numpy.random.Generator
            Which latents; an equal integer gives the same points again.

        Returns
        -------
        ndarray, shape (n, d) or (n, c, h, w)
            In the units of the data.
        """
        return generated_points(self.generator, self.config, n, rng)


@checks_keywords
def load_run(
    path: str | Path,
    *,
    generator: Any = None,
    critic: Any = None,
    config: GANConfig | None = None,
) -> Run:
    """Load a run, finished or not, from its run directory; its data need not be there.

    Parameters
    ----------
    path : path
        The directory, as given to ``train_gan(out=...)``.
    generator, critic : torch.nn.Module or callable, optional
        Networks of your own, where the run was trained with such: of the same form, with any
        weights.
    config : GANConfig, optional
        The settings of the run, needed only where they hold objects or functions of your own.

    Returns
    -------
    Run

    Raises
    ------
    InvalidInputError
        No run there, or one with networks or objects of your own that are not given, or given
        others.
    DamagedFileError
        A file of the run that is truncated, was altered, or is of another version or something
        else. Nothing in it is ever executed.

    Examples
    --------
    >>> import tempfile, otgan
    >>> config = otgan.GANConfig(steps=2, n_critic=1, width=8, monitor_every=1, monitor_points=64)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = otgan.train_gan("ring8", config, out=f"{folder}/run")
    ...     run = load_run(f"{folder}/run")
    >>> run.generate(3).tolist() == result.generate(3).tolist()
    True
    """
    directory = RunDirectory.at(path, "path")
    if config is not None and not isinstance(config, GANConfig):
        raise InvalidInputError(
            f"config must be the GANConfig of the run, or None, got {type(config).__name__}; to "
            "fix it, leave it out, unless the run holds objects of your own"
        )
    directory.settings()  # which a run of another version, or a damaged one, does not have
    stored = directory.checkpoint(CPU)
    outcome = directory.outcome()
    _check_objects(stored, directory.path, config)
    networks = _Networks.of(stored, directory.path, GivenNetworks(generator, critic), config)
    return Run(
        path=directory.path,
        config=networks.config,
        evaluation=None if outcome is None else outcome.evaluation,
        records=tuple(networks.state.records),
        generator=networks.generator(),
        critic=networks.critic(),
    )


def critic_of_checkpoint(path: Path) -> nn.Module:
    """The critic in the checkpoint of a run, as a function of points in the units of the data.

    Raises
    ------
    InvalidInputError
        A run without a critic, or with networks or objects of the user's own.
    DamagedFileError
        Truncated, altered or something else.
    """
    stored = read_checkpoint(path, "run", CPU, START_ANEW)
    found = _Networks.of(stored, path, GivenNetworks(), None).critic()
    if found is None:
        raise InvalidInputError(
            f"{path} must be of a run that trains a critic, got one of the exact objective; to fix "
            "it, train with another"
        )
    return found


@dataclass(frozen=True)
class _Networks:
    """The networks of a checkpoint, built anew."""

    state: TrainState
    identity: RunIdentity
    config: GANConfig

    @classmethod
    def of(
        cls,
        stored: Mapping[str, Any],
        path: Path,
        given: GivenNetworks,
        config: GANConfig | None,
    ) -> _Networks:
        identity = RunIdentity.from_dict(stored, path)
        _check_given(identity, given, path)
        shape = identity.data.shape
        if config is None:
            config = GANConfig.from_dict(identity.settings)
        else:
            config = config.for_shape(shape)
            identity.check_settings(config, path)
        state = TrainState.start(shape, config, CPU, given)
        state.load_dict(dict(stored))
        return cls(state, identity, config)

    def generator(self) -> Generator:
        """The one that was kept."""
        return self.state.kept_generator(self.identity.units)

    def critic(self) -> nn.Module | None:
        """The last one."""
        return self.state.final_critic(self.identity.units, self.config)


def _check_objects(stored: Mapping[str, Any], path: Path, config: GANConfig | None) -> None:
    """Raise if the settings of a run hold objects of the user's own, and they are not given."""
    if config is not None:
        return
    settings = RunIdentity.from_dict(stored, path).settings
    own = {name: kind for name, value in settings.items() if (kind := own_class(value))}
    for name, kind in own.items():
        raise InvalidInputError(
            f"config must be given for the run in {path}, whose {name} is one of your own "
            f"({kind}), got None; to fix it, call load_run(path, config=...) with its GANConfig"
        )


def _check_given(identity: RunIdentity, given: GivenNetworks, path: Path) -> None:
    """Raise unless the user's own networks are given, and no others."""
    for name, network in given._asdict().items():
        own = identity.networks.get(name)
        if own is not None and network is None:
            raise InvalidInputError(
                f"{name} must be given for the run in {path}, which trained one of your own "
                f"({own}), got None; to fix it, call load_run(path, {name}=...) with such a network"
            )
        if own is None and network is not None:
            raise InvalidInputError(
                f"{name} must be left out for the run in {path}, which trained the built-in one, "
                f"got {type(network).__name__}; to fix it, call load_run(path)"
            )
