"""Train a GAN, measured in exact distance. The loop is `_train`."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from otgan.critics.constraints.base import Constraint
from otgan.critics.estimation.estimator import pick_device
from otgan.critics.forward import evaluating, scores
from otgan.critics.training.interrupt import deferred_interrupt, ends_with_the_program, stopped
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.gan.batches import Batches
from otgan.gan.config import GANConfig
from otgan.gan.data import TrainingData, as_training_data
from otgan.gan.generator import Generator
from otgan.gan.identity import RunIdentity
from otgan.gan.monitor import Monitor
from otgan.gan.random_streams import RandomStreams
from otgan.gan.recorder import RunRecorder
from otgan.gan.records import Record, rank_correlation
from otgan.gan.result import TrainResult
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.inputs.options import as_flag
from otgan.keywords import checks_keywords
from otgan.progress import Progress, as_progress, reporting
from otgan.torch_modes import gradients_on
from otgan.transport.gradients import distance_of_clouds

__all__ = ["train_gan"]


@checks_keywords
@ends_with_the_program()
@gradients_on()
def train_gan(
    data: Any,
    config: GANConfig | None = None,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress = False,
) -> TrainResult:
    """Train a GAN and measure it in exact distance as it learns.

    Every ``config.monitor_every`` generator steps, held-out real points are compared with
    generated ones: critic estimate, certified lower bound, exact W1, and the floor (exact W1
    between two independent real samples).

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor or Sampler
        A data set's name, a file, points of shape (n, d), or an object with ``d`` and
        ``sample(n, rng)``. Of a finite data set, 40 % is held out for measuring.
    config : GANConfig, optional
        By default a Wasserstein GAN under the one-sided gradient penalty, with the settings of
        WGAN-GP.
    out : path, optional
        Run directory, for metrics.csv, checkpoint.pt, snapshots and summary.json; an earlier run
        there is replaced. Without it nothing is written, and an interrupted run is lost.
    resume : bool
        Continue the run in `out`, to the same result as if it had never stopped (bit for bit on
        a CPU). The data must be the same. `steps`, `learning_rate`, `decay`, `monitor_every` and
        `device` may differ from before, which is then recorded; other settings may not.
    progress : bool or callable
        Whether to show a progress bar; or a function of (done, total, message), called after
        every generator step.

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
    training_data = as_training_data(data, config.rng)
    pick_device(config.device)  # a device that is not there is refused before anything is written
    directory = None if out is None else RunDirectory.at(out)
    if resume and directory is not None:
        directory.settings()  # where no run is, none is resumed, and no folder is made
    with nullcontext() if directory is None else directory.writing():
        return _run(training_data, config, directory, resume=resume, progress=progress)


def _check_arguments(config: Any, out: Any, *, resume: Any, progress: Any) -> None:
    if not isinstance(config, GANConfig):
        raise InvalidInputError(
            f"config must be a GANConfig, got {type(config).__name__}; to fix it, pass "
            "GANConfig(...) with these settings"
        )
    as_flag(resume, "resume", "pass one of them")
    as_progress(progress)
    if out is not None:
        RunDirectory.at(out)
    elif resume:
        raise InvalidInputError(
            "resume=True must come with the folder of the run, got out=None; to fix it, pass out="
        )


def _run(
    data: TrainingData,
    config: GANConfig,
    directory: RunDirectory | None,
    *,
    resume: bool,
    progress: Progress,
) -> TrainResult:
    """Start or resume, train, and evaluate."""
    device = pick_device(config.device)
    stored = directory.checkpoint(device) if resume and directory is not None else None
    if stored is None or directory is None:
        identity, changed = RunIdentity.of(data, config), False
    else:
        before = RunIdentity.from_dict(stored, directory.path)
        identity = before.continued(data, config, stored["step"], directory.path)
        data, changed = identity.scaled_as_stored(data), identity.changes != before.changes
    state = TrainState.start(data.d, config, device)
    recorder = RunRecorder(directory, state, identity)
    streams = RandomStreams(config.rng)
    constraint = config.critic_constraint
    monitor = Monitor(data, constraint, config.monitor_points, config.latent_dim, streams, device)
    if stored is None:
        _start_critic(state, config, Batches(config, monitor))
        recorder.start()
    else:
        state.load_dict(stored)
    if changed:
        recorder.settings()
    try:
        _train(state, config, monitor, recorder, progress)
        result = _evaluated(state, config, monitor, None if directory is None else directory.path)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(recorder.how_to_resume()) from None
    if directory is not None:
        directory.write_summary(result.to_dict())
    return result


def _evaluated(
    state: TrainState, config: GANConfig, monitor: Monitor, out: Path | None
) -> TrainResult:
    """The best generator of a run that has ended, evaluated on new draws."""
    state.averaged.load_state_dict(state.best)
    if state.critic is not None and config.critic_constraint is not None:
        config.critic_constraint.finish(state.critic)  # what the checkpoint holds can be trained on
    return TrainResult(
        evaluation=monitor.evaluate(state.averaged, points=config.evaluation_points),
        rank_correlation=rank_correlation(state.records),
        records=tuple(state.records),
        generator=Generator(state.averaged, monitor.data.center, monitor.data.scale),
        critic=None if state.critic is None else monitor.on_original_scale(state.critic),
        monitor=monitor,
        out=out,
    )


