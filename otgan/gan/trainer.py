"""Train a GAN, measured in exact distance. The loop is `_train`."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.amp import GradScaler

from otgan.critics.forward import evaluating
from otgan.critics.training.interrupt import deferred_interrupt, ends_with_the_program, stopped
from otgan.devices import naming_the_batch_size
from otgan.errors import InvalidInputError
from otgan.gan.averaging import set_batch_statistics, update_average
from otgan.gan.batches import Batches
from otgan.gan.compatibility import refuse_incompatible
from otgan.gan.config import GANConfig
from otgan.gan.data import TrainingData, as_training_data
from otgan.gan.device import device_of_run
from otgan.gan.distributed import Processes
from otgan.gan.divergence import refuse_divergence
from otgan.gan.final_evaluation import evaluate
from otgan.gan.game import Batch
from otgan.gan.gradients import Gradients
from otgan.gan.identity import RunIdentity
from otgan.gan.latents import draw_latents
from otgan.gan.learning_rates import critic_steps, set_learning_rates
from otgan.gan.measuring.correlations import rank_correlations
from otgan.gan.measuring.features import features_for
from otgan.gan.monitor import Monitor
from otgan.gan.objectives.tried import check_losses
from otgan.gan.players import GivenNetworks
from otgan.gan.random_streams import RandomStreams
from otgan.gan.recorder import RunRecorder
from otgan.gan.records import Record
from otgan.gan.result import TrainResult
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.gan.tensorboard import require_tensorboard
from otgan.gan.verdict import verdict
from otgan.inputs.options import as_flag
from otgan.keywords import checks_keywords
from otgan.launch import launch
from otgan.progress import Progress, as_progress, reporting
from otgan.torch_modes import gradients_on

__all__ = ["train_gan"]

TRIED_STEPS = 5
"""Steps that show whether a batch fits: the fourth is captured."""


@checks_keywords
@ends_with_the_program()
@gradients_on()
def train_gan(
    data: Any,
    config: GANConfig | None = None,
    *,
    generator: Any = None,
    critic: Any = None,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: bool = False,
    progress: Progress = False,
) -> TrainResult:
    """Train a GAN and measure it in exact distance as it learns.

    Every ``config.monitor_every`` generator steps, held-out real points are compared with
    generated ones: critic estimate, certified lower bound, exact W1, and the floor (exact W1
    between two independent real samples). Processes that torchrun has started train one GAN
    together, each on its share of every batch, and all return its result.

    Parameters
    ----------
    data : str, path, array_like, torch.Tensor, data set or Sampler
        A data set's name, a file, a folder of pictures, points of shape (n, d), images of shape
        (n, c, h, w), a ``torch.utils.data.Dataset``, or an object with ``d`` and ``sample(n,
        rng)``. Of a finite data set, 40 % is held out for measuring. Networks see images scaled to
        [-1, 1], and vectors centered and divided by their spread.
    config : GANConfig, optional
        By default a Wasserstein GAN under the one-sided gradient penalty, with the settings of
        WGAN-GP.
    generator, critic : torch.nn.Module or callable, optional
        Networks of your own instead of those of `config`: a module, which is copied, or a function
        without arguments that builds one. The generator maps latents, shape (n, latent_dim), to
        points as networks see them, shape (n, d) or (n, c, h, w); the critic maps such points (with
        ``pack=m``, m of them side by side) to scores, shape (n,) or (n, 1).
    out : path, optional
        Run directory, for metrics.csv, checkpoint.pt, snapshots and summary.json. Without it
        nothing is written, and an interrupted run is lost.
    resume : bool
        Continue the run in `out`, to the same result as if it had never stopped (bit for bit on
        a CPU). The data must be the same. `steps`, `learning_rate`,
        `critic_learning_rate`, `schedule`, `monitor_every` and `device` may differ from before,
        which is then recorded; other settings may not.
    overwrite : bool
        Whether an earlier run in `out` is replaced.
    tensorboard : bool
        Whether measurements are also written for TensorBoard, into the folder ``tensorboard`` of
        `out`. A run that is resumed goes on there.
    progress : bool or callable
        Whether to show a progress bar; or a function of (done, total, message), called after
        every generator step.

    Returns
    -------
    TrainResult

    Raises
    ------
    TrainingDivergedError
        A loss became NaN, infinite or huge; the last checkpoint is kept.
    DeviceMemoryError
        Batches that the GPU's memory does not hold; it names a size that it does. In several
        processes it is torch's own error, and names none.
    KeyboardInterrupt
        After a checkpoint was written.
    InvalidInputError
        Bad data, settings or networks, or some that exclude each other; an earlier run in `out`
        and neither `resume` nor `overwrite`; `resume` without a checkpoint, or with other data or
        settings.
    MissingExtraError
        `tensorboard`, and it is not installed.
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
    flags = {"resume": resume, "overwrite": overwrite, "tensorboard": tensorboard}
    _check_arguments(config, out, flags, progress)
    training_data = as_training_data(data, config.rng)
    given = GivenNetworks(generator, critic)
    if config.network in ("dcgan", "resnet") and None in given:
        training_data = training_data.as_images()
    config = config.for_shape(training_data.shape)
    _refuse_before_training(training_data, config, given)
    # A device that is not there, or networks that do not fit, before anything is written.
    device = device_of_run(config, training_data.shape, given)
    state = TrainState.start(training_data.shape, config, device, given)
    directory = None if out is None else RunDirectory.at(out)
    if resume and directory is not None:
        directory.settings()  # where no run is, none is resumed, and no folder is made
    first = launch().rank == 0
    if first and not resume and not overwrite and directory is not None:
        directory.check_free()
    with directory.writing() if directory is not None and first else nullcontext():
        run = (training_data, config, state, given.names, directory, device)
        return _run(*run, resume=resume, tensorboard=tensorboard, progress=progress)


