"""The final evaluation of generators that are known to be good or bad."""

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from otgan import GANConfig
from otgan.gan.data import as_training_data
from otgan.gan.final_evaluation import evaluate
from otgan.gan.monitor import Monitor
from otgan.gan.random_streams import RandomStreams
from tests.gan.short_run import TINY

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")


def monitor_of(data, **changes):
    found = as_training_data(data)
    config = GANConfig(**{**TINY, "latent_dim": 2, **changes}).for_shape(found.shape)
    return Monitor(found, config, RandomStreams(config.rng), CPU)


def assigned_w1(x, y):
    cost = cdist(x, y)
    return cost[linear_sum_assignment(cost)].mean()


GAUSSIAN = np.random.default_rng(0).normal(size=(2000, 2))
"""Points with standard deviation one in each coordinate, as latents have it."""


class Scaled(torch.nn.Module):
    """Gaussian points of a given standard deviation."""

    def __init__(self, std):
        super().__init__()
        self.std = torch.nn.Parameter(torch.tensor(std))

    def forward(self, latents):
        return self.std * latents


class Copies(torch.nn.Module):
    """Training points, drawn by the latents, as networks see them."""

    points: torch.Tensor

    def __init__(self, points):
        super().__init__()
        self.register_buffer("points", torch.as_tensor(points, dtype=torch.float32))

    def forward(self, latents):
        uniform = torch.special.ndtr(latents[:, 0])
        return self.points[(uniform * len(self.points)).long().clamp(max=len(self.points) - 1)]


def test_distances_are_means_over_draws_of_two_real_and_two_generated_samples():
    monitor = monitor_of("ring8")
    generator = Scaled(1.0)
    found = evaluate(monitor, generator, points=40, draws=3)
    rows = []
    for draw in range(3):
        reals = monitor.data.held_out_pair(40, RandomStreams(0).numpy(draw, "evaluation"))
        fakes = [
            monitor.generate(generator, 40, 2 * draw + i, "evaluation latents") for i in range(2)
        ]
        between = np.mean([assigned_w1(real, fake) for real in reals for fake in fakes])
        floor, within = assigned_w1(*reals), assigned_w1(*fakes)
        rows.append([between, floor, within, between - (floor + within) / 2])
    points = found.spaces["points"]
    means = [points.w1, points.floor, points.within, points.debiased]
    assert_allclose(means, np.mean(rows, axis=0), rtol=1e-9)
    errors = np.std(rows, axis=0, ddof=1) / math.sqrt(3)
    assert_allclose(
        [points.w1_se, points.floor_se, points.debiased_se], errors[[0, 1, 3]], rtol=1e-9
    )
    assert (found.points, found.draws, found.of, found.scored_in) == (40, 3, 8, "points")
    assert (found.exact_w1, found.floor, float(found)) == (points.w1, points.floor, points.debiased)
    assert found.memorization is None  # a sampler


def test_a_perfect_generator_is_not_told_from_real_data():
    found = evaluate(monitor_of(GAUSSIAN), Scaled(1.0), points=400, draws=4)
    assert not found.test.is_told
    assert abs(found.debiased_w1) < 0.03
    assert found.memorization is not None and found.memorization.pvalue > 0.01
    assert_allclose(found.scores.coverage, found.floor_scores.coverage, atol=0.05)


def test_points_that_spread_too_little_are_told_though_their_distance_is_small():
    found = evaluate(monitor_of(GAUSSIAN), Scaled(0.7), points=400, draws=4)
    assert found.test.is_told
    assert found.debiased_w1 > 4 * found.debiased_w1_se
    assert found.spaces["points"].within < 0.8 * found.floor


def test_copies_of_training_points_are_found():
    monitor = monitor_of(GAUSSIAN)
    train = (monitor.data.train.points - monitor.data.center) / monitor.data.scale
    found = evaluate(monitor, Copies(train), points=400, draws=2)
    assert found.memorization is not None
    assert found.memorization.pvalue < 1e-6
    assert found.memorization.near_fraction > 0.95


def test_a_finite_data_set_is_evaluated_on_all_that_is_held_out():
    monitor = monitor_of(np.random.default_rng(0).normal(size=(200, 2)))
    found = evaluate(monitor, Scaled(1.0), points=1000, draws=2)
    assert found.points == 40  # half of the 40 % that were held out
    assert found.test.n == 80  # all of it
    assert found.of == 0 and math.isnan(found.high_quality)


def test_the_evaluation_is_plain_and_the_same_again():
    monitor = monitor_of("ring8")
    first, again = (evaluate(monitor, Scaled(1.0), points=32, draws=2) for _ in range(2))
    assert first.to_dict() == again.to_dict()
    assert first.to_dict()["spaces"]["points"]["floor"] == first.floor
    assert set(first.to_dict()["scores"]) == {
        "frechet",
        "precision",
        "recall",
        "density",
        "coverage",
    }


def test_images_are_tested_by_their_spectra_and_not_by_patches():
    images = np.random.default_rng(0).random(size=(200, 1, 8, 8))
    monitor = monitor_of(images, network="mlp", features=None)
    generator = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.Unflatten(1, (1, 8, 8)))
    found = evaluate(monitor, generator, points=40, draws=2)
    assert list(found.spaces) == ["patches", "points"]
    names = {row.name.rpartition(" ")[2] for row in found.test.statistics}
    assert names == {"spectra", "points"}
