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

from otgan import GANConfig, measures
from otgan.errors import InvalidInputError
from otgan.gan.data import as_training_data
from otgan.gan.monitor import FLOOR_DRAWS, Monitor
from otgan.gan.random_streams import RandomStreams
from otgan.gan.state import TrainState
from tests.gan.short_run import TINY

CPU = torch.device("cpu")


def monitor_of(data, **changes):
    found = as_training_data(data)
    config = GANConfig(**{**TINY, **changes}).for_shape(found.shape)
    return Monitor(found, config, RandomStreams(config.rng), CPU)


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
    assert_allclose(monitor.floor_draws, expected, rtol=1e-9)
    record = monitor.measure(state, 0.0).record
    assert_allclose(record.floor, np.mean(expected), rtol=1e-9)
    assert monitor.within_floor(max(expected) * (1 - 1e-9))
    assert not monitor.within_floor(max(expected) * (1 + 1e-6))


def test_one_measurement_checks_the_generated_points_once(ring):
    """The real points were checked when the run began."""
    monitor, state = ring
    monitor.floor_draws  # noqa: B018 - computed once a run
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
    assert entered["as_pair"] == entered["as_points"] == 0
    assert entered["of"] == 1  # the generated points


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


def test_the_evaluation_averages_new_draws(ring):
    monitor, state = ring
    found = monitor.evaluate(state.averaged, points=40, draws=3)
    distances, floors = [], []
    for draw in range(3):
        real, other = monitor.data.held_out_pair(40, RandomStreams(0).numpy(draw, "evaluation"))
        fake = monitor.generate(state.averaged, 40, draw, "evaluation latents")
        distances.append(assigned_w1(real, fake))
        floors.append(assigned_w1(real, other))
    assert_allclose([found.exact_w1, found.floor], [np.mean(distances), np.mean(floors)], rtol=1e-9)
    excess = np.subtract(distances, floors)
    spreads = [np.std(values, ddof=1) / math.sqrt(3) for values in (distances, floors, excess)]
    assert_allclose([found.exact_w1_se, found.floor_se, found.excess_se], spreads, rtol=1e-9)
    assert (found.points, found.draws, found.of) == (40, 3, 8)
    assert float(found) == found.exact_w1
    assert_allclose(found.to_dict()["ratio"], found.exact_w1 / found.floor, rtol=1e-15)


def test_a_finite_data_set_is_evaluated_on_splits_of_all_that_is_held_out():
    monitor = monitor_of(np.random.default_rng(0).normal(size=(200, 2)))
    found = monitor.evaluate(state_of(monitor).averaged, points=1000)
    assert found.points == 40  # half of the 40 % that were held out
    assert found.floor_se > 0 and found.excess_se > 0
    assert found.of == 0 and math.isnan(found.high_quality)


def test_values_of_the_critic_have_the_units_of_the_data():
    """With center c and scale s, the network sees (x - c) / s, and its value is taken times s."""
    monitor = monitor_of(64.0 * np.random.default_rng(0).normal(size=(100, 2)) + 1024.0)
    critic = torch.nn.Linear(2, 1, bias=False)
    weight = critic.weight.detach().numpy()[0].astype(float)
    points = monitor.real
    expected = (points - monitor.data.center) @ weight
    assert_allclose(monitor.critic_values(critic, points), expected, rtol=1e-5, atol=1e-4)
    outside = monitor.on_original_scale(critic)(torch.tensor(points)).detach().numpy()[:, 0]
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
    with pytest.raises(InvalidInputError, match="the generated points must be finite"):
        monitor.measure(state, 0.0)
