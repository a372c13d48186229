"""Train a Wasserstein GAN, measured in exact distance. The loop is `_train`."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm import tqdm

from otgan.critics.constraints.base import Constraint
from otgan.critics.estimation.estimator import pick_device
from otgan.critics.networks.mlp import scores
from otgan.critics.training.interrupt import deferred_interrupt, ends_with_the_program, stopped
from otgan.datasets.files.read_options import stored_options
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.gan.config import GANConfig
from otgan.gan.data import Source, as_source
from otgan.gan.generator import Generator
from otgan.gan.identity import Identity
from otgan.gan.monitor import Evaluation, Monitor
from otgan.gan.randomness import Randomness
from otgan.gan.records import Record, rank_correlation
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.inputs.options import as_count, as_flag, as_seed
from otgan.measures import FloatArray
from otgan.torch_modes import gradients_on
from otgan.transport.exact import wasserstein

__all__ = ["TrainResult", "resume_gan", "train_gan"]


@dataclass(frozen=True)
class TrainResult:
    """A trained generator and how good it is.

    Attributes
    ----------
    evaluation : Evaluation
        The best generator on new draws: exact W1, floor, modes.
    rank_correlation : float
        Spearman's correlation of the critic's estimate and exact W1 over the run; without a
        critic, one by construction.
    records : tuple of Record
        Every measurement of the run.
    generator : torch.nn.Module
        The averaged generator with the smallest exact W1 measured; among those whom W1 cannot tell
        from perfect samples, the last. It makes standard normal latents, shape (n, latent_dim), to
        points in the units of the data.
    critic : torch.nn.Module or None
        The last critic, as a function of points in the units of the data; None for the exact
        constraint.
    out : Path or None
        The run's folder.
    """

    evaluation: Evaluation
    rank_correlation: float
    records: tuple[Record, ...] = field(repr=False)
    generator: Generator = field(repr=False)
    critic: nn.Module | None = field(repr=False)
    monitor: Monitor = field(repr=False)
    out: Path | None = None

    def summary(self) -> dict[str, Any]:
        """The outcome in plain values, as summary.json holds it."""
        return {
            **dataclasses.asdict(self.evaluation),
            "ratio": self.evaluation.ratio,
            "rank_correlation": self.rank_correlation,
            "seconds": self.records[-1].seconds,
        }

    def generate(self, n: int, *, seed: int = 0) -> FloatArray:
        """Draw `n` points from the trained generator, shape (n, d), in the units of the data."""
        hint = "pass one"
        n, seed = as_count(n, "n", hint=hint), as_seed(seed, hint, "seed")
        return self.monitor.generate(self.generator.network, n, seed, "user")


@ends_with_the_program()
@gradients_on()
def train_gan(
    data: Any,
    config: GANConfig | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> TrainResult:
    """Train a Wasserstein GAN and measure it in exact distance as it learns.

    Every ``config.monitor_every`` generator steps, held-out real points are compared with
    generated ones: critic estimate, certified lower bound, exact W1, and the floor (exact W1
    between two independent real samples).

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor or Sampler
        A data set's name, a file, points of shape (n, d), or an object with ``d`` and
        ``sample(n, rng)``. Of a finite data set, 40 % is held out for measuring.
    config : GANConfig, optional
        By default the one-sided gradient penalty, with the settings of WGAN-GP.
    out : path, optional
        Folder for metrics.csv, checkpoint.pt, snapshots and summary.json; an earlier run there
        is replaced. Without it nothing is written, and an interrupted run is lost.
    resume : bool
        Continue the run in `out`, to the same result as if it had never stopped (bit for bit on
        a CPU). The data must be the same. Steps, learning rate, its decay, how often the run
        measures and the device may be others than before, and are then recorded; other settings
        may not.
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    TrainResult

    Raises
    ------
    TrainingDivergedError
        A loss became NaN or infinite; the last checkpoint is kept.
    KeyboardInterrupt
        After a checkpoint was written.
    InvalidInputError
        Bad data or settings; `resume` without a checkpoint, or with other data or settings.
    DamagedFileError
        A checkpoint that is truncated, was altered, or is something else.
    OutputError
        A folder that cannot be written to, or that another run is writing to.

    References
    ----------
    Arjovsky, Chintala and Bottou, Wasserstein GAN (ICML 2017), Algorithm 1; Gulrajani et al.,
    Improved training of Wasserstein GANs (NeurIPS 2017), Algorithm 1.

    Examples
    --------
    >>> config = GANConfig(steps=2, n_critic=1, width=8, monitor_every=1, monitor_points=64)
    >>> result = train_gan("ring8", config)
    >>> len(result.records), result.generate(5).shape
    (2, (5, 2))
    """
    config = GANConfig() if config is None else config
    _check_arguments(config, out, resume=resume, progress=progress)
    source = as_source(data, config.seed)
    pick_device(config.device)  # a device that is not there is refused before anything is written
    folder = None if out is None else RunDirectory(Path(out))
    if resume and folder is not None:
        folder.settings()  # where no run is, none is resumed, and no folder is made
    with nullcontext() if folder is None else folder.writing():
        return _run(source, config, folder, resume=resume, progress=progress)


def resume_gan(
    out: str | Path,
    *,
    steps: int | None = None,
    learning_rate: float | None = None,
    decay: bool | None = None,
    monitor_every: int | None = None,
    device: str | None = None,
    progress: bool = False,
) -> TrainResult:
    """Continue the run in a folder, with the data and settings that it was started with.

    Parameters
    ----------
    out : path
        Folder of a run on a named data set or a file.
    steps, learning_rate, decay, monitor_every, device : optional
        Other settings from here on, as in `GANConfig`; the run records them.
    progress : bool
        Whether to show a progress bar.

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
    """
    _check_path(out)
    folder = RunDirectory(Path(out))
    config, name = folder.config(), folder.settings()["data"]
    stored = folder.checkpoint(torch.device("cpu"))
    identity = Identity.from_dict(stored, folder.path)
    known = identity.data
    if not name:
        raise InvalidInputError(
            f"the data of {out} must have a name to be loaded by, got a run that was given an "
            "array; to fix it, call train_gan(data, config, out=..., resume=True) with that array"
        )
    data = known.path if known.path and name == known.name else name
    if known.path and not Path(data).exists():
        raise InvalidInputError(
            f"the data of {out} must lie where they did, got nothing at {data}; to fix it, put "
            "them back, or call train_gan(data, config, out=..., resume=True) with their new place"
        )
    given = {
        "steps": steps,
        "learning_rate": learning_rate,
        "decay": decay,
        "monitor_every": monitor_every,
        "device": device,
    }
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    identity.check_told(config, folder.path, changes)
    config = dataclasses.replace(config, **changes)
    reading = stored_options(known.reading, Path(out) / "checkpoint.pt")
    source = as_source(data, config.seed, **reading)
    if source.record.path:  # the name that it was given, wherever this process runs
        record = dataclasses.replace(source.record, name=name)
        source = dataclasses.replace(source, record=record)
    return train_gan(source, config, out=out, resume=True, progress=progress)


def _check_arguments(config: Any, out: Any, *, resume: Any, progress: Any) -> None:
    if not isinstance(config, GANConfig):
        raise InvalidInputError(
            f"config must be a GANConfig, got {type(config).__name__}; to fix it, pass "
            "GANConfig(...) with these settings"
        )
    as_flag(resume, "resume", "pass one of them")
    as_flag(progress, "progress", "pass one of them")
    if out is not None:
        _check_path(out)
    elif resume:
        raise InvalidInputError(
            "resume=True must come with the folder of the run, got out=None; to fix it, pass out="
        )


def _check_path(out: Any) -> None:
    if not isinstance(out, (str, os.PathLike)) or not os.fspath(out):
        raise InvalidInputError(
            f"out must be the path of a folder, got {out!r}; to fix it, pass a string or a Path"
        )


def _run(
    source: Source, config: GANConfig, folder: RunDirectory | None, *, resume: bool, progress: bool
) -> TrainResult:
    """Start or resume, train, and judge."""
    device = pick_device(config.device)
    if resume and folder is not None:
        stored = folder.checkpoint(device)
        before = Identity.from_dict(stored, folder.path)
        identity = before.continued(source, config, stored["step"], folder.path)
        source = identity.place(source)
    else:
        stored, identity = None, Identity.of(source, config)
    state = TrainState.start(source.d, config, device)
    if stored is not None:
        state.load_dict(stored)
    save = _Saver(folder, state, identity)
    if stored is None:
        save.start()
    elif identity.changes != before.changes:
        save.settings()
    monitor = Monitor(
        source,
        config.rule,
        config.monitor_points,
        config.latent_dim,
        Randomness(config.seed),
        device,
    )
    try:
        _train(state, config, source, monitor, save, progress)
        state.averaged.load_state_dict(state.best)
        evaluation = monitor.evaluate(state.averaged, points=config.evaluation_points)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(save.told(state.step)) from None
    result = TrainResult(
        evaluation=evaluation,
        rank_correlation=rank_correlation(state.records),
        records=tuple(state.records),
        generator=Generator(state.averaged, source.center, source.scale),
        critic=None if state.critic is None else monitor.on_original_scale(state.critic),
        monitor=monitor,
        out=None if folder is None else folder.path,
    )
    if folder is not None:
        folder.write_summary(result.summary())
    return result


@dataclass(frozen=True)
class _Saver:
    """Writes a run to its folder, if it has one."""

    folder: RunDirectory | None
    run: TrainState
    identity: Identity

    def start(self) -> None:
        """The first checkpoint: a run can be killed before it measures anything."""
        if self.folder is not None:
            self.folder.start(self.identity.to_json())
            self.checkpoint()

    def settings(self) -> None:
        """Settings that were changed, first for people: a checkpoint that lacks them is no harm."""
        if self.folder is not None:
            self.folder.write_settings(self.identity.to_json())
            self.checkpoint()

    def checkpoint(self) -> None:
        """All of the run."""
        if self.folder is not None:
            self.folder.write_checkpoint({**self.run.to_dict(), **self.identity.to_dict()})

    def measurement(self, snapshot: dict[str, FloatArray]) -> None:
        """The last record, with what it was measured on."""
        if self.folder is not None:
            self.folder.write_metrics(self.run.records)
            self.folder.write_snapshot(self.run.step, snapshot)
            self.checkpoint()

    def told(self, step: int) -> str:
        """What to say of a run that was stopped."""
        if self.folder is None:
            return f"stopped at step {step:,}; the run is lost, for it was given no folder"
        return f"stopped at step {step:,}; to go on, run: otgan resume {self.folder.path}"


def _train(
    state: TrainState,
    config: GANConfig,
    source: Source,
    monitor: Monitor,
    save: _Saver,
    progress: bool,
) -> None:
    """The whole of WGAN training, from top to bottom."""
    batches = _Batches(source, config, monitor)
    started = time.perf_counter() - (state.records[-1].seconds if state.records else 0.0)
    bar = tqdm(
        total=config.steps, initial=state.step, disable=not progress, desc="training", unit="step"
    )
    with bar, deferred_interrupt() as interrupted:
        while state.step < config.steps:
            step = state.step + 1
            _set_learning_rate(state, config)

            # The critic learns to tell real from generated points as well as it can ...
            if config.rule is not None:
                for turn in range(config.n_critic):
                    real, latents, rng = batches.draw(step, f"critic {turn}")
                    _critic_step(state, config.rule, real, latents, rng)

            # ... and the generator moves its points where the critic scores higher.
            real, latents, _ = batches.draw(step, "generator")
            _generator_step(state, real, latents)
            _update_average(state.averaged, state.generator, config.average, step)
            state.step = step
            bar.update()

            if step % config.monitor_every == 0 or step == config.steps:
                seconds = time.perf_counter() - started
                record = _measure_and_save(state, monitor, save, seconds)
                bar.set_postfix(_headline(record))
            if interrupted():
                save.checkpoint()
                raise stopped(save.told(state.step))
    if not state.records or state.records[-1].step < state.step:  # it ends where it was stopped
        _measure_and_save(state, monitor, save, time.perf_counter() - started)


def _measure_and_save(state: TrainState, monitor: Monitor, save: _Saver, seconds: float) -> Record:
    with _undisturbed(state.critic):
        found = monitor.measure(state.step, state.averaged, state.critic, seconds)
        snapshot = monitor.snapshot(found, state.critic)
    state.records.append(found.record)
    if found.record.exact_w1 < state.best_w1 or monitor.looks_perfect(found.record.exact_w1):
        state.keep(found.record.exact_w1)
    save.measurement(snapshot)
    return found.record


@contextmanager
def _undisturbed(critic: nn.Module | None) -> Iterator[None]:
    """Evaluation mode: in training mode a look at spectrally normalized layers changes them."""
    if critic is None:
        yield
        return
    critic.eval()
    yield
    critic.train()


def _critic_step(
    state: TrainState, rule: Constraint, real: Tensor, latents: Tensor, rng: torch.Generator
) -> None:
    """Ascend E f(real) - E f(generated), less the penalty (or a rule's own loss); then project."""
    assert state.critic is not None
    assert state.critic_optimizer is not None
    with torch.no_grad():
        fake = state.generator(latents)
    if hasattr(rule, "loss"):
        _check_finite(fake, "a generated point", state)
        loss = rule.loss(state.critic, real, fake, rng)
    else:
        f_real, f_fake = scores(state.critic, torch.cat([real, fake])).split(len(real))
        loss = f_fake.mean() - f_real.mean() + rule.penalty(state.critic, real, fake, rng)
    state.critic_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    state.critic_optimizer.step()
    rule.project(state.critic)


def _generator_step(state: TrainState, real: Tensor, latents: Tensor) -> None:
    """Descend -E f(generated); without a critic, the exact distance of the two batches."""
    fake = state.generator(latents)
    _check_finite(fake, "a generated point", state)
    loss = wasserstein(fake, real) if state.critic is None else -scores(state.critic, fake).mean()
    _check_finite(loss, "the generator's loss", state)
    state.generator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    state.generator_optimizer.step()


def _set_learning_rate(state: TrainState, config: GANConfig) -> None:
    """A function of the step alone, so that there is no schedule to remember."""
    share = 1.0 - state.step / config.steps if config.decay else 1.0
    for optimizer in (state.generator_optimizer, state.critic_optimizer):
        for group in optimizer.param_groups if optimizer else ():
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * share


@torch.no_grad()
def _update_average(averaged: nn.Module, generator: nn.Module, decay: float, step: int) -> None:
    # Early on the average would remember the random start; let its memory grow with the run.
    decay = min(decay, (step - 1) / (step + 9))
    for slow, fast in zip(averaged.parameters(), generator.parameters(), strict=True):
        slow.lerp_(fast, 1.0 - decay)


def _check_finite(values: Tensor, what: str, state: TrainState) -> None:
    if not torch.isfinite(values).all():
        raise TrainingDivergedError(
            f"losses and points must stay finite, got NaN or infinity in {what} after "
            f"{state.step} steps; to fix it, lower learning_rate or change the constraint (the "
            "last checkpoint is from before)"
        )


def _headline(record: Record) -> dict[str, str]:
    shown = {"W1": f"{record.exact_w1:.4f}", "floor": f"{record.floor:.4f}"}
    if not math.isnan(record.modes):
        shown |= {"modes": f"{record.modes:.0f}", "HQ": f"{record.high_quality:.1%}"}
    return shown


@dataclass(frozen=True)
class _Batches:
    """Real points and latents for a step and purpose, the same whenever they are asked for."""

    source: Source
    config: GANConfig
    monitor: Monitor

    def draw(self, step: int, purpose: str) -> tuple[Tensor, Tensor, torch.Generator]:
        randomness, size = self.monitor.randomness, self.config.batch_size
        points = self.source.train.sample(size, randomness.numpy(step, purpose))
        rng = randomness.torch(step, purpose, self.monitor.device)
        latents = torch.randn(
            size,
            self.config.latent_dim,
            generator=rng,
            device=self.monitor.device,
            dtype=torch.float32,
        )
        return self.monitor.standardize(points), latents, rng
