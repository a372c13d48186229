"""Train a GAN, measured in exact distance. The loop is `_train`."""

from __future__ import annotations

import math
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch

from otgan.critics.estimation.estimator import pick_device
from otgan.critics.forward import evaluating
from otgan.critics.training.interrupt import deferred_interrupt, ends_with_the_program, stopped
from otgan.errors import InvalidInputError
from otgan.gan.averaging import set_batch_statistics, update_average
from otgan.gan.batches import Batches
from otgan.gan.compatibility import refuse_incompatible
from otgan.gan.config import GANConfig
from otgan.gan.data import TrainingData, as_training_data
from otgan.gan.divergence import refuse_divergence
from otgan.gan.final_evaluation import evaluate
from otgan.gan.game import Batch
from otgan.gan.generator import Generator
from otgan.gan.identity import RunIdentity
from otgan.gan.latents import draw_latents
from otgan.gan.learning_rates import critic_steps, set_learning_rates
from otgan.gan.measuring.correlations import rank_correlations
from otgan.gan.measuring.features import features_for
from otgan.gan.monitor import Monitor
from otgan.gan.players import GivenNetworks
from otgan.gan.random_streams import RandomStreams
from otgan.gan.recorder import RunRecorder
from otgan.gan.records import Record
from otgan.gan.result import TrainResult
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from otgan.gan.verdict import verdict
from otgan.inputs.options import as_flag
from otgan.keywords import checks_keywords
from otgan.progress import Progress, as_progress, reporting
from otgan.torch_modes import gradients_on

