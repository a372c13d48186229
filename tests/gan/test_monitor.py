"""Measurements against an assignment solver, closed forms, and each other."""

import math
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

import otgan
from otgan import GANConfig, frechet_distance_squared, measures
from otgan.errors import TrainingDivergedError
from otgan.gan.data import as_training_data
from otgan.gan.measuring.features import features_for
from otgan.gan.measuring.spaces import Patches
from otgan.gan.monitor import FLOOR_DRAWS, Monitor
from otgan.gan.random_streams import RandomStreams
from otgan.gan.state import TrainState
from tests.gan.short_run import TINY

CPU = torch.device("cpu")


def monitor_of(data, **changes):
    found = as_training_data(data)
    config = GANConfig(**{**TINY, **changes}).for_shape(found.shape)
    features = features_for(config.features, found, CPU)
    return Monitor(found, config, RandomStreams(config.rng), CPU, features)


def state_of(monitor):
    return TrainState.start(monitor.data.shape, monitor.config, CPU)


def assigned_w1(x, y):
    """W1 of two samples of equal size, by SciPy's assignment problem."""
    cost = cdist(x, y)
    return cost[linear_sum_assignment(cost)].mean()


@pytest.fixture(scope="module")
def ring():
    """A monitor on ring8 and an untrained state."""
    monitor = monitor_of("ring8")
    return monitor, state_of(monitor)


def test_a_measurement_is_the_exact_distance_of_the_points_that_it_shows(ring):
    monitor, state = ring
    found = monitor.measure(state, 1.5)
    record = found.record
    assert (record.step, record.seconds) == (state.step, 1.5)
    assert_allclose(record.exact_w1, assigned_w1(found.real, found.generated), rtol=1e-9)
    assert 0 < record.w1_lower_zero <= record.w1_lower <= record.exact_w1 * (1 + 1e-9)
    assert found.generated.shape == found.real.shape == (64, 2)


def test_measuring_again_shows_the_same_points(ring):
    monitor, state = ring
    first, again = (monitor.measure(state, seconds) for seconds in (1.0, 2.0))
    assert_array_equal(first.real, again.real)
    assert_array_equal(first.generated, again.generated)
    assert first.record.exact_w1 == again.record.exact_w1


def test_the_floor_is_the_distance_of_real_samples(ring):
    monitor, state = ring
    streams = RandomStreams(0)
    others = [
        monitor.data.second_held_out(64, streams.numpy(draw, "floor"))
        for draw in range(FLOOR_DRAWS)
    ]
    expected = [assigned_w1(monitor.real, other) for other in others]
    assert_allclose(monitor.measure(state, 0.0).record.floor, np.mean(expected), rtol=1e-9)


def test_the_debiased_distance_is_made_of_four_samples(ring):
    monitor, state = ring
    fakes = [monitor.generate(state.averaged, 64, i, "monitor latents") for i in range(2)]
    reals = [monitor.real, monitor.real_samples.others[0]]
    between = np.mean([assigned_w1(real, fake) for real in reals for fake in fakes])
    record = monitor.measure(state, 0.0).record
    expected = between - (assigned_w1(*reals) + assigned_w1(*fakes)) / 2
    assert_allclose(record.debiased_w1, expected, rtol=1e-9)
    assert 0 < record.debiased_w1_se < record.debiased_w1 / 2
    assert math.isnan(record.patch_w1) and math.isnan(record.feature_debiased_w1)


def test_scores_of_points_are_those_of_the_public_functions(ring):
    monitor, state = ring
    found = monitor.measure(state, 0.0)
    record, scores = found.record, otgan.prdc(found.real, found.generated)
    assert record.frechet == float(frechet_distance_squared(found.real, found.generated))
    assert (record.precision, record.recall) == (scores.precision, scores.recall)
    assert (record.density, record.coverage) == (scores.density, scores.coverage)


