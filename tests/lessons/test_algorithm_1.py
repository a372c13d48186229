import inspect
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from otgan import GANConfig
from otgan.datasets import gaussians_on_line
from otgan.errors import InvalidInputError
from otgan.gan.optimizers import RMSprop
from otgan.lessons.algorithm_1 import draw, explain, run
from otgan.lessons.algorithm_1.algorithm import batches, train
from otgan.lessons.algorithm_1.listing import listing
from otgan.lessons.algorithm_1.problem import config_of, w1_of_normals
from otgan.lessons.algorithm_1.records import Settings
from otgan.lessons.densities import Normal, w1
from otgan.plot import save
from tests.lessons.cached import numbers_of

pytestmark = pytest.mark.torch

NAME = "algorithm-1"


def by_hand(problem, settings, steps, m=64, width=16):
    """The algorithm in NumPy alone, from the paper."""
    w = np.clip(problem.weights, -settings.limit, settings.limit)
    theta = np.array(problem.start)  # shift, scale
    squares, theta_squares = np.zeros_like(w), np.zeros(2)
    drawn = {"real": 0, "prior": 0}

    def draw_batch(name):
        pool = getattr(problem, name)
        first = drawn[name] % len(pool)
        drawn[name] += m
        return pool[first : first + m]

    def units(x):
        return np.maximum(0, np.outer(x, w[:width]) + w[width : 2 * width])

    def mean_gradient(x):
        """Of 1/m Σ f_w(x) in w."""
        active, last = units(x) > 0, w[2 * width : 3 * width]
        by_weight = (active * x[:, None]).mean(axis=0) * last
        return np.concatenate([by_weight, active.mean(axis=0) * last, units(x).mean(axis=0), [1]])

    def step(squares, gradient):
        squares *= 0.99
        squares += 0.01 * gradient**2
        return settings.learning_rate * gradient / (np.sqrt(squares) + 1e-8)

    path = [theta.copy()]
    for _ in range(steps):
        for _ in range(settings.n_critic):
            x, z = draw_batch("real"), draw_batch("prior")
            gradient = mean_gradient(x) - mean_gradient(theta[0] + theta[1] * z)
            w = np.clip(w + step(squares, gradient), -settings.limit, settings.limit)
        z = draw_batch("prior")
        active = units(theta[0] + theta[1] * z) > 0
        slopes = active @ (w[:width] * w[2 * width : 3 * width])
        theta = theta - step(theta_squares, -np.array([slopes.mean(), (slopes * z).mean()]))
        path.append(theta.copy())
    return np.array(path), w


@pytest.mark.parametrize("settings", [(0.1, 5, 0.01), (1.0, 2, 0.02), (0.001, 1, 0.05)])
def test_what_runs_is_the_algorithm_of_the_paper(settings):
    problem, settings = numbers_of(NAME).problem, Settings(*settings)
    found = problem.train(settings, 60)
    path, w = by_hand(problem, settings, 60)
    assert_allclose(np.column_stack([found.shift, found.scale]), path, rtol=1e-9, atol=1e-12)
    assert_allclose(found.weights, w, rtol=1e-9, atol=1e-12)


def test_settings_are_the_presets_but_for_what_was_asked():
    config: Any = config_of(Settings(0.1, 3, 0.02), 7)
    preset: Any = GANConfig.preset("wgan")
    assert (config.n_critic, config.learning_rate, config.steps) == (3, 0.02, 7)
    assert config.critic_constraint.limit == 0.1
    same = ("objective", "batch_size", "generator_optimizer", "critic_optimizer", "stabilizers")
    assert all(getattr(config, name) == getattr(preset, name) for name in same)
    paper = (preset.critic_constraint.limit, preset.n_critic, preset.batch_size)
    assert (*paper, preset.critic_optimizer) == (0.01, 5, 64, RMSprop(learning_rate=5e-5))


@pytest.mark.parametrize("n_critic", [1, 5])
def test_the_inner_loop_makes_n_critic_steps_and_not_one_more(n_critic):
    import torch

    drawn = {"real": 0, "prior": 0}

    def counted(name):
        for batch in batches(torch.zeros(64), 64):
            drawn[name] += 1
            yield batch

    config: Any = config_of(Settings(0.1, n_critic, 0.01), 3)
    networks = config.critic_constraint.build(1, 4, 1), torch.nn.Linear(1, 1)
    assert len(list(train(config, counted("real"), counted("prior"), *networks))) == 3
    assert drawn == {"real": 3 * n_critic, "prior": 3 * (n_critic + 1)}


