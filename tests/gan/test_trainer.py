"""The trainer: its steps, its numbers, its refusals."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn.utils import parameters_to_vector

import otgan
from otgan import GANConfig, GradientPenalty, train_gan
from otgan.critics.constraints.by_name import CONSTRAINTS
from otgan.errors import InvalidInputError, TrainingDivergedError
from otgan.gan.batches import Batches
from otgan.gan.data import as_training_data
from otgan.gan.game import Batch
from otgan.gan.gradients import Gradients
from otgan.gan.monitor import Monitor
from otgan.gan.optimizers import SGD
from otgan.gan.random_streams import RandomStreams
from otgan.gan.run_directory import RunDirectory
from otgan.gan.state import TrainState
from tests.cases import points_of
from tests.critics.linear_layer import linear_layer
from tests.critics.plain_training import gradient_of
from tests.gan.short_run import TINY, same_but_for_time, same_weights, settings_of, taught_by

CPU = torch.device("cpu")

ALL = [*sorted(CONSTRAINTS), "exact"]


@pytest.mark.parametrize("constraint", ALL)
def test_every_constraint_trains_and_its_records_obey_duality(trained, constraint):
    result = trained(constraint)
    assert [record.step for record in result.records] == [2, 4, 6]
    for record in result.records:
        assert 0 <= record.w1_lower_zero <= record.w1_lower <= record.exact_w1 * (1 + 1e-9)
        assert record.floor > 0
        assert 0 <= record.modes <= 8 and 0 <= record.high_quality <= 1
    assert result.generate(7).shape == (7, 2)
    assert (result.critic is None) == (constraint == "exact")


def test_the_fewest_points_that_are_allowed_are_evaluated():
    config = GANConfig(**{**TINY, "monitor_points": 2, "evaluation_points": 2})
    result = train_gan("ring8", config)
    assert result.evaluation.points == 2 and not result.evaluation.test.is_told


class Noisy(torch.nn.Module):
    """A generator that adds noise of its own, in evaluation mode too."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(8, 2)

    def forward(self, latents):
        return self.linear(latents) + torch.randn(len(latents), 2)


def test_noise_of_a_generator_of_ones_own_comes_from_the_seed():
    first, again = (train_gan("ring8", GANConfig(**TINY), generator=Noisy) for _ in range(2))
    same_but_for_time(first.records, again.records)
    assert first.evaluation.to_dict() == again.evaluation.to_dict()
    assert_array_equal(first.generate(5, rng=3), again.generate(5, rng=3))
    assert not np.array_equal(first.generate(5, rng=3), first.generate(5, rng=4))


@pytest.mark.parametrize("norm", [None, "batch"])
def test_a_critic_of_packs_that_held_out_points_do_not_fill_estimates_nothing(norm):
    packed = {"objective": "minimax", "critic_norm": norm, "batch_size": 16, "pack": 8}
    points = np.random.default_rng(0).normal(size=(30, 2))
    result = train_gan(points, GANConfig(**{**TINY, **packed}))
    assert len(result.monitor.real) == 6
    assert all(math.isnan(record.critic_estimate) for record in result.records)
    assert result.records[0].exact_w1 > 0


def test_measurements_are_exact_distances_between_the_points_they_show(trained):
    result = trained("lp")
    for record, (step, arrays) in zip(
        result.records, RunDirectory(result.out).snapshots(), strict=True
    ):
        assert step == record.step
        exact = otgan.emd(arrays["real"], arrays["generated"])
        assert_allclose(record.exact_w1, exact.distance, rtol=1e-12)


@pytest.mark.parametrize("constraint", ALL)
def test_same_seed_same_run_and_measuring_does_not_disturb_it(trained, constraint):
    """Nor does it matter whether the run is written to a folder."""
    first = trained(constraint)
    config = GANConfig(**{**TINY, **taught_by(constraint), "monitor_every": 3})
    rarely = train_gan("ring8", config)
    same_but_for_time(first.records[-1:], rarely.records[-1:])
    if first.critic is not None:
        same_weights(first.critic, rarely.critic)