def test_images_are_measured_in_patches_and_features():
    images = np.random.default_rng(0).random(size=(200, 1, 8, 8))
    monitor = monitor_of(images, features=lambda x: x.mean(axis=(1, 2)), network="mlp")
    state = state_of(monitor)
    found = monitor.measure(state, 0.0)
    patches = Patches((1, 8, 8))
    pairs = [patches(points) for points in (found.real, found.generated)]
    assert_allclose(found.record.patch_w1, assigned_w1(*pairs), rtol=1e-9)
    columns = [x.reshape(-1, 8, 8).mean(axis=1) for x in (found.real, found.generated)]
    assert_allclose(found.record.feature_w1, assigned_w1(*columns), rtol=1e-9)
    assert found.record.selected_by == (
        found.record.feature_debiased_w1,
        found.record.feature_debiased_w1_se,
    )


def test_one_measurement_checks_the_generated_points_once(ring):
    """The real points were checked when the run began."""
    monitor, state = ring
    monitor.measure(state, 0.0)  # what is computed once a run
    entered: Counter[str] = Counter()
    functions = (measures.as_pair, measures.as_points, measures.DiscreteMeasure.of)
    watched = {function.__code__: function.__name__ for function in functions}

    def count(frame, event, argument):
        if event == "call" and frame.f_code in watched:
            entered[watched[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        monitor.measure(state, 0.0)
    finally:
        sys.setprofile(before)
    assert entered["as_pair"] == 0
    assert entered["as_points"] == 2  # by prdc
    assert entered["of"] == 2  # two samples of generated points


def test_without_a_critic_the_linear_program_is_the_critic():
    monitor = monitor_of("ring8", objective="exact")
    record = monitor.measure(state_of(monitor), 0.0).record
    assert_allclose(record.critic_estimate, record.exact_w1, rtol=1e-9)
    assert record.w1_lower == record.critic_estimate >= record.w1_lower_zero > 0


def test_modes_are_unknown_for_plain_points():
    points = np.random.default_rng(0).normal(size=(100, 2))
    monitor = monitor_of(points)
    record = monitor.measure(state_of(monitor), 0.0).record
    assert all(
        math.isnan(value) for value in (record.modes, record.high_quality, record.reverse_kl)
    )


def test_values_of_the_critic_have_the_units_of_the_data():
    """With center c and scale s, the network sees (x - c) / s, and its value is taken times s."""
    monitor = monitor_of(64.0 * np.random.default_rng(0).normal(size=(100, 2)) + 1024.0)
    critic = torch.nn.Linear(2, 1, bias=False)
    weight = critic.weight.detach().numpy()[0].astype(float)
    points = monitor.real
    expected = (points - monitor.data.center) @ weight
    assert_allclose(monitor.critic_values(critic, points), expected, rtol=1e-5, atol=1e-4)
    original = monitor.units.critic(critic, pack=1, device=monitor.device)
    outside = original(torch.tensor(points)).detach().numpy()[:, 0]
    assert_allclose(outside, expected, rtol=1e-5, atol=1e-4)


def test_a_snapshot_holds_the_critic_on_a_grid_in_the_plane(ring):
    monitor, state = ring
    found = monitor.measure(state, 0.0)
    arrays = monitor.snapshot(found, state.critic)
    corner = np.array([[arrays["grid_x"][5], arrays["grid_y"][9]]])
    assert_allclose(arrays["critic"][9, 5], monitor.critic_values(state.critic, corner)[0])
    assert arrays["real"] is found.real and arrays["generated"] is found.generated
    assert set(monitor.snapshot(found, None)) == {"real", "generated"}


def test_points_that_are_not_finite_are_named():
    monitor = monitor_of("ring8")
    state = state_of(monitor)
    torch.nn.init.constant_(state.averaged[-1].bias, math.nan)
    with pytest.raises(TrainingDivergedError, match="got nan for the generated points in step"):
        monitor.measure(state, 0.0)