def _check_arguments(config: Any, out: Any, flags: Mapping[str, Any], progress: Any) -> None:
    if not isinstance(config, GANConfig):
        raise InvalidInputError(
            f"config must be a GANConfig, got {type(config).__name__}; to fix it, pass "
            "GANConfig(...) with these settings"
        )
    for name, flag in flags.items():
        as_flag(flag, name, "pass one of them")
    as_progress(progress)
    if flags["tensorboard"]:
        require_tensorboard()
    if flags["resume"] and flags["overwrite"]:
        raise InvalidInputError(
            "overwrite must be False where a run is resumed, got True; to fix it, pass one of them"
        )
    if out is not None:
        RunDirectory.at(out)
    elif wanted := [name for name, flag in flags.items() if flag]:
        raise InvalidInputError(
            f"{wanted[0]}=True must come with the folder of the run, got out=None; to fix it, pass "
            "out="
        )


def _refuse_before_training(data: TrainingData, config: GANConfig, given: GivenNetworks) -> None:
    """Raise if data, settings and networks do not go together."""
    check_losses(config.played_objective)
    labeled = data.train_labels is not None
    objective = config.played_objective
    if objective.needs_labels and not data.n_train:
        raise InvalidInputError(
            f"objective {objective.name!r} must have a finite set of labeled data, got a sampler "
            "or stream, of which only points are read; to fix it, pass a torch Dataset of (point, "
            "label) items with a length"
        )
    refuse_incompatible(
        config,
        data.shape,
        own_critic=given.critic is not None,
        labeled=labeled,
        processes=launch().size,
    )
    if labeled and objective.needs_labels:
        data.require_labels(getattr(objective, "n_classes", None))
    if 0 < data.n_train < config.batch_size:
        raise InvalidInputError(
            f"batch_size must be at most the number of training points, {data.n_train:,} (40 % of "
            f"the data are held out for measuring), got {config.batch_size:,}; to fix it, lower "
            "batch_size in the GANConfig, or give more points"
        )


def _run(
    data: TrainingData,
    config: GANConfig,
    state: TrainState,
    own: Mapping[str, str],
    directory: RunDirectory | None,
    device: torch.device,
    *,
    resume: bool,
    tensorboard: bool,
    progress: Progress,
) -> TrainResult:
    """Start or resume, train, and evaluate; `own` are the classes of the user's networks."""
    processes = Processes.joined(device)
    progress = progress if processes.is_first else False
    path = None if directory is None else directory.path
    stored = directory.checkpoint(device) if resume and directory is not None else None
    if stored is None or path is None:
        identity, changed = RunIdentity.of(data, config, own), False
    else:
        before = RunIdentity.from_dict(stored, path)
        identity = before.continued(data, config, stored["step"], path, own)
        data, changed = identity.scaled_as_stored(data), identity.changes != before.changes
    _refuse_other_processes(processes, identity)
    trained = None if stored is None else stored["features"]
    features = features_for(
        config.features, data, device, rng=config.rng, stored=trained, progress=progress
    )
    monitor = Monitor(data, config, RandomStreams(config.rng), device, features)
    recorder = RunRecorder(directory, state, identity, features, writes=processes.is_first)
    _start_or_load(state, monitor, stored)
    if stored is None:
        recorder.start()
    elif changed:
        recorder.settings()
    recorder.open_tensorboard(start=tensorboard)
    processes.start_equal(state.generator, state.critic)
    batches = Batches(config, monitor, state.game.objective.needs_labels, processes)
    try:
        _train_within_memory(state, batches, recorder, progress)
        result = _evaluated(state, batches, path)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(recorder.how_to_resume()) from None
    finally:
        recorder.close()
    recorder.outcome(result)
    return result


