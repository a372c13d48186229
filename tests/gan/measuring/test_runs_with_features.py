"""Runs that are measured in features: stored with the run, the same when it goes on."""

from functools import partial

import numpy as np
import pytest
import torch

from otgan import GANConfig, train_gan
from otgan.errors import InvalidInputError
from otgan.gan.measuring import features as module
from otgan.gan.measuring.feature_networks import autoencoder_of
from tests.gan.short_run import RUN, same_but_for_time, same_weights

pytestmark = pytest.mark.torch

IMAGES = np.random.default_rng(0).random(size=(100, 1, 8, 8))
CONFIG = GANConfig(**{**RUN, "network": "mlp", "evaluation_points": 16})


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "autoencoder_of", partial(autoencoder_of, steps=5))


def test_a_resumed_run_is_measured_in_the_same_features(tmp_path, monkeypatch):
    whole = train_gan(IMAGES, CONFIG)
    first = GANConfig(**{**RUN, "network": "mlp", "evaluation_points": 16, "steps": 2})
    train_gan(IMAGES, first, out=tmp_path)
    monkeypatch.setattr(module, "autoencoder_of", None)  # nothing is trained again
    resumed = train_gan(IMAGES, CONFIG, out=tmp_path, resume=True)
    same_but_for_time(resumed.records, whole.records)
    assert resumed.evaluation.to_dict() == whole.evaluation.to_dict()
    assert resumed.verdict == whole.verdict
    features = [result.monitor.features for result in (resumed, whole)]
    assert features[0] is not None and features[1] is not None
    same_weights(features[0].function, features[1].function)


def test_the_generator_that_is_kept_is_the_one_that_the_rule_names(tmp_path):
    result = train_gan(IMAGES, CONFIG, out=tmp_path)
    stored = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    values = np.array([record.feature_debiased_w1 for record in result.records])
    errors = np.array([record.feature_debiased_w1_se for record in result.records])
    near = np.flatnonzero(values <= values.min() + errors[values.argmin()])
    assert stored["selection"]["kept_step"] == result.records[near[-1]].step


def test_features_of_ones_own_must_be_passed_again(tmp_path):
    own = GANConfig(**{**RUN, "network": "mlp", "features": row_means, "evaluation_points": 16})
    train_gan(IMAGES, own, out=tmp_path)
    again = train_gan(IMAGES, own, out=tmp_path, resume=True)
    assert again.evaluation.scored_in == "features"
    with pytest.raises(InvalidInputError, match="features"):
        train_gan(IMAGES, CONFIG, out=tmp_path, resume=True)


def test_other_features_of_the_same_name_are_not_taken_for_those_of_the_run(tmp_path):
    own, other = (
        GANConfig(**{**RUN, "network": "mlp", "features": function, "steps": steps})
        for function, steps in [
            (lambda x: x.mean(axis=(1, 2)), 4),
            (lambda x: x.std(axis=(1, 2)), 6),
        ]
    )
    train_gan(IMAGES, own, out=tmp_path)
    with pytest.raises(InvalidInputError, match="features must be those of the stopped run"):
        train_gan(IMAGES, other, out=tmp_path, resume=True)
    train_gan(IMAGES, own, out=tmp_path, resume=True)


def row_means(images):
    return images.mean(axis=(1, 2))