__all__ = ["train_gan"]


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
    progress: Progress = False,
) -> TrainResult:
    """Train a GAN and measure it in exact distance as it learns.

    Every ``config.monitor_every`` generator steps, held-out real points are compared with
    generated ones: critic estimate, certified lower bound, exact W1, and the floor (exact W1
    between two independent real samples).

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
        Run directory, for metrics.csv, checkpoint.pt, snapshots and summary.json; an earlier run
        there is replaced. Without it nothing is written, and an interrupted run is lost.
    resume : bool
        Continue the run in `out`, to the same result as if it had never stopped (bit for bit on
        a CPU). The data must be the same. `steps`, `learning_rate`,
        `critic_learning_rate`, `schedule`, `monitor_every` and `device` may differ from before,
        which is then recorded; other settings may not.
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
    KeyboardInterrupt
        After a checkpoint was written.
    InvalidInputError
        Bad data, settings or networks, or some that exclude each other; `resume` without a
        checkpoint, or with other data or settings.
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
    given = GivenNetworks(generator, critic)
    if config.network in ("dcgan", "resnet") and None in given:
        training_data = training_data.as_images()
    config = config.for_shape(training_data.shape)
    _refuse_before_training(training_data, config, given)
    pick_device(config.device)  # a device that is not there is refused before anything is written
    directory = None if out is None else RunDirectory.at(out)
    if resume and directory is not None:
        directory.settings()  # where no run is, none is resumed, and no folder is made
    with nullcontext() if directory is None else directory.writing():
        return _run(training_data, config, given, directory, resume=resume, progress=progress)


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


def _refuse_before_training(data: TrainingData, config: GANConfig, given: GivenNetworks) -> None:
    """Raise if data, settings and networks do not go together."""
    labeled = data.train_labels is not None
    refuse_incompatible(
        config,
        own_critic=given.critic is not None,
        labeled=labeled,
    )
    if labeled and config.played_objective.needs_labels:
        data.require_labels(getattr(config.played_objective, "n_classes", None))
    if 0 < data.n_train < config.batch_size:
        raise InvalidInputError(
            f"batch_size must be at most the number of training points, {data.n_train:,} (40 % of "
            f"the data are held out for measuring), got {config.batch_size:,}; to fix it, lower "
            "batch_size in the GANConfig, or give more points"
        )


def _run(
    data: TrainingData,
    config: GANConfig,
    given: GivenNetworks,
    directory: RunDirectory | None,
    *,
    resume: bool,
    progress: Progress,
) -> TrainResult:
    """Start or resume, train, and evaluate."""
    device = pick_device(config.device)
    stored = directory.checkpoint(device) if resume and directory is not None else None
    if stored is None or directory is None:
        identity, changed = RunIdentity.of(data, config, given.names), False
    else:
        before = RunIdentity.from_dict(stored, directory.path)
        identity = before.continued(data, config, stored["step"], directory.path, given.names)
        data, changed = identity.scaled_as_stored(data), identity.changes != before.changes
    state = TrainState.start(data.shape, config, device, given)
    features = features_for(
        config.features,
        data,
        device,
        rng=config.rng,
        stored=None if stored is None else stored["features"],
        progress=progress,
    )
    monitor = Monitor(data, config, RandomStreams(config.rng), device, features)
    recorder = RunRecorder(directory, state, identity, features)
    if stored is None:
        batches = Batches(config, monitor, labeled=False)
        points = getattr(config.critic_constraint, "n_start_points", 0) or config.batch_size
        state.game.start(state.generator, state.critic, batches.draw(0, "start", points))
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
    data = monitor.data
    evaluation = evaluate(monitor, state.averaged, points=config.evaluation_points)
    return TrainResult(
        evaluation=evaluation,
        verdict=verdict(evaluation, state.records, state.selection.kept_step),
        rank_correlations=rank_correlations(state.records),
        records=tuple(state.records),
        generator=Generator(state.averaged, data.center, data.scale, data.shape).eval(),
        critic=None if state.critic is None else monitor.on_original_scale(state.critic),
        monitor=monitor,
        out=out,
    )


def _train(
    state: TrainState,
    config: GANConfig,
    monitor: Monitor,
    recorder: RunRecorder,
    progress: Progress,
) -> None:
    """The whole of GAN training, from top to bottom."""
    batches = Batches(config, monitor, labeled=state.game.objective.needs_labels)
    started = time.perf_counter() - (state.records[-1].seconds if state.records else 0.0)
    bar = reporting(progress, config.steps, "training", unit="step", done=state.step)
    with bar as report, deferred_interrupt() as interrupted:
        while state.step < config.steps:
            step = state.step + 1
            set_learning_rates(state, config)

            # The critic learns to tell real from generated points as well as it can ...
            if state.critic is not None:
                for turn in range(critic_steps(step, config)):
                    _critic_step(state, config, batches.draw(step, f"critic {turn}"))

            # ... and the generator moves its points to where the critic takes them for real.
            _generator_step(state, config, batches.draw(step, "generator"))
            update_average(state.averaged, state.generator, config.average, step)
            state.game.update(state.generator, state.critic)
            state.step = step

            message = ""
            if step % config.monitor_every == 0 or step == config.steps:
                seconds = time.perf_counter() - started
                message = _headline(_measure(state, batches, recorder, seconds))
            report(step, message)
            if interrupted():
                recorder.checkpoint()
                raise stopped(recorder.how_to_resume())
    if not state.records or state.records[-1].step < state.step:  # it ends where it was stopped
        _measure(state, batches, recorder, time.perf_counter() - started)


def _critic_step(state: TrainState, config: GANConfig, batch: Batch) -> None:
    """One step of the critic; then the projection of the constraint."""
    critic, optimizer = state.critic, state.critic_optimizer
    assert critic is not None
    assert optimizer is not None
    with torch.no_grad():
        fake = state.generator(batch.latents)
    loss = state.game.critic_loss(critic, batch, fake)
    refuse_divergence(loss, fake, state.step, "critic")
    optimizer.zero_grad(set_to_none=True)
    loss.total.backward()
    if config.clip_grad_norm is not None:
        torch.nn.utils.clip_grad_norm_(critic.parameters(), config.clip_grad_norm)
    optimizer.step()
    if state.game.constraint is not None:
        state.game.constraint.project(critic)
    state.critic_loss = loss.terms["loss"].detach()


def _generator_step(state: TrainState, config: GANConfig, batch: Batch) -> None:
    """One step of the generator."""
    fake = state.generator(batch.latents)
    loss = state.game.generator_loss(state.generator, state.critic, batch, fake)
    refuse_divergence(loss, fake, state.step, "generator")
    optimizer = state.generator_optimizer
    optimizer.zero_grad(set_to_none=True)
    parameters = [p for p in state.generator.parameters() if p.requires_grad]
    loss.total.backward(inputs=parameters)  # and not those of the critic
    if config.clip_grad_norm is not None:
        torch.nn.utils.clip_grad_norm_(parameters, config.clip_grad_norm)
    optimizer.step()
    state.generator_loss = loss.terms["loss"].detach()


def _measure(state: TrainState, batches: Batches, recorder: RunRecorder, seconds: float) -> Record:
    """Measure, keep the generator if it is the best so far, and write all of it down."""
    monitor, config = batches.monitor, batches.config
    rng = monitor.streams.torch(0, "batch statistics", monitor.device)
    latents = draw_latents(16 * config.batch_size, config, rng, monitor.device)
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