def test_another_seed_is_another_run(trained):
    other = train_gan("ring8", GANConfig(**{**TINY, "rng": 1}))
    assert other.records[-1].exact_w1 != trained("lp").records[-1].exact_w1


def test_two_runs_of_one_seed_are_equal_in_every_number(trained):
    again = train_gan("ring8", GANConfig(**TINY))
    same_but_for_time(trained("lp").records, again.records)
    assert again.evaluation == trained("lp").evaluation


def test_the_exact_objective_descends_the_exact_distance():
    changes: dict[str, Any] = {
        "objective": "exact",
        "steps": 300,
        "batch_size": 64,
        "learning_rate": 1e-2,
    }
    result = train_gan("ring8", GANConfig(**{**TINY, **changes, "monitor_every": 100}))
    w1 = [record.exact_w1 for record in result.records]
    one_point = otgan.emd(result.monitor.real, np.zeros((1, 2))).distance
    assert w1[-1] < w1[0] < one_point
    assert w1[-1] < 0.4 * one_point
    assert_allclose([r.critic_estimate for r in result.records], w1, rtol=1e-9)


@pytest.mark.parametrize("constraint", ["exact", "distilled"])
def test_linear_program_teaches_the_generator(constraint):
    """Before and after, on the same held-out points and latents."""
    changes: dict[str, Any] = {
        **taught_by(constraint),
        "steps": 200,
        "batch_size": 64,
        "learning_rate": 3e-3,
    }
    config = settings_of(**{**changes, "width": 32, "monitor_every": 200})
    result = train_gan("ring8", config)
    start = TrainState.start((2,), config, CPU)
    before = result.monitor.measure(start, 0.0).record.exact_w1
    after = result.records[-1].exact_w1
    assert after < 0.5 * before


def test_one_critic_step_is_that_of_algorithm_1():
    """RMSProp on E f(fake) - E f(real), then clipping, redone by hand."""
    config = settings_of(constraint="clip", steps=1, n_critic=1)
    state = TrainState.start((2,), config, CPU)
    assert config.latent_dim is not None
    data = as_training_data("ring8", config.rng)
    batches = Batches(config, Monitor(data, config, RandomStreams(config.rng), CPU))
    batch = next(batches.of_step(1, 2))
    fake = state.generator(batch.latents).detach()
    assert state.critic is not None
    loss = state.critic(fake).mean() - state.critic(batch.real).mean()
    loss.backward()
    # RMSProp's first step: learning rate times g / (sqrt((1 - 0.99) g²) + eps)
    stepped = (
        p - 5e-5 * gradient_of(p) / (0.1 * gradient_of(p).abs() + 1e-8)
        for p in state.critic.parameters()
    )
    by_hand = [p.clamp(-0.01, 0.01).detach() for p in stepped]
    trained = train_gan("ring8", config).critic
    assert trained is not None
    for ours, expected in zip(trained.parameters(), by_hand, strict=True):
        torch.testing.assert_close(ours.detach(), expected, rtol=0, atol=1e-8)


def test_gradients_are_no_longer_than_allowed():
    """At a rate of one, gradient descent moves each network by its clipped gradient."""
    descent = {"generator_optimizer": SGD(1.0), "critic_optimizer": SGD(1.0)}
    config = settings_of(steps=1, n_critic=1, average=0.0, clip_grad_norm=0.01, **descent)
    start: Any = TrainState.start((2,), config, CPU)
    result: Any = train_gan("ring8", config)
    for before, after in ((start.generator, result.generator), (start.critic, result.critic)):
        old, new = (parameters_to_vector(network.parameters()) for network in (before, after))
        assert_allclose((new - old).detach().norm(), 0.01, rtol=1e-4)


def test_nan_stops_with_a_clear_error():
    class Poisoned(GradientPenalty):
        def penalty(self, critic, real, fake, rng):
            return super().penalty(critic, real, fake, rng) * math.nan

    with pytest.raises(
        TrainingDivergedError,
        match=r"got nan for the critic's penalty in step 1; to fix it, lower the weight",
    ):
        train_gan("ring8", GANConfig(**{**TINY, "constraint": Poisoned()}))