def test_the_listing_is_the_code_that_runs():
    source = [row.strip() for row in inspect.getsource(train).splitlines()]
    lines = listing()
    assert [line.number for line in lines] == list(range(1, 13))
    assert [line.depth for line in lines] == [0, 1, 2, 2, 2, 2, 2, 1, 1, 1, 1, 0]
    body = source[source.index("# 1: while θ has not converged do") :]
    code = [row for row in body if row and not row.startswith(("#", "yield"))]
    assert [row for line in lines for row in line.code] == code
    assert [line.number for line in lines if not line.code] == [8, 12]
    assert lines[1].text == "for t = 0, ..., n_critic do"  # as printed, which is one too many


def test_p_g_moves_to_p_r():
    one = numbers_of(NAME).training
    assert_allclose(
        [one.w1[0], one.shift[0], one.scale[0]], [w1(Normal(0, 0.5), Normal(-3, 1)), -3, 1]
    )
    assert one.w1[-1] < 0.05 < 1 < one.w1[100]
    assert len(one.gap) == len(one.pull) == len(one.w1) - 1 == 300


def test_the_first_step_is_ten_times_the_learning_rate():
    one = numbers_of(NAME).training
    assert_allclose(np.abs([one.shift[1] + 3, one.scale[1] - 1]), 0.1, rtol=1e-4)


def test_a_window_smaller_than_the_steps_kills_the_critic():
    numbers = numbers_of(NAME)
    [dead] = numbers.variants
    assert dead.settings == Settings(0.001, 5, 0.01)
    assert dead.steps_without_pull > 100 and numbers.training.steps_without_pull == 0
    assert_allclose(dead.w1[-100:], dead.w1[-1], rtol=1e-12)
    points = np.concatenate(
        [numbers.problem.real, dead.shift[-1] + dead.scale[-1] * numbers.problem.prior]
    )
    assert (np.outer(points, dead.weights[:16]) + dead.weights[16:32]).max() <= 0


def test_weights_and_slope_stay_within_the_window():
    for training in (numbers_of(NAME).training, *numbers_of(NAME).variants):
        limit, w = training.settings.limit, training.weights
        assert np.abs(w).max() <= limit
        line = np.linspace(-9, 9, 4001)
        f = np.maximum(0, np.outer(line, w[:16]) + w[16:32]) @ w[32:48]
        assert np.abs(np.diff(f) / np.diff(line)).max() <= 16 * limit**2 + 1e-12


@given(st.floats(-5, 5), st.floats(0.05, 4))
def test_w1_is_that_of_a_quadrature_and_of_the_package(shift, scale):
    found = w1_of_normals(shift, scale)
    assert_allclose(found, w1(Normal(0, 0.5), Normal(shift, scale)), rtol=1e-8, atol=1e-10)
    assert_allclose(found, w1_of_normals(shift, -scale), rtol=0)
    if (shift, scale) != (0, 0.5):
        assert_allclose(found, gaussians_on_line(0, 0.5, shift, scale).w1, rtol=1e-9, atol=1e-12)


def test_same_seed_same_numbers_and_torch_is_left_alone():
    import torch

    before = torch.get_rng_state()
    first, second, other = (run(steps=5, quick=True, rng=rng) for rng in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert_allclose(first.training.w1, second.training.w1, rtol=0)
    assert (first.training.gap != other.training.gap).all()


def test_text_holds_the_lines_and_the_numbers():
    numbers = numbers_of(NAME)
    text = explain(numbers)
    for line in listing():
        assert re.search(rf"(?m)^ *{line.number}: +{re.escape(line.text)}$", text)
    assert "Line 2 is wrong in print" in text and f"{numbers.training.w1[-1]:.4f}" in text
    assert "no gradient at all" in text


def test_one_step_can_be_drawn_and_told(tmp_path):
    numbers = run(steps=1, quick=True)
    save(draw(numbers), tmp_path / "one.png")
    assert "in 1 steps" in explain(numbers)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit must be a positive number"),
        ({"n_critic": 0}, "n_critic must be a whole number of at least 1"),
        ({"learning_rate": -1}, "learning_rate must be a positive number"),
        ({"steps": 1.5}, "steps must be a whole number"),
    ],
)
def test_refuses_what_has_no_meaning(options, message):
    with pytest.raises(InvalidInputError, match=message):
        run(quick=True, **options)