def _refuse_other_processes(processes: Processes, identity: RunIdentity) -> None:
    """Raise in all processes if the data or settings of one are not those of the first."""
    data, settings = identity.data, identity.settings
    first_data, first_settings = processes.from_first((data, settings))
    got = first_data.difference(data) or ""
    for name, value in first_settings.items():
        if settings[name] != value:
            got = f"{name} {settings[name]!r} instead of {value!r}"
    if processes.any(bool(got)):
        raise InvalidInputError(
            "data and config must be the same in every process, got "
            f"{got or 'others in another one'} (process {processes.rank} of {processes.size}); to "
            "fix it, draw or read them under one seed: each process takes its own rows of a batch"
        )


def _start_or_load(state: TrainState, monitor: Monitor, stored: dict[str, Any] | None) -> None:
    """Let constraint and stabilizers prepare new networks; or go on with those of a checkpoint."""
    if stored is not None:
        state.load_dict(stored)
        return
    config = monitor.config
    points = getattr(config.critic_constraint, "n_start_points", 0) or config.batch_size
    batch = Batches(config, monitor).draw(0, "start", points)
    with monitor.streams.seeding(0, "layers", monitor.device):
        state.game.start(state.generator, state.critic, batch)


def _evaluated(state: TrainState, batches: Batches, out: Path | None) -> TrainResult:
    """The best generator of a run that has ended, evaluated on new draws."""
    config, monitor, processes = batches.config, batches.monitor, batches.processes
    measured = processes.from_first((state.best, state.selection, state.records))
    state.best, state.selection, state.records = measured
    generator, points = state.kept_generator(monitor.units), config.evaluation_points
    found = evaluate(monitor, generator.network, points=points) if processes.is_first else None
    evaluation = processes.from_first(found)
    assert evaluation is not None
    return TrainResult(
        evaluation=evaluation,
        verdict=verdict(evaluation, state.records, state.selection.kept_step),
        kept_step=state.selection.kept_step,
        rank_correlations=rank_correlations(state.records),
        records=tuple(state.records),
        generator=generator,
        critic=state.final_critic(monitor.units, config),
        monitor=monitor,
        out=out,
    )


def _train_within_memory(
    state: TrainState, batches: Batches, recorder: RunRecorder, progress: Progress
) -> None:
    """Train, and name a batch size that fits where the device's memory does not hold this one."""
    if batches.processes.size > 1:  # whose steps wait for each other: none is tried alone
        return _train(state, batches, recorder, progress)
    return naming_the_batch_size(
        lambda: _train(state, batches, recorder, progress),
        batches.config.batch_size,
        lambda size: _try_steps(state, batches, size),
        multiple_of=batches.config.pack,
    )


def _try_steps(state: TrainState, batches: Batches, batch_size: int) -> None:
    """Make some steps of another batch size, until one is replayed where they are captured."""
    config = replace(batches.config, batch_size=batch_size)
    gradients = _gradients(state, config, batches.processes)
    for _ in range(TRIED_STEPS):
        drawn = replace(batches, config=config).of_step(1, 2)
        if state.critic is not None:
            _critic_step(state, config, gradients, next(drawn))
        _generator_step(state, config, gradients, next(drawn))