def _start_critic(state: TrainState, config: GANConfig, batches: Batches) -> None:
    """Let the constraint initialize the critic from real points and those of a new generator."""
    constraint, critic = config.critic_constraint, state.critic
    if constraint is None or critic is None or not constraint.starts_in_gan:
        return
    if constraint.n_start_points:
        real, latents, _ = batches.draw(0, "start", constraint.n_start_points)
        with torch.no_grad():
            fake = state.generator(latents)
        constraint.start(critic, real, fake)
        constraint.project(critic)


def _train(
    state: TrainState,
    config: GANConfig,
    monitor: Monitor,
    recorder: RunRecorder,
    progress: Progress,
) -> None:
    """The whole of GAN training, from top to bottom."""
    batches, constraint = Batches(config, monitor), config.critic_constraint
    started = time.perf_counter() - (state.records[-1].seconds if state.records else 0.0)
    bar = reporting(progress, config.steps, "training", unit="step", done=state.step)
    with bar as report, deferred_interrupt() as interrupted:
        while state.step < config.steps:
            step = state.step + 1
            _set_learning_rate(state, config)

            # The critic learns to separate real from generated points as well as it can ...
            if constraint is not None:
                for turn in range(config.n_critic):
                    real, latents, rng = batches.draw(step, f"critic {turn}")
                    _critic_step(state, constraint, real, latents, rng)

            # ... and the generator moves its points where the critic scores higher.
            real, latents, _ = batches.draw(step, "generator")
            _generator_step(state, real, latents)
            _update_average(state.averaged, state.generator, config.average, step)
            state.step = step

            message = ""
            if step % config.monitor_every == 0 or step == config.steps:
                seconds = time.perf_counter() - started
                message = _headline(_measure(state, monitor, recorder, seconds))
            report(step, message)
            if interrupted():
                recorder.checkpoint()
                raise stopped(recorder.how_to_resume())
    if not state.records or state.records[-1].step < state.step:  # it ends where it was stopped
        _measure(state, monitor, recorder, time.perf_counter() - started)


def _measure(state: TrainState, monitor: Monitor, recorder: RunRecorder, seconds: float) -> Record:
    """Measure, keep the generator if it is the best so far, and write all of it down."""
    # In evaluation mode: in training mode, spectral normalization changes with every call.
    with evaluating(state.critic):
        found = monitor.measure(state.step, state.averaged, state.critic, seconds)
        snapshot = monitor.snapshot(found, state.critic)
    state.records.append(found.record)
    w1 = found.record.exact_w1
    if w1 < state.best_w1 or monitor.within_floor(w1):
        state.remember_best(w1)
    recorder.measurement(snapshot)
    return found.record


def _critic_step(
    state: TrainState, constraint: Constraint, real: Tensor, latents: Tensor, rng: torch.Generator
) -> None:
    """Descend the constraint's loss, E f(generated) - E f(real) and its penalty; then project."""
    assert state.critic is not None
    assert state.critic_optimizer is not None
    with torch.no_grad():
        fake = state.generator(latents)
    _check_finite(fake, "a generated point", state)
    loss = constraint.loss(state.critic, real, fake, rng)
    state.critic_optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    state.critic_optimizer.step()
    constraint.project(state.critic)


def _generator_step(state: TrainState, real: Tensor, latents: Tensor) -> None:
    """Descend -E f(generated); without a critic, the exact distance of the two batches."""
    fake = state.generator(latents)
    _check_finite(fake, "a generated point", state)
    if state.critic is None:
        loss = distance_of_clouds(fake, real)
    else:
        loss = -scores(state.critic, fake).mean()
    _check_finite(loss, "the generator's loss", state)
    state.generator_optimizer.zero_grad(set_to_none=True)
    loss.backward()
    state.generator_optimizer.step()


def _set_learning_rate(state: TrainState, config: GANConfig) -> None:
    """A function of the step alone, so that there is no schedule to store."""
    fraction = 1.0 - state.step / config.steps if config.decay else 1.0
    for optimizer in (state.generator_optimizer, state.critic_optimizer):
        for group in optimizer.param_groups if optimizer else ():
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * fraction


@torch.no_grad()
def _update_average(averaged: nn.Module, generator: nn.Module, decay: float, step: int) -> None:
    # A shorter memory early on, or the average would be that of the random start.
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


def _headline(record: Record) -> str:
    shown = f"W1={record.exact_w1:.4f}, floor={record.floor:.4f}"
    if math.isnan(record.modes):
        return shown
    return f"{shown}, modes={record.modes:.0f}, HQ={record.high_quality:.1%}"
