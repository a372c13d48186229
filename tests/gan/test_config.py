"""GANConfig: its defaults, its refusals, and its plain values."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from otgan import GANConfig, GradientPenalty, WeightClipping
from otgan.critics.constraints.distillation import Distillation
from otgan.errors import InvalidInputError
from otgan.gan.config import CHANGEABLE_SETTINGS
from otgan.gan.optimizers import Adam


def test_defaults_are_those_of_the_papers():
    config = GANConfig()
    assert (config.batch_size, config.n_critic) == (64, 5)
    assert config.critic_constraint == GradientPenalty(weight=10.0, one_sided=True)
    assert GANConfig(constraint="gp").critic_constraint == GradientPenalty(weight=10.0)
    assert GANConfig(constraint="clip").critic_constraint == WeightClipping(0.01)
    assert config.learning_rate is None  # the constraint's own, see test_constraints
    assert config.schedule == "constant"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"average": 1.0}, r"average must be in \[0, 1\), got 1.0"),
        ({"learning_rate": -1.0}, "learning_rate must be positive"),
        ({"constraint": "gpp"}, "did you mean 'gp'"),
        ({"constraint": "none"}, "got 'none'; to fix it, pass None"),
        ({"schedule": []}, "schedule must be one of 'constant'"),
        ({"constraint": "exact"}, 'to fix it, pass objective="exact"'),
        ({"objective": "Exact"}, "objective must be one of wasserstein.* did you mean 'exact'"),
        ({"batch_size": 7, "pack": 2}, "batch_size must be a multiple of pack, got 7"),
        ({"pack": 32, "monitor_points": 31}, "monitor_points must be at least pack, 32"),
        ({"constraint": "distiled"}, "did you mean 'distilled'"),
        ({"monitor_points": 1}, "monitor_points must be a whole number of at least 2"),
    ],
)
def test_wrong_settings_are_refused(change, message):
    with pytest.raises(InvalidInputError, match=message):
        GANConfig(**change)


ONE_OF_SEVERAL = ("latent", "network", "critic_norm", "generator_norm", "precision")
"""Settings that are one of several names."""


@pytest.mark.parametrize("name", [*ONE_OF_SEVERAL, "features", "schedule", "objective"])
@pytest.mark.parametrize("value", [np.array([1.0, 2.0]), np.array(["auto", "mlp"]), ["mlp"], 1])
def test_what_is_no_name_is_refused_by_the_name_of_its_setting(name, value):
    with pytest.raises(InvalidInputError, match=f"{name} must be one of .*; to fix it, "):
        GANConfig(**{name: value})


def test_settings_survive_the_file():
    config = GANConfig.preset("toy", rng=7, steps=11)
    assert GANConfig.from_dict(config.to_dict()) == config
    assert GANConfig.from_dict(GANConfig(constraint="lp").to_dict()).constraint == "lp"
    penalty = GradientPenalty(weight=3.0, one_sided=True)
    again = GANConfig.from_dict(GANConfig(constraint=penalty).to_dict())
    assert again.constraint == penalty
    again = GANConfig.from_dict(GANConfig(constraint=Distillation()).to_dict())
    assert again.constraint == Distillation()


def test_plain_values_are_those_of_json():
    config = GANConfig(constraint=GradientPenalty(weight=3.0), learning_rate=1e-3)
    assert GANConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_an_unknown_setting_names_the_nearest_one():
    with pytest.raises(InvalidInputError, match="got 'step'; to fix it, did you mean 'steps'"):
        GANConfig.from_dict({"step": 3})
    no_settings: Any = []
    with pytest.raises(InvalidInputError, match="settings must be a dict, got list"):
        GANConfig.from_dict(no_settings)


def test_networks_that_are_too_large_are_refused_before_memory_is_allocated():
    with pytest.raises(InvalidInputError, match="must make a network of at most"):
        GANConfig(width=10**6)
    with pytest.raises(InvalidInputError, match="depth must be at most"):
        GANConfig(depth=10**6)


def test_what_may_change_on_resuming_is_a_setting():
    assert set(CHANGEABLE_SETTINGS) <= {field.name for field in dataclasses.fields(GANConfig)}


def test_without_a_critic_there_is_no_constraint():
    assert GANConfig(objective="exact").critic_constraint is None


@pytest.mark.parametrize("betas", [0.5, None, (0.5,), (0.5, 1.0), (0.5, "0.9")])
def test_betas_that_are_no_pair_are_refused(betas):
    with pytest.raises(InvalidInputError, match="betas must be"):
        Adam(betas=betas)