def _train(state: TrainState, batches: Batches, recorder: RunRecorder, progress: Progress) -> None:
    """The whole of GAN training, from top to bottom."""
    config, processes = batches.config, batches.processes
    gradients = _gradients(state, config, processes)
    started = time.perf_counter() - (state.records[-1].seconds if state.records else 0.0)
    bar = reporting(progress, config.steps, "training", unit="step", done=state.step)
    with bar as report, deferred_interrupt() as interrupted:
        while state.step < config.steps:
            step = state.step + 1
            set_learning_rates(state, config)

            turns = 0 if state.critic is None else critic_steps(step, config)
            drawn = batches.of_step(step, turns + 1)

            with _seeded_layers(batches, step):
                # The critic learns to tell real from generated points as well as it can ...
                for _ in range(turns):
                    _critic_step(state, config, gradients, next(drawn))

                # ... and the generator moves its points to where the critic takes them for real.
                _generator_step(state, config, gradients, next(drawn))
            update_average(state.averaged, state.generator, config.average, step)
            state.game.update(state.generator, state.critic)
            state.step = step

            message = ""
            if processes.is_first and (step % config.monitor_every == 0 or step == config.steps):
                seconds = time.perf_counter() - started
                message = _headline(_measure(state, batches, recorder, seconds))
            report(step, message)
            if processes.any(interrupted()):
                recorder.checkpoint()
                raise stopped(recorder.how_to_resume())
    if processes.is_first and (not state.records or state.records[-1].step < state.step):
        _measure(state, batches, recorder, time.perf_counter() - started)  # ends where it stopped


def _seeded_layers(batches: Batches, step: int) -> AbstractContextManager[None]:
    """Layers such as dropout draw the same numbers whenever a step is made."""
    monitor = batches.monitor
    # A captured step goes on with the generator that it was captured with.
    device = torch.device("cpu") if batches.config.capture else monitor.device
    return monitor.streams.seeding(step, "layers", device)


def _gradients(state: TrainState, config: GANConfig, processes: Processes) -> Gradients:
    return Gradients(
        state.generator,
        state.critic,
        state.game,
        fused=config.precision == "float32",
        precision=state.precision,
        capture=config.capture,
        processes=processes,
    )


def _critic_step(state: TrainState, config: GANConfig, gradients: Gradients, batch: Batch) -> None:
    """One step of the critic; then the projection of the constraint."""
    critic, optimizer = state.critic, state.critic_optimizer
    assert critic is not None
    assert optimizer is not None
    loss = gradients.of_critic(batch, state.step)
    refuse_divergence(loss, state.step, "critic")
    _step(critic, optimizer, state.precision.critic_scaler, config)
    if state.game.constraint is not None:
        state.game.constraint.project(critic)
    state.critic_loss = loss.terms["loss"].detach()


def _generator_step(
    state: TrainState, config: GANConfig, gradients: Gradients, batch: Batch
) -> None:
    """One step of the generator."""
    loss = gradients.of_generator(batch, state.step)
    refuse_divergence(loss, state.step, "generator")
    _step(state.generator, state.generator_optimizer, state.precision.generator_scaler, config)
    state.generator_loss = loss.terms["loss"].detach()


def _step(
    network: nn.Module, optimizer: torch.optim.Optimizer, scaler: GradScaler, config: GANConfig
) -> None:
    """Follow the gradients, no longer scaled and no longer than allowed."""
    scaler.unscale_(optimizer)
    if config.clip_grad_norm is not None:
        torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip_grad_norm)
    scaler.step(optimizer)
    scaler.update()


def _measure(state: TrainState, batches: Batches, recorder: RunRecorder, seconds: float) -> Record:
    """Measure, keep the generator if it is the best so far, and write all of it down."""
    monitor, config = batches.monitor, batches.config
    rng = monitor.streams.torch(0, "batch statistics", monitor.device)
    latents = draw_latents(16 * config.batch_size, config, rng, monitor.device)
    with monitor.streams.seeding(state.step, "statistics", monitor.device):
        set_batch_statistics(state.averaged, latents, config.batch_size)
    # In evaluation mode: in training mode, spectral normalization changes with every call.
    with evaluating(state.critic), evaluating(state.averaged):
        found = monitor.measure(state, seconds)
        drawn = None if state.game.separate else state.critic  # a function of single points
        snapshot = monitor.snapshot(found, drawn)
    state.records.append(found.record)
    state.select(found.record)
    recorder.measurement(snapshot)
    return found.record


def _headline(record: Record) -> str:
    shown = f"W1={record.exact_w1:.4f}, debiased={record.debiased_w1:.4f}"
    if math.isnan(record.modes):
        return shown
    return f"{shown}, modes={record.modes:.0f}, HQ={record.high_quality:.1%}"
