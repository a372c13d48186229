"""Corrupted digits are told from real ones: the quick form of benchmarks/monitor.py."""

from functools import partial

import numpy as np
import pytest
import torch

from benchmarks.corruptions import corruptions
from otgan import GANConfig
from otgan.gan.data import as_training_data
from otgan.gan.final_evaluation import tell_apart
from otgan.gan.measuring import features as module
from otgan.gan.measuring.feature_networks import classifier_of
from otgan.gan.measuring.features import features_for
from otgan.gan.monitor import Monitor
from otgan.gan.random_streams import RandomStreams

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
CORRUPTIONS = corruptions(0.4, 0.8)


@pytest.fixture(scope="module")
def monitor():
    data = as_training_data("digits").as_images()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "classifier_of", partial(classifier_of, steps=600))
        features = features_for("classifier", data, CPU)
    return Monitor(data, GANConfig().for_shape(data.shape), RandomStreams(0), CPU, features)


def compared(monitor, kind, draw):
    """Half of the held-out digits against the other half, corrupted."""
    rng = np.random.default_rng([draw, *kind.encode()])
    halves = monitor.data.halves
    points = np.concatenate([half.points for half in halves])
    labels = np.concatenate([half.labels for half in halves])
    real, rest = np.array_split(rng.permutation(len(points)), 2)
    images = points[rest].reshape(-1, 1, 8, 8) / 16
    fake = 16 * CORRUPTIONS[kind](images, labels[rest], rng).reshape(-1, 64)
    return tell_apart(monitor, points[real], fake)


@pytest.mark.parametrize("kind", [kind for kind in CORRUPTIONS if kind != "real"])
def test_corrupted_digits_are_told(monitor, kind):
    assert all(compared(monitor, kind, draw).is_told for draw in range(2))


def test_real_digits_are_not_told(monitor):
    told = [compared(monitor, "real", draw).is_told for draw in range(6)]
    assert sum(told) <= 1  # at the level of .01, more with probability 0.0015
