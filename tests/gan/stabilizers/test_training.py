"""Runs with stabilizers: resumed to the same bits, and refused where they do not fit."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.testing import assert_close

import otgan
from otgan.gan.batches import Batches
from otgan.gan.config import GANConfig
from otgan.gan.monitor import Monitor
from otgan.gan.networks import resnet_critic
from otgan.gan.random_streams import RandomStreams
from otgan.gan.stabilizers import STABILIZERS, InstanceNoise, MinibatchFeatures
from otgan.gan.state import TrainState
from tests.cases import refused
from tests.gan.short_run import RUN, same_but_for_time, same_weights

CPU = torch.device("cpu")
IMAGES = np.random.default_rng(0).uniform(-1.0, 1.0, size=(100, 1, 8, 8))
ALL = tuple(
    InstanceNoise(schedule="constant") if name == "instance-noise" else name for name in STABILIZERS
)
"""A run of fewer steps is the beginning of a longer one, unless noise follows a schedule."""

SETTINGS: dict[str, Any] = {
    "objective": "non-saturating",
    "constraint": None,
    "generator_norm": "batch",
    "stabilizers": ALL,
    "pack": 2,
}


def config(**changes) -> GANConfig:
    return otgan.GANConfig(**{**RUN, **SETTINGS, **changes})


@pytest.mark.parametrize("data", ["ring8", IMAGES], ids=["vectors", "images"])
def test_a_run_with_all_of_them_resumes_to_the_same_bits(data, tmp_path):
    whole = otgan.train_gan(data, config(), out=tmp_path / "whole")
    otgan.train_gan(data, config(steps=2), out=tmp_path / "parts")
    parts = otgan.train_gan(data, config(), out=tmp_path / "parts", resume=True)
    same_but_for_time(whole.records, parts.records)
    same_weights(whole.generator, parts.generator)
    assert np.isfinite([record.generator_loss for record in whole.records]).all()


def test_minibatch_features_see_batches_of_one_kind_as_large_as_in_training():
    sizes = set()
    settings = config(stabilizers=("minibatch-discrimination",), pack=1, monitor_points=30)
    settings = settings.for_shape((2,))
    state: Any = TrainState.start((2,), settings, CPU)
    layer = next(m for m in state.critic.modules() if isinstance(m, MinibatchFeatures))
    layer.register_forward_pre_hook(lambda layer, inputs: sizes.add(len(inputs[0])))
    data = otgan.gan.data.as_training_data("ring8", 0)
    monitor = Monitor(data, settings, RandomStreams(0), CPU)
    batch = Batches(settings, monitor).draw(1, "critic 0")
    with torch.no_grad():
        fake = state.generator(batch.latents)
    state.game.start(state.generator, state.critic, batch)
    state.game.critic_loss(state.critic, batch, fake)
    monitor.measure(state, 0.0)
    assert sizes == {settings.batch_size}


def test_the_averaged_generator_has_the_reference_batch():
    settings = config(stabilizers=("virtual-batch-norm",), pack=1).for_shape((2,))
    state: Any = TrainState.start((2,), settings, CPU)
    ours, theirs = dict(state.generator.named_buffers()), dict(state.averaged.named_buffers())
    assert_close(ours["reference"], theirs["reference"], rtol=0.0, atol=0.0)
    assert ours["reference"].shape == (RUN["batch_size"], state.generator.reference.shape[1])
    assert float(ours["reference"].std()) > 0.5


class Plain(nn.Module):
    """A critic without features that could be asked for."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, points):
        return self.layer(points)


@pytest.mark.parametrize("name", ["feature-matching", "minibatch-discrimination"])
def test_critics_that_cannot_carry_one_are_refused_before_training(name):
    settings = config(stabilizers=(name,), pack=1)
    with refused("critic"):
        otgan.train_gan("ring8", settings, critic=Plain)


@pytest.mark.parametrize("name", STABILIZERS)
def test_without_a_critic_there_is_nothing_to_stabilize(name):
    with refused(name if name != "label-smoothing" else "label smoothing", "'exact'"):
        otgan.train_gan("ring8", config(objective="exact", stabilizers=(name,), pack=1))


@pytest.mark.parametrize(
    ("objective", "constraint"),
    [
        ("non-saturating", "gp"),
        ("non-saturating", "zero-centered"),
        ("wasserstein", "lp"),
        ("wasserstein", "orthogonal"),
        ("wasserstein", "spectral"),
    ],
)
def test_minibatch_discrimination_goes_with_no_bound_on_slopes(objective, constraint):
    settings = config(
        objective=objective,
        constraint=constraint,
        stabilizers=("minibatch-discrimination",),
        pack=1,
    )
    with refused(repr(constraint), "scores every point by itself", "minibatch-discrimination"):
        otgan.train_gan("ring8", settings)


def test_nor_with_spectral_normalization():
    settings = config(critic_norm="spectral", stabilizers=("minibatch-discrimination",), pack=1)
    with refused("normalized weights", "critic_norm=None"):
        otgan.train_gan("ring8", settings)


def test_virtual_batch_norm_needs_batch_norm():
    with refused("virtual batch normalization", "generator_norm='batch'"):
        otgan.train_gan("ring8", config(generator_norm=None))


def test_residual_critics_carry_them_all():
    critic = resnet_critic((2, 8, 8), width=4)
    result = otgan.train_gan(IMAGES, config(steps=1), critic=critic)
    assert result.generate(3).shape == (3, 1, 8, 8)