def test_a_broken_generator_stops_a_distilled_run_as_any_other():
    config = settings_of(constraint="distilled")
    state = TrainState.start((2,), config, CPU)
    torch.nn.init.constant_(linear_layer(state.generator, -1).bias, math.nan)
    batch = Batch(torch.zeros(16, 2), torch.zeros(16, 8), torch.Generator())
    gradients = Gradients(state.generator, state.critic, state.game, fused=True)
    with pytest.raises(TrainingDivergedError, match="got nan for the generated points in step 1"):
        gradients.of_critic(batch, state.step)


def test_batch_norm_in_a_critic_is_refused():
    class Normed(GradientPenalty):
        def build(self, d, width, depth):
            return torch.nn.Sequential(torch.nn.BatchNorm1d(d), torch.nn.Linear(d, 1))

    with pytest.raises(InvalidInputError, match="batch normalization"):
        train_gan("ring8", GANConfig(**{**TINY, "constraint": Normed()}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("ring9", "did you mean 'ring8'"),
        (np.ma.masked_equal(np.arange(40.0), 7), "must not hold masked entries, got 1"),
        (np.zeros((5, 2)), "at least ten points"),
        ([[1.0, math.nan]] * 20, "must be finite"),
    ],
)
def test_wrong_data_are_refused(data, message):
    with pytest.raises(InvalidInputError, match=message):
        train_gan(data, GANConfig(**TINY))


def test_settings_must_be_a_config():
    settings: Any = TINY
    with pytest.raises(InvalidInputError, match="config must be a GANConfig, got dict"):
        train_gan("ring8", settings)


def test_digits_train_as_points_in_64_dimensions():
    result = train_gan("digits", GANConfig(**{**TINY, "steps": 2}))
    assert result.generate(2).shape == (2, 64)
    assert result.evaluation.floor > 0


@pytest.mark.gpu
def test_training_on_a_gpu():
    result = train_gan("ring8", GANConfig(**{**TINY, "device": "cuda"}))
    assert next(result.generator.parameters()).device.type == "cuda"


@pytest.mark.parametrize(
    "data",
    [
        np.random.default_rng(0).normal(size=(60, 3)),
        np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32),
        torch.randn(60, 3, generator=torch.Generator().manual_seed(0)),
        np.random.default_rng(0).normal(size=60),
        np.random.default_rng(0).normal(size=(60, 2)) * 1e6 + 1e9,
    ],
    ids=["array", "float32", "tensor", "line", "far and wide"],
)
def test_any_array_trains_on_points_that_are_not_measured_on(data):
    result = train_gan(data, GANConfig(**TINY))
    parts = result.monitor.data
    given = np.asarray(data, dtype=float).reshape(60, -1)
    held_out = np.concatenate([points_of(half) for half in parts.halves])
    together = np.concatenate([points_of(parts.train), held_out])
    assert_array_equal(np.sort(together, axis=0), np.sort(given, axis=0))
    assert {*map(tuple, result.monitor.real)} <= {*map(tuple, held_out)}
    assert math.isnan(result.records[-1].modes)
    assert result.evaluation.of == 0
    assert result.generate(3).shape == (3, given.shape[1])


def test_progress_is_reported_at_every_step_with_each_measurement():
    told = []
    result = train_gan("ring8", GANConfig(**TINY), progress=lambda *now: told.append(now))
    assert [(done, total) for done, total, _ in told] == [(step, 6) for step in range(1, 7)]
    messages = [message for _, _, message in told]
    assert messages[0] == "training"
    last = result.records[-1]
    assert messages[-1].startswith(f"W1={last.exact_w1:.4f}, debiased={last.debiased_w1:.4f}, ")


def test_progress_must_be_a_flag_or_a_function():
    neither: Any = "yes"
    with pytest.raises(InvalidInputError, match="progress must be True, False or a function"):
        train_gan("ring8", GANConfig(**TINY), progress=neither)
